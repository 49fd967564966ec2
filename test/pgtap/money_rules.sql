-- money_rules.sql
--	What bookings, milestones, charges, payouts and reviews do away from the straight road: timers, refusals, refunds,
--	failures of the provider, fees over several bookings. The schedule is the built-in one.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
\ir ../lib/market.sql
SELECT plan(84);

SELECT pg_temp.add_person('clara', 'CLIENT'), pg_temp.add_person('felix', 'FREELANCER'), pg_temp.add_person('ida', 'FREELANCER'),
	pg_temp.add_person('fin', 'FINANCE'), pg_temp.add_person('root', 'ADMIN') \g /dev/null
CREATE FUNCTION pg_temp.state(p_table text, p_name text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	v_state text;
BEGIN
	EXECUTE format('SELECT state FROM skillancer.%I WHERE id::uuid = %L', p_table, pg_temp.thing(p_name)) INTO v_state;
	RETURN v_state;
END
$$;

-- several milestones, proposed ones, currency and limits
SELECT pg_temp.book('app', 'clara', 'felix', '1000 USD',
	'[{"title": "Draft", "amount": {"amount": "400.00", "currency": "USD"}, "days": 3},
	  {"title": "Rest", "amount": {"amount": "600.00", "currency": "USD"}, "days": 7}]') \g /dev/null
SELECT is((SELECT array_agg(m.title || ' ' || m.amount ORDER BY m.seq) FROM skillancer.milestone m WHERE m.booking_id::uuid = pg_temp.thing('app')),
	ARRAY['Draft 400.00 USD', 'Rest 600.00 USD'], 'the proposed milestones are those of the booking');
SELECT is(pg_temp.refusal('felix', format('SELECT skillancer_api.milestone_propose(%L, %L, %L)', pg_temp.thing('app'), 'Extra', '10 EUR')), 'SK001', 'another currency is refused');
SELECT is(pg_temp.refusal('felix', format('SELECT skillancer_api.milestone_propose(%L, %L, %L)', pg_temp.thing('app'), 'Extra', '0 USD')), 'SK001', 'nothing is refused');
SELECT is(pg_temp.refusal('felix', format('SELECT skillancer_api.milestone_propose(%L, %L, %L)', pg_temp.thing('app'), 'Extra', '-5 USD')), 'SK001', 'less than nothing is refused');
SELECT is(pg_temp.refusal('felix', format('SELECT skillancer_api.milestone_propose(%L, %L, %L)', pg_temp.thing('app'), 'Extra', '92233720368547758.07 USD')), 'SK001', 'the largest amount there is is refused');
SELECT is(pg_temp.refusal('ida', format('SELECT skillancer_api.milestone_propose(%L, %L, %L)', pg_temp.thing('app'), 'Extra', '5 USD')), 'SK002', 'strangers propose nothing');
SELECT is(pg_temp.refusal('root', format('SELECT skillancer_api.milestone_propose(%L, %L, %L)', pg_temp.thing('app'), 'Extra', '5 USD')), 'SK003', 'nor does staff');
SELECT pg_temp.remember('app/3', (pg_temp.body(pg_temp.as_person('felix', format('SELECT skillancer_api.milestone_propose(%L, %L, %L)', pg_temp.thing('app'), 'Extra', '50 USD'))) ->> 'id')::skillancer.milestone_id::uuid) \g /dev/null
SELECT is(pg_temp.state('milestone', 'app/3'), 'PROPOSED', 'a third milestone is proposed');
SELECT is(pg_temp.refusal('felix', format('SELECT skillancer_api.milestone_agree(%L)', pg_temp.thing('app/3'))), 'SK003', 'nobody agrees with himself');
SELECT is(pg_temp.refusal('clara', format('SELECT skillancer_api.milestone_fund(%L)', pg_temp.thing('app/3'))), 'SK004', 'what is not agreed is not funded');
SELECT is(pg_temp.as_person('clara', format('SELECT skillancer_api.milestone_agree(%L)', pg_temp.thing('app/3'))) ->> 'state', 'AGREED', 'the other side agrees');
SELECT is(pg_temp.as_person('clara', format('SELECT skillancer_api.milestone_decline(%L)', pg_temp.thing('app/3'))) ->> 'state', 'CANCELLED', 'the client drops it again');

-- marginal fees over steps and bookings of a pair
SELECT pg_temp.fund('clara', 'app/1'), pg_temp.finish('felix', 'clara', 'app/1') \g /dev/null
SELECT is((SELECT e.fee || ' ' || e.net FROM skillancer.earning e WHERE e.milestone_id::uuid = pg_temp.thing('app/1')), '80.00 USD 320.00 USD', '400 is in the first tier');
SELECT pg_temp.fund('clara', 'app/2'), pg_temp.finish('felix', 'clara', 'app/2') \g /dev/null
SELECT is((SELECT e.fee || ' ' || e.net FROM skillancer.earning e WHERE e.milestone_id::uuid = pg_temp.thing('app/2')), '70.00 USD 530.00 USD', '400 billed before, 600 released: 70.00');
SELECT is(pg_temp.as_person('clara', format('SELECT skillancer_api.fee_preview(1000, %L, %L)', 'USD', pg_temp.person('felix'))),
	'{"feeVersion": 1, "billedBefore": {"amount": "1000.00", "currency": "USD"}, "price": {"amount": "1000.00", "currency": "USD"},
	  "clientFee": {"amount": "30.00", "currency": "USD"}, "clientPays": {"amount": "1030.00", "currency": "USD"},
	  "serviceFee": {"amount": "100.00", "currency": "USD"}, "freelancerEarns": {"amount": "900.00", "currency": "USD"}}'::jsonb,
	'a preview knows what was billed');
