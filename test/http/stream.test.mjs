// test/http/stream.test.mjs
//	The live stream: where it is, who hears what, resuming, and what ends it; with raw sockets, the eventsource
//	client of npm and EventSource of Chromium.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { EventSource } from 'eventsource';
import { call, env, freePort, makeUsers, sleep, sql, startBridge, token, until } from './support.mjs';

let bridge;
let stream;
let page;
let users;
let silent;

before(async () => {
	const port = await freePort();
	page = http.createServer();
	await new Promise((resolve) => { page.listen(0, '127.0.0.1', resolve); });
	bridge = await startBridge({ stream_port: port, stream_max_per_user: 3, cors_origins: `http://127.0.0.1:${page.address().port}` });
	stream = `http://127.0.0.1:${port}`;
	users = makeUsers(12, bridge);
	await until(async () => metric('skillancer_sse_lag_seconds').then((lag) => lag >= 0));
	silent = await listen(users[8]);
});
after(async () => {
	page?.close();
	await bridge?.stop();
});

// Appends events in one transaction each, numbered from first; text goes into their data.
function emit(user, count, { first = 1, text = '' } = {}) {
	sql(`SELECT skillancer.emit('t.numbered', 't', skillancer.new_id(), jsonb_build_object('n', n, 'text', $t$${text}$t$), ARRAY['${user.uuid}'::uuid])
		FROM generate_series(${first}, ${first + count - 1}) n`);
}

async function metric(name) {
	const text = await (await fetch(`${bridge.admin}/metrics`)).text();
	return Number(text.match(new RegExp(`^${name} (\\S+)$`, 'm'))?.[1]);
}

// Listens with fetch; events gather in list until the stream ends or stop() is called.
async function listen(user, { after: lastId, headers = {}, base = stream, bearer = user.token } = {}) {
	const abort = new AbortController();
	const heard = { list: [], comments: 0, id: undefined, ended: false, stop: () => abort.abort() };
	const response = await fetch(`${base}/v1/stream`, {
		signal: abort.signal,
		headers: { ...(bearer ? { authorization: `Bearer ${bearer}` } : {}), ...(lastId ? { 'last-event-id': lastId } : {}), ...headers },
	});
	heard.status = response.status;
	heard.response = response;
	if (response.status !== 200) return heard;
	const read = async () => {
		let text = '';
		const decoder = new TextDecoder();
		for await (const chunk of response.body) {
			text += decoder.decode(chunk, { stream: true });
			for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
				const event = {};
				for (const line of text.slice(0, end).split('\n')) {
					const [, field, value] = line.match(/^([^:]*):? ?(.*)$/);
					if (field === '') heard.comments++;
					else event[field] = value;
				}
				text = text.slice(end + 2);
				if (event.id) heard.id = event.id;
				if (event.data) heard.list.push({ id: event.id, type: event.event, data: JSON.parse(event.data) });
				if (event.retry) heard.retry = Number(event.retry);
			}
		}
	};
	heard.over = read().catch(() => {}).then(() => { heard.ended = true; });
	return heard;
}

const numbers = (heard) => heard.list.filter((e) => e.type === 't.numbered').map((e) => e.data.data.n);
const oneTo = (count) => Array.from({ length: count }, (_, i) => i + 1);

test('the API sends clients on to the port of the stream, which has nothing else', async () => {
	const [user] = users;
	const there = await fetch(`${bridge.base}/v1/stream?lastEventId=1.0`, { redirect: 'manual', headers: { authorization: `Bearer ${user.token}` } });
	assert.equal(there.status, 307);
	assert.equal(there.headers.get('location'), `${stream}/v1/stream?lastEventId=1.0`);
	assert.equal((await call('GET', '/v1/projects', { base: stream })).status, 404);
	assert.equal((await listen(user, { bearer: null })).status, 401);
	assert.equal((await listen(user, { bearer: 'nonsense' })).status, 401);
	assert.equal((await fetch(`${stream}/v1/stream`, { method: 'POST' })).status, 405);
});

