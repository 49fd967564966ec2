// test/bench/search/search.mjs DIRECTORY [--peers a,b] [--sets a,b] [--passes N] [--budget SECONDS] [--seconds N] [--loaded] [--visible]
//	The search benchmark: every set of queries through every peer, interleaved, and the tables of docs/benchmarks.md.
//	DIRECTORY holds corpus and queries (generate), and gets the indexes. Runs in a world (test/world env in the
//	environment) with a database "bench". Each peer runs a set once without being timed, then --passes times in turn; the
//	figures are of the pass whose p50 is the middle one. A pass ends after --budget seconds: slow peers answer fewer
//	queries, and the table says how many. --loaded: the indexes are there from the last time. --visible: how long changes wait until
//	they are found, and nothing else.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { showMemory, showSuggest } from './beside.mjs';
import { load, medianPass, ms, percentile, summary, table } from './figures.mjs';
import { LinePeer } from './line_peer.mjs';
import { corpusWords, OurPeer } from './ours.mjs';
import { connect, IndexPeer, loadQueries } from './postgres_peer.mjs';
import { showHttp, showStorm, showVisibility } from './under_load.mjs';

const { values: options, positionals: [dir] } = parseArgs({ allowPositionals: true, options: {
	peers: { type: 'string', default: 'ours,ours-full,engine,lucene,lucene-cache,rum,gin,fts5' },
	sets: { type: 'string', default: 'mix,hard,and,phrase,prefix,typo,filter,facets,empty,newest,page50' },
	passes: { type: 'string', default: '3' }, budget: { type: 'string', default: '15' }, seconds: { type: 'string', default: '10' }, loaded: { type: 'boolean', default: false },
	visible: { type: 'boolean', default: false },
} });
const build = path.join(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), '../../../build/bench-search');
const budget = Number(options.budget);
const corpus = path.join(dir, 'corpus.tsv');
const sets = options.sets.split(',').map((name) => ({ name, file: path.join(dir, `${name}.tsv`) }));
const lucene = (name, cache) => new LinePeer(name, 'java', ['-Xmx2g', '-cp', process.env.SKL_LUCENE, 'LucenePeer', path.join(dir, 'lucene'), 'whitespace', cache]);

const MAKE = {
	ours: async () => new OurPeer('ours', await connect(process.env.SKL_PGDATABASE), true),
	'ours-full': async () => new OurPeer('ours, as asked', await connect(process.env.SKL_PGDATABASE), false),
	engine: () => new LinePeer('engine alone', path.join(build, 'engine_peer'), ['131072']),
	lucene: () => lucene('Lucene 8', 'nocache'),
	'lucene-cache': () => lucene('Lucene 8, query cache', 'cache'),
	fts5: () => new LinePeer('SQLite FTS5', path.join(build, 'fts5_peer'), [path.join(dir, 'fts5.db')]),
	gin: async () => new IndexPeer('GIN', 'bench', await connect('bench'), 'bench.gin_gig', 'ts_rank_cd(g.tsv, q.tsq) DESC', 'USING gin (tsv) WITH (fastupdate = off)'),
	rum: async () => {
		const client = await connect('bench');
		await client.query('CREATE EXTENSION IF NOT EXISTS rum');
		return new IndexPeer('RUM', 'bench', client, 'bench.rum_gig', 'g.tsv <=> q.tsq', 'USING rum (tsv rum_tsvector_ops)');
	},
};

// Variants of a peer read the index of the other.
const VARIANTS = ['lucene-cache', 'ours-full'];

// Starts and fills the peers one after the other.
async function loadPeers(names) {
	const peers = [];
	const rows = [];
	for (const name of names) {
		const peer = await MAKE[name]();
		peers.push(peer);
		if (VARIANTS.includes(name) || (options.loaded && name !== 'engine')) continue;
		const { seconds, merge, bytes, wal } = await peer.load(corpus);
		rows.push([peer.name, seconds.toFixed(1), merge?.toFixed(1) ?? '', (bytes / 1e6).toFixed(0), wal === undefined ? '' : (wal / 1e6).toFixed(0), load()]);
	}
	const ours = peers.find((peer) => peer instanceof OurPeer);
	if (ours) await ours.prepare(sets);
	if (rows.length > 0) {
		console.log('\n### Building\n');
		table(['', 's', 'merge into one s', 'MB', 'WAL MB', 'load'], rows);
	}
	return peers;
}

