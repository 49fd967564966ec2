-- Gig orders and direct offers: what a booking came from, the form of a gig, and when each side accepted the terms.
-- Milestones that are paid in parts, changes that one side asks for, and deliveries.

ALTER TABLE skillancer.booking
	ADD COLUMN gig_id skillancer.gig_id,
	ADD COLUMN gig_revision integer,
	ADD COLUMN requirements jsonb CHECK (jsonb_typeof(requirements) = 'array'),
	ADD COLUMN client_accepted_at timestamptz DEFAULT skillancer.now(),
	ADD COLUMN freelancer_accepted_at timestamptz DEFAULT skillancer.now(),
	DROP CONSTRAINT booking_state_check,
	ADD CONSTRAINT booking_state_check CHECK (state IN ('OFFERED', 'AWAITING_PAYMENT', 'AWAITING_REQUIREMENTS',
		'ACTIVE', 'PAUSED', 'ENDING', 'COMPLETED', 'CANCELLED', 'VOID')),
	ADD CONSTRAINT booking_gig CHECK ((source = 'GIG') = (gig_id IS NOT NULL AND gig_revision IS NOT NULL)),
	ADD CONSTRAINT booking_gig_revision_fkey FOREIGN KEY (gig_id, gig_revision) REFERENCES skillancer.gig_revision;
COMMENT ON COLUMN skillancer.booking.gig_revision IS 'The wording of the gig that was ordered; later edits do not touch it.';
COMMENT ON COLUMN skillancer.booking.requirements IS
	'The client''s answers to the gig''s form: [{"question", "answer"}], in the order of the terms.';
COMMENT ON COLUMN skillancer.booking.freelancer_accepted_at IS
	'When the freelancer accepted the terms by their hash; NULL while a direct offer is OFFERED.';
CREATE INDEX booking_gig_idx ON skillancer.booking (gig_id) WHERE gig_id IS NOT NULL;

ALTER TABLE skillancer.milestone
	ADD COLUMN released_part skillancer.monetary CHECK (skillancer.monetary_minor(released_part) > 0),
	ADD COLUMN refunded_part skillancer.monetary CHECK (skillancer.monetary_minor(refunded_part) > 0);
COMMENT ON COLUMN skillancer.milestone.released_part IS
	'What was released before the rest, in parts; NULL when nothing was. The step that ends the milestone is not in it.';
COMMENT ON COLUMN skillancer.milestone.refunded_part IS
	'What was given back before the rest, in parts; NULL when nothing was.';

-- Something that one side asks for and the other one answers.
CREATE TABLE skillancer.change_request (
	id skillancer.change_request_id PRIMARY KEY DEFAULT skillancer.new_id()::skillancer.change_request_id,
	booking_id skillancer.booking_id NOT NULL REFERENCES skillancer.booking,
	milestone_id skillancer.milestone_id REFERENCES skillancer.milestone,
	client_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	freelancer_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	requested_by skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	kind text NOT NULL CHECK (kind IN ('EXTENSION', 'PAUSE', 'CANCELLATION')),
	days integer CHECK (days BETWEEN 1 AND 365),
	reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 2000),
	on_silence text NOT NULL CHECK (on_silence IN ('ACCEPT', 'DECLINE')),
	state text NOT NULL DEFAULT 'PENDING' CHECK (state IN ('PENDING', 'ACCEPTED', 'DECLINED', 'WITHDRAWN')),
	policy jsonb NOT NULL DEFAULT '{}',
	version integer NOT NULL DEFAULT 1,
	answered_at timestamptz,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	updated_at timestamptz NOT NULL DEFAULT skillancer.now(),
	CONSTRAINT change_request_extension CHECK ((kind = 'EXTENSION') = (milestone_id IS NOT NULL AND days IS NOT NULL)),
	CONSTRAINT change_request_by_a_party CHECK (requested_by = client_id OR requested_by = freelancer_id)
);
COMMENT ON TABLE skillancer.change_request IS
	'Changes of a running booking that the other side has to answer; machine "change_request". Visible to the two parties, and to staff with contracts:view.';
COMMENT ON COLUMN skillancer.change_request.on_silence IS 'What happens without an answer, as the policy said when it was asked.';
CREATE UNIQUE INDEX change_request_pending_idx ON skillancer.change_request (booking_id) WHERE state = 'PENDING';
CREATE INDEX change_request_booking_idx ON skillancer.change_request (booking_id, id);
CREATE INDEX change_request_client_idx ON skillancer.change_request (client_id);
CREATE INDEX change_request_freelancer_idx ON skillancer.change_request (freelancer_id);
ALTER TABLE skillancer.change_request ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

-- What the freelancer handed over.
CREATE TABLE skillancer.delivery (
	milestone_id skillancer.milestone_id NOT NULL REFERENCES skillancer.milestone,
	number integer NOT NULL CHECK (number > 0),
	booking_id skillancer.booking_id NOT NULL REFERENCES skillancer.booking,
	client_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	freelancer_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	message text NOT NULL CHECK (length(message) BETWEEN 1 AND 5000),
	links text[] NOT NULL DEFAULT '{}' CHECK (cardinality(links) <= 20),
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	PRIMARY KEY (milestone_id, number)
);
COMMENT ON TABLE skillancer.delivery IS
	'Deliveries of a milestone: a message and links, numbered; rows are only added. Visible to the two parties, and to staff with contracts:view.';
CREATE INDEX delivery_client_idx ON skillancer.delivery (client_id);
CREATE INDEX delivery_freelancer_idx ON skillancer.delivery (freelancer_id);
ALTER TABLE skillancer.delivery ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

RESET ROLE;
UPDATE skillancer.booking SET client_accepted_at = created_at, freelancer_accepted_at = created_at;
