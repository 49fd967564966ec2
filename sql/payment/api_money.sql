-- sql/payment/api_money.sql
--	API of balances: wallet and fee preview; trial balance and coverage for finance.

-- What the caller has, by currency.
CREATE OR REPLACE FUNCTION skillancer_api.wallet_get() RETURNS json
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN coalesce((
		SELECT json_agg(skillancer.json_doc(
			'currency', w.currency,
			'wallet', skillancer.monetary_of(w.wallet, w.currency),
			'pending', skillancer.monetary_of(w.pending, w.currency),
			'available', skillancer.monetary_of(w.available, w.currency),
			'inTransit', skillancer.monetary_of(w.in_transit, w.currency),
			'refunding', skillancer.monetary_of(w.refunding, w.currency),
			'receivable', skillancer.monetary_of(w.receivable, w.currency)
		) ORDER BY w.currency)
		FROM (
			SELECT m.currency,
				coalesce(sum(m.minor) FILTER (WHERE m.class = 'client_wallet'), 0)::bigint AS wallet,
				coalesce(sum(m.minor) FILTER (WHERE m.class = 'freelancer_pending'), 0)::bigint AS pending,
				coalesce(sum(m.minor) FILTER (WHERE m.class = 'freelancer_available'), 0)::bigint AS available,
				coalesce(sum(m.minor) FILTER (WHERE m.class = 'payout_transit'), 0)::bigint AS in_transit,
				coalesce(sum(m.minor) FILTER (WHERE m.class = 'refund_transit'), 0)::bigint AS refunding,
				coalesce(sum(m.minor) FILTER (WHERE m.class = 'freelancer_receivable'), 0)::bigint AS receivable
			FROM (
				SELECT a.class, a.currency, a.balance AS minor
				FROM skillancer.ledger_account a
				WHERE a.owner = skillancer.current_user_id()::uuid AND a.class IN ('client_wallet', 'freelancer_pending',
					'freelancer_available', 'freelancer_receivable')
				UNION ALL
				SELECT 'payout_transit', skillancer.monetary_currency(p.amount), skillancer.monetary_minor(p.amount - p.fee)
				FROM skillancer.payout p
				WHERE p.user_id = skillancer.current_user_id()
					AND p.state NOT IN ('CREATED', 'PAID', 'FAILED', 'CANCELLED', 'RETURNED')
				UNION ALL
				SELECT 'refund_transit', skillancer.monetary_currency(r.amount), skillancer.monetary_minor(r.amount)
				FROM skillancer.refund r
				WHERE r.user_id = skillancer.current_user_id() AND r.state IN ('PROCESSING', 'ERRORED')
			) m
			GROUP BY m.currency
		) w), '[]'::json);
END
$$;
COMMENT ON FUNCTION skillancer_api.wallet_get() IS
	'Balances of the caller by currency: wallet (to pay with), pending (earned, on hold), available (to be paid out), inTransit (payouts on their way, without fees), refunding (on its way to a card), receivable (owed to the platform).';
SELECT skillancer.add_route('GET', '/v1/payments/wallet', 'wallet_get', summary => 'My balances',
	answers => '[{currency: text, wallet: monetary, pending: monetary, available: monetary, inTransit: monetary, refunding: monetary, receivable: monetary}]');

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
SELECT skillancer.add_route('GET', '/v1/payments/fee-preview', 'fee_preview', summary => 'What a price costs either side',
	answers => '{feeVersion: integer, billedBefore: monetary, price: monetary, clientFee: monetary, clientPays: monetary, serviceFee: monetary, freelancerEarns: monetary}');

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
		'coverage', coalesce((SELECT json_agg(json_build_object('held', c.held, 'converted', c.converted, 'owed', c.owed,
			'surplus', c.surplus, 'covered', c.covered) ORDER BY c.currency) FROM skillancer.escrow_coverage c), '[]'::json));
END
$$;
COMMENT ON FUNCTION skillancer_api.trial_balance() IS
	'Debits, credits and balance of every class of account, the difference of each currency (always 0), and whether what is owed to users is covered.';
SELECT skillancer.add_route('GET', '/v1/admin/trial-balance', 'trial_balance', who => 'FINANCE, ADMIN', class => 'slow',
	summary => 'Trial balance and coverage',
	answers => '{accounts: [{class: text, type: text, debit: monetary, credit: monetary, balance: monetary}], differences: [monetary], coverage: [{held: monetary, converted: monetary, owed: monetary, surplus: monetary, covered: boolean}]}');
