-- booking_changes.sql
--	Milestones in parts with cumulative fees, change requests with what silence means, pauses, deliveries.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
\ir ../lib/market.sql
SELECT plan(66);

SELECT pg_temp.add_person('clara', 'CLIENT'), pg_temp.add_person('felix', 'FREELANCER'), pg_temp.add_person('sam', 'CLIENT', 'FREELANCER') \g /dev/null
CREATE FUNCTION pg_temp.booking_state(p_name text) RETURNS text LANGUAGE sql AS
	$$ SELECT b.state FROM skillancer.booking b WHERE b.id::uuid = pg_temp.thing(p_name) $$;
CREATE FUNCTION pg_temp.milestone_state(p_name text) RETURNS text LANGUAGE sql AS
	$$ SELECT m.state FROM skillancer.milestone m WHERE m.id::uuid = pg_temp.thing(p_name) $$;
CREATE FUNCTION pg_temp.part(p_kind text, p_milestone text, p_amount text) RETURNS text LANGUAGE sql AS
	$$ SELECT format('SELECT skillancer_api.milestone_%s_part(%L, %L)', p_kind, pg_temp.thing(p_milestone), p_amount) $$;
CREATE FUNCTION pg_temp.ask(p_booking text, p_kind text, p_milestone text DEFAULT NULL, p_days integer DEFAULT NULL) RETURNS text LANGUAGE sql AS
	$$ SELECT format('SELECT skillancer_api.change_request_create(%L, %L, %L, %L, %L)', pg_temp.thing(p_booking), p_kind, 'Because', pg_temp.thing(p_milestone), p_days) $$;
