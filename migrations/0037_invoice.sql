-- Invoices, receipts, statements and credit notes: numbered without gaps, never changed.

-- The last number of each series.
CREATE TABLE skillancer.invoice_series (
	issuer uuid NOT NULL,
	code text NOT NULL CHECK (code ~ '^[A-Z]{3}$'),
	year integer NOT NULL CHECK (year BETWEEN 2000 AND 9999),
	last integer NOT NULL CHECK (last > 0),
	PRIMARY KEY (issuer, code, year)
);
COMMENT ON TABLE skillancer.invoice_series IS
	'Counters of invoice numbers by issuer (a freelancer; zeros for the platform), kind and year (UTC). Counted up in the transaction that writes the invoice, so that no number is lost.';

CREATE TABLE skillancer.invoice (
	id skillancer.invoice_id PRIMARY KEY DEFAULT skillancer.new_id()::skillancer.invoice_id,
	kind text NOT NULL CHECK (kind IN ('SERVICE', 'PLATFORM_FEE', 'CLIENT_FEE', 'CHARGE_RECEIPT', 'REFUND_RECEIPT', 'PAYOUT_STATEMENT', 'CREDIT_NOTE')),
	issuer_id skillancer.user_id REFERENCES skillancer.user_account,
	recipient_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	code text NOT NULL,
	year integer NOT NULL,
	sequence integer NOT NULL CHECK (sequence > 0),
	number text NOT NULL,
	ref uuid NOT NULL,
	booking_id skillancer.booking_id REFERENCES skillancer.booking,
	posting bigint,
	corrects skillancer.invoice_id REFERENCES skillancer.invoice,
	net skillancer.monetary NOT NULL,
	tax skillancer.monetary NOT NULL,
	total skillancer.monetary NOT NULL,
	supplied_at timestamptz NOT NULL,
	issued_at timestamptz NOT NULL DEFAULT skillancer.now(),
	document jsonb NOT NULL,
	CONSTRAINT invoice_adds_up CHECK (skillancer.monetary_minor(net) + skillancer.monetary_minor(tax) = skillancer.monetary_minor(total)),
	CONSTRAINT invoice_corrects CHECK ((kind = 'CREDIT_NOTE') = (corrects IS NOT NULL))
);
COMMENT ON TABLE skillancer.invoice IS
	'Documents that somebody has been given: invoices of freelancers to clients and of the platform, receipts, payout statements, credit notes. Rows are only added.';
COMMENT ON COLUMN skillancer.invoice.issuer_id IS 'The freelancer; NULL is the platform.';
COMMENT ON COLUMN skillancer.invoice.ref IS 'The earning, charge, payout or refund that it is about; a kind has one document for it.';
COMMENT ON COLUMN skillancer.invoice.document IS 'What it says: names, addresses and lines as they were when it was issued.';
CREATE UNIQUE INDEX invoice_number_idx ON skillancer.invoice
	(coalesce(issuer_id::uuid, '00000000-0000-0000-0000-000000000000'), code, year, sequence);
CREATE UNIQUE INDEX invoice_once_idx ON skillancer.invoice (ref, kind, coalesce(corrects::uuid, '00000000-0000-0000-0000-000000000000'));
CREATE INDEX invoice_issuer_idx ON skillancer.invoice (issuer_id, id) WHERE issuer_id IS NOT NULL;
CREATE INDEX invoice_recipient_idx ON skillancer.invoice (recipient_id, id);
CREATE INDEX invoice_booking_idx ON skillancer.invoice (booking_id) WHERE booking_id IS NOT NULL;
CREATE INDEX invoice_corrects_idx ON skillancer.invoice (corrects) WHERE corrects IS NOT NULL;

-- What still has to be invoiced is found by these indexes.
ALTER TABLE skillancer.earning ADD COLUMN invoiced boolean NOT NULL DEFAULT false;
ALTER TABLE skillancer.charge ADD COLUMN receipt_id skillancer.invoice_id REFERENCES skillancer.invoice;
ALTER TABLE skillancer.payout ADD COLUMN statement_id skillancer.invoice_id REFERENCES skillancer.invoice;
ALTER TABLE skillancer.refund ADD COLUMN receipt_id skillancer.invoice_id REFERENCES skillancer.invoice;
-- and what has to be taken back, because the money came back or was taken
ALTER TABLE skillancer.payout ADD COLUMN credit_id skillancer.invoice_id REFERENCES skillancer.invoice;
ALTER TABLE skillancer.refund ADD COLUMN credit_id skillancer.invoice_id REFERENCES skillancer.invoice;
ALTER TABLE skillancer.chargeback ADD COLUMN credit_id skillancer.invoice_id REFERENCES skillancer.invoice;
COMMENT ON COLUMN skillancer.payout.credit_id IS 'The credit note about the statement, when the bank sent the payout back.';
COMMENT ON COLUMN skillancer.refund.credit_id IS 'The credit note about the receipt, when the refund came back.';
COMMENT ON COLUMN skillancer.chargeback.credit_id IS 'The credit note about the receipt of the charge, when the charge-back was lost.';
COMMENT ON COLUMN skillancer.earning.invoiced IS 'True once its invoices are issued.';
CREATE INDEX earning_to_invoice_idx ON skillancer.earning (id) WHERE NOT invoiced;
CREATE INDEX charge_to_receipt_idx ON skillancer.charge (id) WHERE state = 'CAPTURED' AND receipt_id IS NULL;
CREATE INDEX payout_to_state_idx ON skillancer.payout (id) WHERE state = 'PAID' AND statement_id IS NULL;
CREATE INDEX refund_to_receipt_idx ON skillancer.refund (id) WHERE state = 'REFUNDED' AND receipt_id IS NULL;
CREATE INDEX payout_to_credit_idx ON skillancer.payout (id) WHERE state = 'RETURNED' AND credit_id IS NULL;
CREATE INDEX refund_to_credit_idx ON skillancer.refund (id) WHERE state = 'FAILED' AND receipt_id IS NOT NULL AND credit_id IS NULL;
CREATE INDEX chargeback_to_credit_idx ON skillancer.chargeback (id) WHERE state = 'LOST' AND credit_id IS NULL;
CREATE INDEX refund_receipt_idx ON skillancer.refund (receipt_id) WHERE receipt_id IS NOT NULL;
CREATE INDEX payout_credit_idx ON skillancer.payout (credit_id) WHERE credit_id IS NOT NULL;
CREATE INDEX refund_credit_idx ON skillancer.refund (credit_id) WHERE credit_id IS NOT NULL;
CREATE INDEX chargeback_credit_idx ON skillancer.chargeback (credit_id) WHERE credit_id IS NOT NULL;
CREATE INDEX charge_receipt_idx ON skillancer.charge (receipt_id) WHERE receipt_id IS NOT NULL;
CREATE INDEX payout_statement_idx ON skillancer.payout (statement_id) WHERE statement_id IS NOT NULL;

-- How documents look in a browser.
CREATE TABLE skillancer.document_template (
	name text PRIMARY KEY CHECK (name ~ '^[a-z_]{1,40}$'),
	body text NOT NULL CHECK (length(body) BETWEEN 1 AND 100000),
	builtin_hash text
);
COMMENT ON TABLE skillancer.document_template IS
	'Mustache templates of documents as HTML; every {{value}} is escaped. Editable by operators.';

ALTER TABLE skillancer.invoice_series ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.document_template ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
