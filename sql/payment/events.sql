-- sql/payment/events.sql
--	Events of payments, with the JSON schema of their data.

INSERT INTO skillancer.event_type (name, version, description, schema)
SELECT v.name, '1.0', v.description, jsonb_build_object('type', 'object',
	'required', jsonb_build_array(v.id, 'state', 'from'))
FROM (VALUES
	('payment.captured', 'chargeId', 'A charge was captured: the money is in the wallet'),
	('payment.failed', 'chargeId', 'The provider declined a charge'),
	('payment.action_required', 'chargeId', 'A charge needs an action of the payer'),
	('payment.processing', 'chargeId', 'A charge is with the provider, which has not decided'),
	('payment.errored', 'chargeId', 'The provider did not answer: it is asked what has become of a charge'),
	('payment.voided', 'chargeId', 'A charge was given up or not confirmed in time'),
	('connects.bought', 'purchaseId', 'A purchase of connects was paid'),
	('connects.not_bought', 'purchaseId', 'A purchase of connects was not paid'),
	('earning.available', 'earningId', 'An earning came off hold'),
	('payout.requested', 'payoutId', 'A payout left the balance'),
	('payout.processing', 'payoutId', 'A payout is with the provider, which has not paid yet'),
	('payout.errored', 'payoutId', 'The provider did not answer: it is asked what has become of a payout'),
	('payout.returned', 'payoutId', 'The bank sent a payout back; what arrived there is in the balance again'),
	('payout.paid', 'payoutId', 'The provider has paid a payout'),
	('payout.failed', 'payoutId', 'The provider could not pay; the money is back in the balance'),
	('payout.cancelled', 'payoutId', 'A payout was taken back before it was paid')
) AS v (name, id, description);

INSERT INTO skillancer.event_type (name, version, description, schema)
SELECT v.name, '1.0', v.description, '{"type": "object", "required": ["paymentMethodId", "userId", "label"]}'::jsonb
FROM (VALUES
	('payout_method.added', 'Somebody signed in as the user added a payout method'),
	('payout_method.made_default', 'A payout method became the one that scheduled payouts go to'),
	('payout_method.removed', 'A payout method was removed')
) AS v (name, description);

INSERT INTO skillancer.event_type (name, version, description, schema) VALUES
	('connects.granted', '1.0', 'Staff gave connects to a user', '{"type": "object", "required": ["userId", "connects"]}'),
	('wallet.converted', '1.0', 'Money of a wallet was converted', '{"type": "object", "required": ["conversionId", "userId", "sold", "bought"]}'),
	('fx.rate_set', '1.0', 'Staff set an exchange rate', '{"type": "object", "required": ["rateId", "base", "quote", "rate"]}'),
	('invoice.issued', '1.0', 'An invoice, receipt, statement or credit note was issued',
		'{"type": "object", "required": ["invoiceId", "kind", "userId"]}'),
	('payout.skipped', '1.0', 'A scheduled payout was not possible: reason says why',
		'{"type": "object", "required": ["userId", "currency", "reason"]}'),
	('ledger.broken', '1.0', 'The nightly check found an invariant of the ledger broken',
		'{"type": "object", "required": ["invariant", "name", "violations", "sample"]}');
