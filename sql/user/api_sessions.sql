/*
 * api_sessions.sql
 *		Where one is signed in, and the password.
 */

--
CREATE OR REPLACE FUNCTION skillancer_api.session_list(p_limit integer DEFAULT NULL, p_cursor text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_limit integer := skillancer.check_limit(p_limit);
	v_after text;
	v_items json[];
	v_keys text[];
BEGIN
	PERFORM skillancer.require_role('USER');
	v_after := skillancer.cursor_decode('sessions', p_cursor);
	PERFORM skillancer.check_done();
	SELECT array_agg(s.doc), array_agg(s.id::text) INTO v_items, v_keys
	FROM (
		SELECT d.id, d.doc FROM skillancer.session_doc d
		WHERE d.user_id = (SELECT skillancer.current_user_id())
			AND (v_after IS NULL OR d.id < v_after::skillancer.session_id)
		ORDER BY d.id DESC LIMIT v_limit + 1) s;
	RETURN skillancer.list_reply(v_items, v_keys, v_limit, 'sessions');
END
$$;
COMMENT ON FUNCTION skillancer_api.session_list(integer, text) IS 'The live sessions of the caller, newest first.';
SELECT skillancer.add_route('GET', '/v1/auth/sessions', 'session_list', summary => 'List my sessions',
	answers => '[session_doc]');

--
CREATE OR REPLACE FUNCTION skillancer_api.session_revoke(p_id skillancer.session_id)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_role('USER');
	PERFORM skillancer.check_done();
	UPDATE skillancer.session
	SET revoked_at = skillancer.now(), revoked_reason = 'REVOKED'
	WHERE id = p_id AND user_id = skillancer.current_user_id() AND revoked_at IS NULL;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
END
$$;
COMMENT ON FUNCTION skillancer_api.session_revoke(skillancer.session_id) IS
	'Ends one session of the caller; its tokens are refused from the next request on.';
SELECT skillancer.add_route('DELETE', '/v1/auth/sessions/{id}', 'session_revoke', class => 'fast',
	summary => 'End one of my sessions');

--
CREATE OR REPLACE FUNCTION skillancer_api.session_revoke_all(p_include_current boolean DEFAULT false)
RETURNS json
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_revoked integer;
BEGIN
	PERFORM skillancer.require_role('USER');
	PERFORM skillancer.check_done();
	UPDATE skillancer.session
	SET revoked_at = skillancer.now(), revoked_reason = 'REVOKED'
	WHERE user_id = skillancer.current_user_id() AND revoked_at IS NULL
		AND (p_include_current OR id IS DISTINCT FROM skillancer.current_session_id());
	GET DIAGNOSTICS v_revoked = ROW_COUNT;
	RETURN json_build_object('revoked', v_revoked);
END
$$;
COMMENT ON FUNCTION skillancer_api.session_revoke_all(boolean) IS
	'Ends all sessions of the caller but the present one, or that one too with includeCurrent.';
SELECT skillancer.add_route('POST', '/v1/auth/sessions/revoke-all', 'session_revoke_all', class => 'fast',
	idempotent => false, summary => 'End all my other sessions', answers => '{revoked: integer}');

--
CREATE OR REPLACE FUNCTION skillancer_api.me_change_password(
	p_current_password text, p_new_password text, p_token_transport text DEFAULT 'cookie',
	p_header_user_agent text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_user skillancer.user_id := skillancer.current_user_id();
	v_result record;
	v_session record;
BEGIN
	PERFORM skillancer.require_role('USER');
	PERFORM skillancer.check_text('currentPassword', p_current_password, 1, 1024);
	PERFORM skillancer.check_password('newPassword', p_new_password,
		(SELECT a.email FROM skillancer.user_account a WHERE a.id = v_user));
	PERFORM skillancer.check_that('newPassword', p_new_password IS DISTINCT FROM p_current_password,
		'must differ from the current one');
	PERFORM skillancer.check_one_of('tokenTransport', p_token_transport, '{cookie,body}');
	PERFORM skillancer.check_done();
	SELECT * INTO v_result FROM skillancer.confirm_password(p_current_password);
	IF v_result.outcome = 'LOCKED' THEN
		RETURN skillancer.sign_in_locked(v_result.locked_until);
	ELSIF v_result.outcome = 'WRONG' THEN
		RETURN skillancer.refusal(401, 'INVALID_CREDENTIALS', 'the current password is wrong');
	END IF;
	PERFORM skillancer.set_password(v_user, p_new_password);
	SELECT * INTO v_session FROM skillancer.start_session(v_user, p_header_user_agent);
	RETURN skillancer.signed_in(v_user, v_session.session_id, v_session.refresh_token, p_token_transport);
END
$$;
COMMENT ON FUNCTION skillancer_api.me_change_password(text, text, text, text) IS
	'Changes the password. Every session ends, the present one too; the answer starts a new one.';
SELECT skillancer.add_route('POST', '/v1/users/me/password', 'me_change_password', rate => 'auth',
	idempotent => false, summary => 'Change my password', answers => 'signed_in');
