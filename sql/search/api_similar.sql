/*
 * sql/search/api_similar.sql
 *		More like this: projects, gigs and freelancers by the words of another one.
 */

-- The words of a row that the caller may see.
CREATE OR REPLACE FUNCTION skillancer.search_like(p_kind text, p_id uuid)
RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN CASE p_kind
		WHEN 'project' THEN (
			SELECT jsonb_build_object('title', p.title, 'body', p.description, 'language', p.language, 'skills', (
				SELECT string_agg(s.name, E'\n') FROM skillancer.skill s WHERE s.id = ANY (p.skills)))
			FROM skillancer.project p WHERE p.id = p_id::skillancer.project_id)
		WHEN 'gig' THEN (
			SELECT jsonb_build_object('title', g.title, 'body', g.description, 'language', g.language,
				'skills', array_to_string(g.tags, E'\n'))
			FROM skillancer.gig g WHERE g.id = p_id::skillancer.gig_id)
		WHEN 'freelancer' THEN (
			SELECT jsonb_build_object('title', p.headline, 'body', p.bio, 'language', p.language, 'skills', (
				SELECT string_agg(s.name, E'\n') FROM skillancer.skills(p.skills) e JOIN skillancer.skill s ON s.id = e.skill_id))
			FROM skillancer.profile p WHERE p.user_id = p_id::skillancer.user_id)
	END;
END
$$;
COMMENT ON FUNCTION skillancer.search_like(text, uuid) IS
	'Title, skills and body of a project, gig or profile that the caller may see; NULL when there is none.';
GRANT EXECUTE ON FUNCTION skillancer.search_like(text, uuid) TO skillancer_bridge;

-- GET /v1/search/similar
CREATE OR REPLACE FUNCTION skillancer_api.search_similar(p_project skillancer.project_id DEFAULT NULL,
	p_gig skillancer.gig_id DEFAULT NULL, p_freelancer skillancer.user_id DEFAULT NULL, p_kind text DEFAULT NULL,
	p_explain boolean DEFAULT false, p_limit integer DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_limit integer := skillancer.check_limit(p_limit);
	v_from  text := CASE WHEN p_project IS NOT NULL THEN 'project' WHEN p_gig IS NOT NULL THEN 'gig' ELSE 'freelancer' END;
	v_id    uuid := coalesce(p_project::uuid, p_gig::uuid, p_freelancer::uuid);
	v_kind  text := coalesce(p_kind, v_from);
	v_like  jsonb;
	v_page  record;
	v_items json[];
BEGIN
	PERFORM skillancer.check_that('project', num_nonnulls(p_project, p_gig, p_freelancer) = 1,
		'or gig or freelancer must be given, one of them');
	PERFORM skillancer.check_one_of('kind', p_kind, '{project,gig,freelancer}', required => false);
	PERFORM skillancer.check_done();
	v_like := skillancer.search_like(v_from, v_id);
	IF v_like IS NULL THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	SELECT * INTO v_page
	FROM skillancer.search_run(v_kind, jsonb_strip_nulls(jsonb_build_object('like',
		v_like || jsonb_build_object('other', v_kind <> v_from), 'explain', p_explain,
		'language', v_like ->> 'language', 'limit', v_limit + 1)));
	SELECT array_agg(skillancer.json_doc('kind', v_kind, 'item', d.doc, 'score', round(v_page.scores[d.n]::numeric, 6),
		'explanation', v_page.explanations[d.n]::json) ORDER BY d.n) INTO v_items
	FROM (
		SELECT * FROM skillancer.search_docs(v_kind, v_page.ids) r
		WHERE v_kind <> v_from OR r.id <> v_id
		ORDER BY r.n
		LIMIT v_limit) d;
	RETURN ROW(200, NULL, NULL, NULL, array_to_json(coalesce(v_items, '{}')))::skillancer.reply;
END
$$;
COMMENT ON FUNCTION skillancer_api.search_similar(skillancer.project_id, skillancer.gig_id, skillancer.user_id, text, boolean,
		integer) IS
	'Projects, gigs or freelancers (kind; that of the given one otherwise) whose words are most like those of a project, gig or profile: for a project with kind=freelancer, freelancers for it.';
SELECT skillancer.add_route('GET', '/v1/search/similar', 'search_similar', who => 'anyone',
	summary => 'Find more like this',
	answers => '[{kind: "project"|"gig"|"freelancer", item: project_doc|gig_doc|profile_doc, score: numeric, explanation: search_explanation|null}]');
