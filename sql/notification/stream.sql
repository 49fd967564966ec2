/*
 * sql/notification/stream.sql
 *		The live stream, from event to the bytes that a bridge sends.
 *
 * The notifier appends: an entry for each user in the audience of an event (stream_batch), and one for each
 * notification (trigger stream_notification). Every append holds the row of stream_head until it commits, so
 * positions become visible in their order, and "behind position n" is a complete answer for a reader. An id on the
 * wire is epoch.position: in a restored copy, whose positions may come twice, old ids are known to be foreign.
 */

-- stream_append
CREATE OR REPLACE FUNCTION skillancer.stream_append(p_users uuid[], p_events text[], p_data jsonb[])
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_count integer := cardinality(p_users);
	v_last  bigint;
BEGIN
	IF v_count = 0 THEN
		RETURN;
	END IF;
	UPDATE skillancer.stream_head h SET position = h.position + v_count RETURNING h.position INTO v_last;
	INSERT INTO skillancer.stream_entry (position, user_id, event, data)
	SELECT v_last - v_count + n.ordinal, n.user_id::skillancer.user_id, n.event, n.data
	FROM unnest(p_users, p_events, p_data) WITH ORDINALITY n (user_id, event, data, ordinal);
END
$fn$;
COMMENT ON FUNCTION skillancer.stream_append(uuid[], text[], jsonb[]) IS
	'Appends entries to the live stream: for whom, under which name, with which data. Locks the head until the end of the transaction.';

-- stream_notification
CREATE OR REPLACE FUNCTION skillancer.stream_notification()
RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	PERFORM skillancer.stream_append(array_agg(n.user_id::uuid ORDER BY n.id), array_agg('notification'::text),
		array_agg(d.doc::jsonb ORDER BY n.id))
	FROM made n
	-- each by its key: a join would read the whole table for every piece
	CROSS JOIN LATERAL (
		SELECT x.doc FROM skillancer.notification_doc x
		WHERE x.user_id = n.user_id AND x.id = n.id AND x.in_app AND x.is_head
		OFFSET 0) d
	HAVING count(*) > 0;
	RETURN NULL;
END
$fn$;
COMMENT ON FUNCTION skillancer.stream_notification() IS 'Puts new notifications on the live stream of their users.';
ALTER FUNCTION skillancer.stream_notification() OWNER TO skillancer_engine;

-- stream_batch
CREATE OR REPLACE FUNCTION skillancer.stream_batch(p_ignored integer)
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_tick   record;
	v_rows   record;
	v_events bigint;
BEGIN
	IF NOT skillancer.consumer_idle('stream') THEN
		SELECT * INTO v_tick FROM skillancer.tick_open('stream');
		SELECT count(DISTINCT e.seq) AS events, array_agg(u.id ORDER BY e.seq, u.id) FILTER (WHERE u.id IS NOT NULL) AS users,
			array_agg(e.type ORDER BY e.seq, u.id) FILTER (WHERE u.id IS NOT NULL) AS types,
			array_agg(skillancer.event_json(e.id, e.type, e.version, e.at, e.source, e.correlation_id, e.causation_id, e.aggregate_type,
				e.data) ORDER BY e.seq, u.id) FILTER (WHERE u.id IS NOT NULL) AS data
		INTO v_rows
		FROM skillancer.tick_events(v_tick.epoch, v_tick.position_a, v_tick.position_b) e
		LEFT JOIN LATERAL unnest(e.audience) u (id) ON true;
		PERFORM skillancer.stream_append(v_rows.users, v_rows.types, v_rows.data) WHERE v_rows.users IS NOT NULL;
		v_events := v_rows.events;
		IF v_events > 0 THEN
			PERFORM skillancer.tick_close('stream', v_tick.position_b, v_events);
		END IF;
	END IF;
	UPDATE skillancer.stream_head h SET told = h.position WHERE h.told < h.position;
	IF FOUND OR skillancer.signal_news() THEN
		PERFORM pg_notify('skillancer_stream', '');
		RETURN greatest(v_events, 1);
	END IF;
	RETURN coalesce(v_events, 0);
