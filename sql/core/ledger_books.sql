/*
 * sql/core/ledger_books.sql
 *		Keeping the books: reversals, closing a period, and seals over what was posted.
 *
 * A seal covers the entries of finished transactions: those with a number below the oldest one that is still
 * running. So nothing is added to a sealed range later, and no posting waits for a seal. Seals form a chain; who
 * changes an entry would have to make every later seal anew, and a copy of one hash kept elsewhere gives it away.
 */

-- The mirror of a posting, without a look at who asks.
CREATE OR REPLACE FUNCTION skillancer.ledger_mirror(p_txn bigint, p_reason text)
RETURNS bigint
LANGUAGE c VOLATILE STRICT SECURITY DEFINER
AS 'MODULE_PATHNAME', 'skl_fn_ledger_reverse';
COMMENT ON FUNCTION skillancer.ledger_mirror(bigint, text) IS
	'Posts the legs of a posting with the opposite sign, once; part of ledger_reverse().';
ALTER FUNCTION skillancer.ledger_mirror(bigint, text) OWNER TO skillancer_engine;

-- Takes a posting back.
CREATE OR REPLACE FUNCTION skillancer.ledger_reverse(p_txn bigint, p_reason text)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_reversal bigint;
BEGIN
	IF skillancer.has_request() THEN
		PERFORM skillancer.require_permission('finance:adjust');
	END IF;
	PERFORM skillancer.check_text('reason', p_reason, 5, 500, true);
	PERFORM skillancer.check_that('posting', p_txn IS NOT NULL, 'is required');
	PERFORM skillancer.check_done();
	v_reversal := skillancer.ledger_mirror(p_txn, p_reason);
	PERFORM skillancer.audit('ledger.reversed', 'posting', NULL, jsonb_build_object('posting', p_txn),
		jsonb_build_object('posting', v_reversal, 'reason', p_reason));
	RETURN v_reversal;
END
$$;
COMMENT ON FUNCTION skillancer.ledger_reverse(bigint, text) IS
	'Takes a posting back by its mirror, once, and returns the number of the mirror. Needs finance:adjust in a request; audited. INVALID_STATE when it was reversed before or is a reversal, INSUFFICIENT_FUNDS when the money has gone.';

-- Hash of a range of entries.
CREATE OR REPLACE FUNCTION skillancer.ledger_range_hash(p_epoch integer, p_from xid8, p_to xid8, p_previous bytea)
RETURNS bytea
LANGUAGE c VOLATILE STRICT SECURITY DEFINER
AS 'MODULE_PATHNAME', 'skl_fn_ledger_range_hash';
COMMENT ON FUNCTION skillancer.ledger_range_hash(integer, xid8, xid8, bytea) IS
	'SHA-256 over the hash before, the range [from, to) of transaction numbers of an epoch, and every entry in it with its posting and account.';
ALTER FUNCTION skillancer.ledger_range_hash(integer, xid8, xid8, bytea) OWNER TO skillancer_engine;

-- Where the next seal starts, and how far it may reach.
CREATE OR REPLACE FUNCTION skillancer.ledger_unsealed(p_horizon xid8, OUT epoch integer, OUT from_xid xid8, OUT to_xid xid8)
RETURNS record
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_now integer := skillancer.epoch();
	v_last record;
	v_next record;
BEGIN
	SELECT s.epoch, s.to_xid INTO v_last FROM skillancer.ledger_seal s ORDER BY s.id DESC LIMIT 1;
	SELECT e.epoch, e.xid INTO v_next
	FROM skillancer.ledger_entry e
	WHERE (e.epoch, e.xid) >= (coalesce(v_last.epoch, 0), coalesce(v_last.to_xid, '0'))
		AND (e.epoch < v_now OR e.xid < p_horizon)
	ORDER BY e.epoch, e.xid
	LIMIT 1;
	IF v_next.epoch IS NULL THEN
		RETURN;
	END IF;
	epoch := v_next.epoch;
	from_xid := CASE WHEN v_last.epoch = v_next.epoch THEN v_last.to_xid ELSE '0' END;
	to_xid := CASE WHEN epoch < v_now THEN '18446744073709551615' ELSE p_horizon END;
	SELECT least(to_xid, (e.xid::text::numeric + 1)::text::xid8) INTO to_xid
	FROM skillancer.ledger_entry e
	WHERE e.epoch = ledger_unsealed.epoch AND e.xid >= v_next.xid AND e.xid < ledger_unsealed.to_xid
	ORDER BY e.xid
	OFFSET 9999 LIMIT 1;
	IF to_xid IS NULL THEN
		to_xid := CASE WHEN epoch < v_now THEN '18446744073709551615' ELSE p_horizon END;
	END IF;
