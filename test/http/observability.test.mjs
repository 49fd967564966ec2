// test/http/observability.test.mjs
//	Metrics of the database, their page, rules and dashboard before a real Prometheus; one trace through bridge, PostgreSQL, event and
//	webhook, and at a collector.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { join as joinPath } from 'node:path';
import { attribute, startCollector } from './lib/collector.mjs';
import { startBridge, makeUser, claimsOf, sign, db, closeDb, ownDirectory, ownFile, freePort, until, identity, world } from './lib/edge.mjs';
import { env } from './support.mjs';

let bridge;
let collector;
let user;
let token;

const sql = async (text, values) => (await db().query(text, values)).rows;
const page = async (at = bridge, headers = {}) => (await fetch(`${at.adminUrl}/metrics`, { headers })).text();
const file = (name) => new URL(`../../${name}`, import.meta.url).pathname;
const hex = (n) => randomBytes(n).toString('hex');
const traced = (traceId, flag = '01') => ({ traceparent: `00-${traceId}-00f067aa0ba902b7-${flag}` });
const json = { 'Content-Type': 'application/json' };
const draft = { title: 'Somebody who draws a map', description: 'A map of a small town, drawn by hand, with every house on it.', budgetKind: 'FIXED',
	budgetMin: { amount: '100.00', currency: 'USD' }, budgetMax: { amount: '200.00', currency: 'USD' } };
const ask = (method, path, { body, headers = {}, at = bridge } = {}) => fetch(at.url + path, {
	method, headers: { Authorization: `Bearer ${token}`, ...(body ? json : {}), ...headers }, body: body && JSON.stringify(body) });

