-- money_journey.sql
--	One booking from acceptance to payout and reviews, with every posting of docs/money.md on the way: flat fees of
--	10 % and 5 %, so that the numbers are those of the table of postings.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
\ir ../lib/market.sql
SELECT plan(63);

INSERT INTO skillancer.fee_schedule (version, kind, currency, above, bps) VALUES
	(900, 'SERVICE', '*', 0, 1000), (900, 'CLIENT', '*', 0, 500);
INSERT INTO skillancer.policy (key, value, valid_from) VALUES ('feeVersion', '900', skillancer.now() - interval '1 minute');
SELECT pg_temp.add_person('clara', 'CLIENT'), pg_temp.add_person('felix', 'FREELANCER'),
	pg_temp.add_person('sam', 'CLIENT', 'FREELANCER'), pg_temp.add_person('fin', 'FINANCE') \g /dev/null

-- acceptance
SELECT isnt(pg_temp.book('web', 'clara', 'felix', '1000 USD'), NULL, 'a proposal is accepted');
SELECT is((SELECT b.state FROM skillancer.booking b WHERE b.id::uuid = pg_temp.thing('web')), 'AWAITING_PAYMENT', 'the booking awaits payment');
SELECT is((SELECT p.state FROM skillancer.project p WHERE p.id::uuid = pg_temp.thing('web/project')), 'FILLED', 'the project is filled');
SELECT is((SELECT p.state FROM skillancer.proposal p WHERE p.id::uuid = pg_temp.thing('web/proposal')), 'ACCEPTED', 'the proposal is accepted');
SELECT is((SELECT array_agg(m.state || ' ' || m.amount) FROM skillancer.milestone m WHERE m.booking_id::uuid = pg_temp.thing('web')),
	ARRAY['AGREED 1000.00 USD'], 'one milestone for the whole price is agreed');
SELECT is((SELECT b.terms_hash = sha256(convert_to(b.terms::text, 'UTF8')) FROM skillancer.booking b WHERE b.id::uuid = pg_temp.thing('web')),
	true, 'the hash is the SHA-256 of the terms');
SELECT is((SELECT b.policy ->> 'autoRelease' || ' ' || b.fee_version FROM skillancer.booking b WHERE b.id::uuid = pg_temp.thing('web')),
	'P14D 900', 'policies and fee version are pinned');
SELECT is(pg_temp.refusal('clara', format('SELECT skillancer_api.proposal_accept(%L, 1)', pg_temp.thing('web/proposal'))), 'SK004',
	'it is not accepted twice');
SELECT is(pg_temp.refusal('felix', format('SELECT skillancer_api.booking_get(%L)', pg_temp.thing('web'))), 'none', 'the freelancer sees the booking');
SELECT is(pg_temp.refusal('sam', format('SELECT skillancer_api.booking_get(%L)', pg_temp.thing('web'))), 'SK002', 'a stranger does not');
SELECT is(pg_temp.refusal(NULL, format('SELECT skillancer_api.booking_get(%L)', pg_temp.thing('web'))), 'SK002', 'a visitor does not');

