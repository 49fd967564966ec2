// test/bench/match.mjs [--requests N] [--rounds N] [--clients N]
//	GET projects/{id}/matches for random clients and GET projects/recommended for random freelancers, over the bridge.
//	Prints p50, p95 and p99 of the time that a client waits, and what PostgreSQL computes of it; status 1 when an answer
//	was not 200 or empty. Runs in a world (test/world env in the environment) with people and projects in it: those of
//	test/import, or of generate_marketplace(); the counts are brought up to date first.

import { parseArgs } from 'node:util';
import { call, sql, startBridge, token, typeid } from '../http/support.mjs';

const { values: options } = parseArgs({ options: {
	requests: { type: 'string', default: '300' }, rounds: { type: 'string', default: '3' }, clients: { type: 'string', default: '1' },
} });
const requests = Number(options.requests);

const percentile = (list, p) => list[Math.min(list.length - 1, Math.floor(p * list.length))];

// Sessions of people who are there already; each pair is a user and what to ask for.
function askers(bridge, query) {
	return sql(`WITH chosen AS (${query}), s AS (
			INSERT INTO skillancer.session (user_id, expires_at) SELECT DISTINCT c.who, now() + interval '1 day' FROM chosen c RETURNING user_id, id)
		SELECT c.who::uuid, s.id::uuid, c.what FROM chosen c JOIN s ON s.user_id = c.who`)
		.map(([user, session, path]) => ({ path, token: token(bridge, { sub: typeid('usr', user), sid: typeid('ses', session), roles: ['USER'] }) }));
}

async function measure(bridge, list, clients) {
	const times = [];
	const queue = [...list];
	let empty = 0;
	await Promise.all(Array.from({ length: clients }, async () => {
		for (let next = queue.pop(); next; next = queue.pop()) {
			const start = performance.now();
			const answer = await call('GET', next.path, { base: bridge.base, token: next.token });
			times.push(performance.now() - start);
			if (answer.status !== 200) throw new Error(`${next.path}: ${answer.status} ${answer.text}`);
			empty += answer.json.data.length === 0;
		}
	}));
	return { times: times.sort((a, b) => a - b), empty };
}

const bridge = await startBridge({ limit_scale: 1000000 });
try {
	sql('SELECT skillancer.refresh_matching()');
	sql('VACUUM ANALYZE');
	const [[people, projects]] = sql(`SELECT (SELECT count(*) FROM skillancer.profile p JOIN skillancer.user_role r USING (user_id) WHERE r.role = 'FREELANCER' AND p.is_public AND p.is_listed),
		(SELECT count(*) FROM skillancer.project p WHERE p.state = 'OPEN' AND p.visibility = 'PUBLIC')`);
	console.log(`\n### Matching: ${people} profiles, ${projects} open projects, ${options.clients} client(s), ${options.rounds} rounds of ${requests} requests\n`);
	console.log('| | p50 ms | p95 ms | p99 ms | p95 of each round | empty |\n|---|---|---|---|---|---|');
	for (const [name, query] of [
		['GET projects/{id}/matches', `SELECT p.client_id AS who, '/v1/projects/' || p.id || '/matches' AS what FROM skillancer.project p WHERE p.state = 'OPEN' ORDER BY md5(p.id::text) LIMIT ${requests}`],
		['GET projects/recommended', `SELECT p.user_id AS who, '/v1/projects/recommended' AS what FROM skillancer.profile p JOIN skillancer.user_role r USING (user_id) JOIN skillancer.user_account a ON a.id = p.user_id
			WHERE r.role = 'FREELANCER' AND a.state = 'ACTIVE' ORDER BY md5(p.user_id::text) LIMIT ${requests}`],
	]) {
		const list = askers(bridge, query);
		await measure(bridge, list.slice(0, 20), 1); // plans and caches
		const rounds = [];
		for (let round = 0; round < Number(options.rounds); round++) rounds.push(await measure(bridge, list, Number(options.clients)));
		const all = rounds.flatMap((r) => r.times).sort((a, b) => a - b);
		console.log(`| ${name} | ${[0.5, 0.95, 0.99].map((p) => percentile(all, p).toFixed(1)).join(' | ')} | ${rounds.map((r) => percentile(r.times, 0.95).toFixed(1)).join(', ')} | ${rounds[0].empty} |`);
	}
} finally {
	await bridge.stop();
}
