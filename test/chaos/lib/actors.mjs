// test/chaos/lib/actors.mjs
//	The clients: each follows its own stream of decisions, and what it was told goes into the history that the model
//	checks. The clock is moved on while nobody has an operation under way, because a key is good for 72 hours.

import * as commands from './commands.mjs';
import { choose, decisions } from './plan.mjs';
import { misjudged } from './rules.mjs';

// Lets everybody in until it is closed; close() waits until all are out.
export class Gate {
	#inside = 0;
	#closed;

	async enter() {
		while (this.#closed) await this.#closed.opened;
		this.#inside++;
	}

	leave() {
		this.#inside--;
		if (this.#inside === 0) this.#closed?.empty();
	}

	async close() {
		const closed = {};
		closed.opened = new Promise((resolve) => { closed.open = resolve; });
		const emptied = new Promise((resolve) => { closed.empty = resolve; });
		this.#closed = closed;
		if (this.#inside > 0) await emptied;
	}

	open() {
		const closed = this.#closed;
		this.#closed = undefined;
		closed?.open();
	}
}

export class Actors {
	history = [];
	problems = [];
	running = true;
	clockMoves = 0;

	constructor({ seed, count, bookings, market, transport, gate }) {
		Object.assign(this, { seed, count, bookings, market, transport, gate });
		this.recent = Array.from({ length: count }, () => []);
	}

	run() {
		return Promise.all(Array.from({ length: this.count }, (_, actor) => this.#live(actor)));
	}

	async #live(actor) {
		for (const decision of decisions(this.seed, actor)) {
			await this.gate.enter();
			try {
				if (!this.running) return;
				await this.#follow(actor, decision);
			} finally {
				this.gate.leave();
			}
		}
	}

	// Performs one operation and learns from its answer; the data of the answer, or undefined when it was refused.
	async #perform(actor, decision, part, draft) {
		const id = draft.repeats?.id ?? `${this.seed}.${actor}.${decision.n}.${part}`;
		const op = { id, key: draft.key ?? id, actor, ...draft };
		const answer = await this.transport.perform(op, op.who);
		const problem = op.repeats ? this.#unlike(op, answer) : misjudged(op);
		if (problem) this.problems.push(`${op.id} ${op.kind} by ${op.who.name}: ${problem}`);
		if (op.repeats) return undefined;
		this.history.push(op);
		if (!op.expect || op.expect === 'wrong side') this.market.learn(op, answer);
		if (answer.status < 300) {
			if (op.makes || op.kind === 'payout') op.made = answer.json.data.id;
			this.#remember(actor, op, answer);
			return answer.json.data;
		}
		return undefined;
	}

	// Operations that can be sent again: the key is known, and the clock has not been moved since.
	#remember(actor, op, answer) {
		if (op.sql || op.verb) return;
		const recent = this.recent[actor];
		recent.push({ op, moves: this.clockMoves, data: JSON.stringify(answer.json.data) });
		if (recent.length > 40) recent.shift();
	}

	#unlike(op, { status, replayed, json }) {
		const { op: first, data } = op.repeats.entry;
		if (status === first.status && replayed && JSON.stringify(json.data) === data) return undefined;
		return `sent again, it was answered with ${status} ${json.error?.code ?? ''}${replayed ? '' : ', and not as a repetition'}`;
	}

	async #follow(actor, decision) {
		const { market } = this;
		const { rolls } = decision;
		const one = (draft) => draft && this.#perform(actor, decision, 0, draft);
		const live = market.pickLive(rolls[0]);
		switch (decision.step) {
			case 'open': return this.#open(actor, decision);
			case 'payout': return one(commands.payout(market, rolls));
			case 'charge': return one(commands.charge(market, rolls));
			case 'forget': return one(commands.forget(market, rolls));
			case 'repeat': case 'misuse': return this.#again(actor, decision);
			case 'nonsense': return one(commands.nonsense(market, live, rolls));
			default:
		}
		if (!live) return this.#open(actor, decision);
		switch (decision.step) {
			case 'advance': return one(commands.due(market, live, rolls));
			case 'anything': return one(commands.anything(market, rolls[6] < 0.8 ? live : market.pickAny(rolls[0]), rolls));
			case 'part': return one(commands.part(live, rolls));
			case 'change': return one(commands.change(live, rolls));
			case 'dispute': return one(commands.dispute(live, rolls));
			case 'stranger': return one(commands.stranger(market, live, rolls));
			case 'burst': return Promise.all(commands.burst(live, rolls).map((draft, i) => this.#perform(actor, decision, i, draft)));
			default: throw new Error(`no step ${decision.step}`);
		}
	}

	// A new booking, in one step or several.
	async #open(actor, decision) {
		if (this.market.bookings.length >= this.bookings) return;
		const made = [];
		for (const [part, step] of commands.opening(this.market, decision.rolls).entries()) {
			const data = await this.#perform(actor, decision, part, step(made));
			if (!data) return;
			made.push(data);
		}
	}

	// Something that was answered before, once more; or its key with another body.
	async #again(actor, decision) {
		const entry = choose(this.recent[actor], decision.rolls[0]);
		if (!entry || entry.moves !== this.clockMoves) return;
		const { op } = entry;
		const draft = { kind: op.kind, who: op.who, path: op.path, target: op.target, key: op.key };
		if (decision.step === 'repeat') await this.#perform(actor, decision, 0, { ...draft, body: op.body, repeats: { id: op.id, entry } });
		else if (op.kind === 'charge')
			await this.#perform(actor, decision, 0, { ...draft, body: { ...op.body, amount: { amount: '3.21', currency: 'USD' } }, expect: 'misuse' });
	}
}
