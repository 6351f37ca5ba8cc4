#!/bin/sh
# The numeric test programs under one kind of OpenBLAS kernels. core.sh CORE CPU-FLAG PROBE PROGRAM...; PROBE is one that calls BLAS.
# 77: the processor lacks the flag, or the BLAS in use has no such kernels.
core=$1
flag=$2
probe=$3
shift 3
grep -qw "$flag" /proc/cpuinfo 2> /dev/null || { echo "skipped: this processor has no $flag"; exit 77; }
export OPENBLAS_CORETYPE="$core"
# What OpenBLAS itself says that it uses: a core it does not know leaves it with its own choice.
found=$(OPENBLAS_VERBOSE=2 "$probe" 2>&1 | sed -n 's/^Core: //p' | head -1)
[ "$found" = "$core" ] || { echo "skipped: asked for the kernels of $core, the BLAS has '$found'"; exit 77; }
status=0
for program in "$@"; do
    "$program" > "matrix-$core.log" 2>&1
    code=$?
    [ $code = 0 ] || [ $code = 77 ] || { echo "FAILED on $core: $program"; cat "matrix-$core.log"; status=1; }
done
rm -f "matrix-$core.log"
echo "$# programs on $core"
exit $status
