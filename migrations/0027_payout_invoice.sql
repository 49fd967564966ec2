-- The user's side of money: recent sign-ins, what a payment method shows, tax within fees, what an earning is made of.

ALTER TABLE skillancer.session
	ADD COLUMN confirmed_at timestamptz NOT NULL DEFAULT skillancer.now();
COMMENT ON COLUMN skillancer.session.confirmed_at IS
	'When the password was last given in this session: at sign-in and at every step-up. What is sensitive asks for it to be recent.';

ALTER TABLE skillancer.payment_method
	ADD COLUMN is_default boolean NOT NULL DEFAULT false,
	ADD COLUMN brand text CHECK (length(brand) BETWEEN 1 AND 40),
	ADD COLUMN last4 text CHECK (last4 ~ '^[0-9]{4}$'),
	ADD COLUMN exp_month smallint CHECK (exp_month BETWEEN 1 AND 12),
	ADD COLUMN exp_year smallint CHECK (exp_year BETWEEN 2000 AND 2100);
COMMENT ON COLUMN skillancer.payment_method.last4 IS 'The last four digits, as the provider shows them. No more of the number is ever kept.';
CREATE UNIQUE INDEX payment_method_default_idx ON skillancer.payment_method (user_id, kind)
	WHERE is_default AND removed_at IS NULL;

-- Where a tax is owed. Each has an account of its own in tax_payable.
CREATE TABLE skillancer.tax_jurisdiction (
	code text PRIMARY KEY CHECK (code ~ '^[A-Z]{2}$'),
	name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
	account uuid NOT NULL UNIQUE DEFAULT skillancer.new_id()
);
COMMENT ON TABLE skillancer.tax_jurisdiction IS
	'Countries to which tax within fees is owed; account is the reference of their ledger account of class tax_payable.';

-- How much of a fee is tax, from a day on.
CREATE TABLE skillancer.tax_rate (
	id uuid PRIMARY KEY DEFAULT skillancer.new_id(),
	jurisdiction text NOT NULL REFERENCES skillancer.tax_jurisdiction,
	kind text NOT NULL CHECK (kind IN ('SERVICE', 'CLIENT')),
	name text NOT NULL CHECK (length(name) BETWEEN 1 AND 40),
	bps integer NOT NULL CHECK (bps BETWEEN 0 AND 10000),
	valid_from timestamptz NOT NULL,
	UNIQUE (jurisdiction, kind, valid_from)
);
COMMENT ON TABLE skillancer.tax_rate IS
	'Tax that a fee includes, by the country of who pays the fee. bps: hundredths of a percent on top of the net fee; the newest row in force counts, 0 ends a tax.';

-- Whose name and address stand on invoices.
CREATE TABLE skillancer.billing_profile (
	user_id skillancer.user_id PRIMARY KEY REFERENCES skillancer.user_account,
	name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
	address text NOT NULL CHECK (length(address) <= 500),
	country text NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
	tax_number text CHECK (length(tax_number) BETWEEN 1 AND 40),
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	updated_at timestamptz NOT NULL DEFAULT skillancer.now()
);
COMMENT ON TABLE skillancer.billing_profile IS
	'Name, address and tax number on invoices; without a row, the name and country of the profile. The country decides the tax within fees.';

ALTER TABLE skillancer.earning
	ADD COLUMN client_fee skillancer.monetary,
	ADD COLUMN posting bigint,
	ADD COLUMN available_at timestamptz;
COMMENT ON COLUMN skillancer.earning.client_fee IS 'The client''s fee on this release; NULL for earnings of versions before 0.3.0.';
COMMENT ON COLUMN skillancer.earning.posting IS 'Number of the posting of the release (ledger_txn).';
COMMENT ON COLUMN skillancer.earning.available_at IS 'When it comes off hold.';
CREATE INDEX earning_client_idx ON skillancer.earning (client_id, posting);
CREATE INDEX earning_posting_idx ON skillancer.earning (posting);

-- The tax that was found in a fee.
CREATE TABLE skillancer.fee_tax (
	earning_id uuid NOT NULL REFERENCES skillancer.earning,
	kind text NOT NULL CHECK (kind IN ('SERVICE', 'CLIENT')),
	payer_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	rate_id uuid NOT NULL REFERENCES skillancer.tax_rate,
	fee skillancer.monetary NOT NULL,
	tax skillancer.monetary NOT NULL,
	posting bigint NOT NULL,
	PRIMARY KEY (earning_id, kind)
);
COMMENT ON TABLE skillancer.fee_tax IS 'Tax within the fee of an earning: what T16 has posted, at which rate, and who paid the fee.';
CREATE INDEX fee_tax_payer_idx ON skillancer.fee_tax (payer_id, earning_id);

-- Payouts that ask for themselves.
CREATE TABLE skillancer.payout_schedule (
	id uuid PRIMARY KEY DEFAULT skillancer.new_id(),
	user_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
	cadence text NOT NULL CHECK (cadence IN ('MANUAL', 'WEEKLY', 'MONTHLY')),
	next_at timestamptz,
	last_period date,
	last_result text CHECK (length(last_result) <= 500),
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	updated_at timestamptz NOT NULL DEFAULT skillancer.now(),
	UNIQUE (user_id, currency),
	CONSTRAINT payout_schedule_next CHECK ((cadence = 'MANUAL') = (next_at IS NULL))
);
COMMENT ON TABLE skillancer.payout_schedule IS
	'When the whole available balance of a currency is paid out to the default payout method: every Monday or first of the month at 0:00 UTC. No row means MANUAL.';
COMMENT ON COLUMN skillancer.payout_schedule.last_result IS
	'What became of the last period: REQUESTED, or why there was no payout.';
CREATE INDEX payout_schedule_next_idx ON skillancer.payout_schedule (next_at) WHERE next_at IS NOT NULL;

ALTER TABLE skillancer.payout
	ADD COLUMN schedule_id uuid REFERENCES skillancer.payout_schedule,
	ADD COLUMN period date,
	ADD CONSTRAINT payout_scheduled CHECK ((schedule_id IS NULL) = (period IS NULL)),
	ADD CONSTRAINT payout_once_a_period UNIQUE (schedule_id, period);
COMMENT ON COLUMN skillancer.payout.period IS 'First day of the period for which a schedule asked for it: one payout each.';
CREATE INDEX payout_recent_idx ON skillancer.payout (user_id, created_at);

ALTER TABLE skillancer.payout_rule
	ADD COLUMN window_maximum numeric CHECK (window_maximum > 0);
COMMENT ON COLUMN skillancer.payout_rule.window_maximum IS
	'Most that one person may be paid out within the window of the policy payoutVelocity; NULL is no limit.';

ALTER TABLE skillancer.payout_schedule ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.tax_jurisdiction ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.tax_rate ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.billing_profile ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.fee_tax ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

RESET ROLE;
-- one account takes the tax of every release in a country: a row of it would make releases wait for each other
UPDATE skillancer.account_class SET mode = 'derived', floor_zero = false WHERE class = 'tax_payable';
UPDATE skillancer.payment_method m SET is_default = true
WHERE m.id = (
	SELECT x.id FROM skillancer.payment_method x
	WHERE x.user_id = m.user_id AND x.kind = m.kind AND x.removed_at IS NULL
	ORDER BY x.id DESC LIMIT 1);
