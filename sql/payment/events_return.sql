-- sql/payment/events_return.sql
--	Events of money that goes back, with the JSON schema of their data.

INSERT INTO skillancer.event_type (name, version, description, schema)
SELECT v.name, '1.0', v.description, jsonb_build_object('type', 'object', 'required', to_jsonb(v.required || '{state,from}'::text[]))
FROM (VALUES
	('payment.refund_requested', '{refundId,chargeId,userId}'::text[], 'Money left the wallet for the card that it came from'),
	('payment.refunded', '{refundId,chargeId,userId}', 'A refund is on the card'),
	('payment.refund_failed', '{refundId,chargeId,userId}', 'A refund did not get through: the money is back in the wallet'),
	('payment.refund_errored', '{refundId,chargeId,userId}', 'The provider did not answer about a refund, and is asked'),
	('payment.refund_processing', '{refundId,chargeId,userId}', 'The provider works on a refund'),
	('payment.taken_back', '{chargeId,userId}', 'A charge is charged back, as a whole or in part'),
	('payment.restored', '{chargeId,userId}', 'All charge-backs of a charge were decided for us'),
	('payment.charged_back', '{chargebackId,chargeId,userId}', 'The card holder''s bank took a charge back: the money is frozen until it decides'),
	('payment.chargeback_won', '{chargebackId,chargeId,userId}', 'A charge-back was decided for us: everything is as before'),
	('payment.chargeback_lost', '{chargebackId,chargeId,userId}', 'A charge-back was decided against us: what was frozen is gone'),
	('dispute.overtaken', '{disputeId,milestoneId,bookingId,clientId,freelancerId,claimantId}', 'The client''s bank took the payment back: the bank decides, and the dispute is over'),
	('milestone.held', '{milestoneId,bookingId,clientId,freelancerId,amount}', 'The client''s bank took the payment of a milestone back: its escrow is frozen'),
	('milestone.unheld', '{milestoneId,bookingId,clientId,freelancerId}', 'A charge-back was decided for us: the escrow of the milestone is as before'),
	('milestone.given_back', '{milestoneId,bookingId,clientId,freelancerId,amount}', 'The freelancer gave back a part of what had been released'),
	('booking.tipped', '{bookingId,clientId,freelancerId,tipId,amount}', 'The client gave a tip'),
	('adjustment.posted', '{adjustmentId}', 'A posting by hand was approved by a second person, and made'),
	('adjustment.rejected', '{adjustmentId}', 'A posting by hand was rejected'),
	('adjustment.expired', '{adjustmentId}', 'Nobody decided about a posting by hand in time')
) AS v (name, required, description);

INSERT INTO skillancer.event_type (name, version, description, schema) VALUES
	('adjustment.proposed', '1.0', 'Somebody of finance proposes a posting by hand',
		'{"type": "object", "required": ["adjustmentId", "state", "kind", "reason"]}');
