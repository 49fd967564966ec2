--
-- skillset
--		Skills with level and years: literals, relations, accessors, casts, indexes.
--
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS skillancer;
RESET client_min_messages;
SET search_path = pg_catalog, skillancer;

-- literals: sorted, years default to 0, uuid text is accepted
SELECT '{skl_00000000000000000000000002:3:5, skl_00000000000000000000000001:1}'::skillset;
SELECT '{}'::skillset, ' { } '::skillset, '{00000000-0000-0000-0000-000000000001 : 4 : 70 }'::skillset;

-- literals that are refused
SELECT ''::skillset;
SELECT '{'::skillset;
SELECT '{skl_00000000000000000000000001}'::skillset;
SELECT '{skl_00000000000000000000000001:0}'::skillset;
SELECT '{skl_00000000000000000000000001:5}'::skillset;
SELECT '{skl_00000000000000000000000001:1:71}'::skillset;
SELECT '{skl_00000000000000000000000001:1:-1}'::skillset;
SELECT '{skl_00000000000000000000000001:1:1:1}'::skillset;
SELECT '{skl_00000000000000000000000001:1,}'::skillset;
SELECT '{usr_00000000000000000000000001:1}'::skillset;
SELECT '{skl_00000000000000000000000001:1,skl_00000000000000000000000001:2}'::skillset;

-- @> wants the level and the years, && only the skill
SELECT have @> want AS contains, want <@ have AS contained, have && want AS overlaps, have = want AS equal
FROM (VALUES
	('{skl_00000000000000000000000001:3:5,skl_00000000000000000000000002:2}'::skillset, '{skl_00000000000000000000000001:3:5}'::skillset),
	('{skl_00000000000000000000000001:3:5}', '{skl_00000000000000000000000001:3:5}'),
	('{skl_00000000000000000000000001:3:5}', '{skl_00000000000000000000000001:4:5}'),
	('{skl_00000000000000000000000001:3:5}', '{skl_00000000000000000000000001:3:6}'),
	('{skl_00000000000000000000000001:3:5}', '{skl_00000000000000000000000002:1}'),
	('{skl_00000000000000000000000001:3:5}', '{}'),
	('{}', '{}')) v (have, want);

-- order, hashing, operator classes
SELECT opcname, amvalidate(oid) FROM pg_opclass WHERE opcname = 'skillset_ops';
SELECT s FROM unnest(ARRAY['{skl_00000000000000000000000002:1}', '{}', '{skl_00000000000000000000000001:2}',
	'{skl_00000000000000000000000001:1,skl_00000000000000000000000002:1}', '{skl_00000000000000000000000001:1}']::skillset[]) s ORDER BY s;
SELECT skillset_hash('{skl_00000000000000000000000002:1,skl_00000000000000000000000001:1}')
	= skillset_hash('{skl_00000000000000000000000001:1:0,skl_00000000000000000000000002:1:0}') AS same_hash;

-- accessors and changes
SELECT skill_count(s), skill_level(s, 'skl_00000000000000000000000002'), skill_years(s, 'skl_00000000000000000000000002'),
	skill_level(s, 'skl_00000000000000000000000003') AS missing, skill_ids(s)
FROM (SELECT '{skl_00000000000000000000000002:3:5,skl_00000000000000000000000001:1}'::skillset AS s) x;
SELECT * FROM skills('{skl_00000000000000000000000002:3:5,skl_00000000000000000000000001:1}');
SELECT skillset_of('{skl_00000000000000000000000002,skl_00000000000000000000000001}', '{3,1}', '{5,0}');
SELECT skillset_of('{}', '{}', '{}');
SELECT skillset_of('{skl_00000000000000000000000002}', '{3,1}', '{5,0}');
SELECT skillset_of('{skl_00000000000000000000000002}', '{9}', '{5}');
SELECT skillset_of('{skl_00000000000000000000000002}', '{1}', '{500}');
SELECT skillset_of('{skl_00000000000000000000000002,skl_00000000000000000000000002}', '{1,1}', '{5,5}');
SELECT skillset_put('{skl_00000000000000000000000002:3:5}', 'skl_00000000000000000000000001', 4, 2),
	skillset_put('{skl_00000000000000000000000002:3:5}', 'skl_00000000000000000000000002', 4, 2) AS replaced,
	skillset_remove('{skl_00000000000000000000000002:3:5}', 'skl_00000000000000000000000002') AS removed,
	skillset_remove('{skl_00000000000000000000000002:3:5}', 'skl_00000000000000000000000001') AS untouched;

-- JSON both ways
SELECT '{skl_00000000000000000000000002:3:5,skl_00000000000000000000000001:1}'::skillset::json;
SELECT '{skl_00000000000000000000000002:3:5}'::skillset::jsonb, '{}'::skillset::json;
SELECT '[{"skillId": "skl_00000000000000000000000002", "level": 3}, {"skillId": "skl_00000000000000000000000001", "level": 1, "years": 9}]'::json::skillset;
SELECT '[]'::jsonb::skillset;
SELECT '{}'::jsonb::skillset;
SELECT '1'::jsonb::skillset;
SELECT '[1]'::jsonb::skillset;
SELECT '[[]]'::jsonb::skillset;
SELECT '[{"skillId": "skl_00000000000000000000000002"}]'::jsonb::skillset;
SELECT '[{"skillId": 5, "level": 1}]'::jsonb::skillset;
SELECT '[{"skillId": "skl_x", "level": 1}]'::jsonb::skillset;
SELECT '[{"skillId": "skl_00000000000000000000000002", "level": 1.5}]'::jsonb::skillset;
SELECT '[{"skillId": "skl_00000000000000000000000002", "level": "1"}]'::jsonb::skillset;
SELECT '[{"skillId": "skl_00000000000000000000000002", "level": 5000000000}]'::jsonb::skillset;

