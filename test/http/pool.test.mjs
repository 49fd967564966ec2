// test/http/pool.test.mjs
//	The pool of the bridge, on a bridge of its own: identities that never leak (docs/faults.md 84), retries, bounded
//	queues, time limits, clients that leave, idempotency keys, routes that change while requests run.

import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, test } from 'node:test';
import { addRoutes, call, makeUsers, removeRoutes, routed, sleep, sql, startBridge, until } from './support.mjs';

let bridge;
let users;

before(async () => {
	sql(`DROP TABLE IF EXISTS public.t_effect; CREATE TABLE public.t_effect (owner text, label text);
		DROP SEQUENCE IF EXISTS public.t_tries; CREATE SEQUENCE public.t_tries;`);
	addRoutes(`
		CREATE OR REPLACE FUNCTION skillancer_api.t_me(p_mark text DEFAULT NULL) RETURNS json LANGUAGE plpgsql STABLE AS $$
		BEGIN RETURN json_build_object('id', skillancer.current_user_id(), 'mark', p_mark, 'timeout', current_setting('statement_timeout')); END $$;
		CREATE OR REPLACE FUNCTION skillancer_api.t_me_slowly(p_ms integer, p_mark text DEFAULT NULL) RETURNS json LANGUAGE plpgsql AS $$
		BEGIN PERFORM pg_sleep(p_ms / 1000.0); RETURN json_build_object('id', skillancer.current_user_id(), 'mark', p_mark); END $$;
		CREATE OR REPLACE FUNCTION skillancer_api.t_me_broken(p_mark text DEFAULT NULL) RETURNS json LANGUAGE plpgsql AS $$
		BEGIN PERFORM skillancer.fail('INVALID_STATE', skillancer.current_user_id()::text); END $$;
		CREATE OR REPLACE FUNCTION skillancer_api.t_collide(p_times integer) RETURNS json LANGUAGE plpgsql AS $$
		DECLARE v_try bigint := nextval('public.t_tries');
		BEGIN IF v_try <= p_times THEN RAISE EXCEPTION 'x' USING ERRCODE = '40001'; END IF; RETURN to_json(v_try); END $$;
		CREATE OR REPLACE FUNCTION skillancer_api.t_effect(p_label text, p_ms integer DEFAULT 0) RETURNS skillancer.reply LANGUAGE plpgsql AS $$
		DECLARE v_owner text := skillancer.current_user_id()::text;
		BEGIN
			INSERT INTO public.t_effect VALUES (v_owner, p_label);
			PERFORM pg_sleep(p_ms / 1000.0);
			RETURN ROW(201, 'v1', '{"X-Here": "1"}', '{"extra": 1}', json_build_object('label', p_label, 'random', gen_random_uuid()))::skillancer.reply;
		END $$;
		CREATE OR REPLACE FUNCTION skillancer_api.t_effect_json(p_label text) RETURNS json LANGUAGE plpgsql AS $$
		BEGIN INSERT INTO public.t_effect VALUES (skillancer.current_user_id()::text, p_label); RETURN json_build_object('random', gen_random_uuid()); END $$;
		CREATE OR REPLACE FUNCTION skillancer_api.t_effect_void(p_label text) RETURNS void LANGUAGE plpgsql AS $$
		BEGIN INSERT INTO public.t_effect VALUES (skillancer.current_user_id()::text, p_label); END $$;
		CREATE OR REPLACE FUNCTION skillancer_api.t_effect_refused(p_label text) RETURNS skillancer.reply LANGUAGE plpgsql AS $$
		BEGIN
			INSERT INTO public.t_effect VALUES (skillancer.current_user_id()::text, p_label);
			RETURN ROW(409, NULL, NULL, NULL, '{"code": "INVALID_STATE"}')::skillancer.reply;
		END $$;
		ALTER FUNCTION skillancer_api.t_effect(text, integer) SECURITY DEFINER;
		ALTER FUNCTION skillancer_api.t_effect_json(text) SECURITY DEFINER;
		ALTER FUNCTION skillancer_api.t_effect_void(text) SECURITY DEFINER;
		ALTER FUNCTION skillancer_api.t_effect_refused(text) SECURITY DEFINER;
		ALTER FUNCTION skillancer_api.t_collide(integer) SECURITY DEFINER;`,
	["'GET', '/v1/t/me', 't_me', 'anyone'", "'POST', '/v1/t/me', 't_me', 'anyone'", "'POST', '/v1/t/me/slowly', 't_me_slowly', 'anyone', timeout_ms => 60000",
		"'GET', '/v1/t/me/slowly', 't_me_slowly', 'anyone', timeout_ms => 150", "'POST', '/v1/t/me/short', 't_me_slowly', 'anyone', timeout_ms => 150",
		"'GET', '/v1/t/me/broken', 't_me_broken', 'anyone'", "'POST', '/v1/t/me/broken', 't_me_broken', 'anyone'",
		"'POST', '/v1/t/collide', 't_collide', 'anyone'", "'POST', '/v1/t/effect', 't_effect'", "'POST', '/v1/t/effect/json', 't_effect_json'",
		"'POST', '/v1/t/effect/void', 't_effect_void'", "'POST', '/v1/t/effect/refused', 't_effect_refused'",
		"'POST', '/v1/t/effect/other', 't_effect'"]);
	bridge = await startBridge({ threads: 2, fast_connections: 1, slow_connections: 1, queue_size: 200,
		aliases: '/api/=/v1/, /api/old/=/v1/t/' });
	users = makeUsers(20, bridge);
	assert.ok(await routed('/v1/t/effect/other', bridge.base));
});
after(async () => {
	await bridge?.stop();
	removeRoutes();
	sql('DROP TABLE public.t_effect; DROP SEQUENCE public.t_tries');
});

