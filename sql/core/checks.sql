/*
 * sql/core/checks.sql
 *		Refusing requests: errors of errors.def, and checks that collect every bad field first.
 */

-- Raises an error of errors.def.
CREATE OR REPLACE FUNCTION skillancer.fail(p_code text, p_message text DEFAULT NULL, p_details jsonb DEFAULT NULL)
RETURNS void
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'skl_fn_fail';
COMMENT ON FUNCTION skillancer.fail(text, text, jsonb) IS
	'Raises the error of that code (errors.def) with its SQLSTATE; message and details reach the client.';

-- Length of a text in characters.
CREATE OR REPLACE FUNCTION skillancer.check_text(p_field text, p_value text, p_min integer, p_max integer, required boolean DEFAULT true)
RETURNS void
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'skl_fn_check_text';
COMMENT ON FUNCTION skillancer.check_text(text, text, integer, integer, boolean) IS
	'Notes a problem unless the text has min to max characters; NULL is a problem when required.';

-- Bounds of a whole number.
CREATE OR REPLACE FUNCTION skillancer.check_int(p_field text, p_value bigint, p_min bigint, p_max bigint, required boolean DEFAULT true)
RETURNS void
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'skl_fn_check_int';
COMMENT ON FUNCTION skillancer.check_int(text, bigint, bigint, bigint, boolean) IS
	'Notes a problem unless min <= value <= max; a NULL bound is none.';

-- Bounds of a decimal number.
CREATE OR REPLACE FUNCTION skillancer.check_number(p_field text, p_value numeric, p_min numeric, p_max numeric, required boolean DEFAULT true)
RETURNS void
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'skl_fn_check_number';
COMMENT ON FUNCTION skillancer.check_number(text, numeric, numeric, numeric, boolean) IS
	'Notes a problem unless min <= value <= max; NaN and infinity are problems; a NULL bound is none.';

-- Bounds of an amount of money.
CREATE OR REPLACE FUNCTION skillancer.check_money(p_field text, p_value skillancer.monetary, p_min_minor bigint, p_max_minor bigint, required boolean DEFAULT true)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	IF p_value IS NULL THEN
		PERFORM skillancer.check_that(p_field, NOT required, 'is required');
		RETURN;
	END IF;
	PERFORM skillancer.check_that(p_field, p_min_minor IS NULL OR skillancer.monetary_minor(p_value) >= p_min_minor,
		format('must be at least %s', skillancer.monetary_of(p_min_minor, skillancer.monetary_currency(p_value))));
	PERFORM skillancer.check_that(p_field, p_max_minor IS NULL OR skillancer.monetary_minor(p_value) <= p_max_minor,
		format('must be at most %s', skillancer.monetary_of(p_max_minor, skillancer.monetary_currency(p_value))));
END
$$;
COMMENT ON FUNCTION skillancer.check_money(text, skillancer.monetary, bigint, bigint, boolean) IS
	'Notes a problem unless the amount lies between the bounds, in minor units of its own currency; a NULL bound is none.';

-- One of some words.
CREATE OR REPLACE FUNCTION skillancer.check_one_of(p_field text, p_value text, p_allowed text[], required boolean DEFAULT true)
RETURNS void
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'skl_fn_check_one_of';
COMMENT ON FUNCTION skillancer.check_one_of(text, text, text[], boolean) IS
	'Notes a problem unless the value is one of the allowed words.';

-- Size of a list and of its items.
CREATE OR REPLACE FUNCTION skillancer.check_array(p_field text, p_value text[], p_max_items integer, p_max_length integer, required boolean DEFAULT false)
RETURNS void
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'skl_fn_check_array';
COMMENT ON FUNCTION skillancer.check_array(text, text[], integer, integer, boolean) IS
	'Notes a problem for too many items, and for each item that is NULL or too long.';

-- Any other condition.
CREATE OR REPLACE FUNCTION skillancer.check_that(p_field text, p_ok boolean, p_message text)
RETURNS void
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'skl_fn_check_that';
COMMENT ON FUNCTION skillancer.check_that(text, boolean, text) IS
	'Notes the message as a problem of the field unless the condition is true.';

-- Size of a page.
CREATE OR REPLACE FUNCTION skillancer.check_limit(p_limit integer)
RETURNS integer
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'skl_fn_check_limit';
COMMENT ON FUNCTION skillancer.check_limit(integer) IS
	'The size of a page: 20 when NULL, else 1 to 100; anything else is a problem of the field limit.';

-- Refuses when something was noted.
CREATE OR REPLACE FUNCTION skillancer.check_done()
RETURNS void
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'skl_fn_check_done';
COMMENT ON FUNCTION skillancer.check_done() IS
	'Raises VALIDATION_ERROR with every problem noted in this transaction, and those that the bridge found.';

-- Always refuses.
CREATE OR REPLACE FUNCTION skillancer.refuse_problems()
RETURNS void
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'skl_fn_refuse_problems';
COMMENT ON FUNCTION skillancer.refuse_problems() IS
	'Raises VALIDATION_ERROR: the last statement of a request that the bridge found wrong, so that nothing commits.';

GRANT EXECUTE ON FUNCTION
	skillancer.fail(text, text, jsonb),
	skillancer.check_text(text, text, integer, integer, boolean),
	skillancer.check_int(text, bigint, bigint, bigint, boolean),
	skillancer.check_number(text, numeric, numeric, numeric, boolean),
	skillancer.check_money(text, skillancer.monetary, bigint, bigint, boolean),
	skillancer.check_one_of(text, text, text[], boolean),
	skillancer.check_array(text, text[], integer, integer, boolean),
	skillancer.check_that(text, boolean, text),
	skillancer.check_limit(integer),
	skillancer.check_done(),
	skillancer.refuse_problems()
	TO skillancer_bridge;
