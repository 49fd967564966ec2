-- sql/payment/api_money.sql
--	API of balances: wallet, earnings, history, fee preview; trial balance and coverage for finance.

-- What the caller has, by currency.
CREATE OR REPLACE FUNCTION skillancer_api.wallet_get() RETURNS json
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN coalesce((
		SELECT json_agg(json_build_object(
			'currency', w.currency,
			'wallet', skillancer.monetary_of(w.wallet, w.currency),
			'pending', skillancer.monetary_of(w.pending, w.currency),
			'available', skillancer.monetary_of(w.available, w.currency)
		) ORDER BY w.currency)
		FROM (
			SELECT a.currency,
				coalesce(max(a.balance) FILTER (WHERE a.class = 'client_wallet'), 0) AS wallet,
				coalesce(max(a.balance) FILTER (WHERE a.class = 'freelancer_pending'), 0) AS pending,
				coalesce(max(a.balance) FILTER (WHERE a.class = 'freelancer_available'), 0) AS available
			FROM skillancer.ledger_account a
			WHERE a.owner = skillancer.current_user_id()::uuid
			GROUP BY a.currency
		) w), '[]'::json);
END
$$;
COMMENT ON FUNCTION skillancer_api.wallet_get() IS
	'Balances of the caller by currency: wallet (to pay with), pending (earned, on hold), available (to be paid out).';
SELECT skillancer.add_route('GET', '/v1/payments/wallet', 'wallet_get', summary => 'My balances');

