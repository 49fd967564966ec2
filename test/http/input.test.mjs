// test/http/input.test.mjs
//	Bodies, queries and paths of strangers: each mistake has its status and code, every bad field is named at once,
//	good values arrive as they were sent, and nothing is ever a 500.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { addRoutes, call, removeRoutes, routed } from './support.mjs';

const prj = 'prj_01h2xcejqtf2nbrexx3vqjhp41';
const usr = 'usr_01h2xcejqtf2nbrexx3vqjhp41';
const skl = 'skl_01h2xcejqtf2nbrexx3vqjhp41';
const parameters = `p_text text, p_number integer DEFAULT 5, p_big bigint DEFAULT NULL, p_price numeric DEFAULT NULL,
	p_flag boolean DEFAULT NULL, p_day date DEFAULT NULL, p_at timestamptz DEFAULT NULL, p_key uuid DEFAULT NULL,
	p_data jsonb DEFAULT NULL, p_tags text[] DEFAULT '{}', p_numbers integer[] DEFAULT NULL,
	p_amount skillancer.monetary DEFAULT NULL, p_id skillancer.project_id DEFAULT NULL,
	p_skill_ids skillancer.skill_id[] DEFAULT NULL, p_present text[] DEFAULT NULL,
	p_header_user_agent text DEFAULT NULL, p_cookie_pear text DEFAULT NULL`;
const show = `json_build_object('text', p_text, 'number', p_number, 'big', p_big, 'price', p_price, 'flag', p_flag,
	'day', p_day, 'at', p_at, 'key', p_key, 'data', p_data, 'tags', p_tags, 'numbers', p_numbers, 'amount', p_amount,
	'id', p_id, 'skillIds', p_skill_ids, 'present', p_present, 'agent', p_header_user_agent, 'cookie', p_cookie_pear,
	'readOnly', current_setting('transaction_read_only'))`;

before(async () => {
	addRoutes(`
		CREATE OR REPLACE FUNCTION skillancer_api.t_get(${parameters}) RETURNS json LANGUAGE plpgsql STABLE
		AS $$ BEGIN RETURN ${show}; END $$;
		CREATE OR REPLACE FUNCTION skillancer_api.t_post(${parameters}) RETURNS skillancer.reply LANGUAGE plpgsql
		AS $$ BEGIN
			PERFORM skillancer.check_text('text', p_text, 2, 20, true);
			PERFORM skillancer.check_done();
			RETURN ROW(201, NULL, NULL, NULL, ${show})::skillancer.reply;
		END $$;`,
	["'GET', '/v1/t/in', 't_get', 'anyone'", "'POST', '/v1/t/in', 't_post', 'anyone'",
		"'PATCH', '/v1/t/in/{id}', 't_post', 'anyone'", "'GET', '/v1/t/in/{id}', 't_get', 'anyone'",
		"'GET', '/v1/t/in/fixed/{id}', 't_get', 'anyone'", "'DELETE', '/v1/t/in', 't_post', 'anyone'",
		"'POST', '/v1/t/small', 't_post', 'anyone', body_limit => 100"]);
	assert.ok(await routed('/v1/t/small'));
});
after(removeRoutes);

const refusedAs = (answer, status, code) => {
	assert.equal(answer.status, status, answer.text);
	assert.equal(answer.json.error.code, code);
	assert.ok(answer.json.meta.requestId);
	assert.equal(answer.headers.get('x-request-id'), answer.json.meta.requestId);
};
const fields = (answer) => answer.json.error.details.map((problem) => problem.field).sort();
const post = (body) => call('POST', '/v1/t/in', { body });

