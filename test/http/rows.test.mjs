// test/http/rows.test.mjs
//	Answers of many rows (class export), on a bridge of its own: sent while they are read, in bounded memory, of one
//	snapshot; readers that are slow, leave or do not read; errors at the first row and halfway.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { after, before, test } from 'node:test';
import { addRoutes, call, raw, removeRoutes, routed, sql, startBridge, until } from './support.mjs';

const MANY = 120000;
let bridge;

before(async () => {
	sql(`DROP TABLE IF EXISTS public.t_row; CREATE TABLE public.t_row AS SELECT i FROM generate_series(1, ${MANY}) i;
		GRANT SELECT ON public.t_row TO skillancer_bridge`);
	addRoutes(`
		CREATE OR REPLACE FUNCTION skillancer_api.t_rows(p_rows integer, p_fail integer DEFAULT 0, p_sleep integer DEFAULT 0,
			p_form text DEFAULT 'json') RETURNS skillancer.reply LANGUAGE plpgsql STABLE AS $$
		DECLARE v_rows refcursor := 'skl_rows';
		BEGIN
			OPEN v_rows NO SCROLL FOR SELECT CASE WHEN i = p_fail THEN (1 / (p_fail - i))::text WHEN i = p_sleep THEN pg_sleep(60)::text
				ELSE json_build_object('i', i, 'text', repeat('abcdefghij', 20))::text || CASE p_form WHEN 'json' THEN '' ELSE E'\\n' END END
				FROM generate_series(1, p_rows) i;
			RETURN ROW(200, NULL, '{"skl-rows": true}'::jsonb || CASE p_form WHEN 'json' THEN '{}' ELSE '{"Content-Type": "text/csv"}' END::jsonb,
				'{"extra": 1}', CASE p_form WHEN 'json' THEN '[]' ELSE to_json('first' || E'\\n') END)::skillancer.reply;
		END $$;
		CREATE OR REPLACE FUNCTION skillancer_api.t_rows_of_table() RETURNS skillancer.reply LANGUAGE plpgsql STABLE AS $$
		DECLARE v_rows refcursor := 'skl_rows';
		BEGIN
			OPEN v_rows NO SCROLL FOR SELECT i::text FROM public.t_row;
			RETURN ROW(200, NULL, '{"skl-rows": true}', NULL, '[]')::skillancer.reply;
		END $$;
		CREATE OR REPLACE FUNCTION skillancer_api.t_rows_none(p_code integer) RETURNS skillancer.reply LANGUAGE plpgsql STABLE AS $$
		BEGIN
			IF p_code = 0 THEN RETURN ROW(200, NULL, '{"skl-rows": true}', NULL, '[]')::skillancer.reply; END IF;
			PERFORM skillancer.check_that('code', p_code < 500, 'is too large'); PERFORM skillancer.check_done();
			IF p_code = 404 THEN PERFORM skillancer.fail('RESOURCE_NOT_FOUND'); END IF;
			RETURN ROW(200, NULL, NULL, NULL, json_build_object('code', p_code))::skillancer.reply;
		END $$;`,
	["'GET', '/v1/t/rows', 't_rows', 'anyone', class => 'export'", "'GET', '/v1/t/rows/table', 't_rows_of_table', 'anyone', class => 'export'",
		"'GET', '/v1/t/rows/none', 't_rows_none', 'anyone', class => 'export'"]);
	bridge = await startBridge({ export_connections: 1, slow_wait_ms: 300, write_stall_ms: 1000, body_floor: 100000000 });
	assert.ok(await routed('/v1/t/rows/none', bridge.base));
});
after(async () => { await bridge?.stop(); removeRoutes(); sql('DROP TABLE public.t_row'); });

const memory = (name) => Number(readFileSync(`/proc/${bridge.pid}/status`, 'utf8').match(`${name}:\\s+(\\d+) kB`)[1]);
const get = (pathname, options) => call('GET', pathname, { base: bridge.base, ...options });
const lines = (pattern) => bridge.log().split('\n').filter((line) => line.includes('t/rows') && line.includes(pattern)).length;
// connections of the bridge that are inside a transaction
const busy = () => Number(sql(`SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE '${bridge.name}%' AND xact_start IS NOT NULL`)[0][0]);
const idle = () => until(() => busy() === 0, 10000);

