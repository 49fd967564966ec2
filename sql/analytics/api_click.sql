-- sql/analytics/api_click.sql
--	Clicks on what a search found. The first page of a search for words bears a sealed searchId in its meta, which says what
--	kind was searched, how many results were shown and when; with it a client tells the rank that somebody went on to.

-- search_seal
CREATE OR REPLACE FUNCTION skillancer.search_seal(p_kind text, p_shown integer)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN skillancer.seal('search', format('%s|%s|%s|%s', gen_random_uuid(), p_kind, p_shown, extract(epoch FROM skillancer.now())::bigint));
END
$$;
COMMENT ON FUNCTION skillancer.search_seal(text, integer) IS
	'The searchId of a page of so many results: nobody else can make one.';
GRANT EXECUTE ON FUNCTION skillancer.search_seal(text, integer) TO skillancer_bridge;

-- search_click_add
CREATE OR REPLACE FUNCTION skillancer.search_click_add(p_search uuid, p_kind text, p_rank integer)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_ranks integer[];
BEGIN
	INSERT INTO skillancer.search_click AS c (search_id, kind, ranks) VALUES (p_search, p_kind, ARRAY[p_rank])
	ON CONFLICT (search_id) DO UPDATE SET ranks = c.ranks || p_rank WHERE NOT p_rank = ANY (c.ranks)
	RETURNING ranks INTO v_ranks;
	IF FOUND THEN
		PERFORM skillancer.emit('search.clicked', 'search', p_search, jsonb_strip_nulls(jsonb_build_object('kind', p_kind, 'rank', p_rank,
			'firstRank', CASE WHEN cardinality(v_ranks) = 1 THEN p_rank END,
			'firstOfTop10', CASE WHEN p_rank <= 10 AND (SELECT count(*) FROM unnest(v_ranks) r WHERE r <= 10) = 1 THEN 1 END)));
	END IF;
END
$$;
COMMENT ON FUNCTION skillancer.search_click_add(uuid, text, integer) IS
	'Notes a click on the result of a rank, the first time for each rank of a search, and tells it as search.clicked.';
ALTER FUNCTION skillancer.search_click_add(uuid, text, integer) OWNER TO skillancer_engine;

-- POST /v1/search/clicks
CREATE OR REPLACE FUNCTION skillancer_api.search_click(p_search_id text, p_rank integer)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_parts text[] := string_to_array(skillancer.unseal('search', p_search_id), '|');
BEGIN
	PERFORM skillancer.check_that('searchId', coalesce(to_timestamp(v_parts[4]::bigint) > skillancer.now() - interval '1 day', false),
		'must be the searchId of a search of the last day');
	PERFORM skillancer.check_int('rank', p_rank, 1, coalesce(v_parts[3]::integer, 100));
	PERFORM skillancer.check_done();
	PERFORM skillancer.search_click_add(v_parts[1]::uuid, v_parts[2], p_rank);
END
$$;
COMMENT ON FUNCTION skillancer_api.search_click(text, integer) IS
	'Tells that somebody went on from a search to one of its results: searchId is of meta of the first page, rank its place on it, from 1 on. Counted once a rank, for nobody in particular.';
SELECT skillancer.add_route('POST', '/v1/search/clicks', 'search_click', who => 'anyone', class => 'fast', idempotent => false, body_limit => 4096,
	summary => 'Tell which result of a search was clicked', answers => '204');

-- Retention: a searchId counts for a day.
CREATE OR REPLACE FUNCTION skillancer.purge_search_clicks()
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_rows bigint;
BEGIN
	DELETE FROM skillancer.search_click c WHERE c.at < skillancer.now() - interval '2 days';
	GET DIAGNOSTICS v_rows = ROW_COUNT;
	RETURN v_rows;
END
$$;
COMMENT ON FUNCTION skillancer.purge_search_clicks() IS 'Job of the timekeeper: deletes clicks of searches whose searchId counts no more.';
ALTER FUNCTION skillancer.purge_search_clicks() OWNER TO skillancer_engine;
INSERT INTO skillancer.housekeeping_job (job, every) VALUES ('purge_search_clicks', '1 hour');
