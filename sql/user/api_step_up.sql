/*
 * api_step_up.sql
 *		Giving the password again before what is sensitive.
 */

-- The gate of sensitive commands.
CREATE OR REPLACE FUNCTION skillancer.require_recent_sign_in()
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	IF NOT skillancer.is_impersonated() AND NOT EXISTS (
		SELECT FROM skillancer.session s
		WHERE s.id = skillancer.current_session_id()
			AND s.confirmed_at > skillancer.now() - skillancer.policy_interval('stepUpWindow')) THEN
		PERFORM skillancer.fail('STEP_UP_REQUIRED');
	END IF;
END
$$;
COMMENT ON FUNCTION skillancer.require_recent_sign_in() IS
	'Raises STEP_UP_REQUIRED unless the password was given in this session within the policy stepUpWindow.';

-- POST /v1/auth/step-up
CREATE OR REPLACE FUNCTION skillancer_api.auth_step_up(p_password text)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_result record;
BEGIN
	PERFORM skillancer.require_role('USER');
	PERFORM skillancer.check_text('password', p_password, 1, 1024);
	PERFORM skillancer.check_done();
	SELECT * INTO v_result FROM skillancer.confirm_password(p_password);
	IF v_result.outcome = 'LOCKED' THEN
		RETURN skillancer.sign_in_locked(v_result.locked_until);
	ELSIF v_result.outcome = 'WRONG' THEN
		RETURN skillancer.refusal(401, 'INVALID_CREDENTIALS', 'the password is wrong');
	END IF;
	UPDATE skillancer.session s SET confirmed_at = skillancer.now()
	WHERE s.id = skillancer.current_session_id();
	RETURN ROW(200, NULL, jsonb_build_object('Cache-Control', 'no-store'), NULL, json_build_object(
		'confirmedUntil', skillancer.now() + skillancer.policy_interval('stepUpWindow')))::skillancer.reply;
END
$$;
COMMENT ON FUNCTION skillancer_api.auth_step_up(text) IS
	'Confirms the password in the present session, so that sensitive commands are possible for 15 minutes (403 STEP_UP_REQUIRED otherwise). Failures count like those of sign-in.';
SELECT skillancer.add_route('POST', '/v1/auth/step-up', 'auth_step_up', rate => 'auth', idempotent => false,
	summary => 'Confirm my password', answers => '{confirmedUntil: timestamptz}');
