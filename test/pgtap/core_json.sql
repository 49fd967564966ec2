-- core_json.sql
--	json_doc() writes what json_build_object() writes, but for white space.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT no_plan();
SET LOCAL timezone = 'UTC';
CREATE DOMAIN pg_temp.short_time AS timestamptz;
CREATE TYPE pg_temp.pair AS (a integer, b text);
CREATE TYPE pg_temp.mood AS ENUM ('good', 'bad');
CREATE TEMP TABLE every (
	t text, v varchar, c char(3), n name, b boolean, i2 smallint, i4 integer, i8 bigint, f4 real, f8 double precision, d numeric, day date, ts timestamp,
	tz timestamptz, dom pg_temp.short_time, u uuid, j json, jb jsonb, ta text[], ia integer[], ma skillancer.monetary[], m skillancer.monetary,
	p skillancer.project_id, pa skillancer.project_id[], r pg_temp.pair, e pg_temp.mood, iv interval, by bytea, s skillancer.skillset);
INSERT INTO every (t) VALUES (NULL), (''), ('plain'), (E'quote " back \\ slash / tab \t line \n cr \r bs \b ff \f one \x01 del \x7f ä € 😀'), (repeat('long', 5000));
INSERT INTO every VALUES ('x', 'v', 'c', 'n', true, -1, 2147483647, -9223372036854775808, 1.5, 'Infinity', 'NaN', 'infinity', '2024-02-29 12:00:00.5', '2024-02-29 12:00:00.123456+02',
	'2024-01-01 00:00:00Z', '01900000-0000-7000-8000-000000000001', ' { "a" : [1] } ', '{"b": {"c": "d"}}', '{a,NULL,"b\"c"}', '{1,NULL,3}', '{5 USD,7.50 EUR}', '12.5 USD',
	'prj_01h455vb4pex5vsknk084sn02q', '{prj_01h455vb4pex5vsknk084sn02q}', '(1,two)', 'bad', '1 day', '\x00ff', NULL);
INSERT INTO every (b, f8, d, ta, ia, tz) VALUES (false, -0.1, 1e20, '{}', '{{1,2},{3,4}}', '-infinity'), (NULL, 1e-300, 0.10, '{{a,b},{c,d}}', '{}', NULL);
SELECT is(a::jsonb, b::jsonb, 'row ' || n)
FROM (
	SELECT row_number() OVER () AS n,
		json_build_object('t', t, 'v', v, 'c', c, 'n', n, 'b', b, 'i2', i2, 'i4', i4, 'i8', i8, 'f4', f4, 'f8', f8, 'd', d, 'day', day, 'ts', ts, 'tz', tz, 'dom', dom, 'u', u,
			'j', j, 'jb', jb, 'ta', ta, 'ia', ia, 'ma', ma, 'm', m, 'p', p, 'pa', pa, 'r', r, 'e', e, 'iv', iv, 'by', by) AS a,
		skillancer.json_doc('t', t, 'v', v, 'c', c, 'n', n, 'b', b, 'i2', i2, 'i4', i4, 'i8', i8, 'f4', f4, 'f8', f8, 'd', d, 'day', day, 'ts', ts, 'tz', tz, 'dom', dom, 'u', u,
			'j', j, 'jb', jb, 'ta', ta, 'ia', ia, 'ma', ma, 'm', m, 'p', p, 'pa', pa, 'r', r, 'e', e, 'iv', iv, 'by', by) AS b
	FROM every) x;
SELECT is(skillancer.json_doc('a', 1, 'b', 'c', 'd', NULL)::text, '{"a":1,"b":"c","d":null}', 'no white space');
SELECT is(skillancer.json_doc('a"b' || t, t)::text, '{"a\"bplain":"plain"}', 'names are escaped, too') FROM every WHERE t = 'plain';
SELECT throws_ok($$ SELECT skillancer.json_doc('a') $$, '22023', NULL, 'a name without a value is refused');
SELECT throws_ok($$ SELECT skillancer.json_doc(NULL, 1) $$, '22004', NULL, 'a value without a name, too');
SELECT throws_ok($$ SELECT skillancer.json_doc(VARIADIC ARRAY['a', 'b']) $$, '22023', NULL, 'and an array of arguments');
-- the kept descriptions follow the catalogue
CREATE FUNCTION pg_temp.say() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN skillancer.json_doc('m', 'good'::pg_temp.mood); END $$;
SELECT is(pg_temp.say(), '{"m":"good"}', 'an enum');
ALTER TYPE pg_temp.mood RENAME VALUE 'good' TO 'fine';
SELECT is(skillancer.json_doc('m', 'fine'::pg_temp.mood)::text, '{"m":"fine"}', 'with a new name');
SELECT * FROM finish();
ROLLBACK;
