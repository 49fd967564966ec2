/*
 * notification_preferences.sql
 *		Who is told how: groups, preferences, what is mandatory, quiet hours, digests, unsubscribing, announcements.
 */
BEGIN;
SELECT no_plan();
SET LOCAL client_min_messages = warning;

-- quiet hours: over midnight, in other zones, on the days when clocks change
SELECT is(skillancer.quiet_until(t.at::timestamptz, t.starts::time, t.ends::time, t.zone), t.until::timestamptz, t.what)
FROM (VALUES
	('2026-05-04 23:30+02', '22:00', '07:00', 'Europe/Berlin', '2026-05-05 07:00+02', 'in the evening until tomorrow morning'),
	('2026-05-05 03:00+02', '22:00', '07:00', 'Europe/Berlin', '2026-05-05 07:00+02', 'after midnight until this morning'),
	('2026-05-05 07:00+02', '22:00', '07:00', 'Europe/Berlin', '2026-05-05 07:00+02', 'the end is not quiet'),
	('2026-05-05 21:59:59+02', '22:00', '07:00', 'Europe/Berlin', '2026-05-05 21:59:59+02', 'nor is what comes before'),
	('2026-05-05 13:00+02', '12:00', '14:00', 'Europe/Berlin', '2026-05-05 14:00+02', 'within one day'),
	('2026-05-05 11:00+02', '12:00', '14:00', 'Europe/Berlin', '2026-05-05 11:00+02', 'and outside'),
	('2026-05-05 13:00+02', '22:00', '07:00', 'Asia/Tokyo', '2026-05-05 13:00+02', 'it is evening in Tokyo, not yet quiet'),
	('2026-05-05 15:30+02', '22:00', '07:00', 'Asia/Tokyo', '2026-05-06 00:00+02', 'now it is'),
	('2026-05-05 20:00Z', '22:00', '07:00', 'Asia/Kathmandu', '2026-05-06 01:15Z', 'a zone with 45 minutes'),
	('2026-03-29 00:30+01', '22:00', '07:00', 'Europe/Berlin', '2026-03-29 07:00+02', 'clocks go forward: an hour less of quiet'),
	('2026-10-25 00:30+02', '22:00', '07:00', 'Europe/Berlin', '2026-10-25 07:00+01', 'clocks go back: an hour more'),
	('2026-03-29 01:30+01', '01:00', '02:30', 'Europe/Berlin', '2026-03-29 03:30+02', 'an end that does not exist'),
	('2026-10-25 02:10+02', '01:00', '02:30', 'Europe/Berlin', '2026-10-25 02:30+01', 'an end that comes twice is the second'),
	('infinity', '01:00', '02:30', 'UTC', 'infinity', 'infinity')
) AS t (at, starts, ends, zone, until, what);

-- digests
SELECT is(skillancer.digest_at(t.at::timestamptz, t.frequency, t.zone), t.due::timestamptz, t.what)
FROM (VALUES
	('2026-05-05 08:59+02', 'DAILY', 'Europe/Berlin', '2026-05-05 09:00+02', 'daily at nine, today'),
	('2026-05-05 09:00+02', 'DAILY', 'Europe/Berlin', '2026-05-06 09:00+02', 'or tomorrow'),
	('2026-03-28 10:00+01', 'DAILY', 'Europe/Berlin', '2026-03-29 09:00+02', 'nine is nine when clocks go forward'),
	('2026-10-24 10:00+02', 'DAILY', 'Europe/Berlin', '2026-10-25 09:00+01', 'and back'),
	('2026-05-05 10:00+02', 'WEEKLY', 'Europe/Berlin', '2026-05-11 09:00+02', 'weekly on Monday'),
	('2026-05-04 08:00+02', 'WEEKLY', 'Europe/Berlin', '2026-05-04 09:00+02', 'on this one'),
	('2026-05-04 09:00+02', 'WEEKLY', 'Europe/Berlin', '2026-05-11 09:00+02', 'or the next'),
	('2026-05-03 23:30Z', 'WEEKLY', 'Pacific/Auckland', '2026-05-10 21:00Z', 'Monday by the calendar of the zone'),
	('2026-05-05 10:20:30.5Z', 'HOURLY', 'UTC', '2026-05-05 11:00Z', 'hourly at the hour'),
	('2026-05-05 10:20Z', 'HOURLY', 'Asia/Kathmandu', '2026-05-05 11:15Z', 'of the zone'),
	('2026-10-25 02:30+02', 'HOURLY', 'Europe/Berlin', '2026-10-25 02:00+01', 'the hour that comes twice has two ends'),
	('2026-05-05 10:20Z', 'IMMEDIATE', 'UTC', '2026-05-05 10:20Z', 'at once')
) AS t (at, frequency, zone, due, what);
SELECT is(count(*) FILTER (WHERE due <= at OR due - at > interval '25 hours' OR (due AT TIME ZONE zone)::time <> '09:00'), 0::bigint,
	'a year of days in zones of all kinds: after, within a day, at nine')
