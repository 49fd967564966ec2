/*
 * analytics_rollup.sql
 *		Rollups equal what plain SQL makes of the same events and postings: in any ticks, late, corrected, damaged and
 *		repaired, sealed and forgotten.
 */
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT no_plan();
SET LOCAL client_min_messages = warning;
SET LOCAL timezone = 'Asia/Kolkata';
SELECT setseed(0.61) AS seeded \gset

-- A tick over what the test has appended since the last one: as if each had been a transaction of its own.
CREATE TEMP SEQUENCE stamp;
CREATE FUNCTION pg_temp.tick() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	v_tick record;
	v_stamp bigint := pg_current_xact_id()::text::bigint + nextval('stamp');
	v_b pg_snapshot := format('%s:%s:', v_stamp + 1, v_stamp + 1);
	v_cells skillancer.rollup_cell[];
BEGIN
	UPDATE skillancer.event e SET xid = v_stamp::text::xid8 WHERE e.xid = pg_current_xact_id();
	SELECT * INTO v_tick FROM skillancer.tick_open('analyst');
	v_cells := ARRAY(SELECT c FROM skillancer.rollup_scan(v_tick.epoch, v_tick.position_a, v_b, NULL, NULL, NULL, NULL) c);
	PERFORM skillancer.rollup_apply(v_cells);
	PERFORM skillancer.tick_close('analyst', v_b, 0);
	RETURN (SELECT c.den FROM unnest(v_cells) c WHERE c.mode = 'events');
END
$$;
CREATE FUNCTION pg_temp.happens(p_type text, p_at timestamptz, p_data jsonb, p_thing uuid DEFAULT NULL, p_actor uuid DEFAULT NULL)
RETURNS void LANGUAGE sql AS $$
	INSERT INTO skillancer.event (at, epoch, type, source, aggregate_type, aggregate_id, actor_id, data)
	VALUES (p_at, skillancer.epoch(), p_type, 'test', 'test', coalesce(p_thing, skillancer.new_id()), p_actor::skillancer.user_id, p_data)
$$;
CREATE FUNCTION pg_temp.stored(p_metric text, p_day date, p_dims jsonb DEFAULT '{}') RETURNS numeric LANGUAGE sql AS
	$$ SELECT m.num FROM skillancer.metric_day m WHERE m.metric = p_metric AND m.day = p_day AND m.dims = p_dims $$;
CREATE FUNCTION pg_temp.verified(p_what text) RETURNS text LANGUAGE sql AS
	$$ SELECT is_empty('SELECT * FROM skillancer.rollup_verify()', p_what) $$;

-- declarations
SELECT is_empty($$ SELECT m.metric, m.match FROM skillancer.measure m WHERE m.source = 'event' AND m.match <> '*'
	AND NOT EXISTS (SELECT FROM skillancer.event_type t WHERE t.name = m.match) $$, 'measures are about types of events that there are');
SELECT is_empty($$ SELECT m.metric, m.match FROM skillancer.measure m WHERE m.source = 'ledger'
	AND NOT EXISTS (SELECT FROM skillancer.account_class c WHERE c.class = m.match) $$, 'and about classes of accounts that there are');
SELECT is_empty($$ SELECT h.metric FROM skillancer.cohort_measure h WHERE 2 > (SELECT count(DISTINCT m.metric) FROM skillancer.measure m
	WHERE m.mode = 'step' AND m.metric IN (h.entry, h.goal)) AND h.entry <> h.goal $$, 'cohorts are made of steps');
SELECT is_empty($$ SELECT w.metric FROM skillancer.window_measure w WHERE NOT EXISTS (SELECT FROM skillancer.measure m
	WHERE m.metric = w.members AND m.mode = 'member' AND m.dims = '{}') $$, 'windows are made of members without dimensions');
