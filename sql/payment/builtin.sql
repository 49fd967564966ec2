-- sql/payment/builtin.sql
--	Built-in rows of payments and bookings: policies, the first fee schedule, payout rules. Rows that
--	an operator has edited are left alone.
RESET ROLE;

SELECT skillancer.put_policy('bookingPaymentTerm', '"P14D"', 'A booking that nobody funds is void after this long');
SELECT skillancer.put_policy('offerTerm', '"P7D"', 'A direct offer that the freelancer does not accept is void after this long');
SELECT skillancer.put_policy('offerLimit', '50', 'Direct offers of one client that wait for an answer');
SELECT skillancer.put_policy('termsLimit', '50', 'Versions that the terms of one booking may have');
SELECT skillancer.put_policy('changeRequestTerm', '"PT48H"', 'A change that the other side does not answer is decided by silence after this long');
SELECT skillancer.put_policy('changeSilence', '{"EXTENSION": {"CLIENT": "ACCEPT", "FREELANCER": "DECLINE"}, "PAUSE": {"CLIENT": "ACCEPT", "FREELANCER": "ACCEPT"}, "CANCELLATION": {"CLIENT": "DECLINE", "FREELANCER": "ACCEPT"}, "AMENDMENT": {"CLIENT": "DECLINE", "FREELANCER": "DECLINE"}, "REFUND": {"CLIENT": "DECLINE"}}',
	'What silence means, by the kind of change and the side that asks: never that money leaves who was silent');
