// returns.test.mjs
//	Money that goes back, over HTTP: refunds to cards, giving back after the release, tips, charge-backs, and postings
//	by hand that need two people; also all of it at once.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { call, env, sql, until } from './support.mjs';
import { checkBooks, fundedMilestone, join, timePasses, usd } from './market.mjs';

let client;
let freelancer;
let stranger;
let fin;
const admin = async (method, pathname, body, status = 200) => {
	const answer = await call(method, pathname, { token: env.SKL_ADMIN_TOKEN, body });
	assert.equal(answer.status, status, `${method} ${pathname}: ${answer.text}`);
	return answer.json.data ?? answer.json.error;
};

before(async () => {
	[client, freelancer, stranger, fin] = await Promise.all([join('rita', 'CLIENT'), join('ralf', 'FREELANCER'), join('rosa', 'CLIENT'), join('rolf', 'CLIENT')]);
	sql(`INSERT INTO skillancer.user_role (user_id, role) VALUES ('${fin.id}', 'FINANCE')`);
});
after(() => checkBooks());

const count = (answers) => Object.fromEntries([...new Set(answers.map((a) => a.status))].sort()
	.map((status) => [status, answers.filter((a) => a.status === status).length]));
const chargeOf = (milestone) => sql(`SELECT id FROM skillancer.charge WHERE milestone_id = '${milestone.id}'`)[0][0];
const wallet = async (who) => (await who.get('/v1/payments/wallet')).find((w) => w.currency === 'USD');
async function released(bid = '100.00') {
	const { booking, milestone } = await fundedMilestone(client, freelancer, bid);
	await freelancer.post(`/v1/milestones/${milestone.id}/submit`, { note: 'Done.' });
	await client.post(`/v1/milestones/${milestone.id}/approve`);
	return { booking, milestone };
}
// the earnings of the freelancer come off hold
async function mature() {
	await timePasses(freelancer.id);
	await until(() => sql(`SELECT count(*) FROM skillancer.earning WHERE freelancer_id = '${freelancer.id}' AND state = 'PENDING'`)[0][0] === '0', 15000);
}

test('back to the card, no more than the charge took, however many ask at once', async () => {
	const { milestone } = await fundedMilestone(client, freelancer, '100.00');
	const charge = chargeOf(milestone);
	await freelancer.post(`/v1/milestones/${milestone.id}/refund`);
	const path = `/v1/payments/charges/${charge}/refunds`;
	const dry = await client.post(path, { amount: usd('50.00'), dryRun: true });
	assert.deepEqual(dry.postings.map((p) => p.kind), ['card_refund', 'card_refund_paid']);
	const key = { 'idempotency-key': randomUUID() };
	const first = await client.post(path, { amount: usd('3.00') }, 201, key);
	assert.equal((await client.post(path, { amount: usd('3.00') }, 201, key)).id, first.id, 'a repetition is the same refund');
	const answers = await Promise.all(Array.from({ length: 10 }, () => client.raw('POST', path, { amount: usd('25.00') })));
	assert.deepEqual(count(answers), { 201: 4, 409: 6 });
	assert.ok(answers.every((a) => a.status === 201 || a.json.error.code === 'INSUFFICIENT_FUNDS'));
	assert.equal((await wallet(client)).wallet.amount, '0.00');
	assert.equal((await client.get(`/v1/payments/refunds?chargeId=${charge}`)).length, 5);
	const read = await client.raw('GET', `/v1/payments/refunds/${first.id}`);
	assert.equal((await client.raw('GET', `/v1/payments/refunds/${first.id}`, undefined, { 'if-none-match': read.headers.get('etag') })).status, 304);
	assert.equal((await stranger.raw('GET', `/v1/payments/refunds/${first.id}`)).status, 404);
	assert.equal((await stranger.raw('POST', path, { amount: usd('1.00') })).status, 404);
	assert.equal((await client.raw('POST', path, { amount: { amount: '1', currency: 'EUR' } })).status, 422);
	assert.equal((await call('POST', path, { body: { amount: usd('1.00') } })).status, 401);
});

test('given back after the release, and a tip', async () => {
	const { booking, milestone } = await released();
	const path = `/v1/milestones/${milestone.id}/give-back`;
	assert.equal((await freelancer.post(path, { amount: usd('50.00') }, 409)).code, 'INSUFFICIENT_FUNDS', 'it is on hold');
	await mature();
	const dry = await freelancer.post(path, { amount: usd('50.00'), dryRun: true });
	assert.deepEqual(dry.postings.map((p) => p.kind), ['give_back']);
	const before = (await wallet(client)).wallet.amount;
	const given = await Promise.all(Array.from({ length: 4 }, () => freelancer.raw('POST', path, { amount: usd('40.00') })));
	assert.deepEqual(count(given), { 200: 2, 409: 2 }, 'no more than was released');
	assert.equal((await wallet(client)).wallet.amount, (Number(before) + 80).toFixed(2));
	assert.equal((await client.raw('POST', path, { amount: usd('1.00') })).status, 403);
	assert.equal((await stranger.raw('POST', path, { amount: usd('1.00') })).status, 404);
	const tip = await client.post(`/v1/bookings/${booking.id}/tips`, { amount: usd('10.00'), message: 'Thank you.' }, 201);
	assert.deepEqual([tip.amount, tip.message], [usd('10.00'), 'Thank you.']);
	assert.equal((await freelancer.get(`/v1/bookings/${booking.id}/tips`)).length, 1);
	assert.equal((await client.post(`/v1/bookings/${booking.id}/tips`, { amount: usd('100000.00') }, 409)).code, 'INSUFFICIENT_FUNDS');
	assert.equal((await freelancer.raw('POST', `/v1/bookings/${booking.id}/tips`, { amount: usd('1.00') })).status, 403);
	const types = (await client.get(`/v1/bookings/${booking.id}/timeline?limit=100`)).map((e) => e.type);
	assert.ok(types.includes('booking.tipped') && types.includes('milestone.given_back'));
});

