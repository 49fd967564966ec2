/*
 * sql/ext/70_worker_jobs.sql
 *		Housekeeping: which function runs how often, in which worker. Rows come from the areas.
 */

-- housekeeping_job
CREATE TABLE skillancer.housekeeping_job (
	job text PRIMARY KEY,
	every interval NOT NULL CHECK (every > interval '0'),
	worker text NOT NULL DEFAULT 'timekeeper' CHECK (worker IN ('timekeeper', 'merger'))
);
COMMENT ON TABLE skillancer.housekeeping_job IS
	'Housekeeping: skillancer.<job>() runs that often and returns how many rows it did. What takes long runs in the merger, so that no timer waits for it.';
