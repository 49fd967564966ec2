/*
 * sql/search/api_freelancer.sql
 *		Lists that are ordered by outcomes: freelancers, and gigs of freelancers.
 *
 * The order is the rank of a freelancer's reputation: the lower bound of the success score. Newcomers are in the
 * middle, below those with a good history and above those with a bad one.
 */

-- Ids of freelancers that anybody may see.
CREATE OR REPLACE FUNCTION skillancer.find_freelancers(p_skills skillancer.skillset, p_country text, p_level text,
	p_rank integer, p_before skillancer.user_id, p_limit integer)
RETURNS skillancer.user_id[]
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
SET plan_cache_mode = force_custom_plan
AS $$
BEGIN
	RETURN ARRAY(
		SELECT p.user_id
		FROM skillancer.profile p
		WHERE p.is_public AND p.is_listed
			AND (p_skills IS NULL OR p.skills @> p_skills)
			AND (p_country IS NULL OR p.country = p_country)
			AND (p_level IS NULL OR skillancer.freelancer_level(p.user_id) = p_level)
			AND EXISTS (SELECT FROM skillancer.user_role r WHERE r.user_id = p.user_id AND r.role = 'FREELANCER')
			AND (p.rank, p.user_id) < (p_rank, p_before)
		ORDER BY p.rank DESC, p.user_id DESC
		LIMIT p_limit);
END
$$;
COMMENT ON FUNCTION skillancer.find_freelancers(skillancer.skillset, text, text, integer, skillancer.user_id, integer) IS
	'Ids of freelancers with a public profile who have all the skills, the best rank first; NULL leaves a filter out. The engine''s, because set operators do not use an index under row-level security.';
ALTER FUNCTION skillancer.find_freelancers(skillancer.skillset, text, text, integer, skillancer.user_id, integer)
	OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.find_freelancers(skillancer.skillset, text, text, integer, skillancer.user_id,
	integer) TO skillancer_bridge;

-- Skills as a wish for a level.
CREATE OR REPLACE FUNCTION skillancer.wished_skills(p_field text, p_skills text)
RETURNS skillancer.skillset
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_ids skillancer.skill_id[] := skillancer.resolve_skills(p_field, string_to_array(p_skills, ','));
BEGIN
	IF cardinality(v_ids) = 0 THEN
		RETURN NULL;
	END IF;
	RETURN skillancer.skillset_of(v_ids, array_fill(1, ARRAY[cardinality(v_ids)]), array_fill(0, ARRAY[cardinality(v_ids)]));
END
$$;
COMMENT ON FUNCTION skillancer.wished_skills(text, text) IS
	'The skills with these ids, slugs or aliases, separated by commas, as a set that any level fulfils; NULL for none.';
GRANT EXECUTE ON FUNCTION skillancer.wished_skills(text, text) TO skillancer_bridge;

-- GET /v1/freelancers
CREATE OR REPLACE FUNCTION skillancer_api.freelancer_list(p_skill text DEFAULT NULL, p_country text DEFAULT NULL,
	p_level text DEFAULT NULL, p_limit integer DEFAULT NULL, p_cursor text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_limit integer := skillancer.check_limit(p_limit);
	v_scope text := jsonb_build_array('freelancers', p_skill, p_country, p_level)::text;
	v_after text;
	v_skills skillancer.skillset;
	v_items json[];
	v_keys text[];
BEGIN
	v_skills := skillancer.wished_skills('skill', p_skill);
	PERFORM skillancer.check_that('country', coalesce(p_country, 'DE') ~ '^[A-Z]{2}$', 'must be an ISO 3166 code of two letters');
	PERFORM skillancer.check_one_of('level', p_level, '{NEW,RISING,ESTABLISHED,TOP}', required => false);
	PERFORM skillancer.check_done();
	v_after := coalesce(skillancer.cursor_decode(v_scope, p_cursor), '10001|ffffffff-ffff-ffff-ffff-ffffffffffff');
	SELECT array_agg(d.doc ORDER BY f.n), array_agg(p.rank || '|' || p.user_id ORDER BY f.n) INTO v_items, v_keys
	FROM unnest(skillancer.find_freelancers(v_skills, p_country, p_level, split_part(v_after, '|', 1)::integer,
		split_part(v_after, '|', 2)::skillancer.user_id, v_limit + 1)) WITH ORDINALITY AS f (id, n)
	JOIN skillancer.profile_doc d ON d.user_id = f.id
	JOIN skillancer.profile p ON p.user_id = f.id;
	RETURN skillancer.list_reply(v_items, v_keys, v_limit, v_scope);
END
$$;
COMMENT ON FUNCTION skillancer_api.freelancer_list(text, text, text, integer, text) IS
	'Freelancers with a public profile, ordered by how their bookings ended, filtered by skills (all of a list with commas), country and level.';
SELECT skillancer.add_route('GET', '/v1/freelancers', 'freelancer_list', who => 'anyone',
	summary => 'Freelancers, by their outcomes', answers => '[profile_doc]');
