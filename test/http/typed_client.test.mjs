// test/http/typed_client.test.mjs
//	An independent client: openapi-typescript makes types of /openapi.json, openapi-fetch calls by them, and the
//	compiler is strict about both.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import openapiTS, { astToString } from 'openapi-typescript';
import { env, url } from './support.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const modules = path.join(here, '../node_modules');
let dir;
let faults;

// Types of the data of every operation; one that is not known does not compile.
function knownTypes(api) {
	const operations = Object.values(api.paths).flatMap((item) => Object.values(item))
		.filter(({ responses }) => Object.entries(responses).some(([status, { content }]) => status < 300 && content?.['application/json']));
	assert.ok(operations.length > 100);
	const lines = operations.map(({ operationId }) => `export const ${operationId}: Known<Data<operations['${operationId}']>> = true;`);
	return `import type { operations } from './api.js';
type Data<T extends { responses: object }> = { [S in keyof T['responses'] & (200 | 201 | 202)]: T['responses'][S] extends
	{ content: { 'application/json': { data: infer D } } } ? D : never }[keyof T['responses'] & (200 | 201 | 202)];
type Known<D> = unknown extends D ? false : true;
${lines.join('\n')}
`;
}

// All is compiled at once, which is what takes the time: the faults are told apart by their files.
before(async () => {
	dir = mkdtempSync(path.join(tmpdir(), 'skl-client-'));
	symlinkSync(modules, path.join(dir, 'node_modules'));
	const put = (name, text) => writeFileSync(path.join(dir, name), text);
	const text = await (await fetch(`${url}/openapi.json`)).text();
	const journey = readFileSync(path.join(here, 'lib/journey.ts'), 'utf8');
	put('package.json', '{"type": "module"}');
	put('api.ts', astToString(await openapiTS(text)));
	put('journey.ts', journey);
	put('wrong.ts', journey.replace('released.amount', 'released.cents'));
	put('known.ts', knownTypes(JSON.parse(text)));
	const compiled = spawnSync(process.execPath, [path.join(modules, 'typescript/bin/tsc'), '--strict', '--noUncheckedIndexedAccess',
		'--target', 'es2022', '--lib', 'es2022,dom,dom.iterable', '--module', 'nodenext', '--skipLibCheck', 'journey.ts', 'wrong.ts', 'known.ts'],
	{ cwd: dir, encoding: 'utf8' });
	faults = compiled.stdout.split('\n').filter((line) => line !== '');
});

after(() => rmSync(dir, { recursive: true, force: true }));

test('a client compiles and goes the way from project to money', async () => {
	assert.deepEqual(faults.filter((line) => /^(journey|api)\.ts/.test(line)), []);
	const { journey } = await import(pathToFileURL(path.join(dir, 'journey.js')));
	const result = await journey(url, env.SKL_CLIENT_TOKEN, env.SKL_FREELANCER_TOKEN);
	assert.deepEqual(result, { released: '200.00', pending: 'USD', inEscrow: '0.00', refusal: 'INVALID_STATE', skills: 0 });
});

test('the data of every operation has a type', () => {
	assert.deepEqual(faults.filter((line) => line.startsWith('known.ts')), []);
});

test('a member that is not described does not compile', () => {
	assert.equal(faults.length, 1, faults.join('\n'));
	assert.match(faults[0], /^wrong\.ts.*'cents' does not exist/);
});
