-- sql/booking/api_offer.sql
--	Direct offers: a client offers work to a freelancer; either side proposes other terms until the other one accepts a
--	version by its hash, or somebody ends it.

-- The client offers.
CREATE OR REPLACE FUNCTION skillancer_api.booking_offer(p_freelancer_id skillancer.user_id, p_title text,
		p_description text, p_price skillancer.monetary DEFAULT NULL, p_delivery_days integer DEFAULT NULL,
		p_milestones jsonb DEFAULT NULL, p_hourly_rate skillancer.monetary DEFAULT NULL,
		p_weekly_limit_minutes integer DEFAULT NULL, p_organisation_id skillancer.organisation_id DEFAULT NULL,
		p_files_after text DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_me skillancer.user_id := skillancer.current_user_id();
	v_booking skillancer.booking_id := skillancer.new_id()::skillancer.booking_id;
	v_terms jsonb;
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'ADMIN');
	PERFORM skillancer.require_unrestricted();
	p_title := skillancer.trimmed(p_title);
	PERFORM skillancer.check_that('freelancerId', p_freelancer_id IS NOT NULL AND p_freelancer_id <> v_me
		AND skillancer.is_open_freelancer(p_freelancer_id), 'is not a freelancer to whom work can be offered');
	PERFORM skillancer.check_offer(p_title, p_description, p_price, p_delivery_days, p_milestones, p_hourly_rate,
		p_weekly_limit_minutes);
	PERFORM skillancer.check_organisation(p_organisation_id, p_freelancer_id);
	PERFORM skillancer.check_one_of('filesAfter', p_files_after, ARRAY['DELIVERY', 'RELEASE'], false);
	PERFORM skillancer.check_done();
	PERFORM pg_advisory_xact_lock(hashtextextended('skillancer.booking_offer:' || v_me::text, 0));
	IF (SELECT count(*) FROM skillancer.booking b WHERE b.client_id = v_me AND b.state = 'OFFERED')
			>= skillancer.policy_int('offerLimit') THEN
		PERFORM skillancer.fail('LIMIT_REACHED', 'you have too many open offers');
	END IF;
	v_terms := skillancer.offer_terms(p_title, p_description, p_price, p_delivery_days, p_milestones, p_hourly_rate,
		p_weekly_limit_minutes, p_files_after);
	INSERT INTO skillancer.booking (id, source, client_id, freelancer_id, title, currency, terms, terms_hash, terms_by,
		fee_version, policy, state, freelancer_accepted_at, kind, rate, weekly_limit, organisation_id)
	VALUES (v_booking, 'DIRECT', v_me, p_freelancer_id, p_title, skillancer.monetary_currency(coalesce(p_price, p_hourly_rate)), v_terms,
		skillancer.terms_hash(v_terms), v_me, (v_terms ->> 'feeVersion')::integer, v_terms -> 'policy', 'OFFERED', NULL,
		coalesce(v_terms ->> 'kind', 'FIXED'), p_hourly_rate, (v_terms ->> 'weeklyLimitMinutes')::integer, p_organisation_id);
	PERFORM skillancer.note_risk('booking', v_booking::uuid, p_title || E'\n' || p_description);
	PERFORM skillancer.schedule('booking', v_booking::uuid, 'expire',
		skillancer.now() + (v_terms #>> '{policy,offerTerm}')::interval);
	PERFORM skillancer.emit('booking.offered', 'booking', v_booking::uuid, jsonb_build_object('bookingId', v_booking,
		'clientId', v_me, 'freelancerId', p_freelancer_id, 'state', 'OFFERED', 'title', p_title),
		ARRAY[v_me::uuid, p_freelancer_id::uuid]);
	RETURN (SELECT ROW(201, d.etag, NULL, NULL, d.doc)::skillancer.reply
			FROM skillancer.booking_doc d WHERE d.id = v_booking);
END
$$;
COMMENT ON FUNCTION skillancer_api.booking_offer(skillancer.user_id, text, text, skillancer.monetary, integer, jsonb, skillancer.monetary, integer, skillancer.organisation_id, text) IS
	'Offers work to a freelancer with a public profile: a price, and milestones [{"title","amount","days"}] that add up to it, or one for all of it; or an hourly rate with a weekly limit in minutes; for the caller or one of the caller''s organisations. filesAfter RELEASE lets the client read final files after the release only. Returns the booking OFFERED; its terms are known by termsHash.';
SELECT skillancer.add_route('POST', '/v1/bookings', 'booking_offer', who => 'CLIENT',
	summary => 'Offer work to a freelancer directly', answers => '201 booking_doc');

-- Refuses who has read other terms.
CREATE OR REPLACE FUNCTION skillancer.offer_same_terms(p_id skillancer.booking_id, p_terms_hash text) RETURNS void
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_booking skillancer.booking%ROWTYPE;
BEGIN
	SELECT * INTO v_booking FROM skillancer.booking b WHERE b.id = p_id;
	IF encode(v_booking.terms_hash, 'hex') <> p_terms_hash THEN
		PERFORM skillancer.fail('PRECONDITION_FAILED', 'these are not the terms of the offer',
			jsonb_build_object('termsHash', encode(v_booking.terms_hash, 'hex'), 'termsVersion', v_booking.terms_version));
	END IF;
END
$$;
COMMENT ON FUNCTION skillancer.offer_same_terms(skillancer.booking_id, text) IS
	'PRECONDITION_FAILED unless a locked booking has the terms of this hash.';

-- Either side proposes other terms.
CREATE OR REPLACE FUNCTION skillancer_api.booking_counter(p_id skillancer.booking_id, p_terms_hash text,
		p_title text DEFAULT NULL, p_description text DEFAULT NULL, p_price skillancer.monetary DEFAULT NULL,
		p_delivery_days integer DEFAULT NULL, p_milestones jsonb DEFAULT NULL,
		p_hourly_rate skillancer.monetary DEFAULT NULL, p_weekly_limit_minutes integer DEFAULT NULL,
		p_message text DEFAULT NULL, p_files_after text DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_booking skillancer.booking%ROWTYPE;
	v_terms jsonb;
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	PERFORM skillancer.require_unrestricted();
	SELECT * INTO v_booking FROM skillancer.booking b WHERE b.id = p_id FOR NO KEY UPDATE;
	IF NOT FOUND THEN
		PERFORM skillancer.booking_refuse_stranger(p_id);
	END IF;
	PERFORM skillancer.check_that('termsHash', p_terms_hash ~ '^[0-9a-f]{64}$' IS TRUE, 'must be 64 hexadecimal digits');
	p_title := coalesce(skillancer.trimmed(p_title), v_booking.title);
	p_description := coalesce(p_description, v_booking.terms ->> 'description');
	PERFORM skillancer.check_text('message', p_message, 1, 2000, false);
	PERFORM skillancer.check_one_of('filesAfter', p_files_after, ARRAY['DELIVERY', 'RELEASE'], false);
	IF v_booking.state = 'OFFERED' THEN
		PERFORM skillancer.check_offer(p_title, p_description, p_price, p_delivery_days, p_milestones, p_hourly_rate,
			p_weekly_limit_minutes);
	END IF;
	PERFORM skillancer.check_done();
	v_terms := skillancer.offer_terms(p_title, p_description, p_price, p_delivery_days, p_milestones, p_hourly_rate,
		p_weekly_limit_minutes, coalesce(p_files_after, v_booking.terms ->> 'filesAfter'));
	PERFORM skillancer.fire('booking', p_id::uuid, 'counter', jsonb_build_object('termsVersion', v_booking.terms_version + 1,
		'termsHash', encode(skillancer.terms_hash(v_terms), 'hex')));
	PERFORM skillancer.offer_same_terms(p_id, p_terms_hash);
	IF v_booking.terms_version >= skillancer.policy_int('termsLimit') THEN
		PERFORM skillancer.fail('LIMIT_REACHED', 'the offer has too many versions');
	END IF;
	PERFORM skillancer.booking_set_terms(p_id, v_terms, skillancer.booking_side(p_id), p_message);
	PERFORM skillancer.note_risk('booking', p_id::uuid, concat_ws(E'\n', p_title, p_description, p_message));
	PERFORM skillancer.schedule('booking', p_id::uuid, 'expire', skillancer.now() + (v_terms #>> '{policy,offerTerm}')::interval);
	RETURN (SELECT ROW(200, d.etag, NULL, NULL, d.doc)::skillancer.reply
			FROM skillancer.booking_doc d WHERE d.id = p_id);
END
$$;
COMMENT ON FUNCTION skillancer_api.booking_counter(skillancer.booking_id, text, text, text, skillancer.monetary, integer, jsonb, skillancer.monetary, integer, text, text) IS
	'Proposes other terms for a direct offer, in place of those that termsHash names; title and description stay when they are not given. The other side has to accept the new version, within the term of an offer from now. Either side may do so, also with terms of its own.';
SELECT skillancer.add_route('POST', '/v1/bookings/{id}/counter', 'booking_counter',
	summary => 'Propose other terms for a direct offer', answers => 'booking_doc');

-- The other side accepts what it has read.
CREATE OR REPLACE FUNCTION skillancer_api.booking_accept(p_id skillancer.booking_id, p_terms_hash text)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	PERFORM skillancer.require_unrestricted();
	PERFORM skillancer.check_that('termsHash', p_terms_hash ~ '^[0-9a-f]{64}$' IS TRUE, 'must be 64 hexadecimal digits');
	PERFORM skillancer.check_done();
	PERFORM skillancer.fire('booking', p_id::uuid, 'accept', jsonb_build_object('termsHash', p_terms_hash));
	PERFORM skillancer.offer_same_terms(p_id, p_terms_hash);
	PERFORM skillancer.booking_add_milestones(b.id, b.terms -> 'milestones') FROM skillancer.booking b WHERE b.id = p_id;
	RETURN (SELECT ROW(200, d.etag, NULL, NULL, d.doc)::skillancer.reply
			FROM skillancer.booking_doc d WHERE d.id = p_id);
END
$$;
COMMENT ON FUNCTION skillancer_api.booking_accept(skillancer.booking_id, text) IS
	'Accepts the terms that the other side has proposed last, by their hash; the booking awaits payment then, with its milestones agreed.';
SELECT skillancer.add_route('POST', '/v1/bookings/{id}/accept', 'booking_accept',
	summary => 'Accept the terms of a direct offer', answers => 'booking_doc');

-- Every version of the terms.
CREATE OR REPLACE FUNCTION skillancer_api.booking_terms_list(p_id skillancer.booking_id)
	RETURNS json
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM FROM skillancer.booking b WHERE b.id = p_id;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	RETURN coalesce((SELECT json_agg(d.doc ORDER BY d.version DESC) FROM skillancer.booking_terms_doc d
		WHERE d.booking_id = p_id), '[]'::json);
END
$$;
COMMENT ON FUNCTION skillancer_api.booking_terms_list(skillancer.booking_id) IS
	'Every version of the terms of a booking, the newest first: who proposed it, its hash, and when each side accepted it.';
SELECT skillancer.add_route('GET', '/v1/bookings/{id}/terms', 'booking_terms_list', summary => 'Versions of the terms of a booking',
	answers => '[booking_terms_doc]');

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
	summary => 'Decline a direct offer', answers => 'booking_doc');

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
	summary => 'Withdraw a direct offer', answers => 'booking_doc');
