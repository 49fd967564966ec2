// test/chaos/lib/planted.mjs
//	Bugs that the checker has to see: each is really built into a scratch copy of the tree, or done to a scratch
//	database, never to the product. A run over it has to end with problems.

import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { run } from './run.mjs';

// edits: file → [what stands there, whatever the white space, and what stands there instead]; sql: done to the database.
export const PLANTED = [
	{
		name: 'a leg is dropped', short: true,
		edits: { 'extension/core/ledger.c': [['store_accounts(accounts, naccounts);', `store_accounts(accounts, naccounts);
				legs.n = amounts.n = currencies.n = after.n = versions.n = sheet->n - (sheet->txns[0] % 50 == 0);`], ['int8_array(sheet->txns, sheet->n)', 'int8_array(sheet->txns, legs.n)'],
			['int8_array(sheet->accounts, sheet->n); args[3]', 'int8_array(sheet->accounts, legs.n); args[3]']] },
		sql: 'ALTER TABLE skillancer.ledger_entry DISABLE TRIGGER USER',
	},
	{
		name: 'a release is posted twice', short: true,
		edits: { 'extension/payment/posting.c': [['const pg_uuid_t *id) { char *id_text = DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(id)));',
			`const pg_uuid_t *id) {
				char *id_text = DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(id)));
				if (strcmp(kind, "release") == 0 && id->data[15] % 4 == 0) {
					SklPosting twice = *posting;
					for (int i = 0; i < twice.nlegs; i++)
						if (twice.legs[i].amount > 0) {
							twice.legs[i].account_class = "psp_clearing";
							twice.legs[i].ref = twice.legs[i].booking = NULL;
						}
					(void) skl_ledger_post(kind, psprintf("%s:%s:again", kind, id_text), id, twice.legs, twice.nlegs);
				}`]] },
	},
	{
		name: 'a lock is skipped', short: true,
		edits: { 'extension/core/ledger_accounts.c': [[' ORDER BY a.id FOR UPDATE OF a"', ' ORDER BY a.id"']] },
		sql: 'DROP INDEX skillancer.ledger_entry_version_idx',
	},
	{
		name: 'a claim is divided wrongly by one unit',
		edits: { 'extension/payment/hold.c': [['if (to_client + to_freelancer == claim && claim > 0) post_split(fire, &step, &dispute, to_client, to_freelancer);',
			`if (to_client + to_freelancer == claim && to_client > 0)
				post_split(fire, &step, &dispute, --to_client, ++to_freelancer);
			else if (to_client + to_freelancer == claim && claim > 0)
				post_split(fire, &step, &dispute, to_client, to_freelancer);`]] },
	},
	{
		name: 'an organisation pays its founder back',
		edits: { 'extension/payment/escrow.c': [['return skl_fire_uuid(fire, "payer_id", &payer) ? payer : skl_fire_id(fire, "client_id");',
			'payer = skl_fire_id(fire, "client_id"); return payer;']] },
	},
	{
		name: 'hours are rounded up',
		edits: { 'extension/booking/hours.c': [['rest > 30 ||', 'rest > 0 ||']] },
	},
	{
		name: 'an offer may get worse',
		sql: `UPDATE skillancer.transition SET guard = NULL WHERE machine = 'dispute' AND event = 'offer'`,
	},
	{
		name: 'nothing keeps an account from being erased',
		sql: `CREATE OR REPLACE FUNCTION skillancer.account_open_things(p_user skillancer.user_id) RETURNS jsonb LANGUAGE sql AS 'SELECT NULL::jsonb';
			DROP TRIGGER closed_guard ON skillancer.booking`,
	},
	{
		name: 'keys are forgotten',
		sql: `CREATE OR REPLACE FUNCTION skillancer.idempotency_claim(p_key text, p_route text, p_hash bytea) RETURNS skillancer.reply LANGUAGE sql AS 'SELECT NULL::skillancer.reply'`,
	},
	{
		name: 'a commit is acknowledged before it is durable', settings: ['synchronous_commit = off', 'wal_writer_delay = 10s', 'wal_writer_flush_after = 2GB', 'wal_buffers = 256MB'],
	},
	{
		name: 'a state may be skipped',
		sql: `INSERT INTO skillancer.transition (machine, from_state, event, to_state, actors, guard, emits)
			VALUES ('milestone', 'FUNDED', 'approve', 'RELEASED', '{client}', NULL, 'milestone.released')`,
	},
	{
		name: 'a fee is a hundredth of a percent too high',
		sql: `UPDATE skillancer.fee_schedule SET bps = bps + 1 WHERE kind = 'SERVICE'`,
	},
	{
		name: 'a timer is early',
		sql: `UPDATE skillancer.policy SET value = '"P1D"' WHERE key = 'earningHold'`,
	},
	{
		name: 'anybody may approve',
		sql: `UPDATE skillancer.transition SET actors = '{client,freelancer}' WHERE event = 'approve' AND machine = 'milestone'`,
	},
];

function edit(tree, edits) {
	for (const [file, changes] of Object.entries(edits)) {
		let text = readFileSync(path.join(tree, file), 'utf8');
		for (const [before, after] of changes) {
			const place = new RegExp(before.split(/\s+/).map((word) => word.replace(/\W/g, '\\$&')).join('\\s+'));
			if (!place.test(text)) throw new Error(`${file} has changed: ${before} is not there any more`);
			text = text.replace(place, () => after);
		}
		writeFileSync(path.join(tree, file), text);
	}
}

// A copy of the built tree with the bug in it, compiled.
function copyTree(root, bug) {
	const base = mkdtempSync(path.join(tmpdir(), 'skl-planted.'));
	const skip = ['.git', '.local', 'docs', 'node_modules'];
	for (const name of readdirSync(root).filter((entry) => !skip.includes(entry)))
		cpSync(path.join(root, name), path.join(base, name), { recursive: true, preserveTimestamps: true, filter: (from) => !from.includes('node_modules') });
	if (!existsSync(path.join(base, 'extension/skillancer.so'))) throw new Error('build the extension first');
	edit(base, bug.edits);
	execFileSync('make', ['-s', '-C', path.join(base, 'extension'), 'skillancer.so'], { stdio: ['ignore', 'ignore', 'pipe'] });
	return base;
}

export async function plantedRun(root, seed, bug, seconds) {
	const tree = bug.edits ? copyTree(root, bug) : undefined;
	try {
		return await run({ script: path.join(tree ?? root, 'test/world'), seed, seconds, settings: bug.settings,
			plant: bug.sql && ((place) => place.sql(bug.sql)), withFaults: !bug.edits });
	} finally {
		if (tree) rmSync(tree, { recursive: true, force: true });
	}
}
