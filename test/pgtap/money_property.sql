-- money_property.sql
--	Random postings, batches, replays, reversals, conversions and proposals, with a model of the balances beside them:
--	what was accepted is in the balances, what was refused is not, and none of the fourteen invariants is ever broken.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
\ir ../lib/market.sql
SELECT plan(10);

-- the seed is printed, and can be given: psql -v seed=0.5
\if :{?seed}
\else
SELECT round(random()::numeric, 6) AS seed \gset
\endif
SELECT diag('seed ' || :seed);
SELECT setseed(:seed) \g /dev/null

-- balances as they should be (debit positive), what was posted, and how often what came out
CREATE TEMP TABLE model (class text, owner uuid, currency text, amount bigint NOT NULL, PRIMARY KEY (class, owner, currency));
INSERT INTO model
SELECT b.class, '00000000-0000-0000-0000-000000000000', b.currency, CASE WHEN b.type IN ('asset', 'expense', 'trading') THEN b.balance ELSE -b.balance END
FROM skillancer.ledger_balance_now b WHERE b.owner IS NULL AND b.ref IS NULL;
CREATE TEMP TABLE posted (n serial, key text PRIMARY KEY, legs jsonb, txn bigint, is_reversed boolean DEFAULT false);
CREATE TEMP TABLE outcome (what text PRIMARY KEY, n bigint);
CREATE TEMP TABLE owner AS SELECT n, skillancer.new_id() AS id FROM generate_series(0, 7) n;

CREATE FUNCTION pg_temp.one_of(VARIADIC p_of text[]) RETURNS text LANGUAGE sql VOLATILE AS $$ SELECT p_of[1 + floor(random() * cardinality(p_of))] $$;
CREATE FUNCTION pg_temp.below(p_n int) RETURNS int LANGUAGE sql VOLATILE AS $$ SELECT floor(random() * p_n)::int $$;

-- two to five legs of one currency that add up to zero, one time in twenty not
CREATE FUNCTION pg_temp.legs() RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
	v_legs jsonb := '[]';
	v_currency text := pg_temp.one_of('USD', 'EUR', 'JPY', 'BHD');
	v_last int := 1 + pg_temp.below(4);
	v_sum bigint := 0;
	v_class text;
	v_amount bigint;
BEGIN
	FOR i IN 0..v_last LOOP
		v_class := pg_temp.one_of('bank_trust', 'psp_clearing', 'client_wallet', 'freelancer_available', 'freelancer_pending', 'revenue_service', 'fx_position');
		v_amount := CASE WHEN i < v_last THEN pg_temp.below(200001) - 100000 ELSE -v_sum + (random() < 0.05)::int END;
		v_sum := v_sum + v_amount;
		v_legs := v_legs || jsonb_build_object('class', v_class, 'currency', v_currency, 'amount', v_amount,
			'owner', CASE WHEN v_class ~ '^(client|freelancer)_' THEN (SELECT o.id FROM owner o ORDER BY random() LIMIT 1) END);
	END LOOP;
	RETURN v_legs;
END
$$;
-- posts lists of legs under keys, as a batch
CREATE FUNCTION pg_temp.post(p_keys text[], p_lists jsonb) RETURNS bigint[] LANGUAGE sql AS $$
	SELECT skillancer.ledger_post_batch(array_fill('TEST'::text, ARRAY[cardinality(p_keys)]), p_keys, array_fill(NULL::uuid, ARRAY[cardinality(p_keys)]),
		array_fill(NULL::timestamptz, ARRAY[cardinality(p_keys)]), array_agg(l.n::int ORDER BY l.n, e.n), array_agg(e.leg ->> 'class' ORDER BY l.n, e.n),
		array_agg((e.leg ->> 'owner')::uuid ORDER BY l.n, e.n), array_agg(NULL::uuid), array_agg(NULL::uuid), array_agg((e.leg ->> 'amount')::bigint ORDER BY l.n, e.n),
		array_agg(e.leg ->> 'currency' ORDER BY l.n, e.n))
	FROM jsonb_array_elements(p_lists) WITH ORDINALITY AS l (legs, n), jsonb_array_elements(l.legs) WITH ORDINALITY AS e (leg, n)
