# For the suite's shell tests, which source it: FGAD, MAKE_MODEL, DATA and WORK come from CTest. A failed check ends the test.
. "$(dirname "$0")/../support/shell.sh"
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
export OMPI_MCA_btl=self,vader,tcp
# Open MPI leaves blocks in modules that it has unloaded: no leak check under mpirun.
export ASAN_OPTIONS=detect_leaks=0

# ranks N ARGUMENTS...: fgad under N ranks
ranks() {
    n=$1
    shift
    mpirun --bind-to none -n "$n" "$FGAD" "$@"
}

# same_results RUN1 RUN2: the tables are equal to the last bit, and so are the maps of every task
same_results() {
    cmp "$1/results.csv" "$2/results.csv" || fail "results.csv differs between $1 and $2"
    count=0
    for file in "$1"/tasks/*/*/*.h5; do
        other="$2/${file#"$1"/}"
        [ -f "$other" ] || fail "$other is missing"
        h5diff "$file" "$other" maps maps || fail "the maps of $file and $other differ"
        h5diff "$file" "$other" metrics metrics || fail "the metrics of $file and $other differ"
        if h5ls "$file/heads" > /dev/null 2>&1; then
            h5diff "$file" "$other" heads heads || fail "the heads of $file and $other differ"
        fi
        count=$((count + 1))
    done
    for file in $([ ! -d "$1/heads" ] || find "$1/heads" -name '*.h5'); do
        other="$2/${file#"$1"/}"
        [ -f "$other" ] || fail "$other is missing"
        h5diff "$file" "$other" prompts prompts || fail "the prompts of $file and $other differ"
    done
    [ "$count" -gt 0 ] || fail "$1 has no tasks"
}

# head_of TASK HEAD: the file of the run that holds the task's head
head_of() {
    run_of=${1%/tasks/*}
    place=$(dirname "${1#"$run_of"/tasks/}")
    echo "$run_of/heads/$place/$(h5dump -a "/heads/$2" "$1" | sed -n 's/.*(0): "\(.*\)"/\1/p').h5"
}

# demo_data [CATEGORY...]: the demo images (all, or these categories) and the toy model, as $WORK/data/demo and $WORK/model.
# They are made once by the fixture suite_data; a test that changes them works on its own copy.
demo_data() {
    mkdir -p "$WORK/data/demo"
    ln -sfn "$DATA/model" "$WORK/model"
    for category in ${*:-$(ls "$DATA/demo")}; do cp -r "$DATA/demo/$category" "$WORK/data/demo/"; done
}

# gear_job: $WORK/job.yaml, which learns both heads of the demo's gear in seconds, for tests of what changes no bit
gear_job() {
    cat > "$WORK/job.yaml" <<YAML
name: run
dataset: [demo]
data_root: $WORK/data
assets: $(cd "$(dirname "$0")/../.." && pwd)/datasets
model: $WORK/model
shots: [2]
resolution: 48
pixel: {epochs: 3}
image: {epochs: 3, n_pro: 4}
checkpoint_every: 1
YAML
}

# write_merges FILE VOCABULARY: merges for a model of that vocabulary. First those of the tests, which know the captions' words;
# then made-up ones of letters and digits, enough for a model as large as CLIP's own.
write_merges() {
    awk -v wanted=$(($2 - 514)) '
        function put(pair) { if (wanted > 0 && !(pair in seen)) { seen[pair]; print pair; wanted-- } }
        NR == 1 { print; next }
        { put($0) }
        END {
            n = split("a b c d e f g h i j k l m n o p q r s t u v w x y z 0 1 2 3 4 5 6 7 8 9", c, " ")
            for (i = 1; i <= n; i++) for (j = 1; j <= n; j++) { put(c[i] " " c[j]); put(c[i] " " c[j] "</w>") }
            for (i = 1; i <= n; i++) for (j = 1; j <= n; j++) for (k = 1; k <= n; k++) put(c[i] c[j] " " c[k])
        }' "$(dirname "$0")/../golden/clip/merges-small.txt" > "$1"
}
