#!/usr/bin/perl
# test/worker/notifier.t
#	Every event makes its notifications exactly once, whatever is killed; what poisons the notifier is parked.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use Time::HiRes qw(sleep time);
use World;

my $world = World->up('skillancer.worker_restart_max = 2s');
my $client = $world->person('client@example.org', 'CLIENT');
my $freelancer = $world->person('freelancer@example.org', 'FREELANCER');
ok($world->settle('notifier'), 'the notifier runs');

# SQL that emits one event about the two
sub emit
{
	my ($type, $data) = @_;
	return sprintf q{SELECT skillancer.emit('%s', 'proposal', skillancer.new_id(), '%s' || jsonb_build_object('clientId', '%s',
		'freelancerId', '%s'), ARRAY['%3$s'::skillancer.user_id::uuid, '%4$s'::skillancer.user_id::uuid])},
	  $type, $data // '{}', $client, $freelancer;
}

sub told { return $world->sql("SELECT count(*) FROM skillancer.notification WHERE type = '$_[0]'") }

# a commit wakes it
$world->configure('skillancer.notifier_naptime' => '60s', worker => 'notifier');
my $begin = time;
$world->sql(emit('proposal.submitted'));
$world->wait_sql(q{SELECT count(*) FROM skillancer.notification WHERE type = 'proposal.received'}, 1, 10);
cmp_ok(time - $begin, '<', 10, 'a commit wakes the notifier: no nap in between');
$world->configure('skillancer.notifier_naptime' => '1s', worker => 'notifier');
is($world->wait_sql(q{SELECT count(*) FROM skillancer.mail WHERE type = 'proposal.received' AND state = 'SENT'}, 1, 10), 1,
	'which wakes the courier');
$world->sql('BEGIN; ' . emit('proposal.submitted') . '; ROLLBACK');
$world->settle('notifier');
is(told('proposal.received'), 1, 'what was rolled back makes nothing');

# commits out of order: an older transaction that commits after a younger one
my $pid = fork // die;
if ($pid == 0)
{
	$world->{gone} = 1;
	$world->sql('BEGIN; ' . emit('proposal.withdrawn') . '; SELECT pg_sleep(2); COMMIT');
	require POSIX;
	POSIX::_exit(0);
}
sleep 0.5;
$world->sql(emit('proposal.withdrawn'));
is($world->wait_sql(q{SELECT count(*) FROM skillancer.notification WHERE type = 'proposal.withdrawn'}, 1, 5), 1,
	'an open transaction delays nobody');
waitpid $pid, 0;
$world->settle('notifier');
is(told('proposal.withdrawn'), 2, 'and is not lost');

# exactly once, while the notifier and other processes are killed
my $committed = 0;
my @victims = ('notifier', 'courier', 'notifier', 'launcher');
my $writer = fork // die;
if ($writer == 0)
{
	$world->{gone} = 1;
	open my $count, '>', "$world->{base}/count" or die;
	for (1 .. 250)
	{
		my $answer = $world->sql(emit('proposal.declined'));
		print $count "$answer\n" if $answer =~ /^[0-9a-f-]{36}$/;
		$count->flush;
		sleep 0.02;
	}
	close $count;
	require POSIX;
	POSIX::_exit(0);
}
for my $victim (@victims)
{
	sleep 1.5;
	my $prey = $world->sql("SELECT pid FROM pg_stat_activity WHERE backend_type = 'skillancer $victim'");
	kill 'KILL', $prey if $prey =~ /^\d+$/;
}
waitpid $writer, 0;
open my $in, '<', "$world->{base}/count" or die;
my @acknowledged = <$in>;
close $in;
unlink "$world->{base}/count";
chomp @acknowledged;
$world->wait_sql('SELECT 1', 1, 20);
ok($world->worker('notifier'), 'after four kills the notifier runs');
ok($world->settle('notifier'), 'and drains');
cmp_ok(scalar @acknowledged, '>', 100, @acknowledged . ' events were acknowledged');
my $list = join ',', map { "'$_'" } @acknowledged;
is($world->sql("SELECT count(*) FROM skillancer.event WHERE id::uuid IN ($list)"), scalar @acknowledged, 'all of them are in the log');
is($world->sql(q{SELECT count(*) FROM skillancer.event e WHERE e.type = 'proposal.declined' AND 1 <>
	(SELECT count(*) FROM skillancer.notification n WHERE n.event_id = e.id)}), 0, 'each made exactly one notification');
