// test/chaos/lib/rules.mjs
//	The marketplace as docs/bookings.md, docs/disputes.md and docs/machines.md word it, written down once more: who may
//	do what in which state, and which events tell of it. The product's own tables are never read. Who changes a machine
//	changes this file too, on purpose.

const HELD = ['FUNDED', 'SUBMITTED', 'CHANGES_REQUESTED'];
const RUNNING = ['ACTIVE', 'PAUSED', 'AWAITING_REQUIREMENTS'];
const CALLED_OFF = ['booking.ending', 'milestone.refunded', 'milestone.cancelled', 'booking.completed', 'booking.cancelled', 'change.withdrawn', 'week.waived'];
const SETTLED = ['booking.completed', 'booking.cancelled'];
const TALKING = ['AWAITING_REPLY', 'NEGOTIATION', 'MEDIATION'];
const DISPUTED = [...TALKING, 'PROPOSAL_OUT'];
const DIVIDED = ['milestone.unfrozen', 'milestone.released', 'milestone.refunded', ...SETTLED];
const PAID = ['payment.captured', 'payment.failed', 'payment.action_required', 'milestone.funding', 'milestone.payment_failed', 'milestone.funded',
	'booking.activated', 'booking.requirements_awaited'];
// How a week of an hourly booking is billed and paid: by itself, or when the booking ends.
export const BILLED = ['week.locked', 'milestone.generated', 'milestone.submitted', 'milestone.payment_due', ...PAID.slice(0, 6)];

