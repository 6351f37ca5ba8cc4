# OpenBLAS starts with one thread whatever the environment says, and where the address space has no room for its buffer there is
# one line instead of a loop without end. FGAD and WORK come from CTest.
. "$(dirname "$0")/../support/shell.sh"
model=datasets/models/demo-clip

# Set by the user or not: the job says how many threads there are.
for value in unset 1 4 ""; do
    if [ "$value" = unset ]; then unset OPENBLAS_NUM_THREADS; else export OPENBLAS_NUM_THREADS="$value"; fi
    "$FGAD" model info $model > "$WORK/info" || fail "model info with OPENBLAS_NUM_THREADS '$value'"
    grep -q '^blas .*, 1 thread$' "$WORK/info" || fail "OPENBLAS_NUM_THREADS '$value': $(grep '^blas' "$WORK/info")"
done
# Arguments and exit codes come through, and so does the rest of the environment.
unset OPENBLAS_NUM_THREADS
code=0
"$FGAD" 'no such' "command" 2> "$WORK/errors" || code=$?
[ $code = 2 ] && grep -q "no command 'no such command'" "$WORK/errors" || fail "arguments: $code, $(cat "$WORK/errors")"

# Programs under a sanitizer need terabytes of address space.
if ! (ulimit -v 400000 && "$FGAD" --version > "$WORK/version" 2>&1); then
    grep -qi sanitizer "$WORK/version" && exit 0
    fail "400 MB are too few to start: $(cat "$WORK/version")"
fi
# A stack that nothing fits on is told of, too.
code=0
(ulimit -s 64 && "$FGAD" model info $model > "$WORK/info" 2> "$WORK/errors") || code=$?
[ "$code $(cat "$WORK/errors")" = "2 fgad: the stack is limited to 64 KB, expected 256 KB or more (hint: ulimit -s 8192)" ] ||
    fail "64 KB of stack: $code, $(cat "$WORK/errors")"
(ulimit -s 256 && "$FGAD" model info $model > "$WORK/info") || fail "256 KB of stack are too few"
# Room for the buffer of one thread, not for those of a thread a core.
(ulimit -v 400000 && timeout -k 1 60 "$FGAD" model info $model > "$WORK/info") || fail "400 MB are too few for one thread"
code=0
(ulimit -v 150000 && timeout -k 1 60 "$FGAD" model info $model > "$WORK/info" 2> "$WORK/errors") || code=$?
[ $code = 2 ] || fail "150 MB of address space ended with $code: $(cat "$WORK/errors")"
[ "$(cat "$WORK/errors")" = "fgad: no address space for 1 BLAS thread, 128 MB each within ulimit -v 150000 (hint: ulimit -v unlimited; \
memory is better bounded by the batch system)" ] || fail "150 MB of address space said: $(cat "$WORK/errors")"