SELECT throws_ok($$ SELECT skillancer.rollup_rebuild('nothing') $$, '22023', NULL, 'there is no such metric');
SELECT throws_ok($$ SELECT skillancer.rollup_scan(1, NULL, NULL, NULL, NULL, NULL, NULL) $$, '22004', NULL, 'a scan needs a snapshot');

SELECT throws_ok($$ SELECT skillancer.replay('analyst', '-infinity') $$, '0A000', NULL, 'what is added up is not read again');

-- random events over three months, in five ticks
CREATE TEMP TABLE person AS SELECT skillancer.new_id() AS id, i FROM generate_series(0, 6) i;
CREATE FUNCTION pg_temp.happen_at_random(p_n integer) RETURNS void LANGUAGE sql AS $$
	SELECT pg_temp.happens((ARRAY['proposal.submitted', 'message.sent', 'booking.created', 'booking.time_logged', 'user.updated'])[1 + (random() * 4)::int],
		'2026-01-15 12:00Z'::timestamptz + (random() * 7000000)::int * interval '1 second',
		jsonb_strip_nulls(jsonb_build_object('clientId', a.id::skillancer.user_id, 'freelancerId', b.id::skillancer.user_id,
			'projectId', md5(((random() * 40)::int)::text)::uuid::skillancer.project_id,
			'kind', (ARRAY['TEXT', 'SYSTEM'])[1 + g.i % 2], 'minutes', g.i % 300,
			'proposalId', CASE WHEN g.i % 3 = 0 THEN 'x' END, 'gigId', CASE WHEN g.i % 3 = 1 THEN 'y' END)), NULL, a.id)
	FROM generate_series(1, p_n) AS g (i)
	JOIN person a ON a.i = g.i % 7 JOIN person b ON b.i = (g.i + 3) % 7
$$;
SELECT pg_temp.happen_at_random(250), pg_temp.tick() FROM generate_series(1, 5);
SELECT pg_temp.verified('five ticks are what one look at everything is');
SELECT results_eq(
	$$ SELECT (e.at AT TIME ZONE 'UTC')::date, CASE WHEN e.data ? 'gigId' THEN 'GIG' WHEN e.data ? 'proposalId' THEN 'PROPOSAL' ELSE 'OFFER' END COLLATE "C",
		count(*)::numeric FROM skillancer.event e WHERE e.type = 'booking.created' AND e.source = 'test' GROUP BY 1, 2 ORDER BY 1, 2 $$,
	$$ SELECT m.day, m.dims ->> 'source' COLLATE "C", m.num FROM skillancer.metric_day m WHERE m.metric = 'bookings_created' ORDER BY 1, 2 $$,
	'days of UTC with a dimension equal plain SQL');
SELECT is((SELECT sum(m.num) FROM skillancer.metric_month m WHERE m.metric = 'minutes_logged'),
	(SELECT sum((e.data ->> 'minutes')::numeric) FROM skillancer.event e WHERE e.type = 'booking.time_logged'), 'so do sums of numbers');
SELECT results_eq(
	$$ SELECT (date_trunc('month', e.at AT TIME ZONE 'UTC'))::date, count(DISTINCT e.actor_id)::numeric FROM skillancer.event e WHERE e.source = 'test' GROUP BY 1 ORDER BY 1 $$,
	$$ SELECT m.month, m.num FROM skillancer.metric_month m WHERE m.metric = 'active_users' ORDER BY 1 $$, 'and different people of a month');
SELECT is((SELECT s.times FROM skillancer.metric_step s WHERE s.metric = 'project_proposed' AND s.subject = md5('7')::uuid),
	(SELECT (array_agg(e.at ORDER BY e.at))[1:3] FROM skillancer.event e WHERE e.type = 'proposal.submitted'
		AND e.data ->> 'projectId' = md5('7')::uuid::skillancer.project_id::text), 'and the three earliest times');
