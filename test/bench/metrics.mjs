// test/bench/metrics.mjs [--events N] [--scrapes N]
//	What monitoring costs with N events stored (1,000,000): a scrape of /metrics, the statement behind it, a tick of the counters, and
//	counting all events from the beginning. Runs in a world (test/world env in the environment); the Makefile starts one.

import { parseArgs } from 'node:util';
import pg from 'pg';
import { env } from '../http/support.mjs';

const { values: options } = parseArgs({ options: { events: { type: 'string', default: '1000000' }, scrapes: { type: 'string', default: '200' } } });
const events = Number(options.events);
const scrapes = Number(options.scrapes);
const db = new pg.Client({ host: env.SKL_PGHOST, port: Number(env.SKL_PGPORT), database: env.SKL_PGDATABASE, user: env.SKL_SUPERUSER });
const quantile = (list, q) => [...list].sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(list.length * q))];

// Milliseconds of each of n calls.
async function measure(n, work) {
	const times = [];
	for (let i = 0; i < n; i++) {
		const from = performance.now();
		await work();
		times.push(performance.now() - from);
	}
	return times;
}

const show = (name, times) => console.log(`| ${name} | ${[0.5, 0.95, 1].map((q) => quantile(times, q).toFixed(1)).join(' | ')} |`);

await db.connect();
// as if read long ago by all consumers: they carry an old transaction id
await db.query(`INSERT INTO skillancer.event (epoch, xid, type, source, aggregate_type, aggregate_id, data, audience)
	SELECT skillancer.epoch(), '3', (ARRAY['proposal.submitted', 'project.published', 'message.sent', 'user.created', 'review.published'])[1 + i % 5],
		'bench', 'bench', gen_random_uuid(), '{"state": "OPEN"}', '{}'
	FROM generate_series(1, $1) AS i`, [events]);
await db.query('VACUUM ANALYZE skillancer.event');
await db.query(`UPDATE skillancer.consumer SET position = '1:1:' WHERE name = 'metrics'`);
const all = await measure(1, () => db.query('SELECT skillancer.count_events()'));
const { rows: [{ n }] } = await db.query(`SELECT sum(value) AS n FROM skillancer.metric_total WHERE name = 'events'`);
if (Number(n) < events) throw new Error(`${n} events were counted`);

console.log(`\n### Metrics with ${events.toLocaleString('en')} events\n\n| ms | p50 | p95 | most |\n|---|---|---|---|`);
let bytes = 0;
show('scrape of /metrics', await measure(scrapes, async () => {
	const answer = await fetch(`${env.SKL_ADMIN_URL}/metrics`);
	const text = await answer.text();
	if (!answer.ok || !text.includes('user_registrations_total')) throw new Error(`${answer.status}: ${text.slice(0, 200)}`);
	bytes = text.length;
}));
show('skillancer.metrics()', await measure(scrapes, () => db.query('SELECT * FROM skillancer.metrics()')));
const ticks = [];
for (let i = 0; i < 20; i++) {
	await db.query(`SELECT skillancer.emit('message.read', 'bench', gen_random_uuid(), '{}') FROM generate_series(1, 100)`);
	ticks.push(...await measure(1, () => db.query('SELECT skillancer.count_events()')));
}
show('a tick over 100 events', ticks);
show('is there anything to read?', await measure(scrapes, () => db.query(`SELECT skillancer.consumer_idle('metrics')`)));
console.log(`\nCounting all events anew: ${(all[0] / 1000).toFixed(1)} s. A page has ${(bytes / 1024).toFixed(0)} kB.`);
await db.end();
