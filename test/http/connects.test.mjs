// test/http/connects.test.mjs
//	Connects and conversions over HTTP: balance, purchases, what a proposal takes and gives back, rates, quotes; with
//	Idempotency-Key, and at once.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { card, checkBooks, join, openProject, propose, tag, usd } from './market.mjs';
import { call, env, sql } from './support.mjs';

const admin = (method, path, body) => call(method, path, { token: env.SKL_ADMIN_TOKEN, body });
const key = () => ({ 'Idempotency-Key': tag() });
let clara, otto;

before(async () => {
	[clara, otto] = await Promise.all([join('clara', 'CLIENT'), join('otto', 'FREELANCER')]);
});
after(checkBooks);

const balance = async (who = otto) => (await who.get('/v1/connects')).balance;

test('a new freelancer has the connects of the month, and sees what a proposal costs', async () => {
	const project = await openProject(clara, '800.00');
	const mine = await otto.get(`/v1/connects?projectId=${project.id}`);
	assert.equal(mine.cost, 4);
	assert.equal(mine.balance, mine.granted + mine.bought);
	assert.deepEqual(mine.history.map((h) => h.kind), ['connects_granted', 'connects_granted']);
	assert.ok(mine.expires.every((lot) => lot.expiresAt > new Date().toISOString()));
	assert.ok(mine.bundles.length > 0);
});

test('a proposal takes connects; an early withdrawal brings them back', async () => {
	const before_ = await balance();
	const project = await openProject(clara, '2000.00');
	const proposal = await propose(otto, project, '2000.00');
	assert.equal(proposal.connects, 6);
	assert.equal(await balance(), before_ - 6);
	assert.equal((await clara.get(`/v1/proposals/${proposal.id}`)).connects, null, 'the client is not told');
	await otto.post(`/v1/proposals/${proposal.id}/withdraw`);
	assert.equal(await balance(), before_);
	const [back, used] = (await otto.get('/v1/connects?limit=2')).history;
	assert.deepEqual([back.kind, back.change, back.proposalId, used.kind, used.change], ['connects_returned', 6, proposal.id, 'connects_used', -6]);
});

test('the history has pages', async () => {
	const first = await otto.raw('GET', '/v1/connects?limit=1');
	const next = await otto.raw('GET', `/v1/connects?limit=1&cursor=${first.json.meta.pagination.nextCursor}`);
	assert.equal(next.status, 200, next.text);
	assert.notDeepEqual(next.json.data.history, first.json.data.history);
});

test('a bundle is bought once for each key', async () => {
	const method = await card(otto);
	const before_ = await balance();
	const headers = key();
	const answers = await Promise.all(Array.from({ length: 8 }, () => otto.raw('POST', '/v1/connects/purchases', { connects: 40, paymentMethodId: method }, headers)));
	assert.ok(answers.some((a) => a.status === 201), answers[0].text);
	assert.ok(answers.every((a) => a.status === 201 || a.json.error.code === 'IDEMPOTENCY_IN_PROGRESS'));
	assert.equal(await balance(), before_ + 40);
	assert.equal((await otto.raw('POST', '/v1/connects/purchases', { connects: 80, paymentMethodId: method }, headers)).json.error.code, 'IDEMPOTENCY_MISMATCH');
	const dry = await otto.post('/v1/connects/purchases', { connects: 40, paymentMethodId: method, dryRun: true });
	assert.deepEqual(dry.postings.map((p) => p.kind), ['charge', 'charge_cost', 'connects_bought']);
	assert.equal(await balance(), before_ + 40, 'a dry run buys nothing');
});

test('what cannot be bought is refused', async () => {
	assert.equal((await otto.post('/v1/connects/purchases', { connects: 41 }, 422)).details[0].field, 'connects');
	assert.equal((await otto.post('/v1/connects/purchases', { connects: 10 }, 409)).code, 'INSUFFICIENT_FUNDS');
	assert.equal((await otto.post('/v1/connects/purchases', { connects: 10, paymentMethodId: await card(otto, 'tok_declined') }, 402)).code, 'PAYMENT_FAILED');
	await clara.post('/v1/connects/purchases', { connects: 10 }, 403);
});

