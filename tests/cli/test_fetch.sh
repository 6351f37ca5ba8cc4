# datasets/fetch and datasets/models/fetch on file:// sources: nothing unasked, resumed, checked. MAKE_MODEL, FGAD and WORK
# come from CTest.
. "$(dirname "$0")/../support/shell.sh"
command -v curl > /dev/null || { echo "skipped: no curl" && exit 77; }
mkdir -p "$WORK/hub/timm/vit_base_patch32_clip_224.laion400m_e32/resolve/main" "$WORK/visa/split_csv" "$WORK/visa/candle"
models=datasets/models/fetch
sets=datasets/fetch

$models --help | grep -q '^usage: datasets/models/fetch' || fail "no help on models"
$sets --help | grep -q '^usage: datasets/fetch' || fail "no help on data"
code=0
$models > "$WORK/out" 2>&1 || code=$?
[ $code = 2 ] || fail "without a name it ends with $code"
code=0
$models vit-b-33 > "$WORK/out" 2>&1 || code=$?
[ $code = 2 ] && grep -q "there is no model 'vit-b-33' (one of: vit-b-16-plus-240 " "$WORK/out" || fail "$(cat "$WORK/out")"
code=0
$sets vista > "$WORK/out" 2>&1 || code=$?
[ $code = 2 ] && grep -q "there is no data set 'vista'" "$WORK/out" || fail "$(cat "$WORK/out")"
# Without curl it says so, before anything is made.
mkdir "$WORK/bin"
ln -s "$(command -v sh)" "$(command -v dirname)" "$WORK/bin/"
code=0
PATH="$WORK/bin" $models --to "$WORK/models" vit-b-32 > "$WORK/out" 2>&1 || code=$?
[ $code = 2 ] && grep -q "^fetch: curl is missing (hint: " "$WORK/out" || fail "without curl: $(cat "$WORK/out")"

# A dry run names every source and makes nothing.
$models --dry-run --to "$WORK/models" all > "$WORK/out"
[ "$(wc -l < "$WORK/out")" = 18 ] || fail "18 files are fetched for six models: $(cat "$WORK/out")"
grep -q "^https://huggingface.co/timm/vit_base_patch16_plus_clip_240.laion400m_e31/resolve/main/open_clip_model.safetensors -> $WORK/models/vit-b-16-plus-240/open_clip_model.safetensors$" "$WORK/out" ||
    fail "$(cat "$WORK/out")"
$sets --dry-run --to "$WORK/data" visa | grep -q '^https://.*/VisA_20220922.tar -> ' || fail "no source of VisA"
[ ! -e "$WORK/models" ] && [ ! -e "$WORK/data" ] || fail "a dry run makes files"
for name in mvtec realiad; do
    $sets --to "$WORK/data" $name | grep -q "fgad data check $name $WORK/data/$name" || fail "no instructions for $name"
done
[ ! -e "$WORK/data" ] || fail "instructions make files"

