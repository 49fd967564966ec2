/*
 * sql/notification/gateway.sql
 *		Push and SMS: gateways of the operator, one for each of the two channels.
 *
 * We know no devices and no phone numbers. A gateway does, and is sent each notification for the users who want it on
 * its channel: {userId, channel, title, body, ...}, as a webhook (webhook.sql): signed, retried, with a breaker. A
 * channel is on while its gateway is there. What no attempt could deliver is in skillancer.parked as "gateway".
 */

-- gateway_queue
CREATE OR REPLACE FUNCTION skillancer.gateway_queue(p_ids uuid[], p_users uuid[], p_channels text[], p_due timestamptz[],
	p_titles text[], p_bodies text[], p_traces text[])
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_rows bigint;
BEGIN
	WITH made AS (
		INSERT INTO skillancer.webhook_delivery (webhook_id, event_id, user_id, seq, type, aggregate_id, correlation_id, body, due_at, trace)
		SELECT w.id, r.id::skillancer.event_id, n.user_id, 0, 'notification.created', r.id, n.correlation_id,
			skillancer.webhook_body(r.id::skillancer.event_id, 'notification.created', skillancer.now(), d.doc || jsonb_build_object(
				'userId', n.user_id, 'channel', w.channel, 'title', r.title, 'body', r.body)), r.due, r.trace
		FROM unnest(p_ids, p_users, p_channels, p_due, p_titles, p_bodies, p_traces) AS r (id, user_id, channel, due, title, body, trace)
		JOIN skillancer.webhook w ON w.channel = r.channel
		JOIN skillancer.notification n ON n.user_id = r.user_id::skillancer.user_id AND n.id = r.id::skillancer.notification_id
		JOIN skillancer.user_account u ON u.id = n.user_id AND u.state NOT IN ('SUSPENDED', 'CLOSED')
		-- each by its key: a join would read the whole table
		CROSS JOIN LATERAL (
			SELECT x.doc::jsonb - 'readAt' AS doc FROM skillancer.notification_doc x
			WHERE x.user_id = n.user_id AND x.id = n.id
			OFFSET 0) d
		ON CONFLICT (webhook_id, event_id) DO NOTHING
		RETURNING webhook_id, due_at
	), woken AS (
		UPDATE skillancer.webhook_health h
		SET next_at = greatest(least(h.next_at, m.due_at), h.paused_until)
		FROM (SELECT k.webhook_id, min(k.due_at) AS due_at FROM made k GROUP BY k.webhook_id) m
		WHERE h.webhook_id = m.webhook_id
	)
	SELECT count(*) INTO v_rows FROM made;
	PERFORM skillancer.wake('courier') WHERE v_rows > 0;
	RETURN v_rows;
END
$fn$;
COMMENT ON FUNCTION skillancer.gateway_queue(uuid[], uuid[], text[], timestamptz[], text[], text[], text[]) IS
	'Queues notifications, by their ids and users, for the gateways of channels, with the texts for each and when they are due. Returns the deliveries.';

-- gateway_drop
CREATE OR REPLACE FUNCTION skillancer.gateway_drop(p_user skillancer.user_id)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	UPDATE skillancer.webhook_delivery d
	SET state = 'DROPPED', settled_at = skillancer.now()
	FROM skillancer.webhook w
	JOIN skillancer.notification_preference p ON p.user_id = p_user AND p.channel = w.channel AND p.frequency = 'NEVER'
	WHERE d.webhook_id = w.id AND d.user_id = p_user AND d.state = 'QUEUED'
		AND d.body::jsonb #>> '{data,category}' = p.category;
END
$fn$;
COMMENT ON FUNCTION skillancer.gateway_drop(skillancer.user_id) IS
	'Drops what waits for gateways and its user does not want any more.';
ALTER FUNCTION skillancer.gateway_drop(skillancer.user_id) OWNER TO skillancer_engine;

