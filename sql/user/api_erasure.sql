/*
 * sql/user/api_erasure.sql
 *		The right to be forgotten: asking for it, changing one's mind, and closing an account by staff.
 */

-- The erasure that the caller asked for last.
CREATE OR REPLACE FUNCTION skillancer_api.me_erasure_get()
RETURNS json
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_doc json;
BEGIN
	PERFORM skillancer.require_role('USER');
	SELECT d.doc INTO v_doc FROM skillancer.erasure_doc d
	WHERE d.user_id = (SELECT skillancer.current_user_id()) ORDER BY d.id DESC LIMIT 1;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	RETURN v_doc;
END
$$;
COMMENT ON FUNCTION skillancer_api.me_erasure_get() IS 'The latest request of the caller to erase the account.';
SELECT skillancer.add_route('GET', '/v1/users/me/erasure', 'me_erasure_get', summary => 'What becomes of my request to be erased',
	answers => 'erasure_doc');

--
CREATE OR REPLACE FUNCTION skillancer_api.me_erasure_request()
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_me skillancer.user_id := skillancer.current_user_id();
	v_id uuid := skillancer.new_id();
	v_at timestamptz := skillancer.now() + skillancer.policy_interval('erasureDelay');
	v_open jsonb;
BEGIN
	PERFORM skillancer.require_role('USER');
	PERFORM skillancer.check_done();
	PERFORM skillancer.require_recent_sign_in();
	PERFORM skillancer.hold_account(v_me);
	IF EXISTS (SELECT FROM skillancer.erasure e WHERE e.user_id = v_me AND e.state = 'PENDING') THEN
		PERFORM skillancer.fail('DUPLICATE_RESOURCE', 'the account is going to be erased already');
	END IF;
	v_open := skillancer.account_open_things(v_me);
	IF v_open IS NOT NULL THEN
		PERFORM skillancer.fail('ACCOUNT_IN_USE', NULL, v_open);
	END IF;
	INSERT INTO skillancer.erasure (id, user_id, erase_at) VALUES (v_id, v_me, v_at);
	-- the second timer says so when the first one could not
	PERFORM skillancer.schedule('erasure', v_id, 'erase', v_at);
	PERFORM skillancer.schedule('erasure', v_id, 'refuse', v_at + interval '1 minute');
	PERFORM skillancer.emit('user.erasure_requested', 'erasure', v_id,
		jsonb_build_object('erasureId', v_id, 'userId', v_me, 'state', 'PENDING', 'eraseAt', v_at), ARRAY[v_me::uuid]);
	RETURN (SELECT ROW(202, NULL, NULL, NULL, d.doc)::skillancer.reply FROM skillancer.erasure_doc d WHERE d.id = v_id);
END
$$;
COMMENT ON FUNCTION skillancer_api.me_erasure_request() IS
	'Erases the account of the caller in 14 days, unless the wish is withdrawn. 409 ACCOUNT_IN_USE names what is open: contracts, disputes, payments, balances, organisations without another owner; looked at again when the time has come. Needs a step-up.';
SELECT skillancer.add_route('POST', '/v1/users/me/erasure', 'me_erasure_request', class => 'fast', summary => 'Erase my account',
	answers => '202 erasure_doc');

--
CREATE OR REPLACE FUNCTION skillancer_api.me_erasure_withdraw()
RETURNS json
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_id uuid;
BEGIN
	PERFORM skillancer.require_role('USER');
	PERFORM skillancer.check_done();
	SELECT e.id INTO v_id FROM skillancer.erasure e
	WHERE e.user_id = skillancer.current_user_id() AND e.state = 'PENDING';
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	PERFORM skillancer.fire('erasure', v_id, 'withdraw');
	RETURN (SELECT d.doc FROM skillancer.erasure_doc d WHERE d.id = v_id);
END
$$;
COMMENT ON FUNCTION skillancer_api.me_erasure_withdraw() IS 'Keeps the account of the caller, who had asked to erase it.';
SELECT skillancer.add_route('DELETE', '/v1/users/me/erasure', 'me_erasure_withdraw', class => 'fast', summary => 'Keep my account after all',
	answers => 'erasure_doc');

--
CREATE OR REPLACE FUNCTION skillancer_api.user_close(p_id skillancer.user_id, p_reason text)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_reply skillancer.reply := skillancer.moderate_user(p_id, 'close', p_reason);
BEGIN
	IF v_reply.status = 200 THEN
		PERFORM skillancer.send_mail(p_id::uuid, 'account_closed', jsonb_build_object('reason', p_reason));
	END IF;
	RETURN v_reply;
END
$$;
COMMENT ON FUNCTION skillancer_api.user_close(skillancer.user_id, text) IS
	'Closes an account for good, and tells its owner by mail. 409 ACCOUNT_IN_USE names what is open: then suspend it, until that has ended.';
SELECT skillancer.add_route('POST', '/v1/users/{id}/close', 'user_close', who => 'ADMIN,MODERATOR',
	class => 'fast', summary => 'Close an account', answers => 'user_doc');
