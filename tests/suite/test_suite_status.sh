# What `fgad status` and `fgad reduce` say of a run: whole, stopped, broken, at work, moved; and that a run which is asked to
# stop ends with 75 and goes on later.
. "$(dirname "$0")/lib.sh"
demo_data gear tablet
job="$WORK/job.yaml"
cat > "$job" <<YAML
dataset: [demo]
category: [gear, tablet]
data_root: $WORK/data
model: $WORK/model
output: $WORK/out
shots: [1]
seeds: [0, 1]
resolution: 64
chunk: 7
n_ahp: 2
n_ab: 1
pixel:
  epochs: 8
image:
  epochs: 4
aggregation:
  scale: 1
YAML

# says CODE "pattern" COMMAND...: fgad ends with CODE and its output has a line that matches
says() {
    want=$1
    pattern=$2
    shift 2
    code=0
    "$FGAD" "$@" > "$WORK/said" 2>&1 || code=$?
    [ "$code" = "$want" ] || fail "'$*' ended with $code, expected $want: $(cat "$WORK/said")"
    grep -q -- "$pattern" "$WORK/said" || fail "'$*' does not say '$pattern': $(cat "$WORK/said")"
}

says 2 "'$WORK/out/calm/run.yaml' does not exist (expected the folder of a run, as results/demo)" status "$WORK/out/calm"
says 0 "^4 tasks done" run "$job" -s name=calm
says 0 "4 tasks: 4 done, 0 failed, 0 left" status "$WORK/out/calm"
says 0 '"done": 4,' status "$WORK/out/calm" --format json
if command -v python3 > /dev/null; then python3 -m json.tool "$WORK/said" > /dev/null || fail "status --format json is no JSON"; fi
cp "$WORK/out/calm/results.csv" "$WORK/calm.csv"

# Results can be made again from the task files, to the same bytes, and from another place.
rm "$WORK/out/calm/results.csv" "$WORK/out/calm/results.h5"
mv "$WORK/out/calm" "$WORK/out/moved"
says 0 "4 of 4 tasks" reduce "$WORK/out/moved"
cmp "$WORK/calm.csv" "$WORK/out/moved/results.csv" || fail "results.csv was made otherwise"
task=$(find "$WORK/out/moved/tasks/demo/gear" -name 'k1-s1-*.h5')
mv "$task" "$WORK/taken.h5"
says 1 "3 of 4 tasks" reduce "$WORK/out/moved"
grep -q "^  demo/gear shots 1 seed 1$" "$WORK/said" || fail "the missing task is not named: $(cat "$WORK/said")"
says 75 "4 tasks: 3 done, 0 failed, 1 left" status "$WORK/out/moved"
mv "$WORK/taken.h5" "$task"

# Every signal that asks to stop: exit code 75, nothing lost, the same numbers in the end.
for signal in TERM USR1 USR2 INT; do
    rm -rf "$WORK/out2"
    # In the background of a script INT is ignored, unless somebody says otherwise.
    env --default-signal=INT "$FGAD" run "$job" -s output="$WORK/out2" > "$WORK/stopped" 2>&1 &
    pid=$!
    # Held still in the middle of an item, whose claim it has, after some others.
    while kill -STOP $pid 2> /dev/null; do
        sleep 0.02
        made=$(find "$WORK/out2" -name '*.h5' 2> /dev/null | wc -l)
        claim=$(find "$WORK/out2" -name '*.claim' -size +0 2> /dev/null | head -1)
        # A claim may still be there when its file is made already.
        if [ "$made" -ge 8 ] && [ -n "$claim" ] && [ ! -f "${claim%.claim}" ]; then break; fi
        kill -CONT $pid 2> /dev/null || true
        sleep 0.01
    done
    "$FGAD" status "$WORK/out2/run" > "$WORK/working" 2>&1 || true
    kill -s $signal $pid
    kill -CONT $pid
    code=0
    wait $pid || code=$?
    [ $code = 75 ] || fail "$signal: exit code $code, expected 75: $(cat "$WORK/stopped")"
    says 75 "nobody works on it" status "$WORK/out2/run"
    says 0 "^4 tasks done\|kept from earlier runs" run "$job" -s output="$WORK/out2"
    cmp "$WORK/calm.csv" "$WORK/out2/run/results.csv" || fail "$signal: the numbers differ"
