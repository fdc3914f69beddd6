#!/bin/sh
# Reads the golden feeds of `cenbwp status` with programs of others: Python's csv, icalendar, the parsers of prometheus_client,
# and promtool. The tests of the crate hold the program to the same files.
#
# What cannot be had is skipped, with the reason, unless CENBWP_REQUIRE_FEEDS=1. CENBWP_PROMTOOL names another promtool.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
golden=$root/crates/apply/tests/reports
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

skip() {
    echo "feeds: $1: skipped, $2"
    if [ "${CENBWP_REQUIRE_FEEDS:-}" = 1 ]; then exit 1; fi
}

# A reader that finds nothing anywhere proves nothing: each of these has a fault.
sed "s/\"'=cmd/\"=cmd/" "$golden/status.csv" >"$work/formula.csv"
sed 's/@cenbwp/\n&/' "$golden/status.ics" >"$work/broken.ics"
sed '/^TRIGGER:-P3D/d' "$golden/status.ics" >"$work/late.ics"
sed 's/is charged in 5 days/ends in 14 days/' "$golden/status.ics" >"$work/silent.ics"
sed 's/renews="yes"/renews="no"/' "$golden/status.prom" >"$work/renewal.prom"
grep -v EOF "$golden/status.prom" >"$work/cut.prom"
sed 's/ gauge$/ gage/' "$golden/status.prom" >"$work/type.prom"

if python=$("$root/tests/sdk/python.sh" "$here/requirements.txt" "$root/target/feeds-venv" 2>"$work/why"); then
    "$python" -B "$here/read.py" "$golden/status.json" "$golden/status.csv" "$golden/status.ics" "$golden/status.prom"
    for fault in formula.csv broken.ics late.ics silent.ics renewal.prom cut.prom; do
        if "$python" -B "$here/read.py" "$golden/status.json" "$work/$fault" >/dev/null 2>&1; then
            echo "feeds: nothing was found in $fault"
            exit 1
        fi
    done
    echo "feeds: csv, icalendar and prometheus_client: passed"
else
    skip "icalendar and prometheus_client" "$(cat "$work/why")"
fi

# Debian's package would also start a server; its archive alone is enough.
promtool=${CENBWP_PROMTOOL:-$(command -v promtool || true)}
kept=$root/target/promtool
if [ -z "$promtool" ] && ! [ -x "$kept/usr/bin/promtool" ] && command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null; then
    (cd "$work" && timeout 120 apt-get download prometheus && dpkg-deb -x prometheus_*.deb deb && rm -rf "$kept" && mv deb "$kept") \
        >/dev/null 2>&1 || true
fi
if [ -z "$promtool" ] && [ -x "$kept/usr/bin/promtool" ]; then promtool=$kept/usr/bin/promtool; fi
if [ -z "$promtool" ]; then
    skip promtool "it is not there; on Debian: apt-get install prometheus"
    exit 0
fi
for name in status no-status; do
    "$promtool" check metrics <"$golden/$name.prom"
done
if "$promtool" check metrics <"$work/type.prom" >/dev/null 2>&1; then
    echo "feeds: promtool found nothing in type.prom"
    exit 1
fi
echo "feeds: promtool: passed"
