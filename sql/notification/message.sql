/*
 * sql/notification/message.sql
 *		Conversations: who may talk to whom, what is hidden, and every write of a message.
 *
 * Commands (api_message.sql) ask who the caller is and what is wrong with the input; the functions here run as the
 * engine, because a message changes the unread counts of others.
 */

-- Hiding contact details.
CREATE OR REPLACE FUNCTION skillancer.contact_mask(p_text text, OUT masked text, OUT kinds text[])
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'skl_fn_contact_mask';
COMMENT ON FUNCTION skillancer.contact_mask(text) IS
	'A text with e-mail addresses, phone numbers, links and names at messengers hidden, also where they are spelled out, and the kinds of what was hidden.';

-- in_conversation
CREATE OR REPLACE FUNCTION skillancer.in_conversation(p_id skillancer.conversation_id)
RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	RETURN EXISTS (SELECT FROM skillancer.conversation_participant p
		WHERE p.user_id = skillancer.current_user_id() AND p.conversation_id = p_id);
END
$fn$;
COMMENT ON FUNCTION skillancer.in_conversation(skillancer.conversation_id) IS
	'Whether the caller takes part in a conversation; runs as the engine, because the policy of participants asks it.';
ALTER FUNCTION skillancer.in_conversation(skillancer.conversation_id) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.in_conversation(skillancer.conversation_id)
	TO skillancer_bridge, skillancer_worker, skillancer_admin, skillancer_vault;

-- conversation_parties
CREATE OR REPLACE FUNCTION skillancer.conversation_parties(p_kind text, p_ref uuid)
RETURNS uuid[]
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_me      uuid := skillancer.current_user_id()::uuid;
	v_parties uuid[];
BEGIN
	CASE p_kind
		WHEN 'PROPOSAL' THEN
			SELECT ARRAY[p.client_id::uuid, p.freelancer_id::uuid] INTO v_parties
			FROM skillancer.proposal p WHERE p.id = p_ref::skillancer.proposal_id;
		WHEN 'BOOKING' THEN
			SELECT ARRAY[b.client_id::uuid, b.freelancer_id::uuid] INTO v_parties
			FROM skillancer.booking b WHERE b.id = p_ref::skillancer.booking_id;
		WHEN 'DISPUTE' THEN
			SELECT ARRAY[d.client_id::uuid, d.freelancer_id::uuid] INTO v_parties
			FROM skillancer.dispute d WHERE d.id = p_ref::skillancer.dispute_id;
		WHEN 'DIRECT' THEN
			SELECT ARRAY[v_me, u.id::uuid] INTO v_parties
			FROM skillancer.user_account u
			WHERE u.id = p_ref::skillancer.user_id AND u.state NOT IN ('PENDING', 'CLOSED') AND (
				EXISTS (SELECT FROM skillancer.profile p WHERE p.user_id = u.id AND p.is_public)
				OR EXISTS (SELECT FROM skillancer.proposal p
					WHERE (p.client_id, p.freelancer_id) IN ((u.id, v_me::skillancer.user_id), (v_me::skillancer.user_id, u.id)))
				OR EXISTS (SELECT FROM skillancer.booking b
					WHERE (b.client_id, b.freelancer_id) IN ((u.id, v_me::skillancer.user_id), (v_me::skillancer.user_id, u.id))));
		ELSE
			v_parties := ARRAY[v_me];
	END CASE;
	RETURN CASE WHEN v_me = ANY (v_parties) THEN v_parties END;
END
$fn$;
COMMENT ON FUNCTION skillancer.conversation_parties(text, uuid) IS
	'Who talks in a conversation of a kind about an object (DIRECT: with a user, who has a public profile or to do with the caller); NULL when the caller is not one of them.';
ALTER FUNCTION skillancer.conversation_parties(text, uuid) OWNER TO skillancer_engine;

