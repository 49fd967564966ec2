// test/chaos/lib/market.mjs
//	The market as its clients know it: people, bookings with their milestones, changes and disputes, payouts. It learns from
//	answers only, so it may be behind the server, as clients are; who asks in vain learns the state from the refusal.

import { minorOf } from './money.mjs';
import { RULES } from './rules.mjs';

const OVER = ['COMPLETED', 'CANCELLED', 'VOID'];
const WINDOW = 300;

export class Market {
	bookings = [];
	live = [];
	payouts = [];
	charges = [];
	byId = new Map();

	// clock: the marketplace's time, in milliseconds
	constructor(people, clock) {
		Object.assign(this, people, { clock });
	}

	// A booking that an operation has made.
	add(op, doc) {
		const booking = { id: doc.id, kind: 'booking', op, client: op.target.client, partner: op.target.partner, freelancer: op.target.freelancer, currency: op.currency,
			state: doc.state, termsHash: doc.termsHash, questions: doc.terms?.requirements?.length ?? 0, hourly: doc.kind === 'HOURLY', milestones: [], entries: [],
			changes: [], disputes: [], reviewed: new Set() };
		this.bookings.push(booking);
		this.live.push(booking);
		this.byId.set(booking.id, booking);
		this.learnBooking(doc);
	}

	learnBooking(doc) {
		const booking = this.byId.get(doc.id);
		if (!booking) return;
		booking.state = doc.state;
		for (const item of doc.milestones ?? []) this.learnMilestone({ ...item, bookingId: doc.id });
	}

	learnMilestone(doc) {
		let milestone = this.byId.get(doc.id);
		const booking = this.byId.get(doc.bookingId);
		if (!milestone) {
			if (!booking) return;
			milestone = { id: doc.id, kind: 'milestone', booking, minor: minorOf(doc.amount), left: minorOf(doc.amount) };
			booking.milestones.push(milestone);
			this.byId.set(doc.id, milestone);
		}
		milestone.state = doc.state;
		if (doc.inEscrow && doc.fundedAt) milestone.left = minorOf(doc.inEscrow);
	}

	// What the answer to an operation tells.
	learn(op, { status, json }) {
		const doc = json.data;
		if (status >= 300) {
			const thing = op.target[RULES[op.kind]?.on];
			if (thing && op.details?.state) thing.state = op.details.state;
			return;
		}
		switch (doc?.id?.slice(0, 3)) {
			case 'bkg':
				if (this.byId.has(doc.id)) this.learnBooking(doc);
				else if (op.makes === 'booking') this.add(op, doc);
				return;
			case 'mls': this.learnMilestone(doc); return;
			case 'tme': if (op.kind === 'log') op.target.booking.entries.push(doc.id); return;
			case 'chg': this.#learnChange(op, doc); return;
			case 'dsp': this.#learnDispute(op, doc); return;
			case 'pay': this.#learnCharge(op, doc); return;
			case 'pyo': this.#learnPayout(op, doc); return;
			default:
		}
		if (doc?.milestone) this.learnMilestone(doc.milestone);
		if (doc?.charge) this.#learnCharge(op, doc.charge);
	}

	#learnChange(op, doc) {
		const known = this.byId.get(doc.id);
		if (known) known.state = doc.state;
		else {
			const change = { id: doc.id, kind: 'change', booking: op.target.booking, by: op.who, state: doc.state };
			this.byId.set(doc.id, change);
			change.booking.changes.push(change);
		}
	}

	#learnDispute(op, doc) {
		let dispute = this.byId.get(doc.id);
		if (!dispute) {
			const { booking, milestone } = op.target;
			dispute = { id: doc.id, kind: 'dispute', booking, milestone, by: op.who, staff: this.staff, claim: minorOf(doc.claim) };
			this.byId.set(doc.id, dispute);
			booking.disputes.push(dispute);
		}
		const minor = (money) => money && minorOf(money);
		Object.assign(dispute, { state: doc.state, offers: { claimant: minor(doc.offers.claimant), respondent: minor(doc.offers.respondent) } });
	}

	#learnCharge(op, doc) {
		const charge = this.byId.get(doc.id) ?? { id: doc.id, kind: 'charge', by: op.who };
		charge.state = doc.state;
		if (!this.byId.has(doc.id) && doc.state === 'REQUIRES_ACTION') {
			this.charges.push(charge);
			if (op.target.milestone) op.target.milestone.charge = charge;
		}
		this.byId.set(doc.id, charge);
	}

	#learnPayout(op, doc) {
		const payout = this.byId.get(doc.id) ?? { id: doc.id, kind: 'payout', by: op.who };
		payout.state = doc.state;
		if (!this.byId.has(doc.id)) this.payouts.push(payout);
		this.byId.set(doc.id, payout);
	}

	// A booking that is under way, out of the newest few hundred; those that are over leave the list.
	pickLive(roll) {
		for (let i = 0; i < 10 && this.live.length > 0; i++) {
			const first = Math.max(0, this.live.length - WINDOW);
			const at = first + Math.floor(roll * (this.live.length - first));
			const booking = this.live[at];
			if (!OVER.includes(booking.state)) return booking;
			this.live.splice(at, 1);
		}
		return undefined;
	}

	pickAny(roll) {
		return this.bookings[Math.floor(roll * this.bookings.length)];
	}
}
