/*
 * api_invitation.sql
 *		Invitations to propose, and saved projects.
 */

-- The answer of a command: the invitation as it is now.
CREATE OR REPLACE FUNCTION skillancer.invitation_reply(p_id skillancer.invitation_id, p_status integer DEFAULT 200)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_etag text;
	v_doc  json;
BEGIN
	SELECT d.etag, d.doc INTO v_etag, v_doc FROM skillancer.invitation_doc d WHERE d.id = p_id;
	RETURN ROW(p_status, v_etag, NULL, NULL, v_doc)::skillancer.reply;
END
$$;
COMMENT ON FUNCTION skillancer.invitation_reply(skillancer.invitation_id, integer) IS
	'Reply with the JSON of an invitation.';

-- May this person be invited to propose?
CREATE OR REPLACE FUNCTION skillancer.is_open_freelancer(p_user skillancer.user_id)
RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN EXISTS (
		SELECT FROM skillancer.user_account a
		JOIN skillancer.user_role r ON r.user_id = a.id AND r.role = 'FREELANCER'
		JOIN skillancer.profile p ON p.user_id = a.id AND p.is_public AND p.is_listed
		WHERE a.id = p_user AND a.state = 'ACTIVE');
END
$$;
COMMENT ON FUNCTION skillancer.is_open_freelancer(skillancer.user_id) IS
	'True for an active freelancer with a public profile: what anybody may find out by looking at the profile.';
ALTER FUNCTION skillancer.is_open_freelancer(skillancer.user_id) OWNER TO skillancer_engine;

-- How many invitations there were lately.
CREATE OR REPLACE FUNCTION skillancer.check_invitations(p_client skillancer.user_id, p_freelancer skillancer.user_id)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_since timestamptz := skillancer.now() - interval '24 hours';
BEGIN
	PERFORM pg_advisory_xact_lock(hashtextextended('invitations of ' || p_client::text, 0));
	PERFORM skillancer.check_invitation_rate(
		(SELECT count(*) FROM skillancer.invitation i WHERE i.client_id = p_client AND i.created_at > v_since),
		(SELECT count(*) FROM skillancer.invitation i
			WHERE i.client_id = p_client AND i.freelancer_id = p_freelancer AND i.created_at > v_since),
		(SELECT count(*) FROM skillancer.invitation i WHERE i.freelancer_id = p_freelancer AND i.created_at > v_since));
END
$$;
COMMENT ON FUNCTION skillancer.check_invitations(skillancer.user_id, skillancer.user_id) IS
	'LIMIT_REACHED when a client has invited, or a freelancer was invited, too often within 24 hours, whatever became of it.';
ALTER FUNCTION skillancer.check_invitations(skillancer.user_id, skillancer.user_id) OWNER TO skillancer_engine;

-- POST /v1/projects/{id}/invitations
CREATE OR REPLACE FUNCTION skillancer_api.invitation_create(
	p_id skillancer.project_id, p_freelancer_id skillancer.user_id, p_message text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_me    skillancer.user_id := skillancer.current_user_id();
	v_id    skillancer.invitation_id := skillancer.new_id()::skillancer.invitation_id;
	v_state text;
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'ADMIN');
	PERFORM skillancer.require_unrestricted();
	v_state := skillancer.own_project(p_id);
	PERFORM skillancer.check_text('message', p_message, 1, 2000, required => false);
	PERFORM skillancer.check_that('freelancerId', p_freelancer_id IS NOT NULL, 'is required');
	PERFORM skillancer.check_that('freelancerId', p_freelancer_id IS NULL
		OR p_freelancer_id <> v_me AND skillancer.is_open_freelancer(p_freelancer_id), 'is not a freelancer who can be invited');
	PERFORM skillancer.check_done();
	IF v_state <> 'OPEN' THEN
		PERFORM skillancer.fail('INVALID_STATE', 'nobody is invited while the project is ' || v_state,
			jsonb_build_object('state', v_state, 'allowed', '[]'::jsonb));
	ELSIF EXISTS (SELECT FROM skillancer.invitation i WHERE i.project_id = p_id AND i.freelancer_id = p_freelancer_id
			AND i.state IN ('SENT', 'ACCEPTED')) THEN
		PERFORM skillancer.fail('DUPLICATE_RESOURCE', 'this freelancer is invited already');
	ELSIF (SELECT count(*) FROM skillancer.invitation i WHERE i.project_id = p_id)
			>= skillancer.policy_int('invitationLimit') THEN
		PERFORM skillancer.fail('LIMIT_REACHED', 'the project has sent all its invitations');
	END IF;
	PERFORM skillancer.check_invitations(v_me, p_freelancer_id);
	INSERT INTO skillancer.invitation (id, project_id, client_id, freelancer_id, message)
	VALUES (v_id, p_id, v_me, p_freelancer_id, p_message);
	PERFORM skillancer.note_risk('invitation', v_id::uuid, coalesce(p_message, ''));
	PERFORM skillancer.schedule('invitation', v_id::uuid, 'expire',
		skillancer.now() + skillancer.policy_interval('invitationExpiry'));
	PERFORM skillancer.emit('invitation.sent', 'invitation', v_id::uuid, jsonb_build_object('invitationId', v_id,
		'projectId', p_id, 'clientId', v_me, 'freelancerId', p_freelancer_id, 'state', 'SENT'),
		ARRAY[v_me::uuid, p_freelancer_id::uuid]);
	RETURN skillancer.invitation_reply(v_id, 201);
