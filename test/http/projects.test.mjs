// projects.test.mjs
//	The catalogue and projects over HTTP: every route with success, 401, 403 or 404, 422, idempotent replay, entity tags.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { call, sql, until } from './support.mjs';
import { join, openProject, propose, tag, usd } from './market.mjs';

let carla;
let dora;
let fred;

before(async () => {
	[carla, dora, fred] = await Promise.all([join('carla', 'CLIENT'), join('dora', 'CLIENT'), join('fred', 'FREELANCER')]);
});

const draftBody = (more = {}) => ({
	title: `A web site ${tag()}`, description: 'It shows what is baked today, and where.', budgetKind: 'FIXED', budgetMin: usd('500'), ...more,
});
const draft = (client, more) => client.post('/v1/projects', draftBody(more), 201);
const fields = (answer) => answer.json.error.details.map((d) => d.field);

test('the catalogue is public', async () => {
	const categories = await call('GET', '/v1/categories');
	assert.equal(categories.status, 200);
	const web = categories.json.data.find((c) => c.slug === 'web-development');
	assert.ok(categories.json.data.findIndex((c) => c.id === web.parentId) < categories.json.data.indexOf(web), 'parents come first');
	const skills = await call('GET', '/v1/skills?q=JAVA');
	assert.deepEqual(skills.json.data.map((s) => s.slug).slice(0, 2), ['java', 'javascript']);
	assert.ok((await call('GET', '/v1/skills?q=ecma')).json.data.some((s) => s.slug === 'javascript'), 'an alias leads to its skill');
	assert.deepEqual((await call('GET', '/v1/skills?q=zzzz')).json.data, []);
	assert.equal((await call('GET', '/v1/skills/popular')).status, 200);
	assert.deepEqual(fields(await call('GET', '/v1/skills?limit=0&x=1')).sort(), ['limit', 'x']);
	const page = await call('GET', '/v1/skills?limit=2');
	const next = await call('GET', `/v1/skills?limit=2&cursor=${page.json.meta.pagination.nextCursor}`);
	assert.ok(next.json.data[0].slug > page.json.data[1].slug);
});

test('a draft: created, read, edited', async () => {
	const created = await carla.raw('POST', '/v1/projects', draftBody({
		title: '  A title between blanks\n',
		budgetMax: usd('900.5'), category: 'web-development', skills: ['js', 'C++', 'React'], experience: 'EXPERT', duration: '1_TO_3_MONTHS',
		visibility: 'PUBLIC', openings: 2, questions: ['When?'], deadline: '2099-12-31',
	}));
	assert.equal(created.status, 201, created.text);
	assert.equal(created.headers.get('etag').replace('-gzip', ''), '"v1"');
	const project = created.json.data;
	assert.equal(project.title, 'A title between blanks');
	assert.match(project.id, /^prj_[0-9a-z]{26}$/);
	assert.deepEqual(project.skills.map((s) => s.slug), ['javascript', 'c-plus-plus', 'react']);
	assert.deepEqual(
		[project.state, project.category.slug, project.budgetMin, project.budgetMax, project.clientId, project.openings, project.questions, project.deadline],
		['DRAFT', 'web-development', usd('500.00'), usd('900.50'), carla.id, 2, ['When?'], '2099-12-31']);

	assert.equal((await call('GET', `/v1/projects/${project.id}`)).status, 404, 'nobody else knows of a draft');
	assert.equal((await dora.raw('GET', `/v1/projects/${project.id}`)).status, 404);
	assert.equal((await dora.raw('PATCH', `/v1/projects/${project.id}`, { title: 'Another title' })).status, 404);
	assert.equal((await call('PATCH', `/v1/projects/${project.id}`, { body: { title: 'Another title' } })).status, 401);

	const read = await carla.raw('GET', `/v1/projects/${project.id}`);
	assert.deepEqual(read.json.data, project, 'one shape');
	const unchanged = await carla.raw('GET', `/v1/projects/${project.id}`, undefined, { 'if-none-match': read.headers.get('etag') });
	assert.deepEqual([unchanged.status, unchanged.text, unchanged.headers.get('etag').replace('-gzip', '')], [304, '', '"v1"']);

	const edited = await carla.raw('PATCH', `/v1/projects/${project.id}`, { title: 'A better title', skills: [], deadline: null }, { 'if-match': '"v1"' });
	assert.equal(edited.status, 200, edited.text);
	assert.deepEqual([edited.headers.get('etag').replace('-gzip', ''), edited.json.data.title, edited.json.data.skills, edited.json.data.deadline, edited.json.data.openings],
		['"v2"', 'A better title', [], null, 2]);
	assert.equal((await carla.raw('PATCH', `/v1/projects/${project.id}`, { title: 'A worse title' }, { 'if-match': '"v1"' })).status, 412);
	assert.deepEqual(fields(await carla.raw('PATCH', `/v1/projects/${project.id}`, { title: null, description: 'short', openings: 0, state: 'OPEN', clientId: dora.id })).sort(),
		['clientId', 'description', 'openings', 'state', 'title'], 'unknown and bad fields, all at once');
	const refused = await carla.raw('POST', '/v1/projects', draftBody({
		title: 'x', surprise: 1, deadline: '2026-99-01', budgetMin: usd('0.001'), budgetMax: usd('9'.repeat(20)),
	}));
	assert.deepEqual(fields(refused).sort(), ['budgetMax', 'budgetMin', 'deadline', 'surprise', 'title'],
		'what the bridge, a type and the function refuse, all at once');
	assert.equal((await carla.get(`/v1/projects/${project.id}`)).version, 2, 'a refused edit changes nothing');
});

