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
    *--dry-run\ --no-look*away*) echo "run $PWD/away: 3 tasks (1 grid point)" && exit 0 ;;
    *away*) echo "fgad: '/away': no such directory; expected the root of dataset 'folder'" >&2 && exit 2 ;;
    plan*) printf '%s\n' "$@" >sized_by && { [ ! -e sized ] || cat sized; } ;;
    run*--dry-run*) echo "run $(cat named 2>/dev/null || echo "some where/it's"): $(cat many 2>/dev/null || echo 3) tasks (1 grid point)" ;;
    run*)
        for word; do printf '%s\0' "$word"; done >words
        # The shell passes USR1 on to us, too.
        [ ! -e asks ] || { trap "" USR1 && kill -s "$(cat asks)" "$PPID"; }
        exit "$(cat ends 2>/dev/null || echo 0)"
        ;;
    *) exit 9 ;;
esac
END
cat >"a bin/sinfo" <<'END'
#!/bin/sh
case "$*" in
    *%P*) printf 'old\nmain*\n' ;;
    *--partition=main*%X*) printf '2 24+ 2+\n2 16 1\n' ;;
    *--partition=main*%l*) echo 2-00:00:00 ;;
    *--partition=old*%X*) printf '1 4 2\n2 4+ 2\n' ;;
    *--partition=old*%l*) echo 1:30:00 ;;
esac
END
cat >"a bin/sbatch" <<'END'
#!/bin/sh
env | grep -E '^(SBATCH|SQUEUE|SINFO|SLURM|PMI|PMIX)_' | sed 's/=.*//' >environment
case "$*" in
    *afterany*) printf '%s\n' "$@" >report.args && cat >report.script && echo 8 ;;
    *) [ ! -e refuse ] || exit 1 && printf '%s\n' "$@" >job.args && cat >job.script && echo "7;cluster" ;;
esac
END
# srun and mpirun drop their options; squeue knows a job that runs on.
cat >"a bin/srun" <<'END'
#!/bin/sh
[ ! -e launcher_fails ] || exit 1
while [ "${1#--}" != "$1" ]; do shift; done
exec "$@"
END
cat >"a bin/mpirun" <<'END'
#!/bin/sh
[ ! -e launcher_fails ] || exit 1
while [ "${1#-}" != "$1" ]; do case $1 in --bind-to | -x) shift ;; esac && shift; done
exec "$@"
END
cat >"a bin/squeue" <<'END'
#!/bin/sh
[ -z "${SQUEUE_FORMAT:-}${SLURM_TIME_FORMAT:-}" ] || exit 9
case "$*" in *%T*) echo RUNNING ;; *%e*) date -d '+1 hour' '+%FT%T' ;; esac
END
cat >"a bin/scontrol" <<'END'
#!/bin/sh
case "$*" in
    show*) echo "JobId=7 RunTime=00:01:00 PreemptEligibleTime=2026-01-01T00:00:00 PreemptTime=$(cat preempt 2>/dev/null || echo None) X=1" ;;
    requeue*) echo "$*" >>requeued ;;
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
has "#SBATCH --ntasks-per-node=4"
has "#SBATCH --partition=old"
has "#SBATCH --hint=nomultithread"

# With a plan: half as much again and ten minutes, not beyond the partition's limit; memory a core.
printf 'makespan_seconds: 7200\nmemory_request_mb: 1501\n' >sized
shows
has "#SBATCH --time=190"
has "#SBATCH --mem=24016M"
tail -n 2 sized_by >found
printf '%s\n' -s threads=2 | diff - found || fail "the plan is of another number of threads"
echo 'best_threads: 2' >>sized
[ -z "$("$submit" "my job.yaml" --fgad "a bin/fgad" --dry-run 2>&1 >shown)" ] ||
    fail "something is told of the threads that there are"
echo 'best_threads: 8' >sized
"$submit" "my job.yaml" --fgad "a bin/fgad" --dry-run 2>&1 >shown | grep -qx "submit: .* 8 threads a rank best: --threads 8" ||
    fail "not told of better threads"
