#!/usr/bin/perl
# test/worker/databases.t
#	Statements that need a database for themselves get it although workers run there; copies stay quiet.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use Time::HiRes qw(sleep time);
use World;

my $world = World->up;
$world->stop_bridge;

sub timed
{
	my ($sql) = @_;
	my $begin = time;
	my $answer = $world->sql($sql, 'postgres');
	return ($answer, time - $begin);
}

sub workers_in
{
	my ($database, $expected) = @_;
	return $world->wait_sql("SELECT count(*) FROM pg_stat_activity WHERE datname = '$database'
		AND usename = 'skillancer_worker'", $expected, 20, 'postgres');
}

is(workers_in('skillancer', 6), 6, 'workers run');

# a copy
my ($answer, $seconds) = timed('CREATE DATABASE copy TEMPLATE skillancer');
is($answer, '', 'CREATE DATABASE ... TEMPLATE works with workers in the template');
cmp_ok($seconds, '<', 5, "and takes seconds: $seconds");
is(workers_in('skillancer', 6), 6, 'they return');
is(workers_in('copy', 6), 6, 'the copy gets its own');
like($world->wait_sql(q{SELECT DISTINCT state || ': ' || reason FROM skillancer.worker_status WHERE database = 'copy'},
	'waiting: this is a copy of another database: run SELECT skillancer.adopt()', 20), qr/^waiting: this is a copy/,
	'which wait, because it is a copy');

# mail and events of the original are not sent twice
$world->sql(q{INSERT INTO skillancer.mail (user_id, address, type) VALUES
	(skillancer.new_id()::skillancer.user_id, 'copy@example.org', 'verify_email')}, 'copy');
sleep 2;
is($world->sql('SELECT state FROM skillancer.mail', 'copy'), 'QUEUED', 'nothing is mailed from a copy');
like($world->sql('SELECT action, object FROM skillancer.adopt(true)', 'copy'), qr/mail dropped\|1 mails/, 'adopt(quiet) drops it');
is($world->wait_sql(q{SELECT count(*) FROM skillancer.worker_status WHERE database = 'copy' AND state = 'idle'}, 6, 20), 6,
	'and the workers of the copy begin');
is($world->sql('SELECT state FROM skillancer.mail', 'copy'), 'DROPPED', 'without the mail');

# rename, drop
($answer, $seconds) = timed('ALTER DATABASE copy RENAME TO moved');
is($answer, '', 'ALTER DATABASE ... RENAME works with workers');
cmp_ok($seconds, '<', 5, "and takes seconds: $seconds");
is(workers_in('moved', 6), 6, 'they return under the new name');
($answer, $seconds) = timed('DROP DATABASE moved');
is($answer, '', 'DROP DATABASE works with workers');
cmp_ok($seconds, '<', 5, "and takes seconds: $seconds");
is(workers_in('skillancer', 6), 6, 'workers elsewhere run on');
is($world->wait_sql(q{SELECT count(*) FROM skillancer.worker_slots() s
	LEFT JOIN pg_database d ON d.oid = s.database_oid WHERE d.oid IS NULL}, 0, 20), 0, 'the slots of the dropped one are free');

# somebody who may not drop it cannot stop the workers
my $pid = $world->worker('notifier');
$world->sql('CREATE ROLE passer_by CREATEDB LOGIN', 'postgres');
like($world->sql('DROP DATABASE skillancer', 'postgres', 'passer_by'), qr/must be owner/, 'a stranger is refused');
like($world->sql('CREATE DATABASE stolen TEMPLATE skillancer', 'postgres', 'passer_by'), qr/permission denied/, 'twice');
is($world->worker('notifier'), $pid, 'and the workers do not even stop');

# a drop that fails leaves everything as it was
my $holder = open my $psql, '|-', 'psql', '-XAtq', '-h', $world->{SKL_PGHOST}, '-p', $world->{SKL_PGPORT}, '-U', 'postgres',
	'-d', 'skillancer';
$psql->autoflush(1);
print $psql "SELECT 1 \\g /dev/null\n";
$world->wait_sql(q{SELECT count(*) FROM pg_stat_activity WHERE datname = 'skillancer' AND application_name = 'psql'}, 1, 5, 'postgres');
like((timed('DROP DATABASE skillancer'))[0], qr/being accessed by other users/, 'DROP DATABASE fails while somebody else is connected');
close $psql;
is(workers_in('skillancer', 6), 6, 'and the workers return');

# templates and databases that are not named have none
$world->sql('CREATE DATABASE tmpl TEMPLATE skillancer IS_TEMPLATE true', 'postgres');
$world->set('skillancer.databases', 'elsewhere');
is(workers_in('skillancer', 0), 0, 'skillancer.databases names the databases that have workers');
$world->set('skillancer.databases', '*');
is(workers_in('skillancer', 6), 6, '* is all');
sleep 1;
is(workers_in('tmpl', 0), 0, 'but template databases');
done_testing;
