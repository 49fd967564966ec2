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
		'brand', p.brand,
		'last4', p.last4,
		'expMonth', p.exp_month,
		'expYear', p.exp_year,
		'isDefault', p.is_default,
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
		'provider', c.provider,
		'failureCode', c.failure_code,
		'actionUrl', CASE c.state WHEN 'REQUIRES_ACTION' THEN c.action_url END,
		'paymentMethodId', c.payment_method_id,
		'milestoneId', c.milestone_id,
		'createdAt', c.created_at,
		'updatedAt', c.updated_at
	) AS doc
FROM skillancer.charge c;
COMMENT ON VIEW skillancer.charge_doc IS 'Charges as JSON, for the payer.';

-- What a release earned.
CREATE VIEW skillancer.earning_doc WITH (security_invoker = true) AS
SELECT e.id, e.freelancer_id, e.state, skillancer.monetary_currency(e.gross) AS currency, e.created_at,
	skillancer.json_doc(
		'id', e.id,
		'bookingId', e.booking_id,
		'milestoneId', e.milestone_id,
		'gross', e.gross,
		'fee', e.fee,
		'net', e.net,
		'posting', e.posting,
		'state', e.state,
		'availableAt', coalesce(e.available_at, e.created_at + (e.policy ->> 'earningHold')::interval),
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
		'period', p.period,
		'createdAt', p.created_at,
		'updatedAt', p.updated_at
	) AS doc
FROM skillancer.payout p;
COMMENT ON VIEW skillancer.payout_doc IS 'Payouts as JSON, for the freelancer.';

-- A schedule of payouts.
CREATE VIEW skillancer.payout_schedule_doc WITH (security_invoker = true) AS
SELECT s.user_id, s.currency, 'v' || s.version AS etag,
	skillancer.json_doc(
		'currency', s.currency,
		'cadence', s.cadence,
		'nextAt', s.next_at,
		'lastPeriod', s.last_period,
		'lastResult', s.last_result,
		'updatedAt', s.updated_at
	) AS doc
FROM skillancer.payout_schedule s;
COMMENT ON VIEW skillancer.payout_schedule_doc IS 'Schedules of payouts as JSON, for their owner.';

-- An invoice, receipt or statement.
CREATE VIEW skillancer.invoice_doc WITH (security_invoker = true) AS
SELECT i.id, i.issuer_id, i.recipient_id, i.kind, i.booking_id, skillancer.monetary_currency(i.total) AS currency, i.issued_at,
	skillancer.json_doc(
		'id', i.id,
		'kind', i.kind,
		'number', i.number,
		'issuerId', i.issuer_id,
		'recipientId', i.recipient_id,
		'bookingId', i.booking_id,
		'posting', i.posting,
		'corrects', i.corrects,
		'net', i.net,
		'tax', i.tax,
		'total', i.total,
		'suppliedAt', i.supplied_at,
		'issuedAt', i.issued_at
	) AS doc
FROM skillancer.invoice i;
COMMENT ON VIEW skillancer.invoice_doc IS
	'Invoices, receipts, statements and credit notes as JSON, for their issuer and recipient; the platform issues where issuerId is null.';

-- A refund to a card.
CREATE VIEW skillancer.refund_doc WITH (security_invoker = true) AS
SELECT r.id, r.user_id, r.charge_id, r.state, 'v' || r.version AS etag,
	skillancer.json_doc(
		'id', r.id,
		'chargeId', r.charge_id,
		'amount', r.amount,
		'state', r.state,
		'failureCode', r.failure_code,
		'createdAt', r.created_at,
		'updatedAt', r.updated_at
	) AS doc
FROM skillancer.refund r;
COMMENT ON VIEW skillancer.refund_doc IS 'Refunds to cards as JSON, for the payer.';

-- A charge-back.
CREATE VIEW skillancer.chargeback_doc WITH (security_invoker = true) AS
SELECT b.id, b.user_id, b.freelancer_id, b.state, 'v' || b.version AS etag,
	skillancer.json_doc(
		'id', b.id,
		'reference', b.reference,
		'chargeId', b.charge_id,
		'milestoneId', b.milestone_id,
		'userId', b.user_id,
		'freelancerId', b.freelancer_id,
		'state', b.state,
		'reason', b.reason,
		'amount', b.amount,
		'fee', b.fee,
		'held', b.held,
		'atRisk', CASE WHEN b.state = 'OPEN' THEN b.amount - b.held END,
		'receivable', b.receivable,
		'createdAt', b.created_at,
		'closedAt', b.closed_at
	) AS doc
