/*
 * event_log.sql
 *		What is kept of an event on its way: correlation, causation over a timer; reading again; forgetting; lag.
 */
BEGIN;
SELECT no_plan();
SET LOCAL client_min_messages = warning;

CREATE FUNCTION pg_temp.seq(p_id uuid) RETURNS bigint LANGUAGE sql AS
	$$ SELECT e.seq FROM skillancer.event e WHERE e.id = p_id::skillancer.event_id $$;
SELECT skillancer.create_account('log@events.test', 'Lou', skillancer.password_hash('Str0ngHorse9'), '{CLIENT}') AS lou \gset
SELECT skillancer.email_verified(:'lou');

-- what a timer makes happen carries the request that set it, and the event that did
SELECT skillancer.emit('user.updated', 'user', skillancer.new_id(), jsonb_build_object('userId', :'lou', 'fields', '[]'::jsonb)) AS cause \gset
SELECT skillancer.schedule('user', :'lou'::skillancer.user_id::uuid, 'close', skillancer.now() - interval '1 minute');
SELECT is(causation_id, :'cause'::uuid, 'a timer keeps the event that set it') FROM skillancer.due WHERE id = :'lou'::skillancer.user_id::uuid AND event = 'close';
UPDATE skillancer.due SET correlation_id = 'req-42' WHERE id = :'lou'::skillancer.user_id::uuid AND event = 'close';
SELECT skillancer.fire_timer('user', :'lou'::skillancer.user_id::uuid, 'close');
SELECT results_eq(format($$ SELECT correlation_id, causation_id FROM skillancer.event WHERE type = 'user.closed' AND aggregate_id = %L::skillancer.user_id::uuid $$, :'lou'),
	format($$ VALUES ('req-42', %L::uuid) $$, :'cause'), 'and its event carries request and cause');
SELECT is((SELECT causation_id FROM skillancer.event WHERE id = skillancer.emit('user.updated', 'user', skillancer.new_id(), '{}')::skillancer.event_id), NULL,
	'the next one does not');

-- under a request what comes later follows from the first event, unless that was undone
SELECT skillancer.impersonate(:'lou');
DO $$ BEGIN PERFORM skillancer.emit('t.undone', 't', skillancer.new_id(), '{}'); RAISE division_by_zero; EXCEPTION WHEN division_by_zero THEN NULL; END $$;
SAVEPOINT request;
SELECT skillancer.emit('t.second', 't', skillancer.new_id(), '{}') AS second, skillancer.cause_event() AS now \gset
SELECT is(:'now'::uuid, :'second', 'what is set off now would follow from the newest event');
ROLLBACK TO request;
SELECT isnt(skillancer.cause_event(), :'second'::uuid, 'and not from one that was undone');
SELECT skillancer.follow(:'cause', 'req-43');
SELECT results_eq(format($$ SELECT causation_id, correlation_id FROM skillancer.event WHERE id = %L::uuid::skillancer.event_id $$,
	skillancer.emit('t.answer', 't', skillancer.new_id(), '{}')), format($$ VALUES (%L::uuid, 'req-43') $$, :'cause'),
	'a worker that goes on with a request follows from it');
SELECT skillancer.follow(NULL, NULL);
DELETE FROM skillancer.event WHERE type LIKE 't.%';

-- reading again
SELECT * FROM skillancer.tick_open('test') \gset tick_
SELECT skillancer.tick_close('test', :'tick_position_b', 1);
SELECT throws_ok($$ SELECT skillancer.replay('nobody', now()) $$, '22023', NULL, 'there is no such consumer');
SELECT throws_ok($$ SELECT skillancer.replay('metrics', now()) $$, '0A000', NULL, 'what is added up is not read again');
SELECT cmp_ok(skillancer.replay('test', '-infinity'), '>=', 3::bigint, 'all events of this epoch are to be read again');
SELECT cmp_ok((SELECT l.events_behind FROM skillancer.consumer_lag() l WHERE l.consumer = 'test'), '>=', 3::bigint, 'and the consumer is behind');
SELECT cmp_ok((SELECT pg_snapshot_xmax(position) FROM skillancer.consumer WHERE name = 'test'), '<=',
	(SELECT min(xid) FROM skillancer.event WHERE epoch = skillancer.epoch()), 'its position is before the first of them');
SELECT is((SELECT count(*) FROM skillancer.audit WHERE action = 'consumer.replay'), 1::bigint, 'who did it is written down');
SELECT is(skillancer.replay('test', 'infinity'), 0::bigint, 'from the end there is nothing');

-- forgetting
SET LOCAL ROLE skillancer_owner;
SELECT skillancer.make_month_partition('event', '2001-02-01');
RESET ROLE;
SELECT ok(to_regclass('skillancer.event_200102') IS NOT NULL, 'an old month');
INSERT INTO skillancer.event (at, epoch, type, source, aggregate_type, aggregate_id) VALUES ('2001-02-03', skillancer.epoch(), 'user.updated', 'user', 'user', skillancer.new_id());
SELECT is(skillancer.forget_events(), 0::bigint, 'is kept while a consumer has not read it');
DELETE FROM skillancer.consumer;
SELECT is(skillancer.forget_events(), 1::bigint, 'and goes then');
SELECT ok(to_regclass('skillancer.event_200102') IS NULL, 'with its events');
SELECT is(skillancer.forget_events(), 0::bigint, 'what is younger than the policy stays');

SELECT * FROM finish();
ROLLBACK;
