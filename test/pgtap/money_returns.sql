-- money_returns.sql
--	What is given back after the release: shared out among the earnings, tax and credit notes to the last cent; and
--	how long earnings are on hold by level.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
\ir ../lib/market.sql
SELECT plan(34);

INSERT INTO skillancer.fee_schedule (version, kind, currency, above, bps) VALUES
	(900, 'SERVICE', '*', 0, 1000), (900, 'CLIENT', '*', 0, 500);
INSERT INTO skillancer.policy (key, value, valid_from) VALUES ('feeVersion', '900', skillancer.now() - interval '1 minute');
SELECT pg_temp.add_person('clara', 'CLIENT'), pg_temp.add_person('cora', 'CLIENT'), pg_temp.add_person('felix', 'FREELANCER'), pg_temp.add_person('tina', 'FREELANCER') \g /dev/null
INSERT INTO skillancer.tax_jurisdiction (code, name) VALUES ('QR', 'Testland');
INSERT INTO skillancer.tax_rate (jurisdiction, kind, name, bps, valid_from) VALUES ('QR', 'SERVICE', 'VAT', 2000, '2001-01-01');
UPDATE skillancer.profile SET country = 'QR' WHERE user_id::uuid = pg_temp.person('felix');
CREATE FUNCTION pg_temp.issue() RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
	PERFORM skillancer.set_identity(NULL);
	RETURN skillancer.issue_invoices();
END
$$;
CREATE FUNCTION pg_temp.notes(p_person text, p_kind text) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(format('%s %s', i.total::numeric, i.tax::numeric), ', ' ORDER BY i.id)
	FROM skillancer.invoice i JOIN skillancer.invoice o ON o.id = i.corrects
	WHERE pg_temp.person(p_person) IN (i.recipient_id::uuid, i.issuer_id::uuid) AND o.kind = p_kind
$$;
CREATE FUNCTION pg_temp.give_back(p_amount text) RETURNS text LANGUAGE sql AS $$
	SELECT pg_temp.refusal('felix', format('SELECT skillancer_api.milestone_give_back(%L, %L)', pg_temp.thing('web/1'), p_amount))
$$;
CREATE FUNCTION pg_temp.tax_owed() RETURNS bigint LANGUAGE sql AS $$
	SELECT b.balance FROM skillancer.ledger_balance_now b JOIN skillancer.tax_jurisdiction j ON j.account = b.ref AND j.code = 'QR' WHERE b.class = 'tax_payable'
$$;

-- a milestone of 1000 in two parts: 400 and 600
SELECT pg_temp.book('web', 'clara', 'felix', '1000 USD'), pg_temp.fund('clara', 'web/1') \g /dev/null
SELECT pg_temp.as_person('felix', format('SELECT skillancer_api.milestone_submit(%L, %L)', pg_temp.thing('web/1'), 'done')) \g /dev/null
SELECT pg_temp.as_person('clara', format('SELECT skillancer_api.milestone_release_part(%L, %L)', pg_temp.thing('web/1'), '400 USD')) \g /dev/null
SELECT pg_temp.as_person('clara', format('SELECT skillancer_api.milestone_approve(%L)', pg_temp.thing('web/1'))) \g /dev/null
SELECT pg_temp.later('6 days'), pg_temp.due() \g /dev/null
SELECT is(pg_temp.tax_owed(), 1667::bigint, '20 % within 40 and 60');

-- 700 goes back: all of the newer earning, and 100 of the older one
SELECT is(pg_temp.give_back('700 USD'), 'none', 'the freelancer gives 700 back');
SELECT is((SELECT string_agg(format('%s %s %s', r.gross::numeric, r.fee::numeric, r.tax::numeric), ', ' ORDER BY r.id) FROM skillancer.earning_return r
	WHERE r.freelancer_id::uuid = pg_temp.person('felix')), '600.00 60.00 10.00, 100.00 10.00 1.67', 'the newest earning first, each with its fee and tax');
SELECT is(pg_temp.tax_owed(), 500::bigint, 'the state is owed the rest');
SELECT is((SELECT skillancer.sum(r.gross)::text FROM skillancer.earning_return r JOIN skillancer.ledger_txn t ON t.id = r.posting AND t.kind = 'give_back'
	WHERE t.ref = pg_temp.thing('web/1')), '700.00 USD', 'they name the posting');
SELECT is(pg_temp.issue() > 0, true, 'invoices and credit notes are issued at once, invoices first');
SELECT is(pg_temp.notes('clara', 'SERVICE'), '-600.00 0.00, -100.00 0.00', 'credit notes about the service');
SELECT is(pg_temp.notes('felix', 'PLATFORM_FEE'), '-60.00 -10.00, -10.00 -1.67', 'and about the service fee, with its tax');
SELECT is(pg_temp.notes('clara', 'CLIENT_FEE'), NULL, 'the client''s fee stays earned');
SELECT is(pg_temp.issue(), 0::bigint, 'once');

-- the rest, to the last cent
SELECT is(pg_temp.give_back('300.01 USD'), 'SK401', 'not more than was released');
SELECT is(pg_temp.give_back('99.99 USD'), 'none', 'a crooked part');
SELECT is(pg_temp.give_back('200.01 USD'), 'none', 'and the rest');
SELECT is(pg_temp.tax_owed(), 0::bigint, 'no tax is left');
SELECT is(pg_temp.issue(), 2::bigint, 'two returns');
SELECT is((SELECT skillancer.sum(i.total)::text || ' ' || skillancer.sum(i.tax) FROM skillancer.invoice i WHERE pg_temp.person('felix') = i.recipient_id::uuid AND i.kind IN ('PLATFORM_FEE', 'CREDIT_NOTE')),
	'0.00 USD 0.00 USD', 'fees and credit notes cancel out');
