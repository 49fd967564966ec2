-- sql/payment/api_earnings.sql
--	API of earnings: one by one, or added up by period, client or booking.

-- Earnings of the caller as groups.
CREATE OR REPLACE FUNCTION skillancer.earning_groups(p_group_by text, p_state text, p_currency text, p_from timestamptz,
		p_to timestamptz)
	RETURNS TABLE (key text, currency text, earnings bigint, gross skillancer.monetary, fee skillancer.monetary,
		net skillancer.monetary, returned skillancer.monetary)
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN QUERY
		SELECT CASE
				WHEN p_group_by IN ('day', 'week', 'month', 'year') THEN
					to_char(date_trunc(p_group_by, e.created_at AT TIME ZONE 'UTC'), 'YYYY-MM-DD')
				WHEN p_group_by = 'client' THEN e.client_id::text
				WHEN p_group_by = 'booking' THEN e.booking_id::text
				ELSE '' END,
			skillancer.monetary_currency(e.gross), count(*), skillancer.sum(e.gross), skillancer.sum(e.fee), skillancer.sum(e.net),
			skillancer.monetary_of(coalesce(sum(r.net), 0)::bigint, skillancer.monetary_currency(e.gross))
		FROM skillancer.earning e
		LEFT JOIN LATERAL (
			SELECT sum(skillancer.monetary_minor(b.gross - b.fee)) AS net FROM skillancer.earning_return b WHERE b.earning_id = e.id
		) r ON true
		WHERE e.freelancer_id = skillancer.current_user_id() AND (p_state IS NULL OR e.state = p_state)
			AND (p_currency IS NULL OR skillancer.monetary_currency(e.gross) = p_currency)
			AND (p_from IS NULL OR e.created_at >= p_from) AND (p_to IS NULL OR e.created_at < p_to)
		GROUP BY 1, 2;
END
$$;
COMMENT ON FUNCTION skillancer.earning_groups(text, text, text, timestamptz, timestamptz) IS
	'Sums of the caller''s earnings by currency and by day, week, month, year (UTC), client or booking; NULL is one group a currency. returned is what was given back of the net later.';
GRANT EXECUTE ON FUNCTION skillancer.earning_groups(text, text, text, timestamptz, timestamptz) TO skillancer_bridge;

-- The name of a group, for people.
CREATE OR REPLACE FUNCTION skillancer.earning_group_name(p_group_by text, p_key text) RETURNS text
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN CASE p_group_by
		WHEN 'client' THEN (SELECT p.display_name FROM skillancer.profile p WHERE p.user_id = p_key::skillancer.user_id)
		WHEN 'booking' THEN (SELECT b.title FROM skillancer.booking b WHERE b.id = p_key::skillancer.booking_id) END;
END
$$;
COMMENT ON FUNCTION skillancer.earning_group_name(text, text) IS
	'The client''s name, where the profile can be seen, or the title of the booking; NULL for periods.';
GRANT EXECUTE ON FUNCTION skillancer.earning_group_name(text, text) TO skillancer_bridge;

-- A page of groups, with the totals of all of them.
CREATE OR REPLACE FUNCTION skillancer.earning_group_page(p_group_by text, p_state text, p_currency text, p_from timestamptz,
		p_to timestamptz, p_after text, p_limit integer, p_scope text)
	RETURNS skillancer.reply
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_items json[];
	v_keys text[];
	v_reply skillancer.reply;
