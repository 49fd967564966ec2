// test/chaos/lib/plan.mjs
//	What the actors decide, from the seed alone: seed → stream of numbers for each name → decisions of each actor, and
//	faults with their times. A decision names a kind of step and a few numbers between 0 and 1; what they point at is
//	looked up in the market as it is then (commands.mjs). So the same seed makes the same decisions, whatever the
//	timing, and another fault moves no decision.

import { createHash } from 'node:crypto';

// Numbers in [0, 1): sfc32, seeded by a hash of seed and name.
export function stream(seed, name) {
	const hash = createHash('sha256').update(`${seed}/${name}`).digest();
	let [a, b, c, d] = [0, 4, 8, 12].map((at) => hash.readInt32LE(at));
	const next = () => {
		const t = (((a + b) | 0) + d) | 0;
		d = (d + 1) | 0;
		a = b ^ (b >>> 9);
		b = (c + (c << 3)) | 0;
		c = ((c << 21) | (c >>> 11)) + t | 0;
		return (t >>> 0) / 4294967296;
	};
	for (let i = 0; i < 12; i++) next();
	return next;
}

// An element of a list, or of [weight, element] pairs, by a number in [0, 1).
export const choose = (list, roll) => list[Math.floor(roll * list.length)];
export function weigh(pairs, roll) {
	let left = roll * pairs.reduce((sum, [weight]) => sum + weight, 0);
	return pairs.find(([weight]) => (left -= weight) < 0)[1];
}

// What an actor does next, by weight: mostly what is due, often anything, sometimes what nobody should.
const STEPS = [
	[12, 'open'], [50, 'advance'], [16, 'anything'], [4, 'burst'], [4, 'payout'], [3, 'charge'],
	[5, 'part'], [4, 'change'], [6, 'dispute'], [2, 'repeat'], [2, 'stranger'], [1, 'misuse'], [2, 'nonsense'], [1, 'forget'],
];

export function* decisions(seed, actor) {
	const next = stream(seed, `actor ${actor}`);
	for (let n = 0; ; n++) {
		const step = weigh(STEPS, next());
		yield { n, step, rolls: Array.from({ length: 8 }, next) };
	}
}

const FAULTS = [
	[4, 'backend'], [2, 'timekeeper'], [1, 'notifier'], [1, 'courier'], [3, 'bridge'], [2, 'postmaster'], [1, 'immediate'],
	[2, 'terminate'], [2, 'freeze backend'], [1, 'freeze bridge'],
];
const MOVES = [[3, 3600 * 2], [4, 3600 * 30], [3, 3600 * 24 * 3], [4, 3600 * 24 * 6], [2, 3600 * 24 * 15]];

// What happens to the machinery: faults, and the clock moved on, each after a pause in seconds.
export function* faults(seed) {
	const next = stream(seed, 'faults');
	for (;;) yield { after: 2 + 6 * next(), fault: weigh(FAULTS, next()), roll: next() };
}
export function* moves(seed) {
	const next = stream(seed, 'clock');
	for (;;) yield { after: 4 + 5 * next(), seconds: weigh(MOVES, next()) };
}

// A digest of the first decisions of every actor: two runs with one seed print the same.
export function fingerprint(seed, actors, count = 1000) {
	const hash = createHash('sha256');
	for (let actor = 0; actor < actors; actor++) {
		const plan = decisions(seed, actor);
		for (let i = 0; i < count; i++) hash.update(JSON.stringify(plan.next().value));
	}
	for (const plan of [faults(seed), moves(seed)])
		for (let i = 0; i < count; i++) hash.update(JSON.stringify(plan.next().value));
	return hash.digest('hex').slice(0, 16);
}
