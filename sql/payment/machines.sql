-- sql/payment/machines.sql
--	Machines of charges, earnings and payouts. Their postings are effects in extension/payment.

INSERT INTO skillancer.machine (name, relation, initial, aggregate) VALUES
	('charge', 'skillancer.charge', ARRAY['CREATED'], 'charge'),
	('earning', 'skillancer.earning', ARRAY['PENDING'], 'earning'),
	('payout', 'skillancer.payout', ARRAY['CREATED'], 'payout'),
	('connect_purchase', 'skillancer.connect_purchase', ARRAY['CREATED'], 'purchase');

INSERT INTO skillancer.transition (machine, from_state, event, to_state, actors, guard, emits) VALUES
	('charge', 'CREATED', 'capture', 'CAPTURED', ARRAY['system'], NULL, 'payment.captured'),
	('charge', 'CREATED', 'decline', 'FAILED', ARRAY['system'], NULL, 'payment.failed'),
	('charge', 'CREATED', 'require_action', 'REQUIRES_ACTION', ARRAY['system'], NULL, 'payment.action_required'),
	('charge', 'REQUIRES_ACTION', 'capture', 'CAPTURED', ARRAY['owner'], NULL, 'payment.captured'),
	('charge', 'REQUIRES_ACTION', 'void', 'VOIDED', ARRAY['owner', 'system'], NULL, 'payment.voided'),

	('earning', 'PENDING', 'mature', 'AVAILABLE', ARRAY['system'], NULL, 'earning.available'),

	('connect_purchase', 'CREATED', 'complete', 'COMPLETED', ARRAY['system'], NULL, 'connects.bought'),
	('connect_purchase', 'CREATED', 'fail', 'FAILED', ARRAY['system'], NULL, 'connects.not_bought'),

	('payout', 'CREATED', 'request', 'REQUESTED', ARRAY['owner', 'system'], 'payout_allowed', 'payout.requested'),
	('payout', 'REQUESTED', 'pay', 'PAID', ARRAY['system'], 'payout_goes_through', 'payout.paid'),
	('payout', 'REQUESTED', 'fail', 'FAILED', ARRAY['system'], 'payout_bounces', 'payout.failed'),
	('payout', 'REQUESTED', 'cancel', 'CANCELLED', ARRAY['owner'], NULL, 'payout.cancelled');

INSERT INTO skillancer.timer (machine, state, event, policy_key) VALUES
	('charge', 'REQUIRES_ACTION', 'void', 'chargeActionTerm'),
	('earning', 'PENDING', 'mature', 'earningHold'),
	('payout', 'REQUESTED', 'pay', 'sandboxPayoutDelay'),
	('payout', 'REQUESTED', 'fail', 'sandboxPayoutDelay');
