#!/bin/sh
# lint.circles_selftest: a house without circles passes lint.circles; with one planted it fails and names it.
# circles_selftest.sh WORK-DIR
here=$(cd "$(dirname "$0")" && pwd)
work=$1/circles_selftest
failed=0
command -v nm >/dev/null || { echo "nm is not installed"; exit 77; }

# file ROOM/NAME CODE: writes and compiles src/ROOM/ROOM_NAME.c
file()
{
    room=${1%/*}
    source=src/$room/${room}_${1#*/}.c
    object=src/CMakeFiles/fgad_$room.dir/$room/${room}_${1#*/}.c.o
    mkdir -p "$work/src/$room" "$work/$(dirname "$object")"
    echo "$2" >"$work/$source"
    "${CC:-cc}" -c -o "$work/$object" "$work/$source" || exit 1
}

build_house()
{
    rm -rf "$work"
    mkdir -p "$work"
    echo '# none' >"$work/list.txt"
    file io/top 'void io_middle(void); void io_bottom(void); void io_top(void) { io_middle(); io_bottom(); }'
    file io/middle 'void io_bottom(void); static void twin(void) {} void io_middle(void) { twin(); io_bottom(); }'
    file io/bottom 'static void twin(void) {} extern int puts(const char *); void io_bottom(void) { twin(); puts(""); }'
    # Another room may call io, and have a circle only if it is exempt.
    file data/top 'void io_top(void); void data_top(void) { io_top(); }'
}

# expect MESSAGE: lint.circles fails with it.
expect()
{
    if output=$(sh "$here/circles.sh" "$work" "$work" "$work/list.txt"); then
        echo "lint.circles passed, expected '$1'"
        failed=1
    elif ! echo "$output" | grep -qE -- "$1"; then
        echo "lint.circles said '$output', expected '$1'"
        failed=1
    fi
}

pass()
{
    sh "$here/circles.sh" "$work" "$work" "$work/list.txt" || { echo "lint.circles refuses $1"; failed=1; }
}

build_house
pass "the right house"

file io/bottom 'void io_top(void); void io_bottom(void) { io_top(); }'
expect "circle in room 'io': .*io/io_(top|middle|bottom).c"
echo 'io is being mended' >"$work/list.txt"
pass "a circle with a reason"
echo 'io' >"$work/list.txt"
expect "room 'io' has no reason"

build_house
file io/middle 'void io_bottom(void); void io_middle(void) { io_bottom(); }'
file io/bottom 'void io_middle(void); void io_bottom(void) { io_middle(); }'
expect "circle in room 'io': io/io_(middle|bottom).c -> io/io_(middle|bottom).c \(io_(middle|bottom)\) -> "

# A table of functions is a call, too.
build_house
file io/bottom 'void io_top(void); void (*const io_table[])(void) = {io_top}; void io_bottom(void) {}'
expect "\(io_top\)"

build_house
echo 'data was tied once' >"$work/list.txt"
expect "room 'data' has no circle, its line can go"

build_house
file io/gone 'void io_top(void); void io_bottom(void) { io_top(); }'
rm "$work/src/io/io_gone.c"
pass "the object of a file that is gone"
echo 'void io_new(void);' >"$work/src/io/io_new.c"
expect "io_new.c: is not built"

rm -rf "$work"
exit $failed
