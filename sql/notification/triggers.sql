-- Triggers of notifications and webhooks: states come from the engine only; new notifications go onto the live stream.

CREATE TRIGGER state_guard BEFORE INSERT OR UPDATE ON skillancer.webhook
	FOR EACH ROW EXECUTE FUNCTION skillancer.state_guard('webhook');
ALTER TABLE skillancer.webhook ENABLE ALWAYS TRIGGER state_guard;

CREATE TRIGGER stream_new AFTER INSERT ON skillancer.notification
	REFERENCING NEW TABLE AS made
	FOR EACH STATEMENT EXECUTE FUNCTION skillancer.stream_notification();
