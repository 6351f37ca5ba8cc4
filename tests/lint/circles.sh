#!/bin/sh
# lint.circles: no circle of calls ties the files of a room, by the symbols of the objects that were built.
# circles.sh SOURCE-DIR BUILD-DIR [LIST]; LIST (default: circles.txt) names rooms that may have circles for a while.
here=$(cd "$(dirname "$0")" && pwd)
list=$(readlink -f "${3:-$here/circles.txt}")
build=$(cd "$2" && pwd)
command -v nm >/dev/null || { echo "nm is not installed"; exit 77; }
cd "$1" || exit 1
objects=
for source in src/*/*.c; do
    room=${source#src/}
    room=${room%%/*}
    object=src/CMakeFiles/fgad_$room.dir/${source#src/}.o
    # Objects of files that are gone may still lie there: what counts is what has a source.
    [ -f "$build/$object" ] || { echo "$source: is not built, its calls cannot be read (hint: build all, then test)"; exit 1; }
    objects="$objects $object"
done
cd "$build" && nm -A -P -g $objects | awk -f "$here/circles.awk" "$list" -