END
$fn$;
COMMENT ON FUNCTION skillancer.stream_batch(integer) IS
	'One tick of the live stream: appends an entry for each event and user of its audience, and tells the bridges when there is something new, or a signal. Returns the events read, at least 1 when it told.';
ALTER FUNCTION skillancer.stream_batch(integer) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.stream_batch(integer) TO skillancer_worker;

-- stream_frame
CREATE OR REPLACE FUNCTION skillancer.stream_frame(p_epoch integer, p_position bigint, p_event text, p_data jsonb)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
	SELECT format(E'id: %s.%s\nevent: %s\ndata: %s\n\n', p_epoch, p_position, p_event, p_data)
$fn$;
COMMENT ON FUNCTION skillancer.stream_frame(integer, bigint, text, jsonb) IS
	'An entry as Server-Sent Events has it (WHATWG HTML, 9.2). JSON text has no line breaks, so data is one line.';

-- stream_position
CREATE OR REPLACE FUNCTION skillancer.stream_position(OUT epoch integer, OUT head bigint, OUT trimmed bigint, OUT signal bigint)
RETURNS record
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
	SELECT skillancer.epoch(), h.position, h.trimmed, skillancer.signal_position() FROM skillancer.stream_head h
$fn$;
COMMENT ON FUNCTION skillancer.stream_position() IS 'Where the live stream stands: epoch, last position, the last one that retention removed, and the number of the last signal.';
ALTER FUNCTION skillancer.stream_position() OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.stream_position() TO skillancer_bridge;

