-- States come from the engine only; nothing new for a closed account.
CREATE TRIGGER state_guard BEFORE INSERT OR UPDATE ON skillancer.media
	FOR EACH ROW EXECUTE FUNCTION skillancer.state_guard('media');
ALTER TABLE skillancer.media ENABLE ALWAYS TRIGGER state_guard;
CREATE TRIGGER closed_guard AFTER INSERT ON skillancer.media
	FOR EACH ROW EXECUTE FUNCTION skillancer.closed_guard('user_id');
