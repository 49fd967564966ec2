/*
 * sql/notification/api_template.sql
 *		Texts and rules of notifications for staff: reading, trying, changing.
 */

-- preview_mail
CREATE OR REPLACE FUNCTION skillancer.preview_mail(p_title text, p_body text, p_html text, p_layout text, p_text_layout text, p_data jsonb,
	OUT title text, OUT body text, OUT html text, OUT field text, OUT problem text)
LANGUAGE c STABLE
AS 'MODULE_PATHNAME', 'skl_fn_preview_mail';
COMMENT ON FUNCTION skillancer.preview_mail(text, text, text, text, text, jsonb) IS
	'Renders templates as the courier does: subject, text, HTML part (escaped; made from the text without a template). Or which of them is wrong (field), and why (problem).';

-- check_template
CREATE OR REPLACE FUNCTION skillancer.check_template(p_channel text, p_locale text, p_title text, p_body text, p_html text)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_bad record;
BEGIN
	PERFORM skillancer.check_one_of('channel', p_channel, '{IN_APP,EMAIL,PUSH,SMS}');
	PERFORM skillancer.check_that('locale', coalesce(p_locale ~ '^[a-z]{2,3}(-[A-Z]{2})?$', false), 'must be a language, such as en or de-AT');
	PERFORM skillancer.check_text('title', p_title, 1, 300);
	PERFORM skillancer.check_text('body', p_body, 1, 20000);
	PERFORM skillancer.check_text('html', p_html, 1, 100000, required => false);
	PERFORM skillancer.check_that('html', p_html IS NULL OR p_channel = 'EMAIL', 'is for mails only');
	-- each by itself, so that all that is wrong is named
	FOR v_bad IN
		SELECT f.field, m.problem
		FROM (VALUES ('title', p_title), ('body', p_body), ('html', p_html)) f (field, template)
		CROSS JOIN LATERAL skillancer.preview_mail('x', f.template, NULL, NULL, NULL, '{}') m
		WHERE f.template IS NOT NULL AND m.problem IS NOT NULL
	LOOP
		PERFORM skillancer.check_that(v_bad.field, false, format('is no valid mustache: %s', v_bad.problem));
	END LOOP;
	PERFORM skillancer.check_done();
END
$fn$;
COMMENT ON FUNCTION skillancer.check_template(text, text, text, text, text) IS 'Refuses a template that is not valid, naming each bad field.';

-- template_is_known
CREATE OR REPLACE FUNCTION skillancer.template_is_known(p_type text)
RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	RETURN EXISTS (SELECT FROM skillancer.template t WHERE t.type = p_type)
		OR EXISTS (SELECT FROM skillancer.notification_rule r WHERE r.type = p_type);
END
$fn$;
COMMENT ON FUNCTION skillancer.template_is_known(text) IS 'Whether a rule makes notifications of a type, or a template is there for it.';
ALTER FUNCTION skillancer.template_is_known(text) OWNER TO skillancer_engine;

-- template_docs
CREATE OR REPLACE FUNCTION skillancer.template_docs(p_type text, p_channel text, p_locale text, p_after text, p_limit integer)
RETURNS TABLE (key text, doc json)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	PERFORM skillancer.require_permission('system:view');
	RETURN QUERY
	SELECT t.key, skillancer.json_doc('type', t.type, 'channel', t.channel, 'locale', t.locale, 'title', t.title, 'body', t.body,
		'html', t.html, 'isBuiltin', skillancer.builtin_untouched(t.row))
	FROM (SELECT concat_ws('/', x.type, x.channel, x.locale) COLLATE "C" AS key, to_jsonb(x) AS row, x.* FROM skillancer.template x) t
	WHERE (p_type IS NULL OR t.type = p_type) AND (p_channel IS NULL OR t.channel = p_channel)
		AND (p_locale IS NULL OR t.locale = p_locale) AND t.key > coalesce(p_after, '')
	ORDER BY t.key
	LIMIT p_limit;
END
$fn$;
COMMENT ON FUNCTION skillancer.template_docs(text, text, text, text, integer) IS 'Templates for staff, by their keys.';
ALTER FUNCTION skillancer.template_docs(text, text, text, text, integer) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.template_docs(text, text, text, text, integer) TO skillancer_bridge;

