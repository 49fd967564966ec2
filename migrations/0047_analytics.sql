-- Rollups: what happened, added up by hour, day and month, and what is needed to add it up again.

-- Sums. Always numerator and denominator, so that a ratio of any group of rows can be made of them.
CREATE TABLE skillancer.metric_hour (
	metric text COLLATE "C" NOT NULL,
	at timestamptz NOT NULL,
	dims jsonb NOT NULL,
	num numeric NOT NULL,
	den numeric NOT NULL,
	PRIMARY KEY (metric, at, dims)
) WITH (fillfactor = 60);
COMMENT ON TABLE skillancer.metric_hour IS
	'Numerator and denominator of every metric by hour (UTC) and dimensions. Money is in minor units of the dimension currency.';
CREATE TABLE skillancer.metric_day (
	metric text COLLATE "C" NOT NULL,
	day date NOT NULL,
	dims jsonb NOT NULL,
	num numeric NOT NULL,
	den numeric NOT NULL,
	PRIMARY KEY (metric, day, dims)
) WITH (fillfactor = 60);
COMMENT ON TABLE skillancer.metric_day IS
	'The same by day. Also the numbers of different people of a day, and what is told of all that began on a day.';
CREATE TABLE skillancer.metric_month (
	metric text COLLATE "C" NOT NULL,
	month date NOT NULL CHECK (extract(day FROM month) = 1),
	dims jsonb NOT NULL,
	num numeric NOT NULL,
	den numeric NOT NULL,
	PRIMARY KEY (metric, month, dims)
) WITH (fillfactor = 60);
COMMENT ON TABLE skillancer.metric_month IS 'The same by month, named by its first day.';

CREATE TABLE skillancer.metric_histogram (
	metric text COLLATE "C" NOT NULL,
	day date NOT NULL,
	dims jsonb NOT NULL,
	bucket integer NOT NULL,
	n bigint NOT NULL,
	PRIMARY KEY (metric, day, dims, bucket)
) WITH (fillfactor = 60);
COMMENT ON TABLE skillancer.metric_histogram IS
	'How often a value fell into a bucket of 2 % width, by day: histogram_value() says which values a bucket stands for.';

-- Exact sets: who took part, how often, and with how much money.
CREATE TABLE skillancer.metric_member (
	metric text COLLATE "C" NOT NULL,
	level text COLLATE "C" NOT NULL CHECK (level IN ('day', 'month')),
	at date NOT NULL,
	dims jsonb NOT NULL,
	subject uuid NOT NULL,
	num numeric NOT NULL,
	n bigint NOT NULL,
	PRIMARY KEY (metric, level, at, subject, dims)
) WITH (fillfactor = 80);
COMMENT ON TABLE skillancer.metric_member IS
	'Who took part in a day and in a month: num and number of facts of each subject. Its rows are counted in metric_day and metric_month.';
CREATE INDEX metric_member_subject_idx ON skillancer.metric_member (subject, metric, at);

-- When something first happened to somebody or something.
CREATE TABLE skillancer.metric_step (
	metric text COLLATE "C" NOT NULL,
	subject uuid NOT NULL,
	times timestamptz[] NOT NULL CHECK (cardinality(times) BETWEEN 1 AND 3),
	n bigint NOT NULL,
	PRIMARY KEY (metric, subject)
) WITH (fillfactor = 80);
COMMENT ON TABLE skillancer.metric_step IS
	'The three earliest times that a step was taken by a subject, and how often it was taken in all: funnels and cohorts are made of it.';
CREATE INDEX metric_step_first_idx ON skillancer.metric_step (metric, (times[1]));

-- What has to be recomputed: metrics that cannot be added up.
CREATE TABLE skillancer.rollup_invalid (
	metric text COLLATE "C" NOT NULL,
	day date NOT NULL,
	marked_at timestamptz NOT NULL DEFAULT skillancer.now(),
	PRIMARY KEY (metric, day)
);
COMMENT ON TABLE skillancer.rollup_invalid IS
	'Days of metrics that the analyst recomputes from metric_step, those first that wait longest.';

-- How a metric was declared when its rollup was built.
CREATE TABLE skillancer.rollup_built (
	metric text COLLATE "C" PRIMARY KEY,
	declared text NOT NULL,
	built_at timestamptz NOT NULL DEFAULT skillancer.now()
);
COMMENT ON TABLE skillancer.rollup_built IS
	'The declaration that a metric was built by; the analyst builds anew what is declared in another way.';

-- Reads, which leave no event.
CREATE TABLE skillancer.read_day (
	kind text COLLATE "C" NOT NULL,
	object uuid NOT NULL,
	day date NOT NULL,
	n bigint NOT NULL,
	PRIMARY KEY (kind, object, day)
);
COMMENT ON TABLE skillancer.read_day IS
	'How often something was looked at on a day; noted in shared memory and written by the analyst, so that some may be lost in a crash.';
CREATE INDEX read_day_day_idx ON skillancer.read_day (kind, day);

-- Before events are forgotten, their month is sealed.
CREATE TABLE skillancer.rollup_seal (
	month date PRIMARY KEY CHECK (extract(day FROM month) = 1),
	events bigint NOT NULL,
	cells bigint NOT NULL,
	checksum bytea NOT NULL,
	amended integer NOT NULL DEFAULT 0,
	sealed_at timestamptz NOT NULL DEFAULT skillancer.now(),
	forgotten_at timestamptz
);
COMMENT ON TABLE skillancer.rollup_seal IS
	'Months whose rollups were compared with their events and sealed: SHA-256 over the rollups. Only then may the events be forgotten.';
COMMENT ON COLUMN skillancer.rollup_seal.amended IS 'How often events that came late have changed the sealed rollups.';

ALTER TABLE skillancer.metric_hour ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.metric_day ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.metric_month ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.metric_histogram ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.metric_member ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.metric_step ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.rollup_invalid ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.rollup_built ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.read_day ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.rollup_seal ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
