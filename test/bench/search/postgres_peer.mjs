// test/bench/search/postgres_peer.mjs
//	Peers that are statements of PostgreSQL: GIN with ts_rank_cd, RUM, and whatever else gives a statement for a set.
//	Each query is timed inside the server, by a function of PL/pgSQL whose statements are planned once (GIN and RUM:
//	for each query, since their best plan depends on it). Clients are pgbench: they wait for the whole answer.

import { execFile, spawn } from 'node:child_process';
import { createReadStream, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { percentile } from './figures.mjs';

const { Client } = createRequire(new URL('../peers/package.json', import.meta.url))('pg');
const run = promisify(execFile);

const TSQUERY = { and: "replace(words, ' ', ' & ')", phrase: "replace(words, ' ', ' <-> ')", prefix: "words || ':*'" };

// A connection as superuser; the server is that of the world in the environment.
export async function connect(database) {
	const client = new Client({ host: process.env.SKL_PGHOST, port: Number(process.env.SKL_PGPORT), user: process.env.SKL_SUPERUSER, database });
	await client.connect();
	return client;
}

// Copies a file into a table through psql, which is faster than any client in JavaScript.
export function copy(database, table, file) {
	return new Promise((resolve, reject) => {
		const child = spawn('psql', ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-h', process.env.SKL_PGHOST, '-p', process.env.SKL_PGPORT, '-U', process.env.SKL_SUPERUSER,
			'-d', database, '-c', `COPY ${table} FROM STDIN`], { stdio: ['pipe', 'inherit', 'inherit'] });
		createReadStream(file).pipe(child.stdin);
		child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`copying ${file} failed`))));
	});
}

// The queries of all sets in a table, with the expression that GIN and RUM are asked by.
export async function loadQueries(client, sets) {
	await client.query(`CREATE SCHEMA IF NOT EXISTS bench;
		CREATE TABLE IF NOT EXISTS bench.query (set_name text, n integer, words text, category integer, country integer, price_min integer, price_max integer, tsq tsquery,
			after text, PRIMARY KEY (set_name, n));
		TRUNCATE bench.query`);
	for (const set of sets) {
		const rows = readFileSync(set.file, 'utf8').trimEnd().split('\n').map((line, n) => [n, ...line.split('\t').map((cell, i) => (i > 0 && cell === '' ? null : cell))]);
		await client.query(`INSERT INTO bench.query SELECT $1, n, words, category, country, price_min, price_max,
				to_tsquery('pg_catalog.simple', ${TSQUERY[set.name] ?? "replace(words, ' ', ' | ')"})
			FROM json_to_recordset($2) AS r(n integer, words text, category integer, country integer, price_min integer, price_max integer)`,
		[set.name, JSON.stringify(rows.map(([n, words, category, country, price_min, price_max]) => ({ n, words, category, country, price_min, price_max })))]);
	}
	await client.query('ANALYZE bench.query');
}

export class PostgresPeer {
	// statements(set, titles): what one query is, over its row q of bench.query; undefined: no answer to such queries.
	constructor(name, database, client, statements, options = {}) {
		Object.assign(this, { name, database, client, statements, options });
	}

	async pass(set, budget, titles) {
		const statements = this.statements(set.name, titles);
		if (!statements) return undefined;
		const name = `bench.pass_${this.name.replaceAll(/\W+/g, '_').toLowerCase()}_${set.name}${titles ? '_titles' : ''}`;
		await this.client.query(`CREATE OR REPLACE FUNCTION ${name}(budget interval) RETURNS float8[] LANGUAGE plpgsql ${this.options.custom ? 'SET plan_cache_mode = force_custom_plan' : ''} AS $pass$
			DECLARE
				times float8[] := '{}';
				start timestamptz;
				deadline timestamptz := clock_timestamp() + budget;
				q bench.query;
			BEGIN
				FOR q IN SELECT * FROM bench.query WHERE set_name = '${set.name}' ORDER BY n LOOP
					start := clock_timestamp();
					EXIT WHEN start > deadline;
					${statements.map((statement) => `PERFORM * FROM (${statement}) AS answer;`).join('\n')}
					times := times || extract(epoch FROM clock_timestamp() - start)::float8 * 1e6;
				END LOOP;
				RETURN times;
			END $pass$`);
		const { rows } = await this.client.query(`SELECT ${name}(make_interval(secs => ${budget})) AS times`);
		return rows[0].times;
	}

	async hits(set) {
		const statement = this.options.hits?.(set.name);
		if (!statement) return undefined;
		const { rows } = await this.client.query(`SELECT (SELECT count(*) FROM (${statement}) AS h)::integer AS n FROM bench.query q WHERE q.set_name = '${set.name}' ORDER BY q.n`);
		return rows.map((row) => row.n);
	}

