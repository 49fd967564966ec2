-- sql/payment/api_provider.sql
--	API of the port to payment providers: webhooks in, calls and webhooks for finance.

-- What is wrong with a webhook's signature.
CREATE OR REPLACE FUNCTION skillancer.stripe_signature_problem(p_body bytea, p_header text, p_tolerance bigint) RETURNS text
	LANGUAGE c VOLATILE STRICT
	AS 'MODULE_PATHNAME', 'skl_fn_stripe_signature_problem';
COMMENT ON FUNCTION skillancer.stripe_signature_problem(bytea, text, bigint) IS
	'NULL when the body was signed with one of the secrets of skillancer.stripe_webhook_secret_file, within so many seconds; else what is wrong.';

-- Keeps an event, once.
CREATE OR REPLACE FUNCTION skillancer.provider_take(p_provider text, p_event jsonb) RETURNS void
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_ours boolean := p_event ->> 'type' ~ '^(payment_intent|refund|charge\.refund|transfer|payout|charge\.dispute)\.';
BEGIN
	INSERT INTO skillancer.provider_event (provider, id, type, object, occurred_at, state, settled_at)
	VALUES (p_provider, p_event ->> 'id', p_event ->> 'type', CASE WHEN v_ours THEN p_event #> '{data,object}' END,
		to_timestamp((p_event ->> 'created')::double precision),
		CASE WHEN v_ours THEN 'RECEIVED' ELSE 'IGNORED' END, CASE WHEN NOT v_ours THEN skillancer.now() END)
	ON CONFLICT (provider, id) DO NOTHING;
	PERFORM skillancer.wake('courier');
END
$$;
ALTER FUNCTION skillancer.provider_take(text, jsonb) OWNER TO skillancer_engine;
COMMENT ON FUNCTION skillancer.provider_take(text, jsonb) IS
	'Keeps a verified webhook for the courier, unless it is there already; types that say nothing about our money are only noted.';