// kind of operation → by whom, on what, from which states (guard: a refusal may have another reason), the event that
// is its effect, and what may follow from it in the same transaction; silent: it may have none; plain: no key keeps it from
// happening again when it is asked for again.
export const RULES = {
	offer: { by: 'client', event: 'booking.offered' },
	offer_hours: { by: 'client', event: 'booking.offered' },
	pay_by: { by: 'client', event: 'booking.activated', silent: true, plain: true },
	log: { by: 'freelancer', event: 'booking.time_logged' },
	correct: { by: 'freelancer', event: 'booking.time_changed', plain: true },
	order: { by: 'client', event: 'booking.created' },
	accept_proposal: { by: 'client', event: 'booking.created', also: ['proposal.accepted', 'proposal.closed', 'project.filled'] },
	accept: { by: 'freelancer', on: 'booking', from: ['OFFERED'], event: 'booking.accepted' },
	decline: { by: 'freelancer', on: 'booking', from: ['OFFERED'], event: 'booking.voided' },
	withdraw: { by: 'client', on: 'booking', from: ['OFFERED'], event: 'booking.voided' },
	cancel: { by: 'either', on: 'booking', from: ['AWAITING_PAYMENT'], guard: true, event: 'booking.voided', also: ['milestone.cancelled'] },
	answer: { by: 'client', on: 'booking', from: ['AWAITING_REQUIREMENTS'], event: 'booking.activated' },
	end: { by: 'either', on: 'booking', from: RUNNING, event: 'booking.ending', also: [...SETTLED, 'milestone.cancelled', 'change.withdrawn', ...BILLED] },
	resume: { by: 'either', on: 'booking', from: ['PAUSED'], event: 'booking.resumed' },
	propose: { by: 'either', event: 'milestone.proposed' },
	agree: { by: 'either', on: 'milestone', from: ['PROPOSED'], guard: true, event: 'milestone.agreed' },
	drop: { by: 'either', on: 'milestone', from: ['PROPOSED', 'AGREED'], guard: true, event: 'milestone.cancelled', also: SETTLED },
	fund: { by: 'client', on: 'milestone', from: ['AGREED'], guard: true, event: 'milestone.funded', instead: ['payment.failed', 'payment.action_required'], also: PAID },
	confirm: { by: 'client', on: 'charge', from: ['REQUIRES_ACTION'], guard: true, event: 'payment.captured', also: PAID },
	give_up: { by: 'client', on: 'charge', from: ['REQUIRES_ACTION'], guard: true, event: 'payment.voided', also: ['milestone.payment_failed'] },
	submit: { by: 'freelancer', on: 'milestone', from: ['FUNDED', 'CHANGES_REQUESTED'], guard: true, event: 'milestone.submitted' },
	request_changes: { by: 'client', on: 'milestone', from: ['SUBMITTED'], event: 'milestone.changes_requested' },
	approve: { by: 'client', on: 'milestone', from: ['SUBMITTED'], event: 'milestone.released', also: SETTLED },
	refund: { by: 'freelancer', on: 'milestone', from: HELD, event: 'milestone.refunded', also: SETTLED },
	release_part: { by: 'client', on: 'milestone', from: HELD, event: 'milestone.part_released' },
	refund_part: { by: 'freelancer', on: 'milestone', from: HELD, event: 'milestone.part_refunded' },
	deliver: { by: 'freelancer', event: 'milestone.delivered' },
	ask: { by: 'either', event: 'change.requested' },
	accept_change: { by: 'either', on: 'change', from: ['PENDING'], guard: true, event: 'change.accepted', also: ['booking.paused', ...CALLED_OFF] },
	decline_change: { by: 'either', on: 'change', from: ['PENDING'], guard: true, event: 'change.declined' },
	withdraw_change: { by: 'either', on: 'change', from: ['PENDING'], guard: true, event: 'change.withdrawn' },
	claim: { by: 'either', event: 'dispute.opened', also: ['milestone.frozen', 'change.withdrawn'] },
	reply: { by: 'respondent', on: 'dispute', from: ['AWAITING_REPLY'], event: 'dispute.replied' },
	make_offer: { by: 'either', on: 'dispute', from: ['NEGOTIATION', 'MEDIATION'], event: 'dispute.offered', instead: ['dispute.resolved'], also: DIVIDED },
	accept_offer: { by: 'either', on: 'dispute', from: TALKING, guard: true, event: 'dispute.resolved', also: DIVIDED },
	escalate: { by: 'either', on: 'dispute', from: ['NEGOTIATION'], event: 'dispute.escalated' },
	show: { by: 'either', on: 'dispute', from: TALKING, guard: true, event: 'dispute.evidence_added' },
	withdraw_claim: { by: 'claimant', on: 'dispute', from: DISPUTED, event: 'dispute.withdrawn', also: ['milestone.unfrozen'] },
	take: { by: 'staff', on: 'dispute', from: ['MEDIATION'], event: 'dispute.taken' },
	propose_split: { by: 'staff', on: 'dispute', from: ['MEDIATION'], guard: true, event: 'dispute.split_proposed' },
	accept_split: { by: 'either', on: 'dispute', from: ['PROPOSAL_OUT'], guard: true, event: 'dispute.split_accepted', instead: ['dispute.resolved'], also: DIVIDED },
	reject_split: { by: 'either', on: 'dispute', from: ['PROPOSAL_OUT'], event: 'dispute.split_rejected' },
	decide: { by: 'staff', on: 'dispute', from: ['MEDIATION'], guard: true, event: 'dispute.resolved', also: DIVIDED },
	review: { by: 'either', event: 'review.submitted', also: ['review.published'] },
	charge: { by: 'client', event: 'payment.captured', instead: ['payment.failed', 'payment.action_required'] },
	payout: { by: 'freelancer', event: 'payout.requested' },
	forget: { by: 'freelancer', event: 'user.erasure_requested' },
	take_back: { by: 'freelancer', on: 'payout', from: ['REQUESTED'], event: 'payout.cancelled' },
};

// What an operation may be refused for, besides a state that its rule does not name.
const ANY_REFUSAL = ['INVALID_STATE', 'LIMIT_REACHED'];
const REFUSALS = {
	accept: ['PRECONDITION_FAILED'], cancel: [], order: [], accept_proposal: ['PROJECT_FILLED'],
	fund: ['ALREADY_FUNDED', 'INSUFFICIENT_FUNDS', 'PAYMENT_FAILED'], charge: ['PAYMENT_FAILED'], request_changes: ['NO_REVISIONS_LEFT'],
	release_part: ['INSUFFICIENT_FUNDS'], refund_part: ['INSUFFICIENT_FUNDS'], payout: ['INSUFFICIENT_FUNDS'],
	ask: ['DUPLICATE_RESOURCE', 'VALIDATION_ERROR', 'DISPUTE_OPEN'], review: ['REVIEW_EXISTS'], approve: ['DISPUTE_OPEN'], refund: ['DISPUTE_OPEN'],
	forget: ['ACCOUNT_IN_USE', 'DUPLICATE_RESOURCE'],
	log: ['VALIDATION_ERROR'], claim: ['DISPUTE_OPEN', 'INSUFFICIENT_FUNDS'], make_offer: ['OFFER_NOT_BETTER'], accept_offer: ['PRECONDITION_FAILED'],
};

