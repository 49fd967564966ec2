#!/bin/bash
# test/lint/check_cppcheck.sh
#	cppcheck over our C; headers of PostgreSQL stay out, so macros of theirs are named here.
command -v cppcheck >/dev/null || { echo "cppcheck is missing"; exit 1; }
cppcheck --quiet --error-exitcode=1 --enable=warning,performance,portability --inline-suppr --std=c11 -j"$(nproc)" \
	--suppress=missingInclude --suppress=unknownMacro --suppress=nullPointerRedundantCheck \
	--suppress=uninitvar --suppress=invalidPrintfArgType_sint --suppress=preprocessorErrorDirective \
	-D'PG_FUNCTION_INFO_V1(x)=' -D'PG_MODULE_MAGIC=' -D'StaticAssertDecl(a,b)=' \
	-D'PG_TRY()={' -D'PG_CATCH()=} {' -D'PG_FINALLY()=} {' -D'PG_END_TRY()=}' \
	-I extension $(git ls-files 'extension/*.c' 'bgworkers/*.c' 'http-bridge/*.c')