FROM (
	SELECT at, zone, skillancer.digest_at(at, 'DAILY', zone) AS due
	FROM generate_series('2026-01-01Z'::timestamptz, '2026-12-31Z', '7 hours 13 minutes') at,
		unnest('{Europe/Berlin,America/New_York,Australia/Lord_Howe,America/St_Johns,Africa/Casablanca,UTC}'::text[]) zone) d;
SELECT throws_ok($$ SELECT skillancer.digest_at(now(), 'DAILY', 'Mars/Base') $$, '22023', NULL, 'a zone that does not exist');
SELECT throws_ok($$ SELECT skillancer.digest_at(now(), 'YEARLY', 'UTC') $$, '22023', NULL, 'a frequency that does not');

-- people, rules and texts of this test
CREATE FUNCTION pg_temp.person(p_name text, VARIADIC p_roles text[]) RETURNS skillancer.user_id LANGUAGE plpgsql AS $$
DECLARE v_user skillancer.user_id;
BEGIN
	v_user := skillancer.create_account(p_name || '@prefer.test', p_name, skillancer.password_hash('Str0ngHorse9'), p_roles);
	PERFORM skillancer.email_verified(v_user);
	RETURN v_user;
END $$;
CREATE FUNCTION pg_temp.event(p_type text, p_owner skillancer.user_id, p_data jsonb DEFAULT '{}') RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE v_id uuid;
BEGIN
	v_id := skillancer.emit(p_type, 'test', skillancer.new_id(), p_data || jsonb_build_object('userId', p_owner::text));
	RETURN (SELECT e.seq FROM skillancer.event e WHERE e.id = v_id::skillancer.event_id);
END $$;
CREATE FUNCTION pg_temp.mails(p_user skillancer.user_id) RETURNS bigint LANGUAGE sql AS
	$$ SELECT count(*) FROM skillancer.mail m WHERE m.user_id = p_user AND m.type LIKE 't.%' $$;
CREATE FUNCTION pg_temp.be(p_user skillancer.user_id) RETURNS void LANGUAGE sql AS $$ SELECT skillancer.impersonate(p_user) $$;
SELECT pg_temp.person('gus', 'CLIENT') AS gus, pg_temp.person('dora', 'CLIENT') AS dora \gset
INSERT INTO skillancer.notification_rule (key, event_type, recipients, type, category, group_key, is_mandatory) VALUES
	('t1', 'gig.created', 'owner', 't.group', 'PROJECTS', 'g/{{x}}', false),
	('t2', 'gig.updated', 'owner', 't.plain', 'PROJECTS', NULL, false),
	('t3', 'gig.paused', 'owner', 't.must', 'ACCOUNT', NULL, true);
INSERT INTO skillancer.template (type, channel, locale, title, body)
SELECT t, c, 'en', 'Title {{x}}{{#grouped}} ({{count}}){{/grouped}}', 'Body' FROM unnest('{t.group,t.plain,t.must}'::text[]) t, unnest('{IN_APP,EMAIL}'::text[]) c;

-- groups
SELECT skillancer.notify(ARRAY[pg_temp.event('gig.created', :'gus', '{"x": 1}')]);
SELECT skillancer.notify(ARRAY[pg_temp.event('gig.created', :'gus', '{"x": 1}'), pg_temp.event('gig.created', :'gus', '{"x": 1}'),
	pg_temp.event('gig.created', :'gus', '{"x": 2}')]);
SELECT results_eq(format($$ SELECT title, count FROM skillancer.notification WHERE user_id = %L AND is_head ORDER BY title $$, :'gus'),
	$$ VALUES ('Title 1 (3)', 3), ('Title 2', 1) $$, 'three of a group are one row with a count, another group is another row');