// Asks, and reads only when told; resolves with the bytes that came in all, and how they ended.
function lazyReader(pathname) {
	const program = `
import socket, sys
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
s.connect(('127.0.0.1', int(sys.argv[1])))
s.sendall(('GET %s HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n' % sys.argv[2]).encode())
sys.stdin.readline()
got = b''
try:
    while not got.endswith(b'\\r\\n0\\r\\n\\r\\n'):
        data = s.recv(1 << 20)
        if not data: break
        got += data
except OSError: pass
print(len(got), got.endswith(b'\\r\\n0\\r\\n\\r\\n'), got.count(b','))
`;
	const child = spawn('python3', ['-c', program, new URL(bridge.base).port, pathname], { stdio: ['pipe', 'pipe', 'inherit'] });
	let out = '';
	child.stdout.on('data', (data) => { out += data; });
	return { read: async () => { child.stdin.end('go\n'); await once(child, 'close'); const [bytes, whole, commas] = out.trim().split(' '); return { bytes: Number(bytes), whole: whole === 'True', commas: Number(commas) }; } };
}

test('any number of rows, in an envelope and as they are', async () => {
	for (const rows of [0, 1, 250, 251, 1003]) {
		const { status, json, headers } = await get(`/v1/t/rows?rows=${rows}`);
		assert.equal(status, 200);
		assert.deepEqual(json.data.map(({ i }) => i), Array.from({ length: rows }, (_, i) => i + 1));
		assert.equal(json.meta.extra, 1);
		assert.equal(headers.get('content-type'), 'application/json');
		const plain = await get(`/v1/t/rows?rows=${rows}&form=csv`);
		assert.equal(plain.text.split('\n').length, rows + 2);
		assert.equal(plain.headers.get('content-type'), 'text/csv');
	}
	const head = await call('HEAD', '/v1/t/rows?rows=1000', { base: bridge.base });
	assert.equal(head.status, 200);
	assert.equal(head.text, '');
	const old = await raw('GET /v1/t/rows?rows=300&form=csv HTTP/1.0\r\nHost: x\r\n\r\n', { base: bridge.base });
	assert.equal(old.text.split('\r\n\r\n')[1].split('\n').length, 302);
	assert.ok(await idle());
});

test('a function of this class may answer without rows, or refuse', async () => {
	assert.deepEqual((await get('/v1/t/rows/none?code=7')).json.data, { code: 7 });
	assert.equal((await get('/v1/t/rows/none?code=404')).status, 404);
	assert.equal((await get('/v1/t/rows/none?code=501')).json.error.details[0].field, 'code');
	assert.equal((await get('/v1/t/rows/none?code=x')).status, 422);
	assert.equal((await get('/v1/t/rows/none?code=0')).status, 500, 'a cursor that is not there');
	assert.equal((await get('/v1/t/rows/none?code=7')).status, 200);
});

test('many rows need no more memory than few', async () => {
	await get('/v1/t/rows?rows=3000');
	const before = memory('VmHWM');
	const response = await fetch(`${bridge.base}/v1/t/rows?rows=${MANY}&form=csv`);
	let rows = -1;
	let bytes = 0;
	for await (const chunk of response.body) { bytes += chunk.length; rows += Buffer.from(chunk).toString('latin1').split('\n').length - 1; }
	assert.equal(rows, MANY);
	assert.ok(bytes > 25e6, `${bytes} bytes`);
	assert.ok(memory('VmHWM') - before < 2000, `${before} kB, then ${memory('VmHWM')} kB`);
});

