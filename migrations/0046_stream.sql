-- The live stream: what each user is told of, in the order in which it was committed.

-- One row for each user who may hear of something. position rises in commit order, without gaps while it grows.
CREATE TABLE skillancer.stream_entry (
	position bigint PRIMARY KEY,
	user_id skillancer.user_id NOT NULL,
	event text NOT NULL,
	data jsonb NOT NULL,
	created_at timestamptz NOT NULL DEFAULT skillancer.now()
);
COMMENT ON TABLE skillancer.stream_entry IS
	'What the live stream sends: events for each user of their audience, and notifications. Kept for the policy streamRetention.';
CREATE INDEX stream_entry_user_idx ON skillancer.stream_entry (user_id, position);

-- The one row whose lock puts appends in order; of it, the position that readers were told of and the last one trimmed.
CREATE TABLE skillancer.stream_head (
	singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
	position bigint NOT NULL DEFAULT 0,
	told bigint NOT NULL DEFAULT 0,
	trimmed bigint NOT NULL DEFAULT 0,
	CHECK (trimmed <= position AND told <= position)
);
COMMENT ON TABLE skillancer.stream_head IS
	'Last position of the live stream, the last one that a NOTIFY told of, and the last one that retention removed.';
INSERT INTO skillancer.stream_head DEFAULT VALUES;

ALTER TABLE skillancer.stream_entry ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.stream_head ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
