-- sql/booking/policies.sql
--	Who sees and writes bookings, milestones, change requests, reviews and reputation. The owner's functions may lock a row of
--	their caller and never change one: that is for the engine. What belongs to an organisation is seen by its members of
--	today; who made it acts for it while being one, its OWNER and ADMIN always.

CREATE POLICY booking_read ON skillancer.booking FOR SELECT
	USING (client_id = (SELECT skillancer.current_user_id()) AND organisation_id IS NULL
		OR freelancer_id = (SELECT skillancer.current_user_id())
		OR organisation_id = ANY ((SELECT skillancer.my_organisations())::skillancer.organisation_id[])
		OR (SELECT skillancer.has_permission('contracts:view')));
CREATE POLICY booking_make ON skillancer.booking FOR INSERT TO skillancer_owner
	WITH CHECK (client_id = (SELECT skillancer.current_user_id())
		AND (organisation_id IS NULL OR organisation_id = ANY ((SELECT skillancer.my_organisations())::skillancer.organisation_id[])));
CREATE POLICY booking_lock ON skillancer.booking FOR UPDATE TO skillancer_owner
	USING (client_id = (SELECT skillancer.current_user_id())
			AND (organisation_id IS NULL OR organisation_id = ANY ((SELECT skillancer.my_organisations())::skillancer.organisation_id[]))
		OR freelancer_id = (SELECT skillancer.current_user_id())
		OR organisation_id = ANY ((SELECT skillancer.managed_organisations())::skillancer.organisation_id[]))
	WITH CHECK (false);

CREATE POLICY booking_terms_read ON skillancer.booking_terms FOR SELECT
	USING (client_id = (SELECT skillancer.current_user_id()) AND organisation_id IS NULL
		OR freelancer_id = (SELECT skillancer.current_user_id())
		OR organisation_id = ANY ((SELECT skillancer.my_organisations())::skillancer.organisation_id[])
		OR (SELECT skillancer.has_permission('contracts:view')));

CREATE POLICY milestone_read ON skillancer.milestone FOR SELECT
	USING (client_id = (SELECT skillancer.current_user_id()) AND organisation_id IS NULL
		OR freelancer_id = (SELECT skillancer.current_user_id())
		OR organisation_id = ANY ((SELECT skillancer.my_organisations())::skillancer.organisation_id[])
		OR (SELECT skillancer.has_permission('contracts:view')));
CREATE POLICY milestone_make ON skillancer.milestone FOR INSERT TO skillancer_owner
	WITH CHECK ((client_id = (SELECT skillancer.current_user_id())
			AND (organisation_id IS NULL OR organisation_id = ANY ((SELECT skillancer.my_organisations())::skillancer.organisation_id[]))
		OR freelancer_id = (SELECT skillancer.current_user_id())
		OR organisation_id = ANY ((SELECT skillancer.managed_organisations())::skillancer.organisation_id[]))
		AND (proposed_by = client_id OR proposed_by = freelancer_id));
CREATE POLICY milestone_lock ON skillancer.milestone FOR UPDATE TO skillancer_owner
	USING (client_id = (SELECT skillancer.current_user_id())
			AND (organisation_id IS NULL OR organisation_id = ANY ((SELECT skillancer.my_organisations())::skillancer.organisation_id[]))
		OR freelancer_id = (SELECT skillancer.current_user_id())
		OR organisation_id = ANY ((SELECT skillancer.managed_organisations())::skillancer.organisation_id[]))
	WITH CHECK (false);

CREATE POLICY work_week_read ON skillancer.work_week FOR SELECT
	USING (client_id = (SELECT skillancer.current_user_id()) AND organisation_id IS NULL
		OR freelancer_id = (SELECT skillancer.current_user_id())
		OR organisation_id = ANY ((SELECT skillancer.my_organisations())::skillancer.organisation_id[])
		OR (SELECT skillancer.has_permission('contracts:view')));
CREATE POLICY work_week_make ON skillancer.work_week FOR INSERT TO skillancer_owner
	WITH CHECK (freelancer_id = (SELECT skillancer.current_user_id()));

