/*
 * sql/core/rating.sql
 *		Estimates out of few ratings, so that one rating of five stars does not come before a hundred of nearly five.
 */

-- The mean, drawn towards a prior.
CREATE OR REPLACE FUNCTION skillancer.rating_bayes(p_rating skillancer.rating_tally, p_prior double precision DEFAULT 4,
	p_weight double precision DEFAULT 5)
RETURNS double precision
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'skl_tally_bayes_mean';
COMMENT ON FUNCTION skillancer.rating_bayes(skillancer.rating_tally, double precision, double precision) IS
	'Bayesian mean of stars: (weight * prior + stars) / (weight + ratings).';

-- The lower bound of a tally.
CREATE OR REPLACE FUNCTION skillancer.rating_wilson(p_rating skillancer.rating_tally, p_z double precision DEFAULT 1.96)
RETURNS double precision
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'skl_tally_wilson_bound';
COMMENT ON FUNCTION skillancer.rating_wilson(skillancer.rating_tally, double precision) IS
	'Lower bound (Wilson 1927) of the share of satisfaction, where a rating of s stars is (s - 1) / 4; 0 without ratings.';

-- The lower bound of any share.
CREATE OR REPLACE FUNCTION skillancer.wilson_lower(p_share double precision, p_n double precision,
	p_z double precision DEFAULT 1.96)
RETURNS double precision
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'skl_fn_wilson_lower';
COMMENT ON FUNCTION skillancer.wilson_lower(double precision, double precision, double precision) IS
	'Lower bound of Wilson''s score interval for a share of n trials at z standard deviations; n may be a weight.';
