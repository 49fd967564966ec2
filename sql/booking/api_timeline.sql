-- sql/booking/api_timeline.sql
--	API of a booking's history, read from the event log.

-- Everything that has a history of its own and belongs to a booking.
CREATE OR REPLACE FUNCTION skillancer.booking_parts(p_id skillancer.booking_id) RETURNS TABLE (id uuid, side text)
	LANGUAGE plpgsql STABLE ROWS 20
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_milestones skillancer.milestone_id[] := ARRAY(SELECT m.id FROM skillancer.milestone m WHERE m.booking_id = p_id);
	v_charges skillancer.charge_id[] := ARRAY(SELECT c.id FROM skillancer.charge c WHERE c.milestone_id = ANY (v_milestones));
BEGIN
	RETURN QUERY
		SELECT p_id::uuid, 'BOTH'
		UNION ALL SELECT unnest(v_milestones)::uuid, 'BOTH'
		UNION ALL SELECT r.id::uuid, 'BOTH' FROM skillancer.change_request r WHERE r.booking_id = p_id
		UNION ALL SELECT w.id, 'BOTH' FROM skillancer.work_week w WHERE w.booking_id = p_id
		UNION ALL SELECT d.id::uuid, 'BOTH' FROM skillancer.dispute d WHERE d.booking_id = p_id
		UNION ALL SELECT unnest(v_charges)::uuid, 'CLIENT'
		UNION ALL SELECT f.id::uuid, 'CLIENT' FROM skillancer.refund f WHERE f.charge_id = ANY (v_charges)
		UNION ALL SELECT b.id, 'TOLD' FROM skillancer.chargeback b WHERE b.charge_id = ANY (v_charges)
		UNION ALL SELECT e.id, 'TOLD' FROM skillancer.earning e WHERE e.milestone_id = ANY (v_milestones)
		UNION ALL SELECT e.id, 'TOLD' FROM skillancer.tip t JOIN skillancer.earning e ON e.tip_id = t.id WHERE t.booking_id = p_id
		UNION ALL SELECT i.id::uuid, 'TOLD' FROM skillancer.invoice i WHERE i.booking_id = p_id
		UNION ALL SELECT v.id::uuid, 'TOLD' FROM skillancer.review v WHERE v.booking_id = p_id;
END
$$;
COMMENT ON FUNCTION skillancer.booking_parts(skillancer.booking_id) IS
	'A booking, and what belongs to it: milestones, changes, weeks and disputes, which both sides follow; charges and refunds for the client''s side; charge-backs, earnings, invoices and reviews, whose events are for those who are told of them.';

-- The events of a booking and of what belongs to it, for who may see the booking.
CREATE OR REPLACE FUNCTION skillancer.booking_events(p_id skillancer.booking_id, p_party text, p_after bigint, p_limit integer)
	RETURNS TABLE (seq bigint, doc json)
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_booking skillancer.booking%ROWTYPE;
	v_me skillancer.user_id := skillancer.current_user_id();
	v_client boolean;
	v_staff boolean := skillancer.has_permission('contracts:view');
BEGIN
	SELECT * INTO v_booking FROM skillancer.booking x WHERE x.id = p_id;
	v_client := coalesce(v_me = v_booking.client_id AND v_booking.organisation_id IS NULL
		OR v_booking.organisation_id = ANY (skillancer.my_organisations()), false);
	IF NOT v_client AND NOT v_staff AND v_me = v_booking.freelancer_id IS NOT TRUE THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	RETURN QUERY
		SELECT e.seq, json_build_object('id', e.id, 'type', e.type, 'at', e.at, 'actorId', e.actor_id, 'party', y.party, 'data', e.data)
		FROM skillancer.booking_parts(p_id) x
		JOIN skillancer.event e ON e.aggregate_id = x.id
		CROSS JOIN LATERAL (SELECT CASE WHEN e.actor_id IS NULL THEN 'SYSTEM' WHEN e.actor_id = v_booking.freelancer_id THEN 'FREELANCER'
			WHEN e.actor_id = v_booking.client_id THEN 'CLIENT'
			WHEN v_booking.organisation_id IS NULL OR e.type IN ('dispute.taken', 'dispute.split_proposed') OR e.data ? 'decision' THEN 'STAFF'
			ELSE 'CLIENT' END AS party) y
		WHERE e.seq > coalesce(p_after, 0)
			AND (x.side = 'BOTH' OR v_me::uuid = ANY (e.audience) OR v_staff AND e.aggregate_type <> 'review'
				OR v_client AND (x.side = 'CLIENT' OR v_booking.client_id::uuid = ANY (e.audience)))
			AND (p_party IS NULL OR y.party = p_party)
		ORDER BY e.seq
		LIMIT p_limit;
END
$$;
ALTER FUNCTION skillancer.booking_events(skillancer.booking_id, text, bigint, integer) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.booking_events(skillancer.booking_id, text, bigint, integer) TO skillancer_bridge;
COMMENT ON FUNCTION skillancer.booking_events(skillancer.booking_id, text, bigint, integer) IS
	'What happened to a booking and what belongs to it, oldest first: steps of the agreement for both sides and staff, payments, earnings, documents and reviews for whom they concern. Runs as the engine because the event log is not open to users, and checks who asks.';

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
	'What happened to a booking, its milestones, weeks, change requests and disputes, and to the caller''s payments, earnings, documents and reviews in it; who did it and when, oldest first: of all, or of one party (CLIENT with its organisation, FREELANCER, STAFF, SYSTEM).';
SELECT skillancer.add_route('GET', '/v1/bookings/{id}/timeline', 'booking_timeline', summary => 'History of a booking',
	answers => '[{id: event_id, type: text, at: timestamptz, actorId: user_id|null, party: "CLIENT"|"FREELANCER"|"STAFF"|"SYSTEM", data: any}]');
