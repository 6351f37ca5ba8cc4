# `fgad mfsc caption` against a stub endpoint on this machine. It needs Python's standard library, nothing else.
for python in /usr/bin/python3 python3; do
    command -v $python > /dev/null && exec $python "$(dirname "$0")/caption_stub.py"
done
echo "skipped: no Python"
exit 77
