-- sql/payment/api_invoice.sql
--	API of invoices, receipts and statements: as JSON, as a page, as PDF; and what stands on them.

-- A page model as PDF.
CREATE OR REPLACE FUNCTION skillancer.document_pdf(p_page jsonb) RETURNS bytea
	LANGUAGE c STABLE STRICT
	AS 'MODULE_PATHNAME', 'skl_fn_document_pdf';
COMMENT ON FUNCTION skillancer.document_pdf(jsonb) IS
	'A4 pages with title, facts, parties, a table, totals and notes, by libharu with the fonts of skillancer.font_directory. Equal models become equal bytes.';
GRANT EXECUTE ON FUNCTION skillancer.document_pdf(jsonb) TO skillancer_bridge;

-- Which form of a document is wanted.
CREATE OR REPLACE FUNCTION skillancer.document_format(p_format text, p_accept text) RETURNS text
	LANGUAGE plpgsql IMMUTABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	IF p_format IS NOT NULL THEN
		RETURN p_format;
	END IF;
	RETURN coalesce((
		SELECT CASE a.media WHEN 'text/html' THEN 'html' WHEN 'application/pdf' THEN 'pdf' ELSE 'json' END
		FROM (
			SELECT btrim(split_part(x, ';', 1)) AS media, n,
				coalesce(substring(x FROM ';\s*q=\s*([01](?:\.[0-9]{0,3})?)')::numeric, 1) AS q
			FROM unnest(string_to_array(lower(p_accept), ',')) WITH ORDINALITY AS u (x, n)
		) a
		WHERE a.q > 0 AND a.media IN ('text/html', 'application/pdf', 'application/json', 'application/*', '*/*')
		ORDER BY a.q DESC, a.n
		LIMIT 1), 'json');
END
$$;
COMMENT ON FUNCTION skillancer.document_format(text, text) IS
	'json, html or pdf: as the parameter format says, else the media type of the header Accept with the highest weight, else json.';
GRANT EXECUTE ON FUNCTION skillancer.document_format(text, text) TO skillancer_bridge;

-- The answer of a route that has a document.
CREATE OR REPLACE FUNCTION skillancer.document_reply(p_format text, p_page jsonb, p_file text, p_etag text)
	RETURNS skillancer.reply
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_headers jsonb := jsonb_build_object('Vary', 'Accept');
BEGIN
	IF p_format = 'pdf' THEN
		RETURN ROW(200, p_etag, v_headers || jsonb_build_object('Content-Type', 'application/pdf', 'skl-encoding', 'base64',
			'Content-Disposition', format('inline; filename="%s.pdf"', p_file)), NULL,
			to_json(encode(skillancer.document_pdf(p_page), 'base64')))::skillancer.reply;
	END IF;
	RETURN ROW(200, p_etag, v_headers || jsonb_build_object('Content-Type', 'text/html; charset=utf-8',
		'Content-Security-Policy', 'default-src ''none''; style-src ''unsafe-inline''; frame-ancestors ''none'''), NULL,
		to_json(skillancer.mustache((SELECT t.body FROM skillancer.document_template t WHERE t.name = 'document'), p_page, true)))::skillancer.reply;
END
$$;
COMMENT ON FUNCTION skillancer.document_reply(text, jsonb, text, text) IS 'A page model as html or pdf.';
GRANT EXECUTE ON FUNCTION skillancer.document_reply(text, jsonb, text, text) TO skillancer_bridge;

-- The address block of a party.
CREATE OR REPLACE FUNCTION skillancer.document_party(p_heading text, p_party jsonb) RETURNS jsonb
	LANGUAGE sql IMMUTABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
	SELECT jsonb_build_object('heading', p_heading, 'lines', coalesce((
		SELECT jsonb_agg(jsonb_build_object('text', l) ORDER BY n)
		FROM unnest(ARRAY[p_party ->> 'name'] || string_to_array(p_party ->> 'address', E'\n')
			|| ARRAY[p_party ->> 'country', 'Tax number ' || (p_party ->> 'taxNumber')]) WITH ORDINALITY AS u (l, n)
		WHERE l <> ''), '[]'))
