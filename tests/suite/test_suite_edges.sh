# Captions at the edges, end to end, handcrafted and learned: one component without background, six components, sentences of
# more than 77 tokens, names that are parts of other names. With the bundled model and a few demo images of each.
. "$(dirname "$0")/lib.sh"

# images CATEGORY FROM DEFECT: two training images, two normal and two anomalous test images of a demo category, as CATEGORY
images() {
    from="$DATA/demo/$2"
    [ -d "$from/test/$3" ] || fail "the demo has no $2/test/$3"
    to="$WORK/set/$1"
    mkdir -p "$to/train/good" "$to/test/good" "$to/test/$3" "$to/ground_truth/$3"
    for part in train/good test/good "test/$3" "ground_truth/$3"; do
        for file in $(ls "$from/$part" | head -2); do cp "$from/$part/$file" "$to/$part/"; done
    done
}
images alone fabric hole
images six circuit_board scratch
images long gear dent
images within connector bent_pin

mkdir -p "$WORK/assets/mfsc/demo"
cp datasets/mfsc/vocabulary.json "$WORK/assets/mfsc/"
captions="$WORK/assets/mfsc/demo"
states='["bent {}", "{} with a scratch", "damaged {}"]'
cat > "$captions/alone.json" << JSON
{"category": "alone", "dataset": "demo",
 "image": {"foreground": "cloth", "background": "none", "summary": "a cloth made of a blue flat sheet that fills the image."},
 "foreground": {"relation": "the cloth has one sheet on the surface.",
  "components": [{"name": "sheet", "number": "one", "location": "surface"}]},
 "components": [{"name": "sheet", "caption": "the sheet is a woven and flat piece of blue fabric.",
  "attributes": {"color": "blue", "texture": "woven", "shape": "flat", "material": "fabric"}}],
 "abnormal_states": $states}
JSON
cat > "$captions/six.json" << JSON
{"category": "six", "dataset": "demo",
 "image": {"foreground": "module", "background": "gray",
  "summary": "a module with a board, a chip, contacts, capacitors, resistors and a screw on a gray background."},
 "foreground": {"relation": "the module has one board at the center, one chip in the middle, four contacts at the corner, two capacitors at the left, three resistors at the right and one screw at the top.",
  "components": [{"name": "board", "number": "one", "location": "center"}, {"name": "chip", "number": "one", "location": "middle"},
   {"name": "contacts", "number": "four", "location": "corner"}, {"name": "capacitors", "number": "two", "location": "left"},
   {"name": "resistors", "number": "three", "location": "right"}, {"name": "screw", "number": "one", "location": "top"}]},
 "components": [
  {"name": "board", "caption": "the board is a piece of green plastic.", "attributes": {"color": "green", "material": "plastic"}},
  {"name": "chip", "caption": "a black and square chip.", "attributes": {"color": "black", "shape": "square"}},
  {"name": "contacts", "caption": "the contacts are golden.", "attributes": {"color": "golden"}},
  {"name": "capacitors", "caption": "the capacitors are blue and round.", "attributes": {"color": "blue", "shape": "round"}},
  {"name": "resistors", "caption": "the resistors are beige.", "attributes": {"color": "beige"}},
  {"name": "screw", "caption": "a screw.", "attributes": {}}],
 "abnormal_states": $states}
JSON
more="which has been cut and bored and ground and washed and dried and looked at by two people before it was put on the table where the camera took its picture in the light of four lamps that stand around it and keep still"
cat > "$captions/long.json" << JSON
{"category": "long", "dataset": "demo",
 "image": {"foreground": "gear", "background": "white",
  "summary": "a gear with a rim and a hub on a white background, $more, and here the rim is gray."},
 "foreground": {"relation": "the gear has one rim, $more, at the outside and one hub in the center.",
  "components": [{"name": "rim", "number": "one", "location": "outside"}, {"name": "hub", "number": "one", "location": "center"}]},
 "components": [
  {"name": "rim", "caption": "a rim of metal, $more, so that it is gray and round.", "attributes": {"color": "gray", "shape": "round", "material": "metal"}},
  {"name": "hub", "caption": "the hub is round.", "attributes": {"shape": "round"}}],
 "abnormal_states": $states}
JSON
cat > "$captions/within.json" << JSON
{"category": "within", "dataset": "demo",
 "image": {"foreground": "pin header", "background": "beige",
  "summary": "a pin header with one black pin row, one golden pin and one gray row on a beige background."},
 "foreground": {"relation": "the pin header has one pin row at the top, one pin at the left and one row at the bottom.",
  "components": [{"name": "pin", "number": "one", "location": "left"}, {"name": "pin row", "number": "one", "location": "top"},
   {"name": "row", "number": "one", "location": "bottom"}]},
 "components": [
  {"name": "pin", "caption": "next to the pin row of the pin header stands a golden and elongated pin of metal.",
   "attributes": {"color": "golden", "shape": "elongated", "material": "metal"}},
  {"name": "pin row", "caption": "beside the row and the pin lies the pin row, a black piece of plastic.",
   "attributes": {"color": "black", "material": "plastic"}},
  {"name": "row", "caption": "below the pin row runs a gray and flat row of rubber.",
   "attributes": {"color": "gray", "shape": "flat", "material": "rubber"}}],
 "abnormal_states": $states}
