-- reputation.sql
--	Success score, bounds and levels beside a second computation in SQL; outcomes of real bookings; and the canaries:
--	a review that is hidden or removed moves nothing that anybody else sees.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
\ir ../lib/market.sql
SELECT no_plan();
SET LOCAL client_min_messages = warning;
SELECT setseed(0.28);

-- arithmetic, computed again from the definitions
CREATE FUNCTION pg_temp.again(p_clients skillancer.user_id[], p_cents bigint[], p_verdicts integer[]) RETURNS double precision
LANGUAGE plpgsql AS $$
DECLARE
	v_cap double precision := 1e9;
	v_score double precision;
BEGIN
	CREATE TEMP TABLE IF NOT EXISTS again_client (id skillancer.user_id, w double precision, s double precision);
	TRUNCATE again_client;
	INSERT INTO again_client
	SELECT x.id, sum(x.w), sum(x.w * x.v)
	FROM (SELECT u.id, u.v, least(3, ln(1 + coalesce(u.c, 5000) / 100.0 / 50))::double precision AS w
		FROM unnest(p_clients, p_cents, p_verdicts) AS u (id, c, v) WHERE u.v <> 0) x
	GROUP BY x.id;
	FOR i IN 1..400 LOOP
		SELECT (coalesce(sum(least(a.w, v_cap)), 0) + 5) / 4 INTO v_cap FROM again_client a;
	END LOOP;
	SELECT greatest(0, (coalesce(sum(CASE WHEN a.w > 0 THEN a.s * least(a.w, v_cap) / a.w ELSE 0 END), 0) + 4)
		/ (coalesce(sum(least(a.w, v_cap)), 0) + 5)) INTO v_score FROM again_client a;
	RETURN v_score;
END
$$;
CREATE TEMP TABLE random_case AS
SELECT n, array_agg(('01900000-0000-7000-8000-0000000000' || lpad((random() * least(n, 7))::integer::text, 2, '0'))::uuid::skillancer.user_id) AS clients,
	array_agg(CASE WHEN random() < 0.1 THEN NULL ELSE (random() ^ 3 * 500000)::bigint END) AS cents,
	array_agg(sign((random() * 3 - 1.3)::integer)::integer) AS verdicts
FROM generate_series(1, 60) n, generate_series(1, 30) k WHERE k <= n GROUP BY n;
SELECT is((SELECT count(*) FROM random_case c, skillancer.success_score(c.clients, c.cents, c.verdicts) s
	WHERE abs(s.score - pg_temp.again(c.clients, c.cents, c.verdicts)) > 1e-9), 0::bigint, 'the score is what an iteration finds, 60 random histories');
SELECT is((SELECT count(*) FROM random_case c WHERE skillancer.success_score(c.clients, c.cents, c.verdicts)
	IS DISTINCT FROM (SELECT skillancer.success_score(array_agg(u.a ORDER BY u.b DESC, u.c, u.a), array_agg(u.b ORDER BY u.b DESC, u.c, u.a), array_agg(u.c ORDER BY u.b DESC, u.c, u.a))
		FROM unnest(c.clients, c.cents, c.verdicts) AS u (a, b, c))), 0::bigint, 'to the last bit the same in any order');
SELECT is(s.score, 0.8::double precision, 'nobody''s score is the prior') FROM skillancer.success_score('{}', '{}', '{}') s;
SELECT is((SELECT count(*) FROM generate_series(1, 40) k, skillancer.success_score(
		array_fill('01900000-0000-7000-8000-000000000001'::uuid::skillancer.user_id, ARRAY[k]), array_fill(1000000::bigint, ARRAY[k]), array_fill(-1, ARRAY[k])) s
	WHERE s.weight > 5 * 4 / 3.0 + 1e-9), 0::bigint, 'one client never weighs more than a quarter of all');
