#!/bin/sh
# Builds the static binary and packs it: `make dist` runs this.
#
# TARGET       the target; by default musl if rustc has it, otherwise static glibc
# OUT          the folder for the archive; by default dist/
set -eu
cd "$(dirname "$0")/.."
cargo=${CARGO:-cargo}

if [ -z "${TARGET:-}" ]; then
    host=$(rustc -vV | sed -n 's/^host: //p')
    musl=$(echo "$host" | sed 's/-gnu$/-musl/')
    if [ -d "$(rustc --print target-libdir --target "$musl" 2>/dev/null)" ]; then TARGET=$musl; else TARGET=$host; fi
fi

built=${CARGO_TARGET_DIR:-$PWD/target}

# linux_getrandom: use the system call directly. By default it is looked up by name, which fails in a static program, and
# then /dev/urandom is read, which not every root has. --remap-path-prefix: no path of this machine is in the binary, so
# the same sources give the same bytes; packaging/repeat.sh proves it. The flags are encoded, because a path may hold blanks.
CARGO_ENCODED_RUSTFLAGS=$(printf '%s\037' -C target-feature=+crt-static --cfg 'getrandom_backend="linux_getrandom"' \
    "--remap-path-prefix=$PWD=/cenbwp" "--remap-path-prefix=$built=/target")--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo
export CARGO_ENCODED_RUSTFLAGS
if [ -z "${CENBWP_COMMIT:-}" ]; then
    CENBWP_COMMIT=$(git describe --always --dirty --exclude='*' --abbrev=12 2>/dev/null || echo unknown)
fi
export CENBWP_COMMIT
list=$built/cenbwp.cdx.json
mkdir -p "$built"
CARGO=$cargo packaging/sbom.sh "$TARGET" >"$list"
# --target keeps these flags from build scripts and macros, which cannot be static.
"$cargo" build --release --locked --target "$TARGET" -p cenbwp

# A copy: what cargo built stays as cargo knows it.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$built/$TARGET/release/cenbwp" "$work/cenbwp"
packaging/embed.sh "$list" "$work/cenbwp"

packaging/pack.sh "$work/cenbwp" "${OUT:-dist}" "$list"
