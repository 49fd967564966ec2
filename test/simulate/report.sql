-- test/simulate/report.sql
--	Before the first moment and after the last: what must hold for a run to begin, and what came of it.

-- Refuses what would not go well, and lets the daily jobs begin at the first moment.
CREATE FUNCTION pg_temp.begin_life() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	v_life life%ROWTYPE;
BEGIN
	SELECT * INTO v_life FROM life;
	IF v_life.size NOT BETWEEN 5 AND 100000 OR v_life.ends <= v_life.starts OR v_life.ends > now() THEN
		RAISE EXCEPTION 'a size from 5 to 100000, a day or more, and no time to come';
	ELSIF EXISTS (SELECT FROM skillancer.user_account a WHERE a.email_key = format('support-%s@simulated.invalid', v_life.seed)) THEN
		RAISE EXCEPTION 'this marketplace has lived with seed % already: take another one', v_life.seed;
	ELSIF EXISTS (SELECT FROM skillancer.ledger_period p) THEN
		RAISE EXCEPTION 'the books are closed: nothing can be posted in the past';
	ELSIF EXISTS (SELECT FROM pg_stat_activity s WHERE s.datname = current_database() AND s.backend_type LIKE 'skillancer%') THEN
		RAISE EXCEPTION 'background workers live in the present: let them sleep first, as test/simulate/run does';
	END IF;
	UPDATE skillancer.housekeeping_run SET next_at = v_life.starts WHERE next_at > v_life.starts;
END
$$;

-- Statistics for the planner, and jobs that say the truth about the present.
CREATE FUNCTION pg_temp.end_life() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	UPDATE skillancer.housekeeping_run SET next_at = least(next_at, now());
END
$$;

-- How often trouble came, beside what was drawn: of bookings with work that was handed in, of charges that were captured, and of payouts that were settled.
CREATE FUNCTION pg_temp.trouble() RETURNS TABLE (name text, value text) LANGUAGE sql AS $$
	SELECT v.name, format('%s of %s, %s %%, drawn %s %%', v.n, v.total, coalesce(round(100.0 * v.n / nullif(v.total, 0), 2), 0), round((100 * pg_temp.share(v.rate))::numeric, 2))
	FROM (
		SELECT 'disputes', 'dispute', count(DISTINCT d.booking_id), count(DISTINCT c.id)
		FROM contract c LEFT JOIN skillancer.dispute d ON d.booking_id = c.id
		WHERE EXISTS (SELECT FROM skillancer.milestone m WHERE m.booking_id = c.id AND m.submitted_at IS NOT NULL)
		UNION ALL
		SELECT 'charge-backs', 'charge-back', count(b.id), count(*)
		FROM charged x LEFT JOIN skillancer.chargeback b ON b.charge_id = x.id
		UNION ALL
		SELECT 'payout failures', 'payout failure', count(*) FILTER (WHERE o.state = 'FAILED'), count(*)
		FROM skillancer.payout o JOIN person p ON p.id = o.user_id WHERE o.state IN ('PAID', 'FAILED')
	) v (name, rate, n, total)
$$;

-- How long things took, at the median and for nine of ten.
CREATE FUNCTION pg_temp.times() RETURNS TABLE (name text, value text) LANGUAGE sql AS $$
	SELECT v.name, format('%s h, nine of ten within %s h', round((v.p[1] / 3600)::numeric, 1), round((v.p[2] / 3600)::numeric, 1))
	FROM (
		SELECT 'first proposal', percentile_disc('{0.5,0.9}'::double precision[]) WITHIN GROUP (ORDER BY extract(epoch FROM f.at - j.published_at))
		FROM posting g JOIN skillancer.project j ON j.id = g.id
		CROSS JOIN LATERAL (SELECT min(r.created_at) AS at FROM skillancer.proposal r WHERE r.project_id = j.id) f WHERE f.at IS NOT NULL
		UNION ALL
		SELECT 'hire', percentile_disc('{0.5,0.9}'::double precision[]) WITHIN GROUP (ORDER BY extract(epoch FROM b.created_at - j.published_at))
		FROM posting g JOIN skillancer.project j ON j.id = g.id JOIN skillancer.booking b ON b.project_id = j.id
	) v (name, p)
$$;

-- What came of it, as lines of name and value.
CREATE FUNCTION pg_temp.report() RETURNS TABLE (name text, value text) LANGUAGE sql AS $$
	SELECT 'seed', l.seed::text FROM life l
	UNION ALL SELECT 'from', l.starts::text FROM life l
	UNION ALL SELECT 'until', l.ends::text FROM life l
	UNION ALL SELECT 'people', count(*)::text FROM person p WHERE p.id IS NOT NULL
	UNION ALL SELECT 'postings', count(*)::text FROM posting
	UNION ALL SELECT 'proposals', count(*)::text FROM bid
	UNION ALL SELECT 'contracts', count(*)::text FROM contract
	UNION ALL SELECT t.name, t.value FROM pg_temp.trouble() t
	UNION ALL SELECT t.name, t.value FROM pg_temp.times() t
	UNION ALL SELECT d.verb || CASE d.outcome WHEN 'done' THEN '' ELSE ' refused with ' || d.outcome END, format('%s, %s s', d.count, round(extract(epoch FROM d.spent), 2)) || coalesce(' (' || d.first_message || ')', '') FROM deed d
	UNION ALL SELECT 'acts', l.acts::text FROM life l
	UNION ALL SELECT 'timers', l.timers::text FROM life l
	UNION ALL SELECT 'fingerprint', lpad(to_hex(l.fingerprint), 16, '0') FROM life l
$$;