// the whole body is wrong
const malformed = [
	['no JSON', 'hello'], ['half an object', '{"text":'], ['two objects', '{"text":"ab"}{"text":"cd"}'],
	['a trailing comma', '{"text":"ab",}'], ['single quotes', "{'text':'ab'}"], ['a comment', '{"text":"ab"/* */}'],
	['NaN', '{"text":"ab","price":NaN}'], ['a leading zero', '{"text":"ab","number":01}'],
	['a plus sign', '{"text":"ab","number":+1}'], ['a number beyond 64 bits', '{"text":"ab","big":18446744073709551616}'],
	['a number beyond doubles', '{"text":"ab","price":1e400}'],
	['a member twice', '{"text":"ab","text":"cd"}'], ['a member twice deep inside', '{"text":"ab","data":{"a":[{"b":1,"b":2}]}}'],
	['a member twice through an escape', '{"text":"ab","te\\u0078t":"cd"}'],
	['an array', '[{"text":"ab"}]'], ['a string', '"ab"'], ['null', 'null'], ['a number', '5'],
	['U+0000', '{"text":"a\\u0000b"}'], ['U+0000 in a name', '{"te\\u0000xt":"ab"}'], ['a NUL byte', Buffer.from('{"text":"a\0b"}')],
	['a NUL byte behind the object', Buffer.from('{"text":"ab"}\0')],
	['a lone surrogate', '{"text":"\\ud800"}'], ['a control character', '{"text":"a\nb"}'],
	['invalid UTF-8', Buffer.from([...Buffer.from('{"text":"'), 0xff, 0xfe, ...Buffer.from('"}')])],
	['overlong UTF-8', Buffer.from([...Buffer.from('{"text":"'), 0xc0, 0xaf, ...Buffer.from('"}')])],
	['a UTF-8 surrogate', Buffer.from([...Buffer.from('{"text":"'), 0xed, 0xa0, 0x80, ...Buffer.from('"}')])],
	['UTF-16', Buffer.from('\ufeff{"text":"ab"}', 'utf16le')],
	['depth 33', `{"text":"ab","data":${'['.repeat(32)}${']'.repeat(32)}}`],
	['depth 100,000', `{"text":"ab","data":${'['.repeat(100000)}${']'.repeat(100000)}}`],
	['100,000 open brackets', '['.repeat(100000)], ['100,000 open objects', '{"a":'.repeat(100000)],
];
for (const [name, bytes] of malformed) {
	test(`malformed body: ${name}`, async () => {
		const answer = await call('POST', '/v1/t/in', { raw: bytes });
		refusedAs(answer, 400, 'MALFORMED_REQUEST');
		assert.equal(/names a member twice/.test(answer.json.error.message), name.startsWith('a member twice'));
	});
}

test('content types', async () => {
	for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/jsonx',
		'application/json; charset=utf-16', 'application/xml', ''])
		refusedAs(await call('POST', '/v1/t/in', { raw: '{"text":"ab"}', headers: { 'content-type': type } }), 415, 'UNSUPPORTED_MEDIA_TYPE');
	for (const type of ['application/json', 'application/json; charset=utf-8', 'Application/JSON;charset=UTF-8', 'application/merge-patch+json'])
		assert.equal((await call('POST', '/v1/t/in', { raw: '{"text":"ab"}', headers: { 'content-type': type } })).status, 201, type);
	refusedAs(await call('POST', '/v1/t/in', { raw: '{"text":"ab"}', headers: { 'content-encoding': 'gzip' } }), 415, 'UNSUPPORTED_MEDIA_TYPE');
});

test('sizes', async () => {
	refusedAs(await call('POST', '/v1/t/in', { body: { text: 'a'.repeat(2 * 1024 * 1024) } }), 413, 'PAYLOAD_TOO_LARGE');
	refusedAs(await call('POST', '/v1/t/small', { body: { text: 'a'.repeat(200) } }), 413, 'PAYLOAD_TOO_LARGE');
	const chunked = new ReadableStream({
		start(controller) {
			for (let i = 0; i < 40; i++) controller.enqueue(Buffer.alloc(65536, 'a'));
			controller.close();
		},
	});
	const response = await fetch(`${process.env.SKL_URL}/v1/t/in`, { method: 'POST', duplex: 'half', body: chunked, headers: { 'content-type': 'application/json' } });
	assert.equal(response.status, 413);
	refusedAs(await call('POST', '/v1/t/in', { body: { text: 'a'.repeat(1000000) } }), 422, 'VALIDATION_ERROR');
});

test('an empty body is an empty object', async () => {
	const answer = await call('POST', '/v1/t/in');
	refusedAs(answer, 422, 'VALIDATION_ERROR');
	assert.deepEqual(fields(answer), ['text']);
});

