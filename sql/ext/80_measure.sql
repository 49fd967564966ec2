/*
 * sql/ext/80_measure.sql
 *		What is measured: declarations, filled by sql/analytics/measures.sql, and the cells that are made of them.
 */

-- measure
CREATE TABLE skillancer.measure (
	metric text COLLATE "C" NOT NULL CHECK (metric ~ '^[a-z][a-z0-9_]{2,62}$'),
	source text NOT NULL CHECK (source IN ('event', 'ledger')),
	match text COLLATE "C" NOT NULL,
	sign smallint NOT NULL DEFAULT 1 CHECK (sign IN (1, -1)),
	kinds text[],
	mode text NOT NULL CHECK (mode IN ('sum', 'histogram', 'member', 'step')),
	value text NOT NULL DEFAULT 'one',
	subject text,
	dims text[] NOT NULL DEFAULT '{}' CHECK (cardinality(dims) <= 4),
	PRIMARY KEY (metric, source, match, sign),
	CHECK ((mode IN ('member', 'step')) = (subject IS NOT NULL)),
	CHECK (source = 'ledger' OR kinds IS NULL)
);
COMMENT ON TABLE skillancer.measure IS
	'Which facts count in which metric: events of a type (* is all), or entries of a class of account in postings of some kinds; value, subject and dimensions name extractors of extension/analytics/fact.c.';

-- cohort_measure
CREATE TABLE skillancer.cohort_measure (
	metric text COLLATE "C" PRIMARY KEY,
	entry text COLLATE "C" NOT NULL,
	goal text COLLATE "C" NOT NULL,
	nth smallint NOT NULL DEFAULT 1 CHECK (nth BETWEEN 1 AND 3),
	within interval
);
COMMENT ON TABLE skillancer.cohort_measure IS
	'Metrics about all that began on a day: den counts the subjects whose step entry fell on it, num those of them that took the step goal for the nth time within a period (NULL: ever).';

-- window_measure
CREATE TABLE skillancer.window_measure (
	metric text COLLATE "C" PRIMARY KEY,
	members text COLLATE "C" NOT NULL,
	days smallint NOT NULL CHECK (days BETWEEN 2 AND 366)
);
COMMENT ON TABLE skillancer.window_measure IS
	'Metrics about the last days: num counts, for each day, the different members of a metric without dimensions on it and the days before, so many days in all.';

-- rollup_cell
CREATE TYPE skillancer.rollup_cell AS (
	mode text,
	metric text,
	at timestamptz,
	dims jsonb,
	bucket integer,
	subject uuid,
	num bigint,
	den bigint,
	times timestamptz[]
);
COMMENT ON TYPE skillancer.rollup_cell IS
	'What a scan adds up to: modes sum and member with num and den, histogram with den, step with times; the last one, of mode events, says how many were read and when the first one happened.';
