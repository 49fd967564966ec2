// search_oracle.test.mjs
//	Search against oracles, with random gigs, while others write: the best k are those of scoring every match, the
//	documents that match are those of PostgreSQL's own text search (@@), and facets count what SQL counts. Each comparison
//	is one statement, so both sides see the same rows, in the index and among those that "fresh" adds to it.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, before, test } from 'node:test';
import { env, sql } from './support.mjs';
import { tag } from './market.mjs';

const RUN = tag();
const WORDS = Array.from({ length: 60 }, (_, i) => `w${RUN}${String.fromCharCode(97 + i / 8, 107 + i % 8)}x`);
const TAGS = Array.from({ length: 12 }, (_, i) => `tag${RUN}${i}`);
const GIGS = 400;

// Numbers that depend on a seed, so that what failed can be repeated.
let state = Number.parseInt(RUN.slice(0, 7), 16);
const below = (n) => { state = (Math.imul(state, 1103515245) + 12345) >>> 0; return (state >>> 8) % n; };
const word = () => WORDS[Math.floor(below(7) * below(10) * below(60) / (6 * 9))] ?? WORDS[0];
const text = (n) => Array.from({ length: n }, word).join(' ');

const quoted = (value) => `'${String(value).replaceAll('\'', '\'\'')}'`;
const gigRow = (n) => `((SELECT id FROM skillancer.user_account WHERE email = 'freelancer@world.test'), 'ACTIVE', ${quoted(`${text(3)} ${n} title`)},
	${quoted(text(5 + below(40)))}, (SELECT id FROM skillancer.category ORDER BY slug OFFSET ${below(9)} LIMIT 1), ARRAY[${quoted(TAGS[below(12)])}, ${quoted(TAGS[below(3)])}],
	'[{"tier": "BASIC", "price": {"amount": "50.00", "currency": "USD"}, "deliveryDays": 3, "revisions": 1}]', skillancer.monetary_of(${500 + below(20000)}, 'USD'), skillancer.now())`;

let writer;

before(() => {
	sql(`BEGIN; SELECT skillancer.import_begin('oracle');
		INSERT INTO skillancer.gig (freelancer_id, state, title, description, category_id, tags, packages, price_from, activated_at) VALUES
		${Array.from({ length: GIGS }, (_, n) => gigRow(n)).join(',\n')}; COMMIT`);
	const changes = Array.from({ length: 40 }, () => `UPDATE skillancer.gig SET description = ${quoted(text(5 + below(40)))}, price_from = skillancer.monetary_of(${500 + below(20000)}, 'USD')
		WHERE id = (SELECT id FROM skillancer.gig WHERE title LIKE '%${WORDS[0].slice(0, 11)}%' ORDER BY id OFFSET ${below(GIGS)} LIMIT 1); SELECT pg_sleep(0.02);`).join('\n');
	writer = spawn('psql', ['-X', '-q', '-h', env.SKL_PGHOST, '-p', env.SKL_PGPORT, '-U', env.SKL_SUPERUSER, '-d', env.SKL_PGDATABASE, '-o', '/dev/null', '-f', '-'], { stdio: ['pipe', 'ignore', 'inherit'] });
	writer.stdin.on('error', () => {});
	writer.stdin.end(changes.repeat(50));
});

after(() => {
	writer.kill();
	sql(`DELETE FROM skillancer.gig WHERE title LIKE '%w${RUN}%'`);
});

// A query for search, and the same for to_tsquery.
function randomQuery() {
	const words = Array.from({ length: 1 + below(4) }, word);
	switch (below(5)) {
		case 0: return { q: words.join(' '), ts: words.join(' & '), matchAll: true };
		case 1: return { q: `"${words.join(' ')}"`, ts: words.join(' <-> ') };
		case 2: return { q: `${words[0]} -${words.at(-1)}`, ts: `${words[0]} & !${words.at(-1)}` };
		case 3: return { q: `${words[0].slice(0, -2)}*`, ts: `${words[0].slice(0, -2)}:*` };
		default: return { q: words.join(' '), ts: words.join(' | ') };
	}
}

// A query that says a word more than once: its weights add up.
function twice() {
	const w = word();
	return { q: `${w} ${word()} ${w}`, matchAll: below(2) === 0 };
}

const request = (members) => quoted(JSON.stringify({ fresh: true, correct: false, ...members }));
const runs = (members) => `skillancer.search_run('gig', ${request(members)})`;

test('the best k are those of scoring every match', () => {
	const rows = sql(Array.from({ length: 40 }, (_, i) => {
		const { q, matchAll = false } = i % 5 === 0 ? twice() : randomQuery();
		const limit = [1, 10, 100, 1000][i % 4];
		const prior = below(2) === 0;
		return `SELECT ${quoted(`${q} ${limit}`)}, cardinality(a.ids), (a.ids, a.scores) IS NOT DISTINCT FROM (b.ids, b.scores)
			FROM ${runs({ q, matchAll, limit, prior })} a, ${runs({ q, matchAll, limit, prior, exhaustive: true })} b;`;
	}).join('\n'));
	assert.equal(rows.length, 40);
	assert.deepEqual(rows.filter(([, , same]) => same !== 't'), []);
	assert.ok(rows.filter(([, n]) => Number(n) > 0).length > 20, 'most queries find something');
});