-- redrive_gateways
CREATE OR REPLACE FUNCTION skillancer.redrive_gateways(p_item text)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_rows bigint;
BEGIN
	UPDATE skillancer.webhook_delivery d
	SET state = 'QUEUED', tries = 0, due_at = skillancer.now(), settled_at = NULL
	FROM skillancer.webhook w
	WHERE w.channel IS NOT NULL AND d.webhook_id = w.id AND d.state = 'FAILED'
		AND (p_item IS NULL OR p_item = format('%s/%s', w.channel, d.event_id));
	GET DIAGNOSTICS v_rows = ROW_COUNT;
	UPDATE skillancer.webhook_health h SET next_at = skillancer.now(), paused_until = NULL
	FROM skillancer.webhook w WHERE w.channel IS NOT NULL AND h.webhook_id = w.id AND v_rows > 0;
	PERFORM skillancer.wake('courier');
	RETURN v_rows;
END
$fn$;
COMMENT ON FUNCTION skillancer.redrive_gateways(text) IS
	'Queues again what gateways did not take; NULL means all of it.';

SELECT skillancer.add_shape('notification_gateway',
	'{channel: text, url: text, failures: integer, pausedUntil: timestamptz|null, lastSuccessAt: timestamptz|null, lastFailureAt: timestamptz|null, createdAt: timestamptz, updatedAt: timestamptz}');

-- gateway_doc
CREATE OR REPLACE FUNCTION skillancer.gateway_doc(p_channel text)
RETURNS json
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	RETURN (
		SELECT skillancer.json_doc('channel', w.channel, 'url', w.url, 'failures', h.failures, 'pausedUntil', h.paused_until,
			'lastSuccessAt', h.last_success_at, 'lastFailureAt', h.last_failure_at, 'createdAt', w.created_at, 'updatedAt', w.updated_at)
		FROM skillancer.webhook w
		JOIN skillancer.webhook_health h ON h.webhook_id = w.id
		WHERE w.channel = p_channel);
END
$fn$;
COMMENT ON FUNCTION skillancer.gateway_doc(text) IS 'The gateway of a channel as the API shows it to staff, or NULL.';
GRANT EXECUTE ON FUNCTION skillancer.gateway_doc(text) TO skillancer_bridge;

-- own_gateway
CREATE OR REPLACE FUNCTION skillancer.own_gateway(p_channel text)
RETURNS skillancer.webhook_id
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_id skillancer.webhook_id;
BEGIN
	PERFORM skillancer.require_permission('system:manage');
	SELECT w.id INTO v_id FROM skillancer.webhook w WHERE w.channel = p_channel FOR UPDATE;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	RETURN v_id;
END
$fn$;
COMMENT ON FUNCTION skillancer.own_gateway(text) IS 'Locks the gateway of a channel for staff who may manage it; RESOURCE_NOT_FOUND where there is none.';

-- GET /v1/admin/notification-gateways
CREATE OR REPLACE FUNCTION skillancer_api.gateway_list()
RETURNS json
LANGUAGE plpgsql STABLE SECURITY INVOKER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	PERFORM skillancer.require_permission('system:view');
	RETURN (
		SELECT coalesce(json_agg(skillancer.gateway_doc(w.channel) ORDER BY w.channel), '[]')
		FROM skillancer.webhook w WHERE w.channel IS NOT NULL);
END
$fn$;
COMMENT ON FUNCTION skillancer_api.gateway_list() IS
	'The gateways of the channels PUSH and SMS, and how they do. A channel without one is off.';
SELECT skillancer.add_route('GET', '/v1/admin/notification-gateways', 'gateway_list', who => 'ADMIN',
	summary => 'List the gateways of push and SMS', answers => '[notification_gateway]');

-- PUT /v1/admin/notification-gateways/{channel}
CREATE OR REPLACE FUNCTION skillancer_api.gateway_put(p_channel text, p_url text)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_id      skillancer.webhook_id := skillancer.new_id()::skillancer.webhook_id;
	v_problem text := skillancer.webhook_url_problem(p_url);
	v_before  text;
	v_secret  text;