const ask = (method, pathname, options) => call(method, pathname, { base: bridge.base, ...options });

// Sends a request and leaves without reading the answer.
function leave(bytes, ms) {
	return new Promise((resolve) => {
		const { hostname, port } = new URL(bridge.base);
		const socket = net.connect({ host: hostname, port: Number(port) }, () => {
			socket.write(bytes);
			setTimeout(() => { socket.destroy(); resolve(); }, ms);
		});
		socket.on('error', () => {});
	});
}

const backends = (where) => Number(sql(`SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE '${bridge.name}%' AND ${where}`)[0][0]);

// the requests of each of 16 clients
const rounds = Number(process.env.SKL_POOL_ROUNDS ?? 150);
test('no answer ever names another user', async () => {
	const kinds = [
		['GET', '/v1/t/me', 200], ['GET', '/v1/t/me', 200], ['GET', '/v1/t/me', 200], ['POST', '/v1/t/me', 200], ['GET', '/v1/t/me/broken', 409],
		['POST', '/v1/t/me/broken', 409], ['GET', '/v1/t/me/slowly?ms=400', 504], ['POST', '/v1/t/me/short', 504], ['POST', '/v1/t/me/slowly', 200], ['leave'],
	];
	let wrong = 0;
	let asked = 0;
	const worker = async (seed) => {
		let state = seed;
		const random = (n) => { state = (state * 1103515245 + 12345) % 2147483648; return Math.floor((state / 2147483648) * n); };
		for (let i = 0; i < rounds; i++) {
			const user = random(8) === 0 ? undefined : users[random(users.length)];
			const pick = random(30);
			const [method, pathname, expected] = kinds[pick < 25 ? pick % 6 : pick % 10];
			const mark = `${seed}-${i}`;
			if (method === 'leave') {
				await leave(`POST /v1/t/me/slowly HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${
					user ? `Authorization: Bearer ${user.token}\r\n` : ''}Content-Length: 10\r\n\r\n{"ms":200}`, random(60));
				continue;
			}
			const answer = await ask(method, method === 'GET' ? `${pathname}${pathname.includes('?') ? '&' : '?'}mark=${mark}` : pathname, {
				token: user?.token,
				body: method === 'POST' ? { mark, ...(pathname.includes('slowly') ? { ms: 5 } : {}), ...(pathname.includes('short') ? { ms: 400 } : {}) } : undefined,
			});
			asked++;
			if (answer.status === 503) continue;
			if (answer.status === 504) { assert.equal(expected, 504); continue; }
			const who = answer.status === 409 ? answer.json.error.message : answer.json.data?.id;
			if (answer.status === 200 && answer.json.data.mark !== mark) wrong++;
			if (answer.status === 409 && !user) continue;
			if ((who ?? null) !== (user?.id ?? null)) wrong++;
		}
	};
	await Promise.all(Array.from({ length: 16 }, (_, i) => worker(i * 7919 + 1)));
	assert.ok(asked > rounds * 10, `asked ${asked}`);
	assert.equal(wrong, 0);
	assert.equal(backends("state <> 'idle'"), 0);
});

