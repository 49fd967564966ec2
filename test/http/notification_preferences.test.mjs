// test/http/notification_preferences.test.mjs
//	What people are told and how: groups, preferences, quiet hours, one-click unsubscribe from a mail as it arrived,
//	announcements of staff, the outbox, gateways of push and SMS.

import { before, test } from 'node:test';
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Webhook } from 'standardwebhooks';
import { call, env, sql, until, url } from './support.mjs';
import { join, mailTo, openProject, propose, tag } from './market.mjs';

let client;
let freelancer;
const admin = { token: env.SKL_ADMIN_TOKEN };

before(async () => {
	[client, freelancer] = await Promise.all([join('petra', 'CLIENT'), join('paul', 'FREELANCER')]);
});

const told = (person, type) => until(async () =>
	(await person.get('/v1/notifications?limit=100')).find((n) => n.type === type), 15000);

// The newest mail to an address as it arrived: headers by name, and all of it.
function newestMail(address) {
	const file = readdirSync(env.SKL_SINK_DIR).filter((name) => name.includes(address)).sort().at(-1);
	const text = readFileSync(path.join(env.SKL_SINK_DIR, file), 'utf8');
	const headers = Object.fromEntries(text.split(/\r?\n\r?\n/)[0].replace(/\r?\n[ \t]+/g, ' ').split(/\r?\n/)
		.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]));
	return { headers, text };
}

test('preferences: what there is, what may be chosen, what may not', async () => {
	const all = await client.get('/v1/notifications/preferences');
	assert.equal(all.length, 21);
	assert.deepEqual(all.find((p) => p.category === 'PAYMENTS' && p.channel === 'EMAIL'),
		{ category: 'PAYMENTS', channel: 'EMAIL', frequency: 'IMMEDIATE', isDefault: true, choices: ['IMMEDIATE', 'HOURLY', 'DAILY', 'WEEKLY'] });
	const set = (preferences) => call('PUT', '/v1/notifications/preferences', { token: client.token, body: { preferences } });
	const changed = await set([{ category: 'PROJECTS', channel: 'EMAIL', frequency: 'DAILY' }]);
	assert.equal(changed.status, 200, changed.text);
	const projects = changed.json.data.find((p) => p.category === 'PROJECTS' && p.channel === 'EMAIL');
	assert.equal(projects.frequency, 'DAILY');
	assert.equal(projects.isDefault, false);
	const refused = await set([{ category: 'PAYMENTS', channel: 'EMAIL', frequency: 'NEVER' }, { category: 'X', channel: 'EMAIL', frequency: 'DAILY' }]);
	assert.equal(refused.status, 422, refused.text);
	assert.deepEqual(refused.json.error.details.map((d) => d.field), ['preferences[0].frequency', 'preferences[1].category']);
	for (const nonsense of [undefined, [], {}, 'x', [1], [{}], [{ category: 'SYSTEM', channel: 'EMAIL', frequency: 'DAILY', more: 1 }]])
		assert.equal((await set(nonsense)).status, 422, JSON.stringify(nonsense));
	await set([{ category: 'PROJECTS', channel: 'EMAIL', frequency: 'IMMEDIATE' }]);
	assert.equal((await call('GET', '/v1/notifications/preferences')).status, 401);
	assert.equal((await call('PUT', '/v1/notifications/preferences', { body: { preferences: [] } })).status, 401);
});

test('quiet hours', async () => {
	const quiet = (method, body) => call(method, '/v1/notifications/quiet-hours', { token: client.token, body });
	assert.equal((await quiet('GET')).json.data.start, null);
	const set = await quiet('PUT', { start: '22:00', end: '07:30', timeZone: 'Asia/Tokyo' });
	assert.equal(set.status, 200, set.text);
	assert.deepEqual([set.json.data.start, set.json.data.end, set.json.data.timeZone], ['22:00', '07:30', 'Asia/Tokyo']);
	const refused = await quiet('PUT', { start: '25:00', end: 'x', timeZone: 'Mars/Base' });
	assert.equal(refused.status, 422);
	assert.deepEqual(refused.json.error.details.map((d) => d.field).sort(), ['end', 'start', 'timeZone']);
	assert.equal((await quiet('DELETE')).status, 204);
	assert.equal((await quiet('GET')).json.data.start, null);
	assert.equal((await call('PUT', '/v1/notifications/quiet-hours', { body: { start: '22:00', end: '07:00' } })).status, 401);
	assert.equal((await call('DELETE', '/v1/notifications/quiet-hours')).status, 401);
});

