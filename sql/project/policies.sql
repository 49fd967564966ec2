-- Who sees and writes what in the project service.

-- The catalogue is public; it is written by skill_add() and skill_merge() as a superuser.
CREATE POLICY category_read ON skillancer.category FOR SELECT
	USING ((SELECT skillancer.has_request()));
CREATE POLICY skill_read ON skillancer.skill FOR SELECT
	USING ((SELECT skillancer.has_request()));
CREATE POLICY skill_key_read ON skillancer.skill_key FOR SELECT
	USING ((SELECT skillancer.has_request()));

-- Public projects are seen by all once published, others by their client, who proposed, who is invited, and staff.
CREATE POLICY project_read ON skillancer.project FOR SELECT
	USING ((visibility = 'PUBLIC' AND state IN ('OPEN', 'PAUSED', 'FILLED', 'CLOSED')
			AND (SELECT skillancer.has_request()))
		OR client_id = (SELECT skillancer.current_user_id())
		OR (SELECT skillancer.has_permission('jobs:view'))
		OR skillancer.is_project_guest(id));
CREATE POLICY project_insert ON skillancer.project FOR INSERT TO skillancer_owner
	WITH CHECK (client_id = (SELECT skillancer.current_user_id()));
CREATE POLICY project_update ON skillancer.project FOR UPDATE TO skillancer_owner
	USING (client_id = (SELECT skillancer.current_user_id()) OR (SELECT skillancer.has_permission('jobs:moderate')))
	WITH CHECK (client_id = (SELECT skillancer.current_user_id()) OR (SELECT skillancer.has_permission('jobs:moderate')));

-- A proposal is between two people. The parent must be visible, so that an insert tells nothing about hidden ones.
CREATE POLICY proposal_read ON skillancer.proposal FOR SELECT
	USING (freelancer_id = (SELECT skillancer.current_user_id())
		OR client_id = (SELECT skillancer.current_user_id())
		OR (SELECT skillancer.has_permission('jobs:view')));
CREATE POLICY proposal_insert ON skillancer.proposal FOR INSERT TO skillancer_owner
	WITH CHECK (freelancer_id = (SELECT skillancer.current_user_id())
		AND EXISTS (SELECT FROM skillancer.project p
			WHERE p.id = proposal.project_id AND p.client_id = proposal.client_id));
CREATE POLICY proposal_update ON skillancer.proposal FOR UPDATE TO skillancer_owner
	USING (freelancer_id = (SELECT skillancer.current_user_id())
		OR client_id = (SELECT skillancer.current_user_id()))
	WITH CHECK (freelancer_id = (SELECT skillancer.current_user_id())
		OR client_id = (SELECT skillancer.current_user_id()));

CREATE POLICY proposal_revision_read ON skillancer.proposal_revision FOR SELECT
	USING (freelancer_id = (SELECT skillancer.current_user_id())
		OR client_id = (SELECT skillancer.current_user_id())
		OR (SELECT skillancer.has_permission('jobs:view')));
CREATE POLICY proposal_revision_insert ON skillancer.proposal_revision FOR INSERT TO skillancer_owner
	WITH CHECK (freelancer_id = (SELECT skillancer.current_user_id())
		AND EXISTS (SELECT FROM skillancer.proposal p
			WHERE p.id = proposal_revision.proposal_id AND p.client_id = proposal_revision.client_id
				AND p.freelancer_id = proposal_revision.freelancer_id));

CREATE POLICY proposal_counter_read ON skillancer.proposal_counter FOR SELECT
	USING (freelancer_id = (SELECT skillancer.current_user_id())
		OR client_id = (SELECT skillancer.current_user_id())
		OR (SELECT skillancer.has_permission('jobs:view')));
CREATE POLICY proposal_counter_insert ON skillancer.proposal_counter FOR INSERT TO skillancer_owner
	WITH CHECK (client_id = (SELECT skillancer.current_user_id())
		AND EXISTS (SELECT FROM skillancer.proposal p
			WHERE p.id = proposal_counter.proposal_id AND p.client_id = proposal_counter.client_id
				AND p.freelancer_id = proposal_counter.freelancer_id));

CREATE POLICY invitation_read ON skillancer.invitation FOR SELECT
	USING (freelancer_id = (SELECT skillancer.current_user_id())
		OR client_id = (SELECT skillancer.current_user_id())
		OR (SELECT skillancer.has_permission('jobs:view')));
CREATE POLICY invitation_insert ON skillancer.invitation FOR INSERT TO skillancer_owner
	WITH CHECK (client_id = (SELECT skillancer.current_user_id())
		AND EXISTS (SELECT FROM skillancer.project p
			WHERE p.id = invitation.project_id AND p.client_id = invitation.client_id));

CREATE POLICY saved_project_read ON skillancer.saved_project FOR SELECT
	USING (user_id = (SELECT skillancer.current_user_id()));
CREATE POLICY saved_project_insert ON skillancer.saved_project FOR INSERT TO skillancer_owner
	WITH CHECK (user_id = (SELECT skillancer.current_user_id())
		AND EXISTS (SELECT FROM skillancer.project p WHERE p.id = saved_project.project_id));
CREATE POLICY saved_project_delete ON skillancer.saved_project FOR DELETE TO skillancer_owner
	USING (user_id = (SELECT skillancer.current_user_id()));

-- Active gigs are public, others are seen by their freelancer and staff.
CREATE POLICY gig_read ON skillancer.gig FOR SELECT
	USING ((state = 'ACTIVE' AND (SELECT skillancer.has_request()))
		OR freelancer_id = (SELECT skillancer.current_user_id())
		OR (SELECT skillancer.has_permission('jobs:view')));
CREATE POLICY gig_insert ON skillancer.gig FOR INSERT TO skillancer_owner
	WITH CHECK (freelancer_id = (SELECT skillancer.current_user_id()));
CREATE POLICY gig_update ON skillancer.gig FOR UPDATE TO skillancer_owner
	USING (freelancer_id = (SELECT skillancer.current_user_id()) OR (SELECT skillancer.has_permission('jobs:moderate')))
	WITH CHECK (freelancer_id = (SELECT skillancer.current_user_id()) OR (SELECT skillancer.has_permission('jobs:moderate')));

CREATE POLICY gig_revision_read ON skillancer.gig_revision FOR SELECT
	USING (freelancer_id = (SELECT skillancer.current_user_id())
		OR (SELECT skillancer.has_permission('jobs:view')));
CREATE POLICY gig_revision_insert ON skillancer.gig_revision FOR INSERT TO skillancer_owner
	WITH CHECK (freelancer_id = (SELECT skillancer.current_user_id())
		AND EXISTS (SELECT FROM skillancer.gig g
			WHERE g.id = gig_revision.gig_id AND g.freelancer_id = gig_revision.freelancer_id));

-- Signals are for moderators; who causes one does not see it.
CREATE POLICY risk_signal_read ON skillancer.risk_signal FOR SELECT
	USING ((SELECT skillancer.has_permission('moderation:view')));
CREATE POLICY risk_signal_insert ON skillancer.risk_signal FOR INSERT TO skillancer_owner
	WITH CHECK (user_id = (SELECT skillancer.current_user_id()));
