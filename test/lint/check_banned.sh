#!/bin/bash
# test/lint/check_banned.sh
#	C functions that are not used here: no bound, no error, or a shell.
files=$(git ls-files 'extension/*.[ch]' 'bgworkers/*.[ch]' 'http-bridge/*.[ch]')
[ -n "$files" ] || exit 0
# shellcheck disable=SC2086
! grep -nE '\b(strcpy|strcat|sprintf|vsprintf|gets|strtok|atoi|atol|atof|alloca|system|popen|rand|srand|random|PQfn|PQescape[A-Za-z]*|tmpnam|mktemp)[[:blank:]]*\(' $files |
	grep -vE ':[[:blank:]]*(\*|/\*|//)' || exit 1
# memory of the server is palloc's; plain parsers and what libcurl holds are the exception
files=$(git ls-files 'extension/core/*.c' 'bgworkers/*.c' | grep -vE '^bgworkers/(http|smtp|transfer|webhook_send).c$')
[ -z "$files" ] || ! grep -nE '\b(malloc|calloc|realloc)[[:blank:]]*\(' $files
