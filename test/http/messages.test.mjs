// test/http/messages.test.mjs
//	Conversations: who may talk to whom, order and unread counts, edits, deletion, search, blocks, hidden contact details, and
//	that nobody else reads a word.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { fundedMilestone, join, openProject, propose, tag } from './market.mjs';
import { call, sql, until } from './support.mjs';

let client;
let freelancer;
let stranger;

before(async () => {
	[client, freelancer, stranger] = await Promise.all([join('mia', 'CLIENT'), join('max', 'FREELANCER'), join('sid', 'CLIENT')]);
	sql(`UPDATE skillancer.profile SET is_public = user_id = '${freelancer.id}' WHERE user_id IN ('${freelancer.id}', '${client.id}', '${stranger.id}')`);
});

const say = (person, conversation, body) => person.post(`/v1/conversations/${conversation.id}/messages`, { body }, 201);
const unread = async (person, conversation) => (await person.get(`/v1/conversations/${conversation.id}`)).unread;
const direct = async (from, to) => (await from.raw('POST', '/v1/conversations', { userId: to.id })).json.data;
const signals = (message) => sql(`SELECT kind FROM skillancer.risk_signal WHERE subject_id = '${message.id}'::skillancer.message_id::uuid ORDER BY kind`).flat();

test('two people talk: one conversation, whoever opens it', async () => {
	const opened = await client.raw('POST', '/v1/conversations', { userId: freelancer.id });
	assert.equal(opened.status, 201, opened.text);
	const conversation = opened.json.data;
	assert.equal(conversation.kind, 'DIRECT');
	const again = await freelancer.raw('POST', '/v1/conversations', { userId: client.id });
	assert.deepEqual([again.status, again.json.data?.id], [200, conversation.id]);
	assert.equal((await client.raw('POST', '/v1/conversations', { userId: stranger.id })).status, 404, 'nobody writes to whom he has nothing to do with and who is not public');
	const first = await say(client, conversation, 'Hello');
	assert.deepEqual([first.body, first.senderId, first.isMasked, first.revision], ['Hello', client.id, false, 1]);
	await say(client, conversation, 'Are you there?');
	assert.deepEqual([await unread(client, conversation), await unread(freelancer, conversation)], [0, 2]);
	assert.deepEqual(await freelancer.get('/v1/conversations/unread-count'), { conversations: 1, messages: 2 });
	assert.deepEqual((await freelancer.get(`/v1/conversations/${conversation.id}/messages`)).map((m) => m.body), ['Are you there?', 'Hello']);
	const half = await freelancer.post(`/v1/conversations/${conversation.id}/read`, { messageId: first.id });
	assert.equal(half.unread, 1);
	assert.equal((await freelancer.post(`/v1/conversations/${conversation.id}/read`)).unread, 0);
	assert.equal((await freelancer.post(`/v1/conversations/${conversation.id}/read`, { messageId: first.id })).unread, 0, 'never back');
	assert.equal((await client.get(`/v1/conversations/${conversation.id}`)).participants.find((p) => p.userId === freelancer.id).lastReadId > first.id, true);
	assert.ok(await until(async () => (await freelancer.get('/v1/notifications?category=MESSAGES')).some((n) => n.type === 'message.received')), 'and a notification');
});

