#!/usr/bin/perl
# test/worker/analyst.t
#	The rollups are what happened, at any instant: beside writers that roll back savepoints and transactions and keep
#	some open, whatever is killed; what is looked at is counted; a scheduled report is mailed once, whatever is killed.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use Time::HiRes qw(sleep time);
use World;

my $world = World->up('skillancer.worker_restart_max = 1s', 'skillancer.analyst_pause = 50ms');
my $client = $world->person('client@example.org', 'CLIENT');
ok($world->settle('analyst'), 'the analyst runs');

# six writers with pgbench: savepoints that are rolled back, transactions left open for a while, one in four undone
my $script = "$world->{base}/hostile.sql";
open my $out, '>', $script or die $!;
print $out <<"SQL";
\\set undo random(1, 4)
\\set wait random(0, 300)
BEGIN;
SELECT skillancer.emit(t, 'project', skillancer.new_id(), jsonb_build_object('clientId', '$client', 'minutes', 7, 'kind', 'TEXT',
	'projectId', md5((random() * 50)::int::text)::uuid::skillancer.project_id), '{}')
FROM unnest('{project.published,proposal.submitted,booking.time_logged,message.sent}'::text[]) t;
SAVEPOINT s;
SELECT skillancer.emit('proposal.submitted', 'proposal', skillancer.new_id(), '{}', '{}');
ROLLBACK TO s;
SELECT pg_sleep(:wait / 1000.0);
SELECT skillancer.ledger_post('charge', gen_random_uuid()::text, NULL, '{psp_clearing,bank_trust}', '{NULL,NULL}', '{NULL,NULL}', '{NULL,NULL}', '{100,-100}', 'USD');
\\if :undo = 1
ROLLBACK;
\\else
COMMIT;
\\endif
SQL
close $out;

sub write_hostile
{
	my ($seconds) = @_;
	my $pid = fork // die;
	return $pid if $pid;
	$world->{gone} = 1;
	open STDOUT, '>', '/dev/null';
	open STDERR, '>', '/dev/null';
	exec 'pgbench', '-n', '-h', $world->{SKL_PGHOST}, '-p', $world->{SKL_PGPORT}, '-U', 'postgres', '-c', '6', '-T', $seconds, '-f', $script,
		$world->{database};
}
my $wrong = 'SELECT count(*) FROM skillancer.rollup_verify()';
my $ticks = q{SELECT ticks FROM skillancer.consumer WHERE name = 'analyst'};

my $writers = write_hostile(5);
sleep 1.5;
is($world->sql($wrong), 0, 'during hostile load rollups are what happened');
kill 'KILL', $world->worker('analyst');
sleep 1;
is($world->sql($wrong), 0, 'after kill -9 of the analyst too');
cmp_ok($world->sql($ticks), '>', 5, 'an open transaction delays nobody');
waitpid $writers, 0;
ok($world->worker('analyst') && $world->settle('analyst'), 'then it drains');
is($world->sql($wrong), 0, 'nothing is missing, nothing is too much');
my $sent = $world->sql(q{SELECT count(*) FROM skillancer.event WHERE type = 'message.sent'});
cmp_ok($sent, '>', 20, "$sent transactions have committed");
is($world->sql(q{SELECT sum(num) FROM skillancer.metric_month WHERE metric = 'messages_sent'}), $sent, 'each counts once');
is($world->sql(q{SELECT sum(num) FROM skillancer.metric_hour WHERE metric = 'charged'}), 100 * $sent, 'and so does its posting');

# the whole server
$writers = write_hostile(4);
sleep 1.5;
kill 'KILL', $world->{SKL_POSTMASTER_PID};
waitpid $writers, 0;
$world->restart;
ok($world->worker('analyst') && $world->settle('analyst'), 'after kill -9 of the server it goes on');
is($world->sql($wrong), 0, 'and rollups are what happened');
is($world->sql(q{SELECT sum(num) FROM skillancer.metric_month WHERE metric = 'messages_sent'}),
	$world->sql(q{SELECT count(*) FROM skillancer.event WHERE type = 'message.sent'}), 'each counts once');

