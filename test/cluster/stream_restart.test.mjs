// test/cluster/stream_restart.test.mjs
//	The live stream over crashes of PostgreSQL and of the bridge, with writers that commit out of order: every event
//	that was committed arrives once.

import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { EventSource } from 'eventsource';
import { env, freePort, makeUsers, sleep, sql, startBridge, until } from '../http/support.mjs';

const bin = execFileSync(env.PG_CONFIG ?? 'pg_config', ['--bindir'], { encoding: 'utf8' }).trim();
const postgres = process.getuid() === 0
	? ['setpriv', ['--reuid', 'postgres', '--regid', 'postgres', '--init-groups']] : ['env', []];
const run = promisify(execFile);
const control = (...args) => run(postgres[0], [...postgres[1], path.join(bin, 'pg_ctl'), '-D', path.join(env.SKL_DIR, 'data'),
	'-l', path.join(env.SKL_DIR, 'log/postgresql.log'), '-w', '-t', '60', ...args]);

let bridge;
let user;
const port = await freePort();
const settings = () => ({ stream_port: port, ...(bridge ? { jwt_key_dir: bridge.keys } : {}) });

before(async () => {
	bridge = await startBridge(settings());
	[user] = makeUsers(1, bridge);
});
after(() => bridge?.stop());

// Emits one event in a transaction that stays open for a random moment; true when its commit was confirmed.
const emit = (n) => run('psql', ['-X', '-q', '-o', '/dev/null', '-v', 'ON_ERROR_STOP=1', '-h', env.SKL_PGHOST, '-p', env.SKL_PGPORT,
	'-U', env.SKL_SUPERUSER, '-d', env.SKL_PGDATABASE, '-c',
	`BEGIN; SELECT skillancer.emit('t.numbered', 't', skillancer.new_id(), '{"n": ${n}}', ARRAY['${user.uuid}'::uuid]), pg_sleep(random() * 0.2); COMMIT`])
	.then(() => true, () => false);

test('every committed event arrives once, whatever was killed', { timeout: 120000 }, async () => {
	const heard = [];
	const positions = [];
	const confirmed = [];
	let resyncs = 0;
	const source = new EventSource(`http://127.0.0.1:${port}/v1/stream`, {
		fetch: (input, init) => fetch(input, { ...init, headers: { ...init.headers, authorization: `Bearer ${user.token}` } }),
	});
	source.addEventListener('t.numbered', (event) => {
		heard.push(JSON.parse(event.data).data.n);
		positions.push(Number(event.lastEventId.split('.')[1]));
	});
	source.addEventListener('resync', () => { resyncs++; });
	let other;
	try {
		await until(() => source.readyState === EventSource.OPEN);
		let running = true;
		let n = 0;
		const writer = async () => {
			while (running) {
				const mine = ++n;
				if (await emit(mine)) confirmed.push(mine);
				else await sleep(100);
			}
		};
		const writers = [writer(), writer(), writer()];
		await sleep(1500);
		await control('-m', 'immediate', 'restart');
		await until(() => heard.length > 5 && confirmed.length > 20, 20000);
		bridge.child.kill('SIGKILL');
		await sleep(500);
		other = await startBridge(settings());
		await sleep(1500);
		await control('-m', 'fast', 'restart');
		await sleep(1500);
		running = false;
		await Promise.all(writers);
		await until(() => confirmed.every((x) => heard.includes(x)), 30000);
		assert.deepEqual(confirmed.filter((x) => !heard.includes(x)), [], 'nothing is lost');
		assert.equal(new Set(heard).size, heard.length, 'nothing comes twice');
		assert.ok(positions.every((p, i) => i === 0 || p > positions[i - 1]), 'ids rise');
		assert.ok(confirmed.length > 30, `${confirmed.length} events`);
		assert.equal(resyncs, 0);
		assert.equal(Number(sql(`SELECT count(*) FROM skillancer.stream_entry WHERE user_id::uuid = '${user.uuid}' AND event = 't.numbered'`)[0][0]), heard.length);
	} finally {
		source.close();
		await other?.stop();
	}
});
