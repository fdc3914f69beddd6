#!/bin/sh
# Builds and packs the last commit twice, in folders of other names, depths and build folders, and compares the archives byte for
# byte. It takes as long as two releases, and needs no network once the crates are there.
set -eu
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
CENBWP_COMMIT=$(git rev-parse --short=12 HEAD)
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export CENBWP_COMMIT SOURCE_DATE_EPOCH

# build FOLDER BUILT: prints the archive of a build whose sources are in FOLDER, and whose build folder is BUILT.
build() {
    mkdir -p "$1"
    git archive HEAD | tar --extract --directory "$1"
    (cd "$1" && CARGO_TARGET_DIR=$2 OUT=$1/dist packaging/dist.sh)
}
first=$(build "$work/a" "$work/a/target")
second=$(build "$work/another folder/below" "$work/built elsewhere")
cmp "$first" "$second"
(cd "$(dirname "$first")" && cat ./*.sha256)
