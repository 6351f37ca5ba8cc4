#!/bin/sh
# lint.documents_selftest: plants one wrong citation, key or method at a time and wants lint.documents to name it.
# documents_selftest.sh WORK-DIR
here=$(cd "$(dirname "$0")" && pwd)
work=$1/documents_selftest
failed=0

build_house()
{
    rm -rf "$work"
    mkdir -p "$work/src/align" "$work/src/method"
    printf '# M\n\n## 1. One\n**[option]** `epsilon`\n\n## 12. Where\n1. Taps.\n2. Other.\n' >"$work/src/METHOD.md"
    printf '| `method` | s |\n| `patchcore` | 3 |\n\n## 3. PatchCore\n' >"$work/src/method/README.md"
    echo '/* METHOD.md 1, METHOD.md 12.2, method/README.md 3. */' >"$work/src/align/align.h"
    mkdir -p "$work/jobs"
    printf 'See [one](../src/METHOD.md#1-one).\n' >"$work/jobs/KEYS.md"
    printf '#!/bin/sh\n[ "$1" != help ] || { cat "%s"; exit; }\necho "epsilon   margin"\necho "method    what"\necho "    default: a; one of: a, patchcore"\n' "$work/keys" >"$work/fgad"
    cp "$work/jobs/KEYS.md" "$work/keys"
    chmod +x "$work/fgad"
}

# expect FILE LINE MESSAGE
expect()
{
    build_house
    echo "$2" >>"$work/$1"
    if output=$(sh "$here/documents.sh" "$work" "$work/fgad"); then
        echo "lint.documents passed $1 with '$2'"
        failed=1
    elif ! echo "$output" | grep -qF "$3"; then
        echo "lint.documents refused $1 with '$2', but said '$output', expected '$3'"
        failed=1
    fi
}

build_house
sh "$here/documents.sh" "$work" "$work/fgad" || { echo "lint.documents refuses the right house"; failed=1; }
expect src/align/align.h "/* As METHOD"".md 13 has it. */" '13: src/METHOD.md has no section 13'
expect src/align/align.h "/* METHOD"".md 12.3 */" 'src/METHOD.md has no 12.3'
expect src/align/align.h "/* method/READ""ME.md 4 */" 'src/method/README.md has no section 4'
expect src/align/align.h "/* BASELINE""S.md 4 */" 'a document that is not in the repository'
expect src/METHOD.md 'See [there](method/NONE.md).' "'method/NONE.md' leads nowhere"
expect src/METHOD.md 'See [one](#1-two).' "has no heading '#1-two'"
expect jobs/KEYS.md 'another line' "jobs/KEYS.md is not what the program says"
expect src/METHOD.md '**[option]** `epsilom`' "'epsilom' is no key of a job"
expect src/method/README.md '| `spade` | 5 |' "'spade' is no value of the key method (a patchcore)"
build_house
printf '| `detect` | maps |\n' >"$work/src/README.md"
echo 'int align;' >"$work/src/align/align_loss.c"
if output=$(sh "$here/documents.sh" "$work" "$work/fgad") || ! echo "$output" | grep -qF "the room 'align' has no line"; then
    echo "lint.documents said '$output' of a room that src/README.md does not know"
    failed=1
fi
rm -rf "$work"
exit $failed
