/*
 * sql/search/api_suggest.sql
 *		GET /v1/search/suggest, and the synonyms that staff edit.
 */

-- GET /v1/search/suggest
CREATE OR REPLACE FUNCTION skillancer_api.search_suggest(p_q text, p_kind text DEFAULT NULL, p_limit integer DEFAULT 10)
RETURNS json
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
	v_names constant text[] := '{word,skill,category,person,query}';
	v_kinds integer := 0;
	v_kind  text;
BEGIN
	PERFORM skillancer.check_text('q', p_q, 0, 160);
	PERFORM skillancer.check_int('limit', p_limit, 1, 20);
	FOREACH v_kind IN ARRAY string_to_array(coalesce(nullif(p_kind, ''), 'word,skill,category,person,query'), ',') LOOP
		PERFORM skillancer.check_that('kind', v_kind = ANY (v_names), 'must be a list of word, skill, category, person and query');
		v_kinds := v_kinds | (1 << (coalesce(array_position(v_names, v_kind), 1) - 1));
	END LOOP;
	PERFORM skillancer.check_done();
	RETURN (
		SELECT coalesce(json_agg(skillancer.json_doc('kind', upper(v_names[s.kind + 1]), 'text', s.words,
			'id', CASE s.kind WHEN 1 THEN s.id::skillancer.skill_id::text
				WHEN 2 THEN s.id::skillancer.category_id::text
				WHEN 3 THEN s.id::skillancer.user_id::text END,
			'corrected', s.errors > 0)), '[]')
		FROM skillancer.suggest(p_q, p_limit, CASE v_kinds WHEN 31 THEN 0 ELSE v_kinds END, skillancer.suggest_home()) s
		WHERE s.kind <> 3 OR EXISTS (
			SELECT FROM skillancer.profile p
			WHERE p.user_id = s.id::skillancer.user_id AND p.is_public AND p.is_listed));
END
$$;
COMMENT ON FUNCTION skillancer_api.search_suggest(text, text, integer) IS
	'Completions of what was typed: the last word is a beginning, earlier words must be there; what is not found may have a typing error and is marked as corrected. kind: any of word, skill, category, person, query, with commas between.';
SELECT skillancer.add_route('GET', '/v1/search/suggest', 'search_suggest', who => 'anyone',
	summary => 'Complete what is typed into a search field',
	answers => '[{kind: "WORD"|"SKILL"|"CATEGORY"|"PERSON"|"QUERY", text: text, id: text|null, corrected: boolean}]');

-- GET /v1/admin/search/synonyms
CREATE OR REPLACE FUNCTION skillancer_api.search_synonym_list(p_limit integer DEFAULT NULL, p_cursor text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_limit integer := skillancer.check_limit(p_limit);
	v_after text;
	v_items json[];
	v_keys  text[];
BEGIN
	PERFORM skillancer.require_permission('jobs:moderate');
	PERFORM skillancer.check_done();
	v_after := coalesce(skillancer.cursor_decode('synonyms', p_cursor), '');
	SELECT array_agg(l.doc ORDER BY l.key), array_agg(l.key ORDER BY l.key) INTO v_items, v_keys
	FROM (
		SELECT d.doc, d.key FROM skillancer.search_synonym_doc d
		WHERE d.key > v_after ORDER BY d.key LIMIT v_limit + 1) l;
	RETURN skillancer.list_reply(v_items, v_keys, v_limit, 'synonyms');
END
$$;
COMMENT ON FUNCTION skillancer_api.search_synonym_list(integer, text) IS
	'Groups of words that search takes for the same, by key; names and aliases of skills count without being here.';
SELECT skillancer.add_route('GET', '/v1/admin/search/synonyms', 'search_synonym_list', who => 'MODERATOR, ADMIN',
	summary => 'List the synonyms of search', answers => '[search_synonym_doc]');

-- PUT /v1/admin/search/synonyms/{key}
CREATE OR REPLACE FUNCTION skillancer_api.search_synonym_put(p_key text, p_phrases text[])
RETURNS json
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_phrases text[] := ARRAY(SELECT DISTINCT lower(btrim(p)) FROM unnest(p_phrases) p WHERE btrim(p) <> '' ORDER BY 1);
	v_before  jsonb;
BEGIN
	PERFORM skillancer.require_permission('jobs:moderate');
	PERFORM skillancer.check_that('key', p_key ~ '^[a-z0-9]+(-[a-z0-9]+)*$' AND length(p_key) <= 80,
		'must be small letters and digits with hyphens between');
	PERFORM skillancer.check_array('phrases', p_phrases, 16, 80, required => true);
	PERFORM skillancer.check_that('phrases', cardinality(v_phrases) >= 2, 'must be two or more that differ');
	PERFORM skillancer.check_done();
	SELECT to_jsonb(y.phrases) INTO v_before FROM skillancer.search_synonym y WHERE y.key = p_key;
	INSERT INTO skillancer.search_synonym AS y (key, phrases) VALUES (p_key, v_phrases)
	ON CONFLICT (key) DO UPDATE SET phrases = excluded.phrases, updated_at = skillancer.now();
	PERFORM skillancer.audit('search_synonym.put', 'search_synonym', NULL, v_before,
		jsonb_build_object('key', p_key, 'phrases', v_phrases));
	RETURN (SELECT d.doc FROM skillancer.search_synonym_doc d WHERE d.key = p_key);
END
$$;
COMMENT ON FUNCTION skillancer_api.search_synonym_put(text, text[]) IS
	'Makes or replaces a group of words and phrases that search takes for the same; searches know within a minute.';
SELECT skillancer.add_route('PUT', '/v1/admin/search/synonyms/{key}', 'search_synonym_put', who => 'MODERATOR, ADMIN',
	summary => 'Put a group of synonyms', answers => 'search_synonym_doc');

-- DELETE /v1/admin/search/synonyms/{key}
CREATE OR REPLACE FUNCTION skillancer_api.search_synonym_delete(p_key text)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_before jsonb;
BEGIN
	PERFORM skillancer.require_permission('jobs:moderate');
	DELETE FROM skillancer.search_synonym y WHERE y.key = p_key RETURNING to_jsonb(y.phrases) INTO v_before;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	PERFORM skillancer.audit('search_synonym.delete', 'search_synonym', NULL,
		jsonb_build_object('key', p_key, 'phrases', v_before), NULL);
END
$$;
COMMENT ON FUNCTION skillancer_api.search_synonym_delete(text) IS 'Takes a group of synonyms away.';
SELECT skillancer.add_route('DELETE', '/v1/admin/search/synonyms/{key}', 'search_synonym_delete', who => 'MODERATOR, ADMIN',
	summary => 'Delete a group of synonyms', answers => '204');
