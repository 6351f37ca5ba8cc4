# Completions and man pages hold every sub-command and every option that --help tells of, and shells take them. FGAD, WORK and
# DATA (with the demo in it) come from CTest.
. "$(dirname "$0")/../support/shell.sh"
"$FGAD" help --man "$WORK/man" > "$WORK/log" || fail "help --man"
"$FGAD" help --completion bash > "$WORK/fgad.bash" || fail "help --completion bash"
"$FGAD" help --completion zsh > "$WORK/_fgad" || fail "help --completion zsh"
"$FGAD" --help | sed -n 's/^  \([a-z ]*[a-z]\)  .*/\1/p' > "$WORK/commands"
[ "$(wc -l < "$WORK/commands")" -ge 18 ] || fail "commands: $(cat "$WORK/commands")"

# complete WORD...: what bash offers for the last word
cat > "$WORK/complete.bash" <<'BASH'
source "$1"
shift
compopt() { :; }
COMP_WORDS=(fgad "$@")
COMP_CWORD=$#
_fgad
printf '%s\n' "${COMPREPLY[@]}"
BASH
complete() {
    bash "$WORK/complete.bash" "$WORK/fgad.bash" "$@"
}
tested=0
while read -r first second; do
    name=$first${second:+ $second}
    page=$WORK/man/fgad-$first${second:+-$second}.1
    [ -s "$page" ] || fail "no man page of '$name'"
    complete "" | grep -qx -- "$first" || fail "bash does not offer '$first'"
    [ -z "$second" ] || complete "$first" "" | grep -qx -- "$second" || fail "bash does not offer '$name'"
    grep -q "compadd -- .*$first" "$WORK/_fgad" || fail "zsh does not offer '$first'"
    # Every word of the help that is an option, before the examples and outside of sentences.
    "$FGAD" $name --help | sed '/^examples:/,$d' | sed -n 's/^  \(-[^ ]*\(, --[a-z-]*\)*\).*/\1/p' | tr ',' '\n' | sed 's/^ *//' | sort -u > "$WORK/options"
    for option in $(cat "$WORK/options"); do
        complete $first $second - | grep -qx -- "$option" || fail "bash does not offer $option of '$name'"
        grep -q "^ *'$name'.* $option[ ']" "$WORK/_fgad" || fail "zsh does not offer $option of '$name'"
        sed 's/\\-/-/g' "$page" | grep -q -- "$option" || fail "$option is not in the man page of '$name'"
        tested=$((tested + 1))
    done
done < "$WORK/commands"
# Every command that is told of is run by its name, and refuses an option that it does not have.
while read -r name; do
    code=0
    "$FGAD" $name --no-such-option > "$WORK/out" 2> "$WORK/errors" < /dev/null || code=$?
    [ $code = 2 ] && grep -q "^fgad" "$WORK/errors" && ! grep -q "no command" "$WORK/errors" ||
        fail "'$name --no-such-option' ends with $code: $(cat "$WORK/errors")"
done < "$WORK/commands"
[ $tested -gt 80 ] || fail "only $tested options were looked at"
complete run job.yaml -s eps | grep -qx "epsilon=" || fail "bash does not offer keys after -s"
[ "$(find "$WORK/man" -name '*.1' | wc -l)" -eq $(($(wc -l < "$WORK/commands") + 1)) ] || fail "man pages that are of no command"
if command -v zsh > /dev/null; then zsh -n "$WORK/_fgad" || fail "zsh does not read its completion"; fi
if command -v groff > /dev/null; then
    for page in "$WORK"/man/*.1; do
        groff -man -ww -Tutf8 "$page" > "$WORK/page" 2> "$WORK/warnings" || fail "$page"
        [ ! -s "$WORK/warnings" ] || fail "$page: $(head -3 "$WORK/warnings")"
    done
fi
code=0
"$FGAD" help --completion fish 2> "$WORK/errors" || code=$?
[ $code = 2 ] && grep -q "expected bash or zsh" "$WORK/errors" || fail "--completion fish: $code"

# What is printed for programs is JSON, and the version's first line is the program's own.
"$FGAD" --version > "$WORK/version"
[ "$(head -1 "$WORK/version" | cut -d' ' -f1)" = fgad ] && grep -q "BLAS: " "$WORK/version" && grep -q "MPI: " "$WORK/version" &&
    grep -q "HDF5 " "$WORK/version" || fail "--version: $(cat "$WORK/version")"
"$FGAD" model info datasets/models/demo-clip --format json > "$WORK/model.json" || fail "model info --format json"
grep -q '"embedding": 128' "$WORK/model.json" || fail "model info: $(cat "$WORK/model.json")"
"$FGAD" plan jobs/demo.yaml --assume --ranks 2 --format json -s output="$WORK/out" -s data_root="$DATA" > "$WORK/plan.json" || fail "plan --format json"
grep -q '"ranks": 2' "$WORK/plan.json" && grep -q '"makespan_seconds": [0-9]' "$WORK/plan.json" || fail "plan: $(cat "$WORK/plan.json")"
if command -v python3 > /dev/null; then
    for file in model plan; do python3 -m json.tool "$WORK/$file.json" > /dev/null || fail "$file.json is no JSON"; done
fi
