#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Kubeconfigs mean what they mean to kubectl: many lists of files, drawn from parts, are resolved by both and compared.
set -eu
: "${SUPPORT:?is where the programs for these tests are}"
kubectl=${ASSETS:-}/kubectl
[ -x "$kubectl" ] || {
	echo "test_kubeconfig.sh: skipped: there is no kubectl in $ASSETS"
	exit 0
}
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/../integration/lib.sh"
mkdir -p "$work/a/pki" "$work/b" "$work/c"
failed=0

seed=${KUBECONFIG_SEED:-5}
# pick N: a number below N, into $picked
pick() {
	seed=$(((seed * 1103515245 + 12345) % 2147483648))
	picked=$((seed / 65536 % $1))
}
data=$(printf 'PEM' | base64)
# one_of TEXT…: one of them, into $chosen
one_of() {
	pick $#
	shift $picked
	chosen=$1
}

cluster() {
	one_of "certificate-authority: pki/$2.crt" "certificate-authority: /etc/ca.crt" "certificate-authority-data: $data" \
		"insecure-skip-tls-verify: true" "certificate-authority: ../ca.crt, certificate-authority-data: $data"
	trust=$chosen
	one_of "" ", tls-server-name: api.internal" ", proxy-url: 'http://proxy:3128'" ", proxy-url: 'socks5://127.0.0.1:1080', insecure-skip-tls-verify: false"
	echo "- {name: c$1, cluster: {server: 'https://$2-$1:6443/base', $(echo "$trust$chosen" |
		sed 's/\(insecure-skip-tls-verify: true.*\), insecure-skip-tls-verify: false/\1/')}}"
}
# A relative tokenFile is left out: kubectl resolves it from 1.28 on only.
user() {
	one_of "token: t$1" "tokenFile: /var/token" "token: t$1, tokenFile: /run/token" "username: ana, password: 'p: w'" \
		"client-certificate: $2.crt, client-key: ./pki/$2.key" "client-certificate-data: $data, client-key-data: $data" \
		"client-certificate: /x/a.crt, client-key-data: $data" "token: t, as: bob" \
		"exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: ./bin/$2.get, args: [a, 'b c'], env: [{name: X, value: 'y=z'}]}" \
		"exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: aws, args: [], env: []}"
	echo "- {name: u$1, user: {$chosen}}"
}
# As files come: from Windows, with a document behind them, with nothing in them at all.
dress() {
	one_of plain plain plain plain marked doubled empty comment
	case $chosen in
	plain) cat ;;
	marked) printf '\357\273\277' && cat ;;
	doubled) cat && printf -- '---\nsome: [other, document]\n' ;;
	empty) cat >/dev/null ;;
	comment) cat >/dev/null && printf '# nothing yet\n' ;;
	esac
}
context() {
	pick 3
	of=$picked
	pick 3
	one_of "" ", namespace: shop"
	echo "- {name: x$1, context: {cluster: c$of, user: u$picked$chosen}}"
}
# file FOLDER: a kubeconfig in which some of the three names of each kind are
file() {
	echo "apiVersion: v1
kind: Config"
	one_of "" "current-context: x0" "current-context: x1" "current-context: ''"
	echo "$chosen"
	for kind in cluster user context; do
		echo "${kind}s:"
		for number in 0 1 2; do
			pick 3
			[ "$picked" = 0 ] || "$kind" "$number" "$1"
		done
	done | awk '/:$/ { held = $0; next } held != "" { print held; held = "" } { print }'
}

compared=0 refused=0 round=0
while [ "$round" -lt 60 ]; do
	round=$((round + 1))
	for folder in a b c; do
		file $folder >"$work/plain"
		dress <"$work/plain" >"$work/$folder/config"
	done
	one_of a/config a/config:b/config b/config:a/config:c/config nowhere/config:c/config a/config:a/config
	list=
	for part in $(echo "$chosen" | tr : ' '); do
		list=$list${list:+:}$work/$part
	done
	export KUBECONFIG="$list"
	for context in "" x0 x1 x2; do
		theirs=0 ours=0
		"$kubectl" config view --minify --raw -o json ${context:+--context "$context"} >"$work/theirs.json" 2>"$work/words" || theirs=1
		"$SUPPORT/kubeconfig_access" $context >"$work/ours.json" 2>&1 || ours=1
		# What it names and what is not there shows to kubectl only when it is used.
		[ "$theirs" = 0 ] && jq -e '(.clusters // []) == [] or ((.contexts[0].context.user // "") != "" and (.users // []) == [])' \
			"$work/theirs.json" >/dev/null && theirs=1
		if [ "$theirs$ours" = 11 ]; then
			refused=$((refused + 1))
			continue
		fi
		jq -S '{context: .["current-context"], namespace: .contexts[0].context.namespace} +
			(.clusters[0].cluster | {server, "tls-server-name": .["tls-server-name"], "proxy-url": .["proxy-url"],
				"insecure-skip-tls-verify": .["insecure-skip-tls-verify"],
				"certificate-authority-data": .["certificate-authority-data"],
				"certificate-authority": (if .["certificate-authority-data"] then null else .["certificate-authority"] end)}) +
			((.users // [])[0].user // {} | {"client-certificate", "client-certificate-data", "client-key", "client-key-data", token, tokenFile,
				username, password, "as": .["as"], command: .exec.command, args: (if .exec then .exec.args // [] else null end),
				env: (if .exec then .exec.env // [] else null end)}) |
			with_entries(select(.value != null and .value != "")) |
			map_values(if type == "string" then ltrimstr("./") else . end)' "$work/theirs.json" >"$work/theirs.sorted" 2>&1 || true
		# kubectl shows paths as they are written; each holds the name of its file's folder, so that the right one shows.
		jq -S --arg work "$work" 'with_entries(select(.value != null and .value != "")) |
			map_values(if type == "string" and startswith($work + "/") then
				sub("^/.*/(?<folder>[abc])/(?<path>(.*/)?\\k<folder>[.][a-z]+)$"; .path) else . end)' "$work/ours.json" >"$work/ours.sorted" 2>&1 || true
		compared=$((compared + 1))
		cmp -s "$work/theirs.sorted" "$work/ours.sorted" || {
			failed=$((failed + 1))
			[ "$failed" -gt 3 ] || {
				echo "test_kubeconfig.sh: round $round, $list, context '$context':" >&2
				diff "$work/theirs.sorted" "$work/ours.sorted" >&2 || true
				head -n 2 "$work/words" "$work/ours.json" >&2
			}
		}
	done
done
[ "$compared" -gt 50 ] && [ "$refused" -gt 10 ] || {
	echo "test_kubeconfig.sh: only $compared compared and $refused refused by both" >&2
	failed=1
}
[ "$failed" = 0 ] || fail "$failed of $compared differ"
