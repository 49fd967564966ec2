/*
 * sql/core/skills.sql
 *		What of a wish a set of skills covers.
 */

-- Weighted coverage.
CREATE OR REPLACE FUNCTION skillancer.skillset_coverage(p_have skillancer.skillset, p_want skillancer.skillset,
	p_weights double precision[] DEFAULT NULL)
RETURNS double precision
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'skl_skillset_coverage';
COMMENT ON FUNCTION skillancer.skillset_coverage(skillancer.skillset, skillancer.skillset, double precision[]) IS
	'Share of the wished skills that a set has, 0 to 1, each by its weight (one a skill, in the order of skill_ids(); NULL: equal ones) and by the share of the wished level; 1 when nothing is wished.';
