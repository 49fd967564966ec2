-- money_invariants.sql
--	The fourteen invariants of the ledger: none is broken by a whole booking, and each planted fault is seen. Faults
--	are planted by a superuser with triggers and constraints out of the way, and rolled back one by one.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
\ir ../lib/market.sql
SELECT plan(34);

SELECT pg_temp.add_person('clara', 'CLIENT'), pg_temp.add_person('felix', 'FREELANCER'), pg_temp.add_person('fin', 'FINANCE') \g /dev/null
SELECT pg_temp.book('done', 'clara', 'felix', '1000 USD'), pg_temp.book('open', 'clara', 'felix', '300 USD') \g /dev/null
SELECT pg_temp.fund('clara', 'done/1'), pg_temp.fund('clara', 'open/1') \g /dev/null
SELECT pg_temp.finish('felix', 'clara', 'done/1') \g /dev/null
SELECT pg_temp.later('6 days'), pg_temp.due() \g /dev/null
SELECT skillancer.ledger_post('TEST', 'by-hand', NULL, '{bank_operating,bank_trust}', '{NULL,NULL}', '{NULL,NULL}', '{NULL,NULL}',
	'{500,-500}', 'USD') AS by_hand \gset
SELECT skillancer.ledger_mirror(:by_hand, 'posted to the wrong bank') AS mirror \gset
SELECT t.id AS release FROM skillancer.ledger_txn t WHERE t.kind = 'release' AND t.ref = pg_temp.thing('done/1') \gset

SELECT is((SELECT count(*) FROM skillancer.ledger_invariant), 14::bigint, 'there are fourteen invariants');
SELECT is_empty($$ SELECT * FROM skillancer.ledger_violation $$, 'a booking from payment to earning breaks none');
SELECT is(skillancer.check_ledger(), 0::bigint, 'and the check finds nothing');
SELECT is((SELECT count(*) FROM skillancer.ledger_check c WHERE c.checked_at = skillancer.now()), 14::bigint, 'it leaves a row for each');

SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE skillancer.ledger_txn DISABLE TRIGGER ALL;
ALTER TABLE skillancer.ledger_entry DISABLE TRIGGER ALL;
ALTER TABLE skillancer.ledger_account DISABLE TRIGGER ALL;
ALTER TABLE skillancer.milestone DISABLE TRIGGER ALL;
ALTER TABLE skillancer.booking DISABLE TRIGGER ALL;
ALTER TABLE skillancer.charge DISABLE TRIGGER ALL;
ALTER TABLE skillancer.earning DISABLE TRIGGER ALL;
ALTER TABLE skillancer.ledger_account DROP CONSTRAINT ledger_account_floor;
ALTER TABLE skillancer.ledger_txn DROP CONSTRAINT ledger_txn_reverses_key;
ALTER TABLE skillancer.ledger_entry DROP CONSTRAINT ledger_entry_amount_check;

-- Plants a fault, notes which invariants it breaks, and takes it back.
CREATE FUNCTION pg_temp.broken_by(p_fault text) RETURNS integer[] LANGUAGE plpgsql AS $$
DECLARE
	v_broken integer[];
BEGIN
	BEGIN
		EXECUTE p_fault;
		SELECT coalesce(array_agg(DISTINCT v.invariant ORDER BY v.invariant), '{}') INTO v_broken FROM skillancer.ledger_violation v;
		RAISE EXCEPTION 'take it back' USING ERRCODE = 'ZZ001';
	EXCEPTION WHEN SQLSTATE 'ZZ001' THEN
		NULL;
	END;
	RETURN v_broken;
END
$$;
CREATE FUNCTION pg_temp.seen(p_invariant integer, p_fault text, p_name text) RETURNS text LANGUAGE sql AS $$
	SELECT ok(p_invariant = ANY (pg_temp.broken_by(p_fault)), format('%s: %s', p_invariant, p_name))
$$;

SELECT is(pg_temp.broken_by('SELECT 1'), '{}', 'no fault, nothing is seen');
SELECT pg_temp.seen(1, format('DELETE FROM skillancer.ledger_entry WHERE txn = %s AND leg = 1', :release), 'a leg is dropped');
SELECT pg_temp.seen(1, format('DELETE FROM skillancer.ledger_entry WHERE txn = %s', :release), 'all legs are dropped');
SELECT pg_temp.seen(2, $$ UPDATE skillancer.ledger_account SET balance = balance + 5 WHERE class = 'freelancer_available' $$, 'a balance grows by itself');
SELECT pg_temp.seen(3, $$ UPDATE skillancer.ledger_entry e SET balance_after = -1 FROM skillancer.ledger_account a
	WHERE a.id = e.account AND a.class = 'client_wallet' AND e.balance_after = 0 $$, 'a wallet was below zero in between');
SELECT pg_temp.seen(4, $$ UPDATE skillancer.ledger_account SET balance = balance - 1 WHERE class = 'escrow' AND balance > 0 $$, 'an escrow lost a cent');
SELECT pg_temp.seen(4, $$ UPDATE skillancer.ledger_fold SET amount = amount + 1 $$ || $$ WHERE account IN (SELECT account FROM skillancer.ledger_fold LIMIT 1);
	INSERT INTO skillancer.ledger_fold SELECT a.id, 1, 1 FROM skillancer.ledger_account a
	WHERE a.class = 'psp_clearing' ON CONFLICT DO NOTHING $$, 'a fold is wrong');
