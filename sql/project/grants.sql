-- Table privileges of the project service. Which rows is a matter of the policies.

GRANT SELECT ON skillancer.category, skillancer.skill, skillancer.skill_key, skillancer.project, skillancer.proposal,
	skillancer.proposal_revision, skillancer.proposal_counter, skillancer.invitation, skillancer.saved_project, skillancer.gig,
	skillancer.gig_revision TO skillancer_bridge;
GRANT SELECT ON skillancer.category_doc, skillancer.skill_doc, skillancer.project_doc, skillancer.proposal_doc,
	skillancer.invitation_doc, skillancer.gig_doc TO skillancer_bridge;

-- the engine moves states, locks rows and answers policy predicates
GRANT SELECT, UPDATE ON skillancer.project, skillancer.proposal, skillancer.invitation, skillancer.gig
	TO skillancer_engine;
GRANT SELECT ON skillancer.category, skillancer.skill, skillancer.skill_key, skillancer.saved_project
	TO skillancer_engine;
GRANT SELECT, INSERT ON skillancer.risk_signal TO skillancer_engine;

GRANT SELECT ON skillancer.category, skillancer.skill, skillancer.skill_key, skillancer.project, skillancer.proposal,
	skillancer.proposal_revision, skillancer.proposal_counter, skillancer.invitation, skillancer.saved_project, skillancer.gig,
	skillancer.gig_revision, skillancer.risk_signal TO skillancer_backup;
