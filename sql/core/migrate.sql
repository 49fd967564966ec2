/*
 * sql/core/migrate.sql
 *		migrate(): brings the tables of this database to what the installed version of the extension carries.
 *
 * migrate() runs as a superuser. Under one lock and in one transaction it drops every replayable object (views,
 * triggers and policies that an earlier run recorded in schema_object), runs the migrations that schema_migration
 * does not list, and runs every replay file again. The text comes from the member table schema_source. Tables
 * created on the way belong to the database, not to the extension.
 */

-- migrate_bootstrap
CREATE OR REPLACE FUNCTION skillancer.migrate_bootstrap()
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	IF to_regclass('skillancer.schema_migration') IS NOT NULL THEN
		RETURN;
	END IF;
	CREATE TABLE skillancer.schema_migration
	(
		layer      text NOT NULL CHECK (layer IN ('migration', 'replay')),
		name       text NOT NULL,
		checksum   text NOT NULL,
		version    text NOT NULL,
		applied_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
		PRIMARY KEY (layer, name)
	);
	COMMENT ON TABLE skillancer.schema_migration IS
		'What migrate() has applied: every migration once, every replay file in its latest form';
	CREATE TABLE skillancer.schema_object
	(
		kind     text NOT NULL CHECK (kind IN ('view', 'trigger', 'policy')),
		relation text NOT NULL,
		name     text NOT NULL,
		PRIMARY KEY (kind, relation, name)
	);
	COMMENT ON TABLE skillancer.schema_object IS
		'Views, triggers and policies that replay files made; migrate() drops and makes them again';
	ALTER TABLE skillancer.schema_migration ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
	ALTER TABLE skillancer.schema_object ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
	ALTER TABLE skillancer.schema_migration OWNER TO skillancer_owner;
	ALTER TABLE skillancer.schema_object OWNER TO skillancer_owner;
END
$fn$;
COMMENT ON FUNCTION skillancer.migrate_bootstrap() IS
	'Creates the two tables in which migrate() keeps its own records';

-- migrate_check
CREATE OR REPLACE FUNCTION skillancer.migrate_check()
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_extension text := (SELECT extversion FROM pg_extension WHERE extname = 'skillancer');
	v_row       record;
BEGIN
	IF NOT (SELECT bool_and(rolsuper) FROM pg_roles WHERE rolname IN (session_user, current_user)) THEN
		RAISE EXCEPTION 'only a superuser can migrate' USING ERRCODE = 'insufficient_privilege';
	END IF;
	IF current_setting('server_version_num')::integer < 150020 THEN
		RAISE EXCEPTION 'PostgreSQL % is too old for Skillancer', current_setting('server_version')
			USING ERRCODE = 'feature_not_supported',
				HINT = 'Install 15.20 or newer: older ones lack security fixes that row-level security needs.';
	END IF;
	IF v_extension IS DISTINCT FROM skillancer.library_version() THEN
		RAISE EXCEPTION 'the extension is version %, the library is version %', v_extension,
				skillancer.library_version()
			USING ERRCODE = 'object_not_in_prerequisite_state',
				HINT = 'Restart the server after installing a new library, then ALTER EXTENSION skillancer UPDATE.';
	END IF;
	FOR v_row IN
		SELECT m.name, s.checksum IS NULL AS ahead
		FROM skillancer.schema_migration m
		LEFT JOIN skillancer.schema_source s USING (layer, name)
		WHERE m.layer = 'migration' AND m.checksum IS DISTINCT FROM s.checksum
		ORDER BY m.name
	LOOP
		IF v_row.ahead THEN
			RAISE EXCEPTION 'this database is ahead of the library: it has migration %', v_row.name
				USING ERRCODE = 'object_not_in_prerequisite_state',
					HINT = 'Install the version of Skillancer that this database was migrated with.';
		END IF;
		RAISE EXCEPTION 'migration % is not the one that this database has applied', v_row.name
			USING ERRCODE = 'object_not_in_prerequisite_state',
				HINT = 'A migration never changes after its release.';
	END LOOP;
