/*
 * sign_in.sql
 *		Sign-in, sessions and refresh tokens. Owned by the engine, because the caller is nobody yet.
 *
 * None of these functions raises for a wrong password or token: they return an outcome, so that
 * counters and revocations commit.
 */

-- How sign-in failures are keyed: by a hash, so that unknown addresses are nothing special.
CREATE OR REPLACE FUNCTION skillancer.sign_in_account(p_email text)
RETURNS bytea
LANGUAGE plpgsql IMMUTABLE STRICT
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN sha256(convert_to(lower(p_email), 'UTF8'));
END
$$;
COMMENT ON FUNCTION skillancer.sign_in_account(text) IS 'Key of an address in sign_in_failure.';

-- Until when this address may not sign in from this network, or NULL.
CREATE OR REPLACE FUNCTION skillancer.sign_in_locked_until(p_email text, p_user skillancer.user_id)
RETURNS timestamptz
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_account bytea := skillancer.sign_in_account(p_email);
	v_network text := skillancer.request_network();
	v_pair timestamptz;
	v_account_wide timestamptz;
	v_network_wide timestamptz;
BEGIN
	-- the row lock makes parallel guesses from one network wait for each other's count
	INSERT INTO skillancer.sign_in_failure AS f (account, network, failures, window_start)
	VALUES (v_account, v_network, 0, skillancer.now())
	ON CONFLICT ON CONSTRAINT sign_in_failure_pkey DO UPDATE SET failures = f.failures
	RETURNING f.locked_until INTO v_pair;
	SELECT max(f.locked_until) FILTER (WHERE f.network = '*'),
		max(f.locked_until) FILTER (WHERE f.account = ''::bytea)
	INTO v_account_wide, v_network_wide
	FROM skillancer.sign_in_failure f
	WHERE (f.account = v_account AND f.network = '*') OR (f.account = ''::bytea AND f.network = v_network);
	-- guesses from many networks do not lock the owner out of those that were used before
	IF v_account_wide > skillancer.now() AND EXISTS (
		SELECT FROM skillancer.session s
		WHERE s.user_id = p_user AND s.network = v_network
			AND s.created_at > skillancer.now() - interval '90 days'
			AND s.revoked_reason IS DISTINCT FROM 'TOKEN_REUSE') THEN
		v_account_wide := NULL;
	END IF;
	RETURN (SELECT max(t) FROM unnest(ARRAY[v_pair, v_account_wide, v_network_wide]) t
		WHERE t > skillancer.now());
END
$$;
COMMENT ON FUNCTION skillancer.sign_in_locked_until(text, skillancer.user_id) IS
	'The end of the lock on this address and network, NULL when there is none; serialises attempts of one pair.';
ALTER FUNCTION skillancer.sign_in_locked_until(text, skillancer.user_id) OWNER TO skillancer_engine;

-- Counts one failure under one key.
CREATE OR REPLACE FUNCTION skillancer.count_sign_in_failure(
	p_account bytea, p_network text, p_limit bigint, p_window interval, p_lock interval)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_now timestamptz := skillancer.now();
	v_failures integer;
BEGIN
	INSERT INTO skillancer.sign_in_failure AS f (account, network, failures, window_start)
	VALUES (p_account, p_network, 1, v_now)
	ON CONFLICT ON CONSTRAINT sign_in_failure_pkey DO UPDATE SET
		failures = CASE WHEN f.window_start <= v_now - p_window THEN 1 ELSE f.failures + 1 END,
		window_start = CASE WHEN f.failures = 0 OR f.window_start <= v_now - p_window THEN v_now ELSE f.window_start END
	RETURNING f.failures INTO v_failures;
	IF v_failures >= p_limit THEN
		UPDATE skillancer.sign_in_failure
		SET locked_until = v_now + p_lock
		WHERE account = p_account AND network = p_network;
	END IF;
END
$$;
COMMENT ON FUNCTION skillancer.count_sign_in_failure(bytea, text, bigint, interval, interval) IS
	'Adds a failure to a counter and locks it when the limit is reached within the window.';
ALTER FUNCTION skillancer.count_sign_in_failure(bytea, text, bigint, interval, interval) OWNER TO skillancer_engine;

