#!/bin/sh
# Prints the path of a python3 that has the packages of a list: python.sh [LIST VENV], by default those of requirements.txt. Says
# why not, and fails, where it cannot be had: python3 with venv is needed, and PyPI once.
#
# VENV is the directory of the virtual environment (default CENBWP_SDK_VENV, else target/sdk-venv); it is kept between runs.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
list=${1:-$here/requirements.txt}
venv=${2:-${CENBWP_SDK_VENV:-$here/../../target/sdk-venv}}

missing() {
    echo "$1" >&2
    exit 1
}

# The stamp is written last and holds what was installed, so half an installation is never taken for a whole one.
if ! cmp -s "$list" "$venv/installed.txt" || ! "$venv/bin/python" --version >/dev/null 2>&1; then
    command -v python3 >/dev/null || missing "there is no python3"
    rm -rf "$venv"
    python3 -m venv "$venv" >/dev/null 2>&1 || missing "python3 has no venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$list" >"$venv/pip.log" 2>&1 ||
        missing "the packages could not be installed; see $venv/pip.log"
    cp "$list" "$venv/installed.txt"
fi
echo "$(cd "$venv" && pwd)/bin/python"
