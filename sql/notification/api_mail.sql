/*
 * sql/notification/api_mail.sql
 *		The outbox for staff: what became of a mail, sending it again, letting an address through again.
 */

-- GET /v1/admin/mails
CREATE OR REPLACE FUNCTION skillancer_api.mail_list(
	p_state text DEFAULT NULL, p_address text DEFAULT NULL, p_limit integer DEFAULT NULL, p_cursor text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE SECURITY INVOKER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_limit integer := skillancer.check_limit(p_limit);
	v_scope text := concat_ws('|', 'mail', coalesce(p_state, '*'), coalesce(p_address, '*'));
	v_after uuid;
	v_items json[];
	v_keys  text[];
BEGIN
	PERFORM skillancer.require_permission('system:view');
	PERFORM skillancer.check_one_of('state', p_state,
		'{QUEUED,SENDING,SENT,BOUNCED,SUPPRESSED,DROPPED,PARKED}', required => false);
	PERFORM skillancer.check_done();
	v_after := skillancer.cursor_decode(v_scope, p_cursor)::uuid;
	SELECT array_agg(d.doc ORDER BY d.id DESC), array_agg(d.id::text ORDER BY d.id DESC)
	INTO v_items, v_keys
	FROM (
		SELECT m.id, m.doc FROM skillancer.mail_doc m
		WHERE (v_after IS NULL OR m.id < v_after) AND (p_state IS NULL OR m.state = p_state)
			AND (p_address IS NULL OR lower(m.address) = lower(p_address))
		ORDER BY m.id DESC
		LIMIT v_limit + 1) d;
	RETURN skillancer.list_reply(v_items, v_keys, v_limit, v_scope);
END
$fn$;
COMMENT ON FUNCTION skillancer_api.mail_list(text, text, integer, text) IS
	'Mail with what became of it, newest first, of one state or to one address. What a mail says is not shown: it may hold a link that signs somebody in.';
SELECT skillancer.add_route('GET', '/v1/admin/mails', 'mail_list', who => 'ADMIN,ANALYST', summary => 'List outgoing mail',
	answers => '[mail_doc]');

-- POST /v1/admin/mails/{id}/redrive
CREATE OR REPLACE FUNCTION skillancer_api.mail_redrive(p_id uuid)
RETURNS json
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	PERFORM skillancer.require_permission('system:manage');
	IF skillancer.redrive('mail', p_id::text) = 0 THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND', 'there is no parked mail with this id');
	END IF;
	PERFORM skillancer.audit('mail.redrive', 'mail', p_id, NULL, NULL);
	RETURN json_build_object('state', 'QUEUED');
END
$fn$;
COMMENT ON FUNCTION skillancer_api.mail_redrive(uuid) IS 'Queues a parked mail again.';
SELECT skillancer.add_route('POST', '/v1/admin/mails/{id}/redrive', 'mail_redrive', who => 'ADMIN',
	summary => 'Send a parked mail again', answers => '{state: "QUEUED"}');

-- POST /v1/admin/mail-addresses/unflag
CREATE OR REPLACE FUNCTION skillancer_api.mail_unflag(p_address text)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	PERFORM skillancer.require_permission('system:manage');
	PERFORM skillancer.check_email('address', p_address);
	PERFORM skillancer.check_done();
	IF NOT skillancer.unflag_address(p_address) THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND', 'the address is not flagged');
	END IF;
	PERFORM skillancer.audit('mail.unflag', 'mail_address', NULL, jsonb_build_object('address', p_address), NULL);
END
$fn$;
COMMENT ON FUNCTION skillancer_api.mail_unflag(text) IS 'Lets mail to an address through again that a server had refused for good.';
SELECT skillancer.add_route('POST', '/v1/admin/mail-addresses/unflag', 'mail_unflag', who => 'ADMIN',
	summary => 'Let mail to an address through again', answers => '204');
