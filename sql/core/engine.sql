/*
 * sql/core/engine.sql
 *		The state machine engine, timers, policies, events and audit as SQL functions.
 */

-- The marketplace's time.
CREATE OR REPLACE FUNCTION skillancer.now()
RETURNS timestamptz
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'skl_fn_now';
COMMENT ON FUNCTION skillancer.now() IS 'Start of the transaction, moved by the setting skillancer.clock_offset.';

-- Version of the shared library.
CREATE OR REPLACE FUNCTION skillancer.library_version()
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'skl_fn_library_version';
COMMENT ON FUNCTION skillancer.library_version() IS 'Version of the library that this server has loaded.';

-- The epoch that stamps transaction ids.
CREATE OR REPLACE FUNCTION skillancer.epoch()
RETURNS integer
LANGUAGE c STABLE SECURITY DEFINER
AS 'MODULE_PATHNAME', 'skl_fn_epoch';
COMMENT ON FUNCTION skillancer.epoch() IS
	'Epoch in which transaction ids of this database compare. Raises INSTANCE_MISMATCH in a copy that was not adopted, UPGRADE_NEEDED when versions differ.';
ALTER FUNCTION skillancer.epoch() OWNER TO skillancer_engine;

-- Makes every backend read state and rules anew.
CREATE OR REPLACE FUNCTION skillancer.invalidate()
RETURNS void
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'skl_fn_invalidate';
COMMENT ON FUNCTION skillancer.invalidate() IS
	'At commit, every backend forgets what it cached of instance, versions and state machines.';

-- Fires an event on behalf of the caller.
CREATE OR REPLACE FUNCTION skillancer.fire(p_machine text, p_id uuid, p_event text, p_payload jsonb DEFAULT '{}')
RETURNS text
LANGUAGE c VOLATILE STRICT SECURITY DEFINER
AS 'MODULE_PATHNAME', 'skl_fn_fire';
COMMENT ON FUNCTION skillancer.fire(text, uuid, text, jsonb) IS
	'Fires an event at an object and returns its new state. RESOURCE_NOT_FOUND, PERMISSION_DENIED, or INVALID_STATE with {"state", "allowed"}.';
ALTER FUNCTION skillancer.fire(text, uuid, text, jsonb) OWNER TO skillancer_engine;

-- Fires an event on behalf of the marketplace.
CREATE OR REPLACE FUNCTION skillancer.fire_system(p_machine text, p_id uuid, p_event text, p_payload jsonb DEFAULT '{}')
RETURNS text
LANGUAGE c VOLATILE STRICT SECURITY DEFINER
AS 'MODULE_PATHNAME', 'skl_fn_fire_system';
COMMENT ON FUNCTION skillancer.fire_system(text, uuid, text, jsonb) IS
	'Like fire(), as the marketplace itself: for timers and for what follows from a command.';
ALTER FUNCTION skillancer.fire_system(text, uuid, text, jsonb) OWNER TO skillancer_engine;

-- Fires an event whose time has come.
CREATE OR REPLACE FUNCTION skillancer.fire_timer(p_machine text, p_id uuid, p_event text)
RETURNS text
LANGUAGE c VOLATILE STRICT SECURITY DEFINER
AS 'MODULE_PATHNAME', 'skl_fn_fire_timer';
COMMENT ON FUNCTION skillancer.fire_timer(text, uuid, text) IS
	'Like fire_system(), for a timer: INVALID_STATE when it was dropped or set anew before the object was locked.';
ALTER FUNCTION skillancer.fire_timer(text, uuid, text) OWNER TO skillancer_engine;

-- Fires one event at many.
CREATE OR REPLACE FUNCTION skillancer.fire_batch(p_machine text, p_event text, p_ids uuid[], p_timers boolean DEFAULT false)
RETURNS bigint
LANGUAGE c VOLATILE STRICT SECURITY DEFINER
AS 'MODULE_PATHNAME', 'skl_fn_fire_batch';
COMMENT ON FUNCTION skillancer.fire_batch(text, text, uuid[], boolean) IS
	'Like fire_system(), or fire_timer(), at each of the ids, with all postings in one batch; all or none. For the timekeeper.';
ALTER FUNCTION skillancer.fire_batch(text, text, uuid[], boolean) OWNER TO skillancer_engine;

-- Sets a timer by hand.
CREATE OR REPLACE FUNCTION skillancer.schedule(p_machine text, p_id uuid, p_event text, p_due_at timestamptz)
RETURNS void
LANGUAGE c VOLATILE STRICT SECURITY DEFINER
AS 'MODULE_PATHNAME', 'skl_fn_schedule';
COMMENT ON FUNCTION skillancer.schedule(text, uuid, text, timestamptz) IS
	'Fires the event at the object at that time; replaces an earlier time for the same event.';
ALTER FUNCTION skillancer.schedule(text, uuid, text, timestamptz) OWNER TO skillancer_engine;

-- Refuses states that the engine did not set.
CREATE OR REPLACE FUNCTION skillancer.state_guard()
RETURNS trigger
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'skl_fn_state_guard';
COMMENT ON FUNCTION skillancer.state_guard() IS
	'Trigger of every table with a state machine (argument: its name): a new row has an initial state, and only fire() changes one.';

-- Opens the door for imports.
CREATE OR REPLACE FUNCTION skillancer.import_begin(p_reason text)
RETURNS void
LANGUAGE c VOLATILE STRICT SECURITY DEFINER
AS 'MODULE_PATHNAME', 'skl_fn_import_begin';
COMMENT ON FUNCTION skillancer.import_begin(text) IS
	'Until the transaction ends, new rows may have any state of their machine. Leaves an audit row with the reason.';
