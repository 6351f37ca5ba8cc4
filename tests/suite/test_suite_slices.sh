# A set whose images score one another is shared out in slices: counted by the plan, made by any rank in any order, kept over
# kill -9, read again by every point and draw that asks for the same, made again when damaged; the same bits throughout.
. "$(dirname "$0")/lib.sh"
demo_data gear
cat > "$WORK/job.yaml" <<YAML
dataset: [demo]
data_root: $WORK/data
model: $WORK/model
method: musc
shots: [0]
resolution: 64
chunk: 7
musc: {taps: [0.mlp, 1.mlp]}
name: set
YAML
"$FGAD" plan "$WORK/job.yaml" -s output="$WORK/out1" > "$WORK/plan" || fail "the plan: $(cat "$WORK/plan")"
grep -Eq "slices of sets +6 +0 +6 " "$WORK/plan" || fail "two taps and three neighbourhoods are six slices: $(cat "$WORK/plan")"
for n in 1 2 3; do
    ranks $n run "$WORK/job.yaml" -s output="$WORK/out$n" > "$WORK/log$n" 2>&1 || fail "$n ranks: $(tail -3 "$WORK/log$n")"
    grep -q "^slices of sets: 6 made, 0 reused" "$WORK/log$n" || fail "$n ranks: $(cat "$WORK/log$n")"
    same_results "$WORK/out1/set" "$WORK/out$n/set"
done

# As kill -9 leaves it: some slices, of one the claim. What is there is not made again.
cp -r "$WORK/out1/cache" "$WORK/kept"
mkdir "$WORK/killed"
cp -r "$WORK/kept" "$WORK/killed/cache"
set -- $(find "$WORK/killed/cache/prompts" -name 'slice-*.h5' | sort | head -4)
rm "$1" "$2" "$3" "$4"
space=$(cut -c 1-8 /proc/sys/kernel/random/boot_id)-$(readlink /proc/self/ns/pid | tr -dc 0-9)
echo "$(hostname) 999999999 1 1 $space" > "$1.claim"
"$FGAD" run "$WORK/job.yaml" -s output="$WORK/killed" > "$WORK/killed.log" 2>&1 || fail "after the kill: $(cat "$WORK/killed.log")"
grep -q "^slices of sets: 4 made, 2 reused" "$WORK/killed.log" || fail "after the kill: $(cat "$WORK/killed.log")"
same_results "$WORK/out1/set" "$WORK/killed/set"
[ -z "$(find "$WORK/killed" -name '*.claim')" ] || fail "claims are left"

# Neither shots nor what joins the slices make new ones; parts do, and then each draw has its own.
made() {
    text=$1
    shift
    "$FGAD" run "$WORK/job.yaml" -s output="$WORK/out1" "$@" > "$WORK/log" 2>&1 || fail "$*: $(tail -3 "$WORK/log")"
    grep -q "^slices of sets: $text" "$WORK/log" || fail "$*: expected $text: $(cat "$WORK/log")"
}
made "0 made, 6 reused" -s name=neighbours -s musc.neighbours=1
made "0 made, 6 reused" -s name=sigma -s sigma=2 -s shots=2
made "6 made, 0 reused" -s name=parts -s musc.subset=12
made "6 made, 6 reused" -s name=parts -s musc.subset=12 -s seeds=0,1
made "3 made, 3 reused, 1.0 uses each" -s name=taps -s musc.taps=0.mlp,last.mlp -s seeds=0

# Damaged, and another's: set aside, told of, made again.
cp -r "$WORK/kept" "$WORK/damaged-cache"
mkdir "$WORK/damaged"
mv "$WORK/damaged-cache" "$WORK/damaged/cache"
set -- $(find "$WORK/damaged/cache/prompts" -name 'slice-*.h5' | sort)
head -c 3000 "$1" > "$WORK/cut"
mv "$WORK/cut" "$1"
cp "$2" "$3"
"$FGAD" run "$WORK/job.yaml" -s output="$WORK/damaged" > "$WORK/log" 2>&1 || fail "damaged slices: $(cat "$WORK/log")"
[ "$(grep -c "set aside as" "$WORK/log")" = 2 ] || fail "expected two files set aside: $(cat "$WORK/log")"
same_results "$WORK/out1/set" "$WORK/damaged/set"

# One image has nobody to be held against.
cp -r "$WORK/data" "$WORK/one"
find "$WORK/one/demo/gear/test" -name '*.png' ! -path '*/good/000.png' -delete
find "$WORK/one/demo/gear/ground_truth" -name '*.png' -delete
code=0
"$FGAD" run "$WORK/job.yaml" -s output="$WORK/alone" -s data_root="$WORK/one" > "$WORK/log" 2>&1 || code=$?
[ $code != 0 ] && grep -q "musc: the category has 1 test images, two score one another" "$WORK/log" || fail "one image: exit $code: $(cat "$WORK/log")"
