-- sql/payment/api_books.sql
--	API of the books, for finance: the last check of the invariants, closing a period, taking a posting back.

-- What the last check found.
CREATE OR REPLACE FUNCTION skillancer_api.ledger_check_get() RETURNS json
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_permission('finance:view');
	RETURN (
		SELECT json_build_object('checkedAt', c.checked_at, 'ok', bool_and(c.violations = 0), 'invariants', json_agg(
			json_build_object('invariant', c.invariant, 'name', c.name, 'violations', c.violations,
				'sample', coalesce(c.sample, '[]')) ORDER BY c.invariant))
		FROM skillancer.ledger_check c
		WHERE c.checked_at = (SELECT max(l.checked_at) FROM skillancer.ledger_check l)
		GROUP BY c.checked_at);
END
$$;
COMMENT ON FUNCTION skillancer_api.ledger_check_get() IS
	'The fourteen invariants of the ledger as the last nightly check found them; null before the first one.';
SELECT skillancer.add_route('GET', '/v1/admin/ledger-check', 'ledger_check_get', who => 'FINANCE, ADMIN',
	summary => 'Last check of the invariants of the ledger',
	answers => '{checkedAt: timestamptz, ok: boolean, invariants: [{invariant: integer, name: text, violations: bigint, sample: [any]}]}|null');

-- What a posting is.
CREATE OR REPLACE FUNCTION skillancer.posting_kind(p_id bigint)
RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
	SELECT t.kind FROM skillancer.ledger_txn t WHERE t.id = p_id
$$;
COMMENT ON FUNCTION skillancer.posting_kind(bigint) IS 'The kind of a posting, or NULL when there is none.';
ALTER FUNCTION skillancer.posting_kind(bigint) OWNER TO skillancer_engine;

-- How much a posting moves.
CREATE OR REPLACE FUNCTION skillancer.posting_size(p_id bigint)
RETURNS numeric
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
	SELECT max(s.debit) FROM (
		SELECT sum(e.amount) FILTER (WHERE e.amount > 0) AS debit
		FROM skillancer.ledger_entry e
		WHERE e.txn = p_id
		GROUP BY e.currency) s
$$;
COMMENT ON FUNCTION skillancer.posting_size(bigint) IS
	'The debits of a posting in minor units, of the currency that has most; NULL when there is no such posting.';
ALTER FUNCTION skillancer.posting_size(bigint) OWNER TO skillancer_engine;

-- Takes a posting back.
CREATE OR REPLACE FUNCTION skillancer_api.posting_reverse(p_id bigint, p_reason text, p_dry_run boolean DEFAULT false)
	RETURNS skillancer.reply
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_reversal bigint;
BEGIN
	IF NOT skillancer.staff_may('finance:adjust', 'ledger.reversed', 'posting', NULL) THEN
		RETURN skillancer.refusal(403, 'PERMISSION_DENIED', 'you are not allowed to do this');
	END IF;
	IF p_dry_run THEN
		RETURN ROW(200, NULL, NULL, NULL, skillancer.dry_run(format(
			'SELECT r.body FROM skillancer_api.posting_reverse(%L, %L, false) r', p_id, p_reason)))::skillancer.reply;
	END IF;
	IF skillancer.posting_kind(p_id) IN ('charge', 'charge_cost', 'fund', 'release', 'release_part', 'refund_part', 'mature', 'payout', 'payout_paid',
		'payout_returned', 'payout_bounced', 'refund', 'connects_bought', 'connects_used', 'connects_granted', 'connects_returned', 'connects_lapsed', 'conversion', 'tax', 'dispute_freeze', 'dispute_split', 'dispute_return',
		'give_back', 'tip', 'recoup', 'recoup_return') OR skillancer.posting_kind(p_id) ~ '^(card_refund|chargeback)' THEN
		PERFORM skillancer.fail('INVALID_STATE', 'this posting belongs to a command: refund, cancel or pay back instead');
	END IF;
	IF skillancer.posting_size(p_id) > skillancer.policy_int('reversalLimit') THEN
		PERFORM skillancer.check_text('reason', p_reason, 5, 500);
		PERFORM skillancer.check_done();
		RETURN skillancer.adjustment_propose('REVERSAL', p_reason, NULL, p_id);
	END IF;
	v_reversal := skillancer.ledger_reverse(p_id, p_reason);
	RETURN ROW(201, NULL, NULL, NULL, json_build_object('posting', v_reversal, 'reverses', p_id))::skillancer.reply;
END
$$;
COMMENT ON FUNCTION skillancer_api.posting_reverse(bigint, text, boolean) IS
	'Takes a posting that was made by hand back by its mirror, once: at once (201), or, when it is larger than the policy reversalLimit, when a second person approves it (202). What commands have posted is undone by commands, which know the states.';
SELECT skillancer.add_route('POST', '/v1/admin/postings/{id}/reverse', 'posting_reverse', who => 'FINANCE, ADMIN',
	summary => 'Take a posting back', answers => '200, 201, 202 {posting: bigint, reverses: bigint}|adjustment_doc|dry_run');

-- The owners' money.
CREATE OR REPLACE FUNCTION skillancer.contribute_capital(p_amount skillancer.monetary, p_reason text) RETURNS bigint
	LANGUAGE plpgsql VOLATILE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_id uuid := skillancer.new_id();
	v_posting bigint;
