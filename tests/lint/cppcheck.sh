#!/bin/sh
# lint.cppcheck: no warning, performance or portability finding. cppcheck.sh SOURCE-DIR WORK-DIR
mkdir -p "$2/cppcheck"
cache=$(cd "$2/cppcheck" && pwd)
cd "$1" || exit 1
command -v cppcheck >/dev/null || { echo "skipped: no cppcheck"; exit 77; }
# The cache makes a run after a small change quick. System headers are not searched: missingIncludeSystem.
exec cppcheck --quiet --std=c11 --language=c -j 2 --enable=warning,performance,portability --error-exitcode=1 \
    --inline-suppr --suppress=missingIncludeSystem --cppcheck-build-dir="$cache" -D_GNU_SOURCE -I src src datasets
