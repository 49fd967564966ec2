-- money_chargebacks.sql
--	Charge-backs wherever the money went: rolled on to other milestones, claimed in a dispute, released in parts under
--	tiered fees, taxed, and several of one charge.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
\ir ../lib/market.sql
SELECT plan(55);

SELECT pg_temp.add_person('clara', 'CLIENT'), pg_temp.add_person('felix', 'FREELANCER'), pg_temp.add_person('mia', 'CLIENT'),
	pg_temp.add_person('fin', 'FINANCE') \g /dev/null
-- the client's fee falls: 5 % to 500, then 3 %
INSERT INTO skillancer.fee_schedule (version, kind, above, bps) VALUES
	(98, 'SERVICE', 0, 1000), (98, 'CLIENT', 0, 500), (98, 'CLIENT', 500, 300);
UPDATE skillancer.policy SET value = '98' WHERE key = 'feeVersion';
UPDATE skillancer.policy SET value = '{"bps": 0, "fixed": 0}' WHERE key = 'sandboxCost';

-- a booking of 1000 with a freelancer of its own, and the charge of 1040 that paid for it
CREATE FUNCTION pg_temp.running(p_name text, p_price text DEFAULT '1000 USD') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_temp.add_person(p_name || '-c', 'CLIENT'), pg_temp.add_person(p_name || '-f', 'FREELANCER');
	PERFORM pg_temp.book(p_name, p_name || '-c', p_name || '-f', p_price::skillancer.monetary), pg_temp.fund(p_name || '-c', p_name || '/1');
	PERFORM pg_temp.remember(p_name || '/charge', c.id::uuid) FROM skillancer.charge c WHERE c.milestone_id::uuid = pg_temp.thing(p_name || '/1');
END
$$;
CREATE FUNCTION pg_temp.part(p_name text, p_milestone text, p_amount text, p_rest text DEFAULT 'KEEP') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_temp.as_person(p_name || '-c', format('SELECT skillancer_api.milestone_release_part(%L, %L, %L)', pg_temp.thing(p_milestone), p_amount, p_rest));
	PERFORM pg_temp.remember(p_milestone || '+', m.id::uuid) FROM skillancer.milestone m WHERE m.rolled_from::uuid = pg_temp.thing(p_milestone);
END
$$;
CREATE FUNCTION pg_temp.charged_back(p_name text, p_amount text, p_as text DEFAULT 'cb') RETURNS uuid LANGUAGE sql AS $$
	SELECT skillancer.set_identity(NULL);
	SELECT pg_temp.remember(p_name || '/' || p_as, skillancer.chargeback_open(pg_temp.thing(p_name || '/charge')::skillancer.charge_id,
		p_amount::skillancer.monetary, '0 USD', p_name || '-' || p_as, 'fraud'))
$$;
CREATE FUNCTION pg_temp.milestone(p_milestone text) RETURNS text LANGUAGE sql AS $$
	SELECT concat_ws(' ', m.state, m.amount, 'released', m.released_part, 'refunded', m.refunded_part, 'frozen', m.frozen)
	FROM skillancer.milestone m WHERE m.id::uuid = pg_temp.thing(p_milestone)
$$;
CREATE FUNCTION pg_temp.at_risk(p_thing text) RETURNS text LANGUAGE sql AS
	$$ SELECT (b.amount - b.held)::text FROM skillancer.chargeback b WHERE b.id = pg_temp.thing(p_thing) $$;
CREATE FUNCTION pg_temp.frozen(p_thing text) RETURNS text LANGUAGE sql AS
	$$ SELECT pg_temp.entries('chargeback_freeze', pg_temp.thing(p_thing)) $$;

-- rolled on: 400 released, the rest in a second milestone, of which 100 are released, the rest in a third one
SELECT pg_temp.running('roll'), pg_temp.part('roll', 'roll/1', '400 USD', 'ROLL') \g /dev/null
SELECT pg_temp.part('roll', 'roll/1+', '100 USD', 'ROLL') \g /dev/null
SELECT is(pg_temp.milestone('roll/1++'), 'FUNDED 500.00 USD released refunded frozen', 'the rest of the rest is in a third milestone');
SELECT pg_temp.charged_back('roll', '1040 USD') \g /dev/null
SELECT is(pg_temp.frozen('roll/cb'), 'chargeback_hold -1040.00 USD, deferred_fee 15.00 USD, escrow 500.00 USD, freelancer_available 450.00 USD, revenue_client 25.00 USD, revenue_service 50.00 USD',
	'the money is found in all three milestones, with the fees that were paid on it');
