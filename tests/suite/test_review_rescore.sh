# Rescoring: nothing changed gives the run's own bits, other settings give the bits of a run with them.
. "$(dirname "$0")/lib.sh"
demo_data gear fabric
cat > "$WORK/job.yaml" <<YAML
output: $WORK/out
dataset: [demo]
data_root: $WORK/data
model: $WORK/model
shots: [1]
seeds: [0, 1]
pixel: {epochs: 2}
image: {epochs: 8, n_pro: 1}
resolution: 64
logit_scale: exp # or the image head says nearly the same of every image
YAML
"$FGAD" run "$WORK/job.yaml" -s name=run > "$WORK/log" 2>&1 || fail "the run: $(tail -3 "$WORK/log")"
run=$WORK/out/run

# metrics FILE [POINT]: the numbers of its rows (of one point), without what names them
metrics() {
    awk -F, -v point="${2-}" 'NR > 1 && (point == "" || $5 == point) {
        printf "%s,%s,%s", $2, $3, $4; for (i = 7; i <= 19; i++) printf ",%s", $i; print "" }' "$1/results.csv"
}

"$FGAD" rescore "$run" --name same > "$WORK/log" || fail "rescore without changes"
cmp "$run/results.csv" "$run/rescored/same/results.csv" || fail "rescoring changed the run's own numbers"
"$FGAD" report "$run" > "$WORK/own"
"$FGAD" report "$run/rescored/same" > "$WORK/again"
cmp "$WORK/own" "$WORK/again" || fail "the report of the rescored set differs"
grep -q "from the stored maps of the run '$run'" "$run/rescored/same/run.yaml" || fail "run.yaml does not say what it is of"

# What a run with the changed key gives.
n=0
for change in reweight=off sigma=1.5 image_map=vad branches=pad branches=vad heads=pixel resolution=33 metric_size=native \
    aupro=steps200 aupro=steps200up aupro_limit=0.1 mask_threshold=200 fusion=arithmetic fusion=geometric \
    image_fusion=arithmetic image_max=resized; do
    n=$((n + 1))
    "$FGAD" run "$WORK/job.yaml" -s name=run$n -s $change > "$WORK/log" 2>&1 || fail "the run with $change"
    "$FGAD" rescore "$run" -s $change -s threads=2 --name $n > "$WORK/log" || fail "rescore -s $change"
    metrics "$WORK/out/run$n" > "$WORK/want"
    metrics "$run/rescored/$n" > "$WORK/got"
    cmp "$WORK/want" "$WORK/got" || fail "rescore -s $change is not the run with $change"
    metrics "$run" > "$WORK/own"
    case $change in mask_threshold=200) ;; *) cmp -s "$WORK/own" "$WORK/got" && fail "$change changed nothing" ;; esac
done

# column FILE NAME: a column of the tasks of results.csv
column() {
    awk -F, -v name="$2" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        $2 != "MEAN" { print $2, $4, $at[name] }' "$1/results.csv" | sort
}
# What a branch is worth alone is what a run of it alone gives: run5 has vad alone, run4 pad; pad's image head enters there.
"$FGAD" rescore "$run" -s branches=pad -s heads=pixel --name pixel > "$WORK/log" || fail "rescore of the pixel head alone"
for pair in "vad_image run5 image_auroc" "vad_pixel run5 pixel_auroc" "pad_pixel run4 pixel_auroc" \
    "pad_image run/rescored/pixel image_auroc"; do
    set -- $pair
    column "$run" "$1" > "$WORK/got"
    column "$WORK/out/$2" "$3" > "$WORK/want"
    cmp "$WORK/want" "$WORK/got" || fail "$1 is not $3 of $2"
done
column "$WORK/out/run5" pad_pixel | grep -q '[0-9] $' || fail "a run without the branch pad has its number"
"$FGAD" report "$run" | grep -q "VAD image %.*VAD pixel %.*PAD image %.*PAD pixel %.*class token %" || fail "the branches are not in the report"

