// tour.test.mjs
//	Runs docs/tour.md line by line in one bash and compares what every block prints with the text below it.
//	In the expected text, … stands for anything within a line, and a line of nothing but … for any lines.
//
//	Once on generated data, and once more on the real files where they are: in DATA, or in ../shared/data beside the
//	checkout. The owner of the posting is one of the sign-ins that are printed then.

import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn, execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = path.join(path.dirname(fileURLToPath(import.meta.url)), '../..');
const MARK = '==end-of-block==';
const DATA = process.env.DATA ?? path.join(ROOT, '../shared/data');
const PATIENCE_MS = 60_000;
const IMPORT_MS = 400_000;
const SIZE = 60; // projects of the generated marketplace

const psql = (env) => ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-h', env.SKL_PGHOST, '-p', env.SKL_PGPORT, '-U', env.SKL_SUPERUSER,
	'-d', env.SKL_PGDATABASE];
const sql = (env, text) => execFileSync('psql', [...psql(env), '-c', text], { encoding: 'utf8' }).trim();

// The blocks of the page: code, the text expected below it, and the line where they begin.
function blocks() {
	const lines = readFileSync(path.join(ROOT, 'docs/tour.md'), 'utf8').split('\n');
	const found = [];
	for (let i = 0; i < lines.length; i++) {
		if (!/^```(sh|text)$/.test(lines[i])) continue;
		const end = lines.indexOf('```', i + 1);
		const body = lines.slice(i + 1, end).join('\n');
		if (lines[i] === '```sh') found.push({ line: i + 1, code: body, expected: '' });
		else found.at(-1).expected = body;
		i = end;
	}
	return found;
}

const clean = (text) => text.split('\n').map((line) => line.trimEnd()).filter((line) => line !== '').join('\n');
const pattern = (text) => new RegExp(`^${clean(text).split('\n').map((line) => (line === '…' ? '(?:.*\\n)*?.*'
	: line.split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.*'))).join('\n')}$`);

// One bash for the whole tour: a block's output ends with a mark.
function openShell(env) {
	const shell = spawn('bash', ['--norc'], { cwd: ROOT, env });
	let output = '';
	let wanted;
	const collect = (chunk) => {
		output += chunk;
		const at = output.indexOf(MARK);
		if (at >= 0 && wanted) { const text = output.slice(0, at); output = ''; wanted(text); wanted = undefined; }
	};
	shell.stdout.setEncoding('utf8').on('data', collect);
	shell.stderr.setEncoding('utf8').on('data', (chunk) => { output += chunk; });
	return {
		run: (code) => new Promise((resolve, reject) => {
			const timer = setTimeout(() => reject(new Error(`no end after ${PATIENCE_MS} ms; so far:\n${output}`)), PATIENCE_MS);
			wanted = (text) => { clearTimeout(timer); resolve(text); };
			shell.stdin.write(`${code}\necho '${MARK}'\n`);
		}),
		close: () => shell.kill(),
	};
}

// The whole page in one shell.
async function tour(t, env) {
	const shell = openShell(env);
	try {
		for (const { line, code, expected } of blocks()) {
			await t.test(`the block at line ${line}`, async () => {
				const actual = clean(await shell.run(code));
				if (!pattern(expected).test(actual)) assert.equal(actual, clean(expected));
			});
		}
	} finally {
		shell.close();
	}
}

test('docs/tour.md on generated data', async (t) => {
	if (sql(process.env, "SELECT count(*) FROM skillancer.demo_sign_ins() WHERE role = 'CLIENT'") === '0') {
		sql(process.env, `SELECT skillancer.generate_marketplace(${SIZE})`);
	}
	await tour(t, process.env);
});

test('docs/tour.md on imported data', { skip: existsSync(path.join(DATA, 'jobs.csv')) ? false : 'there are no files to import' }, async (t) => {
	const dir = mkdtempSync(path.join(tmpdir(), 'skl-tour.'));
	const world = (verb) => execFileSync(path.join(ROOT, 'test/world'), [verb, '--dir', dir], { encoding: 'utf8', timeout: IMPORT_MS });
	try {
		const env = { ...process.env, ...Object.fromEntries([...world('up').matchAll(/^export (\w+)='(.*)'$/gm)].map((m) => [m[1], m[2]])) };
		execFileSync(path.join(ROOT, 'test/import'), [DATA], { timeout: IMPORT_MS, stdio: 'ignore',
			env: { ...env, PGHOST: env.SKL_PGHOST, PGPORT: env.SKL_PGPORT, PGUSER: env.SKL_SUPERUSER, PGDATABASE: env.SKL_PGDATABASE } });
		await tour(t, env);
	} finally {
		world('down');
	}
});
