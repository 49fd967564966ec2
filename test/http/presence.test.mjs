// test/http/presence.test.mjs
//	Typing and presence: who is told by his live stream, at which bridge, and that nothing of it is kept. Two bridges, and
//	the eventsource client of npm.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { EventSource } from 'eventsource';
import { call, freePort, makeUsers, sleep, sql, startBridge, typeid, until } from './support.mjs';

let near;
let far;
let users;
const open = [];

before(async () => {
	const ports = [await freePort(), await freePort()];
	near = await startBridge({ stream_port: ports[0], stream_url: `http://127.0.0.1:${ports[0]}` });
	far = await startBridge({ stream_port: ports[1], stream_url: `http://127.0.0.1:${ports[1]}`, jwt_key_dir: near.keys });
	near.stream = `http://127.0.0.1:${ports[0]}`;
	far.stream = `http://127.0.0.1:${ports[1]}`;
	users = makeUsers(10, near);
});
after(async () => {
	sql(`UPDATE skillancer.policy SET value = '"PT15S"' WHERE key = 'presenceTerm'`);
	open.forEach((heard) => heard.source.close());
	await near?.stop();
	await far?.stop();
});

// A conversation of some people about nothing in particular.
function talk(...people) {
	const [[uuid]] = sql(`WITH c AS (
			INSERT INTO skillancer.conversation (kind, subject, created_by) VALUES ('SUPPORT', 'x', '${people[0].uuid}') RETURNING id)
		, p AS (INSERT INTO skillancer.conversation_participant (user_id, conversation_id)
			SELECT u, c.id FROM c, unnest('{${people.map((p) => p.uuid)}}'::skillancer.user_id[]) u)
		SELECT id::uuid FROM c`);
	return typeid('cnv', uuid);
}

// Listens at a bridge; every event that is no entry of the log is kept, with Last-Event-ID as it is then.
async function listen(user, bridge = near) {
	const heard = { list: [], user };
	heard.source = new EventSource(`${bridge.stream}/v1/stream`, {
		fetch: (input, init) => fetch(input, { ...init, headers: { ...init.headers, authorization: `Bearer ${user.token}` } }),
	});
	for (const type of ['typing', 'presence', 'presence.online']) {
		heard.source.addEventListener(type, (event) => heard.list.push({ type, ...JSON.parse(event.data), lastEventId: event.lastEventId }));
	}
	open.push(heard);
	assert.ok(await until(() => heard.source.readyState === EventSource.OPEN));
	return heard;
}

const close = (...all) => all.forEach((heard) => heard.source.close());
const typing = (user, conversation, body, bridge = near) =>
	call('POST', `/v1/conversations/${conversation}/typing`, { base: bridge.base, token: user.token, body });
const setHidden = (user, isHidden) => call('PUT', '/v1/users/me/presence', { base: near.base, token: user.token, body: { isHidden } });
const of = (heard, type, user) => heard.list.filter((e) => e.type === type && (!user || e.userId === user.id));
const last = (heard, user) => of(heard, 'presence', user).at(-1)?.isOnline;

