/*
 * notification_queues.sql
 *		The queues of courier and timekeeper: leases, fences, retries, bounces, parked rows, housekeeping.
 *		The transaction's time stands still, so times are moved in the rows.
 */
BEGIN;
SELECT no_plan();
SET LOCAL client_min_messages = warning;
DELETE FROM skillancer.mail;
DELETE FROM skillancer.due;

-- mail
SELECT skillancer.create_account('queue@queues.test', 'Quinn', skillancer.password_hash('Str0ngHorse9'), '{CLIENT}') AS quinn \gset
SELECT skillancer.send_mail(:'quinn'::skillancer.user_id::uuid, 'verify_email', '{"token": "secret"}') AS mail \gset
CREATE FUNCTION pg_temp.claim() RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM skillancer.courier_claim(10, 3, 1000) $$;
CREATE FUNCTION pg_temp.mail(p_mail uuid) RETURNS skillancer.mail LANGUAGE sql AS $$ SELECT m FROM skillancer.mail m WHERE id = p_mail $$;
CREATE FUNCTION pg_temp.due_now(p_mail uuid) RETURNS void LANGUAGE sql AS
	$$ UPDATE skillancer.mail SET due_at = skillancer.now(), lease_until = lease_until - interval '1 day' WHERE id = p_mail $$;
SELECT results_eq('SELECT attempt, address, title FROM skillancer.courier_claim(10, 3, 1000)',
	$$ VALUES (1, 'queue@queues.test', 'Confirm your e-mail address') $$, 'a mail is claimed with its template');
SELECT is(pg_temp.claim(), 0::bigint, 'and leased: nobody else gets it');
SELECT pg_temp.due_now(:'mail');
SELECT is(pg_temp.claim(), 1::bigint, 'a lease that ran out is claimed again');
SELECT is(skillancer.courier_record(:'mail', 1, 'SENT', 250, ''), false, 'the first attempt comes too late to report');
SELECT is((pg_temp.mail(:'mail')).state, 'SENDING', 'and changes nothing');
SELECT is(skillancer.courier_record(:'mail', 2, 'RETRY', 451, 'later'), true, 'the second reports a 4xx');
SELECT is((pg_temp.mail(:'mail')).state, 'QUEUED', 'so the mail is queued again');
SELECT cmp_ok((pg_temp.mail(:'mail')).due_at, '>', skillancer.now() + interval '1 minute', 'for later');
SELECT is(pg_temp.claim(), 0::bigint, 'not now');
SELECT pg_temp.due_now(:'mail');
SELECT is(pg_temp.claim(), 1::bigint, 'later it is');
SELECT pg_temp.due_now(:'mail');
SELECT is(pg_temp.claim(), 0::bigint, 'after the last attempt without a report');
SELECT is((pg_temp.mail(:'mail')).state, 'PARKED', 'it is parked');
SELECT is((SELECT count(*) FROM skillancer.parked WHERE kind = 'mail' AND item = :'mail'), 1::bigint, 'where an operator sees it');
SELECT is(skillancer.redrive('mail'), 1::bigint, 'redrive');
SELECT is(pg_temp.claim(), 1::bigint, 'sends it again');
SELECT is((pg_temp.mail(:'mail')).data ->> 'token', 'secret', 'with its data');
SELECT is(skillancer.courier_record(:'mail', 1, 'SENT', 250, ''), true, 'sent');
SELECT is((pg_temp.mail(:'mail')).data, '{}'::jsonb, 'and the secret is gone');
SELECT skillancer.send_mail(:'quinn'::skillancer.user_id::uuid, 'verify_email') AS mail \gset
SELECT pg_temp.claim();
SELECT skillancer.courier_record(:'mail', 1, 'BOUNCED', 550, 'RCPT failed: 550');
SELECT is((pg_temp.mail(:'mail')).state, 'BOUNCED', 'a bounce');
SELECT is((SELECT reason FROM skillancer.mail_address WHERE address_key = 'queue@queues.test'), 'RCPT failed: 550', 'flags the address');
SELECT skillancer.send_mail(:'quinn'::skillancer.user_id::uuid, 'verify_email') AS mail \gset
SELECT is(pg_temp.claim(), 0::bigint, 'nothing is sent there');
SELECT is((pg_temp.mail(:'mail')).state, 'SUPPRESSED', 'mail is suppressed');
SELECT is(skillancer.unflag_address('QUEUE@queues.test'), true, 'until an operator takes the flag away');
SELECT skillancer.send_mail(:'quinn'::skillancer.user_id::uuid, 'verify_email') AS mail \gset
SELECT pg_temp.claim();
SELECT skillancer.courier_record(:'mail', 1, 'REFUSED', 554, 'DATA failed: 554');
SELECT is((pg_temp.mail(:'mail')).state, 'BOUNCED', 'a refused message bounces');
SELECT is((SELECT count(*) FROM skillancer.mail_address), 0::bigint, 'without flagging the address');
SELECT skillancer.send_mail(:'quinn'::skillancer.user_id::uuid, 'verify_email') AS mail \gset
SELECT is(skillancer.adopt_quiet_mail(), '1 mails', 'a quiet copy drops what waits');
SELECT is((pg_temp.mail(:'mail')).state, 'DROPPED', 'for good');
SELECT throws_ok($$ SELECT skillancer.send_mail(skillancer.new_id(), 'verify_email') $$, 'SK002', NULL, 'no mail to nobody');
UPDATE skillancer.mail SET settled_at = settled_at - interval '31 days';
SELECT cmp_ok(skillancer.forget_mails(), '>', 3::bigint, 'settled mails are forgotten after a month');

