/*
 * sql/notification/api_message_own.sql
 *		Editing and deleting one's own messages, and the block list.
 */

-- PATCH /v1/messages/{id}
CREATE OR REPLACE FUNCTION skillancer_api.message_edit(p_id skillancer.message_id, p_body text, p_header_if_match text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_message record;
BEGIN
	PERFORM skillancer.own_message(p_id);
	PERFORM skillancer.check_if_match(p_header_if_match, d.etag) FROM skillancer.message_doc d WHERE d.id = p_id;
	PERFORM skillancer.check_message(p_body, NULL, false);
	SELECT m.created_at, m.conversation_id INTO v_message FROM skillancer.message m WHERE m.id = p_id;
	IF NOT skillancer.conversation_is_open(v_message.conversation_id) THEN
		PERFORM skillancer.fail('PERMISSION_DENIED', 'one of you has blocked the other');
	ELSIF v_message.created_at < skillancer.now() - skillancer.policy_interval('messageEditTerm') THEN
		PERFORM skillancer.fail('INVALID_STATE', 'the message is too old to be edited');
	END IF;
	PERFORM skillancer.message_change(p_id, p_body);
	RETURN skillancer.message_reply(p_id, 200);
END
$fn$;
COMMENT ON FUNCTION skillancer_api.message_edit(skillancer.message_id, text, text) IS
	'Changes a message of the caller, for a day; what it said before can be read by all in the conversation.';
SELECT skillancer.add_route('PATCH', '/v1/messages/{id}', 'message_edit', summary => 'Edit a message of mine', answers => 'message_doc');

-- GET /v1/messages/{id}/revisions
CREATE OR REPLACE FUNCTION skillancer_api.message_revisions(p_id skillancer.message_id)
RETURNS json
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	PERFORM skillancer.require_role('USER');
	IF NOT EXISTS (SELECT FROM skillancer.message m WHERE m.id = p_id AND m.deleted_at IS NULL) THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	RETURN coalesce((
		SELECT json_agg(skillancer.json_doc('revision', r.revision, 'body', r.body, 'replacedAt', r.replaced_at) ORDER BY r.revision)
		FROM skillancer.message_revision r WHERE r.message_id = p_id), '[]'::json);
END
$fn$;
COMMENT ON FUNCTION skillancer_api.message_revisions(skillancer.message_id) IS 'What a message said before it was edited, oldest first.';
SELECT skillancer.add_route('GET', '/v1/messages/{id}/revisions', 'message_revisions', summary => 'What a message said before',
	answers => '[{revision: integer, body: text, replacedAt: timestamptz}]');

-- DELETE /v1/messages/{id}
CREATE OR REPLACE FUNCTION skillancer_api.message_delete(p_id skillancer.message_id)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	PERFORM skillancer.own_message(p_id);
	PERFORM skillancer.message_remove(p_id);
END
$fn$;
COMMENT ON FUNCTION skillancer_api.message_delete(skillancer.message_id) IS
	'Deletes a message of the caller: its place in the conversation stays, its words and attachments are shown to nobody.';
SELECT skillancer.add_route('DELETE', '/v1/messages/{id}', 'message_delete', summary => 'Delete a message of mine', answers => '204');

-- GET /v1/users/me/blocks
CREATE OR REPLACE FUNCTION skillancer_api.block_list()
RETURNS json
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	PERFORM skillancer.require_role('USER');
	RETURN coalesce((
		SELECT json_agg(skillancer.json_doc('userId', b.blocked_id, 'createdAt', b.created_at) ORDER BY b.created_at DESC)
		FROM skillancer.user_block b WHERE b.user_id = (SELECT skillancer.current_user_id())), '[]'::json);
END
$fn$;
COMMENT ON FUNCTION skillancer_api.block_list() IS 'Whom the caller has blocked.';
SELECT skillancer.add_route('GET', '/v1/users/me/blocks', 'block_list', summary => 'Whom I have blocked',
	answers => '[{userId: user_id, createdAt: timestamptz}]');

-- POST /v1/users/{id}/block
CREATE OR REPLACE FUNCTION skillancer_api.block_add(p_id skillancer.user_id)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_me skillancer.user_id := skillancer.current_user_id();
BEGIN
	PERFORM skillancer.require_role('USER');
	PERFORM skillancer.check_that('id', p_id <> v_me, 'is yourself');
	PERFORM skillancer.check_done();
	IF (SELECT count(*) FROM skillancer.user_block b WHERE b.user_id = v_me) >= skillancer.policy_int('blockLimit') THEN
		PERFORM skillancer.fail('LIMIT_REACHED', 'your block list is full');
	END IF;
	PERFORM skillancer.presence_between(v_me, p_id, false);
	INSERT INTO skillancer.user_block (user_id, blocked_id) VALUES (v_me, p_id) ON CONFLICT DO NOTHING;
END
$fn$;
COMMENT ON FUNCTION skillancer_api.block_add(skillancer.user_id) IS
	'Blocks somebody: neither writes to the other any more, directly or about a proposal. They are not told. The answer is the same for an id that nobody has.';
SELECT skillancer.add_route('POST', '/v1/users/{id}/block', 'block_add', summary => 'Block somebody', answers => '204');

-- DELETE /v1/users/{id}/block
CREATE OR REPLACE FUNCTION skillancer_api.block_remove(p_id skillancer.user_id)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	PERFORM skillancer.require_role('USER');
	DELETE FROM skillancer.user_block b WHERE b.user_id = skillancer.current_user_id() AND b.blocked_id = p_id;
	PERFORM skillancer.presence_between(skillancer.current_user_id(), p_id, true) WHERE FOUND;
END
$fn$;
COMMENT ON FUNCTION skillancer_api.block_remove(skillancer.user_id) IS 'Takes somebody off the caller''s block list.';
SELECT skillancer.add_route('DELETE', '/v1/users/{id}/block', 'block_remove', summary => 'Unblock somebody', answers => '204');

SELECT skillancer.add_shape('message.attachments', '[{name: text, mediaId?: media_id, url?: text}]');
SELECT skillancer.add_shape('p_attachments', '[{name: text, mediaId?: media_id, url?: text}]');
