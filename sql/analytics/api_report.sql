-- sql/analytics/api_report.sql
--	API of reports: which there are, and their rows as JSON, CSV and NDJSON.

-- All reports.
CREATE OR REPLACE FUNCTION skillancer.report_list()
RETURNS json
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN (
		SELECT coalesce(json_agg(skillancer.json_doc('name', r.name, 'interval', r.period, 'summary', r.summary,
				'description', obj_description(to_regclass('skillancer_analytics.' || r.relation), 'pg_class'),
				'filters', ARRAY(SELECT f FROM jsonb_object_keys(r.filters) f UNION ALL
					SELECT f FROM unnest('{from,to}'::text[]) f WHERE r.at IS NOT NULL ORDER BY 1),
				'columns', (SELECT json_agg(skillancer.json_doc('name', c.member, 'type', c.type, 'description', c.description) ORDER BY c.place)
					FROM skillancer.report_columns(r.relation) c))
			ORDER BY r.name, array_position('{hour,day,week,month,all}', r.period)), '[]')
		FROM skillancer.report r
		WHERE skillancer.has_permission(r.permission));
END
$$;
COMMENT ON FUNCTION skillancer.report_list() IS 'The reports that the caller may read, with their filters and columns.';
ALTER FUNCTION skillancer.report_list() OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.report_list() TO skillancer_bridge;

-- GET /v1/analytics
CREATE OR REPLACE FUNCTION skillancer_api.report_list()
RETURNS json
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_permission('analytics:view');
	RETURN skillancer.report_list();
END
$$;
COMMENT ON FUNCTION skillancer_api.report_list() IS
	'All reports: name and interval, filters, and the columns of their rows.';
SELECT skillancer.add_route('GET', '/v1/analytics', 'report_list', who => 'ADMIN, ANALYST',
	summary => 'List the reports', answers => '[{name: text, interval: text, summary: text, description: text, filters: [text], columns: [{name: text, type: text, description: text|null}]}]');

-- GET /v1/analytics/{report}
CREATE OR REPLACE FUNCTION skillancer_api.report_read(p_report text, p_from date DEFAULT NULL, p_to date DEFAULT NULL,
	p_interval text DEFAULT NULL, p_metric text DEFAULT NULL, p_currency text DEFAULT NULL, p_format text DEFAULT NULL,
	p_header_accept text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_period text := coalesce(p_interval, (skillancer.report_periods(p_report))[1]);
	v_filters jsonb := jsonb_build_object('metric', p_metric, 'currency', p_currency);
	v_form text := coalesce(p_format, CASE skillancer.accept_best(p_header_accept, 'application/json', 'text/csv', 'application/x-ndjson')
		WHEN 'text/csv' THEN 'csv' WHEN 'application/x-ndjson' THEN 'ndjson' ELSE 'json' END);
	v_headers jsonb := '{"skl-rows": true, "Vary": "Accept"}';
	v_first text;
BEGIN
	PERFORM skillancer.check_report(p_report, v_period, p_from, p_to, v_filters);
	PERFORM skillancer.check_one_of('format', v_form, '{json,csv,ndjson}');
	PERFORM skillancer.check_done();
	v_first := skillancer.report_open(p_report, v_period, v_form, p_from, p_to, v_filters);
	IF v_form = 'json' THEN
		RETURN ROW(200, NULL, v_headers, NULL, '[]')::skillancer.reply;
	END IF;
	RETURN ROW(200, NULL, v_headers || jsonb_build_object(
			'Content-Type', CASE v_form WHEN 'csv' THEN 'text/csv; charset=utf-8; header=present' ELSE 'application/x-ndjson' END,
			'Content-Disposition', format('attachment; filename="%s.%s"', concat_ws('-', p_report, v_period, p_metric, p_currency, p_from, p_to), v_form)),
		NULL, to_json(CASE v_form WHEN 'csv' THEN v_first ELSE '' END))::skillancer.reply;
END
$$;
COMMENT ON FUNCTION skillancer_api.report_read(text, date, date, text, text, text, text, text) IS
	'The rows of a report (GET /v1/analytics lists them), sent while they are read and all of one snapshot. from is the first day, to the one behind the last (UTC); interval is by which of its periods (without it the shortest). As JSON, CSV or NDJSON: by format (json, csv, ndjson), or by the header Accept. An answer that is broken off before its end failed.';
SELECT skillancer.add_route('GET', '/v1/analytics/{report}', 'report_read', who => 'ADMIN, ANALYST', class => 'export',
	summary => 'Read a report as JSON, CSV or NDJSON', answers => '[{*: any}] or text/csv|application/x-ndjson');

-- GET /v1/analytics/mailed/{token}
CREATE OR REPLACE FUNCTION skillancer_api.report_mailed(p_token text)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_report record := skillancer.report_open_mailed(p_token);
BEGIN
	RETURN ROW(200, NULL, jsonb_build_object('skl-rows', true, 'Content-Type', 'text/csv; charset=utf-8; header=present', 'Cache-Control', 'no-store',
			'Content-Disposition', format('attachment; filename="%s"', v_report.name)), NULL, to_json(v_report.header))::skillancer.reply;
END
$$;
COMMENT ON FUNCTION skillancer_api.report_mailed(text) IS
	'The period of a scheduled report that was too long for its mail, as CSV: by the signed link in the mail, without signing in, as long as its recipient may read the report and for the policy reportLinkTerm.';
SELECT skillancer.add_route('GET', '/v1/analytics/mailed/{token}', 'report_mailed', who => 'anyone', class => 'export', rate => 'address',
	summary => 'Read a report by the link in a mail', answers => 'text/csv');