// Who may do what an operation does.
export function entitled({ by }, { booking, dispute }) {
	switch (by) {
		case 'either': return [booking.client, booking.freelancer];
		case 'claimant': return [dispute.by];
		case 'respondent': return [booking.client, booking.freelancer].filter((person) => person !== dispute.by);
		case 'staff': return dispute.staff;
		case 'client': return [booking.client, booking.partner].filter(Boolean);
		default: return [booking[by]];
	}
}

// What is wrong with the answer to an operation, whatever else happened; undefined when nothing is.
export function misjudged(op) {
	const rule = RULES[op.kind];
	const { status, code, details } = op;
	const refused = status >= 400;
	if (status === 401 && op.who.passing) return undefined;
	if (op.target.freelancer?.passing && ['VALIDATION_ERROR', 'ACCOUNT_CLOSED'].includes(code)) return undefined;
	if (status >= 500 || status === 401) return `${status} ${code}`;
	if (op.expect === 'misuse') return code === 'IDEMPOTENCY_MISMATCH' ? undefined : `a key was used for something else: ${status} ${code}`;
	if (op.expect === 'nonsense') return status === 422 ? undefined : `nonsense was answered with ${status} ${code}`;
	if (op.expect === 'stranger') return status === 404 || status === 403 ? undefined : `a stranger got ${status} ${code}`;
	if (op.expect === 'wrong side') return refused ? undefined : `the wrong side was let through`;
	if (!refused || !rule) return undefined;
	if (code === 'PERMISSION_DENIED' && rule.guard) return undefined;
	if (![...ANY_REFUSAL, ...(REFUSALS[op.kind] ?? [])].includes(code)) return `refused with ${status} ${code}`;
	if (code === 'INVALID_STATE' && rule.on && !rule.guard && details?.state && rule.from.includes(details.state) && details.allowed)
		return `refused in ${details.state}, where it is legal`;
	return undefined;
}

