// test/http/analytics.test.mjs
//	Reports as JSON, CSV and NDJSON: forms, filters, who may read them; by mail, once a period. One's own figures, of
//	nobody else's rows.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fundedMilestone, join, tag } from './market.mjs';
import { call, env, sql, until, url } from './support.mjs';

const admin = { token: env.SKL_ADMIN_TOKEN };
const get = (pathname, options = admin) => call('GET', pathname, options);
const DAY = '2019-05-06';

// What the sink of mails got under a Message-ID.
const mailText = (id) => readdirSync(env.SKL_SINK_DIR).map((name) => readFileSync(path.join(env.SKL_SINK_DIR, name), 'utf8')).find((text) => text.includes(`Message-ID: <${id}@`)) ?? '';

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

test('a scheduled report is mailed once a period, with its table', async () => {
	const [[staff]] = sql(`SELECT id FROM skillancer.user_account WHERE email = 'admin@world.test'`);
	const [[client]] = sql(`SELECT id FROM skillancer.user_account WHERE email = 'client@world.test'`);
	const post = (body, who = admin) => call('POST', '/v1/analytics/schedules', { ...who, body });
	assert.equal((await post({ report: 'metrics', cadence: 'DAILY', recipients: [staff] }, { token: env.SKL_CLIENT_TOKEN })).status, 403);
	assert.equal((await post({ report: 'nothing', cadence: 'DAILY', recipients: [staff] })).status, 404);
	const wrong = await post({ report: 'metrics', interval: 'year', cadence: 'YEARLY', recipients: [client], metric: 'none' });
	assert.deepEqual(wrong.json.error.details.map(({ field }) => field).sort(), ['cadence', 'interval', 'metric', 'recipients']);
	const made = await post({ report: 'metrics', cadence: 'DAILY', recipients: [staff, staff], metric: 'gmv_released', currency: 'EUR' });
	assert.equal(made.status, 201, made.text);
	const { id } = made.json.data;
	assert.deepEqual(made.json.data.recipients, [staff]);
	assert.ok((await get('/v1/analytics/schedules')).json.data.some((schedule) => schedule.id === id));

	// the day of our rows is over: it is due, however often the job runs
	const due = () => sql(`UPDATE skillancer.report_schedule SET due_on = '2019-05-07', due_at = now() - interval '1 second' WHERE id = '${id}'`);
	const mails = () => sql(`SELECT m.id, m.state FROM skillancer.report_delivery d JOIN skillancer.mail m ON m.id = d.mail_id WHERE d.schedule_id = '${id}' ORDER BY d.due_on`);
	due();
	sql(`SELECT skillancer.send_reports(); SELECT skillancer.send_reports()`);
	assert.equal(mails().length, 1);
	assert.ok(await until(() => mails()[0][1] === 'SENT', 15000));
	const text = mailText(mails()[0][0]);
	assert.match(text, /Content-Type: multipart\/mixed/);
	const [[today]] = sql(`SELECT (date_trunc('day', skillancer.now() - interval '1 hour', 'UTC') AT TIME ZONE 'UTC')::date`);
	assert.match(text, new RegExp(`filename="metrics-day-[0-9-]+-${today}.csv"`));
	assert.match(Buffer.from(text.split('Content-Disposition: attachment')[1].split(/\r?\n\r?\n/)[1].split('--mixed')[0], 'base64').toString(), /^metric,day,dims,num,den,asOf\r\n/);
	assert.match((await get('/v1/analytics/schedules')).json.data.find((schedule) => schedule.id === id).lastResult, /^SENT to 1$/);

	// the same period again: the key of the delivery refuses it, and nothing is mailed
	due();
	sql('SELECT skillancer.send_reports()');
	assert.equal(mails().length, 1);
	assert.equal((await call('DELETE', `/v1/analytics/schedules/${id}`, admin)).status, 204);
	assert.equal((await call('DELETE', `/v1/analytics/schedules/${id}`, admin)).status, 404);
});

