#!/bin/sh
# Prints the check of cronjob.yaml once for each account of a spec, with the role of that account, for what reads manifests:
# fleet.sh cen cronjob.yaml | kubectl apply -f -
#
# Every stack names its account. All checks share the service account and the ConfigMap, which holds the whole folder; each account
# trusts the cluster with a role `cenbwp-plan` of its own.
set -eu

accounts=$(cenbwp stacks -f "$1" --json |
    jq --raw-output '[.stacks[] | .account // error("stack \(.stack) names no account")] | unique[]')
for account in $accounts; do
    echo ---
    sed --quiet '/^apiVersion: batch/,$p' "$2" |
        sed "s/1234567890123456/$account/; s/name: cenbwp-drift/&-$account/; s/\[status, /&--account, \"$account\", /"
done
