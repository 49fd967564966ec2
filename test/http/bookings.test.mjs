// bookings.test.mjs
//	The journey over HTTP from registration to reviews, and what many clients at once can do to it: one winner for an
//	opening, one funding, one effect for one key, payouts within the balance.

import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { call, sql, until } from './support.mjs';
import { book, card, checkBooks, fundedMilestone, join, openProject, propose, tag, timePasses, usd } from './market.mjs';

let client;
let freelancer;
let stranger;

before(async () => {
	[client, freelancer, stranger] = await Promise.all([join('clara', 'CLIENT'), join('felix', 'FREELANCER'), join('sam', 'CLIENT')]);
});
after(() => checkBooks());

// How often each status came back.
const count = (answers) => Object.fromEntries([...new Set(answers.map((a) => a.status))].sort()
	.map((status) => [status, answers.filter((a) => a.status === status).length]));

test('the journey: accepted, funded, done, paid out, reviewed', async () => {
	const project = await openProject(client, '1500.00');
	assert.equal(project.state, 'OPEN');
	const found = await freelancer.get(`/v1/projects?q=${encodeURIComponent(project.title)}`);
	assert.ok(found.some((p) => p.id === project.id), 'the posting is found');
	const proposal = await propose(freelancer, project, '1000.00', [
		{ title: 'First half', amount: usd('400.00'), days: 5 }, { title: 'Second half', amount: usd('600.00'), days: 5 }]);
	const booking = await client.post(`/v1/proposals/${proposal.id}/accept`, { revision: 1 });
	assert.equal(booking.state, 'AWAITING_PAYMENT');
	assert.equal(booking.termsHash.length, 64);
	assert.deepEqual(booking.milestones.map((m) => [m.title, m.amount.amount, m.state]),
		[['First half', '400.00', 'AGREED'], ['Second half', '600.00', 'AGREED']]);

	const method = await card(client);
	for (const [index, expected] of [['0', '80.00'], ['1', '70.00']]) {
		const { id } = booking.milestones[index];
		const funded = await client.post(`/v1/milestones/${id}/fund`, { paymentMethodId: method }, 201);
		assert.equal(funded.milestone.state, 'FUNDED');
		assert.equal(funded.charge.state, 'CAPTURED');
		assert.equal((await freelancer.post(`/v1/milestones/${id}/submit`, { note: 'Here it is.' })).state, 'SUBMITTED');
		const dry = await client.post(`/v1/milestones/${id}/approve`, { dryRun: true });
		assert.equal(dry.result.state, 'RELEASED');
		const fee = dry.postings.find((p) => p.kind === 'release').entries.find((e) => e.account === 'revenue_service');
		assert.equal(fee.credit.amount, expected, 'the fee of this step');
		assert.equal((await freelancer.get(`/v1/bookings/${booking.id}`)).milestones[index].state, 'SUBMITTED', 'a dry run changes nothing');
		assert.equal((await client.post(`/v1/milestones/${id}/approve`)).state, 'RELEASED');
	}
	let [wallet] = await freelancer.get('/v1/payments/wallet');
	assert.deepEqual([wallet.pending.amount, wallet.available.amount], ['850.00', '0.00']);

	const bank = await freelancer.post('/v1/payout-methods', { token: 'tok_bank_success' }, 201);
	const early = await freelancer.post('/v1/payouts', { amount: usd('850.00'), paymentMethodId: bank.id }, 409);
	assert.equal(early.code, 'INVALID_STATE', 'a new bank account cools down');
	await timePasses(freelancer.id);
	wallet = await until(async () => (await freelancer.get('/v1/payments/wallet')).find((w) => w.available.amount === '850.00'), 15000);
	assert.ok(wallet, 'the timekeeper makes the earnings available');
	const payout = await freelancer.post('/v1/payouts', { amount: usd('850.00'), paymentMethodId: bank.id }, 201);
	assert.deepEqual([payout.state, payout.fee.amount, payout.arrives.amount], ['REQUESTED', '2.00', '848.00']);
	await timePasses(freelancer.id);
	const paid = await until(async () => (await freelancer.get(`/v1/payouts/${payout.id}`)).state === 'PAID', 15000);
	assert.ok(paid, 'the provider pays');

	assert.equal((await client.post(`/v1/bookings/${booking.id}/end`)).state, 'COMPLETED');
	const review = { rating: 5, comment: 'A pleasure from start to end.', wouldWorkAgain: true };
	assert.equal((await client.post(`/v1/bookings/${booking.id}/reviews`, review, 201)).state, 'HIDDEN');
	assert.deepEqual(await stranger.get(`/v1/users/${freelancer.id}/reviews`), []);
	assert.equal((await freelancer.post(`/v1/bookings/${booking.id}/reviews`, { ...review, rating: 4 }, 201)).state, 'PUBLISHED');
	assert.equal((await stranger.get(`/v1/users/${freelancer.id}/reviews`))[0].rating, 5);
	assert.equal((await stranger.get(`/v1/users/${client.id}/rating`)).client.count, 1);
	const timeline = async (who) => (await who.get(`/v1/bookings/${booking.id}/timeline?limit=100`)).map((e) => e.type);
	const [hers, his] = await Promise.all([timeline(client), timeline(freelancer)]);
	assert.deepEqual([hers[0], his[0]], ['booking.created', 'booking.created']);
	for (const type of ['milestone.funded', 'milestone.released', 'booking.completed', 'review.published']) assert.ok(hers.includes(type) && his.includes(type), type);
	assert.deepEqual([hers.includes('payment.captured'), his.includes('payment.captured')], [true, false], 'payments are the client\'s');
	assert.deepEqual([hers, his].map((types) => types.filter((type) => type === 'review.submitted').length), [1, 1], 'and each sees when it wrote its own review');
	assert.equal((await stranger.raw('GET', `/v1/bookings/${booking.id}/timeline`)).status, 404);
	const unread = await until(async () => (await freelancer.get('/v1/notifications/unread-count')).unread > 0, 15000);
	assert.ok(unread, 'and both were told');
	const told = await until(async () => (await freelancer.get('/v1/notifications?limit=100')).find((n) => n.type === 'booking.completed'), 15000);
	assert.match(told?.body ?? '', new RegExp(project.title), 'with the title of the booking');
	assert.deepEqual(sql('SELECT count(*) FROM skillancer.parked'), [['0']], 'no event or timer was parked');
});

