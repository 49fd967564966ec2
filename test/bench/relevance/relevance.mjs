// test/bench/relevance/relevance.mjs DATA
//	How well search ranks, and whether it ranks as docs/search.md says. Runs in a world with workers.
//
//	1. Cranfield (DATA/cranfield) as projects, indexed by the indexer in 50 segments, in 7, merged into one: the ranking
//	   must be the same each time, and every score that of the formula; beside Lucene 8 with its EnglishAnalyzer.
//	2. Titles of the generated marketplace, mangled as people do: the thing is among the first ten.
//	3. Thirty queries about the real postings and gigs of DATA: the first hit is what it must be.
//
//	Prints tables; status 1 when something is not reached.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { LinePeer } from '../search/line_peer.mjs';
import { connect } from '../search/postgres_peer.mjs';
import { table } from '../search/figures.mjs';
import { Bm25 } from './bm25.mjs';
import { HAND_WRITTEN, random, VARIANTS } from './market.mjs';
import { measure } from './measures.mjs';

const data = process.argv[2];
const client = await connect(process.env.SKL_PGDATABASE);
const query = async (text, values) => (await client.query(text, values)).rows;
const missed = [];
const expect = (ok, what) => ok || missed.push(what);

async function search(kind, request) {
	const [row] = await query('SELECT ids, scores FROM skillancer.search_run($1, $2)', [kind, request]);
	return row.ids.map((id, i) => ({ id, score: row.scores[i] }));
}

async function indexed() {
	for (let turn = 0; turn < 6000; turn++) {
		const [row] = await query('SELECT sum(pending)::integer AS pending, count(building)::integer AS building FROM skillancer.search_status');
		if (row.pending === 0 && row.building === 0) return;
		await new Promise((resolve) => setTimeout(resolve, 50));
	}
	throw new Error('the indexer does not get done');
}

const segments = async () => (await query(`SELECT segments::integer FROM skillancer.search_status WHERE kind = 'project'`))[0].segments;

// Ids that sort as the numbers do: ties are broken by id.
const idOf = (number) => `00000000-0000-7000-8000-${String(number).padStart(12, '0')}`;

function readCranfield() {
	const lines = (name) => readFileSync(path.join(data, 'cranfield', name), 'utf8').trimEnd().split('\n');
	const judgments = new Map();
	for (const line of lines('qrels.tsv').slice(1)) {
		const [number, document, grade] = line.split('\t');
		if (!judgments.has(number)) judgments.set(number, new Map());
		judgments.get(number).set(idOf(document), Number(grade));
	}
	// only words: a hyphen before a word would mean "without", a single "or" is an operator
	const plain = (text) => text.replaceAll(/[^\p{L}\p{N}]+/gu, ' ').replaceAll(/\b(and|or|not)\b/gi, ' ').replaceAll(/\s+/g, ' ').trim();
	return { documents: lines('corpus.jsonl').map(JSON.parse), queries: lines('queries.jsonl').map(JSON.parse).map(({ _id, text }) => ({ id: _id, text: plain(text) })), judgments };
}

// The words of texts as PostgreSQL's dictionaries make them, in the order of their positions.
async function analyse(texts) {
	const rows = await query(`SELECT coalesce((SELECT array_agg(u.lexeme) FROM unnest(to_tsvector('pg_catalog.english', t.text)) u, unnest(u.positions)), '{}') AS words
		FROM unnest($1::text[]) WITH ORDINALITY AS t (text, n) ORDER BY t.n`, [texts]);
	return rows.map((row) => row.words);
}

