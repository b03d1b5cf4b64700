#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A service asked through the API server: what it says itself, and what the API server says about the way to it. Nobody
# routes service addresses here, and an endpoint must not be on loopback: the service is nginx on this machine's own address,
# which answers nobody but this machine.
set -eu
# shellcheck source=tests/kubernetes/probing.sh
. "$(dirname "$0")/probing.sh"

address=$(hostname -I | tr ' ' '\n' | grep -E '^[0-9.]+$' | head -n 1)
[ -n "$address" ] || {
	echo "test_proxy.sh: this machine has no address but loopback, so no endpoint can be made" >&2
	[ "${CI:-}" != true ] && exit 0
	exit 1
}
nginx_pid=
clean_up() {
	[ -z "$nginx_pid" ] || kill "$nginx_pid" 2>/dev/null || true
}

plain=$(free_port "$address")
secure=$(free_port "$address")
closed=$(free_port "$address")
front=$(free_port "$address")
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=web -keyout "$work/web.key" -out "$work/web.crt" 2>/dev/null
mkdir "$work/temp"
cat >"$work/nginx.conf" <<END
worker_processes 1;
error_log $work/error.log;
pid $work/nginx.pid;
daemon off;
events { worker_connections 64; }
http {
	access_log $work/access.log;
	client_body_temp_path $work/temp;
	proxy_temp_path $work/temp;
	fastcgi_temp_path $work/temp;
	uwsgi_temp_path $work/temp;
	scgi_temp_path $work/temp;
	server {
		listen $address:$plain;
		listen $address:$secure ssl;
		ssl_certificate $work/web.crt;
		ssl_certificate_key $work/web.key;
		allow $address;
		deny all;
		default_type application/json;
		location = /health { return 200 '{"intake":"ok","scheme":"\$scheme","deep":"\$arg_deep"}'; }
		location = /busy { return 503 "{\"intake\":\"busy\"}"; }
		location = /gone { return 404 "nothing of that name"; }
		location = /private { return 401 "who are you"; }
		location = /api { return 404 '{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404,
			"message":"pods x not found","details":{"name":"x","kind":"pods"}}'; }
		location = /moved { return 302 /elsewhere; }
		location = /credentials { return 200 "[\$http_authorization]"; }
		location / { return 200 "root of \$request_uri"; }
	}
	# What stands before API servers that are gone.
	server {
		listen $address:$front;
		allow $address;
		deny all;
		location /api/v1/namespaces/default/ { return 502 "bad gateway"; }
		location / { return 403 "not here"; }
	}
}
END
nginx -c "$work/nginx.conf" >/dev/null 2>"$work/nginx.err" &
nginx_pid=$!
wait_for 60 curl -s -o /dev/null "http://$address:$plain/health" || fail "nginx does not start: $(cat "$work/nginx.err" "$work/error.log")"

services=/api/v1/namespaces/default/services
endpoints=/api/v1/namespaces/default/endpoints
# service NAME: one that listens on 80 ("plain") and 443 ("secure"), without a selector, so that nobody makes endpoints for it.
service() {
	printf '{"metadata":{"name":"%s"},"spec":{"ports":[{"name":"plain","port":80},{"name":"secure","port":443}]}}' "$1" |
		api POST $services - >/dev/null
}
# endpoint NAME PORT: where that service is answered. The API server asks only where a pod is, so there is one of that address.
endpoint() {
	printf '{"metadata":{"name":"%s"},"subsets":[{"addresses":[{"ip":"%s","targetRef":{"kind":"Pod","namespace":"default","name":"proxied"}}],
		"ports":[{"name":"plain","port":%s},{"name":"secure","port":%s}]}]}' \
		"$1" "$address" "$2" "$secure" | api POST $endpoints - >/dev/null
}
pods=/api/v1/namespaces/default/pods
api POST $pods - >/dev/null <<'END'
{"metadata":{"name":"proxied"},"spec":{"containers":[{"name":"main","image":"none"}]}}
END
printf '{"status":{"phase":"Running","podIP":"%s","podIPs":[{"ip":"%s"}]}}' "$address" "$address" |
	api PATCH $pods/proxied/status - >/dev/null
