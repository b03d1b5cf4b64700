# SPDX-License-Identifier: Apache-2.0
# Read by the other scripts here with `.`; needs $CLUSTER, the folder of a cluster that cluster.sh started, and `serve` $SUPPORT,
# where the programs of this folder are.

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

# served GROUP VERSION PLURAL: whether a resource that was defined can be asked for, and is found among all groups, which know
# of it later.
served() {
	api GET "/apis/$1/$2/$3" >/dev/null 2>&1 && api GET /apis 2>/dev/null | grep "\"$1\"" >/dev/null
}

# free_port ADDRESS: one on which nobody listens, below the range that the kernel hands out for outgoing connections; 7 is
# curl's "could not connect".
free_port() {
	while :; do
		port=$((20000 + $(od -An -N2 -tu2 /dev/urandom) % 12000))
		code=0
		curl -s -o /dev/null --max-time 2 "http://$1:$port" || code=$?
		[ "$code" = 7 ] && break
	done
	echo "$port"
}

# serve PROGRAM ARGUMENT...: starts PROGRAM PORT ARGUMENT... and waits until it listens; its port is in $port, its process in
# $server. Where somebody else was quicker to take the port it ends, and another one is tried.
serve() {
	program=$1
	shift
	for turn in 1 2 3 4 5; do
		port=$(free_port 127.0.0.1)
		! serve_at "$port" "$program" "$@" || return 0
	done
	echo "$(basename "$0"): $program does not listen, at none of $turn ports" >&2
	exit 1
}
# serve_at PORT PROGRAM ARGUMENT...: the same at this port; fails where it cannot be had.
serve_at() {
	port=$1 program=$2
	shift 2
	"$SUPPORT/$program" "$port" "$@" 3>&- 4>&- &
	server=$!
	turns=0
	until ss -ltnpH "sport = :$port" | grep -q "pid=$server,"; do
		turns=$((turns + 1))
		if [ "$turns" = 300 ] || ! grep -q '^State:.[^Z]' "/proc/$server/status" 2>/dev/null; then
			kill "$server" 2>/dev/null || true
			return 1
		fi
		sleep 0.1
	done
}
