-- money_adjustments.sql
--	Postings by hand: two people, nobody about himself, an expiry, an audit row for each step; and large reversals.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
\ir ../lib/market.sql
SELECT plan(39);

SELECT pg_temp.add_person('clara', 'CLIENT'), pg_temp.add_person('fin', 'FINANCE'), pg_temp.add_person('fay', 'FINANCE', 'CLIENT'),
	pg_temp.add_person('adam', 'ADMIN'), pg_temp.add_person('ana', 'ANALYST'), pg_temp.add_person('stella', 'SUPPORT') \g /dev/null
CREATE FUNCTION pg_temp.usr(p_name text) RETURNS text LANGUAGE sql AS $$ SELECT p.id::text FROM person p WHERE p.name = p_name $$;
CREATE FUNCTION pg_temp.gift(p_user text, p_amount text DEFAULT '25.00') RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_build_array(jsonb_build_object('account', 'expense_writeoff', 'debit', jsonb_build_object('amount', p_amount, 'currency', 'USD')),
		jsonb_build_object('account', 'client_wallet', 'userId', pg_temp.usr(p_user), 'credit', jsonb_build_object('amount', p_amount, 'currency', 'USD')))
$$;
-- what staff are told: the body, or the status of a refusal that leaves a trace
CREATE FUNCTION pg_temp.desk(p_who text, p_query text) RETURNS jsonb LANGUAGE sql AS
	$$ SELECT CASE WHEN (r ->> 'status')::int >= 400 THEN r -> 'status' ELSE r -> 'body' END FROM pg_temp.as_person(p_who, p_query) r $$;
CREATE FUNCTION pg_temp.propose(p_legs jsonb, p_reason text DEFAULT 'A mistake of ours') RETURNS text LANGUAGE sql AS
	$$ SELECT format('SELECT skillancer_api.adjustment_create(%L, %L)', p_reason, p_legs) $$;
