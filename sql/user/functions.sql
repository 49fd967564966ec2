/*
 * functions.sql
 *		Passwords, tokens and addresses: SQL face of extension/user, and small helpers of its API.
 */

-- Argon2id, as a PHC string.
CREATE OR REPLACE FUNCTION skillancer.password_hash(p_password text)
RETURNS text
LANGUAGE c VOLATILE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'skl_fn_password_hash';
COMMENT ON FUNCTION skillancer.password_hash(text) IS
	'Argon2id hash (19 MiB, 2 passes, 1 lane) of the NFKC form of a password, with a new salt.';

-- Constant work, whether there is a hash or not.
CREATE OR REPLACE FUNCTION skillancer.password_verify(p_password text, p_hash text)
RETURNS boolean
LANGUAGE c VOLATILE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'skl_fn_password_verify';
COMMENT ON FUNCTION skillancer.password_verify(text, text) IS
	'True when the password belongs to the hash. A NULL hash costs the same work and gives false.';

-- Whether to hash again at the next sign-in.
CREATE OR REPLACE FUNCTION skillancer.password_is_outdated(p_hash text)
RETURNS boolean
LANGUAGE c VOLATILE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'skl_fn_password_is_outdated';
COMMENT ON FUNCTION skillancer.password_is_outdated(text) IS
	'True when the hash was made with other parameters than password_hash() uses.';

-- Rules of a new password.
CREATE OR REPLACE FUNCTION skillancer.check_password(p_field text, p_password text, p_email text DEFAULT NULL)
RETURNS void
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'skl_fn_check_password';
COMMENT ON FUNCTION skillancer.check_password(text, text, text) IS
	'Notes a problem unless the password has 8 to 128 characters with upper, lower and digit, and is no common one.';

-- Syntax of an address.
CREATE OR REPLACE FUNCTION skillancer.check_email(p_field text, p_email text, required boolean DEFAULT true)
RETURNS void
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'skl_fn_check_email';
COMMENT ON FUNCTION skillancer.check_email(text, text, boolean) IS
	'Notes a problem unless mail can be sent to the address: local@domain, ASCII, 5 to 254 characters.';

-- A new opaque token.
CREATE OR REPLACE FUNCTION skillancer.token_make(OUT id uuid, OUT hash bytea, OUT token text)
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'skl_fn_token_make';
COMMENT ON FUNCTION skillancer.token_make() IS
	'A token with 256 random bits of secret, and what to store of it: id and SHA-256.';

-- The part of a token that finds its row.
CREATE OR REPLACE FUNCTION skillancer.token_id(p_token text)
RETURNS uuid
LANGUAGE c VOLATILE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'skl_fn_token_id';
COMMENT ON FUNCTION skillancer.token_id(text) IS 'The public half of a token; NULL for what is no token.';

-- The part of a token that proves it.
CREATE OR REPLACE FUNCTION skillancer.token_matches(p_token text, p_hash bytea)
RETURNS boolean
LANGUAGE c VOLATILE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'skl_fn_token_matches';
COMMENT ON FUNCTION skillancer.token_matches(text, bytea) IS
	'True when the secret half hashes to the stored value; compared in constant time.';

-- The network that failures are counted by.
CREATE OR REPLACE FUNCTION skillancer.request_network()
RETURNS text
LANGUAGE c STABLE PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'skl_fn_request_network';
COMMENT ON FUNCTION skillancer.request_network() IS
	'The /24 (IPv4) or /64 (IPv6) of the client; "local" without an address.';

-- Completeness score of a profile.
CREATE OR REPLACE FUNCTION skillancer.profile_completeness(
	p_basic integer, p_professional integer, p_skills integer, p_work_history integer,
	p_education integer, p_portfolio integer, p_certifications integer)
RETURNS integer
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'skl_fn_profile_completeness';
COMMENT ON FUNCTION skillancer.profile_completeness(integer, integer, integer, integer, integer, integer, integer) IS
	'0 to 100 from the number of filled items: basic of 4, professional of 3, skills of 5, else of 1.';

-- A refusal that commits: its traces (counters, revocations) must stay.
CREATE OR REPLACE FUNCTION skillancer.refusal(
	p_status integer, p_code text, p_message text, p_headers jsonb DEFAULT NULL, p_details jsonb DEFAULT '[]')
RETURNS skillancer.reply
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN ROW(p_status, NULL, p_headers, NULL,
		json_build_object('code', p_code, 'message', p_message, 'details', p_details))::skillancer.reply;
