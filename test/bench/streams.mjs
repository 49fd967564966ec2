// test/bench/streams.mjs [--streams N] [--seconds N] [--rounds N] [--rate N]
//	The live stream: memory of a bridge with many open streams, CPU per API request with and without them (in turn
//	within each round), and the time from a commit to its arrival. Runs in a world (test/world env in the environment).

import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { addRoutes, env, freePort, makeUsers, removeRoutes, routed, sleep, startBridge, until } from '../http/support.mjs';

const { values: options } = parseArgs({ options: {
	streams: { type: 'string', default: '5000' }, seconds: { type: 'string', default: '3' },
	rounds: { type: 'string', default: '5' }, rate: { type: 'string', default: '500' },
} });
const count = Number(options.streams);
const seconds = Number(options.seconds);
const rate = Number(options.rate);
const tick = 1e6 / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const at = (list, share) => [...list].sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(list.length * share))];
const memory = (pid) => Number(readFileSync(`/proc/${pid}/status`, 'utf8').match(/VmRSS:\s+(\d+)/)[1]) / 1024;

function cpuOf(pid) {
	const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ');
	return (Number(fields[11]) + Number(fields[12])) * tick;
}

// Opens a stream; calls heard(n, sent) for every numbered event.
function open(port, token, heard) {
	return new Promise((resolve, reject) => {
		const socket = net.connect(port, '127.0.0.1', () => {
			socket.write(`GET /v1/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n\r\n`);
		});
		let text = '';
		socket.setEncoding('latin1');
		socket.on('data', (chunk) => {
			text += chunk;
			if (text.includes('retry:')) resolve(socket);
			for (const [, n, sent] of text.matchAll(/"n": (\d+), "at": ([\d.]+)/g)) heard(Number(n), Number(sent));
			text = text.slice(text.lastIndexOf('\n') + 1);
		});
		socket.on('error', reject);
		socket.on('close', () => reject(new Error(`a stream was closed: ${text}`)));
	});
}

// Microseconds of the bridge's CPU per request, and requests a second.
async function requests(bridge) {
	const before = cpuOf(bridge.pid);
	const out = await new Promise((resolve) => {
		const child = spawn('wrk', ['-t1', '-c16', `-d${seconds}s`, `${bridge.base}/v1/t/one`]);
		let text = '';
		child.stdout.on('data', (chunk) => { text += chunk; });
		child.on('exit', () => resolve(text));
	});
	const done = Number(out.match(/(\d+) requests in/)[1]);
	return { cpu: (cpuOf(bridge.pid) - before) / done, rate: done / seconds };
}

addRoutes("CREATE OR REPLACE FUNCTION skillancer_api.t_one() RETURNS json LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN '1'; END $$;",
	["'GET', '/v1/t/one', 't_one', 'anyone'"]);
const port = await freePort();
const bridge = await startBridge({ stream_port: port, stream_max: count + 100, threads: 1 });
const db = new pg.Client({ host: env.SKL_PGHOST, port: Number(env.SKL_PGPORT), user: env.SKL_SUPERUSER, database: env.SKL_PGDATABASE });
let failed = false;
try {
	await routed('/v1/t/one', bridge.base);
	await db.connect();
	const users = makeUsers(count, bridge);
	const lags = [];
	let received = 0;
	const heard = (n, sent) => { received++; if (n >= 0) lags.push(Date.now() - sent * 1000); };
	await requests(bridge); // warm
	const alone = memory(bridge.pid);
	const rounds = { without: [], with: [] };
	let sockets = [];
	const close = async () => {
		for (const socket of sockets) { socket.removeAllListeners('close'); socket.destroy(); }
		sockets = [];
		await until(async () => (await (await fetch(`${bridge.admin}/metrics`)).text()).includes('\nskillancer_sse_clients 0\n'));
	};
	const connect = async () => {
		for (let i = 0; i < count; i += 50)
			sockets.push(...await Promise.all(users.slice(i, i + 50).map((user) => open(port, user.token, heard))));
	};
	let full = 0;
	for (let round = 0; round < Number(options.rounds); round++) {
		rounds.without.push(await requests(bridge));
		await connect();
		full = memory(bridge.pid);
		rounds.with.push(await requests(bridge));
		if (round < Number(options.rounds) - 1) await close();
	}
	const cost = (list) => median(list.map((r) => r.cpu));
	console.log(`memory: ${alone.toFixed(1)} MB without, ${full.toFixed(1)} MB with ${count} streams`);
	console.log(`API request: ${cost(rounds.without).toFixed(1)} us of CPU without, ${cost(rounds.with).toFixed(1)} us with them, ${(cost(rounds.with) - cost(rounds.without)).toFixed(1)} added`);
	// one entry for everybody
	let before = cpuOf(bridge.pid);
	received = 0;
	await db.query("SELECT skillancer.emit('t.numbered', 't', skillancer.new_id(), '{\"n\": -1, \"at\": 0}', $1::uuid[])", [users.map((u) => u.uuid)]);
	await sleep(3000);
	await db.query("SELECT skillancer.emit('t.numbered', 't', skillancer.new_id(), '{\"n\": 0, \"at\": 0}', $1::uuid[])", [users.map((u) => u.uuid)]);
	failed = !await until(() => received >= count, 20000);
	console.log(`one event to all: ${((cpuOf(bridge.pid) - before) / 1000).toFixed(0)} ms of CPU for ${received} deliveries`);
	lags.length = 0;
	// commits at an even rate, each to one user
	const ticks = rate * 10;
	const start = Date.now();
	before = cpuOf(bridge.pid);
	for (let n = 1; n <= ticks; n++) {
		const wait = start + (n * 1000) / rate - Date.now();
		if (wait > 0) await sleep(wait);
		await db.query(`SELECT skillancer.emit('t.numbered', 't', skillancer.new_id(),
			jsonb_build_object('n', $1::integer, 'at', extract(epoch FROM clock_timestamp())), ARRAY[$2::uuid])`, [n, users[n % count].uuid]);
	}
	const took = (Date.now() - start) / 1000;
	failed = !await until(() => lags.length >= ticks, 20000) || failed;
	console.log(`commit to arrival at ${(ticks / took).toFixed(0)} events/s: p50 ${at(lags, 0.5).toFixed(0)} ms, p99 ${at(lags, 0.99).toFixed(0)} ms, ${lags.length} of ${ticks} arrived; ${((cpuOf(bridge.pid) - before) / ticks).toFixed(0)} us of the bridge's CPU each`);
	await close();
} finally {
	await db.end();
	await bridge.stop();
	removeRoutes();
}
process.exitCode = failed ? 1 : 0;
