-- Rules and templates that the project ships. Operators edit the rows; what nobody touched is kept up to date.

SELECT skillancer.put_policy('streamRetention', '"P3D"', 'How long a client that was away can resume its live stream without reading its lists again');
SELECT skillancer.put_policy('presenceTerm', '"PT15S"', 'How long somebody counts as there after a bridge last said so; bridges say it every three');
SELECT skillancer.put_policy('mailRetention', '"P30D"', 'How long the row of a sent or bounced mail is kept, without its data');
SELECT skillancer.put_policy('notificationRetention', '"P180D"', 'How long a notification is kept');

-- what everybody gets who has not said otherwise
SELECT skillancer.put_builtin('skillancer.notification_default',
	jsonb_build_object('category', d.category, 'channel', d.channel, 'frequency', d.frequency))
FROM (
	SELECT c AS category, 'IN_APP' AS channel, 'IMMEDIATE' AS frequency FROM unnest(skillancer.notification_categories()) c
	UNION ALL
	SELECT c, 'EMAIL', CASE c WHEN 'MESSAGES' THEN 'HOURLY' WHEN 'MARKETING' THEN 'NEVER' ELSE 'IMMEDIATE' END
	FROM unnest(skillancer.notification_categories()) c
	UNION ALL
	SELECT c, n, 'NEVER' FROM unnest(skillancer.notification_categories()) c, unnest('{WEBHOOK,PUSH,SMS}'::text[]) n) d;