SELECT is((SELECT skillancer.sum(i.total)::text FROM skillancer.invoice i WHERE pg_temp.person('felix') = i.issuer_id::uuid), '0.00 USD', 'and so do the invoices of the freelancer');
SELECT is_empty('SELECT * FROM skillancer.invoice_gaps()', 'no number is missing');
SELECT is((SELECT e ->> 'returned' FROM jsonb_array_elements(pg_temp.as_person('felix', $$SELECT skillancer_api.earning_list(p_group_by => 'year')$$) -> 'body') e),
	'{"amount": "900.00", "currency": "USD"}', 'earnings say what went back');
SELECT is(pg_temp.as_person('clara', 'SELECT count(*) FROM skillancer.earning_return')::text, '0', 'the fees of the freelancer are his');
SELECT is((SELECT count(*) FROM (SELECT jsonb_array_elements(pg_temp.as_person('clara', format($$SELECT skillancer_api.payment_list(p_kind => 'GIVE_BACK', p_booking_id => %L)$$, pg_temp.thing('web'))) -> 'body')) x),
	3::bigint, 'the client finds it in her history');

-- a lost charge-back takes both fees back, with their taxes
INSERT INTO skillancer.tax_rate (jurisdiction, kind, name, bps, valid_from) VALUES ('QR', 'CLIENT', 'VAT', 2000, '2001-01-01');
UPDATE skillancer.profile SET country = 'QR' WHERE user_id::uuid = pg_temp.person('cora');
SELECT pg_temp.book('shop', 'cora', 'felix', '500 USD'),
	pg_temp.as_person('cora', format('SELECT skillancer_api.milestone_fund(%L, %L)', pg_temp.thing('shop/1'), pg_temp.method('cora', 'PAYMENT', 'tok_success'))),
	pg_temp.finish('felix', 'cora', 'shop/1') \g /dev/null
SELECT is(pg_temp.tax_owed(), 1250::bigint, '20 % within 50 and within 25');
SELECT pg_temp.issue() \g /dev/null
SELECT c.id AS charge, c.amount AS charged FROM skillancer.charge c WHERE c.milestone_id::uuid = pg_temp.thing('shop/1') AND c.state = 'CAPTURED' \gset
SELECT skillancer.set_identity(NULL) \g /dev/null
SELECT is((SELECT count(*) FROM skillancer.earning_return r WHERE NOT r.credited), 0::bigint, 'nothing is to be credited');
SELECT skillancer.chargeback_open(:'charge', :'charged', '15 USD', 'cb-returns') \g /dev/null
SELECT is(pg_temp.tax_owed(), 0::bigint, 'the taxes within the fees are frozen with them');
SELECT is(pg_temp.refusal('felix', format('SELECT skillancer_api.milestone_give_back(%L, %L)', pg_temp.thing('shop/1'), '0.01 USD')), 'SK401', 'what is frozen is not given back as well');
SELECT skillancer.chargeback_lost('cb-returns') \g /dev/null
SELECT is((SELECT format('%s %s %s %s %s', r.gross, r.fee, r.tax, r.client_fee, r.client_tax) FROM skillancer.earning_return r
	JOIN skillancer.earning e ON e.id = r.earning_id WHERE e.milestone_id::uuid = pg_temp.thing('shop/1')),
	(SELECT format('%s %s %s %s %s', b.from_released, '50.00 USD', '8.33 USD', '25.00 USD', '4.17 USD') FROM skillancer.chargeback b WHERE b.reference = 'cb-returns'),
	'it was lost: the earning with both fees');
SELECT is(pg_temp.tax_owed(), 0::bigint, 'and their taxes are back');
SELECT is(pg_temp.issue(), 2::bigint, 'credit notes, also about the receipt of the charge');
SELECT is(pg_temp.notes('cora', 'CLIENT_FEE'), '-25.00 -4.17', 'also about the client''s fee');

-- the hold by level
CREATE FUNCTION pg_temp.hold(p_name text, p_level text) RETURNS interval LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO skillancer.reputation (user_id, side, level, rating) VALUES (pg_temp.person('tina')::skillancer.user_id, 'FREELANCER', p_level, '0/0/0/0/0')
	ON CONFLICT (user_id, side) DO UPDATE SET level = excluded.level;
	PERFORM pg_temp.book(p_name, 'clara', 'tina', '100 USD');
	PERFORM pg_temp.fund('clara', p_name || '/1');
	PERFORM pg_temp.finish('tina', 'clara', p_name || '/1');
	RETURN (SELECT e.available_at - e.created_at FROM skillancer.earning e WHERE e.milestone_id::uuid = pg_temp.thing(p_name || '/1'));
END
$$;
SELECT is(pg_temp.hold('new', 'NEW'), interval '5 days', 'new freelancers wait for five days');
SELECT is(pg_temp.hold('established', 'ESTABLISHED'), interval '3 days', 'established ones for three');
SELECT is(pg_temp.hold('top', 'TOP'), interval '1 day', 'the best for one');
SELECT is((SELECT extract(epoch FROM d.due_at - e.available_at)::integer FROM skillancer.due d JOIN skillancer.earning e ON e.id = d.id AND d.event = 'mature'
	WHERE e.milestone_id::uuid = pg_temp.thing('top/1')), 0, 'the timer is set to it');

SELECT ok(pg_temp.books_in_order(), 'the books are in order');
SELECT * FROM finish();
ROLLBACK;
