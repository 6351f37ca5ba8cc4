# For shell tests, which source it: an empty folder WORK (from CTest), and a way to end with what was wrong.
set -eu
fail() {
    echo "FAILED: $*" >&2
    exit 1
}
rm -rf "$WORK"
mkdir -p "$WORK"