-- timers
CREATE FUNCTION pg_temp.work() RETURNS bigint LANGUAGE sql AS
	$$ SELECT skillancer.timekeeper_claim(10); SELECT skillancer.timekeeper_fire(10) $$;
SELECT skillancer.email_verified(:'quinn');
SELECT skillancer.schedule('user', :'quinn'::skillancer.user_id::uuid, 'verify', skillancer.now() - interval '5 minutes');
SELECT cmp_ok(skillancer.timekeeper_lag(), '>=', 300::double precision, 'a late timer is lag');
SELECT is(pg_temp.work(), 0::bigint, 'a timer whose event is not possible any more does nothing');
SELECT is((SELECT count(*) FROM skillancer.due), 0::bigint, 'and is gone');
SELECT skillancer.schedule('user', :'quinn'::skillancer.user_id::uuid, 'close', skillancer.now());
SELECT is(pg_temp.work(), 1::bigint, 'one that is possible is fired');
SELECT is((SELECT state FROM skillancer.user_account WHERE id = :'quinn'), 'CLOSED', 'once');
SELECT is(pg_temp.work(), 0::bigint, 'and then gone');
SELECT skillancer.schedule('nonesuch', skillancer.new_id(), 'x', skillancer.now());
SELECT is(pg_temp.work(), 0::bigint, 'a poisoned timer');
SELECT is((SELECT attempts FROM skillancer.due), 1, 'counts its attempts');
SELECT cmp_ok((SELECT due_at FROM skillancer.due), '>', skillancer.now(), 'waits longer each time');
UPDATE skillancer.due SET due_at = skillancer.now(); SELECT pg_temp.work();
UPDATE skillancer.due SET due_at = skillancer.now(); SELECT pg_temp.work();
UPDATE skillancer.due SET due_at = skillancer.now(); SELECT pg_temp.work();
SELECT is((SELECT parked_at FROM skillancer.due), NULL, 'four times');
UPDATE skillancer.due SET due_at = skillancer.now(); SELECT pg_temp.work();
SELECT isnt((SELECT parked_at FROM skillancer.due), NULL, 'and is parked after the fifth');
SELECT isnt((SELECT last_error FROM skillancer.parked WHERE kind = 'timer'), NULL, 'with the reason');
SELECT is(skillancer.redrive('timer', (SELECT item FROM skillancer.parked WHERE kind = 'timer')), 1::bigint, 'redrive makes it due');
UPDATE skillancer.due SET attempts = 5;
SELECT skillancer.timekeeper_claim(10);
SELECT matches((SELECT last_error FROM skillancer.parked WHERE kind = 'timer'), 'server stopped',
	'one that took the server down each time is parked without another try');

