#!/usr/bin/perl
# test/worker/webhooks.t
#	Webhooks arrive whatever receivers do, at no address of ours, and nothing waits for a dead one: names that lead inside,
#	or do so the next time, certificates, redirects, endless answers, order, the schedule, the breaker, crashes, shutdown.
#
#	Runs in a mount namespace of its own where it may, with names of its own in /etc/hosts and a name server of its own.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Temp qw(tempdir);
use IO::Select;
use IO::Socket::INET;
use IO::Socket::IP;
use JSON::PP;
use Test::More;
use Time::HiRes qw(sleep time);
use World;

my $scratch = tempdir('skl-hooks.XXXXXX', TMPDIR => 1, CLEANUP => 1);
my $named = $ENV{SKL_NAMED};

sub put
{
	my ($file, $text) = @_;
	open my $out, '>', $file or die "$file: $!";
	print $out $text;
	close $out;
}

if (!$named && system("unshare -m true 2>$scratch/unshare") == 0)
{
	put("$scratch/hosts", "127.0.0.1 localhost good.hooks.test\n10.11.12.13 private.hooks.test\n::1 six.hooks.test\n169.254.169.254 meta.hooks.test\n"
	  . "::ffff:10.0.0.1 mapped.hooks.test\n0.0.0.0 zero.hooks.test\n10.0.0.1 mixed.hooks.test\n127.0.0.1 mixed.hooks.test\n");
	put("$scratch/resolv.conf", "nameserver 127.9.8.7\noptions timeout:5 attempts:2\n");
	put("$scratch/nsswitch.conf", "hosts: files dns\n");
	$ENV{SKL_NAMED} = 1;
	exec 'unshare', '-m', 'sh', '-c', 'for file in hosts resolv.conf nsswitch.conf; do mount --bind "$0/$file" /etc/$file || exit 1; done; exec "$@"',
		$scratch, $^X, $0;
}

# what the environment says of proxies is nothing to go by
put("$scratch/.curlrc", qq{noproxy = "*"\n});
$ENV{CURL_HOME} = $scratch; # of the curl that looks whether the world is up
$ENV{$_} = 'http://127.0.0.1:1' for qw(http_proxy https_proxy all_proxy ALL_PROXY);
my $world = World->up('skillancer.webhook_timeout = 2s', 'skillancer.webhook_concurrency = 16', 'skillancer.courier_naptime = 100ms',
	q{skillancer.webhook_allow = '127.0.0.1'});
$world->stay_connected;
delete $ENV{$_} for qw(http_proxy https_proxy all_proxy ALL_PROXY);
my $sink = $world->{SKL_WEBHOOK_URL};
my ($port) = $sink =~ /:(\d+)$/;

