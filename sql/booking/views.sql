-- sql/booking/views.sql
--	The JSON of bookings, milestones, weeks, time entries, change requests, deliveries, disputes and reviews, one view each; the queue
--	of disputes.

-- A milestone as the API shows it.
CREATE VIEW skillancer.milestone_doc WITH (security_invoker = true) AS
SELECT m.id, m.booking_id, m.client_id, m.freelancer_id, m.seq, m.state, m.amount, m.version,
	s.released, s.refunded, s.in_escrow, m.frozen,
	'v' || m.version AS etag,
	skillancer.json_doc(
		'id', m.id,
		'bookingId', m.booking_id,
		'seq', m.seq,
		'title', m.title,
		'amount', m.amount,
		'released', s.released,
		'refunded', s.refunded,
		'inEscrow', s.in_escrow,
		'frozen', m.frozen,
		'days', m.days,
		'week', m.week,
		'minutes', m.minutes,
		'state', m.state,
		'proposedBy', m.proposed_by,
		'revisions', m.revisions,
		'note', m.note,
		'fundedAt', m.funded_at,
		'submittedAt', m.submitted_at,
		'releasedAt', m.released_at,
		'autoReleaseAt', CASE WHEN m.state = 'SUBMITTED' AND m.frozen IS NULL
			THEN greatest(m.submitted_at, m.clock_from) + (m.policy ->> 'autoRelease')::interval END,
		'createdAt', m.created_at,
		'updatedAt', m.updated_at
	) AS doc
FROM skillancer.milestone m
CROSS JOIN LATERAL (
	SELECT coalesce(m.released_part, skillancer.monetary_of(0, skillancer.monetary_currency(m.amount))) AS released,
		coalesce(m.refunded_part, skillancer.monetary_of(0, skillancer.monetary_currency(m.amount))) AS refunded,
		coalesce(m.frozen, skillancer.monetary_of(0, skillancer.monetary_currency(m.amount))) AS frozen
) p
CROSS JOIN LATERAL (
	SELECT CASE m.state WHEN 'RELEASED' THEN m.amount - p.refunded ELSE p.released END AS released,
		CASE m.state WHEN 'REFUNDED' THEN m.amount - p.released ELSE p.refunded END AS refunded,
		CASE WHEN m.state IN ('FUNDED', 'SUBMITTED', 'CHANGES_REQUESTED') THEN m.amount - p.released - p.refunded - p.frozen
			ELSE skillancer.monetary_of(0, skillancer.monetary_currency(m.amount)) END AS in_escrow
) s;
COMMENT ON VIEW skillancer.milestone_doc IS 'Milestones as JSON, for the two parties.';

-- A booking with its milestones; the ETag moves with either.
CREATE VIEW skillancer.booking_doc WITH (security_invoker = true) AS
SELECT b.id, b.client_id, b.freelancer_id, b.project_id, b.organisation_id, b.state, b.created_at,
	'v' || b.version || '.' || coalesce(m.versions, 0) AS etag,
	skillancer.json_doc(
		'id', b.id,
		'source', b.source,
		'kind', b.kind,
		'rate', b.rate,
		'weeklyLimitMinutes', b.weekly_limit,
		'projectId', b.project_id,
		'proposalId', b.proposal_id,
		'gigId', b.gig_id,
		'gigRevision', b.gig_revision,
		'organisationId', b.organisation_id,
		'client', skillancer.json_doc('id', b.client_id, 'name', c.display_name),
		'freelancer', skillancer.json_doc('id', b.freelancer_id, 'name', f.display_name),
		'title', b.title,
		'currency', b.currency,
		'state', b.state,
		'terms', b.terms,
		'termsVersion', b.terms_version,
		'termsBy', b.terms_by,
		'termsHash', encode(b.terms_hash, 'hex'),
		'clientAcceptedAt', b.client_accepted_at,
		'freelancerAcceptedAt', b.freelancer_accepted_at,
		'requirements', b.requirements,
		'feeVersion', b.fee_version,
		'totals', skillancer.json_doc(
			'agreed', coalesce(m.agreed, skillancer.monetary_of(0, b.currency)),
			'inEscrow', coalesce(m.in_escrow, skillancer.monetary_of(0, b.currency)),
			'frozen', coalesce(m.frozen, skillancer.monetary_of(0, b.currency)),
			'released', coalesce(m.released, skillancer.monetary_of(0, b.currency)),
			'refunded', coalesce(m.refunded, skillancer.monetary_of(0, b.currency))
		),
		'milestones', coalesce(m.milestones, '[]'::json),
		'activatedAt', b.activated_at,
		'endedAt', b.ended_at,
		'createdAt', b.created_at,
		'updatedAt', b.updated_at
	) AS doc