SELECT is((SELECT array_agg(t.total) FROM (
	SELECT sum(m.num) AS total FROM skillancer.metric_hour m WHERE m.metric = 'messages_sent' UNION
	SELECT sum(m.num) FROM skillancer.metric_day m WHERE m.metric = 'messages_sent' UNION
	SELECT sum(m.num) FROM skillancer.metric_month m WHERE m.metric = 'messages_sent') t),
	ARRAY(SELECT count(*)::numeric FROM skillancer.event e WHERE e.type = 'message.sent'), 'all levels have one sum');

-- corrections are signed pairs; what is not a number is not counted
SELECT pg_temp.happens('booking.time_changed', '2026-05-02Z', '{"minutes": 90, "minutesBefore": 120}');
SELECT pg_temp.happens('booking.time_removed', '2026-05-02Z', '{"minutes": 15}');
SELECT pg_temp.happens('booking.time_logged', '2026-05-02Z', d) FROM unnest(ARRAY['{"minutes": "12"}', '{}', '[]', '{"minutes": 1e300}', '{"minutes": null}',
	'{"minutes": {"a": 1}}', '"x"', '{"minutes": -1e300}']::jsonb[]) d;
SELECT pg_temp.happens('user.created', '2026-05-02Z', d) FROM unnest(ARRAY['{"roles": ["CLIENT", "FREELANCER"]}', '{"roles": "CLIENT"}', '{"roles": [1]}',
	'{"roles": []}', jsonb_build_object('roles', ARRAY[repeat('é', 500)], 'userId', 'usr_nonsense')]::jsonb[]) d;
SELECT is(pg_temp.tick(), 15::bigint, 'events with odd data are read');
SELECT is(pg_temp.stored('minutes_logged', '2026-05-02'), -45::numeric, 'old values are taken back, new ones added');
SELECT is(pg_temp.stored('users_registered', '2026-05-02', '{"role": "CLIENT+FREELANCER"}'), 1::numeric, 'a list is a dimension');
SELECT is(pg_temp.stored('users_registered', '2026-05-02'), 3::numeric, 'what is no list is none');
SELECT pg_temp.verified('odd data changes nothing about it');

-- how long things take
CREATE TEMP TABLE payout AS SELECT skillancer.new_id() AS id, (exp(random() * 12))::int AS seconds FROM generate_series(1, 600);
SELECT pg_temp.happens('payout.requested', '2026-06-01', '{}', id) FROM payout;
SELECT pg_temp.happens('payout.paid', '2026-06-01'::timestamptz + seconds * interval '1 second', '{}', id) FROM payout;
SELECT pg_temp.tick();
SELECT cmp_ok(abs(h.p / x.p - 1), '<=', 0.02::float8, format('percentile %s of a histogram is within 2 %%', s))
FROM unnest('{0.5,0.9,0.95,0.99}'::float8[]) s
CROSS JOIN LATERAL (SELECT percentile_disc(s) WITHIN GROUP (ORDER BY seconds) AS p FROM payout) x
CROSS JOIN LATERAL (SELECT skillancer.histogram_percentile(array_agg(m.bucket ORDER BY m.bucket), array_agg(m.n ORDER BY m.bucket), s) AS p
	FROM (SELECT m.bucket, sum(m.n)::bigint AS n FROM skillancer.metric_histogram m WHERE m.metric = 'payout_seconds' GROUP BY 1) m) h;
SELECT is((SELECT sum(m.num) FROM skillancer.metric_day m WHERE m.metric = 'payout_seconds'), (SELECT sum(seconds)::numeric FROM payout), 'sums beside it are exact');

