/*
 * accounts.sql
 *		Making accounts, mailed links, passwords and roles. Owned by the engine where the caller
 *		is nobody yet or must not touch the rows himself.
 */

-- A mailed link: replaces earlier ones of the same purpose.
CREATE OR REPLACE FUNCTION skillancer.make_email_token(
	p_user skillancer.user_id, p_purpose text, p_lifetime interval)
RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_token record;
BEGIN
	SELECT * INTO v_token FROM skillancer.token_make();
	DELETE FROM skillancer.email_token WHERE user_id = p_user AND purpose = p_purpose;
	INSERT INTO skillancer.email_token (id, user_id, purpose, email_key, hash, expires_at)
	SELECT v_token.id, a.id, p_purpose, a.email_key, v_token.hash, skillancer.now() + p_lifetime
	FROM skillancer.user_account a WHERE a.id = p_user;
	RETURN v_token.token;
END
$$;
COMMENT ON FUNCTION skillancer.make_email_token(skillancer.user_id, text, interval) IS
	'Text of a new single-use token for the present address of the user.';
ALTER FUNCTION skillancer.make_email_token(skillancer.user_id, text, interval) OWNER TO skillancer_engine;

-- Takes a mailed token out of the table.
CREATE OR REPLACE FUNCTION skillancer.use_email_token(p_token text, p_purpose text)
RETURNS skillancer.user_id
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_user skillancer.user_id;
BEGIN
	DELETE FROM skillancer.email_token t
	USING skillancer.user_account a
	WHERE t.id = skillancer.token_id(p_token) AND t.purpose = p_purpose
		AND skillancer.token_matches(p_token, t.hash) AND t.expires_at > skillancer.now()
		AND a.id = t.user_id AND a.email_key = t.email_key AND a.state NOT IN ('SUSPENDED', 'CLOSED')
	RETURNING t.user_id INTO v_user;
	RETURN v_user;
END
$$;
COMMENT ON FUNCTION skillancer.use_email_token(text, text) IS
	'The user whose link this is, once; NULL for anything else. A link to an earlier address is worth nothing.';
ALTER FUNCTION skillancer.use_email_token(text, text) OWNER TO skillancer_engine;

-- Mails the link that verifies an address.
CREATE OR REPLACE FUNCTION skillancer.mail_verification(p_user skillancer.user_id)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.send_mail(p_user::uuid, 'verify_email', jsonb_build_object('token',
		skillancer.make_email_token(p_user, 'VERIFY_EMAIL', skillancer.policy_interval('emailTokenLifetime'))));
END
$$;
COMMENT ON FUNCTION skillancer.mail_verification(skillancer.user_id) IS 'Sends a new link to the address of the user.';
ALTER FUNCTION skillancer.mail_verification(skillancer.user_id) OWNER TO skillancer_engine;

-- Rows of a new account; no checks, no mail.
CREATE OR REPLACE FUNCTION skillancer.create_account(
	p_email text, p_name text, p_password_hash text, p_roles text[])
RETURNS skillancer.user_id
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_user skillancer.user_id;
BEGIN
	INSERT INTO skillancer.user_account (email, name) VALUES (p_email, p_name)
	ON CONFLICT ON CONSTRAINT user_account_email_key DO NOTHING
	RETURNING id INTO v_user;
	IF v_user IS NULL THEN
		RETURN NULL;
	END IF;
	INSERT INTO skillancer.user_role (user_id, role)
	SELECT v_user, r FROM unnest(p_roles || '{USER}'::text[]) r GROUP BY r;
	INSERT INTO skillancer.user_credential (user_id, password_hash) VALUES (v_user, p_password_hash);
	INSERT INTO skillancer.profile (user_id, display_name) VALUES (v_user, p_name);
	INSERT INTO skillancer.verification (user_id, kind, status) VALUES (v_user, 'EMAIL', 'PENDING');
	PERFORM skillancer.emit('user.created', 'user', v_user::uuid,
		jsonb_build_object('userId', v_user::text, 'roles', to_jsonb(p_roles)), ARRAY[v_user::uuid]);
	RETURN v_user;
