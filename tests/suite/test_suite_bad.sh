# Bad input gets one clear line, and nothing is lost: exact messages and exit codes of the whole program.
. "$(dirname "$0")/lib.sh"
demo_data fabric tablet
job="$WORK/job.yaml"
cat > "$job" <<YAML
dataset: [demo]
data_root: $WORK/data
model: $WORK/model
output: $WORK/out
shots: [1]
branches: [vad]
resolution: 64
YAML

# refused CODE "line" ARGUMENTS...: fgad ends with CODE and this line is all that it says
refused() {
    want_code=$1
    want=$2
    shift 2
    code=0
    "$FGAD" "$@" > "$WORK/stdout" 2> "$WORK/stderr" || code=$?
    [ "$code" = "$want_code" ] || fail "'$*' ended with $code, expected $want_code: $(cat "$WORK/stderr")"
    [ "$(cat "$WORK/stderr")" = "$want" ] || fail "'$*' said
    $(cat "$WORK/stderr")
expected
    $want"
}

refused 2 "fgad: there is no command 'rum' (did you mean 'run'? \`fgad --help\` lists them)" rum
refused 2 "fgad: there is no command 'nosuch' (\`fgad --help\` lists them)" nosuch
refused 2 "fgad: there is no command 'data chek' (did you mean 'data check'? \`fgad --help\` lists them)" data chek
refused 2 "fgad: there is no command 'model $WORK/model' (did you mean 'model info'? \`fgad --help\` lists them)" model "$WORK/model"
"$FGAD" data --help > "$WORK/group" && [ "$(grep -c '^  data ' "$WORK/group")" = 3 ] || fail "data --help: $(cat "$WORK/group")"
"$FGAD" help data check > "$WORK/one" && "$FGAD" data check --help | cmp - "$WORK/one" || fail "help data check"
refused 2 "fgad run: no job file is named (see \`fgad run --help\`)" run
refused 2 "fgad run: unknown option '--dryrun' (see \`fgad run --help\`)" run "$job" --dryrun
refused 2 "fgad: -s: category names 'fabric' twice" run "$job" -s category=fabric,fabric
refused 2 "fgad: $job: memory_taps: 1 points are named, expected two, as '3.attn, 8.attn'" run "$job" -s memory_taps=3.attn
# A tower without the default taps: refused with the cure, and the cure works.
cp -r "$(dirname "$0")/../../datasets/models/demo-clip" "$WORK/shallow"
rm "$WORK/shallow/fgad.yaml"
shallow="'$WORK/shallow': memory tap '8.attn' names block 8, the image tower has blocks 0 to 7 (hint: memory_taps: [2.attn, 5.attn] in \
the job or in the folder's fgad.yaml)"
refused 2 "fgad: $shallow" run "$job" -s model="$WORK/shallow"
refused 2 "fgad: $shallow" plan "$job" -s model="$WORK/shallow"
echo 'memory_taps: [2.attn, 5.attn]' > "$WORK/shallow/fgad.yaml"
"$FGAD" run "$job" -s model="$WORK/shallow" -s name=shallow -s category=tablet > "$WORK/stdout" 2>&1 || fail "shallow: $(cat "$WORK/stdout")"
grep -q '^memory_taps: \[2.attn, 5.attn\]$' "$WORK/out/shallow/run.yaml" || fail "run.yaml does not state the taps: $(cat "$WORK/out/shallow/run.yaml")"

# A model without a tokenizer, or with too short a one, is found when a job with prompts opens, not after all images are encoded.
mkdir "$WORK/mute"
cp "$WORK/model/"*.json "$WORK/model/"*.safetensors "$WORK/mute/"
cp "$WORK/model/fgad.yaml" "$WORK/mute/" 2> /dev/null || true
mute="'$WORK/mute': holds no merges of a tokenizer, which prompts need: expected bpe_simple_vocab_16e6.txt.gz, merges.txt or \
tokenizer.json (hint: datasets/models/fetch gets them with the model, or copy them from another CLIP's folder)"
for command in "run $job --dry-run" "plan $job" "run $job"; do
    # shellcheck disable=SC2086 # words
    refused 2 "fgad: $mute" $command -s branches=pad,vad -s model="$WORK/mute" -s name=mute
