-- core_engine.sql
--	The state machine engine on a machine of its own: actors, guard trigger, events, timers, audit.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT plan(28);

CREATE TABLE skillancer.demo (
	id skillancer.project_id PRIMARY KEY DEFAULT skillancer.new_id()::skillancer.project_id,
	client_id skillancer.user_id,
	freelancer_id skillancer.user_id,
	state text NOT NULL,
	version integer NOT NULL DEFAULT 1,
	policy jsonb,
	updated_at timestamptz NOT NULL DEFAULT skillancer.now()
);
GRANT SELECT, UPDATE ON skillancer.demo TO skillancer_engine;
INSERT INTO skillancer.machine VALUES ('demo', 'skillancer.demo', 'demo', '{NEW}');
INSERT INTO skillancer.transition VALUES
	('demo', 'NEW', 'start', 'RUNNING', '{client}', NULL, 'demo.started'),
	('demo', 'RUNNING', 'finish', 'DONE', '{freelancer,system}', NULL, 'demo.finished'),
	('demo', 'RUNNING', 'stop', 'STOPPED', '{staff}', NULL, NULL);
INSERT INTO skillancer.timer VALUES ('demo', 'RUNNING', 'finish', 'demoPeriod');
INSERT INTO skillancer.policy (key, value, valid_from) VALUES
	('demoPeriod', '"P14D"', '-infinity'),
	('demoPeriod', '"P3D"', skillancer.now() + interval '1 day');
CREATE TRIGGER state_guard BEFORE INSERT OR UPDATE ON skillancer.demo
	FOR EACH ROW EXECUTE FUNCTION skillancer.state_guard('demo');
ALTER TABLE skillancer.demo ENABLE ALWAYS TRIGGER state_guard;

CREATE TEMP TABLE who (name text PRIMARY KEY, id skillancer.user_id);
INSERT INTO who SELECT n, skillancer.new_id()::skillancer.user_id
FROM unnest(ARRAY['client', 'freelancer', 'stranger', 'admin']) n;
INSERT INTO skillancer.user_account (id, email, name, state)
SELECT id, name || '@core.test', name, 'PENDING' FROM who;
INSERT INTO skillancer.user_role (user_id, role)
SELECT id, 'ADMIN' FROM who WHERE name = 'admin';

-- Acts as one of them for the statements that follow; identity is frozen in a transaction, so each
-- step runs in a subtransaction's function of its own: the tests pass actors by the system entry or
-- by the identity of the whole file.
SELECT throws_ok($$ INSERT INTO skillancer.demo (state) VALUES ('RUNNING') $$, 'SK004', NULL,
	'a new row cannot start in a later state');
INSERT INTO skillancer.demo (client_id, freelancer_id, state)
SELECT c.id, f.id, 'NEW' FROM who c, who f WHERE c.name = 'client' AND f.name = 'freelancer';
SELECT id::uuid AS demo FROM skillancer.demo \gset

SELECT throws_ok($$ UPDATE skillancer.demo SET state = 'RUNNING' $$, 'SK004', NULL,
	'nobody changes a state by hand, not even a superuser');
SET LOCAL session_replication_role = replica;
SELECT throws_ok($$ UPDATE skillancer.demo SET state = 'RUNNING' $$, 'SK004', NULL,
	'not even with triggers off');
SET LOCAL session_replication_role = origin;
SELECT throws_ok(format('SELECT skillancer.fire(%L, %L, %L)', 'demo', :'demo', 'start'), 'SK002', NULL,
	'without a part in it, an object does not exist');
SELECT throws_ok(format('SELECT skillancer.fire(%L, %L, %L)', 'demo', skillancer.new_id(), 'start'), 'SK002', NULL,
	'an unknown object does not exist');
SELECT throws_ok(format('SELECT skillancer.fire_system(%L, %L, %L)', 'demo', :'demo', 'start'), 'SK003', NULL,
	'the marketplace itself may not start it');
SELECT throws_ok(format('SELECT skillancer.fire_system(%L, %L, %L)', 'demo', :'demo', 'finish'), 'SK004', NULL,
	'an event that the state does not know is refused');

SELECT skillancer.impersonate(id) FROM who WHERE name = 'client';
SELECT throws_like(format('SELECT skillancer.fire(%L, %L, %L)', 'demo', :'demo', 'dance'),
	'dance is not possible while the demo is NEW', 'the message names event, thing and state');
