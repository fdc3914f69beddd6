#!/bin/sh
# Prints the crates that a binary for TARGET is made of and built with, as CycloneDX JSON: sbom.sh TARGET
#
# `cargo tree` tells which they are, because it counts features as the build does; `cargo metadata` tells their licences and
# which needs which; Cargo.lock has their checksums. The same sources give the same bytes.
set -eu
cd "$(dirname "$0")/.."
cargo=${CARGO:-cargo}
if ! command -v jq >/dev/null; then
    echo "sbom: jq is not there; on Debian: apt-get install jq" >&2
    exit 1
fi
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}

tree() {
    "$cargo" tree --locked --package cenbwp --target "$1" --edges "$2" --prefix none --format '{p}' |
        sed 's/ (.*//' | sort -u
}
linked=$(tree "$1" normal)
built=$(tree "$1" normal,build)
"$cargo" metadata --locked --format-version 1 --filter-platform "$1" |
    jq --sort-keys --from-file packaging/sbom.jq --rawfile lock Cargo.lock --argjson epoch "$SOURCE_DATE_EPOCH" \
        --arg linked "$linked" --arg built "$built"
