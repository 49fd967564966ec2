-- sql/payment/api_charge.sql
--	API of charges: into the wallet, for a milestone, confirm, cancel, read.

-- Money into the wallet.
CREATE OR REPLACE FUNCTION skillancer_api.charge_create(p_amount skillancer.monetary,
		p_payment_method_id skillancer.payment_method_id, p_dry_run boolean DEFAULT false)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_charge skillancer.charge_id;
	v_etag text;
	v_doc json;
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'ADMIN');
	IF p_dry_run THEN
		RETURN ROW(200, NULL, NULL, NULL, skillancer.dry_run(format(
			'SELECT r.body FROM skillancer_api.charge_create(%L, %L, false) r',
			p_amount, p_payment_method_id)))::skillancer.reply;
	END IF;
	PERFORM skillancer.check_money('amount', p_amount, 1, skillancer.policy_int('maxCharge'));
	PERFORM skillancer.check_method('PAYMENT', p_payment_method_id);
	PERFORM skillancer.check_done();
	v_charge := skillancer.charge_make(p_payment_method_id, p_amount);
	SELECT d.etag, d.doc INTO v_etag, v_doc FROM skillancer.charge_doc d WHERE d.id = v_charge;
	RETURN skillancer.charge_reply(v_charge, v_etag, v_doc);
END
$$;
COMMENT ON FUNCTION skillancer_api.charge_create(skillancer.monetary, skillancer.payment_method_id, boolean) IS
	'Charges a payment method into the caller''s wallet: 201 CAPTURED; 202 REQUIRES_ACTION (the payer goes to actionUrl, then confirm) or PROCESSING (an event tells what came of it); 402 PAYMENT_FAILED.';
SELECT skillancer.add_route('POST', '/v1/payments/charges', 'charge_create', who => 'CLIENT',
	summary => 'Put money into the wallet', answers => '200, 201, 202 charge_doc|dry_run');

-- Pays for a milestone.
CREATE OR REPLACE FUNCTION skillancer_api.milestone_fund(p_id skillancer.milestone_id,
		p_payment_method_id skillancer.payment_method_id DEFAULT NULL, p_dry_run boolean DEFAULT false)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_shortfall skillancer.monetary;
	v_charge skillancer.charge_id;
	v_etag text;
	v_doc json;
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	IF p_dry_run THEN
		RETURN ROW(200, NULL, NULL, NULL, skillancer.dry_run(format(
			'SELECT r.body FROM skillancer_api.milestone_fund(%L, %L, false) r',
			p_id, p_payment_method_id)))::skillancer.reply;
	END IF;
	PERFORM skillancer.milestone_lock(p_id);
	IF EXISTS (SELECT FROM skillancer.milestone m WHERE m.id = p_id AND m.funded_at IS NOT NULL) THEN
		PERFORM skillancer.fail('ALREADY_FUNDED');
	END IF;
	PERFORM skillancer.milestone_payer(p_id);
	v_shortfall := skillancer.milestone_shortfall(p_id);
	IF skillancer.monetary_minor(v_shortfall) = 0 THEN
		PERFORM skillancer.fire('milestone', p_id::uuid, 'fund');
	ELSE
		PERFORM skillancer.fire('milestone', p_id::uuid, 'await_payment');
		IF p_payment_method_id IS NULL THEN
			PERFORM skillancer.fail('INSUFFICIENT_FUNDS', 'the wallet does not cover it: name a payment method',
				jsonb_build_object('shortfall', v_shortfall));
		END IF;
		v_charge := skillancer.charge_make(p_payment_method_id, v_shortfall, p_id);
	END IF;
	SELECT d.etag, d.doc INTO v_etag, v_doc FROM skillancer.milestone_doc d WHERE d.id = p_id;
	IF v_charge IS NULL THEN
		RETURN ROW(200, v_etag, NULL, NULL, json_build_object('milestone', v_doc, 'charge', NULL))::skillancer.reply;
	END IF;
	RETURN skillancer.charge_reply(v_charge, v_etag, json_build_object('milestone', v_doc,
		'charge', (SELECT d.doc FROM skillancer.charge_doc d WHERE d.id = v_charge)));
END
$$;
COMMENT ON FUNCTION skillancer_api.milestone_fund(skillancer.milestone_id, skillancer.payment_method_id, boolean) IS
	'Puts the price of an agreed milestone and the client''s fee into escrow. What the wallet lacks is charged to the payment method: 201 charged and funded, 200 funded from the wallet, 202 when the payer has to confirm or the provider has not decided, 402 PAYMENT_FAILED, 409 ALREADY_FUNDED.';
