-- sql/analytics/api_schedule.sql
--	API of scheduled reports.

-- POST /v1/analytics/schedules
CREATE OR REPLACE FUNCTION skillancer_api.report_schedule_create(p_report text, p_cadence text, p_recipients skillancer.user_id[],
	p_interval text DEFAULT NULL, p_metric text DEFAULT NULL, p_currency text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_period text := coalesce(p_interval, (skillancer.report_periods(p_report))[1]);
	v_filters jsonb := jsonb_strip_nulls(jsonb_build_object('metric', p_metric, 'currency', p_currency));
	v_due date;
	v_id uuid := skillancer.new_id();
BEGIN
	PERFORM skillancer.check_report(p_report, v_period, NULL, NULL, v_filters);
	PERFORM skillancer.check_one_of('cadence', p_cadence, '{DAILY,WEEKLY,MONTHLY}');
	PERFORM skillancer.check_that('recipients', cardinality(p_recipients) BETWEEN 1 AND 20, 'must be 1 to 20 people');
	PERFORM skillancer.check_that('recipients', NOT EXISTS (
		SELECT FROM unnest(p_recipients) r (id) WHERE NOT coalesce(skillancer.may_get_report(r.id, p_report, v_period), false)),
		'must be staff who may read the report');
	PERFORM skillancer.check_done();
	v_due := skillancer.report_due_on(p_cadence, skillancer.now());
	INSERT INTO skillancer.report_schedule (id, author_id, report, period, filters, cadence, recipients, due_on, due_at)
	VALUES (v_id, skillancer.current_user_id(), p_report, v_period, v_filters, p_cadence,
		ARRAY(SELECT DISTINCT r FROM unnest(p_recipients) r ORDER BY r), v_due,
		v_due::timestamp AT TIME ZONE 'UTC' + skillancer.policy_interval('reportMailDelay'));
	PERFORM skillancer.audit('report_schedule.create', 'report_schedule', v_id, NULL,
		jsonb_build_object('report', p_report, 'cadence', p_cadence, 'recipients', p_recipients));
	RETURN (SELECT ROW(201, NULL, NULL, NULL, d.doc)::skillancer.reply FROM skillancer.report_schedule_doc d WHERE d.id = v_id);
END
$$;
COMMENT ON FUNCTION skillancer_api.report_schedule_create(text, text, skillancer.user_id[], text, text, text) IS
	'Mails a report to some of the staff after each day, week (from Monday) or month (UTC): that period of it, as a table that is attached, or as a link when it is long.';
SELECT skillancer.add_route('POST', '/v1/analytics/schedules', 'report_schedule_create', who => 'ADMIN, ANALYST', class => 'fast',
	summary => 'Mail a report regularly', answers => '201 report_schedule_doc');

-- GET /v1/analytics/schedules
CREATE OR REPLACE FUNCTION skillancer_api.report_schedule_list(p_limit integer DEFAULT NULL, p_cursor text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_limit integer := skillancer.check_limit(p_limit);
	v_after uuid;
	v_items json[];
	v_keys text[];
BEGIN
	PERFORM skillancer.require_permission('analytics:view');
	v_after := skillancer.cursor_decode('report_schedules', p_cursor)::uuid;
	PERFORM skillancer.check_done();
	SELECT array_agg(d.doc ORDER BY d.id DESC), array_agg(d.id::text ORDER BY d.id DESC) INTO v_items, v_keys
	FROM (SELECT x.id, x.doc FROM skillancer.report_schedule_doc x WHERE v_after IS NULL OR x.id < v_after ORDER BY x.id DESC LIMIT v_limit + 1) d;
	RETURN skillancer.list_reply(v_items, v_keys, v_limit, 'report_schedules');
END
$$;
COMMENT ON FUNCTION skillancer_api.report_schedule_list(integer, text) IS
	'All scheduled reports, newest first: when each is mailed next, and what became of the last period.';
SELECT skillancer.add_route('GET', '/v1/analytics/schedules', 'report_schedule_list', who => 'ADMIN, ANALYST',
	summary => 'List the scheduled reports', answers => '[report_schedule_doc]');

-- DELETE /v1/analytics/schedules/{id}
CREATE OR REPLACE FUNCTION skillancer_api.report_schedule_delete(p_id uuid)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_doc jsonb;
BEGIN
	PERFORM skillancer.require_permission('analytics:view');
	SELECT d.doc::jsonb INTO v_doc FROM skillancer.report_schedule_doc d WHERE d.id = p_id;
	DELETE FROM skillancer.report_schedule s WHERE s.id = p_id;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	PERFORM skillancer.audit('report_schedule.delete', 'report_schedule', p_id, v_doc, NULL);
END
$$;
COMMENT ON FUNCTION skillancer_api.report_schedule_delete(uuid) IS 'Mails a report no more.';
SELECT skillancer.add_route('DELETE', '/v1/analytics/schedules/{id}', 'report_schedule_delete', who => 'ADMIN, ANALYST',
	summary => 'Stop mailing a report');
