// test/chaos/lib/model.mjs
//	The model: it replays what the server says has happened, in the order of the event log, and believes none of it
//	without a reason. Every event needs an operation that was acknowledged, by who may do it, or a time that has come;
//	every step has to be in rules.mjs. From the steps follow postings, in money.mjs's arithmetic. What is left over on
//	either side in the end is a lost or a doubled effect.

import { Hours } from './hours.mjs';
import { uuidOf } from './ids.mjs';
import { Ladder } from './ladder.mjs';
import { divide, fee, payoutFee, providerCost } from './money.mjs';
import { BILLED, BY_TIME, FOLLOWS, MACHINES, RULES, entitled } from './rules.mjs';

const PLATFORM = ['psp_clearing', 'expense_psp', 'revenue_service', 'revenue_client', 'revenue_payout'];
export const KINDS = ['charge', 'charge_cost', 'fund', 'release', 'release_part', 'refund', 'refund_part', 'mature', 'payout', 'payout_paid', 'payout_returned',
	'dispute_freeze', 'dispute_split', 'dispute_return'];
// What a card that is declined leaves behind: nothing is kept under the key, so who has to ask again may hear of another state.
const DECLINED = ['milestone.funding', 'payment.failed', 'milestone.payment_failed'];
const OVER = ['COMPLETED', 'CANCELLED', 'VOID'];
const ALSO_MADE = { post: 'project.created', publish: 'project.published', bid: 'proposal.submitted' };

// One line for a leg; accounts of the platform are told apart by class and currency alone.
export const leg = (account, owner, ref, currency, amount) =>
	`${account}|${PLATFORM.includes(account) ? '' : owner ?? ''}|${PLATFORM.includes(account) ? '' : ref ?? ''}|${currency}|${amount}`;
const canonical = (legs) => legs.filter((line) => !line.endsWith('|0')).sort().join(' ');

const add = (map, key, amount) => map.set(key, (map.get(key) ?? 0) + amount);

export class Model {
	problems = [];
	things = new Map();
	expected = new Map();
	balances = new Map();
	wallets = new Map();
	promises = new Map();
	billed = new Map();
	earnings = [];
	earnedAt = new Map();
	effects = new Map();
	counts = { events: 0, postings: 0 };
	ladder = new Ladder((what) => this.#wrong(what));
	hours = new Hours((what) => this.#wrong(what));

	constructor(history, milestones, earnings) {
		this.operations = new Map(history.map((op) => [op.id, op]));
		this.byMade = new Map(history.filter(({ made }) => made).map((op) => [uuidOf(op.made), op]));
		this.milestones = milestones;
		this.earningRows = earnings;
	}

	#wrong(what) {
		if (this.problems.length < 200) this.problems.push(what);
	}

	// ---- steps ----

	event(row) {
		const machine = MACHINES[row.aggregate];
		this.counts.events++;
		const op = row.actor === null ? undefined : this.operations.get(row.correlation);
		if (op) this.effects.set(op.id, [...(this.effects.get(op.id) ?? []), row.type]);
		if (!machine) return;
		const steps = (row.data.disputeId && machine.divided?.[row.type]) ?? machine.steps[row.type];
		if (machine.born.includes(row.type)) this.#born(row, op);
		else if (machine.told?.[row.type]) this.#told(row, op, machine.told[row.type]);
		else if (steps) this.#step(row, op, steps);
		else if ('from' in row.data) this.#wrong(`event ${row.seq}: ${row.type} is not known of a ${row.aggregate}`);
	}

	#born(row, op) {
		if (row.type === 'milestone.generated') this.#bill(row);
		this.#justify(row, op);
		if (row.type === 'milestone.proposed' && op && this.milestones.get(row.id)?.minor !== op.minor) this.#wrong(`milestone ${row.id} has another price than ${op.id} asked for`);
		this.things.set(row.id, { machine: row.aggregate, state: row.data.state, since: row.at, op });
		if (row.type === 'dispute.opened') this.ladder.open(row, op);
	}

