-- booking_terms.sql
--	Terms in versions: counter-offers until one side accepts what the other proposed, amendments of running bookings, the
--	rest of a milestone, the division of escrow when both call a booking off, and pauses that end by themselves.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
\ir ../lib/market.sql
SELECT plan(78);

SELECT pg_temp.add_person('clara', 'CLIENT'), pg_temp.add_person('felix', 'FREELANCER'), pg_temp.add_person('sam', 'CLIENT', 'FREELANCER') \g /dev/null
UPDATE skillancer.profile p SET is_public = true WHERE p.user_id::uuid = pg_temp.person('felix');
CREATE FUNCTION pg_temp.b(p_name text) RETURNS skillancer.booking LANGUAGE sql AS
	$$ SELECT b FROM skillancer.booking b WHERE b.id::uuid = pg_temp.thing(p_name) $$;
CREATE FUNCTION pg_temp.hash(p_name text) RETURNS text LANGUAGE sql AS $$ SELECT encode((pg_temp.b(p_name)).terms_hash, 'hex') $$;
CREATE FUNCTION pg_temp.offer(p_name text, p_price text DEFAULT '100 USD') RETURNS void LANGUAGE sql AS $$
	SELECT pg_temp.remember(p_name, ((pg_temp.as_person('clara', format('SELECT skillancer_api.booking_offer(%L, %L, %L, %L)', pg_temp.person('felix'),
		'Paint my shop', 'Walls and ceiling, in blue', p_price)) #>> '{body,id}')::skillancer.booking_id)::uuid) $$;
CREATE FUNCTION pg_temp.counter(p_name text, p_price text, p_hash text DEFAULT NULL, p_more text DEFAULT '') RETURNS text LANGUAGE sql AS $$
	SELECT format('SELECT skillancer_api.booking_counter(%L, %L, p_price => %L%s)', pg_temp.thing(p_name), coalesce(p_hash, pg_temp.hash(p_name)), p_price, p_more) $$;
CREATE FUNCTION pg_temp.accept(p_name text, p_hash text DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
	SELECT format('SELECT skillancer_api.booking_accept(%L, %L)', pg_temp.thing(p_name), coalesce(p_hash, pg_temp.hash(p_name))) $$;

-- counter-offers
SELECT pg_temp.offer('shop') \g /dev/null
SELECT pg_temp.remember('first', overlay(overlay(left(pg_temp.hash('shop'), 32) PLACING '7' FROM 13) PLACING '8' FROM 17)::uuid) \g /dev/null
CREATE TEMP TABLE old AS SELECT pg_temp.hash('shop') AS hash;
SELECT is(pg_temp.refusal('clara', pg_temp.accept('shop')), 'SK003', 'nobody accepts terms of his own');
SELECT is(pg_temp.refusal('sam', pg_temp.counter('shop', '1 USD')), 'SK002', 'a stranger does not know of it');
SELECT is(pg_temp.refusal('felix', pg_temp.counter('shop', '120 USD', repeat('0', 64))), 'SK006', 'a counter-offer names the terms that were read');
SELECT is(pg_temp.refusal('felix', pg_temp.counter('shop', '120 USD', 'abc')), 'SK001', 'by a hash');
SELECT is(pg_temp.refusal('felix', pg_temp.counter('shop', '0 USD')), 'SK001', 'for something');
SELECT is(pg_temp.refusal('felix', format('SELECT skillancer_api.booking_counter(%L, %L)', pg_temp.thing('shop'), pg_temp.hash('shop'))), 'SK001', 'with a price or a rate');
SELECT pg_temp.later('6 days') \g /dev/null
SELECT is(pg_temp.body(pg_temp.as_person('felix', pg_temp.counter('shop', '120 USD', NULL, ', p_message => ''Paint is dear'''))) ->> 'termsVersion', '2', 'the freelancer counters');
SELECT is((pg_temp.b('shop')).state, 'OFFERED', 'it is still an offer');
SELECT is((SELECT concat_ws(' ', b.client_accepted_at IS NULL, b.freelancer_accepted_at IS NULL) FROM pg_temp.b('shop') b), 't f', 'that only the freelancer has accepted');
SELECT is(pg_temp.refusal('felix', pg_temp.accept('shop')), 'SK003', 'now it is the client''s turn');
SELECT is(pg_temp.refusal('clara', pg_temp.accept('shop', (SELECT hash FROM old))), 'SK006', 'the first terms are off the table');
SELECT is(pg_temp.refusal('clara', pg_temp.counter('shop', '110 USD', (SELECT hash FROM old))), 'SK006', 'for counter-offers too');
SELECT pg_temp.later('2 days'), pg_temp.due() \g /dev/null
SELECT is((pg_temp.b('shop')).state, 'OFFERED', 'a counter-offer has the whole term');
SELECT is(pg_temp.body(pg_temp.as_person('clara', pg_temp.counter('shop', '110 USD', NULL, ', p_milestones => ''[{"title": "Walls", "amount": {"amount": "60.00", "currency": "USD"}}, {"title": "Ceiling", "amount": {"amount": "50.00", "currency": "USD"}, "days": 3}]'''))) ->> 'termsVersion', '3', 'the client counters with milestones');
SELECT is(pg_temp.body(pg_temp.as_person('clara', pg_temp.counter('shop', '115 USD', NULL, ', p_milestones => ''[{"title": "Walls", "amount": {"amount": "60.00", "currency": "USD"}}, {"title": "Ceiling", "amount": {"amount": "55.00", "currency": "USD"}}]'''))) ->> 'termsVersion', '4', 'and betters her own terms');
SELECT is(pg_temp.body(pg_temp.as_person('felix', pg_temp.accept('shop'))) ->> 'state', 'AWAITING_PAYMENT', 'the freelancer accepts');
SELECT is((SELECT string_agg(m.title || ' ' || m.amount, ', ' ORDER BY m.seq) FROM skillancer.milestone m WHERE m.booking_id::uuid = pg_temp.thing('shop')), 'Walls 60.00 USD, Ceiling 55.00 USD', 'the milestones of the last version');
SELECT is((SELECT string_agg(concat_ws('/', t.version, t.terms #>> '{price,amount}', CASE t.proposed_by::uuid WHEN pg_temp.person('clara') THEN 'C' ELSE 'F' END,
	(t.client_accepted_at IS NOT NULL)::int, (t.freelancer_accepted_at IS NOT NULL)::int), ' ' ORDER BY t.version) FROM skillancer.booking_terms t WHERE t.booking_id::uuid = pg_temp.thing('shop')),
	'1/100.00/C/1/0 2/120.00/F/0/1 3/110.00/C/1/0 4/115.00/C/1/1', 'who proposed and who accepted what');
SELECT is((SELECT count(*) FROM skillancer.booking_terms t WHERE t.booking_id::uuid = pg_temp.thing('shop') AND t.terms_hash <> skillancer.terms_hash(t.terms)), 0::bigint, 'every hash is of its terms');
SELECT is(jsonb_array_length(pg_temp.as_person('felix', format('SELECT skillancer_api.booking_terms_list(%L)', pg_temp.thing('shop')))), 4, 'both read all of it');
SELECT is(pg_temp.as_person('clara', format('SELECT skillancer_api.booking_terms_list(%L)', pg_temp.thing('shop'))) #>> '{2,message}', 'Paint is dear', 'and what was said');
SELECT is(pg_temp.refusal('sam', format('SELECT skillancer_api.booking_terms_list(%L)', pg_temp.thing('shop'))), 'SK002', 'strangers do not');
SELECT is(pg_temp.refusal('felix', pg_temp.counter('shop', '200 USD')), 'SK004', 'what is agreed is not countered');
SELECT pg_temp.offer('hours'), pg_temp.as_person('felix', format('SELECT skillancer_api.booking_counter(%L, %L, p_hourly_rate => %L, p_weekly_limit_minutes => 600)', pg_temp.thing('hours'), pg_temp.hash('hours'), '40 USD')) \g /dev/null
SELECT is(pg_temp.body(pg_temp.as_person('clara', pg_temp.accept('hours'))) ->> 'kind', 'HOURLY', 'a price is countered by a rate, and the client accepts');
SELECT is((SELECT concat_ws(' ', b.rate, b.weekly_limit, b.policy ->> 'autoRelease') FROM pg_temp.b('hours') b), '40.00 USD 600 P4D', 'with what belongs to it');
SELECT pg_temp.offer('void'), pg_temp.as_person('felix', pg_temp.counter('void', '1000 USD')) \g /dev/null
SELECT is(pg_temp.body(pg_temp.as_person('clara', format('SELECT skillancer_api.booking_withdraw(%L)', pg_temp.thing('void')))) ->> 'state', 'VOID', 'either side leaves it');
SELECT pg_temp.offer('old'), pg_temp.as_person('felix', pg_temp.counter('old', '1000 USD')), pg_temp.later('7 days 1 second'), pg_temp.due() \g /dev/null
SELECT is((pg_temp.b('old')).state, 'VOID', 'nobody answers: void');
SELECT pg_temp.book('prop', 'clara', 'felix', '70 USD') \g /dev/null
SELECT is((SELECT count(*) FROM skillancer.booking_terms t WHERE t.booking_id::uuid = pg_temp.thing('prop') AND t.client_accepted_at IS NOT NULL AND t.freelancer_accepted_at IS NOT NULL), 1::bigint, 'accepted proposals have a version as well');

-- amendments
CREATE FUNCTION pg_temp.amend(p_name text, p_args text) RETURNS text LANGUAGE sql AS $$
	SELECT format('SELECT skillancer_api.change_request_create(%L, %L, %L, %s)', pg_temp.thing(p_name), 'AMENDMENT', 'More to do', p_args) $$;
CREATE FUNCTION pg_temp.asked(p_who text, p_query text) RETURNS uuid LANGUAGE sql AS
	$$ SELECT pg_temp.remember('change', ((pg_temp.as_person(p_who, p_query) #>> '{body,id}')::skillancer.change_request_id)::uuid) $$;
CREATE FUNCTION pg_temp.change_hash() RETURNS text LANGUAGE sql AS
	$$ SELECT encode(r.terms_hash, 'hex') FROM skillancer.change_request r WHERE r.id::uuid = pg_temp.thing('change') $$;
CREATE FUNCTION pg_temp.agree(p_hash text DEFAULT NULL) RETURNS text LANGUAGE sql AS
	$$ SELECT format('SELECT skillancer_api.change_request_accept(%L, %L)', pg_temp.thing('change'), p_hash) $$;
CREATE FUNCTION pg_temp.list(VARIADIC p_items text[]) RETURNS text LANGUAGE sql AS $$
	SELECT format('p_milestones => %L', jsonb_agg(jsonb_build_object('title', split_part(i, ' ', 1), 'amount', jsonb_build_object('amount', split_part(i, ' ', 2), 'currency', split_part(i, ' ', 3))))) FROM unnest(p_items) i $$;
CREATE FUNCTION pg_temp.steps(p_name text) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(concat_ws(' ', m.title, m.amount::numeric, m.state), ', ' ORDER BY m.seq) FROM skillancer.milestone m WHERE m.booking_id::uuid = pg_temp.thing(p_name) AND m.state <> 'CANCELLED' $$;
SELECT pg_temp.book('web', 'clara', 'felix', '300 USD', '[{"title": "Plan", "amount": {"amount": "100.00", "currency": "USD"}}, {"title": "Build", "amount": {"amount": "150.00", "currency": "USD"}}, {"title": "Test", "amount": {"amount": "50.00", "currency": "USD"}}]'), pg_temp.fund('clara', 'web/1') \g /dev/null
SELECT is(pg_temp.refusal('felix', pg_temp.amend('web', 'p_days => 3')), 'SK001', 'an amendment has members of its own');
SELECT is(pg_temp.refusal('felix', pg_temp.amend('web', 'p_hourly_rate => ''5 USD''')), 'SK001', 'a rate is for hourly work');
SELECT is(pg_temp.refusal('felix', pg_temp.amend('web', pg_temp.list('Build 200.00 EUR'))), 'SK001', 'in the money of the booking');
SELECT is(pg_temp.refusal('felix', pg_temp.amend('web', 'p_milestones => ''{}''')), 'SK001', 'a list is a list');
SELECT is(pg_temp.refusal('sam', pg_temp.amend('web', pg_temp.list('Build 200.00 USD'))), 'SK002', 'strangers amend nothing');
SELECT isnt(pg_temp.asked('felix', pg_temp.amend('web', pg_temp.list('Build 200.00 USD', 'Launch 80.00 USD') || ', p_delivery_days => 30')), NULL, 'the freelancer asks for more');
SELECT is((SELECT r.on_silence FROM skillancer.change_request r WHERE r.id::uuid = pg_temp.thing('change')), 'DECLINE', 'silence never amends');
SELECT is(pg_temp.refusal('clara', pg_temp.agree()), 'SK001', 'acceptance names the hash');
SELECT is(pg_temp.refusal('clara', pg_temp.agree(repeat('0', 64))), 'SK006', 'of these terms');
SELECT is(pg_temp.refusal('felix', pg_temp.agree(pg_temp.change_hash())), 'SK003', 'by the other side');
SELECT is(pg_temp.as_person('clara', pg_temp.agree(pg_temp.change_hash())) ->> 'state', 'ACCEPTED', 'the client accepts');
SELECT is(pg_temp.steps('web'), 'Plan 100.00 FUNDED, Build 200.00 AGREED, Launch 80.00 AGREED', 'added, altered, removed; what is funded stays');
SELECT is((SELECT concat_ws(' ', b.terms_version, b.terms #>> '{price,amount}', b.terms ->> 'deliveryDays', jsonb_array_length(b.terms -> 'milestones'), skillancer.terms_hash(b.terms) = b.terms_hash) FROM pg_temp.b('web') b), '2 380.00 30 3 t', 'the terms are a new version');
SELECT is((SELECT count(*) FROM skillancer.booking_terms t WHERE t.booking_id::uuid = pg_temp.thing('web') AND t.client_accepted_at IS NOT NULL AND t.freelancer_accepted_at IS NOT NULL), 2::bigint, 'that both have accepted, like the first');
SELECT is((SELECT e.data ->> 'termsHash' FROM skillancer.event e WHERE e.type = 'booking.amended' AND e.aggregate_id = pg_temp.thing('web')), pg_temp.hash('web'), 'and the log knows');
SELECT pg_temp.remember('web/' || m.title, m.id::uuid) FROM skillancer.milestone m WHERE m.booking_id::uuid = pg_temp.thing('web') AND m.state = 'AGREED' \g /dev/null
SELECT pg_temp.asked('clara', pg_temp.amend('web', pg_temp.list('Launch 10.00 USD'))), pg_temp.fund('clara', 'web/Build') \g /dev/null
SELECT is(pg_temp.refusal('felix', pg_temp.agree(pg_temp.change_hash())), 'SK004', 'a milestone was funded meanwhile: ask again');
SELECT pg_temp.later('48 hours 1 second'), pg_temp.due() \g /dev/null
SELECT is((SELECT r.state FROM skillancer.change_request r WHERE r.id::uuid = pg_temp.thing('change')), 'DECLINED', 'silence declines');
SELECT pg_temp.asked('felix', pg_temp.amend('web', 'p_milestones => ''[]''')), pg_temp.as_person('clara', pg_temp.agree(pg_temp.change_hash())) \g /dev/null
SELECT is(pg_temp.steps('web'), 'Plan 100.00 FUNDED, Build 200.00 FUNDED', 'all that is not funded is removed');
SELECT is(pg_temp.refusal('felix', pg_temp.amend('prop', 'p_milestones => ''[]''')), 'SK001', 'but something has to be left');
SELECT pg_temp.as_person('clara', format('SELECT skillancer_api.booking_pay_by(%L, %L)', pg_temp.thing('hours'), pg_temp.method('clara', 'PAYMENT', 'tok_success'))) \g /dev/null
SELECT pg_temp.asked('clara', pg_temp.amend('hours', 'p_weekly_limit_minutes => 300')), pg_temp.as_person('felix', pg_temp.agree(pg_temp.change_hash())) \g /dev/null
SELECT is((SELECT concat_ws(' ', b.rate, b.weekly_limit, b.kind) FROM pg_temp.b('hours') b), '40.00 USD 300 HOURLY', 'a weekly limit is amended');
SELECT is(pg_temp.refusal('clara', pg_temp.amend('hours', pg_temp.list('More 5.00 USD'))), 'SK001', 'hourly work has no milestones to amend');

-- the rest of a milestone that was paid in part
CREATE FUNCTION pg_temp.part(p_milestone text, p_amount text, p_rest text) RETURNS text LANGUAGE sql AS
	$$ SELECT format('SELECT skillancer_api.milestone_release_part(%L, %L, %L)', pg_temp.thing(p_milestone), p_amount, p_rest) $$;
SELECT is(pg_temp.refusal('clara', pg_temp.part('web/1', '60 USD', 'BURN')), 'SK001', 'the rest is kept, rolled or refunded');
SELECT is(pg_temp.as_person('clara', pg_temp.part('web/1', '33.33 USD', 'ROLL')) ->> 'state', 'RELEASED', 'rolled on: the first one is over');
SELECT is(pg_temp.steps('web'), 'Plan 33.33 RELEASED, Build 200.00 FUNDED, Rest of Plan 66.67 FUNDED', 'and the rest is a milestone that is funded');
SELECT pg_temp.remember('rest', (SELECT m.id::uuid FROM skillancer.milestone m WHERE m.booking_id::uuid = pg_temp.thing('web') AND m.title = 'Rest of Plan')) \g /dev/null
SELECT is(pg_temp.entries('roll', pg_temp.thing('rest')), 'deferred_fee 2.00 USD, deferred_fee -2.00 USD, escrow 66.67 USD, escrow -66.67 USD', 'its escrow moved with the fee');
SELECT is(pg_temp.refusal('clara', format('SELECT skillancer_api.milestone_approve(%L)', pg_temp.thing('web/1'))), 'SK004', 'nothing is left of the first');
SELECT pg_temp.as_person('clara', pg_temp.part('rest', '66.66 USD', 'KEEP')) \g /dev/null
SELECT is(pg_temp.finish('felix', 'clara', 'rest') ->> 'state', 'RELEASED', 'parts of the rest, to the last cent');
SELECT is((SELECT sum(skillancer.monetary_minor(e.gross)) FROM skillancer.earning e WHERE e.milestone_id::uuid IN (pg_temp.thing('web/1'), pg_temp.thing('rest'))), 10000::numeric, 'all of it was earned');
SELECT pg_temp.as_person('clara', pg_temp.part('web/Build', '50 USD', 'REFUND')) \g /dev/null
SELECT pg_temp.remember('change', (SELECT r.id::uuid FROM skillancer.change_request r WHERE r.booking_id::uuid = pg_temp.thing('web') AND r.state = 'PENDING')) \g /dev/null
SELECT is((SELECT concat_ws(' ', r.kind, r.on_silence) FROM skillancer.change_request r WHERE r.id::uuid = pg_temp.thing('change')), 'REFUND DECLINE', 'a refund of the rest is asked for');
SELECT is(pg_temp.refusal('clara', pg_temp.agree()), 'SK003', 'the client does not give to herself');
SELECT is(pg_temp.as_person('felix', pg_temp.agree()) ->> 'state', 'ACCEPTED', 'the freelancer agrees');
SELECT is((SELECT concat_ws(' ', m.state, m.released_part) FROM skillancer.milestone m WHERE m.id::uuid = pg_temp.thing('web/Build')), 'REFUNDED 50.00 USD', 'and gives back the rest');
SELECT is(pg_temp.refusal('felix', format('SELECT skillancer_api.change_request_create(%L, %L, %L, %L)', pg_temp.thing('web'), 'REFUND', 'x', pg_temp.thing('web/Build'))), 'SK001', 'the freelancer asks nobody for that');
SELECT is(pg_temp.body(pg_temp.as_person('felix', format('SELECT skillancer_api.booking_end(%L)', pg_temp.thing('web')))) ->> 'state', 'COMPLETED', 'the end');

-- called off with a division
CREATE FUNCTION pg_temp.call_off(p_name text, p_release text) RETURNS text LANGUAGE sql AS
	$$ SELECT format('SELECT skillancer_api.change_request_create(%L, %L, %L, p_release => %L)', pg_temp.thing(p_name), 'CANCELLATION', 'Enough', p_release) $$;
SELECT pg_temp.book('off', 'clara', 'felix', '300 USD', '[{"title": "One", "amount": {"amount": "100.00", "currency": "USD"}}, {"title": "Two", "amount": {"amount": "200.00", "currency": "USD"}}]'), pg_temp.fund('clara', 'off/1'), pg_temp.fund('clara', 'off/2') \g /dev/null
SELECT is(pg_temp.refusal('felix', pg_temp.call_off('off', '-1 USD')), 'SK001', 'no share below nothing');
SELECT is(pg_temp.refusal('felix', pg_temp.call_off('off', '1 EUR')), 'SK001', 'nor in other money');
SELECT pg_temp.asked('felix', pg_temp.call_off('off', '301 USD')) \g /dev/null
SELECT is(pg_temp.refusal('clara', pg_temp.agree()), 'SK401', 'nor more than there is');
SELECT pg_temp.as_person('felix', format('SELECT skillancer_api.change_request_withdraw(%L)', pg_temp.thing('change'))), pg_temp.asked('felix', pg_temp.call_off('off', '150 USD')) \g /dev/null
SELECT is((SELECT r.on_silence FROM skillancer.change_request r WHERE r.id::uuid = pg_temp.thing('change')), 'DECLINE', 'silence pays nobody');
SELECT is(pg_temp.as_person('clara', pg_temp.agree()) ->> 'state', 'ACCEPTED', 'both call it off');
SELECT is((SELECT string_agg(concat_ws(' ', m.state, m.released_part), ', ' ORDER BY m.seq) FROM skillancer.milestone m WHERE m.booking_id::uuid = pg_temp.thing('off')), 'RELEASED, REFUNDED 50.00 USD', 'milestone by milestone');
SELECT is((SELECT sum(skillancer.monetary_minor(e.gross)) FROM skillancer.earning e WHERE e.booking_id::uuid = pg_temp.thing('off')), 15000::numeric, 'the freelancer has earned his share');
SELECT is((pg_temp.b('off')).state, 'COMPLETED', 'and it is over');
SELECT pg_temp.book('none', 'clara', 'felix', '10 USD'), pg_temp.fund('clara', 'none/1'), pg_temp.asked('felix', pg_temp.call_off('none', '0 USD')), pg_temp.later('48 hours 1 second'), pg_temp.due() \g /dev/null
SELECT is((pg_temp.b('none')).state, 'CANCELLED', 'a share of nothing is none, so silence accepts it');

-- a pause for some days
SELECT pg_temp.book('rest day', 'clara', 'felix', '10 USD'), pg_temp.fund('clara', 'rest day/1') \g /dev/null
SELECT pg_temp.asked('felix', format('SELECT skillancer_api.change_request_create(%L, %L, %L, p_days => 3)', pg_temp.thing('rest day'), 'PAUSE', 'A holiday')), pg_temp.as_person('clara', pg_temp.agree()) \g /dev/null
SELECT is((pg_temp.b('rest day')).state, 'PAUSED', 'paused');
SELECT pg_temp.later('2 days 23 hours'), pg_temp.due() \g /dev/null
SELECT is((pg_temp.b('rest day')).state, 'PAUSED', 'for three days');
SELECT pg_temp.later('2 hours'), pg_temp.due() \g /dev/null
SELECT is((pg_temp.b('rest day')).state, 'ACTIVE', 'and then it goes on by itself');

SELECT is((SELECT count(*) FROM skillancer.event e JOIN skillancer.event_type t ON t.name = e.type
	WHERE e.type IN ('booking.countered', 'booking.amended', 'milestone.rolled') AND NOT e.data ?& ARRAY(SELECT jsonb_array_elements_text(t.schema -> 'required'))), 0::bigint, 'events are as their schemas say');
SELECT ok(pg_temp.books_in_order(), 'the books are in order');
SELECT is_empty($$ SELECT * FROM skillancer.ledger_violation $$, 'and break no invariant');
SET CONSTRAINTS ALL IMMEDIATE;
SELECT pass('no account of an ended booking holds money');
SELECT * FROM finish();
ROLLBACK;