# reads of READ ONLY requests
my $read = q{SELECT skillancer.begin_request(NULL, NULL, NULL, 'r', NULL, '127.0.0.1', 2000, true, NULL);
	SELECT skillancer.note_read('project', md5('x')::uuid)};
$world->sql("BEGIN READ ONLY; $read; COMMIT", undef, 'skillancer_bridge') for 1 .. 3;
$world->settle('analyst');
is($world->sql(q{SELECT sum(n) FROM skillancer.read_day WHERE kind = 'project'}), 3, 'what READ ONLY requests look at is counted by day');
is($world->sql($wrong), 0, 'and in the rollups');

# a scheduled report: its worker is killed while the mails are being made, behind the first statement that waits
my $boss = $world->person('boss@example.org', 'ANALYST');
my $report = $world->sql(qq{INSERT INTO skillancer.report_schedule (author_id, report, period, cadence, recipients, due_on, due_at)
	VALUES ('$boss', 'metrics', 'day', 'DAILY', ARRAY['$boss'::skillancer.user_id], current_date, skillancer.now() - interval '1 second') RETURNING id});
my $make = q{UPDATE skillancer.housekeeping_run SET next_at = skillancer.now() WHERE job = 'send_reports'; SELECT skillancer.wake('timekeeper')};
my $mailed = "SELECT count(*) FROM skillancer.report_delivery d JOIN skillancer.mail m ON m.id = d.mail_id AND m.type = 'report' WHERE d.schedule_id = '$report'";
my $locker = fork // die;
if ($locker == 0)
{
	$world->{gone} = 1;
	open STDOUT, '>', '/dev/null';
	open STDERR, '>&', \*STDOUT;
	exec 'psql', '-Xq', '-h', $world->{SKL_PGHOST}, '-p', $world->{SKL_PGPORT}, '-U', 'postgres', '-d', $world->{database},
		'-c', 'LOCK TABLE skillancer.report_delivery IN EXCLUSIVE MODE; SELECT pg_sleep(120)';
}
$world->wait_sql(q{SELECT count(*) FROM pg_locks WHERE mode = 'ExclusiveLock' AND granted AND relation = 'skillancer.report_delivery'::regclass}, 1);
$world->sql($make);
is($world->wait_sql(q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'skillancer timekeeper' AND wait_event_type = 'Lock'}, 1), 1,
	'a report is being made');
kill 'KILL', $world->worker('timekeeper');
waitpid $locker, 0;
ok($world->worker('timekeeper') && $world->worker('courier'), 'its worker is killed and comes back');
$world->sql($make);
is($world->wait_sql("$mailed AND m.state = 'SENT'", 1, 60), 1, 'the report is mailed');
$world->sql($make);
$world->settle($_) for qw(timekeeper courier);
is($world->sql(q{SELECT count(*) FROM skillancer.mail WHERE type = 'report'}), 1, 'once');
my $id = $world->sql(q{SELECT id FROM skillancer.mail WHERE type = 'report'});
is(scalar(grep { my $file = $_; local (@ARGV, $/) = $file; <> =~ /^Message-ID: <\Q$id\E@/mi } glob "$world->{SKL_SINK_DIR}/*"), 1, 'and reaches its reader once');

# a restored copy: what had not been read is added up once when it is adopted
$world->sql(q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'skillancer analyst'});
$world->sql(q{UPDATE skillancer.instance SET system_identifier = '1'});
my $before = $world->sql(q{SELECT count(*) FROM skillancer.event WHERE type = 'message.sent'});
$world->sql(q{INSERT INTO skillancer.event (epoch, type, source, aggregate_type, aggregate_id)
	VALUES (1, 'message.sent', 'test', 'test', skillancer.new_id())});
$world->sql('SELECT skillancer.adopt()');
ok($world->worker('analyst') && $world->settle('analyst'), 'in the next epoch it ticks');
$world->sql(q{SELECT skillancer.emit('message.sent', 'message', skillancer.new_id(), '{}', '{}')});
$world->settle('analyst');
is($world->sql(q{SELECT sum(num) FROM skillancer.metric_month WHERE metric = 'messages_sent'}), $before + 2, 'unread events of the last epoch count once');
is($world->sql($wrong), 0, 'and rollups are what happened in both');

unlink $script;
done_testing;
