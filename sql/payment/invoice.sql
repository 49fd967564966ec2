-- sql/payment/invoice.sql
--	Issuing invoices: what they say, their numbers, and the job that issues them.
--
--	A release does not wait for an invoice. The job finds what has none, by earning, charge and payout, and writes the
--	documents with their numbers in one transaction. Nobody else counts the series up, so numbers have no gap: what is
--	rolled back has taken no number.

-- Name and address of somebody, as they are now.
CREATE OR REPLACE FUNCTION skillancer.invoice_party(p_user skillancer.user_id) RETURNS jsonb
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	IF p_user IS NULL THEN
		RETURN skillancer.policy_value('platformIdentity');
	END IF;
	RETURN (
		SELECT jsonb_build_object('name', coalesce(b.name, p.display_name, a.name), 'address', coalesce(b.address, ''),
			'country', coalesce(b.country, p.country), 'taxNumber', b.tax_number)
		FROM skillancer.user_account a
		LEFT JOIN skillancer.profile p ON p.user_id = a.id
		LEFT JOIN skillancer.billing_profile b ON b.user_id = a.id
		WHERE a.id = p_user);
END
$$;
COMMENT ON FUNCTION skillancer.invoice_party(skillancer.user_id) IS
	'The billing profile of a user, else the public name and country; of the platform (NULL) the policy platformIdentity.';

GRANT EXECUTE ON FUNCTION skillancer.invoice_party(skillancer.user_id) TO skillancer_bridge;

-- The next number of a series.
CREATE OR REPLACE FUNCTION skillancer.next_invoice_number(p_issuer skillancer.user_id, p_code text, p_year integer)
	RETURNS integer
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_number integer;
BEGIN
	INSERT INTO skillancer.invoice_series AS s (issuer, code, year, last)
	VALUES (coalesce(p_issuer::uuid, '00000000-0000-0000-0000-000000000000'), p_code, p_year, 1)
	ON CONFLICT (issuer, code, year) DO UPDATE SET last = s.last + 1
	RETURNING s.last INTO v_number;
	RETURN v_number;
END
$$;
COMMENT ON FUNCTION skillancer.next_invoice_number(skillancer.user_id, text, integer) IS
	'Counts a series up. The row stays locked until the invoice commits, and goes back with it.';

-- Writes one document.
CREATE OR REPLACE FUNCTION skillancer.issue_invoice(p_kind text, p_issuer skillancer.user_id, p_recipient skillancer.user_id,
		p_ref uuid, p_total skillancer.monetary, p_tax skillancer.monetary, p_supplied_at timestamptz, p_details jsonb,
		p_booking skillancer.booking_id DEFAULT NULL, p_posting bigint DEFAULT NULL, p_corrects skillancer.invoice_id DEFAULT NULL)
	RETURNS skillancer.invoice_id
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_code text := CASE p_kind WHEN 'SERVICE' THEN 'INV' WHEN 'CHARGE_RECEIPT' THEN 'RCP' WHEN 'REFUND_RECEIPT' THEN 'RFD' WHEN 'PAYOUT_STATEMENT' THEN 'PAY'
		WHEN 'CREDIT_NOTE' THEN 'CRN' ELSE 'FEE' END;
	v_year integer := extract(year FROM skillancer.now() AT TIME ZONE 'UTC');
	v_tax skillancer.monetary := coalesce(p_tax, skillancer.monetary_of(0, skillancer.monetary_currency(p_total)));
	v_sequence integer;
	v_invoice skillancer.invoice_id;
BEGIN
	SELECT i.id INTO v_invoice FROM skillancer.invoice i
	WHERE i.ref = p_ref AND i.kind = p_kind AND i.corrects IS NOT DISTINCT FROM p_corrects;
	IF FOUND THEN
		RETURN v_invoice;
	END IF;
	v_sequence := skillancer.next_invoice_number(p_issuer, v_code, v_year);
	INSERT INTO skillancer.invoice (kind, issuer_id, recipient_id, code, year, sequence, number, ref, booking_id, posting,
		corrects, net, tax, total, supplied_at, document)
	VALUES (p_kind, p_issuer, p_recipient, v_code, v_year, v_sequence, format('%s-%s-%s', v_code, v_year, lpad(v_sequence::text, 6, '0')),
		p_ref, p_booking, p_posting, p_corrects, p_total - v_tax, v_tax, p_total, p_supplied_at,
		p_details || jsonb_build_object('issuer', skillancer.invoice_party(p_issuer), 'recipient', skillancer.invoice_party(p_recipient)))
	RETURNING id INTO v_invoice;
	PERFORM skillancer.emit('invoice.issued', 'invoice', v_invoice::uuid, jsonb_build_object('invoiceId', v_invoice::text,
		'kind', p_kind, 'userId', p_recipient::text), array_remove(ARRAY[p_recipient::uuid, p_issuer::uuid], NULL));
	RETURN v_invoice;
