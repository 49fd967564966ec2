#!/usr/bin/perl
# test/worker/workers.t
#	The launcher and the loop: workers start, come back after every kind of death, back off, stand behind the gate.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use Time::HiRes qw(sleep time);
use World;

my @workers = qw(timekeeper notifier courier);
my $world = World->up('skillancer.worker_restart_max = 8s');

sub all_running
{
	my ($seconds) = @_;
	return $world->wait_sql(q{SELECT count(*) FROM skillancer.worker_status
		WHERE database = 'skillancer' AND state IN ('idle', 'running')}, 6, $seconds // 20);
}

is(all_running(), 6, 'six workers run soon after migrate()');
is($world->sql(q{SELECT count(*) FROM pg_stat_activity WHERE usename = 'skillancer_worker'}), 6, 'as skillancer_worker');
is($world->sql(q{SELECT count(*) FROM skillancer.status() WHERE item LIKE 'worker %' AND ok}), 6, 'status() shows them');
ok($world->settle($_), "$_ drains") for @workers;
is($world->sql(q{SELECT count(*) FROM skillancer.worker_status WHERE database = 'postgres'}), 0,
	'a database without the extension has none');

# a twin of a running worker cannot take its slot, so there are never two
is($world->sql(q{SELECT max(n) FROM (SELECT count(*) n FROM pg_stat_activity
	WHERE backend_type LIKE 'skillancer %' GROUP BY backend_type) t}), 1, 'one process each');

# SIGTERM
for my $worker (@workers)
{
	my $pid = $world->worker($worker);
	my $begin = time;
	$world->sql("SELECT pg_terminate_backend($pid)");
	my $end = time + 15;
	my $new;
	do { sleep 0.1; $new = $world->worker($worker) } while (time < $end && (!$new || $new == $pid));
	isnt($new, $pid, "$worker comes back after SIGTERM");
	cmp_ok(time - $begin, '<', 5, 'within seconds');
}

# SIGKILL of each worker, of the launcher and of the postmaster
for my $victim (@workers, 'launcher')
{
	my $type = "skillancer $victim";
	my $pid = $world->sql("SELECT pid FROM pg_stat_activity WHERE backend_type = '$type'");
	kill 'KILL', $pid;
	$world->wait_sql("SELECT count(*) FROM pg_stat_activity WHERE pid = $pid", 0, 20);
	is(all_running(20), 6, "all run again after kill -9 of the $victim");
	ok($world->settle($_), "and $_ works") for @workers;
}
my $launcher = $world->sql(q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'skillancer launcher'});
my $timekeeper = $world->worker('timekeeper');
$world->sql("SELECT pg_terminate_backend($launcher)");
is($world->wait_sql(q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'skillancer launcher'
	AND pid <> } . $launcher, 1, 15), 1, 'the launcher comes back after SIGTERM');
is($world->worker('timekeeper'), $timekeeper, 'and leaves running workers alone');

# an error in every batch: the worker backs off, the others go on
$world->sql('ALTER FUNCTION skillancer.timekeeper_lag() RENAME TO timekeeper_gone');
is($world->wait_sql(q{SELECT errors >= 3 FROM skillancer.worker_status
	WHERE worker = 'timekeeper' AND database = 'skillancer'}, 't', 20), 't', 'a worker that fails is started again');
like($world->sql(q{SELECT last_error FROM skillancer.worker_status WHERE worker = 'timekeeper' AND database = 'skillancer'}),
	qr/timekeeper_lag/, 'the status shows the error');
my $errors = $world->sql(q{SELECT errors FROM skillancer.worker_status WHERE worker = 'timekeeper' AND database = 'skillancer'});
sleep 5;
my $later = $world->sql(q{SELECT errors FROM skillancer.worker_status WHERE worker = 'timekeeper' AND database = 'skillancer'});
cmp_ok($later - $errors, '<=', 2, 'later each time');
ok($world->settle('notifier') && $world->settle('courier'), 'the others go on');
$world->sql('ALTER FUNCTION skillancer.timekeeper_gone() RENAME TO timekeeper_lag');
is(all_running(20), 6, 'and all is well once the cause is gone');

