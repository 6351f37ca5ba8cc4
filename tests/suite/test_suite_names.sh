# Names and job files of others: what cannot be a file name, a table's cell or a page's text is refused when a job opens, before any
# work; nothing that data says leads out of --out; a run that somebody has is not replaced; a job file asks for no more than its size.
. "$(dirname "$0")/lib.sh"
demo_data gear
cat > "$WORK/job.yaml" << YAML
dataset: [folder]
model: $WORK/model
output: $WORK/out
shots: [1]
branches: [vad]
resolution: 64
name: run
YAML
# within CODE SECONDS ARGUMENT...: fgad ends with CODE before that; what it says is a text
within() {
    want=$1 seconds=$2
    shift 2
    code=0
    timeout "$seconds" "$FGAD" "$@" > "$WORK/said" 2>&1 || code=$?
    [ "$code" = "$want" ] || fail "'$*' ended with $code, expected $want: $(cat -v "$WORK/said")"
    ! LC_ALL=C grep -q '[[:cntrl:]]' "$WORK/said" && iconv -f UTF-8 -t UTF-8 "$WORK/said" > /dev/null || fail "bytes reach the terminal: $(cat -v "$WORK/said")"
}
said() { grep -qF -- "$1" "$WORK/said" || fail "'$1' is not in: $(cat -v "$WORK/said")"; }
# own CATEGORY: a copy of the demo's gear under that name, alone
own() {
    rm -rf "$WORK/own" "$WORK/out"
    mkdir -p "$WORK/own"
    cp -r "$WORK/data/demo/gear" "$WORK/own/$1"
}
# refused TEXT: when the job opens
refused() {
    within 2 60 run "$WORK/job.yaml" -s roots.folder="$WORK/own"
    said "$1"
    [ ! -e "$WORK/out/run/tasks" ] && [ -z "$(find "$WORK/out" -name '*.h5' 2> /dev/null)" ] || fail "work was done before: $(find "$WORK/out" | head)"
}

echo "-- names that are no UTF-8, hold line breaks, or are the program's own"
gbk=$(printf '\302\335\313\277')
own "$gbk"
refused '\xc2\xdd'
own part
mv "$(ls "$WORK"/own/part/test/good/*.png | head -1)" "$WORK/own/part/test/good/$gbk.png"
refused '\xc2\xdd'
own part
mv "$(ls "$WORK"/own/part/train/good/*.png | head -1)" "$WORK/own/part/train/good/$gbk.png"
refused '\xc2\xdd'
for word in "$(printf 'a\nb')" "$(printf 'a\033[2Jb')" MEAN; do
    own "$word"
    refused "cannot be a category"
    own part
    mv "$WORK/own/part/test/crack" "$WORK/own/part/test/$word" 2> /dev/null || fail "the demo's gear has no crack"
    mv "$WORK/own/part/ground_truth/crack" "$WORK/own/part/ground_truth/$word"
    [ "$word" = MEAN ] || refused "control characters"
done

