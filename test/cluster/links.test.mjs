// test/cluster/links.test.mjs
//	Swizzle-clog (faults.md 37): the links client-bridge, bridge-database, courier-mail server and courier-receiver of
//	webhooks are clogged one by one and healed in another order. Within 30 seconds after that everything has arrived:
//	answers and live stream once, mails and webhooks at least once and under one id.
//
//	The order comes from a seed, SKL_SEED or 37. The waits between attempts (half a minute for a mail, a minute for a
//	webhook) are cut short, the time that deliveries may take is two seconds.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { EventSource } from 'eventsource';
import { env, freePort, makeUsers, sleep, sql, startBridge, until } from '../http/support.mjs';
import { Link } from '../lib/link.mjs';

const dir = mkdtempSync(path.join(tmpdir(), 'skl-links-'));
const seed = Number(process.env.SKL_SEED ?? 37);
const SETTINGS = { 'skillancer.courier_timeout': '2s', 'skillancer.webhook_timeout': '2s' };
const links = {};
const mails = [];
let bridge;
let user;
let stream;
let webhook;

// the same numbers for the same seed
let state = seed;
function random() {
	state = (state + 0x6d2b79f5) | 0;
	let t = Math.imul(state ^ (state >>> 15), 1 | state);
	t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
	return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}
const shuffled = (list) => list.map((value) => [random(), value]).sort(([a], [b]) => a - b).map(([, value]) => value);

async function link(name, to, at) {
	links[name] = new Link(name, to);
	return links[name].listen(at);
}

const reset = (names) => sql([...names.map((name) => `ALTER SYSTEM RESET ${name};`), 'SELECT pg_reload_conf();'].join('\n'));

before(async () => {
	const { uid, gid } = statSync(path.join(env.SKL_DIR, 'data'));
	const socket = path.join(dir, `.s.PGSQL.${env.SKL_PGPORT}`);
	await link('database', { path: path.join(env.SKL_PGHOST, `.s.PGSQL.${env.SKL_PGPORT}`) }, socket);
	if (process.getuid() === 0) for (const place of [dir, socket]) chownSync(place, uid, gid);
	chmodSync(dir, 0o700);
	const streamPort = await freePort();
	bridge = await startBridge({ database: `host=${dir} port=${env.SKL_PGPORT} dbname=${env.SKL_PGDATABASE} user=skillancer_bridge`, stream_port: streamPort });
	const api = await link('api', { host: '127.0.0.1', port: Number(new URL(bridge.base).port) });
	const live = await link('stream', { host: '127.0.0.1', port: streamPort });
	const smtp = await link('mail', { host: '127.0.0.1', port: Number(env.SKL_SMTP_PORT) });
	const hooks = await link('webhooks', { host: '127.0.0.1', port: Number(new URL(env.SKL_WEBHOOK_URL).port) });
	Object.assign(links, { base: `http://127.0.0.1:${api}`, live: `http://127.0.0.1:${live}/v1/stream` });
	for (const [name, value] of Object.entries({ ...SETTINGS, 'skillancer.smtp_url': `smtp://127.0.0.1:${smtp}` })) sql(`ALTER SYSTEM SET ${name} = '${value}'`);
	sql('SELECT pg_reload_conf()');
	[user] = makeUsers(1, bridge);
	sql(`SELECT skillancer.email_verified('${user.uuid}'::uuid::skillancer.user_id)`);
	const target = `http://127.0.0.1:${hooks}/hooks/links-${user.uuid}`;
	const made = await (await fetch(`${bridge.base}/v1/webhooks`, { method: 'POST', body: JSON.stringify({ url: target, events: ['project.created'] }),
		headers: { authorization: `Bearer ${user.token}`, 'content-type': 'application/json' } })).json();
	assert.ok(made.data?.id, JSON.stringify(made));
	webhook = { id: made.data.id, path: new URL(target).pathname };
});

after(async () => {
	stream?.close();
	await bridge?.stop('SIGKILL');
	for (const one of Object.values(links)) if (one instanceof Link) await one.close();
	reset([...Object.keys(SETTINGS), 'skillancer.smtp_url']);
	rmSync(dir, { recursive: true, force: true });
});

// Creates a project, asking again under the same key until there is an answer, and queues a mail with it.
async function work(n) {
	const key = randomUUID();
	for (;;) {
		try {
			const response = await fetch(`${links.base}/v1/projects`, { method: 'POST', signal: AbortSignal.timeout(2500),
				headers: { authorization: `Bearer ${user.token}`, 'content-type': 'application/json', 'idempotency-key': key },
				body: JSON.stringify({ title: `Swizzled project number ${n}`, description: 'A project that is made while all links are clogged, one after the other.',
					budgetKind: 'FIXED', budgetMin: { amount: '1.00', currency: 'USD' }, budgetMax: { amount: '9.00', currency: 'USD' } }) });
			const { data, error } = await response.json();
			if (response.status === 201) return data.id;
			assert.ok([409, 429, 503, 504].includes(response.status), `${response.status}: ${JSON.stringify(error)}`);
		} catch (error) {
			if (error instanceof assert.AssertionError) throw error;
		}
		await sleep(100);
	}
}

