-- Balances of derived accounts as a folded sum and a tail, so that reading one does not add up its whole
-- history. The entries of the past are folded here, once.

CREATE TABLE skillancer.ledger_fold (
	account bigint PRIMARY KEY,
	amount numeric NOT NULL,
	entries bigint NOT NULL
);
COMMENT ON TABLE skillancer.ledger_fold IS
	'Sum (debit positive, minor units) and number of the entries of a derived account up to ledger_fold_position.';
CREATE TABLE skillancer.ledger_fold_position (
	singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
	epoch integer NOT NULL,
	position pg_snapshot NOT NULL
);
COMMENT ON TABLE skillancer.ledger_fold_position IS
	'The snapshot up to which derived accounts are folded; entries behind it are the tail.';
ALTER TABLE skillancer.ledger_fold ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.ledger_fold_position ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

RESET ROLE;
ALTER TABLE skillancer.ledger_fold OWNER TO skillancer_vault;
ALTER TABLE skillancer.ledger_fold_position OWNER TO skillancer_vault;
ALTER TABLE skillancer.ledger_fold ADD FOREIGN KEY (account) REFERENCES skillancer.ledger_account;

-- finds the tail of an account behind the fold
DROP INDEX skillancer.ledger_entry_account_idx;
CREATE INDEX ledger_entry_account_idx ON skillancer.ledger_entry (account, xid);

-- no posting is in flight while the history is folded, and this transaction makes none
LOCK TABLE skillancer.ledger_entry IN SHARE MODE;
INSERT INTO skillancer.ledger_fold (account, amount, entries)
SELECT e.account, sum(e.amount), count(*)
FROM skillancer.ledger_entry e
JOIN skillancer.ledger_account a ON a.id = e.account AND a.mode = 'derived'
GROUP BY e.account;
INSERT INTO skillancer.ledger_fold_position (epoch, position)
SELECT i.epoch, pg_current_snapshot() FROM skillancer.instance i;
