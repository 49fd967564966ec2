// test/http/stripe.test.mjs
//	Charges and payouts by the stripe adapter against a stand-in that follows Stripe's published API: what is asked,
//	what each answer means, every fault of the network, webhooks repeated, out of order, forged. Whatever happens, the
//	ledger and the stand-in agree in the end.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { book, checkBooks, join, timePasses, usd } from './market.mjs';
import { ATTEMPTS, openStripe } from './stripe_support.mjs';
import { call, env, sql, until } from './support.mjs';

let stripe;
let secrets;
let close;
let client;
let freelancer;

before(async () => {
	({ stripe, secrets, close } = await openStripe());
	client = await join('stripe-client', 'CLIENT');
	payers.push(`'${client.id}'`);
	freelancer = await join('stripe-freelancer', 'FREELANCER');
});

after(() => close());

const methods = new Map();

async function card(token = 'pm_card_visa') {
	if (!methods.has(token)) methods.set(token, (await client.post('/v1/payment-methods', { token }, 201)).id);
	return methods.get(token);
}

const pay = async (token, amount = '100.00', status = 202) => client.post('/v1/payments/charges', { amount: usd(amount), paymentMethodId: await card(token) }, status);
const chargeOf = (id) => client.get(`/v1/payments/charges/${id}`);

async function becomes(id, state, ms = 10000) {
	const charge = await until(async () => { const now = await chargeOf(id); return now.state === state && now; }, ms);
	assert.ok(charge, `${id} becomes ${state}, it is ${(await chargeOf(id)).state}: ${JSON.stringify(calls(id))} ${JSON.stringify(stripe.problems)}`);
	return charge;
}

const calls = (id) => sql(`SELECT c.operation, c.state, c.attempts, coalesce(c.last_error, '') FROM skillancer.provider_call c
	WHERE c.ref = '${id}'::skillancer.${id.startsWith('pay') ? 'charge' : 'payout'}_id::uuid ORDER BY c.id`);

const payers = []; // whose charges the stand-in has, as SQL

// The ledger and the stand-in agree: what was captured, and what the provider kept of it.
async function agree(what) {
	await until(() => sql(`SELECT count(*) FROM skillancer.provider_event WHERE state = 'RECEIVED'`)[0][0] === '0');
	await until(() => sql(`SELECT count(*) FROM skillancer.provider_call c JOIN skillancer.charge h ON h.id::uuid = c.ref
		WHERE c.state IN ('QUEUED', 'SENDING', 'ANSWERED') AND h.user_id IN (${payers})`)[0][0] === '0');
	await until(() => sql(`SELECT count(*) FROM skillancer.charge WHERE user_id IN (${payers}) AND state = 'CAPTURED' AND provider_cost IS NULL`)[0][0] === '0');
	const [[captured, fees]] = sql(`SELECT coalesce(sum(skillancer.monetary_minor(c.amount)), 0), coalesce(sum(skillancer.monetary_minor(c.provider_cost)), 0)
		FROM skillancer.charge c WHERE c.user_id IN (${payers}) AND c.state = 'CAPTURED'`);
	const [[posted, cost]] = sql(`SELECT coalesce(sum(e.amount) FILTER (WHERE t.kind = 'charge'), 0), coalesce(-sum(e.amount) FILTER (WHERE t.kind = 'charge_cost'), 0)
		FROM skillancer.ledger_entry e JOIN skillancer.ledger_txn t ON t.id = e.txn JOIN skillancer.ledger_account a ON a.id = e.account AND a.class = 'psp_clearing'
		JOIN skillancer.charge c ON c.id::uuid = t.ref AND c.user_id IN (${payers})`);
	assert.equal(Number(captured), stripe.captured, `${what}: captured`);
	assert.equal(Number(posted), stripe.captured, `${what}: posted`);
	assert.equal(Number(cost), Number(fees), `${what}: costs`);
	assert.equal(Number(cost), [...stripe.intents.values()].reduce((sum, i) => sum + (i.fee ?? 0), 0), `${what}: fees`);
	checkBooks();
}