done
grep -q "^running:" "$WORK/working" && grep -q "pid [0-9]*, since" "$WORK/working" ||
    fail "a run at work is not shown so: $(cat "$WORK/working")"
grep -q "done in about .* by the 1 at work" "$WORK/working" || fail "no end is predicted: $(cat "$WORK/working")"

grep -q "^fgad: stopping after this step (Ctrl-C again ends at once)" "$WORK/stopped" || fail "INT: $(cat "$WORK/stopped")"

# Ctrl-C in the middle of learning keeps every epoch; the second one does not wait.
# An epoch that takes its time, so that signals which come one after the other find the same one.
endless="-s category=gear -s seeds=0 -s n_ab=20 -s pixel.n_pro=4 -s pixel.epochs=50000 -s image.epochs=50000 -s checkpoint_every=100000"
interrupt() { # WANTED SIGNAL...: the code with which a run that learns ends, at these signals
    want=$1
    shift
    tries=0
    until once "$@" && [ $code = "$want" ]; do
        # On a busy machine the first of two signals may have ended the run before the second is sent.
        tries=$((tries + 1))
        [ $code = 75 ] && [ $# -gt 1 ] && [ $tries -lt 8 ] ||
            fail "$*: exit code $code, expected $want: $(cat "$WORK/stopped")"
    done
}
once() {
    rm -rf "$WORK/out4"
    # shellcheck disable=SC2086
    env --default-signal=INT "$FGAD" run "$job" $endless -s output="$WORK/out4" > "$WORK/stopped" 2>&1 &
    pid=$!
    while kill -0 $pid 2> /dev/null && ! ls "$WORK"/out4/cache/prompts/*/demo/gear/*.claim > /dev/null 2>&1; do sleep 0.02; done
    for signal in "$@"; do
        kill -s "$signal" $pid
        while grep -q '^ShdPnd:.*[2367abef]$' /proc/$pid/status; do :; done # a second INT beside one not taken yet is lost
    done
    code=0
    wait $pid || code=$?
}
interrupt 75 INT
ls "$WORK"/out4/cache/prompts/*/demo/gear/*.checkpoint > /dev/null || fail "Ctrl-C left no checkpoint: $(cat "$WORK/stopped")"
interrupt 130 INT INT

# Killed in the middle of learning, a head is learned on from its checkpoint, to the same bits.
long="-s category=gear -s seeds=0 -s pixel.epochs=120 -s image.epochs=60 -s checkpoint_every=1"
# shellcheck disable=SC2086
"$FGAD" run "$job" $long -s output="$WORK/out5" > "$WORK/long" 2>&1 || fail "the undisturbed run: $(cat "$WORK/long")"
# shellcheck disable=SC2086
"$FGAD" run "$job" $long -s output="$WORK/out6" > "$WORK/killed" 2>&1 &
pid=$!
while kill -0 $pid 2> /dev/null && ! ls "$WORK"/out6/cache/prompts/*/demo/gear/*.checkpoint > /dev/null 2>&1; do sleep 0.02; done
kill -9 $pid 2> /dev/null || fail "the run was over before it learned: $(cat "$WORK/killed")"
wait $pid || true
says 2 "results.h5' does not exist: the run has not ended yet (hint: fgad status $WORK/out6/run; fgad reduce" report "$WORK/out6/run"
# shellcheck disable=SC2086
says 0 "learning goes on from epoch [1-9]" run "$job" $long -s output="$WORK/out6"
same_results "$WORK/out5/run" "$WORK/out6/run"
ls "$WORK"/out6/cache/prompts/*/demo/gear/*.checkpoint > /dev/null 2>&1 && fail "the checkpoint of a finished head is left"

# On a terminal there is a bar, and who waits for another's item says for which, whose it is, and since when.
if script --version 2> /dev/null | grep -q util-linux; then
    held=$(cd "$WORK/out/moved" && ls tasks/demo/gear/k1-s1-*.h5)
    mkdir -p "$WORK/out7/run/tasks/demo/gear"
    echo "elsewhere 77 1 $(($(date +%s) - 90)) fedcba9876543210" > "$WORK/out7/run/$held.claim"
    script -qefc "stty cols 200; '$FGAD' run '$job' -s output='$WORK/out7'" "$WORK/terminal" > /dev/null 2>&1 < /dev/null &
    pid=$!
    while kill -0 $pid 2> /dev/null && ! grep -q "in progress elsewhere" "$WORK/terminal"; do sleep 0.1; done
    rm "$WORK/out7/run/$held.claim"
    wait $pid || fail "a run with a claim of elsewhere: $(cat "$WORK/terminal")"
    tr '\r' '\n' < "$WORK/terminal" > "$WORK/bars"
    grep -q "run \[[#.]*\] .*% ETA .*demo/" "$WORK/bars" || fail "no bar: $(cat "$WORK/bars")"
    grep -q "ETA .* waiting for 1 item in progress elsewhere: demo/gear shots 1 seed 1 (elsewhere:77, since 1m[3-5][0-9]s)" "$WORK/bars" ||
        fail "no word of what is waited for: $(cat "$WORK/bars")"
    cmp "$WORK/calm.csv" "$WORK/out7/run/results.csv" || fail "the numbers after waiting differ"
fi

# Its own limit, too: shorter than the fastest machine takes to begin.
says 75 "INCOMPLETE" run "$job" -s output="$WORK/out3" --time-limit 0.01
grep -q "^next: the same command goes on from here" "$WORK/said" || fail "no way on: $(cat "$WORK/said")"
says 0 "^4 tasks done\|kept from earlier runs" run "$job" -s output="$WORK/out3" --time-limit 1000

# What failed is told with its reason, and what waits for it.
picture=$(find "$WORK/data/demo/tablet/test/good" -name '*.png' | sort | head -1)
cp "$picture" "$WORK/picture.png"
head -c 200 "$WORK/picture.png" > "$picture"
code=0
"$FGAD" run "$job" -s output="$WORK/out4" > "$WORK/broken" 2>&1 || code=$?
[ $code = 1 ] || fail "a broken picture: exit code $code, expected 1"
says 1 "4 tasks: 2 done, 2 failed, 0 left" status "$WORK/out4/run"
grep -q "^  encoding demo/tablet chunk .*'$picture'.*(tried in 1 run of at most 3)" "$WORK/said" || fail "no reason: $(cat "$WORK/said")"
grep -q "^  demo/tablet shots 1 seed 0: waits for what has failed" "$WORK/said" || fail "no cause: $(cat "$WORK/said")"
# A failed item is tried again by every run, at most max_attempts times; then it is given up, until its cause is gone.
for attempt in 2 3 3; do
    "$FGAD" run "$job" -s output="$WORK/out4" > "$WORK/broken" 2>&1 && fail "a broken picture was passed over"
    says 1 "(tried in $attempt runs of at most 3)" status "$WORK/out4/run"
done
grep -q "warning: encoding demo/tablet chunk .*: given up after 3 runs: .*'$picture'.* (hint: -s max_attempts=4 tries again)" "$WORK/broken" ||
    fail "no word of what was given up: $(cat "$WORK/broken")"
grep -q "/run.yaml when their files have changed, or with -s max_attempts=4$" "$WORK/said" || fail "no way on: $(cat "$WORK/said")"
cp "$WORK/picture.png" "$picture"
says 0 "^2 tasks done, 2 kept" run "$job" -s output="$WORK/out4"
says 0 "4 tasks: 4 done, 0 failed, 0 left" status "$WORK/out4/run"
cmp "$WORK/calm.csv" "$WORK/out4/run/results.csv" || fail "the numbers after a failure differ"

# Another job of the same name: its predecessor's tasks stay and are spoken of; a run of its own has nothing to say of others.
grep -q "of other options" "$WORK/broken" && fail "a run speaks of others that are its own: $(cat "$WORK/broken")"
says 0 "warning: '$WORK/out4/run' holds 4 tasks of other options or images: kept, but not in this run's results" run "$job" -s output="$WORK/out4" -s sigma=2
says 0 "^0 tasks done, 4 kept" run "$job" -s output="$WORK/out4"
cmp "$WORK/calm.csv" "$WORK/out4/run/results.csv" || fail "the first job's numbers are lost"

# Looking at a run asks nothing of the images: its index tells what they were, however many there are.
if command -v strace > /dev/null && strace -o "$WORK/calls" true 2> /dev/null; then
    strace -f -e trace=%file -o "$WORK/calls" "$FGAD" status "$WORK/out4/run" > "$WORK/stdout" 2>&1 || true
    grep -q 'index\.h5' "$WORK/calls" || fail "status did not read the index: $(cat "$WORK/stdout")"
    ! grep '"[^"]*\.png"' "$WORK/calls" | head -3 | grep . || fail "status looks at images"
fi