SELECT is(count(*), 4::bigint, 'each event has its row') FROM skillancer.notification WHERE user_id = :'gus';
SELECT max(e.seq) AS last FROM skillancer.event e WHERE e.type = 'gig.created' \gset
SELECT is(skillancer.notify(ARRAY[:last - 1, :last - 2, :last]), 0::bigint, 'a repetition makes nothing');
SELECT is(count, 3, 'and counts nothing twice') FROM skillancer.notification WHERE user_id = :'gus' AND is_head AND group_key = 'g/1';
SELECT id AS hidden FROM skillancer.notification WHERE user_id = :'gus' AND NOT is_head LIMIT 1 \gset
SELECT pg_temp.be(:'gus');
SELECT is((skillancer_api.notification_unread_count() ->> 'unread')::int, 2, 'two are unread');
SELECT is(jsonb_array_length((skillancer_api.notification_list()).body::jsonb), 2, 'and two are listed');
SELECT is((skillancer_api.notification_list()).meta ->> 'unread', '2', 'beside their number');
SELECT is(skillancer_api.notification_read(:'hidden') ->> 'count', '3', 'reading an older one of a group reads the group');
SELECT is((skillancer_api.notification_unread_count() ->> 'unread')::int, 1, 'so that one is left');
SELECT skillancer.notify(ARRAY[pg_temp.event('gig.created', :'gus', '{"x": 1}')]);
SELECT is((SELECT count FROM skillancer.notification WHERE user_id = :'gus' ORDER BY id DESC LIMIT 1), 1, 'after reading a group begins anew');
SELECT id AS newest FROM skillancer.notification WHERE user_id = :'gus' ORDER BY id DESC LIMIT 1 \gset
SELECT skillancer_api.notification_dismiss(:'newest');
SELECT is((SELECT count(*) FROM jsonb_array_elements((skillancer_api.notification_list()).body::jsonb) x WHERE x ->> 'id' = :'newest'), 0::bigint,
	'what is dismissed is not listed');
SELECT is((skillancer_api.notification_unread_count() ->> 'unread')::int, 1, 'nor counted');

-- preferences
SELECT pg_temp.be(:'dora');
SELECT is(json_array_length(skillancer_api.notification_preferences()), 21, 'seven categories on three channels');
SELECT is((SELECT x ->> 'frequency' FROM json_array_elements(skillancer_api.notification_preferences()) x
	WHERE x ->> 'category' = 'MARKETING' AND x ->> 'channel' = 'EMAIL'), 'NEVER', 'no advertising by mail, unless somebody wants it');
SELECT skillancer_api.notification_prefer('[{"category": "PROJECTS", "channel": "EMAIL", "frequency": "NEVER"}]');
SELECT skillancer.notify(ARRAY[pg_temp.event('gig.updated', :'dora')]);
SELECT is(pg_temp.mails(:'dora'), 0::bigint, 'mail of a category that is off is not sent');
SELECT skillancer_api.notification_prefer('[{"category": "PROJECTS", "channel": "IN_APP", "frequency": "NEVER"},
	{"category": "PROJECTS", "channel": "EMAIL", "frequency": "IMMEDIATE"}]');
SELECT skillancer.notify(ARRAY[pg_temp.event('gig.updated', :'dora')]);
SELECT is(pg_temp.mails(:'dora'), 1::bigint, 'on again it is');
SELECT is((SELECT count(*) FROM skillancer.notification WHERE user_id = :'dora' AND type = 't.plain'), 1::bigint, 'and the app is off');
SELECT skillancer_api.notification_prefer('[{"category": "ACCOUNT", "channel": "EMAIL", "frequency": "WEEKLY"}]');
SELECT skillancer.notify(ARRAY[pg_temp.event('gig.paused', :'dora')]);
SELECT is(pg_temp.mails(:'dora'), 2::bigint, 'what is mandatory is mailed at once all the same');
SELECT is((SELECT m.id FROM skillancer.mail m WHERE m.user_id = :'dora' AND m.type = 't.must'),
	(SELECT n.id::uuid FROM skillancer.notification n WHERE n.user_id = :'dora' AND n.type = 't.must'), 'a notification and its mail have one id');
