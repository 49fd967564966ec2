-- Notifications, mail, and what the background workers remember.

-- Which events make which notifications; operators edit the rows.
CREATE TABLE skillancer.notification_rule (
	key text PRIMARY KEY CHECK (length(key) BETWEEN 1 AND 63),
	event_type text NOT NULL,
	recipients text NOT NULL CHECK (recipients IN ('client', 'freelancer', 'owner', 'subject', 'actor', 'others', 'audience')),
	type text NOT NULL CHECK (type ~ '^[a-z][a-z_.]*$'),
	category text NOT NULL CHECK (category IN
		('MESSAGES', 'PROJECTS', 'BOOKINGS', 'PAYMENTS', 'ACCOUNT', 'MARKETING', 'SYSTEM')),
	priority text NOT NULL DEFAULT 'NORMAL' CHECK (priority IN ('LOW', 'NORMAL', 'HIGH')),
	group_key text,
	is_active boolean NOT NULL DEFAULT true,
	builtin_hash text
);
COMMENT ON TABLE skillancer.notification_rule IS
	'Event type to notification: who hears of it (recipients), under which type, category and priority. group_key is a template over the event.';
CREATE INDEX notification_rule_event_idx ON skillancer.notification_rule (event_type);

-- Texts, one row for each type, channel and language.
CREATE TABLE skillancer.template (
	type text NOT NULL CHECK (type ~ '^[a-z][a-z_.]*$'),
	channel text NOT NULL CHECK (channel IN ('IN_APP', 'EMAIL')),
	locale text NOT NULL DEFAULT 'en' CHECK (locale ~ '^[a-z]{2,3}(-[A-Z]{2})?$'),
	title text NOT NULL CHECK (length(title) BETWEEN 1 AND 300),
	body text NOT NULL CHECK (length(body) BETWEEN 1 AND 20000),
	html text CHECK (length(html) BETWEEN 1 AND 100000),
	builtin_hash text,
	PRIMARY KEY (type, channel, locale)
);
COMMENT ON TABLE skillancer.template IS
	'Mustache templates. title is the subject of a mail; without html the HTML part is made from body.';

-- What a user sees in the app. Unique by event: exactly once, whatever crashes.
CREATE TABLE skillancer.notification (
	id skillancer.notification_id NOT NULL DEFAULT skillancer.new_id()::skillancer.notification_id,
	user_id skillancer.user_id NOT NULL,
	event_id skillancer.event_id NOT NULL,
	type text NOT NULL,
	category text NOT NULL,
	priority text NOT NULL,
	group_key text,
	title text NOT NULL,
	body text NOT NULL,
	data jsonb NOT NULL DEFAULT '{}',
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	read_at timestamptz,
	PRIMARY KEY (user_id, id),
	UNIQUE (user_id, event_id, type)
);
COMMENT ON TABLE skillancer.notification IS
	'Notifications in the app. data holds the ids of the event, for links.';
CREATE INDEX notification_unread_idx ON skillancer.notification (user_id, id) WHERE read_at IS NULL;

-- Mails to send. data may hold links that sign somebody in: it goes when the mail is sent or given up.
CREATE TABLE skillancer.mail (
	id uuid PRIMARY KEY DEFAULT skillancer.new_id(),
	user_id skillancer.user_id NOT NULL,
	address text NOT NULL CHECK (length(address) BETWEEN 3 AND 254),
	type text NOT NULL,
	locale text NOT NULL DEFAULT 'en',
	data jsonb NOT NULL DEFAULT '{}',
	event_id skillancer.event_id,
	state text NOT NULL DEFAULT 'QUEUED' CHECK (state IN
		('QUEUED', 'SENDING', 'SENT', 'BOUNCED', 'SUPPRESSED', 'DROPPED', 'PARKED')),
	attempts integer NOT NULL DEFAULT 0,
	due_at timestamptz NOT NULL DEFAULT skillancer.now(),
	lease_until timestamptz,
	code integer,
	last_error text,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	settled_at timestamptz,
	UNIQUE (user_id, event_id, type)
);
COMMENT ON TABLE skillancer.mail IS
	'Outgoing mail, leased by the courier for each attempt; attempts is the fence: only the newest attempt may report.';
CREATE INDEX mail_queue_idx ON skillancer.mail (due_at) WHERE state IN ('QUEUED', 'SENDING');
CREATE INDEX mail_parked_idx ON skillancer.mail (id) WHERE state = 'PARKED';
CREATE INDEX mail_settled_idx ON skillancer.mail (settled_at);

-- Addresses that a mail server refused for good.
CREATE TABLE skillancer.mail_address (
	address_key text PRIMARY KEY CHECK (address_key = lower(address_key)),
	bounced_at timestamptz NOT NULL DEFAULT skillancer.now(),
	reason text NOT NULL
);
COMMENT ON TABLE skillancer.mail_address IS
	'Flagged addresses: mail to them is suppressed until the row is deleted (skillancer.unflag_address).';

-- Events that a consumer could not work on. Without parked_at: being tried, the attempt is counted beforehand.
CREATE TABLE skillancer.event_attempt (
	consumer text NOT NULL,
	seq bigint NOT NULL,
	attempts integer NOT NULL DEFAULT 0,
	last_error text,
	at timestamptz NOT NULL DEFAULT skillancer.now(),
	parked_at timestamptz,
	PRIMARY KEY (consumer, seq)
);
COMMENT ON TABLE skillancer.event_attempt IS
	'Events that failed or crashed a consumer; parked ones are passed over until skillancer.redrive().';

-- Starts of a consumer without a finished batch in between; many of them make it careful.
CREATE TABLE skillancer.worker_start (
	worker text PRIMARY KEY,
	starts integer NOT NULL DEFAULT 0,
	at timestamptz NOT NULL DEFAULT skillancer.now()
);
COMMENT ON TABLE skillancer.worker_start IS
	'How often a worker started since it last finished a batch: after a few crashes it works event by event.';

-- When each housekeeping job ran and runs next.
CREATE TABLE skillancer.housekeeping_run (
	job text PRIMARY KEY,
	next_at timestamptz NOT NULL DEFAULT '-infinity',
	last_at timestamptz,
	rows bigint NOT NULL DEFAULT 0,
	attempts integer NOT NULL DEFAULT 0,
	last_error text
);
COMMENT ON TABLE skillancer.housekeeping_run IS 'Runs of the jobs in skillancer.housekeeping_job.';

ALTER TABLE skillancer.notification_rule ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.template ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.notification ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.mail ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.mail_address ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.event_attempt ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.worker_start ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.housekeeping_run ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