END
$fn$;
COMMENT ON FUNCTION skillancer.migrate_check() IS
	'Refuses to migrate as somebody else than a superuser, on an old server, or with versions that do not fit';

-- migrate_drop_replayable
CREATE OR REPLACE FUNCTION skillancer.migrate_drop_replayable()
RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_object  record;
	v_views   text;
	v_detail  text;
	v_dropped integer := 0;
BEGIN
	FOR v_object IN
		SELECT o.kind, o.name, to_regclass(o.relation) AS relation
		FROM skillancer.schema_object o
		WHERE o.kind <> 'view' AND to_regclass(o.relation) IS NOT NULL
		ORDER BY o.kind, o.relation, o.name
	LOOP
		EXECUTE format('DROP %s IF EXISTS %I ON %s', v_object.kind, v_object.name, v_object.relation);
		v_dropped := v_dropped + 1;
	END LOOP;
	SELECT string_agg(to_regclass(o.relation)::text, ', '), v_dropped + count(*) INTO v_views, v_dropped
	FROM skillancer.schema_object o
	WHERE o.kind = 'view' AND to_regclass(o.relation) IS NOT NULL;
	IF v_views IS NOT NULL THEN
		BEGIN
			EXECUTE 'DROP VIEW ' || v_views;
		EXCEPTION WHEN dependent_objects_still_exist THEN
			GET STACKED DIAGNOSTICS v_detail = PG_EXCEPTION_DETAIL;
			RAISE EXCEPTION 'objects that are not part of Skillancer depend on its views'
				USING ERRCODE = 'dependent_objects_still_exist', DETAIL = v_detail,
					HINT = 'Drop them, migrate, and create them again.';
		END;
	END IF;
	DELETE FROM skillancer.schema_object;
	RETURN v_dropped;
END
$fn$;
COMMENT ON FUNCTION skillancer.migrate_drop_replayable() IS
	'Drops the views, triggers and policies of earlier replays, so that no old one blocks a migration';

-- migrate_revoke
CREATE OR REPLACE FUNCTION skillancer.migrate_revoke()
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_relation record;
BEGIN
	FOR v_relation IN
		SELECT c.oid::regclass AS name, CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind,
			c.relowner::regrole::text AS owner
		FROM pg_class c
		WHERE c.relnamespace IN ('skillancer'::regnamespace, 'skillancer_analytics'::regnamespace)
			AND c.relkind IN ('r', 'p', 'S') AND c.relacl IS NOT NULL
			AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
				AND d.deptype = 'e')
		ORDER BY 1
	LOOP
		EXECUTE format('REVOKE ALL ON %s %s FROM PUBLIC, %s', v_relation.kind, v_relation.name,
			(SELECT string_agg(quote_ident(rolname), ', ' ORDER BY rolname) FROM pg_roles
				WHERE rolname IN ('skillancer_owner', 'skillancer_engine', 'skillancer_vault', 'skillancer_bridge',
					'skillancer_worker', 'skillancer_analyst', 'skillancer_admin', 'skillancer_backup')
					AND rolname <> v_relation.owner));
	END LOOP;
END
$fn$;
COMMENT ON FUNCTION skillancer.migrate_revoke() IS
	'Takes back what earlier replays granted to the roles of Skillancer; grants of others stay';

-- migrate_objects
CREATE OR REPLACE FUNCTION skillancer.migrate_objects()
RETURNS TABLE (kind text, relation text, name text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
	SELECT o.kind, format('%I.%I', n.nspname, c.relname), o.name::text
	FROM (
		SELECT 'view', v.oid, v.relname FROM pg_class v WHERE v.relkind = 'v'
		UNION ALL
		SELECT 'trigger', t.tgrelid, t.tgname FROM pg_trigger t WHERE NOT t.tgisinternal AND t.tgparentid = 0
		UNION ALL
		SELECT 'policy', l.polrelid, l.polname FROM pg_policy l
	) AS o (kind, relation, name)
	JOIN pg_class c ON c.oid = o.relation
	JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE n.nspname IN ('skillancer', 'skillancer_analytics')
		AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
			AND d.deptype = 'e')
