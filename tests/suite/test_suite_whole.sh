# Jobs of one name that differ in seeds, shots, categories alone are one run: its table holds what all of them have asked for,
# whoever ends last, and is the one of a job that asked for all.
. "$(dirname "$0")/lib.sh"
demo_data gear fabric
cat > "$WORK/job.yaml" <<YAML
name: run
dataset: [demo]
data_root: $WORK/data
model: $WORK/model
category: [fabric, gear]
shots: [1, 2]
seeds: [0, 1]
branches: [vad]
resolution: 32
sweep: {sigma: [2, 4]}
YAML
# run OUTPUT ARGUMENTS...
run() {
    output=$1
    shift
    "$FGAD" run "$WORK/job.yaml" -s output="$WORK/$output" "$@" > "$WORK/log.$output" 2>&1 || fail "$output $*: $(tail -3 "$WORK/log.$output")"
}
run all
for order in "0 1" "1 0"; do
    for seed in $order; do run "seeds${order% *}" -s seeds="$seed"; done
    same_results "$WORK/all/run" "$WORK/seeds${order% *}/run"
done
grep -q "results.csv' covers 16 tasks, of which this job asked for 8" "$WORK/log.seeds0" || fail "the table's range is not told: $(cat "$WORK/log.seeds0")"
grep -q "of other options" "$WORK/log.seeds0" && fail "another seed's tasks are called another job's"

# Part of it again: nothing is lost, and the table stays.
run seeds0 -s seeds=1 -s category=gear -s shots=2
grep -q "^0 tasks done, 2 kept" "$WORK/log.seeds0" || fail "work was done twice: $(cat "$WORK/log.seeds0")"
same_results "$WORK/all/run" "$WORK/seeds0/run"

# Elements at one time, each of its own category and seed; the last one to end may have begun first.
for category in gear fabric; do
    for seed in 1 0; do
        "$FGAD" run "$WORK/job.yaml" -s output="$WORK/elements" -s seeds=$seed -s category=$category > "$WORK/log.$category$seed" 2>&1 &
    done
done
wait
same_results "$WORK/all/run" "$WORK/elements/run"
[ -z "$(find "$WORK/elements/run" -name '*.claim')" ] || fail "a claim was left"

# Made again only where a table lacks something: of a row, of what another element has done since, of a file.
inodes() { stat -c %i "$WORK/elements/run/results.csv" "$WORK/elements/run/results.h5"; }
inodes > "$WORK/before"
if_needed() {
    "$FGAD" reduce "$WORK/elements/run" --if-needed > "$WORK/log" 2>&1 || fail "--if-needed after $1: $(cat "$WORK/log")"
    [ "$(grep -c "16 of 16 tasks, as they were" "$WORK/log")" = "$2" ] || fail "--if-needed after $1: $(cat "$WORK/log")"
    same_results "$WORK/all/run" "$WORK/elements/run"
}
if_needed nothing 1
inodes | cmp - "$WORK/before" || fail "tables that hold all were made again"
sed -i '/,gear,/{/sigma=4/d}' "$WORK/elements/run/results.csv"
if_needed "rows cut off" 0
rm "$WORK/elements/run/results.csv"
if_needed "a table gone" 0
run narrow -s seeds=0
cp "$WORK"/narrow/run/results.* "$WORK/elements/run/"
if_needed "an element's table over the others'" 0
if_needed "all that" 1

# While some are missing, means of them are not given, and all that look at the run know it.
run some -s seeds=0 -s category=gear
rm -r "$WORK"/some/cache/arrays
run some -s seeds=1
code=0
"$FGAD" reduce --if-needed "$WORK/some/run" > "$WORK/log" 2>&1 || code=$?
[ $code = 1 ] && grep -q "results.h5: 12 of 16 tasks" "$WORK/log" && grep -q "demo/fabric shots 2 seed 0 sigma=4" "$WORK/log" || fail "reduce, $code: $(cat "$WORK/log")"
[ "$(grep -c ',MEAN,' "$WORK/some/run/results.csv")" = 4 ] || fail "means of what is not whole"
"$FGAD" status "$WORK/some/run" > "$WORK/log" 2>&1 && fail "status: $(cat "$WORK/log")"
grep -q "16 tasks: 12 done, 0 failed, 4 left" "$WORK/log" || fail "status: $(cat "$WORK/log")"
"$FGAD" report "$WORK/some/run" > "$WORK/log" 2>&1 || true
grep -q INCOMPLETE "$WORK/log" || fail "report: $(cat "$WORK/log")"
"$FGAD" run "$WORK/some/run/run.yaml" > "$WORK/log" 2>&1 || fail "run.yaml is no job of all: $(cat "$WORK/log")"
same_results "$WORK/all/run" "$WORK/some/run"

# Tables know it as any other run.
"$FGAD" report "$WORK/all/run" > "$WORK/one" 2>&1 || fail "report"
"$FGAD" report "$WORK/elements/run" > "$WORK/two" 2>&1 || fail "report"
sed "s|$WORK/[a-z]*|OUT|" "$WORK/one" > "$WORK/one.text"
sed "s|$WORK/[a-z]*|OUT|" "$WORK/two" | cmp - "$WORK/one.text" || fail "reports differ: $(cat "$WORK/two")"
"$FGAD" report "$WORK/elements/run" --against "$WORK/all/run" > "$WORK/log" 2>&1 || fail "--against: $(cat "$WORK/log")"

# Two jobs of other options on one name at one time: whose table the other's replaces is told. The first waits for a task that is in
# work elsewhere.
run both -s seeds=0
held=$(find "$WORK/both/run/tasks" -name '*.h5' | sort | head -1)
rm "$held"
echo "elsewhere 77 1 $(date +%s) fedcba9876543210" > "$held.claim"
"$FGAD" run "$WORK/job.yaml" -s output="$WORK/both" -s seeds=0 > "$WORK/log.first" 2>&1 &
tries=0
until grep -q "^# .* started " "$WORK/both/run/run.yaml" || [ $tries = 200 ]; do sleep 0.1 && tries=$((tries + 1)); done
run both -s sigma=3 -s sweep= -s seeds=0
rm "$held.claim"
wait
grep -q "a job of this name with other options worked there meanwhile" "$WORK/log.first" || fail "a table replaced without a word: $(cat "$WORK/log.first")"
grep -q "worked there meanwhile" "$WORK/log.both" && fail "a job that was alone from its start to its end is told of another"

# Other options are another job's: its tasks stay, and are not in the table. --fresh begins anew.
run seeds1 -s sigma=3 -s sweep= -s seeds=0
grep -q "holds 16 tasks of other options" "$WORK/log.seeds1" || fail "another job: $(cat "$WORK/log.seeds1")"
[ "$(grep -c ',fabric,' "$WORK/seeds1/run/results.csv")" = 2 ] || fail "another job's rows"
run seeds1 -s seeds=1
grep -q "covers" "$WORK/log.seeds1" && fail "a job that has taken the folder over is not forgotten"
run seeds0 -s seeds=0 --fresh
[ "$(grep -c ',MEAN,' "$WORK/seeds0/run/results.csv")" = 4 ] || fail "--fresh keeps what was asked for"
