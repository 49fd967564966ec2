// test/http/edge_token.test.mjs
//	Access tokens: jose signs and the bridge verifies, the bridge signs and jose verifies, and everything that must
//	be refused (faults 56 to 63).
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import * as jose from 'jose';
import { startBridge, makeKey, makeUser, claimsOf, sign, bearer, closeDb, db, now, until, join } from './lib/edge.mjs';
import { unlinkSync } from 'node:fs';

const b64 = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

let bridge;
let user;
let good;

// The status of a page that only a signed-in user sees.
async function ask(token, at = bridge) {
	const answer = await fetch(`${at.url}/v1/users/me`, bearer(token));
	const body = await answer.json();
	return { status: answer.status, code: body.error?.code, authenticate: answer.headers.get('www-authenticate'), body };
}

async function refused(token, code = 'AUTHENTICATION_ERROR') {
	const answer = await ask(token);
	assert.equal(answer.status, 401, JSON.stringify(answer.body));
	assert.equal(answer.code, code);
	assert.match(answer.body.error.message, /^the access token (is not valid|has expired)$/, 'by the bridge, not by the database');
	assert.match(answer.authenticate, /^Bearer/);
}

// Puts a token together by hand, signed with the bridge's own key.
function forge(header, payload, key = bridge.key) {
	const input = `${b64(header)}.${b64(payload)}`;
	const signature = crypto.sign('sha256', Buffer.from(input), { key: crypto.createPrivateKey(key.pem), dsaEncoding: 'ieee-p1363' });
	return `${input}.${signature.toString('base64url')}`;
}

before(async () => {
	bridge = await startBridge();
	bridge.key.pem = await jose.exportPKCS8(bridge.key.privateKey);
	user = await makeUser();
	good = claimsOf(user);
});

after(async () => {
	await bridge?.stop();
	await closeDb();
});

test('jose signs, the bridge verifies: ES256, RS256 and HS256 by the key of their id', async () => {
	const rsa = await makeKey(bridge.keys, 'rsa', 'RS256');
	const secret = await makeKey(bridge.keys, 'shared', 'HS256');
	await fetch(`${bridge.adminUrl}/reload`, { method: 'POST' });
	for (const key of [bridge.key, rsa, secret]) {
		const answer = await ask(await sign(key, good));
		assert.equal(answer.status, 200, `${key.alg}: ${JSON.stringify(answer.body)}`);
		assert.equal(answer.body.data.id, user.sub);
	}
	assert.equal((await ask(await sign(bridge.key, good, { typ: undefined }))).status, 200, 'typ may be absent');
	assert.equal((await ask(await sign(bridge.key, { ...good, aud: ['other', 'skillancer'] }))).status, 200, 'one of several audiences');
});

test('the algorithm is that of the key, whatever the token says (56, 57)', async () => {
	const rsa = await makeKey(bridge.keys, 'rsa2', 'RS256');
	await fetch(`${bridge.adminUrl}/reload`, { method: 'POST' });
	const payload = b64(good);
	for (const alg of ['none', 'NoNe', 'NONE', '', 0, null, undefined]) {
		await refused(`${b64({ alg, kid: 'main', typ: 'JWT' })}.${payload}.`);
		await refused(`${b64({ alg, kid: 'main', typ: 'JWT' })}.${payload}.AAAA`);
	}
	for (const [alg, hash] of [['HS256', 'sha256'], ['HS384', 'sha384'], ['HS512', 'sha512']]) {
		for (const kid of ['rsa2', 'main']) {
			const input = `${b64({ alg, kid, typ: 'JWT' })}.${payload}`;
			for (const secret of [rsa.spki, rsa.spki.trim(), 'a', 'x'.repeat(40)])
				await refused(`${input}.${crypto.createHmac(hash, secret).update(input).digest('base64url')}`);
		}
	}
	await refused(await sign({ ...rsa, kid: 'main' }, good));
	await refused(await sign({ ...bridge.key, kid: 'rsa2' }, good));
	const weak = await jose.generateKeyPair('PS256');
	await refused(await sign({ alg: 'PS256', kid: 'rsa2', privateKey: weak.privateKey }, good));
	await refused(forge('{"alg":"ES256","alg":"none","kid":"main"}', good));
});

