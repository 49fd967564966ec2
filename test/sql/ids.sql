--
-- ids
--		The id types: text and uuid forms, comparison, indexes, casts, and that they do not mix.
--
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS skillancer;
RESET client_min_messages;
SET search_path = pg_catalog;

-- TypeID and uuid text are the same value
SELECT 'usr_01h455vb4pex5vsknk084sn02q'::skillancer.user_id AS typeid,
	'01890a5d-ac96-774b-bcce-b302099a8057'::skillancer.user_id AS from_uuid,
	'01890A5DAC96774BBCCEB302099A8057'::skillancer.user_id AS from_hex,
	E' \t usr_01h455vb4pex5vsknk084sn02q\n'::skillancer.user_id AS spaced;
SELECT 'usr_01h455vb4pex5vsknk084sn02q'::skillancer.user_id::uuid;
SELECT '01890a5d-ac96-774b-bcce-b302099a8057'::uuid::skillancer.project_id;
SELECT '00000000-0000-0000-0000-000000000000'::skillancer.event_id AS lowest,
	'ffffffff-ffff-ffff-ffff-ffffffffffff'::skillancer.event_id AS highest;

-- every kind of id reads and writes its own prefix, and no two share one
SELECT type_name, prefix, what FROM skillancer.id_kinds() ORDER BY type_name;
SELECT count(*) = count(DISTINCT prefix) AS prefixes_differ, count(*) AS kinds FROM skillancer.id_kinds();
DO $$
DECLARE
	v_kind record;
	v_text text;
BEGIN
	FOR v_kind IN SELECT * FROM skillancer.id_kinds() LOOP
		EXECUTE format('SELECT %L::skillancer.%I::text', '01890a5d-ac96-774b-bcce-b302099a8057', v_kind.type_name)
			INTO v_text;
		IF v_text <> v_kind.prefix || '_01h455vb4pex5vsknk084sn02q' THEN
			RAISE EXCEPTION '% writes %', v_kind.type_name, v_text;
		END IF;
	END LOOP;
END
$$;

-- wrong kinds and malformed texts
SELECT 'prj_01h455vb4pex5vsknk084sn02q'::skillancer.user_id;
SELECT '01h455vb4pex5vsknk084sn02q'::skillancer.user_id;
SELECT 'usr_81h455vb4pex5vsknk084sn02q'::skillancer.user_id;
SELECT 'usr_01h455vb4pex5vsknk084sn02'::skillancer.user_id;
SELECT 'usr_01H455VB4PEX5VSKNK084SN02Q'::skillancer.user_id;
SELECT 'usr_01h455vb4pex5vsknk084sn02l'::skillancer.user_id;
SELECT ''::skillancer.user_id;
SELECT '01890a5d-ac96-774b-bcce-b302099a805'::skillancer.user_id;
SELECT '01890a5dac96-774b-bcce-b302099a80570'::skillancer.user_id;
SELECT '{01890a5d-ac96-774b-bcce-b302099a8057}'::skillancer.user_id;

-- a project id where a user id is due is a type error, and a uuid needs a cast
SELECT 'usr_01h455vb4pex5vsknk084sn02q'::skillancer.user_id = 'prj_01h455vb4pex5vsknk084sn02q'::skillancer.project_id;
SELECT 'usr_01h455vb4pex5vsknk084sn02q'::skillancer.user_id = '01890a5d-ac96-774b-bcce-b302099a8057'::uuid;
SELECT 'usr_01h455vb4pex5vsknk084sn02q'::skillancer.user_id::skillancer.project_id;

-- comparison is uuid's
SELECT a < b AS lt, a <= b AS le, a = b AS eq, a <> b AS ne, a >= b AS ge, a > b AS gt
FROM (VALUES ('00000000-0000-0000-0000-000000000001'::skillancer.user_id, '00000000-0000-0000-0000-000000000002'::skillancer.user_id),
	('00000000-0000-0000-0000-000000000002', '00000000-0000-0000-0000-000000000002')) AS v (a, b);

-- operator classes are complete, functions leakproof
SELECT count(*) AS classes, bool_and(amvalidate(c.oid)) AS valid
FROM pg_opclass c JOIN skillancer.id_kinds() k ON c.opcintype = ('skillancer.' || k.type_name)::regtype;
SELECT count(*) AS comparisons, bool_and(p.proleakproof AND p.provolatile = 'i' AND p.proisstrict AND p.proparallel = 's') AS sound
FROM pg_operator o JOIN pg_proc p ON p.oid = o.oprcode
JOIN skillancer.id_kinds() k ON o.oprleft = ('skillancer.' || k.type_name)::regtype;

-- an index on ids is used; sorting, hashing, DISTINCT and arrays work
CREATE TEMP TABLE person (id skillancer.user_id PRIMARY KEY, friend skillancer.user_id);
INSERT INTO person SELECT md5(i::text)::uuid::skillancer.user_id, md5((i % 10)::text)::uuid::skillancer.user_id
FROM generate_series(1, 5000) i;
ANALYZE person;
EXPLAIN (COSTS OFF) SELECT * FROM person WHERE id = 'usr_01h455vb4pex5vsknk084sn02q';
SELECT count(DISTINCT friend) AS friends, count(*) FILTER (WHERE id = ANY (ARRAY(SELECT friend FROM person))) AS known FROM person;
SELECT bool_and(id::uuid > previous) AS ordered
FROM (SELECT id, lag(id::uuid) OVER (ORDER BY id) AS previous FROM person) s;
SET enable_mergejoin = off; SET enable_nestloop = off;
SELECT count(*) FROM person a JOIN person b ON a.friend = b.id;
RESET enable_mergejoin; RESET enable_nestloop;
SELECT json_build_object('id', 'usr_01h455vb4pex5vsknk084sn02q'::skillancer.user_id,
	'all', ARRAY['usr_01h455vb4pex5vsknk084sn02q'::skillancer.user_id]);

-- new ids: version 7, variant 10, ascending within a session
SELECT bool_and(substr(id::text, 15, 1) = '7' AND substr(id::text, 20, 1) IN ('8', '9', 'a', 'b')) AS version_7,
	bool_and(id > previous IS NOT FALSE) AS ascending, count(DISTINCT id) AS ids
FROM (SELECT id, lag(id) OVER (ORDER BY n) AS previous
	FROM (SELECT n, skillancer.new_id() AS id FROM generate_series(1, 20000) n) a) b;
