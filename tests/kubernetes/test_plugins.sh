#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Credential plugins (exec) of a kubeconfig: those that work, and those that do not, each with the words that help.
set -eu
# shellcheck source=tests/kubernetes/probing.sh
. "$(dirname "$0")/probing.sh"

api_v1=client.authentication.k8s.io/v1
mkdir "$work/bin"
# plugin NAME: an executable of stdin
plugin() {
	cat >"$work/bin/$1"
	chmod +x "$work/bin/$1"
}
# credential STATUS: an ExecCredential
credential() {
	printf '{"apiVersion":"%s","kind":"ExecCredential","status":%s}\n' "$api_v1" "$1"
}
answer=$(credential '{"token":"viewer-token-5b1c"}')
plugin token <<END
#!/bin/sh
echo "\$*" >>"$work/runs-token"
printf '%s' "\$KUBERNETES_EXEC_INFO" >"$work/info"
printf '%s' '$answer'
END
plugin certificate <<END
#!/bin/sh
jq -n --arg v "$api_v1" --rawfile cert "$CLUSTER/admin.crt" --rawfile key "$CLUSTER/admin.key" \
	'{apiVersion:\$v,kind:"ExecCredential",status:{clientCertificateData:\$cert,clientKeyData:\$key}}'
END
plugin hangs <<END
#!/bin/sh
echo \$\$ >"$work/hanging"
printf 'To sign in, open https://login.example/device\nand enter the code QX7.\n' >&2
sleep 300 &
sleep 300
END
plugin asks <<'END'
#!/bin/sh
printf 'Password: ' >/dev/tty || { echo "cannot ask: there is no terminal" >&2; exit 4; }
read -r answer
END
plugin fails <<'END'
#!/bin/sh
echo "some detail" >&2
echo "the SSO session has expired; AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" >&2
exit 255
END
plugin garbage <<'END'
#!/bin/sh
echo 'secret-garbage {{{'
END
plugin flood <<'END'
#!/bin/sh
yes 0123456789012345678901234567890123456789 | head -c 10000000
END
plugin other <<END
#!/bin/sh
echo '{"apiVersion":"client.authentication.k8s.io/v1beta1","kind":"ExecCredential","status":{"token":"x"}}'
END
plugin older <<END
#!/bin/sh
echo '{"apiVersion":"client.authentication.k8s.io/v1beta1","kind":"ExecCredential","status":{"token":"viewer-token-5b1c"}}'
END
plugin empty <<END
#!/bin/sh
echo '{"apiVersion":"$api_v1","kind":"ExecCredential","status":{}}'
END
plugin short <<END
#!/bin/sh
echo run >>"$work/runs-short"
printf '{"apiVersion":"$api_v1","kind":"ExecCredential","status":{"token":"viewer-token-5b1c","expirationTimestamp":"%s"}}' \
	"\$(date -u -d '+12 seconds' +%Y-%m-%dT%H:%M:%SZ)"
END
# By this machine's clock, which may be the one that is wrong.
for token in late:viewer-token-5b1c over:nobody; do
	plugin "${token%%:*}" <<END
#!/bin/sh
echo run >>"$work/runs-${token%%:*}"
printf '{"apiVersion":"$api_v1","kind":"ExecCredential","status":{"token":"${token#*:}","expirationTimestamp":"2020-01-02T03:04:05Z"}}'
END
done
plugin rotates <<END
#!/bin/sh
echo run >>"$work/runs-rotates"
if [ "\$(wc -l <"$work/runs-rotates")" = 1 ]; then token=nobody; else token=viewer-token-5b1c; fi
printf '{"apiVersion":"$api_v1","kind":"ExecCredential","status":{"token":"%s"}}' "\$token"
END

