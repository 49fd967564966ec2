// erasure.test.mjs
//	Everything about me, and forgetting me: what is exported and what not, what keeps an account from ending, the
//	fourteen days, what is left in the database afterwards, and erasures beside those who begin something.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import pg from 'pg';
import { call, env, sleep, sql, until } from './support.mjs';
import { PASSWORD, card, checkBooks, fundedMilestone, join, openProject, propose, tag, timePasses, usd } from './market.mjs';

const CANARY = `Canary${tag()}`;
let anna;
let client;
let admin;
let booking;

before(async () => {
	[anna, client, admin] = await Promise.all([join(CANARY, 'FREELANCER'), join('Otto', 'CLIENT'), join('ada', 'CLIENT')]);
	sql(`SELECT skillancer.set_roles('${admin.id}', '{ADMIN}')`);
	const again = await call('POST', '/v1/auth/login', { body: { email: admin.email, password: PASSWORD } });
	admin.token = again.json.data.accessToken;
});
after(() => checkBooks());

const erasure = (who, method = 'POST') => who.raw(method, '/v1/users/me/erasure');
const kinds = (answer) => [...new Set(answer.json.error.details.map((d) => d.kind))].sort();
const close = (who) => call('POST', `/v1/users/${who.id}/close`, { token: admin.token, body: { reason: 'asked for it by letter' } });

// The fourteen days of somebody are over.
const DAYS_PASS = `UPDATE skillancer.due d SET due_at = d.due_at - interval '15 days' FROM skillancer.erasure e
	WHERE d.machine = 'erasure' AND d.id = e.id AND e.user_id = ANY ($1::skillancer.user_id[])`;
const daysPass = (who) => sql(`${DAYS_PASS.replace('$1', `'{${who.id}}'`)}; SELECT skillancer.wake('timekeeper')`);
const erasureState = (who) => sql(`SELECT e.state FROM skillancer.erasure e WHERE e.user_id = '${who.id}' ORDER BY e.id DESC LIMIT 1`)[0]?.[0];

// Tables in which a text is, whatever the column.
function tablesWith(text) {
	const tables = sql(`SELECT c.oid::regclass FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = 'skillancer'::regnamespace`).flat();
	return sql(tables.map((t) => `SELECT '${t}' WHERE EXISTS (SELECT FROM ${t} x WHERE x::text ILIKE '%${text}%')`).join(' UNION ALL ')).flat().sort();
}

async function exported(who, limit) {
	const items = [];
	let cursor = '';
	for (;;) {
		const page = await who.raw('GET', `/v1/users/me/export?limit=${limit}${cursor}`);
		assert.equal(page.status, 200, page.text);
		assert.ok(page.json.data.length <= limit);
		items.push(...page.json.data);
		if (!page.json.meta.pagination.hasNext) return items;
		cursor = `&cursor=${encodeURIComponent(page.json.meta.pagination.nextCursor)}`;
	}
}

test('a life on the marketplace', async () => {
	await anna.raw('PUT', '/v1/users/me/profile', { displayName: `${CANARY} Smith`, headline: `${CANARY} welds`, bio: `I am ${CANARY}.`, country: 'DE', isPublic: true });
	await anna.raw('PUT', '/v1/payments/billing-profile', { name: `${CANARY} Ltd`, address: `${CANARY} Street 1`, country: 'DE' });
	await client.raw('PUT', '/v1/payments/billing-profile', { name: 'Otto Secretive', address: 'Hidden Lane 9', country: 'DE' });
	const made = await fundedMilestone(client, anna, '100.00');
	booking = made.booking;
	const talk = await anna.post('/v1/conversations', { bookingId: booking.id }, 201);
	await anna.post(`/v1/conversations/${talk.id}/messages`, { body: 'I begin on Monday.' }, 201);
	await client.post(`/v1/conversations/${talk.id}/messages`, { body: 'OttosOwnWords are here.' }, 201);
	await anna.post('/v1/payout-methods', { token: 'tok_bank_success' }, 201);
	await anna.raw('GET', '/v1/search/projects?q=welding');
	assert.ok(await until(() => sql(`SELECT 1 FROM skillancer.notification n WHERE n.user_id = '${client.id}' AND n.body LIKE '%${CANARY}%'`)[0]));
	assert.ok(tablesWith(CANARY).length >= 5, 'it is all over the place');
});

