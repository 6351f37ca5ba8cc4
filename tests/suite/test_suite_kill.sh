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

# Claims that a run must not wait for: of a process that is gone; without a holder, since death came before the name; of a
# process that lives but has been silent for minutes. The last is this shell's: field 22 of its stat is when it was born.
rm -rf "$WORK/held"
mkdir "$WORK/held"
cp -r "$WORK/calm/cache" "$WORK/held/cache"
set -- $(ls "$WORK"/held/cache/features/*/demo/gear/chunk-*.h5)
[ $# -ge 3 ] || fail "gear has $# chunks, expected at least 3"
rm "$1" "$2" "$3"
space=$(cut -c 1-8 /proc/sys/kernel/random/boot_id)-$(readlink /proc/self/ns/pid | tr -dc 0-9)
echo "$(hostname) 999999999 1 1 $space" > "$1.claim"
: > "$2.claim"
echo "$(hostname) $$ $(sed 's/.*) //' /proc/$$/stat | cut -d ' ' -f 20) 1 $space" > "$3.claim"
touch -d '10 minutes ago' "$2.claim"
touch -d '10 minutes' "$3.claim" # whatever a stamp says: it does not change
FGAD_CLAIM_SILENCE=3 timeout 100 "$FGAD" run "$WORK/job.yaml" -s output="$WORK/held" > "$WORK/held.log" 2>&1 || fail "claims that nobody holds: $(cat "$WORK/held.log")"
[ "$(grep -c "left by a process that is gone" "$WORK/held.log")" = 3 ] || fail "expected three claims taken over: $(cat "$WORK/held.log")"
same_results "$WORK/calm/kill" "$WORK/held/kill"
