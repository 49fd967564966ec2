-- Gig orders and direct offers: what a booking came from, the form of a gig, and when each side accepted the terms.

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

RESET ROLE;
UPDATE skillancer.booking SET client_accepted_at = created_at, freelancer_accepted_at = created_at;
