# Protocols and the keys they bundle: each key changes what it should and nothing else; an explicit key beats the bundle; the
# protocol and what differs from strict are named.
. "$(dirname "$0")/lib.sh"
demo_data gear
cat > "$WORK/job.yaml" <<YAML
output: $WORK/out
dataset: [demo]
data_root: $WORK/data
model: $WORK/model
shots: [2]
pixel: {epochs: 2}
image: {epochs: 2, n_pro: 1}
n_ahp: 4
n_ab: 2
resolution: 48
logit_scale: exp
aggregation: {scale: 1}
YAML
# run NAME ARGUMENTS...: its task file in $task
run() {
    name=$1
    shift
    "$FGAD" run "$WORK/job.yaml" -s name="$name" "$@" > "$WORK/log" 2>&1 || fail "$name $*: $(tail -3 "$WORK/log")"
    task=$(ls "$WORK/out/$name"/tasks/demo/gear/*.h5)
}
run base
base=$task

# change KEYS... : MAPS that change, separated by blanks; all others keep their bits
n=0
change() {
    keys=$1 changed=$2
    n=$((n + 1))
    set --
    for key in $keys; do set -- "$@" -s "$key"; done
    run "run$n" "$@"
    for map in M_v Mhat_p s_image M_p S_i scales M_pix M_img; do
        case " $changed " in
        *" $map "*) ! h5diff "$base" "$task" maps/$map maps/$map > /dev/null || fail "$keys does not change $map" ;;
        *) h5diff "$base" "$task" maps/$map maps/$map > /dev/null || fail "$keys changes $map" ;;
        esac
    done
}
prompts="Mhat_p s_image M_p S_i scales M_pix M_img"
change pre_resize=96 "M_v $prompts"
change test_channels=bgr "M_v Mhat_p s_image M_p S_i M_pix M_img" # the support is seen as before: so are its scales
change pixel.epsilon=0 "Mhat_p s_image M_p scales M_pix M_img"
change image.epsilon=0 "S_i M_img"
change "pixel.losses=clip" "Mhat_p s_image M_p scales M_pix M_img"
change "image.losses=clip,trip,mean" "S_i M_img"
change reg_sum=plain "$prompts"
change triplet=published "$prompts"
change alp=insert "$prompts"
change "alp=insert alp_vectors=shared" "$prompts"
change n_ahp_component=1 "$prompts"
change groups=image,background,components "$prompts"
change "aggregation.centers=density aggregation.stages=1 aggregation.reference=feature" "Mhat_p s_image M_p scales M_pix M_img"
change class_token=matched "S_i M_img"
change image_max=resized M_img
change image_fusion=arithmetic M_img
change image_fusion=best ""
change fusion=geometric "M_pix M_img"
change fusion=standard "M_pix M_img"
change test_shots=included "" # of the demo no shot is a test image
change test_maskless=dropped "" # and no anomalous image is without a mask
change protocol=paper "$prompts"
# Masks alone: the maps keep their bits, the numbers do not.
change mask_threshold=200 ""

# What is equal is learned once: the margin of one head is none of the other's, a weight without its loss is nobody's.
grep -q "^learned heads: 0 made" "$WORK/log" || fail "another mask learned heads again: $(grep heads "$WORK/log")"
run twins -s image.epsilon=0.5
grep -q "^learned heads: 1 made, 1 reused" "$WORK/log" || fail "image.epsilon: $(grep heads "$WORK/log")"
run same -s pixel.epsilon=1 -s image.epsilon=1 -s image.losses=reg,mean,trip,clip
grep -q "^learned heads: 0 made, 2 reused" "$WORK/log" || fail "the margin that the job has: $(grep heads "$WORK/log")"
run off -s losses=clip,trip
run off2 -s losses=trip,clip -s lambda_mean=3 -s lambda_reg=7 -s reg_sum=plain
grep -q "^learned heads: 0 made, 2 reused" "$WORK/log" || fail "weights of losses that are off: $(grep heads "$WORK/log")"

# The bundle, by name and by its keys: the same bits; its name and what differs from strict stand in the results.
published="reweight=off retrieval=normal triplet=published image.losses=clip,trip,mean reg_sum=plain alp=insert alp_vectors=shared
    n_ahp_component=1 groups=image,background,components aggregation.centers=density aggregation.reference=feature
    aggregation.stages=1 class_token=matched image_map=vad image_max=resized test_channels=bgr mask_threshold=0"
set --
for key in $published; do set -- "$@" -s "$key"; done
run keys "$@" -s pre_resize=96
keys=$task
run bundle -s protocol=published -s pre_resize=96
h5diff "$keys" "$task" maps maps && h5diff "$keys" "$task" metrics metrics || fail "protocol: published is not its keys"
grep -q "^# protocol published (reweight=off .*pre_resize=96 .*): what differs from strict" "$WORK/out/bundle/run.yaml" ||
    fail "run.yaml does not name the protocol"
"$FGAD" report "$WORK/out/bundle" > "$WORK/log"
grep -q "protocol=published (reweight=off .*class_token=matched" "$WORK/log" || fail "the report does not name the protocol"
! grep -q "protocol=" "$WORK/out/base/results.csv" || fail "the strict run names a difference"
run again -s protocol=published -s pre_resize=96 -s reweight=mean1 -s triplet=euclid
grep -q "protocol=published (retrieval=normal image.losses" "$WORK/out/again/results.csv" || fail "an explicit key does not beat the bundle"
"$FGAD" run "$WORK/out/bundle/run.yaml" > "$WORK/log" 2>&1 || fail "the bundle's run.yaml"
grep -q "^0 tasks done, 1 kept" "$WORK/log" || fail "run.yaml of the bundle is another job: $(cat "$WORK/log")"
"$FGAD" run "$WORK/job.yaml" -s alp_vectors=shared > "$WORK/log" 2>&1 && fail "shared vectors in place of values"
grep -q "alp_vectors: shared wants alp: insert" "$WORK/log" || fail "$(cat "$WORK/log")"

# Prompts of the caption's sentences for methods that take the name: other maps from the text side, none elsewhere; the head
# holds the sentences; a caption that changes is another task.
change texts=mfsc "" # FineGrainedAD has its captions in either case
for method in winclip winclip+ promptad; do
    run name-$method -s method=$method -s shots=1
    name=$task
    run mfsc-$method -s method=$method -s shots=1 -s texts=mfsc
    ! h5diff "$name" "$task" maps/M_pix maps/M_pix > /dev/null || fail "$method: the caption changes nothing"
    head=$(ls "$WORK/out/mfsc-$method"/heads/demo/gear/*.h5 | head -1)
    kind=$(h5ls "$head/prompts" | awk 'NR == 1 { print $1 }')
    h5dump -d "/prompts/$kind/groups/0/text" "$head" > "$WORK/texts"
    grep -q "the body is a grainy and round piece of golden metal" "$WORK/texts" || fail "$method: no sentence of a component: $(head -20 "$WORK/texts")"
    grep -q "the gear has one body at the center" "$WORK/texts" || fail "$method: no sentence of the relation"
    ! grep -q "black background\.* background" "$WORK/texts" || fail "$method: the background is in the ensemble"
    [ "$(h5ls "$head/prompts/$kind/groups" | wc -l)" -eq 1 ] || fail "$method: more than one group"
done