ALTER FUNCTION skillancer.import_begin(text) OWNER TO skillancer_engine;

-- The value of a policy in force.
CREATE OR REPLACE FUNCTION skillancer.policy_value(p_key text)
RETURNS jsonb
LANGUAGE c STABLE STRICT SECURITY DEFINER
AS 'MODULE_PATHNAME', 'skl_fn_policy_value';
COMMENT ON FUNCTION skillancer.policy_value(text) IS 'The value in force at skillancer.now(); an error when the key has none.';
ALTER FUNCTION skillancer.policy_value(text) OWNER TO skillancer_engine;

-- The same as a whole number.
CREATE OR REPLACE FUNCTION skillancer.policy_int(p_key text)
RETURNS bigint
LANGUAGE c STABLE STRICT SECURITY DEFINER
AS 'MODULE_PATHNAME', 'skl_fn_policy_int';
COMMENT ON FUNCTION skillancer.policy_int(text) IS 'A policy that is a whole number.';
ALTER FUNCTION skillancer.policy_int(text) OWNER TO skillancer_engine;

-- The same as a period.
CREATE OR REPLACE FUNCTION skillancer.policy_interval(p_key text)
RETURNS interval
LANGUAGE c STABLE STRICT SECURITY DEFINER
AS 'MODULE_PATHNAME', 'skl_fn_policy_interval';
COMMENT ON FUNCTION skillancer.policy_interval(text) IS 'A policy that is an ISO 8601 duration.';
ALTER FUNCTION skillancer.policy_interval(text) OWNER TO skillancer_engine;

-- What a contract pins.
CREATE OR REPLACE FUNCTION skillancer.policy_pin(p_keys text[])
RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN (SELECT jsonb_object_agg(k, skillancer.policy_value(k)) FROM unnest(p_keys) AS k);
END
$$;
COMMENT ON FUNCTION skillancer.policy_pin(text[]) IS
	'The values in force of some policies as one object, to be stored with what was agreed.';

-- A policy that the project ships.
CREATE OR REPLACE FUNCTION skillancer.put_policy(p_key text, p_value jsonb, p_description text)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.put_builtin('skillancer.policy', jsonb_build_object(
		'key', p_key, 'valid_from', '-infinity', 'value', p_value, 'description', p_description));
END
$$;
COMMENT ON FUNCTION skillancer.put_policy(text, jsonb, text) IS
	'Ships a policy: replaces the row only while nobody edited it. Called by builtin.sql files.';

-- Appends to the event log.
CREATE OR REPLACE FUNCTION skillancer.emit(p_type text, p_aggregate_type text, p_aggregate_id uuid, p_data jsonb, p_audience uuid[] DEFAULT NULL)
RETURNS uuid
LANGUAGE c VOLATILE SECURITY DEFINER
AS 'MODULE_PATHNAME', 'skl_fn_emit';
COMMENT ON FUNCTION skillancer.emit(text, text, uuid, jsonb, uuid[]) IS
	'Appends an event in this transaction and returns its id; audience lists the users who may hear of it.';
ALTER FUNCTION skillancer.emit(text, text, uuid, jsonb, uuid[]) OWNER TO skillancer_engine;

-- What the events of a worker follow from.
CREATE OR REPLACE FUNCTION skillancer.follow(p_event uuid, p_correlation text)
RETURNS void
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'skl_fn_follow';
COMMENT ON FUNCTION skillancer.follow(uuid, text) IS
	'From now on in this transaction events follow from this one and carry this correlation; NULL, NULL ends it. For workers that go on with what a request began.';

-- What something that is set off now will follow from.
CREATE OR REPLACE FUNCTION skillancer.cause_event()
RETURNS uuid
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'skl_fn_cause_event';
COMMENT ON FUNCTION skillancer.cause_event() IS
	'The event that what is set off now follows from: default of the column causation_id of queues.';

-- Which request it belongs to.
CREATE OR REPLACE FUNCTION skillancer.cause_correlation()
RETURNS text
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'skl_fn_cause_correlation';
COMMENT ON FUNCTION skillancer.cause_correlation() IS
	'The correlation of this request, or of what a worker follows: default of the column correlation_id of queues.';

-- Which trace it belongs to.
CREATE OR REPLACE FUNCTION skillancer.trace_now()
RETURNS text
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'skl_fn_trace_now';
COMMENT ON FUNCTION skillancer.trace_now() IS
	'The trace that an event of now belongs to: of the request, else one that begins here. Default of the column trace of queues.';

-- Writes to the audit log.
CREATE OR REPLACE FUNCTION skillancer.audit(p_action text, p_object_type text, p_object_id uuid, p_before jsonb, p_after jsonb)
RETURNS void
LANGUAGE c VOLATILE SECURITY DEFINER
AS 'MODULE_PATHNAME', 'skl_fn_audit';
COMMENT ON FUNCTION skillancer.audit(text, text, uuid, jsonb, jsonb) IS
	'Records an action of staff or an operator with the state before and after.';
ALTER FUNCTION skillancer.audit(text, text, uuid, jsonb, jsonb) OWNER TO skillancer_engine;

GRANT EXECUTE ON FUNCTION
	skillancer.policy_value(text), skillancer.policy_int(text), skillancer.policy_interval(text)
	TO skillancer_bridge;
GRANT EXECUTE ON FUNCTION skillancer.policy_value(text) TO skillancer_admin;
GRANT EXECUTE ON FUNCTION skillancer.import_begin(text) TO skillancer_admin;
