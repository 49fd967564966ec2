// test/http/openapi_answers.test.mjs
//	What the description says of answers: every route says it, and an answer that is otherwise is found out.
import { test, before } from 'node:test';
import assert from 'node:assert/strict';
import { Description } from './lib/described.mjs';
import { sql, url } from './support.mjs';

let api;
let described;

before(async () => {
	api = await (await fetch(`${url}/openapi.json`)).json();
	described = new Description(api);
});

const answer = (data, meta = {}) => ({
	status: 200, type: 'application/json', body: { data, meta: { requestId: 'r', timestamp: '2026-01-01T00:00:00Z', ...meta } },
});
const category = () => ({ id: `cat_${'0'.repeat(26)}`, slug: 'web', name: 'Web', parentId: null });

test('every route that answers with data says what it looks like', () => {
	const silent = sql(`SELECT r.method, r.path FROM skillancer.route r
		JOIN pg_proc p ON p.pronamespace = 'skillancer_api'::regnamespace AND p.proname = r.function
		WHERE r.answers IS NULL AND p.prorettype <> 'void'::regtype AND r.path NOT LIKE '/v1/t/%'`);
	assert.deepEqual(silent, [], 'add_route(..., answers => ...)');
});

test('every view that an answer names is there', () => {
	const missing = sql(`SELECT DISTINCT m[1] FROM (SELECT answers FROM skillancer.route UNION ALL SELECT shape FROM skillancer.shape) t (text),
		regexp_matches(t.text, '\\m([a-z_]+_doc)\\M', 'g') m WHERE to_regclass('skillancer.' || m[1]) IS NULL`);
	assert.deepEqual(missing, []);
	const references = [...JSON.stringify(api).matchAll(/"#\/components\/schemas\/(\w+)"/g)].map((match) => match[1]);
	assert.deepEqual(references.filter((name) => !(name in api.components.schemas)), []);
});

test('types, words and absence come from the columns', () => {
	const { Project, Booking, User } = api.components.schemas;
	assert.match(Project.properties.id.pattern, /^\^prj_/);
	assert.deepEqual(Project.properties.title, { type: 'string' });
	assert.deepEqual(Project.properties.publishedAt, { type: ['string', 'null'], format: 'date-time' });
	assert.deepEqual(Project.properties.version, { type: 'integer', format: 'int32' });
	assert.ok(Project.properties.state.enum.includes('DRAFT') && Project.properties.state.type === 'string');
	assert.deepEqual(api.components.schemas.Profile.properties.hourlyRate.anyOf, [{ $ref: '#/components/schemas/Money' }, { type: 'null' }]);
	assert.deepEqual(Project.required, Object.keys(Project.properties));
	assert.deepEqual(Booking.properties.milestones, { type: 'array', items: { $ref: '#/components/schemas/Milestone' } });
	assert.deepEqual(Booking.properties.totals.properties.agreed, { $ref: '#/components/schemas/Money' });
	assert.deepEqual(Booking.properties.client.properties.name, { type: ['string', 'null'] });
	assert.equal(User.properties.emailVerified.type, 'boolean');
	assert.deepEqual(User.properties.roles.type, 'array');
});

test('an answer as it should be is no fault', () => {
	assert.equal(described.fault('GET', '/v1/categories', answer([category()])), '');
});

test('planted faults are found', () => {
	const faults = [
		[{ ...answer([category()]), status: 299 }, /no answer 299/],
		[answer([{ ...category(), colour: 'red' }]), /unevaluated.*colour/],
		[answer([{ ...category(), name: 7 }]), /name must be string/],
		[answer([{ ...category(), id: 'prj_00000000000000000000000000' }]), /id must match pattern/],
		[answer([{ id: category().id }]), /required property 'slug'/],
		[answer({}), /data must be array/],
		[answer([category()], { extra: 1 }), /unevaluated.*extra/],
		[{ ...answer([category()]), type: 'text/html' }, /no content of type text\/html/],
	];
	for (const [planted, expected] of faults) assert.match(described.fault('GET', '/v1/categories', planted), expected);
	assert.match(described.fault('GET', '/v1/nowhere', answer(1)), /no such route/);
	const page = answer([]);
	assert.match(described.fault('GET', '/v1/projects', page), /required property 'pagination'/);
	const refusal = { status: 404, type: 'application/json', body: { error: { code: 'X', message: 'x' }, meta: page.body.meta } };
	assert.match(described.fault('GET', '/v1/projects', refusal), /required property 'details'/);
});

test('what a route takes is described, too', () => {
	const skills = (level) => ({ skills: [{ skill: 'postgresql', level, years: 2 }] });
	assert.equal(described.requestFault('PUT', '/v1/users/me/skills', skills(3)), '');
	assert.match(described.requestFault('PUT', '/v1/users/me/skills', skills('high')), /level must be integer/);
	assert.match(described.requestFault('PUT', '/v1/users/me/skills', { ...skills(3), more: 1 }), /additional properties/);
});
