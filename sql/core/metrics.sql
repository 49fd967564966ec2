/*
 * sql/core/metrics.sql
 *		Figures of the database for monitoring: skillancer.metrics().
 *
 * The bridge asks every five seconds on a connection of its own, so everything here is cheap whatever the
 * tables hold: counts are capped and read indexes of what waits, business counters are sums that two jobs of the
 * timekeeper keep in metric_total. Labels are names of workers, queues, consumers, indexes, currencies and
 * classes of accounts: nothing that a user makes. Names, units and meanings are in docs/observability.md.
 */

-- Adds events to the sums.
CREATE OR REPLACE FUNCTION skillancer.count_events()
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
-- by keys, and the snapshots as constants: what is new is little beside the tables
SET plan_cache_mode = force_custom_plan
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
DECLARE
	v_tick   record;
	v_events bigint;
BEGIN
	IF skillancer.consumer_idle('metrics') THEN
		RETURN 0;
	END IF;
	SELECT * INTO v_tick FROM skillancer.tick_open('metrics');
	WITH fresh AS MATERIALIZED (
		SELECT e.type, e.aggregate_id
		FROM skillancer.tick_events(v_tick.epoch, v_tick.position_a, v_tick.position_b) e
	), posted AS (
		SELECT l.txn FROM skillancer.ledger_entry l
		WHERE l.epoch = v_tick.epoch AND l.xid >= pg_snapshot_xmax(v_tick.position_a) AND l.xid < pg_snapshot_xmax(v_tick.position_b)
			AND pg_visible_in_snapshot(l.xid, v_tick.position_b)
		UNION
		SELECT l.txn FROM skillancer.ledger_entry l
		WHERE l.epoch = v_tick.epoch AND l.xid = ANY (ARRAY(SELECT pg_snapshot_xip(v_tick.position_a)))
			AND pg_visible_in_snapshot(l.xid, v_tick.position_b)
	), money (name, currency, minor) AS (
		SELECT 'captured', skillancer.monetary_currency(c.amount), skillancer.monetary_minor(c.amount)
		FROM fresh f JOIN skillancer.charge c ON c.id = f.aggregate_id::skillancer.charge_id
		WHERE f.type = 'payment.captured'
		UNION ALL
		SELECT 'refunded', skillancer.monetary_currency(r.amount), skillancer.monetary_minor(r.amount)
		FROM fresh f JOIN skillancer.refund r ON r.id = f.aggregate_id::skillancer.refund_id
		WHERE f.type = 'payment.refunded'
		UNION ALL
		SELECT 'paid_out', skillancer.monetary_currency(p.amount), skillancer.monetary_minor(p.amount)
		FROM fresh f JOIN skillancer.payout p ON p.id = f.aggregate_id::skillancer.payout_id
		WHERE f.type = 'payout.paid'
		UNION ALL
		SELECT 'funded', skillancer.monetary_currency(m.amount), skillancer.monetary_minor(m.amount)
		FROM fresh f JOIN skillancer.milestone m ON m.id = f.aggregate_id::skillancer.milestone_id
		WHERE f.type = 'milestone.funded'
		UNION ALL
		-- milestones, parts of them and hours alike: what was posted between the same snapshots
		SELECT 'released', skillancer.monetary_currency(g.gross), skillancer.monetary_minor(g.gross)
		FROM skillancer.earning g
		WHERE g.tip_id IS NULL AND g.posting IN (SELECT p.txn FROM posted p)
	), added AS (
		SELECT 'events' AS name, f.type AS label, count(*)::numeric AS value FROM fresh f GROUP BY f.type
		UNION ALL
		SELECT y.name, y.currency, sum(y.minor) FROM money y GROUP BY y.name, y.currency
	), stored AS (
		INSERT INTO skillancer.metric_total AS t (name, label, value)
		SELECT a.name, a.label, a.value FROM added a
		ON CONFLICT (name, label) DO UPDATE SET value = t.value + excluded.value
	)
	SELECT count(*) INTO v_events FROM fresh;
	PERFORM skillancer.tick_close('metrics', v_tick.position_b, v_events);
	RETURN v_events;
END
$$;
COMMENT ON FUNCTION skillancer.count_events() IS
	'One tick of the consumer "metrics": adds the new events to metric_total, by type, and the money of some by currency; returns how many.';

