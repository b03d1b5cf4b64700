#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A tokenFile with a relative path: kubectl before 1.28 looks from the current folder, later ones from the kubeconfig's. Where
# only one is there it is meant; where both are, the kubeconfig's counts.
set -eu
# shellcheck source=tests/kubernetes/probing.sh
. "$(dirname "$0")/probing.sh"
mkdir -p "$work/config/sub" "$work/here/sub"
sed 's#    token: .*#    tokenFile: sub/token#' "$CLUSTER/kubeconfig-token" >"$work/config/kubeconfig"
runbook "  main: {kubernetes: {kubeconfig: config/kubeconfig, context: test}}" \
	"- {id: ns, timeout: 20s, check: {kubernetes: {target: main, resource: ns, name: default, expect: exists}}}"
cd "$work/here"
good=viewer-token-5b1c
kubectl_gets() {
	[ ! -x "$ASSETS/kubectl" ] || "$ASSETS/kubectl" --kubeconfig "$work/config/kubeconfig" get ns default >/dev/null 2>&1
}

observe
expect ns unknown "kubeconfig: tokenFile: $work/config/sub/token: No such file or directory"
: >"$work/config/sub/token"
observe
expect ns unknown "kubeconfig: tokenFile: $work/config/sub/token: is empty"
echo $good >"$work/config/sub/token"
observe
expect ns healthy ''
rm "$work/config/sub/token"
echo $good >sub/token
observe
expect ns healthy ''
# One of the two is the way of the kubectl that is here.
early=0 late=0
kubectl_gets || early=1
mv sub/token "$work/config/sub/token"
kubectl_gets || late=1
[ $((early + late)) -le 1 ] || {
	echo "test_token_file.sh: kubectl finds it nowhere" >&2
	failed=1
}
echo nobody >sub/token
observe
expect ns healthy ''
mv "$work/config/sub/token" "$work/config/sub/good"
mv sub/token "$work/config/sub/token"
echo $good >sub/token
observe
expect ns unknown 'HTTP 401, the credentials were refused'
done_probing
