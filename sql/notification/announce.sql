/*
 * sql/notification/announce.sql
 *		Announcements of staff to a segment of the users.
 *
 * One event is appended; the notifier tells the segment piece by piece, in the order of user ids, each piece in the
 * transaction that moves the position. So nobody is told twice, and notifications of other events pass in between.
 */

-- segment_users
CREATE OR REPLACE FUNCTION skillancer.segment_users(
	p_segment jsonb, p_before timestamptz, p_after skillancer.user_id, p_limit integer)
RETURNS SETOF skillancer.user_id
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	RETURN QUERY
	SELECT u.id
	FROM skillancer.user_account u
	WHERE u.state IN ('ACTIVE', 'RESTRICTED') AND u.created_at <= p_before AND (p_after IS NULL OR u.id > p_after)
		AND (p_segment -> 'roles' IS NULL OR EXISTS (
			SELECT FROM skillancer.user_role r WHERE r.user_id = u.id AND p_segment -> 'roles' ? r.role))
		AND (p_segment -> 'countries' IS NULL OR EXISTS (
			SELECT FROM skillancer.profile p WHERE p.user_id = u.id AND p_segment -> 'countries' ? p.country))
		AND (p_segment -> 'locales' IS NULL OR p_segment -> 'locales' ?| ARRAY[u.locale, split_part(u.locale, '-', 1)])
		AND (p_segment ->> 'registeredAfter' IS NULL OR u.created_at >= (p_segment ->> 'registeredAfter')::timestamptz)
		AND (p_segment ->> 'registeredBefore' IS NULL OR u.created_at < (p_segment ->> 'registeredBefore')::timestamptz)
	ORDER BY u.id
	LIMIT p_limit;
END
$fn$;
COMMENT ON FUNCTION skillancer.segment_users(jsonb, timestamptz, skillancer.user_id, integer) IS
	'The next users of a segment behind one of them: active accounts with one of the roles, countries and languages, registered in a period.';

-- announce_more
CREATE OR REPLACE FUNCTION skillancer.announce_more(p_limit integer)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_next  skillancer.announcement;
	v_users uuid[];
BEGIN
	SELECT * INTO v_next
	FROM skillancer.announcement a WHERE a.state = 'SENDING' ORDER BY a.id LIMIT 1 FOR UPDATE SKIP LOCKED;
	IF NOT FOUND THEN
		RETURN 0;
	END IF;
	v_users := ARRAY(SELECT s::uuid FROM skillancer.segment_users(v_next.segment, v_next.created_at, v_next.position, p_limit) s);
	BEGIN
		PERFORM skillancer.notify_users(e.seq, v_users)
		FROM skillancer.event e WHERE e.id = v_next.id AND e.at >= v_next.created_at;
	EXCEPTION WHEN OTHERS THEN
		IF skillancer.event_not_at_fault(SQLSTATE) THEN
			RAISE;
		END IF;
		PERFORM skillancer.park_event('notifier', e.seq, format('%s: %s', SQLSTATE, SQLERRM))
		FROM skillancer.event e WHERE e.id = v_next.id AND e.at >= v_next.created_at;
		UPDATE skillancer.announcement a SET state = 'CANCELLED', finished_at = skillancer.now() WHERE a.id = v_next.id;
		RETURN 0;
	END;
	UPDATE skillancer.announcement a
	SET position = coalesce(v_users[cardinality(v_users)]::skillancer.user_id, a.position),
		recipients = a.recipients + cardinality(v_users),
		state = CASE WHEN cardinality(v_users) < p_limit THEN 'SENT' ELSE a.state END,
		finished_at = CASE WHEN cardinality(v_users) < p_limit THEN skillancer.now() END
	WHERE a.id = v_next.id;
	PERFORM skillancer.wake('notifier');
	RETURN cardinality(v_users);
END
$fn$;
COMMENT ON FUNCTION skillancer.announce_more(integer) IS
	'Tells the next piece of the segment of the oldest announcement under way. One that cannot be rendered is parked and cancelled.';

-- text_is_time
CREATE OR REPLACE FUNCTION skillancer.text_is_time(p_text text)
RETURNS boolean
LANGUAGE plpgsql STABLE STRICT
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	PERFORM p_text::timestamptz;
	RETURN p_text ~ '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$';