FROM skillancer.booking b
LEFT JOIN skillancer.profile c ON c.user_id = b.client_id
LEFT JOIN skillancer.profile f ON f.user_id = b.freelancer_id
LEFT JOIN LATERAL (
	SELECT sum(d.version) AS versions,
		sum(d.amount) FILTER (WHERE d.state <> 'CANCELLED') AS agreed,
		sum(d.in_escrow) AS in_escrow,
		sum(d.frozen) AS frozen,
		sum(d.released) AS released,
		sum(d.refunded) AS refunded,
		json_agg(d.doc ORDER BY d.seq) AS milestones
	FROM skillancer.milestone_doc d
	WHERE d.booking_id = b.id
) m ON true;
COMMENT ON VIEW skillancer.booking_doc IS 'Bookings with their milestones as JSON, for the two parties.';

-- A version of the terms as the API shows it.
CREATE VIEW skillancer.booking_terms_doc WITH (security_invoker = true) AS
SELECT t.booking_id, t.version, t.client_id, t.freelancer_id,
	skillancer.json_doc(
		'version', t.version,
		'proposedBy', t.proposed_by,
		'message', t.message,
		'terms', t.terms,
		'termsHash', encode(t.terms_hash, 'hex'),
		'clientAcceptedAt', t.client_accepted_at,
		'freelancerAcceptedAt', t.freelancer_accepted_at,
		'createdAt', t.created_at
	) AS doc
FROM skillancer.booking_terms t;
COMMENT ON VIEW skillancer.booking_terms_doc IS 'Versions of the terms of bookings as JSON, for the two parties.';

-- A week of an hourly booking; what is logged moves until it is locked.
CREATE VIEW skillancer.work_week_doc WITH (security_invoker = true) AS
SELECT w.booking_id, w.client_id, w.freelancer_id, w.week, w.state,
	skillancer.json_doc(
		'bookingId', w.booking_id,
		'week', w.week,
		'state', w.state,
		'minutes', l.minutes,
		'amount', skillancer.hours_price(b.rate, l.minutes),
		'locksAt', w.locks_at,
		'milestoneId', w.milestone_id
	) AS doc
FROM skillancer.work_week w
JOIN skillancer.booking b ON b.id = w.booking_id
CROSS JOIN LATERAL (
	SELECT coalesce(w.minutes, sum(e.minutes), 0)::integer AS minutes FROM skillancer.time_entry e WHERE e.week_id = w.id
) l;
COMMENT ON VIEW skillancer.work_week_doc IS 'Weeks of hourly bookings as JSON, for the two parties.';

-- A time entry as the API shows it.
CREATE VIEW skillancer.time_entry_doc WITH (security_invoker = true) AS
SELECT e.id, e.booking_id, e.client_id, e.freelancer_id, e.day,
	'v' || e.version AS etag,
	skillancer.json_doc(
		'id', e.id,
		'bookingId', e.booking_id,
		'date', e.day,
		'minutes', e.minutes,
		'note', e.note,
		'createdAt', e.created_at,
		'updatedAt', e.updated_at
	) AS doc
FROM skillancer.time_entry e;
COMMENT ON VIEW skillancer.time_entry_doc IS 'Time entries as JSON, for the two parties.';

-- A change request as the API shows it.
CREATE VIEW skillancer.change_request_doc WITH (security_invoker = true) AS
SELECT r.id, r.booking_id, r.client_id, r.freelancer_id, r.state,
	'v' || r.version AS etag,
	skillancer.json_doc(
		'id', r.id,
		'bookingId', r.booking_id,
		'kind', r.kind,
		'milestoneId', r.milestone_id,
		'days', r.days,
		'release', r.release,
		'changes', r.changes,
		'termsHash', encode(r.terms_hash, 'hex'),
		'reason', r.reason,
		'requestedBy', r.requested_by,
		'state', r.state,
		'onSilence', r.on_silence,
		'answerBy', CASE WHEN r.state = 'PENDING'
			THEN r.created_at + (r.policy ->> 'changeRequestTerm')::interval END,
		'answeredAt', r.answered_at,
		'createdAt', r.created_at
	) AS doc
