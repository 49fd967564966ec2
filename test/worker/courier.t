#!/usr/bin/perl
# test/worker/courier.t
#	Mail arrives, whatever the server does: hangs, greets late or without an end, refuses, asks for patience, breaks off,
#	offers no TLS.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Socket::INET;
use MIME::Base64 qw(decode_base64);
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);
use World;

my $world = World->up('skillancer.courier_timeout = 4s', 'skillancer.courier_max_attempts = 4', 'skillancer.courier_naptime = 100ms',
	'skillancer.smtp_from = \'Läden "x" <shop@example.net>\'');
$world->stay_connected;

my @servers;

sub state { return $world->sql("SELECT state FROM skillancer.mail WHERE id = '$_[0]'") }

sub becomes
{
	my ($mail, $state, $seconds) = @_;
	return $world->wait_sql("SELECT state FROM skillancer.mail WHERE id = '$mail'", $state, $seconds // 20);
}

# the mails that the sink holds for an address, as texts
sub received
{
	my ($address) = @_;
	my @mails;
	for my $file (sort glob "$world->{SKL_SINK_DIR}/*-$address.eml")
	{
		open my $in, '<', $file or die $!;
		local $/;
		push @mails, scalar <$in>;
	}
	return @mails;
}

# a server that accepts connections and does with the first, second, ... what the code says, in a process each
sub server
{
	my ($serve) = @_;
	my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 20) or die $!;
	my $pid = fork // die;
	if ($pid == 0)
	{
		setpgrp;
		$world->{gone} = 1;
		$SIG{TERM} = 'DEFAULT';
		$SIG{CHLD} = 'IGNORE';
		my @kept;
		for (my $n = 1; my $client = $listener->accept; $n++)
		{
			push @kept, $client;
			next if fork // die;
			$serve->($client, $n);
			POSIX::_exit(0);
		}
		exit 0;
	}
	push @servers, $pid;
	return $listener->sockport;
}

# speaks SMTP, with other answers than 250 for what begins with the keys
sub converse
{
	my ($client, %answers) = @_;
	my $data = 0;
	print $client $answers{''} // "220 here\r\n";
	while (my $line = <$client>)
	{
		next if $data && $line !~ /^\.\r/;
		my ($key) = grep { $_ ne '' && $line =~ /^$_/ } keys %answers;
		print $client defined $key ? $answers{$key} : $line =~ /^DATA/ ? "354 go on\r\n" : "250 ok\r\n";
		$data = 1 if $line =~ /^DATA/;
	}
}

# mail goes to such a server from now on
sub talk_to { my ($port, %more) = @_; $world->configure('skillancer.smtp_url' => "smtp://127.0.0.1:$port", %more) }

my $sink = "smtp://127.0.0.1:$world->{SKL_SMTP_PORT}";
my $pat = $world->person('pat@example.org', 'CLIENT');
my $greylist = $world->person('greylist@example.org', 'CLIENT');
my $bounce = $world->person('bounce@example.org', 'CLIENT');
my $busy = $world->person('busy@example.org', 'CLIENT');
my $drop = $world->person('drop@example.org', 'CLIENT');
my $slow = $world->person('slow@example.org', 'CLIENT');

# one mail
$world->sql("UPDATE skillancer.user_account SET name = E'Zoë\\r\\nBcc: evil\@example.org' WHERE id = '$pat'");
$world->sql(q{UPDATE skillancer.template SET title = 'For {{user.name}}' WHERE type = 'registration_attempt'});
my $mail = $world->mail($pat, 'registration_attempt');
is(becomes($mail, 'SENT'), 'SENT', 'a mail is sent');
my ($text) = received('pat@example.org');
my ($head, $body) = split /\r\n\r\n/, $text, 2;
like($head, qr/^Message-ID: <$mail\@example\.net>\r$/m, 'its Message-ID is made from its id');
like($head, qr/^To: <pat\@example\.org>\r$/m, 'one recipient');
unlike($head, qr/^Bcc/mi, 'a name with a line break adds no header');
like($head, qr/^Subject: =\?UTF-8\?B\?/m, 'the subject is encoded');
like($head, qr/^From: =\?UTF-8\?B\?\S+ <shop\@example\.net>\r$/m, 'and so is the sender\'s name');
like($head, qr/^Auto-Submitted: auto-generated\r$/m, 'no automatic answers, please');
my ($plain) = $body =~ /text\/plain.*?\r\n\r\n(.*?)\r\n--/s;
like(decode_base64($plain), qr/^Hello Zo/, 'the text');
my ($html) = $body =~ /text\/html.*?\r\n\r\n(.*?)\r\n--/s;
like(decode_base64($html), qr/<p>Hello Zo/, 'and the same as HTML');
is($world->sql("SELECT data FROM skillancer.mail WHERE id = '$mail'"), '{}', 'what it was made of is deleted');

