-- sql/payment/api_after.sql
--	API of money after the release: the freelancer gives some of it back, the client gives a tip.

-- The freelancer gives back what was released.
CREATE OR REPLACE FUNCTION skillancer_api.milestone_give_back(p_id skillancer.milestone_id, p_amount skillancer.monetary,
		p_dry_run boolean DEFAULT false)
	RETURNS json
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_price skillancer.monetary;
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	IF p_dry_run THEN
		RETURN skillancer.dry_run(format('SELECT skillancer_api.milestone_give_back(%L, %L, false)', p_id, p_amount));
	END IF;
	SELECT m.amount INTO v_price FROM skillancer.milestone m WHERE m.id = p_id;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	PERFORM skillancer.check_money('amount', p_amount, 1, skillancer.policy_int('maxCharge'));
	PERFORM skillancer.check_that('amount', skillancer.monetary_currency(p_amount) = skillancer.monetary_currency(v_price),
		'must be in the currency of the milestone');
	PERFORM skillancer.check_done();
	RETURN skillancer.milestone_command(p_id, 'give_back', jsonb_build_object('amount', p_amount::text));
END
$$;
COMMENT ON FUNCTION skillancer_api.milestone_give_back(skillancer.milestone_id, skillancer.monetary, boolean) IS
	'Gives money of a milestone that is over back to the client''s wallet, out of the available balance; the service fee on it goes back as well. 409 INSUFFICIENT_FUNDS when that is more than was released or than there is.';
SELECT skillancer.add_route('POST', '/v1/milestones/{id}/give-back', 'milestone_give_back', who => 'FREELANCER',
	summary => 'Give back money after the release',
	answers => 'milestone_doc|dry_run');

-- The client gives a tip.
CREATE OR REPLACE FUNCTION skillancer_api.tip_create(p_id skillancer.booking_id, p_amount skillancer.monetary,
		p_message text DEFAULT NULL, p_dry_run boolean DEFAULT false)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_booking skillancer.booking%ROWTYPE;
	v_tip uuid := skillancer.new_id();
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	IF p_dry_run THEN
		RETURN ROW(200, NULL, NULL, NULL, skillancer.dry_run(format(
			'SELECT r.body FROM skillancer_api.tip_create(%L, %L, %L, false) r', p_id, p_amount, p_message)))::skillancer.reply;
	END IF;
	SELECT * INTO v_booking FROM skillancer.booking b WHERE b.id = p_id FOR NO KEY UPDATE;
	IF NOT FOUND THEN
		PERFORM skillancer.booking_refuse_stranger(p_id);
	ELSIF v_booking.freelancer_id = skillancer.current_user_id() THEN
		PERFORM skillancer.fail('PERMISSION_DENIED');
	END IF;
	PERFORM skillancer.check_money('amount', p_amount, 1, skillancer.policy_int('maxCharge'));
	PERFORM skillancer.check_that('amount', skillancer.monetary_currency(p_amount) = v_booking.currency,
		'must be in the currency of the booking');
	PERFORM skillancer.check_text('message', p_message, 1, 2000, false);
	PERFORM skillancer.check_done();
	PERFORM skillancer.check_spending(v_booking.organisation_id, v_booking.client_id, p_amount);
	INSERT INTO skillancer.tip (id, booking_id, client_id, freelancer_id, amount, message, payer_id)
	VALUES (v_tip, p_id, v_booking.client_id, v_booking.freelancer_id, p_amount, p_message,
		CASE WHEN v_booking.organisation_id IS NOT NULL THEN skillancer.current_user_id() END);
	PERFORM skillancer.fire('booking', p_id::uuid, 'tip', jsonb_build_object('tipId', v_tip, 'amount', p_amount::text));
	RETURN (SELECT ROW(201, NULL, NULL, NULL, d.doc)::skillancer.reply FROM skillancer.tip_doc d WHERE d.id = v_tip);
END
$$;
COMMENT ON FUNCTION skillancer_api.tip_create(skillancer.booking_id, skillancer.monetary, text, boolean) IS
	'Gives the freelancer of a booking something on top, out of the caller''s wallet, who is the client or acts for its organisation; the service fee is taken of it, and it is on hold like any earning.';
SELECT skillancer.add_route('POST', '/v1/bookings/{id}/tips', 'tip_create', who => 'CLIENT', summary => 'Give a tip',
	answers => '200, 201 tip_doc|dry_run');

-- The tips of a booking.
CREATE OR REPLACE FUNCTION skillancer_api.tip_list(p_id skillancer.booking_id) RETURNS json
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM FROM skillancer.booking b WHERE b.id = p_id;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	RETURN coalesce((SELECT json_agg(d.doc ORDER BY d.id) FROM skillancer.tip_doc d WHERE d.booking_id = p_id), '[]'::json);
END
$$;
COMMENT ON FUNCTION skillancer_api.tip_list(skillancer.booking_id) IS 'The tips of a booking, oldest first.';
SELECT skillancer.add_route('GET', '/v1/bookings/{id}/tips', 'tip_list', summary => 'Tips of a booking',
	answers => '[tip_doc]');
