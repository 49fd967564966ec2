// test/bench/search/under_load.mjs
//	Search while others write: how long until a change is found, what queries take meanwhile, and search over HTTP.

import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { load, ms, percentile, summary, table } from './figures.mjs';
import { connect } from './postgres_peer.mjs';

const run = promisify(execFile);
const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

// pgbench that changes the oldest gigs, at random, at a rate until it is stopped.
async function writers(client, rate, change) {
	const dir = mkdtempSync(path.join(tmpdir(), 'skl-writers-'));
	await client.query(`DROP TABLE IF EXISTS bench.target; CREATE TABLE bench.target (n integer PRIMARY KEY, id uuid);
		INSERT INTO bench.target SELECT row_number() OVER (), id::uuid FROM (SELECT id FROM skillancer.gig ORDER BY id LIMIT 20000) g; ANALYZE bench.target`);
	const [{ n }] = (await client.query('SELECT count(*)::integer AS n FROM bench.target')).rows;
	writeFileSync(path.join(dir, 'write.sql'), `\\set n random(1, ${n})\n\\set price random(500, 100000)\nUPDATE skillancer.gig SET ${change}
		WHERE id = (SELECT id FROM bench.target WHERE n = :n)::skillancer.gig_id;\n`);
	const child = spawn('pgbench', ['-n', '-M', 'prepared', '-c', '4', '-j', '1', '-R', String(rate), '-T', '3600', '-f', path.join(dir, 'write.sql'),
		'-h', process.env.SKL_PGHOST, '-p', process.env.SKL_PGPORT, '-U', process.env.SKL_SUPERUSER, process.env.SKL_PGDATABASE], { stdio: 'ignore' });
	await sleep(2000);
	return { async stop() {
		child.kill('SIGINT');
		await new Promise((resolve) => (child.exitCode === null && child.signalCode === null ? child.once('exit', resolve) : resolve()));
		rmSync(dir, { recursive: true });
	} };
}

// How a change is made so that a search can tell it: the title's words, which are indexed anew, or a number beside its segment.
const PROBES = {
	word: {
		change: (n) => [`title = $2`, `title with seen${n.toString(36)}`],
		request: (n) => ({ q: `seen${n.toString(36)}` }),
	},
	price: {
		change: (n) => [`price_from = skillancer.monetary_of($2, 'USD')`, n],
		request: (n) => ({ filters: { price: { min: n / 100, max: n / 100 } } }),
	},
};

// Commits what nobody else has, in a gig that nobody else changes, and asks each 10 ms until it is found; milliseconds, at most count times.
async function visible(client, { change, request }, count, until = () => false) {
	const { rows: [{ id, title, price }] } = await client.query('SELECT id::uuid::text, title, skillancer.monetary_minor(price_from)::text AS price FROM skillancer.gig ORDER BY id DESC LIMIT 1');
	const first = 1e9 + Date.now() % 1e9; // above all prices
	const times = [];
	for (let i = 0; i < count && !until(); i++) {
		const [set, value] = change(first + i);
		await client.query(`UPDATE skillancer.gig SET ${set} WHERE id = $1::uuid::skillancer.gig_id`, [id, value]);
		const start = performance.now();
		for (;;) {
			const { rows: [row] } = await client.query(`SELECT cardinality(ids) AS n FROM skillancer.search_run('gig', $1)`, [{ ...request(first + i), limit: 1, correct: false }]);
			if (row.n > 0) break;
			if (performance.now() - start > 30000) throw new Error('a change was not found within 30 s');
			await sleep(10);
		}
		times.push(performance.now() - start);
		await sleep((i * 37) % 100);
	}
	await client.query(`UPDATE skillancer.gig SET title = $2, price_from = skillancer.monetary_of($3, 'USD') WHERE id = $1::uuid::skillancer.gig_id`, [id, title, price]);
	return times;
}

const visibleRow = (name, times) => [name, ...[0.5, 0.95, 1].map((p) => ms(percentile(times, p))), times.length, load()];

// Changes are made as long as something goes on; those of a word and those of a price take turns of twenty.
async function visibleDuring(client, name, done) {
	const times = { word: [], price: [] };
	while (!done() || times.price.length === 0)
		for (const probe of Object.keys(PROBES))
			times[probe].push(...await visible(client, PROBES[probe], 20, () => done() && times[probe].length > 0));
	return Object.keys(PROBES).map((probe) => visibleRow(`${name}: ${probe}`, times[probe]));
}

export async function showVisibility(peer, count) {
	const rows = [visibleRow('nothing else: word', await visible(peer.client, PROBES.word, count))];
	const crowd = await writers(peer.client, 500, `price_from = skillancer.monetary_of(:price, 'USD')`);
	const second = await connect(peer.database);
	try {
		for (const probe of Object.keys(PROBES)) rows.push(visibleRow(`500 changes a second: ${probe}`, await visible(peer.client, PROBES[probe], count)));
		let merged = false;
		const merging = second.query(`SELECT skillancer.search_merge('gig')`).then(() => { merged = true; });
		rows.push(...await visibleDuring(peer.client, 'while all segments are merged', () => merged));
		await merging;
		await second.query(`SELECT skillancer.search_rebuild('gig')`);
		let built = false;
		const building = (async () => { while ((await second.query(`SELECT FROM skillancer.search_index WHERE kind = 'gig' AND building IS NULL`)).rowCount === 0) await sleep(200); built = true; })();
		rows.push(...await visibleDuring(peer.client, 'while the index is built anew', () => built));
		await building;
	} finally {
		await second.end();
		await crowd.stop();
	}
	await peer.settled();
	console.log('\n### From commit to found, ours, with 500 changes a second but in the first\n');
	table(['', 'p50 ms', 'p95', 'max', 'changes', 'load'], rows);
}

export async function showStorm(peer, set, budget) {
	const crowd = await writers(peer.client, 100, `price_from = skillancer.monetary_of(:price, 'USD')`);
	try {
		await peer.pass(set, budget, false);
		const { p50, p95, p99, max } = summary(await peer.pass(set, budget, false));
		console.log(`\n### ${set.name} while 100 prices a second change\n`);
		table(['', 'p50 ms', 'p95', 'p99', 'max', 'load'], [[peer.name, ms(p50), ms(p95), ms(p99), ms(max), load()]]);
	} finally {
		await crowd.stop();
	}
	await peer.settled();
}

// 50 people search over HTTP, each as fast as answers come; the load generator shares the cores.
export async function showHttp(queries, seconds) {
	const dir = mkdtempSync(path.join(tmpdir(), 'skl-wrk-'));
	try {
		const paths = queries.map((words) => `"/v1/search/gigs?limit=10&q=${encodeURIComponent(words)}"`);
		writeFileSync(path.join(dir, 'search.lua'), `local paths = {${paths.join(', ')}}\nlocal n = 0\nrequest = function() n = n + 1; return wrk.format("GET", paths[n % #paths + 1]) end\n`);
		const { stdout } = await run('wrk', ['-t1', '-c50', `-d${seconds}s`, '--latency', '-s', path.join(dir, 'search.lua'), process.env.SKL_URL]);
		if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(stdout);
		const at = (p) => stdout.match(new RegExp(`\\s${p}%\\s+(\\S+)`))[1];
		console.log('\n### GET /v1/search/gigs over HTTP, 50 users, 10 gigs with their highlights\n');
		table(['requests/s', 'p50', 'p99', 'load'], [[stdout.match(/Requests\/sec:\s+([\d.]+)/)[1], at(50), at(99), load()]]);
	} finally {
		rmSync(dir, { recursive: true });
	}
}
