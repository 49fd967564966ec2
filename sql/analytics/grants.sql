-- Table privileges of the rollups: the engine's alone. Analysts read views of skillancer_analytics.

GRANT SELECT, INSERT, UPDATE, DELETE ON skillancer.metric_hour, skillancer.metric_day, skillancer.metric_month,
	skillancer.metric_histogram, skillancer.metric_member, skillancer.metric_step, skillancer.rollup_invalid,
	skillancer.rollup_built, skillancer.read_day TO skillancer_engine;
GRANT SELECT, INSERT, UPDATE ON skillancer.rollup_seal TO skillancer_engine;
GRANT SELECT ON skillancer.rollup_seal TO skillancer_admin;

SET LOCAL ROLE skillancer_engine;
GRANT SELECT ON skillancer_analytics.metric_daily, skillancer_analytics.metric_monthly, skillancer_analytics.duration_monthly,
	skillancer_analytics.metric_definition TO skillancer_analyst, skillancer_admin;