BEGIN
	IF skillancer.has_request() THEN
		PERFORM skillancer.require_permission('finance:adjust');
	END IF;
	PERFORM skillancer.check_money('amount', p_amount, 1, NULL);
	PERFORM skillancer.check_that('amount', skillancer.monetary_currency(p_amount) <> 'XCN', 'must be money');
	PERFORM skillancer.check_text('reason', p_reason, 5, 500);
	PERFORM skillancer.check_done();
	v_posting := skillancer.ledger_post('capital', 'capital:' || v_id, v_id, '{bank_operating,platform_capital}', '{NULL,NULL}',
		'{NULL,NULL}', '{NULL,NULL}', ARRAY[skillancer.monetary_minor(p_amount), -skillancer.monetary_minor(p_amount)],
		skillancer.monetary_currency(p_amount));
	PERFORM skillancer.audit('ledger.capital', 'posting', NULL, NULL,
		jsonb_build_object('posting', v_posting, 'amount', p_amount, 'reason', p_reason));
	RETURN v_posting;
END
$$;
COMMENT ON FUNCTION skillancer.contribute_capital(skillancer.monetary, text) IS
	'T18: the owners pay into the platform''s own bank account, so that costs which come before fees are covered. Needs finance:adjust in a request; audited. Returns the number of the posting.';

-- The owners' money, over HTTP.
CREATE OR REPLACE FUNCTION skillancer_api.capital_contribute(p_amount skillancer.monetary, p_reason text, p_dry_run boolean DEFAULT false)
	RETURNS skillancer.reply
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	IF NOT skillancer.staff_may('finance:adjust', 'ledger.capital', 'posting', NULL) THEN
		RETURN skillancer.refusal(403, 'PERMISSION_DENIED', 'you are not allowed to do this');
	END IF;
	IF p_dry_run THEN
		RETURN ROW(200, NULL, NULL, NULL, skillancer.dry_run(format(
			'SELECT r.body FROM skillancer_api.capital_contribute(%L, %L, false) r', p_amount, p_reason)))::skillancer.reply;
	END IF;
	RETURN ROW(201, NULL, NULL, NULL, json_build_object('posting', skillancer.contribute_capital(p_amount, p_reason),
		'amount', p_amount))::skillancer.reply;
END
$$;
COMMENT ON FUNCTION skillancer_api.capital_contribute(skillancer.monetary, text, boolean) IS
	'Books money that the owners paid into the platform''s own bank account.';
SELECT skillancer.add_route('POST', '/v1/admin/capital', 'capital_contribute', who => 'FINANCE, ADMIN',
	summary => 'Book a contribution of the owners', answers => '200, 201 {posting: bigint, amount: monetary}|dry_run');

-- Closes the books.
CREATE OR REPLACE FUNCTION skillancer_api.period_close(p_through date, p_dry_run boolean DEFAULT false) RETURNS skillancer.reply
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	IF NOT skillancer.staff_may('finance:adjust', 'ledger.closed', 'period', NULL) THEN
		RETURN skillancer.refusal(403, 'PERMISSION_DENIED', 'you are not allowed to do this');
	END IF;
	IF p_dry_run THEN
		RETURN ROW(200, NULL, NULL, NULL, skillancer.dry_run(format(
			'SELECT r.body FROM skillancer_api.period_close(%L, p_dry_run => false) r', p_through)))::skillancer.reply;
	END IF;
	PERFORM skillancer.ledger_close(p_through);
	RETURN ROW(201, NULL, NULL, NULL, json_build_object('through', p_through))::skillancer.reply;
END
$$;
COMMENT ON FUNCTION skillancer_api.period_close(date, boolean) IS
	'Closes the books through the end of a day (UTC), for good: nothing is posted into it any more. dryRun shows the result and the postings.';
SELECT skillancer.add_route('POST', '/v1/admin/periods', 'period_close', who => 'FINANCE, ADMIN',
	summary => 'Close the books through a day', answers => '200, 201 {through: date}|dry_run');

-- The closed periods.
CREATE OR REPLACE FUNCTION skillancer_api.period_list() RETURNS json
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_permission('finance:view');
	RETURN coalesce((
		SELECT json_agg(json_build_object('through', p.through, 'closedAt', p.closed_at, 'balances', (
			SELECT coalesce(json_agg(json_build_object('class', b ->> 'class',
				'balance', skillancer.monetary_of((b ->> 'balance')::bigint, b ->> 'currency'))), '[]'::json)
			FROM jsonb_array_elements(p.balances) b)) ORDER BY p.through DESC)
		FROM (SELECT l.* FROM skillancer.ledger_period l ORDER BY l.through DESC LIMIT 100) p), '[]'::json);
END
$$;
COMMENT ON FUNCTION skillancer_api.period_list() IS
	'Closed periods with the balances (debit positive) of every class at their end, the last hundred, newest first.';
SELECT skillancer.add_route('GET', '/v1/admin/periods', 'period_list', who => 'FINANCE, ADMIN',
	summary => 'Closed periods',
	answers => '[{through: date, closedAt: timestamptz, balances: [{class: text, balance: monetary}]|null}]');