printf 'makespan_seconds: 7200\nmemory_request_mb: 1501\n' >sized
! grep -q -- "--hint" shown || fail "a hint of hardware threads that there are none of"
for given in --mem=0 --mem-per-cpu=2G; do
    shows "--sbatch=$given"
    has "#SBATCH $given"
    [ "$(grep -c -- '--mem' shown)" -eq 1 ] || fail "two options of memory: $(grep -- --mem shown)"
done
shows --memory 0
has "#SBATCH --mem=0"
shows --memory none
! grep -q -- "--mem" shown || fail "memory though none is asked for"
shows --partition old
has "#SBATCH --time=90"
shows --time 0:10 --lead 60 --memory 10 --mpirun --array 4 --sbatch=--exclude=n7
has "#SBATCH --time=0:10"
has "#SBATCH --signal=B:USR1@5"
has "#SBATCH --mem=160M"
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
grep -qFx -- "--time=30" report.args || fail "the report's time: $(cat report.args)"
for case in 171000:main:115 171000:old:90 9999:main:34; do
    echo "${case%%:*}" >many
    "$submit" "my job.yaml" --fgad "a bin/fgad" --partition "$(cut -d: -f2 <<<"$case")" >said
    grep -qFx -- "--time=${case##*:}" report.args || fail "tasks, partition and the report's time $case: $(cat report.args)"
done
rm many
"$submit" "my job.yaml" --fgad "a bin/fgad" >said
grep -qF -- "--dependency=afterany:7" report.args || fail "the report depends on: $(cat report.args)"
cmp job.script "some where/it's/slurm/it's-7.sbatch" || fail "the script kept is another"

# What a shell inside an allocation or a user's habits set does not reach Slurm; who pays and on what kind of node does.
SBATCH_TIMELIMIT=1 SBATCH_OUTPUT=x.log SBATCH_ACCOUNT=me SBATCH_WAIT=1 SQUEUE_FORMAT=%i SINFO_FORMAT=%i SLURM_CONF=/c \
    SLURM_MEM_PER_NODE=1000 SLURM_JOB_ID=99 SLURM_TIME_FORMAT=relative PMIX_RANK=0 PMI_FD=3 \
    "$submit" "my job.yaml" --fgad "a bin/fgad" --time 30 --no-report >said 2>told
[ "$(sort environment | tr '\n' ' ')" = "SBATCH_ACCOUNT SLURM_CONF " ] || fail "reached sbatch: $(cat environment)"
grep -qFx -- "--time=30" job.args || fail "no time on sbatch's command line: $(cat job.args)"
grep -q "set aside.*SBATCH_OUTPUT SBATCH_TIMELIMIT" told || fail "not told what was set aside: $(cat told)"
SBATCH_PARTITION=old shows
has "#SBATCH --ntasks-per-node=2"
rm sized

# runs SCRIPT: as Slurm would, but that nothing tells it of nodes; its code into $code
runs() {
    code=0
    SLURM_JOB_ID=7 SLURM_CPUS_PER_TASK=2 SLURM_JOB_NODELIST=n1 SLURM_NTASKS=1 SLURM_PROCID=0 SQUEUE_FORMAT=%i SLURM_TIME_FORMAT=relative \
        bash "$1" >log 2>&1 || code=$?
}