test('a reader that does not read holds two pages, the others are served, and it is cut', async () => {
	const before = memory('VmHWM');
	const reader = lazyReader(`/v1/t/rows?rows=${MANY}`);
	assert.ok(await until(() => busy() === 1));
	assert.equal((await get('/v1/t/rows?rows=1')).status, 503, 'there is one connection for exports');
	assert.equal((await fetch(`${bridge.base}/v1/t/rows/none`, { method: 'OPTIONS' })).status, 204);
	assert.ok(await idle(), 'its transaction is over');
	assert.ok(memory('VmHWM') - before < 2000);
	const { bytes, whole } = await reader.read();
	assert.ok(bytes > 0 && !whole, `${bytes} bytes`);
	assert.ok(await until(() => lines('"status":499') === 1));
	assert.equal((await get('/v1/t/rows?rows=300')).json.data.length, 300);
});

test('all pages are of one snapshot', async () => {
	const reader = lazyReader('/v1/t/rows/table');
	assert.ok(await until(() => busy() === 1));
	sql('DELETE FROM public.t_row');
	const { whole, commas } = await reader.read();
	assert.ok(whole);
	assert.ok(commas >= MANY - 1, `${commas}`);
	assert.deepEqual((await get('/v1/t/rows/table')).json.data, []);
});

test('a reader that leaves ends the statement, also one that runs', async () => {
	for (const query of [`rows=${MANY}`, 'rows=3000&sleep=1200', 'rows=3000&sleep=1']) {
		const before = lines('"status":499');
		const { hostname, port } = new URL(bridge.base);
		const socket = net.connect({ host: hostname, port: Number(port) }, () => socket.write(`GET /v1/t/rows?${query} HTTP/1.1\r\nHost: x\r\n\r\n`));
		socket.on('error', () => {});
		if (query.endsWith('sleep=1')) assert.ok(await until(() => busy() === 1)); else await once(socket, 'data');
		socket.destroy();
		assert.ok(await idle(), query);
		assert.ok(await until(() => lines('"status":499') === before + 1), query);
	}
	assert.equal((await get('/v1/t/rows?rows=2')).status, 200);
});

test('an error at the first rows is an answer; one halfway breaks the answer off', async () => {
	const early = await get('/v1/t/rows?rows=3000&fail=3');
	assert.equal(early.status, 422, 'what class 22 is');
	assert.equal(early.json.error.code, 'VALIDATION_ERROR');
	for (const form of ['json', 'csv']) {
		const response = await fetch(`${bridge.base}/v1/t/rows?rows=3000&fail=2990&form=${form}`);
		assert.equal(response.status, 200);
		await assert.rejects(response.text());
	}
	assert.ok(await until(() => lines('"status":500') === 3 && bridge.log().includes('division by zero')));
	assert.equal((await get('/v1/t/rows?rows=3000')).json.data.length, 3000);
});

test('a server that ends a connection halfway breaks the answer off as well', async () => {
	const reader = lazyReader(`/v1/t/rows?rows=${MANY}`);
	assert.ok(await until(() => busy() === 1));
	sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE '${bridge.name}%' AND xact_start IS NOT NULL`);
	const { whole } = await reader.read();
	assert.ok(!whole);
	assert.ok(await until(async () => (await get('/v1/t/rows?rows=300')).status === 200));
});

test('an export that is not through at its deadline is cut, and its reader sees that it is not whole', async () => {
	const hasty = await startBridge({ export_deadline_ms: 1000 });
	try {
		assert.ok(await routed('/v1/t/rows', hasty.base));
		for (const form of ['json', 'csv']) {
			const began = performance.now();
			const response = await fetch(`${hasty.base}/v1/t/rows?rows=3000&sleep=1200&form=${form}`);
			assert.equal(response.status, 200);
			await assert.rejects(response.text());
			assert.ok(performance.now() - began >= 1000);
		}
		const curl = spawnSync('curl', ['-sS', '-o', '/dev/null', `${hasty.base}/v1/t/rows?rows=3000&sleep=1200`]);
		assert.equal(curl.status, 18, 'a transfer that is not whole');
		assert.ok(await until(() => sql(`SELECT FROM pg_stat_activity WHERE application_name LIKE '${hasty.name}%' AND xact_start IS NOT NULL`).length === 0, 10000), 'its statement has ended');
		assert.equal((await call('GET', '/v1/t/rows?rows=300', { base: hasty.base })).json.data.length, 300);
	} finally {
		await hasty.stop();
	}
});
