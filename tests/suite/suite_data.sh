# The fixture of the suite's shell tests: demo images and a toy model, made once a build tree.
set -eu
[ -f "$DATA/complete" ] && exit 0
rm -rf "$DATA"
mkdir -p "$DATA"
"$FGAD" data demo "$DATA/demo"
"$MAKE_MODEL" "$DATA/model" --preset toy --seed 7
cp "$GOLDEN/clip/merges-small.txt" "$DATA/model/merges.txt"
touch "$DATA/complete"