FROM skillancer.chargeback b;
COMMENT ON VIEW skillancer.chargeback_doc IS 'Charge-backs as JSON, for finance. atRisk could not be frozen.';

-- A tip.
CREATE VIEW skillancer.tip_doc WITH (security_invoker = true) AS
SELECT t.id, t.booking_id, t.client_id, t.freelancer_id,
	skillancer.json_doc(
		'id', t.id,
		'bookingId', t.booking_id,
		'amount', t.amount,
		'message', t.message,
		'createdAt', t.created_at
	) AS doc
FROM skillancer.tip t;
COMMENT ON VIEW skillancer.tip_doc IS 'Tips as JSON, for the two parties.';

-- A posting by hand.
CREATE VIEW skillancer.adjustment_doc WITH (security_invoker = true) AS
SELECT a.id, a.state, 'v' || a.version AS etag,
	skillancer.json_doc(
		'id', a.id,
		'kind', a.kind,
		'state', a.state,
		'reason', a.reason,
		'legs', a.legs,
		'reverses', a.reverses,
		'proposedBy', a.proposed_by,
		'decidedBy', a.decided_by,
		'decidedAt', a.decided_at,
		'note', a.note,
		'posting', a.posting,
		'expiresAt', CASE WHEN a.state = 'PROPOSED' THEN a.created_at + (a.policy ->> 'adjustmentTerm')::interval END,
		'createdAt', a.created_at
	) AS doc
FROM skillancer.adjustment a;
COMMENT ON VIEW skillancer.adjustment_doc IS 'Postings by hand as JSON, for finance.';

-- The tax within a fee, with the account it is owed in.
CREATE VIEW skillancer.fee_tax_account WITH (security_invoker = true) AS
SELECT f.earning_id, f.kind, f.payer_id, r.bps, j.account
FROM skillancer.fee_tax f
JOIN skillancer.tax_rate r ON r.id = f.rate_id
JOIN skillancer.tax_jurisdiction j ON j.code = r.jurisdiction;
COMMENT ON VIEW skillancer.fee_tax_account IS 'Rate and account of the tax within the fees of an earning.';

-- The journal, one line an entry, as a bookkeeper reads it.
CREATE VIEW skillancer.ledger_posting WITH (security_invoker = true) AS
SELECT t.id AS posting, t.effective_at AS at, t.kind, t.ref, e.leg, a.class AS account, a.owner,
	CASE WHEN e.amount > 0 THEN skillancer.monetary_of(e.amount, e.currency) END AS debit,
	CASE WHEN e.amount < 0 THEN skillancer.monetary_of(-e.amount, e.currency) END AS credit,
	t.reverses, t.reason
FROM skillancer.ledger_txn t
JOIN skillancer.ledger_entry e ON e.txn = t.id
JOIN skillancer.ledger_account a ON a.id = e.account;
COMMENT ON VIEW skillancer.ledger_posting IS
	'Entries of all postings with debit and credit; ref is the milestone, charge, earning or payout that a posting is about. A posting that takes another back names it in reverses.';

-- The journal for analysts: nobody's name, no object.
CREATE VIEW skillancer_analytics.ledger_posting WITH (security_barrier = true) AS
SELECT t.id AS posting, t.effective_at AS at, t.kind, e.leg, a.class AS account,
	CASE WHEN e.amount > 0 THEN skillancer.monetary_of(e.amount, e.currency) END AS debit,
	CASE WHEN e.amount < 0 THEN skillancer.monetary_of(-e.amount, e.currency) END AS credit,
	t.reverses
FROM skillancer.ledger_txn t
JOIN skillancer.ledger_entry e ON e.txn = t.id
JOIN skillancer.ledger_account a ON a.id = e.account;
COMMENT ON VIEW skillancer_analytics.ledger_posting IS
	'Entries of all postings by class of account, without persons, objects and reasons.';

