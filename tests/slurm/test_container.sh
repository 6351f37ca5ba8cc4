#!/bin/sh
# The steps of slurm/Containerfile, one after another, in a fresh Debian made by debootstrap: what they install runs there as a
# user's program, with its assets, man pages and completions, and the sources gone. WORK comes from CTest, and CONTAINER_ROOT of the
# environment is the folder of a fresh Debian to take a copy of. 77: none can be made here (no root, no debootstrap, no mirror).
set -eu
fail() {
    echo "FAILED: $*" >&2
    exit 1
}
skip() {
    echo "skipped: $*"
    exit 77
}
here=$(cd "$(dirname "$0")" && pwd)
[ "$(id -u)" = 0 ] || skip "a root of another Debian is entered as root"
# A name space of its own: what is mounted goes with this process.
if [ -z "${CONTAINER_TEST:-}" ]; then
    unshare --mount --propagation private true 2> /dev/null || skip "no name space of its own for mounts"
    CONTAINER_TEST=1 exec unshare --mount --propagation private "$0" "$@"
fi
root=$WORK/root
rm -rf --one-file-system "$WORK"
mkdir -p "$WORK"
trap 'umount "$root/proc" 2> /dev/null || true; rm -rf --one-file-system "$WORK"' EXIT
recipe=$here/../../slurm/Containerfile
release=$(sed -n 's/^FROM debian:12$/bookworm/p' "$recipe")
[ -n "$release" ] || fail "the recipe is not made FROM debian:12"
if [ -n "${CONTAINER_ROOT:-}" ]; then
    cp -a "$CONTAINER_ROOT" "$root"
else
    command -v debootstrap > /dev/null || skip "no debootstrap"
    # shellcheck disable=SC2016 # apt's own word
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' "Codename: $release" 2> /dev/null | head -n 1)
    [ -n "$mirror" ] || skip "apt here knows no mirror of $release"
    debootstrap --variant=minbase "$release" "$root" "$mirror" > "$WORK/log" 2>&1 || skip "debootstrap: $(tail -n 1 "$WORK/log")"
    grep -rh '^Acquire.*Proxy' /etc/apt/apt.conf.d > "$root/etc/apt/apt.conf.d/proxy" 2> /dev/null || true
fi
cp -L /etc/resolv.conf "$root/etc/resolv.conf"
mount --bind /proc "$root/proc" || skip "/proc cannot be shared"
for device in null zero urandom; do [ -c "$root/dev/$device" ] || skip "no devices in $root"; done

# inside FOLDER COMMAND: as a container's shell would, with nothing of this one's environment
inside() { env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root chroot "$root" sh -ec "cd $1; $2"; }

at=/ steps=0
while read -r word rest; do
    case $word in
        '' | '#'* | FROM | ENTRYPOINT) ;;
        WORKDIR) at=$rest && mkdir -p "$root$at" ;;
        COPY)
            target=$root${rest##* }
            mkdir -p "$target"
            for source in ${rest% *}; do
                source=$here/../../$source
                if [ -d "$source" ]; then cp -r "$source/." "$target"; else cp "$source" "$target"; fi
            done
            ;;
        RUN)
            inside "$at" "$rest" > "$WORK/log" 2>&1 || fail "RUN $rest: $(tail -n 20 "$WORK/log")"
            steps=$((steps + 1))
            ;;
        *) fail "'$word' is nothing that is tried here" ;;
    esac
done < "$recipe"
[ "$steps" -ge 4 ] || fail "$steps steps were run"
[ "$(sed -n 's/^ENTRYPOINT //p' "$recipe")" = '["fgad"]' ] || fail "the entry is not fgad"

rm -r "$root/fgad"
inside / "fgad --version && ls /usr/local/share/man/man1/fgad.1 /usr/local/share/bash-completion/completions/fgad \
    /usr/local/share/fgad/slurm/submit" > "$WORK/log" 2>&1 || fail "what was installed: $(cat "$WORK/log")"
inside / "useradd -m somebody && su somebody -c 'cd && fgad data demo data/demo &&
    mpirun --oversubscribe --bind-to none -n 2 fgad run /usr/local/share/fgad/jobs/demo.yaml -s data_root=data -s output=out -s category=gear \
        -s model=/usr/local/share/fgad/datasets/models/demo-clip -s shots=1 -s seeds=0 -s pixel.epochs=2 -s image.epochs=1 &&
    fgad report out/demo'" > "$WORK/log" 2>&1 || fail "a run: $(tail -n 20 "$WORK/log")"
grep -q '^1 task done' "$WORK/log" || fail "no task was done: $(tail -n 20 "$WORK/log")"
