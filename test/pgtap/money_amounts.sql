-- money_amounts.sql
--	Amounts that are none, in SQL: texts that the type refuses, and amounts that the commands refuse. The largest one
--	there is meets its fee without wrapping round.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
\ir ../lib/market.sql
SELECT plan(22);

SELECT pg_temp.add_person('clara', 'CLIENT'), pg_temp.add_person('felix', 'FREELANCER') \g /dev/null
SELECT pg_temp.book('job', 'clara', 'felix', '100 USD'), pg_temp.fund('clara', 'job/1') \g /dev/null
SELECT pg_temp.remember('card', pg_temp.method('clara', 'PAYMENT', 'tok_success')) \g /dev/null

-- SQLSTATE of a charge of a text as amount.
CREATE FUNCTION pg_temp.charge(p_amount text) RETURNS text LANGUAGE sql AS $$
	SELECT pg_temp.refusal('clara', format('SELECT skillancer_api.charge_create(%L, %L)', p_amount, pg_temp.thing('card')))
$$;
CREATE FUNCTION pg_temp.part(p_amount text) RETURNS text LANGUAGE sql AS $$
	SELECT pg_temp.refusal('clara', format('SELECT skillancer_api.milestone_release_part(%L, %L)', pg_temp.thing('job/1'), p_amount))
$$;

SELECT is((SELECT string_agg(a || ': ' || pg_temp.charge(a), ', ') FROM unnest(ARRAY['', 'USD', '1', '1e3 USD', 'NaN USD', 'Infinity USD', '1 usd', '1 XXQ',
	'١ USD', '1 000 USD', '1,5 USD', '0x10 USD', '--1 USD', '1..0 USD']) a
	WHERE pg_temp.charge(a) <> '22P02'), NULL, 'what is no amount is invalid text');
SELECT is((SELECT string_agg(a || ': ' || pg_temp.charge(a), ', ') FROM unnest(ARRAY['92233720368547758.08 USD', '-92233720368547758.09 USD', '99999999999999999999999 JPY']) a
	WHERE pg_temp.charge(a) <> '22003'), NULL, 'what is too large is out of range');
SELECT is((SELECT string_agg(a || ': ' || pg_temp.charge(a), ', ') FROM unnest(ARRAY['0.001 USD', '1.5 JPY', '1.0001 BHD', '1.00000 EUR']) a
	WHERE pg_temp.charge(a) NOT IN ('22P02', '22003')), NULL, 'more digits than the currency has are refused');
SELECT is((SELECT string_agg(a || ': ' || pg_temp.charge(a), ', ') FROM unnest(ARRAY['0 USD', '-0 USD', '-1 USD', '-92233720368547758.08 USD', '92233720368547758.07 USD']) a
	WHERE pg_temp.charge(a) <> 'SK001'), NULL, 'nothing, less than nothing and more than the limit are problems of the field');
SELECT is(pg_temp.charge(NULL), 'SK001', 'and so is no amount');
SELECT is((SELECT string_agg(a || ': ' || pg_temp.part(a), ', ') FROM unnest(ARRAY['0 USD', '-5 USD', '5 EUR', '500 JPY', NULL]) a
	WHERE pg_temp.part(a) <> 'SK001'), NULL, 'the same of a part, and of another currency');
SELECT is(pg_temp.part('100 USD'), 'SK401', 'a part is less than the whole');
SELECT is(pg_temp.part('100.01 USD'), 'SK401', 'and not more');
SELECT is(pg_temp.balance('escrow', NULL, pg_temp.thing('job/1')), 100.00, 'nothing has moved');

-- the largest amount there is
SELECT throws_ok($$ SELECT '92233720368547758.07 USD'::skillancer.monetary + '0.01 USD' $$, '22003', NULL, 'one cent more is out of range');
SELECT throws_ok($$ SELECT -'-92233720368547758.08 USD'::skillancer.monetary $$, '22003', NULL, 'so is the other end, negated');
SELECT throws_ok($$ SELECT '92233720368547758.07 USD'::skillancer.monetary * 2 $$, '22003', NULL, 'so is its double');
SELECT throws_ok($$ SELECT '1 USD'::skillancer.monetary + '1 EUR' $$, NULL, NULL, 'currencies are not added');
SELECT lives_ok($$ SELECT skillancer.fee_step(1, 'SERVICE', '0 USD', '92233720368547758.07 USD') $$, 'its fee is computed');
SELECT throws_ok($$ SELECT skillancer.fee_step(1, 'SERVICE', '0.01 USD', '92233720368547758.07 USD') $$, '22003', NULL, 'with a cent billed before it is out of range');
SELECT throws_ok($$ SELECT skillancer.fee_step(1, 'SERVICE', '-1 USD', '5 USD') $$, NULL, NULL, 'less than nothing was billed before');
UPDATE skillancer.policy SET value = '9223372036854775807' WHERE key = 'maxCharge';
SELECT pg_temp.book('huge', 'clara', 'felix', '92233720368547758.07 USD') \g /dev/null
SELECT is(pg_temp.refusal('clara', format('SELECT skillancer_api.milestone_fund(%L, %L)', pg_temp.thing('huge/1'), pg_temp.thing('card'))), '22003',
	'the largest amount and its fee are out of range');
SELECT is(pg_temp.charge('92233720368547758.07 USD'), 'none', 'alone it goes into the wallet');
SELECT is(pg_temp.charge('0.01 USD'), '22003', 'where there is no room for one cent more');
SELECT is(pg_temp.balance('client_wallet', pg_temp.person('clara')), 92233720368547758.07, 'it is as it was');
SELECT throws_ok($$ SELECT skillancer.ledger_post('TEST', 'wrap', NULL, '{bank_trust,bank_operating,psp_clearing}', '{NULL,NULL,NULL}', '{NULL,NULL,NULL}',
	'{NULL,NULL,NULL}', '{9223372036854775807,9223372036854775807,2}', 'USD') $$, '22003', NULL, 'legs that would wrap round to nothing are out of range');
SELECT ok(pg_temp.books_in_order(), 'the books are in order');

SELECT * FROM finish();
ROLLBACK;
