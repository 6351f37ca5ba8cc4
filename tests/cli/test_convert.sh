# datasets/models/convert: see convert_cases.py. MAKE_MODEL, FGAD and WORK come from CTest.
set -eu
python=
for p in /usr/bin/python3 python3; do
    command -v $p > /dev/null && $p -c 'import numpy' 2> /dev/null && python=$p && break
done
[ -n "$python" ] || { echo "skipped: no Python with numpy" && exit 77; }
rm -rf "$WORK"
mkdir -p "$WORK"
"$MAKE_MODEL" "$WORK/toy" --preset toy > /dev/null
$python -B tests/cli/convert_cases.py "$WORK" "$WORK/toy" "$FGAD"
