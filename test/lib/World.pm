# test/lib/World.pm
#	A world of its own for a test in Perl: starts it, runs SQL in it, waits for states, takes it down at the end.
package World;

use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Temp qw(tempdir);
use IPC::Open2 qw(open2);
use Time::HiRes qw(sleep time);

# a signal ends the test as exit does, so that its world goes
$SIG{$_} = sub { exit 1 } for qw(INT TERM PIPE);

my $root = abs_path(dirname(__FILE__) . '/../..');

# up(setting, ...) starts a world with further settings of the server
sub up
{
	my ($class, @settings) = @_;
	my $dir = tempdir('skl-worker.XXXXXX', DIR => $ENV{TMPDIR} // '/tmp');
	my $self = bless { dir => "$dir/w", base => $dir, database => 'skillancer' }, $class;

	chmod 0755, $dir;
	my @options = map { ('--conf', $_) } @settings;
	open my $out, '-|', "$root/test/world", 'up', '--dir', $self->{dir}, @options or die $!;
	while (<$out>)
	{
		$self->{$1} = $2 if /^export (\w+)='([^']*)'/;
	}
	close $out or die "the world did not start\n";
	return $self;
}

sub down
{
	my ($self) = @_;
	return if $self->{gone}++;
	system("$root/test/world", 'down', '--dir', $self->{dir});
	rmdir $self->{base};
}

# stop the server the fast way; returns how many seconds that took
sub stop_server
{
	my ($self) = @_;
	my $begin = time;
	$self->disconnect;
	kill 'INT', $self->{SKL_POSTMASTER_PID};
	sleep 0.1 while -e "$self->{dir}/data/postmaster.pid" && time - $begin < 60;
	return time - $begin;
}

# start the server again, after it was killed or with other settings
sub restart
{
	my ($self) = @_;
	$self->disconnect;
	open my $out, '-|', "$root/test/world", 'restart', '--dir', $self->{dir} or die $!;
	1 while <$out>;
	close $out;
	$self->read_env;
}

# where everything is now
sub read_env
{
	my ($self) = @_;
	open my $env, '-|', "$root/test/world", 'env', '--dir', $self->{dir} or die $!;
	while (<$env>)
	{
		$self->{$1} = $2 if /^export (\w+)='([^']*)'/;
	}
	close $env;
}

# start again what has died, and nothing else
sub revive
{
	my ($self) = @_;
	$self->disconnect;
	system("$root/test/world revive --dir $self->{dir} >$self->{base}/revive") == 0 or die "the world did not revive\n";
	unlink "$self->{base}/revive";
	$self->read_env;
}

sub DESTROY { local ($?, $@); $_[0]->down; }

# from now on statements in the world's own database share one connection, which is many times as fast; a server that
# goes takes it along, and the next statement makes another
sub stay_connected { $_[0]->{stays} = 1 }

# forget the connection: before the server goes on purpose, or what nobody may be connected to
sub disconnect { delete $_[0]->{session} }

# a psql of this process that waits for statements
sub session
{
	my ($self) = @_;
	return $self->{session} if $self->{session} && $self->{session}{owner} == $$;
	local $ENV{PGCONNECT_TIMEOUT} = 5;
	local $ENV{PGOPTIONS} = '-c client_min_messages=warning';
	my %session = (owner => $$);
	$session{pid} = open2($session{out}, $session{in}, 'sh', '-c', 'exec psql -XAtq -U postgres -h "$0" -p "$1" -d "$2" 2>&1',
		$self->{SKL_PGHOST}, $self->{SKL_PGPORT}, $self->{database});
	return $self->{session} = \%session;
}

# run SQL in the session, each time as if it were new
sub ask
{
	my ($self, $sql) = @_;
	my $session = $self->session;
	my $mark = 'end of answer ' . ++$self->{asked};
	my $text = '';
	local $SIG{PIPE} = 'IGNORE';
	print { $session->{in} } "RESET ALL;\n$sql\n;\n\\echo $mark\n";
	$session->{in}->flush;
	while (defined(my $line = readline $session->{out}))
	{
		return $text =~ s{\s+\z}{}r if $line eq "$mark\n";
		$text .= $line;
	}
	waitpid $session->{pid}, 0;
	$self->disconnect;
	return $text =~ s{\s+\z}{}r;
}