-- What conversions have left open.
CREATE VIEW skillancer.fx_open_position WITH (security_invoker = true) AS
SELECT b.currency, skillancer.monetary_of(b.balance, b.currency) AS position,
	skillancer.fx_value(skillancer.monetary_of(b.balance, b.currency), t.pivot) AS value
FROM skillancer.ledger_class_balance b
CROSS JOIN (SELECT skillancer.policy_value('fxTerms') ->> 'pivot' AS pivot) t
WHERE b.class = 'fx_position' AND b.balance <> 0;
COMMENT ON VIEW skillancer.fx_open_position IS
	'Balance of fx_position by currency (debit positive), and its worth in the pivot currency by the last rates; the sum of the worths is what the open positions have gained or lost.';

-- The invariants of the ledger: what breaks one is a row here.
CREATE VIEW skillancer.ledger_violation WITH (security_invoker = true) AS
-- 1: the entries of a posting add up to zero in each currency
SELECT 1 AS invariant, format('posting %s', t.id) AS object,
	coalesce('off by ' || skillancer.monetary_of(s.off::bigint, s.currency), 'without entries') AS detail
FROM skillancer.ledger_txn t
LEFT JOIN (
	SELECT e.txn, e.currency, sum(e.amount) AS off FROM skillancer.ledger_entry e GROUP BY e.txn, e.currency
) s ON s.txn = t.id
WHERE s.off IS DISTINCT FROM 0
UNION ALL
-- 2: so do all balances
SELECT 2, s.currency, format('all balances together are off by %s minor units', s.off)
FROM (
	SELECT b.currency, sum(CASE WHEN b.type IN ('asset', 'expense', 'trading') THEN b.balance ELSE -b.balance END) AS off
	FROM skillancer.ledger_balance_now b
	GROUP BY b.currency
) s
WHERE s.off <> 0
UNION ALL
-- 3: an account with a floor was never below zero
SELECT 3, format('account %s', a.id), format('%s has %s after posting %s', a.class, e.balance_after, e.txn)
FROM skillancer.ledger_account a
JOIN skillancer.ledger_entry e ON e.account = a.id
WHERE a.floor_zero AND e.balance_after < 0
UNION ALL
-- the taxes of a country are derived, and are never less than nothing either
SELECT 3, format('account %s', n.id), format('%s has %s', n.class, n.balance)
FROM skillancer.ledger_balance_now n
WHERE n.class = 'tax_payable' AND n.balance < 0
UNION ALL
-- 4: a balance is the sum of its entries, at each of them
SELECT 4, format('account %s', n.id), format('%s has %s, its entries say %s', n.class, n.balance, coalesce(s.total, 0))
FROM skillancer.ledger_balance_now n
LEFT JOIN (
	SELECT e.account, sum(CASE WHEN a.debit_normal THEN e.amount ELSE -e.amount END) AS total
	FROM skillancer.ledger_entry e
	JOIN skillancer.ledger_account a ON a.id = e.account
	GROUP BY e.account
) s ON s.account = n.id
WHERE n.balance <> coalesce(s.total, 0)
UNION ALL
SELECT 4, format('account %s', r.account), format('after posting %s it has %s, its entries say %s', r.txn, r.balance_after, r.total)
FROM (
	SELECT e.account, e.txn, e.balance_after,
		sum(CASE WHEN a.debit_normal THEN e.amount ELSE -e.amount END) OVER (PARTITION BY e.account ORDER BY e.account_version) AS total
	FROM skillancer.ledger_entry e
	JOIN skillancer.ledger_account a ON a.id = e.account
	WHERE a.mode = 'row'
) r
WHERE r.balance_after IS DISTINCT FROM r.total
UNION ALL
-- 5: the versions of a row account count its entries, without a gap
SELECT 5, format('account %s', a.id), format('version %s, %s entries numbered to %s', a.version, coalesce(s.entries, 0), coalesce(s.last, 0))
FROM skillancer.ledger_account a
LEFT JOIN (
	SELECT e.account, count(DISTINCT e.account_version) AS entries, max(e.account_version) AS last, min(e.account_version) AS first
	FROM skillancer.ledger_entry e
	GROUP BY e.account
) s ON s.account = a.id
WHERE a.mode = 'row'
	AND (a.version <> coalesce(s.entries, 0) OR a.version <> coalesce(s.last, 0) OR coalesce(s.first, 1) <> 1)
