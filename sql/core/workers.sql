/*
 * sql/core/workers.sql
 *		What the background workers call, and what an operator sees of them.
 *
 * The workers connect as skillancer_worker, which may execute the batch functions granted here and nothing else.
 * A batch function belongs to the engine. Timers that fail are tried again later and parked after five attempts.
 */

-- The gate of every batch.
CREATE OR REPLACE FUNCTION skillancer.state_problem()
RETURNS text
LANGUAGE c VOLATILE SECURITY DEFINER
AS 'MODULE_PATHNAME', 'skl_fn_state_problem';
COMMENT ON FUNCTION skillancer.state_problem() IS
	'What keeps this database from working (versions differ, or it is a copy), or NULL.';
ALTER FUNCTION skillancer.state_problem() OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.state_problem() TO skillancer_worker;

-- Waking from SQL.
CREATE OR REPLACE FUNCTION skillancer.wake(p_worker text)
RETURNS void
LANGUAGE c VOLATILE STRICT
AS 'MODULE_PATHNAME', 'skl_fn_wake';
COMMENT ON FUNCTION skillancer.wake(text) IS
	'Wakes a worker (or the launcher) of this database when the transaction commits.';

-- Shared memory of the workers.
CREATE OR REPLACE FUNCTION skillancer.worker_slots()
RETURNS TABLE (
	database_oid oid, database_state text, worker text, pid integer, state text, reason text, started_at timestamptz,
	last_batch_at timestamptz, last_batch bigint, rows bigint, turns bigint, lag_seconds double precision,
	errors bigint, last_error_at timestamptz, last_error text, next_start_at timestamptz)
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'skl_fn_worker_slots';
COMMENT ON FUNCTION skillancer.worker_slots() IS
	'One row for each database and worker of the cluster, from shared memory; see skillancer.worker_status.';
GRANT EXECUTE ON FUNCTION skillancer.worker_slots() TO skillancer_admin;

-- Tests wait for a state, they do not sleep.
CREATE OR REPLACE FUNCTION skillancer.wait_for_worker(p_worker text, p_timeout interval DEFAULT '30 seconds')
RETURNS boolean
LANGUAGE c VOLATILE STRICT
AS 'MODULE_PATHNAME', 'skl_fn_wait_for_worker';
COMMENT ON FUNCTION skillancer.wait_for_worker(text, interval) IS
	'Wakes a worker and waits until it has done everything committed before the call; false when the time is over.';
GRANT EXECUTE ON FUNCTION skillancer.wait_for_worker(text, interval) TO skillancer_admin;

-- timekeeper_claim
CREATE OR REPLACE FUNCTION skillancer.timekeeper_claim(p_limit integer)
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
-- by keys: the planner takes the limit for a tenth of all timers
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $fn$
DECLARE
	v_claimed bigint;
BEGIN
	UPDATE skillancer.due d
	SET attempts = d.attempts + 1,
		parked_at = CASE WHEN d.attempts >= 5 THEN skillancer.now() END,
		last_error = CASE WHEN d.attempts >= 5 THEN coalesce(d.last_error, 'the server stopped while it was fired')
			ELSE d.last_error END
	FROM (
		SELECT t.id, t.machine, t.event
		FROM skillancer.due t
		WHERE t.due_at <= skillancer.now() AND t.parked_at IS NULL
		ORDER BY t.due_at
		LIMIT p_limit
		FOR UPDATE SKIP LOCKED) AS c
	WHERE d.id = c.id AND d.machine = c.machine AND d.event = c.event;
	GET DIAGNOSTICS v_claimed = ROW_COUNT;
	RETURN v_claimed;
END
$fn$;
COMMENT ON FUNCTION skillancer.timekeeper_claim(integer) IS
	'Counts an attempt in each timer that is due, committed before it is fired; parks those that used all of theirs.';
ALTER FUNCTION skillancer.timekeeper_claim(integer) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.timekeeper_claim(integer) TO skillancer_worker;

-- timekeeper_failed
CREATE OR REPLACE FUNCTION skillancer.timekeeper_failed(
	p_machine text, p_id uuid, p_event text, p_sqlstate text, p_message text)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	IF p_sqlstate IN ('40001', '40P01', '55P03') THEN
		UPDATE skillancer.due d
		SET attempts = greatest(d.attempts - 1, 0), due_at = skillancer.now() + interval '1 second'
		WHERE d.id = p_id AND d.machine = p_machine AND d.event = p_event;
		RETURN;
	END IF;
	UPDATE skillancer.due d
	SET last_error = left(format('%s: %s', p_sqlstate, p_message), 1000),
		parked_at = CASE WHEN d.attempts >= 5 THEN skillancer.now() END,
		due_at = skillancer.now() + interval '10 seconds' * (2 ^ least(d.attempts, 10))
	WHERE d.id = p_id AND d.machine = p_machine AND d.event = p_event;
END
$fn$;
COMMENT ON FUNCTION skillancer.timekeeper_failed(text, uuid, text, text, text) IS
	'Notes why a timer failed and when it is tried again; a lost race for a lock does not count.';

