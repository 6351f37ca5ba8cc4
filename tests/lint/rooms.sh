#!/bin/sh
# lint.rooms: includes against the table of rooms. rooms.sh SOURCE-DIR ROOMS-TABLE
here=$(cd "$(dirname "$0")" && pwd)
table=$(cd "$(dirname "$2")" && pwd)/$(basename "$2")
cd "$1" || exit 1
find src -name '*.[ch]' | LC_ALL=C sort | LC_ALL=C xargs awk -f "$here/rooms.awk" "$table" "$here/headers.txt"