async function insertCranfield(documents, batches) {
	await query('DELETE FROM skillancer.project');
	await query(`SELECT skillancer.search_rebuild('project')`);
	await indexed();
	const size = Math.ceil(documents.length / batches);
	for (let from = 0; from < documents.length; from += size) {
		const part = documents.slice(from, from + size);
		await query('BEGIN');
		await query(`SELECT skillancer.import_begin('relevance')`);
		await query(`INSERT INTO skillancer.project (id, client_id, state, title, description, budget_kind, budget_min, budget_max, published_at)
			SELECT d.id::uuid::skillancer.project_id, a.id, 'OPEN', d.title, d.body, 'FIXED', skillancer.monetary_of(1000, 'USD'), skillancer.monetary_of(1000, 'USD'), skillancer.now()
			FROM unnest($1::text[], $2::text[], $3::text[]) AS d (id, title, body), skillancer.user_account a WHERE a.email = 'client@world.test'`,
		[part.map(({ _id }) => idOf(_id)), part.map(({ title }) => title), part.map(({ text }) => text)]);
		await query('COMMIT');
		await indexed();
	}
}

async function rankAll(queries) {
	const run = new Map();
	for (const { id, text } of queries) run.set(id, await search('project', { q: text, limit: 1000, prior: false, correct: false }));
	return run;
}

const ids = (run) => new Map([...run].map(([id, hits]) => [id, hits.map((hit) => hit.id)]));

async function rankLucene(documents, queries) {
	const dir = path.join(process.env.SKL_DIR, '..', 'lucene');
	const clean = (text) => text.replaceAll(/\s+/g, ' ');
	writeFileSync(`${dir}.corpus.tsv`, documents.map(({ _id, title, text }) => `${idOf(_id)}\t${clean(title)}\t${clean(text)}\n`).join(''));
	writeFileSync(`${dir}.queries`, queries.map(({ text }) => `${text}\n`).join(''));
	const peer = new LinePeer('Lucene 8', 'java', ['-Xmx512m', '-cp', process.env.SKL_LUCENE, 'LucenePeer', dir, 'english', 'nocache']);
	await peer.load(`${dir}.corpus.tsv`);
	const answer = (await peer.ask('rank', `${dir}.queries`, 1000)).split(' ').slice(1);
	await peer.close();
	return new Map(queries.map(({ id }, i) => [id, answer[i].split(',').filter(Boolean).map((hit) => ({ id: hit.split(':')[0] }))]));
}

// How far the scores of a run are from the formula's, and how many queries rank otherwise.
function compare(run, reference) {
	let worst = 0;
	let differ = 0;
	for (const [id, hits] of run) {
		const scores = new Map(reference.get(id).map((hit) => [hit.id, hit.score]));
		for (const hit of hits) worst = Math.max(worst, Math.abs(hit.score - (scores.get(hit.id) ?? Infinity)));
		if (hits.length !== Math.min(1000, scores.size)) differ++;
	}
	return { worst, differ };
}

async function cranfield() {
	const { documents, queries, judgments } = readCranfield();
	const [titles, texts, words] = [await analyse(documents.map(({ title }) => title)), await analyse(documents.map(({ text }) => text)), await analyse(queries.map(({ text }) => text))];
	const formula = new Bm25(documents.map(({ _id }, i) => ({ id: idOf(_id), fields: [{ weight: 2, words: titles[i] }, { weight: 1, words: texts[i] }] })));
	const reference = new Map(queries.map(({ id }, i) => [id, formula.rank(words[i])]));
	const runs = [['formula', new Map([...reference].map(([id, hits]) => [id, hits.slice(0, 1000)]))], ['Lucene 8, EnglishAnalyzer', await rankLucene(documents, queries)]];
	let first;
	await query('ALTER TABLE skillancer.project DROP CONSTRAINT project_title_check, DROP CONSTRAINT project_description_check');
	for (const wanted of [50, 7, 1]) {
		if (wanted > 1) await insertCranfield(documents, wanted);
		else while ((await query(`SELECT skillancer.search_merge('project') AS n`))[0].n > 0);
		const n = await segments();
		const run = await rankAll(queries);
		expect(n === wanted, `${n} segments, not ${wanted}`);
		first ??= JSON.stringify([...run]);
		expect(JSON.stringify([...run]) === first, `the ranking with ${n} segments is another than with 50`);
		const { worst, differ } = compare(run, reference);
		expect(worst <= 1e-4, `a score is ${worst} off the formula with ${n} segments`);
		expect(differ === 0, `${differ} queries with ${n} segments find another number of documents than the formula`);
		runs.push([`ours, ${n} segment(s)`, run, worst]);
	}
	const figures = runs.map(([name, run, worst]) => ({ name, worst, ...measure(ids(run), judgments) }));
	console.log(`### Cranfield: ${documents.length} documents, ${judgments.size} judged queries\n`);
	table(['', 'nDCG@10', 'MAP@1000', 'recall@100', 'MRR@10', 'greatest difference to the formula'], figures.map((f) =>
		[f.name, f.ndcg10.toFixed(4), f.map.toFixed(4), f.recall100.toFixed(4), f.mrr10.toFixed(4), f.worst === undefined ? '' : f.worst.toExponential(1)]));
	const ours = figures.at(-1);
	expect(ours.ndcg10 >= 0.525, `nDCG@10 ${ours.ndcg10.toFixed(4)} is below .525`);
	expect(ours.ndcg10 >= figures[1].ndcg10, 'nDCG@10 is below Lucene\'s');
	await query('DELETE FROM skillancer.project');
}

