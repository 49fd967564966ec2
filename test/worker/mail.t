#!/usr/bin/perl
# test/worker/mail.t
#	Mail through a real server, Debian's exim: STARTTLS and TLS with a password, wrong certificates and passwords,
#	connections used again, refusals, reports about undelivered mail, turns of domains; poison; and a mute server beside
#	DROP DATABASE and restart.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Socket::INET;
use MIME::Base64 qw(decode_base64);
use Test::More;
use Time::HiRes qw(sleep time);
use World;

my $world = World->up('skillancer.courier_timeout = 5s', 'skillancer.courier_concurrency = 4', 'skillancer.courier_max_attempts = 3',
	'skillancer.courier_naptime = 100ms');
$world->stay_connected;
my $dir = "$world->{base}/exim";
my $user = $> == 0 ? 'postgres' : getpwuid($>);
my ($port, $tls_port) = map { IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1, ReuseAddr => 1)->sockport } 1 .. 2;

# the server
mkdir $_, 0755 or die "$_: $!" for $dir, map { "$dir/$_" } qw(spool log mail);
system("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout $dir/key.pem -out $dir/cert.pem -days 2 "
	. '-subj /CN=localhost -addext subjectAltName=DNS:localhost 2>/dev/null') == 0 or die;
my $conf = do { local (@ARGV, $/) = "$FindBin::Bin/../lib/exim.conf"; <> };
$conf =~ s/\bDIR\b/$dir/g;
$conf =~ s/\bTLSPORT\b/$tls_port/g;
$conf =~ s/\bPORT\b/$port/g;
$conf =~ s/\bUSER\b/$user/g;
$conf =~ s/\bBRIDGE\b/$world->{SKL_URL}/g;
open my $out, '>', "$dir/exim.conf" or die;
print $out $conf;
close $out;
system("chown -R $user $dir") == 0 or die if $> == 0;
my $exim = fork // die;
if ($exim == 0)
{
	$world->{gone} = 1;
	open STDOUT, '>', '/dev/null';
	open STDERR, '>&', \*STDOUT;
	exec(($> == 0 ? ('setpriv', '--reuid', $user, '--regid', $user, '--clear-groups') : ()), '/usr/sbin/exim4', '-C', "$dir/exim.conf", '-bdf');
}
END { kill 'TERM', $exim if $exim }
for (1 .. 100) { last if IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port); sleep 0.1 }

sub slurp { my ($file) = @_; return -e $file ? do { local (@ARGV, $/) = $file; <> } : '' }
sub log_count { my ($what) = @_; return scalar(() = slurp("$dir/log/mainlog") =~ /$what/g) }
sub settings { $world->configure(@_) }
sub becomes { my ($mail, $state) = @_; return $world->wait_sql("SELECT state FROM skillancer.mail WHERE id = '$mail'", $state, 20) }
sub failed { my ($mail, $why) = @_;
	return $world->wait_sql("SELECT state FROM skillancer.mail WHERE id = '$mail' AND last_error ~* '$why'", 'QUEUED', 20) }

my $pat = $world->person('pat@example.org', 'CLIENT');
my $nobody = $world->person('nobody@example.org', 'CLIENT');
my $later = $world->person('later@example.org', 'CLIENT');
my $abroad = $world->person('abroad@elsewhere.example', 'CLIENT');
settings('skillancer.smtp_url' => "smtp://localhost:$port", 'skillancer.smtp_require_tls' => 'on', 'skillancer.smtp_ca_file' => "$dir/cert.pem",
	'skillancer.smtp_user' => 'skillancer', 'skillancer.smtp_password' => 'open sesame');

# STARTTLS with a password, multipart, the id
my $mail = $world->mail($pat);
is(becomes($mail, 'SENT'), 'SENT', 'a mail is sent by STARTTLS with a password');
for (1 .. 50) { last if slurp("$dir/mail/inbox") =~ /$mail/; sleep 0.1 }
like(slurp("$dir/log/mainlog"), qr/P=esmtpsa X=TLS1\.[23]\S* .*A=plain:skillancer/, 'encrypted, and signed in');
my $inbox = slurp("$dir/mail/inbox");
like($inbox, qr/^Message-ID: <$mail\@/m, 'with its id');
like($inbox, qr{multipart/alternative.*text/plain.*text/html}s, 'as text and HTML');
settings('skillancer.smtp_url' => "smtps://localhost:$tls_port");
is(becomes($world->mail($pat), 'SENT'), 'SENT', 'TLS from the first byte');