END
$$;
COMMENT ON FUNCTION skillancer.ledger_unsealed(xid8) IS
	'The next range to seal: finished transactions of one epoch, about 10,000 entries at most; NULL when there is nothing.';

-- The job that seals.
CREATE OR REPLACE FUNCTION skillancer.seal_ledger()
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_horizon xid8;
	v_range record;
	v_last record;
	v_entries bigint;
	v_sealed bigint := 0;
BEGIN
	PERFORM pg_advisory_xact_lock(hashtextextended('skillancer.seal_ledger', 0));
	v_horizon := pg_snapshot_xmin(pg_current_snapshot());
	FOR v_turn IN 1..20 LOOP
		SELECT u.epoch, u.from_xid, u.to_xid INTO v_range FROM skillancer.ledger_unsealed(v_horizon) u;
		EXIT WHEN v_range.epoch IS NULL;
		SELECT s.id, s.hash INTO v_last FROM skillancer.ledger_seal s ORDER BY s.id DESC LIMIT 1;
		v_last.id := coalesce(v_last.id, 0);
		v_last.hash := coalesce(v_last.hash, sha256('skillancer'));
		SELECT count(*) INTO v_entries FROM skillancer.ledger_entry e
		WHERE e.epoch = v_range.epoch AND e.xid >= v_range.from_xid AND e.xid < v_range.to_xid;
		INSERT INTO skillancer.ledger_seal (id, epoch, from_xid, to_xid, entries, previous, hash)
		VALUES (v_last.id + 1, v_range.epoch, v_range.from_xid, v_range.to_xid, v_entries, v_last.hash,
			skillancer.ledger_range_hash(v_range.epoch, v_range.from_xid, v_range.to_xid, v_last.hash));
		v_sealed := v_sealed + v_entries;
	END LOOP;
	RETURN v_sealed;
END
$$;
COMMENT ON FUNCTION skillancer.seal_ledger() IS
	'Seals the entries of finished transactions, 10,000 at a time; a job of the timekeeper. Returns how many entries.';
ALTER FUNCTION skillancer.seal_ledger() OWNER TO skillancer_engine;

-- Checks the seals.
CREATE OR REPLACE FUNCTION skillancer.ledger_verify(OUT seals bigint, OUT entries bigint, OUT bad_seal bigint, OUT problem text)
RETURNS record
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_seal record;
	v_hash bytea := sha256('skillancer');
	v_epoch integer := 0;
	v_to xid8;
	v_entries bigint;
BEGIN
	IF skillancer.has_request() THEN
		PERFORM skillancer.require_permission('finance:view');
	END IF;
	seals := 0;
	entries := 0;
	FOR v_seal IN SELECT s.* FROM skillancer.ledger_seal s ORDER BY s.id LOOP
		SELECT count(*) INTO v_entries FROM skillancer.ledger_entry e
		WHERE e.epoch = v_seal.epoch AND e.xid >= v_seal.from_xid AND e.xid < v_seal.to_xid;
		problem := CASE
			WHEN v_seal.id <> seals + 1 THEN format('seal %s is missing', seals + 1)
			WHEN v_seal.previous <> v_hash THEN 'it does not continue the seal before'
			WHEN v_seal.epoch < v_epoch OR v_seal.from_xid <> CASE WHEN v_seal.epoch = v_epoch THEN v_to ELSE '0' END
				THEN 'it does not start where the seal before ends'
			WHEN v_entries <> v_seal.entries THEN format('it had %s entries and has %s', v_seal.entries, v_entries)
			WHEN v_seal.hash <> skillancer.ledger_range_hash(v_seal.epoch, v_seal.from_xid, v_seal.to_xid, v_seal.previous)
				THEN 'an entry, its posting or its account was changed'
		END;
		IF problem IS NOT NULL THEN
			bad_seal := v_seal.id;
			RETURN;
		END IF;
		seals := v_seal.id;
		entries := entries + v_entries;
		v_hash := v_seal.hash;
		v_epoch := v_seal.epoch;
		v_to := v_seal.to_xid;
	END LOOP;
