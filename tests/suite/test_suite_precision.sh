# precision: bf16 is refused in one line before any work where program or processor lack it. Where they have it: the same bits for
# threads, ranks and a head that is taken up again; features and heads of its own beside those in float32, whose numbers stay.
. "$(dirname "$0")/lib.sh"
demo_data gear
# Two images a kind: enough for batches of four and chunks that cut them elsewhere.
find "$WORK/data/demo/gear/test" "$WORK/data/demo/gear/ground_truth" -name '0*.png' ! -name '00[01]*' -delete
gear_job
# refused WHAT: the last command has written one line, and nothing else
refused() {
    [ "$code" = 2 ] || fail "$1: exit $code, expected 2: $(cat "$WORK/errors")"
    [ "$(wc -l < "$WORK/errors")" = 1 ] && grep -q 'precision is bf16, but .*hint: precision: f32' "$WORK/errors" ||
        fail "$1: $(cat "$WORK/errors")"
    [ -z "$(find "$WORK/refused" -name '*.h5' 2> /dev/null)" ] || fail "$1: something was made"
}

set -- run "$WORK/job.yaml" -s precision=bf16
code=0
DNNL_MAX_CPU_ISA=AVX512_CORE "$FGAD" "$@" -s output="$WORK/refused" > "$WORK/log" 2> "$WORK/errors" || code=$?
refused "a processor that is said to have no bfloat16"
code=0
DNNL_MAX_CPU_ISA=AVX512_CORE ranks 2 "$@" -s output="$WORK/refused" > "$WORK/log" 2> "$WORK/errors" || code=$?
[ "$code" = 2 ] && grep -q 'precision is bf16' "$WORK/errors" || fail "two ranks: exit $code: $(cat "$WORK/errors")"
# A plan is for other machines as well.
DNNL_MAX_CPU_ISA=AVX512_CORE "$FGAD" plan "$WORK/job.yaml" -s precision=bf16 > "$WORK/log" 2>&1 || fail "plan: $(cat "$WORK/log")"

code=0
"$FGAD" "$@" -s output="$WORK/1" > "$WORK/log" 2> "$WORK/errors" || code=$?
if [ $code = 2 ] && grep -q 'precision is bf16, but' "$WORK/errors"; then
    cp -r "$WORK/1" "$WORK/refused" 2> /dev/null || true
    refused "here"
    echo "skipped: $(cat "$WORK/errors")"
    exit 77
fi
[ $code = 0 ] || fail "$(cat "$WORK/errors")"
# On threads, and in threes, and so at other places of a batch.
"$FGAD" "$@" -s output="$WORK/2" -s threads=2 -s chunk=3 > "$WORK/log" 2>&1 || fail "two threads, chunks of three: $(cat "$WORK/log")"
same_results "$WORK/1/run" "$WORK/2/run"
ranks 2 "$@" -s output="$WORK/ranks" > "$WORK/log" 2>&1 || fail "two ranks: $(cat "$WORK/log")"
same_results "$WORK/1/run" "$WORK/ranks/run"

"$FGAD" "$@" -s output="$WORK/1" -s name=long -s image.epochs=40 > "$WORK/log" 2>&1 || fail "the undisturbed run: $(cat "$WORK/log")"
cp -r "$WORK/2" "$WORK/stopped"
"$FGAD" "$@" -s output="$WORK/stopped" -s name=long -s image.epochs=40 -s threads=2 > "$WORK/log" 2>&1 &
pid=$!
while [ -z "$(find "$WORK/stopped" -name '*.checkpoint')" ] && kill -0 $pid 2> /dev/null; do sleep 0.01; done
kill -TERM $pid 2> /dev/null || true
code=0
wait $pid || code=$?
[ $code = 75 ] || fail "the run was not interrupted ($code): the test tests nothing: $(cat "$WORK/log")"
"$FGAD" "$@" -s output="$WORK/stopped" -s name=long -s image.epochs=40 > "$WORK/log" 2>&1 || fail "going on: $(cat "$WORK/log")"
same_results "$WORK/1/long" "$WORK/stopped/long"

# In one folder with float32: neither takes the other's features or heads, and each keeps its numbers.
"$FGAD" run "$WORK/job.yaml" -s output="$WORK/f32" > "$WORK/log" 2>&1 || fail "float32: $(cat "$WORK/log")"
"$FGAD" run "$WORK/job.yaml" -s output="$WORK/1" -s name=f32 > "$WORK/log" 2>&1 || fail "float32 beside: $(cat "$WORK/log")"
grep -q '^learned heads: 2 made, 0 reused' "$WORK/log" && grep -q '^chunks.* made, 0 reused' "$WORK/log" || fail "float32 takes what bf16 made: $(cat "$WORK/log")"
cmp "$WORK/f32/run/results.csv" "$WORK/1/f32/results.csv" || fail "float32 has other numbers beside bf16"
! cmp -s "$WORK/1/run/results.csv" "$WORK/1/f32/results.csv" || fail "bf16 has the numbers of float32: the test tests nothing"
made_on() { h5dump -a /made_on "$1"/tasks/demo/gear/*.h5 | sed -n 's/.*(0): "\(.*\)"/\1/p'; }
made_on "$WORK/1/run" | grep -q 'oneDNN' || fail "bf16 does not say what it was made with: $(made_on "$WORK/1/run")"
! made_on "$WORK/1/f32" | grep -q 'oneDNN' || fail "float32 says that oneDNN made it: $(made_on "$WORK/1/f32")"