END
$$;
COMMENT ON FUNCTION skillancer.create_account(text, text, text, text[]) IS
	'Id of the new, PENDING account; NULL when the address is taken.';
ALTER FUNCTION skillancer.create_account(text, text, text, text[]) OWNER TO skillancer_engine;

-- Registration: a taken address is told to its owner by mail, and to nobody else.
CREATE OR REPLACE FUNCTION skillancer.register(p_email text, p_name text, p_password text, p_roles text[])
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_hash text := skillancer.password_hash(p_password);
	v_user skillancer.user_id;
BEGIN
	v_user := skillancer.create_account(p_email, p_name, v_hash, p_roles);
	IF v_user IS NOT NULL THEN
		PERFORM skillancer.mail_verification(v_user);
		RETURN;
	END IF;
	SELECT a.id INTO v_user FROM skillancer.user_account a
	WHERE a.email_key = lower(p_email) AND a.state <> 'CLOSED';
	IF FOUND THEN
		PERFORM skillancer.send_mail(v_user::uuid, 'registration_attempt',
			jsonb_build_object('address', skillancer.request_address()));
	END IF;
END
$$;
COMMENT ON FUNCTION skillancer.register(text, text, text, text[]) IS
	'Makes an account and mails the link, or mails the owner of the address; the caller cannot tell which.';
ALTER FUNCTION skillancer.register(text, text, text, text[]) OWNER TO skillancer_engine;

-- The address of the user is known to be his.
CREATE OR REPLACE FUNCTION skillancer.email_verified(p_user skillancer.user_id)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	INSERT INTO skillancer.verification (user_id, kind, status, verified_at)
	VALUES (p_user, 'EMAIL', 'VERIFIED', skillancer.now())
	ON CONFLICT ON CONSTRAINT verification_pkey DO UPDATE SET status = 'VERIFIED', verified_at = skillancer.now();
	DELETE FROM skillancer.email_token WHERE user_id = p_user AND purpose = 'VERIFY_EMAIL';
	IF (SELECT a.state FROM skillancer.user_account a WHERE a.id = p_user) = 'PENDING' THEN
		PERFORM skillancer.fire_system('user', p_user::uuid, 'verify');
	END IF;
	IF EXISTS (SELECT FROM skillancer.user_role r WHERE r.user_id = p_user AND r.role = 'FREELANCER') THEN
		PERFORM skillancer.connects_grant_month(ARRAY[p_user]);
	END IF;
END
$$;
COMMENT ON FUNCTION skillancer.email_verified(skillancer.user_id) IS
	'Marks the address as verified and makes a pending account active; a freelancer gets the connects of the month.';
ALTER FUNCTION skillancer.email_verified(skillancer.user_id) OWNER TO skillancer_engine;

-- Sends another link to an address that waits for verification; says nothing about the others.
CREATE OR REPLACE FUNCTION skillancer.resend_verification(p_email text)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_user skillancer.user_id;
BEGIN
	SELECT a.id INTO v_user FROM skillancer.user_account a
	WHERE a.email_key = lower(p_email) AND a.state = 'PENDING'
		AND NOT EXISTS (
			SELECT FROM skillancer.email_token t
			WHERE t.user_id = a.id AND t.purpose = 'VERIFY_EMAIL'
				AND t.created_at > skillancer.now() - skillancer.policy_interval('emailTokenInterval'));
	IF FOUND THEN
		PERFORM skillancer.mail_verification(v_user);
	END IF;
END
$$;
COMMENT ON FUNCTION skillancer.resend_verification(text) IS
	'Mails a new verification link to a pending account, at most one in emailTokenInterval.';
ALTER FUNCTION skillancer.resend_verification(text) OWNER TO skillancer_engine;

