-- Who sees which row of the core. The engine bypasses row-level security; what no policy shows is its alone.

CREATE POLICY policy_read ON skillancer.policy FOR SELECT
	USING ((SELECT skillancer.has_request()));
CREATE POLICY event_read ON skillancer.event FOR SELECT
	USING ((SELECT skillancer.has_permission('system:view_audit')));

-- reference tables are public; imports are for staff who run the system, staging is for superusers alone
CREATE POLICY currency_read ON skillancer.currency FOR SELECT USING ((SELECT skillancer.has_request()));
CREATE POLICY country_read ON skillancer.country FOR SELECT USING ((SELECT skillancer.has_request()));
CREATE POLICY import_run_read ON skillancer.import_run FOR SELECT
	USING ((SELECT skillancer.has_permission('system:view')));
CREATE POLICY import_rejection_read ON skillancer.import_rejection FOR SELECT
	USING ((SELECT skillancer.has_permission('system:view')));
CREATE POLICY import_object_read ON skillancer.import_object FOR SELECT
	USING ((SELECT skillancer.has_permission('system:view')));

SET LOCAL ROLE skillancer_vault;
CREATE POLICY audit_read ON skillancer.audit FOR SELECT
	USING ((SELECT skillancer.has_permission('system:view_audit')));
CREATE POLICY account_class_read ON skillancer.account_class FOR SELECT
	USING ((SELECT skillancer.has_permission('finance:view')));
CREATE POLICY ledger_account_read ON skillancer.ledger_account FOR SELECT
	USING (owner = (SELECT skillancer.current_user_id())::uuid OR (SELECT skillancer.has_permission('finance:view')));
CREATE POLICY ledger_txn_read ON skillancer.ledger_txn FOR SELECT
	USING ((SELECT skillancer.has_permission('finance:view')));
CREATE POLICY ledger_entry_read ON skillancer.ledger_entry FOR SELECT
	USING ((SELECT skillancer.has_permission('finance:view')));
CREATE POLICY ledger_fold_read ON skillancer.ledger_fold FOR SELECT
	USING ((SELECT skillancer.has_permission('finance:view')));
CREATE POLICY ledger_fold_position_read ON skillancer.ledger_fold_position FOR SELECT
	USING ((SELECT skillancer.has_permission('finance:view')));
CREATE POLICY ledger_period_read ON skillancer.ledger_period FOR SELECT
	USING ((SELECT skillancer.has_permission('finance:view')));
CREATE POLICY ledger_seal_read ON skillancer.ledger_seal FOR SELECT
	USING ((SELECT skillancer.has_permission('finance:view')));
CREATE POLICY ledger_check_read ON skillancer.ledger_check FOR SELECT
	USING ((SELECT skillancer.has_permission('finance:view')));
CREATE POLICY ledger_period_operate ON skillancer.ledger_period FOR SELECT TO skillancer_admin USING (true);
CREATE POLICY ledger_seal_operate ON skillancer.ledger_seal FOR SELECT TO skillancer_admin USING (true);
CREATE POLICY ledger_check_operate ON skillancer.ledger_check FOR SELECT TO skillancer_admin USING (true);
CREATE POLICY account_class_operate ON skillancer.account_class FOR SELECT TO skillancer_admin USING (true);
CREATE POLICY ledger_account_operate ON skillancer.ledger_account FOR SELECT TO skillancer_admin USING (true);
CREATE POLICY ledger_txn_operate ON skillancer.ledger_txn FOR SELECT TO skillancer_admin USING (true);
CREATE POLICY ledger_entry_operate ON skillancer.ledger_entry FOR SELECT TO skillancer_admin USING (true);
CREATE POLICY ledger_fold_operate ON skillancer.ledger_fold FOR SELECT TO skillancer_admin USING (true);
CREATE POLICY ledger_fold_position_operate ON skillancer.ledger_fold_position FOR SELECT TO skillancer_admin USING (true);
