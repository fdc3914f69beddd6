#!/bin/sh
# Gives the example pipelines to the tools of their platforms: linters, and runners that take them from plan to apply against
# the emulated cloud. The versions are those of requirements.txt, npm.txt and airflow.txt.
#
# Each tool that tools.sh cannot bring is skipped, with the reason, unless CENBWP_REQUIRE_PIPELINES=1.
# CENBWP_SLOW_PIPELINES=1 adds what takes minutes: Airflow with its 132 packages, and the linter of the Jenkinsfile, in Java.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
examples=$root/examples/pipelines
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=

skip() {
    echo "pipelines: $1: skipped, $2"
    if [ "${CENBWP_REQUIRE_PIPELINES:-}" = 1 ]; then failed=1; fi
}

# passes NAME COMMAND...: the command has nothing to say against the examples.
passes() {
    name=$1
    shift
    if "$@" >"$work/said" 2>&1; then
        echo "pipelines: $name: passed"
    else
        echo "pipelines: $name: FAILED"
        cat "$work/said"
        failed=1
    fi
}

# finds NAME TEXT COMMAND...: the command fails and says this. A tool that finds nothing anywhere proves nothing.
finds() {
    name=$1 text=$2
    shift 2
    if "$@" >"$work/said" 2>&1 || ! grep -q -- "$text" "$work/said"; then
        echo "pipelines: $name: FAILED, a planted fault was not found: $text"
        cat "$work/said"
        failed=1
    fi
}

# All lists are fetched at once.
"$here/tools.sh" pip >"$work/pip" 2>&1 &
pip_job=$!
"$here/tools.sh" npm >"$work/npm" 2>&1 &
npm_job=$!
slow=${CENBWP_SLOW_PIPELINES:-}
airflow_job=
if [ "$slow" = 1 ]; then
    "$here/tools.sh" airflow >"$work/airflow" 2>&1 &
    airflow_job=$!
fi
pip='' npm='' airflow=''
if wait $pip_job; then pip=$(cat "$work/pip"); fi
if wait $npm_job; then npm=$(cat "$work/npm"); fi
if [ -n "$airflow_job" ] && wait $airflow_job; then airflow=$(cat "$work/airflow"); fi

# A repository as the files say that they lie in it, and one with a fault of each kind.
lay() {
    mkdir -p "$1/.github/actions/cenbwp"
    cp -r "$examples/github/workflows" "$examples/github/zizmor.yml" "$1/.github/"
    cp "$examples/github/action.yml" "$1/.github/actions/cenbwp/"
}
lay "$work/good"
lay "$work/bad"
sed -i 's/@de0fac2[0-9a-f]* # v/@v/; s/echo "changed=/echo "${{ github.head_ref }}=/' "$work/bad/.github/workflows/plan.yml"
sed -i 's/timeout-minutes: 60/timeout-minutes: long/' "$work/bad/.github/workflows/apply.yml"
sed 's/^stages: .*/stages: 7/' "$examples/gitlab/.gitlab-ci.yml" >"$work/bad/gitlab.yml"
sed 's/schedule: .*/scedule: daily/' "$examples/kubernetes/cronjob.yaml" >"$work/bad/cronjob.yaml"
sed 's/ container:/ contaner:/' "$examples/argo/workflow.yaml" >"$work/bad/argo.yaml"

if [ -z "$pip" ]; then
    for tool in zizmor check-jsonschema shellcheck kubernetes-validate hera act; do skip $tool "$(cat "$work/pip")"; done
