-- money_payouts.sql
--	Who may be paid out and how much at once, and payouts that ask for themselves: once a period, whatever happens.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
\ir ../lib/market.sql
SELECT plan(44);

SELECT pg_temp.add_person('felix', 'FREELANCER'), pg_temp.add_person('sam', 'FREELANCER'), pg_temp.add_person('clara', 'CLIENT'),
	pg_temp.add_person('ada', 'ADMIN') \g /dev/null
-- money out of nowhere, that is, out of the bank
CREATE FUNCTION pg_temp.earn(p_person text, p_class text, p_minor bigint, p_currency text DEFAULT 'USD') RETURNS bigint LANGUAGE sql AS $$
	SELECT skillancer.ledger_post('TEST', skillancer.new_id()::text, NULL, ARRAY['bank_trust', p_class], ARRAY[NULL, pg_temp.person(p_person)],
		'{NULL,NULL}', '{NULL,NULL}', CASE p_class WHEN 'freelancer_receivable' THEN ARRAY[-p_minor, p_minor] ELSE ARRAY[p_minor, -p_minor] END, p_currency)
$$;
CREATE FUNCTION pg_temp.request(p_person text, p_amount text, p_method text DEFAULT 'bank') RETURNS text LANGUAGE sql AS $$
	SELECT pg_temp.refusal(p_person, format('SELECT skillancer_api.payout_create(%L, %L)', p_amount, pg_temp.thing(p_method)))
$$;
CREATE FUNCTION pg_temp.payouts(p_person text) RETURNS bigint LANGUAGE sql AS $$
	SELECT count(*) FROM skillancer.payout p WHERE p.user_id::uuid = pg_temp.person(p_person)
$$;
CREATE FUNCTION pg_temp.follow() RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
	PERFORM skillancer.set_identity(NULL);
	RETURN skillancer.follow_payout_schedules();
END
$$;
CREATE FUNCTION pg_temp.standing(p_person text, p_command text) RETURNS jsonb LANGUAGE sql AS $$
	SELECT pg_temp.as_person('ada', format('SELECT skillancer_api.user_%s(%L, %L)', p_command, pg_temp.person(p_person), 'A test'))
$$;
CREATE FUNCTION pg_temp.last_result(p_person text) RETURNS text LANGUAGE sql AS $$
	SELECT s.last_result FROM skillancer.payout_schedule s WHERE s.user_id::uuid = pg_temp.person(p_person)
$$;
SELECT pg_temp.earn('felix', 'freelancer_available', 10000000), pg_temp.remember('bank', pg_temp.method('felix', 'PAYOUT', 'tok_bank_success')) \g /dev/null
SELECT pg_temp.later('73 hours') \g /dev/null

-- accounts that are not in order
SELECT pg_temp.standing('felix', 'restrict') \g /dev/null
SELECT is(pg_temp.request('felix', '100 USD'), 'SK420', 'a restricted account is not paid');
SELECT pg_temp.standing('felix', 'reinstate') \g /dev/null
SELECT is(pg_temp.request('felix', '100 USD'), 'none', 'an active one is');
SELECT pg_temp.earn('felix', 'freelancer_receivable', 100, 'EUR') \g /dev/null
SELECT is(pg_temp.request('felix', '100 USD'), 'SK420', 'who owes money is not paid, in any currency');
SELECT pg_temp.earn('felix', 'freelancer_receivable', -100, 'EUR') \g /dev/null
SELECT is(pg_temp.request('felix', '100 USD'), 'none', 'when it is paid back, payouts go on');

-- minimums by currency
SELECT is(skillancer.payout_terms('GBP')::text, '("20.00 GBP","2.00 GBP")', '20 pounds');
SELECT is(skillancer.payout_terms('JPY')::text, '("3500 JPY","250 JPY")', '3500 yen');
SELECT is(skillancer.payout_terms('CHF')::text, '("25.00 CHF","2.00 CHF")', 'and a rule for all others');
SELECT is(pg_temp.request('felix', '24.99 USD'), 'SK001', 'less than the minimum is refused');