# Scales of the branches are stored with a task of two shots, by every re-weighting; one shot has none.
"$FGAD" run "$WORK/job.yaml" -s name=two -s shots=2 -s seeds=0 -s category=gear > "$WORK/log" 2>&1 || fail "the run of two shots"
for reweight in mean1 literal off; do
    "$FGAD" run "$WORK/job.yaml" -s name=$reweight -s shots=2 -s seeds=0 -s category=gear -s fusion=standard \
        -s reweight=$reweight > "$WORK/log" 2>&1 || fail "the run with fusion=standard"
    "$FGAD" rescore "$WORK/out/two" -s fusion=standard -s reweight=$reweight --name $reweight > "$WORK/log" || fail "rescore -s fusion=standard"
    metrics "$WORK/out/$reweight" > "$WORK/want"
    metrics "$WORK/out/two/rescored/$reweight" | cmp "$WORK/want" - || fail "fusion=standard, reweight=$reweight: not the run's numbers"
done
"$FGAD" run "$WORK/job.yaml" -s name=one -s fusion=standard > "$WORK/log" 2>&1 && fail "fusion=standard of one shot"
grep -q "fusion: standard measures VAD on a shot by the others, and shots has 1" "$WORK/log" || fail "$(cat "$WORK/log")"

# Image scores by the map and maps by their corners: what a run with them has; the way back to a score that is not kept is refused.
for method in finegrainedad spade padim; do
    "$FGAD" run "$WORK/job.yaml" -s name=own -s shots=2 -s seeds=0 -s category=gear -s method=$method > "$WORK/log" 2>&1 || fail "$method"
    for setting in image_score=max image_score=top1 align_corners=true sigma=0 resolution=50; do
        "$FGAD" run "$WORK/job.yaml" -s name=other -s shots=2 -s seeds=0 -s category=gear -s method=$method -s $setting > "$WORK/log" 2>&1 || fail "$setting"
        "$FGAD" rescore "$WORK/out/own" -s $setting --name again > "$WORK/log" || fail "rescore -s $setting: $(cat "$WORK/log")"
        metrics "$WORK/out/other" > "$WORK/want"
        metrics "$WORK/out/own/rescored/again" | cmp "$WORK/want" - || fail "$method, $setting: not the run's numbers"
        metrics "$WORK/out/own" | cmp -s "$WORK/want" - && fail "$method, $setting: the numbers are those without it"
        rm -r "$WORK/out/own/rescored/again"
    done
    "$FGAD" run "$WORK/job.yaml" -s name=other -s shots=2 -s seeds=0 -s category=gear -s method=$method -s image_score=max --fresh > "$WORK/log" 2>&1 || fail "max"
    grep -q "image=max" "$WORK/out/other/results.csv" || fail "the protocol does not tell how images are scored"
    code=0
    "$FGAD" rescore "$WORK/out/other" -s image_score=own --name back > "$WORK/log" 2>&1 || code=$?
    if [ $method = spade ]; then
        [ $code = 2 ] && grep -q "image_score: the method's own is not in the stored maps" "$WORK/log" || fail "exit $code: $(cat "$WORK/log")"
    else
        metrics "$WORK/out/own" > "$WORK/want"
        metrics "$WORK/out/other/rescored/back" | cmp "$WORK/want" - || fail "$method: not the run's own scores"
    fi
    rm -r "$WORK/out/own" "$WORK/out/other"
done
# MuSc's image scores cannot be made again at another resolution: not without the other images.
"$FGAD" run "$WORK/job.yaml" -s name=musc -s shots=0 -s seeds=0 -s category=gear -s method=musc > "$WORK/log" 2>&1 || fail "musc"
"$FGAD" rescore "$WORK/out/musc" -s resolution=50 > "$WORK/log" 2>&1 && fail "musc's image scores at another resolution"
grep -q "resolution: image scores of musc are taken at it" "$WORK/log" || fail "$(cat "$WORK/log")"
"$FGAD" rescore "$WORK/out/musc" -s resolution=50 -s image_score=max > "$WORK/log" || fail "$(cat "$WORK/log")"
rm -r "$WORK/out/musc"

# A sweep: every pair, each as if it had been asked for alone, and in good time.
begun=$(date +%s)
"$FGAD" rescore "$run" -s sweep.sigma=0,1,1.5,2,4 -s sweep.reweight=mean1,literal,off -s sweep.image_map=fused,vad \
    -s sweep.aupro_limit=0.05,0.3 --name sweep > "$WORK/log" || fail "the sweep"