END
$$;
COMMENT ON FUNCTION skillancer.ledger_verify() IS
	'Hashes every sealed range again: how many seals and entries hold, and the first seal that does not, with why.';
ALTER FUNCTION skillancer.ledger_verify() OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.ledger_verify() TO skillancer_admin;

-- Closes the books.
CREATE OR REPLACE FUNCTION skillancer.ledger_close(p_through date)
RETURNS skillancer.monetary[]
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_ends timestamptz := (p_through + 1)::timestamp AT TIME ZONE 'UTC';
	v_last date;
	v_balances jsonb;
	v_sums skillancer.monetary[];
BEGIN
	IF skillancer.has_request() THEN
		PERFORM skillancer.require_permission('finance:adjust');
	END IF;
	-- postings with a date of their own hold the same lock: see hold_periods_open() in core/ledger.c
	PERFORM pg_advisory_xact_lock(hashtextextended('skillancer.ledger_close', 0));
	v_last := (SELECT max(p.through) FROM skillancer.ledger_period p);
	PERFORM skillancer.check_that('through', p_through IS NOT NULL, 'is required');
	PERFORM skillancer.check_that('through', p_through IS NULL
		OR v_ends + skillancer.policy_interval('ledgerCloseDelay') <= skillancer.now(), 'is not over for long enough');
	PERFORM skillancer.check_that('through', v_last IS NULL OR p_through > v_last, format('must be after %s', v_last));
	PERFORM skillancer.check_done();
	SELECT coalesce(jsonb_agg(jsonb_build_object('class', b.class, 'currency', b.currency, 'balance', b.balance)
		ORDER BY b.currency, b.class), '[]')
	INTO v_balances
	FROM (
		SELECT a.class, e.currency, sum(e.amount) AS balance
		FROM skillancer.ledger_txn t
		JOIN skillancer.ledger_entry e ON e.txn = t.id
		JOIN skillancer.ledger_account a ON a.id = e.account
		WHERE t.effective_at < v_ends
		GROUP BY a.class, e.currency
	) b;
	SELECT coalesce(array_agg(skillancer.monetary_of(s.total, s.currency) ORDER BY s.currency), '{}') INTO v_sums
	FROM (
		SELECT b ->> 'currency' AS currency, sum((b ->> 'balance')::bigint)::bigint AS total
		FROM jsonb_array_elements(v_balances) b
		GROUP BY 1
	) s;
	INSERT INTO skillancer.ledger_period (through, ends_at, closed_by, balances)
	VALUES (p_through, v_ends, skillancer.current_user_id()::uuid, v_balances);
	PERFORM skillancer.audit('ledger.closed', 'period', NULL, jsonb_build_object('through', v_last),
		jsonb_build_object('through', p_through));
	RETURN v_sums;
END
$$;
COMMENT ON FUNCTION skillancer.ledger_close(date) IS
	'Closes the books through the end of a day (UTC), for good: a posting with an effective date before it is PERIOD_CLOSED. Keeps the balances of that moment; returns their sum by currency, which is zero. Needs finance:adjust in a request; audited.';
ALTER FUNCTION skillancer.ledger_close(date) OWNER TO skillancer_engine;

INSERT INTO skillancer.housekeeping_job (job, every) VALUES ('seal_ledger', '1 minute');