SELECT is((SELECT m.categories FROM skillancer.mail m WHERE m.user_id = :'dora' AND m.type = 't.must'), NULL, 'and nothing to unsubscribe from');
SELECT throws_ok(format('SELECT skillancer_api.notification_prefer(%L)', p), 'SK001', NULL, p)
FROM unnest(ARRAY['[]', '{}', '[1]', '[{"category": "PAYMENTS", "channel": "EMAIL", "frequency": "NEVER"}]',
	'[{"category": "ACCOUNT", "channel": "IN_APP", "frequency": "NEVER"}]', '[{"category": "X", "channel": "EMAIL", "frequency": "DAILY"}]',
	'[{"category": "SYSTEM", "channel": "IN_APP", "frequency": "DAILY"}]', '[{"category": "SYSTEM", "channel": "EMAIL"}]',
	'[{"category": "SYSTEM", "channel": "EMAIL", "frequency": "DAILY", "x": 1}]', '[{"category": {}, "channel": [], "frequency": null}]']) p;

-- webhooks
INSERT INTO skillancer.webhook (user_id, url, events)
SELECT :'dora', 'https://hooks.example.com/' || e, ARRAY[e] FROM unnest('{*,notification.*,booking.*}'::text[]) e;
INSERT INTO skillancer.webhook_health (webhook_id, user_id) SELECT w.id, w.user_id FROM skillancer.webhook w WHERE w.user_id = :'dora';
CREATE FUNCTION pg_temp.hooked(p_user skillancer.user_id) RETURNS TABLE (type text, title text, count text) LANGUAGE sql AS $$
	SELECT DISTINCT d.type, d.body::jsonb #>> '{data,title}', count(*) OVER (PARTITION BY d.event_id)::text
	FROM skillancer.webhook_delivery d WHERE d.user_id = p_user ORDER BY 1, 2 $$;
SELECT is_empty(format('SELECT * FROM pg_temp.hooked(%L)', :'dora'), 'nothing goes to webhooks unless somebody wants it');
SELECT skillancer_api.notification_prefer('[{"category": "PROJECTS", "channel": "WEBHOOK", "frequency": "IMMEDIATE"},
	{"category": "PROJECTS", "channel": "EMAIL", "frequency": "NEVER"}]');
SELECT pg_temp.event('gig.updated', :'dora', '{"x": "hook"}') AS seq \gset
SELECT skillancer.notify(ARRAY[:seq]);
SELECT skillancer.notify(ARRAY[:seq]);
SELECT results_eq(format('SELECT * FROM pg_temp.hooked(%L)', :'dora'), $$ VALUES ('notification.created', 'Title hook', '2') $$,
	'then once to each endpoint that takes it, though the app and mail are off');
SELECT skillancer_api.notification_set_quiet_hours(to_char(skillancer.now() AT TIME ZONE 'UTC' - interval '1 hour', 'HH24:MI'),
	to_char(skillancer.now() AT TIME ZONE 'UTC' + interval '1 hour', 'HH24:MI'), 'UTC');
SELECT skillancer.notify(ARRAY[pg_temp.event('gig.updated', :'dora', '{"x": "late"}')]);
SELECT is(skillancer.send_hooks(), 0::bigint, 'quiet hours hold it up');
UPDATE skillancer.notification SET webhook_at = skillancer.now() WHERE user_id = :'dora' AND webhook_at > skillancer.now();
SELECT is(ARRAY[skillancer.send_hooks(), skillancer.send_hooks()], '{2,0}', 'after them it goes out, once');
SELECT skillancer_api.notification_no_quiet_hours();
SELECT skillancer_api.notification_prefer('[{"category": "PROJECTS", "channel": "WEBHOOK", "frequency": "HOURLY"}]');
SELECT skillancer.notify(ARRAY[pg_temp.event('gig.updated', :'dora', '{"x": "one"}'), pg_temp.event('gig.updated', :'dora', '{"x": "two"}')]);
UPDATE skillancer.notification SET webhook_at = skillancer.now() WHERE user_id = :'dora' AND webhook_at > skillancer.now();
SELECT is(ARRAY[skillancer.send_hooks(), skillancer.send_hooks()], '{2,0}', 'a digest is one delivery to each endpoint');
SELECT is((SELECT body::jsonb #- '{data,items}' -> 'data' || jsonb_build_object('first', body::jsonb #>> '{data,items,0,title}') FROM skillancer.webhook_delivery
	WHERE user_id = :'dora' AND type = 'notification.digest' LIMIT 1), '{"frequency": "HOURLY", "count": 2, "first": "Title two"}', 'of all there is, the newest first');