# 4xx, 5xx, a broken connection
$mail = $world->mail($greylist);
is($world->wait_sql("SELECT state, attempts, code FROM skillancer.mail WHERE id = '$mail'", 'QUEUED|1|451'), 'QUEUED|1|451',
	'a 4xx is tried again later');
$world->advance(60);
$world->settle('courier');
is($world->wait_sql("SELECT state, attempts FROM skillancer.mail WHERE id = '$mail'", 'QUEUED|2'), 'QUEUED|2', 'twice');
$world->advance(300);
is(becomes($mail, 'SENT'), 'SENT', 'until it is sent');
is(scalar(received('greylist@example.org')), 1, 'once');
$mail = $world->mail($bounce);
is(becomes($mail, 'BOUNCED'), 'BOUNCED', 'a 5xx bounces');
is($world->sql('SELECT address_key FROM skillancer.mail_address'), 'bounce@example.org', 'the address is flagged');
is(becomes($world->mail($bounce), 'SUPPRESSED'), 'SUPPRESSED', 'and no more mail goes there');
my ($busy_mail, $drop_mail) = ($world->mail($busy), $world->mail($drop));
for (1 .. 4)
{
	$world->settle('courier');
	$world->advance(4 * 3600);
}
is(becomes($busy_mail, 'PARKED'), 'PARKED', 'after the last attempt a mail is parked');
is(becomes($drop_mail, 'PARKED'), 'PARKED', 'and so is one whose connection broke each time');
is($world->sql(q{SELECT count(*) FROM skillancer.parked WHERE kind = 'mail'}), 2, 'operators see both');

# slow and dead servers delay nobody
$world->mail($slow);
sleep 0.5;
my $begin = time;
is(becomes($world->mail($pat), 'SENT'), 'SENT', 'a mail beside a slow one');
cmp_ok(time - $begin, '<', 1.8, 'does not wait for it');
my $port = server(sub {
	my ($client, $n) = @_;
	while ($n % 2) { print $client "220-one moment\r\n" or POSIX::_exit(0); sleep 0.3 }
	sleep 600;
});
talk_to($port);
my @stuck = map { $world->mail($pat) } 1 .. 5;
is($world->wait_sql(q{SELECT count(*) FROM skillancer.mail WHERE state = 'SENDING'}, 5, 5), 5, 'a server that never answers, or never ends its greeting');
$begin = time;
is($world->sql('SELECT 1'), 1, 'holds no transaction');
# one of its turns may be caught, one that lasts as long as the deliveries would always be
is($world->wait_sql(q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'skillancer courier'
	AND (xact_start IS NOT NULL OR backend_xmin IS NOT NULL)}, 0, 3), 0, 'the courier has none open meanwhile');
is($world->wait_sql(q{SELECT count(*) FROM skillancer.mail WHERE state = 'QUEUED' AND last_error ~ 'timed out'}, 5, 15), 5,
	'each delivery ends after its time');
cmp_ok(time - $begin, '<', 8, 'all at once');

