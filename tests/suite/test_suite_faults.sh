# A table of faults over a toy run: each call of open, read, write, fsync, rename, mmap, close, unlink and mkdir below the test's
# folder fails once with its likeliest error, and one in twelve of what asks for memory; then other errors and short reads and
# writes at random, FAULTS_TOTAL in all (default 24; the whole table: 2000). Whatever the faulty run said, the next one has the bits of an undisturbed one, and nothing is left
# lying about. FAULTS_SEED chooses which.
. "$(dirname "$0")/lib.sh"
if ldd "$FGAD" | grep -q libasan; then
    echo "skipped: the sanitizer's library must come first, so that another cannot be loaded before it"
    exit 77
fi
# In memory, where there is some: a run waits for its disk at 52 fsync.
if [ -w /dev/shm ]; then
    WORK=$(mktemp -d /dev/shm/fgad-faults-XXXXXXXX)
    trap 'rm -rf "$WORK"' EXIT
    trap 'exit 1' HUP INT TERM
fi
total=${FAULTS_TOTAL:-24}
seed=${FAULTS_SEED:-14}
demo_data gear
rm "$WORK/model"
cp -r "$DATA/model" "$WORK/model"
# Two test images, one to draw shots from.
find "$WORK/data/demo/gear/test/good" -name '*.png' | sort | sed 1d | xargs rm -f
for defect in "$WORK"/data/demo/gear/test/*/; do
    case $defect in */good/) continue ;; esac
    find "$defect" -name '*.png' | sort | sed "${kept:-1}d" | xargs rm -f
    kept='1,$!'
    find "$defect" -name '*.png' | grep -q . || rmdir "$defect"
done
find "$WORK/data/demo/gear/train/good" -name '*.png' | sort | sed 1,2d | xargs rm -f
cat > "$WORK/job.yaml" <<YAML
dataset: [demo]
category: [gear]
data_root: $WORK/data
model: $WORK/model
shots: [1]
resolution: 32
n_ahp: 2
n_ab: 1
groups: [image]
pixel:
  epochs: 2
image:
  epochs: 2
  n_pro: 1
query_former:
  steps: 2
checkpoint_every: 1
max_attempts: 1000
name: run
YAML
out=$WORK/out
"$FGAD" run "$WORK/job.yaml" -s output="$WORK/calm" > "$WORK/log" 2>&1 || fail "the calm run: $(cat "$WORK/log")"
LD_PRELOAD=$FAULTS FGAD_FAULTS_UNDER="$WORK" FGAD_FAULT_COUNT="$WORK/counts" "$FGAD" run "$WORK/job.yaml" -s output="$out" \
    > "$WORK/log" 2>&1 || fail "a run that is counted: $(cat "$WORK/log")"
same_results "$WORK/calm/run" "$out/run"

# random N: sets $drawn to a whole number below N
random() {
    seed=$(((seed * 1103515245 + 12345) % 2147483648))
    drawn=$((seed / 65536 % $1))
}
likeliest() {
    case $1 in
    open) echo EMFILE ;;
    write | mkdir) echo ENOSPC ;;
    mmap | memory) echo ENOMEM ;;
    *) echo EIO ;;
    esac
}
others() {
    case $1 in
    open) echo EIO ENFILE EACCES ESTALE ENOMEM ;;
    read) echo SHORT ESTALE EINTR ;;
    write) echo SHORT EIO EDQUOT EROFS EINTR ;;
    mmap) echo EIO EACCES ;;
    memory) ;;
    *) echo ENOSPC EDQUOT EROFS EACCES ESTALE ;;
    esac
}
# Every call once, then others; of a smaller total, a sample of all.
while read -r call count; do
    step=1
    [ "$call" != memory ] || step=12
    for n in $(seq 1 $step "$count"); do echo "$call:$n:$(likeliest "$call")"; done
done < "$WORK/counts" > "$WORK/table"
every=$(wc -l < "$WORK/table")
while read -r call count; do
    for error in $(others "$call"); do
        for n in $(seq "$count"); do echo "$call:$n:$error"; done
    done
done < "$WORK/counts" > "$WORK/more"
if [ "$total" -gt "$every" ]; then
    shuf -n $((total - every)) --random-source="$FGAD" "$WORK/more" >> "$WORK/table"
else
    shuf -n "$total" --random-source="$FGAD" "$WORK/table" > "$WORK/sample"
    mv "$WORK/sample" "$WORK/table"
fi

survived=0 ended=
while read -r fault; do
    rm -rf "$out"
    code=0
    LD_PRELOAD=$FAULTS FGAD_FAULTS_UNDER="$WORK" FGAD_FAULT=$fault timeout 120 "$FGAD" run "$WORK/job.yaml" -s output="$out" \
        > "$WORK/log" 2>&1 < /dev/null || code=$?
    case $code in 0 | 1 | 2) ;; *) fail "$fault ends the run with $code: $(tail -3 "$WORK/log")" ;; esac
    ended="$ended $code"
    "$FGAD" run "$WORK/job.yaml" -s output="$out" > "$WORK/again" 2>&1 < /dev/null ||
        fail "the run after $fault (which ended with $code: $(tail -3 "$WORK/log")): $(cat "$WORK/again")"
    cmp "$WORK/calm/run/results.csv" "$out/run/results.csv" || fail "results.csv differs after $fault"
    file=$(find "$out/run/tasks" -name '*.h5')
    h5diff "$WORK/calm/run/${file#"$out/run/"}" "$file" maps maps || fail "maps differ after $fault"
    left=$(find "$out" -name '*.claim*' -o -name '*.tmp.*' -o -name '*.checkpoint' -o -path '*/failed/*.txt' | head -3)
    [ -z "$left" ] || fail "after $fault is left lying about: $left"
    survived=$((survived + 1))
done < "$WORK/table"
[ "$survived" = "$(wc -l < "$WORK/table")" ] || fail "not all faults were tried"
echo "$survived faults of a run of $every calls, all survived: $(for c in 0 1 2; do
    echo "$(echo "$ended" | tr ' ' '\n' | grep -cx $c) ended with $c,"
done | tr '\n' ' ')each with the same bits after"
[ "$(echo "$ended" | tr ' ' '\n' | grep -cx '[12]')" -gt 0 ] || fail "no fault was noticed: the test tests nothing"
