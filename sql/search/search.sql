/*
 * sql/search/search.sql
 *		Searching: the function in C, and what its callers share.
 *
 * search_run() answers with ids and knows from the request who asks; it belongs to the engine, because nobody else
 * reads the index. What the ids stand for is read by the caller under its own policies (search_docs()), in the same
 * snapshot. Ids whose rows are not there for the caller are left out, and the search goes on behind them.
 */

-- A search.
CREATE OR REPLACE FUNCTION skillancer.search_run(p_kind text, p_request jsonb, OUT ids uuid[],
	OUT scores double precision[], OUT keys text[], OUT explanations text[], OUT total bigint, OUT more boolean,
	OUT facets text, OUT corrected text, OUT suggestion text, OUT marks text)
RETURNS record
LANGUAGE c STABLE STRICT SECURITY DEFINER
AS 'MODULE_PATHNAME', 'skl_fn_search_run';
COMMENT ON FUNCTION skillancer.search_run(text, jsonb) IS
	'One page of a search of projects, gigs or freelancers: ids, best first, with scores and keys to go on from; members of the request are in extension/search/ask.c.';
ALTER FUNCTION skillancer.search_run(text, jsonb) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.search_run(text, jsonb) TO skillancer_bridge, skillancer_admin;

-- The part of a text that matches.
CREATE OR REPLACE FUNCTION skillancer.search_snippet(p_text text, p_marks jsonb, p_language text, p_words integer)
RETURNS text
LANGUAGE c STABLE
AS 'MODULE_PATHNAME', 'skl_fn_search_snippet';
COMMENT ON FUNCTION skillancer.search_snippet(text, jsonb, text, integer) IS
	'The best part of a text of so many words (0: all of it), as HTML with <mark> around what search_run() looked for.';
GRANT EXECUTE ON FUNCTION skillancer.search_snippet(text, jsonb, text, integer) TO skillancer_bridge, skillancer_admin;

-- What is made of a text.
CREATE OR REPLACE FUNCTION skillancer.search_words(p_text text, p_language text DEFAULT NULL)
RETURNS text[]
LANGUAGE c STABLE
AS 'MODULE_PATHNAME', 'skl_fn_search_words';
COMMENT ON FUNCTION skillancer.search_words(text, text) IS
	'The words that search makes of a text in a language, as lexeme:position.';
GRANT EXECUTE ON FUNCTION skillancer.search_words(text, text) TO skillancer_admin;

-- Restricted documents of the caller.
CREATE OR REPLACE FUNCTION skillancer.search_visible(p_index smallint)
RETURNS uuid[]
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_me skillancer.user_id := skillancer.current_user_id();
BEGIN
	IF p_index <> 1 THEN
		RETURN '{}';
	ELSIF skillancer.has_permission('jobs:view') THEN
		RETURN NULL;
	END IF;
	RETURN ARRAY(
		SELECT p.id::uuid
		FROM skillancer.project p
		WHERE p.state = 'OPEN' AND p.visibility <> 'PUBLIC' AND p.id IN (
			SELECT o.id FROM skillancer.project o WHERE o.client_id = v_me
			UNION SELECT b.project_id FROM skillancer.proposal b WHERE b.freelancer_id = v_me
			UNION SELECT i.project_id FROM skillancer.invitation i
				WHERE i.freelancer_id = v_me AND i.state IN ('SENT', 'ACCEPTED')));
END
$$;
COMMENT ON FUNCTION skillancer.search_visible(smallint) IS
	'Documents that are not for everybody, but that policies show to the caller; NULL means all of them.';

