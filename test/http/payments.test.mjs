// payments.test.mjs
//	The money of one person over HTTP: payment and payout methods, balances, history, earnings, and the same as CSV.

import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { call, sql, until } from './support.mjs';
import { PASSWORD, card, checkBooks, fundedMilestone, join, timePasses, usd } from './market.mjs';

let client;
let freelancer;
let other;

before(async () => {
	[client, freelancer, other] = await Promise.all([join('mona', 'CLIENT'), join('milo', 'FREELANCER'), join('moss', 'FREELANCER')]);
});
after(() => checkBooks());

// Lets the sign-ins of somebody grow old.
const forgetSignIn = (person) => sql(`UPDATE skillancer.session SET confirmed_at = skillancer.now() - interval '16 minutes' WHERE user_id = '${person.id}'`);
const stepUp = (person, password = PASSWORD) => call('POST', '/v1/auth/step-up', { token: person.token, body: { password } });

describe('payment methods', () => {
	test('a card is a token, and shows what it is recognised by', async () => {
		const first = await client.post('/v1/payment-methods', { token: 'tok_success' }, 201);
		assert.deepEqual([first.brand, first.last4, first.expMonth, first.expYear, first.isDefault], ['test', '4242', 12, 2039, true]);
		assert.ok(!JSON.stringify(first).includes('tok_'), 'the token stays here');
		const second = await client.post('/v1/payment-methods', { token: 'tok_declined', isDefault: true }, 201);
		assert.deepEqual((await client.get('/v1/payment-methods')).map((m) => [m.id, m.isDefault]), [[first.id, false], [second.id, true]]);
		const answer = await client.raw('GET', `/v1/payment-methods/${first.id}`);
		assert.equal((await client.raw('GET', `/v1/payment-methods/${first.id}`, undefined, { 'if-none-match': answer.headers.get('etag') })).status, 304);
		assert.equal((await other.raw('GET', `/v1/payment-methods/${first.id}`)).status, 404);
		assert.equal((await client.raw('GET', `/v1/payout-methods/${first.id}`)).status, 404, 'it is no payout method');
		const choose = (etag) => client.raw('PATCH', `/v1/payment-methods/${first.id}`, { isDefault: true }, { 'if-match': etag });
		assert.equal((await choose('"v99"')).status, 412);
		assert.equal((await choose(answer.headers.get('etag'))).json.data.isDefault, true);
		assert.equal((await client.raw('PATCH', `/v1/payment-methods/${first.id}`, { isDefault: false })).status, 422);
		assert.equal((await other.raw('PATCH', `/v1/payment-methods/${first.id}`, { isDefault: true })).status, 404);
	});

	test('card data is no field', async () => {
		const refused = await client.raw('POST', '/v1/payment-methods', { token: 'tok_success', number: '4242424242424242', cvc: '123' });
		assert.equal(refused.status, 422);
		assert.deepEqual(refused.json.error.details.map((d) => d.field).sort(), ['cvc', 'number']);
	});

	test('it is not removed while a charge with it is not decided', async () => {
		const id = await card(client, 'tok_action_required');
		const charge = await client.post('/v1/payments/charges', { amount: usd('20.00'), paymentMethodId: id }, 202);
		const refused = await client.raw('DELETE', `/v1/payment-methods/${id}`);
		assert.deepEqual([refused.status, refused.json.error.code], [409, 'INVALID_STATE']);
		await client.post(`/v1/payments/charges/${(charge.charge ?? charge).id}/confirm`);
		assert.equal((await client.raw('DELETE', `/v1/payment-methods/${id}`)).status, 204);
		assert.equal((await client.raw('DELETE', `/v1/payment-methods/${id}`)).status, 404);
		assert.equal((await client.raw('POST', '/v1/payments/charges', { amount: usd('20.00'), paymentMethodId: id })).status, 422);
	});
});