END
$$;
COMMENT ON FUNCTION skillancer.issue_invoice(text, skillancer.user_id, skillancer.user_id, uuid, skillancer.monetary, skillancer.monetary, timestamptz, jsonb, skillancer.booking_id, bigint, skillancer.invoice_id) IS
	'Numbers and writes an invoice, once for its kind and what it is about. The total includes the tax. details: subject, lines [{description, amount}], taxLabel, notes.';

-- The invoices of a release: from the freelancer, and for the fee of either side.
CREATE OR REPLACE FUNCTION skillancer.invoice_earning(p_earning uuid) RETURNS void
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_earning skillancer.earning%ROWTYPE;
	v_subject text;
	v_fee record;
BEGIN
	SELECT * INTO v_earning FROM skillancer.earning e WHERE e.id = p_earning;
	SELECT b.title || ': ' || coalesce(m.title, 'tip') INTO v_subject
	FROM skillancer.booking b
	LEFT JOIN skillancer.milestone m ON m.id = v_earning.milestone_id
	WHERE b.id = v_earning.booking_id;
	PERFORM skillancer.issue_invoice('SERVICE', v_earning.freelancer_id, v_earning.client_id, p_earning, v_earning.gross, NULL,
		v_earning.created_at, jsonb_build_object('subject', v_subject,
			'lines', jsonb_build_array(jsonb_build_object('description', v_subject, 'amount', v_earning.gross::jsonb)),
			'notes', '["Paid through the marketplace. Taxes on the service are the freelancer''s."]'::jsonb),
		v_earning.booking_id, v_earning.posting);
	FOR v_fee IN
		SELECT f.kind, f.document, f.payer, f.amount, f.label, t.tax, r.bps, r.name || ' ' || (r.bps / 100.0)::numeric(5, 2)::text || ' %, '
			|| j.name AS tax_label
		FROM (VALUES
			('SERVICE', 'PLATFORM_FEE', v_earning.freelancer_id, v_earning.fee, 'Service fee'),
			('CLIENT', 'CLIENT_FEE', v_earning.client_id, v_earning.client_fee, 'Client fee')) f (kind, document, payer, amount, label)
		LEFT JOIN skillancer.fee_tax t ON t.earning_id = p_earning AND t.kind = f.kind
		LEFT JOIN skillancer.tax_rate r ON r.id = t.rate_id
		LEFT JOIN skillancer.tax_jurisdiction j ON j.code = r.jurisdiction
		WHERE skillancer.monetary_minor(f.amount) > 0
		ORDER BY f.kind DESC
	LOOP
		PERFORM skillancer.issue_invoice(v_fee.document, NULL, v_fee.payer, p_earning, v_fee.amount, v_fee.tax,
			v_earning.created_at, jsonb_build_object('subject', v_subject, 'taxLabel', v_fee.tax_label, 'taxBps', v_fee.bps,
				'lines', jsonb_build_array(jsonb_build_object('description', v_fee.label || ' on ' || v_earning.gross, 'amount', v_fee.amount::jsonb))),
			v_earning.booking_id, v_earning.posting);
	END LOOP;
	UPDATE skillancer.earning e SET invoiced = true WHERE e.id = p_earning;
END
$$;
COMMENT ON FUNCTION skillancer.invoice_earning(uuid) IS
	'Issues the invoice of the freelancer to the client, and those of the platform for the service fee and the client fee with the tax within them.';

-- The receipt of a charge.
CREATE OR REPLACE FUNCTION skillancer.invoice_charge(p_charge skillancer.charge_id) RETURNS void
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_charge skillancer.charge%ROWTYPE;
	v_label text;
