// bookings_hours.test.mjs
//	Hourly bookings over HTTP: limits that hold against many requests at once, a week from its hours to its money,
//	and a week that nobody pays for.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { sql, until } from './support.mjs';
import { bookHours, card, checkBooks, join, openProject, propose, usd } from './market.mjs';

let client;
let freelancer;
let stranger;

before(async () => {
	[client, freelancer, stranger] = await Promise.all([join('hanna', 'CLIENT'), join('hugo', 'FREELANCER'), join('harald', 'FREELANCER')]);
});
after(() => checkBooks());

const today = () => new Date().toISOString().slice(0, 10);
const log = (booking, minutes, who = freelancer) =>
	who.raw('POST', `/v1/bookings/${booking.id}/time-entries`, { date: today(), minutes, note: 'Some work' });
const count = (answers) => Object.fromEntries([...new Set(answers.map((a) => a.status))].sort()
	.map((status) => [status, answers.filter((a) => a.status === status).length]));
// Monday 12:00 comes at once for the week of a booking; the timekeeper locks it, and again if it is asked to
const lockNow = (booking) => sql(`INSERT INTO skillancer.due (machine, id, event, due_at)
	SELECT 'work_week', id, 'lock', skillancer.now() - interval '1 second' FROM skillancer.work_week WHERE booking_id = '${booking.id}'
	ON CONFLICT (id, machine, event) DO UPDATE SET due_at = excluded.due_at; SELECT skillancer.wake('timekeeper');`);
const weekOf = async (booking, state) => until(async () => {
	const [milestone] = (await client.get(`/v1/bookings/${booking.id}`)).milestones;
	return milestone?.state === state && milestone;
}, 15000);

test('the weekly limit holds against many entries at once', async () => {
	const worker = await join('hella', 'FREELANCER');
	const booking = await bookHours(client, worker, '60.00', 300);
	assert.deepEqual([booking.kind, booking.state, booking.rate.amount, booking.weeklyLimitMinutes], ['HOURLY', 'ACTIVE', '60.00', 300]);
	const answers = await Promise.all(Array.from({ length: 20 }, () => log(booking, 60, worker)));
	assert.deepEqual(count(answers), { 201: 5, 409: 15 });
	assert.equal(answers.find((a) => a.status === 409).json.error.code, 'LIMIT_REACHED');
	const ids = answers.filter((a) => a.status === 201).map((a) => a.json.data.id);
	const changes = await Promise.all([
		...ids.map((id) => worker.raw('PATCH', `/v1/time-entries/${id}`, { minutes: 90 })),
		...ids.slice(0, 2).map((id) => worker.raw('DELETE', `/v1/time-entries/${id}`)),
	]);
	assert.ok(changes.every((a) => [200, 204, 404, 409].includes(a.status)), JSON.stringify(count(changes)));
	const [week] = await worker.get(`/v1/bookings/${booking.id}/weeks`);
	assert.ok(week.minutes <= 300 && week.state === 'OPEN', JSON.stringify(week));
	assert.deepEqual(sql(`SELECT sum(minutes) FROM skillancer.time_entry WHERE booking_id = '${booking.id}'`), [[String(week.minutes)]]);
});

test('a day has 24 hours over all bookings, however many are written at once', async () => {
	const worker = await join('heidi', 'FREELANCER');
	const bookings = await Promise.all([1, 2, 3].map(() => bookHours(client, worker, '10.00')));
	const answers = await Promise.all(bookings.flatMap((b) => Array.from({ length: 4 }, () => log(b, 200, worker))));
	assert.deepEqual(count(answers), { 201: 7, 409: 5 });
});

