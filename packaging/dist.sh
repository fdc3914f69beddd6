#!/bin/sh
# Builds the static binary and packs it: `make dist` runs this.
#
# TARGET       what to build for; musl where rustc has it, otherwise glibc linked in
# OUT          where the archive goes; dist/
set -eu
cd "$(dirname "$0")/.."
cargo=${CARGO:-cargo}

if [ -z "${TARGET:-}" ]; then
    host=$(rustc -vV | sed -n 's/^host: //p')
    musl=$(echo "$host" | sed 's/-gnu$/-musl/')
    if [ -d "$(rustc --print target-libdir --target "$musl" 2>/dev/null)" ]; then TARGET=$musl; else TARGET=$host; fi
fi

# Random numbers from the system call: looked up by name, which a static program cannot, it would fall back to
# /dev/urandom, and not every root has one. No path of this machine in the binary: the same sources give the same bytes.
# Encoded, because a path may hold blanks.
CARGO_ENCODED_RUSTFLAGS=$(printf '%s\037' -C target-feature=+crt-static --cfg 'getrandom_backend="linux_getrandom"' \
    "--remap-path-prefix=$PWD=/cenbwp")--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo
export CARGO_ENCODED_RUSTFLAGS
if [ -z "${CENBWP_COMMIT:-}" ]; then
    CENBWP_COMMIT=$(git describe --always --dirty --exclude='*' --abbrev=12 2>/dev/null || echo unknown)
fi
export CENBWP_COMMIT
# With --target, build scripts and macros are built without these flags; they cannot be static.
"$cargo" build --release --locked --target "$TARGET" -p cenbwp

exec packaging/pack.sh "${CARGO_TARGET_DIR:-target}/$TARGET/release/cenbwp" "${OUT:-dist}"