BEGIN
	SELECT * INTO v_charge FROM skillancer.charge c WHERE c.id = p_charge;
	SELECT m.label INTO v_label FROM skillancer.payment_method m WHERE m.id = v_charge.payment_method_id;
	UPDATE skillancer.charge c
	SET receipt_id = skillancer.issue_invoice('CHARGE_RECEIPT', NULL, v_charge.user_id, p_charge::uuid, v_charge.amount, NULL,
		v_charge.updated_at, jsonb_build_object('subject', 'Payment with ' || v_label,
			'lines', jsonb_build_array(jsonb_build_object('description', 'Paid into the wallet with ' || v_label, 'amount', v_charge.amount::jsonb)),
			'notes', '["A receipt of money received. Services and fees are invoiced when they are released."]'::jsonb),
		(SELECT m.booking_id FROM skillancer.milestone m WHERE m.id = v_charge.milestone_id),
		(SELECT t.id FROM skillancer.ledger_txn t WHERE t.idempotency_key = 'charge:' || p_charge::uuid))
	WHERE c.id = p_charge;
END
$$;
COMMENT ON FUNCTION skillancer.invoice_charge(skillancer.charge_id) IS 'Issues the receipt of a captured charge.';

-- The receipt of a refund.
CREATE OR REPLACE FUNCTION skillancer.invoice_refund(p_refund skillancer.refund_id) RETURNS void
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_refund skillancer.refund%ROWTYPE;
	v_label text;
	v_receipt text;
BEGIN
	SELECT * INTO v_refund FROM skillancer.refund r WHERE r.id = p_refund;
	SELECT m.label, i.number INTO v_label, v_receipt
	FROM skillancer.charge c
	JOIN skillancer.payment_method m ON m.id = c.payment_method_id
	LEFT JOIN skillancer.invoice i ON i.id = c.receipt_id
	WHERE c.id = v_refund.charge_id;
	UPDATE skillancer.refund r
	SET receipt_id = skillancer.issue_invoice('REFUND_RECEIPT', NULL, v_refund.user_id, p_refund::uuid, v_refund.amount, NULL,
		v_refund.updated_at, jsonb_build_object('subject', concat_ws(' ', 'Refund to', v_label, 'of', v_receipt),
			'lines', jsonb_build_array(jsonb_build_object('description', 'Out of the wallet back to ' || v_label, 'amount', v_refund.amount::jsonb)),
			'notes', '["A receipt of money sent back."]'::jsonb),
		NULL, (SELECT t.id FROM skillancer.ledger_txn t WHERE t.idempotency_key = 'card_refund_paid:' || p_refund::uuid))
	WHERE r.id = p_refund;
END
$$;
COMMENT ON FUNCTION skillancer.invoice_refund(skillancer.refund_id) IS 'Issues the receipt of a refund that is on the card.';

-- The statement of a payout.
CREATE OR REPLACE FUNCTION skillancer.invoice_payout(p_payout skillancer.payout_id) RETURNS void
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_payout skillancer.payout%ROWTYPE;
	v_label text;
BEGIN
	SELECT * INTO v_payout FROM skillancer.payout p WHERE p.id = p_payout;
	SELECT m.label INTO v_label FROM skillancer.payment_method m WHERE m.id = v_payout.payment_method_id;
	UPDATE skillancer.payout p
	SET statement_id = skillancer.issue_invoice('PAYOUT_STATEMENT', NULL, v_payout.user_id, p_payout::uuid,
		v_payout.amount - v_payout.fee, NULL, v_payout.updated_at, jsonb_build_object('subject', 'Payout to ' || v_label,
			'lines', jsonb_build_array(jsonb_build_object('description', 'Out of the balance', 'amount', v_payout.amount::jsonb),
				jsonb_build_object('description', 'Payout fee', 'amount', (-v_payout.fee)::jsonb))),
		NULL, (SELECT t.id FROM skillancer.ledger_txn t WHERE t.idempotency_key = 'payout_paid:' || p_payout::uuid))
	WHERE p.id = p_payout;
END
$$;
COMMENT ON FUNCTION skillancer.invoice_payout(skillancer.payout_id) IS 'Issues the statement of a paid payout.';