test('key ids are looked up, nothing else (58)', async () => {
	for (const kid of ['../../../../etc/passwd', "main' OR '1'='1", 'k'.repeat(10000), 'unknown', '', 'main\u0000', 'MAIN', 'main.pem', 0, null, undefined, ['main']])
		await refused(forge({ alg: 'ES256', kid, typ: 'JWT' }, good));
});

test('keys and extensions inside the token are refused (59)', async () => {
	const own = await jose.generateKeyPair('ES256', { extractable: true });
	const jwk = await jose.exportJWK(own.publicKey);
	const stranger = { alg: 'ES256', kid: 'main', privateKey: own.privateKey };
	for (const header of [{ jwk }, { jku: 'http://127.0.0.1:1/' }, { x5u: 'http://127.0.0.1:1/' }, { x5c: ['AA'] }, {}])
		await refused(await sign(stranger, good, header));
	for (const header of [{ jwk }, { jku: 'https://example.test' }, { crit: ['exp'] }, { crit: [] }, { b64: true }, { zip: 'DEF' }, { cty: 'JWT' }, { alien: 1 }])
		await refused(forge({ alg: 'ES256', kid: 'main', typ: 'JWT', ...header }, good));
});

test('times are whole numbers, and now is between them (60)', async () => {
	const at = now();
	await refused(await sign(bridge.key, { ...good, iat: at - 900, nbf: at - 900, exp: at - 31 }), 'TOKEN_EXPIRED');
	assert.equal((await ask(await sign(bridge.key, { ...good, iat: at - 900, nbf: at - 900, exp: at - 20 }))).status, 200, 'leeway of 30 s');
	assert.equal((await ask(await sign(bridge.key, { ...good, iat: at + 20, nbf: at + 20 }))).status, 200, 'leeway of 30 s');
	for (const exp of [undefined, null, String(at + 600), at + 600.5, '1e300', true, -1, 0, [at + 600], at - 10_000_000_000])
		await refused(await sign(bridge.key, claimsOf(user, { exp })));
	for (const text of ['1e300', '9223372036854775808', '1e10', 'NaN'])
		await refused(await sign(bridge.key, JSON.stringify(good).replace(/"exp":\d+/, `"exp":${text}`)));
	for (const nbf of [undefined, at + 60, String(at), at + 0.5]) await refused(await sign(bridge.key, claimsOf(user, { nbf })));
	for (const iat of [undefined, at + 60, String(at), -5]) await refused(await sign(bridge.key, claimsOf(user, { iat })));
});

test('issuer, audience and type are ours (61)', async () => {
	for (const iss of [undefined, 'other', 'skillancer ', '', ['skillancer'], 'Skillancer']) await refused(await sign(bridge.key, claimsOf(user, { iss })));
	for (const aud of [undefined, 'other', ['other'], [], ['skillancer', 1], {}]) await refused(await sign(bridge.key, claimsOf(user, { aud })));
	for (const typ of ['refresh', 'at+jwt', '', 'jwt ', 1]) await refused(forge({ alg: 'ES256', kid: 'main', typ }, good));
	await refused(crypto.randomBytes(32).toString('base64url'));
});