-- What the caller earned, newest first.
CREATE OR REPLACE FUNCTION skillancer_api.earning_list(p_state text DEFAULT NULL, p_limit integer DEFAULT NULL,
		p_cursor text DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_limit integer := skillancer.check_limit(p_limit);
	v_scope text := concat_ws('|', 'earnings', p_state);
	v_after uuid;
	v_items json[];
	v_keys text[];
BEGIN
	PERFORM skillancer.check_one_of('state', p_state, ARRAY['PENDING', 'AVAILABLE'], false);
	v_after := skillancer.cursor_decode(v_scope, p_cursor)::uuid;
	PERFORM skillancer.check_done();
	SELECT array_agg(d.doc ORDER BY d.id DESC), array_agg(d.id::text ORDER BY d.id DESC)
	INTO v_items, v_keys
	FROM (
		SELECT e.id, e.doc FROM skillancer.earning_doc e
		WHERE e.freelancer_id = skillancer.current_user_id() AND (p_state IS NULL OR e.state = p_state)
			AND (v_after IS NULL OR e.id < v_after)
		ORDER BY e.id DESC
		LIMIT v_limit + 1
	) d;
	RETURN skillancer.list_reply(v_items, v_keys, v_limit, v_scope);
END
$$;
COMMENT ON FUNCTION skillancer_api.earning_list(text, integer, text) IS
	'The caller''s earnings with gross, fee and net, newest first.';
SELECT skillancer.add_route('GET', '/v1/payments/earnings', 'earning_list', summary => 'My earnings');

-- The entries of the caller's own accounts.
CREATE OR REPLACE FUNCTION skillancer.my_movements(p_after bigint, p_limit integer)
	RETURNS TABLE (txn bigint, doc json)
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN QUERY
		SELECT x.id, json_build_object(
			'kind', x.kind,
			'at', x.effective_at,
			'entries', (
				SELECT json_agg(json_build_object('account', a.class,
					'change', skillancer.monetary_of(-e.amount, e.currency),
					'balance', skillancer.monetary_of(e.balance_after, e.currency)) ORDER BY e.leg)
				FROM skillancer.ledger_entry e
				JOIN skillancer.ledger_account a ON a.id = e.account
				WHERE e.txn = x.id AND a.owner = skillancer.current_user_id()::uuid))
		FROM skillancer.ledger_txn x
		WHERE (p_after IS NULL OR x.id < p_after)
			AND x.id IN (
				SELECT e.txn
				FROM skillancer.ledger_account a
				JOIN skillancer.ledger_entry e ON e.account = a.id
				WHERE a.owner = skillancer.current_user_id()::uuid AND (p_after IS NULL OR e.txn < p_after)
				ORDER BY e.txn DESC
				LIMIT 2 * p_limit)
		ORDER BY x.id DESC
		LIMIT p_limit;
END
$$;
ALTER FUNCTION skillancer.my_movements(bigint, integer) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.my_movements(bigint, integer) TO skillancer_bridge;
COMMENT ON FUNCTION skillancer.my_movements(bigint, integer) IS
	'Postings on accounts of the caller, each with the caller''s own entries only; runs as the engine because the ledger is not open to users.';

-- The caller's movements, newest first.
CREATE OR REPLACE FUNCTION skillancer_api.payment_list(p_limit integer DEFAULT NULL, p_cursor text DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_limit integer := skillancer.check_limit(p_limit);
	v_after bigint := skillancer.cursor_decode('payments', p_cursor)::bigint;
	v_items json[];
	v_keys text[];
BEGIN
	PERFORM skillancer.check_done();
	SELECT array_agg(m.doc ORDER BY m.txn DESC), array_agg(m.txn::text ORDER BY m.txn DESC)
	INTO v_items, v_keys
	FROM skillancer.my_movements(v_after, v_limit + 1) m;
	RETURN skillancer.list_reply(v_items, v_keys, v_limit, 'payments');
END
$$;
COMMENT ON FUNCTION skillancer_api.payment_list(integer, text) IS
	'Everything that moved on the caller''s balances, with the balance after it, newest first.';
SELECT skillancer.add_route('GET', '/v1/payments', 'payment_list', summary => 'History of my balances');

-- What a price would cost either side.
CREATE OR REPLACE FUNCTION skillancer_api.fee_preview(p_amount numeric, p_currency text,
		p_user_id skillancer.user_id DEFAULT NULL)
	RETURNS json
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_me skillancer.user_id := skillancer.current_user_id();
	v_version integer := skillancer.policy_int('feeVersion');
	v_amount skillancer.monetary;
	v_before skillancer.monetary;
	v_client skillancer.monetary;
	v_service skillancer.monetary;
BEGIN
	PERFORM skillancer.check_that('currency', skillancer.currency_digits(p_currency) IS NOT NULL,
		'must be an ISO 4217 code');
	PERFORM skillancer.check_number('amount', p_amount, 0, 1000000000);
	PERFORM skillancer.check_that('amount', p_amount = round(p_amount, skillancer.currency_digits(p_currency)),
		'has more decimal places than its currency');
	PERFORM skillancer.check_done();
	v_amount := skillancer.monetary(p_amount, p_currency);
	v_before := coalesce((
		SELECT p.billed FROM skillancer.pair_billing p
		WHERE p.currency = p_currency
			AND (p.client_id = v_me AND p.freelancer_id = p_user_id OR p.client_id = p_user_id AND p.freelancer_id = v_me)
		ORDER BY p.client_id = v_me DESC
		LIMIT 1), skillancer.monetary_of(0, p_currency));
	v_client := skillancer.fee_step(v_version, 'CLIENT', skillancer.monetary_of(0, p_currency), v_amount);
	v_service := skillancer.fee_step(v_version, 'SERVICE', v_before, v_amount);
	RETURN json_build_object('feeVersion', v_version, 'billedBefore', v_before, 'price', v_amount,
		'clientFee', v_client, 'clientPays', v_amount + v_client,
		'serviceFee', v_service, 'freelancerEarns', v_amount - v_service);
END
$$;
COMMENT ON FUNCTION skillancer_api.fee_preview(numeric, text, skillancer.user_id) IS
	'Fees on a price by the current schedule; with userId, after what the caller and that person have billed together.';
SELECT skillancer.add_route('GET', '/v1/payments/fee-preview', 'fee_preview', summary => 'What a price costs either side');

-- The trial balance.
CREATE OR REPLACE FUNCTION skillancer_api.trial_balance() RETURNS json
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_permission('finance:view');
	RETURN json_build_object(
		'accounts', coalesce((SELECT json_agg(json_build_object('class', t.class, 'type', t.type, 'debit', t.debit,
			'credit', t.credit, 'balance', t.balance) ORDER BY t.currency, t.class) FROM skillancer.trial_balance t), '[]'::json),
		'differences', coalesce((SELECT json_agg(s.total) FROM (
			SELECT sum(t.balance) AS total FROM skillancer.trial_balance t
			GROUP BY skillancer.monetary_currency(t.balance)) s), '[]'::json),
		'coverage', coalesce((SELECT json_agg(json_build_object('held', c.held, 'owed', c.owed, 'surplus', c.surplus,
			'covered', c.covered) ORDER BY c.currency) FROM skillancer.escrow_coverage c), '[]'::json));
END
$$;
COMMENT ON FUNCTION skillancer_api.trial_balance() IS
	'Debits, credits and balance of every class of account, the difference of each currency (always 0), and whether what is owed to users is covered.';
SELECT skillancer.add_route('GET', '/v1/admin/trial-balance', 'trial_balance', who => 'FINANCE, ADMIN', class => 'slow',
	summary => 'Trial balance and coverage');
