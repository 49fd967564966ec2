// test/http/framing.test.mjs
//	Requests that are not HTTP (docs/faults.md 87-89): each is refused, the connection is closed, and the bytes behind
//	are never served as another request.

import assert from 'node:assert/strict';
import test from 'node:test';
import { raw, url } from './support.mjs';

const host = new URL(url).host;
const next = `GET /health/live HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
const get = (lines, version = 'HTTP/1.1') => `GET /health/live ${version}\r\n${lines}\r\n\r\n`;
const post = (lines, body = '') => `POST /v1/auth/login HTTP/1.1\r\nHost: ${host}\r\n${lines}\r\n\r\n${body}`;

// name, bytes, statuses of which the first answer must have one
const refused = [
	['Content-Length and Transfer-Encoding', post('Content-Length: 4\r\nTransfer-Encoding: chunked', '0\r\n\r\n'), [400]],
	['Transfer-Encoding, then Content-Length', post('Transfer-Encoding: chunked\r\nContent-Length: 5', '0\r\n\r\n'), [400]],
	['two Content-Length that differ', post('Content-Length: 2\r\nContent-Length: 40', '{}'), [400]],
	['two equal Content-Length', post('Content-Length: 2\r\nContent-Length: 2', '{}'), [400]],
	['a list as Content-Length', post('Content-Length: 2, 2', '{}'), [400]],
	['Content-Length +5', post('Content-Length: +5', '{"a":'), [400]],
	['Content-Length -1', post('Content-Length: -1', '{}'), [400]],
	['Content-Length 0x2', post('Content-Length: 0x2', '{}'), [400]],
	['Content-Length of 30 digits', post(`Content-Length: ${'9'.repeat(30)}`, '{}'), [400, 413]],
	['empty Content-Length', post('Content-Length: ', '{}'), [400]],
	['Content-Length with a blank inside', post('Content-Length: 2 2', '{}'), [400]],
	['blank before the colon of Transfer-Encoding', post('Transfer-Encoding : chunked', '0\r\n\r\n'), [400]],
	['blank before the colon of Content-Length', post('Content-Length : 2', '{}'), [400]],
	['tab before the colon', get(`Host: ${host}\r\nX-A\t: b`), [400]],
	['Transfer-Encoding: xchunked', post('Transfer-Encoding: xchunked', '0\r\n\r\n'), [400, 501]],
	['Transfer-Encoding: gzip, chunked', post('Transfer-Encoding: gzip, chunked', '0\r\n\r\n'), [400, 501]],
	['Transfer-Encoding: chunked, identity', post('Transfer-Encoding: chunked, identity', '0\r\n\r\n'), [400, 501]],
	['Transfer-Encoding twice', post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked', '0\r\n\r\n'), [400]],
	['Transfer-Encoding: identity', post('Transfer-Encoding: identity', '{}'), [400, 501]],
	['Transfer-Encoding behind a vertical tab', post('Transfer-Encoding: \x0bchunked', '0\r\n\r\n'), [400, 501]],
	['Transfer-Encoding in HTTP/1.0', `POST /v1/auth/login HTTP/1.0\r\nHost: ${host}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, [400]],
	['a chunk size that is no number', post('Transfer-Encoding: chunked', 'zz\r\n{}\r\n0\r\n\r\n'), [400]],
	['a negative chunk size', post('Transfer-Encoding: chunked', '-2\r\n{}\r\n0\r\n\r\n'), [400]],
	['a chunk size beyond 64 bits', post('Transfer-Encoding: chunked', 'ffffffffffffffffff\r\n{}\r\n0\r\n\r\n'), [400, 413]],
	['a bare LF behind the request line', `GET /health/live HTTP/1.1\nHost: ${host}\r\n\r\n`, [400]],
	['a bare LF behind a header', get(`Host: ${host}\nX-A: b`), [400]],
	['bare LFs only', `GET /health/live HTTP/1.1\nHost: ${host}\n\n`, [400]],
	['a bare CR inside a header', get(`Host: ${host}\r\nX-A: b\rX-B: c`), [400]],
	['a folded header', get(`Host: ${host}\r\nX-A: b\r\n c`), [400]],
	['a header folded with a tab', get(`Host: ${host}\r\nX-A: b\r\n\tc`), [400]],
	['NUL in a header value', get(`Host: ${host}\r\nX-A: b\0c`), [400]],
	['two NULs in a header value', get(`Host: ${host}\r\nX-A: b\0\0c`), [400]],
	['NUL in a header name', get(`Host: ${host}\r\nX\0A: b`), [400]],
	['NUL in the path', `GET /health/live\0x HTTP/1.1\r\nHost: ${host}\r\n\r\n`, [400]],
	['NUL in the query', `GET /health/live?a\0x HTTP/1.1\r\nHost: ${host}\r\n\r\n`, [400]],
	['a header name with a parenthesis', get(`Host: ${host}\r\nX(A): b`), [400]],
	['8-bit bytes in a header value', get(`Host: ${host}\r\nX-A: b\xe4c`), [400]],
	['UTF-8 in a header value', get(`Host: ${host}\r\nUser-Agent: caf\xc3\xa9`), [400]],
	['a header name with 8-bit bytes', get(`Host: ${host}\r\nX-\xe4: b`), [400]],
	['an empty header name', get(`Host: ${host}\r\n: b`), [400]],
	['a header line without a colon', get(`Host: ${host}\r\nX-A b`), [400]],
	['8-bit bytes in the path', `GET /v1/\xe4 HTTP/1.1\r\nHost: ${host}\r\n\r\n`, [400]],
	['a fragment in the target', `GET /health/live#a HTTP/1.1\r\nHost: ${host}\r\n\r\n`, [400]],
	['a blank in the target', `GET /health /live HTTP/1.1\r\nHost: ${host}\r\n\r\n`, [400]],
	['two Host headers', get(`Host: ${host}\r\nHost: evil.example`), [400]],
	['no Host header', 'GET /health/live HTTP/1.1\r\nX-A: b\r\n\r\n', [400]],
	['a Host with a path', get('Host: a/b'), [400]],
	['a Host with user information', get('Host: a@b'), [400]],
	['an absolute target of another host', `GET http://evil.example/health/live HTTP/1.1\r\nHost: ${host}\r\n\r\n`, [400]],
	['an authority target', `CONNECT evil.example:443 HTTP/1.1\r\nHost: ${host}\r\n\r\n`, [400]],
	['HTTP/0.9', 'GET /health/live\r\n\r\n', [400, 505]],
	['HTTP/2.0', get(`Host: ${host}`, 'HTTP/2.0'), [400, 505]],
	['HTTP/1.11', get(`Host: ${host}`, 'HTTP/1.11'), [400, 505]],
	['two Authorization headers', get(`Host: ${host}\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b`), [400]],
	['two Content-Type headers', post('Content-Type: application/json\r\nContent-Type: text/plain\r\nContent-Length: 2', '{}'), [400]],
	['a method with a bracket', `G[T /health/live HTTP/1.1\r\nHost: ${host}\r\n\r\n`, [400]],
	['a header line of 20 kB', get(`Host: ${host}\r\nX-A: ${'a'.repeat(20000)}`), [400, 431]],
	['a target of 20 kB', `GET /${'a'.repeat(20000)} HTTP/1.1\r\nHost: ${host}\r\n\r\n`, [400, 414, 431]],
];

