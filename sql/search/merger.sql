/*
 * sql/search/merger.sql
 *		What takes longer than a tick: new generations, merges, deleting the bytes of old segments.
 */

-- Is there something for the merger?
CREATE OR REPLACE FUNCTION skillancer.search_busy()
RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	RETURN EXISTS (
			SELECT FROM skillancer.search_segment s
			GROUP BY s.index_id, s.generation, s.class, s.level
			HAVING count(*) >= current_setting('skillancer.search_merge_factor')::integer)
		OR EXISTS (SELECT FROM skillancer.search_segment s
			WHERE s.ndocs >= 64 AND greatest(s.ndocs - s.nlive, s.nvalues) > s.ndocs / 4)
		OR EXISTS (SELECT FROM skillancer.search_index i WHERE i.building IS NOT NULL);
END
$fn$;
COMMENT ON FUNCTION skillancer.search_busy() IS 'Whether segments are to be merged, or a generation is in building.';

-- Deletes the bytes of segments that are no more.
CREATE OR REPLACE FUNCTION skillancer.search_collect()
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
SET enable_seqscan = off
AS $fn$
DECLARE
	v_gone bigint[];
	v_rows bigint;
BEGIN
	WITH RECURSIVE stored AS (
		(SELECT c.seg_id FROM skillancer.search_chunk c ORDER BY c.seg_id LIMIT 1)
		UNION ALL
		SELECT (SELECT c.seg_id FROM skillancer.search_chunk c WHERE c.seg_id > t.seg_id ORDER BY c.seg_id LIMIT 1)
		FROM stored t
		WHERE t.seg_id IS NOT NULL)
	SELECT array_agg(t.seg_id) INTO v_gone
	FROM stored t
	WHERE t.seg_id IS NOT NULL AND NOT EXISTS (SELECT FROM skillancer.search_segment s WHERE s.seg_id = t.seg_id);
	IF v_gone IS NULL THEN
		RETURN 0;
	END IF;
	DELETE FROM skillancer.search_dead d WHERE d.seg_id = ANY (v_gone);
	DELETE FROM skillancer.search_value v WHERE v.seg_id = ANY (v_gone);
	DELETE FROM skillancer.search_chunk c WHERE c.seg_id = ANY (v_gone);
	GET DIAGNOSTICS v_rows = ROW_COUNT;
	RETURN v_rows;
END
$fn$;
COMMENT ON FUNCTION skillancer.search_collect() IS 'Deletes chunks and dead bits of segments that the manifest does not have; returns how many chunks.';

-- Adds documents to the generation in building.
CREATE OR REPLACE FUNCTION skillancer.search_build(p_index smallint, p_generation integer, p_ids uuid[])
RETURNS boolean
LANGUAGE c VOLATILE STRICT
AS 'MODULE_PATHNAME', 'skl_fn_search_build';
COMMENT ON FUNCTION skillancer.search_build(smallint, integer, uuid[]) IS
	'Indexes documents that the generation in building does not have, as far as they are to be found, and locks the index when all but the manifest is written. False: it is no longer in building.';

-- The same, and what goes wrong is set aside.
CREATE OR REPLACE FUNCTION skillancer.search_build_safely(p_index smallint, p_generation integer, p_ids uuid[])
RETURNS boolean
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	BEGIN
		RETURN skillancer.search_build(p_index, p_generation, p_ids);
	EXCEPTION WHEN OTHERS THEN
		IF skillancer.event_not_at_fault(SQLSTATE) THEN
			RAISE;
		END IF;
	END;
	RETURN skillancer.search_build(p_index, p_generation, skillancer.search_sift(p_index, p_ids));
END
$fn$;
COMMENT ON FUNCTION skillancer.search_build_safely(smallint, integer, uuid[]) IS
	'search_build(); when that fails, one by one: a document that cannot be indexed is left out and noted in search_attempt.';

