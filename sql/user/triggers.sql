-- The state of an account changes through the engine only.
CREATE TRIGGER state_guard BEFORE INSERT OR UPDATE ON skillancer.user_account
	FOR EACH ROW EXECUTE FUNCTION skillancer.state_guard('user');
ALTER TABLE skillancer.user_account ENABLE ALWAYS TRIGGER state_guard;

CREATE TRIGGER state_guard BEFORE INSERT OR UPDATE ON skillancer.organisation_invitation
	FOR EACH ROW EXECUTE FUNCTION skillancer.state_guard('organisation_invitation');
ALTER TABLE skillancer.organisation_invitation ENABLE ALWAYS TRIGGER state_guard;
