#!/usr/bin/env bash
# What slurm/submit makes of its options, of the program's plan and of the cluster's partitions; all three are stood in
# for, so no Slurm is needed. test_submit.sh SOURCE_DIR
set -euo pipefail
submit=$1/slurm/submit
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

mkdir "a bin"
cat >"a bin/fgad" <<'END'
#!/bin/sh
case "$*" in
    *shots=0*) echo "fgad: shots: 0 is below 1" >&2 && exit 2 ;;
    plan*) [ ! -e sized ] || cat sized ;;
    run*--dry-run*) echo "run some where/it's: 3 tasks (1 grid point)" ;;
    *) exit 9 ;;
esac
END
cat >"a bin/sinfo" <<'END'
#!/bin/sh
case "$*" in
    *%P*) printf 'old\nmain*\n' ;;
    *--partition=main*%c*) printf '48+\n32\n' ;;
    *--partition=main*%l*) echo 2-00:00:00 ;;
    *--partition=old*%c*) echo 8 ;;
    *--partition=old*%l*) echo 1:30:00 ;;
esac
END
cat >"a bin/sbatch" <<'END'
#!/bin/sh
case "$*" in
    *afterany*) echo "$*" >report.args && cat >report.script && echo 8 ;;
    *) [ ! -e refuse ] || exit 1 && cat >job.script && echo "7;cluster" ;;
esac
END
chmod +x "a bin/"*
PATH="$work/a bin:$PATH"
unset FGAD
echo "threads: 2" >"my job.yaml"

# shows ARGUMENT... : the script, into ./shown
shows() { "$submit" "my job.yaml" --fgad "a bin/fgad" --dry-run "$@" >shown || fail "refused: $*"; }
has() { grep -qFx -- "$1" shown || fail "no line '$1' in: $(cat shown)"; }
# refuses CODE WORD ARGUMENT...
refuses() {
    local code=$1 word=$2 got=0
    shift 2
    "$submit" "$@" >shown 2>said || got=$?
    [ "$got" -eq "$code" ] || fail "exit code $got, expected $code, of: $*"
    grep -qF -- "$word" said || fail "'$word' is not in the refusal of '$*': $(cat said)"
    [ "$(wc -l <said)" -le 2 ] || fail "more than a line and a hint: $(cat said)"
    [ ! -s shown ] || fail "output with a refusal: $(cat shown)"
}

# Without a plan: an hour, the cores of the partition's smallest node over the job's threads, five minutes of warning.
shows
has "#SBATCH --time=60"
has "#SBATCH --ntasks-per-node=16"
has "#SBATCH --cpus-per-task=2"
has "#SBATCH --signal=USR1@300"
has "#SBATCH --requeue"
has "#SBATCH --open-mode=append"
! grep -q -- "--mem" shown || fail "memory out of nothing"
shows --partition old --threads 1
has "#SBATCH --ntasks-per-node=8"
has "#SBATCH --partition=old"

# With a plan: half as much again and ten minutes, not beyond the partition's limit; memory a core.
printf 'makespan_seconds: 7200\nmemory_per_rank_mb: 1501\n' >sized
shows
has "#SBATCH --time=190"
has "#SBATCH --mem-per-cpu=751M"
shows --partition old
has "#SBATCH --time=90"
shows --time 0:10 --lead 60 --memory 10 --mpirun --array 4 --sbatch=--exclude=n7
has "#SBATCH --time=0:10"
has "#SBATCH --signal=B:USR1@5"
has "#SBATCH --mem-per-cpu=5M"
has "#SBATCH --array=1-4"
has "#SBATCH --exclude=n7"
shows --time 1-2
has "#SBATCH --signal=USR1@300"
shows --time UNLIMITED

# Spaces, quotes and dollars arrive as they were.
shows -- -s "name=it's a \$HOME & co" -s threads=3
has "#SBATCH --cpus-per-task=3"
eval "$(grep -m 1 '^command=' shown)"
# shellcheck disable=SC2154 # the line just evaluated sets it
printf '%s\n' "${command[@]}" >found
printf '%s\n' "$work/a bin/fgad" run "$work/my job.yaml" -s "name=it's a \$HOME & co" -s threads=3 -s threads=3 >expected
diff expected found || fail "the command changed on its way"

# Submission: the id without the cluster's name, the report after the job, the script kept with the logs.
"$submit" "my job.yaml" --fgad "a bin/fgad" >said
grep -qFx "job 7: $work/some where/it's" said || fail "said: $(cat said)"
grep -qFx "report 8: $work/some where/it's/report.txt" said || fail "said: $(cat said)"
grep -qF -- "--dependency=afterany:7" report.args || fail "the report depends on: $(cat report.args)"
cmp job.script "some where/it's/slurm/it's-7.sbatch" || fail "the script kept is another"

# The report is written of a run that is not whole, too, whose reduction ends with 1; not of one that cannot be read.
# reduces CODE: what the job's report script ends with when `fgad reduce` ends with CODE
reduces() {
    cat >"a bin/reduces" <<END
#!/bin/sh
case \$1 in --help) echo "  reduce RUN" ;; reduce) exit $1 ;; report) echo "a table" ;; esac
END
    chmod +x "a bin/reduces"
    rm -f "some where/it's/report.txt"
    sed "s|^fgad=.*|fgad='$work/a bin/reduces'|" report.script >report.run
    bash report.run >said 2>&1
}
reduces 0 || fail "the report ended with $?: $(cat said)"
reduces 1 || fail "the report of a run that is not whole ended with $?: $(cat said)"
grep -q "a table" "some where/it's/report.txt" || fail "no report of a run that is not whole"
! reduces 2 || fail "a run that cannot be read has a report"
"$submit" "my job.yaml" --fgad "a bin/fgad" --no-report | grep -q report && fail "--no-report reports"

refuses 2 "no job file" --fgad "a bin/fgad"
refuses 2 "'none.yaml' is not a file" none.yaml
refuses 2 "two job files" "my job.yaml" "my job.yaml"
refuses 2 "unknown option '--nodse'" "my job.yaml" --nodse 3
refuses 2 "--nodes is '0'" "my job.yaml" --nodes 0
refuses 2 "--array wants a value" "my job.yaml" --array
refuses 2 "--time is 'soon'" "my job.yaml" --fgad "a bin/fgad" --time soon
refuses 2 "'--time-limit'" "my job.yaml" -- --time-limit 5
refuses 2 "'--fresh'" "my job.yaml" --fgad "a bin/fgad" -- --fresh
refuses 2 "'--fresh'" "my job.yaml" --fgad "a bin/fgad" -- --fresh
refuses 2 "shots: 0 is below 1" "my job.yaml" --fgad "a bin/fgad" -- -s shots=0
refuses 1 "'no/fgad' is no program" "my job.yaml" --fgad no/fgad
touch refuse
refuses 1 "Slurm refused the job" "my job.yaml" --fgad "a bin/fgad"
