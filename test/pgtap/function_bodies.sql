/*
 * test/pgtap/function_bodies.sql
 *		Every function body is checked against the tables it names: CREATE EXTENSION cannot, it runs before there
 *		are tables. PL/pgSQL by plpgsql_check, trigger functions once for each table; SQL by its own validator.
 */
BEGIN;
SELECT no_plan();
SET LOCAL client_min_messages = warning;

CREATE FUNCTION pg_temp.check_plpgsql(p_function oid, p_relation oid, p_old name, p_new name) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	v_found text;
BEGIN
	SELECT string_agg(format('%s: %s%s', c.lineno, c.message, coalesce(' (' || c.detail || ')', '')), E'\n')
	INTO v_found
	FROM plpgsql_check_function_tb(p_function, p_relation, oldtable => p_old, newtable => p_new,
		extra_warnings => false, performance_warnings => false) c
	WHERE c.level = 'error';
	RETURN coalesce(v_found, '');
END
$$;

CREATE FUNCTION pg_temp.check_sql(p_function oid) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE pg_get_functiondef(p_function);
	RETURN '';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLERRM;
END
$$;

SELECT is(pg_temp.check_plpgsql(p.oid, coalesce(t.tgrelid, 0), t.tgoldtable, t.tgnewtable), '',
	p.oid::regprocedure || coalesce(' on ' || t.tgrelid::regclass, ''))
FROM pg_proc p
JOIN pg_language l ON l.oid = p.prolang AND l.lanname = 'plpgsql'
LEFT JOIN (SELECT DISTINCT tgfoid, tgrelid, tgoldtable, tgnewtable FROM pg_trigger WHERE NOT tgisinternal) t ON t.tgfoid = p.oid
WHERE p.pronamespace IN ('skillancer'::regnamespace, 'skillancer_api'::regnamespace,
		'skillancer_analytics'::regnamespace)
	AND (p.prorettype <> 'trigger'::regtype OR t.tgrelid IS NOT NULL)
ORDER BY p.oid::regprocedure::text;

SELECT is(pg_temp.check_sql(p.oid), '', p.oid::regprocedure::text)
FROM pg_proc p
JOIN pg_language l ON l.oid = p.prolang AND l.lanname = 'sql'
WHERE p.pronamespace IN ('skillancer'::regnamespace, 'skillancer_api'::regnamespace,
		'skillancer_analytics'::regnamespace)
	AND p.prokind = 'f'
ORDER BY p.oid::regprocedure::text;

SELECT * FROM finish();
ROLLBACK;
