// test/bench/peers/service.mjs HOST PORT DATABASE POOL PUBLIC_KEY_FILE LOG_FILE
//	The usual microservice: Fastify + pg, with the duties that the bridge has. Each request checks its token (verified
//	ones are remembered, as the bridge does) and its limit, takes a connection, makes four round trips: BEGIN, the
//	identity, the same API function that the bridge calls, COMMIT; and leaves one log line and one observation in a
//	histogram. Prints its port.

import { createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import rateLimit from '@fastify/rate-limit';
import Fastify from 'fastify';
import pg from 'pg';
import prometheus from 'prom-client';

const [host, port, database, size, keyFile, logFile] = process.argv.slice(2);
const key = createPublicKey(readFileSync(keyFile));
const pool = new pg.Pool({ host, port: Number(port), database, user: 'skillancer_bridge', max: Number(size) });
const app = Fastify({ logger: { level: 'info', file: logFile }, disableRequestLogging: true });
const durations = new prometheus.Histogram({ name: 'http_request_duration_seconds', help: 'Time of requests', labelNames: ['route', 'status'] });
await app.register(rateLimit, { max: 1000000000, timeWindow: 60000, keyGenerator: (request) => request.headers.authorization ?? request.ip });
app.addHook('onResponse', (request, reply, done) => {
	durations.observe({ route: request.routeOptions.url, status: reply.statusCode }, reply.elapsedTime / 1000);
	request.log.info({ method: request.method, route: request.routeOptions.url, status: reply.statusCode, ms: reply.elapsedTime, address: request.ip }, 'request');
	done();
});
const tokens = new Map();

function claims(header) {
	const token = header?.startsWith('Bearer ') ? header.slice(7) : '';
	const known = tokens.get(token);
	if (known !== undefined && known.exp > Date.now() / 1000) return known;
	const [head, body, signature] = token.split('.');
	if (!verify('sha256', Buffer.from(`${head}.${body}`), { key, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url')))
		throw Object.assign(new Error('AUTHENTICATION_ERROR'), { statusCode: 401 });
	const found = JSON.parse(Buffer.from(body, 'base64url'));
	tokens.set(token, found);
	return found;
}

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

function uuidOf(id) {
	let value = 0n;
	for (const letter of id.slice(4)) value = (value << 5n) | BigInt(ALPHABET.indexOf(letter));
	const hex = value.toString(16).padStart(32, '0');
	return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

async function ask(request, reply, name, text, values) {
	const who = claims(request.headers.authorization);
	const client = await pool.connect();
	let row;
	try {
		await client.query('BEGIN READ ONLY');
		await client.query({ name: 'identity', text: 'SELECT skillancer.begin_request($1, $2, NULL, $3, NULL, $4, 2000, true, NULL)',
			values: [uuidOf(who.sub), uuidOf(who.sid), request.id, request.ip] });
		row = (await client.query({ name, text, values })).rows[0];
		await client.query('COMMIT');
	} catch (error) {
		await client.query('ROLLBACK');
		throw error;
	} finally { client.release(); }
	reply.header('x-request-id', request.id);
	return { data: row.body, meta: { requestId: request.id, timestamp: new Date().toISOString(), ...row.meta } };
}

const columns = 'SELECT (x.r).status, (x.r).etag, (x.r).meta, (x.r).body FROM';
app.get('/v1/projects/:id', (request, reply) => ask(request, reply, 'get',
	`${columns} (SELECT skillancer_api.project_get(p_id => $1) AS r OFFSET 0) x`, [request.params.id]));
app.get('/v1/projects', (request, reply) => ask(request, reply, 'list',
	`${columns} (SELECT skillancer_api.project_list(p_limit => $1) AS r OFFSET 0) x`, [Number(request.query.limit)]));

await app.listen({ host: '127.0.0.1', port: 0 });
console.log(app.server.address().port);
