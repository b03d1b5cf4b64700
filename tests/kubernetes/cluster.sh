#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: cluster.sh start|stop|restart DIR
# A real Kubernetes API server on loopback, from the binaries in $ASSETS (see assets.sh). There is no kubelet and no
# scheduler: pods stay as they are created, and their status is set through the status subresource.
#   start    etcd, kube-apiserver and, where there is one, kube-controller-manager; in a DIR used before, with the
#            ports, certificates and data of then
#   stop     ends what start started, and nothing else
#   restart  the API server alone
# DIR then holds
#   url                    https://127.0.0.1:PORT
#   ca.crt, wrong-ca.crt   the server's own CA, and one that signed nothing here
#   kubeconfig             client certificate of an administrator, by files
#   kubeconfig-token       bearer token of `viewer`, inline; may read, but no secrets and no nodes
#   kubeconfig-expired     a client certificate that has expired
#   kubeconfig-wrong-ca    the administrator, who trusts only wrong-ca.crt
#   kubeconfig-bad-token   a token that the server does not know
#   *.log, *.pid, *.lock
set -eu

here=$(cd "$(dirname "$0")" && pwd)
[ $# = 2 ] || {
	sed -n 's/^# usage: /usage: /p' "$0" >&2
	exit 2
}
command=$1
mkdir -p "$2"
CLUSTER=$(cd "$2" && pwd)
# shellcheck source=tests/kubernetes/api.sh
. "$here/api.sh"
cd "$CLUSTER"
umask 077

fail() {
	echo "relight: cluster.sh: $*" >&2
	exit 1
}

# authority NAME: a key and a self-signed CA certificate.
authority() {
	openssl req -x509 -newkey rsa:2048 -nodes -sha256 -days 30 -subj "/CN=$1" -keyout "$1.key" -out "$1.crt" \
		-addext "keyUsage=critical,keyCertSign,cRLSign" 2>/dev/null
}

# certificate NAME SUBJECT DAYS [EXTENSION]: signed by the CA; DAYS below zero is one that has expired.
certificate() {
	openssl req -newkey rsa:2048 -nodes -subj "$2" -keyout "$1.key" -out "$1.csr" 2>/dev/null
	echo "${4:-extendedKeyUsage=clientAuth}" >"$1.ext"
	openssl x509 -req -sha256 -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days "$3" \
		-extfile "$1.ext" -out "$1.crt" 2>/dev/null
}

certificates() {
	[ -f service-account.key ] && return
	authority ca
	authority wrong-ca
	certificate server /CN=kube-apiserver 30 "subjectAltName=IP:127.0.0.1,DNS:localhost
extendedKeyUsage=serverAuth"
	certificate admin /O=system:masters/CN=admin 30
	certificate expired /O=system:masters/CN=admin -1
	printf '%s,viewer,1\n' viewer-token-5b1c >tokens.csv
	openssl genrsa -out service-account.key 2048 2>/dev/null
}

# kubeconfig NAME CA-LINE USER-LINES
kubeconfig() {
	cat >"$1" <<END
apiVersion: v1
kind: Config
current-context: test
contexts:
- name: test
  context: {cluster: test, user: test}
clusters:
- name: test
  cluster:
    server: $(cat url)
    $2
users:
- name: test
  user:
$3
END
}

kubeconfigs() {
	admin="    client-certificate: admin.crt
    client-key: admin.key"
	kubeconfig kubeconfig "certificate-authority: ca.crt" "$admin"
	kubeconfig kubeconfig-token "certificate-authority-data: $(base64 <ca.crt | tr -d '\n')" \
		"    token: viewer-token-5b1c"
	kubeconfig kubeconfig-expired "certificate-authority: ca.crt" "    client-certificate: expired.crt
    client-key: expired.key"
	kubeconfig kubeconfig-wrong-ca "certificate-authority: wrong-ca.crt" "$admin"
	kubeconfig kubeconfig-bad-token "certificate-authority: ca.crt" "    token: nobody"
}

# A server holds the lock of its name from its launch to its end: while it is being loaded from a slow disk it has no command
# line yet to know it by, and a process id may be somebody else's by now.
lives() {
	! flock -n "$1.lock" true
}

# launch NAME PROGRAM ARGUMENT...: in the background, in a session of its own, so that ^C reaches the tests first; what runs
# already goes on, and what has just been killed is waited for.
launch() {
	name=$1
	shift
	exec 9>>"$name.lock"
	if flock -w 1 9; then
		setsid "$@" >>"$name.log" 2>&1 </dev/null &
		echo $! >"$name.pid"
	fi
	exec 9>&-
}

