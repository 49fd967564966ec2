-- sql/payment/grants.sql
--	Who may touch the tables of payments at all. Tokens of payment methods are for commands only.

GRANT SELECT ON skillancer.fee_schedule, skillancer.payout_rule, skillancer.pair_billing,
	skillancer.charge, skillancer.earning, skillancer.payout,
	skillancer.payment_method_doc, skillancer.charge_doc, skillancer.earning_doc,
	skillancer.payout_doc, skillancer.tax_jurisdiction, skillancer.tax_rate, skillancer.billing_profile, skillancer.fee_tax,
	skillancer.payout_schedule, skillancer.payout_schedule_doc
	TO skillancer_bridge;
GRANT SELECT, UPDATE ON skillancer.payout_schedule TO skillancer_engine;
GRANT INSERT ON skillancer.payout TO skillancer_engine;
GRANT SELECT ON skillancer.tax_jurisdiction, skillancer.tax_rate, skillancer.billing_profile, skillancer.tip TO skillancer_engine;
GRANT SELECT, INSERT ON skillancer.fee_tax TO skillancer_engine;
GRANT SELECT ON skillancer.refund, skillancer.refund_doc, skillancer.chargeback, skillancer.chargeback_part, skillancer.chargeback_doc,
	skillancer.tip, skillancer.tip_doc, skillancer.adjustment, skillancer.adjustment_doc
	TO skillancer_bridge;
GRANT SELECT, UPDATE ON skillancer.refund, skillancer.adjustment TO skillancer_engine;
GRANT SELECT, INSERT, UPDATE ON skillancer.chargeback TO skillancer_engine;
GRANT SELECT, INSERT ON skillancer.chargeback_part TO skillancer_engine;
GRANT SELECT ON skillancer.chargeback, skillancer.chargeback_part, skillancer.adjustment, skillancer.charge,
	skillancer.payout, skillancer.refund, skillancer.earning, skillancer.earning_return, skillancer.invoice,
	skillancer.invoice_series, skillancer.payout_schedule, skillancer.tax_jurisdiction, skillancer.tax_rate, skillancer.fee_tax,
	skillancer.ledger_in_transit
	TO skillancer_admin;
GRANT SELECT (id, user_id, kind, provider, label, usable_from, removed_at, version, created_at, updated_at,
		is_default, brand, last4, exp_month, exp_year)
	ON skillancer.payment_method TO skillancer_bridge;
GRANT SELECT ON skillancer.fee_schedule, skillancer.payout_rule, skillancer.payment_method
	TO skillancer_engine;
GRANT SELECT, UPDATE ON skillancer.charge, skillancer.payout TO skillancer_engine;
GRANT SELECT ON skillancer.connect_grant, skillancer.connect_purchase, skillancer.fx_rate, skillancer.conversion,
	skillancer.fx_open_position
	TO skillancer_bridge;
GRANT SELECT, INSERT, UPDATE ON skillancer.connect_grant TO skillancer_engine;
GRANT SELECT, UPDATE ON skillancer.connect_purchase TO skillancer_engine;
GRANT SELECT, INSERT ON skillancer.fx_rate TO skillancer_engine;
GRANT SELECT ON skillancer.conversion TO skillancer_engine;
GRANT SELECT, INSERT, UPDATE ON skillancer.pair_billing, skillancer.earning TO skillancer_engine;
GRANT SELECT ON skillancer.ledger_balance_now, skillancer.ledger_posting, skillancer.trial_balance, skillancer.escrow_coverage,
	skillancer.ledger_in_transit
	TO skillancer_bridge;
GRANT SELECT ON skillancer.ledger_balance_now, skillancer.ledger_posting TO skillancer_admin;
GRANT SELECT ON skillancer.ledger_class_balance, skillancer.trial_balance, skillancer.escrow_coverage, skillancer.fx_open_position
	TO skillancer_admin;
GRANT SELECT ON skillancer.ledger_class_balance TO skillancer_bridge;
GRANT SELECT ON skillancer.ledger_balance_now, skillancer.ledger_violation, skillancer.ledger_invariant
	TO skillancer_engine;
GRANT SELECT (id, provider, operation, kind, ref, idempotency_key, state, attempts, tries, due_at, status, last_error,
	created_at, settled_at)
	ON skillancer.provider_call TO skillancer_bridge, skillancer_admin;
GRANT SELECT (provider, id, type, occurred_at, state, tries, kind, ref, note, received_at, settled_at)
	ON skillancer.provider_event TO skillancer_bridge, skillancer_admin;
GRANT SELECT ON skillancer.provider_call_doc, skillancer.provider_event_doc TO skillancer_bridge;
GRANT SELECT, INSERT, UPDATE, DELETE ON skillancer.provider_call, skillancer.provider_event TO skillancer_engine;
GRANT SELECT ON skillancer.provider_item TO skillancer_engine;
GRANT SELECT, INSERT, UPDATE, DELETE ON skillancer.provider_customer TO skillancer_engine;
GRANT UPDATE (label, brand, last4, exp_month, exp_year, version, updated_at) ON skillancer.payment_method TO skillancer_engine;
GRANT SELECT ON skillancer.invoice, skillancer.invoice_doc, skillancer.document_template
	TO skillancer_bridge;
GRANT SELECT, INSERT ON skillancer.invoice TO skillancer_engine;
GRANT SELECT, INSERT, UPDATE ON skillancer.invoice_series TO skillancer_engine;
GRANT SELECT ON skillancer.earning_return TO skillancer_bridge;
GRANT SELECT, INSERT, UPDATE ON skillancer.earning_return TO skillancer_engine;
GRANT SELECT ON skillancer.fee_tax_account TO skillancer_engine;
