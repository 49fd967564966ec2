#!/bin/bash
# test/lint/check_includes.sh
#	Who may include whom: types -> core -> areas -> bgworkers; an area never another area; the bridge nothing of ours
#	but errors.def. Every C file of the extension includes skl.h first, except those that compile without PostgreSQL.
status=0

# path:line:included file, for every include of ours
ours() {
	git ls-files "$1" | xargs -r grep -nE '^#include "' | sed -E 's/^([^:]+):[0-9]+:#include "([^"]+)".*/\1 \2/'
}

complain() {
	echo "$1 must not include $2"
	status=1
}

while read -r file header; do
	layer=$(echo "$file" | sed -E 's#^extension/([a-z]+)/.*#\1#; t; s#^bgworkers/.*#bgworkers#; t; s#.*#top#')
	target=${header%%/*}
	case $header in
		../*) complain "$file" "$header by a relative path" ;;
		types/* | core/* | user/* | project/* | booking/* | payment/* | notification/* | search/* | media/* | analytics/* | bgworkers/*) ;;
		*) continue ;;
	esac
	case $layer in
		types) [ "$target" = types ] || complain "$file" "$header" ;;
		core) case $target in types | core) ;; *) complain "$file" "$header" ;; esac ;;
		top | bgworkers) ;;
		*) case $target in types | core | "$layer") ;; *) complain "$file" "$header" ;; esac ;;
	esac
done < <(ours 'extension/*.[ch]'; ours 'bgworkers/*.[ch]')

while read -r file header; do
	case $header in
		../extension/errors.def) ;;
		*../* | *extension/* | postgres.h | skl.h) complain "$file" "$header" ;;
	esac
done < <(ours 'http-bridge/*.[ch]')

for file in $(git ls-files 'extension/*.c' 'bgworkers/*.c'); do
	first=$(grep -m1 '^#include' "$file")
	[ "$first" = '#include "skl.h"' ] && continue
	if grep -qE '^#include "(postgres|fmgr)\.h"|^#include "(utils|catalog|executor)/' "$file"; then
		echo "$file: includes PostgreSQL without skl.h first"
		status=1
	fi
done

for file in $(git ls-files 'extension/*.c' 'bgworkers/*.c'); do
	[ "$file" = extension/core/spi.c ] && continue
	if grep -nE '\bSPI_(connect|finish|prepare|exec|execute|execp|execute_plan|keepplan)[a-z_]*\(' "$file"; then
		echo "$file: only core/spi.c calls SPI"
		status=1
	fi
done
exit $status
