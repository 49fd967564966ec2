-- booking_orders.sql
--	Gig orders with packages, extras, a form and counted revisions; direct offers that both sides accept by hash.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
\ir ../lib/market.sql
SELECT plan(53);

SELECT pg_temp.add_person('gina', 'FREELANCER'), pg_temp.add_person('carl', 'CLIENT'), pg_temp.add_person('sam', 'CLIENT', 'FREELANCER') \g /dev/null
UPDATE skillancer.profile SET is_public = user_id::uuid <> pg_temp.person('sam');

CREATE FUNCTION pg_temp.booking(p_name text) RETURNS skillancer.booking LANGUAGE sql AS
	$$ SELECT b FROM skillancer.booking b WHERE b.id::uuid = pg_temp.thing(p_name) $$;
CREATE FUNCTION pg_temp.keep(p_name text, p_reply jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_temp.remember(p_name, ((p_reply #>> '{body,id}')::skillancer.booking_id)::uuid);
	PERFORM pg_temp.remember(p_name || '/' || m.seq, m.id::uuid) FROM skillancer.milestone m
	WHERE m.booking_id = (p_reply #>> '{body,id}')::skillancer.booking_id;
	RETURN p_reply -> 'body';
END
$$;
CREATE FUNCTION pg_temp.order_of(p_package text, p_extras text[] DEFAULT NULL, p_revision integer DEFAULT 1) RETURNS text LANGUAGE sql AS
	$$ SELECT format('SELECT skillancer_api.gig_order(%L, %L, %L, %L)', pg_temp.thing('gig'), p_revision, p_package, p_extras) $$;

-- a gig with two packages, extras and a form
SELECT pg_temp.remember('gig', ((pg_temp.as_person('gina', format('SELECT skillancer_api.gig_create(%L, %L, %L, p_extras => %L, p_requirements => %L)',
	'A logo for your shop', 'You get a logo that people remember.', $$[
	{"tier": "BASIC", "title": "Basic", "description": "One draft", "price": {"amount": "100", "currency": "USD"}, "deliveryDays": 3, "revisions": 1, "features": []},
	{"tier": "PREMIUM", "title": "All", "description": "Three drafts", "price": {"amount": "300.50", "currency": "USD"}, "deliveryDays": 363, "revisions": 0, "features": []}]$$,
	'[{"title": "Vector file", "price": {"amount": "20", "currency": "USD"}, "extraDays": 1}, {"title": "Colours", "price": {"amount": "9.99", "currency": "USD"}, "extraDays": 9}]',
	'{What is your shop called?,Which colours do you like?}')) #>> '{body,id}')::skillancer.gig_id)::uuid) \g /dev/null
SELECT is(pg_temp.refusal('carl', pg_temp.order_of('BASIC')), 'SK002', 'a draft cannot be ordered');
SELECT pg_temp.as_person('gina', format('SELECT skillancer_api.gig_activate(%L)', pg_temp.thing('gig'))) \g /dev/null
SELECT is(pg_temp.refusal('gina', pg_temp.order_of('BASIC')), 'SK003', 'freelancers do not order');
SELECT is(pg_temp.refusal(NULL, pg_temp.order_of('BASIC')), 'SK101', 'visitors do not order');
SELECT is(pg_temp.refusal('carl', pg_temp.order_of('STANDARD')), 'SK001', 'a package that the gig has not');
SELECT is(pg_temp.refusal('carl', pg_temp.order_of(NULL)), 'SK001', 'no package');
SELECT is(pg_temp.refusal('carl', pg_temp.order_of('BASIC', '{Gold}')), 'SK001', 'an extra that the gig has not');
SELECT is(pg_temp.refusal('carl', pg_temp.order_of('BASIC', '{Colours,Colours}')), 'SK001', 'an extra twice');
SELECT is(pg_temp.refusal('carl', pg_temp.order_of('BASIC', NULL, 2)), 'SK006', 'another revision than the present one');
SELECT is(pg_temp.refusal('carl', pg_temp.order_of('BASIC', NULL, NULL)), 'SK001', 'no revision');

SELECT is(pg_temp.keep('order', pg_temp.as_person('carl', pg_temp.order_of('BASIC', '{Colours,Vector file}'))) ->> 'state', 'AWAITING_PAYMENT', 'an order awaits payment');
SELECT is((SELECT m.amount || ' ' || m.days || ' ' || m.state FROM skillancer.milestone m WHERE m.id::uuid = pg_temp.thing('order/1')), '129.99 USD 13 AGREED', 'one milestone: package and extras');
SELECT is((pg_temp.booking('order')).terms_hash, skillancer.terms_hash((pg_temp.booking('order')).terms), 'the terms are hashed');
SELECT is((pg_temp.booking('order')).terms #>> '{gig,revision}', '1', 'and name the revision');
SELECT pg_temp.as_person('gina', format('SELECT skillancer_api.gig_update(%L, %L, p_title => %L)', pg_temp.thing('gig'), '{title}', 'A logo for anything')) \g /dev/null
SELECT is((pg_temp.booking('order')).title, 'A logo for your shop', 'an edit of the gig does not touch the order');
SELECT is(pg_temp.refusal('carl', pg_temp.order_of('BASIC')), 'SK006', 'nor may the old wording be ordered any more');
SELECT is(pg_temp.keep('long', pg_temp.as_person('carl', pg_temp.order_of('PREMIUM', '{Colours}', 2))) #>> '{terms,deliveryDays}', '365', 'an order takes at most a year');

-- paid, then the form
SELECT is(pg_temp.refusal('carl', format('SELECT skillancer_api.booking_answer(%L, %L)', pg_temp.thing('order'), '{a,b}')), 'SK004', 'the form comes after the payment');
SELECT is((pg_temp.fund('carl', 'order/1') ->> 'status')::integer, 201, 'paid');
SELECT is((pg_temp.booking('order')).state, 'AWAITING_REQUIREMENTS', 'it awaits the answers');
SELECT is(pg_temp.refusal('gina', format('SELECT skillancer_api.milestone_submit(%L, %L)', pg_temp.thing('order/1'), 'done')), 'SK004', 'work does not begin without them');
SELECT is(pg_temp.refusal('carl', format('SELECT skillancer_api.booking_answer(%L, %L)', pg_temp.thing('order'), '{Corner Shop}')), 'SK001', 'every question has an answer');
SELECT is(pg_temp.refusal('carl', format('SELECT skillancer_api.booking_answer(%L, %L)', pg_temp.thing('order'), '{Corner Shop," "}')), 'SK001', 'that says something');
SELECT is(pg_temp.refusal('gina', format('SELECT skillancer_api.booking_answer(%L, %L)', pg_temp.thing('order'), '{a,b}')), 'SK003', 'the freelancer does not answer');
SELECT is(pg_temp.refusal('sam', format('SELECT skillancer_api.booking_answer(%L, %L)', pg_temp.thing('order'), '{a,b}')), 'SK002', 'a stranger does not know of it');
SELECT is(pg_temp.body(pg_temp.as_person('carl', format('SELECT skillancer_api.booking_answer(%L, %L)', pg_temp.thing('order'), '{Corner Shop,Blue}'))) #>> '{requirements,1,answer}', 'Blue', 'the client answers');
SELECT is((pg_temp.booking('order')).state, 'ACTIVE', 'and the booking is active');
SELECT ok((pg_temp.booking('order')).activated_at IS NOT NULL, 'since now');

-- revisions are counted: the package has one
SELECT pg_temp.as_person('gina', format('SELECT skillancer_api.milestone_submit(%L, %L)', pg_temp.thing('order/1'), 'First draft')) \g /dev/null
SELECT is(pg_temp.as_person('carl', format('SELECT skillancer_api.milestone_request_changes(%L, %L)', pg_temp.thing('order/1'), 'Bluer')) ->> 'state', 'CHANGES_REQUESTED', 'the one revision');
SELECT pg_temp.as_person('gina', format('SELECT skillancer_api.milestone_submit(%L, %L)', pg_temp.thing('order/1'), 'Second draft')) \g /dev/null
SELECT is(pg_temp.refusal('carl', format('SELECT skillancer_api.milestone_request_changes(%L, %L)', pg_temp.thing('order/1'), 'Bluer still')), 'SK301', 'no second one');

-- silence for three days
SELECT pg_temp.later('2 days 23 hours'), pg_temp.due() \g /dev/null
SELECT is((SELECT m.state FROM skillancer.milestone m WHERE m.id::uuid = pg_temp.thing('order/1')), 'SUBMITTED', 'not before three days');
SELECT pg_temp.later('2 hours'), pg_temp.due() \g /dev/null
SELECT is((SELECT m.state FROM skillancer.milestone m WHERE m.id::uuid = pg_temp.thing('order/1')), 'RELEASED', 'then it is released');
SELECT is(pg_temp.body(pg_temp.as_person('carl', format('SELECT skillancer_api.booking_end(%L)', pg_temp.thing('order')))) ->> 'state', 'COMPLETED', 'and ended');
SELECT is(pg_temp.refusal('carl', format('SELECT skillancer_api.review_submit(%L, 5, %L, true)', pg_temp.thing('order'), 'A fine logo')), 'none', 'gig orders are reviewed too');
SELECT is((pg_temp.booking('long')).state, 'AWAITING_PAYMENT', 'an order that nobody pays');
SELECT pg_temp.later('14 days'), pg_temp.due() \g /dev/null
SELECT is((pg_temp.booking('long')).state, 'VOID', 'is void after two weeks');

-- direct offers
CREATE FUNCTION pg_temp.offer(p_whom text, p_price text, p_milestones jsonb DEFAULT NULL) RETURNS text LANGUAGE sql AS
	$$ SELECT format('SELECT skillancer_api.booking_offer(%L, %L, %L, %L, 10, %L)', pg_temp.person(p_whom), 'Paint my shop', 'Walls and ceiling, in blue.', p_price, p_milestones) $$;
CREATE FUNCTION pg_temp.accept(p_name text) RETURNS text LANGUAGE sql AS
	$$ SELECT format('SELECT skillancer_api.booking_accept(%L, %L)', pg_temp.thing(p_name), encode((pg_temp.booking(p_name)).terms_hash, 'hex')) $$;
SELECT is(pg_temp.refusal('gina', pg_temp.offer('gina', '100 USD')), 'SK003', 'freelancers do not make offers');
SELECT is(pg_temp.refusal('carl', pg_temp.offer('carl', '100 USD')), 'SK001', 'nobody offers to himself');
SELECT is(pg_temp.refusal('carl', pg_temp.offer('sam', '100 USD')), 'SK001', 'nor to somebody without a public profile');
SELECT is(pg_temp.refusal('carl', pg_temp.offer('gina', '100 USD', '[{"title": "Walls", "amount": {"amount": "99.99", "currency": "USD"}}]')), 'SK001', 'milestones add up to the price');
SELECT is(pg_temp.keep('offer', pg_temp.as_person('carl', pg_temp.offer('gina', '100 USD', '[{"title": "Walls", "amount": {"amount": "60", "currency": "USD"}}, {"title": "Ceiling", "amount": {"amount": "40", "currency": "USD"}}]'))) ->> 'state', 'OFFERED', 'an offer');
SELECT is(pg_temp.body(pg_temp.as_person('gina', format('SELECT skillancer_api.booking_get(%L)', pg_temp.thing('offer')))) ->> 'freelancerAcceptedAt', NULL, 'that the freelancer reads and has not accepted');
SELECT is(pg_temp.refusal('carl', pg_temp.accept('offer')), 'SK003', 'the client does not accept it');
SELECT is(pg_temp.refusal('gina', format('SELECT skillancer_api.booking_accept(%L, %L)', pg_temp.thing('offer'), repeat('0', 64))), 'SK006', 'other terms are not accepted');
SELECT is(pg_temp.refusal('gina', format('SELECT skillancer_api.milestone_propose(%L, %L, %L)', pg_temp.thing('offer'), 'More', '5 USD')), 'SK004', 'an offer is taken as it is');
SELECT is(jsonb_array_length(pg_temp.keep('offer', pg_temp.as_person('gina', pg_temp.accept('offer'))) -> 'milestones'), 2, 'the freelancer accepts: two milestones');
SELECT is((pg_temp.booking('offer')).state, 'AWAITING_PAYMENT', 'it awaits payment');
SELECT is(pg_temp.refusal('gina', pg_temp.accept('offer')), 'SK004', 'once');
SELECT is((pg_temp.fund('carl', 'offer/1') ->> 'status')::integer, 201, 'and is paid');
SELECT is((pg_temp.booking('offer')).state, 'ACTIVE', 'and active: there is no form');
SELECT pg_temp.keep(n, pg_temp.as_person('carl', pg_temp.offer('gina', '50 USD'))) FROM unnest('{declined,withdrawn,expired}'::text[]) n \g /dev/null
SELECT is(pg_temp.body(pg_temp.as_person('gina', format('SELECT skillancer_api.booking_decline(%L, %L)', pg_temp.thing('declined'), 'No time'))) ->> 'state', 'VOID', 'declined');
SELECT is(pg_temp.body(pg_temp.as_person('carl', format('SELECT skillancer_api.booking_withdraw(%L)', pg_temp.thing('withdrawn')))) ->> 'state', 'VOID', 'withdrawn');
SELECT pg_temp.later('7 days 1 second'), pg_temp.due() \g /dev/null
SELECT is((pg_temp.booking('expired')).state, 'VOID', 'expired');
SELECT ok(pg_temp.books_in_order(), 'the books are in order');
SELECT * FROM finish();
ROLLBACK;
