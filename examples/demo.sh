#!/bin/sh
# Validates, plans, applies and plans again, against an emulated cloud. `make demo` runs it; no account is needed.
set -eu
cd "$(dirname "$0")/.."

step() {
    printf '\n$ %s\n' "$*"
    "$@"
}

echo "An emulated cloud listens at $CENBWP_ENDPOINT. It is empty."
step cenbwp validate -f examples/first.yaml
step cenbwp plan -f examples/first.yaml
step cenbwp apply -f examples/first.yaml --auto-approve
step cenbwp plan -f examples/first.yaml --detailed-exitcode

printf '\nOne package was bought, once. The second plan is empty.\n'
