// test/http/edge_tls.test.mjs
//	TLS of the listener itself: versions, the answer, and --check of the files.
import { test, before } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { connect } from 'node:tls';
import { get } from 'node:https';
import { binary, database, freePort, identity, join, makeKey, ownDirectory, ownFile, readFileSync, run, until } from './lib/edge.mjs';

let dir;
let certificate;
let key;

before(() => {
	dir = ownDirectory();
	const make = (name) => execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
		'-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-keyout', join(dir, `${name}.raw`), '-out', join(dir, `${name}.pem`)], { stdio: 'ignore' });
	for (const name of ['one', 'two']) {
		make(name);
		ownFile(join(dir, `${name}.key`), readFileSync(join(dir, `${name}.raw`)));
		ownFile(join(dir, `${name}.pem`), readFileSync(join(dir, `${name}.pem`)));
	}
	certificate = join(dir, 'one.pem');
	key = join(dir, 'one.key');
});

// What a handshake with these versions ends in: the version agreed on, or the error.
const handshake = (port, minVersion, maxVersion) => new Promise((resolve) => {
	const socket = connect({ host: '127.0.0.1', port, ca: readFileSync(certificate), servername: 'localhost', minVersion, maxVersion, ciphers: 'DEFAULT:@SECLEVEL=0' }, () => { resolve(socket.getProtocol()); socket.destroy(); });
	socket.on('error', (error) => resolve(error.code ?? 'error'));
});

test('TLS 1.2 and 1.3 are spoken, nothing older, and answers say so', async () => {
	const port = await freePort();
	const keys = ownDirectory();
	await makeKey(keys, 'main', 'ES256');
	const child = spawn(binary, [`--port=${port}`, '--listen_address=127.0.0.1', '--admin_listen=', `--jwt_key_dir=${keys}`, '--threads=1', '--limit_scale=0',
		'--drain_wait_ms=0', `--database=${database} user=skillancer_bridge`, `--tls_certificate=${certificate}`, `--tls_key=${key}`], { ...identity, stdio: 'ignore' });
	try {
		const ask = (path) => new Promise((resolve) => get({ host: '127.0.0.1', port, path, ca: readFileSync(certificate), servername: 'localhost', agent: false }, (answer) => {
			let text = '';
			answer.on('data', (data) => { text += data; }).on('end', () => resolve({ status: answer.statusCode, headers: answer.headers, text }));
		}).on('error', () => resolve(null)));
		assert.ok(await until(async () => (await ask('/health/ready'))?.status === 200));
		const answer = await ask('/v1/categories');
		assert.equal(answer.status, 200);
		assert.match(answer.headers['strict-transport-security'], /max-age=31536000/);
		assert.ok((await ask('/openapi.json')).text.length > 50000, 'long answers arrive whole');
		assert.equal(await handshake(port, 'TLSv1.3', 'TLSv1.3'), 'TLSv1.3');
		assert.equal(await handshake(port, 'TLSv1.2', 'TLSv1.2'), 'TLSv1.2');
		for (const old of ['TLSv1.1', 'TLSv1']) assert.doesNotMatch(await handshake(port, old, old), /^TLS/);
	} finally {
		child.kill('SIGTERM');
		await new Promise((resolve) => { child.on('close', resolve); });
	}
});

test('--check tells whether certificate and key belong together', async () => {
	const check = (tls_certificate, tls_key) => run([`--tls_certificate=${tls_certificate}`, `--tls_key=${tls_key}`, '--check']);
	assert.match((await check(certificate, key)).out, /^ok {3}tls$/m);
	assert.match((await check(certificate, join(dir, 'two.key'))).out, /^FAIL tls: .*is not the key of/m);
	assert.match((await check(join(dir, 'none.pem'), key)).out, /^FAIL tls: .*No such file/m);
});
