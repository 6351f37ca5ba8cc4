# Export and import: MVTec's protocol on exported maps, the way back, and trees that are not whole.
. "$(dirname "$0")/lib.sh"
demo_data gear tablet
golden=$GOLDEN/review/mvtec

# cell FILE CATEGORY COLUMN
cell() {
    awk -F, -v category="$2" -v column="$3" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == column) c = i; next }
        $2 == category { print $c; exit }' "$1"
}
# near A B TOLERANCE
near() {
    awk -v a="$1" -v b="$2" -v t="$3" 'BEGIN { exit !(a != "" && b != "" && a - b < t && b - a < t) }'
}

# The numbers of a numpy and scipy program written from MVTec's definition (tests/reference/mvtec_protocol.py).
"$FGAD" import "$golden/maps" --dataset mvtec --data-root "$golden/data" --name reference -s output="$WORK/out" > "$WORK/log" \
    2>&1 || fail "import of the golden tree: $(cat "$WORK/log")"
for metric in aupro image_auroc; do
    want=$(sed -n "s/.*\"$metric\": \([0-9.e-]*\).*/\1/p" "$golden/expected.json")
    got=$(cell "$WORK/out/reference/results.csv" thing $metric)
    near "$want" "$got" 1e-9 || fail "$metric of the golden tree is $got, expected $want"
done

cat > "$WORK/job.yaml" <<YAML
output: $WORK/out
dataset: [demo]
data_root: $WORK/data
model: $WORK/model
shots: [1]
pixel: {epochs: 1}
image: {epochs: 1, n_pro: 1}
metric_size: native
YAML
"$FGAD" run "$WORK/job.yaml" -s name=run > "$WORK/log" 2>&1 || fail "the run: $(tail -3 "$WORK/log")"
"$FGAD" export "$WORK/out/run" --out "$WORK/files" --tiff --csv --overlay --regions > "$WORK/log" || fail "export"
set=$WORK/files/demo-k1-s0
[ "$(find "$set/maps" -name '*.tiff' | wc -l)" -eq "$(find "$WORK/data/demo" -path '*/test/*.png' | wc -l)" ] || fail "maps are missing"
[ "$(find "$set/overlays" -path '*/test/*.png' | wc -l)" -eq "$(find "$set/maps" -name '*.tiff' | wc -l)" ] || fail "overlays are missing"
[ "$(find "$set/overlays" -name scale.json | wc -l)" -eq 2 ] || fail "expected one scale a category"
[ -s "$set/regions/gear/shot0.png" ] && [ "$(wc -l < "$set/regions/gear/legend.csv")" -ge 3 ] || fail "regions of gear"
[ "$(wc -l < "$set/images.csv")" -eq $((1 + $(find "$set/maps" -name '*.tiff' | wc -l))) ] || fail "images.csv is not whole"
awk -F, 'NR > 1 && $2 == "gear" { if ($10 == 1) top = $9; if (best == "" || $9 + 0 > best + 0) best = $9 }
    END { exit top != best }' "$set/images.csv" || fail "rank 1 is not the highest score"

# A choice of images: the same files of these alone, on the same scale.
"$FGAD" export "$WORK/out/run" --out "$WORK/chosen" --tiff --overlay --images 'test/crack/*,test/good/000.png' > "$WORK/log" || fail "a choice"
chosen=$WORK/chosen/demo-k1-s0
[ "$(find "$chosen/overlays" -path '*/test/*.png' | wc -l)" -eq "$(find "$WORK/data/demo" -path '*/test/crack/*.png' -o -path '*/test/good/000.png' | wc -l)" ] ||
    fail "a choice: $(find "$chosen/overlays")"
for file in overlays/gear/test/good/000.png overlays/gear/scale.json maps/gear/test/crack/000.tiff; do
    cmp "$set/$file" "$chosen/$file" || fail "$file of a choice is another"
done

# The way back: the exported maps and scores have the run's own numbers.
"$FGAD" import "$set/maps" --dataset demo --data-root "$WORK/data" --name back --scores "$set/images.csv" --shots 1 \
    -s output="$WORK/out" > "$WORK/log" 2>&1 || fail "import: $(cat "$WORK/log")"
cut -d, -f1-4,7-14 "$WORK/out/run/results.csv" > "$WORK/want"
cut -d, -f1-4,7-14 "$WORK/out/back/results.csv" > "$WORK/got"
cmp "$WORK/want" "$WORK/got" || fail "imported maps have other numbers than the run they are of"
"$FGAD" export "$WORK/out/back" --out "$WORK/again" --tiff > "$WORK/log" || fail "export of an imported run"
for map in $(cd "$set/maps" && find . -name '*.tiff' | head -5); do
    cmp "$set/maps/$map" "$WORK/again/demo-k1-s0/maps/$map" || fail "$map changed on its way"
