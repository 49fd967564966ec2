// organisations.test.mjs
//	Organisations over HTTP: inviting, roles, a booking that belongs to one, a spending limit against payments at once, and
//	what is left to somebody who left.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { call } from './support.mjs';
import { card, checkBooks, join, openProject, propose, tag, usd } from './market.mjs';

let owner;
let member;
let stranger;
let freelancer;
let org;

const raise = async (who, method, path, body) => { const answer = await who.raw(method, path, body); return answer.status; };

before(async () => {
	[owner, member, stranger, freelancer] = await Promise.all([join('orla', 'CLIENT'), join('miro', 'CLIENT'), join('stan', 'CLIENT'), join('fritz', 'FREELANCER')]);
	org = await owner.post('/v1/organisations', { name: 'Acme' }, 201);
});
after(() => checkBooks());

test('an organisation, an invitation by address, roles', async () => {
	const bad = await owner.raw('POST', `/v1/organisations/${org.id}/invitations`, { email: 'nobody', role: 'BOSS', spendingLimit: usd('-1.00') });
	assert.deepEqual(bad.json.error.details.map((d) => d.field).sort(), ['email', 'role', 'spendingLimit'], bad.text);
	const unknown = await owner.post(`/v1/organisations/${org.id}/invitations`, { email: `${tag()}@nowhere.test`, role: 'MEMBER' }, 201);
	assert.equal(unknown.state, 'SENT', 'nothing tells whether an address has an account');
	const invitation = await owner.post(`/v1/organisations/${org.id}/invitations`, { email: member.email, role: 'MEMBER', spendingLimit: usd('250.00') }, 201);
	assert.equal(await raise(stranger, 'POST', `/v1/organisation-invitations/${invitation.id}/accept`), 404);
	assert.deepEqual((await member.get('/v1/organisation-invitations')).map((i) => i.organisationName), ['Acme']);
	const answers = await Promise.all([1, 2, 3].map(() => member.raw('POST', `/v1/organisation-invitations/${invitation.id}/accept`)));
	assert.deepEqual(answers.map((a) => a.status).sort(), [200, 409, 409], 'once');
	const [mine] = await member.get('/v1/organisations');
	assert.deepEqual(mine.members.map((m) => [m.role, m.spendingLimit?.amount]), [['OWNER', undefined], ['MEMBER', '250.00']]);
	for (const [who, status] of [[member, 403], [stranger, 404], [freelancer, 404]]) {
		assert.equal(await raise(who, 'PATCH', `/v1/organisations/${org.id}/members/${member.id}`, { spendingLimit: null }), status);
		assert.equal(await raise(who, 'DELETE', `/v1/organisations/${org.id}/members/${owner.id}`), status);
	}
	assert.equal((await call('DELETE', `/v1/organisations/${org.id}/members/${owner.id}`)).status, 401);
	assert.equal(await raise(owner, 'DELETE', `/v1/organisations/${org.id}/members/${owner.id}`), 409, 'the last owner stays');
	const etag = (await owner.raw('GET', `/v1/organisations/${org.id}`)).headers.get('etag');
	const named = await owner.raw('PATCH', `/v1/organisations/${org.id}`, { name: 'Acme Ltd' }, { 'If-Match': etag });
	assert.equal(named.json.data.name, 'Acme Ltd', named.text);
	assert.equal((await owner.raw('PATCH', `/v1/organisations/${org.id}`, { name: 'Acme Inc' }, { 'If-Match': etag })).status, 412);
});

test('an address is invited so often and no more, by one person over all his organisations', async () => {
	const other = await owner.post('/v1/organisations', { name: 'Acme Too' }, 201);
	const address = `${tag()}@bombed.test`;
	const statuses = [];
	for (let n = 0; n < 8; n++) {
		const answer = await owner.raw('POST', `/v1/organisations/${(n % 2 ? other : org).id}/invitations`, { email: n % 3 ? address : address.toUpperCase(), role: 'MEMBER' });
		statuses.push(answer.status);
		if (answer.status === 201) await owner.post(`/v1/organisation-invitations/${answer.json.data.id}/withdraw`);
		else assert.equal(answer.json.error.code, 'LIMIT_REACHED', answer.text);
	}
	assert.deepEqual(statuses, [201, 201, 201, 201, 201, 409, 409, 409]);
});

