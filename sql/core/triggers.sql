-- The ledger and the audit log are append-only for everyone, and no posting is lopsided. ENABLE ALWAYS
-- holds in replication roles as well.
SET LOCAL ROLE skillancer_vault;

CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON skillancer.ledger_txn
	FOR EACH ROW EXECUTE FUNCTION skillancer.refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON skillancer.ledger_txn
	FOR EACH STATEMENT EXECUTE FUNCTION skillancer.refuse_change();
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON skillancer.ledger_entry
	FOR EACH ROW EXECUTE FUNCTION skillancer.refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON skillancer.ledger_entry
	FOR EACH STATEMENT EXECUTE FUNCTION skillancer.refuse_change();
CREATE TRIGGER zero_sum AFTER INSERT ON skillancer.ledger_entry
	REFERENCING NEW TABLE AS inserted
	FOR EACH STATEMENT EXECUTE FUNCTION skillancer.zero_sum();
CREATE TRIGGER account_guard BEFORE UPDATE ON skillancer.ledger_account
	FOR EACH ROW EXECUTE FUNCTION skillancer.account_guard();
CREATE TRIGGER refuse_delete BEFORE DELETE ON skillancer.ledger_account
	FOR EACH ROW EXECUTE FUNCTION skillancer.refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON skillancer.ledger_account
	FOR EACH STATEMENT EXECUTE FUNCTION skillancer.refuse_change();
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON skillancer.audit
	FOR EACH ROW EXECUTE FUNCTION skillancer.refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON skillancer.audit
	FOR EACH STATEMENT EXECUTE FUNCTION skillancer.refuse_change();
ALTER TABLE skillancer.ledger_txn ENABLE ALWAYS TRIGGER refuse_change, ENABLE ALWAYS TRIGGER refuse_truncate;
ALTER TABLE skillancer.ledger_entry ENABLE ALWAYS TRIGGER refuse_change, ENABLE ALWAYS TRIGGER refuse_truncate,
	ENABLE ALWAYS TRIGGER zero_sum;
ALTER TABLE skillancer.ledger_account ENABLE ALWAYS TRIGGER account_guard, ENABLE ALWAYS TRIGGER refuse_delete,
	ENABLE ALWAYS TRIGGER refuse_truncate;
ALTER TABLE skillancer.audit ENABLE ALWAYS TRIGGER refuse_change, ENABLE ALWAYS TRIGGER refuse_truncate;
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON skillancer.ledger_period
	FOR EACH ROW EXECUTE FUNCTION skillancer.refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON skillancer.ledger_period
	FOR EACH STATEMENT EXECUTE FUNCTION skillancer.refuse_change();
ALTER TABLE skillancer.ledger_period ENABLE ALWAYS TRIGGER refuse_change, ENABLE ALWAYS TRIGGER refuse_truncate;
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON skillancer.ledger_seal
	FOR EACH ROW EXECUTE FUNCTION skillancer.refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON skillancer.ledger_seal
	FOR EACH STATEMENT EXECUTE FUNCTION skillancer.refuse_change();
ALTER TABLE skillancer.ledger_seal ENABLE ALWAYS TRIGGER refuse_change, ENABLE ALWAYS TRIGGER refuse_truncate;
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON skillancer.ledger_check
	FOR EACH ROW EXECUTE FUNCTION skillancer.refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON skillancer.ledger_check
	FOR EACH STATEMENT EXECUTE FUNCTION skillancer.refuse_change();
ALTER TABLE skillancer.ledger_check ENABLE ALWAYS TRIGGER refuse_change, ENABLE ALWAYS TRIGGER refuse_truncate;
