// test/http/answers.test.mjs
//	What the bridge makes of what functions return and raise: envelopes, statuses, headers, compression, and no word
//	about the database in an error (docs/faults.md 98).

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { addRoutes, call, raw, removeRoutes, routed, sql, url } from './support.mjs';

before(async () => {
	addRoutes(`
		CREATE OR REPLACE FUNCTION skillancer_api.t_json() RETURNS json LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN '{"a" : [1, "ä"]}'; END $$;
		CREATE OR REPLACE FUNCTION skillancer_api.t_jsonb() RETURNS jsonb LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN '{"b": 1}'; END $$;
		CREATE OR REPLACE FUNCTION skillancer_api.t_null() RETURNS json LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN NULL; END $$;
		CREATE OR REPLACE FUNCTION skillancer_api.t_void() RETURNS void LANGUAGE plpgsql AS $$ BEGIN END $$;
		CREATE OR REPLACE FUNCTION skillancer_api.t_page() RETURNS skillancer.reply LANGUAGE plpgsql STABLE AS $$
		BEGIN RETURN ROW(200, NULL, NULL, '{"pagination": {"limit": 20, "nextCursor": null, "hasNext": false}}', '[1, 2]')::skillancer.reply; END $$;
		CREATE OR REPLACE FUNCTION skillancer_api.t_etag(p_header_if_none_match text DEFAULT NULL) RETURNS skillancer.reply LANGUAGE plpgsql STABLE AS $$
		BEGIN
			IF skillancer.etag_matches(p_header_if_none_match, 'v7') THEN RETURN ROW(304, 'v7', NULL, NULL, NULL)::skillancer.reply; END IF;
			RETURN ROW(200, 'v7', '{"X-One": "1", "Set-Cookie": ["a=1; HttpOnly", "b=2"], "X-Bad": "a\\r\\nX-Evil: 1"}', NULL, '{"c": 1}')::skillancer.reply;
		END $$;
		CREATE OR REPLACE FUNCTION skillancer_api.t_match(p_header_if_match text DEFAULT NULL) RETURNS skillancer.reply LANGUAGE plpgsql AS $$
		BEGIN PERFORM skillancer.check_if_match(p_header_if_match, 'v7'); RETURN ROW(200, 'v8', NULL, NULL, '{}')::skillancer.reply; END $$;
		CREATE OR REPLACE FUNCTION skillancer_api.t_mint(p_empty boolean DEFAULT false) RETURNS skillancer.reply LANGUAGE plpgsql AS $$
		BEGIN RETURN ROW(200, NULL, '{"skl-mint": {"sub": "usr_01h2xcejqtf2nbrexx3vqjhp41", "sid": "ses_01h2xcejqtf2nbrexx3vqjhp41", "roles": ["CLIENT"], "aal": 1}}',
			NULL, CASE WHEN p_empty THEN '{}' ELSE json_build_object('refreshToken', repeat('x', 2000)) END)::skillancer.reply; END $$;
		CREATE OR REPLACE FUNCTION skillancer_api.t_refuse() RETURNS skillancer.reply LANGUAGE plpgsql SECURITY DEFINER AS $$
		BEGIN
			INSERT INTO public.t_trace VALUES (1);
			RETURN ROW(423, NULL, '{"Retry-After": 900}', NULL, '{"code": "ACCOUNT_LOCKED", "message": "locked for a while", "details": [{"until": "later"}]}')::skillancer.reply;
		END $$;
		CREATE TABLE IF NOT EXISTS public.t_trace (a integer);
		CREATE OR REPLACE FUNCTION skillancer_api.t_raise(p_state text, p_late boolean DEFAULT false) RETURNS json LANGUAGE plpgsql STABLE AS $$
		BEGIN RAISE EXCEPTION 'secret message of skillancer.user_account' USING ERRCODE = p_state, DETAIL = 'secret detail', HINT = 'secret hint'; END $$;
		CREATE OR REPLACE FUNCTION skillancer_api.t_fail(p_code text, p_details jsonb DEFAULT NULL) RETURNS json LANGUAGE plpgsql STABLE AS $$
		BEGIN PERFORM skillancer.fail(p_code, 'a word for clients', p_details); END $$;
		CREATE OR REPLACE FUNCTION skillancer_api.t_write() RETURNS json LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
		BEGIN EXECUTE 'INSERT INTO public.t_trace VALUES (2)'; RETURN '1'; END $$;
		CREATE OR REPLACE FUNCTION skillancer_api.t_nowhere() RETURNS json LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN (SELECT a FROM public.t_missing); END $$;
		CREATE OR REPLACE FUNCTION skillancer_api.t_content(p_type text, p_body json, p_encoding text DEFAULT NULL, p_status integer DEFAULT 200)
		RETURNS skillancer.reply LANGUAGE plpgsql STABLE AS $$
		BEGIN
			RETURN ROW(p_status, 'v7', jsonb_strip_nulls(jsonb_build_object('Content-Type', p_type, 'skl-encoding', p_encoding, 'X-One', '1')),
				NULL, p_body)::skillancer.reply;
		END $$;
		CREATE OR REPLACE FUNCTION skillancer_api.t_text(p_size integer) RETURNS json LANGUAGE plpgsql STABLE AS $$
		BEGIN RETURN to_json(repeat('abcdefghij', p_size / 10)); END $$;`,
	["'GET', '/v1/t/json', 't_json', 'anyone'", "'GET', '/v1/t/jsonb', 't_jsonb', 'anyone'", "'GET', '/v1/t/null', 't_null', 'anyone'",
		"'POST', '/v1/t/void', 't_void', 'anyone'", "'GET', '/v1/t/page', 't_page', 'anyone'", "'GET', '/v1/t/etag', 't_etag', 'anyone'",
		"'PATCH', '/v1/t/etag', 't_match', 'anyone'", "'POST', '/v1/t/mint', 't_mint', 'anyone'", "'POST', '/v1/t/refuse', 't_refuse', 'anyone'",
		"'GET', '/v1/t/raise', 't_raise', 'anyone'", "'GET', '/v1/t/fail', 't_fail', 'anyone'", "'GET', '/v1/t/write', 't_write', 'anyone'",
		"'GET', '/v1/t/nowhere', 't_nowhere', 'anyone'", "'GET', '/v1/t/text', 't_text', 'anyone'", "'GET', '/v1/t/user', 't_json'",
		"'POST', '/v1/t/content', 't_content', 'anyone'", "'GET', '/v1/t/cached', 't_json', 'anyone', cache_ttl => 30"]);
	assert.ok(await routed('/v1/t/cached'));
});
after(() => { removeRoutes(); sql('DROP TABLE public.t_trace'); });

