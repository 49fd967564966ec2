-- Terms in versions: counter-offers and amendments make new ones, and every version stays readable. Changes of running
-- bookings that amend the terms, divide the money of a cancellation, or give the rest of a milestone back.

ALTER TABLE skillancer.booking
	ADD COLUMN terms_version integer NOT NULL DEFAULT 1 CHECK (terms_version > 0),
	ADD COLUMN terms_by skillancer.user_id REFERENCES skillancer.user_account;
COMMENT ON COLUMN skillancer.booking.terms_version IS 'Which of booking_terms is in force, or on the table while OFFERED.';
COMMENT ON COLUMN skillancer.booking.terms_by IS 'Who proposed that version; the other side accepts it.';

-- What was proposed, in the order of proposing.
CREATE TABLE skillancer.booking_terms (
	booking_id skillancer.booking_id NOT NULL REFERENCES skillancer.booking,
	version integer NOT NULL CHECK (version > 0),
	client_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	freelancer_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	proposed_by skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	terms jsonb NOT NULL,
	terms_hash bytea NOT NULL CHECK (length(terms_hash) = 32),
	message text CHECK (length(message) BETWEEN 1 AND 2000),
	client_accepted_at timestamptz,
	freelancer_accepted_at timestamptz,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	PRIMARY KEY (booking_id, version)
);
COMMENT ON TABLE skillancer.booking_terms IS
	'Every version of the terms of a booking, with who accepted it when; rows are only added. Visible to the two parties, and to staff with contracts:view.';
CREATE INDEX booking_terms_client_idx ON skillancer.booking_terms (client_id);
CREATE INDEX booking_terms_freelancer_idx ON skillancer.booking_terms (freelancer_id);
ALTER TABLE skillancer.booking_terms ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

ALTER TABLE skillancer.milestone
	ADD COLUMN rolled_after skillancer.monetary CHECK (skillancer.monetary_minor(rolled_after) > 0);
COMMENT ON COLUMN skillancer.milestone.rolled_after IS
	'A milestone that took over the rest of another one: what was paid of that money before, where the client''s fee goes on.';

ALTER TABLE skillancer.change_request
	ADD COLUMN release skillancer.monetary CHECK (skillancer.monetary_minor(release) >= 0),
	ADD COLUMN changes jsonb CHECK (jsonb_typeof(changes) = 'object'),
	ADD COLUMN terms_hash bytea CHECK (length(terms_hash) = 32),
	DROP CONSTRAINT change_request_kind_check,
	ADD CONSTRAINT change_request_kind_check CHECK (kind IN ('EXTENSION', 'PAUSE', 'CANCELLATION', 'AMENDMENT', 'REFUND')),
	DROP CONSTRAINT change_request_extension,
	ADD CONSTRAINT change_request_members CHECK (
		(kind IN ('EXTENSION', 'REFUND')) = (milestone_id IS NOT NULL)
		AND (kind <> 'EXTENSION' OR days IS NOT NULL) AND (days IS NULL OR kind IN ('EXTENSION', 'PAUSE'))
		AND (release IS NULL OR kind = 'CANCELLATION')
		AND (kind = 'AMENDMENT') = (changes IS NOT NULL AND terms_hash IS NOT NULL));
COMMENT ON COLUMN skillancer.change_request.release IS 'CANCELLATION: so much of the escrow goes to the freelancer, the rest back to the client.';
COMMENT ON COLUMN skillancer.change_request.changes IS 'AMENDMENT: what becomes of the terms: {"milestones", "deliveryDays", "rate", "weeklyLimitMinutes"}.';
COMMENT ON COLUMN skillancer.change_request.terms_hash IS 'AMENDMENT: SHA-256 of the terms as they would be; acceptance names it.';

RESET ROLE;
INSERT INTO skillancer.booking_terms (booking_id, version, client_id, freelancer_id, proposed_by, terms, terms_hash,
	client_accepted_at, freelancer_accepted_at, created_at)
SELECT b.id, 1, b.client_id, b.freelancer_id, CASE b.source WHEN 'PROPOSAL' THEN b.freelancer_id ELSE b.client_id END, b.terms,
	b.terms_hash, b.client_accepted_at, b.freelancer_accepted_at, b.created_at
FROM skillancer.booking b;
UPDATE skillancer.booking b SET terms_by = CASE b.source WHEN 'PROPOSAL' THEN b.freelancer_id ELSE b.client_id END;
