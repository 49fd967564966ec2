-- money_dry_runs.sql
--	Every command that moves money or connects takes dryRun: it answers the states and postings that it would make, and makes
--	none of them.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
\ir ../lib/market.sql
SELECT plan(37);

SELECT pg_temp.add_person('clara', 'CLIENT'), pg_temp.add_person('felix', 'FREELANCER'), pg_temp.add_person('fin', 'FINANCE'), pg_temp.add_person('fay', 'FINANCE') \g /dev/null
CREATE FUNCTION pg_temp.fingerprint() RETURNS text LANGUAGE sql VOLATILE AS $$
	SELECT concat_ws(' ', (SELECT count(*) FROM skillancer.ledger_txn), (SELECT count(*) FROM skillancer.event),
		(SELECT count(*) FROM skillancer.ledger_period), (SELECT count(*) FROM skillancer.adjustment), (SELECT count(*) FROM skillancer.charge),
		(SELECT md5(string_agg(m.state || m.version, ',' ORDER BY m.id)) FROM skillancer.milestone m),
		(SELECT md5(string_agg(p.state || p.version, ',' ORDER BY p.id)) FROM skillancer.proposal p),
		(SELECT md5(string_agg(a.balance::text, ',' ORDER BY a.id)) FROM skillancer.ledger_account a))
