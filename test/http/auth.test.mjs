// test/http/auth.test.mjs
//	Registration, sign-in, tokens, sessions and passwords over HTTP: every route with what it answers to good, bad,
//	foreign and missing input; what ends a token ends it at the next request.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { PASSWORD, join, mailTo, tag } from './market.mjs';
import { call, env, sql, until } from './support.mjs';

const address = (name) => `${name}-${tag()}@auth.test`;
const tokenOf = (mail) => /token=(\S+)/.exec(mail)[1];
const cookieOf = (answer) => (answer.headers.get('set-cookie') ?? '').split(';')[0];
const fieldsOf = (answer) => answer.json.error.details.map((d) => d.field).sort();
const login = (email, password = PASSWORD, more = {}) => call('POST', '/v1/auth/login', { body: { email, password, ...more } });
const register = (email, password = PASSWORD) =>
	call('POST', '/v1/auth/register', { body: { email, password, name: 'Somebody', roles: ['CLIENT'] } });
const newMail = (email, text) => until(() => { const mail = mailTo(email); return mail?.includes(text) && mail; }, 15000);

let ann;
before(async () => { ann = await join('ann', 'FREELANCER'); });

test('register: bad fields are named, all at once', async () => {
	const answer = await call('POST', '/v1/auth/register', { body: { email: 'nope', password: 'short', name: '', roles: ['ADMIN'] } });
	assert.equal(answer.status, 422);
	assert.deepEqual(fieldsOf(answer), ['email', 'name', 'password', 'roles']);
	const empty = await call('POST', '/v1/auth/register', { body: {} });
	assert.equal(empty.status, 422);
	assert.deepEqual(fieldsOf(empty), ['email', 'name', 'password']);
});

