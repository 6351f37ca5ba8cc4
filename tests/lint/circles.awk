# Circles of calls among the files of each room. Arguments: circles.txt ("room reason" lines), then "nm -A -P -g" of
# src/CMakeFiles/fgad_<room>.dir/<room>/<file>.c.o. Prints a line a circle and exits 1 when there is any.

FILENAME == ARGV[1] {
    if ($0 ~ /^#/ || NF == 0) next
    reason = $0
    sub(/^[^ ]+ */, "", reason)
    if (reason == "") {
        print ARGV[1] ": room '" $1 "' has no reason"
        breaches++
    }
    exempt[$1] = 1
    next
}

{
    path = $1
    sub(/:$/, "", path)
    count = split(path, parts, "/")
    file = parts[count - 1] "/" parts[count]
    sub(/\.o$/, "", file)
    files[file] = parts[count - 1]
    if ($3 == "U")
        wants[file] = wants[file] " " $2
    else if (!((parts[count - 1], $2) in home))
        home[parts[count - 1], $2] = file
}

# Depth first; state 1: on the way, 2: done. A way that meets itself is a circle.
function visit(file, depth,    names, count, i, target, d, line)
{
    state[file] = 1
    way[depth] = file
    count = split(wants[file], names, " ")
    for (i = 1; i <= count; i++) {
        if (!((files[file], names[i]) in home)) continue
        target = home[files[file], names[i]]
        by[depth] = names[i]
        if (target == file || state[target] == 2) continue
        if (state[target] == 0) {
            visit(target, depth + 1)
            continue
        }
        if (found[file, target]++) continue
        line = ""
        for (d = depth; way[d] != target; d--) line = " -> " way[d] " (" by[d - 1] ")" line
        tied[files[file]] = 1
        if (files[file] in exempt) continue
        print "circle in room '" files[file] "': " target line " -> " target " (" names[i] ")"
        breaches++
    }
    state[file] = 2
}

END {
    for (file in files) if (!state[file]) visit(file, 1)
    for (room in exempt)
        if (!(room in tied)) {
            print ARGV[1] ": room '" room "' has no circle, its line can go"
            breaches++
        }
    if (breaches > 0) print "(hint: move what both files need to a file of its own)"
    exit breaches > 0
}
