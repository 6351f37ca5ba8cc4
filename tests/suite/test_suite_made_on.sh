# What files were made on is told: ranks of different kernels, a cache that another kind made. Kernels that every
# processor has, so that the test is the same on all.
. "$(dirname "$0")/lib.sh"
demo_data fabric tablet
OPENBLAS_CORETYPE=Nehalem "$FGAD" model info "$WORK/model" | grep -q 'core Nehalem' || { echo "skipped: the BLAS does not let itself be told" && exit 77; }
job="$WORK/job.yaml"
cat > "$job" <<YAML
dataset: [demo]
data_root: $WORK/data
model: $WORK/model
output: $WORK/out
shots: [1, 2]
resolution: 48
branches: [vad]
YAML
nehalem="Nehalem, 1 thread"
core2="Core2, 1 thread"
made_on() { h5dump -a made_on "$1" | sed -n 's/.*(0): "\(.*\)"$/\1/p'; }
# expect FILE TEXT: the only warning of this kind in FILE
expect() {
    [ "$(grep -c 'last bits' "$1")" = 1 ] && grep -q "$2" "$1" || fail "expected '$2': $(cat "$1")"
}

# Two ranks of two kinds: said at the start, in the table, under the report, in status and run.yaml.
mpirun --bind-to none -n 1 env OPENBLAS_CORETYPE=Nehalem "$FGAD" run "$job" -s name=mixed : \
    -n 1 env OPENBLAS_CORETYPE=Core2 "$FGAD" run "$job" -s name=mixed > "$WORK/stdout" 2> "$WORK/stderr" || fail "$(cat "$WORK/stderr")"
expect "$WORK/stderr" "warning: the ranks compute with 2 kinds of kernels: $core2 (1 rank); $nehalem (1 rank); last bits of a result depend"
both="$core2; $nehalem"
[ "$(made_on "$WORK/out/mixed/results.h5")" = "$both" ] || fail "results.h5 says $(made_on "$WORK/out/mixed/results.h5")"
note="(made on 2 kinds of kernels, on which last bits depend: $both)"
grep -qF "$note" "$WORK/stdout" || fail "not under the run's table: $(cat "$WORK/stdout")"
"$FGAD" report "$WORK/out/mixed" | grep -qF "$note" || fail "not under the report's table"
"$FGAD" status "$WORK/out/mixed" | grep -qF "made on $both: 2 kinds of kernels" || fail "not in status: $("$FGAD" status "$WORK/out/mixed")"
grep -qF "# made on $both" "$WORK/out/mixed/run.yaml" || fail "not in run.yaml: $(head -5 "$WORK/out/mixed/run.yaml")"

# One kind on its own cache: nothing is said.
OPENBLAS_CORETYPE=Nehalem "$FGAD" run "$job" -s output="$WORK/own" -s name=first > "$WORK/stdout" 2> "$WORK/stderr" || fail "$(cat "$WORK/stderr")"
! grep -q "last bits\|warning" "$WORK/stdout" "$WORK/stderr" || fail "one kind: $(cat "$WORK/stdout" "$WORK/stderr")"
"$FGAD" status "$WORK/own/first" | grep -qx "made on $nehalem" || fail "status of one kind: $("$FGAD" status "$WORK/own/first")"

# Another kind on that cache: said at the start, and the table is of both, though one rank made it.
OPENBLAS_CORETYPE=Core2 "$FGAD" run "$job" -s output="$WORK/own" -s name=second > "$WORK/stdout" 2> "$WORK/stderr" || fail "$(cat "$WORK/stderr")"
expect "$WORK/stderr" "warning: the cache in '$WORK/own/cache' was made on $nehalem, this run computes on $core2: last bits of a result"
[ "$(made_on "$WORK/own/second/results.h5")" = "$both" ] || fail "the second table says $(made_on "$WORK/own/second/results.h5")"
! grep -q "last bits" "$WORK/own/second/results.csv" || fail "results.csv"

# Threads change neither bits nor ids: nothing is made again, and they are no kind of their own.
OPENBLAS_CORETYPE=Nehalem "$FGAD" run "$job" -s output="$WORK/own" -s name=first -s threads=2 > "$WORK/stdout" 2>&1 || fail "$(cat "$WORK/stdout")"
grep -q "^0 tasks done, 4 kept from earlier runs" "$WORK/stdout" || fail "threads made tasks again: $(cat "$WORK/stdout")"
OPENBLAS_CORETYPE=Nehalem "$FGAD" run "$job" -s output="$WORK/two" -s name=third -s threads=2 > "$WORK/stdout" 2> "$WORK/stderr" || fail "$(cat "$WORK/stderr")"
[ "$(made_on "$WORK/two/third/results.h5")" = "$nehalem" ] || fail "two threads made $(made_on "$WORK/two/third/results.h5")"
"$FGAD" run --keys | grep -q "threads.*no bit" || fail "--keys does not say what threads change: $("$FGAD" run --keys | grep threads)"

# A learned head carries what it learned from; rescoring keeps what the maps were made on.
OPENBLAS_CORETYPE=Core2 "$FGAD" run "$job" -s output="$WORK/own" -s name=learned -s branches=pad,vad -s category=tablet -s shots=1 \
    -s pixel.epochs=2 -s image.epochs=2 > "$WORK/stdout" 2> "$WORK/stderr" || fail "$(cat "$WORK/stderr")"
head=$(find "$WORK/own/cache/prompts" -name '*.h5' | head -1)
[ "$(made_on "$head")" = "$both" ] || fail "the head says $(made_on "$head")"
"$FGAD" rescore "$WORK/own/learned" -s sigma=2 > "$WORK/stdout" 2>&1 || fail "$(cat "$WORK/stdout")"
[ "$(made_on "$(find "$WORK/own/learned/rescored" -name results.h5)")" = "$both" ] || fail "the rescored set forgets it"

# An instruction that the processor lacks: one line.
OPENBLAS_CORETYPE=Nehalem "$FGAD" run "$job" -s output="$WORK/ill" -s name=ill -s branches=pad -s pixel.epochs=100000 > "$WORK/stdout" 2> "$WORK/stderr" &
pid=$!
tries=0
until [ -n "$(find "$WORK/ill" -name '*.claim' 2> /dev/null)" ]; do
    tries=$((tries + 1))
    [ $tries -lt 600 ] || fail "the run does not begin: $(cat "$WORK/stderr")"
    sleep 0.05
done
kill -ILL $pid
code=0
wait $pid || code=$?
[ $code = 2 ] || fail "an illegal instruction ends with $code"
line="fgad: this processor lacks an instruction: OPENBLAS_CORETYPE is 'Nehalem', expected a kind of its own or an older one (hint: unset \
OPENBLAS_CORETYPE)"
[ "$(cat "$WORK/stderr")" = "$line" ] || fail "it says $(cat "$WORK/stderr")"