# A model from a hub in a folder; a wrong merges file is set aside and the model is not called whole.
"$MAKE_MODEL" "$WORK/hub/timm/vit_base_patch32_clip_224.laion400m_e32/resolve/main" --preset toy > /dev/null
gzip -c tests/golden/clip/merges-small.txt > "$WORK/merges.gz"
export FGAD_HUB="file://$WORK/hub" FGAD_MERGES="file://$WORK/merges.gz"
code=0
$models --to "$WORK/models" vit-b-32 > "$WORK/out" 2>&1 || code=$?
[ $code = 1 ] && grep -q "has SHA-256 .*, expected 924691ac" "$WORK/out" || fail "another merges file is taken: $(cat "$WORK/out")"
[ -f "$WORK/models/vit-b-32.part/bpe_simple_vocab_16e6.txt.gz.part.bad" ] || fail "it is not set aside"
[ ! -f "$WORK/models/vit-b-32.part/bpe_simple_vocab_16e6.txt.gz" ] || fail "it has its name"
[ ! -e "$WORK/models/vit-b-32" ] || fail "a model that is not whole has its name"
code=0
"$FGAD" model info "$WORK/models/vit-b-32" > "$WORK/out" 2>&1 || code=$?
[ $code = 2 ] && grep -q "hint: datasets/models/fetch --help" "$WORK/out" || fail "the hint is hidden: $(cat "$WORK/out")"
# The same again with what came: whole, and then left alone.
digest=$(sha256sum "$WORK/merges.gz" | cut -d ' ' -f 1)
FGAD_MERGES_DIGEST=$digest $models --to "$WORK/models" vit-b-32 > "$WORK/out" 2>&1 || fail "$(cat "$WORK/out")"
grep -q "vit-b-32.part/open_clip_model.safetensors is there" "$WORK/out" || fail "fetched twice: $(cat "$WORK/out")"
[ ! -e "$WORK/models/vit-b-32.part" ] && [ -f "$WORK/models/vit-b-32/SHA256SUMS" ] || fail "the whole model has not its name"
"$FGAD" model info "$WORK/models/vit-b-32" > "$WORK/out" || fail "the fetched model is not read"
grep -q "^embedding *28" "$WORK/out" || fail "another model came: $(cat "$WORK/out")"
grep -q "^tokenizer *bpe_simple_vocab_16e6.txt.gz, 1024 tokens" "$WORK/out" || fail "without its tokenizer: $(cat "$WORK/out")"
$models --to "$WORK/models" vit-b-32 > "$WORK/out" 2>&1 || fail "$(cat "$WORK/out")"
grep -q "^$WORK/models/vit-b-32/open_clip_model.safetensors is there" "$WORK/out" || fail "fetched again: $(cat "$WORK/out")"
# A folder that an older fetch left under the model's name is finished.
rm "$WORK/models/vit-b-32/bpe_simple_vocab_16e6.txt.gz" "$WORK/models/vit-b-32/SHA256SUMS"
"$FGAD" model info "$WORK/models/vit-b-32" | grep -q "^tokenizer *none: jobs with prompts are refused" || fail "no word of the tokenizer"
FGAD_MERGES_DIGEST=$digest $models --to "$WORK/models" vit-b-32 > "$WORK/out" 2>&1 || fail "$(cat "$WORK/out")"
[ -f "$WORK/models/vit-b-32/SHA256SUMS" ] || fail "it is not finished"
code=0
FGAD_HUB="file://$WORK/nowhere" $models --to "$WORK/models" vit-b-16 > "$WORK/out" 2>&1 || code=$?
[ $code = 1 ] && grep -q "did not arrive whole; run the same command again" "$WORK/out" || fail "$(cat "$WORK/out")"

# VisA from an archive of which half came before.
printf 'object,split,label,image,mask\n' > "$WORK/visa/split_csv/1cls.csv"
head -c 200000 /dev/urandom > "$WORK/visa/candle/some.JPG"
tar -cf "$WORK/visa.tar" -C "$WORK/visa" candle split_csv
digest=$(sha256sum "$WORK/visa.tar" | cut -d ' ' -f 1)
export FGAD_VISA="file://$WORK/visa.tar"
mkdir -p "$WORK/data"
head -c 100000 "$WORK/visa.tar" > "$WORK/data/VisA_20220922.tar.part"
code=0
$sets --to "$WORK/data" visa > "$WORK/out" 2>&1 || code=$?
[ $code = 1 ] && grep -q "expected 2eb8690c" "$WORK/out" || fail "an archive that is not VisA's is taken: $(cat "$WORK/out")"
[ ! -e "$WORK/data/visa" ] || fail "it is unpacked"
head -c 100000 "$WORK/visa.tar" > "$WORK/data/VisA_20220922.tar.part"
FGAD_VISA_DIGEST=$digest $sets --to "$WORK/data" visa > "$WORK/out" 2>&1 || fail "$(cat "$WORK/out")"
cmp "$WORK/visa/candle/some.JPG" "$WORK/data/visa/candle/some.JPG" || fail "the images differ"
FGAD_VISA_DIGEST=$digest $sets --to "$WORK/data" visa | grep -q "visa is there" || fail "fetched twice"
