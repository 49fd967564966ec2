-- Payments: ways to pay and to be paid, charges, earnings, payouts and the price list.

-- The price list: marginal rates above an amount, by version. A booking keeps the version of its day.
CREATE TABLE skillancer.fee_schedule (
	version integer NOT NULL CHECK (version > 0),
	kind text NOT NULL CHECK (kind IN ('SERVICE', 'CLIENT')),
	currency text NOT NULL DEFAULT '*' CHECK (currency ~ '^([A-Z]{3}|[*])$'),
	above numeric NOT NULL CHECK (above >= 0),
	bps integer NOT NULL CHECK (bps BETWEEN 0 AND 10000),
	builtin_hash text,
	PRIMARY KEY (version, kind, currency, above)
);
COMMENT ON TABLE skillancer.fee_schedule IS
	'Fees as marginal rates: bps hundredths of a percent of what lies above the amount (in units of the currency). A row with a currency replaces the rows with * for it.';

-- What a pair of people has billed with each other: where in the schedule the next release stands.
CREATE TABLE skillancer.pair_billing (
	client_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	freelancer_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	currency text NOT NULL,
	billed skillancer.monetary NOT NULL,
	PRIMARY KEY (client_id, freelancer_id, currency)
);
COMMENT ON TABLE skillancer.pair_billing IS
	'Lifetime billings of a client and a freelancer, counted up at every release under the row''s lock.';
CREATE INDEX pair_billing_freelancer_idx ON skillancer.pair_billing (freelancer_id);

-- Who may be paid how much at once, per currency.
CREATE TABLE skillancer.payout_rule (
	currency text PRIMARY KEY CHECK (currency ~ '^([A-Z]{3}|[*])$'),
	minimum numeric NOT NULL CHECK (minimum > 0),
	fee numeric NOT NULL CHECK (fee >= 0),
	builtin_hash text,
	CHECK (fee < minimum)
);
COMMENT ON TABLE skillancer.payout_rule IS
	'Least amount and fee of a payout in units of its currency; the row * holds for currencies without one.';

-- A card to pay with, or an account to be paid to. The provider knows the number, we keep its token.
CREATE TABLE skillancer.payment_method (
	id skillancer.payment_method_id PRIMARY KEY DEFAULT skillancer.new_id()::skillancer.payment_method_id,
	user_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	kind text NOT NULL CHECK (kind IN ('PAYMENT', 'PAYOUT')),
	provider text NOT NULL CHECK (provider IN ('sandbox')),
	token text NOT NULL CHECK (length(token) BETWEEN 1 AND 255),
	label text NOT NULL CHECK (length(label) BETWEEN 1 AND 100),
	usable_from timestamptz NOT NULL DEFAULT skillancer.now(),
	removed_at timestamptz,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	updated_at timestamptz NOT NULL DEFAULT skillancer.now()
);
COMMENT ON TABLE skillancer.payment_method IS
	'Tokens of the payment provider. A payout method is usable after a cool-down, so that a stolen session cannot empty an account at once.';
CREATE INDEX payment_method_user_idx ON skillancer.payment_method (user_id, kind, id);

-- Money taken from a client. A charge for a milestone goes on to fund it when it is captured.
CREATE TABLE skillancer.charge (
	id skillancer.charge_id PRIMARY KEY DEFAULT skillancer.new_id()::skillancer.charge_id,
	user_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	payment_method_id skillancer.payment_method_id NOT NULL REFERENCES skillancer.payment_method,
	milestone_id skillancer.milestone_id REFERENCES skillancer.milestone,
	provider text NOT NULL CHECK (provider IN ('sandbox')),
	amount skillancer.monetary NOT NULL CHECK (skillancer.monetary_minor(amount) > 0),
	state text NOT NULL DEFAULT 'CREATED'
		CHECK (state IN ('CREATED', 'REQUIRES_ACTION', 'CAPTURED', 'FAILED', 'VOIDED')),
	failure_code text CHECK (length(failure_code) <= 63),
	policy jsonb NOT NULL DEFAULT '{}',
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	updated_at timestamptz NOT NULL DEFAULT skillancer.now()
);
COMMENT ON TABLE skillancer.charge IS
	'Charges by the payment provider. FAILED: the provider said no; VOIDED: nobody confirmed it in time.';
CREATE INDEX charge_user_idx ON skillancer.charge (user_id, id);
CREATE INDEX charge_milestone_idx ON skillancer.charge (milestone_id) WHERE milestone_id IS NOT NULL;
CREATE INDEX charge_method_idx ON skillancer.charge (payment_method_id);

-- What one release earned: on hold first, then available for payout.
CREATE TABLE skillancer.earning (
	id uuid PRIMARY KEY DEFAULT skillancer.new_id(),
	freelancer_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	client_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	booking_id skillancer.booking_id NOT NULL REFERENCES skillancer.booking,
	milestone_id skillancer.milestone_id NOT NULL REFERENCES skillancer.milestone,
	gross skillancer.monetary NOT NULL,
	fee skillancer.monetary NOT NULL,
	net skillancer.monetary NOT NULL,
	state text NOT NULL DEFAULT 'PENDING' CHECK (state IN ('PENDING', 'AVAILABLE')),
	policy jsonb NOT NULL DEFAULT '{}',
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	updated_at timestamptz NOT NULL DEFAULT skillancer.now()
);
COMMENT ON TABLE skillancer.earning IS
	'Releases from the freelancer''s side: gross, service fee and net. PENDING for the hold of the booking, then AVAILABLE.';
CREATE INDEX earning_freelancer_idx ON skillancer.earning (freelancer_id, id);
CREATE INDEX earning_milestone_idx ON skillancer.earning (milestone_id);

-- Money sent to a freelancer. The amount leaves the balance; what arrives is the amount less the fee.
CREATE TABLE skillancer.payout (
	id skillancer.payout_id PRIMARY KEY DEFAULT skillancer.new_id()::skillancer.payout_id,
	user_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	payment_method_id skillancer.payment_method_id NOT NULL REFERENCES skillancer.payment_method,
	provider text NOT NULL CHECK (provider IN ('sandbox')),
	amount skillancer.monetary NOT NULL CHECK (skillancer.monetary_minor(amount) > 0),
	fee skillancer.monetary NOT NULL CHECK (skillancer.monetary_minor(fee) >= 0),
	state text NOT NULL DEFAULT 'CREATED'
		CHECK (state IN ('CREATED', 'REQUESTED', 'PAID', 'FAILED', 'CANCELLED')),
	failure_code text CHECK (length(failure_code) <= 63),
	policy jsonb NOT NULL DEFAULT '{}',
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	updated_at timestamptz NOT NULL DEFAULT skillancer.now()
);
COMMENT ON TABLE skillancer.payout IS
	'Payouts. REQUESTED takes the amount from the balance until the provider has answered: PAID, or FAILED with the money back in the balance.';
CREATE INDEX payout_user_idx ON skillancer.payout (user_id, id);
CREATE INDEX payout_method_idx ON skillancer.payout (payment_method_id);

ALTER TABLE skillancer.fee_schedule ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.pair_billing ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.payout_rule ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.payment_method ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.charge ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.earning ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.payout ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
