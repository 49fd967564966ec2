-- sql/booking/functions.sql
--	What the commands of bookings share: hashing of terms, making a booking, locks in one order.

-- SHA-256 of the canonical text of the terms.
CREATE OR REPLACE FUNCTION skillancer.terms_hash(p_terms jsonb) RETURNS bytea
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'skl_terms_hash';
COMMENT ON FUNCTION skillancer.terms_hash(jsonb) IS
	'SHA-256 of the text of a jsonb value; jsonb orders its keys, so equal terms have equal hashes.';

-- Makes the milestones of a booking: the proposed ones, or one for the whole price.
CREATE OR REPLACE FUNCTION skillancer.booking_add_milestones(p_booking skillancer.booking_id, p_milestones jsonb)
	RETURNS void
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	INSERT INTO skillancer.milestone (booking_id, client_id, freelancer_id, seq, title, amount, days,
		proposed_by, state, policy)
	SELECT b.id, b.client_id, b.freelancer_id, m.seq, m.item ->> 'title',
		(m.item -> 'amount')::skillancer.monetary,
		(m.item ->> 'days')::integer, b.freelancer_id, 'AGREED', b.policy
	FROM skillancer.booking b
	CROSS JOIN LATERAL jsonb_array_elements(p_milestones) WITH ORDINALITY AS m (item, seq)
	WHERE b.id = p_booking;
END
$$;
COMMENT ON FUNCTION skillancer.booking_add_milestones(skillancer.booking_id, jsonb) IS
	'Adds agreed milestones to a booking of the caller, in the order of the JSON array.';

-- What belongs to a new booking that both sides have accepted.
CREATE OR REPLACE FUNCTION skillancer.booking_begin(p_booking skillancer.booking_id) RETURNS void
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_booking skillancer.booking%ROWTYPE;
BEGIN
	SELECT * INTO STRICT v_booking FROM skillancer.booking b WHERE b.id = p_booking;
	PERFORM skillancer.booking_add_milestones(p_booking, v_booking.terms -> 'milestones');
	PERFORM skillancer.schedule('booking', p_booking::uuid, 'expire',
		skillancer.now() + (v_booking.policy ->> 'bookingPaymentTerm')::interval);
	PERFORM skillancer.emit('booking.created', 'booking', p_booking::uuid,
		jsonb_build_object('bookingId', p_booking, 'clientId', v_booking.client_id,
			'freelancerId', v_booking.freelancer_id, 'state', v_booking.state, 'title', v_booking.title,
			'projectId', v_booking.project_id, 'proposalId', v_booking.proposal_id, 'gigId', v_booking.gig_id),
		ARRAY[v_booking.client_id::uuid, v_booking.freelancer_id::uuid]);
END
$$;
COMMENT ON FUNCTION skillancer.booking_begin(skillancer.booking_id) IS
	'Makes the milestones of the terms, starts the payment term and appends the event.';

-- Locks the booking of a milestone, then the milestone: everything takes them in this order.
CREATE OR REPLACE FUNCTION skillancer.milestone_lock(p_id skillancer.milestone_id)
	RETURNS skillancer.booking_id
	LANGUAGE c VOLATILE STRICT
	AS 'MODULE_PATHNAME', 'skl_fn_milestone_lock';
COMMENT ON FUNCTION skillancer.milestone_lock(skillancer.milestone_id) IS
	'Locks a milestone that the caller sees, after its booking, and returns the booking.';

-- Fires one event of a milestone for the caller and returns what the milestone is then.
CREATE OR REPLACE FUNCTION skillancer.milestone_command(p_id skillancer.milestone_id, p_event text,
		p_payload jsonb DEFAULT '{}')
	RETURNS json
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.milestone_lock(p_id);
	PERFORM skillancer.fire('milestone', p_id::uuid, p_event, p_payload);
	RETURN (SELECT d.doc FROM skillancer.milestone_doc d WHERE d.id = p_id);
END
$$;
COMMENT ON FUNCTION skillancer.milestone_command(skillancer.milestone_id, text, jsonb) IS
	'The common body of the commands on a milestone.';

-- Publishes both reviews of a booking when both are there. The caller holds the booking's lock.
CREATE OR REPLACE FUNCTION skillancer.review_publish_pair(p_booking skillancer.booking_id)
	RETURNS void
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	IF (SELECT count(*) FROM skillancer.review r WHERE r.booking_id = p_booking) = 2 THEN
		PERFORM skillancer.fire_system('review', r.id::uuid, 'publish')
		FROM (SELECT h.id FROM skillancer.review h
			WHERE h.booking_id = p_booking AND h.state = 'HIDDEN' ORDER BY h.subject_id) r;
	END IF;
END
$$;
ALTER FUNCTION skillancer.review_publish_pair(skillancer.booking_id) OWNER TO skillancer_engine;
COMMENT ON FUNCTION skillancer.review_publish_pair(skillancer.booking_id) IS
	'Runs as the engine, because each author must not see the other''s hidden review.';

-- Says no to somebody who may not act on a booking: it does not exist for strangers.
CREATE OR REPLACE FUNCTION skillancer.booking_refuse_stranger(p_id skillancer.booking_id)
	RETURNS void
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	IF EXISTS (SELECT FROM skillancer.booking b WHERE b.id = p_id) THEN
		PERFORM skillancer.fail('PERMISSION_DENIED');
	END IF;
	PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
END
$$;
COMMENT ON FUNCTION skillancer.booking_refuse_stranger(skillancer.booking_id) IS
	'PERMISSION_DENIED for staff who may see the booking, RESOURCE_NOT_FOUND for everybody else.';

-- Brings a booking that is ending to its end, when nothing is under way any more.
CREATE OR REPLACE FUNCTION skillancer.booking_settle(p_booking skillancer.booking_id) RETURNS void
	LANGUAGE c VOLATILE STRICT SECURITY DEFINER
	AS 'MODULE_PATHNAME', 'skl_fn_booking_settle';
ALTER FUNCTION skillancer.booking_settle(skillancer.booking_id) OWNER TO skillancer_engine;
COMMENT ON FUNCTION skillancer.booking_settle(skillancer.booking_id) IS
	'COMPLETED when a milestone was released, else CANCELLED; does nothing while a milestone is under way.';