test('a charge is called for, captured, and its cost is posted', async () => {
	const charge = await pay('pm_card_visa', '100.00');
	assert.equal(charge.state, 'PROCESSING');
	assert.equal(charge.provider, 'stripe');
	await becomes(charge.id, 'CAPTURED');
	const [intent] = stripe.intentOf(charge.id);
	assert.equal(intent.amount, 10000);
	assert.equal(intent.currency, 'usd');
	const request = stripe.requests.find((r) => r.method === 'POST' && r.path === '/v1/payment_intents');
	assert.match(request.body, /^amount=10000&currency=usd&customer=cus_\w+&setup_future_usage=off_session&payment_method=pm_card_visa&/);
	assert.match(request.body, /&metadata\[skillancer_id\]=pay_/);
	assert.match(request.key, /^skl-charge-/);
	assert.equal(request.headers.authorization, `Bearer ${stripe.key}`);
	assert.deepEqual(stripe.problems, []);
	await agree('a plain charge');
});

test('a payer is one customer there, whose cards are known by what the provider says of them', async () => {
	const method = async () => client.get(`/v1/payment-methods/${await card()}`);
	assert.ok(await until(async () => (await method()).last4 === '4242'));
	const { brand, label, expMonth, expYear } = await method();
	assert.deepEqual([brand, label, expMonth, expYear], ['visa', 'Visa ending 4242', 8, 2031]);
	const [other, third] = [await join('stripe-other', 'CLIENT'), await join('stripe-third', 'CLIENT')];
	payers.push(`'${other.id}'`, `'${third.id}'`);
	stripe.fault(/POST \/v1\/customers/, 'after');
	const [one, two] = await Promise.all(['pm_card_visa', 'pm_card_mastercard'].map((token) => other.post('/v1/payment-methods', { token }, 201)));
	const charges = await Promise.all([one, two, one].map(({ id }) => other.post('/v1/payments/charges', { amount: usd('30.00'), paymentMethodId: id }, 202)));
	const done = async () => (await Promise.all(charges.map(({ id }) => other.get(`/v1/payments/charges/${id}`)))).every(({ state }) => state === 'CAPTURED');
	assert.ok(await until(done), 'charges wait for the customer, and go on');
	const mine = [...stripe.customers.values()].filter((c) => c.metadata.skillancer_id === other.id);
	assert.equal(mine.length, 1, 'one customer, though the first answer was lost');
	assert.deepEqual([...mine[0].cards].sort(), ['pm_card_mastercard', 'pm_card_visa']);
	assert.deepEqual(stripe.problems, []);
	// a provider that makes no customer keeps nobody from paying: once
	stripe.fault(/POST \/v1\/customers/, '500', ATTEMPTS);
	const { id } = await third.post('/v1/payment-methods', { token: 'pm_once_visa' }, 201);
	const charge = await third.post('/v1/payments/charges', { amount: usd('30.00'), paymentMethodId: id }, 202);
	assert.ok(await until(async () => (await third.get(`/v1/payments/charges/${charge.id}`)).state === 'CAPTURED'));
	await agree('customers');
});

test('a milestone that waits for its charge is funded by the answer', async () => {
	const booking = await book(client, freelancer, '2000.00');
	const request = `funding-${randomBytes(4).toString('hex')}`;
	const answer = await client.post(`/v1/milestones/${booking.milestones[0].id}/fund`, { paymentMethodId: await card() }, 202, { 'x-request-id': request });
	assert.equal(answer.milestone.state, 'FUNDING');
	assert.ok(await until(async () => sql(`SELECT state FROM skillancer.milestone WHERE id = '${answer.milestone.id}'`)[0][0] === 'FUNDED'));
	const follows = Object.fromEntries(sql(`SELECT e.type, c.type FROM skillancer.event e
		LEFT JOIN skillancer.event c ON c.id = e.causation_id::skillancer.event_id AND c.correlation_id = e.correlation_id
		WHERE e.correlation_id = '${request}'`));
	assert.deepEqual(follows, { 'milestone.funding': '', 'payment.processing': 'milestone.funding', 'payment.captured': 'payment.processing', 'milestone.funded': 'payment.captured',
		'booking.activated': 'milestone.funded' }, 'what the answer makes happen belongs to the request that asked');
	await agree('funding');
});

