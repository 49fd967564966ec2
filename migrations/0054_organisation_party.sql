-- Whoever acts for an organisation reviews and tips in its name, too.
ALTER TABLE skillancer.review ADD COLUMN organisation_id skillancer.organisation_id;
COMMENT ON COLUMN skillancer.review.organisation_id IS 'Of the booking: its members read what was written for the client, its owners and admins write it.';
CREATE INDEX review_organisation_idx ON skillancer.review (organisation_id) WHERE organisation_id IS NOT NULL;

ALTER TABLE skillancer.tip ADD COLUMN organisation_id skillancer.organisation_id,
	ADD COLUMN payer_id skillancer.user_id REFERENCES skillancer.user_account;
COMMENT ON COLUMN skillancer.tip.payer_id IS 'The member of an organisation whose wallet paid; NULL: the client.';
CREATE INDEX tip_organisation_idx ON skillancer.tip (organisation_id) WHERE organisation_id IS NOT NULL;
CREATE INDEX tip_payer_idx ON skillancer.tip (payer_id, created_at) WHERE payer_id IS NOT NULL;