test('a session that ends, ends at the next request', async () => {
	const [user] = makeUsers(1, bridge);
	assert.equal((await ask('GET', '/v1/t/me', { token: user.token })).json.data.id, user.id);
	sql(`UPDATE skillancer.session SET revoked_at = now(), revoked_reason = 'LOGOUT' WHERE id = '${user.sid}'`);
	const answer = await ask('GET', '/v1/t/me', { token: user.token });
	assert.equal(answer.status, 401);
	assert.equal(answer.json.error.code, 'AUTHENTICATION_ERROR');
});

test('collisions are tried again twice, then told', async () => {
	sql("SELECT setval('public.t_tries', 1, false)");
	assert.equal((await ask('POST', '/v1/t/collide', { body: { times: 2 } })).json.data, 3);
	sql("SELECT setval('public.t_tries', 1, false)");
	const answer = await ask('POST', '/v1/t/collide', { body: { times: 100 } });
	assert.equal(answer.status, 409);
	assert.equal(answer.json.error.code, 'RETRY_LATER');
	assert.ok(answer.headers.get('retry-after'));
	assert.equal(sql("SELECT last_value FROM public.t_tries")[0][0], '3');
});

test('a statement that takes too long is stopped, and its connection goes on', async () => {
	const start = Date.now();
	const answer = await ask('POST', '/v1/t/me/short', { body: { ms: 5000 } });
	assert.equal(answer.status, 504);
	assert.equal(answer.json.error.code, 'TIMEOUT');
	assert.ok(Date.now() - start < 4000);
	assert.equal((await ask('POST', '/v1/t/me', { body: {} })).status, 200);
});

test('a slow statement does not hold up fast routes', async () => {
	const slow = Array.from({ length: 2 }, () => ask('POST', '/v1/t/me/slowly', { body: { ms: 3000 } }));
	await sleep(50);
	const start = Date.now();
	assert.equal((await ask('GET', '/v1/t/me')).status, 200);
	assert.ok(Date.now() - start < 2500);
	for (const answer of await Promise.all(slow)) assert.equal(answer.status, 200);
});

test('the statement of a client that left is cancelled', async () => {
	const before = backends("wait_event = 'PgSleep'");
	assert.equal(before, 0);
	const left = leave('POST /v1/t/me/slowly HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n{"ms":30000}', 600);
	assert.ok(await until(() => backends("wait_event = 'PgSleep'") === 1, 2000));
	await left;
	assert.ok(await until(() => backends("wait_event = 'PgSleep'") === 0, 2000), 'still running');
	assert.ok(await until(() => bridge.log().includes('"status":499'), 2000));
	for (let i = 0; i < 8; i++) assert.equal((await ask('POST', '/v1/t/me', { body: {} })).status, 200);
});

test('clients that reset their connection at once take nothing with them', async () => {
	const { hostname, port } = new URL(bridge.base);
	const reset = (token, ms) => new Promise((resolve) => {
		const socket = net.connect(Number(port), hostname, () => {
			socket.write(`GET /v1/t/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n\r\n`);
			setTimeout(() => socket.resetAndDestroy(), ms);
		});
		socket.on('error', () => {}).on('close', resolve);
	});
	for (let round = 0; round < 40; round++) {
		const others = users.map(async (user) => ({ user, answer: await ask('GET', '/v1/t/me', { token: user.token }) }));
		await Promise.all(users.map((user, i) => reset(user.token, i % 3)));
		for (const { user, answer } of await Promise.all(others)) assert.equal(answer.json.data.id, user.id);
	}
	assert.ok(bridge.log().includes('"status":499'));
	assert.ok(await until(async () => / 0$/m.test((await (await fetch(`${bridge.admin}/metrics`)).text()).match(/^http_requests_in_flight.*$/m)[0]), 2000));
	assert.equal(backends("state <> 'idle'"), 0);
});

test('a full queue is told at once', async () => {
	const tight = await startBridge({ threads: 1, fast_connections: 1, slow_connections: 1, queue_size: 3, slow_wait_ms: 400 });
	try {
		assert.ok(await routed('/v1/t/effect/other', tight.base));
		const start = Date.now();
		const answers = await Promise.all(Array.from({ length: 12 }, async () => {
			const answer = await call('POST', '/v1/t/me/slowly', { base: tight.base, body: { ms: 600 } });
			return { ...answer, after: Date.now() - start };
		}));
		const good = answers.filter((answer) => answer.status === 200);
		const refused = answers.filter((answer) => answer.status === 503);
		assert.equal(good.length + refused.length, 12);
		assert.equal(good.length, 1, 'the others waited too long');
		// eight, or nine when four came in the turn of the loop that had not sent the first yet
		const atOnce = refused.filter((answer) => answer.after < 300).length;
		assert.ok(atOnce === 8 || atOnce === 9, `${atOnce} found the queue full`);
		for (const answer of refused) {
			assert.equal(answer.json.error.code, 'SERVICE_UNAVAILABLE');
			assert.ok(Number(answer.headers.get('retry-after')) > 0);
		}
		assert.equal((await call('GET', '/v1/t/me', { base: tight.base })).status, 200);
	} finally { await tight.stop(); }
});

