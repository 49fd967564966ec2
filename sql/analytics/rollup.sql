/*
 * sql/analytics/rollup.sql
 *		Adding up what happens: what the analyst calls.
 *
 * A batch is one tick over the event log and the ledger (sql/core/consumers.sql): rollup_scan() reads what became
 * visible between the stored position A and the current snapshot B and adds it up to cells, rollup_apply() adds the
 * cells to the rollups of all levels, and B is stored, in one transaction. Cells only hold what can be added in any
 * order. What cannot is marked in rollup_invalid, and recomputed in one of the next batches. The position of both sources
 * is the row "analyst" of consumer.
 */

-- rollup_scan
CREATE OR REPLACE FUNCTION skillancer.rollup_scan(p_epoch integer, p_a pg_snapshot, p_b pg_snapshot,
	p_from timestamptz, p_to timestamptz, p_events_from timestamptz, p_metric text)
RETURNS SETOF skillancer.rollup_cell
LANGUAGE c STABLE
AS 'MODULE_PATHNAME', 'skl_fn_rollup_scan';
COMMENT ON FUNCTION skillancer.rollup_scan(integer, pg_snapshot, pg_snapshot, timestamptz, timestamptz, timestamptz, text) IS
	'Adds up events and entries of the ledger: those that became visible between A and B; without A all that B sees, earlier epochs too; without B all of the epoch that A does not see. Times and metric restrict it.';

-- utc_day
CREATE OR REPLACE FUNCTION skillancer.utc_day(p_at timestamptz)
RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
	SELECT (p_at AT TIME ZONE 'UTC')::date
$fn$;
COMMENT ON FUNCTION skillancer.utc_day(timestamptz) IS 'The day of a time in UTC.';

-- utc_month
CREATE OR REPLACE FUNCTION skillancer.utc_month(p_at timestamptz)
RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
	SELECT date_trunc('month', p_at AT TIME ZONE 'UTC')::date
$fn$;
COMMENT ON FUNCTION skillancer.utc_month(timestamptz) IS 'The first day of the month of a time in UTC.';

-- rollup_add
CREATE OR REPLACE FUNCTION skillancer.rollup_add(p_cells skillancer.rollup_cell[])
RETURNS date[]
LANGUAGE c VOLATILE STRICT
AS 'MODULE_PATHNAME', 'skl_fn_rollup_add';
COMMENT ON FUNCTION skillancer.rollup_add(skillancer.rollup_cell[]) IS
	'Adds cells to the rollups of all levels, keeps count of different subjects, marks the days of cohorts that change. Returns the months that it wrote to. One transaction at a time: the caller holds the position of the analyst.';

-- rollup_apply
CREATE OR REPLACE FUNCTION skillancer.rollup_apply(p_cells skillancer.rollup_cell[])
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	PERFORM skillancer.rollup_amend(skillancer.rollup_add(p_cells));
END
$fn$;
COMMENT ON FUNCTION skillancer.rollup_apply(skillancer.rollup_cell[]) IS
	'Adds cells to the rollups of all levels; months that were sealed are sealed anew.';

-- rollup_recompute
CREATE OR REPLACE FUNCTION skillancer.rollup_recompute(p_metric text, p_day date)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_month date := date_trunc('month', p_day)::date;
BEGIN
	WITH gone AS (
		DELETE FROM skillancer.metric_histogram m WHERE m.metric = p_metric AND m.day = p_day RETURNING m.dims, m.bucket, m.n
	)
	UPDATE skillancer.metric_histogram_month m SET n = m.n - g.n
	FROM gone g WHERE m.metric = p_metric AND m.month = v_month AND m.dims = g.dims AND m.bucket = g.bucket;
	DELETE FROM skillancer.metric_day m WHERE m.metric = p_metric AND m.day = p_day;
	DELETE FROM skillancer.metric_month m WHERE m.metric = p_metric AND m.month = v_month;
	WITH t AS MATERIALIZED (
		SELECT c.seconds, c.reached FROM skillancer.cohort_times(p_metric, p_day, p_day + 1) c
	), sums AS (
		INSERT INTO skillancer.metric_day (metric, day, dims, num, den)
		SELECT p_metric, p_day, '{}', count(*) FILTER (WHERE t.reached), count(*) FROM t HAVING count(*) > 0
	), buckets AS (
		INSERT INTO skillancer.metric_histogram (metric, day, dims, bucket, n)
		SELECT p_metric, p_day, '{}', skillancer.histogram_bucket(t.seconds), count(*) FROM t WHERE t.reached GROUP BY 4
		RETURNING dims, bucket, n
	)
	INSERT INTO skillancer.metric_histogram_month AS m (metric, month, dims, bucket, n)
	SELECT p_metric, v_month, b.dims, b.bucket, b.n FROM buckets b
	ON CONFLICT (month, metric, dims, bucket) DO UPDATE SET n = m.n + EXCLUDED.n;
	INSERT INTO skillancer.metric_month (metric, month, dims, num, den)
	SELECT p_metric, v_month, '{}', sum(m.num), sum(m.den)
	FROM skillancer.metric_day m
	WHERE m.metric = p_metric AND m.day >= v_month AND m.day < v_month + interval '1 month'
	HAVING count(*) > 0;
