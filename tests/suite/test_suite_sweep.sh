# What a grid shares is made once: every image is encoded once for twenty losses, a head is learned once for twenty ways of
# inference, and the numbers of a point are those of a job of its own. And what `fgad plan` predicts of it all.
. "$(dirname "$0")/lib.sh"
demo_data gear tablet
common="-s dataset=demo -s data_root=$WORK/data -s model=$WORK/model -s output=$WORK/out -s shots=1,2 -s resolution=48
    -s chunk=8 -s n_ahp=2 -s n_ab=1 -s pixel.epochs=2 -s image.epochs=1 -s aggregation.scale=1"
echo "name: none" > "$WORK/empty.yaml"

# job NAME ARGUMENTS...: runs it; $WORK/NAME.log is what it says
job() {
    name=$1
    shift
    # shellcheck disable=SC2086
    "$FGAD" run "$WORK/empty.yaml" $common -s name="$name" "$@" > "$WORK/$name.log" 2> "$WORK/$name.errors" ||
        fail "$name: $(cat "$WORK/$name.errors")"
}
# made NAME "KIND" MADE REUSED
made() {
    grep -q "^$2: $3 made, $4 reused" "$WORK/$1.log" || fail "$1: expected '$2: $3 made, $4 reused', found: $(grep "$2" "$WORK/$1.log")"
}
# count NAME "KIND": how many were made
count() { sed -n "s/^$2: \([0-9]*\) made.*/\1/p" "$WORK/$1.log"; }

job one
chunks=$(count one "chunks of test images") supports=$(count one "support images") tiles=$(count one "tiled support images")
heads=$(count one "learned heads")
[ "$heads" = 8 ] || fail "four tasks have $heads heads, expected 8"
[ "$chunks" -gt 0 ] && [ "$supports" -gt 0 ] && [ "$tiles" -gt 0 ] || fail "nothing was encoded: $(cat "$WORK/one.log")"

# Twenty losses on a cache of their own: each image is encoded once, as by the one point.
job losses -s output="$WORK/out2" -s 'sweep.losses=clip;clip, trip;clip, mean;clip, trip, mean, reg' -s sweep.epsilon=0,0.5,1,1.5,2
made losses "chunks of test images" "$chunks" 0
made losses "support images" "$supports" 0
made losses "tiled support images" "$tiles" 0
# A margin changes nothing where its loss is off, and is no part of the name of such a head or task: five margins with the triplet
# loss, one without it.
grep -q "^48 tasks done" "$WORK/losses.log" || fail "expected 12 points of 4 tasks: $(cat "$WORK/losses.log")"
made losses "learned heads" $((12 * heads)) 0

# The folder of a list of points is the list's: what its first point sets is not the others'.
job listed -s branches=vad -s 'sweep=[{sigma: 2}, {sigma: 3, align_corners: true}, {}]'
cp "$WORK/out/listed/results.csv" "$WORK/listed.csv"
"$FGAD" status "$WORK/out/listed" > "$WORK/status" && grep -q ": 12 tasks: 12 done, 0 failed, 0 left" "$WORK/status" ||
    fail "a finished list: $(cat "$WORK/status")"
"$FGAD" reduce "$WORK/out/listed" > "$WORK/log" 2>&1 && cmp "$WORK/listed.csv" "$WORK/out/listed/results.csv" ||
    fail "a list reduced again: $(cat "$WORK/log")"

# A file of a task or head is as large in a wide grid as in a narrow one, and says of itself what it says there.
wide=$(awk 'BEGIN { for (i = 1; i <= 100; i++) printf("%s%g", (i > 1 ? "," : "sweep.sigma="), i / 25) }')
for grid in "narrow -s sweep.sigma=1,2" "wide -s $wide"; do
    # shellcheck disable=SC2086
    job $grid -s category=gear -s shots=1
done
for file in $(cd "$WORK/out/narrow" && find tasks heads -name '*.h5'); do
    [ "$(stat -c %s "$WORK/out/narrow/$file")" = "$(stat -c %s "$WORK/out/wide/$file")" ] || fail "$file grows with the grid"
    for option in sigma sweep sweep_mode; do
        for run in narrow wide; do h5dump -a "/options/$option" "$WORK/out/$run/$file" | tail -n +2 > "$WORK/$run.option"; done
        cmp "$WORK/narrow.option" "$WORK/wide.option" || fail "$file tells another $option: $(cat "$WORK/wide.option")"
    done