test('50 acceptances of different proposals at once: one winner', async () => {
	const project = await openProject(client);
	const marker = tag();
	const proposals = sql(`BEGIN;
		SELECT skillancer.import_begin('test') \\g /dev/null
		WITH u AS (
			INSERT INTO skillancer.user_account (email, name, state)
			SELECT 'rival-' || n || '-${marker}@market.test', 'Rival ' || n, 'ACTIVE' FROM generate_series(1, 50) n RETURNING id)
		INSERT INTO skillancer.proposal (project_id, client_id, freelancer_id, cover_letter, bid)
		SELECT '${project.id}', '${client.id}', u.id, repeat('I would like to do this. ', 4), '500 USD' FROM u RETURNING id;
		COMMIT;`).map(([id]) => id);
	assert.equal(proposals.length, 50);
	const answers = await Promise.all(proposals.map((id) => client.raw('POST', `/v1/proposals/${id}/accept`, { revision: 1 })));
	assert.deepEqual(count(answers), { 200: 1, 409: 49 });
	const states = Object.fromEntries(sql(`SELECT state, count(*) FROM skillancer.proposal WHERE project_id = '${project.id}' GROUP BY 1`));
	assert.deepEqual(states, { ACCEPTED: '1', CLOSED: '49' });
	assert.equal((await client.get(`/v1/projects/${project.id}`)).state, 'FILLED');
	assert.deepEqual(sql(`SELECT count(*) FROM skillancer.booking WHERE project_id = '${project.id}'`), [['1']]);
});

