# `fgad new`: from a folder of images to heat maps by three commands, in each way that images lie; nothing of theirs changes; what
# cannot be laid out is told. FGAD, DATA (of the suite) and WORK come from CTest.
. "$(dirname "$0")/../support/shell.sh"
unset FGAD_API_URL FGAD_API_MODEL || true
mkdir "$WORK/demo"
cp -r "$DATA/demo/gear" "$WORK/demo/"
cp -r "$DATA/model" "$WORK/model"
gear=$WORK/demo/gear
listing() {
    (cd "$WORK/demo" && find . -printf '%p %s %T@\n' | sort)
}
listing > "$WORK/before"

# make DIR FOLDER [OPTION]...: fgad new, whose output is in $WORK/out
make() {
    dir=$1
    folder=$2
    shift 2
    "$FGAD" new "$WORK/$dir" --images "$folder" --model "$WORK/model" "$@" > "$WORK/out" 2>&1 || fail "fgad new $dir: $(cat "$WORK/out")"
}
says() {
    grep -qF -- "$1" "$WORK/out" || fail "'$1' is not said: $(cat "$WORK/out")"
}

# Normal images alone; the commands that it prints, as they stand, whatever the folder is called.
make "it's plain" "$gear/train/good" --name parts
says "parts: 9 images to learn from, 3 normal and 0 anomalous to test with (every fourth normal image is in the test)"
says "no anomalous image"
grep -q "^branches: \[vad\]" "$WORK/it's plain/job.yaml" || fail "prompts without a caption: $(cat "$WORK/it's plain/job.yaml")"
[ -s "$WORK/it's plain/images/parts/caption.json" ] || fail "no form of a caption"
sed -n 's/^next: //p; s/^then: //p' "$WORK/out" > "$WORK/commands"
[ "$(wc -l < "$WORK/commands")" -eq 2 ] || fail "commands: $(cat "$WORK/commands")"
(cd / && sh -e "$WORK/commands") > "$WORK/log" 2>&1 || fail "the commands that new prints: $(cat "$WORK/log")"
[ "$(find "$WORK/it's plain/pictures" -path '*overlays*good*.png' | wc -l)" -eq 3 ] || fail "no heat maps: $(find "$WORK/it's plain/pictures")"

# Normal images in good, a folder a defect, masks, and unlabelled ones.
mkdir -p "$WORK/own/my parts"
cp -r "$gear/train/good" "$WORK/own/my parts/OK"
cp -r "$gear/test/crack" "$gear/test/scratch" "$WORK/own/my parts/" 2> /dev/null || cp -r "$gear/test/crack" "$WORK/own/my parts/"
cp -r "$gear/test/good" "$WORK/own/my parts/unlabelled"
make folders "$WORK/own/my parts"
says "my_parts: 9 images to learn from, 3 normal and"
says "unlabelled test images: in no number"
[ -e "$WORK/folders/images/my_parts/test/crack/000.png" ] || fail "the defect is not there"
"$FGAD" run "$WORK/folders/job.yaml" -s resolution=64 > "$WORK/log" 2>&1 || fail "the run: $(cat "$WORK/log")"
awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "image_auroc") c = i; next } $2 == "my_parts" { exit !($c > 0) }' \
    "$WORK/folders/results/my_parts/results.csv" || fail "no AUROC"

# Images too deep to be found are named, and not counted as the test's.
mkdir -p "$WORK/deep/bad"
cp -r "$gear/train/good" "$WORK/deep/"
cp -r "$gear/test/crack" "$WORK/deep/bad/"
make nested "$WORK/deep"
says "images in folders of their own, left out -> move them one folder up, if they are such images"
says "deep: 9 images to learn from, 3 normal and 0 anomalous"

# MVTec-AD's layout: the same images as they lie there.
make layout "$gear"
says "gear: 12 images to learn from, 12 normal and"
says "next: $FGAD run $WORK/layout/job.yaml"
"$FGAD" run "$WORK/layout/job.yaml" --dry-run > "$WORK/log" 2>&1 || fail "the plan: $(cat "$WORK/log")"
listing > "$WORK/after"
cmp "$WORK/before" "$WORK/after" || fail "fgad new changed somebody's images"

# The demo's model is said to mean little; a model that was fetched is in the job.
mkdir -p "$WORK/assets/models"
cp -r datasets/mfsc "$WORK/assets/"
"$FGAD" new "$WORK/poor" --images "$gear" --assets "$WORK/assets" > "$WORK/out" 2>&1 || fail "without a fetched model: $(cat "$WORK/out")"
says "whose scores on photographs mean little"
ln -s "$WORK/model" "$WORK/assets/models/some-model"
"$FGAD" new "$WORK/rich" --images "$gear" --assets "$WORK/assets" > "$WORK/out" 2>&1 || fail "with a fetched model: $(cat "$WORK/out")"
grep -q "^model: '$WORK/model'" "$WORK/rich/job.yaml" || fail "the fetched model is not in the job: $(cat "$WORK/rich/job.yaml")"

# refuse MESSAGE ARGUMENTS...
refuse() {
    message=$1
    shift
    code=0
    "$FGAD" new "$@" > "$WORK/out" 2>&1 || code=$?
    [ $code -eq 2 ] || fail "fgad new $*: exit code $code: $(cat "$WORK/out")"
    says "$message"
}
refuse "exists already" "$WORK/layout" --images "$gear"
mkdir "$WORK/empty"
refuse "holds no normal image to learn from" "$WORK/x1" --images "$WORK/empty"
refuse "is no folder" "$WORK/x2" --images "$WORK/gone"
refuse "expected --images" "$WORK/x3"
cp "$gear/train/good/000.png" "$WORK/empty/"
refuse "nothing to test with" "$WORK/x4" --images "$WORK/empty"
# What is refused lays out nothing.
mkdir "$WORK/photos"
cp "$gear"/train/good/* "$WORK/photos/"
refuse "lies among the images of" "$WORK/photos/x5" --images "$WORK/photos"
refuse "lies among the images of" "$WORK/photos/." --images "$WORK/photos"
[ "$(find "$WORK/photos" ! -type f)" = "$WORK/photos" ] || fail "a refused beginning has left $(find "$WORK/photos")"
refuse "'$WORK/nowhere' cannot be found" "$WORK/x5" --images "$gear/train/good" --model "$WORK/nowhere"
refuse "expected letters, digits" "$WORK/x5" --images "$gear/train/good" --name 'two words'
refuse "not MEAN" "$WORK/x5" --images "$gear/train/good" --name MEAN
refuse "holds no open_clip_config.json" "$WORK/x5" --images "$gear/train/good" --model "$WORK/empty"
refuse "vocabulary.json' does not exist (hint: --assets" "$WORK/x5" --images "$gear/train/good" --assets "$WORK/empty"
refuse "an argument is empty" "$WORK/x5" --images "$gear/train/good" --model ""
refuse "cannot be written into a job" "$WORK/x5$(printf '\033')[2J" --images "$gear/train/good"
[ -z "$(find "$WORK" -maxdepth 1 -name 'x5*')" ] || fail "a refused beginning has left a folder"
[ ! -e "$WORK/x5" ] || fail "a refused beginning has left $(find "$WORK/x5")"
