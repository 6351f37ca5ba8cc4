#!/usr/bin/env bash
# A real Slurm runs jobs by slurm/submit: to the end; over a time limit far too short; as an array on one run directory;
# through mpirun, cancelled, submitted again and a rank of it killed. Each time the results have the bits of a plain mpirun run.
# shellcheck source=tests/slurm/lib.sh
. "$(dirname "$0")/lib.sh"
root=$here/../..
"$cluster" start "$state" $$
eval "$("$cluster" env "$state")"

"$MAKE_MODEL" "$WORK/model" --preset toy --seed 7
"$FGAD" data demo "$WORK/data/demo"
cat >"$WORK/job.yaml" <<YAML
dataset: [demo]
category: [gear, fabric]
data_root: $WORK/data
model: $WORK/model
shots: [1, 2]
seeds: [0, 1]
branches: [vad]
resolution: 256
chunk: 4
YAML
tasks=8

# plain NAME ASSIGNMENT...: the undisturbed run that others are held against, in $WORK/plain/NAME
plain() {
    local name=$1 assignments=(-s "output=$WORK/plain" -s "name=$1") assignment
    shift
    for assignment in "$@"; do
        assignments+=(-s "$assignment")
    done
    "$root/jobs/launch" 2 "$FGAD" run "$WORK/job.yaml" "${assignments[@]}" >"$WORK/plain-$name.log" ||
        fail "the plain run '$name'"
}

