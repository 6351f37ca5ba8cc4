# Methods that are another by another name, end to end (method/README.md 12): PromptAD is FineGrainedAD with the image's group
# alone, the class name for its text, tokens matched to p_n and no re-weighting; InCTRL's residual on the taps of the memory is
# the memory branch.
. "$(dirname "$0")/lib.sh"
demo_data gear
mkdir "$WORK/assets"
cp -r datasets/mfsc "$WORK/assets/"
# A caption that says no more than the name; what it says of the other levels is not read.
cat > "$WORK/assets/mfsc/demo/gear.json" <<JSON
{
  "category": "gear", "dataset": "demo",
  "image": { "foreground": "gear", "background": "none", "summary": "gear." },
  "foreground": { "relation": "one gear at the center.", "components": [ { "name": "gear", "number": "one", "location": "center" } ] },
  "components": [ { "name": "gear", "caption": "a red gear.", "attributes": { "color": "red" } } ],
  "abnormal_states": [ "damaged {}", "flawed {}", "abnormal {}", "imperfect {}", "blemished {}", "{} with flaw", "{} with defect",
    "{} with damage" ]
}
JSON
cat > "$WORK/job.yaml" <<YAML
dataset: [demo]
data_root: $WORK/data
assets: $WORK/assets
model: $WORK/model
output: $WORK/out
shots: [2]
resolution: 48
triplet: published
epsilon: 0.5
n_ab: 3
pixel: {epochs: 4}
image: {epochs: 3, n_pro: 1}
YAML
run() { "$FGAD" run "$WORK/job.yaml" "$@" > "$WORK/log" 2>&1 || fail "$*: $(cat "$WORK/log")"; }
# equal WHAT RUN1 RUN2 LIMIT MAP...
equal() {
    what=$1 one="$WORK/out/$2" two="$WORK/out/$3" limit=$4
    shift 4
    for map in "$@"; do
        h5diff -d "$limit" "$one"/tasks/demo/gear/*.h5 "$two"/tasks/demo/gear/*.h5 "maps/$map" "maps/$map" > "$WORK/diff" ||
            fail "$what: $map differs: $(head -3 "$WORK/diff")"
    done
}
run -s name=promptad -s method=promptad
run -s name=one-group -s groups=image -s retrieval=normal -s reweight=off -s image_map=vad -s n_ahp=8 -s ahp_order=states
for head in pixel image; do
    for side in normal abnormal; do
        h5diff "$(head_of "$WORK"/out/promptad/tasks/demo/gear/*.h5 $head)" "$(head_of "$WORK"/out/one-group/tasks/demo/gear/*.h5 $head)" \
            "prompts/$head/anchors/$side" "prompts/$head/anchors/$side" || fail "the $side anchors of the $head head differ"
    done
done
equal "promptad" promptad one-group 0 M_pix M_img
run -s name=other -s groups=image -s retrieval=normal -s reweight=off -s image_map=vad -s n_ahp=7 -s ahp_order=states
if (equal "one state fewer" promptad other 0 M_pix) > /dev/null 2>&1; then fail "a state fewer changes nothing: the test tests nothing"; fi

run -s name=residual -s method=inctrl_residual -s inctrl_residual.taps=3.attn,8.attn
run -s name=memory -s branches=vad -s memory_taps=3.attn,8.attn
equal "inctrl_residual" residual memory 1e-7 M_pix
