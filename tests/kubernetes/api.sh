# SPDX-License-Identifier: Apache-2.0
# Read by the other scripts here with `.`; needs $CLUSTER, the folder of a cluster that cluster.sh started.

# api METHOD PATH [FILE]: sends one request to the API server as its administrator and prints the answer's body.
# FILE is the body ("-": stdin); PATCH sends a JSON merge patch. Fails when the answer is an error.
api() {
	type=application/json
	[ "$1" = PATCH ] && type=application/merge-patch+json
	if [ $# -gt 2 ]; then
		set -- "$1" "$2" --data-binary "@$3" -H "Content-Type: $type"
	fi
	method=$1
	path=$2
	shift 2
	curl -sS --fail-with-body --max-time 20 --cacert "$CLUSTER/ca.crt" --cert "$CLUSTER/admin.crt" \
		--key "$CLUSTER/admin.key" -X "$method" "$@" "$(cat "$CLUSTER/url")$path"
}