SELECT skillancer.put_policy('deliveryLimit', '100', 'Deliveries of one milestone');
SELECT skillancer.put_policy('disputeReplyTerm', '"P7D"', 'Who claims wins when the other side has not replied for this long');
SELECT skillancer.put_policy('disputeNegotiationTerm', '"P7D"', 'A dispute that the two have not settled goes to mediation after this long');
SELECT skillancer.put_policy('disputeEvidenceTerm', '"P5D"', 'Evidence is taken for this long after a dispute went to mediation');
SELECT skillancer.put_policy('disputeProposalTerm', '"P5D"', 'Silence accepts the split of the mediator after this long');
SELECT skillancer.put_policy('disputeLimit', '3', 'Disputes that one side may open about one milestone');
SELECT skillancer.put_policy('disputeEvidenceLimit', '50', 'Pieces of evidence of one side of a dispute');
SELECT skillancer.put_policy('gigAutoRelease', '"P3D"', 'autoRelease of gig orders');
SELECT skillancer.put_policy('adjustmentTerm', '"P7D"', 'A posting by hand that nobody decides about is dropped after this long');
SELECT skillancer.put_policy('reversalLimit', '10000', 'A posting of more than this, in minor units of its currency, is taken back by two people');
SELECT skillancer.put_policy('autoRelease', '"P14D"', 'Submitted work is released when the client has not answered for this long');
SELECT skillancer.put_policy('releaseReminders', '["P7D", "P3D", "P1D"]', 'The client is reminded so long before silence releases submitted work');
SELECT skillancer.put_policy('hourlyWeeklyLimit', '2400', 'Weekly limit of an hourly booking in minutes, unless its terms name one');
SELECT skillancer.put_policy('hourlyReview', '"P4D"', 'autoRelease of the weeks of hourly bookings: from the lock on Monday until Friday');
SELECT skillancer.put_policy('weekLockDelay', '"PT12H"', 'A week of an hourly booking is locked so long after its Sunday ends, UTC');
SELECT skillancer.put_policy('paymentReminder', '"P1D"', 'How often the payment of a week that is due is tried again, and the client told');
SELECT skillancer.put_policy('revisionLimit', '10', 'Change requests of one milestone');
SELECT skillancer.put_policy('ledgerCloseDelay', '"PT1H"', 'The books of a day can be closed when it has been over for this long');
SELECT skillancer.put_policy('earningHold', '"P5D"', 'Released money is on hold for this long before it can be paid out');
SELECT skillancer.put_policy('earningHoldByLevel', '{"ESTABLISHED": "P3D", "TOP": "P1D"}', 'earningHold by level of the freelancer, as it is at the release; a level that is not named has earningHold');
SELECT skillancer.put_policy('reviewWindow', '"P14D"', 'Reviews may be written for this long after a booking ended, then all are published');
SELECT skillancer.put_policy('payoutCooldown', '"PT72H"', 'A new payout method cannot be used for this long');
SELECT skillancer.put_policy('payoutVelocity', '{"count": 20, "window": "PT24H"}', 'Payouts that one person may request within the window; payout_rule.window_maximum limits their amount');
SELECT skillancer.put_policy('chargeActionTerm', '"PT1H"', 'A charge that needs an action of the payer is voided after this long');
SELECT skillancer.put_policy('payoutDelay', '"PT1M"', 'A requested payout can be taken back for this long, then it is handed to the provider');
SELECT skillancer.put_policy('paymentProvider', '"sandbox"', 'The provider of new payment and payout methods: sandbox or stripe');
SELECT skillancer.put_policy('providerSilence', '"PT5M"', 'When the sandbox has not answered for this long, what became of it is unknown');
SELECT skillancer.put_policy('providerAskDelay', '"PT1M"', 'What became unknown is asked for after this long, and again after as long as it has lasted');
SELECT skillancer.put_policy('providerAskMax', '"PT6H"', 'Longest pause between two questions to a provider');
SELECT skillancer.put_policy('providerPendingAsk', '"PT1H"', 'What a provider has not decided after this long is asked for, in case a webhook was lost');
SELECT skillancer.put_policy('providerUnknownTerm', '"PT2H"', 'What a provider does not know of after this long has never reached it');
SELECT skillancer.put_policy('providerKeyTerm', '"PT23H"', 'A call is not sent again after this long: the provider may have forgotten its idempotency key');
SELECT skillancer.put_policy('providerRetention', '"P90D"', 'Settled calls and webhooks of payment providers are kept for this long');
SELECT skillancer.put_policy('webhookTolerance', '300', 'Seconds between the signature of a webhook and its arrival');
SELECT skillancer.put_policy('sandboxChargebackDelay', '"PT1H"', 'A charge with tok_chargeback is charged back after this long');
SELECT skillancer.put_policy('sandboxChargebackFee', '1500', 'What the sandbox''s bank takes for a charge-back, in minor units');
SELECT skillancer.put_policy('sandboxReturnDelay', '"PT1H"', 'A payout to tok_bank_returned comes back after this long');
SELECT skillancer.put_policy('sandboxCost', '{"bps": 290, "fixed": 30}', 'What the sandbox provider keeps of a charge: hundredths of a percent, and minor units');
SELECT skillancer.put_policy('feeVersion', '1', 'Version of the fee schedule that new bookings get');
SELECT skillancer.put_policy('maxCharge', '100000000', 'Largest charge or milestone, in minor units of its currency');
SELECT skillancer.put_policy('platformIdentity', '{"name": "Skillancer", "address": "", "country": null, "taxNumber": null}', 'Who issues the invoices of the platform: name, address, country, taxNumber');
SELECT skillancer.put_policy('exportLimit', '20000', 'Postings in one export of a history');
SELECT skillancer.put_policy('methodLimit', '10', 'Payment methods, and payout methods, that one person may have');
SELECT skillancer.put_policy('connectsMonthly', '60', 'Connects that every freelancer gets each month');
SELECT skillancer.put_policy('connectCosts', '{"currency": "USD", "tiers": [{"below": 50000, "connects": 2}, {"upTo": 100000, "connects": 4}, {"connects": 6}]}',
	'What a proposal costs, by the budget of the project (its upper end) in minor units of the currency');
SELECT skillancer.put_policy('connectReturnEarly', '100', 'Percent of its connects that come back from a proposal that is withdrawn unviewed within connectReturnWindow');
SELECT skillancer.put_policy('connectReturnLate', '50', 'The same when it is withdrawn unviewed later');
SELECT skillancer.put_policy('connectReturnCancelled', '100', 'The same when its project is cancelled without a hire');
SELECT skillancer.put_policy('connectReturnWindow', '"PT24H"', 'A proposal is withdrawn early within this time');
SELECT skillancer.put_policy('connectGrantLife', '"P90D"', 'Connects that were given lapse after this long');
SELECT skillancer.put_policy('connectBundles', '[{"connects": 10, "price": {"amount": "1.50", "currency": "USD"}}, {"connects": 40, "price": {"amount": "6.00", "currency": "USD"}}, {"connects": 80, "price": {"amount": "11.00", "currency": "USD"}}, {"connects": 200, "price": {"amount": "25.00", "currency": "USD"}}]',
	'Connects that can be bought together, and the price');
