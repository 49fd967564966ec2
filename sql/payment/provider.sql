/*
 * sql/payment/provider.sql
 *		What the courier calls around calls to payment providers, and what becomes of answers and webhooks.
 *
 *	claim (commit) -> network, no transaction open -> record (commit) -> settle, each answer in a transaction of its own
 *
 * Answers and webhooks are both taken in first and settled after: a settling that fails is tried again, and parked
 * after five tries. docs/money.md says what states mean.
 */

-- What a person sees of a token.
CREATE OR REPLACE FUNCTION skillancer.provider_label(p_provider text, p_kind text, p_token text) RETURNS text
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'skl_fn_provider_label';
COMMENT ON FUNCTION skillancer.provider_label(text, text, text) IS
	'Label of a token for PAYMENT or PAYOUT; NULL when it is not one of this provider.';

-- Applies the answer to a call.
CREATE OR REPLACE FUNCTION skillancer.provider_read_call(p_kind text, p_ref uuid, p_operation text, p_status integer,
		p_body jsonb)
	RETURNS text[]
	LANGUAGE c VOLATILE
	AS 'MODULE_PATHNAME', 'skl_fn_provider_read_call';
COMMENT ON FUNCTION skillancer.provider_read_call(text, uuid, text, integer, jsonb) IS
	'Takes a charge, refund or payout to what the answer says: {DONE | RETRY | PARKED, note}.';

-- Applies what a webhook brought.
CREATE OR REPLACE FUNCTION skillancer.provider_read_event(p_kind text, p_ref uuid, p_object jsonb)
	RETURNS text[]
	LANGUAGE c VOLATILE STRICT
	AS 'MODULE_PATHNAME', 'skl_fn_provider_read_event';
COMMENT ON FUNCTION skillancer.provider_read_event(text, uuid, jsonb) IS
	'Takes a charge, refund or payout to what a webhook says: {DONE | STALE | ASK | PARKED, note}.';

-- Amounts as Stripe counts them.
CREATE OR REPLACE FUNCTION skillancer.stripe_minor(p_amount bigint, p_currency text) RETURNS bigint
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'skl_fn_stripe_minor';
COMMENT ON FUNCTION skillancer.stripe_minor(bigint, text) IS
	'Minor units of ISO 4217 for an amount as Stripe counts it: ISK, UGX and MGA differ.';

-- What the provider said besides yes or no.
CREATE OR REPLACE FUNCTION skillancer.provider_remember(p_kind text, p_ref uuid, p_external_id text,
		p_cost skillancer.monetary, p_action_url text)
	RETURNS void
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	CASE p_kind
		WHEN 'charge' THEN
			UPDATE skillancer.charge c
			SET external_id = coalesce(c.external_id, p_external_id), provider_cost = coalesce(c.provider_cost, p_cost),
				action_url = coalesce(p_action_url, c.action_url)
			WHERE c.id = p_ref::skillancer.charge_id;
		WHEN 'payout' THEN
			UPDATE skillancer.payout p SET external_id = p_external_id
			WHERE p.id = p_ref::skillancer.payout_id AND p.external_id IS NULL;
		WHEN 'refund' THEN
			UPDATE skillancer.refund r SET external_id = p_external_id
			WHERE r.id = p_ref::skillancer.refund_id AND r.external_id IS NULL;
	END CASE;
END
$$;
COMMENT ON FUNCTION skillancer.provider_remember(text, uuid, text, skillancer.monetary, text) IS
	'Keeps the provider''s number of a charge, refund or payout, its cost, and where the payer has to go.';

