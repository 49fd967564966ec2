/*
 * run.sql
 *		Runs the checks over what matrix.sql, fixture.sql and the files set up, and prints TAP.
 */
CREATE TABLE rls.tap (n serial PRIMARY KEY, ok boolean, name text, notes text[]);

-- every cell has one expectation, every expectation a cell
INSERT INTO rls.tap (ok, name, notes)
SELECT count(m.line) = 0, 'every relation, role and command has an expectation', array_remove(array_agg(m.line), NULL)
FROM (SELECT format('missing: %s %s %s', w.relation, w.role, string_agg(w.command, ' ' ORDER BY w.command)) AS line
	FROM rls.wanted w LEFT JOIN rls.cell c USING (relation, role, command)
	WHERE c.expect IS NULL GROUP BY w.relation, w.role ORDER BY 1) m;
INSERT INTO rls.tap (ok, name, notes)
SELECT count(m.line) = 0, 'every expectation is about something', array_remove(array_agg(m.line), NULL)
FROM (SELECT format('stale: %s %s %s', c.relation, c.role, c.command) AS line
	FROM rls.cell c LEFT JOIN rls.wanted w USING (relation, role, command) WHERE w.relation IS NULL
	UNION ALL SELECT format('stale: special %s', s.relation) FROM rls.special s
	WHERE s.relation NOT IN (SELECT r.name FROM rls.relation r)) m;
INSERT INTO rls.tap (ok, name, notes)
SELECT count(m.line) = 0, 'no cell has two expectations', array_remove(array_agg(m.line), NULL)
FROM (SELECT format('twice: %s %s %s', c.relation, c.role, c.command) AS line
	FROM rls.cell c GROUP BY c.relation, c.role, c.command HAVING count(*) > 1) m;

-- rows to tell people apart: of three tenants wherever a policy knows whose a row is
CREATE FUNCTION rls.row_count(p_relation oid) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE v_rows bigint;
BEGIN
	EXECUTE format('SELECT count(*) FROM %s', p_relation::regclass) INTO v_rows;
	RETURN v_rows;
END $$;
INSERT INTO rls.tap (ok, name, notes)
SELECT count(m.line) = 0, 'every table with policies has rows in the fixture', array_remove(array_agg(m.line), NULL)
FROM (SELECT DISTINCT format('no rows: %s', p.polrelid::regclass) AS line FROM pg_policy p
	WHERE rls.row_count(p.polrelid) < CASE
		WHEN EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = p.polrelid AND a.attname = 'singleton') THEN 1 ELSE 2 END) m;

-- the cells, persona by persona; "nobody" comes first, because an identity cannot be taken back
DO $$
DECLARE
	v_relations oid[] := ARRAY(SELECT oid FROM rls.relation);
	v_roles text[] := ARRAY(SELECT name FROM rls.role);
	v_persona text;
BEGIN
	FOR v_persona IN SELECT name FROM rls.persona ORDER BY position LOOP
		PERFORM rls.check_persona(v_persona, v_relations, v_roles);
	END LOOP;
END $$;
-- the first rows that one list has and the other has not
CREATE FUNCTION rls.surplus(p_list text, p_other text) RETURNS text LANGUAGE sql AS $$
	SELECT coalesce(array_to_string((array_agg(k))[1:3], ' '), '-') FROM (
		SELECT regexp_split_to_table(p_list, ' ') AS k EXCEPT SELECT regexp_split_to_table(p_other, ' ')) x WHERE k <> ''
$$;
INSERT INTO rls.tap (ok, name, notes)
SELECT count(m.role) = 0, r.name, array_agg(format('%s %s as %s: lacks %s, has %s', m.role, m.command, m.personas, m.lacks, m.has)
	ORDER BY m.role, m.command) FILTER (WHERE m.role IS NOT NULL)
FROM (SELECT DISTINCT name FROM rls.relation) r
LEFT JOIN (
	SELECT relation, role, command, string_agg(DISTINCT persona, ' ') AS personas,
		min(rls.surplus(expected, found)) AS lacks, min(rls.surplus(found, expected)) AS has
	FROM rls.mismatch GROUP BY relation, role, command) m ON m.relation = r.name
GROUP BY r.name ORDER BY r.name;
CREATE TABLE rls.summary AS SELECT persona_cells, (SELECT count(*) FROM rls.cell) AS cells,
	(SELECT count(*) FROM rls.mismatch) AS mismatches FROM rls.result;

-- functions: who may execute them and as whom they run. Families of the id types have one line.
CREATE FUNCTION rls.runs_as(p_function oid) RETURNS text LANGUAGE sql AS $$
	SELECT CASE WHEN NOT prosecdef THEN 'caller' ELSE replace(proowner::regrole::text, 'skillancer_', '') END
	FROM pg_proc WHERE oid = p_function