UNION ALL
-- 6: one posting for each key
SELECT 6, format('key %s', t.idempotency_key), format('%s postings', count(*))
FROM skillancer.ledger_txn t
GROUP BY t.idempotency_key
HAVING count(*) > 1
UNION ALL
-- 7: nothing has changed since it was posted: the fingerprint of each posting, and no posting in a closed period
SELECT 7, format('posting %s', t.id), 'it does not say what its fingerprint says'
FROM skillancer.ledger_txn t
JOIN (
	SELECT e.txn, string_agg(convert_to(a.class, 'UTF8') || '\x00' || convert_to(e.currency, 'UTF8') || '\x00'
		|| convert_to(e.amount::text, 'UTF8') || '\x00'
		|| uuid_send(coalesce(a.owner, '00000000-0000-0000-0000-000000000000'))
		|| uuid_send(coalesce(a.ref, '00000000-0000-0000-0000-000000000000')), ''::bytea ORDER BY e.leg) AS legs
	FROM skillancer.ledger_entry e
	JOIN skillancer.ledger_account a ON a.id = e.account
	GROUP BY e.txn
) l ON l.txn = t.id
WHERE t.fingerprint <> sha256(convert_to(t.kind, 'UTF8') || '\x00'
	|| uuid_send(coalesce(t.ref, '00000000-0000-0000-0000-000000000000')) || l.legs)
UNION ALL
SELECT 7, format('posting %s', t.id), format('posted after the books were closed through %s', p.through)
FROM skillancer.ledger_period p
JOIN skillancer.ledger_txn t ON t.effective_at < p.ends_at AND t.posted_at > p.closed_at
UNION ALL
-- 8: a reversal mirrors a posting, and is its only one
SELECT 8, format('posting %s', t.id), format('it does not mirror posting %s', t.reverses)
FROM skillancer.ledger_txn t
WHERE t.reverses IS NOT NULL AND EXISTS (
	SELECT
	FROM (SELECT e.leg, e.account, e.amount FROM skillancer.ledger_entry e WHERE e.txn = t.id) m
	FULL JOIN (SELECT e.leg, e.account, e.amount FROM skillancer.ledger_entry e WHERE e.txn = t.reverses) o USING (leg)
	WHERE m.account IS DISTINCT FROM o.account OR m.amount IS DISTINCT FROM -o.amount)
UNION ALL
SELECT 8, format('posting %s', t.reverses), format('%s reversals', count(*))
FROM skillancer.ledger_txn t
WHERE t.reverses IS NOT NULL
GROUP BY t.reverses
HAVING count(*) > 1
UNION ALL
-- 9: what left the escrow of a milestone was earned, given back or frozen, and the state fits what is left
SELECT 9, m.id::text, format('%s with %s in escrow; %s left it, %s was earned', m.state, f.balance, f.gone, f.earned)
FROM skillancer.milestone m
CROSS JOIN LATERAL (
	SELECT coalesce(sum(a.balance), 0) AS balance, coalesce(sum(s.gone), 0) AS gone, coalesce(bool_or(s.elsewhere), false) AS elsewhere,
		coalesce((SELECT sum(skillancer.monetary_minor(g.gross)) FROM skillancer.earning g WHERE g.milestone_id = m.id), 0) AS earned
	FROM skillancer.ledger_account a
	CROSS JOIN LATERAL (
		SELECT sum(e.amount) AS gone, bool_or(EXISTS (
			SELECT FROM skillancer.ledger_entry x
			JOIN skillancer.ledger_account y ON y.id = x.account
			WHERE x.txn = e.txn AND x.amount < 0 AND x.account <> a.id
				AND y.class IN ('client_wallet', 'escrow', 'escrow_hold', 'chargeback_hold'))) AS elsewhere
		FROM skillancer.ledger_entry e
		WHERE e.account = a.id AND e.amount > 0
	) s
	WHERE a.class = 'escrow' AND a.currency = skillancer.monetary_currency(m.amount) -- by the index of identities
		AND coalesce(a.owner, '00000000-0000-0000-0000-000000000000') = '00000000-0000-0000-0000-000000000000'
		AND coalesce(a.ref, '00000000-0000-0000-0000-000000000000') = m.id::uuid
) f
WHERE f.earned > f.gone
	OR f.earned < f.gone AND NOT f.elsewhere
	OR f.balance <> 0 AND m.state IN ('PROPOSED', 'AGREED', 'FUNDING', 'RELEASED', 'REFUNDED', 'CANCELLED')
	OR f.balance = 0 AND NOT f.elsewhere AND m.state IN ('FUNDED', 'SUBMITTED', 'CHANGES_REQUESTED')
