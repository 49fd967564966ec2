// test/http/support.mjs
//	What the HTTP tests share: the world's addresses, SQL as superuser, raw sockets, a bridge of one's own, tokens.

import { execFileSync, spawn } from 'node:child_process';
import { createPrivateKey, randomBytes, randomUUID, sign } from 'node:crypto';
import { chownSync, mkdtempSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { until } from '../lib/wait.mjs';
import { checkAnswer } from './lib/described.mjs';

export { sleep, until } from '../lib/wait.mjs';

export const env = process.env;
export const url = env.SKL_URL;

// Runs SQL as superuser; rows as arrays of text.
export function sql(text, { database = env.SKL_PGDATABASE, user = env.SKL_SUPERUSER } = {}) {
	const out = execFileSync('psql', ['-X', '-q', '-A', '-t', '-F', '\t', '-v', 'ON_ERROR_STOP=1', '-h', env.SKL_PGHOST,
		'-p', env.SKL_PGPORT, '-U', user, '-d', database, '-f', '-'], { input: text, encoding: 'utf8', maxBuffer: 1 << 28 });
	return out.split('\n').filter((line) => line !== '').map((line) => line.split('\t'));
}

// Functions and routes that only these tests need; dropped again by removeRoutes().
export function addRoutes(functions, routes) {
	sql(`BEGIN;
		${functions}
		GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA skillancer_api TO skillancer_bridge;
		DELETE FROM skillancer.route WHERE path LIKE '/v1/t/%';
		${routes.map((route) => `SELECT skillancer.add_route(${route});`).join('\n')}
		NOTIFY skillancer_routes;
		COMMIT;`);
}

export function removeRoutes() {
	sql(`BEGIN;
		DELETE FROM skillancer.route WHERE path LIKE '/v1/t/%';
		DO $$ DECLARE f regprocedure; BEGIN
			FOR f IN SELECT oid FROM pg_proc
				WHERE pronamespace = 'skillancer_api'::regnamespace AND proname LIKE 't\\_%' LOOP
				EXECUTE format('DROP FUNCTION %s', f);
			END LOOP;
		END $$;
		NOTIFY skillancer_routes;
		COMMIT;`);
}

// Waits until a bridge knows a path.
export const routed = (pathname, base = url) =>
	until(async () => (await fetch(base + pathname, { method: 'OPTIONS' })).status === 204);

// Fetches and reads JSON; an answer that is not as described is a fault.
export async function call(method, pathname, { body, headers = {}, token, base = url, raw } = {}) {
	const response = await fetch(base + pathname, {
		method,
		headers: {
			...(body !== undefined || raw !== undefined ? { 'content-type': 'application/json' } : {}),
			...(token ? { authorization: `Bearer ${token}` } : {}),
			...headers,
		},
		body: raw ?? (body === undefined ? undefined : JSON.stringify(body)),
	});
	const text = await response.text();
	let json;
	try { json = JSON.parse(text); } catch { json = undefined; }
	const type = response.headers.get('content-type');
	await checkAnswer(base, method, pathname, body, { status: response.status, type, body: json ?? (text === '' ? undefined : text) });
	return { status: response.status, headers: response.headers, text, json };
}

// Sends bytes and returns all that came back before the server closed, or until the time is over.
export function raw(bytes, { base = url, ms = 2000, half = false } = {}) {
	const { hostname, port } = new URL(base);
	return new Promise((resolve, reject) => {
		const chunks = [];
		let closed = false;
		const socket = net.connect({ host: hostname, port: Number(port), allowHalfOpen: true }, () => {
			socket.write(Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes, 'latin1'));
			if (half) socket.end();
		});
		const finish = () => {
			socket.destroy();
			const text = Buffer.concat(chunks).toString('latin1');
			resolve({ text, closed, statuses: [...text.matchAll(/HTTP\/1\.1 (\d\d\d)\b/g)].map((m) => Number(m[1])) });
		};
		const timer = setTimeout(finish, ms);
		socket.on('data', (chunk) => chunks.push(chunk));
		socket.on('end', () => { closed = true; clearTimeout(timer); finish(); });
		socket.on('error', (error) => {
			clearTimeout(timer);
			if (error.code === 'ECONNRESET' || error.code === 'EPIPE') { closed = true; finish(); } else reject(error);
		});
	});
}

export async function freePort() {
	return new Promise((resolve) => {
		const server = net.createServer();
		server.listen(0, '127.0.0.1', () => {
			const { port } = server.address();
			server.close(() => resolve(port));
		});
	});
}

