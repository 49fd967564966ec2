/*
 * sql/analytics/reported.sql
 *		Money in the reporting currency.
 *
 * Each day counts at its last rate, so a month is made of the rows of its days. Months that are over are kept in
 * metric_reported, so that a dashboard adds up the days of the current one alone. What is added to a month
 * (rollup_amend()), and a rate that becomes known (trigger on fx_rate), takes its rows away; the analyst makes them
 * again when no events wait.
 */

-- money_of_month
CREATE OR REPLACE FUNCTION skillancer_analytics.money_of_month(p_month date, p_reporting text, p_pivot text)
RETURNS TABLE (metric text, num numeric, den numeric)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
SET jit = off
AS $fn$
DECLARE
	v_next date := (p_month + interval '1 month')::date;
BEGIN
	RETURN QUERY
	WITH known AS (
		SELECT r.base AS currency, r.rate, r.valid_from AS since FROM skillancer.fx_rate r WHERE r.quote = p_pivot
		UNION ALL SELECT r.quote, 1 / r.rate, r.valid_from FROM skillancer.fx_rate r WHERE r.base = p_pivot
		UNION ALL SELECT p_pivot, 1, '-infinity'
	), spell AS (
		SELECT k.currency, skillancer.monetary_of(1, k.currency)::numeric * k.rate AS worth, k.since AT TIME ZONE 'UTC' AS since,
			lead(k.since, 1, 'infinity') OVER (PARTITION BY k.currency ORDER BY k.since) AT TIME ZONE 'UTC' AS until
		FROM known k
	), near AS MATERIALIZED (
		SELECT s.currency, s.worth, s.since, s.until FROM spell s WHERE s.since < v_next AND s.until > p_month
	), factor AS MATERIALIZED (
		SELECT w.currency, d.ends::date - 1 AS day, round(w.worth / o.worth, 12) AS factor
		FROM generate_series(p_month + interval '1 day', v_next::timestamp, interval '1 day') AS d (ends)
		JOIN near o ON o.currency = p_reporting AND o.since < d.ends AND o.until >= d.ends
		JOIN near w ON w.since < d.ends AND w.until >= d.ends
	)
	SELECT m.metric, CASE WHEN count(*) FILTER (WHERE f.factor IS NULL AND m.dims ->> 'currency' <> 'XCN') = 0
			THEN round(coalesce(sum(m.num * f.factor), 0)) END, sum(m.den)
	FROM skillancer.metric_day m
	LEFT JOIN factor f ON f.currency = m.dims ->> 'currency' AND f.day = m.day
	WHERE m.metric = ANY (ARRAY(SELECT p.metric FROM skillancer_analytics.money_metric p)) AND m.day >= p_month AND m.day < v_next
	GROUP BY m.metric;
END
$fn$;
COMMENT ON FUNCTION skillancer_analytics.money_of_month(date, text, text) IS
	'Metrics in money of a month, all currencies together in minor units of a reporting currency, at the last rate of each day, crossed over a pivot; num is NULL when a rate is missing.';
ALTER FUNCTION skillancer_analytics.money_of_month(date, text, text) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer_analytics.money_of_month(date, text, text) TO skillancer_analyst, skillancer_admin;

-- reported_store_next
CREATE OR REPLACE FUNCTION skillancer.reported_store_next()
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_basis record;
	v_month date;
BEGIN
	SELECT b.today, b.reporting, b.pivot INTO v_basis FROM skillancer_analytics.basis b;
	SELECT m.month INTO v_month
	FROM skillancer.metric_month m
	WHERE m.metric = ANY (ARRAY(SELECT p.metric FROM skillancer_analytics.money_metric p)) AND m.month < date_trunc('month', v_basis.today::timestamp)
		AND NOT EXISTS (SELECT FROM skillancer.metric_reported r WHERE r.month = m.month AND r.reporting = v_basis.reporting AND r.pivot = v_basis.pivot)
	ORDER BY m.month DESC LIMIT 1;
	-- who adds to rollups holds the position; who adds a rate shares the lock: the rows would miss it
	IF v_month IS NULL OR NOT pg_try_advisory_xact_lock(skillancer.reported_lock()) THEN
		RETURN 0;
	END IF;
	PERFORM FROM skillancer.consumer c WHERE c.name = 'analyst' FOR UPDATE;
	DELETE FROM skillancer.metric_reported r WHERE r.month = v_month;
	INSERT INTO skillancer.metric_reported (month, metric, reporting, pivot, num, den)
	SELECT v_month, m.metric, v_basis.reporting, v_basis.pivot, m.num, m.den
	FROM skillancer_analytics.money_of_month(v_month, v_basis.reporting, v_basis.pivot) m;
	RETURN 1;
END
$fn$;
COMMENT ON FUNCTION skillancer.reported_store_next() IS
	'Keeps the money of one month that is over in metric_reported, the newest first; returns 1 while there was one.';

-- reported_lock
CREATE OR REPLACE FUNCTION skillancer.reported_lock()
RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
	SELECT hashtextextended('skillancer.metric_reported', 0)
$fn$;
COMMENT ON FUNCTION skillancer.reported_lock() IS
	'The advisory lock of metric_reported: shared by who adds rates of exchange.';

-- The trigger on fx_rate.
CREATE OR REPLACE FUNCTION skillancer.reported_forget()
RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	PERFORM pg_advisory_xact_lock_shared(skillancer.reported_lock());
	DELETE FROM skillancer.metric_reported r WHERE r.month + interval '1 month' > NEW.valid_from AT TIME ZONE 'UTC';
	RETURN NULL;
END
$fn$;
COMMENT ON FUNCTION skillancer.reported_forget() IS
	'Trigger: takes away what was made of months for which a rate of exchange has become known.';
ALTER FUNCTION skillancer.reported_forget() OWNER TO skillancer_engine;
