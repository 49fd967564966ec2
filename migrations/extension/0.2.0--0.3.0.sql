/*
 * migrations/extension/0.2.0--0.3.0.sql
 *		What sql/ext has changed since 0.2.0.
 */

ALTER TABLE skillancer.route ADD COLUMN answers text;

ALTER TABLE skillancer.housekeeping_job
	ADD COLUMN worker text NOT NULL DEFAULT 'timekeeper' CHECK (worker IN ('timekeeper', 'merger'));
COMMENT ON TABLE skillancer.housekeeping_job IS
	'Housekeeping: skillancer.<job>() runs that often and returns how many rows it did. What takes long runs in the merger, so that no timer waits for it.';

-- what is signed by who sends it is limited by its address alone
ALTER TABLE skillancer.route
	DROP CONSTRAINT route_rate_check,
	ADD CONSTRAINT route_rate_check CHECK (rate IN ('read', 'write', 'auth', 'address'));

-- answers of many rows
ALTER TABLE skillancer.route
	DROP CONSTRAINT route_class_check,
	ADD CONSTRAINT route_class_check CHECK (class IN ('fast', 'slow', 'export'));

CREATE TABLE skillancer.shape (
	name text PRIMARY KEY CHECK (name ~ '^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?$'),
	shape text NOT NULL
);
COMMENT ON TABLE skillancer.shape IS
	'Shapes of JSON, declared with add_shape(): answers that are no view, columns of JSON (table.column), functions and types that make JSON. The descriptions of answers are made of them.';

-- GIN: the ids of the skills are the keys; && needs nothing else, @> looks at levels and years of what was found
CREATE FUNCTION skillancer.skillset_gin_extract_value(skillancer.skillset, internal, internal) RETURNS internal
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_skillset_gin_extract_value';
CREATE FUNCTION skillancer.skillset_gin_extract_query(skillancer.skillset, internal, smallint, internal, internal, internal, internal) RETURNS internal
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_skillset_gin_extract_query';
CREATE FUNCTION skillancer.skillset_gin_consistent(internal, smallint, skillancer.skillset, integer, internal, internal, internal, internal) RETURNS boolean
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_skillset_gin_consistent';
CREATE FUNCTION skillancer.skillset_gin_triconsistent(internal, smallint, skillancer.skillset, integer, internal, internal, internal) RETURNS "char"
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_skillset_gin_triconsistent';
CREATE OPERATOR CLASS skillancer.skillset_ops DEFAULT FOR TYPE skillancer.skillset USING gin AS
	OPERATOR 1 pg_catalog.&& (skillancer.skillset, skillancer.skillset),
	OPERATOR 2 pg_catalog.@> (skillancer.skillset, skillancer.skillset),
	FUNCTION 1 skillancer.skill_id_cmp(skillancer.skill_id, skillancer.skill_id),
	FUNCTION 2 skillancer.skillset_gin_extract_value(skillancer.skillset, internal, internal),
	FUNCTION 3 skillancer.skillset_gin_extract_query(skillancer.skillset, internal, smallint, internal, internal, internal, internal),
	FUNCTION 4 skillancer.skillset_gin_consistent(internal, smallint, skillancer.skillset, integer, internal, internal, internal, internal),
	FUNCTION 6 skillancer.skillset_gin_triconsistent(internal, smallint, skillancer.skillset, integer, internal, internal, internal),
	STORAGE skillancer.skill_id;

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

-- analysts see views of skillancer_analytics and nothing else: what 0.2.0 let them call stays where policies need it
REVOKE EXECUTE ON FUNCTION skillancer.has_request(), skillancer.current_user_state(), skillancer.request_id(),
	skillancer.request_address(), skillancer.is_staff(), skillancer.require_role(text[]), skillancer.require_permission(text),
	skillancer.json_doc("any"), skillancer.is_project_guest(skillancer.project_id) FROM skillancer_analyst;

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
