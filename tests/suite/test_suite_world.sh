# The user's world is not as foreseen: files, limits, signals and launchers. What cannot be meant is told before the work.
. "$(dirname "$0")/lib.sh"
golden="$(dirname "$0")/../golden/io/images"
model="$DATA/model"
job="$WORK/job.yaml"
cat > "$job" <<YAML
dataset: [folder]
roots: {folder: $WORK/own}
model: $model
output: $WORK/out
shots: [1]
branches: [vad]
resolution: 64
YAML

# own: a folder of pictures of 19 x 13, with a mask
own() {
    rm -rf "$WORK/own"
    mkdir -p "$WORK/own/part/train" "$WORK/own/part/test/good" "$WORK/own/part/test/dent" "$WORK/own/part/mask/dent"
    cp "$golden/rgb8.png" "$WORK/own/part/train/0.png"
    cp "$golden/interlaced.png" "$WORK/own/part/test/good/0.png"
    cp "$golden/rgba8.png" "$WORK/own/part/test/dent/0.png"
    cp "$golden/bilevel.bmp" "$WORK/own/part/mask/dent/0.bmp"
}

# ends CODE ARGUMENTS...: fgad ends so; what it says is in $WORK/stdout and $WORK/stderr
ends() {
    want=$1
    shift
    code=0
    "$FGAD" "$@" > "$WORK/stdout" 2> "$WORK/stderr" || code=$?
    [ "$code" = "$want" ] || fail "'$*' ended with $code, expected $want: $(cat "$WORK/stderr")"
}
says() { grep -qF -- "$1" "$WORK/stderr" || fail "'$1' is not said: $(cat "$WORK/stderr")"; }
silent() { ! grep -qF -- "$1" "$WORK/stderr" || fail "'$1' is said: $(cat "$WORK/stderr")"; }

# ---- Masks and depths, before any image is encoded
own
ends 0 run "$job" --dry-run
ends 0 run "$job"
[ "$(ls "$WORK/out/cache/looked/folder/part" | wc -l)" = 1 ] || fail "a look that found nothing is not remembered"
cp "$golden/one_wide.png" "$WORK/own/part/test/dent/0.png"
ends 2 run "$job" --dry-run
says "0.bmp': mask is 19 x 13, its image '$WORK/own/part/test/dent/0.png' is 1 x 13"
[ "$(wc -l < "$WORK/stderr")" = 1 ] || fail "more than a line: $(cat "$WORK/stderr")"
ends 2 run "$job" -s name=wrong
[ ! -e "$WORK/out/wrong/failed" ] || fail "a task failed of what was known at the start"
own
cp "$golden/equal_channels.png" "$WORK/own/part/mask/dent/0.bmp"
ends 2 run "$job" --dry-run
says "mask values go up to 6, expected anomalous pixels above 127"
ends 0 run "$job" --dry-run -s mask_threshold=0
cp "$golden/rgb8.png" "$WORK/own/part/mask/dent/0.bmp"
ends 2 run "$job" -s name=wrong
says "a mask has one channel"

own
cp "$golden/camera12.tif" "$WORK/own/part/test/good/1.tif"
ends 0 run "$job" -s name=dark
says "values up to 5000: bit_depth=14"
ends 0 run "$job" -s name=light -s bit_depth=14
silent "16-bit"
grep -q 'bit_depth=14' "$WORK/out/light/results.csv" || fail "the protocol does not tell bit_depth"
cmp -s "$WORK/out/dark/results.csv" "$WORK/out/light/results.csv" && fail "bit_depth changes nothing"
own
cp "$golden/turn6.png" "$WORK/own/part/test/good/1.png"
ends 0 run "$job" -s name=lying
says "1 image that EXIF says is to be turned, which is not done"
ends 0 run "$job" -s name=upright -s exif=apply
silent "EXIF"
mkdir "$WORK/own/part/test/dent/more"
cp "$golden/rgb16.png" "$WORK/own/part/test/dent/more/1.png"
ends 0 run "$job" -s exif=apply -s name=less
says "1 image in a folder of its own, left out"

# ---- Standard output
own
for command in "run $job" "run $job --dry-run" "run --keys" "status $WORK/out/run" "report $WORK/out/run --format json" --version; do
    code=0
    # shellcheck disable=SC2086 # words
    "$FGAD" $command > /dev/full 2> "$WORK/stderr" || code=$?
    [ $code = 4 ] || fail "$command > /dev/full ended with $code: $(cat "$WORK/stderr")"
    says "standard output cannot be written: "