test('the account does not end while something is open', async () => {
	assert.equal((await call('POST', '/v1/users/me/erasure')).status, 401);
	const refused = await erasure(anna);
	assert.deepEqual([refused.status, refused.json.error.code, kinds(refused)], [409, 'ACCOUNT_IN_USE', ['booking']]);
	assert.equal(refused.json.error.details[0].id, booking.id);
	assert.deepEqual(kinds(await erasure(client)), ['booking']);
	const closed = await close(anna);
	assert.deepEqual([closed.status, closed.json.error.code], [409, 'ACCOUNT_IN_USE'], 'nor by staff');

	await anna.post(`/v1/milestones/${booking.milestones[0].id}/submit`, { note: 'Done.' });
	await client.post(`/v1/bookings/${booking.id}/disputes`, { milestoneId: booking.milestones[0].id, amount: usd('100.00'), reason: 'QUALITY', statement: 'This is not what was asked for at all.' }, 201);
	assert.deepEqual(kinds(await erasure(anna)), ['booking', 'dispute']);
	assert.deepEqual(kinds(await close(client)), ['booking', 'dispute'], 'in a dispute');
	const [[dispute]] = sql(`SELECT d.id FROM skillancer.dispute d WHERE d.booking_id = '${booking.id}'`);
	await client.post(`/v1/disputes/${dispute}/withdraw`);
	await client.post(`/v1/milestones/${booking.milestones[0].id}/approve`);
	await client.post(`/v1/bookings/${booking.id}/end`);
	assert.deepEqual(kinds(await erasure(anna)), ['balance'], 'what is earned');
	await timePasses(anna.id);
	const available = await until(async () => (await anna.get('/v1/payments/wallet'))[0]?.available.amount !== '0.00' && (await anna.get('/v1/payments/wallet'))[0].available);
	const [method] = await anna.get('/v1/payout-methods');
	await anna.post('/v1/payouts', { amount: available, paymentMethodId: method.id }, 201);
	assert.deepEqual(kinds(await erasure(anna)), ['payout']);
	await timePasses(anna.id);
	assert.ok(await until(() => sql(`SELECT 1 FROM skillancer.payout p WHERE p.user_id = '${anna.id}' AND p.state = 'PAID'`)[0]));
	assert.equal(sql(`SELECT skillancer.account_open_things('${anna.id}') IS NULL`)[0][0], 't');
});

test('an organisation is not left without an owner', async () => {
	const [boss, member] = await Promise.all([join('boss', 'CLIENT'), join('member', 'CLIENT')]);
	const org = await boss.post('/v1/organisations', { name: 'Sole Ltd' }, 201);
	const invitation = await boss.post(`/v1/organisations/${org.id}/invitations`, { email: member.email, role: 'MEMBER' }, 201);
	await member.post(`/v1/organisation-invitations/${invitation.id}/accept`);
	assert.deepEqual(kinds(await erasure(boss)), ['organisation']);
	assert.equal((await boss.raw('PATCH', `/v1/organisations/${org.id}/members/${member.id}`, { role: 'OWNER' })).status, 200);
	assert.equal((await erasure(boss)).status, 202);
	daysPass(boss);
	assert.ok(await until(() => erasureState(boss) === 'DONE'));
	assert.deepEqual((await member.get(`/v1/organisations/${org.id}`)).members.map((m) => m.userId), [member.id]);
});

