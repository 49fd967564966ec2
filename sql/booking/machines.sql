-- sql/booking/machines.sql
--	Machines of bookings, milestones, weeks, change requests, reviews and their reports. Guards and effects are C:
--	extension/booking and, where money moves, extension/payment.

INSERT INTO skillancer.machine (name, relation, initial, aggregate) VALUES
	('booking', 'skillancer.booking', ARRAY['OFFERED', 'AWAITING_PAYMENT'], 'booking'),
	('milestone', 'skillancer.milestone', ARRAY['PROPOSED', 'AGREED'], 'milestone'),
	('work_week', 'skillancer.work_week', ARRAY['OPEN'], 'week'),
	('change_request', 'skillancer.change_request', ARRAY['PENDING'], 'change'),
	('review', 'skillancer.review', ARRAY['HIDDEN'], 'review'),
	('review_report', 'skillancer.review_report', ARRAY['OPEN'], 'report');

INSERT INTO skillancer.transition (machine, from_state, event, to_state, actors, guard, emits) VALUES
	('booking', 'OFFERED', 'accept', 'AWAITING_PAYMENT', ARRAY['freelancer'], NULL, 'booking.accepted'),
	('booking', 'OFFERED', 'decline', 'VOID', ARRAY['freelancer'], NULL, 'booking.voided'),
	('booking', 'OFFERED', 'withdraw', 'VOID', ARRAY['client'], NULL, 'booking.voided'),
	('booking', 'OFFERED', 'expire', 'VOID', ARRAY['system'], NULL, 'booking.voided'),
	('booking', 'AWAITING_PAYMENT', 'activate', 'ACTIVE', ARRAY['system'], NULL, 'booking.activated'),
	('booking', 'AWAITING_PAYMENT', 'cancel', 'VOID', ARRAY['client', 'freelancer'], 'booking_unfunded', 'booking.voided'),
	('booking', 'AWAITING_PAYMENT', 'expire', 'VOID', ARRAY['system'], 'booking_unfunded', 'booking.voided'),
	('booking', 'AWAITING_PAYMENT', 'await_requirements', 'AWAITING_REQUIREMENTS', ARRAY['system'], NULL, 'booking.requirements_awaited'),
	('booking', 'AWAITING_REQUIREMENTS', 'answer', 'ACTIVE', ARRAY['client'], NULL, 'booking.activated'),
	('booking', 'AWAITING_REQUIREMENTS', 'end', 'ENDING', ARRAY['client', 'freelancer', 'system'], NULL, 'booking.ending'),
	('booking', 'ACTIVE', 'end', 'ENDING', ARRAY['client', 'freelancer', 'system'], NULL, 'booking.ending'),
	('booking', 'ACTIVE', 'pause', 'PAUSED', ARRAY['system'], NULL, 'booking.paused'),
	('booking', 'PAUSED', 'resume', 'ACTIVE', ARRAY['client', 'freelancer'], NULL, 'booking.resumed'),
	('booking', 'PAUSED', 'end', 'ENDING', ARRAY['client', 'freelancer', 'system'], NULL, 'booking.ending'),
	('booking', 'ENDING', 'complete', 'COMPLETED', ARRAY['system'], 'booking_paid', 'booking.completed'),
	('booking', 'ENDING', 'close', 'CANCELLED', ARRAY['system'], 'booking_unpaid', 'booking.cancelled'),

	('milestone', 'PROPOSED', 'agree', 'AGREED', ARRAY['client', 'freelancer'], 'milestone_other_side', 'milestone.agreed'),
	('milestone', 'PROPOSED', 'decline', 'CANCELLED', ARRAY['client', 'freelancer'], NULL, 'milestone.cancelled'),
	('milestone', 'PROPOSED', 'cancel', 'CANCELLED', ARRAY['system'], NULL, 'milestone.cancelled'),
	('milestone', 'AGREED', 'decline', 'CANCELLED', ARRAY['client'], 'milestone_not_worked', 'milestone.cancelled'),
	('milestone', 'AGREED', 'cancel', 'CANCELLED', ARRAY['system'], NULL, 'milestone.cancelled'),
	('milestone', 'AGREED', 'payment_due', 'AGREED', ARRAY['system'], NULL, 'milestone.payment_due'),
	('milestone', 'AGREED', 'collect', 'AGREED', ARRAY['system'], NULL, NULL),
	('milestone', 'AGREED', 'await_payment', 'FUNDING', ARRAY['client', 'system'], 'booking_takes_money', 'milestone.funding'),
	('milestone', 'AGREED', 'fund', 'FUNDED', ARRAY['client', 'system'], 'booking_takes_money', 'milestone.funded'),
	('milestone', 'FUNDING', 'fund', 'FUNDED', ARRAY['system'], NULL, 'milestone.funded'),
	('milestone', 'FUNDING', 'payment_failed', 'AGREED', ARRAY['system'], NULL, 'milestone.payment_failed'),
	('milestone', 'FUNDED', 'submit', 'SUBMITTED', ARRAY['freelancer', 'system'], 'booking_under_way', 'milestone.submitted'),
	('milestone', 'FUNDED', 'refund', 'REFUNDED', ARRAY['freelancer', 'system'], NULL, 'milestone.refunded'),
	('milestone', 'FUNDED', 'release_part', 'FUNDED', ARRAY['client'], NULL, 'milestone.part_released'),
	('milestone', 'FUNDED', 'refund_part', 'FUNDED', ARRAY['freelancer'], NULL, 'milestone.part_refunded'),
	('milestone', 'SUBMITTED', 'request_changes', 'CHANGES_REQUESTED', ARRAY['client'], 'milestone_revisions_left', 'milestone.changes_requested'),
	('milestone', 'SUBMITTED', 'approve', 'RELEASED', ARRAY['client'], NULL, 'milestone.released'),
	('milestone', 'SUBMITTED', 'auto_release', 'RELEASED', ARRAY['system'], NULL, 'milestone.released'),
	('milestone', 'SUBMITTED', 'remind', 'SUBMITTED', ARRAY['system'], NULL, NULL),
	('milestone', 'SUBMITTED', 'refund', 'REFUNDED', ARRAY['freelancer', 'system'], NULL, 'milestone.refunded'),
	('milestone', 'SUBMITTED', 'release_part', 'SUBMITTED', ARRAY['client'], NULL, 'milestone.part_released'),
	('milestone', 'SUBMITTED', 'refund_part', 'SUBMITTED', ARRAY['freelancer'], NULL, 'milestone.part_refunded'),
	('milestone', 'CHANGES_REQUESTED', 'submit', 'SUBMITTED', ARRAY['freelancer'], 'booking_under_way', 'milestone.submitted'),
	('milestone', 'CHANGES_REQUESTED', 'refund', 'REFUNDED', ARRAY['freelancer', 'system'], NULL, 'milestone.refunded'),
	('milestone', 'CHANGES_REQUESTED', 'release_part', 'CHANGES_REQUESTED', ARRAY['client'], NULL, 'milestone.part_released'),
	('milestone', 'CHANGES_REQUESTED', 'refund_part', 'CHANGES_REQUESTED', ARRAY['freelancer'], NULL, 'milestone.part_refunded'),

	('work_week', 'OPEN', 'lock', 'LOCKED', ARRAY['system'], NULL, 'week.locked'),
	('work_week', 'OPEN', 'waive', 'WAIVED', ARRAY['system'], NULL, 'week.waived'),

	('change_request', 'PENDING', 'accept', 'ACCEPTED', ARRAY['client', 'freelancer'], 'change_other_side', 'change.accepted'),
	('change_request', 'PENDING', 'decline', 'DECLINED', ARRAY['client', 'freelancer'], 'change_other_side', 'change.declined'),
	('change_request', 'PENDING', 'withdraw', 'WITHDRAWN', ARRAY['client', 'freelancer'], 'change_own', 'change.withdrawn'),
	('change_request', 'PENDING', 'accept_by_silence', 'ACCEPTED', ARRAY['system'], 'change_silence_accepts', 'change.accepted'),
	('change_request', 'PENDING', 'decline_by_silence', 'DECLINED', ARRAY['system'], 'change_silence_declines', 'change.declined'),
	('change_request', 'PENDING', 'drop', 'WITHDRAWN', ARRAY['system'], NULL, 'change.withdrawn'),

	('review', 'HIDDEN', 'publish', 'PUBLISHED', ARRAY['system'], NULL, 'review.published'),
	('review', 'PUBLISHED', 'remove', 'REMOVED', ARRAY['system'], NULL, 'review.removed'),

	('review_report', 'OPEN', 'uphold', 'UPHELD', ARRAY['staff'], 'report_decider', 'report.upheld'),
	('review_report', 'OPEN', 'uphold_too', 'UPHELD', ARRAY['system'], NULL, 'report.upheld'),
	('review_report', 'OPEN', 'dismiss', 'DISMISSED', ARRAY['staff'], 'report_decider', 'report.dismissed');

INSERT INTO skillancer.timer (machine, state, event, policy_key) VALUES
	('booking', 'OFFERED', 'expire', 'offerTerm'),
	('booking', 'AWAITING_PAYMENT', 'expire', 'bookingPaymentTerm'),
	('milestone', 'SUBMITTED', 'auto_release', 'autoRelease'),
	('work_week', 'OPEN', 'lock', 'weekLockDelay'),
	('change_request', 'PENDING', 'accept_by_silence', 'changeRequestTerm'),
	('change_request', 'PENDING', 'decline_by_silence', 'changeRequestTerm'),
	('review', 'HIDDEN', 'publish', 'reviewWindow');