test('a report that is too long for a mail is mailed as a signed link', async () => {
	const [[staff]] = sql(`SELECT id FROM skillancer.user_account WHERE email = 'admin@world.test'`);
	const [[client]] = sql(`SELECT id FROM skillancer.user_account WHERE email = 'client@world.test'`);
	const made = await call('POST', '/v1/analytics/schedules', { ...admin, body: { report: 'definitions', cadence: 'DAILY', recipients: [staff] } });
	const { id } = made.json.data;
	sql(`UPDATE skillancer.policy SET value = '5' WHERE key = 'reportMailRows';
		UPDATE skillancer.report_schedule SET due_on = current_date, due_at = now() - interval '1 second' WHERE id = '${id}';
		SELECT skillancer.send_reports(); UPDATE skillancer.policy SET value = '10000' WHERE key = 'reportMailRows'`);
	const mail = () => sql(`SELECT m.id, m.state, d.due_on FROM skillancer.report_delivery d JOIN skillancer.mail m ON m.id = d.mail_id WHERE d.schedule_id = '${id}'`)[0];
	assert.ok(await until(() => mail()?.[1] === 'SENT', 15000));
	const text = mailText(mail()[0]);
	assert.doesNotMatch(text, /Content-Disposition: attachment/);
	const [, link] = Buffer.from(text.split('text/plain')[1].split(/\r?\n\r?\n/)[1].split('--')[0], 'base64').toString().match(/(\/v1\/analytics\/mailed\/[A-Za-z0-9_-]+)/);
	const read = await call('GET', link);
	assert.equal(read.status, 200);
	assert.equal(read.headers.get('content-disposition'), 'attachment; filename="definitions-all.csv"');
	assert.equal(read.headers.get('cache-control'), 'no-store');
	assert.match(read.text, /^metric,title,unit,sql,description,source\r\n/);
	assert.ok(read.text.split('\r\n').length > 100, 'all of it');

	const sealed = (content) => `/v1/analytics/mailed/${sql(`SELECT skillancer.seal('report', ${content})`)[0][0]}`;
	const of = (who, end) => sealed(`format('%s|%s|%s|%s', '${id}', '${mail()[2]}', '${who}'::skillancer.user_id::uuid, extract(epoch FROM now() ${end} interval '1 minute')::bigint)`);
	assert.equal((await call('GET', of(staff, '+'))).status, 200);
	assert.equal((await call('GET', of(staff, '-'))).status, 410, 'it expires');
	assert.equal((await call('GET', of(client, '+'))).status, 404, 'it was mailed to one person');
	assert.equal((await call('GET', `${link.slice(0, -2)}AA`)).status, 404, 'nobody else can make one');
	sql(`UPDATE skillancer.user_role SET role = 'CLIENT' WHERE user_id = '${staff}' AND role = 'ADMIN'`);
	try { assert.equal((await call('GET', link)).status, 404, 'who may read it no more does not'); } finally {
		sql(`UPDATE skillancer.user_role SET role = 'ADMIN' WHERE user_id = '${staff}' AND role = 'CLIENT'`);
	}
	assert.equal((await call('DELETE', `/v1/analytics/schedules/${id}`, admin)).status, 204);
	assert.equal((await call('GET', link)).status, 404, 'it goes with its schedule');
});

test('clicks on what a search found count once a rank', async () => {
	const seal = (shown) => sql(`SELECT skillancer.search_seal('gig', ${shown})`)[0][0];
	const click = async (searchId, rank) => { const { status, json } = await call('POST', '/v1/search/clicks', { body: { searchId, rank } }); return status === 422 ? json.error.details.map(({ field }) => field) : status; };
	const id = seal(12);
	for (const rank of [11, 3, 3, 12, 4]) assert.equal(await click(id, rank), 204);
	assert.deepEqual([await click(id, 13), await click(id, 0), await click(`${id.slice(0, -2)}AA`, 1), await click('x', 101)], [['rank'], ['rank'], ['searchId'], ['searchId', 'rank']]);
	const old = sql(`SELECT skillancer.seal('search', format('%s|gig|5|%s', gen_random_uuid(), extract(epoch FROM now() - interval '25 hours')::bigint))`)[0][0];
	assert.deepEqual(await click(old, 1), ['searchId']);
	const search = `split_part(skillancer.unseal('search', '${id}'), '|', 1)::uuid`;
	assert.deepEqual(sql(`SELECT e.data FROM skillancer.event e WHERE e.aggregate_id = ${search} ORDER BY e.seq`).map(([data]) => JSON.parse(data)), [
		{ kind: 'gig', rank: 11, firstRank: 11 }, { kind: 'gig', rank: 3, firstOfTop10: 1 }, { kind: 'gig', rank: 12 }, { kind: 'gig', rank: 4 }]);
	const both = seal(2);
	assert.deepEqual(await Promise.all([click(both, 1), click(both, 2)]), [204, 204]);
	assert.equal(sql(`SELECT count(e.data ->> 'firstOfTop10') FROM skillancer.event e WHERE e.aggregate_id = split_part(skillancer.unseal('search', '${both}'), '|', 1)::uuid`)[0][0], '1', 'at once, too');
	const clicks = (metric, dims) => Number(sql(`SELECT coalesce(sum(m.num), 0) FROM skillancer.metric_day m WHERE m.metric = '${metric}' AND m.dims @> '${dims}'`)[0][0]);
	assert.ok(await until(() => clicks('search_clicks', '{"kind": "gig", "rank": "12"}') >= 1 && clicks('searches_clicked_top10', '{"kind": "gig"}') >= 2, 15000), 'they are added up');
	assert.deepEqual(sql('SELECT metric FROM skillancer.rollup_verify()'), []);
});

test('docs/reports.md says what works', () => {
	const page = readFileSync(new URL('../../docs/reports.md', import.meta.url), 'utf8');
	const script = [...page.matchAll(/```sh\n([^]*?)```/g)].map(([, block]) => block).join('').replace('-o metrics.csv', '-o /dev/null');
	const out = execFileSync('bash', ['-euo', 'pipefail', '-c', script], { env: { ...process.env, URL: env.SKL_URL, TOKEN: env.SKL_ADMIN_TOKEN }, encoding: 'utf8' });
	assert.match(out, /\["metrics","day",\["currency","from","metric","to"\]\]/);
	assert.match(out, /figure,cohort,month,months,currency,num,den,value,asOf/);
	assert.match(out, /\["headline","MONTHLY","[^"]+",null\]/);
});
