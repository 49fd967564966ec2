# test/lib/tap.sh
#	Counting what test programs print. Sourced by test/run, which sets $out, the directory of logs.

passed=0
failed=0

pass_one() {
	passed=$((passed + 1))
}

# a failure that is no line of TAP: what, and the file that says why
fail_one() {
	failed=$((failed + 1))
	echo "not ok - $1"
	[ ! -s "$2" ] || tail -n 40 "$2" | sed 's/^/#   /'
}

# run a program that prints TAP: name, command; a bad exit without a failed test is one more failure
count_tap() {
	local name=$1 log ok bad status=0
	shift
	log=$out/$(echo "$name" | tr '/' '_').log
	"$@" >"$log" 2>&1 || status=$?
	ok=$(grep -cE '^ok [0-9-]' "$log" || true)
	bad=$(grep -cE '^not ok [0-9-]' "$log" || true)
	passed=$((passed + ok))
	failed=$((failed + bad))
	if [ "$status" != 0 ] && [ "$bad" = 0 ]; then
		grep -E -A3 'ERROR|FATAL' "$log" | head -n 60 || true
		fail_one "$name ended with status $status" "$log"
	elif [ "$ok" = 0 ] && [ "$bad" = 0 ]; then
		fail_one "$name printed no test" "$log"
	elif [ "$bad" != 0 ]; then
		echo "# $name: $bad of $((ok + bad)) failed"
		grep -E -A12 '^not ok [0-9-]' "$log" | head -n 150
	fi
}

# a file of node:test; its summary counts the tests inside the tests
count_node() {
	local name=$1 log ok bad status=0
	log=$out/$(echo "$name" | tr '/' '_').log
	timeout -k 10 600 node --test --test-reporter=tap "$name" >"$log" 2>&1 || status=$?
	ok=$(sed -n 's/^# pass \([0-9]*\).*/\1/p' "$log" | tail -n 1)
	bad=$(sed -n 's/^# \(fail\|cancelled\) \([0-9]*\).*/\2/p' "$log" | awk '{ n += $1 } END { print n + 0 }')
	passed=$((passed + ${ok:-0}))
	failed=$((failed + bad))
	if [ "$bad" != 0 ]; then
		echo "# $name: $bad failed"
		grep -E -A25 '^ *not ok\b' "$log" | head -n 200
	elif [ "$status" != 0 ] || [ "${ok:-0}" = 0 ]; then
		fail_one "$name ended with status $status" "$log"
	fi
}

# the report of pg_regress or of the isolation tester, and its differences
count_regress() {
	local log=$1 diffs=$2 ok bad
	ok=$(grep -cE '^(test| +)[ [:alnum:]_-]+ \.\.\. +ok\b' "$log" || true)
	bad=$(grep -cE '\.\.\. .*FAILED' "$log" || true)
	passed=$((passed + ok))
	failed=$((failed + bad))
	if [ "$bad" != 0 ]; then
		grep -E '\.\.\. .*FAILED' "$log"
		head -n 150 "$diffs" 2>/dev/null || true
	elif ! grep -q 'tests passed' "$log"; then
		fail_one "$log" "$log"
	fi
}
