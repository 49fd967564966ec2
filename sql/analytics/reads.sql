/*
 * sql/analytics/reads.sql
 *		Counting what is looked at. Reads are READ ONLY transactions, so they note it in shared memory.
 */

-- note_read
CREATE OR REPLACE FUNCTION skillancer.note_read(p_kind text, p_object uuid)
RETURNS boolean
LANGUAGE c VOLATILE STRICT
AS 'MODULE_PATHNAME', 'skl_fn_note_read';
COMMENT ON FUNCTION skillancer.note_read(text, uuid) IS
	'Notes that the request looked at something, which the analyst counts, and returns whether that was possible. Nothing is written by the caller; as the value of an assignment it costs next to nothing.';
GRANT EXECUTE ON FUNCTION skillancer.note_read(text, uuid) TO skillancer_bridge;

-- reads_take
CREATE OR REPLACE FUNCTION skillancer.reads_take()
RETURNS TABLE (kind text, object uuid, at timestamptz)
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'skl_fn_reads_take';
COMMENT ON FUNCTION skillancer.reads_take() IS 'Takes what requests of this database have noted out of shared memory.';

-- reads_write
CREATE OR REPLACE FUNCTION skillancer.reads_write()
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_reads jsonb := (SELECT jsonb_agg(t) FROM skillancer.reads_take() t);
BEGIN
	IF v_reads IS NULL THEN
		RETURN 0;
	END IF;
	INSERT INTO skillancer.read_day AS d (kind, object, day, n)
	SELECT r.kind, r.object, skillancer.utc_day(r.at), count(*)
	FROM jsonb_to_recordset(v_reads) AS r (kind text, object uuid, at timestamptz)
	GROUP BY 1, 2, 3
	ON CONFLICT (kind, object, day) DO UPDATE SET n = d.n + EXCLUDED.n;
	PERFORM skillancer.rollup_add(ARRAY(
		SELECT ROW('sum', r.kind || '_views', date_trunc('hour', r.at, 'UTC'), '{}', NULL, NULL, count(*), count(*), NULL)::skillancer.rollup_cell
		FROM jsonb_to_recordset(v_reads) AS r (kind text, at timestamptz)
		GROUP BY r.kind, date_trunc('hour', r.at, 'UTC')));
	RETURN jsonb_array_length(v_reads);
END
$fn$;
COMMENT ON FUNCTION skillancer.reads_write() IS
	'Adds what requests have looked at to the counts of its day and to the rollups; returns how many reads.';

-- tell_views
CREATE OR REPLACE FUNCTION skillancer.tell_views()
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	c_most constant integer := 1000;
	v_told bigint := 0;
	v_day  record;
BEGIN
	FOR v_day IN
		UPDATE skillancer.read_day d SET told = d.n
		FROM (SELECT r.object, r.day, r.told FROM skillancer.read_day r
			WHERE r.kind = 'project' AND r.told < r.n ORDER BY r.day, r.object LIMIT c_most FOR UPDATE) o
		WHERE d.kind = 'project' AND d.object = o.object AND d.day = o.day
		RETURNING d.object, d.day, d.n - o.told AS views
	LOOP
		PERFORM skillancer.emit('project.viewed', 'project', v_day.object, jsonb_build_object('projectId', p.id,
			'clientId', p.client_id, 'day', v_day.day, 'views', v_day.views), ARRAY[p.client_id::uuid])
		FROM skillancer.project p WHERE p.id = v_day.object::skillancer.project_id;
		v_told := v_told + 1;
	END LOOP;
	RETURN v_told;
END
$fn$;
COMMENT ON FUNCTION skillancer.tell_views() IS
	'Job of the timekeeper: an event project.viewed for each project that was looked at since the last time, with how often.';
ALTER FUNCTION skillancer.tell_views() OWNER TO skillancer_engine;
INSERT INTO skillancer.housekeeping_job (job, every) VALUES ('tell_views', '1 minute');
