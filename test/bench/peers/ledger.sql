-- test/bench/peers/ledger.sql
--	The same release in PL/pgSQL, as one would write it first: accounts with a balance each, entries, an idempotency key,
--	locks in the order of the accounts, a statement trigger that checks the sum. The fee accounts are rows like all others,
--	which every release waits for; with "derived" set they are not touched, and their balance is the sum of their entries.
--	Needs :milestones.
SET client_min_messages = warning;

CREATE SCHEMA peer;
CREATE TABLE peer.account (id bigint PRIMARY KEY, balance bigint NOT NULL DEFAULT 0, version bigint NOT NULL DEFAULT 0, derived boolean NOT NULL DEFAULT false);
CREATE TABLE peer.txn (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, key text NOT NULL UNIQUE, at timestamptz NOT NULL DEFAULT now());
CREATE TABLE peer.entry (txn bigint NOT NULL REFERENCES peer.txn, leg smallint NOT NULL, account bigint NOT NULL REFERENCES peer.account,
	amount bigint NOT NULL CHECK (amount <> 0), balance_after bigint, PRIMARY KEY (txn, leg));
CREATE INDEX ON peer.entry (account, txn);

-- milestone n: its escrow is account n, its deferred fee 1,000,000 + n; freelancers are behind 2,000,000, fees 1 and 2 behind 3,000,000
INSERT INTO peer.account (id, balance) SELECT n, 1000000000 FROM generate_series(1, :milestones) n;
INSERT INTO peer.account (id, balance) SELECT 1000000 + n, 1000000000 FROM generate_series(1, :milestones) n;
INSERT INTO peer.account (id) SELECT 2000000 + n FROM generate_series(0, 1999) n;
INSERT INTO peer.account (id) VALUES (3000001), (3000002);

CREATE FUNCTION peer.zero_sum() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF EXISTS (SELECT FROM inserted i GROUP BY i.txn HAVING sum(i.amount) <> 0) THEN
		RAISE EXCEPTION 'a posting does not add up to zero';
	END IF;
	RETURN NULL;
END $$;
CREATE TRIGGER zero_sum AFTER INSERT ON peer.entry REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION peer.zero_sum();

CREATE FUNCTION peer.post(p_key text, p_accounts bigint[], p_amounts bigint[]) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	v_txn bigint;
	v_floor boolean;
BEGIN
	INSERT INTO peer.txn (key) VALUES (p_key) ON CONFLICT (key) DO NOTHING RETURNING id INTO v_txn;
	IF v_txn IS NULL THEN
		RETURN (SELECT t.id FROM peer.txn t WHERE t.key = p_key);
	END IF;
	PERFORM FROM peer.account a WHERE a.id = ANY (p_accounts) AND NOT a.derived ORDER BY a.id FOR UPDATE;
	WITH moved AS (
		UPDATE peer.account a SET balance = a.balance - l.amount, version = a.version + 1
		FROM unnest(p_accounts, p_amounts) AS l (account, amount)
		WHERE a.id = l.account AND NOT a.derived RETURNING a.id, a.balance
	), written AS (
		INSERT INTO peer.entry (txn, leg, account, amount, balance_after)
		SELECT v_txn, l.leg, l.account, l.amount, m.balance
		FROM unnest(p_accounts, p_amounts) WITH ORDINALITY AS l (account, amount, leg)
		LEFT JOIN moved m ON m.id = l.account
	)
	SELECT bool_or(m.balance < 0) INTO v_floor FROM moved m;
	IF v_floor THEN
		RAISE EXCEPTION 'the balance is too low';
	END IF;
	RETURN v_txn;
END $$;

-- releases 1,000.00 of milestone n: 5 legs
CREATE FUNCTION peer.release(p_key text, p_n bigint) RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN
	RETURN peer.post(p_key, ARRAY[p_n, 1000000 + p_n, 2000000 + p_n % 2000, 3000001, 3000002], ARRAY[1000, 50, -900, -100, -50]);
END $$;

-- many in one transaction, in the order of their accounts
CREATE FUNCTION peer.release_many(p_key text, p_first bigint, p_count integer, p_milestones integer) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	v_sum bigint := 0;
BEGIN
	FOR i IN 1..p_count LOOP
		v_sum := v_sum + peer.release(p_key || '.' || i, 1 + (p_first + i) % p_milestones);
	END LOOP;
	RETURN v_sum;
END $$;