test('every bad field is named at once, those of the database too', async () => {
	const answer = await post({ text: 'x', number: '5', big: 1.5, price: 'abc', flag: 'true', day: '2026-02-30', at: '2026-01-01', key: 'x',
		tags: 'a', numbers: [1, 'b'], amount: { amount: 12.5, currency: 'USD' }, id: usr, skillIds: [skl, usr], pear: 1, Text: 'ab' });
	refusedAs(answer, 422, 'VALIDATION_ERROR');
	assert.deepEqual(fields(answer), ['Text', 'amount', 'at', 'big', 'day', 'flag', 'id', 'key', 'number', 'numbers', 'pear', 'price', 'skillIds', 'tags', 'text']);
});

test('a field that cannot be read is complained about once', async () => {
	const answer = await post({ text: 5 });
	assert.deepEqual(answer.json.error.details, [{ field: 'text', message: 'must be a string' }]);
});

// field, value as JSON
const wrong = [
	['number', 2147483648], ['number', 1.5], ['number', true], ['number', null && 0], ['number', []], ['number', {}],
	['price', '1,5'], ['price', ' 1'], ['price', '١٢'], ['price', 'NaN'], ['price', 'Infinity'], ['price', '0x10'], ['price', ''],
	['flag', 1], ['flag', 'yes'], ['day', '2026-13-01'], ['day', '0000-01-01'], ['day', '20260101'], ['day', 'today'], ['day', 20260101],
	['at', '2026-01-01T25:00:00Z'], ['at', '2026-01-01T00:00:00'], ['at', 'now'], ['at', '2026-01-01 00:00:00Z'], ['key', prj],
	['tags', [1]], ['tags', [null]], ['tags', [['a']]], ['tags', {}], ['tags', Array(1001).fill('a')], ['numbers', [2147483648]],
	['amount', '12.50 USD'], ['amount', { amount: '12.50' }], ['amount', { amount: '12.50', currency: 'usd' }],
	['amount', { amount: '12.50', currency: 'USD', pear: 1 }], ['amount', { amount: '1e3', currency: 'USD' }],
	['amount', { amount: 'NaN', currency: 'USD' }], ['amount', { amount: ' 1', currency: 'USD' }],
	['id', 'prj_'], ['id', prj.toUpperCase()], ['id', `${prj}0`], ['id', prj.slice(0, -1)], ['id', prj.replace('_', '-')], ['id', 'prj_81h2xcejqtf2nbrexx3vqjhp41'],
	['id', prj.replace('h', 'u')], ['id', 5], ['id', `${prj}' OR 1=1 --`], ['skillIds', [prj]], ['skillIds', skl],
	['text', ['ab']], ['text', { a: 1 }], ['text', 12], ['text', true],
].filter(([, value]) => value !== undefined && value !== null);
for (const [field, value] of wrong) {
	test(`wrong ${field}: ${JSON.stringify(value).slice(0, 60)}`, async () => {
		const answer = await post({ text: 'ab', [field]: value });
		refusedAs(answer, 422, 'VALIDATION_ERROR');
		assert.deepEqual(fields(answer), [field]);
	});
}

// field, value, what arrives
const right = [
	['text', 'ä€😀"\\\'$1 {},'], ['number', -2147483648], ['number', 5.0], ['big', 9007199254740991], ['price', 0.1], ['price', '0.1', 0.1],
	['price', 1e3, 1000], ['flag', false], ['day', '2024-02-29'], ['at', '2026-01-01T00:00:00.5+02:00', '2025-12-31T22:00:00.5+00:00'],
	['key', '01234567-89ab-cdef-0123-456789abcdef'], ['data', { a: 0.1, b: [null, true, { c: '"' }], e: '' }], ['data', []], ['data', 'text'],
	['tags', ['a"b', 'c\\d', '', '{e}', 'f,g', 'NULL', 'ä']], ['tags', []], ['numbers', [1, -2]],
	['amount', { amount: '12.50', currency: 'USD' }], ['amount', { amount: '12', currency: 'JPY' }], ['id', prj], ['skillIds', [skl]], ['skillIds', []],
];
for (const [field, value, arrives] of right) {
	test(`right ${field}: ${JSON.stringify(value)}`, async () => {
		const answer = await post({ text: 'ab', [field]: value });
		assert.equal(answer.status, 201, answer.text);
		assert.deepEqual(answer.json.data[field], arrives ?? value);
		assert.deepEqual(answer.json.data.present, field === 'text' ? ['text'] : ['text', field]);
	});
}