test('each kind of refusal is FAILED with its code, and a milestone is AGREED again', async () => {
	for (const [token, code] of [['pm_card_chargeDeclined', 'generic_decline'], ['pm_card_chargeDeclinedInsufficientFunds', 'insufficient_funds'], ['pm_card_chargeDeclinedExpiredCard', 'expired_card']]) {
		const charge = await becomes((await pay(token)).id, 'FAILED');
		assert.equal(charge.failureCode, code);
	}
	const booking = await book(client, freelancer, '3000.00');
	const { milestone } = await client.post(`/v1/milestones/${booking.milestones[0].id}/fund`, { paymentMethodId: await card('pm_card_chargeDeclined') }, 202);
	assert.ok(await until(async () => sql(`SELECT state FROM skillancer.milestone WHERE id = '${milestone.id}'`)[0][0] === 'AGREED'));
	await agree('refusals');
});

test('a token of another provider is refused by name', async () => {
	for (const token of ['tok_success', 'pm_', 'cus_1/', 'cus_1/tok_1', 'pm_card visa', 'pm_x&amount=1']) {
		const answer = await client.raw('POST', '/v1/payment-methods', { token });
		assert.equal(answer.status, 422, token);
	}
});

test('an action of the payer: address, confirmation, and giving up', async () => {
	const charge = await becomes((await pay('pm_card_authenticationRequired')).id, 'REQUIRES_ACTION');
	const [intent] = stripe.intentOf(charge.id);
	assert.equal(charge.actionUrl, intent.next_action.redirect_to_url.url);
	assert.equal((await client.raw('POST', `/v1/payments/charges/${charge.id}/confirm`, {})).json.data.state, 'PROCESSING');
	await becomes(charge.id, 'REQUIRES_ACTION'); // he has not acted yet: the provider was asked
	stripe.succeed(intent);
	assert.equal((await becomes(charge.id, 'CAPTURED')).actionUrl, null);

	const given = await becomes((await pay('pm_card_authenticationRequired')).id, 'REQUIRES_ACTION');
	await client.post(`/v1/payments/charges/${given.id}/cancel`);
	await becomes(given.id, 'VOIDED');
	assert.equal(stripe.intentOf(given.id)[0].status, 'canceled');

	// he gives up while the money is being taken: the provider's word counts
	const late = await becomes((await pay('pm_card_authenticationRequired')).id, 'REQUIRES_ACTION');
	stripe.sending = false;
	stripe.succeed(stripe.intentOf(late.id)[0]);
	stripe.sending = true;
	await client.post(`/v1/payments/charges/${late.id}/cancel`);
	await becomes(late.id, 'CAPTURED');
	await agree('actions');
});

test('a charge that waits for confirmation is confirmed, one that takes time is PROCESSING until a webhook', async () => {
	await becomes((await pay('pm_confirm_later')).id, 'CAPTURED');
	const slow = await pay('pm_processing');
	const asked = sql(`SELECT correlation_id FROM skillancer.provider_call WHERE ref = '${slow.id}'::skillancer.charge_id::uuid LIMIT 1`)[0][0];
	assert.ok(await until(() => stripe.intentOf(slow.id).length === 1));
	assert.ok(await until(() => calls(slow.id)[0][1] === 'DONE'));
	assert.equal((await chargeOf(slow.id)).state, 'PROCESSING');
	stripe.succeed(stripe.intentOf(slow.id)[0]);
	await becomes(slow.id, 'CAPTURED');
	const known = sql(`SELECT correlation_id FROM skillancer.event WHERE type = 'payment.captured' AND aggregate_id = '${slow.id}'::skillancer.charge_id::uuid`);
	assert.deepEqual([asked.length > 0, known], [true, [[asked]]], 'and what the webhook makes happen');
	const failing = await pay('pm_processing');
	assert.ok(await until(() => stripe.intentOf(failing.id).length === 1));
	stripe.fail(stripe.intentOf(failing.id)[0]);
	assert.equal((await becomes(failing.id, 'FAILED')).failureCode, 'do_not_honor');
	await agree('processing');
});