describe('payout methods', () => {
	test('need a recent sign-in', async () => {
		forgetSignIn(freelancer);
		const refused = await freelancer.raw('POST', '/v1/payout-methods', { token: 'tok_bank_success' });
		assert.deepEqual([refused.status, refused.json.error.code], [403, 'STEP_UP_REQUIRED']);
		assert.equal((await stepUp(freelancer, 'Wrong-Password-1')).status, 401);
		const confirmed = await stepUp(freelancer);
		assert.equal(confirmed.status, 200, confirmed.text);
		assert.ok(Date.parse(confirmed.json.data.confirmedUntil) > Date.now() + 14 * 60000);
		const first = await freelancer.post('/v1/payout-methods', { token: 'tok_bank_success' }, 201);
		assert.deepEqual([first.isDefault, first.last4], [true, '6789']);
		const hours = (Date.parse(first.usableFrom) - Date.now()) / 3600000;
		assert.ok(hours > 71.9 && hours < 72.1, 'and cool down for 72 hours');
		forgetSignIn(freelancer);
		assert.equal((await freelancer.raw('DELETE', `/v1/payout-methods/${first.id}`)).status, 403);
		assert.equal((await freelancer.raw('PATCH', `/v1/payout-methods/${first.id}`, { isDefault: true })).status, 403);
		assert.equal((await freelancer.raw('GET', `/v1/payout-methods/${first.id}`)).status, 200, 'reading needs none');
		assert.equal((await stepUp(other)).status, 200, "another person's step-up is his own");
		assert.equal((await freelancer.raw('DELETE', `/v1/payout-methods/${first.id}`)).status, 403);
	});

	test('a new default cools down again, and its owner is told', async () => {
		await stepUp(freelancer);
		sql(`UPDATE skillancer.payment_method SET usable_from = skillancer.now() WHERE user_id = '${freelancer.id}'`);
		const second = await freelancer.post('/v1/payout-methods', { token: 'tok_bank_closed' }, 201);
		sql(`UPDATE skillancer.payment_method SET usable_from = skillancer.now() WHERE user_id = '${freelancer.id}'`);
		const changed = await freelancer.raw('PATCH', `/v1/payout-methods/${second.id}`, { isDefault: true });
		assert.equal(changed.status, 200, changed.text);
		assert.ok(Date.parse(changed.json.data.usableFrom) > Date.now() + 71 * 3600000);
		assert.equal((await freelancer.raw('DELETE', `/v1/payout-methods/${second.id}`)).status, 204);
		const types = await until(async () => {
			const seen = (await freelancer.get('/v1/notifications?limit=100')).map((n) => n.type);
			return ['payout_method.added', 'payout_method.made_default', 'payout_method.removed'].every((t) => seen.includes(t)) && seen;
		}, 15000);
		assert.ok(types, 'three notifications');
		assert.deepEqual((await client.get('/v1/payout-methods')), []);
	});
});

