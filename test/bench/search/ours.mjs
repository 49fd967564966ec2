// test/bench/search/ours.mjs
//	Skillancer's search in the benchmark: the corpus as gigs (market.sql), indexed by the workers, asked by search_run(), which is
//	what the routes call. "ours" ranks by words alone, as the peers do; "ours, as asked" is what people get: prior,
//	proximity and corrections as well.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { copy, PostgresPeer } from './postgres_peer.mjs';

// The request for each query of a set, as SQL over q.
const WORDS = { phrase: `'"' || q.words || '"'`, prefix: `q.words || '*'` };
const MEMBERS = {
	and: `'matchAll', true`,
	typo: `'correct', true`,
	filter: `'filters', jsonb_build_object('category', 'bench-' || q.category, 'price', jsonb_build_object('min', q.price_min, 'max', q.price_max))`,
	facets: `'filters', jsonb_build_object('category', 'bench-' || q.category, 'country', chr(65 + q.country / 26) || chr(65 + q.country % 26)), 'facets', '["category", "country", "tag"]'::jsonb`,
	empty: `'filters', jsonb_build_object('category', 'bench-' || q.category), 'facets', '["category", "country", "tag"]'::jsonb`,
	newest: `'sort', 'newest'`,
};

const requestOf = (set, plain) => `jsonb_build_object('q', ${WORDS[set] ?? 'q.words'}, 'limit', 10${plain ? `, 'prior', false, 'correct', false` : ''})
	|| jsonb_build_object(${MEMBERS[set] ?? ''})`;

const answerOf = (request) => `SELECT r.ids FROM skillancer.search_run('gig', ${request}) AS r`;
const rowsOf = (request) => `SELECT g.id, g.title FROM skillancer.search_run('gig', ${request}) AS r, unnest(r.ids) WITH ORDINALITY AS u (id, n)
	JOIN skillancer.gig g ON g.id = u.id::skillancer.gig_id ORDER BY u.n`;

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class OurPeer extends PostgresPeer {
	constructor(name, client, plain) {
		const column = plain ? 'q.request' : 'q.request_full';
		super(name, process.env.SKL_PGDATABASE, client, (set, titles) => [titles ? rowsOf(column) : answerOf(column)], {});
		this.plain = plain;
	}

	async one(text, values) {
		return (await this.client.query(text, values)).rows[0];
	}

	async status() {
		return this.one(`SELECT *, coalesce(building, 0)::integer AS building FROM skillancer.search_status WHERE kind = 'gig'`);
	}

	async settled() {
		for (;;) {
			const { pending, building } = await this.status();
			if (Number(pending) === 0 && building === 0) return;
			await sleep(100);
		}
	}

	async load(corpus) {
		await this.client.query(`CREATE SCHEMA IF NOT EXISTS bench; DROP TABLE IF EXISTS bench.corpus; CREATE UNLOGGED TABLE bench.corpus (id integer PRIMARY KEY, title text, body text,
			category integer, country integer, skills integer[], price integer, day integer)`);
		await copy(this.database, 'bench.corpus', corpus);
		this.run('market.sql');
		await this.settled();
		const [{ lsn }] = (await this.client.query('SELECT pg_current_wal_lsn() AS lsn')).rows;
		const start = performance.now();
		await this.client.query(`SELECT skillancer.search_rebuild('gig')`);
		await this.settled();
		const seconds = (performance.now() - start) / 1000;
		const { wal } = await this.one(`SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), $1)::float8 AS wal`, [lsn]);
		while ((await this.one(`SELECT skillancer.search_merge('gig') AS n`)).n > 0);
		const merge = (performance.now() - start) / 1000 - seconds;
		const { bytes } = await this.status();
		return { seconds, merge, bytes: Number(bytes), wal };
	}

	run(file) {
		execFileSync('psql', ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-h', process.env.SKL_PGHOST, '-p', process.env.SKL_PGPORT, '-U', process.env.SKL_SUPERUSER, '-d', this.database,
			'-o', '/dev/null', '-f', new URL(file, import.meta.url).pathname], { stdio: ['ignore', 'inherit', 'inherit'] });
	}

	// Requests are made beforehand: a client sends them as they are. Page 50 goes on where page 49 ends.
	async prepare(sets) {
		await this.client.query('ALTER TABLE bench.query ADD COLUMN IF NOT EXISTS request jsonb, ADD COLUMN IF NOT EXISTS request_full jsonb');
		for (const { name } of sets) {
			for (const [column, plain] of [['request', true], ['request_full', false]])
				await this.client.query(`UPDATE bench.query q SET ${column} = jsonb_strip_nulls(${requestOf(name, plain)}) WHERE set_name = '${name}'`);
			if (name !== 'page50') continue;
			for (const column of ['request', 'request_full'])
				await this.client.query(`UPDATE bench.query q SET ${column} = ${column} || coalesce((SELECT jsonb_build_object('after', r.keys[490])
					FROM skillancer.search_run('gig', ${column} || '{"limit": 490}') r WHERE cardinality(r.keys) = 490), '{}') WHERE set_name = 'page50'`);
		}
		await this.client.query('VACUUM ANALYZE bench.query');
	}

	async hits(set) {
		const { rows } = await this.client.query(`SELECT (SELECT r.total::integer FROM skillancer.search_run('gig', q.request || '{"total": true}') r) AS n
			FROM bench.query q WHERE q.set_name = '${set.name}' ORDER BY q.n`);
		return rows.map((row) => row.n);
	}

	// Queries whose best k are not those of scoring every match.
	async check(set, k) {
		const request = `q.request || '{"limit": ${k}}'`;
		const { n } = await this.one(`SELECT count(*)::integer AS n FROM bench.query q, skillancer.search_run('gig', ${request}) a, skillancer.search_run('gig', ${request} || '{"exhaustive": true}') b
			WHERE q.set_name = '${set.name}' AND q.n < 100 AND (a.ids, a.scores) IS DISTINCT FROM (b.ids, b.scores)`);
		return n;
	}

	// Microseconds that the trigger adds to changing a row.
	async queueCost() {
		await this.client.query('BEGIN');
		const { 'QUERY PLAN': [plan] } = await this.one('EXPLAIN (ANALYZE, FORMAT json) UPDATE skillancer.gig SET tags = tags WHERE id IN (SELECT id FROM skillancer.gig LIMIT 5000)');
		await this.client.query('ROLLBACK');
		const trigger = plan.Triggers.find((row) => row['Trigger Name'] === 'search_changed');
		return trigger.Time * 1000 / trigger.Calls;
	}
}

export const corpusWords = (file) => readFileSync(file, 'utf8').trimEnd().split('\n').map((line) => line.split('\t')[0]);
