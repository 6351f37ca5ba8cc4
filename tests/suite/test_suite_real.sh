# A real category with a model of ViT-B/16+ size: it runs and reports, with the same bits for 1, 2 and 3 ranks, and after
# kill -9 in the middle. The weights are seeded random numbers, so the AUROC says nothing; that it is computed, and always the
# same, does. About 20 images a run, some minutes in all. REAL_CATEGORY and REAL_RANKS choose others.
data=${FGAD_TEST_DATA:-$SHARED_DATA}
category=${REAL_CATEGORY:-leather}
if [ ! -d "$data/mvtec/$category/test" ]; then
    echo "there is no $data/mvtec/$category: skipped"
    exit 77
fi
. "$(dirname "$0")/lib.sh"
"$MAKE_MODEL" "$WORK/full" --preset vit-b-16-plus-240 --seed 5
write_merges "$WORK/full/merges.txt" 49408
cat > "$WORK/job.yaml" <<YAML
dataset: [mvtec]
category: [$category]
roots: {mvtec: $data/mvtec}
model: $WORK/full
shots: [4]
branches: [vad]
chunk: 3
name: real
YAML

# timed LABEL COMMAND...: runs it and tells how long it took
timed() {
    label=$1
    shift
    began=$(date +%s.%N)
    "$@" > "$WORK/log" 2> "$WORK/errors" || fail "$label: $(cat "$WORK/errors")"
    echo "$label: $(echo "$(date +%s.%N) $began" | awk '{ printf "%.1f", $1 - $2 }') s; $(grep "^  $category" "$WORK/log")"
}

# reported RUN: the table has a row of the category with both AUROCs between 0 and 1
reported() {
    awk -F, -v category="$category" '
        NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i }
        NR > 1 && $column["category"] == category {
            rows++
            if (!($column["image_auroc"] > 0 && $column["image_auroc"] <= 1)) exit 1
            if (!($column["pixel_auroc"] > 0 && $column["pixel_auroc"] < 1)) exit 1
        }
        END { exit rows == 1 ? 0 : 1 }' "$1/results.csv" || fail "no AUROC of $category in $1/results.csv"
}

for n in ${REAL_RANKS:-1 2 3}; do
    timed "vad, $n ranks" ranks "$n" run "$WORK/job.yaml" -s output="$WORK/out$n"
    reported "$WORK/out$n/real"
    first=${first:-$n}
    same_results "$WORK/out$first/real" "$WORK/out$n/real"
    # On the features that are there: the text tower and the prompt branch.
    timed "vad and pad without learning, $n ranks" ranks "$n" run "$WORK/job.yaml" -s output="$WORK/out$n" \
        -s branches=vad,pad -s learn=false -s name=handcrafted
    reported "$WORK/out$n/handcrafted"
    same_results "$WORK/out$first/handcrafted" "$WORK/out$n/handcrafted"
done
cmp -s "$WORK/out$first/real/results.csv" "$WORK/out$first/handcrafted/results.csv" && fail "prompts changed nothing"

# Kill -9 of every rank while images are encoded, twice, by the ids of mpirun's children; then to the end.
interrupted=0
for round in 1 2; do
    before=$(find "$WORK/stormy" -name '*.h5' 2> /dev/null | wc -l)
    mpirun --bind-to none -n 2 "$FGAD" run "$WORK/job.yaml" -s output="$WORK/stormy" -s branches=vad,pad -s learn=false \
        -s name=handcrafted > "$WORK/round$round" 2>&1 &
    launcher=$!
    while kill -0 $launcher 2> /dev/null && [ "$(find "$WORK/stormy" -name '*.h5' 2> /dev/null | wc -l)" -lt $((before + 2)) ]; do
        sleep 0.1
    done
    children=$(pgrep -P $launcher) || true
    [ -z "$children" ] || kill -9 $children 2> /dev/null || true
    wait $launcher || interrupted=$((interrupted + 1))
done
[ $interrupted -gt 0 ] || fail "no round was interrupted: the test tests nothing"
timed "to the end after $interrupted kills, 2 ranks" ranks 2 run "$WORK/job.yaml" -s output="$WORK/stormy" -s branches=vad,pad \
    -s learn=false -s name=handcrafted
same_results "$WORK/out$first/handcrafted" "$WORK/stormy/handcrafted"
rm -rf "$WORK/full"
