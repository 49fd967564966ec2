-- sql/booking/api_change.sql
--	API of change requests: an extension, a pause or the cancellation of a running booking, asked for by one side and
--	answered by the other one, or by silence.

-- Either side asks.
CREATE OR REPLACE FUNCTION skillancer_api.change_request_create(p_id skillancer.booking_id, p_kind text, p_reason text,
		p_milestone_id skillancer.milestone_id DEFAULT NULL, p_days integer DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_me skillancer.user_id := skillancer.current_user_id();
	v_booking skillancer.booking%ROWTYPE;
	v_change skillancer.change_request_id := skillancer.new_id()::skillancer.change_request_id;
	v_policy jsonb := skillancer.policy_pin(ARRAY['changeRequestTerm']);
	v_silence text;
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	SELECT * INTO v_booking FROM skillancer.booking b WHERE b.id = p_id FOR NO KEY UPDATE;
	IF NOT FOUND THEN
		PERFORM skillancer.booking_refuse_stranger(p_id);
	END IF;
	PERFORM skillancer.check_one_of('kind', p_kind, ARRAY['EXTENSION', 'PAUSE', 'CANCELLATION']);
	PERFORM skillancer.check_text('reason', p_reason, 1, 2000);
	PERFORM skillancer.check_int('days', p_days, 1, 365, required => p_kind = 'EXTENSION');
	PERFORM skillancer.check_that('days', p_days IS NULL OR p_kind = 'EXTENSION', 'is for an EXTENSION');
	PERFORM skillancer.check_that('milestoneId', (p_milestone_id IS NOT NULL) = (p_kind = 'EXTENSION')
		AND (p_milestone_id IS NULL OR EXISTS (SELECT FROM skillancer.milestone m WHERE m.id = p_milestone_id
			AND m.booking_id = p_id AND m.state NOT IN ('RELEASED', 'REFUNDED', 'CANCELLED'))),
		'must be a milestone of the booking that is not over, for an EXTENSION only');
	PERFORM skillancer.check_done();
	IF NOT v_booking.state = ANY (CASE p_kind WHEN 'PAUSE' THEN '{ACTIVE}'::text[]
			WHEN 'EXTENSION' THEN '{AWAITING_REQUIREMENTS,ACTIVE,PAUSED}'
			ELSE '{AWAITING_REQUIREMENTS,ACTIVE,PAUSED,ENDING}' END) THEN
		PERFORM skillancer.fail('INVALID_STATE', NULL, jsonb_build_object('state', v_booking.state, 'allowed', '[]'::jsonb));
	ELSIF EXISTS (SELECT FROM skillancer.change_request r WHERE r.booking_id = p_id AND r.state = 'PENDING') THEN
		PERFORM skillancer.fail('DUPLICATE_RESOURCE', 'another change of this booking waits for its answer');
	ELSIF p_kind <> 'EXTENSION' AND EXISTS (SELECT FROM skillancer.milestone m WHERE m.booking_id = p_id AND m.frozen IS NOT NULL) THEN
		PERFORM skillancer.fail('DISPUTE_OPEN');
	END IF;
	v_silence := skillancer.policy_value('changeSilence')
		#>> ARRAY[p_kind, CASE WHEN v_me = v_booking.client_id THEN 'CLIENT' ELSE 'FREELANCER' END];
	INSERT INTO skillancer.change_request (id, booking_id, milestone_id, client_id, freelancer_id, requested_by, kind,
		days, reason, on_silence, policy)
	VALUES (v_change, p_id, p_milestone_id, v_booking.client_id, v_booking.freelancer_id, v_me, p_kind, p_days,
		p_reason, v_silence, v_policy);
	PERFORM skillancer.schedule('change_request', v_change::uuid, lower(v_silence) || '_by_silence',
		skillancer.now() + (v_policy ->> 'changeRequestTerm')::interval);
	PERFORM skillancer.emit('change.requested', 'change', v_change::uuid, jsonb_build_object('changeId', v_change,
		'bookingId', p_id, 'clientId', v_booking.client_id, 'freelancerId', v_booking.freelancer_id,
		'state', 'PENDING', 'kind', p_kind), ARRAY[v_booking.client_id::uuid, v_booking.freelancer_id::uuid]);
	RETURN (SELECT ROW(201, d.etag, NULL, NULL, d.doc)::skillancer.reply
			FROM skillancer.change_request_doc d WHERE d.id = v_change);
END
$$;
COMMENT ON FUNCTION skillancer_api.change_request_create(skillancer.booking_id, text, text, skillancer.milestone_id, integer) IS
	'Asks the other side for an EXTENSION (days more for a milestone), a PAUSE, or the CANCELLATION of the booking with all escrow given back. Without an answer by answerBy, onSilence happens.';
SELECT skillancer.add_route('POST', '/v1/bookings/{id}/change-requests', 'change_request_create',
	summary => 'Ask for an extension, a pause or a cancellation');

-- What was asked for.
CREATE OR REPLACE FUNCTION skillancer_api.change_request_list(p_id skillancer.booking_id)
	RETURNS json
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM FROM skillancer.booking b WHERE b.id = p_id;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	RETURN coalesce((SELECT json_agg(d.doc ORDER BY d.id) FROM skillancer.change_request_doc d
		WHERE d.booking_id = p_id), '[]'::json);
END
$$;
COMMENT ON FUNCTION skillancer_api.change_request_list(skillancer.booking_id) IS
	'Every change that was asked for in a booking, oldest first.';
SELECT skillancer.add_route('GET', '/v1/bookings/{id}/change-requests', 'change_request_list',
	summary => 'Change requests of a booking');

-- Locks the booking of a change request and fires one event of it.
CREATE OR REPLACE FUNCTION skillancer.change_command(p_id skillancer.change_request_id, p_event text)
	RETURNS json
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_booking skillancer.booking_id;
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	SELECT r.booking_id INTO v_booking FROM skillancer.change_request r WHERE r.id = p_id;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	PERFORM FROM skillancer.booking b WHERE b.id = v_booking FOR NO KEY UPDATE;
	PERFORM skillancer.fire('change_request', p_id::uuid, p_event);
	RETURN (SELECT d.doc FROM skillancer.change_request_doc d WHERE d.id = p_id);
END
$$;
COMMENT ON FUNCTION skillancer.change_command(skillancer.change_request_id, text) IS
	'The common body of the commands on a change request.';

-- The other side agrees: it happens now.
CREATE OR REPLACE FUNCTION skillancer_api.change_request_accept(p_id skillancer.change_request_id)
	RETURNS json
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN skillancer.change_command(p_id, 'accept');
END
$$;
COMMENT ON FUNCTION skillancer_api.change_request_accept(skillancer.change_request_id) IS
	'Accepts what the other side asks for; it happens in the same transaction.';
SELECT skillancer.add_route('POST', '/v1/change-requests/{id}/accept', 'change_request_accept',
	summary => 'Accept a change');

-- The other side does not agree.
CREATE OR REPLACE FUNCTION skillancer_api.change_request_decline(p_id skillancer.change_request_id)
	RETURNS json
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN skillancer.change_command(p_id, 'decline');
END
$$;
COMMENT ON FUNCTION skillancer_api.change_request_decline(skillancer.change_request_id) IS
	'Declines what the other side asks for; the booking stays as it is.';
SELECT skillancer.add_route('POST', '/v1/change-requests/{id}/decline', 'change_request_decline',
	summary => 'Decline a change');

-- Who asked does not want it any more.
CREATE OR REPLACE FUNCTION skillancer_api.change_request_withdraw(p_id skillancer.change_request_id)
	RETURNS json
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN skillancer.change_command(p_id, 'withdraw');
END
$$;
COMMENT ON FUNCTION skillancer_api.change_request_withdraw(skillancer.change_request_id) IS
	'Takes back what the caller has asked for.';
SELECT skillancer.add_route('POST', '/v1/change-requests/{id}/withdraw', 'change_request_withdraw',
	summary => 'Withdraw a change request of mine');

-- Either side goes on.
CREATE OR REPLACE FUNCTION skillancer_api.booking_resume(p_id skillancer.booking_id)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	RETURN skillancer.booking_command(p_id, 'resume', '{}');
END
$$;
COMMENT ON FUNCTION skillancer_api.booking_resume(skillancer.booking_id) IS
	'Ends a pause. While a booking is PAUSED nothing is funded and no work is handed in; what was submitted before is still approved or released by silence.';
SELECT skillancer.add_route('POST', '/v1/bookings/{id}/resume', 'booking_resume', summary => 'Go on after a pause');
