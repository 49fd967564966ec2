// test/chaos/lib/people.mjs
//	Clients, freelancers and staff of a run: accounts and sessions by SQL, tokens signed with the bridge's key, methods to pay
//	with and a gig each over HTTP, before anything goes wrong.

import { execFileSync } from 'node:child_process';
import { createPrivateKey, randomUUID, sign } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { typeid } from '../../http/support.mjs';
import { ERASURE_DAYS } from './rules.mjs';

const CARDS = ['tok_success', 'tok_success', 'tok_action_required', 'tok_declined'];
const STAFF = 2;
const PASSING = 12; // freelancers who may ask to be forgotten
const ORGANISED = 6; // clients who book for an organisation, of which another client is an owner
const BANKS = ['tok_bank_success', 'tok_bank_success', 'tok_bank_closed'];

const base64url = (value) => Buffer.from(value).toString('base64url');

function signer(keys) {
	const file = readdirSync(keys).filter((name) => name.endsWith('.pem')).sort().at(-1);
	const key = createPrivateKey(readFileSync(path.join(keys, file)));
	const head = base64url(JSON.stringify({ alg: 'ES256', typ: 'JWT', kid: file.replace('.pem', '') }));
	return (claims) => {
		const now = Math.floor(Date.now() / 1000);
		const body = base64url(JSON.stringify({ iss: 'skillancer', aud: 'skillancer', iat: now, nbf: now, exp: now + 86400, jti: randomUUID(), ...claims }));
		return `${head}.${body}.${sign('sha256', Buffer.from(`${head}.${body}`), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
	};
}

const ACCOUNTS = (role, count) => `SELECT skillancer.import_begin('chaos') \\g /dev/null
	WITH u AS (
		INSERT INTO skillancer.user_account (email, name, state)
		SELECT lower('${role}') || n || '@chaos.test', '${role} ' || n, 'ACTIVE' FROM generate_series(1, ${count}) n RETURNING id, email
	), r AS (
		INSERT INTO skillancer.user_role (user_id, role) SELECT u.id, x.role FROM u, (VALUES ('USER'), ('${role}')) x (role)
	), p AS (
		INSERT INTO skillancer.profile (user_id, display_name, is_public, is_listed) SELECT u.id, 'Chaos', true, true FROM u
	), s AS (
		INSERT INTO skillancer.session (user_id, expires_at, confirmed_at) SELECT u.id, now() + interval '90 years', now() + interval '90 years' FROM u RETURNING user_id, id
	)
	SELECT s.user_id::uuid, s.id::uuid, u.email FROM s JOIN u ON u.id = s.user_id ORDER BY s.user_id;
	SELECT skillancer.connects_give(r.user_id, 100000, 'enough for every bid') FROM skillancer.user_role r WHERE r.role = '${role}' AND r.role = 'FREELANCER' \\g /dev/null`;

async function post(base, person, pathname, body = {}) {
	const response = await fetch(base + pathname, { method: 'POST', body: JSON.stringify(body),
		headers: { 'content-type': 'application/json', authorization: `Bearer ${person.token}` } });
	const json = await response.json();
	if (response.status >= 300) throw new Error(`${pathname}: ${JSON.stringify(json)}`);
	return json.data;
}

function accounts(place, role, count) {
	const { env } = place;
	const out = execFileSync('psql', ['-XAtq', '-F', ' ', '-v', 'ON_ERROR_STOP=1', '-h', env.SKL_PGHOST, '-p', env.SKL_PGPORT, '-U', env.SKL_SUPERUSER,
		'-d', env.SKL_PGDATABASE], { input: `BEGIN;\n${ACCOUNTS(role, count)}\nCOMMIT;`, encoding: 'utf8' });
	return out.trim().split('\n').map((line) => {
		const [uuid, session, name] = line.split(' ');
		return { uuid, session, name, id: typeid('usr', uuid), sid: typeid('ses', session) };
	});
}

export async function makePeople(place, count) {
	const { SKL_DIR, SKL_URL } = place.env;
	await place.sql(`UPDATE skillancer.policy SET value = '"P${ERASURE_DAYS}D"' WHERE key = 'erasureDelay'`);
	const token = signer(path.join(SKL_DIR, 'keys'));
	const [clients, freelancers, staff] = [accounts(place, 'CLIENT', count), accounts(place, 'FREELANCER', count + PASSING), accounts(place, 'SUPPORT', STAFF)];
	const passing = freelancers.splice(count);
	for (const person of [...clients, ...freelancers, ...passing, ...staff]) person.token = token({ sub: person.id, sid: person.sid, roles: ['USER'] });
	const methods = async (person, route, tokens) => {
		person.methods = [];
		for (const name of tokens) person.methods.push((await post(SKL_URL, person, route, { token: name })).id);
	};
	await Promise.all([
		...clients.map((person) => methods(person, '/v1/payment-methods', CARDS)),
		...freelancers.map(async (person, i) => {
			await methods(person, '/v1/payout-methods', BANKS);
			const gig = await post(SKL_URL, person, '/v1/gigs', { title: 'I will do what you need', description: 'What you get, in enough words.',
				packages: [{ tier: 'BASIC', title: 'Basic', price: { amount: '50.00', currency: 'USD' }, deliveryDays: 3, revisions: 2 }],
				requirements: i % 2 ? ['What is it called?'] : [] });
			person.gig = await post(SKL_URL, person, `/v1/gigs/${gig.id}/activate`);
		}),
	]);
	for (const person of [...staff, ...passing]) person.methods = [];
	for (const person of passing) person.passing = true;
	// the first clients found organisations, and take those who come behind them in as owners
	for (const [i, client] of clients.slice(0, ORGANISED).entries()) {
		const partner = clients[ORGANISED + i];
		const organisation = await post(SKL_URL, client, '/v1/organisations', { name: `Chaos ${i} Ltd` });
		const invitation = await post(SKL_URL, client, `/v1/organisations/${organisation.id}/invitations`, { email: partner.name, role: 'OWNER' });
		await post(SKL_URL, partner, `/v1/organisation-invitations/${invitation.id}/accept`);
		client.organisation = { id: organisation.id, partner };
	}
	return { clients, freelancers, passing, staff };
}