-- timekeeper_fire_batches
CREATE OR REPLACE FUNCTION skillancer.timekeeper_fire_batches(p_limit integer)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_group record;
	v_fired bigint := 0;
BEGIN
	FOR v_group IN
		SELECT t.machine, t.event, array_agg(t.id ORDER BY t.id) AS ids
		FROM (
			SELECT d.machine, d.event, d.id
			FROM skillancer.due d
			WHERE d.due_at <= skillancer.now() AND d.parked_at IS NULL AND d.attempts = 1
			ORDER BY d.due_at
			LIMIT p_limit) t
		WHERE (t.machine, t.event) IN (('earning', 'mature'), ('milestone', 'auto_release'))
		GROUP BY t.machine, t.event
		HAVING count(*) > 1
		ORDER BY t.machine DESC
	LOOP
		BEGIN
			v_fired := v_fired + skillancer.fire_batch(v_group.machine, v_group.event, v_group.ids, true);
			DELETE FROM skillancer.due d
			WHERE d.machine = v_group.machine AND d.event = v_group.event AND d.id = ANY (v_group.ids) AND d.due_at <= skillancer.now();
		EXCEPTION WHEN OTHERS THEN
			RAISE LOG 'skillancer fires % of % one by one: %', v_group.event, v_group.machine, SQLERRM;
		END;
	END LOOP;
	RETURN v_fired;
END
$fn$;
COMMENT ON FUNCTION skillancer.timekeeper_fire_batches(integer) IS
	'Fires the claimed timers of the kinds that move money by the many, each kind in one batch of postings. A batch with one that fails is undone and left to timekeeper_fire(), one by one.';

-- timekeeper_fire
CREATE OR REPLACE FUNCTION skillancer.timekeeper_fire(p_limit integer)
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_timer record;
	v_fired bigint := skillancer.timekeeper_fire_batches(p_limit);
BEGIN
	-- no lock on the timers: who fires takes the entity first and its timers after
	FOR v_timer IN
		SELECT d.machine, d.id, d.event, d.due_at
		FROM skillancer.due d
		WHERE d.due_at <= skillancer.now() AND d.parked_at IS NULL AND d.attempts > 0
		ORDER BY d.due_at
		LIMIT p_limit
	LOOP
		BEGIN
			PERFORM skillancer.fire_timer(v_timer.machine, v_timer.id, v_timer.event);
			v_fired := v_fired + 1;
		EXCEPTION
			WHEN SQLSTATE 'SK002' OR SQLSTATE 'SK004' THEN
				NULL; -- the row has moved on: a late timer does nothing
			WHEN OTHERS THEN
				PERFORM skillancer.timekeeper_failed(v_timer.machine, v_timer.id, v_timer.event, SQLSTATE, SQLERRM);
				CONTINUE;
		END;
		DELETE FROM skillancer.due d
		WHERE d.id = v_timer.id AND d.machine = v_timer.machine AND d.event = v_timer.event
			AND d.due_at = v_timer.due_at;
	END LOOP;
	RETURN v_fired;
END
$fn$;
COMMENT ON FUNCTION skillancer.timekeeper_fire(integer) IS
	'Fires the claimed timers, earnings and silent approvals in batches, the others each in a subtransaction; the engine decides under the lock whether there is anything to do.';
ALTER FUNCTION skillancer.timekeeper_fire(integer) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.timekeeper_fire(integer) TO skillancer_worker;

-- timekeeper_lag
CREATE OR REPLACE FUNCTION skillancer.timekeeper_lag()
RETURNS double precision
LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
	SELECT coalesce(greatest(extract(epoch FROM skillancer.now() - min(d.due_at)), 0), 0)::double precision
	FROM skillancer.due d
	WHERE d.parked_at IS NULL
$fn$;
COMMENT ON FUNCTION skillancer.timekeeper_lag() IS 'Seconds that the oldest timer is late.';
ALTER FUNCTION skillancer.timekeeper_lag() OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.timekeeper_lag() TO skillancer_worker;

-- run_job
CREATE OR REPLACE FUNCTION skillancer.run_job(p_job text, p_every interval)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_rows bigint;
BEGIN
	BEGIN
		EXECUTE format('SELECT skillancer.%I()::bigint', p_job) INTO v_rows;
		INSERT INTO skillancer.housekeeping_run (job, next_at, last_at, rows)
		VALUES (p_job, skillancer.now() + p_every, skillancer.now(), coalesce(v_rows, 0))
		ON CONFLICT (job) DO UPDATE
		SET next_at = EXCLUDED.next_at, last_at = EXCLUDED.last_at, rows = EXCLUDED.rows, attempts = 0, last_error = NULL;
	EXCEPTION WHEN OTHERS THEN
		RAISE LOG 'skillancer housekeeping % failed: %', p_job, SQLERRM;
		INSERT INTO skillancer.housekeeping_run AS r (job, next_at, attempts, last_error)
		VALUES (p_job, skillancer.now() + least(p_every, interval '1 minute'), 1, left(SQLERRM, 1000))
		ON CONFLICT (job) DO UPDATE
		SET next_at = EXCLUDED.next_at, attempts = r.attempts + 1, last_error = EXCLUDED.last_error;
	END;
