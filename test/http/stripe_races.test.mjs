// test/http/stripe_races.test.mjs
//	Many at once against a payment provider over the network: one charge for a milestone, one for a key, payouts within
//	the balance, commands against answers, amounts at the edges. Ledger and stand-in agree afterwards.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { book, checkBooks, join, timePasses, usd } from './market.mjs';
import { openStripe } from './stripe_support.mjs';
import { sql, startBridge, until } from './support.mjs';

let stripe;
let close;
let client;
let freelancer;
let cardId;

const quiet = async () => {
	assert.ok(await until(() => sql(`SELECT count(*) FROM skillancer.provider_call WHERE state IN ('QUEUED', 'SENDING', 'ANSWERED')`)[0][0] === '0', 30000), 'all calls are settled');
	assert.ok(await until(() => sql(`SELECT count(*) FROM skillancer.provider_event WHERE state = 'RECEIVED'`)[0][0] === '0', 30000), 'all webhooks are settled');
};

// What was taken for these people is what the stand-in took.
async function agree() {
	await quiet();
	const [[captured]] = sql(`SELECT coalesce(sum(skillancer.monetary_minor(c.amount)), 0) FROM skillancer.charge c WHERE c.user_id = '${client.id}' AND c.state = 'CAPTURED'`);
	assert.equal(Number(captured), stripe.captured);
	checkBooks();
	assert.deepEqual(stripe.problems, []);
}

before(async () => {
	({ stripe, close } = await openStripe());
	client = await join('races-client', 'CLIENT');
	freelancer = await join('races-freelancer', 'FREELANCER');
	cardId = (await client.post('/v1/payment-methods', { token: 'pm_card_visa' }, 201)).id;
});

after(() => close());

test('a milestone is paid once, however often it is asked for (39)', async () => {
	const booking = await book(client, freelancer, '300.00');
	const { id } = booking.milestones[0];
	const answers = await Promise.all(Array.from({ length: 50 }, () => client.raw('POST', `/v1/milestones/${id}/fund`, { paymentMethodId: cardId })));
	assert.equal(answers.filter((a) => a.status === 202).length, 1);
	assert.deepEqual(new Set(answers.map((a) => a.status)), new Set([202, 409]));
	assert.ok(await until(() => sql(`SELECT state FROM skillancer.milestone WHERE id = '${id}'`)[0][0] === 'FUNDED'));
	assert.equal(sql(`SELECT count(*) FROM skillancer.charge WHERE milestone_id = '${id}'`)[0][0], '1');
	assert.equal(sql(`SELECT count(*) FROM skillancer.ledger_txn WHERE kind = 'fund' AND ref = '${id}'::skillancer.milestone_id::uuid`)[0][0], '1');
	await agree();
});

test('a key stands for one charge: at once, later, after a fault of the provider, with another body (44-46)', async () => {
	const key = randomUUID();
	const body = { amount: usd('20.00'), paymentMethodId: cardId };
	stripe.fault(/^POST .*payment_intents$/, 'before', 1);
	const answers = await Promise.all(Array.from({ length: 40 }, () => client.raw('POST', '/v1/payments/charges', body, { 'idempotency-key': key })));
	const ids = new Set(answers.filter((a) => a.status === 202).map((a) => a.json.data.id));
	assert.equal(ids.size, 1);
	assert.ok(answers.every((a) => [202, 409].includes(a.status)), JSON.stringify([...new Set(answers.map((a) => a.status))]));
	const [id] = ids;
	assert.ok(await until(async () => (await client.get(`/v1/payments/charges/${id}`)).state === 'CAPTURED'));
	const again = await client.raw('POST', '/v1/payments/charges', body, { 'idempotency-key': key });
	assert.equal(again.json.data.id, id);
	assert.equal(again.json.data.state, 'PROCESSING', 'the first answer');
	assert.equal((await client.raw('POST', '/v1/payments/charges', { ...body, amount: usd('21.00') }, { 'idempotency-key': key })).status, 422);
	assert.equal(stripe.intentOf(id).length, 1);
	stripe.release();
	await agree();
});

test('amounts at the edges reach the provider as they are, or not at all (47)', async () => {
	const posted = () => stripe.requests.filter((r) => r.method === 'POST').length;
	const before = posted();
	for (const amount of ['0', '-1', '-0.00', '1e3', 'NaN', ' 1', '١', '0.001', '92233720368547758.07', '92233720368547758.08']) {
		const answer = await client.raw('POST', '/v1/payments/charges', { amount: { amount, currency: 'USD' }, paymentMethodId: cardId });
		assert.equal(answer.status, 422, amount);
	}
	assert.equal(posted(), before);
	for (const [amount, currency, units] of [['0.01', 'USD', 1], ['999999.99', 'USD', 99999999], ['500', 'JPY', 500], ['1.234', 'BHD', 1234], ['100', 'ISK', 10000], ['100', 'UGX', 10000], ['12.00', 'MGA', 12]]) {
		const { id } = await client.post('/v1/payments/charges', { amount: { amount, currency }, paymentMethodId: cardId }, 202);
		assert.ok(await until(async () => (await client.get(`/v1/payments/charges/${id}`)).state === 'CAPTURED'), `${amount} ${currency}`);
		const [intent] = stripe.intentOf(id);
		assert.equal(intent.amount, units, `${amount} ${currency}`);
		assert.equal(intent.currency, currency.toLowerCase());
	}
	// the sums of this test are in several currencies: each is compared by itself
	await quiet();
	checkBooks();
});

