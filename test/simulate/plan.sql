-- test/simulate/plan.sql
--	What is settled before the first day: who comes when, who posts when, who visits when. All else follows from acts.

-- how busy each day is, added up: 0 at the beginning, 1 at the end
CREATE TEMP TABLE calendar (upto double precision PRIMARY KEY, day timestamptz NOT NULL);

CREATE FUNCTION pg_temp.plan_calendar() RETURNS void LANGUAGE sql AS $$
	INSERT INTO calendar (day, upto)
	SELECT d.day, sum(d.weight) OVER (ORDER BY d.day) / sum(d.weight) OVER ()
	FROM (
		SELECT g.day, w.weight * m.weight * (1 + (pg_temp.share('growth') - 1) * extract(epoch FROM g.day - l.starts) / extract(epoch FROM l.ends - l.starts)) AS weight
		FROM life l, generate_series(l.starts, l.ends, interval '1 day') g (day)
		JOIN season w ON w.kind = 'weekday' AND w.n = extract(isodow FROM g.day AT TIME ZONE 'UTC')
		JOIN season m ON m.kind = 'month' AND m.n = extract(month FROM g.day AT TIME ZONE 'UTC')
	) d
$$;

-- A moment of the run: busy days and the hours when people are awake have more of them.
CREATE FUNCTION pg_temp.moment(p_stream text, p_index bigint, p_from double precision DEFAULT 0) RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN (
		SELECT c.day + make_interval(secs => round(3600 * skillancer.draw_quantile(current_setting('simulation.seed')::integer, p_stream || ' hour', p_index,
			'{0,0.06,0.5,0.9,1}', '{0.1,6.5,13.5,20.5,23.9}')))
		FROM calendar c
		WHERE c.upto >= p_from + (1 - p_from) * pg_temp.luck(p_stream, p_index)
		ORDER BY c.upto LIMIT 1);
END
$$;

-- People with the moment of their arrival; the first client and the first freelancer are there from the first morning.
CREATE FUNCTION pg_temp.plan_people(p_kind text, p_first integer, p_count integer) RETURNS void LANGUAGE sql AS $$
	INSERT INTO person (n, kind, slug, joins, knack)
	SELECT i, p_kind,
		CASE p_kind WHEN 'FREELANCER' THEN pg_temp.one_of('field', i, skillancer.demo_field_slugs(), skillancer.demo_field_weights()) END,
		CASE WHEN i = p_first THEN l.starts + interval '7 hours'
			WHEN pg_temp.luck('crowd', i) < pg_temp.share('opening crowd')
			THEN l.starts + make_interval(secs => round(least(14 * 86400, extract(epoch FROM l.ends - l.starts) / 4) * pg_temp.luck('crowd day', i)) + 3600)
			ELSE pg_temp.moment('join', i) END,
		CASE WHEN i = p_first THEN 0.99 ELSE pg_temp.luck('knack', i) END
	FROM life l, generate_series(p_first, p_first + p_count - 1) i;
	UPDATE person p SET leaves = p.joins + pg_temp.span('stay', p.n)
	WHERE p.kind = p_kind AND p.n > p_first AND pg_temp.happens('client leaves', p.n);
	SELECT pg_temp.plan('join', p.joins, p.n) FROM person p, life l WHERE p.kind = p_kind AND p.joins < l.ends ORDER BY p.n
$$;

-- Somebody of a kind who is there at a moment: those who are wanted or keen, and those who came lately, more often.
CREATE FUNCTION pg_temp.somebody(p_kind text, p_at timestamptz, p_stream text, p_index bigint) RETURNS integer LANGUAGE plpgsql STABLE AS $$
DECLARE
	v_first integer;
	v_count integer;
	v_found person%ROWTYPE;