-- Takes a part of an invoice back.
CREATE OR REPLACE FUNCTION skillancer.credit_invoice(p_invoice skillancer.invoice_id, p_ref uuid, p_amount skillancer.monetary,
		p_reason text, p_posting bigint)
	RETURNS skillancer.invoice_id
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_invoice skillancer.invoice%ROWTYPE;
	v_before skillancer.monetary;
	v_taxed skillancer.monetary;
	v_tax skillancer.monetary;
BEGIN
	-- invoices are never locked as rows, because nobody may change them
	PERFORM pg_advisory_xact_lock(hashtextextended(p_invoice::text, 37));
	SELECT * INTO v_invoice FROM skillancer.invoice i WHERE i.id = p_invoice;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND', 'there is no such invoice');
	ELSIF skillancer.monetary_currency(p_amount) <> skillancer.monetary_currency(v_invoice.total) THEN
		PERFORM skillancer.fail('CURRENCY_MISMATCH');
	ELSIF skillancer.monetary_minor(p_amount) <= 0 OR v_invoice.kind = 'CREDIT_NOTE' THEN
		PERFORM skillancer.fail('INVALID_STATE', 'a credit note takes something of an invoice back');
	END IF;
	SELECT -coalesce(skillancer.sum(i.total), p_amount - p_amount), -coalesce(skillancer.sum(i.tax), p_amount - p_amount)
	INTO v_before, v_taxed
	FROM skillancer.invoice i WHERE i.corrects = p_invoice AND i.ref <> p_ref;
	IF v_before + p_amount > v_invoice.total THEN
		PERFORM skillancer.fail('INVALID_STATE', format('%s is for %s, and %s was credited', v_invoice.number, v_invoice.total, v_before));
	END IF;
	-- the tax of all credits together is that of their sum
	v_tax := skillancer.tax_within(v_before + p_amount, coalesce((v_invoice.document ->> 'taxBps')::integer, 0)) - v_taxed;
	RETURN skillancer.issue_invoice('CREDIT_NOTE', v_invoice.issuer_id, v_invoice.recipient_id, p_ref, -p_amount, -v_tax,
		skillancer.now(), jsonb_build_object('subject', v_invoice.document ->> 'subject', 'corrects', v_invoice.number,
			'taxLabel', v_invoice.document ->> 'taxLabel', 'taxBps', v_invoice.document -> 'taxBps',
			'lines', jsonb_build_array(jsonb_build_object('description', p_reason, 'amount', (-p_amount)::jsonb))),
		v_invoice.booking_id, p_posting, p_invoice);
END
$$;
COMMENT ON FUNCTION skillancer.credit_invoice(skillancer.invoice_id, uuid, skillancer.monetary, text, bigint) IS
	'Issues a credit note about an amount of an invoice, once for a ref (the refund); more than nothing, and never more than the invoice. Credits of the whole amount take exactly its tax back.';

-- The credit notes of what a freelancer gave back.
CREATE OR REPLACE FUNCTION skillancer.credit_return(p_return uuid) RETURNS void
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_return skillancer.earning_return%ROWTYPE;
	v_what text;
BEGIN
	SELECT * INTO v_return FROM skillancer.earning_return r WHERE r.id = p_return;
	v_what := CASE (SELECT t.kind FROM skillancer.ledger_txn t WHERE t.id = v_return.posting) WHEN 'give_back' THEN 'given back'
		ELSE 'charged back' END;
	PERFORM skillancer.credit_invoice(i.id, p_return, v.amount, v.reason, v_return.posting)
	FROM (VALUES
		('SERVICE', v_return.gross, initcap(left(v_what, 1)) || substr(v_what, 2)),
		('PLATFORM_FEE', v_return.fee, 'Service fee on ' || v_return.gross || ' that was ' || v_what),
		('CLIENT_FEE', v_return.client_fee, 'Client fee on ' || v_return.gross || ' that was ' || v_what)) v (kind, amount, reason)
	JOIN skillancer.invoice i ON i.ref = v_return.earning_id AND i.kind = v.kind
	WHERE skillancer.monetary_minor(v.amount) > 0
	ORDER BY i.id;
	UPDATE skillancer.earning_return r SET credited = true WHERE r.id = p_return;
END
$$;
COMMENT ON FUNCTION skillancer.credit_return(uuid) IS
	'Issues credit notes about the freelancer''s invoice and the fees of an earning of which a part went back.';

