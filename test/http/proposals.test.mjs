// proposals.test.mjs
//	Proposals over HTTP: every route with success, 401, 403 or 404, 422, idempotent replay and entity tags; limits and
//	"one live proposal" under many requests at once.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { call, sql, until } from './support.mjs';
import { join, openProject, propose, tag, usd } from './market.mjs';

let carla;
let dora;
let fred;
let flo;
let project;

before(async () => {
	[carla, dora, fred, flo] = await Promise.all([join('carla', 'CLIENT'), join('dora', 'CLIENT'), join('fred', 'FREELANCER'), join('flo', 'FREELANCER')]);
	project = await openProject(carla);
});

const letter = 'I have done work of this kind for many years, and I can begin at once.';
const body = (more = {}) => ({ coverLetter: letter, bid: usd('450'), deliveryDays: 10, ...more });
const fields = (answer) => answer.json.error.details.map((d) => d.field);
const count = (answers, status) => answers.filter((a) => a.status === status).length;

test('submit, read, list', async () => {
	const path = `/v1/projects/${project.id}/proposals`;
	assert.equal((await call('POST', path, { body: body() })).status, 401);
	assert.equal((await dora.raw('POST', path, body())).status, 403, 'a client does not propose');
	assert.equal((await fred.raw('POST', '/v1/projects/prj_01h455vb4pex5vsknk084sn02q/proposals', body())).status, 404);
	const hidden = await carla.post('/v1/projects', { title: 'A hidden draft', description: 'Nobody sees this one.', budgetKind: 'FIXED', budgetMin: usd('5') }, 201);
	const onHidden = await fred.raw('POST', `/v1/projects/${hidden.id}/proposals`, body({ coverLetter: 'x' }));
	assert.deepEqual([onHidden.status, onHidden.json.error.code], [404, 'RESOURCE_NOT_FOUND'], 'a hidden project answers like one that is not there');
	assert.deepEqual(fields(await fred.raw('POST', path, {})).sort(), ['bid', 'coverLetter']);
	const bad = await fred.raw('POST', path, {
		coverLetter: 'short', bid: { amount: '1', currency: 'EUR' }, deliveryDays: 366, answers: ['to what?'], state: 'ACCEPTED',
		milestones: [{ title: '', amount: usd('1.001') }, 'x', { amount: usd('1'), title: 'ok', extra: 1 }],
	});
	assert.deepEqual([...new Set(fields(bad))].sort(), ['answers', 'bid', 'coverLetter', 'deliveryDays', 'milestones[0].amount', 'milestones[0].title', 'milestones[1]',
		'milestones[2].amount', 'milestones[2].extra', 'state']);
	assert.deepEqual(fields(await fred.raw('POST', path, body({ milestones: [{ title: 'a', amount: usd('449.99') }] }))), ['milestones'], 'a cent is missing');

	const key = { 'idempotency-key': `propose-${tag()}` };
	const first = await fred.raw('POST', path, body({ milestones: [{ title: 'a', amount: usd('150') }, { title: 'b', amount: usd('300.00'), days: 5 }] }), key);
	assert.equal(first.status, 201, first.text);
	const again = await fred.raw('POST', path, body({ milestones: [{ title: 'a', amount: usd('150') }, { title: 'b', amount: usd('300.00'), days: 5 }] }), key);
	assert.deepEqual([again.status, again.json.data, again.headers.get('idempotency-replayed')], [201, first.json.data, 'true']);
	assert.equal((await fred.raw('POST', path, body())).json.error.code, 'PROPOSAL_EXISTS');
	const proposal = first.json.data;
	assert.deepEqual([proposal.state, proposal.revision, proposal.bid, proposal.milestones[0].amount, proposal.freelancerId, proposal.clientId],
		['SUBMITTED', 1, usd('450.00'), usd('150.00'), fred.id, carla.id]);

	const one = `/v1/proposals/${proposal.id}`;
	for (const who of [fred, carla]) assert.deepEqual((await who.get(one)).id, proposal.id);
	assert.equal((await call('GET', one)).status, 401);
	for (const who of [flo, dora]) {
		assert.equal((await who.raw('GET', one)).status, 404, 'others do not know of it');
		assert.equal((await who.raw('GET', `${one}/revisions`)).status, 404);
	}
	const read = await fred.raw('GET', one);
	assert.equal((await fred.raw('GET', one, undefined, { 'if-none-match': read.headers.get('etag') })).status, 304);
	assert.equal((await fred.get(`${one}/revisions`)).length, 1);
	assert.equal((await call('GET', `${one}/revisions`)).status, 401);

	assert.ok((await carla.get(path)).some((p) => p.id === proposal.id));
	assert.equal((await call('GET', path)).status, 401);
	assert.equal((await dora.raw('GET', path)).status, 403);
	assert.equal((await fred.raw('GET', path)).status, 403, 'who proposed does not see the others');
	assert.equal((await dora.raw('GET', `/v1/projects/${hidden.id}/proposals`)).status, 404);
	assert.deepEqual(fields(await carla.raw('GET', `${path}?state=ODD&limit=0&shortlisted=maybe`)).sort(), ['limit', 'shortlisted', 'state']);
	assert.deepEqual((await fred.get('/v1/proposals')).map((p) => p.id), [proposal.id]);
	assert.deepEqual(await fred.get('/v1/proposals?state=DECLINED'), []);
	assert.deepEqual(await flo.get('/v1/proposals'), []);
	assert.equal((await call('GET', '/v1/proposals')).status, 401);
	assert.deepEqual(fields(await fred.raw('GET', '/v1/proposals?state=ODD')), ['state']);
});

