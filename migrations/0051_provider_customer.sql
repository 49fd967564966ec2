-- Who somebody is at a payment provider: a card that is used again belongs to a customer there.

CREATE TABLE skillancer.provider_customer (
	user_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	provider text NOT NULL CHECK (provider IN ('stripe')),
	external_id text CHECK (length(external_id) BETWEEN 1 AND 255),
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	PRIMARY KEY (user_id, provider)
);
COMMENT ON TABLE skillancer.provider_customer IS
	'Customers at payment providers, made with the first card. Read by what calls providers, and by nobody else.';
COMMENT ON COLUMN skillancer.provider_customer.external_id IS
	'The provider''s number; NULL while it is asked for one, and charges wait for it.';
ALTER TABLE skillancer.provider_customer ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

ALTER TABLE skillancer.provider_call
	DROP CONSTRAINT provider_call_operation_check,
	DROP CONSTRAINT provider_call_kind_check,
	ADD CONSTRAINT provider_call_operation_check
		CHECK (operation IN ('CUSTOMER', 'CHARGE', 'CONFIRM', 'CANCEL', 'REFUND', 'PAYOUT', 'ASK')),
	ADD CONSTRAINT provider_call_kind_check CHECK (kind IN ('customer', 'charge', 'refund', 'payout'));
COMMENT ON COLUMN skillancer.provider_call.ref IS 'The charge, refund or payout, or the user who becomes a customer.';