// Families of a metrics page: name, type, help, labels.
function families(text) {
	const found = new Map();
	for (const [, name, help] of text.matchAll(/^# HELP (\S+) (.*)$/gm)) found.set(name, { help, labels: new Set() });
	for (const [, name, type] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm)) found.get(name).type = type;
	for (const [, name, labels] of text.matchAll(/^([a-z_]+)\{(.*)\} /gm)) {
		const family = found.get(name) ?? found.get(name.replace(/_(bucket|sum|count)$/, ''));
		for (const [, label] of labels.matchAll(/(\w+)="/g)) if (label !== 'le') family.labels.add(label);
	}
	return found;
}

// The tables of docs/observability.md.
function documented() {
	const rows = readFileSync(file('docs/observability.md'), 'utf8').matchAll(/^\| `([a-z_]+)` \| (\w+) \| ([^|]*) \| [^|]* \| (.*) \|$/gm);
	return new Map([...rows].map(([, name, type, labels, help]) => [name, { type, help, labels: new Set(labels.split(', ').filter(Boolean)) }]));
}

before(async () => {
	collector = await startCollector();
	// connections made from now on log every statement; the courier's collector is a setting of the server
	await sql('ALTER ROLE skillancer_bridge SET log_min_duration_statement = 0');
	await sql(`ALTER SYSTEM SET skillancer.otlp_url = '${collector.url}'`);
	await sql('SELECT pg_reload_conf()');
	bridge = await startBridge({ otlp_url: collector.url, trace_sample: 0, stream_port: await freePort(), log_level: 'info' });
	await sql('ALTER ROLE skillancer_bridge RESET log_min_duration_statement');
	user = await makeUser(['USER', 'CLIENT']);
	await sql('SELECT skillancer.email_verified($1::skillancer.user_id)', [user.sub]);
	token = await sign(bridge.key, claimsOf(user, { roles: ['USER', 'CLIENT'] }));
});

after(async () => {
	await sql('ALTER SYSTEM RESET skillancer.otlp_url');
	await sql('SELECT pg_reload_conf()');
	await bridge?.stop();
	await collector?.stop();
	await closeDb();
});

test('the documentation names every metric, with its type, labels and meaning', async () => {
	await ask('GET', '/v1/users/me');
	const said = documented();
	const found = families(await until(async () => { const text = await page(); return text.includes('skillancer_queue_depth') && text; }));
	const source = (await sql(`SELECT string_agg(prosrc, '') AS source FROM pg_proc WHERE proname ~ '^metrics_of_'`))[0].source;
	for (const [name, { type, help, labels }] of found) {
		assert.ok(said.has(name), `${name} is in docs/observability.md`);
		assert.equal(said.get(name).type, type, name);
		assert.equal(said.get(name).help, help, name);
		for (const label of labels) assert.ok(said.get(name).labels.has(label), `${name} has the label ${label}`);
	}
	for (const name of said.keys()) assert.ok(found.has(name) || source.includes(name), `${name} exists`);
	assert.ok(said.size > 70);
});

test('business is counted as it happens', async () => {
	const value = async (name, labels = '') => Number((await sql('SELECT value FROM skillancer.metrics() WHERE name = $1 AND labels = $2', [name, labels]))[0]?.value ?? 0);
	const count = () => sql('SELECT skillancer.count_events()');
	await count();
	const before = [await value('projects_published_total'), await value('skillancer_events_total', 'source="project"')];
	const project = (await (await ask('POST', '/v1/projects', { body: draft })).json()).data;
	assert.ok([200, 201, 202].includes((await ask('POST', `/v1/projects/${project.id}/publish`, { body: {} })).status));
	await count();
	assert.equal(await value('projects_published_total'), before[0] + Number((await sql(`SELECT count(*) FROM skillancer.event WHERE type = 'project.published' AND aggregate_id = $1::skillancer.project_id::uuid`, [project.id]))[0].count));
	assert.ok(await value('skillancer_events_total', 'source="project"') > before[1]);
	const [sums] = await sql(`SELECT (SELECT coalesce(sum(value), 0) FROM skillancer.metric_total WHERE name = 'events') AS counted,
		(SELECT events FROM skillancer.consumer WHERE name = 'metrics') AS read`);
	assert.equal(sums.counted, sums.read, 'every event that was read is counted once');
	await sql('SELECT skillancer.sum_ledger()');
	const ledger = await sql(`SELECT sum(value * CASE WHEN c.type IN ('asset', 'expense', 'trading') THEN 1 ELSE -1 END) AS sum
		FROM skillancer.metric_total t JOIN skillancer.account_class c ON c.class = split_part(t.label, '/', 1)
		WHERE t.name = 'ledger' GROUP BY split_part(t.label, '/', 2)`);
	for (const { sum } of ledger) assert.equal(Number(sum), 0, 'classes of a currency add up to zero');
	// what timers do meanwhile is in the next tick
	const money = await until(async () => {
		await count();
		const [now] = await sql(`SELECT
			(SELECT coalesce(sum(value), 0) FROM skillancer.metric_total WHERE name = 'released') AS released,
			(SELECT coalesce(sum(skillancer.monetary_minor(gross)), 0) FROM skillancer.earning WHERE tip_id IS NULL AND posting IS NOT NULL) AS earned,
			(SELECT coalesce(sum(value), 0) FROM skillancer.metric_total WHERE name = 'captured') AS captured,
			(SELECT coalesce(sum(skillancer.monetary_minor(c.amount)), 0) FROM skillancer.event e JOIN skillancer.charge c ON c.id::uuid = e.aggregate_id
				WHERE e.type = 'payment.captured') AS charged`);
		return now.released === now.earned && now.captured === now.charged && now;
	}, 5000);
	assert.ok(money, 'what was released is what was earned, what was captured is what was charged');
});

test('a worker or a queue that is behind shows', async () => {
	const rows = await sql('SELECT name, labels, value FROM skillancer.metrics()');
	const of = (name) => rows.filter((row) => row.name === name).map((row) => row.labels);
	for (const worker of ['timekeeper', 'notifier', 'courier', 'indexer', 'merger']) assert.ok(of('skillancer_worker_up').includes(`worker="${worker}"`), worker);
	const parked = async () => Number((await sql(`SELECT value FROM skillancer.metrics() WHERE name = 'skillancer_dead_letters' AND labels = 'queue="timer"'`))[0].value);
	const before = await parked();
	await sql(`INSERT INTO skillancer.due (machine, id, event, due_at, attempts, parked_at) VALUES ('test', gen_random_uuid(), 'never', now() - interval '1 hour', 5, now())`);
	try {
		assert.equal(await parked(), before + 1);
	} finally {
		await sql(`DELETE FROM skillancer.due WHERE machine = 'test'`);
	}
});

test('the alert rules are valid, use metrics that exist, and fire when they should', async () => {
	const rules = file('docs/deploy/alerts.yml');
	for (const args of [['check', 'rules', rules], ['test', 'rules', file('test/lib/alerts_test.yml')]]) {
		const run = spawnSync('promtool', args, { encoding: 'utf8' });
		assert.equal(run.status, 0, run.stdout + run.stderr);
	}
	const text = readFileSync(rules, 'utf8');
	const said = documented();
	const stories = readFileSync(file('test/lib/alerts_test.yml'), 'utf8');
	for (const name of new Set(text.match(/\b[a-z]+(_[a-z]+)*_(total|seconds|bucket|current|size|up|letters|age|ratio|failed)\b/g))) assert.ok(said.has(name.replace(/_bucket$/, '')), name);
	for (const [, name] of text.matchAll(/- alert: (\w+)/g)) assert.ok(stories.includes(`- name: ${name}\n`), `${name} has a story`);
});

test('a real Prometheus scrapes it, and answers every query of the dashboard', async () => {
	const dir = ownDirectory();
	const listen = `127.0.0.1:${await freePort()}`;
	ownFile(joinPath(dir, 'prometheus.yml'), `global: {scrape_interval: 1s}\nrule_files: ['${file('docs/deploy/alerts.yml')}']\nscrape_configs:\n  - job_name: skillancer\n    static_configs: [{targets: ['${bridge.adminUrl.slice(7)}']}]\n`);
	const child = spawn('prometheus', [`--config.file=${dir}/prometheus.yml`, `--storage.tsdb.path=${dir}/data`, `--web.listen-address=${listen}`, '--log.level=error'], { ...identity, stdio: 'ignore' });
	const query = async (text) => (await (await fetch(`http://${listen}/api/v1/query?query=${encodeURIComponent(text)}`)).json());
	try {
		assert.ok(await until(async () => (await query('up{job="skillancer"}').catch(() => null))?.data.result[0]?.value[1] === '1', 15000), 'the target is up');
		assert.ok((await query('http_requests_total')).data.result.length > 0);
		assert.equal((await query('skillancer_schema_current')).data.result[0].value[1], '1');
		const said = documented();
		const queries = JSON.parse(readFileSync(file('docs/deploy/grafana.json'), 'utf8')).panels.flatMap((panel) => (panel.targets ?? []).map((t) => t.expr));
		assert.ok(queries.length > 40);
		for (const text of queries) {
			const answer = await query(text.replaceAll('$instance', '.*'));
			assert.equal(answer.status, 'success', `${text}: ${answer.error}`);
			for (const name of text.match(/\b[a-z]+(_[a-z]+)+\b(?=[{[)]|$)/g).filter((n) => !/^(histogram_quantile|label_values)$/.test(n)))
				assert.ok(said.has(name.replace(/_bucket$/, '')), `${name} in ${text}`);
		}
	} finally {
		child.kill('SIGTERM');
		await new Promise((resolve) => { child.on('close', resolve); });
		rmSync(dir, { recursive: true, force: true });
	}
});

test('the level of the log changes with SIGHUP', async () => {
	const own = await startBridge({ log_level: 'error' });
	try {
		const logged = async (id) => { await fetch(`${own.url}/v1/categories`, { headers: { 'X-Request-ID': id } }); return until(async () => own.lines().some((l) => l.requestId === id), 400); };
		assert.equal(await logged('before'), false);
		own.rewrite({ log_level: 'info' });
		own.signal('SIGHUP');
		assert.ok(await until(async () => own.log().includes('in force'), 5000));
		assert.ok(await logged('after-1'));
	} finally {
		await own.stop();
	}
});

test("one trace is in the bridge's log, PostgreSQL's, the event, the webhook and the collector", async () => {
	const traceId = hex(16);
	const at = `/hooks/trace-${traceId}`;
	const hook = (await (await ask('POST', '/v1/webhooks', { body: { url: env.SKL_WEBHOOK_URL + at, events: ['project.created'] } })).json()).data;
	const state = 'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE';
	const answer = await ask('POST', '/v1/projects', { body: draft, headers: { ...traced(traceId), tracestate: ` ${state.replace(',', ' , ,')}` } });
	assert.equal(answer.status, 201);
	assert.equal(answer.headers.get('tracestate'), state);
	const [, , ourSpan, flags] = answer.headers.get('traceparent').split('-');
	const requestId = answer.headers.get('x-request-id');
	assert.equal(flags, '01');

	const line = await until(async () => bridge.lines().find((l) => l.traceId === traceId), 3000);
	assert.equal(line.requestId, requestId);
	assert.equal(line.spanId, ourSpan);
	const server = await until(async () => readFileSync(joinPath(world, 'log/postgresql.log'), 'utf8').split('\n').filter((l) => l.includes(`(request ${requestId}, trace ${traceId})`)), 3000);
	assert.ok(server?.length >= 1, 'the log of PostgreSQL names request and trace');
	const [event] = await sql(`SELECT id::text, correlation_id, trace FROM skillancer.event WHERE type = 'project.created' AND correlation_id = $1`, [requestId]);
	assert.equal(event.trace, `00-${traceId}-${ourSpan}-01 ${state}`);
	const received = await until(async () => readFileSync(joinPath(env.SKL_WEBHOOK_DIR, 'index.jsonl'), 'utf8').trim().split('\n').map(JSON.parse).find((r) => r.path === at), 10000);
	const [, sentTrace, sentSpan, sentFlags] = received.headers.traceparent.split('-');
	assert.deepEqual([sentTrace, sentFlags, received.headers.tracestate], [traceId, '01', state]);
	assert.notEqual(sentSpan, ourSpan);

	const spans = await until(async () => { const of = collector.of(traceId); return of.length >= 4 && of; }, 10000);
	assert.ok(spans, `four spans, not ${JSON.stringify(collector.of(traceId).map((s) => s.name))}`);
	assert.deepEqual(collector.problems, []);
	const span = (name) => spans.find((s) => s.name === name);
	const root = span('POST /v1/projects');
	assert.deepEqual([root.spanId, root.parentSpanId, root.kind, root.service, root.traceState], [ourSpan, '00f067aa0ba902b7', 2, 'skillancer-bridge', state]);
	assert.deepEqual([attribute(root, 'http.response.status_code'), attribute(root, 'skillancer.request_id'), attribute(root, 'http.route')], ['201', requestId, '/v1/projects']);
	for (const name of ['queue', 'execute project_create']) {
		assert.equal(span(name).parentSpanId, ourSpan, name);
		assert.ok(BigInt(span(name).startTimeUnixNano) >= BigInt(root.startTimeUnixNano) && BigInt(span(name).endTimeUnixNano) <= BigInt(root.endTimeUnixNano), `${name} lies within the request`);
	}
	const delivery = span('deliver webhook');
	assert.deepEqual([delivery.service, delivery.spanId, delivery.parentSpanId, delivery.kind], ['skillancer-courier', sentSpan, ourSpan, 3]);
	assert.equal(attribute(delivery, 'http.response.status_code'), '204');
	await ask('DELETE', `/v1/webhooks/${hook.id}`);
});

test('a mail belongs to the trace of the request that queued it', async () => {
	const traceId = hex(16);
	const [{ email }] = await sql('SELECT email FROM skillancer.user_account WHERE id = $1::skillancer.user_id', [user.sub]);
	const answer = await fetch(`${bridge.url}/v1/auth/forgot-password`, { method: 'POST', headers: { ...json, ...traced(traceId) }, body: JSON.stringify({ email }) });
	assert.ok(answer.ok, await answer.text());
	const span = await until(async () => collector.of(traceId).find((s) => s.name === 'deliver mail'), 15000);
	assert.ok(span, 'the courier tells of it');
	assert.deepEqual([span.service, span.parentSpanId, attribute(span, 'skillancer.smtp.code'), span.status], ['skillancer-courier', answer.headers.get('traceparent').split('-')[2], '250', undefined]);
	assert.deepEqual(collector.problems, []);
});

test('an error of a request is logged with both ids, and the client sees neither detail', async () => {
	const traceId = hex(16);
	const answer = await ask('POST', '/v1/projects', { body: { title: 'x' }, headers: traced(traceId) });
	assert.equal(answer.status, 422);
	assert.ok(!(await answer.text()).includes(traceId));
	assert.ok(await until(async () => readFileSync(joinPath(world, 'log/postgresql.log'), 'utf8').includes(`trace ${traceId})`), 3000));
});

test('what is not sampled is not recorded, and a collector that refuses or is away costs spans, never answers', async () => {
	const [first, quiet] = [hex(16), hex(16)];
	await ask('GET', '/v1/users/me', { headers: traced(quiet, '00') });
	await ask('GET', '/v1/users/me');
	await ask('GET', '/v1/users/me', { headers: traced(first) });
	assert.ok(await until(async () => collector.of(first).length >= 3, 5000), 'nothing waits');
	const dropped = async () => Number(/^skillancer_spans_dropped_total (\d+)$/m.exec(await page())[1]);
	const before = await dropped();
	collector.status = 400;
	const refused = hex(16);
	assert.equal((await ask('GET', '/v1/users/me', { headers: traced(refused) })).status, 200);
	assert.ok(await until(async () => await dropped() === before + 1, 5000), 'counted');
	collector.status = 200;
	const last = hex(16);
	await ask('GET', '/v1/users/me', { headers: traced(last) });
	assert.ok(await until(async () => collector.of(last).length >= 3, 5000));
	assert.deepEqual([collector.of(quiet).length, collector.of(refused).length], [0, 0]);
	assert.deepEqual(collector.problems, []);
});

test('a tracestate that is malformed, too long or without a trace goes no further, and the trace does', async () => {
	for (const tracestate of ['a', 'A=1', 'a=1,a=2', 'a=1=2', `a=${'x'.repeat(257)}`, Array.from({ length: 33 }, (_, i) => `k${i}=1`).join(), Array.from({ length: 4 }, (_, i) => `k${i}=${'x'.repeat(130)}`).join()]) {
		const traceId = hex(16);
		const answer = await ask('GET', '/v1/users/me', { headers: { ...traced(traceId), tracestate } });
		assert.deepEqual([answer.status, answer.headers.get('tracestate'), answer.headers.get('traceparent').split('-')[1]], [200, null, traceId], tracestate.slice(0, 20));
	}
	for (const headers of [{ tracestate: 'a=1' }, { ...traced('0'.repeat(32)), tracestate: 'a=1' }])
		assert.equal((await ask('GET', '/v1/users/me', { headers })).headers.get('tracestate'), null);
});

test('what a timer does is a trace of its own, which goes on to the webhook, with the cause that the request is', async () => {
	const at = `/hooks/timer-${hex(4)}`;
	const traceId = hex(16);
	const hook = (await (await ask('POST', '/v1/webhooks', { body: { url: env.SKL_WEBHOOK_URL + at, events: ['project.expired'] } })).json()).data;
	const made = await ask('POST', '/v1/projects', { body: draft, headers: traced(traceId) });
	const { id } = (await made.json()).data;
	const published = await ask('POST', `/v1/projects/${id}/publish`, { body: {}, headers: traced(traceId) });
	assert.ok(published.ok);
	await sql(`UPDATE skillancer.due SET due_at = skillancer.now() WHERE machine = 'project' AND id = $1::skillancer.project_id::uuid`, [id]);
	await sql(`SELECT skillancer.wake('timekeeper')`);
	const received = await until(async () => readFileSync(joinPath(env.SKL_WEBHOOK_DIR, 'index.jsonl'), 'utf8').trim().split('\n').map(JSON.parse).find((r) => r.path === at), 15000);
	assert.ok(received, 'the timer fired and the webhook was told');
	const [expired] = await sql(`SELECT trace, correlation_id, causation_id IS NOT NULL AS caused FROM skillancer.event WHERE type = 'project.expired' AND aggregate_id = $1::skillancer.project_id::uuid`, [id]);
	assert.match(expired.trace, /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
	assert.notEqual(expired.trace.split('-')[1], traceId);
	assert.deepEqual([expired.correlation_id, expired.caused], [published.headers.get('x-request-id'), true], 'and follows from the request');
	const [, sentTrace, sentSpan] = received.headers.traceparent.split('-');
	assert.equal(sentTrace, expired.trace.split('-')[1]);
	const span = await until(async () => collector.of(sentTrace)[0], 10000);
	assert.deepEqual([span.name, span.spanId, span.parentSpanId], ['deliver webhook', sentSpan, expired.trace.split('-')[2]]);
	await ask('DELETE', `/v1/webhooks/${hook.id}`);
});

test('a collector behind TLS: who does not show a certificate that is trusted gets nothing', async () => {
	const dir = ownDirectory();
	const [key, cert] = [joinPath(dir, 'key.pem'), joinPath(dir, 'cert.pem')];
	const made = spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=otel', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert]);
	assert.equal(made.status, 0, String(made.stderr));
	const certificate = readFileSync(cert);
	ownFile(cert, certificate); // readable for the bridge
	const secure = await startCollector({ key: readFileSync(key), cert: certificate });
	const settings = { otlp_url: secure.url, trace_sample: 1, jwt_key_dir: bridge.keys };
	const [trusting, strict] = [await startBridge({ ...settings, otlp_ca_file: cert }), await startBridge(settings)];
	try {
		const [good, bad] = [hex(16), hex(16)];
		await ask('GET', '/v1/categories', { at: strict, headers: traced(bad) });
		await ask('GET', '/v1/categories', { at: trusting, headers: traced(good) });
		assert.ok(await until(async () => secure.of(good).length >= 1, 10000), 'taken');
		assert.ok(await until(async () => /^skillancer_spans_dropped_total 1$/m.test(await page(strict)), 15000), 'lost, and counted');
		assert.equal(secure.of(bad).length, 0);
		assert.deepEqual(secure.problems, []);
	} finally {
		await Promise.all([trusting.stop(), strict.stop(), secure.stop()]);
		rmSync(dir, { recursive: true, force: true });
	}
});

test('a collector that hangs: requests go on, what does not fit is dropped and counted, memory stays, a stop is quick', async () => {
	const mute = await startCollector();
	mute.status = -1;
	const own = await startBridge({ otlp_url: mute.url, trace_sample: 1, limit_scale: 0 });
	const figure = async (name) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(await page(own))[1]);
	const many = async (n) => {
		const traceId = hex(16);
		let slowest = 0;
		for (let sent = 0; sent < n; sent += 100) {
			await Promise.all(Array.from({ length: 100 }, async () => {
				const begin = performance.now();
				assert.equal((await fetch(`${own.url}/.well-known/jwks.json`, { headers: traced(traceId) })).status, 200);
				slowest = Math.max(slowest, performance.now() - begin);
			}));
		}
		return slowest;
	};
	try {
		await many(300);
		assert.ok(await until(async () => mute.requests > 0, 10000), 'the collector has been asked');
		const slowest = await many(2400);
		assert.ok(slowest < 4000, `no request waits for it (${slowest.toFixed(0)} ms)`);
		assert.ok(await figure('skillancer_spans_dropped_total') > 0, 'the ring is full: 2,048 requests, and what the thread holds');
		const before = await figure('process_resident_memory_bytes');
		await many(500);
		assert.ok(await figure('process_resident_memory_bytes') - before < 4 << 20, 'and takes no more memory');
		assert.equal(await figure('skillancer_spans_exported_total'), 0);
	} finally {
		const begin = performance.now();
		await own.stop();
		assert.ok(performance.now() - begin < 12000, 'a bridge that stops does not wait for the rest');
		await mute.stop();
	}
});
