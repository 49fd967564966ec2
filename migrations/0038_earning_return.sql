-- What went back of an earning, given back or lost to a charge-back: what credit notes and the return of tax are made of.
CREATE TABLE skillancer.earning_return (
	id uuid PRIMARY KEY DEFAULT skillancer.new_id(),
	earning_id uuid NOT NULL REFERENCES skillancer.earning,
	freelancer_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	client_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	posting bigint NOT NULL,
	gross skillancer.monetary NOT NULL CHECK (skillancer.monetary_minor(gross) > 0),
	fee skillancer.monetary NOT NULL CHECK (skillancer.monetary_minor(fee) >= 0),
	tax skillancer.monetary NOT NULL CHECK (skillancer.monetary_minor(tax) >= 0),
	client_fee skillancer.monetary NOT NULL CHECK (skillancer.monetary_minor(client_fee) >= 0),
	client_tax skillancer.monetary NOT NULL CHECK (skillancer.monetary_minor(client_tax) >= 0),
	credited boolean NOT NULL DEFAULT false,
	created_at timestamptz NOT NULL DEFAULT skillancer.now()
);
COMMENT ON TABLE skillancer.earning_return IS
	'Parts of earnings that went back to the client, the newest earning of a milestone first: gross, the fees on it, and the tax within them. A charge-back takes the client''s fee back as well.';
COMMENT ON COLUMN skillancer.earning_return.posting IS 'The posting that gave it back.';
COMMENT ON COLUMN skillancer.earning_return.credited IS 'True once its credit notes are issued.';
CREATE INDEX earning_return_earning_idx ON skillancer.earning_return (earning_id);
CREATE INDEX earning_return_freelancer_idx ON skillancer.earning_return (freelancer_id, created_at);
CREATE INDEX earning_return_client_idx ON skillancer.earning_return (client_id);
CREATE INDEX earning_return_to_credit_idx ON skillancer.earning_return (id) WHERE NOT credited;
ALTER TABLE skillancer.earning_return ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
