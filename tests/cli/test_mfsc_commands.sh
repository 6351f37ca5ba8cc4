# `fgad mfsc check` and `show`: exit codes and what they say. FGAD, MAKE_MODEL and WORK come from CTest.
. "$(dirname "$0")/../support/shell.sh"
mkdir -p "$WORK/mfsc/own" "$WORK/mfsc/other"
"$MAKE_MODEL" "$WORK/model" --preset toy > /dev/null
cp tests/golden/clip/merges-small.txt "$WORK/model/merges.txt"
cp datasets/mfsc/vocabulary.json "$WORK/mfsc/"
sed 's/"dataset": "demo"/"dataset": "own"/' datasets/mfsc/demo/gear.json > "$WORK/mfsc/own/gear.json"

# says CODE "text" ARGUMENTS...: ends with CODE, and a line of it holds the text
says() {
    want=$1
    text=$2
    shift 2
    code=0
    "$FGAD" mfsc "$@" > "$WORK/out" 2>&1 || code=$?
    [ $code = "$want" ] || fail "'$*' ended with $code, expected $want: $(cat "$WORK/out")"
    grep -qF -- "$text" "$WORK/out" || fail "'$*' lacks '$text': $(cat "$WORK/out")"
}

says 0 "1 file, 0 complaints" check --all --assets "$WORK" --model "$WORK/model"
grep -q "note: '$WORK/mfsc/own/gear.json': group 'image': .* over 32 tokens, the longest (AHP, " "$WORK/out" ||
    fail "no note on lengths: $(cat "$WORK/out")"
says 2 "open_clip_config.json" check --all --assets "$WORK" --model "$WORK/nowhere"
says 2 "expected caption files, or --all" check
says 2 "expected caption files, or --all" check --all x.json
says 2 "unknown option '--al'" check --al
says 2 "--model wants a value" check --all --model

# Complaints name file, field and value, and the exit code is 1.
sed 's/"color": "red"/"color": "rad"/' "$WORK/mfsc/own/gear.json" > "$WORK/mfsc/other/wheel.json"
says 1 "'$WORK/mfsc/other/wheel.json': components[1].attributes.color: 'rad' is no base value of 'color' in the vocabulary (did you mean 'red'?)" \
    check --all --assets "$WORK"
grep -qF "category: 'gear', but the file is called 'wheel.json'" "$WORK/out" || fail "the name is not checked"
grep -qF "components[1].caption: lacks 'rad'" "$WORK/out" || fail "the value is not looked for: $(cat "$WORK/out")"
grep -q "^2 files, 4 complaints" "$WORK/out" || fail "$(tail -1 "$WORK/out")"
says 1 "'$WORK/mfsc/other/wheel.json': " check "$WORK/mfsc/other/wheel.json" --assets "$WORK"
if grep -qF "the file is called" "$WORK/out"; then fail "a file given by path may lie anywhere"; fi
says 2 "No such file" check "$WORK/none.json"
says 2 "wheel.json lists them" show "$WORK/mfsc/other/wheel.json" --assets "$WORK"

says 0 "summary     a gear with a golden metal body" show gear
says 0 "own/gear ($WORK/mfsc/own/gear.json)" show gear --assets "$WORK" --dataset own
says 0 "mvtec/zipper (datasets/mfsc/mvtec/zipper.json)" show mvtec/zipper
says 0 "realiad/zipper" show zipper --dataset realiad
says 2 "'zipper' is a category of mvtec and realiad (hint: --dataset mvtec)" show zipper
says 2 "there is no caption of 'geer' below 'datasets/mfsc' (did you mean 'demo/gear'?)" show geer
says 2 "expected one category or caption file, found 2" show gear bottle
says 2 "it goes with --prompts" show gear -s n_ab=1
says 2 "n_ahp is '0'" show gear --prompts --model "$WORK/model" -s n_ahp=0

# Every prompt of every group, with its length; options of the job change them.
says 0 "group 4 'seal': noun 'seal'" show gear --prompts --model "$WORK/model" -s n_ab=2 -s n_ahp=3
[ "$(grep -c '^  NHP ' "$WORK/out")" = 5 ] || fail "not one NHP a group: $(cat "$WORK/out")"
[ "$(grep -c '^  AHP ' "$WORK/out")" = 13 ] || fail "not three AHP a group, one of the background: $(cat "$WORK/out")"
[ "$(grep -c '^  ALP ' "$WORK/out")" = 10 ] || fail "not two ALP a group: $(cat "$WORK/out")"
grep -q '^  NHP  26 tokens  \[V\]x4 the gear has one body' "$WORK/out" || fail "no token count: $(cat "$WORK/out")"
says 0 "0 learnable numbers" show gear --prompts --model "$WORK/model" -s learn=false
if grep -qE '^  ALP|\[V\]' "$WORK/out"; then fail "learnable parts without learning: $(cat "$WORK/out")"; fi

# A caption to fill in: it names the values, is none yet, and is not written over what is there.
says 0 "$WORK/mfsc/own/wheel.json: fill in what stands in <>" new wheel --dataset own --assets "$WORK"
grep -q '"texture": "<.*one of: smooth, rough, glossy' "$WORK/mfsc/own/wheel.json" || fail "$(cat "$WORK/mfsc/own/wheel.json")"
says 1 "is still to be filled in" check "$WORK/mfsc/own/wheel.json" --assets "$WORK"
says 2 "exists already (hint: --force" new wheel --dataset own --assets "$WORK"
says 0 "$WORK/w.json: fill in" new wheel --out "$WORK/w.json"
says 2 "expected the NAME of a category" new
says 2 "'a/b' is not the name of one folder" new a/b
# What is unverified is said of a fit file, and changes nothing.
says 0 "note: 'datasets/mfsc/realiad/toy.json': unverified: image.background: 'plain dark'" check datasets/mfsc/realiad/toy.json

# One message for a chat model: the caption's sentences, its states applied, the question.
says 0 "- seal: a red and ring-shaped seal of rubber with a smooth surface." show gear --dataset own --assets "$WORK" --chat
for line in "- gear with a crack" "- body with a missing part" "Is there an anomaly in the picture? Answer with one word"; do
    grep -qF -- "$line" "$WORK/out" || fail "the message lacks '$line': $(cat "$WORK/out")"
done
says 2 "--chat and --prompts are two printings" show gear --dataset own --assets "$WORK" --chat --prompts