const effects = (label) => Number(sql(`SELECT count(*) FROM public.t_effect WHERE label = '${label}'`)[0][0]);
const send = (pathname, label, key, user = users[0], more = {}) =>
	ask('POST', pathname, { token: user.token, body: { label, ...more }, headers: key === undefined ? {} : { 'idempotency-key': key } });

test('a hundred requests with one key are one effect and equal answers', async () => {
	const answers = await Promise.all(Array.from({ length: 100 }, () => send('/v1/t/effect', 'hundred', 'key-100', users[0], { ms: 20 })));
	assert.equal(effects('hundred'), 1);
	const bodies = new Set(answers.filter((answer) => answer.status === 201).map((answer) => JSON.stringify(answer.json.data)));
	assert.equal(bodies.size, 1);
	for (const answer of answers) assert.ok([201, 409, 503].includes(answer.status), answer.text);
	assert.equal(answers.filter((answer) => answer.status === 201 && !answer.headers.get('idempotency-replayed')).length, 1);
	const later = await send('/v1/t/effect', 'hundred', 'key-100', users[0], { ms: 20 });
	assert.equal(later.status, 201);
	assert.equal(later.headers.get('idempotency-replayed'), 'true');
	assert.equal(later.headers.get('etag'), '"v1"');
	assert.equal(later.headers.get('x-here'), '1');
	assert.equal(later.json.meta.extra, 1);
	assert.ok(bodies.has(JSON.stringify(later.json.data)));
	assert.notEqual(later.json.meta.requestId, answers[0].json.meta.requestId);
});

test('a key is bound to its body, route and user', async () => {
	assert.equal((await send('/v1/t/effect', 'bound', 'key-b')).status, 201);
	const other = await send('/v1/t/effect', 'unbound', 'key-b');
	assert.equal(other.status, 422);
	assert.equal(other.json.error.code, 'IDEMPOTENCY_MISMATCH');
	assert.equal(effects('unbound'), 0);
	assert.equal((await send('/v1/t/effect/other', 'bound', 'key-b')).status, 201);
	assert.equal((await send('/v1/t/effect', 'bound', 'key-b', users[1])).status, 201);
	assert.equal(effects('bound'), 3);
});

test('keys over functions that return json or nothing', async () => {
	const first = await send('/v1/t/effect/json', 'json', 'key-j');
	const second = await send('/v1/t/effect/json', 'json', 'key-j');
	assert.equal(first.status, 200);
	assert.deepEqual(second.json.data, first.json.data);
	assert.equal(effects('json'), 1);
	assert.equal((await send('/v1/t/effect/void', 'void', 'key-v')).status, 204);
	const again = await send('/v1/t/effect/void', 'void', 'key-v');
	assert.equal(again.status, 204);
	assert.equal(again.headers.get('idempotency-replayed'), 'true');
	assert.equal(effects('void'), 1);
});

test('a refused request leaves its key free', async () => {
	for (let i = 0; i < 2; i++) {
		const answer = await send('/v1/t/effect/refused', 'refused', 'key-r');
		assert.equal(answer.status, 409);
		assert.equal(answer.headers.get('idempotency-replayed'), null);
	}
	assert.equal((await send('/v1/t/effect', 'r2', 'key-r2', users[0], { ms: 'x' })).status, 422);
	assert.equal((await send('/v1/t/effect', 'r2', 'key-r2')).status, 201);
});

test('bad keys are named', async () => {
	for (const key of ['', 'a'.repeat(256), 'a b']) {
		const answer = await send('/v1/t/effect', 'bad', key);
		assert.equal(answer.status, 422, answer.text);
		assert.equal(answer.json.error.details[0].field, 'Idempotency-Key');
	}
	assert.equal(effects('bad'), 0);
});

