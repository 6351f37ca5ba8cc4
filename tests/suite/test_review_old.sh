# A run as commit 5c73643 left it: status, report, rescore and export work on it, and status names who made it. Made by
#   fgad run on demo/gear of the tests' data and toy model, 1 shot, 1 epoch, n_ahp 1, n_ab 1, resolution 32.
. "$(dirname "$0")/lib.sh"
demo_data gear
root=$(cd "$(dirname "$0")/../.." && pwd)
ln -s "$root/datasets" "$WORK/datasets"
mkdir "$WORK/out"
cp -r "$GOLDEN/suite/run-5c73643" "$WORK/out/"
chmod -R u+w "$WORK/out"
cd "$WORK"
run=out/run-5c73643

"$FGAD" report $run --metrics all > log || fail "report: $(cat log)"
grep -q "gear .*46\.67" log || fail "the report of the old run: $(cat log)"

# Nothing of it counts as a task of today's options, and nobody is told that nothing is there.
"$FGAD" status $run > log 2>&1 && fail "the old run counts as complete"
grep -q "^1 task file of other options, images or another version is there, too; run.yaml was written by fgad 0\.1\.0+5c73643: report and rescore read them" log ||
    fail "status does not name who made the run: $(cat log)"

"$FGAD" rescore $run --name same > log 2>&1 || fail "rescore: $(cat log)"
awk -F, 'FNR == NR { for (i = 7; i <= 14; i++) value[FNR, i] = $i; rows++; next }
    FNR > 1 { for (i = 7; i <= 14; i++) { d = $i - value[FNR, i]; if (d > 1e-4 || d < -1e-4 || ($i == "") != (value[FNR, i] == "")) exit 1 } }
    END { exit FNR == rows ? 0 : 1 }' $run/results.csv $run/rescored/same/results.csv || fail "rescoring changed the old run's numbers"
"$FGAD" rescore $run --name vad -s branches=vad -s sigma=2 > log 2>&1 || fail "rescore -s branches=vad: $(cat log)"
"$FGAD" export $run --out maps --tiff > log 2>&1 || fail "export: $(cat log)"
[ "$(find maps -name '*.tiff' | wc -l)" -ge 20 ] || fail "maps are missing: $(cat log)"