-- GET /v1/admin/templates
CREATE OR REPLACE FUNCTION skillancer_api.template_list(p_type text DEFAULT NULL, p_channel text DEFAULT NULL, p_locale text DEFAULT NULL,
	p_limit integer DEFAULT NULL, p_cursor text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_limit integer := skillancer.check_limit(p_limit);
	v_scope text := concat_ws('|', 'templates', coalesce(p_type, '*'), coalesce(p_channel, '*'), coalesce(p_locale, '*'));
	v_after text;
	v_items json[];
	v_keys  text[];
BEGIN
	PERFORM skillancer.require_permission('system:view');
	PERFORM skillancer.check_one_of('channel', p_channel, '{IN_APP,EMAIL,PUSH,SMS}', required => false);
	PERFORM skillancer.check_done();
	v_after := skillancer.cursor_decode(v_scope, p_cursor);
	SELECT array_agg(d.doc ORDER BY d.key), array_agg(d.key ORDER BY d.key) INTO v_items, v_keys
	FROM skillancer.template_docs(p_type, p_channel, p_locale, v_after, v_limit + 1) d;
	RETURN skillancer.list_reply(v_items, v_keys, v_limit, v_scope);
END
$fn$;
COMMENT ON FUNCTION skillancer_api.template_list(text, text, text, integer, text) IS
	'The texts of notifications and mails. isBuiltin: as it was shipped, so that an upgrade may replace it.';
SELECT skillancer.add_shape('notification_template',
	'{type: text, channel: text, locale: text, title: text, body: text, html: text|null, isBuiltin: boolean}');
SELECT skillancer.add_route('GET', '/v1/admin/templates', 'template_list', who => 'ADMIN,ANALYST',
	summary => 'List the texts of notifications', answers => '[notification_template]');

-- template_preview
CREATE OR REPLACE FUNCTION skillancer.template_preview(p_type text, p_channel text, p_locale text, p_sample jsonb,
	p_title text, p_body text, p_html text)
RETURNS json
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_mail  boolean := p_channel = 'EMAIL';
	v_text  record;
	v_frame record;
	v_done  record;
BEGIN
	PERFORM skillancer.require_permission('system:view');
	SELECT coalesce(p_title, t.title) AS title, coalesce(p_body, t.body) AS body,
		CASE WHEN p_body IS NULL THEN coalesce(p_html, t.html) ELSE p_html END AS html
	INTO v_text
	FROM (SELECT) one LEFT JOIN skillancer.template_for(p_type, p_channel, p_locale) t ON true;
	PERFORM skillancer.check_that('type', v_text.title IS NOT NULL AND v_text.body IS NOT NULL, 'has no text on this channel');
	PERFORM skillancer.check_done();
	SELECT t.title, t.body, t.html INTO v_frame
	FROM (SELECT) one LEFT JOIN skillancer.template_for('layout', 'EMAIL', p_locale) t ON v_mail AND p_type <> 'layout';
	SELECT * INTO v_done
	FROM skillancer.preview_mail(v_text.title, v_text.body, v_text.html, v_frame.html, v_frame.body, p_sample);
	PERFORM skillancer.check_that(v_done.field, v_done.problem IS NULL, format('is no valid mustache: %s', v_done.problem))
		WHERE v_done.field IS NOT NULL;
	PERFORM skillancer.check_done();
	RETURN skillancer.json_doc('title', v_done.title, 'body', v_done.body, 'html', CASE WHEN v_mail THEN v_done.html END);
END
$fn$;
COMMENT ON FUNCTION skillancer.template_preview(text, text, text, jsonb, text, text, text) IS
	'What a template, or a draft of it, makes of sample data: for mails with the frame around both parts.';
ALTER FUNCTION skillancer.template_preview(text, text, text, jsonb, text, text, text) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.template_preview(text, text, text, jsonb, text, text, text) TO skillancer_bridge;

-- POST /v1/admin/templates/preview
CREATE OR REPLACE FUNCTION skillancer_api.template_preview(p_type text, p_channel text, p_locale text DEFAULT 'en', p_sample jsonb DEFAULT NULL,
	p_title text DEFAULT NULL, p_body text DEFAULT NULL, p_html text DEFAULT NULL)
RETURNS json
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	PERFORM skillancer.require_permission('system:view');
	PERFORM skillancer.check_that('type', coalesce(skillancer.template_is_known(p_type), false), 'is no type of notifications');
	PERFORM skillancer.check_that('sample', coalesce(jsonb_typeof(p_sample), 'object') = 'object', 'must be an object');
	PERFORM skillancer.check_template(p_channel, coalesce(p_locale, 'en'), coalesce(p_title, 'x'), coalesce(p_body, 'x'), p_html);
	RETURN skillancer.template_preview(p_type, p_channel, coalesce(p_locale, 'en'),
		jsonb_build_object('publicUrl', rtrim(current_setting('skillancer.public_url'), '/')) || coalesce(p_sample, '{}'), p_title, p_body, p_html);
END
$fn$;
COMMENT ON FUNCTION skillancer_api.template_preview(text, text, text, jsonb, text, text, text) IS
	'Shows what the text of a type on a channel makes of sample data, in a language or else in English; with title, body, html what a draft would. Mails are shown with the frame around them. Nothing is sent or kept.';
SELECT skillancer.add_route('POST', '/v1/admin/templates/preview', 'template_preview', who => 'ADMIN,ANALYST', idempotent => false,
	summary => 'Try a text of notifications', answers => '{title: text, body: text, html: text|null}');

-- template_put
CREATE OR REPLACE FUNCTION skillancer.template_put(p_type text, p_channel text, p_locale text, p_title text, p_body text, p_html text)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_before jsonb;
	v_after  jsonb;
BEGIN
	SELECT to_jsonb(t) - 'builtin_hash' INTO v_before
	FROM skillancer.template t WHERE t.type = p_type AND t.channel = p_channel AND t.locale = p_locale FOR UPDATE;
	INSERT INTO skillancer.template AS t (type, channel, locale, title, body, html)
	VALUES (p_type, p_channel, p_locale, p_title, p_body, p_html)
	ON CONFLICT (type, channel, locale) DO UPDATE
	SET title = EXCLUDED.title, body = EXCLUDED.body, html = EXCLUDED.html
	RETURNING to_jsonb(t) - 'builtin_hash' INTO v_after;
	PERFORM skillancer.audit('template.change', 'template', NULL, v_before, v_after);
END
$fn$;
COMMENT ON FUNCTION skillancer.template_put(text, text, text, text, text, text) IS 'Makes or replaces a template; audited.';
ALTER FUNCTION skillancer.template_put(text, text, text, text, text, text) OWNER TO skillancer_engine;

-- PUT /v1/admin/templates/{type}/{channel}/{locale}
CREATE OR REPLACE FUNCTION skillancer_api.template_put(p_type text, p_channel text, p_locale text, p_title text, p_body text, p_html text DEFAULT NULL)
RETURNS json
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	PERFORM skillancer.require_permission('system:manage');
	PERFORM skillancer.check_that('type', coalesce(skillancer.template_is_known(p_type), false), 'is no type of notifications');
	PERFORM skillancer.check_template(p_channel, p_locale, p_title, p_body, p_html);
	PERFORM skillancer.template_put(p_type, p_channel, p_locale, p_title, p_body, p_html);
	RETURN (SELECT d.doc FROM skillancer.template_docs(p_type, p_channel, p_locale, NULL, 1) d);
END
$fn$;
COMMENT ON FUNCTION skillancer_api.template_put(text, text, text, text, text, text) IS
	'Writes the text of a type on a channel in a language; what is sent from now on has it. Upgrades leave it alone. Audited.';
SELECT skillancer.add_route('PUT', '/v1/admin/templates/{type}/{channel}/{locale}', 'template_put', who => 'ADMIN',
	summary => 'Write a text of notifications', answers => 'notification_template');

-- rule_docs
CREATE OR REPLACE FUNCTION skillancer.rule_docs(p_event_type text, p_key text, p_after text, p_limit integer)
RETURNS TABLE (key text, doc json)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	PERFORM skillancer.require_permission('system:view');
	RETURN QUERY
	SELECT r.key, skillancer.json_doc('key', r.key, 'eventType', r.event_type, 'recipients', r.recipients, 'type', r.type,
		'category', r.category, 'priority', r.priority, 'groupKey', r.group_key, 'isMandatory', r.is_mandatory, 'isActive', r.is_active,
		'isBuiltin', skillancer.builtin_untouched(to_jsonb(r)))
	FROM skillancer.notification_rule r
	WHERE (p_event_type IS NULL OR r.event_type = p_event_type) AND (p_key IS NULL OR r.key = p_key)
		AND r.key COLLATE "C" > coalesce(p_after, '')
	ORDER BY r.key COLLATE "C"
	LIMIT p_limit;
END
$fn$;
COMMENT ON FUNCTION skillancer.rule_docs(text, text, text, integer) IS 'Rules of notifications for staff, by their keys.';
ALTER FUNCTION skillancer.rule_docs(text, text, text, integer) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.rule_docs(text, text, text, integer) TO skillancer_bridge;

-- GET /v1/admin/notification-rules
CREATE OR REPLACE FUNCTION skillancer_api.notification_rule_list(p_event_type text DEFAULT NULL, p_limit integer DEFAULT NULL, p_cursor text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_limit integer := skillancer.check_limit(p_limit);
	v_scope text := 'notification rules ' || coalesce(p_event_type, '*');
	v_after text;
	v_items json[];
	v_keys  text[];
BEGIN
	PERFORM skillancer.require_permission('system:view');
	PERFORM skillancer.check_done();
	v_after := skillancer.cursor_decode(v_scope, p_cursor);
	SELECT array_agg(d.doc ORDER BY d.key COLLATE "C"), array_agg(d.key ORDER BY d.key COLLATE "C") INTO v_items, v_keys
	FROM skillancer.rule_docs(p_event_type, NULL, v_after, v_limit + 1) d;
	RETURN skillancer.list_reply(v_items, v_keys, v_limit, v_scope);
END
$fn$;
COMMENT ON FUNCTION skillancer_api.notification_rule_list(text, integer, text) IS
	'Which event makes which notification, for whom.';
SELECT skillancer.add_shape('notification_rule_item', '{key: text, eventType: text, recipients: text, type: text, category: text, priority: text, groupKey: text|null, isMandatory: boolean, isActive: boolean, isBuiltin: boolean}');
SELECT skillancer.add_route('GET', '/v1/admin/notification-rules', 'notification_rule_list', who => 'ADMIN,ANALYST',
	summary => 'List the rules of notifications', answers => '[notification_rule_item]');

-- rule_change
CREATE OR REPLACE FUNCTION skillancer.rule_change(p_key text, p_present text[], p_recipients text, p_category text, p_priority text,
	p_group_key text, p_is_mandatory boolean, p_is_active boolean)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_before jsonb;
	v_after  jsonb;
BEGIN
	SELECT to_jsonb(r) - 'builtin_hash' INTO v_before FROM skillancer.notification_rule r WHERE r.key = p_key FOR UPDATE;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	UPDATE skillancer.notification_rule r
	SET recipients = coalesce(p_recipients, r.recipients), category = coalesce(p_category, r.category),
		priority = coalesce(p_priority, r.priority), is_mandatory = coalesce(p_is_mandatory, r.is_mandatory),
		is_active = coalesce(p_is_active, r.is_active),
		group_key = CASE WHEN 'groupKey' = ANY (p_present) THEN p_group_key ELSE r.group_key END
	WHERE r.key = p_key
	RETURNING to_jsonb(r) - 'builtin_hash' INTO v_after;
	PERFORM skillancer.audit('notification_rule.change', 'notification_rule', NULL, v_before, v_after);
END
$fn$;
COMMENT ON FUNCTION skillancer.rule_change(text, text[], text, text, text, text, boolean, boolean) IS
	'Changes a rule of notifications; audited.';
ALTER FUNCTION skillancer.rule_change(text, text[], text, text, text, text, boolean, boolean) OWNER TO skillancer_engine;

-- PATCH /v1/admin/notification-rules/{key}
CREATE OR REPLACE FUNCTION skillancer_api.notification_rule_patch(p_key text, p_present text[], p_recipients text DEFAULT NULL,
	p_category text DEFAULT NULL, p_priority text DEFAULT NULL, p_group_key text DEFAULT NULL, p_is_mandatory boolean DEFAULT NULL,
	p_is_active boolean DEFAULT NULL)
RETURNS json
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_group record;
BEGIN
	PERFORM skillancer.require_permission('system:manage');
	PERFORM skillancer.check_one_of('recipients', p_recipients,
		'{client,freelancer,owner,subject,actor,others,audience,finance,moderators,segment}', required => 'recipients' = ANY (p_present));
	PERFORM skillancer.check_one_of('category', p_category, skillancer.notification_categories(), required => 'category' = ANY (p_present));
	PERFORM skillancer.check_one_of('priority', p_priority, '{LOW,NORMAL,HIGH}', required => 'priority' = ANY (p_present));
	PERFORM skillancer.check_that('isMandatory', p_is_mandatory IS NOT NULL OR 'isMandatory' <> ALL (p_present), 'must be true or false');
	PERFORM skillancer.check_that('isActive', p_is_active IS NOT NULL OR 'isActive' <> ALL (p_present), 'must be true or false');
	PERFORM skillancer.check_text('groupKey', p_group_key, 1, 200, required => false);
	SELECT * INTO v_group FROM skillancer.preview_mail('x', coalesce(p_group_key, 'x'), NULL, NULL, NULL, '{}');
	PERFORM skillancer.check_that('groupKey', v_group.problem IS NULL, format('is no valid mustache: %s', v_group.problem));
	PERFORM skillancer.check_done();
	PERFORM skillancer.rule_change(p_key, p_present, p_recipients, p_category, p_priority, p_group_key, p_is_mandatory, p_is_active);
	RETURN (SELECT d.doc FROM skillancer.rule_docs(NULL, p_key, NULL, 1) d);
END
$fn$;
COMMENT ON FUNCTION skillancer_api.notification_rule_patch(text, text[], text, text, text, text, boolean, boolean) IS
	'Changes who hears of an event, under which category and priority, grouped by what, whatever they prefer (isMandatory), or at all (isActive). Upgrades leave the rule alone then. Audited.';
SELECT skillancer.add_route('PATCH', '/v1/admin/notification-rules/{key}', 'notification_rule_patch', who => 'ADMIN',
	summary => 'Change a rule of notifications', answers => 'notification_rule_item');
