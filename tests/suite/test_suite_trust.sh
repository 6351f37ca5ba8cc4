# Nobody's file can hurt: what others leave in data, caches and run folders, or send, is refused or set aside with a line;
# nothing hangs, nothing is written elsewhere, nothing speaks to the terminal.
. "$(dirname "$0")/lib.sh"
bad=$(cd "$(dirname "$0")/../bad" && pwd)
demo_data fabric gear
host=$(hostname)
cat > "$WORK/job.yaml" <<YAML
dataset: [demo]
data_root: $WORK/data
model: $WORK/model
shots: [1]
branches: [vad]
resolution: 64
chunk: 8
name: run
YAML

# said TEXT: the last command said it, on lines without control characters
said() {
    grep -qF -- "$1" "$WORK/said" || fail "'$1' is not in: $(cat -v "$WORK/said")"
    ! LC_ALL=C grep -q '[[:cntrl:]]' "$WORK/said" || fail "control characters reach the terminal: $(cat -v "$WORK/said")"
}
# within CODE ARGUMENT...: fgad ends with CODE, long before 60 s
within() {
    want=$1
    shift
    code=0
    timeout 60 "$FGAD" "$@" > "$WORK/said" 2>&1 || code=$?
    [ "$code" = "$want" ] || fail "'$*' ended with $code, expected $want: $(cat -v "$WORK/said")"
}
run() { within 0 run "$WORK/job.yaml" -s output="$WORK/out" "$@"; }

run
cp -r "$WORK/out" "$WORK/calm"

echo "-- a run's name is one safe word"
for name in 'x@NAME@$(touch PWN)' '../x' '-x' 'a b' 'a;b' "$(printf 'a\nb')" "$(printf '\033[2J')"; do
    within 2 run "$WORK/job.yaml" --dry-run -s name="$name"
    said "expected"
done

echo "-- an HDF5 file that is not sealed, or sealed by others, is set aside"
features=$(find "$WORK/out/cache/features" -name 'chunk-*.h5' | sort | head -1)
task=$(find "$WORK/out/run/tasks/demo/fabric" -name '*.h5')
cp "$features" "$WORK/features.h5"
cp "$task" "$WORK/task.h5"
# again FILE LINE: the file is set aside, the run has its old numbers again
again() {
    rm -f "$task"
    run
    said "'$1'"
    said "$2"
    ls "$1".aside-* > /dev/null 2>&1 || fail "'$1' is not set aside: $(cat "$WORK/said")"
    rm -f "$1".aside-*
    same_results "$WORK/calm/run" "$WORK/out/run"
}
tail -c +513 "$WORK/features.h5" > "$features"
again "$features" "is not sealed by this program"
for file in external_link virtual heap_loop in_circles soft; do
    cp "$bad/hdf5/$file.h5" "$features"
    again "$features" "'$features'"
done
for file in external_storage in_circles; do
    cp "$bad/hdf5/$file.h5" "$task"
    run
    said "set aside as"
    rm -f "$task".aside-*
    same_results "$WORK/calm/run" "$WORK/out/run"