-- webhooks: the schedule of attempts, and the breaker
SELECT skillancer.create_account('hooks@queues.test', 'Hugo', skillancer.password_hash('Str0ngHorse9'), '{CLIENT}') AS hugo \gset
INSERT INTO skillancer.webhook (user_id, url, events) VALUES (:'hugo', 'https://hooks.example.com/', '{*}') RETURNING id AS hook \gset
INSERT INTO skillancer.webhook_health (webhook_id, user_id) VALUES (:'hook', :'hugo');
CREATE FUNCTION pg_temp.happens(p_hook skillancer.webhook_id) RETURNS void LANGUAGE sql AS
	$$ INSERT INTO skillancer.webhook_delivery (webhook_id, event_id, user_id, seq, type, aggregate_id, body)
		SELECT w.id, skillancer.new_id()::skillancer.event_id, w.user_id, 1, 'user.updated', skillancer.new_id(), '{}' FROM skillancer.webhook w WHERE w.id = p_hook $$;
CREATE FUNCTION pg_temp.attempt(p_hook skillancer.webhook_id, p_status integer) RETURNS skillancer.webhook_delivery LANGUAGE plpgsql AS $$
DECLARE
	v_claim record;
	v_after skillancer.webhook_delivery;
BEGIN
	UPDATE skillancer.webhook_delivery d SET due_at = skillancer.now() WHERE d.webhook_id = p_hook AND d.state = 'QUEUED';
	UPDATE skillancer.webhook_health h SET next_at = skillancer.now() WHERE h.webhook_id = p_hook;
	SELECT c.* INTO STRICT v_claim FROM skillancer.webhook_health h, skillancer.webhook_claim(h.standing, 1) c WHERE h.webhook_id = p_hook;
	PERFORM skillancer.webhook_record(ARRAY[v_claim.webhook_id], ARRAY[v_claim.event_id], ARRAY[v_claim.attempt], ARRAY[p_status], ARRAY[1],
		ARRAY[CASE p_status WHEN 0 THEN 'no answer in time' END], ARRAY[NULL]);
	SELECT d.* INTO v_after FROM skillancer.webhook_delivery d WHERE d.webhook_id = p_hook AND d.event_id = v_claim.event_id::skillancer.event_id;
	RETURN v_after;
END $$;
CREATE FUNCTION pg_temp.health_after(p_hook skillancer.webhook_id, p_status integer) RETURNS skillancer.webhook_health LANGUAGE plpgsql AS $$
DECLARE v_health skillancer.webhook_health;
BEGIN
	PERFORM pg_temp.attempt(p_hook, p_status);
	SELECT h.* INTO v_health FROM skillancer.webhook_health h WHERE h.webhook_id = p_hook;
	RETURN v_health;
END $$;
CREATE FUNCTION pg_temp.about(p_at timestamptz, p_wait interval) RETURNS boolean LANGUAGE sql AS
	$$ SELECT p_at - skillancer.now() BETWEEN 0.9 * p_wait AND 1.1 * p_wait $$;
SELECT pg_temp.happens(:'hook');
SELECT is(a.state || ' ' || pg_temp.about(a.due_at, t.wait), 'QUEUED true', format('attempt %s fails by %s: the next one in %s', t.n, t.status, t.wait))
FROM (VALUES (1, 500, interval '1 minute'), (2, 0, '5 minutes'), (3, 404, '30 minutes'), (4, 301, '2 hours'), (5, 503, '8 hours'), (6, 400, '24 hours')) AS t (n, status, wait)
CROSS JOIN LATERAL pg_temp.attempt(:'hook', t.status) a;
SELECT is((pg_temp.attempt(:'hook', 500)).state, 'FAILED', 'the seventh is the last');
SELECT is(skillancer.webhook_record(ARRAY[:'hook'::skillancer.webhook_id::uuid], ARRAY[d.event_id::uuid], ARRAY[d.attempts], ARRAY[204], ARRAY[1], ARRAY[NULL], ARRAY[NULL]), 0::bigint,
	'what is settled is not settled again') FROM skillancer.webhook_delivery d WHERE d.webhook_id = :'hook';