SELECT skillancer.notify(ARRAY[pg_temp.event('gig.updated', :'dora', '{"x": "dropped"}')]);
SELECT skillancer_api.notification_prefer('[{"category": "PROJECTS", "channel": "WEBHOOK", "frequency": "NEVER"},
	{"category": "ACCOUNT", "channel": "WEBHOOK", "frequency": "WEEKLY"}]');
SELECT is((SELECT count(*) FROM skillancer.notification WHERE user_id = :'dora' AND webhook_at IS NOT NULL), 0::bigint, 'what waits is dropped with the wish');
SELECT skillancer_api.notification_prefer('[{"category": "PROJECTS", "channel": "WEBHOOK", "frequency": "DAILY"},
	{"category": "PROJECTS", "channel": "EMAIL", "frequency": "DAILY"}]');
SELECT skillancer.notify(ARRAY[pg_temp.event('gig.updated', :'dora', '{"x": "copied"}')]);
SELECT is((SELECT count(*) FROM skillancer.notification WHERE user_id = :'dora' AND webhook_at > skillancer.now() AND digest_at > skillancer.now()), 1::bigint,
	'a digest waits on either channel');
SELECT skillancer.adopt_quiet_webhook(), skillancer.adopt_quiet_mail();
SELECT is((SELECT count(*) FROM skillancer.notification WHERE user_id = :'dora' AND num_nonnulls(webhook_at, digest_at) > 0), 0::bigint,
	'a copy that is adopted quietly sends neither');
DELETE FROM skillancer.webhook_delivery WHERE user_id = :'dora';
SELECT skillancer.notify(ARRAY[pg_temp.event('gig.paused', :'dora', '{"x": "must"}')]);
SELECT results_eq(format('SELECT * FROM pg_temp.hooked(%L)', :'dora'), $$ VALUES ('notification.created', 'Title must', '2') $$,
	'what is mandatory does not wait for a digest');
DELETE FROM skillancer.notification WHERE user_id = :'dora';
DELETE FROM skillancer.mail WHERE user_id = :'dora' AND event_id IN (SELECT e.id FROM skillancer.event e WHERE e.data ->> 'x' = 'must');

-- digests, and quiet hours before them
SELECT skillancer_api.notification_prefer('[{"category": "PROJECTS", "channel": "EMAIL", "frequency": "DAILY"}]');
SELECT skillancer.notify(ARRAY[pg_temp.event('gig.updated', :'dora', '{"x": "one"}'), pg_temp.event('gig.updated', :'dora', '{"x": "two"}')]);
SELECT is(pg_temp.mails(:'dora'), 2::bigint, 'what is for a digest is not mailed now');
SELECT is(skillancer.send_digests(), 0::bigint, 'nor before its time');
UPDATE skillancer.notification SET digest_at = skillancer.now() WHERE user_id = :'dora' AND digest_at IS NOT NULL;
SELECT is(skillancer.send_digests(), 1::bigint, 'then one mail');
SELECT results_eq(format($$ SELECT data -> 'items' -> 0 ->> 'title', data ->> 'count', categories FROM skillancer.mail WHERE user_id = %L AND type = 'digest' $$, :'dora'),
	$$ VALUES ('Title two', '2', '{PROJECTS}'::text[]) $$, 'has both, the newest first');
SELECT is(skillancer.send_digests(), 0::bigint, 'once');
SELECT matches((SELECT body FROM skillancer.render('digest', 'EMAIL', (SELECT data FROM skillancer.mail WHERE user_id = :'dora' AND type = 'digest'), 'de')),
	E'seit gestern:\n\n\\* Title two\n  Body\n\n\\* Title one\n  Body\n', 'and reads well');