CREATE FUNCTION pg_temp.proposed(p_who text, p_legs jsonb) RETURNS uuid LANGUAGE sql AS
	$$ SELECT pg_temp.remember('adj', (pg_temp.as_person(p_who, pg_temp.propose(p_legs)) #>> '{body,id}')::uuid) $$;
CREATE FUNCTION pg_temp.approve(p_dry text DEFAULT 'false') RETURNS text LANGUAGE sql AS
	$$ SELECT format('SELECT skillancer_api.adjustment_approve(%L, NULL, %s)', pg_temp.thing('adj'), p_dry) $$;
CREATE FUNCTION pg_temp.reject() RETURNS text LANGUAGE sql AS
	$$ SELECT format('SELECT skillancer_api.adjustment_reject(%L, %L)', pg_temp.thing('adj'), 'Not like this') $$;

-- who, and what
SELECT is(pg_temp.refusal('clara', pg_temp.propose(pg_temp.gift('clara'))), 'SK003', 'a client proposes nothing');
SELECT is(pg_temp.desk('stella', pg_temp.propose(pg_temp.gift('clara'))), '403', 'nor does support');
SELECT is(pg_temp.desk('ana', pg_temp.propose(pg_temp.gift('clara'))), '403', 'nor an analyst');
SELECT is(pg_temp.refusal('fin', pg_temp.propose('[]')), 'SK001', 'there are legs');
SELECT is(pg_temp.refusal('fin', pg_temp.propose('{}')), 'SK001', 'in a list');
SELECT is(pg_temp.refusal('fin', pg_temp.propose(pg_temp.gift('clara'), 'x')), 'SK001', 'with a reason');
SELECT is(pg_temp.refusal('fin', pg_temp.propose(pg_temp.gift('clara', '0.00'))), 'SK001', 'about more than nothing');
SELECT is(pg_temp.refusal('fin', pg_temp.propose(pg_temp.gift('clara', '-5.00'))), 'SK001', 'not less');
SELECT is(pg_temp.refusal('fin', pg_temp.propose(pg_temp.gift('clara', 'NaN'))), 'SK001', 'in numbers');
SELECT is(pg_temp.refusal('fin', pg_temp.propose(jsonb_set(pg_temp.gift('clara'), '{0,debit,amount}', '"24.99"'))), 'SK001', 'that add up');
SELECT is(pg_temp.refusal('fin', pg_temp.propose(jsonb_set(pg_temp.gift('clara'), '{0,debit,currency}', '"EUR"'))), 'SK001', 'in each currency');
SELECT is(pg_temp.refusal('fin', pg_temp.propose(jsonb_set(pg_temp.gift('clara'), '{0,account}', '"escrow"'))), 'SK001', 'not of escrow');
SELECT is(pg_temp.refusal('fin', pg_temp.propose(jsonb_set(pg_temp.gift('clara'), '{1,userId}', '"me"'))), 'SK001', 'of a user');
SELECT is(pg_temp.refusal('fin', pg_temp.propose(pg_temp.gift('clara') #- '{1,userId}')), 'SK001', 'where it has one');
SELECT is(pg_temp.refusal('fin', pg_temp.propose(jsonb_set(pg_temp.gift('clara'), '{0,userId}', to_jsonb(pg_temp.usr('clara'))))), 'SK001', 'and not where it has none');
SELECT is(pg_temp.refusal('fay', pg_temp.propose(pg_temp.gift('fay'))), 'SK001', 'nobody proposes for himself');

-- two people
SELECT isnt(pg_temp.proposed('fin', pg_temp.gift('clara')), NULL, 'finance proposes');
SELECT is(pg_temp.balance('client_wallet', pg_temp.person('clara')), 0::numeric, 'nothing is posted yet');
SELECT is(pg_temp.desk('fin', pg_temp.approve()), '403', 'who proposed does not approve');
SELECT is(pg_temp.refusal('clara', pg_temp.approve()), 'SK003', 'nor does a client');
SELECT ok(pg_temp.desk('fay', pg_temp.approve('true')) -> 'postings' @> '[{"kind": "adjustment"}]', 'a dry run shows the posting');
SELECT is(pg_temp.desk('fay', pg_temp.approve()) ->> 'state', 'POSTED', 'a second one does');
SELECT is(pg_temp.entries('adjustment', pg_temp.thing('adj')), 'client_wallet -25.00 USD, expense_writeoff 25.00 USD', 'as proposed');
SELECT is(pg_temp.refusal('adam', pg_temp.approve()), 'SK004', 'once');
SELECT is((SELECT string_agg(a.action, ' ' ORDER BY a.action) FROM skillancer.audit a WHERE a.object_id = pg_temp.thing('adj')), 'adjustment.approve adjustment.approve_denied adjustment.propose', 'all steps are audited');
SELECT is((SELECT t.reason FROM skillancer.ledger_txn t WHERE t.ref = pg_temp.thing('adj')), 'A mistake of ours', 'the posting has the reason');
SELECT pg_temp.proposed('fin', pg_temp.gift('fay')) \g /dev/null
SELECT is(pg_temp.refusal('fay', pg_temp.approve()), 'SK003', 'nobody approves what goes to himself');
SELECT is(pg_temp.desk('adam', pg_temp.reject()) ->> 'note', 'Not like this', 'it is rejected');
SELECT pg_temp.proposed('fin', pg_temp.gift('clara')) \g /dev/null
SELECT is(pg_temp.desk('fin', pg_temp.reject()) ->> 'state', 'REJECTED', 'who proposed takes it back');
SELECT pg_temp.proposed('fin', pg_temp.gift('clara')), pg_temp.later('7 days 1 second'), pg_temp.due() \g /dev/null
SELECT is((SELECT a.state FROM skillancer.adjustment a WHERE a.id = pg_temp.thing('adj')), 'EXPIRED', 'after seven days it is too late');
SELECT is(jsonb_array_length(pg_temp.body(pg_temp.as_person('fin', 'SELECT skillancer_api.adjustment_list()'))), 4, 'finance lists them');
SELECT is(pg_temp.refusal('stella', 'SELECT skillancer_api.adjustment_list()'), 'SK003', 'support does not');

-- reversals: small ones at once, large ones by two
SELECT skillancer.ledger_post('TEST', 'small', NULL, '{bank_operating,bank_trust}', '{NULL,NULL}', '{NULL,NULL}', '{NULL,NULL}', '{10000,-10000}', 'USD') AS small,
	skillancer.ledger_post('TEST', 'large', NULL, '{bank_operating,bank_trust}', '{NULL,NULL}', '{NULL,NULL}', '{NULL,NULL}', '{10001,-10001}', 'USD') AS large \gset
SELECT is(pg_temp.as_person('fin', format('SELECT skillancer_api.posting_reverse(%s, %L)', :small, 'the wrong bank')) ->> 'status', '201', 'a small one at once');
SELECT pg_temp.as_person('fin', format('SELECT skillancer_api.posting_reverse(%s, %L)', :large, 'the wrong bank')) AS reply \gset
SELECT is((:'reply'::jsonb) ->> 'status', '202', 'a large one waits');
SELECT pg_temp.remember('adj', (:'reply'::jsonb #>> '{body,id}')::uuid) \g /dev/null
SELECT is((SELECT count(*) FROM skillancer.ledger_txn t WHERE t.reverses = :large), 0::bigint, 'for a second person');
SELECT is(pg_temp.desk('adam', pg_temp.approve()) ->> 'state', 'POSTED', 'who approves');
SELECT is((SELECT count(*) FROM skillancer.ledger_txn t WHERE t.reverses = :large), 1::bigint, 'then it is taken back');
SELECT ok(pg_temp.books_in_order(), 'the books are in order');
SELECT is_empty($$ SELECT * FROM skillancer.ledger_violation WHERE invariant <> 12 $$, 'and break no invariant');
SELECT * FROM finish();
ROLLBACK;
