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

-- The days of a period.
CREATE OR REPLACE FUNCTION skillancer.report_span(p_report text, p_period text, p_cadence text, p_due_on date, OUT first_day date, OUT end_day date)
RETURNS record
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	IF (SELECT r.at IS NULL FROM skillancer.report r WHERE r.name = p_report AND r.period = p_period) THEN
		RETURN;
	END IF;
	end_day := p_due_on;
	first_day := end_day - CASE p_cadence WHEN 'DAILY' THEN interval '1 day' WHEN 'WEEKLY' THEN interval '7 days' ELSE interval '1 month' END;
	first_day := CASE p_period WHEN 'month' THEN date_trunc('month', first_day::timestamp)::date ELSE first_day END;
END
$$;
COMMENT ON FUNCTION skillancer.report_span(text, text, text, date) IS
	'The first day of the period of a scheduled report that ends before a day, and that day; NULL when the report has no column of time.';

-- What a mail with a report is made of.
CREATE OR REPLACE FUNCTION skillancer.report_mail_data(p_schedule uuid)
RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_schedule skillancer.report_schedule%ROWTYPE;
	v_span record;
	v_limit bigint := skillancer.policy_int('reportMailRows');
	v_rows bigint;
	v_text text;
BEGIN
	SELECT s.* INTO STRICT v_schedule FROM skillancer.report_schedule s WHERE s.id = p_schedule;
	v_span := skillancer.report_span(v_schedule.report, v_schedule.period, v_schedule.cadence, v_schedule.due_on);
	EXECUTE format('SELECT count(*), string_agg(t.line, '''' ORDER BY t.place) FROM (
			SELECT q.line, row_number() OVER () AS place FROM (%s LIMIT %s) q (line)) t',
		skillancer.report_query(v_schedule.report, v_schedule.period, 'csv', v_span.first_day, v_span.end_day, v_schedule.filters), v_limit + 1)
	INTO v_rows, v_text;
	RETURN jsonb_build_object('report', v_schedule.report, 'cadence', lower(v_schedule.cadence), 'from', v_span.first_day, 'to', v_span.end_day,
			'rows', CASE WHEN v_rows > v_limit THEN 'more than ' || v_limit ELSE v_rows::text END, 'attached', v_rows <= v_limit,
			'path', '/v1/analytics/' || v_schedule.report || '?' || concat_ws('&', 'interval=' || v_schedule.period, 'format=csv', 'from=' || v_span.first_day,
				'to=' || v_span.end_day, 'metric=' || (v_schedule.filters ->> 'metric'), 'currency=' || (v_schedule.filters ->> 'currency')))
		|| CASE WHEN v_rows <= v_limit THEN jsonb_build_object('attachedFile', jsonb_build_object(
				'name', concat_ws('-', v_schedule.report, v_schedule.period, v_span.first_day, v_span.end_day) || '.csv',
				'text', skillancer.report_header(v_schedule.report, v_schedule.period) || coalesce(v_text, ''))) ELSE '{}' END;
END
$$;
COMMENT ON FUNCTION skillancer.report_mail_data(uuid) IS
	'Data of the template report: period, how many rows, where it can be read, and as attachedFile the table itself, unless it has more rows than the policy reportMailRows.';

-- The link in a mail.
CREATE OR REPLACE FUNCTION skillancer.report_link(p_schedule uuid, p_due_on date, p_recipient skillancer.user_id)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN '/v1/analytics/mailed/' || skillancer.seal('report', format('%s|%s|%s|%s', p_schedule, p_due_on, p_recipient::uuid,
		extract(epoch FROM skillancer.now() + skillancer.policy_interval('reportLinkTerm'))::bigint));
END
$$;
COMMENT ON FUNCTION skillancer.report_link(uuid, date, skillancer.user_id) IS
	'The signed path of a period of a scheduled report for somebody whom it was mailed to; it counts for the policy reportLinkTerm.';

-- A cursor over a report that was mailed as a link.
CREATE OR REPLACE FUNCTION skillancer.report_open_mailed(p_token text, OUT header text, OUT name text)
RETURNS record
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_rows refcursor := 'skl_rows';
	v_parts text[] := string_to_array(skillancer.unseal('report', p_token), '|');
	v_schedule skillancer.report_schedule%ROWTYPE;
	v_span record;
BEGIN
	SELECT s.* INTO v_schedule
	FROM skillancer.report_schedule s
	JOIN skillancer.report_delivery d ON d.schedule_id = s.id AND d.due_on = v_parts[2]::date AND d.recipient_id = v_parts[3]::uuid::skillancer.user_id
	WHERE s.id = v_parts[1]::uuid AND skillancer.may_get_report(d.recipient_id, s.report, s.period);
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	ELSIF to_timestamp(v_parts[4]::bigint) < skillancer.now() THEN
		PERFORM skillancer.fail('RESOURCE_GONE', 'the link has expired: sign in and read the report');
	END IF;
	v_span := skillancer.report_span(v_schedule.report, v_schedule.period, v_schedule.cadence, v_parts[2]::date);
	OPEN v_rows NO SCROLL FOR EXECUTE skillancer.report_query(v_schedule.report, v_schedule.period, 'csv', v_span.first_day, v_span.end_day, v_schedule.filters);
	header := skillancer.report_header(v_schedule.report, v_schedule.period);
	name := concat_ws('-', v_schedule.report, v_schedule.period, v_span.first_day, v_span.end_day) || '.csv';
END
$$;
COMMENT ON FUNCTION skillancer.report_open_mailed(text) IS
	'Opens the cursor skl_rows over the period of a report that a signed link names, and returns its first line and a name for the file. RESOURCE_NOT_FOUND when it was not mailed like that, or its recipient may not read it any more, RESOURCE_GONE when the link has expired.';
ALTER FUNCTION skillancer.report_open_mailed(text) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.report_open_mailed(text) TO skillancer_bridge;

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
		VALUES (p_schedule, v_recipient.due_on, v_recipient.id, skillancer.send_mail(v_recipient.id::uuid, 'report', v_data
			|| CASE WHEN (v_data ->> 'attached')::boolean THEN '{}'
				ELSE jsonb_build_object('link', skillancer.report_link(p_schedule, v_recipient.due_on, v_recipient.id)) END));
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
