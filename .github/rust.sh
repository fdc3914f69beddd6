#!/bin/sh
# Installs the Rust that Cargo.toml names, and no newer one: the same sources then give the same bytes.
set -eu
cd "$(dirname "$0")/.."
version=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
rustup toolchain install "$version" --profile minimal --component clippy,rustfmt --no-self-update
rustup default "$version"
