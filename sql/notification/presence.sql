/*
 * sql/notification/presence.sql
 *		Typing and presence: signals to live streams that nobody keeps.
 *
 * They are in shared memory (extension/notification/presence.c), not in the event log: a bridge says whose streams it
 * holds (presence_beat), and reads the signals for them by number (signal_tail), once the notifier has told it to look.
 * Here is who is told of whom: people of one conversation, unless one of them has blocked the other or hides.
 */

-- presence_mark
CREATE OR REPLACE FUNCTION skillancer.presence_mark(p_users uuid[], p_keep_ms integer)
RETURNS TABLE (user_id uuid, is_online boolean)
LANGUAGE c VOLATILE STRICT
AS 'MODULE_PATHNAME', 'skl_fn_presence_mark';
COMMENT ON FUNCTION skillancer.presence_mark(uuid[], integer) IS
	'Notes in shared memory that users are there for so many milliseconds. Returns who came, and who was not named in time and is gone.';

-- is_online
CREATE OR REPLACE FUNCTION skillancer.is_online(p_user uuid)
RETURNS boolean
LANGUAGE c STABLE STRICT
AS 'MODULE_PATHNAME', 'skl_fn_is_online';
COMMENT ON FUNCTION skillancer.is_online(uuid) IS 'Whether a live stream of a user is open at some bridge.';

-- signal_put
CREATE OR REPLACE FUNCTION skillancer.signal_put(p_to uuid[], p_about uuid, p_conversation uuid, p_is_on boolean)
RETURNS void
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'skl_fn_signal_put';
COMMENT ON FUNCTION skillancer.signal_put(uuid[], uuid, uuid, boolean) IS
	'Tells live streams of users that another one types in a conversation, or without one is there, or does so no more. Nothing is kept.';

-- signal_lines
CREATE OR REPLACE FUNCTION skillancer.signal_lines(p_after bigint)
RETURNS TABLE (signal bigint, recipient uuid, about uuid, conversation uuid, is_on boolean)
LANGUAGE c VOLATILE STRICT
AS 'MODULE_PATHNAME', 'skl_fn_signal_lines';
COMMENT ON FUNCTION skillancer.signal_lines(bigint) IS 'The signals behind a number that are still in shared memory.';

-- signal_position
CREATE OR REPLACE FUNCTION skillancer.signal_position()
RETURNS bigint
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'skl_fn_signal_position';
COMMENT ON FUNCTION skillancer.signal_position() IS 'The number of the last signal.';

-- signal_news
CREATE OR REPLACE FUNCTION skillancer.signal_news()
RETURNS boolean
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'skl_fn_signal_news';
COMMENT ON FUNCTION skillancer.signal_news() IS 'Whether there are signals since this process last asked; the notifier does.';

-- typing_pass
CREATE OR REPLACE FUNCTION skillancer.typing_pass(p_user uuid, p_conversation uuid, p_is_typing boolean)
RETURNS boolean
LANGUAGE c VOLATILE STRICT
AS 'MODULE_PATHNAME', 'skl_fn_typing_pass';
COMMENT ON FUNCTION skillancer.typing_pass(uuid, uuid, boolean) IS
	'Whether it is news that a user types in a conversation: told again after three seconds. RATE_LIMITED beyond five changes at once or one a second.';

-- block_between
CREATE OR REPLACE FUNCTION skillancer.block_between(p_one skillancer.user_id, p_other skillancer.user_id)
RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	RETURN EXISTS (
		SELECT FROM skillancer.user_block b WHERE b.user_id = p_one AND b.blocked_id = p_other
		UNION ALL
		SELECT FROM skillancer.user_block b WHERE b.user_id = p_other AND b.blocked_id = p_one);
END
$fn$;
COMMENT ON FUNCTION skillancer.block_between(skillancer.user_id, skillancer.user_id) IS 'Whether one of two users has blocked the other.';
ALTER FUNCTION skillancer.block_between(skillancer.user_id, skillancer.user_id) OWNER TO skillancer_engine;

-- presence_watchers
CREATE OR REPLACE FUNCTION skillancer.presence_watchers(p_users uuid[])
RETURNS TABLE (user_id uuid, watcher uuid)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	RETURN QUERY
	SELECT w.user_id::uuid, w.watcher::uuid
	FROM (
		SELECT DISTINCT a.user_id, b.user_id AS watcher
		FROM skillancer.user_account u
		JOIN skillancer.conversation_participant a ON a.user_id = u.id
		JOIN skillancer.conversation_participant b ON b.conversation_id = a.conversation_id AND b.user_id <> a.user_id
		WHERE u.id = ANY (p_users::skillancer.user_id[]) AND NOT u.hides_presence AND skillancer.is_online(b.user_id::uuid)) w
	WHERE NOT skillancer.block_between(w.user_id, w.watcher);
