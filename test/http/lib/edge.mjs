// test/http/lib/edge.mjs
//	Bridges of their own configuration beside the world's, on the same database, and users and keys for them.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, writeFileSync, chownSync, chmodSync, statSync, rmSync, readFileSync, existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import * as jose from 'jose';
import pg from 'pg';
import { until } from '../../lib/wait.mjs';

export { sleep, until } from '../../lib/wait.mjs';

export const world = process.env.SKL_DIR;
export const binary = join(world, 'stage/bin/skillancer-bridge');
export const database = `host=${process.env.SKL_PGHOST} port=${process.env.SKL_PGPORT} dbname=${process.env.SKL_PGDATABASE}`;
export const issuer = 'skillancer';
export const audience = 'skillancer';

const owner = statSync(join(world, 'data'));
const identity = process.getuid() === 0 ? { uid: owner.uid, gid: owner.gid } : {};

export async function freePort() {
	const server = createServer().listen(0, '127.0.0.1');
	await once(server, 'listening');
	const { port } = server.address();
	server.close();
	return port;
}

// A directory of its own that the unprivileged user owns.
export function ownDirectory() {
	const dir = mkdtempSync(join(tmpdir(), 'skl-edge-'));
	if (identity.uid !== undefined) chownSync(dir, identity.uid, identity.gid);
	return dir;
}

export function ownFile(path, text) {
	writeFileSync(path, text);
	chmodSync(path, 0o600);
	if (identity.uid !== undefined) chownSync(path, identity.uid, identity.gid);
}

// A key pair in the directory of keys.
export async function makeKey(dir, kid, alg) {
	if (alg === 'HS256') {
		const secret = Buffer.from(`secret of ${kid}, long enough for anybody`);
		ownFile(join(dir, `${kid}.hs256`), secret);
		return { kid, alg, privateKey: secret };
	}
	const pair = await jose.generateKeyPair(alg, { extractable: true, modulusLength: 2048 });
	ownFile(join(dir, `${kid}.pem`), await jose.exportPKCS8(pair.privateKey));
	return { kid, alg, ...pair, spki: await jose.exportSPKI(pair.publicKey) };
}

const configText = (options) => Object.entries(options).map(([name, value]) => `${name} = ${value}\n`).join('');

// Runs the program to its end.
export async function run(args, env = {}) {
	const child = spawn(binary, args, { ...identity, env: { PATH: process.env.PATH, ...env } });
	let out = '';
	child.stdout.on('data', (data) => { out += data; });
	child.stderr.on('data', (data) => { out += data; });
	const timer = setTimeout(() => child.kill('SIGKILL'), 20000);
	const [status] = await once(child, 'close');
	clearTimeout(timer);
	return { status, out };
}

// a test that failed in between leaves its bridge, which would keep this process alive
const running = new Set();
after(() => { for (const child of running) child.kill('SIGTERM'); });

// Starts a bridge; options replace the defaults of these tests.
export async function startBridge(options = {}, { patience = 10000 } = {}) {
	const dir = ownDirectory();
	const keys = join(dir, 'keys');
	const config = join(dir, 'bridge.conf');
	const port = await freePort();
	const adminPort = await freePort();
	const base = {
		listen_address: '127.0.0.1', port, admin_listen: `127.0.0.1:${adminPort}`, threads: 1, fast_connections: 1,
		slow_connections: 1, limit_scale: 0, database: `${database} user=skillancer_bridge`, jwt_key_dir: keys,
		jwt_active_key: 'main', drain_wait_ms: 100, ...options,
	};
	if (base.jwt_key_dir === keys) {
		const { mkdirSync } = await import('node:fs');
		mkdirSync(keys);
		if (identity.uid !== undefined) chownSync(keys, identity.uid, identity.gid);
	}
	const key = await makeKey(base.jwt_key_dir, 'main', 'ES256');
	ownFile(config, configText(base));
	const child = spawn(binary, ['--config', config], { ...identity, env: { PATH: process.env.PATH } });
	let text = '';
	child.stderr.on('data', (data) => { text += data; });
	running.add(child);
	const exited = new Promise((resolve) => { child.on('close', (status) => { running.delete(child); resolve(status); }); });
	const bridge = {
		url: `http://127.0.0.1:${port}`, adminUrl: `http://127.0.0.1:${adminPort}`, port, dir, keys: base.jwt_key_dir, key,
		config, pid: child.pid, exited, child, options: base,
		log: () => text,
		lines: () => text.split('\n').filter(Boolean).map((line) => JSON.parse(line)),
		signal: (name) => child.kill(name),
		rewrite: (changes) => ownFile(config, configText({ ...base, ...changes })),
		stop: async () => { child.kill('SIGTERM'); const status = await exited; rmSync(dir, { recursive: true, force: true }); return status; },
	};
	const up = await until(async () => child.exitCode !== null || (await fetch(`${bridge.url}/health/ready`).catch(() => null))?.ok, patience);
	if (!up || child.exitCode !== null) {
		child.kill('SIGKILL');
		await exited;
		rmSync(dir, { recursive: true, force: true });
		throw new Error(`the bridge did not start: ${text}`);
	}
	return bridge;
}

let pool;
export function db() {
	pool ??= new pg.Pool({ host: process.env.SKL_PGHOST, port: Number(process.env.SKL_PGPORT),
		database: process.env.SKL_PGDATABASE, user: process.env.SKL_SUPERUSER, max: 2 });
	return pool;
}

export async function closeDb() {
	await pool?.end();
	pool = undefined;
}

// A user with a session, made in the tables.
export async function makeUser(roles = ['USER']) {
	const email = `edge-${process.hrtime.bigint()}@example.test`;
	const user = await db().query(`INSERT INTO skillancer.user_account (email, name) VALUES ($1, 'Edge Tester')
		RETURNING id::text AS id`, [email]);
	const sub = user.rows[0].id;
	for (const role of roles)
		await db().query('INSERT INTO skillancer.user_role (user_id, role) VALUES ($1::skillancer.user_id, $2)', [sub, role]);
	const session = await db().query(`INSERT INTO skillancer.session (user_id, expires_at)
		VALUES ($1::skillancer.user_id, now() + interval '1 day') RETURNING id::text AS id`, [sub]);
	return { sub, sid: session.rows[0].id, email };
}

export const now = () => Math.floor(Date.now() / 1000);

// The claims that a good token has.
export function claimsOf(user, changes = {}) {
	const at = now();
	const claims = { iss: issuer, aud: audience, sub: user.sub, sid: user.sid, roles: ['USER'], iat: at, nbf: at,
		exp: at + 600, jti: randomUUID(), ...changes };
	for (const name of Object.keys(claims)) if (claims[name] === undefined) delete claims[name];
	return claims;
}

// Signs claims with jose, which is not the bridge's library.
export async function sign(key, claims, header = {}) {
	return new jose.CompactSign(Buffer.from(typeof claims === 'string' ? claims : JSON.stringify(claims)))
		.setProtectedHeader({ alg: key.alg, kid: key.kid, typ: 'JWT', ...header }).sign(key.privateKey);
}

export const bearer = (token) => ({ headers: { Authorization: `Bearer ${token}` } });

export { existsSync, readFileSync, join, identity };
