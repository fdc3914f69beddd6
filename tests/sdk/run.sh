#!/bin/sh
# Drives every operation of the emulator with the vendor's own Python SDKs, V3 and V1, over HTTP on loopback.
#
# Needs python3 with venv, and PyPI once; without them it says `skipped` and succeeds, unless CENBWP_REQUIRE_SDK=1.
# CENBWP_SDK_VENV names the directory of the virtual environment (default target/sdk-venv); it is kept between runs.
# CEN_EMULATOR names the emulator's binary; without it, it is built.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
venv=${CENBWP_SDK_VENV:-$root/target/sdk-venv}

skip() {
    echo "sdk interop: skipped, $1"
    if [ "${CENBWP_REQUIRE_SDK:-}" = 1 ]; then exit 1; fi
    exit 0
}

# The stamp is written last and holds what was installed, so half an installation is never taken for a whole one.
if ! cmp -s "$here/requirements.txt" "$venv/installed.txt" || ! "$venv/bin/python" --version >/dev/null 2>&1; then
    command -v python3 >/dev/null || skip "there is no python3"
    rm -rf "$venv"
    python3 -m venv "$venv" >/dev/null 2>&1 || skip "python3 has no venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt" >"$venv/pip.log" 2>&1 ||
        skip "the SDKs could not be installed; see $venv/pip.log"
    cp "$here/requirements.txt" "$venv/installed.txt"
fi

emulator=${CEN_EMULATOR:-}
if [ -z "$emulator" ]; then
    cargo build --quiet --manifest-path "$root/Cargo.toml" -p cenbwp-tests --bin cen-emulator
    emulator=${CARGO_TARGET_DIR:-$root/target}/debug/cen-emulator
fi

for sdk in v3 v1; do
    "$emulator" --seed-file "$here/seed.json" -- "$venv/bin/python" -B "$here/$sdk.py"
done
echo "sdk interop: passed, both SDKs"