SELECT pg_temp.seen(4, format('UPDATE skillancer.ledger_entry SET balance_after = balance_after + 7 WHERE txn = %s', :release), 'a balance in between is wrong');
SELECT pg_temp.seen(5, format('UPDATE skillancer.ledger_entry SET account_version = account_version + 100 WHERE txn = %s', :release), 'a version was skipped: a lost update');
SELECT pg_temp.seen(6, format($$ ALTER TABLE skillancer.ledger_txn DROP CONSTRAINT ledger_txn_idempotency_key_key;
	INSERT INTO skillancer.ledger_txn (kind, idempotency_key, fingerprint)
	SELECT kind, idempotency_key, fingerprint FROM skillancer.ledger_txn WHERE id = %s $$, :release), 'a key is used twice');
SELECT pg_temp.seen(7, format($$ UPDATE skillancer.ledger_txn SET kind = 'refund' WHERE id = %s $$, :release), 'a posting is called something else');
SELECT pg_temp.seen(7, format('UPDATE skillancer.ledger_entry SET amount = amount * 2 WHERE txn = %s', :release), 'amounts are doubled on both sides');
SELECT pg_temp.seen(7, format($$ UPDATE skillancer.ledger_entry SET account = (SELECT min(id) FROM skillancer.ledger_account
	WHERE class = 'revenue_payout' OR class = 'expense_psp') WHERE txn = %s AND account_version IS NULL $$, :release), 'money of one account is moved to another');
SELECT pg_temp.seen(8, format('UPDATE skillancer.ledger_entry SET amount = amount * 2 WHERE txn = %s', :mirror), 'a reversal takes back twice as much');
SELECT pg_temp.seen(8, format('UPDATE skillancer.ledger_txn SET reverses = %s WHERE id = %s', :by_hand, :release), 'a second posting claims to be the reversal');
SELECT pg_temp.seen(9, $$ INSERT INTO skillancer.earning (freelancer_id, client_id, booking_id, milestone_id, gross, fee, net)
	SELECT freelancer_id, client_id, booking_id, milestone_id, gross, fee, net FROM skillancer.earning $$, 'a release is recorded twice');
SELECT pg_temp.seen(9, $$ DELETE FROM skillancer.earning $$, 'a release without an earning');
SELECT pg_temp.seen(9, format($$ UPDATE skillancer.milestone SET state = 'REFUNDED' WHERE id = %L::uuid::skillancer.milestone_id $$, pg_temp.thing('open/1')),
	'a refund in name only');
SELECT pg_temp.seen(10, format($$ UPDATE skillancer.booking SET state = 'COMPLETED' WHERE id = %L::uuid::skillancer.booking_id $$, pg_temp.thing('open')),
	'a booking is closed with money in it');
SELECT pg_temp.seen(11, $$ UPDATE skillancer.charge SET state = 'FAILED' WHERE state = 'CAPTURED' $$, 'money of a charge that failed');
SELECT pg_temp.seen(11, format($$ SELECT skillancer.ledger_post('TEST', 'back', NULL, '{psp_clearing,refund_transit}', '{NULL,NULL}',
	ARRAY[NULL, %L]::uuid[], '{NULL,NULL}', '{99999999,-99999999}', 'USD') $$, skillancer.new_id()), 'more goes back to cards than came');
SELECT pg_temp.seen(12, format($$ SELECT skillancer.ledger_post('TEST', 'gift', NULL, '{revenue_client,client_wallet}', ARRAY[NULL, %L]::uuid[],
	'{NULL,NULL}', '{NULL,NULL}', '{99999999,-99999999}', 'USD') $$, pg_temp.person('clara')), 'money from nowhere in a wallet');
SELECT pg_temp.seen(13, format($$ UPDATE skillancer.ledger_entry SET currency = 'EUR' WHERE txn = %s $$, :release), 'an entry in another currency');
SELECT pg_temp.seen(14, format($$ UPDATE skillancer.milestone SET state = 'SUBMITTED' WHERE id = %L::uuid::skillancer.milestone_id $$, pg_temp.thing('done/1')),
	'a state that no event led to');
SELECT pg_temp.seen(14, format($$ UPDATE skillancer.event SET data = data || '{"from": "PROPOSED"}'
	WHERE aggregate_id = %L AND type = 'milestone.released' $$, pg_temp.thing('done/1')), 'an event that does not follow');

-- what the check does about it
DELETE FROM skillancer.ledger_entry WHERE txn = :release AND leg = 1;
SELECT pg_temp.later('1 day');
SET client_min_messages = error;
SELECT cmp_ok(skillancer.check_ledger(), '>', 0::bigint, 'the check finds a dropped leg');
SELECT cmp_ok((SELECT count(*) FROM skillancer.event e WHERE e.type = 'ledger.broken' AND e.data ->> 'invariant' = '1'), '=', 1::bigint, 'an event says so');
SELECT is(pg_temp.body(pg_temp.as_person('fin', 'SELECT skillancer_api.ledger_check_get()')) ->> 'ok', 'false', 'finance reads it');
SELECT is(pg_temp.refusal('clara', 'SELECT skillancer_api.ledger_check_get()'), 'SK003', 'a client does not');
SET LOCAL ROLE skillancer_admin;
SELECT cmp_ok((SELECT count(*) FROM skillancer.ledger_check c WHERE c.violations > 0), '>', 0::bigint, 'an administrator does, in psql');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
