-- test/simulate/stage.sql
--	What the acts stand on: who and what there is, the agenda, draws, and acting for somebody.
--
--	Everything lives in the session's temporary schema; the marketplace gets what commands put there and nothing else.

-- the run: seed, number of postings, first moment, first moment that is not lived any more, and what became of it
CREATE TEMP TABLE life (
	seed integer NOT NULL,
	size integer NOT NULL,
	starts timestamptz NOT NULL,
	ends timestamptz NOT NULL,
	next_turn timestamptz NOT NULL,
	acts bigint NOT NULL DEFAULT 0,
	timers bigint NOT NULL DEFAULT 0,
	fingerprint bigint NOT NULL DEFAULT 0
);

CREATE TEMP TABLE field (
	slug text PRIMARY KEY,
	skills text[] NOT NULL,
	headline text NOT NULL,
	task text NOT NULL,
	offer text NOT NULL
);

-- a client, a freelancer or somebody of the staff
CREATE TEMP TABLE person (
	n integer PRIMARY KEY,
	kind text NOT NULL,
	slug text REFERENCES field,
	joins timestamptz NOT NULL,
	leaves timestamptz NOT NULL DEFAULT 'infinity',
	knack double precision NOT NULL,	-- how good and how wanted, 0..1
	id skillancer.user_id,
	session skillancer.session_id,
	signs_in timestamptz NOT NULL DEFAULT '-infinity',	-- again
	ready boolean NOT NULL DEFAULT false,
	card skillancer.payment_method_id,
	bank skillancer.payment_method_id,
	closed_bank skillancer.payment_method_id
);

CREATE TEMP TABLE posting (
	n integer PRIMARY KEY,
	client integer NOT NULL,
	id skillancer.project_id,
	slug text,
	kind text,
	low numeric,
	high numeric,
	currency text,
	state text NOT NULL DEFAULT 'OPEN'
);
CREATE TEMP TABLE bid (
	posting integer NOT NULL,
	freelancer integer NOT NULL,
	id skillancer.proposal_id NOT NULL,
	amount numeric NOT NULL,
	state text NOT NULL DEFAULT 'SUBMITTED',
	PRIMARY KEY (posting, freelancer)
);
CREATE TEMP TABLE offered_gig (n integer PRIMARY KEY, freelancer integer NOT NULL, id skillancer.gig_id NOT NULL);
CREATE TEMP TABLE contract (
	n integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	id skillancer.booking_id NOT NULL,
	client integer NOT NULL,
	freelancer integer NOT NULL,
	source text NOT NULL,
	doubtful boolean,					-- whether its work will be disputed, known when some is handed in
	disputed boolean NOT NULL DEFAULT false,
	over boolean NOT NULL DEFAULT false,
	talk skillancer.conversation_id,
	dispute skillancer.dispute_id,
	weeks integer
);

-- what somebody means to do, and when
CREATE TEMP TABLE agenda (
	at timestamptz NOT NULL,
	n bigint GENERATED ALWAYS AS IDENTITY,
	verb text NOT NULL,
	who integer NOT NULL,
	subject integer,
	step integer NOT NULL DEFAULT 0,
	PRIMARY KEY (at, n)
);
-- what was done, and what the marketplace refused, with the time that it took
CREATE TEMP TABLE deed (verb text, outcome text, count bigint NOT NULL, first_message text, spent interval NOT NULL, PRIMARY KEY (verb, outcome));

