// bookings_terms.test.mjs
//	Terms in versions over HTTP: offers that are countered until one is accepted, amendments of running bookings by hash,
//	the rest of a milestone, and a cancellation that divides the money.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { sql } from './support.mjs';
import { book, card, checkBooks, fundedMilestone, join, usd } from './market.mjs';

let client;
let freelancer;
let stranger;

before(async () => {
	[client, freelancer, stranger] = await Promise.all([join('tina', 'CLIENT'), join('theo', 'FREELANCER'), join('tom', 'CLIENT')]);
});
after(() => checkBooks());

const offer = () => client.post('/v1/bookings', {
	freelancerId: freelancer.id, title: 'Paint my shop', description: 'Walls and ceiling, in blue.', price: usd('80.00'),
}, 201);
const counter = (who, booking, amount, more = {}) => who.raw('POST', `/v1/bookings/${booking.id}/counter`, { termsHash: booking.termsHash, price: usd(amount), ...more });
const ask = (who, id, fields) => who.post(`/v1/bookings/${id}/change-requests`, { reason: 'Because', ...fields }, 201);

test('a counter-offer, another one, and an acceptance by hash', async () => {
	const first = await offer();
	assert.deepEqual([first.termsVersion, first.termsBy], [1, client.id]);
	const second = (await counter(freelancer, first, '100.00', { message: 'Paint is dear' })).json.data;
	assert.deepEqual([second.state, second.termsVersion, second.termsBy, second.clientAcceptedAt], ['OFFERED', 2, freelancer.id, null]);
	assert.equal((await counter(client, first, '85.00')).status, 412, 'terms that are gone');
	assert.equal((await freelancer.raw('POST', `/v1/bookings/${first.id}/accept`, { termsHash: second.termsHash })).status, 403, 'his own terms');
	assert.equal((await counter(stranger, second, '85.00')).status, 404);
	const third = (await counter(client, second, '90.00')).json.data;
	const accepted = await freelancer.post(`/v1/bookings/${first.id}/accept`, { termsHash: third.termsHash });
	assert.deepEqual([accepted.state, accepted.milestones[0].amount.amount], ['AWAITING_PAYMENT', '90.00']);
	const versions = await freelancer.get(`/v1/bookings/${first.id}/terms`);
	assert.deepEqual(versions.map((v) => [v.version, v.terms.price.amount, v.message]), [[3, '90.00', null], [2, '100.00', 'Paint is dear'], [1, '80.00', null]]);
	assert.deepEqual(versions.map((v) => Boolean(v.clientAcceptedAt && v.freelancerAcceptedAt)), [true, false, false]);
	const timeline = await client.get(`/v1/bookings/${first.id}/timeline`);
	assert.deepEqual(timeline.map((e) => e.type), ['booking.offered', 'booking.countered', 'booking.countered', 'booking.accepted']);
});

test('countered by both and accepted at once: one version stands, and nobody has accepted another', async () => {
	for (let round = 0; round < 4; round++) {
		const first = await offer();
		const second = (await counter(freelancer, first, '100.00')).json.data;
		const answers = await Promise.all([
			client.raw('POST', `/v1/bookings/${first.id}/accept`, { termsHash: second.termsHash }),
			counter(client, second, '90.00'), counter(freelancer, second, '95.00'),
		]);
		assert.equal(answers.filter((a) => a.status === 200).length, 1, answers.map((a) => a.text).join('\n'));
		const now = await client.get(`/v1/bookings/${first.id}`);
		const price = answers[0].status === 200 ? '100.00' : now.terms.price.amount;
		assert.equal(now.terms.price.amount, price);
		assert.equal(now.state, answers[0].status === 200 ? 'AWAITING_PAYMENT' : 'OFFERED');
		assert.deepEqual(sql(`SELECT count(*) FROM skillancer.booking_terms WHERE booking_id = '${first.id}' AND terms_hash = skillancer.terms_hash(terms)`),
			[[answers[0].status === 200 ? '2' : '3']]);
	}
});

