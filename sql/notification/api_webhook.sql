/*
 * sql/notification/api_webhook.sql
 *		Webhooks of the caller: endpoints, secrets, the delivery log, sending again. docs/webhooks.md is for those who
 *		receive them.
 */

-- What is wrong with a URL.
CREATE OR REPLACE FUNCTION skillancer.webhook_url_problem(p_url text)
RETURNS text
LANGUAGE c STABLE STRICT
AS 'MODULE_PATHNAME', 'skl_fn_webhook_url_problem';
COMMENT ON FUNCTION skillancer.webhook_url_problem(text) IS
	'Why a URL cannot be an endpoint, or NULL: https on port 443 or 8443 to a host on the internet, or what skillancer.webhook_allow allows besides. The address is checked again at every connection.';

-- A secret.
CREATE OR REPLACE FUNCTION skillancer.webhook_secret_make(p_webhook uuid, OUT secret text, OUT sealed bytea)
LANGUAGE c VOLATILE STRICT
AS 'MODULE_PATHNAME', 'skl_fn_webhook_secret_make';
COMMENT ON FUNCTION skillancer.webhook_secret_make(uuid) IS
	'A fresh signing secret: whsec_ and 32 random bytes in base64, and the same sealed for the endpoint.';

-- webhook_put_secret
CREATE OR REPLACE FUNCTION skillancer.webhook_put_secret(p_webhook skillancer.webhook_id, p_overlap interval)
RETURNS text
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_made record;
	v_now  timestamptz := clock_timestamp() + (skillancer.now() - now());
BEGIN
	SELECT * INTO v_made FROM skillancer.webhook_secret_make(p_webhook::uuid);
	DELETE FROM skillancer.webhook_secret s
	WHERE s.webhook_id = p_webhook AND s.valid_until <> 'infinity';
	UPDATE skillancer.webhook_secret s SET valid_until = skillancer.now() + p_overlap WHERE s.webhook_id = p_webhook;
	INSERT INTO skillancer.webhook_secret (webhook_id, user_id, sealed, created_at)
	SELECT w.id, w.user_id, v_made.sealed, v_now FROM skillancer.webhook w WHERE w.id = p_webhook;
	RETURN v_made.secret;
END
$fn$;
COMMENT ON FUNCTION skillancer.webhook_put_secret(skillancer.webhook_id, interval) IS
	'Gives an endpoint of the caller, or a gateway, a new secret; the one before signs along for so long, any other one no more.';

-- check_webhook
CREATE OR REPLACE FUNCTION skillancer.check_webhook(p_url text, p_events text[], p_description text)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_problem text := skillancer.webhook_url_problem(p_url);
	v_unknown text;
BEGIN
	PERFORM skillancer.check_that('url', v_problem IS NULL, coalesce(v_problem, ''));
	PERFORM skillancer.check_array('events', p_events, 50, 63, required => true);
	PERFORM skillancer.check_text('description', p_description, 1, 200, false);
	SELECT f INTO v_unknown
	FROM unnest(p_events) f
	WHERE f IS NULL OR f <> '*' AND NOT EXISTS (
		SELECT FROM skillancer.event_type t WHERE f IN (t.name, split_part(t.name, '.', 1) || '.*'))
	LIMIT 1;
	PERFORM skillancer.check_that('events', NOT FOUND, 'names a type of events that there is not');
END
$fn$;
COMMENT ON FUNCTION skillancer.check_webhook(text, text[], text) IS 'Checks what a client says of an endpoint.';

-- own_webhook
CREATE OR REPLACE FUNCTION skillancer.own_webhook(p_id skillancer.webhook_id)
RETURNS text
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_state text;
BEGIN
	PERFORM skillancer.require_role('USER');
	SELECT w.state INTO v_state FROM skillancer.webhook w
	WHERE w.id = p_id AND w.user_id = skillancer.current_user_id() FOR UPDATE;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	RETURN v_state;
END
$fn$;
COMMENT ON FUNCTION skillancer.own_webhook(skillancer.webhook_id) IS
	'Locks an endpoint of the caller and returns its state; RESOURCE_NOT_FOUND for any other one.';