SELECT is(round(skillancer.outcome_weight(NULL)::numeric, 9), round(ln(2.0), 9), 'an unknown amount weighs as 50 dollars');
SELECT is(skillancer.outcome_weight(10000000), 3::double precision, 'no booking weighs more than 3');
SELECT is((SELECT count(*) FROM (SELECT format('%s/%s/%s/%s/%s', (random() * 9)::integer, (random() * 9)::integer, (random() * 9)::integer,
		(random() * 99)::integer, (random() * 999)::integer)::skillancer.rating_tally AS t FROM generate_series(1, 200)) x
	CROSS JOIN LATERAL (SELECT sum(skillancer.rating_count(x.t, s))::double precision AS n, sum(s * skillancer.rating_count(x.t, s))::double precision AS stars
		FROM generate_series(1, 5) s) y
	CROSS JOIN LATERAL (SELECT (y.stars / y.n - 1) / 4 AS p, 1.96 ^ 2 AS zz) z
	WHERE abs(skillancer.rating_bayes(x.t) - (20 + y.stars) / (5 + y.n)) > 1e-9
		OR abs(skillancer.rating_wilson(x.t) - (z.p + z.zz / (2 * y.n) - 1.96 * sqrt((z.p * (1 - z.p) + z.zz / (4 * y.n)) / y.n)) / (1 + z.zz / y.n)) > 1e-9),
	0::bigint, 'Bayesian mean and Wilson bound of 200 random tallies');
SELECT ok(skillancer.rating_wilson('0/0/0/0/1') < skillancer.rating_wilson('0/0/0/10/90'), 'a hundred of nearly five come before one of five');
SELECT ok(skillancer.rating_bayes('0/0/0/0/1') < skillancer.rating_bayes('0/0/0/10/90'), 'for the mean as well');
SELECT is(ARRAY[skillancer.rating_wilson('0/0/0/0/0'), skillancer.rating_bayes('0/0/0/0/0')], ARRAY[0, 4]::double precision[], 'without ratings: 0, and the prior');
SELECT is((SELECT round(skillancer.wilson_lower(0.8, 5) * 10000)::integer), 3755, 'the default of the column rank is that of a newcomer');
SELECT is((SELECT string_agg(d.adbin, '') FROM (SELECT pg_get_expr(a.adbin, a.adrelid) AS adbin FROM pg_attrdef a JOIN pg_attribute t ON t.attrelid = a.adrelid AND t.attnum = a.adnum
	WHERE t.attname = 'rank' AND a.adrelid IN ('skillancer.reputation'::regclass, 'skillancer.profile'::regclass, 'skillancer.gig'::regclass)) d), '375537553755', 'in all three tables');

-- verdicts
SELECT is((SELECT array_agg(j.verdict || ' ' || j.reason ORDER BY v.n) FROM (VALUES (1, 100, 0, 0, false), (2, 60, 40, 3, false), (3, 40, 60, 0, false),
		(4, 0, 100, 0, false), (5, 0, 100, 0, true), (6, 100, 0, 2, false), (7, 100, 0, 3, false), (8, 0, 0, 0, false)) AS v (n, released, refunded, stars, agreed)
	CROSS JOIN LATERAL skillancer.outcome_judge(v.released, v.refunded, v.stars, 2, v.agreed) j),
	ARRAY['1 PAID', '1 PAID', '-1 REFUNDED', '-1 REFUNDED', '0 AGREED_END', '-1 REVIEWED_BADLY', '1 PAID', '0 NOTHING_PAID'], 'how an end counts, and why');

-- people, and bookings that go all the way
SELECT pg_temp.add_person('clara', 'CLIENT'), pg_temp.add_person('carl', 'CLIENT'), pg_temp.add_person('felix', 'FREELANCER'),
	pg_temp.add_person('fred', 'FREELANCER'), pg_temp.add_person('mo', 'MODERATOR'), pg_temp.add_person('sam', 'CLIENT') \g /dev/null
CREATE FUNCTION pg_temp.done(p_name text, p_client text, p_freelancer text, p_bid skillancer.monetary) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_temp.book(p_name, p_client, p_freelancer, p_bid);
	PERFORM pg_temp.fund(p_client, p_name || '/1');
	PERFORM pg_temp.finish(p_freelancer, p_client, p_name || '/1');
	RETURN pg_temp.body(pg_temp.as_person(p_client, format('SELECT skillancer_api.booking_end(%L)', pg_temp.thing(p_name)))) ->> 'state';