[ $(($(date +%s) - begun)) -lt 60 ] || fail "60 settings took more than a minute"
grep -q "^60 settings of 4 tasks, 140 passes" "$WORK/log" || # 60 fused, 20 of vad, 60 of pad
    fail "settings that smooth alike do not share: $(cat "$WORK/log")"
[ "$(wc -l < "$run/rescored/sweep/results.csv")" -eq $((1 + 60 * 6)) ] || fail "rows are missing"
"$FGAD" rescore "$run" -s sigma=2 -s reweight=off -s image_map=vad -s aupro_limit=0.05 --name one > "$WORK/log"
metrics "$run/rescored/one" | sort > "$WORK/want"
metrics "$run/rescored/sweep" "sigma=2 reweight=off image_map=vad aupro_limit=0.05" | sort > "$WORK/got"
cmp "$WORK/want" "$WORK/got" || fail "a setting of the sweep differs from itself alone"

# A rescored set has no tasks: nothing makes its tables anew of none, or tells of tasks that are to do; and what its run would
# have gained by the test labels was gained with the run's settings.
cp "$run/rescored/one/results.csv" "$WORK/one.csv"
for command in "reduce" "status"; do
    "$FGAD" $command "$run/rescored/one" > "$WORK/log" 2>&1 && fail "$command of a rescored set"
    grep -q "was rescored and holds no tasks (expected the folder of the run" "$WORK/log" || fail "$command: $(cat "$WORK/log")"
done
"$FGAD" audit "$run/rescored/one" > "$WORK/log" 2>&1 && fail "audit of a rescored set"
grep -q "these results were rescored" "$WORK/log" || fail "audit: $(cat "$WORK/log")"
cmp "$WORK/one.csv" "$run/rescored/one/results.csv" || fail "the rescored set has lost its numbers"

# What stored maps cannot answer is refused, with the reason.
refuse() {
    "$FGAD" rescore "$run" -s "$1" > "$WORK/log" 2>&1 && fail "rescore -s $1 was not refused"
    grep -q "$2" "$WORK/log" || fail "rescore -s $1 says: $(cat "$WORK/log")"
}
# A set is named after the keys that change numbers, whatever else the command says.
"$FGAD" rescore "$WORK/out/run" -s sigma=3 -s threads=2 -s data_root="$WORK/data" > "$WORK/log" || fail "$(cat "$WORK/log")"
"$FGAD" rescore "$WORK/out/run" -s 'sweep=[{sigma: 2, reweight: off}, {branches: [vad]}]' --name list > "$WORK/log" || fail "a list of settings: $(cat "$WORK/log")"
grep -q ',reweight=.*off.* sigma=2,' "$run/rescored/list/results.csv" && grep -q ',branches=.*vad.*,finegrainedad,.*,vad,no,' "$run/rescored/list/results.csv" ||
    fail "settings of a list: $(cat "$run/rescored/list/results.csv")"
"$FGAD" rescore "$WORK/out/run" -s sweep.mask_resize=nearest,bilinear,whole --name masks > "$WORK/log" || fail "other masks: $(cat "$WORK/log")"
[ "$(grep -c 'masks=bilinear' "$run/rescored/masks/results.csv")" = 6 ] && [ "$(grep -c 'masks=whole' "$run/rescored/masks/results.csv")" = 6 ] || fail "the protocol does not tell how masks were resized"
grep ',mask_resize=nearest,' "$run/rescored/masks/results.csv" | cut -d, -f8-9 > "$WORK/want"
grep ',mask_resize=bilinear,' "$run/rescored/masks/results.csv" | cut -d, -f8-9 > "$WORK/bilinear"
cmp -s "$WORK/bilinear" "$WORK/want" && fail "mask_resize: bilinear changes nothing"
grep ',mask_resize=whole,' "$run/rescored/masks/results.csv" | cut -d, -f8-9 | cmp -s - "$WORK/bilinear" && fail "mask_resize: whole is bilinear"
[ -e "$WORK/out/run/rescored/sigma=3/results.csv" ] || fail "the set's name: $(cat "$WORK/log")"
# Two sweeps whose names are cut alike are two sets; a slash behind the run is no part of what is printed.
long=0.$(printf '%0120d' 0)
for last in 1 2; do
    "$FGAD" rescore "$run/" -s sigma=1$long$last > "$WORK/log" || fail "a long value: $(cat "$WORK/log")"
    grep -q "^next: $FGAD report $run/rescored/sigma=1" "$WORK/log" || fail "the set's folder: $(cat "$WORK/log")"