async function knownItems() {
	await query('SELECT skillancer.generate_marketplace(2000)');
	await indexed();
	const skills = (await query(`SELECT name, aliases FROM skillancer.skill WHERE aliases <> '{}' ORDER BY length(name) DESC, name`));
	const items = await query(`SELECT 'project' AS kind, min(id::uuid::text) AS id, title FROM skillancer.project WHERE state = 'OPEN' AND visibility = 'PUBLIC' GROUP BY title
		UNION ALL SELECT 'gig', min(id::uuid::text), title FROM skillancer.gig WHERE state = 'ACTIVE' GROUP BY title ORDER BY 1, 3`);
	const titles = new Map((await query(`SELECT id::uuid::text, title FROM skillancer.project UNION ALL SELECT id::uuid::text, title FROM skillancer.gig`)).map(({ id, title }) => [id, title]));
	const rows = [];
	for (const { name, make, reach } of VARIANTS) {
		const below = random(7);
		let asked = 0;
		let found = 0;
		for (const { kind, title } of items) {
			const text = make(title, below, skills);
			if (!text) continue;
			asked++;
			const hits = await search(kind, { q: text, limit: 10 });
			found += hits.some(({ id }) => titles.get(id) === title);
		}
		rows.push([name, asked, (found / asked).toFixed(3), reach]);
		expect(found / asked >= reach, `success@10 of titles with ${name}: ${(found / asked).toFixed(3)}`);
	}
	console.log('\n### Known things of the generated marketplace, by their mangled titles\n');
	table(['', 'queries', 'success@10', 'to reach'], rows);
}

async function handWritten() {
	execFileSync('test/import', [data], { env: { ...process.env, SKL_PSQL_OPTIONS: `-h ${process.env.SKL_PGHOST} -p ${process.env.SKL_PGPORT} -U ${process.env.SKL_SUPERUSER} -d ${process.env.SKL_PGDATABASE}` }, stdio: ['ignore', 'ignore', 'inherit'] });
	await indexed();
	let right = 0;
	for (const [kind, text, first] of HAND_WRITTEN) {
		const [hit] = await search(kind, { q: text, limit: 1 });
		const title = hit && (await query(`SELECT title FROM skillancer.${kind} WHERE id::uuid = $1::uuid`, [hit.id]))[0].title;
		if (title && first.test(title)) right++;
		else console.log(`${kind} "${text}": ${title}`);
	}
	console.log(`\n### Real postings and gigs: ${right} of ${HAND_WRITTEN.length} queries have the obvious first hit`);
	expect(right === HAND_WRITTEN.length, `${HAND_WRITTEN.length - right} hand-written queries have another first hit`);
}

if (existsSync(path.join(data, 'cranfield'))) await cranfield();
else console.log(`no ${data}/cranfield: left out`);
await knownItems();
if (existsSync(path.join(data, 'jobs.csv'))) await handWritten();
await client.end();
for (const what of missed) console.log(`missed: ${what}`);
process.exitCode = missed.length > 0 ? 1 : 0;
