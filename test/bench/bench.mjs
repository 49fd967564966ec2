// test/bench/bench.mjs [--seconds N] [--rounds N] [--clients N]
//	GET of one object and of a list of 20, under row-level security: the bridge (tokens, limits, log and metrics on)
//	beside pgbench with the same two statements pipelined, and beside Fastify + pg with the same duties. All call the same function of
//	skillancer_api on the same rows, in turn within each round, with the load generator on the same cores.
//	Prints medians, ratios, CPU per request of server and backends, and the memory of idle connections; status 1 when
//	an answer was not 2xx. Runs in a world (test/world env in the environment); the Makefile starts one.

import { execFileSync, spawn } from 'node:child_process';
import { createPublicKey } from 'node:crypto';
import { chmodSync, chownSync, cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { call, env, makeUsers, routed, sleep, sql, startBridge } from '../http/support.mjs';

const { values: options } = parseArgs({ options: {
	seconds: { type: 'string', default: '5' }, rounds: { type: 'string', default: '5' }, clients: { type: 'string', default: '16' },
	threads: { type: 'string', default: '1' },
} });
const seconds = Number(options.seconds);
const clients = Number(options.clients);
const here = import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname);
const dir = mkdtempSync(path.join(tmpdir(), 'skl-bench-'));
const cores = cpus().length;
const tick = 1e6 / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

// Microseconds of CPU that a process has used, with its ended children.
function cpuOf(pid) {
	const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ');
	return (Number(fields[11]) + Number(fields[12]) + Number(fields[13]) + Number(fields[14])) * tick;
}

// Of the postmaster and all its children: backends that end meanwhile are in its own figure.
function cpuOfServer() {
	const postmaster = readFileSync(path.join(env.SKL_DIR, 'data/postmaster.pid'), 'utf8').split('\n')[0];
	const children = readFileSync(`/proc/${postmaster}/task/${postmaster}/children`, 'utf8').trim().split(' ').filter(Boolean);
	return [postmaster, ...children].reduce((sum, pid) => { try { return sum + cpuOf(pid); } catch { return sum; } }, 0);
}

const memory = (pid) => Number(readFileSync(`/proc/${pid}/status`, 'utf8').match(/VmRSS:\s+(\d+)/)[1]) / 1024;
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

function run(program, args) {
	return new Promise((resolve, reject) => {
		const child = spawn(program, args, { env: { ...env, PGHOST: env.SKL_PGHOST, PGPORT: env.SKL_PGPORT } });
		let out = '';
		child.stdout.on('data', (chunk) => { out += chunk; });
		child.stderr.on('data', (chunk) => { out += chunk; });
		child.on('exit', (code) => (code === 0 ? resolve(out) : reject(new Error(`${program}: ${out}`))));
	});
}

// Measures one load: requests a second, and CPU per request of a process (or none) and of PostgreSQL.
async function measure(pid, load) {
	const server = cpuOfServer();
	const own = pid === undefined ? 0 : cpuOf(pid);
	const { rate, count, p99 } = await load();
	return { rate, p99, own: pid === undefined ? undefined : (cpuOf(pid) - own) / count, server: (cpuOfServer() - server) / count };
}

async function wrk(base, script) {
	const out = await run('wrk', ['-t1', `-c${clients}`, `-d${seconds}s`, '--latency', '-s', script, base]);
	if (/Non-2xx|Socket errors/.test(out)) throw new Error(out);
	return { rate: Number(out.match(/Requests\/sec:\s+([\d.]+)/)[1]), count: Number(out.match(/(\d+) requests in/)[1]), p99: out.match(/\s99%\s+(\d\S*)/)[1] };
}

async function pgbench(files) {
	const out = await run('pgbench', ['-n', '-M', 'prepared', '-U', 'skillancer_bridge', '-c', String(clients), '-j', '1', '-T', String(seconds),
		...files.flatMap((file) => ['-f', file]), env.SKL_PGDATABASE]);
	const count = Number(out.match(/transactions actually processed: (\d+)/)[1]);
	return { rate: Number(out.match(/tps = ([\d.]+)/)[1]), count, p99: '' };
}

// No server runs as root: the peer runs as postgres does, from a place that postgres may read.
function unprivileged() {
	if (process.getuid() !== 0) return { home: path.join(here, 'peers'), who: {} };
	const id = (flag) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
	const who = { uid: id('-u'), gid: id('-g') };
	cpSync(path.join(here, 'peers'), path.join(dir, 'peers'), { recursive: true });
	chownSync(dir, who.uid, who.gid);
	chmodSync(dir, 0o755);
	return { home: path.join(dir, 'peers'), who };
}

async function startService(keys) {
	const { home, who } = unprivileged();
	const pem = path.join(dir, 'public.pem');
	const file = readdirSync(keys).filter((name) => name.endsWith('.pem')).sort().at(-1);
	writeFileSync(pem, createPublicKey(readFileSync(path.join(keys, file))).export({ type: 'spki', format: 'pem' }));
	const child = spawn(process.execPath, [path.join(home, 'service.mjs'), env.SKL_PGHOST, env.SKL_PGPORT, env.SKL_PGDATABASE, String(clients), pem, path.join(dir, 'service.log')],
		{ stdio: ['ignore', 'pipe', 'inherit'], env: { ...env, NODE_ENV: 'production' }, cwd: dir, ...who });
	const port = await new Promise((resolve, reject) => {
		child.stdout.once('data', (chunk) => resolve(String(chunk).trim()));
		child.once('exit', () => reject(new Error('the peer did not start: npm ci in test/bench/peers')));
	});
	return { child, base: `http://127.0.0.1:${port}` };
}

