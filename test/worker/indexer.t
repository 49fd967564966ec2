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
$world->configure('skillancer.indexer_naptime' => '60s', worker => 'indexer');
my $begin = time;
$world->sql('BEGIN; ' . gig('Flamingo sculptures') . '; COMMIT');
$world->wait_sql(q[SELECT (skillancer.search_run('gig', '{"q": "flamingo", "total": true}')).total], 1, 10);
cmp_ok(time - $begin, '<', 10, 'a commit wakes the indexer: no nap in between');
$world->configure('skillancer.indexer_naptime' => '1s', worker => 'indexer');
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
		$world->sql(sprintf q{UPDATE skillancer.gig SET price_from = skillancer.monetary_of(%d, 'USD') WHERE title LIKE 'Heron number %d %%'}, 500 + int(rand(50000)), int(rand($n))) for 1 .. 2;
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
	is($world->sql(q[SELECT array_agg(id ORDER BY n) FROM skillancer.search_run('gig', '{"sort": "price", "limit": 1000}') r, unnest(r.ids) WITH ORDINALITY u (id, n)]),
		$world->sql(q{SELECT array_agg(id::uuid ORDER BY skillancer.monetary_minor(price_from), id) FROM skillancer.gig WHERE state = 'ACTIVE'}), "their prices are those of the gigs $when");
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
# numbers that change alone leave documents where they are, and count at once
$world->settle('merger');
my $segments = $world->sql(q{SELECT max(seg_id) FROM skillancer.search_segment});
$world->sql(q{UPDATE skillancer.gig SET price_from = skillancer.monetary_of(777, 'USD') WHERE id IN (SELECT id FROM skillancer.gig WHERE state = 'ACTIVE' ORDER BY id LIMIT 3)});
is($world->wait_sql(q[SELECT (skillancer.search_run('gig', '{"total": true, "filters": {"price": {"min": 7.77, "max": 7.77}}}')).total], 3, 5), 3, 'new prices are found');
is($world->sql(qq{SELECT coalesce(max(seg_id), 0) <= $segments FROM skillancer.search_segment}), 't', 'and no document was written for them');
same('with new prices');

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

