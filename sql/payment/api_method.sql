-- sql/payment/api_method.sql
--	API of payment and payout methods: the caller's own. The provider knows the numbers; we keep its token, and what
--	a person recognises a card by.

-- Says to its owner that a payout method has changed, whoever did it.
CREATE OR REPLACE FUNCTION skillancer.emit_method(p_type text, p_id skillancer.payment_method_id) RETURNS void
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_method skillancer.payment_method%ROWTYPE;
BEGIN
	SELECT * INTO v_method FROM skillancer.payment_method m WHERE m.id = p_id;
	IF v_method.kind = 'PAYOUT' THEN
		PERFORM skillancer.emit(p_type, 'payment_method', p_id::uuid, jsonb_build_object('paymentMethodId', p_id::text,
			'userId', v_method.user_id::text, 'label', v_method.label, 'usableFrom', v_method.usable_from),
			ARRAY[v_method.user_id::uuid]);
	END IF;
END
$$;
COMMENT ON FUNCTION skillancer.emit_method(text, skillancer.payment_method_id) IS
	'Appends an event about a payout method; payment methods have none.';

-- Takes the default away from the other methods of the kind.
CREATE OR REPLACE FUNCTION skillancer.method_clear_default(p_kind text, p_but skillancer.payment_method_id) RETURNS void
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	UPDATE skillancer.payment_method m
	SET is_default = false, version = m.version + 1, updated_at = skillancer.now()
	WHERE m.user_id = skillancer.current_user_id() AND m.kind = p_kind AND m.is_default AND m.id <> p_but;
END
$$;
COMMENT ON FUNCTION skillancer.method_clear_default(text, skillancer.payment_method_id) IS
	'Leaves the caller no default method of the kind but the one named.';

-- Adds a method of one kind.
CREATE OR REPLACE FUNCTION skillancer.method_add(p_kind text, p_token text, p_is_default boolean, p_usable_from timestamptz)
	RETURNS skillancer.reply
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_method skillancer.payment_method_id := skillancer.new_id()::skillancer.payment_method_id;
	v_provider text := skillancer.policy_value('paymentProvider') #>> '{}';
	v_label text := skillancer.provider_label(v_provider, p_kind, p_token);
	v_card boolean := v_provider = 'sandbox' AND p_kind = 'PAYMENT';
	v_others bigint;
BEGIN
	PERFORM skillancer.check_text('token', p_token, 1, 255);
	PERFORM skillancer.check_that('token', p_token IS NULL OR v_label IS NOT NULL,
		'is not known to the payment provider');
	PERFORM skillancer.check_done();
	-- one at a time: the limit is exact, and there is one default
	PERFORM pg_advisory_xact_lock(hashtextextended(format('skillancer.method:%s:%s', p_kind, skillancer.current_user_id()), 0));
	SELECT count(*) INTO v_others FROM skillancer.payment_method m
	WHERE m.user_id = skillancer.current_user_id() AND m.kind = p_kind AND m.removed_at IS NULL;
	IF v_others >= skillancer.policy_int('methodLimit') THEN
		PERFORM skillancer.fail('LIMIT_REACHED', 'you have too many of these: remove one first');
	END IF;
	IF p_is_default THEN
		PERFORM skillancer.method_clear_default(p_kind, v_method);
	END IF;
	INSERT INTO skillancer.payment_method (id, user_id, kind, provider, token, label, usable_from, is_default,
		brand, last4, exp_month, exp_year)
	VALUES (v_method, skillancer.current_user_id(), p_kind, v_provider, p_token, v_label, p_usable_from,
		coalesce(p_is_default, false) OR v_others = 0,
		CASE WHEN v_card THEN 'test' END, CASE v_provider WHEN 'sandbox' THEN substring(v_label FROM '[0-9]{4}$') END,
		CASE WHEN v_card THEN 12 END, CASE WHEN v_card THEN CASE p_token WHEN 'tok_expired_card' THEN 2020 ELSE 2039 END END);
	PERFORM skillancer.emit_method('payout_method.added', v_method);
	IF p_kind = 'PAYMENT' AND position('/' IN p_token) = 0 THEN
		PERFORM skillancer.provider_ask_customer(v_provider, skillancer.current_user_id());
	END IF;
	RETURN (SELECT ROW(201, d.etag, NULL, NULL, d.doc)::skillancer.reply
			FROM skillancer.payment_method_doc d WHERE d.id = v_method);
END
$$;
COMMENT ON FUNCTION skillancer.method_add(text, text, boolean, timestamptz) IS
	'The common body of adding a payment or payout method; the first one is the default.';

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

-- One method of the caller.
CREATE OR REPLACE FUNCTION skillancer.method_get(p_kind text, p_id skillancer.payment_method_id, p_if_none_match text)
	RETURNS skillancer.reply
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_etag text;
	v_doc json;
