// simulation.test.mjs
//	A short life of a marketplace, twice from one seed in two databases: the same decisions, nothing refused that should
//	not be, every figure about as often as its table says, trouble as often as it was drawn, the books in order, and no gap
//	and no future in the history. Then the questions of docs/analysts.md, asked of that history by an analyst and compared
//	with its tables.

import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const SIMULATE = join(dirname(fileURLToPath(import.meta.url)), '../simulate');
const UNTIL = '2025-06-30 18:00+00';
const DATABASES = ['life_one', 'life_two'];
// trouble is rare: here it is not, so that a short life has some of each kind
const RATES = 'dispute=0.5,hourly=0.3,charge-back=0.3,payout failure=0.3,declined card=0.2,given back=0.1,silent client=0.25,bids=1,hired=0.9';

const execute = promisify(execFile);
const host = ['-h', process.env.SKL_PGHOST, '-p', process.env.SKL_PGPORT, '-U', process.env.SKL_SUPERUSER];
const psql = (database, ...args) => execFileSync('psql', ['-XAtq', '-v', 'ON_ERROR_STOP=1', ...host, '-d', database, ...args], { encoding: 'utf8', timeout: 120_000, stdio: ['ignore', 'pipe', 'pipe'] }).trim();
const sql = (text) => psql('life_one', '-c', text);
const rows = (text) => sql(text).split('\n').filter(Boolean).map((line) => line.split('|'));
const databases = (setting) => psql('postgres', '-c', `ALTER SYSTEM ${setting}`, '-c', 'SELECT pg_reload_conf()');
let everywhere;
let reports;

async function live(database) {
	const { stdout } = await execute(join(SIMULATE, 'run'), { timeout: 240_000, env: { ...process.env, PGHOST: process.env.SKL_PGHOST, PGPORT: process.env.SKL_PGPORT,
		PGUSER: process.env.SKL_SUPERUSER, PGDATABASE: database, SIZE: '12', DAYS: '45', SEED: '7', UNTIL, RATES, SIGN_INS: 'on' } });
	return Object.assign({ text: stdout }, Object.fromEntries(stdout.split('\n').map((line) => line.split(/ {2,}/).map((part) => part.trim())).filter((parts) => parts.length === 2)));
}