-- What the card of a charge looks like.
CREATE OR REPLACE FUNCTION skillancer.provider_card(p_charge skillancer.charge_id, p_brand text, p_last4 text, p_exp_month text,
		p_exp_year text)
	RETURNS void
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	IF p_last4 !~ '^[0-9]{4}$' THEN
		RETURN;
	END IF;
	UPDATE skillancer.payment_method m
	SET last4 = p_last4, brand = left(p_brand, 40), label = concat_ws(' ', initcap(left(coalesce(p_brand, 'card'), 40)), 'ending', p_last4),
		exp_month = CASE WHEN p_exp_month ~ '^([1-9]|1[0-2])$' THEN p_exp_month::smallint END,
		exp_year = CASE WHEN p_exp_year ~ '^20[0-9][0-9]$' THEN p_exp_year::smallint END,
		version = m.version + 1, updated_at = skillancer.now()
	WHERE m.id = (SELECT c.payment_method_id FROM skillancer.charge c WHERE c.id = p_charge)
		AND (m.last4, m.exp_year::text, m.exp_month::text) IS DISTINCT FROM (p_last4, p_exp_year, p_exp_month);
END
$$;
COMMENT ON FUNCTION skillancer.provider_card(skillancer.charge_id, text, text, text, text) IS
	'Keeps brand, last digits and expiry of the card that a charge was made with, as the provider says them.';

-- A charge that has waited.
CREATE OR REPLACE FUNCTION skillancer.provider_begin_charge(p_charge skillancer.charge_id) RETURNS void
	LANGUAGE c VOLATILE STRICT
	AS 'MODULE_PATHNAME', 'skl_fn_provider_begin_charge';
COMMENT ON FUNCTION skillancer.provider_begin_charge(skillancer.charge_id) IS
	'Queues the call of a charge that has waited for the number of its payer.';

-- Who somebody is at a provider.
CREATE OR REPLACE FUNCTION skillancer.provider_ask_customer(p_provider text, p_user skillancer.user_id) RETURNS void
	LANGUAGE c VOLATILE STRICT SECURITY DEFINER
	AS 'MODULE_PATHNAME', 'skl_fn_provider_ask_customer';
ALTER FUNCTION skillancer.provider_ask_customer(text, skillancer.user_id) OWNER TO skillancer_engine;
COMMENT ON FUNCTION skillancer.provider_ask_customer(text, skillancer.user_id) IS
	'Asks a provider that is reached over the network for a number of a user, unless it was asked before. The user''s charges wait for it.';

CREATE OR REPLACE FUNCTION skillancer.provider_read_customer(p_provider text, p_status integer, p_body jsonb) RETURNS text
	LANGUAGE c STABLE STRICT
	AS 'MODULE_PATHNAME', 'skl_fn_provider_read_customer';
COMMENT ON FUNCTION skillancer.provider_read_customer(text, integer, jsonb) IS 'The number in the answer of a provider; NULL: none.';

-- What a provider said about a customer.
CREATE OR REPLACE FUNCTION skillancer.provider_customer_known(p_provider text, p_user uuid, p_number text) RETURNS void
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_charge skillancer.charge_id;
BEGIN
	IF p_number IS NULL THEN
		DELETE FROM skillancer.provider_customer k WHERE k.user_id = p_user::skillancer.user_id AND k.provider = p_provider;
	ELSE
		UPDATE skillancer.provider_customer k SET external_id = p_number WHERE k.user_id = p_user::skillancer.user_id AND k.provider = p_provider;
	END IF;
	FOR v_charge IN SELECT c.id FROM skillancer.charge c
		WHERE c.user_id = p_user::skillancer.user_id AND c.provider = p_provider AND c.state = 'PROCESSING'
			AND NOT EXISTS (SELECT FROM skillancer.provider_call o WHERE o.ref = c.id::uuid AND o.operation = 'CHARGE')
		ORDER BY c.id
	LOOP
		-- it belongs to the request that wanted the charge, not to the one that asked for the customer
		PERFORM skillancer.follow(l.id::uuid, l.correlation_id)
		FROM (
			SELECT e.id, e.correlation_id FROM skillancer.event e
			WHERE e.aggregate_id = v_charge::uuid
			ORDER BY e.seq DESC
			LIMIT 1) l;
		PERFORM skillancer.provider_begin_charge(v_charge);
	END LOOP;
