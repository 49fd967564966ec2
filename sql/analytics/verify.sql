/*
 * sql/analytics/verify.sql
 *		Comparing the rollups with what happened.
 *
 * Everything is read by one snapshot: the position of the analyst, the events and postings that it has read, and the
 * rollups. So the comparison holds at any instant, under any load, and stops nobody.
 */

-- rollup_horizon
CREATE OR REPLACE FUNCTION skillancer.rollup_horizon()
RETURNS timestamptz
LANGUAGE sql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
	SELECT coalesce(max(s.month + interval '1 month') AT TIME ZONE 'UTC', '-infinity')
	FROM skillancer.rollup_seal s WHERE s.forgotten_at IS NOT NULL
$fn$;
COMMENT ON FUNCTION skillancer.rollup_horizon() IS 'Before it, events have been forgotten: rollups of them are what was sealed.';

-- rollup_expected
CREATE OR REPLACE FUNCTION skillancer.rollup_expected(p_from timestamptz, p_to timestamptz)
RETURNS TABLE (metric text, level text, at text, dims jsonb, detail text, value text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
SET timezone = 'UTC'
SET enable_nestloop = off
SET jit = off
AS $fn$
	WITH x AS MATERIALIZED (
		SELECT c.* FROM skillancer.consumer k
		CROSS JOIN LATERAL skillancer.rollup_scan(k.epoch, NULL, k.position, p_from, p_to, skillancer.rollup_horizon(), NULL) c
		WHERE k.name = 'analyst'
	), sums AS (
		SELECT x.metric, l.level, l.at, x.dims, sum(x.num) AS num, sum(x.den) AS den
		FROM x CROSS JOIN LATERAL (VALUES ('hour', x.at::text), ('day', skillancer.utc_day(x.at)::text),
			('month', skillancer.utc_month(x.at)::text)) l (level, at)
		WHERE x.mode = 'sum' GROUP BY 1, 2, 3, 4 HAVING sum(x.num) <> 0 OR sum(x.den) <> 0
	), members AS (
		SELECT x.metric, l.level, l.at, x.dims, x.subject, sum(x.num) AS num, sum(x.den) AS n
		FROM x CROSS JOIN LATERAL (VALUES ('day', skillancer.utc_day(x.at)), ('month', skillancer.utc_month(x.at))) l (level, at)
		WHERE x.mode = 'member' GROUP BY 1, 2, 3, 4, 5 HAVING sum(x.den) <> 0
	), began AS MATERIALIZED (
		SELECT h.metric, c.day, date_trunc('month', c.day::timestamp)::date AS month, c.reached, skillancer.histogram_bucket(c.seconds) AS bucket
		FROM skillancer.cohort_measure h
		CROSS JOIN LATERAL skillancer.cohort_times(h.metric, skillancer.utc_day(p_from), skillancer.utc_day(p_to)) c
	), cohorts AS (
		SELECT b.metric, 'day' AS level, b.day AS at, b.reached, b.bucket FROM began b
		WHERE NOT EXISTS (SELECT FROM skillancer.rollup_invalid i WHERE i.metric = b.metric AND i.day = b.day)
		UNION ALL
		SELECT b.metric, 'month', b.month, b.reached, b.bucket FROM began b
		WHERE NOT EXISTS (SELECT FROM skillancer.rollup_invalid i WHERE i.metric = b.metric AND i.day >= b.month AND i.day < b.month + interval '1 month')
	)
	SELECT s.metric, s.level, s.at, s.dims, '', format('%s/%s', s.num, s.den) FROM sums s
	UNION ALL
	SELECT x.metric, 'histogram ' || l.level, l.at::text, x.dims, x.bucket::text, sum(x.den)::text
	FROM x CROSS JOIN LATERAL (VALUES ('day', skillancer.utc_day(x.at)), ('month', skillancer.utc_month(x.at))) l (level, at)
	WHERE x.mode = 'histogram' GROUP BY 1, 2, 3, 4, 5 HAVING sum(x.den) <> 0
	UNION ALL
	SELECT m.metric, 'member ' || m.level, m.at::text, m.dims, m.subject::text, format('%s/%s', m.num, m.n) FROM members m
	UNION ALL
	SELECT m.metric, m.level, m.at::text, m.dims, '', format('%s/0', count(*)) FROM members m GROUP BY 1, 2, 3, 4
	UNION ALL
	SELECT x.metric, 'step', '', '{}', x.subject::text, skillancer.step_text(x.times, x.den, p_from)
	FROM x LEFT JOIN skillancer.metric_step s ON s.metric = x.metric AND s.subject = x.subject
	WHERE x.mode = 'step' AND coalesce(s.times[1] >= (SELECT greatest(p_from, skillancer.rollup_horizon())), true)
	UNION ALL
	SELECT c.metric, c.level, c.at::text, '{}', '', format('%s/%s', count(*) FILTER (WHERE c.reached), count(*)) FROM cohorts c GROUP BY 1, 2, 3
	UNION ALL
	SELECT c.metric, 'histogram ' || c.level, c.at::text, '{}', c.bucket::text, count(*)::text FROM cohorts c WHERE c.reached GROUP BY 1, 2, 3, 5
	UNION ALL
	SELECT w.metric, 'day', c.day::text, '{}', '', format('%s/0', c.num)
	FROM skillancer.window_measure w
	CROSS JOIN LATERAL skillancer.window_of(w.metric, skillancer.utc_day(p_from), skillancer.utc_day(p_to)) c
	UNION ALL
	SELECT m.metric, 'reported', s.month::text, '{}', '', format('%s/%s', m.num, m.den)
	FROM (SELECT r.month, r.reporting, r.pivot FROM skillancer.metric_reported r WHERE r.month >= p_from AND r.month < p_to GROUP BY 1, 2, 3) s
	CROSS JOIN LATERAL skillancer_analytics.money_of_month(s.month, s.reporting, s.pivot) m
	UNION ALL
	SELECT r.kind || '_views', 'day', r.day::text, '{}', '', format('%s/%s', sum(r.n), sum(r.n))
	FROM skillancer.read_day r WHERE r.day >= p_from AND r.day < p_to GROUP BY 1, 3
	UNION ALL
	SELECT 'seal', 'month', s.month::text, '{}', '', encode(s.checksum, 'hex')
	FROM skillancer.rollup_seal s WHERE s.month >= p_from AND s.month < p_to
$fn$;
COMMENT ON FUNCTION skillancer.rollup_expected(timestamptz, timestamptz) IS
	'The rollups of some months, recomputed from the events and postings that the analyst has read.';

-- step_text
CREATE OR REPLACE FUNCTION skillancer.step_text(p_times timestamptz[], p_n bigint, p_from timestamptz)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
	SELECT CASE WHEN p_from = '-infinity' THEN format('%s × %s', p_times, p_n) ELSE p_times[1]::text END
$fn$;
COMMENT ON FUNCTION skillancer.step_text(timestamptz[], bigint, timestamptz) IS
	'What is compared of a step: all of it, or of some months only the first time.';

-- rollup_found
CREATE OR REPLACE FUNCTION skillancer.rollup_found(p_from timestamptz, p_to timestamptz)
RETURNS TABLE (metric text, level text, at text, dims jsonb, detail text, value text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
SET timezone = 'UTC'
SET enable_nestloop = off
SET jit = off
AS $fn$
	WITH known AS (
		SELECT k.metric, greatest(p_from, CASE WHEN k.of_events THEN skillancer.rollup_horizon() ELSE '-infinity' END) AS since
		FROM (SELECT m.metric, bool_or(m.source = 'event') AS of_events FROM skillancer.measure m GROUP BY m.metric
			UNION ALL SELECT h.metric, false FROM skillancer.cohort_measure h
			UNION ALL SELECT w.metric, false FROM skillancer.window_measure w
			UNION ALL SELECT DISTINCT r.kind || '_views', false FROM skillancer.read_day r) k
	)
	SELECT m.metric, 'hour', m.at::text, m.dims, '', format('%s/%s', m.num, m.den)
	FROM skillancer.metric_hour m JOIN known k USING (metric)
	WHERE m.at >= k.since AND m.at < p_to AND (m.num <> 0 OR m.den <> 0) AND m.metric !~ '_views$'
	UNION ALL
	SELECT m.metric, 'day', m.day::text, m.dims, '', format('%s/%s', m.num, m.den)
	FROM skillancer.metric_day m JOIN known k USING (metric)
	WHERE m.day >= k.since AND m.day < p_to AND (m.num <> 0 OR m.den <> 0)
		AND NOT EXISTS (SELECT FROM skillancer.rollup_invalid i WHERE i.metric = m.metric AND i.day = m.day)
	UNION ALL
	SELECT m.metric, 'month', m.month::text, m.dims, '', format('%s/%s', m.num, m.den)
	FROM skillancer.metric_month m JOIN known k USING (metric)
	WHERE m.month >= k.since AND m.month < p_to AND (m.num <> 0 OR m.den <> 0) AND m.metric !~ '_views$'
		AND NOT EXISTS (SELECT FROM skillancer.rollup_invalid i WHERE i.metric = m.metric AND i.day >= m.month AND i.day < m.month + interval '1 month')
	UNION ALL
	SELECT m.metric, 'histogram day', m.day::text, m.dims, m.bucket::text, m.n::text
	FROM skillancer.metric_histogram m JOIN known k USING (metric)
	WHERE m.day >= k.since AND m.day < p_to AND m.n <> 0
		AND NOT EXISTS (SELECT FROM skillancer.rollup_invalid i WHERE i.metric = m.metric AND i.day = m.day)
	UNION ALL
	SELECT m.metric, 'histogram month', m.month::text, m.dims, m.bucket::text, m.n::text
	FROM skillancer.metric_histogram_month m JOIN known k USING (metric)
	WHERE m.month >= k.since AND m.month < p_to AND m.n <> 0
		AND NOT EXISTS (SELECT FROM skillancer.rollup_invalid i WHERE i.metric = m.metric AND i.day >= m.month AND i.day < m.month + interval '1 month')
	UNION ALL
	SELECT r.metric, 'reported', r.month::text, '{}', '', format('%s/%s', r.num, r.den)
	FROM skillancer.metric_reported r WHERE r.month >= p_from AND r.month < p_to
	UNION ALL
	SELECT m.metric, 'member ' || m.level, m.at::text, m.dims, m.subject::text, format('%s/%s', m.num, m.n)
	FROM skillancer.metric_member m JOIN known k USING (metric) WHERE m.at >= k.since AND m.at < p_to
	UNION ALL
	SELECT s.metric, 'step', '', '{}', s.subject::text, skillancer.step_text(s.times, s.n, p_from)
	FROM skillancer.metric_step s JOIN known k USING (metric) WHERE s.times[1] >= k.since AND s.times[1] < p_to
	UNION ALL
	SELECT 'seal', 'month', s.month::text, '{}', '', encode(skillancer.rollup_checksum(s.month), 'hex')
	FROM skillancer.rollup_seal s WHERE s.month >= p_from AND s.month < p_to
$fn$;
COMMENT ON FUNCTION skillancer.rollup_found(timestamptz, timestamptz) IS 'The rollups of some months, as they are stored.';

-- rollup_verify
CREATE OR REPLACE FUNCTION skillancer.rollup_verify(p_from timestamptz DEFAULT '-infinity', p_to timestamptz DEFAULT 'infinity')
RETURNS TABLE (metric text, level text, at text, dims jsonb, detail text, expected text, found text)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
SET timezone = 'UTC'
AS $fn$
DECLARE
	v_from timestamptz := CASE WHEN isfinite(p_from) THEN date_trunc('month', p_from) ELSE p_from END;
	v_to   timestamptz := CASE WHEN isfinite(p_to) THEN date_trunc('month', p_to - interval '1 microsecond') + interval '1 month' ELSE p_to END;
BEGIN
	RETURN QUERY
	SELECT e.metric, e.level, e.at, e.dims, e.detail, e.value, f.value
	FROM skillancer.rollup_expected(v_from, v_to) e
	FULL JOIN skillancer.rollup_found(v_from, v_to) f USING (metric, level, at, dims, detail)
	WHERE e.value IS DISTINCT FROM f.value;
END
$fn$;
COMMENT ON FUNCTION skillancer.rollup_verify(timestamptz, timestamptz) IS
	'What differs between the rollups of some months (whole ones) and what happened, as far as the analyst has read; empty. All is read by one snapshot.';
ALTER FUNCTION skillancer.rollup_verify(timestamptz, timestamptz) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.rollup_verify(timestamptz, timestamptz) TO skillancer_admin;

-- rollup_checksum
CREATE OR REPLACE FUNCTION skillancer.rollup_checksum(p_month date)
RETURNS bytea
LANGUAGE sql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
	SELECT sha256(convert_to(coalesce(string_agg(r.line, E'\n' ORDER BY r.line COLLATE "C"), ''), 'UTF8'))
	FROM (
		SELECT format('%s %s %s %s %s', m.metric, m.day, m.dims, m.num, m.den) AS line
		FROM skillancer.metric_day m WHERE m.day >= p_month AND m.day < p_month + interval '1 month'
			AND EXISTS (SELECT FROM skillancer.measure k WHERE k.metric = m.metric)
		UNION ALL
		SELECT format('%s %s %s %s %s', m.metric, m.day, m.dims, m.bucket, m.n)
		FROM skillancer.metric_histogram m WHERE m.day >= p_month AND m.day < p_month + interval '1 month'
			AND EXISTS (SELECT FROM skillancer.measure k WHERE k.metric = m.metric)) r
$fn$;
COMMENT ON FUNCTION skillancer.rollup_checksum(date) IS 'SHA-256 over the days and histograms of a month.';

-- rollup_seal_month
CREATE OR REPLACE FUNCTION skillancer.rollup_seal_month(p_month date)
RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
SET timezone = 'UTC'
AS $fn$
DECLARE
	v_wrong record;
BEGIN
	IF EXISTS (SELECT FROM skillancer.rollup_seal s WHERE s.month = p_month) THEN
		RETURN true;
	END IF;
	IF NOT skillancer.rollup_idle() THEN
		PERFORM skillancer.rollup_tick();
	END IF;
	SELECT * INTO v_wrong FROM skillancer.rollup_verify(p_month, p_month + interval '1 month') LIMIT 1;
	IF FOUND THEN
		RAISE WARNING 'rollup % of % is not what happened: % is %', v_wrong.metric, v_wrong.at, v_wrong.found, v_wrong.expected;
		RETURN false;
	END IF;
	INSERT INTO skillancer.rollup_seal (month, events, cells, checksum)
	SELECT p_month, (SELECT count(*) FROM skillancer.event e WHERE e.at >= p_month AND e.at < p_month + interval '1 month'),
		(SELECT count(*) FROM skillancer.metric_day m WHERE m.day >= p_month AND m.day < p_month + interval '1 month'),
		skillancer.rollup_checksum(p_month);
	RETURN true;
END
$fn$;
COMMENT ON FUNCTION skillancer.rollup_seal_month(date) IS
	'Compares the rollups of a month with what happened and seals them; false when they differ: then nothing may be forgotten.';
ALTER FUNCTION skillancer.rollup_seal_month(date) OWNER TO skillancer_engine;

-- rollup_seal_forgotten
CREATE OR REPLACE FUNCTION skillancer.rollup_seal_forgotten(p_month date)
RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
	UPDATE skillancer.rollup_seal s SET forgotten_at = skillancer.now() WHERE s.month = p_month
$fn$;
COMMENT ON FUNCTION skillancer.rollup_seal_forgotten(date) IS 'Notes that the events of a month are gone.';
ALTER FUNCTION skillancer.rollup_seal_forgotten(date) OWNER TO skillancer_engine;

-- rollup_amend
CREATE OR REPLACE FUNCTION skillancer.rollup_amend(p_months date[])
RETURNS void
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
	DELETE FROM skillancer.metric_reported r WHERE r.month = ANY (p_months);
	UPDATE skillancer.rollup_seal s SET checksum = skillancer.rollup_checksum(s.month), amended = s.amended + 1
	WHERE s.month = ANY (p_months)
$fn$;
COMMENT ON FUNCTION skillancer.rollup_amend(date[]) IS
	'Seals months anew to which events were added that came late, and takes away what was made of them.';
