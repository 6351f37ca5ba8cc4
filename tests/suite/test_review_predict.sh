# Prediction: for the same file every method that gives an image a score of its own gives it the run's own bits; whatever the order,
# with the cache lost, with images that cannot be read among them.
. "$(dirname "$0")/lib.sh"
demo_data gear
gear=$WORK/data/demo/gear
find "$gear/test" -name '00[3-9].png' -delete
find "$gear/ground_truth" -name '00[3-9]_mask.png' -delete
own="finegrainedad promptad winclip winclip+ patchcore spade padim anomalydino subspace inctrl_residual"
cat > "$WORK/job.yaml" <<YAML
output: $WORK/out
dataset: [demo]
data_root: $WORK/data
model: $WORK/model
shots: [2]
pixel: {epochs: 1}
image: {epochs: 1, n_pro: 1}
resolution: 64
name: run
sweep:
  method: [$(echo "$own" | sed 's/ /, /g'), musc]
YAML
"$FGAD" run "$WORK/job.yaml" > "$WORK/log" 2>&1 || fail "the run: $(tail -3 "$WORK/log")"
run=$WORK/out/run
# What each method settles for itself is left to it by run.yaml: the job read back is the same job.
"$FGAD" run "$run/run.yaml" > "$WORK/log" 2>&1
grep -q "^0 tasks done, 11 kept" "$WORK/log" || fail "run.yaml is another job: $(grep 'tasks done' "$WORK/log")"

# scores_of FILE PATH_COLUMN SCORE_COLUMN: "test/good/000.png,0.123" a line, sorted
scores_of() {
    awk -F, -v p="$2" -v s="$3" 'NR > 1 { sub(/.*\/test\//, "test/", $p); print $p "," $s }' "$1" | sort
}
# same_scores EXPORTED PREDICTED WHAT
same_scores() {
    scores_of "$1" 6 9 > "$WORK/want"
    scores_of "$2" 1 2 > "$WORK/got"
    [ -s "$WORK/want" ] || fail "$3: nothing to compare"
    cmp "$WORK/want" "$WORK/got" || fail "$3: scores differ from the run's own"
}
for method in $own; do
    "$FGAD" export "$run" --out "$WORK/export-$method" --point "method=$method" --csv > "$WORK/log" || fail "export of $method"
    "$FGAD" predict "$run" --images "$gear/test" --out "$WORK/predict-$method" --point "method=$method" --no-pictures > "$WORK/log" \
        2>&1 || fail "predict by $method: $(cat "$WORK/log")"
    same_scores "$WORK/export-$method"/*/images.csv "$WORK/predict-$method/predict.csv" "$method"
done
[ "$(wc -l < "$WORK/got")" -eq "$(find "$gear/test" -name '*.png' | wc -l)" ] || fail "not every image has a score"

# Maps of the tree and float maps of predict are the same files; halves in the cache change both alike.
first="method=finegrainedad"
"$FGAD" export "$run" --out "$WORK/maps" --point $first --tiff --csv > "$WORK/log"
"$FGAD" predict "$run" --images "$gear/test" --out "$WORK/all" --point $first --tiff --overlay --groups > "$WORK/log" || fail "pictures"
set=$(echo "$WORK"/maps/demo-*)
for map in $(cd "$set/maps/gear/test" && find . -name '*.tiff'); do
    cmp "$set/maps/gear/test/$map" "$WORK/all/maps/$map" || fail "the map $map differs from the exported one"
done
[ "$(find "$WORK/all/overlays" -name '*.png' | wc -l)" -eq "$(find "$gear/test" -name '*.png' | wc -l)" ] || fail "overlays are missing"
[ -s "$WORK/all/scale.json" ] && [ -s "$WORK/all/groups/good/000.png" ] || fail "scale or groups are missing"
grep -q "^0,image" "$WORK/all/groups/legend.csv" || fail "the groups have no names"
"$FGAD" run "$WORK/job.yaml" -s name=half -s sweep= -s features=f16 -s method=patchcore > "$WORK/log" 2>&1 || fail "the run with halves"
"$FGAD" export "$WORK/out/half" --out "$WORK/half" --csv > "$WORK/log"
"$FGAD" predict "$WORK/out/half" --images "$gear/test" --out "$WORK/half" --no-pictures > "$WORK/log" || fail "predict from halves"
same_scores "$WORK"/half/demo*/images.csv "$WORK/half/predict.csv" "halves"

# Any order; twins of one name; what cannot be read is named and counted, and the rest is there.
mkdir -p "$WORK/new/deep"
cp "$gear/test/good/000.png" "$WORK/new/deep/a.png"
printf 'no image' > "$WORK/new/b.png"
printf 'text' > "$WORK/new/notes.txt"
code=0
"$FGAD" predict "$run" --point $first --out "$WORK/new-out" --images "$gear/test/good/001.png" "$WORK/new" "$gear/test/crack/001.png" \
    "$WORK/gone.png" --threshold 0 > "$WORK/log" 2>&1 || code=$?
