# test/lib/cluster.sh
#	Shell functions around one private PostgreSQL cluster with the staged extension: used by test/world, test/run
#	and make run. Needs $SKL_ROOT (checkout) and $dir (where the cluster lives).
#
#	$dir/stage	the build, installed by DESTDIR: nothing of the system is touched
#	$dir/data	the cluster; $dir/socket its socket; $dir/log its log
#
#	The server never runs as root: root starts it as postgres, anybody else as himself.

PG_CONFIG=${PG_CONFIG:-pg_config}
PG_BIN=$($PG_CONFIG --bindir)
PG_SHAREDIR=$($PG_CONFIG --sharedir)
PG_PKGLIBDIR=$($PG_CONFIG --pkglibdir)

if [ "$(id -u)" = 0 ]; then
	SKL_OS_USER=postgres
else
	SKL_OS_USER=$(id -un)
fi

die() {
	echo "$*" >&2
	exit 1
}

# run a command as the unprivileged user
as_user() {
	(exec_as_user "$@")
}

# the same in place of this shell
exec_as_user() {
	if [ "$(id -u)" = 0 ]; then
		exec setpriv --reuid postgres --regid postgres --init-groups --no-new-privs env HOME="$dir" "$@"
	fi
	exec "$@"
}

# a directory of the unprivileged user
make_dir() {
	mkdir -p "$1"
	if [ "$(id -u)" = 0 ]; then chown postgres:postgres "$1"; fi
	chmod "${2:-700}" "$1"
}

# psql as superuser in the world's database; all arguments are psql's
world_psql() {
	"$PG_BIN/psql" -X -q -v ON_ERROR_STOP=1 -h "$dir/socket" -p "$SKL_PGPORT" -U postgres "$@"
}

# install the build into $dir/stage; files are replaced by rename, so that a running server keeps its old ones
stage_build() {
	local new=$dir/stage.new
	rm -rf "$new"
	make -s -C "$SKL_ROOT/extension" install DESTDIR="$new" >/dev/null
	(cd "$new" && find . -type d -exec mkdir -p "$dir/stage/{}" \;)
	(cd "$new" && find . -type f -exec mv -f {} "$dir/stage/{}" \;)
	rm -rf "$new"
	chmod -R a+rX "$dir/stage"
}

# initdb and the settings of a test cluster; further settings are read from standard input
init_cluster() {
	as_user "$PG_BIN/initdb" -D "$dir/data" -U postgres -E UTF8 --locale=C.UTF-8 -A trust --no-sync \
		--no-instructions >"$dir/initdb.log" 2>&1 || { cat "$dir/initdb.log" >&2; die "initdb failed"; }
	{
		cat <<-CONF
			listen_addresses = ''
			port = $SKL_PGPORT
			unix_socket_directories = '$dir/socket'
			unix_socket_permissions = 0700
			extension_destdir = '$dir/stage'
			dynamic_library_path = '$dir/stage$PG_PKGLIBDIR:\$libdir'
			max_worker_processes = 24
			max_connections = 200
			shared_buffers = 128MB
			logging_collector = off
			log_line_prefix = '%m [%p] %q%u@%d '
			log_parameter_max_length_on_error = 0
			timezone = 'UTC'
			# compiling takes longer than what tests run
			jit = off
			# tests wait for workers on machines that are busy with other tests
			skillancer.worker_nice = 0
		CONF
		cat
	} | as_user tee "$dir/data/postgresql.auto.skillancer.conf" >/dev/null
	echo "include 'postgresql.auto.skillancer.conf'" | as_user tee -a "$dir/data/postgresql.conf" >/dev/null
}

start_cluster() {
	as_user "$PG_BIN/pg_ctl" -D "$dir/data" -l "$dir/log/postgresql.log" -w -t 120 start >"$dir/pg_ctl.log" 2>&1 9>&- ||
		{ tail -20 "$dir/log/postgresql.log" >&2; die "the server did not start"; }
}

stop_cluster() {
	if [ -f "$dir/data/postmaster.pid" ]; then
		as_user "$PG_BIN/pg_ctl" -D "$dir/data" -m fast -w -t 30 stop >>"$dir/pg_ctl.log" 2>&1 ||
			as_user "$PG_BIN/pg_ctl" -D "$dir/data" -m immediate -w -t 30 stop >>"$dir/pg_ctl.log" 2>&1 || true
	fi
}

# as many TCP ports that nobody listens on
free_ports() {
	perl -MIO::Socket::INET -e '
		my @held = map { IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 1) or die $! } 1 .. shift;
		print join(" ", map { $_->sockport } @held), "\n";' "$1"
}

port_is_free() {
	perl -MIO::Socket::INET -e '
		exit !IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => shift, Listen => 1, ReuseAddr => 1)' "$1"
}

# start a program of the unprivileged user in the background: name, then the command; its pid is $dir/pids/name
start_daemon() {
	local name=$1
	shift
	# no shell in between: it would take the signal and leave the program running
	(exec_as_user setsid "$@" </dev/null >>"$dir/log/$name.log" 2>&1 9>&-) &
	echo $! >"$dir/pids/$name"
	disown $!
}

# end it and wait until it is gone
stop_daemon() {
	local name=$1 pid turn
	[ -f "$dir/pids/$name" ] || return 0
	pid=$(cat "$dir/pids/$name")
	kill -TERM "$pid" 2>/dev/null || true
	for turn in $(seq 1 100); do
		kill -0 "$pid" 2>/dev/null || break
		[ "$turn" -lt 80 ] || kill -KILL "$pid" 2>/dev/null || true
		sleep 0.05
	done
	rm -f "$dir/pids/$name"
}

# run a command again until it succeeds, at most so many seconds
wait_for() {
	local seconds=$1 end
	shift
	end=$((SECONDS + seconds))
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.1
	done
}