test('views of a project are told to its client by the minute', async () => {
	const looked = () => sql(`SELECT sum(n) >= 2 FROM skillancer.read_day WHERE kind = 'project' AND object = '${project.id}'::skillancer.project_id::uuid`)[0][0] === 't';
	for (const somebody of [fred, flo]) await somebody.get(`/v1/projects/${project.id}`);
	assert.ok(await until(looked));
	sql('SELECT skillancer.tell_views()');
	const seen = sql(`SELECT sum((e.data ->> 'views')::integer), bool_and(e.audience = ARRAY['${carla.id}'::skillancer.user_id::uuid])
		FROM skillancer.event e WHERE e.type = 'project.viewed' AND e.data ->> 'projectId' = '${project.id}' GROUP BY e.aggregate_id`);
	assert.ok(seen.length === 1 && Number(seen[0][0]) >= 2 && seen[0][1] === 't', JSON.stringify(seen));
});

test('nobody proposes on a project of his own', async () => {
	const both = await join('both', 'CLIENT');
	sql(`INSERT INTO skillancer.user_role (user_id, role) VALUES ('${both.id}', 'FREELANCER')`);
	const own = await openProject(both);
	const answer = await both.raw('POST', `/v1/projects/${own.id}/proposals`, body());
	assert.deepEqual([answer.status, answer.json.error.code], [403, 'OWN_PROJECT']);
});