$$;
COMMENT ON FUNCTION skillancer.document_party(text, jsonb) IS 'Name, address, country and tax number as lines of a page model.';

-- An invoice as a page.
CREATE OR REPLACE FUNCTION skillancer.invoice_page(p_id skillancer.invoice_id) RETURNS jsonb
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_invoice skillancer.invoice%ROWTYPE;
	v_title text;
BEGIN
	SELECT * INTO v_invoice FROM skillancer.invoice i WHERE i.id = p_id;
	v_title := CASE v_invoice.kind WHEN 'SERVICE' THEN 'Invoice' WHEN 'PLATFORM_FEE' THEN 'Invoice' WHEN 'CLIENT_FEE' THEN 'Invoice'
		WHEN 'CHARGE_RECEIPT' THEN 'Receipt' WHEN 'REFUND_RECEIPT' THEN 'Refund' WHEN 'PAYOUT_STATEMENT' THEN 'Payout statement' ELSE 'Credit note' END;
	RETURN jsonb_build_object('title', v_title || ' ' || v_invoice.number,
		'facts', (SELECT jsonb_agg(jsonb_build_object('label', f.label, 'value', f.value) ORDER BY f.n) FROM (VALUES
			(1, 'Number', v_invoice.number), (2, 'Date', to_char(v_invoice.issued_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')),
			(3, 'Date of supply', to_char(v_invoice.supplied_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')),
			(4, 'Corrects', v_invoice.document ->> 'corrects'), (5, 'Concerns', v_invoice.document ->> 'subject')) f (n, label, value)
			WHERE f.value IS NOT NULL),
		'parties', jsonb_build_array(skillancer.document_party('From', v_invoice.document -> 'issuer'),
			skillancer.document_party('To', v_invoice.document -> 'recipient')),
		'columns', '[{"text": "Description"}, {"text": "Amount", "right": true}]'::jsonb,
		'rows', (SELECT jsonb_agg(jsonb_build_object('cells', jsonb_build_array(
				jsonb_build_object('text', l.value ->> 'description'),
				jsonb_build_object('text', (l.value #>> '{amount,amount}') || ' ' || (l.value #>> '{amount,currency}'), 'right', true))) ORDER BY l.ordinality)
			FROM jsonb_array_elements(v_invoice.document -> 'lines') WITH ORDINALITY l),
		'totals', CASE WHEN skillancer.monetary_minor(v_invoice.tax) = 0 THEN '[]'::jsonb ELSE jsonb_build_array(
				jsonb_build_object('label', 'Net', 'value', v_invoice.net::text),
				jsonb_build_object('label', v_invoice.document ->> 'taxLabel', 'value', v_invoice.tax::text)) END
			|| jsonb_build_array(jsonb_build_object('label', 'Total', 'value', v_invoice.total::text, 'strong', true)),
		'notes', (SELECT coalesce(jsonb_agg(jsonb_build_object('text', n)), '[]')
			FROM jsonb_array_elements_text(coalesce(v_invoice.document -> 'notes', '[]')) n));
END
$$;
COMMENT ON FUNCTION skillancer.invoice_page(skillancer.invoice_id) IS 'The page model of an invoice that the caller sees, out of what was frozen in it.';
GRANT EXECUTE ON FUNCTION skillancer.invoice_page(skillancer.invoice_id) TO skillancer_bridge;

-- The caller's invoices.
CREATE OR REPLACE FUNCTION skillancer_api.invoice_list(p_kind text DEFAULT NULL, p_currency text DEFAULT NULL,
		p_from timestamptz DEFAULT NULL, p_to timestamptz DEFAULT NULL, p_booking_id skillancer.booking_id DEFAULT NULL,
		p_limit integer DEFAULT NULL, p_cursor text DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_me skillancer.user_id := skillancer.current_user_id();
	v_limit integer := skillancer.check_limit(p_limit);
	v_scope text := concat_ws('|', 'invoices', coalesce(p_kind, '*'), coalesce(p_currency, '*'), coalesce(p_from::text, '*'),
		coalesce(p_to::text, '*'), coalesce(p_booking_id::text, '*'));
	v_after skillancer.invoice_id;
	v_items json[];
	v_keys text[];
BEGIN
	PERFORM skillancer.check_one_of('kind', p_kind,
		ARRAY['SERVICE', 'PLATFORM_FEE', 'CLIENT_FEE', 'CHARGE_RECEIPT', 'REFUND_RECEIPT', 'PAYOUT_STATEMENT', 'CREDIT_NOTE'], false);
	PERFORM skillancer.check_history(NULL, p_currency, p_from, p_to);
	v_after := skillancer.cursor_decode(v_scope, p_cursor)::skillancer.invoice_id;
	PERFORM skillancer.check_done();
	SELECT array_agg(d.doc ORDER BY d.id DESC), array_agg(d.id::text ORDER BY d.id DESC)
	INTO v_items, v_keys
	FROM (
		SELECT i.id, i.doc FROM skillancer.invoice_doc i
		WHERE (i.recipient_id = v_me OR i.issuer_id = v_me) AND (p_kind IS NULL OR i.kind = p_kind)
			AND (p_currency IS NULL OR i.currency = p_currency) AND (p_booking_id IS NULL OR i.booking_id = p_booking_id)
			AND (p_from IS NULL OR i.issued_at >= p_from) AND (p_to IS NULL OR i.issued_at < p_to)
			AND (v_after IS NULL OR i.id < v_after)
		ORDER BY i.id DESC
		LIMIT v_limit + 1
	) d;
	RETURN skillancer.list_reply(v_items, v_keys, v_limit, v_scope);
END
$$;
COMMENT ON FUNCTION skillancer_api.invoice_list(text, text, timestamptz, timestamptz, skillancer.booking_id, integer, text) IS
	'Invoices, receipts, payout statements and credit notes that the caller was given or has issued, newest first. Filters: kind, currency, from, to, bookingId.';
SELECT skillancer.add_route('GET', '/v1/payments/invoices', 'invoice_list', summary => 'My invoices',
	answers => '[invoice_doc]');

-- One invoice, in the form that is wanted.
CREATE OR REPLACE FUNCTION skillancer_api.invoice_get(p_id skillancer.invoice_id, p_format text DEFAULT NULL,
		p_header_accept text DEFAULT NULL, p_header_if_none_match text DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_format text := skillancer.document_format(p_format, p_header_accept);
	v_doc json;
	v_document jsonb;
	v_number text;
BEGIN
	PERFORM skillancer.check_one_of('format', p_format, ARRAY['json', 'html', 'pdf'], false);
	PERFORM skillancer.check_done();
	SELECT d.doc, i.document, i.number INTO v_doc, v_document, v_number
	FROM skillancer.invoice_doc d
	JOIN skillancer.invoice i ON i.id = d.id
	WHERE d.id = p_id;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	IF skillancer.etag_matches(p_header_if_none_match, v_format || '1') THEN
		RETURN ROW(304, v_format || '1', jsonb_build_object('Vary', 'Accept'), NULL, NULL)::skillancer.reply;
	ELSIF v_format <> 'json' THEN
		RETURN skillancer.document_reply(v_format, skillancer.invoice_page(p_id), v_number, v_format || '1');
	END IF;
	RETURN ROW(200, 'json1', jsonb_build_object('Vary', 'Accept'), NULL,
		(v_doc::jsonb || jsonb_build_object('document', v_document))::json)::skillancer.reply;
END
$$;
COMMENT ON FUNCTION skillancer_api.invoice_get(skillancer.invoice_id, text, text, text) IS
	'An invoice of the caller as JSON, as a printable page (Accept: text/html or format=html) or as PDF (application/pdf, format=pdf). It never changes.';
SELECT skillancer.add_route('GET', '/v1/payments/invoices/{id}', 'invoice_get', class => 'slow', summary => 'One invoice, as JSON, HTML or PDF',
	answers => 'invoice_doc & {document: invoice_text} or text/html|application/pdf');

-- The months of a year.
CREATE OR REPLACE FUNCTION skillancer.statement_months(p_year integer)
	RETURNS TABLE (currency text, month integer, gross skillancer.monetary, fees skillancer.monetary, tax skillancer.monetary,
		net skillancer.monetary, paid_out skillancer.monetary, spent skillancer.monetary)
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_me skillancer.user_id := skillancer.current_user_id();
	v_from timestamptz := make_timestamptz(p_year, 1, 1, 0, 0, 0, 'UTC');
	v_to timestamptz := make_timestamptz(p_year + 1, 1, 1, 0, 0, 0, 'UTC');
BEGIN
	RETURN QUERY
		SELECT m.currency, m.month, skillancer.monetary_of(sum(m.gross)::bigint, m.currency), skillancer.monetary_of(sum(m.fee)::bigint, m.currency),
			skillancer.monetary_of(sum(m.tax)::bigint, m.currency), skillancer.monetary_of(sum(m.gross - m.fee)::bigint, m.currency),
			skillancer.monetary_of(sum(m.paid_out)::bigint, m.currency), skillancer.monetary_of(sum(m.spent)::bigint, m.currency)
		FROM (
			SELECT skillancer.monetary_currency(i.total) AS currency, extract(month FROM i.supplied_at AT TIME ZONE 'UTC')::integer AS month,
				CASE WHEN i.issuer_id = v_me THEN skillancer.monetary_minor(i.total) ELSE 0 END AS gross,
				CASE WHEN i.issuer_id IS NULL AND b.kind = 'PLATFORM_FEE' THEN skillancer.monetary_minor(i.total) ELSE 0 END AS fee,
				CASE WHEN i.issuer_id IS NULL THEN skillancer.monetary_minor(i.tax) ELSE 0 END AS tax,
				CASE WHEN b.kind = 'PAYOUT_STATEMENT' THEN skillancer.monetary_minor(i.total) ELSE 0 END AS paid_out,
				CASE WHEN i.recipient_id = v_me AND b.kind IN ('SERVICE', 'CLIENT_FEE') THEN skillancer.monetary_minor(i.total) ELSE 0 END AS spent
			FROM skillancer.invoice i
			JOIN skillancer.invoice b ON b.id = coalesce(i.corrects, i.id)
			WHERE (i.issuer_id = v_me OR i.recipient_id = v_me) AND i.supplied_at >= v_from AND i.supplied_at < v_to
		) m
		GROUP BY m.currency, m.month;
END
$$;
COMMENT ON FUNCTION skillancer.statement_months(integer) IS
	'The caller''s invoices of a year, by month of supply (UTC) and currency: earned gross, service fees, tax within fees, net, paid out, and spent as a client. Credit notes count against what they correct.';
GRANT EXECUTE ON FUNCTION skillancer.statement_months(integer) TO skillancer_bridge;

-- A year as a page.
CREATE OR REPLACE FUNCTION skillancer.statement_page(p_year integer) RETURNS jsonb
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN jsonb_build_object('title', 'Statement of ' || p_year,
		'facts', jsonb_build_array(jsonb_build_object('label', 'Period', 'value', format('%s-01-01 to %s-12-31, UTC', p_year, p_year)),
			jsonb_build_object('label', 'Made on', 'value', to_char(skillancer.now() AT TIME ZONE 'UTC', 'YYYY-MM-DD'))),
		'parties', jsonb_build_array(skillancer.document_party('For', skillancer.invoice_party(skillancer.current_user_id()))),
		'columns', '[{"text": "Month"}, {"text": "Gross", "right": true}, {"text": "Fees", "right": true}, {"text": "Net", "right": true}, {"text": "Paid out", "right": true}, {"text": "Spent", "right": true}]'::jsonb,
		'rows', coalesce((SELECT jsonb_agg(jsonb_build_object('cells', jsonb_build_array(
				jsonb_build_object('text', format('%s-%s %s', p_year, lpad(s.month::text, 2, '0'), s.currency)),
				jsonb_build_object('text', s.gross::numeric::text, 'right', true), jsonb_build_object('text', s.fees::numeric::text, 'right', true),
				jsonb_build_object('text', s.net::numeric::text, 'right', true), jsonb_build_object('text', s.paid_out::numeric::text, 'right', true),
				jsonb_build_object('text', s.spent::numeric::text, 'right', true))) ORDER BY s.currency, s.month)
			FROM skillancer.statement_months(p_year) s), '[]'),
		'totals', coalesce((SELECT jsonb_agg(jsonb_build_object('label', t.label, 'value', t.amount::text, 'strong', t.n = 3) ORDER BY t.currency, t.n)
			FROM (
				SELECT s.currency, v.n, v.label, skillancer.sum(v.amount) AS amount
				FROM skillancer.statement_months(p_year) s
				CROSS JOIN LATERAL (VALUES (1, 'Earned, gross', s.gross), (2, 'Service fees', s.fees), (3, 'Earned, net', s.net),
					(4, 'Tax within fees', s.tax), (5, 'Paid out', s.paid_out), (6, 'Spent as a client', s.spent)) v (n, label, amount)
				GROUP BY s.currency, v.n, v.label
			) t), '[]'),
		'notes', '[{"text": "The sums of the invoices and credit notes of this year, by the day of supply."}]'::jsonb);
END
$$;
COMMENT ON FUNCTION skillancer.statement_page(integer) IS 'The page model of the caller''s year.';
GRANT EXECUTE ON FUNCTION skillancer.statement_page(integer) TO skillancer_bridge;

-- The caller's year.
CREATE OR REPLACE FUNCTION skillancer_api.statement_get(p_year integer, p_format text DEFAULT NULL, p_header_accept text DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_format text := skillancer.document_format(p_format, p_header_accept);
BEGIN
	PERFORM skillancer.require_role('USER');
	PERFORM skillancer.check_int('year', p_year, 2000, extract(year FROM skillancer.now())::integer);
	PERFORM skillancer.check_one_of('format', p_format, ARRAY['json', 'html', 'pdf'], false);
	PERFORM skillancer.check_done();
	IF v_format <> 'json' THEN
		RETURN skillancer.document_reply(v_format, skillancer.statement_page(p_year), 'statement-' || p_year, NULL);
	END IF;
	RETURN ROW(200, NULL, jsonb_build_object('Vary', 'Accept'), NULL, json_build_object('year', p_year, 'months', coalesce((
		SELECT json_agg(skillancer.json_doc('month', s.month, 'currency', s.currency, 'gross', s.gross, 'fees', s.fees, 'tax', s.tax,
			'net', s.net, 'paidOut', s.paid_out, 'spent', s.spent) ORDER BY s.currency, s.month)
		FROM skillancer.statement_months(p_year) s), '[]'::json)))::skillancer.reply;
END
$$;
COMMENT ON FUNCTION skillancer_api.statement_get(integer, text, text) IS
	'The caller''s year by month and currency, out of the invoices: as JSON, page or PDF, like an invoice.';
SELECT skillancer.add_route('GET', '/v1/payments/statements/{year}', 'statement_get', class => 'slow', summary => 'Statement of a year',
	answers => '{year: integer, months: [{month: integer, currency: text, gross: monetary, fees: monetary, tax: monetary, net: monetary, paidOut: monetary, spent: monetary}]} or text/html|application/pdf');
