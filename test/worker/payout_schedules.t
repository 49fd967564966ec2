#!/usr/bin/perl
# test/worker/payout_schedules.t
#	The timekeeper follows payout schedules: one payout a period for everybody, however often it is killed meanwhile.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use World;

my $people = 60;
my $world = World->up;
my $count = sub { return $world->sql("SELECT count(*) FROM skillancer.payout WHERE schedule_id IS NOT NULL") };

# people with a balance, a payout method that is usable, and a schedule whose period has begun
$world->sql(qq{
	DO \$\$
	DECLARE
		v_id skillancer.user_id;
	BEGIN
		FOR i IN 1..$people LOOP
			v_id := skillancer.create_account('payee' || i || '\@example.org', 'Payee', '\$argon2id\$v=19\$m=19456,t=2,p=1\$YWFhYWFhYWE\$YWFhYWFhYWFhYWFh', '{FREELANCER}');
			PERFORM skillancer.fire_system('user', v_id::uuid, 'verify');
			PERFORM skillancer.ledger_post('TEST', v_id::text, NULL, ARRAY['bank_trust', 'freelancer_available'], ARRAY[NULL, v_id::uuid],
				ARRAY[NULL, NULL]::uuid[], ARRAY[NULL, NULL]::uuid[], ARRAY[10000, -10000], 'USD');
			INSERT INTO skillancer.payment_method (user_id, kind, provider, token, label, is_default, usable_from)
			VALUES (v_id, 'PAYOUT', 'sandbox', 'tok_bank_success', 'bank', true, '2001-01-01');
		END LOOP;
	END
	\$\$});
is($world->sql(q{SELECT count(*) FROM skillancer.user_account WHERE email LIKE 'payee%' AND state = 'ACTIVE'}), $people, 'people');
$world->sql(q{UPDATE skillancer.housekeeping_run SET next_at = 'infinity' WHERE job = 'follow_payout_schedules'});
$world->sql(q{INSERT INTO skillancer.payout_schedule (user_id, currency, cadence, next_at)
	SELECT a.id, 'USD', 'WEEKLY', '2026-01-05 00:00+00' FROM skillancer.user_account a WHERE a.email LIKE 'payee%'});

# the timekeeper dies on the way, again and again: the server restarts, and it begins anew
for my $round (1 .. 4)
{
	my $pid = $world->worker('timekeeper');
	$world->sql(q{UPDATE skillancer.housekeeping_run SET next_at = skillancer.now() WHERE job = 'follow_payout_schedules'});
	$world->sql(q{SELECT skillancer.wake('timekeeper')});
	select undef, undef, undef, 0.01 * $round * $round;
	kill 'KILL', $pid if $pid;
	$world->wait_sql('SELECT 1', 1, 30);
	like($count->(), qr/^(0|$people)$/, "killed in round $round: all or none");
}
$world->worker('timekeeper');
$world->sql(q{UPDATE skillancer.housekeeping_run SET next_at = skillancer.now() WHERE job = 'follow_payout_schedules'});
ok($world->settle('timekeeper', 60), 'left alone, it comes to an end');
is($world->wait_sql("SELECT count(*) FROM skillancer.payout WHERE schedule_id IS NOT NULL AND period = '2026-01-05'", $people, 30), $people,
	'everybody has a payout for the period');
is($count->(), $people, 'and only one');
is($world->sql(q{SELECT count(*) FROM skillancer.payout_schedule WHERE next_at > skillancer.now() AND last_result = 'REQUESTED'}), $people,
	'the next period is in the future');
is($world->sql(q{SELECT sum(balance) FROM skillancer.ledger_account WHERE class = 'freelancer_available'}), 0, 'the balances have gone, once');
is($world->sql(q{SELECT count(*) FROM skillancer.ledger_violation}), 0, 'the books are in order');
done_testing();
