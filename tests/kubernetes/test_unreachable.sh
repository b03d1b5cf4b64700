#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Each way not to reach an API server, while a sensor runs: within 10 s the dependency is what it should be, in words that say
# why; and when the cause goes away, it is healthy again without anybody's help. All of it is in a network of its own, where
# packets can be lost and names be unknown: the API server is reached through forwarders over a socket in the file system.
set -eu
# shellcheck source=tests/kubernetes/own_network.sh
. "$(dirname "$0")/own_network.sh"
# shellcheck source=tests/kubernetes/probing.sh
. "$(dirname "$0")/probing.sh"
: "${SUPPORT:?is where the programs for these tests are}"
children=
clean_up() {
	exec 3>&-
	kill $children 2>/dev/null
}

# service PORT COMMAND...: starts what serves there, and waits until it listens. Its pid is in $service.
service() {
	port=$1
	shift
	"$@" >>"$work/services.log" 2>&1 3>&- &
	service=$!
	children="$children $service"
	tries=0
	until ss -ltn "sport = :$port" | grep -q LISTEN; do
		tries=$((tries + 1))
		[ "$tries" -lt 600 ] || fail "nothing listens on $port: $(cat "$work/services.log")"
		sleep 0.1
	done
}
forward() {
	service "$1" socat "TCP-LISTEN:$1,fork,reuseaddr" "UNIX-CONNECT:$FORWARDED/api"
}
# tls PORT CERTIFICATE: an API server with that certificate; what arrives goes on to the real one.
tls() {
	service "$1" "$SUPPORT/chaos" "$1" "$honest" "$work/$2.crt" "$work/$2.key" 1 0 "$work/requests-$1"
}
# certificate NAME DAYS SAN [CA]: for a server, signed by the cluster's CA or another.
certificate() {
	openssl req -newkey rsa:2048 -nodes -subj /CN=api -keyout "$work/$1.key" -out "$work/$1.csr" 2>/dev/null
	printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth\n' "$3" >"$work/$1.ext"
	openssl x509 -req -sha256 -in "$work/$1.csr" -CA "$CLUSTER/${4:-ca}.crt" -CAkey "$CLUSTER/${4:-ca}.key" -CAcreateserial \
		-days "$2" -extfile "$work/$1.ext" -out "$work/$1.crt" 2>/dev/null
}
# kubeconfig NAME URL [TOKEN-LINE]
kubeconfig() {
	cat >"$work/kubeconfig-$1" <<END
current-context: test
contexts: [{name: test, context: {cluster: test, user: test}}]
clusters: [{name: test, cluster: {server: '$2', certificate-authority: $CLUSTER/ca.crt}}]
users: [{name: test, user: {${3:-token: viewer-token-5b1c}}}]
END
}

# The network: an honest way to the API server where it is elsewhere, and one for each fault.
honest=$(sed 's/.*://' "$CLUSTER/url")
forward "$honest"
certificate good 2 IP:127.0.0.1
certificate named 2 DNS:api.recovery.test
certificate outdated -1 IP:127.0.0.1
certificate elsewhere 2 DNS:elsewhere.test
certificate foreign 2 IP:127.0.0.1 wrong-ca
tls 7001 outdated
outdated=$service
tls 7002 elsewhere
elsewhere=$service
tls 7003 foreign
foreign=$service
service 7004 socat TCP-LISTEN:7004,fork,reuseaddr 'SYSTEM:printf "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"'
plaintext=$service
tls 7008 named
forward 7005 # packets to it will be lost
forward 7006 # packets to it are lost already
tls 7009 good # packets to it will be lost; it speaks HTTP/1.1 only
nft add table inet faults
nft add chain inet faults input '{ type filter hook input priority 0; }'
nft add set inet faults lost '{ type inet_service; }'
nft add rule inet faults input tcp dport @lost drop
nft add rule inet faults input tcp sport @lost drop
nft add element inet faults lost '{ 7006 }'
# A name server that does not answer, and one name that is to be known later.
printf 'nameserver 127.0.0.1\n' >"$work/resolv.conf"
printf '127.0.0.1 localhost\n' >"$work/hosts"
mount --bind "$work/resolv.conf" /etc/resolv.conf
mount --bind "$work/hosts" /etc/hosts
nft add rule inet faults input udp dport 53 drop

kubeconfig outdated https://127.0.0.1:7001
kubeconfig elsewhere https://127.0.0.1:7002
kubeconfig foreign https://127.0.0.1:7003
kubeconfig plaintext https://127.0.0.1:7004
kubeconfig half-open https://127.0.0.1:7005
kubeconfig broken-off https://127.0.0.1:7009
kubeconfig lost https://127.0.0.1:7006
kubeconfig refused https://127.0.0.1:7007
kubeconfig unresolved https://api.recovery.test:7008
printf nobody >"$work/token"
kubeconfig refused-token https://127.0.0.1:$honest "tokenFile: $work/token"
kubeconfig forbidden https://127.0.0.1:$honest
sed "s#$CLUSTER/ca.crt#$CLUSTER/wrong-ca.crt#" "$work/kubeconfig-forbidden" >"$work/kubeconfig-wrong-ca"
sed 's#https:#http:#' "$work/kubeconfig-forbidden" >"$work/kubeconfig-no-tls"

