// test/bench/releases.mjs [--seconds N] [--rounds N] [--clients N]
//	Durable releases of escrow (every commit is flushed): postings alone beside the same in PL/pgSQL and beside pgbench's
//	TPC-B on the same cluster; many in one call; the whole command with state, event, earning and timers; each also with
//	the platform's accounts spread over twenty currencies. And what row-level security costs the list of bookings.
//	Prints medians; the invariants of the ledger hold at the end, or the status is 1. Runs in a world of its own with
//	fsync and without workers (test/bench/run starts one).

import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

const { values: options } = parseArgs({ strict: false, options: {
	seconds: { type: 'string', default: '4' }, rounds: { type: 'string', default: '3' }, clients: { type: 'string', default: '16' },
} });
const { env } = process;
const here = import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname);
const dir = mkdtempSync(path.join(tmpdir(), 'skl-releases-'));
const COMMANDS = 60_000;
const MILESTONES = 4000;
const BATCH = 100;
const place = ['-h', env.SKL_PGHOST, '-p', env.SKL_PGPORT];
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

const psql = (args, database = env.SKL_PGDATABASE) => execFileSync('psql', ['-XAtq', '-v', 'ON_ERROR_STOP=1', ...place, '-U', env.SKL_SUPERUSER, '-d', database, ...args],
	{ encoding: 'utf8', maxBuffer: 1 << 26 }).trim();
const sql = (text, database) => psql(['-c', text], database);

function pgbench(name, args, { user = env.SKL_SUPERUSER, database = env.SKL_PGDATABASE } = {}) {
	return new Promise((resolve, reject) => {
		const child = spawn('pgbench', ['-n', '-M', 'prepared', ...place, '-U', user, '-c', options.clients, '-j', '1', '-T', options.seconds, ...args, database]);
		let out = '';
		for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => { out += chunk; });
		child.on('exit', (code) => {
			const rate = Number(out.match(/tps = ([\d.]+)/)?.[1]);
			if (code !== 0 || !(rate > 0) || /aborted/.test(out)) reject(new Error(`${name}: ${out}`));
			else resolve({ rate, count: Number(out.match(/actually processed: (\d+)/)[1]) });
		});
	});
}

// Every client takes every clients-th number: nobody releases what another one does.
const SCRIPTS = {
	post: `\\set i :i + 1
\\set n :base + 1 + (:i * :clients + :client_id) % ${MILESTONES}
SELECT bench.post(:run || '.' || :client_id || '.' || :i, :n);`,
	postMany: `\\set i :i + 1
\\set n (:i * :clients + :client_id) * ${BATCH}
SELECT bench.post_many(:run || '.' || :client_id || '.' || :i, :n, :base, ${BATCH}, ${MILESTONES});`,
	peer: `\\set i :i + 1
\\set n 1 + (:i * :clients + :client_id) % ${MILESTONES}
SELECT peer.release(:run || '.' || :client_id || '.' || :i, :n);`,
	peerMany: `\\set i :i + 1
\\set n ((:i * :clients + :client_id) * ${BATCH}) % ${MILESTONES}
SELECT peer.release_many(:run || '.' || :client_id || '.' || :i, :n, ${BATCH}, ${MILESTONES});`,
	command: `\\set i :i + 1
\\set n :start + :i * :clients + :client_id
\\startpipeline
SELECT skillancer.begin_request(t.client, t.session, NULL, '01a20350-9cba-79f8-909d-10aa0cde1503', NULL, '127.0.0.1', 10000, false, NULL) FROM bench.work t WHERE t.n = :n;
SELECT skillancer_api.milestone_approve(p_id => (SELECT t.milestone::skillancer.milestone_id FROM bench.work t WHERE t.n = :n));
\\endpipeline`,
	fireMany: `\\set i :i + 1
\\set n :start + (:i * :clients + :client_id) * ${BATCH}
SELECT skillancer.fire_batch('milestone', 'auto_release', ARRAY(SELECT t.milestone FROM bench.work t WHERE t.n > :n AND t.n <= :n + ${BATCH}));`,
	list: `\\set n random(1, ${COMMANDS})
\\startpipeline
SELECT skillancer.begin_request(t.client, t.session, NULL, '01a20350-9cba-79f8-909d-10aa0cde1503', NULL, '127.0.0.1', 10000, true, NULL) FROM bench.work t WHERE t.n = :n;
SELECT (r).body FROM (SELECT skillancer_api.booking_list(p_limit => 20) AS r OFFSET 0) x;
\\endpipeline`,
};
for (const [name, text] of Object.entries(SCRIPTS)) writeFileSync(path.join(dir, `${name}.sql`), `${text}\n`);

let runs = 0;
const script = (name, variables) => ['-f', path.join(dir, `${name}.sql`), '-D', 'i=0', '-D', `clients=${options.clients}`, '-D', `run=${++runs}`,
	...Object.entries(variables).flatMap(([key, value]) => ['-D', `${key}=${value}`])];

