/*
 * sql/notification/webhook.sql
 *		From events to webhooks: what the courier calls (bgworkers/courier_webhooks.c).
 *
 *	fan out (a tick over the event log: a delivery for each endpoint that wants the event and whose owner may hear of
 *	it) -> claim (attempt + 1, commit) -> network, no transaction open -> record (commit)
 *
 * Endpoints are taken in turn, each with as many deliveries at the same time as its width, so that none waits for
 * another. Events about one thing go to an endpoint one after the other. A courier that starts releases what an
 * earlier one had claimed: there is never more than one.
 */

-- Whether a filter lets a type through.
CREATE OR REPLACE FUNCTION skillancer.webhook_wants(p_events text[], p_type text)
RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
	SELECT p_events && ARRAY['*', p_type, split_part(p_type, '.', 1) || '.*']
$fn$;
COMMENT ON FUNCTION skillancer.webhook_wants(text[], text) IS
	'Whether the filter of an endpoint lets a type of events through: by its name, its source ("project.*") or "*".';

-- The body of a webhook.
CREATE OR REPLACE FUNCTION skillancer.webhook_body(p_id skillancer.event_id, p_type text, p_at timestamptz, p_data jsonb)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
	SELECT skillancer.json_doc('id', p_id, 'type', p_type, 'timestamp', p_at, 'data', p_data)::text
$fn$;
COMMENT ON FUNCTION skillancer.webhook_body(skillancer.event_id, text, timestamptz, jsonb) IS
	'The body that every attempt at an event sends, byte for byte.';

-- webhook_new_deliveries
CREATE OR REPLACE FUNCTION skillancer.webhook_new_deliveries(p_epoch integer, p_a pg_snapshot, p_b pg_snapshot)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_rows bigint;
BEGIN
	WITH wanted AS (
		SELECT w.id AS webhook_id, w.user_id, e.*,
			row_number() OVER (PARTITION BY w.id, e.aggregate_id ORDER BY e.seq) > 1 OR EXISTS (
				SELECT FROM skillancer.webhook_delivery d
				WHERE d.webhook_id = w.id AND d.aggregate_id = e.aggregate_id
					AND d.state IN ('WAITING', 'QUEUED', 'SENDING')) AS waits
		FROM skillancer.tick_events(p_epoch, p_a, p_b) e
		JOIN skillancer.webhook w ON w.user_id::uuid = ANY (e.audience) AND w.state = 'ACTIVE' AND e.at >= w.created_at
			AND skillancer.webhook_wants(w.events, e.type)
		JOIN skillancer.user_account u ON u.id = w.user_id AND u.state NOT IN ('SUSPENDED', 'CLOSED')
	), made AS (
		INSERT INTO skillancer.webhook_delivery (webhook_id, event_id, user_id, seq, type, aggregate_id, correlation_id, body, state, trace)
		SELECT x.webhook_id, x.id, x.user_id, x.seq, x.type, x.aggregate_id, x.correlation_id,
			skillancer.webhook_body(x.id, x.type, x.at, x.data), CASE WHEN x.waits THEN 'WAITING' ELSE 'QUEUED' END,
			(SELECT v.trace FROM skillancer.event v WHERE v.seq = x.seq AND v.at = x.at)
		FROM wanted x
		ORDER BY x.seq
		ON CONFLICT (webhook_id, event_id) DO NOTHING
		RETURNING webhook_id
	), woken AS (
		UPDATE skillancer.webhook_health h
		SET next_at = greatest(skillancer.now(), h.paused_until)
		WHERE h.next_at > skillancer.now() AND h.webhook_id IN (SELECT m.webhook_id FROM made m)
	)
	SELECT count(*) INTO v_rows FROM made;
	RETURN v_rows;
END
$fn$;
COMMENT ON FUNCTION skillancer.webhook_new_deliveries(integer, pg_snapshot, pg_snapshot) IS
	'Makes the deliveries of the events between two snapshots, for the active endpoints of people in their audience.';

-- webhook_fan_out
CREATE OR REPLACE FUNCTION skillancer.webhook_fan_out()
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_tick record;
	v_rows bigint := 0;
BEGIN
	IF skillancer.consumer_idle('webhooks') THEN
		RETURN 0;
	END IF;
	SELECT * INTO v_tick FROM skillancer.tick_open('webhooks');
	-- an endpoint that is made from now on wants nothing of what was before
	IF EXISTS (SELECT FROM skillancer.webhook w WHERE w.state = 'ACTIVE') THEN
		v_rows := skillancer.webhook_new_deliveries(v_tick.epoch, v_tick.position_a, v_tick.position_b);
	END IF;
	PERFORM skillancer.tick_close('webhooks', v_tick.position_b, v_rows);
	RETURN v_rows;
