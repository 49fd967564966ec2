/*
 * api_auth.sql
 *		Registration, sign-in and tokens.
 *
 * Whether an address is known shows nowhere: the answers to registration, resend and reset are the
 * same for all, and a wrong password costs and says what an unknown address does.
 */

-- What an access token says.
CREATE OR REPLACE FUNCTION skillancer.token_claims(p_user skillancer.user_id, p_session skillancer.session_id)
RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN jsonb_build_object('sub', p_user::text, 'sid', p_session::text, 'aal', 1,
		'roles', (SELECT jsonb_agg(r.role ORDER BY r.role) FROM skillancer.user_role r WHERE r.user_id = p_user));
END
$$;
COMMENT ON FUNCTION skillancer.token_claims(skillancer.user_id, skillancer.session_id) IS
	'The claims of an access token of a session, for the bridge to sign.';
ALTER FUNCTION skillancer.token_claims(skillancer.user_id, skillancer.session_id) OWNER TO skillancer_engine;

-- What every successful sign-in answers; the bridge adds the access token.
CREATE OR REPLACE FUNCTION skillancer.signed_in(
	p_user skillancer.user_id, p_session skillancer.session_id, p_refresh_token text, p_transport text)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_in_body boolean := p_transport = 'body';
	v_headers jsonb := jsonb_build_object(
		'Cache-Control', 'no-store',
		'skl-mint', skillancer.token_claims(p_user, p_session));
	v_body jsonb := jsonb_build_object(
		'user', (SELECT d.doc FROM skillancer.user_doc d WHERE d.id = p_user),
		'sessionId', p_session::text);
BEGIN
	IF v_in_body THEN
		v_body := v_body || jsonb_build_object('refreshToken', p_refresh_token,
			'refreshExpiresIn', extract(epoch FROM skillancer.policy_interval('refreshTokenLifetime'))::integer);
	ELSE
		v_headers := v_headers || jsonb_build_object('Set-Cookie', skillancer.refresh_cookie(p_refresh_token));
	END IF;
	RETURN ROW(200, NULL, v_headers, NULL, v_body::json)::skillancer.reply;
END
$$;
COMMENT ON FUNCTION skillancer.signed_in(skillancer.user_id, skillancer.session_id, text, text) IS
	'Answer of sign-in and refresh: user, and the refresh token in a cookie or, for native clients, in the body.';
ALTER FUNCTION skillancer.signed_in(skillancer.user_id, skillancer.session_id, text, text) OWNER TO skillancer_engine;

-- 423 with the time.
CREATE OR REPLACE FUNCTION skillancer.sign_in_locked(p_until timestamptz)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN skillancer.refusal(423, 'ACCOUNT_LOCKED', 'too many failed attempts: sign-in is locked for a while',
		jsonb_build_object('Retry-After',
			greatest(ceil(extract(epoch FROM p_until - skillancer.now())), 1)::integer::text),
		jsonb_build_array(jsonb_build_object('lockedUntil', p_until)));
END
$$;
COMMENT ON FUNCTION skillancer.sign_in_locked(timestamptz) IS 'The answer while sign-in is locked.';

-- 401 for a refresh token that is worth nothing; takes the cookie away.
CREATE OR REPLACE FUNCTION skillancer.refresh_refused()
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN skillancer.refusal(401, 'AUTHENTICATION_ERROR', 'the refresh token is not valid',
		jsonb_build_object('Set-Cookie', skillancer.refresh_cookie(NULL), 'Cache-Control', 'no-store'));
END
$$;
COMMENT ON FUNCTION skillancer.refresh_refused() IS 'The answer to a refresh token that is unknown, expired, revoked or reused.';

--
CREATE OR REPLACE FUNCTION skillancer_api.auth_register(
	p_email text, p_password text, p_name text, p_roles text[] DEFAULT '{CLIENT,FREELANCER}')
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.check_email('email', p_email);
	PERFORM skillancer.check_password('password', p_password, p_email);
	PERFORM skillancer.check_text('name', btrim(p_name), 1, 100);
	PERFORM skillancer.check_that('roles', p_roles <@ '{CLIENT,FREELANCER}'::text[] AND array_length(p_roles, 1) > 0,
		'must be CLIENT, FREELANCER or both');
	PERFORM skillancer.check_done();
	PERFORM skillancer.register(p_email, btrim(p_name), p_password, p_roles);
	RETURN ROW(202, NULL, NULL, NULL, json_build_object('email', p_email, 'status', 'VERIFICATION_SENT'))::skillancer.reply;