test('proposals at once spend no more than there is', async () => {
	const ivy = await join('ivy', 'FREELANCER');
	sql(`SELECT skillancer.connects_post_use('${ivy.id}'::skillancer.user_id::uuid, skillancer.new_id(), ${await balance(ivy) - 6})`);
	const projects = await Promise.all(Array.from({ length: 10 }, () => openProject(clara, '300.00')));
	const answers = await Promise.all(projects.map((p) => ivy.raw('POST', `/v1/projects/${p.id}/proposals`,
		{ coverLetter: 'I have done work of this kind for many years, and I can begin at once.', bid: usd('300.00') })));
	assert.equal(answers.filter((a) => a.status === 201).length, 3);
	const refused = answers.find((a) => a.status !== 201).json.error;
	assert.deepEqual([refused.code, refused.details], ['INSUFFICIENT_CONNECTS', { needed: 2, balance: 0 }]);
	assert.equal(await balance(ivy), 0);
});

test('a client converts what a quote says', async () => {
	const rate = { base: 'EUR', quote: 'USD', rate: '1.0869565217', source: 'a test', confirm: true };
	assert.ok([201, 409].includes((await admin('POST', '/v1/admin/fx-rates', rate)).status));
	await clara.post('/v1/payments/charges', { amount: { amount: '1000.00', currency: 'EUR' }, paymentMethodId: await card(clara) }, 201);
	const quote = await clara.get('/v1/wallet/conversions/preview?from=EUR&to=USD&amount=1000.00&side=BUY');
	assert.deepEqual([quote.sold.amount, quote.spread.amount, quote.bought.amount, quote.rate], ['924.60', '4.60', '1000.00', '1.0869565217']);
	const dry = await clara.post('/v1/wallet/conversions', { quote: quote.quote, dryRun: true });
	assert.deepEqual(dry.postings[0].entries.map((e) => [e.account, (e.debit ?? e.credit).amount]),
		[['client_wallet', '924.60'], ['fx_position', '920.00'], ['revenue_fx', '4.60'], ['fx_position', '1000.00'], ['client_wallet', '1000.00']]);
	const answers = await Promise.all(Array.from({ length: 6 }, () => clara.raw('POST', '/v1/wallet/conversions', { quote: quote.quote })));
	assert.deepEqual(answers.map((a) => a.status).sort(), [201, 409, 409, 409, 409, 409]);
	const wallet = await clara.get('/v1/payments/wallet');
	assert.deepEqual(wallet.filter((w) => ['EUR', 'USD'].includes(w.currency)).map((w) => w.wallet.amount), ['75.40', '1000.00']);
	assert.equal((await otto.post('/v1/wallet/conversions', { quote: quote.quote }, 422)).details[0].field, 'quote');
	assert.equal((await clara.get('/v1/wallet/conversions')).length, 1);
});

test('rates are for everybody to see and for finance to set', async () => {
	const { rates, spreadBps } = await clara.get('/v1/fx-rates');
	assert.equal(spreadBps, 50);
	assert.ok(rates.some((r) => r.base === 'EUR' && r.quote === 'USD' && r.usable));
	await clara.post('/v1/admin/fx-rates', { base: 'EUR', quote: 'USD', rate: '1', source: 'me' }, 403);
	assert.equal((await admin('POST', '/v1/admin/fx-rates', { base: 'EUR', quote: 'USD', rate: '0', source: 'x' })).status, 422);
	assert.equal((await clara.get('/v1/wallet/conversions/preview?from=EUR&to=XAF&amount=5', 409)).code, 'RATE_UNAVAILABLE');
	const { positions } = (await admin('GET', '/v1/admin/fx-positions')).json.data;
	assert.ok(positions.length >= 2);
});