for (const [name, bytes, statuses] of refused) {
	test(`refused: ${name}`, async () => {
		const { text, closed, statuses: got } = await raw(bytes + next);
		assert.ok(closed, 'the connection is closed');
		assert.ok(got.length === 0 || statuses.includes(got[0]), `status ${got[0]}: ${text.slice(0, 300)}`);
		assert.ok(got.every((status) => status >= 400), `nothing behind it is served: ${got}`);
	});
}

// name, bytes, statuses in their order
const served = [
	['two requests in one segment', get(`Host: ${host}`) + next, [200, 200]],
	['an empty line before the request', `\r\n${get(`Host: ${host}`)}`, [200]],
	['header names in any case', get(`hOST: ${host}`), [200]],
	['a chunked body with an extension and a trailer',
		post('Content-Type: application/json\r\nTransfer-Encoding: chunked', '2;a=b\r\n{}\r\n0\r\nX-T: 1\r\n\r\n') + next, [422, 200]],
	['an unknown method', `BREW /v1/auth/login HTTP/1.1\r\nHost: ${host}\r\n\r\n${next}`, [405, 200]],
	['TRACE', `TRACE /v1/auth/login HTTP/1.1\r\nHost: ${host}\r\n\r\n${next}`, [405, 200]],
	['a refused request with a body keeps the connection',
		`POST /v1/nowhere HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}${next}`, [404, 200]],
	['OPTIONS *', `OPTIONS * HTTP/1.1\r\nHost: ${host}\r\n\r\n${next}`, [204, 200]],
];

for (const [name, bytes, statuses] of served) {
	test(`served: ${name}`, async () => {
		const { statuses: got, text } = await raw(bytes, { ms: 700 });
		assert.deepEqual(got, statuses, text.slice(0, 500));
	});
}

test('a request in single bytes is served', async () => {
	const { statuses } = await raw(get(`Host: ${host}\r\nConnection: close`).slice(0, 1));
	assert.deepEqual(statuses, []);
});

test('Expect: 100-continue is refused before the body when the answer is clear', async () => {
	const { statuses, text } = await raw(
		`POST /v1/nowhere HTTP/1.1\r\nHost: ${host}\r\nExpect: 100-continue\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n`);
	assert.equal(statuses.at(-1), 404, text);
});

test('an answer says its request id, and takes a harmless one', async () => {
	const good = await raw(get(`Host: ${host}\r\nX-Request-ID: abc-123\r\nConnection: close`));
	assert.match(good.text, /X-Request-ID: abc-123\r\n/i);
	const bad = await raw(get(`Host: ${host}\r\nX-Request-ID: a b<script>\r\nConnection: close`));
	assert.doesNotMatch(bad.text, /script/);
});
