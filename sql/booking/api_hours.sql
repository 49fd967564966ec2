-- sql/booking/api_hours.sql
--	API of hourly bookings: how they are paid, the hours that the freelancer logs, and the weeks.

-- The client says what pays for the weeks.
CREATE OR REPLACE FUNCTION skillancer_api.booking_pay_by(p_id skillancer.booking_id,
		p_payment_method_id skillancer.payment_method_id DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_booking skillancer.booking%ROWTYPE;
	v_short skillancer.monetary;
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	SELECT * INTO v_booking FROM skillancer.booking b WHERE b.id = p_id FOR NO KEY UPDATE;
	IF NOT FOUND THEN
		PERFORM skillancer.booking_refuse_stranger(p_id);
	ELSIF v_booking.freelancer_id = skillancer.current_user_id() THEN
		PERFORM skillancer.fail('PERMISSION_DENIED');
	ELSIF v_booking.kind <> 'HOURLY' OR v_booking.state NOT IN ('AWAITING_PAYMENT', 'ACTIVE', 'PAUSED', 'ENDING') THEN
		PERFORM skillancer.fail('INVALID_STATE', 'only the weeks of an hourly booking that runs are paid by themselves',
			jsonb_build_object('state', v_booking.state, 'allowed', '[]'::jsonb));
	END IF;
	IF p_payment_method_id IS NOT NULL THEN
		PERFORM skillancer.check_method('PAYMENT', p_payment_method_id);
		PERFORM skillancer.check_done();
	ELSE
		v_short := skillancer.booking_week_short(p_id);
		IF skillancer.monetary_minor(v_short) > 0 THEN
			PERFORM skillancer.fail('INSUFFICIENT_FUNDS', 'the wallet does not cover a week: name a payment method',
				jsonb_build_object('shortfall', v_short));
		END IF;
	END IF;
	PERFORM skillancer.booking_pay_with(p_id, p_payment_method_id);
	IF v_booking.state = 'AWAITING_PAYMENT' THEN
		PERFORM skillancer.fire_system('booking', p_id::uuid, 'activate');
	END IF;
	RETURN (SELECT ROW(200, d.etag, NULL, NULL, d.doc)::skillancer.reply
			FROM skillancer.booking_doc d WHERE d.id = p_id);
END
$$;
COMMENT ON FUNCTION skillancer_api.booking_pay_by(skillancer.booking_id, skillancer.payment_method_id) IS
	'Names the payment method that pays for the weeks of an hourly booking as far as the wallet does not; without one the wallet pays, which has to cover a week at the limit now. The booking is ACTIVE from then on.';
SELECT skillancer.add_route('PUT', '/v1/bookings/{id}/payment-method', 'booking_pay_by', who => 'CLIENT',
	summary => 'Say how an hourly booking is paid, and start it', answers => 'booking_doc');

-- The hourly booking of the caller, held while hours of a day are written.
CREATE OR REPLACE FUNCTION skillancer.hours_hold(p_id skillancer.booking_id) RETURNS void
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_freelancer skillancer.user_id;
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	SELECT b.freelancer_id INTO v_freelancer FROM skillancer.booking b WHERE b.id = p_id FOR NO KEY UPDATE;
	IF NOT FOUND THEN
		PERFORM skillancer.booking_refuse_stranger(p_id);
	ELSIF v_freelancer <> skillancer.current_user_id() THEN
		PERFORM skillancer.fail('PERMISSION_DENIED');
	END IF;
END
$$;
COMMENT ON FUNCTION skillancer.hours_hold(skillancer.booking_id) IS
	'Locks a booking of which the caller is the freelancer; RESOURCE_NOT_FOUND or PERMISSION_DENIED for others.';

-- Refuses hours that cannot be written now.
CREATE OR REPLACE FUNCTION skillancer.hours_refuse(p_id skillancer.booking_id, p_week date) RETURNS void
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_booking skillancer.booking%ROWTYPE;
BEGIN
	SELECT * INTO v_booking FROM skillancer.booking b WHERE b.id = p_id;
	IF v_booking.kind <> 'HOURLY' OR v_booking.state <> 'ACTIVE' THEN
		PERFORM skillancer.fail('INVALID_STATE', 'hours are logged in an hourly booking that is active',
			jsonb_build_object('state', v_booking.state, 'allowed', '[]'::jsonb));
	ELSIF skillancer.week_locks_at(p_week, v_booking.policy) <= skillancer.now()
			OR EXISTS (SELECT FROM skillancer.work_week w
				WHERE w.booking_id = p_id AND w.week = p_week AND w.state <> 'OPEN') THEN
		PERFORM skillancer.fail('INVALID_STATE', 'the week is locked', jsonb_build_object('state', 'LOCKED', 'allowed', '[]'::jsonb));
	END IF;
END
$$;
COMMENT ON FUNCTION skillancer.hours_refuse(skillancer.booking_id, date) IS
	'INVALID_STATE unless the booking is hourly and ACTIVE and the week of this Monday is not locked, by the clock or by its row.';

-- Refuses more hours than a day or the week has room for. The caller holds the booking's lock.
CREATE OR REPLACE FUNCTION skillancer.hours_limit(p_id skillancer.booking_id, p_day date, p_minutes integer,
		p_but skillancer.time_entry_id DEFAULT NULL)
	RETURNS void
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_week date := skillancer.week_of(p_day);
	v_booking skillancer.booking%ROWTYPE;
	v_logged integer;
BEGIN
	SELECT * INTO v_booking FROM skillancer.booking b WHERE b.id = p_id;
	SELECT coalesce(sum(e.minutes), 0) INTO v_logged FROM skillancer.time_entry e
	WHERE e.booking_id = p_id AND e.day BETWEEN v_week AND v_week + 6 AND e.id IS DISTINCT FROM p_but;
	IF v_logged + p_minutes > v_booking.weekly_limit THEN
		PERFORM skillancer.fail('LIMIT_REACHED', 'the week has no room for it',
			jsonb_build_object('weeklyLimitMinutes', v_booking.weekly_limit, 'loggedMinutes', v_logged));
	END IF;
	PERFORM pg_advisory_xact_lock(hashtextextended('hours of ' || v_booking.freelancer_id::text, 0));
	SELECT coalesce(sum(e.minutes), 0) INTO v_logged FROM skillancer.time_entry e
	WHERE e.freelancer_id = v_booking.freelancer_id AND e.day = p_day AND e.id IS DISTINCT FROM p_but;
	IF v_logged + p_minutes > 1440 THEN
		PERFORM skillancer.fail('LIMIT_REACHED', 'a day has 24 hours',
			jsonb_build_object('dailyLimitMinutes', 1440, 'loggedMinutes', v_logged));
	END IF;
END
$$;
COMMENT ON FUNCTION skillancer.hours_limit(skillancer.booking_id, date, integer, skillancer.time_entry_id) IS
	'LIMIT_REACHED when so many minutes more exceed the weekly limit, or 24 hours of the freelancer''s day over all bookings; an entry that is being changed is left out.';

-- Appends what happened to the hours of a booking.
CREATE OR REPLACE FUNCTION skillancer.hours_tell(p_type text, p_entry skillancer.time_entry_id,
		p_minutes_before integer DEFAULT NULL) RETURNS void
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.emit(p_type, 'booking', e.booking_id::uuid,
		jsonb_build_object('bookingId', e.booking_id, 'timeEntryId', e.id, 'clientId', e.client_id,
			'freelancerId', e.freelancer_id, 'date', e.day, 'minutes', e.minutes)
		|| jsonb_strip_nulls(jsonb_build_object('minutesBefore', p_minutes_before)),
		ARRAY[e.client_id::uuid, e.freelancer_id::uuid])
	FROM skillancer.time_entry e
	WHERE e.id = p_entry;
END
$$;
COMMENT ON FUNCTION skillancer.hours_tell(text, skillancer.time_entry_id, integer) IS
	'Appends an event about a time entry to its booking; of a correction also the minutes before it.';

-- The freelancer logs hours.
CREATE OR REPLACE FUNCTION skillancer_api.time_entry_create(p_id skillancer.booking_id, p_date date, p_minutes integer,
		p_note text)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_booking skillancer.booking%ROWTYPE;
	v_week skillancer.work_week%ROWTYPE;
	v_entry skillancer.time_entry_id;
BEGIN
	PERFORM skillancer.hours_hold(p_id);
	SELECT * INTO v_booking FROM skillancer.booking b WHERE b.id = p_id;
	PERFORM skillancer.check_that('date', p_date IS NOT NULL, 'is required');
	PERFORM skillancer.check_that('date', p_date > (skillancer.now() AT TIME ZONE 'UTC')::date IS NOT TRUE, 'must not be in the future');
	PERFORM skillancer.check_that('date', p_date < (v_booking.activated_at AT TIME ZONE 'UTC')::date IS NOT TRUE,
		'must not be before the booking began');
	PERFORM skillancer.check_int('minutes', p_minutes, 1, 1440);
	PERFORM skillancer.check_text('note', p_note, 1, 1000);
	PERFORM skillancer.check_done();
	PERFORM skillancer.hours_refuse(p_id, skillancer.week_of(p_date));
	IF EXISTS (SELECT FROM skillancer.milestone m WHERE m.booking_id = p_id AND m.week IS NOT NULL AND m.state IN ('AGREED', 'FUNDING')) THEN
		PERFORM skillancer.fail('INVALID_STATE', 'a week of this booking is not paid yet',
			jsonb_build_object('state', v_booking.state, 'allowed', '[]'::jsonb));
	END IF;
	PERFORM skillancer.hours_limit(p_id, p_date, p_minutes);
	INSERT INTO skillancer.work_week (booking_id, client_id, freelancer_id, week, locks_at, policy)
	VALUES (p_id, v_booking.client_id, v_booking.freelancer_id, skillancer.week_of(p_date),
		skillancer.week_locks_at(skillancer.week_of(p_date), v_booking.policy), v_booking.policy)
	ON CONFLICT (booking_id, week) DO NOTHING
	RETURNING * INTO v_week;
	IF FOUND THEN
		PERFORM skillancer.schedule('work_week', v_week.id, 'lock', v_week.locks_at);
	ELSE
		SELECT * INTO v_week FROM skillancer.work_week w WHERE w.booking_id = p_id AND w.week = skillancer.week_of(p_date);
	END IF;
	INSERT INTO skillancer.time_entry (week_id, booking_id, client_id, freelancer_id, day, minutes, note)
	VALUES (v_week.id, p_id, v_booking.client_id, v_booking.freelancer_id, p_date, p_minutes, p_note)
	RETURNING id INTO v_entry;
	PERFORM skillancer.hours_tell('booking.time_logged', v_entry);
	RETURN (SELECT ROW(201, d.etag, NULL, NULL, d.doc)::skillancer.reply
			FROM skillancer.time_entry_doc d WHERE d.id = v_entry);
END
$$;
COMMENT ON FUNCTION skillancer_api.time_entry_create(skillancer.booking_id, date, integer, text) IS
	'Logs minutes of a day in an hourly booking: of this week, or of the last one until it is locked on Monday at 12:00 UTC. Within the weekly limit and 24 hours a day. 409 while a locked week is not paid.';
SELECT skillancer.add_route('POST', '/v1/bookings/{id}/time-entries', 'time_entry_create', who => 'FREELANCER',
	summary => 'Log hours in an hourly booking', answers => '201 time_entry_doc');

-- The freelancer's entry, after its booking.
CREATE OR REPLACE FUNCTION skillancer.time_entry_hold(p_id skillancer.time_entry_id, p_header_if_match text)
	RETURNS void
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_entry skillancer.time_entry%ROWTYPE;
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	SELECT * INTO v_entry FROM skillancer.time_entry e WHERE e.id = p_id;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	PERFORM skillancer.hours_hold(v_entry.booking_id);
	SELECT * INTO v_entry FROM skillancer.time_entry e WHERE e.id = p_id;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	PERFORM skillancer.check_if_match(p_header_if_match, 'v' || v_entry.version);
	PERFORM skillancer.hours_refuse(v_entry.booking_id, skillancer.week_of(v_entry.day));
END
$$;
COMMENT ON FUNCTION skillancer.time_entry_hold(skillancer.time_entry_id, text) IS
	'Locks the booking of a time entry of the caller that may still be changed; RESOURCE_NOT_FOUND, PERMISSION_DENIED or INVALID_STATE otherwise.';

-- The freelancer corrects an entry.
CREATE OR REPLACE FUNCTION skillancer_api.time_entry_update(p_id skillancer.time_entry_id, p_present text[],
		p_minutes integer DEFAULT NULL, p_note text DEFAULT NULL, p_header_if_match text DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_entry skillancer.time_entry%ROWTYPE;
BEGIN
	PERFORM skillancer.time_entry_hold(p_id, p_header_if_match);
	SELECT * INTO v_entry FROM skillancer.time_entry e WHERE e.id = p_id;
	PERFORM skillancer.check_int('minutes', p_minutes, 1, 1440, 'minutes' = ANY (p_present));
	PERFORM skillancer.check_text('note', p_note, 1, 1000, 'note' = ANY (p_present));
	PERFORM skillancer.check_done();
	IF p_minutes > v_entry.minutes THEN
		PERFORM skillancer.hours_limit(v_entry.booking_id, v_entry.day, p_minutes, p_id);
	END IF;
	UPDATE skillancer.time_entry e
	SET minutes = coalesce(p_minutes, e.minutes), note = coalesce(p_note, e.note), version = e.version + 1,
		updated_at = skillancer.now()
	WHERE e.id = p_id;
	PERFORM skillancer.hours_tell('booking.time_changed', p_id, v_entry.minutes);
	RETURN (SELECT ROW(200, d.etag, NULL, NULL, d.doc)::skillancer.reply
			FROM skillancer.time_entry_doc d WHERE d.id = p_id);
END
$$;
COMMENT ON FUNCTION skillancer_api.time_entry_update(skillancer.time_entry_id, text[], integer, text, text) IS
	'Corrects minutes or note of a time entry whose week is not locked.';
SELECT skillancer.add_route('PATCH', '/v1/time-entries/{id}', 'time_entry_update', who => 'FREELANCER',
	summary => 'Correct a time entry of mine', answers => 'time_entry_doc');

-- The freelancer takes an entry out.
CREATE OR REPLACE FUNCTION skillancer_api.time_entry_delete(p_id skillancer.time_entry_id,
		p_header_if_match text DEFAULT NULL)
	RETURNS void
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.time_entry_hold(p_id, p_header_if_match);
	PERFORM skillancer.hours_tell('booking.time_removed', p_id);
	DELETE FROM skillancer.time_entry e WHERE e.id = p_id;
END
$$;
COMMENT ON FUNCTION skillancer_api.time_entry_delete(skillancer.time_entry_id, text) IS
	'Removes a time entry whose week is not locked.';
SELECT skillancer.add_route('DELETE', '/v1/time-entries/{id}', 'time_entry_delete', who => 'FREELANCER',
	summary => 'Remove a time entry of mine');

-- What was logged.
CREATE OR REPLACE FUNCTION skillancer_api.time_entry_list(p_id skillancer.booking_id, p_week date DEFAULT NULL,
		p_limit integer DEFAULT NULL, p_cursor text DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_limit integer := skillancer.check_limit(p_limit);
	v_scope text := concat_ws('|', 'time-entries', p_id, p_week);
	v_after uuid;
	v_items json[];
	v_keys text[];
BEGIN
	PERFORM skillancer.check_that('week', extract(isodow FROM p_week) <> 1 IS NOT TRUE, 'must be a Monday');
	v_after := coalesce(skillancer.cursor_decode(v_scope, p_cursor), 'ffffffff-ffff-ffff-ffff-ffffffffffff')::uuid;
	PERFORM skillancer.check_done();
	PERFORM FROM skillancer.booking b WHERE b.id = p_id;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	SELECT array_agg(l.doc ORDER BY l.id DESC), array_agg(l.id::uuid::text ORDER BY l.id DESC) INTO v_items, v_keys
	FROM (
		SELECT d.id, d.doc FROM skillancer.time_entry_doc d
		WHERE d.booking_id = p_id AND d.id < v_after::skillancer.time_entry_id
			AND (p_week IS NULL OR d.day BETWEEN p_week AND p_week + 6)
		ORDER BY d.id DESC
		LIMIT v_limit + 1) l;
	RETURN skillancer.list_reply(v_items, v_keys, v_limit, v_scope);
END
$$;
COMMENT ON FUNCTION skillancer_api.time_entry_list(skillancer.booking_id, date, integer, text) IS
	'The time entries of a booking, newest first, of all weeks or of the one that begins on a Monday.';
SELECT skillancer.add_route('GET', '/v1/bookings/{id}/time-entries', 'time_entry_list', summary => 'Hours logged in a booking',
	answers => '[time_entry_doc]');

-- The weeks.
CREATE OR REPLACE FUNCTION skillancer_api.week_list(p_id skillancer.booking_id, p_limit integer DEFAULT NULL,
		p_cursor text DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_limit integer := skillancer.check_limit(p_limit);
	v_scope text := concat_ws('|', 'weeks', p_id);
	v_after date := coalesce(skillancer.cursor_decode(v_scope, p_cursor), 'infinity')::date;
	v_items json[];
	v_keys text[];
BEGIN
	PERFORM skillancer.check_done();
	PERFORM FROM skillancer.booking b WHERE b.id = p_id;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	SELECT array_agg(l.doc ORDER BY l.week DESC), array_agg(l.week::text ORDER BY l.week DESC) INTO v_items, v_keys
	FROM (
		SELECT d.week, d.doc FROM skillancer.work_week_doc d
		WHERE d.booking_id = p_id AND d.week < v_after
		ORDER BY d.week DESC
		LIMIT v_limit + 1) l;
	RETURN skillancer.list_reply(v_items, v_keys, v_limit, v_scope);
END
$$;
COMMENT ON FUNCTION skillancer_api.week_list(skillancer.booking_id, integer, text) IS
	'The weeks of an hourly booking in which something was logged, newest first: minutes, what they cost so far, and the milestone that bills them.';
SELECT skillancer.add_route('GET', '/v1/bookings/{id}/weeks', 'week_list', summary => 'Weeks of an hourly booking',
	answers => '[work_week_doc]');