test('an account before and after its address is verified', async () => {
	const email = address('new');
	assert.equal((await register(email)).status, 202);
	const early = await login(email);
	assert.equal(early.status, 200);
	assert.equal(early.json.data.user.status, 'PENDING');
	const project = await call('POST', '/v1/projects', { token: early.json.data.accessToken, body: {
		title: 'A project', description: 'Long enough to be one.', budgetKind: 'FIXED',
		budgetMin: { amount: '1.00', currency: 'USD' }, budgetMax: { amount: '2.00', currency: 'USD' } } });
	assert.equal(project.status, 403);
	assert.equal(project.json.error.code, 'EMAIL_NOT_VERIFIED');
	const mail = await newMail(email, 'token=');
	assert.ok(mail.includes(env.SKL_URL) || /https?:\/\//.test(mail), 'the link has a base that no request chose');
	for (const body of [{ token: 'x'.repeat(64) }, { token: 'short' }])
		assert.equal((await call('POST', '/v1/auth/verify-email', { body })).status, 422);
	const token = tokenOf(mail);
	assert.equal((await call('POST', '/v1/auth/verify-email', { body: { token } })).status, 200);
	const again = await call('POST', '/v1/auth/verify-email', { body: { token } });
	assert.equal(again.status, 422);
	assert.equal(again.json.error.code, 'TOKEN_INVALID');
	const me = await call('GET', '/v1/users/me', { token: early.json.data.accessToken });
	assert.equal(me.json.data.status, 'ACTIVE', 'the old access token sees it at once');
});

test('login: the refresh token is in a strict cookie, or in the body', async () => {
	const answer = await login(ann.email);
	assert.equal(answer.status, 200);
	assert.equal(answer.json.data.tokenType, 'Bearer');
	assert.ok(answer.json.data.expiresIn > 0);
	assert.equal(answer.json.data.refreshToken, undefined);
	assert.match(answer.headers.get('set-cookie'),
		/^skl_refresh=[\w-]{64}; Path=\/v1\/auth; Max-Age=604800; HttpOnly; Secure; SameSite=Strict$/);
	assert.match(answer.headers.get('cache-control'), /no-store/);
	assert.equal(answer.headers.get('skl-mint'), null);
	const native = await login(ann.email, PASSWORD, { tokenTransport: 'body' });
	assert.equal(native.headers.get('set-cookie'), null);
	assert.match(native.json.data.refreshToken, /^[\w-]{64}$/);
	assert.equal((await login(ann.email, PASSWORD, { tokenTransport: 'pigeon' })).status, 422);
	assert.equal((await call('POST', '/v1/auth/login', { body: {} })).status, 422);
});

test('refresh: rotates, in the cookie and in the body', async () => {
	const first = await login(ann.email);
	const second = await call('POST', '/v1/auth/refresh', { body: {}, headers: { cookie: cookieOf(first) } });
	assert.equal(second.status, 200, second.text);
	assert.notEqual(cookieOf(second), cookieOf(first));
	assert.equal((await call('GET', '/v1/users/me', { token: second.json.data.accessToken })).status, 200);
	const native = await login(ann.email, PASSWORD, { tokenTransport: 'body' });
	const next = await call('POST', '/v1/auth/refresh', { body: { refreshToken: native.json.data.refreshToken } });
	assert.equal(next.status, 200);
	assert.match(next.json.data.refreshToken, /^[\w-]{64}$/);
	assert.equal(next.json.data.sessionId, native.json.data.sessionId, 'one session all the time');
	for (const body of [{}, { refreshToken: 'x' }, { refreshToken: next.json.data.accessToken.slice(0, 190) }])
		assert.equal((await call('POST', '/v1/auth/refresh', { body })).status, 401);
	assert.equal((await call('POST', '/v1/auth/refresh', { body: { refreshToken: 7 } })).status, 422);
	assert.equal((await call('GET', '/v1/users/me', { token: next.json.data.refreshToken })).status, 401, 'no access with a refresh token');
});

test('refresh: a late replay ends the session and tells its owner', async () => {
	const first = await login(ann.email, PASSWORD, { tokenTransport: 'body' });
	const second = await call('POST', '/v1/auth/refresh', { body: { refreshToken: first.json.data.refreshToken } });
	sql(`UPDATE skillancer.refresh_token SET used_at = used_at - interval '1 minute'
		WHERE session_id = '${first.json.data.sessionId}' AND used_at IS NOT NULL`);
	assert.equal((await call('POST', '/v1/auth/refresh', { body: { refreshToken: first.json.data.refreshToken } })).status, 401);
	assert.equal((await call('POST', '/v1/auth/refresh', { body: { refreshToken: second.json.data.refreshToken } })).status, 401);
	assert.equal((await call('GET', '/v1/users/me', { token: second.json.data.accessToken })).status, 401, 'access tokens end too');
	assert.deepEqual(sql(`SELECT count(*) FROM skillancer.mail WHERE user_id = '${ann.id}' AND type = 'security_alert'`), [['1']]);
	assert.ok(await until(async () => (await ann.get('/v1/notifications')).some((n) => n.type === 'user.security_alert'), 15000));
});

test('refresh: two tabs at once both go on; a third is one too many', async () => {
	const first = await login(ann.email, PASSWORD, { tokenTransport: 'body' });
	const refresh = () => call('POST', '/v1/auth/refresh', { body: { refreshToken: first.json.data.refreshToken } });
	const tabs = await Promise.all([refresh(), refresh()]);
	assert.deepEqual(tabs.map((t) => t.status), [200, 200]);
	assert.notEqual(tabs[0].json.data.refreshToken, tabs[1].json.data.refreshToken);
	assert.equal((await refresh()).status, 401);
});

test('sessions: listed and ended by their owner only', async () => {
	const bob = await join('bob', 'CLIENT');
	const other = await login(bob.email, PASSWORD, { tokenTransport: 'body' });
	const list = await bob.get('/v1/auth/sessions');
	assert.equal(list.length, 2);
	assert.equal(list.filter((s) => s.current).length, 1);
	assert.equal((await call('GET', '/v1/auth/sessions')).status, 401);
	assert.equal((await call('GET', '/v1/auth/sessions?limit=0', { token: bob.token })).status, 422);
	assert.equal((await call('DELETE', `/v1/auth/sessions/${other.json.data.sessionId}`, { token: ann.token })).status, 404);
	assert.equal((await call('DELETE', '/v1/auth/sessions/nonsense', { token: bob.token })).status, 422);
	assert.equal((await call('DELETE', `/v1/auth/sessions/${other.json.data.sessionId}`)).status, 401);
	assert.equal((await call('DELETE', `/v1/auth/sessions/${other.json.data.sessionId}`, { token: bob.token })).status, 204);
	assert.equal((await call('GET', '/v1/users/me', { token: other.json.data.accessToken })).status, 401);
	const third = await login(bob.email);
	assert.equal((await bob.post('/v1/auth/sessions/revoke-all')).revoked, 1);
	assert.equal((await call('GET', '/v1/users/me', { token: third.json.data.accessToken })).status, 401);
	assert.equal((await call('POST', '/v1/auth/sessions/revoke-all', { body: {} })).status, 401);
	assert.equal((await call('POST', '/v1/auth/sessions/revoke-all', { token: bob.token, body: { includeCurrent: 'maybe' } })).status, 422);
	await bob.post('/v1/auth/sessions/revoke-all', { includeCurrent: true });
	assert.equal((await bob.raw('GET', '/v1/users/me')).status, 401);
});

test('logout ends the session, by access or by refresh token', async () => {
	const one = await login(ann.email);
	assert.equal((await call('POST', '/v1/auth/logout', { body: {}, token: one.json.data.accessToken })).status, 204);
	assert.equal((await call('GET', '/v1/users/me', { token: one.json.data.accessToken })).status, 401);
	const two = await login(ann.email);
	const out = await call('POST', '/v1/auth/logout', { body: {}, headers: { cookie: cookieOf(two) } });
	assert.equal(out.status, 204);
	assert.match(out.headers.get('set-cookie'), /^skl_refresh=; Path=\/v1\/auth; Max-Age=0/);
	assert.equal((await call('GET', '/v1/users/me', { token: two.json.data.accessToken })).status, 401);
	assert.equal((await call('POST', '/v1/auth/logout', { body: {} })).status, 401);
});

test('password: changing it ends every token and starts a new session', async () => {
	const eve = await join('eve', 'CLIENT');
	const other = await login(eve.email);
	const change = (body) => call('POST', '/v1/users/me/password', { token: eve.token, body });
	assert.equal((await call('POST', '/v1/users/me/password', { body: { currentPassword: PASSWORD, newPassword: 'Loud-Harbour-43' } })).status, 401);
	assert.equal((await change({ currentPassword: 'Wrong-Harbour-1', newPassword: 'Loud-Harbour-43' })).status, 401);
	assert.equal((await change({ currentPassword: PASSWORD, newPassword: 'Password1' })).status, 422);
	assert.equal((await change({ currentPassword: PASSWORD, newPassword: PASSWORD })).status, 422);
	const changed = await change({ currentPassword: PASSWORD, newPassword: 'Loud-Harbour-43', tokenTransport: 'body' });
	assert.equal(changed.status, 200, changed.text);
	for (const token of [eve.token, other.json.data.accessToken])
		assert.equal((await call('GET', '/v1/users/me', { token })).status, 401);
	assert.equal((await call('POST', '/v1/auth/refresh', { body: {}, headers: { cookie: cookieOf(other) } })).status, 401);
	assert.equal((await call('GET', '/v1/users/me', { token: changed.json.data.accessToken })).status, 200);
	assert.equal((await login(eve.email)).status, 401);
	assert.equal((await login(eve.email, 'Loud-Harbour-43')).status, 200);
});

test('password: a mailed link sets a new one, once', async () => {
	const dan = await join('dan', 'CLIENT');
	assert.equal((await call('POST', '/v1/auth/forgot-password', { body: { email: 'nope' } })).status, 422);
	assert.equal((await call('POST', '/v1/auth/forgot-password', { body: { email: dan.email }, headers: { 'x-forwarded-host': 'evil.test' } })).status, 202);
	const count = sql(`SELECT count(*) FROM skillancer.email_token WHERE user_id = '${dan.id}' AND purpose = 'RESET_PASSWORD'`);
	assert.deepEqual(count, [['1']]);
	const mail = await until(() => { const m = mailTo(dan.email); return m && !m.includes('verify') && /token=/.test(m) && m; }, 15000);
	assert.ok(mail && !mail.includes('evil.test'));
	const token = tokenOf(mail);
	const reset = (body) => call('POST', '/v1/auth/reset-password', { body });
	assert.deepEqual(fieldsOf(await reset({ token, password: 'weak' })), ['password']);
	assert.equal((await reset({ token: 'x'.repeat(64), password: 'Loud-Harbour-43' })).status, 422);
	assert.equal((await reset({ token, password: 'Loud-Harbour-43' })).status, 200);
	assert.equal((await reset({ token, password: 'Loud-Harbour-44' })).status, 422);
	assert.equal((await dan.raw('GET', '/v1/users/me')).status, 401);
	assert.equal((await login(dan.email, 'Loud-Harbour-43')).status, 200);
});

test('resend-verification mails another link to those who wait for it', async () => {
	const email = address('waiting');
	await register(email);
	const first = tokenOf(await newMail(email, 'token='));
	sql(`UPDATE skillancer.email_token SET created_at = created_at - interval '2 minutes' WHERE email_key = '${email}'`);
	assert.equal((await call('POST', '/v1/auth/resend-verification', { body: { email } })).status, 202);
	assert.equal((await call('POST', '/v1/auth/resend-verification', { body: {} })).status, 422);
	const second = await until(() => { const t = tokenOf(mailTo(email)); return t !== first && t; }, 15000);
	assert.equal((await call('POST', '/v1/auth/verify-email', { body: { token: first } })).status, 422, 'the older link is void');
	assert.equal((await call('POST', '/v1/auth/verify-email', { body: { token: second } })).status, 200);
});

test('suspension and a lost role hold at the next request', async () => {
	const mal = await join('mal', 'CLIENT');
	const reason = { reason: 'a test' };
	const staff = (path, body, token = env.SKL_ADMIN_TOKEN) => call('POST', `/v1/users/${mal.id}/${path}`, { token, body });
	assert.equal((await staff('suspend', reason, ann.token)).status, 403);
	assert.equal((await staff('suspend', {})).status, 422);
	assert.equal((await call('POST', `/v1/users/${mal.id}/suspend`, { body: reason })).status, 401);
	const suspended = await staff('suspend', reason);
	assert.equal(suspended.status, 200, suspended.text);
	assert.equal((await mal.raw('GET', '/v1/users/me')).status, 401);
	assert.equal((await login(mal.email)).status, 403);
	assert.equal((await call('GET', `/v1/users/${mal.id}`)).status, 404);
	assert.equal((await staff('suspend', reason)).status, 409);
	assert.equal((await staff('reinstate', reason)).status, 200);
	const again = await login(mal.email);
	assert.equal((await staff('roles', { roles: ['FREELANCER'] })).status, 200);
	assert.equal((await call('GET', '/v1/users/me', { token: again.json.data.accessToken })).status, 401);
	assert.equal((await staff('roles', { roles: ['EMPEROR'] })).status, 422);
	assert.equal((await staff('restrict', reason)).status, 200);
	const restricted = await login(mal.email);
	assert.equal(restricted.json.data.user.status, 'RESTRICTED');
});