-- Counts a failed sign-in by pair, by account and by network.
CREATE OR REPLACE FUNCTION skillancer.sign_in_failed(p_email text)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_account bytea := skillancer.sign_in_account(p_email);
	v_network text := skillancer.request_network();
	v_lock interval := skillancer.policy_interval('signInLock');
BEGIN
	PERFORM skillancer.count_sign_in_failure(v_account, v_network, skillancer.policy_int('signInFailures'),
		skillancer.policy_interval('signInWindow'), v_lock);
	PERFORM skillancer.count_sign_in_failure(v_account, '*', skillancer.policy_int('signInAccountFailures'),
		skillancer.policy_interval('signInAccountWindow'), v_lock);
	PERFORM skillancer.count_sign_in_failure(''::bytea, v_network, skillancer.policy_int('signInNetworkFailures'),
		skillancer.policy_interval('signInWindow'), v_lock);
END
$$;
COMMENT ON FUNCTION skillancer.sign_in_failed(text) IS
	'Counts a failure for the address from this network, for the address anywhere, and for the network.';
ALTER FUNCTION skillancer.sign_in_failed(text) OWNER TO skillancer_engine;

-- A new refresh token in a session.
CREATE OR REPLACE FUNCTION skillancer.issue_refresh_token(p_session skillancer.session_id, p_parent uuid)
RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_token record;
	v_expires timestamptz := skillancer.now() + skillancer.policy_interval('refreshTokenLifetime');
BEGIN
	SELECT * INTO v_token FROM skillancer.token_make();
	INSERT INTO skillancer.refresh_token (id, session_id, parent_id, hash, expires_at)
	VALUES (v_token.id, p_session, p_parent, v_token.hash, v_expires);
	UPDATE skillancer.session SET last_used_at = skillancer.now(), expires_at = v_expires WHERE id = p_session;
	RETURN v_token.token;
END
$$;
COMMENT ON FUNCTION skillancer.issue_refresh_token(skillancer.session_id, uuid) IS
	'Text of a new refresh token; the session lives as long as its newest token.';
ALTER FUNCTION skillancer.issue_refresh_token(skillancer.session_id, uuid) OWNER TO skillancer_engine;