test('everything about me, in pages, and nothing of others', async () => {
	const items = await exported(anna, 3);
	assert.deepEqual(items, await exported(anna, 1000), 'pages of three and one of all');
	const of = Object.groupBy ? Object.groupBy(items, (i) => i.kind) : items.reduce((map, i) => ({ ...map, [i.kind]: [...(map[i.kind] ?? []), i] }), {});
	for (const kind of ['account', 'profile', 'verification', 'session', 'billing', 'paymentMethod', 'proposal', 'booking', 'milestone', 'dispute', 'payout', 'earning', 'invoice', 'conversation', 'message', 'notification', 'mail'])
		assert.ok(of[kind]?.length > 0, kind);
	assert.equal(of.message.length, 1);
	const text = JSON.stringify(items);
	assert.ok(text.includes(CANARY) && text.includes(anna.email));
	for (const secret of ['OttosOwnWords', 'Otto Secretive', 'Hidden Lane', client.email, 'argon2', 'tok_bank'])
		assert.ok(!text.includes(secret), secret);
	assert.equal((await anna.raw('GET', '/v1/users/me/export?limit=1001')).status, 422);
	assert.equal((await anna.raw('GET', '/v1/users/me/export?cursor=x')).status, 422);
	assert.equal((await call('GET', '/v1/users/me/export')).status, 401);
	const staff = await call('GET', '/v1/users/me/export?limit=1000', { token: admin.token });
	assert.ok(!staff.text.includes(CANARY), 'staff exports itself');
});

test('asked for with the password, and changed one\'s mind', async () => {
	sql(`UPDATE skillancer.session SET confirmed_at = skillancer.now() - interval '16 minutes' WHERE user_id = '${anna.id}'`);
	assert.equal((await erasure(anna)).json.error.code, 'STEP_UP_REQUIRED');
	assert.equal((await call('POST', '/v1/auth/step-up', { token: anna.token, body: { password: PASSWORD } })).status, 200);
	assert.equal((await erasure(anna, 'GET')).status, 404);
	const asked = await erasure(anna);
	assert.equal(asked.status, 202, asked.text);
	assert.ok(Math.abs(new Date(asked.json.data.eraseAt) - Date.now() - 14 * 86400e3) < 60e3, 'in fourteen days');
	assert.equal((await erasure(anna)).status, 409, 'once');
	assert.equal((await erasure(anna, 'DELETE')).json.data.state, 'WITHDRAWN');
	assert.equal((await erasure(anna, 'DELETE')).status, 404);
	daysPass(anna);
	assert.equal((await erasure(anna, 'GET')).json.data.state, 'WITHDRAWN', 'the timer is gone');
});

test('what began within the fourteen days keeps the account', async () => {
	const waverer = await join('waverer', 'CLIENT');
	assert.equal((await erasure(waverer)).status, 202);
	await waverer.post('/v1/payments/charges', { amount: usd('20.00'), paymentMethodId: await card(waverer) }, 201);
	daysPass(waverer);
	assert.ok(await until(() => erasureState(waverer) === 'REFUSED'));
	const doc = await waverer.get('/v1/users/me/erasure');
	assert.deepEqual(doc.open, [{ kind: 'balance', state: 'client_wallet', amount: usd('20.00') }]);
	assert.equal((await waverer.get('/v1/users/me')).status, 'ACTIVE');
});

