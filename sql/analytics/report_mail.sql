/*
 * sql/analytics/report_mail.sql
 *		Scheduled reports: a job of the timekeeper mails each once a period, and the courier delivers it.
 *
 * The mails, who got them and the next date are written in one transaction, under the schedule's row lock. A period that
 * passed while nothing ran is left out: the newest one is mailed.
 */

-- The day behind the period that a time lies in.
CREATE OR REPLACE FUNCTION skillancer.report_due_on(p_cadence text, p_at timestamptz)
RETURNS date
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
	SELECT (date_trunc(u.unit, p_at AT TIME ZONE 'UTC') + ('1 ' || u.unit)::interval)::date
	FROM (SELECT CASE p_cadence WHEN 'DAILY' THEN 'day' WHEN 'WEEKLY' THEN 'week' ELSE 'month' END AS unit) u
$$;
COMMENT ON FUNCTION skillancer.report_due_on(text, timestamptz) IS
	'The first day (UTC) of the day, week or month after a time.';

-- Whether somebody may get a report.
CREATE OR REPLACE FUNCTION skillancer.may_get_report(p_user skillancer.user_id, p_report text, p_period text)
RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN EXISTS (
		SELECT FROM skillancer.report r
		JOIN skillancer.user_account a ON a.id = p_user AND a.state = 'ACTIVE'
		WHERE r.name = p_report AND r.period = p_period AND r.permission IN (
			SELECT p.permission FROM skillancer.user_role u JOIN skillancer.role_permission p ON p.role = u.role WHERE u.user_id = p_user
			UNION ALL
			SELECT g.permission FROM skillancer.user_permission g WHERE g.user_id = p_user));
END
$$;
COMMENT ON FUNCTION skillancer.may_get_report(skillancer.user_id, text, text) IS
	'True for active staff with the permission of the report.';
ALTER FUNCTION skillancer.may_get_report(skillancer.user_id, text, text) OWNER TO skillancer_engine;

-- What a mail with a report is made of.
CREATE OR REPLACE FUNCTION skillancer.report_mail_data(p_schedule uuid)
RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_schedule skillancer.report_schedule%ROWTYPE;
	v_at text;
	v_from date;
	v_to date;
	v_limit bigint := skillancer.policy_int('reportMailRows');
	v_rows bigint;
	v_text text;
