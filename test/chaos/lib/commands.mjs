// test/chaos/lib/commands.mjs
//	Decisions become operations: what kind of step, at which object, by whom, with which body; over HTTP, and for what
//	moves money some of them as the same call in SQL.

import { CURRENCIES, amount, payoutMinimum, text } from './money.mjs';
import { choose, weigh } from './plan.mjs';
import { RULES, entitled } from './rules.mjs';

const PRICES = { USD: [1000, 90000], EUR: [1000, 90000], JPY: [2000, 120000], BHD: [5000, 300000] };
const REASON = { reason: 'Something has come up.' };

function price(currency, roll) {
	const [least, most] = PRICES[currency];
	return least + Math.floor(roll * roll * (most - least));
}

// A price in one to three milestones.
function split(minor, currency, roll) {
	const parts = 1 + Math.floor(roll * 3);
	const first = Math.floor(minor / parts);
	return Array.from({ length: parts }, (_, i) => (i < parts - 1 ? first : minor - first * (parts - 1)));
}
const milestones = (parts, currency) => parts.map((minor, i) => ({ title: `Part ${i + 1}`, amount: amount(minor, currency), days: 5 }));

// The two sides; a few pairs meet often, so that their billings grow over the tiers.
function pair(market, [a, b, c]) {
	const { clients, freelancers } = market;
	const client = choose(clients, a);
	const near = Math.floor(a * clients.length) + Math.floor(b * 3);
	return { client, freelancer: freelancers[c < 0.7 ? near % freelancers.length : Math.floor(b * freelancers.length)] };
}

// ---- making bookings: a list of steps, each of which sees the answers to those before ----

function offer(market, rolls) {
	const { client, freelancer: near } = pair(market, rolls);
	const freelancer = rolls[2] > 0.95 ? choose(market.passing, rolls[1]) : near;
	const organisation = rolls[6] < 0.6 ? client.organisation : undefined;
	const currency = weigh([[8, 'USD'], [1, 'EUR'], [1, 'JPY'], [1, 'BHD']], rolls[3]);
	const minor = price(currency, rolls[4]);
	const parts = split(minor, currency, rolls[5]);
	const target = { client, freelancer, partner: organisation?.partner };
	return [() => ({ kind: 'offer', makes: 'booking', who: client, target, currency, parts, path: '/v1/bookings', body: {
		freelancerId: freelancer.id, ...(organisation && { organisationId: organisation.id }), title: 'Work that was offered', description: 'Everything that has to be done for it.',
		price: amount(minor, currency), deliveryDays: 10, milestones: milestones(parts, currency),
	} })];
}

// Work by the hour: at a rate that hours seldom come out even at.
function offerHours(market, rolls) {
	const { client, freelancer } = pair(market, rolls);
	const currency = weigh([[8, 'USD'], [1, 'EUR'], [1, 'JPY'], [1, 'BHD']], rolls[3]);
	const rate = Math.min(20_000, Math.max(1000, Math.floor(price(currency, rolls[4]) / 10))); // one at least, and a week at the limit fits into a charge
	return [() => ({ kind: 'offer_hours', makes: 'booking', who: client, target: { client, freelancer }, currency, parts: [], rate, path: '/v1/bookings', body: {
		freelancerId: freelancer.id, title: 'Work by the hour', description: 'Everything that has to be done every week.',
		hourlyRate: amount(rate, currency), weeklyLimitMinutes: 600 + Math.floor(rolls[5] * 1800),
	} })];
}

function order(market, rolls) {
	const { client, freelancer } = pair(market, rolls);
	const { gig } = freelancer;
	return [() => ({ kind: 'order', makes: 'booking', who: client, target: { client, freelancer }, currency: 'USD', parts: [5000], path: `/v1/gigs/${gig.id}/orders`,
		body: { revision: gig.revision, package: 'BASIC' } })];
}

function hire(market, rolls) {
	const { client, freelancer } = pair(market, rolls);
	const minor = Math.max(1000, price('USD', rolls[4]));
	const parts = split(minor, 'USD', rolls[5]);
	const step = (kind, who, path, body, more) => ({ kind, who, path, body, target: {}, ...more });
	return [
		() => step('post', client, '/v1/projects', { title: 'Work that is posted', description: 'What has to be done, in enough words for anybody.',
			budgetKind: 'FIXED', budgetMin: amount(1000, 'USD'), budgetMax: amount(100000, 'USD') }),
		([project]) => step('publish', client, `/v1/projects/${project.id}/publish`),
		([project]) => step('bid', freelancer, `/v1/projects/${project.id}/proposals`, {
			coverLetter: 'I have done work of this kind for many years, and I can begin at once.', bid: amount(minor, 'USD'), deliveryDays: 10,
			milestones: milestones(parts, 'USD') }),
		([, , proposal]) => step('accept_proposal', client, `/v1/proposals/${proposal.id}/accept`, { revision: 1 },
			{ makes: 'booking', target: { client, freelancer }, currency: 'USD', parts }),
	];
}

