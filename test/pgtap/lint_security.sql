/*
 * lint_security.sql
 *		Rules that hold for every object of ours, whoever added it: pinned paths, owners, grants, row-level
 *		security, and what the login roles cannot do. A finding names the object.
 */
BEGIN;
SELECT no_plan();
SET LOCAL client_min_messages = warning;
CREATE VIEW pg_temp.ours AS SELECT oid AS schema FROM pg_namespace WHERE nspname IN ('skillancer', 'skillancer_api', 'skillancer_analytics');
CREATE VIEW pg_temp.routine AS
SELECT p.*, l.lanname, p.oid::regprocedure::text AS name FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
WHERE p.pronamespace IN (SELECT schema FROM pg_temp.ours);
CREATE VIEW pg_temp.relation AS
SELECT c.*, c.oid::regclass::text AS name,
	EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e') AS is_member
FROM pg_class c WHERE c.relnamespace IN (SELECT schema FROM pg_temp.ours);
CREATE FUNCTION pg_temp.none(p_query text, p_what text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE v_found text[];
BEGIN
	EXECUTE format('SELECT coalesce(array_agg(x::text ORDER BY x::text), ''{}'') FROM (%s) AS q (x)', p_query) INTO v_found;
	RETURN is(v_found, '{}'::text[], p_what);
END $$;

-- functions
SELECT pg_temp.none($$ SELECT name FROM pg_temp.routine WHERE lanname IN ('plpgsql', 'sql')
	AND NOT coalesce(proconfig, '{}') @> ARRAY['search_path=pg_catalog, skillancer, pg_temp'] $$, 'every SQL and PL/pgSQL function pins its search_path');
SELECT pg_temp.none($$ SELECT name FROM pg_temp.routine WHERE prosecdef AND proowner::regrole::text NOT IN ('skillancer_owner', 'skillancer_engine') $$,
	'definer functions belong to the owner or the engine');
SELECT pg_temp.none($$ SELECT name FROM pg_temp.routine WHERE NOT prosecdef AND proowner::regrole::text IN ('skillancer_engine', 'skillancer_vault', 'skillancer_bridge') $$,
	'and nothing else belongs to the engine');
SELECT pg_temp.none($$ SELECT name FROM pg_temp.routine r, aclexplode(coalesce(r.proacl, acldefault('f', r.proowner))) a WHERE a.grantee = 0 $$,
	'no function is granted to PUBLIC');
SELECT pg_temp.none($$ SELECT name FROM pg_temp.routine WHERE pronamespace = 'skillancer_api'::regnamespace AND (provolatile = 'v') <> prosecdef $$,
	'commands are definer functions, reads run as their caller');
SELECT pg_temp.none($$ SELECT name FROM pg_temp.routine WHERE pronamespace = 'skillancer_api'::regnamespace AND obj_description(oid, 'pg_proc') IS NULL $$,
	'every API function is described');
SELECT pg_temp.none($$ SELECT name FROM pg_temp.routine WHERE proparallel <> 'r' AND proname IN ('has_request', 'current_user_id', 'current_session_id',
	'current_user_state', 'request_id', 'request_address', 'request_network', 'has_role', 'is_staff', 'has_permission', 'require_role', 'require_permission') $$,
	'what reads the identity of the backend is PARALLEL RESTRICTED');
SELECT pg_temp.none($$ SELECT name FROM pg_temp.routine WHERE proparallel = 's' AND provolatile <> 'i' AND lanname = 'c'
	AND proname NOT IN ('now', 'new_id', 'library_version', 'library_preloaded', 'password_hash', 'password_verify', 'password_is_outdated',
		'token_id', 'token_matches', 'wake', 'json_doc') $$,
	'no other C function that may read memory of the backend claims to be PARALLEL SAFE');
-- read and found to have no error path and no side effect: comparisons of fixed-length values, and two members of one
SELECT pg_temp.none($$ SELECT name FROM pg_temp.routine WHERE proleakproof
	AND proname !~ '^([a-z_]+_id|monetary|rating_tally)_(eq|ne|lt|le|gt|ge|cmp|hash|hash_extended)$'
	AND proname NOT IN ('monetary_minor', 'monetary_currency') $$, 'only operators of fixed-length types are LEAKPROOF');
SELECT pg_temp.none($$ SELECT name FROM pg_temp.routine WHERE (prorettype = 'internal'::regtype OR 'internal'::regtype = ANY (proargtypes::oid[]))
	AND proname !~ '_recv$' AND oid NOT IN (SELECT amproc FROM pg_amproc) $$,
	'no function takes internal but for receive functions and those of operator classes');
SELECT pg_temp.none($$ SELECT format('%s in %s', m[1], r.name) FROM pg_temp.routine r,
	regexp_matches(r.prosrc, '(?:has_permission|require_permission|staff_may)\(''([a-z_:]+)''', 'g') m
	WHERE r.lanname <> 'c' AND m[1] NOT IN (SELECT permission FROM skillancer.role_permission UNION VALUES ('system:manage_admins')) $$,
	'every permission that is asked for is somebody''s');

-- tables, views, policies
SELECT pg_temp.none($$ SELECT name FROM pg_temp.relation WHERE relkind IN ('r', 'p') AND NOT is_member AND NOT (relrowsecurity AND relforcerowsecurity) $$,
	'row-level security is enabled and forced on every table');
SELECT pg_temp.none($$ SELECT name FROM pg_temp.relation WHERE relkind IN ('r', 'p') AND is_member
	AND (has_table_privilege('skillancer_bridge', oid, 'SELECT') OR has_table_privilege('skillancer_worker', oid, 'SELECT')) $$,
	'tables whose rows are code are not shown to login roles');
SELECT pg_temp.none($$ SELECT name FROM pg_temp.relation WHERE relkind IN ('r', 'p') AND NOT is_member AND relowner::regrole::text NOT IN ('skillancer_owner', 'skillancer_vault') $$,
	'tables belong to the owner or the vault');
SELECT pg_temp.none($$ SELECT name FROM pg_temp.relation WHERE relkind = 'v' AND relnamespace <> 'skillancer_analytics'::regnamespace
	AND NOT coalesce(reloptions, '{}') && ARRAY['security_invoker=true', 'security_invoker=on'] $$, 'every view is a security_invoker view');
SELECT pg_temp.none($$ SELECT name FROM pg_temp.relation WHERE relkind IN ('m', 'f') $$, 'there are no materialized views and foreign tables');
SELECT pg_temp.none($$ SELECT DISTINCT r.name FROM pg_temp.relation r, aclexplode(r.relacl) a WHERE a.grantee = 0 $$, 'no relation is granted to PUBLIC');
SELECT pg_temp.none($$ SELECT DISTINCT a.attrelid::regclass FROM pg_attribute a JOIN pg_temp.relation r ON r.oid = a.attrelid, aclexplode(a.attacl) x WHERE x.grantee = 0 $$,
	'no column is granted to PUBLIC');
SELECT pg_temp.none($$ SELECT DISTINCT format('%s to %s', r.name, a.grantee::regrole) FROM pg_temp.relation r, aclexplode(r.relacl) a
	WHERE a.privilege_type IN ('REFERENCES', 'TRIGGER', 'TRUNCATE') AND a.grantee <> r.relowner AND a.grantee <> 0 $$,
	'nobody but the owner may truncate, reference or hang triggers');
SELECT pg_temp.none($$ SELECT format('%s on %s', polname, polrelid::regclass) FROM pg_policy p JOIN pg_temp.relation r ON r.oid = p.polrelid
	WHERE 'true' IN (pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))
		AND NOT polroles <@ ARRAY['skillancer_admin'::regrole::oid, 'skillancer_analyst'::regrole::oid] $$, 'no policy is true for everybody; administrators and analysts have theirs');
