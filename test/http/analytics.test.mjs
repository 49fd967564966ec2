// test/http/analytics.test.mjs
//	Reports as JSON, CSV and NDJSON: forms, filters, who may read them. One's own figures, of nobody else's rows.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fundedMilestone, join, tag } from './market.mjs';
import { call, env, sql, until, url } from './support.mjs';

const admin = { token: env.SKL_ADMIN_TOKEN };
const get = (pathname, options = admin) => call('GET', pathname, options);
const DAY = '2019-05-06';

const forget = `DELETE FROM skillancer.metric_day WHERE day = '${DAY}';`;

before(() => sql(`${forget}
	INSERT INTO skillancer.metric_day (metric, day, dims, num, den) VALUES ('gmv_released', '${DAY}', '{"currency": "EUR"}', -1250, 2),
		('gmv_released', '${DAY}', '{"currency": "USD"}', 99, 1), ('users_verified', '${DAY}', '{}', 7, 7)`));
after(() => sql(forget));

test('the reports are listed with their columns', async () => {
	const { status, json } = await get('/v1/analytics');
	assert.equal(status, 200);
	const daily = json.data.find(({ name, interval }) => name === 'metrics' && interval === 'day');
	assert.deepEqual(daily.filters, ['currency', 'from', 'metric', 'to']);
	assert.deepEqual(daily.columns.map(({ name }) => name), ['metric', 'day', 'dims', 'num', 'den', 'asOf']);
	for (const { name, interval, filters } of json.data) {
		const days = filters.includes('from') ? '&from=2026-01-01&to=2100-01-01' : '';
		assert.equal((await get(`/v1/analytics/${name}?interval=${interval}${days}`)).status, 200, name);
	}
	const unreported = Number(sql(`SELECT count(*) FROM pg_class c WHERE relnamespace = 'skillancer_analytics'::regnamespace AND has_table_privilege('skillancer_analyst', c.oid, 'SELECT')
		AND NOT EXISTS (SELECT FROM skillancer.report r WHERE r.relation = c.relname)`)[0][0]);
	assert.equal(unreported, 0, 'every view of analysts is a report');
});

test('three forms, by format or by Accept', async () => {
	const query = `from=${DAY}&to=2019-05-07`;
	const { json } = await get(`/v1/analytics/metrics?${query}`);
	assert.deepEqual(json.data.map(({ asOf, ...row }) => row), [
		{ metric: 'gmv_released', day: DAY, dims: { currency: 'EUR' }, num: -1250, den: 2 },
		{ metric: 'gmv_released', day: DAY, dims: { currency: 'USD' }, num: 99, den: 1 },
		{ metric: 'users_verified', day: DAY, dims: {}, num: 7, den: 7 }]);
	for (const ask of [{ path: '&format=csv' }, { headers: { accept: 'text/csv, application/json;q=0.9' } }]) {
		const csv = await get(`/v1/analytics/metrics?${query}&metric=gmv_released${ask.path ?? ''}`, { ...admin, headers: ask.headers });
		assert.equal(csv.headers.get('content-type'), 'text/csv; charset=utf-8; header=present');
		assert.equal(csv.headers.get('content-disposition'), `attachment; filename="metrics-day-gmv_released-${DAY}-2019-05-07.csv"`);
		assert.match(csv.text, /^metric,day,dims,num,den,asOf\r\ngmv_released,2019-05-06,"\{""currency"": ""EUR""\}",-1250,2,\d{4}-[0-9:T-]+Z\r\ngmv_released,.*\r\n$/);
	}
	const lines = await get(`/v1/analytics/metrics?${query}`, { ...admin, headers: { accept: 'application/x-ndjson' } });
	assert.equal(lines.headers.get('content-type'), 'application/x-ndjson');
	assert.equal(lines.headers.get('vary'), 'Accept');
	assert.deepEqual(lines.text.trimEnd().split('\n').map((line) => JSON.parse(line).num), [-1250, 99, 7]);
	assert.deepEqual((await get(`/v1/analytics/metrics?${query}&currency=USD`)).json.data.map(({ num }) => num), [99]);
	assert.equal((await get(`/v1/analytics/metrics?${query}&format=json`, { ...admin, headers: { accept: 'text/csv' } })).json.data.length, 3);
});

test('filters that are wrong are named', async () => {
	const refused = async (path) => { const { status, json } = await get(path); assert.equal(status, 422, path); return json.error.details.map(({ field }) => field).sort(); };
	assert.deepEqual(await refused('/v1/analytics/metrics?from=2026-02-30&to=x&interval=week&format=xml&metric=none&currency=usd&other=1'),
		['currency', 'format', 'from', 'interval', 'metric', 'other', 'to']);
	assert.deepEqual(await refused('/v1/analytics/metrics?from=2026-02-02&to=2026-02-02'), ['to']);
	assert.deepEqual(await refused('/v1/analytics/metrics?from=1900-01-01'), ['from']);
	assert.deepEqual(await refused('/v1/analytics/definitions?from=2026-02-02&currency=USD'), ['currency', 'from']);
	assert.deepEqual(await refused(`/v1/analytics/metrics?metric=${encodeURIComponent("x' OR true --")}`), ['metric']);
	assert.equal((await get('/v1/analytics/no_such_report')).status, 404);
	assert.equal((await get('/v1/analytics/no_such_report', { token: env.SKL_CLIENT_TOKEN })).status, 403);
});

test('own figures are of own rows', async () => {
	const [client, freelancer, other] = await Promise.all([join(`c${tag()}`, 'CLIENT'), join(`f${tag()}`, 'FREELANCER'), join(`o${tag()}`, 'FREELANCER')]);
	const { milestone } = await fundedMilestone(client, freelancer, '1000.00');
	await freelancer.post(`/v1/milestones/${milestone.id}/submit`, { note: 'Done.' });
	await client.post(`/v1/milestones/${milestone.id}/approve`, {});
	const mine = (await freelancer.get('/v1/analytics/me'));
	assert.equal(mine.client, null);
	assert.deepEqual(mine.freelancer.bookings, { made: 1, open: mine.freelancer.bookings.open, completed: mine.freelancer.bookings.completed, cancelled: 0, partners: 1, repeated: 0 });
	assert.deepEqual([mine.freelancer.proposals.submitted, mine.freelancer.proposals.accepted, mine.freelancer.proposals.hireRate], [1, 1, 1]);
	assert.equal(mine.freelancer.earnings[0].gross.amount, '1000.00');
	const theirs = (await client.get('/v1/analytics/me')).client;
	assert.deepEqual([theirs.projects.published, theirs.projects.hired, theirs.projects.proposals, theirs.spend[0].released.amount], [1, 1, 1, '1000.00']);
	assert.ok(theirs.projects.hireSeconds >= theirs.projects.firstProposalSeconds);
	const nothing = (await other.get('/v1/analytics/me')).freelancer;
	assert.deepEqual([nothing.bookings.made, nothing.proposals.submitted, nothing.earnings], [0, 0, []]);
	assert.deepEqual((await freelancer.get('/v1/analytics/me?from=2020-01-01&to=2020-02-01')).freelancer.earnings, []);
	assert.equal((await call('GET', '/v1/analytics/me?from=2026-02-02&to=2026-02-01', { token: freelancer.token })).status, 422);
	for (let i = 0; i < 3; i++) assert.equal((await fetch(`${url}/v1/users/${freelancer.id}`)).status, 200);
	assert.ok(await until(async () => (await freelancer.get('/v1/analytics/me')).freelancer.views.profile === 3, 15000), 'who looked at the profile is counted by the analyst');
});