-- stored, compressed and short values compare alike; a GIN index on the ids answers searches
CREATE TEMP TABLE freelancer (id integer, skills skillset);
INSERT INTO freelancer
SELECT i, skillset_of(array_agg(('00000000-0000-0000-0000-' || lpad(to_hex(k), 12, '0'))::skill_id), array_agg(1 + k % 4), array_agg(k % 30))
FROM generate_series(1, 2000) i, LATERAL (SELECT DISTINCT (i * j * 7919) % 499 AS k FROM generate_series(1, 1 + i % 60) j) s GROUP BY i;
CREATE INDEX freelancer_skills ON freelancer USING gin (skill_ids(skills));
ANALYZE freelancer;
SET enable_seqscan = off;
EXPLAIN (COSTS OFF) SELECT count(*) FROM freelancer WHERE skill_ids(skills) @> '{skl_0000000000000000000000001a}';
SELECT count(*) AS by_index FROM freelancer WHERE skill_ids(skills) @> '{skl_0000000000000000000000001a}';
RESET enable_seqscan;
SELECT count(*) AS by_scan FROM freelancer WHERE skills && '{skl_0000000000000000000000001a:1}';
SELECT bool_and(skills::text::skillset = skills AND skills::json::skillset = skills) AS come_back,
	count(DISTINCT skills) = count(DISTINCT skills::text) AS distinct_alike, max(skill_count(skills)) AS largest FROM freelancer;
SELECT skillset_of(array_agg(md5(i::text)::uuid::skill_id), array_agg(1), array_agg(1)) FROM generate_series(1, 501) i;
SELECT skill_count(skillset_of(array_agg(md5(i::text)::uuid::skill_id), array_agg(1), array_agg(1))) FROM generate_series(1, 500) i;

-- the operator class: && and @> by the index give what a scan gives, levels and years included
CREATE INDEX freelancer_set ON freelancer USING gin (skills);
CREATE FUNCTION same_by_index(condition text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	v_scan bigint; v_index bigint; v_line text; v_plan text := '';
BEGIN
	SET LOCAL enable_indexscan = off; SET LOCAL enable_bitmapscan = off;
	EXECUTE 'SELECT count(*) FROM freelancer WHERE ' || condition INTO v_scan;
	SET LOCAL enable_bitmapscan = on; SET LOCAL enable_seqscan = off;
	EXECUTE 'SELECT count(*) FROM freelancer WHERE ' || condition INTO v_index;
	FOR v_line IN EXECUTE 'EXPLAIN (COSTS OFF) SELECT count(*) FROM freelancer WHERE ' || condition LOOP
		v_plan := v_plan || v_line;
	END LOOP;
	RESET enable_seqscan; RESET enable_indexscan;
	RETURN format('%s %s %s', v_scan, CASE WHEN v_scan = v_index THEN 'alike' ELSE 'not ' || v_index END,
		CASE WHEN v_plan LIKE '%Bitmap Index Scan on freelancer_set%' THEN 'by index' ELSE v_plan END);
END $$;
SELECT c AS condition, same_by_index(c) FROM unnest(ARRAY[
	$$skills && '{skl_0000000000000000000000001a:1}'$$, $$skills && '{skl_0000000000000000000000001a:4, skl_00000000000000000000000007:4}'$$,
	$$skills @> '{skl_0000000000000000000000001a:1}'$$, $$skills @> '{skl_0000000000000000000000001a:4}'$$,
	$$skills @> '{skl_0000000000000000000000001a:1:12}'$$, $$skills @> '{skl_0000000000000000000000001a:1:13}'$$, $$skills @> '{skl_0000000000000000000000001a:1, skl_00000000000000000000000007:2}'$$,
	$$skills @> '{}'$$, $$skills && '{}'$$, $$skills && '{skl_7zzzzzzzzzzzzzzzzzzzzzzzzz:1}'$$]) c;
SELECT amvalidate(oid) FROM pg_opclass WHERE opcname = 'skillset_ops' AND opcmethod = (SELECT oid FROM pg_am WHERE amname = 'gin');

-- weighted coverage
SELECT skillset_coverage(h, w, g) FROM (VALUES
	('{skl_00000000000000000000000001:2}'::skillset, '{skl_00000000000000000000000001:1}'::skillset, NULL::float8[]),
	('{skl_00000000000000000000000001:2}', '{skl_00000000000000000000000001:4}', NULL),
	('{skl_00000000000000000000000001:2}', '{skl_00000000000000000000000002:1}', NULL),
	('{skl_00000000000000000000000002:3}', '{skl_00000000000000000000000001:1, skl_00000000000000000000000002:3}', '{1,3}'),
	('{skl_00000000000000000000000002:3}', '{}', '{}'), ('{}', '{skl_00000000000000000000000002:3}', '{0}'), (NULL, '{}', NULL)) v (h, w, g);
SELECT skillset_coverage('{}', '{skl_00000000000000000000000002:3}', '{1,2}');
SELECT skillset_coverage('{}', '{skl_00000000000000000000000002:3}', '{NaN}');
