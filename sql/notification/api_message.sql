/*
 * sql/notification/api_message.sql
 *		Conversations and messages of the caller.
 */

-- own_conversation
CREATE OR REPLACE FUNCTION skillancer.own_conversation(p_id skillancer.conversation_id)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	PERFORM skillancer.require_role('USER');
	IF NOT skillancer.in_conversation(p_id) THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
END
$fn$;
COMMENT ON FUNCTION skillancer.own_conversation(skillancer.conversation_id) IS
	'RESOURCE_NOT_FOUND unless the caller takes part in the conversation.';
GRANT EXECUTE ON FUNCTION skillancer.own_conversation(skillancer.conversation_id) TO skillancer_bridge;

-- own_message
CREATE OR REPLACE FUNCTION skillancer.own_message(p_id skillancer.message_id)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_message record;
BEGIN
	PERFORM skillancer.require_role('USER');
	SELECT m.sender_id, m.deleted_at INTO v_message FROM skillancer.message m WHERE m.id = p_id;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	ELSIF v_message.sender_id <> skillancer.current_user_id() THEN
		PERFORM skillancer.fail('PERMISSION_DENIED', 'this is a message of somebody else');
	ELSIF v_message.deleted_at IS NOT NULL THEN
		PERFORM skillancer.fail('RESOURCE_GONE', 'the message was deleted');
	END IF;
END
$fn$;
COMMENT ON FUNCTION skillancer.own_message(skillancer.message_id) IS
	'Refuses a message that the caller does not see (404), did not write (403) or has deleted (410).';

-- check_message
CREATE OR REPLACE FUNCTION skillancer.check_message(p_body text, p_attachments jsonb, p_masked boolean)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_list boolean := coalesce(jsonb_typeof(p_attachments), 'array') = 'array';
BEGIN
	PERFORM skillancer.check_text('body', p_body, 1, 10000);
	PERFORM skillancer.check_that('attachments', v_list, 'must be a list');
	IF v_list AND p_attachments IS NOT NULL THEN
		PERFORM skillancer.check_that('attachments', jsonb_array_length(p_attachments) <= 10, 'must have at most 10 items');
		PERFORM skillancer.check_that('attachments', NOT EXISTS (
			SELECT FROM jsonb_array_elements(p_attachments) a
			WHERE jsonb_typeof(a) <> 'object' OR coalesce(length(a ->> 'name'), 0) NOT BETWEEN 1 AND 200
				OR num_nonnulls(a ->> 'mediaId', a ->> 'url') <> 1 OR a - 'name' - 'mediaId' - 'url' <> '{}'
				OR a ->> 'mediaId' !~ '^med_[0-7][0-9a-hjkmnp-tv-z]{25}$' OR a ->> 'url' !~ '^https://\S+$' OR length(a ->> 'url') > 2000),
			'must be objects of a name and either a mediaId or a url that begins with https://');
		PERFORM skillancer.check_that('attachments', NOT p_masked OR NOT p_attachments @? '$[*].url',
			'must not be links before there is a booking');
		PERFORM skillancer.check_media('attachments', ARRAY(SELECT a ->> 'mediaId' FROM jsonb_array_elements(p_attachments) a WHERE a ? 'mediaId'));
	END IF;
	PERFORM skillancer.check_done();
END
$fn$;
COMMENT ON FUNCTION skillancer.check_message(text, jsonb, boolean) IS 'Checks a message and its attachments, and refuses.';

-- conversation_reply
CREATE OR REPLACE FUNCTION skillancer.conversation_reply(p_id skillancer.conversation_id, p_status integer)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	RETURN (SELECT ROW(p_status, NULL, NULL, NULL, d.doc)::skillancer.reply FROM skillancer.conversation_doc d
			WHERE d.id = p_id AND d.user_id = skillancer.current_user_id());
END
$fn$;
COMMENT ON FUNCTION skillancer.conversation_reply(skillancer.conversation_id, integer) IS 'Reply with a conversation as the caller sees it.';

-- message_reply
CREATE OR REPLACE FUNCTION skillancer.message_reply(p_id skillancer.message_id, p_status integer)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	RETURN (SELECT ROW(p_status, d.etag, NULL, NULL, d.doc)::skillancer.reply FROM skillancer.message_doc d WHERE d.id = p_id);
END
$fn$;
COMMENT ON FUNCTION skillancer.message_reply(skillancer.message_id, integer) IS 'Reply with the JSON of a message.';

