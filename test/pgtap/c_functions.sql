-- c_functions.sql
--	Every C function of the extension with NULLs, extremes, empty and toasted values and odd arrays, as the catalogue
--	lists them: an error is fine, an internal error or the end of the backend is not.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT plan(3);
SET LOCAL statement_timeout = '120s';
SET LOCAL client_min_messages = error;
SELECT setseed(0.112) AS seeded \gset

-- what to pass for an argument of a type; a type that is not here gets NULL and its own literals below
CREATE TEMP TABLE sample (type text, expression text);
INSERT INTO sample SELECT 'text', e FROM unnest(ARRAY[$$''$$, $$'a'$$, $$'client'$$, $$'USD'$$, $$'1234.50'$$, $$'half_even'$$, $$repeat('x', 30000)$$,
	$$repeat('{', 5000)$$, $$E'\u00e9\u20ac\U0001F600'$$, $$'{a|b}'$$, $$'usr_01h455vb4pex5vsknk084sn02q'$$, $$E'a\tb\nc'$$, $$'%s%n%d'$$]) e;
INSERT INTO sample SELECT 'integer', e FROM unnest(ARRAY['0', '1', '-1', '7', '(-2147483648)', '2147483647']) e;
INSERT INTO sample SELECT 'bigint', e FROM unnest(ARRAY['0', '1', '-1', '(-9223372036854775808)', '9223372036854775807']) e;
INSERT INTO sample SELECT 'smallint', e FROM unnest(ARRAY['0::int2', '32767::int2']) e;
INSERT INTO sample SELECT 'boolean', e FROM unnest(ARRAY['true', 'false']) e;
INSERT INTO sample SELECT 'numeric', e FROM unnest(ARRAY['0', '1.5', '-1e300', $$'NaN'$$, $$'Infinity'$$, '1e-300']) e;
INSERT INTO sample SELECT 'double precision', e FROM unnest(ARRAY['0', $$'NaN'$$, $$'Infinity'$$, '1e308', '-1e308']) e;
INSERT INTO sample SELECT 'uuid', e FROM unnest(ARRAY[$$'00000000-0000-0000-0000-000000000000'$$, $$'ffffffff-ffff-ffff-ffff-ffffffffffff'$$, 'gen_random_uuid()']) e;
INSERT INTO sample SELECT 'bytea', e FROM unnest(ARRAY[$$''$$, $$'\x00'$$, $$decode(repeat('ff', 30000), 'hex')$$]) e;
INSERT INTO sample SELECT t, e FROM unnest('{json,jsonb}'::text[]) t, unnest(ARRAY[$$'{}'$$, $$'[]'$$, $$'null'$$, $$'1e400'$$, $$'"x"'$$, $$'{"a": {"b": [1, null, {}]}}'$$,
	$$'{"amount": "1.50", "currency": "USD"}'$$, $$'{"amount": 1e30, "currency": "USD"}'$$, $$'[{"skillId": "skl_01h455vb4pex5vsknk084sn02q", "level": 3}]'$$,
	$$'[{"tier": "BASIC", "price": {"amount": "1", "currency": "USD"}, "deliveryDays": 1e9}]'$$, $$(repeat('[', 3000) || repeat(']', 3000))$$]) e;
INSERT INTO sample SELECT 'timestamp with time zone', e FROM unnest(ARRAY[$$'-infinity'$$, $$'infinity'$$, $$'2026-01-01'$$]) e;
INSERT INTO sample SELECT 'date', e FROM unnest(ARRAY[$$'-infinity'$$, $$'infinity'$$, $$'2026-01-01'$$]) e;
INSERT INTO sample SELECT 'interval', e FROM unnest(ARRAY[$$'0'$$, $$'178000000 years'$$]) e;
INSERT INTO sample SELECT 'skillancer.monetary', e FROM unnest(ARRAY[$$'0 USD'$$, $$'92233720368547758.07 USD'$$, $$'-92233720368547758.08 USD'$$, $$'1 JPY'$$]) e;
INSERT INTO sample SELECT 'skillancer.skillset', e FROM unnest(ARRAY[$$'{}'$$, $$'{skl_01h455vb4pex5vsknk084sn02q:3:5}'$$,
	'(SELECT skillancer.skillset_of(array_agg(md5(i::text)::uuid::skillancer.skill_id), array_agg(1), array_agg(1)) FROM generate_series(1, 500) i)']) e;
INSERT INTO sample SELECT 'skillancer.rating_tally', e FROM unnest(ARRAY[$$'0/0/0/0/0'$$, $$'2147483647/0/0/0/2147483647'$$]) e;
INSERT INTO sample SELECT 'skillancer.' || k.type_name, format('%L', e) FROM skillancer.id_kinds() k,
	unnest(ARRAY['00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff']) e;
