/*
 * sql/core/idempotency.sql
 *		One effect for one Idempotency-Key, whatever the network does.
 *
 * The bridge wraps the call of a route:
 *   SELECT s.* FROM skillancer.idempotency_claim(key, route, hash) c
 *   CROSS JOIN LATERAL skillancer.idempotency_settle(key, route, c, CASE WHEN c.status IS NULL THEN call END) s
 * The row of the key and the effect commit together. A concurrent duplicate waits at the unique index for
 * the first to end and then reads its outcome.
 */

-- Claims a key or finds its outcome.
CREATE OR REPLACE FUNCTION skillancer.idempotency_claim(p_key text, p_route text, p_hash bytea)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_user skillancer.user_id := skillancer.current_user_id();
	v_row record;
BEGIN
	IF v_user IS NULL THEN
		PERFORM skillancer.fail('AUTHENTICATION_ERROR');
	END IF;
	PERFORM skillancer.check_text('Idempotency-Key', p_key, 1, 255);
	PERFORM skillancer.check_done();
	DELETE FROM skillancer.idempotency_key k
	WHERE k.user_id = v_user AND k.route = p_route AND k.key = p_key
		AND k.created_at + skillancer.policy_interval('idempotencyRetention') < skillancer.now();
	INSERT INTO skillancer.idempotency_key (user_id, route, key, body_hash)
	VALUES (v_user, p_route, p_key, p_hash)
	ON CONFLICT DO NOTHING;
	IF FOUND THEN
		RETURN NULL;
	END IF;
	SELECT k.body_hash, k.status, k.etag, k.headers, k.meta, k.body INTO v_row
	FROM skillancer.idempotency_key k
	WHERE k.user_id = v_user AND k.route = p_route AND k.key = p_key;
	IF v_row.body_hash IS DISTINCT FROM p_hash THEN
		PERFORM skillancer.fail('IDEMPOTENCY_MISMATCH');
	END IF;
	IF v_row.status IS NULL THEN
		PERFORM skillancer.fail('IDEMPOTENCY_IN_PROGRESS');
	END IF;
	RETURN ROW(v_row.status, v_row.etag,
		coalesce(v_row.headers, '{}') || '{"Idempotency-Replayed": "true"}',
		v_row.meta, v_row.body)::skillancer.reply;
END
$$;
COMMENT ON FUNCTION skillancer.idempotency_claim(text, text, bytea) IS
	'NULL when the key is new for this user and route, else the stored answer. IDEMPOTENCY_MISMATCH when the body differs.';
ALTER FUNCTION skillancer.idempotency_claim(text, text, bytea) OWNER TO skillancer_engine;

-- Stores the outcome, or passes the stored one on.
CREATE OR REPLACE FUNCTION skillancer.idempotency_settle(p_key text, p_route text, p_stored skillancer.reply, p_fresh skillancer.reply)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_user skillancer.user_id := skillancer.current_user_id();
BEGIN
	IF p_stored.status IS NOT NULL THEN
		RETURN p_stored;
	END IF;
	IF p_fresh.status >= 300 THEN
		DELETE FROM skillancer.idempotency_key k
		WHERE k.user_id = v_user AND k.route = p_route AND k.key = p_key;
	ELSE
		UPDATE skillancer.idempotency_key k
		SET status = p_fresh.status, etag = p_fresh.etag, headers = p_fresh.headers, meta = p_fresh.meta, body = p_fresh.body
		WHERE k.user_id = v_user AND k.route = p_route AND k.key = p_key;
	END IF;
	RETURN p_fresh;
END
$$;
COMMENT ON FUNCTION skillancer.idempotency_settle(text, text, skillancer.reply, skillancer.reply) IS
	'Stores a fresh 2xx answer under the key; a refusal frees the key; a stored answer is returned as it is.';
ALTER FUNCTION skillancer.idempotency_settle(text, text, skillancer.reply, skillancer.reply) OWNER TO skillancer_engine;

GRANT EXECUTE ON FUNCTION
	skillancer.idempotency_claim(text, text, bytea),
	skillancer.idempotency_settle(text, text, skillancer.reply, skillancer.reply)
	TO skillancer_bridge;
