// test/http/deadlines.test.mjs
//	Absolute deadlines: dribbling clients are cut, honest ones are not, on a bridge of its own with short times.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { after, before, test } from 'node:test';
import { addRoutes, call, removeRoutes, routed, sleep, startBridge, until } from './support.mjs';

let bridge;

before(async () => {
	addRoutes(`
		CREATE OR REPLACE FUNCTION skillancer_api.t_text(p_size integer) RETURNS json LANGUAGE plpgsql STABLE AS $$
		BEGIN RETURN to_json(repeat('abcdefghij', p_size / 10)); END $$;
		CREATE OR REPLACE FUNCTION skillancer_api.t_post(p_text text) RETURNS json LANGUAGE plpgsql AS $$ BEGIN RETURN to_json(length(p_text)); END $$;`,
	["'GET', '/v1/t/text', 't_text', 'anyone', timeout_ms => 30000", "'POST', '/v1/t/post', 't_post', 'anyone'"]);
	bridge = await startBridge({ header_deadline_ms: 1000, write_stall_ms: 1000, idle_timeout_ms: 2000, max_connections: 64 });
	assert.ok(await routed('/v1/t/post', bridge.base));
});
after(async () => { await bridge?.stop(); removeRoutes(); });

// Opens a connection; seconds until the server closed it, or undefined when it is open after ms.
function open(write, { ms = 4000 } = {}) {
	return new Promise((resolve) => {
		const { hostname, port } = new URL(bridge.base);
		const start = Date.now();
		let text = '';
		const socket = net.connect({ host: hostname, port: Number(port) }, () => write(socket));
		const timer = setTimeout(() => { socket.destroy(); resolve({ text }); }, ms);
		const done = () => { clearTimeout(timer); resolve({ seconds: (Date.now() - start) / 1000, text }); };
		socket.on('data', (chunk) => { text += chunk; });
		socket.on('end', done);
		socket.on('close', done);
		socket.on('error', done);
	});
}

async function dribble(socket, text, pause) {
	for (const byte of text) {
		if (socket.destroyed) return;
		socket.write(byte);
		await sleep(pause);
	}
}

test('a connection without a request', async () => {
	const { seconds } = await open(() => {});
	assert.ok(seconds > 0.8 && seconds < 3.5, `${seconds}`);
});

test('a request line in drips', async () => {
	const { seconds } = await open((socket) => dribble(socket, `GET /${'a'.repeat(500)}`, 50));
	assert.ok(seconds > 0.8 && seconds < 3.5, `${seconds}`);
});

test('headers in drips', async () => {
	const { seconds, text } = await open((socket) => {
		socket.write('GET /health/live HTTP/1.1\r\nHost: x\r\n');
		dribble(socket, 'X-A: b\r\n'.repeat(100), 50);
	});
	assert.ok(seconds > 0.8 && seconds < 3.5, `${seconds} ${text}`);
});

test('a body in drips', async () => {
	const { seconds, text } = await open((socket) => {
		socket.write('POST /v1/t/post HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n');
		dribble(socket, 'a'.repeat(5000), 20);
	});
	assert.ok(seconds > 0.8 && seconds < 3.5, `${seconds} ${text}`);
});

test('a body that is slow but above the floor', async () => {
	const body = JSON.stringify({ text: 'a'.repeat(6000) });
	const { text } = await open(async (socket) => {
		socket.write(`POST /v1/t/post HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n`);
		for (let i = 0; i < body.length; i += 300) { socket.write(body.slice(i, i + 300)); await sleep(100); }
	});
	assert.match(text, /"data":6000/);
});

// Node reads ahead whatever one does, so a few lines of Python keep their hands off the socket until they are told.
const lazyReader = `
import socket, sys
s = socket.create_connection(('127.0.0.1', int(sys.argv[1])))
s.sendall(b'GET /v1/t/text?size=16000000 HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n')
sys.stdin.readline()
got = 0
try:
    while True:
        data = s.recv(1 << 20)
        if not data: break
        got += len(data)
except OSError: pass
print(got)
`;

test('an answer that is not read', async () => {
	const cut = async () => Number((await (await fetch(`${bridge.admin}/metrics`)).text()).match(/connections_cut_total (\d+)/)[1]);
	const before = await cut();
	const reader = spawn('python3', ['-c', lazyReader, new URL(bridge.base).port], { stdio: ['pipe', 'pipe', 'inherit'] });
	let got = '';
	reader.stdout.on('data', (data) => { got += data; });
	const isCut = await until(async () => await cut() > before, 30000);
	reader.stdin.end('go\n');
	await once(reader, 'close');
	assert.ok(isCut, `the connection is cut, ${got} bytes read`);
	assert.ok(Number(got) > 0 && Number(got) < 16000000, `${got} bytes`);
});

test('an idle connection after a request', async () => {
	const { seconds, text } = await open((socket) => socket.write('GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n'), { ms: 6000 });
	assert.match(text, /200 OK/);
	assert.ok(seconds > 1.8 && seconds < 5, `${seconds}`);
});

test('others are served while fifty dribble', async () => {
	const bad = Array.from({ length: 50 }, () => open((socket) => dribble(socket, `GET /${'a'.repeat(100)}`, 100), { ms: 3000 }));
	await sleep(100);
	for (let i = 0; i < 20; i++) {
		const start = Date.now();
		assert.equal((await call('POST', '/v1/t/post', { base: bridge.base, body: { text: 'abc' } })).status, 200);
		assert.ok(Date.now() - start < 2000);
	}
	await Promise.all(bad);
	assert.ok(await until(async () => (await call('POST', '/v1/t/post', { base: bridge.base, body: { text: 'abc' } })).status === 200));
});
