-- test/simulate/clock.sql
--	The course of time: the next act, timer or turn of the workers, one after the other, each in a transaction of its own
--	at its moment. The background workers sleep meanwhile (test/simulate/run sees to it); their turns are called here.

-- Sets the clock of this transaction.
CREATE FUNCTION pg_temp.be_at(p_at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('skillancer.clock_offset', ceil(extract(epoch FROM p_at - transaction_timestamp()))::integer::text, true);
END
$$;

-- What the sandbox of payments has sent by itself, as the courier settles it.
CREATE PROCEDURE pg_temp.settle_payments(p_at timestamptz) LANGUAGE plpgsql AS $$
DECLARE
	v_next record;
BEGIN
	LOOP
		PERFORM pg_temp.be_at(p_at);
		SELECT * INTO v_next FROM skillancer.provider_next();
		EXIT WHEN num_nonnulls(v_next.call, v_next.event) = 0;
		PERFORM skillancer.provider_settle(v_next.call, v_next.event);
		COMMIT;
	END LOOP;
END
$$;

-- The timers that have fallen due, as the timekeeper fires them.
CREATE PROCEDURE pg_temp.fire_timers(p_at timestamptz) LANGUAGE plpgsql AS $$
DECLARE
	v_claimed bigint;
	v_fired bigint;
	v_since timestamptz;
BEGIN
	LOOP
		v_since := clock_timestamp();
		PERFORM pg_temp.be_at(p_at);
		v_claimed := skillancer.timekeeper_claim(50);
		COMMIT;
		EXIT WHEN v_claimed = 0;
		PERFORM pg_temp.be_at(p_at);
		v_fired := skillancer.timekeeper_fire(50);
		UPDATE life SET timers = timers + v_fired;
		PERFORM pg_temp.note('(timers)', 'done', NULL, v_since);
		COMMIT;
	END LOOP;
	CALL pg_temp.settle_payments(p_at);
END
$$;

-- The search index up to date.
CREATE PROCEDURE pg_temp.index_all(p_at timestamptz) LANGUAGE plpgsql AS $$
DECLARE
	v_since timestamptz;
	v_done bigint;
BEGIN
	LOOP
		v_since := clock_timestamp();
		PERFORM pg_temp.be_at(p_at);
		v_done := (SELECT b.rows FROM skillancer.indexer_batch(2000) b) + skillancer.merger_batch(2000);
		PERFORM pg_temp.note('(indexer)', 'done', NULL, v_since);
		COMMIT;
		EXIT WHEN v_done = 0;
	END LOOP;
END
$$;

-- The rollups up to date, with the views that the analyst is told of in memory.
CREATE PROCEDURE pg_temp.add_up(p_at timestamptz) LANGUAGE plpgsql AS $$
DECLARE
	v_since timestamptz;
	v_done bigint;
BEGIN
	LOOP
		v_since := clock_timestamp();
		PERFORM pg_temp.be_at(p_at);
		v_done := (SELECT b.rows FROM skillancer.analyst_batch() b);
		PERFORM pg_temp.note('(analyst)', 'done', NULL, v_since);
		COMMIT;
		EXIT WHEN v_done = 0;
	END LOOP;
END
$$;

-- Housekeeping: the jobs that run more than once a day and do not only clear away; once a month and at the end all of it.
CREATE PROCEDURE pg_temp.keep_house(p_at timestamptz) LANGUAGE plpgsql AS $$
DECLARE
	v_since timestamptz;
	v_job record;
BEGIN
	FOR v_job IN SELECT j.job, j.every FROM skillancer.housekeeping_job j
		WHERE extract(day FROM p_at) = 1 OR p_at = (SELECT l.ends FROM life l) OR j.every < interval '1 day' AND j.job !~ '^(forget|purge|trim)_' ORDER BY j.job LOOP
		v_since := clock_timestamp();
		PERFORM pg_temp.be_at(p_at);
		PERFORM skillancer.run_job(v_job.job, v_job.every);
		PERFORM pg_temp.note('(housekeeping)', 'done', NULL, v_since);
		COMMIT;
	END LOOP;
END
$$;

-- A turn of the other workers: notifications every few hours, mail counting as delivered; the search index and
-- what searches have noted twice a day; rollups and housekeeping after midnight.
CREATE PROCEDURE pg_temp.turn(p_at timestamptz) LANGUAGE plpgsql AS $$
DECLARE
	v_since timestamptz := clock_timestamp();
	v_hour integer := extract(hour FROM p_at);
BEGIN
	PERFORM pg_temp.be_at(p_at);
	PERFORM skillancer.notifier_batch(500);
	IF v_hour = 0 OR p_at > (SELECT l.ends - interval '1 day' FROM life l) THEN
		PERFORM skillancer.stream_batch(500);
	END IF;
	UPDATE skillancer.mail m SET state = 'SENT', settled_at = skillancer.now(), data = '{}' WHERE m.state = 'QUEUED' AND m.due_at <= skillancer.now();
	PERFORM pg_temp.note('(notifier)', 'done', NULL, v_since);
	COMMIT;
	IF v_hour IN (0, 12) THEN
		CALL pg_temp.index_all(p_at);
	END IF;
	IF v_hour = 0 THEN
		CALL pg_temp.add_up(p_at);
		CALL pg_temp.keep_house(p_at);
	END IF;
END
$$;

-- One act. What the marketplace refuses is counted; any other error ends the run.
CREATE FUNCTION pg_temp.perform(p_act agenda) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	v_outcome text := 'done';
	v_message text;
	v_since timestamptz := clock_timestamp();
BEGIN
	PERFORM pg_temp.be_at(p_act.at);
	DELETE FROM agenda a WHERE a.at = p_act.at AND a.n = p_act.n;
	BEGIN
		EXECUTE format('SELECT pg_temp.%I($1)', 'act_' || p_act.verb) USING p_act;
	EXCEPTION WHEN OTHERS THEN
		IF SQLSTATE NOT LIKE 'SK%' THEN
			RAISE;
		END IF;
		v_outcome := SQLSTATE;
		v_message := SQLERRM;
	END;
	PERFORM pg_temp.note(p_act.verb, v_outcome, v_message, v_since);
	UPDATE life SET acts = acts + 1, fingerprint = hashtextextended(
		format('%s %s %s %s %s %s', extract(epoch FROM p_act.at - starts), p_act.verb, p_act.who, p_act.subject, p_act.step, v_outcome), fingerprint);
END
$$;

-- Lives until a moment.
CREATE PROCEDURE pg_temp.live(p_until timestamptz) LANGUAGE plpgsql AS $$
DECLARE
	v_act agenda%ROWTYPE;
	v_turn timestamptz := (SELECT l.next_turn FROM life l);
	v_due timestamptz;
	v_next timestamptz;
BEGIN
	LOOP
		SELECT * INTO v_act FROM agenda a ORDER BY a.at, a.n LIMIT 1;
		SELECT date_trunc('minute', min(d.due_at)) + interval '1 minute' INTO v_due FROM skillancer.due d WHERE d.parked_at IS NULL;
		v_next := least(v_act.at, v_due, v_turn);
		EXIT WHEN v_next >= p_until;
		IF v_next = v_due THEN
			CALL pg_temp.fire_timers(v_due);
		ELSIF v_next = v_turn THEN
			CALL pg_temp.turn(v_turn);
			v_turn := v_turn + interval '6 hours';
		ELSE
			PERFORM pg_temp.perform(v_act);
			COMMIT;
		END IF;
	END LOOP;
	UPDATE life SET next_turn = v_turn;
	RAISE NOTICE 'lived until %', p_until;
END
$$;

-- The workers' turns at the last moment.
CREATE PROCEDURE pg_temp.finish(p_at timestamptz) LANGUAGE plpgsql AS $$
BEGIN
	CALL pg_temp.keep_house(p_at);
	CALL pg_temp.turn(p_at);
	CALL pg_temp.index_all(p_at);
	CALL pg_temp.add_up(p_at);
END
$$;

-- The statements that live it all, in slices: a session reports what it wrote, and may vacuum, only between statements. Plans
-- that were made for a market of ten people are made anew after each ANALYZE.
CREATE FUNCTION pg_temp.slices() RETURNS SETOF text LANGUAGE sql AS $$
	SELECT s.statement
	FROM life l, LATERAL (SELECT least(l.starts + d * interval '1 day', l.ends) AS upto, d FROM unnest('{2,10}'::integer[] || ARRAY(SELECT generate_series(30, 36500, 30))) d) t,
		unnest(ARRAY[format('CALL pg_temp.live(%L)', t.upto), 'ANALYZE',
			'VACUUM skillancer.due, skillancer.ledger_account, skillancer.notification, skillancer.consumer, skillancer.housekeeping_run']) WITH ORDINALITY s (statement, n)
	WHERE l.starts + t.d * interval '1 day' < l.ends + interval '30 days'
	ORDER BY t.d, s.n
$$;
