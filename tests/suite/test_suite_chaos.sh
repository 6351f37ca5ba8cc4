# Rounds of disaster over a small job that learns: kill -9 of one rank or of all, SIGTERM, disks that are full or broken, each
# at a random moment; several runs may end within the rounds. In the end: the bits of an undisturbed run, every file that
# was ever finished still there and the same, none half-written, nothing left lying about.
# CHAOS_ROUNDS (default 30) and CHAOS_SEED choose how much, and which.
. "$(dirname "$0")/lib.sh"
rounds=${CHAOS_ROUNDS:-30}
seed=${CHAOS_SEED:-$(date +%s)}
demo_data gear tablet
cat > "$WORK/job.yaml" <<YAML
dataset: [demo]
data_root: $WORK/data
model: $WORK/model
shots: [1, 2]
resolution: 96
chunk: 5
n_ahp: 4
n_ab: 2
pixel:
  epochs: 60
image:
  epochs: 40
checkpoint_every: 1
aggregation:
  scale: 2
max_attempts: 1
name: chaos
YAML
began=$(date +%s%N)
ranks 2 run "$WORK/job.yaml" -s output="$WORK/calm" > "$WORK/calm.log" 2>&1 || fail "the calm run: $(cat "$WORK/calm.log")"
calm=$((($(date +%s%N) - began) / 1000000)) # milliseconds
faults=yes
# The sanitizer's library must come first, so that another cannot be loaded before it.
if ldd "$FGAD" | grep -q libasan; then faults=; fi

# random N: sets $drawn to a whole number below N
random() {
    seed=$(((seed * 1103515245 + 12345) % 2147483648))
    drawn=$((seed / 65536 % $1))
}

# pause MILLISECONDS
pause() { sleep $(($1 / 1000)).$(printf %03d $(($1 % 1000))); }

# whole: every finished file has the SHA-256 that it bears; what was finished before is there, and the same
whole() {
    find "$out" -name '*.h5' | sort | while read -r file; do
        said=$(head -c 110 "$file" | sed -n '1s/.*SHA-256 \([0-9a-f]*\).*/\1/p')
        is=$(tail -c +513 "$file" | sha256sum | cut -d ' ' -f 1)
        [ "$said" = "$is" ] || echo "half-written: $file"
        echo "$is $file"
    done > "$WORK/files"
    if grep -q half-written "$WORK/files"; then fail "$(grep half-written "$WORK/files")"; fi
    # results.h5 and results.csv are made anew by every run, and say when.
    grep -v '/results.h5$' "$WORK/files" > "$WORK/now" || true
    if [ -f "$WORK/before" ]; then
        sort "$WORK/before" > "$WORK/a"
        sort "$WORK/now" > "$WORK/b"
        lost=$(comm -23 "$WORK/a" "$WORK/b" | head -3)
        [ -z "$lost" ] || fail "lost or changed after round $round: $lost"
    fi
    mv "$WORK/now" "$WORK/before"
    if find "$out" -name '*.aside*' | grep -q .; then fail "set aside: $(find "$out" -name '*.aside*')"; fi
}

left() { find "$out" -name '*.claim*' -o -name '*.tmp.*' -o -name '*.checkpoint' | head -5; }

# ended: the run in $out is complete and equal to the calm one; the next round begins another
ended() {
    whole
    same_results "$WORK/calm/chaos" "$out/chaos"
    if [ -n "$(left)" ] && [ "$kind" = 5 ]; then
        # The neighbour died after this run's own sweep: the next run sweeps.
        ranks 1 run "$WORK/job.yaml" -s output="$out" > "$WORK/sweep.log" 2>&1 || fail "the sweep: $(cat "$WORK/sweep.log")"
    fi
    [ -z "$(left)" ] || fail "left lying about: $(left)"
    rm -rf "$out" "$WORK/before"
    completed=$((completed + 1))
}