END
$$;
COMMENT ON FUNCTION skillancer.refusal(integer, text, text, jsonb, jsonb) IS
	'An error answer that does not roll back.';

-- The cookie that carries a refresh token; NULL takes it away.
CREATE OR REPLACE FUNCTION skillancer.refresh_cookie(p_token text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN format('skl_refresh=%s; Path=/v1/auth; Max-Age=%s; HttpOnly; Secure; SameSite=Strict',
		p_token,
		CASE WHEN p_token IS NULL THEN 0
			ELSE extract(epoch FROM skillancer.policy_interval('refreshTokenLifetime'))::integer END);
END
$$;
COMMENT ON FUNCTION skillancer.refresh_cookie(text) IS 'Set-Cookie value of a refresh token; NULL deletes the cookie.';

-- Names that the time zone database knows.
CREATE OR REPLACE FUNCTION skillancer.timezone_is_valid(p_name text)
RETURNS boolean
LANGUAGE plpgsql STABLE STRICT
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM timestamptz '2000-01-01 00:00+00' AT TIME ZONE p_name;
	RETURN p_name ~ '^[A-Za-z_]{1,30}(/[A-Za-z0-9_+-]{1,30}){0,2}$';
EXCEPTION WHEN invalid_parameter_value THEN
	RETURN false;
END
$$;
COMMENT ON FUNCTION skillancer.timezone_is_valid(text) IS 'True for names like UTC and Europe/Berlin.';

-- Lists of a profile: objects with known, short, textual members.
CREATE OR REPLACE FUNCTION skillancer.check_entries(
	p_field text, p_value jsonb, p_max integer, p_required text[], p_optional text[])
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_entry record;
	v_member record;
	v_name text;
BEGIN
	IF p_value IS NULL OR jsonb_typeof(p_value) <> 'array' OR jsonb_array_length(p_value) > p_max THEN
		PERFORM skillancer.check_that(p_field, false, format('must be a list of at most %s items', p_max));
		RETURN;
	END IF;
	FOR v_entry IN SELECT e.value, format('%s[%s]', p_field, e.n - 1) AS path
		FROM jsonb_array_elements(p_value) WITH ORDINALITY AS e (value, n)
	LOOP
		IF jsonb_typeof(v_entry.value) <> 'object' THEN
			PERFORM skillancer.check_that(v_entry.path, false, 'must be an object');
			CONTINUE;
		END IF;
		FOREACH v_name IN ARRAY p_required LOOP
			PERFORM skillancer.check_that(v_entry.path || '.' || v_name,
				coalesce(length(v_entry.value ->> v_name) > 0, false), 'is required');
		END LOOP;
		FOR v_member IN SELECT m.key, m.value FROM jsonb_each(v_entry.value) m LOOP
			PERFORM skillancer.check_that(v_entry.path || '.' || v_member.key,
				v_member.key = ANY (p_required || p_optional), 'is not a known field');
			PERFORM skillancer.check_that(v_entry.path || '.' || v_member.key,
				jsonb_typeof(v_member.value) IN ('string', 'null') AND length(v_member.value #>> '{}') <= 2000
					OR jsonb_typeof(v_member.value) = 'null', 'must be a text of at most 2000 characters');
			PERFORM skillancer.check_that(v_entry.path || '.' || v_member.key,
				v_member.key <> 'url' OR v_member.value #>> '{}' ~ '^https?://[^\s]+$'
					OR jsonb_typeof(v_member.value) = 'null', 'must be a web address');
		END LOOP;
	END LOOP;
END
$$;
COMMENT ON FUNCTION skillancer.check_entries(text, jsonb, integer, text[], text[]) IS
	'Notes every problem of a list of objects: unknown or missing members, texts that are too long, bad addresses.';

-- Whether a member of staff may; a refusal of staff leaves a trace.
CREATE OR REPLACE FUNCTION skillancer.staff_may(p_permission text, p_action text, p_object_type text, p_object uuid)
RETURNS boolean
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	IF skillancer.has_permission(p_permission) OR NOT skillancer.is_staff() THEN
		PERFORM skillancer.require_permission(p_permission);
		RETURN true;
	END IF;
	PERFORM skillancer.audit(p_action || '_denied', p_object_type, p_object, NULL,
		jsonb_build_object('permission', p_permission));
	RETURN false;
END
$$;
COMMENT ON FUNCTION skillancer.staff_may(text, text, text, uuid) IS
	'True with the permission. Raises for people who are not staff; for staff it writes an audit row and is false, so that the caller can refuse and commit.';
