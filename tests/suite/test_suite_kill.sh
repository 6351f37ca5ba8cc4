# kill -9 in the middle loses nothing but the step in flight: the next run ends with the bits of an undisturbed one.
. "$(dirname "$0")/lib.sh"
demo_data gear connector
cat > "$WORK/job.yaml" <<YAML
dataset: [demo]
data_root: $WORK/data
model: $WORK/model
shots: [2]
branches: [vad]
resolution: 96
chunk: 3
name: kill
YAML
"$FGAD" run "$WORK/job.yaml" -s output="$WORK/calm" > "$WORK/calm.log"
interrupted=0
for round in 1 2 3 4; do
    ranks 2 run "$WORK/job.yaml" -s output="$WORK/stormy" > "$WORK/round$round" 2>&1 &
    launcher=$!
    # Wait until the run has made some more files, then kill every process of it.
    before=$(find "$WORK/stormy" -name '*.h5' 2>/dev/null | wc -l)
    while kill -0 $launcher 2>/dev/null &&
        [ "$(find "$WORK/stormy" -name '*.h5' 2>/dev/null | wc -l)" -lt $((before + 3)) ]; do sleep 0.02; done
    pkill -9 -f "run $WORK/job.yaml" || true
    wait $launcher && break
    interrupted=$((interrupted + 1))
done
[ $interrupted -gt 0 ] || fail "no round was interrupted: the test tests nothing"
ranks 2 run "$WORK/job.yaml" -s output="$WORK/stormy" > "$WORK/last"
same_results "$WORK/calm/kill" "$WORK/stormy/kill"
leftover=$(find "$WORK/stormy" -name '*.claim' | head -3)
[ -z "$leftover" ] || fail "claims are left: $leftover"
