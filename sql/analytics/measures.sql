/*
 * sql/analytics/measures.sql
 *		What is measured, all of it. The extractors are in extension/analytics/fact.c.
 *
 * What is corrected counts as a signed pair: the new value with sign 1, the old one with sign -1, at the time of the
 * correction. A row that changes here is built anew from the past by the analyst.
 */

-- events that are counted
INSERT INTO skillancer.measure (metric, source, match, mode, dims)
SELECT v.metric, 'event', v.match, 'sum', v.dims
FROM (VALUES
	('users_registered', 'user.created', '{role=list:roles}'::text[]),
	('users_verified', 'user.verified', '{}'),
	('users_closed', 'user.closed', '{}'),
	('users_suspended', 'user.suspended', '{}'),
	('projects_published', 'project.published', '{category=text:categoryId}'),
	('projects_filled', 'project.filled', '{category=text:categoryId}'),
	('projects_cancelled', 'project.cancelled', '{}'),
	('projects_expired', 'project.expired', '{}'),
	('gigs_activated', 'gig.activated', '{}'),
	('proposals_submitted', 'proposal.submitted', '{}'),
	('proposals_accepted', 'proposal.accepted', '{}'),
	('proposals_declined', 'proposal.declined', '{}'),
	('proposals_withdrawn', 'proposal.withdrawn', '{}'),
	('invitations_sent', 'invitation.sent', '{}'),
	('invitations_accepted', 'invitation.accepted', '{}'),
	('bookings_created', 'booking.created', '{source=source}'),
	('bookings_activated', 'booking.activated', '{}'),
	('bookings_completed', 'booking.completed', '{}'),
	('bookings_cancelled', 'booking.cancelled', '{}'),
	('milestones_funded', 'milestone.funded', '{}'),
	('milestones_submitted', 'milestone.submitted', '{}'),
	('milestones_released', 'milestone.released', '{by=by}'),
	('milestones_refunded', 'milestone.refunded', '{}'),
	('disputes_opened', 'dispute.opened', '{reason=text:reason}'),
	('disputes_resolved', 'dispute.resolved', '{}'),
	('disputes_withdrawn', 'dispute.withdrawn', '{}'),
	('reviews_submitted', 'review.submitted', '{}'),
	('reviews_published', 'review.published', '{}'),
	('messages_sent', 'message.sent', '{kind=text:kind}'),
	('payments_captured', 'payment.captured', '{}'),
	('payments_failed', 'payment.failed', '{}'),
	('payouts_requested', 'payout.requested', '{}'),
	('payouts_paid', 'payout.paid', '{}'),
	('payouts_failed', 'payout.failed', '{}'),
	('payouts_returned', 'payout.returned', '{}'),
	('earnings_available', 'earning.available', '{}'),
	('webhooks_given_up', 'webhook.given_up', '{}')
) AS v (metric, match, dims);

-- what is corrected later
INSERT INTO skillancer.measure (metric, source, match, sign, mode, value, dims) VALUES
	('minutes_logged', 'event', 'booking.time_logged', 1, 'sum', 'number:minutes', '{}'),
	('minutes_logged', 'event', 'booking.time_changed', 1, 'sum', 'number:minutes', '{}'),
	('minutes_logged', 'event', 'booking.time_changed', -1, 'sum', 'number:minutesBefore', '{}'),
	('minutes_logged', 'event', 'booking.time_removed', -1, 'sum', 'number:minutes', '{}'),
	('projects_open_change', 'event', 'project.published', 1, 'sum', 'one', '{category=text:categoryId}'),
	('projects_open_change', 'event', 'project.filled', -1, 'sum', 'one', '{category=text:categoryId}'),
	('projects_open_change', 'event', 'project.cancelled', -1, 'sum', 'one', '{category=text:categoryId}'),
	('projects_open_change', 'event', 'project.expired', -1, 'sum', 'one', '{category=text:categoryId}');

-- searches for words, told in bundles, and the clicks on what they found
INSERT INTO skillancer.measure (metric, source, match, mode, value, dims) VALUES
	('searches', 'event', 'search.performed', 'sum', 'number:searches', '{kind=text:kind}'),
	('searches_in_vain', 'event', 'search.performed', 'sum', 'number:withoutResult', '{kind=text:kind}'),
	('searches_corrected', 'event', 'search.performed', 'sum', 'number:corrected', '{kind=text:kind}'),
	('search_clicks', 'event', 'search.clicked', 'sum', 'one', '{kind=text:kind,rank=digits:rank}'),
	('search_reciprocal_rank', 'event', 'search.clicked', 'sum', 'reciprocal:firstRank', '{kind=text:kind}'),
	('searches_clicked_top10', 'event', 'search.clicked', 'sum', 'number:firstOfTop10', '{kind=text:kind}');