JSON
cat > "$WORK/job.yaml" << YAML
dataset: [demo]
roots: {demo: $WORK/set}
assets: $WORK/assets
model: datasets/models/demo-clip
output: $WORK/out
shots: [1]
aggregation: {scale: 2}
pixel: {epochs: 3}
image: {epochs: 2}
query_former: {steps: 20}
resolution: 96
YAML

# groups FILE HEAD NAME...: the head has these groups, in this order, and no others
groups() {
    file=$(head_of "$1" "$2")
    head=$2
    shift 2
    found=$(h5ls "$file/prompts/$head/groups" | wc -l)
    [ "$found" = $# ] || fail "$file has $found groups of the $head head, expected $#: $*"
    number=0
    for name in "$@"; do
        h5dump -a "/prompts/$head/groups/$number/name" "$file" | grep -q "(0): \"$(echo "$name" | tr _ ' ')\"" ||
            fail "group $number of $file is not '$name'"
        number=$((number + 1))
    done
}

# prompt FILE GROUP TEXT: the group of the pixel head has this prompt
prompt() {
    file=$(head_of "$1" pixel)
    h5dump -w 0 -d "/prompts/pixel/groups/$2/text" "$file" | grep -qF "\"$3\"" ||
        fail "group $2 of $1 has no '$3': $(h5dump -w 0 -d "/prompts/pixel/groups/$2/text" "$file")"
}

# numbers DATASET FILE: there are some, all finite
numbers() {
    h5dump -d "$1" "$2" | grep "^ *(" > "$WORK/numbers" || fail "$2 has no $1"
    ! grep -qi "nan\|inf" "$WORK/numbers" || fail "$1 of $2 has values that are no numbers"
}

for learn in false true; do
    ranks 2 run "$WORK/job.yaml" -s name=$learn -s learn=$learn > "$WORK/log" 2> "$WORK/errors" || fail "$(cat "$WORK/errors")"
    grep -q "^4 tasks done, 0 kept from earlier runs, 0 failed" "$WORK/log" || fail "learn $learn: $(cat "$WORK/log")"
    awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; next }
        { rows++; image = $column["image_auroc"]; pixel = $column["pixel_auroc"] }
        image !~ /^[01](\.[0-9]+)?$/ || pixel !~ /^[01](\.[0-9]+)?$/ { bad = 1 }
        END { exit rows == 5 && !bad ? 0 : 1 }' "$WORK/out/$learn/results.csv" || fail "$(cat "$WORK/out/$learn/results.csv")"
    # The warning names the caption, the group and the text; only the long caption is cut.
    for group in image foreground rim; do
        grep -q "warning: '.*/long.json': group '$group': a prompt is cut to 77 tokens: '.* which has been cut and bored" "$WORK/errors" ||
            fail "learn $learn: no warning about group $group: $(cat "$WORK/errors")"
    done
    ! grep "cut to" "$WORK/errors" | grep -v "/long.json'" || fail "another caption was cut"
    heads=pixel
    prefix=
    [ $learn = false ] || { heads="pixel image" && prefix="[V]x4 "; }
    for head in $heads; do
        groups "$WORK"/out/$learn/tasks/demo/alone/*.h5 $head image foreground sheet
        groups "$WORK"/out/$learn/tasks/demo/six/*.h5 $head image foreground background board chip contacts capacitors resistors screw
        groups "$WORK"/out/$learn/tasks/demo/long/*.h5 $head image foreground background rim hub
        groups "$WORK"/out/$learn/tasks/demo/within/*.h5 $head image foreground background pin pin_row row
    done
    within=$(ls "$WORK"/out/$learn/tasks/demo/within/*.h5)
    prompt "$within" 0 "${prefix}a bent pin header with one black pin row, one golden pin and one gray row on a beige background."
    prompt "$within" 3 "${prefix}next to the pin row of the pin header stands a golden and elongated bent pin of metal."
    prompt "$within" 4 "${prefix}beside the row and the pin lies the damaged pin row, a black piece of plastic."
    prompt "$within" 5 "${prefix}below the pin row runs a gray and flat row with a scratch of rubber."
    for file in "$WORK"/out/$learn/tasks/demo/*/*.h5; do
        numbers /maps/M_pix "$file"
        [ $learn = false ] || numbers /prompts/pixel/loss "$(head_of "$file" pixel)"
    done