describe('history and earnings', () => {
	let buyer;
	let seller;
	let deal;

	before(async () => {
		[buyer, seller] = await Promise.all([join('hilda', 'CLIENT'), join('hanno', 'FREELANCER')]);
		deal = await fundedMilestone(buyer, seller, '1000.00');
		await seller.post(`/v1/milestones/${deal.milestone.id}/submit`, { note: 'Done.' });
		await buyer.post(`/v1/milestones/${deal.milestone.id}/release-part`, { amount: usd('400.00') });
		await buyer.post(`/v1/milestones/${deal.milestone.id}/approve`);
		const small = await fundedMilestone(buyer, seller, '100.00');
		await seller.post(`/v1/milestones/${small.milestone.id}/submit`, { note: 'Done.' });
		await buyer.post(`/v1/milestones/${small.milestone.id}/approve`);
	});

	test('the wallet has every balance', async () => {
		const bank = await seller.post('/v1/payout-methods', { token: 'tok_bank_success' }, 201);
		await timePasses(seller.id);
		assert.ok(await until(async () => (await seller.get('/v1/payments/wallet'))[0]?.available.amount === '940.00', 15000), 'fees: 100 + 60, earned 940');
		await seller.post('/v1/payouts', { amount: usd('100.00'), paymentMethodId: bank.id }, 201);
		assert.deepEqual((await seller.get('/v1/payments/wallet')), [{ currency: 'USD', wallet: usd('0.00'), pending: usd('0.00'),
			available: usd('840.00'), inTransit: usd('98.00'), refunding: usd('0.00'), receivable: usd('0.00') }]);
		assert.deepEqual(await other.get('/v1/payments/wallet'), []);
	});

	test('the freelancer sees releases with his fee, the client with hers', async () => {
		const rows = await seller.get('/v1/payments?kind=RELEASE');
		assert.deepEqual(rows.map((r) => [r.gross.amount, r.fee.amount, r.entries[0].account, r.entries[0].change.amount]),
			[['100.00', '10.00', 'freelancer_pending', '90.00'], ['600.00', '70.00', 'freelancer_pending', '530.00'], ['400.00', '80.00', 'freelancer_pending', '320.00']]);
		const bought = await buyer.get('/v1/payments?kind=RELEASE');
		assert.deepEqual(bought.map((r) => [r.gross.amount, r.fee.amount, r.entries]), [['100.00', '3.00', []], ['600.00', '18.00', []], ['400.00', '12.00', []]]);
		assert.deepEqual(bought.map((r) => r.posting), rows.map((r) => r.posting), 'one posting, two views of it');
		const all = await buyer.get('/v1/payments?limit=100');
		assert.deepEqual([...new Set(all.map((r) => r.kind))].sort(), ['CHARGE', 'FUND', 'RELEASE']);
		assert.deepEqual([...new Set((await seller.get('/v1/payments?limit=100')).map((r) => r.kind))].sort(), ['AVAILABLE', 'PAYOUT', 'RELEASE']);
		for (const row of all) {
			const [[kind]] = sql(`SELECT t.kind FROM skillancer.ledger_txn t WHERE t.id = ${row.posting}`);
			assert.equal(kind.replace('_part', '').toUpperCase(), row.kind, 'the number is that of the posting');
		}
	});

	test('filters and pages', async () => {
		const booked = await buyer.get(`/v1/payments?bookingId=${deal.booking.id}&limit=100`);
		assert.deepEqual(booked.map((r) => r.kind), ['RELEASE', 'RELEASE', 'FUND', 'CHARGE']);
		assert.deepEqual([...new Set(booked.map((r) => r.bookingId))], [deal.booking.id]);
		assert.deepEqual(await buyer.get('/v1/payments?currency=EUR'), []);
		assert.deepEqual(await buyer.get('/v1/payments?to=2020-01-01T00:00:00Z'), []);
		assert.equal((await buyer.get('/v1/payments?from=2020-01-01T00:00:00Z&limit=100')).length, 7);
		const seen = [];
		let cursor = '';
		do {
			const page = await call('GET', `/v1/payments?limit=2${cursor && `&cursor=${cursor}`}`, { token: buyer.token });
			seen.push(...page.json.data.map((r) => r.posting));
			cursor = page.json.meta.pagination.nextCursor;
		} while (cursor);
		assert.deepEqual(seen, (await buyer.get('/v1/payments?limit=100')).map((r) => r.posting), 'every posting once, in order');
		assert.equal((await buyer.raw('GET', '/v1/payments?kind=x&currency=dollar&from=2021-01-01T00:00:00Z&to=2020-01-01T00:00:00Z')).json.error.details.length, 3);
		assert.deepEqual(await other.get('/v1/payments'), []);
	});

	test('earnings add up to what the ledger holds', async () => {
		const month = await call('GET', '/v1/payments/earnings?groupBy=month', { token: seller.token });
		assert.deepEqual(month.json.meta.totals, [{ earnings: 3, gross: usd('1100.00'), fee: usd('160.00'), net: usd('940.00'), returned: usd('0.00') }]);
		assert.equal(month.json.data.length, 1);
		const [[credited]] = sql(`SELECT skillancer.monetary_of(-sum(e.amount)::bigint, 'USD')::numeric FROM skillancer.ledger_entry e
			JOIN skillancer.ledger_account a ON a.id = e.account JOIN skillancer.ledger_txn t ON t.id = e.txn
			WHERE a.owner = '${seller.id}'::skillancer.user_id::uuid AND t.kind LIKE 'release%'`);
		assert.equal(month.json.data[0].net.amount, credited);
		const bookings = await seller.get('/v1/payments/earnings?groupBy=booking');
		assert.deepEqual(bookings.map((b) => b.gross.amount).sort(), ['100.00', '1000.00']);
		assert.ok(bookings.find((b) => b.booking === deal.booking.id).name);
		const clients = await seller.get('/v1/payments/earnings?groupBy=client&currency=USD');
		assert.deepEqual(clients.map((c) => [c.client, c.earnings]), [[buyer.id, 3]]);
		const one = await call('GET', '/v1/payments/earnings?groupBy=booking&limit=1', { token: seller.token });
		const two = await call('GET', `/v1/payments/earnings?groupBy=booking&limit=1&cursor=${one.json.meta.pagination.nextCursor}`, { token: seller.token });
		assert.deepEqual([...one.json.data, ...two.json.data], bookings);
		assert.equal((await seller.get('/v1/payments/earnings')).length, 3);
		assert.equal((await seller.raw('GET', '/v1/payments/earnings?groupBy=decade')).status, 422);
		assert.deepEqual(await other.get('/v1/payments/earnings?groupBy=year'), []);
	});

	test('the history as a table', async () => {
		const answer = await call('GET', '/v1/payments/export', { token: seller.token });
		assert.deepEqual([answer.status, answer.headers.get('content-type')], [200, 'text/csv; charset=utf-8; header=present']);
		assert.match(answer.headers.get('content-disposition'), /^attachment; filename="payments.csv"$/);
		const lines = answer.text.trimEnd().split('\r\n').map((line) => line.split(','));
		assert.deepEqual(lines[0].slice(0, 3), ['posting', 'at', 'kind']);
		const net = lines.slice(1).filter((l) => l[2] === 'RELEASE').reduce((sum, l) => sum + Math.round(Number(l[8]) * 100), 0);
		assert.equal(net, 94000);
		const filtered = await call('GET', '/v1/payments/export?kind=PAYOUT', { token: seller.token });
		assert.equal(filtered.text.trimEnd().split('\r\n').length, 2);
		assert.equal((await call('GET', '/v1/payments/export')).status, 401);
		assert.deepEqual(sql(`SELECT to_json(skillancer.csv_line('=1+1', '-5.00', '-x', 'a"b', NULL, 'c,d'))`), [[JSON.stringify(`'=1+1,-5.00,'-x,"a""b",,"c,d"\r\n`)]]);
	});
});