UNION ALL
SELECT 9, d.id::text, format('%s with a claim of %s, %s minor units are frozen for it', d.state, d.amount, coalesce(a.balance, 0))
FROM skillancer.dispute d
LEFT JOIN skillancer.ledger_account a ON a.class = 'escrow_hold' AND a.ref = d.id::uuid AND a.owner IS NULL
WHERE coalesce(a.balance, 0) <> CASE WHEN d.state IN ('RESOLVED', 'WITHDRAWN') THEN 0 ELSE skillancer.monetary_minor(d.amount) END
UNION ALL
-- 10: a booking that has ended holds no money
SELECT 10, b.id::text, format('%s with %s minor units in account %s', b.state, a.balance, a.id)
FROM skillancer.booking b
JOIN skillancer.ledger_account a ON a.booking_id = b.id
WHERE NOT b.is_open AND a.balance <> 0
UNION ALL
-- 11: a charge put into the wallet what it took, and no more goes back to cards than came from them
SELECT 11, c.id::text, format('%s of %s, %s minor units were posted', c.state, c.amount, p.posted)
FROM skillancer.charge c
CROSS JOIN LATERAL (
	SELECT coalesce(-sum(e.amount), 0) AS posted
	FROM skillancer.ledger_txn t
	JOIN skillancer.ledger_entry e ON e.txn = t.id
	JOIN skillancer.ledger_account a ON a.id = e.account AND a.class = 'client_wallet' AND a.owner = c.user_id::uuid
	WHERE t.ref = c.id::uuid AND t.kind = 'charge'
) p
WHERE p.posted <> CASE WHEN c.state IN ('CREATED', 'REQUIRES_ACTION', 'PROCESSING', 'FAILED', 'ERRORED', 'VOIDED') THEN 0
	ELSE skillancer.monetary_minor(c.amount) END
