-- test/bench/releases.sql
--	What the benchmark of releases works on: bookings with one submitted milestone each, money in escrow. Numbers 1 to
--	:commands are in US dollars, so that all share the platform's accounts; the next :commands are over twenty currencies.
--	Behind them twice :milestones, in dollars and over the currencies, with much in escrow: for postings alone.
SET client_min_messages = warning;
CREATE SCHEMA bench;
CREATE TABLE bench.work (n bigint PRIMARY KEY, client uuid NOT NULL, session uuid NOT NULL, freelancer uuid NOT NULL, booking uuid NOT NULL,
	milestone uuid NOT NULL, currency text NOT NULL);
GRANT USAGE ON SCHEMA bench TO skillancer_bridge;
GRANT SELECT ON bench.work TO skillancer_bridge;

BEGIN;
SELECT skillancer.import_begin('bench');
CREATE TEMP TABLE people AS SELECT n, skillancer.new_id() AS id, skillancer.new_id() AS session FROM generate_series(0, 3999) n;
INSERT INTO skillancer.user_account (id, email, name, state)
SELECT p.id::skillancer.user_id, 'bench' || p.n || '@bench.test', 'Bench', 'ACTIVE' FROM people p;
INSERT INTO skillancer.user_role (user_id, role)
SELECT p.id::skillancer.user_id, r.role FROM people p, (VALUES ('USER'), ('CLIENT'), ('FREELANCER')) r (role);
INSERT INTO skillancer.session (id, user_id, expires_at)
SELECT p.session::skillancer.session_id, p.id::skillancer.user_id, now() + interval '1 day' FROM people p;
CREATE UNIQUE INDEX ON people (n);

INSERT INTO bench.work (n, client, session, freelancer, booking, milestone, currency)
SELECT g.n, c.id, c.session, f.id, skillancer.new_id(), skillancer.new_id(),
	CASE WHEN g.n <= :commands OR g.n > 2 * :commands AND g.n <= 2 * :commands + :milestones THEN 'USD' ELSE
		(ARRAY['EUR', 'GBP', 'JPY', 'CHF', 'CAD', 'AUD', 'NZD', 'SEK', 'NOK', 'DKK', 'PLN', 'CZK', 'HUF', 'INR', 'BRL', 'MXN', 'ZAR', 'SGD', 'HKD', 'KRW'])[1 + g.n % 20] END
FROM generate_series(1, 2 * :commands + 2 * :milestones) g (n)
JOIN people c ON c.n = g.n::bigint * 7919 % 2000
JOIN people f ON f.n = 2000 + g.n::bigint * 104729 % 2000;

INSERT INTO skillancer.booking (id, source, client_id, freelancer_id, title, currency, terms, terms_hash, fee_version, policy, state, activated_at)
SELECT t.booking::skillancer.booking_id, 'DIRECT', t.client::skillancer.user_id, t.freelancer::skillancer.user_id, 'A booking', t.currency, '{}',
	sha256('bench'), 1, p.policy, 'ACTIVE', now()
FROM bench.work t, (SELECT skillancer.policy_pin(ARRAY['bookingPaymentTerm', 'autoRelease', 'revisionLimit', 'earningHold', 'reviewWindow']) AS policy) p;
INSERT INTO skillancer.milestone (id, booking_id, client_id, freelancer_id, seq, title, amount, days, proposed_by, policy, state, funded_at, submitted_at)
SELECT t.milestone::skillancer.milestone_id, t.booking::skillancer.booking_id, t.client::skillancer.user_id, t.freelancer::skillancer.user_id, 1, 'All of it',
	skillancer.monetary_of(CASE WHEN t.n > 2 * :commands THEN 1000000000 ELSE 1000 END, t.currency), 10, t.freelancer::skillancer.user_id, b.policy, 'SUBMITTED', now(), now()
FROM bench.work t JOIN skillancer.booking b ON b.id = t.booking::skillancer.booking_id;
INSERT INTO skillancer.due (machine, id, event, due_at) SELECT 'milestone', t.milestone, 'auto_release', now() + interval '14 days' FROM bench.work t;
COMMIT;

-- what a release of milestone n posts: five legs
CREATE FUNCTION bench.classes() RETURNS text[] LANGUAGE sql IMMUTABLE AS
	$$ SELECT '{escrow,deferred_fee,freelancer_pending,revenue_service,revenue_client}'::text[] $$;
