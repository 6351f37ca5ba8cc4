# fgad verify on a table of our own numbers: it fits, and each way in which it may not is told.
. "$(dirname "$0")/lib.sh"
demo_data gear fabric
places="-s data_root=$WORK/data -s model=$WORK/model -s output=$WORK/out"

# What is missing is told, and nothing is judged.
code=0
"$FGAD" verify -s data_root="$WORK/none" -s model="$WORK/none" -s output="$WORK/out" > "$WORK/log" 2>&1 || code=$?
[ $code = 2 ] || fail "without data: exit $code: $(cat "$WORK/log")"
grep -q "WinCLIP 0-shot, mvtec is left out: data: '$WORK/none/mvtec' is not here" "$WORK/log" || fail "$(cat "$WORK/log")"
grep -q "nothing to verify with" "$WORK/log" || fail "$(cat "$WORK/log")"
mkdir -p "$WORK/some/visa"
code=0
"$FGAD" verify -s data_root="$WORK/some" -s model="$WORK/none" -s output="$WORK/out" > "$WORK/log" 2>&1 || code=$?
[ $code = 2 ] && grep -q "MuSc, visa is left out: weights: '$WORK/none' are not here" "$WORK/log" || fail "$(cat "$WORK/log")"
[ ! -e "$WORK/out" ] || fail "something was computed"

# Data that are there in part: what is whole is judged, what is not is told; what is published is of its own keys.
mkdir -p "$WORK/part/mvtec" "$WORK/part/visa/candle/train/good"
cp -r "$WORK/data/demo/gear" "$WORK/part/mvtec/bottle"
cp "$WORK"/data/demo/gear/train/good/000.png "$WORK/part/visa/candle/train/good/"
code=0
"$FGAD" verify -s data_root="$WORK/part" -s model="$WORK/model" -s output="$WORK/parted" > "$WORK/log" 2>&1 || code=$?
[ $code = 1 ] && grep -q "MuSc, visa is left out: data: '$WORK/part/visa/candle/test': no such folder" "$WORK/log" || fail "exit $code: $(cat "$WORK/log")"
[ -e "$WORK/parted/verify-winclip-mvtec-0/results.csv" ] || fail "what is there was not run: $(cat "$WORK/log")"
for key in method=padim shots=1 sigma=4 winclip.templates=22 name=x dataset=demo; do
    code=0
    "$FGAD" verify -s data_root="$WORK/part" -s model="$WORK/model" -s output="$WORK/refused" -s $key > "$WORK/log" 2>&1 || code=$?
    [ $code = 2 ] && grep -q "^fgad: -s: ${key%=*} is what the published numbers are of" "$WORK/log" || fail "$key: exit $code: $(cat "$WORK/log")"
done
[ ! -e "$WORK/refused" ] || fail "something was computed"

# The published table can be read, and what it asks for is a job.
echo 'dataset: [demo]' > "$WORK/job.yaml"
"$FGAD" run "$WORK/job.yaml" -s method=winclip -s shots=0 -s name=w -s resolution=64 $places > "$WORK/log" 2>&1 || fail "$(cat "$WORK/log")"
"$FGAD" run "$WORK/job.yaml" -s method=musc -s shots=0 -s name=m -s resolution=64 $places > "$WORK/log" 2>&1 || fail "$(cat "$WORK/log")"

# table WINCLIP-IMAGE WINCLIP-PIXEL WINCLIP-AUPRO MUSC ONLY: our numbers in percent, changed by so many points; ONLY: that category
table() {
    {
        echo '{"unit": "percent", "tolerance": 0.2, "tolerance_aupro": 1.0, "checks": ['
        for check in winclip:w musc:m winclip+:w; do
            method=${check%:*}
            shots=0 judged=true
            [ "$method" != winclip+ ] || { shots=1 judged=false; }
            [ "$method" = winclip ] || echo ,
            echo "{\"name\": \"$method\", \"method\": \"$method\", \"dataset\": \"demo\", \"shots\": $shots, \"judged\": $judged,"
            echo "\"protocol\": \"one draw\", \"source\": \"this test\", \"options\": [\"resolution=64\"],"
            echo '"metrics": ["image_auroc", "pixel_auroc", "aupro"], "rows": {'
            awk -F, -v image="$1" -v pixel="$2" -v aupro="$3" -v musc="$4" -v only="$5" -v method="$method" '
                NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
                $2 == "MEAN" { next }
                { on = only == "" || only == $2; if (method == "musc") { image = pixel = aupro = musc }
                  # Away from the ends, so that a changed figure is one still.
                  printf "%s\"%s\": [%.4f, %.4f, %.4f]\n", n++ ? ", " : "", $2, move($at["image_auroc"], on * image),
                      move($at["pixel_auroc"], on * pixel), move($at["aupro"], on * aupro) }
                function move(x, by) { x *= 100; return x + by > 100 ? x - by : x + by }' "$WORK/out/${check#*:}/results.csv"
            echo '}}'
        done
        echo ']}'
    } > "$WORK/table.json"
}
# judged EXIT TEXT TABLE...: what verify says of the table
judged() {
    want=$1 text=$2
    shift 2
    table "$@"
    code=0
    # shellcheck disable=SC2086
    "$FGAD" verify --table "$WORK/table.json" $places $more > "$WORK/log" 2>&1 || code=$?
    [ $code = "$want" ] || fail "table $*: exit $code, expected $want: $(cat "$WORK/log")"
    grep -q "$text" "$WORK/log" || fail "table $*: no '$text' in $(cat "$WORK/log")"
}
more=
judged 0 "^ok: 4 rows fit" 0 0 0 0 ""
grep -q "winclip+" "$WORK/log" && fail "few shots were run unasked: $(cat "$WORK/log")"
judged 0 "^ok: 4 rows fit" 0.15 -0.15 0.9 0.15 ""
judged 1 "^likely at fault: metric: AUPRO alone" 0 0 3 0 ""
judged 1 "^likely at fault: metric: image scores fit and pixels do not" 0 3 3 0 ""
judged 1 "^likely at fault: prompts" 3 3 0 0 ""
judged 1 "^likely at fault: weights" 3 3 0 3 ""
judged 1 "^likely at fault: data: of gear alone" 3 3 0 3 gear
# Few-shot rows stand beside ours and judge nothing, under several ranks too.
table 0 0 0 0 ""
more="--few-shot"
judged 0 "not judged: one draw; ours is mean" 0 0 0 0 ""
ranks 2 verify --table "$WORK/table.json" $places --few-shot > "$WORK/two" 2> "$WORK/log" || fail "two ranks: $(cat "$WORK/log")"
grep -q "^ok: 4 rows fit" "$WORK/two" || fail "two ranks: $(cat "$WORK/two")"

# A table that is none.
for wrong in '{}' '{"unit": "percent", "tolerance": 1, "tolerance_aupro": 1, "checks": [{}]}' \
    '{"unit": "percent", "tolerance": 1, "tolerance_aupro": 1, "checks": [{"name": "x", "method": "musc", "dataset": "demo", "metrics": ["aupro"], "rows": {"gear": [400]}}]}'; do
    echo "$wrong" > "$WORK/table.json"
    code=0
    "$FGAD" verify --table "$WORK/table.json" $places > "$WORK/log" 2>&1 || code=$?
    [ $code = 2 ] && grep -q "table.json" "$WORK/log" && [ "$(wc -l < "$WORK/log")" = 1 ] || fail "$wrong: exit $code: $(cat "$WORK/log")"
done
