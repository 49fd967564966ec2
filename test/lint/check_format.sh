#!/bin/bash
# test/lint/check_format.sh
#	Every C file is as clang-format 14 writes it.
formatter=$(command -v clang-format-14 || command -v clang-format) || { echo "clang-format is missing"; exit 1; }
git ls-files '*.c' '*.h' | xargs -r "$formatter" --dry-run --Werror 2>&1 | grep -E 'error:' | sed 's/error: code should.*/not formatted/'
[ "${PIPESTATUS[1]}" = 0 ]
