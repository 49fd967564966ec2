// money_queries.test.mjs
//	Every query of docs/money.md runs, block by block, in a transaction that is rolled back; and no kind of posting that the
//	code makes is missing on the page.

import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = path.join(path.dirname(fileURLToPath(import.meta.url)), '../..');
const page = readFileSync(path.join(ROOT, 'docs/money.md'), 'utf8');
const blocks = [...page.matchAll(/^```sql\n(.*?)^```$/gms)].map(([, text]) => text);
const { SKL_PGHOST, SKL_PGPORT, SKL_SUPERUSER, SKL_PGDATABASE } = process.env;

// What changes something, or shows what row-level security would hide, is for superusers.
const NOT_FOR_OPERATORS = /^(INSERT|UPDATE)|ledger_(invariant|violation)|credit_invoice|redrive|account_open_money/m;

function run(block, role) {
	const { status, stderr } = spawnSync('psql', ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-v', 'me=01a2048e-0000-7000-8000-000000000000',
		'-h', SKL_PGHOST, '-p', SKL_PGPORT, '-U', SKL_SUPERUSER, '-d', SKL_PGDATABASE], { input: `BEGIN;\nSET LOCAL ROLE ${role};\n${block}\nROLLBACK;\n`, encoding: 'utf8' });
	// the invoice of the example is nobody's
	if (!stderr.includes('there is no such invoice')) assert.equal(status, 0, `as ${role}: ${stderr}`);
}

for (const [index, block] of blocks.entries())
	test(`block ${index + 1}: ${block.split('\n')[0].slice(0, 90)}`, () => {
		run(block, 'NONE');
		if (!NOT_FOR_OPERATORS.test(block)) run(block, 'skillancer_admin');
	});

test('every kind of posting is on the page', () => {
	const folder = path.join(ROOT, 'extension/payment');
	const source = readdirSync(folder).filter((name) => name.endsWith('.c')).map((name) => readFileSync(path.join(folder, name), 'utf8')).join('\n');
	const kinds = [...source.matchAll(/skl_posting_send(?:_step)?\(\s*&\w+,\s*"(\w+)"/g)].map(([, kind]) => kind);
	assert.ok(kinds.length > 20);
	assert.deepEqual(kinds.filter((kind) => !page.includes(`\`${kind}\``)), []);
});