END
$$;
COMMENT ON FUNCTION skillancer_api.invitation_create(skillancer.project_id, skillancer.user_id, text) IS
	'Invites a freelancer with a public profile to propose on an open project of the caller, public or not.';
SELECT skillancer.add_route('POST', '/v1/projects/{id}/invitations', 'invitation_create', who => 'CLIENT',
	summary => 'Invite a freelancer', answers => '201 invitation_doc');

-- GET /v1/projects/{id}/invitations
CREATE OR REPLACE FUNCTION skillancer_api.project_invitations(
	p_id skillancer.project_id, p_limit integer DEFAULT NULL, p_cursor text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
	v_limit  integer := skillancer.check_limit(p_limit);
	v_scope  text := 'project-invitations|' || p_id;
	v_client skillancer.user_id;
	v_after  skillancer.invitation_id;
	v_items  json[];
	v_keys   text[];
BEGIN
	PERFORM skillancer.require_role('USER');
	PERFORM skillancer.check_done();
	SELECT p.client_id INTO v_client FROM skillancer.project p WHERE p.id = p_id;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	ELSIF v_client <> skillancer.current_user_id() AND NOT skillancer.has_permission('jobs:view') THEN
		PERFORM skillancer.fail('PERMISSION_DENIED');
	END IF;
	v_after := coalesce(skillancer.cursor_decode(v_scope, p_cursor),
		'ffffffff-ffff-ffff-ffff-ffffffffffff')::skillancer.invitation_id;
	SELECT array_agg(l.doc), array_agg(l.id::text) INTO v_items, v_keys
	FROM (
		SELECT d.doc, d.id
		FROM skillancer.invitation_doc d
		WHERE d.project_id = p_id AND d.id < v_after
		ORDER BY d.id DESC
		LIMIT v_limit + 1) l;
	RETURN skillancer.list_reply(v_items, v_keys, v_limit, v_scope);
END
$$;
COMMENT ON FUNCTION skillancer_api.project_invitations(skillancer.project_id, integer, text) IS
	'The invitations to a project of the caller, newest first.';
SELECT skillancer.add_route('GET', '/v1/projects/{id}/invitations', 'project_invitations', who => 'CLIENT',
	summary => 'List the invitations to a project of yours', answers => '[invitation_doc]');

-- GET /v1/invitations
CREATE OR REPLACE FUNCTION skillancer_api.invitation_list(p_limit integer DEFAULT NULL, p_cursor text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
	v_limit integer := skillancer.check_limit(p_limit);
	v_scope text := concat_ws('|', 'invitations', skillancer.current_user_id());
	v_after skillancer.invitation_id;
	v_items json[];
	v_keys  text[];
BEGIN
	PERFORM skillancer.require_role('USER');
	PERFORM skillancer.check_done();
	v_after := coalesce(skillancer.cursor_decode(v_scope, p_cursor),
		'ffffffff-ffff-ffff-ffff-ffffffffffff')::skillancer.invitation_id;
	SELECT array_agg(l.doc), array_agg(l.id::text) INTO v_items, v_keys
	FROM (
		SELECT d.doc, d.id
		FROM skillancer.invitation_doc d
		WHERE d.freelancer_id = (SELECT skillancer.current_user_id()) AND d.id < v_after
		ORDER BY d.id DESC
		LIMIT v_limit + 1) l;
	RETURN skillancer.list_reply(v_items, v_keys, v_limit, v_scope);
END
$$;
COMMENT ON FUNCTION skillancer_api.invitation_list(integer, text) IS
	'The invitations that the caller received, newest first.';
SELECT skillancer.add_route('GET', '/v1/invitations', 'invitation_list', summary => 'List your invitations',
	answers => '[invitation_doc]');

-- Fires an event at an invitation of which the caller is a party.
CREATE OR REPLACE FUNCTION skillancer.answer_invitation(p_id skillancer.invitation_id, p_event text)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_role('USER');
	PERFORM skillancer.check_done();
	PERFORM skillancer.fire('invitation', p_id::uuid, p_event);
	RETURN skillancer.invitation_reply(p_id);
END
$$;
COMMENT ON FUNCTION skillancer.answer_invitation(skillancer.invitation_id, text) IS
	'Declines or withdraws an invitation.';

-- POST /v1/invitations/{id}/decline
CREATE OR REPLACE FUNCTION skillancer_api.invitation_decline(p_id skillancer.invitation_id)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN skillancer.answer_invitation(p_id, 'decline');
END
$$;
COMMENT ON FUNCTION skillancer_api.invitation_decline(skillancer.invitation_id) IS
	'Declines an invitation that the caller received. To accept one, propose.';
SELECT skillancer.add_route('POST', '/v1/invitations/{id}/decline', 'invitation_decline', who => 'FREELANCER',
	summary => 'Decline an invitation', answers => 'invitation_doc');

-- POST /v1/invitations/{id}/withdraw
CREATE OR REPLACE FUNCTION skillancer_api.invitation_withdraw(p_id skillancer.invitation_id)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN skillancer.answer_invitation(p_id, 'withdraw');
END
$$;
COMMENT ON FUNCTION skillancer_api.invitation_withdraw(skillancer.invitation_id) IS
	'Takes back an invitation that the caller sent and nobody answered.';
SELECT skillancer.add_route('POST', '/v1/invitations/{id}/withdraw', 'invitation_withdraw', who => 'CLIENT',
	summary => 'Withdraw an invitation', answers => 'invitation_doc');

-- POST /v1/projects/{id}/save
CREATE OR REPLACE FUNCTION skillancer_api.project_save(p_id skillancer.project_id)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_role('USER');
	IF NOT EXISTS (SELECT FROM skillancer.project p WHERE p.id = p_id) THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	INSERT INTO skillancer.saved_project (user_id, project_id)
	VALUES (skillancer.current_user_id(), p_id)
	ON CONFLICT DO NOTHING;
END
$$;
COMMENT ON FUNCTION skillancer_api.project_save(skillancer.project_id) IS
	'Keeps a project that the caller sees for later; once is enough.';
SELECT skillancer.add_route('POST', '/v1/projects/{id}/save', 'project_save', summary => 'Save a project');

-- DELETE /v1/projects/{id}/save
CREATE OR REPLACE FUNCTION skillancer_api.project_unsave(p_id skillancer.project_id)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_role('USER');
	DELETE FROM skillancer.saved_project s
	WHERE s.user_id = skillancer.current_user_id() AND s.project_id = p_id;
END
$$;
COMMENT ON FUNCTION skillancer_api.project_unsave(skillancer.project_id) IS
	'Forgets a saved project; nothing happens when it is not saved.';
SELECT skillancer.add_route('DELETE', '/v1/projects/{id}/save', 'project_unsave', summary => 'Forget a saved project');

-- GET /v1/users/me/saved-projects
CREATE OR REPLACE FUNCTION skillancer_api.saved_project_list(p_limit integer DEFAULT NULL, p_cursor text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
	v_limit integer := skillancer.check_limit(p_limit);
	v_scope text := concat_ws('|', 'saved-projects', skillancer.current_user_id());
	v_after text;
	v_items json[];
	v_keys  text[];
BEGIN
	PERFORM skillancer.require_role('USER');
	PERFORM skillancer.check_done();
	v_after := coalesce(skillancer.cursor_decode(v_scope, p_cursor), 'infinity|ffffffff-ffff-ffff-ffff-ffffffffffff');
	SELECT array_agg(l.doc), array_agg(l.created_at || '|' || l.project_id) INTO v_items, v_keys
	FROM (
		SELECT d.doc, s.created_at, s.project_id
		FROM skillancer.saved_project s
		JOIN skillancer.project_doc d ON d.id = s.project_id
		WHERE s.user_id = (SELECT skillancer.current_user_id()) AND (s.created_at, s.project_id) <
			(split_part(v_after, '|', 1)::timestamptz, split_part(v_after, '|', 2)::skillancer.project_id)
		ORDER BY s.created_at DESC, s.project_id DESC
		LIMIT v_limit + 1) l;
	RETURN skillancer.list_reply(v_items, v_keys, v_limit, v_scope);
END
$$;
COMMENT ON FUNCTION skillancer_api.saved_project_list(integer, text) IS
	'The saved projects of the caller that are still visible, the last saved first.';
SELECT skillancer.add_route('GET', '/v1/users/me/saved-projects', 'saved_project_list',
	summary => 'List your saved projects', answers => '[project_doc]');
