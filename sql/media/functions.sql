/*
 * sql/media/functions.sql
 *		Files of users: what they may be, who refers to them, and what becomes of them.
 *
 * The bridge keeps the bytes (http-bridge/files.c) and names them by an object; a row here says what an object is and
 * who may have it. A file without a row is swept away, so nothing but a committed row makes a file of the marketplace.
 */

-- What a file is.
CREATE OR REPLACE FUNCTION skillancer.media_sniff(p_head bytea, p_declared text)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'skl_fn_media_sniff';
COMMENT ON FUNCTION skillancer.media_sniff(bytea, text) IS
	'The type of a file by its first bytes, one of a short list without anything that runs in browsers; NULL when it is none of them. What was declared decides between texts and between archives.';

CREATE OR REPLACE FUNCTION skillancer.media_is_declared(p_declared text, p_type text)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'skl_fn_media_is_declared';
COMMENT ON FUNCTION skillancer.media_is_declared(text, text) IS
	'Whether a declared type is a name of a recognised one; application/octet-stream is one of all.';

CREATE OR REPLACE FUNCTION skillancer.media_name_fits(p_name text, p_type text)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'skl_fn_media_name_fits';
COMMENT ON FUNCTION skillancer.media_name_fits(text, text) IS 'Whether a file name ends as files of a type do.';

CREATE OR REPLACE FUNCTION skillancer.media_is_picture(p_type text)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'skl_fn_media_is_picture';
COMMENT ON FUNCTION skillancer.media_is_picture(text) IS 'Whether browsers may show a type within a page: PNG, JPEG, GIF, WebP.';
GRANT EXECUTE ON FUNCTION skillancer.media_is_picture(text) TO skillancer_bridge;

CREATE OR REPLACE FUNCTION skillancer.media_pixels(p_head bytea)
RETURNS bigint
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'skl_fn_media_pixels';
COMMENT ON FUNCTION skillancer.media_pixels(bytea) IS 'Width times height of a picture as its first bytes claim; 0 when they do not say.';

CREATE OR REPLACE FUNCTION skillancer.media_clean_name(p_name text)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'skl_fn_media_clean_name';
COMMENT ON FUNCTION skillancer.media_clean_name(text) IS
	'A file name without path, control and direction characters, with one dot at most.';

-- What a row says to the bridge about its file.
CREATE OR REPLACE FUNCTION skillancer.media_file(p_id skillancer.media_id)
RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	RETURN (SELECT jsonb_build_object('object', m.object, 'type', m.type, 'name', m.file_name, 'etag', encode(m.sha256, 'hex'),
			'inline', skillancer.media_is_picture(m.type), 'public', m.visibility = 'PUBLIC')
		FROM skillancer.media m WHERE m.id = p_id AND m.state = 'READY');
END
$fn$;
COMMENT ON FUNCTION skillancer.media_file(skillancer.media_id) IS
	'What the bridge needs to send a file that the caller sees; NULL when there is none.';
GRANT EXECUTE ON FUNCTION skillancer.media_file(skillancer.media_id) TO skillancer_bridge;

-- media_orders
CREATE OR REPLACE FUNCTION skillancer.media_orders(p_id skillancer.media_id)
RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	RETURN (SELECT jsonb_build_object('skl-sign', jsonb_build_object('path', format('/v1/media/%s/content', m.id),
			'seconds', extract(epoch FROM skillancer.policy_interval('mediaAddressTerm'))::integer)
			|| CASE m.state
				WHEN 'READY' THEN jsonb_build_object('as', 'contentUrl', 'method', 'GET',
					'claims', jsonb_build_object('file', skillancer.media_file(m.id)))
				ELSE jsonb_build_object('as', 'uploadUrl', 'method', 'PUT',
					'claims', jsonb_build_object('user', m.user_id::uuid, 'session', skillancer.current_session_id()::uuid,
						'size', m.size, 'type', m.declared_type)) END)
		FROM skillancer.media m
		WHERE m.id = p_id AND (m.state = 'READY'
			OR m.state = 'UPLOADING' AND m.user_id = skillancer.current_user_id() AND skillancer.current_session_id() IS NOT NULL));
