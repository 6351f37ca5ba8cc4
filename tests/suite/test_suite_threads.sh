# The threads of a rank share images, tiles and prompts, and change no bit: one, two, three, and a head that is taken up by another
# number than began it. Images and copies enough for several shares each.
. "$(dirname "$0")/lib.sh"
demo_data gear
gear_job
for threads in 1 2 3; do
    "$FGAD" run "$WORK/job.yaml" -s output="$WORK/$threads" -s threads=$threads > "$WORK/log" 2>&1 || fail "$threads threads: $(cat "$WORK/log")"
    same_results "$WORK/1/run" "$WORK/$threads/run"
done

# Stopped in the middle of a head under one number of threads, gone on with under another.
cp -r "$WORK/1" "$WORK/long"
set -- run "$WORK/job.yaml" -s name=long -s image.epochs=40
"$FGAD" "$@" -s output="$WORK/long" > "$WORK/log" 2>&1 || fail "the undisturbed run: $(cat "$WORK/log")"
cp -r "$WORK/1" "$WORK/stopped"
"$FGAD" "$@" -s output="$WORK/stopped" -s threads=2 > "$WORK/log" 2>&1 &
pid=$!
while [ -z "$(find "$WORK/stopped" -name '*.checkpoint')" ] && kill -0 $pid 2> /dev/null; do sleep 0.01; done
kill -TERM $pid 2> /dev/null || true
code=0
wait $pid || code=$?
[ $code = 75 ] || fail "the run was not interrupted ($code): the test tests nothing: $(cat "$WORK/log")"
[ -n "$(find "$WORK/stopped" -name '*.checkpoint')" ] || fail "no head is left half learned: the test tests nothing"
"$FGAD" "$@" -s output="$WORK/stopped" -s threads=3 > "$WORK/log" 2>&1 || fail "going on: $(cat "$WORK/log")"
same_results "$WORK/long/long" "$WORK/stopped/long"
