/*
 * sql/begin.sql
 *		First part of the replay: the extension's own rows, owners and grants are set anew by what follows.
 *
 * Rows of member tables are code: the files after this one insert all of them again. Functions go back to the
 * owner and the privileges of a newly created one, so that an upgraded extension equals a fresh one.
 */

-- empty every member table; one that others refer to is tried again once those are empty
DO $do$
DECLARE
	v_todo  pg_catalog.regclass[];
	v_next  pg_catalog.regclass[];
	v_table pg_catalog.regclass;
BEGIN
	SELECT pg_catalog.array_agg(c.oid::pg_catalog.regclass ORDER BY c.oid DESC) INTO v_todo
	FROM pg_catalog.pg_depend d
	JOIN pg_catalog.pg_extension e ON d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
		AND d.refobjid = e.oid AND d.deptype = 'e' AND e.extname = 'skillancer'
	JOIN pg_catalog.pg_class c ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
		AND c.oid = d.objid AND c.relkind = 'r';
	WHILE v_todo IS NOT NULL LOOP
		v_next := NULL;
		FOREACH v_table IN ARRAY v_todo LOOP
			BEGIN
				EXECUTE pg_catalog.format('DELETE FROM %s', v_table);
			EXCEPTION WHEN foreign_key_violation THEN
				v_next := pg_catalog.array_append(v_next, v_table);
			END;
		END LOOP;
		IF v_next = v_todo THEN
			RAISE EXCEPTION 'member tables % refer to each other in a circle', v_todo;
		END IF;
		v_todo := v_next;
	END LOOP;
END
$do$;

-- functions back to the installing superuser, with no privilege granted to any role of ours
DO $do$
DECLARE
	v_function record;
BEGIN
	FOR v_function IN
		SELECT p.oid::pg_catalog.regprocedure AS name, p.proowner::pg_catalog.regrole::text <> current_user AS foreign_owner
		FROM pg_catalog.pg_depend d
		JOIN pg_catalog.pg_extension e ON d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
			AND d.refobjid = e.oid AND d.deptype = 'e' AND e.extname = 'skillancer'
		JOIN pg_catalog.pg_proc p ON d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND p.oid = d.objid
		WHERE p.proacl IS NOT NULL OR p.proowner::pg_catalog.regrole::text <> current_user
	LOOP
		IF v_function.foreign_owner THEN
			EXECUTE pg_catalog.format('ALTER ROUTINE %s OWNER TO CURRENT_USER', v_function.name);
		END IF;
		EXECUTE pg_catalog.format('REVOKE ALL ON ROUTINE %s FROM PUBLIC, skillancer_owner, skillancer_engine,
			skillancer_vault, skillancer_bridge, skillancer_worker, skillancer_analyst, skillancer_admin,
			skillancer_backup', v_function.name);
	END LOOP;
END
$do$;
