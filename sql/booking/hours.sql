-- sql/booking/hours.sql
--	Weeks of hourly bookings: when they lock, what they cost, and how they are paid. Weeks go from Monday to Sunday, UTC.

-- The price of time.
CREATE OR REPLACE FUNCTION skillancer.hours_price(p_rate skillancer.monetary, p_minutes integer)
	RETURNS skillancer.monetary
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'skl_fn_hours_price';
COMMENT ON FUNCTION skillancer.hours_price(skillancer.monetary, integer) IS
	'What so many minutes cost at a rate an hour, rounded half to even to a minor unit, once for all of them.';

-- The Monday of a day's week.
CREATE OR REPLACE FUNCTION skillancer.week_of(p_day date) RETURNS date
	LANGUAGE plpgsql IMMUTABLE STRICT
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN date_trunc('week', p_day::timestamp)::date;
END
$$;
COMMENT ON FUNCTION skillancer.week_of(date) IS 'The Monday of the week in which a day lies.';

-- When a week is locked.
CREATE OR REPLACE FUNCTION skillancer.week_locks_at(p_week date, p_policy jsonb) RETURNS timestamptz
	LANGUAGE plpgsql STABLE STRICT
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN (p_week + 7)::timestamp AT TIME ZONE 'UTC'
		+ coalesce((p_policy ->> 'weekLockDelay')::interval, skillancer.policy_interval('weekLockDelay'));
END
$$;
COMMENT ON FUNCTION skillancer.week_locks_at(date, jsonb) IS
	'When the week of this Monday is locked: the next Monday, after the pinned weekLockDelay.';

-- The policies that a booking pins, by kind.
CREATE OR REPLACE FUNCTION skillancer.booking_policy(p_kind text) RETURNS jsonb
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_policy jsonb := skillancer.policy_pin(ARRAY['offerTerm', 'bookingPaymentTerm', 'autoRelease', 'revisionLimit',
		'earningHold', 'reviewWindow']);
BEGIN
	IF p_kind = 'HOURLY' THEN
		RETURN v_policy || skillancer.policy_pin(ARRAY['weekLockDelay'])
			|| jsonb_build_object('autoRelease', skillancer.policy_value('hourlyReview'), 'revisionLimit', 0);
	END IF;
	RETURN v_policy;
END
$$;
COMMENT ON FUNCTION skillancer.booking_policy(text) IS
	'Policies in force, for a new FIXED or HOURLY booking. Weeks of an HOURLY one are released after hourlyReview, and not sent back: their hours are locked.';

-- The part of the terms that an hourly booking has in place of price and milestones.
CREATE OR REPLACE FUNCTION skillancer.hourly_terms(p_rate skillancer.monetary, p_weekly_limit integer) RETURNS jsonb
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN jsonb_build_object('kind', 'HOURLY', 'rate', p_rate, 'milestones', '[]'::jsonb,
		'weeklyLimitMinutes', coalesce(p_weekly_limit, skillancer.policy_int('hourlyWeeklyLimit')));
END
$$;
COMMENT ON FUNCTION skillancer.hourly_terms(skillancer.monetary, integer) IS
	'Rate and weekly limit as terms; the limit is the policy hourlyWeeklyLimit when none is given.';

-- Notes what is wrong with rate and weekly limit.
CREATE OR REPLACE FUNCTION skillancer.check_hours(p_field text, p_rate skillancer.monetary, p_weekly_limit integer)
	RETURNS void
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.check_that('weeklyLimitMinutes', p_weekly_limit IS NULL OR p_rate IS NOT NULL, 'is for hourly work');
	PERFORM skillancer.check_int('weeklyLimitMinutes', p_weekly_limit, 1, 10080, false);
	IF p_rate IS NOT NULL AND coalesce(p_weekly_limit, 1) BETWEEN 1 AND 10080 THEN
		PERFORM skillancer.check_that(p_field, skillancer.monetary_minor(p_rate)::numeric
			* coalesce(p_weekly_limit, skillancer.policy_int('hourlyWeeklyLimit')) / 60 <= skillancer.policy_int('maxCharge'),
			'is too much for a week at the limit');
	END IF;
