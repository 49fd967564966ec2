// payments.test.mjs
//	The money of one person over HTTP: payment and payout methods.

import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { call, sql, until } from './support.mjs';
import { PASSWORD, card, checkBooks, join, usd } from './market.mjs';

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
