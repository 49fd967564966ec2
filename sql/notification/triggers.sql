-- Triggers of notifications and webhooks: states come from the engine only.

CREATE TRIGGER state_guard BEFORE INSERT OR UPDATE ON skillancer.webhook
	FOR EACH ROW EXECUTE FUNCTION skillancer.state_guard('webhook');
ALTER TABLE skillancer.webhook ENABLE ALWAYS TRIGGER state_guard;
