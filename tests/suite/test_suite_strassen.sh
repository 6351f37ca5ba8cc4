# precision: strassen. The same bits for threads, ranks and chunks; features and heads of its own beside those of the BLAS, whose
# numbers stay. The model is too small for products to be cut: that is clip_products' and ops_strassen's.
. "$(dirname "$0")/lib.sh"
demo_data gear
find "$WORK/data/demo/gear/test" "$WORK/data/demo/gear/ground_truth" -name '0*.png' ! -name '00[01]*' -delete
gear_job
set -- run "$WORK/job.yaml" -s precision=strassen
code=0
"$FGAD" "$@" -s output="$WORK/1" > "$WORK/log" 2> "$WORK/errors" || code=$?
if [ $code = 2 ]; then
    [ "$(wc -l < "$WORK/errors")" = 1 ] && grep -q 'precision is strassen, but .*hint: precision: f32' "$WORK/errors" || fail "$(cat "$WORK/errors")"
    echo "skipped: $(cat "$WORK/errors")"
    exit 77
fi
[ $code = 0 ] || fail "$(cat "$WORK/errors")"
"$FGAD" "$@" -s output="$WORK/2" -s threads=2 -s chunk=3 > "$WORK/log" 2>&1 || fail "two threads, chunks of three: $(cat "$WORK/log")"
same_results "$WORK/1/run" "$WORK/2/run"
ranks 2 "$@" -s output="$WORK/ranks" > "$WORK/log" 2>&1 || fail "two ranks: $(cat "$WORK/log")"
same_results "$WORK/1/run" "$WORK/ranks/run"

"$FGAD" run "$WORK/job.yaml" -s output="$WORK/f32" > "$WORK/log" 2>&1 || fail "by the BLAS: $(cat "$WORK/log")"
"$FGAD" run "$WORK/job.yaml" -s output="$WORK/1" -s name=f32 > "$WORK/log" 2>&1 || fail "by the BLAS beside: $(cat "$WORK/log")"
grep -q '^learned heads: 2 made, 0 reused' "$WORK/log" && grep -q '^chunks.* made, 0 reused' "$WORK/log" || fail "the BLAS takes what the scheme made: $(cat "$WORK/log")"
cmp "$WORK/f32/run/results.csv" "$WORK/1/f32/results.csv" || fail "the BLAS has other numbers beside the scheme"
cache=$(find "$WORK/1/cache" -name '*.h5' | wc -l)
[ "$cache" -gt "$(find "$WORK/f32/cache" -name '*.h5' | wc -l)" ] || fail "the scheme has no features of its own"
made_on() { h5dump -a /made_on "$1"/tasks/demo/gear/*.h5 | sed -n 's/.*(0): "\(.*\)"/\1/p'; }
made_on "$WORK/1/run" | grep -q "Strassen" || fail "the scheme does not say what it was made with: $(made_on "$WORK/1/run")"
! made_on "$WORK/1/f32" | grep -q "Strassen" || fail "the BLAS says that the scheme made it: $(made_on "$WORK/1/f32")"
"$FGAD" run "$WORK/job.yaml" -s precision=fast -s output="$WORK/no" > "$WORK/log" 2> "$WORK/errors" && fail "precision: fast was taken"
grep -q 'f32.*bf16.*strassen' "$WORK/errors" || fail "$(cat "$WORK/errors")"
