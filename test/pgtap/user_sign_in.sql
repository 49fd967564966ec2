/*
 * user_sign_in.sql
 *		Registration, mailed links, sign-in with its locks, refresh with reuse detection, passwords.
 */
BEGIN;
SELECT no_plan();
SET LOCAL client_min_messages = warning;
-- the engine sends mail; what is in it is another test's business
CREATE FUNCTION pg_temp.state_of(p_email text) RETURNS text LANGUAGE sql AS
$$ SELECT state FROM skillancer.user_account WHERE email_key = lower(p_email) $$;
CREATE FUNCTION pg_temp.id_of(p_email text) RETURNS skillancer.user_id LANGUAGE sql AS
$$ SELECT id FROM skillancer.user_account WHERE email_key = lower(p_email) $$;
-- time passes for the rows: the clock itself belongs to the whole server
CREATE FUNCTION pg_temp.wait(p_seconds integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE d interval := make_interval(secs => p_seconds);
BEGIN
	UPDATE skillancer.sign_in_failure SET window_start = window_start - d, locked_until = locked_until - d;
	UPDATE skillancer.email_token SET created_at = created_at - d, expires_at = expires_at - d;
	UPDATE skillancer.refresh_token SET issued_at = issued_at - d, expires_at = expires_at - d, used_at = used_at - d;
	UPDATE skillancer.session SET created_at = created_at - d, expires_at = expires_at - d;
END $$;
CREATE FUNCTION pg_temp.login(p_email text, p_password text) RETURNS skillancer.reply LANGUAGE sql AS
$$ SELECT skillancer_api.auth_login(p_email, p_password, 'body', 'test') $$;
-- a mistake of one statement must not weigh on the next: problems live as long as the transaction
CREATE FUNCTION pg_temp.password_problem(p_password text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	PERFORM skillancer.check_password('password', p_password, 'kermit@example.com');
	PERFORM skillancer.check_done();
	RETURN false;
EXCEPTION WHEN SQLSTATE 'SK001' THEN
	RETURN true;
END $$;
SELECT skillancer.impersonate(NULL);

-- registration
SELECT t.* FROM skillancer_api.auth_register('Ann@Example.com', 'Str0ngHorse9', ' Ann ') r CROSS JOIN LATERAL (VALUES
	(is((r).status, 202, 'a registration is accepted')),
	(is((r).body ->> 'status', 'VERIFICATION_SENT', 'and says that a mail was sent'))) t;
SELECT is(pg_temp.state_of('ann@example.com'), 'PENDING', 'the account waits for its address');
SELECT is((SELECT array_agg(role ORDER BY role) FROM skillancer.user_role WHERE user_id = pg_temp.id_of('ann@example.com')),
	'{CLIENT,FREELANCER,USER}', 'with the roles of both sides');
SELECT is((SELECT name FROM skillancer.user_account WHERE id = pg_temp.id_of('ann@example.com')), 'Ann', 'names are trimmed');
SELECT isnt((SELECT password_hash FROM skillancer.user_credential WHERE user_id = pg_temp.id_of('ann@example.com')),
	NULL, 'the password is kept as a hash') ;
SELECT matches((SELECT password_hash FROM skillancer.user_credential WHERE user_id = pg_temp.id_of('ann@example.com')),
	'^\$argon2id\$v=19\$m=19456,t=2,p=1\$', 'of Argon2id with 19 MiB and two passes');
SELECT is((SELECT ROW((a).status, (a).headers, (a).body::text)::text FROM skillancer_api.auth_register('ann@example.COM', 'Str0ngHorse9', 'Eve') a),
	ROW(202, NULL::jsonb, '{"email" : "ann@example.COM", "status" : "VERIFICATION_SENT"}')::text,
	'a known address gets the answer of an unknown one');
SELECT is((SELECT count(*) FROM skillancer.user_account WHERE email_key = 'ann@example.com'), 1::bigint, 'and no second account');

-- mailed links
SELECT skillancer.make_email_token(pg_temp.id_of('ann@example.com'), 'VERIFY_EMAIL', 'PT24H') AS old_token \gset
SELECT skillancer.make_email_token(pg_temp.id_of('ann@example.com'), 'VERIFY_EMAIL', 'PT24H') AS token \gset
SELECT throws_ok(format('SELECT skillancer_api.auth_verify_email(%L)', :'old_token'), 'SK108', NULL, 'a newer link replaces the older');
SELECT throws_ok(format('SELECT skillancer_api.auth_verify_email(%L)', reverse(:'token')), 'SK108', NULL, 'a made-up token is refused');
SELECT throws_ok(format('SELECT skillancer_api.auth_verify_email(%L)', left(:'token', 32) || left(:'old_token', 32)), 'SK108', NULL,
	'so is the right id with another secret');
SELECT throws_ok(format('SELECT skillancer_api.auth_reset_password(%L, %L)', :'token', 'N3wPasswordXy'), 'SK108', NULL,
	'a link does one thing only');
SAVEPOINT late;
SELECT pg_temp.wait(24 * 3600 + 1);
SELECT throws_ok(format('SELECT skillancer_api.auth_verify_email(%L)', :'token'), 'SK108', NULL, 'a link ends after a day');
ROLLBACK TO late;
SELECT lives_ok(format('SELECT skillancer_api.auth_verify_email(%L)', :'token'), 'the link verifies the address');
SELECT is(pg_temp.state_of('ann@example.com'), 'ACTIVE', 'the account is active');
SELECT ok((SELECT is_listed FROM skillancer.profile WHERE user_id = pg_temp.id_of('ann@example.com')), 'and its profile shows');
SELECT throws_ok(format('SELECT skillancer_api.auth_verify_email(%L)', :'token'), 'SK108', NULL, 'a link works once');
SELECT is((SELECT count(*) FROM skillancer.event e WHERE e.aggregate_id = pg_temp.id_of('ann@example.com')::uuid
	AND e.type IN ('user.created', 'user.verified')), 2::bigint, 'both are in the event log');

-- answers that tell nothing
SELECT is((SELECT r::text FROM skillancer_api.auth_forgot_password('nobody@example.com') r),
	replace((SELECT r::text FROM skillancer_api.auth_forgot_password('ann@example.com') r), 'ann@', 'nobody@'), 'forgotten passwords: one answer');
SELECT is((SELECT r::text FROM skillancer_api.auth_resend_verification('nobody@example.com') r),
	replace((SELECT r::text FROM skillancer_api.auth_resend_verification('ann@example.com') r), 'ann@', 'nobody@'), 'resent links: one answer');
SELECT is((SELECT count(*) FROM skillancer.email_token WHERE user_id = pg_temp.id_of('ann@example.com') AND purpose = 'VERIFY_EMAIL'),
	0::bigint, 'an active account gets no verification link');

-- sign-in
SELECT t.* FROM pg_temp.login('ANN@example.com', 'Str0ngHorse9') r CROSS JOIN LATERAL (VALUES
	(is((r).status, 200, 'the right password signs in')),
	(is((r).headers #>> '{skl-mint,sub}', pg_temp.id_of('ann@example.com')::text, 'the bridge is asked for a token of that user')),
	(is((r).headers #> '{skl-mint,roles}', '["CLIENT", "FREELANCER", "USER"]', 'with the roles of the rows')),
	(is(length((r).body ->> 'refreshToken'), 64, 'the refresh token is in the body when asked for'))) t;
SELECT t.* FROM skillancer_api.auth_login('ann@example.com', 'Str0ngHorse9') r CROSS JOIN LATERAL (VALUES
	(matches((r).headers ->> 'Set-Cookie', '^skl_refresh=[A-Za-z0-9_-]{64}; Path=/v1/auth; Max-Age=604800; HttpOnly; Secure; SameSite=Strict$', 'else in a strict cookie')),
	(ok((r).body::jsonb ->> 'refreshToken' IS NULL, 'and not in the body'))) t;
SELECT is((SELECT ROW((a).status, (a).body::text)::text FROM pg_temp.login('ann@example.com', 'wrong') a),
	(SELECT ROW((b).status, (b).body::text)::text FROM pg_temp.login('nobody@example.com', 'wrong') b),
	'a wrong password and an unknown address get one answer');
SELECT is((SELECT (b).status FROM pg_temp.login('nobody@example.com', 'wrong') b), 401, 'which is 401');

-- locks: the successful sign-ins above have cleared the counter of ann; one wrong password since
SELECT pg_temp.login('ann@example.com', 'wrong') FROM generate_series(1, 4);
SELECT t.* FROM pg_temp.login('ann@example.com', 'Str0ngHorse9') r CROSS JOIN LATERAL (VALUES
	(is((r).status, 423, 'five failures lock the account')),
	(is((r).body ->> 'code', 'ACCOUNT_LOCKED', 'with its code')),
	(is((r).body #>> '{details,0,lockedUntil}', to_json(skillancer.now() + interval '15 minutes') #>> '{}', 'and the time')),
	(is((r).headers ->> 'Retry-After', '900', 'in seconds too'))) t;
SELECT pg_temp.login('nobody@example.com', 'wrong') FROM generate_series(1, 4);
SELECT is((SELECT ROW((b).status, (b).body::text)::text FROM pg_temp.login('nobody@example.com', 'wrong') b),
	(SELECT ROW((a).status, (a).body::text)::text FROM pg_temp.login('ann@example.com', 'wrong') a),
	'an unknown address locks the same');
SAVEPOINT elsewhere;
UPDATE skillancer.sign_in_failure SET network = '198.51.100.0/24' WHERE network = 'local';
SELECT is((r).status, 200, 'the owner in another network is not locked out') FROM pg_temp.login('ann@example.com', 'Str0ngHorse9') r;
ROLLBACK TO elsewhere;
SELECT pg_temp.wait(901);
SELECT is((r).status, 200, 'after fifteen minutes the lock is gone') FROM pg_temp.login('ann@example.com', 'Str0ngHorse9') r;
SAVEPOINT slow;
SELECT pg_temp.login('ann@example.com', 'wrong') FROM generate_series(1, 4);
SELECT pg_temp.wait(901);
SELECT pg_temp.login('ann@example.com', 'wrong') FROM generate_series(1, 4);
SELECT is((r).status, 200, 'failures further apart than the window do not add up') FROM pg_temp.login('ann@example.com', 'Str0ngHorse9') r;
ROLLBACK TO slow;
SAVEPOINT everywhere;
UPDATE skillancer.sign_in_failure SET locked_until = skillancer.now() + interval '1 minute'
WHERE account = skillancer.sign_in_account('ann@example.com') AND network = '*';
SELECT is((r).status, 200, 'guesses from everywhere do not lock a network that was used before') FROM pg_temp.login('ann@example.com', 'Str0ngHorse9') r;
UPDATE skillancer.session SET network = '192.0.2.0/24';
SELECT is((r).status, 423, 'but lock the account for new networks') FROM pg_temp.login('ann@example.com', 'Str0ngHorse9') r;
ROLLBACK TO everywhere;
SAVEPOINT spray;
SELECT pg_temp.login(format('user%s@example.com', n), 'Spring2026x') FROM generate_series(1, 100) n;
SELECT is((r).status, 423, 'a hundred failures of one network lock it, whatever the account') FROM pg_temp.login('ann@example.com', 'Str0ngHorse9') r;
ROLLBACK TO spray;

-- rehash
UPDATE skillancer.user_credential SET password_hash =
	'$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$u3Tx0QZJc5AIVKKyqXZRQMEvWGyqNBGmDNiyRLo2RVk'
WHERE user_id = pg_temp.id_of('ann@example.com');
SELECT ok(skillancer.password_is_outdated((SELECT password_hash FROM skillancer.user_credential WHERE user_id = pg_temp.id_of('ann@example.com'))),
	'weaker parameters are outdated');
UPDATE skillancer.user_credential SET password_hash = skillancer.password_hash('Str0ngHorse9')
WHERE user_id = pg_temp.id_of('ann@example.com');
SELECT ok(skillancer.password_verify(U&'e\0301', skillancer.password_hash(U&'\00e9')), 'one password in two normal forms is one password');
SELECT ok(NOT skillancer.password_verify('x', NULL), 'no hash, no sign-in');

-- refresh
SELECT (r).body ->> 'refreshToken' AS first FROM pg_temp.login('ann@example.com', 'Str0ngHorse9') r \gset
SELECT (r).body ->> 'refreshToken' AS second, (r).status AS status FROM skillancer_api.auth_refresh(:'first') r \gset
SELECT is(:status, 200, 'a refresh token is exchanged');
SELECT isnt(:'first'::text, :'second'::text, 'for another');
SAVEPOINT grace;
SELECT pg_temp.wait(9);
SELECT is((r).status, 200, 'within ten seconds the parent gets a sibling') FROM skillancer_api.auth_refresh(:'first') r;
SELECT is((r).status, 401, 'once') FROM skillancer_api.auth_refresh(:'first') r;
SELECT is((r).status, 401, 'and then the family is dead') FROM skillancer_api.auth_refresh(:'second') r;
ROLLBACK TO grace;
SAVEPOINT grandparent;
SELECT (r).status AS status FROM skillancer_api.auth_refresh(:'second') r \gset
SELECT is((r).status, 401, 'a grandparent gets none') FROM skillancer_api.auth_refresh(:'first') r;
ROLLBACK TO grandparent;
SELECT pg_temp.wait(11);
SELECT t.* FROM skillancer_api.auth_refresh(:'first') r CROSS JOIN LATERAL (VALUES
	(is((r).status, 401, 'after ten seconds a used token is refused')),
	(matches((r).headers ->> 'Set-Cookie', '^skl_refresh=; Path=/v1/auth; Max-Age=0;', 'and the cookie taken away'))) t;
SELECT is((r).status, 401, 'its successor as well') FROM skillancer_api.auth_refresh(:'second') r;
SELECT is((SELECT count(*) FROM skillancer.session WHERE revoked_reason = 'TOKEN_REUSE'), 1::bigint, 'the session says why it ended');
SELECT is((SELECT count(*) FROM skillancer.event WHERE type = 'user.security_alert'), 1::bigint, 'and the owner hears of it');
SELECT is((r).status, 401, 'no token, no refresh') FROM skillancer_api.auth_refresh() r;
SELECT is((r).status, 401, 'nor with rubbish') FROM skillancer_api.auth_refresh('rubbish') r;
SELECT (r).body ->> 'refreshToken' AS token FROM pg_temp.login('ann@example.com', 'Str0ngHorse9') r \gset
SAVEPOINT expired;
SELECT pg_temp.wait(7 * 86400 + 1);
SELECT is((r).status, 401, 'a week ends it') FROM skillancer_api.auth_refresh(:'token') r;
ROLLBACK TO expired;
SELECT is((r).status, 204, 'logout ends the session of the token') FROM skillancer_api.auth_logout(:'token') r;
SELECT is((r).status, 401, 'for good') FROM skillancer_api.auth_refresh(:'token') r;
SELECT is((r).status, 401, 'nobody cannot sign out') FROM skillancer_api.auth_logout() r;

-- reset
SELECT skillancer.make_email_token(pg_temp.id_of('ann@example.com'), 'RESET_PASSWORD', 'PT1H') AS reset \gset
SELECT (r).body ->> 'refreshToken' AS token FROM pg_temp.login('ann@example.com', 'Str0ngHorse9') r \gset
SELECT lives_ok(format('SELECT skillancer_api.auth_reset_password(%L, %L)', :'reset', 'Br4ndNewHorse'), 'a link sets a new password');
SELECT throws_ok(format('SELECT skillancer_api.auth_reset_password(%L, %L)', :'reset', 'Br4ndNewHorse2'), 'SK108', NULL, 'once');
SELECT is((r).status, 401, 'sessions of before are over') FROM skillancer_api.auth_refresh(:'token') r;
SELECT is((r).status, 401, 'the old password is over') FROM pg_temp.login('ann@example.com', 'Str0ngHorse9') r;
SELECT is((r).status, 200, 'the new one works') FROM pg_temp.login('ann@example.com', 'Br4ndNewHorse') r;

-- what a password may be
SELECT ok(pg_temp.password_problem(p), format('refused: %s', left(coalesce(p, 'NULL'), 20)))
FROM unnest(ARRAY['Sh0rt', 'alllower1', 'ALLUPPER1', 'NoDigitsHere', repeat('Aa1', 50), 'Password1', 'P@ssw0rd123', 'Qwerty123!',
	'Welcome2026', 'Iloveyou1', 'Abcdefgh1', 'Aaaaaaaa1', 'Aa123456', 'Abc12345', 'Kermit2026', '1Qazwsxedc', NULL]) p;
SELECT ok(NOT skillancer.password_verify('x', '$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'),
	'nothing matches the dummy hash');

SELECT * FROM finish();
ROLLBACK;
