-- Views on the ledger for operators and finance.

-- What every account holds, whichever way its balance is kept.
CREATE VIEW skillancer.ledger_balance_now WITH (security_invoker = true) AS
SELECT a.id, a.class, c.type, a.owner, a.ref, a.currency,
	CASE WHEN a.mode = 'row' THEN a.balance
		ELSE skillancer.ledger_derived_balance(a.id, a.debit_normal)
	END AS balance
FROM skillancer.ledger_account a
JOIN skillancer.account_class c ON c.class = a.class;
COMMENT ON VIEW skillancer.ledger_balance_now IS
	'Balance of every account in minor units on the normal side of its class.';

-- The same without a word on whose they are.
CREATE VIEW skillancer.ledger_class_balance WITH (security_invoker = true) AS
SELECT a.id, a.class, c.type, a.currency,
	CASE WHEN a.mode = 'row' THEN a.balance
		ELSE skillancer.ledger_derived_balance(a.id, a.debit_normal)
	END AS balance
FROM skillancer.ledger_account a
JOIN skillancer.account_class c ON c.class = a.class;
COMMENT ON VIEW skillancer.ledger_class_balance IS
	'Balance of every account with its class and currency, but not whose it is: what totals are made of.';

-- The trial balance: debits and credits of every class. The last column adds up to zero per currency.
CREATE VIEW skillancer.trial_balance WITH (security_invoker = true) AS
SELECT c.class, c.type, a.currency,
	skillancer.monetary_of(coalesce(sum(e.amount) FILTER (WHERE e.amount > 0), 0)::bigint, a.currency) AS debit,
	skillancer.monetary_of(coalesce(-sum(e.amount) FILTER (WHERE e.amount < 0), 0)::bigint, a.currency) AS credit,
	skillancer.monetary_of(coalesce(sum(e.amount), 0)::bigint, a.currency) AS balance
FROM skillancer.ledger_account a
JOIN skillancer.account_class c ON c.class = a.class
JOIN skillancer.ledger_entry e ON e.account = a.id
GROUP BY c.class, c.type, a.currency;
COMMENT ON VIEW skillancer.trial_balance IS
	'Debits, credits and their difference (debit positive) of every class and currency; the differences of a currency add up to zero.';

-- Is everything that is owed to users covered by money that we hold?
CREATE VIEW skillancer.escrow_coverage WITH (security_invoker = true) AS
SELECT b.currency,
	skillancer.monetary_of(held, b.currency) AS held,
	skillancer.monetary_of(owed, b.currency) AS owed,
	skillancer.monetary_of(converted, b.currency) AS converted,
	skillancer.monetary_of(held + converted - owed, b.currency) AS surplus,
	held + converted >= owed AS covered
FROM (
	SELECT n.currency,
		coalesce(sum(n.balance) FILTER (WHERE n.class IN ('psp_clearing', 'bank_trust', 'bank_operating')), 0)::bigint AS held,
		coalesce(sum(n.balance) FILTER (WHERE n.class = 'fx_position'), 0)::bigint AS converted,
		coalesce(sum(n.balance) FILTER (WHERE n.type = 'liability'), 0)::bigint AS owed
	FROM skillancer.ledger_class_balance n
	WHERE n.currency <> 'XCN'
	GROUP BY n.currency
) b;
COMMENT ON VIEW skillancer.escrow_coverage IS
	'Money held at providers and banks beside what is owed to users, per currency. converted is what conversions moved here from money that is held in other currencies (negative: to them). Connects are not money and left out.';
