/*
 * sql/notification/api_webhook_log.sql
 *		The delivery log of the caller's webhooks, and sending again by hand.
 */

-- webhook_wake
CREATE OR REPLACE FUNCTION skillancer.webhook_wake(p_id skillancer.webhook_id)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	UPDATE skillancer.webhook_health h SET next_at = skillancer.now(), paused_until = NULL WHERE h.webhook_id = p_id;
	PERFORM skillancer.wake('courier');
END
$fn$;
COMMENT ON FUNCTION skillancer.webhook_wake(skillancer.webhook_id) IS
	'Has the courier look at an endpoint of the caller at once, also where failures paused it.';

-- GET /v1/webhooks/{id}/deliveries
CREATE OR REPLACE FUNCTION skillancer_api.webhook_deliveries(p_id skillancer.webhook_id, p_state text DEFAULT NULL,
	p_type text DEFAULT NULL, p_limit integer DEFAULT NULL, p_cursor text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_limit integer := skillancer.check_limit(p_limit);
	v_scope text := concat_ws('|', 'webhook-deliveries', p_id, p_state, p_type);
	v_after skillancer.event_id;
	v_items json[];
	v_keys  text[];
BEGIN
	PERFORM skillancer.require_role('USER');
	PERFORM skillancer.check_one_of('state', p_state,
		ARRAY['WAITING', 'QUEUED', 'SENDING', 'DELIVERED', 'FAILED', 'DROPPED'], required => false);
	PERFORM skillancer.check_text('type', p_type, 1, 63, false);
	v_after := skillancer.cursor_decode(v_scope, p_cursor)::skillancer.event_id;
	PERFORM skillancer.check_done();
	IF NOT EXISTS (SELECT FROM skillancer.webhook w WHERE w.id = p_id) THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	SELECT array_agg(d.doc ORDER BY d.event_id DESC), array_agg(d.event_id::text ORDER BY d.event_id DESC)
	INTO v_items, v_keys
	FROM (
		SELECT d.event_id, d.doc
		FROM skillancer.webhook_delivery_doc d
		WHERE d.webhook_id = p_id AND (v_after IS NULL OR d.event_id < v_after)
			AND (p_state IS NULL OR d.state = p_state) AND (p_type IS NULL OR d.type = p_type)
		ORDER BY d.event_id DESC
		LIMIT v_limit + 1) d;
	RETURN skillancer.list_reply(v_items, v_keys, v_limit, v_scope);
END
$fn$;
COMMENT ON FUNCTION skillancer_api.webhook_deliveries(skillancer.webhook_id, text, text, integer, text) IS
	'The delivery log of an endpoint, newest event first.';
SELECT skillancer.add_route('GET', '/v1/webhooks/{id}/deliveries', 'webhook_deliveries', summary => 'List deliveries to a webhook of mine',
	answers => '[webhook_delivery_doc]');

-- GET /v1/webhooks/{id}/deliveries/{eventId}
CREATE OR REPLACE FUNCTION skillancer_api.webhook_delivery_get(p_id skillancer.webhook_id, p_event_id skillancer.event_id)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_doc json;
BEGIN
	PERFORM skillancer.require_role('USER');
	SELECT (d.doc::jsonb || jsonb_build_object('body', d.body, 'log', coalesce((
		SELECT jsonb_agg(a.doc ORDER BY a.number) FROM skillancer.webhook_attempt_doc a
		WHERE a.webhook_id = p_id AND a.event_id = p_event_id), '[]')))::json
	INTO v_doc
	FROM skillancer.webhook_delivery_doc d
	JOIN skillancer.webhook w ON w.id = d.webhook_id
	WHERE d.webhook_id = p_id AND d.event_id = p_event_id;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	RETURN ROW(200, NULL, NULL, NULL, v_doc)::skillancer.reply;
END
$fn$;
COMMENT ON FUNCTION skillancer_api.webhook_delivery_get(skillancer.webhook_id, skillancer.event_id) IS
	'One delivery with the body that was sent and every attempt: status, time, the first 64 kB of the answer.';
SELECT skillancer.add_route('GET', '/v1/webhooks/{id}/deliveries/{eventId}', 'webhook_delivery_get',
	summary => 'One delivery to a webhook of mine', answers => 'webhook_delivery_doc & {body: text, log: [webhook_attempt_doc]}');

-- webhook_send_again
CREATE OR REPLACE FUNCTION skillancer.webhook_send_again(p_id skillancer.webhook_id, p_event_id skillancer.event_id, p_since timestamptz)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_rows bigint;
BEGIN
	IF skillancer.own_webhook(p_id) <> 'ACTIVE' THEN
		PERFORM skillancer.fail('INVALID_STATE', 'the webhook is disabled', '{"state": "DISABLED", "allowed": ["enable"]}');
	END IF;
	UPDATE skillancer.webhook_delivery d
	SET state = 'QUEUED', tries = 0, due_at = skillancer.now(), settled_at = NULL
	WHERE d.webhook_id = p_id AND CASE WHEN p_event_id IS NOT NULL
		THEN d.event_id = p_event_id AND d.state NOT IN ('SENDING', 'WAITING')
		ELSE d.state IN ('FAILED', 'DROPPED') AND d.created_at >= p_since END;
	GET DIAGNOSTICS v_rows = ROW_COUNT;
	PERFORM skillancer.webhook_wake(p_id);
	RETURN v_rows;
END
$fn$;
COMMENT ON FUNCTION skillancer.webhook_send_again(skillancer.webhook_id, skillancer.event_id, timestamptz) IS
	'Queues one delivery of an endpoint of the caller again, or all since a time that were not delivered; returns how many.';

-- POST /v1/webhooks/{id}/deliveries/{eventId}/redeliver
CREATE OR REPLACE FUNCTION skillancer_api.webhook_redeliver(p_id skillancer.webhook_id, p_event_id skillancer.event_id)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_doc json;
BEGIN
	PERFORM skillancer.webhook_send_again(p_id, p_event_id, NULL);
	SELECT d.doc INTO v_doc FROM skillancer.webhook_delivery_doc d WHERE d.webhook_id = p_id AND d.event_id = p_event_id;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	RETURN ROW(202, NULL, NULL, NULL, v_doc)::skillancer.reply;
END
$fn$;
COMMENT ON FUNCTION skillancer_api.webhook_redeliver(skillancer.webhook_id, skillancer.event_id) IS
	'Sends an event to an endpoint again at once, under the same id, with a schedule from the beginning; for one that is under way nothing changes.';
SELECT skillancer.add_route('POST', '/v1/webhooks/{id}/deliveries/{eventId}/redeliver', 'webhook_redeliver',
	summary => 'Deliver an event to a webhook of mine again', answers => '202 webhook_delivery_doc');

-- POST /v1/webhooks/{id}/redeliver
CREATE OR REPLACE FUNCTION skillancer_api.webhook_redeliver_since(p_id skillancer.webhook_id, p_since timestamptz)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	RETURN ROW(202, NULL, NULL, NULL,
		json_build_object('queued', skillancer.webhook_send_again(p_id, NULL, p_since)))::skillancer.reply;
END
$fn$;
COMMENT ON FUNCTION skillancer_api.webhook_redeliver_since(skillancer.webhook_id, timestamptz) IS
	'Sends everything again that an endpoint did not take since a time: what failed, and what was dropped when it was disabled.';
SELECT skillancer.add_route('POST', '/v1/webhooks/{id}/redeliver', 'webhook_redeliver_since',
	summary => 'Deliver again what a webhook of mine missed', answers => '202 {queued: bigint}');