test('bad drafts: every field at once, and nothing made', async () => {
	const count = () => sql(`SELECT count(*) FROM skillancer.project WHERE client_id = '${carla.id}'`)[0][0];
	const before = count();
	assert.equal((await call('POST', '/v1/projects', { body: draftBody() })).status, 401);
	assert.equal((await fred.raw('POST', '/v1/projects', draftBody())).json.error.code, 'PERMISSION_DENIED');
	assert.deepEqual(fields(await carla.raw('POST', '/v1/projects', {})).sort(), ['budgetKind', 'budgetMin', 'description', 'title']);
	const bad = await carla.raw('POST', '/v1/projects', {
		title: 'x', description: 7, budgetKind: 'DAILY', budgetMin: usd('0.99'), budgetMax: { amount: '5', currency: 'EUR' }, category: 'no-such', skills: ['js', 'no-such'],
		experience: 'GURU', duration: 'LONG', visibility: 'SECRET', openings: 101, questions: ['a', ' '], deadline: 'soon', colour: 'red',
	});
	assert.equal(bad.status, 422);
	for (const field of ['title', 'description', 'budgetKind', 'budgetMin', 'budgetMax', 'category', 'skills[1]', 'experience', 'duration', 'visibility', 'openings', 'questions[1]', 'deadline', 'colour']) {
		assert.ok(fields(bad).includes(field), `${field} is named in ${fields(bad)}`);
	}
	for (const amount of ['-1', '0', '1e3', '0.001', '1000001', '9223372036854775808', ' 1', 'NaN', '٣', '']) {
		const answer = await carla.raw('POST', '/v1/projects', draftBody({ budgetMin: usd(amount) }));
		assert.equal(answer.status, 422, `amount ${amount}: ${answer.text}`);
		assert.ok(fields(answer).some((f) => f.startsWith('budgetMin')), answer.text);
	}
	assert.equal((await carla.raw('POST', '/v1/projects', draftBody({ title: 'a\u0000b and more' }))).status, 400, 'no NUL');
	assert.deepEqual(fields(await carla.raw('POST', '/v1/projects', draftBody({ title: ' \n\t     ' }))), ['title'], 'blanks are no title');
	assert.equal((await carla.raw('GET', '/v1/projects/prp_01h455vb4pex5vsknk084sn02q')).status, 422, 'an id of another kind');
	assert.equal(count(), before);
});

test('an Idempotency-Key makes one draft', async () => {
	const key = { 'idempotency-key': `draft-${tag()}` };
	const body = draftBody();
	const first = await carla.raw('POST', '/v1/projects', body, key);
	const second = await carla.raw('POST', '/v1/projects', body, key);
	assert.deepEqual([first.status, second.status, second.json.data], [201, 201, first.json.data]);
	assert.equal(second.headers.get('idempotency-replayed'), 'true');
	assert.equal((await carla.raw('POST', '/v1/projects', draftBody(), key)).json.error.code, 'IDEMPOTENCY_MISMATCH');
	assert.notEqual((await dora.raw('POST', '/v1/projects', body, key)).json.data.id, first.json.data.id, 'a key is its owner\'s');
	const publish = await carla.raw('POST', `/v1/projects/${first.json.data.id}/publish`, {}, { 'idempotency-key': `publish-${tag()}` });
	assert.equal(publish.status, 200);
});

