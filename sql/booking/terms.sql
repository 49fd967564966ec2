-- sql/booking/terms.sql
--	Terms of bookings in versions: what an offer says, keeping a version, and what an amendment makes of one.

-- Keeps the first version of every new booking.
CREATE OR REPLACE FUNCTION skillancer.booking_keep_first() RETURNS trigger
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	INSERT INTO skillancer.booking_terms (booking_id, version, client_id, freelancer_id, proposed_by, terms, terms_hash,
		client_accepted_at, freelancer_accepted_at)
	VALUES (NEW.id, NEW.terms_version, NEW.client_id, NEW.freelancer_id,
		coalesce(NEW.terms_by, CASE NEW.source WHEN 'PROPOSAL' THEN NEW.freelancer_id ELSE NEW.client_id END),
		NEW.terms, NEW.terms_hash, NEW.client_accepted_at, NEW.freelancer_accepted_at);
	RETURN NULL;
END
$$;
ALTER FUNCTION skillancer.booking_keep_first() OWNER TO skillancer_engine;
COMMENT ON FUNCTION skillancer.booking_keep_first() IS 'Trigger of booking: its terms are version 1 of booking_terms.';

-- Puts a new version of the terms into a booking.
CREATE OR REPLACE FUNCTION skillancer.booking_set_terms(p_id skillancer.booking_id, p_terms jsonb, p_by skillancer.user_id,
		p_message text DEFAULT NULL)
	RETURNS integer
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_booking skillancer.booking%ROWTYPE;
BEGIN
	UPDATE skillancer.booking b
	SET terms = p_terms, terms_hash = skillancer.terms_hash(p_terms), terms_version = b.terms_version + 1, terms_by = p_by,
		title = coalesce(p_terms ->> 'title', b.title), kind = coalesce(p_terms ->> 'kind', 'FIXED'),
		rate = (p_terms -> 'rate')::skillancer.monetary, weekly_limit = (p_terms ->> 'weeklyLimitMinutes')::integer,
		currency = coalesce(p_terms #>> '{price,currency}', p_terms #>> '{rate,currency}', b.currency),
		policy = coalesce(p_terms -> 'policy', b.policy), fee_version = coalesce((p_terms ->> 'feeVersion')::integer, b.fee_version),
		client_accepted_at = CASE WHEN b.state <> 'OFFERED' OR p_by = b.client_id THEN skillancer.now() END,
		freelancer_accepted_at = CASE WHEN b.state <> 'OFFERED' OR p_by = b.freelancer_id THEN skillancer.now() END,
		updated_at = skillancer.now()
	WHERE b.id = p_id
	RETURNING * INTO STRICT v_booking;
	INSERT INTO skillancer.booking_terms (booking_id, version, client_id, freelancer_id, proposed_by, terms, terms_hash, message,
		client_accepted_at, freelancer_accepted_at)
	VALUES (p_id, v_booking.terms_version, v_booking.client_id, v_booking.freelancer_id, p_by, p_terms, v_booking.terms_hash,
		p_message, v_booking.client_accepted_at, v_booking.freelancer_accepted_at);
	RETURN v_booking.terms_version;
END
$$;
ALTER FUNCTION skillancer.booking_set_terms(skillancer.booking_id, jsonb, skillancer.user_id, text) OWNER TO skillancer_engine;
COMMENT ON FUNCTION skillancer.booking_set_terms(skillancer.booking_id, jsonb, skillancer.user_id, text) IS
	'Makes and keeps the next version of the terms of a booking that the caller has locked, and returns its number. While it is OFFERED only who proposes it has accepted it, later both have.';

-- Notes what is wrong with an offer.
CREATE OR REPLACE FUNCTION skillancer.check_offer(p_title text, p_description text, p_price skillancer.monetary,
		p_delivery_days integer, p_milestones jsonb, p_hourly_rate skillancer.monetary, p_weekly_limit integer)
	RETURNS void
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.check_text('title', p_title, 5, 200);
	PERFORM skillancer.check_text('description', p_description, 10, 10000);
	PERFORM skillancer.check_int('deliveryDays', p_delivery_days, 1, 365, false);
	IF p_hourly_rate IS NULL THEN
		PERFORM skillancer.check_money('price', p_price, 1, skillancer.policy_int('maxCharge'));
		PERFORM skillancer.check_milestones('milestones', p_milestones, p_price);
	ELSE
		PERFORM skillancer.check_that('price', p_price IS NULL, 'is not for hourly work');
		PERFORM skillancer.check_that('milestones', coalesce(p_milestones, '[]') = '[]', 'are not for hourly work, which is paid by the week');
		PERFORM skillancer.check_number('hourlyRate', p_hourly_rate::numeric, 1, 1000000);
	END IF;
	PERFORM skillancer.check_hours('hourlyRate', p_hourly_rate, p_weekly_limit);
END
$$;
COMMENT ON FUNCTION skillancer.check_offer(text, text, skillancer.monetary, integer, jsonb, skillancer.monetary, integer) IS
	'Notes every problem in the fields of an offer or a counter-offer: a price with milestones, or an hourly rate with a weekly limit.';

-- The terms of an offer.
CREATE OR REPLACE FUNCTION skillancer.offer_terms(p_title text, p_description text, p_price skillancer.monetary,
		p_delivery_days integer, p_milestones jsonb, p_hourly_rate skillancer.monetary, p_weekly_limit integer, p_files_after text)
	RETURNS jsonb
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_terms jsonb := jsonb_build_object('title', p_title, 'description', p_description, 'deliveryDays', p_delivery_days,
		'filesAfter', coalesce(p_files_after, 'DELIVERY'), 'feeVersion', skillancer.policy_int('feeVersion'),
		'policy', skillancer.booking_policy(CASE WHEN p_hourly_rate IS NULL THEN 'FIXED' ELSE 'HOURLY' END));
BEGIN
	IF p_hourly_rate IS NOT NULL THEN
		RETURN v_terms || skillancer.hourly_terms(p_hourly_rate, p_weekly_limit);
	END IF;
	RETURN v_terms || jsonb_build_object('price', p_price,
		'milestones', CASE WHEN jsonb_array_length(p_milestones) > 0 THEN skillancer.tidy_terms(p_milestones, 'amount')
			ELSE jsonb_build_array(jsonb_build_object('title', p_title, 'amount', p_price, 'days', p_delivery_days)) END);
END
$$;
COMMENT ON FUNCTION skillancer.offer_terms(text, text, skillancer.monetary, integer, jsonb, skillancer.monetary, integer, text) IS
	'What an offer or a counter-offer says as terms, with the policies and the price list of today.';

-- What an amendment makes of the terms.
CREATE OR REPLACE FUNCTION skillancer.amended_terms(p_id skillancer.booking_id, p_changes jsonb) RETURNS jsonb
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_terms jsonb;
	v_list jsonb;
BEGIN
	SELECT b.terms INTO v_terms FROM skillancer.booking b WHERE b.id = p_id;
	IF p_changes ? 'milestones' THEN
		SELECT coalesce(jsonb_agg(jsonb_build_object('title', m.title, 'amount', m.amount, 'days', m.days) ORDER BY m.seq), '[]')
			|| (p_changes -> 'milestones')
		INTO v_list
		FROM skillancer.milestone m
		WHERE m.booking_id = p_id AND m.state NOT IN ('PROPOSED', 'AGREED', 'CANCELLED');
		v_terms := v_terms || jsonb_build_object('milestones', v_list, 'price', (
			SELECT skillancer.sum((i -> 'amount')::skillancer.monetary) FROM jsonb_array_elements(v_list) i));
	END IF;
	RETURN v_terms || (p_changes - 'milestones');
END
$$;
COMMENT ON FUNCTION skillancer.amended_terms(skillancer.booking_id, jsonb) IS
	'The terms of a booking after an amendment: the milestones that are agreed and not funded give way to those of the amendment, the price is the sum of all.';

-- Does what an amendment says.
CREATE OR REPLACE FUNCTION skillancer.amendment_apply(p_id skillancer.change_request_id) RETURNS void
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_change skillancer.change_request%ROWTYPE;
	v_terms jsonb;
	v_version integer;
BEGIN
	SELECT * INTO STRICT v_change FROM skillancer.change_request r WHERE r.id = p_id;
	v_terms := skillancer.amended_terms(v_change.booking_id, v_change.changes);
	IF skillancer.terms_hash(v_terms) <> v_change.terms_hash THEN
		PERFORM skillancer.fail('INVALID_STATE', 'the booking has changed since the amendment was asked for: ask for it again');
	END IF;
	v_version := skillancer.booking_set_terms(v_change.booking_id, v_terms, v_change.requested_by, v_change.reason);
	IF v_change.changes ? 'milestones' THEN
		PERFORM skillancer.fire_system('milestone', m.id::uuid, 'cancel')
		FROM (SELECT x.id FROM skillancer.milestone x WHERE x.booking_id = v_change.booking_id AND x.state = 'AGREED' ORDER BY x.id) m;
		INSERT INTO skillancer.milestone (booking_id, client_id, freelancer_id, seq, title, amount, days, proposed_by, state, policy)
		SELECT b.id, b.client_id, b.freelancer_id, i.n + (SELECT max(m.seq) FROM skillancer.milestone m WHERE m.booking_id = b.id),
			i.item ->> 'title', (i.item -> 'amount')::skillancer.monetary, (i.item ->> 'days')::integer, v_change.requested_by,
			'AGREED', b.policy
		FROM skillancer.booking b
		CROSS JOIN jsonb_array_elements(v_change.changes -> 'milestones') WITH ORDINALITY AS i (item, n)
		WHERE b.id = v_change.booking_id;
	END IF;
	PERFORM skillancer.emit('booking.amended', 'booking', v_change.booking_id::uuid,
		jsonb_build_object('bookingId', v_change.booking_id, 'changeId', p_id, 'clientId', v_change.client_id,
			'freelancerId', v_change.freelancer_id, 'termsVersion', v_version, 'termsHash', encode(v_change.terms_hash, 'hex')),
		ARRAY[v_change.client_id::uuid, v_change.freelancer_id::uuid]);
END
$$;
ALTER FUNCTION skillancer.amendment_apply(skillancer.change_request_id) OWNER TO skillancer_engine;
COMMENT ON FUNCTION skillancer.amendment_apply(skillancer.change_request_id) IS
	'Puts the terms of an accepted amendment in force and remakes the milestones that are not funded. INVALID_STATE when the result would not be what was asked for, because the booking has changed meanwhile.';

-- Divides the escrow of a booking that is called off.
CREATE OR REPLACE FUNCTION skillancer.booking_release_share(p_id skillancer.booking_id, p_release skillancer.monetary) RETURNS void
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_left skillancer.monetary := p_release;
	v_milestone record;
BEGIN
	FOR v_milestone IN
		SELECT m.id, m.amount - coalesce(m.released_part, m.amount - m.amount) - coalesce(m.refunded_part, m.amount - m.amount) AS in_escrow
		FROM skillancer.milestone m
		WHERE m.booking_id = p_id AND m.state IN ('FUNDED', 'SUBMITTED', 'CHANGES_REQUESTED')
		ORDER BY m.seq
	LOOP
		EXIT WHEN skillancer.monetary_minor(v_left) = 0;
		IF v_left >= v_milestone.in_escrow THEN
			PERFORM skillancer.fire_system('milestone', v_milestone.id::uuid, 'settle');
			v_left := v_left - v_milestone.in_escrow;
		ELSE
			PERFORM skillancer.fire_system('milestone', v_milestone.id::uuid, 'release_part',
				jsonb_build_object('amount', v_left::text));
			v_left := v_left - v_left;
		END IF;
	END LOOP;
	IF skillancer.monetary_minor(v_left) > 0 THEN
		PERFORM skillancer.fail('INSUFFICIENT_FUNDS', 'less is in escrow than is to be released',
			jsonb_build_object('missing', v_left));
	END IF;
END
$$;
ALTER FUNCTION skillancer.booking_release_share(skillancer.booking_id, skillancer.monetary) OWNER TO skillancer_engine;
COMMENT ON FUNCTION skillancer.booking_release_share(skillancer.booking_id, skillancer.monetary) IS
	'Releases so much of a booking''s escrow to the freelancer, milestone by milestone in their order; what is left is for the client. INSUFFICIENT_FUNDS when there is less.';
