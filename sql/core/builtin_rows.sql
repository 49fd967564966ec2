/*
 * sql/core/builtin_rows.sql
 *		put_builtin(): rows that the project ships and operators may edit (policies, templates, rules).
 *
 * A row carries a hash of what was shipped. The next version replaces it only while its content still has that
 * hash; what somebody edited stays as it is.
 */

-- builtin_hash
CREATE OR REPLACE FUNCTION skillancer.builtin_hash(p_row jsonb, p_columns text[])
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
	SELECT array_to_string(p_columns, ',') || ':' || encode(sha256(convert_to(
		(SELECT jsonb_object_agg(c, p_row -> c) FROM unnest(p_columns) AS c)::text, 'UTF8')), 'hex')
$fn$;
COMMENT ON FUNCTION skillancer.builtin_hash(jsonb, text[]) IS
	'Hash of the named columns of a row, with their names in front, so that columns added later do not matter';

-- builtin_untouched
CREATE OR REPLACE FUNCTION skillancer.builtin_untouched(p_row jsonb)
RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
	SELECT coalesce(p_row ->> 'builtin_hash' = skillancer.builtin_hash(p_row,
		string_to_array(split_part(p_row ->> 'builtin_hash', ':', 1), ',')), false)
$fn$;
COMMENT ON FUNCTION skillancer.builtin_untouched(jsonb) IS
	'Whether a row with a column builtin_hash still has the content that was shipped';

-- put_builtin
CREATE OR REPLACE FUNCTION skillancer.put_builtin(p_table regclass, p_row jsonb)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_columns text[] := (SELECT array_agg(k ORDER BY k) FROM jsonb_object_keys(p_row) AS k);
	v_key     text[] := (
		SELECT array_agg(a.attname::text)
		FROM pg_index i
		JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
		WHERE i.indrelid = p_table AND i.indisprimary);
	v_row     jsonb;
BEGIN
	EXECUTE format('SELECT to_jsonb(jsonb_populate_record(NULL::%s, $1))', p_table) INTO v_row USING p_row;
	EXECUTE format(
		'INSERT INTO %1$s AS shipped (%2$s, builtin_hash) SELECT %3$s, $2 FROM jsonb_populate_record(NULL::%1$s, $1) AS r
		ON CONFLICT (%4$s) DO UPDATE SET (%2$s, builtin_hash) = (SELECT %5$s, EXCLUDED.builtin_hash)
		WHERE shipped.builtin_hash <> EXCLUDED.builtin_hash AND skillancer.builtin_untouched(to_jsonb(shipped.*))',
		p_table,
		(SELECT string_agg(quote_ident(c), ', ') FROM unnest(v_columns) AS c),
		(SELECT string_agg('r.' || quote_ident(c), ', ') FROM unnest(v_columns) AS c),
		(SELECT string_agg(quote_ident(c), ', ') FROM unnest(v_key) AS c),
		(SELECT string_agg('EXCLUDED.' || quote_ident(c), ', ') FROM unnest(v_columns) AS c))
	USING p_row, skillancer.builtin_hash(v_row, v_columns);
END
$fn$;
COMMENT ON FUNCTION skillancer.put_builtin(regclass, jsonb) IS
	'Inserts a shipped row, or replaces the one with its primary key if nobody has edited that';