test('tips and reviews in its name', async () => {
	const project = await openProject(member, '100.00');
	const proposal = await propose(freelancer, project, '100.00');
	const booking = await member.post(`/v1/proposals/${proposal.id}/accept`, { revision: 1, organisationId: org.id });
	const paymentMethodId = await card(owner);
	await owner.post(`/v1/milestones/${booking.milestones[0].id}/fund`, { paymentMethodId }, 201);
	await freelancer.post(`/v1/milestones/${booking.milestones[0].id}/submit`, { note: 'Done.' });
	await owner.post(`/v1/milestones/${booking.milestones[0].id}/approve`);
	await owner.post('/v1/payments/charges', { amount: usd('20.00'), paymentMethodId }, 201);
	assert.equal((await owner.post(`/v1/bookings/${booking.id}/tips`, { amount: usd('20.00') }, 201)).amount.amount, '20.00');
	assert.equal((await owner.get('/v1/payments/wallet')).find((b) => b.currency === 'USD').wallet.amount, '0.00', 'out of the wallet of who gives it');
	assert.equal(await raise(member, 'POST', `/v1/bookings/${booking.id}/tips`, { amount: usd('250.01') }), 409, 'within the spending limit');
	assert.equal(await raise(freelancer, 'POST', `/v1/bookings/${booking.id}/tips`, { amount: usd('1.00') }), 403);
	assert.equal(await raise(stranger, 'POST', `/v1/bookings/${booking.id}/tips`, { amount: usd('1.00') }), 404);
	await freelancer.post(`/v1/bookings/${booking.id}/end`);

	const review = { rating: 5, comment: 'Very good work indeed.', wouldWorkAgain: true };
	assert.equal(await raise(stranger, 'POST', `/v1/bookings/${booking.id}/reviews`, review), 404);
	const written = await owner.post(`/v1/bookings/${booking.id}/reviews`, { ...review, quality: 5 }, 201);
	assert.deepEqual([written.side, written.author.id, written.subjectId], ['FREELANCER', member.id, freelancer.id]);
	assert.equal(await raise(member, 'POST', `/v1/bookings/${booking.id}/reviews`, review), 409, 'one for the side');
	assert.deepEqual((await Promise.all([owner, member, freelancer].map((who) => who.get(`/v1/bookings/${booking.id}/reviews`)))).map((r) => r.length), [1, 1, 0], 'its members see it, the other side does not');
	const answered = await freelancer.post(`/v1/bookings/${booking.id}/reviews`, review, 201);
	assert.equal((await owner.post(`/v1/reviews/${answered.id}/reply`, { reply: 'Thank you.' })).reply, 'Thank you.');
	const types = async (who) => (await who.get(`/v1/bookings/${booking.id}/timeline?limit=100`)).map((e) => e.type);
	assert.ok((await types(member)).includes('payment.captured'), 'what another member paid is in the history of all');
	assert.ok(!(await types(freelancer)).includes('payment.captured'));
	checkBooks();
});

test('its booking: seen by all, paid within the limit however many pay at once, approved by the owner', async () => {
	const project = await openProject(member, '600.00');
	const milestones = Array.from({ length: 6 }, (_, n) => ({ title: `Part ${n}`, amount: usd('100.00') }));
	const proposal = await propose(freelancer, project, '600.00', milestones);
	assert.equal(await raise(member, 'POST', `/v1/proposals/${proposal.id}/accept`, { revision: 1, organisationId: `org_${'0'.repeat(26)}` }), 422);
	const booking = await member.post(`/v1/proposals/${proposal.id}/accept`, { revision: 1, organisationId: org.id });
	assert.equal(booking.organisationId, org.id);
	const paymentMethodId = await card(member);
	const answers = await Promise.all(booking.milestones.map((m) => member.raw('POST', `/v1/milestones/${m.id}/fund`, { paymentMethodId })));
	assert.deepEqual(answers.map((a) => a.status).sort(), [201, 201, 409, 409, 409, 409], answers.map((a) => a.text).join('\n'));
	assert.ok(answers.filter((a) => a.status === 409).every((a) => a.json.error.code === 'LIMIT_REACHED'));
	const seen = await owner.get(`/v1/bookings?organisationId=${org.id}`);
	assert.ok(seen.some((b) => b.id === booking.id));
	const funded = (await owner.get(`/v1/bookings/${booking.id}`)).milestones.filter((m) => m.state === 'FUNDED');
	await freelancer.post(`/v1/milestones/${funded[0].id}/submit`, { note: 'Done.' });
	assert.equal((await owner.post(`/v1/milestones/${funded[0].id}/approve`)).state, 'RELEASED');
	assert.equal(await raise(stranger, 'GET', `/v1/bookings/${booking.id}`), 404);

	assert.equal(await raise(member, 'DELETE', `/v1/organisations/${org.id}/members/${member.id}`), 204, 'leaves');
	for (const [method, path] of [['GET', ''], ['GET', '/timeline'], ['GET', '/terms'], ['GET', '/change-requests'], ['POST', '/end']])
		assert.equal(await raise(member, method, `/v1/bookings/${booking.id}${path}`, method === 'POST' ? {} : undefined), 404, path);
	assert.equal(await raise(member, 'POST', `/v1/milestones/${funded[1].id}/release-part`, { amount: usd('1.00') }), 404);
	assert.equal((await owner.post(`/v1/bookings/${booking.id}/end`)).state, 'ENDING', 'the owner goes on');
	await freelancer.post(`/v1/milestones/${funded[1].id}/refund`);
	assert.equal((await owner.get(`/v1/bookings/${booking.id}`)).state, 'COMPLETED');
	checkBooks();
});
