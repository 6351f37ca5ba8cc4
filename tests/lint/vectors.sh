#!/bin/sh
# lint.vectors: exp, erf, GELU and softmax are computed eight at a time where they are compiled for x86-64-v3 with this build's
# own flags. (GCC without -fno-trapping-math does so only where AVX-512 has masks.) vectors.sh BUILD-DIR WORK-DIR
[ "$(uname -m)" = x86_64 ] || { echo "skipped: not an x86-64 machine"; exit 77; }
command -v objdump >/dev/null || { echo "skipped: no objdump"; exit 77; }
mkdir -p "$2" || exit 1
work=$(cd "$2" && pwd)
cd "$1" || exit 1
status=0

# vectors FILE FUNCTION:LEAST...: multiplies of eight floats that each function of src/ops/FILE has at least
vectors()
{
    file=$1
    shift
    command=$(sed -n 's|^ *"command": "\(.*/src/ops/'"$file"'\)",*$|\1|p' compile_commands.json)
    command=$(echo "$command" | sed "s| -march=[^ ]*||; s| -o [^ ]*| -march=x86-64-v3 -o $work/$file.o|")
    $command || { echo "$file cannot be compiled for x86-64-v3 by: $command"; exit 1; }
    objdump -d --no-show-raw-insn "$work/$file.o" | awk -v file="$file" -v wanted="$*" '
        />:$/ { name = $2; gsub(/[<>:]/, "", name) }
        /vmulps .*%ymm/ { found[name]++ }
        END {
            for (n = split(wanted, pair, " "); n > 0; n--) {
                split(pair[n], want, ":")
                if (found[want[1]] >= want[2]) continue
                printf "%s: %s has %d packed multiplies for x86-64-v3, expected at least %d", file, want[1], found[want[1]], want[2]
                print " (hint: -fno-trapping-math on room ops; no branch and no call in the loop)"
                wrong = 1
            }
            exit wrong
        }' || status=1
}

# Degrees of the polynomials: exp 8 multiplies, erf 9 and 8 more; ops_activate has GELU and QuickGELU with and without slope.
vectors ops_activation.c ops_exp:8 ops_erf:24 ops_activate:80
vectors ops_softmax.c ops_softmax_row:8
exit $status