// wrk's script: the paths in turn, with the token.
function wrkScript(name, paths, token) {
	const file = path.join(dir, `${name}.lua`);
	writeFileSync(file, `local paths = {${paths.map((p) => `"${p}"`).join(', ')}}
local headers = {["Authorization"] = "Bearer ${token}"}
local n = 0
request = function() n = n + 1; return wrk.format("GET", paths[n % #paths + 1], headers) end\n`);
	return file;
}

// pgbench's scripts: what the bridge sends, one script a call.
function pgbenchScripts(name, calls, user) {
	return calls.map((text, i) => {
		const file = path.join(dir, `${name}-${i}.sql`);
		writeFileSync(file, `\\startpipeline
SELECT skillancer.begin_request('${user.uuid}', '${user.session}', NULL, '01a20350-9cba-79f8-909d-10aa0cde1503', NULL, '127.0.0.1', 2000, true, NULL);
SELECT (x.r).status, (x.r).etag, (x.r).headers, (x.r).meta, (x.r).body FROM (SELECT ${text} AS r OFFSET 0) AS x;
\\endpipeline\n`);
		return file;
	});
}

async function idleMemory() {
	const bridge = await startBridge({ threads: cores, limit_scale: 0 });
	const { hostname, port } = new URL(bridge.base);
	const before = memory(bridge.pid);
	const sockets = await Promise.all(Array.from({ length: 1000 }, () => new Promise((resolve) => {
		const socket = net.connect({ host: hostname, port: Number(port) }, () => socket.write('GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n'));
		socket.once('data', () => resolve(socket));
	})));
	await sleep(500);
	const after = memory(bridge.pid);
	for (const socket of sockets) socket.destroy();
	await bridge.stop();
	return { before, after };
}

function show(title, results) {
	const rows = Object.entries(results).map(([name, runs]) => ({ name,
		rate: median(runs.map((r) => r.rate)), low: Math.min(...runs.map((r) => r.rate)), high: Math.max(...runs.map((r) => r.rate)),
		own: runs[0].own === undefined ? undefined : median(runs.map((r) => r.own)), server: median(runs.map((r) => r.server)), p99: runs.at(-1).p99 }));
	const bridge = rows.find((row) => row.name === 'bridge');
	console.log(`\n### ${title}\n\n| | requests/s | spread | bridge is | CPU µs/request: server | PostgreSQL | p99 |\n|---|---|---|---|---|---|---|`);
	for (const row of rows)
		console.log(`| ${row.name} | ${row.rate.toFixed(0)} | ${row.low.toFixed(0)}-${row.high.toFixed(0)} | ${row === bridge ? '' : `${(bridge.rate / row.rate).toFixed(2)}×`} | ${row.own?.toFixed(1) ?? ''} | ${row.server.toFixed(1)} | ${row.p99} |`);
}

const bridge = await startBridge({ threads: options.threads, limit_scale: 1000000 });
const [user] = makeUsers(1, bridge);
await routed('/v1/projects', bridge.base);
const service = await startService(bridge.keys);
try {
	const page = await call('GET', '/v1/projects?limit=20', { base: bridge.base, token: user.token });
	const ids = page.json.data.map((project) => project.id);
	for (const pathname of [`/v1/projects/${ids[0]}`, '/v1/projects?limit=20']) {
		const [ours, theirs] = await Promise.all([bridge, service].map(({ base }) => call('GET', pathname, { base, token: user.token })));
		if (ours.status !== 200 || JSON.stringify(ours.json.data) !== JSON.stringify(theirs.json?.data)) throw new Error(`answers differ: ${ours.text}\n${theirs.text}`);
	}
	const works = [
		['GET /v1/projects/{id}', ids.map((id) => `/v1/projects/${id}`), ids.map((id) => `skillancer_api.project_get(p_id => '${id}'::skillancer.project_id)`)],
		['GET /v1/projects?limit=20', ['/v1/projects?limit=20'], ['skillancer_api.project_list(p_limit => 20)']],
	];
	const load = readFileSync('/proc/loadavg', 'utf8').split(' ')[0];
	console.log(`${cores} cores, load before ${load}; ${clients} clients, ${options.rounds} rounds of ${seconds} s, medians; bridge with ${options.threads} thread(s), tokens, limits, log and metrics on`);
	for (const [title, paths, calls] of works) {
		const script = wrkScript(title.replaceAll(/\W/g, ''), paths, user.token);
		const files = pgbenchScripts(title.replaceAll(/\W/g, ''), calls, user);
		const results = { bridge: [], pgbench: [], 'Fastify + pg': [] };
		for (let round = 0; round < Number(options.rounds); round++) {
			results.bridge.push(await measure(bridge.pid, () => wrk(bridge.base, script)));
			results.pgbench.push(await measure(undefined, () => pgbench(files)));
			results['Fastify + pg'].push(await measure(service.child.pid, () => wrk(service.base, script)));
		}
		show(title, results);
	}
} finally {
	service.child.kill();
	await bridge.stop();
}
const { before, after } = await idleMemory();
console.log(`\nMemory of the bridge (${cores} threads): ${before.toFixed(1)} MB fresh, ${after.toFixed(1)} MB with 1,000 idle keep-alive connections`);
rmSync(dir, { recursive: true });
