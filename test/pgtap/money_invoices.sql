-- money_invoices.sql
--	Invoices: what they say equals the ledger, numbers without gaps by issuer and year, credit notes to the last cent,
--	nothing is changed, and documents are safe to show.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
\ir ../lib/market.sql
SELECT plan(55);

INSERT INTO skillancer.fee_schedule (version, kind, currency, above, bps) VALUES
	(900, 'SERVICE', '*', 0, 1000), (900, 'CLIENT', '*', 0, 500);
INSERT INTO skillancer.policy (key, value, valid_from) VALUES ('feeVersion', '900', skillancer.now() - interval '1 minute');
SELECT pg_temp.add_person('clara', 'CLIENT'), pg_temp.add_person('felix', 'FREELANCER'), pg_temp.add_person('rita', 'FREELANCER'),
	pg_temp.add_person('fin', 'FINANCE') \g /dev/null
INSERT INTO skillancer.tax_jurisdiction (code, name) VALUES ('QD', 'Testland');
INSERT INTO skillancer.tax_rate (jurisdiction, kind, name, bps, valid_from) VALUES ('QD', 'SERVICE', 'VAT', 2000, '2001-01-01');
UPDATE skillancer.profile SET country = 'QD' WHERE user_id::uuid = pg_temp.person('felix');
CREATE FUNCTION pg_temp.release(p_name text, p_freelancer text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_temp.book(p_name, 'clara', p_freelancer, '1000 USD');
	PERFORM pg_temp.fund('clara', p_name || '/1');
	PERFORM pg_temp.finish(p_freelancer, 'clara', p_name || '/1');
END
$$;
CREATE FUNCTION pg_temp.issue() RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
	PERFORM skillancer.set_identity(NULL);
	RETURN skillancer.issue_invoices();
END
$$;
-- the invoices of a kind that concern somebody: number, net, tax and total
CREATE FUNCTION pg_temp.invoices(p_person text, p_kind text) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(format('%s %s %s %s', i.number, i.net::numeric, i.tax::numeric, i.total::numeric), ', ' ORDER BY i.id)
	FROM skillancer.invoice i WHERE pg_temp.person(p_person) IN (i.recipient_id::uuid, i.issuer_id::uuid) AND i.kind = p_kind
$$;
CREATE FUNCTION pg_temp.invoice(p_person text, p_kind text) RETURNS skillancer.invoice_id LANGUAGE sql AS $$
	SELECT i.id FROM skillancer.invoice i WHERE pg_temp.person(p_person) IN (i.recipient_id::uuid, i.issuer_id::uuid) AND i.kind = p_kind ORDER BY i.id LIMIT 1
$$;
SELECT pg_temp.issue() \g /dev/null
SELECT to_char(skillancer.now() AT TIME ZONE 'UTC', 'YYYY') AS year \gset
SELECT coalesce((SELECT s.last FROM skillancer.invoice_series s WHERE s.issuer = '00000000-0000-0000-0000-000000000000' AND s.code = 'FEE' AND s.year = :year), 0) AS fees \gset

SELECT pg_temp.release('one', 'felix'), pg_temp.release('two', 'felix'), pg_temp.release('three', 'rita') \g /dev/null
SELECT is((SELECT count(*) FROM skillancer.invoice i WHERE i.recipient_id::uuid = pg_temp.person('clara')), 0::bigint, 'a release waits for no invoice');
SELECT is(pg_temp.issue(), 6::bigint, 'three releases and three charges are dealt with');
SELECT is(pg_temp.issue(), 0::bigint, 'once');
SELECT is(pg_temp.invoices('felix', 'SERVICE'), format('INV-%1$s-000001 1000.00 0.00 1000.00, INV-%1$s-000002 1000.00 0.00 1000.00', :'year'), 'felix has a series of his own');
SELECT is(pg_temp.invoices('rita', 'SERVICE'), format('INV-%s-000001 1000.00 0.00 1000.00', :'year'), 'and so has rita');
SELECT is(pg_temp.invoices('felix', 'PLATFORM_FEE'), (SELECT string_agg(format('FEE-%s-%s 83.33 16.67 100.00', :'year', lpad((:fees + n)::text, 6, '0')), ', ' ORDER BY n)
	FROM unnest(ARRAY[1, 3]) n), 'the platform counts on, tax included');
SELECT is(pg_temp.invoices('rita', 'PLATFORM_FEE'), format('FEE-%s-%s 100.00 0.00 100.00', :'year', lpad((:fees + 5)::text, 6, '0')), 'no tax where there is none');
SELECT is((SELECT count(*) FROM skillancer.invoice i WHERE i.recipient_id::uuid = pg_temp.person('clara') AND i.kind = 'CLIENT_FEE' AND i.total = '50 USD'), 3::bigint, 'the client''s fees');
SELECT is((SELECT count(*) FROM skillancer.invoice i WHERE i.recipient_id::uuid = pg_temp.person('clara') AND i.kind = 'CHARGE_RECEIPT' AND i.total = '1050 USD'), 3::bigint, 'and receipts');
SELECT is_empty('SELECT * FROM skillancer.invoice_gaps()', 'no number is missing');

-- they say what the ledger says
SELECT is((SELECT skillancer.sum(i.tax) FROM skillancer.invoice i WHERE i.recipient_id::uuid = pg_temp.person('felix') AND i.kind = 'PLATFORM_FEE')::text,
	(SELECT skillancer.monetary_of(-sum(e.amount)::bigint, 'USD')::text FROM skillancer.ledger_entry e JOIN skillancer.ledger_account a ON a.id = e.account AND a.class = 'tax_payable'
		JOIN skillancer.fee_tax f ON f.posting = e.txn WHERE f.payer_id::uuid = pg_temp.person('felix')), 'the tax that is owed');
SELECT is((SELECT count(*) FROM skillancer.invoice i JOIN skillancer.ledger_txn t ON t.id = i.posting AND t.kind IN ('release', 'charge')
	WHERE pg_temp.person('clara') = i.recipient_id::uuid), 9::bigint, 'each names its posting');
SELECT is((SELECT skillancer.sum(i.total) FROM skillancer.invoice i WHERE i.issuer_id::uuid = pg_temp.person('felix'))::text,
	(SELECT skillancer.sum(e.gross)::text FROM skillancer.earning e WHERE e.freelancer_id::uuid = pg_temp.person('felix')), 'what was released is what was invoiced');

-- a failure takes no number, and stops nobody else
SELECT pg_temp.release('four', 'felix'), pg_temp.release('five', 'rita') \g /dev/null
UPDATE skillancer.profile SET display_name = 'poison' WHERE user_id::uuid = pg_temp.person('felix');
ALTER TABLE skillancer.invoice ADD CONSTRAINT poison CHECK (document #>> '{issuer,name}' <> 'poison') NOT VALID;
SELECT is(pg_temp.issue(), 3::bigint, 'one of four fails');
SELECT is_empty('SELECT * FROM skillancer.invoice_gaps()', 'and leaves no gap');
ALTER TABLE skillancer.invoice DROP CONSTRAINT poison;
UPDATE skillancer.profile SET display_name = 'Felix' WHERE user_id::uuid = pg_temp.person('felix');
SELECT is(pg_temp.issue(), 1::bigint, 'it is tried again');
SELECT matches(pg_temp.invoices('felix', 'SERVICE'), format('INV-%s-000003 1000.00 0.00 1000.00$', :'year'), 'and gets the next number');

-- a new year begins at 1
SELECT pg_temp.release('six', 'felix'), pg_temp.later('1 year') \g /dev/null
SELECT cmp_ok(pg_temp.issue(), '>=', 2::bigint, 'a year later');
SELECT matches(pg_temp.invoices('felix', 'SERVICE'), format('INV-%s-000001 1000.00 0.00 1000.00$', :year + 1), 'the series begins anew');
SELECT is_empty('SELECT * FROM skillancer.invoice_gaps()', 'no number is missing');

-- credit notes: in parts, to the last cent of the tax, never more than the invoice
SELECT pg_temp.remember('fee', pg_temp.invoice('felix', 'PLATFORM_FEE')::uuid) \g /dev/null
SELECT pg_temp.remember('credit' || n, skillancer.new_id()) FROM generate_series(1, 4) n \g /dev/null
CREATE FUNCTION pg_temp.credit(p_n integer, p_amount skillancer.monetary) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	v_note skillancer.invoice_id := skillancer.credit_invoice(pg_temp.thing('fee')::skillancer.invoice_id, pg_temp.thing('credit' || p_n), p_amount, 'Refund', NULL);
BEGIN
	RETURN (SELECT format('%s %s %s', i.net::numeric, i.tax::numeric, i.total::numeric) FROM skillancer.invoice i WHERE i.id = v_note);
END
$$;
SELECT pg_temp.credit(1, '33.33 USD') \g /dev/null
SELECT is(pg_temp.credit(1, '33.33 USD'), '-27.77 -5.56 -33.33', 'a third is credited, with its tax');
SELECT is(pg_temp.credit(1, '33.33 USD'), '-27.77 -5.56 -33.33', 'once for a refund');
SELECT pg_temp.credit(2, '33.33 USD'), pg_temp.credit(3, '33.34 USD') \g /dev/null
SELECT is((SELECT skillancer.sum(i.tax) FROM skillancer.invoice i WHERE i.corrects::uuid = pg_temp.thing('fee'))::text, '-16.67 USD', 'three thirds take the whole tax back');
SELECT throws_ok($$ SELECT pg_temp.credit(4, '0.01 USD') $$, 'SK004', NULL, 'there is no more to credit');
SELECT is((SELECT count(DISTINCT i.number) FROM skillancer.invoice i WHERE i.corrects::uuid = pg_temp.thing('fee')), 3::bigint, 'each has a number');
SELECT is_empty('SELECT * FROM skillancer.invoice_gaps()', 'without a gap, also after a refusal');

-- what banks bring or take back is credited
SELECT pg_temp.method('felix', 'PAYOUT', 'tok_bank_returned') AS bank \gset
SELECT pg_temp.later('6 days'), pg_temp.due() \g /dev/null
SELECT pg_temp.remember('payout', ((pg_temp.as_person('felix', format('SELECT skillancer_api.payout_create(%L, %L)', '100 USD', :'bank')) #>> '{body,id}')::skillancer.payout_id)::uuid) \g /dev/null
SELECT pg_temp.later('1 day'), pg_temp.due(), skillancer.set_identity(NULL), skillancer.issue_invoices() \g /dev/null
CREATE FUNCTION pg_temp.documents(p_ref uuid) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(format('%s %s%s', i.code, i.total, (SELECT ' corrects ' || o.code FROM skillancer.invoice o WHERE o.id = i.corrects)), ', ' ORDER BY i.id)
	FROM skillancer.invoice i WHERE i.ref = p_ref
$$;
SELECT matches(pg_temp.documents(pg_temp.thing('payout')), '^PAY [0-9.]+ USD$', 'a payout has a statement');
SELECT pg_temp.later('10 days'), pg_temp.due(), skillancer.set_identity(NULL), skillancer.issue_invoices() \g /dev/null
SELECT is((SELECT p.state FROM skillancer.payout p WHERE p.id::uuid = pg_temp.thing('payout')), 'RETURNED', 'the bank sends it back');
SELECT matches(pg_temp.documents(pg_temp.thing('payout')), '^PAY ([0-9.]+) USD, CRN -\1 USD corrects PAY$', 'and the statement is corrected');
SELECT pg_temp.remember('top', ((pg_temp.as_person('clara', format('SELECT skillancer_api.charge_create(%L, %L)', '60 USD', pg_temp.method('clara', 'PAYMENT', 'tok_success'))) #>> '{body,id}')::skillancer.charge_id)::uuid),
	pg_temp.remember('back', ((pg_temp.as_person('clara', format('SELECT skillancer_api.refund_create(%L, %L)', pg_temp.thing('top'), '25 USD')) #>> '{body,id}')::skillancer.refund_id)::uuid) \g /dev/null
SELECT skillancer.set_identity(NULL), skillancer.issue_invoices() \g /dev/null
SELECT is(pg_temp.documents(pg_temp.thing('back')), 'RFD 25.00 USD', 'a refund to the card has a receipt');
SELECT skillancer.fire_system('refund', pg_temp.thing('back'), 'return'), skillancer.issue_invoices() \g /dev/null
SELECT is(pg_temp.documents(pg_temp.thing('back')), 'RFD 25.00 USD, CRN -25.00 USD corrects RFD', 'which is corrected when it comes back');
SELECT pg_temp.remember('cb', skillancer.chargeback_open(pg_temp.thing('top')::skillancer.charge_id, '35 USD', '0 USD', 'credited')) \g /dev/null
SELECT skillancer.issue_invoices() \g /dev/null
SELECT is(pg_temp.documents(pg_temp.thing('cb')), NULL, 'as long as the bank has not decided, the receipt stands');
SELECT skillancer.chargeback_lost('credited'), skillancer.issue_invoices() \g /dev/null
SELECT is(pg_temp.documents(pg_temp.thing('cb')), 'CRN -35.00 USD corrects RCP', 'what is lost of a charge is credited');
SELECT is(skillancer.issue_invoices(), 0::bigint, 'once');
SELECT is_empty('SELECT * FROM skillancer.invoice_gaps()', 'and no number is missing');

-- never changed
SELECT throws_ok($$ UPDATE skillancer.invoice SET total = total $$, 'SK405', NULL, 'no update');
SELECT throws_ok($$ DELETE FROM skillancer.invoice $$, 'SK405', NULL, 'no delete');
SELECT throws_ok($$ TRUNCATE skillancer.invoice CASCADE $$, 'SK405', NULL, 'no truncate');
SET LOCAL session_replication_role = replica;
SELECT throws_ok($$ UPDATE skillancer.invoice SET total = total $$, 'SK405', NULL, 'in a replication role neither');
SET LOCAL session_replication_role = origin;

-- who reads them
SELECT is(pg_temp.refusal('rita', format('SELECT skillancer_api.invoice_get(%L)', pg_temp.thing('fee'))), 'SK002', 'nobody reads another''s invoice');
SELECT is(pg_temp.refusal('clara', format('SELECT skillancer_api.invoice_get(%L, %L)', pg_temp.thing('fee'), 'pdf')), 'SK002', 'the client not the freelancer''s fee');
SELECT is(pg_temp.refusal('fin', format('SELECT skillancer_api.invoice_get(%L)', pg_temp.thing('fee'))), 'none', 'finance reads all');
SELECT is(pg_temp.refusal(NULL, format('SELECT skillancer_api.invoice_get(%L)', pg_temp.thing('fee'))), 'SK002', 'visitors none');
SELECT is((SELECT count(*) FROM (SELECT jsonb_array_elements(pg_temp.as_person('felix', 'SELECT skillancer_api.invoice_list(p_limit => 100)') -> 'body')) x),
	(SELECT count(*) FROM skillancer.invoice i WHERE pg_temp.person('felix') IN (i.issuer_id::uuid, i.recipient_id::uuid)), 'the list has all of one''s own');

-- forms
SELECT is(skillancer.document_format(NULL, 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'), 'html', 'a browser gets a page');
SELECT is(skillancer.document_format(NULL, 'text/html;q=0.5, application/pdf'), 'pdf', 'the weights count');
SELECT is(skillancer.document_format(NULL, 'image/png'), 'json', 'JSON where nothing fits');
SELECT is(skillancer.document_format('html', 'application/pdf'), 'html', 'format= decides');
SELECT is(skillancer.document_format(NULL, 'application/pdf;q=0, */*'), 'json', 'what is refused is not sent');

-- documents of odd content: markup, other alphabets, beyond the fonts, many lines
CREATE FUNCTION pg_temp.page(p_text text, p_rows integer) RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_build_object('title', p_text, 'facts', jsonb_build_array(jsonb_build_object('label', p_text, 'value', p_text)),
		'parties', jsonb_build_array(skillancer.document_party('From', jsonb_build_object('name', p_text, 'address', p_text))),
		'columns', '[{"text": "A"}, {"text": "B", "right": true}]'::jsonb,
		'rows', (SELECT jsonb_agg(jsonb_build_object('cells', jsonb_build_array(jsonb_build_object('text', p_text), jsonb_build_object('text', n::text, 'right', true)))) FROM generate_series(1, p_rows) n))
$$;
SELECT is((SELECT count(*) FROM unnest(ARRAY['', ' ', E'tab\tnew\nline', '<script>alert(1)</script>', '漢字 😀 العربية', repeat('wide ', 500), repeat('W', 3000)]) x
	WHERE encode(substring(skillancer.document_pdf(pg_temp.page(x, 3)) FOR 5), 'escape') = '%PDF-'), 7::bigint, 'whatever a name is, there is a PDF');
SELECT cmp_ok(length(skillancer.document_pdf(pg_temp.page('Line', 500))), '>', 1000, 'on many pages');
SELECT is(encode(substring(skillancer.document_pdf(x::jsonb) FOR 5), 'escape'), '%PDF-', 'a model of the wrong shape is an empty page: ' || x)
FROM unnest(ARRAY['[]', '{"rows": 1, "facts": [1, null], "parties": [{"lines": {}}], "totals": "x"}']) x;
SELECT unalike(skillancer.mustache((SELECT t.body FROM skillancer.document_template t WHERE t.name = 'document'), pg_temp.page('<script>"&''', 2), true), '%<script>%', 'the page escapes');
SELECT ok(pg_temp.books_in_order(), 'the books are in order');
SELECT * FROM finish();
ROLLBACK;
