# fgad audit: what test labels and shots in the test would add is what other runs of the same job report.
. "$(dirname "$0")/lib.sh"
demo_data gear
cat > "$WORK/job.yaml" <<YAML
output: $WORK/out
data_root: $WORK/data
model: $WORK/model
shots: [2]
pixel: {epochs: 4}
image: {epochs: 4, n_pro: 1}
n_ahp: 4
n_ab: 2
resolution: 48
logit_scale: exp
aggregation: {scale: 1}
YAML
run() {
    name=$1
    shift
    "$FGAD" run "$WORK/job.yaml" -s name="$name" "$@" > "$WORK/log" 2>&1 || fail "$name $*: $(tail -3 "$WORK/log")"
}
# column FILE NAME: a column of the first line below the head
column() {
    awk -F, -v name="$2" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next } { print $at[name]; exit }' "$1"
}
# near A B C: A + B is C
near() { awk -v a="$1" -v b="$2" -v c="$3" 'BEGIN { d = a + b - c; exit a == "" || b == "" || c == "" || d > 1e-9 || d < -1e-9 }'; }

run last -s dataset=demo -s seeds=0,1 -s track_epochs=2
"$FGAD" audit "$WORK/out/last" --format csv > "$WORK/audit.csv" || fail "audit"
"$FGAD" audit "$WORK/out/last" > "$WORK/audit" || fail "audit as text"
grep -q "ORACLES: best epoch, best of two" "$WORK/audit" || fail "no oracle is labelled: $(cat "$WORK/audit")"
grep -q "of 2 states kept during learning" "$WORK/audit" || fail "the states are not counted"
grep -q "SD over seeds" "$WORK/audit" || fail "no deviation over seeds"
image=$(column "$WORK/audit.csv" image_auroc)
[ "$image" = "$(column "$WORK/out/last/results.csv" image_auroc)" ] || fail "the reported AUROC is $image"

# The other fusion is what rescoring with it gives; the best of two is the better one.
for rule in harmonic arithmetic; do
    "$FGAD" rescore "$WORK/out/last" -s image_fusion=$rule --name $rule > "$WORK/log" || fail "rescore $rule"
    near "$image" "$(column "$WORK/audit.csv" $rule)" "$(column "$WORK/out/last/rescored/$rule/results.csv" image_auroc)" ||
        fail "$rule: $(cat "$WORK/audit.csv")"
done
awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
    $at["category"] != "gear" { next }
    { h = $at["harmonic"]; a = $at["arithmetic"]; if ($at["best_of_two"] != (a > h ? a : h)) exit 1 }
    $at["image_best_epoch"] < 0 || $at["best_of_two_and_epoch"] < $at["best_of_two"] { exit 1 }' "$WORK/audit.csv" ||
    fail "the best of two: $(cat "$WORK/audit.csv")"

# The best epoch is the best of the states in the task file; a run that stops at one of them gives its number.
run best -s dataset=demo -s image_fusion=best
"$FGAD" rescore "$WORK/out/best" --name same > "$WORK/log" && cmp "$WORK/out/best/results.csv" "$WORK/out/best/rescored/same/results.csv" ||
    fail "rescoring a run whose oracle is stored"
near "$image" 0 "$(column "$WORK/out/best/results.csv" image_auroc)" || fail "image_fusion: best is not the harmonic mean beside an oracle"
"$FGAD" audit "$WORK/out/best" | grep -q "no epochs are stored (hint: track_epochs=1" || fail "no hint without states"

# Real-IAD without split files: shots are test images, and stay out unless the job lets them in; defects without a mask.
demo=$WORK/data/demo/gear button=$WORK/data/realiad/button
i=0
for image in "$demo"/test/good/*.png; do
    i=$((i + 1))
    [ $i -le 8 ] || break
    mkdir -p "$button/OK/S000$i"
    cp "$image" "$button/OK/S000$i/button_OK_S000${i}_C1_a.png"
done
i=0
for image in "$demo"/test/dent/*.png; do
    i=$((i + 1))
    [ $i -le 4 ] || break
    mkdir -p "$button/NG/pit/S000$i"
    stem=$(basename "$image" .png)
    cp "$image" "$button/NG/pit/S000$i/button_NG_pit_S000${i}_C1_a.png"
    if [ $i -gt 1 ]; then cp "$demo/ground_truth/dent/${stem}_mask.png" "$button/NG/pit/S000$i/button_NG_pit_S000${i}_C1_a_mask.png"; fi
done
set -- -s dataset=realiad -s branches=vad
run out "$@"
run in "$@" -s test_shots=included
"$FGAD" audit "$WORK/out/out" --format csv > "$WORK/out.csv" || fail "audit without shots"
"$FGAD" audit "$WORK/out/in" --format csv > "$WORK/in.csv" || fail "audit with shots"
[ "$(column "$WORK/out.csv" shots_in_test)" = 0 ] || fail "shots in the test of strict: $(cat "$WORK/out.csv")"
[ "$(column "$WORK/in.csv" shots_in_test)" = 2 ] || fail "shots in the test: $(cat "$WORK/in.csv")"
near "$(column "$WORK/in.csv" image_auroc)" "$(column "$WORK/in.csv" without_shots)" "$(column "$WORK/out.csv" image_auroc)" ||
    fail "without the shots: $(cat "$WORK/in.csv" "$WORK/out.csv")"