SELECT skillancer.notify(ARRAY[pg_temp.event('gig.updated', :'dora')]);
SELECT skillancer_api.notification_prefer('[{"category": "PROJECTS", "channel": "EMAIL", "frequency": "NEVER"}]');
UPDATE skillancer.notification SET digest_at = skillancer.now() WHERE user_id = :'dora' AND digest_at IS NOT NULL;
SELECT is(skillancer.send_digests(), 0::bigint, 'who switches a category off gets nothing of it any more');
SELECT skillancer_api.notification_prefer('[{"category": "PROJECTS", "channel": "EMAIL", "frequency": "IMMEDIATE"}]');
SELECT (skillancer.now() AT TIME ZONE 'UTC' - interval '1 hour')::time(0) AS before, (skillancer.now() AT TIME ZONE 'UTC' + interval '1 hour')::time(0) AS after \gset
SELECT is(skillancer_api.notification_set_quiet_hours(to_char(:'before'::time, 'HH24:MI'), to_char(:'after'::time, 'HH24:MI'), 'UTC') ->> 'timeZone', 'UTC', 'quiet hours');
SELECT isnt(skillancer_api.notification_quiet_hours() ->> 'quietUntil', NULL, 'that are now');
SELECT skillancer.notify(ARRAY[pg_temp.event('gig.updated', :'dora')]);
SELECT cmp_ok((SELECT max(due_at) FROM skillancer.mail WHERE user_id = :'dora' AND type = 't.plain'), '>', skillancer.now() + interval '50 minutes', 'mail waits until they are over');
SELECT throws_ok(format('SELECT skillancer_api.notification_set_quiet_hours(%L, %L, %L)', s, e, z), 'SK001', NULL, concat_ws(' ', s, e, z))
FROM (VALUES ('22:00', '22:00', NULL), ('24:00', '07:00', NULL), ('22:00', 'dawn', NULL), ('22:00', '07:00', 'Mars/Base'), (NULL, NULL, NULL)) AS t (s, e, z);
SELECT skillancer_api.notification_no_quiet_hours();
SELECT is(skillancer_api.notification_quiet_hours() ->> 'start', NULL, 'none any more');

