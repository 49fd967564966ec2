-- money_batch.sql
--	The timekeeper posts silent approvals and the end of holds in batches; what cannot be part of one does not keep
--	the others back.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
\ir ../lib/market.sql
SELECT plan(15);

SELECT pg_temp.add_person('clara', 'CLIENT'), pg_temp.add_person('carl', 'CLIENT'), pg_temp.add_person('otto', 'FREELANCER'),
	pg_temp.add_person('pia', 'FREELANCER') \g /dev/null
SELECT pg_temp.book(c || f || n, c, f, (600 + n || '.00 USD')::skillancer.monetary) FROM unnest('{clara,carl}'::text[]) c, unnest('{otto,pia}'::text[]) f, generate_series(1, 3) n \g /dev/null
CREATE TEMP TABLE work AS SELECT t.id, split_part(t.name, '/', 1) AS deal FROM thing t WHERE t.name LIKE '%/1';
SELECT pg_temp.fund(CASE WHEN w.deal LIKE 'clara%' THEN 'clara' ELSE 'carl' END, w.deal || '/1'),
	pg_temp.as_person(CASE WHEN w.deal ~ 'otto' THEN 'otto' ELSE 'pia' END, format('SELECT skillancer_api.milestone_submit(%L, %L)', w.id, 'done')) FROM work w \g /dev/null
-- what else is due in this database is left alone
UPDATE skillancer.due d SET attempts = 0 WHERE d.id IN (SELECT b.id FROM due_before b);
CREATE FUNCTION pg_temp.turn() RETURNS bigint LANGUAGE sql AS $$
	UPDATE skillancer.due d SET attempts = 1 WHERE d.due_at <= skillancer.now() AND d.id NOT IN (SELECT b.id FROM due_before b)
		AND (d.machine, d.event) IN (('earning', 'mature'), ('milestone', 'auto_release'));
	SELECT skillancer.timekeeper_fire_batches(50)
$$;

SELECT is(count(*), 12::bigint, 'twelve pieces of work wait for an answer') FROM work w JOIN skillancer.milestone m ON m.id::uuid = w.id AND m.state = 'SUBMITTED';
SELECT pg_temp.later('14 days 1 hour') \g /dev/null
SELECT skillancer.set_identity(NULL) \g /dev/null
SELECT is(pg_temp.turn(), 12::bigint, 'all of them are released by one batch');
SELECT is(count(*), 12::bigint, 'they are') FROM work w JOIN skillancer.milestone m ON m.id::uuid = w.id AND m.state = 'RELEASED';
SELECT is(count(*), 12::bigint, 'each has its earning, which names its posting') FROM work w JOIN skillancer.earning e ON e.milestone_id::uuid = w.id
JOIN skillancer.ledger_txn t ON t.id = e.posting AND t.kind = 'release' AND t.ref = w.id;
SELECT is((SELECT count(*) FROM skillancer.due d JOIN work w ON w.id = d.id WHERE d.event = 'auto_release'), 0::bigint, 'no timer is left');
SELECT is((SELECT sum(skillancer.monetary_minor(e.fee)) FROM skillancer.earning e JOIN work w ON w.id = e.milestone_id::uuid AND w.deal LIKE 'claraotto%'),
	23060::numeric, 'the fees are steps of the pair: 20 % of 500, 10 % of 1,306');
SELECT is((SELECT count(*) FROM skillancer.ledger_violation v WHERE v.invariant NOT IN (12)), 0::bigint, 'no invariant is broken');

SELECT pg_temp.later('5 days 1 hour'), skillancer.set_identity(NULL) \g /dev/null
SELECT is(pg_temp.turn(), 12::bigint, 'the holds of all end by one batch');
SELECT is(pg_temp.balance('freelancer_pending', pg_temp.person('otto')), 0::numeric, 'nothing is pending any more');
SELECT is(pg_temp.balance('freelancer_available', pg_temp.person('otto')), (SELECT sum(e.net::numeric) FROM skillancer.earning e WHERE e.freelancer_id::uuid = pg_temp.person('otto')), 'it is available');

-- one that has moved on
SELECT pg_temp.book('late' || n, 'clara', 'otto', '50.00 USD') FROM generate_series(1, 3) n \g /dev/null
SELECT pg_temp.fund('clara', 'late' || n || '/1'), pg_temp.as_person('otto', format('SELECT skillancer_api.milestone_submit(%L, %L)', pg_temp.thing('late' || n || '/1'), 'done')) FROM generate_series(1, 3) n \g /dev/null
SELECT pg_temp.as_person('clara', format('SELECT skillancer_api.milestone_approve(%L)', pg_temp.thing('late2/1'))) \g /dev/null
SELECT pg_temp.later('14 days 1 hour'), skillancer.set_identity(NULL) \g /dev/null
DELETE FROM skillancer.due d WHERE d.machine = 'earning';
INSERT INTO skillancer.due (machine, id, event, due_at) VALUES ('milestone', pg_temp.thing('late2/1'), 'auto_release', skillancer.now() - interval '1 hour');
SELECT is(pg_temp.turn(), 0::bigint, 'a batch with one that has moved on does nothing');
SELECT is((SELECT count(*) FROM skillancer.earning e JOIN thing t ON t.id = e.milestone_id::uuid AND t.name LIKE 'late_/1'), 1::bigint, 'really');
SELECT is(skillancer.timekeeper_fire(50) >= 2, true, 'one by one the others are released');
SELECT is((SELECT count(*) FROM skillancer.milestone m JOIN thing t ON t.id = m.id::uuid AND t.name LIKE 'late_/1' AND m.state = 'RELEASED'), 3::bigint, 'they are');
SELECT is((SELECT count(*) FROM skillancer.ledger_violation v WHERE v.invariant NOT IN (12)), 0::bigint, 'no invariant is broken');
SELECT * FROM finish();
ROLLBACK;
