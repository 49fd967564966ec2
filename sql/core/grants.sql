-- Table privileges of the core: the engine writes, the bridge reads what policies show.

GRANT SELECT ON skillancer.instance, skillancer.schema_migration TO skillancer_engine, skillancer_backup;
GRANT SELECT ON skillancer.secret TO skillancer_engine, skillancer_backup;
GRANT SELECT ON skillancer.policy TO skillancer_engine, skillancer_bridge, skillancer_backup;
GRANT SELECT, INSERT ON skillancer.event TO skillancer_engine;
GRANT USAGE ON SEQUENCE skillancer.event_seq TO skillancer_engine;
GRANT SELECT ON skillancer.event, skillancer.event_default, skillancer.consumer, skillancer.due,
	skillancer.idempotency_key TO skillancer_backup;
GRANT SELECT, INSERT, UPDATE ON skillancer.consumer, skillancer.metric_total TO skillancer_engine;
GRANT SELECT ON skillancer.metric_total TO skillancer_backup;
GRANT SELECT, INSERT, UPDATE, DELETE ON skillancer.due TO skillancer_engine;
GRANT SELECT, INSERT, UPDATE, DELETE ON skillancer.idempotency_key TO skillancer_engine;

-- reference tables and what became of imports
GRANT SELECT ON skillancer.currency, skillancer.country, skillancer.import_run, skillancer.import_rejection,
	skillancer.import_object TO skillancer_bridge, skillancer_backup;
GRANT SELECT ON skillancer.import_currency, skillancer.import_country, skillancer.import_skill,
	skillancer.import_esco_skill, skillancer.import_job, skillancer.import_gig, skillancer.import_freelancer
	TO skillancer_backup;

SET LOCAL ROLE skillancer_vault;
GRANT SELECT, INSERT ON skillancer.audit TO skillancer_engine;
GRANT USAGE ON SEQUENCE skillancer.audit_seq TO skillancer_engine;
GRANT SELECT ON skillancer.account_class TO skillancer_engine;
GRANT SELECT, INSERT, UPDATE (balance, version) ON skillancer.ledger_account TO skillancer_engine;
GRANT SELECT, INSERT ON skillancer.ledger_txn, skillancer.ledger_entry TO skillancer_engine;
GRANT USAGE ON SEQUENCE skillancer.ledger_txn_id_seq TO skillancer_engine;
GRANT SELECT ON skillancer.ledger_account TO skillancer_bridge;
GRANT SELECT ON skillancer.account_class, skillancer.ledger_account, skillancer.ledger_txn,
	skillancer.ledger_entry, skillancer.audit TO skillancer_backup, skillancer_bridge;
GRANT SELECT, INSERT, UPDATE ON skillancer.ledger_fold, skillancer.ledger_fold_position TO skillancer_engine;
GRANT SELECT ON skillancer.ledger_fold, skillancer.ledger_fold_position TO skillancer_backup, skillancer_bridge;
GRANT SELECT, INSERT ON skillancer.ledger_period, skillancer.ledger_seal, skillancer.ledger_check TO skillancer_engine;
GRANT SELECT ON skillancer.ledger_period, skillancer.ledger_seal, skillancer.ledger_check
	TO skillancer_backup, skillancer_bridge;
GRANT SELECT ON skillancer.ledger_check, skillancer.ledger_seal, skillancer.ledger_period TO skillancer_admin;

-- finance in psql reads the whole ledger
GRANT SELECT ON skillancer.account_class, skillancer.ledger_account, skillancer.ledger_txn, skillancer.ledger_entry,
	skillancer.ledger_fold, skillancer.ledger_fold_position TO skillancer_admin;
