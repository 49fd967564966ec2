// test/chaos/lib/check.mjs
//	Reads what the server has in one snapshot and lets the model judge it; then the server's own invariants.

import pg from 'pg';
import { Model, leg } from './model.mjs';

const BATCH = 5000;
const SERIALIZATION_FAILURE = '40001';
const MAX_OUTCOMES = 5000; // each is computed anew with all others of its freelancer
const TABLES = { booking: 'booking', week: 'work_week', milestone: 'milestone', change: 'change_request', dispute: 'dispute', charge: 'charge', earning: 'earning', payout: 'payout', review: 'review', erasure: 'erasure' };

// Rows of a query, a few thousand at a time.
async function* rows(client, query) {
	await client.query(`DECLARE reading NO SCROLL CURSOR FOR ${query}`);
	for (;;) {
		const { rows: batch } = await client.query(`FETCH ${BATCH} FROM reading`);
		if (batch.length === 0) break;
		yield* batch;
	}
	await client.query('CLOSE reading');
}

const MILESTONES = `SELECT id::uuid AS id, booking_id::uuid AS booking, seq, skillancer.monetary_minor(amount) AS minor, skillancer.monetary_currency(amount) AS currency
	FROM skillancer.milestone`;
const EARNINGS = `SELECT id, freelancer_id::uuid AS freelancer, milestone_id::uuid AS milestone, skillancer.monetary_minor(gross) AS gross,
	skillancer.monetary_minor(fee) AS fee, skillancer.monetary_minor(net) AS net, skillancer.monetary_currency(net) AS currency FROM skillancer.earning`;
const EVENTS = `SELECT seq, type, aggregate_type AS aggregate, aggregate_id AS id, actor_id::uuid AS actor, correlation_id AS correlation,
	extract(epoch FROM at)::float8 AS at, data FROM skillancer.event ORDER BY seq`;
const POSTINGS = `SELECT t.id, t.kind, t.ref, t.correlation_id AS correlation, array_agg(ARRAY[a.class, a.owner::text, a.ref::text, e.currency, e.amount::text]) AS legs
	FROM skillancer.ledger_txn t JOIN skillancer.ledger_entry e ON e.txn = t.id JOIN skillancer.ledger_account a ON a.id = e.account
	WHERE e.currency <> 'XCN' GROUP BY t.id`;
const BALANCES = `SELECT n.class, CASE WHEN a.mode = 'row' THEN n.owner::text END AS owner, CASE WHEN a.mode = 'row' THEN n.ref::text END AS ref, n.currency,
	sum(CASE WHEN n.type IN ('asset', 'expense', 'trading') THEN n.balance ELSE -n.balance END)::float8 AS amount
	FROM skillancer.ledger_balance_now n JOIN skillancer.ledger_account a ON a.id = n.id WHERE n.currency <> 'XCN' GROUP BY 1, 2, 3, 4`;

const numbers = (row, ...names) => Object.assign(row, Object.fromEntries(names.map((name) => [name, Number(row[name])])));

async function collect(client, query, ...names) {
	const map = new Map();
	for await (const row of rows(client, query)) map.set(row.id, numbers(row, ...names));
	return map;
}

// The milestones of a booking are those that its operation asked for.
function checkTerms(model, milestones) {
	for (const [id, { booking, seq, minor, currency }] of milestones) {
		const op = model.byMade.get(booking);
		if (!op) model.problems.push(`milestone ${id} is of a booking that nobody has made`);
		else if (op.currency !== currency || (seq <= op.parts.length && op.parts[seq - 1] !== minor))
			model.problems.push(`milestone ${id} has ${minor} ${currency}, ${op.parts[seq - 1]} ${op.currency} was agreed`);
	}
}

const REPUTATIONS = `SELECT 'reputation of ' || r.user_id || ' as ' || r.side AS what,
		ROW(r.rating, r.score, r.months, r.rank, r.outcomes, r.clients, r.level, r.stale_at)::text AS value FROM skillancer.reputation r
	UNION ALL SELECT 'outcome of ' || o.booking_id, ROW(o.verdict, o.reason, o.amount, o.usd, o.ended_at)::text FROM skillancer.outcome o`;