END $$;
CREATE FUNCTION pg_temp.review(p_name text, p_author text, p_stars integer, p_comment text) RETURNS text LANGUAGE sql AS $$
	SELECT pg_temp.body(pg_temp.as_person(p_author, format('SELECT skillancer_api.review_submit(%L, %s, %L, true)', pg_temp.thing(p_name), p_stars, p_comment))) ->> 'state'
$$;
CREATE FUNCTION pg_temp.rebuilt() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN PERFORM skillancer.set_identity(NULL); RETURN skillancer.reputation_rebuild(); END $$;
-- everything that others may see of two people, as one text
CREATE FUNCTION pg_temp.seen(p_by text) RETURNS text LANGUAGE sql AS $$
	SELECT md5(concat(
		pg_temp.as_person(p_by, format('SELECT skillancer_api.user_reputation(%L)', pg_temp.person('felix'))),
		pg_temp.as_person(p_by, format('SELECT skillancer_api.user_reputation(%L)', pg_temp.person('clara'))),
		pg_temp.as_person(p_by, format('SELECT skillancer_api.user_rating(%L)', pg_temp.person('felix'))),
		pg_temp.as_person(p_by, format('SELECT skillancer_api.user_reviews(%L)', pg_temp.person('felix'))),
		pg_temp.as_person(p_by, format('SELECT skillancer_api.user_get(%L)', pg_temp.person('felix'))),
		pg_temp.as_person(p_by, 'SELECT array_agg(x.doc::text ORDER BY x.id) FROM skillancer.review_doc x WHERE x.author_id <> skillancer.current_user_id()'),
		pg_temp.as_person(p_by, 'SELECT array_agg(x::text ORDER BY x::text) FROM skillancer.review x WHERE x.author_id <> skillancer.current_user_id()'),
		pg_temp.as_person(p_by, 'SELECT array_agg(x::text ORDER BY x::text) FROM skillancer.reputation x'),
		pg_temp.as_person(p_by, 'SELECT array_agg(x::text ORDER BY x::text) FROM skillancer.outcome x'),
		pg_temp.as_person(p_by, 'SELECT array_agg(x::text ORDER BY x::text) FROM skillancer.review_report x'),
		pg_temp.as_person(p_by, 'SELECT array_agg(x::text ORDER BY x::text) FROM skillancer.notification x'),
		pg_temp.as_person(p_by, 'SELECT array_agg((p.user_id, p.rank) ORDER BY p.rank DESC, p.user_id) FROM skillancer.profile p')))
$$;

SELECT is(pg_temp.done('one', 'clara', 'felix', '400 USD'), 'COMPLETED', 'a booking is completed');
SELECT is((SELECT format('%s %s %s %s', o.verdict, o.reason, o.amount, o.usd) FROM skillancer.outcome o WHERE o.booking_id::uuid = pg_temp.thing('one')), '1 PAID 400.00 USD 40000',
	'and is an outcome, in the same transaction');
SELECT is((SELECT array_agg(x::text) FROM (SELECT r.score, r.outcomes, r.clients, r.level, r.rank FROM skillancer.reputation r WHERE r.user_id::uuid = pg_temp.person('felix')) x),
	ARRAY[format('(,1,1,NEW,%s)', (SELECT round(skillancer.wilson_lower(s.score, s.weight) * 10000) FROM skillancer.success_score(ARRAY[pg_temp.person('clara')::skillancer.user_id], '{40000}', '{1}') s))],
	'no score is shown of one outcome, and the rank is its lower bound');
SELECT is((SELECT p.rank FROM skillancer.profile p WHERE p.user_id::uuid = pg_temp.person('felix')),
	(SELECT r.rank FROM skillancer.reputation r WHERE r.user_id::uuid = pg_temp.person('felix')), 'which the profile has as well');