done
head -300 "$WORK/model/merges.txt" > "$WORK/mute/merges.txt"
refused 2 "fgad: '$WORK/mute/merges.txt': holds 299 merges, the model's vocabulary of 1024 needs 510 (hint: is it the tokenizer of this \
model?)" run "$job" -s branches=pad,vad -s model="$WORK/mute" -s name=mute
[ ! -e "$WORK/out/cache" ] || [ -z "$(find "$WORK/out/cache" -path '*mute*')" ] || fail "images were encoded before: $(find "$WORK/out/cache")"
rm "$WORK/mute/merges.txt"
"$FGAD" run "$job" -s model="$WORK/mute" -s name=mute -s category=tablet > "$WORK/stdout" 2>&1 || fail "without prompts: $(cat "$WORK/stdout")"

# A plan says when it could do without what is missing, and only then.
"$FGAD" plan "$job" -s dataset=mvtec > "$WORK/stdout" 2> "$WORK/stderr" && fail "a plan without images"
grep -q "mvtec': no such directory; .*; --assume plans without it$" "$WORK/stderr" || fail "$(cat "$WORK/stderr")"
refused 2 "fgad: '$WORK/none.yaml' cannot be opened: No such file or directory" plan "$WORK/none.yaml"

# The output cannot be written: a file stands where the folder should be.
echo text > "$WORK/file"
code=0
"$FGAD" run "$job" -s output="$WORK/file" > "$WORK/stdout" 2> "$WORK/stderr" || code=$?
[ $code = 2 ] || fail "an output that is a file ended with $code, expected 2"
[ "$(wc -l < "$WORK/stderr")" = 1 ] || fail "more than one line: $(cat "$WORK/stderr")"
grep -q "'$WORK/file.*'" "$WORK/stderr" || fail "the path is not named: $(cat "$WORK/stderr")"

# A picture that cannot be read fails the tasks of its category, with the reason; the others finish; exit code 1.
first=$(ls "$WORK/data/demo" | head -1)
second=$(ls "$WORK/data/demo" | sed -n 2p)
victim=$(find "$WORK/data/demo/$first/test/good" -name '*.png' | sort | head -1)
cp "$victim" "$WORK/saved.png"
head -c 300 "$WORK/saved.png" > "$victim"
code=0
"$FGAD" run "$job" -s category="$first,$second" -s name=broken > "$WORK/stdout" 2> "$WORK/stderr" || code=$?
[ $code = 1 ] || fail "a run with a broken picture ended with $code, expected 1: $(cat "$WORK/stderr")"
grep -q "$victim" "$WORK/stderr" || fail "the broken picture is not named: $(cat "$WORK/stderr")"
grep -q "^demo,$second,1,0," "$WORK/out/broken/results.csv" || fail "the other category was not finished"
grep -q "^demo,$first," "$WORK/out/broken/results.csv" && fail "the broken category has a result"
grep -q "^INCOMPLETE: 1 task of this run has no result yet" "$WORK/stdout" || fail "the table does not say INCOMPLETE"
# Mended, the next run does the missing task and no other.
cp "$WORK/saved.png" "$victim"
"$FGAD" run "$job" -s category="$first,$second" -s name=broken > "$WORK/stdout" 2>&1 || fail "the repaired run: $(cat "$WORK/stdout")"
grep -q "^1 task done, 1 kept from earlier runs, 0 failed" "$WORK/stdout" || fail "the repaired run: $(tail -4 "$WORK/stdout")"

# A damaged task file is set aside with a warning and made again, never used and never deleted.
task=$(find "$WORK/out/broken/tasks/demo/$second" -name '*.h5')
cp "$WORK/out/broken/results.csv" "$WORK/before.csv"
head -c 1000 "$task" > "$WORK/cut" && cp "$WORK/cut" "$task"
"$FGAD" run "$job" -s category="$first,$second" -s name=broken > "$WORK/stdout" 2> "$WORK/stderr" || fail "after damage"
grep -q "warning: '$task'.* set aside as" "$WORK/stderr" || fail "no warning: $(cat "$WORK/stderr")"
ls "$task".aside-* > /dev/null || fail "the damaged file is gone"
cmp "$WORK/before.csv" "$WORK/out/broken/results.csv" || fail "the numbers changed"

