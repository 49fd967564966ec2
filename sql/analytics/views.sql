-- What analysts see: sums and percentiles, never a subject. The views read the rollups as the engine, which nobody else may.

-- Sums by day.
CREATE VIEW skillancer_analytics.metric_daily WITH (security_barrier = true) AS
SELECT m.metric, m.day, m.dims, m.num, m.den, c.ticked_at AS as_of
FROM skillancer.metric_day m
CROSS JOIN skillancer.consumer c
WHERE c.name = 'analyst' AND (m.num <> 0 OR m.den <> 0)
	AND (m.dims = '{}' OR m.num >= 5 OR NOT m.dims ? 'role');
COMMENT ON VIEW skillancer_analytics.metric_daily IS
	'Every metric by day (UTC) and dimensions: numerator and denominator; what they mean is in metric_definition. Groups of fewer than five people are left out.';
COMMENT ON COLUMN skillancer_analytics.metric_daily.metric IS 'Name of the metric.';
COMMENT ON COLUMN skillancer_analytics.metric_daily.day IS 'Day in UTC; of cohorts the day on which they began.';
COMMENT ON COLUMN skillancer_analytics.metric_daily.dims IS 'Dimensions: category, currency, source, role and such; {} when the metric has none.';
COMMENT ON COLUMN skillancer_analytics.metric_daily.num IS 'Numerator: money in minor units of the dimension currency, seconds, or a count.';
COMMENT ON COLUMN skillancer_analytics.metric_daily.den IS 'Denominator: how many facts were added up, or how many began.';
COMMENT ON COLUMN skillancer_analytics.metric_daily.as_of IS 'When the analyst last read what had happened.';

-- Sums by month.
CREATE VIEW skillancer_analytics.metric_monthly WITH (security_barrier = true) AS
SELECT m.metric, m.month, m.dims, m.num, m.den, c.ticked_at AS as_of
FROM skillancer.metric_month m
CROSS JOIN skillancer.consumer c
WHERE c.name = 'analyst' AND (m.num <> 0 OR m.den <> 0)
	AND (m.dims = '{}' OR m.num >= 5 OR NOT m.dims ? 'role');
COMMENT ON VIEW skillancer_analytics.metric_monthly IS
	'Every metric by month (UTC) and dimensions. People of a month are counted once, so this is not the sum of the days.';
COMMENT ON COLUMN skillancer_analytics.metric_monthly.metric IS 'Name of the metric.';
COMMENT ON COLUMN skillancer_analytics.metric_monthly.month IS 'First day of the month.';
COMMENT ON COLUMN skillancer_analytics.metric_monthly.dims IS 'Dimensions: category, currency, source, role and such; {} when the metric has none.';
COMMENT ON COLUMN skillancer_analytics.metric_monthly.num IS 'Numerator: money in minor units of the dimension currency, seconds, or a count.';
COMMENT ON COLUMN skillancer_analytics.metric_monthly.den IS 'Denominator: how many facts were added up, or how many began.';
COMMENT ON COLUMN skillancer_analytics.metric_monthly.as_of IS 'When the analyst last read what had happened.';

-- How long things take.
CREATE VIEW skillancer_analytics.duration_monthly WITH (security_barrier = true) AS
SELECT b.metric, b.month, sum(b.n)::bigint AS n,
	skillancer.histogram_percentile(array_agg(b.bucket ORDER BY b.bucket), array_agg(b.n ORDER BY b.bucket), 0.5) AS p50,
	skillancer.histogram_percentile(array_agg(b.bucket ORDER BY b.bucket), array_agg(b.n ORDER BY b.bucket), 0.9) AS p90,
	skillancer.histogram_percentile(array_agg(b.bucket ORDER BY b.bucket), array_agg(b.n ORDER BY b.bucket), 0.95) AS p95,
	c.ticked_at AS as_of
