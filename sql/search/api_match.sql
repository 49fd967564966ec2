/*
 * sql/search/api_match.sql
 *		API of matching: freelancers for a project, projects for a freelancer, and what others ask and bid.
 */

-- The parts of a score.
CREATE OR REPLACE FUNCTION skillancer.match_parts(p_skills double precision, p_text double precision,
	p_quality double precision, p_price double precision, p_availability double precision, p_response double precision,
	p_exploration double precision)
RETURNS json
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN skillancer.json_doc('skills', round(p_skills::numeric, 4), 'text', round(p_text::numeric, 4),
		'quality', round(p_quality::numeric, 4), 'price', round(p_price::numeric, 4),
		'availability', round(p_availability::numeric, 4), 'response', round(p_response::numeric, 4),
		'exploration', round(p_exploration::numeric, 4));
END
$$;
COMMENT ON FUNCTION skillancer.match_parts(double precision, double precision, double precision, double precision,
		double precision, double precision, double precision) IS
	'The parts of a match score as JSON, each between 0 and 1. Their weights: 0.35, 0.15, 0.20, 0.10, 0.08, 0.07, 0.05.';
GRANT EXECUTE ON FUNCTION skillancer.match_parts(double precision, double precision, double precision,
	double precision, double precision, double precision, double precision) TO skillancer_bridge;

-- GET /v1/projects/{id}/matches
CREATE OR REPLACE FUNCTION skillancer_api.project_matches(p_id skillancer.project_id, p_limit integer DEFAULT NULL)
RETURNS json
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_limit integer := skillancer.check_limit(p_limit);
	v_client skillancer.user_id;
BEGIN
	PERFORM skillancer.require_role('USER');
	PERFORM skillancer.check_done();
	SELECT p.client_id INTO v_client FROM skillancer.project p WHERE p.id = p_id;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	ELSIF v_client <> skillancer.current_user_id() THEN
		PERFORM skillancer.fail('PERMISSION_DENIED');
	END IF;
	RETURN (
		SELECT coalesce(json_agg(skillancer.json_doc(
			'freelancer', skillancer.json_doc('id', f.user_id, 'displayName', f.display_name, 'headline', f.headline,
				'country', f.country, 'hourlyRate', f.hourly_rate, 'availability', f.availability,
				'level', coalesce(r.level, 'NEW'), 'successScore', r.score,
				'rating', CASE WHEN skillancer.rating_count(r.rating) > 0 THEN r.rating END),
			'score', round(m.score::numeric, 4),
			'parts', skillancer.match_parts(m.skills, m.text, m.quality, m.price, m.availability, m.response,
				m.exploration),
			'matchedSkills', skillancer.skills_json(m.matched)) ORDER BY m.n), '[]')
		FROM skillancer.match_people(p_id, v_limit) WITH ORDINALITY AS m (user_id, score, skills, text, quality,
			price, availability, response, exploration, matched, n)
		JOIN skillancer.profile f ON f.user_id = m.user_id
		LEFT JOIN skillancer.reputation r ON r.user_id = m.user_id AND r.side = 'FREELANCER');
END
$$;
COMMENT ON FUNCTION skillancer_api.project_matches(skillancer.project_id, integer) IS
	'Freelancers who match a project of the caller, the best first, with the parts of their scores. Nobody who cannot be hired, or who proposed already.';
SELECT skillancer.add_route('GET', '/v1/projects/{id}/matches', 'project_matches', who => 'CLIENT',
	summary => 'Freelancers who match my project',
	answers => '[{freelancer: matched_freelancer, score: numeric, parts: match_parts, matchedSkills: skills_json}]');

-- GET /v1/projects/recommended
CREATE OR REPLACE FUNCTION skillancer_api.project_recommended(p_limit integer DEFAULT NULL)
RETURNS json
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_limit integer := skillancer.check_limit(p_limit);
BEGIN
	PERFORM skillancer.require_role('FREELANCER', 'ADMIN');
	PERFORM skillancer.check_done();
	RETURN (
		SELECT coalesce(json_agg(skillancer.json_doc('project', d.doc, 'score', round(m.score::numeric, 4),
			'parts', skillancer.match_parts(m.skills, m.text, m.quality, m.price, m.availability, m.response,
				m.exploration),
			'matchedSkills', skillancer.skills_json(m.matched)) ORDER BY m.n), '[]')
		FROM skillancer.match_projects(v_limit) WITH ORDINALITY AS m (project_id, score, skills, text, quality,
			price, availability, response, exploration, matched, n)
		JOIN skillancer.project_doc d ON d.id = m.project_id);
END
$$;
COMMENT ON FUNCTION skillancer_api.project_recommended(integer) IS
	'Open public projects that match the caller, the best first, with the parts of their scores; without own ones and those with a proposal of the caller.';
SELECT skillancer.add_route('GET', '/v1/projects/recommended', 'project_recommended', who => 'FREELANCER',
	summary => 'Projects that match me',
	answers => '[{project: project_doc, score: numeric, parts: match_parts, matchedSkills: skills_json}]');

-- GET /v1/rates
CREATE OR REPLACE FUNCTION skillancer_api.rate_list(p_category text DEFAULT NULL, p_skill text DEFAULT NULL,
	p_level text DEFAULT NULL, p_currency text DEFAULT 'USD')
RETURNS json
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_category skillancer.category_id;
	v_skill skillancer.skill_id;
BEGIN
	v_category := skillancer.resolve_category('category', p_category);
	v_skill := (skillancer.resolve_skills('skill', CASE WHEN p_skill IS NOT NULL THEN ARRAY[p_skill] END, 1))[1];
	PERFORM skillancer.check_that('skill', num_nonnulls(p_category, p_skill) < 2, 'cannot be asked for together with a category');
	PERFORM skillancer.check_one_of('level', p_level, '{ENTRY,INTERMEDIATE,EXPERT}', required => false);
	PERFORM skillancer.check_that('currency', p_currency ~ '^[A-Z]{3}$', 'must be a currency code such as USD');
	PERFORM skillancer.check_done();
	RETURN skillancer.json_doc('category', skillancer.category_json(v_category),
		'skill', (SELECT skillancer.json_doc('id', k.id, 'slug', k.slug, 'name', k.name)
			FROM skillancer.skill k WHERE k.id = v_skill),
		'level', p_level, 'currency', p_currency,
		'rates', (SELECT coalesce(json_agg(skillancer.json_doc('kind', s.kind, 'samples', s.samples, 'p10', s.p10,
				'p25', s.p25, 'p50', s.p50, 'p75', s.p75, 'p90', s.p90, 'asOf', s.refreshed_at) ORDER BY s.kind), '[]')
			FROM skillancer.rate_stat s
			WHERE s.currency = p_currency AND s.category_id IS NOT DISTINCT FROM v_category
				AND s.skill_id IS NOT DISTINCT FROM v_skill AND s.level IS NOT DISTINCT FROM p_level));
END
$$;
COMMENT ON FUNCTION skillancer_api.rate_list(text, text, text, text) IS
	'Percentiles of hourly rates (HOURLY_RATE) and of bids (HOURLY_BID, FIXED_BID) for a category with those below it, a skill, or all, of one level or of all; a kind with fewer than ten samples is absent.';
SELECT skillancer.add_route('GET', '/v1/rates', 'rate_list', who => 'anyone', summary => 'What freelancers ask and bid',
	answers => '{category: category_json, skill: {id: skill_id, slug: text, name: text}|null, level: text|null, currency: text, rates: [rate_percentiles]}');