test('a bridge without a stream says so', async () => {
	const other = await startBridge();
	try {
		const [user] = makeUsers(1, other);
		const answer = await call('GET', '/v1/stream', { base: other.base, token: user.token });
		assert.equal(answer.status, 404);
		assert.equal(answer.json.error.code, 'RESOURCE_NOT_FOUND');
	} finally {
		await other.stop();
	}
});

test('each user hears what he is in the audience of, on every stream, and nothing of others', async () => {
	const [, one, two] = users;
	const streams = [await listen(one), await listen(one), await listen(two)];
	emit(one, 20, { text: 'line\nbreak: \r\n\ndata: forged' });
	emit(two, 5, { first: 100 });
	await until(() => numbers(streams[0]).length === 20 && numbers(streams[1]).length === 20 && numbers(streams[2]).length === 5);
	assert.deepEqual(numbers(streams[0]), oneTo(20));
	assert.deepEqual(numbers(streams[1]), oneTo(20));
	assert.deepEqual(numbers(streams[2]), [100, 101, 102, 103, 104]);
	const { data } = streams[0].list[0];
	assert.equal(data.data.text, 'line\nbreak: \r\n\ndata: forged');
	assert.match(data.id, /^evt_/);
	for (const field of ['type', 'version', 'timestamp', 'source', 'metadata']) assert.ok(field in data, field);
	const positions = streams[0].list.map((e) => Number(e.id.split('.')[1]));
	assert.ok(positions.every((p, i) => i === 0 || p > positions[i - 1]), 'ids rise');
	streams.forEach((s) => s.stop());
});

test('a notification comes with its text', async () => {
	const user = users[3];
	const heard = await listen(user);
	sql(`SELECT skillancer.emit('user.verified', 'user', '${user.uuid}', jsonb_build_object('userId', '${user.id}', 'from', 'PENDING', 'state', 'ACTIVE'), ARRAY['${user.uuid}'::uuid])`);
	const found = await until(() => heard.list.find((e) => e.type === 'notification'));
	assert.equal(found.data.type, 'user.verified');
	assert.match(found.data.id, /^ntf_/);
	assert.ok(found.data.title.length > 0);
	heard.stop();
});

test('resuming loses nothing and repeats nothing, wherever it was cut', async () => {
	const user = users[4];
	const seen = [];
	let id = (await listen(user).then(async (h) => { await until(() => h.id); h.stop(); return h; })).id;
	const writing = (async () => {
		for (let i = 0; i < 30; i++) { emit(user, 10, { first: i * 10 + 1 }); await sleep(5); }
	})();
	for (let round = 0; seen.length < 300 && round < 400; round++) {
		const heard = await listen(user, { after: id });
		await until(() => heard.list.length > 0 || heard.ended, 500);
		heard.stop();
		await heard.over;
		seen.push(...numbers(heard));
		id = heard.id ?? id;
	}
	await writing;
	assert.deepEqual(seen, oneTo(300));
	// more than one answer holds, from the start
	const all = [];
	const first = sql(`SELECT skillancer.epoch() || '.' || min(position) - 1 FROM skillancer.stream_entry WHERE user_id::uuid = '${user.uuid}'`)[0][0];
	emit(user, 500, { first: 301 });
	await until(() => sql(`SELECT count(*) FROM skillancer.stream_entry WHERE user_id::uuid = '${user.uuid}'`)[0][0] === '800');
	for (let from = first, pages = 0; all.length < 800 && pages < 5; pages++) {
		const heard = await listen(user, { after: from });
		await until(() => heard.ended || heard.list.length + all.length >= 800);
		heard.stop();
		all.push(...numbers(heard));
		from = heard.id;
	}
	assert.deepEqual(all, oneTo(800));
});

