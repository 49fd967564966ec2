-- sql/payment/machines_return.sql
--	Machines of money that goes back: refunds to cards, charge-backs, postings by hand; and the steps of milestones,
--	bookings and charges that belong to them. Their postings are effects in extension/payment.

INSERT INTO skillancer.machine (name, relation, initial, aggregate) VALUES
	('refund', 'skillancer.refund', ARRAY['CREATED'], 'refund'),
	('chargeback', 'skillancer.chargeback', ARRAY['RECEIVED'], 'chargeback'),
	('adjustment', 'skillancer.adjustment', ARRAY['PROPOSED'], 'adjustment');

INSERT INTO skillancer.transition (machine, from_state, event, to_state, actors, guard, emits) VALUES
	('refund', 'CREATED', 'request', 'PROCESSING', ARRAY['owner'], NULL, 'payment.refund_requested'),
	('refund', 'PROCESSING', 'send', 'PROCESSING', ARRAY['system'], NULL, NULL),
	('refund', 'PROCESSING', 'process', 'PROCESSING', ARRAY['system'], NULL, NULL),
	('refund', 'PROCESSING', 'pay', 'REFUNDED', ARRAY['system'], NULL, 'payment.refunded'),
	('refund', 'PROCESSING', 'fail', 'FAILED', ARRAY['system'], NULL, 'payment.refund_failed'),
	('refund', 'PROCESSING', 'lose', 'ERRORED', ARRAY['system'], NULL, 'payment.refund_errored'),
	('refund', 'PROCESSING', 'lose_silently', 'ERRORED', ARRAY['system'], 'provider_is_local', 'payment.refund_errored'),
	('refund', 'PROCESSING', 'ask', 'PROCESSING', ARRAY['system'], 'provider_is_remote', NULL),
	('refund', 'ERRORED', 'ask', 'ERRORED', ARRAY['system'], NULL, NULL),
	('refund', 'ERRORED', 'pay', 'REFUNDED', ARRAY['system'], NULL, 'payment.refunded'),
	('refund', 'ERRORED', 'fail', 'FAILED', ARRAY['system'], NULL, 'payment.refund_failed'),
	('refund', 'ERRORED', 'process', 'PROCESSING', ARRAY['system'], NULL, 'payment.refund_processing'),
	('refund', 'REFUNDED', 'return', 'FAILED', ARRAY['system'], NULL, 'payment.refund_failed'),

	('chargeback', 'RECEIVED', 'open', 'OPEN', ARRAY['system'], NULL, 'payment.charged_back'),
	('chargeback', 'OPEN', 'win', 'WON', ARRAY['system'], NULL, 'payment.chargeback_won'),
	('chargeback', 'OPEN', 'lose', 'LOST', ARRAY['system'], NULL, 'payment.chargeback_lost'),
	('charge', 'CAPTURED', 'charge_back', 'CHARGED_BACK', ARRAY['system'], NULL, 'payment.taken_back'),
	('charge', 'CHARGED_BACK', 'charge_back', 'CHARGED_BACK', ARRAY['system'], NULL, NULL),
	('charge', 'CHARGED_BACK', 'restore', 'CAPTURED', ARRAY['system'], NULL, 'payment.restored'),

	('adjustment', 'PROPOSED', 'approve', 'POSTED', ARRAY['staff'], 'adjustment_second_person', 'adjustment.posted'),
	('adjustment', 'PROPOSED', 'reject', 'REJECTED', ARRAY['staff'], 'adjustment_finance', 'adjustment.rejected'),
	('adjustment', 'PROPOSED', 'expire', 'EXPIRED', ARRAY['system'], NULL, 'adjustment.expired');

-- what is held for a charge-back is out of reach like a claim in a dispute
INSERT INTO skillancer.transition (machine, from_state, event, to_state, actors, guard, emits)
SELECT 'milestone', s, e.event, coalesce(e.to_state, s), ARRAY['system'], e.guard, e.emits
FROM unnest(ARRAY['FUNDED', 'SUBMITTED', 'CHANGES_REQUESTED']) s,
	(VALUES ('hold', NULL, NULL, 'milestone.held'), ('unhold', NULL, NULL, 'milestone.unheld'),
		('lose_held', NULL, NULL, 'milestone.part_refunded'), ('lose_all', 'REFUNDED', NULL, 'milestone.refunded'))
	AS e (event, to_state, guard, emits);

-- the bank decides about the money: what the two dispute about it is over
INSERT INTO skillancer.transition (machine, from_state, event, to_state, actors, guard, emits)
SELECT 'dispute', s, 'overtake', 'WITHDRAWN', ARRAY['system'], NULL, 'dispute.overtaken'
FROM unnest(ARRAY['AWAITING_REPLY', 'NEGOTIATION', 'MEDIATION', 'PROPOSAL_OUT']) s;

INSERT INTO skillancer.transition (machine, from_state, event, to_state, actors, guard, emits)
SELECT 'milestone', s, 'give_back', s, ARRAY['freelancer'], NULL, 'milestone.given_back'
FROM unnest(ARRAY['RELEASED', 'REFUNDED']) s;

INSERT INTO skillancer.transition (machine, from_state, event, to_state, actors, guard, emits)
SELECT 'booking', s, 'tip', s, ARRAY['client'], NULL, 'booking.tipped'
FROM unnest(ARRAY['ACTIVE', 'PAUSED', 'ENDING', 'COMPLETED', 'CANCELLED']) s;

INSERT INTO skillancer.timer (machine, state, event, policy_key) VALUES
	('refund', 'PROCESSING', 'lose_silently', 'providerSilence'),
	('refund', 'PROCESSING', 'ask', 'providerPendingAsk'),
	('refund', 'ERRORED', 'ask', 'providerAskDelay'),
	('adjustment', 'PROPOSED', 'expire', 'adjustmentTerm');