CREATE FUNCTION bench.post(p_key text, p_n bigint) RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN
	RETURN (SELECT skillancer.ledger_post('release', p_key, t.milestone, bench.classes(), ARRAY[NULL, NULL, t.freelancer, NULL, NULL]::uuid[],
		ARRAY[t.milestone, t.milestone, NULL, NULL, NULL]::uuid[], ARRAY[t.booking, t.booking, NULL, NULL, NULL]::uuid[], '{1000,30,-800,-200,-30}', t.currency)
	FROM bench.work t WHERE t.n = p_n);
END $$;

-- many at once: of milestones base + first + 1 and so on, around the corner
CREATE FUNCTION bench.post_many(p_key text, p_first bigint, p_base bigint, p_count integer, p_milestones integer) RETURNS integer LANGUAGE plpgsql AS $$ BEGIN
	RETURN (SELECT cardinality(skillancer.ledger_post_batch(array_agg('release'::text ORDER BY l.i) FILTER (WHERE l.leg = 1), array_agg(p_key || '.' || l.i ORDER BY l.i) FILTER (WHERE l.leg = 1),
		array_agg(l.milestone ORDER BY l.i) FILTER (WHERE l.leg = 1), array_agg(NULL::timestamptz) FILTER (WHERE l.leg = 1), array_agg(l.i ORDER BY l.i, l.leg),
		array_agg(l.class ORDER BY l.i, l.leg), array_agg(CASE WHEN l.leg = 3 THEN l.freelancer END ORDER BY l.i, l.leg), array_agg(CASE WHEN l.leg < 3 THEN l.milestone END ORDER BY l.i, l.leg),
		array_agg(CASE WHEN l.leg < 3 THEN l.booking END ORDER BY l.i, l.leg), array_agg(l.amount ORDER BY l.i, l.leg), array_agg(l.currency ORDER BY l.i, l.leg)))
	FROM (
		SELECT i::integer AS i, t.*, v.class, v.amount, v.leg
		FROM generate_series(1, p_count) i
		JOIN bench.work t ON t.n = p_base + 1 + (p_first + i) % p_milestones
		CROSS JOIN LATERAL unnest(bench.classes(), '{1000,30,-800,-200,-30}'::bigint[]) WITH ORDINALITY AS v (class, amount, leg)
	) l);
END $$;

-- escrow of all of them, a thousand postings at a time
CREATE PROCEDURE bench.fund(p_last bigint) LANGUAGE plpgsql AS $$
DECLARE
	v_done bigint := 0;
BEGIN
	WHILE v_done < p_last LOOP
		PERFORM skillancer.ledger_post_batch(array_agg('fund'::text ORDER BY l.i) FILTER (WHERE l.leg = 1), array_agg('fund:' || l.milestone ORDER BY l.i) FILTER (WHERE l.leg = 1),
			array_agg(l.milestone ORDER BY l.i) FILTER (WHERE l.leg = 1), array_agg(NULL::timestamptz) FILTER (WHERE l.leg = 1), array_agg(l.i ORDER BY l.i, l.leg),
			array_agg(l.class ORDER BY l.i, l.leg), array_agg(NULL::uuid), array_agg(CASE WHEN l.leg > 1 THEN l.milestone END ORDER BY l.i, l.leg),
			array_agg(CASE WHEN l.leg > 1 THEN l.booking END ORDER BY l.i, l.leg), array_agg(l.amount ORDER BY l.i, l.leg), array_agg(l.currency ORDER BY l.i, l.leg))
		FROM (
			SELECT (t.n - v_done)::integer AS i, t.*, v.class, v.leg, CASE v.leg WHEN 1 THEN m.minor + (m.minor * 3 + 50) / 100 WHEN 2 THEN -m.minor ELSE -(m.minor * 3 + 50) / 100 END AS amount
			FROM bench.work t
			CROSS JOIN LATERAL (SELECT skillancer.monetary_minor(s.amount) AS minor FROM skillancer.milestone s WHERE s.id = t.milestone::skillancer.milestone_id) m
			CROSS JOIN LATERAL unnest('{psp_clearing,escrow,deferred_fee}'::text[]) WITH ORDINALITY AS v (class, leg)
			WHERE t.n > v_done AND t.n <= v_done + 1000
		) l;
		v_done := v_done + 1000;
		COMMIT;
	END LOOP;
END $$;
CALL bench.fund(2 * :commands + 2 * :milestones);
