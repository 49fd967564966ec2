-- sql/booking/views.sql
--	The JSON of bookings, milestones and reviews, one view each.

-- A milestone as the API shows it.
CREATE VIEW skillancer.milestone_doc WITH (security_invoker = true) AS
SELECT m.id, m.booking_id, m.client_id, m.freelancer_id, m.seq, m.state, m.amount, m.version,
	'v' || m.version AS etag,
	skillancer.json_doc(
		'id', m.id,
		'bookingId', m.booking_id,
		'seq', m.seq,
		'title', m.title,
		'amount', m.amount,
		'days', m.days,
		'state', m.state,
		'proposedBy', m.proposed_by,
		'revisions', m.revisions,
		'note', m.note,
		'fundedAt', m.funded_at,
		'submittedAt', m.submitted_at,
		'releasedAt', m.released_at,
		'autoReleaseAt', CASE WHEN m.state = 'SUBMITTED'
			THEN m.submitted_at + (m.policy ->> 'autoRelease')::interval END,
		'createdAt', m.created_at,
		'updatedAt', m.updated_at
	) AS doc
FROM skillancer.milestone m;
COMMENT ON VIEW skillancer.milestone_doc IS 'Milestones as JSON, for the two parties.';

-- A booking with its milestones; the ETag moves with either.
CREATE VIEW skillancer.booking_doc WITH (security_invoker = true) AS
SELECT b.id, b.client_id, b.freelancer_id, b.project_id, b.state, b.created_at,
	'v' || b.version || '.' || coalesce(m.versions, 0) AS etag,
	skillancer.json_doc(
		'id', b.id,
		'source', b.source,
		'projectId', b.project_id,
		'proposalId', b.proposal_id,
		'gigId', b.gig_id,
		'gigRevision', b.gig_revision,
		'client', skillancer.json_doc('id', b.client_id, 'name', c.display_name),
		'freelancer', skillancer.json_doc('id', b.freelancer_id, 'name', f.display_name),
		'title', b.title,
		'currency', b.currency,
		'state', b.state,
		'terms', b.terms,
		'termsHash', encode(b.terms_hash, 'hex'),
		'clientAcceptedAt', b.client_accepted_at,
		'freelancerAcceptedAt', b.freelancer_accepted_at,
		'requirements', b.requirements,
		'feeVersion', b.fee_version,
		'totals', skillancer.json_doc(
			'agreed', coalesce(m.agreed, skillancer.monetary_of(0, b.currency)),
			'inEscrow', coalesce(m.in_escrow, skillancer.monetary_of(0, b.currency)),
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
		sum(d.amount) FILTER (WHERE d.state IN ('FUNDED', 'SUBMITTED', 'CHANGES_REQUESTED')) AS in_escrow,
		sum(d.amount) FILTER (WHERE d.state = 'RELEASED') AS released,
		sum(d.amount) FILTER (WHERE d.state = 'REFUNDED') AS refunded,
		json_agg(d.doc ORDER BY d.seq) AS milestones
	FROM skillancer.milestone_doc d
	WHERE d.booking_id = b.id
) m ON true;
COMMENT ON VIEW skillancer.booking_doc IS 'Bookings with their milestones as JSON, for the two parties.';

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
		'comment', r.comment,
		'wouldWorkAgain', r.would_work_again,
		'state', r.state,
		'publishedAt', r.published_at,
		'reply', r.reply,
		'repliedAt', r.replied_at,
		'createdAt', r.created_at
	) AS doc
FROM skillancer.review r
LEFT JOIN skillancer.profile p ON p.user_id = r.author_id;
COMMENT ON VIEW skillancer.review_doc IS 'Reviews as JSON: published ones for everybody, hidden ones for their author.';
