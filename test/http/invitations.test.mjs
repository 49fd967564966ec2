// invitations.test.mjs
//	Invitations and saved projects over HTTP.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { call, sql, until } from './support.mjs';
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

test('somebody is invited so often and no more, who is put off and invited again and again, too', async () => {
	const limit = (name) => Number(sql(`SELECT skillancer.policy_int('${name}')`)[0][0]);
	const refusal = async (by, project, to) => {
		const { code, message } = (await by.raw('POST', `/v1/projects/${project.id}/invitations`, { freelancerId: to.id })).json.error;
		return [code, message];
	};
	const [one, two] = [await openProject(carla), await openProject(carla)];
	let sent = 0;
	for (let n = 0; n < 50; n++) { // a list bomb
		const answer = await carla.raw('POST', `/v1/projects/${(n % 2 ? two : one).id}/invitations`, { freelancerId: flo.id });
		if (answer.status !== 201) { assert.equal(answer.json.error.code, 'LIMIT_REACHED'); continue; }
		sent++;
		await carla.post(`/v1/invitations/${answer.json.data.id}/withdraw`);
	}
	assert.equal(sent, limit('invitationPersonLimit'), 'over all projects');
	const told = () => Number(sql(`SELECT count(*) FROM skillancer.notification WHERE user_id = '${flo.id}' AND type = 'invitation.received'`)[0][0]);
	assert.ok(await until(() => told() === sent), 'and heard of so many');
	assert.deepEqual(await refusal(carla, one, flo), ['LIMIT_REACHED', 'you have invited this person often enough for today']);
	assert.equal((await carla.raw('POST', `/v1/projects/${one.id}/invitations`, { freelancerId: fred.id })).status, 201, 'others may be invited');

	// what many clients send to one person, one client to many people, and one project
	const invited = (project, to, n, age) => sql(`BEGIN; ALTER TABLE skillancer.invitation DISABLE TRIGGER state_guard;
		INSERT INTO skillancer.invitation (project_id, client_id, freelancer_id, state, created_at)
		SELECT p.id, p.client_id, ${to}, 'WITHDRAWN', skillancer.now() - interval '${age}' FROM skillancer.project p, generate_series(1, ${n}) i WHERE p.id = '${project.id}';
		ALTER TABLE skillancer.invitation ENABLE ALWAYS TRIGGER state_guard; COMMIT`);
	const strangers = sql(`INSERT INTO skillancer.user_account (email, name, state) SELECT gen_random_uuid() || '@strangers.test', 'Stranger', 'PENDING' FROM generate_series(1, 30) RETURNING id`).flat();
	const anybody = `('{${strangers}}'::skillancer.user_id[])[1 + i % 30]`;
	const doras = await openProject(dora);
	invited(two, `'${flo.id}'::skillancer.user_id`, limit('invitationReceivedLimit') - sent, '23 hours');
	assert.deepEqual(await refusal(dora, doras, flo), ['LIMIT_REACHED', 'this person gets no more invitations today']);
	invited(doras, anybody, limit('invitationLimit'), '25 hours');
	assert.deepEqual(await refusal(dora, doras, fred), ['LIMIT_REACHED', 'the project has sent all its invitations']);
	const another = await openProject(dora);
	assert.equal((await dora.raw('POST', `/v1/projects/${another.id}/invitations`, { freelancerId: fred.id })).status, 201, 'what was yesterday does not count');
	invited(doras, anybody, limit('invitationDailyLimit'), '23 hours');
	assert.deepEqual(await refusal(dora, await openProject(dora), fred), ['LIMIT_REACHED', 'you have sent all your invitations of today']);
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
