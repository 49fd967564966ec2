-- The double-entry ledger. Owned by the vault: the engine may insert and read, nobody may change.

-- The chart of accounts: what classes there are and how they behave.
CREATE TABLE skillancer.account_class (
	class text PRIMARY KEY CHECK (class ~ '^[a-z_]{3,40}$'),
	type text NOT NULL CHECK (type IN ('asset', 'liability', 'income', 'expense', 'trading')),
	per text NOT NULL,
	floor_zero boolean NOT NULL,
	mode text NOT NULL CHECK (mode IN ('row', 'derived')),
	description text NOT NULL,
	CHECK (mode = 'row' OR NOT floor_zero)
);
COMMENT ON TABLE skillancer.account_class IS
	'Chart of accounts: type, what one account stands for, whether its balance has a floor of zero, and whether the balance is kept on a row or derived.';

-- One account. Balances are in minor units on the normal side of the class (debit for asset,
-- expense and trading; credit for liability and income).
CREATE TABLE skillancer.ledger_account (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	class text NOT NULL REFERENCES skillancer.account_class,
	owner uuid,
	ref uuid,
	booking_id skillancer.booking_id,
	currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
	mode text NOT NULL,
	floor_zero boolean NOT NULL,
	debit_normal boolean NOT NULL,
	balance bigint NOT NULL DEFAULT 0,
	version bigint NOT NULL DEFAULT 0,
	needs_open boolean GENERATED ALWAYS AS (CASE WHEN balance <> 0 THEN true END) STORED,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	CONSTRAINT ledger_account_floor CHECK (balance >= 0 OR NOT floor_zero)
);
COMMENT ON TABLE skillancer.ledger_account IS
	'Accounts of the ledger. Row accounts carry their balance and a version that counts their entries; derived ones do not.';
COMMENT ON COLUMN skillancer.ledger_account.needs_open IS
	'True while money lies in it, else NULL: together with booking_id a foreign key that keeps the booking open.';
CREATE UNIQUE INDEX ledger_account_identity_idx ON skillancer.ledger_account
	(class, currency, coalesce(owner, '00000000-0000-0000-0000-000000000000'), coalesce(ref, '00000000-0000-0000-0000-000000000000'));
CREATE INDEX ledger_account_owner_idx ON skillancer.ledger_account (owner) WHERE owner IS NOT NULL;
CREATE INDEX ledger_account_booking_idx ON skillancer.ledger_account (booking_id) WHERE booking_id IS NOT NULL;

-- One posting: a group of entries that add up to zero in every currency.
CREATE TABLE skillancer.ledger_txn (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	kind text NOT NULL,
	idempotency_key text NOT NULL UNIQUE,
	fingerprint bytea NOT NULL,
	ref uuid,
	reverses bigint UNIQUE REFERENCES skillancer.ledger_txn,
	effective_at timestamptz NOT NULL DEFAULT skillancer.now(),
	posted_at timestamptz NOT NULL DEFAULT skillancer.now(),
	actor_id uuid,
	correlation_id text
);
COMMENT ON TABLE skillancer.ledger_txn IS
	'Postings. The fingerprint is the SHA-256 of kind, ref and legs: a repeated key with other legs is refused.';
CREATE INDEX ledger_txn_ref_idx ON skillancer.ledger_txn (ref, id);

-- One leg of a posting. Debit positive, credit negative, in minor units.
CREATE TABLE skillancer.ledger_entry (
	txn bigint NOT NULL REFERENCES skillancer.ledger_txn,
	leg smallint NOT NULL,
	account bigint NOT NULL REFERENCES skillancer.ledger_account,
	amount bigint NOT NULL CHECK (amount <> 0),
	currency text NOT NULL,
	balance_after bigint,
	account_version bigint,
	epoch integer NOT NULL,
	xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
	PRIMARY KEY (txn, leg)
);
COMMENT ON TABLE skillancer.ledger_entry IS
	'Legs of the postings: debit positive. balance_after and account_version are kept for row accounts.';
CREATE INDEX ledger_entry_account_idx ON skillancer.ledger_entry (account, txn);
CREATE UNIQUE INDEX ledger_entry_version_idx ON skillancer.ledger_entry (account, account_version)
	WHERE account_version IS NOT NULL;

ALTER TABLE skillancer.account_class ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.ledger_account ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.ledger_txn ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.ledger_entry ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

RESET ROLE;
ALTER TABLE skillancer.account_class OWNER TO skillancer_vault;
ALTER TABLE skillancer.ledger_account OWNER TO skillancer_vault;
ALTER TABLE skillancer.ledger_txn OWNER TO skillancer_vault;
ALTER TABLE skillancer.ledger_entry OWNER TO skillancer_vault;

INSERT INTO skillancer.account_class (class, type, per, floor_zero, mode, description) VALUES
	('psp_clearing', 'asset', 'provider', false, 'derived', 'Money that the payment provider holds for us'),
	('bank_trust', 'asset', 'bank', false, 'derived', 'Users'' money in the trust account'),
	('bank_operating', 'asset', 'bank', false, 'derived', 'The platform''s own money'),
	('chargeback_receivable', 'asset', 'charge-back', true, 'row', 'Disputed by the card holder, decision open'),
	('freelancer_receivable', 'asset', 'user', true, 'row', 'Owed to the platform by a freelancer'),
	('client_wallet', 'liability', 'user', true, 'row', 'A client''s money that is not in escrow'),
	('escrow', 'liability', 'milestone', true, 'row', 'Money of a funded milestone'),
	('deferred_fee', 'liability', 'milestone', true, 'row', 'Client fee of a funded milestone, not earned yet'),
	('escrow_hold', 'liability', 'dispute', true, 'row', 'Escrow frozen by a dispute'),
	('freelancer_pending', 'liability', 'user', true, 'row', 'Earned, on hold before it is available'),
	('freelancer_available', 'liability', 'user', true, 'row', 'Earned and available for payout'),
	('chargeback_hold', 'liability', 'charge-back', true, 'row', 'Frozen while a charge-back is open'),
	('payout_transit', 'liability', 'payout', true, 'row', 'On its way to the freelancer'),
	('refund_transit', 'liability', 'refund', true, 'row', 'On its way back to the client''s card'),
	('tax_payable', 'liability', 'jurisdiction', true, 'row', 'Tax within fees, owed to the state'),
	('unearned_tokens', 'liability', 'user', true, 'row', 'Tokens sold and not used'),
	('revenue_service', 'income', 'platform', false, 'derived', 'Service fees of freelancers'),
	('revenue_client', 'income', 'platform', false, 'derived', 'Fees of clients'),
	('revenue_payout', 'income', 'platform', false, 'derived', 'Payout fees'),
	('revenue_fx', 'income', 'platform', false, 'derived', 'Spread of currency conversion'),
	('revenue_tokens', 'income', 'platform', false, 'derived', 'Tokens used'),
	('expense_psp', 'expense', 'platform', false, 'derived', 'Cost of the payment provider'),
	('expense_chargeback', 'expense', 'platform', false, 'derived', 'Fees of charge-backs'),
	('expense_writeoff', 'expense', 'platform', false, 'derived', 'Receivables given up'),
	('fx_position', 'trading', 'platform', false, 'derived', 'Position of currency conversion');