export const opening = (market, rolls) => weigh([[12, offer], [2, order], [2, hire], [2, offerHours]], rolls[7])(market, rolls);

// ---- commands on what exists ----

// Who does it: one who may, or one who may not.
function actor(rule, target, roll, wrongSide) {
	const right = entitled(rule, target);
	if (!wrongSide) return choose(right, roll);
	const { client, freelancer } = target.booking;
	return choose([client, freelancer, ...(target.dispute?.staff.slice(0, 1) ?? [])].filter((person) => !right.includes(person)), roll);
}

// Path and body of a command.
const SHAPES = {
	accept: ({ booking }) => [`/v1/bookings/${booking.id}/accept`, { termsHash: booking.termsHash }],
	decline: ({ booking }) => [`/v1/bookings/${booking.id}/decline`, REASON],
	withdraw: ({ booking }) => [`/v1/bookings/${booking.id}/withdraw`, REASON],
	cancel: ({ booking }) => [`/v1/bookings/${booking.id}/cancel`, REASON],
	answer: ({ booking }) => [`/v1/bookings/${booking.id}/requirements`, { answers: Array(booking.questions).fill('An answer') }],
	end: ({ booking }) => [`/v1/bookings/${booking.id}/end`, REASON],
	resume: ({ booking }) => [`/v1/bookings/${booking.id}/resume`],
	propose: ({ booking, minor }) => [`/v1/bookings/${booking.id}/milestones`, { title: 'One more', amount: amount(minor, booking.currency), days: 5 }],
	pay_by: ({ booking, method }) => [`/v1/bookings/${booking.id}/payment-method`, { paymentMethodId: method }, 'PUT'],
	log: ({ booking, day, minutes }) => [`/v1/bookings/${booking.id}/time-entries`, { date: day, minutes, note: 'Done.' }],
	correct: ({ entry, minutes }) => [`/v1/time-entries/${entry}`, { minutes }, 'PATCH'],
	agree: ({ milestone }) => [`/v1/milestones/${milestone.id}/agree`],
	drop: ({ milestone }) => [`/v1/milestones/${milestone.id}/decline`],
	fund: ({ milestone, method }) => [`/v1/milestones/${milestone.id}/fund`, { paymentMethodId: method }],
	submit: ({ milestone }) => [`/v1/milestones/${milestone.id}/submit`, { note: 'Here it is.' }],
	request_changes: ({ milestone }) => [`/v1/milestones/${milestone.id}/request-changes`, { note: 'Not quite.' }],
	approve: ({ milestone }) => [`/v1/milestones/${milestone.id}/approve`],
	refund: ({ milestone }) => [`/v1/milestones/${milestone.id}/refund`],
	release_part: ({ milestone, booking, minor }) => [`/v1/milestones/${milestone.id}/release-part`, { amount: amount(minor, booking.currency) }],
	refund_part: ({ milestone, booking, minor }) => [`/v1/milestones/${milestone.id}/refund-part`, { amount: amount(minor, booking.currency) }],
	deliver: ({ milestone }) => [`/v1/milestones/${milestone.id}/deliveries`, { message: 'A first look.' }],
	ask: ({ booking, change }) => [`/v1/bookings/${booking.id}/change-requests`, change],
	accept_change: ({ change }) => [`/v1/change-requests/${change.id}/accept`],
	decline_change: ({ change }) => [`/v1/change-requests/${change.id}/decline`],
	withdraw_change: ({ change }) => [`/v1/change-requests/${change.id}/withdraw`],
	claim: ({ booking, milestone, minor, links }) => [`/v1/bookings/${booking.id}/disputes`, { milestoneId: milestone.id, amount: amount(minor, booking.currency),
		reason: 'QUALITY', statement: 'It is not what was agreed.', ...(links && { links }) }],
	reply: ({ dispute }) => [`/v1/disputes/${dispute.id}/reply`, { statement: 'It is what was agreed.' }],
	make_offer: ({ dispute, booking, minor }) => [`/v1/disputes/${dispute.id}/offer`, { amount: amount(minor, booking.currency) }],
	accept_offer: ({ dispute, booking, minor }) => [`/v1/disputes/${dispute.id}/accept-offer`, { amount: amount(minor, booking.currency) }],
	escalate: ({ dispute }) => [`/v1/disputes/${dispute.id}/escalate`],
	show: ({ dispute }) => [`/v1/disputes/${dispute.id}/evidence`, { text: 'This is how it looks.', links: ['https://example.com/it'] }],
	withdraw_claim: ({ dispute }) => [`/v1/disputes/${dispute.id}/withdraw`],
	take: ({ dispute }) => [`/v1/disputes/${dispute.id}/take`],
	propose_split: ({ dispute, booking, minor }) => [`/v1/disputes/${dispute.id}/propose-split`, { toClaimant: amount(minor, booking.currency), note: 'This seems fair.' }],
	accept_split: ({ dispute }) => [`/v1/disputes/${dispute.id}/accept-split`],
	reject_split: ({ dispute }) => [`/v1/disputes/${dispute.id}/reject-split`],
	decide: ({ dispute, booking, minor }) => [`/v1/disputes/${dispute.id}/resolve`, { toClaimant: amount(minor, booking.currency), decision: 'This is how it ends.' }],
	review: ({ booking, rating }) => [`/v1/bookings/${booking.id}/reviews`, { rating, comment: 'As it should have been.', wouldWorkAgain: true }],
	confirm: ({ charge }) => [`/v1/payments/charges/${charge.id}/confirm`],
	give_up: ({ charge }) => [`/v1/payments/charges/${charge.id}/cancel`],
};