SELECT is(pg_temp.at_risk('roll/cb'), '0.00 USD', 'nothing is at risk');
SELECT is((SELECT string_agg(concat_ws(' ', CASE WHEN p.earning_id IS NULL THEN 'escrow' ELSE 'earning' END, p.gross, p.client_fee), ', ' ORDER BY p.id)
	FROM skillancer.chargeback_part p WHERE p.chargeback_id = pg_temp.thing('roll/cb')),
	'escrow 500.00 USD 15.00 USD, earning 100.00 USD 5.00 USD, earning 400.00 USD 20.00 USD', 'escrow first, then the newest earning');
SELECT is(pg_temp.milestone('roll/1++'), 'FUNDED 500.00 USD released refunded frozen 500.00 USD', 'the third one is held');
SELECT is(pg_temp.refusal('roll-f', format('SELECT skillancer_api.milestone_refund(%L)', pg_temp.thing('roll/1++'))), 'SK302', 'and out of reach');
SELECT is(skillancer.chargeback_won('roll-cb'), 'WON', 'won');
SELECT is(pg_temp.milestone('roll/1++'), 'FUNDED 500.00 USD released refunded frozen', 'as before');
SELECT is((SELECT p.billed::text FROM skillancer.pair_billing p WHERE p.freelancer_id::uuid = pg_temp.person('roll-f')), '500.00 USD', 'billed as before');
SELECT is(pg_temp.balance('freelancer_available', pg_temp.person('roll-f')), 450::numeric, 'the freelancer has his earnings');
SELECT is_empty('SELECT * FROM skillancer.ledger_violation', 'the books are in order after it was won');
SELECT pg_temp.finish('roll-f', 'roll-c', 'roll/1++') \g /dev/null
SELECT is(pg_temp.milestone('roll/1++'), 'RELEASED 500.00 USD released refunded frozen', 'work goes on');

-- the same lost
SELECT pg_temp.running('lost'), pg_temp.part('lost', 'lost/1', '400 USD', 'ROLL') \g /dev/null
SELECT pg_temp.charged_back('lost', '1040 USD'), skillancer.chargeback_lost('lost-cb') \g /dev/null
SELECT is(pg_temp.milestone('lost/1+'), 'REFUNDED 600.00 USD released refunded 600.00 USD frozen', 'the escrow that was rolled on is lost');
SELECT is((SELECT string_agg(concat_ws(' ', r.gross, r.fee, r.client_fee), ', ') FROM skillancer.earning_return r WHERE r.freelancer_id::uuid = pg_temp.person('lost-f')),
	'400.00 USD 40.00 USD 20.00 USD', 'and what was released of the first one');
SELECT is(pg_temp.entries('chargeback_lost', pg_temp.thing('lost/cb')), 'chargeback_hold 1040.00 USD, chargeback_receivable -1040.00 USD', 'nothing is written off');
SELECT is(pg_temp.refusal('lost-f', format('SELECT skillancer_api.milestone_give_back(%L, %L)', pg_temp.thing('lost/1'), '0.01 USD')), 'SK401', 'nothing is left to give back');