$$;
-- what a dry run says: the kinds of postings; the fingerprint proves that nothing has changed
CREATE FUNCTION pg_temp.dry(p_who text, p_call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	v_before text;
	v_posted bigint := jsonb_array_length(skillancer.postings_now()); -- all of the test is one transaction
	v_answer jsonb;
BEGIN
	v_before := pg_temp.fingerprint();
	v_answer := pg_temp.body(pg_temp.as_person(p_who, 'SELECT skillancer_api.' || p_call));
	IF pg_temp.fingerprint() <> v_before THEN
		RETURN 'changed something';
	ELSIF v_answer ->> 'dryRun' IS DISTINCT FROM 'true' OR v_answer -> 'result' IS NULL THEN
		RETURN 'no dry run: ' || v_answer;
	END IF;
	RETURN coalesce((SELECT string_agg(x ->> 'kind', ' ' ORDER BY n) FROM jsonb_array_elements(v_answer -> 'postings') WITH ORDINALITY p (x, n) WHERE n > v_posted), '');
END
$$;

-- the routes that have it, one by one
CREATE TEMP TABLE tried (function text PRIMARY KEY);
CREATE FUNCTION pg_temp.check_dry(p_who text, p_function text, p_arguments text, p_postings text, p_says text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO tried VALUES (p_function) ON CONFLICT DO NOTHING;
	RETURN is(pg_temp.dry(p_who, format('%s(%s, p_dry_run => true)', p_function, p_arguments)), p_postings, p_says);
END
$$;

SELECT pg_temp.book('web', 'clara', 'felix', '1000 USD'), pg_temp.method('clara', 'PAYMENT', 'tok_success') AS card, pg_temp.method('clara', 'PAYMENT', 'tok_action_required') AS asks \gset
SELECT pg_temp.thing('web/1') AS m, pg_temp.thing('web') AS b \gset
SELECT pg_temp.check_dry('clara', 'milestone_fund', format('%L, %L', :'m', :'card'), 'charge charge_cost fund', 'fund a milestone');
SELECT pg_temp.check_dry('clara', 'charge_create', format('%L, %L', '10 USD', :'card'), 'charge charge_cost', 'put money into the wallet');
SELECT pg_temp.as_person('clara', format('SELECT skillancer_api.milestone_fund(%L, %L)', :'m', :'asks')) #>> '{body,charge,id}' AS ch \gset
SELECT pg_temp.check_dry('clara', 'charge_cancel', format('%L', :'ch'), '', 'give a charge up');
SELECT pg_temp.check_dry('clara', 'charge_confirm', format('%L', :'ch'), 'charge charge_cost fund', 'confirm it');
SELECT pg_temp.as_person('clara', format('SELECT skillancer_api.charge_confirm(%L)', :'ch')) \g /dev/null
SELECT pg_temp.check_dry('felix', 'milestone_refund', format('%L', :'m'), 'refund', 'refund');
SELECT pg_temp.check_dry('clara', 'booking_end', format('%L', :'b'), '', 'end a booking');
SELECT pg_temp.check_dry('felix', 'milestone_refund_part', format('%L, %L', :'m', '10 USD'), 'refund_part', 'refund a part');
SELECT pg_temp.check_dry('clara', 'milestone_release_part', format('%L, %L', :'m', '10 USD'), 'release_part', 'release a part');
SELECT pg_temp.check_dry('clara', 'milestone_release_part', format('%L, %L, %L', :'m', '10 USD', 'ROLL'), 'release_part roll', 'and roll the rest on');
SELECT pg_temp.check_dry('clara', 'dispute_open', format('%L, %L, %L, %L, %L', :'b', :'m', '100 USD', 'QUALITY', 'It is not as it should be.'), 'dispute_freeze', 'open a dispute');
SELECT pg_temp.as_person('clara', format('SELECT skillancer_api.milestone_release_part(%L, %L, %L)', :'m', '100 USD', 'REFUND')) \g /dev/null
SELECT r.id AS change FROM skillancer.change_request r WHERE r.booking_id::uuid = :'b' AND r.state = 'PENDING' \gset
SELECT pg_temp.check_dry('felix', 'change_request_accept', format('%L', :'change'), 'refund', 'give the rest back, as the client asks');
SELECT pg_temp.as_person('felix', format('SELECT skillancer_api.milestone_submit(%L, %L)', :'m', 'done')) \g /dev/null
SELECT pg_temp.check_dry('clara', 'milestone_approve', format('%L', :'m'), 'release', 'approve');

-- a dispute and its ends
SELECT pg_temp.as_person('clara', format('SELECT skillancer_api.dispute_open(%L, %L, %L, %L, %L)', :'b', :'m', '100 USD', 'QUALITY', 'It is not as it should be.')) #>> '{body,id}' AS d \gset
SELECT pg_temp.check_dry('clara', 'dispute_withdraw', format('%L', :'d'), 'dispute_return', 'withdraw it');
SELECT pg_temp.as_person('felix', format('SELECT skillancer_api.dispute_reply(%L, %L)', :'d', 'It is as we agreed on, I think.')) \g /dev/null
SELECT pg_temp.check_dry('felix', 'dispute_offer', format('%L, %L', :'d', '40 USD'), '', 'offer a part');
SELECT pg_temp.as_person('felix', format('SELECT skillancer_api.dispute_offer(%L, %L)', :'d', '40 USD')) \g /dev/null
SELECT pg_temp.check_dry('clara', 'dispute_accept_offer', format('%L, %L', :'d', '40 USD'), 'dispute_split', 'accept the offer');
SELECT pg_temp.add_person('sue', 'SUPPORT'), pg_temp.as_person('clara', format('SELECT skillancer_api.dispute_escalate(%L)', :'d')) \g /dev/null
SELECT pg_temp.check_dry('sue', 'dispute_resolve', format('%L, %L, %L', :'d', '50 USD', 'Both have a point here.'), 'dispute_split', 'decide');
SELECT pg_temp.as_person('sue', format('SELECT skillancer_api.dispute_propose_split(%L, %L, %L)', :'d', '50 USD', 'Both have a point here.')) \g /dev/null
SELECT pg_temp.check_dry('clara', 'dispute_accept_split', format('%L', :'d'), '', 'accept the split first');
SELECT pg_temp.as_person('felix', format('SELECT skillancer_api.dispute_accept_split(%L)', :'d')) \g /dev/null
SELECT pg_temp.check_dry('clara', 'dispute_accept_split', format('%L', :'d'), 'dispute_split', 'and last');
SELECT pg_temp.as_person('clara', format('SELECT skillancer_api.dispute_accept_split(%L)', :'d')), pg_temp.as_person('clara', format('SELECT skillancer_api.milestone_approve(%L)', :'m')),
	pg_temp.later('6 days'), pg_temp.due() \g /dev/null

-- after the release
SELECT pg_temp.check_dry('felix', 'milestone_give_back', format('%L, %L', :'m', '10 USD'), 'give_back', 'give back');
SELECT pg_temp.check_dry('clara', 'tip_create', format('%L, %L', :'b', '5 USD'), 'tip', 'a tip');
SELECT pg_temp.as_person('clara', format('SELECT skillancer_api.charge_create(%L, %L)', '100 USD', :'card')) #>> '{body,id}' AS top \gset
SELECT pg_temp.check_dry('clara', 'refund_create', format('%L, %L', :'top', '10 USD'), 'card_refund card_refund_paid', 'back to the card');
SELECT pg_temp.method('felix', 'PAYOUT', 'tok_bank_success') AS bank \gset
SELECT pg_temp.later('4 days') \g /dev/null
SELECT pg_temp.check_dry('felix', 'payout_create', format('%L, %L', '100 USD', :'bank'), 'payout', 'a payout');
SELECT pg_temp.as_person('felix', format('SELECT skillancer_api.payout_create(%L, %L)', '100 USD', :'bank')) #>> '{body,id}' AS po \gset
SELECT pg_temp.check_dry('felix', 'payout_cancel', format('%L', :'po'), 'payout_returned', 'taken back');

-- exchange, connects
SELECT pg_temp.as_person('fin', $$SELECT skillancer_api.fx_rate_create('USD', 'EUR', 0.9, 'a bank', NULL, true)$$) \g /dev/null
SELECT pg_temp.as_person('clara', $$SELECT skillancer_api.conversion_preview('USD', 'EUR', 20, 'SELL')$$) ->> 'quote' AS quote \gset
SELECT pg_temp.check_dry('clara', 'conversion_create', format('%L', :'quote'), 'conversion', 'exchange');
SELECT pg_temp.check_dry('felix', 'connects_purchase', format('10, %L', pg_temp.method('felix', 'PAYMENT', 'tok_success')), 'charge charge_cost connects_bought', 'buy connects');
SELECT pg_temp.check_dry('fin', 'user_give_connects', format('%L, 5, %L', pg_temp.person('felix'), 'welcome to us'), 'connects_granted', 'give connects');
SELECT skillancer.import_begin('test') \g /dev/null
INSERT INTO skillancer.project (id, client_id, title, description, budget_kind, budget_min, budget_max, state, published_at)
VALUES (skillancer.new_id()::skillancer.project_id, pg_temp.person('clara')::skillancer.user_id, 'A project', 'What has to be done for it', 'FIXED', '500 USD', '500 USD', 'OPEN', skillancer.now())
	RETURNING id AS project \gset
SELECT pg_temp.check_dry('felix', 'proposal_create', format('%L, %L, %L', :'project', repeat('I have done this many times before. ', 3), '500 USD'), 'connects_granted connects_used', 'propose');
SELECT pg_temp.as_person('felix', format('SELECT skillancer_api.proposal_create(%L, %L, %L)', :'project', repeat('I have done this many times before. ', 3), '500 USD')) #>> '{body,id}' AS proposal \gset
SELECT pg_temp.check_dry('felix', 'proposal_withdraw', format('%L', :'proposal'), 'connects_returned', 'withdraw');
SELECT pg_temp.check_dry('clara', 'project_cancel', format('%L', :'project'), 'connects_returned', 'cancel a project');

-- finance
SELECT pg_temp.check_dry('fin', 'capital_contribute', format('%L, %L', '100 USD', 'share capital'), 'capital', 'capital');
SELECT pg_temp.as_person('fin', format('SELECT skillancer_api.capital_contribute(%L, %L)', '100 USD', 'share capital')) \g /dev/null
SELECT pg_temp.check_dry('fin', 'posting_reverse', format('%s, %L', (SELECT max(t.id) FROM skillancer.ledger_txn t WHERE t.kind = 'capital'), 'a good reason'), 'reversal', 'take a posting back');
SELECT pg_temp.check_dry('fin', 'adjustment_create', format('%L, %L', 'A bank fee', '[{"account": "bank_operating", "credit": {"amount": "3.00", "currency": "USD"}}, {"account": "expense_psp", "debit": {"amount": "3.00", "currency": "USD"}}]'),
	'', 'propose a posting by hand');
SELECT pg_temp.as_person('fin', format('SELECT skillancer_api.adjustment_create(%L, %L)', 'A bank fee',
	'[{"account": "bank_operating", "credit": {"amount": "3.00", "currency": "USD"}}, {"account": "expense_psp", "debit": {"amount": "3.00", "currency": "USD"}}]')) #>> '{body,id}' AS adjustment \gset
SELECT pg_temp.check_dry('fay', 'adjustment_approve', format('%L', :'adjustment'), 'adjustment', 'approve it');
SELECT skillancer.set_identity(NULL), skillancer.chargeback_open(c.id, c.amount, '0 USD', 'dry') FROM skillancer.charge c WHERE c.milestone_id::uuid = :'m' AND c.state = 'CAPTURED' \g /dev/null
SELECT skillancer.ledger_post('chargeback_freeze', 'dry:debt', NULL, '{freelancer_receivable,expense_writeoff}', ARRAY[pg_temp.person('felix'), NULL]::uuid[], '{NULL,NULL}', '{NULL,NULL}', '{5000,-5000}', 'USD') \g /dev/null
SELECT pg_temp.check_dry('fin', 'debt_write_off', format('%L, %L, %L', pg_temp.person('felix'), '10 USD', 'He is gone'), '', 'propose to write a debt off');
SELECT pg_temp.check_dry('fin', 'period_close', $$'2020-01-31'$$, '', 'close the books');

-- nothing is left out
SELECT is_empty($$
	SELECT r.function FROM skillancer.route r
	JOIN pg_proc p ON p.proname = r.function AND p.pronamespace = 'skillancer_api'::regnamespace AND p.prosrc LIKE '%skillancer.dry_run(%'
	EXCEPT SELECT t.function FROM tried t $$, 'every route that can undo what it posted is tried here');
SELECT ok(pg_temp.books_in_order(), 'the books are in order');
SELECT * FROM finish();
ROLLBACK;
