// test/cluster/bridge_restart.test.mjs
//	The bridge while PostgreSQL restarts, is down for a while, or stops answering: 503 with Retry-After meanwhile, no
//	restart of the bridge, no acknowledged write lost, none doubled.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { addRoutes, call, env, makeUsers, removeRoutes, routed, sleep, sql, startBridge, until } from '../http/support.mjs';

const bin = execFileSync(env.PG_CONFIG ?? 'pg_config', ['--bindir'], { encoding: 'utf8' }).trim();
const postgres = process.getuid() === 0
	? ['setpriv', ['--reuid', 'postgres', '--regid', 'postgres', '--init-groups']] : ['env', []];

function control(...args) {
	execFileSync(postgres[0], [...postgres[1], path.join(bin, 'pg_ctl'), '-D', path.join(env.SKL_DIR, 'data'),
		'-l', path.join(env.SKL_DIR, 'log/postgresql.log'), '-w', '-t', '30', ...args], { stdio: 'ignore' });
}

let bridge;
let user;

before(async () => {
	sql('DROP TABLE IF EXISTS public.t_effect; CREATE TABLE public.t_effect (label text)');
	addRoutes(`
		CREATE OR REPLACE FUNCTION skillancer_api.t_one() RETURNS json LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN '1'; END $$;
		CREATE OR REPLACE FUNCTION skillancer_api.t_effect(p_label text) RETURNS json LANGUAGE plpgsql SECURITY DEFINER AS $$
		BEGIN INSERT INTO public.t_effect VALUES (p_label); RETURN to_json(p_label); END $$;
		CREATE OR REPLACE FUNCTION skillancer_api.t_wait(p_ms integer) RETURNS json LANGUAGE plpgsql AS $$
		BEGIN PERFORM pg_sleep(p_ms / 1000.0); RETURN '1'; END $$;`,
	["'GET', '/v1/t/one', 't_one', 'anyone'", "'POST', '/v1/t/effect', 't_effect'", "'POST', '/v1/t/wait', 't_wait', 'anyone', timeout_ms => 5000"]);
	bridge = await startBridge({ threads: 2 });
	[user] = makeUsers(1, bridge);
	assert.ok(await routed('/v1/t/wait', bridge.base));
});
after(async () => {
	await bridge?.stop();
	removeRoutes();
	sql('DROP TABLE public.t_effect');
});

// Asks without pause until stopped; what was answered, by status, and the labels acknowledged.
function load(tag) {
	const state = { running: true, statuses: new Map(), acknowledged: new Set(), sent: 0, last: new Map() };
	const note = (status) => { state.statuses.set(status, (state.statuses.get(status) ?? 0) + 1); state.last.set(status, Date.now()); };
	const writer = async (n, keyed) => {
		for (let i = 0; state.running; i++) {
			const label = `${tag}-${n}-${i}`;
			state.sent++;
			try {
				const answer = await call('POST', '/v1/t/effect', { base: bridge.base, token: user.token, body: { label }, headers: keyed ? { 'idempotency-key': label } : {} });
				note(answer.status);
				if (answer.status === 200) state.acknowledged.add(label);
				if (answer.status === 503) { assert.ok(answer.headers.get('retry-after')); await sleep(20); }
			} catch (error) { note(error.cause?.code ?? error.message); }
		}
	};
	const reader = async () => {
		while (state.running) {
			const answer = await call('GET', '/v1/t/one', { base: bridge.base });
			note(answer.status);
			if (answer.status !== 200) await sleep(20);
		}
	};
	const all = Promise.all([writer(0, false), writer(1, false), writer(2, true), writer(3, true), reader(), reader()]);
	return { state, stop: async () => { state.running = false; await all; return state; } };
}

function check(state) {
	for (const status of state.statuses.keys()) assert.ok([200, 503].includes(status), `status ${status}`);
	const stored = new Map();
	for (const [label] of sql('SELECT label FROM public.t_effect')) stored.set(label, (stored.get(label) ?? 0) + 1);
	for (const label of state.acknowledged) assert.equal(stored.get(label), 1, label);
	for (const [label, count] of stored) assert.equal(count, 1, label);
}

for (const mode of ['fast', 'immediate']) {
	test(`restart -m ${mode} under load`, async () => {
		const { state, stop } = load(mode);
		await sleep(500);
		control('-m', mode, 'restart');
		const accepting = Date.now();
		assert.ok(await until(async () => (await call('POST', '/v1/t/effect', { base: bridge.base, token: user.token, body: { label: `${mode}-first` } })).status === 200, 5000));
		const recovered = Date.now() - accepting;
		await sleep(500);
		check(await stop());
		assert.ok(recovered < 1500, `recovered after ${recovered} ms`);
		assert.ok(state.acknowledged.size > 20);
		sql('TRUNCATE public.t_effect');
	});
}

test('down for a while', async () => {
	control('-m', 'fast', 'stop');
	try {
		await sleep(200);
		for (let i = 0; i < 20; i++) {
			const start = Date.now();
			const answer = await call('GET', '/v1/t/one', { base: bridge.base });
			assert.equal(answer.status, 503);
			assert.equal(answer.json.error.code, 'SERVICE_UNAVAILABLE');
			assert.ok(answer.headers.get('retry-after'));
			assert.ok(Date.now() - start < 1000);
		}
		assert.equal((await call('GET', '/health/live', { base: bridge.base })).status, 200);
		assert.equal((await call('GET', '/health', { base: bridge.base })).status, 503);
	} finally { control('start'); }
	assert.ok(await until(async () => (await call('GET', '/v1/t/one', { base: bridge.base })).status === 200, 4000));
});

test('a backend that does not answer', async () => {
	// a thread of the bridge may still be on its way back to the database
	const ask = async () => {
		const answer = await call('POST', '/v1/t/wait', { base: bridge.base, body: { ms: 4500 } });
		return answer.status === 503 ? sleep(20).then(ask) : answer;
	};
	const asked = ask();
	const [[pid]] = await until(() => {
		const rows = sql(`SELECT pid FROM pg_stat_activity WHERE application_name LIKE '${bridge.name}%' AND wait_event = 'PgSleep'`);
		return rows.length > 0 && rows;
	}, 4000);
	process.kill(Number(pid), 'SIGSTOP');
	try {
		const answer = await asked;
		assert.equal(answer.status, 504);
		for (let i = 0; i < 8; i++) assert.equal((await call('POST', '/v1/t/wait', { base: bridge.base, body: { ms: 1 } })).status, 200);
	} finally { process.kill(Number(pid), 'SIGCONT'); }
});