// One charge under a fault of so many attempts.
async function payUnder(kind, times, webhooks) {
	const what = `${kind}, ${times} times, ${webhooks ? 'with' : 'without'} webhooks`;
	stripe.sending = webhooks;
	// libcurl itself sends again what a kept connection lost
	stripe.fault(/^POST .*payment_intents$/, kind, kind === 'drop' ? times * 2 : times);
	const charge = await pay('pm_card_visa', '10.00');
	const done = ['after', 'drop', 'cut', '500after'].includes(kind);
	const happens = done || times < ATTEMPTS;
	await becomes(charge.id, happens ? 'CAPTURED' : 'FAILED', 20000);
	assert.equal(stripe.intentOf(charge.id).length, happens ? 1 : 0, `${what}: one payment intent`);
	if (!happens) assert.equal((await chargeOf(charge.id)).failureCode, 'not_received', what);
	const [[unknown]] = sql(`SELECT count(*) FROM skillancer.event WHERE type = 'payment.errored' AND aggregate_id = '${charge.id}'::skillancer.charge_id::uuid`);
	if (times > 1) assert.equal(unknown, webhooks && done ? '0' : '1', `${what}: it was unknown for a while`);
	stripe.faults = [];
	stripe.release();
}

// Each fault, as often as one attempt, and as often as all of them; with webhooks and without.
for (const kind of ['before', 'after', 'drop', 'cut', '500', '500after', '409', '429', 'html']) {
	test(`${kind}: one capture, or none`, async () => {
		await payUnder(kind, 1, false);
		await payUnder(kind, 3, false);
		await payUnder(kind, 3, true);
		stripe.sending = true;
		await agree(kind);
	});
}

test('what turns up after it was taken for lost is captured late', async () => {
	stripe.sending = false;
	stripe.fault(/^POST .*payment_intents$/, 'after', 3);
	stripe.fault(/^GET .*search$/, '500', 100);
	const charge = await pay('pm_card_visa', '11.00');
	await becomes(charge.id, 'ERRORED');
	const [intent] = stripe.intentOf(charge.id);
	stripe.intents.delete(intent.id); // a search that lags behind
	stripe.faults = [];
	assert.equal((await becomes(charge.id, 'FAILED')).failureCode, 'not_received');
	stripe.intents.set(intent.id, intent);
	await stripe.deliver(stripe.events.findLast((e) => e.data.object.id === intent.id));
	await becomes(charge.id, 'CAPTURED');
	stripe.sending = true;
	stripe.release();
	await agree('late');
});

test('webhooks repeated and out of order change nothing', async () => {
	stripe.sending = false;
	const charge = await pay('pm_processing', '12.00');
	assert.ok(await until(() => stripe.intentOf(charge.id).length === 1));
	const [intent] = stripe.intentOf(charge.id);
	const processing = stripe.events.at(-1);
	stripe.fail(intent);
	const failed = stripe.events.at(-1);
	stripe.succeed(intent);
	const succeeded = stripe.events.at(-1);
	assert.deepEqual(await Promise.all(Array.from({ length: 10 }, () => stripe.deliver(succeeded))), Array(10).fill(200));
	await becomes(charge.id, 'CAPTURED');
	for (const event of [processing, failed, succeeded, processing]) assert.equal(await stripe.deliver(event), 200);
	await agree('out of order');
	assert.equal((await chargeOf(charge.id)).state, 'CAPTURED');
	assert.deepEqual(sql(`SELECT state FROM skillancer.provider_event WHERE id IN ('${processing.id}', '${failed.id}')`).flat(), ['IGNORED', 'IGNORED']);

	// a refusal that is out of date arrives first: it is believed, and put right by asking
	const other = await pay('pm_processing', '13.00');
	assert.ok(await until(() => calls(other.id)[0]?.[1] === 'DONE'));
	const [second] = stripe.intentOf(other.id);
	stripe.fail(second);
	const stale = stripe.events.at(-1);
	stripe.succeed(second);
	await stripe.deliver(stale);
	await becomes(other.id, 'FAILED');
	await stripe.deliver(stripe.events.at(-1));
	await becomes(other.id, 'CAPTURED');
	stripe.sending = true;
	await agree('a stale refusal');
});

