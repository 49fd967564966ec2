// disputes.test.mjs
//	Disputes over HTTP: the ladder from claim to decision, every refusal by its code, and what happens when release,
//	refund and dispute come at once, when two decide, and when an offer meets its acceptance.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { call, env, sql, until } from './support.mjs';
import { checkBooks, fundedMilestone, join, usd } from './market.mjs';

let client;
let freelancer;
let stranger;
const staff = async (method, pathname, body, status = 200) => {
	const answer = await call(method, pathname, { token: env.SKL_ADMIN_TOKEN, body });
	assert.equal(answer.status, status, `${method} ${pathname}: ${answer.text}`);
	return answer.json.data ?? answer.json.error;
};

before(async () => {
	[client, freelancer, stranger] = await Promise.all([join('dora', 'CLIENT'), join('dave', 'FREELANCER'), join('dirk', 'CLIENT')]);
});
after(() => checkBooks());

const count = (answers) => Object.fromEntries([...new Set(answers.map((a) => a.status))].sort()
	.map((status) => [status, answers.filter((a) => a.status === status).length]));
const claim = (milestone, amount = '400.00', more = {}) =>
	({ milestoneId: milestone.id, amount: usd(amount), reason: 'QUALITY', statement: 'It is not what we agreed on.', ...more });
const reply = (dispute) => freelancer.post(`/v1/disputes/${dispute.id}/reply`, { statement: 'I have done what was agreed.' });
async function dispute(amount = '400.00', bid = '1000.00') {
	const { booking, milestone } = await fundedMilestone(client, freelancer, bid);
	const opened = await client.post(`/v1/bookings/${booking.id}/disputes`, claim(milestone, amount), 201);
	return { booking, milestone, dispute: opened };
}
// what is left on the accounts of a dispute and its milestone
const balances = (d, milestone) => Object.fromEntries(sql(`SELECT class, balance FROM skillancer.ledger_account
	WHERE ref IN ('${d}'::skillancer.dispute_id::uuid, '${milestone}'::skillancer.milestone_id::uuid) ORDER BY class`));

test('from claim to mediation to a decision', async () => {
	const { booking, milestone } = await fundedMilestone(client, freelancer);
	const dry = await client.post(`/v1/bookings/${booking.id}/disputes`, claim(milestone, '400.00', { dryRun: true }));
	assert.deepEqual([dry.dryRun, dry.result.state, dry.postings.map((p) => p.kind)], [true, 'AWAITING_REPLY', ['dispute_freeze']]);
	const key = { 'idempotency-key': randomUUID() };
	const opened = await client.post(`/v1/bookings/${booking.id}/disputes`, claim(milestone, '400.00', { links: ['https://files.test/a'] }), 201, key);
	assert.deepEqual([opened.state, opened.claim, opened.claimant.side, opened.evidence.length], ['AWAITING_REPLY', usd('400.00'), 'CLIENT', 1]);
	assert.equal((await client.post(`/v1/bookings/${booking.id}/disputes`, claim(milestone, '400.00', { links: ['https://files.test/a'] }), 201, key)).id, opened.id);
	assert.equal(Date.parse(opened.dueAt) - Date.parse(opened.createdAt), 7 * 86400000, 'seven days to reply');
	const [frozen] = (await client.get(`/v1/bookings/${booking.id}`)).milestones;
	assert.deepEqual([frozen.inEscrow, frozen.frozen], [usd('600.00'), usd('400.00')]);
	for (const [who, what] of [[freelancer, 'refund'], [client, 'approve']]) {
		if (what === 'approve') await freelancer.post(`/v1/milestones/${milestone.id}/submit`, { note: 'Done.' });
		assert.equal((await who.post(`/v1/milestones/${milestone.id}/${what}`, {}, 409)).code, 'DISPUTE_OPEN');
	}
	assert.equal((await client.post(`/v1/bookings/${booking.id}/change-requests`, { kind: 'PAUSE', reason: 'A holiday' }, 409)).code, 'DISPUTE_OPEN');
	assert.equal((await freelancer.post(`/v1/bookings/${booking.id}/disputes`, claim(milestone, '1.00'), 409)).code, 'DISPUTE_OPEN');
	assert.equal((await reply(opened)).state, 'NEGOTIATION');
	const offered = await freelancer.post(`/v1/disputes/${opened.id}/offer`, { amount: usd('100.00'), message: 'For the delay.' });
	assert.deepEqual(offered.offers, { claimant: usd('400.00'), respondent: usd('100.00') });
	assert.equal((await freelancer.post(`/v1/disputes/${opened.id}/offer`, { amount: usd('99.99') }, 409)).code, 'OFFER_NOT_BETTER');
	assert.equal((await client.post(`/v1/disputes/${opened.id}/accept-offer`, { amount: usd('99.99') }, 412)).code, 'PRECONDITION_FAILED');
	assert.equal((await client.post(`/v1/disputes/${opened.id}/escalate`, { message: 'We do not agree.' })).state, 'MEDIATION');
	assert.ok((await staff('GET', '/v1/admin/disputes?state=MEDIATION&limit=100')).some((d) => d.id === opened.id), 'it is in the queue');
	await freelancer.post(`/v1/disputes/${opened.id}/evidence`, { text: 'See the log of our talks.', links: ['https://files.test/b'] }, 201);
	assert.ok((await staff('POST', `/v1/disputes/${opened.id}/take`)).mediatorId.startsWith('usr_'));
	assert.equal((await staff('POST', `/v1/disputes/${opened.id}/propose-split`, { toClaimant: usd('200.00'), note: 'Half of it each.' })).state, 'PROPOSAL_OUT');
	assert.ok((await client.post(`/v1/disputes/${opened.id}/accept-split`)).split.claimantAcceptedAt);
	assert.equal((await freelancer.post(`/v1/disputes/${opened.id}/reject-split`)).state, 'MEDIATION');
	const trial = await staff('POST', `/v1/disputes/${opened.id}/resolve`, { toClaimant: usd('133.33'), decision: 'A third of it.', dryRun: true });
	assert.equal(trial.result.state, 'RESOLVED');
	const resolved = await staff('POST', `/v1/disputes/${opened.id}/resolve`, { toClaimant: usd('133.33'), decision: 'A third of it.' });
	assert.deepEqual([resolved.outcome, resolved.toClient, resolved.toFreelancer], ['DECIDED', usd('133.33'), usd('266.67')]);
	assert.equal((await staff('POST', `/v1/disputes/${opened.id}/resolve`, { toClaimant: usd('1.00'), decision: 'Another third.' }, 409)).code, 'INVALID_STATE');
	assert.equal(balances(opened.id, milestone.id).escrow_hold, '0', 'nothing is frozen any more');
	assert.equal((await client.post(`/v1/milestones/${milestone.id}/approve`)).state, 'RELEASED');
	assert.deepEqual(balances(opened.id, milestone.id), { deferred_fee: '0', escrow: '0', escrow_hold: '0' });
	const types = (await client.get(`/v1/bookings/${booking.id}/timeline?limit=100`)).map((e) => e.type);
	for (const type of ['dispute.opened', 'dispute.replied', 'dispute.escalated', 'dispute.resolved']) assert.ok(types.includes(type), type);
	const told = await until(async () => (await freelancer.get('/v1/notifications')).some((n) => n.type === 'dispute.opened'), 15000);
	assert.ok(told, 'the freelancer was told');
});