done
# seal FILE: $WORK/body as FILE
seal() {
    line="fgad: HDF5 from byte 512 on, with SHA-256 $(sha256sum < "$WORK/body" | cut -d ' ' -f 1)"
    { echo "$line" && head -c $((511 - ${#line})) /dev/zero && cat "$WORK/body"; } > "$1"
}
# forge FROM TO: FROM's arrays as TO, with TO's id and a seal of its own
forge() {
    from=$(h5dump -a /id "$1" | sed -n 's/.*(0): "\(.*\)"/\1/p')
    to=$(h5dump -a /id "$2" | sed -n 's/.*(0): "\(.*\)"/\1/p')
    [ ${#from} = 16 ] && [ ${#to} = 16 ] || fail "no ids in '$1' and '$2'"
    tail -c +513 "$1" | LC_ALL=C sed "s/$from/$to/g" > "$WORK/body"
    seal "$2"
}
# poison FILE ARRAY BYTES: the first value of an array is these bytes
poison() {
    at=$(h5dump -H -p -d "$2" "$1" | sed -n 's/.*OFFSET \([0-9]*\).*/\1/p')
    tail -c +513 "$1" > "$WORK/body"
    # shellcheck disable=SC2059 # the bytes as printf writes them
    printf "$3" | dd of="$WORK/body" bs=1 seek="${at:?no place of $2 in $1}" conv=notrunc status=none
    seal "$1"
}
arrays=$(find "$WORK/out/cache/arrays" -path '*/fabric/*' -name 'support-*.h5' | grep attn | sort | head -1)
if command -v h5dump > /dev/null && [ -n "$arrays" ]; then
    chunk=$(find "$(dirname "$arrays")" -name 'chunk-*.h5' | sort | head -1)
    for pair in "$chunk $arrays" "$arrays $chunk"; do
        forge ${pair% *} ${pair#* }
        again "${pair#* }" "expected ("
    done
    poison "$arrays" "$(basename "$(dirname "$arrays")")" '\000\000\200\177'
    again "$arrays" "holds a value that is not finite"
    poison "$chunk" "$(basename "$(dirname "$chunk")")" '\000\000\300\377'
    again "$chunk" "holds a value that is not finite"
fi
cp "$WORK/out/run/results.h5" "$WORK/results.h5"
for file in heap_loop in_circles unsealed; do
    cp "$bad/hdf5/$file.h5" "$WORK/out/run/results.h5"
    within 2 report "$WORK/out/run"
    said "'$WORK/out/run/results.h5'"
done
cp "$WORK/results.h5" "$WORK/out/run/results.h5"

if [ -n "${FAULTS-}" ] && ! ldd "$FGAD" | grep -q libasan; then
    echo "-- a disk that does not read"
    # Once, as the file is used and as it is looked at again; and a disk of which nothing can be read any more.
    rm "$task"
    code=0
    LD_PRELOAD=$FAULTS FGAD_FAULTS_UNDER="$features" FGAD_FAULT=read:1:EIO,read:2:EIO timeout 60 \
        "$FGAD" run "$WORK/job.yaml" -s output="$WORK/out" > "$WORK/said" 2>&1 || code=$?
    [ $code = 0 ] || fail "a read error in a cached file ends the run with $code: $(cat "$WORK/said")"
    said "Input/output error; set aside as"
    rm -f "$features".aside-*
    same_results "$WORK/calm/run" "$WORK/out/run"
    rm "$task"
    code=0
    LD_PRELOAD=$FAULTS FGAD_FAULTS_UNDER="$features" FGAD_FAULT=read:0:EIO timeout 100 \
        "$FGAD" run "$WORK/job.yaml" -s output="$WORK/out" > "$WORK/said" 2>&1 || code=$?
    [ $code = 1 ] || fail "a disk that never reads ends the run with $code: $(tail -5 "$WORK/said")"
    said "Input/output error"
    rm -f "$features".aside-*
    run
    same_results "$WORK/calm/run" "$WORK/out/run"
fi

echo "-- only regular files are opened"
picture=$(find "$WORK/data/demo/fabric/test/good" -name '*.png' | sort | head -1)
cp "$picture" "$WORK/saved.png"
for kind in FIFO device socket; do
    rm "$picture"
    case $kind in
    FIFO) mkfifo "$picture" ;;
    device) ln -s /dev/zero "$picture" ;;
    socket)
        command -v python3 > /dev/null || continue
        # A socket's path is short.
        (cd "$(dirname "$picture")" && python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' \
            "$(basename "$picture")")
        ;;
    esac
    code=0
    timeout 60 "$FGAD" data check demo "$WORK/data/demo" > "$WORK/said" 2>&1 || code=$?
    [ $code = 1 ] || [ $code = 2 ] || fail "data check of a $kind ended with $code: $(cat "$WORK/said")"
    rm -rf "$WORK/kind"
    code=0
    timeout 60 "$FGAD" run "$WORK/job.yaml" -s output="$WORK/kind" -s category=fabric > "$WORK/said" 2>&1 || code=$?
    [ $code = 1 ] || [ $code = 2 ] || fail "a run with a $kind ended with $code: $(cat "$WORK/said")"
done
rm -f "$picture"
cp "$WORK/saved.png" "$picture"

for list in made_on.txt models.txt cost.txt; do
    rm -f "$WORK/out/cache/$list"
    mkfifo "$WORK/out/cache/$list"
    rm -f "$task"
    run
    rm -f "$WORK/out/cache/$list"
done

echo "-- a hole takes no room on a disk: what is larger than its kind can be is not read"
truncate -s 2T "$features"
again "$features" "is larger than"
truncate -s 3G "$picture"
within 1 run "$WORK/job.yaml" -s output="$WORK/kind" -s category=fabric
said "'$picture' is larger than 2.15 GB"
cp "$WORK/saved.png" "$picture"
truncate -s 3G "$WORK/hole"
within 2 run "$WORK/hole"
said "'$WORK/hole' is larger than 1.07 GB"
within 2 mfsc check "$WORK/hole"
said "'$WORK/hole' is larger than 1.07 GB"
rm "$WORK/hole"

echo "-- what a file says of the machine that made it is no speech to the terminal"
head -c 512 "$task" | tr -d '\0' > "$WORK/label"
text=$(sed -n 2p "$WORK/label" | cut -c 66-)$(printf '\033[2J\377')
{ sed -n 1p "$WORK/label" && printf '%s %s\n' "$(printf %s "$text" | sha256sum | cut -d ' ' -f 1)" "$text"; } > "$WORK/block"
{ cat "$WORK/block" && head -c $((512 - $(wc -c < "$WORK/block"))) /dev/zero && tail -c +513 "$task"; } > "$WORK/forged"
cp "$WORK/forged" "$task"
run
said '\x1b[2J'
within 0 report "$WORK/out/run"
LC_ALL=C grep -q '[[:cntrl:]]' "$WORK/out/run/run.yaml" && fail "control characters in run.yaml: $(cat -v "$WORK/out/run/run.yaml")"
rm "$task"
run

echo "-- an empty special token"
cp -r datasets/models/demo-clip "$WORK/special"
rm -f "$WORK/special"/merges.txt* "$WORK/special"/bpe_*
cp "$bad/tokenizer_empty_special.json" "$WORK/special/tokenizer.json"
within 2 mfsc check datasets/mfsc/demo/gear.json --model "$WORK/special"
said "tokenizer.json': added_tokens has no special tokens numbered 1206 and 1207"

echo "-- a link to what is not there, in the place of a file that is made"
for file in "$task" "$features" "$(find "$WORK/out/cache/features" -name 'support-*.h5' | sort | head -1)"; do
    cp "$file" "$WORK/saved.h5"
    ln -sf "$WORK/gone" "$file"
    [ "$file" = "$task" ] || rm "$task"
    run
    said "it is a link to '$WORK/gone', which is not there; set aside as"
    rm -f "$file".aside-*
    cmp "$WORK/calm/run/results.csv" "$WORK/out/run/results.csv" || fail "other results after a link to nothing at '$file'"
done

echo "-- a link in the place of a temporary file is not followed"
echo precious > "$WORK/precious"
mkdir -p "$WORK/linked/run"
code=0
(
    sh -c 'ln -s "$1/precious" "$1/linked/run/run.yaml.tmp.$2.$$"
        exec "$3" run "$1/job.yaml" -s output="$1/linked" -s category=fabric' _ "$WORK" "$host" "$FGAD"
) > "$WORK/said" 2>&1 || code=$?
[ "$(cat "$WORK/precious")" = precious ] || fail "a file elsewhere was written through a link: $(head -3 "$WORK/precious")"
[ $code = 0 ] || fail "a link in a temporary's place ends the run with $code: $(cat "$WORK/said")"
[ ! -L "$WORK/linked/run/run.yaml" ] || fail "run.yaml is a link"

echo "-- what a dead process was writing goes, wherever files lie"
dead=$(sh -c 'echo $$')
space=$(head -c 8 /proc/sys/kernel/random/boot_id)-$(readlink /proc/self/ns/pid | tr -dc 0-9)
find "$WORK/out" -type f -printf '%h\n' | sort -u | while read -r folder; do
    echo half > "$folder/file.h5.tmp.$host.$dead.$space.0123456789abcdef"
done
run
left=$(find "$WORK/out" -name '*.tmp.*' | head -3)
[ -z "$left" ] || fail "left lying about: $left"

if unshare --pid --fork --mount-proc true 2> /dev/null; then
    echo "-- two containers of one node"
    for n in 1 2; do
        unshare --pid --fork --mount-proc "$FGAD" run "$WORK/job.yaml" -s output="$WORK/shared" > "$WORK/container$n" 2>&1 &
    done
    for n in 1 2; do wait %$n || fail "containers that share a run: $(cat "$WORK"/container[12])"; done
    ! grep -q "is gone" "$WORK"/container[12] || fail "a living claim was taken for a dead one: $(cat "$WORK"/container[12])"
    same_results "$WORK/calm/run" "$WORK/shared/run"
fi

# A user who may not read everything; of root's own tests, nobody.
user=
[ "$(id -u)" != 0 ] || user="setpriv --reuid 65534 --regid 65534 --clear-groups"
if $user test -r "$WORK/data/demo/gear/test" -a -x "$FGAD" 2> /dev/null; then
    echo "-- a category that may not be read is not left out of the mean, nor is a run that may not be read no run"
    # unreadable FOLDER ARGUMENT...
    unreadable() {
        folder=$1
        shift
        chmod 0 "$folder"
        code=0
        $user timeout 60 "$FGAD" "$@" > "$WORK/said" 2>&1 || code=$?
        chmod 755 "$folder"
        [ $code = 2 ] && [ "$(wc -l < "$WORK/said")" = 1 ] || fail "'$*' with an unreadable '$folder' ended with $code: $(cat "$WORK/said")"
        said "Permission denied"
    }
    unreadable "$WORK/data/demo/gear" run "$WORK/job.yaml" -s output="$WORK/out" --dry-run
    unreadable "$WORK/data/demo/gear" run "$WORK/job.yaml" -s output="$WORK/out" --dry-run -s category=gear
    unreadable "$WORK/out/run" report "$WORK/out/run"
fi

echo "-- a table that was cut"
total=$(wc -l < "$WORK/out/run/results.csv")
for lines in $(seq 2 $((total - 1))); do
    head -n "$lines" "$WORK/out/run/results.csv" > "$WORK/cut.csv"
    within 2 report "$WORK/cut.csv"
    said "has no row MEAN: the file was cut"
done

echo "-- a job of a run that was cut"
cp "$WORK/out/run/run.yaml" "$WORK/whole.yaml"
cp "$WORK/out/run/results.csv" "$WORK/whole.csv"
for lines in 20 $(($(wc -l < "$WORK/whole.yaml") - 1)); do
    for command in status reduce; do
        head -n "$lines" "$WORK/whole.yaml" > "$WORK/out/run/run.yaml"
        within 2 $command "$WORK/out/run"
        said "run.yaml: was cut: it has no line '# end'"
    done
done
cmp "$WORK/whole.csv" "$WORK/out/run/results.csv" || fail "a cut run.yaml takes the results along"
grep -v '^# end' "$WORK/whole.yaml" | sed '1s/, whole to the line # end//' > "$WORK/out/run/run.yaml" # as older versions wrote it
within 0 reduce "$WORK/out/run"
cp "$WORK/whole.yaml" "$WORK/out/run/run.yaml"

echo "-- names that spreadsheets compute"
mkdir -p "$WORK/own"
cp -r "$WORK/data/demo/fabric" "$WORK/own/=1+1"
cp -r "$WORK/data/demo/fabric" "$WORK/own/@SUM(1)"
run -s dataset=folder -s roots.folder="$WORK/own" -s name=sheet
grep -q "^folder,'=1+1,1,0," "$WORK/out/sheet/results.csv" || fail "a formula is in the table: $(cut -c 1-60 "$WORK/out/sheet/results.csv")"
cut -d , -f 1-2 "$WORK/out/sheet/results.csv" | grep -q ",[=@]" && fail "a formula is in the table"
within 0 report "$WORK/out/sheet/results.csv"
grep -q "=1+1" "$WORK/said" || fail "the name is lost: $(cat "$WORK/said")"
! grep -q "'=1+1" "$WORK/said" || fail "the mark of the table is shown: $(cat "$WORK/said")"

echo "-- odd names through export and import"
rm -rf "$WORK/own"
mkdir -p "$WORK/own"
for name in '$(touch PWN)' 'a;b' '%s{0}*' '#"x"'"'"; do
    cp -r "$WORK/data/demo/fabric" "$WORK/own/$name"
    defect=$(ls "$WORK/own/$name/test" | grep -v good | head -1)
    mv "$WORK/own/$name/test/$defect" "$WORK/own/$name/test/=a,\"b"
    mv "$WORK/own/$name/ground_truth/$defect" "$WORK/own/$name/ground_truth/=a,\"b"
    first=$(ls "$WORK/own/$name/test/good" | head -1)
    mv "$WORK/own/$name/test/good/$first" "$WORK/own/$name/test/good/-\`id\` \$s^{.png"
done
run -s dataset=folder -s roots.folder="$WORK/own" -s name=odd -s metric_size=native -s sigma=0
within 0 export "$WORK/out/odd" --out "$WORK/odd" --tiff --overlay --csv
[ "$(find "$WORK/odd" -name '*.tiff' | wc -l)" = "$(find "$WORK/own" -path '*/test/*' -name '*.png' | wc -l)" ] || fail "maps are lost"
within 0 import "$WORK/odd/folder-k1-s0/maps" --dataset folder --data-root "$WORK/own" --name back --shots 1 -s output="$WORK/out"
for part in odd back; do cut -d , -f 2,8 "$WORK/out/$part/results.csv" | sort > "$WORK/names-$part"; done
cmp "$WORK/names-odd" "$WORK/names-back" || fail "names or numbers are lost: $(diff "$WORK/names-odd" "$WORK/names-back")"
for command in status report reduce; do within 0 $command "$WORK/out/odd"; done
[ -z "$(find . "$WORK" -maxdepth 3 -name PWN)" ] || fail "a name was run as a command"
