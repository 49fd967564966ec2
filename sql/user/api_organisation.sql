-- sql/user/api_organisation.sql
--	API of organisations: make one, invite, join, change roles and limits, leave.

-- The answer of a command on an organisation.
CREATE OR REPLACE FUNCTION skillancer.organisation_reply(p_id skillancer.organisation_id, p_status integer DEFAULT 200)
	RETURNS skillancer.reply
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN (SELECT ROW(p_status, d.etag, NULL, NULL, d.doc)::skillancer.reply FROM skillancer.organisation_doc d WHERE d.id = p_id);
END
$$;
COMMENT ON FUNCTION skillancer.organisation_reply(skillancer.organisation_id, integer) IS 'Reply with the JSON of an organisation.';

-- Make one.
CREATE OR REPLACE FUNCTION skillancer_api.organisation_create(p_name text) RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_me skillancer.user_id := skillancer.current_user_id();
	v_id skillancer.organisation_id := skillancer.new_id()::skillancer.organisation_id;
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'ADMIN');
	PERFORM skillancer.require_unrestricted();
	p_name := skillancer.trimmed(p_name);
	PERFORM skillancer.check_text('name', p_name, 1, 100);
	PERFORM skillancer.check_done();
	PERFORM pg_advisory_xact_lock(hashtextextended('organisations of ' || v_me::text, 0));
	IF cardinality(skillancer.my_organisations()) >= skillancer.policy_int('organisationLimit') THEN
		PERFORM skillancer.fail('LIMIT_REACHED', 'you belong to too many organisations');
	END IF;
	INSERT INTO skillancer.organisation (id, name, created_by) VALUES (v_id, p_name, v_me);
	PERFORM skillancer.organisation_put_member(v_id, v_me, 'OWNER', NULL);
	RETURN skillancer.organisation_reply(v_id, 201);
END
$$;
COMMENT ON FUNCTION skillancer_api.organisation_create(text) IS 'Makes an organisation, of which the caller is the OWNER.';
SELECT skillancer.add_route('POST', '/v1/organisations', 'organisation_create', who => 'CLIENT', summary => 'Create an organisation',
	answers => '201 organisation_doc');

-- The caller's.
CREATE OR REPLACE FUNCTION skillancer_api.organisation_list() RETURNS json
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_role('USER');
	RETURN coalesce((SELECT json_agg(d.doc ORDER BY d.id) FROM skillancer.organisation_doc d
		WHERE d.id = ANY (skillancer.my_organisations())), '[]'::json);
END
$$;
COMMENT ON FUNCTION skillancer_api.organisation_list() IS 'The organisations to which the caller belongs, with their members.';
SELECT skillancer.add_route('GET', '/v1/organisations', 'organisation_list', summary => 'My organisations',
	answers => '[organisation_doc]');