SELECT pg_temp.none($$ SELECT format('%s on %s', polname, polrelid::regclass) FROM pg_policy p JOIN pg_temp.relation r ON r.oid = p.polrelid
	WHERE polcmd NOT IN ('r') AND polroles NOT IN (ARRAY['skillancer_owner'::regrole::oid], ARRAY['skillancer_admin'::regrole::oid]) $$,
	'policies that let write are for the owner''s commands only');
SELECT pg_temp.none($$ SELECT format('%s on %s', polname, polrelid::regclass) FROM pg_policy p JOIN pg_temp.relation r ON r.oid = p.polrelid
	WHERE regexp_replace(concat(pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)), '\( SELECT skillancer\.\w+\([^()]*\) AS', '', 'g')
		~ '(current_user_id|has_role|has_permission|has_request|is_staff)\(' $$, 'policies read the identity in scalar sub-selects');
SELECT pg_temp.none($$ SELECT c.conrelid::regclass || ' → ' || c.confrelid::regclass FROM pg_constraint c JOIN pg_temp.relation r ON r.oid = c.confrelid
	WHERE c.contype = 'f' AND r.is_member AND NOT EXISTS (SELECT FROM pg_temp.relation o WHERE o.oid = c.conrelid AND o.is_member) $$,
	'no table of the database points at one of the extension');