-- The credit notes of money that moved, and was brought or taken back by a bank.
CREATE OR REPLACE FUNCTION skillancer.credit_bank(p_kind text, p_ref uuid) RETURNS void
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	CASE p_kind
		WHEN 'payout' THEN
			UPDATE skillancer.payout p
			SET credit_id = skillancer.credit_invoice(p.statement_id, p_ref, p.amount - p.fee, 'Sent back by the bank; it is in the balance again',
				(SELECT t.id FROM skillancer.ledger_txn t WHERE t.idempotency_key = 'payout_bounced:' || p_ref))
			WHERE p.id = p_ref::skillancer.payout_id;
		WHEN 'refund' THEN
			UPDATE skillancer.refund r
			SET credit_id = skillancer.credit_invoice(r.receipt_id, p_ref, r.amount, 'It came back from the card; it is in the wallet again',
				(SELECT t.id FROM skillancer.ledger_txn t WHERE t.idempotency_key = 'card_refund_returned:' || p_ref))
			WHERE r.id = p_ref::skillancer.refund_id;
		WHEN 'chargeback' THEN
			UPDATE skillancer.chargeback b
			SET credit_id = skillancer.credit_invoice(c.receipt_id, p_ref, b.amount, 'Charged back by the bank, number ' || b.reference,
				(SELECT t.id FROM skillancer.ledger_txn t WHERE t.idempotency_key = 'chargeback_lost:' || p_ref))
			FROM skillancer.charge c
			WHERE b.id = p_ref AND c.id = b.charge_id;
	END CASE;
END
$$;
COMMENT ON FUNCTION skillancer.credit_bank(text, uuid) IS
	'Issues the credit note about the statement of a payout that came back, about the receipt of a refund that came back, or about the receipt of a charge that was lost to a charge-back.';

-- Issues one document in a subtransaction.
CREATE OR REPLACE FUNCTION skillancer.try_invoice(p_kind text, p_ref uuid) RETURNS bigint
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	CASE p_kind
		WHEN 'earning' THEN PERFORM skillancer.invoice_earning(p_ref);
		WHEN 'charge' THEN PERFORM skillancer.invoice_charge(p_ref::skillancer.charge_id);
		WHEN 'return' THEN PERFORM skillancer.credit_return(p_ref);
		WHEN 'payout' THEN PERFORM skillancer.invoice_payout(p_ref::skillancer.payout_id);
		WHEN 'refund' THEN PERFORM skillancer.invoice_refund(p_ref::skillancer.refund_id);
		ELSE PERFORM skillancer.credit_bank(substr(p_kind, length('credit ') + 1), p_ref);
	END CASE;
	RETURN 1;
EXCEPTION WHEN OTHERS THEN
	RAISE LOG 'skillancer could not invoice % %: %', p_kind, p_ref, SQLERRM;
	RETURN 0;
END
$$;
COMMENT ON FUNCTION skillancer.try_invoice(text, uuid) IS
	'Issues the document of an earning, charge, payout, refund or return, or a credit note ("credit payout", …); one that fails is logged, takes no number, and is tried again.';

-- Credit notes about what banks brought or took back.
CREATE OR REPLACE FUNCTION skillancer.issue_credits() RETURNS bigint
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_item record;
	v_issued bigint := 0;
BEGIN
	FOR v_item IN SELECT p.id::uuid AS id FROM skillancer.payout p
		WHERE p.state = 'RETURNED' AND p.credit_id IS NULL AND p.statement_id IS NOT NULL
		ORDER BY p.id LIMIT 200 FOR UPDATE SKIP LOCKED
	LOOP
		v_issued := v_issued + skillancer.try_invoice('credit payout', v_item.id);
	END LOOP;
	FOR v_item IN SELECT r.id::uuid AS id FROM skillancer.refund r
		WHERE r.state = 'FAILED' AND r.receipt_id IS NOT NULL AND r.credit_id IS NULL
		ORDER BY r.id LIMIT 200 FOR UPDATE SKIP LOCKED
	LOOP
		v_issued := v_issued + skillancer.try_invoice('credit refund', v_item.id);
	END LOOP;
	FOR v_item IN SELECT b.id FROM skillancer.chargeback b
		JOIN skillancer.charge c ON c.id = b.charge_id AND c.receipt_id IS NOT NULL
		WHERE b.state = 'LOST' AND b.credit_id IS NULL
		ORDER BY b.id LIMIT 200 FOR UPDATE OF b SKIP LOCKED
	LOOP
		v_issued := v_issued + skillancer.try_invoice('credit chargeback', v_item.id);
	END LOOP;
	RETURN v_issued;
