# Every method end to end on the toy model: the same bits for 1, 2 and 3 ranks and after kill -9; a method added to a finished
# run computes what is new alone; rescoring and export want no model; bad input is told before anything is encoded.
. "$(dirname "$0")/lib.sh"
demo_data gear fabric
write_job()
{
    cat > "$WORK/job.yaml" <<YAML
dataset: [demo]
data_root: $WORK/data
model: $WORK/model
shots: [0, 2]
pixel: {epochs: 3}
image: {epochs: 2}
resolution: 64
chunk: 7
patchcore: {coreset: 0.5, score_neighbours: 3}
anomalydino: {mask: otsu}
musc: {subset: 9}
name: methods
sweep:
  method: [$1]
YAML
}
ALL="finegrainedad, promptad, winclip, winclip+, patchcore, spade, padim, anomalydino, musc, subspace, april_vad, inctrl_residual, subspace_batched"
write_job "$ALL"
for n in 1 2 3; do
    ranks $n run "$WORK/job.yaml" -s output="$WORK/out$n" > "$WORK/log$n" 2>&1 || fail "$n ranks: $(tail -3 "$WORK/log$n")"
done
same_results "$WORK/out1/methods" "$WORK/out2/methods"
same_results "$WORK/out1/methods" "$WORK/out3/methods"
# Two shots of all, and no shots where that can be: winclip, musc and subspace_batched; two categories.
[ "$(find "$WORK/out1/methods/tasks" -name '*.h5' | wc -l)" = 32 ] || fail "not 32 tasks"
grep -q "method 'patchcore' is left out at 0 shots: it needs at least 1" "$WORK/log1" || fail "nothing says that pairs are left out"

# Killed again and again.
rounds=0
for round in 1 2 3; do
    mpirun --bind-to none -n 2 "$FGAD" run "$WORK/job.yaml" -s output="$WORK/stormy" > "$WORK/round$round" 2>&1 &
    launcher=$!
    before=$(find "$WORK/stormy" -name '*.h5' 2>/dev/null | wc -l)
    while kill -0 $launcher 2>/dev/null &&
        [ "$(find "$WORK/stormy" -name '*.h5' 2>/dev/null | wc -l)" -lt $((before + 9)) ]; do sleep 0.02; done
    children=$(pgrep -P $launcher) || true
    [ -z "$children" ] || kill -9 $children 2>/dev/null || true
    wait $launcher && break
    rounds=$((rounds + 1))
done
[ $rounds -gt 0 ] || fail "no round was interrupted: the test tests nothing"
ranks 2 run "$WORK/job.yaml" -s output="$WORK/stormy" > "$WORK/last" 2>&1
same_results "$WORK/out1/methods" "$WORK/stormy/methods"

# A method more: its tasks alone, with the arrays that are there already.
write_job "patchcore, spade, padim"
"$FGAD" run "$WORK/job.yaml" -s output="$WORK/grown" > "$WORK/grown1" 2>&1
write_job "patchcore, spade, padim, winclip+"
"$FGAD" run "$WORK/job.yaml" -s output="$WORK/grown" > "$WORK/grown2" 2>&1
grep -q "^2 tasks done, 6 kept from earlier runs" "$WORK/grown2" || fail "a method more: $(grep 'tasks done' "$WORK/grown2")"

# Side by side: what each takes was measured, and the best is marked within its kind.
"$FGAD" report "$WORK/out1/methods" --compare --shots 2 --metrics image_auroc > "$WORK/compared" || fail "report --compare"
grep -q "^  musc  *transductive" "$WORK/compared" || fail "no kind: $(cat "$WORK/compared")"
! grep -q "missing" "$WORK/compared" || fail "what a method takes is missing: $(grep missing "$WORK/compared")"
grep -q ">" "$WORK/compared" || fail "no best: $(cat "$WORK/compared")"

# Without the model.
write_job "$ALL"
mv "$WORK/model" "$WORK/elsewhere"
"$FGAD" rescore "$WORK/out1/methods" -s sigma=2 > "$WORK/rescored" 2>&1 || fail "rescore: $(tail -2 "$WORK/rescored")"
"$FGAD" export "$WORK/out1/methods" --out "$WORK/exported" --tiff --csv > "$WORK/export.log" 2>&1 ||
    fail "export: $(tail -2 "$WORK/export.log")"
mv "$WORK/elsewhere" "$WORK/model"

# A DINOv2 at another image size than its own, for methods without prompts: 11 x 11 tokens.
cat > "$WORK/dino.yaml" <<YAML
dataset: [demo]
data_root: $WORK/data
model: $GOLDEN/clip/dinov2-registers
image_size: 44
shots: [2]
resolution: 64
anomalydino: {mask: published}
patchcore: {taps: [1.mlp, last.attn]}
subspace: {feature: "mean(0.mlp..last.mlp)"}
name: dino
sweep:
  method: [anomalydino, patchcore, subspace, musc]
