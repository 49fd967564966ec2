-- money_fx.sql
--	Exchange: rates, quotes, conversions (T15), open positions, the owners' capital.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
\ir ../lib/market.sql
SELECT plan(52);

SELECT pg_temp.add_person('clara', 'CLIENT'), pg_temp.add_person('carl', 'CLIENT'), pg_temp.add_person('otto', 'FREELANCER'),
	pg_temp.add_person('fin', 'FINANCE'), pg_temp.add_person('sue', 'SUPPORT') \g /dev/null
CREATE FUNCTION pg_temp.wallet(p_person text, p_currency text) RETURNS bigint LANGUAGE sql STABLE AS $$
	SELECT coalesce(sum(a.balance), 0)::bigint FROM skillancer.ledger_account a
	WHERE a.owner = pg_temp.person(p_person) AND a.class = 'client_wallet' AND a.currency = p_currency
$$;
CREATE FUNCTION pg_temp.legs(p_kind text, p_ref uuid) RETURNS text LANGUAGE sql STABLE AS $$
	SELECT string_agg(format('%s %s', a.class, skillancer.monetary_of(e.amount, e.currency)), ', ' ORDER BY e.leg)
	FROM skillancer.ledger_txn t
	JOIN skillancer.ledger_entry e ON e.txn = t.id
	JOIN skillancer.ledger_account a ON a.id = e.account
	WHERE t.kind = p_kind AND t.ref = p_ref
$$;
CREATE FUNCTION pg_temp.rate(p_person text, p_base text, p_quote text, p_rate numeric, p_confirm boolean DEFAULT false) RETURNS text LANGUAGE sql AS $$
	SELECT pg_temp.as_person(p_person, format('SELECT skillancer_api.fx_rate_create(%L, %L, %s, %L, NULL, %L)', p_base, p_quote, p_rate, 'a bank', p_confirm)) ->> 'status'
$$;
CREATE FUNCTION pg_temp.preview(p_person text, p_from text, p_to text, p_amount numeric, p_side text DEFAULT 'SELL') RETURNS jsonb LANGUAGE sql AS $$
	SELECT pg_temp.as_person(p_person, format('SELECT skillancer_api.conversion_preview(%L, %L, %s, %L)', p_from, p_to, p_amount, p_side))
$$;