// The same in SQL, where it moves money: function and its values behind those of the key.
const doc = (call) => `ROW(200, NULL, NULL, NULL, ${call})::skillancer.reply`;
const IN_SQL = {
	fund: ({ milestone, method }) => ['skillancer_api.milestone_fund(p_id => $4, p_payment_method_id => $5)', [milestone.id, method]],
	submit: ({ milestone }) => [doc('skillancer_api.milestone_submit(p_id => $4, p_note => $5)'), [milestone.id, 'Here it is.']],
	approve: ({ milestone }) => [doc('skillancer_api.milestone_approve(p_id => $4)'), [milestone.id]],
	refund: ({ milestone }) => [doc('skillancer_api.milestone_refund(p_id => $4)'), [milestone.id]],
	release_part: ({ milestone, booking, minor }) => [doc('skillancer_api.milestone_release_part(p_id => $4, p_amount => $5)'),
		[milestone.id, `${text(minor, booking.currency)} ${booking.currency}`]],
	accept_offer: ({ dispute, booking, minor }) => [doc('skillancer_api.dispute_accept_offer(p_id => $4, p_amount => $5)'),
		[dispute.id, `${text(minor, booking.currency)} ${booking.currency}`]],
	decide: ({ dispute, booking, minor }) => ['skillancer_api.dispute_resolve(p_id => $4, p_to_claimant => $5, p_decision => $6)',
		[dispute.id, `${text(minor, booking.currency)} ${booking.currency}`, 'This is how it ends.']],
	withdraw_claim: ({ dispute }) => [doc('skillancer_api.dispute_withdraw(p_id => $4)'), [dispute.id]],
};

// What is claimed of a milestone, and how much of a claim is offered, accepted or decided: often what ends it.
function claimed(milestone, roll) {
	const left = milestone?.left ?? 1000;
	return roll < 0.3 ? left : roll < 0.35 ? 0 : Math.floor(left * roll);
}
function share(kind, { by, claim, offers: { claimant, respondent } }, who, roll) {
	if (kind === 'accept_offer' && roll < 0.9) return (who === by ? respondent : claimant) ?? claim;
	if (kind === 'make_offer' && roll < 0.8) return Math.floor((respondent ?? 0) + (claimant - (respondent ?? 0)) * roll * 1.2);
	return Math.floor((claim + 1) * roll);
}