$$;
CREATE FUNCTION pg_temp.move(p_legs jsonb, p_sign int) RETURNS void LANGUAGE sql AS $$
	INSERT INTO model
	SELECT l ->> 'class', coalesce((l ->> 'owner')::uuid, '00000000-0000-0000-0000-000000000000'), l ->> 'currency', p_sign * sum((l ->> 'amount')::bigint)
	FROM jsonb_array_elements(p_legs) l GROUP BY 1, 2, 3
	ON CONFLICT (class, owner, currency) DO UPDATE SET amount = model.amount + excluded.amount
$$;
-- why legs have to be refused, by the model; NULL when they have not
CREATE FUNCTION pg_temp.objection(p_legs jsonb) RETURNS text LANGUAGE sql AS $$
	SELECT CASE
		WHEN (SELECT sum((l ->> 'amount')::bigint) <> 0 OR bool_or((l ->> 'amount')::bigint = 0) FROM jsonb_array_elements(p_legs) l) THEN 'SK406'
		WHEN EXISTS (
			SELECT FROM (SELECT l ->> 'class' AS class, (l ->> 'owner')::uuid AS owner, l ->> 'currency' AS currency,
				sum((l ->> 'amount')::bigint) OVER (PARTITION BY l ->> 'class', l ->> 'owner', l ->> 'currency' ORDER BY n) AS moved
				FROM jsonb_array_elements(p_legs) WITH ORDINALITY AS e (l, n)) x
			WHERE x.owner IS NOT NULL
				AND coalesce((SELECT m.amount FROM model m WHERE m.class = x.class AND m.owner = x.owner AND m.currency = x.currency), 0) + x.moved > 0) THEN 'SK401'
		END
