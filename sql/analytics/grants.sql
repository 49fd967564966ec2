-- Table privileges of the rollups: the engine's alone. Analysts read views of skillancer_analytics.

GRANT SELECT, INSERT, UPDATE, DELETE ON skillancer.metric_hour, skillancer.metric_day, skillancer.metric_month,
	skillancer.metric_histogram, skillancer.metric_histogram_month, skillancer.metric_member, skillancer.metric_step, skillancer.rollup_invalid,
	skillancer.rollup_built, skillancer.read_day, skillancer.metric_reported, skillancer.search_click TO skillancer_engine;
GRANT SELECT, INSERT, UPDATE ON skillancer.rollup_seal TO skillancer_engine;
GRANT SELECT ON skillancer.rollup_seal TO skillancer_admin;

GRANT SELECT ON skillancer.currency, skillancer.delivery TO skillancer_engine;

-- all views but those that only other views read
SET LOCAL ROLE skillancer_engine;
GRANT SELECT ON skillancer_analytics.ledger_posting, skillancer_analytics.metric_definition, skillancer_analytics.metric_daily, skillancer_analytics.metric_monthly,
	skillancer_analytics.duration_monthly, skillancer_analytics.figure_monthly, skillancer_analytics.figure_reported,
	skillancer_analytics.trial_balance, skillancer_analytics.balance_monthly, skillancer_analytics.cohort_monthly,
	skillancer_analytics.funnel_monthly, skillancer_analytics.active_daily, skillancer_analytics.retention_monthly,
	skillancer_analytics.churn_monthly, skillancer_analytics.concentration_monthly, skillancer_analytics.country_monthly,
	skillancer_analytics.escrow_age, skillancer_analytics.delivery_monthly, skillancer_analytics.reply_monthly,
	skillancer_analytics.search_monthly, skillancer_analytics.search_rank_monthly, skillancer_analytics.search_missed, skillancer_analytics.rate_percentile,
	skillancer_analytics.trust_monthly, skillancer_analytics.headline
	TO skillancer_analyst, skillancer_admin;

SET LOCAL ROLE skillancer_owner;
GRANT SELECT ON skillancer.report_schedule, skillancer.report_schedule_doc TO skillancer_bridge;
GRANT SELECT, UPDATE ON skillancer.report_schedule TO skillancer_engine;
GRANT SELECT, INSERT ON skillancer.report_delivery TO skillancer_engine;