-- Counts something that was done.
CREATE FUNCTION pg_temp.note(p_verb text, p_outcome text, p_message text, p_since timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO deed AS d (verb, outcome, count, first_message, spent) VALUES (p_verb, p_outcome, 1, p_message, clock_timestamp() - p_since)
	ON CONFLICT (verb, outcome) DO UPDATE SET count = d.count + 1, spent = d.spent + excluded.spent;
END
$$;

-- a number from 0 to 1 that depends on the seed, a name and an index alone
CREATE FUNCTION pg_temp.luck(p_stream text, p_index bigint) RETURNS double precision LANGUAGE sql STABLE AS
	$$ SELECT skillancer.draw(current_setting('simulation.seed')::integer, p_stream, p_index) $$;

CREATE FUNCTION pg_temp.share(p_rate text) RETURNS double precision LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN (SELECT r.value FROM rate r WHERE r.name = p_rate);
END
$$;

-- whether it happens this time
CREATE FUNCTION pg_temp.happens(p_rate text, p_index bigint) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN pg_temp.luck(p_rate, p_index) < pg_temp.share(p_rate);
END
$$;

-- Whether something rare befalls the next thing of its kind: one of each 1 / rate things, by luck which, so that a year has as
-- much trouble as it should. Asked once for each thing, in their order.
CREATE TEMP TABLE asked (rate text PRIMARY KEY, n bigint NOT NULL);
CREATE FUNCTION pg_temp.befalls(p_rate text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	v_share double precision := pg_temp.share(p_rate);
	v_n bigint;
BEGIN
	INSERT INTO asked AS a (rate, n) VALUES (p_rate, 1) ON CONFLICT (rate) DO UPDATE SET n = a.n + 1 RETURNING n INTO v_n;
	RETURN EXISTS (SELECT FROM generate_series(floor((v_n - 1) * v_share)::bigint, floor(v_n * v_share)::bigint) g (part)
		WHERE g.part + pg_temp.luck(p_rate, g.part) > (v_n - 1) * v_share AND g.part + pg_temp.luck(p_rate, g.part) <= v_n * v_share);
END
$$;

-- how much it is this time
CREATE FUNCTION pg_temp.amount(p_rate text, p_index bigint) RETURNS double precision LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN (SELECT skillancer.draw_quantile(current_setting('simulation.seed')::integer, p_rate, p_index, r.levels, r.amounts)
		FROM rate r WHERE r.name = p_rate);
END
$$;

-- how long it takes this time
CREATE FUNCTION pg_temp.span(p_rate text, p_index bigint) RETURNS interval LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN make_interval(secs => round(pg_temp.amount(p_rate, p_index) * 3600));
END
$$;

-- words: one alternative of each {a|b}
CREATE FUNCTION pg_temp.words(p_stream text, p_index bigint, p_template text) RETURNS text LANGUAGE sql STABLE AS
	$$ SELECT skillancer.compose(current_setting('simulation.seed')::integer, p_stream, p_index, p_template) $$;

-- one of several, by weights
CREATE FUNCTION pg_temp.one_of(p_stream text, p_index bigint, p_choices text[], p_weights integer[] DEFAULT NULL) RETURNS text LANGUAGE sql STABLE AS
	$$ SELECT skillancer.draw_one(current_setting('simulation.seed')::integer, p_stream, p_index, p_choices, p_weights) $$;

-- the whole second: the clock is moved by these
CREATE FUNCTION pg_temp.plan(p_verb text, p_at timestamptz, p_who integer, p_subject integer DEFAULT NULL, p_step integer DEFAULT 0)
	RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO agenda (verb, at, who, subject, step) VALUES (p_verb, date_trunc('second', p_at), p_who, p_subject, p_step);
END
$$;

-- the moment of the act under way
CREATE FUNCTION pg_temp.today() RETURNS timestamptz LANGUAGE sql STABLE AS
	$$ SELECT date_trunc('second', skillancer.now()) $$;

-- Acts for somebody, as the bridge does at the beginning of a request, in a session that lasts some days; NULL is a visitor.
-- p_again: signs in once more, as payout methods ask for.
CREATE FUNCTION pg_temp.act_as(p_who integer, p_again boolean DEFAULT false) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	v_person person%ROWTYPE;
BEGIN
	SELECT * INTO v_person FROM person p WHERE p.n = p_who;
	IF p_again OR v_person.signs_in < skillancer.now() THEN
		UPDATE person p SET session = (skillancer.start_session(p.id, 'simulation')).session_id, signs_in = skillancer.now() + interval '5 days'
		WHERE p.n = p_who RETURNING p.session INTO v_person.session;
	END IF;
	PERFORM skillancer.begin_request(v_person.id::uuid, v_person.session::uuid, NULL, 'simulation', NULL,
		format('198.51.%s.%s', coalesce(p_who, 0) / 250 % 250, abs(coalesce(p_who, 0)) % 250), NULL, false, NULL);
END
$$;

-- The body of an answer; a refusal that commits is an error here as well.
CREATE FUNCTION pg_temp.body(p_reply skillancer.reply) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	IF p_reply.status >= 400 THEN
		RAISE EXCEPTION '%', p_reply.body ->> 'message' USING ERRCODE = 'SK999';
	END IF;
	RETURN p_reply.body::jsonb;
END
$$;

-- Money as people write it.
CREATE FUNCTION pg_temp.money(p_amount numeric, p_currency text) RETURNS skillancer.monetary LANGUAGE sql STABLE AS
	$$ SELECT skillancer.monetary(round(p_amount, 2), p_currency) $$;

-- Hash of a password: the one that the demo prints, or one that nobody knows. Made once: a hash takes its time.
CREATE TEMP TABLE secret (known boolean PRIMARY KEY, hash text NOT NULL);
CREATE FUNCTION pg_temp.password(p_known boolean) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO secret SELECT p_known, skillancer.password_hash(CASE WHEN p_known THEN skillancer.demo_password() ELSE 'Aa1' || gen_random_uuid() END)
	WHERE NOT EXISTS (SELECT FROM secret s WHERE s.known = p_known);
	RETURN (SELECT s.hash FROM secret s WHERE s.known = p_known);
END
$$;