# inside: nothing may connect to these
my @traps = map { IO::Socket::IP->new(LocalHost => $_, LocalPort => $port, Listen => 20) // () } '127.0.0.2', '::1';
sub nobody_came { return !IO::Select->new(@traps)->can_read(0) }
my $pat = $world->person('pat@example.org', 'CLIENT');

# an endpoint as the API makes it, but for the check of its URL
sub hook
{
	my ($url, $events) = @_;
	$events //= 'user.updated';
	my $id = $world->sql("INSERT INTO skillancer.webhook (user_id, url, events) VALUES ('$pat', '$url', '{$events}') RETURNING id");
	$world->sql("INSERT INTO skillancer.webhook_health (webhook_id, user_id) VALUES ('$id', '$pat');
		INSERT INTO skillancer.webhook_secret (webhook_id, user_id, sealed)
		SELECT '$id', '$pat', m.sealed FROM skillancer.webhook_secret_make('$id'::skillancer.webhook_id::uuid) m");
	return $id;
}

# an event about a thing; returns its id
sub happens
{
	my ($thing) = @_;
	return $world->sql("SELECT skillancer.emit('user.updated', 'user', " . ($thing ? "'$thing'" : 'skillancer.new_id()')
		  . ", '{\"userId\": \"$pat\", \"fields\": []}', ARRAY['$pat'::skillancer.user_id::uuid])::skillancer.event_id");
}

sub becomes
{
	my ($hook, $state, $seconds) = @_;
	return $world->wait_sql("SELECT string_agg(state, ',') FROM skillancer.webhook_delivery WHERE webhook_id = '$hook'", $state, $seconds // 15);
}

sub received
{
	my ($path) = @_;
	open my $in, '<', "$world->{SKL_WEBHOOK_DIR}/index.jsonl" or return;
	return grep { $_->{path} eq $path } map { decode_json($_) } <$in>;
}

sub forget { $world->sql("DELETE FROM skillancer.webhook; DELETE FROM skillancer.webhook_health; DELETE FROM skillancer.webhook_delivery") }

# what receivers do
my %misbehaves = (
	'hang' => [undef, 'no answer in time'], 'drip' => [200, 'the answer did not end in time'],
	'headers' => [200, 'the headers of the answer are too long'], 'redirect' => [301, 'redirects are not followed'],
	'status/500' => [500, ''], 'status/404' => [404, ''], 'drop' => [undef, '*'],
	map { ("redirect/in?to=$_" => [301, 'redirects are not followed']) } "http://127.0.0.2:$port", "gopher://127.0.0.2:$port", 'file:///etc/hosts?');
my %hooks = map { $_ => hook("$sink/$_/x") } keys %misbehaves;
my %fine = map { $_ => hook("$sink/$_/x") } qw(hooks large flood bomb);
my $dead = hook('http://127.0.0.1:1/x');
my $begin = time;
happens();
for my $path (sort keys %fine)
{
	is(becomes($fine{$path}, 'DELIVERED'), 'DELIVERED', "/$path is delivered, in spite of the environment's proxies");
}
cmp_ok(time - $begin, '<', 2, 'and waits for no other one');
is($world->sql("SELECT length(answer) FROM skillancer.webhook_attempt WHERE webhook_id = '$fine{$_}'"), 65536, "the first 64 kB of /$_ are kept")
  for qw(large flood);
cmp_ok($world->sql("SELECT length(answer) FROM skillancer.webhook_attempt WHERE webhook_id = '$fine{bomb}'"), '<', 65536, 'nothing is decompressed');
for my $path (sort keys %misbehaves)
{
	my ($status, $error) = @{$misbehaves{$path}};
	my $got = $world->wait_sql("SELECT count(*) FROM skillancer.webhook_attempt WHERE webhook_id = '$hooks{$path}'", 1, 10);
	my ($s, $e) = split /\|/, $world->sql("SELECT status, error FROM skillancer.webhook_delivery WHERE webhook_id = '$hooks{$path}' AND state = 'QUEUED'"), 2;
	is($s, $status // '', "/$path is a failure: status");
	$error eq '*' ? isnt($e, '', "/$path: reason") : is($e, $error, "/$path: reason");
}
like($world->sql("SELECT error FROM skillancer.webhook_delivery WHERE webhook_id = '$dead'"), qr/connect/i, 'a port where nobody is');
is(scalar(received('/redirect/x')), 1, 'a redirect is not followed');
cmp_ok($world->sql('SELECT max(duration_ms) FROM skillancer.webhook_attempt'), '<', 3500, 'no attempt takes longer than its time');
like($world->sql("SELECT extract(epoch FROM due_at - skillancer.now()) FROM skillancer.webhook_delivery WHERE webhook_id = '$hooks{'status/500'}'"), qr/^[4-6]\d\./, 'the next attempt is in a minute');
forget();

# addresses where nothing may go, by number and by name
my %inside = map { $_ => hook($_) } ('https://10.0.0.1/', 'https://[::1]/', 'https://169.254.169.254/latest/meta-data', 'https://192.168.0.1/',
	'http://8.8.8.8/', 'https://8.8.8.8:22/', 'https://[::ffff:127.0.0.1]/', 'https://[64:ff9b::7f00:1]/', 'https://0.0.0.0/',
	$named ? map { ("https://$_.hooks.test/", "http://$_.hooks.test:8080/") } qw(private six meta mapped zero) : ());
my %outside = map { $_ => hook($_) } $named ? map { "http://$_.hooks.test:$port/named/$_" } qw(good mixed) : ();
my %odd = map { $_ => hook($_) } 'http+unix://%2Ftmp%2Fx/', "gopher://127.0.0.2:$port/", 'file:///etc/hosts', "dict://127.0.0.2:$port/",
	"http://127.0.0.1:$port\@127.0.0.2:$port/";
happens();
for my $url (sort keys %inside)
{
	is($world->wait_sql("SELECT error FROM skillancer.webhook_delivery WHERE webhook_id = '$inside{$url}' AND state = 'QUEUED' AND attempts = 1",
			'the address is not one that webhooks may go to', 10), 'the address is not one that webhooks may go to', "nothing goes to $url");
}
is(becomes($outside{$_}, 'DELIVERED'), 'DELIVERED', "an allowed address is the one that is connected to: $_") for sort keys %outside;
for my $url (sort keys %odd)
{
	is($world->wait_sql("SELECT attempts, status IS NULL AND error <> '' FROM skillancer.webhook_delivery WHERE webhook_id = '$odd{$url}'", '1|t'), '1|t', "nor to $url");
	is($world->sql("SELECT count(*) FROM skillancer.webhook_attempt WHERE webhook_id = '$odd{$url}' AND answer IS NOT NULL"), 0, 'and nothing is read');
}
forget();

# a name server whose answers change, time to live 0: what was resolved and checked is what is connected to
SKIP:
{
	skip 'no name server of our own without root', 1 unless $named;
	put("$scratch/zone", join '', map { "$_\n" } 'steps-in.dns.test A 127.0.0.1 | 127.0.0.2', 'steps-out.dns.test A 127.0.0.2 | 127.0.0.1',
		'both.dns.test A 127.0.0.1', 'both.dns.test AAAA ::1', 'two.dns.test A 127.0.0.2 127.0.0.1', 'six.dns.test AAAA ::1',
		'mapped.dns.test AAAA ::ffff:127.0.0.2', 'alias.dns.test CNAME inside.dns.test', 'inside.dns.test A 127.0.0.2',
		'far.dns.test CNAME near.dns.test', 'near.dns.test CNAME good.dns.test', 'good.dns.test A 127.0.0.1');
	my $server = open my $answers, '-|', 'python3', "$FindBin::Bin/../sinks/name_server.py", '127.9.8.7', "$scratch/zone" or die $!;
	is(scalar(<$answers>), "ready\n", 'a name server');
	my %arrives = ('steps-in' => [1, 0], 'steps-out' => [0, 1], both => [1, 1], two => [1, 1], six => [0, 0], mapped => [0, 0], alias => [0, 0], far => [1, 1]);
	my %named = map { $_ => hook("http://$_.dns.test:$port/dns/$_") } keys %arrives;
	my $nowhere = hook("http://nowhere.dns.test:$port/x");
	for my $round (0, 1)
	{
		my $event = happens();
		for my $name (sort keys %arrives)
		{
			my $expected = $arrives{$name}[$round] ? 'DELIVERED|' : 'QUEUED|the address is not one that webhooks may go to';
			is($world->wait_sql("SELECT state, error FROM skillancer.webhook_delivery WHERE webhook_id = '$named{$name}' AND event_id = '$event'", $expected), $expected,
				"round $round: a name that $name");
		}
		# another courier asks the name server again
		my $pid = $world->worker('courier');
		$world->sql("SELECT pg_terminate_backend($pid, 5000)") if $round == 0;
		$world->wait_sql(q{SELECT pid IS NOT NULL FROM skillancer.worker_status WHERE worker = 'courier'}, 't');
	}
	is(scalar(received("/dns/$_")), $arrives{$_}[0] + $arrives{$_}[1], "and so often it came there: $_") for sort keys %arrives;
	like($world->sql("SELECT string_agg(error, ',') FROM skillancer.webhook_delivery WHERE webhook_id = '$nowhere' AND state = 'QUEUED'"), qr/could not resolve.*could not resolve/i,
		'a name without an address is a failure');
	kill 'KILL', $server;
	my $inside = () = do { local $/; <$answers> } =~ /127\.0\.0\.2|::1/g;
	close $answers;
	cmp_ok($inside, '>=', 8, 'the name server did name addresses inside');
}
ok(nobody_came(), 'where nobody came, in all of this');
forget();

# certificates
my ($cert, $key) = ("$scratch/cert.pem", "$scratch/key.pem");
system("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=hooks -addext subjectAltName=IP:127.0.0.1 -keyout $key -out $cert >$scratch/openssl 2>&1") == 0 or die;
chmod 0755, $scratch;
chmod 0644, $cert;
my $probe = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1) or die $!;
my $tls_port = $probe->sockport;
close $probe;
my $tls = fork // die;
if ($tls == 0)
{
	$world->{gone} = 1;
	exec 'python3', '-c', <<'SERVER', $tls_port, $cert, $key;
import http.server, ssl, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()
    def log_message(self, *args):
        pass
server = http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[2], sys.argv[3])
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
SERVER
}
for (1 .. 100) { last if IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $tls_port); sleep 0.1 }
my $secure = hook("https://127.0.0.1:$tls_port/x");
happens();
like($world->wait_sql("SELECT error ~ 'certificate' FROM skillancer.webhook_delivery WHERE webhook_id = '$secure'", 't', 10), qr/t/, 'a certificate that nobody signed');
$world->configure('skillancer.webhook_ca_file' => $cert);
$world->advance(120);
is(becomes($secure, 'DELIVERED'), 'DELIVERED', 'one that is trusted');
kill 'KILL', $tls;
waitpid $tls, 0;
forget();

# order: the next event about a thing waits for the one before, that about another thing does not
my $flaky = hook("$sink/flaky/1/order");
my $thing = $world->sql('SELECT skillancer.new_id()');
my @ids = (happens($thing), happens($thing));
is($world->wait_sql("SELECT string_agg(state, ',' ORDER BY seq) FROM skillancer.webhook_delivery WHERE webhook_id = '$flaky' AND attempts + (state = 'WAITING')::integer > 0", 'QUEUED,WAITING'), 'QUEUED,WAITING', 'the second waits');
push @ids, happens();
$world->wait_sql("SELECT state FROM skillancer.webhook_delivery WHERE event_id = '$ids[2]'", 'DELIVERED');
$world->advance(120);
is(becomes($flaky, 'DELIVERED,DELIVERED,DELIVERED'), 'DELIVERED,DELIVERED,DELIVERED', 'all are delivered');
is_deeply([map { $_->{headers}{'webhook-id'} } received('/flaky/1/order')], [@ids[0, 2, 0, 1]], 'in the order of each thing');
forget();

# 410, and too many failed events
my $gone = hook("$sink/status/410/x");
happens();
is($world->wait_sql("SELECT state FROM skillancer.webhook WHERE id = '$gone'", 'DISABLED', 10), 'DISABLED', '410 disables');
is($world->wait_sql("SELECT count(*) FROM skillancer.notification WHERE user_id = '$pat' AND type = 'webhook.given_up' AND body LIKE '%status/410%'", 1, 10), 1, 'and the owner is told');
my $broken = hook("$sink/status/503/x");
my $off = hook("$sink/hooks/off");
$world->sql("SELECT skillancer.fire_system('webhook', '$off'::skillancer.webhook_id::uuid, 'give_up', '{\"reason\": \"GONE\", \"url\": \"x\"}')");
happens() for 1 .. 8;
$world->wait_sql("SELECT count(*) FROM skillancer.webhook_delivery WHERE webhook_id = '$broken'", 8);
for my $try (1 .. 30)
{
	$world->sql("UPDATE skillancer.webhook_delivery SET tries = 6 WHERE webhook_id = '$broken' AND state = 'QUEUED' AND tries < 6");
	$world->advance(200000);
	$world->settle('courier');
	last if $world->sql("SELECT state FROM skillancer.webhook WHERE id = '$broken'") eq 'DISABLED';
}
is($world->sql("SELECT w.state, h.reason FROM skillancer.webhook w JOIN skillancer.webhook_health h ON h.webhook_id = w.id WHERE w.id = '$broken'"), 'DISABLED|FAILING', 'seven failed events in a row disable');
is($world->sql("SELECT string_agg(DISTINCT state, ',' ORDER BY state) FROM skillancer.webhook_delivery WHERE webhook_id = '$broken'"), 'DROPPED,FAILED', 'what is left is dropped');
is($world->sql("SELECT count(*) FROM skillancer.webhook_delivery WHERE webhook_id = '$off'"), 0, 'a disabled endpoint gets nothing');
forget();

# dead endpoints delay nobody
my $good = hook("$sink/hooks/good");
happens();
$world->wait_sql("SELECT state FROM skillancer.webhook_delivery WHERE webhook_id = '$good'", 'DELIVERED', 20);
my @dead = map { hook("$sink/hang/$_") } 1 .. 30;
happens(), sleep 0.1 for 1 .. 20;
$world->wait_sql("SELECT count(*) FROM skillancer.webhook_delivery WHERE webhook_id = '$good' AND state = 'DELIVERED'", 21, 20);
cmp_ok($world->sql("SELECT coalesce(percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM settled_at - created_at)), 99)
	FROM skillancer.webhook_delivery WHERE webhook_id = '$good'"), '<', 2, 'a good one beside thirty that hang waits less than two seconds');
forget();

# crashes: the same event under the same id
for my $victim ('courier', 'postmaster', 'shutdown')
{
	my $hook = hook("$sink/hang/$victim");
	my $event = happens();
	is($world->wait_sql("SELECT state FROM skillancer.webhook_delivery WHERE webhook_id = '$hook'", 'SENDING', 10), 'SENDING', "a delivery is under way: $victim");
	$world->sql("UPDATE skillancer.webhook SET url = '$sink/hooks/$victim' WHERE id = '$hook'");
	cmp_ok($world->stop_server, '<', 10, 'which takes seconds') if $victim eq 'shutdown';
	kill 'KILL', $victim eq 'courier' ? $world->sql(q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'skillancer courier'}) : $world->{SKL_POSTMASTER_PID} unless $victim eq 'shutdown';
	sleep 0.5;
	$world->revive if $victim ne 'courier';
	$world->wait_sql('SELECT 1', 1, 20);
	is(becomes($hook, 'DELIVERED', 30), 'DELIVERED', 'and delivered after');
	is_deeply([map { $_->{headers}{'webhook-id'} } received("/hooks/$victim")], [$event], 'under its id');
	forget();
}

# a mute receiver does not hold up DROP DATABASE
hook("$sink/hang/last");
$world->configure('skillancer.webhook_timeout' => '600s');
happens();
is($world->wait_sql("SELECT count(*) FROM skillancer.webhook_delivery WHERE state = 'SENDING'", 1, 10), 1, 'a delivery hangs');
# one of its turns may be caught, one that lasts as long as the delivery would always be
is($world->wait_sql(q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'skillancer courier' AND (xact_start IS NOT NULL OR backend_xmin IS NOT NULL)}, 0, 3), 0, 'no transaction is open meanwhile');
$world->sql('CREATE DATABASE other', 'postgres');
$begin = time;
$world->sql('DROP DATABASE other WITH (FORCE)', 'postgres');
cmp_ok(time - $begin, '<', 10, 'another database is dropped at once');
$begin = time;
$world->stop_bridge;
$world->sql("DROP DATABASE $world->{database} WITH (FORCE)", 'postgres');
cmp_ok(time - $begin, '<', 10, 'and its own database is dropped');
done_testing;
