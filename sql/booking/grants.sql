-- sql/booking/grants.sql
--	Who may touch the tables of bookings at all; row-level security narrows it further.

GRANT SELECT ON skillancer.booking, skillancer.milestone, skillancer.review, skillancer.reputation,
	skillancer.change_request, skillancer.delivery, skillancer.booking_doc, skillancer.milestone_doc,
	skillancer.change_request_doc, skillancer.delivery_doc, skillancer.review_doc,
	skillancer.work_week, skillancer.time_entry, skillancer.work_week_doc, skillancer.time_entry_doc,
	skillancer.dispute, skillancer.dispute_evidence, skillancer.dispute_doc, skillancer.dispute_queue,
	skillancer.booking_terms, skillancer.booking_terms_doc, skillancer.delivery_file
	TO skillancer_bridge;
GRANT SELECT ON skillancer.review_report, skillancer.review_report_doc, skillancer.outcome, skillancer.badge_rule
	TO skillancer_bridge;
GRANT SELECT, UPDATE ON skillancer.booking, skillancer.milestone, skillancer.change_request, skillancer.review,
	skillancer.work_week, skillancer.review_report, skillancer.dispute
	TO skillancer_engine;
GRANT INSERT ON skillancer.milestone, skillancer.charge TO skillancer_engine;
GRANT SELECT, INSERT, UPDATE ON skillancer.booking_terms TO skillancer_engine;
GRANT SELECT ON skillancer.time_entry, skillancer.milestone_doc, skillancer.badge_rule TO skillancer_engine;
GRANT SELECT, INSERT, UPDATE ON skillancer.reputation, skillancer.outcome TO skillancer_engine;
GRANT SELECT ON skillancer.dispute, skillancer.dispute_queue TO skillancer_admin;
