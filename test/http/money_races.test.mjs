// money_races.test.mjs
//	Money under many hands: parts that are too much together, keys that are used again, commands at random on a few
//	bookings (nobody waits in a circle), and other isolation levels than the one that the bridge expects.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { chownSync, cpSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { addRoutes, call, env, removeRoutes, routed, sleep, sql, startBridge } from './support.mjs';
import { book, card, checkBooks, fundedMilestone, join, tag, usd } from './market.mjs';

const HUNT_SECONDS = Number(env.SKL_HUNT_SECONDS ?? 6);

let client;
let freelancer;
before(async () => { [client, freelancer] = await Promise.all([join('rosa', 'CLIENT'), join('rudi', 'FREELANCER')]); });
after(() => checkBooks());

const count = (answers) => Object.fromEntries([...new Set(answers.map((a) => a.status))].sort()
	.map((status) => [status, answers.filter((a) => a.status === status).length]));
const times = (n, make) => Promise.all(Array.from({ length: n }, (_, i) => make(i)));
const cents = ({ amount }) => Math.round(Number(amount) * 100);

test('parts at once are refused when they are more than the escrow, and the rest is exact', async () => {
	const { milestone } = await fundedMilestone(client, freelancer, '100.00');
	const part = (who, verb) => who.raw('POST', `/v1/milestones/${milestone.id}/${verb}`, { amount: usd('30.00') });
	const answers = await times(20, (i) => (i % 2 ? part(client, 'release-part') : part(freelancer, 'refund-part')));
	assert.deepEqual(count(answers), { 200: 3, 409: 17 });
	assert.ok(answers.filter((a) => a.status === 409).every((a) => a.json.error.code === 'INSUFFICIENT_FUNDS'));
	const { inEscrow } = (await client.get(`/v1/bookings/${milestone.bookingId}`)).milestones[0];
	assert.equal(inEscrow.amount, '10.00');
	for (const amount of ['10.00', '10.01', '100000.00'])
		assert.equal((await client.raw('POST', `/v1/milestones/${milestone.id}/release-part`, { amount: usd(amount) })).json.error.code, 'INSUFFICIENT_FUNDS', amount);
	checkBooks();
});

test('payment methods added at once: as many as one may have, and one default', async () => {
	const buyer = await join('rhea', 'CLIENT');
	const answers = await times(20, () => buyer.raw('POST', '/v1/payment-methods', { token: 'tok_success' }));
	assert.deepEqual(count(answers), { 201: 10, 409: 10 });
	assert.equal((await buyer.get('/v1/payment-methods')).filter((method) => method.isDefault).length, 1);
});

test('random parts of a milestone add up to it, and so do their fees', async () => {
	for (let round = 0; round < 5; round++) {
		const total = 100 + Math.floor(Math.random() * 100_000);
		const { milestone } = await fundedMilestone(client, freelancer, (total / 100).toFixed(2));
		for (let left = total, step = 0; step < 8 && left > 1; step++) {
			const amount = Math.max(1, Math.floor(Math.random() * (left - 1)));
			const who = Math.random() < 0.6 ? [client, 'release-part'] : [freelancer, 'refund-part'];
			const answer = await who[0].raw('POST', `/v1/milestones/${milestone.id}/${who[1]}`, { amount: usd((amount / 100).toFixed(2)) });
			assert.equal(answer.status, 200, answer.text);
			left -= amount;
			assert.equal(cents(answer.json.data.inEscrow), left);
		}
		await freelancer.post(`/v1/milestones/${milestone.id}/submit`, { note: 'Done.' });
		await client.post(`/v1/milestones/${milestone.id}/approve`);
		const [[escrowed, returned, deferred]] = sql(`SELECT sum(e.amount) FILTER (WHERE a.class = 'escrow' AND e.amount > 0),
				sum(e.amount) FILTER (WHERE a.class = 'escrow'), sum(e.amount) FILTER (WHERE a.class = 'deferred_fee')
			FROM skillancer.ledger_entry e JOIN skillancer.ledger_account a ON a.id = e.account WHERE a.ref = '${milestone.id}'::skillancer.milestone_id::uuid`);
		assert.deepEqual([escrowed, returned, deferred], [String(total), '0', '0'], 'every cent left, and every fee');
	}
});

