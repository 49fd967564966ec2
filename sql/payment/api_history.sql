-- sql/payment/api_history.sql
--	API of the history of somebody's money: a list, and the same as a table for spreadsheets.

-- What a posting is to a user.
CREATE OR REPLACE FUNCTION skillancer.movement_kind(p_kind text) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
	SELECT CASE p_kind
		WHEN 'release_part' THEN 'RELEASE'
		WHEN 'refund_part' THEN 'REFUND'
		WHEN 'mature' THEN 'AVAILABLE'
		WHEN 'payout_returned' THEN 'PAYOUT_RETURN'
		WHEN 'payout_bounced' THEN 'PAYOUT_RETURN'
		ELSE upper(p_kind) END
$$;
COMMENT ON FUNCTION skillancer.movement_kind(text) IS
	'The kind of a posting as users read it: parts are like the whole, and there is one word for payouts that came back.';

-- The booking that a posting is about.
CREATE OR REPLACE FUNCTION skillancer.posting_booking(p_txn bigint, p_ref uuid) RETURNS skillancer.booking_id
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN coalesce((
			SELECT a.booking_id FROM skillancer.ledger_entry e
			JOIN skillancer.ledger_account a ON a.id = e.account
			WHERE e.txn = p_txn AND a.booking_id IS NOT NULL LIMIT 1),
		(SELECT g.booking_id FROM skillancer.earning g WHERE g.id = p_ref),
		(SELECT m.booking_id FROM skillancer.milestone m WHERE m.id = p_ref::skillancer.milestone_id),
		(SELECT g.booking_id FROM skillancer.earning g WHERE g.tip_id = p_ref),
		(SELECT m.booking_id FROM skillancer.charge c JOIN skillancer.milestone m ON m.id = c.milestone_id
			WHERE c.id = p_ref::skillancer.charge_id));
END
$$;
ALTER FUNCTION skillancer.posting_booking(bigint, uuid) OWNER TO skillancer_engine;
COMMENT ON FUNCTION skillancer.posting_booking(bigint, uuid) IS
	'By the escrow that it moves, or by the earning or charge that it is about; NULL for payouts and deposits.';

-- The thing that a posting is about, under its public id.
CREATE OR REPLACE FUNCTION skillancer.posting_reference(p_kind text, p_ref uuid) RETURNS json
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN CASE
		WHEN p_ref IS NULL THEN NULL
		WHEN p_kind IN ('fund', 'release', 'release_part', 'refund', 'refund_part', 'give_back', 'roll') THEN
			json_build_object('type', 'milestone', 'id', p_ref::skillancer.milestone_id)
		WHEN p_kind IN ('charge', 'charge_cost') THEN json_build_object('type', 'charge', 'id', p_ref::skillancer.charge_id)
		WHEN p_kind IN ('connects_used', 'connects_returned') THEN
			json_build_object('type', 'proposal', 'id', p_ref::skillancer.proposal_id)
		WHEN p_kind LIKE 'card_refund%' THEN json_build_object('type', 'refund', 'id', p_ref::skillancer.refund_id)
		WHEN p_kind LIKE 'chargeback%' OR p_kind = 'recoup_return' THEN
			json_build_object('type', 'chargeback', 'id', p_ref)
		WHEN p_kind LIKE 'dispute%' THEN json_build_object('type', 'dispute', 'id', p_ref::skillancer.dispute_id)
		WHEN p_kind LIKE 'payout%' THEN json_build_object('type', 'payout', 'id', p_ref::skillancer.payout_id)
		WHEN p_kind IN ('mature', 'tax', 'recoup') THEN json_build_object('type', 'earning', 'id', p_ref)
		ELSE json_build_object('type', p_kind, 'id', p_ref) END;
END
$$;
COMMENT ON FUNCTION skillancer.posting_reference(text, uuid) IS 'Type and id of what a posting of a kind is about.';