service web
endpoint web "$plain"
service bare
service empty
printf '{"metadata":{"name":"empty"},"subsets":[]}' | api POST $endpoints - >/dev/null
service broken
endpoint broken "$closed"

dependencies=
# ask ID TARGET SERVICE PORT PATH [EXPECT]
ask() {
	dependencies="$dependencies
- {id: $1, timeout: 20s, check: {kubernetes: {target: $2, namespace: default, service: '$3', port: '$4', path: '$5', expect: {${6:-}}}}}"
}
ask answers admin web 80 /health "jq: '.intake == \"ok\"', message: '\"intake is \\(.intake)\"'"
ask by-name admin web plain health "contains: ok"
ask query admin web 80 '/health?deep=1' "jq: '.deep == \"1\"'"
ask tls admin https:web secure /health "jq: '.scheme == \"https\"'"
ask tls-number admin https:web 443 /health
ask root admin web 80 ''
ask busy admin web 80 /busy "jq: '.intake == \"ok\"', message: .intake"
ask busy-wanted admin web 80 /busy "status: 503"
ask gone admin web 80 /gone
ask private admin web 80 /private
ask api admin web 80 /api
ask moved admin web 80 /moved
ask wrong admin web 80 /health "contains: degraded"
ask pattern admin web 80 /health "matches: '^.\"intake'"
ask in-time admin web 80 /health "within: 30s"
ask credentials viewer-proxy web 80 /credentials "contains: '[]'"
ask empty admin empty 80 /
ask empty-wanted admin empty 80 / "unreachable: true"
ask bare admin bare 80 /
ask bare-wanted admin bare 80 / "unreachable: true"
ask broken admin broken 80 /
ask broken-wanted admin broken 80 / "unreachable: true"
ask there-unwanted admin web 80 / "unreachable: true"
ask no-port admin web other /
ask absent admin nothing 80 /
ask absent-tls admin https:nothing 443 /
ask absent-wanted admin nothing 80 / "unreachable: true"
ask forbidden viewer web 80 /
ask refused stranger web 80 /
ask away away web 80 /
ask away-wanted away web 80 / "unreachable: true"
ask outside admin web 80 /../../../configmaps
ask input admin '${input.service}' '${input.port}' '/${input.path}' "contains: '\${input.word}'"
ask plaintext plaintext web 80 /health
ask front front web 80 /health
ask front-wanted front web 80 /health "status: 502"
dependencies="$dependencies
- {id: of-target, timeout: 20s, check: {kubernetes: {target: in-default, service: web, port: 80, path: /health}}}
- {id: of-other-target, timeout: 20s, check: {kubernetes: {target: in-nowhere, service: web, port: 80}}}
- {id: of-context, timeout: 20s, check: {kubernetes: {target: admin, service: web, port: 80, path: /health}}}
- {id: nowhere, timeout: 20s, check: {kubernetes: {target: admin, namespace: nowhere, service: web, port: 80}}}"

# A user who may ask services, to see that its token stays with the API server.
api POST /apis/rbac.authorization.k8s.io/v1/namespaces/default/roles - >/dev/null <<'END'
{"metadata":{"name":"proxy"},"rules":[{"apiGroups":[""],"resources":["services/proxy"],"resourceNames":["web:80"],"verbs":["get"]}]}
END
api POST /apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings - >/dev/null <<'END'
{"metadata":{"name":"proxy"},"roleRef":{"kind":"Role","name":"proxy","apiGroup":"rbac.authorization.k8s.io"},
 "subjects":[{"kind":"User","name":"viewer","apiGroup":"rbac.authorization.k8s.io"}]}
