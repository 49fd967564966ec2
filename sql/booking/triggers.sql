-- sql/booking/triggers.sql
--	No state without the engine: bookings, milestones, weeks, change requests and reviews.

CREATE TRIGGER state_guard BEFORE INSERT OR UPDATE ON skillancer.booking
	FOR EACH ROW EXECUTE FUNCTION skillancer.state_guard('booking');
ALTER TABLE skillancer.booking ENABLE ALWAYS TRIGGER state_guard;

CREATE TRIGGER state_guard BEFORE INSERT OR UPDATE ON skillancer.milestone
	FOR EACH ROW EXECUTE FUNCTION skillancer.state_guard('milestone');
ALTER TABLE skillancer.milestone ENABLE ALWAYS TRIGGER state_guard;

CREATE TRIGGER state_guard BEFORE INSERT OR UPDATE ON skillancer.work_week
	FOR EACH ROW EXECUTE FUNCTION skillancer.state_guard('work_week');
ALTER TABLE skillancer.work_week ENABLE ALWAYS TRIGGER state_guard;

CREATE TRIGGER state_guard BEFORE INSERT OR UPDATE ON skillancer.review
	FOR EACH ROW EXECUTE FUNCTION skillancer.state_guard('review');
ALTER TABLE skillancer.review ENABLE ALWAYS TRIGGER state_guard;

CREATE TRIGGER state_guard BEFORE INSERT OR UPDATE ON skillancer.change_request
	FOR EACH ROW EXECUTE FUNCTION skillancer.state_guard('change_request');
ALTER TABLE skillancer.change_request ENABLE ALWAYS TRIGGER state_guard;