UNION ALL
SELECT 11, s.currency, format('%s captured, %s sent back and charged back', s.captured, s.returned)
FROM (
	SELECT e.currency,
		coalesce(-sum(e.amount) FILTER (WHERE t.kind = 'charge' AND a.class = 'client_wallet'), 0) AS captured,
		coalesce(-sum(e.amount) FILTER (WHERE a.class = 'refund_transit' AND (e.amount < 0 OR t.kind = 'card_refund_failed')), 0)
			+ coalesce(sum(e.amount) FILTER (WHERE a.class = 'client_wallet' AND t.kind = 'card_refund_returned'), 0)
			+ coalesce(sum(e.amount) FILTER (WHERE a.class = 'chargeback_receivable' AND (e.amount > 0 OR t.kind = 'chargeback_won')), 0) AS returned
	FROM skillancer.ledger_entry e
	JOIN skillancer.ledger_txn t ON t.id = e.txn
	JOIN skillancer.ledger_account a ON a.id = e.account
	WHERE a.class IN ('client_wallet', 'refund_transit', 'chargeback_receivable')
	GROUP BY e.currency
) s
WHERE s.captured < s.returned
UNION ALL
SELECT 11, c.id::text, format('of %s went back %s minor units', c.amount, g.gone)
FROM skillancer.charge c
CROSS JOIN LATERAL (
	SELECT coalesce((SELECT sum(skillancer.monetary_minor(r.amount)) FROM skillancer.refund r
			WHERE r.charge_id = c.id AND r.state IN ('PROCESSING', 'ERRORED', 'REFUNDED')), 0)
		+ coalesce((SELECT sum(skillancer.monetary_minor(b.amount)) FROM skillancer.chargeback b
			WHERE b.charge_id = c.id AND b.state IN ('OPEN', 'LOST')), 0) AS gone
) g
WHERE g.gone > skillancer.monetary_minor(c.amount)
UNION ALL
SELECT 11, s.object, format('%s is %s, %s minor units are in %s', s.object, s.state, coalesce(a.balance, 0), s.class)
FROM (
	SELECT 'charge-back ' || b.id AS object, b.state, 'chargeback_receivable' AS class, b.id,
		CASE b.state WHEN 'OPEN' THEN skillancer.monetary_minor(b.amount) ELSE 0 END AS due
	FROM skillancer.chargeback b
	UNION ALL
	SELECT 'charge-back ' || b.id AS object, b.state, 'chargeback_hold' AS class, b.id,
		CASE b.state WHEN 'OPEN' THEN skillancer.monetary_minor(b.held) ELSE 0 END AS due
	FROM skillancer.chargeback b
	UNION ALL
	SELECT 'refund ' || r.id AS object, r.state, 'refund_transit' AS class, r.id::uuid AS id,
		CASE WHEN r.state IN ('PROCESSING', 'ERRORED') THEN skillancer.monetary_minor(r.amount) ELSE 0 END AS due
	FROM skillancer.refund r
) s
LEFT JOIN skillancer.ledger_account a ON a.class = s.class AND a.ref = s.id AND a.owner IS NULL
WHERE coalesce(a.balance, 0) <> s.due
UNION ALL
-- 12: what is owed to users is there: at the provider, in banks, as claims, or spent on costs that the platform bears
SELECT 12, s.currency, format('%s is owed to users, %s is there', s.owed, s.held)
FROM (
	SELECT b.currency,
		sum(b.balance) FILTER (WHERE b.type IN ('asset', 'expense', 'trading')) AS held,
		sum(b.balance) FILTER (WHERE b.class IN ('client_wallet', 'escrow', 'deferred_fee', 'escrow_hold', 'freelancer_pending',
			'freelancer_available', 'payout_transit', 'refund_transit', 'chargeback_hold')) AS owed
	FROM skillancer.ledger_balance_now b
	GROUP BY b.currency
) s
WHERE coalesce(s.held, 0) < coalesce(s.owed, 0)
UNION ALL
-- 13: an entry has the currency of its account
SELECT 13, format('posting %s', e.txn), format('%s on account %s in %s', e.currency, a.id, a.currency)
FROM skillancer.ledger_entry e
JOIN skillancer.ledger_account a ON a.id = e.account
WHERE a.currency <> e.currency
UNION ALL
-- 14: the events of an object, replayed, lead to its state
SELECT 14, format('%s %s', r.aggregate, r.id),
	CASE WHEN r.is_last THEN format('it is %s, its events lead to %s', r.state, r.reached)
		ELSE format('an event starts from %s where %s was reached', r.started, r.before) END
FROM (
	SELECT o.aggregate, o.id, o.state, e.data ->> 'state' AS reached, e.data ->> 'from' AS started,
		lag(e.data ->> 'state') OVER w AS before, lead(e.seq) OVER w IS NULL AS is_last
	FROM (
		SELECT 'booking' AS aggregate, b.id::uuid AS id, b.state FROM skillancer.booking b
		UNION ALL SELECT 'milestone' AS aggregate, m.id::uuid AS id, m.state FROM skillancer.milestone m
		UNION ALL SELECT 'dispute' AS aggregate, d.id::uuid AS id, d.state FROM skillancer.dispute d
		UNION ALL SELECT 'refund' AS aggregate, f.id::uuid AS id, f.state FROM skillancer.refund f
		UNION ALL SELECT 'chargeback' AS aggregate, k.id AS id, k.state FROM skillancer.chargeback k
		UNION ALL SELECT 'adjustment' AS aggregate, j.id AS id, j.state FROM skillancer.adjustment j
		UNION ALL SELECT 'charge' AS aggregate, c.id::uuid AS id, c.state FROM skillancer.charge c
		UNION ALL SELECT 'earning' AS aggregate, g.id AS id, g.state FROM skillancer.earning g
		UNION ALL SELECT 'payout' AS aggregate, p.id::uuid AS id, p.state FROM skillancer.payout p
		UNION ALL SELECT 'purchase' AS aggregate, q.id AS id, q.state FROM skillancer.connect_purchase q
	) o
	JOIN skillancer.event e ON e.aggregate_id = o.id AND e.aggregate_type = o.aggregate AND e.data ? 'from'
	WINDOW w AS (PARTITION BY o.id ORDER BY e.seq)
) r
WHERE r.is_last AND r.reached <> r.state OR r.started <> r.before;
COMMENT ON VIEW skillancer.ledger_violation IS
	'What breaks one of the fourteen invariants of the ledger: the number of the invariant, the thing, and what is wrong with it. Empty when the books are in order.';

