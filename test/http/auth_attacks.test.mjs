// test/http/auth_attacks.test.mjs
//	Guessing passwords and addresses: locks by account and network, answers and times that tell nothing, passwords
//	of every length and form.

import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { PASSWORD, join, tag } from './market.mjs';
import { call, sql, url } from './support.mjs';

let ann;
before(async () => { ann = await join('ann', 'CLIENT'); });
after(() => sql('DELETE FROM skillancer.sign_in_failure')); // the tests that follow sign in from the same network

// A request from an address of the loopback net: 127.<network>.1 is another /24 than 127.0.0.1.
function from(address, pathname, body) {
	return new Promise((resolve, reject) => {
		const { hostname, port } = new URL(url);
		const text = JSON.stringify(body);
		const request = http.request({ hostname, port, path: pathname, method: 'POST', localAddress: address, agent: false,
			headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) } }, (response) => {
			let data = '';
			response.on('data', (chunk) => { data += chunk; });
			response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, json: JSON.parse(data) }));
		});
		request.on('error', reject);
		request.end(text);
	});
}
const login = (address, email, password) => from(address, '/v1/auth/login', { email, password });
const policy = (key, value) => sql(`UPDATE skillancer.policy SET value = '${value}' WHERE key = '${key}'`);

test('five failures lock an account for the network, and for no other', async () => {
	const home = await login('127.0.0.1', ann.email, PASSWORD);
	assert.equal(home.status, 200);
	const answers = [];
	for (let i = 0; i < 7; i++) answers.push(await login('127.9.1.1', ann.email, 'Wrong-Harbour-1'));
	assert.deepEqual(answers.map((a) => a.status), [401, 401, 401, 401, 401, 423, 423]);
	const locked = await login('127.9.1.200', ann.email, PASSWORD);
	assert.equal(locked.status, 423, 'the right password does not help, nor a neighbour in the network');
	assert.equal(locked.json.error.code, 'ACCOUNT_LOCKED');
	const until = new Date(locked.json.error.details[0].lockedUntil) - Date.now();
	assert.ok(until > 14 * 60e3 && until <= 15 * 60e3, `locked for ${until} ms`);
	assert.ok(Number(locked.headers['retry-after']) > 800);
	assert.equal((await login('127.0.0.1', ann.email, PASSWORD)).status, 200, 'the owner elsewhere is not locked out');
	assert.equal((await ann.raw('GET', '/v1/users/me')).status, 200, 'and what is signed in goes on');
});

test('an unknown address locks the same', async () => {
	const email = `nobody-${tag()}@auth.test`;
	const answers = [];
	for (let i = 0; i < 6; i++) answers.push(await login('127.9.2.1', email, 'Wrong-Harbour-1'));
	assert.deepEqual(answers.map((a) => a.status), [401, 401, 401, 401, 401, 423]);
});

test('parallel guesses do not slip through', async () => {
	const answers = await Promise.all(Array.from({ length: 20 }, () => login('127.9.3.1', ann.email, 'Wrong-Harbour-1')));
	assert.equal(answers.filter((a) => a.status === 401).length, 5);
	assert.equal(answers.filter((a) => a.status === 423).length, 15);
});

test('guesses from many networks lock the account for new ones; its own network goes on', async () => {
	policy('signInAccountFailures', 30);
	try {
		const bob = await join('bob', 'CLIENT');
		for (let i = 0; i < 30; i++) await login(`127.10.${i}.1`, bob.email, 'Wrong-Harbour-1');
		assert.equal((await login('127.10.99.1', bob.email, PASSWORD)).status, 423);
		assert.equal((await login('127.0.0.1', bob.email, PASSWORD)).status, 200);
	} finally {
		policy('signInAccountFailures', 50);
	}
});

test('one network that tries many accounts is locked as a whole', async () => {
	policy('signInNetworkFailures', 20);
	try {
		for (let i = 0; i < 20; i++) await login('127.11.1.1', `spray${i}-${tag()}@auth.test`, 'Spring-Harbour-1');
		assert.equal((await login('127.11.1.1', ann.email, PASSWORD)).status, 423);
		assert.equal((await login('127.11.2.1', ann.email, PASSWORD)).status, 200);
	} finally {
		policy('signInNetworkFailures', 100);
	}
});

// Everything of an answer that may not depend on whether the address is known.
function face(answer, email) {
	const headers = Object.fromEntries([...answer.headers].filter(([name]) =>
		!['date', 'x-request-id', 'server-timing', 'content-length', 'traceparent'].includes(name) && !name.includes('ratelimit')));
	const body = JSON.parse(answer.text.replaceAll(email, 'EMAIL'));
	delete body.meta;
	return { status: answer.status, headers, body };
}

