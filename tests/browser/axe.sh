#!/bin/sh
# Prints the path of the script of axe-core, in the version and with the hash of package-lock.json. Says why not, and
# fails, where it cannot be had: npm is needed, and its registry once.
#
# CENBWP_AXE names the directory of the installation (default target/axe); it is kept between runs.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
axe=${CENBWP_AXE:-$here/../../target/axe}

missing() {
    echo "$1" >&2
    exit 1
}

# The stamp is written last, so half an installation is never taken for a whole one.
if ! cmp -s "$here/package-lock.json" "$axe/installed.json"; then
    command -v npm >/dev/null || missing "there is no npm"
    rm -rf "$axe"
    mkdir -p "$axe"
    cp "$here/package.json" "$here/package-lock.json" "$axe"
    npm ci --prefix "$axe" --ignore-scripts --no-audit --no-fund --fetch-retries=1 --fetch-timeout=30000 >"$axe/npm.log" 2>&1 ||
        missing "it could not be installed; see $axe/npm.log"
    cp "$here/package-lock.json" "$axe/installed.json"
fi
echo "$(cd "$axe" && pwd)/node_modules/axe-core/axe.min.js"