# Nothing that a user may name is a command of the shell anywhere: the scripts run, and fgad gets the very words.
n=0
# shellcheck disable=SC2016 # that is the point
for evil in 'x@NAME@$(touch PWN)' '@COMMAND@`touch PWN`' '"; touch PWN; "' "'; touch PWN; '" 'a b;touch PWN' '-x' '#x' '* ? [a]' '~' '!!' \
    '$HOME' '${IFS}' '&touch PWN&' '|touch PWN' '>PWN' 'a=b' '@MPI@' '@DIRECTIVES@' '{a,b}' $'tab\xc3\xa9'; do
    for launcher in --mpi=pmix --mpirun; do
        n=$((n + 1))
        mkdir -p "runs/$n" && echo "runs/$n/$evil" >named
        cp "my job.yaml" "./$evil.yaml" && cp "a bin/fgad" "a bin/$evil" # PATH has no say: a path is given
        "$submit" "./$evil.yaml" --fgad "a bin/$evil" "$launcher" --mpi "$evil" --partition "$evil" --account "$evil" \
            "--sbatch=--comment=$evil" -- -s "name=$evil" -s "output=$evil" -s "roots.folder=$evil" -s "model=$evil" >said 2>told ||
            fail "refused '$evil': $(cat told)"
        runs job.script
        [ "$code" -eq 0 ] || fail "the script of '$evil' ended with $code: $(cat log)"
        printf '%s\0' run "$work/./$evil.yaml" -s "name=$evil" -s "output=$evil" -s "roots.folder=$evil" -s "model=$evil" \
            -s threads=2 | sed -z "s|/\./|/|" >expected
        tr '\0' '\n' <words | sed '/^--time-limit$/,$d' | tr '\n' '\0' >found
        cmp expected found || fail "the words of '$evil' changed on their way: $(tr '\0' '\n' <words)"
        grep -qFx -- "--comment=$evil" job.args || fail "the option of '$evil' changed: $(cat job.args)"
        grep -qFx -- "--partition=$evil" job.args || fail "the partition '$evil' changed: $(cat job.args)"
        bash report.script >log 2>&1 || true # the stand-in knows no report
        [ -z "$(find . -name 'PWN*')" ] || fail "'$evil' ran a command"
        rm -f "./$evil.yaml" "a bin/$evil"
    done
done
rm named
for evil in $'a\nb' $'a\rb' $'\e[2J'; do
    refuses 1 "control character" "my job.yaml" --fgad "a bin/fgad" -- -s "name=$evil"
    refuses 2 "control character" "my job.yaml" --fgad "a bin/fgad" --partition "$evil"
    refuses 2 "control character" "my job.yaml" --fgad "a bin/fgad" "--sbatch=--comment=$evil"
done
refuses 2 "--sbatch is 'job.sh'" "my job.yaml" --fgad "a bin/fgad" --sbatch job.sh
refuses 2 "--time is '1:2:3:4'" "my job.yaml" --fgad "a bin/fgad" --time 1:2:3:4
refuses 2 "--time is '-5'" "my job.yaml" --fgad "a bin/fgad" --time=-5
for time in 5 5:30 1:05:30 1-2 1-2:30 1-02:30:59 infinite Unlimited; do shows --time "$time" && has "#SBATCH --time=$time"; done

# The launcher's failure is told from tasks that failed.
"$submit" "my job.yaml" --fgad "a bin/fgad" --no-report >said
echo 1 >ends
runs job.script
{ [ "$code" -eq 1 ] && grep -q "some tasks failed" log; } || fail "tasks that failed ended with $code: $(cat log)"
touch launcher_fails
for launcher in --mpi=pmix --mpi=none --mpirun; do
    "$submit" "my job.yaml" --fgad "a bin/fgad" --no-report "$launcher" >said
    runs job.script
    { [ "$code" -eq 3 ] && grep -q "could not be started" log; } || fail "a launcher that failed ended with $code: $(cat log)"
    ! grep -q "tasks failed" log || fail "a launcher that failed: $(cat log)"
done
rm launcher_fails ends

