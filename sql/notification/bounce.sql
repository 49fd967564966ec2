/*
 * sql/notification/bounce.sql
 *		Mails that a server took and could not deliver: the reports about them (RFC 3464).
 *
 * Each mail has a sender of its own, which names it under a MAC: bounces+<mail>-<mac>@example.com. A mail server hands
 * what comes to that address to a route; who knows the address may say that the mail bounced, nobody else.
 */

-- bounce_parse
CREATE OR REPLACE FUNCTION skillancer.bounce_parse(p_message bytea, OUT recipient text, OUT action text, OUT status text, OUT diagnostic text)
LANGUAGE c IMMUTABLE STRICT
AS 'MODULE_PATHNAME', 'skl_fn_bounce_parse';
COMMENT ON FUNCTION skillancer.bounce_parse(bytea) IS
	'Who a mail is to, and what it says when it is a report about a delivery: action (failed, delayed, ...), status (5.1.1), what the server said. All but recipient are NULL for another mail.';

-- bounce_address
CREATE OR REPLACE FUNCTION skillancer.bounce_address(p_mail uuid)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_parts text[] := regexp_match(current_setting('skillancer.smtp_bounce_to'), '^([^@]{1,14})@(.+)$');
BEGIN
	RETURN format('%s+%s@%s', v_parts[1], skillancer.bounce_token(p_mail), v_parts[2]) WHERE v_parts IS NOT NULL;
END
$fn$;
COMMENT ON FUNCTION skillancer.bounce_address(uuid) IS
	'The sender of a mail in SMTP, where reports about it go; NULL without skillancer.smtp_bounce_to, whose local part has at most 14 characters.';

-- bounce_token
CREATE OR REPLACE FUNCTION skillancer.bounce_token(p_mail uuid)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	RETURN replace(p_mail::text, '-', '')
		|| '-' || left(encode(sha256(convert_to(skillancer.seal('bounce', p_mail::text), 'UTF8')), 'hex'), 16);
END
$fn$;
COMMENT ON FUNCTION skillancer.bounce_token(uuid) IS
	'The id of a mail with 64 bits of a MAC, in characters that servers leave as they are in an address.';

-- bounce_take
CREATE OR REPLACE FUNCTION skillancer.bounce_take(p_message bytea)
RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_report  record := skillancer.bounce_parse(p_message);
	v_token   text := substring(lower(v_report.recipient) FROM '[+]([0-9a-f]{32}-[0-9a-f]{16})@');
	v_mail    uuid := split_part(v_token, '-', 1);
	v_words   text := left(format('%s %s', v_report.status, v_report.diagnostic), 200);
	v_failed  boolean := v_report.action = 'failed' AND v_report.status LIKE '5.%';
	v_address text;
BEGIN
	-- the hashes: how long a comparison takes says nothing about the token
	IF v_token IS NULL OR sha256(v_token::bytea) <> sha256(skillancer.bounce_token(v_mail)::bytea) THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND', 'the report is to no address that a mail was sent from');
	ELSIF v_report.action IS NULL THEN
		RETURN 'IGNORED';
	END IF;
	UPDATE skillancer.mail m
	SET state = CASE WHEN v_failed THEN 'BOUNCED' ELSE m.state END, last_error = v_words
	WHERE m.id = v_mail AND m.state = 'SENT' AND v_report.action IN ('failed', 'delayed')
	RETURNING m.address INTO v_address;
	-- about the address: no such mailbox or domain; not a full mailbox, a long mail, or what a filter thinks of it
	IF v_failed AND v_address IS NOT NULL AND v_report.status ~ '^5[.]([01][.]|2[.][01]$|4[.]4$)' THEN
		INSERT INTO skillancer.mail_address (address_key, reason) VALUES (lower(v_address), v_words)
		ON CONFLICT (address_key) DO UPDATE SET bounced_at = skillancer.now(), reason = EXCLUDED.reason;
	END IF;
	RETURN CASE WHEN v_address IS NULL THEN 'IGNORED' WHEN v_failed THEN 'BOUNCED' ELSE 'NOTED' END;
END
$fn$;
COMMENT ON FUNCTION skillancer.bounce_take(bytea) IS
	'Takes a report about a mail in: BOUNCED, for good, and the address is flagged where it is at fault; NOTED for a delay; IGNORED for what is no report, or about a mail that is not counted as sent any more.';
ALTER FUNCTION skillancer.bounce_take(bytea) OWNER TO skillancer_engine;

-- POST /v1/mail-bounces
CREATE OR REPLACE FUNCTION skillancer_api.mail_bounce(p_raw_body bytea)
RETURNS json
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	RETURN json_build_object('outcome', skillancer.bounce_take(coalesce(p_raw_body, '')));
END
$fn$;
COMMENT ON FUNCTION skillancer_api.mail_bounce(bytea) IS
	'For the mail server of the operator: a mail as it came to the sender address of one of ours. A report that it was not delivered (RFC 3464) makes that mail BOUNCED and flags its address; anything else is IGNORED.';
SELECT skillancer.add_route('POST', '/v1/mail-bounces', 'mail_bounce', who => 'anyone', rate => 'address', idempotent => false,
	summary => 'Take a report about an undelivered mail in', answers => '{outcome: "BOUNCED"|"NOTED"|"IGNORED"}');