CREATE FUNCTION pg_temp.asked(p_who text, p_booking text, p_kind text, p_milestone text DEFAULT NULL, p_days integer DEFAULT NULL) RETURNS uuid LANGUAGE sql AS
	$$ SELECT pg_temp.remember('change', ((pg_temp.as_person(p_who, pg_temp.ask(p_booking, p_kind, p_milestone, p_days)) #>> '{body,id}')::skillancer.change_request_id)::uuid) $$;
CREATE FUNCTION pg_temp.answer(p_how text) RETURNS text LANGUAGE sql AS
	$$ SELECT format('SELECT skillancer_api.change_request_%s(%L)', p_how, pg_temp.thing('change')) $$;
CREATE FUNCTION pg_temp.running(p_name text, p_bid skillancer.monetary) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_temp.book(p_name, 'clara', 'felix', p_bid);
	PERFORM pg_temp.fund('clara', p_name || '/1');
END
$$;

-- a milestone in parts: what the steps cost is what the whole costs
SELECT pg_temp.running('web', '1000 USD') \g /dev/null
SELECT is(pg_temp.refusal('felix', pg_temp.part('release', 'web/1', '400 USD')), 'SK003', 'the freelancer does not release');
SELECT is(pg_temp.refusal('clara', pg_temp.part('refund', 'web/1', '400 USD')), 'SK003', 'the client does not give back');
SELECT is(pg_temp.refusal('sam', pg_temp.part('release', 'web/1', '400 USD')), 'SK002', 'a stranger does not know of it');
SELECT is(pg_temp.refusal('clara', pg_temp.part('release', 'web/1', '1000 USD')), 'SK401', 'the whole is no part');
SELECT is(pg_temp.refusal('clara', pg_temp.part('release', 'web/1', '0 USD')), 'SK001', 'nor is nothing');
SELECT is(pg_temp.refusal('clara', pg_temp.part('release', 'web/1', '-1 USD')), 'SK001', 'nor less than nothing');
SELECT is(pg_temp.refusal('clara', pg_temp.part('release', 'web/1', '1 EUR')), 'SK001', 'nor other money');
SELECT is(pg_temp.as_person('clara', format('SELECT skillancer_api.milestone_release_part(%L, %L, p_dry_run => true)', pg_temp.thing('web/1'), '400 USD')) #>> '{result,inEscrow,amount}', '600.00', 'a dry run says what is left');
SELECT is(pg_temp.as_person('clara', pg_temp.part('release', 'web/1', '400 USD')) ->> 'state', 'FUNDED', 'a part is released, the rest goes on');
SELECT is(pg_temp.entries('release_part', pg_temp.thing('web/1')),
	'deferred_fee 12.00 USD, escrow 400.00 USD, freelancer_pending -320.00 USD, revenue_client -12.00 USD, revenue_service -80.00 USD', 'T3 of a part');
SELECT is(pg_temp.as_person('felix', pg_temp.part('refund', 'web/1', '100 USD')) #>> '{inEscrow,amount}', '500.00', 'a part is given back');
SELECT is(pg_temp.entries('refund_part', pg_temp.thing('web/1')), 'client_wallet -103.00 USD, deferred_fee 3.00 USD, escrow 100.00 USD', 'T8 of a part');
SELECT is(pg_temp.refusal('clara', pg_temp.part('release', 'web/1', '500 USD')), 'SK401', 'what is left is no part either');
SELECT is(pg_temp.as_person('clara', pg_temp.part('release', 'web/1', '0.01 USD')) #>> '{released,amount}', '400.01', 'a second part');
SELECT pg_temp.as_person('felix', format('SELECT skillancer_api.milestone_submit(%L, %L)', pg_temp.thing('web/1'), 'done')), pg_temp.later('10 days') \g /dev/null
CREATE FUNCTION pg_temp.waits(p_name text) RETURNS interval LANGUAGE sql AS
	$$ SELECT d.due_at - skillancer.now() FROM skillancer.due d WHERE d.id = pg_temp.thing(p_name) AND d.event = 'auto_release' $$;
SELECT is(pg_temp.waits('web/1'), interval '4 days', 'four more days of silence');
SELECT pg_temp.as_person('clara', pg_temp.part('release', 'web/1', '0.01 USD')) \g /dev/null
SELECT is(pg_temp.waits('web/1'), interval '14 days', 'a part that the client releases is an answer');
SELECT is(pg_temp.as_person('clara', format('SELECT skillancer_api.milestone_approve(%L)', pg_temp.thing('web/1'))) ->> 'state', 'RELEASED', 'then the rest');
SELECT is((SELECT sum(skillancer.monetary_minor(e.gross)) || ' ' || sum(skillancer.monetary_minor(e.fee)) FROM skillancer.earning e WHERE e.milestone_id::uuid = pg_temp.thing('web/1')),
	'90000 14000', 'all steps cost F(900): 140.00');
SELECT is((SELECT skillancer.monetary_of(-sum(e.amount)::bigint, 'USD')::text FROM skillancer.ledger_entry e JOIN skillancer.ledger_txn t ON t.id = e.txn
	JOIN skillancer.ledger_account a ON a.id = e.account WHERE t.ref = pg_temp.thing('web/1') AND a.class = 'revenue_client'), '27.00 USD', 'and 3 % of 900 from the client');
SELECT is(pg_temp.body(pg_temp.as_person('clara', format('SELECT skillancer_api.booking_get(%L)', pg_temp.thing('web')))) -> 'totals',
	'{"agreed": {"amount": "1000.00", "currency": "USD"}, "inEscrow": {"amount": "0.00", "currency": "USD"}, "frozen": {"amount": "0.00", "currency": "USD"}, "released": {"amount": "900.00", "currency": "USD"}, "refunded": {"amount": "100.00", "currency": "USD"}}'::jsonb, 'the totals');
SELECT is(pg_temp.refusal('clara', pg_temp.part('release', 'web/1', '1 USD')), 'SK004', 'nothing is left');

-- a part does not stop the clock of what was submitted
SELECT pg_temp.running('clock', '100 USD') \g /dev/null
SELECT pg_temp.as_person('felix', format('SELECT skillancer_api.milestone_submit(%L, %L)', pg_temp.thing('clock/1'), 'done')) \g /dev/null
SELECT is(pg_temp.as_person('clara', pg_temp.part('release', 'clock/1', '1 USD')) ->> 'state', 'SUBMITTED', 'a part of submitted work');
SELECT pg_temp.later('14 days 1 second'), pg_temp.due() \g /dev/null
SELECT is(pg_temp.milestone_state('clock/1'), 'RELEASED', 'the rest is released by silence');

-- paid in part and given back: completed
SELECT pg_temp.running('half', '100 USD') \g /dev/null
SELECT pg_temp.as_person('clara', pg_temp.part('release', 'half/1', '50 USD')) \g /dev/null
SELECT is(pg_temp.as_person('felix', format('SELECT skillancer_api.milestone_refund(%L)', pg_temp.thing('half/1'))) #>> '{refunded,amount}', '50.00', 'the other half goes back');
SELECT is(pg_temp.body(pg_temp.as_person('clara', format('SELECT skillancer_api.booking_end(%L)', pg_temp.thing('half')))) ->> 'state', 'COMPLETED', 'it was paid, in part');

-- change requests: who may ask for what
SELECT pg_temp.running('job', '100 USD') \g /dev/null
SELECT is(pg_temp.refusal('clara', pg_temp.ask('job', 'EXTENSION')), 'SK001', 'an extension is of a milestone, by days');
SELECT is(pg_temp.refusal('clara', pg_temp.ask('job', 'EXTENSION', 'half/1', 3)), 'SK001', 'of this booking');
SELECT is(pg_temp.refusal('clara', pg_temp.ask('job', 'CANCELLATION', NULL, 3)), 'SK001', 'a cancellation has no days');
SELECT is(pg_temp.refusal('clara', pg_temp.ask('job', 'MORE')), 'SK001', 'an unknown kind');
SELECT is(pg_temp.refusal('sam', pg_temp.ask('job', 'PAUSE')), 'SK002', 'a stranger does not ask');
SELECT is(pg_temp.refusal('clara', pg_temp.ask('half', 'PAUSE')), 'SK004', 'what has ended is not paused');

-- extension
SELECT isnt(pg_temp.asked('felix', 'job', 'EXTENSION', 'job/1', 5), NULL, 'the freelancer asks for five days');
SELECT is(pg_temp.refusal('clara', pg_temp.ask('job', 'PAUSE')), 'SK005', 'one request at a time');
SELECT is(pg_temp.refusal('felix', pg_temp.answer('accept')), 'SK003', 'nobody answers himself');
SELECT is(pg_temp.refusal('clara', pg_temp.answer('withdraw')), 'SK003', 'nor withdraws for the other');
SELECT is(pg_temp.refusal('sam', pg_temp.answer('accept')), 'SK002', 'strangers do neither');
SELECT is(pg_temp.as_person('clara', pg_temp.answer('accept')) ->> 'state', 'ACCEPTED', 'the client accepts');
SELECT is((SELECT m.days FROM skillancer.milestone m WHERE m.id::uuid = pg_temp.thing('job/1')), 15, 'ten days and five');
SELECT is(pg_temp.refusal('clara', pg_temp.answer('decline')), 'SK004', 'answered is answered');
SELECT pg_temp.asked('felix', 'job', 'EXTENSION', 'job/1', 5), pg_temp.later('48 hours 1 second'), pg_temp.due() \g /dev/null
SELECT is((SELECT r.state FROM skillancer.change_request r WHERE r.id::uuid = pg_temp.thing('change')), 'DECLINED', 'silence declines what the freelancer gains');
SELECT pg_temp.asked('clara', 'job', 'EXTENSION', 'job/1', 5), pg_temp.later('48 hours 1 second'), pg_temp.due() \g /dev/null
SELECT is((SELECT m.days FROM skillancer.milestone m WHERE m.id::uuid = pg_temp.thing('job/1')), 20, 'and accepts what the client gives');
SELECT pg_temp.asked('clara', 'job', 'PAUSE') \g /dev/null
SELECT is(pg_temp.as_person('clara', pg_temp.answer('withdraw')) ->> 'state', 'WITHDRAWN', 'withdrawn');

-- pause
SELECT pg_temp.asked('clara', 'job', 'PAUSE') \g /dev/null
SELECT is(pg_temp.as_person('felix', pg_temp.answer('decline')) ->> 'state', 'DECLINED', 'a pause is declined');
SELECT is(pg_temp.booking_state('job'), 'ACTIVE', 'and the work goes on');
SELECT pg_temp.asked('clara', 'job', 'PAUSE'), pg_temp.as_person('felix', pg_temp.answer('accept')) \g /dev/null
SELECT is(pg_temp.booking_state('job'), 'PAUSED', 'the next one is accepted');
SELECT is(pg_temp.refusal('felix', format('SELECT skillancer_api.milestone_submit(%L, %L)', pg_temp.thing('job/1'), 'done')), 'SK004', 'no work is handed in');
SELECT is(pg_temp.body(pg_temp.as_person('felix', format('SELECT skillancer_api.booking_resume(%L)', pg_temp.thing('job')))) ->> 'state', 'ACTIVE', 'either side goes on');

-- deliveries
CREATE FUNCTION pg_temp.deliver(p_links text[], p_submit boolean DEFAULT false) RETURNS text LANGUAGE sql AS
	$$ SELECT format('SELECT skillancer_api.milestone_deliver(%L, %L, %L, %L)', pg_temp.thing('job/1'), 'See here', p_links, p_submit) $$;
SELECT is(pg_temp.refusal('clara', pg_temp.deliver('{}')), 'SK003', 'the client does not deliver');
SELECT is(pg_temp.refusal('sam', pg_temp.deliver('{}')), 'SK002', 'nor a stranger');
SELECT is(pg_temp.refusal('felix', pg_temp.deliver('{javascript:alert(1)}')), 'SK001', 'links are https');
SELECT is(pg_temp.body(pg_temp.as_person('felix', pg_temp.deliver('{https://files.test/a}'))) ->> 'number', '1', 'a first delivery');
SELECT is(pg_temp.milestone_state('job/1'), 'FUNDED', 'which submits nothing');
SELECT is(pg_temp.body(pg_temp.as_person('felix', pg_temp.deliver(NULL, true))) ->> 'number', '2', 'a second one');
SELECT is(pg_temp.milestone_state('job/1'), 'SUBMITTED', 'which does');
SELECT is(pg_temp.refusal('felix', pg_temp.deliver('{}')), 'SK004', 'then it is with the client');
SELECT is(pg_temp.as_person('clara', format('SELECT skillancer_api.delivery_list(%L)', pg_temp.thing('job/1'))) #>> '{0,links,0}', 'https://files.test/a', 'the client reads them');
SELECT is(pg_temp.refusal('sam', format('SELECT skillancer_api.delivery_list(%L)', pg_temp.thing('job/1'))), 'SK002', 'a stranger does not');

-- cancellation: silence never takes money from who is silent
SELECT pg_temp.asked('clara', 'job', 'CANCELLATION'), pg_temp.later('48 hours 1 second'), pg_temp.due() \g /dev/null
SELECT is(pg_temp.booking_state('job'), 'ACTIVE', 'the freelancer''s silence keeps the booking');
SELECT pg_temp.as_person('clara', pg_temp.part('release', 'job/1', '10 USD')), pg_temp.asked('felix', 'job', 'CANCELLATION') \g /dev/null
SELECT pg_temp.later('48 hours 1 second'), pg_temp.due() \g /dev/null
SELECT is(pg_temp.milestone_state('job/1'), 'REFUNDED', 'the client''s silence takes the money back');
SELECT is(pg_temp.booking_state('job'), 'COMPLETED', 'the booking ends, paid in part');
SELECT is(pg_temp.entries('refund', pg_temp.thing('job/1')), 'client_wallet -92.70 USD, deferred_fee 2.70 USD, escrow 90.00 USD', 'all that was left');
SELECT pg_temp.running('off', '100 USD') \g /dev/null
SELECT pg_temp.asked('clara', 'off', 'CANCELLATION'), pg_temp.as_person('felix', pg_temp.answer('accept')) \g /dev/null
SELECT is(pg_temp.booking_state('off') || ' ' || pg_temp.milestone_state('off/1'), 'CANCELLED REFUNDED', 'called off by both');
SELECT pg_temp.running('left', '100 USD') \g /dev/null
SELECT pg_temp.asked('clara', 'left', 'PAUSE'), pg_temp.as_person('felix', format('SELECT skillancer_api.booking_end(%L)', pg_temp.thing('left'))) \g /dev/null
SELECT is((SELECT r.state FROM skillancer.change_request r WHERE r.id::uuid = pg_temp.thing('change')), 'WITHDRAWN', 'the end of a booking drops what was asked for');
SELECT ok(pg_temp.books_in_order(), 'the books are in order');
SELECT is_empty($$ SELECT * FROM skillancer.ledger_violation $$, 'and break no invariant');
SET CONSTRAINTS ALL IMMEDIATE;
SELECT pass('no account of an ended booking holds money');
SELECT * FROM finish();
ROLLBACK;