// beside each other, since they wait more than they work
describe('signals', { concurrency: true }, () => {
	test('the others in a conversation see that somebody types, at any bridge, and nothing of it is kept', async () => {
		const [one, two, third, stranger] = users;
		const conversation = talk(one, two, third);
		const heard = [await listen(one), await listen(two), await listen(two, far), await listen(third, far), await listen(stranger)];
		// a stream counts from the moment that its bridge has named it
		assert.ok(await until(() => last(heard[0], two) && last(heard[1], third)));
		const who = `'{${users.map((u) => u.uuid)}}'::uuid[]`;
		const kept = () => sql(`SELECT (SELECT count(*) FROM skillancer.event WHERE audience && ${who}),
			(SELECT count(*) FROM skillancer.stream_entry WHERE user_id::uuid = ANY (${who}))`)[0].join();
		const before = kept();
		assert.equal((await typing(one, conversation)).status, 204);
		assert.ok(await until(() => [1, 2, 3].every((i) => of(heard[i], 'typing').length === 1)));
		const [told] = of(heard[3], 'typing');
		assert.deepEqual(told, { type: 'typing', conversationId: conversation, userId: one.id, isTyping: true, lastEventId: told.lastEventId });
		assert.equal(told.lastEventId, of(heard[3], 'presence.online')[0].lastEventId, 'a signal has no id of its own');
		assert.equal((await typing(one, conversation)).status, 204);
		assert.equal((await typing(one, conversation, { isTyping: false }, far)).status, 204);
		assert.equal((await typing(one, conversation, { isTyping: false }, far)).status, 204);
		assert.ok(await until(() => of(heard[1], 'typing').length === 2));
		await sleep(200);
		assert.deepEqual(of(heard[1], 'typing').map((e) => e.isTyping), [true, false], 'what is known is not said again');
		assert.equal(of(heard[0], 'typing').length, 0, 'not to who types');
		assert.equal(heard[4].list.length, 0, 'nor to who has no part in it');
		assert.equal(kept(), before, 'neither an event nor an entry of the stream');
		assert.equal((await typing(stranger, conversation)).status, 404);
		assert.equal((await typing(one, conversation, { isTyping: 'yes' })).status, 422);
		assert.equal((await call('POST', `/v1/conversations/${conversation}/typing`, { base: near.base })).status, 401);
		let refused;
		for (let i = 0; i < 60 && !refused; i++) {
			const answer = await typing(two, conversation, { isTyping: i % 2 === 0 });
			if (answer.status === 429) refused = answer;
			else assert.equal(answer.status, 204);
		}
		assert.equal(refused?.headers.get('retry-after'), '1', 'more than a few changes at once are refused');
		close(...heard);
	});

	test('who is there is known to the people of his conversations while a stream of his is open at some bridge', async () => {
		const [, , , , watcher, friend, leaver, stranger] = users;
		sql(`UPDATE skillancer.policy SET value = '"PT8S"' WHERE key = 'presenceTerm'`);
		const watching = await listen(watcher);
		assert.equal(of(watching, 'presence.online').length, 0, 'without a conversation there is nothing to know');
		close(watching);
		talk(watcher, friend);
		talk(watcher, leaver);
		const heard = await listen(watcher);
		const other = await listen(stranger, far);
		assert.ok(await until(() => of(heard, 'presence.online').length === 1));
		assert.deepEqual(of(heard, 'presence.online')[0].userIds, []);
		const here = [await listen(friend), await listen(leaver)];
		assert.ok(await until(() => last(heard, friend) && last(heard, leaver)), 'they come');
		const there = await listen(friend, far);
		assert.ok(await until(() => of(there, 'presence.online')[0]?.userIds.includes(watcher.id)), 'and are told who is there');
		close(...here);
		assert.ok(await until(() => last(heard, leaver) === false, 20000), 'he is gone');
		assert.deepEqual(of(heard, 'presence', friend).map((e) => e.isOnline), [true], 'the other bridge still has a stream of his');
		assert.deepEqual(of(heard, 'presence', leaver).map((e) => e.isOnline), [true, false]);
		assert.equal(other.list.length, 0);
		close(heard, other, there);
	});

	test('a block hides each from the other, and one may hide from all', async () => {
		const [one, two] = users.slice(8);
		const conversation = talk(one, two);
		const heard = [await listen(one), await listen(two)];
		assert.ok(await until(() => last(heard[0], two)));
		const block = (method) => call(method, `/v1/users/${two.id}/block`, { base: near.base, token: one.token });
		assert.equal((await block('POST')).status, 204);
		assert.ok(await until(() => last(heard[0], two) === false && last(heard[1], one) === false), 'as if both had gone');
		assert.equal((await typing(two, conversation)).status, 204, 'who is blocked is not told');
		const again = await listen(two, far);
		assert.ok(await until(() => of(again, 'presence.online').length === 1));
		assert.deepEqual(of(again, 'presence.online')[0].userIds, []);
		assert.equal((await block('DELETE')).status, 204);
		assert.ok(await until(() => last(heard[0], two) && last(heard[1], one)));
		assert.deepEqual(of(heard[0], 'typing'), []);

		assert.deepEqual((await call('GET', '/v1/users/me/presence', { base: near.base, token: two.token })).json.data, { isHidden: false });
		assert.deepEqual((await setHidden(two, true)).json.data, { isHidden: true });
		assert.ok(await until(() => last(heard[0], two) === false));
		assert.equal(last(heard[1], one), true, 'who hides still sees others');
		await typing(two, conversation);
		const late = await listen(one, far);
		assert.ok(await until(() => of(late, 'presence.online').length === 1));
		assert.deepEqual(of(late, 'presence.online')[0].userIds, []);
		assert.deepEqual((await setHidden(two, false)).json.data, { isHidden: false });
		assert.ok(await until(() => last(heard[0], two)));
		assert.deepEqual(of(heard[0], 'typing'), []);
		assert.equal((await call('PUT', '/v1/users/me/presence', { base: near.base, token: two.token, body: { isHidden: null } })).status, 422);
		close(...heard, again, late);
	});
});