-- cohorts: marked in the tick, recomputed after it
SELECT pg_temp.happens('project.published', '2026-07-01 10:00Z', jsonb_build_object('projectId', md5('p' || i)::uuid::skillancer.project_id)) FROM generate_series(1, 4) i;
SELECT pg_temp.happens('proposal.submitted', '2026-07-01 11:00Z'::timestamptz + k * interval '1 hour', jsonb_build_object('projectId', md5('p' || i)::uuid::skillancer.project_id))
FROM generate_series(1, 2) i, generate_series(1, 3) k;
SELECT pg_temp.tick();
SELECT cmp_ok((SELECT count(*) FROM skillancer.rollup_invalid i WHERE i.day = '2026-07-01'), '>=', 4::bigint, 'days of cohorts are marked');
SELECT pg_temp.verified('marked days are not compared');
SELECT cmp_ok(skillancer.rollup_revalidate(1000), '>=', 4::bigint, 'and recomputed');
SELECT results_eq($$ SELECT m.num, m.den FROM skillancer.metric_day m WHERE m.metric = 'projects_liquid_24h' AND m.day = '2026-07-01' $$, $$ VALUES (2::numeric, 4::numeric) $$,
	'two of four projects had three proposals within a day');
SELECT pg_temp.verified('cohorts are what the steps say');
-- a publication that comes late and is earlier moves its project to another day
SELECT pg_temp.happens('project.published', '2026-06-30 23:30Z', jsonb_build_object('projectId', md5('p1')::uuid::skillancer.project_id));
SELECT pg_temp.tick();
SELECT skillancer.rollup_revalidate(1000);
SELECT results_eq($$ SELECT m.day, m.num, m.den FROM skillancer.metric_day m WHERE m.metric = 'projects_liquid_24h' AND m.den > 0 AND m.day >= '2026-06-30' ORDER BY 1 $$,
	$$ VALUES ('2026-06-30'::date, 1::numeric, 1::numeric), ('2026-07-01', 1, 3) $$, 'late events move what began');
SELECT pg_temp.verified('on both days');

SELECT pg_temp.happens('project.published', '2026-07-01 12:00Z', jsonb_build_object('projectId', md5('p2')::uuid::skillancer.project_id));
SELECT pg_temp.tick();
SELECT is_empty('SELECT * FROM skillancer.rollup_invalid', 'a step that is taken again later changes no cohort');

-- sets: cells of one key are added up, who has no facts left goes
CREATE FUNCTION pg_temp.pair(p_n bigint) RETURNS skillancer.rollup_cell LANGUAGE sql AS
	$$ SELECT ROW('member', 'booking_pairs', '2026-08-09Z', '{}', NULL, md5('pair')::uuid, p_n, p_n, NULL)::skillancer.rollup_cell $$;
SELECT is(skillancer.rollup_add(ARRAY[pg_temp.pair(1), pg_temp.pair(2), NULL, ROW('sum', NULL, NULL, NULL, NULL, NULL, 1, 1, NULL)::skillancer.rollup_cell]),
	'{2026-08-01}'::date[], 'cells are added to a month');
SELECT results_eq($$ SELECT m.level, m.n FROM skillancer.metric_member m WHERE m.subject = md5('pair')::uuid ORDER BY 1 $$,
	$$ VALUES ('day' COLLATE "C", 3::bigint), ('month', 3) $$, 'and to its day, once');
SELECT is(pg_temp.stored('booking_pairs', '2026-08-09'), 1::numeric, 'one pair is counted');
SELECT skillancer.rollup_add(ARRAY[pg_temp.pair(-3)]);
SELECT is(pg_temp.stored('booking_pairs', '2026-08-09'), 0::numeric, 'and no more');
SELECT is_empty($$ SELECT FROM skillancer.metric_member m WHERE m.subject = md5('pair')::uuid $$, 'nor is it a member');
SELECT throws_ok($$ SELECT skillancer.rollup_add(ARRAY[pg_temp.pair(9223372036854775807), pg_temp.pair(9223372036854775807)]) $$, '22003', NULL, 'sums do not overflow');
SELECT pg_temp.verified('sets are what they were');

-- windows: who is there on days that are near each other is counted once, in any order, until the last of the days is over
CREATE FUNCTION pg_temp.active(p_who text, p_day date, p_n bigint DEFAULT 1) RETURNS skillancer.rollup_cell LANGUAGE sql AS
	$$ SELECT ROW('member', 'active_users', p_day::timestamp AT TIME ZONE 'UTC', '{}', NULL, md5(p_who)::uuid, p_n, p_n, NULL)::skillancer.rollup_cell $$;
