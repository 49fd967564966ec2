-- Table privileges of people: the engine signs in and keeps accounts, the bridge reads what policies show.

GRANT SELECT ON skillancer.user_account, skillancer.user_role, skillancer.user_permission, skillancer.role_permission,
	skillancer.session, skillancer.verification, skillancer.profile TO skillancer_bridge;
GRANT SELECT ON skillancer.user_doc, skillancer.profile_doc, skillancer.session_doc
	TO skillancer_bridge, skillancer_engine;

GRANT SELECT, INSERT, UPDATE ON skillancer.user_account TO skillancer_engine;
GRANT SELECT, INSERT, DELETE ON skillancer.user_role TO skillancer_engine;
GRANT SELECT ON skillancer.role_permission, skillancer.user_permission TO skillancer_engine;
GRANT SELECT, INSERT, UPDATE ON skillancer.user_credential, skillancer.verification, skillancer.profile
	TO skillancer_engine;
GRANT SELECT, INSERT, UPDATE, DELETE ON skillancer.session, skillancer.refresh_token, skillancer.email_token,
	skillancer.sign_in_failure TO skillancer_engine;

GRANT SELECT ON skillancer.organisation, skillancer.organisation_member, skillancer.organisation_invitation,
	skillancer.organisation_doc, skillancer.organisation_invitation_doc TO skillancer_bridge;
GRANT SELECT, UPDATE ON skillancer.organisation, skillancer.organisation_invitation TO skillancer_engine;
GRANT SELECT, INSERT, UPDATE, DELETE ON skillancer.organisation_member TO skillancer_engine;

-- erasure
GRANT SELECT ON skillancer.erasure, skillancer.erasure_doc TO skillancer_bridge;
GRANT SELECT, UPDATE ON skillancer.erasure TO skillancer_engine;
GRANT SELECT ON skillancer.erasure_doc TO skillancer_engine;
GRANT DELETE ON skillancer.user_credential, skillancer.user_permission, skillancer.verification, skillancer.notification_preference,
	skillancer.quiet_hours, skillancer.saved_search, skillancer.saved_project, skillancer.user_block, skillancer.billing_profile
	TO skillancer_engine;
GRANT SELECT, DELETE ON skillancer.import_object TO skillancer_engine;
GRANT UPDATE ON skillancer.payment_method, skillancer.stream_entry TO skillancer_engine;
