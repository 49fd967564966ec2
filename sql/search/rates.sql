/*
 * sql/search/rates.sql
 *		Rate intelligence: percentiles of what freelancers ask and bid.
 *
 * A sample is one person's hourly rate, or one bid. It counts for its skills, for the categories of its skills (of the
 * project, for a bid) and the categories above them, and for all; each time once with its level and once without.
 * Percentiles are percentile_cont: linear between the two nearest samples, type 7 of Hyndman and Fan (1996).
 */

-- A category and those above it.
CREATE OR REPLACE FUNCTION skillancer.category_path(p_id skillancer.category_id)
RETURNS skillancer.category_id[]
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN (WITH RECURSIVE t AS (
			SELECT c.id, c.parent_id FROM skillancer.category c WHERE c.id = p_id
			UNION ALL
			SELECT c.id, c.parent_id FROM skillancer.category c JOIN t ON c.id = t.parent_id)
		SELECT array_agg(t.id) FROM t);
END
$$;
COMMENT ON FUNCTION skillancer.category_path(skillancer.category_id) IS 'The category and its ancestors.';

-- Hourly rates of public profiles.
CREATE OR REPLACE FUNCTION skillancer.rate_samples()
RETURNS TABLE (kind text, person skillancer.user_id, currency text, minor bigint, category_id skillancer.category_id,
	skill_id skillancer.skill_id, level text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN QUERY
	WITH known AS MATERIALIZED (
		SELECT p.user_id, coalesce(k.merged_into, k.id) AS skill, k.category_id AS category, max(s.level) AS level
		FROM skillancer.profile p
		CROSS JOIN LATERAL skillancer.skills(p.skills) s
		JOIN skillancer.skill k ON k.id = s.skill_id
		WHERE p.is_public AND p.is_listed AND p.hourly_rate IS NOT NULL
		GROUP BY 1, 2, 3),
	path AS MATERIALIZED (SELECT c.id, a AS above FROM skillancer.category c, unnest(skillancer.category_path(c.id)) a),
	sample AS (
		SELECT n.user_id, NULL::skillancer.category_id AS category, n.skill, n.level FROM known n
		UNION ALL
		SELECT n.user_id, a.above, NULL, max(n.level) FROM known n JOIN path a ON a.id = n.category
		GROUP BY n.user_id, a.above
		UNION ALL
		SELECT p.user_id, NULL, NULL, max(n.level)
		FROM skillancer.profile p
		LEFT JOIN known n ON n.user_id = p.user_id
		WHERE p.is_public AND p.is_listed AND p.hourly_rate IS NOT NULL
		GROUP BY p.user_id)
	SELECT 'HOURLY_RATE', s.user_id, skillancer.monetary_currency(p.hourly_rate),
		skillancer.monetary_minor(p.hourly_rate), s.category, s.skill,
		CASE WHEN s.level = 1 THEN 'ENTRY' WHEN s.level < 4 THEN 'INTERMEDIATE' WHEN s.level = 4 THEN 'EXPERT' END
	FROM sample s
	JOIN skillancer.profile p ON p.user_id = s.user_id;
END
$$;
COMMENT ON FUNCTION skillancer.rate_samples() IS
	'Hourly rates of public profiles; the level is that of the skill, or the highest within the category or of all: 1 is ENTRY, 4 EXPERT.';

-- Bids of a year.
CREATE OR REPLACE FUNCTION skillancer.bid_samples()
RETURNS TABLE (kind text, person skillancer.user_id, currency text, minor bigint, category_id skillancer.category_id,
	skill_id skillancer.skill_id, level text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN QUERY
	WITH path AS MATERIALIZED (
		SELECT c.id, a AS above FROM skillancer.category c, unnest(skillancer.category_path(c.id)) a)
	SELECT CASE j.budget_kind WHEN 'HOURLY' THEN 'HOURLY_BID' ELSE 'FIXED_BID' END, b.freelancer_id,
		skillancer.monetary_currency(b.bid), skillancer.monetary_minor(b.bid), s.category, s.skill, j.experience
	FROM skillancer.proposal b
	JOIN skillancer.project j ON j.id = b.project_id
	CROSS JOIN LATERAL (
		SELECT NULL::skillancer.category_id AS category, u AS skill FROM unnest(j.skills) u
		UNION ALL SELECT a.above, NULL FROM path a WHERE a.id = j.category_id
		UNION ALL SELECT NULL, NULL) s
	WHERE b.state <> 'WITHDRAWN' AND b.created_at > skillancer.now() - interval '1 year';
END
$$;
COMMENT ON FUNCTION skillancer.bid_samples() IS
	'Bids of the last year that were not withdrawn; the level is the experience that the project asks for.';

-- The job.
CREATE OR REPLACE FUNCTION skillancer.refresh_rates()
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_rows bigint;
BEGIN
	LOCK TABLE skillancer.rate_stat IN SHARE ROW EXCLUSIVE MODE;
	DELETE FROM skillancer.rate_stat;
	INSERT INTO skillancer.rate_stat (kind, currency, category_id, skill_id, level, samples, people, p10, p25, p50, p75,
		p90, refreshed_at)
	SELECT g.kind, g.currency, g.category_id, g.skill_id, g.level, g.samples, g.people,
		skillancer.monetary_of(round(g.p[1])::bigint, g.currency), skillancer.monetary_of(round(g.p[2])::bigint, g.currency),
		skillancer.monetary_of(round(g.p[3])::bigint, g.currency), skillancer.monetary_of(round(g.p[4])::bigint, g.currency),
		skillancer.monetary_of(round(g.p[5])::bigint, g.currency), skillancer.now()
	FROM (
		SELECT s.kind, s.currency, s.category_id, s.skill_id, s.level, count(*) AS samples,
			count(DISTINCT s.person) AS people, grouping(s.level) AS all_levels,
			percentile_cont(ARRAY[0.1, 0.25, 0.5, 0.75, 0.9]) WITHIN GROUP (ORDER BY s.minor) AS p
		FROM (SELECT * FROM skillancer.rate_samples() UNION ALL SELECT * FROM skillancer.bid_samples()) s
		GROUP BY GROUPING SETS ((s.kind, s.currency, s.category_id, s.skill_id, s.level),
			(s.kind, s.currency, s.category_id, s.skill_id))) g
	WHERE g.samples >= skillancer.policy_int('rateMinSamples') AND g.people >= skillancer.policy_int('rateMinPeople')
		AND (g.all_levels = 1 OR g.level IS NOT NULL);
	GET DIAGNOSTICS v_rows = ROW_COUNT;
	RETURN v_rows;
END
$$;
COMMENT ON FUNCTION skillancer.refresh_rates() IS
	'Job of the timekeeper: computes all percentiles anew and returns how many rows there are.';
ALTER FUNCTION skillancer.refresh_rates() OWNER TO skillancer_engine;
INSERT INTO skillancer.housekeeping_job (job, every) VALUES ('refresh_rates', '1 day');
