#!/bin/sh
# lint.sizes: README at most 150 lines, a C file at most 700, a header at most 400. sizes.sh SOURCE-DIR
cd "$1" || exit 1
status=0

# limit LINES FILE...
limit()
{
    most=$1
    shift
    for file in "$@"; do
        [ -f "$file" ] || continue
        lines=$(wc -l <"$file")
        [ "$lines" -le "$most" ] && continue
        echo "$file has $lines lines, at most $most (hint: split it by subject)"
        status=1
    done
}

limit 150 README.md
limit 700 $(find src datasets tests -name '*.c')
limit 400 $(find src datasets tests -name '*.h')
exit $status
