-- Words of search: what stands for the same, and past queries that may be suggested.

CREATE TABLE skillancer.search_synonym (
	key text COLLATE "C" PRIMARY KEY CHECK (key ~ '^[a-z0-9]+(-[a-z0-9]+)*$' AND length(key) <= 80),
	phrases text[] NOT NULL CHECK (cardinality(phrases) >= 2 AND cardinality(phrases) <= 16 AND array_position(phrases, NULL) IS NULL),
	builtin_hash text,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	updated_at timestamptz NOT NULL DEFAULT skillancer.now()
);
COMMENT ON TABLE skillancer.search_synonym IS
	'Groups of words and phrases that search takes for the same, beside the names and aliases of skills; edited by staff.';
COMMENT ON COLUMN skillancer.search_synonym.phrases IS 'Each stands for all others, with weight 0.6.';

CREATE TABLE skillancer.search_popular (
	q text PRIMARY KEY,
	people bigint NOT NULL CHECK (people >= 5),
	counted_at timestamptz NOT NULL DEFAULT skillancer.now()
);
COMMENT ON TABLE skillancer.search_popular IS
	'What at least five different people searched for in thirty days and found: the past queries that are suggested.';

ALTER TABLE skillancer.search_popular ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.search_synonym ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
