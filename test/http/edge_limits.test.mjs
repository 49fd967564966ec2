// test/http/edge_limits.test.mjs
//	Request limits: what passes, what the headers say, whom a bucket belongs to (fault 93).
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { parseDictionary, parseList } from 'structured-headers';
import { startBridge, makeUser, claimsOf, sign, bearer, closeDb, now } from './lib/edge.mjs';

let bridge;
let slow; // gives back so little that nothing passes by the way

before(async () => {
	slow = await startBridge({ limit_scale: 1, rate_anonymous: '1/h burst 5', rate_auth: '1/h burst 4', rate_address: 'off', trusted_proxies: '127.0.0.1' });
	bridge = await startBridge({
		limit_scale: 1, rate_anonymous: '20/min burst 30', rate_authenticated: '100/min burst 150', rate_premium: '500/min burst 750',
		rate_auth: '10/min burst 4', rate_address: 'off', trusted_proxies: '127.0.0.1',
	});
});

after(async () => {
	await bridge?.stop();
	await slow?.stop();
	await closeDb();
});

// each test is a client of its own behind the proxy that this test is
let last = 0;
const newAddress = () => `198.51.100.${++last}`;
const get = (path, address, headers = {}, at = bridge) => fetch(at.url + path, { headers: { 'X-Forwarded-For': address, ...headers } });

const exhaust = (address) => drain('/v1/categories', address, {}, 5, 0, slow);

// Asks until refused. Tells how many passed, and how many could at the most: the burst and what time gave back.
async function drain(path, address, headers, burst = 30, perMinute = 20, at = bridge) {
	const started = Date.now();
	const most = () => burst + 1 + Math.floor((Date.now() - started) * perMinute / 60000);
	let passed = 0;
	for (;;) {
		const answer = await get(path, address, headers, at);
		await answer.arrayBuffer();
		if (answer.status === 429) return { passed, answer, most: most() };
		if (++passed > 1000) return { passed, answer, most: most() };
	}
}

test('anonymous callers get their burst, then 429 with Retry-After', async () => {
	const address = newAddress();
	const { passed, answer, most } = await drain('/v1/categories', address);
	assert.ok(passed >= 30 && passed <= most, `${passed} passed`);
	const body = await (await get('/v1/categories', address)).json();
	assert.equal(body.error.code, 'RATE_LIMITED');
	assert.equal(body.error.details.limit, 'anonymous');
	const wait = Number(answer.headers.get('retry-after'));
	assert.ok(wait >= 1 && wait <= 3, `one request every 3 s, told ${wait}`);
	await new Promise((resolve) => setTimeout(resolve, wait * 1000 + 100));
	assert.equal((await get('/v1/categories', address)).status, 200, 'after that time it passes');
});

test('the headers tell the truth in both spellings', async () => {
	const address = newAddress();
	for (let i = 1; i <= 3; i++) {
		const { headers } = await get('/v1/categories', address);
		assert.equal(headers.get('x-ratelimit-limit'), '30');
		assert.equal(headers.get('x-ratelimit-remaining'), String(30 - i));
		const reset = Number(headers.get('x-ratelimit-reset')) - now();
		assert.ok(reset >= 3 * i - 3 && reset <= 3 * i + 1, `full again in ${reset} s`);
		const [[name, policy]] = parseList(headers.get('ratelimit-policy'));
		assert.equal(name, 'anonymous');
		assert.equal(policy.get('q'), 30);
		assert.equal(policy.get('w'), 90);
		const [[limit, state]] = parseList(headers.get('ratelimit'));
		assert.equal(limit, 'anonymous');
		assert.equal(state.get('r'), 30 - i);
		assert.ok(Number.isInteger(state.get('t')));
	}
	assert.throws(() => parseDictionary('"anonymous";r=1'));
});

test('users have limits of their own, premium ones more', async () => {
	const first = await makeUser();
	const second = await makeUser();
	const address = newAddress();
	const token = await sign(bridge.key, claimsOf(first));
	const one = await drain('/v1/users/me', address, bearer(token).headers, 150, 100);
	assert.ok(one.passed >= 150 && one.passed <= one.most, `${one.passed} passed`);
	const renewed = await get('/v1/users/me', newAddress(), bearer(await sign(bridge.key, claimsOf(first))).headers);
	assert.equal(renewed.status, 429, 'neither a new token nor a new address opens another bucket');
	assert.equal((await get('/v1/users/me', address, bearer(await sign(bridge.key, claimsOf(second))).headers)).status, 200);
	const premium = await get('/v1/users/me', address, bearer(await sign(bridge.key, claimsOf(second, { tier: 'premium' }))).headers);
	assert.equal(premium.headers.get('x-ratelimit-limit'), '750');
});

