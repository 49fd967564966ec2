/*
 * sql/analytics/reports.sql
 *		The reports, and how their rows become lines of text.
 *
 * A report reads one view of skillancer_analytics. Its statement is put together out of the columns of the view, so a
 * new report is a row below. Who reads it has a cursor over that statement; the engine has opened it and looked at the
 * permission before.
 */

INSERT INTO skillancer.report (name, period, relation, summary, at, sorted, filters) VALUES
	('metrics', 'day', 'metric_daily', 'Every metric by day: numerator and denominator', 'day', '{metric,day,dims}',
		'{"metric": "x.metric", "currency": "x.dims ->> ''currency''"}'),
	('metrics', 'month', 'metric_monthly', 'Every metric by month: numerator and denominator', 'month', '{metric,month,dims}',
		'{"metric": "x.metric", "currency": "x.dims ->> ''currency''"}'),
	('durations', 'month', 'duration_monthly', 'How long things took: percentiles in seconds', 'month', '{metric,month}',
		'{"metric": "x.metric"}'),
	('definitions', 'all', 'metric_definition', 'Every metric and figure, and how it is made', NULL, '{metric}', '{"metric": "x.metric"}'),
	('escrow', 'all', 'escrow_age', 'What is in escrow now, by age', NULL, '{currency,age}', '{"currency": "x.currency"}'),
	('rates', 'all', 'rate_percentile', 'Percentiles of rates and bids', NULL, '{kind,category,skill,level,currency}', '{"currency": "x.currency"}');

-- figures by day and month, whose names are those of definitions
INSERT INTO skillancer.report (name, period, relation, summary, at, sorted, filters)
SELECT v.name, v.period, v.name || CASE v.period WHEN 'day' THEN '_daily' ELSE '_monthly' END, v.summary, v.period,
	ARRAY['figure', v.period] || v.sorted,
	CASE WHEN 'currency' = ANY (v.sorted) THEN '{"metric": "x.figure", "currency": "x.currency"}' ELSE '{"metric": "x.figure"}' END::jsonb
FROM (VALUES
	('figure', 'month', 'Money, rates and counts', '{currency}'::text[]),
	('balance', 'month', 'Escrow, receivables and coverage', '{currency}'),
	('cohort', 'month', 'Of all that began in a month, how many reached a goal', '{}'),
	('active', 'day', 'Different people of a day, 7 days and 30 days', '{}'),
	('churn', 'month', 'Clients who stopped paying', '{}'),
	('retention', 'month', 'Clients by the month of their first payment', '{cohort,currency}'),
	('concentration', 'month', 'How much goes to the ten largest', '{side,currency}'),
	('country', 'month', 'Earned and paid by country', '{side,country,currency}'),
	('delivery', 'month', 'Work that was handed in in time', '{}'),
	('reply', 'month', 'How many conversations were answered, and how soon', '{kind}'),
	('search', 'month', 'What searches led to', '{kind}'),
	('trust', 'month', 'Signs of fraud, and holds that ended well', '{kind}')
) AS v (name, period, summary, sorted);
INSERT INTO skillancer.report (name, period, relation, summary, at, sorted, filters, permission) VALUES
	('figure_reported', 'month', 'figure_reported', 'Money in the reporting currency', 'month', '{figure,month,currency}', '{"metric": "x.figure"}', 'analytics:view'),
	('headline', 'month', 'headline', 'The figures of a dashboard', 'month', '{figure,month,currency,reported}', '{"metric": "x.figure", "currency": "x.currency"}', 'analytics:view'),
	('funnel', 'month', 'funnel_monthly', 'Steps of both sides, and how long they take', 'month', '{side,month,position}', '{}', 'analytics:view'),
	('search_ranks', 'month', 'search_rank_monthly', 'Clicks on the first, second, … result of searches', 'month', '{figure,month,kind,rank}', '{"metric": "x.figure"}', 'analytics:view'),
	('search_missed', 'month', 'search_missed', 'Words that nothing was found for', 'month', '{month,kind,words}', '{}', 'analytics:view'),
	('trial_balance', 'month', 'trial_balance', 'Balances of all classes of accounts', 'month', '{month,account,currency}', '{"currency": "x.currency"}', 'analytics:view'),
	('postings', 'all', 'ledger_posting', 'Entries of all postings, without persons', 'at', '{posting,leg}', '{}', 'finance:view');