-- The last documents.
CREATE OR REPLACE FUNCTION skillancer.search_build_end(p_index smallint, p_generation integer)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_built_to uuid;
BEGIN
	SELECT coalesce(i.built_to, '00000000-0000-0000-0000-000000000000') INTO v_built_to
	FROM skillancer.search_index i WHERE i.index_id = p_index AND i.building = p_generation FOR UPDATE;
	IF NOT FOUND THEN
		RETURN 1;
	END IF;
	PERFORM skillancer.search_build_safely(p_index, p_generation, skillancer.search_next(p_index, v_built_to, NULL, NULL));
	DELETE FROM skillancer.search_segment s WHERE s.index_id = p_index AND s.generation <> p_generation;
	UPDATE skillancer.search_index i
	SET generation = i.building, building = NULL, built_to = NULL, building_to = NULL, build_missed = NULL,
		build_started_at = NULL, built_at = skillancer.now()
	WHERE i.index_id = p_index;
	RETURN 1;
END
$fn$;
COMMENT ON FUNCTION skillancer.search_build_end(smallint, integer) IS
	'Adds the documents that are left to the generation in building, all of it under the lock of the index, and has it answer from now on.';

-- A step of building.
CREATE OR REPLACE FUNCTION skillancer.search_build_step(p_index smallint, p_limit integer)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_few    integer := least(p_limit, 100);
	v_index  record;
	v_ids    uuid[] := '{}';
	v_next   uuid[];
	v_missed uuid[];
BEGIN
	SELECT i.building, i.building_to, coalesce(i.built_to, '00000000-0000-0000-0000-000000000000') AS built_to INTO v_index
	FROM skillancer.search_index i WHERE i.index_id = p_index;
	IF v_index.building IS NULL THEN
		RETURN 0;
	END IF;
	IF cardinality(skillancer.search_next(p_index, v_index.built_to, NULL, v_few)) < v_few THEN
		RETURN skillancer.search_build_end(p_index, v_index.building);
	END IF;
	IF v_index.building_to IS NOT NULL THEN
		v_ids := skillancer.search_next(p_index, v_index.built_to, v_index.building_to, NULL);
	END IF;
	v_next := skillancer.search_next(p_index, coalesce(v_index.building_to, v_index.built_to), NULL, p_limit);
	-- from here on the index is locked
	IF NOT skillancer.search_build_safely(p_index, v_index.building, v_ids) THEN
		RETURN 1;
	END IF;
	SELECT i.build_missed INTO v_missed FROM skillancer.search_index i WHERE i.index_id = p_index;
	UPDATE skillancer.search_index i
	SET built_to = i.building_to, building_to = coalesce(v_next[cardinality(v_next)], i.building_to), build_missed = NULL
	WHERE i.index_id = p_index;
	IF v_missed IS NOT NULL THEN
		INSERT INTO skillancer.search_queue (xid, epoch, index_id, entity_id, op)
		SELECT pg_current_xact_id(), skillancer.epoch(), p_index, m, 'q' FROM unnest(v_missed) m;
		PERFORM skillancer.wake('indexer');
	END IF;
	RETURN greatest(cardinality(v_ids), 1);
END
$fn$;
COMMENT ON FUNCTION skillancer.search_build_step(smallint, integer) IS
	'Adds the documents up to building_to to the generation in building, and says how far the next step will go; those that a tick took meanwhile go through the queue once more. Of few that are left the generation is made whole.';

-- A turn of the merger.
CREATE OR REPLACE FUNCTION skillancer.merger_batch(p_limit integer)
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_work record;
	v_rows bigint;
BEGIN
	PERFORM skillancer.search_log_write();
	v_rows := skillancer.search_collect();
	IF v_rows > 0 THEN
		RETURN v_rows;
	END IF;
	FOR v_work IN
		SELECT s.index_id, s.generation FROM skillancer.search_segment s GROUP BY s.index_id, s.generation
		ORDER BY s.index_id, s.generation
	LOOP
		v_rows := skillancer.search_merge_segments(v_work.index_id, v_work.generation, false);
		IF v_rows > 0 THEN
			RETURN v_rows;
		END IF;
	END LOOP;
	FOR v_work IN SELECT i.index_id FROM skillancer.search_index i WHERE i.building IS NOT NULL ORDER BY i.index_id LOOP
		RETURN skillancer.search_build_step(v_work.index_id, p_limit);
	END LOOP;
	RETURN 0;