test('two openings: two winners, then the project is filled', async () => {
	const project = await openProject(client, '1000.00', 2);
	const others = await Promise.all(['rita', 'rolf', 'ruth'].map((name) => join(name, 'FREELANCER')));
	const proposals = await Promise.all(others.map((other) => propose(other, project, '300.00')));
	const answers = await Promise.all(proposals.map(({ id }) => client.raw('POST', `/v1/proposals/${id}/accept`, { revision: 1 })));
	assert.deepEqual(count(answers), { 200: 2, 409: 1 });
	assert.equal((await client.get(`/v1/projects/${project.id}`)).state, 'FILLED');
});

test('50 fundings of one milestone at once: one posting', async () => {
	const booking = await book(client, freelancer, '100.00');
	const [{ id }] = booking.milestones;
	const method = await card(client);
	const answers = await Promise.all(Array.from({ length: 50 }, () => client.raw('POST', `/v1/milestones/${id}/fund`, { paymentMethodId: method })));
	assert.deepEqual(count(answers), { 201: 1, 409: 49 });
	assert.ok(answers.filter((a) => a.status === 409).every((a) => a.json.error.code === 'ALREADY_FUNDED'));
	assert.deepEqual(sql(`SELECT kind, count(*) FROM skillancer.ledger_txn WHERE ref = ('${id}'::skillancer.milestone_id)::uuid GROUP BY 1`), [['fund', '1']]);
	assert.deepEqual(sql(`SELECT count(*) FROM skillancer.charge WHERE milestone_id = '${id}'`), [['1']]);
});

test('100 requests with one Idempotency-Key: one effect, equal answers', async () => {
	const method = await card(client);
	const key = { 'idempotency-key': tag() };
	const body = { amount: usd('10.00'), paymentMethodId: method };
	const answers = await Promise.all(Array.from({ length: 100 }, () => client.raw('POST', '/v1/payments/charges', body, key)));
	const done = answers.filter((a) => a.status === 201);
	assert.ok(done.length >= 1);
	assert.ok(answers.every((a) => a.status === 201 || a.json.error.code === 'IDEMPOTENCY_IN_PROGRESS'), JSON.stringify(count(answers)));
	assert.equal(new Set(done.map((a) => JSON.stringify(a.json.data))).size, 1, 'equal answers');
	assert.equal(done.filter((a) => a.headers.get('idempotency-replayed') !== 'true').length, 1, 'one of them is the first');
	assert.deepEqual(sql(`SELECT count(*) FROM skillancer.charge WHERE payment_method_id = '${method}'`), [['1']]);
	const other = await client.raw('POST', '/v1/payments/charges', { ...body, amount: usd('11.00') }, key);
	assert.deepEqual([other.status, other.json.error.code], [422, 'IDEMPOTENCY_MISMATCH'], 'another body under the key');
	const method2 = await card(stranger);
	await stranger.post('/v1/payments/charges', { amount: usd('10.00'), paymentMethodId: method2 }, 201, key);
});

test('what a key protected is protected by the rules when the key is forgotten', async () => {
	const booking = await book(client, freelancer, '60.00');
	const path = `/v1/milestones/${booking.milestones[0].id}/fund`;
	const key = { 'idempotency-key': tag() };
	const body = { paymentMethodId: await card(client) };
	const first = await client.post(path, body, 201, key);
	const again = await client.raw('POST', path, body, key);
	assert.deepEqual([again.status, again.json.data, again.headers.get('idempotency-replayed')], [201, first, 'true']);
	sql(`DELETE FROM skillancer.idempotency_key WHERE key = '${key['idempotency-key']}'`);
	const late = await client.raw('POST', path, body, key);
	assert.deepEqual([late.status, late.json.error.code], [409, 'ALREADY_FUNDED']);
});

