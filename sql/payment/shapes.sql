/*
 * sql/payment/shapes.sql
 *		What JSON about money looks like where no view says it.
 */

SELECT skillancer.add_shape('dry_run',
	'{dryRun: boolean, result: any, postings: [{kind: text, entries: [{account: text, debit: monetary|null, credit: monetary|null}]}]}');
SELECT skillancer.add_shape('movement',
	'{posting: bigint, kind: text, at: timestamptz, bookingId: booking_id|null, reference: {type: text, id: text|null}|null, gross: monetary|null, fee: monetary|null, entries: [{account: text, change: monetary, balance: monetary}]}');
SELECT skillancer.add_shape('earning_group',
	'{day?: text, week?: text, month?: text, year?: text, client?: text, booking?: text, name: text|null, earnings: bigint, gross: monetary, fee: monetary, net: monetary, returned: monetary}');
SELECT skillancer.add_shape('conversion',
	'{id: uuid, sold: monetary, spread: monetary, bought: monetary, rate: text, rateAt: timestamptz, createdAt: timestamptz}');
SELECT skillancer.add_shape('connect_purchase',
	'{id: uuid, connects: integer, price: monetary, state: text, charge: charge_doc|null, createdAt: timestamptz}');
SELECT skillancer.add_shape('connect_movement', '{kind: text, at: timestamptz, change: bigint, proposalId: proposal_id|null}');
SELECT skillancer.add_shape('billing_profile',
	'{name: text, address: text, country: text, taxNumber: text|null, updatedAt: timestamptz}');
SELECT skillancer.add_shape('invoice_party', '{name: text, address: text, country: text|null, taxNumber: text|null}');
SELECT skillancer.add_shape('invoice_text', '{subject: text, lines: [{description: text, amount: monetary}], issuer: invoice_party, recipient: invoice_party, taxLabel?: text|null, taxBps?: integer|null, corrects?: text, notes?: [text]}');
SELECT skillancer.add_shape('p_legs', '[{account: text, userId?: user_id|null, debit?: monetary, credit?: monetary}]');
SELECT skillancer.add_shape('adjustment.legs', '[{account: text, userId?: user_id|null, debit?: monetary, credit?: monetary}]');
