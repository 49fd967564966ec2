-- Search: what is to be indexed, the indexes with their segments as ordinary rows, and what was put aside.

-- In which language a text is written: picks the dictionaries that it is indexed with.
ALTER TABLE skillancer.project ADD COLUMN language text CHECK (language ~ '^[a-z]{2}$');
ALTER TABLE skillancer.gig ADD COLUMN language text CHECK (language ~ '^[a-z]{2}$');
ALTER TABLE skillancer.profile ADD COLUMN language text CHECK (language ~ '^[a-z]{2}$');
COMMENT ON COLUMN skillancer.project.language IS 'ISO 639 code of the language of title and description; NULL: that of the index.';
COMMENT ON COLUMN skillancer.gig.language IS 'ISO 639 code of the language of title and description; NULL: that of the index.';
COMMENT ON COLUMN skillancer.profile.language IS 'ISO 639 code of the language of headline and bio; NULL: that of the index.';

-- One index a kind of things that can be found.
CREATE TABLE skillancer.search_index (
	index_id smallint PRIMARY KEY,
	kind text NOT NULL UNIQUE CHECK (kind ~ '^[a-z_]{1,32}$'),
	config text NOT NULL DEFAULT 'pg_catalog.english',
	generation integer NOT NULL DEFAULT 0 CHECK (generation >= 0),
	building integer CHECK (building > generation),
	built_to uuid,
	building_to uuid,
	build_missed uuid[],
	build_started_at timestamptz,
	built_at timestamptz,
	k1 real NOT NULL DEFAULT 1.2 CHECK (k1 BETWEEN 0 AND 10),
	b real NOT NULL DEFAULT 0.75 CHECK (b BETWEEN 0 AND 1),
	weights smallint[] NOT NULL DEFAULT '{2,2,1}'
		CHECK (cardinality(weights) = 3 AND 1 <= ALL (weights) AND 100 >= ALL (weights)),
	half_life interval CHECK (half_life > interval '0'),
	builtin_hash text,
	CHECK ((building IS NULL) = (build_started_at IS NULL))
);
COMMENT ON TABLE skillancer.search_index IS
	'Search indexes and how they rank: k1 and b of BM25, weights of title, skills and body, half-life of recency. search_rebuild() builds the next generation beside the one that answers.';
COMMENT ON COLUMN skillancer.search_index.built_to IS 'Id of the last document that the generation in building has.';
COMMENT ON COLUMN skillancer.search_index.building_to IS 'Id of the last document of the step of building that goes on.';
COMMENT ON COLUMN skillancer.search_index.build_missed IS 'Documents of that step that the indexer took meanwhile: what the merger has read of them may be old.';

-- What changed and is not in the index yet. A row trigger in C writes it, whoever changes a row.
CREATE TABLE skillancer.search_queue (
	xid xid8 NOT NULL,
	seq bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
	epoch integer NOT NULL,
	at timestamptz NOT NULL DEFAULT clock_timestamp(),
	index_id smallint NOT NULL,
	entity_id uuid NOT NULL,
	op "char" NOT NULL CHECK (op IN ('d', 'o', 'q')),
	PRIMARY KEY (xid, seq)
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000,
	autovacuum_analyze_scale_factor = 1, autovacuum_vacuum_insert_scale_factor = 1);
COMMENT ON TABLE skillancer.search_queue IS
	'Changes that the indexer has not taken yet. It reads them in ticks between two snapshots and deletes them in the transaction that indexes them.';
COMMENT ON COLUMN skillancer.search_queue.op IS
	'd: the document entity_id; o: all documents that belong to the user entity_id; q: as d, but saved searches hear nothing of it.';

-- How far the indexer has read.
CREATE TABLE skillancer.search_tick (
	consumer text PRIMARY KEY,
	epoch integer NOT NULL,
	position pg_snapshot NOT NULL,
	ticked_at timestamptz NOT NULL DEFAULT skillancer.now(),
	ticks bigint NOT NULL DEFAULT 0,
	documents bigint NOT NULL DEFAULT 0
);
COMMENT ON TABLE skillancer.search_tick IS 'Position of the indexer in search_queue: a snapshot, moved in the transaction that indexed.';

-- The segments that make up an index. Which ones there are for a query is what its snapshot sees here.
CREATE SEQUENCE skillancer.search_segment_seq;
CREATE TABLE skillancer.search_segment (
	seg_id bigint PRIMARY KEY DEFAULT nextval('skillancer.search_segment_seq'),
	index_id smallint NOT NULL REFERENCES skillancer.search_index,
	generation integer NOT NULL,
	class smallint NOT NULL CHECK (class IN (0, 1)),
	level smallint NOT NULL CHECK (level >= 0),
	ndocs integer NOT NULL CHECK (ndocs > 0),
	nlive integer NOT NULL CHECK (nlive BETWEEN 0 AND ndocs),
	dead_version integer NOT NULL DEFAULT 0,
	bytes bigint NOT NULL CHECK (bytes > 0),
	stamp bigint NOT NULL,
	created_at timestamptz NOT NULL DEFAULT skillancer.now()
) WITH (fillfactor = 50);
COMMENT ON TABLE skillancer.search_segment IS
	'The manifest: immutable segments of a generation. Documents that not everybody may see are in segments of class 1, which are not even opened for others.';
COMMENT ON COLUMN skillancer.search_segment.dead_version IS 'Grows with every change of the dead bits.';
COMMENT ON COLUMN skillancer.search_segment.stamp IS 'A random number: names the bytes in caches, whatever becomes of numbers in a restored database.';
CREATE INDEX search_segment_index_idx ON skillancer.search_segment (index_id, generation);

-- Their bytes: a row fills a page, is not compressed and not stored out of line.
CREATE TABLE skillancer.search_chunk (
	seg_id bigint NOT NULL,
	chunk_no integer NOT NULL CHECK (chunk_no >= 0),
	data bytea NOT NULL CHECK (length(data) BETWEEN 1 AND 8000),
	PRIMARY KEY (seg_id, chunk_no)
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500);
ALTER TABLE skillancer.search_chunk ALTER COLUMN data SET STORAGE PLAIN;
COMMENT ON TABLE skillancer.search_chunk IS 'Bytes of the segments in pieces of 8,000.';

-- Documents that were deleted, or replaced by a newer version, since their segment was written.
CREATE TABLE skillancer.search_dead (
	seg_id bigint NOT NULL,
	part integer NOT NULL CHECK (part >= 0),
	bits bytea NOT NULL CHECK (length(bits) = 1024),
	PRIMARY KEY (seg_id, part)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500);
ALTER TABLE skillancer.search_dead ALTER COLUMN bits SET STORAGE PLAIN;
COMMENT ON TABLE skillancer.search_dead IS
	'A bit for each dead document of a segment, 8,192 documents a row, least significant bit first; parts without dead documents have no row.';

-- Documents that could not be indexed.
CREATE TABLE skillancer.search_attempt (
	index_id smallint NOT NULL REFERENCES skillancer.search_index,
	entity_id uuid NOT NULL,
	attempts integer NOT NULL,
	last_error text,
	at timestamptz NOT NULL DEFAULT skillancer.now(),
	parked_at timestamptz,
	PRIMARY KEY (index_id, entity_id)
);
COMMENT ON TABLE skillancer.search_attempt IS
	'Documents whose indexing failed, with the reason; after three tries they are parked until somebody calls redrive(''search'') or they change.';

ALTER TABLE skillancer.search_index ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.search_queue ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.search_tick ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.search_segment ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.search_chunk ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.search_dead ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.search_attempt ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