END
$fn$;
COMMENT ON FUNCTION skillancer.media_orders(skillancer.media_id) IS
	'The order to the bridge to sign an address: to read a file that is there, or for its owner to upload it.';
GRANT EXECUTE ON FUNCTION skillancer.media_orders(skillancer.media_id) TO skillancer_bridge;

-- What is wrong with a file that came for a row; check_done() raises it.
CREATE OR REPLACE FUNCTION skillancer.check_upload(p_id skillancer.media_id, p_upload jsonb, p_type text)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_media record;
	v_pixels bigint := skillancer.media_pixels(decode(p_upload ->> 'head', 'hex'));
BEGIN
	SELECT m.size, m.sha256, m.declared_type, m.file_name, m.purpose INTO v_media FROM skillancer.media m WHERE m.id = p_id;
	PERFORM skillancer.check_that('size', v_media.size = (p_upload ->> 'size')::bigint,
		format('is not that of the file, which has %s bytes', p_upload ->> 'size'));
	PERFORM skillancer.check_that('sha256', v_media.sha256 = decode(p_upload ->> 'sha256', 'hex') IS NOT FALSE, 'is not that of the file');
	PERFORM skillancer.check_that('file', p_type IS NOT NULL, 'is of no type that is taken');
	IF p_type IS NULL THEN
		RETURN;
	END IF;
	PERFORM skillancer.check_that('contentType', skillancer.media_is_declared(v_media.declared_type, p_type), format('is wrong: the file is %s', p_type));
	PERFORM skillancer.check_that('fileName', skillancer.media_name_fits(v_media.file_name, p_type), format('does not end as files of type %s do', p_type));
	PERFORM skillancer.check_that('file', v_media.purpose <> 'AVATAR' OR skillancer.media_is_picture(p_type), 'must be a picture');
	PERFORM skillancer.check_that('file', v_pixels <= skillancer.policy_int('mediaMaxPixels'), 'has too many pixels');
END
$fn$;
COMMENT ON FUNCTION skillancer.check_upload(skillancer.media_id, jsonb, text) IS
	'Notes where a file differs from what was announced, and what makes it one that is not taken.';

-- The file of a row of the caller is there.
CREATE OR REPLACE FUNCTION skillancer.media_take(p_id skillancer.media_id, p_upload jsonb)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_type text := (SELECT skillancer.media_sniff(decode(p_upload ->> 'head', 'hex'), m.declared_type)
		FROM skillancer.media m WHERE m.id = p_id);
BEGIN
	PERFORM skillancer.check_upload(p_id, p_upload, v_type);
	PERFORM skillancer.check_done();
	UPDATE skillancer.media m
	SET type = v_type, sha256 = decode(p_upload ->> 'sha256', 'hex'), object = (p_upload ->> 'object')::uuid
	WHERE m.id = p_id;
	PERFORM skillancer.fire_system('media', m.id::uuid, 'finish', jsonb_build_object('purpose', m.purpose,
		'contentType', m.type, 'size', m.size))
	FROM skillancer.media m WHERE m.id = p_id;
END
$fn$;
COMMENT ON FUNCTION skillancer.media_take(skillancer.media_id, jsonb) IS
	'Looks at a file {"object", "size", "sha256", "head"} that the bridge received, and makes the row READY.';

