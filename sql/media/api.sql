/*
 * sql/media/api.sql
 *		API of files: upload, look at, read, delete.
 *
 * A file comes in the body (multipart/form-data), or later, by PUT to a signed address. The bridge has it on the disk
 * before it calls, and keeps it only when the answer says so (header member skl-keep).
 */

-- POST /v1/media
CREATE OR REPLACE FUNCTION skillancer_api.media_create(p_purpose text, p_file_name text, p_content_type text, p_size bigint,
	p_sha256 text DEFAULT NULL, p_upload jsonb DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_id skillancer.media_id := skillancer.new_id()::skillancer.media_id;
BEGIN
	PERFORM skillancer.require_role('USER');
	PERFORM skillancer.check_one_of('purpose', p_purpose, '{AVATAR,PORTFOLIO,ATTACHMENT,EVIDENCE,DELIVERY}');
	PERFORM skillancer.check_text('fileName', p_file_name, 1, 1000);
	PERFORM skillancer.check_that('contentType', p_content_type ~ '^[!-~]+/[ -~]+$' AND length(p_content_type) <= 200, 'must be a media type such as image/png');
	PERFORM skillancer.check_int('size', p_size, 1, skillancer.policy_int('mediaMaxBytes'));
	PERFORM skillancer.check_that('sha256', p_sha256 ~* '^[0-9a-f]{64}$' IS NOT FALSE, 'must be 64 hexadecimal digits');
	PERFORM skillancer.check_done();
	PERFORM skillancer.check_media_quota(p_size);
	INSERT INTO skillancer.media (id, user_id, purpose, visibility, file_name, declared_type, size, sha256)
	VALUES (v_id, skillancer.current_user_id(), p_purpose, CASE WHEN p_purpose IN ('AVATAR', 'PORTFOLIO') THEN 'PUBLIC' ELSE 'PRIVATE' END,
		skillancer.media_clean_name(p_file_name), p_content_type, p_size, decode(p_sha256, 'hex'));
	IF p_upload IS NULL THEN
		PERFORM skillancer.schedule('media', v_id::uuid, 'expire', skillancer.now() + skillancer.policy_interval('mediaUploadTerm'));
	ELSE
		PERFORM skillancer.media_take(v_id, p_upload);
	END IF;
	RETURN (SELECT ROW(201, NULL, coalesce(skillancer.media_orders(v_id), '{}')
			|| jsonb_build_object('skl-keep', p_upload ->> 'object'), NULL, d.doc)::skillancer.reply
		FROM skillancer.media_doc d WHERE d.id = v_id);
END
$fn$;
COMMENT ON FUNCTION skillancer_api.media_create(text, text, text, bigint, text, jsonb) IS
	'Uploads a file as multipart/form-data with the parts file and purpose (name, type and size are those of the part), or announces one in JSON: then the answer has an uploadUrl for PUT. AVATAR and PORTFOLIO are public, everything else is private. What the file is, is recognised by its first bytes; names and declared types that say otherwise are refused.';
SELECT skillancer.add_route('POST', '/v1/media', 'media_create', summary => 'Upload a file, or announce one',
	answers => '201 media_doc & {uploadUrl?: text, contentUrl?: text, expiresAt?: text}');

-- GET /v1/media
CREATE OR REPLACE FUNCTION skillancer_api.media_list(p_purpose text DEFAULT NULL, p_limit integer DEFAULT 20, p_cursor text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_limit integer := skillancer.check_limit(p_limit);
	v_scope text := concat_ws('|', 'media', p_purpose);
	v_after text := skillancer.cursor_decode(v_scope, p_cursor);
	v_items json[];
	v_keys  text[];
BEGIN
	PERFORM skillancer.require_role('USER');
	PERFORM skillancer.check_one_of('purpose', p_purpose, '{AVATAR,PORTFOLIO,ATTACHMENT,EVIDENCE,DELIVERY}', false);
	PERFORM skillancer.check_done();
	SELECT array_agg(d.doc ORDER BY d.id DESC), array_agg(d.id::text ORDER BY d.id DESC) INTO v_items, v_keys
	FROM (SELECT d.id, d.doc FROM skillancer.media_doc d
		WHERE d.user_id = (SELECT skillancer.current_user_id()) AND d.state <> 'DELETED'
			AND (p_purpose IS NULL OR d.purpose = p_purpose)
			AND (v_after IS NULL OR d.id < v_after::skillancer.media_id)
		ORDER BY d.id DESC
		LIMIT v_limit + 1) d;
	RETURN skillancer.list_reply(v_items, v_keys, v_limit, v_scope);
END
$fn$;
COMMENT ON FUNCTION skillancer_api.media_list(text, integer, text) IS 'The files of the caller, newest first.';
SELECT skillancer.add_route('GET', '/v1/media', 'media_list', summary => 'My files', answers => '[media_doc]');

-- GET /v1/media/{id}
CREATE OR REPLACE FUNCTION skillancer_api.media_get(p_id skillancer.media_id)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_doc json;
BEGIN
	SELECT d.doc INTO v_doc FROM skillancer.media_doc d WHERE d.id = p_id AND d.state <> 'DELETED';
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	RETURN ROW(200, NULL, skillancer.media_orders(p_id), NULL, v_doc)::skillancer.reply;
END
$fn$;
COMMENT ON FUNCTION skillancer_api.media_get(skillancer.media_id) IS
	'A file that the caller may read: his own, a public one, or one that a message, evidence or delivery refers to that he sees. contentUrl serves it without a token until expiresAt.';
SELECT skillancer.add_route('GET', '/v1/media/{id}', 'media_get', who => 'anyone', summary => 'What a file is, and an address to read it',
	answers => 'media_doc & {uploadUrl?: text, contentUrl?: text, expiresAt?: text}');

-- GET /v1/media/{id}/content
CREATE OR REPLACE FUNCTION skillancer_api.media_content(p_id skillancer.media_id)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_file jsonb := skillancer.media_file(p_id);
BEGIN
	IF v_file IS NULL THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	RETURN ROW(200, NULL, jsonb_build_object('skl-file', v_file), NULL, NULL)::skillancer.reply;
END
$fn$;
COMMENT ON FUNCTION skillancer_api.media_content(skillancer.media_id) IS
	'The bytes of a file that the caller may read, whole or in ranges. Pictures may be shown in a page, everything else is saved.';
SELECT skillancer.add_route('GET', '/v1/media/{id}/content', 'media_content', who => 'anyone', summary => 'The bytes of a file',
	answers => '200, 206 application/*|audio/*|image/*|text/*|video/*');

-- PUT /v1/media/{id}/content
CREATE OR REPLACE FUNCTION skillancer_api.media_upload(p_id skillancer.media_id, p_upload jsonb)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_state text;
BEGIN
	PERFORM skillancer.require_role('USER');
	SELECT m.state INTO v_state FROM skillancer.media m
	WHERE m.id = p_id AND m.user_id = skillancer.current_user_id() AND m.state <> 'DELETED'
	FOR UPDATE;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	ELSIF v_state <> 'UPLOADING' THEN
		PERFORM skillancer.fail('INVALID_STATE', 'the file is there already', jsonb_build_object('state', v_state, 'allowed', '["delete"]'::jsonb));
	END IF;
	PERFORM skillancer.media_take(p_id, p_upload);
	RETURN (SELECT ROW(200, NULL, skillancer.media_orders(p_id) || jsonb_build_object('skl-keep', p_upload ->> 'object'), NULL, d.doc)::skillancer.reply
		FROM skillancer.media_doc d WHERE d.id = p_id);
END
$fn$;
COMMENT ON FUNCTION skillancer_api.media_upload(skillancer.media_id, jsonb) IS
	'Brings the bytes of a file that was announced, with a token of its owner or by its uploadUrl without one.';
SELECT skillancer.add_route('PUT', '/v1/media/{id}/content', 'media_upload', class => 'slow', summary => 'Upload a file that was announced',
	answers => 'media_doc & {contentUrl?: text, expiresAt?: text}');

-- DELETE /v1/media/{id}
CREATE OR REPLACE FUNCTION skillancer_api.media_delete(p_id skillancer.media_id)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_media record;
BEGIN
	PERFORM skillancer.require_role('USER');
	SELECT m.user_id, m.state, m.object INTO v_media FROM skillancer.media m WHERE m.id = p_id AND m.state <> 'DELETED';
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	ELSIF v_media.user_id IS DISTINCT FROM skillancer.current_user_id() THEN
		PERFORM skillancer.fail('PERMISSION_DENIED');
	ELSIF EXISTS (SELECT FROM skillancer.media_use u WHERE u.media_id = p_id AND u.kind IN ('EVIDENCE', 'DELIVERY')) THEN
		PERFORM skillancer.fail('INVALID_STATE', 'the file is part of a dispute or delivery',
			jsonb_build_object('state', v_media.state, 'allowed', '[]'::jsonb));
	END IF;
	PERFORM skillancer.fire('media', p_id::uuid, 'delete');
	UPDATE skillancer.profile p SET avatar_id = NULL, version = p.version + 1, updated_at = skillancer.now()
	WHERE p.user_id = skillancer.current_user_id() AND p.avatar_id = p_id;
	RETURN ROW(204, NULL, jsonb_build_object('skl-remove', array_remove(ARRAY[v_media.object], NULL)), NULL, NULL)::skillancer.reply;
END
$fn$;
COMMENT ON FUNCTION skillancer_api.media_delete(skillancer.media_id) IS
	'Deletes a file of the caller. Messages that refer to it stay, without it; what is part of a dispute or delivery cannot be deleted.';
SELECT skillancer.add_route('DELETE', '/v1/media/{id}', 'media_delete', summary => 'Delete a file of mine', answers => '204');

-- PUT /v1/users/me/avatar
CREATE OR REPLACE FUNCTION skillancer_api.me_avatar_put(p_media_id skillancer.media_id DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_me skillancer.user_id := skillancer.current_user_id();
BEGIN
	PERFORM skillancer.require_role('USER');
	PERFORM skillancer.check_that('mediaId', p_media_id IS NULL OR EXISTS (SELECT FROM skillancer.media m
		WHERE m.id = p_media_id AND m.user_id = v_me AND m.state = 'READY' AND m.purpose = 'AVATAR'), 'must be a picture that you have uploaded as AVATAR');
	PERFORM skillancer.check_done();
	UPDATE skillancer.profile p SET avatar_id = p_media_id, version = p.version + 1, updated_at = skillancer.now()
	WHERE p.user_id = v_me;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	PERFORM skillancer.emit_me_updated('{avatarId}');
	RETURN (SELECT ROW(200, d.etag, NULL, NULL, d.doc)::skillancer.reply FROM skillancer.profile_doc d WHERE d.user_id = v_me);
END
$fn$;
COMMENT ON FUNCTION skillancer_api.me_avatar_put(skillancer.media_id) IS
	'Makes a file of the caller with the purpose AVATAR the picture of the profile; null takes it away.';
SELECT skillancer.add_route('PUT', '/v1/users/me/avatar', 'me_avatar_put', class => 'fast', summary => 'Set my picture', answers => 'profile_doc');
