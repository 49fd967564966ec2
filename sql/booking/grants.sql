-- sql/booking/grants.sql
--	Who may touch the tables of bookings at all; row-level security narrows it further.

GRANT SELECT ON skillancer.booking, skillancer.milestone, skillancer.review, skillancer.reputation,
	skillancer.change_request, skillancer.delivery, skillancer.booking_doc, skillancer.milestone_doc,
	skillancer.change_request_doc, skillancer.delivery_doc, skillancer.review_doc
	TO skillancer_bridge;
GRANT SELECT, UPDATE ON skillancer.booking, skillancer.milestone, skillancer.change_request, skillancer.review
	TO skillancer_engine;
GRANT SELECT, INSERT, UPDATE ON skillancer.reputation TO skillancer_engine;