# user NAME [KEY: VALUE,…]: one that is this plugin's
user() {
	echo "- name: $1
  user: {exec: {apiVersion: $api_v1, command: ./bin/$1, args: [get-token, --cluster, a b], interactiveMode: IfAvailable$2}}"
}
{
	echo "apiVersion: v1
kind: Config
clusters:
- name: c
  cluster:
    server: $(cat "$CLUSTER/url")
    certificate-authority: $CLUSTER/ca.crt
    extensions:
    - {name: client.authentication.k8s.io/exec, extension: {audience: dr}}
users:"
	user token ", provideClusterInfo: true, env: [{name: AWS_PROFILE, value: dr}]"
	for name in certificate hangs asks fails garbage flood other empty short late over rotates; do
		user $name ""
	done
	echo "- {name: older, user: {exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: ./bin/older}}}"
	user absent ", installHint: install the cloud's tools"
	echo "- {name: always, user: {exec: {apiVersion: $api_v1, command: ./bin/token, args: [login], interactiveMode: Always}}}"
	echo "contexts:"
	for name in token certificate hangs asks fails garbage flood other older empty short late over rotates absent always; do
		echo "- {name: $name, context: {cluster: c, user: $name}}"
	done
} >"$work/config"

targets=''
dependencies=''
for name in token certificate hangs asks fails garbage flood other older empty rotates absent always; do
	targets="$targets
  $name: {kubernetes: {kubeconfig: $work/config, context: $name}}"
	dependencies="$dependencies
- {id: $name, timeout: 15s, check: {kubernetes: {target: $name, resource: ns, name: kube-system}}}"
done
runbook "$targets" "$dependencies"
observe
sign_in="sign in again in another terminal: $work/bin"
expect token healthy ""
expect certificate healthy ""
expect older healthy ""
expect rotates healthy ""
expect hangs unknown "the credential plugin has not answered yet: To sign in, open https://login.example/device and enter the code QX7."
expect asks unknown "failed, exit 4: cannot ask: there is no terminal; $sign_in/asks get-token --cluster 'a b'"
expect fails unknown "failed, exit 255: the SSO session has expired; AWS_SECRET_ACCESS_KEY="
expect garbage unknown "what it printed is no JSON; $sign_in/garbage"
expect flood unknown "printed more than 1 MiB"
expect other unknown "it speaks client.authentication.k8s.io/v1beta1, the kubeconfig wants $api_v1"
expect empty unknown "it gave neither a token nor a certificate"
expect absent unknown "install the cloud's tools"
expect always unknown "wants to talk to a person; $sign_in/token login"

# equal WHAT WANTED SAID
equal() {
	[ "$2" = "$3" ] || {
		echo "test_plugins.sh: $1: '$3', wanted '$2'" >&2
		failed=1
	}
}
equal "runs of a plugin for several questions" 1 "$(wc -l <"$work/runs-token")"
equal "its arguments" "get-token --cluster a b" "$(cat "$work/runs-token")"
equal "what it was told" "$(printf 'client.authentication.k8s.io/v1 ExecCredential false %s dr' "$(cat "$CLUSTER/url")")" \
	"$(jq -r '"\(.apiVersion) \(.kind) \(.spec.interactive) \(.spec.cluster.server) \(.spec.cluster.config.audience)"' "$work/info")"
equal "the CA that it was told" "$(cat "$CLUSTER/ca.crt")" \
	"$(jq -r '.spec.cluster["certificate-authority-data"]' "$work/info" | base64 -d)"
equal "runs of one whose token was refused" 2 "$(wc -l <"$work/runs-rotates")"
for secret in wJalrXUtnFEMI secret-garbage viewer-token; do
	if grep -q "$secret" "$work/lines" "$work/errors"; then
		echo "test_plugins.sh: $secret is shown" >&2
		failed=1
	fi
done
# A plugin that hangs ends with the sensor, and all that it has started.
has_ended() {
	[ -z "$(ps -e -o pgid=,stat=,args= | awk -v group="$(cat "$work/hanging")" '$1 == group && $2 !~ /^Z/')" ]
}
if ! wait_for 20 has_ended; then
	echo "test_plugins.sh: a plugin outlives the sensor" >&2
	failed=1