END
$$;
COMMENT ON FUNCTION skillancer.provider_customer_known(text, uuid, text) IS
	'Keeps the number of a user, and goes on with the charges that wait for it; without one (NULL) they go on as well, and the next card asks again.';

-- Locks an item, and before it what its outcome will touch.
CREATE OR REPLACE FUNCTION skillancer.provider_lock(p_kind text, p_ref uuid) RETURNS void
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	CASE p_kind
		WHEN 'customer' THEN
			PERFORM FROM skillancer.provider_customer k WHERE k.user_id = p_ref::skillancer.user_id FOR NO KEY UPDATE;
		WHEN 'charge' THEN
			PERFORM skillancer.milestone_lock(c.milestone_id)
			FROM skillancer.charge c
			WHERE c.id = p_ref::skillancer.charge_id AND c.milestone_id IS NOT NULL;
			PERFORM FROM skillancer.charge c WHERE c.id = p_ref::skillancer.charge_id FOR NO KEY UPDATE;
		WHEN 'payout' THEN
			PERFORM FROM skillancer.payout p WHERE p.id = p_ref::skillancer.payout_id FOR NO KEY UPDATE;
		WHEN 'refund' THEN
			PERFORM FROM skillancer.charge c
			WHERE c.id = (SELECT r.charge_id FROM skillancer.refund r WHERE r.id = p_ref::skillancer.refund_id) FOR NO KEY UPDATE;
			PERFORM FROM skillancer.refund r WHERE r.id = p_ref::skillancer.refund_id FOR NO KEY UPDATE;
	END CASE;
END
$$;
COMMENT ON FUNCTION skillancer.provider_lock(text, uuid) IS
	'Locks a customer, charge, refund or payout in the order that all locks are taken: booking, milestone, charge, then itself.';

-- When to send again.
CREATE OR REPLACE FUNCTION skillancer.provider_retry_at(p_attempt integer) RETURNS timestamptz
	LANGUAGE sql VOLATILE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
	SELECT skillancer.now() + (0.75 + 0.5 * random()) * least(interval '1 hour',
		current_setting('skillancer.provider_retry_delay')::interval * (4 ^ least(p_attempt - 1, 10)))
$$;
COMMENT ON FUNCTION skillancer.provider_retry_at(integer) IS
	'When to send again after an attempt: skillancer.provider_retry_delay, four times as long each time, give or take a quarter.';

-- A call of which nobody knows what it did.
CREATE OR REPLACE FUNCTION skillancer.provider_lost(p_call uuid, p_note text) RETURNS void
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_call skillancer.provider_call%ROWTYPE;
	v_state text;
BEGIN
	SELECT * INTO STRICT v_call FROM skillancer.provider_call c WHERE c.id = p_call;
	PERFORM skillancer.provider_lock(v_call.kind, v_call.ref);
	v_state := CASE v_call.kind
		WHEN 'charge' THEN (SELECT c.state FROM skillancer.charge c WHERE c.id = v_call.ref::skillancer.charge_id)
		WHEN 'refund' THEN (SELECT r.state FROM skillancer.refund r WHERE r.id = v_call.ref::skillancer.refund_id)
		WHEN 'payout' THEN (SELECT p.state FROM skillancer.payout p WHERE p.id = v_call.ref::skillancer.payout_id) END;
	UPDATE skillancer.provider_call c
	SET state = CASE WHEN v_call.operation = 'ASK' AND 5 <= (
			SELECT count(*) FROM skillancer.provider_call o
			WHERE o.ref = v_call.ref AND o.operation = 'ASK' AND o.state IN ('ANSWERED', 'LOST')) THEN 'PARKED' ELSE 'LOST' END,
		lease_until = NULL, answer = NULL, last_error = left(p_note, 1000), settled_at = skillancer.now()
	WHERE c.id = p_call;
	IF v_call.kind = 'customer' THEN
		PERFORM skillancer.provider_customer_known(v_call.provider, v_call.ref, NULL);
	ELSIF v_state = 'PROCESSING' THEN
		PERFORM skillancer.fire_system(v_call.kind, v_call.ref, 'lose');
	END IF;
