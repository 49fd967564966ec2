-- sql/payment/machines.sql
--	Machines of charges, earnings and payouts. Their postings are effects in extension/payment.
--	lose: nobody knows what has become of it; ask: the provider is asked, and its answer is another event.

INSERT INTO skillancer.machine (name, relation, initial, aggregate) VALUES
	('charge', 'skillancer.charge', ARRAY['CREATED'], 'charge'),
	('earning', 'skillancer.earning', ARRAY['PENDING'], 'earning'),
	('payout', 'skillancer.payout', ARRAY['CREATED'], 'payout'),
	('connect_purchase', 'skillancer.connect_purchase', ARRAY['CREATED'], 'purchase');

INSERT INTO skillancer.transition (machine, from_state, event, to_state, actors, guard, emits) VALUES
	('charge', 'CREATED', 'capture', 'CAPTURED', ARRAY['system'], NULL, 'payment.captured'),
	('charge', 'CREATED', 'decline', 'FAILED', ARRAY['system'], NULL, 'payment.failed'),
	('charge', 'CREATED', 'require_action', 'REQUIRES_ACTION', ARRAY['system'], NULL, 'payment.action_required'),
	('charge', 'CREATED', 'submit', 'PROCESSING', ARRAY['system'], NULL, 'payment.processing'),
	('charge', 'REQUIRES_ACTION', 'capture', 'CAPTURED', ARRAY['owner', 'system'], 'payer_settles', 'payment.captured'),
	('charge', 'REQUIRES_ACTION', 'void', 'VOIDED', ARRAY['owner', 'system'], 'provider_is_local', 'payment.voided'),
	('charge', 'REQUIRES_ACTION', 'confirm', 'PROCESSING', ARRAY['owner'], 'provider_is_remote', 'payment.processing'),
	('charge', 'REQUIRES_ACTION', 'withdraw', 'PROCESSING', ARRAY['owner', 'system'], 'provider_is_remote', 'payment.processing'),
	('charge', 'REQUIRES_ACTION', 'process', 'PROCESSING', ARRAY['system'], NULL, 'payment.processing'),
	('charge', 'REQUIRES_ACTION', 'decline', 'FAILED', ARRAY['system'], NULL, 'payment.failed'),
	('charge', 'REQUIRES_ACTION', 'cancel', 'VOIDED', ARRAY['system'], NULL, 'payment.voided'),
	('charge', 'PROCESSING', 'capture', 'CAPTURED', ARRAY['system'], NULL, 'payment.captured'),
	('charge', 'PROCESSING', 'decline', 'FAILED', ARRAY['system'], NULL, 'payment.failed'),
	('charge', 'PROCESSING', 'require_action', 'REQUIRES_ACTION', ARRAY['system'], NULL, 'payment.action_required'),
	('charge', 'PROCESSING', 'cancel', 'VOIDED', ARRAY['system'], NULL, 'payment.voided'),
	('charge', 'PROCESSING', 'lose', 'ERRORED', ARRAY['system'], NULL, 'payment.errored'),
	('charge', 'PROCESSING', 'lose_silently', 'ERRORED', ARRAY['system'], 'provider_is_local', 'payment.errored'),
	('charge', 'PROCESSING', 'ask', 'PROCESSING', ARRAY['system'], 'provider_is_remote', NULL),
	('charge', 'ERRORED', 'ask', 'ERRORED', ARRAY['system'], NULL, NULL),
	('charge', 'ERRORED', 'capture', 'CAPTURED', ARRAY['system'], NULL, 'payment.captured'),
	('charge', 'ERRORED', 'decline', 'FAILED', ARRAY['system'], NULL, 'payment.failed'),
	('charge', 'ERRORED', 'require_action', 'REQUIRES_ACTION', ARRAY['system'], NULL, 'payment.action_required'),
	('charge', 'ERRORED', 'process', 'PROCESSING', ARRAY['system'], NULL, 'payment.processing'),
	('charge', 'ERRORED', 'cancel', 'VOIDED', ARRAY['system'], NULL, 'payment.voided'),
	('charge', 'CAPTURED', 'bank_disputes', 'CAPTURED', ARRAY['system'], 'provider_is_local', NULL),
	('charge', 'CAPTURED', 'ask', 'CAPTURED', ARRAY['system'], 'provider_cost_unknown', NULL),
	('charge', 'FAILED', 'capture', 'CAPTURED', ARRAY['system'], NULL, 'payment.captured'),
	('charge', 'VOIDED', 'capture', 'CAPTURED', ARRAY['system'], NULL, 'payment.captured'),

	('earning', 'PENDING', 'mature', 'AVAILABLE', ARRAY['system'], NULL, 'earning.available'),

	('connect_purchase', 'CREATED', 'complete', 'COMPLETED', ARRAY['system'], NULL, 'connects.bought'),
	('connect_purchase', 'CREATED', 'fail', 'FAILED', ARRAY['system'], NULL, 'connects.not_bought'),

	('payout', 'CREATED', 'request', 'REQUESTED', ARRAY['owner', 'system'], 'payout_allowed', 'payout.requested'),
	('payout', 'REQUESTED', 'cancel', 'CANCELLED', ARRAY['owner'], NULL, 'payout.cancelled'),
	('payout', 'REQUESTED', 'submit', 'REQUESTED', ARRAY['system'], NULL, NULL),
	('payout', 'REQUESTED', 'send', 'PROCESSING', ARRAY['system'], NULL, 'payout.processing'),
	('payout', 'REQUESTED', 'pay', 'PAID', ARRAY['system'], NULL, 'payout.paid'),
	('payout', 'REQUESTED', 'fail', 'FAILED', ARRAY['system'], NULL, 'payout.failed'),
	('payout', 'PROCESSING', 'pay', 'PAID', ARRAY['system'], NULL, 'payout.paid'),
	('payout', 'PROCESSING', 'fail', 'FAILED', ARRAY['system'], NULL, 'payout.failed'),
	('payout', 'PROCESSING', 'lose', 'ERRORED', ARRAY['system'], NULL, 'payout.errored'),
	('payout', 'PROCESSING', 'lose_silently', 'ERRORED', ARRAY['system'], 'provider_is_local', 'payout.errored'),
	('payout', 'PROCESSING', 'ask', 'PROCESSING', ARRAY['system'], 'provider_is_remote', NULL),
	('payout', 'ERRORED', 'ask', 'ERRORED', ARRAY['system'], NULL, NULL),
	('payout', 'ERRORED', 'pay', 'PAID', ARRAY['system'], NULL, 'payout.paid'),
	('payout', 'ERRORED', 'fail', 'FAILED', ARRAY['system'], NULL, 'payout.failed'),
	('payout', 'ERRORED', 'process', 'PROCESSING', ARRAY['system'], NULL, 'payout.processing'),
	('payout', 'PAID', 'return', 'RETURNED', ARRAY['system'], NULL, 'payout.returned');

INSERT INTO skillancer.timer (machine, state, event, policy_key) VALUES
	('charge', 'REQUIRES_ACTION', 'void', 'chargeActionTerm'),
	('charge', 'REQUIRES_ACTION', 'withdraw', 'chargeActionTerm'),
	('charge', 'PROCESSING', 'lose_silently', 'providerSilence'),
	('charge', 'PROCESSING', 'ask', 'providerPendingAsk'),
	('charge', 'ERRORED', 'ask', 'providerAskDelay'),
	('earning', 'PENDING', 'mature', 'earningHold'),
	('payout', 'REQUESTED', 'submit', 'payoutDelay'),
	('payout', 'PROCESSING', 'lose_silently', 'providerSilence'),
	('payout', 'PROCESSING', 'ask', 'providerPendingAsk'),
	('payout', 'ERRORED', 'ask', 'providerAskDelay');