SELECT is(pg_temp.as_person('ida', format('SELECT skillancer_api.fee_preview(1000, %L, %L)', 'USD', pg_temp.person('felix'))) #>> '{billedBefore,amount}', '0.00', 'others do not');
SELECT is(pg_temp.refusal('clara', $$SELECT skillancer_api.fee_preview(0.001, 'USD')$$), 'SK001', 'digits that a currency does not have are refused');
SELECT is(pg_temp.refusal('clara', $$SELECT skillancer_api.fee_preview('NaN', 'ZZZ')$$), 'SK001', 'so are no numbers and no currencies');
SELECT is((pg_temp.as_person('clara', format('SELECT skillancer_api.booking_get(%L)', pg_temp.thing('app'))) #>> '{body,totals,released,amount}'), '1000.00', 'the booking adds up what was released');

-- releases by themselves
SELECT pg_temp.book('auto', 'clara', 'felix', '200 USD'), pg_temp.fund('clara', 'auto/1') \g /dev/null
SELECT pg_temp.as_person('felix', format('SELECT skillancer_api.milestone_submit(%L, %L)', pg_temp.thing('auto/1'), 'done')) \g /dev/null
SELECT pg_temp.later('13 days 23 hours'), pg_temp.due() \g /dev/null
SELECT is(pg_temp.state('milestone', 'auto/1'), 'SUBMITTED', 'not before fourteen days');
SELECT pg_temp.later('2 hours'), pg_temp.due() \g /dev/null
SELECT is(pg_temp.state('milestone', 'auto/1'), 'RELEASED', 'silence of the client releases');
SELECT is(pg_temp.refusal('clara', format('SELECT skillancer_api.milestone_approve(%L)', pg_temp.thing('auto/1'))), 'SK004', 'and nothing is released again');
SELECT is((SELECT count(*) FROM skillancer.ledger_txn t WHERE t.kind = 'release' AND t.ref = pg_temp.thing('auto/1')), 1::bigint, 'there is one posting');

-- the pinned period counts, not today's
UPDATE skillancer.policy SET value = '"P1D"' WHERE key = 'autoRelease';
SELECT pg_temp.book('new', 'clara', 'ida', '200 USD') \g /dev/null
SELECT is((SELECT b.policy ->> 'autoRelease' FROM skillancer.booking b WHERE b.id::uuid = pg_temp.thing('new')), 'P1D', 'new bookings pin the new period');
SELECT is((SELECT b.policy ->> 'autoRelease' FROM skillancer.booking b WHERE b.id::uuid = pg_temp.thing('auto')), 'P14D', 'old ones keep theirs');

-- charges that need an action
SELECT is((pg_temp.fund('clara', 'new/1', 'tok_action_required') ->> 'status')::integer, 202, 'a card that asks back: 202');
SELECT is(pg_temp.state('milestone', 'new/1'), 'FUNDING', 'the milestone waits');
SELECT pg_temp.remember('charge', (SELECT c.id::uuid FROM skillancer.charge c WHERE c.state = 'REQUIRES_ACTION' AND c.user_id::uuid = pg_temp.person('clara'))) \g /dev/null
SELECT is(pg_temp.refusal('clara', format('SELECT skillancer_api.milestone_fund(%L)', pg_temp.thing('new/1'))), 'SK004', 'nobody pays it twice');
SELECT is(pg_temp.refusal('clara', format('SELECT skillancer_api.booking_cancel(%L)', pg_temp.thing('new'))), 'SK004', 'nor withdraws while somebody pays');
SELECT is(pg_temp.refusal('ida', format('SELECT skillancer_api.charge_confirm(%L)', pg_temp.thing('charge'))), 'SK002', 'somebody else does not confirm');
SELECT pg_temp.later('59 minutes'), pg_temp.due() \g /dev/null
SELECT is(pg_temp.body(pg_temp.as_person('clara', format('SELECT skillancer_api.charge_confirm(%L)', pg_temp.thing('charge')))) ->> 'state', 'CAPTURED', 'the payer confirms');
SELECT is(pg_temp.state('milestone', 'new/1'), 'FUNDED', 'and the milestone is funded');
SELECT is(pg_temp.refusal('clara', format('SELECT skillancer_api.charge_confirm(%L)', pg_temp.thing('charge'))), 'SK004', 'once');

SELECT pg_temp.book('late', 'clara', 'ida', '100 USD'), pg_temp.fund('clara', 'late/1', 'tok_action_required') \g /dev/null
SELECT pg_temp.later('61 minutes'), pg_temp.due() \g /dev/null
SELECT is(pg_temp.state('milestone', 'late/1'), 'AGREED', 'nobody confirmed in time: the milestone is as before');
SELECT is((SELECT c.state FROM skillancer.charge c WHERE c.milestone_id::uuid = pg_temp.thing('late/1')), 'VOIDED', 'and the charge is void');

-- the wallet: what is in it is used first, and what came too late stays in it
SELECT is((pg_temp.as_person('clara', format('SELECT skillancer_api.charge_create(%L, %L)', '60 USD', pg_temp.method('clara', 'PAYMENT', 'tok_success'))) ->> 'status')::integer, 201, 'money into the wallet');
SELECT is(pg_temp.fund('clara', 'late/1', 'tok_action_required') #>> '{body,charge,amount,amount}', '43.00', 'only what is missing is charged');
SELECT pg_temp.book('quick', 'clara', 'ida', '50 USD') \g /dev/null
SELECT is((pg_temp.as_person('clara', format('SELECT skillancer_api.milestone_fund(%L)', pg_temp.thing('quick/1'))) ->> 'status')::integer, 200, 'the wallet funds something else meanwhile');
SELECT pg_temp.as_person('clara', format('SELECT skillancer_api.charge_confirm(%L)', (SELECT c.id FROM skillancer.charge c WHERE c.state = 'REQUIRES_ACTION' AND c.user_id::uuid = pg_temp.person('clara')))) \g /dev/null
SELECT is(pg_temp.state('milestone', 'late/1'), 'AGREED', 'then the confirmed charge is not enough');
SELECT is(pg_temp.balance('client_wallet', pg_temp.person('clara')), 51.50, 'and its money is in the wallet');
SELECT is(pg_temp.as_person('clara', 'SELECT skillancer_api.wallet_get()') #>> '{0,wallet,amount}', '51.50', 'where the client sees it');

-- refund
SELECT is(pg_temp.refusal('clara', format('SELECT skillancer_api.milestone_refund(%L)', pg_temp.thing('quick/1'))), 'SK003', 'the client does not take money back');
SELECT is(pg_temp.as_person('ida', format('SELECT skillancer_api.milestone_refund(%L)', pg_temp.thing('quick/1'))) ->> 'state', 'REFUNDED', 'the freelancer gives it back');
SELECT is(pg_temp.entries('refund', pg_temp.thing('quick/1')), 'client_wallet -51.50 USD, deferred_fee 1.50 USD, escrow 50.00 USD', 'T8: with the client''s fee');

-- ends
SELECT is(pg_temp.body(pg_temp.as_person('ida', format('SELECT skillancer_api.booking_end(%L)', pg_temp.thing('quick')))) ->> 'state', 'CANCELLED', 'nothing was released: CANCELLED');
SELECT is(pg_temp.body(pg_temp.as_person('clara', format('SELECT skillancer_api.booking_end(%L)', pg_temp.thing('new')))) ->> 'state', 'ENDING', 'a milestone holds money: ENDING');
SELECT is(pg_temp.refusal('clara', format('SELECT skillancer_api.milestone_propose(%L, %L, %L)', pg_temp.thing('new'), 'More', '5 USD')), 'SK004', 'nothing new is proposed then');
SELECT pg_temp.finish('ida', 'clara', 'new/1') \g /dev/null
SELECT is(pg_temp.state('booking', 'new'), 'COMPLETED', 'its release completes the booking');
SELECT is(pg_temp.body(pg_temp.as_person('ida', format('SELECT skillancer_api.booking_cancel(%L)', pg_temp.thing('late')))) ->> 'state', 'VOID', 'an unfunded booking is withdrawn');
SELECT is(pg_temp.state('milestone', 'late/1'), 'CANCELLED', 'with its milestones');
SELECT pg_temp.book('idle', 'clara', 'ida', '100 USD'), pg_temp.later('15 days'), pg_temp.due() \g /dev/null
SELECT is(pg_temp.state('booking', 'idle'), 'VOID', 'what nobody funds expires');
SAVEPOINT forced;
SELECT pg_temp.book('stuck', 'clara', 'ida', '100 USD'), pg_temp.fund('clara', 'stuck/1') \g /dev/null
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE skillancer.booking DISABLE TRIGGER state_guard;
SELECT throws_ok(format($$ UPDATE skillancer.booking SET state = 'COMPLETED' WHERE id::uuid = %L $$, pg_temp.thing('stuck')), '23503', NULL,
	'even without the engine, a booking that holds money cannot be closed');
ROLLBACK TO forced;

-- payouts that fail or are taken back
SELECT pg_temp.remember('closed', pg_temp.method('felix', 'PAYOUT', 'tok_bank_closed')), pg_temp.later('30 days'), pg_temp.due() \g /dev/null
SELECT is(pg_temp.balance('freelancer_available', pg_temp.person('felix')), 1030.00, 'earnings are available');
SELECT pg_temp.as_person('felix', format('SELECT skillancer_api.payout_create(%L, %L)', '500 USD', pg_temp.thing('closed'))) \g /dev/null
SELECT pg_temp.later('2 minutes'), pg_temp.due() \g /dev/null
SELECT is((SELECT p.state || ' ' || p.failure_code FROM skillancer.payout p WHERE p.user_id::uuid = pg_temp.person('felix')), 'FAILED account_closed', 'the bank says no');
SELECT is(pg_temp.entries('payout_returned', (SELECT p.id::uuid FROM skillancer.payout p WHERE p.user_id::uuid = pg_temp.person('felix'))),
	'freelancer_available -500.00 USD, payout_transit 498.00 USD, revenue_payout 2.00 USD', 'T7: the balance is as before');
SELECT pg_temp.remember('payout', ((pg_temp.as_person('felix', format('SELECT skillancer_api.payout_create(%L, %L)', '100 USD', pg_temp.thing('closed'))) #>> '{body,id}')::skillancer.payout_id)::uuid) \g /dev/null
SELECT is(pg_temp.body(pg_temp.as_person('felix', format('SELECT skillancer_api.payout_cancel(%L)', pg_temp.thing('payout')))) ->> 'state', 'CANCELLED', 'a requested payout is taken back');
SELECT is(pg_temp.balance('freelancer_available', pg_temp.person('felix')), 1030.00, 'the balance is as before');
SELECT is(pg_temp.refusal('ida', format('SELECT skillancer_api.payout_get(%L)', pg_temp.thing('payout'))), 'SK002', 'strangers see no payout');
SELECT is(pg_temp.refusal('ida', $$SELECT skillancer_api.payout_method_add('tok_success')$$), 'SK001', 'a card is no bank account');
SELECT is(jsonb_array_length(pg_temp.as_person('felix', 'SELECT skillancer_api.payment_list(p_limit => 3)') -> 'body'), 3, 'the history has pages');
SELECT is((pg_temp.as_person('felix', 'SELECT skillancer_api.payment_list(p_limit => 100)') #>> '{body,0,entries,0,balance,amount}'), '1030.00', 'and ends with the balance');

-- a lone review is published when the window closes, and not before
SELECT is(pg_temp.refusal('ida', format('SELECT skillancer_api.review_submit(%L, 2, %L, false)', pg_temp.thing('quick'), 'It was cancelled')), 'SK004', 'too late for a review');
SELECT pg_temp.as_person('clara', format('SELECT skillancer_api.booking_end(%L)', pg_temp.thing('app'))) \g /dev/null
SELECT is(pg_temp.refusal('felix', format('SELECT skillancer_api.review_submit(%L, 6, %L, NULL)', pg_temp.thing('app'), 'short')), 'SK001', 'stars, text and answer are checked');
SELECT pg_temp.as_person('felix', format('SELECT skillancer_api.review_submit(%L, 3, %L, true)', pg_temp.thing('app'), 'Paid on time')) \g /dev/null
SELECT is(pg_temp.as_person(NULL, format('SELECT skillancer_api.user_reviews(%L)', pg_temp.person('clara'))) -> 'body', '[]'::jsonb, 'it is hidden');
SELECT is((SELECT min(e.audience) FROM skillancer.event e WHERE e.type = 'review.submitted' AND e.actor_id::uuid IN (SELECT p.id::uuid FROM person p)),
	ARRAY[pg_temp.person('felix')], 'only its author hears of it');
SELECT pg_temp.later('13 days 23 hours'), pg_temp.due() \g /dev/null
SELECT is(pg_temp.as_person('clara', format('SELECT skillancer_api.user_rating(%L)', pg_temp.person('clara'))) ->> 'client', NULL, 'and does not count');
SELECT pg_temp.later('2 hours'), pg_temp.due() \g /dev/null
SELECT is(pg_temp.as_person(NULL, format('SELECT skillancer_api.user_reviews(%L)', pg_temp.person('clara'))) #>> '{body,0,rating}', '3', 'after the window it is published');
SELECT is(pg_temp.refusal('clara', format('SELECT skillancer_api.review_submit(%L, 1, %L, false)', pg_temp.thing('app'), 'Too late for this')), 'SK004', 'and nobody answers it with another');
SELECT pg_temp.remember('review', (SELECT r.id::uuid FROM skillancer.review r WHERE r.booking_id::uuid = pg_temp.thing('app'))) \g /dev/null
SELECT is(pg_temp.refusal('felix', format('SELECT skillancer_api.review_reply(%L, %L)', pg_temp.thing('review'), 'me')), 'SK003', 'its author does not reply');
SELECT is(pg_temp.body(pg_temp.as_person('clara', format('SELECT skillancer_api.review_reply(%L, %L)', pg_temp.thing('review'), 'Thank you'))) ->> 'reply', 'Thank you', 'the reviewed person does');
SELECT is(pg_temp.refusal('clara', format('SELECT skillancer_api.review_reply(%L, %L)', pg_temp.thing('review'), 'Again')), 'SK005', 'once');

-- lists
SELECT is(jsonb_array_length(pg_temp.as_person('clara', 'SELECT skillancer_api.booking_list(p_limit => 2)') -> 'body'), 2, 'a page of bookings');
SELECT is(jsonb_array_length(pg_temp.as_person('clara', format('SELECT skillancer_api.booking_list(p_limit => 2, p_cursor => %L)',
	pg_temp.as_person('clara', 'SELECT skillancer_api.booking_list(p_limit => 2)') #>> '{meta,pagination,nextCursor}')) -> 'body'), 2, 'and the next one');
SELECT is(pg_temp.refusal('clara', $$SELECT skillancer_api.booking_list(p_limit => 2, p_cursor => 'forged')$$), 'SK001', 'a forged cursor is refused');
SELECT is(jsonb_array_length(pg_temp.as_person('ida', 'SELECT skillancer_api.booking_list(p_side => ''CLIENT'')') -> 'body'), 0, 'a side that one is not on');
SELECT is(jsonb_array_length(pg_temp.as_person('felix', 'SELECT skillancer_api.earning_list()') -> 'body'), 3, 'earnings');
SELECT is(jsonb_array_length(pg_temp.as_person('ida', 'SELECT skillancer_api.payout_list()') -> 'body'), 0, 'payouts are one''s own');

-- finance, and the books
SELECT is(pg_temp.refusal('clara', 'SELECT skillancer_api.trial_balance()'), 'SK003', 'the trial balance is not for users');
SELECT is(pg_temp.as_person('fin', 'SELECT skillancer_api.trial_balance()') -> 'differences' -> 0, '{"amount": "0.00", "currency": "USD"}'::jsonb, 'the trial balance is zero');
SELECT is(pg_temp.as_person('fin', 'SELECT skillancer_api.trial_balance()') #>> '{coverage,0,covered}', 'true', 'and what is owed is covered');
SELECT is((SELECT count(*) FROM skillancer.booking b WHERE NOT b.is_open AND b.client_id::uuid = pg_temp.person('clara')), 5::bigint, 'five bookings are over');
SELECT is((SELECT count(*) FROM skillancer.ledger_account a JOIN skillancer.booking b ON b.id = a.booking_id
	WHERE NOT b.is_open AND a.balance <> 0), 0::bigint, 'and none of them holds money');
SELECT ok(pg_temp.books_in_order(), 'the books are in order');
SET CONSTRAINTS ALL IMMEDIATE;
SELECT pass('every constraint holds');

SELECT * FROM finish();
ROLLBACK;