echo "-- a class that leads elsewhere"
tree="$WORK/ri/realiad_256/toy"
mkdir -p "$tree/OK" "$tree/NG" "$WORK/ri/realiad_jsons"
i=0
for image in "$WORK"/data/demo/gear/train/good/*.png; do
    i=$((i + 1))
    [ $i -gt 4 ] || cp "$image" "$tree/OK/t${i}_C1_.png"
done
cp "$(ls "$WORK"/data/demo/gear/test/crack/*.png | head -1)" "$tree/NG/b_C1_.png"
cp "$(ls "$WORK"/data/demo/gear/ground_truth/crack/*.png | head -1)" "$tree/NG/b_m.png"
for class in '../../../../../../../OUTSIDE' 'a/b' .. .; do
    cat > "$WORK/ri/realiad_jsons/toy.json" << JSON
{"meta": {"prefix": "toy/", "normal_class": "OK"},
 "train": [{"category": "toy", "anomaly_class": "OK", "image_path": "OK/t1_C1_.png", "mask_path": null},
           {"category": "toy", "anomaly_class": "OK", "image_path": "OK/t2_C1_.png", "mask_path": null}],
 "test": [{"category": "toy", "anomaly_class": "OK", "image_path": "OK/t3_C1_.png", "mask_path": null},
          {"category": "toy", "anomaly_class": "$class", "image_path": "NG/b_C1_.png", "mask_path": "NG/b_m.png"}]}
JSON
    within 2 60 run "$WORK/job.yaml" -s dataset=realiad -s roots.realiad="$WORK/ri" -s name=class
    said "anomaly_class '$class', expected one word"
    [ ! -e "$WORK/out/class/results.h5" ] || "$FGAD" export "$WORK/out/class" --out "$WORK/deep/in/there/files" --overlay --tiff > "$WORK/said" 2>&1 || true
    [ -z "$(find "$WORK" -name OUTSIDE)" ] || fail "an export wrote outside: $(find "$WORK" -name OUTSIDE)"
done

echo "-- an import does not replace a run"
own part
within 0 60 run "$WORK/job.yaml" -s roots.folder="$WORK/own" -s metric_size=native
cp "$WORK/out/run/results.csv" "$WORK/before.csv"
within 0 60 export "$WORK/out/run" --out "$WORK/maps" --tiff
within 2 60 import "$WORK/maps/folder-k1-s0/maps" --dataset folder --data-root "$WORK/own" --name run -s output="$WORK/out"
said "was not made by fgad import, which would replace its results (hint: another --name"
cmp "$WORK/before.csv" "$WORK/out/run/results.csv" || fail "the table was replaced"
mkdir "$WORK/out/mine"
echo precious > "$WORK/out/mine/results.csv"
within 2 60 import "$WORK/maps/folder-k1-s0/maps" --dataset folder --data-root "$WORK/own" --name mine -s output="$WORK/out"
grep -q precious "$WORK/out/mine/results.csv" || fail "somebody's file was replaced"

echo "-- two images of one name in an export"
cp "$(ls "$WORK"/own/part/test/good/*.png | sed -n 2p)" "$(ls "$WORK"/own/part/test/good/*.png | head -1 | sed 's/png$/PNG/')"
within 0 60 run "$WORK/job.yaml" -s roots.folder="$WORK/own" -s metric_size=native -s name=twins
code=0
"$FGAD" export "$WORK/out/twins" --out "$WORK/twins" --tiff > "$WORK/said" 2>&1 || code=$?
case $code in
0) [ "$(find "$WORK/twins" -name '*.tiff' | wc -l)" = "$(find "$WORK/own/part/test" -type f | wc -l)" ] || fail "a map of two images" ;;
2) said "name" ;;
*) fail "export of two images of one name ended with $code: $(cat "$WORK/said")" ;;
esac

echo "-- job files that ask for more than they are"
# A few kilobytes that are gigabytes with their aliases written out; a list of 200,000; brackets without an end.
{ printf 'dataset: [folder]\ncategory: [&a "' && head -c 60000 /dev/zero | tr '\0' x && printf '"' && awk 'BEGIN { for (i = 0; i < 40000; i++) printf(", *a") }' && echo ']'; } > "$WORK/aliases.yaml"
{ printf 'dataset: [folder]\nseeds: [0' && awk 'BEGIN { for (i = 1; i < 200000; i++) printf(", %d", i) }' && echo ']'; } > "$WORK/long.yaml"
{ printf 'dataset: ' && head -c 100000 /dev/zero | tr '\0' '['; } > "$WORK/open.yaml"
for file in aliases long open; do
    code=0
    if [ -x /usr/bin/time ]; then
        timeout 20 /usr/bin/time -o "$WORK/kilobytes" -f %M "$FGAD" run "$WORK/$file.yaml" --dry-run > "$WORK/said" 2>&1 || code=$?
        [ $code = 124 ] || [ "$(tail -n 1 "$WORK/kilobytes")" -lt 500000 ] || grep -q __asan_init "$FGAD" || fail "$file.yaml takes $(tail -n 1 "$WORK/kilobytes") KB"
    else
        timeout 20 "$FGAD" run "$WORK/$file.yaml" --dry-run > "$WORK/said" 2>&1 || code=$?
    fi
    [ $code = 2 ] || fail "$file.yaml ended with $code: $(tail -c 300 "$WORK/said")"
    said "$WORK/$file.yaml"
    [ "$(wc -c < "$WORK/said")" -lt 1000 ] || fail "$file.yaml is told of in $(wc -c < "$WORK/said") bytes"
done

echo "-- a category that is a formula to the page of reports"
own '$\nosuch{$'
refused "without '\\'"
if /usr/bin/python3 -c 'import h5py, matplotlib' 2> /dev/null; then
    own '$x_{$'
    within 0 60 run "$WORK/job.yaml" -s roots.folder="$WORK/own"
    /usr/bin/python3 analysis/report.py "$WORK/out/run" -o "$WORK/page.html" > "$WORK/said" 2>&1 || fail "the page: $(tail -n 3 "$WORK/said")"
    grep -qF '$x_{$' "$WORK/page.html" || fail "the page does not name the category"
fi
