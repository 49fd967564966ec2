-- sql/booking/grants.sql
--	Who may touch the tables of bookings at all; row-level security narrows it further.

GRANT SELECT ON skillancer.booking, skillancer.milestone, skillancer.review, skillancer.reputation,
	skillancer.booking_doc, skillancer.milestone_doc, skillancer.review_doc
	TO skillancer_bridge;
GRANT SELECT, UPDATE ON skillancer.booking, skillancer.milestone, skillancer.review
	TO skillancer_engine;
GRANT SELECT, INSERT, UPDATE ON skillancer.reputation TO skillancer_engine;