-- The same, one line an invariant.
CREATE VIEW skillancer.ledger_invariant WITH (security_invoker = true) AS
SELECT i.invariant, i.name, count(v.invariant) AS violations, count(v.invariant) = 0 AS ok
FROM skillancer.ledger_rule() i
LEFT JOIN skillancer.ledger_violation v ON v.invariant = i.invariant
GROUP BY i.invariant, i.name;
COMMENT ON VIEW skillancer.ledger_invariant IS
	'The fourteen invariants of the ledger as they are now, with how many things break each; see ledger_violation for which.';

-- Everything that a provider moves for us.
CREATE VIEW skillancer.provider_item WITH (security_invoker = true) AS
SELECT 'charge' AS kind, c.id::uuid AS id, c.id::text AS name, c.user_id, c.state, c.provider, c.amount, m.token,
	c.external_id, NULL::text AS charge_external_id, c.created_at, c.updated_at, k.external_id AS customer,
	k.user_id IS NOT NULL AND k.external_id IS NULL AS awaits_customer,
	c.id AS charge_id, NULL::skillancer.payout_id AS payout_id, NULL::skillancer.refund_id AS refund_id
FROM skillancer.charge c
JOIN skillancer.payment_method m ON m.id = c.payment_method_id
LEFT JOIN skillancer.provider_customer k ON k.user_id = c.user_id AND k.provider = c.provider
UNION ALL
SELECT 'payout' AS kind, p.id::uuid AS id, p.id::text AS name, p.user_id, p.state, p.provider, p.amount - p.fee AS amount, m.token,
	p.external_id, NULL::text AS charge_external_id, p.created_at, p.updated_at, NULL::text AS customer, false AS awaits_customer,
	NULL::skillancer.charge_id AS charge_id, p.id AS payout_id, NULL::skillancer.refund_id AS refund_id
FROM skillancer.payout p
JOIN skillancer.payment_method m ON m.id = p.payment_method_id
UNION ALL
SELECT 'refund' AS kind, r.id::uuid AS id, r.id::text AS name, r.user_id, r.state, r.provider, r.amount, m.token,
	r.external_id, c.external_id AS charge_external_id, r.created_at, r.updated_at, NULL::text AS customer, false AS awaits_customer,
	NULL::skillancer.charge_id AS charge_id, NULL::skillancer.payout_id AS payout_id, r.id AS refund_id
FROM skillancer.refund r
JOIN skillancer.charge c ON c.id = r.charge_id
JOIN skillancer.payment_method m ON m.id = c.payment_method_id;
COMMENT ON VIEW skillancer.provider_item IS
	'Charges, refunds and payouts as payment providers see them; amount is what moves, token the method, external_id the provider''s number; customer is the payer''s number there, which a charge may wait for. Who looks for one asks for its charge_id, payout_id or refund_id: these have indexes, id has none.';

-- What is on its way between us and the provider.
CREATE VIEW skillancer.ledger_in_transit WITH (security_invoker = true) AS
SELECT 'charge' AS item, c.id::uuid AS ref, c.user_id, c.state, c.amount, NULL::skillancer.monetary AS booked,
	c.updated_at AS since, skillancer.now() - c.updated_at AS age, c.provider, c.external_id