fi

# What expires is got anew before it does; one that failed is not run for each question.
plugin fails <<END
#!/bin/sh
echo run >>"$work/runs-fails"
exit 1
END
runbook "  short: {kubernetes: {kubeconfig: $work/config, context: short}}
  fails: {kubernetes: {kubeconfig: $work/config, context: fails}}" \
	"- {id: short, every: 500ms, timeout: 10s, check: {kubernetes: {target: short, readyz: true}}}
- {id: fails, every: 500ms, timeout: 10s, check: {kubernetes: {target: fails, readyz: true}}}"
mkfifo "$work/open"
exec 7<>"$work/open" # a stdin that does not end
# is_enough PLUGIN RUNS: it was run so often, and something was said of it.
is_enough() {
	[ "$(cat "$work/runs-$1" 2>/dev/null | wc -l)" -ge "$2" ] && grep -q "\"dependency\":\"$1\"" "$work/lines"
}
# observed SECONDS PLUGIN RUNS OTHER: runs the sensor for so long, which is left in $ran. Where the machine was so slow that the
# plugin did not come to these runs, or the other one to any, that shows nothing: once more, for longer.
observed() {
	for ran in "$1" $(($1 * 5)); do
		rm -f "$work/runs-$2" "$work/runs-$4"
		timeout "$ran" "$RELIGHT" probe "$work/runbook.yaml" <"$work/open" >"$work/lines" 2>"$work/errors" || true
		! is_enough "$2" "$3" || ! is_enough "$4" 1 || return 0
		echo "test_plugins.sh: $2 and $4 hardly ran in $ran s"
	done
}
observed 7 short 2 fails
runs=$(wc -l <"$work/runs-short")
[ "$runs" -ge 2 ] && [ "$runs" -le $((ran * 5 / 7)) ] ||
	equal "runs of one whose token lives 2 s before it is renewed, in $ran s" "2 to $((ran * 5 / 7))" "$runs"
runs=$(wc -l <"$work/runs-fails")
[ "$runs" -le $((ran * 3 / 7)) ] || equal "runs of one that fails, in $ran s" "at most $((ran * 3 / 7))" "$runs"

# One whose answer says that it has expired is believed by the server alone, and is not run for each question.
runbook "  late: {kubernetes: {kubeconfig: $work/config, context: late}}
  over: {kubernetes: {kubeconfig: $work/config, context: over}}" \
	"- {id: late, every: 500ms, timeout: 10s, check: {kubernetes: {target: late, readyz: true}}}
- {id: over, every: 500ms, timeout: 10s, check: {kubernetes: {target: over, readyz: true}}}"
mv "$work/lines" "$work/lines-short"
observed 4 late 1 over
equal "runs of one whose answer claims to have expired" 1 "$(wc -l <"$work/runs-late")"
equal "what is seen with it" "healthy 2020-01-02T03:04:05.000000Z null" \
	"$(jq -r 'select(.dependency == "late") | "\(.status) \(.expires) \(.renews)"' "$work/lines" | sort -u)"
runs=$(wc -l <"$work/runs-over")
[ "$runs" -le $((ran / 2)) ] || equal "runs of one whose expired answer is refused, in $ran s" "at most $((ran / 2))" "$runs"
equal "what is said of it" "unknown" "$(jq -r 'select(.dependency == "over") | .status' "$work/lines" | sort -u)"
refused="over: the server refuses what it gave, which had expired at 2020-01-02T03:04:05.000000Z; $sign_in/over get-token"
jq -r 'select(.dependency == "over") | .message' "$work/lines" | grep -qF "$refused" ||
	equal "the words of one whose expired answer is refused" "$refused" \
		"$(jq -r 'select(.dependency == "over") | .message' "$work/lines" | sort -u)"
equal "observations that were not healthy" 0 \
	"$(jq -s 'map(select(.dependency == "short" and .status != "healthy")) | length' "$work/lines-short")"
done_probing
