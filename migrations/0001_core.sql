-- The tables of the core: instance, policy, event log with its consumers, timers, idempotency keys
-- and audit.

-- Who this database is. A restored or cloned copy has another identity and refuses to work until
-- somebody calls adopt().
CREATE TABLE skillancer.instance (
	singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
	system_identifier text NOT NULL,
	database_oid oid NOT NULL,
	epoch integer NOT NULL DEFAULT 1 CHECK (epoch > 0),
	adopted_at timestamptz NOT NULL DEFAULT skillancer.now()
);
COMMENT ON TABLE skillancer.instance IS
	'The cluster and database that these rows belong to, and the epoch in which transaction ids compare.';

-- Every number of days, percentage and limit of the marketplace.
CREATE TABLE skillancer.policy (
	key text NOT NULL CHECK (length(key) BETWEEN 1 AND 63),
	value jsonb NOT NULL,
	valid_from timestamptz NOT NULL DEFAULT '-infinity',
	description text,
	builtin_hash text,
	PRIMARY KEY (key, valid_from)
);
COMMENT ON TABLE skillancer.policy IS
	'Limits, periods and percentages, versioned by valid_from. Periods are ISO 8601 durations.';

-- Secrets that the database itself makes, such as the key that authenticates cursors.
CREATE TABLE skillancer.secret (
	name text PRIMARY KEY,
	value bytea NOT NULL CHECK (length(value) >= 32),
	created_at timestamptz NOT NULL DEFAULT skillancer.now()
);
COMMENT ON TABLE skillancer.secret IS 'Random keys for authenticating opaque values; read by the engine only.';

-- The event log: append-only, one partition a month.
CREATE SEQUENCE skillancer.event_seq CACHE 1;
CREATE TABLE skillancer.event (
	seq bigint NOT NULL DEFAULT nextval('skillancer.event_seq'),
	at timestamptz NOT NULL DEFAULT skillancer.now(),
	epoch integer NOT NULL,
	xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
	id skillancer.event_id NOT NULL DEFAULT skillancer.new_id()::skillancer.event_id,
	type text NOT NULL,
	version text NOT NULL DEFAULT '1.0',
	source text NOT NULL,
	aggregate_type text NOT NULL,
	aggregate_id uuid NOT NULL,
	actor_id skillancer.user_id,
	audience uuid[] NOT NULL DEFAULT '{}',
	correlation_id text,
	causation_id uuid,
	data jsonb NOT NULL DEFAULT '{}',
	PRIMARY KEY (seq, at)
) PARTITION BY RANGE (at);
COMMENT ON TABLE skillancer.event IS
	'What happened, in the transaction that made it happen. Read by consumers in ticks between two snapshots.';
CREATE INDEX event_xid_idx ON skillancer.event (xid);
CREATE INDEX event_aggregate_idx ON skillancer.event (aggregate_id, seq);
CREATE TABLE skillancer.event_default PARTITION OF skillancer.event DEFAULT;

-- How far each consumer has read: a snapshot, not a number, because commits arrive out of order.
CREATE TABLE skillancer.consumer (
	name text PRIMARY KEY,
	epoch integer NOT NULL,
	position pg_snapshot NOT NULL,
	ticked_at timestamptz NOT NULL DEFAULT skillancer.now(),
	ticks bigint NOT NULL DEFAULT 0,
	events bigint NOT NULL DEFAULT 0
);
COMMENT ON TABLE skillancer.consumer IS
	'Position of every reader of the event log; moved in the transaction that applied the events.';

-- Timers. A hint only: the engine checks under the row lock whether the event is still legal.
CREATE TABLE skillancer.due (
	machine text NOT NULL,
	id uuid NOT NULL,
	event text NOT NULL,
	due_at timestamptz NOT NULL,
	attempts integer NOT NULL DEFAULT 0,
	last_error text,
	parked_at timestamptz,
	PRIMARY KEY (id, machine, event)
);
COMMENT ON TABLE skillancer.due IS 'Events that fall due by time; fired by the timekeeper, parked after too many failures.';
CREATE INDEX due_at_idx ON skillancer.due (due_at) WHERE parked_at IS NULL;

-- Answers kept for 72 hours, so that a repeated request gets the first outcome.
CREATE TABLE skillancer.idempotency_key (
	user_id skillancer.user_id NOT NULL,
	route text NOT NULL,
	key text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
	body_hash bytea NOT NULL,
	status integer,
	etag text,
	headers jsonb,
	meta jsonb,
	body json,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	PRIMARY KEY (user_id, route, key)
);
COMMENT ON TABLE skillancer.idempotency_key IS
	'Outcome of every request that carried an Idempotency-Key, written in the transaction of its effect.';
CREATE INDEX idempotency_key_created_idx ON skillancer.idempotency_key (created_at);

-- What staff did. Owned by the vault: nobody below superuser changes a row.
CREATE SEQUENCE skillancer.audit_seq;
CREATE TABLE skillancer.audit (
	seq bigint PRIMARY KEY DEFAULT nextval('skillancer.audit_seq'),
	at timestamptz NOT NULL DEFAULT skillancer.now(),
	epoch integer NOT NULL,
	xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
	actor_id uuid,
	db_user name NOT NULL DEFAULT session_user,
	action text NOT NULL,
	object_type text NOT NULL,
	object_id uuid,
	before jsonb,
	after jsonb,
	request_id text,
	address text
);
COMMENT ON TABLE skillancer.audit IS 'Staff and operator actions: who, what, before, after. Append-only.';
CREATE INDEX audit_object_idx ON skillancer.audit (object_id, seq);
CREATE INDEX audit_actor_idx ON skillancer.audit (actor_id, seq);

ALTER TABLE skillancer.instance ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.policy ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.secret ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.event ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.event_default ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.consumer ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.due ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.idempotency_key ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.audit ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

RESET ROLE;
ALTER SEQUENCE skillancer.audit_seq OWNER TO skillancer_vault;
ALTER TABLE skillancer.audit OWNER TO skillancer_vault;
INSERT INTO skillancer.instance (system_identifier, database_oid)
SELECT c.system_identifier::text, d.oid
FROM pg_control_system() c, pg_database d
WHERE d.datname = current_database();
INSERT INTO skillancer.secret (name, value)
VALUES ('cursor', sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())));