BEGIN
	SELECT d.etag, d.doc INTO v_etag, v_doc FROM skillancer.payment_method_doc d WHERE d.id = p_id AND d.kind = p_kind;
	RETURN skillancer.object_reply(v_etag, v_doc, p_if_none_match);
END
$$;
COMMENT ON FUNCTION skillancer.method_get(text, skillancer.payment_method_id, text) IS
	'The common body of reading a payment or payout method.';
GRANT EXECUTE ON FUNCTION skillancer.method_get(text, skillancer.payment_method_id, text) TO skillancer_bridge;

-- The method that is used when none is named.
CREATE OR REPLACE FUNCTION skillancer.method_make_default(p_kind text, p_id skillancer.payment_method_id,
		p_is_default boolean, p_if_match text)
	RETURNS skillancer.reply
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_version integer;
	v_was boolean;
BEGIN
	PERFORM skillancer.check_that('isDefault', p_is_default, 'must be true: make another one the default instead');
	PERFORM skillancer.check_done();
	PERFORM pg_advisory_xact_lock(hashtextextended(format('skillancer.method:%s:%s', p_kind, skillancer.current_user_id()), 0));
	SELECT m.version, m.is_default INTO v_version, v_was FROM skillancer.payment_method m
	WHERE m.id = p_id AND m.kind = p_kind AND m.removed_at IS NULL FOR UPDATE;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	PERFORM skillancer.check_if_match(p_if_match, 'v' || v_version);
	IF NOT v_was THEN
		PERFORM skillancer.method_clear_default(p_kind, p_id);
		UPDATE skillancer.payment_method m
		SET is_default = true, version = m.version + 1, updated_at = skillancer.now(),
			usable_from = CASE p_kind WHEN 'PAYOUT' THEN skillancer.now() + skillancer.policy_interval('payoutCooldown')
				ELSE m.usable_from END
		WHERE m.id = p_id;
		PERFORM skillancer.emit_method('payout_method.made_default', p_id);
	END IF;
	RETURN (SELECT ROW(200, d.etag, NULL, NULL, d.doc)::skillancer.reply
			FROM skillancer.payment_method_doc d WHERE d.id = p_id);
END
$$;
COMMENT ON FUNCTION skillancer.method_make_default(text, skillancer.payment_method_id, boolean, text) IS
	'The common body of choosing the default; a payout method cools down again, because scheduled payouts now go there.';

-- Removes a method of one kind; the row stays, because charges and payouts name it.
CREATE OR REPLACE FUNCTION skillancer.method_remove(p_kind text, p_id skillancer.payment_method_id) RETURNS void
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM FROM skillancer.payment_method m WHERE m.id = p_id AND m.kind = p_kind AND m.removed_at IS NULL FOR UPDATE;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	IF EXISTS (SELECT FROM skillancer.charge c
		WHERE c.payment_method_id = p_id AND c.state IN ('CREATED', 'REQUIRES_ACTION', 'PROCESSING', 'ERRORED')) THEN
		PERFORM skillancer.fail('INVALID_STATE', 'a charge with this payment method is not decided yet');
	END IF;
	UPDATE skillancer.payment_method m
	SET removed_at = skillancer.now(), is_default = false, version = m.version + 1, updated_at = skillancer.now()
	WHERE m.id = p_id;
	PERFORM skillancer.emit_method('payout_method.removed', p_id);
END
$$;
COMMENT ON FUNCTION skillancer.method_remove(text, skillancer.payment_method_id) IS
	'The common body of removing a payment or payout method; refused while a charge with it is not decided.';

-- A way to pay.
CREATE OR REPLACE FUNCTION skillancer_api.payment_method_add(p_token text, p_is_default boolean DEFAULT false)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	RETURN skillancer.method_add('PAYMENT', p_token, p_is_default, skillancer.now());
END
$$;
COMMENT ON FUNCTION skillancer_api.payment_method_add(text, boolean) IS
	'Adds a way to pay by a token of the provider; the first one is the default. Stripe: pm_… or cus_…/pm_…; sandbox: see the table of tokens in docs/money.md.';
SELECT skillancer.add_route('POST', '/v1/payment-methods', 'payment_method_add', who => 'CLIENT, FREELANCER',
	summary => 'Add a payment method', answers => '201 payment_method_doc');

-- All of them.
CREATE OR REPLACE FUNCTION skillancer_api.payment_method_list() RETURNS json
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN skillancer.method_list('PAYMENT');
END
$$;
COMMENT ON FUNCTION skillancer_api.payment_method_list() IS 'The caller''s payment methods.';
SELECT skillancer.add_route('GET', '/v1/payment-methods', 'payment_method_list', summary => 'My payment methods',
	answers => '[payment_method_doc]');