END
$$;
COMMENT ON FUNCTION skillancer.provider_lost(uuid, text) IS
	'Gives a call up that was not answered: what it was about is ERRORED, and asked for. The fifth question in vain is parked instead, and nothing is asked until it is driven again.';

-- Calls whose courier died at the last attempt.
CREATE OR REPLACE FUNCTION skillancer.provider_give_up(p_max_attempts integer) RETURNS void
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	UPDATE skillancer.provider_call c
	SET state = 'ANSWERED', status = 0, lease_until = NULL, due_at = skillancer.now(),
		last_error = coalesce(c.last_error, 'the server stopped while it was sent')
	WHERE c.state = 'SENDING' AND c.lease_until < skillancer.now() AND c.attempts >= p_max_attempts;
	-- a provider forgets keys: after that, sending again might do it again
	UPDATE skillancer.provider_call c
	SET state = 'ANSWERED', status = 0, due_at = skillancer.now(), last_error = 'it waited too long to be sent under its key'
	WHERE c.state = 'QUEUED' AND c.operation <> 'ASK'
		AND c.created_at < skillancer.now() - skillancer.policy_interval('providerKeyTerm');
END
$$;
COMMENT ON FUNCTION skillancer.provider_give_up(integer) IS
	'Settles calls as unanswered whose last attempt never reported, or that are older than the policy providerKeyTerm.';