END
$fn$;
COMMENT ON FUNCTION skillancer.merger_batch(integer) IS
	'One piece of work, in one transaction: deletes old bytes, or merges, or builds so many documents. Returns 0 when there is nothing to do.';
ALTER FUNCTION skillancer.merger_batch(integer) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.merger_batch(integer) TO skillancer_worker;

-- Builds an index anew.
CREATE OR REPLACE FUNCTION skillancer.search_rebuild(p_kind text)
RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_index    smallint;
	v_building integer;
BEGIN
	SELECT i.index_id INTO v_index FROM skillancer.search_index i WHERE i.kind = p_kind FOR UPDATE;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'there is no search index "%"', p_kind
			USING ERRCODE = 'invalid_parameter_value', HINT = 'Kinds are project, gig and freelancer.';
	END IF;
	DELETE FROM skillancer.search_segment s
	USING skillancer.search_index i
	WHERE i.index_id = v_index AND s.index_id = v_index AND s.generation <> i.generation;
	UPDATE skillancer.search_index i
	SET building = coalesce(i.building, i.generation) + 1, built_to = NULL, building_to = NULL, build_missed = NULL,
		build_started_at = skillancer.now()
	WHERE i.index_id = v_index
	RETURNING i.building INTO v_building;
	PERFORM skillancer.wake('merger');
	RETURN v_building;
END
$fn$;
COMMENT ON FUNCTION skillancer.search_rebuild(text) IS
	'Has the merger build an index (project, gig, freelancer) anew beside the one that answers until the new one is whole; search_status shows how far it is. Returns the number of the new generation.';
ALTER FUNCTION skillancer.search_rebuild(text) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.search_rebuild(text) TO skillancer_admin;

-- Merges everything.
CREATE OR REPLACE FUNCTION skillancer.search_merge(p_kind text)
RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_index  record;
	v_merged integer;
BEGIN
	SELECT i.index_id, i.generation INTO v_index FROM skillancer.search_index i WHERE i.kind = p_kind;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'there is no search index "%"', p_kind
			USING ERRCODE = 'invalid_parameter_value', HINT = 'Kinds are project, gig and freelancer.';
	END IF;
	-- one merge a transaction: it locks the index when it ends, and ticks would wait for the next
	v_merged := skillancer.search_merge_segments(v_index.index_id, v_index.generation, true);
	PERFORM skillancer.wake('merger');
	RETURN v_merged;
END
$fn$;
COMMENT ON FUNCTION skillancer.search_merge(text) IS
	'Merges the segments of an index into one for public documents; called again, those of restricted documents. Returns how many went into it, 0 when nothing is left to merge. The merger does as much as is good by itself.';
ALTER FUNCTION skillancer.search_merge(text) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.search_merge(text) TO skillancer_admin;

-- Parked documents.
CREATE OR REPLACE FUNCTION skillancer.redrive_search(p_item text)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_rows bigint;
BEGIN
	WITH parked AS (
		DELETE FROM skillancer.search_attempt a
		USING skillancer.search_index i
		WHERE i.index_id = a.index_id AND a.parked_at IS NOT NULL
			AND (p_item IS NULL OR p_item = format('%s/%s', i.kind, a.entity_id))
		RETURNING a.index_id, a.entity_id)
	INSERT INTO skillancer.search_queue (xid, epoch, index_id, entity_id, op)
	SELECT pg_current_xact_id(), skillancer.epoch(), p.index_id, p.entity_id, 'd' FROM parked p;
	GET DIAGNOSTICS v_rows = ROW_COUNT;
	PERFORM skillancer.wake('indexer');
	RETURN v_rows;
END
$fn$;
COMMENT ON FUNCTION skillancer.redrive_search(text) IS
	'Puts parked documents (kind/id; NULL: all) back into the queue of the indexer.';

