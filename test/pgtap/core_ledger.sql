-- core_ledger.sql
--	Posting: zero-sum, floors, idempotency, immutability, balances both ways, views.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT plan(26);

SELECT skillancer.new_id() AS client, skillancer.new_id() AS freelancer, skillancer.new_id() AS milestone \gset

-- Posts legs without objects of their own: classes with owners, amounts, one currency.
CREATE FUNCTION pg_temp.post(p_key text, p_classes text[], p_owners uuid[], p_refs uuid[], p_amounts bigint[], p_currency text DEFAULT 'USD')
RETURNS bigint LANGUAGE sql AS $$
	SELECT skillancer.ledger_post('TEST', p_key, NULL, p_classes, p_owners, p_refs,
		array_fill(NULL::uuid, ARRAY[cardinality(p_classes)]), p_amounts, p_currency)
$$;

SELECT lives_ok(format($$ SELECT pg_temp.post('capture', '{psp_clearing,client_wallet}', ARRAY[NULL, %L]::uuid[], '{NULL,NULL}', '{105000,-105000}') $$, :'client'), 'T1 is posted');
SELECT is(skillancer.ledger_balance('client_wallet', :'client', NULL, 'USD'), 105000::bigint, 'a row account keeps its balance');
SELECT is(skillancer.ledger_balance('psp_clearing', NULL, NULL, 'USD'), 105000::bigint, 'a derived account sums its entries');
SELECT is(skillancer.ledger_balance('client_wallet', :'client', NULL, 'EUR'), 0::bigint, 'an account that was never used holds nothing');
SELECT is(a.mode, 'derived', 'the clearing account has no balance row to fight over')
FROM skillancer.ledger_account a WHERE a.class = 'psp_clearing' AND a.currency = 'USD';

SELECT is(
	pg_temp.post('capture', '{psp_clearing,client_wallet}', ARRAY[NULL, :'client']::uuid[], '{NULL,NULL}', '{105000,-105000}'),
	(SELECT id FROM skillancer.ledger_txn WHERE idempotency_key = 'capture'), 'a repeated key returns the first posting');
SELECT is(skillancer.ledger_balance('client_wallet', :'client', NULL, 'USD'), 105000::bigint, 'and moves nothing');
SELECT throws_ok(format($$ SELECT pg_temp.post('capture', '{psp_clearing,client_wallet}', ARRAY[NULL, %L]::uuid[], '{NULL,NULL}', '{1,-1}') $$, :'client'),
	'SK007', NULL, 'the same key with other legs is refused');
SELECT throws_ok(format($$ SELECT pg_temp.post('lopsided', '{psp_clearing,client_wallet}', ARRAY[NULL, %L]::uuid[], '{NULL,NULL}', '{100,-99}') $$, :'client'),
	'SK406', NULL, 'legs that do not add up are refused');
SELECT throws_ok(format($$ SELECT pg_temp.post('zero', '{psp_clearing,client_wallet}', ARRAY[NULL, %L]::uuid[], '{NULL,NULL}', '{0,0}') $$, :'client'),
	'SK406', NULL, 'a leg of zero is refused');
SELECT throws_ok($$ SELECT pg_temp.post('single', '{psp_clearing}', '{NULL}', '{NULL}', '{5}') $$, 'SK406', NULL, 'a single leg is refused');
SELECT throws_ok(format($$ SELECT pg_temp.post('over', '{client_wallet,escrow}', ARRAY[%L, NULL]::uuid[], ARRAY[NULL, %L]::uuid[], '{105001,-105001}') $$, :'client', :'milestone'),
	'SK401', NULL, 'a floored account never goes below zero');
SELECT throws_ok($$ SELECT pg_temp.post('class', '{nothing,psp_clearing}', '{NULL,NULL}', '{NULL,NULL}', '{5,-5}') $$, 'XX000', NULL, 'an unknown class is an error');
SELECT throws_ok($$ SELECT pg_temp.post('huge', '{psp_clearing,bank_trust,expense_psp}', '{NULL,NULL,NULL}', '{NULL,NULL,NULL}', '{9223372036854775807,1,-1}') $$,
	'22003', NULL, 'sums that leave the range are an error, not a wrap');

SELECT lives_ok(format($$ SELECT pg_temp.post('fund', '{client_wallet,escrow,deferred_fee}', ARRAY[%L, NULL, NULL]::uuid[], ARRAY[NULL, %L, %L]::uuid[], '{105000,-100000,-5000}') $$, :'client', :'milestone', :'milestone'), 'T2 is posted');
SELECT lives_ok(format($$ SELECT pg_temp.post('release', '{escrow,deferred_fee,freelancer_pending,revenue_service,revenue_client}',
	ARRAY[NULL, NULL, %L, NULL, NULL]::uuid[], ARRAY[%L, %L, NULL, NULL, NULL]::uuid[], '{100000,5000,-90000,-10000,-5000}') $$,
	:'freelancer', :'milestone', :'milestone'), 'T3 is posted');
SELECT is(skillancer.ledger_balance('escrow', NULL, :'milestone', 'USD'), 0::bigint, 'the escrow is empty');
SELECT is(skillancer.ledger_balance('revenue_service', NULL, NULL, 'USD'), 10000::bigint, 'an income account is positive on its credit side');
SELECT is(sum(skillancer.monetary_minor(t.balance)), 0::numeric, 'the trial balance adds up to zero') FROM skillancer.trial_balance t;
SELECT ok(c.covered, 'what is owed is covered') FROM skillancer.escrow_coverage c WHERE c.currency = 'USD';
SELECT is_empty($$ SELECT e.account FROM skillancer.ledger_entry e WHERE e.account_version IS NOT NULL
	GROUP BY e.account HAVING max(e.account_version) <> count(*) $$, 'versions of an account have no gaps');

SELECT throws_ok($$ UPDATE skillancer.ledger_entry SET amount = 1 $$, 'SK405', NULL, 'entries are not updated');
SELECT throws_ok($$ DELETE FROM skillancer.ledger_txn $$, 'SK405', NULL, 'postings are not deleted');
SELECT throws_ok($$ TRUNCATE skillancer.ledger_entry $$, 'SK405', NULL, 'entries are not truncated');
SELECT throws_ok($$ UPDATE skillancer.ledger_account SET currency = 'EUR' $$, 'SK405', NULL, 'an account stays what it is');
SELECT throws_ok($$ INSERT INTO skillancer.ledger_entry (txn, leg, account, amount, currency, epoch)
	SELECT t.id, 99, a.id, 7, a.currency, 1 FROM skillancer.ledger_txn t, skillancer.ledger_account a LIMIT 1 $$,
	'SK406', NULL, 'a lopsided entry written by hand is refused');

SELECT * FROM finish();
ROLLBACK;