FROM (
	SELECT h.metric, date_trunc('month', h.day::timestamp)::date AS month, h.bucket, sum(h.n)::bigint AS n
	FROM skillancer.metric_histogram h GROUP BY 1, 2, 3) b
CROSS JOIN skillancer.consumer c
WHERE c.name = 'analyst'
GROUP BY b.metric, b.month, c.ticked_at;
COMMENT ON VIEW skillancer_analytics.duration_monthly IS
	'How long things took, by month: percentiles in seconds, within 2 %. Of cohorts: those that reached the goal, by the month in which they began.';
COMMENT ON COLUMN skillancer_analytics.duration_monthly.metric IS 'Name of the metric.';
COMMENT ON COLUMN skillancer_analytics.duration_monthly.month IS 'First day of the month.';
COMMENT ON COLUMN skillancer_analytics.duration_monthly.n IS 'How many were measured.';
COMMENT ON COLUMN skillancer_analytics.duration_monthly.p50 IS 'Median in seconds.';
COMMENT ON COLUMN skillancer_analytics.duration_monthly.p90 IS 'Seconds in which nine of ten were done.';
COMMENT ON COLUMN skillancer_analytics.duration_monthly.p95 IS 'Seconds in which 19 of 20 were done.';
COMMENT ON COLUMN skillancer_analytics.duration_monthly.as_of IS 'When the analyst last read what had happened.';

-- What a metric is made of.
CREATE VIEW skillancer_analytics.metric_definition WITH (security_barrier = true) AS
SELECT m.metric, replace(m.metric, '_', ' ') AS title,
	CASE WHEN m.metric ~ '_seconds$' THEN 'seconds' WHEN m.value = 'amount' THEN 'minor units' ELSE 'count' END AS unit,
	format('%s of %s', m.mode, string_agg(format('%s%s %s%s', CASE m.sign WHEN 1 THEN '+' ELSE '-' END, m.value, m.match,
		' in ' || array_to_string(m.kinds, ', ')), '; ' ORDER BY m.match, m.sign)) AS sql,
	CASE m.mode WHEN 'member' THEN 'Different people or pairs' WHEN 'step' THEN 'First times, for cohorts' ELSE 'Added up' END AS description
FROM skillancer.measure m
GROUP BY m.metric, m.mode, CASE WHEN m.metric ~ '_seconds$' THEN 'seconds' WHEN m.value = 'amount' THEN 'minor units' ELSE 'count' END
UNION ALL
SELECT h.metric, replace(h.metric, '_', ' '), 'share',
	format('of all with %s: those with %s (%s.) within %s', h.entry, h.goal, h.nth, coalesce(h.within::text, 'any time')),
	'Of all that began on a day (den), how many reached the goal (num)'
FROM skillancer.cohort_measure h;
COMMENT ON VIEW skillancer_analytics.metric_definition IS 'Every metric, and how it is made.';
COMMENT ON COLUMN skillancer_analytics.metric_definition.metric IS 'Name of the metric.';
COMMENT ON COLUMN skillancer_analytics.metric_definition.title IS 'The same as words.';
COMMENT ON COLUMN skillancer_analytics.metric_definition.unit IS 'Unit of the numerator.';
COMMENT ON COLUMN skillancer_analytics.metric_definition.sql IS 'Which events or entries of the ledger count, with which sign; or the steps of a cohort.';
COMMENT ON COLUMN skillancer_analytics.metric_definition.description IS 'How numerator and denominator are to be read.';

RESET ROLE;
ALTER VIEW skillancer_analytics.metric_daily OWNER TO skillancer_engine;
ALTER VIEW skillancer_analytics.metric_monthly OWNER TO skillancer_engine;
ALTER VIEW skillancer_analytics.duration_monthly OWNER TO skillancer_engine;
ALTER VIEW skillancer_analytics.metric_definition OWNER TO skillancer_engine;
SET LOCAL ROLE skillancer_owner;
