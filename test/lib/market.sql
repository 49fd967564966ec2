-- test/lib/market.sql
--	For pgTAP files: people, bookings and time in the transaction of the test. Everything is temporary.
--
--	Reads run as skillancer_bridge, so that row-level security and grants hold as they do behind HTTP; the test
--	itself stays superuser. Time is moved by skillancer.clock_offset, and due() does what the timekeeper does.

CREATE TEMP TABLE person (name text PRIMARY KEY, id skillancer.user_id NOT NULL);
CREATE TEMP TABLE thing (name text PRIMARY KEY, id uuid NOT NULL);
CREATE TEMP TABLE due_before AS SELECT d.id FROM skillancer.due d;

-- Makes an active user with some roles.
CREATE FUNCTION pg_temp.add_person(p_name text, VARIADIC p_roles text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	v_id skillancer.user_id := skillancer.new_id()::skillancer.user_id;
BEGIN
	PERFORM skillancer.import_begin('test');
	INSERT INTO person VALUES (p_name, v_id);
	INSERT INTO skillancer.user_account (id, email, name, state)
	VALUES (v_id, p_name || '-' || v_id::text || '@market.test', p_name, 'ACTIVE');
	INSERT INTO skillancer.user_role (user_id, role) SELECT v_id, r FROM unnest(p_roles || 'USER'::text) r;
	INSERT INTO skillancer.profile (user_id, display_name, is_listed) VALUES (v_id, initcap(p_name), true);
END
$$;

CREATE FUNCTION pg_temp.person(p_name text) RETURNS uuid LANGUAGE sql VOLATILE AS
	$$ SELECT id::uuid FROM person WHERE name = p_name $$;
CREATE FUNCTION pg_temp.thing(p_name text) RETURNS uuid LANGUAGE sql VOLATILE AS
	$$ SELECT id FROM thing WHERE name = p_name $$;
CREATE FUNCTION pg_temp.remember(p_name text, p_id uuid) RETURNS uuid LANGUAGE sql AS
	$$ INSERT INTO thing VALUES (p_name, p_id) ON CONFLICT (name) DO UPDATE SET id = excluded.id RETURNING id $$;

-- Runs a query as a person, behind the bridge's role, and returns its value as JSON. NULL is a visitor.
CREATE FUNCTION pg_temp.as_person(p_name text, p_query text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
	v_result jsonb;
	v_who uuid := pg_temp.person(p_name);
BEGIN
	PERFORM skillancer.set_identity(v_who);
	PERFORM set_config('role', 'skillancer_bridge', true);
	EXECUTE 'SELECT to_jsonb(r) FROM (' || p_query || ') AS q (r)' INTO v_result;
	PERFORM set_config('role', 'none', true);
	RETURN v_result;
END
$$;

-- The body of a reply, or the value itself when the function returns JSON.
CREATE FUNCTION pg_temp.body(p_reply jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS
	$$ SELECT CASE WHEN p_reply ? 'body' THEN p_reply -> 'body' ELSE p_reply END $$;

-- What a query raises as a person: SQLSTATE, or 'none'.
CREATE FUNCTION pg_temp.refusal(p_name text, p_query text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_temp.as_person(p_name, p_query);
	RETURN 'none';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END
$$;

-- Moves the marketplace's clock on.
CREATE FUNCTION pg_temp.later(p_by interval) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('skillancer.clock_offset',
		(extract(epoch FROM skillancer.now() - transaction_timestamp() + p_by))::integer::text, true);
END
$$;

-- Moves it to a moment.
CREATE FUNCTION pg_temp.until(p_at timestamptz) RETURNS void LANGUAGE sql AS
	$$ SELECT pg_temp.later(p_at - skillancer.now()) $$;

-- Fires every timer of the test that is due, as the timekeeper does: what is not legal any more is passed over.
CREATE FUNCTION pg_temp.due() RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
	v_due record;
	v_count integer := 0;
BEGIN
	PERFORM skillancer.set_identity(NULL);
	FOR v_due IN SELECT d.machine, d.id, d.event, d.due_at FROM skillancer.due d WHERE d.due_at <= skillancer.now()
		AND d.id NOT IN (SELECT b.id FROM due_before b)
		ORDER BY d.due_at
	LOOP
		BEGIN
			PERFORM skillancer.fire_system(v_due.machine, v_due.id, v_due.event);
			v_count := v_count + 1;
		EXCEPTION WHEN SQLSTATE 'SK004' THEN
			NULL;
		END;
		DELETE FROM skillancer.due d WHERE d.id = v_due.id AND d.machine = v_due.machine AND d.event = v_due.event
			AND d.due_at = v_due.due_at;
	END LOOP;
	RETURN v_count;
END
$$;

-- An accepted proposal of a freelancer on a project of a client; the booking is remembered under the name.
CREATE FUNCTION pg_temp.book(p_name text, p_client text, p_freelancer text, p_bid skillancer.monetary,
	p_milestones jsonb DEFAULT '[]', p_kind text DEFAULT 'FIXED') RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
	v_project uuid := skillancer.new_id();
	v_proposal uuid := skillancer.new_id();
	v_reply jsonb;
BEGIN
	PERFORM skillancer.import_begin('test');
	INSERT INTO skillancer.project (id, client_id, title, description, budget_kind, budget_min, budget_max, state,
		published_at)
	VALUES (v_project::skillancer.project_id, pg_temp.person(p_client)::skillancer.user_id, 'Project ' || p_name,
		'What has to be done for it', p_kind, p_bid, p_bid, 'OPEN', skillancer.now());
	INSERT INTO skillancer.proposal (id, project_id, client_id, freelancer_id, cover_letter, bid, delivery_days, milestones)
	VALUES (v_proposal::skillancer.proposal_id, v_project::skillancer.project_id,
		pg_temp.person(p_client)::skillancer.user_id, pg_temp.person(p_freelancer)::skillancer.user_id,
		repeat('I have done this many times before. ', 3), p_bid, 10, p_milestones);
	PERFORM pg_temp.remember(p_name || '/project', v_project), pg_temp.remember(p_name || '/proposal', v_proposal);
	v_reply := pg_temp.as_person(p_client, format('SELECT skillancer_api.proposal_accept(%L, 1)', v_proposal));
	PERFORM pg_temp.remember(p_name || '/' || m.seq, m.id::uuid)
	FROM skillancer.milestone m
	WHERE m.booking_id = (v_reply #>> '{body,id}')::skillancer.booking_id;
	RETURN pg_temp.remember(p_name, ((v_reply #>> '{body,id}')::skillancer.booking_id)::uuid);
END
$$;

-- A payment or payout method of a person, by the sandbox's token.
CREATE FUNCTION pg_temp.method(p_person text, p_kind text, p_token text) RETURNS uuid LANGUAGE sql AS $$
	SELECT ((pg_temp.as_person(p_person, format('SELECT skillancer_api.%s_method_add(%L)', lower(p_kind), p_token))
		#>> '{body,id}')::skillancer.payment_method_id)::uuid
$$;

-- Funds a milestone with a card that works.
CREATE FUNCTION pg_temp.fund(p_client text, p_milestone text, p_token text DEFAULT 'tok_success') RETURNS jsonb
	LANGUAGE sql AS $$
	SELECT pg_temp.as_person(p_client, format('SELECT skillancer_api.milestone_fund(%L, %L)',
		pg_temp.thing(p_milestone), pg_temp.method(p_client, 'PAYMENT', p_token)))
$$;

-- Hands in and approves a milestone.
CREATE FUNCTION pg_temp.finish(p_freelancer text, p_client text, p_milestone text) RETURNS jsonb LANGUAGE sql AS $$
	SELECT pg_temp.as_person(p_freelancer, format('SELECT skillancer_api.milestone_submit(%L, %L)',
		pg_temp.thing(p_milestone), 'done'));
	SELECT pg_temp.as_person(p_client, format('SELECT skillancer_api.milestone_approve(%L)', pg_temp.thing(p_milestone)))
$$;

-- The entries of the last posting of a kind about an object: "class debit/credit amount", sorted.
CREATE FUNCTION pg_temp.entries(p_kind text, p_ref uuid) RETURNS text LANGUAGE sql STABLE AS $$
	SELECT string_agg(format('%s %s', a.class, skillancer.monetary_of(e.amount, e.currency)), ', ' ORDER BY a.class, e.leg)
	FROM skillancer.ledger_txn t
	JOIN skillancer.ledger_entry e ON e.txn = t.id
	JOIN skillancer.ledger_account a ON a.id = e.account
	WHERE t.kind = p_kind AND t.ref = p_ref
$$;

-- A balance of a person in USD, or of a milestone.
CREATE FUNCTION pg_temp.balance(p_class text, p_owner uuid, p_ref uuid DEFAULT NULL) RETURNS numeric LANGUAGE sql STABLE AS $$
	SELECT coalesce((SELECT skillancer.monetary_of(b.balance, b.currency)::numeric FROM skillancer.ledger_balance_now b
		WHERE b.class = p_class AND b.owner IS NOT DISTINCT FROM p_owner AND b.ref IS NOT DISTINCT FROM p_ref
			AND b.currency = 'USD'), 0)
$$;

-- True when the books are in order: zero-sum, floors, balances equal to the sum of entries.
CREATE FUNCTION pg_temp.books_in_order() RETURNS boolean LANGUAGE sql STABLE AS $$
	SELECT NOT EXISTS (SELECT FROM skillancer.ledger_entry e GROUP BY e.txn, e.currency HAVING sum(e.amount) <> 0)
		AND NOT EXISTS (SELECT FROM skillancer.trial_balance t GROUP BY skillancer.monetary_currency(t.balance)
			HAVING sum(skillancer.monetary_minor(t.balance)) <> 0)
		AND NOT EXISTS (SELECT FROM skillancer.ledger_entry e JOIN skillancer.ledger_account a ON a.id = e.account
			WHERE a.floor_zero AND e.balance_after < 0)
		AND NOT EXISTS (SELECT FROM skillancer.ledger_account a WHERE a.mode = 'row' AND a.balance <>
			(SELECT coalesce(sum(e.amount), 0) * CASE WHEN a.debit_normal THEN 1 ELSE -1 END
			 FROM skillancer.ledger_entry e WHERE e.account = a.id))
		AND NOT EXISTS (SELECT FROM skillancer.ledger_entry e JOIN skillancer.ledger_account a ON a.id = e.account
			WHERE a.currency <> e.currency)
$$;