	async clients(set, count, seconds) {
		const statements = this.statements(set.name, true);
		if (!statements) return undefined;
		const dir = mkdtempSync(path.join(tmpdir(), 'skl-pgbench-'));
		try {
			const [{ last }] = (await this.client.query(`SELECT max(n) AS last FROM bench.query WHERE set_name = '${set.name}'`)).rows;
			writeFileSync(path.join(dir, 'script.sql'), `\\set n random(0, ${last})\n${statements.map((statement) =>
				`SELECT answer.* FROM bench.query q, LATERAL (${statement}) AS answer WHERE q.set_name = '${set.name}' AND q.n = :n;`).join('\n')}\n`);
			const { stdout } = await run('pgbench', ['-n', '-M', 'prepared', '-c', String(count), '-j', String(Math.min(count, 2)), '-T', String(seconds), '-l', '--log-prefix', path.join(dir, 'log'),
				'-f', path.join(dir, 'script.sql'), '-h', process.env.SKL_PGHOST, '-p', process.env.SKL_PGPORT, '-U', process.env.SKL_SUPERUSER, this.database],
			{ env: { ...process.env, PGOPTIONS: this.options.custom ? '-c plan_cache_mode=force_custom_plan' : '' } });
			const times = readdirSync(dir).filter((file) => file.startsWith('log')).flatMap((file) => readFileSync(path.join(dir, file), 'utf8').trimEnd().split('\n').map((line) => Number(line.split(' ')[2])));
			return { rate: Number(stdout.match(/tps = ([\d.]+)/)[1]), p50: percentile(times, 0.5) / 1000, p99: percentile(times, 0.99) / 1000 };
		} finally {
			rmSync(dir, { recursive: true });
		}
	}

	async close() {
		await this.client.end();
	}
}

const CONDITION = { filter: 'AND g.category = q.category AND g.price BETWEEN q.price_min AND q.price_max', facets: 'AND g.category = q.category AND g.country = q.country' };

// The statements of GIN and RUM; both have a table of their own, so that the planner cannot mistake them.
function statementsOf(table, order) {
	return (set, titles) => {
		const columns = titles ? 'g.id, g.title' : 'g.id';
		const groups = (match) => [['g.category', set === 'empty' ? '' : 'AND g.country = q.country'], ['g.country', 'AND g.category = q.category']]
			.map(([column, others]) => `SELECT ${column}, count(*) FROM ${table} g WHERE ${match} ${others} GROUP BY 1 ORDER BY 2 DESC LIMIT 10`)
			.concat(`SELECT s, count(*) FROM ${table} g, unnest(g.skills) s WHERE ${match} ${CONDITION[set] ?? 'AND g.category = q.category'} GROUP BY 1 ORDER BY 2 DESC LIMIT 10`);
		if (set === 'typo') return undefined;
		if (set === 'empty') return [`SELECT ${columns} FROM ${table} g WHERE g.category = q.category ORDER BY g.id LIMIT 10`, ...groups('true')];
		const top = `SELECT ${columns} FROM ${table} g WHERE g.tsv @@ q.tsq ${CONDITION[set] ?? ''} ORDER BY ${set === 'newest' ? 'g.day DESC, g.id' : order} LIMIT 10`;
		if (set === 'facets') return [top, ...groups('g.tsv @@ q.tsq')];
		return [set === 'page50' ? `${top} OFFSET 490` : top];
	};
}

const hitsOf = (table) => (set) => {
	if (set === 'typo') return undefined;
	return `SELECT g.id FROM ${table} g WHERE ${set === 'empty' ? 'g.category = q.category' : 'g.tsv @@ q.tsq'} ${CONDITION[set] ?? ''}`;
};

export class IndexPeer extends PostgresPeer {
	constructor(name, database, client, table, order, index) {
		super(name, database, client, statementsOf(table, order), { custom: true, hits: hitsOf(table) });
		Object.assign(this, { table, index });
	}

	// The table is filled first: the time is that of the index alone. A 0 keeps phrases from reaching out of the title.
	async load(corpus) {
		await this.client.query(`CREATE SCHEMA IF NOT EXISTS bench; DROP TABLE IF EXISTS ${this.table}; CREATE TABLE ${this.table} (id integer, title text, body text, category integer, country integer,
			skills integer[], price integer, day integer, tsv tsvector GENERATED ALWAYS AS (to_tsvector('pg_catalog.simple', title || ' 0 ' || body)) STORED)`);
		await copy(this.database, `${this.table} (id, title, body, category, country, skills, price, day)`, corpus);
		const [{ lsn }] = (await this.client.query('SELECT pg_current_wal_lsn() AS lsn')).rows;
		const start = performance.now();
		await this.client.query(`SET maintenance_work_mem = '512MB'; CREATE INDEX ${this.table.replace('bench.', '')}_words ON ${this.table} ${this.index}`);
		const seconds = (performance.now() - start) / 1000;
		const [{ bytes, wal }] = (await this.client.query(`SELECT pg_relation_size('${this.table}_words')::float8 AS bytes, pg_wal_lsn_diff(pg_current_wal_lsn(), '${lsn}')::float8 AS wal`)).rows;
		await this.client.query(`CREATE INDEX ON ${this.table} (category); ALTER TABLE ${this.table} ADD PRIMARY KEY (id)`);
		await this.client.query(`VACUUM ANALYZE ${this.table}`);
		return { seconds, bytes, wal };
	}
}
