// reputation.test.mjs
//	Reviews, reports, reputation, rates and matches over HTTP: the shapes of the answers, who gets them, what is refused.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { book, card, checkBooks, join, openProject, tag, usd } from './market.mjs';
import { call, env, sql, until } from './support.mjs';

let client;
let freelancer;
let stranger;
let booking;
const admin = (method, path, body) => call(method, path, { token: env.SKL_ADMIN_TOKEN, body });

async function done(bid) {
	const made = await book(client, freelancer, bid);
	const { id } = made.milestones[0];
	await client.post(`/v1/milestones/${id}/fund`, { paymentMethodId: await card(client) }, 201);
	await freelancer.post(`/v1/milestones/${id}/submit`, { note: 'Here it is.' });
	await client.post(`/v1/milestones/${id}/approve`);
	await client.post(`/v1/bookings/${made.id}/end`);
	return made;
}

before(async () => {
	// what other tests have written past the engine is no difference that these make
	sql('SELECT skillancer.reputation_rebuild()');
	[client, freelancer, stranger] = await Promise.all([join('clara', 'CLIENT'), join('felix', 'FREELANCER'), join('sam', 'FREELANCER')]);
	booking = await done('400.00');
});

test('the end of a booking is evidence', async () => {
	const mine = await freelancer.get('/v1/users/me/reputation');
	assert.deepEqual([mine.freelancer.level, mine.freelancer.successScore, mine.freelancer.outcomes], ['NEW', null, 1]);
	assert.deepEqual(mine.evidence.map((e) => [e.bookingId, e.verdict, e.reason, e.amount.amount, e.weight]), [[booking.id, 'SUCCESS', 'PAID', '400.00', 2.1972]]);
	assert.deepEqual(mine.periods.map((p) => [p.months, p.outcomes, p.clients, p.counts]), [[6, 1, 1, false], [12, 1, 1, false], [24, 1, 1, false]]);
	assert.equal(mine.levels.nextLevel, 'RISING');
	const rule = mine.levels.requirements.find((r) => r.level === 'RISING' && r.metric === 'outcomes');
	assert.deepEqual([rule.operator, rule.threshold, rule.value, rule.met, rule.months], ['>=', 2, 1, false, 24]);
	assert.equal((await client.get('/v1/users/me/reputation')).evidence.length, 0, 'the evidence is the freelancer\'s');
	assert.equal((await call('GET', '/v1/users/me/reputation')).status, 401);
});

test('sub-scores belong to a direction', async () => {
	const wrong = await client.post(`/v1/bookings/${booking.id}/reviews`, { rating: 5, comment: 'Very good work.', wouldWorkAgain: true, clarity: 5, quality: 6 }, 422);
	assert.deepEqual(wrong.details.map((d) => d.field), ['quality']);
	const side = await client.post(`/v1/bookings/${booking.id}/reviews`, { rating: 5, comment: 'Very good work.', wouldWorkAgain: true, clarity: 5 }, 422);
	assert.deepEqual(side.details.map((d) => d.field), ['clarity']);
	await client.post(`/v1/bookings/${booking.id}/reviews`, { rating: 5, comment: 'Very good work.', wouldWorkAgain: true, quality: 5, communication: 4, timeliness: 3 }, 201);
	await freelancer.post(`/v1/bookings/${booking.id}/reviews`, { rating: 4, comment: 'Clear and quick.', wouldWorkAgain: false, clarity: 5, communication: 4, promptness: 2 }, 201);
	const { freelancer: his } = await stranger.get(`/v1/users/${freelancer.id}/reputation`);
	assert.deepEqual([his.rating.count, his.rating.mean, his.subScores], [1, 5, { quality: 5, communication: 4, timeliness: 3, wouldWorkAgain: 1 }]);
	const { client: hers } = await stranger.get(`/v1/users/${client.id}/reputation`);
	assert.deepEqual([hers.rating.mean, hers.subScores], [4, { clarity: 5, communication: 4, promptness: 2, wouldWorkAgain: 0 }]);
	const profile = await call('GET', `/v1/users/${freelancer.id}`);
	assert.deepEqual([profile.json.data.reputation.level, profile.json.data.reputation.rating.count], ['NEW', 1]);
});

test('the entity tag of a profile follows the reputation', async () => {
	const first = (await call('GET', `/v1/users/${freelancer.id}`)).headers.get('etag');
	assert.equal((await call('GET', `/v1/users/${freelancer.id}`, { headers: { 'If-None-Match': first } })).status, 304);
	await done('100.00');
	const second = await call('GET', `/v1/users/${freelancer.id}`, { headers: { 'If-None-Match': first } });
	assert.equal(second.status, 200);
	assert.equal(second.json.data.reputation.level, 'RISING');
	const told = await until(async () => (await freelancer.get('/v1/notifications?limit=100')).find((n) => n.type === 'reputation.level_changed'), 15000);
	assert.match(told?.title ?? '', /RISING/);
});