-- One.
CREATE OR REPLACE FUNCTION skillancer_api.organisation_get(p_id skillancer.organisation_id,
		p_header_if_none_match text DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_etag text;
	v_doc json;
BEGIN
	PERFORM skillancer.require_role('USER');
	SELECT d.etag, d.doc INTO v_etag, v_doc FROM skillancer.organisation_doc d WHERE d.id = p_id;
	RETURN skillancer.object_reply(v_etag, v_doc, p_header_if_none_match);
END
$$;
COMMENT ON FUNCTION skillancer_api.organisation_get(skillancer.organisation_id, text) IS 'An organisation with its members, for them.';
SELECT skillancer.add_route('GET', '/v1/organisations/{id}', 'organisation_get', summary => 'One organisation',
	answers => 'organisation_doc');

-- Another name.
CREATE OR REPLACE FUNCTION skillancer_api.organisation_update(p_id skillancer.organisation_id, p_name text,
		p_header_if_match text DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.organisation_manage(p_id, 'MEMBER');
	PERFORM skillancer.check_if_match(p_header_if_match, d.etag) FROM skillancer.organisation_doc d WHERE d.id = p_id;
	p_name := skillancer.trimmed(p_name);
	PERFORM skillancer.check_text('name', p_name, 1, 100);
	PERFORM skillancer.check_done();
	UPDATE skillancer.organisation o SET name = p_name, version = o.version + 1, updated_at = skillancer.now() WHERE o.id = p_id;
	RETURN skillancer.organisation_reply(p_id);
END
$$;
COMMENT ON FUNCTION skillancer_api.organisation_update(skillancer.organisation_id, text, text) IS 'Renames an organisation; for OWNER and ADMIN.';
SELECT skillancer.add_route('PATCH', '/v1/organisations/{id}', 'organisation_update', summary => 'Rename an organisation',
	answers => 'organisation_doc');

-- Somebody is asked to join.
CREATE OR REPLACE FUNCTION skillancer_api.organisation_invite(p_id skillancer.organisation_id, p_email text, p_role text,
		p_spending_limit skillancer.monetary DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_invitation skillancer.invitation_id := skillancer.new_id()::skillancer.invitation_id;
BEGIN
	PERFORM skillancer.organisation_manage(p_id, p_role);
	PERFORM skillancer.check_email('email', p_email);
	PERFORM skillancer.check_one_of('role', p_role, ARRAY['OWNER', 'ADMIN', 'MEMBER']);
	PERFORM skillancer.check_money('spendingLimit', p_spending_limit, 0, NULL, false);
	PERFORM skillancer.check_done();
	IF (SELECT count(*) FROM skillancer.organisation_invitation i WHERE i.organisation_id = p_id AND i.state = 'SENT')
			+ (SELECT count(*) FROM skillancer.organisation_member m WHERE m.organisation_id = p_id) >= skillancer.policy_int('organisationMemberLimit') THEN
		PERFORM skillancer.fail('LIMIT_REACHED', 'the organisation has too many members and invitations');
	ELSIF EXISTS (SELECT FROM skillancer.organisation_invitation i WHERE i.organisation_id = p_id AND i.email_key = lower(p_email) AND i.state = 'SENT') THEN
		PERFORM skillancer.fail('DUPLICATE_RESOURCE', 'this address is invited already');
	END IF;
	PERFORM skillancer.check_organisation_invitations(skillancer.current_user_id(), lower(p_email));
	INSERT INTO skillancer.organisation_invitation (id, organisation_id, organisation_name, email_key, role, spending_limit, invited_by)
	SELECT v_invitation, o.id, o.name, lower(p_email), p_role, p_spending_limit, skillancer.current_user_id()
	FROM skillancer.organisation o WHERE o.id = p_id;
	PERFORM skillancer.schedule('organisation_invitation', v_invitation::uuid, 'expire',
		skillancer.now() + skillancer.policy_interval('invitationExpiry'));
	PERFORM skillancer.organisation_tell_invited(v_invitation);
	RETURN (SELECT ROW(201, d.etag, NULL, NULL, d.doc)::skillancer.reply
			FROM skillancer.organisation_invitation_doc d WHERE d.id = v_invitation);
END
$$;
COMMENT ON FUNCTION skillancer_api.organisation_invite(skillancer.organisation_id, text, text, skillancer.monetary) IS
	'Invites an e-mail address to an organisation with a role and a monthly spending limit. An OWNER invites anybody, an ADMIN a MEMBER. Whoever has that confirmed address may accept.';
SELECT skillancer.add_route('POST', '/v1/organisations/{id}/invitations', 'organisation_invite', summary => 'Invite somebody to an organisation',
	answers => '201 organisation_invitation_doc');

-- Invitations of an organisation.
CREATE OR REPLACE FUNCTION skillancer_api.organisation_invitations(p_id skillancer.organisation_id) RETURNS json
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_role('USER');
	PERFORM FROM skillancer.organisation o WHERE o.id = p_id;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	RETURN coalesce((SELECT json_agg(d.doc ORDER BY d.id) FROM skillancer.organisation_invitation_doc d
		WHERE d.organisation_id = p_id), '[]'::json);
END
$$;
COMMENT ON FUNCTION skillancer_api.organisation_invitations(skillancer.organisation_id) IS 'Who was invited to an organisation.';
SELECT skillancer.add_route('GET', '/v1/organisations/{id}/invitations', 'organisation_invitations', summary => 'Invitations of an organisation',
	answers => '[organisation_invitation_doc]');

-- Invitations to the caller.
CREATE OR REPLACE FUNCTION skillancer_api.organisation_invitations_mine() RETURNS json
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_role('USER');
	RETURN coalesce((SELECT json_agg(d.doc ORDER BY d.id) FROM skillancer.organisation_invitation_doc d
		WHERE d.email_key = skillancer.my_email_key() AND d.state = 'SENT'), '[]'::json);
END
$$;
COMMENT ON FUNCTION skillancer_api.organisation_invitations_mine() IS 'Invitations to organisations that the caller may accept.';
SELECT skillancer.add_route('GET', '/v1/organisation-invitations', 'organisation_invitations_mine', summary => 'Organisations that invite me',
	answers => '[organisation_invitation_doc]');

-- Accept, decline, withdraw: the common body.
CREATE OR REPLACE FUNCTION skillancer.organisation_invitation_command(p_id skillancer.invitation_id, p_event text) RETURNS json
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_invitation skillancer.organisation_invitation%ROWTYPE;
	v_is_mine boolean;
BEGIN
	PERFORM skillancer.require_role('USER');
	SELECT * INTO v_invitation FROM skillancer.organisation_invitation i WHERE i.id = p_id;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	v_is_mine := v_invitation.email_key IS NOT DISTINCT FROM skillancer.my_email_key();
	IF p_event = 'withdraw' THEN
		PERFORM skillancer.organisation_manage(v_invitation.organisation_id, v_invitation.role);
	ELSIF NOT v_is_mine THEN
		PERFORM skillancer.fail('PERMISSION_DENIED');
	ELSE
		PERFORM skillancer.organisation_hold(v_invitation.organisation_id);
	END IF;
	PERFORM skillancer.organisation_answer(p_id, p_event);
	IF p_event = 'accept' THEN
		IF v_invitation.organisation_id = ANY (skillancer.my_organisations()) THEN
			PERFORM skillancer.fail('DUPLICATE_RESOURCE', 'you belong to this organisation already');
		END IF;
		PERFORM skillancer.organisation_put_member(v_invitation.organisation_id, skillancer.current_user_id(), v_invitation.role,
			v_invitation.spending_limit);
	END IF;
	RETURN (SELECT d.doc FROM skillancer.organisation_invitation_doc d WHERE d.id = p_id);
END
$$;
COMMENT ON FUNCTION skillancer.organisation_invitation_command(skillancer.invitation_id, text) IS
	'Holds the organisation, checks who asks, answers an invitation, and makes who accepts a member.';

CREATE OR REPLACE FUNCTION skillancer_api.organisation_invitation_accept(p_id skillancer.invitation_id) RETURNS json
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN skillancer.organisation_invitation_command(p_id, 'accept');
END
$$;
COMMENT ON FUNCTION skillancer_api.organisation_invitation_accept(skillancer.invitation_id) IS 'Joins the organisation that has invited the caller''s address.';
SELECT skillancer.add_route('POST', '/v1/organisation-invitations/{id}/accept', 'organisation_invitation_accept', summary => 'Join an organisation',
	answers => 'organisation_invitation_doc');

CREATE OR REPLACE FUNCTION skillancer_api.organisation_invitation_decline(p_id skillancer.invitation_id) RETURNS json
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN skillancer.organisation_invitation_command(p_id, 'decline');
END
$$;
COMMENT ON FUNCTION skillancer_api.organisation_invitation_decline(skillancer.invitation_id) IS 'Declines an invitation to an organisation.';
SELECT skillancer.add_route('POST', '/v1/organisation-invitations/{id}/decline', 'organisation_invitation_decline', summary => 'Decline to join an organisation',
	answers => 'organisation_invitation_doc');

CREATE OR REPLACE FUNCTION skillancer_api.organisation_invitation_withdraw(p_id skillancer.invitation_id) RETURNS json
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN skillancer.organisation_invitation_command(p_id, 'withdraw');
END
$$;
COMMENT ON FUNCTION skillancer_api.organisation_invitation_withdraw(skillancer.invitation_id) IS 'Takes an invitation to an organisation back; for who may invite with that role.';
SELECT skillancer.add_route('POST', '/v1/organisation-invitations/{id}/withdraw', 'organisation_invitation_withdraw', summary => 'Withdraw an invitation to an organisation',
	answers => 'organisation_invitation_doc');

-- Another role or limit.
CREATE OR REPLACE FUNCTION skillancer_api.organisation_member_update(p_id skillancer.organisation_id, p_user_id skillancer.user_id,
		p_present text[], p_role text DEFAULT NULL, p_spending_limit skillancer.monetary DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_member skillancer.organisation_member%ROWTYPE;
BEGIN
	PERFORM skillancer.require_role('USER');
	SELECT * INTO v_member FROM skillancer.organisation_member m WHERE m.organisation_id = p_id AND m.user_id = p_user_id;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	PERFORM skillancer.organisation_manage(p_id, v_member.role, p_role);
	PERFORM skillancer.check_one_of('role', p_role, ARRAY['OWNER', 'ADMIN', 'MEMBER'], 'role' = ANY (p_present));
	PERFORM skillancer.check_money('spendingLimit', p_spending_limit, 0, NULL, false);
	PERFORM skillancer.check_done();
	PERFORM skillancer.organisation_put_member(p_id, p_user_id, coalesce(p_role, v_member.role),
		CASE WHEN 'spendingLimit' = ANY (p_present) THEN p_spending_limit ELSE v_member.spending_limit END);
	RETURN skillancer.organisation_reply(p_id);
END
$$;
COMMENT ON FUNCTION skillancer_api.organisation_member_update(skillancer.organisation_id, skillancer.user_id, text[], text, skillancer.monetary) IS
	'Changes role or monthly spending limit (null: none) of a member. An OWNER changes anybody, an ADMIN the limit of a MEMBER.';
SELECT skillancer.add_route('PATCH', '/v1/organisations/{id}/members/{userId}', 'organisation_member_update', summary => 'Change a member of an organisation',
	answers => 'organisation_doc');

-- Out.
CREATE OR REPLACE FUNCTION skillancer_api.organisation_member_remove(p_id skillancer.organisation_id, p_user_id skillancer.user_id)
	RETURNS void
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_role text;
BEGIN
	PERFORM skillancer.require_role('USER');
	SELECT m.role INTO v_role FROM skillancer.organisation_member m WHERE m.organisation_id = p_id AND m.user_id = p_user_id;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	ELSIF p_user_id = skillancer.current_user_id() THEN
		PERFORM skillancer.organisation_hold(p_id);
	ELSE
		PERFORM skillancer.organisation_manage(p_id, v_role);
	END IF;
	PERFORM skillancer.organisation_put_member(p_id, p_user_id, NULL, NULL);
END
$$;
COMMENT ON FUNCTION skillancer_api.organisation_member_remove(skillancer.organisation_id, skillancer.user_id) IS
	'Takes somebody out of an organisation, or the caller leaves it. The last OWNER stays. Who is out sees none of its bookings any more.';
SELECT skillancer.add_route('DELETE', '/v1/organisations/{id}/members/{userId}', 'organisation_member_remove', summary => 'Remove a member, or leave');