test('a gig order is disputed like any other', async () => {
	const gig = await freelancer.post('/v1/gigs', {
		title: 'A gig to quarrel about', description: 'What you get, in enough words.',
		packages: [{ tier: 'BASIC', title: 'Basic', description: 'The basic one', price: usd('80.00'), deliveryDays: 3, revisions: 1, features: [] }],
	}, 201);
	await freelancer.post(`/v1/gigs/${gig.id}/activate`);
	const order = await client.post(`/v1/gigs/${gig.id}/orders`, { revision: 1, package: 'BASIC' }, 201);
	const [milestone] = order.milestones;
	assert.ok((await client.raw('POST', `/v1/milestones/${milestone.id}/fund`, { paymentMethodId: client.card })).status < 300);
	await freelancer.post(`/v1/milestones/${milestone.id}/submit`, { note: 'Done.' });
	const opened = await freelancer.post(`/v1/bookings/${order.id}/disputes`, claim(milestone, '80.00', { reason: 'NO_APPROVAL' }), 201);
	assert.equal(opened.claimant.side, 'FREELANCER');
	const accepted = await client.post(`/v1/disputes/${opened.id}/accept-offer`, { amount: usd('80.00') });
	assert.deepEqual([accepted.outcome, accepted.toFreelancer.amount], ['SETTLED', '80.00']);
	assert.equal((await client.get(`/v1/bookings/${order.id}`)).milestones[0].state, 'RELEASED');
	assert.equal((await client.post(`/v1/bookings/${order.id}/end`)).state, 'COMPLETED');
});

