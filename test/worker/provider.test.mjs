// test/worker/provider.test.mjs
//	Calls to a payment provider while the courier is killed, the server is shut down, and the provider is mute: money is
//	taken once, and nothing waits for the network. And nothing is sent where the provider is not who it says.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { StripeStandIn } from '../lib/stripe-stand-in.mjs';

const WORLD = join(dirname(fileURLToPath(import.meta.url)), '..', 'world');
const tmp = mkdtempSync(join(tmpdir(), 'skl-provider.'));
chmodSync(tmp, 0o755);
const stripe = new StripeStandIn();
let env;
let user;

const run = (program, ...args) => execFileSync(program, args, { encoding: 'utf8', timeout: 120_000, stdio: ['ignore', 'pipe', 'pipe'] });
const world = (verb, ...options) => run(WORLD, verb, '--dir', join(tmp, 'w'), ...options);
const sql = (text) => run('psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-h', env.SKL_PGHOST, '-p', env.SKL_PGPORT, '-U', env.SKL_SUPERUSER, '-d', env.SKL_PGDATABASE, '-c', text).trim();

function readEnv(lines = world('env')) {
	env = Object.fromEntries([...lines.matchAll(/^export (\w+)='(.*)'$/gm)].map((m) => [m[1], m[2]]));
}

async function until(what, condition, ms = 30_000) {
	for (const end = Date.now() + ms; ; await new Promise((r) => setTimeout(r, 50))) {
		let found;
		try { found = await condition(); } catch { found = undefined; }
		if (found) return found;
		assert.ok(Date.now() < end, what);
	}
}

function set(settings) {
	for (const [name, value] of Object.entries(settings)) sql(`ALTER SYSTEM SET ${name} = '${value}'`);
	sql('SELECT pg_reload_conf()');
}

// Waits until the courier has read its settings again, by a turn that began after it was told.
const settle = () => sql(`SELECT skillancer.wait_for_worker('courier', '5 seconds')`);

const pid = (worker) => until(`the ${worker} runs`, () => Number(sql(`SELECT pid FROM skillancer.worker_status WHERE worker = '${worker}' AND state IN ('idle', 'running')`)));

// A charge of somebody, made as the command makes it.
const charge = (amount = '10.00 USD') => sql(`WITH m AS (
		INSERT INTO skillancer.payment_method (user_id, kind, provider, token, label) VALUES ('${user}', 'PAYMENT', 'stripe', 'pm_card_visa', 'Card') RETURNING id)
	INSERT INTO skillancer.charge (user_id, payment_method_id, provider, amount) SELECT '${user}', m.id, 'stripe', '${amount}' FROM m RETURNING id`);

function pay(amount) {
	const id = charge(amount);
	sql(`SELECT skillancer.charge_run('${id}')`);
	return id;
}

const state = (id) => sql(`SELECT state FROM skillancer.charge WHERE id = '${id}'`);

function agree() {
	assert.equal(sql('SELECT count(*) FROM skillancer.ledger_violation'), '0');
	assert.equal(Number(sql(`SELECT coalesce(sum(e.amount), 0) FROM skillancer.ledger_entry e JOIN skillancer.ledger_txn t ON t.id = e.txn AND t.kind = 'charge'
		JOIN skillancer.ledger_account a ON a.id = e.account AND a.class = 'psp_clearing'`)), stripe.captured);
}

before(async () => {
	await stripe.start();
	readEnv(world('up', '--conf', 'skillancer.provider_timeout = 60s', '--conf', 'skillancer.provider_retry_delay = 50ms'));
	const { uid, gid } = statSync(join(tmp, 'w/data'));
	writeFileSync(join(tmp, 'key'), stripe.key, { mode: 0o600 });
	chownSync(join(tmp, 'key'), uid, gid);
	set({ 'skillancer.stripe_key_file': join(tmp, 'key'), 'skillancer.stripe_url': stripe.url, 'skillancer.courier_naptime': '100ms', 'skillancer.timekeeper_naptime': '100ms' });
	sql(`INSERT INTO skillancer.policy (key, value, valid_from) VALUES ('providerAskDelay', '"PT0.2S"', now())`);
	user = sql(`SELECT id FROM skillancer.user_account WHERE email = 'client@world.test'`);
});

after(async () => {
	stripe.release();
	await stripe.stop();
	world('down');
	rmSync(tmp, { recursive: true });
});

test('a courier that is killed during a call leaves one capture behind', async () => {
	for (const kind of ['before', 'after']) {
		stripe.fault(/^POST .*payment_intents$/, kind, 1);
		const id = pay();
		await until('the call is on its way', () => stripe.requests.length > 0 && sql(`SELECT state FROM skillancer.provider_call WHERE ref = '${id}'::skillancer.charge_id::uuid`) === 'SENDING' && stripe.faults.every((f) => f.times === 0));
		process.kill(await pid('courier'), 'SIGKILL');
		await until('the server is back', () => sql('SELECT 1') === '1');
		sql(`UPDATE skillancer.provider_call SET lease_until = skillancer.now() WHERE state = 'SENDING'`); // in place of a minute
		await until('it is captured', () => state(id) === 'CAPTURED');
		const sent = stripe.requests.filter((r) => r.method === 'POST' && r.body.includes(id));
		assert.ok(sent.length >= 2, 'it was sent again');
		assert.equal(new Set(sent.map((r) => r.key)).size, 1, 'under one key');
		assert.equal(new Set(sent.map((r) => r.body)).size, 1, 'with the same words');
		assert.equal(stripe.intentOf(id).length, 1);
		stripe.release();
	}
	agree();
});