$$;
CREATE FUNCTION pg_temp.note(p_what text, p_expected text, p_found text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO outcome VALUES (p_what || ' ' || p_found, 1) ON CONFLICT (what) DO UPDATE SET n = outcome.n + 1;
	IF p_expected IS DISTINCT FROM p_found THEN
		RAISE EXCEPTION '%: expected %, found %', p_what, p_expected, p_found;
	END IF;
END
$$;
-- one random step
CREATE FUNCTION pg_temp.step(p_n int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	v_what text := pg_temp.one_of('post', 'post', 'post', 'batch', 'replay', 'twist', 'reverse', 'reverse');
	v_key text := 'property:' || p_n;
	v_legs jsonb := pg_temp.legs();
	v_old posted;
	v_expected text;
	v_found text := 'ok';
	v_txns bigint[];
BEGIN
	SELECT * INTO v_old FROM posted p ORDER BY random() LIMIT 1;
	IF v_old.key IS NULL THEN
		v_what := 'post';
	END IF;
	v_expected := CASE v_what WHEN 'replay' THEN 'ok' WHEN 'twist' THEN 'SK007'
		WHEN 'reverse' THEN CASE WHEN v_old.is_reversed THEN 'SK004' ELSE coalesce(pg_temp.objection((SELECT jsonb_agg(l || jsonb_build_object('amount', -(l ->> 'amount')::bigint)) FROM jsonb_array_elements(v_old.legs) l)), 'ok') END
		ELSE coalesce(pg_temp.objection(v_legs), 'ok') END;
	BEGIN
		CASE v_what
			WHEN 'post' THEN v_txns := pg_temp.post(ARRAY[v_key], jsonb_build_array(v_legs));
			WHEN 'batch' THEN v_txns := pg_temp.post(ARRAY[v_key, v_old.key], jsonb_build_array(v_legs, v_old.legs));
			WHEN 'replay' THEN v_txns := pg_temp.post(ARRAY[v_old.key], jsonb_build_array(v_old.legs));
			WHEN 'twist' THEN v_txns := pg_temp.post(ARRAY[v_old.key], jsonb_build_array(jsonb_set(jsonb_set(v_old.legs, '{0,amount}', to_jsonb((v_old.legs #>> '{0,amount}')::bigint * 2)),
				'{1,amount}', to_jsonb((v_old.legs #>> '{1,amount}')::bigint - (v_old.legs #>> '{0,amount}')::bigint))));
			WHEN 'reverse' THEN PERFORM skillancer.ledger_mirror(v_old.txn, 'a random reversal');
		END CASE;
	EXCEPTION WHEN OTHERS THEN
		v_found := SQLSTATE;
	END;
	IF v_what = 'twist' AND v_found = 'SK406' THEN
		v_found := 'SK007'; -- a leg of nothing is seen before the key
	END IF;
	PERFORM pg_temp.note(v_what, v_expected, v_found);
	IF v_found = 'ok' AND v_what IN ('post', 'batch') THEN
		INSERT INTO posted (key, legs, txn) VALUES (v_key, v_legs, v_txns[1]);
		PERFORM pg_temp.move(v_legs, 1);
	ELSIF v_found = 'ok' AND v_what = 'reverse' THEN
		UPDATE posted p SET is_reversed = true WHERE p.key = v_old.key;
		PERFORM pg_temp.move(v_old.legs, -1);
	ELSIF v_found = 'ok' AND v_txns[1] <> v_old.txn THEN
		RAISE EXCEPTION 'a replay of % returned %', v_old.txn, v_txns[1];
	END IF;
END
$$;

SELECT lives_ok($$ SELECT pg_temp.step(n) FROM generate_series(1, 600) n $$, '600 random postings come out as the model says');
SELECT is((SELECT count(*) FROM model m WHERE m.amount <> coalesce((
	SELECT CASE WHEN b.type IN ('asset', 'expense', 'trading') THEN b.balance ELSE -b.balance END FROM skillancer.ledger_balance_now b
	WHERE b.class = m.class AND b.currency = m.currency AND coalesce(b.owner, '00000000-0000-0000-0000-000000000000') = m.owner), 0)), 0::bigint, 'every balance is the model''s');
SELECT cmp_ok((SELECT count(*) FROM outcome), '>=', 8::bigint, 'the steps are of many kinds');
SELECT is((SELECT jsonb_object_agg(i.invariant, i.violations) FILTER (WHERE i.violations > 0 AND i.invariant <> 12) FROM skillancer.ledger_invariant i), NULL,
	'no invariant is broken (random postings owe what nobody holds, that one apart)');
SELECT is((SELECT count(*) FROM posted p JOIN skillancer.ledger_txn t ON t.id = p.txn AND t.idempotency_key = p.key), (SELECT count(*) FROM posted), 'each key has its posting');

-- conversions and proposals at random, with whatever refusals there are
-- (the clock moves, and rates that are old are a refusal of every conversion)
UPDATE skillancer.policy SET value = '"P100D"' WHERE key = 'fxMaxAge';
SELECT pg_temp.add_person('clara', 'CLIENT'), pg_temp.add_person('otto', 'FREELANCER') \g /dev/null
SELECT skillancer.fx_rate_put(b, 'USD', round((0.001 + random() * 2)::numeric, 10), 'random', skillancer.now(), true) FROM unnest('{EUR,JPY,BHD}'::text[]) b \g /dev/null
SELECT skillancer.ledger_post('TEST', 'property:' || c, NULL, '{bank_trust,client_wallet}', ARRAY[NULL, pg_temp.person('clara')], '{NULL,NULL}', '{NULL,NULL}', '{5000000,-5000000}', c)
FROM unnest('{USD,EUR,JPY,BHD}'::text[]) c \g /dev/null
SELECT pg_temp.method('otto', 'PAYMENT', 'tok_success') AS card \gset
CREATE FUNCTION pg_temp.attempt(p_who text, p_query text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN pg_temp.as_person(p_who, p_query) ->> 'status';
EXCEPTION WHEN OTHERS THEN
	IF SQLSTATE NOT LIKE 'SK%' THEN RAISE; END IF;
	RETURN SQLSTATE;
END
$$;
CREATE FUNCTION pg_temp.deal(p_card text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	v_from text := pg_temp.one_of('USD', 'EUR', 'JPY', 'BHD');
	v_to text := pg_temp.one_of('USD', 'EUR', 'JPY', 'BHD');
	v_proposal skillancer.proposal_id;
	v_project uuid := skillancer.new_id();
BEGIN
	CASE pg_temp.below(5)
		WHEN 0, 1 THEN
			RETURN 'convert ' || pg_temp.attempt('clara', format('SELECT skillancer_api.conversion_create(skillancer_api.conversion_preview(%L, %L, %s, %L) ->> ''quote'')',
				v_from, v_to, 1 + pg_temp.below(9000), pg_temp.one_of('SELL', 'BUY')));
		WHEN 2 THEN
			RETURN 'buy ' || pg_temp.attempt('otto', format('SELECT skillancer_api.connects_purchase(%s, %L)', pg_temp.one_of('10', '40', '80'), p_card));
		WHEN 3 THEN
			PERFORM skillancer.import_begin('test');
			INSERT INTO skillancer.project (id, client_id, title, description, budget_kind, budget_min, budget_max, state, published_at)
			VALUES (v_project::skillancer.project_id, pg_temp.person('clara')::skillancer.user_id, 'A random project', 'What has to be done for it', 'FIXED',
				skillancer.monetary_of(100, v_from), skillancer.monetary_of(100 + pg_temp.below(300000), v_from), 'OPEN', skillancer.now());
			RETURN 'propose ' || pg_temp.attempt('otto', format('SELECT skillancer_api.proposal_create(%L, %L, %L)', v_project, repeat('I can do it. ', 6), skillancer.monetary(1 + pg_temp.below(100), v_from)));
		ELSE
			PERFORM pg_temp.later(make_interval(hours => pg_temp.below(9)));
			SELECT p.id INTO v_proposal FROM skillancer.proposal p WHERE p.freelancer_id::uuid = pg_temp.person('otto') AND p.state = 'SUBMITTED' ORDER BY random() LIMIT 1;
			RETURN CASE WHEN v_proposal IS NOT NULL THEN 'withdraw ' || pg_temp.attempt('otto', format('SELECT skillancer_api.proposal_withdraw(%L)', v_proposal)) END;
	END CASE;
END
$$;
CREATE TEMP TABLE dealt AS SELECT pg_temp.deal(:'card') AS what FROM generate_series(1, 200);
SELECT cmp_ok((SELECT count(DISTINCT d.what) FROM dealt d WHERE d.what ~ ' 20[01]$'), '=', 4::bigint, '200 random conversions, purchases, proposals and withdrawals');
SELECT is((SELECT sum(skillancer.monetary_minor(t.balance)) FROM skillancer.trial_balance t WHERE t.currency = 'XCN'), 0::numeric, 'connects add up to zero');
SELECT is((SELECT sum(b.balance) FILTER (WHERE b.class = 'unearned_tokens' AND b.currency <> 'XCN') = 0 FROM skillancer.ledger_balance_now b
	WHERE b.owner = pg_temp.person('otto')), (SELECT b.balance = 0 FROM skillancer.ledger_balance_now b WHERE b.class = 'unearned_tokens' AND b.currency = 'XCN' AND b.owner = pg_temp.person('otto')),
	'money lies behind bought connects, and behind none when there are none');
SELECT is((SELECT count(*) FROM skillancer.conversion c WHERE skillancer.monetary_minor(c.spread) < 0 OR skillancer.monetary_minor(c.sold) <= skillancer.monetary_minor(c.spread)), 0::bigint, 'no spread eats a conversion');
SELECT is((SELECT jsonb_object_agg(i.invariant, i.violations) FILTER (WHERE i.violations > 0 AND i.invariant <> 12) FROM skillancer.ledger_invariant i), NULL, 'no invariant is broken');
SELECT * FROM finish();
ROLLBACK;