test('a webhook is believed only under a signature', async () => {
	const event = { id: `evt_${randomBytes(8).toString('hex')}`, object: 'event', created: 1, type: 'customer.created', data: { object: { id: 'cus_1' } } };
	const payload = JSON.stringify(event);
	const send = (body, header) => fetch(stripe.webhooks, { method: 'POST', body, headers: { 'content-type': 'application/json', ...(header !== undefined && { 'stripe-signature': header }) } });
	const good = stripe.sign(payload);
	const seconds = Math.floor(Date.now() / 1000);
	const bad = {
		'no header': undefined, empty: '', garbage: 'hello', 'no time': good.replace(/t=\d+,/, ''), 'no mac': good.split(',')[0],
		'another secret': stripe.sign(payload, { secret: 'whsec_other' }), 'too old': stripe.sign(payload, { at: seconds - 301 }),
		'from the future': stripe.sign(payload, { at: seconds + 302 }), 'another scheme': stripe.sign(payload, { scheme: 'v0' }),
		'another time': good.replace(/t=\d+/, `t=${seconds - 5}`), short: good.slice(0, -1), long: `${good}0`, 'upper case': good.replace(/v1=.*/, (m) => m.toUpperCase()),
	};
	for (const [what, header] of Object.entries(bad)) {
		const answer = await send(payload, header);
		assert.equal(answer.status, 400, what);
		assert.equal((await answer.json()).error.code, 'SIGNATURE_INVALID', what);
	}
	assert.equal((await send(`${payload} `, good)).status, 400, 'one byte more');
	assert.equal(sql(`SELECT count(*) FROM skillancer.provider_event WHERE id = '${event.id}'`)[0][0], '0');
	assert.equal((await send(payload, good)).status, 200);
	assert.deepEqual(sql(`SELECT state, object IS NULL FROM skillancer.provider_event WHERE id = '${event.id}'`), [['IGNORED', 't']], 'of an unknown type');
	const odd = '\u0000not json é';
	assert.equal((await send(odd, stripe.sign(odd))).status, 422, 'signed, but no event');
	for (const text of ['[]', '{}', '{"id": 1}', '"x"']) assert.equal((await send(text, stripe.sign(text))).status, 422, text);

	// two secrets while one is being replaced
	secrets('whsec_new', stripe.secret);
	assert.equal((await send(payload, stripe.sign(payload, { secret: 'whsec_new' }))).status, 200);
	assert.equal((await send(payload, stripe.sign(payload, { secret: ['whsec_wrong', stripe.secret] }))).status, 200);
	secrets('whsec_new');
	assert.equal((await send(payload, good)).status, 400, 'the old one is gone');
	secrets(stripe.secret);
});