END
$fn$;
COMMENT ON FUNCTION skillancer.webhook_fan_out() IS 'One tick over the event log; returns the new deliveries.';
ALTER FUNCTION skillancer.webhook_fan_out() OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.webhook_fan_out() TO skillancer_worker;

-- webhook_release
CREATE OR REPLACE FUNCTION skillancer.webhook_release()
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_rows bigint;
BEGIN
	-- an attempt that took the server down counts; after some more than the schedule has it is given up
	WITH released AS (
		UPDATE skillancer.webhook_delivery d
		SET state = CASE WHEN d.tries < 10 THEN 'QUEUED' ELSE 'FAILED' END, due_at = skillancer.now(),
			error = 'the server stopped while it was sent',
			settled_at = CASE WHEN d.tries >= 10 THEN skillancer.now() END
		WHERE d.state = 'SENDING'
		RETURNING d.webhook_id
	)
	UPDATE skillancer.webhook_health h
	SET next_at = greatest(skillancer.now(), h.paused_until)
	WHERE h.webhook_id IN (SELECT r.webhook_id FROM released r);
	GET DIAGNOSTICS v_rows = ROW_COUNT;
	RETURN v_rows;
END
$fn$;
COMMENT ON FUNCTION skillancer.webhook_release() IS
	'Queues what an earlier courier had claimed and not recorded. Called once by each that starts; returns the endpoints.';
ALTER FUNCTION skillancer.webhook_release() OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.webhook_release() TO skillancer_worker;

-- webhook_look_again
CREATE OR REPLACE FUNCTION skillancer.webhook_look_again(p_webhooks uuid[])
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	UPDATE skillancer.webhook_health h
	SET next_at = CASE
		WHEN (SELECT count(*) FROM skillancer.webhook_delivery s WHERE s.webhook_id = h.webhook_id AND s.state = 'SENDING') >= h.width
			THEN 'infinity'
		ELSE greatest(h.paused_until, coalesce((
			SELECT min(q.due_at) FROM skillancer.webhook_delivery q
			WHERE q.webhook_id = h.webhook_id AND q.state = 'QUEUED'), 'infinity')) END
	WHERE h.webhook_id = ANY (p_webhooks::skillancer.webhook_id[]);
END
$fn$;
COMMENT ON FUNCTION skillancer.webhook_look_again(uuid[]) IS
	'Sets when the courier looks at endpoints again: not before one of its deliveries ends where all of the width is in use, else when the next one is due.';