# Of damage in the middle a start sees nothing: it reads the first bytes of finished files. Who asks is told, and mends it.
cp "$task" "$WORK/whole"
{ head -c 3000 "$WORK/whole" && printf '\377\376\375' && tail -c +3004 "$WORK/whole"; } > "$task"
"$FGAD" run "$job" -s category="$first,$second" -s name=broken > "$WORK/stdout" 2>&1 || fail "with a damaged file"
grep -q "^0 tasks done, 2 kept" "$WORK/stdout" || fail "a start reads finished files: $(cat "$WORK/stdout")"
code=0
"$FGAD" status "$WORK/out/broken" --verify > "$WORK/stdout" 2>&1 || code=$?
[ $code = 1 ] && grep -q "^'$task' is damaged: .* SHA-256" "$WORK/stdout" && grep -q "^verified: [0-9]* files, 1 damaged" "$WORK/stdout" ||
    fail "status --verify ended with $code: $(cat "$WORK/stdout")"
"$FGAD" run "$job" -s category="$first,$second" -s name=broken --verify > "$WORK/stdout" 2> "$WORK/stderr" || fail "run --verify"
grep -q "warning: '$task'.* set aside as" "$WORK/stderr" || fail "no warning: $(cat "$WORK/stderr")"
cmp "$WORK/before.csv" "$WORK/out/broken/results.csv" || fail "the numbers changed"
"$FGAD" status "$WORK/out/broken" --verify > "$WORK/stdout" 2>&1 || fail "status --verify: $(cat "$WORK/stdout")"
if command -v strace > /dev/null && strace -o "$WORK/calls" true 2> /dev/null; then
    strace -f -y -e trace=read,pread64 -o "$WORK/calls" "$FGAD" run "$job" -s category="$first,$second" -s name=broken > "$WORK/stdout" 2>&1
    grep '/broken/tasks/.*\.h5>' "$WORK/calls" | awk '{ n += $NF; calls++ } END { exit calls > 0 && n <= 512 * 2 * 2 ? 0 : 1 }' ||
        fail "a start and an end of 2 tasks read $(grep -c '/broken/tasks/.*h5>' "$WORK/calls") times: $(cat "$WORK/calls")"
fi

# A full disk: one line, exit code other than 0, no half-written file under a final name; with room again, the run goes on.
if [ "$(id -u)" = 0 ] && mkdir -p "$WORK/small" && mount -t tmpfs -o size=300k tmpfs "$WORK/small" 2> /dev/null; then
    code=0
    "$FGAD" run "$job" -s category="$second" -s output="$WORK/small" -s name=full > "$WORK/stdout" 2> "$WORK/stderr" || code=$?
    left=$(find "$WORK/small" -name '*.tmp.*' | head -3)
    mount -o remount,size=100m "$WORK/small"
    "$FGAD" run "$job" -s category="$second" -s output="$WORK/small" -s name=full > "$WORK/again" 2>&1 && again=0 || again=$?
    cp "$WORK/small/full/results.csv" "$WORK/full.csv" 2> /dev/null || true
    umount "$WORK/small"
    [ $code -ne 0 ] || fail "a full disk went unnoticed"
    grep -qi "no space" "$WORK/stderr" || fail "a full disk: $(cat "$WORK/stderr")"
    [ -z "$left" ] || fail "a full disk leaves $left"
    [ $again = 0 ] || fail "with room again: $(cat "$WORK/again")"
    grep "^demo,$second,1,0," "$WORK/before.csv" > "$WORK/want" && grep "^demo,$second,1,0," "$WORK/full.csv" > "$WORK/got"
    cmp "$WORK/want" "$WORK/got" || fail "the numbers after a full disk differ"
else
    echo "no tmpfs can be mounted here: the full-disk case is not tested"
fi
