/*
 * sql/notification/courier.sql
 *		Outgoing mail: queueing it, and what the courier calls around each delivery.
 */

-- send_mail
CREATE OR REPLACE FUNCTION skillancer.send_mail(
	p_user uuid, p_template text, p_data jsonb DEFAULT '{}', p_address text DEFAULT NULL)
RETURNS uuid
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_user record;
	v_mail uuid;
BEGIN
	SELECT u.email, u.name, u.locale INTO v_user
	FROM skillancer.user_account u WHERE u.id = p_user::skillancer.user_id;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	INSERT INTO skillancer.mail (user_id, address, type, locale, priority, correlation_id, data)
	VALUES (p_user::skillancer.user_id, coalesce(p_address, v_user.email), p_template, v_user.locale,
		'HIGH', skillancer.request_id(), p_data || jsonb_build_object('user', jsonb_build_object('name', v_user.name),
			'publicUrl', rtrim(current_setting('skillancer.public_url'), '/')))
	RETURNING id INTO v_mail;
	PERFORM skillancer.wake('courier');
	RETURN v_mail;
END
$fn$;
COMMENT ON FUNCTION skillancer.send_mail(uuid, text, jsonb, text) IS
	'Queues a mail to a user in this transaction and returns its id. Templates see the data, user.name and publicUrl; the data is deleted once the mail is sent.';
ALTER FUNCTION skillancer.send_mail(uuid, text, jsonb, text) OWNER TO skillancer_engine;

-- courier_give_up
CREATE OR REPLACE FUNCTION skillancer.courier_give_up(p_max_attempts integer)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	UPDATE skillancer.mail m
	SET state = 'PARKED', lease_until = NULL,
		last_error = coalesce(m.last_error, 'the server stopped while it was sent')
	WHERE m.state = 'SENDING' AND m.lease_until < skillancer.now() AND m.attempts >= p_max_attempts;
END
$fn$;
COMMENT ON FUNCTION skillancer.courier_give_up(integer) IS
	'Parks mails whose last attempt never reported.';

-- courier_pace
CREATE OR REPLACE FUNCTION skillancer.courier_pace(p_limit integer)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_rate integer := current_setting('skillancer.mail_domain_rate')::integer;
BEGIN
	WITH waiting AS (
		SELECT w.id, w.domain, row_number() OVER (PARTITION BY w.domain ORDER BY w.rank, w.due_at, w.id) - 1 AS place
		FROM (
			SELECT q.id, q.domain, q.due_at, array_position('{HIGH,NORMAL,LOW}', q.priority) AS rank
			FROM skillancer.mail q
			WHERE q.state = 'QUEUED' AND q.due_at <= skillancer.now() AND q.paced_at IS NULL
			ORDER BY q.due_at
			LIMIT p_limit * 10
			FOR UPDATE SKIP LOCKED) w
	), turns AS (
		SELECT w.id, p.gap, greatest(d.next_at, skillancer.now()) + w.place * p.gap AS at
		FROM waiting w
		LEFT JOIN skillancer.mail_domain d ON d.domain = w.domain
		CROSS JOIN LATERAL (SELECT coalesce(interval '1 minute' / coalesce(d.per_minute, nullif(v_rate, 0)), '0') AS gap) p
	), given AS (
		UPDATE skillancer.mail m
		SET paced_at = t.at, due_at = greatest(m.due_at, t.at - interval '1 second')
		FROM turns t
		WHERE m.id = t.id
		RETURNING m.domain, t.at + t.gap AS next_at
	)
	INSERT INTO skillancer.mail_domain AS d (domain, next_at)
	SELECT g.domain, max(g.next_at) FROM given g GROUP BY g.domain
	ON CONFLICT (domain) DO UPDATE SET next_at = EXCLUDED.next_at;
END
$fn$;
COMMENT ON FUNCTION skillancer.courier_pace(integer) IS
	'Gives each due mail that has none the next turn of its domain, important ones first. One whose turn is more than a second away is due then.';

