-- Notifications whole: groups, preferences, quiet hours, digests, announcements to a segment.

-- who may hear of an event, and what nobody can switch off
ALTER TABLE skillancer.notification_rule
	ADD COLUMN is_mandatory boolean NOT NULL DEFAULT false,
	DROP CONSTRAINT notification_rule_recipients_check,
	ADD CONSTRAINT notification_rule_recipients_check CHECK (recipients IN
		('client', 'freelancer', 'owner', 'subject', 'actor', 'others', 'audience', 'finance', 'moderators', 'segment'));
COMMENT ON COLUMN skillancer.notification_rule.is_mandatory IS
	'True for what concerns the safety of an account or money: it is shown and mailed at once, whatever the preferences say.';

-- one row a group is shown: the newest, with the number of all of them
ALTER TABLE skillancer.notification
	ADD COLUMN count integer NOT NULL DEFAULT 1 CHECK (count > 0),
	ADD COLUMN is_head boolean NOT NULL DEFAULT true,
	ADD COLUMN in_app boolean NOT NULL DEFAULT true,
	ADD COLUMN dismissed_at timestamptz,
	ADD COLUMN digest text CHECK (digest IN ('HOURLY', 'DAILY', 'WEEKLY')),
	ADD COLUMN digest_at timestamptz,
	ADD COLUMN webhook text CHECK (webhook IN ('IMMEDIATE', 'HOURLY', 'DAILY', 'WEEKLY')),
	ADD COLUMN webhook_at timestamptz,
	ADD COLUMN correlation_id text;
COMMENT ON COLUMN skillancer.notification.count IS 'How many notifications of its group were unread when it was made, with itself.';
COMMENT ON COLUMN skillancer.notification.is_head IS 'False when a later notification of the same group stands for it.';
COMMENT ON COLUMN skillancer.notification.in_app IS 'False when its reader wants it in digests or by webhook only.';
COMMENT ON COLUMN skillancer.notification.digest_at IS 'When it is due in a digest; NULL when it needs none, or was in one.';
COMMENT ON COLUMN skillancer.notification.webhook IS 'How its reader wants it by webhook; NULL: not at all.';
COMMENT ON COLUMN skillancer.notification.webhook_at IS 'When it is due for webhooks, alone or in a digest; NULL when it is not, or went out.';

RESET ROLE;
UPDATE skillancer.notification n
SET is_head = g.place = 1, count = g.count - g.place + 1
FROM (
	SELECT u.user_id, u.id, row_number() OVER w AS place, count(*) OVER (PARTITION BY u.user_id, u.group_key) AS count
	FROM skillancer.notification u
	WHERE u.read_at IS NULL AND u.group_key IS NOT NULL
	WINDOW w AS (PARTITION BY u.user_id, u.group_key ORDER BY u.id DESC)) g
WHERE n.user_id = g.user_id AND n.id = g.id AND g.count > 1;
SET LOCAL ROLE skillancer_owner;

CREATE UNIQUE INDEX notification_head_idx ON skillancer.notification (user_id, group_key)
	WHERE is_head AND in_app AND read_at IS NULL AND dismissed_at IS NULL AND group_key IS NOT NULL;
DROP INDEX skillancer.notification_unread_idx;
CREATE INDEX notification_unread_idx ON skillancer.notification (user_id, id)
	WHERE is_head AND in_app AND read_at IS NULL AND dismissed_at IS NULL;
CREATE INDEX notification_digest_idx ON skillancer.notification (digest_at, user_id) WHERE digest_at IS NOT NULL;
CREATE INDEX notification_webhook_idx ON skillancer.notification (webhook_at, user_id) WHERE webhook_at IS NOT NULL;
CREATE INDEX notification_created_idx ON skillancer.notification (created_at);

-- What everybody gets who has not said otherwise; operators edit the rows.
CREATE TABLE skillancer.notification_default (
	category text NOT NULL CHECK (category IN
		('MESSAGES', 'PROJECTS', 'BOOKINGS', 'PAYMENTS', 'ACCOUNT', 'MARKETING', 'SYSTEM')),
	channel text NOT NULL CHECK (channel IN ('IN_APP', 'EMAIL', 'WEBHOOK')),
	frequency text NOT NULL CHECK (frequency IN ('IMMEDIATE', 'HOURLY', 'DAILY', 'WEEKLY', 'NEVER')),
	builtin_hash text,
	PRIMARY KEY (category, channel)
);
COMMENT ON TABLE skillancer.notification_default IS 'How often each category is told on each channel, unless a user prefers otherwise.';

CREATE TABLE skillancer.notification_preference (
	user_id skillancer.user_id NOT NULL,
	category text NOT NULL CHECK (category IN
		('MESSAGES', 'PROJECTS', 'BOOKINGS', 'PAYMENTS', 'ACCOUNT', 'MARKETING', 'SYSTEM')),
	channel text NOT NULL CHECK (channel IN ('IN_APP', 'EMAIL', 'WEBHOOK')),
	frequency text NOT NULL CHECK (frequency IN ('IMMEDIATE', 'HOURLY', 'DAILY', 'WEEKLY', 'NEVER')),
	updated_at timestamptz NOT NULL DEFAULT skillancer.now(),
	PRIMARY KEY (user_id, category, channel),
	CHECK (channel <> 'IN_APP' OR frequency IN ('IMMEDIATE', 'NEVER')),
	CHECK (frequency <> 'NEVER' OR channel = 'WEBHOOK' OR category NOT IN ('PAYMENTS', 'ACCOUNT'))
);
COMMENT ON TABLE skillancer.notification_preference IS
	'What a user prefers for a category on a channel. Payments and the account cannot be switched off in the app and by mail.';

CREATE TABLE skillancer.quiet_hours (
	user_id skillancer.user_id PRIMARY KEY,
	starts time NOT NULL,
	ends time NOT NULL,
	time_zone text CHECK (length(time_zone) <= 64),
	updated_at timestamptz NOT NULL DEFAULT skillancer.now(),
	CHECK (starts <> ends)
);
COMMENT ON TABLE skillancer.quiet_hours IS
	'When a user wants no mail, in local time; it may cross midnight. Without a time zone, that of the account counts.';

-- What staff tell many people. The id is that of the event, from which the notifications are made.
CREATE TABLE skillancer.announcement (
	id skillancer.event_id PRIMARY KEY,
	author_id skillancer.user_id NOT NULL,
	category text NOT NULL CHECK (category IN ('SYSTEM', 'MARKETING')),
	texts jsonb NOT NULL,
	segment jsonb NOT NULL DEFAULT '{}',
	state text NOT NULL DEFAULT 'SENDING' CHECK (state IN ('SENDING', 'SENT', 'CANCELLED')),
	position skillancer.user_id,
	recipients bigint NOT NULL DEFAULT 0,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	finished_at timestamptz
);
COMMENT ON TABLE skillancer.announcement IS
	'Announcements to a segment of users. position is the last user who was told: the notifier goes on behind, piece by piece.';
CREATE INDEX announcement_sending_idx ON skillancer.announcement (id) WHERE state = 'SENDING';

-- what a timer makes happen belongs to the request that set it
ALTER TABLE skillancer.due
	ADD COLUMN correlation_id text,
	ADD COLUMN causation_id uuid;
COMMENT ON COLUMN skillancer.due.causation_id IS 'The event that set the timer: events of the timer name it as their cause.';

ALTER TABLE skillancer.notification_default ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.notification_preference ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.quiet_hours ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.announcement ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
