#!/usr/bin/perl
# test/worker/standby.t
#	No worker on a standby; promotion starts them, and they go on where the primary was.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use Time::HiRes qw(sleep);
use World;

my $world = World->up;
my $client = $world->person('client@example.org', 'CLIENT');
ok($world->settle('notifier'), 'the primary works');
my $freelancer = $world->person('heron@example.org', 'FREELANCER');
$world->sql("UPDATE skillancer.profile SET headline = 'Heron watcher' WHERE user_id = '$freelancer'");
ok($world->settle('indexer'), 'and indexes');
$world->settle('courier');
my $told = $world->sql('SELECT count(*) FROM skillancer.notification');

# a standby beside it: the same socket directory, another port
my $bin = `\${PG_CONFIG:-pg_config} --bindir`;
chomp $bin;
my @as_user = $> == 0 ? ('setpriv', '--reuid', 'postgres', '--regid', 'postgres', '--init-groups') : ();
my $data = "$world->{dir}/standby";
my $port = $world->{SKL_PGPORT} + 1;

sub run_quiet
{
	my $pid = fork // die;
	if ($pid == 0)
	{
		open STDOUT, '>>', "$world->{dir}/log/standby.out";
		open STDERR, '>&', \*STDOUT;
		exec @as_user, @_ or exit 1;
	}
	waitpid $pid, 0;
	return $? == 0;
}

ok(run_quiet("$bin/pg_basebackup", '-h', $world->{SKL_PGHOST}, '-p', $world->{SKL_PGPORT}, '-U', 'postgres', '-D', $data, '-R',
	'-c', 'fast'), 'base backup');
ok(run_quiet("$bin/pg_ctl", '-D', $data, '-o', "-p $port", '-l', "$world->{dir}/standby.log", '-w', 'start'), 'standby starts');
my $standby = bless { %$world, SKL_PGPORT => $port, gone => 1 }, 'World';

sleep 2;
is($standby->sql(q{SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'skillancer %'}), 0, 'no worker runs on it');
is($standby->sql('SELECT count(*) FROM skillancer.notification'), $told, 'what the primary made is there to read');
like($standby->sql(q{SELECT skillancer.wait_for_worker('notifier', '1 second')}), qr/^f$/, 'waiting for a worker ends');
my $herons = q[SELECT (skillancer.search_run('freelancer', '{"q": "heron", "total": true, "fresh": true}')).total];
is($standby->sql($herons), 1, 'but searches are answered on a standby');
my $suggested = q{SELECT bool_or(words = 'JavaScript') FROM skillancer.suggest('javascr', 10, 0, '{}')};
is($standby->sql($suggested), 't', 'suggestions too, of a snapshot that the backend makes');
ok(run_quiet("$bin/pg_ctl", '-D', $data, '-o', "-p $port -c shared_preload_libraries=''", '-l', "$world->{dir}/standby.log", '-w', 'restart'),
	'without the library in shared_preload_libraries');
is($standby->sql($herons), 1, 'searches are answered');
is($standby->sql($suggested), 't', 'and suggestions');
ok(run_quiet("$bin/pg_ctl", '-D', $data, '-o', "-p $port", '-l', "$world->{dir}/standby.log", '-w', 'restart'), 'with it again');

# the primary stops with mail that it has not sent
$world->sql(q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'skillancer launcher'});
my $sent = $world->sql(q{SELECT count(*) FROM skillancer.mail WHERE state = 'SENT'});
$world->sql(q{BEGIN; SELECT skillancer.send_mail('} . $client . q{'::skillancer.user_id::uuid, 'verify_email');
	UPDATE skillancer.mail SET due_at = skillancer.now() + interval '8 seconds' WHERE state = 'QUEUED'; COMMIT});
my $lsn = $world->sql('SELECT pg_current_wal_lsn()');
is($standby->wait_sql("SELECT pg_last_wal_replay_lsn() >= '$lsn'", 't', 10), 't', 'the standby has all of it');
kill 'QUIT', $world->{SKL_POSTMASTER_PID};
sleep 0.5;
ok(run_quiet("$bin/pg_ctl", '-D', $data, '-w', 'promote'), 'promotion');
ok($standby->worker($_), "$_ starts") for qw(timekeeper notifier courier indexer merger analyst);
is($standby->wait_sql(q{SELECT count(*) FROM skillancer.mail WHERE state = 'SENT'}, $sent + 1, 30), $sent + 1,
	'and the mail that waited is sent');
is($standby->sql('SELECT count(*) FROM skillancer.notification'), $told, 'nothing is notified twice');
$standby->settle('analyst');
is($standby->sql('SELECT count(*) FROM skillancer.rollup_verify()'), 0, 'the rollups are what happened, before and after');
is($standby->sql(q{SELECT sum(num) FROM skillancer.metric_month WHERE metric = 'users_registered'}),
	$standby->sql(q{SELECT count(*) FROM skillancer.event WHERE type = 'user.created'}), 'and each event counts once');
$standby->sql("UPDATE skillancer.profile SET bio = 'I count herons' WHERE user_id = '$client'; INSERT INTO skillancer.user_role
	VALUES ('$client', 'FREELANCER')");
$standby->settle('indexer');
is($standby->sql($herons), 2, 'and the indexer goes on where the primary was');
run_quiet("$bin/pg_ctl", '-D', $data, '-m', 'fast', '-w', 'stop');
done_testing;