// In place of the waits between attempts: what waits is due now.
const hurry = () => sql(`UPDATE skillancer.mail SET due_at = skillancer.now(), paced_at = NULL WHERE state = 'QUEUED' AND id = ANY ('{${mails}}');
	UPDATE skillancer.webhook_delivery SET due_at = skillancer.now() WHERE state = 'QUEUED' AND webhook_id = '${webhook.id}';
	UPDATE skillancer.webhook_health SET paused_until = NULL, next_at = skillancer.now() WHERE webhook_id = '${webhook.id}';
	SELECT skillancer.wake('courier');`);

function received() {
	const index = path.join(env.SKL_WEBHOOK_DIR, 'index.jsonl');
	if (!existsSync(index)) return [];
	return readFileSync(index, 'utf8').trim().split('\n').map((line) => JSON.parse(line)).filter((line) => line.path === webhook.path);
}

test('after all links were clogged and healed in turn, everything has arrived within 30 seconds', { timeout: 120_000 }, async (t) => {
	t.diagnostic(`SKL_SEED=${seed}`);
	const heard = [];
	stream = new EventSource(links.live, {
		fetch: (input, init) => fetch(input, { ...init, headers: { ...init.headers, authorization: `Bearer ${user.token}` } }),
	});
	let resyncs = 0;
	stream.addEventListener('project.created', (event) => heard.push(JSON.parse(event.data).id));
	stream.addEventListener('resync', () => { resyncs++; });
	assert.ok(await until(() => stream.readyState === EventSource.OPEN), 'the stream is open');

	let running = true;
	let n = 0;
	const projects = [];
	const writer = async () => {
		while (running) {
			projects.push(await work(++n));
			mails.push(sql(`SELECT skillancer.send_mail('${user.uuid}', 'password_changed')`)[0][0]);
			await sleep(150);
		}
	};
	const writers = [writer(), writer(), writer()];
	const names = ['api', 'database', 'stream', 'mail', 'webhooks'];
	for (let round = 0; round < 2; round++) {
		for (const name of shuffled(names)) {
			await sleep(100 + random() * 300);
			links[name].clog(random() < 0.5 ? 'hold' : 'cut');
		}
		await sleep(1500);
		for (const name of shuffled(names)) {
			links[name].heal();
			await sleep(100 + random() * 300);
		}
	}
	running = false;
	const healed = Date.now();
	await Promise.all(writers);

	const missing = () => {
		const arrived = new Set(received().map((line) => JSON.parse(line.body).data.projectId));
		return { webhooks: projects.filter((id) => !arrived.has(id)).length, stream: projects.length - new Set(heard).size,
			mails: Number(sql(`SELECT count(*) FROM skillancer.mail WHERE id = ANY ('{${mails}}') AND state <> 'SENT'`)[0][0]) };
	};
	const all = () => { hurry(); return Object.values(missing()).every((count) => count === 0); };
	const done = await until(all, 30_000 - (Date.now() - healed));
	const seconds = (Date.now() - healed) / 1000;
	assert.ok(done, `missing after ${seconds.toFixed(1)} s: ${JSON.stringify(missing())}`);
	t.diagnostic(`${projects.length} projects, converged ${seconds.toFixed(1)} s after the last link was healed`);
	assert.ok(projects.length > 3, 'there was something to lose');

	// once each: projects by their keys, events on the stream; webhooks and mails under one id
	assert.equal(new Set(projects).size, projects.length);
	assert.equal(Number(sql(`SELECT count(*) FROM skillancer.project WHERE client_id::uuid = '${user.uuid}'`)[0][0]), projects.length, 'no project twice');
	assert.equal(resyncs, 0, 'the stream went on where it had stopped');
	assert.equal(heard.length, projects.length, 'and says nothing twice');
	const ids = new Map(received().map((line) => [line.headers['webhook-id'], JSON.parse(line.body).data.projectId]));
	assert.equal(ids.size, projects.length, 'a webhook that comes again has its id');
	assert.equal(new Set(ids.values()).size, projects.length);
	const inbox = readFileSync(path.join(env.SKL_SINK_DIR, 'index.jsonl'), 'utf8');
	for (const id of mails) assert.ok(inbox.includes(`<${id}@`), 'the mail is in the mailbox');
});
