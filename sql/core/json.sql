/*
 * json.sql
 *		Documents out of columns.
 */

-- A JSON object of names and values.
CREATE OR REPLACE FUNCTION skillancer.json_doc(VARIADIC "any")
RETURNS json
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'skl_fn_json_doc';
COMMENT ON FUNCTION skillancer.json_doc(VARIADIC "any") IS
	'json_build_object() without white space and a third of its cost: what it finds out about a type is kept. For views and functions of the API.';
GRANT EXECUTE ON FUNCTION skillancer.json_doc(VARIADIC "any")
	TO skillancer_bridge, skillancer_worker, skillancer_admin, skillancer_backup;
