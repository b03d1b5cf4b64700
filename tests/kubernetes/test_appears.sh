#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A resource that appears during the restore, named without its group: an answer that echoes a token was asked after it,
# discovery included.
set -eu
# shellcheck source=tests/kubernetes/probing.sh
. "$(dirname "$0")/probing.sh"

runbook "  main: {kubernetes: {kubeconfig: $CLUSTER/kubeconfig, context: test}}" "
- {id: widget, every: 60s, timeout: 20s, check: {kubernetes: {target: main, resource: wdg, name: one, expect: exists}}}
- {id: may, every: 60s, timeout: 20s, check: {kubernetes: {target: main, can_i: {verb: list, resource: wdg}}}}"
mkfifo "$work/stdin"
"$RELIGHT" probe "$work/runbook.yaml" <"$work/stdin" >"$work/lines" 2>"$work/errors" &
sensor=$!
clean_up() {
	kill $sensor 2>/dev/null
}
exec 3>"$work/stdin"

# answered DEPENDENCY TOKEN STATUS WORDS: asks anew, and so it is
answered() {
	echo "{\"recheck\":\"$1\",\"token\":$2}" >&3
	tries=0
	until said=$(grep '}$' "$work/lines" | jq -r --arg id "$1" --argjson token "$2" \
		'select(.dependency == $id and .token == $token) | "\(.status): \(.message)"') && [ -n "$said" ]; do
		tries=$((tries + 1))
		[ "$tries" -lt 300 ] || break
		sleep 0.1
	done
	case $said in
	"$3: "*"$4"*) ;;
	*)
		echo "test_appears.sh: $1: token $2 said '$said', wanted '$3: ...$4'" >&2
		failed=1
		;;
	esac
}
answered widget 1 unknown "the server has no resource wdg"
answered may 2 unknown "the server has no resource wdg"
api POST /apis/apiextensions.k8s.io/v1/customresourcedefinitions - >/dev/null <<'END'
{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"widgets.appears.example.io"},
"spec":{"group":"appears.example.io","scope":"Namespaced","names":{"plural":"widgets","singular":"widget","kind":"Widget",
"shortNames":["wdg"]},"versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object",
"x-kubernetes-preserve-unknown-fields":true}}}]}}
END
# Its short name and its group are found a little later than it is served.
is_named() {
	served appears.example.io v1 widgets && api GET /apis/appears.example.io/v1 | grep wdg >/dev/null
}
wait_for 60 is_named || fail "widgets are not served"
echo '{"apiVersion":"appears.example.io/v1","kind":"Widget","metadata":{"name":"one"}}' >widget.json
wait_for 30 api POST /apis/appears.example.io/v1/namespaces/default/widgets widget.json >/dev/null || fail "no widget can be made"
answered widget 3 healthy exists
answered may 4 healthy ""
api DELETE /apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.appears.example.io >/dev/null
exec 3>&-
wait $sensor || failed=1
done_probing