-- how long it took, in seconds
INSERT INTO skillancer.measure (metric, source, match, mode, value) VALUES
	('payout_seconds', 'event', 'payout.paid', 'histogram', 'since:payout.requested'),
	('payment_seconds', 'event', 'payment.captured', 'histogram', 'since:payment.processing'),
	('approval_seconds', 'event', 'milestone.released', 'histogram', 'since:milestone.submitted'),
	('dispute_seconds', 'event', 'dispute.resolved', 'histogram', 'since:dispute.opened'),
	('dispute_reply_seconds', 'event', 'dispute.replied', 'histogram', 'since:dispute.opened'),
	('invitation_seconds', 'event', 'invitation.accepted', 'histogram', 'since:invitation.sent'),
	('invitation_seconds', 'event', 'invitation.declined', 'histogram', 'since:invitation.sent'),
	('proposal_decision_seconds', 'event', 'proposal.accepted', 'histogram', 'since:proposal.submitted'),
	('proposal_decision_seconds', 'event', 'proposal.declined', 'histogram', 'since:proposal.submitted');

-- money: entries of the ledger, debit positive, in minor units of the dimension currency
INSERT INTO skillancer.measure (metric, source, match, sign, kinds, mode, value, dims)
SELECT v.metric, 'ledger', v.account, v.sign, v.kinds, 'sum', 'amount', '{currency=currency}'
FROM (VALUES
	('charged', 'psp_clearing', 1, '{charge}'::text[]),
	('gmv_booked', 'escrow', -1, '{fund}'),
	('gmv_released', 'freelancer_pending', -1, '{release,release_part,dispute_split}'),
	('gmv_released', 'revenue_service', -1, '{release,release_part,dispute_split}'),
	('tips', 'client_wallet', 1, '{tip}'),
	('refunded', 'escrow', 1, '{refund,refund_part}'),
	-- of a split dispute what the freelancer did not get
	('refunded', 'escrow_hold', 1, '{dispute_split}'),
	('refunded', 'freelancer_pending', 1, '{dispute_split}'),
	('refunded', 'revenue_service', 1, '{dispute_split}'),
	('given_back', 'client_wallet', -1, '{give_back}'),
	('card_refunds', 'refund_transit', 1, '{card_refund_paid}'),
	('charged_back', 'chargeback_receivable', 1, '{chargeback}'),
	('chargebacks_won', 'chargeback_receivable', -1, '{chargeback_won}'),
	('chargebacks_lost', 'chargeback_receivable', -1, '{chargeback_lost}'),
	('paid_out', 'payout_transit', 1, '{payout_paid}'),
	('psp_cost', 'expense_psp', 1, NULL),
	('chargeback_cost', 'expense_chargeback', 1, NULL),
	('written_off', 'expense_writeoff', 1, NULL),
	('escrow_change', 'escrow', -1, NULL),
	('escrow_change', 'escrow_hold', -1, NULL),
	('receivable_change', 'freelancer_receivable', 1, NULL),
	('receivable_change', 'chargeback_receivable', 1, NULL)
) AS v (metric, account, sign, kinds);
INSERT INTO skillancer.measure (metric, source, match, sign, mode, value, dims)
SELECT 'revenue', 'ledger', v.account, -1, 'sum', 'amount', '{currency=currency,stream=account}'
FROM unnest('{revenue_service,revenue_client,revenue_payout,revenue_fx,revenue_tokens}'::text[]) AS v (account);
INSERT INTO skillancer.measure (metric, source, match, mode, value, dims)
SELECT 'account_change', 'ledger', v.account, 'sum', 'amount', '{currency=currency,account=account}'
FROM unnest('{psp_clearing,bank_trust,bank_operating,chargeback_receivable,freelancer_receivable,client_wallet,escrow,deferred_fee,
	escrow_hold,freelancer_pending,freelancer_available,chargeback_hold,payout_transit,refund_transit,tax_payable,unearned_tokens,granted_tokens,token_issue,
	revenue_service,revenue_client,revenue_payout,revenue_fx,revenue_tokens,expense_psp,expense_chargeback,expense_writeoff,
	fx_position,platform_capital}'::text[]) AS v (account);

-- who took part
INSERT INTO skillancer.measure (metric, source, match, mode, subject, dims) VALUES
	('active_users', 'event', '*', 'member', 'person', '{}'),
	('booking_pairs', 'event', 'booking.created', 'member', 'pair', '{}'),
	('publishing_clients', 'event', 'project.published', 'member', 'id:clientId', '{}'),
	('proposing_freelancers', 'event', 'proposal.submitted', 'member', 'id:freelancerId', '{}'),
	('funding_clients', 'event', 'milestone.funded', 'member', 'id:clientId', '{}'),
	('disputing_users', 'event', 'dispute.opened', 'member', 'id:claimantId', '{}');
