-- sql/payment/grants.sql
--	Who may touch the tables of payments at all. Tokens of payment methods are for commands only.

GRANT SELECT ON skillancer.fee_schedule, skillancer.payout_rule, skillancer.pair_billing,
	skillancer.charge, skillancer.earning, skillancer.payout,
	skillancer.payment_method_doc, skillancer.charge_doc, skillancer.earning_doc,
	skillancer.payout_doc, skillancer.tax_jurisdiction, skillancer.tax_rate, skillancer.billing_profile, skillancer.fee_tax
	TO skillancer_bridge;
GRANT SELECT ON skillancer.tax_jurisdiction, skillancer.tax_rate, skillancer.billing_profile TO skillancer_engine;
GRANT SELECT, INSERT ON skillancer.fee_tax TO skillancer_engine;
GRANT SELECT (id, user_id, kind, provider, label, usable_from, removed_at, version, created_at, updated_at,
		is_default, brand, last4, exp_month, exp_year)
	ON skillancer.payment_method TO skillancer_bridge;
GRANT SELECT ON skillancer.fee_schedule, skillancer.payout_rule, skillancer.payment_method
	TO skillancer_engine;
GRANT SELECT, UPDATE ON skillancer.charge, skillancer.payout TO skillancer_engine;
GRANT SELECT, INSERT, UPDATE ON skillancer.pair_billing, skillancer.earning TO skillancer_engine;
GRANT SELECT ON skillancer.ledger_balance_now, skillancer.ledger_posting, skillancer.trial_balance, skillancer.escrow_coverage,
	skillancer.ledger_in_transit
	TO skillancer_bridge;
GRANT SELECT ON skillancer.ledger_balance_now, skillancer.ledger_violation, skillancer.ledger_invariant
	TO skillancer_engine;
