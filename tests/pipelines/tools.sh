#!/bin/sh
# Installs the tools of a list and prints their folder: tools.sh pip, tools.sh npm, tools.sh airflow. Says why not, and fails,
# where they cannot be had: python3 with venv and PyPI once, or npm on Linux x86-64 and its registry once.
#
# CENBWP_PIPELINE_TOOLS names the directory (default target/pipeline-tools); it is kept between runs.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
tools=${CENBWP_PIPELINE_TOOLS:-$here/../../target/pipeline-tools}/$1

missing() {
    echo "$1" >&2
    exit 1
}

# The stamp is written last and holds what was installed, so half an installation is never taken for a whole one.
case $1 in
pip) list=$here/requirements.txt ;;
npm) list=$here/npm.txt ;;
airflow) list=$here/airflow.txt ;;
esac
if ! cmp -s "$list" "$tools/installed.txt"; then
    rm -rf "$tools"
    mkdir -p "$tools"
    case $1 in
    pip | airflow)
        command -v python3 >/dev/null || missing "there is no python3"
        python3 -m venv "$tools" >/dev/null 2>&1 || missing "python3 has no venv"
        ;;
    esac
    case $1 in
    pip)
        timeout 300 "$tools/bin/pip" install --quiet --disable-pip-version-check -r "$list" >"$tools/install.log" 2>&1 ||
            missing "the tools of PyPI could not be installed; see $tools/install.log"
        ;;
    airflow)
        # pip takes minutes for so many packages, and uv seconds. The tests begin with a copy of the new database.
        {
            timeout 300 "$tools/bin/pip" install --quiet --disable-pip-version-check "$(grep '^uv==' "$list")" &&
                timeout 300 "$tools/bin/uv" pip install --quiet --no-deps --python "$tools/bin/python" -r "$list" &&
                AIRFLOW_HOME=$tools/home timeout 300 "$tools/bin/airflow" db migrate
        } >"$tools/install.log" 2>&1 || missing "Airflow could not be installed; see $tools/install.log"
        ;;
    npm)
        command -v npm >/dev/null || missing "there is no npm"
        [ "$(uname -s -m)" = "Linux x86_64" ] || missing "its Node.js is for Linux on x86-64"
        # shellcheck disable=SC2046 # one word for each package
        timeout 300 npm install --prefix "$tools" --ignore-scripts --no-fund --no-audit $(cat "$list") >"$tools/install.log" 2>&1 ||
            missing "the tools of npm could not be installed; see $tools/install.log"
        ;;
    esac
    cp "$list" "$tools/installed.txt"
fi
cd "$tools" && pwd
