#!/bin/sh
# lint.rooms_selftest: plants one wrong include (name, header) at a time into a small right house and wants lint.rooms
# to fail with the line that belongs to it. rooms_selftest.sh WORK-DIR
here=$(cd "$(dirname "$0")" && pwd)
work=$1/rooms_selftest
failed=0

build_house()
{
    rm -rf "$work"
    mkdir -p "$work/src/base" "$work/src/io" "$work/src/data" "$work/src/metrics"
    printf 'base: \nio: base\ndata: base;io\nmetrics: base\n' >"$work/rooms.txt"
    for room in base io data metrics; do
        echo '#include <stddef.h>' >"$work/src/$room/$room.h"
        printf '#include "%s/%s.h"\n#include "base/base.h"\n\n#include <stdio.h>\n' $room $room \
            >"$work/src/$room/${room}_work.c"
    done
    echo '#include "io/io.h"' >"$work/src/io/io_internal.h"
    printf '#include "io/io_internal.h"\n#include <png.h>\n' >"$work/src/io/io_png.c"
    echo '#include "io/io.h"' >>"$work/src/data/data_work.c"
}

# expect FILE LINE-OF-CODE MESSAGE
expect()
{
    build_house
    mkdir -p "$(dirname "$work/$1")"
    echo "$2" >>"$work/$1"
    if output=$(sh "$here/rooms.sh" "$work" "$work/rooms.txt"); then
        echo "lint.rooms passed $1 with '$2'"
        failed=1
    elif ! echo "$output" | grep -qF "$3"; then
        echo "lint.rooms refused $1 with '$2', but said '$output', expected '$3'"
        failed=1
    fi
}

build_house
sh "$here/rooms.sh" "$work" "$work/rooms.txt" || { echo "lint.rooms refuses the right house"; failed=1; }

expect src/io/io_work.c '#include "data/data.h"' \
    "src/io/io_work.c:5: room 'io' may not include room 'data' (it may: base)"
expect src/metrics/metrics_work.c '#include "io/io.h"' "room 'metrics' may not include room 'io'"
expect src/metrics/metrics.h '  #  include "io/io.h"' \
    "src/metrics/metrics.h:2: room 'metrics' may not include room 'io'"
expect src/data/data_work.c '#include "io/io_internal.h"' "\"io/io_internal.h\" is private to room 'io'"
expect src/data/data_work.c '#include "data.h"' '"data.h" is not "room/room.h"'
expect src/data/data_work.c '#include "../io/io.h"' '"../io/io.h" is not "room/room.h"'
expect src/data/data_work.c '#include <png.h>' '<png.h> may not stand in this file'
expect src/io/io_work.c '#include <png.h>' '<png.h> may not stand in this file'
expect src/data/data_work.c '#include <mpi.h>' '<mpi.h> may not stand in this file'
expect src/data/data_work.c '#include <assert.h>' '<assert.h> is not in the table of headers'
expect src/data/data_work.c '#include HEADER' 'an include names its file'
expect src/data/data_more.h '' 'a room has two headers at most'
expect src/data/work.c '' "file names begin with their room, 'data_'"
expect src/cellar/cellar_work.c '' "room 'cellar' is not in the table of rooms"
expect src/data/deep/data_deep.c '' 'a room has no folders inside'

rm -rf "$work"
exit $failed
