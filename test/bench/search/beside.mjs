// test/bench/search/beside.mjs
//	What is measured beside the sets of queries: suggestions while somebody types, and the most memory that processes took.

import { readFileSync } from 'node:fs';
import { load, ms, summary, table } from './figures.mjs';

const TYPED = 2000;

// What people have typed on the way to a query: each beginning of its last word, the others whole; one in four with an error.
function typing(queries) {
	const typed = [];
	for (const query of queries) {
		const words = query.split(' ').slice(-2);
		const last = words.pop();
		for (let n = 1; n <= last.length && typed.length < TYPED; n++) {
			const begun = typed.length % 4 === 3 && n > 3 ? `${last[0]}${last[2]}${last[1]}${last.slice(3, n)}` : last.slice(0, n);
			typed.push([...words, begun].join(' '));
		}
	}
	return typed;
}

// Times inside the server, in the milliseconds of one call each.
export async function showSuggest(peer, queries) {
	const { client } = peer;
	await client.query(`CREATE OR REPLACE FUNCTION pg_temp.suggest_times(p_typed text[]) RETURNS float8[] LANGUAGE plpgsql AS $$
		DECLARE
			v_start timestamptz;
			v_typed text;
			v_times float8[] := '{}';
		BEGIN
			FOREACH v_typed IN ARRAY p_typed LOOP
				v_start := clock_timestamp();
				PERFORM FROM skillancer.suggest(v_typed, 10, 0, '{}');
				v_times := v_times || extract(epoch FROM clock_timestamp() - v_start)::float8 * 1e6;
			END LOOP;
			RETURN v_times;
		END $$`);
	await client.query('SELECT skillancer.suggest_refresh()');
	const typed = typing(queries);
	let times = [];
	for (let pass = 0; pass < 2; pass++) times = (await client.query('SELECT pg_temp.suggest_times($1) AS t', [typed])).rows[0].t;
	const { p50, p95, p99, max } = summary(times);
	console.log('\n### Suggestions while a query is typed, in the server\n');
	table(['p50 ms', 'p95', 'p99', 'max', 'beginnings', 'load'], [[ms(p50), ms(p95), ms(p99), ms(max), typed.length, load()]]);
}

const megabytes = (status, name) => (Number(status.match(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm'))?.[1] ?? 0) / 1024).toFixed(0);

// Peaks of the peers' processes; of ours, of the workers and of the backend that was asked. Shared memory counts for each that uses it.
export async function showMemory(peers) {
	const rows = [];
	const row = (name, pid) => {
		const status = readFileSync(`/proc/${pid}/status`, 'utf8');
		rows.push([name, megabytes(status, 'VmHWM'), megabytes(status, 'RssShmem')]);
	};
	for (const peer of peers) {
		if (peer.child) row(peer.name, peer.child.pid);
		if (peer.name !== 'ours') continue;
		for (const { name, pid } of (await peer.client.query(`SELECT backend_type AS name, pid FROM pg_stat_activity WHERE datname = current_database() AND backend_type IN ('skillancer indexer', 'skillancer merger')
			UNION ALL SELECT 'ours: the backend that was asked', pg_backend_pid() ORDER BY 1`)).rows)
			row(name, pid);
	}
	console.log('\n### Memory of processes, MB\n');
	table(['', 'at most', 'of it shared, now'], rows);
}