BEGIN
	SELECT array_agg(skillancer.json_doc(p_group_by, g.key, 'name', skillancer.earning_group_name(p_group_by, g.key),
			'earnings', g.earnings, 'gross', g.gross, 'fee', g.fee, 'net', g.net, 'returned', g.returned) ORDER BY g.place DESC),
		array_agg(g.place ORDER BY g.place DESC)
	INTO v_items, v_keys
	FROM (
		SELECT x.*, concat_ws('|', x.key, x.currency) COLLATE "C" AS place
		FROM skillancer.earning_groups(p_group_by, p_state, p_currency, p_from, p_to) x
		WHERE p_after IS NULL OR concat_ws('|', x.key, x.currency) COLLATE "C" < p_after
		ORDER BY place DESC
		LIMIT p_limit + 1
	) g;
	v_reply := skillancer.list_reply(v_items, v_keys, p_limit, p_scope);
	v_reply.meta := v_reply.meta || jsonb_build_object('totals', coalesce((
		SELECT jsonb_agg(jsonb_build_object('earnings', t.earnings, 'gross', t.gross::jsonb, 'fee', t.fee::jsonb,
			'net', t.net::jsonb, 'returned', t.returned::jsonb) ORDER BY t.currency)
		FROM skillancer.earning_groups(NULL, p_state, p_currency, p_from, p_to) t), '[]'));
	RETURN v_reply;
END
$$;
COMMENT ON FUNCTION skillancer.earning_group_page(text, text, text, timestamptz, timestamptz, text, integer, text) IS
	'A page of earning_groups() in descending order, and in meta the totals by currency.';
GRANT EXECUTE ON FUNCTION skillancer.earning_group_page(text, text, text, timestamptz, timestamptz, text, integer, text)
	TO skillancer_bridge;

-- What the caller earned.
CREATE OR REPLACE FUNCTION skillancer_api.earning_list(p_state text DEFAULT NULL, p_group_by text DEFAULT NULL,
		p_currency text DEFAULT NULL, p_from timestamptz DEFAULT NULL, p_to timestamptz DEFAULT NULL,
		p_limit integer DEFAULT NULL, p_cursor text DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_limit integer := skillancer.check_limit(p_limit);
	v_scope text := concat_ws('|', 'earnings', coalesce(p_state, '*'), coalesce(p_group_by, '*'), coalesce(p_currency, '*'),
		coalesce(p_from::text, '*'), coalesce(p_to::text, '*'));
	v_after text;
	v_items json[];
	v_keys text[];
BEGIN
	PERFORM skillancer.check_one_of('state', p_state, ARRAY['PENDING', 'AVAILABLE'], false);
	PERFORM skillancer.check_one_of('groupBy', p_group_by, ARRAY['day', 'week', 'month', 'year', 'client', 'booking'], false);
	PERFORM skillancer.check_history(NULL, p_currency, p_from, p_to);
	v_after := skillancer.cursor_decode(v_scope, p_cursor);
	PERFORM skillancer.check_done();
	IF p_group_by IS NOT NULL THEN
		RETURN skillancer.earning_group_page(p_group_by, p_state, p_currency, p_from, p_to, v_after, v_limit, v_scope);
	END IF;
	SELECT array_agg(d.doc ORDER BY d.id DESC), array_agg(d.id::text ORDER BY d.id DESC)
	INTO v_items, v_keys
	FROM (
		SELECT e.id, e.doc FROM skillancer.earning_doc e
		WHERE e.freelancer_id = skillancer.current_user_id() AND (p_state IS NULL OR e.state = p_state)
			AND (p_currency IS NULL OR e.currency = p_currency)
			AND (p_from IS NULL OR e.created_at >= p_from) AND (p_to IS NULL OR e.created_at < p_to)
			AND (v_after IS NULL OR e.id < v_after::uuid)
		ORDER BY e.id DESC
		LIMIT v_limit + 1
	) d;
	RETURN skillancer.list_reply(v_items, v_keys, v_limit, v_scope);
END
$$;
COMMENT ON FUNCTION skillancer_api.earning_list(text, text, text, timestamptz, timestamptz, integer, text) IS
	'The caller''s earnings with gross, fee and net, newest first. groupBy=day|week|month|year|client|booking adds them up; meta.totals has the sums by currency.';
SELECT skillancer.add_route('GET', '/v1/payments/earnings', 'earning_list', summary => 'My earnings',
	answers => '[earning_doc|earning_group] meta {totals?: [{earnings: bigint, gross: monetary, fee: monetary, net: monetary, returned: monetary}]}');
