// invitations.test.mjs
//	Invitations and saved projects over HTTP.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { call, sql } from './support.mjs';
import { join, openProject, propose, tag, usd } from './market.mjs';

let carla;
let dora;
let fred;
let flo;

before(async () => {
	[carla, dora, fred, flo] = await Promise.all([join('carla', 'CLIENT'), join('dora', 'CLIENT'), join('fred', 'FREELANCER'), join('flo', 'FREELANCER')]);
});

const fields = (answer) => answer.json.error.details.map((d) => d.field);

async function inviteOnly(client) {
	const project = await client.post('/v1/projects', {
		title: `By invitation ${tag()}`, description: 'Only who is invited sees this.', budgetKind: 'FIXED', budgetMin: usd('1'), budgetMax: usd('900'), visibility: 'INVITE_ONLY',
	}, 201);
	return client.post(`/v1/projects/${project.id}/publish`);
}

test('an invitation opens a project to one freelancer', async () => {
	const project = await inviteOnly(carla);
	const path = `/v1/projects/${project.id}/invitations`;
	assert.equal((await fred.raw('GET', `/v1/projects/${project.id}`)).status, 404);
	assert.equal((await call('POST', path, { body: { freelancerId: fred.id } })).status, 401);
	assert.equal((await dora.raw('POST', path, { freelancerId: fred.id })).status, 404);
	assert.deepEqual(fields(await carla.raw('POST', path, {})), ['freelancerId']);
	for (const id of [carla.id, dora.id, 'usr_01h455vb4pex5vsknk084sn02q']) {
		assert.deepEqual((await carla.raw('POST', path, { freelancerId: id })).json.error.details,
			[{ field: 'freelancerId', message: 'is not a freelancer who can be invited' }], 'one answer for all who cannot be');
	}
	const key = { 'idempotency-key': `invite-${tag()}` };
	const sent = await carla.raw('POST', path, { freelancerId: fred.id, message: 'Have a look' }, key);
	assert.deepEqual([sent.status, sent.json.data.state, sent.json.data.projectTitle], [201, 'SENT', project.title], sent.text);
	assert.equal((await carla.raw('POST', path, { freelancerId: fred.id, message: 'Have a look' }, key)).headers.get('idempotency-replayed'), 'true');
	assert.equal((await carla.raw('POST', path, { freelancerId: fred.id })).json.error.code, 'DUPLICATE_RESOURCE');
	assert.equal((await fred.get(`/v1/projects/${project.id}`)).id, project.id, 'the invited sees it');
	assert.equal((await flo.raw('GET', `/v1/projects/${project.id}`)).status, 404, 'others do not');
	assert.equal((await flo.raw('POST', `/v1/projects/${project.id}/proposals`, { coverLetter: 'x'.repeat(50), bid: usd('5') })).status, 404);
	assert.equal((await fred.get('/v1/invitations'))[0].id, sent.json.data.id);
	assert.deepEqual(await flo.get('/v1/invitations'), []);
	assert.equal((await call('GET', '/v1/invitations')).status, 401);
	assert.equal((await carla.get(path)).length, 1);
	assert.equal((await fred.raw('GET', path)).status, 403);
	assert.equal((await dora.raw('GET', path)).status, 404);
	await propose(fred, project, '500');
	assert.equal((await fred.get('/v1/invitations'))[0].state, 'ACCEPTED', 'proposing accepts');
});

test('declined and withdrawn', async () => {
	for (const [action, who, other, state] of [['decline', fred, carla, 'DECLINED'], ['withdraw', carla, fred, 'WITHDRAWN']]) {
		const project = await inviteOnly(carla);
		const { id } = await carla.post(`/v1/projects/${project.id}/invitations`, { freelancerId: fred.id }, 201);
		const path = `/v1/invitations/${id}/${action}`;
		assert.equal((await call('POST', path, { body: {} })).status, 401);
		assert.equal((await dora.raw('POST', path, {})).status, 404);
		assert.equal((await other.raw('POST', path, {})).status, 403);
		assert.deepEqual(fields(await who.raw('POST', path, { x: 1 })), ['x']);
		assert.equal((await who.post(path)).state, state);
		assert.equal((await who.raw('POST', path, {})).json.error.code, 'INVALID_STATE');
		assert.equal((await fred.raw('GET', `/v1/projects/${project.id}`)).status, 404, 'and the project is hidden again');
	}
	const draft = await carla.post('/v1/projects', { title: 'Only a draft', description: 'Not yet published.', budgetKind: 'FIXED', budgetMin: usd('5') }, 201);
	assert.equal((await carla.raw('POST', `/v1/projects/${draft.id}/invitations`, { freelancerId: fred.id })).json.error.code, 'INVALID_STATE');
});

test('a project invites so often and no more, also who is invited and put off again and again', async () => {
	const project = await openProject(carla);
	const path = `/v1/projects/${project.id}/invitations`;
	const most = Number(sql("SELECT skillancer.policy_int('invitationLimit')")[0][0]);
	for (let n = 0; n < most; n++) {
		const { id } = await carla.post(path, { freelancerId: flo.id }, 201);
		await carla.post(`/v1/invitations/${id}/withdraw`);
	}
	assert.equal((await carla.raw('POST', path, { freelancerId: flo.id })).json.error.code, 'LIMIT_REACHED');
});

test('saved projects', async () => {
	const [one, two] = [await openProject(carla), await openProject(carla)];
	const hidden = await inviteOnly(carla);
	assert.equal((await call('POST', `/v1/projects/${one.id}/save`, { body: {} })).status, 401);
	assert.equal((await flo.raw('POST', `/v1/projects/${hidden.id}/save`, {})).status, 404);
	for (const id of [one.id, two.id, one.id]) assert.equal((await flo.raw('POST', `/v1/projects/${id}/save`, {})).status, 204);
	assert.deepEqual((await flo.get('/v1/users/me/saved-projects')).map((p) => p.id), [two.id, one.id]);
	const page = await flo.raw('GET', '/v1/users/me/saved-projects?limit=1');
	assert.deepEqual((await flo.get(`/v1/users/me/saved-projects?limit=1&cursor=${page.json.meta.pagination.nextCursor}`)).map((p) => p.id), [one.id]);
	assert.deepEqual(await fred.get('/v1/users/me/saved-projects'), [], 'they are one\'s own');
	assert.equal((await call('GET', '/v1/users/me/saved-projects')).status, 401);
	await carla.post(`/v1/projects/${two.id}/cancel`);
	assert.deepEqual((await flo.get('/v1/users/me/saved-projects')).map((p) => p.id), [one.id], 'what is not visible any more is left out');
	assert.equal((await flo.raw('DELETE', `/v1/projects/${one.id}/save`)).status, 204);
	assert.equal((await flo.raw('DELETE', `/v1/projects/${one.id}/save`)).status, 204);
	assert.equal((await call('DELETE', `/v1/projects/${one.id}/save`)).status, 401);
	assert.deepEqual(await flo.get('/v1/users/me/saved-projects'), []);
	assert.equal(sql(`SELECT count(*) FROM skillancer.saved_project WHERE user_id = '${flo.id}'`)[0][0], '1', 'the hidden one is still kept');
});
