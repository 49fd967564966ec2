/*
 * sql/core/bridge_metrics.sql
 *		Figures of the database for the metrics page of the bridge.
 *
 * The bridge asks every five seconds on a connection of its own, so everything here is cheap whatever the
 * tables hold: counts are capped, and nothing reads more than an index's head.
 */

-- bridge_metrics
CREATE OR REPLACE FUNCTION skillancer.bridge_metrics()
RETURNS TABLE (name text, type text, help text, labels text, value double precision)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_migrated boolean := to_regclass('skillancer.schema_migration') IS NOT NULL;
	v_current boolean := false;
BEGIN
	IF v_migrated THEN
		v_current := NOT skillancer.migrate_pending();
	END IF;
	RETURN QUERY VALUES
		('skillancer_schema_current', 'gauge', 'Whether tables and library belong together.', '',
			v_current::integer::double precision),
		('skillancer_notify_queue_usage_ratio', 'gauge', 'Part of the queue of NOTIFY that is used.', '',
			pg_notification_queue_usage()),
		('skillancer_database_size_bytes', 'gauge', 'Size of the database.', '',
			pg_database_size(current_database())::double precision),
		('skillancer_database_xid_age', 'gauge', 'Transactions since the oldest unfrozen one.', '',
			(SELECT age(d.datfrozenxid)::double precision FROM pg_database d WHERE d.datname = current_database()));
	IF NOT v_migrated THEN
		RETURN;
	END IF;
	RETURN QUERY
	SELECT 'skillancer_due_overdue', 'gauge', 'Timers that should have fired, counted up to 10000.', '',
		(SELECT count(*) FROM (SELECT FROM skillancer.due d
			WHERE d.due_at < skillancer.now() AND d.parked_at IS NULL LIMIT 10000) o)::double precision
	UNION ALL
	SELECT 'skillancer_due_oldest_seconds', 'gauge', 'How long the oldest of them is late.', '',
		coalesce(extract(epoch FROM skillancer.now() - (SELECT min(d.due_at) FROM skillancer.due d
			WHERE d.due_at < skillancer.now() AND d.parked_at IS NULL)), 0)::double precision
	UNION ALL
	SELECT 'skillancer_due_parked', 'gauge', 'Timers that failed too often and wait for an operator, up to 10000.', '',
		(SELECT count(*) FROM (SELECT FROM skillancer.due d WHERE d.parked_at IS NOT NULL LIMIT 10000) p)::double precision
	UNION ALL
	SELECT 'skillancer_consumer_tick_age_seconds', 'gauge', 'Since a consumer of events last looked.',
		format('consumer="%s"', c.name),
		greatest(extract(epoch FROM skillancer.now() - c.ticked_at), 0)::double precision
	FROM skillancer.consumer c
	UNION ALL
	SELECT 'skillancer_consumer_events_total', 'counter', 'Events that a consumer has worked on.',
		format('consumer="%s"', c.name), c.events::double precision
	FROM skillancer.consumer c;
END
$$;
COMMENT ON FUNCTION skillancer.bridge_metrics() IS
	'Name, type, help, labels and value of each figure that the bridge shows on /metrics; skillancer_schema_current also decides its readiness.';
ALTER FUNCTION skillancer.bridge_metrics() OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.bridge_metrics() TO skillancer_bridge;