out="$WORK/stormy"
completed=0 resumed=0 killed=0 stopped=0 broken=0
for round in $(seq "$rounds"); do
    random 6
    kind=$drawn
    if [ -z "$faults" ] && [ "$kind" = 4 ]; then kind=0; fi
    log="$WORK/round.log"
    if [ "$kind" = 4 ]; then
        # One call in so many fails; the run sees to its own end.
        code=0
        random 40
        FGAD_FAULTS=$((5 + drawn)) FGAD_FAULTS_UNDER="$out" \
            mpirun --bind-to none -n 2 -x LD_PRELOAD="$FAULTS" "$FGAD" run "$WORK/job.yaml" -s output="$out" > "$log" 2>&1 || code=$?
        [ $code -le 2 ] || [ $code = 75 ] || fail "round $round: a bad disk ends the run with $code: $(tail -5 "$log")"
        broken=$((broken + 1))
    elif [ "$kind" = 5 ]; then
        # Two jobs share the folder, as elements of an array do; one dies, the other takes over what it held and ends well.
        "$FGAD" run "$WORK/job.yaml" -s output="$out" > "$WORK/victim.log" 2>&1 &
        victim=$!
        "$FGAD" run "$WORK/job.yaml" -s output="$out" > "$log" 2>&1 &
        other=$!
        random 1000
        pause $((drawn * calm / 1000))
        kill -9 $victim 2> /dev/null || true
        wait $victim && code=0 || killed=$((killed + 1))
        code=0
        wait $other || code=$?
        [ $code = 0 ] || fail "round $round: the job whose neighbour died ended with $code: $(tail -5 "$log")"
    else
        mpirun --bind-to none -n 2 "$FGAD" run "$WORK/job.yaml" -s output="$out" > "$log" 2>&1 &
        launcher=$!
        random 1000
        pause $((drawn * calm / 1000))
        ranks=$(pgrep -P $launcher || true)
        case $kind in
        0) victims=$(echo "$ranks" | head -1) signal=KILL ;;
        1) victims=$(echo "$ranks" | tail -1) signal=KILL ;;
        2) victims="$launcher $ranks" signal=KILL ;;
        3) victims=$ranks signal=TERM ;;
        esac
        # shellcheck disable=SC2086
        [ -z "$victims" ] || kill -s $signal $victims 2> /dev/null || true
        code=0
        wait $launcher || code=$?
        # Ranks whose launcher is dead end a moment later.
        for victim in $ranks; do while kill -0 "$victim" 2> /dev/null; do sleep 0.05; done; done
        [ $code = 0 ] || [ $kind = 3 ] || killed=$((killed + 1))
        [ $code = 0 ] || [ $kind != 3 ] || stopped=$((stopped + 1))
    fi
    if grep -q "set aside" "$log"; then fail "round $round: a damaged file was met: $(grep 'set aside' "$log")"; fi
    if grep -q "learning goes on from epoch [1-9]" "$log"; then resumed=$((resumed + 1)); fi
    whole
    if [ $code = 0 ]; then ended; fi
    echo "round $round of $rounds: $kind ended with $code; $completed runs completed"
done
kind=none
ranks 2 run "$WORK/job.yaml" -s output="$out" > "$WORK/last.log" 2>&1 || fail "the last run: $(tail -5 "$WORK/last.log")"
if grep -q "learning goes on from epoch [1-9]" "$WORK/last.log"; then resumed=$((resumed + 1)); fi
ended
echo "$rounds rounds: $killed killed, $stopped stopped, $broken on a bad disk; $completed runs completed, all with the same bits; learning went on from a checkpoint in $resumed rounds"
[ $((killed + stopped + broken)) -gt 0 ] || fail "no round was disturbed: the test tests nothing"
[ "$resumed" -gt 0 ] || [ "$rounds" -lt 20 ] || fail "no checkpoint was used: the test tests too little"