done
grep -q "sigma: \[0.04, 0.08" "$WORK/out/wide/run.yaml" || fail "run.yaml does not tell the grid"

# Which settings change nothing, and why, is told from the traces of the heads.
job margins -s output="$WORK/out2" -s shots=1 -s sweep.epsilon=0,50,60 -s sweep.sigma=2,4
"$FGAD" report "$WORK/out2/margins" --effects > "$WORK/effects" || fail "report --effects"
grep -q "(epsilon: no effect: epsilon=60 sigma=2 gives the numbers of epsilon=50 sigma=2 to the bit: hinge open everywhere)" "$WORK/effects" ||
    fail "equal margins are not told: $(cat "$WORK/effects")"
[ "$(grep -c "no effect: " "$WORK/effects")" = 2 ] || fail "expected two equal settings: $(grep "no effect" "$WORK/effects")"
# Smoothing comes after the class token, and after the branches alone.
grep -q "(sigma: no effect on the image head: epsilon=50 sigma=4 gives the numbers of epsilon=50 sigma=2 to the bit)" "$WORK/effects" ||
    fail "the image head that nothing moved is not told: $(cat "$WORK/effects")"
"$FGAD" report "$WORK/out2/margins" --effects --format csv | awk -F, '
    /^dataset,.*,array_V/ { for (i = 1; i <= NF; i++) at[$i] = i; next }
    !("head" in at) { next }
    /epsilon=60/ { if ($at["open"] != 1) exit 1
        sum = $at["loss_clip"] + $at["loss_trip"] + $at["loss_mean"] + $at["loss_reg"]; if (sum < 0.999999 || sum > 1.000001) exit 1; n++ }
    $at["head"] == "pixel" && /epsilon=0/ { if ($at["open"] >= 1) exit 1; n++ }
    END { if (n != 6) exit 1 }' || fail "shares: $("$FGAD" report "$WORK/out2/margins" --effects --format csv | grep -A99 array_V)"

# Twenty ways of inference: nothing is encoded or learned that the one point has left.
job inference -s 'sweep.reweight=mean1,off' -s 'sweep.token_wise=true,false' -s sweep.sigma=0,1,2,3,4
made inference "chunks of test images" 0 "$chunks"
made inference "tiled support images" 0 "$tiles"
made inference "learned heads" 0 "$heads"
grep -q "^80 tasks done" "$WORK/inference.log" || fail "$(cat "$WORK/inference.log")"
grep -q "^learned heads: .* 20.0 uses each" "$WORK/inference.log" || fail "heads are not shared: $(cat "$WORK/inference.log")"