YAML
ranks 2 run "$WORK/dino.yaml" -s output="$WORK/dino" > "$WORK/dino.log" 2>&1 || fail "DINOv2: $(tail -3 "$WORK/dino.log")"
grep -q "^8 tasks done" "$WORK/dino.log" || fail "DINOv2: $(grep 'tasks done' "$WORK/dino.log")"
task=$(find "$WORK/dino/dino/tasks" -name '*.h5' | head -1)
h5ls -r "$task" | grep -q "M_pix.*{[0-9]*, 11, 11}" || fail "the maps of $task are not 11 x 11"

# Turned views of the support, and of nothing else: the first is the image as it stands, and the memory is of all.
cat > "$WORK/turned.yaml" <<YAML
dataset: [demo]
category: [gear]
data_root: $WORK/data
model: $WORK/model
shots: [1]
resolution: 64
subspace: {turns: 3}
name: turned
sweep_mode: list
sweep: [{method: anomalydino}, {method: anomalydino, anomalydino.turns: 4}, {method: subspace}]
YAML
for n in 1 2; do
    ranks $n run "$WORK/turned.yaml" -s output="$WORK/turned$n" > "$WORK/turned.log" 2>&1 || fail "turned views: $(tail -3 "$WORK/turned.log")"
done
same_results "$WORK/turned1/turned" "$WORK/turned2/turned"
[ "$(grep -c '^demo,gear' "$WORK/turned1/turned/results.csv")" = 3 ] &&
    [ "$(grep '^demo,gear.*,anomalydino,' "$WORK/turned1/turned/results.csv" | cut -d, -f7-9 | sort -u | wc -l)" = 2 ] ||
    fail "turned views change nothing: $(cat "$WORK/turned1/turned/results.csv")"