test('edit, counter, tags', async () => {
	const proposal = await propose(flo, project, '500');
	const path = `/v1/proposals/${proposal.id}`;
	assert.equal((await call('PATCH', path, { body: { bid: usd('1') } })).status, 401);
	assert.equal((await fred.raw('PATCH', path, { bid: usd('1') })).status, 404);
	assert.equal((await carla.raw('PATCH', path, { bid: usd('1') })).status, 403, 'the client does not edit it');
	const edited = await flo.raw('PATCH', path, { bid: usd('480') }, { 'if-match': '"v1"' });
	assert.deepEqual([edited.status, edited.json.data.revision, edited.json.data.bid.amount], [200, 2, '480.00']);
	assert.equal((await flo.raw('PATCH', path, { bid: usd('470') }, { 'if-match': '"v1"' })).status, 412);
	assert.deepEqual(fields(await flo.raw('PATCH', path, { bid: null, coverLetter: 'x', revision: 9 })).sort(), ['bid', 'coverLetter', 'revision']);
	assert.deepEqual((await carla.get(`${path}/revisions`)).map((r) => r.bid.amount), ['480.00', '500.00']);

	assert.equal((await flo.raw('POST', `${path}/counter`, { bid: usd('400') })).status, 403);
	assert.equal((await dora.raw('POST', `${path}/counter`, { bid: usd('400') })).status, 404);
	assert.equal((await call('POST', `${path}/counter`, { body: { bid: usd('400') } })).status, 401);
	assert.deepEqual(fields(await carla.raw('POST', `${path}/counter`, { bid: { amount: '4', currency: 'EUR' }, deliveryDays: 0, message: '' })).sort(), ['bid', 'deliveryDays', 'message']);
	const countered = await carla.post(`${path}/counter`, { bid: usd('400'), message: 'Would this do?' });
	assert.deepEqual([countered.state, countered.counter.bid.amount], ['COUNTERED', '400.00']);
	assert.equal((await carla.post(`${path}/counter`, { bid: usd('410'), deliveryDays: 5 })).counter.bid.amount, '410.00');
	assert.equal((await flo.raw('PATCH', path, { bid: usd('400') })).json.data.state, 'SUBMITTED');
	for (const who of [flo, carla]) {
		const revisions = await who.get(`${path}/revisions`);
		assert.deepEqual(revisions.map((r) => [r.revision, r.counters.map((c) => [c.bid.amount, c.deliveryDays, c.message])]),
			[[3, []], [2, [['400.00', null, 'Would this do?'], ['410.00', 5, null]]], [1, []]], 'every counter-offer stays beside what it answers');
	}

	for (const [action, extra] of [['shortlist', {}], ['tags', { tag: 'interviewing' }]]) {
		assert.equal((await call('POST', `${path}/${action}`, { body: extra })).status, 401);
		assert.equal((await flo.raw('POST', `${path}/${action}`, extra)).status, 403, 'tags are the client\'s');
		assert.equal((await dora.raw('POST', `${path}/${action}`, extra)).status, 404);
		const key = { 'idempotency-key': `tag-${tag()}` };
		assert.equal((await carla.raw('POST', `${path}/${action}`, extra, key)).status, 200);
		assert.equal((await carla.raw('POST', `${path}/${action}`, extra, key)).headers.get('idempotency-replayed'), 'true');
	}
	const tagged = await carla.get(path);
	assert.ok(tagged.shortlistedAt && tagged.interviewingAt && !tagged.viewedAt);
	assert.deepEqual((await carla.get(`/v1/projects/${project.id}/proposals?shortlisted=true`)).map((p) => p.id), [proposal.id]);
	assert.equal((await carla.post(`${path}/shortlist`, { on: false })).shortlistedAt, null);
	assert.ok(await until(async () => (await flo.get('/v1/notifications')).some((n) => n.type === 'proposal.shortlisted' && n.data.proposalId === proposal.id)), 'who is on the short list is told');
	assert.deepEqual(fields(await carla.raw('POST', `${path}/tags`, { tag: 'adored', on: 1 })).sort(), ['on', 'tag']);
	await carla.post(`${path}/tags`, { tag: 'archived' });
	assert.equal((await flo.get(path)).archivedAt, null, 'the freelancer does not see that');
});

test('withdraw and decline', async () => {
	for (const [action, who, other, state] of [['withdraw', fred, carla, 'WITHDRAWN'], ['decline', carla, fred, 'DECLINED']]) {
		const posting = await openProject(carla);
		const proposal = await propose(fred, posting);
		const path = `/v1/proposals/${proposal.id}/${action}`;
		assert.equal((await call('POST', path, { body: {} })).status, 401);
		assert.equal((await dora.raw('POST', path, {})).status, 404);
		assert.equal((await other.raw('POST', path, {})).json.error.code, 'PERMISSION_DENIED');
		assert.deepEqual(fields(await who.raw('POST', path, { reason: 'x'.repeat(501) })), ['reason']);
		const key = { 'idempotency-key': `${action}-${tag()}` };
		const ended = await who.raw('POST', path, { reason: 'No time' }, key);
		assert.deepEqual([ended.status, ended.json.data.state, ended.json.data.reason], [200, state, 'No time']);
		assert.equal((await who.raw('POST', path, { reason: 'No time' }, key)).headers.get('idempotency-replayed'), 'true');
		const twice = await who.raw('POST', path, {});
		assert.deepEqual([twice.status, twice.json.error.code, twice.json.error.details], [409, 'INVALID_STATE', { state, allowed: [] }]);
		assert.equal((await propose(fred, posting)).state, 'SUBMITTED', 'a new one may follow');
	}
});

test('50 proposals of one freelancer on one project at once: one is live', async () => {
	const posting = await openProject(carla);
	const answers = await Promise.all(Array.from({ length: 50 }, () => flo.raw('POST', `/v1/projects/${posting.id}/proposals`, body())));
	assert.deepEqual([count(answers, 201), count(answers, 409)], [1, 49]);
	assert.ok(answers.filter((a) => a.status === 409).every((a) => a.json.error.code === 'PROPOSAL_EXISTS'));
	assert.equal(sql(`SELECT count(*) FROM skillancer.proposal WHERE project_id = '${posting.id}'`)[0][0], '1');
});

