#!/usr/bin/perl
# test/worker/timekeeper.t
#	Timers fire when the marketplace's clock says so, once; poisoned ones are parked; housekeeping runs.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use World;

my $world = World->up;
my $user = $world->person('pat@example.org', 'CLIENT');

sub schedule
{
	my ($machine, $id, $event, $in) = @_;
	$world->sql("SELECT skillancer.schedule('$machine', $id, '$event', skillancer.now() + interval '$in')");
}

sub state { return $world->sql("SELECT state FROM skillancer.user_account WHERE id = '$user'") }

# a timer fires by the clock of the marketplace
schedule('user', "'$user'::skillancer.user_id::uuid", 'close', '2 days');
ok($world->settle('timekeeper'), 'the timekeeper looks');
is(state(), 'ACTIVE', 'a timer that is not due does nothing');
$world->advance(3 * 86400);
ok($world->settle('timekeeper'), 'three days later');
is(state(), 'CLOSED', 'it has fired');
is($world->sql('SELECT count(*) FROM skillancer.due'), 0, 'and is gone');
is($world->sql(qq{SELECT count(*) FROM skillancer.event WHERE type = 'user.closed' AND data ->> 'userId' = '$user'}), 1,
	'with one event');

# late and double timers are harmless
schedule('user', "'$user'::skillancer.user_id::uuid", 'close', '-1 day');
ok($world->settle('timekeeper'), 'a late timer');
is($world->sql('SELECT count(*) FROM skillancer.due'), 0, 'does nothing and goes');
is($world->sql(qq{SELECT count(*) FROM skillancer.event WHERE type = 'user.closed' AND data ->> 'userId' = '$user'}), 1,
	'no second event');

# one poisoned timer among good ones
my @people = map { $world->person("p$_\@example.org", 'CLIENT') } 1 .. 5;
schedule('nonesuch', 'skillancer.new_id()', 'x', '0 days');
schedule('user', "'$_'::skillancer.user_id::uuid", 'close', '0 days') for @people;
ok($world->settle('timekeeper'), 'good and bad timers');
is($world->sql(q{SELECT count(*) FROM skillancer.user_account WHERE state = 'CLOSED'}), 6, 'the good ones have fired');
is($world->sql('SELECT attempts FROM skillancer.due'), 1, 'the bad one waits');
for (2 .. 5)
{
	$world->advance(600);
	$world->settle('timekeeper');
}
is($world->sql(q{SELECT count(*) FROM skillancer.parked WHERE kind = 'timer' AND attempts = 5}), 1, 'after five attempts it is parked');
is($world->sql(q{SELECT errors FROM skillancer.worker_status WHERE worker = 'timekeeper' AND database = 'skillancer'}), 0,
	'and the worker never failed');
is($world->sql(q{SELECT skillancer.redrive('timer')}), 1, 'redrive');
$world->settle('timekeeper');
is($world->sql('SELECT attempts FROM skillancer.due WHERE parked_at IS NULL'), 1, 'tries it again');
$world->sql('DELETE FROM skillancer.due');

# client and timekeeper at once: one of them wins
for my $round (1 .. 5)
{
	my $racer = $world->person("race$round\@example.org", 'CLIENT');
	schedule('user', "'$racer'::skillancer.user_id::uuid", 'close', '0 days');
	$world->sql("SELECT skillancer.fire_system('user', '$racer'::skillancer.user_id::uuid, 'close')");
	$world->settle('timekeeper');
	is($world->sql(qq{SELECT count(*) FROM skillancer.event WHERE type = 'user.closed' AND data ->> 'userId' = '$racer'}), 1,
		'a timer and a command at once: one event');
}
is($world->sql('SELECT count(*) FROM skillancer.due'), 0, 'no timer is left');

# housekeeping
$world->settle('merger');
is($world->sql(q{SELECT count(*) FROM skillancer.housekeeping_run r FULL JOIN skillancer.housekeeping_job j USING (job)
	WHERE r.last_at IS NULL OR r.last_error IS NOT NULL}), 0, 'every job has run');
is($world->sql(q{SELECT count(*) - count(DISTINCT xmin::text) FROM skillancer.housekeeping_run}), 0, 'each in a transaction of its own');
is($world->sql(q{SELECT to_regclass('skillancer.event_' || to_char(skillancer.now() + interval '1 month', 'YYYYMM')) IS NOT NULL}), 't',
	'next month has a partition');
$world->advance(70 * 86400);
$world->settle('timekeeper');
is($world->sql(q{SELECT to_regclass('skillancer.event_' || to_char(skillancer.now() + interval '2 months', 'YYYYMM')) IS NOT NULL}), 't',
	'two months later the next ones');
$world->person('later@example.org', 'CLIENT');
is($world->sql(q{SELECT count(*) FROM skillancer.event e JOIN skillancer.event_default d USING (seq)
	WHERE e.at > skillancer.now() - interval '1 hour'}), 0, 'new events are in the partition of their month');

# a job that takes long is the merger's, and no timer waits for it
$world->sql(q{CREATE FUNCTION skillancer.dawdle() RETURNS bigint LANGUAGE sql SET search_path = pg_catalog AS 'SELECT 0::bigint FROM pg_sleep(60)';
	GRANT EXECUTE ON FUNCTION skillancer.dawdle() TO skillancer_engine;
	INSERT INTO skillancer.housekeeping_job (job, every, worker) VALUES ('dawdle', '1 day', 'merger'); SELECT skillancer.wake('merger')});
is($world->wait_sql(q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'skillancer merger' AND wait_event = 'PgSleep'}, 1), 1, 'a long job runs');
my $hasty = $world->person('hasty@example.org', 'CLIENT');
schedule('user', "'$hasty'::skillancer.user_id::uuid", 'close', '0 days');
ok($world->settle('timekeeper', 20), 'timers go off beside it');
is($world->sql("SELECT state FROM skillancer.user_account WHERE id = '$hasty'"), 'CLOSED', 'one did');
$world->sql(q{DELETE FROM skillancer.housekeeping_job WHERE job = 'dawdle'; SELECT pg_terminate_backend(pid) FROM pg_stat_activity
	WHERE backend_type = 'skillancer merger'});
done_testing;
