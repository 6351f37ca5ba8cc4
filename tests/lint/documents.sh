#!/bin/sh
# lint.documents: what the code cites stands in the repository. documents.sh SOURCE-DIR FGAD
# Citations "METHOD.md 7" and "method/README.md 2" name a section that is there; keys marked **[option]** in src/METHOD.md are keys
# of a job; links between pages lead somewhere; jobs/KEYS.md is what the program says of its keys; every room has its line in src/README.md; methods in the table of src/method/README.md are values of the key `method`. (Brackets: see words.sh.)
cd "$1" || exit 1
fgad=$2
bad=0

complain()
{
    echo "$*"
    bad=1
}

# sections DOCUMENT PATTERN: every citation that the pattern finds ("file:line:...DOCUMENT 7.2" or "... 7") has its section.
sections()
{
    grep -rnoE --include='*.[ch]' --include='*.py' --include='*.sh' --include='*.md' --include='*.txt' \
        --include='*.yaml' "$2" src datasets tests analysis jobs 2>/dev/null |
        while IFS= read -r citation; do
            number=$(echo "$citation" | sed -E 's/.*[^0-9.]([0-9]+(\.[0-9]+)?)$/\1/')
            section=${number%%.*}
            item=${number#"$section"}
            grep -qE "^## $section\. " "$1" || { echo "$citation: $1 has no section $section"; continue; }
            [ -z "$item" ] || sed -n "/^## $section\. /,/^## /p" "$1" | grep -qE "^ *${item#.}\. " ||
                echo "$citation: $1 has no $number"
        done
}

lost=$(sections src/METHOD.md 'METHOD\.md (section )?[0-9]+(\.[0-9]+)?'
    sections src/method/README.md 'method/README\.md (section )?[0-9]+')
[ -z "$lost" ] || complain "$lost"

lost=$(grep -rnE --include='*.[ch]' --include='*.py' --include='*.sh' --include='*.md' --include='*.yaml' \
    '(BASELINE[S]|CAPTION[S]|FIEL[D]|DESIG[N]|STYL[E])\.md' . --exclude-dir=build --exclude-dir=.git)
[ -z "$lost" ] || complain "$lost
^ a document that is not in the repository (hint: cite "METHOD.md 7" or "method/README.md 2")"

# links: every "](path)" of a page leads to a file that is there, and "](#part)" to a heading.
lost=$(find . -name '*.md' -not -path './build/*' -not -path './results/*' -not -path './.git/*' | while IFS= read -r page; do
    grep -noE '\]\([^)]+\)' "$page" | while IFS= read -r link; do
        target=$(echo "$link" | sed -E 's/^[0-9]+:\]\(//; s/\)$//; s/ .*//')
        case $target in http:* | https:* | mailto:*) continue ;; esac
        file=${target%%#*} part=
        case $target in *#*) part=${target#*#} ;; esac
        there=$(dirname "$page")/$file
        [ -n "$file" ] || there=$page
        [ -e "$there" ] || { echo "$page:${link%%:*}: '$target' leads nowhere"; continue; }
        [ -z "$part" ] || grep -E '^#+ ' "$there" | tr 'A-Z ' 'a-z-' | sed 's/^#*-//; s/[^a-z0-9_-]//g' | grep -qxF "$part" ||
            echo "$page:${link%%:*}: '$there' has no heading '#$part'"
    done
done)
[ -z "$lost" ] || complain "$lost"

if [ -f jobs/KEYS.md ]; then
    "$fgad" help --keys | cmp -s - jobs/KEYS.md || complain "jobs/KEYS.md is not what the program says (hint: fgad help --keys > jobs/KEYS.md)"
fi

keys=$("$fgad" run --keys) || complain "'$fgad run --keys' fails"
for key in $(grep -oE '\*\*\[option\]\*\* `[a-z_.]+' src/METHOD.md | sed 's/.*`//' | sort -u); do
    echo "$keys" | grep -qE "^$key " || complain "src/METHOD.md: '$key' is no key of a job (fgad run --keys)"
done

known=$(echo "$keys" | sed -n '/^method /,/one of/s/.*one of: //p' | tr -d ' ' | tr , ' ')
for method in $(sed -n 's/^| `\([a-z_+]*\)` .*/\1/p' src/method/README.md | grep -v '^method$'); do
    case " $known " in
    *" $method "*) ;;
    *) complain "src/method/README.md: '$method' is no value of the key method ($known)" ;;
    esac
done
[ ! -f src/README.md ] || for room in src/*/; do
    room=$(basename "$room")
    [ -z "$(find "src/$room" -name '*.c')" ] || grep -q "^| \`$room\` |" src/README.md ||
        complain "src/README.md: the room '$room' has no line in its table"
done
exit $bad