-- the frame around both parts of every mail
SELECT skillancer.put_template('layout', 'EMAIL', 'Skillancer',
'{{{content}}}
--
Skillancer, {{{publicUrl}}}
{{#unsubscribeUrl}}
You get this mail because you have an account. No more of this kind: {{{unsubscribeUrl}}}
{{/unsubscribeUrl}}
',
'<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"></head>
<body style="margin:0;background:#f4f4f6;font-family:sans-serif;color:#222">
<div style="max-width:36em;margin:2em auto;padding:2em;background:#fff;border-radius:8px">
{{{content}}}</div>
<p style="text-align:center;color:#777;font-size:small">Sent by Skillancer, {{publicUrl}}{{#unsubscribeUrl}}<br>
<a href="{{unsubscribeUrl}}" style="color:#777">No more mail of this kind</a>{{/unsubscribeUrl}}</p>
</body>
</html>
');

-- mails with links and warnings, queued by the account itself
SELECT skillancer.put_template('verify_email', 'EMAIL', 'Confirm your e-mail address',
'Hello {{user.name}},

please confirm that this is your address:

{{publicUrl}}/verify-email?token={{token}}

The link works once, for 24 hours. If you did not register at Skillancer, ignore this mail.
');
SELECT skillancer.put_template('registration_attempt', 'EMAIL', 'Somebody tried to register with your address',
'Hello {{user.name}},

somebody{{#address}} at {{address}}{{/address}} tried to register at Skillancer with your e-mail address. You have an account already, so nothing was changed.

If it was you, sign in, or set a new password if you forgot yours.
');
SELECT skillancer.put_template('password_reset', 'EMAIL', 'Set a new password',
'Hello {{user.name}},

set a new password here:

{{publicUrl}}/reset-password?token={{token}}

The link works once, for one hour. Somebody{{#address}} at {{address}}{{/address}} asked for it; if it was not you, ignore this mail.
');
SELECT skillancer.put_template('password_changed', 'EMAIL', 'Your password was changed',
'Hello {{user.name}},

your password was changed{{#address}} from {{address}}{{/address}}, and all your sessions have ended. If it was not you, set a new password at once and write to us.
');
SELECT skillancer.put_template('security_alert', 'EMAIL', 'Please check your account',
'Hello {{user.name}},

a sign-in of yours was used in two places{{#address}}, last from {{address}}{{/address}}{{#userAgent}} ({{userAgent}}){{/userAgent}}. It has been ended. If you do not know why, change your password.
');

-- account
SELECT skillancer.put_rule('user.verified', 'owner', 'user.verified', 'ACCOUNT');
SELECT skillancer.put_template('user.verified', 'IN_APP', 'Welcome to Skillancer',
	'Your e-mail address is confirmed. Complete your profile so that others find you.');
SELECT skillancer.put_rule('user.password_changed', 'owner', 'user.password_changed', 'ACCOUNT', 'HIGH');
SELECT skillancer.put_template('user.password_changed', 'IN_APP', 'Your password was changed',
	'All your sessions have ended. If it was not you, set a new password and write to us.');
SELECT skillancer.put_rule('user.security_alert', 'owner', 'user.security_alert', 'ACCOUNT', 'HIGH');
SELECT skillancer.put_template('user.security_alert', 'IN_APP', 'A session was ended for your safety',
	'Its token was used in two places. If you do not know why, change your password.');
SELECT skillancer.put_rule('user.restricted', 'owner', 'user.restricted', 'ACCOUNT', 'HIGH');
SELECT skillancer.put_template('user.restricted', 'IN_APP', 'Your account is restricted',
	'You cannot start new business for now; what runs goes on.{{#reason}} Reason: {{reason}}{{/reason}}');
SELECT skillancer.put_rule('user.reinstated', 'owner', 'user.reinstated', 'ACCOUNT');
SELECT skillancer.put_template('user.reinstated', 'IN_APP', 'Your account is active again', 'You can use everything as before.');

SELECT skillancer.put_rule('organisation.invited', 'owner', 'organisation.invited', 'ACCOUNT', 'HIGH');
SELECT skillancer.put_template('organisation.invited', 'IN_APP', 'You are invited to {{organisationName}}',
	'Accept the invitation to book together with the others of {{organisationName}}, or decline it.');
SELECT skillancer.put_rule('organisation.left', 'owner', 'organisation.left', 'ACCOUNT');
SELECT skillancer.put_template('organisation.left', 'IN_APP', 'You left an organisation', 'You see its bookings no more.');

-- projects and proposals
SELECT skillancer.put_rule('project.rejected', 'client', 'project.rejected', 'PROJECTS', 'HIGH');
SELECT skillancer.put_template('project.rejected', 'IN_APP', 'Your project needs changes',
	'"{{project.title}}" was not published.{{#reason}} Reason: {{reason}}{{/reason}}');
SELECT skillancer.put_rule('project.held', 'client', 'project.held', 'PROJECTS', 'HIGH');
SELECT skillancer.put_template('project.held', 'IN_APP', 'Your project waits for a review',
	'"{{project.title}}" is looked at by a moderator before others see it.');
SELECT skillancer.put_rule('project.published', 'others', 'project.approved', 'PROJECTS');
SELECT skillancer.put_template('project.approved', 'IN_APP', 'Your project is open', '"{{project.title}}" takes proposals now.');
SELECT skillancer.put_rule('project.cancelled', 'others', 'project.cancelled', 'PROJECTS', 'HIGH');
SELECT skillancer.put_template('project.cancelled', 'IN_APP', 'Your project was ended',
	'The marketplace ended "{{project.title}}".{{#reason}} Reason: {{reason}}{{/reason}}');
SELECT skillancer.put_rule('project.expired', 'client', 'project.expired', 'PROJECTS');
SELECT skillancer.put_template('project.expired', 'IN_APP', 'Your project has expired',
	'"{{project.title}}" takes no more proposals.');
SELECT skillancer.put_rule('proposal.submitted', 'client', 'proposal.received', 'PROJECTS', 'NORMAL',
	'proposal.received/{{projectId}}');
SELECT skillancer.put_template('proposal.received', 'IN_APP',
	'{{#grouped}}{{count}} new proposals{{/grouped}}{{^grouped}}New proposal{{/grouped}} for {{project.title}}',
	'{{#freelancer}}{{name}}{{/freelancer}}{{^freelancer}}A freelancer{{/freelancer}} sent you a proposal.');
SELECT skillancer.put_template('proposal.received', 'EMAIL', 'New proposal for {{project.title}}',
'Hello {{user.name}},

{{#freelancer}}{{name}}{{/freelancer}}{{^freelancer}}a freelancer{{/freelancer}} sent you a proposal for "{{project.title}}".

{{publicUrl}}/projects/{{projectId}}
');
SELECT skillancer.put_rule('proposal.countered', 'freelancer', 'proposal.countered', 'PROJECTS');
SELECT skillancer.put_template('proposal.countered', 'IN_APP', 'Other terms for {{project.title}}',
	'The client answered your proposal with other terms.');
SELECT skillancer.put_rule('proposal.accepted', 'freelancer', 'proposal.accepted', 'PROJECTS', 'HIGH');
SELECT skillancer.put_template('proposal.accepted', 'IN_APP', 'Your proposal was accepted',
	'{{#client}}{{name}}{{/client}}{{^client}}The client{{/client}} accepted your proposal for "{{project.title}}". Wait for the first milestone to be funded before you begin.');
SELECT skillancer.put_template('proposal.accepted', 'EMAIL', 'Your proposal for {{project.title}} was accepted',
'Hello {{user.name}},

{{#client}}{{name}}{{/client}}{{^client}}the client{{/client}} accepted your proposal for "{{project.title}}". Wait for the first milestone to be funded before you begin.
');
SELECT skillancer.put_rule('proposal.shortlisted', 'freelancer', 'proposal.shortlisted', 'PROJECTS', 'LOW');
SELECT skillancer.put_template('proposal.shortlisted', 'IN_APP', 'Your proposal is on the short list',
	'{{#client}}{{name}}{{/client}}{{^client}}The client{{/client}} put your proposal for "{{project.title}}" on the short list.');
SELECT skillancer.put_rule('proposal.declined', 'freelancer', 'proposal.declined', 'PROJECTS');
SELECT skillancer.put_template('proposal.declined', 'IN_APP', 'Your proposal was declined',
	'The client of "{{project.title}}" decided otherwise.');
SELECT skillancer.put_rule('proposal.withdrawn', 'client', 'proposal.withdrawn', 'PROJECTS', 'LOW');
SELECT skillancer.put_template('proposal.withdrawn', 'IN_APP', 'A proposal was withdrawn',
	'{{#freelancer}}{{name}}{{/freelancer}}{{^freelancer}}A freelancer{{/freelancer}} took back the proposal for "{{project.title}}".');
SELECT skillancer.put_rule('proposal.closed', 'freelancer', 'proposal.closed', 'PROJECTS', 'LOW');
SELECT skillancer.put_template('proposal.closed', 'IN_APP', 'A project {{#isFilled}}was filled{{/isFilled}}{{^isFilled}}has ended{{/isFilled}}',
	'{{#isFilled}}"{{project.title}}" went to somebody else.{{/isFilled}}{{^isFilled}}"{{project.title}}" takes no more proposals.{{/isFilled}}');
SELECT skillancer.put_rule('proposal.updated', 'others', 'proposal.updated', 'PROJECTS', 'LOW', 'proposal.updated/{{proposalId}}');
SELECT skillancer.put_template('proposal.updated', 'IN_APP', 'A proposal was changed',
	'{{#freelancer}}{{name}}{{/freelancer}}{{^freelancer}}A freelancer{{/freelancer}} changed the proposal for "{{project.title}}".');
SELECT skillancer.put_rule('proposal.expired', 'freelancer', 'proposal.expired', 'PROJECTS', 'LOW');
SELECT skillancer.put_template('proposal.expired', 'IN_APP', 'Your proposal has expired',
	'The client of "{{project.title}}" did not answer in time.');
SELECT skillancer.put_rule('invitation.sent', 'freelancer', 'invitation.received', 'PROJECTS');
SELECT skillancer.put_template('invitation.received', 'IN_APP', 'You are invited to propose',
	'{{#client}}{{name}}{{/client}}{{^client}}A client{{/client}} would like your proposal for "{{project.title}}".');
SELECT skillancer.put_template('invitation.received', 'EMAIL', 'You are invited to propose',
'Hello {{user.name}},

{{#client}}{{name}}{{/client}}{{^client}}a client{{/client}} would like your proposal for "{{project.title}}".

{{publicUrl}}/projects/{{projectId}}
');
SELECT skillancer.put_rule('invitation.accepted', 'client', 'invitation.accepted', 'PROJECTS');
SELECT skillancer.put_template('invitation.accepted', 'IN_APP', 'Your invitation was accepted',
	'{{#freelancer}}{{name}}{{/freelancer}}{{^freelancer}}A freelancer{{/freelancer}} accepted your invitation to "{{project.title}}".');
SELECT skillancer.put_rule('invitation.declined', 'client', 'invitation.declined', 'PROJECTS', 'LOW');
SELECT skillancer.put_template('invitation.declined', 'IN_APP', 'Your invitation was declined',
	'{{#freelancer}}{{name}}{{/freelancer}}{{^freelancer}}A freelancer{{/freelancer}} declined your invitation to "{{project.title}}".');

-- bookings and milestones
SELECT skillancer.put_rule('booking.offered', 'freelancer', 'booking.offered', 'BOOKINGS', 'HIGH');
SELECT skillancer.put_template('booking.offered', 'IN_APP', 'Somebody offers you work',
	'{{#client}}{{name}}{{/client}}{{^client}}A client{{/client}} offers you "{{booking.title}}". Read the terms and accept or decline.');
SELECT skillancer.put_rule('booking.countered', 'others', 'booking.countered', 'BOOKINGS', 'HIGH');
SELECT skillancer.put_template('booking.countered', 'IN_APP', 'Other terms are proposed',
	'{{#actor}}{{name}}{{/actor}}{{^actor}}The other side{{/actor}} proposes other terms for "{{booking.title}}". Read them and accept, counter or decline.');
SELECT skillancer.put_rule('booking.accepted', 'others', 'booking.accepted', 'BOOKINGS', 'HIGH');
SELECT skillancer.put_template('booking.accepted', 'IN_APP', 'Your terms were accepted',
	'"{{booking.title}}" is agreed and awaits payment, so that the work can begin.');
SELECT skillancer.put_rule('booking.requirements_awaited', 'client', 'booking.requirements_awaited', 'BOOKINGS', 'HIGH');
SELECT skillancer.put_template('booking.requirements_awaited', 'IN_APP', 'The freelancer needs some answers',
	'"{{booking.title}}" is paid. Answer the form, so that the work can begin.');
SELECT skillancer.put_rule('booking.activated', 'freelancer', 'booking.activated', 'BOOKINGS', 'HIGH');
SELECT skillancer.put_template('booking.activated', 'IN_APP', 'You can begin', '"{{booking.title}}" is funded and active.');
SELECT skillancer.put_rule('booking.voided', 'others', 'booking.voided', 'BOOKINGS');
SELECT skillancer.put_template('booking.voided', 'IN_APP', 'A booking came to nothing',
	'"{{booking.title}}" was withdrawn or expired before it was funded.');
SELECT skillancer.put_rule('booking.ending', 'others', 'booking.ending', 'BOOKINGS');
SELECT skillancer.put_template('booking.ending', 'IN_APP', 'A booking is ending',
	'{{#actor}}{{name}}{{/actor}}{{^actor}}The other side{{/actor}} ends "{{booking.title}}".');
SELECT skillancer.put_rule('booking.completed', 'audience', 'booking.completed', 'BOOKINGS');
SELECT skillancer.put_template('booking.completed', 'IN_APP', 'A booking is complete',
	'"{{booking.title}}" is complete. Say how it went: write a review.');
SELECT skillancer.put_rule('booking.cancelled', 'audience', 'booking.cancelled', 'BOOKINGS');
SELECT skillancer.put_template('booking.cancelled', 'IN_APP', 'A booking was cancelled', '"{{booking.title}}" is over.');
SELECT skillancer.put_rule('milestone.proposed', 'others', 'milestone.proposed', 'BOOKINGS');
SELECT skillancer.put_template('milestone.proposed', 'IN_APP', 'A new milestone is proposed',
	'{{#actor}}{{name}}{{/actor}}{{^actor}}The other side{{/actor}} proposes "{{milestone.title}}" for {{milestone.amount}} {{milestone.currency}}.');
SELECT skillancer.put_rule('milestone.agreed', 'others', 'milestone.agreed', 'BOOKINGS');
SELECT skillancer.put_template('milestone.agreed', 'IN_APP', 'A milestone is agreed', '"{{milestone.title}}" of "{{booking.title}}" is agreed.');
SELECT skillancer.put_rule('milestone.funded', 'freelancer', 'milestone.funded', 'PAYMENTS', 'HIGH');
SELECT skillancer.put_template('milestone.funded', 'IN_APP', 'A milestone is funded',
	'{{milestone.amount}} {{milestone.currency}} for "{{milestone.title}}" are in escrow.');
SELECT skillancer.put_template('milestone.funded', 'EMAIL', 'A milestone of {{booking.title}} is funded',
'Hello {{user.name}},

{{milestone.amount}} {{milestone.currency}} for "{{milestone.title}}" are in escrow. You can begin.
');
SELECT skillancer.put_rule('milestone.payment_failed', 'client', 'milestone.payment_failed', 'PAYMENTS', 'HIGH');
SELECT skillancer.put_template('milestone.payment_failed', 'IN_APP', 'The payment failed',
	'"{{milestone.title}}" is not funded. Try again or with another payment method.');
SELECT skillancer.put_rule('milestone.submitted', 'client', 'milestone.submitted', 'BOOKINGS', 'HIGH');
SELECT skillancer.put_template('milestone.submitted', 'IN_APP', 'Work was submitted',
	'Look at "{{milestone.title}}" and approve it or ask for changes. Without an answer the money is released by itself.');
SELECT skillancer.put_template('milestone.submitted', 'EMAIL', 'Work was submitted for {{booking.title}}',
'Hello {{user.name}},

{{#freelancer}}{{name}}{{/freelancer}}{{^freelancer}}the freelancer{{/freelancer}} submitted "{{milestone.title}}". Approve it or ask for changes; without an answer the money is released by itself.

{{publicUrl}}/bookings/{{bookingId}}
');
SELECT skillancer.put_rule('milestone.release_near', 'client', 'milestone.release_near', 'BOOKINGS', 'HIGH');
SELECT skillancer.put_template('milestone.release_near', 'IN_APP', 'Money is released soon',
	'The money for "{{milestone.title}}" is released in {{daysLeft}} day(s), unless you answer.');
SELECT skillancer.put_template('milestone.release_near', 'EMAIL', 'The money for {{milestone.title}} is released soon',
'Hello {{user.name}},

{{milestone.amount}} {{milestone.currency}} for "{{milestone.title}}" are released in {{daysLeft}} day(s), unless you approve the work or ask for changes before.

{{publicUrl}}/bookings/{{bookingId}}
');
SELECT skillancer.put_rule('milestone.generated', 'audience', 'milestone.generated', 'BOOKINGS');
SELECT skillancer.put_template('milestone.generated', 'IN_APP', 'A week was billed',
	'{{milestone.amount}} {{milestone.currency}} for "{{milestone.title}}" of "{{booking.title}}".');
SELECT skillancer.put_rule('milestone.payment_due', 'client', 'milestone.payment_due', 'PAYMENTS', 'HIGH');
SELECT skillancer.put_template('milestone.payment_due', 'IN_APP', 'A week is not paid',
	'Fund "{{milestone.title}}" of "{{booking.title}}", or name a payment method that works. Until then no more hours are logged.');
SELECT skillancer.put_template('milestone.payment_due', 'EMAIL', 'A week of {{booking.title}} is not paid',
'Hello {{user.name}},

neither your wallet nor your payment method covers {{milestone.amount}} {{milestone.currency}} for "{{milestone.title}}". Until it is paid, no more hours are logged.

{{publicUrl}}/bookings/{{bookingId}}
');
SELECT skillancer.put_rule('milestone.changes_requested', 'freelancer', 'milestone.changes_requested', 'BOOKINGS', 'HIGH');
SELECT skillancer.put_template('milestone.changes_requested', 'IN_APP', 'The client asks for changes',
	'"{{milestone.title}}" is not approved yet.{{#message}} {{message}}{{/message}}');
SELECT skillancer.put_rule('milestone.released', 'freelancer', 'milestone.released', 'PAYMENTS', 'HIGH');
SELECT skillancer.put_template('milestone.released', 'IN_APP', 'You were paid',
	'The money for "{{milestone.title}}" was released to you. After a few days it can be paid out.');
SELECT skillancer.put_template('milestone.released', 'EMAIL', 'You were paid for {{milestone.title}}',
'Hello {{user.name}},

the money for "{{milestone.title}}" was released to you. After a few days it can be paid out.
');
SELECT skillancer.put_rule('milestone.part_released', 'freelancer', 'milestone.part_released', 'PAYMENTS', 'HIGH');
SELECT skillancer.put_template('milestone.part_released', 'IN_APP', 'You were paid a part',
	'A part of the money for "{{milestone.title}}" was released to you. The rest stays in escrow.');
SELECT skillancer.put_rule('milestone.rolled', 'freelancer', 'milestone.rolled', 'PAYMENTS');
SELECT skillancer.put_template('milestone.rolled', 'IN_APP', 'The rest of a milestone goes on',
	'What "{{milestone.title}}" still held in escrow is the next milestone now, and funded.');
SELECT skillancer.put_rule('milestone.part_refunded', 'client', 'milestone.part_refunded', 'PAYMENTS');
SELECT skillancer.put_template('milestone.part_refunded', 'IN_APP', 'You got a part of your money back',
	'A part of the money for "{{milestone.title}}" went back to you. The rest stays in escrow.');
SELECT skillancer.put_rule('milestone.delivered', 'client', 'milestone.delivered', 'BOOKINGS');
SELECT skillancer.put_template('milestone.delivered', 'IN_APP', 'Something was delivered', 'Look at what is new for "{{milestone.title}}".');
SELECT skillancer.put_rule('change.requested', 'others', 'change.requested', 'BOOKINGS', 'HIGH');
SELECT skillancer.put_template('change.requested', 'IN_APP', 'A change is asked for',
	'{{#actor}}{{name}}{{/actor}}{{^actor}}The other side{{/actor}} asks for a change of "{{booking.title}}". Answer within two days, or it is decided without you.');
SELECT skillancer.put_rule('change.accepted', 'audience', 'change.accepted', 'BOOKINGS', 'HIGH');
SELECT skillancer.put_template('change.accepted', 'IN_APP', 'A change was accepted', '"{{booking.title}}" was changed as asked.');
SELECT skillancer.put_rule('change.declined', 'audience', 'change.declined', 'BOOKINGS');
SELECT skillancer.put_template('change.declined', 'IN_APP', 'A change was declined', '"{{booking.title}}" stays as it was.');
SELECT skillancer.put_rule('milestone.refunded', 'client', 'milestone.refunded', 'PAYMENTS');
SELECT skillancer.put_template('milestone.refunded', 'IN_APP', 'You got your money back',
	'The money for "{{milestone.title}}" went back to you.');

-- disputes
SELECT skillancer.put_rule('dispute.opened', 'others', 'dispute.opened', 'BOOKINGS', 'HIGH');
SELECT skillancer.put_template('dispute.opened', 'IN_APP', 'A dispute was opened',
	'{{#actor}}{{name}}{{/actor}}{{^actor}}The other side{{/actor}} claims {{amount}} of "{{milestone.title}}". Reply in time, or the claim is granted.');
SELECT skillancer.put_template('dispute.opened', 'EMAIL', 'A dispute about {{booking.title}}',
'Hello {{user.name}},

{{#actor}}{{name}}{{/actor}}{{^actor}}the other side{{/actor}} claims {{amount}} of "{{milestone.title}}". The money is frozen. Reply in time: without a reply the claim is granted.

{{publicUrl}}/disputes/{{disputeId}}
');
SELECT skillancer.put_rule('dispute.replied', 'others', 'dispute.replied', 'BOOKINGS', 'HIGH');
SELECT skillancer.put_template('dispute.replied', 'IN_APP', 'Your dispute was answered', 'Read the reply about "{{milestone.title}}" and try to agree.');
SELECT skillancer.put_rule('dispute.offered', 'others', 'dispute.offered', 'BOOKINGS', 'HIGH');
SELECT skillancer.put_template('dispute.offered', 'IN_APP', 'An offer in your dispute',
	'{{amount}} for who claims: accept it, or make an offer of your own.');
SELECT skillancer.put_rule('dispute.evidence_added', 'others', 'dispute.evidence_added', 'BOOKINGS');
SELECT skillancer.put_template('dispute.evidence_added', 'IN_APP', 'New evidence in your dispute', 'Look at what is new about "{{milestone.title}}".');
SELECT skillancer.put_rule('dispute.escalated', 'audience', 'dispute.escalated', 'BOOKINGS', 'HIGH');
SELECT skillancer.put_template('dispute.escalated', 'IN_APP', 'Your dispute goes to mediation',
	'Somebody of our staff will look at "{{milestone.title}}". Show your evidence soon.');
SELECT skillancer.put_rule('dispute.split_proposed', 'audience', 'dispute.split_proposed', 'BOOKINGS', 'HIGH');
SELECT skillancer.put_template('dispute.split_proposed', 'IN_APP', 'A split is proposed',
	'The mediator proposes {{toClaimant}} for who claims. Accept or reject it: silence accepts.');
SELECT skillancer.put_template('dispute.split_proposed', 'EMAIL', 'A split is proposed for {{booking.title}}',
'Hello {{user.name}},

the mediator of the dispute about "{{milestone.title}}" proposes {{toClaimant}} for who claims, the rest for the other side. Accept or reject it; silence accepts.

{{publicUrl}}/disputes/{{disputeId}}
');
SELECT skillancer.put_rule('dispute.split_rejected', 'others', 'dispute.split_rejected', 'BOOKINGS');
SELECT skillancer.put_template('dispute.split_rejected', 'IN_APP', 'The split was rejected', 'Mediation about "{{milestone.title}}" goes on.');
SELECT skillancer.put_rule('dispute.resolved', 'audience', 'dispute.resolved', 'PAYMENTS', 'HIGH');
SELECT skillancer.put_template('dispute.resolved', 'IN_APP', 'Your dispute is resolved', 'The claim about "{{milestone.title}}" was divided. Look at the outcome.');
SELECT skillancer.put_template('dispute.resolved', 'EMAIL', 'The dispute about {{booking.title}} is resolved',
'Hello {{user.name}},

the claim about "{{milestone.title}}" was divided between the two of you. Look at the outcome:

{{publicUrl}}/disputes/{{disputeId}}
');
SELECT skillancer.put_rule('dispute.withdrawn', 'others', 'dispute.withdrawn', 'BOOKINGS', 'HIGH');
SELECT skillancer.put_template('dispute.withdrawn', 'IN_APP', 'A dispute was withdrawn', 'The money of "{{milestone.title}}" is in escrow again.');

SELECT skillancer.put_rule('dispute.overtaken', 'others', 'dispute.overtaken', 'BOOKINGS', 'HIGH');
SELECT skillancer.put_template('dispute.overtaken', 'IN_APP', 'The bank decides',
	'The client''s bank took back the payment of "{{milestone.title}}". The dispute about it is over; the money is frozen until the bank decides.');

-- money
SELECT skillancer.put_rule('payment.action_required', 'owner', 'payment.action_required', 'PAYMENTS', 'HIGH');
SELECT skillancer.put_template('payment.action_required', 'IN_APP', 'Confirm your payment', 'Your bank asks you to confirm a payment.');
SELECT skillancer.put_rule('payment.failed', 'owner', 'payment.failed', 'PAYMENTS', 'HIGH');
SELECT skillancer.put_template('payment.failed', 'IN_APP', 'A payment was declined', 'Try again or with another payment method.');
SELECT skillancer.put_rule('payment.errored', 'owner', 'payment.errored', 'PAYMENTS', 'HIGH');
SELECT skillancer.put_template('payment.errored', 'IN_APP', 'Your payment takes longer',
	'The payment provider has not answered. Do not pay again: we ask, and tell you what comes of it.');
SELECT skillancer.put_rule('payment.refund_errored', 'owner', 'payment.refund_errored', 'PAYMENTS');
SELECT skillancer.put_template('payment.refund_errored', 'IN_APP', 'Your refund takes longer', 'The payment provider has not answered. We ask again, and tell you what comes of it.');
SELECT skillancer.put_rule('payment.refunded', 'owner', 'payment.refunded', 'PAYMENTS');
SELECT skillancer.put_template('payment.refunded', 'IN_APP', 'Money is on your card', 'A refund from your wallet has reached your card.');
SELECT skillancer.put_rule('payment.refund_failed', 'owner', 'payment.refund_failed', 'PAYMENTS', 'HIGH');
SELECT skillancer.put_template('payment.refund_failed', 'IN_APP', 'A refund failed', 'The money is back in your wallet.');
SELECT skillancer.put_rule('payment.charged_back', 'audience', 'payment.charged_back', 'PAYMENTS', 'HIGH');
SELECT skillancer.put_template('payment.charged_back', 'IN_APP', 'A payment was charged back',
	'The bank of the card holder took a payment back. Money that it paid for is frozen until the bank decides.');
SELECT skillancer.put_rule('payment.chargeback_won', 'audience', 'payment.chargeback_won', 'PAYMENTS', 'HIGH');
SELECT skillancer.put_template('payment.chargeback_won', 'IN_APP', 'A charge-back was turned down', 'What was frozen for it is as before.');
SELECT skillancer.put_rule('payment.chargeback_lost', 'audience', 'payment.chargeback_lost', 'PAYMENTS', 'HIGH');
SELECT skillancer.put_template('payment.chargeback_lost', 'IN_APP', 'A charge-back was granted', 'What was frozen for it went back to the card holder.');
SELECT skillancer.put_rule('milestone.given_back', 'client', 'milestone.given_back', 'PAYMENTS', 'HIGH');
SELECT skillancer.put_template('milestone.given_back', 'IN_APP', 'You got money back', 'The freelancer gave back {{amount}} of "{{milestone.title}}".');
SELECT skillancer.put_rule('booking.tipped', 'freelancer', 'booking.tipped', 'PAYMENTS', 'HIGH');
SELECT skillancer.put_template('booking.tipped', 'IN_APP', 'You got a tip', '{{amount}} on top for "{{booking.title}}".');
SELECT skillancer.put_rule('earning.available', 'owner', 'earning.available', 'PAYMENTS');
SELECT skillancer.put_template('earning.available', 'IN_APP', 'Money is available', 'An earning can be paid out now.');
SELECT skillancer.put_rule('payout.requested', 'owner', 'payout.requested', 'PAYMENTS');
SELECT skillancer.put_template('payout.requested', 'IN_APP', 'Your payout is on its way', 'We tell you when it is paid.');
SELECT skillancer.put_rule('payout.paid', 'owner', 'payout.paid', 'PAYMENTS', 'HIGH');
SELECT skillancer.put_template('payout.paid', 'IN_APP', 'Your payout was paid', 'The money is on its way to your account.');
SELECT skillancer.put_template('payout.paid', 'EMAIL', 'Your payout was paid',
'Hello {{user.name}},

your payout was paid; the money is on its way to your account. If you did not ask for it, write to us at once.
');
SELECT skillancer.put_rule('payout.failed', 'owner', 'payout.failed', 'PAYMENTS', 'HIGH');
SELECT skillancer.put_template('payout.failed', 'IN_APP', 'Your payout failed', 'The money is back in your balance. Check your payout method.');
SELECT skillancer.put_template('payout.failed', 'EMAIL', 'Your payout failed',
'Hello {{user.name}},

your payout could not be made; the money is back in your balance. Please check your payout method.
');
SELECT skillancer.put_rule('invoice.issued', 'owner', 'invoice.issued', 'PAYMENTS', 'LOW', 'invoice.issued/{{userId}}');
SELECT skillancer.put_template('invoice.issued', 'IN_APP', '{{#grouped}}{{count}} new documents{{/grouped}}{{^grouped}}A new document{{/grouped}}',
	'There is a new invoice, receipt or statement for you.');
SELECT skillancer.put_rule('payout.returned', 'owner', 'payout.returned', 'PAYMENTS', 'HIGH');
SELECT skillancer.put_template('payout.returned', 'IN_APP', 'Your payout came back', 'Your bank sent it back; the money is in your balance. Check your payout method.');
SELECT skillancer.put_template('payout.returned', 'EMAIL', 'Your payout came back',
'Hello {{user.name}},

your bank sent a payout back; the money is in your balance again, without the fee. Please check your payout method.
');
SELECT skillancer.put_rule('payout.errored', 'owner', 'payout.errored', 'PAYMENTS');
SELECT skillancer.put_template('payout.errored', 'IN_APP', 'Your payout takes longer', 'The payment provider has not answered. We ask again, and tell you what comes of it.');
SELECT skillancer.put_rule('payout.skipped', 'owner', 'payout.skipped', 'PAYMENTS', 'HIGH');
SELECT skillancer.put_template('payout.skipped', 'IN_APP', 'Your scheduled payout was not made',
	'Your {{currency}} balance stays where it is: {{reason}}. Check your payout method, or request a payout yourself.');
SELECT skillancer.put_rule('payout.cancelled', 'owner', 'payout.cancelled', 'PAYMENTS');
SELECT skillancer.put_template('payout.cancelled', 'IN_APP', 'Your payout was taken back', 'The money is back in your balance.');
SELECT skillancer.put_rule('payout_method.added', 'owner', 'payout_method.added', 'ACCOUNT', 'HIGH');
SELECT skillancer.put_template('payout_method.added', 'IN_APP', 'A payout method was added',
	'{{label}} can be paid to from {{usableFrom}}. If it was not you, remove it, change your password and write to us.');
SELECT skillancer.put_template('payout_method.added', 'EMAIL', 'A payout method was added to your account',
'Hello {{user.name}},

"{{label}}" was added to your account as a payout method and can be paid to from {{usableFrom}}. If it was not you, remove it, change your password and write to us at once.
');
SELECT skillancer.put_rule('payout_method.made_default', 'owner', 'payout_method.made_default', 'ACCOUNT', 'HIGH');
SELECT skillancer.put_template('payout_method.made_default', 'IN_APP', 'Your payouts go to another account',
	'{{label}} is your default payout method now. If it was not you, change your password and write to us.');
SELECT skillancer.put_template('payout_method.made_default', 'EMAIL', 'Your payouts go to another account',
'Hello {{user.name}},

"{{label}}" is your default payout method now, and scheduled payouts go there. If it was not you, change your password and write to us at once.
');
SELECT skillancer.put_rule('payout_method.removed', 'owner', 'payout_method.removed', 'ACCOUNT', 'HIGH');
SELECT skillancer.put_template('payout_method.removed', 'IN_APP', 'A payout method was removed', '{{label}} is not paid to any more.');

-- reviews
SELECT skillancer.put_rule('review.published', 'subject', 'review.published', 'BOOKINGS');
SELECT skillancer.put_template('review.published', 'IN_APP', 'You were reviewed', 'The review of your booking can be read now.');
SELECT skillancer.put_rule('review.replied', 'others', 'review.replied', 'BOOKINGS', 'LOW');
SELECT skillancer.put_rule('report.upheld', 'owner', 'report.upheld', 'ACCOUNT');
SELECT skillancer.put_template('report.upheld', 'IN_APP', 'A review that you reported was removed', 'We looked at your report and agreed with it.{{#note}} {{note}}{{/note}}');
SELECT skillancer.put_rule('report.dismissed', 'owner', 'report.dismissed', 'ACCOUNT');
SELECT skillancer.put_template('report.dismissed', 'IN_APP', 'Your report of a review', 'We looked at your report: the review stays.{{#note}} {{note}}{{/note}}');
SELECT skillancer.put_rule('review.removed', 'audience', 'review.removed', 'BOOKINGS');
SELECT skillancer.put_template('review.removed', 'IN_APP', 'A review was removed', 'Moderators removed a review of "{{booking.title}}". It does not count any more.');
SELECT skillancer.put_rule('reputation.level_changed', 'owner', 'reputation.level_changed', 'ACCOUNT');
SELECT skillancer.put_template('reputation.level_changed', 'IN_APP', 'Your level is {{level}}', 'Your level was {{from}} and is {{level}} now. Your reputation shows what each level asks for.');
SELECT skillancer.put_template('review.replied', 'IN_APP', 'Your review was answered', 'The reviewed person answered.');

-- webhooks
SELECT skillancer.put_policy('webhookLimit', '10', 'Endpoints of one user');
SELECT skillancer.put_policy('webhookWidth', '64', 'Deliveries to one endpoint at the same time, at most');
SELECT skillancer.put_policy('webhookFailureLimit', '7', 'Events that fail in a row, each after all its attempts, before an endpoint is disabled');
SELECT skillancer.put_policy('webhookSecretOverlap', '"PT24H"', 'How long a replaced signing secret signs along');
SELECT skillancer.put_policy('webhookRetention', '"P30D"', 'How long the delivery log is kept');
SELECT skillancer.put_rule('webhook.given_up', 'owner', 'webhook.given_up', 'ACCOUNT', 'HIGH');
SELECT skillancer.put_template('webhook.given_up', 'IN_APP', 'A webhook of yours was disabled',
	'{{url}} did not take what we sent it, and gets no more events. Enable it when it works again; what it missed can be sent again.');
SELECT skillancer.put_template('webhook.given_up', 'EMAIL', 'A webhook of yours was disabled',
'Hello {{user.name}},

your webhook {{url}} did not take what we sent it, and gets no more events. Enable it when it works again; what it missed can be sent again.
');
-- what else happens to a booking
SELECT skillancer.put_rule('booking.amended', 'audience', 'booking.amended', 'BOOKINGS');
SELECT skillancer.put_template('booking.amended', 'IN_APP', 'Terms have changed', '"{{booking.title}}" has new terms, as both of you agreed.');
SELECT skillancer.put_rule('booking.paused', 'audience', 'booking.paused', 'BOOKINGS');
SELECT skillancer.put_template('booking.paused', 'IN_APP', 'A booking is paused', '"{{booking.title}}" is paused. Either of you can resume it.');
SELECT skillancer.put_rule('booking.resumed', 'others', 'booking.resumed', 'BOOKINGS');
SELECT skillancer.put_template('booking.resumed', 'IN_APP', 'A booking goes on', '{{#actor}}{{name}}{{/actor}}{{^actor}}The other side{{/actor}} resumed "{{booking.title}}".');
SELECT skillancer.put_rule('booking.time_logged', 'client', 'booking.time_logged', 'BOOKINGS', 'LOW', 'booking.time_logged/{{bookingId}}');
SELECT skillancer.put_template('booking.time_logged', 'IN_APP', '{{#grouped}}{{count}} entries of hours{{/grouped}}{{^grouped}}Hours were logged{{/grouped}} for {{booking.title}}',
	'The latest: {{minutes}} minutes on {{date}}. Hours of a week can be disputed until it is locked.');
SELECT skillancer.put_rule('booking.time_changed', 'client', 'booking.time_changed', 'BOOKINGS', 'LOW', 'booking.time_changed/{{bookingId}}');
SELECT skillancer.put_template('booking.time_changed', 'IN_APP', '{{#grouped}}{{count}} entries of hours were corrected{{/grouped}}{{^grouped}}Hours were corrected{{/grouped}} for {{booking.title}}',
	'The latest: {{minutes}} minutes on {{date}}, {{minutesBefore}} before.');
SELECT skillancer.put_rule('booking.time_removed', 'client', 'booking.time_removed', 'BOOKINGS', 'LOW', 'booking.time_removed/{{bookingId}}');
SELECT skillancer.put_template('booking.time_removed', 'IN_APP', '{{#grouped}}{{count}} entries of hours were removed{{/grouped}}{{^grouped}}Hours were removed{{/grouped}} from {{booking.title}}',
	'The latest: {{minutes}} minutes on {{date}}.');
SELECT skillancer.put_rule('week.waived', 'audience', 'week.waived', 'BOOKINGS');
SELECT skillancer.put_template('week.waived', 'IN_APP', 'Hours are not billed', 'Both of you called "{{booking.title}}" off: its hours that were not billed are not.');
SELECT skillancer.put_rule('milestone.cancelled', 'others', 'milestone.cancelled', 'BOOKINGS');
SELECT skillancer.put_template('milestone.cancelled', 'IN_APP', 'A milestone was dropped', '"{{milestone.title}}" of "{{booking.title}}" is not planned any more.');
SELECT skillancer.put_rule('milestone.held', 'audience', 'milestone.held', 'PAYMENTS', 'HIGH');
SELECT skillancer.put_template('milestone.held', 'IN_APP', 'Money of a milestone is frozen',
	'The client''s bank took back the payment of "{{milestone.title}}". Its money is frozen until the bank decides.');
SELECT skillancer.put_rule('milestone.unheld', 'audience', 'milestone.unheld', 'PAYMENTS', 'HIGH');
SELECT skillancer.put_template('milestone.unheld', 'IN_APP', 'Money of a milestone is free again', 'The money of "{{milestone.title}}" is in escrow as before.');
SELECT skillancer.put_rule('change.withdrawn', 'others', 'change.withdrawn', 'BOOKINGS', 'LOW');
SELECT skillancer.put_template('change.withdrawn', 'IN_APP', 'A change is not asked for any more', '"{{booking.title}}" stays as it is.');
SELECT skillancer.put_rule('dispute.taken', 'audience', 'dispute.taken', 'BOOKINGS');
SELECT skillancer.put_template('dispute.taken', 'IN_APP', 'A mediator has your dispute', 'Somebody of our staff looks at "{{milestone.title}}" now.');
SELECT skillancer.put_rule('dispute.split_accepted', 'others', 'dispute.split_accepted', 'BOOKINGS');
SELECT skillancer.put_template('dispute.split_accepted', 'IN_APP', 'The split was accepted',
	'{{#actor}}{{name}}{{/actor}}{{^actor}}The other side{{/actor}} accepts the split of "{{milestone.title}}". Your answer is missing.');
SELECT skillancer.put_rule('gig.suspended', 'freelancer', 'gig.suspended', 'ACCOUNT', 'HIGH');
SELECT skillancer.put_template('gig.suspended', 'IN_APP', 'A gig of yours was taken down', 'Moderators took it down.{{#reason}} Reason: {{reason}}{{/reason}}');
SELECT skillancer.put_rule('gig.reinstated', 'freelancer', 'gig.reinstated', 'ACCOUNT');
SELECT skillancer.put_template('gig.reinstated', 'IN_APP', 'A gig of yours is back', 'Moderators gave it back to you.');
SELECT skillancer.put_rule('invitation.withdrawn', 'freelancer', 'invitation.withdrawn', 'PROJECTS', 'LOW');
SELECT skillancer.put_template('invitation.withdrawn', 'IN_APP', 'An invitation was taken back', 'The client of "{{project.title}}" does not wait for your proposal any more.');
SELECT skillancer.put_rule('invitation.expired', 'client', 'invitation.expired', 'PROJECTS', 'LOW');
SELECT skillancer.put_template('invitation.expired', 'IN_APP', 'An invitation expired', 'A freelancer did not answer your invitation to "{{project.title}}".');

-- what else happens to money
SELECT skillancer.put_rule('payment.captured', 'owner', 'payment.captured', 'PAYMENTS');
SELECT skillancer.put_template('payment.captured', 'IN_APP', 'Your payment arrived', 'The money is in your wallet, or where you sent it.');
SELECT skillancer.put_rule('payment.voided', 'owner', 'payment.voided', 'PAYMENTS');
SELECT skillancer.put_template('payment.voided', 'IN_APP', 'A payment was given up', 'It was called off, or not confirmed in time. No money was taken.');
SELECT skillancer.put_rule('payment.taken_back', 'owner', 'payment.taken_back', 'PAYMENTS', 'HIGH');
SELECT skillancer.put_template('payment.taken_back', 'IN_APP', 'Your bank took a payment back', 'What it paid for is frozen until the bank decides.');
SELECT skillancer.put_rule('payment.restored', 'owner', 'payment.restored', 'PAYMENTS', 'HIGH');
SELECT skillancer.put_template('payment.restored', 'IN_APP', 'A payment of yours counts again', 'Its charge-backs were turned down.');
SELECT skillancer.put_rule('connects.bought', 'owner', 'connects.bought', 'PAYMENTS');
SELECT skillancer.put_template('connects.bought', 'IN_APP', 'Your connects are here', 'The purchase was paid.');
SELECT skillancer.put_rule('connects.not_bought', 'owner', 'connects.not_bought', 'PAYMENTS', 'HIGH');
SELECT skillancer.put_template('connects.not_bought', 'IN_APP', 'Your purchase of connects failed', 'It was not paid. Try again or with another payment method.');
SELECT skillancer.put_rule('connects.granted', 'owner', 'connects.granted', 'PAYMENTS');
SELECT skillancer.put_template('connects.granted', 'IN_APP', 'You got {{connects}} connects', 'They were given to you by our staff.');

-- account and organisations
SELECT skillancer.put_rule('user.suspended', 'owner', 'user.suspended', 'ACCOUNT', 'HIGH');
SELECT skillancer.put_template('user.suspended', 'IN_APP', 'Your account is suspended', 'All your sessions have ended.{{#reason}} Reason: {{reason}}{{/reason}}');
SELECT skillancer.put_template('user.suspended', 'EMAIL', 'Your account is suspended',
'Hello {{user.name}},

your account is suspended and all your sessions have ended.{{#reason}} Reason: {{reason}}{{/reason}}

If you think that this is wrong, answer to our support.
');
SELECT skillancer.put_template('account_closed', 'EMAIL', 'Your account is closed',
'Hello {{user.name}},

your account is closed.{{#reason}} Reason: {{reason}}{{/reason}} What you earned, paid and signed stays on record, as the law asks.

If you think that this is wrong, answer to our support.
');
SELECT skillancer.put_rule('user.erasure_requested', 'owner', 'user.erasure_requested', 'ACCOUNT', 'HIGH');
SELECT skillancer.put_template('user.erasure_requested', 'IN_APP', 'Your account will be erased', 'Until {{eraseAt}} you can change your mind.');
SELECT skillancer.put_template('user.erasure_requested', 'EMAIL', 'Your account will be erased',
'Hello {{user.name}},

you asked us to erase your account. That happens at {{eraseAt}}; until then you can change your mind, in the settings of your account. If it was not you, withdraw it there and change your password.
');
SELECT skillancer.put_rule('user.erasure_withdrawn', 'owner', 'user.erasure_withdrawn', 'ACCOUNT');
SELECT skillancer.put_template('user.erasure_withdrawn', 'IN_APP', 'Your account stays', 'It will not be erased.');
SELECT skillancer.put_rule('user.erasure_refused', 'owner', 'user.erasure_refused', 'ACCOUNT', 'HIGH');
SELECT skillancer.put_template('user.erasure_refused', 'IN_APP', 'Your account could not be erased', 'A contract, a payment or a balance is still open. Look at your request, end what it names, and ask again.');
SELECT skillancer.put_template('user.erasure_refused', 'EMAIL', 'Your account could not be erased',
'Hello {{user.name}},

you asked us to erase your account, but a contract, a payment or a balance of yours is still open. Your request names it. End it and ask again.
');
SELECT skillancer.put_rule('organisation.joined', 'owner', 'organisation.joined', 'ACCOUNT');
SELECT skillancer.put_template('organisation.joined', 'IN_APP', 'You are a member of an organisation', 'Your role in it is {{role}}.');

-- what staff should look at
SELECT skillancer.put_rule('ledger.broken', 'finance', 'ledger.broken', 'SYSTEM', 'HIGH', NULL, true);
SELECT skillancer.put_template('ledger.broken', 'IN_APP', 'The books are broken', 'The nightly check found {{violations}} violation(s) of "{{name}}".');
SELECT skillancer.put_template('ledger.broken', 'EMAIL', 'The books are broken: {{name}}',
'Hello {{user.name}},

the nightly check of the ledger found {{violations}} violation(s) of "{{name}}". Look at it before anything is paid out.
');
SELECT skillancer.put_rule('adjustment.proposed', 'finance', 'adjustment.proposed', 'SYSTEM', 'HIGH');
SELECT skillancer.put_template('adjustment.proposed', 'IN_APP', 'A posting by hand awaits a second person', '{{kind}}: {{reason}}');
SELECT skillancer.put_rule('adjustment.posted', 'finance', 'adjustment.posted', 'SYSTEM');
SELECT skillancer.put_template('adjustment.posted', 'IN_APP', 'A posting by hand was made', '{{#actor}}{{name}}{{/actor}}{{^actor}}A second person{{/actor}} approved it.');
SELECT skillancer.put_rule('adjustment.rejected', 'finance', 'adjustment.rejected', 'SYSTEM');
SELECT skillancer.put_template('adjustment.rejected', 'IN_APP', 'A posting by hand was rejected', '{{#actor}}{{name}}{{/actor}}{{^actor}}A second person{{/actor}} turned it down.');
SELECT skillancer.put_rule('adjustment.expired', 'finance', 'adjustment.expired', 'SYSTEM');
SELECT skillancer.put_template('adjustment.expired', 'IN_APP', 'A posting by hand expired', 'Nobody decided about it in time.');
SELECT skillancer.put_rule('report.submitted', 'moderators', 'report.submitted', 'SYSTEM', 'NORMAL', 'report.submitted');
SELECT skillancer.put_template('report.submitted', 'IN_APP', '{{#grouped}}{{count}} reviews were reported{{/grouped}}{{^grouped}}A review was reported{{/grouped}}',
	'The latest reason: {{reason}}');

-- announcements of staff, in the languages that they were written in
SELECT skillancer.put_rule('system.announcement', 'segment', 'announcement', 'SYSTEM');
SELECT skillancer.put_rule('marketing.announcement', 'segment', 'announcement', 'MARKETING', 'LOW');
SELECT skillancer.put_template('announcement', 'IN_APP', '{{{texts.en.title}}}', '{{{texts.en.body}}}');
SELECT skillancer.put_template('announcement', 'EMAIL', '{{{texts.en.title}}}',
'Hello {{user.name}},

{{{texts.en.body}}}
');

-- digests
SELECT skillancer.put_template('digest', 'EMAIL', '{{count}} {{#several}}notifications{{/several}}{{^several}}notification{{/several}} for you',
'Hello {{user.name}},

this is what happened{{#frequency.hourly}} in the last hour{{/frequency.hourly}}{{#frequency.daily}} since yesterday{{/frequency.daily}}{{#frequency.weekly}} in the last week{{/frequency.weekly}}:

{{#items}}
* {{title}}
  {{body}}

{{/items}}
{{#more}}
And {{more}} more.

{{/more}}
{{publicUrl}}/notifications
');

-- the pages behind the link to unsubscribe
SELECT skillancer.put_template('page.unsubscribe', 'EMAIL', 'No more mail of this kind?',
	'You will get no more mail about: {{categories}}. In the app you see everything as before.',
'<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Skillancer</title></head>
<body style="font-family:sans-serif;max-width:32em;margin:4em auto;padding:0 1em">
<h1>No more mail of this kind?</h1>
<p>You will get no more mail about: {{categories}}. In the app you see everything as before.</p>
<form method="post"><button type="submit" style="font-size:large;padding:.5em 1em">Unsubscribe</button></form>
</body>
</html>
');
SELECT skillancer.put_template('page.unsubscribed', 'EMAIL', 'Done', 'You get no more mail about: {{categories}}.',
'<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Skillancer</title></head>
<body style="font-family:sans-serif;max-width:32em;margin:4em auto;padding:0 1em">
<h1>Done</h1>
<p>You get no more mail about: {{categories}}. You can change that in your preferences at any time.</p>
</body>
</html>
');

-- messages
SELECT skillancer.put_policy('messageEditTerm', '"P1D"', 'How long a message can be edited');
SELECT skillancer.put_policy('blockLimit', '1000', 'People whom one user has blocked');
SELECT skillancer.put_rule('message.sent', 'others', 'message.received', 'MESSAGES', 'NORMAL', 'message.received/{{conversationId}}');
SELECT skillancer.put_template('message.received', 'IN_APP', '{{#grouped}}{{count}} new messages{{/grouped}}{{^grouped}}New message{{/grouped}}{{#actor}} from {{actor.name}}{{/actor}}',
	'Open the conversation to read.');