test('charged back while it is released: whoever is first, the money is frozen', async () => {
	const { milestone } = await fundedMilestone(client, freelancer, '300.00');
	const charge = chargeOf(milestone);
	await freelancer.post(`/v1/milestones/${milestone.id}/submit`, { note: 'Done.' });
	const [[took]] = sql(`SELECT amount FROM skillancer.charge WHERE id = '${charge}'`);
	const reference = `http-${randomUUID()}`;
	const [approved] = await Promise.all([
		client.raw('POST', `/v1/milestones/${milestone.id}/approve`),
		(async () => sql(`SELECT skillancer.chargeback_open('${charge}', '${took}', '15 USD', '${reference}')`))(),
	]);
	assert.ok([200, 409].includes(approved.status), approved.text);
	const open = (await admin('GET', '/v1/admin/chargebacks?state=OPEN&limit=100')).find((b) => b.reference === reference);
	assert.equal(open.atRisk.amount, '0.00', 'all of it is frozen');
	sql(`SELECT skillancer.chargeback_won('${reference}')`);
	const [[state]] = sql(`SELECT state FROM skillancer.charge WHERE id = '${charge}'`);
	assert.equal(state, 'CAPTURED');
	if (approved.status === 409) await client.post(`/v1/milestones/${milestone.id}/approve`);
	assert.ok(await until(async () => (await freelancer.get('/v1/notifications')).some((n) => n.type === 'payment.chargeback_won'), 15000), 'the freelancer is told');
});

test('a posting by hand needs two people', async () => {
	const legs = [{ account: 'expense_writeoff', debit: usd('5.00') }, { account: 'client_wallet', userId: client.id, credit: usd('5.00') }];
	const bad = await fin.raw('POST', '/v1/admin/adjustments', { reason: 'x', legs: [{ account: 'escrow', debit: usd('5.00') }, { account: 'client_wallet', credit: usd('4.00') }] });
	assert.equal(bad.status, 422);
	const fields = new Set(bad.json.error.details.map((d) => d.field));
	for (const field of ['reason', 'legs[0].account', 'legs[1].userId']) assert.ok(fields.has(field), `${field}: ${[...fields]}`);
	assert.equal((await client.raw('POST', '/v1/admin/adjustments', { reason: 'A mistake of ours', legs })).status, 403);
	const proposed = await fin.post('/v1/admin/adjustments', { reason: 'A mistake of ours', legs }, 202);
	assert.equal(proposed.state, 'PROPOSED');
	assert.equal((await fin.post(`/v1/admin/adjustments/${proposed.id}/approve`, {}, 403)).code, 'PERMISSION_DENIED');
	const before = Number((await wallet(client)).wallet.amount);
	const approvals = await Promise.all(Array.from({ length: 5 }, () => call('POST', `/v1/admin/adjustments/${proposed.id}/approve`, { token: env.SKL_ADMIN_TOKEN, body: {} })));
	assert.deepEqual(count(approvals), { 200: 1, 409: 4 });
	assert.equal(Number((await wallet(client)).wallet.amount), before + 5);
	const other = await fin.post('/v1/admin/adjustments', { reason: 'A mistake of ours', legs }, 202);
	assert.equal((await admin('POST', `/v1/admin/adjustments/${other.id}/reject`, { note: 'Once is enough' })).state, 'REJECTED');
	assert.ok((await fin.get('/v1/admin/adjustments?state=POSTED')).some((a) => a.id === proposed.id && a.posting > 0));
	assert.equal((await fin.post(`/v1/admin/users/${freelancer.id}/write-off`, { amount: usd('1.00'), reason: 'He is gone' }, 409)).code, 'INSUFFICIENT_FUNDS');
	const [[large]] = sql(`SELECT skillancer.ledger_post('TEST', '${randomUUID()}', NULL, '{bank_operating,bank_trust}', '{NULL,NULL}', '{NULL,NULL}', '{NULL,NULL}', '{20000,-20000}', 'USD')`);
	const reversal = await fin.post(`/v1/admin/postings/${large}/reverse`, { reason: 'the wrong bank' }, 202);
	assert.deepEqual([reversal.kind, reversal.reverses], ['REVERSAL', Number(large)]);
	assert.equal((await admin('POST', `/v1/admin/adjustments/${reversal.id}/approve`, {})).state, 'POSTED');
});
