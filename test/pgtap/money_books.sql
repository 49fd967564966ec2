-- money_books.sql
--	Keeping the books: reversal, closed periods, seals, and posting many at once.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
\ir ../lib/market.sql
SELECT plan(48);

SELECT pg_temp.add_person('fin', 'FINANCE'), pg_temp.add_person('clara', 'CLIENT') \g /dev/null
SELECT skillancer.new_id() AS owner, skillancer.new_id() AS other \gset
CREATE FUNCTION pg_temp.post(p_key text, p_classes text[], p_owners uuid[], p_amounts bigint[]) RETURNS bigint LANGUAGE sql AS $$
	SELECT skillancer.ledger_post('TEST', p_key, NULL, p_classes, p_owners, '{NULL,NULL}', '{NULL,NULL}', p_amounts, 'USD')
$$;

-- reversal
SELECT pg_temp.post('in', '{bank_trust,client_wallet}', ARRAY[NULL, :'owner']::uuid[], '{700,-700}') AS posting \gset
SELECT is(pg_temp.refusal('clara', format('SELECT skillancer_api.posting_reverse(%s, %L)', :posting, 'a good reason')), 'SK003', 'a client takes nothing back');
SELECT pg_temp.add_person('sue', 'SUPPORT') \g /dev/null
SELECT is(pg_temp.as_person('sue', format('SELECT skillancer_api.posting_reverse(%s, %L)', :posting, 'a good reason')) ->> 'status', '403', 'nor does support');
SELECT is((SELECT count(*) FROM skillancer.audit a WHERE a.action = 'ledger.reversed_denied' AND a.actor_id = pg_temp.person('sue')), 1::bigint, 'whose attempt is in the audit log');
SELECT is(pg_temp.refusal('fin', format('SELECT skillancer_api.posting_reverse(%s, %L)', :posting, '')), 'SK001', 'a reason is needed');
SELECT is(pg_temp.refusal('fin', 'SELECT skillancer_api.posting_reverse(-1, ''a good reason'')'), 'SK002', 'and a posting');
SELECT is(pg_temp.as_person('fin', format('SELECT skillancer_api.posting_reverse(%s, %L)', :posting, 'a good reason')) ->> 'status', '201', 'finance takes a posting back');
SELECT is(skillancer.ledger_balance('client_wallet', :'owner', NULL, 'USD'), 0::bigint, 'the money is gone again');
SELECT is((SELECT t.reason FROM skillancer.ledger_txn t WHERE t.reverses = :posting), 'a good reason', 'the mirror says why');
SELECT is((SELECT t.actor_id FROM skillancer.ledger_txn t WHERE t.reverses = :posting), pg_temp.person('fin'), 'and who');
SELECT is((SELECT count(*) FROM skillancer.audit a WHERE a.action = 'ledger.reversed' AND a.before ->> 'posting' = :posting::text), 1::bigint, 'it is in the audit log');
SELECT is(pg_temp.refusal('fin', format('SELECT skillancer_api.posting_reverse(%s, %L)', :posting, 'a good reason')), 'SK004', 'only once');
SELECT throws_ok(format('SELECT skillancer.ledger_reverse((SELECT t.id FROM skillancer.ledger_txn t WHERE t.reverses = %s), %L)', :posting, 'a good reason'),
	'SK004', NULL, 'a reversal is not reversed');
SELECT pg_temp.post('in2', '{bank_trust,client_wallet}', ARRAY[NULL, :'owner']::uuid[], '{700,-700}') AS posting2 \gset
SELECT pg_temp.post('out', '{client_wallet,bank_trust}', ARRAY[:'owner', NULL]::uuid[], '{100,-100}') \g /dev/null
SELECT throws_ok(format('SELECT skillancer.ledger_reverse(%s, %L)', :posting2, 'a good reason'), 'SK401', NULL, 'money that was spent is not taken back');
SELECT skillancer.ledger_post('release', 'release:x', NULL, '{bank_trust,bank_operating}', '{NULL,NULL}', '{NULL,NULL}', '{NULL,NULL}', '{5,-5}', 'USD') AS command \gset
SELECT is(pg_temp.refusal('fin', format('SELECT skillancer_api.posting_reverse(%s, %L)', :command, 'a good reason')), 'SK004', 'what a command posted is left to commands');