-- One.
CREATE OR REPLACE FUNCTION skillancer_api.payment_method_get(p_id skillancer.payment_method_id,
		p_header_if_none_match text DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN skillancer.method_get('PAYMENT', p_id, p_header_if_none_match);
END
$$;
COMMENT ON FUNCTION skillancer_api.payment_method_get(skillancer.payment_method_id, text) IS 'A payment method of the caller.';
SELECT skillancer.add_route('GET', '/v1/payment-methods/{id}', 'payment_method_get', summary => 'One payment method',
	answers => 'payment_method_doc');

-- The one that is used when none is named.
CREATE OR REPLACE FUNCTION skillancer_api.payment_method_update(p_id skillancer.payment_method_id, p_is_default boolean,
		p_header_if_match text DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	RETURN skillancer.method_make_default('PAYMENT', p_id, p_is_default, p_header_if_match);
END
$$;
COMMENT ON FUNCTION skillancer_api.payment_method_update(skillancer.payment_method_id, boolean, text) IS
	'Makes a payment method of the caller the default one.';
SELECT skillancer.add_route('PATCH', '/v1/payment-methods/{id}', 'payment_method_update', summary => 'Make a payment method the default',
	answers => 'payment_method_doc');

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
	'Removes a payment method of the caller. 409 INVALID_STATE while a charge with it is not decided.';
SELECT skillancer.add_route('DELETE', '/v1/payment-methods/{id}', 'payment_method_remove',
	summary => 'Remove a payment method');

-- A way to be paid, after a cool-down.
CREATE OR REPLACE FUNCTION skillancer_api.payout_method_add(p_token text, p_is_default boolean DEFAULT false)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_role('FREELANCER');
	PERFORM skillancer.require_recent_sign_in();
	RETURN skillancer.method_add('PAYOUT', p_token, p_is_default,
		skillancer.now() + skillancer.policy_interval('payoutCooldown'));
END
$$;
COMMENT ON FUNCTION skillancer_api.payout_method_add(text, boolean) IS
	'Adds a way to be paid by the provider''s token; it is usable after a cool-down. 403 STEP_UP_REQUIRED without a recent sign-in. Stripe: acct_…, ba_… or card_…; sandbox: see the table of tokens in docs/money.md.';
SELECT skillancer.add_route('POST', '/v1/payout-methods', 'payout_method_add', who => 'FREELANCER',
	summary => 'Add a payout method', answers => '201 payment_method_doc');

-- All of them.
CREATE OR REPLACE FUNCTION skillancer_api.payout_method_list() RETURNS json
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN skillancer.method_list('PAYOUT');
END
$$;
COMMENT ON FUNCTION skillancer_api.payout_method_list() IS 'The caller''s payout methods.';
SELECT skillancer.add_route('GET', '/v1/payout-methods', 'payout_method_list', summary => 'My payout methods',
	answers => '[payment_method_doc]');

-- One.
CREATE OR REPLACE FUNCTION skillancer_api.payout_method_get(p_id skillancer.payment_method_id,
		p_header_if_none_match text DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN skillancer.method_get('PAYOUT', p_id, p_header_if_none_match);
END
$$;
COMMENT ON FUNCTION skillancer_api.payout_method_get(skillancer.payment_method_id, text) IS 'A payout method of the caller.';
SELECT skillancer.add_route('GET', '/v1/payout-methods/{id}', 'payout_method_get', summary => 'One payout method',
	answers => 'payment_method_doc');

-- The one that is used when none is named.
CREATE OR REPLACE FUNCTION skillancer_api.payout_method_update(p_id skillancer.payment_method_id, p_is_default boolean,
		p_header_if_match text DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	PERFORM skillancer.require_recent_sign_in();
	RETURN skillancer.method_make_default('PAYOUT', p_id, p_is_default, p_header_if_match);
END
$$;
COMMENT ON FUNCTION skillancer_api.payout_method_update(skillancer.payment_method_id, boolean, text) IS
	'Makes a payout method of the caller the default one, which scheduled payouts go to; it cools down again. 403 STEP_UP_REQUIRED without a recent sign-in.';
SELECT skillancer.add_route('PATCH', '/v1/payout-methods/{id}', 'payout_method_update', summary => 'Make a payout method the default',
	answers => 'payment_method_doc');

-- Removes one.
CREATE OR REPLACE FUNCTION skillancer_api.payout_method_remove(p_id skillancer.payment_method_id) RETURNS void
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	PERFORM skillancer.require_recent_sign_in();
	PERFORM skillancer.method_remove('PAYOUT', p_id);
END
$$;
COMMENT ON FUNCTION skillancer_api.payout_method_remove(skillancer.payment_method_id) IS
	'Removes a payout method of the caller; payouts under way are not affected. 403 STEP_UP_REQUIRED without a recent sign-in.';
SELECT skillancer.add_route('DELETE', '/v1/payout-methods/{id}', 'payout_method_remove',
	summary => 'Remove a payout method');
