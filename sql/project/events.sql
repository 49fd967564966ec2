/*
 * events.sql
 *		Events of the project service with the JSON schema of their data. Every member named here is a
 *		text that is always there; more may be there.
 */

INSERT INTO skillancer.event_type (name, description, schema)
SELECT e.name, e.description, jsonb_build_object(
	'type', 'object',
	'required', to_jsonb(m.members),
	'properties', (SELECT jsonb_object_agg(x, '{"type": "string"}'::jsonb) FROM unnest(m.members) x))
FROM (VALUES
	('project', false, 'project.created', 'A client wrote a draft'),
	('project', false, 'project.updated', 'The text or the terms of a project changed'),
	('project', true, 'project.published', 'A project takes proposals'),
	('project', true, 'project.held', 'A project waits for review, because its text looks risky'),
	('project', true, 'project.rejected', 'Review sent a project back to its client; reason says why'),
	('project', true, 'project.paused', 'A project takes no proposals for a while'),
	('project', true, 'project.resumed', 'A paused project takes proposals again'),
	('project', true, 'project.filled', 'All openings of a project are taken'),
	('project', true, 'project.closed', 'A filled project is over'),
	('project', true, 'project.cancelled', 'The client or staff ended a project without filling it'),
	('project', true, 'project.expired', 'A project was open for too long'),
	('proposal', false, 'proposal.submitted', 'A freelancer made a proposal'),
	('proposal', false, 'proposal.viewed', 'The client looked at a proposal for the first time'),
	('proposal', false, 'proposal.shortlisted', 'The client put a proposal on the short list'),
	('proposal', true, 'proposal.updated', 'The freelancer changed a proposal'),
	('proposal', true, 'proposal.countered', 'The client named other terms'),
	('proposal', true, 'proposal.accepted', 'The client accepted a proposal'),
	('proposal', true, 'proposal.withdrawn', 'The freelancer took a proposal back'),
	('proposal', true, 'proposal.declined', 'The client declined a proposal'),
	('proposal', true, 'proposal.closed', 'A proposal ended with its project'),
	('proposal', true, 'proposal.expired', 'A proposal was left unanswered for too long'),
	('invitation', false, 'invitation.sent', 'A client invited a freelancer to propose'),
	('invitation', true, 'invitation.accepted', 'The invited freelancer accepted, or proposed'),
	('invitation', true, 'invitation.declined', 'The invited freelancer declined'),
	('invitation', true, 'invitation.withdrawn', 'The client took an invitation back'),
	('invitation', true, 'invitation.expired', 'An invitation was left unanswered for too long'),
	('gig', false, 'gig.created', 'A freelancer wrote the draft of a gig'),
	('gig', false, 'gig.updated', 'A freelancer changed a gig; revision counts the wordings'),
	('gig', true, 'gig.activated', 'A gig can be ordered'),
	('gig', true, 'gig.paused', 'A gig cannot be ordered for a while'),
	('gig', true, 'gig.archived', 'A gig is over'),
	('gig', true, 'gig.suspended', 'Moderation took a gig down; reason says why'),
	('gig', true, 'gig.reinstated', 'Moderation gave a gig back to its freelancer')
) AS e (aggregate, moves, name, description)
CROSS JOIN LATERAL (SELECT
	CASE e.aggregate
		WHEN 'project' THEN '{projectId,clientId,state}'::text[]
		WHEN 'proposal' THEN '{proposalId,projectId,clientId,freelancerId,state}'
		WHEN 'invitation' THEN '{invitationId,projectId,clientId,freelancerId,state}'
		WHEN 'gig' THEN '{gigId,freelancerId,state}'
	END || CASE WHEN e.moves THEN '{from}'::text[] ELSE '{}' END) AS m (members);

-- what was counted by the minute; reads themselves write nothing
INSERT INTO skillancer.event_type (name, description, schema) VALUES
	('project.viewed', 'People looked at a project: how often on a day (UTC) since the last event about it. At most one a minute and project', '{
		"type": "object",
		"required": ["projectId", "clientId", "day", "views"],
		"properties": {
			"projectId": {"type": "string"},
			"clientId": {"type": "string"},
			"day": {"type": "string", "format": "date"},
			"views": {"type": "integer", "minimum": 1}}}');