-- many at once
CREATE FUNCTION pg_temp.batch(p_keys text[], p_amounts bigint[], p_effective timestamptz DEFAULT NULL) RETURNS bigint[] LANGUAGE sql AS $$
	SELECT skillancer.ledger_post_batch(array_fill('TEST'::text, ARRAY[n]), p_keys, array_fill(NULL::uuid, ARRAY[n]), array_fill(p_effective, ARRAY[n]),
		ARRAY(SELECT (i + 1) / 2 FROM generate_series(1, 2 * n) i), ARRAY(SELECT CASE i % 2 WHEN 1 THEN 'bank_trust' ELSE 'freelancer_available' END FROM generate_series(1, 2 * n) i),
		ARRAY(SELECT CASE i % 2 WHEN 0 THEN '11111111-1111-7111-8111-222222222222'::uuid END FROM generate_series(1, 2 * n) i), array_fill(NULL::uuid, ARRAY[2 * n]),
		array_fill(NULL::uuid, ARRAY[2 * n]), ARRAY(SELECT p_amounts[(i + 1) / 2] * CASE i % 2 WHEN 1 THEN 1 ELSE -1 END FROM generate_series(1, 2 * n) i), array_fill('USD'::text, ARRAY[2 * n]))
	FROM cardinality(p_keys) n
$$;
SELECT is(cardinality(pg_temp.batch('{b1,b2,b3}', '{100,200,-50}')), 3, 'three postings by one call');
SELECT is(skillancer.ledger_balance('freelancer_available', '11111111-1111-7111-8111-222222222222', NULL, 'USD'), 250::bigint, 'their sum is on the account');
SELECT is((SELECT array_agg(e.balance_after ORDER BY e.account_version) FROM skillancer.ledger_entry e JOIN skillancer.ledger_account a ON a.id = e.account
	WHERE a.owner = '11111111-1111-7111-8111-222222222222'), '{100,300,250}', 'each entry has its own balance and version');
SELECT is(pg_temp.batch('{b1,b2,b3}', '{100,200,-50}'), (SELECT array_agg(t.id ORDER BY t.idempotency_key) FROM skillancer.ledger_txn t
	WHERE t.idempotency_key IN ('b1', 'b2', 'b3')), 'a repeated batch returns the first numbers');
SELECT is(cardinality(pg_temp.batch('{b3,b4}', '{-50,10}')), 2, 'some keys were there, some are new');
SELECT is(skillancer.ledger_balance('freelancer_available', '11111111-1111-7111-8111-222222222222', NULL, 'USD'), 260::bigint, 'only the new one moves money');
SELECT is((SELECT count(DISTINCT t) FROM unnest(pg_temp.batch('{b5,b5}', '{1,1}')) t), 1::bigint, 'a key twice in a batch is one posting');
SELECT throws_ok($$ SELECT pg_temp.batch('{b6,b6}', '{1,2}') $$, 'SK007', NULL, 'unless it says two things');
SELECT throws_ok($$ SELECT pg_temp.batch('{b7,b8}', '{5,-9999}') $$, 'SK401', NULL, 'one that goes below zero refuses all');
SELECT is((SELECT count(*) FROM skillancer.ledger_txn t WHERE t.idempotency_key = 'b7'), 0::bigint, 'none is left');
SELECT throws_ok($$ SELECT pg_temp.batch('{b9}', '{0}') $$, 'SK406', NULL, 'legs of zero are refused');
SELECT throws_ok($$ SELECT skillancer.ledger_post_batch('{T,T}', '{x1,x2}', '{NULL,NULL}', '{NULL,NULL}', '{2,1}', '{a,b}', '{NULL,NULL}', '{NULL,NULL}', '{NULL,NULL}', '{1,-1}', '{USD,USD}') $$,
	'22023', NULL, 'legs out of order are refused');
SELECT is(cardinality(skillancer.ledger_post_batch('{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}')), 0, 'nothing is nothing');

-- periods
SELECT throws_ok(format('SELECT skillancer.ledger_close(%L)', (skillancer.now() AT TIME ZONE 'UTC')::date), 'SK001', NULL, 'a day that is not over is not closed');
SELECT is(pg_temp.refusal('clara', 'SELECT skillancer_api.period_close(''2020-01-31'')'), 'SK003', 'a client closes nothing');
SELECT is(cardinality(pg_temp.batch('{p1}', '{3}', '2020-01-31 23:00+00')), 1, 'a posting may have an earlier date');
SELECT is(pg_temp.as_person('fin', 'SELECT skillancer_api.period_close(''2020-01-31'')') ->> 'status', '201', 'finance closes a period');
SELECT is((SELECT b ->> 'balance' FROM skillancer.ledger_period p, jsonb_array_elements(p.balances) b WHERE p.through = '2020-01-31' AND b ->> 'class' = 'bank_trust'
	AND b ->> 'currency' = 'USD'), '3', 'with the balances of its end');
