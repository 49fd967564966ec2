/*
 * sql/notification/api.sql
 *		Notifications of the caller: list, count, read.
 */

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
BEGIN
	PERFORM skillancer.check_one_of('category', p_category, ARRAY['MESSAGES', 'PROJECTS', 'BOOKINGS', 'PAYMENTS',
		'ACCOUNT', 'MARKETING', 'SYSTEM'], required => false);
	PERFORM skillancer.check_done();
	v_after := skillancer.cursor_decode(v_scope, p_cursor)::skillancer.notification_id;
	SELECT array_agg(d.doc ORDER BY d.id DESC), array_agg(d.id::text ORDER BY d.id DESC)
	INTO v_items, v_keys
	FROM (
		SELECT n.id, n.doc
		FROM skillancer.notification_doc n
		WHERE n.user_id = v_user
			AND (v_after IS NULL OR n.id < v_after)
			AND (NOT p_unread OR n.read_at IS NULL)
			AND (p_category IS NULL OR n.category = p_category)
		ORDER BY n.id DESC
		LIMIT v_limit + 1) d;
	RETURN skillancer.list_reply(v_items, v_keys, v_limit, v_scope);
END
$fn$;
COMMENT ON FUNCTION skillancer_api.notification_list(boolean, text, integer, text) IS
	'The caller''s notifications, newest first; unread=true leaves out those that were read.';
SELECT skillancer.add_route('GET', '/v1/notifications', 'notification_list', summary => 'List my notifications',
	answers => '[notification_doc]');

-- GET /v1/notifications/unread-count
CREATE OR REPLACE FUNCTION skillancer_api.notification_unread_count()
RETURNS json
LANGUAGE plpgsql STABLE SECURITY INVOKER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	RETURN json_build_object('unread', (
		SELECT count(*) FROM skillancer.notification n
		WHERE n.user_id = (SELECT skillancer.current_user_id()) AND n.read_at IS NULL));
END
$fn$;
COMMENT ON FUNCTION skillancer_api.notification_unread_count() IS 'How many of the caller''s notifications are unread.';
SELECT skillancer.add_route('GET', '/v1/notifications/unread-count', 'notification_unread_count',
	summary => 'Count my unread notifications', answers => '{unread: bigint}');

-- POST /v1/notifications/{id}/read
CREATE OR REPLACE FUNCTION skillancer_api.notification_read(p_id skillancer.notification_id)
RETURNS json
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_doc json;
BEGIN
	UPDATE skillancer.notification n
	SET read_at = coalesce(n.read_at, skillancer.now())
	WHERE n.user_id = skillancer.current_user_id() AND n.id = p_id;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	SELECT d.doc INTO v_doc
	FROM skillancer.notification_doc d WHERE d.user_id = skillancer.current_user_id() AND d.id = p_id;
	RETURN v_doc;
END
$fn$;
COMMENT ON FUNCTION skillancer_api.notification_read(skillancer.notification_id) IS
	'Marks one of the caller''s notifications as read; a second time changes nothing.';
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
	UPDATE skillancer.notification n
	SET read_at = skillancer.now()
	WHERE n.user_id = skillancer.current_user_id() AND n.read_at IS NULL;
	GET DIAGNOSTICS v_rows = ROW_COUNT;
	RETURN json_build_object('read', v_rows);
END
$fn$;
COMMENT ON FUNCTION skillancer_api.notification_read_all() IS
	'Marks all of the caller''s notifications as read and says how many were not.';
SELECT skillancer.add_route('POST', '/v1/notifications/read-all', 'notification_read_all',
	summary => 'Mark all my notifications as read', answers => '{read: bigint}');
