# Options that a method does not read: all of them at other values, and a run from nothing has the same ids and the same bits. Points
# that come to the same thing are one task, worked on once, with a row each.
. "$(dirname "$0")/lib.sh"
demo_data gear
find "$WORK/data/demo/gear/test" -name '00[3-9].png' -delete
find "$WORK/data/demo/gear/ground_truth" -name '00[3-9]_mask.png' -delete
cat > "$WORK/job.yaml" <<YAML
dataset: [demo]
data_root: $WORK/data
model: $WORK/model
shots: [2]
resolution: 48
name: run
pixel: {epochs: 1}
image: {epochs: 1, n_pro: 1}
aggregation: {scale: 1}
YAML
fusing="heads=pixel retrieval=normal token_wise=false reweight=off fusion=arithmetic image_map=vad image_max=resized image_fusion=arithmetic class_token=matched"
learning="groups=image n_ahp=3 n_ahp_component=2 ahp_order=states n_ab=2 alp=insert n_ctx=2 n_ctx_ab=2 ctx_init=photo pixel.n_pro=2 pixel.epochs=2
    losses=clip triplet=published epsilon=0.5 lambda_mean=0.1 lambda_reg=2 reg_sum=plain gamma=1 lr=0.01 momentum=0.5 weight_decay=0 query_former.steps=7 track_epochs=1
    logit_scale=20 aggregation.stages=1 aggregation.centers=density"
blocks="promptad.states=general winclip.templates=winclip21 winclip.class_names=raw inctrl_residual.taps=0.mlp april_vad.minmax=false april_vad.taps=0.mlp
    patchcore.patch=1 patchcore.unit=false patchcore.coreset=0.5 spade.taps=0.mlp padim.dims=5 padim.taps=0.mlp subspace.variance=0.5 subspace.feature=0.mlp
    anomalydino.feature=0.mlp anomalydino.mask=otsu musc.subset=9 musc.taps=0.mlp musc.neighbours=2"
# Keys that a job sets and that nothing in it reads are told in one line; what one point reads, and defaults, are not.
told() { "$FGAD" run "$WORK/job.yaml" --dry-run "$@" 2>&1 > "$WORK/plan" | sed -n 's/^fgad: set, but read by nothing in this job: //p'; }
[ "$(told -s method=spade -s gamma=3 -s musc.subset=9 | tr -d , | tr ' ' '\n' | sort | tr '\n' ' ')" = \
    "aggregation.scale gamma image.epochs image.n_pro musc.subset pixel.epochs " ] || fail "keys of no use: $(told -s method=spade -s gamma=3 -s musc.subset=9)"
[ "$(told -s views=C2 -s sweep.method=spade,finegrainedad)" = views ] || fail "keys of a grid: $(told -s views=C2 -s sweep.method=spade,finegrainedad)"
[ -z "$(told -s protocol=published)" ] && [ -z "$(told -s gamma=3)" ] || fail "keys that are read are told: $(told -s gamma=3)"