test('a week: locked while hours are written, paid, looked at, approved', async () => {
	const booking = await bookHours(client, freelancer, '60.00');
	const first = await log(booking, 90);
	assert.equal(first.status, 201, first.text);
	const answers = await Promise.all([...Array.from({ length: 6 }, () => log(booking, 10)), lockNow(booking), ...Array.from({ length: 6 }, () => log(booking, 10))]);
	const milestone = await weekOf(booking, 'SUBMITTED');
	const written = 90 + 10 * answers.filter((a) => a?.status === 201).length;
	assert.equal(milestone.minutes, written, 'what was acknowledged is billed, and nothing else');
	assert.equal(milestone.amount.amount, `${written}.00`);
	assert.equal(Date.parse(milestone.autoReleaseAt) - Date.parse(milestone.submittedAt), 4 * 86400000);
	const late = await log(booking, 1);
	assert.deepEqual([late.status, late.json.error.code], [409, 'INVALID_STATE'], 'the week is locked');
	const change = await freelancer.raw('PATCH', `/v1/time-entries/${first.json.data.id}`, { minutes: 1 });
	assert.equal(change.status, 409);
	lockNow(booking);
	assert.equal((await client.post(`/v1/milestones/${milestone.id}/approve`)).state, 'RELEASED');
	assert.deepEqual(sql(`SELECT count(*), count(*) FILTER (WHERE state = 'RELEASED') FROM skillancer.milestone WHERE booking_id = '${booking.id}'`), [['1', '1']]);
	const timeline = (await client.get(`/v1/bookings/${booking.id}/timeline?limit=100`)).map((e) => e.type);
	for (const type of ['booking.time_logged', 'week.locked', 'milestone.generated', 'milestone.released']) assert.ok(timeline.includes(type), type);
	const parties = async (party) => [...new Set((await client.get(`/v1/bookings/${booking.id}/timeline?limit=100&party=${party}`)).map((e) => e.type))];
	assert.deepEqual(await parties('FREELANCER'), ['booking.time_logged']);
	assert.deepEqual(await parties('CLIENT'), ['booking.created', 'booking.activated', 'milestone.released']);
	assert.ok((await parties('SYSTEM')).includes('week.locked'));
	checkBooks();
});

test('a week that nobody pays for is seen unpaid, stops the hours, and is paid by hand', async () => {
	const booking = await bookHours(client, freelancer, '30.00', 600, 'tok_declined');
	assert.equal((await log(booking, 60)).status, 201);
	lockNow(booking);
	const milestone = await weekOf(booking, 'AGREED');
	assert.equal((await freelancer.get(`/v1/bookings/${booking.id}`)).milestones[0].state, 'AGREED');
	const note = await until(async () => (await client.get('/v1/notifications')).find((n) => n.type === 'milestone.payment_due'), 15000);
	assert.ok(note, 'the client is told');
	assert.equal((await client.raw('POST', `/v1/milestones/${milestone.id}/decline`)).status, 409);
	await client.post(`/v1/milestones/${milestone.id}/fund`, { paymentMethodId: await card(client) }, 201);
	assert.ok(await weekOf(booking, 'SUBMITTED'), 'paid, it is handed in by itself');
	await client.post(`/v1/bookings/${booking.id}/end`);
	await client.post(`/v1/milestones/${milestone.id}/approve`);
	assert.equal((await client.get(`/v1/bookings/${booking.id}`)).state, 'COMPLETED');
});

test('bad fields, strangers and keys', async () => {
	const project = await openProject(client, '50.00', 1, 'HOURLY');
	const split = await freelancer.raw('POST', `/v1/projects/${project.id}/proposals`, { coverLetter: 'x'.repeat(60), bid: usd('50.00'), milestones: [{ title: 'All', amount: usd('50.00') }] });
	assert.deepEqual(split.json.error.details.map((d) => d.field), ['milestones'], split.text);
	const proposal = await propose(freelancer, project, '50.00');
	for (const weeklyLimitMinutes of [0, 10081]) {
		const bad = await client.raw('POST', `/v1/proposals/${proposal.id}/accept`, { revision: 1, weeklyLimitMinutes });
		assert.deepEqual(bad.json.error.details.map((d) => d.field), ['weeklyLimitMinutes'], bad.text);
	}
	const booking = await bookHours(client, freelancer);
	const wrong = await freelancer.raw('POST', `/v1/bookings/${booking.id}/time-entries`, { date: '2999-01-01', minutes: 0, hours: 1 });
	assert.deepEqual(wrong.json.error.details.map((d) => d.field).sort(), ['date', 'hours', 'minutes', 'note'], wrong.text);
	assert.equal((await log(booking, 5, stranger)).status, 404);
	assert.equal((await log(booking, 5, client)).status, 403);
	const key = { 'Idempotency-Key': `hours-${booking.id}` };
	const twice = await Promise.all([1, 2].map(() => freelancer.raw('POST', `/v1/bookings/${booking.id}/time-entries`, { date: today(), minutes: 7, note: 'Once' }, key)));
	assert.ok(twice.every((a) => [201, 409].includes(a.status)));
	assert.deepEqual(sql(`SELECT count(*) FROM skillancer.time_entry WHERE booking_id = '${booking.id}'`), [['1']]);
	const entry = (await freelancer.get(`/v1/bookings/${booking.id}/time-entries`))[0];
	const stale = await freelancer.raw('PATCH', `/v1/time-entries/${entry.id}`, { minutes: 8 }, { 'If-Match': '"v9"' });
	assert.equal(stale.status, 412);
});