-- courier_claim
CREATE OR REPLACE FUNCTION skillancer.courier_claim(p_limit integer, p_max_attempts integer, p_timeout_ms integer)
RETURNS TABLE (id uuid, attempt integer, address text, data jsonb, title text, body text, html text, layout text,
	text_layout text, unsubscribe text, correlation_id text, created_at timestamptz, sender text,
	trace text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_ids     uuid[];
	v_flagged uuid[];
BEGIN
	PERFORM skillancer.courier_give_up(p_max_attempts);
	PERFORM skillancer.courier_pace(p_limit);
	LOOP
		SELECT array_agg(c.id) FILTER (WHERE a.address_key IS NULL), array_agg(c.id) FILTER (WHERE a.address_key IS NOT NULL)
		INTO v_ids, v_flagged
		FROM (
			SELECT q.id, q.address
			FROM skillancer.mail q
			WHERE q.state = 'QUEUED' AND q.due_at <= skillancer.now() AND q.paced_at IS NOT NULL
				OR q.state = 'SENDING' AND q.lease_until < skillancer.now()
			ORDER BY q.due_at
			LIMIT p_limit
			FOR UPDATE SKIP LOCKED) c
		LEFT JOIN skillancer.mail_address a ON a.address_key = lower(c.address);
		UPDATE skillancer.mail m
		SET state = 'SUPPRESSED', lease_until = NULL, settled_at = skillancer.now(), data = '{}', last_error = a.reason
		FROM skillancer.mail_address a
		WHERE m.id = ANY (v_flagged) AND a.address_key = lower(m.address);
		EXIT WHEN v_ids IS NOT NULL OR v_flagged IS NULL;
	END LOOP;
	RETURN QUERY
	WITH claimed AS (
		UPDATE skillancer.mail m
		SET state = 'SENDING', attempts = m.attempts + 1,
			lease_until = skillancer.now() + make_interval(secs => p_timeout_ms / 1000.0 + 60)
		WHERE m.id = ANY (v_ids)
		RETURNING m.id, m.attempts, m.address, m.type, m.locale, m.data, m.created_at, m.correlation_id, m.trace,
			skillancer.unsubscribe_url(m.user_id::uuid, m.categories) AS url)
	SELECT c.id, c.attempts, c.address,
		c.data || jsonb_build_object('unsubscribeUrl', c.url,
			'publicUrl', rtrim(current_setting('skillancer.public_url'), '/')),
		t.title, t.body, t.html, l.html, l.body, c.url, c.correlation_id, c.created_at, skillancer.bounce_address(c.id), c.trace
	FROM claimed c
	LEFT JOIN LATERAL skillancer.template_for(c.type, 'EMAIL', c.locale) t ON true
	LEFT JOIN LATERAL skillancer.template_for('layout', 'EMAIL', c.locale) l ON true;
END
$fn$;
COMMENT ON FUNCTION skillancer.courier_claim(integer, integer, integer) IS
	'Leases due mails for one attempt each, with the templates they are made from and the link to unsubscribe. Those to flagged addresses are suppressed.';
ALTER FUNCTION skillancer.courier_claim(integer, integer, integer) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.courier_claim(integer, integer, integer) TO skillancer_worker;

-- courier_retry_at
CREATE OR REPLACE FUNCTION skillancer.courier_retry_at(p_attempt integer)
RETURNS timestamptz
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
	SELECT skillancer.now() + (0.75 + 0.5 * random())
		* least(interval '30 seconds' * (4 ^ least(p_attempt - 1, 10)), interval '8 hours')
$fn$;
COMMENT ON FUNCTION skillancer.courier_retry_at(integer) IS
	'When to try again after an attempt: 30 s, 2 min, 8 min, 32 min, 2 h, 8 h, each give or take a quarter.';

-- courier_record
CREATE OR REPLACE FUNCTION skillancer.courier_record(
	p_mail uuid, p_attempt integer, p_outcome text, p_code integer, p_message text)
RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_max     integer := current_setting('skillancer.courier_max_attempts')::integer;
	v_state   text := CASE
		WHEN p_outcome = 'SENT' THEN 'SENT'
		WHEN p_outcome IN ('BOUNCED', 'REFUSED') THEN 'BOUNCED'
		WHEN p_outcome = 'UNSENDABLE' OR p_attempt >= v_max THEN 'PARKED'
		ELSE 'QUEUED' END;
	v_address text;
BEGIN
	UPDATE skillancer.mail m
	SET state = v_state, lease_until = NULL, code = nullif(p_code, 0), last_error = nullif(p_message, ''),
		due_at = CASE WHEN v_state = 'QUEUED' THEN skillancer.courier_retry_at(p_attempt) ELSE m.due_at END,
		paced_at = CASE WHEN v_state <> 'QUEUED' THEN m.paced_at END,
		settled_at = CASE WHEN v_state IN ('SENT', 'BOUNCED') THEN skillancer.now() END,
		data = CASE WHEN v_state IN ('SENT', 'BOUNCED') AND NOT current_setting('skillancer.keep_mails')::boolean
			THEN '{}' ELSE m.data END
	WHERE m.id = p_mail AND m.attempts = p_attempt AND m.state = 'SENDING'
	RETURNING m.address INTO v_address;
	IF FOUND AND p_outcome = 'BOUNCED' THEN
		INSERT INTO skillancer.mail_address (address_key, reason) VALUES (lower(v_address), p_message)
		ON CONFLICT (address_key) DO UPDATE SET bounced_at = skillancer.now(), reason = EXCLUDED.reason;
	END IF;
	RETURN v_address IS NOT NULL;
END
$fn$;
COMMENT ON FUNCTION skillancer.courier_record(uuid, integer, text, integer, text) IS
	'Records how an attempt ended; false when a newer attempt has taken over. BOUNCED flags the address.';
ALTER FUNCTION skillancer.courier_record(uuid, integer, text, integer, text) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.courier_record(uuid, integer, text, integer, text) TO skillancer_worker;

-- courier_lag
CREATE OR REPLACE FUNCTION skillancer.courier_lag()
RETURNS double precision
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	RETURN (
		SELECT coalesce(greatest(extract(epoch FROM skillancer.now() - min(m.due_at)), 0), 0)
		FROM skillancer.mail m WHERE m.state IN ('QUEUED', 'SENDING'));
END
$fn$;
COMMENT ON FUNCTION skillancer.courier_lag() IS 'Seconds that the oldest mail is late.';
ALTER FUNCTION skillancer.courier_lag() OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.courier_lag() TO skillancer_worker;

-- redrive_mails
CREATE OR REPLACE FUNCTION skillancer.redrive_mails(p_item text)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_rows bigint;
BEGIN
	UPDATE skillancer.mail m
	SET state = 'QUEUED', attempts = 0, due_at = skillancer.now(), last_error = NULL, paced_at = NULL
	WHERE m.state = 'PARKED' AND (p_item IS NULL OR p_item = m.id::text);
	GET DIAGNOSTICS v_rows = ROW_COUNT;
	PERFORM skillancer.wake('courier');
	RETURN v_rows;
END
$fn$;
COMMENT ON FUNCTION skillancer.redrive_mails(text) IS 'Queues parked mails again; NULL means all of them.';

-- unflag_address
CREATE OR REPLACE FUNCTION skillancer.unflag_address(p_address text)
RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	DELETE FROM skillancer.mail_address a WHERE a.address_key = lower(p_address);
	RETURN FOUND;
END
$fn$;
COMMENT ON FUNCTION skillancer.unflag_address(text) IS 'Lets mail to an address through again that had bounced.';
ALTER FUNCTION skillancer.unflag_address(text) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.unflag_address(text) TO skillancer_admin;

-- forget_mails
CREATE OR REPLACE FUNCTION skillancer.forget_mails()
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_rows bigint;
BEGIN
	DELETE FROM skillancer.mail m
	WHERE m.settled_at < skillancer.now() - (SELECT skillancer.policy_interval('mailRetention'));
	GET DIAGNOSTICS v_rows = ROW_COUNT;
	RETURN v_rows;
END
$fn$;
COMMENT ON FUNCTION skillancer.forget_mails() IS 'Deletes mails that were settled longer ago than the policy mailRetention.';

INSERT INTO skillancer.housekeeping_job (job, every) VALUES ('forget_mails', '1 hour');

-- adopt_quiet_mail
CREATE OR REPLACE FUNCTION skillancer.adopt_quiet_mail()
RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_rows bigint;
BEGIN
	UPDATE skillancer.mail m
	SET state = 'DROPPED', lease_until = NULL, settled_at = skillancer.now(), data = '{}'
	WHERE m.state IN ('QUEUED', 'SENDING', 'PARKED');
	GET DIAGNOSTICS v_rows = ROW_COUNT;
	UPDATE skillancer.notification n SET digest_at = NULL WHERE n.digest_at IS NOT NULL;
	RETURN format('%s mails', v_rows);
END
$fn$;
COMMENT ON FUNCTION skillancer.adopt_quiet_mail() IS 'Part of adopt(quiet): a copy sends nothing that the original had queued, nor digests of what it had told.';
ALTER FUNCTION skillancer.adopt_quiet_mail() OWNER TO skillancer_engine;
