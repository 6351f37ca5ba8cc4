#!/bin/sh
# lint.sizes_selftest: plants one thing too large at a time and wants lint.sizes to name it. sizes_selftest.sh WORK-DIR
here=$(cd "$(dirname "$0")" && pwd)
work=$1/sizes_selftest
failed=0

# lines NUMBER FIRST-LINE
lines()
{
    echo "$2"
    yes '' | head -n $(($1 - 1))
}

build_house()
{
    rm -rf "$work"
    mkdir -p "$work/src/io" "$work/src/data"
    lines 150 '# fgad' >"$work/README.md"
    lines 400 '/* Pictures. */' >"$work/src/io/io_image.c"
    lines 401 '/* A table. Over 400 lines: it is one table. */' >"$work/src/io/io_table.c"
    lines 400 '#pragma once' >"$work/src/data/data.h"
    for i in 1 2 3 4 5 6 7 8; do lines 400 '/* One. */' >"$work/src/io/io_$i.c"; done
    echo 'io one file a format' >"$work/list.txt"
}

# expect MESSAGE
expect()
{
    if output=$(sh "$here/sizes.sh" "$work" "$work/list.txt"); then
        echo "lint.sizes passed, expected '$1'"
        failed=1
    elif [ "$output" != "$1" ]; then
        echo "lint.sizes said '$output', expected '$1'"
        failed=1
    fi
    build_house
}

build_house
sh "$here/sizes.sh" "$work" "$work/list.txt" || { echo "lint.sizes refuses the right house"; failed=1; }

lines 151 '# fgad' >"$work/README.md"
expect 'README.md has 151 lines, at most 150 (hint: split it by subject)'
lines 81 '# src' >"$work/src/README.md"
expect 'src/README.md has 81 lines, at most 80 (hint: split it by subject)'
lines 401 '/* Masks. */' >"$work/src/data/data_mask.c"
expect "src/data/data_mask.c has 401 lines, expected at most 400 or 'Over 400 lines: <reason>' on its first line"
lines 401 '/* Masks. Over 400 lines: */' >"$work/src/data/data_mask.c"
expect "src/data/data_mask.c has 401 lines, expected at most 400 or 'Over 400 lines: <reason>' on its first line"
lines 400 '/* A table. Over 400 lines: it is one table. */' >"$work/src/io/io_table.c"
expect 'src/io/io_table.c has 400 lines: the reason for more than 400 can go'
echo 'data/data_mask.c is being split' >>"$work/list.txt"
lines 400 '/* Masks. */' >"$work/src/data/data_mask.c"
expect 'src/data/data_mask.c has 400 lines: the reason for more than 400 can go'
lines 701 '/* Masks. Over 400 lines: it is one table. */' >"$work/src/data/data_mask.c"
expect 'src/data/data_mask.c has 701 lines, at most 700 (hint: split it by subject)'
lines 401 '#pragma once' >"$work/src/data/data.h"
expect 'src/data/data.h has 401 lines, at most 400 (hint: split it by subject)'
echo '# none' >"$work/list.txt"
expect 'src/io has 4001 lines, at most 3500 (hint: split it by subject, or a reason in list.txt)'
echo 'data was large once' >>"$work/list.txt"
expect 'list.txt: src/data has 400 lines, its line can go'

rm -rf "$work"
exit $failed
