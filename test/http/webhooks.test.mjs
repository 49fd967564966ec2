// test/http/webhooks.test.mjs
//	Endpoints of webhooks from register to delivery: signatures by the specification's own library, filters and audience,
//	the log, secrets that rotate, what may be registered, what others see.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { join, openProject, propose, tag } from './market.mjs';
import { call, env, sql, until } from './support.mjs';

let owner;
let other;

const target = (behaviour = 'hooks') => `/${behaviour}/${tag()}`;
const received = (at) => readFileSync(path.join(env.SKL_WEBHOOK_DIR, 'index.jsonl'), 'utf8').trim().split('\n').map(JSON.parse).filter((r) => r.path === at);
const register = (person, at, events = ['*']) => person.post('/v1/webhooks', { url: env.SKL_WEBHOOK_URL + at, events }, 201);
const arrives = (at, n = 1, ms = 10000) => until(() => received(at).length >= n && received(at), ms);
const verify = (secret, request) => new Webhook(secret).verify(request.body, request.headers);
const remove = (person, hook) => person.raw('DELETE', `/v1/webhooks/${hook.id}`);

// Waits until the delivery of an event has come to a state.
const delivery = (person, hook, eventId, state) => until(async () => {
	const found = await person.get(`/v1/webhooks/${hook.id}/deliveries/${eventId}`);
	return found.status === state && found;
});

before(async () => {
	[owner, other] = await Promise.all([join('wanda', 'CLIENT'), join('ward', 'CLIENT')]);
});

test('what happens to its owner arrives, signed as the specification says', async () => {
	const at = target();
	const hook = await register(owner, at, ['project.*']);
	const project = await openProject(owner, '300.00');
	const requests = await arrives(at, 2);
	assert.ok(requests, 'created and published arrive');
	for (const request of requests) {
		const body = verify(hook.secret, request);
		assert.deepEqual(Object.keys(body), ['id', 'type', 'timestamp', 'data']);
		assert.equal(body.id, request.headers['webhook-id']);
		assert.match(body.id, /^evt_/);
		assert.equal(body.data.projectId, project.id);
		assert.match(body.timestamp, /^\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)$/);
		assert.equal(request.headers['content-type'], 'application/json');
	}
	assert.deepEqual(requests.slice(0, 2).map((r) => JSON.parse(r.body).type), ['project.created', 'project.published'], 'in the order in which they happened');
	await remove(owner, hook);
});

test('notifications come by webhook to who prefers it', async () => {
	const at = target();
	const hook = await register(owner, at, ['notification.created']);
	const prefer = (frequency) => owner.raw('PUT', '/v1/notifications/preferences', { preferences: [{ category: 'PROJECTS', channel: 'WEBHOOK', frequency }] });
	const changed = await prefer('IMMEDIATE');
	assert.equal(changed.json.data.find((p) => p.category === 'PROJECTS' && p.channel === 'WEBHOOK').frequency, 'IMMEDIATE');
	const project = await openProject(owner, '310.00');
	const freelancer = await join('wes', 'FREELANCER');
	await propose(freelancer, project, '310.00');
	const [request] = await arrives(at);
	const body = verify(hook.secret, request);
	assert.equal(body.type, 'notification.created');
	const inApp = (await owner.get('/v1/notifications')).find((n) => n.type === 'proposal.received');
	assert.deepEqual([body.data.id, body.data.title, body.data.data.projectId], [inApp.id, inApp.title, project.id]);
	const logged = await delivery(owner, hook, body.id, 'DELIVERED');
	const submitted = sql(`SELECT correlation_id FROM skillancer.event WHERE type = 'proposal.submitted' AND data ->> 'projectId' = '${project.id}'`)[0][0];
	assert.equal(logged.correlationId, submitted, 'and is known by the request that caused it');
	await prefer('NEVER');
	await remove(owner, hook);
});