-- conversation_open
CREATE OR REPLACE FUNCTION skillancer.conversation_open(p_kind text, p_ref uuid, p_subject text, OUT id skillancer.conversation_id, OUT is_new boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_me      skillancer.user_id := skillancer.current_user_id();
	v_parties uuid[];
BEGIN
	-- one at a time for each object or pair
	PERFORM pg_advisory_xact_lock(hashtextextended('conversation ' || CASE WHEN p_kind = 'DIRECT'
		THEN least(v_me::uuid, p_ref)::text || greatest(v_me::uuid, p_ref)::text ELSE p_ref::text END, 0)) WHERE p_kind <> 'SUPPORT';
	SELECT c.id INTO conversation_open.id
	FROM skillancer.conversation c
	WHERE c.kind = p_kind AND CASE WHEN p_kind = 'DIRECT'
		THEN c.low_id = least(v_me, p_ref::skillancer.user_id) AND c.high_id = greatest(v_me, p_ref::skillancer.user_id)
		ELSE c.ref = p_ref END;
	is_new := NOT FOUND;
	IF NOT is_new AND skillancer.in_conversation(conversation_open.id) THEN
		RETURN;
	END IF;
	v_parties := skillancer.conversation_parties(p_kind, p_ref);
	IF v_parties IS NULL THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	IF is_new THEN
		INSERT INTO skillancer.conversation (kind, proposal_id, booking_id, dispute_id, low_id, high_id, subject, created_by)
		VALUES (p_kind, CASE WHEN p_kind = 'PROPOSAL' THEN p_ref::skillancer.proposal_id END,
			CASE WHEN p_kind = 'BOOKING' THEN p_ref::skillancer.booking_id END,
			CASE WHEN p_kind = 'DISPUTE' THEN p_ref::skillancer.dispute_id END,
			CASE WHEN p_kind = 'DIRECT' THEN least(v_me, p_ref::skillancer.user_id) END,
			CASE WHEN p_kind = 'DIRECT' THEN greatest(v_me, p_ref::skillancer.user_id) END, p_subject, v_me)
		RETURNING conversation.id INTO conversation_open.id;
		INSERT INTO skillancer.conversation_participant (user_id, conversation_id)
		SELECT DISTINCT x::skillancer.user_id, conversation_open.id FROM unnest(v_parties) x;
	END IF;
END
$fn$;
COMMENT ON FUNCTION skillancer.conversation_open(text, uuid, text) IS
	'The conversation of a kind about an object, which is made when there is none. RESOURCE_NOT_FOUND when the caller has no part in it.';
ALTER FUNCTION skillancer.conversation_open(text, uuid, text) OWNER TO skillancer_engine;

-- conversation_join
CREATE OR REPLACE FUNCTION skillancer.conversation_join(p_id skillancer.conversation_id)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_messages integer;
BEGIN
	SELECT c.messages INTO v_messages FROM skillancer.conversation c WHERE c.id = p_id AND c.kind IN ('SUPPORT', 'DISPUTE');
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	INSERT INTO skillancer.conversation_participant (user_id, conversation_id, unread)
	VALUES (skillancer.current_user_id(), p_id, v_messages)
	ON CONFLICT DO NOTHING;
	PERFORM skillancer.audit('conversation.joined', 'conversation', p_id::uuid, NULL, NULL);
END
$fn$;
COMMENT ON FUNCTION skillancer.conversation_join(skillancer.conversation_id) IS
	'Makes the caller, one of the staff, a participant of a conversation with support or about a dispute; audited.';
ALTER FUNCTION skillancer.conversation_join(skillancer.conversation_id) OWNER TO skillancer_engine;

-- conversation_waiting
CREATE OR REPLACE FUNCTION skillancer.conversation_waiting(p_limit integer)
RETURNS json
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	PERFORM skillancer.require_permission('contracts:resolve_dispute');
	RETURN coalesce((
		SELECT json_agg(skillancer.json_doc('id', w.id, 'userId', w.created_by, 'subject', w.subject, 'createdAt', w.created_at) ORDER BY w.id)
		FROM (
			SELECT c.id, c.created_by, c.subject, c.created_at
			FROM skillancer.conversation c
			WHERE c.kind = 'SUPPORT' AND (SELECT count(*) FROM skillancer.conversation_participant p WHERE p.conversation_id = c.id) = 1
			ORDER BY c.id
			LIMIT p_limit) w), '[]'::json);
END
$fn$;
COMMENT ON FUNCTION skillancer.conversation_waiting(integer) IS 'Conversations with support that nobody of the staff has joined, oldest first; for the staff.';
ALTER FUNCTION skillancer.conversation_waiting(integer) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.conversation_waiting(integer) TO skillancer_bridge;

-- conversation_is_open
CREATE OR REPLACE FUNCTION skillancer.conversation_is_open(p_id skillancer.conversation_id)
RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	RETURN NOT EXISTS (
		SELECT FROM skillancer.conversation c
		JOIN skillancer.conversation_participant a ON a.conversation_id = c.id
		JOIN skillancer.conversation_participant b ON b.conversation_id = c.id AND b.user_id <> a.user_id
		JOIN skillancer.user_block k ON k.user_id = a.user_id AND k.blocked_id = b.user_id
		WHERE c.id = p_id AND c.kind IN ('DIRECT', 'PROPOSAL'));
END
$fn$;
COMMENT ON FUNCTION skillancer.conversation_is_open(skillancer.conversation_id) IS
	'Whether nobody in a direct conversation, or one about a proposal, has blocked the other one. What is booked goes on.';
ALTER FUNCTION skillancer.conversation_is_open(skillancer.conversation_id) OWNER TO skillancer_engine;

-- conversation_is_masked
CREATE OR REPLACE FUNCTION skillancer.conversation_is_masked(p_id skillancer.conversation_id)
RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	RETURN NOT EXISTS (
		SELECT FROM skillancer.conversation c WHERE c.id = p_id AND c.kind = 'SUPPORT'
		UNION ALL
		SELECT FROM skillancer.conversation_participant a
		JOIN skillancer.conversation_participant b ON b.conversation_id = a.conversation_id
		JOIN skillancer.booking k ON k.client_id = a.user_id AND k.freelancer_id = b.user_id
			AND k.state NOT IN ('OFFERED', 'AWAITING_PAYMENT', 'VOID')
		WHERE a.conversation_id = p_id);
END
$fn$;
COMMENT ON FUNCTION skillancer.conversation_is_masked(skillancer.conversation_id) IS
	'Whether contact details are hidden in a conversation: as long as no two of its people have or had a booking that was paid.';
ALTER FUNCTION skillancer.conversation_is_masked(skillancer.conversation_id) OWNER TO skillancer_engine;

-- message_words
CREATE OR REPLACE FUNCTION skillancer.message_words(p_conversation skillancer.conversation_id, p_message skillancer.message_id,
	p_body text, OUT words text, OUT is_masked boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_found record;
BEGIN
	words := p_body;
	is_masked := false;
	IF NOT skillancer.conversation_is_masked(p_conversation) THEN
		RETURN;
	END IF;
	SELECT * INTO v_found FROM skillancer.contact_mask(p_body);
	IF cardinality(v_found.kinds) > 0 THEN
		words := v_found.masked;
		is_masked := true;
		INSERT INTO skillancer.risk_signal (user_id, kind, subject_type, subject_id, score)
		SELECT skillancer.current_user_id(), k, 'message', p_message::uuid, skillancer.risk_score(ARRAY[k])
		FROM unnest(v_found.kinds) k;
	END IF;
END
$fn$;
COMMENT ON FUNCTION skillancer.message_words(skillancer.conversation_id, skillancer.message_id, text) IS
	'What of a message others get to read: before a booking without contact details, each kind of which is a risk signal about its sender.';
ALTER FUNCTION skillancer.message_words(skillancer.conversation_id, skillancer.message_id, text) OWNER TO skillancer_engine;

-- message_put
CREATE OR REPLACE FUNCTION skillancer.message_put(p_conversation skillancer.conversation_id, p_body text, p_attachments jsonb)
RETURNS skillancer.message_id
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_me    skillancer.user_id := skillancer.current_user_id();
	v_kind  text;
	v_id    skillancer.message_id;
	v_words record;
BEGIN
	-- one after the other, so that ids have the order of the conversation
	SELECT c.kind INTO v_kind FROM skillancer.conversation c WHERE c.id = p_conversation FOR UPDATE;
	v_id := skillancer.new_id()::skillancer.message_id;
	SELECT * INTO v_words FROM skillancer.message_words(p_conversation, v_id, p_body);
	INSERT INTO skillancer.message (id, conversation_id, sender_id, body, attachments, is_masked)
	VALUES (v_id, p_conversation, v_me, v_words.words, coalesce(p_attachments, '[]'), v_words.is_masked);
	PERFORM skillancer.media_refer(ARRAY(SELECT (a ->> 'mediaId')::skillancer.media_id FROM jsonb_array_elements(p_attachments) a),
		'MESSAGE', v_id::uuid);
	UPDATE skillancer.conversation c
	SET messages = c.messages + 1, last_message_at = skillancer.now() WHERE c.id = p_conversation;
	UPDATE skillancer.conversation_participant p
	SET last_message_at = skillancer.now(), unread = CASE WHEN p.user_id = v_me THEN p.unread ELSE p.unread + 1 END
	WHERE p.conversation_id = p_conversation;
	PERFORM skillancer.emit('message.sent', 'conversation', p_conversation::uuid, jsonb_build_object('messageId', v_id,
		'conversationId', p_conversation, 'kind', v_kind, 'senderId', v_me),
		ARRAY(SELECT p.user_id::uuid FROM skillancer.conversation_participant p WHERE p.conversation_id = p_conversation));
	RETURN v_id;
END
$fn$;
COMMENT ON FUNCTION skillancer.message_put(skillancer.conversation_id, text, jsonb) IS
	'Appends a message of the caller, counts it as unread for the others and tells them.';
ALTER FUNCTION skillancer.message_put(skillancer.conversation_id, text, jsonb) OWNER TO skillancer_engine;

-- emit_message
CREATE OR REPLACE FUNCTION skillancer.emit_message(p_type text, p_id skillancer.message_id)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	PERFORM skillancer.emit(p_type, 'conversation', m.conversation_id::uuid, jsonb_build_object('messageId', m.id,
		'conversationId', m.conversation_id, 'senderId', m.sender_id, 'revision', m.revision),
		ARRAY(SELECT p.user_id::uuid FROM skillancer.conversation_participant p WHERE p.conversation_id = m.conversation_id))
	FROM skillancer.message m WHERE m.id = p_id;
END
$fn$;
COMMENT ON FUNCTION skillancer.emit_message(text, skillancer.message_id) IS
	'Tells the people of a conversation what happened to one of its messages.';

-- message_change
CREATE OR REPLACE FUNCTION skillancer.message_change(p_id skillancer.message_id, p_body text)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_old   record;
	v_words record;
BEGIN
	SELECT m.conversation_id, m.body, m.revision INTO v_old FROM skillancer.message m WHERE m.id = p_id FOR UPDATE;
	SELECT * INTO v_words FROM skillancer.message_words(v_old.conversation_id, p_id, p_body);
	INSERT INTO skillancer.message_revision (message_id, revision, conversation_id, body)
	VALUES (p_id, v_old.revision, v_old.conversation_id, v_old.body);
	UPDATE skillancer.message m
	SET body = v_words.words, is_masked = v_words.is_masked, revision = m.revision + 1, edited_at = skillancer.now()
	WHERE m.id = p_id;
	PERFORM skillancer.emit_message('message.edited', p_id);
END
$fn$;
COMMENT ON FUNCTION skillancer.message_change(skillancer.message_id, text) IS 'Edits a message; what it said before is kept.';
ALTER FUNCTION skillancer.message_change(skillancer.message_id, text) OWNER TO skillancer_engine;

-- message_remove
CREATE OR REPLACE FUNCTION skillancer.message_remove(p_id skillancer.message_id)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	UPDATE skillancer.message m SET deleted_at = skillancer.now() WHERE m.id = p_id AND m.deleted_at IS NULL;
	IF FOUND THEN
		PERFORM skillancer.emit_message('message.deleted', p_id);
	END IF;
END
$fn$;
COMMENT ON FUNCTION skillancer.message_remove(skillancer.message_id) IS 'Hides a message from everybody; its row stays.';
ALTER FUNCTION skillancer.message_remove(skillancer.message_id) OWNER TO skillancer_engine;

-- conversation_mark
CREATE OR REPLACE FUNCTION skillancer.conversation_mark(p_conversation skillancer.conversation_id, p_upto skillancer.message_id)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_me   skillancer.user_id := skillancer.current_user_id();
	v_upto skillancer.message_id;
BEGIN
	PERFORM FROM skillancer.conversation c WHERE c.id = p_conversation FOR UPDATE;
	SELECT m.id INTO v_upto
	FROM skillancer.message m
	WHERE m.conversation_id = p_conversation AND (p_upto IS NULL OR m.id <= p_upto)
	ORDER BY m.id DESC LIMIT 1;
	UPDATE skillancer.conversation_participant p
	SET last_read_id = v_upto, last_read_at = skillancer.now(), unread = (
		SELECT count(*) FROM skillancer.message m
		WHERE m.conversation_id = p_conversation AND m.id > v_upto AND m.sender_id <> v_me)
	WHERE p.user_id = v_me AND p.conversation_id = p_conversation AND v_upto IS NOT NULL
		AND (p.last_read_id IS NULL OR p.last_read_id < v_upto);
	IF FOUND THEN
		PERFORM skillancer.emit('message.read', 'conversation', p_conversation::uuid, jsonb_build_object(
			'conversationId', p_conversation, 'messageId', v_upto, 'userId', v_me),
			ARRAY(SELECT p.user_id::uuid FROM skillancer.conversation_participant p WHERE p.conversation_id = p_conversation));
	END IF;
END
$fn$;
COMMENT ON FUNCTION skillancer.conversation_mark(skillancer.conversation_id, skillancer.message_id) IS
	'Moves the caller''s place in a conversation forward to a message (NULL: the last one), never back.';
ALTER FUNCTION skillancer.conversation_mark(skillancer.conversation_id, skillancer.message_id) OWNER TO skillancer_engine;

INSERT INTO skillancer.event_type (name, version, description, schema)
SELECT v.name, '1.0', v.description, v.schema::jsonb
FROM (VALUES
	('message.sent', 'Somebody wrote in a conversation; heard by all of its people',
		'{"type": "object", "required": ["messageId", "conversationId", "kind", "senderId"], "properties": {"kind": {"enum": ["DIRECT", "PROPOSAL", "BOOKING", "DISPUTE", "SUPPORT"]}}}'),
	('message.edited', 'Somebody changed a message; heard by all of its conversation',
		'{"type": "object", "required": ["messageId", "conversationId", "senderId", "revision"]}'),
	('message.deleted', 'Somebody deleted a message: its words are shown to nobody any more',
		'{"type": "object", "required": ["messageId", "conversationId", "senderId", "revision"]}'),
	('message.read', 'Somebody has read a conversation up to a message',
		'{"type": "object", "required": ["messageId", "conversationId", "userId"]}')
) AS v (name, description, schema);
