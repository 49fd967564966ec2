-- sql/payment/api_fx.sql
--	API of exchange: rates, quotes, conversions of the wallet; rates and positions for finance.

-- The rates in force.
CREATE OR REPLACE FUNCTION skillancer_api.fx_rate_list() RETURNS json
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_role('USER');
	RETURN json_build_object(
		'spreadBps', skillancer.policy_value('fxTerms') -> 'spreadBps',
		'rates', coalesce((
			SELECT json_agg(json_build_object('base', r.base, 'quote', r.quote, 'rate', r.rate::text, 'validFrom', r.valid_from,
				'source', r.source, 'usable', r.valid_from + skillancer.policy_interval('fxMaxAge') >= skillancer.now())
				ORDER BY r.base, r.quote)
			FROM (
				SELECT DISTINCT ON (x.base, x.quote) x.* FROM skillancer.fx_rate x
				WHERE x.valid_from <= skillancer.now()
				ORDER BY x.base, x.quote, x.valid_from DESC) r), '[]'::json));
END
$$;
COMMENT ON FUNCTION skillancer_api.fx_rate_list() IS
	'Exchange rates in force, without spread, and the spread of conversions. A rate that is not usable is too old for a conversion.';
SELECT skillancer.add_route('GET', '/v1/fx-rates', 'fx_rate_list', summary => 'Exchange rates',
	answers => '{spreadBps: integer, rates: [{base: text, quote: text, rate: text, validFrom: timestamptz, source: text, usable: boolean}]}');

-- A quote.
CREATE OR REPLACE FUNCTION skillancer_api.conversion_preview(p_from text, p_to text, p_amount numeric, p_side text DEFAULT 'SELL')
	RETURNS json
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_buy boolean := coalesce(p_side, 'SELL') = 'BUY';
	v_currency text := CASE WHEN v_buy THEN p_to ELSE p_from END;
	v_until timestamptz := skillancer.now() + skillancer.policy_interval('fxQuoteTerm');
	v_amount skillancer.monetary;
	v_quote record;
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	PERFORM skillancer.check_that('from', skillancer.currency_digits(p_from) IS NOT NULL AND p_from <> 'XCN', 'must be an ISO 4217 code');
	PERFORM skillancer.check_that('to', skillancer.currency_digits(p_to) IS NOT NULL AND p_to NOT IN ('XCN', p_from), 'must be another ISO 4217 code');
	PERFORM skillancer.check_one_of('side', p_side, ARRAY['SELL', 'BUY'], false);
	PERFORM skillancer.check_number('amount', p_amount, 0.01, 1000000000);
	PERFORM skillancer.check_that('amount', p_amount = round(p_amount, skillancer.currency_digits(v_currency)),
		'has more decimal places than its currency');
	PERFORM skillancer.check_done();
	v_amount := skillancer.monetary(p_amount, v_currency);
	SELECT q.* INTO v_quote FROM skillancer.fx_quote(p_from, p_to, skillancer.monetary_minor(v_amount), v_buy) q;
	PERFORM skillancer.check_that('amount', skillancer.monetary_minor(v_quote.bought) > 0 AND skillancer.monetary_minor(v_quote.sold) > 0,
		'is too small to be converted');
	PERFORM skillancer.check_done();
	RETURN json_build_object('sold', v_quote.sold, 'spread', v_quote.spread, 'bought', v_quote.bought,
		'rate', v_quote.rate::text, 'rateAt', v_quote.rate_at, 'spreadBps', skillancer.policy_value('fxTerms') -> 'spreadBps',
		'expiresAt', v_until,
		'quote', skillancer.seal('conversion', concat_ws('|', skillancer.new_id(), skillancer.current_user_id()::uuid,
			v_quote.sold, v_quote.spread, v_quote.bought, v_quote.rate, extract(epoch FROM v_quote.rate_at), extract(epoch FROM v_until))));
END
$$;
COMMENT ON FUNCTION skillancer_api.conversion_preview(text, text, numeric, text) IS
	'What a conversion would be now: side SELL gives exactly the amount (spread included), BUY gets exactly it. The quote is taken by POST /v1/wallet/conversions until expiresAt. 409 RATE_UNAVAILABLE.';