-- A new session with its first refresh token.
CREATE OR REPLACE FUNCTION skillancer.start_session(
	p_user skillancer.user_id, p_user_agent text, OUT session_id skillancer.session_id, OUT refresh_token text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	INSERT INTO skillancer.session (user_id, user_agent, address, network, expires_at)
	VALUES (p_user, left(p_user_agent, 400), skillancer.request_address(), skillancer.request_network(),
		skillancer.now())
	RETURNING id INTO session_id;
	refresh_token := skillancer.issue_refresh_token(session_id, NULL);
END
$$;
COMMENT ON FUNCTION skillancer.start_session(skillancer.user_id, text) IS
	'Starts a session of a user who has just proved to be that user.';
ALTER FUNCTION skillancer.start_session(skillancer.user_id, text) OWNER TO skillancer_engine;

-- Ends the sessions of a user.
CREATE OR REPLACE FUNCTION skillancer.end_sessions(
	p_user skillancer.user_id, p_reason text, p_except skillancer.session_id DEFAULT NULL)
RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_ended integer;
BEGIN
	UPDATE skillancer.session
	SET revoked_at = skillancer.now(), revoked_reason = p_reason
	WHERE user_id = p_user AND revoked_at IS NULL AND id IS DISTINCT FROM p_except;
	GET DIAGNOSTICS v_ended = ROW_COUNT;
	RETURN v_ended;
END
$$;
COMMENT ON FUNCTION skillancer.end_sessions(skillancer.user_id, text, skillancer.session_id) IS
	'Revokes all sessions of a user, but for one; returns how many.';
ALTER FUNCTION skillancer.end_sessions(skillancer.user_id, text, skillancer.session_id) OWNER TO skillancer_engine;

-- Verifies the password of an address; the same work for an unknown one.
CREATE OR REPLACE FUNCTION skillancer.sign_in(
	p_email text, p_password text, p_user_agent text,
	OUT outcome text, OUT user_id skillancer.user_id, OUT session_id skillancer.session_id,
	OUT refresh_token text, OUT locked_until timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_user record;
BEGIN
	SELECT a.id, a.state, c.password_hash INTO v_user
	FROM skillancer.user_account a
	JOIN skillancer.user_credential c ON c.user_id = a.id
	WHERE a.email_key = lower(p_email);
	locked_until := skillancer.sign_in_locked_until(p_email, v_user.id);
	IF locked_until IS NOT NULL THEN
		outcome := 'LOCKED';
		RETURN;
	END IF;
	IF NOT skillancer.password_verify(p_password, v_user.password_hash) THEN
		PERFORM skillancer.sign_in_failed(p_email);
		outcome := 'WRONG';
		RETURN;
	END IF;
	DELETE FROM skillancer.sign_in_failure f
	WHERE f.account = skillancer.sign_in_account(p_email) AND f.network = skillancer.request_network();
	IF v_user.state IN ('SUSPENDED', 'CLOSED') THEN
		outcome := v_user.state;
		RETURN;
	END IF;
	IF skillancer.password_is_outdated(v_user.password_hash) THEN
		UPDATE skillancer.user_credential c
		SET password_hash = skillancer.password_hash(p_password)
		WHERE c.user_id = v_user.id;
	END IF;
	outcome := 'OK';
	user_id := v_user.id;
	SELECT s.session_id, s.refresh_token INTO sign_in.session_id, sign_in.refresh_token
	FROM skillancer.start_session(v_user.id, p_user_agent) s;
END
$$;
COMMENT ON FUNCTION skillancer.sign_in(text, text, text) IS
	'Outcome OK, WRONG, LOCKED, SUSPENDED or CLOSED; on OK a session was started.';
ALTER FUNCTION skillancer.sign_in(text, text, text) OWNER TO skillancer_engine;

-- Ends the family of a token that was used twice, and says so to its owner.
CREATE OR REPLACE FUNCTION skillancer.refresh_token_reused(p_session skillancer.session_id)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_user uuid;
	v_user_agent text;
BEGIN
	UPDATE skillancer.session s
	SET revoked_at = skillancer.now(), revoked_reason = 'TOKEN_REUSE'
	WHERE s.id = p_session
	RETURNING s.user_id::uuid, s.user_agent INTO v_user, v_user_agent;
	PERFORM skillancer.emit('user.security_alert', 'user', v_user,
		jsonb_build_object('userId', v_user::skillancer.user_id::text, 'kind', 'TOKEN_REUSE',
			'sessionId', p_session::text),
		ARRAY[v_user]);
	PERFORM skillancer.send_mail(v_user, 'security_alert',
		jsonb_build_object('kind', 'TOKEN_REUSE', 'address', skillancer.request_address(), 'userAgent', v_user_agent));
END
$$;
COMMENT ON FUNCTION skillancer.refresh_token_reused(skillancer.session_id) IS
	'Revokes the session: one of two holders of its token is a thief, and nobody knows which.';
ALTER FUNCTION skillancer.refresh_token_reused(skillancer.session_id) OWNER TO skillancer_engine;

-- Whether a used token may be exchanged once more: two tabs at once, or an answer that was lost.
CREATE OR REPLACE FUNCTION skillancer.refresh_grace(p_token uuid)
RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN EXISTS (
		SELECT FROM skillancer.refresh_token t
		WHERE t.id = p_token AND t.sibling_at IS NULL
			AND t.used_at > skillancer.now() - skillancer.policy_interval('refreshTokenGrace')
			AND NOT EXISTS (SELECT FROM skillancer.refresh_token c WHERE c.parent_id = t.id AND c.used_at IS NOT NULL));
END
$$;
COMMENT ON FUNCTION skillancer.refresh_grace(uuid) IS
	'True within ten seconds of its use, once, and only while its successor is unused.';
ALTER FUNCTION skillancer.refresh_grace(uuid) OWNER TO skillancer_engine;

-- Exchanges a refresh token.
CREATE OR REPLACE FUNCTION skillancer.refresh_session(
	p_token text,
	OUT outcome text, OUT user_id skillancer.user_id, OUT session_id skillancer.session_id, OUT refresh_token text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_token skillancer.refresh_token%ROWTYPE;
	v_session skillancer.session%ROWTYPE;
BEGIN
	outcome := 'INVALID';
	SELECT * INTO v_token FROM skillancer.refresh_token t WHERE t.id = skillancer.token_id(p_token) FOR UPDATE;
	IF NOT FOUND OR NOT skillancer.token_matches(p_token, v_token.hash) THEN
		RETURN;
	END IF;
	SELECT * INTO v_session FROM skillancer.session s WHERE s.id = v_token.session_id FOR UPDATE;
	IF v_session.revoked_at IS NOT NULL OR v_token.expires_at <= skillancer.now() OR EXISTS (
		SELECT FROM skillancer.user_account a
		WHERE a.id = v_session.user_id AND a.state IN ('SUSPENDED', 'CLOSED')) THEN
		RETURN;
	END IF;
	IF v_token.used_at IS NULL THEN
		UPDATE skillancer.refresh_token t SET used_at = skillancer.now() WHERE t.id = v_token.id;
	ELSIF skillancer.refresh_grace(v_token.id) THEN
		UPDATE skillancer.refresh_token t SET sibling_at = skillancer.now() WHERE t.id = v_token.id;
	ELSE
		PERFORM skillancer.refresh_token_reused(v_session.id);
		outcome := 'REUSED';
		RETURN;
	END IF;
	outcome := 'OK';
	user_id := v_session.user_id;
	session_id := v_session.id;
	refresh_token := skillancer.issue_refresh_token(v_session.id, v_token.id);
END
$$;
COMMENT ON FUNCTION skillancer.refresh_session(text) IS
	'Outcome OK, INVALID or REUSED. Every use rotates the token; a second use ends the session, but for the grace of refresh_grace().';
ALTER FUNCTION skillancer.refresh_session(text) OWNER TO skillancer_engine;

-- Ends the session that a refresh token belongs to.
CREATE OR REPLACE FUNCTION skillancer.end_session_of_token(p_token text)
RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_session skillancer.session_id;
BEGIN
	SELECT t.session_id INTO v_session FROM skillancer.refresh_token t
	WHERE t.id = skillancer.token_id(p_token) AND skillancer.token_matches(p_token, t.hash);
	UPDATE skillancer.session s
	SET revoked_at = skillancer.now(), revoked_reason = 'LOGOUT'
	WHERE s.id = v_session AND s.revoked_at IS NULL;
	RETURN v_session IS NOT NULL;
END
$$;
COMMENT ON FUNCTION skillancer.end_session_of_token(text) IS
	'Signs out with the refresh token alone, when the access token has expired; false for an unknown token.';
ALTER FUNCTION skillancer.end_session_of_token(text) OWNER TO skillancer_engine;

-- What expired rows of sign-in are good for: nothing.
CREATE OR REPLACE FUNCTION skillancer.purge_sign_in()
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_rows bigint;
	v_total bigint;
BEGIN
	DELETE FROM skillancer.sign_in_failure f
	WHERE f.window_start < skillancer.now() - interval '1 day'
		AND coalesce(f.locked_until < skillancer.now(), true);
	GET DIAGNOSTICS v_total = ROW_COUNT;
	DELETE FROM skillancer.email_token t WHERE t.expires_at < skillancer.now() - interval '1 day';
	GET DIAGNOSTICS v_rows = ROW_COUNT;
	v_total := v_total + v_rows;
	DELETE FROM skillancer.session s WHERE s.expires_at < skillancer.now() - interval '90 days';
	GET DIAGNOSTICS v_rows = ROW_COUNT;
	RETURN v_total + v_rows;
END
$$;
COMMENT ON FUNCTION skillancer.purge_sign_in() IS
	'Deletes counters and mailed tokens a day after their end, sessions 90 days after theirs; returns how many rows.';
ALTER FUNCTION skillancer.purge_sign_in() OWNER TO skillancer_engine;

INSERT INTO skillancer.housekeeping_job (job, every) VALUES ('purge_sign_in', '10 minutes');
