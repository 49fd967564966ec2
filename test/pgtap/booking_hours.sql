-- booking_hours.sql
--	Hourly bookings: hours within their limits, weeks that are locked, billed, paid and released, and what ends them.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
\ir ../lib/market.sql
SELECT plan(80);

SELECT pg_temp.add_person('clara', 'CLIENT'), pg_temp.add_person('felix', 'FREELANCER'), pg_temp.add_person('sam', 'CLIENT', 'FREELANCER') \g /dev/null
INSERT INTO skillancer.fee_schedule (version, kind, currency, above, bps) VALUES (900, 'SERVICE', '*', 0, 1000), (900, 'CLIENT', '*', 0, 500);
INSERT INTO skillancer.policy (key, value, valid_from) VALUES ('feeVersion', '900', '2029-01-01');
-- a Monday
SELECT pg_temp.until('2030-01-07 09:00+00') \g /dev/null

CREATE FUNCTION pg_temp.booking_state(p_name text) RETURNS text LANGUAGE sql AS
	$$ SELECT b.state FROM skillancer.booking b WHERE b.id::uuid = pg_temp.thing(p_name) $$;
CREATE FUNCTION pg_temp.week(p_name text, p_week date) RETURNS skillancer.milestone LANGUAGE sql AS
	$$ SELECT m FROM skillancer.milestone m WHERE m.booking_id::uuid = pg_temp.thing(p_name) AND m.week = p_week $$;
CREATE FUNCTION pg_temp.log(p_name text, p_day date, p_minutes integer) RETURNS text LANGUAGE sql AS
	$$ SELECT format('SELECT skillancer_api.time_entry_create(%L, %L, %L, %L)', pg_temp.thing(p_name), p_day, p_minutes, 'Some work') $$;
