# data check on a copy where much is not as foreseen, at once: one screen, worst first, counted, with first examples; the same
# for programs. FGAD and WORK come from CTest.
. "$(dirname "$0")/../support/shell.sh"
images=tests/golden/io/images
part="$WORK/own/part"
mkdir -p "$part/train/good/cam1" "$part/train/bad" "$part/test/good" "$part/test/OK-2" "$part/test/dent" "$part/test/hole/dir.png" \
    "$part/ground_truth/dent" "$part/ground_truth/hole" "$part/val"
put() { cp "$images/$1" "$part/$2"; }
put rgb8.png train/good/0.png
put camera12.tif train/good/1.tif
put turn6.png train/good/2.png
put rgb16.png train/good/cam1/0.png
put rgb8.png train/bad/0.png
put interlaced.png test/good/0.png
put rgb8.png test/good/twin.png
put interlaced.png test/good/again.png
put grey8.png test/good/note_GT.png
put grey8.png test/good/note.png
put rgb8.png test/OK-2/0.png
printf x > "$part/test/good/1.heic"
put rgba8.png test/dent/0.png
put bilevel.bmp ground_truth/dent/0.bmp
put one_wide.png test/dent/size.png
put bilevel.bmp ground_truth/dent/size.bmp
put grey_alpha8.png test/dent/ones.png
put equal_channels.png ground_truth/dent/ones.png
put bilevel.tif test/dent/two.tif
put bilevel.bmp ground_truth/dent/two.bmp
put palette8.png ground_truth/dent/two_mask.png
put lossy.webp test/dent/none.webp
put bilevel.bmp ground_truth/dent/spare.bmp
put deflate_rgba.tif test/hole/0.tif
put palette4.png ground_truth/hole/0.png
put rgb8.png val/0.png
put rgb8.png test/loose.png
put camera12.png test/hole/1.png
head -c 60 "$images/rgb8.png" > "$part/test/hole/cut.png"
mkfifo "$part/test/hole/pipe.png"

code=0
timeout 60 "$FGAD" data check folder "$WORK/own" > "$WORK/said" 2> "$WORK/errors" || code=$?
[ "$code" -eq 1 ] || fail "ended with $code: $(cat "$WORK/said" "$WORK/errors")"
[ ! -s "$WORK/errors" ] || fail "$(cat "$WORK/errors")"
[ "$(wc -l < "$WORK/said")" -le 40 ] || fail "more than a screen: $(cat "$WORK/said")"
[ "$(grep -E '^(STOPS A RUN|CHANGES THE NUMBERS|IS LEFT OUT|odd, but harmless)$' "$WORK/said" | tr '\n' '|')" = \
    'STOPS A RUN|CHANGES THE NUMBERS|IS LEFT OUT|odd, but harmless|' ] || fail "the order of harm: $(cat "$WORK/said")"
tail -n 1 "$WORK/said" | grep -q '^--all shows every file; 1 category, [1-9][0-9]* problems$' || fail "the last line: $(tail -n 1 "$WORK/said")"
# Every kind names a file of it: on a line of its own, or behind what it says where the screen has no more room.
awk 'kind { if (!named && !/^          /) exit 1; kind = 0 } / -> / { kind = 1; named = /, e\.g\. [^ ]/ }' "$WORK/said" || fail "a kind without an example: $(cat "$WORK/said")"
# has LINE FILE: a kind with its count and cure, and the first file of it
has() {
    grep -qF -- "$1" "$WORK/said" || fail "'$1' is not said: $(cat "$WORK/said")"
    grep -qF -- "$2" "$WORK/all" || fail "'$2' is not among the files of --all: $(cat "$WORK/all")"
}
"$FGAD" data check folder "$WORK/own" --all > "$WORK/all" && fail "--all ends with 0"
[ "$(wc -l < "$WORK/all")" -gt "$(wc -l < "$WORK/said")" ] || fail "--all shows no more"
has "  1  image of a kind that is not read -> convert" "test/good/1.heic"
has "  1  mask of another size than its image" "dent/size.bmp': mask is 19 x 13"
has " masks without a pixel above the threshold, though not empty -> mask_threshold=0" "dent/ones.png"
has "  5  anomalous images without a mask" "dent/none.webp"
has "  2  images that cannot be read" "pipe.png' is a FIFO"
has " that use only their low bits" "bit_depth=14"
has "  1  image that EXIF says is to be turned" "turn"
has "  1  image in a folder called like normal ones, taken for a defect" "OK-2' holds 1 image"
has "  1  image with two masks, of which the first is taken" "dent/two.tif' has "
has " that are training images too" "twin.png' is the same image as"
has "  1  mask among the images, left out" "note_GT.png"
has "  1  image beside the folders of the layout, left out" "test/loose.png"
has "  1  mask that belongs to no image" "spare.bmp"
has "  1  folder called like an image" "hole/dir.png"
for one in "1  images" "1  masks" "1  categories" "1  folders" "1  test sets"; do
    ! grep -q "  $one" "$WORK/all" || fail "one of many: $(grep "  $one" "$WORK/all")"
done

# The keys that a run takes are taken here.
"$FGAD" data check folder "$WORK/own" -s mask_threshold=0 -s bit_depth=14 -s exif=apply > "$WORK/keys" && fail "all is well with keys"
for gone in "above the threshold" "low bits" "EXIF says"; do
    ! grep -q "$gone" "$WORK/keys" || fail "the key does not help against '$gone'"
done

# The same for programs: kinds in the same order, with names, counts and lines.
"$FGAD" data check folder "$WORK/own" --format json > "$WORK/json" && fail "json ends with 0"
python=
for p in /usr/bin/python3 python3; do command -v $p > /dev/null && python=$p && break; done
if [ -n "$python" ]; then
    $python - "$WORK/json" <<'P' || fail "the JSON of it"
import json, sys
found = json.load(open(sys.argv[1]))
harms = [f["harm"] for f in found["findings"]]
order = ["stops", "numbers", "left_out", "odd"]
assert harms == sorted(harms, key=order.index) and set(harms) == set(order), harms
kinds = {f["kind"]: f for f in found["findings"]}
assert kinds["mask_size"]["count"] == 1 and "size.png" in kinds["mask_size"]["lines"][0], kinds
assert kinds["unread_kind"]["cure"] and kinds["folder_as_image"]["says"] == "folder called like an image", kinds
assert found["problems"] == sum(f["count"] for f in found["findings"] if f["harm"] != "odd"), found
P
fi

# Real-IAD: of several trees one has to be named, and the refusal names the key.
mkdir -p "$WORK/ri/realiad_256/toy" "$WORK/ri/realiad_1024/toy"
code=0
"$FGAD" data check realiad "$WORK/ri" > "$WORK/said" 2>&1 || code=$?
[ "$code" -eq 2 ] && grep -q "(hint: -s tree=256, or another of 256, 512, 1024, raw)" "$WORK/said" || fail "two trees: $code $(cat "$WORK/said")"
echo "one screen of $(grep -c ' -> ' "$WORK/all") kinds"
