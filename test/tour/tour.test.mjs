// tour.test.mjs
//	Runs docs/tour.md line by line in one bash and compares what every block prints with the text below it.
//	In the expected text, … stands for anything within a line, and a line of nothing but … for any lines.
//	With generated or imported data the owner is a printed sign-in; in a bare world, its client with a posting.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = path.join(path.dirname(fileURLToPath(import.meta.url)), '../..');
const MARK = '==end-of-block==';
const PATIENCE_MS = 60_000;

const sql = (text) => execFileSync('psql', ['-XAtq', '-h', process.env.SKL_PGHOST, '-p', process.env.SKL_PGPORT, '-U', process.env.SKL_SUPERUSER,
	'-d', process.env.SKL_PGDATABASE, '-c', text], { encoding: 'utf8' }).trim();

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
	const shell = spawn('bash', ['--norc'], { cwd: ROOT, env: { ...process.env, ...env } });
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

// A world without demo data has no sign-ins to print: its client publishes a posting.
async function ownerOfBareWorld() {
	const token = process.env.SKL_CLIENT_TOKEN;
	const ask = async (pathname, body) => (await fetch(`${process.env.SKL_URL}/v1/${pathname}`, { method: 'POST',
		headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` }, body: JSON.stringify(body) })).json();
	const project = await ask('projects', { title: 'Tidy up our ledgers', description: 'Twenty years of paper are waiting for you.',
		budgetKind: 'FIXED', budgetMin: { amount: '500.00', currency: 'USD' }, budgetMax: { amount: '1500.00', currency: 'USD' } });
	await ask(`projects/${project.data.id}/publish`, {});
	return { OWNER_EMAIL: 'client@world.test', OWNER_PASSWORD: process.env.SKL_PASSWORD };
}

let shell;
before(async () => {
	const signIns = sql("SELECT count(*) FROM pg_proc WHERE proname = 'demo_sign_ins' AND pronamespace = 'skillancer'::regnamespace") !== '0'
		&& sql("SELECT count(*) FROM skillancer.demo_sign_ins() WHERE role = 'CLIENT'") !== '0';
	shell = openShell(signIns ? {} : await ownerOfBareWorld());
});
after(() => shell?.close());

test('docs/tour.md', async (t) => {
	for (const { line, code, expected } of blocks()) {
		await t.test(`the block at line ${line}`, async () => {
			const actual = clean(await shell.run(code));
			if (!pattern(expected).test(actual)) assert.equal(actual, clean(expected));
		});
	}
});
