-- sql/payment/api_connects.sql
--	API of connects: balance and history, buying, and giving by staff.

-- The balance and what moved.
CREATE OR REPLACE FUNCTION skillancer_api.connects_get(p_project_id skillancer.project_id DEFAULT NULL,
		p_limit integer DEFAULT NULL, p_cursor text DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_me uuid := skillancer.current_user_id()::uuid;
	v_limit integer := skillancer.check_limit(p_limit);
	v_after bigint := skillancer.cursor_decode('connects', p_cursor)::bigint;
	v_page skillancer.reply;
	v_granted bigint;
	v_bought bigint;
BEGIN
	PERFORM skillancer.require_role('USER');
	PERFORM skillancer.check_done();
	SELECT coalesce(sum(a.balance) FILTER (WHERE a.class = 'granted_tokens'), 0),
		coalesce(sum(a.balance) FILTER (WHERE a.class = 'unearned_tokens'), 0)
	INTO v_granted, v_bought
	FROM skillancer.ledger_account a
	WHERE a.owner = v_me AND a.class IN ('unearned_tokens', 'granted_tokens') AND a.currency = 'XCN';
	SELECT l.* INTO v_page FROM (
		SELECT array_agg(m.doc ORDER BY m.txn DESC) AS items, array_agg(m.txn::text ORDER BY m.txn DESC) AS keys
		FROM skillancer.my_connects(v_after, v_limit + 1) m) h,
		LATERAL skillancer.list_reply(h.items, h.keys, v_limit, 'connects') l;
	RETURN ROW(200, NULL, NULL, v_page.meta, json_build_object('balance', v_granted + v_bought,
		'granted', v_granted, 'bought', v_bought,
		'expires', coalesce((SELECT json_agg(json_build_object('connects', g.connects, 'expiresAt', g.expires_at) ORDER BY g.expires_at)
			FROM skillancer.connect_grant g WHERE g.user_id::uuid = v_me AND g.expires_at > skillancer.now()), '[]'::json),
		'cost', skillancer.project_connects(p_project_id),
		'bundles', skillancer.policy_value('connectBundles'),
		'history', v_page.body))::skillancer.reply;
END
$$;
COMMENT ON FUNCTION skillancer_api.connects_get(skillancer.project_id, integer, text) IS
	'Connects of the caller: balance, how many of them were given (and when lots of these lapse) and bought, what moved, newest first, bundles to buy, and with projectId what a proposal there costs.';
SELECT skillancer.add_route('GET', '/v1/connects', 'connects_get', summary => 'My connects',
	answers => '{balance: bigint, granted: bigint, bought: bigint, expires: [{connects: integer, expiresAt: timestamptz}], cost: integer|null, bundles: [{connects: integer, price: monetary}], history: [connect_movement]}');

-- A purchase as JSON.
CREATE OR REPLACE FUNCTION skillancer.purchase_reply(p_id uuid) RETURNS skillancer.reply
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_purchase skillancer.connect_purchase%ROWTYPE;
	v_doc json;
BEGIN
	SELECT * INTO v_purchase FROM skillancer.connect_purchase p WHERE p.id = p_id;
	v_doc := json_build_object('id', p_id, 'connects', v_purchase.connects, 'price', v_purchase.price, 'state', v_purchase.state,
		'charge', (SELECT d.doc FROM skillancer.charge_doc d WHERE d.id = v_purchase.charge_id), 'createdAt', v_purchase.created_at);
	IF v_purchase.charge_id IS NULL THEN
		RETURN ROW(201, NULL, NULL, NULL, v_doc)::skillancer.reply;
	END IF;
	RETURN skillancer.charge_reply(v_purchase.charge_id, NULL, v_doc);
END
$$;
COMMENT ON FUNCTION skillancer.purchase_reply(uuid) IS
	'Reply with a purchase of connects; its status is the one of its charge.';

-- Buys a bundle.
CREATE OR REPLACE FUNCTION skillancer_api.connects_purchase(p_connects integer,
		p_payment_method_id skillancer.payment_method_id DEFAULT NULL, p_dry_run boolean DEFAULT false)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_id uuid := skillancer.new_id();
	v_price skillancer.monetary;
	v_lacking skillancer.monetary;
	v_charge skillancer.charge_id;
BEGIN
	PERFORM skillancer.require_role('FREELANCER', 'ADMIN');
	IF p_dry_run THEN
		RETURN ROW(200, NULL, NULL, NULL, skillancer.dry_run(format(
			'SELECT r.body FROM skillancer_api.connects_purchase(%L, %L, false) r',
			p_connects, p_payment_method_id)))::skillancer.reply;
	END IF;
	SELECT (b -> 'price')::skillancer.monetary INTO v_price
	FROM jsonb_array_elements(skillancer.policy_value('connectBundles')) b
	WHERE (b ->> 'connects')::integer = p_connects;
	PERFORM skillancer.check_that('connects', v_price IS NOT NULL, 'must be the size of a bundle');
	PERFORM skillancer.check_done();
	v_lacking := skillancer.wallet_lacks(v_price);
	IF skillancer.monetary_minor(v_lacking) > 0 THEN
		IF p_payment_method_id IS NULL THEN
			PERFORM skillancer.fail('INSUFFICIENT_FUNDS', 'the wallet does not cover it: name a payment method',
				jsonb_build_object('shortfall', v_lacking));
		END IF;
		v_charge := skillancer.charge_make(p_payment_method_id, v_lacking);
	END IF;
	INSERT INTO skillancer.connect_purchase (id, user_id, connects, price, charge_id)
	VALUES (v_id, skillancer.current_user_id(), p_connects, v_price, v_charge);
	IF v_charge IS NULL OR EXISTS (SELECT FROM skillancer.charge c WHERE c.id = v_charge AND c.state = 'CAPTURED') THEN
		PERFORM skillancer.fire_system('connect_purchase', v_id, 'complete');
	ELSIF EXISTS (SELECT FROM skillancer.charge c WHERE c.id = v_charge AND c.state IN ('FAILED', 'VOIDED')) THEN
		PERFORM skillancer.fire_system('connect_purchase', v_id, 'fail');
	END IF;
	RETURN skillancer.purchase_reply(v_id);
END
$$;
COMMENT ON FUNCTION skillancer_api.connects_purchase(integer, skillancer.payment_method_id, boolean) IS
	'Buys a bundle of connects. What the wallet lacks is charged to the payment method: 201 bought, 202 when the payer has to confirm, 402 PAYMENT_FAILED.';
SELECT skillancer.add_route('POST', '/v1/connects/purchases', 'connects_purchase', who => 'FREELANCER',
	summary => 'Buy connects', answers => '200, 201, 202 connect_purchase|dry_run');

-- Gives connects.
CREATE OR REPLACE FUNCTION skillancer_api.user_give_connects(p_id skillancer.user_id, p_connects integer, p_reason text,
		p_dry_run boolean DEFAULT false)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_grant uuid;
BEGIN
	IF NOT skillancer.staff_may('finance:adjust', 'connects.granted', 'user', p_id::uuid) THEN
		RETURN skillancer.refusal(403, 'PERMISSION_DENIED', 'you are not allowed to do this');
	END IF;
	IF p_dry_run THEN
		RETURN ROW(200, NULL, NULL, NULL, skillancer.dry_run(format(
			'SELECT r.body FROM skillancer_api.user_give_connects(%L, %L, %L, false) r', p_id, p_connects, p_reason)))::skillancer.reply;
	END IF;
	PERFORM skillancer.check_int('connects', p_connects, 1, 100000);
	PERFORM skillancer.check_text('reason', p_reason, 5, 500);
	PERFORM skillancer.check_done();
	IF NOT EXISTS (SELECT FROM skillancer.user_account a WHERE a.id = p_id) THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	v_grant := skillancer.connects_give(p_id, p_connects, p_reason);
	RETURN (SELECT ROW(201, NULL, NULL, NULL, json_build_object('id', g.id, 'userId', g.user_id, 'connects', g.connects,
			'reason', g.reason, 'expiresAt', g.expires_at))::skillancer.reply
		FROM skillancer.connect_grant g WHERE g.id = v_grant);
END
$$;
COMMENT ON FUNCTION skillancer_api.user_give_connects(skillancer.user_id, integer, text, boolean) IS
	'Gives a user connects, with a reason; audited.';
SELECT skillancer.add_route('POST', '/v1/users/{id}/connects', 'user_give_connects', who => 'FINANCE, ADMIN',
	summary => 'Give connects to a user',
	answers => '200, 201 {id: uuid, userId: user_id, connects: integer, reason: text, expiresAt: timestamptz|null}|dry_run');