-- Notes what the ledger holds.
CREATE OR REPLACE FUNCTION skillancer.sum_ledger()
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_rows bigint;
BEGIN
	INSERT INTO skillancer.metric_total AS t (name, label, value)
	SELECT 'ledger', format('%s/%s', a.class, a.currency), sum(
		CASE WHEN a.mode = 'row' THEN a.balance ELSE skillancer.ledger_derived_balance(a.id, a.debit_normal) END)
	FROM skillancer.ledger_account a
	GROUP BY a.class, a.currency
	ON CONFLICT (name, label) DO UPDATE SET value = excluded.value WHERE t.value <> excluded.value;
	GET DIAGNOSTICS v_rows = ROW_COUNT;
	RETURN v_rows;
END
$$;
COMMENT ON FUNCTION skillancer.sum_ledger() IS
	'Stores the balance of every class of accounts and currency in metric_total; returns how many changed.';

INSERT INTO skillancer.housekeeping_job (job, every) VALUES ('count_events', '5 seconds'), ('sum_ledger', '1 minute');

-- Workers, consumers of events, and what holds the server up.
CREATE OR REPLACE FUNCTION skillancer.metrics_of_workers()
RETURNS TABLE (name text, type text, help text, labels text, value double precision)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN QUERY
	WITH w AS MATERIALIZED (
		SELECT format('worker="%s"', s.worker) AS label, s.*
		FROM skillancer.worker_slots() s
		WHERE s.database_oid = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
	), c AS MATERIALIZED (
		SELECT format('consumer="%s"', l.consumer) AS label, l.*, k.ticked_at, k.events
		FROM skillancer.consumer_lag() l
		JOIN skillancer.consumer k ON k.name = l.consumer
	)
	SELECT 'skillancer_worker_up', 'gauge', 'Whether the process of a worker runs.', w.label,
		(w.pid IS NOT NULL)::integer::double precision FROM w
	UNION ALL
	SELECT 'skillancer_worker_lag_seconds', 'gauge', 'Age of the oldest thing that a worker had left to do after its last turn.', w.label,
		w.lag_seconds FROM w
	UNION ALL
	SELECT 'skillancer_worker_rows_total', 'counter', 'What a worker has done since the server started: timers, events, mails, documents.', w.label,
		w.rows::double precision FROM w
	UNION ALL
	SELECT 'skillancer_worker_errors_total', 'counter', 'Ends of a worker by an error since the server started.', w.label,
		w.errors::double precision FROM w
	UNION ALL
	SELECT 'skillancer_consumer_tick_age_seconds', 'gauge', 'Since a consumer of events last read any.', c.label,
		greatest(extract(epoch FROM skillancer.now() - c.ticked_at), 0)::double precision FROM c
	UNION ALL
	SELECT 'skillancer_consumer_events_total', 'counter', 'Events that a consumer has worked on.', c.label,
		c.events::double precision FROM c
	UNION ALL
	SELECT 'skillancer_consumer_behind_events', 'gauge', 'Events that a consumer has not read, counted up to 10000.', c.label,
		c.events_behind::double precision FROM c
	UNION ALL
	SELECT 'skillancer_consumer_lag_seconds', 'gauge', 'Age of the oldest event that a consumer has not read.', c.label,
		c.lag_seconds FROM c;
END
$$;
COMMENT ON FUNCTION skillancer.metrics_of_workers() IS 'The part of metrics() about workers and consumers of this database.';

