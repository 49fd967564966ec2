/*
 * sql/analytics/histogram.sql
 *		Histograms with buckets of 2 % width (extension/analytics/histogram.c).
 */

-- histogram_bucket
CREATE OR REPLACE FUNCTION skillancer.histogram_bucket(p_value double precision)
RETURNS integer
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'skl_fn_histogram_bucket';
COMMENT ON FUNCTION skillancer.histogram_bucket(double precision) IS
	'The bucket that a value falls into: floor(ln(value) / ln(1.02)); one of its own for what is not above zero.';

-- histogram_value
CREATE OR REPLACE FUNCTION skillancer.histogram_value(p_bucket integer)
RETURNS double precision
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'skl_fn_histogram_value';
COMMENT ON FUNCTION skillancer.histogram_value(integer) IS
	'The value that stands for a bucket, off by less than 1 %.';

-- histogram_percentile
CREATE OR REPLACE FUNCTION skillancer.histogram_percentile(p_buckets integer[], p_counts bigint[], p_share double precision)
RETURNS double precision
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'skl_fn_histogram_percentile';
COMMENT ON FUNCTION skillancer.histogram_percentile(integer[], bigint[], double precision) IS
	'The value below which a share of what was counted lies, by the nearest rank; buckets must rise. NULL when nothing was counted.';
