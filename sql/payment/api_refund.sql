-- sql/payment/api_refund.sql
--	API of refunds to cards: ask for one, read them.

-- What may still go back of a charge.
CREATE OR REPLACE FUNCTION skillancer.charge_left(p_id skillancer.charge_id) RETURNS skillancer.monetary
	LANGUAGE c VOLATILE STRICT SECURITY DEFINER
	AS 'MODULE_PATHNAME', 'skl_fn_charge_left';
ALTER FUNCTION skillancer.charge_left(skillancer.charge_id) OWNER TO skillancer_engine;
COMMENT ON FUNCTION skillancer.charge_left(skillancer.charge_id) IS
	'What of a charge has gone back neither by refunds nor by charge-backs. The charge stays locked until the transaction ends.';

-- Hands a refund over to the provider.
CREATE OR REPLACE FUNCTION skillancer.refund_run(p_id skillancer.refund_id) RETURNS text
	LANGUAGE c VOLATILE STRICT SECURITY DEFINER
	AS 'MODULE_PATHNAME', 'skl_fn_refund_run';
ALTER FUNCTION skillancer.refund_run(skillancer.refund_id) OWNER TO skillancer_engine;
COMMENT ON FUNCTION skillancer.refund_run(skillancer.refund_id) IS
	'Asks the provider for a refund: a local one answers at once, a remote one is called by the courier. Returns the new state.';

-- Money back to the card.
CREATE OR REPLACE FUNCTION skillancer_api.refund_create(p_id skillancer.charge_id, p_amount skillancer.monetary,
		p_dry_run boolean DEFAULT false)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_charge skillancer.charge%ROWTYPE;
	v_refund skillancer.refund_id := skillancer.new_id()::skillancer.refund_id;
	v_left skillancer.monetary;
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'ADMIN');
	IF p_dry_run THEN
		RETURN ROW(200, NULL, NULL, NULL, skillancer.dry_run(format(
			'SELECT r.body FROM skillancer_api.refund_create(%L, %L, false) r', p_id, p_amount)))::skillancer.reply;
	END IF;
	SELECT * INTO v_charge FROM skillancer.charge c WHERE c.id = p_id;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	ELSIF v_charge.user_id <> skillancer.current_user_id() THEN
		PERFORM skillancer.fail('PERMISSION_DENIED');
	END IF;
	PERFORM skillancer.check_money('amount', p_amount, 1, skillancer.policy_int('maxCharge'));
	PERFORM skillancer.check_that('amount', skillancer.monetary_currency(p_amount) = skillancer.monetary_currency(v_charge.amount),
		'must be in the currency of the charge');
	PERFORM skillancer.check_done();
	v_left := skillancer.charge_left(p_id);
	SELECT * INTO v_charge FROM skillancer.charge c WHERE c.id = p_id;
	IF v_charge.state <> 'CAPTURED' THEN
		PERFORM skillancer.fail('INVALID_STATE', NULL, jsonb_build_object('state', v_charge.state, 'allowed', '[]'::jsonb));
	ELSIF p_amount > v_left THEN
		PERFORM skillancer.fail('INSUFFICIENT_FUNDS', 'more than what is left of this charge', jsonb_build_object('left', v_left));
	END IF;
	INSERT INTO skillancer.refund (id, charge_id, user_id, provider, amount)
	VALUES (v_refund, p_id, v_charge.user_id, v_charge.provider, p_amount);
	PERFORM skillancer.fire('refund', v_refund::uuid, 'request');
	PERFORM skillancer.refund_run(v_refund);
	RETURN (SELECT ROW(CASE d.state WHEN 'PROCESSING' THEN 202 ELSE 201 END, d.etag, NULL, NULL, d.doc)::skillancer.reply
			FROM skillancer.refund_doc d WHERE d.id = v_refund);
END
$$;
COMMENT ON FUNCTION skillancer_api.refund_create(skillancer.charge_id, skillancer.monetary, boolean) IS
	'Sends money of the caller''s wallet back to the card that it came from: no more than the charge took less what went back before, and no more than the wallet has. 201 when it is done, 202 while the provider works on it.';
SELECT skillancer.add_route('POST', '/v1/payments/charges/{id}/refunds', 'refund_create', who => 'CLIENT',
	summary => 'Send money back to the card',
	answers => '200, 201, 202 refund_doc|dry_run');

-- One refund.
CREATE OR REPLACE FUNCTION skillancer_api.refund_get(p_id skillancer.refund_id, p_header_if_none_match text DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_etag text;
	v_doc json;
BEGIN
	SELECT d.etag, d.doc INTO v_etag, v_doc FROM skillancer.refund_doc d WHERE d.id = p_id;
	RETURN skillancer.object_reply(v_etag, v_doc, p_header_if_none_match);
END
$$;
COMMENT ON FUNCTION skillancer_api.refund_get(skillancer.refund_id, text) IS 'A refund of the caller.';
SELECT skillancer.add_route('GET', '/v1/payments/refunds/{id}', 'refund_get', summary => 'One refund',
	answers => 'refund_doc');

-- The caller's refunds, newest first.
CREATE OR REPLACE FUNCTION skillancer_api.refund_list(p_charge_id skillancer.charge_id DEFAULT NULL,
		p_limit integer DEFAULT NULL, p_cursor text DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_limit integer := skillancer.check_limit(p_limit);
	v_scope text := concat_ws('|', 'refunds', p_charge_id);
	v_after uuid;
	v_items json[];
	v_keys text[];
BEGIN
	v_after := skillancer.cursor_decode(v_scope, p_cursor)::uuid;
	PERFORM skillancer.check_done();
	SELECT array_agg(d.doc ORDER BY d.id DESC), array_agg(d.id::uuid::text ORDER BY d.id DESC)
	INTO v_items, v_keys
	FROM (
		SELECT r.id, r.doc FROM skillancer.refund_doc r
		WHERE r.user_id = skillancer.current_user_id() AND (p_charge_id IS NULL OR r.charge_id = p_charge_id)
			AND (v_after IS NULL OR r.id < v_after::skillancer.refund_id)
		ORDER BY r.id DESC
		LIMIT v_limit + 1
	) d;
	RETURN skillancer.list_reply(v_items, v_keys, v_limit, v_scope);
END
$$;
COMMENT ON FUNCTION skillancer_api.refund_list(skillancer.charge_id, integer, text) IS
	'The caller''s refunds, of one charge or of all, newest first.';
SELECT skillancer.add_route('GET', '/v1/payments/refunds', 'refund_list', summary => 'My refunds',
	answers => '[refund_doc]');