END
sed "s#$(cat "$CLUSTER/url")#https://127.0.0.1:1#" "$CLUSTER/kubeconfig" >"$CLUSTER/kubeconfig-away"
# To the port that wants TLS, without it: Go's server answers that in plain text.
sed "s#https://#http://#" "$CLUSTER/kubeconfig" >"$CLUSTER/kubeconfig-plaintext"
sed "s#$(cat "$CLUSTER/url")#http://$address:$front#" "$CLUSTER/kubeconfig" >"$CLUSTER/kubeconfig-front"
runbook "
  plaintext: {kubernetes: {kubeconfig: $CLUSTER/kubeconfig-plaintext, context: test}}
  front: {kubernetes: {kubeconfig: $CLUSTER/kubeconfig-front, context: test}}
  in-default: {kubernetes: {kubeconfig: $CLUSTER/kubeconfig, context: test, namespace: default}}
  in-nowhere: {kubernetes: {kubeconfig: $CLUSTER/kubeconfig, context: test, namespace: nowhere}}
  admin: {kubernetes: {kubeconfig: $CLUSTER/kubeconfig, context: test}}
  viewer: {kubernetes: {kubeconfig: $CLUSTER/kubeconfig-token, context: test}}
  viewer-proxy: {kubernetes: {kubeconfig: $CLUSTER/kubeconfig-token, context: test}}
  stranger: {kubernetes: {kubeconfig: $CLUSTER/kubeconfig-bad-token, context: test}}
  away: {kubernetes: {kubeconfig: $CLUSTER/kubeconfig-away, context: test}}
inputs: {service: {ask: s}, port: {ask: p}, path: {ask: x}, word: {ask: w}}" "$dependencies"
# What judges who may do what hears of it a little later.
until_observed 60 credentials healthy
observe --input service=web --input port=80 --input path=a/b --input word=/a/b

expect answers healthy ": intake is ok"
expect by-name healthy "HTTP 200 in "
expect query healthy "HTTP 200"
expect tls healthy "HTTP 200"
expect tls-number healthy "HTTP 200"
expect root healthy "HTTP 200"
expect plaintext unknown "HTTP 400: Client sent an HTTP request to an HTTPS server"
expect front unknown "HTTP 403"
expect front-wanted unknown "HTTP 403"
expect of-target healthy "HTTP 200"
expect of-other-target missing 'services "web" not found'
expect of-context healthy "HTTP 200"
expect busy degraded "HTTP 503"
expect busy degraded ": busy"
expect busy-wanted healthy "HTTP 503"
expect gone degraded "HTTP 404"
expect private degraded "HTTP 401"
expect api degraded "HTTP 404"
expect moved degraded "it redirects to"
expect wrong degraded "does not contain: degraded"
expect pattern healthy "HTTP 200"
expect in-time healthy "HTTP 200"
expect empty degraded "no endpoints available for service"
expect empty-wanted healthy "nothing answers, as it should be"
expect bare degraded "the service has no endpoints"
expect bare-wanted healthy "the service has no endpoints: nothing answers, as it should be"
expect broken degraded "rror trying to reach service"
expect broken-wanted healthy "nothing answers, as it should be"
expect there-unwanted degraded "something answers, though nothing should"
expect no-port degraded "for service"
expect absent missing 'services "nothing" not found'
expect absent-tls missing 'services "nothing" not found'
expect absent-wanted healthy "nothing answers, as it should be"
expect nowhere missing 'services "web" not found'
expect credentials healthy "HTTP 200"
expect forbidden healthy "HTTP 200"
expect refused unknown "HTTP 401, the credentials were refused"
expect away unknown "refused"
expect away-wanted unknown "refused"
expect outside unknown "leads out of the service"
expect input healthy "HTTP 200"

# Without the right the service is not known; a service that comes and goes is.
api DELETE /apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings/proxy >/dev/null
until_observed 60 forbidden unknown
expect forbidden unknown 'HTTP 403, not allowed: services "web:80" is forbidden'
api DELETE $endpoints/web >/dev/null
until_observed 60 answers degraded
expect answers degraded 'no endpoints'
api DELETE $services/web >/dev/null
until_observed 60 answers missing
service web
until_observed 60 answers degraded
endpoint web "$plain"
until_observed 60 answers healthy

for name in web bare empty broken; do
	api DELETE "$services/$name" >/dev/null
done
api DELETE $pods/proxied >/dev/null
if grep -qE 'viewer-token|BEGIN|PRIVATE' "$work/lines" "$work/errors" "$work/access.log"; then
	echo "test_proxy.sh: a credential is in the output" >&2
	failed=1
fi
done_probing
