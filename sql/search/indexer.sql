/*
 * sql/search/indexer.sql
 *		From the queue to the index: what the indexer and the merger call.
 *
 * A tick of the indexer is one transaction: it takes the rows of the queue that became visible between two
 * snapshots (see sql/core/consumers.sql), finds the documents that they are about, writes them as one segment and
 * kills their older versions, deletes the rows and moves its position. The merger does what takes longer: it builds
 * new generations, merges segments and deletes the bytes of old ones.
 */

-- The trigger.
CREATE OR REPLACE FUNCTION skillancer.search_changed()
RETURNS trigger
LANGUAGE c VOLATILE SECURITY DEFINER
AS 'MODULE_PATHNAME', 'skl_fn_search_changed';
COMMENT ON FUNCTION skillancer.search_changed() IS
	'Puts a changed row into search_queue and wakes the indexer at commit. Arguments: index, column of the id, op.';
ALTER FUNCTION skillancer.search_changed() OWNER TO skillancer_engine;

-- The trigger for a skill, which is in many documents.
CREATE OR REPLACE FUNCTION skillancer.search_skill_changed()
RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	INSERT INTO skillancer.search_queue (xid, epoch, index_id, entity_id, op)
	SELECT pg_current_xact_id(), skillancer.epoch(), d.index_id, d.id, 'q'
	FROM (
		SELECT 1 AS index_id, p.id::uuid AS id FROM skillancer.project p WHERE p.state = 'OPEN' AND p.skills @> ARRAY[NEW.id]
		UNION ALL
		SELECT 3, p.user_id::uuid FROM skillancer.profile p
		WHERE p.is_public AND p.is_listed AND p.skills && skillancer.skillset_of(ARRAY[NEW.id], '{1}', '{0}')) d;
	PERFORM skillancer.wake('indexer');
	RETURN NULL;
END
$fn$;
COMMENT ON FUNCTION skillancer.search_skill_changed() IS
	'Puts the projects and freelancers that have a skill into search_queue, when it is renamed or merged into another.';
ALTER FUNCTION skillancer.search_skill_changed() OWNER TO skillancer_engine;

-- Writes documents.
CREATE OR REPLACE FUNCTION skillancer.search_write(p_index smallint, p_generation integer, p_changed uuid[], p_gone uuid[],
	OUT indexed bigint, OUT segment bigint, OUT fresh uuid[])
RETURNS record
LANGUAGE c VOLATILE STRICT
AS 'MODULE_PATHNAME', 'skl_fn_search_write';
COMMENT ON FUNCTION skillancer.search_write(smallint, integer, uuid[], uuid[]) IS
	'Indexes the documents that changed, as far as they are to be found, and takes those that are gone out. Returns how many were indexed, the segment with those for everybody, and which ones are new.';

-- Tries a document.
CREATE OR REPLACE FUNCTION skillancer.search_try(p_index smallint, p_id uuid)
RETURNS void
LANGUAGE c VOLATILE STRICT
AS 'MODULE_PATHNAME', 'skl_fn_search_try';
COMMENT ON FUNCTION skillancer.search_try(smallint, uuid) IS 'Raises what indexing this document would raise; stores nothing.';

-- Merges segments.
CREATE OR REPLACE FUNCTION skillancer.search_merge_segments(p_index smallint, p_generation integer, p_all boolean)
RETURNS integer
LANGUAGE c VOLATILE STRICT
AS 'MODULE_PATHNAME', 'skl_fn_search_merge';
COMMENT ON FUNCTION skillancer.search_merge_segments(smallint, integer, boolean) IS
	'Merges the next segments that are to be merged, or all of a class; returns how many, 0 when there is nothing to do.';

-- Documents that belong to people.
CREATE OR REPLACE FUNCTION skillancer.search_owned(p_index smallint, p_users uuid[])
RETURNS uuid[]
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	RETURN CASE p_index
		WHEN 1 THEN ARRAY(SELECT p.id::uuid FROM skillancer.project p WHERE p.client_id = ANY (p_users::skillancer.user_id[]))
		WHEN 2 THEN ARRAY(SELECT g.id::uuid FROM skillancer.gig g WHERE g.freelancer_id = ANY (p_users::skillancer.user_id[]))
		ELSE '{}' END;
