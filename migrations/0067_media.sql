-- Media: files of users, which lie in the directory of the bridge; here is what they are and who may have them.

CREATE TABLE skillancer.media (
	id skillancer.media_id PRIMARY KEY DEFAULT skillancer.new_id()::skillancer.media_id,
	user_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	purpose text NOT NULL CHECK (purpose IN ('AVATAR', 'PORTFOLIO', 'ATTACHMENT', 'EVIDENCE', 'DELIVERY')),
	visibility text NOT NULL CHECK (visibility IN ('PUBLIC', 'PRIVATE')),
	state text NOT NULL DEFAULT 'UPLOADING' CHECK (state IN ('UPLOADING', 'READY', 'DELETED')),
	file_name text NOT NULL CHECK (length(file_name) BETWEEN 1 AND 200),
	declared_type text NOT NULL CHECK (length(declared_type) BETWEEN 3 AND 200),
	type text,
	size bigint NOT NULL CHECK (size > 0),
	sha256 bytea CHECK (length(sha256) = 32),
	object uuid UNIQUE,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	updated_at timestamptz NOT NULL DEFAULT skillancer.now(),
	CONSTRAINT media_ready_is_whole CHECK (state <> 'READY' OR num_nulls(type, sha256, object) = 0),
	UNIQUE (id, user_id)
);
COMMENT ON TABLE skillancer.media IS
	'Files of users; machine "media". PUBLIC ones are read by everybody, PRIVATE ones by their owner and by whoever sees what uses them (media_use).';
COMMENT ON COLUMN skillancer.media.type IS 'As recognised by its first bytes; what the client declared stands beside it.';
COMMENT ON COLUMN skillancer.media.size IS 'Bytes; while UPLOADING those that were announced.';
COMMENT ON COLUMN skillancer.media.sha256 IS 'Of the whole file; while UPLOADING the one that was announced, if any.';
COMMENT ON COLUMN skillancer.media.object IS 'The name of the file in the directory of the bridge.';
CREATE INDEX media_user_idx ON skillancer.media (user_id, id);

CREATE TABLE skillancer.media_use (
	media_id skillancer.media_id NOT NULL,
	kind text NOT NULL CHECK (kind IN ('MESSAGE', 'EVIDENCE', 'DELIVERY')),
	ref uuid NOT NULL,
	user_id skillancer.user_id NOT NULL,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	PRIMARY KEY (media_id, kind, ref),
	FOREIGN KEY (media_id, user_id) REFERENCES skillancer.media (id, user_id)
);
COMMENT ON TABLE skillancer.media_use IS
	'What refers to a file: a message, the evidence of a dispute or the deliveries of a milestone (ref). Only its owner can refer to a file. Seen by whoever sees what refers to it, who thereby may read the file.';

ALTER TABLE skillancer.media ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.media_use ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

-- A person's picture.
ALTER TABLE skillancer.profile ADD COLUMN avatar_id skillancer.media_id;
COMMENT ON COLUMN skillancer.profile.avatar_id IS 'Media with the purpose AVATAR.';
