-- test/bench/peers/ledger.sql
--	The same release in PL/pgSQL, as one would write it first: accounts with a balance each, entries, an idempotency key,
--	locks in the order of the accounts, a statement trigger that checks the sum. Two schemas: in peer_hot the fee accounts
--	are rows like all others, in peer_derived their balance is the sum of their entries.
SET client_min_messages = warning;

CREATE SCHEMA peer_hot;
CREATE TABLE peer_hot.account (id bigint PRIMARY KEY, balance bigint NOT NULL DEFAULT 0, version bigint NOT NULL DEFAULT 0, derived boolean NOT NULL DEFAULT false);
CREATE TABLE peer_hot.txn (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, key text NOT NULL UNIQUE, at timestamptz NOT NULL DEFAULT now());
CREATE TABLE peer_hot.entry (txn bigint NOT NULL REFERENCES peer_hot.txn, leg smallint NOT NULL, account bigint NOT NULL REFERENCES peer_hot.account,
	amount bigint NOT NULL CHECK (amount <> 0), balance_after bigint, PRIMARY KEY (txn, leg));
CREATE INDEX ON peer_hot.entry (account, txn);

-- milestone n: its escrow is account n, its deferred fee 1,000,000 + n; freelancers are behind 2,000,000, fees 1 and 2 behind 3,000,000
INSERT INTO peer_hot.account (id, balance) SELECT n, 1000000000 FROM generate_series(1, :milestones) n;
INSERT INTO peer_hot.account (id, balance) SELECT 1000000 + n, 1000000000 FROM generate_series(1, :milestones) n;
INSERT INTO peer_hot.account (id) SELECT 2000000 + n FROM generate_series(0, 1999) n;
INSERT INTO peer_hot.account (id) VALUES (3000001), (3000002);

CREATE FUNCTION peer_hot.zero_sum() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF EXISTS (SELECT FROM inserted i GROUP BY i.txn HAVING sum(i.amount) <> 0) THEN
		RAISE EXCEPTION 'a posting does not add up to zero';
	END IF;
	RETURN NULL;
END $$;
CREATE TRIGGER zero_sum AFTER INSERT ON peer_hot.entry REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION peer_hot.zero_sum();

CREATE FUNCTION peer_hot.post(p_key text, p_accounts bigint[], p_amounts bigint[]) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	v_txn bigint;
	v_floor boolean;
BEGIN
	INSERT INTO peer_hot.txn (key) VALUES (p_key) ON CONFLICT (key) DO NOTHING RETURNING id INTO v_txn;
	IF v_txn IS NULL THEN
		RETURN (SELECT t.id FROM peer_hot.txn t WHERE t.key = p_key);
	END IF;
	PERFORM FROM peer_hot.account a WHERE a.id = ANY (p_accounts) AND NOT a.derived ORDER BY a.id FOR UPDATE;
	WITH moved AS (
		UPDATE peer_hot.account a SET balance = a.balance - l.amount, version = a.version + 1
		FROM unnest(p_accounts, p_amounts) AS l (account, amount)
		WHERE a.id = l.account AND NOT a.derived RETURNING a.id, a.balance
	), written AS (
		INSERT INTO peer_hot.entry (txn, leg, account, amount, balance_after)
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
CREATE FUNCTION peer_hot.release(p_key text, p_n bigint) RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN
	RETURN peer_hot.post(p_key, ARRAY[p_n, 1000000 + p_n, 2000000 + p_n % 2000, 3000001, 3000002], ARRAY[1000, 50, -900, -100, -50]);
END $$;

-- the same a hundred times in one transaction
CREATE FUNCTION peer_hot.release_many(p_key text, p_n bigint, p_count integer, p_milestones integer) RETURNS bigint LANGUAGE sql AS $$
	SELECT sum(peer_hot.release(p_key || '.' || i, 1 + (p_n * p_count + i) % p_milestones)) FROM generate_series(1, p_count) i
$$;
