/*
 * sql/project/draw.sql
 *		Repeatable draws for the generator: what comes out depends on seed, stream and index alone.
 */

-- draw(): a number from 0 to 1
CREATE OR REPLACE FUNCTION skillancer.draw(p_seed integer, p_stream text, p_index bigint)
RETURNS double precision
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'skl_fn_draw';
COMMENT ON FUNCTION skillancer.draw(integer, text, bigint) IS 'Evenly distributed number, 0 included, 1 not.';

-- draw_int(): a whole number
CREATE OR REPLACE FUNCTION skillancer.draw_int(p_seed integer, p_stream text, p_index bigint, p_low integer, p_high integer)
RETURNS integer
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'skl_fn_draw_int';
COMMENT ON FUNCTION skillancer.draw_int(integer, text, bigint, integer, integer) IS
	'Evenly distributed whole number, both bounds included.';

-- draw_one(): one of several
CREATE OR REPLACE FUNCTION skillancer.draw_one(
	p_seed integer, p_stream text, p_index bigint, p_choices text[], p_weights integer[] DEFAULT NULL)
RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'skl_fn_draw_one';
COMMENT ON FUNCTION skillancer.draw_one(integer, text, bigint, text[], integer[]) IS
	'One of the choices, all alike or by weights.';

-- draw_quantile(): a number of a distribution
CREATE OR REPLACE FUNCTION skillancer.draw_quantile(
	p_seed integer, p_stream text, p_index bigint, p_levels double precision[], p_values double precision[])
RETURNS double precision
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'skl_fn_draw_quantile';
COMMENT ON FUNCTION skillancer.draw_quantile(integer, text, bigint, double precision[], double precision[]) IS
	'A number of the distribution that has these values at these levels (0..1).';

-- draw_id(): an id that is the same every time
CREATE OR REPLACE FUNCTION skillancer.draw_id(p_seed integer, p_stream text, p_index bigint)
RETURNS uuid
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'skl_fn_draw_id';
COMMENT ON FUNCTION skillancer.draw_id(integer, text, bigint) IS 'A UUIDv7; a later index has a greater one.';

-- compose(): a text of a grammar
CREATE OR REPLACE FUNCTION skillancer.compose(p_seed integer, p_stream text, p_index bigint, p_template text)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'skl_fn_compose';
COMMENT ON FUNCTION skillancer.compose(integer, text, bigint, text) IS
	'The template with one alternative taken of each {a|b|c}; braces may be nested.';
