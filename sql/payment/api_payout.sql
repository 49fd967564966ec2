-- sql/payment/api_payout.sql
--	API of payouts: request, cancel, read.

-- What a payout of this currency costs and needs.
CREATE OR REPLACE FUNCTION skillancer.payout_terms(p_currency text, OUT minimum skillancer.monetary,
		OUT fee skillancer.monetary)
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	SELECT skillancer.monetary(r.minimum, p_currency), skillancer.monetary(r.fee, p_currency)
	INTO minimum, fee
	FROM skillancer.payout_rule r
	WHERE r.currency IN (p_currency, '*')
	ORDER BY r.currency = '*'
	LIMIT 1;
END
$$;
COMMENT ON FUNCTION skillancer.payout_terms(text) IS
	'Least amount and fee of a payout: the rule of the currency, else the one of *.';

-- The row of a payout, not requested yet.
CREATE OR REPLACE FUNCTION skillancer.payout_make(p_user skillancer.user_id, p_amount skillancer.monetary,
		p_method skillancer.payment_method_id, p_schedule uuid, p_period date)
	RETURNS skillancer.payout_id
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_payout skillancer.payout_id := skillancer.new_id()::skillancer.payout_id;
BEGIN
	INSERT INTO skillancer.payout (id, user_id, payment_method_id, provider, amount, fee, policy, schedule_id, period)
	SELECT v_payout, p_user, m.id, m.provider, p_amount, t.fee, skillancer.policy_pin(ARRAY['payoutDelay']),
		p_schedule, p_period
	FROM skillancer.payment_method m
	CROSS JOIN skillancer.payout_terms(skillancer.monetary_currency(p_amount)) t
	WHERE m.id = p_method AND m.user_id = p_user;
	RETURN v_payout;
END
$$;
COMMENT ON FUNCTION skillancer.payout_make(skillancer.user_id, skillancer.monetary, skillancer.payment_method_id, uuid, date) IS
	'A payout at the fee of its currency; firing "request" at it takes the money. With schedule and period when a schedule asked for it.';

-- Money out of the balance.
CREATE OR REPLACE FUNCTION skillancer_api.payout_create(p_amount skillancer.monetary,
		p_payment_method_id skillancer.payment_method_id, p_dry_run boolean DEFAULT false)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_payout skillancer.payout_id;
	v_minimum skillancer.monetary;
	v_usable_from timestamptz;
BEGIN
	PERFORM skillancer.require_role('FREELANCER');
	IF p_dry_run THEN
		RETURN ROW(200, NULL, NULL, NULL, skillancer.dry_run(format(
			'SELECT r.body FROM skillancer_api.payout_create(%L, %L, false) r',
			p_amount, p_payment_method_id)))::skillancer.reply;
	END IF;
	SELECT t.minimum INTO v_minimum
	FROM skillancer.payout_terms(skillancer.monetary_currency(p_amount)) t;
	PERFORM skillancer.check_money('amount', p_amount, coalesce(skillancer.monetary_minor(v_minimum), 1), NULL);
	PERFORM skillancer.check_method('PAYOUT', p_payment_method_id);
	PERFORM skillancer.check_done();
	SELECT m.usable_from INTO v_usable_from FROM skillancer.payment_method m WHERE m.id = p_payment_method_id;
	IF v_usable_from > skillancer.now() THEN
		PERFORM skillancer.fail('INVALID_STATE', 'this payout method is new and cannot be used yet',
			jsonb_build_object('usableFrom', v_usable_from));
	END IF;
	v_payout := skillancer.payout_make(skillancer.current_user_id(), p_amount, p_payment_method_id, NULL, NULL);
	PERFORM skillancer.fire('payout', v_payout::uuid, 'request');
	RETURN (SELECT ROW(201, d.etag, NULL, NULL, d.doc)::skillancer.reply
			FROM skillancer.payout_doc d WHERE d.id = v_payout);