-- How much the caller may still bring.
CREATE OR REPLACE FUNCTION skillancer.check_media_quota(p_size bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_me   skillancer.user_id := skillancer.current_user_id();
	v_used record;
BEGIN
	PERFORM pg_advisory_xact_lock(hashtextextended('media of ' || v_me::text, 0));
	SELECT coalesce(sum(m.size), 0) AS bytes, count(*) FILTER (WHERE m.state = 'UPLOADING') AS open INTO v_used
	FROM skillancer.media m WHERE m.user_id = v_me AND m.state <> 'DELETED';
	IF v_used.bytes + p_size > skillancer.policy_int('mediaQuotaBytes') THEN
		PERFORM skillancer.fail('LIMIT_REACHED', 'your files take all the room that you have');
	ELSIF v_used.open >= skillancer.policy_int('mediaOpenUploads') THEN
		PERFORM skillancer.fail('LIMIT_REACHED', 'you have too many uploads under way');
	END IF;
END
$fn$;
COMMENT ON FUNCTION skillancer.check_media_quota(bigint) IS
	'Refuses when the files of the caller and so many bytes more are too many, or too many uploads are under way.';

-- What a message, a piece of evidence or a delivery names.
CREATE OR REPLACE FUNCTION skillancer.check_media(p_field text, p_ids text[])
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	PERFORM skillancer.check_that(p_field, NOT EXISTS (
		SELECT FROM unnest(p_ids) AS x (id)
		WHERE NOT EXISTS (SELECT FROM skillancer.media m
			WHERE m.id = CASE WHEN x.id ~ '^med_[0-7][0-9a-hjkmnp-tv-z]{25}$' THEN x.id::skillancer.media_id END
				AND m.user_id = skillancer.current_user_id() AND m.state = 'READY')),
		'must name files that you have uploaded');
END
$fn$;
COMMENT ON FUNCTION skillancer.check_media(text, text[]) IS
	'Notes a problem unless all of these are READY media of the caller; NULL items are none.';

-- media_refer
CREATE OR REPLACE FUNCTION skillancer.media_refer(p_ids skillancer.media_id[], p_kind text, p_ref uuid)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	INSERT INTO skillancer.media_use (media_id, kind, ref, user_id)
	SELECT DISTINCT x, p_kind, p_ref, skillancer.current_user_id() FROM unnest(p_ids) x WHERE x IS NOT NULL
	ON CONFLICT DO NOTHING;
END
$fn$;
COMMENT ON FUNCTION skillancer.media_refer(skillancer.media_id[], text, uuid) IS
	'Writes down that a message, evidence or deliveries refer to files of the caller: whoever sees it may read them from now on.';

-- Whose directory the bridge has before it.
CREATE OR REPLACE FUNCTION skillancer.media_owner()
RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	RETURN (SELECT concat_ws('.', i.system_identifier, i.database_oid, skillancer.epoch()) FROM skillancer.instance i);
END
$fn$;
COMMENT ON FUNCTION skillancer.media_owner() IS
	'The name of this database in the directory of files; a copy has another one once it was adopted, and none before.';
ALTER FUNCTION skillancer.media_owner() OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.media_owner() TO skillancer_bridge;

-- What the sweep of the bridge asks.
CREATE OR REPLACE FUNCTION skillancer.media_unwanted(p_objects uuid[])
RETURNS TABLE (object uuid, was_known boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	RETURN QUERY
	SELECT x, m.id IS NOT NULL
	FROM unnest(p_objects) x
	LEFT JOIN skillancer.media m ON m.object = x
	WHERE m.state IS DISTINCT FROM 'READY';
END
$fn$;
COMMENT ON FUNCTION skillancer.media_unwanted(uuid[]) IS
	'Which of these objects no media has, and whether one had it until it was deleted; asked by the bridge before it removes files.';
ALTER FUNCTION skillancer.media_unwanted(uuid[]) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.media_unwanted(uuid[]) TO skillancer_bridge;

-- Files of a person who is forgotten; what others refer to is theirs, too.
CREATE OR REPLACE FUNCTION skillancer.erase_media(p_user skillancer.user_id)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	PERFORM skillancer.fire_system('media', m.id::uuid, 'erase')
	FROM skillancer.media m
	WHERE m.user_id = p_user AND m.state <> 'DELETED'
		AND NOT EXISTS (SELECT FROM skillancer.media_use u WHERE u.media_id = m.id);
	UPDATE skillancer.media m SET file_name = 'deleted' WHERE m.user_id = p_user AND m.state = 'DELETED';
END
$fn$;
COMMENT ON FUNCTION skillancer.erase_media(skillancer.user_id) IS
	'Deletes the files of a user that no message, evidence or delivery refers to, and the names of deleted ones; the bridge sweeps the bytes away.';