-- webhook_claim
CREATE OR REPLACE FUNCTION skillancer.webhook_claim(p_standing text, p_room integer)
RETURNS TABLE (webhook_id uuid, event_id uuid, attempt integer, url text, secrets bytea[], body text, trace text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_ready uuid[];
BEGIN
	SELECT array_agg(r.webhook_id::uuid) INTO v_ready
	FROM (
		SELECT h.webhook_id FROM skillancer.webhook_health h
		WHERE h.standing = p_standing AND h.next_at <= skillancer.now()
		ORDER BY h.next_at
		LIMIT p_room
		FOR UPDATE) r;
	IF v_ready IS NULL THEN
		RETURN;
	END IF;
	RETURN QUERY
	WITH picked AS (
		SELECT q.webhook_id, q.event_id
		FROM skillancer.webhook_health h
		CROSS JOIN LATERAL (
			SELECT d.webhook_id, d.event_id, row_number() OVER (ORDER BY d.due_at, d.seq) AS place
			FROM skillancer.webhook_delivery d
			WHERE d.webhook_id = h.webhook_id AND d.state = 'QUEUED' AND d.due_at <= skillancer.now()
			ORDER BY d.due_at, d.seq
			LIMIT greatest(h.width - (SELECT count(*) FROM skillancer.webhook_delivery s
				WHERE s.webhook_id = h.webhook_id AND s.state = 'SENDING'), 0)) q
		WHERE h.webhook_id = ANY (v_ready::skillancer.webhook_id[])
		ORDER BY q.place
		LIMIT p_room
	), claimed AS (
		UPDATE skillancer.webhook_delivery d
		SET state = 'SENDING', attempts = d.attempts + 1, tries = d.tries + 1
		FROM picked p
		WHERE d.webhook_id = p.webhook_id AND d.event_id = p.event_id
		RETURNING d.webhook_id, d.event_id, d.attempts, d.body, d.trace
	)
	SELECT c.webhook_id::uuid, c.event_id::uuid, c.attempts, w.url, ARRAY(
			SELECT s.sealed FROM skillancer.webhook_secret s
			WHERE s.webhook_id = c.webhook_id AND s.valid_until > skillancer.now()
			ORDER BY s.created_at DESC), c.body, c.trace
	FROM claimed c
	JOIN skillancer.webhook w ON w.id = c.webhook_id;
	PERFORM skillancer.webhook_look_again(v_ready);
END
$fn$;
COMMENT ON FUNCTION skillancer.webhook_claim(text, integer) IS
	'Claims due deliveries of endpoints of one standing for an attempt each: those that waited longest first, in turn.';
ALTER FUNCTION skillancer.webhook_claim(text, integer) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.webhook_claim(text, integer) TO skillancer_worker;

-- webhook_retry_at
CREATE OR REPLACE FUNCTION skillancer.webhook_retry_at(p_tries integer)
RETURNS timestamptz
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
	SELECT skillancer.now() + (0.9 + 0.2 * random())
		* (ARRAY['1 minute', '5 minutes', '30 minutes', '2 hours', '8 hours', '24 hours']::interval[])[least(p_tries, 6)]
$fn$;
COMMENT ON FUNCTION skillancer.webhook_retry_at(integer) IS
	'When to try again after so many tries: 1 min, 5 min, 30 min, 2 h, 8 h, 24 h, each give or take a tenth.';

-- webhook_promote
CREATE OR REPLACE FUNCTION skillancer.webhook_promote(p_webhooks uuid[], p_aggregates uuid[])
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	UPDATE skillancer.webhook_delivery d
	SET state = 'QUEUED', due_at = skillancer.now()
	FROM (SELECT DISTINCT x.webhook_id, x.aggregate_id FROM unnest(p_webhooks, p_aggregates) AS x (webhook_id, aggregate_id)) a
	CROSS JOIN LATERAL (
		SELECT q.event_id, q.state
		FROM skillancer.webhook_delivery q
		WHERE q.webhook_id = a.webhook_id::skillancer.webhook_id AND q.aggregate_id = a.aggregate_id
			AND q.state IN ('WAITING', 'QUEUED', 'SENDING')
		ORDER BY q.seq
		LIMIT 1) n
	WHERE n.state = 'WAITING' AND d.webhook_id = a.webhook_id::skillancer.webhook_id AND d.event_id = n.event_id;
END
$fn$;
COMMENT ON FUNCTION skillancer.webhook_promote(uuid[], uuid[]) IS
	'Queues the next event about each thing, where none before it is unsettled.';

-- webhook_assess
CREATE OR REPLACE FUNCTION skillancer.webhook_assess(p_webhooks uuid[], p_ok boolean[], p_failed boolean[], p_gone boolean[])
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_done record;
BEGIN
	FOR v_done IN
		UPDATE skillancer.webhook_health h
		SET standing = CASE WHEN s.ok > 0 THEN 'PROVEN' ELSE 'FAILING' END,
			width = CASE WHEN s.ok = 0 THEN 1 WHEN s.bad > 0 THEN greatest(h.width / 2, 1)
				ELSE least(h.width * 2, skillancer.policy_int('webhookWidth')) END,
			failures = CASE WHEN s.ok > 0 THEN 0 ELSE h.failures + s.bad END,
			failed_events = CASE WHEN s.ok > 0 THEN 0 ELSE h.failed_events + s.failed END,
			paused_until = CASE WHEN s.ok = 0 AND h.failures + s.bad >= 5
				THEN skillancer.now() + (0.9 + 0.2 * random()) * interval '10 seconds' * least(2 ^ (h.failures + s.bad - 5), 6) END,
			last_success_at = CASE WHEN s.ok > 0 THEN skillancer.now() ELSE h.last_success_at END,
			last_failure_at = CASE WHEN s.bad > 0 THEN skillancer.now() ELSE h.last_failure_at END
		FROM (
			SELECT r.webhook_id, count(*) FILTER (WHERE r.ok) AS ok, count(*) FILTER (WHERE NOT r.ok) AS bad,
				count(*) FILTER (WHERE r.failed) AS failed, bool_or(r.gone) AS gone
			FROM unnest(p_webhooks, p_ok, p_failed, p_gone) AS r (webhook_id, ok, failed, gone)
			GROUP BY r.webhook_id) s
		WHERE h.webhook_id = s.webhook_id::skillancer.webhook_id
		RETURNING h.webhook_id, s.gone, h.failed_events
	LOOP
		IF v_done.gone OR v_done.failed_events >= skillancer.policy_int('webhookFailureLimit') THEN
			PERFORM skillancer.webhook_give_up(v_done.webhook_id, CASE WHEN v_done.gone THEN 'GONE' ELSE 'FAILING' END);
		END IF;
	END LOOP;
	PERFORM skillancer.webhook_look_again(p_webhooks);
END
$fn$;
COMMENT ON FUNCTION skillancer.webhook_assess(uuid[], boolean[], boolean[], boolean[]) IS
	'Judges endpoints by how attempts ended: a success widens and clears, five failures in a row pause for 10 s, 20 s, … up to a minute, failed events in a row or a 410 disable.';

-- webhook_give_up
CREATE OR REPLACE FUNCTION skillancer.webhook_give_up(p_webhook skillancer.webhook_id, p_reason text)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_webhook record;
BEGIN
	SELECT w.state, w.url, w.channel INTO v_webhook FROM skillancer.webhook w WHERE w.id = p_webhook FOR UPDATE;
	IF v_webhook.state IS DISTINCT FROM 'ACTIVE' OR v_webhook.channel IS NOT NULL THEN
		RETURN;
	END IF;
	PERFORM skillancer.follow(d.event_id::uuid, d.correlation_id)
	FROM (
		SELECT f.event_id, f.correlation_id FROM skillancer.webhook_delivery f
		WHERE f.webhook_id = p_webhook AND f.state = 'FAILED'
		ORDER BY f.event_id DESC
		LIMIT 1) d;
	PERFORM skillancer.fire_system('webhook', p_webhook::uuid, 'give_up',
		jsonb_build_object('reason', p_reason, 'url', v_webhook.url));
	PERFORM skillancer.follow(NULL, NULL);
	PERFORM skillancer.webhook_stop(p_webhook, p_reason);
END
$fn$;
COMMENT ON FUNCTION skillancer.webhook_give_up(skillancer.webhook_id, text) IS
	'Disables an endpoint on the marketplace''s behalf (GONE, FAILING): its owner hears of it by the event webhook.given_up. A gateway stays on.';

-- webhook_stop
CREATE OR REPLACE FUNCTION skillancer.webhook_stop(p_webhook skillancer.webhook_id, p_reason text)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	UPDATE skillancer.webhook_health h SET reason = p_reason, next_at = 'infinity' WHERE h.webhook_id = p_webhook;
	UPDATE skillancer.webhook_delivery d
	SET state = 'DROPPED', settled_at = skillancer.now()
	WHERE d.webhook_id = p_webhook AND d.state IN ('WAITING', 'QUEUED');
END
$fn$;
COMMENT ON FUNCTION skillancer.webhook_stop(skillancer.webhook_id, text) IS
	'Drops what waits for a disabled endpoint; it can be delivered again by hand. What is under way ends.';

-- webhook_record
CREATE OR REPLACE FUNCTION skillancer.webhook_record(p_webhooks uuid[], p_events uuid[], p_attempts integer[],
	p_statuses integer[], p_durations integer[], p_errors text[], p_answers text[])
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_settled record;
BEGIN
	WITH result AS (
		SELECT r.*, r.status BETWEEN 200 AND 299 AND r.error IS NULL AS ok
		FROM unnest(p_webhooks, p_events, p_attempts, p_statuses, p_durations, p_errors, p_answers)
			AS r (webhook_id, event_id, attempt, status, duration_ms, error, answer)
	), settled AS (
		UPDATE skillancer.webhook_delivery d
		SET state = CASE WHEN r.ok THEN 'DELIVERED'
				WHEN d.tries >= 7 OR d.type = 'webhook.test' OR r.status = 410 THEN 'FAILED' ELSE 'QUEUED' END,
			due_at = CASE WHEN r.ok OR d.tries >= 7 THEN d.due_at ELSE skillancer.webhook_retry_at(d.tries) END,
			settled_at = CASE WHEN r.ok OR d.tries >= 7 OR d.type = 'webhook.test' OR r.status = 410 THEN skillancer.now() END,
			status = nullif(r.status, 0), error = r.error
		FROM result r
		WHERE d.webhook_id = r.webhook_id::skillancer.webhook_id AND d.event_id = r.event_id::skillancer.event_id
			AND d.attempts = r.attempt AND d.state = 'SENDING'
		RETURNING d.webhook_id, d.event_id, d.user_id, d.aggregate_id, d.state, d.type, r.attempt, r.ok, r.status,
			r.duration_ms, r.error, r.answer
	), logged AS (
		INSERT INTO skillancer.webhook_attempt (webhook_id, event_id, number, user_id, duration_ms, status, error, answer)
		SELECT s.webhook_id, s.event_id, s.attempt, s.user_id, s.duration_ms, nullif(s.status, 0), s.error, s.answer
		FROM settled s
	)
	SELECT array_agg(s.webhook_id::uuid) AS webhooks, array_agg(s.aggregate_id) AS aggregates, array_agg(s.ok) AS ok,
		array_agg(s.state = 'FAILED' AND s.type <> 'webhook.test') AS failed, array_agg(s.status = 410) AS gone
	INTO v_settled
	FROM settled s;
	IF v_settled.webhooks IS NULL THEN
		RETURN 0;
	END IF;
	PERFORM skillancer.webhook_promote(v_settled.webhooks, v_settled.aggregates);
	PERFORM skillancer.webhook_assess(v_settled.webhooks, v_settled.ok, v_settled.failed, v_settled.gone);
	RETURN cardinality(v_settled.webhooks);
END
$fn$;
COMMENT ON FUNCTION skillancer.webhook_record(uuid[], uuid[], integer[], integer[], integer[], text[], text[]) IS
	'Records how attempts ended, those that a newer attempt has overtaken left out. status 0: no answer; an error beside a status: the answer does not count.';
ALTER FUNCTION skillancer.webhook_record(uuid[], uuid[], integer[], integer[], integer[], text[], text[]) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.webhook_record(uuid[], uuid[], integer[], integer[], integer[], text[], text[]) TO skillancer_worker;

-- webhook_lag
CREATE OR REPLACE FUNCTION skillancer.webhook_lag()
RETURNS double precision
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	RETURN (
		SELECT coalesce(extract(epoch FROM skillancer.now() - min(h.next_at)), 0)
		FROM skillancer.webhook_health h WHERE h.standing IN ('FRESH', 'PROVEN') AND h.next_at < skillancer.now());
END
$fn$;
COMMENT ON FUNCTION skillancer.webhook_lag() IS 'Seconds that the oldest look at an endpoint that does not fail is late.';
ALTER FUNCTION skillancer.webhook_lag() OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.webhook_lag() TO skillancer_worker;

-- forget_webhooks
CREATE OR REPLACE FUNCTION skillancer.forget_webhooks()
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_before timestamptz := skillancer.now() - skillancer.policy_interval('webhookRetention');
	v_rows   bigint;
BEGIN
	DELETE FROM skillancer.webhook_secret s WHERE s.valid_until < skillancer.now();
	DELETE FROM skillancer.webhook_attempt a
	WHERE a.at < v_before OR NOT EXISTS (SELECT FROM skillancer.webhook w WHERE w.id = a.webhook_id);
	DELETE FROM skillancer.webhook_delivery d
	WHERE d.created_at < v_before AND d.state IN ('DELIVERED', 'FAILED', 'DROPPED')
		OR NOT EXISTS (SELECT FROM skillancer.webhook w WHERE w.id = d.webhook_id);
	GET DIAGNOSTICS v_rows = ROW_COUNT;
	RETURN v_rows;
END
$fn$;
COMMENT ON FUNCTION skillancer.forget_webhooks() IS
	'Deletes deliveries older than the policy webhookRetention, those of endpoints that are gone, and secrets that were replaced.';

INSERT INTO skillancer.housekeeping_job (job, every) VALUES ('forget_webhooks', '1 hour');

-- adopt_quiet_webhook
CREATE OR REPLACE FUNCTION skillancer.adopt_quiet_webhook()
RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_rows bigint;
BEGIN
	UPDATE skillancer.webhook_delivery d
	SET state = 'DROPPED', settled_at = skillancer.now()
	WHERE d.state IN ('WAITING', 'QUEUED', 'SENDING');
	GET DIAGNOSTICS v_rows = ROW_COUNT;
	UPDATE skillancer.notification n SET webhook_at = NULL WHERE n.webhook_at IS NOT NULL;
	RETURN format('%s webhooks', v_rows);
END
$fn$;
COMMENT ON FUNCTION skillancer.adopt_quiet_webhook() IS 'Part of adopt(quiet): a copy calls nobody.';
ALTER FUNCTION skillancer.adopt_quiet_webhook() OWNER TO skillancer_engine;