test('pages go through all messages, and conversations come by their newest', async () => {
	const conversation = await direct(client, freelancer);
	for (let i = 0; i < 5; i++) await say(i % 2 ? freelancer : client, conversation, `Page ${i}`);
	const seen = [];
	let cursor = '';
	do {
		const answer = await client.raw('GET', `/v1/conversations/${conversation.id}/messages?limit=2${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
		seen.push(...answer.json.data.map((m) => m.id));
		cursor = answer.json.meta.pagination.nextCursor;
	} while (cursor);
	assert.deepEqual(seen, [...new Set(seen)].sort().reverse());
	const support = await client.post('/v1/conversations', { subject: 'A question' }, 201);
	await say(client, support, 'What is a connect?');
	assert.deepEqual((await client.get('/v1/conversations?limit=2')).map((c) => c.id), [support.id, conversation.id]);
	const page = await client.raw('GET', '/v1/conversations?limit=1');
	const second = await client.get(`/v1/conversations?limit=1&cursor=${encodeURIComponent(page.json.meta.pagination.nextCursor)}`);
	assert.equal(second[0].id, conversation.id);
	assert.deepEqual((await client.get('/v1/conversations?kind=SUPPORT')).map((c) => c.kind), ['SUPPORT']);
});

test('edits are kept, a deleted message says nothing', async () => {
	const conversation = await direct(client, freelancer);
	const message = await say(client, conversation, 'Ten o clock');
	const edited = await call('PATCH', `/v1/messages/${message.id}`, { token: client.token, body: { body: 'Eleven o clock' }, headers: { 'if-match': '"v1"' } });
	assert.deepEqual([edited.status, edited.json.data.body, edited.json.data.revision], [200, 'Eleven o clock', 2]);
	assert.equal((await call('PATCH', `/v1/messages/${message.id}`, { token: client.token, body: { body: 'x' }, headers: { 'if-match': '"v1"' } })).status, 412);
	assert.deepEqual((await freelancer.get(`/v1/messages/${message.id}/revisions`)).map((r) => r.body), ['Ten o clock']);
	assert.equal((await freelancer.raw('PATCH', `/v1/messages/${message.id}`, { body: 'No' })).status, 403);
	assert.equal((await freelancer.raw('DELETE', `/v1/messages/${message.id}`)).status, 403);
	assert.equal((await client.raw('DELETE', `/v1/messages/${message.id}`)).status, 204);
	const [gone] = await freelancer.get(`/v1/conversations/${conversation.id}/messages?limit=1`);
	assert.deepEqual([gone.id, gone.body, gone.attachments, gone.deletedAt !== null], [message.id, null, [], true]);
	assert.equal((await client.raw('PATCH', `/v1/messages/${message.id}`, { body: 'Back' })).status, 410);
	assert.equal((await client.raw('GET', `/v1/messages/${message.id}/revisions`)).status, 404);
	assert.deepEqual(sql(`SELECT type, data ->> 'revision', cardinality(audience) FROM skillancer.event WHERE data ->> 'messageId' = '${message.id}' AND type <> 'message.sent'
		ORDER BY seq`), [['message.edited', '2', '2'], ['message.deleted', '2', '2']], 'and the others see it happen');
	const old = await say(client, conversation, 'Old');
	sql(`UPDATE skillancer.message SET created_at = created_at - interval '2 days' WHERE id = '${old.id}'`);
	assert.equal((await client.raw('PATCH', `/v1/messages/${old.id}`, { body: 'New' })).status, 409);
});

test('contact details are hidden until there is a booking', async () => {
	const [c, f] = await Promise.all([join('ria', 'CLIENT'), join('rob', 'FREELANCER')]);
	const project = await openProject(c, '200.00');
	const proposal = await propose(f, project, '200.00');
	const conversation = await f.post('/v1/conversations', { proposalId: proposal.id }, 201);
	assert.equal((await c.raw('POST', '/v1/conversations', { proposalId: proposal.id })).json.data.id, conversation.id);
	const message = await say(f, conversation, 'Write to rob@example.com or call +49 170 1234567');
	assert.deepEqual([message.body, message.isMasked], ['Write to [hidden] or call [hidden]', true]);
	assert.deepEqual(signals(message), ['contact_email', 'contact_phone']);
	assert.equal((await c.get(`/v1/conversations/${conversation.id}/messages`))[0].body, message.body);
	const edited = (await f.raw('PATCH', `/v1/messages/${message.id}`, { body: 'rob at gmail dot com' })).json.data;
	assert.equal(edited.body, '[hidden]');
	const link = { body: 'See this', attachments: [{ name: 'a', url: 'https://example.com/a' }] };
	assert.equal((await f.raw('POST', `/v1/conversations/${conversation.id}/messages`, link)).status, 422);
	const deal = await fundedMilestone(c, f, '300.00');
	const open = await say(f, conversation, 'rob@example.com');
	assert.deepEqual([open.body, open.isMasked, signals(open)], ['rob@example.com', false, []]);
	const attached = await f.post(`/v1/conversations/${conversation.id}/messages`, link, 201);
	assert.deepEqual(attached.attachments, link.attachments);
	const about = await c.post('/v1/conversations', { bookingId: deal.booking.id }, 201);
	assert.equal(about.bookingId, deal.booking.id);
	assert.equal((await stranger.raw('POST', '/v1/conversations', { bookingId: deal.booking.id })).status, 404);
});

test('a block ends direct words, and not those about a booking', async () => {
	const conversation = await direct(client, freelancer);
	const before = await say(client, conversation, 'Hello');
	assert.equal((await freelancer.raw('POST', `/v1/users/${client.id}/block`)).status, 204);
	assert.equal((await client.raw('PATCH', `/v1/messages/${before.id}`, { body: 'Other words' })).status, 403, 'an edit would be a message');
	for (const person of [client, freelancer]) assert.equal((await person.raw('POST', `/v1/conversations/${conversation.id}/messages`, { body: 'Hey' })).status, 403);
	assert.deepEqual((await freelancer.get('/v1/users/me/blocks')).map((b) => b.userId), [client.id]);
	assert.deepEqual(await client.get('/v1/users/me/blocks'), []);
	assert.equal((await freelancer.raw('POST', `/v1/users/${freelancer.id}/block`)).status, 422);
	assert.equal((await freelancer.raw('DELETE', `/v1/users/${client.id}/block`)).status, 204);
	await say(client, conversation, 'Hey');
});

test('search finds words in one\'s own conversations only', async () => {
	const word = `zebra${tag()}`;
	const conversation = await direct(client, freelancer);
	const message = await say(client, conversation, `A ${word} in the garden`);
	assert.deepEqual((await freelancer.get(`/v1/conversations/search?q=${word}`)).map((m) => m.id), [message.id]);
	assert.deepEqual(await freelancer.get(`/v1/conversations/search?q=${word}+-garden`), []);
	assert.deepEqual(await stranger.get(`/v1/conversations/search?q=${word}`), []);
	await client.raw('DELETE', `/v1/messages/${message.id}`);
	assert.deepEqual(await client.get(`/v1/conversations/search?q=${word}`), [], 'nor what was deleted');
	await client.get('/v1/conversations/search?q=', 422);
});

test('staff join support, and nothing else', async () => {
	const staff = await join('sara', 'CLIENT');
	sql(`INSERT INTO skillancer.user_role (user_id, role) VALUES ('${staff.id}', 'SUPPORT')`);
	const support = await stranger.post('/v1/conversations', { subject: 'Help me' }, 201);
	await say(stranger, support, 'My mail is sid@example.com');
	assert.ok((await staff.get('/v1/admin/conversations?limit=100')).some((c) => c.id === support.id));
	assert.equal((await staff.raw('GET', `/v1/conversations/${support.id}`)).status, 404);
	const joined = await staff.post(`/v1/conversations/${support.id}/join`);
	assert.equal(joined.unread, 1);
	assert.match((await staff.get(`/v1/conversations/${support.id}/messages`))[0].body, /sid@example\.com/, 'nothing is hidden from support');
	assert.ok(!(await staff.get('/v1/admin/conversations?limit=100')).some((c) => c.id === support.id));
	assert.equal((await staff.raw('POST', `/v1/conversations/${(await direct(client, freelancer)).id}/join`)).status, 404);
	assert.equal((await client.raw('POST', `/v1/conversations/${support.id}/join`)).status, 403);
});

test('nobody else, and no nonsense', async () => {
	const conversation = await direct(client, freelancer);
	const message = await say(client, conversation, 'Between us');
	const at = `/v1/conversations/${conversation.id}`;
	for (const [method, path, body] of [['GET', at], ['GET', `${at}/messages`], ['POST', `${at}/messages`, { body: 'x' }], ['POST', `${at}/read`, {}],
		['PATCH', `/v1/messages/${message.id}`, { body: 'x' }], ['DELETE', `/v1/messages/${message.id}`], ['GET', `/v1/messages/${message.id}/revisions`]]) {
		assert.equal((await call(method, path, { token: stranger.token, body })).status, 404, `${method} ${path}`);
		assert.equal((await call(method, path, { body })).status, 401, `${method} ${path}`);
	}
	for (const body of [{}, { body: '' }, { body: 'x'.repeat(10001) }, { body: 5 }, { body: 'x', attachments: 'x' }, { body: 'x', attachments: [5] },
		{ body: 'x', attachments: [{ name: 'x' }] }, { body: 'x', attachments: [{ name: 'x', mediaId: 'nope' }] }, { body: 'x', attachments: [{ name: 'x', mediaId: 'med_00000000000000000000000001', more: 1 }] }, { body: 'x', other: 1 }])
		assert.equal((await client.raw('POST', `${at}/messages`, body)).status, 422, JSON.stringify(body).slice(0, 80));
	for (const body of [{}, { userId: client.id }, { userId: freelancer.id, bookingId: 'bkg_00000000000000000000000001' }, { userId: 'x' }])
		assert.equal((await client.raw('POST', '/v1/conversations', body)).status, 422, JSON.stringify(body));
	assert.equal((await client.raw('POST', '/v1/conversations', { disputeId: 'dsp_00000000000000000000000001' })).status, 404);
	await say(client, conversation, 'x'.repeat(10000));
});