test('amounts that differ are parked, for staff to see', async () => {
	const staff = { token: env.SKL_ADMIN_TOKEN };
	stripe.sending = false;
	const charge = await pay('pm_processing', '14.00');
	assert.ok(await until(() => calls(charge.id)[0]?.[1] === 'DONE'));
	const [intent] = stripe.intentOf(charge.id);
	stripe.succeed(intent, 1300);
	await stripe.deliver(stripe.events.at(-1));
	const event = await until(async () => (await call('GET', '/v1/admin/provider-events?state=PARKED', staff)).json.data.find((e) => e.ref === charge.id));
	assert.match(event.note, /1300 USD, we say 1400 USD/);
	assert.equal((await chargeOf(charge.id)).state, 'PROCESSING');
	const [[parked]] = sql(`SELECT what FROM skillancer.parked WHERE item = '${event.id}'`);
	assert.equal(parked, 'payment_intent.succeeded');
	const redriven = await call('POST', `/v1/admin/provider-calls/${event.id}/redrive`, { ...staff, body: {} });
	assert.equal(redriven.status, 202, redriven.text);
	assert.ok(await until(() => sql(`SELECT state FROM skillancer.provider_event WHERE id = '${event.id}'`)[0][0] === 'PARKED'), 'it is wrong again');
	intent.amount_received = 1400;
	intent.fee = 71;
	await stripe.deliver(stripe.event('payment_intent.succeeded', { ...intent, fee: undefined }));
	await becomes(charge.id, 'CAPTURED');
	stripe.sending = true;
	await agree('amounts');
	const list = await call('GET', '/v1/admin/provider-calls?limit=5', staff);
	assert.equal(list.json.data.length, 5);
	assert.ok(!list.text.includes('pm_card') && !list.text.includes(stripe.key));
});

// ---- payouts ----

async function earn(amount = '5000.00') {
	const booking = await book(client, freelancer, amount);
	const milestone = booking.milestones[0].id;
	await client.post(`/v1/milestones/${milestone}/fund`, { paymentMethodId: await card() }, 202);
	assert.ok(await until(() => sql(`SELECT state FROM skillancer.milestone WHERE id = '${milestone}'`)[0][0] === 'FUNDED'));
	await freelancer.post(`/v1/milestones/${milestone}/submit`, { note: 'Here it is.' });
	await client.post(`/v1/milestones/${milestone}/approve`);
	await timePasses(freelancer.id);
	assert.ok(await until(() => sql(`SELECT count(*) FROM skillancer.earning WHERE freelancer_id = '${freelancer.id}' AND state = 'PENDING'`)[0][0] === '0'));
}

async function payout(token, amount = '50.00') {
	const [[method]] = sql(`INSERT INTO skillancer.payment_method (user_id, kind, provider, token, label)
		VALUES ('${freelancer.id}', 'PAYOUT', 'stripe', '${token}', 'Account') RETURNING id`);
	return freelancer.post('/v1/payouts', { amount: usd(amount), paymentMethodId: method }, 201);
}

const payoutOf = (id) => freelancer.get(`/v1/payouts/${id}`);
const available = async () => (await freelancer.get('/v1/payments/wallet')).find((w) => w.currency === 'USD').available.amount;

async function payoutBecomes(id, state) {
	const found = await until(async () => { const now = await payoutOf(id); return now.state === state && now; }, 15000);
	assert.ok(found, `${id} becomes ${state}, it is ${(await payoutOf(id)).state}: ${JSON.stringify(calls(id))} ${JSON.stringify(stripe.problems)}`);
	return found;
}

// What left by payouts is what the stand-in sent.
async function payoutsAgree(what) {
	await agree(what);
	const [[sent]] = sql(`SELECT coalesce(-sum(e.amount), 0) FROM skillancer.ledger_entry e JOIN skillancer.ledger_txn t ON t.id = e.txn
		JOIN skillancer.ledger_account a ON a.id = e.account AND a.class = 'psp_clearing' JOIN skillancer.payout p ON p.id::uuid = t.ref AND p.user_id = '${freelancer.id}'`);
	const [[transit]] = sql(`SELECT coalesce(sum(skillancer.monetary_minor(t.booked)), 0) FROM skillancer.ledger_in_transit t WHERE t.item = 'payout' AND t.user_id = '${freelancer.id}'`);
	assert.equal(Number(sent) + Number(transit), stripe.paidOut, `${what}: payouts`);
}

