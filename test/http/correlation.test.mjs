// test/http/correlation.test.mjs
//	From the request to every delivery: events, those that follow from them, notifications, mails, webhooks and the live stream
//	carry the X-Request-ID of the request that began it, and each event names the one that it follows from.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { fundedMilestone, join, tag, timePasses } from './market.mjs';
import { call, env, sql, until } from './support.mjs';

let client;
let freelancer;

before(async () => {
	[client, freelancer] = await Promise.all([join('cora', 'CLIENT'), join('cori', 'FREELANCER')]);
});

// The events of a request: type, id, the event that it follows from, and that one's type and correlation.
const eventsOf = (correlation) => sql(`SELECT e.type, e.id::uuid, e.causation_id, c.type, c.correlation_id
	FROM skillancer.event e LEFT JOIN skillancer.event c ON c.id = e.causation_id::skillancer.event_id
	WHERE e.correlation_id = '${correlation}' ORDER BY e.seq`)
	.map(([type, id, cause, causeType, causeCorrelation]) => ({ type, id, cause, causeType, causeCorrelation }));

test('what a request sets off is one chain, through to mail, webhook and stream', async () => {
	const at = `/hooks/${tag()}`;
	await freelancer.post('/v1/webhooks', { url: env.SKL_WEBHOOK_URL + at, events: ['*'] }, 201);
	const { milestone } = await fundedMilestone(client, freelancer, '500.00');
	const [[request]] = sql(`SELECT correlation_id FROM skillancer.event WHERE type = 'milestone.funding'
		AND aggregate_id = '${milestone.id}'::skillancer.milestone_id::uuid`);
	const follows = Object.fromEntries(eventsOf(request).map((e) => [e.type, e.cause && `${e.causeType} of ${e.causeCorrelation}`]));
	assert.deepEqual(follows, {
		'milestone.funding': '',
		'payment.captured': `milestone.funding of ${request}`,
		'milestone.funded': `payment.captured of ${request}`,
		'booking.activated': `milestone.funded of ${request}`,
	}, 'one event that follows from nothing but the request, and each other from the one before');

	const count = (text) => Number(sql(text)[0][0]);
	const told = await until(async () => (await freelancer.get('/v1/notifications')).find((n) => n.correlationId === request));
	assert.ok(sql(`SELECT id::uuid FROM skillancer.event WHERE id = '${told.eventId}' AND correlation_id = '${request}'`).length === 1);
	const [[mail]] = await until(() => {
		const rows = sql(`SELECT id FROM skillancer.mail WHERE correlation_id = '${request}' AND user_id = '${freelancer.id}'`);
		return rows.length > 0 && rows;
	});
	const delivered = () => readdirSync(env.SKL_SINK_DIR).filter((name) => name.includes(freelancer.email))
		.map((name) => readFileSync(path.join(env.SKL_SINK_DIR, name), 'utf8')).find((text) => text.includes(mail));
	const text = await until(delivered, 15000);
	assert.match(text, new RegExp(`^X-Correlation-ID: ${request}\\r?$`, 'mi'));
	assert.ok(await until(() => count(`SELECT count(*) FROM skillancer.webhook_delivery WHERE correlation_id = '${request}' AND state = 'DELIVERED'`) >= 2));
	assert.ok(await until(() => count(`SELECT count(*) FROM skillancer.stream_entry WHERE user_id = '${freelancer.id}' AND data ->> 'correlationId' = '${request}'`) >= 2));
	const [[cause, funded]] = sql(`SELECT s.data #>> '{metadata,causationId}', c.type FROM skillancer.stream_entry s
		JOIN skillancer.event c ON c.id = (s.data #>> '{metadata,causationId}')::skillancer.event_id
		WHERE s.user_id = '${freelancer.id}' AND s.event = 'milestone.funded' AND s.data ->> 'correlationId' = '${request}'`);
	assert.match(cause, /^evt_/);
	assert.equal(funded, 'payment.captured');

	// the money matures weeks later, in no request of anybody
	await freelancer.post(`/v1/milestones/${milestone.id}/submit`, { note: 'Done' });
	const approval = `approval-${tag()}`;
	await client.post(`/v1/milestones/${milestone.id}/approve`, {}, 200, { 'x-request-id': approval });
	assert.deepEqual(sql(`SELECT d.correlation_id, c.type, c.correlation_id FROM skillancer.due d
		JOIN skillancer.event c ON c.id = d.causation_id::skillancer.event_id
		WHERE d.machine = 'earning' AND d.correlation_id = '${approval}'`), [[approval, 'milestone.released', approval]], 'its timer knows where it comes from');
	await timePasses(freelancer.id);
	assert.ok(await until(() => eventsOf(approval).length > 1, 15000));
	assert.ok(eventsOf(approval).filter((e) => e.type !== 'milestone.released').every((e) => e.causeCorrelation === approval), JSON.stringify(eventsOf(approval)));
});

test('a request that is refused leaves nothing behind that others would follow from', async () => {
	const request = `refused-${tag()}`;
	assert.equal((await call('POST', '/v1/projects', { token: client.token, body: { title: 'x' }, headers: { 'x-request-id': request } })).status, 422);
	assert.deepEqual(eventsOf(request), []);
});