test('null is absent, and named in the fields that came', async () => {
	const answer = await call('PATCH', `/v1/t/in/${prj}`, { body: { text: 'ab', number: null, day: null } });
	assert.equal(answer.status, 201, answer.text);
	assert.equal(answer.json.data.number, 5);
	assert.deepEqual(answer.json.data.present, ['text', 'number', 'day']);
	refusedAs(await post({ text: null }), 422, 'VALIDATION_ERROR');
});

test('the query', async () => {
	const get = (query) => call('GET', `/v1/t/in?${query}`);
	const answer = await get('text=a%20b+c%C3%A4&number=7&flag=true&tags=a,b&tags=c&numbers=1,2&price=1.50&at=2026-01-01T00:00:00%2B02:00&amount=12.50+USD&day=');
	assert.equal(answer.status, 200, answer.text);
	const { data } = answer.json;
	assert.deepEqual([data.text, data.number, data.flag, data.tags, data.numbers, data.price, data.amount, data.day],
		['a b cä', 7, true, ['a', 'b', 'c'], [1, 2], 1.5, { amount: '12.50', currency: 'USD' }, null]);
	assert.equal(data.readOnly, 'on');
	const bad = await get('number=x&flag=1&tags=a,,b&pear=1&id=usr_1&number=2&sort=a%27%3B');
	refusedAs(bad, 422, 'VALIDATION_ERROR');
	assert.deepEqual(fields(bad), ['flag', 'id', 'number', 'number', 'pear', 'sort', 'tags', 'text']);
	for (const query of ['text=%00', 'text=%ff', 'text=%c0%af', 'text=%2', 'text=%zz', '%ff=1'])
		refusedAs(await get(query), 400, 'MALFORMED_REQUEST');
	refusedAs(await call('POST', '/v1/t/in?text=ab', { body: { text: 'ab' } }), 422, 'VALIDATION_ERROR');
	assert.equal((await call('DELETE', '/v1/t/in?text=ab')).status, 201);
});

test('the path', async () => {
	assert.equal((await call('GET', `/v1/t/in/${prj}?text=a`)).json.data.id, prj);
	assert.equal((await call('GET', `/v1/t/in/%70rj_01h2xcejqtf2nbrexx3vqjhp41?text=a`)).json.data.id, prj);
	assert.equal((await call('GET', `/v1/t/in/fixed/${prj}?text=a`)).json.data.id, prj);
	for (const id of [usr, 'prj_1', '1', 'fixed', '%2e%2e%2f', '%27', `${prj}%20`, 'a'.repeat(2000)])
		refusedAs(await call('GET', `/v1/t/in/${id}?text=a`), 422, 'VALIDATION_ERROR');
	for (const bad of ['%00', '%ff', '%c0%ae', '%', '%4'])
		refusedAs(await call('GET', `/v1/t/in/${bad}?text=a`), 400, 'MALFORMED_REQUEST');
	for (const nowhere of ['/v1/t/in/', '/v1/t//in', '/V1/t/in', '/v1/t/in/a/b/c', '/', '/v1', `/v1/t/in/${prj}/`, '/v1/t/in%2ffixed', '/v1/t/in;a=b'])
		refusedAs(await call('GET', nowhere), 404, 'RESOURCE_NOT_FOUND');
	refusedAs(await call('GET', `/v1/t/in/${prj}?id=${prj}&text=a`), 422, 'VALIDATION_ERROR');
});

test('headers and cookies a function asks for', async () => {
	const { json } = await call('GET', '/v1/t/in?text=a', { headers: { 'user-agent': 'agent 5', cookie: 'apple=1; pear="a b"; plum=3' } });
	assert.equal(json.data.agent, 'agent 5');
	assert.equal(json.data.cookie, 'a b');
	refusedAs(await call('POST', '/v1/t/in', { body: { text: 'ab', headerUserAgent: 'x', cookiePear: 'y', present: [] } }), 422, 'VALIDATION_ERROR');
});

test('a GET has no body', async () => {
	const { raw, url } = await import('./support.mjs');
	const { statuses } = await raw(`GET /v1/t/in?text=a HTTP/1.1\r\nHost: ${new URL(url).host}\r\nContent-Length: 2\r\n\r\n{}`, { ms: 500 });
	assert.deepEqual(statuses, [400]);
});
