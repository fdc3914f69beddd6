#!/bin/sh
# Puts the list of crates into a binary, where cargo-audit, Trivy and Syft look for it: embed.sh LIST BINARY
#
# The form is that of cargo-auditable: JSON, packed by zlib, in the section `.dep-v0`. The blocks are stored as they are,
# so it takes no program besides those that link the binary, and the same list gives the same bytes everywhere.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
jq --compact-output --join-output --from-file "$here/auditable.jq" "$1" >"$work/json"

byte() { printf '%b' "$(printf '\\0%03o' "$@")"; }

pack() {
    byte 120 1
    size=$(wc -c <"$work/json")
    at=0
    last=0
    while [ "$last" = 0 ]; do
        length=$((size - at))
        last=1
        if [ "$length" -gt 65535 ]; then length=65535 last=0; fi
        low=$((length % 256)) high=$((length / 256))
        byte "$last" "$low" "$high" $((255 - low)) $((255 - high))
        tail -c +$((at + 1)) "$work/json" | head -c "$length"
        at=$((at + length))
    done
    # Adler-32, from the high byte to the low one.
    printf '%b' "$(od -An -v -tu1 "$work/json" | awk '
        BEGIN { a = 1 }
        { for (n = 1; n <= NF; n++) { a = (a + $n) % 65521; b = (b + a) % 65521 } }
        END { printf "\\0%03o\\0%03o\\0%03o\\0%03o", int(b / 256), b % 256, int(a / 256), a % 256 }')"
}
pack >"$work/packed"
objcopy --remove-section .dep-v0 --add-section .dep-v0="$work/packed" "$2"
