-- booking_reminders.sql
--	Reminders before silence releases submitted work: once each, none late, and none after the client did something.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
\ir ../lib/market.sql
SELECT plan(15);

SELECT pg_temp.add_person('clara', 'CLIENT'), pg_temp.add_person('felix', 'FREELANCER') \g /dev/null
CREATE FUNCTION pg_temp.reminded(p_name text) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(e.data ->> 'daysLeft', ' ' ORDER BY e.seq) FROM skillancer.event e
	WHERE e.type = 'milestone.release_near' AND e.aggregate_id = pg_temp.thing(p_name)
$$;
CREATE FUNCTION pg_temp.submitted(p_name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_temp.book(p_name, 'clara', 'felix', '100 USD');
	PERFORM pg_temp.fund('clara', p_name || '/1');
	PERFORM pg_temp.as_person('felix', format('SELECT skillancer_api.milestone_submit(%L, %L)', pg_temp.thing(p_name || '/1'), 'done'));
END
$$;
CREATE FUNCTION pg_temp.days(p_days text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_temp.later(p_days::interval), pg_temp.due(), pg_temp.due();
END
$$;

SELECT pg_temp.submitted('web') \g /dev/null
SELECT pg_temp.days('6 days 23 hours') \g /dev/null
SELECT is(pg_temp.reminded('web/1'), NULL, 'a week and an hour before: nothing');
SELECT pg_temp.days('1 hour 1 minute') \g /dev/null
SELECT is(pg_temp.reminded('web/1'), '7', 'a week before: the first');
SELECT pg_temp.days('0') \g /dev/null
SELECT is(pg_temp.reminded('web/1'), '7', 'once');
SELECT pg_temp.days('4 days') \g /dev/null
SELECT is(pg_temp.reminded('web/1'), '7 3', 'three days before');
SELECT pg_temp.days('2 days') \g /dev/null
SELECT is(pg_temp.reminded('web/1'), '7 3 1', 'a day before');
SELECT is((SELECT m.state FROM skillancer.milestone m WHERE m.id::uuid = pg_temp.thing('web/1')), 'SUBMITTED', 'they change no state');
SELECT pg_temp.days('1 day') \g /dev/null
SELECT is((SELECT m.state FROM skillancer.milestone m WHERE m.id::uuid = pg_temp.thing('web/1')), 'RELEASED', 'then it is released');
SELECT is(pg_temp.reminded('web/1'), '7 3 1', 'without another one');

-- a timekeeper that was away sends what is still true
SELECT pg_temp.submitted('late') \g /dev/null
SELECT pg_temp.days('11 days 12 hours') \g /dev/null
SELECT is(pg_temp.reminded('late/1'), '3', 'the first and the second are one: three days are left');
SELECT pg_temp.days('1 day 12 hours 1 minute') \g /dev/null
SELECT is(pg_temp.reminded('late/1'), '3 1', 'and the last');

-- the client does something: no more of them, until it is handed in again
SELECT pg_temp.submitted('busy') \g /dev/null
SELECT pg_temp.days('7 days 1 minute') \g /dev/null
SELECT pg_temp.as_person('clara', format('SELECT skillancer_api.milestone_request_changes(%L, %L)', pg_temp.thing('busy/1'), 'Bluer')) \g /dev/null
SELECT pg_temp.days('6 days') \g /dev/null
SELECT is(pg_temp.reminded('busy/1'), '7', 'work that was sent back is not near its release');
SELECT is((SELECT count(*) FROM skillancer.due d WHERE d.id = pg_temp.thing('busy/1')), 0::bigint, 'no timer is left');
SELECT pg_temp.as_person('felix', format('SELECT skillancer_api.milestone_submit(%L, %L)', pg_temp.thing('busy/1'), 'done')) \g /dev/null
SELECT pg_temp.days('7 days 1 minute') \g /dev/null
SELECT is(pg_temp.reminded('busy/1'), '7 7', 'handed in again, it starts anew');
SELECT pg_temp.as_person('clara', format('SELECT skillancer_api.milestone_approve(%L)', pg_temp.thing('busy/1'))) \g /dev/null
SELECT pg_temp.days('6 days') \g /dev/null
SELECT is(pg_temp.reminded('busy/1'), '7 7', 'approved work is not near anything');
SELECT is((SELECT count(*) FROM skillancer.notification_rule r WHERE r.event_type = 'milestone.release_near' AND r.recipients = 'client' AND r.is_active), 1::bigint, 'the client hears of them');
SELECT * FROM finish();
ROLLBACK;