FROM skillancer.change_request r;
COMMENT ON VIEW skillancer.change_request_doc IS 'Change requests as JSON, for the two parties.';

-- A delivery as the API shows it.
CREATE VIEW skillancer.delivery_doc WITH (security_invoker = true) AS
SELECT d.milestone_id, d.number, d.client_id, d.freelancer_id,
	skillancer.json_doc(
		'milestoneId', d.milestone_id,
		'number', d.number,
		'message', d.message,
		'links', d.links,
		'files', f.files,
		'createdAt', d.created_at
	) AS doc
FROM skillancer.delivery d
CROSS JOIN LATERAL (
	SELECT coalesce(json_agg(skillancer.json_doc('name', i.item ->> 'name', 'final', (i.item -> 'final')::boolean,
		'open', x.milestone_id IS NOT NULL, 'url', x.url, 'mediaId', x.media_id) ORDER BY i.n), '[]'::json) AS files
	FROM jsonb_array_elements(d.files) WITH ORDINALITY AS i (item, n)
	LEFT JOIN skillancer.delivery_file x ON x.milestone_id = d.milestone_id AND x.number = d.number AND x.position = i.n
) f;
COMMENT ON VIEW skillancer.delivery_doc IS 'Deliveries as JSON, for the two parties.';

-- A dispute as the API shows it. Offers, splits and awards are shares of the claim that the claimant gets.
CREATE VIEW skillancer.dispute_doc WITH (security_invoker = true) AS
SELECT d.id, d.booking_id, d.milestone_id, d.client_id, d.freelancer_id, d.organisation_id, d.claimant_id, d.mediator_id, d.state, d.amount,
	'v' || d.version || '.' || coalesce(e.pieces, 0) AS etag,
	skillancer.json_doc(
		'id', d.id,
		'bookingId', d.booking_id,
		'milestoneId', d.milestone_id,
		'state', d.state,
		'claimant', skillancer.json_doc('id', d.claimant_id, 'name', s.claimant_name, 'side', s.side),
		'respondent', skillancer.json_doc('id', s.respondent_id, 'name', s.respondent_name),
		'claim', d.amount,
		'reason', d.reason,
		'statement', d.statement,
		'offers', skillancer.json_doc('claimant', d.claimant_offer, 'respondent', d.respondent_offer),
		'mediatorId', d.mediator_id,
		'split', CASE WHEN d.state = 'PROPOSAL_OUT' THEN skillancer.json_doc('toClaimant', d.proposed, 'note', d.proposed_note,
			'proposedAt', d.proposed_at, 'claimantAcceptedAt', d.claimant_accepted_at,
			'respondentAcceptedAt', d.respondent_accepted_at) END,
		'outcome', d.outcome,
		'toClient', CASE s.side WHEN 'CLIENT' THEN d.awarded ELSE d.amount - d.awarded END,
		'toFreelancer', CASE s.side WHEN 'CLIENT' THEN d.amount - d.awarded ELSE d.awarded END,
		'decision', d.decision,
		'dueAt', CASE d.state
			WHEN 'AWAITING_REPLY' THEN d.created_at + (d.policy ->> 'disputeReplyTerm')::interval
			WHEN 'NEGOTIATION' THEN d.replied_at + (d.policy ->> 'disputeNegotiationTerm')::interval
			WHEN 'PROPOSAL_OUT' THEN d.proposed_at + (d.policy ->> 'disputeProposalTerm')::interval END,
		'evidenceUntil', d.evidence_until,
		'evidence', coalesce(e.evidence, '[]'::json),
		'createdAt', d.created_at,
		'resolvedAt', d.resolved_at,
		'updatedAt', d.updated_at
	) AS doc
