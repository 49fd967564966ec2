// money_amounts.test.mjs
//	Amounts that are none, in every field that takes one: each is refused by the name of its field, nothing is moved,
//	and the digits of a currency are exact. The same in SQL is test/pgtap/money_amounts.sql.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { sql } from './support.mjs';
import { card, checkBooks, fundedMilestone, join, openProject, usd } from './market.mjs';

let client;
let freelancer;
let routes;

before(async () => {
	[client, freelancer] = await Promise.all([join('anna', 'CLIENT'), join('abel', 'FREELANCER')]);
	const [{ milestone }, project, method] = await Promise.all([fundedMilestone(client, freelancer, '100.00'), openProject(client), card(client)]);
	const bank = await freelancer.post('/v1/payout-methods', { token: 'tok_bank_success' }, 201);
	const text = { title: 'Work to be done', description: 'Everything that has to be done for it.' };
	// name → who, path, body of an amount, and the field that is wrong then
	routes = {
		'a charge': [client, '/v1/payments/charges', (amount) => ({ amount, paymentMethodId: method }), 'amount'],
		'a payout': [freelancer, '/v1/payouts', (amount) => ({ amount, paymentMethodId: bank.id }), 'amount'],
		'a part released': [client, `/v1/milestones/${milestone.id}/release-part`, (amount) => ({ amount }), 'amount'],
		'a part refunded': [freelancer, `/v1/milestones/${milestone.id}/refund-part`, (amount) => ({ amount }), 'amount'],
		'a milestone': [client, `/v1/bookings/${milestone.bookingId}/milestones`, (amount) => ({ title: 'More', amount }), 'amount'],
		'an offer': [client, '/v1/bookings', (price) => ({ ...text, freelancerId: freelancer.id, price }), 'price'],
		'a milestone of an offer': [client, '/v1/bookings', (amount) => ({ ...text, freelancerId: freelancer.id, price: usd('10.00'), milestones: [{ title: 'One', amount }] }), 'milestones'],
		'a bid': [freelancer, `/v1/projects/${project.id}/proposals`, (bid) => ({ coverLetter: 'I have done work of this kind for years. '.repeat(3), bid }), 'bid'],
		'a claim': [client, `/v1/bookings/${milestone.bookingId}/disputes`, (amount) => ({ milestoneId: milestone.id, amount, reason: 'QUALITY', statement: 'It is not what we agreed on.' }), 'amount'],
	};
});
after(() => checkBooks());

// too little, too much, too exact, not a number as JSON has them, digits of other scripts, another currency or none
const BAD = ['0', '-0', '-0.00', '-1.00', '+1', '1e3', '1E3', '0x10', '0.001', '10.999', '92233720368547758.08', '92233720368547758.07', '9'.repeat(400), ' 1', '1 ',
	'1 000', '1,5', '1_000', '.5', '5.', 'NaN', 'Infinity', '-Infinity', '', 'null', '١', '１', '²', '1\u00a0', '1\u0000', 'USD 1', '1 USD'].map((amount) => ({ amount, currency: 'USD' }))
	.concat([12, 1.5, null, true, {}, [], ['1']].map((amount) => ({ amount, currency: 'USD' })))
	.concat(['usd', 'US', 'USDX', 'XXQ', '', null, 5, 'U\u0000D'].map((currency) => ({ amount: '5.00', currency })))
	.concat([null, '5.00', 5, [], {}, { amount: '5.00' }, { currency: 'USD' }, { amount: '5.00', currency: 'USD', minor: 500 }]);

// What is an amount there: a claim may be for nothing, and a payout or a claim has no limit but what there is.
const FINE = { 'a payout': ['92233720368547758.07'], 'a claim': ['0', '-0', '-0.00', '92233720368547758.07'] };

const entries = () => sql('SELECT count(*) FROM skillancer.ledger_entry')[0][0];

for (const name of ['a charge', 'a payout', 'a part released', 'a part refunded', 'a milestone', 'an offer', 'a milestone of an offer', 'a bid', 'a claim']) {
	test(`${name}: ${BAD.length} amounts that are none are refused by name`, async () => {
		const [who, path, body, field] = routes[name];
		for (const amount of BAD.filter((bad) => !FINE[name]?.includes(bad?.amount))) {
			const answer = await who.raw('POST', path, body(amount));
			// a zero byte is no text at all
			const expected = JSON.stringify(amount).includes('u0000') ? [400, 422] : [422];
			assert.ok(expected.includes(answer.status), `${JSON.stringify(amount).slice(0, 80)}: ${answer.text}`);
			if (answer.status === 422) assert.ok(answer.json.error.details.some((d) => d.field.startsWith(field)), `${JSON.stringify(amount)}: ${answer.text}`);
		}
	});
}

test('a booking has one currency, whichever command names another', async () => {
	for (const name of ['a part released', 'a part refunded', 'a milestone', 'a claim', 'a bid']) {
		const [who, path, body, field] = routes[name];
		const answer = await who.raw('POST', path, body({ amount: '5.00', currency: 'EUR' }));
		assert.equal(answer.status, 422, `${name}: ${answer.text}`);
		assert.ok(answer.json.error.details.some((d) => d.field === field), answer.text);
	}
	const [who, path, body] = routes['a milestone of an offer'];
	assert.equal((await who.raw('POST', path, body({ amount: '10.00', currency: 'EUR' }))).status, 422, 'milestones have the currency of the price');
});

test('each currency has its own digits', async () => {
	const method = await card(client);
	const charge = (amount, currency) => client.raw('POST', '/v1/payments/charges', { amount: { amount, currency }, paymentMethodId: method });
	for (const [amount, currency, status, told] of [['500', 'JPY', 201, '500'], ['500.0', 'JPY', 422], ['500.5', 'JPY', 422], ['5.125', 'BHD', 201, '5.125'], ['5.1', 'BHD', 201, '5.100'],
		['5.1250', 'BHD', 422], ['5.1', 'USD', 201, '5.10'], ['5.100', 'USD', 422], ['7', 'USD', 201, '7.00']]) {
		const answer = await charge(amount, currency);
		assert.equal(answer.status, status, `${amount} ${currency}: ${answer.text}`);
		if (told) assert.deepEqual(answer.json.data.amount, { amount: told, currency });
	}
});

test('what was refused has moved nothing', async () => {
	const before = entries();
	for (const [who, path, body] of Object.values(routes)) await who.raw('POST', path, body({ amount: '92233720368547758.07', currency: 'USD' }));
	assert.equal(entries(), before);
});