test('an old timestamp, another body or another secret is refused', async () => {
	const at = target();
	const hook = await register(owner, at);
	await owner.post(`/v1/webhooks/${hook.id}/test`, {}, 202);
	const [request] = await arrives(at);
	assert.equal(verify(hook.secret, request).type, 'webhook.test');
	assert.throws(() => verify(hook.secret, { ...request, body: request.body.replace('webhook.test', 'webhook.tes7') }));
	for (const seconds of [-600, -301, 302, 600]) {
		const stamp = String(Number(request.headers['webhook-timestamp']) + seconds);
		assert.throws(() => verify(hook.secret, { ...request, headers: { ...request.headers, 'webhook-timestamp': stamp } }), `${seconds} s later`);
	}
	for (const name of ['webhook-id', 'webhook-timestamp', 'webhook-signature']) {
		const { [name]: left, ...headers } = request.headers;
		assert.throws(() => verify(hook.secret, { ...request, headers }), `without ${name} (${left})`);
	}
	// the order and the letters of headers do not count, nor what else is in them
	const turned = Object.fromEntries(Object.entries(request.headers).reverse().map(([name, value]) => [name.replace(/^webhook-i/, 'Webhook-I'), value]));
	assert.equal(verify(hook.secret, { ...request, headers: turned }).type, 'webhook.test');
	const [signature] = request.headers['webhook-signature'].split(' ');
	for (const list of [`v2,xyz ${signature}`, `v1,${'A'.repeat(43)}= ${signature}`])
		assert.equal(verify(hook.secret, { ...request, headers: { ...request.headers, 'webhook-signature': list } }).type, 'webhook.test');
	assert.throws(() => verify(hook.secret, { ...request, headers: { ...request.headers, 'webhook-id': 'evt_other' } }));
	assert.throws(() => verify(`whsec_${Buffer.alloc(32, 7).toString('base64')}`, request));
	// a body that is sent again in five minutes is valid, and has the id that a receiver has seen: nothing else that is signed has it
	const again = await owner.post(`/v1/webhooks/${hook.id}/test`, {}, 202);
	await arrives(at, 2);
	assert.notEqual(again.eventId, request.headers['webhook-id']);
	await owner.post(`/v1/webhooks/${hook.id}/deliveries/${request.headers['webhook-id']}/redeliver`, {}, 202);
	const third = (await arrives(at, 3)).at(-1);
	assert.deepEqual([third.headers['webhook-id'], third.body], [request.headers['webhook-id'], request.body], 'the same event has the same id and body');
	await remove(owner, hook);
});

test('two secrets are valid while one replaces the other, one after', async () => {
	const at = target();
	const hook = await register(owner, at);
	const send = async (n) => {
		await owner.post(`/v1/webhooks/${hook.id}/test`, {}, 202);
		return (await arrives(at, n)).at(-1);
	};
	const rotated = await owner.post(`/v1/webhooks/${hook.id}/rotate-secret`);
	const during = await send(1);
	assert.equal(during.headers['webhook-signature'].split(' ').length, 2);
	verify(hook.secret, during);
	verify(rotated.secret, during);
	// in the other order, too; the overlap ends with its time
	const reordered = during.headers['webhook-signature'].split(' ').reverse().join(' ');
	for (const secret of [hook.secret, rotated.secret]) verify(secret, { ...during, headers: { ...during.headers, 'webhook-signature': reordered } });
	assert.equal(sql(`SELECT round(extract(epoch FROM timestamptz '${rotated.previousValidUntil}' - skillancer.now()) / 3600)`)[0][0], '24', 'a day');
	sql(`UPDATE skillancer.webhook_secret SET valid_until = skillancer.now() - interval '1 second' WHERE webhook_id = '${hook.id}' AND valid_until <> 'infinity'`);
	const over = await send(2);
	verify(rotated.secret, over);
	assert.throws(() => verify(hook.secret, over), 'after it the old one signs no more');
	const third = await owner.post(`/v1/webhooks/${hook.id}/rotate-secret`, { atOnce: true });
	const after = await send(3);
	verify(third.secret, after);
	assert.throws(() => verify(hook.secret, after));
	assert.throws(() => verify(rotated.secret, after));
	assert.ok(!(await owner.raw('GET', `/v1/webhooks/${hook.id}`)).text.includes('whsec_'), 'a secret is shown once');
	const [[sealed]] = sql(`SELECT count(*) FROM skillancer.webhook_secret WHERE position(decode('${third.secret.slice(6)}', 'base64') IN sealed) > 0`);
	assert.equal(sealed, '0', 'and not in the database as it is');
	await remove(owner, hook);
});

