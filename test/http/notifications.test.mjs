// test/http/notifications.test.mjs
//	What people hear of the journey: who is told what, in the app and by mail; reading, counting, nobody else's.

import { before, test } from 'node:test';
import assert from 'node:assert/strict';
import { call, sql, until } from './support.mjs';
import { card, join, mailTo, openProject, propose, usd } from './market.mjs';

let client;
let freelancer;
let stranger;

before(async () => {
	[client, freelancer, stranger] = await Promise.all([join('nora', 'CLIENT'), join('nils', 'FREELANCER'), join('sven', 'CLIENT')]);
});

// Waits for a notification of a type.
const told = (person, type) => until(async () =>
	(await person.get('/v1/notifications?limit=100')).find((n) => n.type === type), 15000);

test('everybody hears of what others did, with names and titles', async () => {
	const project = await openProject(client, '500.00');
	const proposal = await propose(freelancer, project, '500.00', [{ title: 'All of it', amount: usd('500.00'), days: 5 }]);
	const received = await told(client, 'proposal.received');
	assert.equal(received.title, `New proposal for ${project.title}`);
	assert.match(received.body, /^nils sent you a proposal\.$/);
	assert.equal(received.category, 'PROJECTS');
	assert.equal(received.groupKey, `proposal.received/${project.id}`);
	assert.equal(received.data.proposalId, proposal.id, 'data leads to the proposal');
	assert.equal(received.readAt, null);
	assert.match(received.id, /^ntf_/);
	assert.match(await until(() => mailTo(client.email)?.includes(project.title) && mailTo(client.email), 15000), /Hello nora/);

	const booking = await client.post(`/v1/proposals/${proposal.id}/accept`, { revision: 1 });
	assert.match((await told(freelancer, 'proposal.accepted')).body, /^nora accepted your proposal/);
	const [milestone] = booking.milestones;
	await client.post(`/v1/milestones/${milestone.id}/fund`, { paymentMethodId: await card(client) }, 201);
	assert.match((await told(freelancer, 'milestone.funded')).body, /^500\.00 USD for "All of it"/);
	await freelancer.post(`/v1/milestones/${milestone.id}/submit`, { note: 'Done.' });
	assert.match((await told(client, 'milestone.submitted')).body, /"All of it"/);
	await client.post(`/v1/milestones/${milestone.id}/approve`);
	assert.ok(await told(freelancer, 'milestone.released'));
	assert.ok(await until(() => /released to you/.test(mailTo(freelancer.email) ?? ''), 15000), 'and by mail');
	assert.equal((await client.get('/v1/notifications?limit=100')).filter((n) => n.type === 'milestone.released').length, 0,
		'who did it is not told');
});

test('reading and counting', async () => {
	const list = await freelancer.get('/v1/notifications');
	const before = (await freelancer.get('/v1/notifications/unread-count')).unread;
	assert.ok(before >= 3);
	const read = await freelancer.post(`/v1/notifications/${list[0].id}/read`);
	assert.ok(read.readAt);
	assert.equal((await freelancer.post(`/v1/notifications/${list[0].id}/read`)).readAt, read.readAt, 'a second time changes nothing');
	assert.equal((await freelancer.get('/v1/notifications/unread-count')).unread, before - 1);
	assert.ok(!(await freelancer.get('/v1/notifications?unread=true&limit=100')).some((n) => n.id === list[0].id));
	assert.ok((await freelancer.get('/v1/notifications?category=PAYMENTS')).every((n) => n.category === 'PAYMENTS'));
	assert.equal((await freelancer.post('/v1/notifications/read-all')).read, before - 1);
	assert.equal((await freelancer.get('/v1/notifications/unread-count')).unread, 0);
});

test('pages go through all of them, once', async () => {
	const seen = [];
	let cursor = '';
	do {
		const answer = await freelancer.raw('GET', `/v1/notifications?limit=2${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
		assert.equal(answer.status, 200, answer.text);
		seen.push(...answer.json.data.map((n) => n.id));
		cursor = answer.json.meta.pagination.nextCursor;
	} while (cursor);
	assert.equal(new Set(seen).size, seen.length);
	assert.equal(seen.length, Number(sql(`SELECT count(*) FROM skillancer.notification WHERE user_id = '${freelancer.id}'`)[0][0]));
	assert.deepEqual(seen, [...seen].sort().reverse(), 'newest first');
});

test('nobody else\'s, and no nonsense', async () => {
	const [mine] = await freelancer.get('/v1/notifications');
	assert.ok(!(await stranger.get('/v1/notifications?limit=100')).some((n) => n.id === mine.id));
	await stranger.get('/v1/notifications?limit=0', 422);
	assert.equal((await stranger.post(`/v1/notifications/${mine.id}/read`, {}, 404)).code, 'RESOURCE_NOT_FOUND');
	await stranger.get('/v1/notifications?category=NONSENSE', 422);
	await stranger.get('/v1/notifications?unread=perhaps', 422);
	await stranger.get('/v1/notifications?cursor=forged', 422);
	assert.equal((await stranger.raw('POST', `/v1/notifications/${stranger.id}/read`, {})).status >= 400, true, 'the id of something else');
	for (const [method, path] of [['GET', ''], ['GET', '/unread-count'], ['POST', '/read-all'], ['POST', `/${mine.id}/read`]])
		assert.equal((await call(method, `/v1/notifications${path}`, method === 'POST' ? { body: {} } : {})).status, 401, `${method} ${path}`);
});