[ $code -eq 1 ] || fail "two bad images: exit code $code: $(cat "$WORK/log")"
grep -q "3 of 5 images scored.* 2 could not be read; 1 other file passed over" "$WORK/log" || fail "counts: $(cat "$WORK/log")"
grep -q "b.png" "$WORK/log" && grep -q "gone.png" "$WORK/log" || fail "bad images are not named"
[ "$(awk -F, '$2 != "" && $3 == "anomalous"' "$WORK/new-out/predict.csv" | wc -l)" -eq 3 ] || fail "decisions at the threshold 0"
awk -F, -v path="$gear/test/good/001.png" '$1 == path { print $2 }' "$WORK/new-out/predict.csv" > "$WORK/got"
awk -F, '$6 == "test/good/001.png" { print $9 }' "$set/images.csv" > "$WORK/want"
cmp "$WORK/want" "$WORK/got" || fail "another order gives other bits"
[ -s "$WORK/new-out/overlays/001~2.png" ] && [ -s "$WORK/new-out/overlays/deep/a.png" ] || fail "twins: $(ls "$WORK/new-out/overlays")"
[ -z "$(find "$WORK/new-out" -name '*.tmp.*')" ] || fail "temporary files are left"
"$FGAD" predict "$run" --point $first --out "$WORK/json" --images "$WORK/new/deep" --no-pictures --format json > "$WORK/json.txt" ||
    fail "--format json"
cmp "$WORK/json.txt" "$WORK/json/predict.json" || fail "--format json prints another text than the file's"

# The cache has lost the features of the shots, which are encoded again from the same images, and the heads, which the run has.
rm -rf "$WORK/out/cache/features" "$WORK/out/cache/arrays" "$WORK/out/cache/prompts"
"$FGAD" predict "$run" --images "$gear/test" --out "$WORK/again" --point $first --no-pictures > "$WORK/log" 2>&1 ||
    fail "predict without a cache of features: $(cat "$WORK/log")"
same_scores "$set/images.csv" "$WORK/again/predict.csv" "without a cache"
# Without the dataset the cache is enough.
mv "$WORK/data" "$WORK/elsewhere"
"$FGAD" predict "$run" --images "$WORK/elsewhere/demo/gear/test" --out "$WORK/far" --point $first --no-pictures > "$WORK/log" 2>&1 ||
    fail "predict without the dataset: $(cat "$WORK/log")"
same_scores "$set/images.csv" "$WORK/far/predict.csv" "without the dataset"
mv "$WORK/elsewhere" "$WORK/data"

# refuse MESSAGE ARGUMENTS...: exit code 2 and one line with the message
refuse() {
    message=$1
    shift
    code=0
    "$FGAD" predict "$@" > "$WORK/log" 2>&1 || code=$?
    [ $code -eq 2 ] || fail "fgad predict $*: exit code $code"
    grep -q -e "$message" "$WORK/log" || fail "fgad predict $* says: $(cat "$WORK/log")"
    [ "$(wc -l < "$WORK/log")" -eq 1 ] || fail "more than a line: $(cat "$WORK/log")"
}
refuse "has 11 such tasks: say which by --point (method=" "$run" --images "$gear/test" --out "$WORK/x"
refuse "musc scores the images of a test set against one another" "$run" --images "$gear/test" --out "$WORK/x" --point method=musc
refuse "no task of .* is selected" "$run" --images "$gear/test" --out "$WORK/x" --shots 9
refuse "holds no image" "$run" --images "$WORK/out" --out "$WORK/x" --point $first
refuse "expected --images" "$run" --out "$WORK/x"
refuse "run.yaml' does not exist" "$WORK/new" --images "$gear/test" --out "$WORK/x"
for out in "$gear/test" "$gear/test/" "$gear/test/x/y" "$gear/train/../test/x"; do
    refuse "lies in '$gear/test', whose images are to be scored" "$run" --images "$gear/test" --out "$out"
done
[ ! -e "$gear/test/x" ] || fail "a refused prediction left a folder"
[ ! -e "$WORK/x/predict.csv" ] || fail "a refused prediction left a table"

# Real images, where they are: learned from four, the rest scored to the bit.
bottle=${FGAD_TEST_DATA:-$SHARED_DATA}/mvtec/bottle
if [ ! -d "$bottle/test" ]; then
    echo "there is no $bottle: its part is skipped"
    exit 0
fi
"$FGAD" run "$WORK/job.yaml" -s name=bottle -s sweep= -s dataset=mvtec -s category=bottle -s "roots.mvtec=${bottle%/bottle}" -s shots=4 \
    -s branches=vad > "$WORK/log" 2>&1 || fail "the run on bottle: $(tail -3 "$WORK/log")"
"$FGAD" export "$WORK/out/bottle" --out "$WORK/bottle" --csv > "$WORK/log"
"$FGAD" predict "$WORK/out/bottle" --images "$bottle/test/good" --out "$WORK/bottle" --no-pictures > "$WORK/log" || fail "predict on bottle"
sed -i '/test\/good/!{1!d}' "$WORK"/bottle/mvtec*/images.csv
sed -i 's|/good/|/test/good/|; s|/test/test/|/test/|' "$WORK/bottle/predict.csv"
same_scores "$WORK"/bottle/mvtec*/images.csv "$WORK/bottle/predict.csv" "bottle"