# A point takes the memory that it takes alone, also where it found the maps of the memory bank made by the point before; one
# without that bank does without.
job branches -s shots=1 -s sweep_mode=list -s 'sweep=[{sigma: 2}, {sigma: 3}, {branches: [pad]}]'
for file in "$WORK"/out/branches/tasks/demo/gear/*.h5; do
    h5dump -a /point -a /state_bytes "$file" | sed -n 's/.*(0): //p' | tr '\n' ' '
    echo
done | sort > "$WORK/states"
awk '/branches=pad/ { pad = $NF; next } { state[++n] = $NF }
    END { exit !(n == 2 && state[1] == state[2] && pad > 0 && state[1] > 10 * pad) }' "$WORK/states" ||
    fail "bytes of states: $(cat "$WORK/states")"

# A point of the grid has the numbers of the job by itself, bit for bit; also without room to hold features.
numbers() { sed -n "s/^demo,[a-z]*,[0-9]*,[0-9]*,$2,finegrainedad,\(.*\),[0-9a-f]*\$/\1/p" "$WORK/$3/$1/results.csv"; }
numbers one "" out > "$WORK/a"
numbers inference "reweight=mean1 token_wise=true sigma=4" out > "$WORK/b"
[ -s "$WORK/a" ] || fail "no numbers in $WORK/out/one/results.csv"
cmp "$WORK/a" "$WORK/b" || fail "the point of the grid has other numbers than the job"
job poor -s feature_memory=0 -s 'sweep.sigma=3,4'
numbers poor "sigma=4" out > "$WORK/b"
cmp "$WORK/a" "$WORK/b" || fail "features that are not held give other numbers"

# Nor does it matter how much learning keeps and how much it computes again.
for memory in 0 1GB; do
    job kept -s learn_memory=$memory -s output="$WORK/out-$memory"
    made kept "learned heads" "$heads" 0
    numbers kept "" "out-$memory" > "$WORK/b"
    cmp "$WORK/a" "$WORK/b" || fail "with learn_memory=$memory the numbers are others"
done

# The plan knows all this, and what a run has measured.
# shellcheck disable=SC2086
"$FGAD" plan "$WORK/empty.yaml" $common -s name=new -s 'sweep.reweight=mean1,off' -s sweep.sigma=1,2,3,4,5,6,7,8,9,10 \
    --ranks 4 --ranks-per-node 2 > "$WORK/plan" || fail "plan"
for line in "run $WORK/out/new: 80 tasks (20 grid points, 2 categories)" "learned heads  *$heads  *$heads  *0  *20.0" \
    "^ranks: 4" "^nodes: 2" "^memory_per_rank_mb: [1-9]" "^memory_request_mb: [1-9]" "^makespan_seconds: [1-9]" "^rates: measured by earlier runs"; do
    grep -q "$line" "$WORK/plan" || fail "the plan does not say '$line': $(cat "$WORK/plan")"
done

# Planning needs neither images nor model, and is quick for the largest of jobs: all 57 categories at 200 points.
cat > "$WORK/full.yaml" <<YAML
dataset: [mvtec, visa, realiad]
data_root: $WORK/none
model: $WORK/none
shots: [1, 2, 4]
seeds: [0, 1, 2, 3, 4]
output: $WORK/out
YAML
"$FGAD" plan "$WORK/full.yaml" --ranks 64 > "$WORK/plan" 2> "$WORK/error" && fail "a plan without data"
grep -q "'$WORK/none' is not a directory" "$WORK/error" || fail "$(cat "$WORK/error")"
for ranks in 64 1024 10000; do
    "$FGAD" plan "$WORK/full.yaml" --assume --ranks $ranks > "$WORK/plan" || fail "the plan of the whole benchmark"
    echo "whole benchmark, guessed rates, $ranks ranks: $(grep -E '^(makespan|efficiency|limited|on |best)' "$WORK/plan" | tr '\n' ' ')"
    # Of so many cores, as ranks of the threads that the plan finds best: 90 % are at work on 1,024, half of them on 10,000.
    best=$(sed -n 's/^best_threads: //p' "$WORK/plan")
    [ "$ranks" = 64 ] || awk -v ranks="$ranks" -v best="${best:-1}" '$1 == "on" && $7 == best { found = $(NF - 1) }
        END { exit !(found >= (ranks > 1024 ? 50 : 90)) }' "$WORK/plan" || fail "$best threads on $ranks cores: $(cat "$WORK/plan")"
done
# Where the longest head is what all wait for, threads make it shorter, and the plan says how many.
best=$(sed -n 's/^best_threads: //p' "$WORK/plan")
[ "${best:-1}" -gt 1 ] || fail "10,000 ranks of one thread are best: $(cat "$WORK/plan")"
seconds() { sed -n 's/^makespan_seconds: \([0-9]*\).*/\1/p' "$1"; }
"$FGAD" plan "$WORK/full.yaml" --assume --ranks $((10000 / best)) -s threads=$best > "$WORK/threads" || fail "the plan of $best threads"
[ "$(seconds "$WORK/threads")" -lt $(($(seconds "$WORK/plan") / 2)) ] || fail "on $best threads: $(cat "$WORK/threads")"
grep -q ": 855 tasks (1 grid point, 57 categories)" "$WORK/plan" || fail "$(cat "$WORK/plan")"
began=$(date +%s)
"$FGAD" plan "$WORK/full.yaml" --assume --ranks 10000 -s sweep.epsilon=0,0.25,0.5,0.75,1 -s sweep.gamma=0,1,1.5,3,5 \
    -s sweep.sigma=0,1,2,3,4,5,6,8 > "$WORK/plan" || fail "the plan of the grid"
took=$(($(date +%s) - began))
grep -q ": 171000 tasks (200 grid points, 57 categories)" "$WORK/plan" || fail "$(cat "$WORK/plan")"
[ $took -lt 30 ] || fail "a plan took $took s, expected less than 10 (30 on a busy machine)"