done
code=0
"$FGAD" report "$WORK/out/run" >&- 2> "$WORK/stderr" || code=$?
[ $code = 4 ] || fail "report >&- ended with $code"
{ "$FGAD" run --keys 2> "$WORK/stderr"; echo $? > "$WORK/code"; } | head -1 > /dev/null
[ "$(cat "$WORK/code")" = 0 ] && [ ! -s "$WORK/stderr" ] || fail "a closed pipe: $(cat "$WORK/code") $(cat "$WORK/stderr")"
ends 2 report ""
says "an argument is empty"

# ---- Signals: a run that does not end by itself
demo_data tablet
long="$WORK/long.yaml"
cat > "$long" <<YAML
dataset: [demo]
data_root: $WORK/data
model: $model
output: $WORK/long
assets: $(cd "$(dirname "$0")/../.." && pwd)/datasets
shots: [1]
resolution: 64
pixel: {epochs: 100000}
image: {epochs: 100000}
YAML
# begin NAME: the run in the background, when it has its folder
begin() {
    for i in $(seq 600); do
        [ -e "$WORK/long/$1/run.yaml" ] && return
        sleep 0.1
    done
    fail "the run $1 does not begin: $(cat "$WORK/long.log")"
}
for signal in HUP XCPU VTALRM ALRM QUIT; do
    # A shell's background ignores QUIT, and what is ignored stays so.
    env --default-signal=QUIT "$FGAD" run "$long" -s name=$signal > "$WORK/long.log" 2>&1 &
    process=$!
    begin $signal
    kill -$signal $process
    code=0
    wait $process || code=$?
    [ $code = 75 ] || fail "$signal ended the run with $code: $(cat "$WORK/long.log")"
done
(trap '' HUP && exec "$FGAD" run "$long" -s name=nohup > "$WORK/long.log" 2>&1) &
process=$!
begin nohup
kill -HUP $process
sleep 1
kill -TERM $process || fail "a HUP ended the run under nohup: $(cat "$WORK/long.log")"
code=0
wait $process || code=$?
[ $code = 75 ] || fail "TERM under nohup ended the run with $code"

# ---- One process needs no launcher, many do not need one either
ends 0 run "$job"
cp "$WORK/out/run/results.csv" "$WORK/expected.csv"
alone() {
    rm -rf "$WORK/out/run/tasks" "$WORK/out/run/results.csv"
    env "$@" "$FGAD" run "$job" > "$WORK/stdout" 2> "$WORK/stderr" || fail "alone, $*: $(cat "$WORK/stderr")"
    cmp "$WORK/out/run/results.csv" "$WORK/expected.csv" || fail "alone, $*: other results"
}
# With the kernels that the expected results were made with: others round otherwise.
alone -i ASAN_OPTIONS=detect_leaks=0 ${OPENBLAS_CORETYPE:+OPENBLAS_CORETYPE=$OPENBLAS_CORETYPE}
alone TMPDIR=/proc
alone PATH=/nonexistent HOME=/proc SLURM_JOB_ID=7 SLURM_NTASKS=4 SLURM_PROCID=1
code=0
TMPDIR=/proc PMIX_RANK=0 "$FGAD" run "$job" > "$WORK/stdout" 2> "$WORK/stderr" || code=$?
[ $code = 3 ] || fail "MPI that cannot start ended with $code: $(cat "$WORK/stderr")"
says "fgad: MPI cannot start, though PMIX_RANK is set by a launcher"
[ "$(wc -l < "$WORK/stderr")" = 1 ] || fail "more than a line: $(cat "$WORK/stderr")"
code=0
OMPI_COMM_WORLD_SIZE=2 "$FGAD" run "$job" > "$WORK/stdout" 2> "$WORK/stderr" || code=$?
[ $code = 3 ] || fail "ranks apart ended with $code: $(cat "$WORK/stderr")"
says "has started 2 processes, but MPI sees one"
for i in 1 2 3 4; do cp -r "$WORK/own/part" "$WORK/own/part$i"; done
ends 0 run "$job" -s name=whole -s seeds=0,1
pids=
for i in 1 2 3; do
    "$FGAD" run "$job" -s name=plain -s output="$WORK/plain" -s seeds=0,1 > "$WORK/plain.$i" 2>&1 &
    pids="$pids $!"
done
for pid in $pids; do wait "$pid" || fail "one of several plain processes: $(cat "$WORK"/plain.?)"; done
cmp "$WORK/plain/plain/results.csv" "$WORK/out/whole/results.csv" || fail "several plain processes give other results"

