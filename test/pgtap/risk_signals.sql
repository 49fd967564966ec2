-- risk_signals.sql
--	Signs of fraud that no text shows: haste, self-dealing, reviews in a burst; and what they lead to.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
\ir ../lib/market.sql
SELECT plan(14);

SELECT pg_temp.add_person('clara', 'CLIENT'), pg_temp.add_person('felix', 'FREELANCER'), pg_temp.add_person('nora', 'CLIENT') \g /dev/null
UPDATE skillancer.policy SET value = '3' WHERE key IN ('riskVelocity', 'riskReviewBurst');
CREATE FUNCTION pg_temp.signs(p_name text) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(s.kind || ' ' || s.subject_type, ', ' ORDER BY s.kind) FROM skillancer.risk_signal s WHERE s.user_id::uuid = pg_temp.person(p_name) $$;
CREATE FUNCTION pg_temp.post(p_name text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	v_id text := pg_temp.body(pg_temp.as_person(p_name, $q$ SELECT skillancer_api.project_create('Something to do', 'What has to be done, in enough words.',
		'FIXED', '10 USD', '500 USD') $q$)) ->> 'id';
BEGIN
	RETURN pg_temp.body(pg_temp.as_person(p_name, format('SELECT skillancer_api.project_publish(%L)', v_id))) ->> 'state';
END
$$;

-- haste
SELECT is(pg_temp.post('nora') || pg_temp.post('nora'), 'OPENOPEN', 'two projects are no haste');
SELECT is(pg_temp.signs('nora'), NULL, 'and leave no sign');
SELECT is(pg_temp.post('nora'), 'OPEN', 'the third within an hour is still opened');
SELECT is(pg_temp.signs('nora'), 'velocity project', 'but it is noted');
SELECT is(pg_temp.post('nora'), 'OPEN', 'a sign is noted once an hour');
SELECT is(pg_temp.signs('nora'), 'velocity project', 'not for every project');
SELECT pg_temp.later('61 minutes') \g /dev/null
SELECT pg_temp.post('nora'), pg_temp.post('nora') \g /dev/null
SELECT is(pg_temp.post('nora'), 'IN_REVIEW', 'who goes on like this waits for review');
SELECT pg_temp.later('91 days') \g /dev/null
SELECT is(pg_temp.post('nora'), 'OPEN', 'signs grow old');

-- one desk
SELECT ok(skillancer.is_private_address('127.0.0.1') AND skillancer.is_private_address('fd00::1') AND skillancer.is_private_address('no address')
	AND NOT skillancer.is_private_address('8.8.8.8') AND NOT skillancer.is_private_address('2001:4860::1'), 'private addresses tell nobody from another');
INSERT INTO skillancer.session (user_id, address, expires_at, last_used_at)
SELECT pg_temp.person(n)::skillancer.user_id, '10.1.2.3', skillancer.now() + interval '1 day', skillancer.now() FROM unnest('{clara,felix}'::text[]) n;
SELECT pg_temp.book('near', 'clara', 'felix', '600 USD') \g /dev/null
SELECT is(pg_temp.signs('clara'), NULL, 'an address of a local network is no sign');
UPDATE skillancer.session SET address = '203.0.113.7' WHERE user_id::uuid IN (pg_temp.person('clara'), pg_temp.person('felix'));
SELECT pg_temp.book('same', 'clara', 'felix', '600 USD') \g /dev/null
SELECT is(pg_temp.signs('clara') || ' / ' || pg_temp.signs('felix'), 'self_dealing booking / self_dealing booking', 'one public address is, against both');
SELECT is(pg_temp.post('clara'), 'IN_REVIEW', 'and the next project waits for review');

-- praise
SELECT skillancer.import_begin('reviews of a day') \g /dev/null
INSERT INTO skillancer.review (booking_id, client_id, freelancer_id, author_id, subject_id, rating, comment, would_work_again)
SELECT b.id, b.client_id, b.freelancer_id, b.client_id, b.freelancer_id, 5, 'Very good work.', true
FROM skillancer.booking b WHERE b.freelancer_id::uuid = pg_temp.person('felix');
SELECT is(count(*), 2::bigint, 'two reviews wait') FROM skillancer.review r WHERE r.subject_id::uuid = pg_temp.person('felix') AND r.state = 'HIDDEN';
UPDATE skillancer.policy SET value = '2' WHERE key = 'riskReviewBurst';
SELECT skillancer.fire_system('review', r.id::uuid, 'publish') FROM skillancer.review r WHERE r.subject_id::uuid = pg_temp.person('felix') \g /dev/null
SELECT is(pg_temp.signs('felix'), 'review_burst review, self_dealing booking', 'as many in a day are noted');

SELECT * FROM finish();
ROLLBACK;