-- The numbers of the postings that concern the caller.
CREATE OR REPLACE FUNCTION skillancer.my_postings(p_kind text, p_currency text, p_from timestamptz, p_to timestamptz,
		p_booking skillancer.booking_id, p_after bigint, p_limit integer)
	RETURNS SETOF bigint
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	-- the newest of each account, and of the releases to others: the newest of all are among them
	RETURN QUERY
		SELECT DISTINCT m.txn
		FROM (
			SELECT n.txn
			FROM skillancer.ledger_account a
			CROSS JOIN LATERAL (
				SELECT x.id AS txn
				FROM skillancer.ledger_entry e
				JOIN skillancer.ledger_txn x ON x.id = e.txn
				WHERE e.account = a.id AND (p_after IS NULL OR e.txn < p_after)
					AND (p_kind IS NULL OR skillancer.movement_kind(x.kind) = p_kind)
					AND (p_from IS NULL OR x.effective_at >= p_from) AND (p_to IS NULL OR x.effective_at < p_to)
					AND (p_booking IS NULL OR skillancer.posting_booking(x.id, x.ref) = p_booking)
				ORDER BY e.txn DESC
				LIMIT p_limit
			) n
			WHERE a.owner = skillancer.current_user_id()::uuid AND a.currency <> 'XCN' AND (p_currency IS NULL OR a.currency = p_currency)
			UNION ALL
			(SELECT g.posting
			FROM skillancer.earning g
			JOIN skillancer.ledger_txn x ON x.id = g.posting
			WHERE g.client_id = skillancer.current_user_id() AND (p_after IS NULL OR g.posting < p_after)
				AND (p_kind IS NULL OR skillancer.movement_kind(x.kind) = p_kind)
				AND (p_currency IS NULL OR skillancer.monetary_currency(g.gross) = p_currency)
				AND (p_from IS NULL OR g.created_at >= p_from) AND (p_to IS NULL OR g.created_at < p_to)
				AND (p_booking IS NULL OR g.booking_id = p_booking)
			ORDER BY g.posting DESC
			LIMIT p_limit)
		) m
		ORDER BY m.txn DESC
		LIMIT p_limit;
END
$$;
ALTER FUNCTION skillancer.my_postings(text, text, timestamptz, timestamptz, skillancer.booking_id, bigint, integer)
	OWNER TO skillancer_engine;
COMMENT ON FUNCTION skillancer.my_postings(text, text, timestamptz, timestamptz, skillancer.booking_id, bigint, integer) IS
	'Numbers of the postings on accounts of the caller, and of the releases that a client made, newest first.';

-- The postings that concern the caller, with what the caller may know of them.
CREATE OR REPLACE FUNCTION skillancer.my_movements(p_kind text, p_currency text, p_from timestamptz, p_to timestamptz,
		p_booking skillancer.booking_id, p_after bigint, p_limit integer)
	RETURNS TABLE (txn bigint, kind text, at timestamptz, booking_id skillancer.booking_id, reference json,
		gross skillancer.monetary, fee skillancer.monetary, entries json)
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_me skillancer.user_id := skillancer.current_user_id();
BEGIN
	RETURN QUERY
		SELECT x.id, skillancer.movement_kind(x.kind), x.effective_at, skillancer.posting_booking(x.id, x.ref),
			skillancer.posting_reference(x.kind, x.ref), coalesce(g.gross, p.amount),
			CASE WHEN g.freelancer_id = v_me THEN g.fee WHEN g.client_id = v_me THEN g.client_fee ELSE p.fee END,
			coalesce((
				SELECT json_agg(skillancer.json_doc('account', a.class,
					'change', skillancer.monetary_of(CASE WHEN a.debit_normal THEN e.amount ELSE -e.amount END, e.currency),
					'balance', skillancer.monetary_of(e.balance_after, e.currency)) ORDER BY e.leg)
				FROM skillancer.ledger_entry e
				JOIN skillancer.ledger_account a ON a.id = e.account
				WHERE e.txn = x.id AND a.owner = v_me::uuid AND a.currency <> 'XCN'), '[]'::json)
		FROM skillancer.my_postings(p_kind, p_currency, p_from, p_to, p_booking, p_after, p_limit) n (id)
		JOIN skillancer.ledger_txn x ON x.id = n.id
		LEFT JOIN LATERAL (
			SELECT r.gross, r.fee, r.client_fee, r.freelancer_id, r.client_id FROM skillancer.earning r
			WHERE r.posting = x.id AND v_me IN (r.freelancer_id, r.client_id) LIMIT 1) g ON true
		LEFT JOIN skillancer.payout p ON x.kind = 'payout' AND p.id = x.ref::skillancer.payout_id AND p.user_id = v_me
		ORDER BY x.id DESC;
END
$$;
ALTER FUNCTION skillancer.my_movements(text, text, timestamptz, timestamptz, skillancer.booking_id, bigint, integer)
	OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.my_movements(text, text, timestamptz, timestamptz, skillancer.booking_id, bigint, integer)
	TO skillancer_bridge;
COMMENT ON FUNCTION skillancer.my_movements(text, text, timestamptz, timestamptz, skillancer.booking_id, bigint, integer) IS
	'Postings that concern the caller, each with the caller''s own entries and fee only; runs as the engine because the ledger is not open to users.';

-- Notes what is wrong with the filters of the history.
CREATE OR REPLACE FUNCTION skillancer.check_history(p_kind text, p_currency text, p_from timestamptz, p_to timestamptz)
	RETURNS void
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.check_that('kind', coalesce(p_kind ~ '^[A-Z_]{3,40}$', true), 'must be a kind of movement, such as RELEASE');
	PERFORM skillancer.check_that('currency', coalesce(p_currency ~ '^[A-Z]{3}$', true), 'must be a currency code');
	PERFORM skillancer.check_that('to', coalesce(p_to > p_from, true), 'must be after from');
