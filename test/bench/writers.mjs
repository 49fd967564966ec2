// test/bench/writers.mjs [--seconds N] [--rounds N] [--clients N] [--rate N] [--seed N]
//	What the workers cost those who write: commits a second of pgbench and their times, each with one event that makes a
//	notification, an entry of the live stream and a webhook, with all workers on and with none. Once as many as there can
//	be, once at a steady rate, where also the time from the commit of an event to that of its notification is measured, by
//	the times that the server notes of commits (track_commit_timestamp).
//
//	A round is four measures of N seconds, on off off on or off on on off by lot, and one ratio: what the two with workers did
//	to what the two without did. So a machine that gets slower or faster all the while favours neither. The figure is the
//	median of the ratios, with their quartiles and an interval of 95 % for the median (the order statistics of a sign test).
//	Before each measure the workers have read what was left to them, a checkpoint is over, and the writers have warmed up.
//	Status 1 when writers lose more than 5 %, or p99 to the notification is over 1 s.
//	Runs in a world (test/world env in the environment).

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { env, makeUsers, sql, until } from '../http/support.mjs';

const { values: options } = parseArgs({ options: {
	seconds: { type: 'string', default: '2' }, rounds: { type: 'string', default: '12' }, clients: { type: 'string', default: '4' },
	rate: { type: 'string', default: '500' }, seed: { type: 'string', default: String(Date.now() % 100000) },
} });
const WORKERS = sql(`SELECT DISTINCT worker FROM skillancer.worker_slots() WHERE pid IS NOT NULL AND database_oid = (SELECT oid FROM pg_database WHERE datname = current_database())`).flat();
const dir = mkdtempSync(path.join(tmpdir(), 'skl-writers-'));
const ascending = (list) => [...list].sort((a, b) => a - b);
const quantile = (list, p) => ascending(list)[Math.min(list.length - 1, Math.floor(list.length * p))];

// Waits until the workers have read all events. What then waits for the sink of webhooks, which is a script, is dropped.
async function catchUp() {
	const idle = () => sql('SELECT bool_and(skillancer.consumer_idle(name)) FROM skillancer.consumer')[0][0] === 't';
	if (!await until(idle, 300000)) throw new Error('the workers did not catch up');
	sql("DELETE FROM skillancer.webhook_delivery WHERE state IN ('WAITING', 'QUEUED')");
	for (const worker of WORKERS) sql(`SELECT skillancer.wait_for_worker('${worker}', '300 seconds')`);
}

// Lets all workers run, or none; those that run have nothing left to do.
let running = true;
async function workers(on) {
	if (on !== running) await switchTo(on);
	if (on) await catchUp();
	sql('CHECKPOINT');
}
async function switchTo(on) {
	sql(`ALTER SYSTEM SET skillancer.databases = '${on ? '*' : 'elsewhere'}'; SELECT pg_reload_conf()`);
	const there = () => Number(sql(`SELECT count(*) FROM pg_stat_activity WHERE usename = 'skillancer_worker'`)[0][0]);
	if (!await until(() => (on ? there() >= WORKERS.length : there() === 0), 30000)) throw new Error('the workers did not come or go');
	running = on;
}

const pgbench = (...more) => execFileSync('pgbench', ['-n', '-M', 'prepared', '-h', env.SKL_PGHOST, '-p', env.SKL_PGPORT, '-U', env.SKL_SUPERUSER,
	'-c', options.clients, '-j', '1', ...scripts.flatMap((script) => ['-f', script]), ...more, env.SKL_PGDATABASE], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });

// Commits a second, and how long they took in ms: as many as there can be, or at the rate.
function write(rate) {
	if (rate) pgbench('-T', '1', '-R', rate); else pgbench('-t', '500');
	const out = pgbench('-l', `--log-prefix=${path.join(dir, 'log')}`, '-T', options.seconds, ...(rate ? ['-R', rate] : []));
	const times = [];
	for (const name of readdirSync(dir).filter((file) => file.startsWith('log'))) {
		for (const line of readFileSync(path.join(dir, name), 'utf8').split('\n')) if (line) times.push(Number(line.split(' ')[2]) / 1000);
		rmSync(path.join(dir, name));
	}
	return { tps: Number(out.match(/tps = ([\d.]+)/)[1]), ms: times.reduce((a, b) => a + b, 0) / times.length, p99: quantile(times, 0.99) };
}

// Milliseconds from the commit of each event since a moment to the commit of its notification, when it has one.
function toTheApp(since) {
	return sql(`SELECT coalesce(1000 * extract(epoch FROM pg_xact_commit_timestamp(n.xmin) - pg_xact_commit_timestamp(e.xmin)), 'Infinity')
		FROM skillancer.event e LEFT JOIN skillancer.notification n ON n.event_id = e.id
		WHERE e.type = 'proposal.declined' AND e.at >= '${since}'`).map(([ms]) => Number(ms));
}

// mulberry32: the lots, by the seed.
let lot = Number(options.seed);
function draw() {
	lot = (lot + 0x6d2b79f5) | 0;
	let t = Math.imul(lot ^ (lot >>> 15), 1 | lot);
	t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
	return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}