else
    schema() {
        "$pip/bin/check-jsonschema" --builtin-schema "vendor.$1" "$2"
    }
    passes "zizmor, of the GitHub workflows" "$pip/bin/zizmor" --offline --quiet --persona auditor "$work/good"
    finds zizmor unpinned-uses "$pip/bin/zizmor" --offline --quiet "$work/bad"
    finds zizmor template-injection "$pip/bin/zizmor" --offline --quiet "$work/bad"
    for workflow in plan fleet apply drift; do
        passes "check-jsonschema, of $workflow.yml" schema github-workflows "$work/good/.github/workflows/$workflow.yml"
    done
    mkdir -p "$work/own"
    cp -r "$root/.github" "$work/own/"
    cp "$examples/github/zizmor.yml" "$work/own/.github/"
    passes "zizmor, of the project's own workflows" "$pip/bin/zizmor" --offline --quiet --persona auditor "$work/own"
    for workflow in test release; do
        passes "check-jsonschema, of the project's own $workflow.yml" schema github-workflows "$root/.github/workflows/$workflow.yml"
    done
    passes "shellcheck, of the scripts in them" "$pip/bin/python" -B "$here/scripts.py" "$pip/bin/shellcheck" "$root/.github" 5
    finds check-jsonschema timeout-minutes schema github-workflows "$work/bad/.github/workflows/apply.yml"
    passes "check-jsonschema, of action.yml" schema github-actions "$work/good/.github/actions/cenbwp/action.yml"
    gitlab() {
        "$pip/bin/check-jsonschema" --builtin-schema vendor.gitlab-ci --data-transform gitlab-ci "$1"
    }
    for pipeline in .gitlab-ci.yml fleet.gitlab-ci.yml; do
        passes "check-jsonschema, of $pipeline" gitlab "$examples/gitlab/$pipeline"
    done
    finds check-jsonschema stages gitlab "$work/bad/gitlab.yml"
    passes "kubernetes-validate, of cronjob.yaml" "$pip/bin/kubernetes-validate" --strict "$examples/kubernetes/cronjob.yaml"
    finds kubernetes-validate "'schedule' is a required" "$pip/bin/kubernetes-validate" --strict "$work/bad/cronjob.yaml"
    PATH=${CARGO_TARGET_DIR:-$root/target}/debug:$PATH "$examples/kubernetes/fleet.sh" "$root/examples/fleet" \
        "$examples/kubernetes/cronjob.yaml" >"$work/fleet.yaml"
    passes "kubernetes-validate, of what fleet.sh prints" "$pip/bin/kubernetes-validate" --strict "$work/fleet.yaml"
    passes "hera, of Argo's workflow.yaml" "$pip/bin/python" -B "$here/argo.py" "$examples/argo/workflow.yaml"
    finds hera plan "$pip/bin/python" -B "$here/argo.py" "$work/bad/argo.yaml"
    passes "shellcheck, of the scripts in the pipelines" "$pip/bin/python" -B "$here/scripts.py" "$pip/bin/shellcheck" "$examples" 15
    cd "$root"
    # shellcheck disable=SC2046 # one word for each file
    passes "shellcheck, of the repository's scripts" "$pip/bin/shellcheck" .ci/run $(git ls-files '*.sh')
    # shellcheck disable=SC2016 # the dollar is the fault
    echo 'rm -rf $1/*' >"$work/bad/script.sh"
    finds shellcheck SC2086 "$pip/bin/shellcheck" --shell sh "$work/bad/script.sh"
fi

# runs NAME FILTER VARIABLE=PROGRAM...: the tests that need these programs.
runs() {
    name=$1 filter=$2
    shift 2
    passes "$name" env "$@" "${CARGO:-cargo}" test --quiet --locked --manifest-path "$root/Cargo.toml" --workspace --test it -- \
        --ignored "$filter"
    if ! grep -q "ok. [1-9]" "$work/said"; then echo "pipelines: $name: FAILED, no test ran" && failed=1; fi
}
if [ -n "$pip" ]; then
    runs "act, from plan to apply" pipelines::github::act CENBWP_ACT="$pip/bin/act"
    runs "act, of the project's own workflows" pipelines::own::act CENBWP_ACT="$pip/bin/act"
fi
if [ -z "$npm" ]; then
    skip gitlab-ci-local "$(cat "$work/npm")"
elif ! command -v rsync >/dev/null; then
    skip gitlab-ci-local "it needs rsync; on Debian: apt-get install rsync"
else
    runs "gitlab-ci-local, from plan to apply" pipelines::gitlab::local CENBWP_NODE="$npm/node_modules/.bin/node" \
        CENBWP_GITLAB_CI_LOCAL="$npm/node_modules/gitlab-ci-local/dist/index.js"
fi

if [ "$slow" != 1 ]; then
    echo "pipelines: airflow: not asked for, CENBWP_SLOW_PIPELINES=1 does"
elif [ -z "$airflow" ]; then
    skip airflow "$(cat "$work/airflow")"
else
    runs "airflow, from plan to apply" pipelines::airflow CENBWP_AIRFLOW="$airflow"
fi

if [ "$slow" != 1 ]; then
    echo "pipelines: npm-groovy-lint, of the Jenkinsfile: not asked for, CENBWP_SLOW_PIPELINES=1 does"
elif ! command -v npx >/dev/null || ! command -v java >/dev/null; then
    skip npm-groovy-lint "it needs npx and java"
else
    passes "npm-groovy-lint, of the Jenkinsfile" npx --yes npm-groovy-lint@16.2.0 --path "$examples/jenkins" --files "**/Jenkinsfile" \
        --failon error --no-insight --noserver
fi
[ -z "$failed" ]
