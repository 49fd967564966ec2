// test/bench/webhooks.mjs [--events N] [--dead N] [--rate N]
//	Webhooks: events of one user to a good endpoint beside dead ones that never answer. First a backlog, then a steady
//	rate; prints deliveries a second, and the time from commit to arrival. The receiver counts in this process.
//	Status 1 when one is missing or the good endpoint's p95 is over 2 s. Runs in a world (test/world env).

import { spawn } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { env, makeUsers, sleep, sql, until } from '../http/support.mjs';

const { values: options } = parseArgs({ options: {
	events: { type: 'string', default: '20000' }, dead: { type: 'string', default: '500' }, rate: { type: 'string', default: '500' },
	seconds: { type: 'string', default: '15' },
} });
const arrived = new Map(); // id of an event: when it came first, ms
let twice = 0;

const receiver = http.createServer({ keepAliveTimeout: 60000 }, (request, response) => {
	if (request.url.startsWith('/dead')) return; // and never answers
	const id = request.headers['webhook-id'];
	if (arrived.has(id)) twice++;
	else arrived.set(id, Date.now());
	request.resume();
	response.writeHead(204).end();
});
await new Promise((resolve) => receiver.listen(0, '127.0.0.1', resolve));
const base = `http://127.0.0.1:${receiver.address().port}`;

const hook = (user, url) => `
	WITH w AS (INSERT INTO skillancer.webhook (user_id, url, events) VALUES ('${user.id}', '${url}', '{*}') RETURNING id, user_id),
	h AS (INSERT INTO skillancer.webhook_health (webhook_id, user_id) SELECT id, user_id FROM w)
	INSERT INTO skillancer.webhook_secret (webhook_id, user_id, sealed)
	SELECT w.id, w.user_id, m.sealed FROM w, skillancer.webhook_secret_make(w.id::uuid) m;`;
const emit = (user, n) => `SELECT skillancer.emit('user.updated', 'user', skillancer.new_id(),
	'{"userId": "${user.id}", "fields": []}', ARRAY['${user.uuid}'::uuid]) FROM generate_series(1, ${n})`;

// Seconds from creation to arrival of the events since a moment, by percentile.
function latency(since) {
	const rows = sql(`SELECT e.id, extract(epoch FROM e.at) * 1000 FROM skillancer.event e WHERE e.at >= '${since}' AND e.type = 'user.updated'
		AND e.audience @> ARRAY['${good.uuid}'::uuid]`);
	const times = rows.map(([id, at]) => (arrived.get(id) ?? Infinity) - Number(at)).sort((a, b) => a - b);
	const at = (p) => times[Math.min(times.length - 1, Math.floor(times.length * p))];
	return { n: times.length, p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}

const [good, bad] = makeUsers(2);
sql(hook(good, `${base}/good`));
sql(Array.from({ length: Number(options.dead) }, (_, i) => hook(bad, `${base}/dead/${i}`)).join('\n'));
sql(emit(good, 1)); // so that the good one is known to be
await until(() => arrived.size === 1);
sql(emit(bad, 5)); // and the dead ones to be dead
await sleep(2000);

const before = arrived.size;
const total = Number(options.events);
sql(emit(good, total));
const begin = Date.now();
await until(() => arrived.size >= before + total, 120000);
const backlog = (arrived.size - before) / ((Date.now() - begin) / 1000);
console.log(`backlog of ${total} events beside ${options.dead} dead endpoints: ${Math.round(backlog)} deliveries/s`);

// one event a transaction, at a steady rate
const [[since]] = sql('SELECT clock_timestamp()');
const script = path.join(tmpdir(), `skl-webhooks-${process.pid}.sql`);
writeFileSync(script, `SELECT skillancer.emit('user.updated', 'user', skillancer.new_id(), '{"userId": "${good.id}", "fields": []}', ARRAY['${good.uuid}'::uuid]);\n`);
const bench = spawn('pgbench', ['-n', '-h', env.SKL_PGHOST, '-p', env.SKL_PGPORT, '-U', env.SKL_SUPERUSER, '-c', '4', '-R', options.rate, '-T', options.seconds,
	'-f', script, env.SKL_PGDATABASE], { stdio: 'ignore' });
await new Promise((resolve) => bench.once('exit', resolve));
await until(() => latency(since).p99 < Infinity, 60000);
const steady = latency(since);
console.log(`${options.rate} events/s for ${options.seconds} s: commit to arrival p50 ${Math.round(steady.p50)} ms, p95 ${Math.round(steady.p95)} ms, p99 ${Math.round(steady.p99)} ms (${steady.n} events, ${twice} twice)`);
const [[missing]] = sql(`SELECT count(*) FROM skillancer.webhook_delivery d JOIN skillancer.webhook w ON w.id = d.webhook_id
	WHERE w.user_id = '${good.id}' AND d.state <> 'DELIVERED'`);
rmSync(script);
receiver.closeAllConnections();
receiver.close();
process.exitCode = steady.p95 > 2000 || arrived.size < before + total + steady.n || Number(missing) > 0 ? 1 : 0;
