-- sql/booking/api_offer.sql
--	Direct offers: a client offers work to a freelancer, who accepts the terms by their hash or declines.

-- The client offers.
CREATE OR REPLACE FUNCTION skillancer_api.booking_offer(p_freelancer_id skillancer.user_id, p_title text,
		p_description text, p_price skillancer.monetary, p_delivery_days integer DEFAULT NULL,
		p_milestones jsonb DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_me skillancer.user_id := skillancer.current_user_id();
	v_booking skillancer.booking_id := skillancer.new_id()::skillancer.booking_id;
	v_policy jsonb := skillancer.policy_pin(ARRAY['offerTerm', 'bookingPaymentTerm', 'autoRelease', 'revisionLimit',
		'earningHold', 'reviewWindow']);
	v_terms jsonb;
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'ADMIN');
	PERFORM skillancer.require_unrestricted();
	p_title := skillancer.trimmed(p_title);
	PERFORM skillancer.check_that('freelancerId', p_freelancer_id IS NOT NULL AND p_freelancer_id <> v_me
		AND skillancer.is_open_freelancer(p_freelancer_id), 'is not a freelancer to whom work can be offered');
	PERFORM skillancer.check_text('title', p_title, 5, 200);
	PERFORM skillancer.check_text('description', p_description, 10, 10000);
	PERFORM skillancer.check_money('price', p_price, 1, skillancer.policy_int('maxCharge'));
	PERFORM skillancer.check_int('deliveryDays', p_delivery_days, 1, 365, false);
	PERFORM skillancer.check_milestones('milestones', p_milestones, p_price);
	PERFORM skillancer.check_done();
	PERFORM pg_advisory_xact_lock(hashtextextended('skillancer.booking_offer:' || v_me::text, 0));
	IF (SELECT count(*) FROM skillancer.booking b WHERE b.client_id = v_me AND b.state = 'OFFERED')
			>= skillancer.policy_int('offerLimit') THEN
		PERFORM skillancer.fail('LIMIT_REACHED', 'you have too many open offers');
	END IF;
	v_terms := jsonb_build_object('title', p_title, 'description', p_description, 'price', p_price,
		'deliveryDays', p_delivery_days,
		'milestones', CASE WHEN jsonb_array_length(p_milestones) > 0 THEN skillancer.tidy_terms(p_milestones, 'amount')
			ELSE jsonb_build_array(jsonb_build_object('title', p_title, 'amount', p_price, 'days', p_delivery_days)) END,
		'feeVersion', skillancer.policy_int('feeVersion'), 'policy', v_policy);
	INSERT INTO skillancer.booking (id, source, client_id, freelancer_id, title, currency, terms, terms_hash,
		fee_version, policy, state, freelancer_accepted_at)
	VALUES (v_booking, 'DIRECT', v_me, p_freelancer_id, p_title, skillancer.monetary_currency(p_price), v_terms,
		skillancer.terms_hash(v_terms), (v_terms ->> 'feeVersion')::integer, v_policy, 'OFFERED', NULL);
	PERFORM skillancer.note_risk('booking', v_booking::uuid, p_title || E'\n' || p_description);
	PERFORM skillancer.schedule('booking', v_booking::uuid, 'expire',
		skillancer.now() + (v_policy ->> 'offerTerm')::interval);
	PERFORM skillancer.emit('booking.offered', 'booking', v_booking::uuid, jsonb_build_object('bookingId', v_booking,
		'clientId', v_me, 'freelancerId', p_freelancer_id, 'state', 'OFFERED', 'title', p_title),
		ARRAY[v_me::uuid, p_freelancer_id::uuid]);
	RETURN (SELECT ROW(201, d.etag, NULL, NULL, d.doc)::skillancer.reply
			FROM skillancer.booking_doc d WHERE d.id = v_booking);
END
$$;
COMMENT ON FUNCTION skillancer_api.booking_offer(skillancer.user_id, text, text, skillancer.monetary, integer, jsonb) IS
	'Offers work to a freelancer with a public profile: a price, and milestones [{"title","amount","days"}] that add up to it, or one for all of it. Returns the booking OFFERED; its terms are frozen and known by termsHash.';
SELECT skillancer.add_route('POST', '/v1/bookings', 'booking_offer', who => 'CLIENT',
	summary => 'Offer work to a freelancer directly');

-- The freelancer accepts what he has read.
CREATE OR REPLACE FUNCTION skillancer_api.booking_accept(p_id skillancer.booking_id, p_terms_hash text)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_hash text;
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	PERFORM skillancer.require_unrestricted();
	PERFORM skillancer.check_that('termsHash', p_terms_hash ~ '^[0-9a-f]{64}$' IS TRUE, 'must be 64 hexadecimal digits');
	PERFORM skillancer.check_done();
	SELECT encode(b.terms_hash, 'hex') INTO v_hash FROM skillancer.booking b WHERE b.id = p_id FOR NO KEY UPDATE;
	IF NOT FOUND THEN
		PERFORM skillancer.booking_refuse_stranger(p_id);
	END IF;
	PERFORM skillancer.fire('booking', p_id::uuid, 'accept', jsonb_build_object('termsHash', p_terms_hash));
	IF v_hash <> p_terms_hash THEN
		PERFORM skillancer.fail('PRECONDITION_FAILED', 'these are not the terms of the offer',
			jsonb_build_object('termsHash', v_hash));
	END IF;
	PERFORM skillancer.booking_add_milestones(b.id, b.terms -> 'milestones') FROM skillancer.booking b WHERE b.id = p_id;
	RETURN (SELECT ROW(200, d.etag, NULL, NULL, d.doc)::skillancer.reply
			FROM skillancer.booking_doc d WHERE d.id = p_id);
END
$$;
COMMENT ON FUNCTION skillancer_api.booking_accept(skillancer.booking_id, text) IS
	'Accepts a direct offer by the hash of its terms; the booking awaits payment then, with its milestones agreed.';
SELECT skillancer.add_route('POST', '/v1/bookings/{id}/accept', 'booking_accept', who => 'FREELANCER',
	summary => 'Accept a direct offer');

-- The freelancer does not want it.
CREATE OR REPLACE FUNCTION skillancer_api.booking_decline(p_id skillancer.booking_id, p_reason text DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	PERFORM skillancer.check_text('reason', p_reason, 1, 500, false);
	PERFORM skillancer.check_done();
	RETURN skillancer.booking_command(p_id, 'decline', jsonb_strip_nulls(jsonb_build_object('reason', p_reason)));
END
$$;
COMMENT ON FUNCTION skillancer_api.booking_decline(skillancer.booking_id, text) IS 'Declines a direct offer: it is VOID.';
SELECT skillancer.add_route('POST', '/v1/bookings/{id}/decline', 'booking_decline', who => 'FREELANCER',
	summary => 'Decline a direct offer');

-- The client takes it back.
CREATE OR REPLACE FUNCTION skillancer_api.booking_withdraw(p_id skillancer.booking_id, p_reason text DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	PERFORM skillancer.check_text('reason', p_reason, 1, 500, false);
	PERFORM skillancer.check_done();
	RETURN skillancer.booking_command(p_id, 'withdraw', jsonb_strip_nulls(jsonb_build_object('reason', p_reason)));
END
$$;
COMMENT ON FUNCTION skillancer_api.booking_withdraw(skillancer.booking_id, text) IS
	'Takes a direct offer back that the freelancer has not accepted: it is VOID.';
SELECT skillancer.add_route('POST', '/v1/bookings/{id}/withdraw', 'booking_withdraw', who => 'CLIENT',
	summary => 'Withdraw a direct offer');