test('notifications of one project are one, with a count; one click in the mail ends them', async () => {
	const project = await openProject(client, '700.00');
	const other = await join('otto', 'FREELANCER');
	await propose(freelancer, project, '700.00');
	const first = await told(client, 'proposal.received');
	assert.equal(first.count, 1);
	await propose(other, project, '650.00');
	const group = await until(async () => (await client.get('/v1/notifications')).find((n) => n.count === 2), 15000);
	assert.equal(group.title, `2 new proposals for ${project.title}`);
	const list = await client.raw('GET', '/v1/notifications');
	assert.equal(list.json.data.filter((n) => n.type === 'proposal.received').length, 1);
	assert.equal(list.json.meta.unread, (await client.get('/v1/notifications/unread-count')).unread);
	assert.ok((await client.post(`/v1/notifications/${first.id}/read`)).readAt, 'reading the older one');
	assert.ok((await client.get('/v1/notifications')).find((n) => n.id === group.id).readAt, 'reads them all');
	assert.equal((await client.raw('POST', `/v1/notifications/${group.id}/dismiss`, {})).status, 204);
	assert.ok(!(await client.get('/v1/notifications')).some((n) => n.id === group.id));
	assert.equal((await freelancer.raw('POST', `/v1/notifications/${group.id}/dismiss`, {})).status, 404);

	assert.ok(await until(() => /proposal for/.test(newestMail(client.email).text) || /projects\//.test(mailTo(client.email)), 15000));
	const { headers } = newestMail(client.email);
	assert.equal(headers['list-unsubscribe-post'], 'List-Unsubscribe=One-Click');
	assert.match(headers['message-id'], /^<[0-9a-f-]{36}@/);
	assert.match(headers['x-correlation-id'], /\S/);
	const link = new URL(/^<(.*)>$/.exec(headers['list-unsubscribe'])[1]).pathname;
	assert.match(mailTo(client.email), new RegExp(link), 'the link is in the text, too');
	const page = await fetch(url + link);
	assert.equal(page.status, 200);
	assert.match(page.headers.get('content-type'), /text\/html/);
	assert.match(await page.text(), /<form method="post">[^]*projects|projects[^]*<form method="post">/);
	const frequency = async () => (await client.get('/v1/notifications/preferences'))
		.find((p) => p.category === 'PROJECTS' && p.channel === 'EMAIL').frequency;
	assert.equal(await frequency(), 'IMMEDIATE', 'opening the link changes nothing');
	const click = await fetch(url + link, { method: 'POST', body: 'List-Unsubscribe=One-Click',
		headers: { 'content-type': 'application/x-www-form-urlencoded' } });
	assert.equal(click.status, 200);
	assert.deepEqual((await click.json()).data, { unsubscribed: ['PROJECTS'] });
	assert.equal(await frequency(), 'NEVER');
	const button = await fetch(url + link, { method: 'POST', headers: { accept: 'text/html,*/*;q=0.5' } });
	assert.match(await button.text(), /Done/, 'a browser gets a page, and twice is as good as once');
	const forged = link.slice(0, -3) + (link.endsWith('AAA') ? 'BBB' : 'AAA');
	assert.equal((await call('POST', forged)).status, 404);
	assert.equal((await call('GET', `${link}x`)).status, 404);
});

test('staff announce to a segment', async () => {
	const texts = { en: { title: 'Planned maintenance', body: 'On Sunday.' }, de: { title: 'Wartung', body: 'Am Sonntag.' } };
	const since = new Date(Date.now() - 3600e3).toISOString();
	const segment = { roles: ['FREELANCER'], registeredAfter: since };
	const dry = await call('POST', '/v1/admin/announcements', { ...admin, body: { category: 'SYSTEM', texts, segment, dryRun: true } });
	assert.equal(dry.status, 200, dry.text);
	assert.ok(dry.json.data.recipients >= 2);
	const made = await call('POST', '/v1/admin/announcements', { ...admin, body: { category: 'SYSTEM', texts, segment } });
	assert.equal(made.status, 201, made.text);
	assert.equal((await told(freelancer, 'announcement')).title, 'Planned maintenance');
	const done = await until(async () => (await call('GET', '/v1/admin/announcements', admin)).json.data
		.find((a) => a.id === made.json.data.id && a.state === 'SENT'), 15000);
	assert.ok(done.recipients >= 2);
	assert.equal((await client.get('/v1/notifications?limit=100')).filter((n) => n.type === 'announcement').length, 0, 'nobody else');
	assert.equal((await call('POST', `/v1/admin/announcements/${made.json.data.id}/cancel`, { ...admin, body: {} })).status, 409);
	const refused = await call('POST', '/v1/admin/announcements', { ...admin, body: { category: 'X', texts: {}, segment: { moon: 1 } } });
	assert.equal(refused.status, 422);
	assert.equal((await call('POST', '/v1/admin/announcements', { token: client.token, body: { category: 'SYSTEM', texts } })).status, 403);
	assert.equal((await call('GET', '/v1/admin/announcements', { token: client.token })).status, 403);
});

test('staff try a text before it is sent, write it, and change a rule', async () => {
	const preview = (body, by = admin) => call('POST', '/v1/admin/templates/preview', { ...by, body });
	const about = { type: 'proposal.received', channel: 'EMAIL', sample: { project: { title: '<b>R&D</b>' }, user: { name: 'Ann' } } };
	const shown = await preview(about);
	assert.equal(shown.status, 200, shown.text);
	assert.equal(shown.json.data.title, 'New proposal for <b>R&D</b>');
	assert.match(shown.json.data.html, /&lt;b&gt;R&amp;D&lt;\/b&gt;/, 'HTML is escaped');
	assert.ok(!shown.json.data.html.includes('<b>R'));
	assert.match(shown.json.data.body, /^Hello Ann,/);
	assert.match((await preview({ ...about, locale: 'de-AT' })).json.data.title, /Angebot/);
	const draft = await preview({ ...about, title: 'T {{project.title}}', body: 'B', html: '<i>{{project.title}}</i>' });
	assert.equal(draft.json.data.title, 'T <b>R&D</b>');
	assert.match(draft.json.data.html, /<i>&lt;b&gt;R&amp;D/);
	const fields = (answer) => [answer.status, answer.json.error?.details.map((d) => d.field).sort().join()];
	assert.deepEqual(fields(await preview({ ...about, title: '{{#a}}', body: '{{/b}}', html: '{{' })), [422, 'body,html,title']);
	assert.deepEqual(fields(await preview({ type: 'nothing', channel: 'FAX', locale: 'x', sample: [] })), [422, 'channel,locale,sample,type']);
	assert.equal((await preview(about, { token: client.token })).status, 403);

	const at = '/v1/admin/templates/proposal.received/IN_APP/fr';
	const put = (body) => call('PUT', at, { ...admin, body });
	assert.deepEqual(fields(await put({ title: 'x', body: '{{#a}}', html: '<p>' })), [422, 'body,html']);
	assert.equal((await put({ title: 'Offre pour {{project.title}}', body: 'x' })).json.data.isBuiltin, false);
	assert.equal((await preview({ ...about, channel: 'IN_APP', locale: 'fr-FR' })).json.data.title, 'Offre pour <b>R&D</b>');
	assert.equal((await call('GET', '/v1/admin/templates?type=proposal.received&channel=IN_APP', admin)).json.data.length, 3);
	sql("DELETE FROM skillancer.template WHERE locale = 'fr'");

	const rules = (await call('GET', '/v1/admin/notification-rules?eventType=proposal.submitted', admin)).json.data;
	assert.deepEqual(rules.map((r) => r.key), ['proposal.submitted/proposal.received']);
	const key = `/v1/admin/notification-rules/${encodeURIComponent(rules[0].key)}`;
	const patch = (body) => call('PATCH', key, { ...admin, body });
	assert.deepEqual(fields(await patch({ recipients: 'all', category: null, groupKey: '{{#x' })), [422, 'category,groupKey,recipients']);
	assert.equal((await patch({ isActive: false })).json.data.isActive, false);
	assert.equal((await patch({ isActive: true })).json.data.isActive, true);
	assert.equal((await call('PATCH', `${key}x`, { ...admin, body: { isActive: true } })).status, 404);
	const audited = sql("SELECT action FROM skillancer.audit WHERE action IN ('template.change', 'notification_rule.change') GROUP BY 1 ORDER BY 1").flat();
	assert.deepEqual(audited, ['notification_rule.change', 'template.change']);
});

test('the outbox, for staff', async () => {
	const list = await call('GET', `/v1/admin/mails?address=${encodeURIComponent(client.email)}&limit=100`, admin);
	assert.equal(list.status, 200, list.text);
	assert.ok(list.json.data.length >= 2);
	assert.ok(list.json.data.every((m) => m.address === client.email && m.token === undefined && m.data === undefined));
	assert.equal((await call('GET', '/v1/admin/mails?state=LOST', admin)).status, 422);
	assert.equal((await call('GET', '/v1/admin/mails', { token: client.token })).status, 403);
	const [[id]] = sql(`INSERT INTO skillancer.mail (user_id, address, type, data, state, attempts) VALUES ('${client.id}', '${client.email}',
		'password_changed', '{"user": {"name": "petra"}}', 'PARKED', 8) RETURNING id`);
	assert.equal((await call('POST', `/v1/admin/mails/${id}/redrive`, { token: client.token, body: {} })).status, 403);
	assert.equal((await call('POST', `/v1/admin/mails/${id}/redrive`, { ...admin, body: {} })).status, 200);
	assert.ok(await until(async () => (await call('GET', `/v1/admin/mails?address=${encodeURIComponent(client.email)}&state=SENT`, admin))
		.json.data.some((m) => m.id === id), 15000), 'it is sent again');
	assert.equal((await call('POST', `/v1/admin/mails/${id}/redrive`, { ...admin, body: {} })).status, 404, 'and is not parked any more');
	sql(`INSERT INTO skillancer.mail_address (address_key, reason) VALUES ('flagged@market.test', '550') ON CONFLICT DO NOTHING`);
	const unflag = (address) => call('POST', '/v1/admin/mail-addresses/unflag', { ...admin, body: { address } });
	assert.equal((await unflag('Flagged@market.test')).status, 204);
	assert.equal((await unflag('Flagged@market.test')).status, 404);
	assert.equal((await unflag('nonsense')).status, 422);
});

test('push and SMS go through gateways of the operator, and are off without them', async () => {
	const gateway = (method, channel, body, by = admin) => call(method, `/v1/admin/notification-gateways/${channel}`, { ...by, body });
	const fields = (answer) => [answer.status, answer.json.error?.details.map((d) => d.field).join()];
	const prefer = (channel, frequency) => call('PUT', '/v1/notifications/preferences', { token: client.token, body: { preferences: [{ category: 'PROJECTS', channel, frequency }] } });
	const received = (at) => readFileSync(path.join(env.SKL_WEBHOOK_DIR, 'index.jsonl'), 'utf8').trim().split('\n').map(JSON.parse).filter((r) => r.path === at);
	const arrives = async (at, n = 1) => { assert.ok(await until(() => received(at).length >= n, 15000), `${n} at ${at}`); return received(at).at(-1); };
	const bid = async () => { const project = await openProject(client, '500.00'); await propose(freelancer, project, '400.00'); return project; };
	const list = async () => (await call('GET', '/v1/admin/notification-gateways', admin)).json.data;
	const [push, sms] = [`/hooks/push-${tag()}`, `/status/503/sms-${tag()}`];

	assert.deepEqual(fields(await prefer('PUSH', 'IMMEDIATE')), [422, 'preferences[0].channel']);
	assert.equal((await gateway('DELETE', 'PUSH')).status, 404);
	for (const by of [{ token: client.token }, {}]) {
		const status = by.token ? 403 : 401;
		assert.equal((await gateway('PUT', 'PUSH', { url: env.SKL_WEBHOOK_URL + push }, by)).status, status);
		assert.equal((await gateway('DELETE', 'PUSH', undefined, by)).status, status);
		assert.equal((await gateway('POST', 'PUSH/rotate-secret', {}, by)).status, status);
		assert.equal((await call('GET', '/v1/admin/notification-gateways', by)).status, status);
	}
	assert.deepEqual(fields(await gateway('PUT', 'FAX', { url: 'https://10.0.0.1/' })), [422, 'channel,url']);
	const { secret } = (await gateway('PUT', 'PUSH', { url: env.SKL_WEBHOOK_URL + push })).json.data;
	assert.match(secret, /^whsec_/);
	assert.ok((await gateway('PUT', 'SMS', { url: env.SKL_WEBHOOK_URL + sms })).json.data.secret);
	assert.deepEqual((await list()).map((g) => g.channel), ['PUSH', 'SMS']);
	assert.equal((await client.get('/v1/webhooks')).length, 0, 'they are nobody\'s webhooks');

	// on, but nobody is told who did not ask for it
	const before = await bid();
	assert.ok(await until(async () => (await client.get('/v1/notifications')).some((n) => n.data.projectId === before.id), 15000));
	assert.deepEqual(fields(await prefer('PUSH', 'DAILY')), [422, 'preferences[0].frequency']);
	for (const channel of ['PUSH', 'SMS']) assert.equal((await prefer(channel, 'IMMEDIATE')).json.data.length, 35);
	assert.equal((await call('PUT', '/v1/admin/templates/proposal.received/PUSH/en', { ...admin, body: { title: 'Bid: {{project.title}}', body: 'Have a look.' } })).status, 200);
	const project = await bid();
	const request = await arrives(push);
	const sent = new Webhook(secret).verify(request.body, request.headers);
	assert.match(request.headers.traceparent, /^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/);
	const inApp = (await client.get('/v1/notifications')).find((n) => n.data.projectId === project.id);
	assert.deepEqual([sent.type, sent.data.channel, sent.data.userId, sent.data.id, sent.data.title, sent.data.body], ['notification.created', 'PUSH', client.id, inApp.id, `Bid: ${project.title}`, 'Have a look.']);
	assert.equal(received(push).length, 1, 'what was before is not told');

	// what a gateway does not take is tried again, given up in view, and tried again by hand under the same id
	const first = await arrives(sms);
	assert.equal(JSON.parse(first.body).data.title, inApp.title, 'without a text of its own that of the app');
	const [[id]] = await until(() => { const rows = sql("SELECT d.event_id FROM skillancer.webhook_delivery d JOIN skillancer.webhook w ON w.id = d.webhook_id WHERE w.channel = 'SMS' AND d.state = 'QUEUED' AND d.status = 503"); return rows.length && rows; });
	const due = (tries) => sql(`UPDATE skillancer.webhook_delivery d SET tries = ${tries}, due_at = skillancer.now() FROM skillancer.webhook w WHERE w.channel = 'SMS' AND w.id = d.webhook_id;
		UPDATE skillancer.webhook_health h SET next_at = skillancer.now() FROM skillancer.webhook w WHERE w.channel = 'SMS' AND w.id = h.webhook_id; SELECT skillancer.wake('courier')`);
	due(6);
	const parked = await until(() => { const rows = sql("SELECT item, what FROM skillancer.parked WHERE kind = 'gateway'", { user: env.SKL_SUPERUSER }); return rows.length && rows; }, 15000);
	assert.deepEqual(parked, [[`SMS/${id}`, 'SMS']]);
	const later = `/hooks/sms-${tag()}`;
	assert.equal((await gateway('PUT', 'SMS', { url: env.SKL_WEBHOOK_URL + later })).json.data.secret, undefined, 'another URL keeps the secret');
	assert.equal(sql("SELECT skillancer.redrive('gateway', 'PUSH/x'), skillancer.redrive('gateway')").join(), '0,1');
	assert.equal((await arrives(later)).headers['webhook-id'], first.headers['webhook-id']);

	// quiet hours hold it back; who switches it off is not told what waits
	sql(`INSERT INTO skillancer.quiet_hours (user_id, starts, ends, time_zone) VALUES ('${client.id}', (skillancer.now() AT TIME ZONE 'UTC' - interval '1 hour')::time, (skillancer.now() AT TIME ZONE 'UTC' + interval '2 hours')::time, 'UTC')`);
	const quiet = await bid();
	const waiting = () => sql(`SELECT w.channel, d.state, d.due_at > skillancer.now() + interval '1 hour' FROM skillancer.webhook_delivery d JOIN skillancer.webhook w ON w.id = d.webhook_id AND w.channel IS NOT NULL
		WHERE position('${quiet.id}' IN d.body) > 0 ORDER BY 1`);
	assert.deepEqual(await until(() => waiting().length === 2 && waiting(), 15000), [['PUSH', 'QUEUED', 't'], ['SMS', 'QUEUED', 't']]);
	await prefer('SMS', 'NEVER');
	assert.deepEqual(waiting().map((row) => row[1]), ['QUEUED', 'DROPPED']);
	sql(`DELETE FROM skillancer.quiet_hours WHERE user_id = '${client.id}'`);

	// two secrets for a while; a channel that is off is no choice, and gets nothing
	const rotated = (await gateway('POST', 'PUSH/rotate-secret', {})).json.data.secret;
	await bid();
	const two = await arrives(push, 2);
	for (const each of [secret, rotated]) new Webhook(each).verify(two.body, two.headers);
	for (const channel of ['PUSH', 'SMS']) assert.equal((await gateway('DELETE', channel)).status, 204);
	assert.equal((await client.get('/v1/notifications/preferences')).length, 21);
	assert.deepEqual(await list(), []);
	const after = await bid();
	assert.ok(await until(async () => (await client.get('/v1/notifications')).some((n) => n.data.projectId === after.id), 15000));
	assert.deepEqual([received(push).length, received(later).length], [2, 1]);
	sql("DELETE FROM skillancer.template WHERE channel = 'PUSH'");
});