test('payouts to accounts, refused, silent, and sent back', async () => {
	await earn();
	const plain = await payoutBecomes((await payout('acct_1')).id, 'PAID');
	assert.equal([...stripe.transfers.values()][0].amount, 4800);
	await payoutsAgree('a transfer');

	const before = await available();
	const refused = await payoutBecomes((await payout('acct_closed')).id, 'FAILED');
	assert.equal(refused.failureCode, 'resource_missing');
	assert.equal(await available(), before, 'the money is back, with its fee');
	stripe.problems = [];

	stripe.sending = false;
	stripe.fault(/^POST .*transfers$/, 'after', 3);
	const silent = await payout('acct_2');
	await payoutBecomes(silent.id, 'PAID');
	assert.deepEqual(calls(silent.id).map(([operation]) => operation).slice(0, 2), ['PAYOUT', 'ASK']);
	assert.equal([...stripe.transfers.values()].length, 2);
	stripe.fault(/^POST .*transfers$/, 'before', 3);
	assert.equal((await payoutBecomes((await payout('acct_3')).id, 'FAILED')).failureCode, 'not_received');
	stripe.release();
	stripe.sending = true;
	await payoutsAgree('silence');

	stripe.reverse([...stripe.transfers.values()].find((t) => t.metadata.skillancer_id === plain.id));
	assert.equal((await payoutBecomes(plain.id, 'RETURNED')).failureCode, 'reversed');
	await payoutsAgree('a reversal');
});

test('payouts to bank accounts take days, fail, and come back after they were paid', async () => {
	const one = await payout('ba_1');
	assert.ok(await until(() => stripe.payouts.size === 1));
	const [first] = stripe.payouts.values();
	await payoutBecomes(one.id, 'PROCESSING');
	stripe.settle(first, 'in_transit');
	stripe.settle(first, 'paid');
	await payoutBecomes(one.id, 'PAID');
	stripe.settle(first, 'failed', { failure_code: 'account_closed' });
	assert.equal((await payoutBecomes(one.id, 'RETURNED')).failureCode, 'account_closed');

	const two = await payout('ba_2');
	assert.ok(await until(() => stripe.payouts.size === 2));
	stripe.settle([...stripe.payouts.values()][1], 'failed', { failure_code: 'no_account' });
	assert.equal((await payoutBecomes(two.id, 'FAILED')).failureCode, 'no_account');
	await payoutsAgree('bank accounts');
	assert.deepEqual(stripe.problems.filter((p) => !/unexpected|status of/.test(p)), []);
});

// ---- refunds and charge-backs ----

const refundOf = (id) => client.get(`/v1/payments/refunds/${id}`);

async function refundBecomes(id, state) {
	const found = await until(async () => { const now = await refundOf(id); return now.state === state && now; }, 15000);
	assert.ok(found, `${id} becomes ${state}, it is ${(await refundOf(id)).state}: ${JSON.stringify(stripe.problems)}`);
	return found;
}

test('refunds to the card: done, silent, declined later, and counted once', async () => {
	const wallet = async () => Number((await client.get('/v1/payments/wallet')).find((w) => w.currency === 'USD').wallet.amount);
	const charge = await becomes((await pay('pm_card_visa', '60.00')).id, 'CAPTURED');
	const start = await wallet();
	const back = (amount, status = 202) => client.post(`/v1/payments/charges/${charge.id}/refunds`, { amount: usd(amount) }, status);
	const first = await back('20.00');
	assert.equal(first.state, 'PROCESSING');
	await refundBecomes(first.id, 'REFUNDED');
	assert.equal(stripe.refunds.size, 1);

	stripe.sending = false;
	stripe.fault(/^POST .*refunds$/, 'after', 3);
	const silent = await back('10.00');
	await refundBecomes(silent.id, 'REFUNDED');
	assert.equal(stripe.refunds.size, 2, 'it was asked for, not done again');
	stripe.release();
	stripe.sending = true;

	stripe.pendingRefunds = true;
	const slow = await back('5.00');
	assert.ok(await until(() => stripe.refunds.size === 3));
	assert.equal((await refundOf(slow.id)).state, 'PROCESSING');
	assert.equal(sql(`SELECT booked FROM skillancer.ledger_in_transit WHERE item = 'refund' AND ref = '${slow.id}'::skillancer.refund_id::uuid`)[0][0], '5.00 USD');
	stripe.settle([...stripe.refunds.values()][2], 'failed', { failure_reason: 'expired_or_canceled_card' });
	assert.equal((await refundBecomes(slow.id, 'FAILED')).failureCode, 'expired_or_canceled_card');
	stripe.pendingRefunds = false;

	// one that was on the card and came back
	stripe.settle([...stripe.refunds.values()][0], 'failed', { failure_reason: 'lost_or_stolen_card' });
	await refundBecomes(first.id, 'FAILED');
	assert.equal(await wallet(), start - 10);

	// fifty clerks at once give back no more than came
	const answers = await Promise.all(Array.from({ length: 20 }, () => client.raw('POST', `/v1/payments/charges/${charge.id}/refunds`, { amount: usd('10.00') })));
	assert.equal(answers.filter((a) => a.status === 202).length, 5);
	assert.ok(await until(() => stripe.refunded === 6000));
	await agree('refunds');
	assert.deepEqual(stripe.problems.filter((p) => /refund/i.test(p)), []);
});

