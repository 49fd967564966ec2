#!/usr/bin/perl
# test/worker/indexer.t
#	The index is what the tables say, whatever is killed; what poisons the indexer is parked; merges and rebuilds change nothing
#	that is found.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use Time::HiRes qw(sleep time);
use World;

my $world = World->up('skillancer.worker_restart_max = 1s', 'skillancer.search_merge_factor = 3');
my $freelancer = $world->person('freelancer@example.org', 'FREELANCER');
ok($world->settle('indexer'), 'the indexer runs');
ok($world->settle('merger'), 'and so does the merger');

# SQL that makes an active gig
sub gig
{
	my ($title) = @_;
	return sprintf q{SELECT skillancer.import_begin('test'); INSERT INTO skillancer.gig (freelancer_id, state, title, description, packages,
		price_from, activated_at) VALUES ('%s', 'ACTIVE', '%s', 'A gig that is made by a test', '[{"tier": "BASIC", "title": "Basic",
		"price": {"amount": "10.00", "currency": "USD"}, "deliveryDays": 2}]', skillancer.monetary_of(1000, 'USD'), skillancer.now())},
	  $freelancer, $title;
}

# how many gigs a query finds
sub found
{
	my ($q, $more) = @_;
	$more //= '';
	return $world->sql(qq[SELECT (skillancer.search_run('gig', '{"q": "$q", "total": true, "correct": false $more}')).total]);
}

sub live { return $world->sql(q{SELECT documents FROM skillancer.search_status WHERE kind = 'gig'}) }

# a commit wakes it, a rollback does not matter, an open transaction delays nobody
my $begin = time;
$world->sql('BEGIN; ' . gig('Flamingo sculptures') . '; COMMIT');
$world->wait_sql(q[SELECT (skillancer.search_run('gig', '{"q": "flamingo", "total": true}')).total], 1, 10);
cmp_ok(time - $begin, '<', 0.9, 'a commit wakes the indexer: no nap in between');
$world->sql('BEGIN; ' . gig('Flamingo dances') . '; ROLLBACK');
$world->settle('indexer');
is(found('flamingo'), 1, 'what was rolled back is not found');
my $pid = fork // die;
if ($pid == 0)
{
	$world->{gone} = 1;
	$world->sql('BEGIN; ' . gig('Pelican sculptures') . '; SELECT pg_sleep(2); COMMIT');
	require POSIX;
	POSIX::_exit(0);
}
sleep 0.5;
$world->sql('BEGIN; ' . gig('Pelican dances and more') . '; COMMIT');
is($world->wait_sql(q[SELECT (skillancer.search_run('gig', '{"q": "pelican", "total": true}')).total], 1, 5), 1,
	'an open transaction delays nobody');
is(found('pelican', ', "fresh": true'), 1, 'and is not found before its commit');
waitpid $pid, 0;
$world->settle('indexer');
is(found('pelican'), 2, 'nor lost');

# what is not indexed yet is found when asked for
$world->set('skillancer.indexer_pause', '2s');
$world->sql('BEGIN; ' . gig('Cormorant one of them') . '; COMMIT');
$world->settle('indexer', 5);
$world->sql('BEGIN; ' . gig('Cormorant two of them') . '; COMMIT');
is(found('cormorant', ', "fresh": true'), 2, 'a fresh search finds what the indexer has not taken');
$world->set('skillancer.indexer_pause', '50ms');

# the index is what the tables say, while processes are killed
my $writer = fork // die;
if ($writer == 0)
{
	$world->{gone} = 1;
	for my $n (1 .. 120)
	{
		$world->sql('BEGIN; ' . gig("Heron number $n of the test") . '; COMMIT');
		$world->sql("UPDATE skillancer.gig SET title = title || ' egret' WHERE title LIKE 'Heron number " . int(rand($n)) . " %'") if $n % 2;
		$world->sql("DELETE FROM skillancer.gig WHERE title LIKE 'Heron number " . ($n - 7) . " %'") if $n % 5 == 0;
	}
	require POSIX;
	POSIX::_exit(0);
}
for my $victim ('indexer', 'merger', 'indexer', 'merger', 'indexer')
{
	sleep 0.9;
	my $prey = $world->sql("SELECT pid FROM pg_stat_activity WHERE backend_type = 'skillancer $victim'");
	kill 'KILL', $prey if $prey =~ /^\d+$/;
}
waitpid $writer, 0;
$world->wait_sql('SELECT 1', 1, 20);
ok($world->worker('indexer'), 'after five kills the indexer runs');
ok($world->settle('indexer'), 'and drains');
is($world->sql(q{SELECT count(*) FROM skillancer.search_attempt WHERE parked_at IS NOT NULL}), 0, 'nothing was given up');