INSERT INTO skillancer.measure (metric, source, match, sign, kinds, mode, value, subject, dims) VALUES
	('earners', 'ledger', 'freelancer_pending', -1, '{release,release_part,dispute_split,tip}', 'member', 'amount', 'person', '{currency=currency}'),
	('spenders', 'ledger', 'client_wallet', 1, '{fund,tip}', 'member', 'amount', 'person', '{currency=currency}');

-- who took which step when: of projects, bookings, pairs, and both sides of the market
INSERT INTO skillancer.measure (metric, source, match, mode, subject)
SELECT v.metric, 'event', v.match, 'step', v.subject
FROM (VALUES
	('project_published', 'project.published', 'id:projectId'),
	('project_proposed', 'proposal.submitted', 'id:projectId'),
	('project_hired', 'booking.created', 'id:projectId'),
	('proposal_submitted', 'proposal.submitted', 'id:proposalId'),
	('proposal_accepted', 'proposal.accepted', 'id:proposalId'),
	('invitation_sent', 'invitation.sent', 'id:invitationId'),
	('invitation_accepted', 'invitation.accepted', 'id:invitationId'),
	('booking_created', 'booking.created', 'id:bookingId'),
	('booking_activated', 'booking.activated', 'id:bookingId'),
	('booking_completed', 'booking.completed', 'id:bookingId'),
	('booking_disputed', 'dispute.opened', 'id:bookingId'),
	('booking_reviewed', 'review.submitted', 'id:bookingId'),
	('pair_booked', 'booking.created', 'pair'),
	('user_registered', 'user.created', 'id:userId'),
	('user_verified', 'user.verified', 'id:userId'),
	('client_published', 'project.published', 'id:clientId'),
	('client_hired', 'booking.created', 'id:clientId'),
	('client_paid', 'milestone.funded', 'id:clientId'),
	('freelancer_proposed', 'proposal.submitted', 'id:freelancerId'),
	('freelancer_hired', 'booking.created', 'id:freelancerId'),
	('freelancer_earned', 'milestone.released', 'id:freelancerId')
) AS v (metric, match, subject);

-- of all that began on a day, how many got where
INSERT INTO skillancer.cohort_measure (metric, entry, goal, nth, within) VALUES
	('projects_liquid_24h', 'project_published', 'project_proposed', 3, '24 hours'),
	('projects_proposed', 'project_published', 'project_proposed', 1, NULL),
	('projects_proposed_30d', 'project_published', 'project_proposed', 1, '30 days'),
	('projects_hired_30d', 'project_published', 'project_hired', 1, '30 days'),
	('projects_hired', 'project_published', 'project_hired', 1, NULL),
	('win_rate', 'proposal_submitted', 'proposal_accepted', 1, '30 days'),
	('invite_acceptance', 'invitation_sent', 'invitation_accepted', 1, NULL),
	('bookings_disputed', 'booking_created', 'booking_disputed', 1, NULL),
	('bookings_reviewed', 'booking_completed', 'booking_reviewed', 1, NULL),
	('bookings_reviewed_by_both', 'booking_completed', 'booking_reviewed', 2, NULL),
	('pairs_booked_again', 'pair_booked', 'pair_booked', 2, NULL),
	('users_verified_of_registered', 'user_registered', 'user_verified', 1, NULL),
	('clients_published_of_registered', 'user_registered', 'client_published', 1, NULL),
	('clients_activated_7d', 'user_registered', 'client_published', 1, '7 days'),
	('freelancers_activated_7d', 'user_registered', 'freelancer_proposed', 1, '7 days'),
	('clients_hired_of_publishing', 'client_published', 'client_hired', 1, NULL),
	('clients_paid_of_hiring', 'client_hired', 'client_paid', 1, NULL),
	('clients_paid_again', 'client_paid', 'client_paid', 2, NULL),
	('freelancers_proposed_of_registered', 'user_registered', 'freelancer_proposed', 1, NULL),
	('freelancers_hired_of_proposing', 'freelancer_proposed', 'freelancer_hired', 1, NULL),
	('freelancers_earned_of_hired', 'freelancer_hired', 'freelancer_earned', 1, NULL);

-- how many different ones in the last days
INSERT INTO skillancer.window_measure (metric, members, days) VALUES
	('active_users_7d', 'active_users', 7),
	('active_users_30d', 'active_users', 30);