// One command of a kind at a booking, by its rightful side or the other one.
function command(kind, booking, rolls, { milestone, change, dispute, day, wrongSide = false, inSql = false } = {}) {
	const rule = RULES[kind];
	const wrong = rule.by !== 'either' && wrongSide;
	const who = rule.on === 'charge' && milestone?.charge && !wrong ? milestone.charge.by : actor(rule, { booking, dispute }, rolls[5], wrong);
	const left = milestone?.left ?? 1000;
	const target = { booking, milestone, dispute, change: change ?? booking.changes.at(-1), charge: milestone?.charge, rating: 1 + Math.floor(rolls[6] * 5),
		method: choose(who.methods, rolls[6] ** 3), minor: Math.max(1, Math.floor(left * (kind === 'propose' ? 0.5 : 0.9 * rolls[6]))),
		day, entry: booking.entries.at(-1), minutes: 1 + Math.floor(rolls[6] * 480) };
	if (kind === 'ask') target.change = asked(milestone, rolls[6]);
	if (kind === 'claim') Object.assign(target, { minor: claimed(milestone, rolls[6]), links: rolls[4] < 0.3 ? ['https://example.com/proof'] : undefined });
	if (rule.on === 'dispute') target.minor = share(kind, dispute, who, rolls[6]);
	const [path, body, verb] = SHAPES[kind](target);
	const expect = wrong ? 'wrong side' : undefined;
	const sql = inSql && IN_SQL[kind] ? { name: `SQL ${kind}`, call: IN_SQL[kind](target)[0], values: IN_SQL[kind](target)[1] } : undefined;
	return { kind, makes: kind === 'claim' ? 'dispute' : undefined, who, path, body, verb, target, sql, expect, minor: target.minor, currency: booking.currency };
}

// A day of the last week or so.
const someDay = ({ clock }, roll) => new Date(clock() - Math.floor(roll * roll * 8) * 86_400_000).toISOString().slice(0, 10);

// What is due where work is paid by the hour and nothing waits to be approved.
function hourly(market, booking, rolls) {
	const kind = booking.state === 'ACTIVE' ? weigh([[12, 'log'], [2, 'correct'], [3, 'pay_by'], [1, 'end']], rolls[1]) : 'pay_by';
	return command(kind === 'correct' && booking.entries.length === 0 ? 'log' : kind, booking, rolls, { day: someDay(market, rolls[5]) });
}

function asked(milestone, roll) {
	const kind = weigh([[4, 'EXTENSION'], [3, 'PAUSE'], [3, 'CANCELLATION']], roll);
	return { kind, ...REASON, ...(kind === 'EXTENSION' ? { milestoneId: milestone?.id, days: 3 } : {}) };
}

// What is due at a booking, as far as its clients know.
const DUE = {
	OFFERED: [[16, 'accept'], [1, 'decline'], [1, 'withdraw']],
	AWAITING_REQUIREMENTS: [[9, 'answer'], [1, 'end']],
	PAUSED: [[8, 'resume'], [1, 'end']],
	COMPLETED: [[1, 'review']],
	CANCELLED: [[1, 'review']],
};
const DUE_MILESTONE = {
	PROPOSED: [[8, 'agree'], [1, 'drop']],
	AGREED: [[20, 'fund'], [1, 'drop'], [1, 'cancel'], [1, 'propose']],
	FUNDING: [[4, 'confirm'], [1, 'give_up']],
	FUNDED: [[16, 'submit'], [2, 'deliver'], [1, 'refund'], [2, 'release_part'], [1, 'refund_part'], [1, 'ask'], [1, 'claim']],
	SUBMITTED: [[16, 'approve'], [3, 'request_changes'], [1, 'refund'], [2, 'release_part'], [1, 'refund_part'], [1, 'ask'], [1, 'claim']],
	CHANGES_REQUESTED: [[8, 'submit'], [1, 'refund'], [1, 'release_part']],
};

const DUE_DISPUTE = {
	AWAITING_REPLY: [[8, 'reply'], [1, 'accept_offer'], [1, 'withdraw_claim'], [1, 'show']],
	NEGOTIATION: [[8, 'make_offer'], [2, 'accept_offer'], [4, 'escalate'], [1, 'show'], [1, 'withdraw_claim']],
	MEDIATION: [[2, 'take'], [5, 'propose_split'], [2, 'decide'], [1, 'make_offer'], [1, 'accept_offer'], [1, 'show']],
	PROPOSAL_OUT: [[7, 'accept_split'], [2, 'reject_split']],
};

// The oldest milestone that is not over, mostly.
function current(booking, roll) {
	const open = booking.milestones.filter(({ state }) => DUE_MILESTONE[state]);
	return open[roll < 0.8 ? 0 : Math.floor(roll * open.length)];
}