test('claims come once and in their form (62)', async () => {
	const text = JSON.stringify(good);
	await refused(await sign(bridge.key, text.replace('{', '{"sub":"usr_01h455vb4pex5vsknk084sn02q",')));
	await refused(await sign(bridge.key, text.replace('{', `{"exp":${good.exp + 5},`)));
	for (const sub of [undefined, [good.sub], `${good.sub}\u0000`, good.sub.replace('usr_', 'ses_'), good.sub.toUpperCase(), 'skillancer_owner', '', 1])
		await refused(await sign(bridge.key, claimsOf(user, { sub })));
	for (const sid of [undefined, '', good.sub, [good.sid]]) await refused(await sign(bridge.key, claimsOf(user, { sid })));
	for (const jti of [undefined, '', 1, 'x'.repeat(200)]) await refused(await sign(bridge.key, claimsOf(user, { jti })));
	for (const payload of ['[]', '"text"', '1', 'null', '{', '', '{"sub":"\xff"}']) await refused(await sign(bridge.key, payload));
});

test('a role in the token gives nothing: roles come from the database (62)', async () => {
	const claims = claimsOf(user, { roles: ['ADMIN', 'skillancer_owner'], role: 'ADMIN' });
	const answer = await fetch(`${bridge.url}/v1/users`, bearer(await sign(bridge.key, claims)));
	assert.equal(answer.status, 403);
});

test('a token has one spelling: other base64, cut, padded or stretched ones are refused', async () => {
	const token = await sign(bridge.key, good);
	const [header, payload, signature] = token.split('.');
	const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
	const stray = letters[letters.indexOf(signature.at(-1)) ^ 1];
	assert.equal((await ask(token)).status, 200);
	for (const other of [`${header}.${payload}.${signature.slice(0, -1)}${stray}`, `${token}=`, `${token}==`, `${token}.`, `${token}.AA`,
		`.${token}`, `${header}.${payload}`, `${header}.${payload}.`, `${header}..${signature}`, token.slice(0, -4),
		`${header}.${payload}.${signature.slice(0, -8)}AAAAAAAA`, `${payload}.${header}.${signature}`, `${header}=.${payload}.${signature}`])
		await refused(other);
	const der = crypto.sign('sha256', Buffer.from(`${header}.${payload}`), crypto.createPrivateKey(bridge.key.pem));
	await refused(`${header}.${payload}.${der.toString('base64url')}`);
	await refused(await sign(bridge.key, { ...good, pad: 'x'.repeat(7000) }).then((big) => big.padEnd(8193, 'A')));
});

test('other schemes and doubled headers are refused', async () => {
	const token = await sign(bridge.key, good);
	for (const value of ['Basic dXNlcjpwYXNz', 'Bearer', 'Bearer ', token, `Token ${token}`]) {
		const answer = await fetch(`${bridge.url}/v1/users/me`, { headers: { Authorization: value } });
		assert.equal(answer.status, 401, value);
	}
	assert.equal((await fetch(`${bridge.url}/v1/users/me`, { headers: { Authorization: `bearer ${token}` } })).status, 200);
});

test('a bad token is refused on public pages as well', async () => {
	assert.equal((await fetch(`${bridge.url}/v1/categories`)).status, 200);
	assert.equal((await fetch(`${bridge.url}/v1/categories`, bearer('a.b.c'))).status, 401);
});

test('a revoked session and a suspended user are out at the next request, cached token or not (63)', async () => {
	const other = await makeUser();
	const token = await sign(bridge.key, claimsOf(other));
	assert.equal((await ask(token)).status, 200);
	await db().query(`UPDATE skillancer.session SET revoked_at = now(), revoked_reason = 'REVOKED' WHERE id = $1::skillancer.session_id`, [other.sid]);
	assert.equal((await ask(token)).status, 401);
});

test('keys rotate without a wrong 401, and a removed key ends its tokens', async () => {
	const next = await makeKey(bridge.keys, 'next', 'ES256');
	const early = await sign(next, claimsOf(user));
	await refused(early);
	await fetch(`${bridge.adminUrl}/reload`, { method: 'POST' });
	assert.equal((await ask(early)).status, 200);
	assert.equal((await ask(await sign(bridge.key, claimsOf(user)))).status, 200, 'the old key still verifies');
	const set = await (await fetch(`${bridge.url}/.well-known/jwks.json`)).json();
	assert.ok(set.keys.some((key) => key.kid === 'next'));
	unlinkSync(join(bridge.keys, 'next.pem'));
	await fetch(`${bridge.adminUrl}/reload`, { method: 'POST' });
	await refused(early);
});

