# fgad reduce RUN1 RUN2 --into NEW: what two sites did is what one would have done.
. "$(dirname "$0")/lib.sh"
demo_data gear fabric
cat > "$WORK/job.yaml" <<YAML
dataset: [demo]
data_root: $WORK/data
model: $WORK/model
shots: [1, 2]
pixel: {epochs: 2}
image: {epochs: 1}
query_former: {steps: 5}
resolution: 64
name: run
sweep:
  method: [finegrainedad, patchcore]
YAML
# run SITE ARGUMENTS...
run() {
    site=$1
    shift
    "$FGAD" run "$WORK/job.yaml" -s output="$WORK/$site" "$@" > "$WORK/log" 2>&1 || fail "$site: $(tail -3 "$WORK/log")"
}
run whole
run one -s category=gear
run two -s category=fabric
run three -s category=gear -s seeds=1
"$FGAD" reduce "$WORK/two/run" "$WORK/one/run" --into "$WORK/all/run" > "$WORK/log" 2>&1 || fail "$(cat "$WORK/log")"
grep -q "8 results of 2 runs, 0 missing; 8 task files, 8 heads" "$WORK/log" || fail "$(cat "$WORK/log")"
same_results "$WORK/whole/run" "$WORK/all/run"
# It is a run as any other: rescored and exported without the model, compared, gone on with.
"$FGAD" rescore "$WORK/all/run" -s sigma=2 > "$WORK/log" 2>&1 || fail "rescore: $(cat "$WORK/log")"
"$FGAD" rescore "$WORK/whole/run" -s sigma=2 > "$WORK/log" 2>&1 || fail "rescore: $(cat "$WORK/log")"
cmp "$WORK/all/run/rescored/sigma=2/results.csv" "$WORK/whole/run/rescored/sigma=2/results.csv" || fail "rescored numbers differ"
# Its index tells of the categories of both, as a run's does: looked at where neither images nor model are, put to use where they are.
mv "$WORK/data" "$WORK/data.away"
"$FGAD" status "$WORK/all/run" > "$WORK/log" 2>&1 || fail "status: $(cat "$WORK/log")"
grep -Eq "evaluations +8 +8" "$WORK/log" || fail "status: $(cat "$WORK/log")"
"$FGAD" report "$WORK/all/run" > "$WORK/got" 2>&1 || fail "report: $(cat "$WORK/got")"
"$FGAD" report "$WORK/whole/run" > "$WORK/want" 2>&1 || fail "report: $(cat "$WORK/want")"
sed "s|$WORK/all|$WORK/whole|" "$WORK/got" | cmp - "$WORK/want" || fail "the reports differ"
mv "$WORK/data.away" "$WORK/data"
for category in gear fabric; do
    for site in whole all; do
        "$FGAD" predict "$WORK/$site/run" --category $category --shots 2 --point method=patchcore --no-pictures \
            --images "$WORK/data/demo/$category/test/good" --out "$WORK/predict-$site" > "$WORK/log" 2>&1 || fail "predict $site $category: $(cat "$WORK/log")"
    done
    for site in whole all; do cut -d, -f1,2 "$WORK/predict-$site/predict.csv" > "$WORK/scores-$site"; done
    cmp "$WORK/scores-whole" "$WORK/scores-all" || fail "$category: predictions differ"
    rm -r "$WORK/predict-whole" "$WORK/predict-all"
done
"$FGAD" report "$WORK/all/run" "$WORK/three/run" > "$WORK/log" 2>&1 || fail "report: $(cat "$WORK/log")"
"$FGAD" run "$WORK/all/run/run.yaml" > "$WORK/log" 2>&1 || fail "going on: $(tail -3 "$WORK/log")"
grep -q "^0 tasks done, 8 kept" "$WORK/log" || fail "a joined run is not done: $(tail -3 "$WORK/log")"
# A draw more of one category alone: the other's is not in the grid of any run, and so not missing.
"$FGAD" reduce "$WORK/all/run" "$WORK/three/run" --into "$WORK/more" > "$WORK/log" 2>&1 || fail "$(cat "$WORK/log")"
grep -q "12 results of 2 runs" "$WORK/log" || fail "$(cat "$WORK/log")"

