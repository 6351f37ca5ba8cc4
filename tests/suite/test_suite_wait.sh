# Who waits for others asks the file system seldom, and one rank of a node for all; who may leave does, when what is open is in
# living hands, and only then.
. "$(dirname "$0")/lib.sh"
demo_data gear
cat > "$WORK/job.yaml" <<YAML
dataset: [demo]
data_root: $WORK/data
model: $WORK/model
output: $WORK/out
shots: [1]
seeds: [0, 1]
branches: [vad]
resolution: 64
name: run
YAML
"$FGAD" run "$WORK/job.yaml" > "$WORK/log" 2>&1 || fail "$(cat "$WORK/log")"
cp -r "$WORK/out/run" "$WORK/calm"
held=$(find "$WORK/out/run/tasks" -name 'k1-s1-*.h5')
take() { # the task is another host's, whose stamps are of a clock that is hours behind
    rm -f "$held"
    echo "elsewhere 77 1 $(date +%s) fedcba9876543210" > "$held.claim"
    touch -d '3 hours ago' "$held.claim"
}
live() { # and that host lives: its stamp changes every second
    minute=0
    while [ -f "$held.claim" ]; do
        minute=$((minute + 1))
        touch -c -d "3 hours ago $minute minutes" "$held.claim"
        sleep 1
    done
}

take
live &
"$FGAD" run "$WORK/job.yaml" --leave > "$WORK/log" 2>&1 || fail "--leave: $(cat "$WORK/log")"
grep -q "^left: 1 item is in progress elsewhere" "$WORK/log" || fail "--leave did not leave: $(cat "$WORK/log")"
[ ! -f "$held" ] || fail "a living claim was taken over by its clock"
SLURM_ARRAY_TASK_COUNT=2 "$FGAD" run "$WORK/job.yaml" > "$WORK/log" 2>&1 || fail "an element: $(cat "$WORK/log")"
grep -q "^left: 1 item" "$WORK/log" || fail "an element of an array did not leave: $(cat "$WORK/log")"
cmp "$WORK/calm/results.csv" "$WORK/out/run/results.csv" || fail "who leaves makes the tables of others"
rm "$held.claim"
wait

# Without a sign of life nobody leaves; silent for long enough, it is taken over.
take
code=0
timeout 8 "$FGAD" run "$WORK/job.yaml" --leave > "$WORK/log" 2>&1 || code=$?
[ $code = 124 ] || [ $code = 75 ] || fail "left with $code what nobody is seen at: $(cat "$WORK/log")"
FGAD_CLAIM_SILENCE=2 "$FGAD" run "$WORK/job.yaml" --leave > "$WORK/log" 2>&1 || fail "a dead claim: $(cat "$WORK/log")"
cmp "$WORK/calm/results.csv" "$WORK/out/run/results.csv" || fail "other numbers after a dead claim"

# Six ranks that wait, and six processes of one rank each: from ten seconds of quiet on, a look of four questions every five seconds,
# whatever their number.
command -v strace > /dev/null && strace -o "$WORK/calls" true 2> /dev/null || { echo "no strace here: calls are not counted"; exit 0; }
export WORK FGAD
traced() { strace -f -ttt -e trace=%file,getdents64 -o "$WORK/calls.$1" "$FGAD" run "$WORK/job.yaml" > "$WORK/log.$1" 2>&1; }
for kind in ranks processes; do
    take
    live &
    rm -f "$WORK"/calls.*
    if [ $kind = ranks ]; then
        mpirun --bind-to none -n 6 sh -c 'exec strace -f -ttt -e trace=%file,getdents64 -o "$WORK/calls.$OMPI_COMM_WORLD_RANK" "$FGAD" run "$WORK/job.yaml"' \
            > "$WORK/log" 2>&1 &
    else
        for process in 0 1 2 3 4 5; do traced $process & done
    fi
    sleep 24
    now=$(date +%s)
    rm "$held.claim"
    wait
    cmp "$WORK/calm/results.csv" "$WORK/out/run/results.csv" || fail "other numbers after waiting as $kind: $(cat "$WORK"/log*)"
    asked=$(cat "$WORK"/calls.* | awk -v end="$now" '$2 > end - 11 && $2 < end - 1 && /'"$(basename "$WORK")"'\/out|getdents/' | wc -l)
    echo "six waiting $kind asked the file system $asked times in 10 s"
    [ "$asked" -le 16 ] || fail "$kind ask too often: $(cat "$WORK"/calls.* | awk -v end="$now" '$2 > end - 11 && $2 < end - 1' | head -40)"
done

# A start: every rank reads the job once, whatever the grid; one rank alone looks at images, and folders that are there are not made.
mpirun --bind-to none -n 3 sh -c 'exec strace -f -e trace=%file -o "$WORK/start.$OMPI_COMM_WORLD_RANK" "$FGAD" run "$WORK/job.yaml" -s sweep.sigma=1,2,3' \
    > "$WORK/log" 2>&1 || fail "under strace: $(tail -3 "$WORK/log")"
for rank in 0 1 2; do
    opens=$(grep -c 'open.*/job\.yaml"' "$WORK/start.$rank" || true)
    [ "$opens" = 1 ] || fail "rank $rank read the job $opens times"
done
images=$(find "$WORK/data/demo/gear" -name '*.png' | wc -l)
asked=$(grep -c 'stat.*\.png"' "$WORK/start.0" || true)
[ "$asked" -le "$images" ] || fail "rank 0 asked $asked times about $images images and masks"
cat "$WORK/start.1" "$WORK/start.2" > "$WORK/others"
! grep 'stat.*\.png"' "$WORK/others" | head -3 | grep . || fail "every rank looks at images"
made=$(grep -c 'mkdir(' "$WORK/others" || true)
[ "$made" -le 20 ] || fail "two ranks asked for $made folders"
