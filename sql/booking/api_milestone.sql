-- sql/booking/api_milestone.sql
--	API of milestones: propose, agree, decline, submit, request changes, approve, refund.

-- Either side proposes another milestone.
CREATE OR REPLACE FUNCTION skillancer_api.milestone_propose(p_id skillancer.booking_id, p_title text,
		p_amount skillancer.monetary, p_days integer DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_booking skillancer.booking%ROWTYPE;
	v_milestone skillancer.milestone_id := skillancer.new_id()::skillancer.milestone_id;
	v_count integer;
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	SELECT * INTO v_booking FROM skillancer.booking b WHERE b.id = p_id FOR NO KEY UPDATE;
	IF NOT FOUND THEN
		PERFORM skillancer.booking_refuse_stranger(p_id);
	END IF;
	PERFORM skillancer.check_text('title', p_title, 1, 200, true);
	PERFORM skillancer.check_money('amount', p_amount, 1, skillancer.policy_int('maxCharge'), true);
	PERFORM skillancer.check_that('amount',
		skillancer.monetary_currency(p_amount) = v_booking.currency, 'must be in the currency of the booking');
	PERFORM skillancer.check_int('days', p_days, 1, 365, false);
	PERFORM skillancer.check_done();
	SELECT count(*) INTO v_count FROM skillancer.milestone m WHERE m.booking_id = p_id;
	IF v_count >= skillancer.policy_int('milestoneLimit') THEN
		PERFORM skillancer.fail('LIMIT_REACHED', 'the booking has too many milestones');
	END IF;
	IF NOT v_booking.is_open OR v_booking.state IN ('OFFERED', 'ENDING') OR v_booking.kind = 'HOURLY' THEN
		PERFORM skillancer.fail('INVALID_STATE', NULL, jsonb_build_object('state', v_booking.state, 'allowed', '[]'::jsonb));
	END IF;
	INSERT INTO skillancer.milestone (id, booking_id, client_id, freelancer_id, seq, title, amount, days,
		proposed_by, policy)
	VALUES (v_milestone, p_id, v_booking.client_id, v_booking.freelancer_id, v_count + 1, p_title, p_amount,
		p_days, skillancer.booking_side(p_id), v_booking.policy);
	PERFORM skillancer.emit('milestone.proposed', 'milestone', v_milestone::uuid,
		jsonb_build_object('milestoneId', v_milestone, 'bookingId', p_id, 'clientId', v_booking.client_id,
			'freelancerId', v_booking.freelancer_id, 'state', 'PROPOSED', 'title', p_title, 'amount', p_amount),
		ARRAY[v_booking.client_id::uuid, v_booking.freelancer_id::uuid]);
	RETURN (SELECT ROW(201, d.etag, NULL, NULL, d.doc)::skillancer.reply
			FROM skillancer.milestone_doc d WHERE d.id = v_milestone);
END
$$;
COMMENT ON FUNCTION skillancer_api.milestone_propose(skillancer.booking_id, text, skillancer.monetary, integer) IS
	'Proposes a milestone in the currency of a booking with a fixed price; the other side agrees or declines.';
SELECT skillancer.add_route('POST', '/v1/bookings/{id}/milestones', 'milestone_propose',
	summary => 'Propose a milestone', answers => '201 milestone_doc');

-- The other side agrees.
CREATE OR REPLACE FUNCTION skillancer_api.milestone_agree(p_id skillancer.milestone_id)
	RETURNS json
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	RETURN skillancer.milestone_command(p_id, 'agree');
END
$$;
COMMENT ON FUNCTION skillancer_api.milestone_agree(skillancer.milestone_id) IS
	'Agrees to a milestone that the other side has proposed.';
SELECT skillancer.add_route('POST', '/v1/milestones/{id}/agree', 'milestone_agree',
	summary => 'Agree to a proposed milestone', answers => 'milestone_doc');

-- Either side declines a proposed milestone, the client drops an agreed one.
CREATE OR REPLACE FUNCTION skillancer_api.milestone_decline(p_id skillancer.milestone_id)
	RETURNS json
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	RETURN skillancer.milestone_command(p_id, 'decline');
END
$$;
COMMENT ON FUNCTION skillancer_api.milestone_decline(skillancer.milestone_id) IS
	'Declines or withdraws a proposed milestone; the client may also drop an agreed one that is not funded.';
SELECT skillancer.add_route('POST', '/v1/milestones/{id}/decline', 'milestone_decline',
	summary => 'Decline a milestone that holds no money', answers => 'milestone_doc');

-- The freelancer hands in work.
CREATE OR REPLACE FUNCTION skillancer_api.milestone_submit(p_id skillancer.milestone_id, p_note text)
	RETURNS json
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	PERFORM skillancer.check_text('note', p_note, 1, 5000, true);
	PERFORM skillancer.check_done();
	RETURN skillancer.milestone_command(p_id, 'submit', jsonb_build_object('note', p_note));
END
$$;
COMMENT ON FUNCTION skillancer_api.milestone_submit(skillancer.milestone_id, text) IS
	'Hands in the work of a funded milestone. Without an answer it is released after the period that the booking has pinned.';
SELECT skillancer.add_route('POST', '/v1/milestones/{id}/submit', 'milestone_submit', who => 'FREELANCER',
	summary => 'Hand in the work of a milestone', answers => 'milestone_doc');

-- The client wants something changed.
CREATE OR REPLACE FUNCTION skillancer_api.milestone_request_changes(p_id skillancer.milestone_id, p_note text)
	RETURNS json
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	PERFORM skillancer.check_text('note', p_note, 1, 5000, true);
	PERFORM skillancer.check_done();
	RETURN skillancer.milestone_command(p_id, 'request_changes', jsonb_build_object('note', p_note));
END
$$;
COMMENT ON FUNCTION skillancer_api.milestone_request_changes(skillancer.milestone_id, text) IS
	'Sends submitted work back; counts as a revision, of which the booking allows a limited number.';
SELECT skillancer.add_route('POST', '/v1/milestones/{id}/request-changes', 'milestone_request_changes',
	who => 'CLIENT', summary => 'Ask for changes of submitted work', answers => 'milestone_doc');

-- The client accepts the work: the money is the freelancer's.
CREATE OR REPLACE FUNCTION skillancer_api.milestone_approve(p_id skillancer.milestone_id,
		p_dry_run boolean DEFAULT false)
	RETURNS json
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	IF p_dry_run THEN
		RETURN skillancer.dry_run(format('SELECT skillancer_api.milestone_approve(%L, false)', p_id));
	END IF;
	RETURN skillancer.milestone_command(p_id, 'approve');
END
$$;
COMMENT ON FUNCTION skillancer_api.milestone_approve(skillancer.milestone_id, boolean) IS
	'Releases a submitted milestone to the freelancer, less the service fee. dryRun shows the result and the postings and changes nothing.';
SELECT skillancer.add_route('POST', '/v1/milestones/{id}/approve', 'milestone_approve', who => 'CLIENT',
	summary => 'Approve submitted work and release its money', answers => 'milestone_doc|dry_run');

-- The freelancer gives the money of a milestone back.
CREATE OR REPLACE FUNCTION skillancer_api.milestone_refund(p_id skillancer.milestone_id,
		p_dry_run boolean DEFAULT false)
	RETURNS json
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	IF p_dry_run THEN
		RETURN skillancer.dry_run(format('SELECT skillancer_api.milestone_refund(%L, false)', p_id));
	END IF;
	RETURN skillancer.milestone_command(p_id, 'refund');
END
$$;
COMMENT ON FUNCTION skillancer_api.milestone_refund(skillancer.milestone_id, boolean) IS
	'Returns the whole of a funded milestone, with the client''s fee, to the client''s wallet.';
SELECT skillancer.add_route('POST', '/v1/milestones/{id}/refund', 'milestone_refund', who => 'FREELANCER',
	summary => 'Return the money of a milestone to the client', answers => 'milestone_doc|dry_run');