	#told(row, op, states) {
		const { state } = this.#thing(row);
		if (!states.includes(state)) this.#wrong(`event ${row.seq}: ${row.type} of the ${row.aggregate} ${row.id}, which is ${state}`);
		this.#justify(row, op);
		if (row.aggregate === 'dispute') this.ladder.show(row);
		else this.hours.told(row, op);
	}

	// The hours of a week have become a milestone.
	#bill(row) {
		const terms = this.#terms(row);
		terms.week = row.data.week;
		const { rate, currency } = this.byMade.get(terms.booking);
		const price = this.hours.bill(row, terms.booking, rate);
		if (price !== terms.minor || currency !== terms.currency) this.#wrong(`event ${row.seq}: the week ${terms.week} of ${terms.booking} costs ${terms.minor} ${terms.currency}, due is ${price} ${currency}`);
	}

	// The object, which the first step after its silent birth finds in a first state.
	#thing(row) {
		let thing = this.things.get(row.id);
		if (!thing) {
			thing = { machine: row.aggregate, state: MACHINES[row.aggregate].first.at(-1), since: 0 };
			this.things.set(row.id, thing);
			const earned = this.earningRows.get(row.id);
			if (earned) thing.since = this.earnedAt.get(`${earned.milestone}|${earned.gross}`) ?? 0;
		}
		return thing;
	}

	#step(row, op, steps) {
		const thing = this.#thing(row);
		if (row.data.from !== thing.state) this.#wrong(`event ${row.seq}: ${row.type} starts from ${row.data.from}, the ${row.aggregate} ${row.id} is ${thing.state}`);
		if (!steps.some(([from, to]) => from === thing.state && to === row.data.state))
			this.#wrong(`event ${row.seq}: ${row.type} takes the ${row.aggregate} ${row.id} from ${thing.state} to ${row.data.state}`);
		this.#justify(row, op, thing);
		this.#move(row, op, thing);
		if (thing.state !== row.data.state || ['milestone.payment_failed', 'milestone.unfrozen'].includes(row.type)) thing.since = row.at;
		thing.state = row.data.state;
	}

	// An event has an operation of the right person, or its time has come: then it names who set the timer, and has no actor.
	#justify(row, op, thing) {
		if (row.actor === null) {
			if (BILLED.includes(row.type) && this.#ofWeek(row)) return;
			const least = BY_TIME[row.type]?.[thing?.state];
			if (least === undefined && !FOLLOWS.includes(row.type) && !this.#divides(row)) this.#wrong(`event ${row.seq}: ${row.type} happened by itself`);
			else if (least !== undefined && !this.#cascades(row) && thing.since > 0 && row.at - thing.since < least - 1)
				this.#wrong(`event ${row.seq}: ${row.type} after ${Math.round(row.at - thing.since)} s, too early`);
			return;
		}
		if (!op) return void this.#wrong(`event ${row.seq}: ${row.type} of ${row.correlation}, which nobody has sent`);
		const rule = RULES[op.kind];
		if (op.status >= 400 && op.status !== 402 && !(op.tries > 1 && DECLINED.includes(row.type)))
			this.#wrong(`event ${row.seq}: ${row.type} of ${op.id}, which was refused with ${op.code}`);
		if (op.who.uuid !== row.actor) this.#wrong(`event ${row.seq}: ${row.type} of ${op.id} by somebody else`);
		if (![rule?.event, ...(rule?.instead ?? []), ...(rule?.also ?? [])].includes(row.type)) this.#wrong(`event ${row.seq}: ${row.type} by ${op.kind}`);
		this.#entitled(row, op, rule);
	}

	// Weeks are billed and paid without anybody, on time: hours.mjs looks at the clock.
	#ofWeek(row) {
		if (row.aggregate === 'week') return true;
		const milestone = row.aggregate === 'milestone' ? row.id : row.data.milestoneId && uuidOf(row.data.milestoneId);
		return this.milestones.get(milestone)?.week !== undefined;
	}

	// A milestone that goes back with a whole booking, or ends with its dispute, was not asked for its own time.
	#cascades(row) { return row.type === 'change.withdrawn' || row.type === 'milestone.refunded' || this.#divides(row); }
	#divides(row) { return row.aggregate === 'milestone' && row.data.disputeId !== undefined && row.type !== 'milestone.frozen'; }

	#entitled(row, op, rule) {
		const { booking } = op.target;
		if (!booking || row.type !== rule?.event) return;
		if (!entitled(rule, op.target).includes(op.who)) this.#wrong(`event ${row.seq}: ${row.type} by the wrong person, ${op.id}`);
	}

	// ---- money ----

	#post(kind, ref, legs) {
		const key = `${kind}|${ref}`;
		const text = canonical(legs);
		this.expected.set(key, [...(this.expected.get(key) ?? []), text]);
		for (const line of text.split(' ')) {
			const at = line.lastIndexOf('|');
			add(this.balances, line.slice(0, at), Number(line.slice(at + 1)));
		}
	}

	#move(row, op, thing) {
		if (row.aggregate === 'dispute') return this.ladder.step(row, op);
		if (this.#divides(row)) return this.#divide(row);
		if (['milestone.released', 'milestone.refunded'].includes(row.type)) this.ladder.mayEnd(row);
		switch (row.type) {
			case 'user.deleted': return this.#mayForget(row);
			case 'milestone.frozen': return this.#freeze(row, op);
			case 'week.waived': return this.hours.waive(uuidOf(row.data.bookingId));
			case 'booking.paused': return this.ladder.mayPause(row);
			case 'milestone.funding': return this.#await(row, this.#paidBy(row, op));
			case 'milestone.payment_failed': return this.#promiseNothing(row, this.#terms(row));
			case 'milestone.funded': return this.#fund(row, this.#paidBy(row, op));
			case 'milestone.released': return this.#release(row, this.#rest(row), 'release');
			case 'milestone.part_released': return this.#release(row, op?.minor, 'release_part');
			case 'milestone.refunded': return this.#refund(row, this.#rest(row), 'refund');
			case 'milestone.part_refunded': return this.#refund(row, op?.minor, 'refund_part');
			case 'payment.captured': case 'payment.action_required': return this.#charge(row, op, thing);
			case 'earning.available': return this.#mature(row);
			case 'payout.requested': case 'payout.paid': case 'payout.failed': case 'payout.cancelled': return this.#payout(row);
			default: return undefined;
		}
	}

	// What is known of a milestone: whose, how much, what is gone.
	#terms(row) {
		const terms = this.milestones.get(row.id);
		if (!terms) throw new Error(`a milestone ${row.id} has no row`);
		if (terms.client) return terms;
		const made = this.byMade.get(terms.booking);
		if (!made) throw new Error(`milestone ${row.id} is of a booking that nobody has made`);
		const { client, partner, freelancer } = made.target;
		return Object.assign(terms, { client: client.uuid, payer: client.uuid, organised: Boolean(partner), freelancer: freelancer.uuid, gone: 0 });
	}

	// Of an organisation, whoever funds a milestone pays for it, and gets back what comes back.
	#paidBy(row, op) {
		const terms = this.#terms(row);
		if (terms.organised && op?.kind === 'fund') terms.payer = op.who.uuid;
		return terms;
	}

	// An account ends only when nothing is open on it.
	#mayForget(row) {
		const user = uuidOf(row.data.userId);
		for (const [key, amount] of this.balances)
			if (amount !== 0 && key.split('|')[1] === user && !key.startsWith('payout_transit')) this.#wrong(`event ${row.seq}: ${user} is forgotten, ${key} is ${amount}`);
		for (const [made, { target }] of this.byMade) {
			const thing = this.things.get(made);
			if (thing?.machine === 'booking' && !OVER.includes(thing.state) && [target.client?.uuid, target.freelancer?.uuid].includes(user))
				this.#wrong(`event ${row.seq}: ${user} is forgotten, the booking ${made} is ${thing.state}`);
		}
	}

	#wallet({ payer, currency }) { return `${payer}|${currency}`; }
	#due({ minor, currency }) { return minor + fee('CLIENT', 0, minor, currency); }

	// What has to be charged: nothing when the wallet covers it, else all but what no other milestone counts on that is being paid for.
	#shortfall(id, terms) {
		const key = this.#wallet(terms);
		const balance = this.wallets.get(key) ?? 0;
		if (balance >= this.#due(terms)) return 0;
		const promised = [...(this.promises.get(key) ?? [])].reduce((sum, [other, part]) => (other === id ? sum : sum + part), 0);
		return this.#due(terms) - Math.max(0, balance - promised);
	}

	#await({ id }, terms) {
		const key = this.#wallet(terms);
		terms.short = this.#shortfall(id, terms);
		if (!this.promises.has(key)) this.promises.set(key, new Map());
		this.promises.get(key).set(id, this.#due(terms) - terms.short);
	}
	#promiseNothing({ id }, terms) { this.promises.get(this.#wallet(terms))?.delete(id); }
	#rest(row) { const terms = this.#terms(row); return terms.minor - terms.gone; }

	#fund(row, terms) {
		const { currency, minor, payer } = terms;
		const deferred = fee('CLIENT', 0, minor, currency);
		this.#post('fund', row.id, [leg('client_wallet', payer, null, currency, minor + deferred), leg('escrow', null, row.id, currency, -minor),
			leg('deferred_fee', null, row.id, currency, -deferred)]);
		add(this.wallets, this.#wallet(terms), -minor - deferred);
		this.#promiseNothing(row, terms);
	}

	#release(row, step, kind) {
		const terms = this.#terms(row);
		const { currency, client, freelancer, gone } = terms;
		const pair = `${client}|${freelancer}|${currency}`;
		const deferred = fee('CLIENT', gone, step, currency);
		const service = fee('SERVICE', this.billed.get(pair) ?? 0, step, currency);
		this.#post(kind, row.id, [leg('escrow', null, row.id, currency, step), leg('deferred_fee', null, row.id, currency, deferred),
			leg('freelancer_pending', freelancer, null, currency, service - step), leg('revenue_service', null, null, currency, -service),
			leg('revenue_client', null, null, currency, -deferred)]);
		add(this.billed, pair, step);
		terms.gone += step;
		this.#earn(row, terms, step, service);
	}

	#refund(row, step, kind) {
		const terms = this.#terms(row);
		const { currency, payer, gone } = terms;
		const deferred = fee('CLIENT', gone, step, currency);
		this.#post(kind, row.id, [leg('escrow', null, row.id, currency, step), leg('deferred_fee', null, row.id, currency, deferred),
			leg('client_wallet', payer, null, currency, -step - deferred)]);
		add(this.wallets, this.#wallet(terms), step + deferred);
		terms.gone += step;
	}

	// What is claimed leaves escrow, whoever claims it.
	#freeze(row, op) {
		const { currency, booking } = this.#terms(row);
		const { dispute, claim } = this.ladder.freeze(row, op, booking);
		if (claim > 0) this.#post('dispute_freeze', dispute, [leg('escrow', null, row.id, currency, claim), leg('escrow_hold', null, dispute, currency, -claim)]);
	}

	// The end of a dispute: what was claimed is divided, or goes back into escrow.
	#divide(row) {
		const terms = this.#terms(row);
		const { currency, client, payer, freelancer, gone } = terms;
		const { dispute, claim, toClient, toFreelancer } = this.ladder.divide(row);
		const held = leg('escrow_hold', null, dispute, currency, claim);
		if (toClient + toFreelancer === 0) {
			if (claim > 0) this.#post('dispute_return', dispute, [held, leg('escrow', null, row.id, currency, -claim)]);
		} else {
			const pair = `${client}|${freelancer}|${currency}`;
			const { back, kept, service, wallet, net } = divide({ toClient, toFreelancer, gone, billed: this.billed.get(pair) ?? 0, currency });
			this.#post('dispute_split', dispute, [held, leg('deferred_fee', null, row.id, currency, back + kept), leg('client_wallet', payer, null, currency, -wallet),
				leg('freelancer_pending', freelancer, null, currency, -net), leg('revenue_service', null, null, currency, -service),
				leg('revenue_client', null, null, currency, -kept)]);
			add(this.wallets, this.#wallet(terms), wallet);
			add(this.billed, pair, toFreelancer);
			terms.gone += claim;
			if (toFreelancer > 0) this.#earn(row, terms, toFreelancer, service);
		}
		const ends = terms.gone < terms.minor ? 'milestone.unfrozen' : terms.earned ? 'milestone.released' : 'milestone.refunded';
		if (row.type !== ends) this.#wrong(`event ${row.seq}: ${row.type} of ${row.id}, of which ${terms.minor - terms.gone} is left`);
	}

	// The freelancer has earned a part.
	#earn(row, terms, step, service) {
		terms.earned = true;
		this.earnings.push(`${row.id}|${step}|${service}|${step - service}|${terms.currency}`);
		// parts of a milestone may be equal: the time of the first is right for each
		const part = `${row.id}|${step}`;
		if (!this.earnedAt.has(part)) this.earnedAt.set(part, row.at);
	}

	// What a charge is for is known when it is made: what was missing for the milestone then, or what was asked for.
	#charge(row, op, thing) {
		if (thing.minor === undefined) {
			const terms = row.data.milestoneId && this.milestones.get(uuidOf(row.data.milestoneId));
			Object.assign(thing, terms ? { minor: terms.short, currency: terms.currency, user: terms.payer } : { minor: op?.minor, currency: op?.currency, user: op?.who.uuid });
		}
		if (row.type !== 'payment.captured') return;
		const { minor, currency, user } = thing;
		this.#post('charge', row.id, [leg('psp_clearing', null, null, currency, minor), leg('client_wallet', user, null, currency, -minor)]);
		const cost = providerCost(minor);
		this.#post('charge_cost', row.id, [leg('expense_psp', null, null, currency, cost), leg('psp_clearing', null, null, currency, -cost)]);
		add(this.wallets, `${user}|${currency}`, minor);
	}

	#mature(row) {
		const { freelancer, net, currency } = this.earningRows.get(row.id);
		if (net === 0) return;
		this.#post('mature', row.id, [leg('freelancer_pending', freelancer, null, currency, net), leg('freelancer_available', freelancer, null, currency, -net)]);
	}

	#payout(row) {
		const made = this.byMade.get(row.id);
		if (!made) return void this.#wrong(`payout ${row.id} was not asked for`);
		const { minor, currency, who } = made;
		const cost = payoutFee(currency);
		const available = (amount) => leg('freelancer_available', who.uuid, null, currency, amount);
		const transit = (amount) => leg('payout_transit', null, row.id, currency, amount);
		const revenue = (amount) => leg('revenue_payout', null, null, currency, amount);
		if (row.type === 'payout.requested') this.#post('payout', row.id, [available(minor), transit(cost - minor), revenue(-cost)]);
		else if (row.type === 'payout.paid') this.#post('payout_paid', row.id, [transit(minor - cost), leg('psp_clearing', null, null, currency, cost - minor)]);
		else this.#post('payout_returned', row.id, [transit(minor - cost), revenue(cost), available(-minor)]);
	}

	// ---- what the server has, beside what it should have ----

	posting({ id, kind, ref, correlation, legs }) {
		this.counts.postings++;
		if (correlation !== null) {
			const op = this.operations.get(correlation);
			if (!op) this.#wrong(`posting ${id}: ${kind} of ${correlation}, which nobody has sent`);
			else if (op.status >= 400 && op.status !== 402) this.#wrong(`posting ${id}: ${kind} of ${op.id}, which was refused`);
		}
		if (!KINDS.includes(kind)) return void this.#wrong(`posting ${id}: the kind ${kind} is not known`);
		const due = this.expected.get(`${kind}|${ref}`);
		const at = due?.indexOf(canonical(legs)) ?? -1;
		if (at >= 0) due.splice(at, 1);
		else this.#wrong(`posting ${id}: ${kind} about ${ref} is ${canonical(legs)}; due is ${due?.join(' or ') || 'none'}`);
	}

	balance(key, amount) {
		const due = this.balances.get(key) ?? 0;
		this.balances.delete(key);
		if (due !== amount) this.#wrong(`account ${key} has ${amount}, it should have ${due}`);
	}

	state(machine, id, state) {
		const thing = this.things.get(id);
		const first = MACHINES[machine].first;
		if (thing) thing.seen = true;
		else if (machine === 'booking') return void this.#wrong(`booking ${id} is there, and no event tells of it`);
		if (thing ? thing.state !== state : !first.includes(state)) this.#wrong(`${machine} ${id} is ${state}, its events lead to ${thing?.state ?? first}`);
	}

	// After everything was told, at that time in seconds: nothing is missing.
	finish(now) {
		for (const [key, due] of this.expected) for (const legs of due) this.#wrong(`a posting is missing: ${key}: ${legs}`);
		for (const [key, due] of this.balances) if (due !== 0) this.#wrong(`account ${key} is missing, it should have ${due}`);
		for (const [id, thing] of this.things) if (!thing.seen) this.#wrong(`${thing.machine} ${id} has events, and no row`);
		const rows = [...this.earningRows.values()].map((row) => `${row.milestone}|${row.gross}|${row.fee}|${row.net}|${row.currency}`).sort();
		const due = this.earnings.sort();
		for (let i = 0; i < Math.max(rows.length, due.length); i++)
			if (rows[i] !== due[i]) { this.#wrong(`earnings: ${rows[i]} is there, ${due[i]} is due`); break; }
		this.ladder.finish();
		this.hours.finish(now);
		for (const op of this.operations.values()) this.#finishOperation(op);
	}

	// An operation that was acknowledged has its effect once, one that was refused has none.
	#finishOperation(op) {
		const rule = RULES[op.kind];
		const effects = this.effects.get(op.id) ?? [];
		const event = rule?.event ?? ALSO_MADE[op.kind];
		if (op.code === 'DISPUTE_OPEN' && !this.ladder.knows(uuidOf(op.target.booking.id))) this.#wrong(`${op.id} ${op.kind} was refused for a dispute that there never was`);
		if (op.status >= 400) return;
		const times = effects.filter((type) => type === event || rule?.instead?.includes(type)).length;
		if (times === 0 && !rule?.silent) this.#wrong(`${op.id} ${op.kind} was acknowledged, and has no effect`);
		if (times > 1 && !(rule?.plain && op.tries > 1)) this.#wrong(`${op.id} ${op.kind} was acknowledged once, and happened ${times} times`);
	}
}
