/*
 * sql/ext/70_worker_jobs.sql
 *		The housekeeping of the timekeeper: which function runs how often. Rows come from the areas.
 */

-- housekeeping_job
CREATE TABLE skillancer.housekeeping_job (
	job text PRIMARY KEY,
	every interval NOT NULL CHECK (every > interval '0')
);
COMMENT ON TABLE skillancer.housekeeping_job IS
	'Jobs of the timekeeper: skillancer.<job>() runs that often and returns how many rows it did.';