test('an id that tells nothing, or nothing any more, gets resync', async () => {
	const user = users[5];
	const head = sql("SELECT epoch || '.' || head FROM skillancer.stream_position()")[0][0];
	for (const id of ['nonsense', '999.1', '1.99999999999', '-1', `${head}0000`]) {
		const heard = await listen(user, { after: id });
		const event = await until(() => heard.list[0]);
		assert.equal(event.type, 'resync', id);
		assert.match(event.id, /^\d+\.\d+$/);
		heard.stop();
	}
	emit(user, 3);
	await until(() => Number(sql(`SELECT count(*) FROM skillancer.stream_entry WHERE user_id::uuid = '${user.uuid}'`)[0][0]) === 3);
	const [first] = sql(`SELECT skillancer.epoch() || '.' || min(position) - 1 FROM skillancer.stream_entry WHERE user_id::uuid = '${user.uuid}'`)[0];
	sql(`BEGIN;
		UPDATE skillancer.stream_entry SET created_at = created_at - interval '10 days' WHERE position <= (SELECT max(position) - 1 FROM skillancer.stream_entry WHERE user_id::uuid = '${user.uuid}');
		SELECT skillancer.trim_stream(); COMMIT;`);
	const heard = await listen(user, { after: first });
	await until(() => heard.list[0]);
	assert.equal(heard.list[0].type, 'resync');
	heard.stop();
});

test('a session that was revoked hears nothing more', async () => {
	const user = users[6];
	const heard = await listen(user);
	emit(user, 1);
	await until(() => numbers(heard).length === 1);
	sql(`UPDATE skillancer.session SET revoked_at = skillancer.now(), revoked_reason = 'REVOKED' WHERE user_id::uuid = '${user.uuid}'`);
	emit(user, 1, { first: 2 });
	await until(() => heard.ended);
	assert.ok(heard.ended);
	assert.deepEqual(numbers(heard), [1]);
	assert.equal((await listen(user)).status, 401);
});

test('the stream ends with its token', async () => {
	const user = users[7];
	const now = Math.floor(Date.now() / 1000);
	const heard = await listen(user, { bearer: token(bridge, { sub: user.id, sid: user.sid, roles: ['USER'], exp: now + 2 }) });
	assert.equal(heard.status, 200);
	await until(() => heard.ended, 6000);
	assert.ok(heard.ended);
	assert.ok(Date.now() / 1000 >= now + 2);
});

test('one user has no more streams than are allowed', async () => {
	const user = users[8];
	const streams = [silent];
	for (let i = 0; i < 2; i++) streams.push(await listen(user));
	const refused = await listen(user);
	assert.equal(refused.status, 429);
	assert.equal((await refused.response.json()).error.code, 'RATE_LIMITED');
	assert.equal(refused.response.headers.get('retry-after'), '60');
	streams[1].stop();
	const next = await until(async () => { const h = await listen(user); return h.status === 200 ? h : undefined; });
	assert.ok(next, 'a place that was left is free again');
	streams[2].stop();
	next.stop();
});

test('a reader that does not read is cut, others go on', async () => {
	const user = users[9];
	const before = await metric('skillancer_sse_dropped_total');
	const { port } = new URL(stream);
	const lazy = net.connect({ host: '127.0.0.1', port: Number(port) }, () => {
		lazy.write(`GET /v1/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${user.token}\r\n\r\n`);
	});
	lazy.on('error', () => {});
	lazy.pause();
	const good = await listen(user);
	await until(async () => await metric('skillancer_sse_clients') >= 2);
	for (let i = 0; i < 60; i++) {
		emit(user, 1, { first: i + 1, text: 'x'.repeat(100000) });
		await until(() => numbers(good).length === i + 1);
	}
	const dropped = await until(async () => await metric('skillancer_sse_dropped_total') > before, 20000);
	assert.ok(dropped);
	assert.deepEqual(numbers(good), oneTo(60));
	good.stop();
	lazy.destroy();
});

