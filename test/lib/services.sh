# test/lib/services.sh
#	The programs around the cluster: sinks of mail and webhooks, and the bridge. Sourced after cluster.sh; needs
#	$SKL_PORT, $SKL_STREAM_PORT, $SKL_ADMIN_PORT and $SKL_SMTP_PORT, start_webhook_sink() needs $SKL_WEBHOOK_PORT. SKL_BRIDGE names another program than the built bridge.

PYTHON=/usr/bin/python3
[ -x $PYTHON ] || PYTHON=$(command -v python3)

start_sink() {
	cp "$SKL_ROOT/test/sinks/smtp_sink.py" "$dir/stage/smtp_sink.py"
	make_dir "$dir/mail" 755
	start_daemon sink "$PYTHON" "$dir/stage/smtp_sink.py" "$dir/mail" "$SKL_SMTP_PORT"
}

start_webhook_sink() {
	[ -n "$SKL_WEBHOOK_PORT" ] || return 0 # a world of before there was one
	cp "$SKL_ROOT/test/sinks/webhook_sink.py" "$dir/stage/webhook_sink.py"
	make_dir "$dir/webhooks" 755
	start_daemon webhook-sink "$PYTHON" "$dir/stage/webhook_sink.py" "$dir/webhooks" "$SKL_WEBHOOK_PORT"
}

# the people of a world, e-mail addresses verified, all with the password $SKL_PASSWORD
SKL_PASSWORD='Correct-horse-7'

make_people() {
	world_psql -d "$SKL_PGDATABASE" -o /dev/null <<-SQL
		SELECT skillancer.create_admin('admin@world.test', '$SKL_PASSWORD', 'Ada Admin');
		SELECT skillancer.email_verified(skillancer.create_account(p.email, p.name,
			skillancer.password_hash('$SKL_PASSWORD'), p.roles))
		FROM (VALUES ('client@world.test', 'Clara Client', '{CLIENT}'::text[]),
			('freelancer@world.test', 'Frank Freelancer', '{FREELANCER}'),
			('stranger@world.test', 'Sam Stranger', '{CLIENT,FREELANCER}')) AS p (email, name, roles);
		SELECT skillancer.connects_give(a.id, 20000, 'enough for every test') FROM skillancer.user_account a
		WHERE a.email IN ('freelancer@world.test', 'stranger@world.test');
	SQL
}

# the access token of one of them
sign_in() {
	curl -fsS -X POST -H 'Content-Type: application/json' -d "{\"email\":\"$1@world.test\",\"password\":\"$SKL_PASSWORD\"}" \
		"http://127.0.0.1:$SKL_PORT/v1/auth/login" | sed -n 's/.*"accessToken" *: *"\([^"]*\)".*/\1/p'
}

SKL_BRIDGE=${SKL_BRIDGE:-$SKL_ROOT/http-bridge/skillancer-bridge}

have_bridge() {
	[ -x "$SKL_BRIDGE" ]
}

# the bridge's configuration file; further lines are read from standard input
configure_bridge() {
	make_dir "$dir/keys"
	make_dir "$dir/media"
	mkdir -p "$dir/stage/bin"
	cp -f "$SKL_BRIDGE" "$dir/stage/bin/skillancer-bridge.new"
	mv -f "$dir/stage/bin/skillancer-bridge.new" "$dir/stage/bin/skillancer-bridge"
	{
		cat <<-CONF
			listen_address = 127.0.0.1
			port = $SKL_PORT
			stream_port = $SKL_STREAM_PORT
			admin_listen = 127.0.0.1:$SKL_ADMIN_PORT
			database = host=$dir/socket port=$SKL_PGPORT dbname=$SKL_PGDATABASE user=skillancer_bridge
			jwt_key_dir = $dir/keys
			media_dir = $dir/media
			public_url = http://127.0.0.1:$SKL_PORT
		CONF
		cat
	} | as_user tee "$dir/bridge.conf" >/dev/null
	if ! ls "$dir"/keys/*.pem >/dev/null 2>&1; then
		as_user "$dir/stage/bin/skillancer-bridge" --config "$dir/bridge.conf" --make-key >>"$dir/log/bridge.log" 2>&1
	fi
}

start_bridge() {
	start_daemon bridge "$dir/stage/bin/skillancer-bridge" --config "$dir/bridge.conf"
	wait_for 10 curl -fsS -o "$dir/live" "http://127.0.0.1:$SKL_PORT/health/live" ||
		{ tail -20 "$dir/log/bridge.log" >&2; die "the bridge did not start"; }
	wait_for 20 curl -fsS -o "$dir/ready" "http://127.0.0.1:$SKL_PORT/health/ready" ||
		{ grep -a '"event"' "$dir/log/bridge.log" | tail -2 >&2; echo "the bridge runs, but is not ready" >&2; }
}
