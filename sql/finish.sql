/*
 * sql/finish.sql
 *		Last part of the replay: owners and privileges of every function, by rule instead of by list.
 *
 * Nothing is granted to PUBLIC. Functions without side effects that types, operators, policies and views are
 * made of go to every role of ours; internal ones to the owner and the engine; skillancer_api to the bridge.
 * What else a role needs is granted beside the function's definition.
 */

-- definer functions that name no owner themselves belong to skillancer_owner
DO $do$
DECLARE
	v_function record;
BEGIN
	FOR v_function IN
		SELECT p.oid::pg_catalog.regprocedure AS name
		FROM pg_catalog.pg_depend d
		JOIN pg_catalog.pg_extension e ON d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
			AND d.refobjid = e.oid AND d.deptype = 'e' AND e.extname = 'skillancer'
		JOIN pg_catalog.pg_proc p ON d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND p.oid = d.objid
		JOIN pg_catalog.pg_language l ON l.oid = p.prolang
		WHERE p.prosecdef AND l.lanname <> 'c' AND p.proowner::pg_catalog.regrole::text = current_user
	LOOP
		EXECUTE pg_catalog.format('ALTER ROUTINE %s OWNER TO skillancer_owner', v_function.name);
	END LOOP;
END
$do$;

-- privileges of functions
DO $do$
DECLARE
	v_function record;
BEGIN
	FOR v_function IN
		SELECT p.oid::pg_catalog.regprocedure AS name, n.nspname AS schema,
			p.provolatile = 'i' OR p.prokind = 'a' OR p.proname IN (
				'current_user_id', 'current_session_id', 'has_role', 'has_permission', 'now', 'new_id') AS for_all,
			p.prorettype = 'pg_catalog.trigger'::pg_catalog.regtype AS is_trigger,
			p.proname IN ('begin_request', 'refuse_problems') AS only_bridge
		FROM pg_catalog.pg_depend d
		JOIN pg_catalog.pg_extension e ON d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
			AND d.refobjid = e.oid AND d.deptype = 'e' AND e.extname = 'skillancer'
		JOIN pg_catalog.pg_proc p ON d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND p.oid = d.objid
		JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
	LOOP
		EXECUTE pg_catalog.format('REVOKE ALL ON ROUTINE %s FROM PUBLIC', v_function.name);
		IF v_function.only_bridge THEN
			EXECUTE pg_catalog.format('GRANT EXECUTE ON ROUTINE %s TO skillancer_bridge', v_function.name);
			CONTINUE;
		END IF;
		EXECUTE pg_catalog.format('GRANT EXECUTE ON ROUTINE %s TO skillancer_owner, skillancer_engine%s%s%s',
			v_function.name,
			CASE WHEN v_function.is_trigger THEN ', skillancer_vault' ELSE '' END,
			CASE WHEN v_function.schema = 'skillancer_api' OR v_function.for_all THEN ', skillancer_bridge' ELSE '' END,
			CASE WHEN v_function.for_all THEN
				', skillancer_vault, skillancer_worker, skillancer_analyst, skillancer_admin, skillancer_backup'
			ELSE '' END);
	END LOOP;
END
$do$;

-- the rows of member tables are code: the owner's and the engine's functions read them
DO $do$
DECLARE
	v_table pg_catalog.regclass;
BEGIN
	FOR v_table IN
		SELECT c.oid
		FROM pg_catalog.pg_depend d
		JOIN pg_catalog.pg_extension e ON d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
			AND d.refobjid = e.oid AND d.deptype = 'e' AND e.extname = 'skillancer'
		JOIN pg_catalog.pg_class c ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
			AND c.oid = d.objid AND c.relkind = 'r'
	LOOP
		EXECUTE pg_catalog.format('GRANT SELECT ON %s TO skillancer_owner, skillancer_engine, skillancer_backup', v_table);
	END LOOP;
END
$do$;

-- rows of member tables and the version are cached by every backend: they look again after an upgrade
DO $do$
BEGIN
	PERFORM skillancer.invalidate();
END
$do$;

-- what routes say of their answers is well formed and names what exists
DO $do$
BEGIN
	PERFORM skillancer.shape_schema(s.shape) FROM skillancer.shape s;
	PERFORM skillancer.route_answers(r.answers) FROM skillancer.route r;
END
$do$;
