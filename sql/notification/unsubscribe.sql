/*
 * sql/notification/unsubscribe.sql
 *		Unsubscribing with the link in a mail, without signing in (RFC 8058).
 *
 * The link holds the user, the categories and when it expires, under a MAC. Opening it shows a page with a button;
 * only POST changes anything, because mail scanners open links. Mail programs POST by themselves.
 */

-- unsubscribe_url
CREATE OR REPLACE FUNCTION skillancer.unsubscribe_url(p_user uuid, p_categories text[])
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	IF p_categories IS NULL THEN
		RETURN NULL;
	END IF;
	RETURN format('%s/v1/notifications/unsubscribe/%s', rtrim(current_setting('skillancer.public_url'), '/'),
		skillancer.seal('unsubscribe', format('%s|%s|%s', p_user, array_to_string(p_categories, ','),
			extract(epoch FROM skillancer.now() + interval '30 days')::bigint)));
END
$fn$;
COMMENT ON FUNCTION skillancer.unsubscribe_url(uuid, text[]) IS
	'The signed link that switches off mail of some categories for a user; valid for 30 days. NULL without categories.';

-- unsubscribe_open
CREATE OR REPLACE FUNCTION skillancer.unsubscribe_open(p_token text, OUT user_id uuid, OUT categories text[], OUT locale text)
RETURNS record
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_parts text[] := string_to_array(skillancer.unseal('unsubscribe', p_token), '|');
BEGIN
	IF v_parts IS NULL THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	ELSIF to_timestamp(v_parts[3]::bigint) < skillancer.now() THEN
		PERFORM skillancer.fail('RESOURCE_GONE', 'the link has expired: sign in and change your preferences');
	END IF;
	SELECT u.locale INTO unsubscribe_open.locale FROM skillancer.user_account u WHERE u.id = v_parts[1]::uuid::skillancer.user_id;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	unsubscribe_open.user_id := v_parts[1];
	unsubscribe_open.categories := string_to_array(v_parts[2], ',');
END
$fn$;
COMMENT ON FUNCTION skillancer.unsubscribe_open(text) IS
	'Who a link is for and what it switches off; RESOURCE_NOT_FOUND when it is forged, RESOURCE_GONE after 30 days.';
ALTER FUNCTION skillancer.unsubscribe_open(text) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.unsubscribe_open(text) TO skillancer_bridge;

-- unsubscribe
CREATE OR REPLACE FUNCTION skillancer.unsubscribe(p_token text)
RETURNS text[]
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_link record := skillancer.unsubscribe_open(p_token);
BEGIN
	INSERT INTO skillancer.notification_preference (user_id, category, channel, frequency)
	SELECT v_link.user_id::skillancer.user_id, c, 'EMAIL', 'NEVER' FROM unnest(v_link.categories) c
	ON CONFLICT (user_id, category, channel) DO UPDATE SET frequency = 'NEVER', updated_at = skillancer.now();
	UPDATE skillancer.notification n
	SET digest_at = NULL
	WHERE n.user_id = v_link.user_id::skillancer.user_id AND n.digest_at IS NOT NULL AND n.category = ANY (v_link.categories);
	UPDATE skillancer.mail m
	SET state = 'SUPPRESSED', settled_at = skillancer.now(), data = '{}', last_error = 'unsubscribed'
	WHERE m.user_id = v_link.user_id::skillancer.user_id AND m.state = 'QUEUED' AND m.categories <@ v_link.categories;
	RETURN v_link.categories;
END
$fn$;
COMMENT ON FUNCTION skillancer.unsubscribe(text) IS
	'Switches off the mail that a link is about, and drops what waits of it. A second time changes nothing.';
ALTER FUNCTION skillancer.unsubscribe(text) OWNER TO skillancer_engine;

-- the page of a link
CREATE OR REPLACE FUNCTION skillancer.unsubscribe_page(p_template text, p_locale text, p_categories text[])
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_page text;
BEGIN
	SELECT skillancer.mustache(t.html, jsonb_build_object('title', t.title, 'body', t.body,
		'categories', lower(array_to_string(p_categories, ', '))), true)
	INTO v_page
	FROM skillancer.template_for(p_template, 'EMAIL', p_locale) t;
	RETURN ROW(200, NULL, jsonb_build_object('Content-Type', 'text/html; charset=utf-8', 'Cache-Control', 'no-store',
		'Content-Security-Policy', 'default-src ''none''; style-src ''unsafe-inline''; form-action ''self''; frame-ancestors ''none'''),
		NULL, to_json(v_page))::skillancer.reply;
END
$fn$;
COMMENT ON FUNCTION skillancer.unsubscribe_page(text, text, text[]) IS 'The page with the button, or the one behind it.';
ALTER FUNCTION skillancer.unsubscribe_page(text, text, text[]) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.unsubscribe_page(text, text, text[]) TO skillancer_bridge;

-- GET /v1/notifications/unsubscribe/{token}
CREATE OR REPLACE FUNCTION skillancer_api.notification_unsubscribe_page(p_token text)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE SECURITY INVOKER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_link record := skillancer.unsubscribe_open(p_token);
BEGIN
	RETURN skillancer.unsubscribe_page('page.unsubscribe', v_link.locale, v_link.categories);
END
$fn$;
COMMENT ON FUNCTION skillancer_api.notification_unsubscribe_page(text) IS
	'The page behind the link in a mail: what it switches off, and a button. Opening it changes nothing. Links are valid for 30 days.';
SELECT skillancer.add_route('GET', '/v1/notifications/unsubscribe/{token}', 'notification_unsubscribe_page',
	who => 'anyone', rate => 'address', summary => 'Show what a link in a mail switches off', answers => 'text/html');

-- POST /v1/notifications/unsubscribe/{token}
CREATE OR REPLACE FUNCTION skillancer_api.notification_unsubscribe(p_token text, p_raw_body bytea, p_header_accept text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_link       record := skillancer.unsubscribe_open(p_token);
	v_categories text[] := skillancer.unsubscribe(p_token);
BEGIN
	IF skillancer.document_format(NULL, p_header_accept) = 'html' THEN
		RETURN skillancer.unsubscribe_page('page.unsubscribed', v_link.locale, v_categories);
	END IF;
	RETURN ROW(200, NULL, NULL, NULL, json_build_object('unsubscribed', v_categories))::skillancer.reply;
END
$fn$;
COMMENT ON FUNCTION skillancer_api.notification_unsubscribe(text, bytea, text) IS
	'One-click unsubscribe (RFC 8058): switches off mail of the categories that the link is about. The body, List-Unsubscribe=One-Click, says nothing that the link does not.';
SELECT skillancer.add_route('POST', '/v1/notifications/unsubscribe/{token}', 'notification_unsubscribe',
	who => 'anyone', rate => 'address', idempotent => false, body_limit => 4096, summary => 'Unsubscribe with the link in a mail',
	answers => '{unsubscribed: [text]} or text/html');