CREATE FUNCTION pg_temp.logged(p_name text, p_day date, p_minutes integer) RETURNS uuid LANGUAGE sql AS
	$$ SELECT pg_temp.remember('entry', ((pg_temp.as_person('felix', pg_temp.log(p_name, p_day, p_minutes)) #>> '{body,id}')::skillancer.time_entry_id)::uuid) $$;
CREATE FUNCTION pg_temp.change(p_minutes integer) RETURNS text LANGUAGE sql AS
	$$ SELECT format('SELECT skillancer_api.time_entry_update(%L, ''{minutes}'', %L)', pg_temp.thing('entry'), p_minutes) $$;
CREATE FUNCTION pg_temp.pay_by(p_name text, p_method uuid DEFAULT NULL) RETURNS text LANGUAGE sql AS
	$$ SELECT format('SELECT skillancer_api.booking_pay_by(%L, %L)', pg_temp.thing(p_name), p_method) $$;
CREATE FUNCTION pg_temp.hourly(p_name text, p_rate skillancer.monetary, p_token text DEFAULT 'tok_success') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_temp.book(p_name, 'clara', 'felix', p_rate, p_kind => 'HOURLY');
	PERFORM pg_temp.as_person('clara', pg_temp.pay_by(p_name, pg_temp.method('clara', 'PAYMENT', p_token)));
END
$$;

-- the price of time
SELECT is(skillancer.hours_price('100 USD', 120), '200 USD', '120 minutes at 100 an hour: 200');
SELECT is(skillancer.hours_price('100 USD', 1), '1.67 USD', 'rounded to the cent');
SELECT is(skillancer.hours_price('0.30 USD', 1), '0.00 USD', 'half a cent goes to the even one');
SELECT is(skillancer.hours_price('0.90 USD', 1), '0.02 USD', 'on either side');
SELECT is(skillancer.hours_price('1000 JPY', 50), '833 JPY', 'in yen');
SELECT throws_ok($$ SELECT skillancer.hours_price(skillancer.monetary_of(9223372036854775807, 'USD'), 2) $$, '22003', NULL, 'no price wraps round');

-- terms and start
SELECT pg_temp.book('job', 'clara', 'felix', '100 USD', p_kind => 'HOURLY') \g /dev/null
SELECT is((SELECT concat_ws(' ', b.kind, b.rate, b.weekly_limit, b.state) FROM skillancer.booking b WHERE b.id::uuid = pg_temp.thing('job')),
	'HOURLY 100.00 USD 2400 AWAITING_PAYMENT', 'an hourly booking');
SELECT is((SELECT b.terms -> 'rate' ->> 'amount' || ' ' || (b.terms ->> 'weeklyLimitMinutes') || ' ' || (skillancer.terms_hash(b.terms) = b.terms_hash)
	FROM skillancer.booking b WHERE b.id::uuid = pg_temp.thing('job')), '100.00 2400 true', 'rate and limit are in the hashed terms');
SELECT is((SELECT count(*) FROM skillancer.milestone m WHERE m.booking_id::uuid = pg_temp.thing('job')), 0::bigint, 'no milestones before hours');
SELECT is(pg_temp.refusal('felix', pg_temp.log('job', '2030-01-07', 60)), 'SK004', 'no hours before it is active');
SELECT is(pg_temp.refusal('felix', pg_temp.pay_by('job')), 'SK003', 'the freelancer does not say who pays');
SELECT is(pg_temp.refusal('sam', pg_temp.pay_by('job')), 'SK002', 'a stranger knows nothing');
SELECT is(pg_temp.refusal('clara', pg_temp.pay_by('job')), 'SK401', 'an empty wallet does not cover a week');
SELECT is(pg_temp.refusal('clara', pg_temp.pay_by('job', pg_temp.method('sam', 'PAYMENT', 'tok_success'))), 'SK001', 'nor a method of somebody else');
SELECT is(pg_temp.body(pg_temp.as_person('clara', pg_temp.pay_by('job', pg_temp.method('clara', 'PAYMENT', 'tok_success')))) ->> 'state', 'ACTIVE', 'a payment method starts it');

-- limits
SELECT is(pg_temp.refusal('clara', pg_temp.log('job', '2030-01-07', 60)), 'SK003', 'the client logs no hours');
SELECT is(pg_temp.refusal('sam', pg_temp.log('job', '2030-01-07', 60)), 'SK002', 'nor a stranger');
SELECT is(pg_temp.refusal('felix', pg_temp.log('job', '2030-01-08', 60)), 'SK001', 'not in the future');
SELECT is(pg_temp.refusal('felix', pg_temp.log('job', '2030-01-06', 60)), 'SK001', 'not before it began');
SELECT is(pg_temp.refusal('felix', pg_temp.log('job', '2030-01-07', 0)), 'SK001', 'not nothing');
SELECT is(pg_temp.refusal('felix', pg_temp.log('job', '2030-01-07', 1441)), 'SK001', 'not more than a day');
SELECT isnt(pg_temp.logged('job', '2030-01-07', 1000), NULL, 'hours are logged');
SELECT is(pg_temp.refusal('felix', pg_temp.log('job', '2030-01-07', 441)), 'SK010', 'a day has 24 hours');
SELECT pg_temp.hourly('other', '60 USD') \g /dev/null
SELECT is(pg_temp.refusal('felix', pg_temp.log('other', '2030-01-07', 441)), 'SK010', 'over all bookings');
SELECT is(pg_temp.as_person('felix', pg_temp.change(1440)) #>> '{body,minutes}', '1440', 'an entry is corrected');
SELECT is(pg_temp.refusal('felix', pg_temp.change(1441)), 'SK001', 'within bounds');
SELECT is(pg_temp.refusal('clara', pg_temp.change(10)), 'SK003', 'by its freelancer');
SELECT is(pg_temp.refusal('sam', pg_temp.change(10)), 'SK002', 'nobody else knows of it');
SELECT is(pg_temp.as_person('felix', format('SELECT skillancer_api.time_entry_update(%L, ''{note}'', NULL, %L, %L)', pg_temp.thing('entry'), 'Better', '"v2"')) #>> '{body,note}', 'Better', 'with its tag');
SELECT is(pg_temp.refusal('felix', format('SELECT skillancer_api.time_entry_update(%L, ''{note}'', NULL, %L, %L)', pg_temp.thing('entry'), 'Worse', '"v2"')), 'SK006', 'not with an old one');
SELECT pg_temp.until('2030-01-08 09:00+00') \g /dev/null
SELECT is(pg_temp.refusal('felix', pg_temp.log('job', '2030-01-08', 961)), 'SK010', 'the weekly limit holds');
SELECT isnt(pg_temp.logged('job', '2030-01-08', 960), NULL, 'to the minute');
SELECT is(pg_temp.refusal('felix', pg_temp.change(961)), 'SK010', 'for corrections as well');
SELECT pg_temp.as_person('felix', format('SELECT skillancer_api.time_entry_delete(%L)', pg_temp.thing('entry'))) \g /dev/null
SELECT pg_temp.as_person('felix', format('SELECT skillancer_api.time_entry_update(e.id, ''{minutes}'', 120) FROM skillancer.time_entry e WHERE e.booking_id::uuid = %L', pg_temp.thing('job'))) \g /dev/null
SELECT is(pg_temp.as_person('clara', format('SELECT skillancer_api.week_list(%L)', pg_temp.thing('job'))) #>> '{body,0}',
	(SELECT format('{"bookingId": "%s", "week": "2030-01-07", "state": "OPEN", "minutes": 120, "amount": {"amount": "200.00", "currency": "USD"}, "locksAt": "2030-01-14T12:00:00+00:00", "milestoneId": null}', pg_temp.thing('job')::skillancer.booking_id)::jsonb)::text, 'both see the week grow');
SELECT is(jsonb_array_length(pg_temp.as_person('clara', format('SELECT skillancer_api.time_entry_list(%L, %L)', pg_temp.thing('job'), '2030-01-07')) -> 'body'), 1, 'and its entries');
SELECT is(pg_temp.refusal('clara', format('SELECT skillancer_api.time_entry_list(%L, %L)', pg_temp.thing('job'), '2030-01-08')), 'SK001', 'weeks begin on Monday');
SELECT is(pg_temp.refusal('sam', format('SELECT skillancer_api.week_list(%L)', pg_temp.thing('job'))), 'SK002', 'strangers see nothing');

-- the lock: a milestone, paid and handed in
SELECT pg_temp.until('2030-01-14 11:59+00'), pg_temp.due() \g /dev/null
SELECT isnt(pg_temp.logged('job', '2030-01-13', 1), NULL, 'until Monday 12:00 last week is open');
SELECT pg_temp.as_person('felix', format('SELECT skillancer_api.time_entry_delete(%L)', pg_temp.thing('entry'))) \g /dev/null
SELECT pg_temp.until('2030-01-14 12:00:01+00') \g /dev/null
SELECT is(pg_temp.refusal('felix', pg_temp.log('job', '2030-01-13', 1)), 'SK004', 'then it is locked, before the tick');
SELECT pg_temp.due() \g /dev/null
SELECT is(pg_temp.refusal('felix', pg_temp.log('job', '2030-01-13', 1)), 'SK004', 'and after it');
SELECT is((SELECT concat_ws(' ', m.state, m.amount, m.minutes) FROM pg_temp.week('job', '2030-01-07') m), 'SUBMITTED 200.00 USD 120', 'the week is a milestone, paid and handed in');
SELECT is(pg_temp.entries('fund', (SELECT m.id::uuid FROM pg_temp.week('job', '2030-01-07') m)), 'client_wallet 210.00 USD, deferred_fee -10.00 USD, escrow -200.00 USD', 'T2');
SELECT throws_ok(format('SELECT skillancer.fire_system(%L, w.id, %L) FROM skillancer.work_week w WHERE w.booking_id::uuid = %L', 'work_week', 'lock', pg_temp.thing('job')), 'SK004', NULL, 'a second tick does nothing');
SELECT is((SELECT w.state FROM skillancer.work_week w WHERE w.booking_id::uuid = pg_temp.thing('job')), 'LOCKED', 'the week is locked');
SELECT is(pg_temp.refusal('clara', format('SELECT skillancer_api.milestone_request_changes(%L, %L)', (SELECT m.id::uuid FROM pg_temp.week('job', '2030-01-07') m), 'x')), 'SK301', 'hours are not sent back');
SELECT pg_temp.until('2030-01-18 11:59+00'), pg_temp.due() \g /dev/null
SELECT is((SELECT m.state FROM pg_temp.week('job', '2030-01-07') m), 'SUBMITTED', 'the client looks at it until Friday');
SELECT pg_temp.until('2030-01-18 12:00:01+00'), pg_temp.due() \g /dev/null
SELECT is((SELECT m.state FROM pg_temp.week('job', '2030-01-07') m), 'RELEASED', 'then it is released');
SELECT is(pg_temp.entries('release', (SELECT m.id::uuid FROM pg_temp.week('job', '2030-01-07') m)),
	'deferred_fee 10.00 USD, escrow 200.00 USD, freelancer_pending -180.00 USD, revenue_client -10.00 USD, revenue_service -20.00 USD', 'T3: fee 20, net 180');
SELECT is((SELECT string_agg(e.data ->> 'daysLeft', ' ' ORDER BY e.seq) FROM skillancer.event e WHERE e.type = 'milestone.release_near'
	AND e.aggregate_id = (SELECT m.id::uuid FROM pg_temp.week('job', '2030-01-07') m)), '1', 'one reminder was late and left out, one sent');
SELECT is((SELECT count(*) FROM skillancer.due d WHERE d.machine = 'work_week' AND d.id IN (SELECT w.id FROM skillancer.work_week w WHERE w.booking_id::uuid = pg_temp.thing('job'))), 0::bigint, 'no timer is left');

-- approved earlier; an empty week leaves nothing
SELECT pg_temp.logged('job', '2030-01-18', 30), pg_temp.logged('other', '2030-01-18', 30) \g /dev/null
SELECT pg_temp.as_person('felix', format('SELECT skillancer_api.time_entry_delete(%L)', pg_temp.thing('entry'))), pg_temp.until('2030-01-21 12:00:01+00'), pg_temp.due() \g /dev/null
SELECT is(pg_temp.as_person('clara', format('SELECT skillancer_api.milestone_approve(%L)', (SELECT m.id FROM pg_temp.week('job', '2030-01-14') m))) ->> 'state', 'RELEASED', 'the client may approve at once');
SELECT is((SELECT w.state || ' ' || w.minutes FROM skillancer.work_week w WHERE w.booking_id::uuid = pg_temp.thing('other')), 'LOCKED 0', 'an empty week is locked');
SELECT is((SELECT count(*) FROM skillancer.milestone m WHERE m.booking_id::uuid = pg_temp.thing('other')), 0::bigint, 'and not billed');

-- nobody pays: the client is told, no more hours, and it is tried again
SELECT pg_temp.hourly('poor', '100 USD', 'tok_declined'), pg_temp.logged('poor', '2030-01-21', 60), pg_temp.until('2030-01-28 12:00:01+00'), pg_temp.due() \g /dev/null
SELECT is((SELECT m.state FROM pg_temp.week('poor', '2030-01-21') m), 'AGREED', 'the week is there, and not paid');
SELECT is((SELECT count(*) FROM skillancer.event e WHERE e.type = 'milestone.payment_due'), 1::bigint, 'the client is told');
SELECT is(pg_temp.refusal('felix', pg_temp.log('poor', '2030-01-28', 60)), 'SK004', 'no more hours meanwhile');
SELECT is(pg_temp.refusal('clara', format('SELECT skillancer_api.milestone_decline(%L)', (SELECT m.id FROM pg_temp.week('poor', '2030-01-21') m))), 'SK004', 'worked hours are not declined');
SELECT pg_temp.later('1 day'), pg_temp.due() \g /dev/null
SELECT is((SELECT count(*) FROM skillancer.event e WHERE e.type = 'milestone.payment_due'), 2::bigint, 'and told again the next day');
SELECT pg_temp.as_person('clara', pg_temp.pay_by('poor', pg_temp.method('clara', 'PAYMENT', 'tok_success'))), pg_temp.later('1 day'), pg_temp.due() \g /dev/null
SELECT is((SELECT m.state FROM pg_temp.week('poor', '2030-01-21') m), 'SUBMITTED', 'a method that works pays');
SELECT is((SELECT count(*) FROM skillancer.due d WHERE d.event = 'collect'), 0::bigint, 'and nothing is tried any more');
SELECT pg_temp.hourly('slow', '100 USD', 'tok_declined'), pg_temp.logged('slow', '2030-01-30', 60), pg_temp.until('2030-02-04 12:00:01+00'), pg_temp.due() \g /dev/null
SELECT is(pg_temp.as_person('clara', format('SELECT skillancer_api.milestone_fund(%L, %L)', (SELECT m.id FROM pg_temp.week('slow', '2030-01-28') m), pg_temp.method('clara', 'PAYMENT', 'tok_success'))) #>> '{body,milestone,state}', 'FUNDED', 'or the client pays by hand');
SELECT pg_temp.due() \g /dev/null
SELECT is((SELECT m.state FROM pg_temp.week('slow', '2030-01-28') m), 'SUBMITTED', 'and it is handed in');

-- pause, end and cancellation
SELECT pg_temp.logged('job', '2030-02-04', 60) \g /dev/null
SELECT pg_temp.remember('change', ((pg_temp.as_person('clara', format('SELECT skillancer_api.change_request_create(%L, %L, %L)', pg_temp.thing('job'), 'PAUSE', 'x')) #>> '{body,id}')::skillancer.change_request_id)::uuid) \g /dev/null
SELECT pg_temp.as_person('felix', format('SELECT skillancer_api.change_request_accept(%L)', pg_temp.thing('change'))) \g /dev/null
SELECT is(pg_temp.refusal('felix', pg_temp.log('job', '2030-02-04', 1)), 'SK004', 'no hours during a pause');
SELECT pg_temp.until('2030-02-11 12:00:01+00'), pg_temp.due() \g /dev/null
SELECT is((SELECT m.state FROM pg_temp.week('job', '2030-02-04') m), 'SUBMITTED', 'what was worked before it is billed');
SELECT pg_temp.as_person('felix', format('SELECT skillancer_api.booking_resume(%L)', pg_temp.thing('job'))), pg_temp.logged('job', '2030-02-11', 60) \g /dev/null
SELECT is(pg_temp.body(pg_temp.as_person('clara', format('SELECT skillancer_api.booking_end(%L)', pg_temp.thing('job')))) ->> 'state', 'ENDING', 'an end bills the open week');
SELECT is((SELECT m.state FROM pg_temp.week('job', '2030-02-11') m), 'SUBMITTED', 'at once');
SELECT is(pg_temp.refusal('felix', pg_temp.log('job', '2030-02-11', 1)), 'SK004', 'and takes no more hours');
SELECT pg_temp.later('4 days 1 second'), pg_temp.due() \g /dev/null
SELECT is(pg_temp.booking_state('job'), 'COMPLETED', 'it is complete with the last week');
SELECT pg_temp.logged('slow', '2030-02-15', 60) \g /dev/null
SELECT pg_temp.remember('change', ((pg_temp.as_person('clara', format('SELECT skillancer_api.change_request_create(%L, %L, %L)', pg_temp.thing('slow'), 'CANCELLATION', 'x')) #>> '{body,id}')::skillancer.change_request_id)::uuid) \g /dev/null
SELECT pg_temp.as_person('felix', format('SELECT skillancer_api.change_request_accept(%L)', pg_temp.thing('change'))) \g /dev/null
SELECT is((SELECT string_agg(w.state, ' ' ORDER BY w.week) FROM skillancer.work_week w WHERE w.booking_id::uuid = pg_temp.thing('slow')), 'LOCKED WAIVED', 'called off by both: open hours are waived');
SELECT is(pg_temp.booking_state('slow'), 'COMPLETED', 'what was released before stays');

-- the wallet pays alone
SELECT pg_temp.as_person('clara', format('SELECT skillancer_api.charge_create(%L, %L)', '5000 USD', pg_temp.method('clara', 'PAYMENT', 'tok_success'))) \g /dev/null
SELECT pg_temp.book('cash', 'clara', 'felix', '10 USD', p_kind => 'HOURLY') \g /dev/null
SELECT is(pg_temp.body(pg_temp.as_person('clara', pg_temp.pay_by('cash'))) ->> 'state', 'ACTIVE', 'a wallet that covers a week starts it, too');
SELECT is(pg_temp.refusal('clara', format('SELECT skillancer_api.milestone_propose(%L, %L, %L)', pg_temp.thing('cash'), 'More', '5 USD')), 'SK004', 'hourly work has no other milestones');
SELECT pg_temp.logged('cash', '2030-02-15', 61), pg_temp.until('2030-02-18 12:00:01+00'), pg_temp.due() \g /dev/null
SELECT is((SELECT m.amount FROM pg_temp.week('cash', '2030-02-11') m), '10.17 USD', 'minutes are paid as minutes');

-- a week is disputed until Friday: then silence does not release it
SELECT pg_temp.logged('other', '2030-02-18', 60), pg_temp.until('2030-02-25 12:00:01+00'), pg_temp.due() \g /dev/null
SELECT is(pg_temp.refusal('clara', format('SELECT skillancer_api.dispute_open(%L, %L, %L, %L, %L)', pg_temp.thing('other'), (SELECT m.id FROM pg_temp.week('other', '2030-02-18') m), '30 USD', 'QUALITY', 'Half of it was not worked')), 'none', 'the client disputes a week');
SELECT pg_temp.until('2030-03-01 12:00:01+00'), pg_temp.due() \g /dev/null
SELECT is((SELECT m.state FROM pg_temp.week('other', '2030-02-18') m), 'SUBMITTED', 'so that Friday releases nothing');

-- all of it is in the timeline
SELECT ok((SELECT bool_and(t.has) FROM (SELECT pg_temp.as_person('felix', format('SELECT skillancer_api.booking_timeline(%L, p_limit => 100)', pg_temp.thing('job')))::text LIKE '%"' || e || '"%' AS has
	FROM unnest('{booking.time_logged,booking.time_changed,booking.time_removed,week.locked,milestone.generated,milestone.released,booking.completed}'::text[]) e) t), 'the timeline has it all');
SELECT is((SELECT count(*) FROM skillancer.event e JOIN skillancer.event_type t ON t.name = e.type
	WHERE e.type ~ '^(week|booking.time|milestone.(generated|payment|release_near))' AND NOT e.data ?& ARRAY(SELECT jsonb_array_elements_text(t.schema -> 'required'))), 0::bigint, 'events are as their schemas say');
SELECT ok(pg_temp.books_in_order(), 'the books are in order');
SELECT is_empty($$ SELECT * FROM skillancer.ledger_violation $$, 'and break no invariant');
SET CONSTRAINTS ALL IMMEDIATE;
SELECT pass('no account of an ended booking holds money');
SELECT * FROM finish();
ROLLBACK;