BEGIN
	SELECT min(p.n), count(*) INTO v_first, v_count FROM person p WHERE p.kind = p_kind;
	FOR j IN 1 .. 60 LOOP
		SELECT * INTO v_found FROM person p
		WHERE p.n = v_first + floor(v_count * pg_temp.luck(p_stream, p_index * 64 + j))::integer;
		IF v_found.joins + interval '2 hours' < p_at AND v_found.leaves > p_at AND pg_temp.luck(p_stream || '?', p_index * 64 + j)
			< 0.1 + 0.9 * v_found.knack ^ 3 + 0.5 * (v_found.joins > p_at - interval '10 days')::integer THEN
			RETURN v_found.n;
		END IF;
	END LOOP;
	RETURN NULL;
END
$$;

-- Postings, orders, offers and visits at their moments, each with who does it.
CREATE FUNCTION pg_temp.plan_demand(p_verb text, p_kind text, p_count integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	v_at timestamptz;
	v_who integer;
BEGIN
	FOR i IN 1 .. p_count LOOP
		v_at := pg_temp.moment(p_verb, i);
		v_who := pg_temp.somebody(p_kind, v_at, p_verb || ' who', i);
		CONTINUE WHEN v_who IS NULL OR v_at >= (SELECT l.ends FROM life l);
		PERFORM pg_temp.plan(p_verb, v_at, v_who, i);
	END LOOP;
END
$$;

-- The first client, who signs in to the demo, posts all year, and in the last days what is open at the end.
CREATE FUNCTION pg_temp.plan_first_client(p_postings integer) RETURNS void LANGUAGE sql AS $$
	SELECT pg_temp.plan('post', l.starts + (l.ends - l.starts) * i / 26 + interval '9 hours 7 minutes', 1, p_postings + 1 + i)
	FROM life l, generate_series(0, 24) i;
	SELECT pg_temp.plan('post', l.ends - i * interval '17 hours', 1, p_postings + 25 + i)
	FROM life l, generate_series(1, 4) i
$$;

-- Everything that is settled beforehand.
CREATE FUNCTION pg_temp.plan_life() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	v_size integer := (SELECT l.size FROM life l);
	v_clients integer := greatest(2, round(v_size * pg_temp.share('clients')));
BEGIN
	INSERT INTO field SELECT f.slug, ARRAY(SELECT split_part(s, '|', 1) FROM unnest(f.skills) s), f.headline, f.task, f.offer FROM skillancer.demo_fields() f;
	PERFORM pg_temp.plan_calendar();
	INSERT INTO person (n, kind, joins, knack) SELECT -i, 'STAFF', l.starts, 1 FROM life l, generate_series(1, 2) i;
	PERFORM pg_temp.plan('open', l.starts + interval '1 minute', -1) FROM life l;
	PERFORM pg_temp.plan_people('CLIENT', 1, v_clients);
	PERFORM pg_temp.plan_people('FREELANCER', v_clients + 1, greatest(10, round(v_size * pg_temp.share('freelancers'))::integer));
	ANALYZE person;
	PERFORM pg_temp.plan_demand('post', 'CLIENT', v_size);
	PERFORM pg_temp.plan_first_client(v_size);
	PERFORM pg_temp.plan_demand('order', 'CLIENT', round(v_size * pg_temp.share('gig orders'))::integer);
	PERFORM pg_temp.plan_demand('offer', 'CLIENT', round(v_size * pg_temp.share('direct offers'))::integer);
	PERFORM pg_temp.plan_demand('visit', 'CLIENT', round(v_size * pg_temp.share('visits') * 0.4)::integer);
	PERFORM pg_temp.plan_demand('visit', 'FREELANCER', round(v_size * pg_temp.share('visits') * 0.6)::integer);
	PERFORM pg_temp.plan('statement', l.starts + i * interval '1 day' + interval '23 hours 50 minutes', -2)
	FROM life l, generate_series(0, extract(day FROM l.ends - l.starts)::integer) i;
	PERFORM pg_temp.plan('week', l.starts + i * interval '7 days' + interval '8 hours', -2)
	FROM life l, generate_series(1, extract(day FROM l.ends - l.starts)::integer / 7) i;
	ANALYZE agenda;
END
$$;
