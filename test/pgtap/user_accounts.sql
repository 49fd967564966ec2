/*
 * user_accounts.sql
 *		The identity of a request, accounts and profiles of oneself and of others, what staff may do.
 */
BEGIN;
SELECT no_plan();
SET LOCAL client_min_messages = warning;
-- people, made as the engine makes them
CREATE FUNCTION pg_temp.person(p_name text, VARIADIC p_roles text[]) RETURNS skillancer.user_id LANGUAGE plpgsql AS $$
DECLARE v_user skillancer.user_id;
BEGIN
	v_user := skillancer.create_account(p_name || '@accounts.test', p_name, skillancer.password_hash('Str0ngHorse9'), p_roles);
	PERFORM skillancer.email_verified(v_user);
	RETURN v_user;
END $$;
SELECT pg_temp.person('ann', 'FREELANCER') AS ann, pg_temp.person('ben', 'CLIENT') AS ben,
	pg_temp.person('mod', 'MODERATOR') AS mod, pg_temp.person('sup', 'SUPPORT') AS sup \gset
SELECT skillancer.create_admin('boss@accounts.test', 'Str0ngHorse9') AS boss \gset
SELECT skillancer.create_account('new@accounts.test', 'new', skillancer.password_hash('Str0ngHorse9'), '{CLIENT}') AS new \gset
INSERT INTO skillancer.skill (slug, name, aliases) VALUES ('javascript-test', 'JavaScript', '{js-test}'), ('sql-test', 'SQL', '{}');

-- no request, no rows
SET LOCAL ROLE skillancer_bridge;
SELECT is((SELECT count(*) FROM skillancer.user_account), 0::bigint, 'without a request nothing is visible');
SELECT is((SELECT count(*) FROM skillancer.profile), 0::bigint, 'not even what is public');
SELECT throws_ok('SELECT skillancer_api.me_get()', 'SK101', NULL, 'and nobody is nobody');
SELECT throws_ok($$ SELECT skillancer.set_identity(NULL) $$, '42501', NULL, 'the bridge cannot impersonate');
SELECT throws_ok($$ SELECT skillancer.impersonate(NULL) $$, '42501', NULL, 'in no way');
RESET ROLE;

-- anonymous
SELECT skillancer.impersonate(NULL);
SET LOCAL ROLE skillancer_bridge;
SELECT is((SELECT count(*) FROM skillancer.user_account), 0::bigint, 'a visitor sees no account');
SELECT is((SELECT count(*) FROM skillancer.profile WHERE user_id = :'ann'), 1::bigint, 'but public profiles');
SELECT is((SELECT count(*) FROM skillancer.profile WHERE user_id = :'new'), 0::bigint, 'of verified people');
SELECT is((r).status, 200, 'GET users/{id} is public') FROM skillancer_api.user_get(:'ann') r;
SELECT ok((r).body::text NOT LIKE '%accounts.test%', 'and tells no address') FROM skillancer_api.user_get(:'ann') r;
SELECT throws_ok(format('SELECT skillancer_api.user_get(%L)', :'new'), 'SK002', NULL, 'a hidden profile does not exist');
SELECT throws_ok(format('SELECT skillancer_api.user_get(%L)', skillancer.new_id()::skillancer.user_id), 'SK002', NULL, 'like one that is not there');
SELECT throws_ok('SELECT skillancer_api.user_list()', 'SK101', NULL, 'lists are not for visitors');
RESET ROLE;

