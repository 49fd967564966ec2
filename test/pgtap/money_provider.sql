-- money_provider.sql
--	The sandbox's tokens that do not just say yes: no answer, payouts that fail and come back, refunds that fail,
--	charge-backs. And the port's own rules: one call for ever, parked rows, what is forgotten.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
\ir ../lib/market.sql
SELECT plan(58);
UPDATE skillancer.policy SET value = '50' WHERE key = 'methodLimit';

SELECT pg_temp.add_person('clara', 'CLIENT'), pg_temp.add_person('felix', 'FREELANCER'), pg_temp.add_person('fin', 'FINANCE') \g /dev/null
CREATE FUNCTION pg_temp.state(p_table text, p_name text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	v_state text;
BEGIN
	EXECUTE format('SELECT state FROM skillancer.%I WHERE id::uuid = %L', p_table, pg_temp.thing(p_name)) INTO v_state;
	RETURN v_state;
END
$$;

-- Charges 100 USD to a token; the charge is remembered under its name. Returns the status of the reply.
CREATE FUNCTION pg_temp.charge(p_token text) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
	v_reply jsonb := pg_temp.as_person('clara', format('SELECT skillancer_api.charge_create(%L, %L)', '100 USD', pg_temp.method('clara', 'PAYMENT', p_token)));
BEGIN
	PERFORM pg_temp.remember(p_token, coalesce(v_reply #>> '{body,id}', v_reply #>> '{body,details,0,chargeId}')::skillancer.charge_id::uuid);
	RETURN (v_reply ->> 'status')::integer;
END
$$;

-- Does what the courier does with webhooks.
CREATE FUNCTION pg_temp.settle() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	v_next record;
BEGIN
	LOOP
		SELECT * INTO v_next FROM skillancer.provider_next();
		EXIT WHEN v_next.call IS NULL AND v_next.event IS NULL;
		PERFORM skillancer.provider_settle(v_next.call, v_next.event);
	END LOOP;
END
$$;

-- refusals with their codes
SELECT is(pg_temp.charge(t.token), 402, t.token) FROM (VALUES ('tok_declined'), ('tok_incorrect_cvc'), ('tok_fraudulent')) t (token);
SELECT is((SELECT array_agg(c.failure_code ORDER BY c.id) FROM skillancer.charge c WHERE c.user_id::uuid = pg_temp.person('clara')),
	ARRAY['card_declined', 'incorrect_cvc', 'fraudulent'], 'each refusal has its code');

-- no answer
SELECT is(pg_temp.charge('tok_no_answer'), 202, 'a charge without an answer is accepted');
SELECT is(pg_temp.charge('tok_no_answer_declined'), 202, 'so is another one');
SELECT is(pg_temp.charge('tok_no_answer_lost'), 202, 'and a third one');
SELECT is(pg_temp.state('charge', 'tok_no_answer'), 'PROCESSING', 'it is on its way');
SELECT is(pg_temp.balance('client_wallet', pg_temp.person('clara')), 0.00, 'nothing is in the wallet');
SELECT pg_temp.later('4 minutes'), pg_temp.due() \g /dev/null
SELECT is(pg_temp.state('charge', 'tok_no_answer'), 'PROCESSING', 'for a while');
SELECT pg_temp.later('2 minutes'), pg_temp.due() \g /dev/null
SELECT is(pg_temp.state('charge', 'tok_no_answer'), 'ERRORED', 'then nobody knows');
SELECT is((SELECT count(*) FROM skillancer.ledger_in_transit t WHERE t.state = 'ERRORED' AND t.item = 'charge'), 3::bigint, 'it is in transit');
SELECT is(pg_temp.refusal('clara', format('SELECT skillancer_api.charge_cancel(%L)', pg_temp.thing('tok_no_answer'))), 'SK004', 'the payer cannot settle it');
SELECT is(pg_temp.refusal('clara', format('SELECT skillancer_api.charge_confirm(%L)', pg_temp.thing('tok_no_answer'))), 'SK003', 'in neither way');
SELECT pg_temp.later('2 minutes'), pg_temp.due() \g /dev/null
SELECT is(pg_temp.state('charge', 'tok_no_answer'), 'CAPTURED', 'the sandbox is asked, and has the money');
SELECT is(pg_temp.state('charge', 'tok_no_answer_declined'), 'FAILED', 'or had refused');
SELECT is(pg_temp.state('charge', 'tok_no_answer_lost'), 'ERRORED', 'or does not know of it');
SELECT is(pg_temp.balance('client_wallet', pg_temp.person('clara')), 100.00, 'one of them is in the wallet');
SELECT pg_temp.later('10 minutes'), pg_temp.due() \g /dev/null
SELECT is(pg_temp.state('charge', 'tok_no_answer_lost'), 'ERRORED', 'which is not believed at once');
SELECT pg_temp.later('3 hours'), pg_temp.due() \g /dev/null
SELECT is((SELECT c.state || ' ' || c.failure_code FROM skillancer.charge c WHERE c.id::uuid = pg_temp.thing('tok_no_answer_lost')), 'FAILED not_received', 'but after a while');
SELECT is((SELECT count(*) FROM skillancer.due d WHERE d.machine = 'charge'), 0::bigint, 'nothing is asked any more');

-- a milestone waits for its charge, and goes on without it
SELECT pg_temp.book('slow', 'clara', 'felix', '500 USD'), pg_temp.book('lost', 'clara', 'felix', '700 USD') \g /dev/null
SELECT is((pg_temp.fund('clara', 'slow/1', 'tok_no_answer') ->> 'status')::integer, 202, 'a milestone is funded without an answer');
SELECT is(pg_temp.state('milestone', 'slow/1'), 'FUNDING', 'it waits');
SELECT is((pg_temp.fund('clara', 'lost/1', 'tok_no_answer_declined') ->> 'status')::integer, 202, 'another one');
SELECT is(pg_temp.refusal('clara', format('SELECT skillancer_api.milestone_fund(%L)', pg_temp.thing('slow/1'))), 'SK004', 'nobody pays it twice');
SELECT pg_temp.later('6 minutes'), pg_temp.due(), pg_temp.later('2 minutes'), pg_temp.due() \g /dev/null
SELECT is(pg_temp.state('milestone', 'slow/1'), 'FUNDED', 'it is funded when the sandbox tells');
SELECT is(pg_temp.state('milestone', 'lost/1'), 'AGREED', 'the other one can be funded again');

-- payouts
SELECT pg_temp.as_person('felix', format('SELECT skillancer_api.milestone_submit(%L, %L)', pg_temp.thing('slow/1'), 'done')) \g /dev/null
SELECT pg_temp.as_person('clara', format('SELECT skillancer_api.milestone_approve(%L)', pg_temp.thing('slow/1'))) \g /dev/null
SELECT pg_temp.later('6 days'), pg_temp.due() \g /dev/null
SELECT is(pg_temp.balance('freelancer_available', pg_temp.person('felix')), 400.00, 'there is something to pay out');
CREATE FUNCTION pg_temp.payout(p_token text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_temp.method('felix', 'PAYOUT', p_token);
	UPDATE skillancer.payment_method SET usable_from = skillancer.now() WHERE user_id::uuid = pg_temp.person('felix');
	PERFORM pg_temp.remember(p_token, (pg_temp.body(pg_temp.as_person('felix', format('SELECT skillancer_api.payout_create(%L, %L)', '50 USD',
		(SELECT m.id FROM skillancer.payment_method m WHERE m.user_id::uuid = pg_temp.person('felix') AND m.token = p_token)))) ->> 'id')::skillancer.payout_id::uuid);
END
$$;
SELECT pg_temp.payout(t) FROM unnest(ARRAY['tok_bank_closed', 'tok_bank_returned', 'tok_bank_no_answer', 'tok_bank_no_answer_closed']) t \g /dev/null
SELECT is(pg_temp.balance('freelancer_available', pg_temp.person('felix')), 200.00, 'four payouts are asked for');
SELECT pg_temp.later('2 minutes'), pg_temp.due() \g /dev/null
SELECT is(pg_temp.state('payout', 'tok_bank_closed'), 'FAILED', 'one fails');
SELECT is(pg_temp.entries('payout_returned', pg_temp.thing('tok_bank_closed')),
	'freelancer_available -50.00 USD, payout_transit 48.00 USD, revenue_payout 2.00 USD', 'T7');
SELECT is(pg_temp.state('payout', 'tok_bank_returned'), 'PAID', 'one is paid');
SELECT is(pg_temp.state('payout', 'tok_bank_no_answer'), 'PROCESSING', 'two are on their way');
SELECT is(pg_temp.refusal('felix', format('SELECT skillancer_api.payout_cancel(%L)', pg_temp.thing('tok_bank_no_answer'))), 'SK004', 'and cannot be taken back');
SELECT pg_temp.later('6 minutes'), pg_temp.due() \g /dev/null
SELECT is(pg_temp.state('payout', 'tok_bank_no_answer'), 'ERRORED', 'nobody knows');
SELECT is((SELECT t.booked FROM skillancer.ledger_in_transit t WHERE t.ref = pg_temp.thing('tok_bank_no_answer')), '48 USD', 'its money is in transit');
SELECT pg_temp.later('2 minutes'), pg_temp.due() \g /dev/null
SELECT is(pg_temp.state('payout', 'tok_bank_no_answer'), 'PAID', 'asked, it was paid');
SELECT is(pg_temp.state('payout', 'tok_bank_no_answer_closed'), 'FAILED', 'or it was not');
SELECT pg_temp.later('1 hour'), pg_temp.due() \g /dev/null
SELECT is((SELECT p.state || ' ' || p.failure_code FROM skillancer.payout p WHERE p.id::uuid = pg_temp.thing('tok_bank_returned')), 'RETURNED no_account', 'what was paid comes back');
SELECT is(pg_temp.entries('payout_bounced', pg_temp.thing('tok_bank_returned')), 'freelancer_available -48.00 USD, psp_clearing 48.00 USD', 'T7b, without the fee');
SELECT is(pg_temp.balance('freelancer_available', pg_temp.person('felix')), 348.00, 'the balance knows');
SELECT ok(pg_temp.books_in_order(), 'the books are in order');

-- refunds
SELECT is(pg_temp.charge('tok_refund_declined'), 201, 'a card that takes nothing back');
SELECT is(pg_temp.charge('tok_refund_no_answer'), 201, 'and one that says nothing about it');
SELECT is(pg_temp.body(pg_temp.as_person('clara', format('SELECT skillancer_api.refund_create(%L, %L)', pg_temp.thing('tok_refund_declined'), '10 USD'))) ->> 'failureCode',
	'expired_or_canceled_card', 'the refund fails');
SELECT pg_temp.remember('refund', (pg_temp.body(pg_temp.as_person('clara', format('SELECT skillancer_api.refund_create(%L, %L)', pg_temp.thing('tok_refund_no_answer'), '10 USD'))) ->> 'id')::skillancer.refund_id::uuid) \g /dev/null
SELECT is(pg_temp.state('refund', 'refund'), 'PROCESSING', 'the other one is on its way');
SELECT pg_temp.later('6 minutes'), pg_temp.due() \g /dev/null
SELECT is(pg_temp.state('refund', 'refund'), 'ERRORED', 'nobody knows');
SELECT pg_temp.later('2 minutes'), pg_temp.due() \g /dev/null
SELECT is(pg_temp.state('refund', 'refund'), 'REFUNDED', 'asked, it is on the card');

-- charge-backs
SELECT is(pg_temp.charge('tok_chargeback'), 201, 'a charge that will be charged back');
SELECT pg_temp.later('59 minutes'), pg_temp.due(), pg_temp.settle() \g /dev/null
SELECT is(pg_temp.state('charge', 'tok_chargeback'), 'CAPTURED', 'not yet');
SELECT pg_temp.later('2 minutes'), pg_temp.due(), pg_temp.settle() \g /dev/null
SELECT is(pg_temp.state('charge', 'tok_chargeback'), 'CHARGED_BACK', 'now');
SELECT is((SELECT format('%s %s %s', b.state, b.amount, b.fee) FROM skillancer.chargeback b WHERE b.charge_id::uuid = pg_temp.thing('tok_chargeback')), 'OPEN 100.00 USD 15.00 USD', 'with the fee of the bank');
SELECT is((SELECT e.state || ' ' || (e.ref = pg_temp.thing('tok_chargeback')) FROM skillancer.provider_event e WHERE e.provider = 'sandbox'), 'DONE true', 'as a webhook would tell');
SELECT ok(pg_temp.books_in_order(), 'the books are in order');

-- the outbox: one call for ever, and parked rows
UPDATE skillancer.charge SET provider = 'stripe', external_id = 'pi_1' WHERE id::uuid = pg_temp.thing('tok_no_answer');
INSERT INTO skillancer.provider_call (id, provider, operation, kind, ref, idempotency_key, method, path, state, settled_at)
VALUES ('01a00000-0000-7000-8000-000000000001', 'stripe', 'CHARGE', 'charge', pg_temp.thing('tok_no_answer'), 'skl-charge-1', 'POST', '/', 'DONE', skillancer.now() - interval '1 year'),
	('01a00000-0000-7000-8000-000000000002', 'stripe', 'ASK', 'charge', pg_temp.thing('tok_no_answer'), 'skl-ask-1', 'GET', '/', 'DONE', skillancer.now() - interval '1 year'),
	('01a00000-0000-7000-8000-000000000003', 'stripe', 'ASK', 'charge', pg_temp.thing('tok_no_answer'), 'skl-ask-2', 'GET', '/', 'PARKED', skillancer.now() - interval '1 year');
SELECT throws_ok($$INSERT INTO skillancer.provider_call (provider, operation, kind, ref, idempotency_key, method, path)
	VALUES ('stripe', 'CHARGE', 'charge', skillancer.new_id(), 'skl-charge-1', 'POST', '/')$$, '23505', NULL, 'a key is used once');
SELECT skillancer.forget_provider_calls() \g /dev/null
SELECT is((SELECT array_agg(c.operation || ' ' || c.state ORDER BY c.id) FROM skillancer.provider_call c WHERE c.ref = pg_temp.thing('tok_no_answer')),
	ARRAY['CHARGE DONE', 'ASK PARKED'], 'questions are forgotten, what moved money and what is parked is not');
SELECT is(pg_temp.refusal('fin', $$SELECT skillancer_api.provider_redrive('01a00000-0000-7000-8000-000000000001')$$), 'SK002', 'only what is parked is driven again');
SELECT is((pg_temp.as_person('fin', $$SELECT skillancer_api.provider_redrive('01a00000-0000-7000-8000-000000000003')$$) ->> 'status')::integer, 202, 'by finance');

SELECT * FROM finish();
ROLLBACK;
