#!/bin/bash
# test/lint/check_tests_run.sh
#	Every file below test/ belongs to a layer that test/run runs, or is a helper of one.
status=0
for file in $(git ls-files test); do
	case $file in
		test/run | test/world | test/demo | test/deps | test/import | test/package.json | test/package-lock.json | test/.npmrc) ;;
		test/lib/* | test/sinks/* | test/lint/* | test/bench/* | test/simulate/* | test/c/* | test/fuzz/* | test/expected/*.out) ;;
		test/sql/*.sql) [ -f "test/expected/$(basename "$file" .sql).out" ] || { echo "$file has no expected output"; status=1; } ;;
		test/specs/*.spec) [ -f "test/expected/$(basename "$file" .spec).out" ] || { echo "$file has no expected output"; status=1; } ;;
		test/pgtap/*.sql) ;;
		test/pgtap/*) ;;
		test/*/*.test.mjs) ;;
		test/rls/*.sql | test/*/lib/* | test/*/*.mjs | test/*/*.tsv | test/*/*.json | test/*/*.md | test/*/*.txt) ;;
		test/rls/* | test/http/* | test/worker/* | test/cluster/* | test/upgrade/* | test/tour/* | test/sanitize/* | test/chaos/*)
			[ -x "$file" ] || { echo "$file is in a directory of tests, but does not run"; status=1; } ;;
		*) echo "$file belongs to no layer of test/run"; status=1 ;;
	esac
done
for file in $(git ls-files 'test/expected/*.out'); do
	name=$(basename "$file" .out)
	[ -f "test/sql/${name%_[0-9]}.sql" ] || [ -f "test/specs/${name%_[0-9]}.spec" ] || { echo "$file belongs to no test"; status=1; }
done
exit $status
