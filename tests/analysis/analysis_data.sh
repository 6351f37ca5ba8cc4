# The fixture of the tests of analysis/: four small runs, from the suite's images and toy model.
#   swept    memory branch, two categories, two numbers of shots, two seeds, a product of two keys
#   learned  both branches, one task a category, an epoch or two
#   part     as swept without its sweep, and the tasks of one category failed
#   odd      memory branch, own images, names that mean something to matplotlib, HTML, a shell or a formatter
set -eu
rm -rf "$RUNS"
mkdir -p "$RUNS/data/demo"
cp -r "$DATA/demo/fabric" "$DATA/demo/tablet" "$RUNS/data/demo/"
cat > "$RUNS/job.yaml" <<YAML
output: $RUNS
dataset: [demo]
data_root: $RUNS/data
model: $DATA/model
resolution: 48
shots: [1, 2]
seeds: [0, 1]
branches: [vad]
YAML
cp "$RUNS/job.yaml" "$RUNS/swept.yaml"
echo 'sweep: {sigma: [1, 4], losses: [clip, "clip, trip"]}' >> "$RUNS/swept.yaml"
"$FGAD" run "$RUNS/swept.yaml" -s name=swept > "$RUNS/log"
cat >> "$RUNS/job.yaml" <<YAML
track_epochs: 1
pixel:
  epochs: 2
image:
  epochs: 1
YAML
"$FGAD" run "$RUNS/job.yaml" -s name=learned -s branches=vad,pad -s shots=1 -s seeds=0 >> "$RUNS/log"
"$FGAD" threshold "$RUNS/learned" --f1-max >> "$RUNS/log"
# One category that cannot be read: its tasks are missing.
cp -r "$RUNS/data/demo/tablet" "$RUNS/data/demo/gear"
printf 'no image' > "$RUNS/data/demo/gear/test/good/000.png"
code=0
"$FGAD" run "$RUNS/job.yaml" -s name=part >> "$RUNS/log" 2>&1 || code=$?
[ "$code" = 1 ] || { cat "$RUNS/log"; echo "FAILED: the run with a broken image ended with $code, expected 1"; exit 1; }
for name in 'a;b' 'a:b' '=1+cmd' '$x{$' '<img src=x onerror=alert(1)>'; do
    mkdir -p "$RUNS/data/odd"
    cp -r "$DATA/demo/tablet" "$RUNS/data/odd/$name"
    mv "$RUNS/data/odd/$name/test/good/000.png" "$RUNS/data/odd/$name/test/good/\$s^{\$&amp;%s{0}.png"
done
"$FGAD" run "$RUNS/job.yaml" -s name=odd -s dataset=folder -s roots.folder="$RUNS/data/odd" -s shots=1 -s seeds=0 >> "$RUNS/log" 2>&1
