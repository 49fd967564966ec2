/*
 * machines.sql
 *		The state machines of the project service.
 */

INSERT INTO skillancer.machine (name, relation, initial, aggregate) VALUES
	('project', 'skillancer.project', '{DRAFT}', 'project'),
	('proposal', 'skillancer.proposal', '{SUBMITTED}', 'proposal'),
	('invitation', 'skillancer.invitation', '{SENT}', 'invitation'),
	('gig', 'skillancer.gig', '{DRAFT}', 'gig');

INSERT INTO skillancer.transition (machine, from_state, event, to_state, actors, guard, emits) VALUES
	('project', 'DRAFT', 'publish', 'OPEN', '{client}', 'project_unflagged', 'project.published'),
	('project', 'DRAFT', 'hold', 'IN_REVIEW', '{client}', NULL, 'project.held'),
	('project', 'IN_REVIEW', 'publish', 'OPEN', '{client}', 'project_unflagged', 'project.published'),
	('project', 'IN_REVIEW', 'approve', 'OPEN', '{staff}', NULL, 'project.published'),
	('project', 'IN_REVIEW', 'reject', 'DRAFT', '{staff}', NULL, 'project.rejected'),
	('project', 'OPEN', 'hold', 'IN_REVIEW', '{system}', NULL, 'project.held'),
	('project', 'PAUSED', 'hold', 'IN_REVIEW', '{system}', NULL, 'project.held'),
	('project', 'OPEN', 'pause', 'PAUSED', '{client}', NULL, 'project.paused'),
	('project', 'PAUSED', 'resume', 'OPEN', '{client}', NULL, 'project.resumed'),
	('project', 'OPEN', 'fill', 'FILLED', '{system}', NULL, 'project.filled'),
	('project', 'PAUSED', 'fill', 'FILLED', '{system}', NULL, 'project.filled'),
	('project', 'FILLED', 'close', 'CLOSED', '{client,system}', NULL, 'project.closed'),
	('project', 'OPEN', 'cancel', 'CANCELLED', '{client,staff,system}', NULL, 'project.cancelled'),
	('project', 'PAUSED', 'cancel', 'CANCELLED', '{client,staff,system}', NULL, 'project.cancelled'),
	('project', 'OPEN', 'expire', 'EXPIRED', '{system}', NULL, 'project.expired'),
	('project', 'PAUSED', 'expire', 'EXPIRED', '{system}', NULL, 'project.expired'),

	('proposal', 'SUBMITTED', 'update', 'SUBMITTED', '{freelancer}', NULL, 'proposal.updated'),
	('proposal', 'COUNTERED', 'update', 'SUBMITTED', '{freelancer}', NULL, 'proposal.updated'),
	('proposal', 'SUBMITTED', 'counter', 'COUNTERED', '{client}', NULL, 'proposal.countered'),
	('proposal', 'COUNTERED', 'counter', 'COUNTERED', '{client}', NULL, 'proposal.countered'),
	('proposal', 'SUBMITTED', 'accept', 'ACCEPTED', '{client}', NULL, 'proposal.accepted'),
	('proposal', 'COUNTERED', 'accept', 'ACCEPTED', '{client}', NULL, 'proposal.accepted'),
	('proposal', 'SUBMITTED', 'withdraw', 'WITHDRAWN', '{freelancer}', NULL, 'proposal.withdrawn'),
	('proposal', 'COUNTERED', 'withdraw', 'WITHDRAWN', '{freelancer}', NULL, 'proposal.withdrawn'),
	('proposal', 'SUBMITTED', 'decline', 'DECLINED', '{client}', NULL, 'proposal.declined'),
	('proposal', 'COUNTERED', 'decline', 'DECLINED', '{client}', NULL, 'proposal.declined'),
	('proposal', 'SUBMITTED', 'close', 'CLOSED', '{system}', NULL, 'proposal.closed'),
	('proposal', 'COUNTERED', 'close', 'CLOSED', '{system}', NULL, 'proposal.closed'),
	('proposal', 'SUBMITTED', 'expire', 'EXPIRED', '{system}', NULL, 'proposal.expired'),
	('proposal', 'COUNTERED', 'expire', 'EXPIRED', '{system}', NULL, 'proposal.expired'),

	('invitation', 'SENT', 'accept', 'ACCEPTED', '{freelancer,system}', NULL, 'invitation.accepted'),
	('invitation', 'SENT', 'decline', 'DECLINED', '{freelancer}', NULL, 'invitation.declined'),
	('invitation', 'SENT', 'withdraw', 'WITHDRAWN', '{client}', NULL, 'invitation.withdrawn'),
	('invitation', 'SENT', 'expire', 'EXPIRED', '{system}', NULL, 'invitation.expired'),

	('gig', 'DRAFT', 'activate', 'ACTIVE', '{freelancer}', NULL, 'gig.activated'),
	('gig', 'PAUSED', 'activate', 'ACTIVE', '{freelancer}', NULL, 'gig.activated'),
	('gig', 'ACTIVE', 'pause', 'PAUSED', '{freelancer}', NULL, 'gig.paused'),
	('gig', 'ACTIVE', 'archive', 'ARCHIVED', '{freelancer,system}', NULL, 'gig.archived'),
	('gig', 'PAUSED', 'archive', 'ARCHIVED', '{freelancer,system}', NULL, 'gig.archived'),
	('gig', 'ACTIVE', 'suspend', 'SUSPENDED', '{staff}', NULL, 'gig.suspended'),
	('gig', 'SUSPENDED', 'reinstate', 'PAUSED', '{staff}', NULL, 'gig.reinstated');

INSERT INTO skillancer.timer (machine, state, event, policy_key) VALUES
	('project', 'OPEN', 'expire', 'projectExpiry'),
	('project', 'PAUSED', 'expire', 'projectExpiry'),
	('proposal', 'SUBMITTED', 'expire', 'proposalExpiry'),
	('proposal', 'COUNTERED', 'expire', 'proposalExpiry'),
	('invitation', 'SENT', 'expire', 'invitationExpiry');
