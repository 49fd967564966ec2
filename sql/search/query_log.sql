/*
 * sql/search/query_log.sql
 *		What people search for: writing it down, and what they do not find.
 */

-- Lines that searches left in shared memory.
CREATE OR REPLACE FUNCTION skillancer.search_log_take()
RETURNS TABLE (at timestamptz, index_id smallint, user_id uuid, q text, results bigint, corrected text, took_us integer)
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'skl_fn_search_log_take';
COMMENT ON FUNCTION skillancer.search_log_take() IS 'Takes what searches of this database have noted out of shared memory.';

-- Writes them.
CREATE OR REPLACE FUNCTION skillancer.search_log_write()
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_rows bigint := 0;
	v_kind record;
BEGIN
	FOR v_kind IN
		WITH written AS (
			INSERT INTO skillancer.search_log AS l (at, index_id, user_id, q, results, corrected, took_us)
			SELECT t.at, t.index_id, t.user_id::skillancer.user_id, t.q, t.results, t.corrected, t.took_us FROM skillancer.search_log_take() t
			RETURNING l.index_id, l.results, l.corrected)
		SELECT i.kind, count(*) AS searches, count(*) FILTER (WHERE w.results = 0) AS in_vain, count(w.corrected) AS corrected
		FROM written w JOIN skillancer.search_index i ON i.index_id = w.index_id
		GROUP BY i.kind
	LOOP
		PERFORM skillancer.emit('search.performed', 'search', skillancer.new_id(), jsonb_build_object('kind', v_kind.kind,
			'searches', v_kind.searches, 'withoutResult', v_kind.in_vain, 'corrected', v_kind.corrected));
		v_rows := v_rows + v_kind.searches;
	END LOOP;
	RETURN v_rows;
END
$fn$;
COMMENT ON FUNCTION skillancer.search_log_write() IS 'Writes what searches have noted into search_log, and an event search.performed for each kind; called by the merger.';

-- Retention.
CREATE OR REPLACE FUNCTION skillancer.purge_search_log()
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_rows bigint;
BEGIN
	DELETE FROM skillancer.search_log l WHERE l.at < skillancer.now() - (SELECT skillancer.policy_interval('searchLogRetention'));
	GET DIAGNOSTICS v_rows = ROW_COUNT;
	RETURN v_rows;
END
$fn$;
COMMENT ON FUNCTION skillancer.purge_search_log() IS 'Job of the timekeeper: deletes lines of search_log that are older than searchLogRetention.';
ALTER FUNCTION skillancer.purge_search_log() OWNER TO skillancer_engine;
INSERT INTO skillancer.housekeeping_job (job, every) VALUES ('purge_search_log', '1 day');

-- What nobody finds.
CREATE OR REPLACE FUNCTION skillancer.search_misses(p_days integer DEFAULT 30)
RETURNS TABLE (kind text, q text, searches bigint, people bigint, last_at timestamptz, corrected text)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	RETURN QUERY
	SELECT i.kind, l.q, count(*), count(DISTINCT l.user_id), max(l.at), mode() WITHIN GROUP (ORDER BY l.corrected)
	FROM skillancer.search_log l
	JOIN skillancer.search_index i ON i.index_id = l.index_id
	WHERE l.results = 0 AND l.at > skillancer.now() - make_interval(days => p_days)
	GROUP BY i.kind, l.q
	ORDER BY count(*) DESC, l.q
	LIMIT 1000;
END
$fn$;
COMMENT ON FUNCTION skillancer.search_misses(integer) IS
	'Searches without a result in the last days, the most frequent first, with what they were corrected to.';
ALTER FUNCTION skillancer.search_misses(integer) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.search_misses(integer) TO skillancer_admin;

-- What is searched for.
CREATE OR REPLACE FUNCTION skillancer.search_totals(p_days integer DEFAULT 30)
RETURNS TABLE (kind text, day date, searches bigint, people bigint, without_result bigint, corrected bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
SET timezone = 'UTC'
AS $fn$
BEGIN
	RETURN QUERY
	SELECT i.kind, l.at::date, count(*), count(DISTINCT l.user_id), count(*) FILTER (WHERE l.results = 0),
		count(l.corrected)
	FROM skillancer.search_log l
	JOIN skillancer.search_index i ON i.index_id = l.index_id
	WHERE l.at > skillancer.now() - make_interval(days => p_days)
	GROUP BY 1, 2
	ORDER BY 1, 2;
END
$fn$;
COMMENT ON FUNCTION skillancer.search_totals(integer) IS
	'Searches a day and kind, by how many people, how many without a result, how many corrected.';
ALTER FUNCTION skillancer.search_totals(integer) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.search_totals(integer) TO skillancer_admin;