-- Takes a webhook in.
CREATE OR REPLACE FUNCTION skillancer_api.webhook_stripe(p_raw_body bytea, p_header_stripe_signature text DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_problem text;
	v_event jsonb;
BEGIN
	v_problem := skillancer.stripe_signature_problem(coalesce(p_raw_body, ''), coalesce(p_header_stripe_signature, ''),
		skillancer.policy_int('webhookTolerance'));
	IF v_problem IS NOT NULL THEN
		PERFORM skillancer.fail('SIGNATURE_INVALID', v_problem);
	END IF;
	BEGIN
		v_event := convert_from(p_raw_body, 'UTF8')::jsonb;
	EXCEPTION WHEN OTHERS THEN
		PERFORM skillancer.fail('VALIDATION_ERROR', 'the body is not JSON');
	END;
	IF v_event ->> 'id' IS NULL OR v_event ->> 'type' IS NULL OR length(v_event ->> 'id') > 255 OR length(v_event ->> 'type') > 255 THEN
		PERFORM skillancer.fail('VALIDATION_ERROR', 'the body is no event');
	END IF;
	PERFORM skillancer.provider_take('stripe', v_event);
	RETURN ROW(200, NULL, NULL, NULL, json_build_object('received', true))::skillancer.reply;
END
$$;
COMMENT ON FUNCTION skillancer_api.webhook_stripe(bytea, text) IS
	'Webhooks of Stripe, verified by their signature over the body as it was sent. Each is taken in once; the courier applies it. 400 SIGNATURE_INVALID.';
SELECT skillancer.add_route('POST', '/v1/webhooks/stripe', 'webhook_stripe', who => 'anyone', class => 'fast', rate => 'address', idempotent => false,
	summary => 'Take a webhook of Stripe in', answers => '{received: boolean}');

-- Calls to providers.
CREATE OR REPLACE FUNCTION skillancer_api.provider_call_list(p_state text DEFAULT NULL, p_limit integer DEFAULT NULL,
		p_cursor text DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_limit integer := skillancer.check_limit(p_limit);
	v_scope text := concat_ws('|', 'provider-calls', p_state);
	v_after uuid;
	v_items json[];
	v_keys text[];
BEGIN
	PERFORM skillancer.require_permission('finance:view');
	PERFORM skillancer.check_one_of('state', p_state, ARRAY['QUEUED', 'SENDING', 'ANSWERED', 'DONE', 'LOST', 'PARKED'], false);
	v_after := skillancer.cursor_decode(v_scope, p_cursor)::uuid;
	PERFORM skillancer.check_done();
	SELECT array_agg(d.doc ORDER BY d.id DESC), array_agg(d.id::text ORDER BY d.id DESC)
	INTO v_items, v_keys
	FROM (
		SELECT c.id, c.doc FROM skillancer.provider_call_doc c
		WHERE (p_state IS NULL OR c.state = p_state) AND (v_after IS NULL OR c.id < v_after)
		ORDER BY c.id DESC
		LIMIT v_limit + 1
	) d;
	RETURN skillancer.list_reply(v_items, v_keys, v_limit, v_scope);
END
$$;
COMMENT ON FUNCTION skillancer_api.provider_call_list(text, integer, text) IS
	'Calls to payment providers with attempts, outcome and error, newest first; state PARKED waits for people.';
SELECT skillancer.add_route('GET', '/v1/admin/provider-calls', 'provider_call_list', who => 'FINANCE, ADMIN',
	summary => 'Calls to payment providers', answers => '[provider_call_doc]');

-- Webhooks of providers.
CREATE OR REPLACE FUNCTION skillancer_api.provider_event_list(p_state text DEFAULT NULL, p_limit integer DEFAULT NULL,
		p_cursor text DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_limit integer := skillancer.check_limit(p_limit);
	v_scope text := concat_ws('|', 'provider-events', p_state);
	v_key text[];
	v_items json[];
	v_keys text[];
BEGIN
	PERFORM skillancer.require_permission('finance:view');
	PERFORM skillancer.check_one_of('state', p_state, ARRAY['RECEIVED', 'DONE', 'IGNORED', 'PARKED'], false);
	v_key := string_to_array(skillancer.cursor_decode(v_scope, p_cursor), ' ', NULL);
	PERFORM skillancer.check_done();
	SELECT array_agg(d.doc ORDER BY d.received_at DESC, d.id DESC),
		array_agg(format('%s %s', extract(epoch FROM d.received_at), d.id) ORDER BY d.received_at DESC, d.id DESC)
	INTO v_items, v_keys
	FROM (
		SELECT e.id, e.received_at, e.doc FROM skillancer.provider_event_doc e
		WHERE (p_state IS NULL OR e.state = p_state)
			AND (v_key IS NULL OR (e.received_at, e.id) < (to_timestamp(v_key[1]::double precision), v_key[2]))
		ORDER BY e.received_at DESC, e.id DESC
		LIMIT v_limit + 1
	) d;
	RETURN skillancer.list_reply(v_items, v_keys, v_limit, v_scope);
END
$$;
COMMENT ON FUNCTION skillancer_api.provider_event_list(text, integer, text) IS
	'Webhooks of payment providers and what became of them, newest first; state PARKED contradicts what we know and waits for people.';
SELECT skillancer.add_route('GET', '/v1/admin/provider-events', 'provider_event_list', who => 'FINANCE, ADMIN',
	summary => 'Webhooks of payment providers', answers => '[provider_event_doc]');

-- Drives a parked one again.
CREATE OR REPLACE FUNCTION skillancer_api.provider_redrive(p_id text) RETURNS skillancer.reply
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	IF NOT skillancer.staff_may('finance:adjust', 'provider.redriven', 'provider_call', NULL) THEN
		RETURN skillancer.refusal(403, 'PERMISSION_DENIED', 'you are not allowed to do this');
	END IF;
	IF skillancer.redrive('provider', p_id) = 0 THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	PERFORM skillancer.audit('provider.redriven', 'provider_call', NULL, NULL, jsonb_build_object('item', p_id));
	RETURN ROW(202, NULL, NULL, NULL, json_build_object('id', p_id))::skillancer.reply;
END
$$;
COMMENT ON FUNCTION skillancer_api.provider_redrive(text) IS
	'Works on a parked call or webhook of a payment provider again: its answer is applied once more, or its question asked once more.';
SELECT skillancer.add_route('POST', '/v1/admin/provider-calls/{id}/redrive', 'provider_redrive', who => 'FINANCE, ADMIN',
	summary => 'Try a parked call or webhook again', answers => '202 {id: text}');