-- GET /v1/stream
CREATE OR REPLACE FUNCTION skillancer_api.stream_open(p_header_last_event_id text DEFAULT NULL, p_last_event_id text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE SECURITY INVOKER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	c_page  constant integer := 500;
	v_user  skillancer.user_id := skillancer.current_user_id();
	v_id    text := coalesce(p_header_last_event_id, p_last_event_id);
	v_at    record;
	v_after bigint;
	v_text  text := E'retry: 3000\n';
	v_page  record;
	v_seen  skillancer.user_id[];
BEGIN
	SELECT * INTO v_at FROM skillancer.stream_position();
	IF v_id ~ '^[0-9]{1,9}\.[0-9]{1,18}$' AND split_part(v_id, '.', 1)::integer = v_at.epoch
		AND split_part(v_id, '.', 2)::bigint BETWEEN v_at.trimmed AND v_at.head THEN
		v_after := split_part(v_id, '.', 2)::bigint;
	ELSIF v_id IS NOT NULL THEN
		v_text := v_text || skillancer.stream_frame(v_at.epoch, v_at.head, 'resync', '{}');
		v_after := v_at.head;
	ELSE
		v_text := v_text || format(E'id: %s.%s\n\n', v_at.epoch, v_at.head);
	END IF;
	SELECT count(*) AS entries,
		string_agg(skillancer.stream_frame(v_at.epoch, e.position, e.event, e.data), '' ORDER BY e.position) AS frames
	INTO v_page
	FROM (
		SELECT s.position, s.event, s.data
		FROM skillancer.stream_entry s
		WHERE s.user_id = v_user AND s.position > v_after AND s.position <= v_at.head
		ORDER BY s.position
		LIMIT c_page) e;
	v_text := v_text || coalesce(v_page.frames, E'\n');
	v_seen := CASE WHEN v_page.entries < c_page THEN skillancer.presence_seen() END;
	IF v_seen IS NOT NULL THEN
		v_text := v_text || format(E'event: presence.online\ndata: %s\n\n', jsonb_build_object('userIds', v_seen));
	END IF;
	RETURN ROW(200, NULL, jsonb_build_object('Content-Type', 'text/event-stream; charset=utf-8',
		'Cache-Control', 'no-store', 'X-Accel-Buffering', 'no')
		|| CASE WHEN v_page.entries < c_page THEN jsonb_build_object('skl-stream', v_at.head) ELSE '{}' END,
		NULL, to_json(v_text))::skillancer.reply;
END
$fn$;
COMMENT ON FUNCTION skillancer_api.stream_open(text, text) IS
	'The caller''s live stream as Server-Sent Events: event notification with the notification, and every event whose audience the caller is in, under its type; presence and typing in conversations, which have no id. Last-Event-ID (or lastEventId) resumes behind an entry; resync says that entries may be missing since and lists should be read again. More than 500 entries come in several answers: the client reconnects by itself.';
SELECT skillancer.add_route('GET', '/v1/stream', 'stream_open', summary => 'Listen to what happens, live',
	answers => 'text/event-stream');

-- POST /v1/stream/cookie
CREATE OR REPLACE FUNCTION skillancer_api.stream_cookie()
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	RETURN ROW(204, NULL, jsonb_build_object('Cache-Control', 'no-store', 'skl-mint-stream',
		skillancer.token_claims(skillancer.current_user_id(), skillancer.current_session_id())), NULL, NULL)::skillancer.reply;
END
$fn$;
COMMENT ON FUNCTION skillancer_api.stream_cookie() IS
	'Sets a cookie that lets this browser listen to the live stream with EventSource, which sends no headers. It is good for as long as an access token, for nothing but the stream, and no script can read it.';
SELECT skillancer.add_route('POST', '/v1/stream/cookie', 'stream_cookie', idempotent => false,
	summary => 'Let this browser listen to the live stream', answers => '204');

-- stream_tail
CREATE OR REPLACE FUNCTION skillancer.stream_tail(p_after bigint, p_limit integer)
RETURNS TABLE (entry bigint, user_id uuid, frame text)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_epoch integer := skillancer.epoch();
BEGIN
	RETURN QUERY
	SELECT s.position, s.user_id::uuid, skillancer.stream_frame(v_epoch, s.position, s.event, s.data)
	FROM skillancer.stream_entry s
	WHERE s.position > p_after
	ORDER BY s.position
	LIMIT p_limit;
END
$fn$;
COMMENT ON FUNCTION skillancer.stream_tail(bigint, integer) IS
	'The next entries of all users, for a bridge, which gives each to the streams of its user.';
ALTER FUNCTION skillancer.stream_tail(bigint, integer) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.stream_tail(bigint, integer) TO skillancer_bridge;

-- sessions_ended
CREATE OR REPLACE FUNCTION skillancer.sessions_ended(p_sessions uuid[])
RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	RETURN QUERY
	SELECT g.id
	FROM unnest(p_sessions) g (id)
	LEFT JOIN skillancer.session s ON s.id = g.id::skillancer.session_id
	LEFT JOIN skillancer.user_account u ON u.id = s.user_id
	WHERE s.revoked_at IS NOT NULL OR s.expires_at <= skillancer.now() OR u.state IN ('SUSPENDED', 'CLOSED') OR u.id IS NULL;
END
$fn$;
COMMENT ON FUNCTION skillancer.sessions_ended(uuid[]) IS
	'Which of these sessions no longer carry anything: revoked, expired, gone, or of a user who is suspended or closed. For streams that are open.';
ALTER FUNCTION skillancer.sessions_ended(uuid[]) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.sessions_ended(uuid[]) TO skillancer_bridge;

-- trim_stream
CREATE OR REPLACE FUNCTION skillancer.trim_stream()
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_before timestamptz := skillancer.now() - skillancer.policy_interval('streamRetention');
	v_last   bigint;
	v_gone   bigint;
BEGIN
	SELECT s.position - 1 INTO v_last
	FROM skillancer.stream_entry s
	WHERE s.created_at >= v_before ORDER BY s.position LIMIT 1;
	SELECT coalesce(v_last, h.position) INTO v_last FROM skillancer.stream_head h;
	DELETE FROM skillancer.stream_entry s WHERE s.position <= v_last AND s.created_at < v_before;
	GET DIAGNOSTICS v_gone = ROW_COUNT;
	UPDATE skillancer.stream_head h SET trimmed = v_last WHERE v_gone > 0;
	RETURN v_gone;
END
$fn$;
COMMENT ON FUNCTION skillancer.trim_stream() IS
	'Removes entries of the live stream that are older than the policy streamRetention. Returns how many went.';
INSERT INTO skillancer.housekeeping_job (job, every) VALUES ('trim_stream', '1 hour');
