#!/bin/sh
# gh, as far as the workflows use it: what GitHub keeps lies in files below $GH_STATE.
#
# shellcheck disable=SC2016 # the dollars in single quotes are those of jq
set -eu
cd "$GH_STATE"
for kept in comments statuses pulls issues runs; do [ -f $kept.json ] || echo '[]' > $kept.json; done

change() {
    kept=$1.json
    shift
    jq "$@" "$kept" > new.json
    mv new.json "$kept"
}

# Adds NAME=TEXT to the fields; NAME=@FILE reads the text from a file.
field() {
    name=${1%%=*} value=${1#*=} from=--arg
    case $value in @*) from=--rawfile value=$OLDPWD/${value#@} ;; esac
    fields=$(echo "$fields" | jq --arg name "$name" $from value "$value" '. + {($name): $value}')
}

# The list on stdin in pages of 30, or of the number that the path asks for; only the first, unless all are asked for.
pages() {
    jq --compact-output --argjson size "${size:-30}" --argjson all "$all" \
        '[range(0; length; $size) as $at | .[$at:$at + $size]] | if $all then .[] else .[0] // [] end'
}

api() {
    method=GET path='' fields='{}' all=false size=''
    while [ $# -gt 0 ]; do
        case $1 in
            --silent) ;;
            --paginate) all=true ;;
            --method) method=$2 && shift ;;
            --field | --raw-field) field "$2" && shift ;;
            *) path=${1%%\?*} && case $1 in *per_page=*) size=${1##*per_page=} ;; esac ;;
        esac
        shift
    done
    case "$method ${path#repos/"$GITHUB_REPOSITORY"/}" in
        "GET issues/$PULL/comments") pages < comments.json ;;
        "POST issues/$PULL/comments")
            change comments --argjson new "$fields" '. + [$new + {id: (length + 1), user: {login: "github-actions[bot]"}}]'
            ;;
        "PATCH issues/comments/"*)
            change comments --argjson id "${path##*/}" --argjson new "$fields" 'map(if .id == $id then . + $new else . end)'
            ;;
        "POST statuses/"*)
            change statuses --arg sha "${path##*/}" --argjson new "$fields" \
                '[$new + {sha: $sha, creator: {login: "github-actions[bot]"}}] + .'
            ;;
        "GET commits/"*"/statuses")
            path=${path%/statuses}
            jq --arg sha "${path##*/}" 'map(select(.sha == $sha))' statuses.json | pages
            ;;
        "GET commits/$GITHUB_SHA/pulls") pages < pulls.json ;;
        "GET actions/runs/"*)
            jq --exit-status --arg id "${path##*/}" 'map(select("\(.id)" == $id)) | .[0]' runs.json
            ;;
        *) echo "gh: no such call: $method $path" >&2 && exit 1 ;;
    esac
}

# The value of a flag.
flag() {
    wanted=$1
    shift
    while [ $# -gt 0 ]; do
        if [ "$1" = "$wanted" ]; then echo "$2" && return; fi
        shift
    done
    echo "gh: $wanted is missing" >&2 && exit 1
}

command="$1"
shift
case "$command $1" in
    "api "*) api "$@" ;;
    "issue list") jq 'map(select(.state == "open"))' issues.json | jq --raw-output "$(flag --jq "$@")" ;;
    "issue create")
        change issues --arg title "$(flag --title "$@")" --rawfile body "$OLDPWD/$(flag --body-file "$@")" \
            '. + [{number: (length + 1), state: "open", title: $title, body: $body}]'
        ;;
    "issue edit")
        change issues --argjson number "$2" --rawfile body "$OLDPWD/$(flag --body-file "$@")" \
            'map(if .number == $number then .body = $body else . end)'
        ;;
    "issue close") change issues --argjson number "$2" 'map(if .number == $number then .state = "closed" else . end)' ;;
    "run download") cp "artifacts/$2/$(flag --name "$@")"/* "$OLDPWD" ;;
    *) echo "gh: no such command: $command $1" >&2 && exit 1 ;;
esac
