#!/bin/bash
# test/lint/check_analyzer.sh
#	gcc -fanalyzer over the bridge. Its leak checker loses track of what a structure holds: leaks are for LeakSanitizer.
[ -f http-bridge/Makefile ] || exit 0
flags="-O1 -std=gnu11 -D_GNU_SOURCE -pthread -I$(pg_config --includedir) $(pkg-config --cflags libmicrohttpd jansson libjwt openssl zlib)"
export flags
cd http-bridge || exit 1
git ls-files '*.c' | xargs -P "$(nproc)" -I{} sh -c 'gcc $flags -fanalyzer -Wno-analyzer-malloc-leak -Werror -fdiagnostics-plain-output -c -o /dev/null {} 2>&1 || exit 1'