SELECT skillancer.add_route('POST', '/v1/milestones/{id}/fund', 'milestone_fund', who => 'CLIENT',
	summary => 'Fund a milestone',
	answers => '200, 201, 202 {milestone: milestone_doc, charge: charge_doc|null}|dry_run');

-- Locks what a charge is for, then hands over to the engine.
CREATE OR REPLACE FUNCTION skillancer.charge_command(p_id skillancer.charge_id, p_event text)
	RETURNS skillancer.reply
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_milestone skillancer.milestone_id;
BEGIN
	SELECT c.milestone_id INTO v_milestone FROM skillancer.charge c WHERE c.id = p_id;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	IF v_milestone IS NOT NULL THEN
		PERFORM skillancer.milestone_lock(v_milestone);
	END IF;
	PERFORM skillancer.fire('charge', p_id::uuid, p_event);
	RETURN (SELECT ROW(200, d.etag, NULL, NULL, d.doc)::skillancer.reply
			FROM skillancer.charge_doc d WHERE d.id = p_id);
END
$$;
COMMENT ON FUNCTION skillancer.charge_command(skillancer.charge_id, text) IS
	'The common body of the commands on a charge.';

-- The payer has done what the provider asked for.
CREATE OR REPLACE FUNCTION skillancer_api.charge_confirm(p_id skillancer.charge_id, p_dry_run boolean DEFAULT false)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	IF p_dry_run THEN
		RETURN ROW(200, NULL, NULL, NULL, skillancer.dry_run(format(
			'SELECT r.body FROM skillancer_api.charge_confirm(%L, false) r', p_id)))::skillancer.reply;
	END IF;
	RETURN skillancer.charge_command(p_id, CASE
		WHEN (SELECT c.provider FROM skillancer.charge c WHERE c.id = p_id) = 'sandbox' THEN 'capture' ELSE 'confirm' END);
END
$$;
COMMENT ON FUNCTION skillancer_api.charge_confirm(skillancer.charge_id, boolean) IS
	'Says that the payer has acted on a charge that REQUIRES_ACTION. The sandbox captures it, and a milestone that waits for it is funded; with Stripe the charge is PROCESSING until Stripe has told what came of it.';
SELECT skillancer.add_route('POST', '/v1/payments/charges/{id}/confirm', 'charge_confirm', who => 'CLIENT, FREELANCER',
	summary => 'Confirm a charge that requires an action', answers => '200, 201, 202 charge_doc|dry_run');

-- The payer does not want it any more.
CREATE OR REPLACE FUNCTION skillancer_api.charge_cancel(p_id skillancer.charge_id, p_dry_run boolean DEFAULT false) RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	IF p_dry_run THEN
		RETURN ROW(200, NULL, NULL, NULL, skillancer.dry_run(format(
			'SELECT r.body FROM skillancer_api.charge_cancel(%L, p_dry_run => false) r', p_id)))::skillancer.reply;
	END IF;
	RETURN skillancer.charge_command(p_id, CASE
		WHEN (SELECT c.provider FROM skillancer.charge c WHERE c.id = p_id) = 'sandbox' THEN 'void' ELSE 'withdraw' END);
END
$$;
COMMENT ON FUNCTION skillancer_api.charge_cancel(skillancer.charge_id, boolean) IS
	'Gives a charge up that REQUIRES_ACTION; a milestone that waits for it is AGREED again. With Stripe it is PROCESSING until Stripe has cancelled it. dryRun shows the result and the postings.';
SELECT skillancer.add_route('POST', '/v1/payments/charges/{id}/cancel', 'charge_cancel', who => 'CLIENT, FREELANCER',
	summary => 'Give up a charge that requires an action', answers => 'charge_doc|dry_run');

-- One charge.
CREATE OR REPLACE FUNCTION skillancer_api.charge_get(p_id skillancer.charge_id,
		p_header_if_none_match text DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_etag text;
	v_doc json;
BEGIN
	SELECT d.etag, d.doc INTO v_etag, v_doc FROM skillancer.charge_doc d WHERE d.id = p_id;
	RETURN skillancer.object_reply(v_etag, v_doc, p_header_if_none_match);
END
$$;
COMMENT ON FUNCTION skillancer_api.charge_get(skillancer.charge_id, text) IS 'A charge of the caller.';
SELECT skillancer.add_route('GET', '/v1/payments/charges/{id}', 'charge_get', summary => 'One charge',
	answers => 'charge_doc');
