-- sql/booking/api_timeline.sql
--	API of a booking's history, read from the event log.

-- The events of a booking, its milestones, weeks, change requests and disputes, for who may see the booking.
CREATE OR REPLACE FUNCTION skillancer.booking_events(p_id skillancer.booking_id, p_party text, p_after bigint, p_limit integer)
	RETURNS TABLE (seq bigint, doc json)
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_booking skillancer.booking%ROWTYPE;
BEGIN
	SELECT * INTO v_booking FROM skillancer.booking x WHERE x.id = p_id;
	IF NOT EXISTS (
		SELECT FROM skillancer.booking b
		WHERE b.id = p_id AND (skillancer.current_user_id() = b.freelancer_id OR skillancer.current_user_id() = b.client_id AND b.organisation_id IS NULL
			OR b.organisation_id = ANY (skillancer.my_organisations())
			OR skillancer.has_permission('contracts:view'))) THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	RETURN QUERY
		SELECT e.seq, json_build_object('id', e.id, 'type', e.type, 'at', e.at, 'actorId', e.actor_id, 'party', y.party, 'data', e.data)
		FROM skillancer.event e
		CROSS JOIN LATERAL (SELECT CASE WHEN e.actor_id IS NULL THEN 'SYSTEM' WHEN e.actor_id = v_booking.freelancer_id THEN 'FREELANCER'
			WHEN e.actor_id = v_booking.client_id OR v_booking.organisation_id IS NOT NULL AND e.aggregate_type <> 'dispute' THEN 'CLIENT'
			ELSE 'STAFF' END AS party) y
		WHERE e.aggregate_id IN (
				SELECT p_id::uuid
				UNION ALL
				SELECT m.id::uuid FROM skillancer.milestone m WHERE m.booking_id = p_id
				UNION ALL
				SELECT r.id::uuid FROM skillancer.change_request r WHERE r.booking_id = p_id
				UNION ALL
				SELECT w.id FROM skillancer.work_week w WHERE w.booking_id = p_id
				UNION ALL
				SELECT d.id::uuid FROM skillancer.dispute d WHERE d.booking_id = p_id)
			AND e.seq > coalesce(p_after, 0)
			AND (p_party IS NULL OR y.party = p_party)
		ORDER BY e.seq
		LIMIT p_limit;
END
$$;
ALTER FUNCTION skillancer.booking_events(skillancer.booking_id, text, bigint, integer) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.booking_events(skillancer.booking_id, text, bigint, integer) TO skillancer_bridge;
COMMENT ON FUNCTION skillancer.booking_events(skillancer.booking_id, text, bigint, integer) IS
	'What happened to a booking, its milestones, weeks, change requests and disputes, oldest first; runs as the engine because the event log is not open to users, and checks who asks.';

-- The history of a booking.
CREATE OR REPLACE FUNCTION skillancer_api.booking_timeline(p_id skillancer.booking_id, p_party text DEFAULT NULL,
		p_limit integer DEFAULT NULL, p_cursor text DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_limit integer := skillancer.check_limit(p_limit);
	v_scope text := concat_ws('|', 'timeline', p_id, p_party);
	v_after bigint := skillancer.cursor_decode(v_scope, p_cursor)::bigint;
	v_items json[];
	v_keys text[];
BEGIN
	PERFORM skillancer.check_one_of('party', p_party, ARRAY['CLIENT', 'FREELANCER', 'STAFF', 'SYSTEM'], false);
	PERFORM skillancer.check_done();
	SELECT array_agg(e.doc ORDER BY e.seq), array_agg(e.seq::text ORDER BY e.seq)
	INTO v_items, v_keys
	FROM skillancer.booking_events(p_id, p_party, v_after, v_limit + 1) e;
	RETURN skillancer.list_reply(v_items, v_keys, v_limit, v_scope);
END
$$;
COMMENT ON FUNCTION skillancer_api.booking_timeline(skillancer.booking_id, text, integer, text) IS
	'What happened to a booking, its milestones, weeks, change requests and disputes, who did it and when, oldest first: of all, or of one party (CLIENT with its organisation, FREELANCER, STAFF, SYSTEM).';
SELECT skillancer.add_route('GET', '/v1/bookings/{id}/timeline', 'booking_timeline', summary => 'History of a booking',
	answers => '[{id: event_id, type: text, at: timestamptz, actorId: user_id|null, party: "CLIENT"|"FREELANCER"|"STAFF"|"SYSTEM", data: any}]');