CREATE FUNCTION pg_temp.windows(p_metric text) RETURNS TABLE (first date, last date, num numeric) LANGUAGE sql AS $$
	SELECT min(m.day), max(m.day), m.num FROM (SELECT m.day, m.num, m.day - row_number() OVER (PARTITION BY m.num ORDER BY m.day)::integer AS run
		FROM skillancer.metric_day m WHERE m.metric = p_metric AND m.day >= '2030-01-01' AND m.num <> 0) m GROUP BY m.run, m.num ORDER BY 1 $$;
SELECT skillancer.rollup_add(ARRAY[pg_temp.active('a', '2030-03-10'), pg_temp.active('a', '2030-03-12'), pg_temp.active('b', '2030-03-10')]);
SELECT results_eq($$ SELECT * FROM pg_temp.windows('active_users_7d') $$,
	$$ VALUES ('2030-03-10'::date, '2030-03-16'::date, 2::numeric), ('2030-03-17', '2030-03-18', 1) $$, 'of a tick');
SELECT skillancer.rollup_add(ARRAY[pg_temp.active('a', '2030-03-01'), pg_temp.active('a', '2030-03-25')]);
SELECT results_eq($$ SELECT * FROM pg_temp.windows('active_users_7d') $$, $$ VALUES ('2030-03-01'::date, '2030-03-07'::date, 1::numeric),
	('2030-03-10', '2030-03-16', 2), ('2030-03-17', '2030-03-18', 1), ('2030-03-25', '2030-03-31', 1) $$, 'of days before and after');
SELECT results_eq($$ SELECT * FROM pg_temp.windows('active_users_30d') $$, $$ VALUES ('2030-03-01'::date, '2030-03-09'::date, 1::numeric),
	('2030-03-10', '2030-04-08', 2), ('2030-04-09', '2030-04-23', 1) $$, 'longer ones too');
SELECT skillancer.rollup_add(ARRAY[pg_temp.active('a', '2030-03-12', -1), pg_temp.active('a', '2030-03-25', -1), pg_temp.active('c', '2030-03-08')]);
SELECT results_eq($$ SELECT * FROM pg_temp.windows('active_users_7d') $$, $$ VALUES ('2030-03-01'::date, '2030-03-09'::date, 1::numeric),
	('2030-03-10', '2030-03-14', 3), ('2030-03-15', '2030-03-16', 2) $$, 'who has no facts left on a day leaves it');
SELECT skillancer.rollup_add(ARRAY[pg_temp.active('a', '2030-03-01', -1), pg_temp.active('a', '2030-03-10', -1), pg_temp.active('b', '2030-03-10', -1),
	pg_temp.active('c', '2030-03-08', -1)]);
SELECT is_empty($$ SELECT * FROM pg_temp.windows('active_users_7d') UNION ALL SELECT * FROM pg_temp.windows('active_users_30d') $$, 'then nobody is there');
-- against counting
SELECT is_empty($$ SELECT w.metric, d.day, w.days, m.num FROM skillancer.window_measure w
	CROSS JOIN generate_series('2025-12-01'::timestamp, '2026-10-01', '1 day') AS d (day)
	LEFT JOIN skillancer.metric_day m ON m.metric = w.metric AND m.day = d.day::date
	WHERE coalesce(m.num, 0) <> (SELECT count(DISTINCT e.subject) FROM skillancer.metric_member e
		WHERE e.metric = w.members AND e.level = 'day' AND e.at > d.day::date - w.days AND e.at <= d.day::date) $$, 'windows of each day are what counting says');
SELECT cmp_ok((SELECT count(DISTINCT m.num) FROM skillancer.metric_day m WHERE m.metric = 'active_users_7d'), '>=', 3::bigint, 'of different sizes');

