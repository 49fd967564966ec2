// kill.test.mjs
//	Kills a backend, every worker, the postmaster and the bridge while clients write, and checks what clients rely
//	on: what was acknowledged is there, nothing is there twice, and service is back within ten seconds.
//
//	Every write carries an Idempotency-Key and is sent again with the same key until it is answered, as a careful
//	client does; the log of acknowledged writes is compared with the tables at the end. Every event of theirs is then
//	in the app once, and at both endpoints of webhooks at least once, under one id with one body, in the order of each
//	thing.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const WORLD = join(dirname(fileURLToPath(import.meta.url)), '..', 'world');
const CLIENTS = 6;
const RECOVERY_MS = 10_000;
const HOOKS = ['/hooks/kill-a', '/hooks/kill-b'];

let env;
let dir;
let running = true;
const acknowledged = new Map(); // title of a posting → its id
const charged = new Map(); // id of a charge → its amount in cents
let card;
const endpoints = [];
let sent = 0;
let lastSuccess = 0;

const world = (...args) => execFileSync(WORLD, [...args, '--dir', dir], { encoding: 'utf8', timeout: 120_000 });

function readEnv() {
	env = Object.fromEntries([...world('env').matchAll(/^export (\w+)='(.*)'$/gm)].map(m => [m[1], m[2]]));
}

function sql(statement) {
	return execFileSync('psql', ['-XAtq', '-v', 'ON_ERROR_STOP=1', '-h', env.SKL_PGHOST, '-p', env.SKL_PGPORT,
		'-U', env.SKL_SUPERUSER, '-d', env.SKL_PGDATABASE, '-c', statement], { encoding: 'utf8' }).trim();
}

const pause = ms => new Promise(resolve => setTimeout(resolve, ms));

async function until(condition, ms, what) {
	const end = Date.now() + ms;
	while (!(await condition())) {
		assert.ok(Date.now() < end, `${what} within ${ms} ms`);
		await pause(50);
	}
}

// What write number n is: a posting, or so many cents into the wallet, by turns.
function order(number) {
	const amount = cents => ({ amount: (cents / 100).toFixed(2), currency: 'USD' });
	if (number % 2 === 0) {
		return {
			route: 'payments/charges', body: { amount: amount(number), paymentMethodId: card },
			done: data => charged.set(data.id, number),
		};
	}
	const title = `chaos posting ${number}`;
	return {
		route: 'projects', done: data => acknowledged.set(title, data.id),
		body: {
			title, description: 'A posting that has to survive whatever happens to the server.',
			budgetKind: 'FIXED', budgetMin: amount(10_000), budgetMax: amount(20_000),
		},
	};
}

// One write, repeated with its key until somebody answers.
async function write(number) {
	const { route, body: request, done } = order(number);
	while (running) {
		try {
			const answer = await fetch(`${env.SKL_URL}/v1/${route}`, {
				method: 'POST',
				headers: {
					'content-type': 'application/json',
					authorization: `Bearer ${env.SKL_CLIENT_TOKEN}`,
					'idempotency-key': `chaos-${number}`,
				},
				body: JSON.stringify(request),
				signal: AbortSignal.timeout(8000),
			});
			const body = await answer.json();
			if (answer.status === 201) {
				done(body.data);
				lastSuccess = Date.now();
				return;
			}
			assert.ok([409, 503, 504].includes(answer.status), `unexpected ${answer.status}: ${JSON.stringify(body)}`);
		} catch (error) {
			if (error instanceof assert.AssertionError) throw error;
		}
		await pause(100);
	}
}

async function client() {
	while (running) await write(++sent);
}

// Kills, lets the supervisor act, and waits for the first write that is acknowledged afterwards.
async function strike(what, pid) {
	assert.ok(Number(pid) > 1, `${what} has a pid`);
	process.kill(Number(pid), 'SIGKILL');
	const struck = Date.now();
	await pause(200);
	world('revive');
	await until(() => lastSuccess > struck + 200, RECOVERY_MS, `a write after killing ${what}`);
}

// Posts as the client of the world; the data of the answer.
async function post(route, body) {
	const answer = await fetch(`${env.SKL_URL}/v1/${route}`, {
		method: 'POST', body: JSON.stringify(body),
		headers: { 'content-type': 'application/json', authorization: `Bearer ${env.SKL_CLIENT_TOKEN}` },
	});
	assert.ok(answer.ok, `${route}: ${answer.status}`);
	return (await answer.json()).data;
}

