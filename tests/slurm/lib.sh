# shellcheck shell=bash
# For the tests on a real Slurm, which source it: FGAD, MAKE_MODEL, GOLDEN and WORK come from CTest. 77: no Slurm can run here.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cluster=$here/cluster.sh
"$cluster" check || exit 77

fail() {
    echo "FAILED: $*" >&2
    tail -n 40 "$state/log/slurmctld.log" "$WORK"/out/*/run/slurm/*.log >&2 2>/dev/null || true
    exit 1
}

# What the caller's shell may have set for a cluster of its own.
while read -r name; do
    unset "$name"
done < <(compgen -e | grep -E '^(SLURM|SBATCH|SRUN|SALLOC)_')

rm -rf "$WORK"
mkdir -p "$WORK"
state=$(mktemp -d -t fgad-slurm.XXXXXX) # sockets want a short path
trap '"$cluster" stop "$state"' EXIT

# patience SECONDS WHAT COMMAND...
patience() {
    local limit=$1 what=$2 i
    shift 2
    for ((i = 0; i < 5 * limit; i++)); do
        if "$@"; then
            return
        fi
        sleep 0.2
    done
    squeue >&2
    sinfo --Node >&2
    fail "$what: not within $limit s"
}
# A controller that does not answer in time has not said that its queue is empty.
queue_is_empty() {
    local jobs
    jobs=$(squeue --noheader) && [ -z "$jobs" ]
}