test('the life of a project', async () => {
	const { id } = await draft(carla);
	const path = `/v1/projects/${id}`;
	for (const action of ['publish', 'pause', 'resume', 'cancel', 'close']) {
		assert.equal((await call('POST', `${path}/${action}`, { body: {} })).status, 401, `${action} needs a caller`);
		assert.equal((await dora.raw('POST', `${path}/${action}`, {})).status, 404, `${action}: a stranger does not know of the draft`);
		assert.deepEqual(fields(await carla.raw('POST', `${path}/${action}`, { surprise: 1 })), ['surprise']);
	}
	const early = await carla.post(`${path}/close`, {}, 409);
	assert.deepEqual([early.code, early.details.state], ['INVALID_STATE', 'DRAFT']);
	assert.ok(early.details.allowed.includes('publish'));

	const key = { 'idempotency-key': `life-${tag()}` };
	const published = await carla.post(`${path}/publish`, {}, 200, key);
	assert.equal(published.state, 'OPEN');
	assert.ok(Date.parse(published.expiresAt) - Date.parse(published.publishedAt) === 30 * 86400 * 1000, 'open for 30 days');
	assert.equal((await carla.raw('POST', `${path}/publish`, {}, key)).headers.get('idempotency-replayed'), 'true');
	assert.equal((await carla.post(`${path}/publish`, {}, 409)).code, 'INVALID_STATE');
	assert.equal((await call('GET', path)).json.data.state, 'OPEN', 'now everybody sees it');
	for (const action of ['pause', 'resume', 'cancel', 'close']) {
		assert.equal((await dora.raw('POST', `${path}/${action}`, {})).status, 403, `${action}: it is somebody else's`);
	}
	assert.equal((await carla.post(`${path}/pause`)).state, 'PAUSED');
	assert.equal((await carla.post(`${path}/resume`)).state, 'OPEN');
	const proposal = await propose(fred, { id });
	assert.equal((await carla.post(`${path}/close`, {}, 409)).details.state, 'OPEN', 'without a hire it is cancelled, not closed');
	assert.deepEqual(fields(await carla.raw('POST', `${path}/cancel`, { reason: '' })), ['reason']);
	assert.equal((await carla.post(`${path}/cancel`, { reason: 'Other plans' })).state, 'CANCELLED');
	assert.equal((await fred.get(`/v1/proposals/${proposal.id}`)).state, 'CLOSED');
	assert.equal((await call('GET', path)).status, 404);
	assert.equal((await fred.get(path)).state, 'CANCELLED', 'who proposed still sees it');
	assert.equal((await carla.raw('PATCH', path, { title: 'Too late now' })).status, 409);
});

test('filled by acceptance, then closed', async () => {
	const project = await openProject(carla);
	const [one, two] = [await propose(fred, project), await propose(await join('flo', 'FREELANCER'), project)];
	await carla.post(`/v1/proposals/${one.id}/accept`, { revision: 1 });
	assert.equal((await carla.get(`/v1/projects/${project.id}`)).state, 'FILLED');
	assert.equal((await carla.get(`/v1/proposals/${two.id}`)).state, 'CLOSED', 'others are closed when the openings are taken');
	assert.equal((await carla.post(`/v1/projects/${project.id}/close`)).state, 'CLOSED');
	assert.equal((await call('GET', `/v1/projects/${project.id}`)).json.data.state, 'CLOSED');
});

