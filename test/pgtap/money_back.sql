-- money_back.sql
--	Money that goes back: refunds to cards (T8b), what a freelancer gives back (T9), tips (T12), charge-backs (T13) in
--	escrow and after the release, debts and how they are paid (T14).
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
\ir ../lib/market.sql
SELECT plan(92);

SELECT pg_temp.add_person('clara', 'CLIENT'), pg_temp.add_person('carl', 'CLIENT'), pg_temp.add_person('felix', 'FREELANCER'),
	pg_temp.add_person('sam', 'CLIENT', 'FREELANCER'), pg_temp.add_person('fin', 'FINANCE'), pg_temp.add_person('fay', 'FINANCE') \g /dev/null
-- the price list of the oracles: 10 % and 5 %
INSERT INTO skillancer.fee_schedule (version, kind, above, bps) VALUES (99, 'SERVICE', 0, 1000), (99, 'CLIENT', 0, 500);
UPDATE skillancer.policy SET value = '99' WHERE key = 'feeVersion';
UPDATE skillancer.policy SET value = '{"bps": 0, "fixed": 0}' WHERE key = 'sandboxCost';

-- a funded booking of a client of its own, with the charge that paid for it
CREATE FUNCTION pg_temp.running(p_name text, p_bid skillancer.monetary, p_client text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_temp.book(p_name, p_client, 'felix', p_bid);
	PERFORM pg_temp.fund(p_client, p_name || '/1');
	PERFORM pg_temp.remember(p_name || '/charge', c.id::uuid) FROM skillancer.charge c WHERE c.milestone_id::uuid = pg_temp.thing(p_name || '/1');
END
$$;
CREATE FUNCTION pg_temp.milestone(p_name text) RETURNS text LANGUAGE sql AS
	$$ SELECT concat_ws(' ', m.state, 'released', m.released_part, 'refunded', m.refunded_part, 'frozen', m.frozen) FROM skillancer.milestone m WHERE m.id::uuid = pg_temp.thing(p_name || '/1') $$;
CREATE FUNCTION pg_temp.charge_state(p_name text) RETURNS text LANGUAGE sql AS
	$$ SELECT c.state FROM skillancer.charge c WHERE c.id::uuid = pg_temp.thing(p_name || '/charge') $$;
CREATE FUNCTION pg_temp.chargeback(p_name text, p_amount text DEFAULT '1050 USD') RETURNS uuid LANGUAGE sql AS
	$$ SELECT pg_temp.remember(p_name || '/cb', skillancer.chargeback_open(pg_temp.thing(p_name || '/charge')::skillancer.charge_id, p_amount::skillancer.monetary, '15 USD', 'ref-' || p_name, 'fraud')) $$;
CREATE FUNCTION pg_temp.reverse_of(p_name text) RETURNS text LANGUAGE sql AS
	$$ SELECT string_agg(format('%s %s', p.account, coalesce(p.debit, -p.credit)), ', ' ORDER BY p.account) FROM skillancer.ledger_posting p
		WHERE p.kind = 'reversal' AND p.ref = pg_temp.thing(p_name || '/cb') $$;
CREATE FUNCTION pg_temp.back(p_charge text, p_amount text, p_dry text DEFAULT 'false') RETURNS text LANGUAGE sql AS
	$$ SELECT format('SELECT skillancer_api.refund_create(%L, %L, %s)', pg_temp.thing(p_charge || '/charge'), p_amount, p_dry) $$;

-- T8b: what was refunded to the wallet goes back to the card, as far as the charge took it
SELECT pg_temp.running('one', '1000 USD', 'clara'), pg_temp.as_person('felix', format('SELECT skillancer_api.milestone_refund(%L)', pg_temp.thing('one/1'))) \g /dev/null
SELECT is(pg_temp.balance('client_wallet', pg_temp.person('clara')), 1050::numeric, 'T8 has filled the wallet');
SELECT is(pg_temp.refusal('sam', pg_temp.back('one', '1 USD')), 'SK002', 'a stranger does not know of the charge');
SELECT is(pg_temp.refusal('fin', pg_temp.back('one', '1 USD')), 'SK003', 'finance does not ask for others');
SELECT is(pg_temp.refusal('clara', pg_temp.back('one', '0 USD')), 'SK001', 'nothing is not refunded');
SELECT is(pg_temp.refusal('clara', pg_temp.back('one', '1 EUR')), 'SK001', 'nor other money');
SELECT is(pg_temp.refusal('clara', pg_temp.back('one', '1050.01 USD')), 'SK401', 'nor more than the charge took');
SELECT ok(pg_temp.as_person('clara', pg_temp.back('one', '1 USD', 'true')) #> '{body,postings}' @> '[{"kind": "card_refund"}]', 'a dry run');
SELECT is(pg_temp.as_person('clara', pg_temp.back('one', '600 USD')) #>> '{body,state}', 'REFUNDED', 'the sandbox refunds at once');
SELECT pg_temp.remember('refund', r.id::uuid) FROM skillancer.refund r WHERE r.charge_id::uuid = pg_temp.thing('one/charge') \g /dev/null
SELECT is(pg_temp.entries('card_refund', pg_temp.thing('refund')), 'client_wallet 600.00 USD, refund_transit -600.00 USD', 'T8b: on its way');
SELECT is(pg_temp.entries('card_refund_paid', pg_temp.thing('refund')), 'psp_clearing -600.00 USD, refund_transit 600.00 USD', 'T8b: on the card');
SELECT is(pg_temp.refusal('clara', pg_temp.back('one', '450.01 USD')), 'SK401', 'what went back counts');
SELECT skillancer.fire_system('refund', pg_temp.thing('refund'), 'return', '{"failureCode": "expired_or_canceled_card"}') \g /dev/null
SELECT is(pg_temp.entries('card_refund_returned', pg_temp.thing('refund')), 'client_wallet -600.00 USD, psp_clearing 600.00 USD', 'a refund may come back');
SELECT is(pg_temp.as_person('clara', pg_temp.back('one', '1050 USD')) #>> '{body,state}', 'REFUNDED', 'then all of it can be tried again');
SELECT is(pg_temp.balance('client_wallet', pg_temp.person('clara')), 0::numeric, 'the wallet is empty');
SELECT is(pg_temp.refusal('sam', format('SELECT skillancer_api.refund_get(%L)', pg_temp.thing('refund'))), 'SK002', 'strangers do not read it');
SELECT is(pg_temp.body(pg_temp.as_person('clara', format('SELECT skillancer_api.refund_get(%L)', pg_temp.thing('refund')))) ->> 'failureCode', 'expired_or_canceled_card', 'the payer does');
SELECT is(jsonb_array_length(pg_temp.body(pg_temp.as_person('clara', 'SELECT skillancer_api.refund_list()'))), 2, 'and lists them');
-- a refund that the provider refuses, after it did not answer
INSERT INTO skillancer.refund (id, charge_id, user_id, provider, amount) SELECT skillancer.new_id()::skillancer.refund_id, c.id, c.user_id, 'sandbox', '10 USD' FROM skillancer.charge c WHERE c.id::uuid = pg_temp.thing('one/charge')
	RETURNING id::uuid AS late \gset
SELECT pg_temp.running('pay', '100 USD', 'clara'), pg_temp.as_person('felix', format('SELECT skillancer_api.milestone_refund(%L)', pg_temp.thing('pay/1'))) \g /dev/null
UPDATE skillancer.refund SET charge_id = pg_temp.thing('pay/charge')::skillancer.charge_id WHERE id::uuid = :'late';
SELECT pg_temp.as_person('clara', 'SELECT 1'), skillancer.set_identity(pg_temp.person('clara')), skillancer.fire('refund', :'late', 'request') \g /dev/null
SELECT is(pg_temp.balance('refund_transit', NULL, :'late'), 10::numeric, 'it is on its way');
SELECT skillancer.fire_system('refund', :'late', 'lose') \g /dev/null
SELECT is((SELECT r.state FROM skillancer.refund r WHERE r.id::uuid = :'late'), 'ERRORED', 'no answer is not a no');
SELECT is(pg_temp.balance('refund_transit', NULL, :'late'), 10::numeric, 'the money stays on its way');
SELECT skillancer.fire_system('refund', :'late', 'fail') \g /dev/null
SELECT is(pg_temp.entries('card_refund_failed', :'late'), 'client_wallet -10.00 USD, refund_transit 10.00 USD', 'a no gives it back');

-- T9: the freelancer gives back after the release
SELECT pg_temp.running('two', '1000 USD', 'carl'), pg_temp.finish('felix', 'carl', 'two/1') \g /dev/null
CREATE FUNCTION pg_temp.give(p_amount text) RETURNS text LANGUAGE sql AS
	$$ SELECT format('SELECT skillancer_api.milestone_give_back(%L, %L)', pg_temp.thing('two/1'), p_amount) $$;
SELECT is(pg_temp.refusal('felix', pg_temp.give('300 USD')), 'SK401', 'what is on hold is not given back');
SELECT pg_temp.later('5 days 1 second'), pg_temp.due() \g /dev/null
SELECT is(pg_temp.refusal('carl', pg_temp.give('300 USD')), 'SK003', 'the client does not take it');
SELECT is(pg_temp.refusal('sam', pg_temp.give('300 USD')), 'SK002', 'nor a stranger');
SELECT is(pg_temp.refusal('felix', pg_temp.give('1000.01 USD')), 'SK401', 'not more than was released');
SELECT is(pg_temp.refusal('felix', pg_temp.give('-1 USD')), 'SK001', 'not less than nothing');
SELECT ok(pg_temp.as_person('felix', format('SELECT skillancer_api.milestone_give_back(%L, %L, true)', pg_temp.thing('two/1'), '300 USD')) -> 'postings' @> '[{"kind": "give_back"}]', 'a dry run');
SELECT is(pg_temp.as_person('felix', pg_temp.give('300 USD')) ->> 'state', 'RELEASED', 'he gives 300 back');
SELECT is(pg_temp.entries('give_back', pg_temp.thing('two/1')), 'client_wallet -300.00 USD, freelancer_available 270.00 USD, revenue_service 30.00 USD', 'T9');
SELECT is(pg_temp.refusal('felix', pg_temp.give('700.01 USD')), 'SK401', 'what was given back counts');

-- T12: a tip
CREATE FUNCTION pg_temp.tip(p_amount text) RETURNS text LANGUAGE sql AS
	$$ SELECT format('SELECT skillancer_api.tip_create(%L, %L, %L)', pg_temp.thing('two'), p_amount, 'Well done') $$;
SELECT is(pg_temp.refusal('felix', pg_temp.tip('50 USD')), 'SK003', 'nobody tips himself');
SELECT is(pg_temp.refusal('sam', pg_temp.tip('50 USD')), 'SK002', 'nor a stranger');
SELECT is(pg_temp.refusal('carl', pg_temp.tip('1 EUR')), 'SK001', 'in the currency of the booking');
SELECT is(pg_temp.refusal('carl', pg_temp.tip('301 USD')), 'SK401', 'out of the wallet');
SELECT pg_temp.remember('tip', (pg_temp.as_person('carl', pg_temp.tip('50 USD')) #>> '{body,id}')::uuid) \g /dev/null
SELECT is(pg_temp.entries('tip', pg_temp.thing('tip')), 'client_wallet 50.00 USD, freelancer_pending -45.00 USD, revenue_service -5.00 USD', 'T12');
SELECT is((SELECT concat_ws(' ', e.gross, e.net, e.state) FROM skillancer.earning e WHERE e.tip_id = pg_temp.thing('tip')), '50.00 USD 45.00 USD PENDING', 'on hold like any earning');
SELECT is(pg_temp.as_person('felix', format('SELECT skillancer_api.tip_list(%L)', pg_temp.thing('two'))) #>> '{0,message}', 'Well done', 'the freelancer reads it');
SELECT is(pg_temp.refusal('sam', format('SELECT skillancer_api.tip_list(%L)', pg_temp.thing('two'))), 'SK002', 'a stranger does not');

-- T13, T13a: charged back while it is in escrow; T13c: won
SELECT pg_temp.as_person('carl', format('SELECT skillancer_api.refund_create(%L, %L)', pg_temp.thing('two/charge'), '250 USD')) \g /dev/null
SELECT pg_temp.running('esc', '1000 USD', 'carl'), pg_temp.as_person('felix', format('SELECT skillancer_api.milestone_submit(%L, %L)', pg_temp.thing('esc/1'), 'done')) \g /dev/null
SELECT throws_ok($$ SELECT pg_temp.chargeback('esc', '1050.01 USD') $$, 'SK401', NULL, 'not more than the charge took');
SELECT throws_ok($$ SELECT pg_temp.chargeback('esc', '1 EUR') $$, 'SK404', NULL, 'not in other money');
SELECT pg_temp.chargeback('esc') \g /dev/null
SELECT is(pg_temp.chargeback('esc'), pg_temp.thing('esc/cb'), 'the same message twice is one charge-back');
SELECT is(pg_temp.entries('chargeback', pg_temp.thing('esc/cb')), 'chargeback_receivable 1050.00 USD, expense_chargeback 15.00 USD, psp_clearing -1065.00 USD', 'T13');
SELECT is(pg_temp.entries('chargeback_freeze', pg_temp.thing('esc/cb')), 'chargeback_hold -1050.00 USD, deferred_fee 50.00 USD, escrow 1000.00 USD', 'T13a');
SELECT is(pg_temp.charge_state('esc') || ' ' || pg_temp.milestone('esc'), 'CHARGED_BACK SUBMITTED released refunded frozen 1000.00 USD', 'the milestone is held');
SELECT is((SELECT concat_ws(' ', i.item, i.state, i.booked, i.external_id) FROM skillancer.ledger_in_transit i WHERE i.ref = pg_temp.thing('esc/cb')), 'chargeback OPEN 1050.00 USD ref-esc', 'the bank has not decided');
SELECT is(pg_temp.refusal('carl', format('SELECT skillancer_api.milestone_approve(%L)', pg_temp.thing('esc/1'))), 'SK302', 'nothing is released');
SELECT is(pg_temp.refusal('felix', format('SELECT skillancer_api.milestone_refund(%L)', pg_temp.thing('esc/1'))), 'SK302', 'nor refunded');
SELECT is(pg_temp.refusal('carl', pg_temp.back('esc', '1 USD')), 'SK004', 'nor sent to the card');
SELECT is(skillancer.chargeback_won('ref-esc'), 'WON', 'the bank decides for us');
SELECT is(pg_temp.entries('chargeback_won', pg_temp.thing('esc/cb')), 'chargeback_receivable -1050.00 USD, psp_clearing 1050.00 USD', 'T13c');
SELECT is(pg_temp.reverse_of('esc'), 'chargeback_hold 1050.00 USD, deferred_fee -50.00 USD, escrow -1000.00 USD', 'and the freeze reversed');
SELECT is(skillancer.chargeback_won('ref-esc'), 'WON', 'said twice');
SELECT throws_ok($$ SELECT skillancer.chargeback_lost('ref-esc') $$, 'SK004', NULL, 'never the other way');
SELECT is(pg_temp.charge_state('esc') || ' ' || pg_temp.milestone('esc'), 'CAPTURED SUBMITTED released refunded frozen', 'as before');
SELECT is((SELECT d.due_at FROM skillancer.due d WHERE d.id = pg_temp.thing('esc/1') AND d.event = 'auto_release'), skillancer.now() + interval '14 days', 'the clock starts anew');
SELECT is(pg_temp.as_person('carl', format('SELECT skillancer_api.milestone_approve(%L)', pg_temp.thing('esc/1'))) ->> 'state', 'RELEASED', 'and it is released');

-- T13d: lost while it is in escrow: the milestone is over
SELECT pg_temp.running('gone', '1000 USD', 'carl'), pg_temp.chargeback('gone') \g /dev/null
SELECT is(skillancer.chargeback_lost('ref-gone'), 'LOST', 'the bank decides against us');
SELECT is(pg_temp.entries('chargeback_lost', pg_temp.thing('gone/cb')), 'chargeback_hold 1050.00 USD, chargeback_receivable -1050.00 USD', 'T13d');
SELECT is(pg_temp.milestone('gone'), 'REFUNDED released refunded 1000.00 USD frozen', 'the card holder has it all');
SELECT is(pg_temp.body(pg_temp.as_person('felix', format('SELECT skillancer_api.booking_end(%L)', pg_temp.thing('gone')))) ->> 'state', 'CANCELLED', 'the booking ends');
-- a part of it
SELECT pg_temp.running('part', '1000 USD', 'carl'), pg_temp.chargeback('part', '210 USD') \g /dev/null
SELECT is(pg_temp.milestone('part'), 'FUNDED released refunded frozen 200.00 USD', 'a part is held: price and fee');
SELECT is(skillancer.chargeback_lost('ref-part'), 'LOST', 'and lost');
SELECT is(pg_temp.milestone('part'), 'FUNDED released refunded 200.00 USD frozen', 'the rest goes on');
SELECT is(pg_temp.finish('felix', 'carl', 'part/1') ->> 'state', 'RELEASED', 'and is released');
SELECT is(pg_temp.balance('deferred_fee', NULL, pg_temp.thing('part/1')), 0::numeric, 'without a rest of the fee');

-- T13b: after the release, 600 of 900 paid out
SELECT pg_temp.add_person('paul', 'FREELANCER'), pg_temp.add_person('cora', 'CLIENT') \g /dev/null
SELECT pg_temp.book('out', 'cora', 'paul', '1000 USD'), pg_temp.fund('cora', 'out/1'), pg_temp.finish('paul', 'cora', 'out/1') \g /dev/null
SELECT pg_temp.remember('out/charge', c.id::uuid) FROM skillancer.charge c WHERE c.milestone_id::uuid = pg_temp.thing('out/1') \g /dev/null
SELECT pg_temp.later('6 days'), pg_temp.due() \g /dev/null
SELECT skillancer.ledger_post('payout', 'payout:test', NULL, '{freelancer_available,psp_clearing}', ARRAY[pg_temp.person('paul'), NULL]::uuid[], '{NULL,NULL}', '{NULL,NULL}', '{60000,-60000}', 'USD') \g /dev/null
SELECT pg_temp.chargeback('out') \g /dev/null
SELECT is(pg_temp.entries('chargeback_freeze', pg_temp.thing('out/cb')),
	'chargeback_hold -1050.00 USD, freelancer_available 300.00 USD, freelancer_receivable 600.00 USD, revenue_client 50.00 USD, revenue_service 100.00 USD', 'T13b');
-- T14: the next earning pays a part of the debt
SELECT pg_temp.book('next', 'cora', 'paul', '500 USD'), pg_temp.fund('cora', 'next/1'), pg_temp.finish('paul', 'cora', 'next/1'), pg_temp.later('6 days'), pg_temp.due() \g /dev/null
SELECT is(pg_temp.balance('freelancer_receivable', pg_temp.person('paul')), 150::numeric, 'T14: 450 of 600 are paid with the next earning');
SELECT is(pg_temp.balance('freelancer_available', pg_temp.person('paul')), 0::numeric, 'before there is anything to pay out');
SELECT is((SELECT pg_temp.entries('recoup', e.id) FROM skillancer.earning e WHERE e.milestone_id::uuid = pg_temp.thing('next/1')), 'freelancer_available 450.00 USD, freelancer_receivable -450.00 USD', 'T14 as posted');
-- the rest is written off by two people
CREATE FUNCTION pg_temp.off(p_amount text) RETURNS text LANGUAGE sql AS
	$$ SELECT format('SELECT skillancer_api.debt_write_off(%L, %L, %L)', pg_temp.person('paul'), p_amount, 'He is gone') $$;
SELECT is(pg_temp.refusal('clara', pg_temp.off('100 USD')), 'SK003', 'not by a client');
SELECT is(pg_temp.refusal('fin', pg_temp.off('150.01 USD')), 'SK401', 'not more than is owed');
SELECT pg_temp.remember('off', (pg_temp.as_person('fin', pg_temp.off('100 USD')) #>> '{body,id}')::uuid) \g /dev/null
SELECT is(pg_temp.balance('freelancer_receivable', pg_temp.person('paul')), 150::numeric, 'proposed is not posted');
SELECT is(pg_temp.as_person('fin', format('SELECT skillancer_api.adjustment_approve(%L)', pg_temp.thing('off'))) ->> 'status', '403', 'not by one person');
SELECT is(pg_temp.as_person('fay', format('SELECT skillancer_api.adjustment_approve(%L)', pg_temp.thing('off'))) #>> '{body,state}', 'POSTED', 'but by two');
SELECT is(pg_temp.entries('write_off', pg_temp.thing('off')), 'expense_writeoff 100.00 USD, freelancer_receivable -100.00 USD', 'T14: written off');
-- won after that: who has paid of the debt gets it back, the write-off as well
SELECT is(skillancer.chargeback_won('ref-out'), 'WON', 'won');
SELECT is(pg_temp.entries('recoup_return', pg_temp.thing('out/cb')), 'expense_writeoff -100.00 USD, freelancer_available -450.00 USD, freelancer_receivable 550.00 USD', 'the debt is made whole');
SELECT is(pg_temp.balance('freelancer_receivable', pg_temp.person('paul')), 0::numeric, 'and reversed');
SELECT is(pg_temp.balance('freelancer_available', pg_temp.person('paul')), 750::numeric, 'he has his 300 and the 450');
SELECT is((SELECT p.billed::text FROM skillancer.pair_billing p WHERE p.freelancer_id::uuid = pg_temp.person('paul')), '1500.00 USD', 'the pair has billed as much as before');
-- lost after the release: earnings on hold come off it to be frozen
SELECT pg_temp.book('hot', 'cora', 'paul', '100 USD'), pg_temp.fund('cora', 'hot/1'), pg_temp.finish('paul', 'cora', 'hot/1') \g /dev/null
SELECT pg_temp.remember('hot/charge', c.id::uuid) FROM skillancer.charge c WHERE c.milestone_id::uuid = pg_temp.thing('hot/1') \g /dev/null
SELECT pg_temp.chargeback('hot', '105 USD') \g /dev/null
SELECT is(pg_temp.entries('chargeback_freeze', pg_temp.thing('hot/cb')), 'chargeback_hold -105.00 USD, freelancer_available 90.00 USD, revenue_client 5.00 USD, revenue_service 10.00 USD', 'out of what was on hold');
SELECT is(skillancer.chargeback_lost('ref-hot'), 'LOST', 'lost');
SELECT is(pg_temp.balance('freelancer_available', pg_temp.person('paul')), 750::numeric, 'the freelancer keeps the rest');
-- a deposit that is spent cannot be frozen: the platform's risk
SELECT pg_temp.add_person('dan', 'CLIENT') \g /dev/null
SELECT pg_temp.remember('top/charge', ((pg_temp.as_person('dan', format('SELECT skillancer_api.charge_create(%L, %L)', '100 USD', pg_temp.method('dan', 'PAYMENT', 'tok_success'))) #>> '{body,id}')::skillancer.charge_id)::uuid) \g /dev/null
SELECT pg_temp.as_person('dan', format('SELECT skillancer_api.refund_create(%L, %L)', pg_temp.thing('top/charge'), '0.01 USD')) \g /dev/null
SELECT pg_temp.book('spent', 'dan', 'paul', '60 USD'), pg_temp.fund('dan', 'spent/1') \g /dev/null
SELECT pg_temp.chargeback('top', '99.99 USD') \g /dev/null
SELECT is(pg_temp.entries('chargeback_freeze', pg_temp.thing('top/cb')), 'chargeback_hold -36.99 USD, client_wallet 36.99 USD', 'what is left in the wallet');
SELECT is(skillancer.chargeback_lost('ref-top'), 'LOST', 'lost');
SELECT is(pg_temp.entries('chargeback_lost', pg_temp.thing('top/cb')), 'chargeback_hold 36.99 USD, chargeback_receivable -99.99 USD, expense_writeoff 63.00 USD', 'the platform bears the rest');
SELECT is(jsonb_array_length(pg_temp.body(pg_temp.as_person('fin', 'SELECT skillancer_api.chargeback_list()'))), 6, 'finance reads them');
SELECT is(pg_temp.refusal('paul', 'SELECT skillancer_api.chargeback_list()'), 'SK003', 'a freelancer does not');

SELECT is((SELECT count(*) FROM skillancer.ledger_account a WHERE a.class IN ('chargeback_hold', 'chargeback_receivable', 'refund_transit') AND a.balance <> 0), 0::bigint, 'nothing is left on the way');
SELECT ok(pg_temp.books_in_order(), 'the books are in order');
SELECT is_empty($$ SELECT * FROM skillancer.ledger_violation $$, 'and break no invariant');
SET CONSTRAINTS ALL IMMEDIATE;
SELECT pass('no account of an ended booking holds money');
SELECT * FROM finish();
ROLLBACK;