// Engines of the same tokens must find the same documents.
async function compareHits(peers) {
	const rows = [];
	for (const set of sets.filter(({ name }) => name !== 'typo')) {
		const first = { peer: undefined, hits: undefined };
		const found = [];
		for (const peer of peers.filter(({ name }) => name !== 'Lucene 8, query cache' && name !== 'ours, as asked')) {
			const hits = set.name === 'prefix' && peer.name !== 'GIN' && peer.name !== 'RUM' && peer.name !== 'Lucene 8' ? undefined : await peer.hits(set);
			if (!hits) continue;
			if (!first.hits) Object.assign(first, { peer, hits });
			found.push(`${peer.name} ${hits.filter((n, i) => n !== first.hits[i]).length}`);
		}
		if (first.hits) rows.push([set.name, first.hits.length, Math.round(first.hits.reduce((sum, n) => sum + n, 0) / first.hits.length), found.join(', ')]);
	}
	console.log('\n### Matches\n');
	table(['set', 'queries', 'documents a query', 'queries with another number of documents'], rows);
}

async function timeSet(peers, set, titles) {
	const passes = new Map();
	for (let pass = 0; pass <= Number(options.passes); pass++)
		for (const peer of peers) {
			const times = await peer.pass(set, budget, titles);
			if (pass > 0 && times?.length) passes.set(peer, [...(passes.get(peer) ?? []), summary(times)]);
		}
	return peers.map((peer) => ({ peer, ...(passes.has(peer) ? medianPass(passes.get(peer)) : {}) }));
}

async function showSet(peers, set, titles) {
	const results = await timeSet(peers, set, titles);
	console.log(`\n### ${set.name}${titles ? ', with titles' : ''}\n`);
	table(['', 'p50 ms', 'p95', 'p99', 'max', 'queries', 'load'], results.map(({ peer, n, p50, p95, p99, max }) => [peer.name, ms(p50), ms(p95), ms(p99), ms(max), n ?? '–', load()]));
}

async function showClients(peers, set) {
	console.log(`\n### ${set.name}, clients that fetch titles, ${options.seconds} s\n`);
	const rows = [];
	for (const peer of peers)
		for (const count of [1, 2, 8]) {
			const result = await peer.clients(set, count, Number(options.seconds));
			if (result) rows.push([peer.name, count, result.rate.toFixed(0), ms(result.p50), ms(result.p99), load()]);
		}
	table(['', 'clients', 'queries/s', 'p50 ms', 'p99', 'load'], rows);
}

async function showLucene(peer) {
	const rows = [];
	for (const every of [1000, 100]) {
		const times = (await peer.ask('visible', every, every === 1000 ? 40 : 100)).split(' ').slice(1).map(Number);
		rows.push([`reopened each ${every} ms`, ...[0.5, 0.95, 1].map((p) => ms(percentile(times, p) / 1000)), times.length]);
	}
	console.log('\n### From adding to found, Lucene 8\n');
	table(['', 'p50 ms', 'p95', 'max', 'documents'], rows);
}

// Queries whose best ten, hundred and so on are not those of scoring every match.
async function compareExhaustive(peer) {
	const rows = [];
	for (const set of sets) {
		const row = [set.name];
		for (const k of [1, 10, 100, 1000]) row.push(await peer.check(set, k));
		rows.push(row);
	}
	console.log('\n### Queries, of the first 100, whose best k differ from scoring every match\n');
	table(['set', 'k = 1', '10', '100', '1000'], rows);
}

async function showAll(peers) {
	await compareHits(peers);
	for (const peer of peers.filter(({ name }) => name === 'ours')) await compareExhaustive(peer);
	for (const set of sets) await showSet(peers, set, false);
	for (const set of sets.filter(({ name }) => name === 'mix')) {
		await showSet(peers, set, true);
		await showClients(peers, set);
	}
	for (const peer of peers.filter(({ name }) => name === 'Lucene 8')) await showLucene(peer);
	const ours = peers.find(({ name }) => name === 'ours');
	if (ours) {
		console.log(`\nA change of a gig waits ${(await ours.queueCost()).toFixed(1)} µs for the queue of the indexer.`);
		await showSuggest(ours, corpusWords(sets[0].file));
		await showStorm(ours, sets[0], budget);
		await showHttp(corpusWords(sets[0].file), Number(options.seconds));
		await showVisibility(ours, 100);
	}
	await showMemory(peers);
}

console.log(`${readFileSync(path.join(dir, 'SHA256SUMS'), 'utf8').trimEnd().replaceAll(/^/gm, '    ')}\n\nload before ${load()}`);
for (const database of ['bench', process.env.SKL_PGDATABASE]) {
	const client = await connect(database);
	await loadQueries(client, sets);
	await client.end();
}
const peers = await loadPeers(options.visible ? ['ours'] : options.peers.split(','));
try {
	if (options.visible) await showVisibility(peers[0], 100);
	else await showAll(peers);
} finally {
	for (const peer of peers) await peer.close();
}