EXCEPTION WHEN invalid_datetime_format OR datetime_field_overflow THEN
	RETURN false;
END
$fn$;
COMMENT ON FUNCTION skillancer.text_is_time(text) IS 'True for a time of RFC 3339.';

-- what an announcement says that is wrong
CREATE OR REPLACE FUNCTION skillancer.check_announcement(p_texts jsonb, p_segment jsonb)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_text record;
	v_name text;
BEGIN
	PERFORM skillancer.check_that('texts', jsonb_typeof(p_texts) = 'object' AND p_texts ? 'en', 'must be an object of languages with en among them');
	PERFORM skillancer.check_that('segment', jsonb_typeof(p_segment) = 'object', 'must be an object');
	PERFORM skillancer.check_done();
	FOR v_text IN SELECT format('texts.%s', t.key) AS field, t.key, t.value FROM jsonb_each(p_texts) t LOOP
		PERFORM skillancer.check_that(v_text.field, v_text.key ~ '^[a-z]{2,3}$', 'is not a language');
		PERFORM skillancer.check_that(v_text.field, jsonb_typeof(v_text.value) = 'object'
			AND v_text.value - '{title,body}'::text[] = '{}', 'must be an object of title and body');
		PERFORM skillancer.check_text(v_text.field || '.title', v_text.value ->> 'title', 1, 200);
		PERFORM skillancer.check_text(v_text.field || '.body', v_text.value ->> 'body', 1, 5000);
	END LOOP;
	FOR v_name IN SELECT k FROM jsonb_object_keys(p_segment) k
		WHERE k <> ALL ('{roles,countries,locales,registeredAfter,registeredBefore}') LOOP
		PERFORM skillancer.check_that('segment.' || left(v_name, 60), false, 'is not a field of a segment');
	END LOOP;
	FOREACH v_name IN ARRAY '{roles,countries,locales}'::text[] LOOP
		PERFORM skillancer.check_that('segment.' || v_name, coalesce(jsonb_typeof(p_segment -> v_name) = 'array'
			AND NOT jsonb_path_exists(p_segment -> v_name, 'strict $[*] ? (@.type() != "string")'), true), 'must be a list of texts');
	END LOOP;
	FOREACH v_name IN ARRAY '{registeredAfter,registeredBefore}'::text[] LOOP
		PERFORM skillancer.check_that('segment.' || v_name, coalesce(skillancer.text_is_time(p_segment ->> v_name), NOT p_segment ? v_name), 'must be a time of RFC 3339');
	END LOOP;
	PERFORM skillancer.check_done();
END
$fn$;
COMMENT ON FUNCTION skillancer.check_announcement(jsonb, jsonb) IS 'Refuses texts or a segment that are not valid, naming each bad member.';

-- announce
CREATE OR REPLACE FUNCTION skillancer.announce(p_category text, p_texts jsonb, p_segment jsonb)
RETURNS skillancer.event_id
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_id skillancer.event_id;
BEGIN
	v_id := skillancer.emit(lower(p_category) || '.announcement', 'announcement', skillancer.new_id(),
		jsonb_build_object('category', p_category))::skillancer.event_id;
	INSERT INTO skillancer.announcement (id, author_id, category, texts, segment)
	VALUES (v_id, skillancer.current_user_id(), p_category, p_texts, p_segment);
	PERFORM skillancer.audit('announcement.send', 'announcement', v_id::uuid, NULL,
		jsonb_build_object('category', p_category, 'texts', p_texts, 'segment', p_segment));
	RETURN v_id;
END
$fn$;
COMMENT ON FUNCTION skillancer.announce(text, jsonb, jsonb) IS
	'Appends the event of an announcement, from which the notifier tells the segment.';
ALTER FUNCTION skillancer.announce(text, jsonb, jsonb) OWNER TO skillancer_engine;

-- segment_size
CREATE OR REPLACE FUNCTION skillancer.segment_size(p_segment jsonb)
RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	RETURN (SELECT count(*) FROM skillancer.segment_users(p_segment, skillancer.now(), NULL, NULL));
END
$fn$;
COMMENT ON FUNCTION skillancer.segment_size(jsonb) IS 'How many users a segment has now.';
ALTER FUNCTION skillancer.segment_size(jsonb) OWNER TO skillancer_engine;

