#!/bin/sh
# Drives every operation of the emulator with the vendor's own Python SDKs, V3 and V1, over HTTP on loopback.
#
# Where python.sh finds no Python with the SDKs it says `skipped` and succeeds, unless CENBWP_REQUIRE_SDK=1.
# CEN_EMULATOR names the emulator's binary; without it, it is built.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)

if ! python=$("$here/python.sh" 2>&1); then
    echo "sdk interop: skipped, $python"
    if [ "${CENBWP_REQUIRE_SDK:-}" = 1 ]; then exit 1; fi
    exit 0
fi

emulator=${CEN_EMULATOR:-}
if [ -z "$emulator" ]; then
    cargo build --quiet --manifest-path "$root/Cargo.toml" -p cenbwp-tests --bin cen-emulator
    emulator=${CARGO_TARGET_DIR:-$root/target}/debug/cen-emulator
fi

for sdk in v3 v1; do
    "$emulator" --seed-file "$here/seed.json" -- "$python" -B "$here/$sdk.py"
done
echo "sdk interop: passed, both SDKs"
