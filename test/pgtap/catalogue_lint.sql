/*
 * test/pgtap/catalogue_lint.sql
 *		How objects of ours are made: comments, languages, membership, signatures. A test that fails names the
 *		objects that break the rule. What security asks of them is in lint_security.sql.
 */
BEGIN;
SELECT no_plan();
SET LOCAL client_min_messages = warning;

CREATE TEMP VIEW ours AS
SELECT p.*, n.nspname, l.lanname, p.oid::regprocedure::text AS name,
	EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e') AS member
FROM pg_proc p
JOIN pg_namespace n ON n.oid = p.pronamespace
JOIN pg_language l ON l.oid = p.prolang
WHERE n.nspname IN ('skillancer', 'skillancer_api', 'skillancer_analytics', 'skillancer_guard');

CREATE TEMP VIEW relations AS
SELECT c.*, n.nspname, c.oid::regclass::text AS name,
	EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e') AS member
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname IN ('skillancer', 'skillancer_api', 'skillancer_analytics', 'skillancer_guard');

SELECT is_empty($$ SELECT name FROM ours WHERE lanname = 'c' AND proconfig IS NOT NULL $$,
	'no C function sets parameters');
SELECT is_empty($$ SELECT name FROM ours WHERE nspname <> 'skillancer_guard' AND NOT member $$,
	'every function is a member of the extension');
SELECT is_empty($$ SELECT name FROM ours o, aclexplode(o.proacl) a WHERE a.is_grantable
	AND a.grantee <> o.proowner $$,
	'no role may pass a grant on');
SELECT is_empty($$ SELECT name FROM ours WHERE nspname IN ('skillancer_api', 'skillancer')
	AND prokind = 'f' AND obj_description(oid, 'pg_proc') IS NULL
	AND NOT EXISTS (SELECT FROM pg_type t WHERE ours.oid IN (t.typinput, t.typoutput, t.typreceive, t.typsend, t.typmodin, t.typmodout))
	AND NOT EXISTS (SELECT FROM pg_operator o WHERE o.oprcode = ours.oid)
	AND NOT EXISTS (SELECT FROM pg_cast c WHERE c.castfunc = ours.oid)
	AND NOT EXISTS (SELECT FROM pg_amproc a WHERE a.amproc = ours.oid)
	AND NOT EXISTS (SELECT FROM pg_aggregate a WHERE ours.oid IN (a.aggtransfn, a.aggfinalfn, a.aggcombinefn)) $$,
	'every function has a comment');
SELECT is_empty($$ SELECT name FROM ours WHERE nspname = 'skillancer_api'
	AND has_function_privilege('skillancer_bridge', oid, 'EXECUTE') IS NOT TRUE $$,
	'the bridge may execute every function of skillancer_api');
SELECT is_empty($$ SELECT name FROM ours WHERE nspname = 'skillancer_api' AND lanname = 'sql' $$,
	'no function of the API is LANGUAGE sql: one that is not inlined is planned at every call');
SELECT is_empty($$ SELECT name FROM ours WHERE nspname = 'skillancer_api' AND EXISTS (
	SELECT FROM unnest(proargtypes::oid[]) a JOIN pg_type t ON t.oid = a WHERE t.typtype = 'c' AND t.typrelid <> 0
		AND (SELECT relkind FROM pg_class WHERE oid = t.typrelid) IN ('r', 'v', 'p')) $$,
	'no signature of the API names the row type of a table');
SELECT is_empty($$ SELECT name FROM ours WHERE lanname NOT IN ('c', 'plpgsql', 'sql', 'internal') $$,
	'no other language is needed');
SELECT is_empty($$ SELECT name FROM relations WHERE nspname = 'skillancer_analytics' AND relkind = 'v'
	AND NOT coalesce('security_barrier=true' = ANY (reloptions) OR 'security_barrier=on' = ANY (reloptions), false) $$,
	'every view for analysts is a security barrier');
SELECT is_empty($$ SELECT name, a.privilege_type FROM relations r, aclexplode(r.relacl) a
	WHERE a.grantee = 'skillancer_bridge'::regrole AND a.privilege_type <> 'SELECT' $$,
	'the bridge only reads tables');
SELECT is_empty($$ SELECT name, a.grantee::regrole, a.privilege_type FROM relations r, aclexplode(r.relacl) a
	WHERE a.grantee <> r.relowner AND a.privilege_type IN ('TRUNCATE', 'REFERENCES', 'TRIGGER') $$,
	'nobody but the owner may TRUNCATE, REFERENCE or attach triggers: row-level security does not filter these');
SELECT is_empty($$ SELECT name FROM relations WHERE relkind IN ('r', 'p', 'v') AND NOT relispartition
	AND obj_description(oid, 'pg_class') IS NULL $$,
	'every table and view has a comment');

SELECT * FROM finish();
ROLLBACK;