CREATE POLICY time_entry_read ON skillancer.time_entry FOR SELECT
	USING (client_id = (SELECT skillancer.current_user_id()) AND organisation_id IS NULL
		OR freelancer_id = (SELECT skillancer.current_user_id())
		OR organisation_id = ANY ((SELECT skillancer.my_organisations())::skillancer.organisation_id[])
		OR (SELECT skillancer.has_permission('contracts:view')));
CREATE POLICY time_entry_make ON skillancer.time_entry FOR INSERT TO skillancer_owner
	WITH CHECK (freelancer_id = (SELECT skillancer.current_user_id()));
CREATE POLICY time_entry_change ON skillancer.time_entry FOR UPDATE TO skillancer_owner
	USING (freelancer_id = (SELECT skillancer.current_user_id()))
	WITH CHECK (freelancer_id = (SELECT skillancer.current_user_id()));
CREATE POLICY time_entry_remove ON skillancer.time_entry FOR DELETE TO skillancer_owner
	USING (freelancer_id = (SELECT skillancer.current_user_id()));

CREATE POLICY change_request_read ON skillancer.change_request FOR SELECT
	USING (client_id = (SELECT skillancer.current_user_id()) AND organisation_id IS NULL
		OR freelancer_id = (SELECT skillancer.current_user_id())
		OR organisation_id = ANY ((SELECT skillancer.my_organisations())::skillancer.organisation_id[])
		OR (SELECT skillancer.has_permission('contracts:view')));
CREATE POLICY change_request_make ON skillancer.change_request FOR INSERT TO skillancer_owner
	WITH CHECK ((client_id = (SELECT skillancer.current_user_id())
			AND (organisation_id IS NULL OR organisation_id = ANY ((SELECT skillancer.my_organisations())::skillancer.organisation_id[]))
		OR freelancer_id = (SELECT skillancer.current_user_id())
		OR organisation_id = ANY ((SELECT skillancer.managed_organisations())::skillancer.organisation_id[]))
		AND requested_by = CASE WHEN freelancer_id = (SELECT skillancer.current_user_id()) THEN freelancer_id ELSE client_id END);
CREATE POLICY change_request_lock ON skillancer.change_request FOR UPDATE TO skillancer_owner
	USING (client_id = (SELECT skillancer.current_user_id())
			AND (organisation_id IS NULL OR organisation_id = ANY ((SELECT skillancer.my_organisations())::skillancer.organisation_id[]))
		OR freelancer_id = (SELECT skillancer.current_user_id())
		OR organisation_id = ANY ((SELECT skillancer.managed_organisations())::skillancer.organisation_id[]))
	WITH CHECK (false);

CREATE POLICY delivery_read ON skillancer.delivery FOR SELECT
	USING (client_id = (SELECT skillancer.current_user_id()) AND organisation_id IS NULL
		OR freelancer_id = (SELECT skillancer.current_user_id())
		OR organisation_id = ANY ((SELECT skillancer.my_organisations())::skillancer.organisation_id[])
		OR (SELECT skillancer.has_permission('contracts:view')));
CREATE POLICY delivery_make ON skillancer.delivery FOR INSERT TO skillancer_owner
	WITH CHECK (freelancer_id = (SELECT skillancer.current_user_id()));

CREATE POLICY delivery_file_read ON skillancer.delivery_file FOR SELECT
	USING (freelancer_id = (SELECT skillancer.current_user_id())
		OR (client_id = (SELECT skillancer.current_user_id()) AND organisation_id IS NULL
				OR organisation_id = ANY ((SELECT skillancer.my_organisations())::skillancer.organisation_id[]))
			AND (opens_after = 'DELIVERY' OR EXISTS (SELECT FROM skillancer.milestone m
				WHERE m.id = delivery_file.milestone_id AND m.state = 'RELEASED'))
		OR (SELECT skillancer.has_permission('contracts:view')));
CREATE POLICY delivery_file_make ON skillancer.delivery_file FOR INSERT TO skillancer_owner
	WITH CHECK (freelancer_id = (SELECT skillancer.current_user_id()));

CREATE POLICY dispute_read ON skillancer.dispute FOR SELECT
	USING (client_id = (SELECT skillancer.current_user_id()) AND organisation_id IS NULL
		OR freelancer_id = (SELECT skillancer.current_user_id())
		OR organisation_id = ANY ((SELECT skillancer.my_organisations())::skillancer.organisation_id[])
		OR (SELECT skillancer.has_permission('contracts:view')));