END
$$;
COMMENT ON FUNCTION skillancer.issue_credits() IS
	'A part of issue_invoices(): payouts and refunds that came back, charge-backs that were lost. What had no document needs no credit note.';

-- The job of the timekeeper.
CREATE OR REPLACE FUNCTION skillancer.issue_invoices() RETURNS bigint
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_item record;
	v_issued bigint := 0;
BEGIN
	FOR v_item IN SELECT e.id FROM skillancer.earning e WHERE NOT e.invoiced ORDER BY e.id LIMIT 200 FOR UPDATE SKIP LOCKED LOOP
		v_issued := v_issued + skillancer.try_invoice('earning', v_item.id);
	END LOOP;
	FOR v_item IN SELECT r.id FROM skillancer.earning_return r WHERE NOT r.credited ORDER BY r.id LIMIT 200 FOR UPDATE SKIP LOCKED LOOP
		v_issued := v_issued + skillancer.try_invoice('return', v_item.id);
	END LOOP;
	FOR v_item IN SELECT c.id::uuid AS id FROM skillancer.charge c WHERE c.state = 'CAPTURED' AND c.receipt_id IS NULL
		ORDER BY c.id LIMIT 200 FOR UPDATE SKIP LOCKED
	LOOP
		v_issued := v_issued + skillancer.try_invoice('charge', v_item.id);
	END LOOP;
	FOR v_item IN SELECT p.id::uuid AS id FROM skillancer.payout p WHERE p.state = 'PAID' AND p.statement_id IS NULL
		ORDER BY p.id LIMIT 200 FOR UPDATE SKIP LOCKED
	LOOP
		v_issued := v_issued + skillancer.try_invoice('payout', v_item.id);
	END LOOP;
	FOR v_item IN SELECT r.id::uuid AS id FROM skillancer.refund r WHERE r.state = 'REFUNDED' AND r.receipt_id IS NULL
		ORDER BY r.id LIMIT 200 FOR UPDATE SKIP LOCKED
	LOOP
		v_issued := v_issued + skillancer.try_invoice('refund', v_item.id);
	END LOOP;
	v_issued := v_issued + skillancer.issue_credits();
	RETURN v_issued;
END
$$;
ALTER FUNCTION skillancer.issue_invoices() OWNER TO skillancer_engine;
COMMENT ON FUNCTION skillancer.issue_invoices() IS
	'Issues what has been earned, charged, sent back and paid out and has no invoice, receipt, statement or credit note yet; returns how many things it dealt with.';

INSERT INTO skillancer.housekeeping_job (job, every) VALUES ('issue_invoices', '3 seconds');

-- Numbers that are missing in a series.
CREATE OR REPLACE FUNCTION skillancer.invoice_gaps()
	RETURNS TABLE (issuer uuid, code text, year integer, missing integer)
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN QUERY
		SELECT s.issuer, s.code, s.year, n
		FROM skillancer.invoice_series s
		CROSS JOIN LATERAL generate_series(1, s.last) n
		WHERE NOT EXISTS (SELECT FROM skillancer.invoice i
			WHERE coalesce(i.issuer_id::uuid, '00000000-0000-0000-0000-000000000000') = s.issuer
				AND i.code = s.code AND i.year = s.year AND i.sequence = n)
		UNION ALL
		SELECT x.issuer, x.code, x.year, x.sequence
		FROM (SELECT coalesce(i.issuer_id::uuid, '00000000-0000-0000-0000-000000000000') AS issuer, i.code, i.year, i.sequence
			FROM skillancer.invoice i) x
		LEFT JOIN skillancer.invoice_series s ON s.issuer = x.issuer AND s.code = x.code AND s.year = x.year
		WHERE x.sequence > coalesce(s.last, 0);
END
$$;
COMMENT ON FUNCTION skillancer.invoice_gaps() IS
	'For operators: numbers that a series has counted and no invoice has, or that are beyond its count. Empty when the numbers are in order.';
GRANT EXECUTE ON FUNCTION skillancer.invoice_gaps() TO skillancer_admin;
