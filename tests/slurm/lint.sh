#!/bin/sh
# Every shell script of slurm/ and of this folder, and each kind of job script that submit makes, passes shellcheck.
# lint.sh SOURCE_DIR. 77: no shellcheck here.
set -eu
command -v shellcheck >/dev/null || {
    echo "skipped: no 'shellcheck' (hint: apt-get install shellcheck)"
    exit 77
}
cd "$1"
shellcheck slurm/submit tests/slurm/*.sh
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# All that submit needs of the program is the first line of its plan.
printf '#!/bin/sh\necho "run a run/b: 3 tasks (1 grid point)"\n' >"$scratch/fgad"
chmod +x "$scratch/fgad"
touch "$scratch/job.yaml"
for options in "" "--mpi none" "--mpirun" "--array 3" "--array 3 --mpirun --partition p --memory 900 --no-report"; do
    # shellcheck disable=SC2086 # several options in one word
    slurm/submit "$scratch/job.yaml" --fgad "$scratch/fgad" --dry-run $options -- -s "name=a b" >"$scratch/script"
    sed '/^# ---- then/,$d' "$scratch/script" >"$scratch/job"
    sed '1,/^# ---- then/d' "$scratch/script" >"$scratch/report"
    shellcheck "$scratch/job"
    [ ! -s "$scratch/report" ] || shellcheck "$scratch/report"
    if grep -n '@[A-Z_]*@' "$scratch/script"; then
        echo "a place of the template was not filled ($options)"
        exit 1
    fi
done
