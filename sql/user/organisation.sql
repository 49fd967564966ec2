-- sql/user/organisation.sql
--	Who belongs to which organisation: what policies ask, and what the commands on members share.

-- The organisations of the caller.
CREATE OR REPLACE FUNCTION skillancer.my_organisations() RETURNS skillancer.organisation_id[]
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN ARRAY(SELECT m.organisation_id FROM skillancer.organisation_member m WHERE m.user_id = skillancer.current_user_id());
END
$$;
ALTER FUNCTION skillancer.my_organisations() OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.my_organisations() TO skillancer_bridge, skillancer_worker, skillancer_admin, skillancer_vault;
COMMENT ON FUNCTION skillancer.my_organisations() IS
	'Organisations of which the caller is a member; runs as the engine, because the policy of members asks it.';

-- Those in whose name the caller acts.
CREATE OR REPLACE FUNCTION skillancer.managed_organisations() RETURNS skillancer.organisation_id[]
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN ARRAY(SELECT m.organisation_id FROM skillancer.organisation_member m
		WHERE m.user_id = skillancer.current_user_id() AND m.role IN ('OWNER', 'ADMIN'));
END
$$;
ALTER FUNCTION skillancer.managed_organisations() OWNER TO skillancer_engine;
COMMENT ON FUNCTION skillancer.managed_organisations() IS 'Organisations of which the caller is OWNER or ADMIN.';

-- The e-mail address of the caller.
CREATE OR REPLACE FUNCTION skillancer.my_email_key() RETURNS text
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN (SELECT u.email_key FROM skillancer.user_account u WHERE u.id = skillancer.current_user_id() AND u.state <> 'PENDING');
END
$$;
ALTER FUNCTION skillancer.my_email_key() OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.my_email_key() TO skillancer_bridge, skillancer_worker, skillancer_admin, skillancer_vault;
COMMENT ON FUNCTION skillancer.my_email_key() IS 'The confirmed address of the caller in lower case; NULL before it is confirmed.';

-- The caller's role in an organisation, which is held.
CREATE OR REPLACE FUNCTION skillancer.organisation_hold(p_id skillancer.organisation_id) RETURNS text
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_role('USER');
	PERFORM FROM skillancer.organisation o WHERE o.id = p_id FOR NO KEY UPDATE;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	RETURN (SELECT m.role FROM skillancer.organisation_member m
		WHERE m.organisation_id = p_id AND m.user_id = skillancer.current_user_id());
END
$$;
ALTER FUNCTION skillancer.organisation_hold(skillancer.organisation_id) OWNER TO skillancer_engine;
COMMENT ON FUNCTION skillancer.organisation_hold(skillancer.organisation_id) IS
	'Locks an organisation, so that its members change one at a time, and returns the caller''s role in it; NULL for others.';

-- Who may grant a role.
CREATE OR REPLACE FUNCTION skillancer.organisation_manage(p_id skillancer.organisation_id, VARIADIC p_roles text[]) RETURNS void
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_role text := skillancer.organisation_hold(p_id);
BEGIN
	IF v_role IS NULL THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	ELSIF v_role = 'OWNER' OR v_role = 'ADMIN' AND array_remove(p_roles, NULL) <@ ARRAY['MEMBER'] THEN
		RETURN;
	END IF;
	PERFORM skillancer.fail('PERMISSION_DENIED');
END
$$;
COMMENT ON FUNCTION skillancer.organisation_manage(skillancer.organisation_id, text[]) IS
	'Refuses callers who may not touch members of these roles: an OWNER may touch all, an ADMIN those who are MEMBER, and become nothing else.';

-- Writes a membership.
CREATE OR REPLACE FUNCTION skillancer.organisation_put_member(p_id skillancer.organisation_id, p_user skillancer.user_id,
		p_role text, p_limit skillancer.monetary)
	RETURNS void
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	IF p_role IS NULL THEN
		DELETE FROM skillancer.organisation_member m WHERE m.organisation_id = p_id AND m.user_id = p_user;
	ELSE
		INSERT INTO skillancer.organisation_member AS m (organisation_id, user_id, role, spending_limit)
		VALUES (p_id, p_user, p_role, p_limit)
		ON CONFLICT (organisation_id, user_id) DO UPDATE
		SET role = excluded.role, spending_limit = excluded.spending_limit, updated_at = skillancer.now();
	END IF;
	IF NOT EXISTS (SELECT FROM skillancer.organisation_member m WHERE m.organisation_id = p_id AND m.role = 'OWNER') THEN
		PERFORM skillancer.fail('INVALID_STATE', 'an organisation has an owner', '{"state": "OWNER", "allowed": []}');
	END IF;
	PERFORM skillancer.emit(CASE WHEN p_role IS NULL THEN 'organisation.left' ELSE 'organisation.joined' END,
		'organisation', p_id::uuid, jsonb_strip_nulls(jsonb_build_object('organisationId', p_id, 'userId', p_user, 'role', p_role,
			'spendingLimit', p_limit)), ARRAY[p_user::uuid]);