-- webhook_reply
CREATE OR REPLACE FUNCTION skillancer.webhook_reply(p_id skillancer.webhook_id)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	RETURN (SELECT ROW(200, d.etag, NULL, NULL, d.doc)::skillancer.reply FROM skillancer.webhook_doc d WHERE d.id = p_id);
END
$fn$;
COMMENT ON FUNCTION skillancer.webhook_reply(skillancer.webhook_id) IS 'Reply with the JSON of an endpoint.';

-- event_types
CREATE OR REPLACE FUNCTION skillancer.event_types()
RETURNS json
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
	SELECT json_agg(skillancer.json_doc('type', t.name, 'version', t.version, 'description', t.description,
		'schema', t.schema) ORDER BY t.name) FROM skillancer.event_type t
$fn$;
COMMENT ON FUNCTION skillancer.event_types() IS
	'The catalogue of events, whose table no login role may read.';
GRANT EXECUTE ON FUNCTION skillancer.event_types() TO skillancer_bridge;

-- GET /v1/webhooks/event-types
CREATE OR REPLACE FUNCTION skillancer_api.webhook_event_types()
RETURNS json
LANGUAGE plpgsql STABLE SECURITY INVOKER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	RETURN skillancer.event_types();
END
$fn$;
COMMENT ON FUNCTION skillancer_api.webhook_event_types() IS 'Every type of events, with the JSON schema of its data.';
SELECT skillancer.add_route('GET', '/v1/webhooks/event-types', 'webhook_event_types', who => 'anyone',
	summary => 'List the types of events', answers => '[{type: text, version: text, description: text|null, schema: json}]');

-- GET /v1/webhooks
CREATE OR REPLACE FUNCTION skillancer_api.webhook_list()
RETURNS json
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	PERFORM skillancer.require_role('USER');
	RETURN coalesce((SELECT json_agg(d.doc ORDER BY d.id) FROM skillancer.webhook_doc d
		WHERE d.user_id = (SELECT skillancer.current_user_id())), '[]'::json);
END
$fn$;
COMMENT ON FUNCTION skillancer_api.webhook_list() IS 'The caller''s endpoints.';
SELECT skillancer.add_route('GET', '/v1/webhooks', 'webhook_list', summary => 'List my webhooks', answers => '[webhook_doc]');