# a greeting that comes late, and one that says no
talk_to(server(sub { my ($client, $n) = @_; sleep 1.5 if $n == 1; converse($client) }));
my $late = $world->mail($pat);
becomes($late, 'SENDING', 5);
$begin = time;
is(becomes($world->mail($pat), 'SENT'), 'SENT', 'a mail beside one that waits for its greeting');
is(state($late), 'SENDING', 'does not wait for that');
is(becomes($late, 'SENT'), 'SENT', 'which is sent, once it is greeted');
is($world->sql("SELECT attempts FROM skillancer.mail WHERE id = '$late'"), 1, 'at the first attempt');
for my $no ("554 no service here\r\n", "421 too busy\r\n")
{
	my ($code) = $no =~ /^(\d+)/;
	talk_to(server(sub { converse($_[0], '' => $no) }));
	$mail = $world->mail($pat);
	is($world->wait_sql("SELECT state, code FROM skillancer.mail WHERE id = '$mail' AND last_error IS NOT NULL", "QUEUED|$code"),
		"QUEUED|$code", "a greeting of $code is no word about the mail: it waits");
}
for (['RCPT', 530, 'QUEUED'], ['RCPT', 552, 'QUEUED'], ['MAIL', 550, 'QUEUED'], ['\.\r', 554, 'BOUNCED'])
{
	my ($where, $code, $state) = @$_;
	talk_to(server(sub { converse($_[0], $where => "$code no\r\n") }));
	$mail = $world->mail($pat);
	is($world->wait_sql("SELECT state, code FROM skillancer.mail WHERE id = '$mail' AND last_error IS NOT NULL", "$state|$code"),
		"$state|$code", "$code to " . ($where =~ /[A-Z]/ ? $where : 'the mail') . ": $state");
}
is($world->sql('SELECT count(*) FROM skillancer.mail_address'), 1, 'none of it is the address\'s fault');

# a server that does not resolve
$world->configure('skillancer.smtp_url' => 'smtp://no-such-host.invalid:25');
$mail = $world->mail($pat);
is($world->wait_sql("SELECT state FROM skillancer.mail WHERE id = '$mail' AND last_error ~* 'resolve|timed out'", 'QUEUED', 15), 'QUEUED',
	'a name that does not resolve');

# TLS is required, and not offered, or offered and refused, or broken by somebody between: no mail goes out in the clear
for (['EHLO', "250 spy\r\n", 'without TLS the mail waits'], ['STARTTLS', "454 not now\r\n", 'when TLS is offered and refused, too'],
	['STARTTLS', "220 go\r\n250 go on in the clear\r\n", 'and when somebody answers in the clear'])
{
	my ($where, $answer, $what) = @$_;
	my $heard = "$world->{base}/heard";
	my %answers = ('EHLO' => "250-spy\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n", $where => $answer);
	talk_to(server(sub {
		my ($client) = @_;
		print $client "220 spy\r\n";
		while (<$client>)
		{
			open my $log, '>>', $heard or die;
			print $log $_;
			close $log;
			my ($key) = /^(EHLO|STARTTLS)/;
			print $client $key ? $answers{$key} : "250 ok\r\n";
		}
	}), 'skillancer.smtp_require_tls' => 'on', 'skillancer.smtp_user' => 'shop', 'skillancer.smtp_password' => 'open sesame');
	$mail = $world->mail($pat);
	is($world->wait_sql("SELECT state FROM skillancer.mail WHERE id = '$mail' AND last_error IS NOT NULL", 'QUEUED', 10), 'QUEUED', $what);
	my $seen = do { local (@ARGV, $/) = $heard; <> };
	like($seen, qr/^EHLO/, 'they did talk');
	unlike($seen, qr/MAIL FROM|RCPT|DATA|AUTH/, 'and nothing of it was said');
	unlink $heard;
}

# kill -9 of the courier during a delivery
talk_to($port, 'skillancer.smtp_require_tls' => 'off', 'skillancer.smtp_user' => '', 'skillancer.smtp_password' => '');
$mail = $world->mail($pat);
is(becomes($mail, 'SENDING'), 'SENDING', 'a mail is under way');
my $before = scalar received('pat@example.org');
kill 'KILL', $world->sql(q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'skillancer courier'});
sleep 0.5;
$world->wait_sql('SELECT 1', 1, 20);
$world->worker('courier');
$world->configure('skillancer.smtp_url' => $sink);
is(state($mail), 'SENDING', 'after a crash it is still leased');
$world->advance(3600);
is(becomes($mail, 'SENT'), 'SENT', 'when the lease is over it is sent');
is(scalar(grep { /Message-ID: <$mail/ } received('pat@example.org')), 1, 'once');

# fast shutdown while a server hangs
talk_to($port, 'skillancer.courier_timeout' => '600s');
$world->mail($pat) for 1 .. 3;
is($world->wait_sql(q{SELECT count(*) FROM skillancer.mail WHERE state = 'SENDING'}, 3, 10), 3, 'mails hang');
cmp_ok($world->stop_server, '<', 10, 'the server stops at once all the same');
END { kill 'KILL', map { -$_ } @servers if @servers }
done_testing;
