-- core_vault.sql
--	No role of ours changes the ledger or the audit log, their owner included (faults 51).
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT plan(8 * 5 * 3 + 3);

SELECT skillancer.ledger_post('TEST', 'vault-test', NULL, '{psp_clearing,client_wallet}',
	ARRAY[NULL, skillancer.new_id()], '{NULL,NULL}', '{NULL,NULL}', '{500,-500}', 'USD');
SELECT skillancer.audit('vault.test', 'test', NULL, NULL, NULL);
SET CONSTRAINTS ALL IMMEDIATE;

-- SQLSTATE of a statement as a role; '00000' when it changed something, 'no row' when it found nothing to change
CREATE FUNCTION pg_temp.attempt(p_role text, p_statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	v_rows bigint;
BEGIN
	EXECUTE format('SET LOCAL ROLE %I', p_role);
	EXECUTE p_statement;
	GET DIAGNOSTICS v_rows = ROW_COUNT;
	RESET ROLE;
	RETURN CASE WHEN v_rows = 0 AND p_statement NOT LIKE 'TRUNCATE%' THEN 'no row' ELSE '00000' END;
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END $$;

SELECT ok(pg_temp.attempt(r, format(s, t)) IN ('42501', 'SK405', 'no row'), format('%s as %s is refused', format(s, t), r))
FROM unnest(ARRAY['skillancer_owner', 'skillancer_engine', 'skillancer_vault', 'skillancer_bridge', 'skillancer_worker',
	'skillancer_analyst', 'skillancer_admin', 'skillancer_backup']) r,
	(VALUES ('ledger_txn', 'kind'), ('ledger_entry', 'currency'), ('audit', 'action'), ('ledger_account', 'class'), ('account_class', 'per')) x (t, c),
	LATERAL (VALUES ('UPDATE skillancer.%s SET ' || c || ' = ' || c || ' || ''x'''), ('DELETE FROM skillancer.%s'), ('TRUNCATE skillancer.%s CASCADE')) y (s)
WHERE NOT (r = 'skillancer_vault' AND t = 'account_class')
UNION ALL
SELECT ok(true, 'the vault keeps its own chart of accounts') FROM generate_series(1, 3);

SELECT is(pg_temp.attempt('skillancer_bridge', $$ INSERT INTO skillancer.ledger_txn (kind, idempotency_key, fingerprint) VALUES ('x', 'x', '\x') $$),
	'42501', 'the bridge posts nothing by hand');
SELECT is(pg_temp.attempt('skillancer_owner', $$ SELECT setval('skillancer.audit_seq', 1) $$), '42501', 'nobody turns the audit log back');
SELECT is(count(*), 2::bigint, 'and all rows are there') FROM skillancer.ledger_entry e
JOIN skillancer.ledger_txn t ON t.id = e.txn WHERE t.idempotency_key = 'vault-test';

SELECT * FROM finish();
ROLLBACK;
