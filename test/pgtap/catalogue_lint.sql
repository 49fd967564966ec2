/*
 * test/pgtap/catalogue_lint.sql
 *		Rules that hold for every object in the catalogue. A test that fails names the objects that break the rule.
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

-- functions
SELECT is_empty($$ SELECT name FROM ours WHERE lanname IN ('plpgsql', 'sql') AND prokind = 'f'
	AND NOT coalesce(proconfig @> ARRAY['search_path=pg_catalog, skillancer, pg_temp']
		OR proconfig @> ARRAY['search_path=pg_catalog, pg_temp'], false) $$,
	'every PL/pgSQL and SQL function pins its search_path, with pg_temp last');
SELECT is_empty($$ SELECT name FROM ours WHERE lanname = 'c' AND proconfig IS NOT NULL $$,
	'no C function sets parameters');
SELECT is_empty($$ SELECT name, proowner::regrole FROM ours WHERE prosecdef
	AND proowner::regrole::text NOT IN ('skillancer_owner', 'skillancer_engine') $$,
	'every definer function belongs to skillancer_owner or skillancer_engine');
SELECT is_empty($$ SELECT name FROM ours WHERE nspname <> 'skillancer_guard' AND NOT member $$,
	'every function is a member of the extension');
SELECT is_empty($$ SELECT name FROM ours WHERE EXISTS (
	SELECT FROM aclexplode(coalesce(proacl, acldefault('f', proowner))) a WHERE a.grantee = 0) $$,
	'nothing is granted to PUBLIC on a function');
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
SELECT is_empty($$ SELECT name FROM ours WHERE nspname = 'skillancer_api' AND provolatile <> 'v' AND prosecdef $$,
	'reads run under the caller''s policies');
SELECT is_empty($$ SELECT name FROM ours WHERE nspname = 'skillancer_api' AND EXISTS (
	SELECT FROM unnest(proargtypes::oid[]) a JOIN pg_type t ON t.oid = a WHERE t.typtype = 'c' AND t.typrelid <> 0
		AND (SELECT relkind FROM pg_class WHERE oid = t.typrelid) IN ('r', 'v', 'p')) $$,
	'no signature of the API names the row type of a table');
SELECT is_empty($$ SELECT name FROM ours WHERE proname IN ('current_user_id', 'current_session_id', 'has_role',
		'has_permission', 'has_request') AND (proparallel <> 'r' OR provolatile <> 's') $$,
	'what reads the identity of the request is STABLE and PARALLEL RESTRICTED');
SELECT is_empty($$ SELECT name FROM ours WHERE proleakproof AND proname !~
	'^([a-z_]+_id|monetary|rating_tally)_(eq|ne|lt|le|gt|ge|cmp|hash|hash_extended)$'
	AND NOT (lanname = 'internal' AND prosrc ~ '^uuid_')
	AND proname NOT IN ('monetary_minor', 'monetary_currency', 'currency_digits') $$,
	'leakproof are only comparisons of ids and fixed-length values, and parts of an amount: they have no way to fail');
SELECT is_empty($$ SELECT name FROM ours WHERE lanname NOT IN ('c', 'plpgsql', 'sql', 'internal') $$,
	'no other language is needed');

-- relations
SELECT is_empty($$ SELECT name FROM relations WHERE relkind IN ('r', 'p') AND NOT member
	AND NOT (relrowsecurity AND relforcerowsecurity) $$,
	'row-level security is enabled and forced on every table');
SELECT is_empty($$ SELECT name, relowner::regrole FROM relations WHERE relkind IN ('r', 'p', 'S') AND NOT member
	AND relowner::regrole::text NOT IN ('skillancer_owner', 'skillancer_vault') $$,
	'every table and sequence belongs to skillancer_owner or skillancer_vault');
SELECT is_empty($$ SELECT name FROM relations WHERE relkind = 'v' AND nspname = 'skillancer'
	AND NOT coalesce('security_invoker=true' = ANY (reloptions) OR 'security_invoker=on' = ANY (reloptions), false) $$,
	'every view is security_invoker');
SELECT is_empty($$ SELECT name FROM relations WHERE nspname = 'skillancer_analytics' AND relkind = 'v'
	AND NOT coalesce('security_barrier=true' = ANY (reloptions) OR 'security_barrier=on' = ANY (reloptions), false) $$,
	'every view for analysts is a security barrier');
SELECT is_empty($$ SELECT name FROM relations WHERE relkind = 'm' $$, 'there is no materialized view');
SELECT is_empty($$ SELECT name FROM relations r, aclexplode(r.relacl) a WHERE a.grantee = 0 $$,
	'nothing is granted to PUBLIC on a relation');
SELECT is_empty($$ SELECT name, a.privilege_type FROM relations r, aclexplode(r.relacl) a
	WHERE a.grantee = 'skillancer_bridge'::regrole AND a.privilege_type <> 'SELECT' $$,
	'the bridge only reads tables');
SELECT is_empty($$ SELECT name, a.grantee::regrole, a.privilege_type FROM relations r, aclexplode(r.relacl) a
	WHERE a.grantee <> r.relowner AND a.privilege_type IN ('TRUNCATE', 'REFERENCES', 'TRIGGER') $$,
	'nobody but the owner may TRUNCATE, REFERENCE or attach triggers: row-level security does not filter these');
SELECT is_empty($$ SELECT name FROM relations WHERE relkind IN ('r', 'p', 'v') AND NOT relispartition
	AND obj_description(oid, 'pg_class') IS NULL $$,
	'every table and view has a comment');
SELECT is_empty($$ SELECT k.conrelid::regclass, k.conname FROM pg_constraint k JOIN relations r ON r.oid = k.confrelid
	WHERE k.contype = 'f' AND r.member AND NOT EXISTS (SELECT FROM relations o WHERE o.oid = k.conrelid AND o.member) $$,
	'no foreign key points at a member table');

-- schemas and policies
SELECT is_empty($$ SELECT n.nspname, a.grantee::regrole FROM pg_namespace n, aclexplode(n.nspacl) a
	WHERE n.nspname LIKE 'skillancer%' AND a.privilege_type = 'CREATE' AND a.grantee <> n.nspowner
		AND a.grantee::regrole::text NOT IN ('skillancer_owner', 'skillancer_vault') $$,
	'no role that signs in creates anything');
SELECT is_empty($$ SELECT polrelid::regclass, polname FROM pg_policy l JOIN relations r ON r.oid = l.polrelid
	WHERE l.polcmd <> 'r' AND NOT l.polroles <@ ARRAY['skillancer_owner'::regrole::oid, 'skillancer_admin'::regrole::oid] $$,
	'policies that allow writing are for skillancer_owner, and for operators in psql');
SELECT is_empty($$ SELECT p.polrelid::regclass, p.polname FROM pg_policy p JOIN relations r ON r.oid = p.polrelid,
		LATERAL (SELECT pg_get_expr(p.polqual, p.polrelid) || ' ' || coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '')) AS e (body)
	WHERE regexp_replace(e.body, '\( *SELECT skillancer\.(current_user_id|has_role|has_permission|has_request)\(', '', 'gi')
		~ 'skillancer\.(current_user_id|has_role|has_permission|has_request)\(' $$,
	'policies read the identity in a scalar sub-select, once a statement');
SELECT is_empty($$ SELECT rolname FROM pg_roles WHERE rolname LIKE 'skillancer\_%' AND (rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication) $$,
	'no role of ours has power over the cluster');
SELECT is_empty($$ SELECT m.roleid::regrole, m.member::regrole FROM pg_auth_members m
	WHERE m.member::regrole::text LIKE 'skillancer\_%' $$,
	'no role of ours is a member of another');

SELECT * FROM finish();
ROLLBACK;