SELECT is(skillancer.freelancer_level(pg_temp.person('fred')::skillancer.user_id), 'NEW', 'somebody without outcomes is NEW');

-- canaries: a hidden review
CREATE TEMP TABLE before_it AS SELECT p.who, pg_temp.seen(p.who) AS seen FROM unnest(ARRAY['felix', 'sam', 'carl', NULL]) AS p (who);
SELECT is(pg_temp.review('one', 'clara', 1, 'canary: never again with this one'), 'HIDDEN', 'a review of one star is hidden');
SELECT is((SELECT array_agg(b.who) FROM before_it b WHERE pg_temp.seen(b.who) IS DISTINCT FROM b.seen), NULL, 'and moves nothing that the other side, strangers and visitors see');
SELECT is(pg_temp.as_person('felix', 'SELECT skillancer_api.my_reputation()')::text LIKE '%canary%', false, 'nor what the freelancer sees of himself');
SELECT is((SELECT count(*) FROM skillancer.event e WHERE e.type LIKE 'review.%' AND e.audience && ARRAY[pg_temp.person('felix')]), 0::bigint, 'no event about it is for him');
SELECT is(pg_temp.refusal('felix', format('SELECT skillancer_api.review_report(%L, %L, %L)', (SELECT r.id FROM skillancer.review r WHERE r.booking_id::uuid = pg_temp.thing('one')), 'UNTRUE', 'not true at all')), 'SK002', 'it cannot be reported');
SELECT is(pg_temp.refusal('felix', format('SELECT skillancer_api.review_reply(%L, %L)', (SELECT r.id FROM skillancer.review r WHERE r.booking_id::uuid = pg_temp.thing('one')), 'not true')), 'SK002', 'nor answered');
SELECT is(pg_temp.rebuilt(), 0::bigint, 'nor does it count when everything is computed again');

