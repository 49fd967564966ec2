-- Search: numbers and ranks of documents that changed without their words.

ALTER TABLE skillancer.search_segment
	ADD COLUMN nvalues integer NOT NULL DEFAULT 0 CHECK (nvalues BETWEEN 0 AND ndocs),
	ADD COLUMN value_version integer NOT NULL DEFAULT 0;
COMMENT ON COLUMN skillancer.search_segment.nvalues IS 'Documents that search_value has numbers of.';
COMMENT ON COLUMN skillancer.search_segment.value_version IS 'Grows with every change of the numbers in search_value.';

-- Numbers and priors that changed since the segment of the document was written.
CREATE TABLE skillancer.search_value (
	seg_id bigint NOT NULL,
	part integer NOT NULL CHECK (part >= 0),
	version integer NOT NULL,
	entries bytea NOT NULL CHECK (length(entries) BETWEEN 1 AND 7000),
	PRIMARY KEY (seg_id, part)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500);
ALTER TABLE skillancer.search_value ALTER COLUMN entries SET STORAGE PLAIN;
COMMENT ON TABLE skillancer.search_value IS
	'Columns of numbers and the prior of documents, where they are others than those in the segment: 64 documents a row. A merge writes them into the new segment.';
COMMENT ON COLUMN skillancer.search_value.version IS 'search_segment.value_version with which the row was written.';
CREATE INDEX search_value_version_idx ON skillancer.search_value (seg_id, version);

ALTER TABLE skillancer.search_value ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