before(async () => {
	// test/run gives workers to its own database alone; in a world of somebody's own two lives at a time would wake each other's
	everywhere = psql('postgres', '-c', 'SHOW skillancer.databases') === '*';
	if (everywhere) databases(`SET skillancer.databases = '${process.env.SKL_PGDATABASE}'`);
	psql('postgres', '-c', 'CREATE DATABASE life_one');
	psql('life_one', '-c', 'SET client_min_messages = warning', '-c', 'CREATE EXTENSION skillancer CASCADE', '-c', 'SELECT skillancer.migrate()');
	psql('postgres', '-c', 'CREATE DATABASE life_two TEMPLATE life_one');
	psql('life_two', '-c', 'SELECT skillancer.adopt()');
	reports = await Promise.all(DATABASES.map(live));
});
after(() => {
	for (const name of DATABASES) psql('postgres', '-c', `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
	if (everywhere) databases('RESET skillancer.databases');
});

test('one seed, one life', () => {
	const [one, two] = reports;
	assert.match(one.fingerprint, /^[0-9a-f]{16}$/);
	assert.deepEqual([two.fingerprint, two.acts, two.timers, two.contracts], [one.fingerprint, one.acts, one.timers, one.contracts]);
	assert.ok(Number(one.acts) > 400, `${one.acts} acts`);
	assert.ok(Number(one.contracts) >= 15, `${one.contracts} contracts`);
});

test('the marketplace refuses next to nothing', () => {
	const refused = Object.entries(reports[0]).filter(([name]) => name.includes('refused'));
	assert.deepEqual(refused, []);
});

test('every kind of thing has happened', () => {
	const happened = new Set(rows('SELECT DISTINCT type FROM skillancer.event').flat());
	for (const type of ['user.created', 'user.verified', 'project.published', 'proposal.submitted', 'proposal.withdrawn', 'booking.activated', 'milestone.released',
		'booking.completed', 'dispute.opened', 'dispute.resolved', 'payment.charged_back', 'payout.paid', 'payout.failed', 'message.sent', 'review.published',
		'invitation.sent', 'gig.activated', 'booking.time_logged', 'week.locked', 'invoice.issued', 'milestone.payment_failed']) {
		assert.ok(happened.has(type), type);
	}
	assert.ok(Number(sql('SELECT count(*) FROM skillancer.search_log WHERE results > 0')) > 10, 'searches have found something');
	assert.ok(Number(sql('SELECT count(*) FROM skillancer.notification')) > 100, 'people were told');
});

test('the books are in order', () => {
	assert.deepEqual(rows('SELECT * FROM skillancer.ledger_violation'), []);
	assert.deepEqual(rows('SELECT * FROM skillancer.ledger_verify() v WHERE v.problem IS NOT NULL'), []);
	assert.deepEqual(rows('SELECT currency FROM skillancer.escrow_coverage WHERE NOT covered'), []);
});

test('the rollups are what the events say', () => {
	assert.deepEqual(rows('SELECT * FROM skillancer.rollup_verify()'), []);
	assert.ok(Number(sql("SELECT count(*) FROM skillancer.metric_month")) > 20, 'months have been added up');
});

test('the history is whole and past', () => {
	assert.deepEqual(rows(`SELECT type, at FROM skillancer.event WHERE at NOT BETWEEN timestamptz '${UNTIL}' - interval '46 days' AND timestamptz '${UNTIL}' + interval '1 minute'
		AND type NOT LIKE 'ledger%'`), []);
	assert.deepEqual(rows(`SELECT d FROM generate_series(date '2025-05-20', date '2025-06-29', '1 day') d
		WHERE NOT EXISTS (SELECT FROM skillancer.event e WHERE e.at >= d AND e.at < d + interval '1 day')`), [], 'no day without an event');
	assert.deepEqual(rows(`SELECT machine, event, last_error FROM skillancer.due WHERE parked_at IS NOT NULL OR due_at < timestamptz '${UNTIL}'`), [], 'no timer was missed');
	assert.equal(sql("SELECT count(*) FROM skillancer.mail WHERE state NOT IN ('SENT', 'SUPPRESSED')"), '0', 'no mail of the past waits to be sent');
	assert.equal(sql('SELECT count(*) FROM skillancer.event_attempt'), '0');
	assert.deepEqual(rows('SELECT job, last_error FROM skillancer.housekeeping_run WHERE last_error IS NOT NULL'), []);
});

test('the first people are the sign-ins of the demo', () => {
	assert.deepEqual(rows("SELECT role, email FROM skillancer.demo_sign_ins() WHERE role <> 'ADMIN'"), [['CLIENT', 'client@example.com'], ['FREELANCER', 'freelancer@example.com']]);
	assert.ok(Number(sql("SELECT count(*) FROM skillancer.project p JOIN skillancer.user_account a ON a.id = p.client_id WHERE a.email = 'client@example.com' AND p.state = 'OPEN' AND p.budget_kind = 'FIXED'")) >= 1);
});

test('trouble came about as often as it was drawn, and things took as long as they do', () => {
	for (const name of ['disputes', 'charge-backs', 'payout failures']) {
		const [, n, total, share, drawn] = reports[0].text.match(new RegExp(`^${name} +(\\d+) of (\\d+), ([\\d.]+) %, drawn ([\\d.]+) %`, 'm')).map(Number);
		assert.ok(total >= 5, `${name}: ${total}`);
		assert.ok(Math.abs(share - 100 * n / total) < 0.01, name);
		assert.ok(Math.abs(n / total - drawn / 100) <= 3 * Math.sqrt(drawn / 100 * (1 - drawn / 100) / total), `${name}: ${n} of ${total}, drawn ${drawn} %`);
	}
	const hours = (name) => reports[0].text.match(new RegExp(`^${name} +([\\d.]+) h, nine of ten within ([\\d.]+) h`, 'm')).slice(1).map(Number);
	const [first, firstOfNine] = hours('first proposal');
	const [hire, hireOfNine] = hours('hire');
	assert.ok(first > 0.1 && first < 24 && firstOfNine < 240, `first proposal after ${first} h, ${firstOfNine} h`);
	assert.ok(hire > first && hire > 24 && hireOfNine < 24 * 45, `hire after ${hire} h, ${hireOfNine} h`);
});

test('a share is what its table says', () => {
	const found = psql('life_one', '-c', "SET simulation.seed = '3'", '-f', join(SIMULATE, 'rates.sql'), '-f', join(SIMULATE, 'stage.sql'), '-c', `SELECT r.name, r.value, avg(pg_temp.happens(r.name, i)::integer)
		FROM rate r, generate_series(1, 4000) i WHERE r.name IN ('dispute', 'charge-back', 'payout failure', 'client reviews') GROUP BY 1, 2`);
	for (const [name, value, share] of found.split('\n').slice(-4).map((line) => line.split('|'))) {
		assert.ok(Math.abs(share - value) <= 4 * Math.sqrt(value * (1 - value) / 4000), `${name}: ${share}, should be about ${value}`);
	}
});

// the questions of docs/analysts.md, asked by an analyst
const PAGE = readFileSync(join(dirname(fileURLToPath(import.meta.url)), '../../docs/analysts.md'), 'utf8');
const QUESTIONS = [...PAGE.matchAll(/^### (\d+)\. [^\n]+\n\n```sql\n(.*?)```/gms)].map(([, number, text]) => ({ number: Number(number), text }));
const asked = (text) => psql('life_one', '-c', 'SET ROLE skillancer_analyst', '-c', text).split('\n').filter(Boolean).map((line) => line.split('|'));

test('analysts have twenty questions answered', () => {
	assert.deepEqual(QUESTIONS.map((q) => q.number), Array.from({ length: 20 }, (_, i) => i + 1));
	// a short life has few people: groups of two are shown here
	sql("UPDATE skillancer.policy SET value = '2' WHERE key = 'analyticsMinimumGroup'");
	for (const { number, text } of QUESTIONS) assert.notEqual(asked(text).length, 0, `question ${number} has an answer`);
});

test('answers are what the tables say', () => {
	const same = (figure, answer, table) => assert.deepEqual(asked(answer), rows(table), figure);
	const figure = (name, column = 'num') => `SELECT sum(f.${column}) FROM skillancer_analytics.figure_monthly f WHERE f.figure = '${name}'`;
	same('GMV', `SELECT f.month, f.currency, f.num FROM skillancer_analytics.figure_monthly f WHERE f.figure = 'gmv_released' ORDER BY 1, 2`,
		`SELECT date_trunc('month', e.created_at AT TIME ZONE 'UTC')::date, skillancer.monetary_currency(e.gross) COLLATE "C", sum(skillancer.monetary_minor(e.gross))
			FROM skillancer.earning e WHERE e.tip_id IS NULL GROUP BY 1, 2 ORDER BY 1, 2`);
	same('revenue', `SELECT f.currency, sum(f.num) FROM skillancer_analytics.figure_monthly f WHERE f.figure = 'revenue' GROUP BY 1 HAVING sum(f.num) <> 0 ORDER BY 1`,
		`SELECT a.currency COLLATE "C", -sum(e.amount) FROM skillancer.ledger_entry e JOIN skillancer.ledger_account a ON a.id = e.account
			WHERE a.class ~ '^revenue_' AND a.currency <> 'XCN' GROUP BY 1 HAVING sum(e.amount) <> 0 ORDER BY 1`);
	same('escrow', `SELECT b.currency, b.num FROM skillancer_analytics.balance_monthly b WHERE b.figure = 'escrow_outstanding' AND b.num <> 0
			AND b.month = date_trunc('month', b.as_of)::date ORDER BY 1`,
		`SELECT a.currency COLLATE "C", sum(a.balance) FROM skillancer.ledger_account a WHERE a.class IN ('escrow', 'escrow_hold') AND a.balance <> 0 GROUP BY 1 ORDER BY 1`);
	same('age of escrow', 'SELECT e.currency, sum(e.num) FROM skillancer_analytics.escrow_age e GROUP BY 1 ORDER BY 1',
		`SELECT a.currency COLLATE "C", sum(a.balance) FROM skillancer.ledger_account a WHERE a.class IN ('escrow', 'escrow_hold') AND a.balance <> 0 GROUP BY 1 ORDER BY 1`);
	same('the books', 'SELECT t.month, t.currency FROM skillancer_analytics.trial_balance t GROUP BY 1, 2 HAVING sum(t.num) <> 0', 'SELECT 1 WHERE false');
	same('proposals', figure('proposals_per_project'), 'SELECT count(*) FROM skillancer.proposal');
	same('win rate', `SELECT sum(c.num), sum(c.den), sum(c.censored) FROM skillancer_analytics.cohort_monthly c WHERE c.figure = 'win_rate'`,
		`SELECT count(*) FILTER (WHERE o.is_over AND EXISTS (SELECT FROM skillancer.booking b WHERE b.proposal_id = p.id AND b.created_at <= p.created_at + interval '30 days')),
			count(*) FILTER (WHERE o.is_over), count(*) FILTER (WHERE NOT o.is_over)
			FROM skillancer.proposal p, LATERAL (SELECT (p.created_at AT TIME ZONE 'UTC')::date + 31 <= timestamp '${UNTIL.slice(0, 16)}' AS is_over) o`);
	same('refunds', `SELECT m.dims ->> 'currency', sum(m.num) FROM skillancer_analytics.metric_monthly m WHERE m.metric = 'refunded' GROUP BY 1 ORDER BY 1`,
		`SELECT a.currency, sum(CASE t.kind WHEN 'dispute_split' THEN -e.amount ELSE e.amount END)
			FROM skillancer.ledger_entry e JOIN skillancer.ledger_account a ON a.id = e.account JOIN skillancer.ledger_txn t ON t.id = e.txn
			WHERE t.kind IN ('refund', 'refund_part') AND a.class = 'escrow'
				OR t.kind = 'dispute_split' AND a.class IN ('client_wallet', 'deferred_fee', 'revenue_client') GROUP BY 1 HAVING sum(e.amount) <> 0 ORDER BY 1`);
	same('hires', figure('proposals_per_hire', 'den'), 'SELECT count(*) FROM skillancer.booking b WHERE b.proposal_id IS NOT NULL');
	same('payouts', figure('payout_failure_rate', 'den'), "SELECT count(*) FROM skillancer.event e WHERE e.type IN ('payout.paid', 'payout.failed')");
	same('liquidity', `SELECT sum(c.num), sum(c.den) FROM skillancer_analytics.cohort_monthly c WHERE c.figure = 'projects_liquid_24h'`,
		`SELECT count(*) FILTER (WHERE 3 <= (SELECT count(*) FROM skillancer.proposal p WHERE p.project_id = j.id AND p.created_at <= j.published_at + interval '24 hours')), count(*)
			FROM skillancer.project j WHERE (j.published_at AT TIME ZONE 'UTC')::date + 2 <= timestamp '${UNTIL.slice(0, 16)}'`);
	same('active people', `SELECT a.num FROM skillancer_analytics.active_daily a WHERE a.figure = 'wau' AND a.day = '2025-06-29'`,
		`SELECT count(DISTINCT e.actor_id) FROM skillancer.event e WHERE e.at >= '2025-06-23Z' AND e.at < '2025-06-30Z'`);
	same('earners', `SELECT c.month, c.currency, c.den, c.people FROM skillancer_analytics.concentration_monthly c
			WHERE c.figure = 'top10_share' AND c.side = 'freelancer' ORDER BY 1, 2`,
		`SELECT date_trunc('month', e.created_at AT TIME ZONE 'UTC')::date, skillancer.monetary_currency(e.net) COLLATE "C", sum(skillancer.monetary_minor(e.net)), count(DISTINCT e.freelancer_id)
			FROM skillancer.earning e GROUP BY 1, 2 HAVING count(DISTINCT e.freelancer_id) >= 2 ORDER BY 1, 2`);
	assert.ok(asked("SELECT r.num FROM skillancer_analytics.search_rank_monthly r WHERE r.rank = 1 AND r.num > 0").length > 0, 'results were clicked');
	same('latency of searches', `SELECT sum(s.den) FROM skillancer_analytics.search_monthly s WHERE s.figure = 'search_ms_p95' AND s.num > 0`,
		'SELECT count(*) FROM skillancer.search_log');
	same('searches', `SELECT sum(s.num), sum(s.den) FROM skillancer_analytics.search_monthly s WHERE s.figure = 'search_zero_result'`,
		'SELECT count(*) FILTER (WHERE l.results = 0), count(*) FROM skillancer.search_log l');
});

test('analysts see figures and nobody', () => {
	const views = rows("SELECT c.oid::regclass FROM pg_class c WHERE c.relnamespace = 'skillancer_analytics'::regnamespace AND has_table_privilege('skillancer_analyst', c.oid, 'SELECT')").flat();
	assert.ok(views.length >= 20);
	for (const view of views) {
		assert.deepEqual(asked(`SELECT t::text FROM ${view} t WHERE t::text ~ '@|[a-z]{3}_[0-9a-hjkmnp-tv-z]{26}|[0-9a-f]{8}-[0-9a-f]{4}-' AND '${view}' !~ 'metric_(dai|month)ly' LIMIT 1`), [], `${view} names nobody`);
	}
	assert.deepEqual(asked(`SELECT m.dims FROM skillancer_analytics.metric_daily m WHERE m.dims::text ~ '(usr|org|bkg|prj)_' LIMIT 1`), []);
	assert.deepEqual(rows(`SELECT c.oid::regclass FROM pg_class c WHERE c.relnamespace = 'skillancer'::regnamespace AND c.relkind IN ('r', 'p', 'v')
		AND has_any_column_privilege('skillancer_analyst', c.oid, 'SELECT')`), [], 'no table is theirs');
	assert.deepEqual(rows(`SELECT f.figure FROM skillancer_analytics.figure_list f WHERE NOT EXISTS (SELECT FROM skillancer_analytics.metric_definition d
		WHERE d.metric = f.figure AND d.source ~ f.source AND d.description <> '' AND d.unit <> '')`), [], 'every figure is defined');
	for (const view of rows("SELECT a.attrelid::regclass FROM pg_attribute a WHERE a.attname = 'figure' AND a.attrelid::regclass::text ~ '^skillancer_analytics'").flat()) {
		assert.deepEqual(rows(`SELECT DISTINCT f.figure FROM ${view} f WHERE f.figure NOT IN (SELECT d.metric FROM skillancer_analytics.metric_definition d)`), [], `figures of ${view} are defined`);
	}
	sql("UPDATE skillancer.policy SET value = '1000' WHERE key = 'analyticsMinimumGroup'");
	for (const view of ['funnel_monthly', 'retention_monthly', 'churn_monthly', 'concentration_monthly', 'country_monthly', 'rate_percentile', 'search_missed']) {
		assert.deepEqual(asked(`SELECT * FROM skillancer_analytics.${view} LIMIT 1`), [], `${view} leaves small groups out`);
	}
});