-- Mails a link to set a new password, if there is such an account.
CREATE OR REPLACE FUNCTION skillancer.request_password_reset(p_email text)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_user skillancer.user_id;
BEGIN
	SELECT a.id INTO v_user FROM skillancer.user_account a
	WHERE a.email_key = lower(p_email) AND a.state NOT IN ('SUSPENDED', 'CLOSED')
		AND NOT EXISTS (
			SELECT FROM skillancer.email_token t
			WHERE t.user_id = a.id AND t.purpose = 'RESET_PASSWORD'
				AND t.created_at > skillancer.now() - skillancer.policy_interval('emailTokenInterval'));
	IF FOUND THEN
		PERFORM skillancer.send_mail(v_user::uuid, 'password_reset', jsonb_build_object(
			'token', skillancer.make_email_token(v_user, 'RESET_PASSWORD',
				skillancer.policy_interval('passwordTokenLifetime')),
			'address', skillancer.request_address()));
	END IF;
END
$$;
COMMENT ON FUNCTION skillancer.request_password_reset(text) IS
	'Mails a single-use link for one hour, at most one in emailTokenInterval; the answer is the same for everyone.';
ALTER FUNCTION skillancer.request_password_reset(text) OWNER TO skillancer_engine;

-- Stores a new password and ends every session.
CREATE OR REPLACE FUNCTION skillancer.set_password(p_user skillancer.user_id, p_password text)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	INSERT INTO skillancer.user_credential (user_id, password_hash, changed_at)
	VALUES (p_user, skillancer.password_hash(p_password), skillancer.now())
	ON CONFLICT ON CONSTRAINT user_credential_pkey DO UPDATE
	SET password_hash = EXCLUDED.password_hash, changed_at = EXCLUDED.changed_at;
	DELETE FROM skillancer.email_token WHERE user_id = p_user AND purpose = 'RESET_PASSWORD';
	PERFORM skillancer.end_sessions(p_user, 'PASSWORD_CHANGED');
	PERFORM skillancer.emit('user.password_changed', 'user', p_user::uuid,
		jsonb_build_object('userId', p_user::text), ARRAY[p_user::uuid]);
	PERFORM skillancer.send_mail(p_user::uuid, 'password_changed',
		jsonb_build_object('address', skillancer.request_address()));
END
$$;
COMMENT ON FUNCTION skillancer.set_password(skillancer.user_id, text) IS
	'A new password ends all sessions and open reset links, and is told to the user by mail.';
ALTER FUNCTION skillancer.set_password(skillancer.user_id, text) OWNER TO skillancer_engine;

-- Sets the password by a mailed link.
CREATE OR REPLACE FUNCTION skillancer.reset_password(p_token text, p_password text)
RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_user skillancer.user_id := skillancer.use_email_token(p_token, 'RESET_PASSWORD');
BEGIN
	IF v_user IS NULL THEN
		RETURN false;
	END IF;
	PERFORM skillancer.set_password(v_user, p_password);
	PERFORM skillancer.email_verified(v_user);
	DELETE FROM skillancer.sign_in_failure f
	USING skillancer.user_account a
	WHERE a.id = v_user AND f.account = skillancer.sign_in_account(a.email);
	RETURN true;
END
$$;
COMMENT ON FUNCTION skillancer.reset_password(text, text) IS
	'False for a link that is not valid (any more). The link also proves the address, and lifts locks on it.';
ALTER FUNCTION skillancer.reset_password(text, text) OWNER TO skillancer_engine;

