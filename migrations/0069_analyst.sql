-- What dashboards read of whole months, and clicks on what searches found.

CREATE TABLE skillancer.metric_histogram_month (
	metric text COLLATE "C" NOT NULL,
	month date NOT NULL CHECK (extract(day FROM month) = 1),
	dims jsonb NOT NULL,
	bucket integer NOT NULL,
	n bigint NOT NULL,
	PRIMARY KEY (month, metric, dims, bucket)
) WITH (fillfactor = 60);
COMMENT ON TABLE skillancer.metric_histogram_month IS 'metric_histogram by month, named by its first day.';

-- Money of months that are over, all currencies together.
CREATE TABLE skillancer.metric_reported (
	month date NOT NULL CHECK (extract(day FROM month) = 1),
	metric text COLLATE "C" NOT NULL,
	reporting text NOT NULL,
	pivot text NOT NULL,
	num numeric,
	den numeric NOT NULL,
	PRIMARY KEY (month, metric)
);
COMMENT ON TABLE skillancer.metric_reported IS
	'Metrics in money of months that are over, in minor units of the currency reporting (money_of_month()). Rows go when something is added to their month or a rate becomes known, and the analyst makes them anew.';

-- Which results of a search were clicked.
CREATE TABLE skillancer.search_click (
	search_id uuid PRIMARY KEY,
	kind text NOT NULL,
	ranks integer[] NOT NULL CHECK (cardinality(ranks) BETWEEN 1 AND 100),
	at timestamptz NOT NULL DEFAULT skillancer.now()
);
COMMENT ON TABLE skillancer.search_click IS
	'Searches of which results were clicked, and their ranks in that order: each rank counts once. Nobody''s: it does not say who searched. Kept for two days.';
CREATE INDEX search_click_at_idx ON skillancer.search_click (at);

ALTER TABLE skillancer.metric_histogram_month ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.metric_reported ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.search_click ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