SELECT throws_ok($$ SELECT pg_temp.batch('{p2}', '{3}', '2020-01-31 23:59:59.999999+00') $$, 'SK407', NULL, 'nothing is posted into it');
SELECT is(cardinality(pg_temp.batch('{p3}', '{3}', '2020-02-01 00:00+00')), 1, 'the next day is open');
SELECT is(cardinality(pg_temp.batch('{p1}', '{3}', '2020-01-31 23:00+00')), 1, 'what was posted before is found again');
SELECT throws_ok($$ SELECT skillancer.ledger_close('2020-01-31') $$, 'SK001', NULL, 'it is not closed twice');
SELECT throws_ok($$ DELETE FROM skillancer.ledger_period $$, 'SK405', NULL, 'nor opened again');
SELECT is(pg_temp.as_person('fin', 'SELECT skillancer_api.period_list()') #>> '{0,through}', '2020-01-31', 'finance lists the closed periods');

-- in transit
SELECT pg_temp.add_person('paul', 'FREELANCER') \g /dev/null
SELECT skillancer.ledger_post('TEST', 'earned', NULL, '{bank_trust,freelancer_available}', ARRAY[NULL, pg_temp.person('paul')], '{NULL,NULL}', '{NULL,NULL}',
	'{90000,-90000}', 'USD') \g /dev/null
SELECT pg_temp.method('paul', 'PAYOUT', 'tok_bank_success') AS method \gset
SELECT pg_temp.later('4 days') \g /dev/null
SELECT is(pg_temp.as_person('paul', format('SELECT skillancer_api.payout_create(%L, %L)', '900.00 USD', :'method')) ->> 'status', '201', 'a payout is requested');
SELECT is((SELECT count(*) FROM skillancer.ledger_in_transit t WHERE t.user_id::uuid = pg_temp.person('paul') AND t.item = 'payout' AND t.booked = t.amount
	AND t.age = interval '0'), 1::bigint, 'it is in transit, and the ledger holds as much');
SELECT pg_temp.later('2 minutes'), pg_temp.due() \g /dev/null
SELECT is((SELECT count(*) FROM skillancer.ledger_in_transit t WHERE t.user_id::uuid = pg_temp.person('paul')), 0::bigint, 'and when it is paid, not any more');
SELECT pg_temp.as_person('fin', 'SELECT skillancer_api.period_list()') \g /dev/null
SELECT is((SELECT count(*) FROM skillancer.ledger_violation v WHERE v.invariant IN (2, 4, 5, 13)), 0::bigint, 'the books are in order');

-- seals: entries of transactions that are over, as these will be; nothing else was posted in this database
SELECT is(skillancer.seal_ledger(), 0::bigint, 'entries of a running transaction are not sealed');
ALTER TABLE skillancer.ledger_entry DISABLE TRIGGER refuse_change;
UPDATE skillancer.ledger_entry SET xid = '5' WHERE txn IN (:posting, :posting2);
SELECT skillancer.seal_ledger() AS first \gset
UPDATE skillancer.ledger_entry e SET xid = (pg_snapshot_xmin(pg_current_snapshot())::text::bigint - 1)::text::xid8
WHERE e.txn = (SELECT t.id FROM skillancer.ledger_txn t WHERE t.idempotency_key = 'out');
SELECT is(:first, 4, 'those of finished ones are');
SELECT ok((SELECT v.bad_seal = 1 FROM skillancer.ledger_verify() v), 'an entry that appears in a sealed range is found');
UPDATE skillancer.ledger_entry e SET xid = pg_current_xact_id()
WHERE e.txn = (SELECT t.id FROM skillancer.ledger_txn t WHERE t.idempotency_key = 'out');
SELECT is((SELECT v.seals || ' ' || v.entries || ' ' || coalesce(v.problem, 'none') FROM skillancer.ledger_verify() v), '1 4 none', 'an honest chain holds');
UPDATE skillancer.ledger_entry SET amount = amount * 2 WHERE txn = :posting2;
SELECT is((SELECT v.bad_seal || ': ' || v.problem FROM skillancer.ledger_verify() v), '1: an entry, its posting or its account was changed', 'a changed amount is found');
DELETE FROM skillancer.ledger_entry WHERE txn = :posting2 AND leg = 1;
SELECT is((SELECT v.problem FROM skillancer.ledger_verify() v), 'it had 4 entries and has 3', 'a deleted entry is found');

SELECT * FROM finish();
ROLLBACK;