// What each endpoint received, and the notifications, against the events of the client.
async function checkDeliveries(hooks) {
	const idle = `SELECT bool_and(skillancer.consumer_idle(name)) AND NOT EXISTS (SELECT FROM skillancer.webhook_delivery WHERE state <> 'DELIVERED')
		FROM skillancer.consumer WHERE name IN ('notifier', 'webhooks')`;
	await until(() => sql(idle) === 't', 60_000, 'all is delivered');
	const events = sql(`SELECT e.id || '|' || e.aggregate_id || '|' || e.type FROM skillancer.event e
		WHERE e.audience @> ARRAY[(SELECT user_id::uuid FROM skillancer.webhook WHERE id = '${hooks[0].id}')]
			AND e.source IN ('project', 'payment') AND e.at >= (SELECT max(created_at) FROM skillancer.webhook) ORDER BY e.seq`).split('\n').map(line => line.split('|'));
	assert.ok(events.length > 50);
	const received = readFileSync(join(env.SKL_WEBHOOK_DIR, 'index.jsonl'), 'utf8').trim().split('\n').map(line => JSON.parse(line));
	for (const at of HOOKS) {
		const bodies = new Map(); // by id, in the order of the first arrival
		for (const { headers, body } of received.filter(r => r.path === at)) {
			const id = headers['webhook-id'];
			assert.equal(bodies.get(id) ?? body, body, `${id} has one body`);
			bodies.set(id, body);
		}
		const place = new Map([...bodies.keys()].map((id, i) => [id, i]));
		const last = new Map(); // of a thing
		for (const [id, thing, type] of events) {
			assert.ok(place.has(id), `${at} has heard of ${type} ${id}`);
			assert.ok(!(place.get(id) < last.get(thing)), `${type} ${id} came in its order`);
			last.set(thing, place.get(id));
		}
		assert.equal(bodies.size, events.length, 'and of nothing else');
	}
	assert.equal(sql(`SELECT count(*) FROM skillancer.notification WHERE type = 'kill'`),
		String(events.filter(([, , type]) => type === 'project.created').length), 'each is in the app once');
}

const backend = () => sql(`SELECT pid FROM pg_stat_activity WHERE usename = 'skillancer_bridge' ORDER BY random() LIMIT 1`);

before(async () => {
	dir = mkdtempSync(join(tmpdir(), 'skl-kill.'));
	world('up', '--conf', 'fsync = on');
	readEnv();
	card = (await post('payment-methods', { token: 'tok_success' })).id;
	sql(`INSERT INTO skillancer.notification_rule (key, event_type, recipients, type, category) VALUES ('kill', 'project.created', 'actor', 'kill', 'PROJECTS');
		INSERT INTO skillancer.template (type, channel, locale, title, body) VALUES ('kill', 'IN_APP', 'en', 'A posting', 'It was made.')`);
	for (const at of HOOKS) endpoints.push(await post('webhooks', { url: env.SKL_WEBHOOK_URL + at, events: ['project.*', 'payment.*'] }));
});

after(() => {
	running = false;
	if (dir) world('down');
});

test('acknowledged writes survive kill -9 of everything, exactly once', { timeout: 240_000 }, async t => {
	const clients = Array.from({ length: CLIENTS }, client);
	await until(() => acknowledged.size + charged.size > 20, RECOVERY_MS, 'the first writes');

	await t.test('a backend, three times', async () => {
		for (let i = 0; i < 3; i++) await strike('a backend', backend());
	});
	for (const worker of ['timekeeper', 'notifier', 'courier']) {
		await t.test(`the ${worker}`, async () => {
			const pid = () => sql(`SELECT coalesce(max(pid), 0) FROM skillancer.worker_status WHERE worker = '${worker}'`);
			await until(() => Number(pid()) > 1, 30_000, `${worker} runs`);
			const old = pid();
			await strike(`the ${worker}`, old);
			await until(() => { try { return Number(pid()) > 1 && pid() !== old; } catch { return false; } }, 30_000, `${worker} is back`);
		});
	}
	await t.test('the postmaster', async () => {
		await strike('the postmaster', env.SKL_POSTMASTER_PID);
		readEnv();
	});
	await t.test('the bridge', async () => {
		await strike('the bridge', env.SKL_BRIDGE_PID);
		readEnv();
	});

	running = false;
	await Promise.all(clients);
	assert.ok(acknowledged.size + charged.size > 50, `${acknowledged.size} postings and ${charged.size} charges were acknowledged`);

	const rows = new Map(sql(`SELECT title || '|' || id FROM skillancer.project WHERE title LIKE 'chaos posting %'`)
		.split('\n').map(line => line.split('|')));
	const count = Number(sql(`SELECT count(*) FROM skillancer.project WHERE title LIKE 'chaos posting %'`));
	assert.equal(count, rows.size, 'nothing was written twice');
	for (const [title, id] of acknowledged) assert.equal(rows.get(title), id, `${title} was acknowledged and is there`);
	assert.equal(count, acknowledged.size, 'nothing is there that no client was told of');
	assert.equal(sql(`SELECT count(*) FROM skillancer.event WHERE type = 'project.created' AND aggregate_id IN
		(SELECT id::uuid FROM skillancer.project WHERE title LIKE 'chaos posting %')`), String(count), 'each has one event');

	const captured = new Map(sql(`SELECT c.id || '|' || skillancer.monetary_minor(c.amount) FROM skillancer.charge c
		WHERE c.payment_method_id = '${card}' AND c.state = 'CAPTURED'`).split('\n').map(line => line.split('|')));
	for (const [id, cents] of charged) assert.equal(captured.get(id), String(cents), `charge ${id} was acknowledged and is there`);
	assert.equal(captured.size, charged.size, 'nobody was charged without being told');
	const total = [...charged.values()].reduce((sum, cents) => sum + cents, 0);
	assert.equal(sql(`SELECT sum(a.balance) FROM skillancer.ledger_account a JOIN skillancer.payment_method m ON m.user_id::uuid = a.owner
		WHERE m.id = '${card}' AND a.class = 'client_wallet'`), String(total), 'the wallet holds every cent, once');
	assert.equal(sql(`SELECT count(*) FROM skillancer.trial_balance t GROUP BY skillancer.monetary_currency(t.balance)
		HAVING skillancer.monetary_minor(skillancer.sum(t.balance)) <> 0`), '', 'the books are balanced');
	await checkDeliveries(endpoints);
});
