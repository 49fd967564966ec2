-- What a charge-back freezes, thing by thing, wherever the money of the charge went: also into the milestone that took over
-- the rest of the one that was paid.

ALTER TABLE skillancer.milestone ADD COLUMN rolled_from skillancer.milestone_id REFERENCES skillancer.milestone;
COMMENT ON COLUMN skillancer.milestone.rolled_from IS 'The milestone of which it took over the rest.';
ALTER TABLE skillancer.milestone ADD COLUMN held skillancer.monetary CHECK (skillancer.monetary_minor(held) > 0);
COMMENT ON COLUMN skillancer.milestone.held IS
	'What of "frozen" is held for charge-backs, with the client''s fee on it; the fee of further steps goes on behind it.';
CREATE UNIQUE INDEX milestone_rolled_idx ON skillancer.milestone (rolled_from) WHERE rolled_from IS NOT NULL;

CREATE TABLE skillancer.chargeback_part (
	id uuid PRIMARY KEY DEFAULT skillancer.new_id(),
	chargeback_id uuid NOT NULL REFERENCES skillancer.chargeback,
	milestone_id skillancer.milestone_id NOT NULL REFERENCES skillancer.milestone,
	earning_id uuid REFERENCES skillancer.earning,
	gross skillancer.monetary NOT NULL CHECK (skillancer.monetary_minor(gross) > 0),
	fee skillancer.monetary NOT NULL CHECK (skillancer.monetary_minor(fee) >= 0),
	tax skillancer.monetary NOT NULL CHECK (skillancer.monetary_minor(tax) >= 0),
	client_fee skillancer.monetary NOT NULL CHECK (skillancer.monetary_minor(client_fee) >= 0),
	client_tax skillancer.monetary NOT NULL CHECK (skillancer.monetary_minor(client_tax) >= 0)
);
COMMENT ON TABLE skillancer.chargeback_part IS
	'What is frozen for a charge-back besides the client''s wallet: escrow of a milestone, or a part of an earning, with the fees on it and the tax within them. Rows are only added.';
COMMENT ON COLUMN skillancer.chargeback_part.earning_id IS 'NULL: it was in escrow, and client_fee is the deferred fee on it.';
CREATE INDEX chargeback_part_chargeback_idx ON skillancer.chargeback_part (chargeback_id);
CREATE INDEX chargeback_part_milestone_idx ON skillancer.chargeback_part (milestone_id);
CREATE INDEX chargeback_part_earning_idx ON skillancer.chargeback_part (earning_id) WHERE earning_id IS NOT NULL;
ALTER TABLE skillancer.chargeback_part ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