test('a late report of an attempt that was replaced changes nothing', async () => {
	stripe.fault(/^POST .*payment_intents$/, 'before', 1);
	const id = pay();
	await until('the call is on its way', () => sql(`SELECT state FROM skillancer.provider_call WHERE ref = '${id}'::skillancer.charge_id::uuid`) === 'SENDING');
	const call = sql(`SELECT id FROM skillancer.provider_call WHERE ref = '${id}'::skillancer.charge_id::uuid`);
	sql(`UPDATE skillancer.provider_call SET lease_until = skillancer.now() WHERE id = '${call}'`);
	await until('it is captured by the next attempt', () => state(id) === 'CAPTURED');
	assert.equal(sql(`SELECT skillancer.provider_record('${call}', 1, 402, '{"error":{"type":"card_error","code":"card_declined"}}', '')`), 'f');
	stripe.release();
	assert.equal(state(id), 'CAPTURED');
	agree();
});

test('a mute provider delays neither mail nor a fast shutdown nor a restart', async () => {
	stripe.mute = true;
	const ids = Array.from({ length: 20 }, () => pay());
	await until('calls are under way', () => Number(sql(`SELECT count(*) FROM skillancer.provider_call WHERE state = 'SENDING'`)) >= 10);
	const mail = sql(`SELECT skillancer.send_mail('${user}'::skillancer.user_id::uuid, 'verify_email', '{"token": "t0ken"}')`);
	await until('mail goes out beside them', () => sql(`SELECT state FROM skillancer.mail WHERE id = '${mail}'`) === 'SENT', 5000);
	const begin = Date.now();
	world('restart');
	const took = Date.now() - begin;
	assert.ok(took < 10_000, `stopped and started within ${took} ms`);
	readEnv();
	stripe.mute = false;
	stripe.release();
	sql(`UPDATE skillancer.provider_call SET lease_until = skillancer.now() WHERE state = 'SENDING'`);
	await until('all of them are captured', () => sql(`SELECT count(*) FROM skillancer.charge WHERE state = 'CAPTURED' AND id = ANY ('{${ids.join()}}'::skillancer.charge_id[])`) === '20');
	for (const id of ids) assert.equal(stripe.intentOf(id).length, 1);
	agree();
});

test('webhooks and answers at the same time: one capture each', async () => {
	stripe.webhooks = `${env.SKL_URL}/v1/webhooks/stripe`;
	writeFileSync(join(tmp, 'secrets'), `${stripe.secret}\n`);
	const { uid, gid } = statSync(join(tmp, 'w/data'));
	chownSync(join(tmp, 'secrets'), uid, gid);
	set({ 'skillancer.stripe_webhook_secret_file': join(tmp, 'secrets') });
	const ids = Array.from({ length: 10 }, () => pay());
	await until('all are captured', () => sql(`SELECT count(*) FROM skillancer.charge WHERE state = 'CAPTURED' AND id = ANY ('{${ids.join()}}'::skillancer.charge_id[])`) === '10');
	const events = stripe.events.filter((e) => e.type === 'payment_intent.succeeded' && ids.includes(e.data.object.metadata.skillancer_id));
	assert.deepEqual(await Promise.all(events.flatMap((e) => [stripe.deliver(e), stripe.deliver(e), stripe.deliver(e)])), Array(30).fill(200));
	await until('all webhooks are settled', () => sql(`SELECT count(*) FROM skillancer.provider_event WHERE state = 'RECEIVED'`) === '0');
	assert.equal(sql(`SELECT count(*) FROM skillancer.provider_event WHERE state = 'PARKED'`), '0');
	agree();
	stripe.webhooks = undefined;
});

test('nothing is sent to who is not the provider, or in the clear to another machine', async () => {
	const pem = join(tmp, 'tls');
	run('openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-keyout', `${pem}.key`, '-out', `${pem}.crt`);
	chmodSync(`${pem}.crt`, 0o644);
	let asked = 0;
	const server = https.createServer({ key: readFileSync(`${pem}.key`), cert: readFileSync(`${pem}.crt`) }, (request, response) => {
		asked++;
		response.writeHead(402, { 'content-type': 'application/json' });
		response.end('{"error":{"type":"card_error","code":"card_declined","decline_code":"fraudulent","message":"No."}}');
	});
	await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
	const { port } = server.address();
	const refused = async (address, error) => {
		set({ 'skillancer.stripe_url': address });
		settle();
		const id = pay();
		await until(`${address}: it is ERRORED`, () => state(id) === 'ERRORED');
		assert.match(sql(`SELECT last_error FROM skillancer.provider_call WHERE operation = 'CHARGE' AND ref = '${id}'::skillancer.charge_id::uuid`), error);
		sql(`DELETE FROM skillancer.due WHERE id = '${id}'::skillancer.charge_id::uuid`);
	};
	await refused(`https://localhost:${port}`, /certificate/i);
	await refused('http://192.0.2.1:80', /protocol/i);
	await refused('http://127.0.0.1.example:80', /protocol/i);
	assert.equal(asked, 0);
	set({ 'skillancer.stripe_url': `https://127.0.0.1:${port}`, 'skillancer.stripe_ca_file': `${pem}.crt` });
	settle();
	const named = pay();
	await until('the name is checked, too', () => state(named) === 'ERRORED');
	assert.equal(asked, 0);
	set({ 'skillancer.stripe_url': `https://localhost:${port}` });
	settle();
	const id = pay();
	await until('under a certificate that is trusted it is sent', () => state(id) === 'FAILED');
	assert.equal(sql(`SELECT failure_code FROM skillancer.charge WHERE id = '${id}'`), 'fraudulent');
	await new Promise((resolve) => { server.closeAllConnections(); server.close(resolve); });
});

test('the secret key is in no log', () => {
	assert.ok(!readFileSync(join(tmp, 'w/log/postgresql.log'), 'utf8').includes(stripe.key));
});