-- clicks: counts by rank, and one over the rank of first clicks
SELECT pg_temp.happens('search.clicked', '2026-08-10Z', d) FROM unnest(ARRAY['{"kind": "gig", "rank": 3, "firstRank": 3, "firstOfTop10": 1}', '{"kind": "gig", "rank": 1}',
	'{"kind": "gig", "rank": 3, "firstRank": 0}', '{"kind": "gig", "rank": "3", "firstRank": "1"}', '{"kind": "gig", "rank": 2, "firstRank": 2, "firstOfTop10": 1}']::jsonb[]) d;
SELECT pg_temp.happens('search.performed', '2026-08-10Z', '{"kind": "gig", "searches": 10, "withoutResult": 2, "corrected": 1}');
SELECT pg_temp.tick();
SELECT results_eq($$ SELECT s.rank, s.num, s.den FROM skillancer_analytics.search_rank_monthly s WHERE s.month = '2026-08-01' AND s.rank IS NOT NULL ORDER BY 1 $$,
	$$ VALUES (1, 1::numeric, 8::numeric), (2, 1, 8), (3, 2, 8) $$, 'clicks by rank, of searches that found something');
SELECT results_eq($$ SELECT s.figure, s.num, s.den FROM skillancer_analytics.search_monthly s WHERE s.month = '2026-08-01' ORDER BY 1 $$,
	$$ VALUES ('search_click_10', 2::numeric, 8::numeric), ('search_corrected', 1, 10), ('search_mrr', 0.833333, 2), ('search_zero_result', 2, 10) $$, 'click@10, MRR, and what was found');
SELECT pg_temp.verified('clicks are what was told');

-- months are the sums of their days
SELECT is_empty($$ SELECT m.metric, m.month FROM skillancer.metric_histogram_month m FULL JOIN (
		SELECT d.metric, date_trunc('month', d.day::timestamp)::date AS month, d.dims, d.bucket, sum(d.n) AS n FROM skillancer.metric_histogram d GROUP BY 1, 2, 3, 4) d
	USING (metric, month, dims, bucket) WHERE coalesce(m.n, 0) <> coalesce(d.n, 0) $$, 'histograms of months');
SELECT ok(count(*) > 0, 'of cohorts, too') FROM skillancer.metric_histogram_month m WHERE m.metric = 'projects_proposed' AND m.n > 0;
UPDATE skillancer.metric_histogram_month SET n = n + 1 WHERE metric = 'payout_seconds' AND bucket = (SELECT max(bucket) FROM skillancer.metric_histogram_month WHERE metric = 'payout_seconds');
UPDATE skillancer.metric_month SET num = num + 1 WHERE metric = 'projects_liquid_24h' AND month = '2026-07-01';
SELECT results_eq('SELECT v.metric, v.level FROM skillancer.rollup_verify() v ORDER BY 1', $$ VALUES ('payout_seconds', 'histogram month'), ('projects_liquid_24h', 'month') $$,
	'damage to months is found');
UPDATE skillancer.metric_month SET num = num - 1 WHERE metric = 'projects_liquid_24h' AND month = '2026-07-01';
UPDATE skillancer.metric_histogram_month SET n = n - 1 WHERE metric = 'payout_seconds' AND bucket = (SELECT max(bucket) FROM skillancer.metric_histogram_month WHERE metric = 'payout_seconds');

-- money in the reporting currency: kept for months that are over, until something is added to them or a rate becomes known
CREATE FUNCTION pg_temp.charge(p_amount bigint, p_currency text) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
	PERFORM skillancer.ledger_post('charge', gen_random_uuid()::text, NULL, '{psp_clearing,bank_trust}', '{NULL,NULL}', '{NULL,NULL}', '{NULL,NULL}', ARRAY[p_amount, -p_amount], p_currency);
	RETURN skillancer.rollup_rebuild('charged') + skillancer.rollup_rebuild('account_change');
