// test/chaos/lib/ladder.mjs
//	The disputes of the model, as docs/disputes.md words them: what is claimed, who has offered what, how it ends, and
//	therefore how the claim is divided. Events of the milestone come before those of its dispute, in one transaction:
//	what the milestone was told is kept until the dispute's own end confirms it.

import { parse } from './money.mjs';
import { EVIDENCE_TERM } from './rules.mjs';
import { uuidOf } from './ids.mjs';

const OTHER = { claimant: 'respondent', respondent: 'claimant' };

export class Ladder {
	disputes = new Map();
	frozen = new Map();
	stopped = new Map();

	constructor(wrong) {
		this.wrong = wrong;
	}

	#bad({ seq, type, id }, what) { this.wrong(`event ${seq}: ${type} ${id}: ${what}`); }
	knows(booking) { return this.stopped.has(booking); }

	// ---- at the milestone ----

	freeze(row, op, booking) {
		const dispute = uuidOf(row.data.disputeId);
		const claim = parse(row.data.amount);
		if (this.frozen.has(row.id)) this.#bad(row, 'a dispute is open already');
		if (op?.minor !== claim || !op?.made || uuidOf(op.made) !== dispute) this.#bad(row, `${claim} of ${dispute} is frozen, ${op?.minor} was claimed in ${op?.made}`);
		this.frozen.set(row.id, dispute);
		this.stopped.set(booking, (this.stopped.get(booking) ?? 0) + 1);
		this.disputes.set(dispute, { milestone: row.id, booking, claim });
		return { dispute, claim };
	}

	// What the milestone is told of the end; the dispute has to say the same.
	divide(row) {
		const dispute = uuidOf(row.data.disputeId);
		if (this.frozen.get(row.id) !== dispute) this.#bad(row, `the dispute ${dispute} is not open here`);
		const known = this.disputes.get(dispute) ?? { claim: 0 };
		const [toClient, toFreelancer] = [parse(row.data.toClient), parse(row.data.toFreelancer)];
		if (toClient < 0 || toFreelancer < 0 || ![0, known.claim].includes(toClient + toFreelancer)) this.#bad(row, `${known.claim} is divided into ${toClient} and ${toFreelancer}`);
		known.division = { toClient, toFreelancer };
		this.frozen.delete(row.id);
		this.stopped.set(known.booking, this.stopped.get(known.booking) - 1);
		return { dispute, claim: known.claim, toClient, toFreelancer };
	}

	mayEnd(row) { if (this.frozen.has(row.id)) this.#bad(row, 'while a dispute is open'); }
	mayPause(row) { if (this.stopped.get(row.id) > 0) this.#bad(row, 'while a dispute is open'); }

	// ---- at the dispute ----

	open(row, op) {
		const known = this.disputes.get(row.id);
		if (!known || uuidOf(row.data.milestoneId) !== known.milestone) return void this.#bad(row, 'nothing is frozen for it');
		if (parse(row.data.amount) !== known.claim || row.data.claimantId !== op?.who.id) this.#bad(row, 'it is not what was claimed');
		Object.assign(known, { claimant: op?.who.uuid, client: op?.target.booking.client.uuid, offers: { claimant: known.claim }, accepted: new Set(),
			pieces: op?.body.links ? 1 : 0 });
	}

	// A piece of evidence: numbered without gaps, and not after its time.
	show(row) {
		const known = this.disputes.get(row.id);
		known.pieces++;
		if (row.data.number !== known.pieces) this.#bad(row, `it has number ${row.data.number}, and is piece ${known.pieces}`);
		if (known.escalated && row.at > known.escalated + EVIDENCE_TERM + 1) this.#bad(row, 'the time for evidence was over');
	}

	step(row, op) {
		const known = this.disputes.get(row.id);
		const side = op?.who.uuid === known.claimant ? 'claimant' : 'respondent';
		switch (row.type) {
			case 'dispute.replied': known.pieces++; return;
			case 'dispute.offered': this.#offer(row, op, known, side); return;
			case 'dispute.escalated': known.escalated = row.at; return;
			case 'dispute.taken': known.mediator = op?.who.uuid; return;
			case 'dispute.split_proposed':
				this.#mediate(row, op, known);
				known.proposed = op?.minor;
				known.accepted.clear();
				return;
			case 'dispute.split_accepted':
				if (known.accepted.size > 0) this.#bad(row, known.accepted.has(side) ? 'a second time' : 'both have accepted, and it is not resolved');
				known.accepted.add(side);
				return;
			case 'dispute.resolved': this.#end(row, known, this.#award(row, op, known, side)); return;
			case 'dispute.withdrawn': this.#end(row, known); return;
			default:
		}
	}

	#mediate(row, op, known) {
		if (known.mediator !== undefined && known.mediator !== op?.who.uuid) this.#bad(row, 'somebody else mediates');
		known.mediator = op?.who.uuid;
	}

	#meets(known, side, minor) {
		const standing = known.offers[OTHER[side]];
		return standing !== undefined && (side === 'claimant' ? minor <= standing : minor >= standing);
	}

	#offer(row, op, known, side) {
		const [minor, last] = [op?.minor, known.offers[side]];
		if (parse(row.data.amount) !== minor) this.#bad(row, `${row.data.amount} was offered, ${minor} was asked for`);
		if (minor < 0 || minor > known.claim) this.#bad(row, `${minor} of ${known.claim}`);
		if (last !== undefined && (side === 'claimant' ? minor >= last : minor <= last)) this.#bad(row, `${minor} after ${last} is no better`);
		if (this.#meets(known, side, minor)) this.#bad(row, 'it meets the other one, and nothing is resolved');
		known.offers[side] = minor;
	}

	// How much of the claim the claimant gets.
	#award(row, op, known, side) {
		const standing = known.offers[OTHER[side]];
		switch (op?.kind) {
			case undefined: return row.data.from === 'AWAITING_REPLY' ? known.claim : known.proposed;
			case 'make_offer':
				if (!this.#meets(known, side, op.minor)) this.#bad(row, `${op.minor} does not meet ${standing}`);
				return standing;
			case 'accept_offer':
				if (op.minor !== standing) this.#bad(row, `${op.minor} was accepted, ${standing} is offered`);
				return standing;
			case 'accept_split':
				if (!known.accepted.has(OTHER[side])) this.#bad(row, 'the other side has not accepted');
				return known.proposed;
			case 'decide':
				this.#mediate(row, op, known);
				return op.minor;
			default: return undefined;
		}
	}

	// Without an award everything goes back into escrow.
	#end(row, known, award) {
		const rest = award === undefined ? 0 : known.claim - award;
		const [toClient, toFreelancer] = known.claimant === known.client ? [award ?? 0, rest] : [rest, award ?? 0];
		const told = known.division;
		if (!told) this.#bad(row, 'the milestone was not told');
		else if (told.toClient !== toClient || told.toFreelancer !== toFreelancer)
			this.#bad(row, `the client gets ${told.toClient} and the freelancer ${told.toFreelancer}, it should be ${toClient} and ${toFreelancer}`);
		known.over = true;
	}

	finish() {
		for (const [id, { division, over, offers }] of this.disputes)
			if (!offers || Boolean(division) !== Boolean(over)) this.wrong(`dispute ${id} ${over ? 'is over' : 'is not over'}, and its claim was ${division ? '' : 'not '}divided`);
	}
}
