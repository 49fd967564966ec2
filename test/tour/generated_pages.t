#!/bin/bash
# test/tour/generated_pages.t
#	docs/machines.md, docs/events.md and docs/settings.md are what the running world says; "make docs" writes them.
cd "$(dirname "$0")/../.." || exit 1
n=0
status=0
for source in docs/generate/*.sql; do
	page=docs/$(basename -s .sql "$source").md
	n=$((n + 1))
	if found=$(psql -X -q -v ON_ERROR_STOP=1 -h "$SKL_PGHOST" -p "$SKL_PGPORT" -U "$SKL_SUPERUSER" -d "$SKL_PGDATABASE" -f "$source" |
		diff -u "$page" - 2>&1); then
		echo "ok $n - $page is fresh"
	else
		status=1
		echo "not ok $n - $page is stale: make docs"
		echo "$found" | head -30 | sed 's/^/# /'
	fi
done
echo "1..$n"
exit $status