END
$$;
CREATE FUNCTION pg_temp.charged() RETURNS numeric LANGUAGE sql AS
	$$ SELECT f.den FROM skillancer_analytics.figure_reported f WHERE f.figure = 'chargeback_bps' AND f.month = skillancer.utc_month(skillancer.now()) $$;
INSERT INTO skillancer.fx_rate (base, quote, rate, valid_from, source) VALUES ('CHF', 'USD', 2, skillancer.now() - interval '1 second', 'test');
SELECT pg_temp.charge(1000, 'USD'), pg_temp.charge(1000, 'CHF');
SELECT is(pg_temp.charged(), 3000::numeric, 'money of the month that runs is added up');
SELECT is(skillancer.reported_store_next(), 0::bigint, 'and not kept');
UPDATE skillancer.consumer SET ticked_at = ticked_at + interval '40 days' WHERE name = 'analyst';
SELECT is(skillancer.reported_store_next(), 1::bigint, 'when it is over it is kept');
SELECT is(skillancer.reported_store_next(), 0::bigint, 'once');
SELECT is((SELECT r.num FROM skillancer.metric_reported r WHERE r.metric = 'charged'), 3000::numeric, 'as it was');
SELECT is(pg_temp.charged(), 3000::numeric, 'and shown');
SELECT pg_temp.verified('what is kept is what the days say');
UPDATE skillancer.metric_reported SET num = num + 1 WHERE metric = 'charged';
SELECT results_eq('SELECT v.metric, v.level FROM skillancer.rollup_verify() v', $$ VALUES ('charged', 'reported') $$, 'damage to it is found');
INSERT INTO skillancer.fx_rate (base, quote, rate, valid_from, source) VALUES ('CHF', 'USD', 3, skillancer.now(), 'test');
SELECT is_empty('SELECT FROM skillancer.metric_reported', 'a rate that becomes known takes it away');
SELECT is(pg_temp.charged(), 4000::numeric, 'and counts at once');
SELECT is(skillancer.reported_store_next(), 1::bigint, 'it is made anew');
INSERT INTO skillancer.fx_rate (base, quote, rate, valid_from, source) VALUES ('CHF', 'USD', 9, skillancer.now() + interval '70 days', 'test');
SELECT isnt_empty('SELECT FROM skillancer.metric_reported', 'a rate of a later month changes nothing about it');
SELECT pg_temp.charge(500, 'USD');
SELECT is_empty('SELECT FROM skillancer.metric_reported', 'what is added late takes it away');
SELECT is(pg_temp.charged(), 4500::numeric, 'and counts');
UPDATE skillancer.policy SET value = '"CHF"' WHERE key = 'reportingCurrency';
SELECT is(pg_temp.charged(), 1500::numeric, 'another reporting currency, too');
UPDATE skillancer.policy SET value = '"USD"' WHERE key = 'reportingCurrency';

-- what analysts see
SET LOCAL ROLE skillancer_analyst;
SELECT is((SELECT sum(m.num) FROM skillancer_analytics.metric_monthly m WHERE m.metric = 'payouts_paid'), 600::numeric, 'analysts read sums');
SELECT is((SELECT sum(m.n) FROM skillancer_analytics.duration_monthly m WHERE m.metric = 'payout_seconds'), 600::numeric, 'and durations');
SELECT is((SELECT count(*) FROM skillancer_analytics.metric_daily m WHERE m.metric = 'users_registered' AND m.dims ? 'role'), 0::bigint,
	'groups of fewer than five people are left out');
SELECT is((SELECT d.unit FROM skillancer_analytics.metric_definition d WHERE d.metric = 'gmv_released'), 'minor units', 'every metric is explained');
SELECT throws_ok(format('SELECT FROM skillancer.%I', t), '42501', NULL, t || ' is not theirs')
FROM unnest('{metric_day,metric_member,metric_step,read_day}'::text[]) t;
RESET ROLE;

