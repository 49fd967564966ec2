// test/http/noise.test.mjs
//	A thousand requests and more with a few bytes changed at random (the seed is printed): no answer is a 5xx, no connection
//	hangs, and the bridge goes on. SKL_NOISE sets the number, SKL_SEED the seed.

import assert from 'node:assert/strict';
import test from 'node:test';
import { call, env, raw, startBridge } from './support.mjs';

const total = Number(env.SKL_NOISE ?? 1200);
const seed = Number(env.SKL_SEED ?? Date.now() % 1000000);

let state = seed;
const random = (n) => {
	state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
	return Math.floor((state / 0x80000000) * n);
};

const body = '{"email":"a@example.com","password":"Correct horse 1","name":"Ann","x":[1,2.5,{"y":null}]}';
const bases = [
	'GET /v1/projects?limit=5&q=logo&budgetMin=10.5 HTTP/1.1\r\nHost: x\r\nAccept: application/json\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n',
	'GET /v1/projects/prj_01h2xcejqtf2nbrexx3vqjhp41 HTTP/1.1\r\nHost: x\r\nIf-None-Match: "v1"\r\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\nConnection: close\r\n\r\n',
	`POST /v1/auth/register HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
	`POST /v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
	`PATCH /v1/users/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer eyJhbGciOiJFUzI1NiJ9.e30.AAAA\r\nCookie: skl_refresh=abc; a="b"\r\nContent-Type: application/json; charset=utf-8\r\nIdempotency-Key: k1\r\nIf-Match: "v1"\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}`,
	'OPTIONS /v1/projects HTTP/1.1\r\nHost: x\r\nOrigin: https://a.example\r\nAccess-Control-Request-Method: POST\r\nX-Forwarded-For: 1.2.3.4, ::1\r\nConnection: close\r\n\r\n',
];
const tokens = ['%00', '%ff', '\r\n', '\n', '\r', '\0', '\t', ' ', ':', ';', ',', '"', '\\', '{', '}', '[', ']', '/', '//', '..', '?', '&', '=', '#', '+',
	'-1', '99999999999999999999', '1e999', '\x80', '\xff', '\xc0\xaf', '\xed\xa0\x80', 'chunked', 'Content-Length: 5\r\n', 'Transfer-Encoding: chunked\r\n', 'a'.repeat(9000)];

function mutate(text) {
	let bytes = text;
	for (let i = 1 + random(4); i > 0; i--) {
		const at = random(bytes.length);
		const kind = random(5);
		if (kind === 0) bytes = bytes.slice(0, at) + String.fromCharCode(random(256)) + bytes.slice(at + 1);
		else if (kind === 1) bytes = bytes.slice(0, at) + bytes.slice(at + 1 + random(8));
		else if (kind === 2) bytes = bytes.slice(0, at) + tokens[random(tokens.length)] + bytes.slice(at);
		else if (kind === 3) { const end = at + random(30); bytes = bytes.slice(0, end) + bytes.slice(at, end) + bytes.slice(end); }
		else bytes = bytes.slice(0, at);
		if (bytes.length === 0) return 'G';
	}
	return bytes;
}

test(`noise, seed ${seed}`, async () => {
	const bridge = await startBridge({ header_deadline_ms: 1000, idle_timeout_ms: 1000 });
	try {
		let sent = 0;
		const statuses = new Map();
		const worker = async () => {
			while (sent++ < total) {
				const bytes = mutate(bases[random(bases.length)]);
				const answer = await raw(bytes, { base: bridge.base, ms: 8000, half: random(3) === 0 });
				assert.ok(answer.closed, `hangs: ${JSON.stringify(bytes)}`);
				for (const status of answer.statuses) {
					statuses.set(status, (statuses.get(status) ?? 0) + 1);
					assert.ok(status < 500 || status === 501 || status === 505, `${status}: ${JSON.stringify(bytes)}\n${answer.text}`);
				}
			}
		};
		await Promise.all(Array.from({ length: 16 }, worker));
		assert.equal((await call('GET', '/v1/projects?limit=1', { base: bridge.base })).status, 200);
		assert.equal(bridge.child.exitCode, null);
		assert.ok(statuses.get(200) > 0 && statuses.get(400) > 0);
	} finally { await bridge.stop(); }
});
