#!/usr/bin/perl
# test/worker/analyst_kill.t
#	The analyst is killed with kill -9 before or behind a statement, or around a commit; each event counts once all the
#	same. test/c/kill_points.c dies at the Nth of these points. The test takes eight of them, one by chance from each
#	eighth; KILL_POINTS in the environment says how many, and where it is more than there are, each is taken.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Copy qw(copy);
use File::Temp qw(tempdir);
use Test::More;
use Time::HiRes qw(sleep time);
use World;

my $wanted = $ENV{KILL_POINTS} // 8;
my $library = tempdir('skl-points.XXXXXX', DIR => $ENV{TMPDIR} // '/tmp', CLEANUP => 1);
chmod 0755, $library;
system('make', '-s', '-C', "$FindBin::Bin/../c", '../../build/test-c/kill_points.so') == 0 or BAIL_OUT('the library of points');
copy("$FindBin::Bin/../../build/test-c/kill_points.so", "$library/kill_points.so") or die $!;

# with this nap the analyst only works when it is woken
my $world = World->up("shared_preload_libraries = 'skillancer,$library/kill_points'", 'skillancer.worker_restart_max = 1s',
	'skillancer.analyst_naptime = 600s', 'skillancer.analyst_pause = 0');
my $order = "$world->{dir}/data/kill_points";
my $hit = "$order.hit";
my $client = $world->person('client@example.org', 'CLIENT');
my $freelancer = $world->person('freelancer@example.org', 'FREELANCER');

# What the analyst is given each time: sums, a correction, members, steps, a duration, postings, an event that comes
# late to a month that is sealed and whose money is kept, and a metric that is built from the past.
my $work = <<"SQL";
BEGIN;
CREATE TEMP TABLE one ON COMMIT DROP AS SELECT jsonb_build_object('clientId', '$client', 'freelancerId', '$freelancer',
	'projectId', skillancer.new_id()::skillancer.project_id, 'proposalId', skillancer.new_id()::skillancer.proposal_id,
	'bookingId', skillancer.new_id()::skillancer.booking_id, 'minutes', 7, 'minutesBefore', 3, 'kind', 'TEXT') AS data, skillancer.new_id() AS id;
SELECT skillancer.emit(t, 'milestone', one.id, one.data, '{}') FROM one CROSS JOIN unnest('{project.published,proposal.submitted,booking.created,
	milestone.submitted,milestone.released,booking.time_changed,message.sent}'::text[]) WITH ORDINALITY AS t (t, nth) ORDER BY nth;
INSERT INTO skillancer.event (at, epoch, type, source, aggregate_type, aggregate_id, data)
	SELECT skillancer.now() - interval '40 days', skillancer.epoch(), 'proposal.accepted', 'test', 'proposal', one.id, one.data FROM one;
SELECT skillancer.ledger_post('charge', gen_random_uuid()::text, NULL, '{psp_clearing,bank_trust}', '{NULL,NULL}', '{NULL,NULL}', '{NULL,NULL}',
	'{100,-100}', 'USD');
DELETE FROM skillancer.rollup_built WHERE metric = 'messages_sent';
COMMIT;
SQL
my $kept = 'SELECT count(DISTINCT month) FROM skillancer.metric_reported';
my $wrong = 'SELECT count(*) FROM skillancer.rollup_verify()';
my $counted = q{SELECT sum(num) FROM skillancer.metric_month WHERE metric = 'messages_sent'};
my $happened = q{SELECT count(*) FROM skillancer.event WHERE type = 'message.sent'};

sub read_file
{
	my ($path) = @_;
	open my $in, '<', $path or return '';
	local $/;
	return scalar <$in>;
}

# Gives the analyst work, and waits until it has done it or has died at a point, and its successor has; returns what it
# was doing, or nothing when it did not die.
sub work_until
{
	my ($point) = @_;
	unlink $hit;
	open my $out, '>', "$order.new" or die $!;
	print $out "skillancer analyst\t$point";
	close $out;
	rename "$order.new", $order or die $!;
	my $answer = $world->sql($work);
	die $answer if $answer =~ /ERROR/;
	my $end = time + 60;
	my $settled = '';
	$settled = $world->sql("SELECT skillancer.wait_for_worker('analyst', '100 ms')") until $settled eq 't' || -e $hit || time > $end;
	$world->wait_sql('SELECT 1', 1);
	$world->worker('analyst');
	$world->settle('analyst') or die "the analyst does not work\n";
	return read_file($hit) =~ s/\s+/ /gr;
}

ok($world->settle('analyst'), 'the analyst works');
$world->sql($work);
$world->settle('analyst');
$world->advance(40 * 86400);
$world->sql($work);
is($world->wait_sql($kept, 1), 1, 'the money of a month that is over is kept');
is($world->sql(q{SELECT skillancer.rollup_seal_month((date_trunc('month', skillancer.now() - interval '40 days', 'UTC') AT TIME ZONE 'UTC')::date)}), 't',
	'a month is sealed');

is(work_until(1e9), '', 'it works once without dying');
my $points = int read_file("$order.passed");
cmp_ok($points, '>', 100, "and passes $points points");
kill 'KILL', $world->worker('analyst');

my $died = 0;
my $step = $wanted < $points ? $points / $wanted : 1;
for (my $from = 1; $from <= $points; $from += $step)
{
	my $point = int($from + rand $step);
	my $doing = work_until($point);
	$died++ if $doing ne '';
	is($world->sql($wrong), 0, "killed at point $point ($doing): rollups are what happened");
	is($world->sql($counted), $world->sql($happened), 'and each event counts once');
}
cmp_ok($died, '>=', 0.9 * ($wanted < $points ? $wanted : $points), "it died $died times");
cmp_ok($world->sql('SELECT max(amended) FROM skillancer.rollup_seal'), '>=', $died, 'the sealed month was sealed anew each time');
is($world->wait_sql($kept, 1), 1, 'and its money is kept again');
done_testing;
