-- sql/analytics/triggers.sql
--	What rollups must hear of that is no event.

CREATE TRIGGER reported_forget AFTER INSERT ON skillancer.fx_rate
	FOR EACH ROW EXECUTE FUNCTION skillancer.reported_forget();
ALTER TABLE skillancer.fx_rate ENABLE ALWAYS TRIGGER reported_forget;
