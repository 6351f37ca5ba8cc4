#!/usr/bin/env bash
# A real Slurm on this machine for as long as a test needs it: one controller, two nodes (n1, n2), munge.
#
#   cluster.sh check       exit 0 if a cluster can run here; else one line with the reason and exit 77
#   cluster.sh start DIR [PID]
#                          start it, with all of its state in DIR (made if missing); return when both nodes are idle.
#                          With PID it stops by itself when that process ends, even by kill -9
#   cluster.sh fail DIR NODE
#                          a node as if its power went: its slurmd and all processes of jobs on it end by kill -9
#   cluster.sh env DIR     print what points Slurm's commands, and MPI, at it: eval "$(cluster.sh env DIR)"
#   cluster.sh stop DIR    cancel its jobs, end its processes, remove DIR
#
# It reads and writes nothing in /etc, /var or /run, needs neither systemd nor cgroups, and takes free ports, so that
# it can stand beside a Slurm the machine already has. start on a running cluster and stop on a stopped one do nothing.
# Both nodes are this machine: processes are tracked through /proc and nothing is bound to cores. CLUSTER_EXTRA of the
# environment are more lines of slurm.conf, and CLUSTER_SILENCE the seconds after which a silent node is down (60).
set -euo pipefail

readonly NODES="n1 n2"
readonly NODE_CPUS=4 # more than a small machine may have, so that three array elements of two ranks run at once
readonly MARK='made by cluster.sh of fgad'

die() {
    printf 'cluster.sh: %s\n' "$*" >&2
    exit 1
}

# The daemons live in sbin, which a user's PATH may lack.
PATH="$PATH:/usr/sbin:/sbin"

reason_against() {
    local tool
    if [ "$(id -u)" -ne 0 ]; then
        echo "slurmd starts job steps as root, and this is user $(id -un)"
        return
    fi
    for tool in munged slurmctld slurmd sbatch srun squeue scontrol scancel; do
        if ! command -v "$tool" >/dev/null; then
            echo "no '$tool' (hint: apt-get install slurm-wlm munge)"
            return
        fi
    done
}

port_is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# free_ports N: N consecutive free ports below the range the kernel hands out for outgoing connections.
free_ports() {
    local count=$1 try base i
    for ((try = 0; try < 50; try++)); do
        base=$((17000 + RANDOM % 12000))
        for ((i = 0; i < count; i++)); do
            port_is_free $((base + i)) || continue 2
        done
        echo "$base"
        return
    done
    die "no $count free consecutive ports found between 17000 and 29000"
}

# alive PID: a zombie is dead; in a container nobody may ever reap it.
alive() { [ -n "$1" ] && kill -0 "$1" 2>/dev/null && ! grep -q '^State:[[:space:]]*Z' "/proc/$1/status" 2>/dev/null; }
pid_alive() { [ -s "$1" ] && alive "$(cat "$1")"; }

