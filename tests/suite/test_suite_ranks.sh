# The same bits for 1, 2 and 3 ranks, and every file explains itself.
. "$(dirname "$0")/lib.sh"
demo_data gear fabric tablet
cat > "$WORK/job.yaml" <<YAML
dataset: [demo]
data_root: $WORK/data
model: $WORK/model
shots: [1, 2]
seeds: [0, 1]
pixel: {epochs: 3}
image: {epochs: 2, n_pro: 2}
resolution: 96
chunk: 5
YAML
for n in 1 2 3; do
    ranks $n run "$WORK/job.yaml" -s output="$WORK/out$n" -s name=ranks > "$WORK/log$n" || fail "the run with $n ranks"
done
same_results "$WORK/out1/ranks" "$WORK/out2/ranks"
same_results "$WORK/out1/ranks" "$WORK/out3/ranks"

# A second run has nothing to do, and says so.
"$FGAD" run "$WORK/job.yaml" -s output="$WORK/out2" -s name=ranks > "$WORK/again"
grep -q "^0 tasks done, .* 0 feature files encoded" "$WORK/again" || fail "a finished run worked again: $(tail -4 "$WORK/again")"
# Another job of the same model encodes nothing.
"$FGAD" run "$WORK/job.yaml" -s output="$WORK/out2" -s name=other -s sigma=2 > "$WORK/other"
grep -q " 0 feature files encoded" "$WORK/other" || fail "features were not used again: $(tail -4 "$WORK/other")"

task=$(find "$WORK/out2/ranks/tasks" -name '*.h5' | head -1)
h5dump -A "$task" > "$WORK/dump"
for word in units description code_version libraries blas model_digest ranks written options complete; do
    grep -q "ATTRIBUTE \"$word\"\|GROUP \"$word\"" "$WORK/dump" || fail "h5dump -A $task does not show $word"
done