# refused TEXT ARGUMENTS...
refused() {
    text=$1
    shift
    code=0
    "$FGAD" reduce "$@" --into "$WORK/refused" > "$WORK/log" 2>&1 || code=$?
    [ $code = 2 ] && [ "$(wc -l < "$WORK/log")" = 1 ] && grep -qF -e "$text" "$WORK/log" || fail "$*: exit $code: $(cat "$WORK/log")"
    [ ! -e "$WORK/refused" ] || fail "$*: something was left"
}
run other -s category=fabric -s gamma=0
refused "has gamma: 1.5" "$WORK/one/run" "$WORK/other/run"
cp -r "$WORK/data" "$WORK/changed"
printf x >> "$WORK/changed/demo/gear/test/good/000.png"
run fourth -s category=gear -s seeds=2 -s data_root="$WORK/changed"
refused "was made of other images of demo/gear" "$WORK/one/run" "$WORK/fourth/run"
refused "is no run of its own but a rescored set" "$WORK/one/run" "$WORK/all/run/rescored/sigma=2"
refused "expected one run, or two runs and more" "$WORK/one/run"
refused "does not exist" "$WORK/one/run" "$WORK/none"
code=0
"$FGAD" reduce "$WORK/one/run" "$WORK/two/run" --into "$WORK/all/run" > "$WORK/log" 2>&1 || code=$?
[ $code = 2 ] && grep -q "exists already" "$WORK/log" || fail "a run was joined over another: $(cat "$WORK/log")"
code=0
"$FGAD" reduce "$WORK/one/run" "$WORK/two/run" --into "$WORK/one/run/inside" > "$WORK/log" 2>&1 || code=$?
[ $code = 2 ] && grep -q "which is not changed" "$WORK/log" && [ ! -e "$WORK/one/run/inside" ] || fail "into a run: $(cat "$WORK/log")"
(cd "$WORK" && "$FGAD" reduce one/run two/run --into "" > "$WORK/log" 2>&1) && fail "into nowhere: $(cat "$WORK/log")"
grep -q "an argument is empty" "$WORK/log" || fail "into nowhere: $(cat "$WORK/log")"

# What another site has sent is looked at, whole, before anything is linked: cut, another task's, no file at all, somebody else's.
cp -r "$WORK/two/run" "$WORK/sent"
task=$(find "$WORK/sent/tasks" -name 'k1-*.h5' | sort | head -1)
other=$(find "$WORK/sent/tasks" -name 'k2-*.h5' | sort | head -1)
head=$(find "$WORK/sent/heads" -name '*.h5' | sort | head -1)
echo "nobody else's" > "$WORK/secret"
for file in "$task" "$head"; do
    for kind in cut longer other FIFO device secret; do
        mv "$file" "$WORK/kept"
        case $kind in
        cut) head -c 3000 "$WORK/kept" > "$file" ;;
        longer) { cat "$WORK/kept" && echo more; } > "$file" ;;
        other) cp "$other" "$file" ;;
        FIFO) mkfifo "$file" ;;
        device) ln -s /dev/zero "$file" ;;
        secret) ln -s "$WORK/secret" "$file" ;;
        esac
        code=0
        timeout 60 "$FGAD" reduce "$WORK/one/run" "$WORK/sent" --into "$WORK/refused" > "$WORK/log" 2>&1 || code=$?
        [ $code = 2 ] && [ "$(wc -l < "$WORK/log")" = 1 ] && grep -qF "'$file'" "$WORK/log" ||
            fail "$file, $kind: exit $code: $(cat "$WORK/log")"
        [ ! -e "$WORK/refused" ] || fail "$kind: something was left: $(find "$WORK/refused" | head -3)"
        rm "$file"
        mv "$WORK/kept" "$file"
    done
done
"$FGAD" reduce "$WORK/one/run" "$WORK/sent" --into "$WORK/well" > "$WORK/log" 2>&1 || fail "mended again: $(cat "$WORK/log")"

# Of a run without an index, as old ones are, the table and the files are joined, and it is said what is not.
mv "$WORK/sent/index.h5" "$WORK/index"
"$FGAD" reduce "$WORK/one/run" "$WORK/sent" --into "$WORK/old" > "$WORK/log" 2>&1 || fail "without an index: $(cat "$WORK/log")"
grep -q "'$WORK/old' has no index.h5" "$WORK/log" && [ ! -e "$WORK/old/index.h5" ] || fail "without an index: $(cat "$WORK/log")"
same_results "$WORK/well" "$WORK/old"

# A name that no run may have is refused before anything is written; a folder's own name reaches no terminal as it is.
for name in "a b" "=1" "-x" "$(printf 'a\033[2J')" '$(touch PWN)'; do
    code=0
    "$FGAD" reduce "$WORK/one/run" "$WORK/two/run" --into "$WORK/$name" > "$WORK/log" 2>&1 || code=$?
    [ $code = 2 ] && [ "$(wc -l < "$WORK/log")" = 1 ] && grep -q "expected the name of a folder" "$WORK/log" || fail "into '$name': exit $code: $(cat -v "$WORK/log")"
    [ ! -e "$WORK/$name" ] || fail "into '$name': something was left"
done
odd=$WORK/$(printf 'odd\033[2J\377')
cp -r "$WORK/one/run" "$odd"
for format in text csv json md latex; do
    "$FGAD" report "$odd" "$WORK/two/run" --format $format > "$WORK/log" 2>&1 || fail "a comparison as $format"
    ! LC_ALL=C grep -q "$(printf '[\033\377]')" "$WORK/log" || fail "an odd name as $format: $(cat -v "$WORK/log")"
done