END
$fn$;
COMMENT ON FUNCTION skillancer.rollup_recompute(text, date) IS
	'Recomputes what a cohort metric tells of one day, and its month.';

-- cohort_times
CREATE OR REPLACE FUNCTION skillancer.cohort_times(p_metric text, p_from date, p_to date)
RETURNS TABLE (day date, seconds double precision, reached boolean)
LANGUAGE sql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
-- by keys: plans are kept while the table grows
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $fn$
	SELECT skillancer.utc_day(e.times[1]), greatest(extract(epoch FROM g.times[h.nth] - e.times[1]), 0)::double precision,
		coalesce(g.times[h.nth] <= e.times[1] + coalesce(h.within, interval '1000 years'), false)
	FROM skillancer.cohort_measure h
	JOIN skillancer.metric_step e ON e.metric = h.entry AND e.times[1] >= p_from::timestamp AT TIME ZONE 'UTC'
		AND e.times[1] < p_to::timestamp AT TIME ZONE 'UTC'
	LEFT JOIN skillancer.metric_step g ON g.metric = h.goal AND g.subject = e.subject
	WHERE h.metric = p_metric
$fn$;
COMMENT ON FUNCTION skillancer.cohort_times(text, date, date) IS
	'All that began in some days: how long it took to the goal (NULL: not reached yet), and whether that was within the period.';

-- cohort_of
CREATE OR REPLACE FUNCTION skillancer.cohort_of(p_metric text, p_from date, p_to date)
RETURNS TABLE (day date, num numeric, den numeric)
LANGUAGE sql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
	SELECT t.day, count(*) FILTER (WHERE t.reached)::numeric, count(*)::numeric
	FROM skillancer.cohort_times(p_metric, p_from, p_to) t GROUP BY t.day
$fn$;
COMMENT ON FUNCTION skillancer.cohort_of(text, date, date) IS
	'By day: how many began, and how many of them reached the goal.';

-- window_of
CREATE OR REPLACE FUNCTION skillancer.window_of(p_metric text, p_from date, p_to date)
RETURNS TABLE (day date, num numeric)
LANGUAGE sql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
	WITH member AS (
		SELECT m.at, lead(m.at) OVER (PARTITION BY m.subject ORDER BY m.at) AS next, w.days
		FROM skillancer.window_measure w
		JOIN skillancer.metric_member m ON m.metric = w.members AND m.level = 'day' AND m.at > p_from - w.days AND m.at < p_to
		WHERE w.metric = p_metric
	), turn AS (
		SELECT m.at, 1 AS n FROM member m UNION ALL SELECT least(m.at + m.days, m.next), -1 FROM member m
	), spell AS (
		SELECT t.at, sum(sum(t.n)) OVER (ORDER BY t.at) AS n, lead(t.at) OVER (ORDER BY t.at) AS until FROM turn t GROUP BY t.at
	)
	SELECT d.day::date, s.n::numeric
	FROM spell s
	CROSS JOIN LATERAL generate_series(greatest(s.at, p_from), least(s.until, p_to) - 1, interval '1 day') AS d (day)
	WHERE s.n <> 0
$fn$;
COMMENT ON FUNCTION skillancer.window_of(text, date, date) IS
	'How many different subjects a window counts on each of some days, recomputed from the members of days.';