SELECT skillancer.put_policy('fxTerms', '{"pivot": "USD", "spreadBps": 50}', 'Currency over which pairs without a rate are crossed, and the spread of a conversion in hundredths of a percent');
SELECT skillancer.put_policy('fxMaxAge', '"PT24H"', 'A rate that is older than this is not good for a conversion');
SELECT skillancer.put_policy('fxQuoteTerm', '"PT2M"', 'A quote for a conversion can be taken for this long');
SELECT skillancer.put_policy('fxMaxMove', '20', 'A new rate that is so many percent off the last one has to be confirmed');
SELECT skillancer.put_policy('milestoneLimit', '50', 'Milestones of one booking');

-- 20 % to 500, 10 % to 10,000, 5 % above, by the lifetime billings of the pair; clients pay 3 %.
SELECT skillancer.put_builtin('skillancer.fee_schedule', p::jsonb)
FROM (VALUES
	('{"version": 1, "kind": "SERVICE", "currency": "*", "above": 0, "bps": 2000}'),
	('{"version": 1, "kind": "SERVICE", "currency": "*", "above": 500, "bps": 1000}'),
	('{"version": 1, "kind": "SERVICE", "currency": "*", "above": 10000, "bps": 500}'),
	('{"version": 1, "kind": "SERVICE", "currency": "JPY", "above": 0, "bps": 2000}'),
	('{"version": 1, "kind": "SERVICE", "currency": "JPY", "above": 50000, "bps": 1000}'),
	('{"version": 1, "kind": "SERVICE", "currency": "JPY", "above": 1000000, "bps": 500}'),
	('{"version": 1, "kind": "CLIENT", "currency": "*", "above": 0, "bps": 300}')
) AS v (p);

SELECT skillancer.put_builtin('skillancer.payout_rule', p::jsonb)
FROM (VALUES
	('{"currency": "USD", "minimum": 25, "fee": 2, "window_maximum": 100000}'),
	('{"currency": "EUR", "minimum": 25, "fee": 2, "window_maximum": 100000}'),
	('{"currency": "GBP", "minimum": 20, "fee": 2, "window_maximum": 80000}'),
	('{"currency": "INR", "minimum": 2000, "fee": 150, "window_maximum": 8000000}'),
	('{"currency": "JPY", "minimum": 3500, "fee": 250, "window_maximum": 15000000}'),
	('{"currency": "*", "minimum": 25, "fee": 2}')
) AS v (p);

-- invoices, receipts and statements in a browser, printed on A4
SELECT skillancer.put_builtin('skillancer.document_template', jsonb_build_object('name', 'document', 'body',
'<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{{title}}</title>
<style>
body { font: 10pt/1.5 "DejaVu Sans", sans-serif; color: #222; max-width: 46em; margin: 3em auto; padding: 0 1em }
h1 { font-size: 1.8em }
table { border-collapse: collapse; width: 100% }
th { text-align: left; border-bottom: 1px solid #222 }
td, th { padding: .2em .5em .2em 0; vertical-align: top }
.right { text-align: right }
.facts th { border: 0; width: 10em }
.parties { display: flex; gap: 2em; margin: 2em 0 }
.parties div { flex: 1 }
.totals { margin-left: 50%; width: 50%; border-top: 1px solid #222 }
.strong { font-weight: bold }
footer { color: #666; font-size: .9em; margin-top: 2em }
@page { size: A4; margin: 2cm }
@media print { body { margin: 0; max-width: none } }
</style>
</head>
<body>
<h1>{{title}}</h1>
<table class="facts">
{{#facts}}
<tr><th scope="row">{{label}}</th><td>{{value}}</td></tr>
{{/facts}}
</table>
<div class="parties">
{{#parties}}
<div><strong>{{heading}}</strong>{{#lines}}<br>{{text}}{{/lines}}</div>
{{/parties}}
</div>
<table>
<thead><tr>{{#columns}}<th scope="col"{{#right}} class="right"{{/right}}>{{text}}</th>{{/columns}}</tr></thead>
<tbody>
{{#rows}}
<tr>{{#cells}}<td{{#right}} class="right"{{/right}}>{{text}}</td>{{/cells}}</tr>
{{/rows}}
</tbody>
</table>
<table class="totals">
{{#totals}}
<tr{{#strong}} class="strong"{{/strong}}><td>{{label}}</td><td class="right">{{value}}</td></tr>
{{/totals}}
</table>
<footer>{{#notes}}<p>{{text}}</p>{{/notes}}</footer>
</body>
</html>
'));
