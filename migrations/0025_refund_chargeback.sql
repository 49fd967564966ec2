-- Money that goes back: refunds to cards, what a freelancer gives back, tips, and charge-backs.

-- From the wallet to the card that it came from.
CREATE TABLE skillancer.refund (
	id skillancer.refund_id PRIMARY KEY DEFAULT skillancer.new_id()::skillancer.refund_id,
	charge_id skillancer.charge_id NOT NULL REFERENCES skillancer.charge,
	user_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	provider text NOT NULL CHECK (provider IN ('sandbox', 'stripe')),
	amount skillancer.monetary NOT NULL CHECK (skillancer.monetary_minor(amount) > 0),
	state text NOT NULL DEFAULT 'CREATED' CHECK (state IN ('CREATED', 'PROCESSING', 'REFUNDED', 'FAILED', 'ERRORED')),
	external_id text CHECK (length(external_id) <= 255),
	failure_code text CHECK (length(failure_code) <= 63),
	policy jsonb NOT NULL DEFAULT '{}',
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	updated_at timestamptz NOT NULL DEFAULT skillancer.now()
);
COMMENT ON TABLE skillancer.refund IS
	'Refunds of charges to the card. PROCESSING has taken the amount from the wallet until the provider has answered: REFUNDED, or FAILED with the money back in the wallet; ERRORED: it did not answer and is asked.';
COMMENT ON COLUMN skillancer.refund.external_id IS 'The number that the provider gave it.';
CREATE INDEX refund_user_idx ON skillancer.refund (user_id, id);
CREATE INDEX refund_charge_idx ON skillancer.refund (charge_id);
CREATE INDEX refund_open_idx ON skillancer.refund (updated_at) WHERE state IN ('CREATED', 'PROCESSING', 'ERRORED');
CREATE UNIQUE INDEX refund_external_idx ON skillancer.refund (provider, external_id) WHERE external_id IS NOT NULL;

-- A card holder's bank takes money back.
CREATE TABLE skillancer.chargeback (
	id uuid PRIMARY KEY DEFAULT skillancer.new_id(),
	charge_id skillancer.charge_id NOT NULL REFERENCES skillancer.charge,
	milestone_id skillancer.milestone_id REFERENCES skillancer.milestone,
	user_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	freelancer_id skillancer.user_id REFERENCES skillancer.user_account,
	reference text NOT NULL UNIQUE CHECK (length(reference) BETWEEN 1 AND 255),
	reason text CHECK (length(reason) <= 500),
	amount skillancer.monetary NOT NULL CHECK (skillancer.monetary_minor(amount) > 0),
	fee skillancer.monetary NOT NULL CHECK (skillancer.monetary_minor(fee) >= 0),
	state text NOT NULL DEFAULT 'RECEIVED' CHECK (state IN ('RECEIVED', 'OPEN', 'WON', 'LOST')),
	held skillancer.monetary CHECK (skillancer.monetary_minor(held) >= 0),
	from_escrow skillancer.monetary CHECK (skillancer.monetary_minor(from_escrow) >= 0),
	from_released skillancer.monetary CHECK (skillancer.monetary_minor(from_released) >= 0),
	receivable skillancer.monetary CHECK (skillancer.monetary_minor(receivable) >= 0),
	freeze_posting bigint,
	version integer NOT NULL DEFAULT 1,
	closed_at timestamptz,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	updated_at timestamptz NOT NULL DEFAULT skillancer.now()
);
COMMENT ON TABLE skillancer.chargeback IS
	'Charge-backs by the card holder''s bank; machine "chargeback". Made and closed by what the provider says.';