-- schemas and roles
SELECT pg_temp.none($$ SELECT n.nspname FROM pg_namespace n, aclexplode(n.nspacl) a WHERE n.nspname LIKE 'skillancer%' AND a.grantee = 0 $$, 'no schema is granted to PUBLIC');
SELECT pg_temp.none($$ SELECT format('%s in %s', r.rolname, n.nspname) FROM pg_namespace n, pg_roles r
	WHERE n.nspname LIKE 'skillancer%' AND r.rolname IN ('skillancer_bridge', 'skillancer_worker', 'skillancer_analyst', 'skillancer_admin', 'skillancer_backup', 'skillancer_engine')
	AND has_schema_privilege(r.oid, n.oid, 'CREATE') $$, 'nobody who serves requests creates objects');
SELECT pg_temp.none($$ SELECT rolname FROM pg_roles WHERE rolname LIKE 'skillancer\_%' AND (rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication
	OR (rolbypassrls AND rolname NOT IN ('skillancer_engine', 'skillancer_backup'))
	OR (rolcanlogin AND rolname NOT IN ('skillancer_bridge', 'skillancer_worker', 'skillancer_backup'))) $$, 'roles have no more attributes than they need');
SELECT pg_temp.none($$ SELECT format('%s is a member of %s', m.member::regrole, m.roleid::regrole) FROM pg_auth_members m
	WHERE m.member::regrole::text LIKE 'skillancer\_%' $$, 'roles are members of nothing');

-- what a login role tries in vain, whoever it says it is
SELECT skillancer.impersonate(NULL);
CREATE FUNCTION pg_temp.attempt(p_role text, p_statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('SET LOCAL SESSION AUTHORIZATION %I', p_role);
	EXECUTE p_statement;
	RAISE EXCEPTION USING ERRCODE = 'ZZ001';
EXCEPTION WHEN SQLSTATE 'ZZ001' THEN
	RETURN 'let through';
WHEN OTHERS THEN
	RETURN SQLSTATE;
END $$;
SELECT is(pg_temp.attempt(r, s), '42501', format('%s: %s', r, left(s, 70)))
FROM unnest('{skillancer_bridge,skillancer_worker}'::text[]) r, unnest(ARRAY[
	$$ SET ROLE skillancer_owner $$, $$ SET ROLE skillancer_engine $$,
	$$ SELECT set_config('role', 'skillancer_engine', true) $$,
	$$ COPY skillancer.user_account TO PROGRAM 'cat' $$, $$ COPY skillancer.user_credential TO '/tmp/x' $$,
	$$ TRUNCATE skillancer.user_account $$, $$ LOCK TABLE skillancer.user_account IN ACCESS EXCLUSIVE MODE $$,
	$$ SELECT 1 / (SELECT count(*)::integer FROM skillancer.user_credential) $$,
	$$ SELECT pg_read_file('/etc/passwd') $$, $$ SELECT lo_import('/etc/passwd') $$, $$ SELECT pg_ls_dir('/') $$,
	$$ CREATE TABLE skillancer.x (a integer) $$, $$ CREATE FUNCTION skillancer.x() RETURNS integer LANGUAGE sql AS 'SELECT 1' $$,
	$$ SELECT skillancer.set_identity(NULL) $$, $$ SELECT skillancer.impersonate(NULL) $$, $$ SELECT skillancer.import_begin('x') $$,
	$$ SELECT skillancer.fire_system('user', gen_random_uuid(), 'verify') $$, $$ SELECT skillancer.migrate() $$,
	$$ SELECT skillancer.create_admin('a@b.cd', 'Str0ngHorse9') $$]) s;
SELECT isnt(pg_temp.attempt('skillancer_bridge', 'SET skillancer.clock_offset = 1'), 'let through', 'the clock belongs to the operator');
SELECT is(pg_temp.attempt('skillancer_bridge', $$ SELECT skillancer.begin_request(NULL, NULL, NULL, NULL, NULL, NULL, 0, false, NULL) $$), 'SK904',
	'a second identity is refused');

SELECT * FROM finish();
ROLLBACK;
