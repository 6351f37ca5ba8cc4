#!/bin/sh
# lint.words: tracked text files hold no promises of later work, no path of somebody's machine, no registry's host.
# words.sh SOURCE-DIR (the brackets keep this file from naming what it looks for)
cd "$1" || exit 1
git rev-parse --git-dir >/dev/null 2>&1 || { echo "skipped: not a git work tree"; exit 77; }
found=0

# refuse PATTERN WHY
refuse()
{
    if git grep -nIE -e "$1" -- . ; then
        echo "^ $2"
        found=1
    fi
}

refuse '\b(TOD[O]|FIXM[E]|XX[X]|HAC[K])\b' 'finish it, or leave it out and let it be refused with a clear message'
refuse 'not (yet )?implemente[d]' 'build it, or refuse with a message that says what is supported'
refuse '(^|[^A-Za-z0-9_.$}])/(wor[k]|hom[e]|roo[t]|User[s]|mn[t])/' 'an absolute path of one machine'
refuse '(^|[^A-Za-z0-9_.$}])/tm[p]/[a-z]' 'a path below the temporary folder of one machine'
refuse 'pyp[i]\.org|pythonhoste[d]\.org|npmj[s]\.(org|com)|crate[s]\.io|deb\.debia[n]\.org' "a package registry's host"
exit $found