test('no answer tells whether an address is known', async () => {
	const carl = await join('carl', 'CLIENT');
	const unknown = `nobody-${tag()}@auth.test`;
	for (const [path, body] of [
		['register', { password: PASSWORD, name: 'Carl', roles: ['CLIENT'] }],
		['login', { password: 'Wrong-Harbour-1' }],
		['forgot-password', {}],
		['resend-verification', {}],
	]) {
		const known = await call('POST', `/v1/auth/${path}`, { body: { email: carl.email, ...body } });
		const strange = await call('POST', `/v1/auth/${path}`, { body: { email: path === 'register' ? `x${unknown}` : unknown, ...body } });
		assert.deepEqual(face(known, carl.email), face(strange, path === 'register' ? `x${unknown}` : unknown), path);
	}
	const hidden = await call('GET', `/v1/users/${carl.id.replace(/.$/, (last) => last === '0' ? '1' : '0')}`);
	assert.equal(hidden.status, 404);
});

// Mann-Whitney: the z value of two samples having one distribution.
function mannWhitney(a, b) {
	const all = [...a.map((v) => [v, 0]), ...b.map((v) => [v, 1])].sort((x, y) => x[0] - y[0]);
	const ranks = all.reduce((sum, [, side], i) => sum + (side === 0 ? i + 1 : 0), 0);
	const u = ranks - (a.length * (a.length + 1)) / 2;
	return Math.abs(u - (a.length * b.length) / 2) / Math.sqrt((a.length * b.length * (a.length + b.length + 1)) / 12);
}

test('the time of a sign-in does not tell either', { timeout: 120000 }, async () => {
	policy('signInFailures', 1000000); policy('signInAccountFailures', 1000000); policy('signInNetworkFailures', 1000000);
	try {
		const times = { known: [], unknown: [] };
		for (let i = 0; i < 120; i++) {
			for (const side of i % 2 ? ['known', 'unknown'] : ['unknown', 'known']) {
				const email = side === 'known' ? ann.email : `ann-${tag()}@market.test`;
				const start = process.hrtime.bigint();
				assert.equal((await login('127.0.0.1', email, 'Wrong-Harbour-1')).status, 401);
				times[side].push(Number(process.hrtime.bigint() - start) / 1e6);
			}
		}
		const median = (list) => [...list].sort((x, y) => x - y)[list.length / 2];
		const [known, unknown] = [median(times.known), median(times.unknown)];
		assert.ok(Math.min(known, unknown) > 5, `a password is hashed either way (${known} and ${unknown} ms)`);
		const z = mannWhitney(times.known, times.unknown);
		// far beyond chance (z 5) and large enough to be seen through a network
		assert.ok(z < 5 || Math.abs(known - unknown) < 0.1 * known, `z = ${z}, medians ${known} and ${unknown} ms`);
	} finally {
		policy('signInFailures', 5); policy('signInAccountFailures', 50); policy('signInNetworkFailures', 100);
	}
});

test('passwords: length, form and the first guesses', async () => {
	const register = (password) => call('POST', '/v1/auth/register', { body: { email: `p-${tag()}@auth.test`, password, name: 'P', roles: ['CLIENT'] } });
	for (const good of ['Qx7-bnmt', `Aa1-${'x'.repeat(60)}`, `Aa1-${'x'.repeat(124)}`, 'Пароль-дня-7', 'Correct horse 9 staple'])
		assert.equal((await register(good)).status, 202, good);
	for (const bad of ['Qx7-bnm', `Aa1-${'x'.repeat(125)}`, `Aa1-${'x'.repeat(1000)}`, 'Password1', 'P@ssw0rd!', 'Welcome2026', 'qwertyuiop',
		'QWERTYUIOP1', 'Aaaaaaa1', 'Abcd1234', 'Football99', '', null])
		assert.equal((await register(bad)).status, 422, String(bad));
	const nul = await call('POST', '/v1/auth/register', { raw: `{"email": "n-${tag()}@auth.test", "password": "Aa1-bn\\u0000mtx", "name": "N"}` });
	assert.ok(nul.status === 422 || nul.status === 400, nul.text);
	const long = await call('POST', '/v1/auth/login', { body: { email: ann.email, password: 'x'.repeat(5000) } });
	assert.equal(long.status, 422);
});

test('one password in two normal forms of Unicode signs in', async () => {
	const email = `u-${tag()}@auth.test`;
	assert.equal((await call('POST', '/v1/auth/register', { body: { email, password: 'Caf\u00e9-au-lait-7', name: 'U', roles: ['CLIENT'] } })).status, 202);
	assert.equal((await login('127.0.0.1', email, 'Cafe\u0301-au-lait-7')).status, 200);
	assert.equal((await login('127.0.0.1', email, 'Cafe-au-lait-7')).status, 401);
});
