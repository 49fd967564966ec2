#!/bin/bash
# test/lint/check_generated.sh
#	docs/configuration.md and docs/errors.md are what the bridge prints of its tables; "make docs" writes them.
bridge=http-bridge/skillancer-bridge
make -s -C http-bridge >/dev/null || { echo "the bridge does not build"; exit 1; }
status=0
for page in configuration:markdown errors:errors; do
	file=docs/${page%%:*}.md
	if ! found=$(diff -u "$file" <("$bridge" --help="${page##*:}") 2>&1); then
		echo "$file is stale: make docs"
		echo "$found" | head -20
		status=1
	fi
done
exit $status