targets=
dependencies=
kinds="outdated elsewhere foreign plaintext half-open broken-off lost refused unresolved refused-token wrong-ca no-tls forbidden"
for kind in $kinds; do
	resource="resource: namespaces, name: default"
	[ "$kind" != forbidden ] || resource="resource: secrets, min: 0"
	targets="$targets
  $kind: {kubernetes: {kubeconfig: $work/kubeconfig-$kind}}"
	dependencies="$dependencies
- {id: $kind, every: 2s, timeout: 4s, check: {kubernetes: {target: $kind, $resource}}}"
done
runbook "$targets" "$dependencies"
mkfifo "$work/stdin"
: >"$work/lines"
"$RELIGHT" probe "$work/runbook.yaml" <"$work/stdin" >"$work/lines" 2>"$work/errors" &
sensor=$!
children="$children $sensor"
exec 3>"$work/stdin"
heartbeat
children="$children $heartbeat"

# now_all: from here on, observations count, and seconds
now_all() {
	seen=$(wc -l <"$work/lines")
	began=$(date +%s.%N)
}
# comes DEPENDENCY STATUS SECONDS WORDS: an observation since now_all says so, and says it within those seconds, by its own
# time; what the machine withheld meanwhile from a process that only wakes up (heartbeat) is not the sensor's.
comes() {
	tries=0
	while :; do
		at=$(tail -n +"$((seen + 1))" "$work/lines" | grep '}$' | jq -r --arg id "$1" --arg status "$2" --arg words "$4" -n \
			'first(inputs | select(.type == "observation" and .dependency == $id and .status == $status and
			(.message | contains($words)))) | .ts')
		[ -z "$at" ] || break
		tries=$((tries + 1))
		[ "$tries" -lt 600 ] || break
		sleep 0.1
	done
	if [ -z "$at" ]; then
		echo "test_unreachable.sh: $1 never became '$2: ...$4'; last:" >&2
		grep "\"dependency\":\"$1\"" "$work/lines" | tail -n 2 | cut -c1-400 >&2
		failed=1
		return
	fi
	at=$(date -d "$at" +%s.%N)
	lost=$(withheld "$began" "$at")
	took=$(awk -v from="$began" -v to="$at" 'BEGIN {printf "%.1f", to - from}')
	awk -v took="$took" -v lost="$lost" -v most="$3" 'BEGIN {exit !(took - lost <= most)}' || {
		echo "test_unreachable.sh: $1 became '$2: ...$4' after $took s, wanted $3 s; the machine withheld $lost s" >&2
		failed=1
	}
}

now_all
comes half-open healthy 10 active
comes broken-off healthy 10 active
comes outdated unknown 10 "the certificate has expired"
comes elsewhere unknown 10 "the certificate is not for 127.0.0.1"
comes foreign unknown 10 "signed by an unknown authority"
comes wrong-ca unknown 10 "signed by an unknown authority"
comes plaintext unknown 10 "no TLS on this port: is it plain HTTP?"
comes no-tls unknown 10 "Client sent an HTTP request to an HTTPS server"
comes refused unknown 10 "connection refused"
comes refused-token unknown 10 "HTTP 401, the credentials were refused"
comes forbidden unknown 10 "HTTP 403, not allowed: secrets is forbidden"
comes unresolved unknown 10 "no address for api.recovery.test"
comes lost unknown 10 "timed out: no connection"
now_all
nft add element inet faults lost '{ 7005, 7009 }'
comes half-open unknown 10 "the server has gone silent"
comes broken-off unknown 10 "timed out: " # half-way through an answer, or before it

# What each wants, all at once.
now_all
kill "$outdated" "$elsewhere" "$foreign" "$plaintext"
wait "$outdated" "$elsewhere" "$foreign" "$plaintext" 2>/dev/null || true
tls 7001 good
tls 7002 good
tls 7003 good
forward 7004
forward 7007
nft flush set inet faults lost
printf '127.0.0.1 localhost api.recovery.test\n' >"$work/hosts"
printf viewer-token-5b1c >"$work/token"
cp "$work/kubeconfig-half-open" "$work/kubeconfig-wrong-ca"
sed -i 's#http:#https:#' "$work/kubeconfig-no-tls"
rbac=/apis/rbac.authorization.k8s.io/v1
api POST $rbac/clusterroles - >/dev/null <<'END'
{"metadata":{"name":"keeper"},"rules":[{"apiGroups":[""],"resources":["secrets"],"verbs":["get","list","watch"]}]}
END
api POST $rbac/clusterrolebindings - >/dev/null <<'END'
{"metadata":{"name":"keeper"},"subjects":[{"kind":"User","name":"viewer","apiGroup":"rbac.authorization.k8s.io"}],
 "roleRef":{"kind":"ClusterRole","name":"keeper","apiGroup":"rbac.authorization.k8s.io"}}
END
for kind in $kinds; do
	comes "$kind" healthy 20 ""
done
api DELETE $rbac/clusterrolebindings/keeper >/dev/null
api DELETE $rbac/clusterroles/keeper >/dev/null
exec 3>&-
wait "$sensor" || true
done_probing