# connections are used again
settings('skillancer.smtp_url' => "smtp://localhost:$port");
sleep 3; # connections of other settings are not used again, and for two seconds none is
my $before = log_count(qr/SMTP connection from \S+ \(TCP/);
$world->sql("SELECT skillancer.send_mail('$pat'::skillancer.user_id::uuid, 'password_changed') FROM generate_series(1, 40)");
is($world->wait_sql(q{SELECT count(*) FROM skillancer.mail WHERE state <> 'SENT'}, 0, 30), 0, 'forty mails');
cmp_ok(log_count(qr/SMTP connection from \S+ \(TCP/) - $before, '<=', 25, 'take fewer connections');

# refusals
$mail = $world->mail($nobody);
is(becomes($mail, 'BOUNCED'), 'BOUNCED', 'no such user: a bounce');
is($world->sql(q{SELECT flagged_for FROM skillancer.mail_outbox WHERE address = 'nobody@example.org'}), 'RCPT failed: 550', 'the address is flagged, the outbox says why');
$mail = $world->mail($later);
is(failed($mail, '451'), 'QUEUED', 'come again later: it waits');

# a mail that the server takes and cannot deliver: its report comes back to a sender that only that mail has
my $gone = $world->person('gone@example.org', 'CLIENT');
settings('skillancer.smtp_bounce_to' => 'bounces@example.test');
my @reported = map { $world->mail($_) } $pat, $gone;
is(becomes($reported[1], 'BOUNCED'), 'BOUNCED', 'a report about a mail that was sent: it bounced');
is($world->sql(q{SELECT address_key FROM skillancer.mail_address WHERE reason LIKE '5.0.0%' ORDER BY 1}), 'gone@example.org', 'and its address is flagged');
is(becomes($world->mail($gone), 'SUPPRESSED'), 'SUPPRESSED', 'so that no more mail goes there');
is(becomes($reported[0], 'SENT'), 'SENT', 'one that arrived');
like(slurp("$dir/mail/inbox"), qr/^Return-path: <bounces\+@{[$reported[0] =~ s{-}{}gr]}-[0-9a-f]{16}\@example\.test>/m, 'has such a sender, too');
settings('skillancer.smtp_bounce_to' => '');

# who the server is, and who we are
settings('skillancer.smtp_password' => 'wrong');
$mail = $world->mail($pat);
is(failed($mail, 'denied|auth'), 'QUEUED', 'a wrong password: it waits');
settings('skillancer.smtp_password' => 'open sesame', 'skillancer.smtp_ca_file' => '/etc/ssl/certs/ca-certificates.crt');
my $other = $world->mail($pat);
is(failed($other, 'certificate|SSL|verif'), 'QUEUED', 'a certificate that nobody trusts: nothing is sent');
unlike(slurp("$dir/mail/inbox"), qr/$other/, 'not even in the clear');
settings('skillancer.smtp_ca_file' => "$dir/cert.pem");
$world->advance(300);
is(becomes($_, 'SENT'), 'SENT', 'later it goes through') for $mail, $other;

# turns of a domain
settings('skillancer.mail_domain_rate' => 60);
my $begin = time;
$world->sql("SELECT skillancer.send_mail('$pat'::skillancer.user_id::uuid, 'password_changed') FROM generate_series(1, 5)");
$mail = $world->mail($abroad);
is(becomes($mail, 'SENT'), 'SENT', 'a mail to another domain');
cmp_ok(time - $begin, '<', 2.5, 'does not wait for those of the first');
is($world->wait_sql(q{SELECT count(*) FROM skillancer.mail WHERE type = 'password_changed' AND state <> 'SENT'}, 0, 20), 0, 'which have their turns');
cmp_ok(time - $begin, '>', 2.5, 'one after the other');
settings('skillancer.mail_domain_rate' => 1200);

# poison: a template, an address
$world->sql(q{UPDATE skillancer.template SET body = '{{#broken}}' WHERE type = 'security_alert' AND channel = 'EMAIL' AND locale = 'en'});
$mail = $world->mail($pat, 'security_alert');
is(becomes($mail, 'PARKED'), 'PARKED', 'a mail whose template is broken is parked');
$other = $world->sql("INSERT INTO skillancer.mail (user_id, address, type) VALUES ('$pat', E'a b\\r\\nBcc: c\@d.e', 'password_changed') RETURNING id");
is(becomes($other, 'PARKED'), 'PARKED', 'and so is one to an address that is none');
is($world->sql(q{SELECT count(*) FROM skillancer.parked WHERE kind = 'mail' AND last_error IS NOT NULL}), 2, 'both are seen, with the reason');
$world->sql(q{UPDATE skillancer.template SET body = 'repaired' WHERE type = 'security_alert' AND channel = 'EMAIL' AND locale = 'en'});
$world->sql("SELECT skillancer.redrive('mail', '$mail')");
is(becomes($mail, 'SENT'), 'SENT', 'redrive, once it is repaired');

# kill -9 of notifier and courier during deliveries: once in the app, at least once by mail, with one id
my $client = $pat;
my $killer = fork // die;
if ($killer == 0)
{
	$world->{gone} = 1;
	for my $victim ('courier', 'notifier', 'courier')
	{
		sleep 1;
		my $prey = $world->sql("SELECT pid FROM pg_stat_activity WHERE backend_type = 'skillancer $victim'");
		kill 'KILL', $prey if $prey =~ /^\d+$/;
	}
	require POSIX;
	POSIX::_exit(0);
}
my @events;
for (1 .. 60)
{
	my $id = $world->sql("SELECT skillancer.emit('payout.paid', 'payout', skillancer.new_id(), jsonb_build_object('payoutId', 'x', 'userId', '$client'))");
	push @events, $id if $id =~ /^[0-9a-f-]{36}$/;
	sleep 0.05;
}
waitpid $killer, 0;
$world->wait_sql('SELECT 1', 1, 20);
ok($world->worker('notifier') && $world->worker('courier') && $world->settle('notifier', 60), 'after three kills the workers run');
my $list = join ',', map { "'$_'" } @events;
is($world->sql("SELECT count(*) FROM skillancer.notification n WHERE n.event_id::uuid IN ($list)"), scalar @events, @events . ' events: each once in the app');
$world->advance(3600);
is($world->wait_sql("SELECT count(*) FROM skillancer.mail m WHERE m.event_id::uuid IN ($list) AND m.state = 'SENT'", scalar @events, 40), scalar @events, 'each sent by mail');
is($world->sql("SELECT count(*) FROM skillancer.mail m JOIN skillancer.notification n ON n.id::uuid = m.id WHERE m.event_id::uuid IN ($list)"),
	scalar @events, 'under the id of its notification');
for (1 .. 100) { $inbox = slurp("$dir/mail/inbox"); last if @events == grep { $inbox =~ /$_/ } map { chomp; $_ } split /\n/, $world->sql("SELECT id FROM skillancer.mail WHERE event_id::uuid IN ($list)"); sleep 0.2 }
is(scalar(grep { $inbox !~ /^Message-ID: <$_\@/m } split /\n/, $world->sql("SELECT id FROM skillancer.mail WHERE event_id::uuid IN ($list)")), 0, 'and in the mailbox');

# a mute server delays neither DROP DATABASE nor a restart
my $mute = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 20) or die;
settings('skillancer.smtp_url' => 'smtp://127.0.0.1:' . $mute->sockport, 'skillancer.courier_timeout' => '600s');
$world->mail($pat) for 1 .. 3;
is($world->wait_sql(q{SELECT count(*) FROM skillancer.mail WHERE state = 'SENDING'}, 3, 10), 3, 'mails hang at a mute server');
cmp_ok($world->stop_server, '<', 10, 'the server stops at once all the same');
$begin = time;
$world->revive;
ok($world->worker('courier'), 'and starts');
$world->advance(1200);
is($world->wait_sql(q{SELECT count(*) FROM skillancer.mail WHERE state = 'SENDING'}, 3, 20), 3, 'they hang again');
$begin = time;
$world->sql('DROP DATABASE skillancer WITH (FORCE)', 'postgres');
cmp_ok(time - $begin, '<', 10, 'DROP DATABASE ... FORCE does not wait for them');
is($world->sql(q{SELECT count(*) FROM pg_database WHERE datname = 'skillancer'}, 'postgres'), 0, 'it is gone');
done_testing;
