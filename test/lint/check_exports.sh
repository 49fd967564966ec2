#!/bin/bash
# test/lint/check_exports.sh
#	Every symbol with external linkage in the extension starts with skl_, and skillancer.so shows nothing else.
make -s -C extension >/dev/null || exit 1
bad=$(find extension bgworkers -name '*.o' -exec nm -A --defined-only -g {} + |
	awk '$NF !~ /^(skl_|pg_finfo_skl_|Pg_magic_func$|_PG_init$)/')
shown=$(nm -D --defined-only extension/skillancer.so | awk '$NF !~ /^(skl_|pg_finfo_skl_|Pg_magic_func$|_PG_init$)/')
[ -z "$bad$shown" ] || { echo "$bad"; echo "$shown"; exit 1; }