-- oneself
SELECT skillancer.impersonate(:'ann');
SET LOCAL ROLE skillancer_bridge;
SELECT is(skillancer.current_user_id()::text, :'ann', 'the caller is known');
SELECT ok(skillancer.has_role('FREELANCER') AND NOT skillancer.has_role('CLIENT') AND NOT skillancer.has_role('NO_SUCH'), 'with her roles');
SELECT is((SELECT array_agg(id::text) FROM skillancer.user_account), ARRAY[:'ann'], 'she sees one account, her own');
SELECT is((r).body ->> 'email', 'ann@accounts.test', 'with her address') FROM skillancer_api.me_get() r;
SELECT is((r).body #>> '{profile,displayName}', 'ann', 'and her profile') FROM skillancer_api.me_get() r;
SELECT (r).etag AS etag FROM skillancer_api.me_get() r \gset
SELECT is((r).status, 304, 'an entity tag saves the body') FROM skillancer_api.me_get(format('"%s"', :'etag')) r;
SELECT is((r).body ->> 'name', 'Ann B.', 'PATCH changes what is sent') FROM skillancer_api.me_patch('{name}', 'Ann B.', p_header_if_match => format('"%s"', :'etag')) r;
SELECT throws_ok(format($$ SELECT skillancer_api.me_patch('{name}', 'Ann C.', p_header_if_match => '"%s"') $$, :'etag'), 'SK006', NULL, 'a lost update is refused');
SELECT throws_ok('SELECT skillancer_api.user_list()', 'SK003', NULL, 'lists are not for everyone');
SELECT throws_ok(format($$ SELECT skillancer_api.user_suspend(%L, 'x') $$, :'ben'), 'SK003', NULL, 'nor is moderation');
SELECT throws_ok(format($$ SELECT skillancer_api.user_set_roles(%L, '{ADMIN}') $$, :'ann'), 'SK003', NULL, 'nobody makes herself administrator');
SELECT throws_ok($$ UPDATE skillancer.user_account SET name = 'x' $$, '42501', NULL, 'the bridge writes no table');
SELECT throws_ok($$ SELECT * FROM skillancer.user_credential $$, '42501', NULL, 'and reads no credential');
RESET ROLE;

SELECT is((SELECT count(*) FROM skillancer.audit WHERE action = 'user.suspend_denied'), 0::bigint, 'tries of people who are not staff are not audited');
SET LOCAL ROLE skillancer_bridge;
-- profile and skills
SELECT is(ARRAY[(r).body ->> 'headline', (r).body #>> '{hourlyRate,amount}'], '{Welder,45.50}', 'PUT profile replaces it')
FROM skillancer_api.me_put_profile('Ann', 'Welder', p_hourly_rate => '45.50 USD', p_country => 'DE', p_languages => '{English}',
	p_portfolio => '[{"title": "Bridge", "url": "https://example.com/x"}]') r;
SELECT is((r).body ->> 'completeness', (18 + 13 + 10)::text, 'completeness follows') FROM skillancer_api.user_get(:'ann') r;
SELECT is((SELECT string_agg(s ->> 'slug', ',') FROM json_array_elements((r).body -> 'skills') s), 'sql-test,javascript-test',
	'skills by slug and alias, best first')
FROM skillancer_api.me_put_skills('[{"skill": "js-test", "level": 2, "years": 1}, {"skill": "sql-test", "level": 4}]') r;
SELECT lives_ok($$ SELECT skillancer_api.me_put_profile('Ann', p_is_public => false) $$, 'a profile can be hidden');
SELECT is((r).status, 200, 'from others') FROM skillancer_api.user_get(:'ann') r;
RESET ROLE;
SELECT skillancer.impersonate(:'ben');
SET LOCAL ROLE skillancer_bridge;
SELECT throws_ok(format('SELECT skillancer_api.user_get(%L)', :'ann'), 'SK002', NULL, 'who do not see it');
RESET ROLE;

-- sessions and the password of oneself
SELECT (s).session_id AS s1 FROM skillancer.start_session(:'ben', 'one') s \gset
SELECT (s).session_id AS s2 FROM skillancer.start_session(:'ben', 'two') s \gset
SELECT (s).session_id AS s3 FROM skillancer.start_session(:'ann', 'hers') s \gset
SET LOCAL ROLE skillancer_bridge;
SELECT is(json_array_length((r).body), 2, 'one sees one''s own sessions') FROM skillancer_api.session_list() r;
SELECT throws_ok(format('SELECT skillancer_api.session_revoke(%L)', :'s3'), 'SK002', NULL, 'ends no other''s');
SELECT lives_ok(format('SELECT skillancer_api.session_revoke(%L)', :'s1'), 'but one''s own');
SELECT throws_ok(format('SELECT skillancer_api.session_revoke(%L)', :'s1'), 'SK002', NULL, 'once');
SELECT is(r ->> 'revoked', '1', 'or all others at once') FROM skillancer_api.session_revoke_all() r;
SELECT is((r).status, 401, 'the current password is asked for') FROM skillancer_api.me_change_password('Wr0ngHorse9', 'An0therHorse') r;
SELECT is((r).status, 200, 'a new password starts a new session') FROM skillancer_api.me_change_password('Str0ngHorse9', 'An0therHorse', 'body') r;
RESET ROLE;
SELECT is((SELECT count(*) FROM skillancer.session WHERE user_id = :'ben' AND revoked_at IS NULL), 1::bigint, 'and ends all before');

-- who has not verified yet
SELECT skillancer.impersonate(:'new');
SELECT throws_ok($$ SELECT skillancer.require_role('CLIENT') $$, 'SK107', NULL, 'unverified people do no business');
SELECT lives_ok($$ SELECT skillancer.require_role('USER') $$, 'but may look at their account');

-- staff
SELECT skillancer.impersonate(:'sup');
SET LOCAL ROLE skillancer_bridge;
SELECT is(json_array_length((r).body), 1, 'support finds people') FROM skillancer_api.user_list(p_q => 'BEN@accounts') r;
SELECT is((r).status, 403, 'but does not suspend them') FROM skillancer_api.user_suspend(:'ben', 'because') r;
RESET ROLE;
SELECT is((SELECT count(*) FROM skillancer.audit WHERE action = 'user.suspend_denied' AND actor_id = :'sup'::skillancer.user_id::uuid), 1::bigint,
	'which leaves a trace');
SELECT skillancer.impersonate(:'mod');
SET LOCAL ROLE skillancer_bridge;
SELECT is((r).body ->> 'status', 'SUSPENDED', 'a moderator suspends') FROM skillancer_api.user_suspend(:'ben', 'spam') r;
SELECT throws_ok(format($$ SELECT skillancer_api.user_suspend(%L, 'spam') $$, :'ben'), 'SK004', NULL, 'once');
SELECT throws_ok(format($$ SELECT skillancer_api.user_suspend(%L, 'me') $$, :'mod'), 'SK003', NULL, 'not himself');
SELECT throws_ok(format($$ SELECT skillancer_api.user_suspend(%L, 'him') $$, :'sup'), 'SK003', NULL, 'and no staff');
SELECT is((r).status, 403, 'roles are not his') FROM skillancer_api.user_set_roles(:'ann', '{ADMIN}') r;
RESET ROLE;
SELECT is((SELECT count(*) FROM skillancer.session WHERE user_id = :'ben' AND revoked_at IS NULL), 0::bigint, 'suspension ends sessions');
SELECT ok(NOT is_listed, 'and hides the profile') FROM skillancer.profile WHERE user_id = :'ben';
SELECT is((r).status, 403, 'the right password does not help') FROM skillancer_api.auth_login('ben@accounts.test', 'An0therHorse') r;
SELECT is((SELECT after #>> '{payload,reason}' FROM skillancer.audit WHERE action = 'user.suspend' AND object_id = :'ben'::skillancer.user_id::uuid), 'spam',
	'the audit knows why');
SET LOCAL ROLE skillancer_bridge;
SELECT is((r).body ->> 'status', 'ACTIVE', 'and what was suspended is reinstated') FROM skillancer_api.user_reinstate(:'ben', 'sorry') r;
RESET ROLE;
SELECT skillancer.impersonate(:'boss');
SET LOCAL ROLE skillancer_bridge;
SELECT is((r).body #>> '{roles}', '["CLIENT", "FREELANCER", "USER"]', 'an administrator sets roles')
FROM skillancer_api.user_set_roles(:'ben', '{FREELANCER,CLIENT}') r;
SELECT is((r).status, 200, 'makes administrators when allowed to') FROM skillancer_api.user_set_roles(:'sup', '{ADMIN}') r;
SELECT throws_ok(format($$ SELECT skillancer_api.user_set_roles(%L, '{USER}') $$, :'boss'), 'SK003', NULL, 'and stays one');
RESET ROLE;
SELECT skillancer.impersonate(:'sup');
SELECT ok(NOT skillancer.has_permission('system:manage_admins') AND NOT skillancer.has_permission('finance:manage_payouts'),
	'an administrator does not have everything');
SELECT is((r).status, 403, 'nor makes administrators without a grant') FROM skillancer_api.user_set_roles(:'ann', '{ADMIN}') r;

-- the identity of the bridge is set once
SELECT skillancer.impersonate(NULL);
SELECT throws_ok($$ SELECT skillancer.begin_request(NULL, NULL, NULL, 'r', NULL, NULL, 1000, false, NULL) $$, 'SK904', NULL,
	'begin_request replaces nothing');
SELECT throws_ok($$ UPDATE skillancer.user_account SET state = 'CLOSED' $$, NULL, NULL, 'a state changes through the engine only');

-- bad fields
CREATE FUNCTION pg_temp.fields(p_statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE v_detail text;
BEGIN
	EXECUTE p_statement;
	RETURN '';
EXCEPTION WHEN SQLSTATE 'SK001' THEN
	GET STACKED DIAGNOSTICS v_detail = PG_EXCEPTION_DETAIL;
	RETURN (SELECT string_agg(DISTINCT e ->> 'field', ' ' ORDER BY e ->> 'field') FROM jsonb_array_elements(v_detail::jsonb) e);
END $$;
SELECT skillancer.impersonate(:'ann');
SELECT is(pg_temp.fields($$ SELECT skillancer_api.me_patch('{name,timezone,locale}', NULL, 'Mars/Base', 'klingon') $$),
	'locale name timezone', 'PATCH users/me names each bad field');
SELECT is(pg_temp.fields($$ SELECT skillancer_api.me_put_profile('', repeat('x', 201), p_country => 'Germany', p_availability => 'ALWAYS',
	p_portfolio => '[{"url": "javascript:alert(1)", "extra": 1}]') $$),
	'availability country displayName headline portfolio[0].extra portfolio[0].title portfolio[0].url',
	'so does PUT users/me/profile');
SELECT ok(pg_temp.fields($$ SELECT skillancer_api.me_put_skills('[{"skill": "js-test", "level": 5}, {"skill": "cobol-test", "level": 1}, 7,
	{"skill": "sql-test", "level": 1}, {"skill": "sql-test", "level": 2}]') $$) LIKE '%skills[0].level skills[1].skill skills[2] skills[4].skill%',
	'and PUT users/me/skills');

SELECT * FROM finish();
ROLLBACK;
