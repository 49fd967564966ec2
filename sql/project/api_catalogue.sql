/*
 * api_catalogue.sql
 *		Reading categories and skills: public, small, cached by the bridge.
 */

-- GET /v1/categories
CREATE OR REPLACE FUNCTION skillancer_api.categories()
RETURNS json
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN (SELECT coalesce(json_agg(d.doc ORDER BY d.depth, d.position, d.slug), '[]') FROM skillancer.category_doc d);
END
$$;
COMMENT ON FUNCTION skillancer_api.categories() IS
	'All categories: a flat list with parents before children, each with its parentId.';
SELECT skillancer.add_route('GET', '/v1/categories', 'categories', who => 'anyone',
	summary => 'List the categories', cache_ttl => 60, answers => '[category_doc]');

-- GET /v1/skills
CREATE OR REPLACE FUNCTION skillancer_api.skill_list(
	p_q text DEFAULT NULL, p_limit integer DEFAULT NULL, p_cursor text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
	v_limit integer := skillancer.check_limit(p_limit);
	v_key   text COLLATE "C" := coalesce(skillancer.slugify(p_q), '');
	v_scope text := 'skills|' || coalesce(p_q, '');
	v_after text COLLATE "C";
	v_items json[];
	v_keys  text[];
BEGIN
	PERFORM skillancer.check_text('q', p_q, 1, 100, required => false);
	PERFORM skillancer.check_done();
	v_after := coalesce(skillancer.cursor_decode(v_scope, p_cursor), '');
	SELECT array_agg(l.doc ORDER BY l.slug), array_agg(l.slug ORDER BY l.slug) INTO v_items, v_keys
	FROM (
		SELECT d.doc, d.slug
		FROM skillancer.skill_doc d
		WHERE d.slug > v_after AND d.id IN (
			SELECT k.skill_id FROM skillancer.skill_key k
			WHERE k.key >= v_key AND k.key < v_key || '~')
		ORDER BY d.slug
		LIMIT v_limit + 1) l;
	RETURN skillancer.list_reply(v_items, v_keys, v_limit, v_scope);
END
$$;
COMMENT ON FUNCTION skillancer_api.skill_list(text, integer, text) IS
	'Skills of which a name or alias starts with q, by slug; all skills without q.';
SELECT skillancer.add_route('GET', '/v1/skills', 'skill_list', who => 'anyone',
	summary => 'List skills by the beginning of a name or alias', cache_ttl => 30, answers => '[skill_doc]');

-- GET /v1/skills/popular
CREATE OR REPLACE FUNCTION skillancer_api.skills_popular(p_limit integer DEFAULT NULL)
RETURNS json
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
	v_limit integer := skillancer.check_limit(p_limit);
BEGIN
	PERFORM skillancer.check_done();
	RETURN (
		SELECT coalesce(json_agg(json_build_object('id', s.id, 'slug', s.slug, 'name', s.name, 'projects', t.n)
			ORDER BY t.n DESC, s.slug), '[]')
		FROM (
			SELECT u.id, count(*) AS n
			FROM (
				SELECT p.skills
				FROM skillancer.project p
				WHERE p.state = 'OPEN' AND p.visibility = 'PUBLIC'
				ORDER BY p.published_at DESC, p.id DESC
				LIMIT 1000) r, unnest(r.skills) AS u(id)
			GROUP BY u.id
			ORDER BY n DESC, u.id
			LIMIT v_limit) t
		JOIN skillancer.skill s ON s.id = t.id);
END
$$;
COMMENT ON FUNCTION skillancer_api.skills_popular(integer) IS
	'The skills that the newest 1000 open public projects ask for most, with how many of these do.';
SELECT skillancer.add_route('GET', '/v1/skills/popular', 'skills_popular', who => 'anyone',
	summary => 'List the skills that open projects ask for most', cache_ttl => 300,
	answers => '[{id: skill_id, slug: text, name: text, projects: bigint}]');
