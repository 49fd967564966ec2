/*
 * sql/search/api_saved.sql
 *		API of saved searches.
 */

-- POST /v1/search/saved
CREATE OR REPLACE FUNCTION skillancer_api.saved_search_create(p_kind text, p_name text, p_q text DEFAULT NULL,
	p_filters jsonb DEFAULT '{}', p_alert boolean DEFAULT true)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_me skillancer.user_id := skillancer.current_user_id();
	v_id uuid;
BEGIN
	PERFORM skillancer.require_role('USER');
	PERFORM skillancer.check_one_of('kind', p_kind, '{project,gig,freelancer}', required => true);
	PERFORM skillancer.check_text('name', p_name, 1, 100, required => true);
	PERFORM skillancer.check_text('q', p_q, 1, 500, required => false);
	PERFORM skillancer.check_that('filters', jsonb_typeof(p_filters) = 'object', 'must be an object');
	PERFORM skillancer.check_that('filters', pg_column_size(p_filters) <= 4000, 'are too large');
	PERFORM skillancer.check_that('q', p_q IS NOT NULL OR p_filters <> '{}', 'or filters must be given');
	PERFORM skillancer.check_done();
	IF (SELECT count(*) FROM skillancer.saved_search s WHERE s.user_id = v_me) >= skillancer.policy_int('savedSearches') THEN
		PERFORM skillancer.check_that('name', false, 'would be one saved search too many');
		PERFORM skillancer.check_done();
	END IF;
	PERFORM skillancer.search_run(p_kind, jsonb_build_object('filters', p_filters, 'limit', 0));
	INSERT INTO skillancer.saved_search (user_id, index_id, name, q, filters, alert, word)
	VALUES (v_me, skillancer.search_kind_index(p_kind), p_name, p_q, p_filters, p_alert, skillancer.search_rarest(p_kind, p_q))
	RETURNING id INTO v_id;
	RETURN (SELECT ROW(201, d.etag, NULL, NULL, d.doc)::skillancer.reply FROM skillancer.saved_search_doc d WHERE d.id = v_id);
END
$$;
COMMENT ON FUNCTION skillancer_api.saved_search_create(text, text, text, jsonb, boolean) IS
	'Keeps a search of projects, gigs or freelancers. With alert, its owner is told of new ones that have all the words; filters are those of the search: {"category": ["design"], "price": {"max": 100}}.';
SELECT skillancer.add_route('POST', '/v1/search/saved', 'saved_search_create', summary => 'Save a search',
	answers => '201 saved_search_doc');

-- GET /v1/search/saved
CREATE OR REPLACE FUNCTION skillancer_api.saved_search_list(p_limit integer DEFAULT NULL, p_cursor text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_limit integer := skillancer.check_limit(p_limit);
	v_scope text := concat_ws('|', 'saved-searches', skillancer.current_user_id());
	v_after uuid;
	v_items json[];
	v_keys  text[];
BEGIN
	PERFORM skillancer.require_role('USER');
	PERFORM skillancer.check_done();
	v_after := coalesce(skillancer.cursor_decode(v_scope, p_cursor), 'ffffffff-ffff-ffff-ffff-ffffffffffff')::uuid;
	SELECT array_agg(l.doc ORDER BY l.id DESC), array_agg(l.id::text ORDER BY l.id DESC) INTO v_items, v_keys
	FROM (
		SELECT d.doc, d.id FROM skillancer.saved_search_doc d
		WHERE d.user_id = (SELECT skillancer.current_user_id()) AND d.id < v_after
		ORDER BY d.id DESC
		LIMIT v_limit + 1) l;
	RETURN skillancer.list_reply(v_items, v_keys, v_limit, v_scope);
END
$$;
COMMENT ON FUNCTION skillancer_api.saved_search_list(integer, text) IS 'The saved searches of the caller, newest first.';
SELECT skillancer.add_route('GET', '/v1/search/saved', 'saved_search_list', summary => 'List your saved searches',
	answers => '[saved_search_doc]');

-- DELETE /v1/search/saved/{id}
CREATE OR REPLACE FUNCTION skillancer_api.saved_search_delete(p_id uuid)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_role('USER');
	DELETE FROM skillancer.saved_search s WHERE s.id = p_id;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
END
$$;
COMMENT ON FUNCTION skillancer_api.saved_search_delete(uuid) IS 'Forgets a saved search of the caller.';
SELECT skillancer.add_route('DELETE', '/v1/search/saved/{id}', 'saved_search_delete', summary => 'Forget a saved search');