SELECT skillancer.add_route('GET', '/v1/wallet/conversions/preview', 'conversion_preview',
	summary => 'Quote for a conversion of your wallet',
	answers => '{sold: monetary, spread: monetary, bought: monetary, rate: text, rateAt: timestamptz, spreadBps: integer, expiresAt: timestamptz, quote: text}');

-- A conversion as JSON.
CREATE OR REPLACE FUNCTION skillancer.conversion_json(p_id uuid) RETURNS json
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN (SELECT json_build_object('id', c.id, 'sold', c.sold, 'spread', c.spread, 'bought', c.bought, 'rate', c.rate::text,
			'rateAt', c.rate_at, 'createdAt', c.created_at)
		FROM skillancer.conversion c WHERE c.id = p_id);
END
$$;
COMMENT ON FUNCTION skillancer.conversion_json(uuid) IS 'JSON of a conversion.';
GRANT EXECUTE ON FUNCTION skillancer.conversion_json(uuid) TO skillancer_bridge;

-- Takes a quote.
CREATE OR REPLACE FUNCTION skillancer_api.conversion_create(p_quote text, p_dry_run boolean DEFAULT false)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_part text[];
	v_id uuid;
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	IF p_dry_run THEN
		RETURN ROW(200, NULL, NULL, NULL, skillancer.dry_run(format(
			'SELECT r.body FROM skillancer_api.conversion_create(%L, false) r', p_quote)))::skillancer.reply;
	END IF;
	v_part := string_to_array(skillancer.unseal('conversion', p_quote), '|');
	PERFORM skillancer.check_that('quote', v_part IS NOT NULL AND v_part[2] = skillancer.current_user_id()::uuid::text,
		'is not a quote that you were given');
	PERFORM skillancer.check_done();
	v_id := v_part[1]::uuid;
	IF to_timestamp(v_part[8]::numeric) < skillancer.now() THEN
		PERFORM skillancer.fail('RESOURCE_GONE', 'the quote has expired: ask for a new one');
	END IF;
	INSERT INTO skillancer.conversion (id, user_id, sold, spread, bought, rate, rate_at)
	VALUES (v_id, skillancer.current_user_id(), v_part[3]::skillancer.monetary, v_part[4]::skillancer.monetary,
		v_part[5]::skillancer.monetary, v_part[6]::numeric, to_timestamp(v_part[7]::numeric))
	ON CONFLICT (id) DO NOTHING;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('DUPLICATE_RESOURCE', 'the quote has been taken');
	END IF;
	PERFORM skillancer.conversion_post(v_id);
	PERFORM skillancer.emit('wallet.converted', 'conversion', v_id, jsonb_build_object('conversionId', v_id,
		'userId', skillancer.current_user_id(), 'sold', v_part[3]::skillancer.monetary, 'bought', v_part[5]::skillancer.monetary),
		ARRAY[skillancer.current_user_id()::uuid]);
	RETURN ROW(201, NULL, NULL, NULL, skillancer.conversion_json(v_id))::skillancer.reply;
END
$$;
COMMENT ON FUNCTION skillancer_api.conversion_create(text, boolean) IS
	'Converts money of the wallet as a quote says. 409 INSUFFICIENT_FUNDS, 410 when the quote has expired, 409 when it was taken.';
SELECT skillancer.add_route('POST', '/v1/wallet/conversions', 'conversion_create', who => 'CLIENT, FREELANCER',
	summary => 'Convert money of your wallet', answers => '200, 201 conversion|dry_run');