COMMENT ON COLUMN skillancer.chargeback.reference IS 'The number that the provider gave it: a repeated message is known by it.';
COMMENT ON COLUMN skillancer.chargeback.held IS 'What could be frozen; the rest of the amount is the platform''s risk.';
COMMENT ON COLUMN skillancer.chargeback.from_released IS 'Gross of what had been released and is frozen again.';
COMMENT ON COLUMN skillancer.chargeback.receivable IS 'What the freelancer had been paid out and owes while it is frozen.';
CREATE INDEX chargeback_charge_idx ON skillancer.chargeback (charge_id);
CREATE INDEX chargeback_milestone_idx ON skillancer.chargeback (milestone_id) WHERE milestone_id IS NOT NULL;
CREATE INDEX chargeback_user_idx ON skillancer.chargeback (user_id, id);
CREATE INDEX chargeback_freelancer_idx ON skillancer.chargeback (freelancer_id, id) WHERE freelancer_id IS NOT NULL;
CREATE INDEX chargeback_open_idx ON skillancer.chargeback (created_at) WHERE state = 'OPEN';

-- What was released and given back.
ALTER TABLE skillancer.milestone
	ADD COLUMN given_back skillancer.monetary CHECK (skillancer.monetary_minor(given_back) > 0);
COMMENT ON COLUMN skillancer.milestone.given_back IS
	'What the freelancer gave back of what had been released; NULL when nothing.';

-- Something on top, after the work.
CREATE TABLE skillancer.tip (
	id uuid PRIMARY KEY DEFAULT skillancer.new_id(),
	booking_id skillancer.booking_id NOT NULL REFERENCES skillancer.booking,
	client_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	freelancer_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	amount skillancer.monetary NOT NULL CHECK (skillancer.monetary_minor(amount) > 0),
	message text CHECK (length(message) BETWEEN 1 AND 2000),
	created_at timestamptz NOT NULL DEFAULT skillancer.now()
);
COMMENT ON TABLE skillancer.tip IS 'Tips of clients; rows are only added. Visible to the two parties, and to staff with contracts:view.';
CREATE INDEX tip_booking_idx ON skillancer.tip (booking_id, id);
CREATE INDEX tip_client_idx ON skillancer.tip (client_id);
CREATE INDEX tip_freelancer_idx ON skillancer.tip (freelancer_id);

ALTER TABLE skillancer.earning
	ALTER COLUMN milestone_id DROP NOT NULL,
	ADD COLUMN tip_id uuid UNIQUE REFERENCES skillancer.tip,
	ADD CONSTRAINT earning_source CHECK (num_nonnulls(milestone_id, tip_id) = 1);
COMMENT ON COLUMN skillancer.earning.tip_id IS 'The tip that was earned, in place of a milestone.';

-- Postings by hand: one proposes, another one decides.
CREATE TABLE skillancer.adjustment (
	id uuid PRIMARY KEY DEFAULT skillancer.new_id(),
	kind text NOT NULL CHECK (kind IN ('ADJUSTMENT', 'WRITE_OFF', 'REVERSAL')),
	reason text NOT NULL CHECK (length(reason) BETWEEN 5 AND 500),
	legs jsonb CHECK (jsonb_typeof(legs) = 'array'),
	reverses bigint,
	proposed_by skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	decided_by skillancer.user_id REFERENCES skillancer.user_account,
	decided_at timestamptz,
	note text CHECK (length(note) BETWEEN 1 AND 500),
	posting bigint,
	state text NOT NULL DEFAULT 'PROPOSED' CHECK (state IN ('PROPOSED', 'POSTED', 'REJECTED', 'EXPIRED')),
	policy jsonb NOT NULL DEFAULT '{}',
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	updated_at timestamptz NOT NULL DEFAULT skillancer.now(),
	CONSTRAINT adjustment_what CHECK ((kind = 'REVERSAL') = (reverses IS NOT NULL) AND (kind = 'REVERSAL') = (legs IS NULL)),
	CONSTRAINT adjustment_two_people CHECK (decided_by <> proposed_by)
);
COMMENT ON TABLE skillancer.adjustment IS
	'Postings by hand, of two people: one proposes legs (or a posting to take back) with a reason, another one approves or rejects; machine "adjustment".';
CREATE INDEX adjustment_open_idx ON skillancer.adjustment (id) WHERE state = 'PROPOSED';
CREATE UNIQUE INDEX adjustment_reverses_idx ON skillancer.adjustment (reverses) WHERE state IN ('PROPOSED', 'POSTED');

ALTER TABLE skillancer.refund ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.chargeback ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.tip ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.adjustment ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
