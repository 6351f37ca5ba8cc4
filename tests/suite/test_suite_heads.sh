# Learned heads are one file an id: the cache's own by a second name in the folder of the run, which stands alone by it;
# tasks that share a head name it and hold no copy.
. "$(dirname "$0")/lib.sh"
demo_data gear
root=$(cd "$(dirname "$0")/../.." && pwd)
cat > "$WORK/job.yaml" <<YAML
name: run
dataset: [demo]
data_root: $WORK/data
assets: $root/datasets
model: $WORK/model
output: $WORK/out
shots: [1]
seeds: [0, 1]
resolution: 48
n_ahp: 2
n_ab: 1
pixel: {epochs: 2}
image: {epochs: 1}
aggregation: {scale: 1}
sweep: {sigma: [1, 2, 4]}
YAML
run() { "$FGAD" run "$WORK/job.yaml" "$@" > "$WORK/log" 2>&1 || fail "$*: $(cat "$WORK/log")"; }
made() { grep -q "^learned heads: $1 made, $2 reused" "$WORK/log" || fail "expected $1 heads made, $2 reused: $(cat "$WORK/log")"; }
attribute() { h5dump -a "$2" "$1" | sed -n 's/.*(0): "\(.*\)"/\1/p'; }

run
made 4 0
heads=$WORK/out/run/heads/demo/gear cache=$(dirname "$(find "$WORK/out/cache/prompts" -name '*.h5' | head -1)")
[ "$(ls "$heads")" = "$(ls "$cache")" ] && [ "$(find "$heads" -name '*.h5' | wc -l)" = 4 ] || fail "six tasks of four heads have $(ls "$heads")"
for file in "$heads"/*.h5; do
    [ "$(stat -c %i "$file")" = "$(stat -c %i "$cache/$(basename "$file")")" ] || fail "$file is a copy of the cache's"
    [ "$(attribute "$file" /id).h5" = "$(basename "$file")" ] || fail "$file is called otherwise than its id"
    h5ls -r "$file" | grep -q '/trace/value .*{[12], [0-9]*}' || fail "$file does not say where its gradient went"
    ! h5ls -r "$file" | grep -q 'query_former/params' || fail "$file holds weights that nobody asked for"
done
for file in "$WORK"/out/run/tasks/demo/gear/*.h5; do
    ! h5ls "$file/prompts" > /dev/null 2>&1 || fail "$file holds copies of its heads"
    [ "$(attribute "$file" /format)" = 2 ] || fail "the format of $file"
    for head in pixel image; do h5ls "$(head_of "$file" $head)/prompts/$head/anchors" > /dev/null || fail "$file names no $head head"; done
done

# The run stands alone: without the cache its tables, regions and scores are there, and what goes on from it learns nothing.
cp -r "$WORK/out/run" "$WORK/kept"
rm -rf "$WORK/out/cache"
"$FGAD" rescore "$WORK/out/run" --name other -s sigma=3 > "$WORK/log" 2>&1 || fail "rescore: $(cat "$WORK/log")"
"$FGAD" export "$WORK/out/run" --out "$WORK/maps" --regions > "$WORK/log" 2>&1 || fail "export --regions: $(cat "$WORK/log")"
[ -n "$(find "$WORK/maps" -name 'shot0-labels.png')" ] || fail "no regions: $(cat "$WORK/log")"
rm -rf "$WORK/out/run/tasks"
run
same_results "$WORK/kept" "$WORK/out/run"
made 0 4

# A damaged head in the run is none: the cache's takes its place.
victim=$(find "$heads" -name '*.h5' | sort | head -1)
rm "$victim"
head -c 600 "$WORK/kept/heads/demo/gear/$(basename "$victim")" > "$victim"
rm -rf "$WORK/out/run/tasks"
run
same_results "$WORK/kept" "$WORK/out/run"

# Weights of the query former are there where they are asked for, in heads of other ids.
run -s query_former.keep=true -s name=weights
made 2 2
for file in "$WORK"/out/weights/tasks/demo/gear/*.h5; do
    h5ls "$(head_of "$file" pixel)/prompts/pixel/query_former/params" > /dev/null || fail "query_former.keep kept no weights"
done
cut -d, -f1-15 "$WORK/kept/results.csv" > "$WORK/a"
cut -d, -f1-15 "$WORK/out/weights/results.csv" > "$WORK/b"
cmp "$WORK/a" "$WORK/b" || fail "keeping weights changes numbers"

# Levels of one head alone: the other head is the same file; one with the image's level alone is that of groups=image.
run -s name=levels -s image.groups=image
made 2 2
grep -q "demo/gear: the image head has no loss reg: its levels are the image's alone" "$WORK/log" || fail "nothing tells of the loss: $(cat "$WORK/log")"
for file in "$WORK"/out/levels/tasks/demo/gear/*.h5; do
    h5ls "$(head_of "$file" image)/prompts/image/anchors" | grep -q '{1, ' || fail "image.groups=image has other levels: $(h5ls -r "$(head_of "$file" image)")"
    ! h5ls "$(head_of "$file" pixel)/prompts/pixel/anchors" | grep -q '{1, ' || fail "image.groups changes the pixel head"
done
run -s name=baseline -s groups=image
made 2 2