test('proposals on 55 projects at once stop at the limit of 50', async () => {
	const ivy = await join('ivy', 'FREELANCER');
	const ids = sql(`BEGIN;
		SELECT skillancer.import_begin('test') \\g /dev/null
		INSERT INTO skillancer.project (client_id, state, title, description, budget_kind, budget_min, budget_max, published_at)
		SELECT '${dora.id}', 'OPEN', 'One of many ' || n, 'What has to be done, in few words.', 'FIXED', '5 USD', '900 USD', skillancer.now()
		FROM generate_series(1, 55) n RETURNING id;
		COMMIT;`).map(([id]) => id);
	const answers = await Promise.all(ids.map((id) => ivy.raw('POST', `/v1/projects/${id}/proposals`, body())));
	assert.deepEqual([count(answers, 201), count(answers, 409)], [50, 5]);
	assert.ok(answers.filter((a) => a.status === 409).every((a) => a.json.error.code === 'PROPOSAL_LIMIT'));
	const mine = (await ivy.get('/v1/proposals?limit=100'));
	assert.equal(mine.length, 50);
	await ivy.post(`/v1/proposals/${mine[0].id}/withdraw`);
	const free = ids[answers.findIndex((a) => a.status === 409)];
	assert.equal((await ivy.raw('POST', `/v1/projects/${free}/proposals`, body())).status, 201, 'a withdrawn one makes room');
});

test('a proposal and the end of its project at once leave no live proposal', async () => {
	for (let round = 0; round < 5; round++) {
		const posting = await openProject(carla);
		const [proposed, cancelled] = await Promise.all([
			fred.raw('POST', `/v1/projects/${posting.id}/proposals`, body()), carla.raw('POST', `/v1/projects/${posting.id}/cancel`, {})]);
		assert.equal(cancelled.status, 200, cancelled.text);
		assert.ok([201, 404, 409].includes(proposed.status), proposed.text);
		assert.equal(sql(`SELECT count(*) FROM skillancer.proposal WHERE project_id = '${posting.id}' AND state IN ('SUBMITTED', 'COUNTERED')`)[0][0], '0');
	}
});

test('accept, withdraw, decline, edit and cancel at once: one legal end, and no server error', async () => {
	for (let round = 0; round < 4; round++) {
		const posting = await openProject(carla);
		const bids = await Promise.all([fred, flo].map((who) => propose(who, posting)));
		const answers = await Promise.all([
			carla.raw('POST', `/v1/proposals/${bids[0].id}/accept`, { revision: 1 }), carla.raw('POST', `/v1/proposals/${bids[1].id}/accept`, { revision: 1 }),
			fred.raw('POST', `/v1/proposals/${bids[0].id}/withdraw`, {}), flo.raw('PATCH', `/v1/proposals/${bids[1].id}`, { bid: usd('999') }),
			carla.raw('POST', `/v1/proposals/${bids[1].id}/decline`, {}), carla.raw('POST', `/v1/projects/${posting.id}/cancel`, {}),
			carla.raw('POST', `/v1/projects/${posting.id}/pause`, {}), carla.raw('PATCH', `/v1/projects/${posting.id}`, { title: 'A new title of it' }),
		]);
		for (const answer of answers) assert.ok([200, 201, 404, 409, 412].includes(answer.status), `${answer.status} ${answer.text}`);
		const [[state, accepted, live, bookings]] = sql(`SELECT p.state, count(*) FILTER (WHERE b.state = 'ACCEPTED'),
			count(*) FILTER (WHERE b.state IN ('SUBMITTED', 'COUNTERED')), (SELECT count(*) FROM skillancer.booking k WHERE k.project_id = p.id)
			FROM skillancer.project p JOIN skillancer.proposal b ON b.project_id = p.id WHERE p.id = '${posting.id}' GROUP BY p.id`);
		assert.equal(accepted, bookings, 'a booking for each acceptance');
		assert.ok(Number(accepted) <= 1, 'one opening');
		assert.ok(state !== 'FILLED' || accepted === '1');
		assert.ok(!['FILLED', 'CANCELLED'].includes(state) || live === '0', `${state} with ${live} live proposals`);
	}
});