test('a report, its answer, and the review that is gone', async () => {
	const [{ id }] = await stranger.get(`/v1/users/${client.id}/reviews`);
	const path = `/v1/reviews/${id}/report`;
	assert.equal((await freelancer.raw('POST', path, { reason: 'UNTRUE', detail: 'I take it back.' })).status, 403, 'his own');
	assert.deepEqual((await client.post(path, { reason: 'RUDE', detail: 'x' }, 422)).details.map((d) => d.field).sort(), ['detail', 'reason']);
	const key = { 'Idempotency-Key': tag() };
	const report = await client.post(path, { reason: 'UNTRUE', detail: 'I was always clear.' }, 201, key);
	assert.equal((await client.post(path, { reason: 'UNTRUE', detail: 'I was always clear.' }, 201, key)).id, report.id, 'replayed');
	assert.equal((await client.raw('POST', path, { reason: 'UNTRUE', detail: 'I was always clear.' })).status, 409, 'once');
	assert.equal((await stranger.raw('GET', '/v1/review-reports')).status, 403);
	const queue = (await admin('GET', '/v1/review-reports?limit=100')).json.data;
	assert.deepEqual(queue.filter((q) => q.report.id === report.id).map((q) => [q.review.id, q.report.reporterId]), [[id, client.id]]);
	assert.equal((await admin('POST', `/v1/review-reports/${report.id}/uphold`, { note: 'It is gone.' })).json.data.state, 'UPHELD');
	assert.equal((await admin('POST', `/v1/review-reports/${report.id}/dismiss`, {})).status, 409);
	assert.deepEqual(await stranger.get(`/v1/users/${client.id}/reviews`), []);
	assert.equal((await stranger.get(`/v1/users/${client.id}/reputation`)).client.rating.count, 0);
	const told = await until(async () => (await client.get('/v1/notifications?limit=100')).find((n) => n.type === 'report.upheld'), 15000);
	assert.match(told?.body ?? '', /It is gone\./);
	assert.deepEqual(sql('SELECT skillancer.reputation_rebuild()'), [['0']], 'computing everything changes nothing');
});

test('matches and recommendations', async () => {
	const [react, css] = (await call('GET', '/v1/skills?q=react')).json.data.length ? ['react', 'css'] : [];
	for (const person of [freelancer, stranger]) {
		const put = await person.raw('PUT', '/v1/users/me/skills', { skills: [{ skill: react, level: 3, years: 4 }, ...(person === freelancer ? [{ skill: css, level: 2 }] : [])] });
		assert.equal(put.status, 200, put.text);
	}
	const draft = await client.post('/v1/projects', { title: `A shop in React ${tag()}`, description: 'What has to be done, in enough words.', skills: [react, css],
		budgetKind: 'FIXED', budgetMin: usd('100.00'), budgetMax: usd('900.00') }, 201);
	const matches = await client.get(`/v1/projects/${draft.id}/matches?limit=100`);
	const ours = matches.filter((m) => [freelancer.id, stranger.id].includes(m.freelancer.id));
	assert.deepEqual(ours.map((m) => m.freelancer.id), [freelancer.id, stranger.id], 'who has both skills comes first');
	assert.deepEqual(ours[0].matchedSkills.map((s) => s.slug).sort(), ['css', 'react']);
	assert.equal(ours[0].parts.skills, 1);
	assert.equal(ours[0].freelancer.level, 'RISING');
	assert.equal((await freelancer.raw('GET', `/v1/projects/${draft.id}/matches`)).status, 404, 'nobody knows of a draft');
	const shown = async () => (await stranger.get('/v1/projects/recommended?limit=100')).map((r) => r.project.id);
	assert.ok(!(await shown()).includes(draft.id), 'a draft is recommended to nobody');
	await client.post(`/v1/projects/${draft.id}/publish`);
	assert.ok((await shown()).includes(draft.id), 'once it is open it is');
	assert.equal((await freelancer.raw('GET', `/v1/projects/${draft.id}/matches`)).status, 403);
	assert.equal((await client.raw('GET', '/v1/projects/recommended')).status, 403);
	const other = await openProject(client);
	assert.equal((await client.raw('GET', `/v1/projects/${other.id}/matches?limit=101`)).status, 422);
});

test('lists by outcomes, and rates', async () => {
	const page = await call('GET', '/v1/freelancers?limit=2');
	assert.equal(page.status, 200, page.text);
	const next = await call('GET', `/v1/freelancers?limit=2&cursor=${encodeURIComponent(page.json.meta.pagination.nextCursor ?? '')}`);
	assert.ok(next.json.data.every((f) => !page.json.data.some((g) => g.id === f.id)), 'pages do not overlap');
	assert.ok((await call('GET', '/v1/freelancers?skill=react&level=RISING&limit=100')).json.data.some((f) => f.id === freelancer.id));
	assert.equal((await call('GET', '/v1/freelancers?skill=nothing-like-it')).status, 422);
	assert.equal((await call('GET', '/v1/gigs?sort=outcomes')).status, 200);
	assert.equal((await call('GET', '/v1/gigs?sort=outcomes&q=logo')).status, 422);
	const rates = await call('GET', '/v1/rates?skill=react&level=EXPERT');
	assert.deepEqual([rates.json.data.skill.slug, rates.json.data.level, rates.json.data.currency], ['react', 'EXPERT', 'USD']);
	assert.equal((await call('GET', '/v1/rates?currency=dollars')).status, 422);
	checkBooks();
});