END
$fn$;
COMMENT ON FUNCTION skillancer.search_owned(smallint, uuid[]) IS 'Ids of the projects or gigs of some users; freelancers have no owner apart from themselves.';

-- The next documents to build.
CREATE OR REPLACE FUNCTION skillancer.search_next(p_index smallint, p_after uuid, p_to uuid, p_limit integer)
RETURNS uuid[]
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_to uuid := coalesce(p_to, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
BEGIN
	RETURN CASE p_index
		WHEN 1 THEN ARRAY(SELECT p.id::uuid FROM skillancer.project p
			WHERE p.id > p_after::skillancer.project_id AND p.id <= v_to::skillancer.project_id ORDER BY p.id LIMIT p_limit)
		WHEN 2 THEN ARRAY(SELECT g.id::uuid FROM skillancer.gig g
			WHERE g.id > p_after::skillancer.gig_id AND g.id <= v_to::skillancer.gig_id ORDER BY g.id LIMIT p_limit)
		WHEN 3 THEN ARRAY(SELECT f.user_id::uuid FROM skillancer.profile f
			WHERE f.user_id > p_after::skillancer.user_id AND f.user_id <= v_to::skillancer.user_id
			ORDER BY f.user_id LIMIT p_limit)
	END;
END
$fn$;
COMMENT ON FUNCTION skillancer.search_next(smallint, uuid, uuid, integer) IS
	'Ids of the rows that documents are made of, in order: behind one, up to another (NULL: the last), so many (NULL: all).';

-- Notes a failure.
CREATE OR REPLACE FUNCTION skillancer.search_failed(p_index smallint, p_id uuid, p_error text)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_attempts integer;
BEGIN
	INSERT INTO skillancer.search_attempt AS a (index_id, entity_id, attempts, last_error)
	VALUES (p_index, p_id, 1, left(p_error, 1000))
	ON CONFLICT (index_id, entity_id) DO UPDATE
	SET attempts = a.attempts + 1, last_error = excluded.last_error, at = skillancer.now(),
		parked_at = CASE WHEN a.attempts + 1 >= 3 THEN skillancer.now() END
	RETURNING a.attempts INTO v_attempts;
	IF v_attempts < 3 THEN
		INSERT INTO skillancer.search_queue (xid, epoch, index_id, entity_id, op)
		VALUES (pg_current_xact_id(), skillancer.epoch(), p_index, p_id, 'd');
		PERFORM skillancer.wake('indexer');
	ELSE
		RAISE LOG 'skillancer parked document % of search index %: %', p_id, p_index, p_error;
	END IF;
END
$fn$;
COMMENT ON FUNCTION skillancer.search_failed(smallint, uuid, text) IS
	'Counts a failed attempt to index a document: back into the queue, or aside after three.';

-- Indexes some documents in every generation.
CREATE OR REPLACE FUNCTION skillancer.search_apply(p_index smallint, p_changed uuid[], p_gone uuid[], p_quiet boolean DEFAULT true)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_index  record;
	v_wrote  record;
	v_missed uuid[];
	v_rows   bigint := 0;
BEGIN
	SELECT i.generation, i.building, coalesce(i.built_to, '00000000-0000-0000-0000-000000000000') AS built_to, i.building_to
	INTO v_index
	FROM skillancer.search_index i WHERE i.index_id = p_index FOR UPDATE;
	IF v_index.generation > 0 THEN
		SELECT * INTO v_wrote FROM skillancer.search_write(p_index, v_index.generation, p_changed, p_gone);
		v_rows := v_wrote.indexed;
		IF NOT p_quiet AND v_wrote.segment IS NOT NULL AND cardinality(v_wrote.fresh) > 0 THEN
			PERFORM skillancer.search_alert(p_index, v_wrote.segment, v_wrote.fresh);
		END IF;
	END IF;
	IF v_index.building IS NOT NULL THEN
		SELECT * INTO v_wrote FROM skillancer.search_write(p_index, v_index.building,
			ARRAY(SELECT c FROM unnest(p_changed) c WHERE c <= v_index.built_to), p_gone);
		v_rows := v_rows + v_wrote.indexed;
		v_missed := ARRAY(SELECT c FROM unnest(p_changed || p_gone) c WHERE c > v_index.built_to AND c <= v_index.building_to);
		IF cardinality(v_missed) > 0 THEN
			UPDATE skillancer.search_index i SET build_missed = i.build_missed || v_missed WHERE i.index_id = p_index;
		END IF;
	END IF;
	RETURN v_rows;
END
$fn$;
COMMENT ON FUNCTION skillancer.search_apply(smallint, uuid[], uuid[], boolean) IS
	'search_write() for the generation that answers, and for the one in building as far as that has come; notes what the merger may be reading just now. Saved searches hear of new documents unless it is quiet.';

-- Those that can be indexed.
CREATE OR REPLACE FUNCTION skillancer.search_sift(p_index smallint, p_ids uuid[])
RETURNS uuid[]
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_id   uuid;
	v_good uuid[] := '{}';
BEGIN
	FOREACH v_id IN ARRAY p_ids LOOP
		BEGIN
			PERFORM skillancer.search_try(p_index, v_id);
			v_good := v_good || v_id;
		EXCEPTION WHEN OTHERS THEN
			IF skillancer.event_not_at_fault(SQLSTATE) THEN
				RAISE;
			END IF;
			PERFORM skillancer.search_failed(p_index, v_id, format('%s: %s', SQLSTATE, SQLERRM));
		END;
	END LOOP;
	RETURN v_good;
END
$fn$;
COMMENT ON FUNCTION skillancer.search_sift(smallint, uuid[]) IS
	'Tries documents one by one and returns those that can be indexed; the others are noted in search_attempt.';

-- The same, and what goes wrong is set aside.
CREATE OR REPLACE FUNCTION skillancer.search_apply_safely(p_index smallint, p_ids uuid[], p_quiet boolean)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_rows bigint;
	v_good uuid[];
BEGIN
	PERFORM FROM skillancer.search_index i WHERE i.index_id = p_index FOR UPDATE;
	BEGIN
		v_rows := skillancer.search_apply(p_index, p_ids, '{}', p_quiet);
		DELETE FROM skillancer.search_attempt a WHERE a.index_id = p_index AND a.entity_id = ANY (p_ids);
		RETURN v_rows;
	EXCEPTION WHEN OTHERS THEN
		IF skillancer.event_not_at_fault(SQLSTATE) THEN
			RAISE;
		END IF;
	END;
	v_good := skillancer.search_sift(p_index, p_ids);
	RETURN skillancer.search_apply(p_index, v_good, ARRAY(SELECT unnest(p_ids) EXCEPT SELECT unnest(v_good)), p_quiet);
END
$fn$;
COMMENT ON FUNCTION skillancer.search_apply_safely(smallint, uuid[], boolean) IS
	'search_apply(); when that fails, one by one: a document that cannot be indexed leaves the index and is noted in search_attempt.';

-- What a tick takes.
CREATE OR REPLACE FUNCTION skillancer.search_take(p_epoch integer, p_a pg_snapshot, p_b pg_snapshot, p_limit integer)
RETURNS TABLE (index_id smallint, entity_id uuid, op "char", at timestamptz)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
SET enable_seqscan = off
AS $fn$
BEGIN
	RETURN QUERY EXECUTE format(
		'DELETE FROM skillancer.search_queue d
		 USING (
			SELECT q.xid, q.seq
			FROM skillancer.search_queue q
			WHERE q.epoch = %1$s AND pg_visible_in_snapshot(q.xid, %3$L::pg_snapshot)
				AND ((q.xid >= pg_snapshot_xmax(%2$L::pg_snapshot) AND q.xid < pg_snapshot_xmax(%3$L::pg_snapshot))
					OR q.xid = ANY (ARRAY(SELECT pg_snapshot_xip(%2$L::pg_snapshot))))
			ORDER BY q.xid, q.seq
			LIMIT %4$s) t
		 WHERE d.xid = t.xid AND d.seq = t.seq
		 RETURNING d.index_id, d.entity_id, d.op, d.at', p_epoch, p_a, p_b, p_limit);
END
$fn$;
COMMENT ON FUNCTION skillancer.search_take(integer, pg_snapshot, pg_snapshot, integer) IS
	'Takes rows that became visible between snapshots A and B out of the queue, at most so many.';

-- Is there anything?
CREATE OR REPLACE FUNCTION skillancer.search_idle()
RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
SET enable_seqscan = off
AS $fn$
DECLARE
	v_position pg_snapshot;
BEGIN
	SELECT t.position INTO v_position
	FROM skillancer.search_tick t WHERE t.consumer = 'indexer' AND t.epoch = skillancer.epoch();
	RETURN FOUND AND NOT EXISTS (
		SELECT FROM skillancer.search_queue q
		WHERE q.epoch = skillancer.epoch() AND (q.xid >= pg_snapshot_xmax(v_position)
			OR q.xid = ANY (ARRAY(SELECT pg_snapshot_xip(v_position)))));
END
$fn$;
COMMENT ON FUNCTION skillancer.search_idle() IS
	'Whether there is no row behind the position of the indexer: then a tick would only cost a transaction id.';

-- Begins a tick.
CREATE OR REPLACE FUNCTION skillancer.search_tick_open(OUT epoch integer, OUT position_a pg_snapshot, OUT position_b pg_snapshot)
RETURNS record
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	INSERT INTO skillancer.search_tick (consumer, epoch, position) VALUES ('indexer', skillancer.epoch(), '1:1:')
	ON CONFLICT (consumer) DO NOTHING;
	SELECT t.epoch, t.position INTO search_tick_open.epoch, position_a
	FROM skillancer.search_tick t WHERE t.consumer = 'indexer' FOR UPDATE;
	IF search_tick_open.epoch <> skillancer.epoch() THEN
		PERFORM skillancer.fail('INSTANCE_MISMATCH');
	END IF;
	position_b := skillancer.tick_snapshot();
END
$fn$;
COMMENT ON FUNCTION skillancer.search_tick_open() IS 'Locks the position of the indexer and returns it with the current snapshot.';

-- A tick.
CREATE OR REPLACE FUNCTION skillancer.indexer_batch(p_limit integer, OUT rows bigint, OUT lag_seconds double precision)
RETURNS record
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_tick  record;
	v_index record;
	v_done  bigint := 0;
	v_first timestamptz;
BEGIN
	rows := 0;
	lag_seconds := 0;
	UPDATE skillancer.worker_start s SET starts = 0 WHERE s.worker = 'indexer' AND s.starts > 0;
	IF skillancer.search_idle() THEN
		RETURN;
	END IF;
	SELECT * INTO v_tick FROM skillancer.search_tick_open();
	FOR v_index IN
		WITH taken AS MATERIALIZED (
			SELECT * FROM skillancer.search_take(v_tick.epoch, v_tick.position_a, v_tick.position_b, p_limit))
		SELECT t.index_id, count(*) AS n, min(t.at) AS first_at, bool_and(t.op <> 'd') AS quiet,
			array_agg(DISTINCT t.entity_id) FILTER (WHERE t.op <> 'o') AS documents,
			array_agg(DISTINCT t.entity_id) FILTER (WHERE t.op = 'o') AS owners
		FROM taken t
		GROUP BY t.index_id
		ORDER BY t.index_id
	LOOP
		rows := rows + v_index.n;
		v_first := least(v_first, v_index.first_at);
		v_done := v_done + skillancer.search_apply_safely(v_index.index_id, ARRAY(
			SELECT unnest(v_index.documents)
			UNION SELECT unnest(skillancer.search_owned(v_index.index_id, v_index.owners))), v_index.quiet);
	END LOOP;
	IF rows < p_limit THEN
		UPDATE skillancer.search_tick t
		SET position = v_tick.position_b, ticked_at = skillancer.now(), ticks = t.ticks + 1, documents = t.documents + v_done
		WHERE t.consumer = 'indexer';
	END IF;
	IF skillancer.search_busy() THEN
		PERFORM skillancer.wake('merger');
	END IF;
	lag_seconds := coalesce(greatest(extract(epoch FROM clock_timestamp() - v_first), 0), 0);
END
$fn$;
COMMENT ON FUNCTION skillancer.indexer_batch(integer) IS
	'One tick of the indexer over at most so many rows of the queue; a full one leaves the position where it was. Returns the rows and how late the first one was.';
ALTER FUNCTION skillancer.indexer_batch(integer) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.indexer_batch(integer) TO skillancer_worker;

-- The careful way: picks a document.
CREATE OR REPLACE FUNCTION skillancer.indexer_try_next(p_ignored integer DEFAULT 0)
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_next     record;
	v_attempts integer;
BEGIN
	LOOP
		SELECT q.index_id, q.entity_id INTO v_next
		FROM skillancer.search_queue q
		WHERE q.epoch = skillancer.epoch() AND q.op <> 'o'
		ORDER BY q.xid, q.seq
		LIMIT 1;
		IF NOT FOUND THEN
			RETURN 0;
		END IF;
		INSERT INTO skillancer.search_attempt AS a (index_id, entity_id, attempts)
		VALUES (v_next.index_id, v_next.entity_id, 1)
		ON CONFLICT (index_id, entity_id) DO UPDATE SET attempts = a.attempts + 1, at = skillancer.now()
		RETURNING a.attempts INTO v_attempts;
		EXIT WHEN v_attempts <= 2;
		UPDATE skillancer.search_attempt a
		SET parked_at = skillancer.now(), last_error = coalesce(a.last_error, 'the server stopped while it was worked on')
		WHERE a.index_id = v_next.index_id AND a.entity_id = v_next.entity_id;
		DELETE FROM skillancer.search_queue q WHERE q.index_id = v_next.index_id AND q.entity_id = v_next.entity_id;
		PERFORM skillancer.search_apply(v_next.index_id, '{}', ARRAY[v_next.entity_id]);
	END LOOP;
	RETURN 1;
END
$fn$;
COMMENT ON FUNCTION skillancer.indexer_try_next(integer) IS
	'Counts an attempt for the next document of the queue, committed before it is worked on; parks one that used its attempts. Returns 0 when none is left.';
ALTER FUNCTION skillancer.indexer_try_next(integer) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.indexer_try_next(integer) TO skillancer_worker;

-- The careful way: works on it.
CREATE OR REPLACE FUNCTION skillancer.indexer_try_one(p_ignored bigint DEFAULT 0)
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_next record;
BEGIN
	SELECT q.index_id, q.entity_id INTO v_next
	FROM skillancer.search_queue q
	WHERE q.epoch = skillancer.epoch() AND q.op <> 'o'
	ORDER BY q.xid, q.seq
	LIMIT 1;
	IF NOT FOUND THEN
		RETURN 0;
	END IF;
	DELETE FROM skillancer.search_queue q
	WHERE q.index_id = v_next.index_id AND q.entity_id = v_next.entity_id AND q.op <> 'o';
	DELETE FROM skillancer.search_attempt a
	WHERE a.index_id = v_next.index_id AND a.entity_id = v_next.entity_id AND a.last_error IS NULL;
	RETURN skillancer.search_apply_safely(v_next.index_id, ARRAY[v_next.entity_id], false);
END
$fn$;
COMMENT ON FUNCTION skillancer.indexer_try_one(bigint) IS
	'Indexes the document that indexer_try_next() picked, alone.';
ALTER FUNCTION skillancer.indexer_try_one(bigint) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.indexer_try_one(bigint) TO skillancer_worker;
