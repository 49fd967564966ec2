-- Connects (tokens to propose with), exchange rates and conversions, and the platform's own capital.

-- Free connects, and returned ones: each lot lapses at a time of its own.
CREATE TABLE skillancer.connect_grant (
	id uuid PRIMARY KEY DEFAULT skillancer.new_id(),
	user_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	kind text NOT NULL CHECK (kind IN ('MONTHLY', 'STAFF', 'RETURN')),
	month date CHECK (month = date_trunc('month', month)),
	connects integer NOT NULL CHECK (connects > 0),
	reason text CHECK (length(reason) <= 500),
	granted_by skillancer.user_id REFERENCES skillancer.user_account,
	expires_at timestamptz NOT NULL,
	settled_at timestamptz,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	CHECK ((kind = 'MONTHLY') = (month IS NOT NULL))
);
COMMENT ON TABLE skillancer.connect_grant IS
	'Connects that were given: every month, by staff, or back from a proposal. The balance is in the ledger; the oldest are used first, and what is left of a lot after expires_at lapses.';
COMMENT ON COLUMN skillancer.connect_grant.settled_at IS 'When what was left of it after expires_at was taken back.';
CREATE UNIQUE INDEX connect_grant_month_idx ON skillancer.connect_grant (user_id, month) WHERE month IS NOT NULL;
CREATE INDEX connect_grant_user_idx ON skillancer.connect_grant (user_id, expires_at);
CREATE INDEX connect_grant_expiry_idx ON skillancer.connect_grant (expires_at) WHERE settled_at IS NULL;

-- Connects that somebody buys.
CREATE TABLE skillancer.connect_purchase (
	id uuid PRIMARY KEY DEFAULT skillancer.new_id(),
	user_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	connects integer NOT NULL CHECK (connects > 0),
	price skillancer.monetary NOT NULL CHECK (skillancer.monetary_minor(price) > 0),
	charge_id skillancer.charge_id REFERENCES skillancer.charge,
	state text NOT NULL DEFAULT 'CREATED' CHECK (state IN ('CREATED', 'COMPLETED', 'FAILED')),
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	updated_at timestamptz NOT NULL DEFAULT skillancer.now()
);
COMMENT ON TABLE skillancer.connect_purchase IS
	'Purchases of connects; machine "connect_purchase". CREATED waits for its charge.';
CREATE INDEX connect_purchase_user_idx ON skillancer.connect_purchase (user_id, id);
CREATE INDEX connect_purchase_charge_idx ON skillancer.connect_purchase (charge_id) WHERE charge_id IS NOT NULL;

ALTER TABLE skillancer.proposal
	ADD COLUMN connects integer NOT NULL DEFAULT 0 CHECK (connects >= 0),
	ADD COLUMN connect_terms jsonb;
COMMENT ON COLUMN skillancer.proposal.connects IS 'What it cost; 0 for imported ones.';
COMMENT ON COLUMN skillancer.proposal.connect_terms IS
	'Policies of their return as they were when it was made: the keys connectReturn….';

-- Units of quote for one unit of base.
CREATE TABLE skillancer.fx_rate (
	id uuid PRIMARY KEY DEFAULT skillancer.new_id(),
	base text NOT NULL CHECK (base ~ '^[A-Z]{3}$' AND base <> 'XCN'),
	quote text NOT NULL CHECK (quote ~ '^[A-Z]{3}$' AND quote <> 'XCN' AND quote <> base),
	rate numeric(20, 10) NOT NULL CHECK (rate > 0),
	valid_from timestamptz NOT NULL DEFAULT skillancer.now(),
	source text NOT NULL CHECK (length(source) BETWEEN 1 AND 100),
	set_by skillancer.user_id REFERENCES skillancer.user_account,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	UNIQUE (base, quote, valid_from)
);
COMMENT ON TABLE skillancer.fx_rate IS
	'Exchange rates without spread: units of quote for one unit of base, from a time on. Rows are only added.';

-- What was converted, as the quote said.
CREATE TABLE skillancer.conversion (
	id uuid PRIMARY KEY,
	user_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	sold skillancer.monetary NOT NULL CHECK (skillancer.monetary_minor(sold) > 0),
	spread skillancer.monetary NOT NULL CHECK (skillancer.monetary_minor(spread) >= 0),
	bought skillancer.monetary NOT NULL CHECK (skillancer.monetary_minor(bought) > 0),
	rate numeric NOT NULL,
	rate_at timestamptz NOT NULL,
	created_at timestamptz NOT NULL DEFAULT skillancer.now()
);
COMMENT ON TABLE skillancer.conversion IS
	'Conversions of wallets: sold includes the spread; the id is the one of the quote, so that a quote is used once. Rows are only added.';
CREATE INDEX conversion_user_idx ON skillancer.conversion (user_id, id);

ALTER TABLE skillancer.connect_grant ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.connect_purchase ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.fx_rate ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.conversion ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

RESET ROLE;
ALTER TABLE skillancer.account_class DROP CONSTRAINT account_class_type_check,
	ADD CONSTRAINT account_class_type_check
		CHECK (type IN ('asset', 'liability', 'income', 'expense', 'trading', 'equity'));
INSERT INTO skillancer.account_class (class, type, per, floor_zero, mode, description) VALUES
	('platform_capital', 'equity', 'platform', false, 'derived', 'What the owners put in'),
	('granted_tokens', 'liability', 'user', true, 'row', 'Connects given for nothing and not used'),
	('token_issue', 'trading', 'platform', false, 'derived', 'Connects in circulation, and those sold and used');
CREATE INDEX ledger_account_tokens_idx ON skillancer.ledger_account (owner)
	WHERE class IN ('unearned_tokens', 'granted_tokens');

-- good enough to tell what a project's budget is worth; too old for conversions, which need rates of staff
INSERT INTO skillancer.fx_rate (base, quote, rate, valid_from, source)
SELECT r.base, 'USD', r.rate, '2025-01-01 00:00+00', 'builtin'
FROM (VALUES ('EUR', 1.04), ('GBP', 1.25), ('AUD', 0.62), ('CAD', 0.7), ('CHF', 1.1), ('NZD', 0.56), ('SEK', 0.09),
	('PLN', 0.24), ('INR', 0.0117), ('SGD', 0.73), ('JPY', 0.0064), ('BRL', 0.16), ('MXN', 0.048), ('ZAR', 0.053)) AS r (base, rate);