test('releases at once by many clients and the timekeeper: one release', async () => {
	const { milestone } = await fundedMilestone(client, freelancer, '100.00');
	await freelancer.post(`/v1/milestones/${milestone.id}/submit`, { note: 'done' });
	const answers = await Promise.all([
		...Array.from({ length: 20 }, () => client.raw('POST', `/v1/milestones/${milestone.id}/approve`, {})),
		(async () => sql(`UPDATE skillancer.due SET due_at = skillancer.now() WHERE id = ('${milestone.id}'::skillancer.milestone_id)::uuid`))(),
	]);
	const statuses = count(answers.slice(0, 20));
	assert.ok((statuses[200] ?? 0) <= 1 && (statuses[200] ?? 0) + statuses[409] === 20, JSON.stringify(statuses));
	const released = await until(async () => sql(`SELECT count(*) FROM skillancer.ledger_txn
		WHERE kind = 'release' AND ref = ('${milestone.id}'::skillancer.milestone_id)::uuid`)[0][0] === '1', 10000);
	assert.ok(released, 'one release');
	assert.deepEqual(sql(`SELECT count(*) FROM skillancer.earning WHERE milestone_id = '${milestone.id}'`), [['1']]);
});

test('payouts at once never exceed the balance', async () => {
	const earner = await join('ella', 'FREELANCER');
	const { milestone } = await fundedMilestone(client, earner, '200.00');
	await earner.post(`/v1/milestones/${milestone.id}/submit`, { note: 'done' });
	await client.post(`/v1/milestones/${milestone.id}/approve`);
	const bank = await earner.post('/v1/payout-methods', { token: 'tok_bank_success' }, 201);
	await timePasses(earner.id);
	assert.ok(await until(async () => (await earner.get('/v1/payments/wallet'))[0].available.amount === '160.00', 15000));
	const answers = await Promise.all(Array.from({ length: 20 }, () => earner.raw('POST', '/v1/payouts', { amount: usd('50.00'), paymentMethodId: bank.id })));
	assert.deepEqual(count(answers), { 201: 3, 409: 17 });
	assert.equal((await earner.get('/v1/payments/wallet'))[0].available.amount, '10.00');
	checkBooks();
});

