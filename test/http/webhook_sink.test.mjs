// test/http/webhook_sink.test.mjs
//	The world's receiver of webhooks keeps what it gets, and misbehaves as the path asks for.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { tag } from './market.mjs';
import { env } from './support.mjs';

const post = (target, body = '{}') => fetch(env.SKL_WEBHOOK_URL + target, { method: 'POST', body, redirect: 'manual', headers: { 'X-Test': 'yes' } });
const received = (target) => readFileSync(path.join(env.SKL_WEBHOOK_DIR, 'index.jsonl'), 'utf8').trim().split('\n').map(JSON.parse).filter((r) => r.path === target);

test('a webhook is kept as it came', async () => {
	const target = `/hooks/${tag()}`;
	assert.equal((await post(target, '{"a": "ü"}')).status, 204);
	const [line] = received(target);
	assert.deepEqual([line.method, line.body, line.headers['x-test']], ['POST', '{"a": "ü"}', 'yes']);
});

test('the path asks for trouble', async () => {
	const flaky = `/flaky/2/${tag()}`;
	assert.deepEqual([(await post(flaky)).status, (await post(flaky)).status, (await post(flaky)).status], [503, 503, 204]);
	assert.equal((await post('/status/410/x')).status, 410);
	const moved = await post('/redirect/x');
	assert.deepEqual([moved.status, moved.headers.get('location')], [301, '/redirect/x']);
	await assert.rejects(post('/drop/x'));
	await assert.rejects(fetch(`${env.SKL_WEBHOOK_URL}/hang/x`, { method: 'POST', body: '{}', signal: AbortSignal.timeout(300) }));
	assert.equal((await (await post('/large/x')).arrayBuffer()).byteLength, 10 * 1024 * 1024);
});
