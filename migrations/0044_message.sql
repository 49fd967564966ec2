-- Conversations: who talks, what was said, how far each has read, who does not want to hear of whom.

CREATE TABLE skillancer.conversation (
	id skillancer.conversation_id PRIMARY KEY DEFAULT skillancer.new_id()::skillancer.conversation_id,
	kind text NOT NULL CHECK (kind IN ('DIRECT', 'PROPOSAL', 'BOOKING', 'DISPUTE', 'SUPPORT')),
	proposal_id skillancer.proposal_id,
	booking_id skillancer.booking_id,
	dispute_id skillancer.dispute_id,
	ref uuid GENERATED ALWAYS AS (coalesce(proposal_id::uuid, booking_id::uuid, dispute_id::uuid)) STORED,
	low_id skillancer.user_id,
	high_id skillancer.user_id,
	subject text CHECK (length(subject) BETWEEN 1 AND 200),
	created_by skillancer.user_id NOT NULL,
	messages integer NOT NULL DEFAULT 0,
	last_message_at timestamptz,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	CHECK ((proposal_id IS NOT NULL) = (kind = 'PROPOSAL')),
	CHECK ((booking_id IS NOT NULL) = (kind = 'BOOKING')),
	CHECK ((dispute_id IS NOT NULL) = (kind = 'DISPUTE')),
	CHECK ((low_id IS NOT NULL AND low_id < high_id) = (kind = 'DIRECT'))
);
COMMENT ON TABLE skillancer.conversation IS
	'Conversations: of two people (DIRECT), about a proposal, booking or dispute (ref), or with support. There is one for each pair and each ref.';
CREATE UNIQUE INDEX conversation_ref_idx ON skillancer.conversation (kind, ref) WHERE ref IS NOT NULL;
CREATE UNIQUE INDEX conversation_pair_idx ON skillancer.conversation (low_id, high_id) WHERE kind = 'DIRECT';
CREATE INDEX conversation_support_idx ON skillancer.conversation (id) WHERE kind = 'SUPPORT';

CREATE TABLE skillancer.conversation_participant (
	user_id skillancer.user_id NOT NULL,
	conversation_id skillancer.conversation_id NOT NULL,
	last_read_id skillancer.message_id,
	last_read_at timestamptz,
	unread integer NOT NULL DEFAULT 0 CHECK (unread >= 0),
	last_message_at timestamptz NOT NULL DEFAULT skillancer.now(),
	joined_at timestamptz NOT NULL DEFAULT skillancer.now(),
	PRIMARY KEY (user_id, conversation_id)
);
COMMENT ON TABLE skillancer.conversation_participant IS
	'Who takes part in a conversation, and the last message that each has read. unread counts messages of others behind it.';
CREATE INDEX conversation_participant_conversation_idx ON skillancer.conversation_participant (conversation_id);
CREATE INDEX conversation_participant_recent_idx ON skillancer.conversation_participant (user_id, last_message_at, conversation_id);

CREATE TABLE skillancer.message (
	id skillancer.message_id PRIMARY KEY DEFAULT skillancer.new_id()::skillancer.message_id,
	conversation_id skillancer.conversation_id NOT NULL,
	sender_id skillancer.user_id NOT NULL,
	body text NOT NULL CHECK (length(body) BETWEEN 1 AND 80000),
	attachments jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(attachments) = 'array'),
	is_masked boolean NOT NULL DEFAULT false,
	revision integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	edited_at timestamptz,
	deleted_at timestamptz
);
COMMENT ON TABLE skillancer.message IS
	'Messages of up to 10,000 characters as they were sent, contact details hidden where they had to be. A deleted one keeps its row and shows nothing.';
COMMENT ON COLUMN skillancer.message.attachments IS 'References: [{"name", "mediaId" | "url"}].';
CREATE INDEX message_conversation_idx ON skillancer.message (conversation_id, id);

CREATE TABLE skillancer.message_revision (
	message_id skillancer.message_id NOT NULL,
	revision integer NOT NULL,
	conversation_id skillancer.conversation_id NOT NULL,
	body text NOT NULL,
	replaced_at timestamptz NOT NULL DEFAULT skillancer.now(),
	PRIMARY KEY (message_id, revision)
);
COMMENT ON TABLE skillancer.message_revision IS 'What a message said before it was edited.';

CREATE TABLE skillancer.user_block (
	user_id skillancer.user_id NOT NULL,
	blocked_id skillancer.user_id NOT NULL,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	PRIMARY KEY (user_id, blocked_id),
	CHECK (user_id <> blocked_id)
);
COMMENT ON TABLE skillancer.user_block IS
	'Whom users do not want to hear of: no direct conversation and none about a proposal goes on between the two.';
CREATE INDEX user_block_blocked_idx ON skillancer.user_block (blocked_id);

ALTER TABLE skillancer.conversation ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.conversation_participant ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.message ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.message_revision ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.user_block ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