# Asked to stop from outside, this shell too: whatever code the launcher then ends with, it is no failure of tasks.
for launcher in --mpi=pmix --mpi=none --mpirun; do
    "$submit" "my job.yaml" --fgad "a bin/fgad" --no-report "$launcher" >said
    for case in USR1:75 TERM:137 HUP:1; do
        rm -f "some where/it's/slurm"/*.requeues
        echo "${case%:*}" >asks
        echo "${case#*:}" >ends
        runs job.script
        { [ "$code" -eq 75 ] && grep -q "stopped with work left: requeue 1" log; } ||
            fail "$launcher: signal and end of the ranks $case: $code, $(cat log)"
    done
    echo 0 >ends
    runs job.script
    { [ "$code" -eq 0 ] && grep -q "all done" log; } || fail "$launcher: a signal at the end: $code, $(cat log)"
done
rm -f asks ends requeued "some where/it's/slurm"/*.requeues

# Many plain processes: the same words, every process's errors, the first one's table alone.
"$submit" "my job.yaml" --fgad "a bin/fgad" --no-report --mpi none -- -s "name=it's" >said
grep -q -- "--mpi=none .*--wait=0" job.script || fail "no plain launch: $(cat job.script)"
has_signal() { grep -qFx -- "#SBATCH --signal=USR1@300" job.script || fail "the warning reaches not every process"; }
has_signal
runs job.script
[ "$code" -eq 0 ] || fail "plain processes ended with $code: $(cat log)"
tr '\0' '\n' <words | grep -qFx "name=it's" || fail "the words changed on their way: $(tr '\0' '\n' <words)"

# Lives that others took are not counted; those it used up are, to the cap. A life that ended without a word is told of.
logs="some where/it's/slurm"
"$submit" "my job.yaml" --fgad "a bin/fgad" --no-report --max-requeues 2 >said
echo 75 >ends
rm -f "$logs"/*.requeues requeued
echo 2026-11-28T08:00:00 >preempt
for life in 1 2 3 4; do
    runs job.script
    grep -q "preempted with work left: requeued, which is not counted" log || fail "preemption $life: $(cat log)"
done
rm preempt
runs job.script
grep -q "stopped with work left: requeue 1 of at most 2" log || fail "preemptions were counted: $(cat log)"
runs job.script
grep -q "requeue 2 of at most 2" log || fail "the second life: $(cat log)"
runs job.script
grep -q "after 2 requeues, the most allowed" log || fail "the cap: $(cat log)"
[ "$(wc -l <requeued)" -eq 6 ] || fail "requeued $(wc -l <requeued) times, expected 6"
! grep -q "without a word" log || fail "a life that ended well is said not to have: $(cat log)"
echo "2026-11-28 08:00:00" >"$logs/7.alive"
runs job.script
grep -q "the life before, begun 2026-11-28 08:00:00, ended without a word (a node failed" log || fail "a lost life: $(cat log)"
[ ! -e "$logs/7.alive" ] || fail "a life that ended well leaves its mark"
rm -f ends "$logs"/*.requeues

# The report is written of a run that is not whole, too, whose reduction ends with 1; not of one that cannot be read.
"$submit" "my job.yaml" --fgad "a bin/fgad" >said
# reduces CODE: what the job's report script ends with when `fgad reduce` ends with CODE
reduces() {
    cat >"a bin/reduces" <<END
#!/bin/sh
case \$1 in --help) echo "  reduce RUN" ;; reduce) [ "\$3" = --if-needed ] || exit 9; exit $1 ;; report) echo "a table" ;; esac
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
refuses 2 "--memory is '-1'" "my job.yaml" --memory -1
refuses 2 "--array wants a value" "my job.yaml" --array
refuses 2 "--time is 'soon'" "my job.yaml" --fgad "a bin/fgad" --time soon
refuses 2 "'--time-limit'" "my job.yaml" -- --time-limit 5
refuses 2 "'--fresh'" "my job.yaml" --fgad "a bin/fgad" -- --fresh
refuses 2 "'--fresh'" "my job.yaml" --fgad "a bin/fgad" -- --fresh
refuses 2 "shots: 0 is below 1" "my job.yaml" --fgad "a bin/fgad" -- -s shots=0
refuses 2 "--no-look submits without a look" "my job.yaml" --fgad "a bin/fgad" -- -s data_root=away
shows --no-look -- -s data_root=away
refuses 1 "'no/fgad' is no program" "my job.yaml" --fgad no/fgad
touch refuse
refuses 1 "Slurm refused the job" "my job.yaml" --fgad "a bin/fgad"