test('lists and filters', async () => {
	const word = `zyx${tag()}`;
	const make = async (more) => carla.post(`/v1/projects/${(await draft(carla, { title: `Find ${word} here`, ...more })).id}/publish`);
	const fixed = await make({ budgetMin: usd('100'), budgetMax: usd('200'), skills: ['php', 'css'], category: 'seo' });
	const hourly = await make({ budgetKind: 'HOURLY', budgetMin: usd('20'), skills: ['php'] });
	const euro = await make({ budgetMin: { amount: '300', currency: 'EUR' } });
	await make({ visibility: 'INVITE_ONLY' });
	await make({ visibility: 'PRIVATE' });
	await draft(carla, { title: `Draft ${word} here` });
	const find = async (query) => (await call('GET', `/v1/projects?q=${word}&${query}`)).json.data.map((p) => p.id);
	assert.deepEqual(await find(''), [euro.id, hourly.id, fixed.id], 'newest first, only open public ones');
	assert.deepEqual(await find('kind=HOURLY'), [hourly.id]);
	assert.deepEqual(await find('skill=PHP'), [hourly.id, fixed.id]);
	assert.deepEqual(await find('skill=php,css3'), [fixed.id], 'all of several skills');
	assert.deepEqual(await find('category=marketing'), [fixed.id], 'a category with what lies below it');
	assert.deepEqual(await find(`category=${fixed.category.id}`), [fixed.id]);
	assert.deepEqual(await find('budgetMin=150&budgetMax=250'), [fixed.id], 'budgets that meet the range');
	assert.deepEqual(await find('currency=EUR'), [euro.id]);
	assert.deepEqual(fields(await call('GET', '/v1/projects?limit=101&kind=X&budgetMin=-1&currency=euro&category=nope&skill=nope&state=OPEN&page=2')).sort(),
		['budgetMin', 'category', 'currency', 'kind', 'limit', 'page', 'skill[0]', 'state']);

	for (const nothing of ['%22%22', '-', '%20%7C%20%26%20!()']) {
		assert.deepEqual(fields(await call('GET', `/v1/projects?q=${nothing}`)), ['q'], 'operators are no words');
		assert.deepEqual(fields(await call('GET', `/v1/gigs?q=${nothing}`)), ['q']);
	}
	assert.equal((await call('GET', '/v1/projects?q=%E8%A8%AD%E8%A8%88')).status, 200, 'words are of any script');

	const page = await call('GET', `/v1/projects?q=${word}&limit=2`);
	assert.deepEqual([page.json.data.length, page.json.meta.pagination.hasNext], [2, true]);
	const rest = await call('GET', `/v1/projects?q=${word}&limit=2&cursor=${page.json.meta.pagination.nextCursor}`);
	assert.deepEqual([rest.json.data.map((p) => p.id), rest.json.meta.pagination], [[fixed.id], { limit: 2, nextCursor: null, hasNext: false }]);
	assert.deepEqual(fields(await call('GET', `/v1/projects?limit=2&cursor=${page.json.meta.pagination.nextCursor}`)), ['cursor'], 'a cursor of another query');
	assert.deepEqual(fields(await call('GET', '/v1/projects?cursor=forged')), ['cursor']);

	const newest = await call('GET', '/v1/projects?limit=1');
	assert.equal(newest.json.data[0].id, euro.id);
	const second = await call('GET', `/v1/projects?limit=1&cursor=${newest.json.meta.pagination.nextCursor}`);
	assert.equal(second.json.data[0].id, hourly.id, 'the plain list pages, too');

	assert.equal((await call('GET', '/v1/projects?mine=true')).status, 401);
	assert.ok((await carla.get('/v1/projects?mine=true')).some((p) => p.state === 'DRAFT'));
	assert.ok((await carla.get('/v1/projects?mine=true&state=OPEN')).every((p) => p.state === 'OPEN'));
	assert.ok((await dora.get('/v1/projects?mine=true')).every((p) => p.clientId === dora.id));
	assert.deepEqual(fields(await carla.raw('GET', '/v1/projects?mine=true&state=ODD')), ['state']);
});

test('a risky text waits for a moderator', async () => {
	const project = await draft(carla, { description: 'Write to me at carla@example.com and we talk about it.' });
	assert.equal((await carla.post(`/v1/projects/${project.id}/publish`)).state, 'IN_REVIEW');
	for (const [action, body] of [['approve', {}], ['reject', { reason: 'No addresses' }]]) {
		assert.equal((await call('POST', `/v1/projects/${project.id}/${action}`, { body })).status, 401);
		assert.equal((await carla.raw('POST', `/v1/projects/${project.id}/${action}`, body)).status, 403);
		assert.equal((await dora.raw('POST', `/v1/projects/${project.id}/${action}`, body)).status, 403);
	}
	assert.equal((await call('GET', '/v1/projects/in-review')).status, 401);
	assert.equal((await carla.raw('GET', '/v1/projects/in-review')).status, 403);
	const mo = await join('mo', 'FREELANCER');
	sql(`INSERT INTO skillancer.user_role (user_id, role) VALUES ('${mo.id}', 'MODERATOR')`);
	assert.ok((await mo.get('/v1/projects/in-review?limit=100')).some((p) => p.id === project.id));
	assert.deepEqual(fields(await mo.raw('POST', `/v1/projects/${project.id}/reject`, {})), ['reason']);
	assert.equal((await mo.post(`/v1/projects/${project.id}/reject`, { reason: 'No addresses' })).state, 'DRAFT');
	assert.equal((await carla.raw('PATCH', `/v1/projects/${project.id}`, { description: 'Write to me through the messages here.' })).status, 200);
	assert.equal((await carla.post(`/v1/projects/${project.id}/publish`)).state, 'OPEN', 'after an edit it is open at once');
	assert.equal((await carla.raw('PATCH', `/v1/projects/${project.id}`, { description: 'Or call +44 20 7946 0958 any time.' })).json.data.state, 'IN_REVIEW');
	assert.equal((await mo.post(`/v1/projects/${project.id}/approve`)).state, 'OPEN');
});

test('an open project expires by itself', async () => {
	const project = await openProject(carla);
	const proposal = await propose(fred, project);
	sql(`UPDATE skillancer.due SET due_at = skillancer.now() - interval '1 second' WHERE machine = 'project' AND id = '${project.id}'::skillancer.project_id::uuid`);
	const expired = await until(async () => (await carla.get(`/v1/projects/${project.id}`)).state === 'EXPIRED', 15000);
	assert.ok(expired, 'the timekeeper fires it');
	assert.equal((await fred.get(`/v1/proposals/${proposal.id}`)).state, 'CLOSED');
	assert.equal((await call('GET', `/v1/projects/${project.id}`)).status, 404);
});