-- Queues: what waits, how long the oldest that is due has waited, what was given up.
CREATE OR REPLACE FUNCTION skillancer.metrics_of_queues()
RETURNS TABLE (name text, type text, help text, labels text, value double precision)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_now timestamptz := skillancer.now();
BEGIN
	RETURN QUERY
	WITH waiting (queue, due_at) AS (
		(SELECT 'timer', d.due_at FROM skillancer.due d
			WHERE d.due_at < v_now AND d.parked_at IS NULL ORDER BY d.due_at LIMIT 10000)
		UNION ALL
		(SELECT 'mail', m.due_at FROM skillancer.mail m
			WHERE m.state IN ('QUEUED', 'SENDING') AND m.due_at <= v_now ORDER BY m.due_at LIMIT 10000)
		UNION ALL
		(SELECT 'webhook', h.next_at FROM skillancer.webhook_health h WHERE h.next_at <= v_now LIMIT 10000)
		UNION ALL
		(SELECT 'provider', p.due_at FROM skillancer.provider_call p
			WHERE p.state IN ('QUEUED', 'SENDING', 'ANSWERED') AND p.due_at <= v_now LIMIT 10000)
		UNION ALL
		(SELECT 'provider_event', e.due_at FROM skillancer.provider_event e
			WHERE e.state = 'RECEIVED' AND e.due_at <= v_now ORDER BY e.due_at LIMIT 10000)
		UNION ALL
		(SELECT 'search', q.at FROM skillancer.search_queue q ORDER BY q.xid, q.seq LIMIT 10000)
	), dead (queue) AS (
		(SELECT 'timer' FROM skillancer.due d WHERE d.parked_at IS NOT NULL LIMIT 10000)
		UNION ALL
		(SELECT 'mail' FROM skillancer.mail m WHERE m.state = 'PARKED' LIMIT 10000)
		UNION ALL
		(SELECT 'webhook' FROM skillancer.webhook_delivery w WHERE w.state IN ('FAILED', 'DROPPED') LIMIT 10000)
		UNION ALL
		(SELECT 'provider' FROM skillancer.provider_call p WHERE p.state = 'PARKED' LIMIT 10000)
		UNION ALL
		(SELECT 'provider_event' FROM skillancer.provider_event e WHERE e.state = 'PARKED' LIMIT 10000)
		UNION ALL
		(SELECT 'event' FROM skillancer.event_attempt a WHERE a.parked_at IS NOT NULL LIMIT 10000)
		UNION ALL
		(SELECT 'search' FROM skillancer.search_attempt a WHERE a.parked_at IS NOT NULL LIMIT 10000)
	), queue AS (
		SELECT q.name, count(w.due_at) AS depth, coalesce(extract(epoch FROM v_now - min(w.due_at)), 0) AS age
		FROM unnest(ARRAY['mail', 'provider', 'provider_event', 'search', 'timer', 'webhook']) AS q (name)
		LEFT JOIN waiting w ON w.queue = q.name
		GROUP BY q.name
	)
	SELECT 'skillancer_queue_depth', 'gauge', 'What is due and not done, of webhooks the endpoints that are; counted up to 10000.',
		format('queue="%s"', q.name), q.depth::double precision FROM queue q
	UNION ALL
	SELECT 'skillancer_queue_oldest_seconds', 'gauge', 'How long the oldest of it has been due.',
		format('queue="%s"', q.name), greatest(q.age, 0)::double precision FROM queue q
	UNION ALL
	SELECT 'skillancer_dead_letters', 'gauge', 'What was given up and waits for an operator, counted up to 10000; see skillancer.parked.',
		format('queue="%s"', q.name), (SELECT count(*) FROM dead d WHERE d.queue = q.name)::double precision
	FROM unnest(ARRAY['event', 'mail', 'provider', 'provider_event', 'search', 'timer', 'webhook']) AS q (name)
	UNION ALL
	SELECT 'skillancer_search_segments', 'gauge', 'Segments of a search index.', format('index="%s"', i.kind),
		(SELECT count(*) FROM skillancer.search_segment s
			WHERE s.index_id = i.index_id AND s.generation = i.generation)::double precision
	FROM skillancer.search_index i
	UNION ALL
	SELECT 'skillancer_search_documents', 'gauge', 'Documents of a search index that are not deleted.', format('index="%s"', i.kind),
		(SELECT coalesce(sum(s.nlive), 0) FROM skillancer.search_segment s
			WHERE s.index_id = i.index_id AND s.generation = i.generation)::double precision
	FROM skillancer.search_index i;
END
$$;
COMMENT ON FUNCTION skillancer.metrics_of_queues() IS 'The part of metrics() about queues, dead letters and search.';