-- damage is found and repaired
UPDATE skillancer.metric_hour SET num = num + 1 WHERE metric = 'messages_sent' AND at = (SELECT min(at) FROM skillancer.metric_hour WHERE metric = 'messages_sent');
DELETE FROM skillancer.metric_day WHERE metric = 'proposals_submitted' AND day < '2026-02-01';
SELECT cmp_ok((SELECT count(*) FROM skillancer.rollup_verify()), '>=', 2::bigint, 'damage is found');
DELETE FROM skillancer.metric_hour WHERE metric IN ('messages_sent', 'proposals_submitted', 'bookings_created');
DELETE FROM skillancer.metric_day WHERE metric IN ('messages_sent', 'proposals_submitted', 'bookings_created');
DELETE FROM skillancer.metric_month WHERE metric IN ('messages_sent', 'proposals_submitted', 'bookings_created');
DELETE FROM skillancer.metric_step WHERE metric = 'project_proposed';
SELECT skillancer.rollup_rebuild(m) FROM unnest('{messages_sent,proposals_submitted,project_proposed,active_users}'::text[]) m;
UPDATE skillancer.metric_day SET num = num + 1 WHERE metric LIKE 'active\_users\__%d';
SELECT skillancer.rollup_rebuild('active_users_7d'), skillancer.rollup_rebuild('active_users_30d', '-infinity', '2026-03-15Z');
SELECT skillancer.rollup_rebuild('active_users_30d', '2026-03-15Z');
SELECT skillancer.rollup_rebuild('bookings_created', d, d + interval '1 month') FROM generate_series('2026-01-01Z'::timestamptz, '2026-07-31Z', '1 month') d;
SELECT skillancer.rollup_revalidate(1000);
SELECT pg_temp.verified('a rebuild repairs it, in one go or day by day');

-- a metric that is declared anew is built from the past
SELECT skillancer.rollup_begun();
UPDATE skillancer.measure SET dims = '{}' WHERE metric = 'bookings_created';
SELECT is(skillancer.rollup_build_next(), 1::bigint, 'a new declaration is seen');
SELECT is(skillancer.rollup_build_next(), 0::bigint, 'once');
SELECT is((SELECT count(*) FROM skillancer.metric_day m WHERE m.metric = 'bookings_created' AND m.dims <> '{}'), 0::bigint, 'the old dimensions are gone');
SELECT pg_temp.verified('the new ones are right');

-- sealed before it is forgotten; late events amend the seal
SET LOCAL ROLE skillancer_owner;
SELECT skillancer.make_month_partition('event', '2001-02-01');
RESET ROLE;
SELECT pg_temp.happens('message.sent', '2001-02-03Z', '{"kind": "TEXT"}');
SELECT pg_temp.tick();
UPDATE skillancer.metric_day SET num = 7 WHERE day = '2001-02-03' AND metric = 'messages_sent';
DELETE FROM skillancer.consumer WHERE name <> 'analyst';
SELECT is(skillancer.forget_events(), 0::bigint, 'events whose rollups are wrong are kept');
SELECT skillancer.rollup_rebuild('messages_sent', '2001-02-01Z', '2001-03-01Z');
UPDATE skillancer.metric_day SET num = 1 WHERE day = '2001-02-03' AND metric = 'messages_sent';
SELECT is(skillancer.forget_events(), 1::bigint, 'sealed ones are forgotten');
SELECT pg_temp.verified('what is forgotten counts as sealed');
SELECT pg_temp.happens('message.sent', '2001-02-04Z', '{"kind": "TEXT"}');
SELECT pg_temp.tick();
SELECT is((SELECT amended FROM skillancer.rollup_seal), 1, 'a late event amends the seal');
UPDATE skillancer.metric_day SET num = 7 WHERE day = '2001-02-03' AND metric = 'messages_sent';
SELECT results_eq('SELECT v.metric FROM skillancer.rollup_verify() v', $$ VALUES ('seal') $$, 'a sealed month that was changed is found');

SELECT * FROM finish();
ROLLBACK;