test('strangers and bad input', async () => {
	const { booking, milestone } = await fundedMilestone(client, freelancer, '100.00');
	const route = `/v1/bookings/${booking.id}/disputes`;
	const bad = await client.raw('POST', route, { milestoneId: milestone.id, amount: { amount: '-1', currency: 'EUR' }, reason: 'MOOD', statement: '', links: ['http://x'] });
	assert.equal(bad.status, 422, bad.text);
	const fields = new Set(bad.json.error.details.map((d) => d.field));
	for (const field of ['amount', 'reason', 'statement', 'links[0]']) assert.ok(fields.has(field), `${field}: ${[...fields]}`);
	for (const amount of ['100.01', '1000000.00']) {
		assert.equal((await client.post(route, claim(milestone, amount), 409)).code, 'INSUFFICIENT_FUNDS');
	}
	for (const amount of ['0.001', '1e3', 'NaN', '92233720368547758.08', ' 1']) {
		assert.equal((await client.raw('POST', route, claim(milestone, amount))).status, 422, amount);
	}
	assert.equal((await stranger.raw('POST', route, claim(milestone, '1.00'))).status, 404);
	const opened = await client.post(route, claim(milestone, '50.00'), 201);
	assert.equal((await call('GET', `/v1/disputes/${opened.id}`)).status, 401);
	assert.equal((await stranger.raw('GET', `/v1/disputes/${opened.id}`)).status, 404);
	assert.deepEqual(await stranger.get('/v1/disputes'), []);
	const read = await client.raw('GET', `/v1/disputes/${opened.id}`);
	const same = await client.raw('GET', `/v1/disputes/${opened.id}`, undefined, { 'if-none-match': read.headers.get('etag') });
	assert.equal(same.status, 304);
	assert.equal((await client.get(`/v1/disputes?bookingId=${booking.id}`)).length, 1);
	assert.equal((await client.post(`/v1/disputes/${opened.id}/withdraw`)).state, 'WITHDRAWN');
	assert.equal((await freelancer.get(`/v1/milestones/${milestone.id}/deliveries`)).length, 0);
});

test('release, refund and dispute at once: one wins, and the money is somewhere', async () => {
	for (let round = 0; round < 3; round++) {
		const { booking, milestone } = await fundedMilestone(client, freelancer, '100.00');
		await freelancer.post(`/v1/milestones/${milestone.id}/submit`, { note: 'Done.' });
		const answers = await Promise.all(Array.from({ length: 4 }, () => [
			client.raw('POST', `/v1/milestones/${milestone.id}/approve`),
			freelancer.raw('POST', `/v1/milestones/${milestone.id}/refund`),
			client.raw('POST', `/v1/bookings/${booking.id}/disputes`, claim(milestone, '100.00')),
		]).flat());
		const won = answers.filter((a) => a.status < 300);
		assert.equal(won.length, 1, JSON.stringify(count(answers)));
		assert.ok(answers.every((a) => a.status < 300 || ['INVALID_STATE', 'DISPUTE_OPEN'].includes(a.json.error.code)), 'the others are refused by name');
		const [[state, frozen]] = sql(`SELECT state, frozen IS NOT NULL FROM skillancer.milestone WHERE id = '${milestone.id}'`);
		assert.ok(['RELEASED f', 'REFUNDED f', 'SUBMITTED t'].includes(`${state} ${frozen}`), `${state} ${frozen}`);
	}
});

test('two decisions at once, an offer and its acceptance at once', async () => {
	const first = await dispute();
	await reply(first.dispute);
	await client.post(`/v1/disputes/${first.dispute.id}/escalate`);
	const decisions = await Promise.all(Array.from({ length: 8 }, (_, i) => call('POST', `/v1/disputes/${first.dispute.id}/resolve`,
		{ token: env.SKL_ADMIN_TOKEN, body: { toClaimant: usd(`${i}.00`), decision: 'Decided like this.' } })));
	assert.deepEqual(count(decisions), { 200: 1, 409: 7 });
	assert.equal(balances(first.dispute.id, first.milestone.id).escrow_hold, '0');
	const second = await dispute();
	await reply(second.dispute);
	await freelancer.post(`/v1/disputes/${second.dispute.id}/offer`, { amount: usd('100.00') });
	const race = await Promise.all([
		client.raw('POST', `/v1/disputes/${second.dispute.id}/accept-offer`, { amount: usd('100.00') }),
		freelancer.raw('POST', `/v1/disputes/${second.dispute.id}/offer`, { amount: usd('150.00') }),
		client.raw('POST', `/v1/disputes/${second.dispute.id}/offer`, { amount: usd('120.00') }),
	]);
	const after = await client.get(`/v1/disputes/${second.dispute.id}`);
	assert.ok(race.every((a) => [200, 409, 412].includes(a.status)), JSON.stringify(race.map((a) => a.text)));
	if (after.state === 'RESOLVED') {
		assert.ok(['100.00', '120.00', '150.00'].includes(after.toClient.amount), after.toClient.amount);
		assert.equal(balances(second.dispute.id, second.milestone.id).escrow_hold, '0');
	}
});

test('nobody decides a dispute of his own', async () => {
	const [[role]] = sql(`INSERT INTO skillancer.user_role (user_id, role) VALUES ('${client.id}', 'ADMIN') RETURNING role`);
	assert.equal(role, 'ADMIN');
	try {
		const { dispute: own } = await dispute('100.00', '100.00');
		await reply(own);
		await client.post(`/v1/disputes/${own.id}/escalate`);
		for (const [step, body] of [['take', {}], ['propose-split', { toClaimant: usd('100.00'), note: 'I am in the right.' }],
			['resolve', { toClaimant: usd('100.00'), decision: 'I am in the right.' }]]) {
			assert.equal((await client.post(`/v1/disputes/${own.id}/${step}`, body, 403)).code, 'PERMISSION_DENIED', step);
		}
	} finally {
		sql(`DELETE FROM skillancer.user_role WHERE user_id = '${client.id}' AND role = 'ADMIN'`);
	}
});