// Milestones that were not released yet, in dollars and over the currencies.
const next = { usd: 0, spread: COMMANDS };
async function consume(name, kind, each, options_) {
	const { rate } = await pgbench(name, script(name, { start: next[kind] - Number(options.clients) * each + (each === 1 ? 1 : 0) }), options_);
	const [first, last] = kind === 'usd' ? [0, COMMANDS] : [COMMANDS, 2 * COMMANDS];
	next[kind] = Number(sql(`SELECT max(t.n) FROM bench.work t JOIN skillancer.milestone m ON m.id = t.milestone::skillancer.milestone_id
		WHERE t.n > ${first} AND t.n <= ${last} AND m.state = 'RELEASED'`));
	if (next[kind] > last - COMMANDS / 10) throw new Error('there are too few milestones: measure for fewer seconds or rounds');
	return rate * each;
}

const post = async (name, base, each) => (await pgbench(name, script(name, { base }))).rate * each;
const peer = async (name, derived, each) => {
	sql(`UPDATE peer.account SET derived = ${derived} WHERE id > 3000000`);
	return (await pgbench(name, script(name, {}))).rate * each;
};
const bridge = { user: 'skillancer_bridge' };
const WORK = {
	'pgbench TPC-B, scale 20': async () => (await pgbench('TPC-B', ['-b', 'tpcb-like'], { database: 'tpcb' })).rate,
	'PL/pgSQL, fee accounts are rows': () => peer('peer', false, 1),
	'PL/pgSQL, fee accounts are derived': () => peer('peer', true, 1),
	[`PL/pgSQL, derived, ${BATCH} a transaction`]: () => peer('peerMany', true, BATCH),
	'posting, one platform account': () => post('post', 2 * COMMANDS, 1),
	'posting, over 20 currencies': () => post('post', 2 * COMMANDS + MILESTONES, 1),
	[`postings, ${BATCH} a call`]: () => post('postMany', 2 * COMMANDS, BATCH),
	'command, one platform account': () => consume('command', 'usd', 1, bridge),
	'command, over 20 currencies': () => consume('command', 'spread', 1, bridge),
	[`releases by silence, ${BATCH} a call`]: () => consume('fireMany', 'usd', BATCH),
	'list of bookings, row-level security': async () => (await pgbench('list', script('list', {}), bridge)).rate,
	'list of bookings, without it': async () => (await pgbench('list', script('list', {}))).rate,
};

function show(results) {
	const rate = (name) => median(results[name]);
	const [tpcb, rows] = [rate('pgbench TPC-B, scale 20'), rate('PL/pgSQL, fee accounts are rows')];
	console.log('\n| durable releases | a second | spread | of PL/pgSQL, rows | of TPC-B |\n| --- | --- | --- | --- | --- |');
	for (const [name, list] of Object.entries(results).filter(([title]) => !title.startsWith('list')))
		console.log(`| ${name} | ${rate(name).toFixed(0)} | ${Math.min(...list).toFixed(0)}-${Math.max(...list).toFixed(0)} | ${(rate(name) / rows).toFixed(2)}× | ${(rate(name) / tpcb).toFixed(2)} |`);
	const [on, off] = [rate('list of bookings, row-level security'), rate('list of bookings, without it')];
	console.log(`\nList of 20 bookings: ${on.toFixed(0)} a second under row-level security, ${off.toFixed(0)} without it: it costs ${(1e6 / on - 1e6 / off).toFixed(0)} µs of ${(1e6 / on).toFixed(0)} µs`);
}

try {
	const file = (name) => ['-v', `commands=${COMMANDS}`, '-v', `milestones=${MILESTONES}`, '-f', path.join(here, name)];
	psql([...file('releases.sql'), ...file('peers/ledger.sql')]);
	sql('CREATE DATABASE tpcb', 'postgres');
	execFileSync('pgbench', ['-i', '-q', '-s', '20', ...place, '-U', env.SKL_SUPERUSER, 'tpcb'], { stdio: 'ignore' });
	psql(['-c', 'VACUUM ANALYZE']);
	console.log(`${cpus().length} cores, load before ${readFileSync('/proc/loadavg', 'utf8').split(' ')[0]}; fsync ${sql('SHOW fsync')}, synchronous_commit ${sql('SHOW synchronous_commit')};`
		+ ` ${options.clients} clients, ${options.rounds} rounds of ${options.seconds} s, medians`);
	const results = Object.fromEntries(Object.keys(WORK).map((name) => [name, []]));
	for (let round = 0; round < Number(options.rounds); round++)
		for (const [name, work] of Object.entries(WORK)) {
			sql('CHECKPOINT');
			results[name].push(await work());
		}
	show(results);
	const off = sql(`SELECT skillancer.monetary_currency(balance), skillancer.sum(balance) FROM skillancer.trial_balance GROUP BY 1 HAVING skillancer.monetary_minor(skillancer.sum(balance)) <> 0`);
	const wrong = sql(`SELECT count(*) FROM skillancer.ledger_account a WHERE a.mode = 'row' AND a.version <> (SELECT count(*) FROM skillancer.ledger_entry e WHERE e.account = a.id)`);
	console.log(`The books afterwards: ${sql('SELECT count(*) FROM skillancer.ledger_txn')} postings, ${off === '' && wrong === '0' ? 'in order' : `NOT in order: ${off} ${wrong}`}`);
	process.exitCode = off === '' && wrong === '0' ? 0 : 1;
} finally {
	rmSync(dir, { recursive: true });
}
