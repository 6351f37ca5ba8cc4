# For the fetch scripts, which source it: fetch_file URL PATH DIGEST. With dry_run set it says what it would do.

[ -n "$dry_run" ] || command -v curl > /dev/null || {
    echo "fetch: curl is missing (hint: jobs/install, or a package of that name)" >&2
    exit 2
}

# The SHA-256 that the hub tells of a large file in a header, or nothing.
told_digest() {
    curl -sSI "$1" 2> /dev/null | tr -d '\r"' | sed -n 's/^[Xx]-[Ll]inked-[Ee][Tt]ag: *\([0-9a-f]\{64\}\)$/\1/p'
}

# DIGEST: 64 hex digits, "hub" (ask), or "unknown". The file appears under its name when it is whole and right.
fetch_file() {
    url=$1 path=$2 digest=$3
    if [ -n "$dry_run" ]; then
        state=
        [ -f "$path" ] && state=" (is there)"
        echo "$url -> $path$state"
        return 0
    fi
    if [ -f "$path" ]; then
        echo "$path is there"
        return 0
    fi
    mkdir -p "$(dirname "$path")"
    [ "$digest" = hub ] && digest=$(told_digest "$url")
    # Without a digest nothing would tell a wrong half from a right one: such files (small ones) begin anew.
    [ ${#digest} = 64 ] || rm -f "$path.part"
    found=
    [ -f "$path.part" ] && found=$(sha256sum "$path.part" | cut -d ' ' -f 1)
    if [ -z "$found" ] || [ "$found" != "$digest" ]; then
        echo "$url"
        curl -fL --retry 3 -C - --progress-bar -o "$path.part" "$url" || {
            echo "fetch: '$url' did not arrive whole; run the same command again to go on" >&2
            exit 1
        }
        found=$(sha256sum "$path.part" | cut -d ' ' -f 1)
    fi
    if [ ${#digest} = 64 ] && [ "$found" != "$digest" ]; then
        rm -f "$path.part.bad" && mv "$path.part" "$path.part.bad"
        echo "fetch: '$url' has SHA-256 $found, expected $digest; it is set aside as $path.part.bad" >&2
        exit 1
    fi
    mv "$path.part" "$path"
    if [ ${#digest} = 64 ]; then told="as expected"; else told="recorded: none is known to compare with"; fi
    echo "$path: SHA-256 $found ($told)"
}
