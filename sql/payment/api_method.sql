-- sql/payment/api_method.sql
--	API of payment and payout methods: the caller's own.

-- Adds a method of one kind.
CREATE OR REPLACE FUNCTION skillancer.method_add(p_kind text, p_token text, p_usable_from timestamptz)
	RETURNS skillancer.reply
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_method skillancer.payment_method_id := skillancer.new_id()::skillancer.payment_method_id;
BEGIN
	PERFORM skillancer.check_text('token', p_token, 1, 255);
	PERFORM skillancer.check_that('token', p_token IS NULL OR skillancer.sandbox_label(p_kind, p_token) IS NOT NULL,
		'is not known to the payment provider');
	PERFORM skillancer.check_done();
	IF (SELECT count(*) FROM skillancer.payment_method m
		WHERE m.user_id = skillancer.current_user_id() AND m.kind = p_kind AND m.removed_at IS NULL)
		>= skillancer.policy_int('methodLimit') THEN
		PERFORM skillancer.fail('LIMIT_REACHED', 'you have too many of these: remove one first');
	END IF;
	INSERT INTO skillancer.payment_method (id, user_id, kind, provider, token, label, usable_from)
	VALUES (v_method, skillancer.current_user_id(), p_kind, 'sandbox', p_token,
		skillancer.sandbox_label(p_kind, p_token), p_usable_from);
	RETURN (SELECT ROW(201, d.etag, NULL, NULL, d.doc)::skillancer.reply
			FROM skillancer.payment_method_doc d WHERE d.id = v_method);
END
$$;
COMMENT ON FUNCTION skillancer.method_add(text, text, timestamptz) IS
	'The common body of adding a payment or payout method.';

-- The caller's methods of one kind.
CREATE OR REPLACE FUNCTION skillancer.method_list(p_kind text) RETURNS json
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN coalesce((SELECT json_agg(d.doc ORDER BY d.id) FROM skillancer.payment_method_doc d
		WHERE d.kind = p_kind AND d.user_id = skillancer.current_user_id()), '[]'::json);
END
$$;
COMMENT ON FUNCTION skillancer.method_list(text) IS 'The common body of listing payment or payout methods.';
GRANT EXECUTE ON FUNCTION skillancer.method_list(text) TO skillancer_bridge;

-- Removes a method of one kind; the row stays, because charges and payouts name it.
CREATE OR REPLACE FUNCTION skillancer.method_remove(p_kind text, p_id skillancer.payment_method_id) RETURNS void
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	UPDATE skillancer.payment_method m
	SET removed_at = skillancer.now(), version = m.version + 1, updated_at = skillancer.now()
	WHERE m.id = p_id AND m.kind = p_kind AND m.removed_at IS NULL;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
END
$$;
COMMENT ON FUNCTION skillancer.method_remove(text, skillancer.payment_method_id) IS
	'The common body of removing a payment or payout method.';

-- A way to pay.
CREATE OR REPLACE FUNCTION skillancer_api.payment_method_add(p_token text) RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'ADMIN');
	RETURN skillancer.method_add('PAYMENT', p_token, skillancer.now());
END
$$;
COMMENT ON FUNCTION skillancer_api.payment_method_add(text) IS
	'Adds a way to pay by the provider''s token. Sandbox: tok_success, tok_declined, tok_insufficient_funds, tok_expired_card, tok_action_required.';
SELECT skillancer.add_route('POST', '/v1/payment-methods', 'payment_method_add', who => 'CLIENT',
	summary => 'Add a payment method');

-- My ways to pay.
CREATE OR REPLACE FUNCTION skillancer_api.payment_method_list() RETURNS json
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN skillancer.method_list('PAYMENT');
END
$$;
COMMENT ON FUNCTION skillancer_api.payment_method_list() IS 'The caller''s payment methods.';
SELECT skillancer.add_route('GET', '/v1/payment-methods', 'payment_method_list', summary => 'My payment methods');

-- Removes one.
CREATE OR REPLACE FUNCTION skillancer_api.payment_method_remove(p_id skillancer.payment_method_id) RETURNS void
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	PERFORM skillancer.method_remove('PAYMENT', p_id);
END
$$;
COMMENT ON FUNCTION skillancer_api.payment_method_remove(skillancer.payment_method_id) IS
	'Removes a payment method of the caller.';
SELECT skillancer.add_route('DELETE', '/v1/payment-methods/{id}', 'payment_method_remove',
	summary => 'Remove a payment method');

-- A way to be paid, after a cool-down.
CREATE OR REPLACE FUNCTION skillancer_api.payout_method_add(p_token text) RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_role('FREELANCER');
	RETURN skillancer.method_add('PAYOUT', p_token,
		skillancer.now() + skillancer.policy_interval('payoutCooldown'));
END
$$;
COMMENT ON FUNCTION skillancer_api.payout_method_add(text) IS
	'Adds a way to be paid by the provider''s token; it is usable after a cool-down. Sandbox: tok_bank_success, tok_bank_closed.';
SELECT skillancer.add_route('POST', '/v1/payout-methods', 'payout_method_add', who => 'FREELANCER',
	summary => 'Add a payout method');

-- My ways to be paid.
CREATE OR REPLACE FUNCTION skillancer_api.payout_method_list() RETURNS json
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN skillancer.method_list('PAYOUT');
END
$$;
COMMENT ON FUNCTION skillancer_api.payout_method_list() IS 'The caller''s payout methods.';
SELECT skillancer.add_route('GET', '/v1/payout-methods', 'payout_method_list', summary => 'My payout methods');

-- Removes one.
CREATE OR REPLACE FUNCTION skillancer_api.payout_method_remove(p_id skillancer.payment_method_id) RETURNS void
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	PERFORM skillancer.method_remove('PAYOUT', p_id);
END
$$;
COMMENT ON FUNCTION skillancer_api.payout_method_remove(skillancer.payment_method_id) IS
	'Removes a payout method of the caller; payouts under way are not affected.';
SELECT skillancer.add_route('DELETE', '/v1/payout-methods/{id}', 'payout_method_remove',
	summary => 'Remove a payout method');