END
$$;
COMMENT ON FUNCTION skillancer.check_hours(text, skillancer.monetary, integer) IS
	'Notes problems of weeklyLimitMinutes, and of the rate when a week at the limit is more than one charge may be; the rate is NULL for fixed prices.';

-- Pays for a week, or tells the client that it is due.
CREATE OR REPLACE FUNCTION skillancer.week_pay(p_id skillancer.milestone_id) RETURNS void
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_payer skillancer.user_id := skillancer.week_payer(p_id);
	v_short skillancer.monetary := skillancer.milestone_shortfall(p_id);
	v_charge skillancer.charge_id := skillancer.new_id()::skillancer.charge_id;
	v_method skillancer.payment_method%ROWTYPE;
	v_state text;
BEGIN
	SELECT p.* INTO v_method
	FROM skillancer.milestone m
	JOIN skillancer.booking b ON b.id = m.booking_id
	JOIN skillancer.payment_method p ON p.id = b.payment_method_id AND p.user_id = v_payer AND p.removed_at IS NULL
	WHERE m.id = p_id;
	IF v_payer IS NOT NULL AND skillancer.monetary_minor(v_short) = 0 THEN
		PERFORM skillancer.fire_system('milestone', p_id::uuid, 'fund');
	ELSIF v_method.id IS NOT NULL THEN
		PERFORM skillancer.fire_system('milestone', p_id::uuid, 'await_payment');
		INSERT INTO skillancer.charge (id, user_id, payment_method_id, milestone_id, provider, amount, policy)
		VALUES (v_charge, v_method.user_id, v_method.id, p_id, v_method.provider, v_short,
			skillancer.policy_pin(ARRAY['chargeActionTerm']));
		PERFORM skillancer.charge_run(v_charge);
	END IF;
	SELECT m.state INTO v_state FROM skillancer.milestone m WHERE m.id = p_id;
	IF v_state = 'FUNDED' THEN
		PERFORM skillancer.fire_system('milestone', p_id::uuid, 'submit');
	ELSIF v_state = 'AGREED' THEN
		PERFORM skillancer.fire_system('milestone', p_id::uuid, 'payment_due');
		PERFORM skillancer.schedule('milestone', p_id::uuid, 'collect',
			skillancer.now() + skillancer.policy_interval('paymentReminder'));
	END IF;
END
$$;
ALTER FUNCTION skillancer.week_pay(skillancer.milestone_id) OWNER TO skillancer_engine;
COMMENT ON FUNCTION skillancer.week_pay(skillancer.milestone_id) IS
	'Funds the milestone of a week from the client''s wallet, and what is short from the booking''s payment method, and hands it in. When neither covers it, the client is told, and it is tried again after paymentReminder.';

-- Makes a milestone of what was logged in a week.
CREATE OR REPLACE FUNCTION skillancer.week_bill(p_week uuid) RETURNS void
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_week skillancer.work_week%ROWTYPE;
	v_booking skillancer.booking%ROWTYPE;
	v_minutes integer;
	v_price skillancer.monetary;
	v_milestone skillancer.milestone_id := skillancer.new_id()::skillancer.milestone_id;
