// test/chaos/lib/main.mjs
//	The command line of test/chaos/run.

import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { PLANTED, plantedRun } from './planted.mjs';
import { run } from './run.mjs';

const { values: options } = parseArgs({ options: {
	seed: { type: 'string' }, seconds: { type: 'string' }, bookings: { type: 'string' }, postings: { type: 'string' }, pace: { type: 'string' }, planted: { type: 'string' },
	people: { type: 'string' }, conf: { type: 'string', multiple: true },
	'no-faults': { type: 'boolean' }, 'no-clock': { type: 'boolean' }, keep: { type: 'boolean' },
} });
const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '../../..');
const byHand = Object.keys(options).length > 0;
const seed = options.seed ?? String(Math.floor(Date.now() / 86_400_000));
let number = 0;
let failed = 0;

function report(ok, name, lines = []) {
	console.log(`${ok ? 'ok' : 'not ok'} ${++number} - ${name}`);
	for (const line of lines) console.log(`#   ${line.replace(/\n/g, '; ')}`);
	if (!ok) failed++;
}

function describe({ counts, faults, slowest, looks, lived, moved, fingerprint }) {
	const speed = (counts.operations / lived).toFixed(0);
	return [`decisions ${fingerprint}; ${lived.toFixed(0)} s, ${speed} operations a second`,
		Object.entries(counts).map(([name, count]) => `${name} ${count}`).join(', '),
		`${faults.length} faults, slowest recovery ${slowest} ms; clock moved by ${(moved / 86400).toFixed(1)} days; books looked at ${looks} times on the way`];
}

if (!options.planted) {
	const result = await run({ script: path.join(root, 'test/world'), seed, seconds: Number(options.seconds ?? 60), bookings: Number(options.bookings ?? Infinity),
		postings: options.postings && Number(options.postings), withFaults: !options['no-faults'], withClock: !options['no-clock'], pace: Number(options.pace ?? 1), people: options.people && Number(options.people),
		settings: options.conf, keep: options.keep });
	report(result.problems.length === 0, `seed ${seed}: the model and the server agree`,
		[...describe(result), ...(byHand || result.problems.length ? result.faults : []), ...result.problems.slice(0, 40)]);
	if (!byHand) {
		report(result.counts.bookings >= 100, `${result.counts.bookings} bookings were made`);
		report(result.faults.length >= 3, `${result.faults.length} faults struck`);
	}
}
for (const bug of PLANTED.filter(({ name, short }) => (byHand ? options.planted === 'all' || options.planted === name : short))) {
	const result = await plantedRun(root, seed, bug, Number(options.seconds ?? (byHand ? 60 : 8)));
	report(result.problems.length > 0, `planted: ${bug.name}: it is seen`, [...(byHand ? describe(result) : []), ...result.problems.slice(0, byHand ? 10 : 2)]);
}
console.log(`1..${number}`);
process.exitCode = failed === 0 && number > 0 ? 0 : 1;