BEGIN
	PERFORM skillancer.require_permission('system:manage');
	PERFORM skillancer.check_one_of('channel', p_channel, '{PUSH,SMS}');
	PERFORM skillancer.check_that('url', v_problem IS NULL, coalesce(v_problem, ''));
	PERFORM skillancer.check_done();
	PERFORM pg_advisory_xact_lock(hashtextextended('gateway of ' || p_channel, 0));
	SELECT w.url INTO v_before FROM skillancer.webhook w WHERE w.channel = p_channel;
	IF v_before IS NOT NULL THEN
		UPDATE skillancer.webhook w SET url = p_url, version = w.version + 1, updated_at = skillancer.now() WHERE w.channel = p_channel;
	ELSE
		INSERT INTO skillancer.webhook (id, channel, url, events) VALUES (v_id, p_channel, p_url, '{notification.created}');
		INSERT INTO skillancer.webhook_health (webhook_id) VALUES (v_id);
		v_secret := skillancer.webhook_put_secret(v_id, interval '0');
	END IF;
	PERFORM skillancer.audit('gateway.put', 'gateway', NULL, jsonb_build_object('channel', p_channel, 'url', v_before),
		jsonb_build_object('channel', p_channel, 'url', p_url));
	RETURN skillancer.gateway_doc(p_channel)::jsonb || jsonb_strip_nulls(jsonb_build_object('secret', v_secret));
END
$fn$;
COMMENT ON FUNCTION skillancer_api.gateway_put(text, text) IS
	'Switches a channel on: notifications for it go to this URL, as webhooks do. The answer to the first one holds the signing secret, which is shown this once; after that it changes the URL. Audited.';
SELECT skillancer.add_route('PUT', '/v1/admin/notification-gateways/{channel}', 'gateway_put', who => 'ADMIN',
	summary => 'Set the gateway of push or SMS', answers => 'notification_gateway & {secret?: text}');

-- POST /v1/admin/notification-gateways/{channel}/rotate-secret
CREATE OR REPLACE FUNCTION skillancer_api.gateway_rotate_secret(p_channel text, p_at_once boolean DEFAULT false)
RETURNS json
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_id      skillancer.webhook_id := skillancer.own_gateway(p_channel);
	v_overlap interval := CASE WHEN p_at_once THEN interval '0' ELSE skillancer.policy_interval('webhookSecretOverlap') END;
BEGIN
	PERFORM skillancer.audit('gateway.rotate_secret', 'gateway', NULL, NULL, jsonb_build_object('channel', p_channel));
	RETURN skillancer.json_doc('secret', skillancer.webhook_put_secret(v_id, v_overlap), 'previousValidUntil', skillancer.now() + v_overlap);
END
$fn$;
COMMENT ON FUNCTION skillancer_api.gateway_rotate_secret(text, boolean) IS
	'Replaces the signing secret of a gateway: until previousValidUntil every delivery carries a signature by each of the two, with atOnce only by the new one. Audited.';
SELECT skillancer.add_route('POST', '/v1/admin/notification-gateways/{channel}/rotate-secret', 'gateway_rotate_secret', who => 'ADMIN',
	idempotent => false, summary => 'Replace the secret of a gateway', answers => '{secret: text, previousValidUntil: timestamptz}');

-- DELETE /v1/admin/notification-gateways/{channel}
CREATE OR REPLACE FUNCTION skillancer_api.gateway_remove(p_channel text)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_id skillancer.webhook_id := skillancer.own_gateway(p_channel);
BEGIN
	DELETE FROM skillancer.webhook_secret s WHERE s.webhook_id = v_id;
	DELETE FROM skillancer.webhook_health h WHERE h.webhook_id = v_id;
	DELETE FROM skillancer.webhook w WHERE w.id = v_id;
	PERFORM skillancer.audit('gateway.remove', 'gateway', NULL, jsonb_build_object('channel', p_channel), NULL);
END
$fn$;
COMMENT ON FUNCTION skillancer_api.gateway_remove(text) IS
	'Switches a channel off: its gateway is told nothing any more, and what waited for it is dropped. Audited.';
SELECT skillancer.add_route('DELETE', '/v1/admin/notification-gateways/{channel}', 'gateway_remove', who => 'ADMIN',
	summary => 'Remove the gateway of push or SMS', answers => '204');