BEGIN
	SELECT * INTO STRICT v_week FROM skillancer.work_week w WHERE w.id = p_week;
	SELECT * INTO STRICT v_booking FROM skillancer.booking b WHERE b.id = v_week.booking_id;
	SELECT coalesce(sum(e.minutes), 0) INTO v_minutes FROM skillancer.time_entry e WHERE e.week_id = p_week;
	v_price := skillancer.hours_price(v_booking.rate, v_minutes);
	UPDATE skillancer.work_week w SET minutes = v_minutes WHERE w.id = p_week;
	IF skillancer.monetary_minor(v_price) = 0 THEN
		RETURN;
	END IF;
	INSERT INTO skillancer.milestone (id, booking_id, client_id, freelancer_id, seq, title, amount, week, minutes,
		proposed_by, state, policy)
	SELECT v_milestone, v_booking.id, v_booking.client_id, v_booking.freelancer_id, coalesce(max(m.seq), 0) + 1,
		format('Week of %s', v_week.week), v_price, v_week.week, v_minutes, v_booking.freelancer_id, 'AGREED', v_booking.policy
	FROM skillancer.milestone m
	WHERE m.booking_id = v_booking.id;
	UPDATE skillancer.work_week w SET milestone_id = v_milestone WHERE w.id = p_week;
	PERFORM skillancer.emit('milestone.generated', 'milestone', v_milestone::uuid,
		jsonb_build_object('milestoneId', v_milestone, 'bookingId', v_booking.id, 'clientId', v_booking.client_id,
			'freelancerId', v_booking.freelancer_id, 'state', 'AGREED', 'week', v_week.week, 'minutes', v_minutes,
			'amount', v_price),
		ARRAY[v_booking.client_id::uuid, v_booking.freelancer_id::uuid]);
	PERFORM skillancer.week_pay(v_milestone);
END
$$;
ALTER FUNCTION skillancer.week_bill(uuid) OWNER TO skillancer_engine;
COMMENT ON FUNCTION skillancer.week_bill(uuid) IS
	'Adds up the minutes of a week that was locked, makes a milestone of their price and pays for it. Hours that cost nothing leave no milestone.';

-- Says how an hourly booking is paid.
CREATE OR REPLACE FUNCTION skillancer.booking_pay_with(p_id skillancer.booking_id, p_method skillancer.payment_method_id)
	RETURNS void
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	UPDATE skillancer.booking b
	SET payment_method_id = p_method, version = b.version + 1, updated_at = skillancer.now()
	WHERE b.id = p_id;
END
$$;
ALTER FUNCTION skillancer.booking_pay_with(skillancer.booking_id, skillancer.payment_method_id) OWNER TO skillancer_engine;
COMMENT ON FUNCTION skillancer.booking_pay_with(skillancer.booking_id, skillancer.payment_method_id) IS
	'Keeps the payment method of an hourly booking that the caller has checked and locked; NULL is the wallet.';

-- What a week costs at most.
CREATE OR REPLACE FUNCTION skillancer.booking_week_short(p_id skillancer.booking_id) RETURNS skillancer.monetary
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_booking skillancer.booking%ROWTYPE;
	v_price skillancer.monetary;
	v_wallet skillancer.monetary;
BEGIN
	SELECT * INTO STRICT v_booking FROM skillancer.booking b WHERE b.id = p_id;
	v_price := skillancer.hours_price(v_booking.rate, v_booking.weekly_limit);
	v_price := v_price + skillancer.fee_step(v_booking.fee_version, 'CLIENT', v_price - v_price, v_price);
	SELECT skillancer.monetary_of(a.balance, a.currency) INTO v_wallet
	FROM skillancer.ledger_account a
	WHERE a.class = 'client_wallet' AND a.owner = v_booking.client_id::uuid AND a.currency = v_booking.currency;
	RETURN CASE WHEN v_wallet IS NULL THEN v_price WHEN v_wallet >= v_price THEN v_price - v_price ELSE v_price - v_wallet END;
END
$$;
ALTER FUNCTION skillancer.booking_week_short(skillancer.booking_id) OWNER TO skillancer_engine;
COMMENT ON FUNCTION skillancer.booking_week_short(skillancer.booking_id) IS
	'What the client''s wallet lacks for a week at the limit of an hourly booking, with the client''s fee; 0 when it is enough.';
