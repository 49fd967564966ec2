-- Disputes: one side claims a part of the money of a milestone; it is frozen until it is divided or the claim withdrawn.

ALTER TABLE skillancer.milestone
	ADD COLUMN frozen skillancer.monetary CHECK (skillancer.monetary_minor(frozen) >= 0),
	ADD COLUMN clock_from timestamptz;
COMMENT ON COLUMN skillancer.milestone.frozen IS
	'What an open dispute keeps out of escrow; NULL when none is open. A claim may be for nothing: then it is 0.';
COMMENT ON COLUMN skillancer.milestone.clock_from IS
	'When the clock of submitted work was started anew, because a dispute was over.';

CREATE TABLE skillancer.dispute (
	id skillancer.dispute_id PRIMARY KEY DEFAULT skillancer.new_id()::skillancer.dispute_id,
	booking_id skillancer.booking_id NOT NULL REFERENCES skillancer.booking,
	milestone_id skillancer.milestone_id NOT NULL REFERENCES skillancer.milestone,
	client_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	freelancer_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	organisation_id skillancer.organisation_id,
	claimant_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	amount skillancer.monetary NOT NULL CHECK (skillancer.monetary_minor(amount) >= 0),
	reason text NOT NULL
		CHECK (reason IN ('NOT_DELIVERED', 'QUALITY', 'LATE', 'SCOPE', 'NO_APPROVAL', 'CONDUCT', 'OTHER')),
	statement text NOT NULL CHECK (length(statement) BETWEEN 1 AND 5000),
	state text NOT NULL DEFAULT 'AWAITING_REPLY'
		CHECK (state IN ('AWAITING_REPLY', 'NEGOTIATION', 'MEDIATION', 'PROPOSAL_OUT', 'RESOLVED', 'WITHDRAWN')),
	claimant_offer skillancer.monetary NOT NULL,
	respondent_offer skillancer.monetary,
	mediator_id skillancer.user_id REFERENCES skillancer.user_account,
	proposed skillancer.monetary,
	proposed_note text CHECK (length(proposed_note) BETWEEN 1 AND 5000),
	proposed_at timestamptz,
	claimant_accepted_at timestamptz,
	respondent_accepted_at timestamptz,
	outcome text CHECK (outcome IN ('DEFAULT', 'SETTLED', 'SPLIT', 'DECIDED')),
	awarded skillancer.monetary,
	decision text CHECK (length(decision) BETWEEN 1 AND 5000),
	policy jsonb NOT NULL DEFAULT '{}',
	version integer NOT NULL DEFAULT 1,
	replied_at timestamptz,
	escalated_at timestamptz,
	evidence_until timestamptz,
	resolved_at timestamptz,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	updated_at timestamptz NOT NULL DEFAULT skillancer.now(),
	CONSTRAINT dispute_by_a_party CHECK (claimant_id = client_id OR claimant_id = freelancer_id),
	CONSTRAINT dispute_mediator_is_no_party CHECK (mediator_id <> client_id AND mediator_id <> freelancer_id),
	-- no BETWEEN: what pg_dump writes of it reads differently when it is restored
	CONSTRAINT dispute_within_claim CHECK (
		skillancer.monetary_minor(claimant_offer) >= 0 AND skillancer.monetary_minor(claimant_offer) <= skillancer.monetary_minor(amount)
		AND skillancer.monetary_minor(respondent_offer) >= 0 AND skillancer.monetary_minor(respondent_offer) <= skillancer.monetary_minor(amount)
		AND skillancer.monetary_minor(proposed) >= 0 AND skillancer.monetary_minor(proposed) <= skillancer.monetary_minor(amount)
		AND skillancer.monetary_minor(awarded) >= 0 AND skillancer.monetary_minor(awarded) <= skillancer.monetary_minor(amount))
);
COMMENT ON TABLE skillancer.dispute IS
	'Claims on the money of a milestone; machine "dispute". Visible to the two parties, and to staff with contracts:view.';
COMMENT ON COLUMN skillancer.dispute.organisation_id IS 'Of the booking: its owners and admins act for the client.';
COMMENT ON COLUMN skillancer.dispute.amount IS 'What is claimed and frozen. Offers, splits and the award say how much of it the claimant gets.';
COMMENT ON COLUMN skillancer.dispute.outcome IS
	'How it was resolved: DEFAULT by silence, SETTLED by an offer, SPLIT by the mediator''s proposal, DECIDED by staff.';
CREATE UNIQUE INDEX dispute_open_idx ON skillancer.dispute (milestone_id) WHERE state NOT IN ('RESOLVED', 'WITHDRAWN');
CREATE INDEX dispute_milestone_idx ON skillancer.dispute (milestone_id);
CREATE INDEX dispute_booking_idx ON skillancer.dispute (booking_id);
CREATE INDEX dispute_client_idx ON skillancer.dispute (client_id, id);
CREATE INDEX dispute_freelancer_idx ON skillancer.dispute (freelancer_id, id);
CREATE INDEX dispute_queue_idx ON skillancer.dispute (id) WHERE state NOT IN ('RESOLVED', 'WITHDRAWN');
CREATE INDEX dispute_mediator_idx ON skillancer.dispute (mediator_id) WHERE mediator_id IS NOT NULL;

-- What either side shows.
CREATE TABLE skillancer.dispute_evidence (
	dispute_id skillancer.dispute_id NOT NULL REFERENCES skillancer.dispute,
	number integer NOT NULL CHECK (number > 0),
	client_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	freelancer_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	organisation_id skillancer.organisation_id,
	author_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	body text NOT NULL CHECK (length(body) BETWEEN 1 AND 5000),
	links text[] NOT NULL DEFAULT '{}' CHECK (cardinality(links) <= 20),
	media_ids skillancer.media_id[] NOT NULL DEFAULT '{}' CHECK (cardinality(media_ids) <= 20),
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	PRIMARY KEY (dispute_id, number),
	CONSTRAINT dispute_evidence_by_a_party CHECK (author_id = client_id OR author_id = freelancer_id)
);
COMMENT ON TABLE skillancer.dispute_evidence IS
	'Evidence of a dispute: text, links and media, numbered; rows are only added. Visible to the two parties, and to staff with contracts:view.';
CREATE INDEX dispute_evidence_client_idx ON skillancer.dispute_evidence (client_id);
CREATE INDEX dispute_evidence_freelancer_idx ON skillancer.dispute_evidence (freelancer_id);

ALTER TABLE skillancer.dispute ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.dispute_evidence ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
