// test/bench/rollups.mjs [--events N] [--seconds N] [--types NAME,NAME…]
//	The analyst: how many waiting events a second it folds, how many microseconds of processor an event costs, and how
//	old events are when they are in the rollups, with 1,000 events a second from six writers. Prints JSON; its last
//	lines are those of docs/benchmarks.md. With --types only events of these. Status 1 when the rollups are not what happened.

import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const { env } = process;
const option = (name, otherwise) => (process.argv.includes(name) ? Number(process.argv[process.argv.indexOf(name) + 1]) : otherwise);
const events = option('--events', 100000);
const seconds = option('--seconds', 15);
const place = ['-h', env.SKL_PGHOST, '-p', env.SKL_PGPORT, '-U', env.SKL_SUPERUSER];
const psql = (text) => execFileSync('psql', ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', ...place, '-d', env.SKL_PGDATABASE, '-f', '-'],
	{ input: text, encoding: 'utf8' }).trim();
const settle = () => psql(`SELECT skillancer.wait_for_worker('analyst', '300 seconds')`);
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

// Seconds of processor that the analyst has used.
function used() {
	const pid = psql(`SELECT pid FROM pg_stat_activity WHERE backend_type = 'skillancer analyst' AND datname = current_database()`);
	const [user, system] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ').slice(11, 13).map(Number);
	return (user + system) / 100;
}

// The mix of a marketplace: messages and proposals, some bookings and payouts.
const MIX = 'message.sent,message.sent,message.read,proposal.submitted,user.updated,notification.read,project.published,milestone.submitted,booking.created,milestone.released';
const types = (process.argv.includes('--types') ? process.argv[process.argv.indexOf('--types') + 1] : MIX).split(',');
if (!types.every((type) => /^[a-z_]+\.[a-z_]+$/.test(type))) throw new Error('--types: names of events');

const one = (i, at) => `INSERT INTO skillancer.event (at, epoch, type, source, aggregate_type, aggregate_id, actor_id, data)
	SELECT ${at}, skillancer.epoch(), ('{${types}}'::text[])[1 + ${i} % ${types.length}], 'bench', 'bench', md5((${i} / 10 % 5000)::text)::uuid,
		md5((${i} % 2000)::text)::uuid::skillancer.user_id, jsonb_build_object('clientId', md5((${i} % 2000)::text)::uuid::skillancer.user_id,
		'freelancerId', md5((${i} % 1999)::text)::uuid::skillancer.user_id, 'projectId', md5((${i} % 3000)::text)::uuid::skillancer.project_id,
		'bookingId', md5((${i} % 4000)::text)::uuid::skillancer.booking_id, 'kind', 'TEXT', 'state', 'X', 'from', 'Y')`;

function fold() {
	const rates = [];
	const costs = [];
	for (let round = 0; round < 3; round++) {
		settle();
		// the log is filled while the analyst is kept out by a lock on its position
		psql(`BEGIN; SELECT 1 FROM skillancer.consumer WHERE name = 'analyst' FOR UPDATE;
			${one('i', `skillancer.now() - random() * interval '1 hour'`)} FROM generate_series(1, ${events}) i; COMMIT`);
		const worked = used();
		const begin = process.hrtime.bigint();
		settle();
		const took = Number(process.hrtime.bigint() - begin) / 1e9;
		rates.push(events / took);
		costs.push((used() - worked) / events * 1e6);
		console.log(JSON.stringify({ round, events, seconds: Number(took.toFixed(3)), perSecond: Math.round(events / took), processorMicroseconds: Number(costs.at(-1).toFixed(2)) }));
	}
	return { rate: median(rates), cost: median(costs) };
}

// Ages of events at the moment their tick has committed, asked for ten times a second.
async function lag() {
	const dir = mkdtempSync(path.join(tmpdir(), 'skl-rollups-'));
	const script = path.join(dir, 'write.sql');
	writeFileSync(script, `\\set i random(1, 1000000)\n${one(':i', 'skillancer.now()')};\n`);
	const writer = spawn('pgbench', ['-n', '-c', '6', '-R', '1000', '-T', String(seconds), '-f', script, ...place, env.SKL_PGDATABASE], { stdio: 'ignore' });
	const ended = new Promise((resolve) => { writer.once('exit', resolve); });
	const ages = psql(`CREATE TEMP TABLE age (seconds double precision);
		DO $$ DECLARE v_end timestamptz := clock_timestamp() + interval '${seconds - 1} seconds';
		BEGIN
			PERFORM pg_sleep(1);
			WHILE clock_timestamp() < v_end LOOP
				INSERT INTO age SELECT coalesce(extract(epoch FROM clock_timestamp() - min(e.at)), 0) FROM skillancer.consumer c
				JOIN skillancer.event e ON e.epoch = c.epoch AND e.xid >= pg_snapshot_xmax(c.position) WHERE c.name = 'analyst';
				COMMIT;
				PERFORM pg_sleep(0.1);
			END LOOP;
		END $$;
		SELECT round(percentile_disc(0.95) WITHIN GROUP (ORDER BY seconds)::numeric, 3) || ' ' || round(max(seconds)::numeric, 3) || ' ' || count(*) FROM age`);
	await ended;
	rmSync(dir, { recursive: true });
	const [p95, most, asked] = ages.split(' ').map(Number);
	console.log(JSON.stringify({ p95, most, asked }));
	return { p95, most };
}

const { rate, cost } = fold();
psql('ANALYZE');
const { p95, most } = await lag();
settle();
const wrong = Number(psql('SELECT count(*) FROM skillancer.rollup_verify()'));
console.log(`rollups: ${Math.round(rate)} events a second folded, ${cost.toFixed(1)} µs of processor an event; at 1,000 events a second lag p95 ${p95} s, at most ${most} s; differences: ${wrong}`);
process.exit(wrong === 0 ? 0 : 1);