test('reads survive the loss of their connections, writes are not repeated without a key', async () => {
	const kill = () => sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE '${bridge.name}%' AND query LIKE '%t_%'`);
	const write = ask('POST', '/v1/t/me/slowly', { body: { ms: 3000 } });
	assert.ok(await until(() => backends("wait_event = 'PgSleep'") === 1, 2000));
	kill();
	const answer = await write;
	assert.equal(answer.status, 503);
	assert.ok(answer.headers.get('retry-after'));
	assert.ok(await until(async () => (await ask('POST', '/v1/t/me', { body: {} })).status === 200, 2000));
	const keyed = send('/v1/t/effect', 'lost', 'key-l', users[0], { ms: 500 });
	assert.ok(await until(() => backends("wait_event = 'PgSleep'") === 1, 2000));
	kill();
	assert.equal((await keyed).status, 201);
	assert.equal(effects('lost'), 1);
	let failed = 0;
	const reads = (async () => { for (let i = 0; i < 150; i++) if ((await ask('GET', '/v1/t/me')).status !== 200) failed++; })();
	for (let i = 0; i < 3; i++) { kill(); await sleep(60); }
	await reads;
	assert.ok(failed <= 3, `${failed} of 150 reads failed`);
});

test('routes change while requests run', async () => {
	const define = (returns, body, args = '') => addLater(`CREATE FUNCTION skillancer_api.t_later(${args}) RETURNS ${returns} LANGUAGE plpgsql STABLE AS $$ BEGIN ${body} END $$;`);
	const addLater = (text) => sql(`BEGIN;
		DELETE FROM skillancer.route WHERE path = '/v1/t/later';
		DO $$ DECLARE f regprocedure; BEGIN
			FOR f IN SELECT oid FROM pg_proc WHERE proname = 't_later' LOOP EXECUTE format('DROP FUNCTION %s', f); END LOOP;
		END $$;
		${text}
		${text ? `GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA skillancer_api TO skillancer_bridge;
			SELECT skillancer.add_route('GET', '/v1/t/later', 't_later', 'anyone');` : ''}
		NOTIFY skillancer_routes; COMMIT;`);
	let running = true;
	const odd = new Map();
	const load = (async () => {
		while (running) {
			const { status } = await ask('GET', '/v1/t/me');
			if (status !== 200) odd.set(status, (odd.get(status) ?? 0) + 1);
		}
	})();
	const says = (data) => until(async () => (await ask('GET', '/v1/t/later')).json?.data === data);
	define('json', "RETURN '1';");
	assert.ok(await says(1));
	define('jsonb', "RETURN '2';");
	assert.ok(await says(2), 'another result type');
	define('skillancer.reply', "RETURN ROW(200, NULL, NULL, NULL, to_json(coalesce(p_a, 3)))::skillancer.reply;", 'p_a integer DEFAULT NULL');
	assert.ok(await says(3), 'another signature');
	addLater('');
	assert.ok(await until(async () => (await ask('GET', '/v1/t/later')).status === 404));
	running = false;
	await load;
	assert.deepEqual([...odd], []);
});

test('a route whose function is gone fails alone', async () => {
	sql(`CREATE FUNCTION skillancer_api.t_gone() RETURNS json LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN '1'; END $$;
		GRANT EXECUTE ON FUNCTION skillancer_api.t_gone() TO skillancer_bridge;
		SELECT skillancer.add_route('GET', '/v1/t/gone', 't_gone', 'anyone'); NOTIFY skillancer_routes`);
	assert.ok(await routed('/v1/t/gone', bridge.base));
	sql('DROP FUNCTION skillancer_api.t_gone()');
	for (let i = 0; i < 5; i++) {
		const [gone, me] = await Promise.all([ask('GET', '/v1/t/gone'), ask('GET', '/v1/t/me')]);
		// a notice from before may have the catalogue read once more, and then there is no such route
		assert.ok([404, 500].includes(gone.status), `${gone.status}`);
		assert.equal(me.status, 200);
	}
});

test('a broken catalogue changes nothing', async () => {
	sql(`INSERT INTO skillancer.route VALUES ('GET', '/v1/t/{pear}', 't_me', 'anyone', NULL, 'fast', 'read', false, 0, 1000, 0); NOTIFY skillancer_routes`);
	assert.ok(await until(() => bridge.log().includes('routes_refused')));
	assert.equal((await ask('GET', '/v1/t/me')).status, 200);
	sql("DELETE FROM skillancer.route WHERE path = '/v1/t/{pear}'; NOTIFY skillancer_routes");
});

test('paths of older clients', async () => {
	for (const pathname of ['/api/t/me', '/api/old/me']) {
		const answer = await ask('GET', pathname, { token: users[0].token });
		assert.equal(answer.json?.data.id, users[0].id, pathname);
	}
	assert.equal((await ask('GET', '/apit/me')).status, 404);
});