test('then nothing is left but what has to be kept', async () => {
	const project = await openProject(client, '100.00');
	await propose(anna, project, '90.00');
	await erasure(anna);
	daysPass(anna);
	assert.ok(await until(() => erasureState(anna) === 'DONE'), sql(`SELECT d.last_error FROM skillancer.due d WHERE d.machine = 'erasure'`).join());
	assert.equal((await anna.raw('GET', '/v1/users/me')).status, 401);
	assert.equal((await call('POST', '/v1/auth/login', { body: { email: anna.email, password: PASSWORD } })).status, 401);
	assert.equal((await call('GET', `/v1/users/${anna.id}`)).status, 404);
	assert.equal((await client.get(`/v1/projects/${project.id}/proposals`))[0].state, 'CLOSED');
	// documents stay as they were issued; the audit log tells who did what
	const left = await until(() => { const t = tablesWith(CANARY); return t.every((name) => /\.invoice$/.test(name)) && t; });
	assert.ok(left, `left: ${tablesWith(CANARY).join()}`);
	const [[shown]] = sql(`SELECT string_agg(n.body, ' ') FROM skillancer.notification n WHERE n.user_id = '${client.id}' AND n.body LIKE '%Deleted user%'`);
	assert.ok(shown, 'others read of a deleted user');
	assert.equal((await client.get(`/v1/bookings/${booking.id}`)).freelancer?.id ?? anna.id, anna.id, 'the contract stays');
	assert.deepEqual(sql(`SELECT e.type FROM skillancer.event e WHERE e.data ->> 'userId' = '${anna.id}' AND e.type IN ('user.closed', 'user.deleted') ORDER BY e.seq`).flat(), ['user.closed', 'user.deleted']);
	assert.deepEqual(sql(`SELECT state, attempts FROM skillancer.mail WHERE user_id = '${anna.id}'`), []);
	const again = await call('POST', '/v1/auth/register', { body: { email: anna.email, password: PASSWORD, name: 'new', roles: ['CLIENT'] } });
	assert.equal(again.status, 202);
	assert.equal(sql(`SELECT count(*) FROM skillancer.user_account WHERE email = '${anna.email}'`)[0][0], '1', 'the address is free');
	// and nobody can do anything for the account any more
	const tip = await client.raw('POST', `/v1/bookings/${booking.id}/tips`, { amount: usd('5.00'), paymentMethodId: client.card });
	assert.ok(tip.status >= 400 && tip.status < 500, tip.text);
	assert.equal((await client.raw('POST', `/v1/bookings`, { freelancerId: anna.id })).status, 422);
});

test('erasures beside those who accept and fund: one of them, and the books are in order', async () => {
	const rounds = 6;
	const people = await Promise.all(Array.from({ length: rounds }, (_, n) => join(`racer${n}`, 'FREELANCER')));
	const buyer = await join('buyer', 'CLIENT');
	buyer.card = await card(buyer);
	const projects = await Promise.all(people.map(() => openProject(buyer, '50.00')));
	const proposals = await Promise.all(people.map((p, n) => propose(p, projects[n], '50.00')));
	await Promise.all(people.map(async (p) => assert.equal((await erasure(p)).status, 202)));
	const clock = new pg.Client({ host: env.SKL_PGHOST, port: env.SKL_PGPORT, user: env.SKL_SUPERUSER, database: env.SKL_PGDATABASE });
	await clock.connect();
	const accept = async (n) => {
		await sleep(n * 4);
		const accepted = await buyer.raw('POST', `/v1/proposals/${proposals[n].id}/accept`, { revision: 1 });
		return accepted.status === 200
			? `${accepted.status} ${(await buyer.raw('POST', `/v1/milestones/${accepted.json.data.milestones[0].id}/fund`, { paymentMethodId: buyer.card })).status}`
			: `${accepted.status}`;
	};
	const [answers] = await Promise.all([Promise.all(people.map((p, n) => accept(n))), sleep(20)
		.then(() => clock.query(DAYS_PASS, [people.map((p) => p.id)])).then(() => clock.query("SELECT skillancer.wake('timekeeper')"))]);
	const outcomes = [];
	for (const [n, p] of people.entries())
		outcomes.push(`${answers[n]} ${await until(() => { const s = erasureState(p); return s !== 'PENDING' && s; })}`);
	await clock.end();
	for (const outcome of outcomes) assert.match(outcome, /^(200 20[01] REFUSED|409 DONE)$/, outcomes.join('; '));
	const [[mixed]] = sql(`SELECT count(*) FROM skillancer.booking b JOIN skillancer.user_account a ON a.id IN (b.client_id, b.freelancer_id)
		WHERE b.is_open AND a.erased_at IS NOT NULL`);
	assert.equal(mixed, '0');
});
