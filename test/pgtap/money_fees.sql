-- money_fees.sql
--	The fee schedule: oracles, currencies, and that no way of splitting a price changes its fee.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT plan(20);

INSERT INTO skillancer.fee_schedule (version, kind, currency, above, bps) VALUES
	(900, 'SERVICE', '*', 0, 1000), (900, 'CLIENT', '*', 0, 500);

CREATE FUNCTION pg_temp.fee(p_version integer, p_kind text, p_before numeric, p_amount numeric, p_currency text DEFAULT 'USD')
RETURNS numeric LANGUAGE sql AS $$
	SELECT skillancer.fee_step(p_version, p_kind, skillancer.monetary(p_before, p_currency),
		skillancer.monetary(p_amount, p_currency))::numeric
$$;

SELECT is(pg_temp.fee(1, 'SERVICE', 400, 600), 70.00, '400 billed before, 600 released: 70.00');
SELECT is(pg_temp.fee(1, 'SERVICE', 0, 500), 100.00, '20 % to 500');
SELECT is(pg_temp.fee(1, 'SERVICE', 500, 9500), 950.00, '10 % to 10,000');
SELECT is(pg_temp.fee(1, 'SERVICE', 10000, 1000), 50.00, '5 % above');
SELECT is(pg_temp.fee(1, 'SERVICE', 0, 20000), 1550.00, 'one release over all tiers');
SELECT is(pg_temp.fee(1, 'CLIENT', 0, 1000), 30.00, 'the client pays 3 %');
SELECT is(pg_temp.fee(900, 'SERVICE', 0, 1000), 100.00, 'flat 10 %: 1,000 costs 100, net 900');
SELECT is(pg_temp.fee(900, 'CLIENT', 0, 1000), 50.00, 'flat 5 % for the client: 50');
SELECT is(pg_temp.fee(900, 'SERVICE', 0, 500), 50.00, 'half of a disputed 1,000: fee 50, net 450');
SELECT is(pg_temp.fee(900, 'SERVICE', 0, 200), 20.00, '120 minutes at 100 an hour: fee 20, net 180');
SELECT is(pg_temp.fee(1, 'SERVICE', 0, 100000, 'JPY'), 15000::numeric, 'a currency with tiers of its own');
SELECT is(pg_temp.fee(1, 'SERVICE', 0, 1000, 'BHD'), 150.000, 'three decimal places');
SELECT is(pg_temp.fee(900, 'SERVICE', 0, 0.05), 0.00, 'half a cent goes to the even one');
SELECT is(pg_temp.fee(900, 'SERVICE', 0, 0.15), 0.02, 'on either side');

-- tiers are kept by the backend, until they change or the change is taken back
SAVEPOINT before_change;
UPDATE skillancer.fee_schedule SET bps = 1500 WHERE version = 900 AND kind = 'SERVICE';
SELECT is(pg_temp.fee(900, 'SERVICE', 0, 1000), 150.00, 'another rate holds at once');
INSERT INTO skillancer.fee_schedule (version, kind, currency, above, bps) VALUES (900, 'SERVICE', 'USD', 0, 2000);
SELECT is(pg_temp.fee(900, 'SERVICE', 0, 1000), 200.00, 'and rows of the currency itself come first');
ROLLBACK TO before_change;
SELECT is(pg_temp.fee(900, 'SERVICE', 0, 1000), 100.00, 'taken back, it is as before');

SELECT throws_ok($$ SELECT pg_temp.fee(77, 'SERVICE', 0, 1) $$, '42704', NULL, 'a version that does not exist is an error');
SELECT throws_ok($$ SELECT skillancer.fee_step(1, 'SERVICE', skillancer.monetary_of(9223372036854775807, 'USD'),
	skillancer.monetary_of(1, 'USD')) $$, '22003', NULL, 'no total wraps round');

-- random splits of random totals: the fees of the parts add up to the fee of the whole
CREATE FUNCTION pg_temp.split_errors(p_runs integer) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	v_errors bigint := 0;
	v_total bigint;
	v_done bigint;
	v_step bigint;
	v_fees bigint;
BEGIN
	FOR i IN 1..p_runs LOOP
		v_total := (random() * 3000000)::bigint;
		v_done := 0;
		v_fees := 0;
		WHILE v_done < v_total LOOP
			v_step := least(v_total - v_done, 1 + (random() * v_total / 3)::bigint);
			v_fees := v_fees + skillancer.monetary_minor(skillancer.fee_step(1, 'SERVICE',
				skillancer.monetary_of(v_done, 'USD'), skillancer.monetary_of(v_step, 'USD')));
			v_done := v_done + v_step;
		END LOOP;
		IF v_fees <> skillancer.monetary_minor(skillancer.fee_step(1, 'SERVICE', skillancer.monetary_of(0, 'USD'),
			skillancer.monetary_of(v_total, 'USD'))) THEN
			v_errors := v_errors + 1;
		END IF;
	END LOOP;
	RETURN v_errors;
END
$$;
SELECT setseed(0.42);
SELECT is(pg_temp.split_errors(2000), 0::bigint, 'any steps cost what one step of their sum costs');

SELECT * FROM finish();
ROLLBACK;
