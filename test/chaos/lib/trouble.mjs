// test/chaos/lib/trouble.mjs
//	What goes wrong: kill -9 of backends, workers, bridge and postmaster, frozen processes, ended sessions, and the
//	marketplace's clock moved on. After each fault the supervisor acts and service has to come back.

import { execFile } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { faults, moves } from './plan.mjs';

const execute = promisify(execFile);
const WORKERS = ['timekeeper', 'notifier', 'courier'];

export class Trouble {
	log = [];
	slowest = 0;
	running = true;
	offset = 0;

	constructor({ seed, place, transport, gate, actors, recovery, kinds, pace = 1 }) {
		Object.assign(this, { seed, place, transport, gate, actors, recovery, kinds, pace });
	}

	async #sleep(seconds) {
		for (const end = Date.now() + seconds * 1000; this.running && Date.now() < end;) await pause(50);
	}

	async #until(check, ms) {
		for (const end = Date.now() + ms; Date.now() < end;) {
			try { if (await check()) return true; } catch { /* asked again */ }
			await pause(50);
		}
		return false;
	}

	async strike() {
		for (const { after, fault, roll } of faults(this.seed)) {
			await this.#sleep(after * this.pace);
			if (!this.running) return;
			if (this.kinds && !this.kinds.includes(fault)) continue;
			await this.#strikeOnce(fault, roll);
		}
	}

	async #strikeOnce(fault, roll) {
		const pid = await this.#victim(fault, roll);
		if (fault !== 'terminate' && !(pid > 1)) return;
		const struck = Date.now();
		if (fault === 'terminate') await this.place.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'skillancer_bridge'`).catch(() => '');
		else if (fault.startsWith('freeze')) await this.#freeze(pid, 300 + 1700 * roll);
		else process.kill(pid, fault === 'immediate' ? 'SIGQUIT' : 'SIGKILL');
		await pause(200);
		const back = await this.#recover(struck);
		const took = Date.now() - struck;
		this.slowest = Math.max(this.slowest, took);
		this.log.push(`${fault} ${pid ?? ''}: ${took} ms`);
		if (!back) this.actors.problems.push(`no write succeeded for ${this.recovery} ms after the fault: ${fault}`);
	}

	// The supervisor starts what has died, and looks again: a server may take a while to die.
	async #recover(struck) {
		const served = () => this.transport.lastOk > struck + 200 || !this.running;
		for (const end = Date.now() + this.recovery; Date.now() < end;) {
			await this.place.world('revive');
			if (await this.#until(served, 2000)) return true;
		}
		return false;
	}

	async #freeze(pid, ms) {
		process.kill(pid, 'SIGSTOP');
		await pause(ms);
		try { process.kill(pid, 'SIGCONT'); } catch { /* it has ended meanwhile */ }
	}

	async #victim(fault, roll) {
		if (WORKERS.includes(fault)) return Number(await this.place.sql(`SELECT coalesce(max(pid), 0) FROM skillancer.worker_status WHERE worker = '${fault}'`).catch(() => 0));
		switch (fault) {
			case 'bridge': case 'freeze bridge': return this.place.pid('bridge');
			case 'postmaster': case 'immediate': return this.place.pid('postmaster');
			case 'backend': case 'freeze backend': {
				const pids = (await this.place.sql(`SELECT pid FROM pg_stat_activity WHERE usename = 'skillancer_bridge' ORDER BY pid`).catch(() => '')).split('\n');
				return Number(pids[Math.floor(roll * pids.length)]);
			}
			default: return undefined;
		}
	}

	// A server that crashes every few seconds forgets what has changed, and autovacuum never comes: does its work by hand.
	async tend() {
		for (let took = 0; this.running;) {
			await this.#sleep(Math.max(30, 9 * took));
			const begun = Date.now();
			if (this.running) await this.place.sql('VACUUM (ANALYZE, SKIP_LOCKED)').catch(() => { /* cut off by a fault: the next one does it */ });
			took = (Date.now() - begun) / 1000;
		}
	}

	// Moves the clock while no operation is under way; timers go off while the actors go on.
	async moveClock() {
		for (const { after, seconds } of moves(this.seed)) {
			await this.#sleep(after * this.pace);
			if (!this.running) return;
			await this.gate.close();
			await this.advance(seconds);
			this.actors.clockMoves++;
			this.gate.open();
		}
	}

	async advance(seconds) {
		this.offset += seconds;
		await this.#until(async () => {
			await this.place.sql(`ALTER SYSTEM SET skillancer.clock_offset = ${this.offset}`);
			await this.place.sql('SELECT pg_reload_conf()');
			return (await this.place.sql('SHOW skillancer.clock_offset')) === (await this.place.sql(`SELECT set_config('skillancer.clock_offset', '${this.offset}', true)`));
		}, 60_000);
		await pause(200);
	}
}

// The world that a run is in.
export class Place {
	constructor(script, dir) {
		Object.assign(this, { script, dir });
	}

	async world(verb, ...options) {
		const { stdout } = await execute(this.script, [verb, '--dir', this.dir, ...options], { timeout: 120_000, maxBuffer: 1 << 24 });
		return stdout;
	}

	async readEnv() {
		this.env = Object.fromEntries([...(await this.world('env')).matchAll(/^export (\w+)='(.*)'$/gm)].map(([, name, value]) => [name, value]));
		return this.env;
	}

	async pid(of) {
		await this.readEnv();
		return Number(of === 'bridge' ? this.env.SKL_BRIDGE_PID : this.env.SKL_POSTMASTER_PID);
	}

	get connection() {
		return { host: this.env.SKL_PGHOST, port: Number(this.env.SKL_PGPORT), database: this.env.SKL_PGDATABASE };
	}

	async sql(text) {
		const { stdout } = await execute('psql', ['-XAtq', '-v', 'ON_ERROR_STOP=1', '-h', this.env.SKL_PGHOST, '-p', this.env.SKL_PGPORT,
			'-U', this.env.SKL_SUPERUSER, '-d', this.env.SKL_PGDATABASE, '-c', text], { timeout: 300_000, maxBuffer: 1 << 26 });
		return stdout.trim();
	}
}
