-- sql/payment/api_payout_schedule.sql
--	Payouts that ask for themselves: the schedules of a user, and the job of the timekeeper that follows them.

-- When the next period begins.
CREATE OR REPLACE FUNCTION skillancer.payout_period_after(p_cadence text, p_at timestamptz) RETURNS timestamptz
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
	SELECT CASE p_cadence
		WHEN 'WEEKLY' THEN (date_trunc('week', p_at AT TIME ZONE 'UTC') + interval '7 days') AT TIME ZONE 'UTC'
		WHEN 'MONTHLY' THEN (date_trunc('month', p_at AT TIME ZONE 'UTC') + interval '1 month') AT TIME ZONE 'UTC' END
$$;
COMMENT ON FUNCTION skillancer.payout_period_after(text, timestamptz) IS
	'The first Monday or first of a month after a time, 0:00 UTC; NULL for MANUAL.';

-- Sets a schedule.
CREATE OR REPLACE FUNCTION skillancer_api.payout_schedule_put(p_currency text, p_cadence text,
		p_header_if_match text DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_me skillancer.user_id := skillancer.current_user_id();
	v_etag text;
BEGIN
	PERFORM skillancer.require_role('FREELANCER');
	PERFORM skillancer.check_that('currency', skillancer.currency_digits(p_currency) IS NOT NULL,
		'must be an ISO 4217 code');
	PERFORM skillancer.check_one_of('cadence', p_cadence, ARRAY['MANUAL', 'WEEKLY', 'MONTHLY']);
	PERFORM skillancer.check_done();
	SELECT 'v' || s.version INTO v_etag FROM skillancer.payout_schedule s
	WHERE s.user_id = v_me AND s.currency = p_currency FOR UPDATE;
	PERFORM skillancer.check_if_match(p_header_if_match, v_etag);
	INSERT INTO skillancer.payout_schedule AS s (user_id, currency, cadence, next_at)
	VALUES (v_me, p_currency, p_cadence, skillancer.payout_period_after(p_cadence, skillancer.now()))
	ON CONFLICT (user_id, currency) DO UPDATE
	SET cadence = excluded.cadence, next_at = excluded.next_at, version = s.version + 1, updated_at = skillancer.now();
	RETURN (SELECT ROW(200, d.etag, NULL, NULL, d.doc)::skillancer.reply FROM skillancer.payout_schedule_doc d
			WHERE d.user_id = v_me AND d.currency = p_currency);
END
$$;
COMMENT ON FUNCTION skillancer_api.payout_schedule_put(text, text, text) IS
	'Pays out the whole available balance of a currency to the default payout method: WEEKLY (Mondays) or MONTHLY (the first), at 0:00 UTC, or MANUAL. Balances below the minimum wait for the next period.';
SELECT skillancer.add_route('PUT', '/v1/payout-schedules/{currency}', 'payout_schedule_put', who => 'FREELANCER',
	summary => 'Set my payout schedule', answers => 'payout_schedule_doc');

-- The caller's schedules.
CREATE OR REPLACE FUNCTION skillancer_api.payout_schedule_list() RETURNS json
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN coalesce((SELECT json_agg(d.doc ORDER BY d.currency) FROM skillancer.payout_schedule_doc d
		WHERE d.user_id = skillancer.current_user_id()), '[]'::json);
END
$$;
COMMENT ON FUNCTION skillancer_api.payout_schedule_list() IS
	'The caller''s payout schedules by currency, with what became of the last period; a currency without one is MANUAL.';
SELECT skillancer.add_route('GET', '/v1/payout-schedules', 'payout_schedule_list', summary => 'My payout schedules',
	answers => '[payout_schedule_doc]');

-- The payout of one period.
CREATE OR REPLACE FUNCTION skillancer.payout_of_period(p_schedule uuid, p_user skillancer.user_id, p_currency text,
		p_period date)
	RETURNS text
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_method skillancer.payment_method%ROWTYPE;
	v_amount skillancer.monetary := skillancer.monetary_of(skillancer.ledger_balance('freelancer_available',
		p_user::uuid, NULL, p_currency), p_currency);
	v_payout skillancer.payout_id;
BEGIN
	SELECT * INTO v_method FROM skillancer.payment_method m
	WHERE m.user_id = p_user AND m.kind = 'PAYOUT' AND m.is_default AND m.removed_at IS NULL;
	IF v_amount < (SELECT t.minimum FROM skillancer.payout_terms(p_currency) t) THEN
		RETURN 'BELOW_MINIMUM';
	ELSIF v_method.id IS NULL THEN
		RETURN 'NO_PAYOUT_METHOD';
	ELSIF v_method.usable_from > skillancer.now() THEN
		RETURN 'PAYOUT_METHOD_COOLS_DOWN';
	END IF;
	v_payout := skillancer.payout_make(p_user, v_amount, v_method.id, p_schedule, p_period);
	PERFORM skillancer.fire_system('payout', v_payout::uuid, 'request');
	RETURN 'REQUESTED';
EXCEPTION
	WHEN SQLSTATE 'SK420' OR SQLSTATE 'SK010' OR SQLSTATE 'SK401' THEN
		RETURN left(SQLERRM, 500);
END
$$;
COMMENT ON FUNCTION skillancer.payout_of_period(uuid, skillancer.user_id, text, date) IS
	'Requests the whole available balance, or says why not. A period has one payout: its unique key holds whatever happens.';

-- The job of the timekeeper.
CREATE OR REPLACE FUNCTION skillancer.follow_payout_schedules() RETURNS bigint
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_schedule skillancer.payout_schedule%ROWTYPE;
	v_result text;
	v_done bigint := 0;
BEGIN
	FOR v_schedule IN
		SELECT * FROM skillancer.payout_schedule s
		WHERE s.next_at <= skillancer.now()
		ORDER BY s.next_at, s.id
		LIMIT 200
		FOR UPDATE SKIP LOCKED
	LOOP
		BEGIN
			v_result := skillancer.payout_of_period(v_schedule.id, v_schedule.user_id, v_schedule.currency,
				(v_schedule.next_at AT TIME ZONE 'UTC')::date);
		EXCEPTION
			WHEN serialization_failure OR deadlock_detected OR lock_not_available THEN
				CONTINUE; -- the next run tries again
			WHEN OTHERS THEN
				RAISE LOG 'skillancer payout schedule % failed: %', v_schedule.id, SQLERRM;
				v_result := left('ERROR: ' || SQLERRM, 500);
		END;
		UPDATE skillancer.payout_schedule s
		SET next_at = skillancer.payout_period_after(s.cadence, skillancer.now()), last_result = v_result,
			last_period = (v_schedule.next_at AT TIME ZONE 'UTC')::date, version = s.version + 1, updated_at = skillancer.now()
		WHERE s.id = v_schedule.id;
		IF v_result <> 'REQUESTED' AND v_result <> 'BELOW_MINIMUM' THEN
			PERFORM skillancer.emit('payout.skipped', 'payout_schedule', v_schedule.id, jsonb_build_object(
				'userId', v_schedule.user_id::text, 'currency', v_schedule.currency, 'reason', v_result),
				ARRAY[v_schedule.user_id::uuid]);
		END IF;
		v_done := v_done + 1;
	END LOOP;
	RETURN v_done;
END
$$;
ALTER FUNCTION skillancer.follow_payout_schedules() OWNER TO skillancer_engine;
COMMENT ON FUNCTION skillancer.follow_payout_schedules() IS
	'Requests the payouts of all periods that have begun; after a pause of the server each schedule has one, not one a missed period.';

INSERT INTO skillancer.housekeeping_job (job, every) VALUES ('follow_payout_schedules', '1 minute');