-- POST /v1/webhooks
CREATE OR REPLACE FUNCTION skillancer_api.webhook_create(p_url text, p_events text[], p_description text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_me     skillancer.user_id := skillancer.current_user_id();
	v_id     skillancer.webhook_id := skillancer.new_id()::skillancer.webhook_id;
	v_secret text;
BEGIN
	PERFORM skillancer.require_role('USER');
	PERFORM skillancer.check_webhook(p_url, p_events, p_description);
	PERFORM skillancer.check_done();
	PERFORM pg_advisory_xact_lock(hashtextextended('webhooks of ' || v_me::text, 0));
	IF (SELECT count(*) FROM skillancer.webhook w WHERE w.user_id = v_me) >= skillancer.policy_int('webhookLimit') THEN
		PERFORM skillancer.fail('LIMIT_REACHED', 'you have too many webhooks');
	END IF;
	INSERT INTO skillancer.webhook (id, user_id, url, description, events) VALUES (v_id, v_me, p_url, p_description, p_events);
	INSERT INTO skillancer.webhook_health (webhook_id, user_id) VALUES (v_id, v_me);
	v_secret := skillancer.webhook_put_secret(v_id, interval '0');
	RETURN (SELECT ROW(201, d.etag, NULL, NULL, (d.doc::jsonb || jsonb_build_object('secret', v_secret))::json)::skillancer.reply
			FROM skillancer.webhook_doc d WHERE d.id = v_id);
END
$fn$;
COMMENT ON FUNCTION skillancer_api.webhook_create(text, text[], text) IS
	'Registers an endpoint for events that concern the caller. events: types, "project.*" or "*". The answer holds the signing secret, which is shown this once.';
SELECT skillancer.add_route('POST', '/v1/webhooks', 'webhook_create', idempotent => false, summary => 'Register a webhook',
	answers => '201 webhook_doc & {secret: text}');

-- GET /v1/webhooks/{id}
CREATE OR REPLACE FUNCTION skillancer_api.webhook_get(p_id skillancer.webhook_id, p_header_if_none_match text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_etag text;
	v_doc  json;
BEGIN
	PERFORM skillancer.require_role('USER');
	SELECT d.etag, d.doc INTO v_etag, v_doc FROM skillancer.webhook_doc d WHERE d.id = p_id;
	RETURN skillancer.object_reply(v_etag, v_doc, p_header_if_none_match);
END
$fn$;
COMMENT ON FUNCTION skillancer_api.webhook_get(skillancer.webhook_id, text) IS 'An endpoint of the caller, and how it does.';
SELECT skillancer.add_route('GET', '/v1/webhooks/{id}', 'webhook_get', summary => 'One of my webhooks', answers => 'webhook_doc');

-- PATCH /v1/webhooks/{id}
CREATE OR REPLACE FUNCTION skillancer_api.webhook_update(p_id skillancer.webhook_id, p_url text DEFAULT NULL,
	p_events text[] DEFAULT NULL, p_description text DEFAULT NULL, p_present text[] DEFAULT NULL,
	p_header_if_match text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_old record;
BEGIN
	PERFORM skillancer.own_webhook(p_id);
	PERFORM skillancer.check_if_match(p_header_if_match, d.etag) FROM skillancer.webhook_doc d WHERE d.id = p_id;
	SELECT w.url, w.events, w.description INTO v_old FROM skillancer.webhook w WHERE w.id = p_id;
	PERFORM skillancer.check_that('url', p_url IS NOT NULL OR 'url' <> ALL (p_present), 'is required');
	PERFORM skillancer.check_webhook(coalesce(p_url, v_old.url),
		CASE WHEN 'events' = ANY (p_present) THEN p_events ELSE v_old.events END, p_description);
	PERFORM skillancer.check_done();
	UPDATE skillancer.webhook w
	SET url = coalesce(p_url, w.url), events = coalesce(p_events, w.events),
		description = CASE WHEN 'description' = ANY (p_present) THEN p_description ELSE w.description END,
		version = w.version + 1, updated_at = skillancer.now()
	WHERE w.id = p_id;
	RETURN skillancer.webhook_reply(p_id);
END
$fn$;
COMMENT ON FUNCTION skillancer_api.webhook_update(skillancer.webhook_id, text, text[], text, text[], text) IS
	'Changes URL, filter or description. What is queued goes to the new URL.';
SELECT skillancer.add_route('PATCH', '/v1/webhooks/{id}', 'webhook_update', summary => 'Change a webhook of mine', answers => 'webhook_doc');

-- DELETE /v1/webhooks/{id}
CREATE OR REPLACE FUNCTION skillancer_api.webhook_delete(p_id skillancer.webhook_id)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	PERFORM skillancer.own_webhook(p_id);
	DELETE FROM skillancer.webhook_secret s WHERE s.webhook_id = p_id;
	DELETE FROM skillancer.webhook_health h WHERE h.webhook_id = p_id;
	DELETE FROM skillancer.webhook w WHERE w.id = p_id;
END
$fn$;
COMMENT ON FUNCTION skillancer_api.webhook_delete(skillancer.webhook_id) IS
	'Deletes an endpoint with its secrets; nothing is sent to it from now on, and its log goes with it.';
SELECT skillancer.add_route('DELETE', '/v1/webhooks/{id}', 'webhook_delete', summary => 'Delete a webhook of mine', answers => '204');

-- POST /v1/webhooks/{id}/enable
CREATE OR REPLACE FUNCTION skillancer_api.webhook_enable(p_id skillancer.webhook_id)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	PERFORM skillancer.own_webhook(p_id);
	PERFORM skillancer.fire('webhook', p_id::uuid, 'enable', jsonb_build_object('userId', skillancer.current_user_id()));
	UPDATE skillancer.webhook_health h
	SET standing = 'FRESH', width = 2, failures = 0, failed_events = 0, paused_until = NULL, reason = NULL
	WHERE h.webhook_id = p_id;
	RETURN skillancer.webhook_reply(p_id);
END
$fn$;
COMMENT ON FUNCTION skillancer_api.webhook_enable(skillancer.webhook_id) IS
	'Lets a disabled endpoint get events again, from now on. What it missed: redeliver.';
SELECT skillancer.add_route('POST', '/v1/webhooks/{id}/enable', 'webhook_enable', summary => 'Enable a webhook of mine', answers => 'webhook_doc');

-- POST /v1/webhooks/{id}/disable
CREATE OR REPLACE FUNCTION skillancer_api.webhook_disable(p_id skillancer.webhook_id)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	PERFORM skillancer.own_webhook(p_id);
	PERFORM skillancer.fire('webhook', p_id::uuid, 'disable', jsonb_build_object('userId', skillancer.current_user_id()));
	PERFORM skillancer.webhook_stop(p_id, 'OWNER');
	RETURN skillancer.webhook_reply(p_id);
END
$fn$;
COMMENT ON FUNCTION skillancer_api.webhook_disable(skillancer.webhook_id) IS
	'Stops an endpoint: what waits for it is dropped, and can be delivered by hand later.';
SELECT skillancer.add_route('POST', '/v1/webhooks/{id}/disable', 'webhook_disable', summary => 'Disable a webhook of mine', answers => 'webhook_doc');

-- POST /v1/webhooks/{id}/rotate-secret
CREATE OR REPLACE FUNCTION skillancer_api.webhook_rotate_secret(p_id skillancer.webhook_id, p_at_once boolean DEFAULT false)
RETURNS json
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_overlap interval := CASE WHEN p_at_once THEN interval '0' ELSE skillancer.policy_interval('webhookSecretOverlap') END;
BEGIN
	PERFORM skillancer.own_webhook(p_id);
	RETURN skillancer.json_doc('secret', skillancer.webhook_put_secret(p_id, v_overlap),
		'previousValidUntil', skillancer.now() + v_overlap);
END
$fn$;
COMMENT ON FUNCTION skillancer_api.webhook_rotate_secret(skillancer.webhook_id, boolean) IS
	'Replaces the signing secret: until previousValidUntil every delivery carries a signature by each of the two. atOnce: the old one may be known to others and ends now.';
SELECT skillancer.add_route('POST', '/v1/webhooks/{id}/rotate-secret', 'webhook_rotate_secret', idempotent => false,
	summary => 'Replace the secret of a webhook of mine', answers => '{secret: text, previousValidUntil: timestamptz}');

-- POST /v1/webhooks/{id}/test
CREATE OR REPLACE FUNCTION skillancer_api.webhook_test(p_id skillancer.webhook_id)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_event skillancer.event_id := skillancer.new_id()::skillancer.event_id;
BEGIN
	IF skillancer.own_webhook(p_id) <> 'ACTIVE' THEN
		PERFORM skillancer.fail('INVALID_STATE', 'the webhook is disabled', '{"state": "DISABLED", "allowed": ["enable"]}');
	END IF;
	INSERT INTO skillancer.webhook_delivery (webhook_id, event_id, user_id, seq, type, aggregate_id, body)
	VALUES (p_id, v_event, skillancer.current_user_id(), 0, 'webhook.test', v_event::uuid,
		skillancer.webhook_body(v_event, 'webhook.test', skillancer.now(), jsonb_build_object('webhookId', p_id)));
	PERFORM skillancer.webhook_wake(p_id);
	RETURN (SELECT ROW(202, NULL, NULL, NULL, d.doc)::skillancer.reply FROM skillancer.webhook_delivery_doc d
			WHERE d.webhook_id = p_id AND d.event_id = v_event);
END
$fn$;
COMMENT ON FUNCTION skillancer_api.webhook_test(skillancer.webhook_id) IS
	'Sends an event of the type webhook.test to an endpoint, once, whatever its filter says; the delivery log shows how it went.';
SELECT skillancer.add_route('POST', '/v1/webhooks/{id}/test', 'webhook_test', summary => 'Send a test event to a webhook of mine',
	answers => '202 webhook_delivery_doc');
