#!/bin/bash
# test/lint/check_files.sh
#	Shape of files and functions: a header comment that names the file, at most 800 lines a file, fewer than 100 a C
#	function, no word that marks unfinished work, no space at the end of a line.
status=0
complain() {
	echo "$*"
	status=1
}

for file in $(git ls-files '*.c' '*.h' '*.sql' '*.sh' '*.py' '*.mjs' '*.js' '*.spec' '*.def' | grep -v '^migrations/released/'); do
	lines=$(wc -l <"$file")
	[ "$lines" -le 800 ] || complain "$file has $lines lines"
	case $file in
		*/types/currencies.def) continue ;;
	esac
	# a script may be made of its name alone; SQL of the schema layer says what, in its first comment
	case $file in
		test/sql/* | migrations/* | sql/*/views.sql | sql/*/triggers.sql | sql/*/policies.sql | sql/*/grants.sql | sql/*/builtin*.sql)
			head -n 3 "$file" | grep -qE '^(--|/\*)' || complain "$file has no header comment" ;;
		*) head -n 6 "$file" | grep -qE "(^|[^a-z_])$(basename "$file" | sed 's/[.]/[.]/g')" ||
			complain "$file has no header comment that names it" ;;
	esac
done

for file in $(git ls-files '*.c' | grep -v '^test/'); do
	awk -v file="$file" '
		/^\{/ { start = NR }
		/^\}/ { if (start && NR - start - 1 >= 100) printf "%s:%d: function of %d lines\n", file, start, NR - start - 1
			start = 0 }' "$file"
done | grep . && status=1

git ls-files | grep -vE '^(test/lint/|migrations/released/)|package-lock.json$' | xargs grep -nIE '\b(TODO|FIXME|XXX|HACK)\b|not implemented|[Pp]laceholder([^=:]|$)' &&
	status=1
git ls-files | grep -vE '\.(out|diff|pem|tsv)$|^migrations/released/' | xargs grep -nIE '[[:blank:]]+$' && status=1
exit $status