// machine → its first states, the events that tell of a new object, and event → the states it leads from and to; told
// are events that lead nowhere, in these states, and divided those with which the end of a dispute ends a milestone.
const same = HELD.map((state) => [state, state]);
export const MACHINES = {
	booking: { first: ['OFFERED', 'AWAITING_PAYMENT'], born: ['booking.offered', 'booking.created'], told: { 'booking.time_logged': ['ACTIVE'], 'booking.time_changed': ['ACTIVE'] }, steps: {
		'booking.accepted': [['OFFERED', 'AWAITING_PAYMENT']],
		'booking.voided': [['OFFERED', 'VOID'], ['AWAITING_PAYMENT', 'VOID']],
		'booking.requirements_awaited': [['AWAITING_PAYMENT', 'AWAITING_REQUIREMENTS']],
		'booking.activated': [['AWAITING_PAYMENT', 'ACTIVE'], ['AWAITING_REQUIREMENTS', 'ACTIVE']],
		'booking.paused': [['ACTIVE', 'PAUSED']],
		'booking.resumed': [['PAUSED', 'ACTIVE']],
		'booking.ending': RUNNING.map((state) => [state, 'ENDING']),
		'booking.completed': [['ENDING', 'COMPLETED']],
		'booking.cancelled': [['ENDING', 'CANCELLED']],
	} },
	week: { first: ['OPEN'], born: [], steps: { 'week.locked': [['OPEN', 'LOCKED']], 'week.waived': [['OPEN', 'WAIVED']] } },
	milestone: { first: ['PROPOSED', 'AGREED'], born: ['milestone.proposed', 'milestone.generated'], steps: {
		'milestone.agreed': [['PROPOSED', 'AGREED']],
		'milestone.cancelled': [['PROPOSED', 'CANCELLED'], ['AGREED', 'CANCELLED']],
		'milestone.funding': [['AGREED', 'FUNDING']],
		'milestone.payment_failed': [['FUNDING', 'AGREED']],
		'milestone.payment_due': [['AGREED', 'AGREED']],
		'milestone.funded': [['AGREED', 'FUNDED'], ['FUNDING', 'FUNDED']],
		'milestone.submitted': [['FUNDED', 'SUBMITTED'], ['CHANGES_REQUESTED', 'SUBMITTED']],
		'milestone.changes_requested': [['SUBMITTED', 'CHANGES_REQUESTED']],
		'milestone.released': [['SUBMITTED', 'RELEASED']],
		'milestone.refunded': HELD.map((state) => [state, 'REFUNDED']),
		'milestone.part_released': same,
		'milestone.part_refunded': same,
		'milestone.frozen': same,
		'milestone.unfrozen': same,
	}, divided: {
		'milestone.released': HELD.map((state) => [state, 'RELEASED']),
		'milestone.refunded': HELD.map((state) => [state, 'REFUNDED']),
	} },
	dispute: { first: ['AWAITING_REPLY'], born: ['dispute.opened'], told: { 'dispute.evidence_added': TALKING }, steps: {
		'dispute.replied': [['AWAITING_REPLY', 'NEGOTIATION']],
		'dispute.offered': [['NEGOTIATION', 'NEGOTIATION'], ['MEDIATION', 'MEDIATION']],
		'dispute.escalated': [['NEGOTIATION', 'MEDIATION']],
		'dispute.taken': [['MEDIATION', 'MEDIATION']],
		'dispute.split_proposed': [['MEDIATION', 'PROPOSAL_OUT']],
		'dispute.split_accepted': [['PROPOSAL_OUT', 'PROPOSAL_OUT']],
		'dispute.split_rejected': [['PROPOSAL_OUT', 'MEDIATION']],
		'dispute.resolved': DISPUTED.map((state) => [state, 'RESOLVED']),
		'dispute.withdrawn': DISPUTED.map((state) => [state, 'WITHDRAWN']),
	} },
	change: { first: ['PENDING'], born: ['change.requested'], steps: {
		'change.accepted': [['PENDING', 'ACCEPTED']],
		'change.declined': [['PENDING', 'DECLINED']],
		'change.withdrawn': [['PENDING', 'WITHDRAWN']],
	} },
	charge: { first: ['CREATED'], born: [], steps: {
		'payment.captured': [['CREATED', 'CAPTURED'], ['REQUIRES_ACTION', 'CAPTURED']],
		'payment.failed': [['CREATED', 'FAILED']],
		'payment.action_required': [['CREATED', 'REQUIRES_ACTION']],
		'payment.voided': [['REQUIRES_ACTION', 'VOIDED']],
	} },
	earning: { first: ['PENDING'], born: [], steps: { 'earning.available': [['PENDING', 'AVAILABLE']] } },
	payout: { first: ['CREATED'], born: [], steps: {
		'payout.requested': [['CREATED', 'REQUESTED']],
		'payout.paid': [['REQUESTED', 'PAID']],
		'payout.failed': [['REQUESTED', 'FAILED']],
		'payout.cancelled': [['REQUESTED', 'CANCELLED']],
	} },
	erasure: { first: ['PENDING'], born: ['user.erasure_requested'], steps: {
		'user.erasure_refused': [['PENDING', 'REFUSED']],
		'user.deleted': [['PENDING', 'DONE']],
	} },
	review: { first: ['HIDDEN'], born: ['review.submitted'], steps: { 'review.published': [['HIDDEN', 'PUBLISHED']] } },
};

// What happens by itself, and how many seconds after the object came to its state at the earliest.
const DAY = 86400;
export const ERASURE_DAYS = 1; // a fortnight is longer than most runs
export const BY_TIME = {
	'booking.voided': { OFFERED: 7 * DAY, AWAITING_PAYMENT: 14 * DAY },
	'milestone.released': { SUBMITTED: 3 * DAY },
	'change.accepted': { PENDING: 2 * DAY },
	'change.declined': { PENDING: 2 * DAY },
	'dispute.resolved': { AWAITING_REPLY: 7 * DAY, PROPOSAL_OUT: 5 * DAY },
	'dispute.escalated': { NEGOTIATION: 7 * DAY },
	'payment.voided': { REQUIRES_ACTION: 3600 },
	'earning.available': { PENDING: 5 * DAY },
	'payout.paid': { REQUESTED: 60 },
	'payout.failed': { REQUESTED: 60 },
	'review.published': { HIDDEN: 0 },
	'user.erasure_refused': { PENDING: ERASURE_DAYS * DAY },
	'user.deleted': { PENDING: ERASURE_DAYS * DAY },
};
export const EVIDENCE_TERM = 5 * DAY;
export const FOLLOWS = [...CALLED_OFF, 'booking.paused', 'milestone.payment_failed', 'milestone.unfrozen'];