test('nobody gets what is not theirs to hear', async () => {
	const [mine, theirs] = [target(), target()];
	const [a, b] = [await register(owner, mine, ['project.published']), await register(other, theirs)];
	const project = await openProject(owner, '200.00');
	await arrives(mine);
	await other.post(`/v1/webhooks/${b.id}/test`, {}, 202);
	await arrives(theirs);
	assert.ok(received(mine).every((r) => JSON.parse(r.body).type === 'project.published'), 'the filter holds');
	assert.ok(!received(theirs).some((r) => r.body.includes(project.id)), 'the audience holds');
	await Promise.all([remove(owner, a), remove(other, b)]);
});

test('the log shows every attempt, and sends again under the same id', async () => {
	const at = target('flaky/1');
	const hook = await register(owner, at);
	const tested = await owner.post(`/v1/webhooks/${hook.id}/test`, {}, 202);
	assert.equal(tested.status, 'QUEUED');
	const failed = await delivery(owner, hook, tested.eventId, 'FAILED');
	assert.deepEqual([failed.lastStatus, failed.attempts, failed.log.length, failed.log[0].status], [503, 1, 1, 503]);
	assert.ok(failed.log[0].durationMs >= 0 && JSON.parse(failed.body).id === tested.eventId);
	await owner.post(`/v1/webhooks/${hook.id}/deliveries/${tested.eventId}/redeliver`, {}, 202);
	const delivered = await delivery(owner, hook, tested.eventId, 'DELIVERED');
	assert.deepEqual([delivered.attempts, delivered.log.map((a) => a.status)], [2, [503, 204]]);
	const [first, second] = received(at);
	assert.deepEqual([first.headers['webhook-id'], first.body], [second.headers['webhook-id'], second.body]);
	assert.equal((await owner.get(`/v1/webhooks/${hook.id}/deliveries?state=DELIVERED`)).length, 1);
	assert.equal((await owner.get(`/v1/webhooks/${hook.id}/deliveries?type=project.created`)).length, 0);
	await owner.get(`/v1/webhooks/${hook.id}/deliveries?state=NONSENSE`, 422);
	await remove(owner, hook);
});

test('what was dropped while it was disabled can be sent again', async () => {
	const at = target();
	const hook = await register(owner, at, ['project.created']);
	const since = new Date(Date.now() - 60000).toISOString();
	await owner.post(`/v1/webhooks/${hook.id}/disable`);
	assert.equal((await owner.post(`/v1/webhooks/${hook.id}/disable`, {}, 409)).code, 'INVALID_STATE');
	assert.equal((await owner.post(`/v1/webhooks/${hook.id}/test`, {}, 409)).code, 'INVALID_STATE');
	sql(`INSERT INTO skillancer.webhook_delivery (webhook_id, event_id, user_id, seq, type, aggregate_id, body, state, settled_at)
		SELECT id, skillancer.new_id()::skillancer.event_id, user_id, 1, 'project.created', skillancer.new_id(), '{}', 'DROPPED', skillancer.now()
		FROM skillancer.webhook WHERE id = '${hook.id}'`);
	assert.equal((await owner.post(`/v1/webhooks/${hook.id}/enable`)).status, 'ACTIVE');
	assert.deepEqual(await owner.post(`/v1/webhooks/${hook.id}/redeliver`, { since }, 202), { queued: 1 });
	assert.ok(await arrives(at));
	await remove(owner, hook);
});

