#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A Deployment, a StatefulSet and a Job with their real controllers: their pods are made ready by hand, as a kubelet would,
# and what the checks say follows.
set -eu
# shellcheck source=tests/kubernetes/probing.sh
. "$(dirname "$0")/probing.sh"

[ -f "$CLUSTER/controllers.pid" ] || {
	echo "test_workloads.sh: there is no kube-controller-manager in $ASSETS: left out" >&2
	exit 0
}
pods=/api/v1/namespaces/works/pods

# pods_become LABEL STATUS COUNT: waits for so many pods with the label, and sets their status.
pods_become() {
	tries=0
	while :; do
		names=$(api GET "$pods?labelSelector=app%3D$1" | jq -r '.items[].metadata.name')
		[ "$(echo "$names" | grep -c .)" != "$3" ] || break
		tries=$((tries + 1))
		[ "$tries" -lt 600 ] || {
			echo "test_workloads.sh: the controllers did not make $3 pods for $1" >&2
			exit 1
		}
		sleep 0.1
	done
	for name in $names; do
		printf '{"status":%s}' "$2" | api PATCH "$pods/$name/status" - >/dev/null
	done
}
ready='{"phase":"Running","conditions":[{"type":"Ready","status":"True","lastTransitionTime":"2026-01-01T00:00:00Z"}]}'
template() {
	printf '{"metadata":{"labels":{"app":"%s"}},"spec":{%s"containers":[{"name":"main","image":"none"}]}}' "$1" "${2:-}"
}

echo '{"metadata":{"name":"works"}}' | api POST /api/v1/namespaces - >/dev/null
api POST /apis/apps/v1/namespaces/works/deployments - >/dev/null <<END
{"metadata":{"name":"case-api"},"spec":{"replicas":2,"selector":{"matchLabels":{"app":"api"}},"template":$(template api)}}
END
api POST /apis/apps/v1/namespaces/works/statefulsets - >/dev/null <<END
{"metadata":{"name":"db"},"spec":{"replicas":1,"serviceName":"db","selector":{"matchLabels":{"app":"db"}},"template":$(template db)}}
END
api POST /apis/batch/v1/namespaces/works/jobs - >/dev/null <<END
{"metadata":{"name":"restore"},"spec":{"template":$(template restore '"restartPolicy":"Never",')}}
END

runbook "  main: {kubernetes: {context: test, namespace: works}}" \
	"- {id: api, timeout: 20s, check: {kubernetes: {target: main, resource: deploy, name: case-api}}}
- {id: db, timeout: 20s, check: {kubernetes: {target: main, resource: statefulsets.apps, name: db}}}
- {id: restore, timeout: 20s, check: {kubernetes: {target: main, resource: job, name: restore}}}"
pods_become api '{"phase":"Pending"}' 2
pods_become db '{"phase":"Pending"}' 1
pods_become restore "$ready" 1
as_begun() {
	expect api progressing "of 2 "
	expect db progressing "0 of 1 ready"
	expect restore progressing "0 of 1 done"
}
eventually 60 as_begun

pods_become api "$ready" 2
pods_become db "$ready" 1
pods_become restore '{"phase":"Succeeded"}' 1
until_observed 60 api healthy
until_observed 60 db healthy
until_observed 60 restore healthy
as_done() {
	expect api healthy "2 of 2 available"
	expect db healthy "1 of 1 ready"
	expect restore healthy "1 of 1 done"
}
eventually 60 as_done

echo '{"spec":{"paused":true}}' | api PATCH /apis/apps/v1/namespaces/works/deployments/case-api - >/dev/null
observe --only api
expect api suspended paused
done_probing
