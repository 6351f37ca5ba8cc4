#!/bin/sh
# What the suite claims of time, against itself in the same session.
#   tests/bench/bench_scaling.sh BUILD-DIR [encode | learn | sweep | demo | full]...
# BUILD-DIR: of a release build. Wants an otherwise idle machine with two cores.
#   encode, learn  two ranks against one, three times in turn, the median of the ratios (the project asks for 0.55 at most);
#                  and what `fgad plan` predicted of the second run by the rates of the first. 5 and 4 minutes.
#   sweep          twenty points of inference over one point (1.5 at most). 10 minutes.
#   demo           jobs/demo.yaml on two ranks, twice: what the plan predicted of the second run. 2 minutes.
#   full           one category, 4-shot, a model of ViT-B/16+'s size, all epochs, predicted by the rates of a job of seconds on
#                  another category. A quarter of an hour.
set -eu
build=$(cd "$1" && pwd)
shift
[ $# -gt 0 ] || set -- encode learn sweep demo full
source=$(cd "$(dirname "$0")/../.." && pwd)
fgad=$build/src/fgad
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export WORK="$work"
. "$source/tests/suite/lib.sh" # for write_merges and Open MPI's settings
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
"$fgad" data demo "$work/data/demo" > "$work/log"
cat > "$work/job.yaml" <<YAML
dataset: [demo]
data_root: $work/data
model: $source/datasets/models/demo-clip
assets: $source/datasets
YAML

# empty_cache: but for the measured rates
empty_cache() {
    rm -rf "$work/out"
    mkdir -p "$work/out/cache"
    [ ! -f "$work/cost.txt" ] || cp "$work/cost.txt" "$work/out/cache/cost.txt"
}

# predict ARGUMENTS...: prints the seconds that the plan predicts for two ranks
predict() {
    empty_cache
    "$fgad" plan "$work/job.yaml" -s output="$work/out" "$@" --ranks 2 | sed -n 's/^makespan_seconds: \([0-9]*\).*/\1/p'
}

# seconds RANKS ARGUMENTS...: prints the wall time of a run
seconds() {
    ranks=$1
    shift
    empty_cache
    began=$(date +%s%N)
    mpirun -n "$ranks" --bind-to core "$fgad" run "$work/job.yaml" -s output="$work/out" "$@" > "$work/log" 2>&1 || {
        cat "$work/log" >&2
        exit 1
    }
    echo $((($(date +%s%N) - began) / 1000000)) | awk '{ printf "%.2f\n", $1 / 1000 }'
    cp "$work/out/cache/cost.txt" "$work/cost.txt"
}

# compare LABEL ARGUMENTS...: one rank and two, three times
compare() {
    label=$1
    shift
    rm -f "$work/cost.txt" "$work/ratios"
    for round in 1 2 3; do
        one=$(seconds 1 "$@")
        predicted=$(predict "$@")
        two=$(seconds 2 "$@")
        echo "$one $two" | awk '{ print $2 / $1 }' >> "$work/ratios"
        echo "$label, round $round: one rank $one s, two ranks $two s (predicted $predicted s)"
    done
    sort -n "$work/ratios" | sed -n 2p | awk -v label="$label" '{ printf "%s: median ratio %.3f\n", label, $1 }'
}

# full_model: makes it, with merges of the captions' words for its tokenizer
full_model() {
    [ ! -d "$work/full" ] || return 0
    "$build/tests/tools/fgad-make-model" "$work/full" --preset vit-b-16-plus-240 --seed 5 > "$work/log"
    write_merges "$work/full/merges.txt" 49408
}

for what in "$@"; do
    case $what in
    encode)
        full_model
        compare encode -s branches=vad -s model="$work/full" -s category=gear,tablet -s shots=1 -s chunk=8
        ;;
    learn) compare learn -s shots=1,4 -s pixel.epochs=40 -s image.epochs=20 ;;
    sweep)
        rm -f "$work/cost.txt"
        one=$(seconds 1 -s shots=1,2,4 -s seeds=0,1)
        many=$(seconds 1 -s shots=1,2,4 -s seeds=0,1 -s sweep.reweight=mean1,off -s sweep.token_wise=true,false -s sweep.sigma=0,2,3,4,6)
        echo "sweep: one point $one s, twenty $many s, ratio $(echo "$one $many" | awk '{ printf "%.2f", $2 / $1 }')"
        ;;
    demo)
        rm -f "$work/cost.txt"
        set -- -s shots=1,2,4 -s seeds=0,1 -s pixel.epochs=30 -s image.epochs=15 # as jobs/demo.yaml
        first=$(seconds 2 "$@")
        predicted=$(predict "$@")
        echo "demo: first run $first s, second predicted $predicted s, took $(seconds 2 "$@") s"
        ;;
    full)
        rm -f "$work/cost.txt"
        full_model
        first=$(seconds 2 -s model="$work/full" -s category=gear -s shots=1 -s pixel.epochs=2 -s image.epochs=1)
        set -- -s model="$work/full" -s category=tablet -s shots=4
        predicted=$(predict "$@")
        echo "full: rates from a job of $first s; predicted $predicted s, took $(seconds 2 "$@") s"
        ;;
    esac
done
