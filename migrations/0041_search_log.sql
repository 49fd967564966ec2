-- What people search for, and searches that they keep.

CREATE TABLE skillancer.search_log (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	at timestamptz NOT NULL,
	index_id smallint NOT NULL,
	user_id skillancer.user_id,
	q text NOT NULL CHECK (length(q) BETWEEN 1 AND 200),
	results bigint NOT NULL CHECK (results >= 0),
	corrected text,
	took_us integer CHECK (took_us >= 0)
);
COMMENT ON TABLE skillancer.search_log IS
	'First pages of searches for words, folded to lower case; noted in shared memory and written by the merger, so that some may be lost in a crash. Kept for 90 days.';
CREATE INDEX search_log_at_idx ON skillancer.search_log (at);
CREATE INDEX search_log_q_idx ON skillancer.search_log (index_id, q, at);

CREATE TABLE skillancer.saved_search (
	id uuid PRIMARY KEY DEFAULT skillancer.new_id(),
	user_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	index_id smallint NOT NULL REFERENCES skillancer.search_index,
	name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
	q text CHECK (length(q) BETWEEN 1 AND 500),
	filters jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(filters) = 'object'),
	alert boolean NOT NULL DEFAULT true,
	word text COLLATE "C",
	matched_at timestamptz,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	updated_at timestamptz NOT NULL DEFAULT skillancer.now()
);
COMMENT ON TABLE skillancer.saved_search IS
	'Searches that people keep; with alert they hear of public documents that are new and have all the words.';
COMMENT ON COLUMN skillancer.saved_search.word IS
	'The rarest lexeme that a document must have, by which new documents find the searches that may match them; NULL: any document may.';
CREATE INDEX saved_search_user_idx ON skillancer.saved_search (user_id, id DESC);
CREATE INDEX saved_search_word_idx ON skillancer.saved_search (index_id, word) WHERE alert;

ALTER TABLE skillancer.search_log ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.saved_search ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