-- POST /v1/admin/announcements
CREATE OR REPLACE FUNCTION skillancer_api.announcement_create(
	p_category text, p_texts jsonb, p_segment jsonb DEFAULT '{}', p_dry_run boolean DEFAULT false)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_id  skillancer.event_id;
	v_doc json;
BEGIN
	PERFORM skillancer.require_permission('system:manage');
	PERFORM skillancer.check_one_of('category', p_category, '{SYSTEM,MARKETING}');
	PERFORM skillancer.check_announcement(p_texts, coalesce(p_segment, '{}'));
	IF p_dry_run THEN
		RETURN ROW(200, NULL, NULL, NULL, json_build_object('recipients',
			skillancer.segment_size(coalesce(p_segment, '{}'))))::skillancer.reply;
	END IF;
	v_id := skillancer.announce(p_category, p_texts, coalesce(p_segment, '{}'));
	SELECT d.doc INTO v_doc FROM skillancer.announcement_doc d WHERE d.id = v_id;
	RETURN ROW(201, NULL, NULL, NULL, v_doc)::skillancer.reply;
END
$fn$;
COMMENT ON FUNCTION skillancer_api.announcement_create(text, jsonb, jsonb, boolean) IS
	'Tells a segment of the users something, in their languages; MARKETING reaches by mail only those who asked for it. dryRun counts the segment and sends nothing.';
SELECT skillancer.add_route('POST', '/v1/admin/announcements', 'announcement_create', who => 'ADMIN',
	summary => 'Announce something to a segment of the users', answers => '200, 201 announcement_doc|{recipients: bigint}');

-- GET /v1/admin/announcements
CREATE OR REPLACE FUNCTION skillancer_api.announcement_list(p_limit integer DEFAULT NULL, p_cursor text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE SECURITY INVOKER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_limit integer := skillancer.check_limit(p_limit);
	v_after skillancer.event_id;
	v_items json[];
	v_keys  text[];
BEGIN
	PERFORM skillancer.require_permission('system:view');
	PERFORM skillancer.check_done();
	v_after := skillancer.cursor_decode('announcements', p_cursor)::skillancer.event_id;
	SELECT array_agg(d.doc ORDER BY d.id DESC), array_agg(d.id::text ORDER BY d.id DESC)
	INTO v_items, v_keys
	FROM (
		SELECT a.id, a.doc FROM skillancer.announcement_doc a
		WHERE v_after IS NULL OR a.id < v_after
		ORDER BY a.id DESC
		LIMIT v_limit + 1) d;
	RETURN skillancer.list_reply(v_items, v_keys, v_limit, 'announcements');
END
$fn$;
COMMENT ON FUNCTION skillancer_api.announcement_list(integer, text) IS 'Announcements and how far each has come, newest first.';
SELECT skillancer.add_route('GET', '/v1/admin/announcements', 'announcement_list', who => 'ADMIN,ANALYST',
	summary => 'List announcements', answers => '[announcement_doc]');

-- POST /v1/admin/announcements/{id}/cancel
CREATE OR REPLACE FUNCTION skillancer_api.announcement_cancel(p_id skillancer.event_id)
RETURNS json
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_state text;
BEGIN
	PERFORM skillancer.require_permission('system:manage');
	SELECT a.state INTO v_state FROM skillancer.announcement a WHERE a.id = p_id FOR UPDATE;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	ELSIF v_state <> 'SENDING' THEN
		PERFORM skillancer.fail('INVALID_STATE', 'it is not being sent any more', jsonb_build_object('state', v_state, 'allowed', '[]'::jsonb));
	END IF;
	UPDATE skillancer.announcement a SET state = 'CANCELLED', finished_at = skillancer.now() WHERE a.id = p_id;
	PERFORM skillancer.audit('announcement.cancel', 'announcement', p_id::uuid, NULL, NULL);
	RETURN (SELECT d.doc FROM skillancer.announcement_doc d WHERE d.id = p_id);
END
$fn$;
COMMENT ON FUNCTION skillancer_api.announcement_cancel(skillancer.event_id) IS
	'Stops an announcement: who was told was told, nobody else will be.';
SELECT skillancer.add_route('POST', '/v1/admin/announcements/{id}/cancel', 'announcement_cancel', who => 'ADMIN',
	summary => 'Stop an announcement', answers => 'announcement_doc');
