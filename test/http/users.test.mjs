// test/http/users.test.mjs
//	Accounts, profiles and skills over HTTP.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { join, usd } from './market.mjs';
import { call, env } from './support.mjs';

const fieldsOf = (answer) => answer.json.error.details.map((d) => d.field).sort();
let ann;
before(async () => { ann = await join('ann', 'FREELANCER'); });

test('GET users/me shows account and profile, with an entity tag', async () => {
	const me = await ann.raw('GET', '/v1/users/me');
	assert.equal(me.status, 200);
	assert.equal(me.json.data.email, ann.email);
	assert.deepEqual(me.json.data.roles, ['FREELANCER', 'USER']);
	assert.equal(me.json.data.profile.displayName, 'ann');
	const same = await ann.raw('GET', '/v1/users/me', undefined, { 'if-none-match': me.headers.get('etag') });
	assert.equal(same.status, 304);
	assert.equal((await call('GET', '/v1/users/me')).status, 401);
	assert.equal((await call('GET', '/v1/users/me?extra=1', { token: ann.token })).status, 422);
});

test('PATCH users/me changes what is sent, and no lost update', async () => {
	const etag = (await ann.raw('GET', '/v1/users/me')).headers.get('etag');
	const changed = await ann.raw('PATCH', '/v1/users/me', { name: 'Ann Other', timezone: 'Europe/Berlin', locale: 'de-AT' }, { 'if-match': etag });
	assert.equal(changed.status, 200, changed.text);
	assert.equal(changed.json.data.timezone, 'Europe/Berlin');
	assert.equal((await ann.raw('PATCH', '/v1/users/me', { name: 'Late' }, { 'if-match': etag })).status, 412);
	const bad = await ann.raw('PATCH', '/v1/users/me', { name: null, timezone: 'Mars/Base', locale: 'x', email: 'a@b.cd' });
	assert.equal(bad.status, 422);
	assert.deepEqual(fieldsOf(bad), ['email', 'locale', 'name', 'timezone']);
	assert.deepEqual(fieldsOf(await ann.raw('PATCH', '/v1/users/me', { locale: 7, timezone: 'Mars/Base' })), ['locale', 'timezone'], 'each once');
	assert.equal((await call('PATCH', '/v1/users/me', { body: { name: 'X' } })).status, 401);
});

test('PUT users/me/profile replaces the profile', async () => {
	const answer = await ann.raw('PUT', '/v1/users/me/profile', {
		displayName: 'Ann', headline: 'Welder', bio: 'I weld.', hourlyRate: usd('45.50'), languages: ['English'], country: 'DE',
		availability: 'PART_TIME', portfolio: [{ title: 'A bridge', url: 'https://example.com/bridge' }], isPublic: true });
	assert.equal(answer.status, 200, answer.text);
	assert.deepEqual(answer.json.data.hourlyRate, usd('45.50'));
	assert.equal(answer.json.data.completeness, 55);
	const bad = await ann.raw('PUT', '/v1/users/me/profile', {
		displayName: '', hourlyRate: usd('0.00'), country: 'Germany', availability: 'NEVER', languages: 'English',
		portfolio: [{ url: 'javascript:alert(1)' }], workHistory: { title: 'x' } });
	assert.equal(bad.status, 422);
	assert.ok(fieldsOf(bad).length >= 6, bad.text);
	assert.equal((await call('PUT', '/v1/users/me/profile', { body: { displayName: 'X' } })).status, 401);
});

test('PUT users/me/skills takes ids, slugs and aliases', async () => {
	const skills = (await call('GET', '/v1/skills?q=java')).json.data;
	assert.ok(skills.length > 0);
	const answer = await ann.raw('PUT', '/v1/users/me/skills', { skills: [{ skill: skills[0].slug, level: 3, years: 5 }] });
	assert.equal(answer.status, 200, answer.text);
	assert.equal(answer.json.data.skills[0].id, skills[0].id);
	assert.equal((await ann.raw('PUT', '/v1/users/me/skills', { skills: [{ skill: skills[0].id, level: 4 }] })).status, 200);
	const bad = await ann.raw('PUT', '/v1/users/me/skills', { skills: [{ skill: 'no-such-skill', level: 9 }, 'x'] });
	assert.equal(bad.status, 422);
	assert.deepEqual(fieldsOf(bad), ['skills[0].level', 'skills[0].skill', 'skills[1]']);
	assert.equal((await ann.raw('PUT', '/v1/users/me/skills', { skills: 'all' })).status, 422);
	assert.equal((await call('PUT', '/v1/users/me/skills', { body: { skills: [] } })).status, 401);
});

test('GET users/{id} is the public profile, when there is one', async () => {
	const seen = await call('GET', `/v1/users/${ann.id}`);
	assert.equal(seen.status, 200);
	assert.ok(!seen.text.includes(ann.email));
	assert.equal((await call('GET', `/v1/users/${ann.id}`, { headers: { 'if-none-match': seen.headers.get('etag') } })).status, 304);
	assert.equal((await ann.raw('PUT', '/v1/users/me/profile', { displayName: 'Ann', isPublic: false })).status, 200);
	const hidden = await call('GET', `/v1/users/${ann.id}`);
	const missing = await call('GET', '/v1/users/usr_7zzzzzzzzzzzzzzzzzzzzzzzzz');
	assert.equal(hidden.status, 404);
	assert.deepEqual(hidden.json.error, missing.json.error);
	assert.equal((await ann.raw('GET', `/v1/users/${ann.id}`)).status, 200);
	assert.equal((await call('GET', '/v1/users/prj_01h455vb4pex5vsknk084sn02q')).status, 422);
});

test('GET users is for staff', async () => {
	const list = (query, token) => call('GET', `/v1/users${query}`, { token });
	const found = await list(`?q=${encodeURIComponent(ann.email.toUpperCase())}&role=FREELANCER&status=ACTIVE`, env.SKL_ADMIN_TOKEN);
	assert.equal(found.status, 200, found.text);
	assert.deepEqual(found.json.data.map((u) => u.id), [ann.id]);
	const first = await list('?limit=1', env.SKL_ADMIN_TOKEN);
	const second = await list(`?limit=1&cursor=${first.json.meta.pagination.nextCursor}`, env.SKL_ADMIN_TOKEN);
	assert.notEqual(second.json.data[0].id, first.json.data[0].id);
	assert.equal((await list('?status=ODD&role=KING', env.SKL_ADMIN_TOKEN)).status, 422);
	assert.equal((await list('?cursor=forged', env.SKL_ADMIN_TOKEN)).status, 422);
	assert.equal((await list('', ann.token)).status, 403);
	assert.equal((await list('')).status, 401);
});
