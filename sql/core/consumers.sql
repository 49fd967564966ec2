/*
 * sql/core/consumers.sql
 *		Reading the event log exactly once, in ticks.
 *
 * A consumer's position is a snapshot A. A tick takes the current snapshot B, reads the events whose
 * transactions became visible between A and B, applies their effects and stores B, all in one
 * transaction. Commit order does not matter and an idle transaction delays nobody. READ COMMITTED only:
 * every statement of a tick sees at least what B sees. What a tick itself appends is left to the next one.
 * Transaction ids compare within one epoch.
 */

-- The end of a tick.
CREATE OR REPLACE FUNCTION skillancer.tick_snapshot()
RETURNS pg_snapshot
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_now pg_snapshot := pg_current_snapshot();
	v_own xid8 := pg_current_xact_id();
BEGIN
	IF v_own >= pg_snapshot_xmax(v_now) THEN
		RETURN v_now;
	END IF;
	RETURN format('%s:%s:%s', least(pg_snapshot_xmin(v_now), v_own), pg_snapshot_xmax(v_now),
		(SELECT string_agg(x::text, ',' ORDER BY x)
		 FROM (SELECT pg_snapshot_xip(v_now) UNION SELECT v_own) AS running (x)))::pg_snapshot;
END
$$;
COMMENT ON FUNCTION skillancer.tick_snapshot() IS
	'The current snapshot with this transaction among those in progress: a snapshot leaves its own transaction out, and what the tick itself writes would count as read.';

-- Opens a tick.
CREATE OR REPLACE FUNCTION skillancer.tick_open(p_consumer text, OUT epoch integer, OUT position_a pg_snapshot, OUT position_b pg_snapshot)
RETURNS record
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	INSERT INTO skillancer.consumer (name, epoch, position)
	VALUES (p_consumer, skillancer.epoch(), '1:1:')
	ON CONFLICT (name) DO NOTHING;
	SELECT c.epoch, c.position INTO tick_open.epoch, position_a
	FROM skillancer.consumer c WHERE c.name = p_consumer FOR UPDATE;
	IF tick_open.epoch <> skillancer.epoch() THEN
		PERFORM skillancer.fail('INSTANCE_MISMATCH');
	END IF;
	position_b := skillancer.tick_snapshot();
END
$$;
COMMENT ON FUNCTION skillancer.tick_open(text) IS
	'Locks the consumer and returns the epoch, its position A and the current snapshot B. A consumer that is new starts before the first event.';
ALTER FUNCTION skillancer.tick_open(text) OWNER TO skillancer_engine;

-- The events of a tick.
CREATE OR REPLACE FUNCTION skillancer.tick_events(p_epoch integer, p_a pg_snapshot, p_b pg_snapshot)
RETURNS TABLE (seq bigint, at timestamptz, id skillancer.event_id, type text, version text, source text,
	aggregate_type text, aggregate_id uuid, actor_id skillancer.user_id, audience uuid[],
	correlation_id text, causation_id uuid, data jsonb)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN QUERY EXECUTE format(
		'SELECT e.seq, e.at, e.id, e.type, e.version, e.source, e.aggregate_type, e.aggregate_id, e.actor_id,
			e.audience, e.correlation_id, e.causation_id, e.data
		 FROM skillancer.event e
		 WHERE e.epoch = %1$s AND pg_visible_in_snapshot(e.xid, %3$L::pg_snapshot)
			AND ((e.xid >= pg_snapshot_xmax(%2$L::pg_snapshot) AND e.xid < pg_snapshot_xmax(%3$L::pg_snapshot))
				OR e.xid = ANY (%4$L::xid8[]))
		 ORDER BY e.seq', p_epoch, p_a, p_b, ARRAY(SELECT pg_snapshot_xip(p_a)));
END
$$;
COMMENT ON FUNCTION skillancer.tick_events(integer, pg_snapshot, pg_snapshot) IS
	'The events that became visible between snapshots A and B, in the order of seq.';
ALTER FUNCTION skillancer.tick_events(integer, pg_snapshot, pg_snapshot) OWNER TO skillancer_engine;

-- Closes a tick.
CREATE OR REPLACE FUNCTION skillancer.tick_close(p_consumer text, p_b pg_snapshot, p_events bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	UPDATE skillancer.consumer c
	SET position = p_b, ticked_at = skillancer.now(), ticks = c.ticks + 1, events = c.events + p_events
	WHERE c.name = p_consumer;
END
$$;
COMMENT ON FUNCTION skillancer.tick_close(text, pg_snapshot, bigint) IS
	'Stores B as the position of the consumer; call it in the transaction that applied the events.';
ALTER FUNCTION skillancer.tick_close(text, pg_snapshot, bigint) OWNER TO skillancer_engine;

-- Whether a consumer has read everything.
CREATE OR REPLACE FUNCTION skillancer.consumer_idle(p_consumer text)
RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_epoch    integer := skillancer.epoch();
	v_position pg_snapshot;
	v_running  xid8[];
BEGIN
	SELECT c.position, ARRAY(SELECT pg_snapshot_xip(c.position)) INTO v_position, v_running
	FROM skillancer.consumer c WHERE c.name = p_consumer AND c.epoch = v_epoch;
	IF NOT FOUND THEN
		RETURN false;
	END IF;
	-- the order makes the planner walk the index: it would read the whole log, taking a third of it for new
	PERFORM FROM skillancer.event e
	WHERE e.epoch = v_epoch AND e.xid >= pg_snapshot_xmax(v_position) ORDER BY e.xid LIMIT 1;
	RETURN NOT FOUND AND (v_running = '{}' OR NOT EXISTS (
		SELECT FROM skillancer.event e WHERE e.epoch = v_epoch AND e.xid = ANY (v_running)));
END
$$;
COMMENT ON FUNCTION skillancer.consumer_idle(text) IS
	'Whether there is no event behind the position of a consumer: then a tick would only cost a transaction id.';
ALTER FUNCTION skillancer.consumer_idle(text) OWNER TO skillancer_engine;

-- An event as the world outside sees it.
CREATE OR REPLACE FUNCTION skillancer.event_json(p_id skillancer.event_id, p_type text, p_version text, p_at timestamptz,
	p_source text, p_correlation_id text, p_causation_id uuid, p_aggregate_type text, p_data jsonb)
RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
	SELECT jsonb_build_object('id', p_id, 'type', p_type, 'version', p_version, 'timestamp', p_at, 'source', p_source,
		'correlationId', p_correlation_id, 'data', p_data, 'metadata', jsonb_build_object('aggregateType', p_aggregate_type,
		'causationId', p_causation_id::skillancer.event_id))
$$;
COMMENT ON FUNCTION skillancer.event_json(skillancer.event_id, text, text, timestamptz, text, text, uuid, text, jsonb) IS
	'An event for those in its audience: id, type, version of its schema, time, source, correlation id, data.';
