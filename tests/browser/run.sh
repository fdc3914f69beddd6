#!/bin/sh
# Looks at the golden pages of `--report html` in a headless Chromium: on a phone, on a desk by day and in the dark, on
# paper. Where axe.sh can install axe-core, that looks, too.
#
# Needs python3, bash and a Chromium (CENBWP_CHROMIUM names another one); without them it says `skipped` and
# succeeds, unless CENBWP_REQUIRE_BROWSER=1. The pictures are in target/browser.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
pictures=${CARGO_TARGET_DIR:-$root/target}/browser

skip() {
    echo "browser: skipped, $1"
    if [ "${CENBWP_REQUIRE_BROWSER:-}" = 1 ]; then exit 1; fi
    exit 0
}

chromium=${CENBWP_CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)}
[ -n "$chromium" ] || skip "there is no chromium; on Debian: apt-get install chromium"
command -v python3 >/dev/null || skip "there is no python3"
command -v bash >/dev/null || skip "there is no bash"

if ! axe=$("$here/axe.sh" 2>&1); then
    echo "browser: without axe-core, $axe"
    axe=
fi

# A look that finds nothing must be able to find something: this page has every fault there is.
if found=$(python3 -B "$here/look.py" "$chromium" "$pictures" "$axe" "$here/broken.html"); then
    echo "browser: nothing was found in broken.html"
    exit 1
fi
for fault in "on the console" "wider than the window" "hard to read" "without a name: image" "names no language" \
    "has no title" "landmark main" "headings of the first level" "not on paper" ${axe:+"axe: image-alt"}; do
    case $found in
    *"$fault"*) ;;
    *)
        echo "browser: broken.html was not found to be $fault:"
        echo "$found"
        exit 1
        ;;
    esac
done

python3 -B "$here/look.py" "$chromium" "$pictures" "$axe" "$root"/crates/apply/tests/reports/*.html
echo "browser: passed, pictures in $pictures"