CREATE POLICY dispute_operate ON skillancer.dispute FOR SELECT TO skillancer_admin USING (true);
CREATE POLICY dispute_make ON skillancer.dispute FOR INSERT TO skillancer_owner
	WITH CHECK ((client_id = (SELECT skillancer.current_user_id())
			AND (organisation_id IS NULL OR organisation_id = ANY ((SELECT skillancer.my_organisations())::skillancer.organisation_id[]))
		OR freelancer_id = (SELECT skillancer.current_user_id())
		OR organisation_id = ANY ((SELECT skillancer.managed_organisations())::skillancer.organisation_id[]))
		AND claimant_id = CASE WHEN freelancer_id = (SELECT skillancer.current_user_id()) THEN freelancer_id ELSE client_id END AND mediator_id IS NULL);

CREATE POLICY dispute_evidence_read ON skillancer.dispute_evidence FOR SELECT
	USING (client_id = (SELECT skillancer.current_user_id()) AND organisation_id IS NULL
		OR freelancer_id = (SELECT skillancer.current_user_id())
		OR organisation_id = ANY ((SELECT skillancer.my_organisations())::skillancer.organisation_id[])
		OR (SELECT skillancer.has_permission('contracts:view')));
CREATE POLICY dispute_evidence_make ON skillancer.dispute_evidence FOR INSERT TO skillancer_owner
	WITH CHECK ((client_id = (SELECT skillancer.current_user_id())
			AND (organisation_id IS NULL OR organisation_id = ANY ((SELECT skillancer.my_organisations())::skillancer.organisation_id[]))
		OR freelancer_id = (SELECT skillancer.current_user_id())
		OR organisation_id = ANY ((SELECT skillancer.managed_organisations())::skillancer.organisation_id[]))
		AND author_id = CASE WHEN freelancer_id = (SELECT skillancer.current_user_id()) THEN freelancer_id ELSE client_id END);

CREATE POLICY review_read ON skillancer.review FOR SELECT
	USING ((state = 'PUBLISHED' AND (SELECT skillancer.has_request()))
		OR author_id = (SELECT skillancer.current_user_id())
		OR author_id = client_id AND organisation_id = ANY ((SELECT skillancer.my_organisations())::skillancer.organisation_id[])
		OR (SELECT skillancer.has_permission('moderation:view')));
CREATE POLICY review_make ON skillancer.review FOR INSERT TO skillancer_owner
	WITH CHECK (author_id = (SELECT skillancer.current_user_id())
		OR author_id = client_id AND organisation_id = ANY ((SELECT skillancer.managed_organisations())::skillancer.organisation_id[]));
CREATE POLICY review_reply ON skillancer.review FOR UPDATE TO skillancer_owner
	USING (state = 'PUBLISHED' AND (subject_id = (SELECT skillancer.current_user_id())
		OR subject_id = client_id AND organisation_id = ANY ((SELECT skillancer.managed_organisations())::skillancer.organisation_id[])))
	WITH CHECK (state = 'PUBLISHED' AND (subject_id = (SELECT skillancer.current_user_id())
		OR subject_id = client_id AND organisation_id = ANY ((SELECT skillancer.managed_organisations())::skillancer.organisation_id[])));

CREATE POLICY review_report_read ON skillancer.review_report FOR SELECT
	USING (user_id = (SELECT skillancer.current_user_id())
		OR (SELECT skillancer.has_permission('moderation:view')));
CREATE POLICY review_report_make ON skillancer.review_report FOR INSERT TO skillancer_owner
	WITH CHECK (user_id = (SELECT skillancer.current_user_id())
		AND EXISTS (SELECT FROM skillancer.review r WHERE r.id = review_report.review_id AND r.state = 'PUBLISHED'
			AND r.author_id <> review_report.user_id));

CREATE POLICY outcome_read ON skillancer.outcome FOR SELECT
	USING (freelancer_id = (SELECT skillancer.current_user_id())
		OR (SELECT skillancer.has_permission('contracts:view')));
CREATE POLICY badge_rule_read ON skillancer.badge_rule FOR SELECT USING ((SELECT skillancer.has_request()));
CREATE POLICY reputation_read ON skillancer.reputation FOR SELECT USING ((SELECT skillancer.has_request()));
