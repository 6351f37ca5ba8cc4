# The laws between rooms. Arguments: rooms.txt, headers.txt, then every .c and .h file below src/, as "src/...".
# Prints one line a breach and exits 1 when there is any.

function breach(text)
{
    print text
    breaches++
}

function glob_matches(text, glob,    pattern)
{
    pattern = glob
    gsub(/[.+]/, "[&]", pattern)
    gsub(/\*/, ".*", pattern)
    return text ~ ("^" pattern "$")
}

# src/<room>/<file>: names, and headers at most the public and the private one.
function check_file(path,    parts, count)
{
    count = split(path, parts, "/")
    room = parts[2]
    file = parts[count]
    if (count != 3) breach(path ": a room has no folders inside")
    if (!(room in deps))
        breach(path ": room '" room "' is not in the table of rooms (hint: declare it in src/CMakeLists.txt)")
    if (file in seen) breach(path ": " seen[file] " has the same name")
    seen[file] = path
    if (file ~ /\.h$/ && file != room ".h" && file != room "_internal.h")
        breach(path ": a room has two headers at most, " room ".h and " room "_internal.h")
    if (file ~ /\.c$/ && index(file, room "_") != 1 && path != "src/cli/main.c")
        breach(path ": file names begin with their room, '" room "_'")
}

function check_quoted(header, place,    parts, count)
{
    count = split(header, parts, "/")
    if (count != 2 || (parts[2] != parts[1] ".h" && parts[2] != parts[1] "_internal.h")) {
        breach(place ": \"" header "\" is not \"room/room.h\" or \"room/room_internal.h\"")
        return
    }
    if (parts[1] == room) return
    if (parts[2] == parts[1] "_internal.h")
        breach(place ": \"" header "\" is private to room '" parts[1] "'")
    else if (index(";" deps[room] ";", ";" parts[1] ";") == 0)
        breach(place ": room '" room "' may not include room '" parts[1] "' (it may: " deps[room] ")")
}

function check_outside(header, place,    i, known)
{
    for (i = 1; i <= outside; i++) {
        if (!glob_matches(header, outside_header[i])) continue
        known = 1
        if (glob_matches(FILENAME, outside_path[i])) return
    }
    breach(place ": <" header "> " (known ? "may not stand in this file" : "is not in the table of headers") \
        " (see tests/lint/headers.txt)")
}

FILENAME == ARGV[1] {
    name = $0
    sub(/:.*/, "", name)
    line = $0
    sub(/^[^:]*:[ ]*/, "", line)
    deps[name] = line
    next
}

FILENAME == ARGV[2] {
    if ($0 !~ /^#/ && NF == 2) {
        outside_header[++outside] = $1
        outside_path[outside] = $2
    }
    next
}

FNR == 1 { check_file(FILENAME) }

/^[ \t]*#[ \t]*include/ {
    place = FILENAME ":" FNR
    header = $0
    sub(/^[ \t]*#[ \t]*include[ \t]*/, "", header)
    quote = substr(header, 1, 1)
    header = substr(header, 2)
    sub(/[">].*/, "", header)
    if (quote == "\"") check_quoted(header, place)
    else if (quote == "<") check_outside(header, place)
    else breach(place ": an include names its file")
}

END { exit breaches > 0 }
