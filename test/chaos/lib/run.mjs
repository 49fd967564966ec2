// test/chaos/lib/run.mjs
//	One run: a world, people, actors, trouble; then everything is healed, what is under way is answered, timers that are
//	due have gone off, and the model judges.

import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Actors, Gate } from './actors.mjs';
import { judge, observe } from './check.mjs';
import { Market } from './market.mjs';
import { makePeople } from './people.mjs';
import { fingerprint } from './plan.mjs';
import { Journal, SqlLane, Transport } from './transport.mjs';
import { Place, Trouble } from './trouble.mjs';

const ACTORS = 16;
const PEOPLE = 24; // on each side

// Looks at the books again and again while the run goes on, a tenth of the time at most; counts looks, and ends it at so many postings.
async function watch(place, actors, limit) {
	let looks = 0;
	let took = 0;
	while (actors.running) {
		await pause(Math.max(1500, 9 * took));
		const begun = Date.now();
		try {
			const seen = await observe(place);
			if (seen) actors.problems.push(`seen on the way: ${seen}`);
			looks++;
			if (limit && Number(await place.sql('SELECT count(*) FROM skillancer.ledger_txn')) >= limit) return looks;
		} catch { /* the server is down */ }
		took = Date.now() - begun;
	}
	return looks;
}

// Waits until no timer is due and no event is unread.
async function settle(place) {
	for (const end = Date.now() + 120_000; Date.now() < end; await pause(200)) {
		const due = await place.sql(`SELECT count(*) FROM skillancer.due d WHERE d.due_at <= skillancer.now() AND d.parked_at IS NULL`).catch(() => '?');
		if (due === '0') return true;
	}
	return false;
}

async function live({ place, people, seed, seconds, bookings, postings, withFaults, withClock, recovery, pace, dir }) {
	const journal = await Journal.open(path.join(dir, 'journal'));
	const lanes = Array.from({ length: ACTORS }, () => new SqlLane(place.connection));
	const transport = new Transport(place.env.SKL_URL, journal, lanes);
	const gate = new Gate();
	const market = new Market(await makePeople(place, people), () => Date.now() + trouble.offset * 1000);
	const actors = new Actors({ seed, count: ACTORS, bookings, market, transport, gate });
	const trouble = new Trouble({ seed, place, transport, gate, actors, recovery, pace });
	const started = Date.now();
	const end = pause(seconds * 1000, undefined, { ref: false });
	const stop = new AbortController();
	const failure = new Promise((_, reject) => {
		stop.signal.addEventListener('abort', () => {
			actors.running = trouble.running = false;
			reject(stop.signal.reason);
		});
	});
	for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => stop.abort(new Error(`ended by ${signal}`)));
	const life = actors.run().catch((error) => stop.abort(error));
	const troubles = [withFaults && trouble.strike(), withClock && trouble.moveClock(), trouble.tend()].filter(Boolean).map((job) => job.catch((error) => stop.abort(error)));
	const looking = watch(place, actors, postings);
	await Promise.race([failure, postings ? looking : end]);
	actors.running = false;
	trouble.running = false;
	await Promise.all([...troubles, life, looking]);
	await Promise.all(lanes.map((lane) => lane.end()));
	await journal.close();
	return { actors, trouble, transport, market, looks: await looking, lived: (Date.now() - started) / 1000 };
}

// Runs once; what is wrong is in problems. plant(place) may break the world before anybody comes.
export async function run({ script, seed, seconds = 60, bookings = Infinity, postings, withFaults = true, withClock = true, recovery = 20_000, pace, people = PEOPLE, settings = [], plant, keep }) {
	const dir = mkdtempSync(path.join(tmpdir(), 'skl-chaos.'));
	chmodSync(dir, 0o711);
	const place = new Place(script, path.join(dir, 'w'));
	try {
		await place.world('up', ...settings.flatMap((line) => ['--conf', line]));
		await place.readEnv();
		await plant?.(place);
		const { actors, trouble, transport, market, looks, lived } = await live({ place, people, seed, seconds, bookings, postings, withFaults, withClock, recovery, pace, dir });
		await place.world('revive');
		await place.readEnv();
		if (!await settle(place)) actors.problems.push('timers that are due do not go off');
		const { problems, counts } = await judge(place, actors.history);
		return { seed, fingerprint: fingerprint(seed, ACTORS), problems: [...actors.problems, ...problems], faults: trouble.log, slowest: trouble.slowest, moved: trouble.offset,
			looks, lived, counts: { bookings: market.bookings.length, operations: actors.history.length, ...transport.counts, ...counts } };
	} finally {
		if (!keep) {
			await place.world('down').catch(() => {});
			rmSync(dir, { recursive: true, force: true });
		} else console.error(`# the world is kept: ${place.dir}`);
	}
}