end() {
	if lives "$1"; then
		pid=$(cat "$1.pid")
		kill "$pid" 2>/dev/null || true
		tries=0
		while lives "$1"; do
			tries=$((tries + 1))
			[ "$tries" -lt 100 ] || kill -9 "$pid" 2>/dev/null || true
			sleep 0.1
		done
	fi
	rm -f "$1.pid"
}

# await NAME COMMAND...: until COMMAND succeeds; at most three minutes, and no longer than NAME lives.
await() {
	name=$1
	shift
	tries=0
	until "$@" >/dev/null 2>&1; do
		lives "$name" || { tail -n 5 "$name.log" >&2; fail "$name ended"; }
		tries=$((tries + 1))
		[ "$tries" -lt 900 ] || { tail -n 5 "$name.log" >&2; fail "$name: not ready after three minutes"; }
		sleep 0.2
	done
}

start_etcd() {
	[ -f etcd.url ] || echo "http://127.0.0.1:$(free_port 127.0.0.1)" >etcd.url
	[ -f peer.url ] || echo "http://127.0.0.1:$(free_port 127.0.0.1)" >peer.url
	launch etcd "$ASSETS/etcd" --data-dir "$CLUSTER/etcd" --unsafe-no-fsync \
		--listen-client-urls "$(cat etcd.url)" --advertise-client-urls "$(cat etcd.url)" \
		--listen-peer-urls "$(cat peer.url)" --initial-advertise-peer-urls "$(cat peer.url)" \
		--initial-cluster "default=$(cat peer.url)"
	await etcd curl -sf --max-time 2 "$(cat etcd.url)/health"
}

start_apiserver() {
	[ -f url ] || echo "https://127.0.0.1:$(free_port 127.0.0.1)" >url
	launch apiserver "$ASSETS/kube-apiserver" --etcd-servers "$(cat etcd.url)" --bind-address 127.0.0.1 \
		--secure-port "$(sed 's/.*://' url)" --advertise-address 127.0.0.1 --endpoint-reconciler-type none \
		--cert-dir "$CLUSTER" --tls-cert-file server.crt --tls-private-key-file server.key --client-ca-file ca.crt \
		--token-auth-file tokens.csv --authorization-mode Node,RBAC \
		--service-account-issuer https://kubernetes.default.svc --service-account-key-file service-account.key \
		--service-account-signing-key-file service-account.key --service-cluster-ip-range 10.96.0.0/16 \
		--disable-admission-plugins ServiceAccount --allow-privileged
	await apiserver api GET /readyz
	await apiserver api GET /api/v1/namespaces/kube-system
}

start_controllers() {
	program=$ASSETS/kube-controller-manager
	[ -x "$program" ] || return 0
	# Old ones listen on a fixed port without TLS unless told otherwise, new ones do not know that flag any more.
	no_port=
	if "$program" --help 2>&1 | grep -q '^ *--port '; then
		no_port=--port=0
	fi
	# shellcheck disable=SC2086
	launch controllers "$program" --kubeconfig "$CLUSTER/kubeconfig" $no_port --secure-port 0 \
		--leader-elect=false --controllers "*,-nodelifecycle,-ttl,-attachdetach"
}

# The rights of `viewer`: written out, because the built-in role `view` is only filled by the controllers.
grant() {
	[ -f granted ] && return
	api POST /apis/rbac.authorization.k8s.io/v1/clusterroles - >/dev/null <<'END'
{"metadata":{"name":"relight-viewer"},"rules":[
 {"apiGroups":[""],"resources":["pods","namespaces","services","configmaps","persistentvolumeclaims"],"verbs":["get","list","watch"]},
 {"apiGroups":["apps","batch"],"resources":["*"],"verbs":["get","list","watch"]}]}
END
	api POST /apis/rbac.authorization.k8s.io/v1/clusterrolebindings - >/dev/null <<'END'
{"metadata":{"name":"relight-viewer"},"subjects":[{"kind":"User","name":"viewer","apiGroup":"rbac.authorization.k8s.io"}],
 "roleRef":{"kind":"ClusterRole","name":"relight-viewer","apiGroup":"rbac.authorization.k8s.io"}}
END
	# What judges who may do what hears of it a little later.
	await apiserver curl -sf --max-time 20 --cacert ca.crt -H "Authorization: Bearer viewer-token-5b1c" "$(cat url)/apis/apps/v1/deployments"
	touch granted
}

case $command in
start)
	: "${ASSETS:?is the folder that assets.sh prints}"
	certificates
	start_etcd
	start_apiserver
	kubeconfigs
	start_controllers
	grant
	;;
stop)
	end controllers
	end apiserver
	end etcd
	;;
restart)
	: "${ASSETS:?is the folder that assets.sh prints}"
	end apiserver
	start_apiserver
	;;
*)
	fail "$command: no such command; start, stop or restart"
	;;
esac
