# Nothing that numbers depend on may change behind their back: after another training image, mask or tokenizer under the same
# name, a run on the old cache and folder gives what a run from nothing gives, and makes no more anew than it must.
. "$(dirname "$0")/lib.sh"
demo_data gear
rm "$WORK/model"
cp -r "$DATA/model" "$WORK/model"
images="$WORK/data/demo/gear"
mkdir "$WORK/assets"
cp -r datasets/mfsc "$WORK/assets/"
words="$WORK/assets/mfsc/vocabulary.json"
cat > "$WORK/job.yaml" <<YAML
dataset: [demo]
data_root: $WORK/data
model: $WORK/model
output: $WORK/out
assets: $WORK/assets
name: job
shots: [1]
resolution: 48
chunk: 8
n_ahp: 2
n_ab: 1
pixel: {epochs: 2}
image: {epochs: 1}
aggregation: {scale: 1}
YAML

# run LOG ARGUMENTS...
run() {
    log=$1
    shift
    "$FGAD" run "$WORK/job.yaml" "$@" > "$WORK/$log" 2> "$WORK/errors" || fail "$log: $(cat "$WORK/errors")"
}
# made "KIND" MADE REUSED: what the run on the old folder did
made() { grep -q "^$1: $2 made, $3 reused" "$WORK/log" || fail "$what: expected '$1: $2 made, $3 reused': $(grep "^$1" "$WORK/log")"; }
# again WHAT: after WHAT, the run on the old folder does the task anew, and gives what one from nothing gives
again() {
    what=$1
    run log
    grep -q "^1 task done, 0 kept" "$WORK/log" || fail "$what: the task was kept: $(grep kept "$WORK/log")"
    rm -rf "$WORK/fresh"
    run fresh.log -s output="$WORK/fresh"
    same=$(sed -n '2s/.*,//p' "$WORK/fresh/job/results.csv")
    cmp "$WORK/out/job/results.csv" "$WORK/fresh/job/results.csv" || fail "$what: other numbers than from nothing"
    for part in maps heads metrics; do
        h5diff "$WORK"/out/job/tasks/demo/gear/*-"$same.h5" "$WORK"/fresh/job/tasks/demo/gear/*.h5 $part $part ||
            fail "$what: other $part than from nothing"
    done
    for file in "$WORK"/fresh/job/heads/demo/gear/*.h5; do
        h5diff "$file" "$WORK/out/job/heads/demo/gear/$(basename "$file")" prompts prompts ||
            fail "$what: other prompts than from nothing"
    done
}
# other FILE: another of the same folder, whose size differs
other() {
    for file in "$(dirname "$1")"/*; do
        [ "$(wc -c < "$file")" = "$(wc -c < "$1")" ] || { echo "$file" && return; }
    done
    fail "all files beside $1 are of one size"
}

run log
what="the first run"
made "learned heads" 2 0

support=$(h5dump -d /support/path "$WORK"/out/job/tasks/demo/gear/*.h5 | sed -n 's/.*(0): "\(train[^"]*\)".*/\1/p' | head -1)
[ -f "$images/$support" ] || fail "the task names no support: '$support'"
cp "$(other "$images/$support")" "$images/$support"
again "another training image of the same name"
made "learned heads" 2 0
made "chunks of test images" 0 5

image=$(ls "$images"/test/good/*.png | head -1)
cp "$(other "$image")" "$image"
again "another test image of the same name"
made "learned heads" 0 2
made "chunks of test images" 1 5

mask=$(ls "$images"/ground_truth/*/*.png | head -1)
cp "$(other "$mask")" "$mask"
again "another mask of the same name"
made "learned heads" 0 2
made "chunks of test images" 0 5

# Words are cut at other places: prompts are learned anew, images are not encoded anew.
{ head -1 "$WORK/model/merges.txt" && sed 1d "$WORK/model/merges.txt" | tac; } > "$WORK/merges"
mv "$WORK/merges" "$WORK/model/merges.txt"
again "another tokenizer"
made "learned heads" 2 0
made "chunks of test images" 0 5

# Inference alone reads `retrieval` when prompts are learned: no head is learned for it.
run log -s name=retrieval -s sweep.retrieval=query_former,normal,auto
what="retrieval"
made "learned heads" 0 2

# A word that captions may use and that is drawn for none changes no task's id; one that is drawn for all does, and so does
# another version.
what="a word in extra"
sed -i 's/"shape": \["diamond-shaped"/&, "heart-shaped"/' "$words"
grep -q heart-shaped "$words" || fail "$what: there is none"
run log
grep -q "^0 tasks done, 1 kept" "$WORK/log" || fail "$what: the task was made anew: $(grep kept "$WORK/log")"
sed -i 's/, "heart-shaped"//; s/"shape": \["round"/&, "heart-shaped"/' "$words"
again "a word in base"
sed -i 's/"version": [0-9]*/"version": 999/' "$words"
again "another version of the vocabulary"

# A model is read and digested once: then its files' marks stand for it. Another byte is seen, though size and time of change
# are as before.
what="the model's digest"
weights="$WORK/model/open_clip_model.safetensors"
"$FGAD" model info "$WORK/model" | sed -n 's/^digest *//p' > "$WORK/digest"
kept() { grep -c " $(cat "$WORK/digest") " "$WORK/out/cache/models.txt"; }
sleep 4 # what changed a moment ago is not kept
run log
[ "$(kept)" = 1 ] || fail "$what is not kept: $(cat "$WORK/out/cache/models.txt")"
run log
"$FGAD" run "$WORK/job.yaml" --dry-run > /dev/null || fail "$what: a dry run"
[ "$(kept)" = 1 ] || fail "$what is taken again: $(cat "$WORK/out/cache/models.txt")"
grep -q "^0 tasks done, 1 kept" "$WORK/log" || fail "$what: the task was made anew: $(grep kept "$WORK/log")"
touch -r "$weights" "$WORK/time"
size=$(wc -c < "$weights")
printf '\101' | dd of="$weights" bs=1 seek=$((size - 2)) conv=notrunc 2> /dev/null
touch -r "$WORK/time" "$weights"
run log
grep -q "^1 task done, 0 kept" "$WORK/log" || fail "$what: another byte is not seen: $(grep kept "$WORK/log")"