# a step of building reads documents without a lock: what a tick takes before the step has it is in the new generation all the same
$world->settle('merger');
my $merger = $world->sql(q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'skillancer merger'});
kill 'STOP', $merger;
$world->sql(q{SELECT skillancer.search_rebuild('gig')});
$world->sql(q{SELECT skillancer.search_build_step(2::smallint, 10)});
my $ticker = fork // die;
if ($ticker == 0)
{
	$world->{gone} = 1;
	$world->ask(q{SET application_name = 'ticker';
BEGIN;
SELECT FROM skillancer.search_index WHERE kind = 'gig' FOR UPDATE;
DO $$ BEGIN
	FOR i IN 1 .. 400 LOOP
		EXIT WHEN EXISTS (SELECT FROM pg_locks l WHERE NOT l.granted AND pg_backend_pid() = ANY (pg_blocking_pids(l.pid)));
		PERFORM pg_sleep(0.05);
	END LOOP;
END $$;
UPDATE skillancer.gig SET title = title || ' bittern' WHERE id IN (SELECT id FROM skillancer.gig WHERE state = 'ACTIVE' ORDER BY id LIMIT 3);
SELECT skillancer.search_apply(2::smallint, ARRAY(SELECT id::uuid FROM skillancer.gig WHERE title ~ 'bittern'), '{}');
DELETE FROM skillancer.search_queue WHERE xid = pg_current_xact_id();
COMMIT;
});
	require POSIX;
	POSIX::_exit(0);
}
$world->wait_sql(q{SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ticker' AND query LIKE 'DO %' AND state = 'active'}, 1, 20);
is($world->sql(q{SELECT skillancer.search_build_step(2::smallint, 10)}), 10, 'a step has read what changes before it is written');
waitpid $ticker, 0;
kill 'CONT', $merger;
$world->wait_sql(q{SELECT count(*) FROM skillancer.search_index WHERE kind = 'gig' AND building IS NULL}, 1, 20);
$world->settle('indexer');
is(found('bittern'), 3, 'and the new generation has it');
same('in a generation that was built meanwhile');

# a search that takes long ends when it shall, and leaves nothing behind
my $words = join ' or ', map { qq{"heron$_ number"~3 e$_*} } 1 .. 20_000;
my $heavy = q[SELECT (skillancer.search_run('gig', jsonb_build_object('q', :'words', 'total', true))).total;];
my $memory = q{SELECT sum(used_bytes) FROM pg_backend_memory_contexts;};
my @answers = split /\n/, $world->ask(qq{\\set words '$words'
$heavy
$memory
} . join('', map { qq{SET statement_timeout = '${_}ms';
$heavy
SET statement_timeout = 0;
} } 1 .. 5, 1 .. 5) . $memory);
is(scalar(grep { /canceling statement due to/ } @answers), 10, 'searches are cancelled half-way');
cmp_ok($answers[-1] - $answers[1], '<', 200_000, 'and no memory is lost');
$world->disconnect;
my $asker = fork // die;
if ($asker == 0)
{
	$world->{gone} = 1;
	$world->ask(qq{\\set words '$words'
SET application_name = 'asker';
} . ($heavy x 200));
	require POSIX;
	POSIX::_exit(0);
}
is($world->wait_sql(q{SELECT count(*) FROM pg_stat_activity WHERE application_name = 'asker' AND state = 'active'}, 1, 10), 1, 'a search runs');
my $cancelled = time;
$world->sql(q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'asker'});
$world->wait_sql(q{SELECT count(*) FROM pg_stat_activity WHERE application_name = 'asker'}, 0, 10);
cmp_ok(time - $cancelled, '<', 2, 'and ends at once when its session is terminated');
waitpid $asker, 0;
same('after cancelled searches');

# a disk that is full while segments are merged: an error that says so, nothing is lost, and all goes on when there is room
my $disk = "$world->{dir}/disk";
my $mounted;
END { system("umount -l '$disk'") if $mounted }
mkdir $disk;
SKIP:
{
	skip 'no file system can be mounted here', 17 if system("mount -t tmpfs -o size=4m tmpfs '$disk' 2>/dev/null") != 0;
	$mounted = 1;
	mkdir "$disk/data";
	system("chown postgres '$disk' '$disk/data'");
	$world->sql(q{DELETE FROM skillancer.gig WHERE id = (SELECT id FROM skillancer.gig WHERE title ~ 'Heron' LIMIT 1)});
	$world->settle('indexer'); # there is something to be merged
	$world->settle('merger');
	$world->sql('VACUUM FULL skillancer.search_chunk');
	$world->sql("CREATE TABLESPACE small LOCATION '$disk/data'");
	$world->sql('ALTER TABLE skillancer.search_chunk SET TABLESPACE small');
	system("cat /dev/zero >'$disk/filler' 2>/dev/null");
	like($world->sql(q{SELECT skillancer.search_merge('gig')}), qr/No space left on device/, 'a merge fails on a full disk');
	same('after that');
	like($world->sql(q{SELECT skillancer.search_rebuild('gig')}), qr/^\d+$/, 'a rebuild is asked for');
	$world->sql('BEGIN; ' . gig('Kingfisher on a full disk') . '; COMMIT');
	my $deadline = time + 20;
	sleep 0.2 while $world->log !~ /could not extend file .*: No space left on device/ && time < $deadline;
	like($world->log, qr/could not extend file .*: No space left on device/, 'the log says that the disk is full');
	like($world->sql(q{DO $$ BEGIN PERFORM skillancer.search_write(2::smallint, 9, ARRAY(SELECT id::uuid FROM skillancer.gig), '{}'); END $$}),
		qr/No space left on device/, 'and so does the error');
	is(found('heron'), $world->sql(q{SELECT count(*) FROM skillancer.gig WHERE state = 'ACTIVE' AND title ~* '\\yheron\\y'}), 'searches go on');
	is(found('kingfisher', ', "fresh": true'), 1, 'a fresh search finds what waits');
	unlink "$disk/filler";
	is($world->wait_sql(q[SELECT (skillancer.search_run('gig', '{"q": "kingfisher", "total": true}')).total], 1, 20), 1, 'with room again, the worker goes on');
	is($world->wait_sql(q{SELECT count(*) FROM skillancer.search_status WHERE kind = 'gig' AND building IS NULL}, 1, 20), 1, 'and the rebuild ends');
	is($world->sql(q{SELECT count(*) FROM skillancer.search_attempt}), 0, 'no document was blamed');
	$world->settle('merger');
	$world->sql('ALTER TABLE skillancer.search_chunk SET TABLESPACE pg_default');
	$world->sql('DROP TABLESPACE small');
	$mounted = system("umount '$disk'");
	same('after the disk was full');
}

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
