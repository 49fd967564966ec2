// test/http/zz_events.test.mjs
//	Runs last: every event that the tests before it left in the world's database, and in those of the other layers, has
//	a type of the catalogue and data as its JSON schema says. Types t.… and spec.… are those of tests that need any event at all.

import { test } from 'node:test';
import assert from 'node:assert/strict';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';
import { env, sql } from './support.mjs';

const databases = sql(`SELECT datname FROM pg_database WHERE datname IN ('${env.SKL_PGDATABASE}', 'isolation', 'regress')`).map(([name]) => name);

for (const database of databases) {
	test(`events of the database ${database} are as their schemas say`, () => {
		const ajv = new Ajv({ strict: false, allErrors: true });
		addFormats(ajv);
		const schemas = new Map(sql('SELECT name, schema FROM skillancer.event_type', { database })
			.map(([name, schema]) => [name, ajv.compile(JSON.parse(schema))]));
		assert.ok(schemas.size > 100, `${schemas.size} types`);
		const wrong = new Map();
		const seen = new Set();
		for (const [line] of sql(`SELECT to_json(e) FROM (SELECT type, source, data FROM skillancer.event WHERE type NOT LIKE 't.%' AND type NOT LIKE 'spec.%') e`, { database })) {
			const event = JSON.parse(line);
			const check = schemas.get(event.type);
			seen.add(event.type);
			if (!check) wrong.set(event.type, 'is not in the catalogue');
			else if (!check(event.data)) wrong.set(event.type, `${ajv.errorsText(check.errors)}: ${JSON.stringify(event.data)}`);
			if (event.source !== event.type.split('.')[0]) wrong.set(`${event.type} `, `comes from ${event.source}`);
		}
		assert.deepEqual(Object.fromEntries(wrong), {}, `${seen.size} types were seen`);
	});
}