done
count=0
for set in "$run/rescored/sigma=10.0000"*; do
    count=$((count + 1))
    name=${set##*/}
    [ ${#name} -eq 120 ] || fail "the name has ${#name} characters: $name"
done
[ "$count" -eq 2 ] || fail "$count sets of two sweeps"
refuse fusion=standard "fusion: standard measures VAD on a shot by the others, and shots has 1"
refuse epsilon=2 "epsilon belongs to learning: run the job again"
refuse token_wise=false "token_wise cannot be rescored: the stored maps hold every token's score against its own group"
refuse patchcore.coreset=0.5 "patchcore.coreset cannot be rescored: the stored maps were made with it"
refuse sweep.subspace.turns=0,3 "subspace.turns cannot be rescored"
refuse features=f16 "features belongs to the features"
refuse sweep.gamma=0,1 "gamma belongs to learning"
refuse shots=2 "shots is not a key of rescoring"
refuse sigmo=2 "did you mean 'sigma'"
run=$WORK/out/run5
refuse branches=pad "branches: pad is not in the stored maps"

# Images and masks on another machine: what no mask is needed for has the same bits, the rest is missing and said to be.
run=$WORK/out/run
mv "$WORK/data" "$WORK/elsewhere"
"$FGAD" rescore "$run" --name away > "$WORK/log" 2>&1 || fail "rescore without images: $(cat "$WORK/log")"
cmp "$run/results.csv" "$run/rescored/away/results.csv" || fail "without images the run's own numbers are others"
"$FGAD" rescore "$run" -s aupro_limit=0.1 --name away-limit > "$WORK/log" 2>&1 || fail "$(cat "$WORK/log")"
grep -q "warning: masks are not here: no pixel metrics for 4 rescored tasks (hint: -s data_root=" "$WORK/log" ||
    fail "missing pixel metrics are not told: $(cat "$WORK/log")"
cut -d, -f1-4,7 "$run/results.csv" > "$WORK/want"
cut -d, -f1-4,7 "$run/rescored/away-limit/results.csv" | cmp - "$WORK/want" || fail "image AUROC without images"
awk -F, 'NR > 1 && $8 != "" { exit 1 }' "$run/rescored/away-limit/results.csv" || fail "pixel AUROC without masks"
mv "$run/index.h5" "$WORK/index.h5"
"$FGAD" rescore "$run" --name nowhere > "$WORK/log" 2>&1 && fail "rescore without images and index"
grep -q "(hint: -s data_root=...): .*no such directory" "$WORK/log" || fail "no hint where images are: $(cat "$WORK/log")"
mv "$WORK/index.h5" "$run/index.h5"
mv "$WORK/elsewhere" "$WORK/data"

# A task file that is gone is met with the two commands that help.
mv "$run"/tasks/demo/fabric/k1-s1-*.h5 "$WORK/"
"$FGAD" rescore "$run" --name gone > "$WORK/log" 2>&1 && fail "rescore of a lost task"
grep -q "is gone, though the run's table has its row (hint: .fgad run. .* makes it again; .fgad reduce. " "$WORK/log" ||
    fail "a lost task has no hint: $(cat "$WORK/log")"
mv "$WORK"/k1-s1-*.h5 "$run/tasks/demo/fabric/"

# A category without a result keeps its place in the rescored set: no mean is made of the others alone.
run=$WORK/out/run
mv "$run"/tasks/demo/fabric/k1-s1-*.h5 "$WORK/"
"$FGAD" reduce "$run" > "$WORK/log" 2>&1 && fail "the lost task was not missed"
"$FGAD" rescore "$run" --name lost -s sigma=2 > "$WORK/log" || fail "rescore without a task"
"$FGAD" report "$run/rescored/lost" --seeds 1 > "$WORK/log"
[ "$(grep -c "^  MEAN  *missing  *missing" "$WORK/log")" -eq 1 ] && [ "$(grep -c MEAN "$WORK/log")" -eq 1 ] &&
    grep -q "no result yet: fabric seed 1" "$WORK/log" || fail "the report of what is not whole: $(cat "$WORK/log")"