done
# A component without a value to replace learns a vector before its name; of values behind the 77th token none is replaced.
six=$(ls "$WORK"/out/true/tasks/demo/six/*.h5)
long=$(ls "$WORK"/out/true/tasks/demo/long/*.h5)
prompt "$six" 8 "[V]x4 a [a1] screw."
prompt "$long" 3 "[V]x4 a rim of [a1], $more, so that it is gray and round."
longest=$(h5dump -d /prompts/pixel/groups/3/length "$(head_of "$long" pixel)" | grep "(0)" | tr -cd '0-9,\n ' | tr ', ' '\n\n' | sort -n | tail -1)
[ "$longest" = 77 ] || fail "the longest prompt of the long caption has $longest tokens"

# Own images with a caption beside them, which the assets know nothing of: no masks, so no pixel metrics.
mkdir -p "$WORK/own"
cp -r "$WORK/set/alone" "$WORK/own/cloth"
rm -r "$WORK/own/cloth/ground_truth"
code=0
"$FGAD" run "$WORK/job.yaml" -s dataset=folder -s roots.folder="$WORK/own" -s name=own > "$WORK/log" 2> "$WORK/errors" || code=$?
[ $code = 2 ] || fail "own images without a caption ended with $code, expected 2"
grep -q "folder/cloth.json' does not exist: .*or as caption.json in the category's folder" "$WORK/errors" || fail "$(cat "$WORK/errors")"
sed 's/"category": "alone", "dataset": "demo"/"category": "cloth", "dataset": "folder"/' "$captions/alone.json" > "$WORK/own/cloth/caption.json"
"$FGAD" run "$WORK/job.yaml" -s dataset=folder -s roots.folder="$WORK/own" -s name=own > "$WORK/log" 2> "$WORK/errors" ||
    fail "own images: $(cat "$WORK/errors")"
groups "$WORK"/out/own/tasks/folder/cloth/*.h5 pixel image foreground sheet
grep -q "(no pixel AUROC: test images of one class, or without ground truth)" "$WORK/log" || fail "$(cat "$WORK/log")"
"$FGAD" run "$WORK/job.yaml" -s dataset=folder -s roots.folder="$WORK/own" -s name=own > "$WORK/log" 2> "$WORK/errors"
grep -q "^0 tasks done, 1 kept" "$WORK/log" || fail "own images again: $(cat "$WORK/log")"
sed -i 's/blue/red/g' "$WORK/own/cloth/caption.json"
"$FGAD" run "$WORK/job.yaml" -s dataset=folder -s roots.folder="$WORK/own" -s name=own > "$WORK/log" 2> "$WORK/errors"
grep -q "^1 task done, 0 kept" "$WORK/log" || fail "another caption: $(cat "$WORK/log")"

# The same file names under another root are other images: neither root sets the other's features aside, or learns from them.
own() { "$FGAD" run "$WORK/job.yaml" -s dataset=folder -s learn=true "$@" > "$WORK/log" 2> "$WORK/errors" || fail "$*: $(cat "$WORK/errors")"; }
mkdir "$WORK/other"
cp -r "$WORK/own/cloth" "$WORK/other/cloth"
for folder in train/good test/good; do
    set -- "$WORK/other/cloth/$folder"/*
    mv "$1" "$WORK/one.png"
    mv "$2" "$1"
    mv "$WORK/one.png" "$2"
done
own -s roots.folder="$WORK/own" -s name=first
own -s roots.folder="$WORK/other" -s name=second
grep -q "^learned heads: 2 made, 0 reused" "$WORK/log" || fail "heads of other images were used: $(cat "$WORK/log")"
own -s roots.folder="$WORK/other" -s name=second -s output="$WORK/apart"
cut -d, -f1-13 "$WORK/out/second/results.csv" > "$WORK/want"
cut -d, -f1-13 "$WORK/apart/second/results.csv" | cmp - "$WORK/want" || fail "another root's cache changed the numbers"
own -s roots.folder="$WORK/own" -s name=first --fresh
grep -q "^chunks of test images: 0 made" "$WORK/log" || fail "features were made again: $(cat "$WORK/log")"
aside=$(find "$WORK/out/cache" -name '*.aside-*')
[ -z "$aside" ] || fail "set aside: $aside"

# Of own images the content counts: another picture in a file of the same size is another picture.
image=$(ls "$WORK"/own/cloth/test/good/*.png | head -1)
printf x >> "$image"
own -s roots.folder="$WORK/own" -s name=third
printf y | dd of="$image" bs=1 seek=$(($(wc -c < "$image") - 1)) conv=notrunc 2> "$WORK/dd"
own -s roots.folder="$WORK/own" -s name=third
grep -q "^1 task done, 0 kept" "$WORK/log" && grep -q "^chunks of test images: 1 made" "$WORK/log" ||
    fail "another image of the same size: $(cat "$WORK/log")"
