-- core_requests.sql
--	What every route leans on: checks, lists with cursors, entity tags, policies, idempotency, ticks.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT plan(33);

-- errors and checks
SELECT throws_ok($$ SELECT skillancer.fail('OWN_PROJECT') $$, 'SK202', 'this is your own project', 'fail() raises the row of errors.def');
SELECT throws_ok($$ SELECT skillancer.fail('NO_SUCH_CODE') $$, 'XX000', NULL, 'an unknown code is a mistake of ours');
-- the problems that a call collects, as the client gets them
CREATE FUNCTION pg_temp.problems(p_statement text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE v_detail text;
BEGIN
	EXECUTE p_statement;
	PERFORM skillancer.check_done();
	RETURN '[]';
EXCEPTION WHEN SQLSTATE 'SK001' THEN
	GET STACKED DIAGNOSTICS v_detail = PG_EXCEPTION_DETAIL;
	RETURN v_detail;
END $$;
SELECT is(pg_temp.problems($$ SELECT skillancer.check_text('a', 'ok', 1, 5), skillancer.check_int('b', 3, 1, 5), skillancer.check_one_of('c', 'X', '{X,Y}') $$),
	'[]', 'good fields are no problem');
SELECT is(jsonb_array_length(pg_temp.problems($$ SELECT skillancer.check_text('a', '', 1, 5), skillancer.check_text('b', NULL, 1, 5),
		skillancer.check_int('c', 9, 1, 5), skillancer.check_number('d', 'NaN', 0, 1), skillancer.check_one_of('e', 'Z', '{X,Y}'),
		skillancer.check_array('f', '{aa,b}', 1, 1), skillancer.check_that('g', NULL, 'must hold') $$)), 8,
	'every bad field is named, all at once');
SELECT lives_ok('SELECT skillancer.check_done()', 'what was raised once is not raised again');

-- lists
SELECT throws_ok($$ SELECT skillancer.list_reply('{"1"}', '{}', 20, 's') $$, '22023', NULL, 'a list without keys is a mistake of ours');
SELECT is((r).meta #>> '{pagination,hasNext}', 'false', 'a short list has no next page')
FROM skillancer.list_reply(ARRAY['1']::json[], '{k1}', 2, 's') r;
SELECT is((r).body::text, '[]', 'an empty list is an empty array') FROM skillancer.list_reply(NULL, NULL, 2, 's') r;
SELECT (r).meta #>> '{pagination,nextCursor}' AS cursor, (r).body AS body
FROM skillancer.list_reply(ARRAY['1', '2', '3']::json[], '{k1,k2,k3}', 2, 'scope') r \gset
SELECT is(:'body'::text, '[1,2]', 'the surplus row is not shown');
SELECT is(skillancer.cursor_decode('scope', :'cursor'), 'k2', 'the cursor holds the key of the last row shown');
SELECT throws_ok(format('SELECT skillancer.cursor_decode(%L, %L)', 'other', :'cursor'), 'SK001', NULL, 'a cursor of another list is refused');
SELECT throws_ok(format('SELECT skillancer.cursor_decode(%L, %L)', 'scope', translate(:'cursor', 'ABCDEF', 'BCDEFA') || 'x'), 'SK001', NULL, 'a forged cursor is refused');
SELECT throws_ok($$ SELECT skillancer.cursor_decode('scope', repeat('A', 5000)) $$, 'SK001', NULL, 'a huge one too');
SELECT throws_ok($$ SELECT skillancer.cursor_decode('scope', '') $$, 'SK001', NULL, 'an empty one too');
SELECT is(skillancer.cursor_decode('scope', NULL), NULL, 'no cursor is the first page');

-- entity tags
SELECT ok(skillancer.etag_matches('"a", W/"v1"', 'v1'), 'If-None-Match finds a tag in a list');
SELECT ok(skillancer.etag_matches('*', 'v1'), 'a star matches all');
SELECT ok(NOT skillancer.etag_matches('"v10"', 'v1'), 'a longer tag is another tag');
SELECT ok(NOT skillancer.etag_matches('v1', 'v1'), 'a tag without quotes is none');
SELECT throws_ok($$ SELECT skillancer.check_if_match('"v1"', 'v2') $$, 'SK006', NULL, 'If-Match with an old version is refused');
SELECT lives_ok($$ SELECT skillancer.check_if_match(NULL, 'v2') $$, 'without If-Match nothing is checked');

-- idempotency
SELECT skillancer.new_id()::skillancer.user_id AS someone \gset
INSERT INTO skillancer.user_account (id, email, name, state) VALUES (:'someone', 'idem@core.test', 'someone', 'PENDING');
SELECT throws_ok($$ SELECT skillancer.idempotency_claim('k', 'POST /x', '\x01') $$, 'SK101', NULL, 'a key belongs to somebody');
SELECT skillancer.impersonate(:'someone');
SELECT is((c).status, NULL, 'a new key has no answer yet') FROM skillancer.idempotency_claim('other', 'POST /x', '\x01') c;
-- One call as the bridge wraps it; the effect counts.
CREATE TEMP SEQUENCE effects;
CREATE FUNCTION pg_temp.effect() RETURNS skillancer.reply LANGUAGE sql VOLATILE AS
$$ SELECT ROW(201, 'v1', NULL, NULL, json_build_object('n', nextval('pg_temp.effects')))::skillancer.reply $$;
CREATE FUNCTION pg_temp.call(p_hash bytea) RETURNS skillancer.reply LANGUAGE sql VOLATILE AS $$
	SELECT s FROM skillancer.idempotency_claim('key', 'POST /y', p_hash) c
	CROSS JOIN LATERAL skillancer.idempotency_settle('key', 'POST /y', c, CASE WHEN c.status IS NULL THEN pg_temp.effect() END) s
$$;
CREATE TEMP TABLE answers AS SELECT 1 AS n, (pg_temp.call('\x0a')).*;
INSERT INTO answers SELECT 2, (c).* FROM pg_temp.call('\x0a') c;
SELECT is((SELECT body::text FROM answers WHERE n = 2), '{"n" : 1}', 'a repeated call gets the first answer');
SELECT is(headers ->> 'Idempotency-Replayed', 'true', 'and says so') FROM answers WHERE n = 2;
SELECT throws_ok($$ SELECT pg_temp.call('\x0b') $$, 'SK007', NULL, 'the same key with another body is refused');

SELECT is((c).status, NULL, 'on another route the key is another key') FROM skillancer.idempotency_claim('key', 'POST /z', '\x0b') c;
SELECT throws_ok($$ SELECT skillancer.idempotency_claim(repeat('k', 256), 'POST /y', '\x0a') $$, 'SK001', NULL, 'a key has a longest length');
UPDATE skillancer.idempotency_key SET created_at = skillancer.now() - interval '73 hours' WHERE key = 'key';
SELECT is((pg_temp.call('\x0a')).body::text, '{"n" : 2}', 'after three days the key is forgotten and the work is done again');
SELECT is((SELECT count(*) FROM skillancer.idempotency_key WHERE key = 'key' AND route = 'POST /y'), 1::bigint, 'under one row');

-- ticks: what was emitted is read once
SELECT skillancer.emit('user.created', 'user', :'someone'::skillancer.user_id::uuid, '{}');
SELECT position_a AS a, position_b AS b FROM skillancer.tick_open('core-test') \gset
SELECT is((SELECT count(*) FROM skillancer.tick_events(skillancer.epoch(), :'a', :'b') e WHERE e.aggregate_id = :'someone'::skillancer.user_id::uuid), 0::bigint,
	'a tick does not read its own transaction');
SELECT lives_ok(format('SELECT skillancer.tick_close(%L, %L, 0)', 'core-test', :'b'), 'a tick closes');
SELECT is((SELECT position_a::text FROM skillancer.tick_open('core-test')), :'b'::text, 'the next one starts where it ended');

SELECT * FROM finish();
ROLLBACK;