-- funding: a declined card, then one that works
SELECT is((pg_temp.fund('clara', 'web/1', 'tok_declined') ->> 'status')::integer, 402, 'a declined card: 402');
SELECT is((SELECT m.state FROM skillancer.milestone m WHERE m.id::uuid = pg_temp.thing('web/1')), 'AGREED', 'and the milestone is as before');
SELECT is((SELECT count(*) FROM skillancer.ledger_account a JOIN skillancer.ledger_entry e ON e.account = a.id WHERE a.owner = pg_temp.person('clara')), 0::bigint, 'and nothing was posted');
SELECT is(pg_temp.refusal('felix', format('SELECT skillancer_api.milestone_fund(%L)', pg_temp.thing('web/1'))), 'SK003', 'the freelancer does not fund');
SELECT is(pg_temp.refusal('clara', format('SELECT skillancer_api.milestone_fund(%L)', pg_temp.thing('web/1'))), 'SK401', 'an empty wallet does not');
SELECT is(pg_temp.refusal('sam', format('SELECT skillancer_api.milestone_fund(%L)', pg_temp.thing('web/1'))), 'SK002', 'a stranger does not know of it');
SELECT is(pg_temp.body(pg_temp.as_person('clara', format('SELECT skillancer_api.milestone_fund(%L, %L, true)', pg_temp.thing('web/1'),
	pg_temp.method('clara', 'PAYMENT', 'tok_success')))) #>> '{result,milestone,state}', 'FUNDED', 'a dry run says what would come of it');
SELECT is((SELECT count(*) FROM skillancer.ledger_account a JOIN skillancer.ledger_entry e ON e.account = a.id WHERE a.owner = pg_temp.person('clara')), 0::bigint, 'and changes nothing');
SELECT is((pg_temp.fund('clara', 'web/1') ->> 'status')::integer, 201, 'a card that works: 201');
SELECT is(pg_temp.entries('charge', (SELECT c.id::uuid FROM skillancer.charge c WHERE c.state = 'CAPTURED' AND c.user_id::uuid = pg_temp.person('clara'))),
	'client_wallet -1050.00 USD, psp_clearing 1050.00 USD', 'T1: the charge');
SELECT is(pg_temp.entries('charge_cost', (SELECT c.id::uuid FROM skillancer.charge c WHERE c.state = 'CAPTURED' AND c.user_id::uuid = pg_temp.person('clara'))),
	'expense_psp 30.75 USD, psp_clearing -30.75 USD', 'T1b: the provider''s cost');
SELECT is(pg_temp.entries('fund', pg_temp.thing('web/1')),
	'client_wallet 1050.00 USD, deferred_fee -50.00 USD, escrow -1000.00 USD', 'T2: escrow and deferred fee');
SELECT is((SELECT b.state FROM skillancer.booking b WHERE b.id::uuid = pg_temp.thing('web')), 'ACTIVE', 'the booking is active');
SELECT is(pg_temp.refusal('clara', format('SELECT skillancer_api.milestone_fund(%L)', pg_temp.thing('web/1'))), 'SK402', 'it is not funded twice');

-- the booking stays open while it holds money
SELECT throws_ok(format($$ DO $do$ BEGIN
	UPDATE skillancer.booking SET state = 'COMPLETED' WHERE id::uuid = %L; END $do$ $$, pg_temp.thing('web')), 'SK004', NULL,
	'no state without the engine');
SELECT is(pg_temp.refusal('clara', format('SELECT skillancer_api.booking_cancel(%L)', pg_temp.thing('web'))), 'SK004', 'a funded booking is not cancelled');

-- work
SELECT is(pg_temp.refusal('clara', format('SELECT skillancer_api.milestone_approve(%L)', pg_temp.thing('web/1'))), 'SK004', 'what was not handed in is not approved');
SELECT is(pg_temp.refusal('felix', format('SELECT skillancer_api.milestone_submit(%L, NULL)', pg_temp.thing('web/1'))), 'SK001', 'a submission says something');
SELECT is(pg_temp.as_person('felix', format('SELECT skillancer_api.milestone_submit(%L, %L)', pg_temp.thing('web/1'), 'first version')) ->> 'state',
	'SUBMITTED', 'work is handed in');
SELECT is(pg_temp.as_person('clara', format('SELECT skillancer_api.milestone_request_changes(%L, %L)', pg_temp.thing('web/1'), 'larger')) ->> 'revisions',
	'1', 'a change request is counted');
SELECT is((SELECT count(*) FROM skillancer.due d WHERE d.id = pg_temp.thing('web/1')), 0::bigint, 'and stops the timer');
SELECT is(pg_temp.as_person('felix', format('SELECT skillancer_api.milestone_submit(%L, %L)', pg_temp.thing('web/1'), 'second version')) ->> 'note',
	'second version', 'work is handed in again');
SELECT is(pg_temp.refusal('felix', format('SELECT skillancer_api.milestone_approve(%L)', pg_temp.thing('web/1'))), 'SK003', 'nobody approves his own work');

-- release
SELECT is(pg_temp.as_person('clara', format('SELECT skillancer_api.milestone_approve(%L)', pg_temp.thing('web/1'))) ->> 'state', 'RELEASED', 'the client approves');
SELECT is(pg_temp.entries('release', pg_temp.thing('web/1')),
	'deferred_fee 50.00 USD, escrow 1000.00 USD, freelancer_pending -900.00 USD, revenue_client -50.00 USD, revenue_service -100.00 USD',
	'T3: earning and fees');
SELECT is(pg_temp.refusal('clara', format('SELECT skillancer_api.milestone_approve(%L)', pg_temp.thing('web/1'))), 'SK004', 'it is not released twice');
SELECT is(pg_temp.balance('freelancer_pending', pg_temp.person('felix')), 900.00, 'the earning is on hold');
SELECT is(pg_temp.due(), 0, 'nothing is due yet');
SELECT pg_temp.later('4 days 23 hours') \g /dev/null
SELECT is(pg_temp.due(), 0, 'nor a moment before the five days are over');
SELECT pg_temp.later('2 hours') \g /dev/null
SELECT is(pg_temp.due(), 1, 'then one timer is due');
SELECT is(pg_temp.balance('freelancer_available', pg_temp.person('felix')), 900.00, 'T4: the earning is available');

-- payout
SELECT pg_temp.remember('bank', pg_temp.method('felix', 'PAYOUT', 'tok_bank_success')) \g /dev/null
SELECT is(pg_temp.refusal('felix', format('SELECT skillancer_api.payout_create(%L, %L)', '900 USD', pg_temp.thing('bank'))), 'SK004',
	'a new payout method has to cool down');
SELECT pg_temp.later('73 hours') \g /dev/null
SELECT is(pg_temp.refusal('felix', format('SELECT skillancer_api.payout_create(%L, %L)', '24.99 USD', pg_temp.thing('bank'))), 'SK001', 'less than the minimum is refused');
SELECT is(pg_temp.refusal('felix', format('SELECT skillancer_api.payout_create(%L, %L)', '900.01 USD', pg_temp.thing('bank'))), 'SK401', 'more than the balance is refused');
SELECT is(pg_temp.refusal('sam', format('SELECT skillancer_api.payout_create(%L, %L)', '900 USD', pg_temp.thing('bank'))), 'SK001', 'somebody else''s bank account is refused');
SELECT is(pg_temp.refusal('felix', format('SELECT skillancer_api.payout_create(%L, %L)', '900 USD', pg_temp.thing('bank'))), 'none', 'a payout is requested');
SELECT is(pg_temp.entries('payout', (SELECT p.id::uuid FROM skillancer.payout p WHERE p.user_id::uuid = pg_temp.person('felix'))),
	'freelancer_available 900.00 USD, payout_transit -898.00 USD, revenue_payout -2.00 USD', 'T5: out of the balance');
SELECT pg_temp.later('2 minutes') \g /dev/null
SELECT is(pg_temp.due(), 1, 'the provider pays, and only that');
SELECT is(pg_temp.entries('payout_paid', (SELECT p.id::uuid FROM skillancer.payout p WHERE p.user_id::uuid = pg_temp.person('felix'))),
	'payout_transit 898.00 USD, psp_clearing -898.00 USD', 'T6: paid');

-- the end, and two reviews
SELECT is(pg_temp.refusal('clara', format('SELECT skillancer_api.review_submit(%L, 5, %L, true)', pg_temp.thing('web'), 'Very good work')), 'SK004', 'reviews are for bookings that have ended');
SELECT is(pg_temp.body(pg_temp.as_person('clara', format('SELECT skillancer_api.booking_end(%L)', pg_temp.thing('web')))) ->> 'state', 'COMPLETED', 'the booking is ended');
SELECT is(pg_temp.body(pg_temp.as_person('clara', format('SELECT skillancer_api.review_submit(%L, 5, %L, true)', pg_temp.thing('web'), 'Very good work'))) ->> 'state',
	'HIDDEN', 'the first review is hidden');
SELECT is(pg_temp.as_person('felix', format('SELECT skillancer_api.booking_reviews(%L)', pg_temp.thing('web'))), '[]'::jsonb, 'the other side does not see it');
SELECT is(pg_temp.as_person('felix', format('SELECT skillancer_api.user_rating(%L)', pg_temp.person('felix'))) ->> 'freelancer', NULL, 'nor does it count');
SELECT is(pg_temp.refusal('clara', format('SELECT skillancer_api.review_submit(%L, 1, %L, true)', pg_temp.thing('web'), 'Changed my mind')), 'SK303', 'nobody reviews twice');
SELECT is(pg_temp.refusal('sam', format('SELECT skillancer_api.review_submit(%L, 1, %L, true)', pg_temp.thing('web'), 'I was not there')), 'SK002', 'strangers do not review');
SELECT is(pg_temp.body(pg_temp.as_person('felix', format('SELECT skillancer_api.review_submit(%L, 4, %L, true, NULL, 4, NULL, 5, 3)', pg_temp.thing('web'), 'Clear and quick'))) ->> 'state',
	'PUBLISHED', 'the second one publishes both');
SELECT is(jsonb_array_length(pg_temp.as_person(NULL, format('SELECT skillancer_api.user_reviews(%L)', pg_temp.person('felix'))) -> 'body'), 1, 'everybody reads them');
SELECT is(pg_temp.as_person(NULL, format('SELECT skillancer_api.user_rating(%L)', pg_temp.person('felix'))) #>> '{freelancer,count}', '1', 'and they count');

-- the books
SELECT ok(pg_temp.books_in_order(), 'the books are in order');
SELECT is((SELECT count(*) FROM skillancer.escrow_coverage WHERE NOT covered), 0::bigint, 'what is owed is covered');
SET CONSTRAINTS ALL IMMEDIATE;
SELECT pass('no account of an ended booking holds money');

SELECT * FROM finish();
ROLLBACK;
