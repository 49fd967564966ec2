/*
 * identity.sql
 *		Who is asking: SQL face of core/request.c, for policies and commands.
 *
 * The readers are STABLE and PARALLEL RESTRICTED: the memory they read is empty in a parallel
 * worker. Policies call them as (SELECT skillancer.current_user_id()), so that the scan itself
 * stays parallel.
 */

-- The first statement of every request of the bridge.
CREATE OR REPLACE FUNCTION skillancer.begin_request(
	p_user uuid, p_session uuid, p_scopes text, p_request_id text, p_trace text, p_address text,
	p_timeout_ms integer, p_read_only boolean, p_problems jsonb)
RETURNS void
LANGUAGE c VOLATILE SECURITY DEFINER
AS 'MODULE_PATHNAME', 'skl_fn_begin_request';
COMMENT ON FUNCTION skillancer.begin_request(uuid, uuid, text, text, text, text, integer, boolean, jsonb) IS
	'Sets the identity of the transaction, once. Raises AUTHENTICATION_ERROR when the session has ended or the account may not act.';
ALTER FUNCTION skillancer.begin_request(uuid, uuid, text, text, text, text, integer, boolean, jsonb)
	OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.begin_request(uuid, uuid, text, text, text, text, integer, boolean, jsonb)
	TO skillancer_bridge;

-- What impersonate() is made of.
CREATE OR REPLACE FUNCTION skillancer.set_identity(p_user uuid)
RETURNS void
LANGUAGE c VOLATILE SECURITY DEFINER
AS 'MODULE_PATHNAME', 'skl_fn_set_identity';
COMMENT ON FUNCTION skillancer.set_identity(uuid) IS
	'Identity for a DBA inside an explicit transaction; without an audit row, use impersonate().';
ALTER FUNCTION skillancer.set_identity(uuid) OWNER TO skillancer_engine;

-- What a user sees, for a superuser or a member of skillancer_admin.
CREATE OR REPLACE FUNCTION skillancer.impersonate(p_user skillancer.user_id)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.set_identity(p_user::uuid);
	PERFORM skillancer.audit('identity.impersonated', 'user', p_user::uuid, NULL,
		jsonb_build_object('databaseRole', session_user));
END
$$;
COMMENT ON FUNCTION skillancer.impersonate(skillancer.user_id) IS
	'Acts as a user until the transaction ends; NULL is the anonymous visitor. Needs BEGIN, and leaves an audit row.';
ALTER FUNCTION skillancer.impersonate(skillancer.user_id) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.impersonate(skillancer.user_id) TO skillancer_admin;

-- False where begin_request() was not called.
CREATE OR REPLACE FUNCTION skillancer.has_request()
RETURNS boolean
LANGUAGE c STABLE PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'skl_fn_has_request';
COMMENT ON FUNCTION skillancer.has_request() IS
	'True once the transaction has an identity, the anonymous one included. Policies of public rows ask it: without a request nothing is visible.';

-- The caller.
CREATE OR REPLACE FUNCTION skillancer.current_user_id()
RETURNS skillancer.user_id
LANGUAGE c STABLE PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'skl_fn_current_user_id';
COMMENT ON FUNCTION skillancer.current_user_id() IS 'The user of the request; NULL when anonymous.';

-- The session of the caller.
CREATE OR REPLACE FUNCTION skillancer.current_session_id()
RETURNS skillancer.session_id
LANGUAGE c STABLE PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'skl_fn_current_session_id';
COMMENT ON FUNCTION skillancer.current_session_id() IS 'The session of the request; NULL when there is none.';

-- A DBA who acts for somebody.
CREATE OR REPLACE FUNCTION skillancer.is_impersonated()
RETURNS boolean
LANGUAGE c STABLE PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'skl_fn_is_impersonated';
COMMENT ON FUNCTION skillancer.is_impersonated() IS
	'True after impersonate(): the caller did not sign in, and cannot be asked for the password.';

-- State of the caller's account.
CREATE OR REPLACE FUNCTION skillancer.current_user_state()
RETURNS text
LANGUAGE c STABLE PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'skl_fn_current_user_state';
COMMENT ON FUNCTION skillancer.current_user_state() IS
	'PENDING, ACTIVE or RESTRICTED; NULL when anonymous.';

-- Identifier of the request, for logs and audit.
CREATE OR REPLACE FUNCTION skillancer.request_id()
RETURNS text
LANGUAGE c STABLE PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'skl_fn_request_id';
COMMENT ON FUNCTION skillancer.request_id() IS 'X-Request-ID of the request.';

-- Where the request came from.
CREATE OR REPLACE FUNCTION skillancer.request_address()
RETURNS text
LANGUAGE c STABLE PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'skl_fn_request_address';
COMMENT ON FUNCTION skillancer.request_address() IS 'Network address of the client.';

-- Whether the caller holds a role.
CREATE OR REPLACE FUNCTION skillancer.has_role(p_role text)
RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'skl_fn_has_role';
COMMENT ON FUNCTION skillancer.has_role(text) IS 'True when the caller holds the role.';

-- Whether the caller works for the marketplace.
CREATE OR REPLACE FUNCTION skillancer.is_staff()
RETURNS boolean
LANGUAGE c STABLE PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'skl_fn_is_staff';
COMMENT ON FUNCTION skillancer.is_staff() IS
	'True for ADMIN, SUPPORT, MODERATOR, FINANCE and ANALYST; what they may do is in permissions.';

-- Whether the caller holds a permission.
CREATE OR REPLACE FUNCTION skillancer.has_permission(p_permission text)
RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'skl_fn_has_permission';
COMMENT ON FUNCTION skillancer.has_permission(text) IS
	'True when a staff role of the caller, or a grant in person, holds the resource:action.';

-- Refuses callers without one of the roles.
CREATE OR REPLACE FUNCTION skillancer.require_role(VARIADIC p_roles text[])
RETURNS void
LANGUAGE c STABLE STRICT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'skl_fn_require_role';
COMMENT ON FUNCTION skillancer.require_role(text[]) IS
	'Raises AUTHENTICATION_ERROR, PERMISSION_DENIED or EMAIL_NOT_VERIFIED unless the caller holds one of the roles.';

-- Refuses callers without the permission.
CREATE OR REPLACE FUNCTION skillancer.require_permission(p_permission text)
RETURNS void
LANGUAGE c STABLE STRICT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'skl_fn_require_permission';
COMMENT ON FUNCTION skillancer.require_permission(text) IS
	'Raises AUTHENTICATION_ERROR or PERMISSION_DENIED unless the caller holds the permission.';

GRANT EXECUTE ON FUNCTION
	skillancer.has_request(), skillancer.current_user_id(), skillancer.current_session_id(),
	skillancer.current_user_state(), skillancer.request_id(), skillancer.request_address(),
	skillancer.has_role(text), skillancer.is_staff(), skillancer.has_permission(text),
	skillancer.require_role(text[]), skillancer.require_permission(text)
	TO skillancer_bridge, skillancer_worker, skillancer_admin, skillancer_vault;