FROM skillancer.charge c
WHERE c.state IN ('CREATED', 'REQUIRES_ACTION', 'PROCESSING', 'ERRORED')
UNION ALL
SELECT 'payout' AS item, p.id::uuid AS ref, p.user_id, p.state, p.amount - p.fee AS amount,
	skillancer.monetary_of(a.balance, a.currency) AS booked, p.updated_at AS since, skillancer.now() - p.updated_at AS age,
	p.provider, p.external_id
FROM skillancer.payout p
LEFT JOIN skillancer.ledger_account a ON a.class = 'payout_transit' AND a.ref = p.id::uuid AND a.owner IS NULL
WHERE p.state IN ('REQUESTED', 'PROCESSING', 'ERRORED') OR a.balance <> 0
UNION ALL
SELECT 'refund' AS item, r.id::uuid AS ref, r.user_id, r.state, r.amount,
	skillancer.monetary_of(a.balance, a.currency) AS booked, r.updated_at AS since, skillancer.now() - r.updated_at AS age,
	r.provider, r.external_id
FROM skillancer.refund r
LEFT JOIN skillancer.ledger_account a ON a.class = 'refund_transit' AND a.ref = r.id::uuid AND a.owner IS NULL
WHERE r.state IN ('CREATED', 'PROCESSING', 'ERRORED') OR a.balance <> 0
UNION ALL
SELECT 'chargeback' AS item, b.id AS ref, b.user_id, b.state, b.amount,
	skillancer.monetary_of(a.balance, a.currency) AS booked, b.created_at AS since, skillancer.now() - b.created_at AS age,
	c.provider, b.reference AS external_id
FROM skillancer.chargeback b
JOIN skillancer.charge c ON c.id = b.charge_id
LEFT JOIN skillancer.ledger_account a ON a.class = 'chargeback_receivable' AND a.ref = b.id AND a.owner IS NULL
WHERE b.state = 'OPEN' OR a.balance <> 0;
COMMENT ON VIEW skillancer.ledger_in_transit IS
	'Charges that the provider has not decided, payouts and refunds that have not arrived, charge-backs that the bank has not decided, with their age and the provider''s number; booked is what the ledger holds in transit, and equals the amount of a payout, refund or charge-back.';

-- A call to a provider, for finance.
CREATE VIEW skillancer.provider_call_doc WITH (security_invoker = true) AS
SELECT c.id, c.state, c.provider,
	skillancer.json_doc(
		'id', c.id,
		'provider', c.provider,
		'operation', c.operation,
		'kind', c.kind,
		'ref', CASE c.kind WHEN 'charge' THEN c.ref::skillancer.charge_id::text WHEN 'refund' THEN c.ref::skillancer.refund_id::text
			WHEN 'payout' THEN c.ref::skillancer.payout_id::text ELSE c.ref::skillancer.user_id::text END,
		'idempotencyKey', c.idempotency_key,
		'state', c.state,
		'attempts', c.attempts,
		'status', c.status,
		'error', c.last_error,
		'dueAt', CASE WHEN c.settled_at IS NULL THEN c.due_at END,
		'createdAt', c.created_at,
		'settledAt', c.settled_at
	) AS doc
FROM skillancer.provider_call c;
COMMENT ON VIEW skillancer.provider_call_doc IS 'Calls to payment providers as JSON, for finance.';

-- A webhook of a provider, for finance.
CREATE VIEW skillancer.provider_event_doc WITH (security_invoker = true) AS
SELECT e.id, e.state, e.received_at,
	skillancer.json_doc(
		'id', e.id,
		'provider', e.provider,
		'type', e.type,
		'kind', e.kind,
		'ref', CASE e.kind WHEN 'charge' THEN e.ref::skillancer.charge_id::text WHEN 'refund' THEN e.ref::skillancer.refund_id::text
			WHEN 'payout' THEN e.ref::skillancer.payout_id::text END,
		'state', e.state,
		'note', e.note,
		'occurredAt', e.occurred_at,
		'receivedAt', e.received_at,
		'settledAt', e.settled_at
	) AS doc
FROM skillancer.provider_event e;
COMMENT ON VIEW skillancer.provider_event_doc IS 'Webhooks of payment providers as JSON, for finance.';