END
$$;
ALTER FUNCTION skillancer.organisation_put_member(skillancer.organisation_id, skillancer.user_id, text, skillancer.monetary) OWNER TO skillancer_engine;
COMMENT ON FUNCTION skillancer.organisation_put_member(skillancer.organisation_id, skillancer.user_id, text, skillancer.monetary) IS
	'Makes somebody a member with a role and a limit, or with a NULL role no member any more. The caller holds the organisation; its last OWNER stays.';

-- Answers an invitation.
CREATE OR REPLACE FUNCTION skillancer.organisation_answer(p_id skillancer.invitation_id, p_event text) RETURNS void
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	UPDATE skillancer.organisation_invitation i SET user_id = skillancer.current_user_id()
	WHERE i.id = p_id AND p_event <> 'withdraw';
	PERFORM skillancer.fire_system('organisation_invitation', p_id::uuid, p_event);
END
$$;
ALTER FUNCTION skillancer.organisation_answer(skillancer.invitation_id, text) OWNER TO skillancer_engine;
COMMENT ON FUNCTION skillancer.organisation_answer(skillancer.invitation_id, text) IS
	'Fires accept, decline or withdraw at an invitation after the command has checked who asks; notes who answered.';

-- Too many invitations?
CREATE OR REPLACE FUNCTION skillancer.check_invitation_rate(p_sent bigint, p_to_same bigint, p_received bigint) RETURNS void
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	IF p_to_same >= skillancer.policy_int('invitationPersonLimit') THEN
		PERFORM skillancer.fail('LIMIT_REACHED', 'you have invited this person often enough for today');
	ELSIF p_sent >= skillancer.policy_int('invitationDailyLimit') THEN
		PERFORM skillancer.fail('LIMIT_REACHED', 'you have sent all your invitations of today');
	ELSIF p_received >= skillancer.policy_int('invitationReceivedLimit') THEN
		PERFORM skillancer.fail('LIMIT_REACHED', 'this person gets no more invitations today');
	END IF;
END
$$;
COMMENT ON FUNCTION skillancer.check_invitation_rate(bigint, bigint, bigint) IS
	'LIMIT_REACHED when somebody sent too many invitations within 24 hours, too many to the same person, or when that person got too many.';

-- Too many invitations to organisations?
CREATE OR REPLACE FUNCTION skillancer.check_organisation_invitations(p_inviter skillancer.user_id, p_email_key text) RETURNS void
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_since timestamptz := skillancer.now() - interval '24 hours';
BEGIN
	PERFORM pg_advisory_xact_lock(hashtextextended('invitations of ' || p_inviter::text, 0));
	PERFORM skillancer.check_invitation_rate(
		(SELECT count(*) FROM skillancer.organisation_invitation i WHERE i.invited_by = p_inviter AND i.created_at > v_since),
		(SELECT count(*) FROM skillancer.organisation_invitation i
			WHERE i.invited_by = p_inviter AND i.email_key = p_email_key AND i.created_at > v_since),
		(SELECT count(*) FROM skillancer.organisation_invitation i WHERE i.email_key = p_email_key AND i.created_at > v_since));
END
$$;
ALTER FUNCTION skillancer.check_organisation_invitations(skillancer.user_id, text) OWNER TO skillancer_engine;
COMMENT ON FUNCTION skillancer.check_organisation_invitations(skillancer.user_id, text) IS
	'check_invitation_rate() for invitations to organisations, by whoever of them sent it, whatever became of it, and by address.';

-- Tells who is invited, if there is such an account.
CREATE OR REPLACE FUNCTION skillancer.organisation_tell_invited(p_id skillancer.invitation_id) RETURNS void
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.emit('organisation.invited', 'organisation_invitation', i.id::uuid,
		jsonb_build_object('organisationInvitationId', i.id, 'organisationId', i.organisation_id, 'organisationName', i.organisation_name,
			'userId', u.id, 'role', i.role, 'state', i.state), ARRAY[u.id::uuid])
	FROM skillancer.organisation_invitation i
	JOIN skillancer.user_account u ON u.email_key = i.email_key AND u.state <> 'CLOSED'
	WHERE i.id = p_id;
END
$$;
ALTER FUNCTION skillancer.organisation_tell_invited(skillancer.invitation_id) OWNER TO skillancer_engine;
COMMENT ON FUNCTION skillancer.organisation_tell_invited(skillancer.invitation_id) IS
	'Appends the event for the account with the address of an invitation; without one nothing happens, and the caller does not learn which.';
