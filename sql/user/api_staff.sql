/*
 * api_staff.sql
 *		What staff does with accounts. Every action, and every refused try of staff, is audited.
 */

--
CREATE OR REPLACE FUNCTION skillancer_api.user_list(
	p_status text DEFAULT NULL, p_role text DEFAULT NULL, p_q text DEFAULT NULL,
	p_limit integer DEFAULT NULL, p_cursor text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_limit integer := skillancer.check_limit(p_limit);
	v_scope text := format('users|%s|%s|%s', p_status, p_role, p_q);
	v_after text;
	v_items json[];
	v_keys text[];
BEGIN
	PERFORM skillancer.require_permission('users:view');
	PERFORM skillancer.check_one_of('status', p_status, '{PENDING,ACTIVE,RESTRICTED,SUSPENDED,CLOSED}', required => false);
	PERFORM skillancer.check_one_of('role', p_role,
		'{USER,FREELANCER,CLIENT,ADMIN,SUPPORT,MODERATOR,FINANCE,ANALYST}', required => false);
	PERFORM skillancer.check_text('q', p_q, 1, 254, required => false);
	v_after := skillancer.cursor_decode(v_scope, p_cursor);
	PERFORM skillancer.check_done();
	SELECT array_agg(u.doc), array_agg(u.id::text) INTO v_items, v_keys
	FROM (
		SELECT d.id, d.doc FROM skillancer.user_doc d
		WHERE (p_status IS NULL OR d.state = p_status)
			AND (p_role IS NULL OR EXISTS (
				SELECT FROM skillancer.user_role r WHERE r.user_id = d.id AND r.role = p_role))
			AND (p_q IS NULL OR strpos(d.email_key, lower(p_q)) > 0 OR strpos(lower(d.name), lower(p_q)) > 0)
			AND (v_after IS NULL OR d.id < v_after::skillancer.user_id)
		ORDER BY d.id DESC LIMIT v_limit + 1) u;
	RETURN skillancer.list_reply(v_items, v_keys, v_limit, v_scope);
END
$$;
COMMENT ON FUNCTION skillancer_api.user_list(text, text, text, integer, text) IS
	'Accounts, newest first, for staff with users:view; q searches address and name.';
SELECT skillancer.add_route('GET', '/v1/users', 'user_list', who => 'ADMIN,SUPPORT,MODERATOR,FINANCE',
	summary => 'List accounts', answers => '[user_doc]');

-- Fires an event at an account on behalf of staff.
CREATE OR REPLACE FUNCTION skillancer.moderate_user(p_id skillancer.user_id, p_event text, p_reason text)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_after record;
BEGIN
	IF NOT skillancer.staff_may('users:suspend', 'user.' || p_event, 'user', p_id::uuid) THEN
		RETURN skillancer.refusal(403, 'PERMISSION_DENIED', 'you are not allowed to do this');
	END IF;
	PERFORM skillancer.check_text('reason', p_reason, 1, 1000);
	PERFORM skillancer.check_done();
	PERFORM skillancer.fire('user', p_id::uuid, p_event, jsonb_build_object('reason', p_reason));
	SELECT d.etag, d.doc INTO v_after FROM skillancer.user_doc d WHERE d.id = p_id;
	RETURN ROW(200, v_after.etag, NULL, NULL, v_after.doc)::skillancer.reply;
END
$$;
COMMENT ON FUNCTION skillancer.moderate_user(skillancer.user_id, text, text) IS
	'suspend, restrict or reinstate, with a reason; the engine audits it.';

--
CREATE OR REPLACE FUNCTION skillancer_api.user_suspend(p_id skillancer.user_id, p_reason text)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN skillancer.moderate_user(p_id, 'suspend', p_reason);
END
$$;
COMMENT ON FUNCTION skillancer_api.user_suspend(skillancer.user_id, text) IS
	'Suspends an account: its sessions end, its profile is hidden.';
SELECT skillancer.add_route('POST', '/v1/users/{id}/suspend', 'user_suspend', who => 'ADMIN,MODERATOR',
	class => 'fast', summary => 'Suspend an account', answers => 'user_doc');

--
CREATE OR REPLACE FUNCTION skillancer_api.user_restrict(p_id skillancer.user_id, p_reason text)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN skillancer.moderate_user(p_id, 'restrict', p_reason);
END
$$;
COMMENT ON FUNCTION skillancer_api.user_restrict(skillancer.user_id, text) IS
	'Restricts an account: no new business, what runs goes on.';
SELECT skillancer.add_route('POST', '/v1/users/{id}/restrict', 'user_restrict', who => 'ADMIN,MODERATOR',
	class => 'fast', summary => 'Restrict an account', answers => 'user_doc');

--
CREATE OR REPLACE FUNCTION skillancer_api.user_reinstate(p_id skillancer.user_id, p_reason text)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN skillancer.moderate_user(p_id, 'reinstate', p_reason);
END
$$;
COMMENT ON FUNCTION skillancer_api.user_reinstate(skillancer.user_id, text) IS
	'Lifts a suspension or restriction.';
SELECT skillancer.add_route('POST', '/v1/users/{id}/reinstate', 'user_reinstate', who => 'ADMIN,MODERATOR',
	class => 'fast', summary => 'Lift a suspension or restriction', answers => 'user_doc');

--
CREATE OR REPLACE FUNCTION skillancer_api.user_set_roles(p_id skillancer.user_id, p_roles text[])
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_before text[];
	v_after record;
BEGIN
	IF NOT skillancer.staff_may('users:manage_roles', 'user.roles_set', 'user', p_id::uuid) THEN
		RETURN skillancer.refusal(403, 'PERMISSION_DENIED', 'you are not allowed to do this');
	END IF;
	PERFORM skillancer.check_that('roles', p_roles <@
		'{USER,FREELANCER,CLIENT,ADMIN,SUPPORT,MODERATOR,FINANCE,ANALYST}'::text[], 'must be known roles');
	PERFORM skillancer.check_done();
	SELECT array_agg(r.role) INTO v_before FROM skillancer.user_role r WHERE r.user_id = p_id;
	IF v_before IS NULL THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	ELSIF p_id = skillancer.current_user_id() THEN
		PERFORM skillancer.fail('PERMISSION_DENIED', 'you cannot do this to your own account');
	ELSIF ('ADMIN' = ANY (v_before)) <> ('ADMIN' = ANY (p_roles))
			AND NOT skillancer.staff_may('system:manage_admins', 'user.roles_set', 'user', p_id::uuid) THEN
		RETURN skillancer.refusal(403, 'PERMISSION_DENIED', 'this needs the permission system:manage_admins');
	END IF;
	PERFORM skillancer.set_roles(p_id, p_roles);
	SELECT d.etag, d.doc INTO v_after FROM skillancer.user_doc d WHERE d.id = p_id;
	RETURN ROW(200, v_after.etag, NULL, NULL, v_after.doc)::skillancer.reply;
END
$$;
COMMENT ON FUNCTION skillancer_api.user_set_roles(skillancer.user_id, text[]) IS
	'Replaces the roles of an account; a lost role ends its sessions. ADMIN is given and taken with system:manage_admins only.';
SELECT skillancer.add_route('POST', '/v1/users/{id}/roles', 'user_set_roles', who => 'ADMIN', class => 'fast',
	summary => 'Set the roles of an account', answers => 'user_doc');