# same METHOD OPTION...: with them as without, both with the option $given
given="learn_memory=auto"
same() {
    method=$1 run=$1-${given%=*}
    shift
    set -- $(for option; do echo "-s $option"; done)
    "$FGAD" run "$WORK/job.yaml" -s output="$WORK/base" -s name=$run -s method="$method" -s $given > "$WORK/log" 2>&1 ||
        fail "$method, $given: $(tail -3 "$WORK/log")"
    mkdir -p "$WORK/other/$run/cache" # with the images' arrays, and nothing that was made of them
    cp -r "$WORK/base/cache/arrays" "$WORK/other/$run/cache/"
    "$FGAD" run "$WORK/job.yaml" -s output="$WORK/other/$run" -s name=$run -s method="$method" -s $given "$@" > "$WORK/log" 2>&1 ||
        fail "$method, $given, $*: $(tail -3 "$WORK/log")"
    for file in $(cd "$WORK/base/$run" && find tasks heads -name '*.h5' 2> /dev/null); do
        [ -f "$WORK/other/$run/$run/$file" ] || fail "$method, $given: another id than $file"
        case $file in
        tasks/*) parts="maps metrics" ;;
        *) parts=prompts ;;
        esac
        for part in $parts; do
            h5diff "$WORK/base/$run/$file" "$WORK/other/$run/$run/$file" $part $part || fail "$method, $given: other $part in $file"
        done
    done
}
for method in patchcore spade padim anomalydino musc subspace subspace_batched; do
    own="${method%_batched}"
    same $method $fusing $learning texts=mfsc $(echo $blocks | tr ' ' '\n' | grep -v "^$own\.")
done
same subspace subspace.turn_draw=drawn
same anomalydino anomalydino.turned=informed
same subspace_batched subspace.turn_draw=drawn subspace.turns=3
for method in winclip winclip+; do same $method $fusing $learning $(echo $blocks | tr ' ' '\n' | grep -v "^winclip\."); done
for method in april_vad inctrl_residual; do same $method $fusing $learning texts=mfsc $(echo $blocks | tr ' ' '\n' | grep -v "^$method\."); done
same promptad aggregation.stages=1 aggregation.centers=density n_ahp=3 n_ahp_component=2 ahp_order=states alp=insert lambda_reg=2 reg_sum=plain gamma=1 \
    query_former.steps=7 $(echo $blocks | tr ' ' '\n' | grep -v "^promptad\.")
same finegrainedad texts=mfsc $blocks
# What hangs on the values of others.
given="branches=vad"
same finegrainedad $(echo $fusing $learning | tr ' ' '\n' | grep -v "^image_max=")
given="branches=pad"
same finegrainedad fusion=arithmetic image_map=vad
given="heads=pixel"
same finegrainedad image_fusion=arithmetic class_token=matched image.epochs=2 image.losses=clip image.groups=image image.epsilon=0
given="heads=image"
same finegrainedad retrieval=normal token_wise=false reweight=off fusion=arithmetic image_map=vad pixel.epochs=2 gamma=1 query_former.steps=7 \
    aggregation.stages=1 aggregation.centers=density
given="learn=false"
same finegrainedad n_ab=2 alp=insert n_ctx=2 n_ctx_ab=2 ctx_init=photo pixel.n_pro=2 pixel.epochs=2 losses=clip triplet=published epsilon=0.5 lambda_mean=0.1 \
    lambda_reg=2 reg_sum=plain gamma=1 lr=0.01 momentum=0.5 weight_decay=0 query_former.steps=7 track_epochs=1 aggregation.stages=1
given="losses=clip"
same finegrainedad epsilon=0.5 triplet=published lambda_mean=0.1 lambda_reg=2 reg_sum=plain
given="texts=mfsc"
same promptad promptad.states=general alp=insert n_ahp_component=2 gamma=1
for method in winclip winclip+; do
    same $method winclip.templates=winclip21 winclip.class_names=raw $(echo $fusing $learning | tr ' ' '\n' | grep -v "^n_ahp=\|^ahp_order=")
done

# A grid over keys that some of its methods do not read, and points that say the default: one task and one head for all that are equal.
"$FGAD" run "$WORK/job.yaml" -s output="$WORK/grid" -s sweep.method=finegrainedad,patchcore -s sweep.epsilon=1,0.25 > "$WORK/log" 2>&1 ||
    fail "a grid: $(tail -3 "$WORK/log")"
grep -q "^3 tasks done" "$WORK/log" && grep -q "^learned heads: 4 made" "$WORK/log" || fail "a grid: $(cat "$WORK/log")"
[ "$(grep -c '^demo,gear' "$WORK/grid/run/results.csv")" = 4 ] || fail "a grid: $(cat "$WORK/grid/run/results.csv")"
[ "$(grep '^demo,gear.*patchcore' "$WORK/grid/run/results.csv" | cut -d, -f7- | sort -u | wc -l)" = 1 ] || fail "a grid: one task, two results"
"$FGAD" run "$WORK/job.yaml" -s output="$WORK/grid" -s sweep.method=finegrainedad,patchcore -s sweep.epsilon=1,0.25 > "$WORK/log" 2>&1
grep -q "^0 tasks done, 3 kept" "$WORK/log" || fail "a grid again: $(cat "$WORK/log")"
"$FGAD" status "$WORK/grid/run" > "$WORK/log" || fail "status: $(cat "$WORK/log")"
grep -q "3 tasks: 3 done, 0 failed, 0 left" "$WORK/log" || fail "status: $(cat "$WORK/log")"
"$FGAD" reduce "$WORK/grid/run" > "$WORK/log" || fail "reduce: $(cat "$WORK/log")"
"$FGAD" rescore "$WORK/grid/run" -s sigma=2 > "$WORK/log" 2>&1 || fail "rescore: $(cat "$WORK/log")"
for epsilon in 1 0.25; do
    "$FGAD" predict "$WORK/grid/run" --point "method=patchcore epsilon=$epsilon" --no-pictures --images "$WORK/data/demo/gear/test/good" \
        --out "$WORK/predicted-$epsilon" > "$WORK/log" 2>&1 || fail "predict: $(cat "$WORK/log")"
    cut -d, -f1,2 "$WORK/predicted-$epsilon/predict.csv" > "$WORK/scores-$epsilon"
done
cmp "$WORK/scores-1" "$WORK/scores-0.25" || fail "predictions of one task differ"

# Heads: what one head does not read, or what no term of its loss reads, is learned once.
learned() {
    count=$1
    shift
    rm -rf "$WORK/heads"
    "$FGAD" run "$WORK/job.yaml" -s output="$WORK/heads" "$@" > "$WORK/log" 2>&1 || fail "$*: $(tail -3 "$WORK/log")"
    grep -q "^learned heads: $count made, 0 reused" "$WORK/log" || fail "$*: expected $count heads: $(grep heads "$WORK/log")"
}
learned 3 -s sweep.pixel.epochs=1,2
learned 3 -s sweep.gamma=1.5,0
learned 2 -s losses=clip -s sweep.epsilon=1,0.5 -s sweep.triplet=euclid,published
learned 2 -s losses=clip,trip -s sweep.lambda_mean=0.001,1 -s sweep.lambda_reg=1,2
learned 2 -s n_ab=0 -s sweep.lambda_mean=0.001,1 -s sweep.n_ctx_ab=1,2
learned 2 -s sweep.pixel.epsilon=-1,1
learned 2 -s sweep.reweight=mean1,off -s sweep.fusion=harmonic,geometric
cat >> "$WORK/job.yaml" <<YAML
sweep: [{gamma: 1.5}, {pixel.groups: [image, foreground, background, components]}, {pixel.epsilon: 1, image.losses: [clip, trip, mean, reg]}, {gamma: 0}]
YAML
learned 3