-- What ids stand for.
CREATE OR REPLACE FUNCTION skillancer.search_docs(p_kind text, p_ids uuid[])
RETURNS TABLE (n bigint, id uuid, doc json, title text, body text, language text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
	CASE p_kind
		WHEN 'project' THEN
			RETURN QUERY
			SELECT u.n, u.id, d.doc, p.title, p.description, p.language
			FROM unnest(p_ids) WITH ORDINALITY AS u (id, n)
			JOIN skillancer.project p ON p.id = u.id::skillancer.project_id AND p.state = 'OPEN'
			JOIN skillancer.project_doc d ON d.id = p.id
			ORDER BY u.n;
		WHEN 'gig' THEN
			RETURN QUERY
			SELECT u.n, u.id, d.doc, g.title, g.description, g.language
			FROM unnest(p_ids) WITH ORDINALITY AS u (id, n)
			JOIN skillancer.gig g ON g.id = u.id::skillancer.gig_id AND g.state = 'ACTIVE'
			JOIN skillancer.gig_doc d ON d.id = g.id
			ORDER BY u.n;
		WHEN 'freelancer' THEN
			RETURN QUERY
			SELECT u.n, u.id, d.doc, coalesce(p.headline, p.display_name), coalesce(p.bio, ''), p.language
			FROM unnest(p_ids) WITH ORDINALITY AS u (id, n)
			JOIN skillancer.profile p ON p.user_id = u.id::skillancer.user_id AND p.is_public AND p.is_listed
			JOIN skillancer.profile_doc d ON d.user_id = p.user_id
			ORDER BY u.n;
	END CASE;
END
$$;
COMMENT ON FUNCTION skillancer.search_docs(text, uuid[]) IS
	'Rows that can still be found behind ids of an index, as far as the caller may see them.';
GRANT EXECUTE ON FUNCTION skillancer.search_docs(text, uuid[]) TO skillancer_bridge;

-- A page of rows.
CREATE OR REPLACE FUNCTION skillancer.search_rows(p_kind text, p_request jsonb, p_limit integer, OUT items json[],
	OUT keys text[], OUT meta jsonb)
RETURNS record
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_page    record;
	v_request jsonb := p_request;
	v_mark    boolean := coalesce((p_request ->> 'highlight')::boolean, false);
	v_items   json[];
	v_keys    text[];
BEGIN
	items := '{}';
	keys := '{}';
	FOR v_round IN 1..5 LOOP
		SELECT * INTO v_page
		FROM skillancer.search_run(p_kind, v_request || jsonb_build_object('limit', p_limit + 1 - cardinality(keys)));
		IF v_round = 1 THEN
			meta := jsonb_strip_nulls(jsonb_build_object('total', v_page.total, 'facets', v_page.facets::jsonb,
				'correctedFrom', CASE WHEN v_page.corrected IS NOT NULL THEN p_request ->> 'q' END,
				'corrected', v_page.corrected, 'suggestion', v_page.suggestion));
		END IF;
		SELECT array_agg(skillancer.json_doc(p_kind, d.doc, 'score', round(v_page.scores[d.n]::numeric, 6),
				'highlights', CASE WHEN v_mark THEN skillancer.json_doc(
					'title', skillancer.search_snippet(d.title, v_page.marks::jsonb, d.language, 0),
					'snippet', skillancer.search_snippet(d.body, v_page.marks::jsonb, d.language, 30)) END,
				'explanation', v_page.explanations[d.n]::json) ORDER BY d.n),
			array_agg(v_page.keys[d.n] ORDER BY d.n)
		INTO v_items, v_keys
		FROM skillancer.search_docs(p_kind, v_page.ids) d;
		items := items || coalesce(v_items, '{}');
		keys := keys || coalesce(v_keys, '{}');
		EXIT WHEN cardinality(keys) > p_limit OR NOT v_page.more OR cardinality(v_page.keys) = 0;
		v_request := (p_request - 'facets') || jsonb_build_object('total', false,
			'after', v_page.keys[cardinality(v_page.keys)]);
	END LOOP;
END
$$;
COMMENT ON FUNCTION skillancer.search_rows(text, jsonb, integer) IS
	'Up to one row more than a page, of those that the caller may see: goes on behind hidden ones, five times at most.';
GRANT EXECUTE ON FUNCTION skillancer.search_rows(text, jsonb, integer) TO skillancer_bridge;

-- What the caller has to do with.
CREATE OR REPLACE FUNCTION skillancer.search_near(p_kind text)
RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
	v_me skillancer.user_id := skillancer.current_user_id();
BEGIN
	IF v_me IS NULL THEN
		RETURN NULL;
	END IF;
	RETURN CASE p_kind
		WHEN 'project' THEN (
			SELECT jsonb_build_object('skill', jsonb_agg(s.slug ORDER BY e.level DESC, s.slug))
			FROM skillancer.profile p, skillancer.skills(p.skills) e
			JOIN skillancer.skill o ON o.id = e.skill_id
			JOIN skillancer.skill s ON s.id = coalesce(o.merged_into, o.id)
			WHERE p.user_id = v_me)
		WHEN 'gig' THEN (
			SELECT jsonb_build_object('category', jsonb_agg(DISTINCT c.slug))
			FROM (SELECT p.category_id FROM skillancer.project p WHERE p.client_id = v_me ORDER BY p.id DESC LIMIT 5) o
			JOIN skillancer.category c ON c.id = o.category_id)
			|| (SELECT jsonb_build_object('country', max(p.country)) FROM skillancer.profile p WHERE p.user_id = v_me)
		WHEN 'freelancer' THEN (
			SELECT jsonb_build_object('skill', jsonb_agg(DISTINCT s.slug))
			FROM (SELECT p.skills FROM skillancer.project p WHERE p.client_id = v_me ORDER BY p.id DESC LIMIT 5) o
			JOIN skillancer.skill u ON u.id = ANY (o.skills)
			JOIN skillancer.skill s ON s.id = coalesce(u.merged_into, u.id))
			|| (SELECT jsonb_build_object('country', max(p.country)) FROM skillancer.profile p WHERE p.user_id = v_me)
	END;
END
$$;
COMMENT ON FUNCTION skillancer.search_near(text) IS
	'Labels that have to do with the caller: own skills for projects; categories or skills of the newest own projects, and the own country, for gigs and freelancers. NULL for visitors.';
GRANT EXECUTE ON FUNCTION skillancer.search_near(text) TO skillancer_bridge;

-- A page as an answer.
CREATE OR REPLACE FUNCTION skillancer.search_reply(p_kind text, p_request jsonb, p_limit integer, p_cursor text)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_limit integer := skillancer.check_limit(p_limit);
	v_scope text;
	v_after text;
	v_page  record;
	v_reply skillancer.reply;
BEGIN
	PERFORM skillancer.check_that('q', octet_length(coalesce(p_request ->> 'q', '')) <= 1048576, 'must be at most 1 MB');
	PERFORM skillancer.check_that('language', coalesce(p_request ->> 'language', 'en') ~ '^[a-z]{2}$',
		'must be an ISO 639 code of two letters');
	PERFORM skillancer.check_done();
	v_scope := 'search-' || p_kind || md5((jsonb_strip_nulls(p_request) - '{facets,explain,highlight,total}'::text[])::text);
	v_after := skillancer.cursor_decode(v_scope, p_cursor);
	SELECT * INTO v_page
	FROM skillancer.search_rows(p_kind, jsonb_strip_nulls(p_request || jsonb_build_object('after', v_after,
		'near', CASE WHEN coalesce(p_request ->> 'sort', 'relevance') = 'relevance' THEN skillancer.search_near(p_kind) END)), v_limit);
	v_reply := skillancer.list_reply(v_page.items, v_page.keys, v_limit, v_scope);
	v_reply.meta := v_reply.meta || v_page.meta;
	IF p_cursor IS NULL AND btrim(p_request ->> 'q') <> '' AND cardinality(v_page.keys) > 0 THEN
		v_reply.meta := v_reply.meta || jsonb_build_object('searchId', skillancer.search_seal(p_kind, least(v_limit, cardinality(v_page.keys))));
	END IF;
	RETURN v_reply;
END
$$;
COMMENT ON FUNCTION skillancer.search_reply(text, jsonb, integer, text) IS
	'A page of a search in the envelope of lists, with total, facets and corrections in meta, and on the first page of a search for words the searchId of POST /v1/search/clicks.';
GRANT EXECUTE ON FUNCTION skillancer.search_reply(text, jsonb, integer, text) TO skillancer_bridge;

-- Values of a filter.
CREATE OR REPLACE FUNCTION skillancer.search_values(p_values text)
RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN to_jsonb(string_to_array(nullif(p_values, ''), ','));
END
$$;
COMMENT ON FUNCTION skillancer.search_values(text) IS 'A list with commas as a JSON array; NULL for nothing.';

-- Skills of a filter.
CREATE OR REPLACE FUNCTION skillancer.search_skills(p_field text, p_skills text)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_ids skillancer.skill_id[] := skillancer.resolve_skills(p_field, string_to_array(nullif(p_skills, ''), ','));
BEGIN
	RETURN (SELECT jsonb_agg(s.slug ORDER BY s.slug) FROM skillancer.skill s WHERE s.id = ANY (v_ids));
END
$$;
COMMENT ON FUNCTION skillancer.search_skills(text, text) IS
	'Slugs of the skills with these ids, slugs or aliases, separated by commas; NULL for none.';
GRANT EXECUTE ON FUNCTION skillancer.search_skills(text, text) TO skillancer_bridge;

-- Categories of a filter.
CREATE OR REPLACE FUNCTION skillancer.search_category(p_field text, p_categories text)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_name text;
	v_id   skillancer.category_id;
	v_slug text;
	v_all  jsonb;
BEGIN
	FOREACH v_name IN ARRAY coalesce(string_to_array(nullif(p_categories, ''), ','), '{}') LOOP
		v_id := skillancer.resolve_category(p_field, v_name);
		SELECT c.slug INTO v_slug FROM skillancer.category c WHERE c.id = v_id;
		v_all := coalesce(v_all, '[]') || to_jsonb(v_slug);
	END LOOP;
	RETURN v_all;
END
$$;
COMMENT ON FUNCTION skillancer.search_category(text, text) IS
	'Slugs of the categories with these ids or slugs, separated by commas; NULL for none.';
GRANT EXECUTE ON FUNCTION skillancer.search_category(text, text) TO skillancer_bridge;

-- A range of a filter.
CREATE OR REPLACE FUNCTION skillancer.search_range(p_min anyelement, p_max anyelement)
RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	IF p_min IS NULL AND p_max IS NULL THEN
		RETURN NULL;
	END IF;
	RETURN jsonb_strip_nulls(jsonb_build_object('min', p_min, 'max', p_max));
END
$$;
COMMENT ON FUNCTION skillancer.search_range(anyelement, anyelement) IS 'Both ends of a range as JSON; NULL when it has none.';
GRANT EXECUTE ON FUNCTION skillancer.search_range(anyelement, anyelement) TO skillancer_bridge;
