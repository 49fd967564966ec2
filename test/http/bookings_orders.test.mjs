// bookings_orders.test.mjs
//	Bookings that do not come from a proposal: gig orders with a form, direct offers accepted by hash, and what two
//	people at once can do to them.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { sql } from './support.mjs';
import { card, checkBooks, fundedMilestone, join, tag, usd } from './market.mjs';

let client;
let freelancer;
let stranger;

before(async () => {
	[client, freelancer, stranger] = await Promise.all([join('olga', 'CLIENT'), join('otis', 'FREELANCER'), join('oscar', 'CLIENT')]);
});
after(() => checkBooks());

const count = (answers) => Object.fromEntries([...new Set(answers.map((a) => a.status))].sort()
	.map((status) => [status, answers.filter((a) => a.status === status).length]));

async function activeGig(fields = {}) {
	const gig = await freelancer.post('/v1/gigs', {
		title: `A gig number ${tag()}`, description: 'What you get, in enough words.', extras: [{ title: 'Faster', price: usd('15.00') }],
		packages: [{ tier: 'BASIC', title: 'Basic', description: 'The basic one', price: usd('50.00'), deliveryDays: 3, revisions: 1, features: [] }], ...fields,
	}, 201);
	return freelancer.post(`/v1/gigs/${gig.id}/activate`);
}
const offer = (fields = {}) => client.post('/v1/bookings', {
	freelancerId: freelancer.id, title: 'Paint my shop', description: 'Walls and ceiling, in blue.', price: usd('80.00'), ...fields,
}, 201);

test('a gig order: ordered, paid, answered, done', async () => {
	const gig = await activeGig({ requirements: ['What is it called?'] });
	const booking = await client.post(`/v1/gigs/${gig.id}/orders`, { revision: gig.revision, package: 'BASIC', extras: ['Faster'] }, 201);
	assert.deepEqual([booking.source, booking.gigId, booking.state, booking.terms.price.amount], ['GIG', gig.id, 'AWAITING_PAYMENT', '65.00']);
	assert.equal(booking.termsHash.length, 64);
	const [milestone] = booking.milestones;
	await client.post(`/v1/milestones/${milestone.id}/fund`, { paymentMethodId: await card(client) }, 201);
	assert.equal((await freelancer.get(`/v1/bookings/${booking.id}`)).state, 'AWAITING_REQUIREMENTS');
	const early = await freelancer.raw('POST', `/v1/milestones/${milestone.id}/submit`, { note: 'Done.' });
	assert.equal(early.json.error.code, 'INVALID_STATE');
	const answered = await client.post(`/v1/bookings/${booking.id}/requirements`, { answers: ['Corner Shop'] });
	assert.deepEqual([answered.state, answered.requirements], ['ACTIVE', [{ question: 'What is it called?', answer: 'Corner Shop' }]]);
	const submitted = await freelancer.post(`/v1/milestones/${milestone.id}/submit`, { note: 'Done.' });
	assert.equal(Date.parse(submitted.autoReleaseAt) - Date.parse(submitted.submittedAt), 3 * 86400000, 'three days to answer');
	await client.post(`/v1/milestones/${milestone.id}/request-changes`, { note: 'Larger.' });
	await freelancer.post(`/v1/milestones/${milestone.id}/submit`, { note: 'Larger.' });
	const more = await client.raw('POST', `/v1/milestones/${milestone.id}/request-changes`, { note: 'Smaller.' });
	assert.equal(more.json.error.code, 'NO_REVISIONS_LEFT');
	assert.equal((await client.post(`/v1/milestones/${milestone.id}/approve`)).state, 'RELEASED');
	assert.equal((await client.post(`/v1/bookings/${booking.id}/end`)).state, 'COMPLETED');
	await client.post(`/v1/bookings/${booking.id}/reviews`, { rating: 5, comment: 'A pleasure from start to end.', wouldWorkAgain: true }, 201);
});

test('an order while the gig is edited: the wording that was read, or none', async () => {
	const gig = await activeGig();
	const answers = await Promise.all([
		...Array.from({ length: 10 }, () => client.raw('POST', `/v1/gigs/${gig.id}/orders`, { revision: gig.revision, package: 'BASIC' })),
		freelancer.raw('PATCH', `/v1/gigs/${gig.id}`, { title: 'Another title for it' }),
	]);
	const statuses = count(answers.slice(0, 10));
	assert.equal((statuses[201] ?? 0) + (statuses[412] ?? 0), 10, JSON.stringify(statuses));
	assert.deepEqual(sql(`SELECT DISTINCT title, gig_revision FROM skillancer.booking WHERE gig_id = '${gig.id}'`),
		statuses[201] ? [[gig.title, '1']] : [], 'orders hold the first wording');
});

test('every bad field of an order and an offer at once', async () => {
	const gig = await activeGig();
	const order = await client.raw('POST', `/v1/gigs/${gig.id}/orders`, { package: 'GOLD', revision: 'x', colour: 'red' });
	assert.deepEqual(order.json.error.details.map((d) => d.field).sort(), ['colour', 'package', 'revision'], order.text);
	const bad = await client.raw('POST', '/v1/bookings', { freelancerId: client.id, title: 'x', description: 'x', price: usd('0'), deliveryDays: 0 });
	assert.deepEqual(bad.json.error.details.map((d) => d.field).sort(), ['deliveryDays', 'description', 'freelancerId', 'price', 'title'], bad.text);
});

