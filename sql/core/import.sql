/*
 * sql/core/import.sql
 *		What every import shares: a run, checks of foreign text, rejected rows, and the reference tables.
 *
 * An operator (superuser, like who runs migrate()) copies a file into its staging table and calls the import
 * function. The function finds the problems of every row, takes over the good ones in few statements, notes the
 * rejected ones in import_rejection, and empties the staging table. What is known already is left alone, so the
 * same file may come again.
 */

-- import_start(): a new run
CREATE OR REPLACE FUNCTION skillancer.import_start(p_kind text)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_run bigint;
BEGIN
	PERFORM pg_advisory_xact_lock(hashtext('skillancer.import'));
	PERFORM skillancer.import_begin('import of kind ' || p_kind);
	INSERT INTO skillancer.import_run (kind) VALUES (p_kind) RETURNING id INTO v_run;
	RETURN v_run;
END
$$;
COMMENT ON FUNCTION skillancer.import_start(text) IS
	'Opens a run: one import at a time, audited; new rows of this transaction may have any state of their machine.';

-- import_finish(): counts, rejected rows, empty staging
CREATE OR REPLACE FUNCTION skillancer.import_finish(
	p_run bigint, p_staging regclass, p_key text, p_added integer,
	OUT rows_read integer, OUT rows_added integer, OUT rows_known integer, OUT rows_rejected integer)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	EXECUTE format('SELECT count(*) FROM %s', p_staging) INTO rows_read;
	EXECUTE format('INSERT INTO skillancer.import_rejection (run_id, row_number, key, problems)
		SELECT $1, row_number, left(key, 200), problems
		FROM (SELECT row_number - min(row_number) OVER () + 1 AS row_number, %s AS key, problems FROM %s) s
		WHERE cardinality(problems) > 0', p_key, p_staging)
	USING p_run;
	GET DIAGNOSTICS rows_rejected = ROW_COUNT;
	rows_added := p_added;
	rows_known := greatest(rows_read - rows_rejected - rows_added, 0);
	UPDATE skillancer.import_run r
	SET finished_at = clock_timestamp(), rows_read = import_finish.rows_read, rows_added = import_finish.rows_added,
		rows_known = import_finish.rows_known, rows_rejected = import_finish.rows_rejected
	WHERE r.id = p_run;
	EXECUTE format('TRUNCATE %s RESTART IDENTITY', p_staging);
END
$$;
COMMENT ON FUNCTION skillancer.import_finish(bigint, regclass, text, integer) IS
	'Closes a run: notes the rejected rows of the staging table with their key, counts, empties the table.';

-- import_text(): foreign text without control characters
CREATE OR REPLACE FUNCTION skillancer.import_text(p_text text)
RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
	SELECT nullif(btrim(regexp_replace(p_text, '[\x01-\x08\x0b-\x1f\x7f]+', '', 'g'), E' \t\n'), '')
$$;
COMMENT ON FUNCTION skillancer.import_text(text) IS
	'The text without control characters and without white space around it; NULL when nothing is left.';

-- import_array(): an array literal, or NULL
CREATE OR REPLACE FUNCTION skillancer.import_array(p_literal text)
RETURNS text[]
LANGUAGE plpgsql IMMUTABLE STRICT
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN array_remove(p_literal::text[], NULL);
EXCEPTION WHEN data_exception THEN
	RETURN NULL;
END
$$;
COMMENT ON FUNCTION skillancer.import_array(text) IS 'The elements of an array literal; NULL when it is none.';

-- length_problem(): a problem of a text's length
CREATE OR REPLACE FUNCTION skillancer.length_problem(p_field text, p_text text, p_min integer, p_max integer)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
	SELECT CASE WHEN coalesce(length(p_text), 0) NOT BETWEEN p_min AND p_max
		THEN format('%s has %s characters, %s to %s are allowed', p_field, coalesce(length(p_text), 0), p_min, p_max) END
$$;
COMMENT ON FUNCTION skillancer.length_problem(text, text, integer, integer) IS
	'What is wrong with the length of a text of a file; NULL when it fits.';

-- import_currencies()
CREATE OR REPLACE FUNCTION skillancer.import_currencies(
	OUT rows_read integer, OUT rows_added integer, OUT rows_known integer, OUT rows_rejected integer)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_run bigint := skillancer.import_start('currency');
BEGIN
	UPDATE skillancer.import_currency s SET problems = array_remove(ARRAY[
		CASE WHEN skillancer.currency_digits(coalesce(s.code, '')) IS NULL THEN 'code is not a currency of type monetary'
			WHEN s.minor_unit IS DISTINCT FROM skillancer.currency_digits(s.code)::text
			THEN format('minor_unit is %s, type monetary has %s', s.minor_unit, skillancer.currency_digits(s.code)) END,
		CASE WHEN coalesce(s."numeric", '') !~ '^\d{1,3}$' THEN 'numeric is not a number of three digits' END,
		skillancer.length_problem('name', skillancer.import_text(s.name), 1, 100),
		CASE WHEN d.n > 1 THEN 'code was there before' END], NULL)
	FROM (SELECT c.row_number, row_number() OVER (PARTITION BY c.code ORDER BY c.row_number) AS n
		FROM skillancer.import_currency c) d
	WHERE d.row_number = s.row_number;
	INSERT INTO skillancer.currency AS c (code, number, digits, name)
	SELECT s.code, s."numeric"::smallint, s.minor_unit::smallint, skillancer.import_text(s.name)
	FROM skillancer.import_currency s WHERE s.problems = '{}' ORDER BY s.code
	ON CONFLICT ON CONSTRAINT currency_pkey DO UPDATE SET number = EXCLUDED.number, name = EXCLUDED.name
	WHERE (c.number, c.name) IS DISTINCT FROM (EXCLUDED.number, EXCLUDED.name);
	GET DIAGNOSTICS rows_added = ROW_COUNT;
	SELECT f.* INTO rows_read, rows_added, rows_known, rows_rejected
	FROM skillancer.import_finish(v_run, 'skillancer.import_currency', 'code', rows_added) f;
END
$$;
COMMENT ON FUNCTION skillancer.import_currencies() IS
	'Takes over import_currency: new currencies and changed names. Digits must be those of type monetary.';

-- import_countries()
CREATE OR REPLACE FUNCTION skillancer.import_countries(
	OUT rows_read integer, OUT rows_added integer, OUT rows_known integer, OUT rows_rejected integer)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_run bigint := skillancer.import_start('country');
BEGIN
	UPDATE skillancer.import_country s SET problems = array_remove(ARRAY[
		CASE WHEN coalesce(s.alpha2, '') !~ '^[A-Z]{2}$' THEN 'alpha2 is not two capital letters' END,
		CASE WHEN coalesce(s.alpha3, '') !~ '^[A-Z]{3}$' THEN 'alpha3 is not three capital letters' END,
		CASE WHEN coalesce(s."numeric", '') !~ '^\d{1,3}$' THEN 'numeric is not a number of three digits' END,
		skillancer.length_problem('name', skillancer.import_text(s.name), 1, 100),
		CASE WHEN d.n2 > 1 THEN 'alpha2 was there before' END, CASE WHEN d.n3 > 1 THEN 'alpha3 was there before' END], NULL)
	FROM (SELECT c.row_number, row_number() OVER (PARTITION BY c.alpha2 ORDER BY c.row_number) AS n2,
			row_number() OVER (PARTITION BY c.alpha3 ORDER BY c.row_number) AS n3
		FROM skillancer.import_country c) d
	WHERE d.row_number = s.row_number;
	INSERT INTO skillancer.country AS c (code, alpha3, number, name, region, subregion, currencies, languages)
	SELECT s.alpha2, s.alpha3, s."numeric"::smallint, skillancer.import_text(s.name), s.region, s.subregion,
		coalesce(string_to_array(s.currency, ','), '{}'), coalesce(string_to_array(s.languages, ','), '{}')
	FROM skillancer.import_country s WHERE s.problems = '{}' ORDER BY s.alpha2
	ON CONFLICT ON CONSTRAINT country_pkey DO UPDATE SET (alpha3, number, name, region, subregion, currencies, languages) =
		(EXCLUDED.alpha3, EXCLUDED.number, EXCLUDED.name, EXCLUDED.region, EXCLUDED.subregion, EXCLUDED.currencies, EXCLUDED.languages)
	WHERE c.* IS DISTINCT FROM EXCLUDED.*;
	GET DIAGNOSTICS rows_added = ROW_COUNT;
	SELECT f.* INTO rows_read, rows_added, rows_known, rows_rejected
	FROM skillancer.import_finish(v_run, 'skillancer.import_country', 'alpha2', rows_added) f;
END
$$;
COMMENT ON FUNCTION skillancer.import_countries() IS 'Takes over import_country: new countries and changed facts.';