SELECT is(skillancer.fire('demo', :'demo', 'start', '{"note": "go"}'), 'RUNNING', 'the client starts it');
SELECT is(d.version, 2, 'the version counts on') FROM skillancer.demo d;
SELECT throws_ok(format('SELECT skillancer.fire(%L, %L, %L)', 'demo', :'demo', 'finish'), 'SK003', NULL,
	'the client may not finish it');
SELECT throws_ok(format('SELECT skillancer.fire(%L, %L, %L)', 'demo', :'demo', 'start'), 'SK004', NULL,
	'a second start is refused');

SELECT is(e.data ->> 'note', 'go', 'the event carries the payload')
FROM skillancer.event e WHERE e.type = 'demo.started';
SELECT is(e.data ->> 'state', 'RUNNING', 'and the new state')
FROM skillancer.event e WHERE e.type = 'demo.started';
SELECT is(e.data ->> 'demoId', (SELECT id::text FROM skillancer.demo), 'and the id as clients write it')
FROM skillancer.event e WHERE e.type = 'demo.started';
SELECT is((SELECT array_agg(a ORDER BY a) FROM unnest(e.audience) a),
	(SELECT array_agg(id::uuid ORDER BY id::uuid) FROM who WHERE name IN ('client', 'freelancer')),
	'both parties are its audience')
FROM skillancer.event e WHERE e.type = 'demo.started';
SELECT is(e.actor_id, (SELECT id FROM who WHERE name = 'client'), 'and the client its actor')
FROM skillancer.event e WHERE e.type = 'demo.started';

SELECT is(d.due_at, skillancer.now() + interval '14 days', 'the timer runs as long as the policy in force says')
FROM skillancer.due d WHERE d.id = :'demo';
SELECT is(skillancer.fire_system('demo', :'demo', 'finish'), 'DONE', 'the timer may finish it');
SELECT is_empty(format('SELECT FROM skillancer.due WHERE id = %L', :'demo'), 'a state that is left leaves no timer');
SELECT throws_ok(format('SELECT skillancer.fire_system(%L, %L, %L)', 'demo', :'demo', 'finish'), 'SK004', NULL,
	'a second tick of the timer is refused');

-- a pinned policy wins over the one in force
INSERT INTO skillancer.demo (client_id, state, policy)
SELECT id, 'NEW', '{"demoPeriod": "PT1H"}' FROM who WHERE name = 'client';
SELECT id::uuid AS pinned FROM skillancer.demo WHERE policy IS NOT NULL \gset
SELECT skillancer.fire('demo', :'pinned', 'start');
SELECT is(d.due_at, skillancer.now() + interval '1 hour', 'what was pinned to the row wins')
FROM skillancer.due d WHERE d.id = :'pinned';
SELECT skillancer.schedule('demo', :'pinned', 'finish', '2030-01-01');
SELECT is(d.due_at, '2030-01-01'::timestamptz, 'a timer can be set to a time of its own')
FROM skillancer.due d WHERE d.id = :'pinned';

-- a timer that was read, and set anew before the row was locked
SELECT throws_ok(format('SELECT skillancer.fire_timer(%L, %L, %L)', 'demo', :'pinned', 'finish'), 'SK004', 'the time for this has not come',
	'a timer that was set to a later time is no reason any more');
SELECT skillancer.schedule('demo', :'pinned', 'finish', skillancer.now());
SELECT is(skillancer.fire_timer('demo', :'pinned', 'finish'), 'DONE', 'one that is due still is');
INSERT INTO skillancer.demo (client_id, state) SELECT id, 'NEW' FROM who WHERE name = 'client';
SELECT skillancer.fire('demo', d.id::uuid, 'start') FROM skillancer.demo d WHERE d.state = 'NEW';
SELECT throws_ok($$ SELECT skillancer.fire_batch('demo', 'finish', ARRAY(SELECT d.id::uuid FROM skillancer.demo d WHERE d.state = 'RUNNING'), true) $$,
	'SK004', 'the time for this has not come', 'and none of a batch comes too early');

-- imports
SELECT skillancer.import_begin('core test');
SELECT lives_ok($$ INSERT INTO skillancer.demo (state) VALUES ('STOPPED') $$, 'an import may start anywhere in the machine');
SELECT throws_ok($$ INSERT INTO skillancer.demo (state) VALUES ('LOST') $$, 'SK004', NULL, 'but nowhere else');

SELECT * FROM finish();
ROLLBACK;
