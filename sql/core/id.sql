/*
 * sql/core/id.sql
 *		New identifiers.
 */

-- new_id(): a new UUIDv7; cast it to the id type that is wanted
CREATE OR REPLACE FUNCTION skillancer.new_id() RETURNS uuid
	LANGUAGE c VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_fn_new_id';
COMMENT ON FUNCTION skillancer.new_id() IS 'A new UUIDv7 of the marketplace''s clock, ascending within one session';