test('a key of one route or person says nothing to another', async () => {
	const other = await join('ria', 'CLIENT');
	const [method, method2] = await Promise.all([card(client), card(other)]);
	const key = { 'idempotency-key': tag() };
	const body = { amount: usd('7.00'), paymentMethodId: method };
	const first = await client.post('/v1/payments/charges', body, 201, key);
	const elsewhere = await client.raw('POST', '/v1/payment-methods', { token: 'tok_success' }, key);
	assert.equal(elsewhere.status, 201, 'the same key on another route is another request');
	const stolen = await other.raw('POST', '/v1/payments/charges', body, key);
	assert.equal(stolen.status, 422, 'the method of somebody else is none of mine');
	assert.ok(!stolen.text.includes(first.id), 'and the stored answer is not told');
	assert.notEqual((await other.post('/v1/payments/charges', { ...body, paymentMethodId: method2 }, 201, key)).id, first.id);
});

test('a key whose request failed on our side is free: the repetition has the effect, once', async () => {
	addRoutes(`CREATE TABLE IF NOT EXISTS public.t_failing (id integer PRIMARY KEY, done integer);
		GRANT ALL ON public.t_failing TO skillancer_bridge;
		CREATE FUNCTION skillancer_api.t_failing(p_mode text) RETURNS json LANGUAGE plpgsql SET search_path = pg_catalog, skillancer, pg_temp AS $$
		BEGIN
			INSERT INTO public.t_failing VALUES (1, 0) ON CONFLICT (id) DO UPDATE SET done = t_failing.done + 1;
			IF (SELECT count(*) FROM public.t_failing WHERE id = 2) = 0 THEN RAISE EXCEPTION 'broken' USING ERRCODE = 'XX000'; END IF;
			RETURN (SELECT json_build_object('done', f.done) FROM public.t_failing f WHERE f.id = 1);
		END $$;`, [`'POST', '/v1/t/failing', 't_failing'`]);
	try {
		await routed('/v1/t/failing');
		const key = { 'idempotency-key': tag() };
		assert.equal((await client.raw('POST', '/v1/t/failing', { mode: 'x' }, key)).status, 500);
		sql('INSERT INTO public.t_failing VALUES (2, 0)');
		const done = await client.raw('POST', '/v1/t/failing', { mode: 'x' }, key);
		assert.deepEqual([done.status, done.json.data], [200, { done: 0 }], 'the failed one left nothing');
		const again = await client.raw('POST', '/v1/t/failing', { mode: 'x' }, key);
		assert.deepEqual([again.json.data, again.headers.get('idempotency-replayed')], [{ done: 0 }, 'true']);
	} finally {
		removeRoutes();
		sql('DROP TABLE public.t_failing');
	}
});

// Commands at random on few things by many hands, until the time is over; every answer's status and code.
async function hunt(milestones, seconds) {
	const verbs = [[client, 'approve'], [client, 'release-part', { amount: usd('0.01') }], [client, 'request-changes', { note: 'Again.' }],
		[freelancer, 'submit', { note: 'Done.' }], [freelancer, 'refund-part', { amount: usd('0.01') }], [client, 'fund', { paymentMethodId: client.card }]];
	const seen = {};
	const end = Date.now() + seconds * 1000;
	await times(16, async () => {
		while (Date.now() < end) {
			const [who, verb, body] = verbs[Math.floor(Math.random() * verbs.length)];
			const { id, bookingId } = milestones[Math.floor(Math.random() * milestones.length)];
			const answer = Math.random() < 0.1
				? await client.raw('POST', `/v1/bookings/${bookingId}/change-requests`, { kind: 'EXTENSION', milestoneId: id, days: 1, reason: 'More.' })
				: Math.random() < 0.1 ? await client.raw('POST', '/v1/payments/charges', { amount: usd('1.00'), paymentMethodId: client.card })
					: await who.raw('POST', `/v1/milestones/${id}/${verb}`, body ?? {});
			const name = `${answer.status} ${answer.json?.error?.code ?? ''}`;
			seen[name] = (seen[name] ?? 0) + 1;
		}
	});
	return seen;
}

