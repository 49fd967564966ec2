-- sql/payment/views.sql
--	The JSON of payment methods, charges, earnings and payouts, one view each.

-- A payment or payout method, without its token.
CREATE VIEW skillancer.payment_method_doc WITH (security_invoker = true) AS
SELECT p.id, p.user_id, p.kind, 'v' || p.version AS etag,
	skillancer.json_doc(
		'id', p.id,
		'kind', p.kind,
		'provider', p.provider,
		'label', p.label,
		'usableFrom', p.usable_from,
		'createdAt', p.created_at
	) AS doc
FROM skillancer.payment_method p
WHERE p.removed_at IS NULL;
COMMENT ON VIEW skillancer.payment_method_doc IS 'Ways to pay and to be paid as JSON, for their owner; removed ones are left out.';

-- A charge.
CREATE VIEW skillancer.charge_doc WITH (security_invoker = true) AS
SELECT c.id, c.user_id, c.state, 'v' || c.version AS etag,
	skillancer.json_doc(
		'id', c.id,
		'amount', c.amount,
		'state', c.state,
		'failureCode', c.failure_code,
		'paymentMethodId', c.payment_method_id,
		'milestoneId', c.milestone_id,
		'createdAt', c.created_at,
		'updatedAt', c.updated_at
	) AS doc
FROM skillancer.charge c;
COMMENT ON VIEW skillancer.charge_doc IS 'Charges as JSON, for the payer.';

-- What a release earned.
CREATE VIEW skillancer.earning_doc WITH (security_invoker = true) AS
SELECT e.id, e.freelancer_id, e.state,
	skillancer.json_doc(
		'bookingId', e.booking_id,
		'milestoneId', e.milestone_id,
		'gross', e.gross,
		'fee', e.fee,
		'net', e.net,
		'state', e.state,
		'availableAt', e.created_at + (e.policy ->> 'earningHold')::interval,
		'createdAt', e.created_at
	) AS doc
FROM skillancer.earning e;
COMMENT ON VIEW skillancer.earning_doc IS 'Earnings as JSON, for the freelancer.';

-- A payout.
CREATE VIEW skillancer.payout_doc WITH (security_invoker = true) AS
SELECT p.id, p.user_id, p.state, 'v' || p.version AS etag,
	skillancer.json_doc(
		'id', p.id,
		'amount', p.amount,
		'fee', p.fee,
		'arrives', p.amount - p.fee,
		'state', p.state,
		'failureCode', p.failure_code,
		'paymentMethodId', p.payment_method_id,
		'createdAt', p.created_at,
		'updatedAt', p.updated_at
	) AS doc
FROM skillancer.payout p;
COMMENT ON VIEW skillancer.payout_doc IS 'Payouts as JSON, for the freelancer.';

-- The journal, one line an entry, as a bookkeeper reads it.
CREATE VIEW skillancer.ledger_posting WITH (security_invoker = true) AS
SELECT t.id AS posting, t.effective_at AS at, t.kind, t.ref, e.leg, a.class AS account, a.owner,
	CASE WHEN e.amount > 0 THEN skillancer.monetary_of(e.amount, e.currency) END AS debit,
	CASE WHEN e.amount < 0 THEN skillancer.monetary_of(-e.amount, e.currency) END AS credit
FROM skillancer.ledger_txn t
JOIN skillancer.ledger_entry e ON e.txn = t.id
JOIN skillancer.ledger_account a ON a.id = e.account;
COMMENT ON VIEW skillancer.ledger_posting IS
	'Entries of all postings with debit and credit; ref is the milestone, charge, earning or payout that a posting is about.';