# ---- Data and model on the disks of compute nodes: the folder of a run is enough to look at it, also when it has moved
own
ends 0 run "$job" -s name=far -s model="$model"
"$FGAD" status "$WORK/out/far" > "$WORK/here" || fail "status"
mv "$WORK/own" "$WORK/elsewhere"
ends 0 status "$WORK/out/far"
cmp "$WORK/stdout" "$WORK/here" || fail "status without data differs: $(cat "$WORK/stdout")"
mv "$WORK/out/far" "$WORK/out/moved"
cp "$WORK/out/moved/results.csv" "$WORK/far.csv"
rm "$WORK/out/moved/results.h5"
ends 0 reduce "$WORK/out/moved"
cmp "$WORK/out/moved/results.csv" "$WORK/far.csv" || fail "reduce without data gives other results"
ends 0 report "$WORK/out/moved" --metrics all
ends 2 run "$job" --dry-run
ends 0 run "$job" --dry-run --no-look
grep -q "^run $WORK/out/run: 0 tasks" "$WORK/stdout" || fail "--no-look: $(cat "$WORK/stdout")"
ends 2 run "$job" --no-look
mv "$WORK/out/moved/index.h5" "$WORK/index"
ends 2 status "$WORK/out/moved"
says "no such directory; expected the root of dataset 'folder'"
# ---- Smaller things of the same sort
own
# Other images under a cache that an earlier run of the same category has filled: made again within the run.
ends 0 run "$job" -s name=before -s output="$WORK/shared"
cp "$golden/turn2.png" "$WORK/own/part/test/good/7.png"
ends 0 run "$job" -s name=after -s output="$WORK/shared" -s exif=apply
ends 0 run "$job" -s name=after2 -s output="$WORK/shared"
cp "$WORK/own/part/test/good/0.png" "$WORK/own/part/test/good/8.png"
ends 0 run "$job" -s name=after3 -s output="$WORK/shared"
[ "$(wc -l < "$WORK/shared/after3/results.csv")" = 3 ] || fail "the run on other images has no result"
# Real-IAD: the split that counts stands in the results, whatever folder it lies in.
realiad() {
    rm -rf "$WORK/ri"
    mkdir -p "$WORK/ri/realiad_256/toy/OK/S0001" "$WORK/ri/realiad_256/toy/OK/S0002" "$WORK/ri/realiad_256/toy/NG/HS/S0003" "$WORK/ri/$1"
    cp "$golden/grey.jpg" "$WORK/ri/realiad_256/toy/OK/S0001/toy_0001_OK_C1_20231021.jpg"
    cp "$golden/grey.jpg" "$WORK/ri/realiad_256/toy/OK/S0002/toy_0002_OK_C1_20231021.jpg"
    cp "$golden/grey.jpg" "$WORK/ri/realiad_256/toy/NG/HS/S0003/toy_0003_NG_HS_C1_20231021.jpg"
    cp "$golden/grey.jpg" "$WORK/grey-mask.jpg"
    cat > "$WORK/ri/$1/toy.json" <<JSON
{"meta": {"prefix": "toy/", "normal_class": "OK"},
 "train": [{"category": "toy", "anomaly_class": "OK", "image_path": "OK/S0001/toy_0001_OK_C1_20231021.jpg", "mask_path": null}],
 "test": [{"category": "toy", "anomaly_class": "OK", "image_path": "OK/S0002/toy_0002_OK_C1_20231021.jpg", "mask_path": null},
          {"category": "toy", "anomaly_class": "HS", "image_path": "NG/HS/S0003/toy_0003_NG_HS_C1_20231021.jpg", "mask_path": null}]}
JSON
}
n=0
for folder in realiad_jsons realiad_jsons/realiad_jsons Realiad_JSONS realiad_jsons/realiad_jsons_sv; do
    n=$((n + 1))
    realiad "$folder"
    ends 0 run "$job" -s dataset=realiad -s roots.realiad="$WORK/ri" -s name=ri$n
    case $folder in *_sv) split=realiad_jsons_sv ;; *) split=realiad_jsons ;; esac
    grep -q "split=$split\b" "$WORK/out/ri$n/results.csv" || fail "$folder: no split=$split in $(cat "$WORK/out/ri$n/results.csv")"
    h5dump -d protocol "$WORK/out/ri$n/results.h5" 2> /dev/null | grep -q "split=$split" || grep -aq "split=$split" "$WORK/out/ri$n/results.h5" ||
        fail "$folder: no split in results.h5"
    ends 0 report "$WORK/out/ri$n"
    grep -q "split=$split\b" "$WORK/stdout" || fail "$folder: the report tells no split: $(cat "$WORK/stdout")"
