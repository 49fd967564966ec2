-- sql/booking/api.sql
--	API of bookings: read, list, end, cancel.

-- One booking with its milestones.
CREATE OR REPLACE FUNCTION skillancer_api.booking_get(p_id skillancer.booking_id,
		p_header_if_none_match text DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_etag text;
	v_doc json;
BEGIN
	SELECT d.etag, d.doc INTO v_etag, v_doc FROM skillancer.booking_doc d WHERE d.id = p_id;
	RETURN skillancer.object_reply(v_etag, v_doc, p_header_if_none_match);
END
$$;
COMMENT ON FUNCTION skillancer_api.booking_get(skillancer.booking_id, text) IS
	'A booking with its milestones, for its two parties.';
SELECT skillancer.add_route('GET', '/v1/bookings/{id}', 'booking_get', summary => 'One booking with its milestones',
	answers => 'booking_doc');

-- The caller's bookings, newest first.
CREATE OR REPLACE FUNCTION skillancer_api.booking_list(p_state text DEFAULT NULL, p_side text DEFAULT NULL,
		p_project_id skillancer.project_id DEFAULT NULL, p_organisation_id skillancer.organisation_id DEFAULT NULL, p_limit integer DEFAULT NULL, p_cursor text DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_me skillancer.user_id := skillancer.current_user_id();
	v_limit integer := skillancer.check_limit(p_limit);
	v_scope text := concat_ws('|', 'bookings', p_state, p_side, p_project_id, p_organisation_id);
	v_after uuid;
	v_items json[];
	v_keys text[];
BEGIN
	PERFORM skillancer.check_one_of('state', p_state,
		ARRAY['OFFERED', 'AWAITING_PAYMENT', 'AWAITING_REQUIREMENTS', 'ACTIVE', 'PAUSED', 'ENDING', 'COMPLETED', 'CANCELLED', 'VOID'],
		false);
	PERFORM skillancer.check_one_of('side', p_side, ARRAY['CLIENT', 'FREELANCER'], false);
	v_after := skillancer.cursor_decode(v_scope, p_cursor)::uuid;
	PERFORM skillancer.check_done();
	SELECT array_agg(d.doc ORDER BY d.id DESC), array_agg(d.id::uuid::text ORDER BY d.id DESC)
	INTO v_items, v_keys
	FROM (
		SELECT b.id, b.doc FROM skillancer.booking_doc b
		WHERE (p_organisation_id IS NULL AND p_side IS DISTINCT FROM 'FREELANCER' AND b.client_id = v_me
				OR p_organisation_id IS NULL AND p_side IS DISTINCT FROM 'CLIENT' AND b.freelancer_id = v_me
				OR b.organisation_id = p_organisation_id)
			AND (p_state IS NULL OR b.state = p_state)
			AND (p_project_id IS NULL OR b.project_id = p_project_id)
			AND (v_after IS NULL OR b.id < v_after::skillancer.booking_id)
		ORDER BY b.id DESC
		LIMIT v_limit + 1
	) d;
	RETURN skillancer.list_reply(v_items, v_keys, v_limit, v_scope);
END
$$;
COMMENT ON FUNCTION skillancer_api.booking_list(text, text, skillancer.project_id, skillancer.organisation_id, integer, text) IS
	'The caller''s bookings as client, as freelancer or both (side), or those of an organisation of the caller, newest first.';
SELECT skillancer.add_route('GET', '/v1/bookings', 'booking_list', summary => 'My bookings',
	answers => '[booking_doc]');

-- Fires an event of a booking for the caller and returns what the booking is then.
CREATE OR REPLACE FUNCTION skillancer.booking_command(p_id skillancer.booking_id, p_event text, p_payload jsonb)
	RETURNS skillancer.reply
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM FROM skillancer.booking b WHERE b.id = p_id;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	PERFORM skillancer.fire('booking', p_id::uuid, p_event, p_payload);
	PERFORM skillancer.booking_settle(p_id);
	RETURN (SELECT ROW(200, d.etag, NULL, NULL, d.doc)::skillancer.reply
			FROM skillancer.booking_doc d WHERE d.id = p_id);
END
$$;
COMMENT ON FUNCTION skillancer.booking_command(skillancer.booking_id, text, jsonb) IS
	'The common body of the commands on a booking.';

-- Either side ends a running booking.
CREATE OR REPLACE FUNCTION skillancer_api.booking_end(p_id skillancer.booking_id, p_reason text DEFAULT NULL, p_dry_run boolean DEFAULT false)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	PERFORM skillancer.check_text('reason', p_reason, 1, 500, false);
	PERFORM skillancer.check_done();
	IF p_dry_run THEN
		RETURN ROW(200, NULL, NULL, NULL, skillancer.dry_run(format('SELECT (skillancer_api.booking_end(%L, %L)).body', p_id, p_reason)))::skillancer.reply;
	END IF;
	RETURN skillancer.booking_command(p_id, 'end', jsonb_strip_nulls(jsonb_build_object('reason', p_reason)));
END
$$;
COMMENT ON FUNCTION skillancer_api.booking_end(skillancer.booking_id, text, boolean) IS
	'Ends a booking. Milestones without money are cancelled at once; the booking is COMPLETED (or CANCELLED, when nothing was released) as soon as no milestone holds money. Open hours are billed; dryRun shows what that would post.';
SELECT skillancer.add_route('POST', '/v1/bookings/{id}/end', 'booking_end', summary => 'End a booking',
	answers => 'booking_doc|dry_run');

-- Either side withdraws from a booking that nobody has funded.
CREATE OR REPLACE FUNCTION skillancer_api.booking_cancel(p_id skillancer.booking_id, p_reason text DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	PERFORM skillancer.check_text('reason', p_reason, 1, 500, false);
	PERFORM skillancer.check_done();
	RETURN skillancer.booking_command(p_id, 'cancel', jsonb_strip_nulls(jsonb_build_object('reason', p_reason)));
END
$$;
COMMENT ON FUNCTION skillancer_api.booking_cancel(skillancer.booking_id, text) IS
	'Makes a booking VOID before its first milestone is funded.';
SELECT skillancer.add_route('POST', '/v1/bookings/{id}/cancel', 'booking_cancel',
	summary => 'Withdraw from a booking before it is funded', answers => 'booking_doc');
