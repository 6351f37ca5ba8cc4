#!/usr/bin/env bash
# A real Slurm takes nodes away: a partition of more weight preempts a job, and a node fails under one. Both jobs are queued
# again, go on from their checkpoints, and end with the bits of a plain run.
# shellcheck source=tests/slurm/lib.sh
. "$(dirname "$0")/lib.sh"
root=$here/../..
# Whom Slurm preempts it warns, and gives ten seconds.
CLUSTER_SILENCE=10 CLUSTER_EXTRA="PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
PartitionName=DEFAULT GraceTime=10 MaxTime=INFINITE State=UP
PartitionName=urgent Nodes=n[1-2] PriorityTier=10 PreemptMode=OFF" "$cluster" start "$state" $$
eval "$("$cluster" env "$state")"

"$MAKE_MODEL" "$WORK/model" --preset toy --seed 7
cp "$GOLDEN/clip/merges-small.txt" "$WORK/model/merges.txt"
"$FGAD" data demo "$WORK/data/demo"
cat >"$WORK/job.yaml" <<YAML
dataset: [demo]
category: [gear]
data_root: $WORK/data
model: $WORK/model
shots: [1]
seeds: [0, 1]
resolution: 64
checkpoint_every: 5
YAML

# Learning that takes two ranks a dozen seconds. Two runs of different length tell the pace without what every run costs.
milliseconds() { # NAME EPOCHS: of a plain run in $WORK/plain/NAME
    local begin
    begin=$(date +%s%N)
    "$root/jobs/launch" 2 "$FGAD" run "$WORK/job.yaml" -s output="$WORK/plain" -s name="$1" -s pixel.epochs="$2" -s image.epochs="$2" \
        >"$WORK/plain-$1.log" 2>&1 || fail "the plain run '$1'"
    echo $((($(date +%s%N) - begin) / 1000000))
}
short=$(milliseconds pace-short 20)
pace=$(($(milliseconds pace-long 120) - short))
[ "$pace" -gt 0 ] || pace=1
epochs=$((100 * 12000 / pace + 20))
milliseconds all "$epochs" >/dev/null

# submit NAME: sets `id` and `run`. Each name has a feature cache of its own.
submit() {
    local said
    run=$WORK/out/$1/run
    said=$("$root/slurm/submit" "$WORK/job.yaml" --fgad "$FGAD" --nodes 1 --ranks-per-node 2 --time 20 -- -s output="$WORK/out/$1" \
        -s name=run -s pixel.epochs="$epochs" -s image.epochs="$epochs") || fail "slurm/submit of '$1'"
    id=$(sed -n 's/^job \([0-9]*\): .*/\1/p' <<<"$said")
    [ -n "$id" ] || fail "slurm/submit printed no job id: $said"
}

is_learning() { [ -n "$(find "$(dirname "$run")/cache" -name '*.checkpoint' 2>/dev/null)" ]; }

# check RESTARTS: the job ended well after so many, and did what an undisturbed run does.
check() {
    local one other
    [[ $(scontrol show job "$id" --oneliner) == *"JobState=COMPLETED"*"Restarts=$1 "* ]] ||
        fail "job $id: $(scontrol show job "$id" --oneliner)"
    grep -q 'learning goes on from epoch' "$run/slurm/run-$id.log" || fail "job $id began to learn anew"
    cmp "$WORK/plain/all/results.csv" "$run/results.csv" || fail "results.csv of job $id differs from the plain run's"
    for one in "$WORK/plain/all"/tasks/*/*/*.h5; do
        other=$run/${one#"$WORK/plain/all"/}
        h5diff "$one" "$other" maps maps || fail "the maps of $one and $other differ"
    done
    [ -z "$(find "$(dirname "$run")" -name '*.claim*' -o -name '*.aside*' -o -name '*.checkpoint' -o -name '*.tmp*')" ] || fail "job $id left something"
    grep -q 'image AUROC' "$run/report.txt" || fail "job $id has no report"
}

echo "-- preempted by a job of a partition of more weight"
submit preempted
patience 120 "a first checkpoint" is_learning
sbatch --partition=urgent --nodes=2 --exclusive --time=1 --output=/dev/null --wrap='sleep 2' >"$WORK/urgent" || fail "the urgent job"
patience 240 "the preempted job" queue_is_empty
check 1
grep -q 'preempted with work left: requeued, which is not counted' "$run/slurm/run-$id.log" || fail "the job does not know that it was preempted"
[ "$(cut -d ' ' -f 3- "$run/slurm/$id.requeues")" = preempted ] || fail "requeues: $(cat "$run/slurm/$id.requeues")"

echo "-- its node fails"
submit failed
patience 120 "a first checkpoint" is_learning
node=$(squeue --noheader --job="$id" --format=%N)
"$cluster" fail "$state" "$node"
patience 240 "the job of the failed node" queue_is_empty
check 1
grep -q 'ended without a word' "$run/slurm/run-$id.log" || fail "the second life says nothing of the first"
[[ $(sinfo --noheader --Node --nodes="$node" --partition=main --format=%t) == down* ]] || fail "node $node did not fail: the test tests nothing"
[ ! -s "$run/slurm/$id.requeues" ] || fail "a node's failure was counted: $(cat "$run/slurm/$id.requeues")"
echo "   $epochs epochs a head"
