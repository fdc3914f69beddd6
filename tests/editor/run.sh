#!/bin/sh
# Asks yaml-language-server, which most editors run, about specs under the spec's JSON Schema: what it marks, what it says of a
# key, and what it would insert.
#
# Needs node and npm, and the packages of package-lock.json once; without them it says `skipped` and succeeds, unless
# CENBWP_REQUIRE_EDITOR=1. CENBWP_EDITOR_PACKAGES names the folder of the packages (default target/editor); it is kept between
# runs.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
packages=${CENBWP_EDITOR_PACKAGES:-${CARGO_TARGET_DIR:-$root/target}/editor}
schema=$root/schemas/spec.schema.json

skip() {
    echo "editor: skipped, $1"
    if [ "${CENBWP_REQUIRE_EDITOR:-}" = 1 ]; then exit 1; fi
    exit 0
}

command -v node >/dev/null || skip "there is no node"
# The copied lock file is written last, so half an installation is never taken for a whole one.
if ! cmp -s "$here/package-lock.json" "$packages/installed.json"; then
    command -v npm >/dev/null || skip "there is no npm"
    mkdir -p "$packages"
    cp "$here/package.json" "$here/package-lock.json" "$packages"
    (cd "$packages" && npm ci --ignore-scripts --no-audit --no-fund >npm.log 2>&1) ||
        skip "the language server could not be installed; see $packages/npm.log"
    cp "$here/package-lock.json" "$packages/installed.json"
fi

# A look that finds nothing must be able to find something: this schema checks specs as strictly, and helps nobody.
node - "$schema" >"$packages/bare.json" <<'END'
const help = ["title", "default", "examples", "defaultSnippets", "enumDescriptions", "patternErrorMessage", "deprecationMessage"];
const bare = (key, value) => (help.includes(key) && (Array.isArray(value) || Object(value) !== value) ? undefined : value);
console.log(JSON.stringify(JSON.parse(require("node:fs").readFileSync(process.argv[2], "utf8"), bare)));
END
if found=$(node "$here/look.js" "$packages" "$packages/bare.json"); then
    echo "editor: nothing was found in a schema that has only the rules"
    exit 1
fi
for fault in 'is titled' 'are not explained' 'is not marked with "not known"' 'a package is not offered' \
    'inserts "bandwidth: 0"' 'inserts "generation: 0"'; do
    case $found in
    *"$fault"*) ;;
    *)
        echo "editor: of a schema that has only the rules it was not found: $fault"
        echo "$found"
        exit 1
        ;;
    esac
done

node "$here/look.js" "$packages" "$schema"
echo "editor: passed"
