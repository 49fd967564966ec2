/*
 * sql/core/status.sql
 *		status(): what an operator looks at first.
 */

-- library_preloaded
CREATE OR REPLACE FUNCTION skillancer.library_preloaded()
RETURNS boolean
LANGUAGE c STABLE
AS 'MODULE_PATHNAME', 'skl_fn_library_preloaded';
COMMENT ON FUNCTION skillancer.library_preloaded() IS
	'Whether the server loaded the library when it started, as the workers need';

-- status
CREATE OR REPLACE FUNCTION skillancer.status()
RETURNS TABLE (item text, value text, ok boolean, hint text)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_extension text := (SELECT extversion FROM pg_extension WHERE extname = 'skillancer');
	v_migrated  boolean := to_regclass('skillancer.schema_migration') IS NOT NULL;
	v_needed    bigint;
BEGIN
	RETURN QUERY SELECT 'server', current_setting('server_version'),
		current_setting('server_version_num')::integer >= 150020, 'needs PostgreSQL 15.20 or newer';
	RETURN QUERY SELECT 'library', skillancer.library_version(), true, NULL::text;
	RETURN QUERY SELECT 'extension', v_extension, v_extension = skillancer.library_version(),
		'ALTER EXTENSION skillancer UPDATE';
	IF NOT v_migrated THEN
		RETURN QUERY SELECT 'schema', 'none', false, 'SELECT skillancer.migrate()';
		RETURN;
	END IF;
	RETURN QUERY SELECT 'schema', (SELECT max(m.name) FROM skillancer.schema_migration m WHERE m.layer = 'migration'),
		NOT skillancer.migrate_pending(), 'SELECT skillancer.migrate()';
	RETURN QUERY SELECT 'instance', format('epoch %s', i.epoch),
		i.database_oid = d.oid AND i.system_identifier = c.system_identifier::text,
		'this is a copy: SELECT skillancer.adopt()'
	FROM skillancer.instance i, pg_control_system() c, pg_database d
	WHERE d.datname = current_database();
	RETURN QUERY SELECT 'preloaded', skillancer.library_preloaded()::text, skillancer.library_preloaded(),
		'workers need shared_preload_libraries = ''skillancer'' and a restart';
	v_needed := 1 + 6 * CASE current_setting('skillancer.databases') WHEN '*' THEN 1
			ELSE cardinality(string_to_array(current_setting('skillancer.databases'), ',')) END
		+ current_setting('max_parallel_workers')::integer;
	RETURN QUERY SELECT 'max_worker_processes', current_setting('max_worker_processes'),
		current_setting('max_worker_processes')::integer >= v_needed,
		format('needs %s: 1 + 6 for each database with workers + max_parallel_workers', v_needed);
	IF skillancer.library_preloaded() THEN
		RETURN QUERY SELECT 'worker ' || w.worker, concat_ws(': ', w.state, w.reason),
			w.state IN ('idle', 'running') AND w.next_start_at IS NULL,
			coalesce('last error: ' || w.last_error, 'see skillancer.worker_status')
		FROM skillancer.worker_slots() w
		JOIN pg_database d ON d.oid = w.database_oid AND d.datname = current_database();
	END IF;
END
$fn$;
COMMENT ON FUNCTION skillancer.status() IS
	'Versions of server, library, extension and schema, settings that matter, and every worker; hint says what to do where ok is false';
ALTER FUNCTION skillancer.status() OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.status() TO skillancer_admin;
