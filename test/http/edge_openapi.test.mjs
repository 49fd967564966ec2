// test/http/edge_openapi.test.mjs
//	The description of the API: valid to two independent linters, equal to the catalogue, and the page that shows it.
import { test, after, before } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import redocly from '@redocly/openapi-core';
import { closeDb, db } from './lib/edge.mjs';

const url = process.env.SKL_URL;
const modules = fileURLToPath(new URL('../node_modules', import.meta.url));
let text;
let api;

before(async () => {
	text = await (await fetch(`${url}/openapi.json`)).text();
	api = JSON.parse(text);
});

after(closeDb);

test('spectral finds nothing', () => {
	const dir = mkdtempSync(join(tmpdir(), 'skl-openapi-'));
	writeFileSync(join(dir, 'openapi.json'), text);
	writeFileSync(join(dir, 'rules.yaml'), 'extends: ["spectral:oas"]\n');
	const lint = (file) => spawnSync(process.execPath, [join(modules, '@stoplight/spectral-cli/dist/index.js'), 'lint', join(dir, file), '--ruleset', join(dir, 'rules.yaml'), '--fail-severity=warn'], { encoding: 'utf8' });
	const found = lint('openapi.json');
	assert.equal(found.status, 0, found.stdout + found.stderr);
	writeFileSync(join(dir, 'bad.json'), text.replace('"operationId"', '"operation"'));
	assert.notEqual(lint('bad.json').status, 0, 'a planted fault is found');
});

test('redocly finds nothing', async () => {
	const config = await redocly.createConfig({ extends: ['recommended'] });
	const lint = (source) => redocly.lintFromString({ source, absoluteRef: '/openapi.json', config });
	assert.deepEqual((await lint(text)).filter((problem) => problem.severity === 'error').map((problem) => problem.message), []);
	assert.ok((await lint(text.replace('"operationId"', '"operation"'))).length > 0, 'a planted fault is found');
});

test('every route of the catalogue is described, and nothing else', async () => {
	const { rows } = await db().query('SELECT method, path FROM skillancer.route ORDER BY 1, 2');
	const described = Object.entries(api.paths).flatMap(([path, item]) => Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`));
	assert.ok(rows.length > 50);
	assert.deepEqual(described.sort(), rows.map((row) => `${row.method} ${row.path}`).sort());
});

test('arguments become parameters and bodies with their types', () => {
	const id = api.paths['/v1/projects/{id}'].get.parameters.find((parameter) => parameter.name === 'id');
	assert.deepEqual([id.in, id.required, id.schema.type], ['path', true, 'string']);
	assert.match(id.schema.pattern, /^\^prj_/);
	const limit = api.paths['/v1/projects'].get.parameters.find((parameter) => parameter.name === 'limit');
	assert.deepEqual([limit.in, limit.required, limit.schema.type], ['query', false, 'integer']);
	const create = api.paths['/v1/projects'].post;
	const schema = create.requestBody.content['application/json'].schema;
	assert.equal(schema.additionalProperties, false);
	assert.ok('title' in schema.properties);
	assert.ok(create.parameters.some((parameter) => parameter.name === 'Idempotency-Key' && parameter.in === 'header'));
	assert.deepEqual(create.security, [{ bearer: [] }]);
	for (const item of Object.values(api.paths)) {
		for (const operation of Object.values(item)) {
			for (const { name } of operation.parameters ?? []) assert.ok(!name.startsWith('p_') && name !== 'present', name);
		}
	}
});

test('each operation has an id of its own', () => {
	const ids = Object.values(api.paths).flatMap((item) => Object.values(item).map((operation) => operation.operationId));
	assert.equal(new Set(ids).size, ids.length);
});

test('the description is tagged: who has it gets 304', async () => {
	const first = await fetch(`${url}/openapi.json`);
	const tag = first.headers.get('etag');
	assert.match(tag, /^"[0-9a-f]+(-gzip)?"$/);
	assert.equal((await fetch(`${url}/openapi.json`, { headers: { 'If-None-Match': tag } })).status, 304);
	assert.equal((await fetch(`${url}/openapi.json`, { headers: { 'If-None-Match': '"other"' } })).status, 200);
});

test('the page loads nothing from anywhere else', async () => {
	const page = await fetch(`${url}/docs`);
	const html = await page.text();
	const policy = page.headers.get('content-security-policy');
	assert.equal(page.status, 200);
	assert.match(policy, /default-src 'none'/);
	assert.ok(!/unsafe|\*|https?:/.test(policy), policy);
	assert.ok(!/<script>|<style|\son\w+=|https?:\/\//.test(html), 'neither inline nor foreign');
	for (const [, path] of html.matchAll(/(?:href|src)="([^"]+)"/g)) assert.equal((await fetch(url + path)).status, 200, path);
	assert.equal((await fetch(`${url}/docs/docs.js`)).headers.get('content-type'), 'text/javascript; charset=utf-8');
});

test('what a problem is, stands where its type points', async () => {
	const problem = await (await fetch(`${url}/v1/none`, { headers: { Accept: 'application/problem+json' } })).json();
	const page = await fetch(new URL(problem.type, url));
	assert.equal(page.status, 200);
	assert.ok((await page.text()).includes(`id="${new URL(problem.type, url).hash.slice(1)}"`));
});

test('built-in pages take GET and HEAD only', async () => {
	for (const path of ['/health', '/version', '/openapi.json', '/.well-known/jwks.json', '/docs', '/docs/errors']) {
		const post = await fetch(url + path, { method: 'POST', body: '{}', headers: { 'Content-Type': 'application/json' } });
		assert.equal(post.status, 405, path);
		assert.equal(post.headers.get('allow'), 'GET, HEAD, OPTIONS');
		assert.equal((await fetch(url + path, { method: 'HEAD' })).status, 200, path);
	}
	assert.match((await (await fetch(`${url}/version`)).json()).version, /^\d+\.\d+\.\d+$/);
});