test(`${HUNT_SECONDS} s of commands at random: nobody waits in a circle, nothing breaks`, { timeout: (HUNT_SECONDS + 60) * 1000 }, async (t) => {
	const deadlocks = () => sql('SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()')[0][0];
	const amounts = [{ title: 'One', amount: usd('20.00') }, { title: 'Two', amount: usd('20.00') }];
	const bookings = await times(6, () => book(client, freelancer, '40.00', amounts));
	client.card ??= await card(client);
	const before = deadlocks();
	const seen = await hunt(bookings.flatMap((booking) => booking.milestones), HUNT_SECONDS);
	await sleep(1100);
	t.diagnostic(JSON.stringify(seen));
	assert.equal(deadlocks(), before, 'no deadlock');
	assert.ok(Object.keys(seen).every((name) => Number(name.slice(0, 3)) < 500), JSON.stringify(seen));
	assert.ok(seen['200 '] > 50, 'and much was done');
	checkBooks();
});

// The keys of the world, for a bridge of one's own that knows the tokens of everybody.
function copyKeys() {
	const source = path.join(env.SKL_DIR, 'keys');
	const keys = mkdtempSync(path.join(tmpdir(), 'skl-keys-'));
	cpSync(source, keys, { recursive: true });
	const { uid, gid } = statSync(source);
	if (process.getuid() === 0) for (const place of [keys, ...readdirSync(keys).map((name) => path.join(keys, name))]) chownSync(place, uid, gid);
	return keys;
}

for (const level of ['read uncommitted', 'repeatable read', 'serializable']) {
	test(`the same rules hold when a role forces ${level}`, async () => {
		const keys = copyKeys();
		const bridge = await startBridge({ threads: 2, jwt_key_dir: keys, database: `host=${env.SKL_PGHOST} port=${env.SKL_PGPORT} dbname=${env.SKL_PGDATABASE}`
			+ ` user=skillancer_bridge options='-c default_transaction_isolation=${level.replace(' ', '\\\\ ')}'` });
		try {
			const at = (who, pathname, body = {}) => call('POST', pathname, { base: bridge.base, token: who.token, body });
			const booking = await book(client, freelancer, '60.00');
			const [{ id }] = booking.milestones;
			client.card ??= await card(client);
			const once = async (n, who, verb, body) => {
				const answers = await times(n, () => at(who, `/v1/milestones/${id}/${verb}`, body));
				const done = answers.filter((a) => a.status < 300).length;
				assert.ok(done <= 1 && answers.every((a) => a.status < 300 || a.status === 409), JSON.stringify(count(answers)));
				if (done === 0) assert.ok((await at(who, `/v1/milestones/${id}/${verb}`, body)).status < 300, `${verb}, sent again`);
			};
			await once(20, client, 'fund', { paymentMethodId: client.card });
			await once(10, freelancer, 'submit', { note: 'Done.' });
			await once(20, client, 'approve');
			assert.deepEqual(sql(`SELECT kind, count(*) FROM skillancer.ledger_txn WHERE ref = '${id}'::skillancer.milestone_id::uuid GROUP BY 1 ORDER BY 1`),
				[['fund', '1'], ['release', '1']]);
			checkBooks();
		} finally {
			await bridge.stop();
			rmSync(keys, { recursive: true });
		}
	});
}