-- Business: sums of events and of the ledger.
CREATE OR REPLACE FUNCTION skillancer.metrics_of_business()
RETURNS TABLE (name text, type text, help text, labels text, value double precision)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN QUERY
	SELECT 'skillancer_events_total', 'counter', 'Events by their area.', format('source="%s"', split_part(t.label, '.', 1)),
		sum(t.value)::double precision
	FROM skillancer.metric_total t WHERE t.name = 'events' GROUP BY 4
	UNION ALL
	SELECT f.name, 'counter', f.help, '', coalesce((
		SELECT t.value FROM skillancer.metric_total t WHERE t.name = 'events' AND t.label = f.event), 0)::double precision
	FROM (VALUES
		('user_registrations_total', 'user.created', 'Accounts made.'),
		('projects_published_total', 'project.published', 'Projects published.'),
		('gigs_activated_total', 'gig.activated', 'Gigs offered.'),
		('proposals_submitted_total', 'proposal.submitted', 'Proposals submitted.'),
		('bookings_activated_total', 'booking.activated', 'Bookings whose work began.'),
		('milestones_released_total', 'milestone.released', 'Milestones paid to the freelancer.'),
		('payments_captured_total', 'payment.captured', 'Charges captured.'),
		('payments_failed_total', 'payment.failed', 'Charges that failed.'),
		('payments_charged_back_total', 'payment.charged_back', 'Charges disputed with the card''s bank.'),
		('payouts_paid_total', 'payout.paid', 'Payouts that reached their bank.'),
		('payouts_failed_total', 'payout.failed', 'Payouts that failed.'),
		('disputes_opened_total', 'dispute.opened', 'Disputes opened.'),
		('reviews_published_total', 'review.published', 'Reviews published.'),
		('messages_sent_total', 'message.sent', 'Messages sent.'),
		('ledger_violations_total', 'ledger.broken', 'Checks that found an invariant of the ledger broken.')) AS f (name, event, help)
	UNION ALL
	SELECT f.name, f.type, f.help, f.label || format('currency="%s"', t.label),
		(t.value / 10::numeric ^ skillancer.currency_digits(t.label))::double precision
	FROM (VALUES
		('payments_captured_amount_total', 'captured', 'counter', 'Money of captured charges, in units of the currency.', ''),
		('payments_refunded_amount_total', 'refunded', 'counter', 'Money of finished refunds, in units of the currency.', ''),
		('payouts_paid_amount_total', 'paid_out', 'counter', 'Money of finished payouts, in units of the currency.', ''),
		('gmv_total', 'funded', 'counter', 'Gross merchandise volume: money put into milestones, and work paid out of them, in units of the currency.', 'stage="funded",'),
		('gmv_total', 'released', 'counter', 'Gross merchandise volume: money put into milestones, and work paid out of them, in units of the currency.', 'stage="released",'))
		AS f (name, total, type, help, label)
	JOIN skillancer.metric_total t ON t.name = f.total
	UNION ALL
	SELECT 'skillancer_ledger_balance', 'gauge', 'What the accounts of a class hold on their normal side, in units of the currency, a minute ago.',
		format('class="%s",currency="%s"', split_part(t.label, '/', 1), split_part(t.label, '/', 2)),
		(t.value / 10::numeric ^ skillancer.currency_digits(split_part(t.label, '/', 2)))::double precision
	FROM skillancer.metric_total t
	WHERE t.name = 'ledger';
END
$$;
COMMENT ON FUNCTION skillancer.metrics_of_business() IS 'The part of metrics() about what the marketplace does, and its ledger.';

-- All of them.
CREATE OR REPLACE FUNCTION skillancer.metrics()
RETURNS TABLE (name text, type text, help text, labels text, value double precision)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
SET jit = off
AS $$
DECLARE
	v_migrated boolean := to_regclass('skillancer.schema_migration') IS NOT NULL;
	v_current  boolean := false;
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
			(SELECT age(d.datfrozenxid)::double precision FROM pg_database d WHERE d.datname = current_database())),
		('skillancer_database_xmin_age', 'gauge', 'Transactions that the oldest snapshot, slot or prepared transaction keeps from vacuum.', '',
			coalesce((SELECT max(age(x.xmin)) FROM (
				SELECT a.backend_xmin FROM pg_stat_activity a WHERE a.pid <> pg_backend_pid()
				UNION ALL SELECT s.xmin FROM pg_replication_slots s
				UNION ALL SELECT p.transaction FROM pg_prepared_xacts p) AS x (xmin)), 0)::double precision),
		('skillancer_database_connections', 'gauge', 'Connections to the database, workers included.', '',
			(SELECT count(*)::double precision FROM pg_stat_activity a WHERE a.datname = current_database()));
	IF v_current THEN
		RETURN QUERY SELECT * FROM skillancer.metrics_of_workers();
		RETURN QUERY SELECT * FROM skillancer.metrics_of_queues();
		RETURN QUERY SELECT * FROM skillancer.metrics_of_business();
	END IF;
END
$$;
COMMENT ON FUNCTION skillancer.metrics() IS
	'Name, type, help, labels and value of each figure of the database, which the bridge shows on /metrics; the value of skillancer_schema_current decides its readiness.';
ALTER FUNCTION skillancer.count_events() OWNER TO skillancer_engine;
ALTER FUNCTION skillancer.sum_ledger() OWNER TO skillancer_engine;
ALTER FUNCTION skillancer.metrics() OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.metrics() TO skillancer_bridge, skillancer_admin;

-- What a bridge of 0.2 asks.
CREATE OR REPLACE FUNCTION skillancer.bridge_metrics()
RETURNS TABLE (name text, type text, help text, labels text, value double precision)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN QUERY SELECT * FROM skillancer.metrics();
END
$$;
COMMENT ON FUNCTION skillancer.bridge_metrics() IS 'skillancer.metrics(), under the name that bridges of 0.2 ask for.';
ALTER FUNCTION skillancer.bridge_metrics() OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.bridge_metrics() TO skillancer_bridge;
