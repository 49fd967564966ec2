/*
 * sql/payment/fx.sql
 *		Exchange rates and conversions of wallets.
 *
 * A conversion has two steps: a quote, which shows rate, spread and both amounts and is sealed, and the command that
 * takes it. So nobody converts at a rate that he has not seen, and the arithmetic (extension/payment/fx.c) is done once.
 */

-- What a conversion would be at the current rate.
CREATE OR REPLACE FUNCTION skillancer.fx_quote(p_from text, p_to text, p_minor bigint, p_buy boolean,
	OUT sold skillancer.monetary, OUT spread skillancer.monetary, OUT bought skillancer.monetary,
	OUT rate numeric, OUT rate_at timestamptz)
LANGUAGE c STABLE STRICT SECURITY DEFINER
AS 'MODULE_PATHNAME', 'skl_fn_fx_quote';
COMMENT ON FUNCTION skillancer.fx_quote(text, text, bigint, boolean) IS
	'What has to be sold to buy so many minor units (or what is bought for selling them), with the spread, at the current rate. RATE_UNAVAILABLE.';
ALTER FUNCTION skillancer.fx_quote(text, text, bigint, boolean) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.fx_quote(text, text, bigint, boolean) TO skillancer_bridge;

-- What an amount is worth.
CREATE OR REPLACE FUNCTION skillancer.fx_value(p_amount skillancer.monetary, p_currency text)
RETURNS skillancer.monetary
LANGUAGE c STABLE STRICT SECURITY DEFINER
AS 'MODULE_PATHNAME', 'skl_fn_fx_value';
COMMENT ON FUNCTION skillancer.fx_value(skillancer.monetary, text) IS
	'Worth of an amount in another currency by the last rate, however old, without spread; NULL when there is no rate.';
ALTER FUNCTION skillancer.fx_value(skillancer.monetary, text) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.fx_value(skillancer.monetary, text)
	TO skillancer_bridge, skillancer_admin, skillancer_backup;

-- T15.
CREATE OR REPLACE FUNCTION skillancer.conversion_post(p_id uuid)
RETURNS void
LANGUAGE c VOLATILE STRICT SECURITY DEFINER
AS 'MODULE_PATHNAME', 'skl_fn_conversion_post';
COMMENT ON FUNCTION skillancer.conversion_post(uuid) IS 'Posts a conversion by its row; INSUFFICIENT_FUNDS.';
ALTER FUNCTION skillancer.conversion_post(uuid) OWNER TO skillancer_engine;

-- A new rate.
CREATE OR REPLACE FUNCTION skillancer.fx_rate_put(p_base text, p_quote text, p_rate numeric, p_source text, p_valid_from timestamptz, p_confirmed boolean)
RETURNS uuid
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_id   uuid := skillancer.new_id();
	v_last numeric;
BEGIN
	IF skillancer.has_request() THEN
		PERFORM skillancer.require_permission('finance:adjust');
	END IF;
	SELECT r.rate INTO v_last FROM skillancer.fx_rate r
	WHERE r.base = p_base AND r.quote = p_quote AND r.source <> 'builtin' ORDER BY r.valid_from DESC LIMIT 1;
	PERFORM skillancer.check_that('rate', p_confirmed OR v_last IS NULL
		OR abs(p_rate - v_last) * 100 <= v_last * skillancer.policy_int('fxMaxMove'),
		format('is far from the last one, %s: confirm it', v_last));
	PERFORM skillancer.check_done();
	INSERT INTO skillancer.fx_rate (id, base, quote, rate, valid_from, source, set_by)
	VALUES (v_id, p_base, p_quote, p_rate, p_valid_from, p_source, skillancer.current_user_id())
	ON CONFLICT (base, quote, valid_from) DO NOTHING;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('DUPLICATE_RESOURCE', 'there is a rate of this pair from this time on');
	END IF;
	PERFORM skillancer.audit('fx.rate_set', 'fx_rate', v_id, jsonb_build_object('rate', v_last),
		jsonb_build_object('base', p_base, 'quote', p_quote, 'rate', p_rate, 'source', p_source));
	PERFORM skillancer.emit('fx.rate_set', 'fx_rate', v_id, jsonb_build_object('rateId', v_id, 'base', p_base,
		'quote', p_quote, 'rate', p_rate::text));
	RETURN v_id;
END
$$;
COMMENT ON FUNCTION skillancer.fx_rate_put(text, text, numeric, text, timestamptz, boolean) IS
	'Adds an exchange rate: units of quote for one unit of base. Needs finance:adjust in a request; one that is far off the last has to be confirmed. Audited.';
ALTER FUNCTION skillancer.fx_rate_put(text, text, numeric, text, timestamptz, boolean) OWNER TO skillancer_engine;
