#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Custom resources in the sensor: judged by the tables of the program, by a table of the user's, and by conventions; one
# and many; and as their status changes.
set -eu
# shellcheck source=tests/kubernetes/probing.sh
. "$(dirname "$0")/probing.sh"
export XDG_CONFIG_HOME="$work/config"
mkdir -p "$XDG_CONFIG_HOME/relight/health.d"

crds=/apis/apiextensions.k8s.io/v1/customresourcedefinitions
is_gone() {
	! api GET "$crds/$1" >/dev/null 2>&1
}
# Another test defines one of the same name.
clean_up() {
	kill ${probe:-} 2>/dev/null
	for name in restores.velero.io tills.shop.relight.test things.other.relight.test; do
		api DELETE "$crds/$name" >/dev/null 2>&1
	done
	wait_for 60 is_gone restores.velero.io
}

# define GROUP KIND PLURAL: a kind with a status, and waits until it is served.
define() {
	api POST $crds - >/dev/null <<END
{"metadata":{"name":"$3.$1"},"spec":{"group":"$1","scope":"Namespaced","names":{"plural":"$3","singular":"$(echo "$2" | tr A-Z a-z)","kind":"$2"},
 "versions":[{"name":"v1","served":true,"storage":true,"subresources":{"status":{}},
  "schema":{"openAPIV3Schema":{"type":"object","x-kubernetes-preserve-unknown-fields":true}}}]}}
END
	wait_for 60 served "$1" v1 "$3" || fail "$3 are not served"
}
# make GROUP KIND PLURAL NAME
make() {
	echo "{\"apiVersion\":\"$1/v1\",\"kind\":\"$2\",\"metadata\":{\"name\":\"$4\"},\"spec\":{}}" |
		api POST "/apis/$1/v1/namespaces/default/$3" - >/dev/null
}
# status GROUP PLURAL NAME JSON
status() {
	printf '{"status":%s}' "$4" | api PATCH "/apis/$1/v1/namespaces/default/$2/$3/status" - >/dev/null
}

define velero.io Restore restores
define shop.relight.test Till tills
define other.relight.test Thing things
make velero.io Restore restores r1
make velero.io Restore restores r2
make shop.relight.test Till tills front
make other.relight.test Thing things one
cat >"$XDG_CONFIG_HOME/relight/health.d/shop.yaml" <<'END'
- match: {group: shop.relight.test, kind: Till}
  rules:
    - {if: '.status.drawer == "shut"', then: degraded, message: '"the drawer is \(.status.drawer)"'}
    - {if: '.status.drawer', then: healthy, message: '"the drawer is \(.status.drawer)"'}
END

runbook "  main: {kubernetes: {context: test, namespace: default}}" "
- {id: one, timeout: 20s, check: {kubernetes: {target: main, resource: restores.velero.io, name: r1}}}
- {id: all, timeout: 20s, check: {kubernetes: {target: main, resource: restores.velero.io}}}
- {id: till, timeout: 20s, check: {kubernetes: {target: main, resource: till, name: front}}}
- {id: thing, timeout: 20s, check: {kubernetes: {target: main, resource: things, name: one}}}"
observe
expect one progressing "Velero has not taken it up yet"
expect all progressing "0 of 2 restores in default healthy; r1: Velero has not taken it up yet"
expect till progressing "no status yet"
expect thing progressing "no status yet"

status velero.io restores r1 '{"phase":"Completed","progress":{"itemsRestored":12}}'
status velero.io restores r2 '{"phase":"PartiallyFailed","errors":2}'
status shop.relight.test tills front '{"drawer":"shut","phase":"Ready"}'
status other.relight.test things one '{"conditions":[{"type":"DatabaseReady","status":"False","reason":"ConnectionRefused","message":"no route"}]}'
observe
expect one healthy "completed: 12 items"
expect all degraded "1 of 2 restores in default healthy; r2: PartiallyFailed: 2 errors"
expect till degraded "the drawer is shut"
expect thing degraded "ConnectionRefused: no route"
rule=$(jq -r 'select(.dependency == "till") | .evidence.rule' "$work/lines")
[ "$rule" = "table/shop.relight.test/Till" ] || { echo "test_health: the till was judged by $rule" >&2; failed=1; }

# What a clock decides is judged when the table says so, and nothing changes on the server: a till that is open until a
# time, and one of many tills.
make shop.relight.test Till tills back
status shop.relight.test tills back '{"drawer":"open"}'
cat >"$XDG_CONFIG_HOME/relight/health.d/shop.yaml" <<'END'
- match: {group: shop.relight.test, kind: Till}
  again: '.status.until'
  rules:
    - {if: '.status.until | numbers | . <= $now', then: degraded, message: '"closed for the night"'}
    - {if: '.status.drawer', then: healthy, message: '"the drawer is \(.status.drawer)"'}
END
runbook "  main: {kubernetes: {context: test, namespace: default}}" "
- {id: till, every: 60s, check: {kubernetes: {target: main, resource: till, name: front}}}
- {id: tills, every: 60s, check: {kubernetes: {target: main, resource: tills}}}"
until=$(($(date +%s) + 20)) # past the first look at how long an answer is silent
status shop.relight.test tills front "{\"drawer\":\"open\",\"until\":$until}"
mkfifo "$work/in"
"$RELIGHT" probe "$work/runbook.yaml" <"$work/in" >"$work/lines" 2>"$work/errors" &
probe=$!
exec 3>"$work/in"
# said DEPENDENCY WORDS SECONDS: waits for them, for so long.
said() {
	tries=0
	until jq -r --arg id "$1" 'select(.dependency == $id) | .message' "$work/lines" 2>/dev/null | grep -qF "$2"; do
		tries=$((tries + 1))
		[ "$tries" -lt $(($3 * 10)) ] || {
			echo "test_health: $1 does not say '$2' within $3 s: $(tail -n 3 "$work/lines")" >&2
			failed=1
			return 0
		}
		sleep 0.1
	done
}
said till "the drawer is open" 20
said tills "2 tills" 20
said till "closed for the night" 40
said tills "1 of 2 tills in default healthy; front: closed for the night" 20
late=$(($(date +%s) - until))
# Their own rhythm is a minute.
[ "$late" -le 20 ] || { echo "test_health: what a clock decides was judged $late s late" >&2; failed=1; }
exec 3>&-
wait "$probe" || true

# A table with a mistake keeps nothing else from being seen.
runbook "  main: {kubernetes: {context: test, namespace: default}}" "
- {id: one, timeout: 20s, check: {kubernetes: {target: main, resource: restores.velero.io, name: r1}}}
- {id: till, timeout: 20s, check: {kubernetes: {target: main, resource: till, name: front}}}"
echo '- match: {group: shop.relight.test, kind: Till}
  rules: [{if: ".status.drawer |", then: healthy}]' >"$XDG_CONFIG_HOME/relight/health.d/shop.yaml"
observe
expect one healthy "completed: 12 items"
expect till unknown "cannot judge it: syntax error"

done_probing
