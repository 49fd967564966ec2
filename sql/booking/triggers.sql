-- sql/booking/triggers.sql
--	No state without the engine: bookings, milestones, weeks, change requests, reviews and their reports. Ranks and
--	levels follow what they are made of.

CREATE TRIGGER state_guard BEFORE INSERT OR UPDATE ON skillancer.booking
	FOR EACH ROW EXECUTE FUNCTION skillancer.state_guard('booking');
ALTER TABLE skillancer.booking ENABLE ALWAYS TRIGGER state_guard;

CREATE TRIGGER keep_first AFTER INSERT ON skillancer.booking
	FOR EACH ROW EXECUTE FUNCTION skillancer.booking_keep_first();

CREATE TRIGGER state_guard BEFORE INSERT OR UPDATE ON skillancer.milestone
	FOR EACH ROW EXECUTE FUNCTION skillancer.state_guard('milestone');
ALTER TABLE skillancer.milestone ENABLE ALWAYS TRIGGER state_guard;

CREATE TRIGGER state_guard BEFORE INSERT OR UPDATE ON skillancer.work_week
	FOR EACH ROW EXECUTE FUNCTION skillancer.state_guard('work_week');
ALTER TABLE skillancer.work_week ENABLE ALWAYS TRIGGER state_guard;

CREATE TRIGGER state_guard BEFORE INSERT OR UPDATE ON skillancer.review
	FOR EACH ROW EXECUTE FUNCTION skillancer.state_guard('review');
ALTER TABLE skillancer.review ENABLE ALWAYS TRIGGER state_guard;

CREATE TRIGGER state_guard BEFORE INSERT OR UPDATE ON skillancer.review_report
	FOR EACH ROW EXECUTE FUNCTION skillancer.state_guard('review_report');
ALTER TABLE skillancer.review_report ENABLE ALWAYS TRIGGER state_guard;

CREATE TRIGGER state_guard BEFORE INSERT OR UPDATE ON skillancer.change_request
	FOR EACH ROW EXECUTE FUNCTION skillancer.state_guard('change_request');
ALTER TABLE skillancer.change_request ENABLE ALWAYS TRIGGER state_guard;

CREATE TRIGGER state_guard BEFORE INSERT OR UPDATE ON skillancer.dispute
	FOR EACH ROW EXECUTE FUNCTION skillancer.state_guard('dispute');
ALTER TABLE skillancer.dispute ENABLE ALWAYS TRIGGER state_guard;

CREATE TRIGGER rules_changed AFTER INSERT OR UPDATE OR DELETE ON skillancer.badge_rule
	FOR EACH STATEMENT EXECUTE FUNCTION skillancer.badge_rules_changed();
ALTER TABLE skillancer.badge_rule ENABLE ALWAYS TRIGGER rules_changed;

CREATE TRIGGER gig_rank BEFORE INSERT ON skillancer.gig
	FOR EACH ROW EXECUTE FUNCTION skillancer.gig_rank();

-- Signs of fraud that no text shows.
CREATE TRIGGER risk_velocity AFTER INSERT ON skillancer.project FOR EACH ROW EXECUTE FUNCTION skillancer.risk_velocity();
CREATE TRIGGER risk_velocity AFTER INSERT ON skillancer.proposal FOR EACH ROW EXECUTE FUNCTION skillancer.risk_velocity();
CREATE TRIGGER risk_self_dealing AFTER INSERT ON skillancer.booking FOR EACH ROW EXECUTE FUNCTION skillancer.risk_self_dealing();
CREATE TRIGGER risk_review_burst AFTER UPDATE OF published_at ON skillancer.review
	FOR EACH ROW WHEN (NEW.state = 'PUBLISHED' AND NEW.rating = 5) EXECUTE FUNCTION skillancer.risk_review_burst();

-- The organisation of a booking is the organisation of what belongs to it.
CREATE TRIGGER of_organisation BEFORE INSERT ON skillancer.milestone
	FOR EACH ROW EXECUTE FUNCTION skillancer.booking_organisation();
CREATE TRIGGER of_organisation BEFORE INSERT ON skillancer.booking_terms
	FOR EACH ROW EXECUTE FUNCTION skillancer.booking_organisation();
CREATE TRIGGER of_organisation BEFORE INSERT ON skillancer.change_request
	FOR EACH ROW EXECUTE FUNCTION skillancer.booking_organisation();
CREATE TRIGGER of_organisation BEFORE INSERT ON skillancer.delivery
	FOR EACH ROW EXECUTE FUNCTION skillancer.booking_organisation();
CREATE TRIGGER of_organisation BEFORE INSERT ON skillancer.review
	FOR EACH ROW EXECUTE FUNCTION skillancer.booking_organisation();
CREATE TRIGGER of_organisation BEFORE INSERT ON skillancer.dispute
	FOR EACH ROW EXECUTE FUNCTION skillancer.booking_organisation();
CREATE TRIGGER of_organisation BEFORE INSERT ON skillancer.work_week
	FOR EACH ROW EXECUTE FUNCTION skillancer.booking_organisation();
CREATE TRIGGER of_organisation BEFORE INSERT ON skillancer.time_entry
	FOR EACH ROW EXECUTE FUNCTION skillancer.booking_organisation();
CREATE TRIGGER of_organisation BEFORE INSERT ON skillancer.delivery_file
	FOR EACH ROW EXECUTE FUNCTION skillancer.booking_organisation();

CREATE TRIGGER outcome_money AFTER UPDATE OF given_back, released_part, refunded_part ON skillancer.milestone
	FOR EACH ROW WHEN (NEW.state IN ('RELEASED', 'REFUNDED')
		AND (OLD.given_back IS DISTINCT FROM NEW.given_back OR OLD.released_part IS DISTINCT FROM NEW.released_part
			OR OLD.refunded_part IS DISTINCT FROM NEW.refunded_part))
	EXECUTE FUNCTION skillancer.outcome_money_moved();