const openDispute = (booking, milestone) => booking.disputes.findLast((dispute) => dispute.milestone === milestone && DUE_DISPUTE[dispute.state]);

export function due(market, booking, rolls) {
	const kinds = DUE[booking.state];
	if (kinds) return command(weigh(kinds, rolls[1]), booking, rolls, { milestone: current(booking, rolls[2]) });
	const milestone = current(booking, rolls[2]);
	if (booking.hourly && (!milestone || rolls[3] < 0.5)) return hourly(market, booking, rolls);
	if (!milestone) return command('end', booking, rolls);
	const dispute = openDispute(booking, milestone);
	if (dispute && rolls[4] < 0.7) return command(weigh(DUE_DISPUTE[dispute.state], rolls[1]), booking, rolls, { milestone, dispute, inSql: rolls[7] < 0.3 });
	const kind = weigh(DUE_MILESTONE[milestone.state], rolls[1]);
	if ((kind === 'confirm' || kind === 'give_up') && !milestone.charge) return undefined;
	return command(kind, booking, rolls, { milestone, wrongSide: rolls[3] > 0.97, inSql: rolls[7] < 0.15 });
}

const HOLDING = ['FUNDED', 'SUBMITTED', 'CHANGES_REQUESTED'];
const MILESTONE_KINDS = ['agree', 'drop', 'fund', 'submit', 'request_changes', 'approve', 'refund', 'release_part', 'refund_part', 'deliver', 'claim'];
const DISPUTE_KINDS = Object.keys(RULES).filter((kind) => RULES[kind].on === 'dispute');
const BOOKING_KINDS = ['accept', 'decline', 'withdraw', 'cancel', 'answer', 'end', 'resume', 'propose', 'review', 'log', 'pay_by'];

// Any command at all, by either side, whether it fits or not.
export function anything(market, booking, rolls, kinds = MILESTONE_KINDS) {
	const milestone = booking.milestones[Math.floor(rolls[2] * booking.milestones.length)];
	const dispute = booking.disputes.at(-1);
	const more = { milestone, day: someDay(market, rolls[5]), wrongSide: rolls[4] < 0.2, inSql: rolls[7] < 0.2 };
	if (dispute && rolls[3] < 0.3) return command(choose(DISPUTE_KINDS, rolls[1]), booking, rolls, { ...more, dispute });
	const kind = milestone && rolls[3] < 0.7 ? choose(kinds, rolls[1]) : choose(BOOKING_KINDS, rolls[1]);
	return command(kind, booking, rolls, more);
}

// A part, of a milestone that holds money if there is one.
export function part(booking, rolls) {
	const milestone = booking.milestones.find(({ state }) => HOLDING.includes(state));
	return milestone && command(rolls[1] < 0.6 ? 'release_part' : 'refund_part', booking, rolls, { milestone, inSql: rolls[7] < 0.3 });
}

const BURSTS = {
	AWAITING_REPLY: ['reply', 'accept_offer', 'withdraw_claim', 'approve', 'release_part'],
	NEGOTIATION: ['make_offer', 'make_offer', 'accept_offer', 'escalate', 'withdraw_claim', 'refund_part'],
	MEDIATION: ['take', 'decide', 'propose_split', 'make_offer', 'accept_offer', 'submit'],
	PROPOSAL_OUT: ['accept_split', 'accept_split', 'reject_split', 'withdraw_claim', 'accept_split'],
};

// Several commands at one milestone at the same moment: one of those that exclude each other wins.
export function burst(booking, rolls) {
	const milestone = current(booking, 0);
	if (!milestone) return [];
	const dispute = openDispute(booking, milestone);
	if (dispute) return BURSTS[dispute.state].map((kind, i) => command(kind, booking, rolls.map((roll) => (roll * (i + 1)) % 1), { milestone, dispute }));
	const kinds = { AGREED: ['fund', 'fund', 'fund', 'cancel'], SUBMITTED: ['approve', 'refund', 'release_part', 'claim', 'refund_part', 'request_changes'],
		FUNDED: ['submit', 'refund', 'release_part', 'refund_part', 'submit'] }[milestone.state] ?? [];
	return kinds.map((kind, i) => command(kind, booking, rolls.map((roll) => (roll * (i + 1)) % 1), { milestone }));
}