# submit NAME OPTION... [-- argument...]: sets `id`, the job's. Each name has a feature cache of its own.
submit() {
    local name=$1 options=() said
    shift
    while [ $# -gt 0 ] && [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    [ $# -eq 0 ] || shift
    said=$("$root/slurm/submit" "$WORK/job.yaml" --fgad "$FGAD" "${options[@]}" -- \
        -s "output=$WORK/out/$name" -s name=run "$@") || fail "slurm/submit of '$name'"
    id=$(sed -n 's/^job \([0-9]*\): .*/\1/p' <<<"$said")
    [ -n "$id" ] || fail "slurm/submit printed no job id: $said"
}

# ended_as STATE: every job of the array, or the one job
ended_as() {
    local states
    states=$(scontrol show job "$id" --oneliner | sed 's/.*JobState=\([A-Z]*\).*/\1/' | sort -u)
    [ "$states" = "$1" ] || fail "job $id ended as $states, expected $1"
}

# sum PATTERN: of the numbers that the job's logs give in lines "... N PATTERN ..."
sum() { cat "$run"/slurm/run-[0-9]*.log | sed -n "s/.*\b\([0-9][0-9]*\) $1.*/\1/p" | awk '{ n += $1 } END { print n + 0 }'; }

# check NAME PLAIN TASKS: the results of a job that has ended equal the plain run's, each task was done once, nothing is
# left lying about, and the report job did its work.
check() {
    local plain=$WORK/plain/$2 file other count=0 leftover
    run=$WORK/out/$1/run
    cmp "$plain/results.csv" "$run/results.csv" || fail "results.csv of '$1' differs from the plain run's"
    for file in "$plain"/tasks/*/*/*.h5; do
        other=$run/${file#"$plain"/}
        [ -f "$other" ] || fail "$other is missing"
        h5diff "$file" "$other" maps maps || fail "the maps of $file and $other differ"
        count=$((count + 1))
    done
    [ "$count" -eq "$3" ] || fail "the plain run has $count tasks, expected $3"
    [ "$(sum 'tasks\{0,1\} done')" -eq "$3" ] || fail "'$1' did $(sum 'tasks\{0,1\} done') tasks, expected each of $3 once"
    count=$(find "$WORK/out/$1/cache/features" -name '*.h5' | wc -l)
    [ "$(sum 'feature files encoded')" -eq "$count" ] ||
        fail "'$1' encoded $(sum 'feature files encoded') feature files, expected each of $count once"
    leftover=$(find "$WORK/out/$1" -name '*.claim*' -o -name '*.aside*' -o -name '*.tmp*' | head -n 3)
    [ -z "$leftover" ] || fail "'$1' left $leftover"
    grep -q 'image AUROC' "$run/report.txt" || fail "'$1' has no report"
    grep -q "$3 of $3 tasks, as they were" "$run"/slurm/run-report-*.log || fail "the report of '$1' reduced again"
}

echo "-- a job that cannot run is refused before it is queued"
"$root/slurm/submit" "$WORK/job.yaml" --fgad "$FGAD" -- -s shots=0 2>"$WORK/refusal" && fail "shots=0 was submitted"
grep -q shots "$WORK/refusal" || fail "the refusal does not name the key: $(cat "$WORK/refusal")"
queue_is_empty || fail "the refused job was queued"

echo "-- one allocation over two nodes"
plain small
submit whole --nodes 2 --ranks-per-node 1 --time 10
patience 120 "the job" queue_is_empty
ended_as COMPLETED
check whole small $tasks

echo "-- an array of three on one run directory"
submit array --array 3 --ranks-per-node 2 --time 10
patience 120 "the array" queue_is_empty
ended_as COMPLETED
check array small $tasks
[ "$(grep -l 'begins on' "$run"/slurm/run-"$id"_*.log | wc -l)" -eq 3 ] || fail "not all elements ran"

echo "-- through mpirun: cancelled in the middle, submitted again, a rank killed by -9"
# Tasks enough that a fast machine, too, is in the middle of them when the first is seen.
many=seeds=$(seq -s , 0 39)
plain many "$many"
submit mpirun --mpirun --nodes 2 --ranks-per-node 1 --time 10 -- -s "$many"
cancelled=$id
a_task_is_done() { [ -n "$(find "$WORK/out/mpirun/run/tasks" -name '*.h5' 2>/dev/null)" ]; }
patience 60 "a first task" a_task_is_done
scancel "$cancelled"
patience 60 "the cancelled job" queue_is_empty
ended_as CANCELLED
[ ! -e "$WORK/out/mpirun/run/slurm/$cancelled.requeues" ] || fail "the cancelled job was requeued"
submit mpirun --mpirun --nodes 2 --ranks-per-node 1 --time 10 -- -s "$many"
# Rank 1 of this job, known by its environment; mpirun itself has the program's name in its arguments, but no rank.
kill_rank() {
    local pid
    for pid in $(pgrep -f "run $WORK/job.yaml"); do
        if tr '\0' '\n' 2>/dev/null <"/proc/$pid/environ" | grep -qx "OMPI_COMM_WORLD_RANK=1"; then
            kill -KILL "$pid"
            return
        fi
    done
    return 1
}
patience 60 "a rank to kill" kill_rank
patience 120 "the job" queue_is_empty
ended_as COMPLETED
[ "$(cut -d ' ' -f 3 "$WORK/out/mpirun/run/slurm/$id.requeues")" = died ] || fail "the job with a dead rank was not requeued"
run=$WORK/out/mpirun/run
[ "$(sum 'kept from earlier runs')" -gt 0 ] || fail "the second job went on from nothing"
cmp "$WORK/plain/many/results.csv" "$run/results.csv" || fail "results.csv after a cancelled run differs"
h5diff "$(find "$WORK/plain/many/tasks" -name '*.h5' | sort | head -n 1)" \
    "$(find "$run/tasks" -name '*.h5' | sort | head -n 1)" maps maps || fail "maps after a cancelled run differ"

echo "-- over a time limit far too short"
# Learning that takes two ranks about a minute: Slurm looks at limits every 30 s, so the first warning comes within 30 s and
# finds both in the middle of it. Two runs of different length tell the pace without what every run costs anyway.
learning=("branches=vad,pad" "category=gear" "shots=1" "seeds=0,1")
cp "$GOLDEN/clip/merges-small.txt" "$WORK/model/merges.txt"
milliseconds() { # NAME EPOCHS: of a plain run
    local begin
    begin=$(date +%s%N)
    plain "$1" "${learning[@]}" "pixel.epochs=$2" "image.epochs=$2"
    echo $((($(date +%s%N) - begin) / 1000000))
}
short=$(milliseconds pace-short 20)
pace=$(($(milliseconds pace-long 220) - short))
[ "$pace" -gt 0 ] || pace=1
epochs=$((200 * 60000 / pace + 20))
tasks=2
plain long "${learning[@]}" "pixel.epochs=$epochs" "image.epochs=$epochs"
arguments=(-s "pixel.epochs=$epochs" -s "image.epochs=$epochs")
for assignment in "${learning[@]}"; do arguments+=(-s "$assignment"); done
submit limit --nodes 2 --ranks-per-node 1 --time 1 --lead 30 -- "${arguments[@]}"
patience 400 "the job with a short limit" queue_is_empty
ended_as COMPLETED
check limit long $tasks
log=$run/slurm/run-$id.log
grep -q 'fgad ended with 75' "$log" || fail "the job met no limit: the test tests nothing"
grep -q 'learning goes on from epoch' "$log" || fail "the second life did not use the checkpoint of the first"
grep -q 'DUE TO TIME LIMIT' "$log" && fail "the warned job was killed at its limit"
lives=$(grep -c 'begins on' "$log")
[ "$lives" -eq $(($(wc -l <"$run/slurm/$id.requeues") + 1)) ] || fail "$lives lives are not one more than requeues"
[[ $(scontrol show job "$id") == *"Restarts=$((lives - 1))"* ]] || fail "Slurm counts other restarts than $((lives - 1))"
echo "   $epochs epochs a head in $lives lives"