test('charge-backs: opened, closed, told twice and in the wrong order', async () => {
	const dispute = (charge, status, more = {}) => ({ id: `dp_${randomBytes(8).toString('hex')}`, object: 'dispute', status, reason: 'fraudulent',
		amount: 3000, currency: 'usd', payment_intent: stripe.intentOf(charge.id)[0].id, balance_transactions: [{ fee: 1500 }], ...more });
	const settled = (event) => until(() => sql(`SELECT state FROM skillancer.provider_event WHERE id = '${event.id}' AND state <> 'RECEIVED'`)[0]?.[0]);
	stripe.sending = false;
	const [won, lost, asked] = [await pay('pm_card_visa', '30.00'), await pay('pm_card_visa', '30.00'), await pay('pm_card_visa', '30.00')];
	for (const { id } of [won, lost, asked]) await becomes(id, 'CAPTURED');

	const inquiry = stripe.event('charge.dispute.created', dispute(asked, 'warning_needs_response'));
	await stripe.deliver(inquiry);
	assert.equal(await settled(inquiry), 'IGNORED');
	assert.equal((await chargeOf(asked.id)).state, 'CAPTURED');

	const first = dispute(won, 'needs_response');
	const opened = stripe.event('charge.dispute.created', first);
	await Promise.all([stripe.deliver(opened), stripe.deliver(opened), stripe.deliver(stripe.event('charge.dispute.funds_withdrawn', first))]);
	await becomes(won.id, 'CHARGED_BACK');
	const closed = stripe.event('charge.dispute.closed', { ...first, status: 'won' });
	await stripe.deliver(closed);
	await becomes(won.id, 'CAPTURED');
	assert.equal(await settled(opened), 'DONE');

	const second = dispute(lost, 'lost');
	const end = stripe.event('charge.dispute.closed', second);
	await stripe.deliver(end);
	await becomes(lost.id, 'CHARGED_BACK');
	const late = stripe.event('charge.dispute.created', { ...second, status: 'needs_response' });
	await stripe.deliver(late);
	await settled(late);
	assert.deepEqual(sql(`SELECT state FROM skillancer.chargeback WHERE charge_id = '${lost.id}'`), [['LOST']]);
	const odd = stripe.event('charge.dispute.created', dispute(asked, 'needs_response', { currency: 'eur' }));
	await stripe.deliver(odd);
	assert.equal(await settled(odd), 'PARKED');
	sql(`DELETE FROM skillancer.provider_event WHERE id = '${odd.id}'`);
	stripe.sending = true;
	checkBooks();
});

test('the key of the provider is nowhere', async () => {
	assert.equal(sql(`SELECT count(*) FROM pg_settings WHERE setting LIKE '%${stripe.key}%'`)[0][0], '0');
	for (const table of ['provider_call', 'provider_event', 'charge', 'payout', 'event']) {
		assert.equal(sql(`SELECT count(*) FROM skillancer.${table} t WHERE t::text LIKE '%${stripe.key}%' OR t::text LIKE '%${stripe.secret}%'`)[0][0], '0', table);
	}
});