-- Whether this is the password of the caller.
CREATE OR REPLACE FUNCTION skillancer.confirm_password(p_password text, OUT outcome text, OUT locked_until timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_user record;
BEGIN
	SELECT a.id, a.email, c.password_hash INTO v_user
	FROM skillancer.user_account a
	JOIN skillancer.user_credential c ON c.user_id = a.id
	WHERE a.id = skillancer.current_user_id();
	locked_until := skillancer.sign_in_locked_until(v_user.email, v_user.id);
	IF locked_until IS NOT NULL THEN
		outcome := 'LOCKED';
	ELSIF skillancer.password_verify(p_password, v_user.password_hash) THEN
		outcome := 'OK';
	ELSE
		PERFORM skillancer.sign_in_failed(v_user.email);
		outcome := 'WRONG';
	END IF;
END
$$;
COMMENT ON FUNCTION skillancer.confirm_password(text) IS
	'Outcome OK, WRONG or LOCKED for the caller; failures count like those of sign-in.';
ALTER FUNCTION skillancer.confirm_password(text) OWNER TO skillancer_engine;

-- Changes roles of a user.
CREATE OR REPLACE FUNCTION skillancer.set_roles(p_user skillancer.user_id, p_roles text[])
RETURNS text[]
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_before text[];
	v_after text[];
	v_removed integer;
BEGIN
	PERFORM 1 FROM skillancer.user_account a WHERE a.id = p_user FOR UPDATE;
	SELECT array_agg(r.role ORDER BY r.role) INTO v_before FROM skillancer.user_role r WHERE r.user_id = p_user;
	SELECT array_agg(DISTINCT r ORDER BY r) INTO v_after FROM unnest(p_roles || '{USER}'::text[]) r;
	DELETE FROM skillancer.user_role WHERE user_id = p_user AND role <> ALL (v_after);
	GET DIAGNOSTICS v_removed = ROW_COUNT;
	UPDATE skillancer.user_account SET version = version + 1, updated_at = skillancer.now() WHERE id = p_user;
	INSERT INTO skillancer.user_role (user_id, role, granted_by)
	SELECT p_user, r, skillancer.current_user_id() FROM unnest(v_after) r
	ON CONFLICT ON CONSTRAINT user_role_pkey DO NOTHING;
	IF v_removed > 0 THEN
		PERFORM skillancer.end_sessions(p_user, 'ROLES_CHANGED');
	END IF;
	IF 'FREELANCER' = ANY (v_after) THEN
		PERFORM skillancer.connects_grant_month(ARRAY[p_user]);
	END IF;
	PERFORM skillancer.audit('user.roles_set', 'user', p_user::uuid, to_jsonb(v_before), to_jsonb(v_after));
	PERFORM skillancer.emit('user.updated', 'user', p_user::uuid,
		jsonb_build_object('userId', p_user::text, 'fields', '["roles"]'::jsonb), ARRAY[p_user::uuid]);
	RETURN v_after;
END
$$;
COMMENT ON FUNCTION skillancer.set_roles(skillancer.user_id, text[]) IS
	'Replaces the roles; the caller has checked the right to. A lost role ends the sessions, so that it holds at once.';
ALTER FUNCTION skillancer.set_roles(skillancer.user_id, text[]) OWNER TO skillancer_engine;

-- The first administrator, by the superuser who installs.
CREATE OR REPLACE FUNCTION skillancer.create_admin(p_email text, p_password text, p_name text DEFAULT 'Administrator')
RETURNS skillancer.user_id
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_user skillancer.user_id;
BEGIN
	PERFORM skillancer.check_email('email', p_email, true);
	PERFORM skillancer.check_password('password', p_password, p_email);
	PERFORM skillancer.check_text('name', p_name, 1, 100, true);
	PERFORM skillancer.check_done();
	v_user := skillancer.create_account(p_email, p_name, skillancer.password_hash(p_password), '{ADMIN}');
	IF v_user IS NULL THEN
		PERFORM skillancer.fail('DUPLICATE_RESOURCE', 'the e-mail address is taken');
	END IF;
	PERFORM skillancer.email_verified(v_user);
	INSERT INTO skillancer.user_permission (user_id, permission) VALUES (v_user, 'system:manage_admins');
	PERFORM skillancer.audit('user.admin_created', 'user', v_user::uuid, NULL, NULL);
	RETURN v_user;
END
$$;
COMMENT ON FUNCTION skillancer.create_admin(text, text, text) IS
	'Makes an active account with the role ADMIN that may make others; for the superuser, in psql.';