test('payouts at once stay within the balance (41)', async () => {
	const booking = await book(client, freelancer, '800.00');
	const { id } = booking.milestones[0];
	await client.raw('POST', `/v1/milestones/${id}/fund`, { paymentMethodId: cardId });
	assert.ok(await until(() => sql(`SELECT state FROM skillancer.milestone WHERE id = '${id}'`)[0][0] === 'FUNDED'));
	await freelancer.post(`/v1/milestones/${id}/submit`, { note: 'Here it is.' });
	await client.post(`/v1/milestones/${id}/approve`);
	await timePasses(freelancer.id);
	assert.ok(await until(() => sql(`SELECT count(*) FROM skillancer.earning WHERE freelancer_id = '${freelancer.id}' AND state = 'PENDING'`)[0][0] === '0'));
	const [[account]] = sql(`INSERT INTO skillancer.payment_method (user_id, kind, provider, token, label) VALUES ('${freelancer.id}', 'PAYOUT', 'stripe', 'acct_1', 'Account') RETURNING id`);
	const available = Number((await freelancer.get('/v1/payments/wallet')).find((w) => w.currency === 'USD').available.amount);
	const answers = await Promise.all(Array.from({ length: 12 }, () => freelancer.raw('POST', '/v1/payouts', { amount: usd('100.00'), paymentMethodId: account })));
	const made = answers.filter((a) => a.status === 201).length;
	assert.equal(made, Math.min(12, Math.floor(available / 100)));
	assert.ok(await until(() => sql(`SELECT count(*) FROM skillancer.payout WHERE user_id = '${freelancer.id}' AND state = 'PAID'`)[0][0] === String(made), 30000));
	assert.equal(stripe.paidOut, made * 9800);
	assert.equal(stripe.transfers.size, made);
	checkBooks();
});

test('giving up against the provider taking the money: both orders, one truth (42)', async () => {
	const token = (await client.post('/v1/payment-methods', { token: 'pm_card_authenticationRequired' }, 201)).id;
	const ids = [];
	for (let i = 0; i < 8; i++) ids.push((await client.post('/v1/payments/charges', { amount: usd('7.00'), paymentMethodId: token }, 202)).id);
	for (const id of ids) assert.ok(await until(async () => (await client.get(`/v1/payments/charges/${id}`)).state === 'REQUIRES_ACTION'));
	await Promise.all(ids.flatMap((id) => [
		client.raw('POST', `/v1/payments/charges/${id}/cancel`, {}),
		(async () => { const [intent] = stripe.intentOf(id); if (intent.status === 'requires_action') stripe.succeed(intent); })(),
		client.raw('POST', `/v1/payments/charges/${id}/confirm`, {}),
	]));
	for (const id of ids) {
		const state = await until(async () => { const { state: now } = await client.get(`/v1/payments/charges/${id}`); return ['CAPTURED', 'VOIDED'].includes(now) && now; });
		assert.equal(state, stripe.intentOf(id)[0].status === 'succeeded' ? 'CAPTURED' : 'VOIDED');
	}
	await quiet();
	checkBooks();
});

test('many milestones of one booking, with webhooks beside the answers: no deadlock that a client sees (50)', async () => {
	const milestones = Array.from({ length: 8 }, (_, i) => ({ title: `Part ${i}`, amount: usd('40.00'), days: 1 }));
	const booking = await book(client, freelancer, '320.00', milestones);
	const answers = await Promise.all(booking.milestones.map((m) => client.raw('POST', `/v1/milestones/${m.id}/fund`, { paymentMethodId: cardId })));
	assert.ok(answers.every((a) => [200, 202].includes(a.status)), JSON.stringify(answers.map((a) => a.status)));
	await Promise.all(stripe.events.filter((e) => e.type === 'payment_intent.succeeded').slice(-8).flatMap((e) => [stripe.deliver(e), stripe.deliver(e)]));
	await quiet();
	const states = sql(`SELECT state, count(*) FROM skillancer.milestone WHERE booking_id = '${booking.id}' GROUP BY state`);
	assert.deepEqual(states, [['FUNDED', '8']]);
	checkBooks();
});

test('webhooks are limited by their address alone', async () => {
	const bridge = await startBridge({ limit_scale: 1 });
	const statuses = [];
	for (let i = 0; i < 60; i++) statuses.push((await fetch(`${bridge.base}/v1/webhooks/stripe`, { method: 'POST', body: '{}' })).status);
	assert.deepEqual(new Set(statuses), new Set([400]));
	await bridge.stop();
});
