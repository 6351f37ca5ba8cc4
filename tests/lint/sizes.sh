#!/bin/sh
# lint.sizes: README at most 150 lines, src/README.md 80; a C file at most 700, one of src over 400 says why on its first
# line ("Over 400 lines: ...") or in LIST; a header at most 400; a room at most 3500 but those of LIST. sizes.sh SOURCE-DIR [LIST]
here=$(cd "$(dirname "$0")" && pwd)
list=$(readlink -f "${2:-$here/sizes.txt}")
cd "$1" || exit 1
status=0

complain()
{
    echo "$*"
    status=1
}

# limit LINES FILE...
limit()
{
    most=$1
    shift
    for file in "$@"; do
        [ -f "$file" ] || continue
        lines=$(wc -l <"$file")
        [ "$lines" -le "$most" ] || complain "$file has $lines lines, at most $most (hint: split it by subject)"
    done
}

limit 150 README.md
limit 80 src/README.md
limit 700 $(find src datasets tests -name '*.c' 2>/dev/null)
limit 400 $(find src datasets tests -name '*.h' 2>/dev/null)

for file in $(find src -name '*.c'); do
    lines=$(wc -l <"$file")
    said=$(sed -n '1s/.*Over 400 lines: *[a-z].*/reason/p' "$file")$(sed -n "s|^${file#src/}  *||p" "$list")
    if [ "$lines" -gt 400 ] && [ -z "$said" ]; then
        complain "$file has $lines lines, expected at most 400 or 'Over 400 lines: <reason>' on its first line"
    elif [ "$lines" -le 400 ] && [ -n "$said" ]; then
        complain "$file has $lines lines: the reason for more than 400 can go"
    fi
done

for room in src/*/; do
    room=$(basename "$room")
    [ -n "$(find "src/$room" -name '*.[ch]')" ] || continue
    lines=$(cat "src/$room"/*.[ch] | wc -l)
    reason=$(sed -n "s/^$room  *//p" "$list")
    if [ "$lines" -gt 3500 ] && [ -z "$reason" ]; then
        complain "src/$room has $lines lines, at most 3500 (hint: split it by subject, or a reason in $(basename "$list"))"
    elif [ "$lines" -le 3500 ] && [ -n "$reason" ]; then
        complain "$(basename "$list"): src/$room has $lines lines, its line can go"
    fi
done
exit $status