-- published
SELECT is(pg_temp.review('one', 'felix', 4, 'Clear and quick to pay'), 'PUBLISHED', 'both are in');
SELECT is((SELECT o.verdict || ' ' || o.reason FROM skillancer.outcome o WHERE o.booking_id::uuid = pg_temp.thing('one')), '-1 REVIEWED_BADLY', 'now the booking is a failure');
SELECT is(pg_temp.as_person('sam', format('SELECT skillancer_api.user_reputation(%L)', pg_temp.person('clara'))) #>> '{client,rating,count}', '1', 'the client has a rating');
SELECT is(pg_temp.rebuilt(), 0::bigint, 'step by step gives what computing everything gives');
SELECT is(pg_temp.refusal('clara', format('SELECT skillancer_api.review_submit(%L, 5, %L, true, NULL, NULL, NULL, 5)', pg_temp.thing('one'), 'Very good work')), 'SK001', 'clients are not asked how clear a freelancer wrote');

-- reports
SELECT pg_temp.remember('bad', r.id::uuid) FROM skillancer.review r WHERE r.booking_id::uuid = pg_temp.thing('one') AND r.author_id::uuid = pg_temp.person('clara') \g /dev/null
SELECT is(pg_temp.refusal('clara', format('SELECT skillancer_api.review_report(%L, %L, %L)', pg_temp.thing('bad'), 'OTHER', 'I want it gone')), 'SK003', 'nobody reports his own review');
SELECT is(pg_temp.refusal('felix', format('SELECT skillancer_api.review_report(%L, %L, %L)', pg_temp.thing('bad'), 'BORING', 'x')), 'SK001', 'a report has a reason and says something');
SELECT is(pg_temp.body(pg_temp.as_person('felix', format('SELECT skillancer_api.review_report(%L, %L, %L)', pg_temp.thing('bad'), 'EXTORTION', 'She wanted it for nothing'))) ->> 'state', 'OPEN', 'the freelancer reports it');
SELECT is(pg_temp.refusal('felix', format('SELECT skillancer_api.review_report(%L, %L, %L)', pg_temp.thing('bad'), 'OTHER', 'Once more, please')), 'SK005', 'once');
SELECT is(pg_temp.body(pg_temp.as_person('sam', format('SELECT skillancer_api.review_report(%L, %L, %L)', pg_temp.thing('bad'), 'OFFENSIVE', 'Nobody should read this'))) ->> 'state', 'OPEN', 'and somebody else does');
SELECT pg_temp.remember('report', p.id) FROM skillancer.review_report p WHERE p.user_id::uuid = pg_temp.person('felix') \g /dev/null
SELECT is(pg_temp.as_person('clara', 'SELECT count(*) FROM skillancer.review_report'), '0'::jsonb, 'the author does not see the reports');
SELECT is(pg_temp.refusal('sam', 'SELECT skillancer_api.review_report_list()'), 'SK003', 'the queue is for moderators');
SELECT is(jsonb_array_length(pg_temp.body(pg_temp.as_person('mo', 'SELECT skillancer_api.review_report_list()'))), 2, 'who see both');
SELECT is(pg_temp.refusal('felix', format('SELECT skillancer_api.review_report_uphold(%L)', pg_temp.thing('report'))), 'SK003', 'who reports does not decide');
INSERT INTO skillancer.user_role (user_id, role) SELECT pg_temp.person(p)::skillancer.user_id, 'MODERATOR' FROM unnest(ARRAY['felix', 'clara', 'sam']) p;
SELECT is(ARRAY(SELECT pg_temp.as_person(p, format('SELECT skillancer_api.review_report_uphold(%L)', pg_temp.thing('report'))) ->> 'status' FROM unnest(ARRAY['felix', 'clara']) p), '{403,403}', 'not even as a moderator, nor does the author');
SELECT pg_temp.add_person('sue', 'SUPPORT') \g /dev/null
SELECT is(pg_temp.as_person('sue', format('SELECT skillancer_api.review_report_dismiss(%L)', pg_temp.thing('report'))) ->> 'status', '403', 'nor do other staff');
SELECT is((SELECT string_agg(DISTINCT a.action, ' ' ORDER BY a.action) FROM skillancer.audit a WHERE a.object_id = pg_temp.thing('report')), 'review_report.dismiss_denied review_report.uphold_denied', 'which leaves a trace');
DELETE FROM skillancer.user_role WHERE role = 'MODERATOR' AND user_id::uuid <> pg_temp.person('mo');
SELECT is(pg_temp.as_person('mo', format('SELECT skillancer_api.review_report_uphold(%L, %L)', pg_temp.thing('report'), 'You are right.')) #>> '{body,state}', 'UPHELD', 'a moderator upholds it');
SELECT is((SELECT r.state FROM skillancer.review r WHERE r.id::uuid = pg_temp.thing('bad')), 'REMOVED', 'the review is removed');
SELECT is((SELECT array_agg(DISTINCT p.state) FROM skillancer.review_report p WHERE p.review_id::uuid = pg_temp.thing('bad')), '{UPHELD}', 'and so ends every report of it');
SELECT is((SELECT array_agg(DISTINCT e.audience::text) FROM skillancer.event e WHERE e.type = 'report.upheld' AND e.audience && ARRAY[pg_temp.person('felix')]), ARRAY[format('{%s}', pg_temp.person('felix'))], 'each reporter is told, alone');
SELECT is((SELECT o.verdict || ' ' || o.reason FROM skillancer.outcome o WHERE o.booking_id::uuid = pg_temp.thing('one')), '1 PAID', 'the booking counts as before');
SELECT is(pg_temp.as_person('sam', format('SELECT skillancer_api.user_rating(%L)', pg_temp.person('felix'))) ->> 'freelancer', NULL, 'the rating is gone');
SELECT is(jsonb_array_length(pg_temp.body(pg_temp.as_person('felix', format('SELECT skillancer_api.user_reviews(%L)', pg_temp.person('felix'))))), 0, 'nobody reads it');
SELECT is(jsonb_path_query_first(pg_temp.as_person('clara', format('SELECT skillancer_api.booking_reviews(%L)', pg_temp.thing('one'))), '$[*] ? (@.rating == 1).state') #>> '{}', 'REMOVED', 'but its author');
SELECT is(pg_temp.refusal('mo', format('SELECT skillancer_api.review_report_dismiss(%L)', pg_temp.thing('report'))), 'SK004', 'a decision is one');
SELECT is(pg_temp.rebuilt(), 0::bigint, 'again the same as computed from the beginning');

-- score and level
SELECT is(ARRAY[pg_temp.done('two', 'clara', 'felix', '300 USD'), pg_temp.done('three', 'clara', 'felix', '300 USD')], '{COMPLETED,COMPLETED}', 'two more');
SELECT is((SELECT r.level || coalesce(r.score::text, '') FROM skillancer.reputation r WHERE r.user_id::uuid = pg_temp.person('felix')), 'RISING', 'a level, but no score of one client');
SELECT is((SELECT count(*) FROM skillancer.event e WHERE e.type = 'reputation.level_changed' AND e.audience = ARRAY[pg_temp.person('felix')] AND e.data ->> 'level' = 'RISING'), 1::bigint, 'which is told once');
SELECT is(pg_temp.done('four', 'carl', 'felix', '100 USD'), 'COMPLETED', 'the fourth, of a second client');
SELECT is((SELECT r.score FROM skillancer.reputation r WHERE r.user_id::uuid = pg_temp.person('felix')),
	(SELECT round(pg_temp.again(ARRAY[c, c, c, k]::skillancer.user_id[], '{40000,30000,30000,10000}', '{1,1,1,1}')::numeric, 4)
		FROM (SELECT pg_temp.person('clara') AS c, pg_temp.person('carl') AS k) x), 'shows a score, with one client capped');
SELECT is((SELECT array_agg(e ->> 'verdict' || ' ' || (e ->> 'weight') ORDER BY e ->> 'weight') FROM jsonb_array_elements(pg_temp.as_person('felix', 'SELECT skillancer_api.my_reputation()') -> 'evidence') e),
	ARRAY['SUCCESS 1.0986', 'SUCCESS 1.9459', 'SUCCESS 1.9459', 'SUCCESS 2.1972'], 'the freelancer sees the evidence');
SELECT is((SELECT array_agg(format('%s %s %s/%s %s', e ->> 'level', e ->> 'metric', e ->> 'value', e ->> 'threshold', e ->> 'met')) FROM jsonb_array_elements(
		pg_temp.as_person('felix', 'SELECT skillancer_api.my_reputation()') #> '{levels,requirements}') e WHERE e ->> 'level' = 'ESTABLISHED'),
	ARRAY['ESTABLISHED accountDays 0/90 false', 'ESTABLISHED clients 2/4 false', 'ESTABLISHED outcomes 4/8 false',
		format('ESTABLISHED successScore %s/0.85 true', (SELECT r.score FROM skillancer.reputation r WHERE r.user_id::uuid = pg_temp.person('felix')))], 'and why not yet');
SELECT is(pg_temp.as_person('felix', 'SELECT skillancer_api.my_reputation()') #>> '{levels,nextLevel}', 'ESTABLISHED', 'for the next level');
SELECT is(pg_temp.as_person('clara', 'SELECT count(*) FROM skillancer.outcome'), '0'::jsonb, 'the evidence is not the client''s');
SELECT is(pg_temp.rebuilt(), 0::bigint, 'the same once more');

-- money that is given back after the end, and a database that knows no outcomes yet
SELECT pg_temp.later('6 days'), pg_temp.due() \g /dev/null
SELECT is(pg_temp.refusal('felix', format('SELECT skillancer_api.milestone_give_back(%L, %L)', pg_temp.thing('two/1'), '200 USD')), 'none', 'the freelancer gives two thirds back');
SELECT is((SELECT o.verdict || ' ' || o.reason FROM skillancer.outcome o WHERE o.booking_id::uuid = pg_temp.thing('two')), '-1 REFUNDED', 'and the booking is a failure');
SELECT is(pg_temp.rebuilt(), 0::bigint, 'which computing everything says as well');
CREATE TEMP TABLE known AS SELECT * FROM skillancer.outcome;
DELETE FROM skillancer.outcome;
UPDATE skillancer.reputation SET stale_at = '-infinity';
SELECT ok(skillancer.refresh_reputation() > 0, 'after an upgrade the job finds what has ended');
SELECT is((SELECT count(*) FROM (SELECT * FROM skillancer.outcome EXCEPT SELECT * FROM known) x), 0::bigint, 'and judges it alike');
SELECT is((SELECT count(*) FROM known), (SELECT count(*) FROM skillancer.outcome), 'all of it');
SELECT is(pg_temp.rebuilt(), 0::bigint, 'so that nothing is left to do');

-- rules are rows
UPDATE skillancer.badge_rule SET threshold = 4 WHERE level = 'ESTABLISHED' AND metric = 'outcomes';
UPDATE skillancer.badge_rule SET threshold = 2 WHERE level = 'ESTABLISHED' AND metric = 'clients';
UPDATE skillancer.badge_rule SET threshold = 0.3 WHERE metric = 'successScore';
DELETE FROM skillancer.badge_rule WHERE level = 'ESTABLISHED' AND metric = 'accountDays';
SELECT skillancer.set_identity(NULL) \g /dev/null
SELECT ok(skillancer.refresh_reputation() >= 1, 'an edited rule is looked at by the job');
SELECT is(skillancer.freelancer_level(pg_temp.person('felix')::skillancer.user_id), 'ESTABLISHED', 'and gives another level');

-- time: outcomes leave their periods without an event, and the job follows
SELECT pg_temp.later('6 months 3 days') \g /dev/null
SELECT is(pg_temp.done('late', 'carl', 'felix', '50 USD'), 'COMPLETED', 'half a year later');
SELECT is((SELECT r.months FROM skillancer.reputation r WHERE r.user_id::uuid = pg_temp.person('felix') AND r.side = 'FREELANCER'), 24::smallint, 'the score is of a longer period now');
SELECT pg_temp.later('20 months') \g /dev/null
SELECT ok(skillancer.refresh_reputation() >= 1, 'two years after the first');
SELECT is((SELECT array_agg(format('%s %s %s', r.outcomes, r.level, r.score)) FROM skillancer.reputation r WHERE r.user_id::uuid = pg_temp.person('felix') AND r.side = 'FREELANCER'),
	'{"1 NEW "}', 'one outcome is left');
SELECT is(skillancer.refresh_reputation(), 0::bigint, 'the job has nothing more to do');
SELECT is(pg_temp.rebuilt(), 0::bigint, 'nor has computing everything');
SELECT is((SELECT skillancer.rating_count(r.rating) FROM skillancer.reputation r WHERE r.user_id::uuid = pg_temp.person('clara') AND r.side = 'CLIENT'), 0::bigint, 'ratings of two years ago do not count');

-- failure
SELECT isnt(pg_temp.book('lost', 'carl', 'fred', '500 USD'), NULL, 'a booking');
SELECT is((pg_temp.fund('carl', 'lost/1') ->> 'status')::integer, 201, 'is funded');
SELECT is(pg_temp.as_person('fred', format('SELECT skillancer_api.milestone_refund(%L)', pg_temp.thing('lost/1'))) ->> 'state', 'REFUNDED', 'and all of it given back');
SELECT is(pg_temp.body(pg_temp.as_person('carl', format('SELECT skillancer_api.booking_end(%L)', pg_temp.thing('lost')))) ->> 'state', 'CANCELLED', 'ended');
SELECT is((SELECT o.verdict || ' ' || o.reason FROM skillancer.outcome o WHERE o.booking_id::uuid = pg_temp.thing('lost')), '-1 REFUNDED', 'a failure');
SELECT ok((SELECT p.rank < 3755 FROM skillancer.profile p WHERE p.user_id::uuid = pg_temp.person('fred')), 'and less than a newcomer''s rank');
SELECT ok(pg_temp.books_in_order(), 'the books are in order');

SELECT * FROM finish();
ROLLBACK;
