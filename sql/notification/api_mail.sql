/*
 * sql/notification/api_mail.sql
 *		The outbox for staff: what became of a mail and what it says, sending it again, letting an address through again.
 *
 * What a mail says is there as long as its data is: until it is sent, or as long as the mail where keep_mails is on.
 * Secrets in it, such as links that sign somebody in, are only shown there, and that leaves an audit row.
 */

-- mask_secrets
CREATE OR REPLACE FUNCTION skillancer.mask_secrets(p_data jsonb)
RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	RETURN CASE jsonb_typeof(p_data)
		WHEN 'object' THEN (
			SELECT coalesce(jsonb_object_agg(d.key, CASE WHEN d.key ~* 'token|secret|password|code' THEN to_jsonb('********'::text)
				ELSE skillancer.mask_secrets(d.value) END), '{}')
			FROM jsonb_each(p_data) d)
		WHEN 'array' THEN (
			SELECT coalesce(jsonb_agg(skillancer.mask_secrets(e.value) ORDER BY e.ordinality), '[]')
			FROM jsonb_array_elements(p_data) WITH ORDINALITY e)
		ELSE p_data END;
END
$fn$;
COMMENT ON FUNCTION skillancer.mask_secrets(jsonb) IS 'Data of a mail with stars for what its name says is secret: tokens, codes, passwords.';

-- mail_content
CREATE OR REPLACE FUNCTION skillancer.mail_content(p_mail uuid, p_whole boolean)
RETURNS json
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_json json;
BEGIN
	PERFORM skillancer.require_permission('system:manage');
	SELECT CASE WHEN t.title IS NULL THEN skillancer.json_doc('problem', 'there is no template')
		WHEN r.problem IS NOT NULL THEN skillancer.json_doc('problem', r.problem)
		ELSE skillancer.json_doc('subject', r.title, 'text', r.body, 'html', r.html) END
	INTO v_json
	FROM skillancer.mail m
	LEFT JOIN LATERAL skillancer.template_for(m.type, 'EMAIL', m.locale) t ON true
	LEFT JOIN LATERAL skillancer.template_for('layout', 'EMAIL', m.locale) l ON true
	CROSS JOIN LATERAL (
		SELECT CASE WHEN p_whole THEN m.data ELSE skillancer.mask_secrets(m.data) END
			|| jsonb_build_object('publicUrl', rtrim(current_setting('skillancer.public_url'), '/'), 'unsubscribeUrl',
				CASE WHEN p_whole THEN skillancer.unsubscribe_url(m.user_id::uuid, m.categories)
				WHEN m.categories IS NOT NULL THEN '********' END) AS data) d
	CROSS JOIN LATERAL skillancer.preview_mail(t.title, t.body, t.html, l.html, l.body, d.data) r
	WHERE m.id = p_mail AND m.data <> '{}';
	RETURN v_json;
END
$fn$;
COMMENT ON FUNCTION skillancer.mail_content(uuid, boolean) IS
	'Subject, text and HTML part of a mail as its templates make them now, secrets masked unless whole; NULL once its data is deleted.';
ALTER FUNCTION skillancer.mail_content(uuid, boolean) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.mail_content(uuid, boolean) TO skillancer_bridge;
SELECT skillancer.add_shape('mail_content', '{subject?: text, text?: text, html?: text|null, problem?: text}');

