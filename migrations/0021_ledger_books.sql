-- The books: reasons of postings by hand, closed periods, seals over ranges of entries, and what the nightly
-- check of the invariants found. Owned by the vault: rows are added and read, never changed.

CREATE TABLE skillancer.ledger_period (
	through date PRIMARY KEY,
	ends_at timestamptz NOT NULL UNIQUE,
	closed_at timestamptz NOT NULL DEFAULT skillancer.now(),
	closed_by uuid,
	balances jsonb NOT NULL
);
COMMENT ON TABLE skillancer.ledger_period IS
	'Closed periods: no posting has an effective date before ends_at (the end of the day "through", UTC) any more.';
COMMENT ON COLUMN skillancer.ledger_period.balances IS
	'Balance (debit positive, minor units) of every class and currency at the end of the period.';

CREATE TABLE skillancer.ledger_seal (
	id bigint PRIMARY KEY CHECK (id > 0),
	epoch integer NOT NULL,
	from_xid xid8 NOT NULL,
	to_xid xid8 NOT NULL,
	entries bigint NOT NULL CHECK (entries > 0),
	previous bytea NOT NULL CHECK (length(previous) = 32),
	hash bytea NOT NULL UNIQUE CHECK (length(hash) = 32),
	sealed_at timestamptz NOT NULL DEFAULT skillancer.now()
);
COMMENT ON TABLE skillancer.ledger_seal IS
	'SHA-256 over the entries whose transactions have numbers in [from_xid, to_xid) of an epoch, chained by the hash of the seal before.';

CREATE TABLE skillancer.ledger_check (
	checked_at timestamptz NOT NULL DEFAULT skillancer.now(),
	invariant integer NOT NULL CHECK (invariant > 0),
	name text NOT NULL,
	violations bigint NOT NULL CHECK (violations >= 0),
	sample jsonb,
	PRIMARY KEY (checked_at, invariant)
);
COMMENT ON TABLE skillancer.ledger_check IS
	'Outcome of each check of the invariants of the ledger, with up to ten of the things that break one.';

ALTER TABLE skillancer.ledger_period ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.ledger_seal ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.ledger_check ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

RESET ROLE;
ALTER TABLE skillancer.ledger_period OWNER TO skillancer_vault;
ALTER TABLE skillancer.ledger_seal OWNER TO skillancer_vault;
ALTER TABLE skillancer.ledger_check OWNER TO skillancer_vault;
ALTER TABLE skillancer.ledger_txn ADD COLUMN reason text CHECK (length(reason) BETWEEN 1 AND 500);
COMMENT ON COLUMN skillancer.ledger_txn.reason IS 'Why it was posted by hand; NULL for what commands and timers post.';
CREATE INDEX ledger_entry_xid_idx ON skillancer.ledger_entry (epoch, xid);

-- Foreign keys lock a row for each entry: with them every release would write to the fee accounts that all share.
-- zero_sum() checks the same for all entries of a statement; postings and accounts are never deleted.
ALTER TABLE skillancer.ledger_entry
	DROP CONSTRAINT ledger_entry_txn_fkey,
	DROP CONSTRAINT ledger_entry_account_fkey;