-- rates
SELECT is(pg_temp.refusal('clara', 'SELECT skillancer_api.conversion_preview(''EUR'', ''USD'', 10)'), 'SK411', 'the shipped rates are too old for a conversion');
SELECT is(pg_temp.refusal('clara', 'SELECT skillancer_api.conversion_preview(''EUR'', ''ISK'', 10)'), 'SK411', 'some pairs have no rate at all');
SELECT is(pg_temp.refusal('clara', 'SELECT skillancer_api.fx_rate_create(''EUR'', ''USD'', 1.1, ''me'')'), 'SK003', 'a client sets no rates');
SELECT is(pg_temp.rate('sue', 'EUR', 'USD', 1.1), '403', 'nor does support');
SELECT is((SELECT count(*) FROM skillancer.audit a WHERE a.action = 'fx.rate_set_denied' AND a.actor_id = pg_temp.person('sue')), 1::bigint, 'which is in the audit log');
SELECT is(pg_temp.rate('fin', 'EUR', 'USD', 1.0869565217), '201', 'finance does');
SELECT is((SELECT a.after ->> 'rate' FROM skillancer.audit a WHERE a.action = 'fx.rate_set' AND a.actor_id = pg_temp.person('fin')), '1.0869565217', 'that, too');
SELECT is(pg_temp.refusal('fin', 'SELECT skillancer_api.fx_rate_create(''EUR'', ''USD'', 1.0869565217, ''a bank'')'), 'SK005', 'not two of one pair and time');
SELECT pg_temp.later('1 minute') \g /dev/null
SELECT is(pg_temp.refusal('fin', 'SELECT skillancer_api.fx_rate_create(''EUR'', ''USD'', 10.869565217, ''a bank'')'), 'SK001', 'a rate that is far off is asked about');
SELECT is(pg_temp.rate('fin', 'EUR', 'USD', 10, true), '201', 'and taken when it is confirmed');
SELECT pg_temp.later('1 minute') \g /dev/null
SELECT is(pg_temp.rate('fin', 'EUR', 'USD', 1.0869565217, true), '201', 'back again');
SELECT is(pg_temp.refusal('fin', 'SELECT skillancer_api.fx_rate_create(''EUR'', ''EUR'', 1, ''a bank'')'), 'SK001', 'a pair has two currencies');
SELECT is(pg_temp.refusal('fin', 'SELECT skillancer_api.fx_rate_create(''XCN'', ''USD'', 1, ''a bank'')'), 'SK001', 'connects are not exchanged');
SELECT is(pg_temp.refusal('fin', 'SELECT skillancer_api.fx_rate_create(''GBP'', ''USD'', 0, ''a bank'')'), 'SK001', 'a rate is not zero');
SELECT throws_ok($$ UPDATE skillancer.fx_rate SET rate = 2 $$, 'SK405', NULL, 'rates are not changed');
SELECT is(pg_temp.as_person('clara', 'SELECT skillancer_api.fx_rate_list()') #>> '{spreadBps}', '50', 'everybody sees rates and spread');

-- a quote and its conversion
SELECT skillancer.ledger_post('TEST', 'euros', NULL, '{bank_trust,client_wallet}', ARRAY[NULL, pg_temp.person('clara')], '{NULL,NULL}', '{NULL,NULL}', '{100000,-100000}', 'EUR') \g /dev/null
SELECT pg_temp.preview('clara', 'EUR', 'USD', 1000.00, 'BUY') AS quote \gset
SELECT is(:'quote'::jsonb - 'quote' - 'expiresAt' - 'rateAt', '{"sold": {"amount": "924.60", "currency": "EUR"}, "spread": {"amount": "4.60", "currency": "EUR"},
	"bought": {"amount": "1000.00", "currency": "USD"}, "rate": "1.0869565217", "spreadBps": 50}'::jsonb, 'a quote shows everything: 1,000.00 USD for 920.00 EUR and 4.60');
SELECT is(pg_temp.preview('clara', 'EUR', 'USD', 924.60) #>> '{bought,amount}', '1000.00', 'and the other way round');
SELECT is(pg_temp.refusal('carl', format('SELECT skillancer_api.conversion_create(%L)', :'quote'::jsonb ->> 'quote')), 'SK001', 'a quote is for who asked');
SELECT is(pg_temp.refusal('clara', format('SELECT skillancer_api.conversion_create(%L)', translate(:'quote'::jsonb ->> 'quote', 'abc', 'bca'))), 'SK001', 'and not to be made up');
SELECT is(pg_temp.as_person('clara', format('SELECT skillancer_api.conversion_create(%L, true)', :'quote'::jsonb ->> 'quote')) #>> '{body,postings,-1,kind}', 'conversion', 'a dry run shows the posting');
SELECT is(pg_temp.wallet('clara', 'USD'), 0::bigint, 'and moves nothing');
SELECT pg_temp.as_person('clara', format('SELECT skillancer_api.conversion_create(%L)', :'quote'::jsonb ->> 'quote')) AS made \gset
SELECT is(:'made'::jsonb ->> 'status', '201', 'it is taken');
SELECT is(pg_temp.legs('conversion', (:'made'::jsonb #>> '{body,id}')::uuid),
	'client_wallet 924.60 EUR, fx_position -920.00 EUR, revenue_fx -4.60 EUR, fx_position 1000.00 USD, client_wallet -1000.00 USD', 'T15');
SELECT is(pg_temp.refusal('clara', format('SELECT skillancer_api.conversion_create(%L)', :'quote'::jsonb ->> 'quote')), 'SK005', 'once');
SELECT is(pg_temp.wallet('clara', 'EUR'), 7540::bigint, 'euros went');
SELECT is(pg_temp.wallet('clara', 'USD'), 100000::bigint, 'dollars came');
SELECT throws_ok($$ DELETE FROM skillancer.conversion $$, 'SK405', NULL, 'conversions are not changed');
SELECT pg_temp.preview('clara', 'EUR', 'USD', 75.40) AS rest \gset
SELECT pg_temp.later('3 minutes') \g /dev/null
SELECT is(pg_temp.refusal('clara', format('SELECT skillancer_api.conversion_create(%L)', :'rest'::jsonb ->> 'quote')), 'SK009', 'a quote expires');
SELECT pg_temp.preview('clara', 'EUR', 'USD', 75.41) AS much \gset
SELECT is(pg_temp.refusal('clara', format('SELECT skillancer_api.conversion_create(%L)', :'much'::jsonb ->> 'quote')), 'SK401', 'one cannot sell what one has not');
SELECT is(jsonb_array_length(pg_temp.body(pg_temp.as_person('clara', 'SELECT skillancer_api.conversion_list()'))), 1, 'conversions are listed');
SELECT is(jsonb_array_length(pg_temp.body(pg_temp.as_person('carl', 'SELECT skillancer_api.conversion_list()'))), 0, 'to their owner');

-- inverse and cross rates
SELECT is(pg_temp.rate('fin', 'USD', 'JPY', 150), '201', 'a rate of the pivot');
SELECT is(pg_temp.preview('clara', 'JPY', 'USD', 15000) #>> '{rate}', '0.0066666667', 'is used the other way round');
SELECT is(pg_temp.preview('clara', 'EUR', 'JPY', 100.50) #>> '{rate}', '163.0434782550', 'and crossed with another');
SELECT is(pg_temp.preview('clara', 'EUR', 'JPY', 100.50) #>> '{bought,amount}', '16304', 'in whole yen');
SELECT is(pg_temp.refusal('clara', 'SELECT skillancer_api.conversion_preview(''JPY'', ''EUR'', 0.5)'), 'SK001', 'half a yen is no amount');
SELECT is(pg_temp.refusal('clara', 'SELECT skillancer_api.conversion_preview(''EUR'', ''EUR'', 5)'), 'SK001', 'there is nothing to convert');
SELECT pg_temp.later('24 hours') \g /dev/null
SELECT is(pg_temp.refusal('clara', 'SELECT skillancer_api.conversion_preview(''EUR'', ''USD'', 10)'), 'SK411', 'yesterday''s rate is not good any more');

-- positions, and paying in another currency: convert, then fund
SELECT is(pg_temp.rate('fin', 'EUR', 'USD', 1.1), '201', 'the euro has risen');
SELECT is((SELECT p.position FROM skillancer.fx_open_position p WHERE p.currency = 'USD'), '1000.00 USD'::skillancer.monetary, 'the dollar position');
SELECT is(pg_temp.as_person('fin', 'SELECT skillancer_api.fx_positions()') #>> '{value,amount}', '-12.00', 'the positions together have lost 12.00 USD');
SELECT pg_temp.book('deal', 'clara', 'otto', '900.00 USD') \g /dev/null
SELECT is(pg_temp.as_person('clara', format('SELECT skillancer_api.milestone_fund(%L)', pg_temp.thing('deal/1'))) ->> 'status', '200', 'converted money pays a booking');

-- coverage: the provider's cost comes before the fees, so a young marketplace needs money of its own
SELECT pg_temp.as_person('carl', format('SELECT skillancer_api.charge_create(''100.00 GBP'', %L)', pg_temp.method('carl', 'PAYMENT', 'tok_success'))) \g /dev/null
SELECT is((SELECT c.covered FROM skillancer.escrow_coverage c WHERE c.currency = 'GBP'), false, 'the cost of a charge is not covered at first');
SELECT skillancer.set_identity(pg_temp.person('fin')), skillancer.contribute_capital('50.00 GBP', 'share capital') \g /dev/null
SELECT is((SELECT c.surplus FROM skillancer.escrow_coverage c WHERE c.currency = 'GBP'), '46.80 GBP'::skillancer.monetary, 'the owners'' money covers it');
SELECT is((SELECT c.covered FROM skillancer.escrow_coverage c WHERE c.currency = 'USD'), true, 'what is owed in dollars lies in euros');
SELECT is(pg_temp.as_person('fin', 'SELECT skillancer_api.capital_contribute(''500.00 EUR'', ''share capital'', true)') #>> '{body,postings,-1,kind}', 'capital', 'what the owners would pay in');
SELECT is((SELECT count(*) FROM skillancer.ledger_txn t JOIN skillancer.ledger_entry e ON e.txn = t.id WHERE t.kind = 'capital' AND e.currency = 'EUR'), 0::bigint, 'is not booked by a dry run');
SELECT is(pg_temp.as_person('fin', 'SELECT skillancer_api.capital_contribute(''500.00 EUR'', ''share capital'')') ->> 'status', '201', 'the owners pay in');
SELECT is((SELECT t.balance FROM skillancer.trial_balance t WHERE t.class = 'platform_capital' AND t.currency = 'EUR'), '-500.00 EUR'::skillancer.monetary, 'as capital');
SELECT is(pg_temp.refusal('clara', 'SELECT skillancer_api.capital_contribute(''500.00 EUR'', ''share capital'')'), 'SK003', 'a client does not');
SELECT is((SELECT count(*) FROM skillancer.ledger_violation), 0::bigint, 'no invariant is broken');
SELECT * FROM finish();
ROLLBACK;