test('sign-in is much tighter, and apart from reading', async () => {
	const address = newAddress();
	const login = () => fetch(`${slow.url}/v1/auth/login`, { method: 'POST', headers: { 'X-Forwarded-For': address, 'Content-Type': 'application/json' }, body: '{}' });
	let answer;
	for (let i = 0; i < 5; i++) answer = await login();
	assert.equal(answer.status, 429);
	assert.match(answer.headers.get('ratelimit-policy'), /^"auth";q=4;w=14400$/);
	assert.equal((await get('/v1/categories', address, {}, slow)).status, 200);
});

test('guessing tokens is limited by address', async () => {
	const address = newAddress();
	let status;
	for (let i = 0; i < 7; i++) ({ status } = await get('/v1/users/me', address, { Authorization: `Bearer a.b.${i}` }, slow));
	assert.equal(status, 429);
	const other = newAddress();
	const expired = await sign(slow.key, claimsOf(await makeUser(), { iat: now() - 900, nbf: now() - 900, exp: now() - 100 }));
	for (let i = 0; i < 10; i++) assert.equal((await get('/v1/users/me', other, bearer(expired).headers, slow)).status, 401, 'an expired token is no guess');
});

test('no spelling of a path opens a fresh bucket (93)', async () => {
	const address = newAddress();
	await exhaust(address);
	const raw = (path, method = 'GET', headers = {}) => new Promise((resolve, reject) => {
		request({ host: '127.0.0.1', port: slow.port, path, method, headers: { 'X-Forwarded-For': address, ...headers } },
			(answer) => { answer.resume(); answer.on('end', () => resolve(answer.statusCode)); }).on('error', reject).end();
	});
	for (const path of ['/v1/categories?x=1', '/v1/categories?', '/v1/%63ategories', '/v1/skills', '/v1/gigs'])
		assert.equal(await raw(path), 429, path);
	assert.equal(await raw('/v1/categories', 'HEAD'), 429);
	assert.equal(await raw('/v1/categories', 'GET', { 'X-HTTP-Method-Override': 'DELETE' }), 429);
	for (const path of ['/V1/categories', '/v1/categories/', '//v1/categories', '/v1%2fcategories'])
		assert.notEqual(await raw(path), 200, path);
});

test('IPv6 clients are counted by their /64', async () => {
	for (let i = 0; i < 6; i++) await get('/v1/categories', `2001:db8:1:2::${i.toString(16)}`, {}, slow);
	assert.equal((await get('/v1/categories', '2001:db8:1:2:ffff::1', {}, slow)).status, 429);
	assert.equal((await get('/v1/categories', '2001:db8:1:3::1', {}, slow)).status, 200);
});

test('health, keys and description are not limited', async () => {
	const address = newAddress();
	await exhaust(address);
	for (const path of ['/health/live', '/.well-known/jwks.json', '/version', '/openapi.json']) assert.equal((await get(path, address, {}, slow)).status, 200);
});

test('the flood limit of an address comes before everything', async () => {
	const guarded = await startBridge({ limit_scale: 1, rate_address: '1/s burst 300', rate_anonymous: 'off' });
	try {
		const statuses = [];
		for (let i = 0; i < 310; i++) statuses.push((await fetch(`${guarded.url}/nowhere`)).status);
		assert.equal(statuses.at(-1), 429);
		assert.ok(statuses.filter((status) => status === 404).length >= 100);
	} finally {
		await guarded.stop();
	}
});

test('a concurrent rush passes exactly the burst', async () => {
	const address = newAddress();
	const started = Date.now();
	const answers = await Promise.all(Array.from({ length: 120 }, () => get('/v1/categories', address)));
	const passed = answers.filter((answer) => answer.status === 200).length;
	assert.ok(passed >= 30 && passed <= 30 + Math.ceil((Date.now() - started) / 3000), `${passed} passed`);
});
