# The whole inference against PyTorch's (tests/reference/inference.py): a committed set of pictures, the toy model, six
# settings. With UPDATE=1 the golden arrays are made anew, by the script alone, of the same prompts.
. "$(dirname "$0")/lib.sh"
cat > "$WORK/job.yaml" << YAML
dataset: [demo]
roots: {demo: $GOLDEN/suite/set}
assets: $GOLDEN/suite/assets
model: $DATA/model
output: $WORK/out
shots: [2]
fewshot: draw
seeds: [3]
learn: false
resolution: 64
sigma: 2
YAML

# check NAME [-s key=value]...: one setting
check() {
    name=$1
    shift
    "$FGAD" run "$WORK/job.yaml" -s name="$name" "$@" > "$WORK/log" 2>&1 || fail "$name: $(cat "$WORK/log")"
    task=$(ls "$WORK/out/$name"/tasks/demo/plate/*.h5)
    if [ -n "${UPDATE:-}" ]; then
        /usr/bin/python3 tests/reference/inference.py "$task" --golden "suite/inference-$name"
    else
        "$COMPARE" "suite/inference-$name" "$task" || fail "$name differs from PyTorch"
    fi
}
check handcrafted
check other -s ahp_order=replacements -s token_wise=false -s reweight=off -s logit_scale=exp -s image_map=vad -s memory_taps=2.mlp,7.attn
check standard -s fusion=standard -s image_fusion=arithmetic -s image_max=resized
check geometric -s fusion=geometric -s reweight=off -s image_map=vad -s image_max=resized
check literal -s ahp_order=states -s reweight=literal -s branches=pad -s heads=pixel
check learned -s learn=true -s pixel.epochs=3 -s image.epochs=2 -s image.n_pro=2 -s n_ctx_ab=2 -s retrieval=normal
grep -q 'thrown off' "$WORK/log" && fail "a head that learns is warned of: $(cat "$WORK/log")"

# A rate that throws the head off in its second step is warned of.
"$FGAD" run "$WORK/job.yaml" -s name=thrown -s learn=true -s heads=pixel -s losses=reg -s pixel.epochs=2 -s lr=100 > "$WORK/log" 2>&1 ||
    fail "thrown: $(cat "$WORK/log")"
grep -q "warning: demo/plate, 2-shot, seed 3: the pixel head's loss ends at [0-9.]*, its least was [0-9.]* in epoch 1 of 2: learning was \
thrown off (hint: a smaller lr, as lr=25)$" "$WORK/log" || fail "no warning: $(cat "$WORK/log")"

# The whole step of the published reading, learning and all, against tests/reference/published.py: two demo categories.
for category in gear fabric; do
    "$FGAD" run "$WORK/job.yaml" -s name=published-$category -s roots= -s data_root="$DATA" -s assets=datasets -s dataset=demo \
        -s category=$category -s fewshot=nested -s seeds=1 -s learn=true -s protocol=published -s pre_resize=96 -s track_epochs=0 \
        -s pixel.epochs=3 -s image.epochs=2 -s image.n_pro=2 -s heads=pixel,image > "$WORK/log" 2>&1 || fail "published: $(cat "$WORK/log")"
    task=$(ls "$WORK/out/published-$category"/tasks/demo/$category/*.h5)
    if [ -n "${UPDATE:-}" ]; then
        /usr/bin/python3 tests/reference/published.py "$task" --golden "suite/published-$category"
    else
        "$COMPARE" "suite/published-$category" "$task" "$WORK/out/published-$category"/heads/demo/$category/*.h5 ||
            fail "published $category differs from PyTorch"
    fi
done