BEGIN
	SELECT s.* INTO STRICT v_schedule FROM skillancer.report_schedule s WHERE s.id = p_schedule;
	SELECT r.at INTO STRICT v_at FROM skillancer.report r WHERE r.name = v_schedule.report AND r.period = v_schedule.period;
	IF v_at IS NOT NULL THEN
		v_to := v_schedule.due_on;
		v_from := v_to - CASE v_schedule.cadence WHEN 'DAILY' THEN interval '1 day' WHEN 'WEEKLY' THEN interval '7 days' ELSE interval '1 month' END;
		v_from := CASE v_schedule.period WHEN 'month' THEN date_trunc('month', v_from::timestamp)::date ELSE v_from END;
	END IF;
	EXECUTE format('SELECT count(*), string_agg(t.line, '''' ORDER BY t.place) FROM (
			SELECT q.line, row_number() OVER () AS place FROM (%s LIMIT %s) q (line)) t',
		skillancer.report_query(v_schedule.report, v_schedule.period, 'csv', v_from, v_to, v_schedule.filters), v_limit + 1)
	INTO v_rows, v_text;
	RETURN jsonb_build_object('report', v_schedule.report, 'cadence', lower(v_schedule.cadence), 'from', v_from, 'to', v_to,
			'rows', CASE WHEN v_rows > v_limit THEN 'more than ' || v_limit ELSE v_rows::text END, 'attached', v_rows <= v_limit,
			'path', '/v1/analytics/' || v_schedule.report || '?' || concat_ws('&', 'interval=' || v_schedule.period, 'format=csv', 'from=' || v_from,
				'to=' || v_to, 'metric=' || (v_schedule.filters ->> 'metric'), 'currency=' || (v_schedule.filters ->> 'currency')))
		|| CASE WHEN v_rows <= v_limit THEN jsonb_build_object('attachedFile', jsonb_build_object(
				'name', concat_ws('-', v_schedule.report, v_schedule.period, v_from, v_to) || '.csv',
				'text', skillancer.report_header(v_schedule.report, v_schedule.period) || coalesce(v_text, ''))) ELSE '{}' END;
END
$$;
COMMENT ON FUNCTION skillancer.report_mail_data(uuid) IS
	'Data of the template report: period, how many rows, where it can be read, and as attachedFile the table itself, unless it has more rows than the policy reportMailRows.';

-- One period of one schedule.
CREATE OR REPLACE FUNCTION skillancer.send_report(p_schedule uuid)
RETURNS integer
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_data jsonb := skillancer.report_mail_data(p_schedule);
	v_recipient record;
	v_sent integer := 0;
BEGIN
	FOR v_recipient IN
		SELECT s.due_on, u.id
		FROM skillancer.report_schedule s
		CROSS JOIN LATERAL unnest(s.recipients) u (id)
		WHERE s.id = p_schedule AND skillancer.may_get_report(u.id, s.report, s.period)
	LOOP
		INSERT INTO skillancer.report_delivery (schedule_id, due_on, recipient_id, mail_id)
		VALUES (p_schedule, v_recipient.due_on, v_recipient.id, skillancer.send_mail(v_recipient.id::uuid, 'report', v_data));
		v_sent := v_sent + 1;
	END LOOP;
	RETURN v_sent;
END
$$;
COMMENT ON FUNCTION skillancer.send_report(uuid) IS
	'Queues the mails of the period of a schedule that is due, for those recipients who may still read the report.';

-- The job of the timekeeper.
CREATE OR REPLACE FUNCTION skillancer.send_reports()
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_schedule record;
	v_result text;
	v_next date;
	v_done bigint := 0;
BEGIN
	FOR v_schedule IN
		SELECT s.id, s.cadence FROM skillancer.report_schedule s
		WHERE s.due_at <= skillancer.now()
		ORDER BY s.due_at, s.id
		LIMIT 50
		FOR UPDATE SKIP LOCKED
	LOOP
		v_next := skillancer.report_due_on(v_schedule.cadence, skillancer.now() - skillancer.policy_interval('reportMailDelay'));
		-- after a pause: the newest period that is over
		UPDATE skillancer.report_schedule s
		SET due_on = greatest(s.due_on, (v_next - CASE s.cadence WHEN 'DAILY' THEN interval '1 day' WHEN 'WEEKLY' THEN interval '7 days' ELSE interval '1 month' END)::date)
		WHERE s.id = v_schedule.id;
		BEGIN
			v_result := format('SENT to %s', skillancer.send_report(v_schedule.id));
		EXCEPTION
			WHEN serialization_failure OR deadlock_detected OR lock_not_available THEN
				CONTINUE; -- the next run tries again
			WHEN OTHERS THEN
				RAISE LOG 'skillancer report schedule % failed: %', v_schedule.id, SQLERRM;
				v_result := left('ERROR: ' || SQLERRM, 500);
		END;
		UPDATE skillancer.report_schedule s
		SET due_on = v_next, due_at = v_next::timestamp AT TIME ZONE 'UTC' + skillancer.policy_interval('reportMailDelay'),
			last_result = v_result, updated_at = skillancer.now()
		WHERE s.id = v_schedule.id;
		v_done := v_done + 1;
	END LOOP;
	RETURN v_done;
END
$$;
COMMENT ON FUNCTION skillancer.send_reports() IS
	'Queues the mails of all scheduled reports whose period is over; returns how many schedules were due.';
ALTER FUNCTION skillancer.send_reports() OWNER TO skillancer_engine;

INSERT INTO skillancer.housekeeping_job (job, every) VALUES ('send_reports', '1 minute');