sub same
{
	my ($when) = @_;
	is(live(), $world->sql(q{SELECT count(*) FROM skillancer.gig WHERE state = 'ACTIVE'}), "as many documents as gigs $when");
	is(found($_), $world->sql("SELECT count(*) FROM skillancer.gig WHERE state = 'ACTIVE' AND title ~* '\\y$_\\y'"), "\"$_\" finds as many $when")
	  for qw(heron egret);
}
same('after kills');
$world->settle('merger');
same('after merges');
cmp_ok($world->sql(q{SELECT segments FROM skillancer.search_status WHERE kind = 'gig'}), '<', 12, 'merges keep segments few');
$world->sql(q{SELECT skillancer.search_merge('gig')});
is($world->sql(q{SELECT segments, dead_share FROM skillancer.search_status WHERE kind = 'gig'}), '1|0.000', 'everything merges into one');
same('in one segment');

# a third of it goes, another third changes, and a merge and a new generation find the same
$world->sql(q{DELETE FROM skillancer.gig g USING (SELECT id, row_number() OVER (ORDER BY id) % 3 AS n FROM skillancer.gig WHERE title ~ 'Heron') x
	WHERE x.id = g.id AND x.n = 0});
$world->settle('indexer');
same('after deletes');
my $scores = q{SELECT string_agg(id::text || score::text, ',' ORDER BY rank) FROM skillancer_api.search('gig', 'heron egret', p_limit => 100)};
$world->settle('merger');
my $before = $world->sql($scores);
$world->sql(q{SELECT skillancer.search_merge('gig')});
is($world->sql($scores), $before, 'a merge changes no score and no order');
is($world->sql(q{SELECT skillancer.search_rebuild('gig')}), 2, 'a new generation');
is($world->wait_sql(q{SELECT generation FROM skillancer.search_status WHERE kind = 'gig' AND building IS NULL}, 2, 20), 2, 'takes over');
is($world->sql($scores), $before, 'and finds the same');
same('in the new generation');
is($world->wait_sql(q{SELECT count(*) FROM skillancer.search_chunk c WHERE NOT EXISTS (SELECT FROM skillancer.search_segment s
	WHERE s.seg_id = c.seg_id)}, 0, 10), 0, 'the bytes of the old one are deleted');

# a document that cannot be indexed does not stop the others
$world->sql(q{UPDATE skillancer.search_index SET config = 'nowhere' WHERE kind = 'gig'});
$world->sql('BEGIN; ' . gig('Osprey watching in spring') . '; COMMIT');
$world->sql("UPDATE skillancer.profile SET bio = 'I am an osprey watcher' WHERE user_id = '$freelancer'");
$world->settle('indexer');
like($world->wait_sql(q{SELECT kind FROM skillancer.parked}, 'search', 10), qr/^search$/, 'after three tries it is parked');
is($world->sql(q[SELECT (skillancer.search_run('freelancer', '{"q": "osprey", "total": true}')).total]), 1, 'the others are found');
$world->sql(q{UPDATE skillancer.search_index SET config = 'pg_catalog.english' WHERE kind = 'gig'});
is($world->sql(q{SELECT skillancer.redrive('search')}), 1, 'redrive, once the cause is gone');
$world->settle('indexer');
is(found('osprey'), 1, 'and it is found');

# whose rows change, however: as a replica, too
$world->sql(q{SET session_replication_role = replica; UPDATE skillancer.gig SET title = 'Osprey and avocet watching' WHERE title ~ 'Osprey'});
$world->settle('indexer');
is(found('avocet'), 1, 'a change in a replication role is indexed');

$world->down;
done_testing;