done
own
# From another folder, with published figures that lie with the program.
(cd / && "$FGAD" report "$WORK/out/run" --published > "$WORK/stdout" 2> "$WORK/stderr") || fail "report --published from /: $(cat "$WORK/stderr")"
# A folder that cannot be written says why.
: > "$WORK/file"
ends 2 run "$job" -s output="$WORK/file/out"
says "it exists and is not a directory"
if [ "$(id -u)" = 0 ] && command -v unshare > /dev/null && mkdir "$WORK/ro" &&
    unshare -m sh -c "mount -t tmpfs -o size=1m none '$WORK/ro' && mount -o remount,ro '$WORK/ro'" 2> /dev/null; then
    code=0
    unshare -m sh -c "mount -t tmpfs -o size=1m none '$WORK/ro' && mount -o remount,ro '$WORK/ro' && exec '$FGAD' run '$job' -s output='$WORK/ro/out'" \
        > "$WORK/stdout" 2> "$WORK/stderr" || code=$?
    [ $code = 2 ] || fail "a read-only file system ended with $code"
    says "Read-only file system"
fi
# Limits: a full quota, a small stack.
code=0
(ulimit -f 0 && exec "$FGAD" run "$job" -s name=quota) 2>&1 > /dev/null | cat > "$WORK/stderr" || code=$?
says "cannot be written: File too large"
if ! grep -q __asan_init "$FGAD"; then # the sanitizers want a stack before the program looks at it
    code=0
    (ulimit -s 128 && exec "$FGAD" run "$job" -s name=stack) > "$WORK/stdout" 2> "$WORK/stderr" || code=$?
    [ $code = 2 ] || fail "a stack of 128 KB ended with $code"
    says "the stack is limited to 128 KB"
fi
# The line of progress goes where the launcher's terminal is, though each rank's standard error is a pipe. The run has no end, so
# that rank 0 learns for as long as it takes to see it.
if [ -x "$(command -v script)" ]; then
    launch="$(cd "$(dirname "$0")/../.." && pwd)/jobs/launch"
    script -qefc "echo \$\$ > '$WORK/launch.pid'; exec '$launch' 2 '$FGAD' run '$long' -s name=bar" "$WORK/typescript" \
        > /dev/null 2>&1 < /dev/null &
    terminal=$!
    for i in $(seq 600); do
        seen=$(grep -ac 'bar \[#*\.*\]  *[0-9]*% ETA .*learning demo/tablet' "$WORK/typescript" 2> /dev/null) && break
        kill -0 $terminal 2> /dev/null || break
        sleep 0.1
    done
    kill -TERM "$(cat "$WORK/launch.pid")" || fail "the run under a terminal has ended: $(cat -v "$WORK/typescript")"
    wait $terminal || true
    [ "${seen:-0}" -gt 0 ] || fail "no progress under jobs/launch: $(cat -v "$WORK/typescript")"
fi
ln -s "$WORK/gone.png" "$WORK/own/part/test/good/1.png"
ends 2 run "$job" --dry-run
says "it is a link to '$WORK/gone.png'"
own
code=0
mpirun --bind-to none -n 1 "$FGAD" run "$job" -s name=one : -n 1 "$FGAD" run "$job" -s name=two > "$WORK/stdout" 2> "$WORK/stderr" || code=$?
[ $code != 0 ] || fail "two jobs under one mpirun ended with 0"
says "the ranks were given different jobs"
# A job with paths that begin nowhere, and its pictures asked for from elsewhere; names that differ by case alone are told of.
cp "$golden/rgba8.png" "$WORK/own/part/test/dent/a.png"
cp "$golden/turn2.png" "$WORK/own/part/test/dent/A.png"
cp "$golden/bilevel.bmp" "$WORK/own/part/mask/dent/a.bmp"
cp "$golden/bilevel.bmp" "$WORK/own/part/mask/dent/A.bmp"
(cd "$WORK" && "$FGAD" run job.yaml -s roots.folder=own -s output=near > "$WORK/stdout" 2> "$WORK/stderr") || fail "relative paths: $(cat "$WORK/stderr")"
(cd / && "$FGAD" export "$WORK/near/run" --out "$WORK/pictures" --overlay --tiff > "$WORK/stdout" 2> "$WORK/stderr") ||
    fail "export from elsewhere: $(cat "$WORK/stderr")"
says "differ by case alone (1 pair of that sort)"
(cd / && "$FGAD" import "$WORK/pictures/folder-k1-s0/maps" --dataset folder --data-root "$WORK/own" --name back -s output="$WORK/near" \
    > "$WORK/stdout" 2> "$WORK/stderr") || fail "import from elsewhere: $(cat "$WORK/stderr")"
(cd / && "$FGAD" rescore "$WORK/near/run" -s sigma=1 > "$WORK/stdout" 2> "$WORK/stderr") || fail "rescore from elsewhere: $(cat "$WORK/stderr")"
(cd / && "$FGAD" mfsc show demo/gear > "$WORK/stdout") || fail "captions are not found from another folder"