END
$fn$;
COMMENT ON FUNCTION skillancer.presence_watchers(uuid[]) IS
	'Who is there and is told whether these users are: people of their conversations.';
ALTER FUNCTION skillancer.presence_watchers(uuid[]) OWNER TO skillancer_engine;

-- presence_seen
CREATE OR REPLACE FUNCTION skillancer.presence_seen()
RETURNS skillancer.user_id[]
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_me skillancer.user_id := skillancer.current_user_id();
BEGIN
	IF NOT EXISTS (SELECT FROM skillancer.conversation_participant p WHERE p.user_id = v_me) THEN
		RETURN NULL;
	END IF;
	RETURN ARRAY(
		SELECT b.user_id
		FROM skillancer.conversation_participant a
		JOIN skillancer.conversation_participant b ON b.conversation_id = a.conversation_id AND b.user_id <> v_me
		JOIN skillancer.user_account u ON u.id = b.user_id AND NOT u.hides_presence
		WHERE a.user_id = v_me AND skillancer.is_online(b.user_id::uuid) AND NOT skillancer.block_between(v_me, b.user_id)
		GROUP BY b.user_id
		ORDER BY b.user_id);
END
$fn$;
COMMENT ON FUNCTION skillancer.presence_seen() IS
	'Who of the people of the caller''s conversations is there, as far as he may know; NULL when he has no conversation.';
ALTER FUNCTION skillancer.presence_seen() OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.presence_seen() TO skillancer_bridge;

-- presence_beat
CREATE OR REPLACE FUNCTION skillancer.presence_beat(p_users uuid[])
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_keep    integer := 1000 * extract(epoch FROM skillancer.policy_interval('presenceTerm'));
	v_changes jsonb;
BEGIN
	SELECT jsonb_object_agg(m.user_id, m.is_online) INTO v_changes FROM skillancer.presence_mark(p_users, v_keep) m;
	IF v_changes IS NOT NULL THEN
		PERFORM skillancer.signal_put(array_agg(w.watcher), w.user_id, NULL, (v_changes ->> w.user_id::text)::boolean)
		FROM skillancer.presence_watchers(ARRAY(SELECT k::uuid FROM jsonb_object_keys(v_changes) k)) w
		GROUP BY w.user_id;
	END IF;
END
$fn$;
COMMENT ON FUNCTION skillancer.presence_beat(uuid[]) IS
	'A bridge says whose live streams it holds; those who came, or were not named for the policy presenceTerm, are told of.';
ALTER FUNCTION skillancer.presence_beat(uuid[]) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.presence_beat(uuid[]) TO skillancer_bridge;

-- presence_between
CREATE OR REPLACE FUNCTION skillancer.presence_between(p_one skillancer.user_id, p_other skillancer.user_id, p_is_on boolean)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	PERFORM skillancer.signal_put(ARRAY[w.watcher], w.user_id, NULL, p_is_on)
	FROM skillancer.presence_watchers(ARRAY[p_one::uuid, p_other::uuid]) w
	WHERE w.watcher IN (p_one::uuid, p_other::uuid) AND skillancer.is_online(w.user_id);
END
$fn$;
COMMENT ON FUNCTION skillancer.presence_between(skillancer.user_id, skillancer.user_id, boolean) IS
	'Tells two users of each other''s presence, as far as they may know of it: before a block that they are gone, after it that they are there.';
ALTER FUNCTION skillancer.presence_between(skillancer.user_id, skillancer.user_id, boolean) OWNER TO skillancer_engine;

-- signal_frame
CREATE OR REPLACE FUNCTION skillancer.signal_frame(p_about uuid, p_conversation uuid, p_is_on boolean)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	IF p_conversation IS NULL THEN
		RETURN format(E'event: presence\ndata: %s\n\n', jsonb_build_object('userId', p_about::skillancer.user_id, 'isOnline', p_is_on));
	END IF;
	RETURN format(E'event: typing\ndata: %s\n\n', jsonb_build_object('conversationId', p_conversation::skillancer.conversation_id,
		'userId', p_about::skillancer.user_id, 'isTyping', p_is_on));
END
$fn$;
COMMENT ON FUNCTION skillancer.signal_frame(uuid, uuid, boolean) IS
	'A signal as Server-Sent Events has it; without an id, so that it does not move Last-Event-ID.';

