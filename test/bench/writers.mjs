// test/bench/writers.mjs [--seconds N] [--rounds N] [--clients N]
//	What the workers cost those who write: commits a second of pgbench, each with one event that makes a notification,
//	an entry of the live stream and a webhook, with all workers on and with none, in turn. After each round with workers
//	they make up for what the others left. Runs in a world (test/world env in the environment).

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { env, makeUsers, sql, until } from '../http/support.mjs';

const { values: options } = parseArgs({ options: {
	seconds: { type: 'string', default: '5' }, rounds: { type: 'string', default: '5' }, clients: { type: 'string', default: '4' },
	rate: { type: 'string', default: '500' },
} });
const WORKERS = sql(`SELECT DISTINCT worker FROM skillancer.worker_slots() WHERE pid IS NOT NULL AND database_oid = (SELECT oid FROM pg_database WHERE datname = current_database())`).flat();
const dir = mkdtempSync(path.join(tmpdir(), 'skl-writers-'));
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

// Lets all workers run, or none.
async function workers(on) {
	sql(`ALTER SYSTEM SET skillancer.databases = '${on ? '*' : 'elsewhere'}'; SELECT pg_reload_conf()`);
	const there = () => Number(sql(`SELECT count(*) FROM pg_stat_activity WHERE usename = 'skillancer_worker'`)[0][0]);
	if (!await until(() => (on ? there() >= WORKERS.length : there() === 0), 30000)) throw new Error('the workers did not come or go');
	if (on) for (const worker of WORKERS) sql(`SELECT skillancer.wait_for_worker('${worker}', '300 seconds')`);
}

// Commits a second, and the mean time of one in ms: as many as there can be, or at the rate.
function write(script, rate) {
	const out = execFileSync('pgbench', ['-n', '-M', 'prepared', '-h', env.SKL_PGHOST, '-p', env.SKL_PGPORT, '-U', env.SKL_SUPERUSER,
		'-c', options.clients, '-j', '1', '-T', options.seconds, '-f', script, ...(rate ? ['-R', rate] : []), env.SKL_PGDATABASE], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
	return { tps: Number(out.match(/tps = ([\d.]+)/)[1]), ms: Number(out.match(/latency average = ([\d.]+)/)[1]) };
}

const [user] = makeUsers(1);
sql(`WITH w AS (INSERT INTO skillancer.webhook (user_id, url, events) VALUES ('${user.id}', '${env.SKL_WEBHOOK_URL}/hooks/writers', '{proposal.declined}') RETURNING id, user_id),
	h AS (INSERT INTO skillancer.webhook_health (webhook_id, user_id) SELECT id, user_id FROM w)
	INSERT INTO skillancer.webhook_secret (webhook_id, user_id, sealed) SELECT w.id, w.user_id, m.sealed FROM w, skillancer.webhook_secret_make(w.id::uuid) m`);
const script = path.join(dir, 'write.sql');
writeFileSync(script, `SELECT skillancer.emit('proposal.declined', 'proposal', skillancer.new_id(), jsonb_build_object('proposalId', 'x', 'freelancerId', '${user.id}',
	'clientId', '${user.id}', 'state', 'DECLINED', 'from', 'SUBMITTED'), ARRAY['${user.uuid}'::uuid]);\n`.replaceAll('\n\t', ' '));

console.log(`${cpus().length} cores, load before ${readFileSync('/proc/loadavg', 'utf8').split(' ')[0]}; ${options.clients} writers, ${options.rounds} rounds of ${options.seconds} s`);
const works = [['as many as there can be', undefined, ({ tps }) => tps, 'commits a second'], [`${options.rate} events a second`, options.rate, ({ ms }) => ms, 'ms for a commit']];
try {
	for (const [title, rate, figure, unit] of works) {
		const results = { on: [], off: [] };
		for (let round = 0; round < Number(options.rounds); round++) {
			for (const state of round % 2 ? ['off', 'on'] : ['on', 'off']) {
				await workers(state === 'on');
				results[state].push(figure(write(script, rate)));
			}
		}
		const [on, off] = [median(results.on), median(results.off)];
		console.log(`${title}: ${on.toFixed(2)} ${unit} with workers, ${off.toFixed(2)} without (${((on / off - 1) * 100).toFixed(1)} %)`);
	}
} finally {
	await workers(true);
	rmSync(dir, { recursive: true });
}