$fn$;
COMMENT ON FUNCTION skillancer.migrate_objects() IS
	'Every view, trigger and policy of the schema layer as it is now';

-- migrate_replay
CREATE OR REPLACE FUNCTION skillancer.migrate_replay()
RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_kept   text[];
	v_source record;
	v_count  integer := 0;
BEGIN
	SELECT coalesce(array_agg(concat_ws('|', o.kind, o.relation, o.name)), '{}') INTO v_kept
	FROM skillancer.migrate_objects() o;
	PERFORM skillancer.migrate_revoke();
	FOR v_source IN
		SELECT s.name, s.checksum, s.body FROM skillancer.schema_source s WHERE s.layer = 'replay' ORDER BY s.position
	LOOP
		PERFORM skillancer.migrate_run(v_source.name, v_source.body, v_source.name NOT LIKE '%/builtin%');
		INSERT INTO skillancer.schema_migration (layer, name, checksum, version)
		VALUES ('replay', v_source.name, v_source.checksum, skillancer.library_version())
		ON CONFLICT ON CONSTRAINT schema_migration_pkey DO UPDATE
		SET checksum = EXCLUDED.checksum, version = EXCLUDED.version, applied_at = EXCLUDED.applied_at;
		v_count := v_count + 1;
	END LOOP;
	DELETE FROM skillancer.schema_migration m
	WHERE m.layer = 'replay'
		AND NOT EXISTS (SELECT FROM skillancer.schema_source s WHERE s.layer = m.layer AND s.name = m.name);
	INSERT INTO skillancer.schema_object (kind, relation, name)
	SELECT o.kind, o.relation, o.name FROM skillancer.migrate_objects() o
	WHERE concat_ws('|', o.kind, o.relation, o.name) <> ALL (v_kept);
	PERFORM skillancer.migrate_grant_own();
	RETURN v_count;
END
$fn$;
COMMENT ON FUNCTION skillancer.migrate_replay() IS
	'Runs every replay file and records the objects that came of it';

-- migrate_grant_own
CREATE OR REPLACE FUNCTION skillancer.migrate_grant_own()
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_relation regclass;
BEGIN
	FOR v_relation IN
		SELECT c.oid FROM pg_class c
		WHERE c.relnamespace IN ('skillancer'::regnamespace, 'skillancer_analytics'::regnamespace)
			AND c.relkind IN ('r', 'p', 'S')
			AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
				AND d.deptype = 'e')
		ORDER BY c.oid::regclass::text
	LOOP
		EXECUTE format('GRANT SELECT ON %s TO skillancer_backup', v_relation);
	END LOOP;
	GRANT SELECT ON skillancer.schema_migration TO skillancer_engine;
END
$fn$;
COMMENT ON FUNCTION skillancer.migrate_grant_own() IS
	'Lets skillancer_backup read every table and sequence, as pg_dump needs, and the engine the schema version';

-- migrate_run
CREATE OR REPLACE FUNCTION skillancer.migrate_run(p_name text, p_body text, p_as_owner boolean)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	RAISE LOG 'skillancer applies %', p_name;
	IF p_as_owner THEN
		SET LOCAL ROLE skillancer_owner;
	END IF;
	EXECUTE p_body;
	RESET ROLE;
END
$fn$;
COMMENT ON FUNCTION skillancer.migrate_run(text, text, boolean) IS
	'Runs one file of the schema layer as skillancer_owner or as the superuser; the server log names it';