-- The columns of a report.
CREATE OR REPLACE FUNCTION skillancer.report_columns(p_relation text)
RETURNS TABLE (place integer, name text, member text, type text, description text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN QUERY
	SELECT a.attnum::integer, a.attname::text, lower(left(w.words, 1)) || substr(w.words, 2), format_type(a.atttypid, NULL),
		col_description(a.attrelid, a.attnum)
	FROM pg_attribute a
	CROSS JOIN LATERAL (SELECT replace(initcap(replace(a.attname, '_', ' ')), ' ', '') AS words) w
	WHERE a.attrelid = to_regclass(format('skillancer_analytics.%I', p_relation)) AND a.attnum > 0 AND NOT a.attisdropped
	ORDER BY a.attnum;
END
$$;
COMMENT ON FUNCTION skillancer.report_columns(text) IS
	'Columns of a view of skillancer_analytics: their names in SQL and in answers, types and comments.';
GRANT EXECUTE ON FUNCTION skillancer.report_columns(text) TO skillancer_bridge;

-- A row of a report as a line.
CREATE OR REPLACE FUNCTION skillancer.report_line(p_relation text, p_form text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_cells text;
	v_members text;
BEGIN
	SELECT string_agg(format(CASE c.type WHEN 'timestamp with time zone'
			THEN 'to_char(x.%I AT TIME ZONE ''UTC'', ''YYYY-MM-DD"T"HH24:MI:SS"Z"'')' ELSE 'x.%I::text' END, c.name), ', ' ORDER BY c.place),
		string_agg(format('%L, x.%I', c.member, c.name), ', ' ORDER BY c.place)
	INTO v_cells, v_members
	FROM skillancer.report_columns(p_relation) c;
	RETURN CASE p_form
		WHEN 'csv' THEN format('skillancer.csv_line(%s)', v_cells)
		WHEN 'ndjson' THEN format('skillancer.json_doc(%s)::text || E''\n''', v_members)
		ELSE format('skillancer.json_doc(%s)::text', v_members) END;
END
$$;
COMMENT ON FUNCTION skillancer.report_line(text, text) IS
	'The expression that makes a line of csv, ndjson or json of a row x of a view of skillancer_analytics.';

-- The statement of a report.
CREATE OR REPLACE FUNCTION skillancer.report_query(p_name text, p_period text, p_form text, p_from date, p_to date, p_filters jsonb)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_report skillancer.report%ROWTYPE;
	v_bound text;
	v_where text[];
BEGIN
	SELECT * INTO STRICT v_report FROM skillancer.report r WHERE r.name = p_name AND r.period = p_period;
	SELECT CASE c.type WHEN 'date' THEN '%L::date' ELSE '%L::timestamp AT TIME ZONE ''UTC''' END INTO v_bound
	FROM skillancer.report_columns(v_report.relation) c WHERE c.name = v_report.at;
	v_where := ARRAY(SELECT format('%s = %L', v_report.filters ->> f.key, f.value) FROM jsonb_each_text(p_filters) f
		WHERE f.value IS NOT NULL ORDER BY f.key);
	IF p_from IS NOT NULL THEN
		v_where := v_where || format('x.%I >= ' || v_bound, v_report.at, p_from);
	END IF;
	IF p_to IS NOT NULL THEN
		v_where := v_where || format('x.%I < ' || v_bound, v_report.at, p_to);
	END IF;
	RETURN format('SELECT %s FROM skillancer_analytics.%I x%s ORDER BY %s', skillancer.report_line(v_report.relation, p_form),
		v_report.relation, ' WHERE ' || nullif(array_to_string(v_where, ' AND '), ''),
		(SELECT string_agg(format('x.%I', s.name), ', ' ORDER BY s.place) FROM unnest(v_report.sorted) WITH ORDINALITY s (name, place)));
END
$$;
COMMENT ON FUNCTION skillancer.report_query(text, text, text, date, date, jsonb) IS
	'The statement that reads a report by a period as lines of text, from a day (inclusive) to another (exclusive), where each filter has its value.';

-- The first line of a report.
CREATE OR REPLACE FUNCTION skillancer.report_header(p_name text, p_period text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN (
		SELECT skillancer.csv_line(VARIADIC array_agg(c.member ORDER BY c.place))
		FROM skillancer.report r
		CROSS JOIN LATERAL skillancer.report_columns(r.relation) c
		WHERE r.name = p_name AND r.period = p_period);
END
$$;
COMMENT ON FUNCTION skillancer.report_header(text, text) IS 'The names of the columns as a line of CSV.';

-- The periods of a report that the caller may read.
CREATE OR REPLACE FUNCTION skillancer.report_periods(p_name text)
RETURNS text[]
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_periods text[];
BEGIN
	PERFORM skillancer.require_permission('analytics:view');
	SELECT array_agg(r.period ORDER BY array_position('{hour,day,week,month,all}', r.period)) INTO v_periods
	FROM skillancer.report r
	WHERE r.name = p_name AND skillancer.has_permission(r.permission);
	IF v_periods IS NULL AND EXISTS (SELECT FROM skillancer.report r WHERE r.name = p_name) THEN
		PERFORM skillancer.fail('PERMISSION_DENIED');
	ELSIF v_periods IS NULL THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND', 'there is no such report');
	END IF;
	RETURN v_periods;
END
$$;
COMMENT ON FUNCTION skillancer.report_periods(text) IS
	'By which periods a report can be had, the shortest first. RESOURCE_NOT_FOUND when there is no such report, PERMISSION_DENIED when it is not for the caller.';
ALTER FUNCTION skillancer.report_periods(text) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.report_periods(text) TO skillancer_bridge;

-- The days of a report.
CREATE OR REPLACE FUNCTION skillancer.check_days(p_from date, p_to date)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.check_that('from', coalesce(p_from BETWEEN '2000-01-01' AND '2200-01-01', true), 'must be a day from 2000-01-01 to 2200-01-01');
	PERFORM skillancer.check_that('to', coalesce(p_to BETWEEN '2000-01-01' AND '2200-01-01', true), 'must be a day from 2000-01-01 to 2200-01-01');
	PERFORM skillancer.check_that('to', coalesce(p_to > p_from, true), 'must be after from');
END
$$;
COMMENT ON FUNCTION skillancer.check_days(date, date) IS
	'Notes what is wrong with the first day and the one behind the last; NULL is no bound.';
GRANT EXECUTE ON FUNCTION skillancer.check_days(date, date) TO skillancer_bridge;

-- What is wrong with the filters of a report.
CREATE OR REPLACE FUNCTION skillancer.check_report(p_name text, p_period text, p_from date, p_to date, p_filters jsonb)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_periods text[] := skillancer.report_periods(p_name);
	v_report skillancer.report%ROWTYPE;
	v_key text;
BEGIN
	PERFORM skillancer.check_one_of('interval', p_period, v_periods);
	SELECT * INTO v_report FROM skillancer.report r WHERE r.name = p_name AND r.period = coalesce(
		(SELECT p.period FROM unnest(v_periods) p (period) WHERE p.period = p_period), v_periods[1]);
	IF v_report.at IS NULL THEN
		PERFORM skillancer.check_that('from', p_from IS NULL, 'is no filter of this report');
		PERFORM skillancer.check_that('to', p_to IS NULL, 'is no filter of this report');
	END IF;
	PERFORM skillancer.check_days(p_from, p_to);
	FOR v_key IN SELECT f.key FROM jsonb_each_text(p_filters) f WHERE f.value IS NOT NULL ORDER BY f.key LOOP
		PERFORM skillancer.check_that(v_key, v_report.filters ? v_key, 'is no filter of this report');
	END LOOP;
	PERFORM skillancer.check_that('metric', p_filters ->> 'metric' IS NULL OR EXISTS (
		SELECT FROM skillancer_analytics.metric_definition d WHERE d.metric = p_filters ->> 'metric'), 'is no metric');
	PERFORM skillancer.check_that('currency', coalesce(p_filters ->> 'currency' ~ '^[A-Z]{3}$', true), 'must be a currency code');
END
$$;
COMMENT ON FUNCTION skillancer.check_report(text, text, date, date, jsonb) IS
	'Notes what is wrong with the interval, the days and the filters of a report that the caller may read.';
ALTER FUNCTION skillancer.check_report(text, text, date, date, jsonb) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.check_report(text, text, date, date, jsonb) TO skillancer_bridge;

-- A cursor over a report.
CREATE OR REPLACE FUNCTION skillancer.report_open(p_name text, p_period text, p_form text, p_from date, p_to date, p_filters jsonb)
RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_rows refcursor := 'skl_rows';
BEGIN
	IF NOT p_period = ANY (skillancer.report_periods(p_name)) THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND', 'there is no such report');
	END IF;
	OPEN v_rows NO SCROLL FOR EXECUTE skillancer.report_query(p_name, p_period, p_form, p_from, p_to, p_filters);
	RETURN skillancer.report_header(p_name, p_period);
END
$$;
COMMENT ON FUNCTION skillancer.report_open(text, text, text, date, date, jsonb) IS
	'Opens the cursor skl_rows over a report that the caller may read, and returns its first line as CSV. The rows are read after the function has returned, with what it saw.';
ALTER FUNCTION skillancer.report_open(text, text, text, date, date, jsonb) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.report_open(text, text, text, date, date, jsonb) TO skillancer_bridge;
