// simulation.test.mjs
//	A short life of a marketplace, twice from one seed in two databases: the same decisions, nothing refused that should
//	not be, every figure about as often as its table says, the books in order, and no gap and no future in the history.

import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
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
	return Object.fromEntries(stdout.split('\n').map((line) => line.split(/ {2,}/).map((part) => part.trim())).filter((parts) => parts.length === 2));
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

test('a share is what its table says', () => {
	const found = psql('life_one', '-c', "SET simulation.seed = '3'", '-f', join(SIMULATE, 'rates.sql'), '-f', join(SIMULATE, 'stage.sql'), '-c', `SELECT r.name, r.value, avg(pg_temp.happens(r.name, i)::integer)
		FROM rate r, generate_series(1, 4000) i WHERE r.name IN ('dispute', 'charge-back', 'payout failure', 'client reviews') GROUP BY 1, 2`);
	for (const [name, value, share] of found.split('\n').slice(-4).map((line) => line.split('|'))) {
		assert.ok(Math.abs(share - value) <= 4 * Math.sqrt(value * (1 - value) / 4000), `${name}: ${share}, should be about ${value}`);
	}
});