-- unsubscribing
SELECT split_part(skillancer.unsubscribe_url(:'dora'::skillancer.user_id::uuid, '{PROJECTS}'), '/unsubscribe/', 2) AS token \gset
SELECT matches((skillancer_api.notification_unsubscribe_page(:'token')).body #>> '{}', 'projects', 'the page says what it is about');
SELECT is((SELECT frequency FROM skillancer.notification_preference WHERE user_id = :'dora' AND category = 'PROJECTS' AND channel = 'EMAIL'), 'IMMEDIATE', 'and changes nothing');
SELECT is((skillancer_api.notification_unsubscribe(:'token', NULL)).body ->> 'unsubscribed', '["PROJECTS"]', 'one click does');
SELECT is((SELECT frequency FROM skillancer.notification_preference WHERE user_id = :'dora' AND category = 'PROJECTS' AND channel = 'EMAIL'), 'NEVER', 'off');
SELECT is((SELECT count(*) FROM skillancer.mail WHERE user_id = :'dora' AND categories = '{PROJECTS}' AND state = 'QUEUED'), 0::bigint, 'with what waited');
SELECT throws_ok(format('SELECT skillancer_api.notification_unsubscribe(%L, NULL)', left(:'token', 20) || CASE substr(:'token', 21, 1) WHEN 'A' THEN 'B' ELSE 'A' END || substr(:'token', 22)), 'SK002', NULL, 'a forged link');
SET LOCAL skillancer.clock_offset = 2592001;
SELECT throws_ok(format('SELECT skillancer_api.notification_unsubscribe(%L, NULL)', :'token'), 'SK009', NULL, 'is gone after thirty days');
SET LOCAL skillancer.clock_offset = 0;

-- what is read again after its mails were forgotten makes no mail
SELECT pg_temp.event('gig.updated', :'gus') AS old \gset
SELECT pg_temp.event('gig.paused', :'gus') AS alarm \gset
SELECT pg_temp.mails(:'gus') AS mails \gset
SET LOCAL skillancer.clock_offset = 2678400;
SELECT is(skillancer.notify(ARRAY[:old, :alarm]), 2::bigint, 'a month later there is still a notification');
SELECT is(pg_temp.mails(:'gus'), :mails::bigint, 'but no mail');
SET LOCAL skillancer.clock_offset = 0;

-- announcements
SELECT skillancer.create_admin('boss@prefer.test', 'Str0ngHorse9', 'Bo Boss') AS boss \gset
UPDATE skillancer.user_account SET locale = 'de-AT' WHERE id = :'gus';
SELECT pg_temp.be(:'dora');
SELECT throws_ok($$ SELECT skillancer_api.announcement_create('SYSTEM', '{"en": {"title": "a", "body": "b"}}') $$, 'SK003', NULL, 'not for everybody');
SELECT pg_temp.be(:'boss');
SELECT throws_ok(format('SELECT skillancer_api.announcement_create(%L, %L, %L)', c, t, s), 'SK001', NULL, concat_ws(' ', c, t, s))
FROM (VALUES ('SALES', '{"en": {"title": "a", "body": "b"}}', '{}'), ('SYSTEM', '{"de": {"title": "a", "body": "b"}}', '{}'),
	('SYSTEM', '{"en": {"title": "a"}}', '{}'), ('SYSTEM', '{"en": {"title": "a", "body": "b", "c": 1}}', '{}'), ('SYSTEM', '[]', '{}'),
	('SYSTEM', '{"en": {"title": "a", "body": "b"}}', '{"planets": []}'), ('SYSTEM', '{"en": {"title": "a", "body": "b"}}', '{"roles": "CLIENT"}'),
	('SYSTEM', '{"en": {"title": "a", "body": "b"}}', '{"registeredAfter": "soon"}')) AS b (c, t, s);
SELECT is((skillancer_api.announcement_create('SYSTEM', '{"en": {"title": "a", "body": "b"}}', '{"locales": ["de"]}', true)).body ->> 'recipients', '1', 'a dry run counts');
SELECT (skillancer_api.announcement_create('SYSTEM', '{"en": {"title": "News", "body": "Hello {{x}}"}, "de": {"title": "Neues", "body": "Hallo"}}',
	'{"roles": ["CLIENT"]}')).body ->> 'id' AS news \gset
SELECT is(skillancer.announce_more(1), 1::bigint, 'the notifier tells them piece by piece');
SELECT is((SELECT recipients FROM skillancer.announcement WHERE id = :'news'), 1::bigint, 'and keeps where it is');
SELECT cmp_ok(skillancer.announce_more(1000), '>=', 1::bigint, 'until it is through');
SELECT is((SELECT state FROM skillancer.announcement WHERE id = :'news'), 'SENT', 'the announcement is sent');
SELECT is((SELECT title FROM skillancer.notification WHERE user_id = :'gus' AND type = 'announcement'), 'Neues', 'in the language of the reader');
SELECT is((SELECT body FROM skillancer.notification WHERE user_id = :'dora' AND type = 'announcement'), 'Hello {{x}}', 'or in English; a text is no template');
SELECT is((SELECT count(*) FROM skillancer.notification WHERE user_id = :'boss' AND type = 'announcement'), 0::bigint, 'who is not in the segment is not told');
SELECT is((SELECT count(*) FROM (SELECT user_id FROM skillancer.notification WHERE type = 'announcement' GROUP BY user_id HAVING count(*) > 1) x), 0::bigint, 'nobody twice');
SELECT throws_ok(format('SELECT skillancer_api.announcement_cancel(%L)', :'news'), 'SK004', NULL, 'too late to stop it');
SELECT (skillancer_api.announcement_create('MARKETING', '{"en": {"title": "Offer", "body": "Buy"}}')).body ->> 'id' AS offer \gset
SELECT is(skillancer_api.announcement_cancel(:'offer') ->> 'state', 'CANCELLED', 'not so this one');
SELECT is(skillancer.announce_more(1000), 0::bigint, 'nobody hears of it');

-- ten thousand recipients: a mail each, to one address
ALTER TABLE skillancer.user_account DISABLE TRIGGER state_guard;
INSERT INTO skillancer.user_account (email, name, state, locale)
SELECT format('many%s@list.test', n), 'Many ' || n, 'ACTIVE', 'fr' FROM generate_series(1, 10000) n;
ALTER TABLE skillancer.user_account ENABLE ALWAYS TRIGGER state_guard;
SELECT (skillancer_api.announcement_create('SYSTEM', '{"en": {"title": "To all", "body": "Hello"}}', '{"locales": ["fr"]}')).body ->> 'id' AS all \gset
DO $$ BEGIN WHILE skillancer.announce_more(500) > 0 LOOP END LOOP; END $$;
SELECT is((SELECT recipients FROM skillancer.announcement WHERE id = :'all'), 10000::bigint, 'ten thousand are told');
SELECT results_eq(format($$ SELECT count(*), count(DISTINCT m.address), count(*) FILTER (WHERE m.address !~ '^many[0-9]+@list[.]test$')
	FROM skillancer.mail m WHERE m.event_id = %L $$, :'all'), 'VALUES (10000::bigint, 10000::bigint, 0::bigint)', 'each by a mail to his address alone');

SELECT * FROM finish();
ROLLBACK;
