// test/http/edge_operation.test.mjs
//	What operators see and do: metrics, health, log, reload, drain, --check.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { Agent, request } from 'node:http';
import { mkdirSync, chmodSync, chownSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { startBridge, makeKey, makeUser, claimsOf, sign, bearer, closeDb, run, ownDirectory, ownFile, freePort, database, until, sleep, join, readFileSync, identity } from './lib/edge.mjs';

let bridge;
let user;

before(async () => {
	bridge = await startBridge();
	user = await makeUser();
});

after(async () => {
	await bridge?.stop();
	await closeDb();
});

const metrics = async (at = bridge, headers = {}) => (await fetch(`${at.adminUrl}/metrics`, { headers })).text();
const value = (text, name) => Number(new RegExp(`^${name.replace(/[{}"]/g, '\\$&')} (\\S+)$`, 'm').exec(text)?.[1]);
const lineOf = (id, at = bridge) => until(async () => at.lines().find((line) => line.requestId === id), 2000);

// ---- metrics ----

test('promtool finds nothing to say about the metrics', async () => {
	await fetch(`${bridge.url}/v1/categories`);
	const check = spawnSync('promtool', ['check', 'metrics'], { input: await metrics(), encoding: 'utf8' });
	assert.equal(check.status, 0, check.stdout + check.stderr);
	assert.equal(check.stdout + check.stderr, '');
});

test('OpenMetrics is spoken to those who ask', async () => {
	const answer = await fetch(`${bridge.adminUrl}/metrics`, { headers: { Accept: 'application/openmetrics-text; version=1.0.0' } });
	const text = await answer.text();
	assert.match(answer.headers.get('content-type'), /^application\/openmetrics-text/);
	assert.ok(text.endsWith('# EOF\n'));
	assert.match(text, /^# TYPE http_requests counter$/m);
	assert.match(text, /^http_requests_total\{/m);
});

test('requests are counted by template, never by path', async () => {
	const name = 'http_requests_total{method="GET",route="/v1/projects/{id}",status="4xx"}';
	const before = value(await metrics(), name) || 0;
	for (let i = 0; i < 5; i++) await fetch(`${bridge.url}/v1/projects/prj_01h455vb4pex5vsknk084sn0${i}q`);
	const text = await until(async () => { const now = await metrics(); return value(now, name) === before + 5 ? now : null; }, 2000);
	assert.ok(text, 'five more');
	assert.ok(!text.includes('01h455vb4pex5vsknk084'));
	for (const family of ['http_request_duration_seconds_bucket', 'http_requests_in_flight', 'skillancer_pool_size', 'skillancer_pool_busy', 'skillancer_pool_queued',
		'skillancer_pool_oldest_wait_seconds', 'skillancer_jwt_cache_total', 'skillancer_limited_total', 'skillancer_cancelled_total', 'skillancer_route_reload_failures_total',
		'skillancer_schema_current', 'process_resident_memory_bytes']) assert.match(text, new RegExp(`^${family}[{ ]`, 'm'), family);
	assert.ok(text.split('\n').length < 5000, 'bounded');
});

test('tokens are verified once and then remembered', async () => {
	const hits = 'skillancer_jwt_cache_total{result="hit"}';
	const before = value(await metrics(), hits);
	const token = await sign(bridge.key, claimsOf(user));
	for (let i = 0; i < 10; i++) await fetch(`${bridge.url}/v1/users/me`, bearer(token));
	assert.equal(value(await metrics(), hits), before + 9);
});

test('metrics are not on the public listener, and the admin one may be a unix socket', async () => {
	assert.equal((await fetch(`${bridge.url}/metrics`)).status, 404);
	const dir = ownDirectory();
	const path = join(dir, 'admin.sock');
	const other = await startBridge({ admin_listen: `unix:${path}` });
	try {
		assert.equal(statSync(path).mode & 0o7, 0, 'others may not connect');
		const text = await new Promise((resolve, reject) => request({ socketPath: path, path: '/metrics' }, (answer) => {
			let all = '';
			answer.on('data', (data) => { all += data; }).on('end', () => resolve(all));
		}).on('error', reject).end());
		assert.match(text, /skillancer_build_info/);
	} finally {
		await other.stop();
	}
});

// ---- health and identity of requests ----

test('liveness and readiness are told apart', async () => {
	assert.equal((await fetch(`${bridge.url}/health/live`)).status, 200);
	const ready = await fetch(`${bridge.url}/health/ready`);
	const { workers, ...checks } = (await ready.json()).checks;
	assert.deepEqual([ready.status, checks, typeof workers], [200, { database: true, routes: true, schema: true, draining: false }, 'boolean']);
	assert.ok(await until(async () => (await (await fetch(`${bridge.url}/health/ready`)).json()).checks.workers, 15000), 'workers are told of once the database has, and decide nothing');
	const lost = await startBridge({ database: 'host=/nowhere dbname=none connect_timeout=1' }, { patience: 500 }).catch((error) => error);
	assert.match(String(lost), /did not start/);
});

test('a bridge without its database is live, not ready, and answers 503', async () => {
	const dir = ownDirectory();
	mkdirSync(join(dir, 'keys'));
	if (identity.uid !== undefined) chownSync(join(dir, 'keys'), identity.uid, identity.gid);
	const promise = startBridge({ database: 'host=/nowhere dbname=none user=skillancer_bridge', jwt_key_dir: join(dir, 'keys'), port: 41799 }, { patience: 3000 });
	const seen = await until(async () => (await fetch('http://127.0.0.1:41799/health/live').catch(() => null))?.status, 2500);
	const ready = await fetch('http://127.0.0.1:41799/health/ready').catch(() => null);
	const page = await fetch('http://127.0.0.1:41799/v1/categories').catch(() => null);
	await assert.rejects(promise);
	assert.equal(seen, 200);
	assert.equal(ready.status, 503);
	assert.equal(page.status, 503);
	assert.ok(page.headers.get('retry-after'));
});

test('a request keeps its sane id and its trace, and gets a span', async () => {
	const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
	const answer = await fetch(`${bridge.url}/v1/categories`, { headers: { 'X-Request-ID': 'my-request.1', traceparent: `00-${trace}-00f067aa0ba902b7-01` } });
	assert.equal(answer.headers.get('x-request-id'), 'my-request.1');
	assert.match(answer.headers.get('traceparent'), new RegExp(`^00-${trace}-(?!00f067aa0ba902b7)[0-9a-f]{16}-01$`));
	assert.equal((await answer.json()).meta.requestId, 'my-request.1');
	const line = await lineOf('my-request.1');
	assert.equal(line.traceId, trace);
	for (const bad of ['a b', 'x'.repeat(65), '<script>', 'é']) {
		const other = await fetch(`${bridge.url}/v1/categories`, { headers: { 'X-Request-ID': bad, traceparent: bad } });
		assert.match(other.headers.get('x-request-id'), /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
		assert.match(other.headers.get('traceparent'), /^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
	}
});

// ---- log ----

test('one line a request, with what one needs and no secret (100)', async () => {
	const token = await sign(bridge.key, claimsOf(user));
	const canaries = ['canary-password-77', 'canary-query-77', 'canary-body-77', 'canary-cookie-77', 'canary-path-77', token, token.split('.')[2]];
	await fetch(`${bridge.url}/v1/users/me?canary-query-77=canary-query-77`, { headers: { Authorization: `Bearer ${token}`, 'X-Request-ID': 'canary-1', Cookie: 'skl_refresh=canary-cookie-77' } });
	await fetch(`${bridge.url}/v1/auth/login`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"email":"a@example.test","password":"canary-password-77","other":"canary-body-77"}' });
	await fetch(`${bridge.url}/v1/canary-path-77`);
	await fetch(`${bridge.url}/v1/users/me`, bearer(`${token.slice(0, -6)}canary-body-77`));
	await fetch(`${bridge.url}/v1/categories`, { headers: { 'X-Request-ID': 'last-one', 'User-Agent': 'red"\\' } });
	const last = await lineOf('last-one');
	for (const canary of canaries) assert.ok(!bridge.log().includes(canary), canary);
	assert.ok(!/[^\n\x20-\x7e]/.test(bridge.log().replace(/[\u00a0-\uffff]/g, '')), 'no control characters');
	assert.equal(last.userAgent, 'red"\\');
	const line = await lineOf('canary-1');
	assert.equal(line.route, '/v1/users/me');
	assert.equal(line.userId, user.sub);
	assert.equal(line.method, 'GET');
	for (const name of ['time', 'level', 'status', 'ms', 'queueMs', 'dbMs', 'bytesOut', 'address', 'traceId']) assert.ok(name in line, name);
});

test('successes can be sampled, and levels hold', async () => {
	const quiet = await startBridge({ log_sample: 0 });
	try {
		await fetch(`${quiet.url}/v1/categories`, { headers: { 'X-Request-ID': 'good' } });
		await fetch(`${quiet.url}/v1/nothing`, { headers: { 'X-Request-ID': 'bad' } });
		assert.ok(await lineOf('bad', quiet));
		assert.ok(!quiet.log().includes('"good"'));
	} finally {
		await quiet.stop();
	}
});

test('a log that nobody reads holds up no request: lines are dropped and counted', async () => {
	const other = await startBridge();
	try {
		other.child.stderr.pause();
		const ask = async () => { for (let i = 0; i < 400; i++) assert.equal((await fetch(`${other.url}/version`)).status, 200); };
		await Promise.all(Array.from({ length: 10 }, ask));
		assert.ok(value(await metrics(other), 'skillancer_log_dropped_total') > 0);
		other.child.stderr.resume();
		const id = 'heard-again';
		assert.ok(await until(async () => { await fetch(`${other.url}/version`, { headers: { 'X-Request-ID': id } }); await sleep(20); return other.log().includes(id); }, 3000));
	} finally {
		await other.stop();
	}
});

test('the log may be a file, and is opened again by SIGHUP after it was moved away', async () => {
	const dir = ownDirectory();
	const file = join(dir, 'bridge.log');
	const other = await startBridge({ log_file: file });
	const has = (path, text) => until(async () => { try { return readFileSync(path, 'utf8').includes(text); } catch { return false; } }, 2000);
	try {
		await fetch(`${other.url}/version`, { headers: { 'X-Request-ID': 'before-the-move' } });
		assert.ok(await has(file, 'before-the-move'));
		assert.equal(statSync(file).mode & 0o7, 0, 'others may not read it');
		renameSync(file, `${file}.1`);
		other.signal('SIGHUP');
		assert.ok(await has(file, 'in force'));
		await fetch(`${other.url}/version`, { headers: { 'X-Request-ID': 'after-the-move' } });
		assert.ok(await has(file, 'after-the-move'));
	} finally {
		await other.stop();
		rmSync(dir, { recursive: true, force: true });
	}
});

// ---- reload ----

test('SIGHUP takes over lists, limits, origins and keys; a mistake keeps everything as it was', async () => {
	const other = await startBridge({ log_file: '' });
	const reloaded = (result, count) => until(async () => value(await metrics(other), `skillancer_reloads_total{result="${result}"}`) === count, 3000);
	try {
		const key = await makeKey(other.keys, 'second', 'ES256');
		other.rewrite({ cors_origins: 'https://new.example.test', jwt_active_key: 'second', limit_scale: 1, rate_anonymous: '60/min burst 7', port: 1 });
		other.signal('SIGHUP');
		assert.ok(await reloaded('good', 1), other.log());
		const answer = await fetch(`${other.url}/v1/categories`, { headers: { Origin: 'https://new.example.test' } });
		assert.equal(answer.headers.get('access-control-allow-origin'), 'https://new.example.test');
		assert.equal(answer.headers.get('x-ratelimit-limit'), '7');
		assert.equal((await fetch(`${other.url}/v1/users/me`, bearer(await sign(key, claimsOf(user))))).status, 200);
		assert.match(other.log(), /option port changes only at a restart/);

		other.rewrite({ cors_origins: '*', deny: '127.0.0.0/8' });
		other.signal('SIGHUP');
		assert.ok(await reloaded('failed', 1));
		assert.equal(value(await metrics(other), 'skillancer_reload_failed'), 1);
		assert.equal((await fetch(`${other.url}/v1/categories`, { headers: { Origin: 'https://new.example.test' } })).headers.get('access-control-allow-origin'), 'https://new.example.test');

		ownFile(join(other.keys, 'broken.pem'), 'no key at all');
		other.rewrite({ cors_origins: 'https://later.example.test' });
		other.signal('SIGHUP');
		assert.ok(await reloaded('failed', 2));
		assert.equal((await fetch(`${other.url}/v1/categories`, { headers: { Origin: 'https://later.example.test' } })).headers.get('access-control-allow-origin'), null, 'all or nothing');
		assert.equal((await fetch(`${other.url}/v1/users/me`, bearer(await sign(key, claimsOf(user))))).status, 200, 'the old keys stay');
	} finally {
		await other.stop();
	}
});

test('reloading under load loses no request', async () => {
	const token = await sign(bridge.key, claimsOf(user));
	let going = true;
	let done = 0;
	const client = async () => { while (going) { const answer = await fetch(`${bridge.url}/v1/users/me`, bearer(token)); assert.equal(answer.status, 200); await answer.arrayBuffer(); done++; } };
	const clients = Array.from({ length: 8 }, client);
	for (let i = 0; i < 20; i++) { bridge.signal('SIGHUP'); await sleep(25); }
	going = false;
	await Promise.all(clients);
	assert.ok(done > 20, `${done} requests`);
});

// ---- drain ----

test('SIGTERM under load: not ready, then finished, and no request is lost', async () => {
	const other = await startBridge({ drain_wait_ms: 600, threads: 2 });
	const agent = new Agent({ keepAlive: true, maxSockets: 16 });
	const token = await sign(other.key, claimsOf(user));
	let lost = 0;
	let refused = 0;
	let good = 0;
	let closing = 0;
	const ask = () => new Promise((resolve) => {
		let answered = false;
		const call = request({ agent, host: '127.0.0.1', port: other.port, path: '/v1/users/me', headers: bearer(token).headers }, (answer) => {
			answered = true;
			if (answer.headers.connection === 'close') closing++;
			answer.resume().on('end', () => { if (answer.statusCode === 200) good++; else lost++; resolve(true); }).on('error', () => { lost++; resolve(true); });
		});
		// a connection that was idle may be closed as the request sets out: clients send such a GET again
		call.on('error', (error) => { if (error.code === 'ECONNREFUSED') refused++; else if (!answered && !call.reusedSocket) lost++; resolve(error.code !== 'ECONNREFUSED'); });
		call.end();
	});
	const client = async () => { while (await ask()); };
	const clients = Array.from({ length: 12 }, client);
	await sleep(500);
	other.signal('SIGTERM');
	const unready = await until(async () => { const answer = await fetch(`${other.url}/health/ready`).catch(() => null); return answer?.status === 503 ? await answer.json() : null; }, 500);
	assert.equal(unready?.status, 'draining', 'first it says that it is not ready');
	assert.equal((await fetch(`${other.url}/v1/categories`)).status, 200, 'and still serves');
	const status = await other.exited;
	await Promise.all(clients);
	agent.destroy();
	assert.equal(status, 0, other.log().split('\n').filter((line) => !line.includes('requestId')).join('\n').slice(-3000));
	assert.equal(lost, 0, `${lost} lost of ${good}`);
	assert.ok(good > 50 && refused >= 12, `${good} good, ${refused} refused`);
	assert.ok(closing > 0, 'answers said Connection: close');
	assert.match(other.log(), /"event":"drain","message":"stopped"/);
});

// ---- the command line ----

test('--check finds each thing that is wrong, and nothing where nothing is', async () => {
	const good = await run(['--config', bridge.config, '--check']);
	assert.equal(good.status, 0, good.out);
	for (const part of ['configuration', 'keys', 'connection', 'server', 'role', 'extension', 'catalogue', 'schema']) assert.match(good.out, new RegExp(`^ok   ${part}`, 'm'));
	const rows = [
		[[`--database=${database} user=postgres`], /FAIL role: it is superuser/],
		[[`--database=${database} user=skillancer_engine`], /FAIL connection/],
		[['--database=host=/nowhere'], /FAIL connection/],
		[[`--database=${database.replace(/dbname=\S+/, 'dbname=postgres')} user=skillancer_bridge`], /FAIL catalogue/],
		[['--jwt_key_dir=/nowhere'], /FAIL keys: \/nowhere/],
		[['--jwt_active_key=unknown'], /FAIL keys: no private key is called unknown/],
	];
	for (const [args, expected] of rows) {
		const { status, out } = await run(['--config', bridge.config, ...args, '--check']);
		assert.equal(status, 1, out);
		assert.match(out, expected);
	}
});

test('a role that can do more than it should keeps the bridge from starting', async () => {
	const { status, out } = await run(['--config', bridge.config, '--port=0', '--admin_listen=', `--database=${database} user=postgres`]);
	assert.equal(status, 1);
	assert.match(out, /bypasses row-level security; it must not/);
});

test('mistakes in options are named', async () => {
	const dir = ownDirectory();
	const file = join(dir, 'bad.conf');
	const rows = [
		[['--port=70000'], /option port: "70000" is not a number from 0 to 65535/], [['--port=x'], /option port/],
		[['--deny=10.0.0.1/8'], /option deny: "10.0.0.1\/8" is not/], [['--cors-origins=*'], /option cors_origins/],
		[['--rate_anonymous=20'], /option rate_anonymous: "20" is not of the form/], [['--log_level=loud'], /option log_level/],
		[['--aliases=/api/'], /option aliases/], [['--tls_key=/x'], /tls_certificate and tls_key/], [['--what=1'], /unknown argument "--what=1"/],
		[['--config', '/nowhere/x.conf'], /cannot open \/nowhere\/x.conf/], [['--config', file], /bad.conf line 2: option "colour" is unknown/],
	];
	ownFile(file, 'port = 1\ncolour = red\n');
	for (const [args, expected] of rows) {
		const { status, out } = await run([...args, '--check']);
		assert.equal(status, 2, out);
		assert.match(out, expected);
	}
	ownFile(file, 'port = 1\nport = 2\n');
	assert.match((await run(['--config', file, '--check'])).out, /line 2: option "port" is set twice/);
});

test('command line wins over environment, environment over file', async () => {
	const dir = ownDirectory();
	const file = join(dir, 'some.conf');
	ownFile(file, '# comment\nlog_level = loud\ndeny = 10.0.0.0/8\n\t192.0.2.0/24\n');
	const args = ['--config', file, '--check'];
	assert.match((await run(args)).out, /"loud" is not/);
	assert.match((await run(args, { SKL_LOG_LEVEL: 'louder' })).out, /"louder" is not/);
	assert.match((await run([...args, '--log_level=loudest'], { SKL_LOG_LEVEL: 'louder' })).out, /"loudest" is not/);
	assert.match((await run([...args, '--log-level=info'])).out, /ok {3}configuration/);
});

test('--help lists every option, --version the version', async () => {
	const help = await run(['--help']);
	assert.equal(help.status, 0);
	for (const name of ['port', 'database', 'rate_anonymous', 'jwt_key_dir', 'cors_origins']) assert.match(help.out, new RegExp(`^ {2}${name} `, 'm'));
	assert.match((await run(['--version'])).out, /^skillancer-bridge \d+\.\d+\.\d+$/m);
});

test('--make-key makes a key that only its owner reads and that signs at once', async () => {
	const dir = join(ownDirectory(), 'keys');
	const { status, out } = await run([`--jwt_key_dir=${dir}`, '--make-key']);
	assert.equal(status, 0, out);
	const [file] = readdirSync(dir);
	assert.equal(file, `${out.trim()}.pem`);
	assert.equal(statSync(join(dir, file)).mode & 0o777, 0o600);
	assert.match(readFileSync(join(dir, file), 'utf8'), /BEGIN PRIVATE KEY/);
	const check = () => run(['--config', bridge.config, `--jwt_key_dir=${dir}`, '--jwt_active_key=', '--check']);
	assert.match((await check()).out, /ok {3}keys: 1 in/);
	chmodSync(join(dir, file), 0o644);
	assert.match((await check()).out, /FAIL keys: .*others may read it/);
	chmodSync(join(dir, file), 0o600);
	writeFileSync(join(dir, 'short.hs256'), 'short', { mode: 0o600 });
	if (identity.uid !== undefined) chownSync(join(dir, 'short.hs256'), identity.uid, identity.gid);
	assert.match((await check()).out, /FAIL keys: short.hs256/);
});
