#!/bin/sh
# Two ranks against one: an encode-heavy and a learn-heavy job, three times each in turn, the median of the ratios. And what
# `fgad plan` foretold of the second run by the rates of the first.
#   tests/bench/bench_scaling.sh BUILD-DIR [encode | learn | sweep]...
# BUILD-DIR: of a release build. Wants an otherwise idle machine with two cores; takes some minutes. A ratio of at most 0.55
# is what the project asks for; `sweep` tells what twenty points of inference cost over one, at most 1.5.
set -eu
build=$(cd "$1" && pwd)
shift
[ $# -gt 0 ] || set -- encode learn sweep
source=$(cd "$(dirname "$0")/../.." && pwd)
fgad=$build/src/fgad
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
"$fgad" data demo "$work/data/demo" > "$work/log"
cat > "$work/job.yaml" <<YAML
dataset: [demo]
data_root: $work/data
model: $source/datasets/models/demo-clip
assets: $source/datasets
YAML

# seconds RANKS ARGUMENTS...: prints the wall time of a run with an empty cache but for the measured rates
seconds() {
    ranks=$1
    shift
    rm -rf "$work/out"
    mkdir -p "$work/out/cache"
    [ ! -f "$work/cost.txt" ] || cp "$work/cost.txt" "$work/out/cache/cost.txt"
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
        rm -rf "$work/out"
        mkdir -p "$work/out/cache" && cp "$work/cost.txt" "$work/out/cache/"
        foretold=$("$fgad" plan "$work/job.yaml" -s output="$work/out" "$@" --ranks 2 | sed -n 's/^makespan_seconds: \([0-9]*\).*/\1/p')
        two=$(seconds 2 "$@")
        echo "$one $two" | awk '{ print $2 / $1 }' >> "$work/ratios"
        echo "$label, round $round: one rank $one s, two ranks $two s (foretold $foretold s)"
    done
    sort -n "$work/ratios" | sed -n 2p | awk -v label="$label" '{ printf "%s: median ratio %.3f\n", label, $1 }'
}

for what in "$@"; do
    case $what in
    encode)
        "$build/tests/tools/fgad-make-model" "$work/full" --preset vit-b-16-plus-240 --seed 5 > "$work/log"
        compare encode -s branches=vad -s model="$work/full" -s category=gear,tablet -s shots=1 -s chunk=8
        ;;
    learn) compare learn -s shots=1,4 -s pixel.epochs=40 -s image.epochs=20 ;;
    sweep)
        rm -f "$work/cost.txt"
        one=$(seconds 1 -s shots=1,2,4 -s seeds=0,1)
        many=$(seconds 1 -s shots=1,2,4 -s seeds=0,1 -s sweep.reweight=mean1,off -s sweep.token_wise=true,false -s sweep.sigma=0,2,3,4,6)
        echo "sweep: one point $one s, twenty $many s, ratio $(echo "$one $many" | awk '{ printf "%.2f", $2 / $1 }')"
        ;;
    esac
done
