#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Not being able to ask is unknown with the reason; a kubeconfig or context that is not there is missing. Each way not to get
# an answer, and who the target says that it is.
set -eu
# shellcheck source=tests/kubernetes/probing.sh
. "$(dirname "$0")/probing.sh"

# kubeconfig NAME OLD NEW: the administrator's, with one thing changed, in the cluster's folder.
variant() {
	sed "s#$2#$3#" "$CLUSTER/kubeconfig" >"$CLUSTER/kubeconfig-$1"
}
port=$(sed 's/.*://' "$CLUSTER/url")
etcd_port=$(sed 's/.*://' "$CLUSTER/etcd.url")
variant refused ":$port" ":1"
variant unresolvable "127.0.0.1:$port" "nowhere.invalid:$port"
variant plaintext ":$port" ":$etcd_port"
variant other-name "certificate-authority: ca.crt" "{certificate-authority: ca.crt, tls-server-name: localhost, server: $(cat "$CLUSTER/url")}"
variant no-ca-file "ca.crt" "gone.crt"
printf 'just text\n' >"$CLUSTER/kubeconfig-broken"
# tls-server-name asks for another name than the one in the URL: one the certificate has, and one that it has not.
for name in localhost elsewhere; do
	sed "s#certificate-authority: ca.crt#certificate-authority: ca.crt\n    tls-server-name: $name#" "$CLUSTER/kubeconfig" \
		>"$CLUSTER/kubeconfig-name-$name"
done
sed 's/token: .*/tokenFile: rotating-token/' "$CLUSTER/kubeconfig-token" >"$CLUSTER/kubeconfig-token-file"
echo viewer-token-5b1c >"$CLUSTER/rotating-token"

kinds="admin token token-file bad-token expired wrong-ca refused unresolvable plaintext name-localhost name-elsewhere
	no-ca-file broken nowhere"
cp "$CLUSTER/kubeconfig" "$CLUSTER/kubeconfig-admin"
targets=
dependencies=
for kind in $kinds; do
	targets="$targets
  $kind: {kubernetes: {kubeconfig: $CLUSTER/kubeconfig-$kind, context: test}}"
	dependencies="$dependencies
- {id: $kind, timeout: 20s, check: {kubernetes: {target: $kind, resource: namespaces, name: default}}}"
done
runbook "$targets
  no-context: {kubernetes: {kubeconfig: $CLUSTER/kubeconfig, context: dr}}
  default-file: {kubernetes: {context: test}}
  impostor: {kubernetes: {kubeconfig: $CLUSTER/kubeconfig, context: test, uid: 0b1c}}" "$dependencies
- {id: no-context, check: {kubernetes: {target: no-context, readyz: true}}, timeout: 20s}
- {id: default-file, check: {kubernetes: {target: default-file, readyz: true}}, timeout: 20s}
- {id: impostor, check: {kubernetes: {target: impostor, readyz: true}}, timeout: 20s}
- {id: forbidden-list, timeout: 20s, check: {kubernetes: {target: token, resource: secrets, namespace: '*'}}}
- {id: forbidden-name, timeout: 20s, check: {kubernetes: {target: token, resource: nodes, name: a}}}
- {id: permitted-list, timeout: 20s, check: {kubernetes: {target: token, resource: deployments, namespace: '*', min: 0}}}"
observe
expect admin healthy active
expect token healthy active
expect token-file healthy active
expect bad-token unknown "HTTP 401, the credentials were refused"
expect expired unknown "HTTP 401, the credentials were refused: Unauthorized; they expired at 20"
expect wrong-ca unknown certificate
expect refused unknown refused
expect unresolvable unknown nowhere.invalid
expect plaintext unknown "the connection was closed during the TLS handshake"
expect name-localhost healthy active
expect name-elsewhere unknown "the certificate is not for elsewhere"
expect no-ca-file unknown gone.crt
expect broken unknown "is no kubeconfig"
expect nowhere missing "is not there"
expect no-context missing "there is no context dr"
expect default-file healthy ready
expect impostor unknown "another cluster answers"
expect forbidden-list unknown 'HTTP 403, not allowed: secrets is forbidden: User "viewer"'
expect forbidden-name unknown 'HTTP 403, not allowed: nodes "a" is forbidden'
expect permitted-list healthy "deployments"

# The fingerprint: the UID of kube-system, and the CA's digest as openssl prints it.
uid=$(api GET /api/v1/namespaces/kube-system | jq -r .metadata.uid)
ca=$(openssl x509 -in "$CLUSTER/ca.crt" -outform DER | openssl dgst -sha256 | sed 's/.*= *//')
for target in admin token default-file; do
	said=$(jq -r --arg t "$target" 'select(.type == "target" and .target == $t) |
		"\(.endpoint) \(.fingerprint.uid) \(.fingerprint.ca_sha256)"' "$work/lines")
	[ "$said" = "$(cat "$CLUSTER/url") $uid $ca" ] || {
		echo "test_access.sh: $target: fingerprint '$said'" >&2
		failed=1
	}
done
said=$(jq -r 'select(.type == "target") | .target' "$work/lines" | grep -xE 'bad-token|wrong-ca|refused|nowhere' || true)
[ -z "$said" ] || {
	echo "test_access.sh: a fingerprint of what was never seen: $said" >&2
	failed=1
}

# No secret of a kubeconfig reaches what is printed.
if grep -qE 'viewer-token|BEGIN|PRIVATE' "$work/lines" "$work/errors"; then
	echo "test_access.sh: a credential is in the output" >&2
	failed=1
fi
done_probing