SELECT results_eq(format('SELECT failures, failed_events, standing, width FROM skillancer.webhook_health WHERE webhook_id = %L', :'hook'), $$ VALUES (7, 1, 'FAILING', 1) $$,
	'the endpoint fails: one at a time');
SELECT pg_temp.happens(:'hook') FROM generate_series(1, 4);
SELECT is((pg_temp.attempt(:'hook', 200)).state, 'DELIVERED', 'until a success');
SELECT results_eq(format('SELECT failures, failed_events, standing, width, paused_until FROM skillancer.webhook_health WHERE webhook_id = %L', :'hook'),
	$$ VALUES (0, 0, 'PROVEN', 2, NULL::timestamptz) $$, 'forgets it all, and two go at once');
SELECT ok(CASE WHEN t.pause IS NULL THEN h.paused_until IS NULL ELSE pg_temp.about(h.paused_until, t.pause) AND h.next_at >= h.paused_until END,
	format('failure %s in a row: a pause of %s', t.n, coalesce(t.pause::text, 'nothing')))
FROM (VALUES (1, NULL), (2, NULL), (3, NULL), (4, NULL), (5, interval '10 seconds'), (6, '20 seconds'), (7, '40 seconds'), (8, '1 minute'), (9, '1 minute')) AS t (n, pause)
CROSS JOIN LATERAL pg_temp.health_after(:'hook', 500 + 0 * t.n) h;

-- housekeeping
SELECT cmp_ok(skillancer.create_partitions(), '>=', 0::bigint, 'partitions are made');
SELECT is((SELECT count(*) FROM generate_series(1, 3) i WHERE to_regclass('skillancer.event_' || to_char(date_trunc('month',
	skillancer.now() AT TIME ZONE 'UTC') + make_interval(months => i), 'YYYYMM')) IS NULL), 0::bigint, 'for three months ahead');
SELECT is(skillancer.create_partitions(), 0::bigint, 'a second time there is nothing to do');
SELECT is((SELECT count(*) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
	WHERE i.inhparent = 'skillancer.event'::regclass AND NOT (c.relrowsecurity AND c.relforcerowsecurity)), 0::bigint,
	'every partition has row-level security');
UPDATE skillancer.housekeeping_run SET next_at = '-infinity';
SELECT cmp_ok(skillancer.keep_house('timekeeper', 100), '>=', 4::bigint, 'jobs run when they are due');
SELECT is(skillancer.keep_house('timekeeper', 100), 0::bigint, 'and not again at once');
SELECT results_eq($$ SELECT j.job FROM skillancer.housekeeping_job j LEFT JOIN skillancer.housekeeping_run r USING (job)
	WHERE coalesce(r.next_at, '-infinity') <= skillancer.now() $$,
	$$ VALUES ('check_ledger') $$, 'what takes long is left to another worker');
SELECT is(skillancer.keep_house('merger', 100), 1::bigint, 'which runs it');
SELECT is((SELECT count(*) FROM skillancer.housekeeping_run WHERE last_error IS NOT NULL), 0::bigint, 'none fails');
SELECT lives_ok($$ SELECT skillancer.run_job('nonesuch', '1 hour') $$, 'one that fails');
SELECT isnt((SELECT last_error FROM skillancer.housekeeping_run WHERE job = 'nonesuch'), NULL, 'is noted');
SELECT is((SELECT next_at FROM skillancer.housekeeping_run WHERE job = 'nonesuch'), skillancer.now() + interval '1 minute',
	'and tried again soon');

SELECT * FROM finish();
ROLLBACK;