test('the key set shows public halves only', async () => {
	const answer = await fetch(`${bridge.url}/.well-known/jwks.json`);
	const set = await answer.json();
	assert.equal(answer.headers.get('content-type'), 'application/jwk-set+json');
	for (const key of set.keys) {
		assert.equal(key.use, 'sig');
		assert.ok(['ES256', 'RS256'].includes(key.alg));
		for (const secret of ['d', 'p', 'q', 'k', 'dp', 'dq', 'qi']) assert.ok(!(secret in key), secret);
	}
	assert.ok(!set.keys.some((key) => key.kid === 'shared'), 'secrets are not published');
});

test('the bridge signs, jose verifies through the key set', async () => {
	const email = `signer-${Date.now()}@example.test`;
	const password = 'Correct horse battery staple 7!';
	const post = (path, body) => fetch(`${bridge.url}/v1/auth/${path}`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
	const made = await post('register', { email, password, name: 'Signer', roles: ['FREELANCER'] });
	assert.ok(made.ok, await made.text());
	let answer = await until(async () => { const login = await post('login', { email, password }); return login.ok ? login : null; }, 2000);
	if (!answer) {
		await db().query(`SELECT skillancer.fire_system('user', id::uuid, 'verify') FROM skillancer.user_account WHERE email = $1`, [email]);
		answer = await post('login', { email, password });
	}
	const { data } = await answer.json();
	assert.equal(data.tokenType, 'Bearer');
	const keys = jose.createRemoteJWKSet(new URL(`${bridge.url}/.well-known/jwks.json`));
	const { payload, protectedHeader } = await jose.jwtVerify(data.accessToken, keys, { issuer: 'skillancer', audience: 'skillancer', algorithms: ['ES256'], typ: 'JWT', requiredClaims: ['sub', 'sid', 'exp', 'nbf', 'iat', 'jti', 'roles'] });
	assert.equal(protectedHeader.kid, 'main');
	assert.match(payload.sub, /^usr_/);
	assert.match(payload.sid, /^ses_/);
	assert.equal(payload.exp - payload.iat, data.expiresIn);
	assert.equal((await ask(data.accessToken)).status, 200);
});

test('a remembered token ends at its time all the same', async () => {
	const strict = await startBridge({ jwt_leeway: 0 });
	try {
		const token = await sign(strict.key, claimsOf(user, { exp: now() + 2 }));
		assert.equal((await ask(token, strict)).status, 200);
		assert.equal((await ask(token, strict)).status, 200);
		const late = await until(async () => { const answer = await ask(token, strict); return answer.status === 401 ? answer : null; }, 4000);
		assert.equal(late?.code, 'TOKEN_EXPIRED');
	} finally {
		await strict.stop();
	}
});

test('keys rotate under load: no wrong 401', async () => {
	const keys = [bridge.key];
	let going = true;
	let asked = 0;
	const client = async () => {
		while (going) {
			const key = keys.at(-1);
			const answer = await ask(await sign(key, claimsOf(user)));
			assert.equal(answer.status, 200, `${key.kid}: ${JSON.stringify(answer.body)}`);
			asked++;
		}
	};
	const clients = Array.from({ length: 6 }, client);
	for (const kid of ['r1', 'r2', 'r3', 'r4']) {
		const key = await makeKey(bridge.keys, kid, 'ES256');
		const answer = await fetch(`${bridge.adminUrl}/reload`, { method: 'POST' });
		assert.equal(answer.status, 200);
		keys.push(key);
		await new Promise((resolve) => setTimeout(resolve, 100));
	}
	going = false;
	await Promise.all(clients);
	assert.ok(asked > 10, `${asked} asked`);
});