FROM skillancer.dispute d
LEFT JOIN skillancer.profile c ON c.user_id = d.client_id
LEFT JOIN skillancer.profile f ON f.user_id = d.freelancer_id
CROSS JOIN LATERAL (
	SELECT CASE WHEN d.claimant_id = d.client_id THEN 'CLIENT' ELSE 'FREELANCER' END AS side,
		CASE WHEN d.claimant_id = d.client_id THEN d.freelancer_id ELSE d.client_id END AS respondent_id,
		CASE WHEN d.claimant_id = d.client_id THEN c.display_name ELSE f.display_name END AS claimant_name,
		CASE WHEN d.claimant_id = d.client_id THEN f.display_name ELSE c.display_name END AS respondent_name
) s
LEFT JOIN LATERAL (
	SELECT count(*) AS pieces, json_agg(skillancer.json_doc('number', v.number, 'authorId', v.author_id, 'text', v.body,
		'links', v.links, 'mediaIds', v.media_ids, 'createdAt', v.created_at) ORDER BY v.number) AS evidence
	FROM skillancer.dispute_evidence v
	WHERE v.dispute_id = d.id
) e ON true;
COMMENT ON VIEW skillancer.dispute_doc IS 'Disputes with their evidence as JSON, for the two parties and for staff.';

-- What waits for staff, and what will.
CREATE VIEW skillancer.dispute_queue WITH (security_invoker = true) AS
SELECT d.id, d.state, d.amount AS claim, d.reason, d.claimant_offer, d.respondent_offer, d.mediator_id, d.booking_id, d.milestone_id,
	d.client_id, d.freelancer_id,
	d.state = 'MEDIATION' AND d.mediator_id IS NULL AS unassigned,
	d.escalated_at, d.evidence_until, skillancer.now() - coalesce(d.escalated_at, d.created_at) AS age
FROM skillancer.dispute d
WHERE d.state NOT IN ('RESOLVED', 'WITHDRAWN');
COMMENT ON VIEW skillancer.dispute_queue IS
	'Open disputes for staff in psql: those in MEDIATION wait for a mediator, the others for a party. ORDER BY unassigned DESC, escalated_at.';

-- A review as the API shows it. Who may read it is settled by the policies of the table.
CREATE VIEW skillancer.review_doc WITH (security_invoker = true) AS
SELECT r.id, r.booking_id, r.author_id, r.subject_id, r.state, r.published_at,
	CASE WHEN r.subject_id = r.freelancer_id THEN 'FREELANCER' ELSE 'CLIENT' END AS side,
	'v' || r.version AS etag,
	skillancer.json_doc(
		'id', r.id,
		'bookingId', r.booking_id,
		'author', skillancer.json_doc('id', r.author_id, 'name', p.display_name),
		'subjectId', r.subject_id,
		'side', CASE WHEN r.subject_id = r.freelancer_id THEN 'FREELANCER' ELSE 'CLIENT' END,
		'rating', r.rating,
		'quality', r.quality,
		'communication', r.communication,
		'timeliness', r.timeliness,
		'clarity', r.clarity,
		'promptness', r.promptness,
		'comment', r.comment,
		'wouldWorkAgain', r.would_work_again,
		'state', r.state,
		'publishedAt', r.published_at,
		'removedAt', r.removed_at,
		'reply', r.reply,
		'repliedAt', r.replied_at,
		'createdAt', r.created_at
	) AS doc
FROM skillancer.review r
LEFT JOIN skillancer.profile p ON p.user_id = r.author_id;
COMMENT ON VIEW skillancer.review_doc IS 'Reviews as JSON: published ones for everybody, hidden and removed ones for their author.';

-- A report of a review, for who reported and for moderators.
CREATE VIEW skillancer.review_report_doc WITH (security_invoker = true) AS
SELECT p.id, p.review_id, p.user_id, p.state, p.created_at,
	'v' || p.version AS etag,
	skillancer.json_doc(
		'id', p.id,
		'reviewId', p.review_id,
		'reporterId', p.user_id,
		'reason', p.reason,
		'detail', p.detail,
		'state', p.state,
		'note', p.note,
		'decidedAt', p.decided_at,
		'createdAt', p.created_at
	) AS doc
FROM skillancer.review_report p;
COMMENT ON VIEW skillancer.review_report_doc IS 'Reports of reviews as JSON. Who decided is in the table and in the audit log.';
