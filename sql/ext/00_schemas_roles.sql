/*
 * sql/ext/00_schemas_roles.sql
 *		The three schemas and the cluster-wide roles.
 *
 * Roles live longer than any database: a missing one is created, an existing one is checked, none is
 * ever dropped. The schemas are members of the extension; the tables that migrate() puts into them are not.
 */

-- roles
DO $do$
DECLARE
	v_wanted record;
	v_have   pg_catalog.pg_roles%ROWTYPE;
BEGIN
	FOR v_wanted IN
		SELECT * FROM (VALUES
			('skillancer_owner',   false, false, true),
			('skillancer_engine',  false, true,  true),
			('skillancer_vault',   false, false, true),
			('skillancer_bridge',  true,  false, false),
			('skillancer_worker',  true,  false, true),
			('skillancer_analyst', false, false, true),
			('skillancer_admin',   false, false, true),
			('skillancer_backup',  true,  true,  true)) AS w (name, login, bypass, inherit)
	LOOP
		SELECT * INTO v_have FROM pg_catalog.pg_roles r WHERE r.rolname = v_wanted.name;
		IF NOT FOUND THEN
			EXECUTE pg_catalog.format('CREATE ROLE %I %s %s %s NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION',
				v_wanted.name,
				CASE WHEN v_wanted.login THEN 'LOGIN' ELSE 'NOLOGIN' END,
				CASE WHEN v_wanted.bypass THEN 'BYPASSRLS' ELSE 'NOBYPASSRLS' END,
				CASE WHEN v_wanted.inherit THEN 'INHERIT' ELSE 'NOINHERIT' END);
		ELSIF v_have.rolsuper OR v_have.rolcreaterole OR v_have.rolbypassrls <> v_wanted.bypass
			OR v_have.rolcanlogin <> v_wanted.login OR v_have.rolinherit <> v_wanted.inherit THEN
			RAISE EXCEPTION 'role % exists with other attributes than Skillancer needs', v_wanted.name
				USING ERRCODE = 'object_not_in_prerequisite_state',
					HINT = pg_catalog.format('ALTER ROLE %I %s %s %s NOSUPERUSER NOCREATEROLE;', v_wanted.name,
						CASE WHEN v_wanted.login THEN 'LOGIN' ELSE 'NOLOGIN' END,
						CASE WHEN v_wanted.bypass THEN 'BYPASSRLS' ELSE 'NOBYPASSRLS' END,
						CASE WHEN v_wanted.inherit THEN 'INHERIT' ELSE 'NOINHERIT' END);
		END IF;
	END LOOP;
END
$do$;

-- tables, types and internal functions
CREATE SCHEMA skillancer;
COMMENT ON SCHEMA skillancer IS 'Skillancer: tables, types and rules';

-- what the bridge may call
CREATE SCHEMA skillancer_api;
COMMENT ON SCHEMA skillancer_api IS 'Skillancer: one function for each operation of the API';

-- what analysts may read
CREATE SCHEMA skillancer_analytics;
COMMENT ON SCHEMA skillancer_analytics IS 'Skillancer: views for analysts';

GRANT USAGE, CREATE ON SCHEMA skillancer TO skillancer_owner, skillancer_vault;
GRANT USAGE, CREATE ON SCHEMA skillancer_analytics TO skillancer_owner;
GRANT USAGE ON SCHEMA skillancer TO skillancer_engine, skillancer_bridge, skillancer_worker, skillancer_analyst,
	skillancer_admin, skillancer_backup;
GRANT USAGE ON SCHEMA skillancer_api TO skillancer_owner, skillancer_engine, skillancer_bridge, skillancer_admin;
GRANT USAGE ON SCHEMA skillancer_analytics TO skillancer_engine, skillancer_analyst, skillancer_admin,
	skillancer_backup;