is(told('proposal.declined'), $world->sql(q{SELECT count(*) FROM skillancer.event WHERE type = 'proposal.declined'}), 'no more than that');

# an event that cannot be worked on does not stop the others
$world->sql(q{UPDATE skillancer.template SET body = '{{#broken}}' WHERE type = 'proposal.closed' AND channel = 'IN_APP'});
$world->sql(emit('proposal.closed'));
$world->sql(emit('proposal.expired'));
$world->settle('notifier');
is(told('proposal.expired'), 1, 'the event behind a bad one is worked on');
is($world->sql(q{SELECT count(*) FROM skillancer.parked WHERE kind = 'event'}), 1, 'the bad one is parked');
$world->sql(q{UPDATE skillancer.template SET body = 'ok' WHERE type = 'proposal.closed' AND channel = 'IN_APP'});
is($world->sql(q{SELECT skillancer.redrive('event')}), 1, 'redrive, once the template is repaired');
is(told('proposal.closed'), 1, 'makes its notification');

# an event that takes the server down each time: found by counting, and parked
$world->sql(q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'skillancer notifier'});
$world->sql('ALTER FUNCTION skillancer.notifier_batch(integer) RENAME TO notifier_away');
$world->sql(emit('proposal.countered'));
my $poison = $world->sql(emit('proposal.countered'));
$world->sql(emit('proposal.countered'));
$world->sql(q{INSERT INTO skillancer.worker_start VALUES ('notifier', 5) ON CONFLICT (worker) DO UPDATE SET starts = 5});
$world->sql("INSERT INTO skillancer.event_attempt (consumer, seq, attempts)
	SELECT 'notifier', seq, 2 FROM skillancer.event WHERE id = '$poison'::uuid::skillancer.event_id");
$world->sql(q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'skillancer notifier'});
is($world->wait_sql(q{SELECT count(*) FROM skillancer.notification WHERE type = 'proposal.countered'}, 2, 30), 2,
	'a careful notifier works event by event');
is($world->wait_sql(q{SELECT count(*) FROM skillancer.parked WHERE kind = 'event' AND last_error ~ 'server stopped'}, 1, 10), 1,
	'and parks the one that used its attempts');
$world->sql('ALTER FUNCTION skillancer.notifier_away(integer) RENAME TO notifier_batch');
ok($world->worker('notifier') && $world->settle('notifier', 60), 'then it ticks as before');
is(told('proposal.countered'), 2, 'nothing was made twice');
is($world->sql(q{SELECT starts FROM skillancer.worker_start WHERE worker = 'notifier'}), 0, 'its starts count from zero again');
is($world->sql(q{SELECT count(*) FROM skillancer.event_attempt WHERE parked_at IS NULL}), 0, 'and no marks are left');

# fan-out
$begin = time;
$world->sql(q{DO $$ BEGIN FOR i IN 1..2000 LOOP PERFORM skillancer.emit('proposal.accepted', 'proposal', skillancer.new_id(),
	jsonb_build_object('clientId', '} . $client . q{', 'freelancerId', '} . $freelancer . q{'),
	'{}'); END LOOP; END $$});
my $emitted = time;
$world->settle('notifier', 60);
is(told('proposal.accepted'), 2000, 'two thousand events at once');
diag sprintf('%d notifications/s', 2000 / (time - $emitted));
done_testing;