test('what matches is what PostgreSQL finds', () => {
	const rows = sql(Array.from({ length: 40 }, () => {
		const { q, ts, matchAll = false } = randomQuery();
		const oracle = `SELECT g.id::uuid FROM skillancer.gig g WHERE g.q @@ to_tsquery('pg_catalog.english', ${quoted(ts)}) AND g.state = 'ACTIVE'`;
		return `SELECT ${quoted(q)}, cardinality(r.ids), (SELECT count(*) FROM (SELECT unnest(r.ids) EXCEPT ${oracle}) x), (SELECT count(*) FROM (${oracle} EXCEPT SELECT unnest(r.ids)) x)
			FROM ${runs({ q, matchAll, limit: 1000 })} r;`;
	}).join('\n'));
	assert.equal(rows.length, 40);
	assert.deepEqual(rows.filter(([, , more, less]) => more !== '0' || less !== '0'), [], 'query, found, of these too many, missing');
});

test('pages end to end are the whole list', () => {
	const { q } = { q: WORDS.slice(0, 3).join(' ') };
	for (const sort of ['relevance', 'newest', 'price', '-price']) {
		const [[same, n]] = sql(`WITH RECURSIVE page AS (
				SELECT r.ids, r.keys[7] AS after, 1 AS n FROM ${runs({ q, sort, limit: 7 })} r
				UNION ALL
				SELECT r.ids, r.keys[7], p.n + 1 FROM page p, LATERAL (SELECT * FROM skillancer.search_run('gig', ${request({ q, sort, limit: 7 })}::jsonb || jsonb_build_object('after', p.after))) r
				WHERE p.after IS NOT NULL AND p.n < 200)
			SELECT (SELECT array_agg(u.id ORDER BY p.n, u.m) FROM page p, unnest(p.ids) WITH ORDINALITY u (id, m)) IS NOT DISTINCT FROM
				(SELECT r.ids FROM ${runs({ q, sort, limit: 1000 })} r), (SELECT count(*) FROM page)`);
		assert.equal(same, 't', `${sort}: ${n} pages are not the list`);
	}
});

test('facets count what SQL counts, each without its own filter', () => {
	for (let turn = 0; turn < 10; turn++) {
		const words = Array.from({ length: 1 + below(3) }, word);
		const tags = TAGS.slice(0, 1 + below(3));
		const [low, high] = [10 + below(50), 80 + below(100)];
		const match = `g.state = 'ACTIVE' AND g.q @@ to_tsquery('pg_catalog.english', ${quoted(words.join(' | '))})`;
		const price = `skillancer.monetary_minor(g.price_from) BETWEEN ${low * 100} AND ${high * 100}`;
		const tagged = `g.tags && ARRAY[${tags.map(quoted).join(', ')}]`;
		const [[total, tag_, category, priced]] = sql(`
			SELECT r.total = (SELECT count(*) FROM skillancer.gig g WHERE ${match} AND ${price} AND ${tagged}),
				(SELECT jsonb_object_agg(x ->> 'value', x -> 'count') FROM jsonb_array_elements(r.facets::jsonb -> 'tag') x) IS NOT DISTINCT FROM
				(SELECT jsonb_object_agg(t, n) FROM (SELECT t, count(DISTINCT g.id) AS n FROM skillancer.gig g, unnest(g.tags) t WHERE ${match} AND ${price} GROUP BY t) x),
				(SELECT sum((x -> 'count')::integer) FROM jsonb_array_elements(r.facets::jsonb -> 'category') x) IS NOT DISTINCT FROM
				(SELECT sum(1 + (c.parent_id IS NOT NULL)::integer + (p.parent_id IS NOT NULL)::integer) FROM skillancer.gig g JOIN skillancer.category c ON c.id = g.category_id
					LEFT JOIN skillancer.category p ON p.id = c.parent_id WHERE ${match} AND ${price} AND ${tagged}),
				(r.facets::jsonb -> 'price' -> 'count')::bigint = (SELECT count(*) FROM skillancer.gig g WHERE ${match} AND ${tagged})
			FROM ${runs({ q: words.join(' '), limit: 1, total: true, filters: { tag: tags, price: { min: low, max: high } }, facets: ['tag', 'category', 'price'] })} r`);
		assert.deepEqual([total, tag_, category, priced], ['t', 't', 't', 't'], `${words} ${tags} ${low} ${high}`);
	}
});

test('explanations add up to the score', () => {
	const rows = sql(`SELECT (e ->> 'score')::numeric, (SELECT sum((t ->> 'score')::numeric) FROM jsonb_array_elements(e -> 'terms') t),
			(e ->> 'text')::numeric, (e -> 'prior' ->> 'score')::numeric, (e -> 'proximity' ->> 'score')::numeric, (e -> 'personal' ->> 'score')::numeric, r.scores[1]
		FROM ${runs({ q: WORDS.slice(0, 4).join(' '), limit: 5, explain: true })} r, unnest(r.explanations) x, LATERAL (SELECT x::jsonb AS e) y`);
	assert.equal(rows.length, 5);
	for (const [score, terms, words, prior, proximity, personal] of rows.map((row) => row.map(Number))) {
		assert.ok(Math.abs(terms - words) < 1e-6, 'terms make the text');
		assert.ok(Math.abs(words + prior + proximity + personal - score) < 1e-6, 'parts make the score');
	}
	assert.equal(Math.abs(Number(rows[0][0]) - Number(rows[0][6])) < 1e-6, true);
});
