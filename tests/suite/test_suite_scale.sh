# Ten times as many tasks cost ten times as much: status, resume, reduce and report of runs of 1,000 and of 10,000 task
# files, by the system calls they make and the memory they take at most. Seconds are printed, not judged.
# SCALE_TASKS="100 1000" in the environment: fewer.
. "$(dirname "$0")/lib.sh"
command -v strace > /dev/null || { echo "no strace"; exit 77; }
[ -x /usr/bin/time ] || { echo "no /usr/bin/time"; exit 77; }
demo_data tablet
job="$WORK/job.yaml"

# write_job TASKS: so many grid points of one image's memory
write_job() {
    cat > "$job" <<YAML
name: r$1
dataset: [demo]
data_root: $WORK/data
model: $WORK/model
output: $WORK/out
shots: [1]
seeds: [0]
branches: [vad]
resolution: 32
YAML
    awk -v n="$1" 'BEGIN { printf "sweep: {sigma: ["; for (i = 1; i <= n; i++) printf("%s%g", (i > 1 ? ", " : ""), i / 1000); print "]}" }' >> "$job"
}

# cost NAME TASKS COMMAND...: into $WORK/cost, "NAME TASKS calls kilobytes seconds"
cost() {
    name=$1 tasks=$2
    shift 2
    /usr/bin/time -f '%M %U' -o "$WORK/time" "$FGAD" "$@" > "$WORK/log" 2>&1 || fail "$name of $tasks: $(tail -n 3 "$WORK/log")"
    strace -f -c -o "$WORK/calls" "$FGAD" "$@" > "$WORK/log" 2>&1 || fail "$name of $tasks under strace: $(tail -n 3 "$WORK/log")"
    calls=$(awk '$NF == "total" { print $4 }' "$WORK/calls")
    echo "$name $tasks $calls $(tail -n 1 "$WORK/time")" >> "$WORK/cost"
}

for tasks in ${SCALE_TASKS:-1000 10000}; do
    write_job "$tasks"
    "$FGAD" run "$job" > "$WORK/log" 2>&1 || fail "the run of $tasks: $(tail -n 3 "$WORK/log")"
    run="$WORK/out/r$tasks"
    [ "$(find "$run/tasks" -name '*.h5' | wc -l)" = "$tasks" ] || fail "not $tasks task files"
    cp "$run/results.csv" "$WORK/before.csv"
    cost status "$tasks" status "$run"
    cost resume "$tasks" run "$job"
    cost reduce "$tasks" reduce "$run"
    cost report "$tasks" report "$run"
    cmp "$run/results.csv" "$WORK/before.csv" || fail "the table of $tasks changed"
done
echo "what tasks calls kilobytes cpu-seconds"
cat "$WORK/cost"
awk '{ if ($1 in tasks) { times = $2 / tasks[$1]
                          if ($3 > 1.1 * times * calls[$1] || $4 > 1.1 * times * memory[$1]) { print $1 " grows faster than the tasks"; bad = 1 } }
       tasks[$1] = $2; calls[$1] = $3; memory[$1] = $4 }
     END { exit bad }' "$WORK/cost" || fail "not linear"