// Rounds with and without workers: figures of each measure, two and two a round.
async function rounds(rate, n) {
	const results = { on: [], off: [], toApp: [] };
	for (let round = 0; round < n; round++) {
		for (const state of draw() < 0.5 ? ['on', 'off', 'off', 'on'] : ['off', 'on', 'on', 'off']) {
			await workers(state === 'on');
			const [[since]] = sql('SELECT clock_timestamp()');
			results[state].push(write(rate));
			if (!rate || state === 'off') continue;
			sql(`SELECT skillancer.wait_for_worker('notifier', '300 seconds')`);
			results.toApp.push(...toTheApp(since));
		}
	}
	return results;
}

// What changed from without to with workers, in percent: a figure for each round, ascending.
const changes = ({ on, off }) => ascending(on.filter((_, i) => i % 2 === 0).map((_, round) => {
	const sum = (list) => list[2 * round].tps + list[2 * round + 1].tps;
	return (sum(on) / sum(off) - 1) * 100;
}));

// The ranks between which the median lies with 95 %, counted from the ends: so many of n are left out on each side.
function outside(n) {
	let k = -1;
	let term = 0.5 ** n; // of the binomial distribution
	for (let sum = term; sum <= 0.025; k++, sum += term) term *= (n - k - 1) / (k + 2);
	return k;
}

// The median of a sorted list, its quartiles, and the interval for the median where there are enough for one.
function spread(list) {
	const at = (p) => { const place = p * (list.length - 1); const low = Math.floor(place); return list[low] + (place - low) * ((list[low + 1] ?? list[low]) - list[low]); };
	const k = outside(list.length);
	const text = `${at(0.5).toFixed(1)} %, quartiles ${at(0.25).toFixed(1)} and ${at(0.75).toFixed(1)}`
		+ (k < 0 ? '' : `, 95 % interval ${list[k].toFixed(1)} to ${list[list.length - 1 - k].toFixed(1)}`);
	return { median: at(0.5), text };
}

const users = makeUsers(8);
sql(`WITH w AS (INSERT INTO skillancer.webhook (user_id, url, events) SELECT u, '${env.SKL_WEBHOOK_URL}/hooks/writers', '{proposal.declined}'
		FROM unnest('{${users.map((user) => user.uuid)}}'::uuid[]::skillancer.user_id[]) AS u RETURNING id, user_id),
	h AS (INSERT INTO skillancer.webhook_health (webhook_id, user_id) SELECT id, user_id FROM w)
	INSERT INTO skillancer.webhook_secret (webhook_id, user_id, sealed) SELECT w.id, w.user_id, m.sealed FROM w, skillancer.webhook_secret_make(w.id::uuid) m`);
const scripts = users.map((user, i) => {
	const script = path.join(dir, `write${i}.sql`);
	writeFileSync(script, `SELECT skillancer.emit('proposal.declined', 'proposal', skillancer.new_id(), jsonb_build_object('proposalId', 'x', 'freelancerId', '${user.id}',
	'clientId', '${user.id}', 'state', 'DECLINED', 'from', 'SUBMITTED'), ARRAY['${user.uuid}'::uuid]);\n`.replaceAll('\n\t', ' '));
	return script;
});

const [[nice]] = sql('SHOW skillancer.worker_nice');
console.log(`${cpus().length} cores, load before ${readFileSync('/proc/loadavg', 'utf8').split(' ')[0]}; ${options.clients} writers, ${options.rounds} rounds of four times ${options.seconds} s, seed ${options.seed}, workers at nice ${nice}`);
const missed = [];
try {
	for (const rate of [undefined, options.rate]) {
		const measured = await rounds(rate, rate ? Math.ceil(options.rounds / 4) : Number(options.rounds));
		const { on, off, toApp } = measured;
		const of = (list, figure) => quantile(list.map((result) => result[figure]), 0.5);
		const range = (list, figure, digits) => `${of(list, figure).toFixed(digits)} (${quantile(list.map((r) => r[figure]), 0).toFixed(digits)} to ${quantile(list.map((r) => r[figure]), 1).toFixed(digits)})`;
		const show = (figure, digits) => `${range(on, figure, digits)} with workers, ${range(off, figure, digits)} without`;
		const ratios = changes(measured);
		const { median, text } = spread(ratios);
		console.log(rate ? `at ${rate} events a second` : 'as many as there can be');
		console.log(`  commits a second: ${show('tps', 0)}\n  from one to the other: ${text} (${ratios.map((x) => x.toFixed(1)).join(' ')})`);
		console.log(`  ms for one, mean: ${show('ms', 2)}\n  ms for one, p99: ${show('p99', 1)}`);
		if (median < -5) missed.push('the loss of writers');
		if (!rate) continue;
		console.log(`  ms from commit to the notification in the app, ${toApp.length} of them: p50 ${quantile(toApp, 0.5).toFixed(0)}, p95 ${quantile(toApp, 0.95).toFixed(0)}, p99 ${quantile(toApp, 0.99).toFixed(0)}, most ${quantile(toApp, 1).toFixed(0)}`);
		if (!(quantile(toApp, 0.99) <= 1000)) missed.push('the way to the app');
	}
} finally {
	await workers(true);
	rmSync(dir, { recursive: true });
}
if (missed.length) console.log(`missed: ${missed.join(', ')}`);
process.exitCode = missed.length ? 1 : 0;
