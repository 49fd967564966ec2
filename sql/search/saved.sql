/*
 * sql/search/saved.sql
 *		Saved searches: keeping them, and telling their owners of new documents.
 *
 * A document that is new in the index (not one that changed) matches a saved search when it has all of its words and
 * passes its filters. search_alert() runs in the tick of the indexer and only appends events; the notifier does the
 * rest. Documents that are not for everybody make no alerts.
 */

-- The word by which a saved search is found.
CREATE OR REPLACE FUNCTION skillancer.search_rarest(p_kind text, p_q text)
RETURNS text
LANGUAGE c STABLE STRICT SECURITY DEFINER
AS 'MODULE_PATHNAME', 'skl_fn_search_rarest';
COMMENT ON FUNCTION skillancer.search_rarest(text, text) IS
	'The rarest lexeme that a document must have to match all words of a query; NULL when there is none such.';
ALTER FUNCTION skillancer.search_rarest(text, text) OWNER TO skillancer_engine;

-- The words of new documents.
CREATE OR REPLACE FUNCTION skillancer.search_segment_words(p_kind text, p_segment bigint)
RETURNS text[]
LANGUAGE c VOLATILE STRICT
AS 'MODULE_PATHNAME', 'skl_fn_search_segment_words';
COMMENT ON FUNCTION skillancer.search_segment_words(text, bigint) IS 'The lexemes of a segment, each once.';

-- Alerts.
CREATE OR REPLACE FUNCTION skillancer.search_alert(p_index smallint, p_segment bigint, p_fresh uuid[])
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_kind   text := (SELECT i.kind FROM skillancer.search_index i WHERE i.index_id = p_index);
	v_words  text[];
	v_saved  record;
	v_found  uuid[];
	v_alerts bigint := 0;
BEGIN
	IF NOT EXISTS (SELECT FROM skillancer.saved_search s WHERE s.index_id = p_index AND s.alert) THEN
		RETURN 0;
	END IF;
	v_words := skillancer.search_segment_words(v_kind, p_segment);
	FOR v_saved IN
		SELECT s.id, s.user_id, s.name, s.q, s.filters
		FROM skillancer.saved_search s
		WHERE s.index_id = p_index AND s.alert AND s.word = ANY (v_words)
		UNION ALL
		SELECT s.id, s.user_id, s.name, s.q, s.filters
		FROM skillancer.saved_search s
		WHERE s.index_id = p_index AND s.alert AND s.word IS NULL
	LOOP
		BEGIN
			v_found := ARRAY(
				SELECT u FROM unnest((skillancer.search_run(v_kind, jsonb_strip_nulls(jsonb_build_object('q', v_saved.q,
					'filters', v_saved.filters, 'matchAll', true, 'correct', false, 'limit', 1000, 'segment', p_segment)))).ids) u
				WHERE u = ANY (p_fresh) AND NOT skillancer.search_is_owner(p_index, u, v_saved.user_id));
		EXCEPTION WHEN OTHERS THEN
			IF skillancer.event_not_at_fault(SQLSTATE) THEN
				RAISE;
			END IF;
			RAISE LOG 'skillancer cannot match saved search %: %', v_saved.id, SQLERRM;
			CONTINUE;
		END;
		CONTINUE WHEN cardinality(v_found) = 0;
		PERFORM skillancer.emit('search.matched', 'saved_search', v_saved.id, jsonb_build_object('savedSearchId', v_saved.id,
			'userId', v_saved.user_id, 'name', v_saved.name, 'kind', v_kind, 'count', cardinality(v_found),
			'items', to_jsonb(v_found[:20])), ARRAY[v_saved.user_id::uuid]);
		UPDATE skillancer.saved_search s SET matched_at = skillancer.now() WHERE s.id = v_saved.id;
		v_alerts := v_alerts + 1;
	END LOOP;
	RETURN v_alerts;
END
$fn$;
COMMENT ON FUNCTION skillancer.search_alert(smallint, bigint, uuid[]) IS
	'Appends an event for each saved search that new documents of a segment match, except for those of its owner. Returns how many.';

-- Whose a document is.
CREATE OR REPLACE FUNCTION skillancer.search_is_owner(p_index smallint, p_id uuid, p_user skillancer.user_id)
RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	RETURN CASE p_index
		WHEN 1 THEN EXISTS (SELECT FROM skillancer.project p
			WHERE p.id = p_id::skillancer.project_id AND p.client_id = p_user)
		WHEN 2 THEN EXISTS (SELECT FROM skillancer.gig g WHERE g.id = p_id::skillancer.gig_id AND g.freelancer_id = p_user)
		ELSE p_id = p_user::uuid
	END;
END
$fn$;
COMMENT ON FUNCTION skillancer.search_is_owner(smallint, uuid, skillancer.user_id) IS 'Whether a document is somebody''s own.';

-- The index of a kind, for commands.
CREATE OR REPLACE FUNCTION skillancer.search_kind_index(p_kind text)
RETURNS smallint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
	SELECT CASE p_kind WHEN 'project' THEN 1 WHEN 'gig' THEN 2 WHEN 'freelancer' THEN 3 END::smallint
$fn$;
COMMENT ON FUNCTION skillancer.search_kind_index(text) IS 'Number of the index of project, gig or freelancer; NULL for anything else.';