// A bridge of one's own on the world's cluster: settings are lines of its configuration file.
export async function startBridge(settings = {}) {
	const dir = mkdtempSync(path.join(tmpdir(), 'skl-bridge-'));
	const program = path.join(env.SKL_DIR, 'stage/bin/skillancer-bridge');
	const name = `test-${randomBytes(4).toString('hex')}`;
	const port = await freePort();
	const admin = await freePort();
	const keys = path.join(dir, 'keys');
	mkdirSync(keys);
	// no server runs as root: this one belongs to the user of the world's cluster
	const { uid, gid } = statSync(path.join(env.SKL_DIR, 'data'));
	const identity = process.getuid() === 0 ? { uid, gid } : {};
	if (process.getuid() === 0) for (const place of [dir, keys]) chownSync(place, uid, gid);
	const lines = {
		listen_address: '127.0.0.1', port, admin_listen: `127.0.0.1:${admin}`, threads: 1,
		database: `host=${env.SKL_PGHOST} port=${env.SKL_PGPORT} dbname=${env.SKL_PGDATABASE} user=skillancer_bridge application_name=${name}`,
		jwt_key_dir: keys, limit_scale: 0, log_file: path.join(dir, 'log'), ...settings,
	};
	const file = path.join(dir, 'bridge.conf');
	writeFileSync(file, Object.entries(lines).map(([key, value]) => `${key} = ${value}\n`).join(''));
	if (settings.jwt_key_dir === undefined) execFileSync(program, ['--config', file, '--make-key'], { ...identity, stdio: 'ignore' });
	const child = spawn(program, ['--config', file], { ...identity, stdio: 'ignore' });
	const base = `http://127.0.0.1:${port}`;
	const bridge = {
		base, dir, name, keys, child, pid: child.pid, admin: `http://127.0.0.1:${admin}`,
		log: () => readFileSync(path.join(dir, 'log'), 'utf8'),
		async stop(signal = 'SIGTERM') {
			if (child.exitCode === null && child.signalCode === null) {
				const gone = new Promise((resolve) => child.once('exit', resolve));
				child.kill(signal);
				await gone;
			}
			rmSync(dir, { recursive: true, force: true });
			return child.exitCode;
		},
	};
	if (!await until(async () => (await fetch(`${base}/health`)).ok, 15000)) {
		const log = bridge.log();
		await bridge.stop('SIGKILL');
		throw new Error(`the bridge did not start:\n${log.slice(-2000)}`);
	}
	return bridge;
}

const base64url = (value) => Buffer.from(value).toString('base64url');
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

// The TypeID of a uuid.
export function typeid(prefix, uuid) {
	let value = BigInt(`0x${uuid.replaceAll('-', '')}`);
	let text = '';
	for (let i = 0; i < 26; i++) {
		text = ALPHABET[Number(value & 31n)] + text;
		value >>= 5n;
	}
	return `${prefix}_${text}`;
}

// Signs claims with the newest key of a bridge of one's own.
export function token(bridge, claims) {
	const file = readdirSync(bridge.keys).filter((name) => name.endsWith('.pem')).sort().at(-1);
	const now = Math.floor(Date.now() / 1000);
	const head = base64url(JSON.stringify({ alg: 'ES256', typ: 'JWT', kid: file.replace('.pem', '') }));
	const body = base64url(JSON.stringify({ iss: 'skillancer', aud: 'skillancer', iat: now, nbf: now, exp: now + 900, jti: randomUUID(), ...claims }));
	const key = createPrivateKey(readFileSync(path.join(bridge.keys, file)));
	return `${head}.${body}.${sign('sha256', Buffer.from(`${head}.${body}`), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

// Accounts with a session each, made by SQL; with the tokens that a bridge of one's own accepts.
export function makeUsers(count, bridge) {
	const tag = randomBytes(4).toString('hex');
	const rows = sql(`SET search_path = skillancer, public;
		WITH u AS (
			INSERT INTO skillancer.user_account (email, name, state)
			SELECT 't' || n || '-${tag}@example.com', 'Test ' || n, 'PENDING' FROM generate_series(1, ${count}) n
			RETURNING id
		), r AS (
			INSERT INTO skillancer.user_role (user_id, role) SELECT u.id, x.role FROM u, (VALUES ('USER'), ('CLIENT'), ('FREELANCER')) x(role)
		), s AS (
			INSERT INTO skillancer.session (user_id, expires_at) SELECT u.id, now() + interval '1 day' FROM u
			RETURNING user_id, id
		)
		SELECT s.user_id::uuid, s.id::uuid FROM s`);
	return rows.map(([user, session]) => {
		const id = typeid('usr', user);
		const sid = typeid('ses', session);
		return { uuid: user, session, id, sid, token: bridge && token(bridge, { sub: id, sid, roles: ['USER'] }) };
	});
}
