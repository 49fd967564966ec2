#!/bin/bash
# test/lint/check_frozen.sh
#	What is released never changes: released scripts and migrations have the checksums of their release.
[ -f migrations/released/SHA256SUMS ] || exit 0
sha256sum --check --quiet --strict migrations/released/SHA256SUMS || exit 1
for file in migrations/released/*.sql; do
	grep -q "  $file\$" migrations/released/SHA256SUMS || { echo "$file is not in SHA256SUMS"; exit 1; }
done
