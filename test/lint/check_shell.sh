#!/bin/bash
# test/lint/check_shell.sh
#	Shell scripts parse, and shellcheck has nothing to say where it is installed.
status=0
for file in $(git ls-files); do
	[ -f "$file" ] && head -c 20 "$file" | grep -qE '^#!/bin/(ba)?sh' || continue
	bash -n "$file" || status=1
	! command -v shellcheck >/dev/null || shellcheck -x -S warning -e SC2046,SC2034,SC1091,SC2283 "$file" || status=1
done
exit $status
