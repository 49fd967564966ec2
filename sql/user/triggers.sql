-- The state of an account changes through the engine only.
CREATE TRIGGER state_guard BEFORE INSERT OR UPDATE ON skillancer.user_account
	FOR EACH ROW EXECUTE FUNCTION skillancer.state_guard('user');
ALTER TABLE skillancer.user_account ENABLE ALWAYS TRIGGER state_guard;
