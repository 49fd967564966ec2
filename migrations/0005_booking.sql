-- Bookings and milestones: what a client and a freelancer agreed on, step by step.

-- One agreement. Its terms never change; their hash is what both sides accepted.
CREATE TABLE skillancer.booking (
	id skillancer.booking_id PRIMARY KEY DEFAULT skillancer.new_id()::skillancer.booking_id,
	source text NOT NULL CHECK (source IN ('PROPOSAL', 'GIG', 'DIRECT')),
	project_id skillancer.project_id REFERENCES skillancer.project,
	proposal_id skillancer.proposal_id UNIQUE REFERENCES skillancer.proposal,
	client_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	freelancer_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	title text NOT NULL CHECK (length(title) BETWEEN 1 AND 200),
	currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
	terms jsonb NOT NULL,
	terms_hash bytea NOT NULL CHECK (length(terms_hash) = 32),
	fee_version integer NOT NULL,
	policy jsonb NOT NULL DEFAULT '{}',
	state text NOT NULL DEFAULT 'AWAITING_PAYMENT'
		CHECK (state IN ('AWAITING_PAYMENT', 'ACTIVE', 'ENDING', 'COMPLETED', 'CANCELLED', 'VOID')),
	is_open boolean NOT NULL
		GENERATED ALWAYS AS (state NOT IN ('COMPLETED', 'CANCELLED', 'VOID')) STORED,
	version integer NOT NULL DEFAULT 1,
	activated_at timestamptz,
	ended_at timestamptz,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	updated_at timestamptz NOT NULL DEFAULT skillancer.now(),
	CONSTRAINT booking_two_people CHECK (client_id <> freelancer_id),
	CONSTRAINT booking_source CHECK ((source = 'PROPOSAL') = (proposal_id IS NOT NULL)),
	CONSTRAINT booking_open_key UNIQUE (id, is_open)
);
COMMENT ON TABLE skillancer.booking IS
	'Agreements between a client and a freelancer. Visible to the two of them, and to staff with contracts:view.';
COMMENT ON COLUMN skillancer.booking.terms_hash IS 'SHA-256 of the terms, made by skillancer.terms_hash().';
COMMENT ON COLUMN skillancer.booking.policy IS
	'Policy values of the day it was made: what was agreed does not move when an operator edits a row.';
COMMENT ON COLUMN skillancer.booking.is_open IS
	'Referenced by ledger_account: a booking cannot be closed while money lies in its accounts.';
CREATE INDEX booking_client_idx ON skillancer.booking (client_id, id);
CREATE INDEX booking_freelancer_idx ON skillancer.booking (freelancer_id, id);
CREATE INDEX booking_project_idx ON skillancer.booking (project_id);

-- One step of the work, paid as a whole.
CREATE TABLE skillancer.milestone (
	id skillancer.milestone_id PRIMARY KEY DEFAULT skillancer.new_id()::skillancer.milestone_id,
	booking_id skillancer.booking_id NOT NULL REFERENCES skillancer.booking,
	client_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	freelancer_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	seq integer NOT NULL CHECK (seq > 0),
	title text NOT NULL CHECK (length(title) BETWEEN 1 AND 200),
	amount skillancer.monetary NOT NULL CHECK (skillancer.monetary_minor(amount) > 0),
	days integer CHECK (days BETWEEN 1 AND 365),
	proposed_by skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	state text NOT NULL DEFAULT 'PROPOSED'
		CHECK (state IN ('PROPOSED', 'AGREED', 'FUNDING', 'FUNDED', 'SUBMITTED', 'CHANGES_REQUESTED',
						 'RELEASED', 'REFUNDED', 'CANCELLED')),
	policy jsonb NOT NULL DEFAULT '{}',
	revisions integer NOT NULL DEFAULT 0,
	note text CHECK (length(note) <= 5000),
	funded_at timestamptz,
	submitted_at timestamptz,
	released_at timestamptz,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	updated_at timestamptz NOT NULL DEFAULT skillancer.now(),
	UNIQUE (booking_id, seq)
);
COMMENT ON TABLE skillancer.milestone IS
	'Steps of a booking. The amount is the freelancer''s price; the client''s fee comes on top of it when it is funded.';
COMMENT ON COLUMN skillancer.milestone.note IS 'What the last submission or change request said.';
CREATE INDEX milestone_client_idx ON skillancer.milestone (client_id, id);
CREATE INDEX milestone_freelancer_idx ON skillancer.milestone (freelancer_id, id);

ALTER TABLE skillancer.booking ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.milestone ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

-- A booking cannot reach an end while one of its accounts holds money.
RESET ROLE;
ALTER TABLE skillancer.ledger_account
	ADD CONSTRAINT ledger_account_booking_open FOREIGN KEY (booking_id, needs_open)
	REFERENCES skillancer.booking (id, is_open) DEFERRABLE INITIALLY DEFERRED;
