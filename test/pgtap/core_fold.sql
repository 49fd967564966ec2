-- core_fold.sql
--	Balances of derived accounts are exact before, between and after folds.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT plan(7);

CREATE FUNCTION pg_temp.post(p_key text, p_amount bigint) RETURNS bigint LANGUAGE sql AS $$
	SELECT skillancer.ledger_post('TEST', p_key, NULL, '{psp_clearing,bank_trust}', '{NULL,NULL}', '{NULL,NULL}', '{NULL,NULL}',
		ARRAY[p_amount, -p_amount], 'XTS')
$$;
SELECT pg_temp.post('fold-1', 100);
SELECT is(skillancer.ledger_balance('psp_clearing', NULL, NULL, 'XTS'), 100::bigint, 'a tail alone is a balance');
SELECT lives_ok('SELECT skillancer.ledger_fold()', 'a fold runs');
SELECT is(skillancer.ledger_balance('psp_clearing', NULL, NULL, 'XTS'), 100::bigint, 'entries of the folding transaction stay in the tail');
SELECT skillancer.ledger_fold_adopt(skillancer.epoch());
SELECT is(f.amount, 100::numeric, 'the last fold of an epoch takes everything')
FROM skillancer.ledger_fold f JOIN skillancer.ledger_account a ON a.id = f.account WHERE a.class = 'psp_clearing' AND a.currency = 'XTS';
SELECT is(f.entries, 1::bigint, 'each entry once')
FROM skillancer.ledger_fold f JOIN skillancer.ledger_account a ON a.id = f.account WHERE a.class = 'psp_clearing' AND a.currency = 'XTS';
SELECT is_empty($$
	SELECT a.id FROM skillancer.ledger_account a JOIN skillancer.ledger_fold f ON f.account = a.id
	LEFT JOIN skillancer.ledger_entry e ON e.account = a.id GROUP BY a.id, f.entries HAVING f.entries > count(e.txn)
	$$, 'no account has folded more entries than it has');
SELECT is_empty($$
	SELECT n.id FROM skillancer.ledger_balance_now n JOIN skillancer.ledger_account a ON a.id = n.id
	JOIN skillancer.ledger_entry e ON e.account = a.id WHERE a.mode = 'derived' AND a.currency <> 'XTS'
	GROUP BY n.id, n.balance, a.debit_normal HAVING n.balance <> sum(e.amount) * CASE WHEN a.debit_normal THEN 1 ELSE -1 END
	$$, 'every derived balance equals the sum of its entries');

SELECT * FROM finish();
ROLLBACK;
