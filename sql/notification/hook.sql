/*
 * sql/notification/hook.sql
 *		Notifications on the channel WEBHOOK: to the endpoints of who wants them there, at once or in digests.
 *
 * The notifier decides (extension/notification/outbox.c) and queues deliveries here for what goes out at once; what
 * waits for the end of quiet hours or for a digest carries webhook_at and is sent by the timekeeper (send_hooks).
 * From there on they are deliveries like those of events (webhook.sql): signed, retried, logged.
 */

INSERT INTO skillancer.event_type (name, version, description, schema)
SELECT v.name, '1.0', v.description, v.schema::jsonb
FROM (VALUES
	('notification.created', 'Somebody who wants his notifications by webhook has a new one: its text in his language. Goes to his endpoints only, and is in no event log',
		'{"type": "object", "required": ["id", "type", "category", "priority", "count", "title", "body", "data", "createdAt"]}'),
	('notification.digest', 'The same for several of them, hourly, daily or weekly: the newest fifty, and how many there are',
		'{"type": "object", "required": ["frequency", "count", "items"], "properties": {"frequency": {"enum": ["HOURLY", "DAILY", "WEEKLY"]}, "items": {"type": "array"}}}')
) AS v (name, description, schema);

-- hook_queue
CREATE OR REPLACE FUNCTION skillancer.hook_queue(p_user skillancer.user_id, p_event uuid, p_type text, p_correlation text, p_data jsonb,
	p_trace text DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_rows bigint;
BEGIN
	WITH made AS (
		INSERT INTO skillancer.webhook_delivery (webhook_id, event_id, user_id, seq, type, aggregate_id, correlation_id, body, trace)
		SELECT w.id, p_event::skillancer.event_id, w.user_id, 0, p_type, p_event, p_correlation,
			skillancer.webhook_body(p_event::skillancer.event_id, p_type, skillancer.now(), p_data), coalesce(p_trace, skillancer.trace_now())
		FROM skillancer.webhook w
		JOIN skillancer.user_account u ON u.id = w.user_id AND u.state NOT IN ('SUSPENDED', 'CLOSED')
		WHERE w.user_id = p_user AND w.state = 'ACTIVE' AND skillancer.webhook_wants(w.events, p_type)
		ON CONFLICT (webhook_id, event_id) DO NOTHING
		RETURNING webhook_id
	), woken AS (
		UPDATE skillancer.webhook_health h
		SET next_at = greatest(skillancer.now(), h.paused_until)
		WHERE h.next_at > skillancer.now() AND h.webhook_id IN (SELECT m.webhook_id FROM made m)
	)
	SELECT count(*) INTO v_rows FROM made;
	PERFORM skillancer.wake('courier') WHERE v_rows > 0;
	RETURN v_rows;
END
$fn$;
COMMENT ON FUNCTION skillancer.hook_queue(skillancer.user_id, uuid, text, text, jsonb, text) IS
	'Queues one delivery to each active endpoint of a user that takes the type. Returns how many.';

-- hook_notifications
CREATE OR REPLACE FUNCTION skillancer.hook_notifications(p_ids uuid[], p_users uuid[], p_traces text[] DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	RETURN (
		SELECT coalesce(sum(skillancer.hook_queue(n.user_id, n.id::uuid, 'notification.created', n.correlation_id, d.doc, r.trace)), 0)
		FROM unnest(p_ids, p_users, p_traces) AS r (id, user_id, trace)
		JOIN skillancer.notification n ON n.user_id = r.user_id::skillancer.user_id AND n.id = r.id::skillancer.notification_id
		-- each by its key: a join would read the whole table
		CROSS JOIN LATERAL (
			SELECT x.doc::jsonb - 'readAt' AS doc FROM skillancer.notification_doc x
			WHERE x.user_id = n.user_id AND x.id = n.id
			OFFSET 0) d
		WHERE EXISTS (SELECT FROM skillancer.webhook w WHERE w.user_id = n.user_id AND w.state = 'ACTIVE'));
END
$fn$;
COMMENT ON FUNCTION skillancer.hook_notifications(uuid[], uuid[], text[]) IS
	'Queues notifications, by their ids and users, for the endpoints of their users, with the traces of their events. Returns the deliveries.';

-- send_hook_digest
CREATE OR REPLACE FUNCTION skillancer.send_hook_digest(p_user skillancer.user_id, p_frequency text)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_items jsonb;
	v_count bigint;
BEGIN
	WITH taken AS (
		UPDATE skillancer.notification n
		SET webhook_at = NULL
		WHERE n.user_id = p_user AND n.webhook = p_frequency AND n.webhook_at <= skillancer.now()
		RETURNING n.id, n.is_head, n.read_at, n.dismissed_at
	), listed AS (
		SELECT k.id, row_number() OVER (ORDER BY k.id DESC) AS place
		FROM taken k
		WHERE k.is_head AND k.read_at IS NULL AND k.dismissed_at IS NULL
	)
	SELECT jsonb_agg(d.doc::jsonb - 'readAt' ORDER BY l.id DESC) FILTER (WHERE l.place <= 50), count(*)
	INTO v_items, v_count
	FROM listed l
	JOIN skillancer.notification_doc d ON d.user_id = p_user AND d.id = l.id;
	IF v_count = 0 THEN
		RETURN 0;
	END IF;
	RETURN skillancer.hook_queue(p_user, skillancer.new_id(), 'notification.digest', NULL,
		jsonb_build_object('frequency', p_frequency, 'count', v_count, 'items', v_items));
END
$fn$;
COMMENT ON FUNCTION skillancer.send_hook_digest(skillancer.user_id, text) IS
	'Queues one digest of what is due for a user''s endpoints and was neither read nor dismissed.';

-- send_hooks
CREATE OR REPLACE FUNCTION skillancer.send_hooks()
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_due  record;
	v_sent bigint := 0;
BEGIN
	FOR v_due IN
		SELECT n.user_id, n.webhook, array_agg(n.id::uuid ORDER BY n.id) AS ids, array_agg(n.user_id::uuid) AS users
		FROM skillancer.notification n
		WHERE n.webhook_at <= skillancer.now()
		GROUP BY n.user_id, n.webhook
	LOOP
		IF v_due.webhook <> 'IMMEDIATE' THEN
			v_sent := v_sent + skillancer.send_hook_digest(v_due.user_id, v_due.webhook);
			CONTINUE;
		END IF;
		UPDATE skillancer.notification n
		SET webhook_at = NULL
		WHERE n.user_id = v_due.user_id AND n.id = ANY (v_due.ids::skillancer.notification_id[]);
		v_sent := v_sent + skillancer.hook_notifications(v_due.ids, v_due.users);
	END LOOP;
	RETURN v_sent;
END
$fn$;
COMMENT ON FUNCTION skillancer.send_hooks() IS
	'Queues for webhooks what waited for the end of quiet hours, and the digests that are due.';
INSERT INTO skillancer.housekeeping_job (job, every) VALUES ('send_hooks', '1 minute');
