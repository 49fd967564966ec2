-- sql/payment/functions.sql
--	What the commands of payments share: fees, the sandbox, charges, dry runs.

-- A step on the fee schedule.
CREATE OR REPLACE FUNCTION skillancer.fee_step(p_version integer, p_kind text, p_before skillancer.monetary,
		p_amount skillancer.monetary)
	RETURNS skillancer.monetary
	LANGUAGE c STABLE STRICT
	AS 'MODULE_PATHNAME', 'skl_fn_fee_step';
COMMENT ON FUNCTION skillancer.fee_step(integer, text, skillancer.monetary, skillancer.monetary) IS
	'Fee of kind SERVICE or CLIENT on an amount after so much was billed before: F(before + amount) - F(before), by a version of fee_schedule.';
GRANT EXECUTE ON FUNCTION skillancer.fee_step(integer, text, skillancer.monetary, skillancer.monetary)
	TO skillancer_bridge;

-- The tax that a fee includes.
CREATE OR REPLACE FUNCTION skillancer.tax_within(p_amount skillancer.monetary, p_bps integer) RETURNS skillancer.monetary
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'skl_fn_tax_within';
COMMENT ON FUNCTION skillancer.tax_within(skillancer.monetary, integer) IS
	'amount * bps / (10000 + bps), half to even: the tax within an amount when it is so many hundredths of a percent of the rest.';

-- Takes a charge to what the provider says.
CREATE OR REPLACE FUNCTION skillancer.charge_run(p_id skillancer.charge_id) RETURNS text
	LANGUAGE c VOLATILE STRICT SECURITY DEFINER
	AS 'MODULE_PATHNAME', 'skl_fn_charge_run';
ALTER FUNCTION skillancer.charge_run(skillancer.charge_id) OWNER TO skillancer_engine;
COMMENT ON FUNCTION skillancer.charge_run(skillancer.charge_id) IS
	'Asks the provider: a local one answers at once, a remote one is called by the courier. Returns the new state.';

-- What is missing in the client's wallet to fund a milestone.
CREATE OR REPLACE FUNCTION skillancer.milestone_shortfall(p_id skillancer.milestone_id)
	RETURNS skillancer.monetary
	LANGUAGE c VOLATILE STRICT SECURITY DEFINER
	AS 'MODULE_PATHNAME', 'skl_fn_milestone_shortfall';
ALTER FUNCTION skillancer.milestone_shortfall(skillancer.milestone_id) OWNER TO skillancer_engine;
COMMENT ON FUNCTION skillancer.milestone_shortfall(skillancer.milestone_id) IS
	'Price and client fee less the balance of the wallet, which stays locked until the transaction ends: 0 when it is enough, else without what open charges of other milestones count on.';

-- What is missing in the caller's wallet.
CREATE OR REPLACE FUNCTION skillancer.wallet_lacks(p_amount skillancer.monetary)
	RETURNS skillancer.monetary
	LANGUAGE c VOLATILE STRICT SECURITY DEFINER
	AS 'MODULE_PATHNAME', 'skl_fn_wallet_lacks';
ALTER FUNCTION skillancer.wallet_lacks(skillancer.monetary) OWNER TO skillancer_engine;
COMMENT ON FUNCTION skillancer.wallet_lacks(skillancer.monetary) IS
	'An amount less the balance of the caller''s wallet, which stays locked until the transaction ends; 0 when it is enough.';

-- Makes a charge with one of the caller's payment methods and runs it.
CREATE OR REPLACE FUNCTION skillancer.charge_make(p_method skillancer.payment_method_id,
		p_amount skillancer.monetary, p_milestone skillancer.milestone_id DEFAULT NULL)
	RETURNS skillancer.charge_id
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_charge skillancer.charge_id := skillancer.new_id()::skillancer.charge_id;
BEGIN
	PERFORM skillancer.check_method('PAYMENT', p_method);
	PERFORM skillancer.check_done();
	INSERT INTO skillancer.charge (id, user_id, payment_method_id, milestone_id, provider, amount, policy)
	SELECT v_charge, m.user_id, m.id, p_milestone, m.provider, p_amount,
		skillancer.policy_pin(ARRAY['chargeActionTerm'])
	FROM skillancer.payment_method m
	WHERE m.id = p_method;
	PERFORM skillancer.charge_run(v_charge);
	RETURN v_charge;