-- GET /v1/admin/mails
CREATE OR REPLACE FUNCTION skillancer_api.mail_list(
	p_state text DEFAULT NULL, p_address text DEFAULT NULL, p_limit integer DEFAULT NULL, p_cursor text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE SECURITY INVOKER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_limit integer := skillancer.check_limit(p_limit);
	v_scope text := concat_ws('|', 'mail', coalesce(p_state, '*'), coalesce(p_address, '*'));
	v_after uuid;
	v_items json[];
	v_keys  text[];
BEGIN
	PERFORM skillancer.require_permission('system:view');
	PERFORM skillancer.check_one_of('state', p_state,
		'{QUEUED,SENDING,SENT,BOUNCED,SUPPRESSED,DROPPED,PARKED}', required => false);
	PERFORM skillancer.check_done();
	v_after := skillancer.cursor_decode(v_scope, p_cursor)::uuid;
	SELECT array_agg(d.doc ORDER BY d.id DESC), array_agg(d.id::text ORDER BY d.id DESC)
	INTO v_items, v_keys
	FROM (
		SELECT m.id, m.doc FROM skillancer.mail_doc m
		WHERE (v_after IS NULL OR m.id < v_after) AND (p_state IS NULL OR m.state = p_state)
			AND (p_address IS NULL OR lower(m.address) = lower(p_address))
		ORDER BY m.id DESC
		LIMIT v_limit + 1) d;
	RETURN skillancer.list_reply(v_items, v_keys, v_limit, v_scope);
END
$fn$;
COMMENT ON FUNCTION skillancer_api.mail_list(text, text, integer, text) IS
	'Mail with what became of it, newest first, of one state or to one address. What a mail says is not shown: it may hold a link that signs somebody in.';
SELECT skillancer.add_route('GET', '/v1/admin/mails', 'mail_list', who => 'ADMIN,ANALYST', summary => 'List outgoing mail',
	answers => '[mail_doc]');

-- GET /v1/admin/mails/{id}
CREATE OR REPLACE FUNCTION skillancer_api.mail_get(p_id uuid)
RETURNS json
LANGUAGE plpgsql STABLE SECURITY INVOKER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_doc json;
BEGIN
	PERFORM skillancer.require_permission('system:manage');
	SELECT m.doc INTO v_doc FROM skillancer.mail_doc m WHERE m.id = p_id;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	RETURN v_doc::jsonb || jsonb_build_object('content', skillancer.mail_content(p_id, false)::jsonb);
END
$fn$;
COMMENT ON FUNCTION skillancer_api.mail_get(uuid) IS
	'A mail with what became of it and what it says, with stars in place of tokens and codes. content is null once the mail is sent, unless skillancer.keep_mails is on, and holds problem where its templates make no mail.';
SELECT skillancer.add_route('GET', '/v1/admin/mails/{id}', 'mail_get', who => 'ADMIN', summary => 'Read an outgoing mail',
	answers => 'mail_doc & {content: mail_content|null}');

-- POST /v1/admin/mails/{id}/reveal
CREATE OR REPLACE FUNCTION skillancer_api.mail_reveal(p_id uuid)
RETURNS json
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_json json;
BEGIN
	PERFORM skillancer.require_permission('system:manage');
	IF NOT current_setting('skillancer.keep_mails')::boolean THEN
		PERFORM skillancer.fail('PERMISSION_DENIED', 'links in mails are only shown where skillancer.keep_mails is on');
	END IF;
	v_json := skillancer.mail_content(p_id, true);
	IF v_json IS NULL THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	PERFORM skillancer.audit('mail.reveal', 'mail', p_id, NULL, NULL);
	RETURN v_json;
END
$fn$;
COMMENT ON FUNCTION skillancer_api.mail_reveal(uuid) IS
	'What a mail says, with the links in it, which may sign somebody in: only where skillancer.keep_mails is on, as in a demo. Leaves an audit row.';
SELECT skillancer.add_route('POST', '/v1/admin/mails/{id}/reveal', 'mail_reveal', who => 'ADMIN', idempotent => false,
	summary => 'Read an outgoing mail with its links', answers => 'mail_content');

-- POST /v1/admin/mails/{id}/redrive
CREATE OR REPLACE FUNCTION skillancer_api.mail_redrive(p_id uuid)
RETURNS json
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	PERFORM skillancer.require_permission('system:manage');
	IF skillancer.redrive('mail', p_id::text) = 0 THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND', 'there is no parked mail with this id');
	END IF;
	PERFORM skillancer.audit('mail.redrive', 'mail', p_id, NULL, NULL);
	RETURN json_build_object('state', 'QUEUED');
END
$fn$;
COMMENT ON FUNCTION skillancer_api.mail_redrive(uuid) IS 'Queues a parked mail again.';
SELECT skillancer.add_route('POST', '/v1/admin/mails/{id}/redrive', 'mail_redrive', who => 'ADMIN',
	summary => 'Send a parked mail again', answers => '{state: "QUEUED"}');

-- POST /v1/admin/mail-addresses/unflag
CREATE OR REPLACE FUNCTION skillancer_api.mail_unflag(p_address text)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	PERFORM skillancer.require_permission('system:manage');
	PERFORM skillancer.check_email('address', p_address);
	PERFORM skillancer.check_done();
	IF NOT skillancer.unflag_address(p_address) THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND', 'the address is not flagged');
	END IF;
	PERFORM skillancer.audit('mail.unflag', 'mail_address', NULL, jsonb_build_object('address', p_address), NULL);
END
$fn$;
COMMENT ON FUNCTION skillancer_api.mail_unflag(text) IS 'Lets mail to an address through again that a server had refused for good.';
SELECT skillancer.add_route('POST', '/v1/admin/mail-addresses/unflag', 'mail_unflag', who => 'ADMIN',
	summary => 'Let mail to an address through again', answers => '204');
