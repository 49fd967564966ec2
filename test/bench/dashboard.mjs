// test/bench/dashboard.mjs [--buckets N] [--calls N]
//	How long an operator waits for all headline figures of twelve months: skillancer_analytics.headline(), of rollups in which
//	every metric of money has three currencies each day, every cohort a row, and every duration N buckets (20). The last month runs, the
//	others are over: the analyst has kept their money. Prints wall and processor time of each of its parts as well, and of what a chart
//	of 90 days reads: a metric in three currencies, and active users. Runs in a world (test/world env in the environment), in a
//	transaction that is rolled back; test/bench/run starts one.

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { env } from '../http/support.mjs';

const { values: options } = parseArgs({ options: { buckets: { type: 'string', default: '20' }, calls: { type: 'string', default: '50' } } });
const buckets = Number(options.buckets);
const calls = Number(options.calls);
const db = new pg.Client({ host: env.SKL_PGHOST, port: Number(env.SKL_PGPORT), database: env.SKL_PGDATABASE, user: env.SKL_SUPERUSER });
const quantile = (list, q) => [...list].sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(list.length * q))];

const FILL = `
INSERT INTO skillancer.metric_day (metric, day, dims, num, den)
SELECT k.metric, d.day::date, k.dims || jsonb_build_object('currency', c.currency), (1000 + random() * 1000000)::int, 1 + (random() * 500)::int
FROM generate_series('2001-01-01'::timestamp, '2001-12-31', '1 day') AS d (day)
CROSS JOIN unnest('{USD,EUR,GBP}'::text[]) AS c (currency)
CROSS JOIN (
	SELECT DISTINCT m.metric, CASE m.metric WHEN 'revenue' THEN jsonb_build_object('stream', m.match) WHEN 'account_change' THEN jsonb_build_object('account', m.match)
		ELSE '{}' END AS dims FROM skillancer.measure m WHERE m.value = 'amount' AND m.mode = 'sum') k;
INSERT INTO skillancer.metric_day (metric, day, dims, num, den)
SELECT k.metric, d.day::date, '{}', (random() * 100)::int, 100
FROM generate_series('2001-01-01'::timestamp, '2001-12-31', '1 day') AS d (day)
CROSS JOIN (SELECT DISTINCT m.metric FROM skillancer.measure m WHERE m.value = 'one' AND m.mode IN ('sum', 'member') UNION SELECT h.metric FROM skillancer.cohort_measure h
	UNION SELECT w.metric FROM skillancer.window_measure w) k;
INSERT INTO skillancer.metric_month (metric, month, dims, num, den)
SELECT m.metric, date_trunc('month', m.day::timestamp)::date, m.dims, sum(m.num), sum(m.den) FROM skillancer.metric_day m WHERE m.day < '2002-01-01' GROUP BY 1, 2, 3;
INSERT INTO skillancer.metric_histogram (metric, day, dims, bucket, n)
SELECT k.metric, d.day::date, '{}', 200 + b.bucket, 1 + (random() * 20)::int
FROM generate_series('2001-01-01'::timestamp, '2001-12-31', '1 day') AS d (day)
CROSS JOIN unnest('{payout_seconds,projects_proposed,projects_hired}'::text[]) AS k (metric)
CROSS JOIN generate_series(1, ${buckets}) AS b (bucket);
INSERT INTO skillancer.metric_histogram_month (metric, month, dims, bucket, n)
SELECT m.metric, date_trunc('month', m.day::timestamp)::date, m.dims, m.bucket, sum(m.n) FROM skillancer.metric_histogram m WHERE m.day < '2002-01-01' GROUP BY 1, 2, 3, 4;
INSERT INTO skillancer.fx_rate (base, quote, rate, valid_from, source)
SELECT c.currency, 'USD', 1 + random()::numeric, d.day AT TIME ZONE 'UTC', 'bench'
FROM generate_series('2000-12-31'::timestamp, '2001-12-31', '1 day') AS d (day) CROSS JOIN unnest('{EUR,GBP}'::text[]) AS c (currency);
INSERT INTO skillancer.consumer (name, epoch, position, ticked_at) VALUES ('analyst', skillancer.epoch(), pg_current_snapshot(), '2001-12-31')
ON CONFLICT (name) DO UPDATE SET ticked_at = '2001-12-31';
DO $$ BEGIN WHILE skillancer.reported_store_next() > 0 LOOP END LOOP; END $$;
ANALYZE skillancer.metric_day, skillancer.metric_month, skillancer.metric_histogram, skillancer.metric_histogram_month, skillancer.metric_reported, skillancer.fx_rate;`;

// Seconds of processor that the backend has used.
function used(pid) {
	const [user, system] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ').slice(11, 13).map(Number);
	return (user + system) / 100;
}

async function measure(name, query) {
	const { rows: [{ pid }] } = await db.query('SELECT pg_backend_pid() AS pid');
	for (let i = 0; i < 3; i++) await db.query(query);
	const times = [];
	const before = used(pid);
	for (let i = 0; i < calls; i++) {
		const from = performance.now();
		await db.query(query);
		times.push(performance.now() - from);
	}
	console.log(`| ${name} | ${quantile(times, 0.5).toFixed(1)} | ${quantile(times, 0.95).toFixed(1)} | ${((used(pid) - before) / calls * 1000).toFixed(1)} |`);
}

await db.connect();
await db.query('BEGIN');
await db.query(FILL);
await db.query('SET jit = off');
await db.query('SET ROLE skillancer_analyst');
const whole = "SELECT * FROM skillancer_analytics.headline('2001-01-01', '2001-12-31')";
const { rowCount } = await db.query(whole);
if (rowCount < 500) throw new Error(`${rowCount} rows`);
console.log(`\n### Twelve months of headline figures, ${buckets} buckets of each duration a day\n\n| ms | p50 | p95 | processor |\n|---|---|---|---|`);
await measure('headline()', whole);
for (const view of ['figure_monthly', 'figure_reported', 'balance_monthly', 'cohort_monthly', 'duration_monthly'])
	await measure(view, `SELECT * FROM skillancer_analytics.${view} WHERE month BETWEEN '2001-01-01' AND '2001-12-31'`);
console.log('\n### Charts of 90 days\n\n| ms | p50 | p95 | processor |\n|---|---|---|---|');
const chart = "day BETWEEN '2001-10-02' AND '2001-12-30'";
for (const [name, query, rows] of [
	['a metric in money, three currencies', `SELECT day, dims, num, den FROM skillancer_analytics.metric_daily WHERE metric = 'gmv_released' AND ${chart} ORDER BY day`, 270],
	['active users of a day, 7 days and 30', `SELECT figure, day, num, value FROM skillancer_analytics.active_daily WHERE ${chart} ORDER BY day`, 270],
]) {
	const found = (await db.query(query)).rowCount;
	if (found !== rows) throw new Error(`${name}: ${found} rows`);
	await measure(name, query);
}
await db.query('ROLLBACK');
await db.end();
