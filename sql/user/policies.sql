-- Who sees and changes which row of people. Tables without a policy are the engine's alone:
-- credentials, refresh tokens, mailed tokens, sign-in failures.

CREATE POLICY user_account_read ON skillancer.user_account FOR SELECT
	USING (id = (SELECT skillancer.current_user_id()) OR (SELECT skillancer.has_permission('users:view')));
CREATE POLICY user_account_write ON skillancer.user_account FOR UPDATE TO skillancer_owner
	USING (id = (SELECT skillancer.current_user_id()))
	WITH CHECK (id = (SELECT skillancer.current_user_id()));

CREATE POLICY user_role_read ON skillancer.user_role FOR SELECT
	USING (user_id = (SELECT skillancer.current_user_id()) OR (SELECT skillancer.has_permission('users:view')));

CREATE POLICY role_permission_read ON skillancer.role_permission FOR SELECT
	USING ((SELECT skillancer.is_staff()));

CREATE POLICY user_permission_read ON skillancer.user_permission FOR SELECT
	USING (user_id = (SELECT skillancer.current_user_id()) OR (SELECT skillancer.has_permission('users:view')));

CREATE POLICY session_read ON skillancer.session FOR SELECT
	USING (user_id = (SELECT skillancer.current_user_id()));
CREATE POLICY session_write ON skillancer.session FOR UPDATE TO skillancer_owner
	USING (user_id = (SELECT skillancer.current_user_id()))
	WITH CHECK (user_id = (SELECT skillancer.current_user_id()));

CREATE POLICY verification_read ON skillancer.verification FOR SELECT
	USING (user_id = (SELECT skillancer.current_user_id()) OR (SELECT skillancer.has_permission('users:view')));

CREATE POLICY erasure_read ON skillancer.erasure FOR SELECT
	USING (user_id = (SELECT skillancer.current_user_id()) OR (SELECT skillancer.has_permission('users:view')));
CREATE POLICY erasure_make ON skillancer.erasure FOR INSERT TO skillancer_owner
	WITH CHECK (user_id = (SELECT skillancer.current_user_id()));

CREATE POLICY profile_read ON skillancer.profile FOR SELECT
	USING (user_id = (SELECT skillancer.current_user_id())
		OR (is_public AND is_listed AND (SELECT skillancer.has_request()))
		OR (SELECT skillancer.has_permission('users:view')));
CREATE POLICY profile_write ON skillancer.profile FOR UPDATE TO skillancer_owner
	USING (user_id = (SELECT skillancer.current_user_id()))
	WITH CHECK (user_id = (SELECT skillancer.current_user_id()));

-- An organisation is known to its members. Members are written by the engine, after a command has checked who asks.
CREATE POLICY organisation_read ON skillancer.organisation FOR SELECT
	USING (id = ANY ((SELECT skillancer.my_organisations())::skillancer.organisation_id[])
		OR (SELECT skillancer.has_permission('users:view')));
CREATE POLICY organisation_make ON skillancer.organisation FOR INSERT TO skillancer_owner
	WITH CHECK (created_by = (SELECT skillancer.current_user_id()));
CREATE POLICY organisation_change ON skillancer.organisation FOR UPDATE TO skillancer_owner
	USING (id = ANY ((SELECT skillancer.managed_organisations())::skillancer.organisation_id[]))
	WITH CHECK (id = ANY ((SELECT skillancer.managed_organisations())::skillancer.organisation_id[]));

CREATE POLICY organisation_member_read ON skillancer.organisation_member FOR SELECT
	USING (organisation_id = ANY ((SELECT skillancer.my_organisations())::skillancer.organisation_id[])
		OR (SELECT skillancer.has_permission('users:view')));

CREATE POLICY organisation_invitation_read ON skillancer.organisation_invitation FOR SELECT
	USING (organisation_id = ANY ((SELECT skillancer.my_organisations())::skillancer.organisation_id[])
		OR email_key = (SELECT skillancer.my_email_key())
		OR (SELECT skillancer.has_permission('users:view')));
CREATE POLICY organisation_invitation_make ON skillancer.organisation_invitation FOR INSERT TO skillancer_owner
	WITH CHECK (organisation_id = ANY ((SELECT skillancer.managed_organisations())::skillancer.organisation_id[])
		AND invited_by = (SELECT skillancer.current_user_id()) AND user_id IS NULL);
