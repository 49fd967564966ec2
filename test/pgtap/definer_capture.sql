-- definer_capture.sql
--	Temporary objects of a caller change nothing in functions that run with other rights (faults 77): a table for
--	every table of ours, and functions that shadow the names which bodies use.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT plan(7);

SELECT skillancer.new_id()::skillancer.user_id AS someone \gset
INSERT INTO skillancer.user_account (id, email, name, state) VALUES (:'someone', 'capture@core.test', 'Someone', 'PENDING');
INSERT INTO skillancer.user_role (user_id, role) VALUES (:'someone', 'CLIENT'), (:'someone', 'USER');
CREATE TEMP TABLE answers (n integer, answer text);
GRANT ALL ON answers TO PUBLIC;

-- what an attacker with a session of his own could leave behind: empty tables of the same names
CREATE TEMP TABLE captured AS SELECT c.relname FROM pg_class c
WHERE c.relnamespace = 'skillancer'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname NOT LIKE 'event\_2%';
DO $$
DECLARE v_name text;
BEGIN
	FOR v_name IN SELECT relname FROM captured LOOP
		EXECUTE format('CREATE TEMP TABLE %I (LIKE skillancer.%I)', v_name, v_name);
	END LOOP;
END $$;
CREATE FUNCTION pg_temp.now() RETURNS timestamptz LANGUAGE sql AS $$ SELECT 'infinity'::timestamptz $$;
CREATE FUNCTION pg_temp.current_user_id() RETURNS skillancer.user_id LANGUAGE sql AS $$ SELECT NULL::skillancer.user_id $$;
CREATE FUNCTION pg_temp.fail(text, text DEFAULT NULL, jsonb DEFAULT NULL) RETURNS void LANGUAGE sql AS '';
SET LOCAL search_path = pg_temp, skillancer_api, public;

SELECT cmp_ok((SELECT count(*) FROM captured), '>', 30::bigint, 'every table has a double');
SELECT skillancer.impersonate(:'someone');
SELECT is((SELECT (r).body ->> 'email' FROM skillancer_api.me_get() r), 'capture@core.test', 'the caller is read from the real table');
SELECT throws_ok($$ SELECT skillancer.fire('booking', skillancer.new_id(), 'end') $$, 'SK002', NULL, 'the engine reads its real rows');
SELECT isnt(skillancer.policy_int('proposalLimit'), NULL, 'policies are the real ones');
SELECT lives_ok($$ INSERT INTO answers SELECT 1, skillancer.emit('user.created', 'user', skillancer.new_id(), '{}')::text $$, 'an event is emitted');
SELECT is((SELECT count(*) FROM skillancer.event e JOIN answers a ON a.answer::uuid = e.id::uuid), 1::bigint, 'into the real log');
SELECT is((SELECT sum(n)::bigint FROM (
	SELECT (xpath('/row/n/text()', query_to_xml(format('SELECT count(*) AS n FROM pg_temp.%I', relname), false, true, '')))[1]::text::bigint AS n
	FROM captured) x), 0::bigint, 'and nothing into any double');

SELECT * FROM finish();
ROLLBACK;
