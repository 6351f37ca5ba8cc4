# Every job file of jobs/: a dry run over all categories on a skeleton of its data set, and a whole run on one category of
# it, one epoch, with a toy model or, with an argument, that one. FGAD, MAKE_MODEL, MAKE_SKELETON and WORK come from CTest.
. "$(dirname "$0")/../support/shell.sh"
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 ASAN_OPTIONS=detect_leaks=0
# Published lists of shots name images by number, so the training sets have their full size; tests are short.
for dataset in mvtec visa realiad; do
    "$MAKE_SKELETON" "$WORK/data/$dataset" $dataset --normal 2 --anomalous 2 --irregular > /dev/null
done
# Those of Real-IAD name samples: one category that has them (S0276 in the test part of its split) in view C1.
"$MAKE_SKELETON" "$WORK/many" realiad --only usb --train 260 --normal 20 --anomalous 2 > /dev/null
"$FGAD" data demo "$WORK/data/demo" > /dev/null
if [ $# -gt 0 ]; then
    ln -s "$(pwd)/$1" "$WORK/model"
else
    "$MAKE_MODEL" "$WORK/model" --preset toy-long > /dev/null
    cp tests/golden/clip/merges-small.txt "$WORK/model/merges.txt"
fi

category_of() {
    case $1 in
    demo) echo gear ;;
    mvtec) echo bottle ;;
    visa) echo candle ;;
    realiad) echo usb ;;
    *) fail "no data set for $2" ;;
    esac
}

# plan TASKS JOB ARGUMENTS...: what the dry run says
plan() {
    want=$1
    shift
    "$FGAD" run "$@" -s data_root="$WORK/data" -s output="$WORK/out" --dry-run > "$WORK/plan" 2>&1 ||
        fail "dry run of $*: $(cat "$WORK/plan")"
    grep -q "^run .*: $want tasks" "$WORK/plan" || fail "dry run of $*, expected $want tasks: $(head -1 "$WORK/plan")"
}

for job in jobs/*.yaml; do
    name=$(basename "$job" .yaml)
    grep -q "^name: $name$" "$job" || fail "$job: its name is not the file's"
    grep -q '^# .*\(Table\|Figure\|demo\)' "$job" || fail "$job: no comment says what it reproduces"
    case $name in
    demo) plan 30 "$job" -s model="$WORK/model" ;;
    table1-mvtec) plan 315 "$job" -s model="$WORK/model" ;;
    table1-visa) plan 252 "$job" -s model="$WORK/model" ;;
    table2-visa) plan 432 "$job" -s model="$WORK/model" ;;
    table3-losses) plan 180 "$job" -s model="$WORK/model" ;;
    table4-components) plan 405 "$job" -s model="$WORK/model" ;;
    table5-*) plan 12 "$job" -s model="$WORK/model" ;;
    table6-realiad)
        plan 270 "$job" -s model="$WORK/model" -s fewshot=nested
        plan 9 "$job" -s model="$WORK/model" -s category=usb -s roots.realiad="$WORK/many"
        ;;
    fig6-aggregation) plan 216 "$job" -s model="$WORK/model" ;;
    fig7-hyperparameters) plan 684 "$job" -s model="$WORK/model" ;;
    *) plan '[1-9][0-9]*' "$job" -s model="$WORK/model" ;;
    esac
    # The ablations go to the demo with one word, model included.
    case $name in
    table3-* | table4-* | fig*) plan '[1-9][0-9]*' "$job" -s dataset=demo ;;
    esac

    # The towers of table 5 differ in the model alone.
    case $name in table5-*) [ $name = table5-vit-b-16-plus-240 ] || continue ;; esac
    dataset=$(sed -n 's/^dataset: \[\(.*\)\]$/\1/p' "$job" | sed 's/.*, //')
    shots=$(sed -n "s/^shots: \[\(.*\)\]$/\1/p" "$job" | sed "s/, 8, 16//")
    root="$WORK/data/$dataset"
    [ $name != table6-realiad ] || root="$WORK/many"
    "$FGAD" run "$job" -s model="$WORK/model" -s dataset=$dataset -s roots.$dataset="$root" -s shots="$shots" -s category="$(category_of "$dataset" "$job")" \
        -s data_root="$WORK/data" -s output="$WORK/out" -s seeds=0 -s resolution=32 -s pixel.epochs=1 -s image.epochs=1 \
        -s query_former.steps=20 > "$WORK/out.txt" 2>&1 || fail "$job: $(cat "$WORK/out.txt")"
    grep -q " 0 failed," "$WORK/out.txt" || fail "$job: $(tail -5 "$WORK/out.txt")"
    [ -s "$WORK/out/$name/results.csv" ] || fail "$job: no results"
done

# rows JOB: lines of one category in its results
rows() {
    grep -c "^[a-z]*,[a-z]*,[0-9]*,0," "$WORK/out/$1/results.csv"
}
[ "$(rows table3-losses)" = 5 ] || fail "table 3 has not five rows: $(cat "$WORK/out/table3-losses/results.csv")"
[ "$(rows table4-components)" = 5 ] || fail "table 4 has not five points: $(cat "$WORK/out/table4-components/results.csv")"
[ "$(rows fig6-aggregation)" = 6 ] || fail "figure 6 has not six points"
[ "$(rows fig7-hyperparameters)" = 19 ] || fail "figure 7 has not nineteen points"
[ "$(rows table1-visa)" = 21 ] || fail "table 1 has not seven methods at three numbers of shots"

# The first row of table 4 is PromptAD's.
"$FGAD" report "$WORK/out/table4-components" > "$WORK/table" || fail "no report of table 4"
grep -q '^visa,candle,4,0,method=promptad,promptad,' "$WORK/out/table4-components/results.csv" || fail "BL is not promptad"