test('the eventsource client of npm resumes by itself over a restart of the bridge', async () => {
	const user = users[10];
	const port = await freePort();
	let own = await startBridge({ stream_port: port, jwt_key_dir: bridge.keys });
	const heard = [];
	const source = new EventSource(`http://127.0.0.1:${port}/v1/stream`, {
		fetch: (input, init) => fetch(input, { ...init, headers: { ...init.headers, authorization: `Bearer ${user.token}` } }),
	});
	try {
		source.addEventListener('t.numbered', (event) => heard.push(JSON.parse(event.data).data.n));
		await until(() => source.readyState === EventSource.OPEN);
		emit(user, 50);
		await until(() => heard.length === 50);
		await own.stop('SIGKILL');
		emit(user, 50, { first: 51 });
		own = await startBridge({ stream_port: port, jwt_key_dir: bridge.keys });
		emit(user, 50, { first: 101 });
		await until(() => heard.length >= 150, 15000);
		await sleep(200);
		assert.deepEqual(heard, oneTo(150));
	} finally {
		source.close();
		await own.stop();
	}
});

test('EventSource of a browser listens with a cookie that no script can read', async () => {
	const user = users[11];
	const profile = mkdtempSync(path.join(tmpdir(), 'skl-chromium-'));
	const reports = [];
	page.removeAllListeners('request');
	page.on('request', (request, response) => {
		if (request.method === 'POST') {
			let body = '';
			request.on('data', (chunk) => { body += chunk; }).on('end', () => { reports.push(JSON.parse(body)); response.end(); });
			return;
		}
		response.setHeader('content-type', 'text/html');
		response.end(`<!doctype html><script type="module">
			const report = (what) => fetch('/report', { method: 'POST', body: JSON.stringify(what) });
			const signIn = await fetch('${bridge.base}/v1/stream/cookie', { method: 'POST', credentials: 'include', headers: { authorization: 'Bearer ${user.token}' } });
			await report({ status: signIn.status, cookie: document.cookie });
			const source = new EventSource('${stream}/v1/stream', { withCredentials: true });
			source.onopen = () => report({ open: true });
			source.onerror = () => report({ error: source.readyState });
			source.addEventListener('t.numbered', (event) => report({ n: JSON.parse(event.data).data.n, id: event.lastEventId }));
		</script>`);
	});
	const browser = spawn('chromium', ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run',
		`--user-data-dir=${profile}`, `http://127.0.0.1:${page.address().port}/`], { stdio: 'ignore' });
	try {
		await until(() => reports.some((r) => r.open), 30000);
		assert.deepEqual(reports[0], { status: 204, cookie: '' });
		emit(user, 3);
		await until(() => reports.filter((r) => r.n).length === 3);
		assert.deepEqual(reports.map((r) => r.n).filter(Boolean).sort(), [1, 2, 3]);
	} finally {
		const gone = new Promise((resolve) => { browser.once('exit', resolve); });
		browser.kill('SIGKILL');
		await gone;
		await until(() => { rmSync(profile, { recursive: true, force: true }); return true; });
	}
	const answer = await call('POST', '/v1/stream/cookie', { base: bridge.base, token: user.token });
	const cookie = answer.headers.get('set-cookie');
	assert.match(cookie, /^skl_stream=[^;]+; Path=\/v1\/stream; Max-Age=900; HttpOnly; Secure; SameSite=Strict$/);
	const heard = await listen(user, { bearer: null, headers: { cookie: cookie.split(';')[0] } });
	assert.equal(heard.status, 200);
	heard.stop();
	assert.equal((await call('GET', '/v1/notifications', { base: bridge.base, headers: { cookie: cookie.split(';')[0] } })).status, 401);
});

test('a bridge that stops tells its streams when to come back', async () => {
	const port = await freePort();
	const own = await startBridge({ stream_port: port, jwt_key_dir: bridge.keys });
	const heard = await listen(users[0], { base: `http://127.0.0.1:${port}` });
	assert.equal(heard.status, 200);
	assert.equal(await own.stop(), 0);
	await until(() => heard.ended);
	assert.ok(heard.ended);
	assert.ok(heard.retry >= 1000 && heard.retry < 10000, `retry ${heard.retry}`);
});

test('a silent stream beats', async () => {
	await until(() => silent.comments > 0, 20000);
	assert.ok(silent.comments > 0, 'a comment every 15 seconds or so');
	assert.ok(!silent.ended);
	silent.stop();
});
