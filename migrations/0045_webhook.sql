-- Webhooks: endpoints of users, their secrets, how they do, what is sent to them and what they answered.

CREATE TABLE skillancer.webhook (
	id skillancer.webhook_id PRIMARY KEY DEFAULT skillancer.new_id()::skillancer.webhook_id,
	user_id skillancer.user_id NOT NULL,
	url text NOT NULL CHECK (length(url) BETWEEN 8 AND 2000),
	description text CHECK (length(description) BETWEEN 1 AND 200),
	events text[] NOT NULL CHECK (cardinality(events) BETWEEN 1 AND 50),
	state text NOT NULL DEFAULT 'ACTIVE' CHECK (state IN ('ACTIVE', 'DISABLED')),
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	updated_at timestamptz NOT NULL DEFAULT skillancer.now()
);
COMMENT ON TABLE skillancer.webhook IS
	'Endpoints that users registered. events are types, "project.*" or "*"; an endpoint gets those whose audience holds its owner.';
CREATE INDEX webhook_user_idx ON skillancer.webhook (user_id, id);

-- Sealed under a key outside the database (core/secret_box.c). While one replaces another there are two.
CREATE TABLE skillancer.webhook_secret (
	webhook_id skillancer.webhook_id NOT NULL,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	user_id skillancer.user_id NOT NULL,
	sealed bytea NOT NULL CHECK (length(sealed) <= 512),
	valid_until timestamptz NOT NULL DEFAULT 'infinity',
	PRIMARY KEY (webhook_id, created_at)
);
COMMENT ON TABLE skillancer.webhook_secret IS 'Signing secrets of endpoints, sealed; a replaced one signs until valid_until.';

CREATE TABLE skillancer.webhook_health (
	webhook_id skillancer.webhook_id PRIMARY KEY,
	user_id skillancer.user_id NOT NULL,
	standing text NOT NULL DEFAULT 'FRESH' CHECK (standing IN ('FRESH', 'PROVEN', 'FAILING')),
	next_at timestamptz NOT NULL DEFAULT 'infinity',
	width integer NOT NULL DEFAULT 2 CHECK (width > 0),
	failures integer NOT NULL DEFAULT 0,
	failed_events integer NOT NULL DEFAULT 0,
	paused_until timestamptz,
	reason text CHECK (reason IN ('OWNER', 'GONE', 'FAILING')),
	last_success_at timestamptz,
	last_failure_at timestamptz
) WITH (fillfactor = 50);
COMMENT ON TABLE skillancer.webhook_health IS
	'How endpoints do. next_at: when the courier looks at one again; width: deliveries at the same time, more with each success and one after a failure; failures in a row pause it (the breaker), failed events in a row disable it.';
CREATE INDEX webhook_health_next_idx ON skillancer.webhook_health (standing, next_at);

CREATE TABLE skillancer.webhook_delivery (
	webhook_id skillancer.webhook_id NOT NULL,
	event_id skillancer.event_id NOT NULL,
	user_id skillancer.user_id NOT NULL,
	seq bigint NOT NULL,
	type text NOT NULL,
	aggregate_id uuid NOT NULL,
	correlation_id text,
	body text NOT NULL,
	state text NOT NULL DEFAULT 'QUEUED'
		CHECK (state IN ('WAITING', 'QUEUED', 'SENDING', 'DELIVERED', 'FAILED', 'DROPPED')),
	attempts integer NOT NULL DEFAULT 0,
	tries integer NOT NULL DEFAULT 0,
	due_at timestamptz NOT NULL DEFAULT skillancer.now(),
	status integer,
	error text,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	settled_at timestamptz,
	PRIMARY KEY (webhook_id, event_id)
) WITH (fillfactor = 80);
COMMENT ON TABLE skillancer.webhook_delivery IS
	'An event for an endpoint, with the body that every attempt sends. WAITING: an earlier event about the same thing is not settled; FAILED: no attempt succeeded; DROPPED: the endpoint was disabled.';
COMMENT ON COLUMN skillancer.webhook_delivery.attempts IS 'Times that it was sent: the number of the newest attempt, which alone may report.';
COMMENT ON COLUMN skillancer.webhook_delivery.tries IS 'Attempts since it was queued, by the event or by hand: the place in the schedule.';
CREATE INDEX webhook_delivery_queue_idx ON skillancer.webhook_delivery (webhook_id, due_at, seq) WHERE state = 'QUEUED';
CREATE INDEX webhook_delivery_sending_idx ON skillancer.webhook_delivery (webhook_id) WHERE state = 'SENDING';
CREATE INDEX webhook_delivery_order_idx ON skillancer.webhook_delivery (webhook_id, aggregate_id, seq)
	WHERE state IN ('WAITING', 'QUEUED', 'SENDING');
CREATE INDEX webhook_delivery_failed_idx ON skillancer.webhook_delivery (webhook_id, event_id)
	WHERE state IN ('FAILED', 'DROPPED');
CREATE INDEX webhook_delivery_created_idx ON skillancer.webhook_delivery USING brin (created_at);

CREATE TABLE skillancer.webhook_attempt (
	webhook_id skillancer.webhook_id NOT NULL,
	event_id skillancer.event_id NOT NULL,
	number integer NOT NULL,
	user_id skillancer.user_id NOT NULL,
	at timestamptz NOT NULL DEFAULT skillancer.now(),
	duration_ms integer NOT NULL,
	status integer,
	error text,
	answer text,
	PRIMARY KEY (webhook_id, event_id, number)
);
COMMENT ON TABLE skillancer.webhook_attempt IS
	'The delivery log: status, time and the first 64 kB of the answer of every attempt; status is NULL when there was no answer, error says why.';
CREATE INDEX webhook_attempt_at_idx ON skillancer.webhook_attempt USING brin (at);

ALTER TABLE skillancer.webhook ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.webhook_secret ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.webhook_health ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.webhook_delivery ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.webhook_attempt ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