describe('bad input and other people', () => {
	const amounts = ['-1.00', '0', '-0', '1e3', '0.001', '92233720368547758.08', '92233720368547758.07', ' 1', 'NaN', 'Infinity', '١', '1,5', '', 12, 1.5, null, true, {}, []];
	for (const amount of amounts) {
		test(`the amount ${JSON.stringify(amount)} is refused by name`, async () => {
			const answer = await client.raw('POST', '/v1/payments/charges', { amount: { amount, currency: 'USD' }, paymentMethodId: 'pmt_00000000000000000000000000' });
			assert.equal(answer.status, 422, answer.text);
			assert.ok(answer.json.error.details.some((d) => d.field === 'amount'), answer.text);
		});
	}
	test('currencies that do not exist or do not fit', async () => {
		const booking = await book(client, freelancer, '50.00');
		for (const currency of ['usd', 'XXQ', '', null, 5, 'EUR']) {
			const answer = await client.raw('POST', `/v1/bookings/${booking.id}/milestones`, { title: 'More', amount: { amount: '5.00', currency } });
			assert.equal(answer.status, 422, answer.text);
			assert.ok(answer.json.error.details.some((d) => d.field === 'amount'), answer.text);
		}
	});
	test('every bad field at once', async () => {
		const booking = await book(client, freelancer, '50.00');
		const answer = await client.raw('POST', `/v1/bookings/${booking.id}/reviews`, { rating: 9, comment: 'short', quality: 0, colour: 'red' });
		assert.equal(answer.status, 422);
		assert.deepEqual(answer.json.error.details.map((d) => d.field).sort(), ['colour', 'comment', 'quality', 'rating', 'wouldWorkAgain']);
	});
	test('what belongs to others does not exist', async () => {
		const { booking, milestone } = await fundedMilestone(client, freelancer, '50.00');
		const charge = sql(`SELECT id FROM skillancer.charge WHERE milestone_id = '${milestone.id}'`)[0][0];
		const tries = [
			['GET', `/v1/bookings/${booking.id}`], ['POST', `/v1/bookings/${booking.id}/end`], ['POST', `/v1/bookings/${booking.id}/cancel`],
			['POST', `/v1/bookings/${booking.id}/milestones`, { title: 'Mine', amount: usd('5.00') }],
			['POST', `/v1/bookings/${booking.id}/reviews`, { rating: 1, comment: 'I was not there', wouldWorkAgain: false }],
			['GET', `/v1/bookings/${booking.id}/reviews`],
			['POST', `/v1/milestones/${milestone.id}/fund`, {}], ['POST', `/v1/milestones/${milestone.id}/approve`, {}],
			['POST', `/v1/milestones/${milestone.id}/request-changes`, { note: 'no' }], ['POST', `/v1/milestones/${milestone.id}/decline`],
			['GET', `/v1/payments/charges/${charge}`], ['POST', `/v1/payments/charges/${charge}/confirm`],
		];
		for (const [method, pathname, body] of tries) {
			const answer = await stranger.raw(method, pathname, method === 'GET' ? undefined : body ?? {});
			assert.equal(answer.status, 404, `${method} ${pathname}: ${answer.text}`);
			const nobody = await call(method, pathname, { body: method === 'GET' ? undefined : body ?? {} });
			assert.equal(nobody.status, 401, `${method} ${pathname} without a token: ${nobody.text}`);
		}
		assert.equal((await client.raw('POST', `/v1/milestones/${milestone.id}/submit`, { note: 'x' })).status, 403, 'nobody hands in the work of others');
		await freelancer.post(`/v1/milestones/${milestone.id}/submit`, { note: 'x' });
		assert.equal((await freelancer.raw('POST', `/v1/milestones/${milestone.id}/approve`, {})).status, 403, 'nor approves his own');
	});
	test('nobody deals with himself', async () => {
		const both = await call('POST', '/v1/auth/login', { body: { email: 'stranger@world.test', password: process.env.SKL_PASSWORD } });
		const token = both.json.data.accessToken;
		const made = await call('POST', '/v1/projects', { token, body: { title: `Own ${tag()}`, description: 'A project of my own making.', budgetKind: 'FIXED', budgetMin: usd('50.00') } });
		await call('POST', `/v1/projects/${made.json.data.id}/publish`, { token, body: {} });
		const own = await call('POST', `/v1/projects/${made.json.data.id}/proposals`, { token, body: { coverLetter: 'x'.repeat(60), bid: usd('50.00') } });
		assert.deepEqual([own.status, own.json.error.code], [403, 'OWN_PROJECT']);
	});
});

test('lists are paged by cursors, and conditional requests save the body', async () => {
	for (let i = 0; i < 3; i++) await book(stranger, freelancer, '20.00');
	const first = await call('GET', '/v1/bookings?limit=2&side=CLIENT', { token: stranger.token });
	assert.deepEqual([first.json.data.length, first.json.meta.pagination.hasNext], [2, true]);
	const second = await call('GET', `/v1/bookings?limit=2&side=CLIENT&cursor=${first.json.meta.pagination.nextCursor}`, { token: stranger.token });
	assert.deepEqual([second.json.data.length, second.json.meta.pagination.hasNext], [1, false]);
	const other = await call('GET', `/v1/bookings?limit=2&side=FREELANCER&cursor=${first.json.meta.pagination.nextCursor}`, { token: stranger.token });
	assert.equal(other.status, 422, 'a cursor of another list');
	const one = await call('GET', `/v1/bookings/${first.json.data[0].id}`, { token: stranger.token });
	const same = await call('GET', `/v1/bookings/${first.json.data[0].id}`, { token: stranger.token, headers: { 'if-none-match': one.headers.get('etag') } });
	assert.equal(same.status, 304);
});

test('finance reads the trial balance, users do not', async () => {
	assert.equal((await client.raw('GET', '/v1/admin/trial-balance')).status, 403);
	const balance = await call('GET', '/v1/admin/trial-balance', { token: process.env.SKL_ADMIN_TOKEN });
	assert.equal(balance.status, 200);
	assert.ok(balance.json.data.differences.every((d) => Number(d.amount) === 0));
	checkBooks();
});