-- migrate_guard
CREATE OR REPLACE FUNCTION skillancer.migrate_guard()
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	IF to_regnamespace('skillancer_guard') IS NULL THEN
		CREATE SCHEMA skillancer_guard;
	END IF;
	COMMENT ON SCHEMA skillancer_guard IS 'Skillancer: what protects the extension; outside it, so that it outlives it';
	CREATE OR REPLACE FUNCTION skillancer_guard.veto_drop()
	RETURNS event_trigger
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
	AS $guard$
	BEGIN
		IF coalesce(nullif(current_setting('skillancer.allow_drop', true), ''), 'off')::boolean THEN
			RETURN;
		END IF;
		IF EXISTS (SELECT FROM pg_event_trigger_dropped_objects() o
			WHERE o.object_type = 'extension' AND o.object_name = 'skillancer') THEN
			RAISE EXCEPTION 'dropping the extension skillancer would drop columns of every table of the marketplace'
				USING ERRCODE = 'dependent_objects_still_exist',
					HINT = 'SET skillancer.allow_drop = on if that is what you want.';
		END IF;
	END
	$guard$;
	COMMENT ON FUNCTION skillancer_guard.veto_drop() IS 'Refuses DROP EXTENSION skillancer CASCADE';
	REVOKE ALL ON FUNCTION skillancer_guard.veto_drop() FROM PUBLIC;
	IF NOT EXISTS (SELECT FROM pg_event_trigger t WHERE t.evtname = 'skillancer_guard_drop') THEN
		CREATE EVENT TRIGGER skillancer_guard_drop ON sql_drop EXECUTE FUNCTION skillancer_guard.veto_drop();
	END IF;
END
$fn$;
COMMENT ON FUNCTION skillancer.migrate_guard() IS
	'Creates the event trigger that refuses to drop the extension, and by whose presence workers start';

-- migrate
CREATE OR REPLACE FUNCTION skillancer.migrate()
RETURNS TABLE (action text, object text)
LANGUAGE plpgsql
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_source record;
	v_count  integer;
BEGIN
	PERFORM pg_advisory_xact_lock(hashtextextended('skillancer.migrate', 0));
	PERFORM skillancer.migrate_bootstrap();
	PERFORM skillancer.migrate_check();
	IF NOT skillancer.migrate_pending() THEN
		RETURN;
	END IF;
	v_count := skillancer.migrate_drop_replayable();
	FOR v_source IN
		SELECT s.name, s.checksum, s.body
		FROM skillancer.schema_source s
		LEFT JOIN skillancer.schema_migration m USING (layer, name)
		WHERE s.layer = 'migration' AND m.name IS NULL
		ORDER BY s.position
	LOOP
		PERFORM skillancer.migrate_run(v_source.name, v_source.body, true);
		INSERT INTO skillancer.schema_migration (layer, name, checksum, version)
		VALUES ('migration', v_source.name, v_source.checksum, skillancer.library_version());
		action := 'migrated';
		object := v_source.name;
		RETURN NEXT;
	END LOOP;
	action := 'replayed';
	object := format('%s files, %s objects dropped before', skillancer.migrate_replay(), v_count);
	RETURN NEXT;
	PERFORM skillancer.migrate_guard();
	PERFORM skillancer.create_partitions();
	PERFORM skillancer.invalidate();
	PERFORM skillancer.wake('launcher');
	PERFORM skillancer.wake('launcher');
	NOTIFY skillancer_routes;
END
$fn$;
COMMENT ON FUNCTION skillancer.migrate() IS
	'Brings the tables of this database to the installed version; whole or not at all; does nothing a second time';

-- migrate_pending
CREATE OR REPLACE FUNCTION skillancer.migrate_pending()
RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	RETURN EXISTS (
		SELECT FROM skillancer.schema_source s
		FULL JOIN skillancer.schema_migration m USING (layer, name)
		WHERE s.checksum IS DISTINCT FROM m.checksum)
		OR NOT EXISTS (SELECT FROM pg_event_trigger t WHERE t.evtname = 'skillancer_guard_drop');
END
$fn$;
COMMENT ON FUNCTION skillancer.migrate_pending() IS
	'Whether the tables differ from what the installed version of the extension carries';