-- a dispute about the money is over: the bank decides
SELECT pg_temp.running('row') \g /dev/null
SELECT pg_temp.remember('row/dispute', ((pg_temp.as_person('row-c', format('SELECT skillancer_api.dispute_open(%L, %L, %L, %L, %L)', pg_temp.thing('row'),
	pg_temp.thing('row/1'), '700 USD', 'QUALITY', 'The work is not what we agreed on.')) #>> '{body,id}')::skillancer.dispute_id)::uuid) \g /dev/null
SELECT is(pg_temp.milestone('row/1'), 'FUNDED 1000.00 USD released refunded frozen 700.00 USD', 'the client claims 700');
SELECT pg_temp.charged_back('row', '1040 USD') \g /dev/null
SELECT is((SELECT d.state FROM skillancer.dispute d WHERE d.id::uuid = pg_temp.thing('row/dispute')), 'WITHDRAWN', 'and his bank takes all of it');
SELECT is(pg_temp.entries('dispute_return', pg_temp.thing('row/dispute')), 'escrow -700.00 USD, escrow_hold 700.00 USD', 'the claim goes back into escrow');
SELECT is(pg_temp.frozen('row/cb'), 'chargeback_hold -1040.00 USD, deferred_fee 40.00 USD, escrow 1000.00 USD', 'and is frozen with the rest');
SELECT ok(EXISTS (SELECT FROM skillancer.event e WHERE e.type = 'dispute.overtaken' AND e.aggregate_id = pg_temp.thing('row/dispute')), 'both sides are told');
SELECT is(pg_temp.refusal('row-f', format('SELECT skillancer_api.dispute_open(%L, %L, %L, %L, %L)', pg_temp.thing('row'), pg_temp.thing('row/1'), '700 USD', 'NO_APPROVAL',
	'I have done what we agreed on.')), 'SK302', 'no dispute while the bank decides');
SELECT is(skillancer.chargeback_won('row-cb'), 'WON', 'won');
SELECT is(pg_temp.refusal('row-f', format('SELECT skillancer_api.dispute_open(%L, %L, %L, %L, %L)', pg_temp.thing('row'), pg_temp.thing('row/1'), '700 USD', 'NO_APPROVAL',
	'I have done what we agreed on.')), 'none', 'then they may go on');
SELECT is_empty('SELECT * FROM skillancer.ledger_violation', 'the books are in order after a dispute');

-- two charge-backs of one charge hold parts of one escrow, the rest of which is released meanwhile
SELECT pg_temp.running('two'), pg_temp.charged_back('two', '420 USD', 'a'), pg_temp.charged_back('two', '209 USD', 'b') \g /dev/null
SELECT is(pg_temp.frozen('two/a'), 'chargeback_hold -420.00 USD, deferred_fee 20.00 USD, escrow 400.00 USD', 'the first one takes 400 with 5 %');
SELECT is(pg_temp.frozen('two/b'), 'chargeback_hold -209.00 USD, deferred_fee 8.03 USD, escrow 200.97 USD', 'the second one 100 with 5 %, and more with 3 %');
SELECT is(pg_temp.milestone('two/1'), 'FUNDED 1000.00 USD released refunded frozen 600.97 USD', 'the milestone holds both');
SELECT pg_temp.part('two', 'two/1', '200 USD') \g /dev/null
SELECT is((SELECT e.client_fee::text FROM skillancer.earning e WHERE e.milestone_id::uuid = pg_temp.thing('two/1')), '6.00 USD', 'a part goes on behind them on the fee schedule');
SELECT is(skillancer.chargeback_won('two-a'), 'WON', 'the first one is won');
SELECT is(pg_temp.milestone('two/1'), 'FUNDED 1000.00 USD released 200.00 USD refunded frozen 200.97 USD', 'the second one still holds its part');
SELECT is((SELECT c.state FROM skillancer.charge c WHERE c.id::uuid = pg_temp.thing('two/charge')), 'CHARGED_BACK', 'of the charge');
SELECT pg_temp.part('two', 'two/1', '599.03 USD') \g /dev/null
SELECT is(pg_temp.milestone('two/1'), 'FUNDED 1000.00 USD released 799.03 USD refunded frozen 200.97 USD', 'all that is free is released');
SELECT is(skillancer.chargeback_lost('two-b'), 'LOST', 'the second one is lost');
SELECT is(pg_temp.milestone('two/1'), 'REFUNDED 1000.00 USD released 799.03 USD refunded 200.97 USD frozen', 'and the milestone is over');
SELECT is((SELECT sum(a.balance) FROM skillancer.ledger_account a WHERE a.ref = pg_temp.thing('two/1')), 0::numeric, 'without a cent left in it');
SELECT is((SELECT skillancer.sum(e.client_fee)::text FROM skillancer.earning e WHERE e.milestone_id::uuid = pg_temp.thing('two/1')), '31.97 USD', 'all of the client''s fee is earned or lost');

-- in parts, then released: what is charged back is the newest earning, to the cent
SELECT pg_temp.running('bit', '333.33 USD'), pg_temp.part('bit', 'bit/1', '111.11 USD'), pg_temp.part('bit', 'bit/1', '0.01 USD'), pg_temp.finish('bit-f', 'bit-c', 'bit/1') \g /dev/null
SELECT pg_temp.charged_back('bit', '233.34 USD', 'a') \g /dev/null
SELECT is((SELECT string_agg(concat_ws(' ', p.gross, p.fee, p.client_fee), ', ' ORDER BY p.id) FROM skillancer.chargeback_part p WHERE p.chargeback_id = pg_temp.thing('bit/a')),
	'222.21 USD 22.22 USD 11.11 USD, 0.01 USD 0.00 USD 0.00 USD, 0.01 USD 0.00 USD 0.00 USD', 'the newest earnings first');
SELECT is(pg_temp.at_risk('bit/a'), '0.00 USD', 'all of it');
SELECT pg_temp.charged_back('bit', '116.66 USD', 'b') \g /dev/null
SELECT is(pg_temp.at_risk('bit/b'), '0.00 USD', 'the rest');
SELECT is((SELECT skillancer.sum(p.gross)::text || ' ' || skillancer.sum(p.client_fee) FROM skillancer.chargeback_part p WHERE p.chargeback_id IN (pg_temp.thing('bit/a'), pg_temp.thing('bit/b'))),
	'333.33 USD 16.67 USD', 'both together are the whole');
SELECT skillancer.chargeback_lost('bit-a'), skillancer.chargeback_won('bit-b') \g /dev/null
SELECT is((SELECT p.billed::text FROM skillancer.pair_billing p WHERE p.freelancer_id::uuid = pg_temp.person('bit-f')), '111.10 USD', 'billed is what stays earned');
SELECT is_empty('SELECT * FROM skillancer.ledger_violation', 'the books are in order after charge-backs in parts');

-- taxes within the fees are frozen with them: won, they are owed again
INSERT INTO skillancer.tax_jurisdiction (code, name) VALUES ('QR', 'Testland'), ('QS', 'Elsewhere');
INSERT INTO skillancer.tax_rate (jurisdiction, kind, name, bps, valid_from) VALUES ('QR', 'SERVICE', 'VAT', 2000, '2001-01-01'), ('QS', 'CLIENT', 'VAT', 1000, '2001-01-01');
CREATE FUNCTION pg_temp.owed(p_code text) RETURNS bigint LANGUAGE sql AS $$
	SELECT coalesce((SELECT b.balance FROM skillancer.ledger_balance_now b JOIN skillancer.tax_jurisdiction j ON j.account = b.ref AND j.code = p_code WHERE b.class = 'tax_payable'), 0)::bigint
$$;
SELECT pg_temp.running('tax') \g /dev/null
UPDATE skillancer.profile SET country = 'QR' WHERE user_id::uuid = pg_temp.person('tax-f');
UPDATE skillancer.profile SET country = 'QS' WHERE user_id::uuid = pg_temp.person('tax-c');
SELECT pg_temp.finish('tax-f', 'tax-c', 'tax/1') \g /dev/null
SELECT is(format('%s %s', pg_temp.owed('QR'), pg_temp.owed('QS')), '1667 364', 'owed to two countries');
SELECT pg_temp.charged_back('tax', '520 USD') \g /dev/null
SELECT is(pg_temp.frozen('tax/cb'), 'chargeback_hold -520.00 USD, freelancer_available 450.00 USD, revenue_client 18.18 USD, revenue_service 41.67 USD, tax_payable 8.33 USD, tax_payable 1.82 USD',
	'half of the fees, and half of the taxes');
SELECT is(format('%s %s', pg_temp.owed('QR'), pg_temp.owed('QS')), '834 182', 'the revenues never show less than what was earned');
SELECT skillancer.chargeback_won('tax-cb') \g /dev/null
SELECT is(format('%s %s', pg_temp.owed('QR'), pg_temp.owed('QS')), '1667 364', 'won: owed again');
SELECT pg_temp.charged_back('tax', '1040 USD', 'again'), skillancer.chargeback_lost('tax-again') \g /dev/null
SELECT is(format('%s %s', pg_temp.owed('QR'), pg_temp.owed('QS')), '0 0', 'lost: owed no more');
SELECT is((SELECT string_agg(concat_ws(' ', r.gross, r.fee, r.tax, r.client_fee, r.client_tax), ', ') FROM skillancer.earning_return r WHERE r.freelancer_id::uuid = pg_temp.person('tax-f')),
	'1000.00 USD 100.00 USD 16.67 USD 40.00 USD 3.64 USD', 'and written down for the credit notes');

SELECT is(pg_temp.refusal('clara', 'SELECT count(*) FROM skillancer.chargeback_part'), 'none', 'others see none of the parts');
SELECT is(pg_temp.as_person('fin', 'SELECT count(*) > 0 FROM skillancer.chargeback_part')::text, 'true', 'finance sees them');
SELECT is((SELECT count(*) FROM skillancer.ledger_account a WHERE a.class IN ('chargeback_hold', 'chargeback_receivable') AND a.balance <> 0), 0::bigint, 'nothing is left on the way');
SELECT ok(pg_temp.books_in_order(), 'the books are in order');
SELECT is_empty('SELECT * FROM skillancer.ledger_violation', 'and break no invariant');
SET CONSTRAINTS ALL IMMEDIATE;
SELECT pass('no account of an ended booking holds money');
SELECT * FROM finish();
ROLLBACK;
