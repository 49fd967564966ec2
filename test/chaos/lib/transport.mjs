// test/chaos/lib/transport.mjs
//	How an operation reaches the marketplace: journal → HTTP to the bridge, or the same call in SQL → journal. Every
//	operation is one Idempotency-Key and one request id, which the events and postings of its effect carry. What is
//	intended is on disk before it is sent; an answer that does not say what happened is asked for again with the same key.

import { readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import http from 'node:http';
import pg from 'pg';

// Lines on disk: note() resolves when its line is. Lines that wait together share one fsync.
export class Journal {
	#waiting = [];
	#busy = false;

	static async open(file) {
		const journal = new Journal();
		journal.handle = await open(file, 'a');
		return journal;
	}

	note(entry) {
		return new Promise((resolve, reject) => {
			this.#waiting.push({ line: `${JSON.stringify(entry)}\n`, resolve, reject });
			if (!this.#busy) this.#write();
		});
	}

	async #write() {
		this.#busy = true;
		while (this.#waiting.length > 0) {
			const batch = this.#waiting;
			this.#waiting = [];
			try {
				await this.handle.write(batch.map(({ line }) => line).join(''));
				await this.handle.datasync();
				for (const { resolve } of batch) resolve();
			} catch (error) {
				for (const { reject } of batch) reject(error);
			}
		}
		this.#busy = false;
	}

	close() { return this.handle.close(); }
}

const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });

function httpCall(base, op, person) {
	const body = JSON.stringify(op.body ?? {});
	return new Promise((resolve) => {
		const request = http.request(base + op.path, { method: op.verb ?? 'POST', agent, timeout: 8000, headers: {
			'content-type': 'application/json', 'content-length': Buffer.byteLength(body), authorization: `Bearer ${person.token}`,
			...(op.verb ? {} : { 'idempotency-key': op.key }), 'x-request-id': op.id,
		} }, (response) => {
			const chunks = [];
			response.on('data', (chunk) => chunks.push(chunk));
			response.on('error', () => resolve({ status: 0 }));
			response.on('end', () => {
				try {
					resolve({ status: response.statusCode, replayed: response.headers['idempotency-replayed'] === 'true', json: JSON.parse(Buffer.concat(chunks)) });
				} catch { resolve({ status: 0 }); }
			});
		});
		request.on('timeout', () => request.destroy(new Error('timeout')));
		request.on('error', () => resolve({ status: 0 }));
		request.end(body);
	});
}

// SQLSTATE → [code, status], as the bridge maps them.
const CODES = Object.fromEntries([...readFileSync(new URL('../../../extension/errors.def', import.meta.url), 'utf8')
	.matchAll(/SKL_ERROR\((\w+), "(\w+)", (\d+),/g)].map(([, code, state, status]) => [state, [code, Number(status)]]));
const COLLIDED = ['55P03', '40001', '40P01', 'SK008'];

// What the bridge sends for a POST with an Idempotency-Key, by a connection of its role.
const CALL = (call) => `SELECT (x.s).status, (x.s).headers, (x.s).body FROM (
	SELECT skillancer.idempotency_settle($1, $2, c, CASE WHEN (c).status IS NULL THEN ${call} END) AS s
	FROM skillancer.idempotency_claim($1, $2, sha256(convert_to($3, 'UTF8'))) c) x`;

// One connection an actor; it is made anew when it breaks.
export class SqlLane {
	constructor(place) { this.place = place; }

	async #client() {
		if (!this.client) {
			const client = new pg.Client({ ...this.place, user: 'skillancer_bridge', statement_timeout: 8000 });
			client.on('error', () => { this.client = undefined; });
			await client.connect();
			this.client = client;
		}
		return this.client;
	}

	async call(op, person) {
		let client;
		try {
			client = await this.#client();
			await client.query('BEGIN');
			await client.query('SELECT skillancer.begin_request($1, $2, NULL, $3, NULL, $4, 8000, false, NULL)', [person.uuid, person.session, op.id, '127.0.0.1']);
			const { rows: [row] } = await client.query(CALL(op.sql.call), [op.key, op.sql.name, JSON.stringify(op.body ?? {}), ...op.sql.values]);
			await client.query('COMMIT');
			return { status: row.status, replayed: row.headers?.['Idempotency-Replayed'] === 'true', json: row.status < 300 ? { data: row.body } : { error: row.body } };
		} catch (error) {
			return this.#explain(error, client);
		}
	}

	// Our own errors rolled back by saying no; a broken connection says nothing.
	async #explain(error, client) {
		if (!(error instanceof pg.DatabaseError) || /^(57|08|53|XX)/.test(error.code)) {
			this.client = undefined;
			await client?.end().catch(() => {});
			return { status: 0 };
		}
		try { await client.query('ROLLBACK'); } catch { this.client = undefined; }
		if (COLLIDED.includes(error.code)) return { status: 409, json: { error: { code: 'RETRY_LATER', sqlstate: error.code } } };
		let details;
		try { details = JSON.parse(error.detail); } catch { details = undefined; }
		const [code, status] = CODES[error.code] ?? [error.code, 500];
		return { status, json: { error: { code, message: error.message, details } } };
	}

	async end() { await this.client?.end().catch(() => {}); }
}

// An answer that says what happened; anything else is asked for again.
function isDefinite({ status, json }) {
	if (status === 0 || status === 429 || status === 503 || status === 504) return false;
	return !(status === 409 && ['IDEMPOTENCY_IN_PROGRESS', 'RETRY_LATER'].includes(json.error?.code));
}

// Performs operations until each has a definite answer. Counts what it saw on the way.
export class Transport {
	counts = { sent: 0, ok: 0, refused: 0, unknown: 0, collided: 0, sql: 0 };
	lastOk = 0;

	constructor(base, journal, sqlLanes) {
		Object.assign(this, { base, journal, sqlLanes });
	}

	async perform(op, person, patience = 90_000) {
		const end = Date.now() + patience;
		await this.journal.note({ op: op.id, kind: op.kind, key: op.key, who: person.name, path: op.path, body: op.body, sql: op.sql?.name });
		this.counts.sent++;
		if (op.sql) this.counts.sql++;
		for (op.tries = 1;; op.tries++) {
			const answer = op.sql ? await this.sqlLanes[op.actor].call(op, person) : await httpCall(this.base, op, person);
			if (isDefinite(answer)) {
				this.#settle(op, answer);
				return answer;
			}
			if (answer.status === 409) this.counts.collided++;
			else this.counts.unknown++;
			if (Date.now() > end) throw new Error(`${op.id} ${op.kind}: no definite answer, last ${answer.status} ${JSON.stringify(answer.json?.error ?? {})}`);
			await pause(30 + 100 * Math.random());
		}
	}

	#settle(op, { status, replayed, json }) {
		Object.assign(op, { status, replayed, code: json.error?.code, details: json.error?.details });
		if (status < 300) {
			this.counts.ok++;
			this.lastOk = Date.now();
		} else this.counts.refused++;
		this.journal.note({ op: op.id, status, code: op.code, id: json.data?.id }).catch(() => {});
	}
}
