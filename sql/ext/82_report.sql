/*
 * sql/ext/82_report.sql
 *		The reports of GET /v1/analytics/{report}: which view of skillancer_analytics each reads. Rows are in
 *		sql/analytics/reports.sql.
 */

-- report
CREATE TABLE skillancer.report (
	name text COLLATE "C" NOT NULL CHECK (name ~ '^[a-z][a-z0-9_]{2,40}$' AND name NOT IN ('me', 'schedules')),
	period text NOT NULL CHECK (period IN ('hour', 'day', 'week', 'month', 'all')),
	relation text NOT NULL CHECK (relation ~ '^[a-z][a-z0-9_]*$'),
	summary text NOT NULL,
	at text CHECK (at ~ '^[a-z][a-z0-9_]*$'),
	sorted text[] NOT NULL CHECK (cardinality(sorted) > 0),
	filters jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(filters) = 'object'),
	permission text NOT NULL DEFAULT 'analytics:view',
	PRIMARY KEY (name, period)
);
COMMENT ON TABLE skillancer.report IS
	'Reports, and the periods that each can be had by. relation is a view of skillancer_analytics, at its column of time (NULL: it has none, and cannot be cut), sorted what its rows are ordered by; filters maps a name of a filter to an expression over the view, x. Staff with the permission may read it.';