# stepping back: further at once, less far by a new process
my $modest = $world->worker('notifier');
my $before = getpriority(0, $modest);
$world->sql(q{ALTER SYSTEM SET skillancer.worker_nice = 7});
$world->sql(q{SELECT pg_reload_conf()});
my $until = time + 10;
sleep 0.05 while time < $until && getpriority(0, $modest) == $before;
is(getpriority(0, $modest), $before + 7 > 19 ? 19 : $before + 7, 'a worker steps back behind those who want the processor, too');
is(getpriority(0, $world->worker('timekeeper')), $before, 'the timekeeper does not');
$world->sql(q{ALTER SYSTEM RESET skillancer.worker_nice});
$world->sql(q{SELECT pg_reload_conf()});
is($world->wait_sql("SELECT count(*) FROM pg_stat_activity WHERE pid = $modest", 0, 15), 0, 'it ends when it shall not');
is(getpriority(0, $world->worker('notifier')), $before, 'and its successor does not');
is(all_running(20), 6, 'all of them come back');

# the gate: an upgrade in progress
my $pid = fork // die;
if ($pid == 0)
{
	$world->{gone} = 1;
	$world->sql(q{BEGIN; COMMENT ON EXTENSION skillancer IS 'changed'; SELECT pg_sleep(4); ROLLBACK});
	require POSIX;
	POSIX::_exit(0);
}
is($world->wait_sql(q{SELECT state || ': ' || reason FROM skillancer.worker_status
	WHERE worker = 'notifier' AND database = 'skillancer'}, 'waiting: the extension is being changed', 5),
	'waiting: the extension is being changed', 'workers wait while the extension is changed');
waitpid $pid, 0;
is(all_running(10), 6, 'and go on afterwards');

# another instance
my $identifier = $world->sql('SELECT system_identifier FROM skillancer.instance');
$world->sql(q{UPDATE skillancer.instance SET system_identifier = '1'; SELECT skillancer.invalidate()});
like($world->wait_sql(q{SELECT reason FROM skillancer.worker_status WHERE worker = 'courier' AND database = 'skillancer'},
	'this is a copy of another database: run SELECT skillancer.adopt()', 10), qr/copy/, 'in a copy they wait');
$world->sql("UPDATE skillancer.instance SET system_identifier = '$identifier'; SELECT skillancer.invalidate()");
is(all_running(10), 6, 'until it is adopted');

# another version
my $version = $world->sql(q{SELECT extversion FROM pg_extension WHERE extname = 'skillancer'});
$world->sql(q{UPDATE pg_extension SET extversion = '0.0' WHERE extname = 'skillancer'; SELECT skillancer.invalidate()});
like($world->wait_sql(q{SELECT reason FROM skillancer.worker_status WHERE worker = 'notifier' AND database = 'skillancer'},
	'the extension and the library have different versions', 10), qr/different versions/, 'between the parts of an upgrade they wait');
$world->sql("UPDATE pg_extension SET extversion = '$version' WHERE extname = 'skillancer'; SELECT skillancer.invalidate()");
is(all_running(10), 6, 'until the versions are one again');

# dropping the extension with workers running
like($world->sql('DROP EXTENSION skillancer CASCADE'), qr/would drop columns/, 'DROP EXTENSION is refused');
is(all_running(10), 6, 'which workers do not notice');
$world->sql('CREATE DATABASE empty');
$world->sql('CREATE EXTENSION skillancer CASCADE', 'empty');
$world->sql('SELECT skillancer.migrate()', 'empty');
ok($world->worker('notifier', 'empty'), 'a second database gets workers when migrate() commits there');
is($world->sql('SET skillancer.allow_drop = on; DROP EXTENSION skillancer CASCADE', 'empty'), '', 'DROP EXTENSION does not wait');
is($world->wait_sql(q{SELECT count(*) FROM pg_stat_activity WHERE datname = 'empty' AND usename = 'skillancer_worker'}, 0, 10), 0,
	'and its workers leave');

# the postmaster dies
my @pids = split /\n/, $world->sql(q{SELECT pid FROM pg_stat_activity WHERE backend_type LIKE 'skillancer %'});
kill 'KILL', $world->{SKL_POSTMASTER_PID};
my $end = time + 5;
sleep 0.1 while time < $end && grep { kill 0, $_ } @pids;
is(scalar(grep { kill 0, $_ } @pids), 0, scalar(@pids) . ' workers end with the postmaster');
$world->restart;
is(all_running(30), 6, 'and run again after the restart');
ok($world->settle($_), "$_ works") for @workers;

# fast shutdown
cmp_ok($world->stop_server, '<', 10, 'a shutdown takes seconds');
done_testing;