# await SECONDS WHAT COMMAND...: poll until the command succeeds; else say what did not come about, with the logs' ends.
await() {
    local limit=$1 what=$2 i
    shift 2
    for ((i = 0; i < limit * 5; i++)); do
        if "$@" >/dev/null 2>&1; then
            return
        fi
        sleep 0.2
    done
    tail -n 5 "$DIR"/log/*.log >&2 2>/dev/null || true
    die "$what within $limit s (logs: $DIR/log)"
}

write_config() {
    local base host
    base=$(free_ports 3)
    host=$(hostname -s)
    # cred_expire also is how long a requeued job waits before its next start: 120 s unless told.
    # PMIx makes a folder of one name a job step in TmpFS, which nodes of one host must not share.
  cat >"$DIR/slurm.conf" <<END
# $MARK
ClusterName=fgadtest
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$base
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket=$DIR/munge/socket,cred_expire=5
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=1,sched_interval=1,sched_min_interval=0
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
SlurmdParameters=config_overrides
ReturnToService=2
KillWait=10
MinJobAge=600
SlurmctldTimeout=30
SlurmdTimeout=${CLUSTER_SILENCE:-60}
StateSaveLocation=$DIR/state
SlurmdSpoolDir=$DIR/spool/%n
TmpFS=$DIR/tmp/%n
SlurmctldPidFile=$DIR/pid/slurmctld
SlurmdPidFile=$DIR/pid/slurmd-%n
SlurmctldLogFile=$DIR/log/slurmctld.log
SlurmdLogFile=$DIR/log/slurmd-%n.log
MailProg=/bin/true
SlurmctldDebug=info
SlurmdDebug=info
NodeName=n[1-2] NodeHostname=$host NodeAddr=127.0.0.1 Port=[$((base + 1))-$((base + 2))] CPUs=$NODE_CPUS RealMemory=64000 State=UNKNOWN
${CLUSTER_EXTRA:-}
PartitionName=main Nodes=n[1-2] Default=YES MaxTime=INFINITE State=UP OverSubscribe=NO
END
}

start_munge() {
    if pid_alive "$DIR/pid/munged"; then
        return
    fi
    rm -f "$DIR/munge/socket" "$DIR/munge/socket.lock"
    if [ ! -s "$DIR/munge/key" ]; then
        (umask 077 && head -c 1024 /dev/urandom >"$DIR/munge/key")
    fi
    # --force: a container's directories may be writable by a group, which munged only warns of then.
    munged --force --socket="$DIR/munge/socket" --key-file="$DIR/munge/key" --seed-file="$DIR/munge/seed" \
        --pid-file="$DIR/pid/munged" --log-file="$DIR/log/munged.log" 2>"$DIR/log/munged.start.log" ||
        die "munged did not start: $(tail -n 1 "$DIR/log/munged.start.log")"
    await 10 "munge made no credential" munge --socket="$DIR/munge/socket" --no-input
}

nodes_are_idle() { [ "$(sinfo --noheader --Node --partition=main --format=%t | grep -cx idle)" -eq 2 ]; }

cluster_start() {
    local reason node
    reason=$(reason_against)
    if [ -n "$reason" ]; then
        die "$reason"
    fi
    # A socket's path holds 107 characters; slurmstepd's are the longest made below DIR.
    if [ ${#DIR} -gt 60 ]; then
        die "'$DIR' has ${#DIR} characters, at most 60 leave room for sockets' names (hint: a folder in /tmp)"
    fi
    if [ -e "$DIR" ] && [ ! -e "$DIR/slurm.conf" ] && [ -n "$(ls -A "$DIR")" ]; then
        die "'$DIR' is neither empty nor a cluster's folder"
    fi
    mkdir -p "$DIR"/{munge,state,spool,pid,log}
    for node in $NODES; do
        mkdir -p "$DIR/spool/$node" "$DIR/tmp/$node"
    done
    if [ ! -e "$DIR/slurm.conf" ]; then
        write_config
    fi
    start_munge
    if ! pid_alive "$DIR/pid/slurmctld"; then
        slurmctld -f "$DIR/slurm.conf" >"$DIR/log/slurmctld.start.log" 2>&1 ||
            die "slurmctld did not start: $(tail -n 1 "$DIR/log/slurmctld.start.log")"
    fi
    await 20 "slurmctld did not answer" scontrol ping
    for node in $NODES; do
        if ! pid_alive "$DIR/pid/slurmd-$node"; then
            slurmd -N "$node" -f "$DIR/slurm.conf" >"$DIR/log/slurmd-$node.start.log" 2>&1 ||
                die "slurmd of node $node did not start: $(tail -n 1 "$DIR/log/slurmd-$node.start.log")"
        fi
    done
    await 30 "the nodes did not become idle" nodes_are_idle
    if [ -n "$OWNER" ]; then
        # shellcheck disable=SC2016 # its own arguments
        setsid bash -c 'while kill -0 "$1" && [ -e "$2" ]; do sleep 1; done; exec bash "$3" stop "$2"' \
            _ "$OWNER" "$DIR" "$(realpath "$0")" </dev/null >/dev/null 2>&1 &
    fi
}

# Job processes and their slurmstepd carry the path of this cluster's configuration and a job id in their environment.
# Callers of this script may have the first, never both unless they run inside one of the jobs.
job_pids() {
    local environ pid
    for environ in /proc/[0-9]*/environ; do
        pid=${environ#/proc/}
        pid=${pid%/environ}
        if tr '\0' '\n' <"$environ" 2>/dev/null | grep -Fxq "SLURM_CONF=$DIR/slurm.conf"; then
            case "$(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null)" in
                *slurmstepd*) echo "$pid" ;;
                *) if tr '\0' '\n' <"$environ" 2>/dev/null | grep -q '^SLURM_JOB_ID='; then echo "$pid"; fi ;;
            esac
        fi
    done 2>/dev/null
}

