/*
 * sql/analytics/rebuild.sql
 *		Building rollups from the past: metrics that are new or declared anew, and repair.
 *
 * A rebuild recomputes from what the analyst has read, holding its position, subtracts what is stored and adds the
 * difference at all levels, as a tick would. So it can take any days, beside live ticks.
 */

-- rollup_declared
CREATE OR REPLACE FUNCTION skillancer.rollup_declared()
RETURNS TABLE (metric text, declared text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
	SELECT m.metric, md5(string_agg(m::text, E'\n' ORDER BY m::text COLLATE "C")) FROM skillancer.measure m GROUP BY m.metric
	UNION ALL
	SELECT h.metric, md5(h::text) FROM skillancer.cohort_measure h
	UNION ALL
	SELECT w.metric, md5(w::text) FROM skillancer.window_measure w
$fn$;
COMMENT ON FUNCTION skillancer.rollup_declared() IS 'Every metric with a checksum of how it is declared now.';

-- rollup_stored
CREATE OR REPLACE FUNCTION skillancer.rollup_stored(p_metric text, p_from timestamptz, p_to timestamptz)
RETURNS SETOF skillancer.rollup_cell
LANGUAGE sql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
SET timezone = 'UTC'
AS $fn$
	SELECT 'sum', m.metric, m.at, m.dims, NULL::integer, NULL::uuid, (-m.num)::bigint, (-m.den)::bigint, NULL::timestamptz[]
	FROM skillancer.metric_hour m WHERE m.metric = p_metric AND m.at >= p_from AND m.at < p_to
	UNION ALL
	SELECT 'histogram', m.metric, m.day::timestamptz, m.dims, m.bucket, NULL, 0, -m.n, NULL
	FROM skillancer.metric_histogram m WHERE m.metric = p_metric AND m.day >= p_from AND m.day < p_to
	UNION ALL
	SELECT 'member', m.metric, m.at::timestamptz, m.dims, NULL, m.subject, (-m.num)::bigint, -m.n, NULL
	FROM skillancer.metric_member m WHERE m.metric = p_metric AND m.level = 'day' AND m.at >= p_from AND m.at < p_to
$fn$;
COMMENT ON FUNCTION skillancer.rollup_stored(text, timestamptz, timestamptz) IS
	'What is stored of a metric in some days, as cells that take it away.';

-- rollup_rebuild
CREATE OR REPLACE FUNCTION skillancer.rollup_rebuild(p_metric text, p_from timestamptz DEFAULT '-infinity',
	p_to timestamptz DEFAULT 'infinity')
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
SET timezone = 'UTC'
AS $fn$
DECLARE
	v_consumer skillancer.consumer%ROWTYPE;
	v_from     timestamptz := CASE WHEN isfinite(p_from) THEN date_trunc('day', p_from) ELSE p_from END;
	v_to       timestamptz := CASE WHEN isfinite(p_to) THEN date_trunc('day', p_to - interval '1 microsecond') + interval '1 day' ELSE p_to END;
	v_cells    skillancer.rollup_cell[];
BEGIN
	IF NOT EXISTS (SELECT FROM skillancer.rollup_declared() d WHERE d.metric = p_metric) THEN
		RAISE EXCEPTION 'there is no metric "%"', p_metric
			USING ERRCODE = 'invalid_parameter_value', HINT = 'They are in skillancer.measure, cohort_measure and window_measure.';
	END IF;
	SELECT * INTO v_consumer FROM skillancer.consumer c WHERE c.name = 'analyst' FOR UPDATE;
	IF NOT FOUND THEN
		RETURN 0;
	END IF;
	IF EXISTS (SELECT FROM skillancer.cohort_measure h WHERE h.metric = p_metric) THEN
		RETURN skillancer.rollup_rebuild_cohort(p_metric, skillancer.utc_day(v_from), skillancer.utc_day(v_to));
	END IF;
	IF EXISTS (SELECT FROM skillancer.window_measure w WHERE w.metric = p_metric) THEN
		RETURN skillancer.rollup_rebuild_window(p_metric, skillancer.utc_day(v_from), skillancer.utc_day(v_to));
	END IF;
	IF EXISTS (SELECT FROM skillancer.measure m WHERE m.metric = p_metric AND m.source = 'event') THEN
		v_from := greatest(v_from, skillancer.rollup_horizon());
	END IF;
	IF EXISTS (SELECT FROM skillancer.measure m WHERE m.metric = p_metric AND m.mode = 'step') THEN
		v_from := skillancer.rollup_horizon();
		v_to := 'infinity';
		DELETE FROM skillancer.metric_step s WHERE s.metric = p_metric AND s.times[1] >= v_from;
	END IF;
	v_cells := ARRAY(
		SELECT c FROM skillancer.rollup_scan(v_consumer.epoch, NULL, v_consumer.position, v_from, v_to, NULL, p_metric) c
		WHERE c.mode <> 'events'
			AND NOT EXISTS (SELECT FROM skillancer.metric_step s WHERE s.metric = c.metric AND s.subject = c.subject AND c.mode = 'step')
		UNION ALL
		SELECT c FROM skillancer.rollup_stored(p_metric, v_from, v_to) c);
	PERFORM skillancer.rollup_apply(v_cells);
	DELETE FROM skillancer.metric_hour m WHERE m.metric = p_metric AND m.num = 0 AND m.den = 0;
	DELETE FROM skillancer.metric_day m WHERE m.metric = p_metric AND m.num = 0 AND m.den = 0;
	DELETE FROM skillancer.metric_month m WHERE m.metric = p_metric AND m.num = 0 AND m.den = 0;
	DELETE FROM skillancer.metric_histogram m WHERE m.metric = p_metric AND m.n = 0;
	DELETE FROM skillancer.metric_histogram_month m WHERE m.metric = p_metric AND m.n = 0;
	RETURN cardinality(v_cells);
END
$fn$;
COMMENT ON FUNCTION skillancer.rollup_rebuild(text, timestamptz, timestamptz) IS
	'Builds the rollups of a metric anew for some days (whole ones; steps: for all time) from what the analyst has read. Returns the number of cells that were compared. Long histories go day by day.';
ALTER FUNCTION skillancer.rollup_rebuild(text, timestamptz, timestamptz) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.rollup_rebuild(text, timestamptz, timestamptz) TO skillancer_admin;

-- rollup_rebuild_cohort
CREATE OR REPLACE FUNCTION skillancer.rollup_rebuild_cohort(p_metric text, p_from date, p_to date)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_marked bigint;
BEGIN
	INSERT INTO skillancer.rollup_invalid (metric, day)
	SELECT p_metric, c.day FROM skillancer.cohort_of(p_metric, p_from, p_to) c
	UNION
	SELECT p_metric, m.day FROM skillancer.metric_day m WHERE m.metric = p_metric AND m.day >= p_from AND m.day < p_to
	ON CONFLICT DO NOTHING;
	GET DIAGNOSTICS v_marked = ROW_COUNT;
	PERFORM skillancer.wake('analyst');
	RETURN v_marked;
END
$fn$;
COMMENT ON FUNCTION skillancer.rollup_rebuild_cohort(text, date, date) IS
	'Marks days of a cohort metric; the next ticks recompute them.';

-- rollup_rebuild_window
CREATE OR REPLACE FUNCTION skillancer.rollup_rebuild_window(p_metric text, p_from date, p_to date)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_written bigint;
BEGIN
	DELETE FROM skillancer.metric_day m WHERE m.metric = p_metric AND m.day >= p_from AND m.day < p_to;
	INSERT INTO skillancer.metric_day (metric, day, dims, num, den)
	SELECT p_metric, w.day, '{}', w.num, 0 FROM skillancer.window_of(p_metric, p_from, p_to) w;
	GET DIAGNOSTICS v_written = ROW_COUNT;
	RETURN v_written;
END
$fn$;
COMMENT ON FUNCTION skillancer.rollup_rebuild_window(text, date, date) IS
	'Counts the members of a window anew for some days; the caller holds the position of the analyst.';

-- rollup_build_next
CREATE OR REPLACE FUNCTION skillancer.rollup_build_next()
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_metric record;
BEGIN
	SELECT d.metric, d.declared INTO v_metric
	FROM skillancer.rollup_declared() d
	LEFT JOIN skillancer.rollup_built b ON b.metric = d.metric
	WHERE b.declared IS DISTINCT FROM d.declared
	ORDER BY EXISTS (SELECT FROM skillancer.measure m WHERE m.metric = d.metric) DESC, d.metric
	LIMIT 1;
	IF NOT FOUND OR NOT EXISTS (SELECT FROM skillancer.rollup_built) THEN
		RETURN 0;
	END IF;
	PERFORM skillancer.rollup_rebuild(v_metric.metric);
	INSERT INTO skillancer.rollup_built (metric, declared) VALUES (v_metric.metric, v_metric.declared)
	ON CONFLICT (metric) DO UPDATE SET declared = EXCLUDED.declared, built_at = EXCLUDED.built_at;
	RETURN 1;
END
$fn$;
COMMENT ON FUNCTION skillancer.rollup_build_next() IS
	'Builds one metric whose declaration is new or has changed, from the past; returns 1 while there was one.';
