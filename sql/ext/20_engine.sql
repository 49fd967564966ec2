/*
 * sql/ext/20_engine.sql
 *		The answer of an API function, and the member tables whose rows are the rules of the engine.
 */

-- What an API function answers when it has more to say than a body.
CREATE TYPE skillancer.reply AS (
	status integer,
	etag text,
	headers jsonb,
	meta jsonb,
	body json
);
COMMENT ON TYPE skillancer.reply IS
	'Answer of a route: HTTP status, entity tag without quotes, headers, members of meta, and the data (or the error when status is 400 or more).';

-- One state machine.
CREATE TABLE skillancer.machine (
	name text PRIMARY KEY,
	relation text NOT NULL,
	aggregate text NOT NULL,
	initial text[] NOT NULL CHECK (cardinality(initial) > 0)
);
COMMENT ON TABLE skillancer.machine IS
	'State machines: the table whose column state they govern, the name of the thing in events, and the states of a new row.';

-- What may happen in which state.
CREATE TABLE skillancer.transition (
	machine text NOT NULL REFERENCES skillancer.machine,
	from_state text NOT NULL,
	event text NOT NULL,
	to_state text NOT NULL,
	actors text[] NOT NULL CHECK (actors <@ ARRAY['client', 'freelancer', 'owner', 'staff', 'system']),
	guard text,
	emits text,
	PRIMARY KEY (machine, from_state, event)
);
COMMENT ON TABLE skillancer.transition IS
	'Transitions: who may fire the event in that state, the guard that decides under the row lock, and the event that is appended to the log.';

-- How long a state lasts before an event fires by itself.
CREATE TABLE skillancer.timer (
	machine text NOT NULL REFERENCES skillancer.machine,
	state text NOT NULL,
	event text NOT NULL,
	policy_key text NOT NULL,
	PRIMARY KEY (machine, state, event)
);
COMMENT ON TABLE skillancer.timer IS
	'Timers: on entering the state, the event is scheduled after the period of the policy key (as pinned to the row, else as in force).';

-- The catalogue of events.
CREATE TABLE skillancer.event_type (
	name text PRIMARY KEY CHECK (name ~ '^[a-z_]+\.[a-z_]+$'),
	version text NOT NULL DEFAULT '1.0',
	description text NOT NULL,
	schema jsonb NOT NULL
);
COMMENT ON TABLE skillancer.event_type IS 'Every type of event with a JSON schema of its data.';
