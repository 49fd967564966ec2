// test/bench/notifications.mjs [--events N]
//	Fan-out: how many notifications a second the notifier makes of events that wait, with preferences, texts in two
//	languages and mail switched off for half of the readers. Prints JSON; its last line is one of docs/benchmarks.md.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const { env } = process;
const events = Number(process.argv[process.argv.indexOf('--events') + 1] || 0) || 20000;
const psql = (text) => execFileSync('psql', ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-h', env.SKL_PGHOST, '-p', env.SKL_PGPORT,
	'-U', env.SKL_SUPERUSER, '-d', env.SKL_PGDATABASE, '-f', '-'], { input: text, encoding: 'utf8' }).trim();

psql(`
	SELECT count(skillancer.email_verified(skillancer.create_account(format('bench%s@bench.test', i), 'Bench ' || i,
		'$argon2id$v=19$m=19456,t=2,p=1$YWFhYWFhYWE$YWFhYWFhYWFhYWFh', '{FREELANCER}')))
	FROM generate_series(1, 2000) i
	WHERE NOT EXISTS (SELECT FROM skillancer.user_account WHERE email = 'bench1@bench.test');
	UPDATE skillancer.user_account SET locale = 'de', timezone = 'Europe/Berlin'
	WHERE email LIKE '%@bench.test' AND email ~ '[02468]@';
	INSERT INTO skillancer.notification_preference (user_id, category, channel, frequency)
	SELECT u.id, 'PROJECTS', 'EMAIL', CASE WHEN u.locale = 'de' THEN 'NEVER' ELSE 'DAILY' END
	FROM skillancer.user_account u WHERE u.email LIKE '%@bench.test' ON CONFLICT DO NOTHING;
	ALTER SYSTEM SET skillancer.notifier_naptime = '1h';`);
psql('SELECT pg_reload_conf()');
psql('ANALYZE');
const rates = [];

// seconds of processor that the notifier has used
function used() {
	const pid = psql(`SELECT pid FROM pg_stat_activity WHERE backend_type = 'skillancer notifier' AND datname = current_database()`);
	const [user, system] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ').slice(11, 13).map(Number);
	return (user + system) / 100;
}

for (let round = 0; round < 3; round++) {
	psql(`SELECT skillancer.wait_for_worker('notifier', '60 seconds')`);
	const before = Number(psql('SELECT count(*) FROM skillancer.notification'));
	// the log is filled while the notifier is kept out by a lock on its position
	psql(`BEGIN;
		SELECT 1 FROM skillancer.consumer WHERE name = 'notifier' FOR UPDATE;
		SELECT count(skillancer.emit('proposal.declined', 'proposal', skillancer.new_id(), jsonb_build_object('proposalId', 'x', 'freelancerId', u.id,
			'clientId', u.id, 'state', 'DECLINED', 'from', 'SUBMITTED'), '{}'))
		FROM generate_series(1, ${events}) i
		JOIN (SELECT id, row_number() OVER () AS n FROM skillancer.user_account WHERE email LIKE '%@bench.test') u ON u.n = i % 2000 + 1;
		COMMIT;`);
	const worked = used();
	const begin = process.hrtime.bigint();
	psql(`SELECT skillancer.wait_for_worker('notifier', '300 seconds')`);
	const seconds = Number(process.hrtime.bigint() - begin) / 1e9;
	const made = Number(psql('SELECT count(*) FROM skillancer.notification')) - before;
	if (made !== events) throw new Error(`${made} notifications of ${events} events`);
	rates.push(made / seconds);
	console.log(JSON.stringify({ round, notifications: made, seconds: Number(seconds.toFixed(3)), perSecond: Math.round(made / seconds),
		processorMicroseconds: Math.round((used() - worked) / made * 1e6) }));
}
rates.sort((a, b) => a - b);
console.log(`notifications: ${Math.round(rates[1])} a second (median of ${rates.length} rounds of ${events} events)`);
