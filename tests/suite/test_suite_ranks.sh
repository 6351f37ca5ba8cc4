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

# Where the host has no shared memory left, ranks do without.
if [ "$(id -u)" = 0 ] && unshare --mount true 2> /dev/null; then
    cat > "$WORK/full.sh" <<'SH'
mount -t tmpfs -o size=4k tmpfs /dev/shm || exit 77
head -c 4096 /dev/zero > /dev/shm/full
exec timeout 100 mpirun --bind-to none -n 2 "$FGAD" run "$WORK/job.yaml" -s output="$WORK/full" -s name=ranks
SH
    code=0
    WORK=$WORK FGAD=$FGAD unshare --mount sh "$WORK/full.sh" > "$WORK/log" 2>&1 || code=$?
    [ $code = 77 ] || [ $code = 0 ] || fail "two ranks without shared memory ended with $code: $(tail -3 "$WORK/log")"
    [ $code = 77 ] || same_results "$WORK/out1/ranks" "$WORK/full/ranks"
fi
# A run may be called as a table is.
"$FGAD" run "$WORK/job.yaml" -s output="$WORK/out1" -s name=results.csv -s branches=vad -s shots=1 > "$WORK/log" 2>&1 || fail "a run called results.csv: $(tail -1 "$WORK/log")"
"$FGAD" report "$WORK/out1/results.csv" > "$WORK/log" 2>&1 || fail "report of a run called results.csv: $(cat "$WORK/log")"