-- What was converted.
CREATE OR REPLACE FUNCTION skillancer_api.conversion_list(p_limit integer DEFAULT NULL, p_cursor text DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_limit integer := skillancer.check_limit(p_limit);
	v_after uuid := skillancer.cursor_decode('conversions', p_cursor)::uuid;
	v_items json[];
	v_keys text[];
BEGIN
	PERFORM skillancer.require_role('USER');
	PERFORM skillancer.check_done();
	SELECT array_agg(skillancer.conversion_json(d.id) ORDER BY d.id DESC), array_agg(d.id::text ORDER BY d.id DESC)
	INTO v_items, v_keys
	FROM (
		SELECT c.id FROM skillancer.conversion c
		WHERE c.user_id = skillancer.current_user_id() AND (v_after IS NULL OR c.id < v_after)
		ORDER BY c.id DESC
		LIMIT v_limit + 1) d;
	RETURN skillancer.list_reply(v_items, v_keys, v_limit, 'conversions');
END
$$;
COMMENT ON FUNCTION skillancer_api.conversion_list(integer, text) IS 'The caller''s conversions, newest first.';
SELECT skillancer.add_route('GET', '/v1/wallet/conversions', 'conversion_list', summary => 'Conversions of your wallet',
	answers => '[conversion]');

-- Staff puts a rate.
CREATE OR REPLACE FUNCTION skillancer_api.fx_rate_create(p_base text, p_quote text, p_rate numeric, p_source text,
		p_valid_from timestamptz DEFAULT NULL, p_confirm boolean DEFAULT false)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_id uuid;
BEGIN
	IF NOT skillancer.staff_may('finance:adjust', 'fx.rate_set', 'fx_rate', NULL) THEN
		RETURN skillancer.refusal(403, 'PERMISSION_DENIED', 'you are not allowed to do this');
	END IF;
	PERFORM skillancer.check_that('base', skillancer.currency_digits(p_base) IS NOT NULL AND p_base <> 'XCN', 'must be an ISO 4217 code');
	PERFORM skillancer.check_that('quote', skillancer.currency_digits(p_quote) IS NOT NULL AND p_quote NOT IN ('XCN', p_base),
		'must be another ISO 4217 code');
	PERFORM skillancer.check_number('rate', p_rate, 0.0000000001, 1000000000);
	PERFORM skillancer.check_that('rate', p_rate = round(p_rate, 10), 'has more than ten decimal places');
	PERFORM skillancer.check_text('source', p_source, 1, 100);
	PERFORM skillancer.check_done();
	v_id := skillancer.fx_rate_put(p_base, p_quote, p_rate, p_source, coalesce(p_valid_from, skillancer.now()), coalesce(p_confirm, false));
	RETURN (SELECT ROW(201, NULL, NULL, NULL, json_build_object('id', r.id, 'base', r.base, 'quote', r.quote, 'rate', r.rate::text,
			'source', r.source, 'validFrom', r.valid_from))::skillancer.reply
		FROM skillancer.fx_rate r WHERE r.id = v_id);
END
$$;
COMMENT ON FUNCTION skillancer_api.fx_rate_create(text, text, numeric, text, timestamptz, boolean) IS
	'Adds an exchange rate: units of quote for one unit of base, from validFrom on. One that is far off the last needs "confirm": true.';
SELECT skillancer.add_route('POST', '/v1/admin/fx-rates', 'fx_rate_create', who => 'FINANCE, ADMIN',
	summary => 'Set an exchange rate',
	answers => '201 {id: uuid, base: text, quote: text, rate: text, source: text, validFrom: timestamptz}');

-- The open positions.
CREATE OR REPLACE FUNCTION skillancer_api.fx_positions() RETURNS json
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_permission('finance:view');
	RETURN (SELECT json_build_object('positions', coalesce(json_agg(json_build_object('position', p.position, 'value', p.value)
			ORDER BY p.currency), '[]'::json), 'value', skillancer.sum(p.value))
		FROM skillancer.fx_open_position p);
END
$$;
COMMENT ON FUNCTION skillancer_api.fx_positions() IS
	'What conversions have left open by currency: positive is owed to the platform''s books in that currency by the others. The value is by the last rates.';
SELECT skillancer.add_route('GET', '/v1/admin/fx-positions', 'fx_positions', who => 'FINANCE, ADMIN',
	summary => 'Open positions of conversions',
	answers => '{positions: [{position: monetary, value: monetary|null}], value: monetary|null}');
