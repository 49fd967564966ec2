/*
 * sql/core/event_log.sql
 *		Keeping the event log: how far consumers are behind, reading it again, forgetting it.
 */

-- consumer_lag
CREATE OR REPLACE FUNCTION skillancer.consumer_lag()
RETURNS TABLE (consumer text, worker text, events_behind bigint, lag_seconds double precision)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	RETURN QUERY
	SELECT c.name, CASE c.name WHEN 'webhooks' THEN 'courier' WHEN 'stream' THEN 'notifier'
			WHEN 'metrics' THEN 'timekeeper' ELSE c.name END,
		b.events, coalesce(greatest(extract(epoch FROM skillancer.now() - b.first_at), 0), 0)::double precision
	FROM skillancer.consumer c
	CROSS JOIN LATERAL (
		SELECT count(*) AS events, min(u.at) AS first_at
		FROM (
			(SELECT e.at
			FROM skillancer.event e
			WHERE e.epoch = c.epoch AND e.xid = ANY (ARRAY(SELECT pg_snapshot_xip(c.position)))
			LIMIT 10000)
			UNION ALL
			(SELECT e.at
			FROM skillancer.event e
			WHERE e.epoch = c.epoch AND e.xid >= pg_snapshot_xmax(c.position)
			ORDER BY e.xid -- by the index, or it would read the whole log
			LIMIT 10000)
			LIMIT 10000) u) b
	WHERE c.epoch = skillancer.epoch();
END
$fn$;
COMMENT ON FUNCTION skillancer.consumer_lag() IS
	'How many events each consumer has not read, up to 10,000, how old the oldest of them is, and the worker that reads for it.';
ALTER FUNCTION skillancer.consumer_lag() OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.consumer_lag() TO skillancer_admin;

-- replay
CREATE OR REPLACE FUNCTION skillancer.replay(p_consumer text, p_from timestamptz)
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_position pg_snapshot;
	v_from     xid8;
BEGIN
	IF p_consumer = 'analyst' THEN
		RAISE EXCEPTION 'the analyst adds up: what it reads again would count twice'
			USING ERRCODE = 'feature_not_supported', HINT = 'Call skillancer.rollup_rebuild().';
	END IF;
	IF p_consumer = 'metrics' THEN
		RAISE EXCEPTION 'the counters of metrics() add up: what they read again would count twice'
			USING ERRCODE = 'feature_not_supported';
	END IF;
	SELECT c.position INTO v_position
	FROM skillancer.consumer c WHERE c.name = p_consumer AND c.epoch = skillancer.epoch() FOR UPDATE;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'there is no consumer "%"', p_consumer
			USING ERRCODE = 'invalid_parameter_value', HINT = 'They are in skillancer.consumer.';
	END IF;
	SELECT min(e.xid) INTO v_from
	FROM skillancer.event e WHERE e.epoch = skillancer.epoch() AND e.at >= p_from;
	IF v_from IS NULL THEN
		RETURN 0;
	END IF;
	v_from := least(v_from, pg_snapshot_xmin(v_position));
	UPDATE skillancer.consumer c
	SET position = format('%s:%s:', v_from, v_from)::pg_snapshot
	WHERE c.name = p_consumer;
	PERFORM skillancer.audit('consumer.replay', 'consumer', NULL, to_jsonb(v_position::text),
		jsonb_build_object('consumer', p_consumer, 'from', p_from));
	PERFORM skillancer.wake(l.worker) FROM skillancer.consumer_lag() l
	WHERE l.consumer = p_consumer AND l.worker IN ('notifier', 'courier', 'timekeeper');
	RETURN (
		SELECT count(*) FROM skillancer.event e
		WHERE e.epoch = skillancer.epoch() AND e.xid >= v_from);
END
$fn$;
COMMENT ON FUNCTION skillancer.replay(text, timestamptz) IS
	'Lets a consumer read again all events of this epoch from a time on, and returns how many there are. Effects are idempotent: what is there is not made twice.';
ALTER FUNCTION skillancer.replay(text, timestamptz) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.replay(text, timestamptz) TO skillancer_admin;

-- forget_events
CREATE OR REPLACE FUNCTION skillancer.forget_events()
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
SET lock_timeout = '1s'
AS $fn$
DECLARE
	v_before date := date_trunc('month', (skillancer.now() - skillancer.policy_interval('eventRetention')) AT TIME ZONE 'UTC')::date;
	v_name   text;
	v_gone   bigint := 0;
BEGIN
	IF EXISTS (SELECT FROM skillancer.consumer_lag() l WHERE l.lag_seconds > extract(epoch FROM skillancer.now() - v_before)) THEN
		RETURN 0;
	END IF;
	FOR v_name IN
		SELECT c.relname
		FROM pg_inherits i
		JOIN pg_class c ON c.oid = i.inhrelid
		WHERE i.inhparent = 'skillancer.event'::regclass AND c.relname ~ '^event_[0-9]{6}$'
			AND to_date(right(c.relname, 6), 'YYYYMM') < v_before
		ORDER BY c.relname
	LOOP
		CONTINUE WHEN NOT skillancer.rollup_seal_month(to_date(right(v_name, 6), 'YYYYMM'));
		EXECUTE format('DROP TABLE skillancer.%I', v_name);
		PERFORM skillancer.rollup_seal_forgotten(to_date(right(v_name, 6), 'YYYYMM'));
		v_gone := v_gone + 1;
	END LOOP;
	RETURN v_gone;
END
$fn$;
COMMENT ON FUNCTION skillancer.forget_events() IS
	'Drops the months of the event log that are older than the policy eventRetention, once every consumer has read them and their rollups are sealed.';

INSERT INTO skillancer.housekeeping_job (job, every) VALUES ('forget_events', '12 hours');