# run SQL, as superuser unless a role is named; returns its output without decoration, and its errors behind that
sub sql
{
	my ($self, $sql, $database, $role) = @_;
	return $self->ask($sql) if $self->{stays} && !defined $database && !defined $role;
	my @command = ('psql', '-XAtq', '-h', $self->{SKL_PGHOST}, '-p', $self->{SKL_PGPORT}, '-U', $role // 'postgres',
		'-d', $database // $self->{database}, '-c', $sql);
	my $pid = open my $out, '-|';
	die $! unless defined $pid;
	if ($pid == 0)
	{
		open STDERR, '>&', \*STDOUT;
		$ENV{PGCONNECT_TIMEOUT} = 5;
		$ENV{PGOPTIONS} = '-c client_min_messages=warning';
		exec @command or exit 1;
	}
	local $/;
	my $text = <$out> // '';
	close $out;
	$text =~ s{\s+\z}{};
	return $text;
}

# stop the bridge, whose connections a statement on the database would find
sub stop_bridge
{
	my ($self) = @_;
	kill 'TERM', $self->{SKL_BRIDGE_PID} if $self->{SKL_BRIDGE_PID};
	$self->wait_sql(q{SELECT count(*) FROM pg_stat_activity WHERE usename = 'skillancer_bridge'}, 0, 20, 'postgres');
}

# wait until a query answers as expected; returns the last answer when the time is over
sub wait_sql
{
	my ($self, $sql, $expected, $seconds, $database) = @_;
	my $end = time + ($seconds // 20);
	my $answer;
	do
	{
		$answer = $self->sql($sql, $database);
		return $answer if $answer eq $expected;
		sleep($self->{stays} ? 0.02 : 0.1);
	} while (time < $end);
	return $answer;
}

# the pid of a worker of a database, waiting for it
sub worker
{
	my ($self, $worker, $database) = @_;
	my $sql = "SELECT pid FROM skillancer.worker_status WHERE worker = '$worker' AND database = '"
	  . ($database // $self->{database}) . "' AND state IN ('idle', 'running')";
	my $end = time + 20;
	while (time < $end)
	{
		my $pid = $self->sql($sql);
		return $pid if $pid =~ /^\d+$/;
		sleep 0.1;
	}
	return undef;
}

# wait until a worker has done what was committed before
sub settle
{
	my ($self, $worker, $seconds) = @_;
	return $self->sql(sprintf q{SELECT skillancer.wait_for_worker('%s', '%d seconds')}, $worker, $seconds // 30) eq 't';
}

# change a setting of the server
sub set
{
	my ($self, $name, $value) = @_;
	$self->sql("ALTER SYSTEM SET $name = '$value'");
	$self->sql('SELECT pg_reload_conf()');
}

# change settings of the server, and go on when a worker works with them: the one named, or the courier
sub configure
{
	my ($self, %settings) = @_;
	my $worker = delete $settings{worker} // 'courier';
	my $read = $self->sql('SELECT pg_conf_load_time()', $self->{database}); # of a new connection: when the postmaster read them
	$self->set($_, $settings{$_}) for sort keys %settings;
	$self->wait_sql("SELECT pg_conf_load_time() > '$read'", 't', 10, $self->{database});
	my $turns = "(SELECT turns FROM skillancer.worker_slots() WHERE worker = '$worker' AND pid IS NOT NULL
		AND database_oid = (SELECT oid FROM pg_database WHERE datname = current_database()))";
	my $turn = $self->sql("SELECT $turns");
	$self->wait_sql("SELECT $turns > $turn FROM skillancer.wake('$worker')", 't', 10) if $turn =~ /^\d+$/;
}

# move the marketplace's clock forward by so many seconds, beyond what it was moved already
sub advance
{
	my ($self, $seconds) = @_;
	$self->{offset} += $seconds;
	$self->set('skillancer.clock_offset', $self->{offset});
	$self->wait_sql(q{SELECT setting FROM pg_settings WHERE name = 'skillancer.clock_offset'}, $self->{offset}, 5);
}

# a user with a verified address; returns the id
sub person
{
	my ($self, $email, $role) = @_;
	my $hash = '$argon2id$v=19$m=19456,t=2,p=1$YWFhYWFhYWE$YWFhYWFhYWFhYWFh';
	my $id = $self->sql("SELECT skillancer.create_account('$email', 'Pat', '$hash', '{$role}')");
	$self->sql("SELECT skillancer.fire_system('user', '$id'::skillancer.user_id::uuid, 'verify')");
	return $id;
}

# queue a mail; returns its id
sub mail
{
	my ($self, $user, $type) = @_;
	return $self->sql("SELECT skillancer.send_mail('$user'::skillancer.user_id::uuid, '"
		  . ($type // 'verify_email') . q{', '{"token": "t0ken"}')});
}

# what the server wrote to its log
sub log
{
	my ($self) = @_;
	open my $in, '<', "$self->{dir}/log/postgresql.log" or return '';
	local $/;
	return scalar <$in>;
}

1;