arrays=$(echo "$WORK"/turned1/cache/arrays/*/demo/gear)
ls "$arrays/turned4(final)"/support-*.h5 > /dev/null && ls "$arrays/final"/chunk-*.h5 > /dev/null || fail "arrays: $(ls "$arrays"/*)"
! ls "$arrays"/turned*/chunk-*.h5 > /dev/null 2>&1 || fail "test images were turned"
values() { h5dump -y -w 0 -m %.9g -d "$2" -s "0,$3,0" -c "1,25,$4" "$1" | sed -n 's/^ *\([-0-9].*\)/\1/p' | tr -d ' \n'; }
one=$(echo "$arrays"/final/support-*.h5) four=$(echo "$arrays/turned4(final)"/support-*.h5)
wide=$(h5ls "$one/final" | sed 's/.*, \([0-9]*\)}.*/\1/')
plain=$(values "$one" /final 0 "$wide")
[ -n "$plain" ] && [ "$plain" = "$(values "$four" "/turned4(final)" 0 "$wide")" ] || fail "the first view is not the image"
[ "$plain" != "$(values "$four" "/turned4(final)" 25 "$wide")" ] || fail "the second view is not turned"
"$FGAD" predict "$WORK/turned1/turned" --point "method=anomalydino anomalydino.turns=4" --out "$WORK/predicted" \
    --images "$(ls "$WORK"/data/demo/gear/test/good/*.png | head -1)" > "$WORK/predict.log" 2>&1 || fail "predict: $(cat "$WORK/predict.log")"

# At drawn angles: arrays of a seed, of the shots that it draws alone, for every number of them the same; other draws, other scores.
cat > "$WORK/drawn.yaml" <<YAML
dataset: [demo]
category: [gear]
data_root: $WORK/data
model: $WORK/model
shots: [1, 2]
seeds: [0, 1]
resolution: 64
subspace: {turns: 3, turn_draw: drawn}
name: drawn
sweep: {method: [subspace, patchcore]}
YAML
for n in 1 2 3; do
    ranks $n run "$WORK/drawn.yaml" -s output="$WORK/drawn$n" > "$WORK/drawn.log" 2>&1 || fail "drawn views: $(tail -3 "$WORK/drawn.log")"
    same_results "$WORK/drawn1/drawn" "$WORK/drawn$n/drawn"
done
arrays=$(echo "$WORK"/drawn1/cache/arrays/*/demo/gear)
for seed in 0 1; do
    set -- "$arrays/turned3s$seed"*/*
    [ $# = 2 ] && [ -e "$1" ] || fail "seed $seed: not the views of two shots: $*"
done
"$FGAD" run "$WORK/drawn.yaml" -s output="$WORK/drawn1" -s name=more -s seeds=0,2 -s shots=1,3 > "$WORK/drawn.log" 2>&1 || fail "$(tail -3 "$WORK/drawn.log")"
grep -q "^support images: 4 made, 2 reused" "$WORK/drawn.log" || fail "one shot more, three of another seed: $(grep "^support" "$WORK/drawn.log")"
"$FGAD" run "$WORK/drawn.yaml" -s output="$WORK/drawn1" -s name=even -s subspace.turn_draw=even > "$WORK/drawn.log" 2>&1 || fail "$(tail -3 "$WORK/drawn.log")"
scores() { grep '^demo,gear,1,0.*,subspace,' "$WORK/drawn1/$1/results.csv" | cut -d, -f7-9; }
[ -n "$(scores drawn)" ] && [ "$(scores drawn)" = "$(scores more)" ] && [ "$(scores drawn)" != "$(scores even)" ] ||
    fail "drawn: $(scores drawn), again: $(scores more), even: $(scores even)"
"$FGAD" predict "$WORK/drawn1/drawn" --point "method=subspace" --shots 2 --seed 1 --out "$WORK/predicted2" \
    --images "$(ls "$WORK"/data/demo/gear/test/good/*.png | head -1)" > "$WORK/predict.log" 2>&1 || fail "predict: $(cat "$WORK/predict.log")"

# refused TEXT ASSIGNMENT...: exit 2 with that line, before anything is there
refused()
{
    text=$1
    shift
    rm -rf "$WORK/refused"
    set -- $(for assignment in "$@"; do printf ' -s %s' "$assignment"; done)
    status=0
    "$FGAD" run "$WORK/one.yaml" -s output="$WORK/refused" "$@" > "$WORK/refused.log" 2>&1 || status=$?
    [ $status = 2 ] || fail "$*: exit $status: $(tail -2 "$WORK/refused.log")"
    grep -qF -e "$text" "$WORK/refused.log" || fail "$*: said '$(cat "$WORK/refused.log")', expected '$text'"
    [ -z "$(find "$WORK/refused" -name '*.h5' 2>/dev/null)" ] || fail "$*: something was computed"
}
sed -e '/^sweep/,$d' "$WORK/job.yaml" > "$WORK/one.yaml"
refused "patchcore.coreset is 0, expected a share above 0" method=patchcore patchcore.coreset=0
refused "patchcore.coreset" method=patchcore patchcore.coreset=1.5
refused "patchcore.patch is 2, expected an odd number" method=patchcore patchcore.patch=2
refused "shots: 0 is named, method 'spade' needs at least 1" method=spade shots=0
refused "names block 12, the image tower has blocks 0 to 11" method=padim padim.taps=12.mlp
refused "'final2'" method=anomalydino anomalydino.feature=final2
refused "windows of 3 tokens a side, the image tower's grid has 2 x 2" method=winclip shots=0 image_size=8
refused "anomalydino.feature: 'windows2' has no value for each token" method=anomalydino anomalydino.feature=windows2
refused "subspace.feature: 'turned3(0.mlp)' has no value for each token" method=subspace "subspace.feature=turned3(0.mlp)"
refused "musc.taps: 'cls' has no value for each token" method=musc shots=0 musc.taps=cls
refused "patchcore.taps: 'windows2' has no value for each token" method=patchcore patchcore.taps=0.mlp,windows2
refused "spade.taps: '0.mlp-raw' is named without '-raw'" method=spade spade.taps=0.mlp-raw
refused "memory_taps: 'final' is no tap of the image tower" memory_taps=0.attn,final branches=vad
refused "both .attn or both .mlp" method=subspace "subspace.feature=mean(1.mlp..2.attn)"
mkdir "$WORK/mute"
for file in "$DATA"/model/*; do
    case $file in *merges* | *bpe* | *tokenizer*) ;; *) ln -s "$file" "$WORK/mute/" ;; esac
done
refused "tokenizer" method=winclip shots=0 model="$WORK/mute"
refused "tokenizer" method=april_vad model="$WORK/mute"
mkdir -p "$WORK/bare/mfsc" && cp datasets/mfsc/*.json "$WORK/bare/mfsc/"
for texts in "winclip texts=mfsc shots=0" "winclip+ texts=mfsc" promptad finegrainedad; do
    refused "has no caption" method=$texts assets="$WORK/bare"
done
refused "image_size is 21, expected a multiple of the model's patch 4" method=patchcore image_size=21
refused "feature 'tokens' is CLIP's, the model is a DINOv2" model="$GOLDEN/clip/dinov2-mlp" memory_taps=0.mlp,1.mlp branches=vad
refused "feature 'windows2' is CLIP's, the model is a DINOv2" model="$GOLDEN/clip/dinov2-mlp" method=winclip shots=0
