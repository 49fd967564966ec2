/*
 * sql/core/ledger_fold.sql
 *		Folding the entries of derived accounts, so that a balance is one row and a short tail.
 *
 * A fold takes the entries between two snapshots (see consumers.sql for why not "up to a number"), adds them
 * to the sums and stores the second snapshot, in one transaction. Readers take sum, position and tail from
 * one snapshot of their own, so the balance is exact at every instant.
 */

-- Balance of one derived account.
CREATE OR REPLACE FUNCTION skillancer.ledger_derived_balance(p_account bigint, p_debit_normal boolean)
RETURNS bigint
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_sum numeric;
BEGIN
	SELECT coalesce(f.amount, 0) + coalesce((
		SELECT sum(e.amount) FROM skillancer.ledger_entry e
		WHERE e.account = p_account AND e.epoch = p.epoch AND e.xid >= pg_snapshot_xmax(p.position)), 0) + coalesce((
		SELECT sum(e.amount) FROM skillancer.ledger_entry e
		WHERE e.account = p_account AND e.epoch = p.epoch AND e.xid = ANY (ARRAY(SELECT pg_snapshot_xip(p.position)))), 0)
	INTO v_sum
	FROM skillancer.ledger_fold_position p
	LEFT JOIN skillancer.ledger_fold f ON f.account = p_account;
	RETURN CASE WHEN p_debit_normal THEN v_sum ELSE -v_sum END;
END
$$;
COMMENT ON FUNCTION skillancer.ledger_derived_balance(bigint, boolean) IS
	'Folded sum and tail of a derived account, in minor units on its normal side, as the caller''s snapshot sees them.';
GRANT EXECUTE ON FUNCTION skillancer.ledger_derived_balance(bigint, boolean)
	TO skillancer_bridge, skillancer_backup, skillancer_admin;

-- Adds what lies between the stored position and another snapshot.
CREATE OR REPLACE FUNCTION skillancer.ledger_fold_between(p_epoch integer, p_a pg_snapshot, p_b pg_snapshot)
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_entries bigint;
BEGIN
	WITH fresh AS (
		SELECT e.account, sum(e.amount) AS amount, count(*) AS entries
		FROM skillancer.ledger_account a
		JOIN skillancer.ledger_entry e ON e.account = a.id
		WHERE a.mode = 'derived' AND e.epoch = p_epoch AND pg_visible_in_snapshot(e.xid, p_b)
			AND (e.xid >= pg_snapshot_xmax(p_a) OR e.xid = ANY (ARRAY(SELECT pg_snapshot_xip(p_a))))
		GROUP BY e.account
	), stored AS (
		INSERT INTO skillancer.ledger_fold AS f (account, amount, entries)
		SELECT n.account, n.amount, n.entries FROM fresh n
		ON CONFLICT (account) DO UPDATE SET amount = f.amount + excluded.amount, entries = f.entries + excluded.entries
	)
	SELECT coalesce(sum(n.entries), 0) INTO v_entries FROM fresh n;
	RETURN v_entries;
END
$$;
COMMENT ON FUNCTION skillancer.ledger_fold_between(integer, pg_snapshot, pg_snapshot) IS
	'Adds the entries of derived accounts that became visible between A and B to their folds; returns how many.';
ALTER FUNCTION skillancer.ledger_fold_between(integer, pg_snapshot, pg_snapshot) OWNER TO skillancer_engine;

-- One fold.
CREATE OR REPLACE FUNCTION skillancer.ledger_fold()
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_from record;
	v_b pg_snapshot;
	v_entries bigint;
BEGIN
	SELECT p.epoch, p.position INTO v_from FROM skillancer.ledger_fold_position p FOR UPDATE;
	IF v_from.epoch <> skillancer.epoch() THEN
		PERFORM skillancer.fail('INSTANCE_MISMATCH');
	END IF;
	v_b := skillancer.tick_snapshot();
	v_entries := skillancer.ledger_fold_between(v_from.epoch, v_from.position, v_b);
	IF v_entries > 0 THEN
		UPDATE skillancer.ledger_fold_position SET position = v_b;
	END IF;
	RETURN v_entries;
END
$$;
COMMENT ON FUNCTION skillancer.ledger_fold() IS
	'Folds the entries of derived accounts up to now; a job of the timekeeper. Returns how many entries.';
ALTER FUNCTION skillancer.ledger_fold() OWNER TO skillancer_engine;

-- The last fold of an epoch. A copy may have been migrated before it is adopted: its position is one of the new
-- cluster then, and says nothing about transaction ids of the old one. So everything is added up once more.
CREATE OR REPLACE FUNCTION skillancer.ledger_fold_adopt(p_new integer)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_accounts bigint;
BEGIN
	INSERT INTO skillancer.ledger_fold AS f (account, amount, entries)
	SELECT e.account, sum(e.amount), count(*)
	FROM skillancer.ledger_entry e
	JOIN skillancer.ledger_account a ON a.id = e.account AND a.mode = 'derived'
	GROUP BY e.account
	ON CONFLICT (account) DO UPDATE SET amount = EXCLUDED.amount, entries = EXCLUDED.entries;
	GET DIAGNOSTICS v_accounts = ROW_COUNT;
	UPDATE skillancer.ledger_fold_position SET epoch = p_new, position = skillancer.tick_snapshot();
	RETURN v_accounts;
END
$$;
COMMENT ON FUNCTION skillancer.ledger_fold_adopt(integer) IS
	'Folds everything of the epochs before, whose transaction ids mean nothing any more, and starts the new one; part of adopt(). Returns the number of accounts.';

INSERT INTO skillancer.housekeeping_job (job, every) VALUES ('ledger_fold', '10 seconds');
