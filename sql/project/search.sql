/*
 * search.sql
 *		Finding open projects and active gigs by words and filters.
 *
 * Under row-level security @@ and && cannot drive an index, because they are not leakproof. So a
 * definer function of the engine finds the ids, among rows that are public to everybody, and the
 * caller reads those rows under its own policies. Each call is planned with its own values: the
 * filters that are absent vanish from the plan.
 */

-- Words that a client of the API looks for.
CREATE OR REPLACE FUNCTION skillancer.search_query(p_q text)
RETURNS tsquery
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, skillancer, pg_temp
SET client_min_messages = warning
AS $$
DECLARE
	v_query tsquery := websearch_to_tsquery('pg_catalog.english', p_q);
BEGIN
	RETURN CASE WHEN numnode(v_query) > 0 THEN v_query END;
END
$$;
COMMENT ON FUNCTION skillancer.search_query(text) IS
	'A query out of what people type into a search field; NULL when nothing but stop words is in it.';

-- Ids of public open projects.
CREATE OR REPLACE FUNCTION skillancer.find_projects(
	p_query tsquery, p_skills skillancer.skill_id[], p_categories skillancer.category_id[], p_kind text,
	p_min numeric, p_max numeric, p_currency text,
	p_before timestamptz, p_before_id skillancer.project_id, p_limit integer)
RETURNS skillancer.project_id[]
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
SET plan_cache_mode = force_custom_plan
AS $$
BEGIN
	RETURN ARRAY(
		SELECT p.id
		FROM skillancer.project p
		WHERE p.state = 'OPEN' AND p.visibility = 'PUBLIC'
			AND (p_query IS NULL OR p.q @@ p_query)
			AND (p_skills IS NULL OR p.skills @> p_skills)
			AND (p_categories IS NULL OR p.category_id = ANY (p_categories))
			AND (p_kind IS NULL OR p.budget_kind = p_kind)
			AND (p_currency IS NULL OR skillancer.monetary_currency(p.budget_max) = p_currency)
			AND (p_min IS NULL OR p.budget_max::numeric >= p_min)
			AND (p_max IS NULL OR p.budget_min::numeric <= p_max)
			AND (p.published_at, p.id) < (p_before, p_before_id)
		ORDER BY p.published_at DESC, p.id DESC
		LIMIT p_limit);
END
$$;
COMMENT ON FUNCTION skillancer.find_projects(tsquery, skillancer.skill_id[], skillancer.category_id[], text, numeric,
		numeric, text, timestamptz, skillancer.project_id, integer) IS
	'Ids of PUBLIC and OPEN projects that match, newest first; NULL leaves a filter out. A budget matches when its range meets the wanted one.';
ALTER FUNCTION skillancer.find_projects(tsquery, skillancer.skill_id[], skillancer.category_id[], text, numeric,
	numeric, text, timestamptz, skillancer.project_id, integer) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.find_projects(tsquery, skillancer.skill_id[], skillancer.category_id[], text,
	numeric, numeric, text, timestamptz, skillancer.project_id, integer) TO skillancer_bridge;

-- Ids of active gigs.
CREATE OR REPLACE FUNCTION skillancer.find_gigs(
	p_query tsquery, p_categories skillancer.category_id[], p_min numeric, p_max numeric, p_currency text,
	p_before timestamptz, p_before_id skillancer.gig_id, p_limit integer)
RETURNS skillancer.gig_id[]
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
SET plan_cache_mode = force_custom_plan
AS $$
BEGIN
	RETURN ARRAY(
		SELECT g.id
		FROM skillancer.gig g
		WHERE g.state = 'ACTIVE'
			AND (p_query IS NULL OR g.q @@ p_query)
			AND (p_categories IS NULL OR g.category_id = ANY (p_categories))
			AND (p_currency IS NULL OR skillancer.monetary_currency(g.price_from) = p_currency)
			AND (p_min IS NULL OR g.price_from::numeric >= p_min)
			AND (p_max IS NULL OR g.price_from::numeric <= p_max)
			AND (g.activated_at, g.id) < (p_before, p_before_id)
		ORDER BY g.activated_at DESC, g.id DESC
		LIMIT p_limit);
END
$$;
COMMENT ON FUNCTION skillancer.find_gigs(tsquery, skillancer.category_id[], numeric, numeric, text, timestamptz,
		skillancer.gig_id, integer) IS
	'Ids of ACTIVE gigs that match, newest first; NULL leaves a filter out. The price is the lowest of the packages.';
ALTER FUNCTION skillancer.find_gigs(tsquery, skillancer.category_id[], numeric, numeric, text, timestamptz,
	skillancer.gig_id, integer) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.find_gigs(tsquery, skillancer.category_id[], numeric, numeric, text, timestamptz,
	skillancer.gig_id, integer) TO skillancer_bridge;