END
$fn$;
COMMENT ON FUNCTION skillancer.run_job(text, interval) IS
	'Runs one housekeeping job in a subtransaction and notes its outcome; a failed one is tried again within a minute.';

-- keep_house
CREATE OR REPLACE FUNCTION skillancer.keep_house(p_worker text, p_limit integer)
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_job record;
	v_ran bigint := 0;
BEGIN
	FOR v_job IN
		SELECT j.job, j.every
		FROM skillancer.housekeeping_job j
		LEFT JOIN skillancer.housekeeping_run r ON r.job = j.job
		WHERE j.worker = p_worker AND coalesce(r.next_at, '-infinity') <= skillancer.now()
		ORDER BY r.next_at NULLS FIRST, j.job
		LIMIT p_limit
	LOOP
		PERFORM skillancer.run_job(v_job.job, v_job.every);
		v_ran := v_ran + 1;
	END LOOP;
	RETURN v_ran;
END
$fn$;
COMMENT ON FUNCTION skillancer.keep_house(text, integer) IS
	'Runs the housekeeping jobs of a worker that are due, at most so many; returns how many.';
ALTER FUNCTION skillancer.keep_house(text, integer) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.keep_house(text, integer) TO skillancer_worker;

-- make_month_partition
CREATE OR REPLACE FUNCTION skillancer.make_month_partition(p_table text, p_month date)
RETURNS integer
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_name text := format('%s_%s', p_table, to_char(p_month, 'YYYYMM'));
BEGIN
	IF to_regclass(format('skillancer.%I', v_name)) IS NOT NULL THEN
		RETURN 0;
	END IF;
	EXECUTE format('CREATE TABLE skillancer.%I (LIKE skillancer.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)',
		v_name, p_table);
	EXECUTE format('ALTER TABLE skillancer.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', v_name);
	EXECUTE format('ALTER TABLE skillancer.%I ATTACH PARTITION skillancer.%I FOR VALUES FROM (%L) TO (%L)',
		p_table, v_name, p_month::timestamp AT TIME ZONE 'UTC',
		(p_month + interval '1 month')::timestamp AT TIME ZONE 'UTC');
	EXECUTE format('GRANT SELECT ON skillancer.%I TO skillancer_backup', v_name);
	RETURN 1;
EXCEPTION WHEN check_violation THEN
	RETURN 0; -- the default partition has rows of that month: they stay there
END
$fn$;
COMMENT ON FUNCTION skillancer.make_month_partition(text, date) IS
	'Creates the partition of one month (UTC) of a partitioned table, unless it exists. Attaching does not block readers and writers of the parent.';

-- create_partitions
CREATE OR REPLACE FUNCTION skillancer.create_partitions()
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
SET lock_timeout = '1s'
AS $fn$
DECLARE
	v_month date := date_trunc('month', skillancer.now() AT TIME ZONE 'UTC')::date;
	v_made  bigint := 0;
BEGIN
	FOR i IN 0..3 LOOP
		v_made := v_made + skillancer.make_month_partition('event', (v_month + make_interval(months => i))::date);
	END LOOP;
	RETURN v_made;
END
$fn$;
COMMENT ON FUNCTION skillancer.create_partitions() IS
	'Creates the partitions of the event log for this month and the next three.';

-- forget_idempotency_keys
CREATE OR REPLACE FUNCTION skillancer.forget_idempotency_keys()
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_rows bigint;
BEGIN
	DELETE FROM skillancer.idempotency_key k WHERE k.created_at < skillancer.now() - (SELECT skillancer.policy_interval('idempotencyRetention'));
	GET DIAGNOSTICS v_rows = ROW_COUNT;
	RETURN v_rows;
END
$fn$;
COMMENT ON FUNCTION skillancer.forget_idempotency_keys() IS 'Deletes the answers of requests that are older than the policy idempotencyRetention.';
ALTER FUNCTION skillancer.forget_idempotency_keys() OWNER TO skillancer_engine;

-- redrive_timers
CREATE OR REPLACE FUNCTION skillancer.redrive_timers(p_item text)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_rows bigint;
BEGIN
	UPDATE skillancer.due d
	SET parked_at = NULL, attempts = 0, last_error = NULL, due_at = skillancer.now()
	WHERE d.parked_at IS NOT NULL
		AND (p_item IS NULL OR p_item = format('%s/%s/%s', d.machine, d.id, d.event));
	GET DIAGNOSTICS v_rows = ROW_COUNT;
	PERFORM skillancer.wake('timekeeper');
	RETURN v_rows;
END
$fn$;
COMMENT ON FUNCTION skillancer.redrive_timers(text) IS 'Makes parked timers due again; NULL means all of them.';

INSERT INTO skillancer.housekeeping_job (job, every) VALUES
	('create_partitions', '12 hours'),
	('forget_idempotency_keys', '10 minutes');