-- rollup_revalidate
CREATE OR REPLACE FUNCTION skillancer.rollup_revalidate(p_limit integer, p_ms integer DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_end  timestamptz := clock_timestamp() + p_ms * interval '1 millisecond';
	v_mark record;
	v_done bigint := 0;
BEGIN
	IF NOT EXISTS (SELECT FROM skillancer.rollup_invalid) THEN
		RETURN 0;
	END IF;
	-- whoever marks days holds the position
	PERFORM FROM skillancer.consumer c WHERE c.name = 'analyst' FOR UPDATE;
	FOR v_mark IN
		SELECT i.metric, i.day FROM skillancer.rollup_invalid i ORDER BY i.marked_at, i.day DESC, i.metric LIMIT p_limit
	LOOP
		EXIT WHEN clock_timestamp() > v_end;
		DELETE FROM skillancer.rollup_invalid i WHERE i.metric = v_mark.metric AND i.day = v_mark.day;
		PERFORM skillancer.rollup_recompute(v_mark.metric, v_mark.day);
		v_done := v_done + 1;
	END LOOP;
	RETURN v_done;
END
$fn$;
COMMENT ON FUNCTION skillancer.rollup_revalidate(integer, integer) IS
	'Recomputes days of metrics that were marked, those that wait longest first, until a limit or a time is reached; returns how many.';

-- rollup_idle
CREATE OR REPLACE FUNCTION skillancer.rollup_idle()
RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_position pg_snapshot;
	v_read     boolean;
BEGIN
	IF NOT skillancer.consumer_idle('analyst') THEN
		RETURN false;
	END IF;
	SELECT c.position INTO v_position FROM skillancer.consumer c WHERE c.name = 'analyst';
	-- the position as constants, so that the index on xid answers
	EXECUTE format('SELECT NOT EXISTS (
			SELECT FROM skillancer.ledger_entry l WHERE l.epoch = %2$s AND (l.xid >= pg_snapshot_xmax(%1$L::pg_snapshot)
				OR l.xid = ANY (%3$L::xid8[])))', v_position, skillancer.epoch(), ARRAY(SELECT pg_snapshot_xip(v_position)))
	INTO v_read;
	RETURN v_read;
END
$fn$;
COMMENT ON FUNCTION skillancer.rollup_idle() IS
	'Whether the analyst has read all events and postings.';

-- rollup_begun
CREATE OR REPLACE FUNCTION skillancer.rollup_begun()
RETURNS boolean
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	IF EXISTS (SELECT FROM skillancer.rollup_built) THEN
		RETURN true;
	END IF;
	INSERT INTO skillancer.rollup_built (metric, declared)
	SELECT d.metric, d.declared FROM skillancer.rollup_declared() d;
	RETURN false;
END
$fn$;
COMMENT ON FUNCTION skillancer.rollup_begun() IS
	'Whether there has been a tick; if not, notes that the first one builds every metric.';

-- rollup_tick
CREATE OR REPLACE FUNCTION skillancer.rollup_tick(OUT rows bigint, OUT lag_seconds double precision)
RETURNS record
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_tick   record;
	v_cells  skillancer.rollup_cell[];
	v_events skillancer.rollup_cell;
BEGIN
	SELECT * INTO v_tick FROM skillancer.tick_open('analyst');
	-- the first tick takes all there is, of earlier epochs too
	v_cells := ARRAY(SELECT c FROM skillancer.rollup_scan(v_tick.epoch,
		CASE WHEN skillancer.rollup_begun() THEN v_tick.position_a END, v_tick.position_b, NULL, NULL, NULL, NULL) c);
	v_events := v_cells[cardinality(v_cells)];
	rows := v_events.den;
	lag_seconds := coalesce(extract(epoch FROM skillancer.now() - v_events.at), 0);
	PERFORM skillancer.rollup_apply(v_cells);
	PERFORM skillancer.tick_close('analyst', v_tick.position_b, rows);
END
$fn$;
COMMENT ON FUNCTION skillancer.rollup_tick() IS
	'One tick: adds up what became visible since the position, and moves it. Returns how many events, and how old the first one was.';

-- analyst_batch
CREATE OR REPLACE FUNCTION skillancer.analyst_batch(p_recompute_ms integer DEFAULT 1000, OUT rows bigint,
	OUT lag_seconds double precision, OUT recomputed bigint)
RETURNS record
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_tick record;
BEGIN
	rows := skillancer.reads_write() + skillancer.rollup_build_next();
	recomputed := CASE WHEN p_recompute_ms > 0 THEN skillancer.rollup_revalidate(500, p_recompute_ms) ELSE 0 END;
	rows := rows + recomputed;
	lag_seconds := 0;
	IF skillancer.rollup_idle() THEN
		rows := rows + skillancer.reported_store_next();
		RETURN;
	END IF;
	SELECT * INTO v_tick FROM skillancer.rollup_tick();
	rows := rows + v_tick.rows;
	lag_seconds := v_tick.lag_seconds;
END
$fn$;
COMMENT ON FUNCTION skillancer.analyst_batch(integer) IS
	'What the analyst does in one transaction: writes down reads, builds a metric that is new, recomputes for some time what was marked, ticks; when nothing is left to read, keeps the money of a month that is over.';
ALTER FUNCTION skillancer.analyst_batch(integer) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.analyst_batch(integer) TO skillancer_worker;

-- rollup_adopt
CREATE OR REPLACE FUNCTION skillancer.rollup_adopt(p_new integer)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_consumer skillancer.consumer%ROWTYPE;
	v_cells    skillancer.rollup_cell[];
BEGIN
	SELECT * INTO v_consumer FROM skillancer.consumer c WHERE c.name = 'analyst' FOR UPDATE;
	IF NOT FOUND THEN
		RETURN 0;
	END IF;
	v_cells := ARRAY(SELECT c FROM skillancer.rollup_scan(v_consumer.epoch, v_consumer.position, NULL, NULL, NULL, NULL, NULL) c);
	PERFORM skillancer.rollup_apply(v_cells);
	UPDATE skillancer.consumer c SET epoch = p_new, position = skillancer.tick_snapshot() WHERE c.name = 'analyst';
	RETURN (v_cells[cardinality(v_cells)]).den;
END
$fn$;
COMMENT ON FUNCTION skillancer.rollup_adopt(integer) IS
	'Adds up what the analyst had not read in the epoch that ends, and starts the new one; part of adopt(). Returns how many events.';
