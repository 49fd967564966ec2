#!/bin/bash
# test/lint/check_spelling.sh
#	codespell over everything written by hand.
command -v codespell >/dev/null || { echo "codespell is missing"; exit 1; }
git ls-files | grep -vE '\.out$|package-lock\.json$|^migrations/released/|^test/fuzz/|\.dict$|common_passwords\.def$|_de\.sql$' |
	xargs codespell --ignore-words test/lint/words.txt