test('data and meta', async () => {
	const answer = await call('GET', '/v1/t/json');
	assert.deepEqual(answer.json.data, { a: [1, 'ä'] });
	assert.match(answer.json.meta.timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
	assert.deepEqual(Object.keys(answer.json.meta), ['requestId', 'timestamp']);
	assert.deepEqual((await call('GET', '/v1/t/jsonb')).json.data, { b: 1 });
	assert.equal((await call('GET', '/v1/t/null')).json.data, null);
	assert.deepEqual((await call('GET', '/v1/t/page')).json.meta.pagination, { limit: 20, nextCursor: null, hasNext: false });
	const nothing = await call('POST', '/v1/t/void');
	assert.equal(nothing.status, 204);
	assert.equal(nothing.text, '');
});

test('headers of every answer', async () => {
	for (const pathname of ['/v1/t/json', '/v1/t/nothing', '/v1/t/user', '/v1/t/raise?state=XX000']) {
		const { headers } = await call('GET', pathname);
		assert.equal(headers.get('x-content-type-options'), 'nosniff');
		assert.match(headers.get('content-security-policy'), /default-src 'none'/);
		assert.equal(headers.get('cache-control'), 'no-store');
		assert.match(headers.get('server-timing'), /total;dur=\d/);
		assert.match(headers.get('traceparent'), /^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/);
	}
	const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
	const { headers } = await call('GET', '/v1/t/json', { headers: { traceparent: trace, 'x-request-id': 'mine-1' } });
	assert.equal(headers.get('x-request-id'), 'mine-1');
	assert.equal(headers.get('traceparent').slice(0, 36), trace.slice(0, 36));
	assert.notEqual(headers.get('traceparent'), trace);
	assert.equal((await call('GET', '/v1/t/cached')).headers.get('cache-control'), 'public, max-age=30');
});

test('entity tags', async () => {
	const first = await call('GET', '/v1/t/etag');
	assert.equal(first.headers.get('etag'), '"v7"');
	assert.equal(first.headers.get('cache-control'), 'private, no-cache');
	const second = await call('GET', '/v1/t/etag', { headers: { 'if-none-match': '"v6", W/"v7"' } });
	assert.equal(second.status, 304);
	assert.equal(second.text, '');
	assert.equal(second.headers.get('etag'), '"v7"');
	assert.equal((await call('PATCH', '/v1/t/etag', { body: {}, headers: { 'if-match': '"v7"' } })).status, 200);
	const stale = await call('PATCH', '/v1/t/etag', { body: {}, headers: { 'if-match': '"v6"' } });
	assert.equal(stale.status, 412);
	assert.equal(stale.json.error.code, 'PRECONDITION_FAILED');
});

test('headers of a reply, without room for others', async () => {
	const { text } = await raw(`GET /v1/t/etag HTTP/1.1\r\nHost: ${new URL(url).host}\r\nConnection: close\r\n\r\n`);
	assert.match(text, /X-One: 1\r\n/);
	assert.match(text, /Set-Cookie: a=1; HttpOnly\r\n/);
	assert.match(text, /Set-Cookie: b=2\r\n/);
	assert.doesNotMatch(text, /X-Evil/);
});

test('a minted token heads the body and is never compressed', async () => {
	for (const empty of [false, true]) {
		const { json, headers, status } = await call('POST', '/v1/t/mint', { body: { empty }, headers: { 'accept-encoding': 'gzip' } });
		assert.equal(status, 200);
		assert.equal(headers.get('content-encoding'), null);
		assert.equal(headers.get('cache-control'), 'no-store');
		assert.match(json.data.accessToken, /^[\w-]+\.[\w-]+\.[\w-]+$/);
		assert.equal(json.data.tokenType, 'Bearer');
		assert.ok(json.data.expiresIn > 0);
		assert.equal(json.data.refreshToken?.length, empty ? undefined : 2000);
	}
});

test('a refusal that commits', async () => {
	const answer = await call('POST', '/v1/t/refuse');
	assert.equal(answer.status, 423);
	assert.equal(answer.headers.get('retry-after'), '900');
	assert.deepEqual(answer.json.error, { code: 'ACCOUNT_LOCKED', message: 'locked for a while', details: [{ until: 'later' }] });
	assert.ok(Number(sql('SELECT count(*) FROM public.t_trace WHERE a = 1')[0][0]) > 0);
});

test('HEAD, OPTIONS and Allow', async () => {
	const get = await call('GET', '/v1/t/json', { headers: { 'accept-encoding': 'identity' } });
	const head = await call('HEAD', '/v1/t/json', { headers: { 'accept-encoding': 'identity' } });
	assert.equal(head.status, 200);
	assert.equal(head.text, '');
	assert.equal(head.headers.get('content-length'), get.headers.get('content-length'));
	const options = await call('OPTIONS', '/v1/t/etag');
	assert.equal(options.status, 204);
	assert.equal(options.headers.get('allow'), 'GET, HEAD, PATCH, OPTIONS');
	const wrong = await call('DELETE', '/v1/t/etag');
	assert.equal(wrong.status, 405);
	assert.equal(wrong.headers.get('allow'), 'GET, HEAD, PATCH, OPTIONS');
	assert.equal(wrong.json.error.code, 'METHOD_NOT_ALLOWED');
	assert.equal((await call('POST', '/v1/t/json', { headers: { 'x-http-method-override': 'GET' } })).status, 405);
});

test('compression from 1 kB where it is accepted', async () => {
	const get = (size, accept) => call('GET', `/v1/t/text?size=${size}`, { headers: { 'accept-encoding': accept } });
	for (const accept of ['gzip', 'br, gzip;q=0.5', 'GZIP']) {
		const answer = await get(20000, accept);
		assert.equal(answer.headers.get('content-encoding'), 'gzip', accept);
		assert.equal(answer.json.data.length, 20000);
		assert.ok(Number(answer.headers.get('content-length')) < 2000);
		assert.match(answer.headers.get('vary'), /Accept-Encoding/);
	}
	for (const accept of ['identity', 'br', 'gzip;q=0', 'gzip;q=0.0', 'xgzip']) {
		const answer = await get(20000, accept);
		assert.equal(answer.headers.get('content-encoding'), null, accept);
		assert.equal(answer.json.data.length, 20000);
	}
	assert.equal((await get(500, 'gzip')).headers.get('content-encoding'), null);
});

test('a compressed answer has a tag of its own, and both are known again', async () => {
	const get = (accept, known) => call('GET', '/openapi.json', { headers: { 'accept-encoding': accept, ...(known ? { 'if-none-match': known } : {}) } });
	const plain = (await get('identity')).headers.get('etag');
	const packed = (await get('gzip')).headers.get('etag');
	assert.match(plain, /^"[0-9a-f]{16}"$/);
	assert.equal(packed, plain.replace(/"$/, '-gzip"'));
	for (const tag of [plain, packed]) {
		const again = await get('gzip', tag);
		assert.deepEqual([again.status, again.headers.get('etag')], [304, tag]);
	}
	assert.equal((await get('gzip', '"0123456789abcdef-gzip"')).status, 200);
});

test('large answers arrive whole', async () => {
	for (const size of [15000, 16380, 70000, 5000000])
		assert.equal((await call('GET', `/v1/t/text?size=${size}`, { headers: { 'accept-encoding': 'identity' } })).json.data.length, size - (size % 10));
});

test('a protected route without and with a bad token', async () => {
	const none = await call('GET', '/v1/t/user');
	assert.equal(none.status, 401);
	assert.equal(none.json.error.code, 'AUTHENTICATION_ERROR');
	assert.match(none.headers.get('www-authenticate'), /^Bearer/);
	assert.equal((await call('GET', '/v1/t/user', { token: 'a.b.c' })).status, 401);
});

test('GET cannot write', async () => {
	const before = sql('SELECT count(*) FROM public.t_trace')[0][0];
	const answer = await call('GET', '/v1/t/write');
	assert.ok(answer.status >= 400, answer.text);
	assert.equal(sql('SELECT count(*) FROM public.t_trace')[0][0], before);
});

// SQLSTATE, status
const states = [
	['XX000', 500], ['XX001', 500], ['XX002', 500], ['P0001', 500], ['P0002', 500], ['P0004', 500], ['42P01', 500], ['42703', 500], ['42601', 500],
	['42883', 500], ['42501', 403], ['0A000', 500], ['0LP01', 500], ['21000', 500], ['22012', 422], ['22003', 422], ['22P02', 422], ['22021', 422],
	['23505', 409], ['23P01', 409], ['23503', 404], ['23502', 422], ['23514', 422], ['25001', 500], ['25006', 405], ['25P02', 500], ['26000', 500],
	['2BP01', 500], ['34000', 500], ['3D000', 500], ['40001', 409], ['40P01', 409], ['44000', 500], ['53000', 503], ['53100', 503], ['53200', 503],
	['53300', 503], ['54000', 413], ['54001', 413], ['55000', 500], ['55006', 500], ['55P03', 409], ['57014', 504], ['58000', 500], ['58030', 500],
	['72000', 500], ['F0000', 500], ['HV000', 500], ['SKZZZ', 500],
];
for (const [state, status] of states) {
	test(`error hygiene: ${state}`, async () => {
		const answer = await call('GET', `/v1/t/raise?state=${state}`);
		assert.equal(answer.status, status, answer.text);
		assert.ok(answer.json.meta.requestId);
		assert.doesNotMatch(answer.text + JSON.stringify([...answer.headers]), /secret|skillancer\.|user_account|plpgsql|PostgreSQL|\/usr\//i);
		if ([409, 503, 504].includes(status) && state !== '23505' && state !== '23P01') assert.ok(answer.headers.get('retry-after'));
	});
}

test('error hygiene: a function that is broken', async () => {
	const answer = await call('GET', '/v1/t/nowhere');
	assert.equal(answer.status, 500);
	assert.doesNotMatch(answer.text, /t_missing|relation/);
});

test('errors of ours carry their message and details', async () => {
	const answer = await call('GET', `/v1/t/fail?code=INVALID_STATE&details=${encodeURIComponent('{"allowed":["a"]}')}`);
	assert.equal(answer.status, 409);
	assert.deepEqual(answer.json.error, { code: 'INVALID_STATE', message: 'a word for clients', details: { allowed: ['a'] } });
});

test('problem details where they are asked for', async () => {
	const answer = await call('GET', '/v1/t/fail', { headers: { accept: 'application/problem+json' } });
	assert.equal(answer.status, 422);
	assert.equal(answer.headers.get('content-type'), 'application/problem+json');
	assert.equal(answer.json.status, 422);
	assert.equal(answer.json.code, 'VALIDATION_ERROR');
	assert.deepEqual(answer.json.errors, [{ field: 'code', message: 'is required' }]);
});

test('a body that is no JSON has no envelope', async () => {
	const send = (body) => call('POST', '/v1/t/content', { body });
	const table = await send({ type: 'text/csv; charset=utf-8', body: 'a,"ä"\r\n1,2\r\n' });
	assert.deepEqual([table.status, table.text, table.headers.get('content-type'), table.headers.get('etag')],
		[200, 'a,"ä"\r\n1,2\r\n', 'text/csv; charset=utf-8', '"v7"']);
	assert.equal(table.headers.get('x-one'), '1');
	assert.equal(table.headers.get('skl-encoding'), null);
	const bytes = Buffer.from(Array.from({ length: 3000 }, (_, i) => (i * 7) % 256));
	const wrapped = bytes.toString('base64').replace(/.{76}/g, '$&\n'); // as encode() of PostgreSQL writes it
	const answer = await fetch(`${url}/v1/t/content`, { method: 'POST', headers: { 'content-type': 'application/json' },
		body: JSON.stringify({ type: 'application/pdf', body: wrapped, encoding: 'base64' }) });
	assert.equal(answer.headers.get('content-type'), 'application/pdf');
	assert.deepEqual(Buffer.from(await answer.arrayBuffer()), bytes);
	assert.equal((await send({ type: 'text/plain', body: '' })).text, '', 'nothing is a body, too');
	for (const wrong of [{ body: { a: 1 } }, { body: '%%%', encoding: 'base64' }]) {
		const refused = await send({ type: 'text/plain', ...wrong });
		assert.deepEqual([refused.status, refused.json.error.code], [500, 'INTERNAL_ERROR'], 'a mistake of the function');
	}
	const error = await send({ type: 'text/plain', body: { code: 'INVALID_STATE', message: 'no', details: [] }, status: 409 });
	assert.deepEqual([error.status, error.json.error.code], [409, 'INVALID_STATE'], 'errors are JSON');
});