END
$$;
COMMENT ON FUNCTION skillancer_api.auth_register(text, text, text, text[]) IS
	'Creates an account and mails a link that verifies the address. A known address gets the same answer, and a mail that tells its owner.';
SELECT skillancer.add_route('POST', '/v1/auth/register', 'auth_register', who => 'anyone', rate => 'auth',
	summary => 'Create an account', answers => '202 {email: text, status: "VERIFICATION_SENT"}');

--
CREATE OR REPLACE FUNCTION skillancer_api.auth_login(
	p_email text, p_password text, p_token_transport text DEFAULT 'cookie', p_header_user_agent text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_result record;
BEGIN
	PERFORM skillancer.check_text('email', p_email, 1, 254);
	PERFORM skillancer.check_text('password', p_password, 1, 1024);
	PERFORM skillancer.check_one_of('tokenTransport', p_token_transport, '{cookie,body}');
	PERFORM skillancer.check_done();
	SELECT * INTO v_result FROM skillancer.sign_in(p_email, p_password, p_header_user_agent);
	RETURN CASE v_result.outcome
		WHEN 'OK' THEN
			skillancer.signed_in(v_result.user_id, v_result.session_id, v_result.refresh_token, p_token_transport)
		WHEN 'LOCKED' THEN skillancer.sign_in_locked(v_result.locked_until)
		WHEN 'WRONG' THEN
			skillancer.refusal(401, 'INVALID_CREDENTIALS', 'e-mail address or password is wrong')
		ELSE skillancer.refusal(403, 'PERMISSION_DENIED', 'the account is ' || lower(v_result.outcome))
	END;
END
$$;
COMMENT ON FUNCTION skillancer_api.auth_login(text, text, text, text) IS
	'Signs in: an access token in the body, the refresh token in a cookie, or in the body with tokenTransport "body". Five failures in 15 minutes lock the account for this network: 423 with the time.';
SELECT skillancer.add_route('POST', '/v1/auth/login', 'auth_login', who => 'anyone', rate => 'auth',
	summary => 'Sign in', answers => 'signed_in');

--
CREATE OR REPLACE FUNCTION skillancer_api.auth_refresh(
	p_refresh_token text DEFAULT NULL, p_cookie_skl_refresh text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_result record;
BEGIN
	PERFORM skillancer.check_text('refreshToken', p_refresh_token, 1, 200, required => false);
	PERFORM skillancer.check_done();
	SELECT * INTO v_result FROM skillancer.refresh_session(coalesce(p_refresh_token, p_cookie_skl_refresh));
	IF v_result.outcome <> 'OK' THEN
		RETURN skillancer.refresh_refused();
	END IF;
	RETURN skillancer.signed_in(v_result.user_id, v_result.session_id, v_result.refresh_token,
		CASE WHEN p_refresh_token IS NULL THEN 'cookie' ELSE 'body' END);
END
$$;
COMMENT ON FUNCTION skillancer_api.auth_refresh(text, text) IS
	'Exchanges the refresh token (cookie, or refreshToken in the body) for a new one and an access token. A token used twice ends the session, but for one repetition within ten seconds.';
SELECT skillancer.add_route('POST', '/v1/auth/refresh', 'auth_refresh', who => 'anyone', rate => 'auth',
	summary => 'Exchange the refresh token', answers => 'signed_in');

--
CREATE OR REPLACE FUNCTION skillancer_api.auth_logout(
	p_refresh_token text DEFAULT NULL, p_cookie_skl_refresh text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_token text := coalesce(p_refresh_token, p_cookie_skl_refresh);
	v_known boolean := skillancer.current_session_id() IS NOT NULL;
BEGIN
	PERFORM skillancer.check_text('refreshToken', p_refresh_token, 1, 200, required => false);
	PERFORM skillancer.check_done();
	IF v_known THEN
		UPDATE skillancer.session
		SET revoked_at = skillancer.now(), revoked_reason = 'LOGOUT'
		WHERE id = skillancer.current_session_id() AND revoked_at IS NULL;
	END IF;
	IF v_token IS NOT NULL THEN
		v_known := skillancer.end_session_of_token(v_token) OR v_known;
	END IF;
	IF NOT v_known THEN
		RETURN skillancer.refresh_refused();
	END IF;
	RETURN ROW(204, NULL, jsonb_build_object('Set-Cookie', skillancer.refresh_cookie(NULL)), NULL, NULL)::skillancer.reply;
END
$$;
COMMENT ON FUNCTION skillancer_api.auth_logout(text, text) IS
	'Ends the session of the access token, of the refresh token, or of both.';
SELECT skillancer.add_route('POST', '/v1/auth/logout', 'auth_logout', who => 'anyone', class => 'fast',
	summary => 'Sign out', answers => '204');

--
CREATE OR REPLACE FUNCTION skillancer_api.auth_verify_email(p_token text)
RETURNS json
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_user skillancer.user_id;
BEGIN
	PERFORM skillancer.check_text('token', p_token, 1, 200);
	PERFORM skillancer.check_done();
	v_user := skillancer.use_email_token(p_token, 'VERIFY_EMAIL');
	IF v_user IS NULL THEN
		PERFORM skillancer.fail('TOKEN_INVALID');
	END IF;
	PERFORM skillancer.email_verified(v_user);
	RETURN json_build_object('status', 'VERIFIED');
END
$$;
COMMENT ON FUNCTION skillancer_api.auth_verify_email(text) IS
	'Verifies the address by the token of the mailed link: 24 hours, once.';
SELECT skillancer.add_route('POST', '/v1/auth/verify-email', 'auth_verify_email', who => 'anyone', rate => 'auth',
	summary => 'Verify the e-mail address', answers => '{status: "VERIFIED"}');

--
CREATE OR REPLACE FUNCTION skillancer_api.auth_resend_verification(p_email text)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.check_email('email', p_email);
	PERFORM skillancer.check_done();
	PERFORM skillancer.resend_verification(p_email);
	RETURN ROW(202, NULL, NULL, NULL, json_build_object('email', p_email, 'status', 'ACCEPTED'))::skillancer.reply;
END
$$;
COMMENT ON FUNCTION skillancer_api.auth_resend_verification(text) IS
	'Mails the link again if the address waits for it. The answer does not depend on that.';
SELECT skillancer.add_route('POST', '/v1/auth/resend-verification', 'auth_resend_verification', who => 'anyone',
	rate => 'auth', summary => 'Mail the verification link again',
	answers => '202 {email: text, status: "ACCEPTED"}');

--
CREATE OR REPLACE FUNCTION skillancer_api.auth_forgot_password(p_email text)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.check_email('email', p_email);
	PERFORM skillancer.check_done();
	PERFORM skillancer.request_password_reset(p_email);
	RETURN ROW(202, NULL, NULL, NULL, json_build_object('email', p_email, 'status', 'ACCEPTED'))::skillancer.reply;
END
$$;
COMMENT ON FUNCTION skillancer_api.auth_forgot_password(text) IS
	'Mails a link that sets a new password if there is such an account. The answer does not depend on that.';
SELECT skillancer.add_route('POST', '/v1/auth/forgot-password', 'auth_forgot_password', who => 'anyone',
	rate => 'auth', summary => 'Ask for a link that sets a new password',
	answers => '202 {email: text, status: "ACCEPTED"}');

--
CREATE OR REPLACE FUNCTION skillancer_api.auth_reset_password(p_token text, p_password text)
RETURNS json
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.check_text('token', p_token, 1, 200);
	PERFORM skillancer.check_password('password', p_password);
	PERFORM skillancer.check_done();
	IF NOT skillancer.reset_password(p_token, p_password) THEN
		PERFORM skillancer.fail('TOKEN_INVALID');
	END IF;
	RETURN json_build_object('status', 'PASSWORD_CHANGED');
END
$$;
COMMENT ON FUNCTION skillancer_api.auth_reset_password(text, text) IS
	'Sets a new password by the token of the mailed link: one hour, once. Every session ends.';
SELECT skillancer.add_route('POST', '/v1/auth/reset-password', 'auth_reset_password', who => 'anyone',
	rate => 'auth', summary => 'Set a new password by a mailed link', answers => '{status: "PASSWORD_CHANGED"}');