test('changing and deleting', async () => {
	const hook = await register(owner, target(), ['project.*']);
	const answer = await owner.raw('GET', `/v1/webhooks/${hook.id}`);
	const etag = answer.headers.get('etag');
	assert.equal((await call('GET', `/v1/webhooks/${hook.id}`, { token: owner.token, headers: { 'if-none-match': etag } })).status, 304);
	const changed = await call('PATCH', `/v1/webhooks/${hook.id}`, { token: owner.token, headers: { 'if-match': etag }, body: { events: ['booking.*', 'user.updated'], description: 'two' } });
	assert.deepEqual([changed.status, changed.json.data.events, changed.json.data.url], [200, ['booking.*', 'user.updated'], hook.url]);
	assert.equal((await call('PATCH', `/v1/webhooks/${hook.id}`, { token: owner.token, headers: { 'if-match': etag }, body: { events: ['*'] } })).status, 412);
	for (const body of [{ url: null }, { events: [] }, { events: null }, { events: ['project.nonsense'] }, { description: 'x'.repeat(201) }])
		assert.equal((await owner.raw('PATCH', `/v1/webhooks/${hook.id}`, body)).status, 422, JSON.stringify(body));
	assert.equal((await remove(owner, hook)).status, 204);
	assert.equal((await owner.raw('GET', `/v1/webhooks/${hook.id}`)).status, 404);
	assert.equal((await owner.raw('GET', `/v1/webhooks/${hook.id}/deliveries`)).status, 404);
});

test('what cannot be registered', async () => {
	for (const url of ['https://10.0.0.1/', 'https://169.254.169.254/latest', 'https://[::1]/', 'https://[::ffff:127.0.0.1]/',
		'https://2130706433/', 'https://0x7f.1/', 'https://0177.0.0.1/', 'https://user:pass@example.com/', 'https://localhost/', 'https://example.com#f',
		'ftp://example.com/', 'file:///etc/passwd', 'gopher://example.com/', 'https://ex ample.com/', 'https://exämple.com/', 'https://example。com/', '', `https://example.com/${'x'.repeat(2000)}`])
		assert.equal((await owner.raw('POST', '/v1/webhooks', { url, events: ['*'] })).json.error?.details[0].field, 'url', url);
	for (const events of [[], null, ['nope'], ['project'], ['*', 'x.*'], Array(51).fill('*')])
		assert.equal((await owner.raw('POST', '/v1/webhooks', { url: `${env.SKL_WEBHOOK_URL}/x`, events })).status, 422, JSON.stringify(events));
	const hooks = [];
	for (let i = 0; i < 10; i++) hooks.push(await register(other, target()));
	assert.equal((await other.post('/v1/webhooks', { url: `${env.SKL_WEBHOOK_URL}/x`, events: ['*'] }, 409)).code, 'LIMIT_REACHED');
	assert.equal((await other.get('/v1/webhooks')).length, 10);
	await Promise.all(hooks.map((hook) => remove(other, hook)));
});

test('nobody else\'s', async () => {
	const hook = await register(owner, target());
	const tested = await owner.post(`/v1/webhooks/${hook.id}/test`, {}, 202);
	const one = `/v1/webhooks/${hook.id}`;
	for (const [method, at, body] of [['GET', one], ['PATCH', one, { events: ['*'] }], ['DELETE', one], ['POST', `${one}/enable`, {}], ['POST', `${one}/disable`, {}],
		['POST', `${one}/rotate-secret`, {}], ['POST', `${one}/test`, {}], ['GET', `${one}/deliveries`], ['GET', `${one}/deliveries/${tested.eventId}`],
		['POST', `${one}/deliveries/${tested.eventId}/redeliver`, {}], ['POST', `${one}/redeliver`, { since: '2026-01-01T00:00:00Z' }]]) {
		assert.equal((await call(method, at, { token: other.token, body })).status, 404, `${method} ${at}`);
		assert.equal((await call(method, at, { body })).status, 401, `${method} ${at}`);
	}
	assert.equal((await call('GET', '/v1/webhooks')).status, 401);
	assert.ok((await call('GET', '/v1/webhooks/event-types')).json.data.some((t) => t.type === 'project.created'));
	await remove(owner, hook);
});
