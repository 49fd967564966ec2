/*
 * sql/notification/api.sql
 *		Notifications of the caller: list, count, read, dismiss.
 */

-- unread_notifications
CREATE OR REPLACE FUNCTION skillancer.unread_notifications()
RETURNS bigint
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	RETURN (
		SELECT count(*) FROM skillancer.notification n
		WHERE n.user_id = (SELECT skillancer.current_user_id()) AND n.read_at IS NULL AND n.is_head AND n.in_app
			AND n.dismissed_at IS NULL);
END
$fn$;
COMMENT ON FUNCTION skillancer.unread_notifications() IS 'How many notifications of the caller are unread; a group counts once.';
GRANT EXECUTE ON FUNCTION skillancer.unread_notifications() TO skillancer_bridge;

-- GET /v1/notifications
CREATE OR REPLACE FUNCTION skillancer_api.notification_list(
	p_unread boolean DEFAULT false, p_category text DEFAULT NULL, p_limit integer DEFAULT NULL,
	p_cursor text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE SECURITY INVOKER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_user  skillancer.user_id := skillancer.current_user_id();
	v_limit integer := skillancer.check_limit(p_limit);
	v_scope text := concat_ws('|', 'notifications', p_unread, p_category);
	v_after skillancer.notification_id;
	v_items json[];
	v_keys  text[];
	v_reply skillancer.reply;
BEGIN
	PERFORM skillancer.require_role('USER');
	PERFORM skillancer.check_one_of('category', p_category, skillancer.notification_categories(), required => false);
	PERFORM skillancer.check_done();
	v_after := skillancer.cursor_decode(v_scope, p_cursor)::skillancer.notification_id;
	SELECT array_agg(d.doc ORDER BY d.id DESC), array_agg(d.id::text ORDER BY d.id DESC)
	INTO v_items, v_keys
	FROM (
		SELECT n.id, n.doc
		FROM skillancer.notification_doc n
		WHERE n.user_id = v_user AND n.is_head AND n.in_app AND n.dismissed_at IS NULL
			AND (v_after IS NULL OR n.id < v_after)
			AND (NOT p_unread OR n.read_at IS NULL)
			AND (p_category IS NULL OR n.category = p_category)
		ORDER BY n.id DESC
		LIMIT v_limit + 1) d;
	v_reply := skillancer.list_reply(v_items, v_keys, v_limit, v_scope);
	v_reply.meta := v_reply.meta || jsonb_build_object('unread', skillancer.unread_notifications());
	RETURN v_reply;
END
$fn$;
COMMENT ON FUNCTION skillancer_api.notification_list(boolean, text, integer, text) IS
	'The caller''s notifications, newest first, and how many are unread. Unread ones of one group are one, with their count; unread=true leaves out those that were read.';
SELECT skillancer.add_route('GET', '/v1/notifications', 'notification_list', summary => 'List my notifications',
	answers => '[notification_doc] meta {unread: bigint}');

-- GET /v1/notifications/unread-count
CREATE OR REPLACE FUNCTION skillancer_api.notification_unread_count()
RETURNS json
LANGUAGE plpgsql STABLE SECURITY INVOKER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	PERFORM skillancer.require_role('USER');
	RETURN json_build_object('unread', skillancer.unread_notifications());
END
$fn$;
COMMENT ON FUNCTION skillancer_api.notification_unread_count() IS 'How many of the caller''s notifications are unread.';
SELECT skillancer.add_route('GET', '/v1/notifications/unread-count', 'notification_unread_count',
	summary => 'Count my unread notifications', answers => '{unread: bigint}');

-- notification_head
CREATE OR REPLACE FUNCTION skillancer.notification_head(p_id skillancer.notification_id)
RETURNS skillancer.notification_id
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	RETURN (
		SELECT coalesce(h.id, n.id)
		FROM skillancer.notification n
		LEFT JOIN skillancer.notification h ON NOT n.is_head AND h.user_id = n.user_id AND h.group_key = n.group_key
			AND h.is_head AND h.in_app AND h.read_at IS NULL AND h.dismissed_at IS NULL
		WHERE n.user_id = (SELECT skillancer.current_user_id()) AND n.id = p_id AND n.in_app);
END
$fn$;
COMMENT ON FUNCTION skillancer.notification_head(skillancer.notification_id) IS
	'The notification of the caller that stands for another one of its group: who read the older one has seen the group.';

-- POST /v1/notifications/{id}/read
CREATE OR REPLACE FUNCTION skillancer_api.notification_read(p_id skillancer.notification_id)
RETURNS json
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_head skillancer.notification_id;
	v_doc  json;
BEGIN
	PERFORM skillancer.require_role('USER');
	UPDATE skillancer.notification n
	SET read_at = coalesce(n.read_at, skillancer.now())
	WHERE n.user_id = skillancer.current_user_id() AND n.id = skillancer.notification_head(p_id)
	RETURNING n.id INTO v_head;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	SELECT d.doc INTO v_doc
	FROM skillancer.notification_doc d WHERE d.user_id = skillancer.current_user_id() AND d.id = v_head;
	RETURN v_doc;
END
$fn$;
COMMENT ON FUNCTION skillancer_api.notification_read(skillancer.notification_id) IS
	'Marks one of the caller''s notifications as read, with its group; a second time changes nothing.';
SELECT skillancer.add_route('POST', '/v1/notifications/{id}/read', 'notification_read',
	summary => 'Mark a notification as read', answers => 'notification_doc');

-- POST /v1/notifications/read-all
CREATE OR REPLACE FUNCTION skillancer_api.notification_read_all()
RETURNS json
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_rows bigint;
BEGIN
	PERFORM skillancer.require_role('USER');
	UPDATE skillancer.notification n
	SET read_at = skillancer.now()
	WHERE n.user_id = skillancer.current_user_id() AND n.read_at IS NULL AND n.is_head AND n.in_app AND n.dismissed_at IS NULL;
	GET DIAGNOSTICS v_rows = ROW_COUNT;
	RETURN json_build_object('read', v_rows);
END
$fn$;
COMMENT ON FUNCTION skillancer_api.notification_read_all() IS
	'Marks all of the caller''s notifications as read and says how many were not.';
SELECT skillancer.add_route('POST', '/v1/notifications/read-all', 'notification_read_all',
	summary => 'Mark all my notifications as read', answers => '{read: bigint}');

-- POST /v1/notifications/{id}/dismiss
CREATE OR REPLACE FUNCTION skillancer_api.notification_dismiss(p_id skillancer.notification_id)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	PERFORM skillancer.require_role('USER');
	UPDATE skillancer.notification n
	SET dismissed_at = coalesce(n.dismissed_at, skillancer.now())
	WHERE n.user_id = skillancer.current_user_id() AND n.id = skillancer.notification_head(p_id);
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
END
$fn$;
COMMENT ON FUNCTION skillancer_api.notification_dismiss(skillancer.notification_id) IS
	'Takes one of the caller''s notifications off the list, with its group; a second time changes nothing.';
SELECT skillancer.add_route('POST', '/v1/notifications/{id}/dismiss', 'notification_dismiss',
	summary => 'Take a notification off the list', answers => '204');