test('a direct offer: accepted by its hash, paid', async () => {
	const booking = await offer();
	assert.deepEqual([booking.state, booking.milestones], ['OFFERED', []]);
	assert.equal((await stranger.raw('GET', `/v1/bookings/${booking.id}`)).status, 404);
	assert.equal((await freelancer.raw('POST', `/v1/bookings/${booking.id}/accept`, { termsHash: '0'.repeat(64) })).status, 412);
	const accepted = await freelancer.post(`/v1/bookings/${booking.id}/accept`, { termsHash: booking.termsHash });
	assert.deepEqual([accepted.state, accepted.milestones[0].amount.amount], ['AWAITING_PAYMENT', '80.00']);
	assert.ok(accepted.clientAcceptedAt && accepted.freelancerAcceptedAt);
	await client.post(`/v1/milestones/${accepted.milestones[0].id}/fund`, { paymentMethodId: await card(client) }, 201);
	assert.equal((await client.get(`/v1/bookings/${booking.id}`)).state, 'ACTIVE');
});

test('accepted, declined and withdrawn at once: one of them', async () => {
	for (let round = 0; round < 5; round++) {
		const booking = await offer();
		const answers = await Promise.all([
			freelancer.raw('POST', `/v1/bookings/${booking.id}/accept`, { termsHash: booking.termsHash }),
			freelancer.raw('POST', `/v1/bookings/${booking.id}/decline`, {}),
			client.raw('POST', `/v1/bookings/${booking.id}/withdraw`, {}),
		]);
		assert.deepEqual(count(answers), { 200: 1, 409: 2 });
		const { state } = await client.get(`/v1/bookings/${booking.id}`);
		assert.equal(state, answers[0].status === 200 ? 'AWAITING_PAYMENT' : 'VOID');
	}
});

test('parts of a milestone at once: within what is in escrow, fees that add up', async () => {
	const { milestone } = await fundedMilestone(client, freelancer, '100.00');
	const answers = await Promise.all(Array.from({ length: 12 }, (_, n) => (n % 2
		? client.raw('POST', `/v1/milestones/${milestone.id}/release-part`, { amount: usd('15.00') })
		: freelancer.raw('POST', `/v1/milestones/${milestone.id}/refund-part`, { amount: usd('15.00') }))));
	assert.deepEqual(count(answers), { 200: 6, 409: 6 }, answers.map((a) => a.text).join('\n'));
	const now = (await client.get(`/v1/bookings/${milestone.bookingId}`)).milestones[0];
	assert.equal(now.inEscrow.amount, '10.00');
	assert.equal(Number(now.released.amount) + Number(now.refunded.amount), 90);
	const delivery = await freelancer.post(`/v1/milestones/${milestone.id}/deliveries`, { message: 'All of it', links: ['https://files.test/all'], files: [{ name: 'logo.svg', url: 'https://files.test/logo', final: true }], submit: true }, 201);
	assert.deepEqual(delivery.files, [{ name: 'logo.svg', final: true, open: true, url: 'https://files.test/logo', mediaId: null }]);
	assert.equal((await client.post(`/v1/milestones/${milestone.id}/approve`)).inEscrow.amount, '0.00');
	assert.deepEqual(sql(`SELECT sum(b.balance) FROM skillancer.ledger_account b WHERE b.ref = ('${milestone.id}'::skillancer.milestone_id)::uuid`), [['0']]);
	checkBooks();
});

test('a cancellation accepted, declined and withdrawn at once, and approved meanwhile: one fate of the money', async () => {
	for (let round = 0; round < 3; round++) {
		const payer = await join('ona', 'CLIENT');
		const { milestone } = await fundedMilestone(payer, freelancer, '30.00');
		await freelancer.post(`/v1/milestones/${milestone.id}/submit`, { note: 'Done.' });
		const change = await payer.post(`/v1/bookings/${milestone.bookingId}/change-requests`, { kind: 'CANCELLATION', reason: 'Not needed any more' }, 201);
		assert.equal(change.onSilence, 'DECLINE');
		const answers = await Promise.all([
			freelancer.raw('POST', `/v1/change-requests/${change.id}/accept`), freelancer.raw('POST', `/v1/change-requests/${change.id}/decline`),
			payer.raw('POST', `/v1/change-requests/${change.id}/withdraw`), payer.raw('POST', `/v1/milestones/${milestone.id}/approve`)]);
		assert.equal(count(answers.slice(0, 3))[200], 1, answers.map((a) => a.text).join('\n'));
		const [{ state }] = (await payer.get(`/v1/bookings/${milestone.bookingId}`)).milestones;
		assert.ok(['RELEASED', 'REFUNDED'].includes(state), state);
		assert.deepEqual(sql(`SELECT count(*) FROM skillancer.ledger_txn WHERE kind IN ('release', 'refund')
			AND ref = ('${milestone.id}'::skillancer.milestone_id)::uuid`), [['1']]);
	}
	checkBooks();
});
