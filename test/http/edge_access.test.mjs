// test/http/edge_access.test.mjs
//	Who may call and from where: CORS (fault 94), address lists (92), forwarded addresses (91).
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { startBridge, closeDb } from './lib/edge.mjs';

const origin = 'https://app.example.test';
let bridge;

before(async () => {
	bridge = await startBridge({ cors_origins: `${origin}, http://localhost:3000`, trusted_proxies: '127.0.0.0/8', allow: '', deny: '203.0.113.0/24, 2001:db8:bad::/48' });
});

after(async () => {
	await bridge?.stop();
	await closeDb();
});

const preflight = (from, method = 'POST', path = '/v1/projects') => fetch(bridge.url + path, {
	method: 'OPTIONS', headers: { Origin: from, 'Access-Control-Request-Method': method, 'Access-Control-Request-Headers': 'authorization,content-type' } });
const from = (address, headers = {}) => fetch(`${bridge.url}/v1/categories`, { headers: { 'X-Forwarded-For': address, ...headers } });

test('a preflight of a listed origin is allowed, before any sign-in', async () => {
	for (const listed of [origin, 'http://localhost:3000']) {
		const { status, headers } = await preflight(listed);
		assert.equal(status, 204);
		assert.equal(headers.get('access-control-allow-origin'), listed);
		assert.equal(headers.get('access-control-allow-credentials'), 'true');
		assert.equal(headers.get('access-control-max-age'), '86400');
		assert.match(headers.get('access-control-allow-methods'), /\bGET\b.*\bPOST\b/);
		assert.match(headers.get('access-control-allow-headers'), /Authorization.*Idempotency-Key.*If-Match/);
		assert.match(headers.get('vary'), /Origin/);
	}
});

test('answers to a listed origin may be read, others not; both vary by origin', async () => {
	const good = await fetch(`${bridge.url}/v1/categories`, { headers: { Origin: origin } });
	assert.equal(good.status, 200);
	assert.equal(good.headers.get('access-control-allow-origin'), origin);
	assert.match(good.headers.get('access-control-expose-headers'), /ETag/);
	assert.match(good.headers.get('vary'), /Origin/);
	const none = await fetch(`${bridge.url}/v1/categories`);
	assert.equal(none.headers.get('access-control-allow-origin'), null);
	assert.match(none.headers.get('vary'), /Origin/);
	const failed = await fetch(`${bridge.url}/v1/users/me`, { headers: { Origin: origin } });
	assert.equal(failed.status, 401);
	assert.equal(failed.headers.get('access-control-allow-origin'), origin, 'errors too can be read');
});

test('look-alikes of an origin get nothing (94)', async () => {
	for (const alike of ['null', '*', 'https://app.example.test.evil.test', 'https://evil-app.example.test', 'https://evilapp.example.test',
		'https://sub.app.example.test', 'http://app.example.test', 'https://app.example.test:444', 'https://app.example.test:443',
		'https://app.example.test/', 'HTTPS://APP.EXAMPLE.TEST', 'https://app.example.tes', `${origin}, ${origin}`, 'https://app%2eexample.test',
		'http://localhost', 'http://localhost:3001', 'file://', 'https://example.test']) {
		for (const answer of [await preflight(alike), await fetch(`${bridge.url}/v1/categories`, { headers: { Origin: alike } })]) {
			assert.equal(answer.headers.get('access-control-allow-origin'), null, alike);
			assert.equal(answer.headers.get('access-control-allow-credentials'), null, alike);
			assert.match(answer.headers.get('vary'), /Origin/);
		}
	}
});

test('"*" and patterns are no origins: the configuration refuses them', async () => {
	for (const cors_origins of ['*', 'https://*.example.test', 'example.test', 'https://'])
		await assert.rejects(startBridge({ cors_origins }), /is not an origin/);
});