-- provider_claim
CREATE OR REPLACE FUNCTION skillancer.provider_claim(p_limit integer, p_max_attempts integer, p_timeout_ms integer)
RETURNS TABLE (id uuid, attempt integer, provider text, idempotency_key text, method text, path text, body text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	PERFORM skillancer.provider_give_up(p_max_attempts);
	RETURN QUERY
	UPDATE skillancer.provider_call c
	SET state = 'SENDING', attempts = c.attempts + 1,
		lease_until = skillancer.now() + make_interval(secs => p_timeout_ms / 1000.0 + 10)
	FROM (
		SELECT q.id
		FROM skillancer.provider_call q
		WHERE q.state = 'QUEUED' AND q.due_at <= skillancer.now()
			OR q.state = 'SENDING' AND q.lease_until < skillancer.now()
		ORDER BY q.due_at
		LIMIT p_limit
		FOR UPDATE SKIP LOCKED) d
	WHERE c.id = d.id
	RETURNING c.id, c.attempts, c.provider, c.idempotency_key, c.method, c.path, c.body;
END
$fn$;
COMMENT ON FUNCTION skillancer.provider_claim(integer, integer, integer) IS 'Leases calls that are due for one attempt each.';
ALTER FUNCTION skillancer.provider_claim(integer, integer, integer) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.provider_claim(integer, integer, integer) TO skillancer_worker;

-- provider_record
CREATE OR REPLACE FUNCTION skillancer.provider_record(p_call uuid, p_attempt integer, p_status integer, p_body text, p_error text)
RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_answer jsonb;
BEGIN
	BEGIN
		v_answer := p_body::jsonb;
	EXCEPTION WHEN OTHERS THEN
		v_answer := NULL; -- an answer that is no JSON is none
	END;
	UPDATE skillancer.provider_call c
	SET state = 'ANSWERED', status = p_status, answer = v_answer, last_error = nullif(left(p_error, 1000), ''),
		lease_until = NULL, due_at = skillancer.now()
	WHERE c.id = p_call AND c.attempts = p_attempt AND c.state = 'SENDING';
	RETURN FOUND;
END
$fn$;
COMMENT ON FUNCTION skillancer.provider_record(uuid, integer, integer, text, text) IS
	'Keeps what an attempt came back with (status 0: nothing); false when a newer attempt has taken over.';
ALTER FUNCTION skillancer.provider_record(uuid, integer, integer, text, text) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.provider_record(uuid, integer, integer, text, text) TO skillancer_worker;

-- provider_next
CREATE OR REPLACE FUNCTION skillancer.provider_next(OUT call uuid, OUT event text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	UPDATE skillancer.provider_call c
	SET tries = c.tries + 1, due_at = skillancer.now() + interval '15 seconds'
	WHERE c.id = (
		SELECT q.id FROM skillancer.provider_call q
		WHERE q.state = 'ANSWERED' AND q.due_at <= skillancer.now()
		ORDER BY q.due_at LIMIT 1
		FOR UPDATE SKIP LOCKED)
	RETURNING c.id INTO call;
	IF call IS NOT NULL THEN
		RETURN;
	END IF;
	UPDATE skillancer.provider_event e
	SET tries = e.tries + 1, due_at = skillancer.now() + interval '15 seconds'
	WHERE (e.provider, e.id) = (
		SELECT q.provider, q.id FROM skillancer.provider_event q
		WHERE q.state = 'RECEIVED' AND q.due_at <= skillancer.now()
		ORDER BY q.due_at, q.occurred_at LIMIT 1
		FOR UPDATE SKIP LOCKED)
	RETURNING e.id INTO event;
END
$fn$;
COMMENT ON FUNCTION skillancer.provider_next() IS
	'The next answer or webhook to settle, with a try counted, which is committed before the settling begins; both NULL when there is none.';
ALTER FUNCTION skillancer.provider_next() OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.provider_next() TO skillancer_worker;

-- Settles an answer.
CREATE OR REPLACE FUNCTION skillancer.provider_settle_call(p_call uuid) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_call skillancer.provider_call%ROWTYPE;
	v_verdict text[];
BEGIN
	SELECT * INTO v_call FROM skillancer.provider_call c WHERE c.id = p_call AND c.state = 'ANSWERED';
	IF NOT FOUND THEN
		RETURN;
	END IF;
	v_verdict := '{RETRY, NULL}';
	IF v_call.kind = 'customer' THEN
		PERFORM skillancer.provider_lock(v_call.kind, v_call.ref);
		IF skillancer.provider_read_customer(v_call.provider, v_call.status, v_call.answer) IS NOT NULL THEN
			PERFORM skillancer.provider_customer_known(v_call.provider, v_call.ref,
				skillancer.provider_read_customer(v_call.provider, v_call.status, v_call.answer));
			v_verdict := '{DONE, NULL}';
		END IF;
	ELSIF v_call.status <> 0 THEN
		PERFORM skillancer.provider_lock(v_call.kind, v_call.ref);
		v_verdict := skillancer.provider_read_call(v_call.kind, v_call.ref, v_call.operation, v_call.status, v_call.answer);
	END IF;
	IF v_verdict[1] <> 'RETRY' THEN
		UPDATE skillancer.provider_call c
		SET state = v_verdict[1], last_error = left(v_verdict[2], 1000), settled_at = skillancer.now(),
			answer = CASE WHEN v_verdict[1] = 'PARKED' THEN c.answer END
		WHERE c.id = p_call;
	ELSIF v_call.attempts < current_setting('skillancer.provider_max_attempts')::integer
		AND v_call.created_at > skillancer.now() - skillancer.policy_interval('providerKeyTerm') THEN
		UPDATE skillancer.provider_call c
		SET state = 'QUEUED', tries = 0, answer = NULL, last_error = left(coalesce(v_verdict[2], c.last_error), 1000),
			due_at = skillancer.provider_retry_at(c.attempts)
		WHERE c.id = p_call;
	ELSE
		PERFORM skillancer.provider_lost(p_call, coalesce(v_verdict[2], v_call.last_error));
	END IF;
END
$fn$;
COMMENT ON FUNCTION skillancer.provider_settle_call(uuid) IS
	'Applies the answer to a call. Without a usable one it is sent again under its key, and given up after all attempts.';

-- Which of our items an event is about.
CREATE OR REPLACE FUNCTION skillancer.provider_find(p_provider text, p_object jsonb, OUT kind text, OUT ref uuid)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_name text := p_object #>> '{metadata,skillancer_id}';
BEGIN
	SELECT i.kind, i.id INTO kind, ref
	FROM skillancer.provider_item i
	WHERE i.provider = p_provider AND i.external_id = p_object ->> 'id';
	IF FOUND THEN
		RETURN;
	END IF;
	kind := CASE left(v_name, 4) WHEN 'pay_' THEN 'charge' WHEN 'rfd_' THEN 'refund' WHEN 'pyo_' THEN 'payout' END;
	BEGIN
		ref := CASE kind
			WHEN 'charge' THEN (SELECT c.id::uuid FROM skillancer.charge c WHERE c.provider = p_provider AND c.id = v_name::skillancer.charge_id)
			WHEN 'refund' THEN (SELECT r.id::uuid FROM skillancer.refund r WHERE r.provider = p_provider AND r.id = v_name::skillancer.refund_id)
			WHEN 'payout' THEN (SELECT p.id::uuid FROM skillancer.payout p WHERE p.provider = p_provider AND p.id = v_name::skillancer.payout_id) END;
	EXCEPTION WHEN invalid_text_representation THEN
		NULL; -- somebody else's metadata
	END;
END
$fn$;
COMMENT ON FUNCTION skillancer.provider_find(text, jsonb) IS
	'The charge, refund or payout that an object of the provider is: by its number, else by the id that we keep in its metadata. ref is NULL when there is none.';

-- Settles what a card holder's bank has done.
CREATE OR REPLACE FUNCTION skillancer.provider_settle_dispute(p_provider text, p_object jsonb) RETURNS text[]
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_status text := p_object ->> 'status';
	v_currency text := upper(p_object ->> 'currency');
	v_reference text := p_object ->> 'id';
	v_amount bigint := (p_object ->> 'amount')::bigint;
	v_fee bigint := coalesce((p_object #>> '{balance_transactions,0,fee}')::bigint, 0);
	v_charge record;
BEGIN
	IF v_status LIKE 'warning%' THEN
		RETURN ARRAY['STALE', 'an inquiry: no money has moved', NULL];
	END IF;
	SELECT c.id, c.amount INTO v_charge FROM skillancer.charge c
	WHERE c.provider = p_provider AND c.external_id = p_object ->> 'payment_intent';
	IF NOT FOUND THEN
		RETURN ARRAY['IGNORED', 'about nothing of ours', NULL];
	ELSIF v_currency <> skillancer.monetary_currency(v_charge.amount) OR v_status NOT IN ('needs_response', 'under_review', 'won', 'lost') THEN
		RETURN ARRAY['PARKED', format('a charge-back in %s that is %s', v_currency, v_status), v_charge.id::uuid::text];
	END IF;
	IF p_provider = 'stripe' THEN
		v_amount := skillancer.stripe_minor(v_amount, v_currency);
		v_fee := skillancer.stripe_minor(v_fee, v_currency);
	END IF;
	PERFORM skillancer.chargeback_open(v_charge.id, skillancer.monetary_of(v_amount, v_currency),
		skillancer.monetary_of(v_fee, v_currency), v_reference, p_object ->> 'reason');
	IF v_status IN ('won', 'lost') THEN
		PERFORM skillancer.chargeback_close(v_reference, v_status = 'won');
	END IF;
	RETURN ARRAY['DONE', NULL, v_charge.id::uuid::text];
END
$fn$;
COMMENT ON FUNCTION skillancer.provider_settle_dispute(text, jsonb) IS
	'Opens a charge-back, and closes one that was decided: {DONE | STALE | IGNORED | PARKED, note, charge}. Repeated and out of order it does nothing twice.';

-- Settles a webhook.
CREATE OR REPLACE FUNCTION skillancer.provider_settle_event(p_event text) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_event skillancer.provider_event%ROWTYPE;
	v_found record;
	v_verdict text[] := '{IGNORED, "about nothing of ours"}';
BEGIN
	SELECT * INTO v_event FROM skillancer.provider_event e WHERE e.id = p_event AND e.state = 'RECEIVED';
	IF NOT FOUND THEN
		RETURN;
	END IF;
	SELECT f.kind, f.ref INTO v_found FROM skillancer.provider_find(v_event.provider, v_event.object) f;
	PERFORM skillancer.follow(NULL, v_event.correlation_id);
	PERFORM skillancer.follow(c.causation_id, c.correlation_id)
	FROM (
		SELECT q.causation_id, q.correlation_id FROM skillancer.provider_call q
		WHERE q.kind = v_found.kind AND q.ref = v_found.ref AND q.correlation_id IS NOT NULL
		ORDER BY q.id DESC
		LIMIT 1) c;
	IF v_event.object ->> 'object' = 'dispute' THEN
		v_verdict := skillancer.provider_settle_dispute(v_event.provider, v_event.object);
		SELECT 'charge' AS kind, v_verdict[3]::uuid AS ref INTO v_found;
	ELSIF v_found.ref IS NOT NULL THEN
		PERFORM skillancer.provider_lock(v_found.kind, v_found.ref);
		v_verdict := skillancer.provider_read_event(v_found.kind, v_found.ref, v_event.object);
	END IF;
	UPDATE skillancer.provider_event e
	SET state = CASE v_verdict[1] WHEN 'ASK' THEN 'DONE' WHEN 'STALE' THEN 'IGNORED' ELSE v_verdict[1] END,
		note = left(coalesce(v_verdict[2], CASE v_verdict[1] WHEN 'ASK' THEN 'the provider is asked' WHEN 'STALE' THEN 'out of date' END), 1000),
		kind = CASE WHEN v_found.ref IS NOT NULL THEN v_found.kind END, ref = v_found.ref, settled_at = skillancer.now(),
		object = CASE WHEN v_verdict[1] = 'PARKED' THEN e.object END
	WHERE e.provider = v_event.provider AND e.id = p_event;
END
$fn$;
COMMENT ON FUNCTION skillancer.provider_settle_event(text) IS 'Applies what a webhook brought to the item that it is about.';

-- provider_settle
CREATE OR REPLACE FUNCTION skillancer.provider_settle(p_call uuid, p_event text)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_note text;
	v_counts boolean;
BEGIN
	IF p_call IS NOT NULL THEN
		PERFORM skillancer.follow(c.causation_id, c.correlation_id) FROM skillancer.provider_call c WHERE c.id = p_call;
		PERFORM skillancer.provider_settle_call(p_call);
	ELSE
		PERFORM skillancer.provider_settle_event(p_event);
	END IF;
	PERFORM skillancer.follow(NULL, NULL);
EXCEPTION WHEN OTHERS THEN
	PERFORM skillancer.follow(NULL, NULL);
	v_note := left(format('%s: %s', SQLSTATE, SQLERRM), 1000);
	v_counts := SQLSTATE NOT IN ('40001', '40P01', '55P03');
	UPDATE skillancer.provider_call c
	SET last_error = v_note, due_at = skillancer.now() + interval '1 second' * (2 ^ least(c.tries, 10)),
		tries = c.tries - CASE WHEN v_counts THEN 0 ELSE 1 END,
		state = CASE WHEN v_counts AND c.tries >= 5 THEN 'PARKED' ELSE c.state END
	WHERE c.id = p_call AND c.state = 'ANSWERED';
	UPDATE skillancer.provider_event e
	SET note = v_note, due_at = skillancer.now() + interval '1 second' * (2 ^ least(e.tries, 10)),
		tries = e.tries - CASE WHEN v_counts THEN 0 ELSE 1 END,
		state = CASE WHEN v_counts AND e.tries >= 5 THEN 'PARKED' ELSE e.state END
	WHERE e.id = p_event AND e.state = 'RECEIVED';
END
$fn$;
COMMENT ON FUNCTION skillancer.provider_settle(uuid, text) IS
	'Settles one answer or webhook. An error is tried again after a pause, and parked after five tries; a lost race for a lock does not count.';
ALTER FUNCTION skillancer.provider_settle(uuid, text) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.provider_settle(uuid, text) TO skillancer_worker;

-- provider_lag
CREATE OR REPLACE FUNCTION skillancer.provider_lag()
RETURNS double precision
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	RETURN (
		SELECT coalesce(greatest(extract(epoch FROM skillancer.now() - min(c.due_at)), 0), 0)
		FROM skillancer.provider_call c WHERE c.state IN ('QUEUED', 'SENDING', 'ANSWERED'));
END
$fn$;
COMMENT ON FUNCTION skillancer.provider_lag() IS 'Seconds that the oldest call to a payment provider is late.';
ALTER FUNCTION skillancer.provider_lag() OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.provider_lag() TO skillancer_worker;

-- redrive_provider
CREATE OR REPLACE FUNCTION skillancer.redrive_provider(p_item text)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_calls bigint;
	v_events bigint;
BEGIN
	UPDATE skillancer.provider_call c
	SET state = CASE WHEN c.answer IS NULL THEN 'QUEUED' ELSE 'ANSWERED' END, tries = 0, due_at = skillancer.now(),
		attempts = CASE WHEN c.answer IS NULL AND c.operation = 'ASK' THEN 0 ELSE c.attempts END, settled_at = NULL
	WHERE c.state = 'PARKED' AND (p_item IS NULL OR p_item = c.id::text);
	GET DIAGNOSTICS v_calls = ROW_COUNT;
	UPDATE skillancer.provider_event e
	SET state = 'RECEIVED', tries = 0, due_at = skillancer.now(), settled_at = NULL
	WHERE e.state = 'PARKED' AND (p_item IS NULL OR p_item = e.id);
	GET DIAGNOSTICS v_events = ROW_COUNT;
	PERFORM skillancer.wake('courier');
	RETURN v_calls + v_events;
END
$fn$;
COMMENT ON FUNCTION skillancer.redrive_provider(text) IS
	'Works on parked calls and webhooks of payment providers again: an answer that is there is applied again, a question is asked again.';

-- forget_provider_calls
CREATE OR REPLACE FUNCTION skillancer.forget_provider_calls()
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_before timestamptz := skillancer.now() - skillancer.policy_interval('providerRetention');
	v_events bigint;
BEGIN
	-- calls that move money stay: their keys keep it from being moved twice
	DELETE FROM skillancer.provider_call c
	WHERE c.settled_at < v_before AND c.state <> 'PARKED' AND c.operation IN ('ASK', 'CONFIRM', 'CANCEL')
		AND NOT EXISTS (SELECT FROM skillancer.provider_item i
			WHERE i.kind = c.kind AND i.id = c.ref AND i.state IN ('REQUIRES_ACTION', 'PROCESSING', 'ERRORED'));
	DELETE FROM skillancer.provider_event e WHERE e.settled_at < v_before AND e.state <> 'PARKED';
	GET DIAGNOSTICS v_events = ROW_COUNT;
	RETURN v_events;
END
$fn$;
COMMENT ON FUNCTION skillancer.forget_provider_calls() IS
	'Deletes settled questions and webhooks that are older than the policy providerRetention.';

INSERT INTO skillancer.housekeeping_job (job, every) VALUES ('forget_provider_calls', '1 day');

-- adopt_quiet_provider
CREATE OR REPLACE FUNCTION skillancer.adopt_quiet_provider()
RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_rows bigint;
BEGIN
	UPDATE skillancer.provider_call c
	SET state = 'PARKED', lease_until = NULL, settled_at = skillancer.now(), last_error = 'this database was a copy'
	WHERE c.state IN ('QUEUED', 'SENDING');
	GET DIAGNOSTICS v_rows = ROW_COUNT;
	RETURN format('%s calls to payment providers', v_rows);
END
$fn$;
COMMENT ON FUNCTION skillancer.adopt_quiet_provider() IS 'Part of adopt(quiet): a copy moves no money; its calls wait for people.';
ALTER FUNCTION skillancer.adopt_quiet_provider() OWNER TO skillancer_engine;