done
# Several draws in one run: every draw has its own images.csv, and each is whole.
"$FGAD" run "$WORK/job.yaml" -s name=draws -s branches=vad -s seeds=0,1,2 -s resolution=64 -s metric_size=R > "$WORK/log" 2>&1 ||
    fail "the run of three draws: $(tail -3 "$WORK/log")"
"$FGAD" export "$WORK/out/draws" --out "$WORK/draws" --csv > "$WORK/log" || fail "export of three draws"
for seed in 0 1 2; do
    [ "$(wc -l < "$WORK/draws/demo-k1-s$seed/images.csv")" -eq "$(wc -l < "$set/images.csv")" ] || fail "images.csv of seed $seed"
done
"$FGAD" rescore "$WORK/out/back" -s sigma=1 > "$WORK/log" 2>&1 && fail "imported maps were rescored"
grep -q "fgad import -s" "$WORK/log" || fail "no hint: $(cat "$WORK/log")"
for command in "status $WORK/out/back" "reduce $WORK/out/back" "run $WORK/out/back/run.yaml" "audit $WORK/out/back"; do
    # shellcheck disable=SC2086
    "$FGAD" $command > "$WORK/log" 2>&1 && fail "$command, of imported maps"
    grep -q "^fgad: '.*' is of imported maps" "$WORK/log" || fail "$command: $(cat "$WORK/log")"
done

