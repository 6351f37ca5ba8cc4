# Thresholds: leave-one-out scores are what a run learned from the other shot gives the one left out; what a threshold does to the
# test images, counted again from the exported scores; kept with the run, and used by predict and report.
. "$(dirname "$0")/lib.sh"
demo_data gear tablet
gear=$WORK/data/demo/gear
cat > "$WORK/job.yaml" <<YAML
output: $WORK/out
dataset: [demo]
data_root: $WORK/data
model: $WORK/model
branches: [vad]
resolution: 64
YAML
"$FGAD" run "$WORK/job.yaml" -s name=run -s shots=1,2 > "$WORK/log" 2>&1 || fail "the run: $(tail -3 "$WORK/log")"
run=$WORK/out/run

# Two roads to the score of one shot against the other.
"$FGAD" data fewshot demo "$WORK/data/demo" gear 2 0 > "$WORK/shots"
[ "$(wc -l < "$WORK/shots")" -eq 2 ] || fail "expected two shots: $(cat "$WORK/shots")"
for k in 1 2; do
    sed -n "${k}p" "$WORK/shots" > "$WORK/list$k"
    other=$(sed -n "$((3 - k))p" "$WORK/shots")
    "$FGAD" run "$WORK/job.yaml" -s name=one$k -s shots=1 -s category=gear -s fewshot="$WORK/list$k" > "$WORK/log" 2>&1 ||
        fail "a run with the shot $k: $(tail -3 "$WORK/log")"
    "$FGAD" predict "$WORK/out/one$k" --images "$(find "$gear" -path "*${other#*gear/}")" --out "$WORK/one$k" --no-pictures > "$WORK/log" ||
        fail "predict of the other shot"
    awk -F, 'NR == 2 { print $2 }' "$WORK/one$k/predict.csv"
done | sort -g > "$WORK/want"
for q in 0 1; do
    "$FGAD" threshold "$run" --category gear --shots 2 --quantile $q --format json > "$WORK/json" || fail "--quantile $q"
    sed -n 's/.*"threshold": \([^,]*\),.*/\1/p' "$WORK/json"
done > "$WORK/got"
paste "$WORK/want" "$WORK/got" | awk '{ d = $1 - $2; if (d < 0) d = -d; if (!($1 > 0) || d > 1e-8 * $1) exit 1; n++ } END { exit n != 2 }' ||
    fail "leave-one-out scores differ: $(paste "$WORK/want" "$WORK/got")"

# What a threshold does, counted again.
"$FGAD" export "$run" --out "$WORK/export" --csv > "$WORK/log"
# counted CATEGORY SHOTS THRESHOLD: precision recall false_alarms
counted() {
    awk -F, -v c="$1" -v t="$3" 'NR > 1 && $2 == c { above = ($9 > t); if ($7 == 1) { p++; hit += above } else { n++; alarm += above } }
        END { printf "%.6f %.6f %.6f\n", hit / (hit + alarm), hit / p, alarm / n }' "$WORK/export/demo-k$2-s0/images.csv"
}
kept() {
    awk -F, -v c="$1" -v k="$2" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        $at["category"] == c && $at["shots"] == k { printf "%.17g %.6f %.6f %.6f\n", $at["threshold"], $at["precision"], $at["recall"], $at["false_alarms"] }' "$run/thresholds.csv"
}
"$FGAD" threshold "$run" --f1-max > "$WORK/log" || fail "--f1-max"
grep -q "an oracle" "$WORK/log" || fail "f1-max is not said to be an oracle"
for category in gear tablet; do
    for shots in 1 2; do
        set -- $(kept $category $shots)
        [ "$(counted $category $shots "$1")" = "$2 $3 $4" ] || fail "$category, $shots shots: $* is not $(counted $category $shots "$1")"
        # No other score as a threshold has a higher F1.
        awk -F, -v c=$category -v t="$1" 'NR > 1 && $2 == c { s[++n] = $9; l[n] = $7 }
            function f1(t, i, hit, wrong) { for (i = 1; i <= n; i++) if (s[i] > t) { if (l[i] == 1) hit++; else wrong++ } else if (l[i] == 1) wrong++
                return 2 * hit / (2 * hit + wrong) }
            END { best = f1(t); for (j = 1; j <= n; j++) if (f1(s[j]) > best + 1e-12) exit 1 }' "$WORK/export/demo-k$shots-s0/images.csv" ||
            fail "$category, $shots shots: another threshold has a higher F1"
    done
done

# Kept: another kind for one task leaves the others.
"$FGAD" threshold "$run" --category tablet --shots 2 --quantile 0.5 > "$WORK/log" || fail "--quantile 0.5"
grep -q "leave-one-out.*heads as learned from all" "$WORK/log" || fail "what is left out is not said"
[ "$(grep -c f1-max "$run/thresholds.csv")" -eq 3 ] && [ "$(grep -c quantile,0.5 "$run/thresholds.csv")" -eq 1 ] ||
    fail "kept: $(cat "$run/thresholds.csv")"
"$FGAD" threshold "$run" > "$WORK/shown" || fail "what is kept"
[ "$(grep -c '^demo ' "$WORK/shown")" -eq 4 ] || fail "what is kept: $(cat "$WORK/shown")"
set -- $(kept gear 2)
"$FGAD" predict "$run" --category gear --shots 2 --images "$gear/test" --out "$WORK/out-gear" --no-pictures > "$WORK/log" || fail "predict"
got=$(awk -F, -v t="$1" 'NR > 1 { n += $3 == "anomalous"; if ($4 != t) exit 1 } END { print n }' "$WORK/out-gear/predict.csv") ||
    fail "predict has another threshold than is kept"
want=$(awk -F, -v t="$1" 'NR > 1 && $2 == "gear" { n += $9 > t } END { print n }' "$WORK/export/demo-k2-s0/images.csv")
[ "$got" = "$want" ] || fail "$got images are anomalous, expected $want"
"$FGAD" report "$run" --shots 2 --thresholds --format csv > "$WORK/report" || fail "report --thresholds"
want=$(kept gear 2 | cut -d' ' -f3)
awk -F, -v want="$want" '/^# thresholds/ { on = 1; getline; for (i = 1; i <= NF; i++) at[$i] = i; next }
    on && $at["category"] == "gear" { d = $at["recall"] - want; exit !($at["kind"] == "f1-max" && d < 1e-6 && d > -1e-6) }
    END { if (!on) exit 1 }' "$WORK/report" || fail "report --thresholds: $(cat "$WORK/report")"
"$FGAD" threshold "$run" --value 1e9 --category gear > "$WORK/log" || fail "--value"
grep -q " 0.0%       0.0%" "$WORK/log" || fail "above 1e9: $(cat "$WORK/log")"

# A folder of the test that nobody has labelled is in no number, and fgad predict scores it.
mkdir "$gear/test/unlabelled"
cp "$gear/test/crack/000.png" "$gear/test/unlabelled/new.png"
"$FGAD" run "$WORK/job.yaml" -s name=labelled -s shots=1,2 > "$WORK/log" 2>&1 || fail "the run with unlabelled images"
grep -q "1 unlabelled test image: in no number" "$WORK/log" || fail "unlabelled images are not told of: $(cat "$WORK/log")"
same_results "$run" "$WORK/out/labelled"
"$FGAD" predict "$WORK/out/labelled" --images "$gear/test/unlabelled" --category gear --shots 2 --out "$WORK/unlabelled" > "$WORK/log" ||
    fail "predict of unlabelled images"
grep -q "unlabelled/new.png,0" "$WORK/unlabelled/predict.csv" || fail "no score of an unlabelled image"
"$FGAD" data check folder "$WORK/data/demo" gear -s unlabelled=crack --format json > "$WORK/check" || true
grep -q '"unlabelled"' "$WORK/check" || fail "data check does not tell of unlabelled images"

# refuse MESSAGE ARGUMENTS...
refuse() {
    message=$1
    shift
    code=0
    "$FGAD" threshold "$@" > "$WORK/log" 2>&1 || code=$?
    [ $code -eq 2 ] || fail "fgad threshold $*: exit code $code"
    grep -q -e "$message" "$WORK/log" || fail "fgad threshold $* says: $(cat "$WORK/log")"
}
refuse "gear has 1 shot: without the one that is scored no memory is left (hint: --value X" "$run" --quantile 1 --category gear --shots 1
refuse "expected a number from 0 to 1" "$run" --quantile 2
refuse "expected one of --f1-max" "$run" --quantile 1 --f1-max
cp "$run/thresholds.csv" "$WORK/thresholds.csv"
sed '2s/[0-9]\{1,\}$/many/' "$WORK/thresholds.csv" > "$run/thresholds.csv"
refuse "thresholds.csv':2: not a line of thresholds" "$run"
printf '%03000d' 0 > "$run/thresholds.csv"
refuse "thresholds.csv':1: not a table of thresholds" "$run"
cp "$WORK/thresholds.csv" "$run/thresholds.csv"
tail -1 "$WORK/thresholds.csv" >> "$run/thresholds.csv"
refuse "a second line of the task" "$run"
rm "$run/thresholds.csv"
mkfifo "$run/thresholds.csv"
for command in "threshold $run" "threshold $run --value 1" "report $run --thresholds"; do
    code=0
    timeout 60 "$FGAD" $command > "$WORK/log" 2>&1 || code=$?
    [ $code -eq 2 ] && grep -q "is a FIFO" "$WORK/log" || fail "$command: exit code $code: $(cat "$WORK/log")"
done