// Changes: ask for one, or answer the last one.
export function change(booking, rolls) {
	const last = booking.changes.at(-1);
	if (last?.state !== 'PENDING') return command('ask', booking, rolls, { milestone: current(booking, 0) });
	return command(weigh([[5, 'accept_change'], [3, 'decline_change'], [2, 'withdraw_change']], rolls[1]), booking, rolls, { change: last });
}

// The last dispute of a booking, or a new one at a milestone that holds money.
export function dispute(booking, rolls) {
	const open = booking.disputes.findLast(({ state }) => DUE_DISPUTE[state]);
	if (open) return command(weigh(DUE_DISPUTE[open.state], rolls[1]), booking, rolls, { milestone: open.milestone, dispute: open, inSql: rolls[7] < 0.3 });
	const milestone = booking.milestones.find(({ state }) => HOLDING.includes(state));
	return milestone && command('claim', booking, rolls, { milestone });
}

// Somebody who is just passing asks to be forgotten.
export const forget = (market, rolls) => ({ kind: 'forget', who: choose(market.passing, rolls[0]), target: {}, path: '/v1/users/me/erasure' });

export function payout(market, rolls) {
	const who = choose(market.freelancers, rolls[0]);
	const asked = market.payouts[Math.floor(rolls[1] * market.payouts.length)];
	if (asked && rolls[2] < 0.2) return { kind: 'take_back', who: asked.by, target: { payout: asked }, path: `/v1/payouts/${asked.id}/cancel` };
	const currency = weigh([[8, 'USD'], [1, 'EUR'], [1, 'JPY'], [1, 'BHD']], rolls[3]);
	const minor = payoutMinimum(currency) + Math.floor(rolls[4] ** 3 * price(currency, 1));
	return { kind: 'payout', who, target: {}, minor, currency, path: '/v1/payouts',
		body: { amount: amount(minor, currency), paymentMethodId: choose(who.methods, rolls[6] ** 2) } };
}

export function charge(market, rolls) {
	const open = market.charges[Math.floor(rolls[1] * market.charges.length)];
	if (open && rolls[2] < 0.4) {
		const kind = rolls[3] < 0.7 ? 'confirm' : 'give_up';
		return { kind, who: open.by, target: { charge: open }, path: `/v1/payments/charges/${open.id}/${kind === 'confirm' ? 'confirm' : 'cancel'}` };
	}
	const who = choose(market.clients, rolls[0]);
	const currency = choose(CURRENCIES, rolls[3]);
	const minor = price(currency, rolls[4]);
	return { kind: 'charge', who, target: {}, minor, currency, path: '/v1/payments/charges',
		body: { amount: amount(minor, currency), paymentMethodId: choose(who.methods, rolls[6] ** 2) } };
}

// A command by somebody who has nothing to do with the booking.
export function stranger(market, booking, rolls) {
	const op = anything(market, booking, rolls);
	if (RULES[op.kind].by === 'staff') return undefined;
	const others = (rolls[5] < 0.5 ? market.clients : market.freelancers).filter((person) => ![booking.client, booking.partner, booking.freelancer].includes(person));
	return { ...op, who: choose(others, rolls[6]), expect: 'stranger', sql: undefined };
}

const NONSENSE = ['0', '-1.00', '-0', '1e3', '0.001', '92233720368547758.08', ' 1', '1 ', 'NaN', 'Infinity', '١', '1,5', '', '0x10', '+1', '1.', '.5'];

export function nonsense(market, booking, rolls) {
	const bad = { amount: choose(NONSENSE, rolls[1]), currency: 'USD' };
	const milestone = booking?.milestones[0];
	const last = booking?.disputes.at(-1);
	if (last && rolls[2] < 0.4)
		return { kind: 'make_offer', who: last.by, target: { booking, dispute: last }, path: `/v1/disputes/${last.id}/offer`, expect: 'nonsense',
			body: { amount: rolls[3] < 0.5 && Number(bad.amount) !== 0 ? bad : amount(last.claim + 1, booking.currency) } };
	if (milestone && rolls[2] < 0.5)
		return { kind: 'release_part', who: booking.client, target: { booking, milestone }, path: `/v1/milestones/${milestone.id}/release-part`, expect: 'nonsense',
			body: { amount: rolls[3] < 0.8 ? bad : { amount: '1', currency: booking.currency === 'USD' ? 'EUR' : 'USD' } } };
	const who = choose(market.clients, rolls[0]);
	return { kind: 'charge', who, target: {}, path: '/v1/payments/charges', expect: 'nonsense', body: { amount: bad, paymentMethodId: who.methods[0] } };
}
