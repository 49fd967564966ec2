/*
 * notification_api.sql
 *		What a user sees of notifications: list, count, read, and nobody else's.
 */
BEGIN;
SELECT no_plan();
SET LOCAL client_min_messages = warning;
CREATE FUNCTION pg_temp.note(p_user skillancer.user_id, p_title text) RETURNS skillancer.notification_id LANGUAGE sql AS $$
	INSERT INTO skillancer.notification (user_id, event_id, type, category, priority, title, body)
	VALUES (p_user, skillancer.new_id()::skillancer.event_id, 't', 'PROJECTS', 'LOW', p_title, 'b') RETURNING id $$;
SELECT skillancer.create_account('nia@rules.test', 'Nia', skillancer.password_hash('Str0ngHorse9'), '{CLIENT}') AS nia,
	skillancer.create_account('oto@rules.test', 'Oto', skillancer.password_hash('Str0ngHorse9'), '{CLIENT}') AS oto \gset
SELECT skillancer.email_verified(:'nia'), skillancer.email_verified(:'oto');
SELECT pg_temp.note(:'nia', 'one') AS one, pg_temp.note(:'nia', 'two') AS two, pg_temp.note(:'nia', 'three') AS three,
	pg_temp.note(:'oto', 'other') AS other \gset
SELECT skillancer.impersonate(:'nia');
SET LOCAL ROLE skillancer_bridge;
SELECT is((SELECT count(*) FROM skillancer.notification), 3::bigint, 'a user sees the own notifications only');
SELECT is((skillancer_api.notification_unread_count() ->> 'unread')::integer, 3, 'and how many are unread');
SELECT is((SELECT array_agg(e ->> 'title') FROM skillancer_api.notification_list(p_limit => 2) r,
	json_array_elements((r).body) e), '{three,two}'::text[], 'a page, newest first');
SELECT (r).meta #>> '{pagination,nextCursor}' AS cursor FROM skillancer_api.notification_list(p_limit => 2) r \gset
SELECT is((SELECT array_agg(e ->> 'title') FROM skillancer_api.notification_list(p_limit => 2, p_cursor => :'cursor') r,
	json_array_elements((r).body) e), '{one}'::text[], 'and the next');
SELECT throws_ok(format('SELECT skillancer_api.notification_list(p_unread => true, p_cursor => %L)', :'cursor'), 'SK001', NULL,
	'a cursor belongs to its filters');
SELECT throws_ok($$ SELECT skillancer_api.notification_list(p_category => 'X') $$, 'SK001', NULL, 'a category that is none');
SELECT isnt(skillancer_api.notification_read(:'two') ->> 'readAt', NULL, 'one is read');
SELECT is((skillancer_api.notification_unread_count() ->> 'unread')::integer, 2, 'two are left');
SELECT is((SELECT array_agg(e ->> 'title') FROM skillancer_api.notification_list(p_unread => true) r,
	json_array_elements((r).body) e), '{three,one}'::text[], 'unread=true leaves it out');
SELECT throws_ok(format('SELECT skillancer_api.notification_read(%L)', :'other'), 'SK002', NULL, 'of others there are none');
SELECT is((skillancer_api.notification_read_all() ->> 'read')::integer, 2, 'all the rest');
SELECT is((skillancer_api.notification_unread_count() ->> 'unread')::integer, 0, 'nothing is unread');
SELECT throws_ok('UPDATE skillancer.notification SET title = ''x''', '42501', NULL, 'the bridge writes no table');
SELECT throws_ok('SELECT * FROM skillancer.mail', '42501', NULL, 'and reads no mail');
SELECT throws_ok($$ SELECT skillancer.send_mail(skillancer.new_id(), 'verify_email') $$, '42501', NULL, 'nor sends one');

SELECT * FROM finish();
ROLLBACK;
