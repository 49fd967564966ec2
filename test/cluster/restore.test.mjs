// test/cluster/restore.test.mjs
//	A dump restored into an empty cluster: it refuses to work until it is adopted, then life goes on there. What had
//	been mailed is not mailed again, what had not been is mailed once; a quiet copy mails nothing.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const WORLD = join(dirname(fileURLToPath(import.meta.url)), '..', 'world');
const PASSWORD = 'Quiet-Harbour-42';
const tmp = mkdtempSync(join(tmpdir(), 'skl-restore.'));
chmodSync(tmp, 0o755);
const dump = join(tmp, 'dump.sql');
const worlds = {};

function run(program, args) {
	return execFileSync(program, args, { encoding: 'utf8', timeout: 120_000, stdio: ['ignore', 'pipe', 'pipe'] });
}

function up(name, ...options) {
	const lines = run(WORLD, ['up', '--dir', join(tmp, name), ...options]);
	worlds[name] = Object.fromEntries([...lines.matchAll(/^export (\w+)='(.*)'$/gm)].map((m) => [m[1], m[2]]));
	return worlds[name];
}

const connection = (env) => ['-h', env.SKL_PGHOST, '-p', env.SKL_PGPORT, '-U', env.SKL_SUPERUSER];
const sql = (env, text) => run('psql', ['-XAtq', '-v', 'ON_ERROR_STOP=1', ...connection(env), '-d', env.SKL_PGDATABASE, '-c', text]).trim();
const mails = (env, address) => readdirSync(env.SKL_SINK_DIR).filter((name) => name.endsWith(`${address}.eml`)).length;

async function until(what, condition, ms = 30_000) {
	for (const end = Date.now() + ms; !(await condition()); await new Promise((r) => setTimeout(r, 100))) {
		assert.ok(Date.now() < end, what);
	}
}

async function call(env, path, { token, body } = {}) {
	const answer = await fetch(`${env.SKL_URL}${path}`, {
		method: body ? 'POST' : 'GET',
		headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
		body: body && JSON.stringify(body),
	});
	const text = await answer.text();
	return { status: answer.status, json: text ? JSON.parse(text) : null };
}

const register = (env, email) => call(env, '/v1/auth/register', { body: { email, password: PASSWORD, name: 'Rita Restore', roles: ['CLIENT'] } });
const login = (env, email, password) => call(env, '/v1/auth/login', { body: { email, password } });

before(async () => {
	const origin = up('origin');
	assert.ok([200, 201, 202].includes((await register(origin, 'sent@restore.test')).status));
	await until('the first mail is delivered', () => mails(origin, 'sent@restore.test') === 1);
	await until('and settled', () => sql(origin, "SELECT count(*) FROM skillancer.mail WHERE state IN ('QUEUED', 'SENDING')") === '0');
	// nobody listens for mail now
	sql(origin, "ALTER SYSTEM SET skillancer.smtp_url = ''");
	sql(origin, 'SELECT pg_reload_conf()');
	await until('the server has read it', () => sql(origin, 'SHOW skillancer.smtp_url') === '');
	assert.ok([200, 201, 202].includes((await register(origin, 'waiting@restore.test')).status));
	await until('the second mail waits', () => sql(origin, "SELECT count(*) FROM skillancer.mail WHERE address = 'waiting@restore.test'") === '1');
	run('pg_dump', [...connection(origin), '-f', dump, origin.SKL_PGDATABASE]);
});

after(() => {
	for (const env of Object.values(worlds)) run(WORLD, ['down', '--dir', env.SKL_DIR]);
	rmSync(tmp, { recursive: true, force: true });
});

test('a restored marketplace', async (t) => {
	const env = up('restored', '--dump', dump);
	await t.test('refuses until it is adopted', async () => {
		const answer = await login(env, 'client@world.test', worlds.origin.SKL_PASSWORD);
		assert.equal(answer.status, 503, JSON.stringify(answer.json));
		assert.equal(sql(env, "SELECT ok FROM skillancer.status() WHERE item = 'instance'"), 'f');
		assert.deepEqual(readdirSync(env.SKL_SINK_DIR).filter((n) => n.endsWith('.eml')), [], 'it mails nothing');
	});
	await t.test('goes on after that', async () => {
		sql(env, 'SELECT * FROM skillancer.adopt()');
		await until('readiness', async () => (await call(env, '/health/ready')).status === 200);
		const answer = await login(env, 'client@world.test', worlds.origin.SKL_PASSWORD);
		assert.equal(answer.status, 200, JSON.stringify(answer.json));
		const project = await call(env, '/v1/projects', { token: answer.json.data.accessToken, body: {
			title: 'Restore the shop', description: 'Everything as it was before, and then some more.', budgetKind: 'FIXED',
			budgetMin: { amount: '100.00', currency: 'USD' }, budgetMax: { amount: '200.00', currency: 'USD' } } });
		assert.equal(project.status, 201, JSON.stringify(project.json));
	});
	await t.test('mails what waited, once, and nothing a second time', async () => {
		await until('the waiting mail', () => mails(env, 'waiting@restore.test') === 1);
		await register(env, 'later@restore.test');
		await until('a later mail', () => mails(env, 'later@restore.test') === 1);
		assert.equal(mails(env, 'waiting@restore.test'), 1);
		assert.equal(mails(env, 'sent@restore.test'), 0);
		assert.equal(sql(env, "SELECT count(*) FROM skillancer.event e WHERE e.type = 'user.created' GROUP BY e.aggregate_id HAVING count(*) > 1"), '');
	});
});

test('a quiet copy', async () => {
	const env = up('quiet', '--dump', dump);
	sql(env, 'SELECT * FROM skillancer.adopt(p_quiet => true)');
	await until('readiness', async () => (await call(env, '/health/ready')).status === 200);
	await register(env, 'later@restore.test');
	await until('a later mail', () => mails(env, 'later@restore.test') === 1);
	assert.equal(mails(env, 'waiting@restore.test'), 0);
	assert.equal(mails(env, 'sent@restore.test'), 0);
});
