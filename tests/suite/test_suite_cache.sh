# The cache beside the runs: what lies there, and what goes: never what a living claim is of, nor what a named run reads.
. "$(dirname "$0")/lib.sh"
demo_data gear tablet
root=$(cd "$(dirname "$0")/../.." && pwd)
cat > "$WORK/job.yaml" <<YAML
dataset: [demo]
data_root: $WORK/data
assets: $root/datasets
model: $WORK/model
output: $WORK/out
shots: [1]
seeds: [0]
resolution: 48
n_ahp: 2
n_ab: 1
pixel: {epochs: 1}
image: {epochs: 1}
aggregation: {scale: 1}
YAML
run() { "$FGAD" run "$WORK/job.yaml" "$@" > "$WORK/log" 2>&1 || fail "$*: $(cat "$WORK/log")"; }
prune() { "$FGAD" cache prune "$WORK/out" "$@" > "$WORK/said" 2>&1 || fail "prune $*: $(cat "$WORK/said")"; }
said() { grep -q "$1" "$WORK/said" || fail "'$1' is not in: $(cat "$WORK/said")"; }
count() { find "$WORK/out/cache" -name '*.h5' | wc -l; }

run -s name=all
run -s name=other -s category=gear -s seeds=1 -s lr=0.01
files=$(count)
"$FGAD" cache list "$WORK/out" > "$WORK/said" || fail "list"
said "^features .* demo "
said "^prompts .* demo  *6 "
said "cache: $files files, "

# Nothing is named that may go: refused. What cannot be read as an age, a size, a run: refused, and nothing is gone.
for bad in "" "--older 3" "--older -3d" "--max x" "--unused-by $WORK/none" "--older"; do
    code=0
    # shellcheck disable=SC2086
    "$FGAD" cache prune "$WORK/out" $bad > "$WORK/said" 2>&1 || code=$?
    [ $code = 2 ] && [ "$(wc -l < "$WORK/said")" = 1 ] || fail "'prune $bad' ended with $code: $(cat "$WORK/said")"
done
prune --older 1h
said "^removed: 0 files"
prune --max 1GB
said "^removed: 0 files"
[ "$(count)" = "$files" ] || fail "files are gone"

# What neither run reads: nothing. What the first does not read: the other's heads, which free nothing, and support images.
prune --unused-by "$WORK/out/all" --unused-by "$WORK/out/other"
said "^removed: 0 files"
prune --unused-by "$WORK/out/all" --dry-run
said "^would go: [1-9]"
[ "$(count)" = "$files" ] || fail "--dry-run removes"
echo own > "$WORK/out/cache/features/mine.txt"
prune --unused-by "$WORK/out/all"
said "^removed: [1-9]"
[ "$(count)" -lt "$files" ] && [ -f "$WORK/out/cache/features/mine.txt" ] || fail "the wrong files are gone"
cp "$WORK/out/all/results.csv" "$WORK/before.csv"
rm -rf "$WORK/out/all/tasks"
run -s name=all
grep -q "^chunks of test images: 0 made" "$WORK/log" && grep -q "^learned heads: 0 made" "$WORK/log" || fail "what a run reads is gone: $(cat "$WORK/log")"
cmp "$WORK/before.csv" "$WORK/out/all/results.csv" || fail "other numbers"

# All goes but what is of a category that somebody works on, in whatever run; then the rest. The runs stand without.
task=$(find "$WORK/out/all/tasks/demo/gear" -name '*.h5')
echo "elsewhere 77 1 $(date +%s) fedcba9876543210" > "$task.claim"
find "$WORK/out/cache" -name '*.h5' -exec touch -d '3 days ago' {} +
prune --older 2d
said "^kept: [1-9][0-9]* files of categories that somebody is working on"
[ "$(find "$WORK/out/cache" -path '*/tablet/*' -name '*.h5' | wc -l)" = 0 ] || fail "old files of tablet stay"
[ "$(find "$WORK/out/cache" -path '*/gear/*' -name '*.h5' | wc -l)" -gt 3 ] || fail "files of a living claim are gone"
rm "$task.claim"
# An age beyond what a clock counts is no age of zero.
code=0
"$FGAD" cache prune "$WORK/out" --older 99999999999999999999d > "$WORK/said" 2>&1 || code=$?
[ $code -eq 2 ] && said "expected an age" || fail "an age of 1e20 days: $(cat "$WORK/said")"
code=0
"$FGAD" cache list "$WORK/job.yaml" > "$WORK/said" 2>&1 || code=$?
[ $code -eq 2 ] && said "is no folder" || fail "cache list of a file: $(cat "$WORK/said")"
prune --max 1MB --older 1d
[ "$(du -sm "$WORK/out/cache" | cut -f 1)" -le 2 ] || fail "--max leaves $(du -sm "$WORK/out/cache")"
prune --older 1d
[ "$(count)" = 0 ] || fail "old files stay: $(find "$WORK/out/cache" -name '*.h5' | head)"
"$FGAD" rescore "$WORK/out/all" --name again -s sigma=2 > "$WORK/log" 2>&1 || fail "rescore without the cache: $(cat "$WORK/log")"
"$FGAD" status "$WORK/out/all" --verify > "$WORK/log" 2>&1 || fail "status without the cache: $(cat "$WORK/log")"