END
$$;
COMMENT ON FUNCTION skillancer_api.payout_create(skillancer.monetary, skillancer.payment_method_id, boolean) IS
	'Requests a payout from the available balance; what arrives is the amount less the fee. 409 INSUFFICIENT_FUNDS, INVALID_STATE while the method cools down, PAYOUT_BLOCKED for accounts that are restricted or owe money, LIMIT_REACHED.';
SELECT skillancer.add_route('POST', '/v1/payouts', 'payout_create', who => 'FREELANCER',
	summary => 'Request a payout', answers => '200, 201 payout_doc|dry_run');

-- The freelancer changes his mind before the provider has paid.
CREATE OR REPLACE FUNCTION skillancer_api.payout_cancel(p_id skillancer.payout_id, p_dry_run boolean DEFAULT false)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_role('FREELANCER');
	IF p_dry_run THEN
		RETURN ROW(200, NULL, NULL, NULL, skillancer.dry_run(format(
			'SELECT r.body FROM skillancer_api.payout_cancel(%L, false) r', p_id)))::skillancer.reply;
	END IF;
	PERFORM skillancer.fire('payout', p_id::uuid, 'cancel');
	RETURN (SELECT ROW(200, d.etag, NULL, NULL, d.doc)::skillancer.reply
			FROM skillancer.payout_doc d WHERE d.id = p_id);
END
$$;
COMMENT ON FUNCTION skillancer_api.payout_cancel(skillancer.payout_id, boolean) IS
	'Takes back a payout that is REQUESTED; the amount is available again, with its fee.';
SELECT skillancer.add_route('POST', '/v1/payouts/{id}/cancel', 'payout_cancel', who => 'FREELANCER',
	summary => 'Take back a requested payout', answers => 'payout_doc|dry_run');

-- One payout.
CREATE OR REPLACE FUNCTION skillancer_api.payout_get(p_id skillancer.payout_id,
		p_header_if_none_match text DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_etag text;
	v_doc json;
BEGIN
	SELECT d.etag, d.doc INTO v_etag, v_doc FROM skillancer.payout_doc d WHERE d.id = p_id;
	RETURN skillancer.object_reply(v_etag, v_doc, p_header_if_none_match);
END
$$;
COMMENT ON FUNCTION skillancer_api.payout_get(skillancer.payout_id, text) IS 'A payout of the caller.';
SELECT skillancer.add_route('GET', '/v1/payouts/{id}', 'payout_get', summary => 'One payout',
	answers => 'payout_doc');

-- The caller's payouts, newest first.
CREATE OR REPLACE FUNCTION skillancer_api.payout_list(p_state text DEFAULT NULL, p_limit integer DEFAULT NULL,
		p_cursor text DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_limit integer := skillancer.check_limit(p_limit);
	v_scope text := concat_ws('|', 'payouts', p_state);
	v_after uuid;
	v_items json[];
	v_keys text[];
BEGIN
	PERFORM skillancer.check_one_of('state', p_state, ARRAY['REQUESTED', 'PROCESSING', 'PAID', 'FAILED', 'ERRORED', 'CANCELLED', 'RETURNED'], false);
	v_after := skillancer.cursor_decode(v_scope, p_cursor)::uuid;
	PERFORM skillancer.check_done();
	SELECT array_agg(d.doc ORDER BY d.id DESC), array_agg(d.id::uuid::text ORDER BY d.id DESC)
	INTO v_items, v_keys
	FROM (
		SELECT p.id, p.doc FROM skillancer.payout_doc p
		WHERE p.user_id = skillancer.current_user_id() AND (p_state IS NULL OR p.state = p_state)
			AND (v_after IS NULL OR p.id < v_after::skillancer.payout_id)
		ORDER BY p.id DESC
		LIMIT v_limit + 1
	) d;
	RETURN skillancer.list_reply(v_items, v_keys, v_limit, v_scope);
END
$$;
COMMENT ON FUNCTION skillancer_api.payout_list(text, integer, text) IS 'The caller''s payouts, newest first.';
SELECT skillancer.add_route('GET', '/v1/payouts', 'payout_list', summary => 'My payouts', answers => '[payout_doc]');