-- arrays: empty, one element, a NULL, six dimensions, many
INSERT INTO sample SELECT s.type || '[]', a.expression
FROM (SELECT type, min(expression) AS one FROM sample WHERE type NOT LIKE '%[]' GROUP BY type) s,
	LATERAL (VALUES ($$'{}'$$), (format('ARRAY[(%s)::%s]', s.one, s.type)), ($$'{NULL}'$$), (format('ARRAY[[[[[[(%s)::%s]]]]]]', s.one, s.type)),
		(format('array_fill((%s)::%s, ARRAY[2000])', s.one, s.type))) a (expression);

-- what only our own SQL can do wrong: it names codes, machines and hashes that exist
CREATE TEMP TABLE internal (function text, message text);
INSERT INTO internal VALUES ('skillancer.fail', 'errors.def has no code %'), ('skillancer.fail', 'an error code is needed'),
	('skillancer.audit', 'audit: action and object type are needed'), ('skillancer.emit', 'emit: argument % is NULL'),
	('skillancer.fire', 'the payload of an event must be an object'), ('skillancer.fire', 'there is no state machine %'),
	('skillancer.fire_system', 'the payload of an event must be an object'), ('skillancer.fire_system', 'there is no state machine %'), ('skillancer.fire_batch', 'there is no state machine %'), ('skillancer.fire_timer', 'there is no state machine %'),
	('skillancer.search_build', 'there is no search index %'), ('skillancer.search_try', 'there is no search index %'), ('skillancer.search_write', 'there is no search index %'),
	('skillancer.password_verify', 'Argon2id: Decoding failed'), ('skillancer.policy_int', 'policy "%'), ('skillancer.policy_value', 'policy "%'),
	('skillancer.policy_interval', 'policy "%');

-- calls a function with drawn arguments; the SQLSTATE, or 00000
CREATE FUNCTION pg_temp.call(p_function oid) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	v_arguments text;
BEGIN
	SELECT string_agg(CASE WHEN t.n = p.provariadic_at THEN 'VARIADIC ' ELSE '' END || format('(%s)::%s',
			CASE WHEN random() < 0.1 THEN 'NULL' ELSE coalesce((SELECT s.expression FROM sample s WHERE s.type = format_type(t.type, NULL)
				OR s.type = replace(format_type(t.type, NULL), 'pg_catalog.', '') ORDER BY random() LIMIT 1), 'NULL') END,
			format_type(t.type, NULL)), ', ' ORDER BY t.n)
	INTO v_arguments
	FROM (SELECT proargtypes, CASE WHEN provariadic <> 0 THEN pronargs END AS provariadic_at FROM pg_proc WHERE oid = p_function) p,
		unnest(p.proargtypes) WITH ORDINALITY t (type, n);
	EXECUTE format('SELECT %s(%s)', p_function::regproc, v_arguments);
	RETURN '00000';
EXCEPTION WHEN OTHERS OR query_canceled THEN
	RETURN SQLSTATE || ' ' || left(SQLERRM, 100);
END
$$;

SET LOCAL search_path = '';
CREATE TEMP TABLE outcome AS
SELECT p.oid::pg_catalog.regprocedure AS function, pg_temp.call(p.oid) AS state
FROM (SELECT DISTINCT ON (p.prosrc) p.oid
	FROM pg_catalog.pg_proc p
	JOIN pg_catalog.pg_language l ON l.oid = p.prolang AND l.lanname = 'c'
	JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid AND d.deptype = 'e'
	JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid AND e.extname = 'skillancer'
	WHERE p.prokind = 'f' AND p.proname <> 'begin_request' -- starts the timer of the statement that this is
		AND p.prorettype <> 'pg_catalog.trigger'::pg_catalog.regtype
		AND NOT p.proargtypes::oid[] && ARRAY['internal'::pg_catalog.regtype, 'cstring'::pg_catalog.regtype]::oid[]
	ORDER BY p.prosrc, p.oid) p,
	pg_catalog.generate_series(1, 30);
RESET search_path;

SELECT ok((SELECT count(DISTINCT function) > 100 FROM outcome), 'there are functions to call');
SELECT ok((SELECT count(*) FILTER (WHERE state = '00000') > count(*) / 5 FROM outcome), 'many calls succeed');
SELECT is((SELECT string_agg(DISTINCT format('%s: %s', function, state), E'\n') FROM outcome
	WHERE state LIKE '57014%' OR state LIKE 'XX%' AND NOT EXISTS (SELECT FROM internal i
		WHERE outcome.function::text LIKE i.function || '(%' AND outcome.state LIKE 'XX000 ' || i.message)), NULL,
	'none ends in an internal error that is not listed, or never');

SELECT * FROM finish();
ROLLBACK;
