# The cache holds one array of an image a file: another tap encodes nothing but that tap, and one array that is lost or
# damaged is made again alone, to the same bits.
. "$(dirname "$0")/lib.sh"
demo_data gear
cat > "$WORK/job.yaml" <<YAML
output: $WORK/out
dataset: [demo]
data_root: $WORK/data
model: $WORK/model
shots: [1]
learn: false
resolution: 32
YAML
arrays() { (cd "$WORK"/out/cache/arrays/*/demo/gear && find "${1-.}" -name '*.h5' | sort | xargs stat -c '%n %i %Y'); }

"$FGAD" run "$WORK/job.yaml" -s name=one -s memory_taps=0.attn,1.attn > "$WORK/log" 2>&1 || fail "the first run: $(cat "$WORK/log")"
arrays > "$WORK/first"
[ "$(ls "$WORK"/out/cache/arrays/*/demo/gear | tr '\n' ' ')" = "0.attn 1.attn cls tokens " ] || fail "arrays: $(cat "$WORK/first")"

"$FGAD" run "$WORK/job.yaml" -s name=two -s memory_taps=1.attn,1.mlp > "$WORK/log" 2>&1 || fail "the second run: $(cat "$WORK/log")"
arrays | grep -v '^\./1\.mlp/' > "$WORK/again"
cmp "$WORK/first" "$WORK/again" || fail "another tap made other arrays anew"
[ "$(arrays 1.mlp | wc -l)" -eq "$(arrays cls | wc -l)" ] || fail "1.mlp is not whole"

# The same job in a cache of its own gives the same bits as beside what was there.
"$FGAD" run "$WORK/job.yaml" -s name=two -s memory_taps=1.attn,1.mlp -s output="$WORK/alone" > "$WORK/log" 2>&1 || fail "alone"
same_results "$WORK/out/two" "$WORK/alone/two"

# Lost and damaged arrays: made again, the others stay.
set -- "$WORK"/out/cache/arrays/*/demo/gear/cls/chunk-*.h5
rm "$1"
head -c 100 "$2" > "$WORK/cut"
cp "$WORK/cut" "$2"
rm "$WORK"/out/two/tasks/demo/gear/*.h5
"$FGAD" run "$WORK/job.yaml" -s name=two -s memory_taps=1.attn,1.mlp > "$WORK/log" 2>&1 || fail "the healing run: $(cat "$WORK/log")"
grep -q "set aside as '.*/cls/chunk-.*' and made again" "$WORK/log" || fail "the damaged array was not set aside: $(cat "$WORK/log")"
same_results "$WORK/out/two" "$WORK/alone/two"
arrays tokens > "$WORK/again"
grep '^\./tokens/' "$WORK/first" | sed 's|^\./||' | cmp - "$WORK/again" || fail "arrays that were whole were made anew"