-- how much and how often at once
UPDATE skillancer.payout_rule SET window_maximum = 1000 WHERE currency = 'USD';
SELECT is(pg_temp.request('felix', '800.01 USD'), 'SK010', '200 were paid out, the limit is 1000 in 24 hours');
SELECT is(pg_temp.request('felix', '800 USD'), 'none', 'to the cent');
SELECT is(pg_temp.request('felix', '25 USD'), 'SK010', 'then no more');
SELECT pg_temp.later('25 hours') \g /dev/null
SELECT is(pg_temp.request('felix', '1000 USD'), 'none', 'until the day has passed');
UPDATE skillancer.payout_rule SET window_maximum = NULL WHERE currency = 'USD';
INSERT INTO skillancer.policy (key, value, valid_from) VALUES ('payoutVelocity', '{"count": 3, "window": "PT24H"}', skillancer.now());
SELECT is(pg_temp.request('felix', '30 USD'), 'none', 'the second of three');
SELECT is(pg_temp.as_person('felix', format('SELECT skillancer_api.payout_cancel(%L)', (SELECT p.id FROM skillancer.payout p WHERE p.user_id::uuid = pg_temp.person('felix')
	ORDER BY p.id DESC LIMIT 1))) #>> '{body,state}', 'CANCELLED', 'is taken back while it is REQUESTED');
SELECT is(pg_temp.request('felix', '30 USD') || pg_temp.request('felix', '30 USD') || pg_temp.request('felix', '30 USD'), 'nonenoneSK010', 'and does not count: two more, and no third');
SELECT pg_temp.later('2 minutes') \g /dev/null
SELECT cmp_ok(pg_temp.due(), '>', 0, 'the provider takes them');
SELECT is(pg_temp.refusal('felix', format('SELECT skillancer_api.payout_cancel(%L)', (SELECT p.id FROM skillancer.payout p WHERE p.user_id::uuid = pg_temp.person('felix') AND p.state = 'PAID'
	ORDER BY p.id LIMIT 1))), 'SK004', 'what is paid is not taken back');

-- periods are days in UTC
SELECT is(skillancer.payout_period_after('WEEKLY', '2026-11-22 23:59:59+00'), '2026-11-23 00:00+00', 'Sunday night: the next week is a second away');
SELECT is(skillancer.payout_period_after('WEEKLY', '2026-11-23 00:00:00+00'), '2026-11-30 00:00+00', 'Monday 0:00: a week');
SELECT is(skillancer.payout_period_after('MONTHLY', '2028-02-29 12:00+00'), '2028-03-01 00:00+00', 'the end of February');
SELECT is(skillancer.payout_period_after('MONTHLY', '2026-12-31 23:00-05'), '2027-02-01 00:00+00', 'New Year in New York is no New Year in UTC');
SELECT is(skillancer.payout_period_after('MANUAL', now()), NULL, 'MANUAL has none');

-- a schedule
SELECT is(pg_temp.refusal('clara', $$SELECT skillancer_api.payout_schedule_put('USD', 'WEEKLY')$$), 'SK003', 'clients have no schedule');
SELECT is(pg_temp.refusal('sam', $$SELECT skillancer_api.payout_schedule_put('USD', 'DAILY')$$), 'SK001', 'not daily');
SELECT is(pg_temp.refusal('sam', $$SELECT skillancer_api.payout_schedule_put('XYZ', 'WEEKLY')$$), 'SK001', 'a currency');
SELECT is(pg_temp.as_person('sam', $$SELECT skillancer_api.payout_schedule_put('USD', 'WEEKLY')$$) #>> '{body,cadence}', 'WEEKLY', 'weekly');
SELECT is(pg_temp.as_person('felix', 'SELECT skillancer_api.payout_schedule_list()'), '[]'::jsonb, 'nobody sees another''s');
SELECT is(pg_temp.follow(), 0::bigint, 'before Monday nothing happens');
SELECT pg_temp.later('7 days') \g /dev/null
SELECT is(pg_temp.follow(), 1::bigint, 'on Monday it is looked at');
SELECT is(pg_temp.last_result('sam') || pg_temp.payouts('sam'), 'BELOW_MINIMUM0', 'an empty balance waits for the next week');
SELECT is(pg_temp.follow(), 0::bigint, 'once');
SELECT pg_temp.earn('sam', 'freelancer_available', 12345), pg_temp.later('7 days') \g /dev/null
SELECT is(pg_temp.follow(), 1::bigint, 'a week later there is money');
SELECT is(pg_temp.last_result('sam'), 'NO_PAYOUT_METHOD', 'but nowhere to pay it to');
SELECT is((SELECT count(*) FROM skillancer.event e WHERE e.type = 'payout.skipped' AND e.audience = ARRAY[pg_temp.person('sam')]), 1::bigint, 'and the owner is told');
SELECT pg_temp.later('6 days'), pg_temp.remember('sams', pg_temp.method('sam', 'PAYOUT', 'tok_bank_success')), pg_temp.later('1 day') \g /dev/null
SELECT is(pg_temp.follow()::text || pg_temp.last_result('sam'), '1PAYOUT_METHOD_COOLS_DOWN', 'a new method cools down');
SELECT pg_temp.later('21 days') \g /dev/null
SELECT is(pg_temp.follow()::text || pg_temp.last_result('sam') || pg_temp.payouts('sam'), '1REQUESTED1', 'after three weeks without a server: one payout');
SELECT is((SELECT p.amount || ' ' || p.state || ' ' || extract(isodow FROM p.period) FROM skillancer.payout p WHERE p.user_id::uuid = pg_temp.person('sam')), '123.45 USD REQUESTED 1',
	'of the whole balance, for the period of a Monday');
SELECT is(pg_temp.balance('freelancer_available', pg_temp.person('sam')), 0.00, 'which is empty now');
-- a period has one payout even if the schedule forgot that it made it
UPDATE skillancer.payout_schedule s SET next_at = (s.last_period::timestamp AT TIME ZONE 'UTC') WHERE s.user_id::uuid = pg_temp.person('sam');
SELECT pg_temp.earn('sam', 'freelancer_available', 12345) \g /dev/null
SELECT is(pg_temp.follow()::text || (pg_temp.last_result('sam') ~ 'payout_once_a_period')::text || pg_temp.payouts('sam'), '1true1', 'a period has one payout');
SELECT pg_temp.standing('sam', 'restrict'), pg_temp.later('7 days') \g /dev/null
SELECT is(pg_temp.follow()::text || pg_temp.last_result('sam'), '1your account is restricted', 'restricted accounts are not paid on schedule either');
SELECT pg_temp.standing('sam', 'reinstate') \g /dev/null
SELECT is(pg_temp.refusal('sam', $$SELECT skillancer_api.payout_schedule_put('USD', 'MANUAL', '"v1"')$$), 'SK006', 'a stale tag is refused');
SELECT is(pg_temp.as_person('sam', $$SELECT skillancer_api.payout_schedule_put('USD', 'MANUAL')$$) #>> '{body,nextAt}', NULL, 'MANUAL again');
SELECT pg_temp.later('60 days') \g /dev/null
SELECT is(pg_temp.follow(), 0::bigint, 'and nothing asks for itself');

SELECT ok(pg_temp.books_in_order(), 'the books are in order');
SELECT * FROM finish();
ROLLBACK;