test('a denied network is refused, in whatever form its address comes (92)', async () => {
	for (const address of ['203.0.113.7', '203.0.113.0', '203.0.113.255', '::ffff:203.0.113.7', '::ffff:cb00:7107', '203.0.113.7:4711', '[2001:db8:bad::1]:80', '2001:db8:bad:ffff::1', '2001:0DB8:0BAD::1']) {
		const answer = await from(address);
		assert.equal(answer.status, 403, address);
		assert.equal((await answer.json()).error.code, 'ADDRESS_DENIED');
	}
	for (const address of ['203.0.112.255', '203.0.114.0', '2001:db8:bae::1', '198.51.100.1']) assert.equal((await from(address)).status, 200, address);
	for (const address of ['0313.0.0161.7', '3405803783', '203.0.28935', '2001:db8:bad::1%eth0', 'unknown', '_hidden', '203.0.113.7.'])
		assert.equal((await from(address)).status, 200, `${address} is no address: the proxy itself counts`);
});

test('an allow list lets in nobody else', async () => {
	const closed = await startBridge({ allow: '192.0.2.0/24', trusted_proxies: '127.0.0.1' }, { patience: 1000 }).catch((error) => error);
	assert.match(String(closed), /did not start/, 'the probe of this test is not in the list');
	const open = await startBridge({ allow: '192.0.2.0/24, 127.0.0.1', trusted_proxies: '127.0.0.1' });
	try {
		assert.equal((await fetch(`${open.url}/v1/categories`, { headers: { 'X-Forwarded-For': '192.0.2.9' } })).status, 200);
		assert.equal((await fetch(`${open.url}/v1/categories`, { headers: { 'X-Forwarded-For': '198.51.100.9' } })).status, 403);
	} finally {
		await open.stop();
	}
});

test('the first untrusted address from the right is the client (91)', async () => {
	const denied = '203.0.113.7';
	const rows = [
		[`198.51.100.1, ${denied}`, 403, 'the client wrote the left part'],
		[`${denied}, 198.51.100.1`, 200, 'what the client wrote does not count'],
		[`${denied}, 127.0.0.9`, 403, 'a trusted proxy is skipped'],
		[`${denied}, 127.0.0.9, 127.0.0.8`, 403, 'and so are two'],
		[`${denied},198.51.100.1,127.0.0.9`, 200, 'blanks do not matter'],
		[`${Array(1000).fill(denied).join(',')}, 198.51.100.1`.slice(-4000), 200, 'a thousand hops'],
		['', 200, 'an empty header'],
	];
	for (const [chain, status, why] of rows) assert.equal((await from(chain)).status, status, why);
	for (const name of ['Forwarded', 'X-Real-IP', 'True-Client-IP', 'X-Client-IP', 'CF-Connecting-IP', 'X-Forwarded', 'X-Cluster-Client-IP'])
		assert.equal((await fetch(`${bridge.url}/v1/categories`, { headers: { [name]: name === 'Forwarded' ? `for=${denied}` : denied } })).status, 200, name);
});

test('nobody is trusted unless configured, private addresses neither (91)', async () => {
	const alone = await startBridge({ deny: '203.0.113.0/24' });
	try {
		assert.equal((await fetch(`${alone.url}/v1/categories`, { headers: { 'X-Forwarded-For': '203.0.113.7' } })).status, 200);
		assert.equal(alone.lines().filter((line) => line.route === '/v1/categories').at(-1)?.address ?? '127.0.0.1', '127.0.0.1');
	} finally {
		await alone.stop();
	}
});

test('the log shows the client behind the proxy', async () => {
	await (await from('192.0.2.77')).text();
	await new Promise((resolve) => setTimeout(resolve, 200));
	assert.ok(bridge.lines().some((line) => line.address === '192.0.2.77'));
});

test('a foreign page cannot change anything with the cookies of its visitor (95)', async () => {
	const refresh = (headers) => fetch(`${bridge.url}/v1/auth/refresh`, { method: 'POST', body: '{}', headers: { 'Content-Type': 'application/json', Cookie: 'skl_refresh=x', ...headers } });
	for (const foreign of ['https://evil.test', 'null', `${bridge.url}.evil.test`, 'http://127.0.0.1:1']) {
		const answer = await refresh({ Origin: foreign });
		assert.equal(answer.status, 403, foreign);
		assert.equal((await answer.json()).error.code, 'PERMISSION_DENIED');
	}
	for (const good of [{}, { Origin: origin }, { Origin: bridge.url }, { Origin: 'https://evil.test', Cookie: '' }]) assert.notEqual((await refresh(good)).status, 403, JSON.stringify(good));
	for (const type of ['application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'text/plain'])
		assert.equal((await refresh({ 'Content-Type': type })).status, 415, type);
});