-- adopt()
CREATE OR REPLACE FUNCTION skillancer.search_adopt(p_epoch integer, p_quiet boolean)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_now  pg_snapshot := skillancer.tick_snapshot();
	v_rows bigint;
	v_kind text;
BEGIN
	UPDATE skillancer.search_queue q
	SET epoch = p_epoch, xid = '3', op = CASE WHEN p_quiet AND q.op = 'd' THEN 'q' ELSE q.op END
	WHERE q.epoch < p_epoch;
	GET DIAGNOSTICS v_rows = ROW_COUNT;
	UPDATE skillancer.search_tick t
	SET epoch = p_epoch, position = format('3:%s:%s', pg_snapshot_xmax(v_now), (
		SELECT string_agg(x::text, ',' ORDER BY x)
		FROM (SELECT '3'::xid8 UNION SELECT pg_snapshot_xip(v_now)) AS open (x)))::pg_snapshot;
	FOR v_kind IN
		WITH lost AS (
			DELETE FROM skillancer.search_segment s
			WHERE NOT EXISTS (SELECT FROM skillancer.search_chunk c WHERE c.seg_id = s.seg_id)
			RETURNING s.index_id)
		SELECT DISTINCT i.kind FROM lost l JOIN skillancer.search_index i ON i.index_id = l.index_id
	LOOP
		PERFORM skillancer.search_rebuild(v_kind);
	END LOOP;
	RETURN v_rows;
END
$fn$;
COMMENT ON FUNCTION skillancer.search_adopt(integer, boolean) IS
	'Part of adopt(): moves what the indexer had not taken to the new epoch, and rebuilds indexes whose bytes the copy does not have. Returns the rows of the queue.';

-- The state of search.
CREATE OR REPLACE FUNCTION skillancer.search_state()
RETURNS TABLE (kind text, generation integer, building integer, built_share numeric, segments bigint, documents bigint,
	restricted bigint, dead_share numeric, bytes numeric, pending bigint, lag_seconds double precision, parked bigint,
	ticks bigint, ticked_at timestamptz, built_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	RETURN QUERY
	SELECT i.kind, i.generation, i.building,
		CASE WHEN i.building IS NOT NULL THEN round(b.docs::numeric / greatest(s.docs, b.docs, 1), 3) END,
		s.n, s.live, s.restricted, round((s.docs - s.live)::numeric / greatest(s.docs, 1), 3), s.bytes,
		q.n, coalesce(extract(epoch FROM clock_timestamp() - q.oldest), 0)::double precision,
		(SELECT count(*) FROM skillancer.search_attempt a WHERE a.index_id = i.index_id AND a.parked_at IS NOT NULL),
		coalesce(t.ticks, 0), t.ticked_at, i.built_at
	FROM skillancer.search_index i
	CROSS JOIN LATERAL (
		SELECT count(*) AS n, coalesce(sum(x.ndocs), 0) AS docs, coalesce(sum(x.nlive), 0) AS live,
			coalesce(sum(x.nlive) FILTER (WHERE x.class = 1), 0) AS restricted, coalesce(sum(x.bytes), 0) AS bytes
		FROM skillancer.search_segment x
		WHERE x.index_id = i.index_id AND x.generation = i.generation) s
	CROSS JOIN LATERAL (
		SELECT coalesce(sum(x.ndocs), 0) AS docs
		FROM skillancer.search_segment x
		WHERE x.index_id = i.index_id AND x.generation = i.building) b
	CROSS JOIN LATERAL (
		SELECT count(*) AS n, min(x.at) AS oldest FROM skillancer.search_queue x WHERE x.index_id = i.index_id) q
	LEFT JOIN skillancer.search_tick t ON t.consumer = 'indexer'
	ORDER BY i.index_id;
END
$fn$;
COMMENT ON FUNCTION skillancer.search_state() IS 'Rows of skillancer.search_status.';
ALTER FUNCTION skillancer.search_state() OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.search_state() TO skillancer_admin;
