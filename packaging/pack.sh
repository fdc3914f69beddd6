#!/bin/sh
# Packs a binary and the list of its crates with man pages, completions and schemas: pack.sh BINARY FOLDER LIST
#
# The same binary and list give the same archive: names are sorted, owner and group are 0, and the time of every file is that of
# the last commit, or SOURCE_DATE_EPOCH.
set -eu
LC_ALL=C
export LC_ALL
umask 022
binary=$(realpath "$1")
list=$(realpath "$3")
mkdir -p "$2"
out=$(realpath "$2")
cd "$(dirname "$0")/.."

field() { "$binary" version --json | sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }
name=cenbwp-$(field version)-$(field target)
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/$name
mkdir -p "$root/completions" "$root/man/man1" "$root/schemas"
install -m 755 "$binary" "$root/cenbwp"
cp LICENSE README.md "$root"
cp "$list" "$root/cenbwp.cdx.json"
cp schemas/*.json "$root/schemas"
"$binary" completions bash > "$root/completions/cenbwp.bash"
"$binary" completions zsh > "$root/completions/_cenbwp"
"$binary" completions fish > "$root/completions/cenbwp.fish"
"$binary" man --quiet "$root/man/man1"
chmod -R u=rwX,go=rX "$root"

(cd "$root" && find . -type f ! -name SHA256SUMS | sed 's,^\./,,' | sort | xargs sha256sum > "$work/sums" && mv "$work/sums" SHA256SUMS)
tar --create --format=ustar --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner \
    --directory "$work" "$name" | gzip --best --no-name > "$work/$name.tar.gz"
mv "$work/$name.tar.gz" "$out/"
(cd "$out" && sha256sum "$name.tar.gz" > "$name.tar.gz.sha256")
echo "$2/$name.tar.gz"
