/*
 * sql/payment/ledger_check.sql
 *		The nightly check of the ledger's invariants, for finance and operators.
 */

-- The invariants and their names.
CREATE OR REPLACE FUNCTION skillancer.ledger_rule()
RETURNS TABLE (invariant integer, name text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
	VALUES (1, 'postings add up to zero'), (2, 'balances add up to zero'), (3, 'floors hold'), (4, 'balances are sums of entries'),
		(5, 'versions have no gaps'), (6, 'one posting a key'), (7, 'nothing was changed'), (8, 'reversals mirror, once'),
		(9, 'milestones account for their money'), (10, 'ended bookings are empty'), (11, 'no more goes back than came'),
		(12, 'users are covered'), (13, 'currencies match'), (14, 'events lead to states')
$$;
COMMENT ON FUNCTION skillancer.ledger_rule() IS 'The invariants of the ledger by number.';

-- The job that checks.
CREATE OR REPLACE FUNCTION skillancer.check_ledger()
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
SET jit = off -- compiling fourteen queries takes longer than running them
AS $$
DECLARE
	v_violations jsonb;
	v_check record;
	v_total bigint := 0;
BEGIN
	SELECT coalesce(jsonb_object_agg(g.invariant, g.found), '{}') INTO v_violations
	FROM (
		SELECT v.invariant, jsonb_build_object('count', count(*),
			'sample', to_jsonb((array_agg(format('%s: %s', v.object, v.detail) ORDER BY v.object))[1:10])) AS found
		FROM skillancer.ledger_violation v
		GROUP BY v.invariant
	) g;
	FOR v_check IN
		SELECT i.invariant, i.name, coalesce((v_violations #>> ARRAY[i.invariant::text, 'count'])::bigint, 0) AS violations,
			v_violations #> ARRAY[i.invariant::text, 'sample'] AS sample
		FROM skillancer.ledger_rule() i
		ORDER BY i.invariant
	LOOP
		INSERT INTO skillancer.ledger_check (checked_at, invariant, name, violations, sample)
		VALUES (skillancer.now(), v_check.invariant, v_check.name, v_check.violations, v_check.sample);
		v_total := v_total + v_check.violations;
		CONTINUE WHEN v_check.violations = 0;
		RAISE WARNING 'invariant % of the ledger is broken (%): %', v_check.invariant, v_check.name, v_check.sample ->> 0;
		PERFORM skillancer.emit('ledger.broken', 'ledger', skillancer.new_id(), jsonb_build_object(
			'invariant', v_check.invariant, 'name', v_check.name, 'violations', v_check.violations, 'sample', v_check.sample));
	END LOOP;
	RETURN v_total;
END
$$;
COMMENT ON FUNCTION skillancer.check_ledger() IS
	'Checks the fourteen invariants: a row of ledger_check each, an event ledger.broken for each broken one. A job of every day; an operator may run it at any time. Returns how many things break one.';
ALTER FUNCTION skillancer.check_ledger() OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.check_ledger() TO skillancer_admin;

INSERT INTO skillancer.housekeeping_job (job, every, worker) VALUES ('check_ledger', '1 day', 'merger');