END
$$;
COMMENT ON FUNCTION skillancer.check_history(text, text, timestamptz, timestamptz) IS
	'Common checks of the filters kind, currency, from and to; each may be NULL.';
GRANT EXECUTE ON FUNCTION skillancer.check_history(text, text, timestamptz, timestamptz) TO skillancer_bridge;

-- The caller's movements, newest first.
CREATE OR REPLACE FUNCTION skillancer_api.payment_list(p_kind text DEFAULT NULL, p_currency text DEFAULT NULL,
		p_from timestamptz DEFAULT NULL, p_to timestamptz DEFAULT NULL, p_booking_id skillancer.booking_id DEFAULT NULL,
		p_limit integer DEFAULT NULL, p_cursor text DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_limit integer := skillancer.check_limit(p_limit);
	v_scope text := concat_ws('|', 'payments', coalesce(p_kind, '*'), coalesce(p_currency, '*'), coalesce(p_from::text, '*'),
		coalesce(p_to::text, '*'), coalesce(p_booking_id::text, '*'));
	v_after bigint;
	v_items json[];
	v_keys text[];
BEGIN
	PERFORM skillancer.check_history(p_kind, p_currency, p_from, p_to);
	v_after := skillancer.cursor_decode(v_scope, p_cursor)::bigint;
	PERFORM skillancer.check_done();
	SELECT array_agg(skillancer.json_doc('posting', m.txn, 'kind', m.kind, 'at', m.at, 'bookingId', m.booking_id,
			'reference', m.reference, 'gross', m.gross, 'fee', m.fee, 'entries', m.entries) ORDER BY m.txn DESC),
		array_agg(m.txn::text ORDER BY m.txn DESC)
	INTO v_items, v_keys
	FROM skillancer.my_movements(p_kind, p_currency, p_from, p_to, p_booking_id, v_after, v_limit + 1) m;
	RETURN skillancer.list_reply(v_items, v_keys, v_limit, v_scope);
END
$$;
COMMENT ON FUNCTION skillancer_api.payment_list(text, text, timestamptz, timestamptz, skillancer.booking_id, integer, text) IS
	'Everything that moved the caller''s money, newest first, with the balances after it: charges, funding, releases (gross, and the caller''s fee), holds, payouts and what came back. posting is its number in the ledger. Filters: kind, currency, from (inclusive), to (exclusive), bookingId.';
SELECT skillancer.add_route('GET', '/v1/payments', 'payment_list', summary => 'History of my money',
	answers => '[movement]');

-- The history as a table.
CREATE OR REPLACE FUNCTION skillancer_api.payment_export(p_kind text DEFAULT NULL, p_currency text DEFAULT NULL,
		p_from timestamptz DEFAULT NULL, p_to timestamptz DEFAULT NULL, p_booking_id skillancer.booking_id DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_lines text;
BEGIN
	PERFORM skillancer.require_role('USER');
	PERFORM skillancer.check_history(p_kind, p_currency, p_from, p_to);
	PERFORM skillancer.check_done();
	SELECT string_agg(skillancer.csv_line(m.txn::text,
			to_char(m.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), m.kind, m.booking_id::text,
			m.reference ->> 'type', m.reference ->> 'id', e.value ->> 'account',
			coalesce(e.value #>> '{change,currency}', skillancer.monetary_currency(m.gross)),
			e.value #>> '{change,amount}', e.value #>> '{balance,amount}',
			m.gross::numeric::text, m.fee::numeric::text), '' ORDER BY m.txn DESC, e.ordinality)
	INTO v_lines
	FROM skillancer.my_movements(p_kind, p_currency, p_from, p_to, p_booking_id, NULL,
		skillancer.policy_int('exportLimit')::integer) m
	LEFT JOIN LATERAL json_array_elements(m.entries) WITH ORDINALITY e ON true;
	RETURN ROW(200, NULL, jsonb_build_object('Content-Type', 'text/csv; charset=utf-8; header=present',
		'Content-Disposition', 'attachment; filename="payments.csv"'), NULL,
		to_json(skillancer.csv_line('posting', 'at', 'kind', 'bookingId', 'referenceType', 'referenceId', 'account', 'currency',
			'change', 'balance', 'gross', 'fee') || coalesce(v_lines, '')))::skillancer.reply;
END
$$;
COMMENT ON FUNCTION skillancer_api.payment_export(text, text, timestamptz, timestamptz, skillancer.booking_id) IS
	'The history of the caller''s money as text/csv, newest first: a line for each of the caller''s own entries. Filters as for the list; at most the policy exportLimit of postings.';
SELECT skillancer.add_route('GET', '/v1/payments/export', 'payment_export', class => 'slow',
	summary => 'History of my money as CSV', answers => 'text/csv');
