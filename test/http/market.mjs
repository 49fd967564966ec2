// test/http/market.mjs
//	People and bookings over HTTP: what the tests of bookings, payments and reviews share.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { call, env, sql, until } from './support.mjs';

export const PASSWORD = 'Quiet-Harbour-42';
export const usd = (amount) => ({ amount, currency: 'USD' });
export const tag = () => randomBytes(5).toString('hex');

// The text of the newest mail to an address, out of the world's sink.
export function mailTo(address) {
	const file = readdirSync(env.SKL_SINK_DIR).filter((name) => name.includes(address)).sort().at(-1);
	if (!file) return undefined;
	const parts = readFileSync(path.join(env.SKL_SINK_DIR, file), 'utf8').split(/\r?\n\r?\n/);
	return Buffer.from(parts[2].split('--')[0], 'base64').toString('utf8');
}

// Registers somebody, confirms the address with the link of the mail and signs in.
export async function join(name, role) {
	const email = `${name}-${tag()}@market.test`;
	const registered = await call('POST', '/v1/auth/register', { body: { email, password: PASSWORD, name, roles: [role] } });
	assert.equal(registered.status, 202, registered.text);
	const mail = await until(() => mailTo(email), 15000);
	assert.ok(mail, 'a mail arrives');
	const verified = await call('POST', '/v1/auth/verify-email', { body: { token: /token=(\S+)/.exec(mail)[1] } });
	assert.ok(verified.status < 300, verified.text);
	const signedIn = await call('POST', '/v1/auth/login', { body: { email, password: PASSWORD } });
	assert.equal(signedIn.status, 200, signedIn.text);
	const token = signedIn.json.data.accessToken;
	const me = await call('GET', '/v1/users/me', { token });
	if (role === 'FREELANCER') sql(`SELECT skillancer.connects_give('${me.json.data.id}', 5000, 'enough for every test')`);
	return person(token, me.json.data.id, email);
}

// A person calls: expects a status and returns the data.
function person(token, id, email) {
	const ask = async (method, pathname, body, status = 200, headers = {}) => {
		const answer = await call(method, pathname, { token, body, headers });
		assert.equal(answer.status, status, `${method} ${pathname}: ${answer.text}`);
		return answer.json?.data ?? answer.json?.error;
	};
	return {
		token, id, email,
		get: (pathname, status) => ask('GET', pathname, undefined, status),
		post: (pathname, body = {}, status = 200, headers = {}) => ask('POST', pathname, body, status, headers),
		raw: (method, pathname, body, headers) => call(method, pathname, { token, body, headers }),
	};
}

// An open project of a client.
export async function openProject(client, budget = '1000.00', openings = 1, budgetKind = 'FIXED') {
	const project = await client.post('/v1/projects', {
		title: `Project ${tag()}`, description: 'What has to be done, in enough words for anybody.',
		budgetKind, budgetMin: usd('1.00'), budgetMax: usd(budget), openings,
	}, 201);
	return client.post(`/v1/projects/${project.id}/publish`);
}

// A proposal of a freelancer.
export const propose = (freelancer, project, bid = '1000.00', milestones) =>
	freelancer.post(`/v1/projects/${project.id}/proposals`, {
		coverLetter: 'I have done work of this kind for many years, and I can begin at once.',
		bid: usd(bid), deliveryDays: 10, ...(milestones ? { milestones } : {}),
	}, 201);

// A booking from the beginning: project, proposal, acceptance.
export async function book(client, freelancer, bid = '1000.00', milestones) {
	const project = await openProject(client, bid);
	const proposal = await propose(freelancer, project, bid, milestones);
	return client.post(`/v1/proposals/${proposal.id}/accept`, { revision: 1 });
}

// An hourly booking that is paid by a card, so that it is active.
export async function bookHours(client, freelancer, rate = '60.00', weeklyLimitMinutes = 2400, token = 'tok_success') {
	const project = await openProject(client, rate, 1, 'HOURLY');
	const proposal = await propose(freelancer, project, rate);
	const booking = await client.post(`/v1/proposals/${proposal.id}/accept`, { revision: 1, weeklyLimitMinutes });
	const answer = await client.raw('PUT', `/v1/bookings/${booking.id}/payment-method`, { paymentMethodId: await card(client, token) });
	assert.equal(answer.status, 200, answer.text);
	return answer.json.data;
}

export const card = async (client, token = 'tok_success') => (await client.post('/v1/payment-methods', { token }, 201)).id;

// A funded milestone of a new booking.
export async function fundedMilestone(client, freelancer, bid = '1000.00') {
	client.card ??= await card(client); // one may have ten
	const booking = await book(client, freelancer, bid);
	const answer = await client.raw('POST', `/v1/milestones/${booking.milestones[0].id}/fund`, { paymentMethodId: client.card });
	assert.ok([200, 201].includes(answer.status), answer.text); // 200: the wallet covers it
	return { booking, milestone: answer.json.data.milestone };
}

// Lets everything that waits for its time happen now, for one person: the timekeeper fires it.
export async function timePasses(userId) {
	sql(`UPDATE skillancer.payment_method SET usable_from = skillancer.now() WHERE user_id = '${userId}';
		UPDATE skillancer.due d SET due_at = skillancer.now() - interval '1 second' WHERE d.machine IN ('earning', 'payout')
			AND d.id IN (SELECT e.id FROM skillancer.earning e WHERE e.freelancer_id = '${userId}'
				UNION ALL SELECT p.id::uuid FROM skillancer.payout p WHERE p.user_id = '${userId}');`);
}

// The books of the whole world: no invariant is broken, but that what is owed is covered by money alone is told apart.
export function checkBooks() {
	const broken = sql('SELECT v.invariant, v.object, v.detail FROM skillancer.ledger_violation v');
	const [[uncovered]] = sql('SELECT count(*) FROM skillancer.escrow_coverage WHERE NOT covered');
	assert.deepEqual(broken, [], 'the books are in order');
	return { uncovered };
}