$$;
CREATE FUNCTION rls.executors(p_function oid) RETURNS text LANGUAGE sql AS $$
	SELECT CASE WHEN has_function_privilege('skillancer_outsider', p_function, 'EXECUTE') THEN 'public'
		WHEN bool_and(x) THEN 'all' WHEN NOT bool_or(x) THEN 'nobody'
		ELSE string_agg(r.name, ' ' ORDER BY r.name) FILTER (WHERE x) END
	FROM rls.role r, LATERAL has_function_privilege('skillancer_' || r.name, p_function, 'EXECUTE') x
	WHERE r.name <> 'outsider'
$$;
CREATE TABLE rls.routine AS
SELECT p.oid::regprocedure::text AS name, rls.runs_as(p.oid) AS runs_as, rls.executors(p.oid) AS who
FROM pg_proc p WHERE p.pronamespace IN ('skillancer'::regnamespace, 'skillancer_api'::regnamespace, 'skillancer_analytics'::regnamespace);
CREATE TABLE rls.matched AS
SELECT r.name, r.runs_as, r.who, f.name AS line, f.runs_as AS should_run_as, f.who AS should_who
FROM rls.routine r JOIN rls.function f ON f.name = r.name OR (f.name LIKE '^%' AND r.name ~ f.name);
INSERT INTO rls.tap (ok, name, notes)
SELECT count(m.line) = 0, 'every function has an expectation', array_remove(array_agg(m.line), NULL)
FROM (SELECT format('missing: %s	%s	%s', r.name, r.runs_as, r.who) AS line FROM rls.routine r
	WHERE r.name NOT IN (SELECT m.name FROM rls.matched m) ORDER BY r.name) m;
INSERT INTO rls.tap (ok, name, notes)
SELECT count(m.line) = 0, 'every line is about a function', array_remove(array_agg(m.line), NULL)
FROM (SELECT format('stale: %s', f.name) AS line FROM rls.function f WHERE f.name NOT IN (SELECT m.line FROM rls.matched m)) m;
INSERT INTO rls.tap (ok, name, notes)
SELECT count(m.line) = 0, 'functions run as they should', array_remove(array_agg(m.line), NULL)
FROM (SELECT format('%s runs as %s, not %s', m.name, m.runs_as, m.should_run_as) AS line FROM rls.matched m
	WHERE m.runs_as <> m.should_run_as) m;
INSERT INTO rls.tap (ok, name, notes)
SELECT count(m.line) = 0, 'functions are executable by whom they should', array_remove(array_agg(m.line), NULL)
FROM (SELECT format('%s: by %s, not %s', m.name, m.who, m.should_who) AS line FROM rls.matched m WHERE m.who <> m.should_who) m;

-- mutation: without any one policy, some cell must fail
CREATE FUNCTION rls.survives_without(p_policy name, p_relation oid) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE v_persona text;
BEGIN
	EXECUTE format('DROP POLICY %I ON %s', p_policy, p_relation::regclass);
	FOR v_persona IN SELECT name FROM rls.persona WHERE is_request ORDER BY position LOOP
		IF rls.check_persona(v_persona, ARRAY[p_relation], ARRAY(SELECT name FROM rls.role WHERE under_rls)) > 0 THEN
			RAISE EXCEPTION USING ERRCODE = 'ZZ002';
		END IF;
	END LOOP;
	RAISE EXCEPTION USING ERRCODE = 'ZZ003';
EXCEPTION WHEN SQLSTATE 'ZZ002' THEN
	RETURN false;
WHEN SQLSTATE 'ZZ003' THEN
	RETURN true;
END $$;
-- cells of the administrators of the database do not depend on the persona
INSERT INTO rls.tap (ok, name)
SELECT NOT rls.survives_without(p.polname, p.polrelid), format('dropping policy %s on %s is noticed', p.polname, p.polrelid::regclass)
FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid WHERE c.relnamespace = 'skillancer'::regnamespace
ORDER BY 2;

\pset format unaligned
\pset tuples_only on
SELECT '1..' || count(*) FROM rls.tap;
SELECT format('%s %s - %s', CASE WHEN ok THEN 'ok' ELSE 'not ok' END, n, name)
	|| coalesce((SELECT string_agg(E'\n# ' || x, '') FROM unnest(notes) x WHERE NOT ok), '')
FROM rls.tap ORDER BY n;
SELECT format('# cells checked %s (%s with personas), mismatches %s', cells, persona_cells, mismatches) FROM rls.summary;