// Reputations that were computed step by step are those that all bookings and reviews make, once the job has looked at
// what grew old. One snapshot for both; when the timekeeper changed a row after it, another.
async function checkReputations(client, model, tries = 10) {
	try {
		await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
		const { rows: [{ bookings }] } = await client.query('SELECT count(*)::integer AS bookings FROM skillancer.outcome');
		if (bookings <= MAX_OUTCOMES) {
			await client.query('SELECT skillancer.refresh_reputation(1000000)');
			const before = new Map((await client.query(REPUTATIONS)).rows.map(({ what, value }) => [what, value]));
			const { rows: [{ wrong }] } = await client.query('SELECT skillancer.reputation_rebuild()::integer AS wrong');
			if (wrong > 0) model.problems.push(`${wrong} outcomes and reputations are not what bookings and reviews make of them`);
			if (wrong > 0) for (const { what, value } of (await client.query(REPUTATIONS)).rows)
				if (before.get(what) !== value) model.problems.push(`${what} is ${before.get(what)}, due is ${value}`);
		}
		await client.query('ROLLBACK');
	} catch (error) {
		await client.query('ROLLBACK');
		if (error.code !== SERIALIZATION_FAILURE || tries === 1) throw error;
		await checkReputations(client, model, tries - 1);
	}
}

export async function judge(place, history) {
	const client = new pg.Client({ ...place.connection, user: 'postgres' });
	await client.connect();
	await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
	const milestones = await collect(client, MILESTONES, 'seq', 'minor');
	const model = new Model(history, milestones, await collect(client, EARNINGS, 'gross', 'fee', 'net'));
	checkTerms(model, milestones);
	for await (const row of rows(client, EVENTS)) model.event(row);
	for await (const { legs, ...row } of rows(client, POSTINGS))
		model.posting({ ...row, legs: legs.map(([account, owner, ref, currency, amount]) => leg(account, owner, ref, currency, amount)) });
	for await (const { class: account, owner, ref, currency, amount } of rows(client, BALANCES)) {
		const key = leg(account, owner, ref, currency, 0).slice(0, -2);
		model.balance(key, amount);
	}
	for (const [machine, table] of Object.entries(TABLES))
		for await (const { id, state } of rows(client, `SELECT id::uuid AS id, state FROM skillancer.${table}`)) model.state(machine, id, state);
	const { rows: [{ now }] } = await client.query('SELECT extract(epoch FROM skillancer.now())::float8 AS now');
	model.finish(now);
	const { rows: broken } = await client.query('SELECT v.invariant, v.object, v.detail FROM skillancer.ledger_violation v LIMIT 50');
	for (const { invariant, object, detail } of broken) model.problems.push(`invariant ${invariant}: ${object}: ${detail}`);
	const { rows: [{ total }] } = await client.query('SELECT count(*) AS total FROM skillancer.ledger_entry');
	await client.query('COMMIT');
	await checkReputations(client, model);
	const { rows: [seals] } = await client.query('SELECT * FROM skillancer.ledger_verify()');
	if (seals.problem) model.problems.push(`seal ${seals.bad_seal}: ${seals.problem}`);
	await client.end();
	return { problems: model.problems, counts: { ...model.counts, entries: Number(total), seals: Number(seals.seals) } };
}

// What holds at every moment, looked at from outside in a snapshot of its own.
const AT_ANY_TIME = `SELECT 'entries in ' || e.currency || ' are off by ' || sum(e.amount) FROM skillancer.ledger_entry e GROUP BY e.currency HAVING sum(e.amount) <> 0
	UNION ALL SELECT 'account ' || a.id || ' is below zero' FROM skillancer.ledger_account a WHERE a.floor_zero AND a.balance < 0
	UNION ALL SELECT 'all balances in ' || b.currency || ' are off by ' || sum(CASE WHEN b.type IN ('asset', 'expense', 'trading') THEN b.balance ELSE -b.balance END)
		FROM skillancer.ledger_balance_now b GROUP BY b.currency
		HAVING sum(CASE WHEN b.type IN ('asset', 'expense', 'trading') THEN b.balance ELSE -b.balance END) <> 0`;

export const observe = (place) => place.sql(`BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ${AT_ANY_TIME}; COMMIT`);