# Reports from the stored maps. AUROC is a mean over anomalous images: that of all is the weighted mean of the kinds'.
"$FGAD" report "$WORK/out/run" --category gear --metrics image_auroc --per-defect --format csv > "$WORK/defects"
want=$(cell "$WORK/out/run/results.csv" gear image_auroc)
got=$(awk -F, '/^# defects/ { on = 1; getline; for (i = 1; i <= NF; i++) { if ($i == "images") n = i; if ($i == "image_auroc") v = i }; next }
    on && NF > 1 { images += $n; sum += $n * $v } END { printf "%.17g", sum / images }' "$WORK/defects")
near "$want" "$got" 1e-12 || fail "kinds of defect make $got together, expected $want"
"$FGAD" report "$WORK/out/run" --bootstrap 50 --format csv > "$WORK/one"
"$FGAD" report "$WORK/out/run" --bootstrap 50 --format csv > "$WORK/two"
cmp "$WORK/one" "$WORK/two" || fail "two bootstraps of one seed differ"
"$FGAD" report "$WORK/out/run" --bootstrap 50 --bootstrap-seed 1 --format csv > "$WORK/two"
cmp -s "$WORK/one" "$WORK/two" && fail "two bootstraps of two seeds agree"
# Imported maps are the same maps: no difference, and one that is there is found with its sign.
"$FGAD" report "$WORK/out/run" --against "$WORK/out/back" --bootstrap 50 --format csv > "$WORK/against"
awk -F, '/^# against/ { on = 1; getline; for (i = 1; i <= NF; i++) if ($i ~ /_difference(_low|_high)?$/) c[i] = 1; next }
    on && NF > 1 { rows++; for (i in c) if ($i + 0 != 0) exit 1 } END { exit rows != 3 }' "$WORK/against" ||
    fail "a run differs from its own maps: $(cat "$WORK/against")"
"$FGAD" rescore "$WORK/out/run" -s branches=vad --name vad > "$WORK/log" || fail "rescore"
"$FGAD" report "$WORK/out/run" --against "$WORK/out/run/rescored/vad" --bootstrap 50 --format csv > "$WORK/against"
got=$(awk -F, '/^# against/ { on = 1; getline; for (i = 1; i <= NF; i++) { if ($i == "pixel_auroc_difference") c = i; if ($i == "category") g = i }; next }
    on && $g == "gear" { print $c }' "$WORK/against")
want=$(echo "$(cell "$WORK/out/run/results.csv" gear pixel_auroc) $(cell "$WORK/out/run/rescored/vad/results.csv" gear pixel_auroc)" |
    awk '{ printf "%.17g", $1 - $2 }')
near "$want" "$got" 1e-12 || fail "the difference is $got, expected $want"

"$FGAD" import "$set/maps" --dataset demo --data-root "$WORK/data" --name far --shots 7 -s output="$WORK/out" > "$WORK/log" 2>&1 ||
    fail "import as another draw"
"$FGAD" report "$WORK/out/run" --against "$WORK/out/far" | grep -q "nothing in common: the other has no result of the same" ||
    fail "two runs with nothing in common are not told"

# Maps of another size are brought to their images', and the protocol says so.
mkdir -p "$WORK/small/thing"
cp -r "$golden/maps/thing/test" "$WORK/small/thing/"
cp "$golden/maps/thing/test/good/000.tiff" "$WORK/small/thing/test/good/001.tiff"
"$FGAD" import "$WORK/small" --dataset mvtec --data-root "$golden/data" --name small -s output="$WORK/out" > "$WORK/log" 2>&1 ||
    fail "import of maps of other sizes"
grep -q "maps=resized" "$WORK/out/small/results.csv" || fail "the protocol does not tell of resized maps"

# refuse MESSAGE COMMAND...: exit code 2 and one line with the message
refuse() {
    message=$1
    shift
    code=0
    "$FGAD" "$@" > "$WORK/log" 2>&1 || code=$?
    [ "$code" -eq 2 ] || fail "fgad $*: exit code $code"
    grep -q "$message" "$WORK/log" || fail "fgad $* says: $(cat "$WORK/log")"
}
refuse "an argument is empty" export "$WORK/out/run" --out ""
refuse "expected LOW,HIGH" export "$WORK/out/run" --out "$WORK/files" --scale -inf,inf
refuse "no test image of .* is named by 'test/nosuch/" export "$WORK/out/run" --out "$WORK/none" --tiff --images 'test/nosuch/*'
refuse "lies in '$WORK/data/demo', the images of demo" export "$WORK/out/run" --out "$WORK/data/demo/maps" --csv
[ ! -e "$WORK/data/demo/maps" ] || fail "an export among the images has left a folder"
refuse "'epsilon=1' would change the results" report "$WORK/out/run" -s epsilon=1
# Another task's file under a task's name has another task's maps.
cp -r "$WORK/out/draws" "$WORK/out/mixed"
set -- $(find "$WORK/out/mixed/tasks/demo/gear" -name '*.h5' | sort | head -2)
cp --remove-destination "$1" "$2"
for command in "export $WORK/out/mixed --out $WORK/none" "report $WORK/out/mixed --bootstrap 5" "rescore $WORK/out/mixed -s sigma=1"; do
    refuse "'$2' has the id [0-9a-f]*, expected " $command
done
# An import that ends early leaves what it began to be done again.
rm "$WORK/small/thing/test/hole/002.tiff"
refuse "thing/test/hole/002.tiff' does not exist" import "$WORK/small" --dataset mvtec --data-root "$golden/data" --name x \
    -s output="$WORK/out"
[ -z "$(find "$WORK/out" -path '*/x/results.csv')" ] || fail "a refused import left results"
cp "$golden/maps/thing/test/hole/002.tiff" "$WORK/small/thing/test/hole/"
"$FGAD" import "$WORK/small" --dataset mvtec --data-root "$golden/data" --name x -s output="$WORK/out" > "$WORK/log" 2>&1 ||
    fail "an import begun again: $(cat "$WORK/log")"
rm -r "$WORK/out/x"
printf 'category,path,score\nthing,test/good/000.png,0.5\n' > "$WORK/scores.csv"
refuse "has no score of thing/test/good/001.png" import "$golden/maps" --dataset mvtec --data-root "$golden/data" --name x \
    --scores "$WORK/scores.csv" -s output="$WORK/out"
printf 'category,path,score\nthing,test/good/900.png,0.5\n' > "$WORK/scores.csv"
refuse "scores.csv:2: thing has no test image 'test/good/900.png'" import "$golden/maps" --dataset mvtec \
    --data-root "$golden/data" --name x --scores "$WORK/scores.csv" -s output="$WORK/out"
refuse "holds no category of demo .* (hint: $set/maps)" import "$set" --dataset demo --data-root "$WORK/data" --name x
refuse "holds no category of mvtec" import "$WORK/data" --dataset mvtec --data-root "$golden/data" --name x
refuse "is not of maps that are there already" import "$golden/maps" --dataset mvtec --data-root "$golden/data" --name x -s epsilon=1
mv "$WORK/data/demo/gear/test/good/000.png" "$WORK/moved.png"
refuse "gear has no normal test image 'test/good/000.png'" export "$WORK/out/run" --out "$WORK/files" --tiff
refuse "no result of .* is selected" export "$WORK/out/run" --out "$WORK/files" --shots 3
[ ! -e "$WORK/out/x" ] || [ ! -e "$WORK/out/x/results.csv" ] || fail "a refused import left results"