END
$$;
COMMENT ON FUNCTION skillancer.charge_make(skillancer.payment_method_id, skillancer.monetary, skillancer.milestone_id) IS
	'Charges the caller; what came of it is the state of the charge.';

-- Notes a problem unless the caller has such a method.
CREATE OR REPLACE FUNCTION skillancer.check_method(p_kind text, p_method skillancer.payment_method_id)
	RETURNS void
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	-- the lock keeps it from being removed while it is used
	PERFORM FROM skillancer.payment_method m
	WHERE m.id = p_method AND m.kind = p_kind AND m.removed_at IS NULL AND m.user_id = skillancer.current_user_id()
	FOR SHARE;
	PERFORM skillancer.check_that('paymentMethodId', FOUND,
		CASE p_kind WHEN 'PAYMENT' THEN 'must be one of your payment methods'
			ELSE 'must be one of your payout methods' END);
END
$$;
COMMENT ON FUNCTION skillancer.check_method(text, skillancer.payment_method_id) IS
	'Notes a problem of the field paymentMethodId unless it is a live method of the caller and of this kind.';

-- The answer to a command that made a charge, by what came of it.
CREATE OR REPLACE FUNCTION skillancer.charge_reply(p_charge skillancer.charge_id, p_etag text, p_doc json)
	RETURNS skillancer.reply
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_charge skillancer.charge%ROWTYPE;
BEGIN
	SELECT * INTO v_charge FROM skillancer.charge c WHERE c.id = p_charge;
	IF v_charge.state = 'FAILED' THEN
		RETURN ROW(402, NULL, NULL, NULL, json_build_object('code', 'PAYMENT_FAILED',
			'message', 'the payment was declined', 'details', json_build_array(json_build_object(
				'field', 'paymentMethodId', 'message', v_charge.failure_code, 'chargeId', v_charge.id))))::skillancer.reply;
	END IF;
	RETURN ROW(CASE WHEN v_charge.state = 'CAPTURED' THEN 201 ELSE 202 END, p_etag, NULL, NULL,
		p_doc)::skillancer.reply;
END
$$;
COMMENT ON FUNCTION skillancer.charge_reply(skillancer.charge_id, text, json) IS
	'201 when the charge was captured, 202 when the payer has to act or the provider has not decided, 402 PAYMENT_FAILED when it was declined; all of them commit.';

-- The postings of this transaction, as JSON.
CREATE OR REPLACE FUNCTION skillancer.postings_now() RETURNS jsonb
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN coalesce((
		SELECT jsonb_agg(jsonb_build_object('kind', t.kind, 'entries', t.entries) ORDER BY t.id)
		FROM (
			SELECT x.id, x.kind, jsonb_agg(jsonb_build_object(
				'account', a.class,
				'debit', CASE WHEN e.amount > 0 THEN skillancer.monetary_of(e.amount, e.currency)::jsonb END,
				'credit', CASE WHEN e.amount < 0 THEN skillancer.monetary_of(-e.amount, e.currency)::jsonb END
			) ORDER BY e.leg) AS entries
			FROM skillancer.ledger_entry e
			JOIN skillancer.ledger_txn x ON x.id = e.txn
			JOIN skillancer.ledger_account a ON a.id = e.account
			WHERE e.xid = pg_current_xact_id_if_assigned()
			GROUP BY x.id, x.kind
		) t), '[]'::jsonb);
END
$$;
ALTER FUNCTION skillancer.postings_now() OWNER TO skillancer_engine;
COMMENT ON FUNCTION skillancer.postings_now() IS
	'What the current transaction has posted: the classes of accounts and the amounts, not whose they are.';

-- Runs a command, keeps its answer and its postings, and undoes it.
CREATE OR REPLACE FUNCTION skillancer.dry_run(p_command text) RETURNS json
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_result json;
	v_postings jsonb;
BEGIN
	BEGIN
		EXECUTE p_command INTO v_result;
		v_postings := skillancer.postings_now();
		RAISE EXCEPTION 'undo' USING ERRCODE = 'SKDRY';
	EXCEPTION WHEN SQLSTATE 'SKDRY' THEN
		RETURN json_build_object('dryRun', true, 'result', v_result, 'postings', v_postings);
	END;
END
$$;
COMMENT ON FUNCTION skillancer.dry_run(text) IS
	'The answer and the postings that a command of the API would have now. Everything it did is rolled back.';