-- GET /v1/conversations
CREATE OR REPLACE FUNCTION skillancer_api.conversation_list(p_kind text DEFAULT NULL, p_unread boolean DEFAULT false,
	p_limit integer DEFAULT NULL, p_cursor text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_me    skillancer.user_id := skillancer.current_user_id();
	v_limit integer := skillancer.check_limit(p_limit);
	v_scope text := concat_ws('|', 'conversations', p_kind, p_unread);
	v_after text[];
	v_items json[];
	v_keys  text[];
BEGIN
	PERFORM skillancer.require_role('USER');
	PERFORM skillancer.check_one_of('kind', p_kind, ARRAY['DIRECT', 'PROPOSAL', 'BOOKING', 'DISPUTE', 'SUPPORT'], required => false);
	v_after := string_to_array(skillancer.cursor_decode(v_scope, p_cursor), ' ');
	PERFORM skillancer.check_done();
	SELECT array_agg(d.doc ORDER BY d.last_message_at DESC, d.id DESC),
		array_agg(extract(epoch FROM d.last_message_at)::text || ' ' || d.id ORDER BY d.last_message_at DESC, d.id DESC)
	INTO v_items, v_keys
	FROM (
		SELECT d.id, d.last_message_at, d.doc
		FROM skillancer.conversation_doc d
		WHERE d.user_id = v_me AND (p_kind IS NULL OR d.kind = p_kind) AND (NOT p_unread OR d.unread > 0)
			AND (v_after IS NULL OR (d.last_message_at, d.id) < (to_timestamp(v_after[1]::numeric), v_after[2]::skillancer.conversation_id))
		ORDER BY d.last_message_at DESC, d.id DESC
		LIMIT v_limit + 1) d;
	RETURN skillancer.list_reply(v_items, v_keys, v_limit, v_scope);
END
$fn$;
COMMENT ON FUNCTION skillancer_api.conversation_list(text, boolean, integer, text) IS
	'The caller''s conversations, the one with the newest message first.';
SELECT skillancer.add_route('GET', '/v1/conversations', 'conversation_list', summary => 'List my conversations', answers => '[conversation_doc]');

-- GET /v1/conversations/unread-count
CREATE OR REPLACE FUNCTION skillancer_api.conversation_unread_count()
RETURNS json
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	PERFORM skillancer.require_role('USER');
	RETURN (SELECT json_build_object('conversations', count(*), 'messages', coalesce(sum(p.unread), 0))
		FROM skillancer.conversation_participant p
		WHERE p.user_id = (SELECT skillancer.current_user_id()) AND p.unread > 0);
END
$fn$;
COMMENT ON FUNCTION skillancer_api.conversation_unread_count() IS 'How many messages the caller has not read, and in how many conversations.';
SELECT skillancer.add_route('GET', '/v1/conversations/unread-count', 'conversation_unread_count', summary => 'Count my unread messages',
	answers => '{conversations: bigint, messages: bigint}');

-- POST /v1/conversations
CREATE OR REPLACE FUNCTION skillancer_api.conversation_create(p_user_id skillancer.user_id DEFAULT NULL,
	p_proposal_id skillancer.proposal_id DEFAULT NULL, p_booking_id skillancer.booking_id DEFAULT NULL,
	p_dispute_id skillancer.dispute_id DEFAULT NULL, p_subject text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_kind text := CASE WHEN p_user_id IS NOT NULL THEN 'DIRECT' WHEN p_proposal_id IS NOT NULL THEN 'PROPOSAL'
		WHEN p_booking_id IS NOT NULL THEN 'BOOKING' WHEN p_dispute_id IS NOT NULL THEN 'DISPUTE' ELSE 'SUPPORT' END;
	v_open record;
BEGIN
	PERFORM skillancer.require_role('USER');
	PERFORM skillancer.check_that('userId', num_nonnulls(p_user_id, p_proposal_id, p_booking_id, p_dispute_id) <= 1,
		'excludes proposalId, bookingId and disputeId');
	PERFORM skillancer.check_that('userId', p_user_id IS DISTINCT FROM skillancer.current_user_id(), 'is yourself');
	PERFORM skillancer.check_text('subject', p_subject, 1, 200, v_kind = 'SUPPORT');
	PERFORM skillancer.check_done();
	SELECT * INTO v_open FROM skillancer.conversation_open(v_kind,
		coalesce(p_user_id::uuid, p_proposal_id::uuid, p_booking_id::uuid, p_dispute_id::uuid), p_subject);
	RETURN skillancer.conversation_reply(v_open.id, CASE WHEN v_open.is_new THEN 201 ELSE 200 END);
END
$fn$;
COMMENT ON FUNCTION skillancer_api.conversation_create(skillancer.user_id, skillancer.proposal_id, skillancer.booking_id, skillancer.dispute_id, text) IS
	'Opens a conversation: with a user, about a proposal, booking or dispute of the caller, or, with a subject alone, with support. One that exists is returned as it is.';
SELECT skillancer.add_route('POST', '/v1/conversations', 'conversation_create', summary => 'Open a conversation',
	answers => '200, 201 conversation_doc');

-- GET /v1/conversations/search
CREATE OR REPLACE FUNCTION skillancer_api.message_search(p_q text, p_limit integer DEFAULT NULL, p_cursor text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_me    skillancer.user_id := skillancer.current_user_id();
	v_limit integer := skillancer.check_limit(p_limit);
	v_scope text := concat_ws('|', 'messages', p_q);
	v_query tsquery;
	v_after skillancer.message_id;
	v_items json[];
	v_keys  text[];
BEGIN
	PERFORM skillancer.require_role('USER');
	PERFORM skillancer.check_text('q', p_q, 1, 200);
	v_after := skillancer.cursor_decode(v_scope, p_cursor)::skillancer.message_id;
	PERFORM skillancer.check_done();
	v_query := websearch_to_tsquery('simple', p_q);
	SELECT array_agg(f.doc ORDER BY f.id DESC), array_agg(f.id::text ORDER BY f.id DESC)
	INTO v_items, v_keys
	FROM (
		SELECT d.id, d.doc
		FROM skillancer.message m
		JOIN skillancer.message_doc d ON d.id = m.id
		WHERE m.conversation_id IN (SELECT p.conversation_id FROM skillancer.conversation_participant p WHERE p.user_id = v_me)
			AND (v_after IS NULL OR m.id < v_after) AND m.deleted_at IS NULL AND to_tsvector('simple', m.body) @@ v_query
		ORDER BY m.id DESC
		LIMIT v_limit + 1) f;
	RETURN skillancer.list_reply(v_items, v_keys, v_limit, v_scope);
END
$fn$;
COMMENT ON FUNCTION skillancer_api.message_search(text, integer, text) IS
	'Messages in the caller''s conversations with all of these words, newest first: "a phrase", or, -without.';
SELECT skillancer.add_route('GET', '/v1/conversations/search', 'message_search', summary => 'Search my messages', answers => '[message_doc]');

-- GET /v1/conversations/{id}
CREATE OR REPLACE FUNCTION skillancer_api.conversation_get(p_id skillancer.conversation_id)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_doc json;
BEGIN
	PERFORM skillancer.own_conversation(p_id);
	SELECT d.doc INTO v_doc FROM skillancer.conversation_doc d WHERE d.id = p_id AND d.user_id = skillancer.current_user_id();
	RETURN ROW(200, NULL, NULL, NULL, v_doc)::skillancer.reply;
END
$fn$;
COMMENT ON FUNCTION skillancer_api.conversation_get(skillancer.conversation_id) IS 'A conversation of the caller, its people and how far each has read.';
SELECT skillancer.add_route('GET', '/v1/conversations/{id}', 'conversation_get', summary => 'One of my conversations', answers => 'conversation_doc');

-- GET /v1/conversations/{id}/messages
CREATE OR REPLACE FUNCTION skillancer_api.message_list(p_id skillancer.conversation_id, p_limit integer DEFAULT NULL, p_cursor text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_limit integer := skillancer.check_limit(p_limit);
	v_scope text := 'messages of ' || p_id;
	v_after skillancer.message_id;
	v_items json[];
	v_keys  text[];
BEGIN
	v_after := skillancer.cursor_decode(v_scope, p_cursor)::skillancer.message_id;
	PERFORM skillancer.check_done();
	PERFORM skillancer.own_conversation(p_id);
	SELECT array_agg(d.doc ORDER BY d.id DESC), array_agg(d.id::text ORDER BY d.id DESC)
	INTO v_items, v_keys
	FROM (
		SELECT d.id, d.doc FROM skillancer.message_doc d
		WHERE d.conversation_id = p_id AND (v_after IS NULL OR d.id < v_after)
		ORDER BY d.id DESC
		LIMIT v_limit + 1) d;
	RETURN skillancer.list_reply(v_items, v_keys, v_limit, v_scope);
END
$fn$;
COMMENT ON FUNCTION skillancer_api.message_list(skillancer.conversation_id, integer, text) IS 'The messages of a conversation, newest first.';
SELECT skillancer.add_route('GET', '/v1/conversations/{id}/messages', 'message_list', summary => 'List the messages of a conversation',
	answers => '[message_doc]');

-- POST /v1/conversations/{id}/messages
CREATE OR REPLACE FUNCTION skillancer_api.message_send(p_id skillancer.conversation_id, p_body text, p_attachments jsonb DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_id skillancer.message_id;
BEGIN
	PERFORM skillancer.own_conversation(p_id);
	PERFORM skillancer.check_message(p_body, p_attachments, skillancer.conversation_is_masked(p_id));
	IF NOT skillancer.conversation_is_open(p_id) THEN
		PERFORM skillancer.fail('PERMISSION_DENIED', 'one of you has blocked the other');
	END IF;
	v_id := skillancer.message_put(p_id, p_body, p_attachments);
	RETURN skillancer.message_reply(v_id, 201);
END
$fn$;
COMMENT ON FUNCTION skillancer_api.message_send(skillancer.conversation_id, text, jsonb) IS
	'Writes in a conversation, up to 10,000 characters. Before there is a paid booking between the two, contact details are hidden: isMasked says so.';
SELECT skillancer.add_route('POST', '/v1/conversations/{id}/messages', 'message_send', summary => 'Send a message', answers => '201 message_doc');

-- POST /v1/conversations/{id}/read
CREATE OR REPLACE FUNCTION skillancer_api.conversation_read(p_id skillancer.conversation_id, p_message_id skillancer.message_id DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	PERFORM skillancer.own_conversation(p_id);
	PERFORM skillancer.conversation_mark(p_id, p_message_id);
	RETURN skillancer.conversation_reply(p_id, 200);
END
$fn$;
COMMENT ON FUNCTION skillancer_api.conversation_read(skillancer.conversation_id, skillancer.message_id) IS
	'Marks a conversation as read up to a message, or all of it; a place that was read stays read.';
SELECT skillancer.add_route('POST', '/v1/conversations/{id}/read', 'conversation_read', summary => 'Mark a conversation as read', answers => 'conversation_doc');

-- POST /v1/conversations/{id}/join
CREATE OR REPLACE FUNCTION skillancer_api.conversation_join(p_id skillancer.conversation_id)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	PERFORM skillancer.require_permission('contracts:resolve_dispute');
	PERFORM skillancer.conversation_join(p_id);
	RETURN skillancer.conversation_reply(p_id, 200);
END
$fn$;
COMMENT ON FUNCTION skillancer_api.conversation_join(skillancer.conversation_id) IS
	'Staff take part in a conversation with support or about a dispute.';
SELECT skillancer.add_route('POST', '/v1/conversations/{id}/join', 'conversation_join', who => 'SUPPORT,ADMIN',
	summary => 'Join a conversation as staff', answers => 'conversation_doc');

-- GET /v1/admin/conversations
CREATE OR REPLACE FUNCTION skillancer_api.conversation_waiting(p_limit integer DEFAULT NULL)
RETURNS json
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_limit integer := skillancer.check_limit(p_limit);
BEGIN
	PERFORM skillancer.check_done();
	RETURN skillancer.conversation_waiting(v_limit);
END
$fn$;
COMMENT ON FUNCTION skillancer_api.conversation_waiting(integer) IS 'Conversations with support that wait for staff, oldest first.';
SELECT skillancer.add_route('GET', '/v1/admin/conversations', 'conversation_waiting', who => 'SUPPORT,ADMIN',
	summary => 'List conversations that wait for support', answers => '[{id: conversation_id, userId: user_id, subject: text|null, createdAt: timestamptz}]');
