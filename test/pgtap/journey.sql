-- journey.sql
--	The main job of the marketplace through the functions of the API alone, each step as its own caller: two people
--	register, one publishes a project, the other proposes; accepted, funded, handed in, approved, paid out, reviewed.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
\ir ../lib/market.sql
SELECT plan(40);

-- Registers somebody, verifies the address with the token of the mail, and knows the person from then on.
CREATE FUNCTION pg_temp.join_as(p_name text, p_role text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	v_email text := p_name || '@journey.test';
BEGIN
	PERFORM pg_temp.as_person(NULL, format('SELECT skillancer_api.auth_register(%L, %L, %L, %L)', v_email,
		'Quiet-Harbour-42', initcap(p_name), ARRAY[p_role]));
	PERFORM pg_temp.as_person(NULL, format('SELECT skillancer_api.auth_verify_email(%L)',
		(SELECT m.data ->> 'token' FROM skillancer.mail m WHERE m.address = v_email AND m.type = 'verify_email')));
	INSERT INTO person SELECT p_name, a.id FROM skillancer.user_account a WHERE a.email = v_email;
	RETURN (SELECT a.state FROM skillancer.user_account a WHERE a.email = v_email);
END
$$;
-- The id that a reply names, as uuid.
CREATE FUNCTION pg_temp.id_of(p_reply jsonb, p_type regtype) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
	v_id uuid;
BEGIN
	EXECUTE format('SELECT (%L::%s)::uuid', pg_temp.body(p_reply) ->> 'id', p_type) INTO v_id;
	RETURN v_id;
END
$$;

-- people
SELECT is(pg_temp.join_as('nora', 'CLIENT'), 'ACTIVE', 'a client registers and verifies the address');
SELECT is(pg_temp.join_as('otto', 'FREELANCER'), 'ACTIVE', 'a freelancer does');
SELECT is(pg_temp.join_as('pia', 'FREELANCER'), 'ACTIVE', 'and another one');
SELECT is((pg_temp.as_person(NULL, $$SELECT skillancer_api.auth_login('otto@journey.test', 'Quiet-Harbour-42')$$) ->> 'status')::integer, 200, 'he signs in');
SELECT is((pg_temp.as_person(NULL, $$SELECT skillancer_api.auth_login('otto@journey.test', 'Quiet-Harbour-43')$$) ->> 'status')::integer, 401, 'not with another password');
SELECT is(pg_temp.refusal('otto', $$SELECT skillancer_api.me_put_profile('Otto Berg', 'Embedded C and PostgreSQL', 'Twenty years of both.',
	'80 USD', '{en,de}', 'DE', 'FULL_TIME')$$), 'none', 'he fills in a profile');

-- the project
SELECT pg_temp.remember('project', pg_temp.id_of(pg_temp.as_person('nora', $$SELECT skillancer_api.project_create(
	'Write a PostgreSQL extension', 'It shall keep exact counts of visits per page and day.', 'FIXED', '800 USD', '1500 USD')$$),
	'skillancer.project_id')) \g /dev/null
SELECT is(pg_temp.refusal('otto', format('SELECT skillancer_api.project_get(%L)', pg_temp.thing('project'))), 'SK002', 'a draft is not seen by others');
SELECT is(pg_temp.body(pg_temp.as_person('nora', format('SELECT skillancer_api.project_publish(%L)', pg_temp.thing('project')))) ->> 'state', 'OPEN', 'it is published');
SELECT is(pg_temp.as_person(NULL, $$SELECT skillancer_api.project_list(p_q => 'extension counts', p_currency => 'USD')$$) #>> '{body,0,title}', 'Write a PostgreSQL extension', 'everybody finds it');

-- proposals
SELECT pg_temp.remember('proposal', pg_temp.id_of(pg_temp.as_person('otto', format('SELECT skillancer_api.proposal_create(%L, %L, %L, 20, %L)',
	pg_temp.thing('project'), 'I have written several extensions of this kind, with tests and documentation.', '1200 USD',
	'[{"title": "Counting", "amount": {"amount": "700.00", "currency": "USD"}, "days": 12},
	  {"title": "Reports", "amount": {"amount": "500.00", "currency": "USD"}, "days": 8}]')), 'skillancer.proposal_id')) \g /dev/null
SELECT pg_temp.remember('rival', pg_temp.id_of(pg_temp.as_person('pia', format('SELECT skillancer_api.proposal_create(%L, %L, %L, 30)',
	pg_temp.thing('project'), 'I would like to learn how this is done, and I am cheaper than the others.', '900 USD')), 'skillancer.proposal_id')) \g /dev/null
SELECT is(jsonb_array_length(pg_temp.as_person('nora', format('SELECT skillancer_api.project_proposals(%L)', pg_temp.thing('project'))) -> 'body'), 2, 'the client reads two proposals');
SELECT is(pg_temp.refusal('pia', format('SELECT skillancer_api.proposal_get(%L)', pg_temp.thing('proposal'))), 'SK002', 'rivals do not read each other''s');
SELECT is(pg_temp.refusal('nora', format('SELECT skillancer_api.proposal_accept(%L, 2)', pg_temp.thing('proposal'))), 'SK006', 'acceptance names the revision that was read');
SELECT is(pg_temp.refusal('otto', format('SELECT skillancer_api.proposal_accept(%L, 1)', pg_temp.thing('proposal'))), 'SK003', 'nobody accepts his own');
SELECT pg_temp.remember('booking', pg_temp.id_of(pg_temp.as_person('nora', format('SELECT skillancer_api.proposal_accept(%L, 1)', pg_temp.thing('proposal'))), 'skillancer.booking_id')) \g /dev/null
SELECT pg_temp.remember('milestone ' || m.seq, m.id::uuid) FROM skillancer.milestone m WHERE m.booking_id::uuid = pg_temp.thing('booking') \g /dev/null
SELECT is(pg_temp.body(pg_temp.as_person('otto', format('SELECT skillancer_api.booking_get(%L)', pg_temp.thing('booking')))) ->> 'state', 'AWAITING_PAYMENT', 'one is accepted');
SELECT is(pg_temp.body(pg_temp.as_person('pia', format('SELECT skillancer_api.proposal_get(%L)', pg_temp.thing('rival')))) ->> 'state', 'CLOSED', 'the other one is closed');
SELECT is(pg_temp.body(pg_temp.as_person('nora', format('SELECT skillancer_api.project_get(%L)', pg_temp.thing('project')))) ->> 'state', 'FILLED', 'the project is filled');
SELECT is(pg_temp.body(pg_temp.as_person('otto', format('SELECT skillancer_api.booking_get(%L)', pg_temp.thing('booking')))) #>> '{freelancer,name}', 'Otto Berg', 'the booking names both');

-- money in
SELECT is((pg_temp.fund('nora', 'milestone 1') ->> 'status')::integer, 201, 'the client funds the first milestone');
SELECT is(pg_temp.body(pg_temp.as_person('otto', format('SELECT skillancer_api.booking_get(%L)', pg_temp.thing('booking')))) ->> 'state', 'ACTIVE', 'the booking is active');
SELECT is(pg_temp.balance('escrow', NULL, pg_temp.thing('milestone 1')), 700.00, '700 are in escrow');
SELECT is(pg_temp.balance('deferred_fee', NULL, pg_temp.thing('milestone 1')), 21.00, 'and 21 for the platform');
SELECT is(pg_temp.finish('otto', 'nora', 'milestone 1') ->> 'state', 'RELEASED', 'it is done and approved');
SELECT is(pg_temp.balance('freelancer_pending', pg_temp.person('otto')), 580.00, '700 less 120 of fee: 580 are his');

-- the second milestone is released by time
SELECT is((pg_temp.fund('nora', 'milestone 2') ->> 'status')::integer, 201, 'the second milestone');
SELECT is(pg_temp.as_person('otto', format('SELECT skillancer_api.milestone_submit(%L, %L)', pg_temp.thing('milestone 2'), 'Reports')) ->> 'state', 'SUBMITTED', 'is handed in');
SELECT pg_temp.later('14 days 1 second'), pg_temp.due() \g /dev/null
SELECT is(pg_temp.as_person('otto', format('SELECT skillancer_api.booking_get(%L)', pg_temp.thing('booking'))) #>> '{body,milestones,1,state}', 'RELEASED', 'and released by silence');
SELECT is(pg_temp.balance('freelancer_available', pg_temp.person('otto')), 580.00, 'the first earning is available');
SELECT is(pg_temp.balance('freelancer_pending', pg_temp.person('otto')), 450.00, 'the second one (500 less 50) on hold');
SELECT pg_temp.later('5 days 1 second'), pg_temp.due() \g /dev/null
SELECT is(pg_temp.as_person('otto', 'SELECT skillancer_api.wallet_get()') #>> '{0,available,amount}', '1030.00', 'then all of it is available');

-- money out
SELECT pg_temp.remember('bank', pg_temp.method('otto', 'PAYOUT', 'tok_bank_success')), pg_temp.later('72 hours') \g /dev/null
SELECT pg_temp.remember('payout', pg_temp.id_of(pg_temp.as_person('otto', format('SELECT skillancer_api.payout_create(%L, %L)', '1030 USD', pg_temp.thing('bank'))), 'skillancer.payout_id')) \g /dev/null
SELECT is(pg_temp.body(pg_temp.as_person('otto', format('SELECT skillancer_api.payout_get(%L)', pg_temp.thing('payout')))) ->> 'state', 'REQUESTED', 'a payout is requested');
SELECT pg_temp.later('1 minute'), pg_temp.due() \g /dev/null
SELECT is(pg_temp.body(pg_temp.as_person('otto', format('SELECT skillancer_api.payout_get(%L)', pg_temp.thing('payout')))) ->> 'state', 'PAID', 'and paid');

-- the end
SELECT is(pg_temp.body(pg_temp.as_person('nora', format('SELECT skillancer_api.booking_end(%L)', pg_temp.thing('booking')))) ->> 'state', 'COMPLETED', 'the booking is completed');
SELECT is(pg_temp.refusal('nora', format('SELECT skillancer_api.review_submit(%L, 5, %L, true)', pg_temp.thing('booking'), 'Exactly what I needed.')), 'none', 'the client reviews');
SELECT is(pg_temp.as_person(NULL, format('SELECT skillancer_api.user_reviews(%L)', pg_temp.person('otto'))) -> 'body', '[]'::jsonb, 'which nobody sees');
SELECT is(pg_temp.refusal('otto', format('SELECT skillancer_api.review_submit(%L, 5, %L, true)', pg_temp.thing('booking'), 'Clear words, quick answers.')), 'none', 'until the freelancer has');
SELECT is(pg_temp.as_person(NULL, format('SELECT skillancer_api.user_reviews(%L)', pg_temp.person('otto'))) #>> '{body,0,comment}', 'Exactly what I needed.', 'then both are public');

-- the story in the log, and the books
SELECT is((SELECT string_agg(e.type, ' ' ORDER BY e.seq) FROM skillancer.event e
	WHERE e.aggregate_id IN (pg_temp.thing('booking'), pg_temp.thing('milestone 1'))),
	'booking.created milestone.funding booking.activated milestone.funded milestone.submitted milestone.released booking.ending booking.completed', 'the log tells the story');
SELECT is((SELECT count(*) FROM skillancer.event e JOIN skillancer.event_type t ON t.name = e.type
	WHERE NOT e.data ?& ARRAY(SELECT jsonb_array_elements_text(t.schema -> 'required'))), 0::bigint, 'events carry what their schemas require');
SELECT ok(pg_temp.books_in_order(), 'the books are in order');
SET CONSTRAINTS ALL IMMEDIATE;
SELECT is((SELECT count(*) FROM skillancer.ledger_account a WHERE a.booking_id::uuid = pg_temp.thing('booking') AND a.balance <> 0), 0::bigint, 'and the booking holds nothing');

SELECT * FROM finish();
ROLLBACK;