no_jobs() {
    local jobs
    jobs=$(squeue --noheader) && [ -z "$jobs" ]
}

# end_pid FILE: TERM, ten seconds of patience, KILL.
end_pid() {
    local pid i
    if ! pid_alive "$1"; then
        return
    fi
    pid=$(cat "$1")
    kill "$pid" 2>/dev/null || true
    for ((i = 0; i < 50; i++)); do
        alive "$pid" || return 0
        sleep 0.2
    done
    kill -KILL "$pid" 2>/dev/null || true
}

# What job processes know of the node they are on; a slurmstepd is known by its children.
cluster_fail() {
    local pid parent
    [ -e "$DIR/spool/$1" ] || die "'$1' is no node of this cluster"
    kill -KILL "$(cat "$DIR/pid/slurmd-$1")"
    for pid in $(job_pids); do
        tr '\0' '\n' <"/proc/$pid/environ" 2>/dev/null | grep -qx "SLURMD_NODENAME=$1" || continue
        parent=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$pid/status" 2>/dev/null)
        case "$(tr '\0' ' ' <"/proc/${parent:-none}/cmdline" 2>/dev/null)" in
            *slurmstepd*) kill -KILL "$parent" 2>/dev/null || true ;;
        esac
        kill -KILL "$pid" 2>/dev/null || true
    done
}

cluster_stop() {
    local node pid i
    if [ ! -e "$DIR" ]; then
        return
    fi
    if ! grep -qF "$MARK" "$DIR/slurm.conf" 2>/dev/null; then
        die "'$DIR' is not a cluster's folder, so nothing in it was touched"
    fi
    if pid_alive "$DIR/pid/slurmctld"; then
        scancel --user=root >/dev/null 2>&1 || true
        for ((i = 0; i < 75; i++)); do
            no_jobs 2>/dev/null && break
            sleep 0.2
        done
    fi
    for node in $NODES; do
        end_pid "$DIR/pid/slurmd-$node"
    done
    end_pid "$DIR/pid/slurmctld"
    for pid in $(job_pids); do
        kill -KILL "$pid" 2>/dev/null || true
    done
    end_pid "$DIR/pid/munged"
    rm -rf "$DIR"
}

# What a shell needs to use the cluster. Open MPI refuses root unless told; its shared-memory segments are named after
# the host and the rank's number on its node, so that ranks of two nodes on one host would share one: TCP alone, over the
# one interface that every machine has; and more ranks than cores must not spin.
cluster_env() {
    printf 'export SLURM_CONF=%q\n' "$SLURM_CONF"
    echo "export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1"
    echo "export OMPI_MCA_btl=self,tcp OMPI_MCA_btl_tcp_if_include=lo OMPI_MCA_oob_tcp_if_include=lo"
    echo "export OMPI_MCA_mpi_yield_when_idle=1"
}

usage() {
    sed -n '2,12s/^# \{0,1\}//p' "$0" >&2
    exit 2
}

case "${1:-}" in
    check)
        reason=$(reason_against)
        if [ -n "$reason" ]; then
            echo "skipped: $reason"
            exit 77
        fi
        exit 0
        ;;
    start | stop | env | fail) ;;
    *) usage ;;
esac
case $1$# in
    start2 | start3 | stop2 | env2 | fail3) ;;
    *) usage ;;
esac
OWNER=${3:-} # of start
DIR=$(realpath -m "$2")
[ "$DIR" != / ] || die "the root is no folder for a cluster"
export SLURM_CONF="$DIR/slurm.conf"
# Inside a job of another cluster these would point the commands there.
unset SLURM_JOB_ID SLURM_JOBID SLURM_CLUSTERS
case "$1" in
    start) cluster_start ;;
    stop) cluster_stop ;;
    fail) cluster_fail "$3" ;;
    env) cluster_env ;;
esac