-- signal_tail
CREATE OR REPLACE FUNCTION skillancer.signal_tail(p_after bigint)
RETURNS TABLE (signal bigint, user_id uuid, frame text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	RETURN QUERY
	SELECT s.signal, s.recipient, skillancer.signal_frame(s.about, s.conversation, s.is_on)
	FROM skillancer.signal_lines(p_after) s;
END
$fn$;
COMMENT ON FUNCTION skillancer.signal_tail(bigint) IS
	'The next signals for all users, for a bridge, which gives each to the streams of its user.';
ALTER FUNCTION skillancer.signal_tail(bigint) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.signal_tail(bigint) TO skillancer_bridge;

-- typing_tell
CREATE OR REPLACE FUNCTION skillancer.typing_tell(p_conversation skillancer.conversation_id, p_is_typing boolean)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_me skillancer.user_id := skillancer.current_user_id();
BEGIN
	IF EXISTS (SELECT FROM skillancer.user_account u WHERE u.id = v_me AND u.hides_presence)
		OR NOT skillancer.typing_pass(v_me::uuid, p_conversation::uuid, p_is_typing) THEN
		RETURN;
	END IF;
	PERFORM skillancer.signal_put(array_agg(p.user_id::uuid), v_me::uuid, p_conversation::uuid, p_is_typing)
	FROM skillancer.conversation_participant p
	WHERE p.conversation_id = p_conversation AND p.user_id <> v_me AND skillancer.is_online(p.user_id::uuid)
		AND NOT skillancer.block_between(v_me, p.user_id);
END
$fn$;
COMMENT ON FUNCTION skillancer.typing_tell(skillancer.conversation_id, boolean) IS
	'Tells the other people of a conversation who are there that the caller types in it, or stopped.';
ALTER FUNCTION skillancer.typing_tell(skillancer.conversation_id, boolean) OWNER TO skillancer_engine;

-- POST /v1/conversations/{id}/typing
CREATE OR REPLACE FUNCTION skillancer_api.conversation_typing(p_id skillancer.conversation_id, p_is_typing boolean DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	PERFORM skillancer.own_conversation(p_id);
	PERFORM skillancer.typing_tell(p_id, coalesce(p_is_typing, true));
END
$fn$;
COMMENT ON FUNCTION skillancer_api.conversation_typing(skillancer.conversation_id, boolean) IS
	'Says that the caller types (isTyping false: stopped) in a conversation of his. The others'' live streams hear of it now or never; they take it as over after six seconds, so say it again every three. Nothing is kept.';
SELECT skillancer.add_route('POST', '/v1/conversations/{id}/typing', 'conversation_typing', class => 'fast', idempotent => false,
	summary => 'Say that I am typing', answers => '204');

-- GET /v1/users/me/presence
CREATE OR REPLACE FUNCTION skillancer_api.presence_setting()
RETURNS json
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	PERFORM skillancer.require_role('USER');
	RETURN (
		SELECT skillancer.json_doc('isHidden', u.hides_presence)
		FROM skillancer.user_account u WHERE u.id = (SELECT skillancer.current_user_id()));
END
$fn$;
COMMENT ON FUNCTION skillancer_api.presence_setting() IS 'Whether the caller hides his presence.';
SELECT skillancer.add_route('GET', '/v1/users/me/presence', 'presence_setting', summary => 'Whether I hide my presence',
	answers => '{isHidden: boolean}');

-- PUT /v1/users/me/presence
CREATE OR REPLACE FUNCTION skillancer_api.presence_set(p_is_hidden boolean)
RETURNS json
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_me       uuid := skillancer.current_user_id()::uuid;
	v_watchers uuid[];
BEGIN
	PERFORM skillancer.require_role('USER');
	PERFORM skillancer.check_that('isHidden', p_is_hidden IS NOT NULL, 'must be true or false');
	PERFORM skillancer.check_done();
	-- those of now are told that he goes, those of afterwards that he comes
	v_watchers := ARRAY(SELECT w.watcher FROM skillancer.presence_watchers(ARRAY[v_me]) w);
	UPDATE skillancer.user_account u
	SET hides_presence = p_is_hidden
	WHERE u.id = v_me::skillancer.user_id AND u.hides_presence <> p_is_hidden;
	IF FOUND AND skillancer.is_online(v_me) THEN
		PERFORM skillancer.signal_put(CASE WHEN p_is_hidden THEN v_watchers
			ELSE ARRAY(SELECT w.watcher FROM skillancer.presence_watchers(ARRAY[v_me]) w) END, v_me, NULL, NOT p_is_hidden);
	END IF;
	RETURN skillancer_api.presence_setting();
END
$fn$;
COMMENT ON FUNCTION skillancer_api.presence_set(boolean) IS
	'Hides the caller''s presence and typing from everybody, or shows them to the people of his conversations.';
SELECT skillancer.add_route('PUT', '/v1/users/me/presence', 'presence_set', summary => 'Hide or show my presence',
	answers => '{isHidden: boolean}');