test('an amendment: asked for, accepted by its hash, while a milestone is being funded', async () => {
	for (let round = 0; round < 3; round++) {
		const booking = await book(client, freelancer, '100.00');
		const [milestone] = booking.milestones;
		const change = await ask(freelancer, booking.id, { kind: 'AMENDMENT', milestones: [{ title: 'Half', amount: usd('50.00') }, { title: 'Rest', amount: usd('70.00'), days: 4 }] });
		assert.equal(change.onSilence, 'DECLINE');
		const bare = await client.raw('POST', `/v1/change-requests/${change.id}/accept`, {});
		assert.deepEqual(bare.json.error.details.map((d) => d.field), ['termsHash']);
		const paymentMethodId = await card(client);
		const [funded, agreed] = await Promise.all([
			client.raw('POST', `/v1/milestones/${milestone.id}/fund`, { paymentMethodId }),
			client.raw('POST', `/v1/change-requests/${change.id}/accept`, { termsHash: change.termsHash }),
		]);
		assert.deepEqual([funded.status < 300, agreed.status].sort(), funded.status < 300 ? [409, true] : [200, false], `${funded.text}\n${agreed.text}`);
		const now = await client.get(`/v1/bookings/${booking.id}`);
		const live = now.milestones.filter((m) => m.state !== 'CANCELLED').map((m) => `${m.amount.amount} ${m.state}`);
		assert.deepEqual(live, funded.status < 300 ? ['100.00 FUNDED'] : ['50.00 AGREED', '70.00 AGREED']);
		assert.equal(now.termsVersion, funded.status < 300 ? 1 : 2);
		assert.equal(now.terms.price.amount, funded.status < 300 ? '100.00' : '120.00');
	}
	const bad = await client.raw('POST', `/v1/bookings/${(await book(client, freelancer)).id}/change-requests`, { kind: 'AMENDMENT', reason: '', milestones: [{ amount: 'x' }], release: usd('5.00'), days: 1 });
	const fields = bad.json.error.details.map((d) => d.field);
	for (const field of ['reason', 'release', 'days', 'milestones[0].title', 'milestones[0].amount']) assert.ok(fields.includes(field), `${field}: ${bad.text}`);
});

test('the rest of a milestone rolls on, or is asked back', async () => {
	const { booking, milestone } = await fundedMilestone(client, freelancer, '100.00');
	const plan = await client.post(`/v1/milestones/${milestone.id}/release-part`, { amount: usd('30.00'), rest: 'ROLL', dryRun: true });
	assert.deepEqual([plan.result.state, plan.postings.map((p) => p.kind)], ['RELEASED', ['release_part', 'roll']]);
	assert.equal((await client.post(`/v1/milestones/${milestone.id}/release-part`, { amount: usd('30.00'), rest: 'ROLL' })).state, 'RELEASED');
	const [, next] = (await client.get(`/v1/bookings/${booking.id}`)).milestones;
	assert.deepEqual([next.state, next.inEscrow.amount], ['FUNDED', '70.00']);
	await client.post(`/v1/milestones/${next.id}/release-part`, { amount: usd('20.00'), rest: 'REFUND' });
	const [change] = await freelancer.get(`/v1/bookings/${booking.id}/change-requests`);
	assert.deepEqual([change.kind, change.state, change.milestoneId], ['REFUND', 'PENDING', next.id]);
	await freelancer.post(`/v1/change-requests/${change.id}/accept`);
	const after = (await client.get(`/v1/bookings/${booking.id}`)).totals;
	assert.deepEqual([after.released.amount, after.refunded.amount, after.inEscrow.amount], ['50.00', '50.00', '0.00']);
	checkBooks();
});

test('called off with a share for the freelancer', async () => {
	const { booking } = await fundedMilestone(client, freelancer, '100.00');
	const change = await ask(freelancer, booking.id, { kind: 'CANCELLATION', release: usd('40.00') });
	assert.deepEqual([change.onSilence, change.release.amount], ['DECLINE', '40.00']);
	await client.post(`/v1/change-requests/${change.id}/accept`);
	const now = await client.get(`/v1/bookings/${booking.id}`);
	assert.deepEqual([now.state, now.totals.released.amount, now.totals.refunded.amount], ['COMPLETED', '40.00', '60.00']);
	checkBooks();
});
