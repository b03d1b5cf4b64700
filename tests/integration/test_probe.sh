#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `relight probe` against real servers on loopback: nginx for HTTP and TLS, listeners that accept, hang, talk or refuse;
# commands, jq, variables, rechecks by token.
set -eu

. "$(dirname "$0")/lib.sh"

here=$work
failed=0
started=
end_servers() {
	for pid in $started; do
		kill -CONT "$pid" 2>/dev/null || :
		kill "$pid" 2>/dev/null || :
	done
}
trap 'ended=$?; end_servers; finish $ended' EXIT

fail() {
	echo "probe: $*" >&2
	failed=1
}

# is DEPENDENCY STATUS WORDS: what "$here/out" says about it. WORDS is a part of the message.
is() {
	line=$(grep -F "\"dependency\":\"$1\"" "$here/out" | tail -n 1)
	case $line in
	*"\"status\":\"$2\""*"$3"*) ;;
	*) fail "$1: wanted $2 and: $3; got: ${line:-nothing}" ;;
	esac
}

# --- servers -----------------------------------------------------------------------------------------------------------

# Free ports; the kernel chooses them, and gives them nobody else while this process is bound to them. The servers may bind
# them as well, as both allow that and it does not listen; whoever connects to one without a server is refused.
perl -MIO::Socket::INET -e '@s = map { IO::Socket::INET->new(LocalAddr => "127.0.0.1", Proto => "tcp", ReuseAddr => 1) or die } 1 .. 7;
	open $f, ">", "$ARGV[0].new" or die; print $f join(" ", map { $_->sockport } @s), "\n"; close $f;
	rename "$ARGV[0].new", $ARGV[0]; sleep 3600' "$here/ports" &
started="$started $!"
wait_for 60 test -e "$here/ports" || { fail "no ports"; exit 1; }
read -r http tls expired wrong banner hung closed <"$here/ports"

# certificate NAME SUBJECT DAYS: signed by the test's own CA.
certificate() {
	openssl req -newkey rsa:2048 -nodes -keyout "$here/$1.key" -subj "/CN=$2" -out "$here/$1.csr" 2>/dev/null
	printf 'subjectAltName=DNS:%s\n' "$2" >"$here/$1.ext"
	printf '%s\n' '[ca]' 'default_ca=d' '[d]' "database=$here/index.txt" "new_certs_dir=$here" "serial=$here/serial" \
		'default_md=sha256' 'policy=p' 'unique_subject=no' '[p]' 'commonName=supplied' >"$here/ca.cnf"
	: >"$here/index.txt"
	openssl rand -hex 8 >"$here/serial"
	openssl ca -batch -config "$here/ca.cnf" -cert "$here/ca.pem" -keyfile "$here/ca.key" -in "$here/$1.csr" -out "$here/$1.pem" \
		-startdate 20200101000000Z -enddate "$3" -extfile "$here/$1.ext" -notext >/dev/null 2>&1
}
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$here/ca.key" -out "$here/ca.pem" -subj "/CN=relight test CA" -days 2 2>/dev/null
certificate good good.test 20491231000000Z
certificate expired good.test 20210101000000Z
certificate wrong other.test 20491231000000Z

mkdir "$here/www"
head -c 5000000 /dev/zero | tr '\0' 'x' >"$here/www/x"
{ printf '{"pad":"'; cat "$here/www/x"; printf '","intake":"ok"}'; } >"$here/www/large"
head -c 9000000 /dev/zero | tr '\0' 'y' >"$here/www/huge"
cat >"$here/nginx.conf" <<END
daemon off; master_process off; pid $here/nginx.pid; error_log $here/error.log; worker_rlimit_nofile 512;
events {}
http {
	access_log off; client_body_temp_path $here/b; proxy_temp_path $here/p; fastcgi_temp_path $here/f;
	uwsgi_temp_path $here/u; scgi_temp_path $here/s; default_type application/json;
	server {
		listen 127.0.0.1:$http;
		root $here/www;
		location /ok { return 200 '{"intake":"ok","n":3}'; }
		location /bad { return 503 '{"why":"database down"}'; }
		location /word { return 200 '"progressing"'; }
		location /text { return 200 'plain words'; }
		location /moved { return 301 http://elsewhere.test/; }
		location /private { return 403; }
		location /host { return 200 '"\$host"'; }
		location /header { return 200 '"\$http_x_word"'; }
		location /method { return 200 '"\$request_method"'; }
	}
	server { listen 127.0.0.1:$tls ssl http2; ssl_certificate $here/good.pem; ssl_certificate_key $here/good.key;
		location / { return 200 '"\$ssl_server_name"'; } }
	server { listen 127.0.0.1:$expired ssl; ssl_certificate $here/expired.pem; ssl_certificate_key $here/expired.key; }
	server { listen 127.0.0.1:$wrong ssl; ssl_certificate $here/wrong.pem; ssl_certificate_key $here/wrong.key; }
}
END
nginx -p "$here" -c "$here/nginx.conf" 2>"$here/nginx.err" &
started="$started $!"
perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(Listen => 9, LocalAddr => "127.0.0.1:$ARGV[0]", ReuseAddr => 1) or die;
	while ($c = $s->accept) { print $c "SSH-2.0-test\r\n"; close $c }' "$banner" &
started="$started $!"
perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(Listen => 9, LocalAddr => "127.0.0.1:$ARGV[0]", ReuseAddr => 1) or die; sleep 3600' "$hung" &
started="$started $!"
for port in $http $tls $expired $wrong $banner $hung; do
	wait_for 60 perl -MIO::Socket::INET -e 'exit !IO::Socket::INET->new("127.0.0.1:$ARGV[0]")' "$port" ||
		{ fail "nobody listens at port $port: $(cat "$here/nginx.err" "$here/error.log")"; exit 1; }
done

# --- the runbook -------------------------------------------------------------------------------------------------------

echo 'def leaked: "leaked";' >"$here/home/.jq"
printf '%s\n' 'FROM_FILE="of the file"' 'TOKEN=s3cret-token-value' >"$here/dr.env"
chmod 600 "$here/dr.env"
cat >"$here/kubeconfig" <<END
clusters: [{name: c, cluster: {server: 'https://127.0.0.1:$hung', insecure-skip-tls-verify: true}}]
contexts: [{name: c, context: {cluster: c}}]
current-context: c
END
cat >"$here/runbook.yaml" <<END
relight: 1
name: probe-test
targets: {hung: {kubernetes: {kubeconfig: kubeconfig}}}
env: [RELIGHT_TEST_WORD]
env_file: dr.env
inputs:
  word: {ask: the word}
  unset: {ask: never given}
  secret: {ask: a secret, secret: true}
dependencies:
  - {id: ok, timeout: 60s, check: {http: {url: "http://127.0.0.1:$http/ok"}}}
  - {id: bad, timeout: 60s, check: {http: {url: "http://127.0.0.1:$http/bad", expect: {jq: .fine, message: .why}}}}
  - {id: as-expected, timeout: 60s, check: {http: {url: "http://127.0.0.1:$http/bad", expect: {status: 503}}}}
  - {id: contains, timeout: 60s, check: {http: {url: "http://127.0.0.1:$http/text", expect: {contains: plain}}}}
  - {id: contains-not, timeout: 60s, check: {http: {url: "http://127.0.0.1:$http/text", expect: {contains: fancy}}}}
  - {id: matches, timeout: 60s, check: {http: {url: "http://127.0.0.1:$http/text", expect: {matches: "pl[a-z]+n w"}}}}
  - {id: jq, timeout: 60s, check: {http: {url: "http://127.0.0.1:$http/ok", expect: {jq: '.intake == "ok"', message: '"\\(.n) cases"'}}}}
  - {id: jq-false, timeout: 60s, check: {http: {url: "http://127.0.0.1:$http/ok", expect: {jq: '.intake == "no"'}}}}
  - {id: jq-word, timeout: 60s, check: {http: {url: "http://127.0.0.1:$http/word", expect: {jq: .}}}}
  - {id: jq-text, timeout: 60s, check: {http: {url: "http://127.0.0.1:$http/text", expect: {jq: .}}}}
  - {id: jq-environment, timeout: 60s, check: {http: {url: "http://127.0.0.1:$http/ok", expect: {jq: '.n | env.HOME == null'}}}}
  - {id: jq-home, timeout: 60s, check: {http: {url: "http://127.0.0.1:$http/ok", expect: {jq: 'leaked'}}}}
  - {id: jq-endless, timeout: 4s, check: {http: {url: "http://127.0.0.1:$http/ok", expect: {jq: 'last(range(1e15))'}}}}
  - {id: jq-abort, timeout: 60s, check: {http: {url: "http://127.0.0.1:$http/ok", expect: {jq: 'reduce range(40) as \$i ("x"; . + .) | length > 0'}}}}
  - {id: large, timeout: 60s, check: {http: {url: "http://127.0.0.1:$http/large", expect: {jq: '.intake == "ok"'}}}}
  - {id: huge, timeout: 60s, check: {http: {url: "http://127.0.0.1:$http/huge", expect: {contains: zzz}}}}
  - {id: moved, timeout: 60s, check: {http: {url: "http://127.0.0.1:$http/moved"}}}
  - {id: private, timeout: 60s, check: {http: {url: "http://127.0.0.1:$http/private"}}}
  - {id: private-token, timeout: 60s, check: {http: {url: "http://127.0.0.1:$http/private", headers: {Authorization: "Bearer abc"}}}}
  - {id: within, timeout: 60s, check: {http: {url: "http://127.0.0.1:$http/ok", expect: {within: 60s}}}}
  - {id: connect-to, timeout: 60s, check: {http: {url: "http://case.test/host", connect_to: "127.0.0.1:$http", expect: {contains: case.test}}}}
  - {id: header, timeout: 60s, check: {http: {url: "http://127.0.0.1:$http/header", headers: {X-Word: "\${input.word}"}, expect: {contains: "\${input.word}"}}}}
  - {id: method, timeout: 60s, check: {http: {url: "http://127.0.0.1:$http/method", method: POST, body: "a=1", expect: {contains: POST}}}}
  - {id: http-closed, timeout: 60s, check: {http: {url: "http://127.0.0.1:$closed/"}}}
  - {id: http-hung, timeout: 4s, check: {http: {url: "http://127.0.0.1:$hung/"}}}
  - {id: http-fenced, timeout: 60s, check: {http: {url: "http://127.0.0.1:$closed/", expect: {unreachable: true}}}}
  - {id: http-not-fenced, timeout: 60s, check: {http: {url: "http://127.0.0.1:$http/ok", expect: {unreachable: true}}}}
  - {id: no-name, timeout: 20s, check: {http: {url: "http://nosuch.invalid/"}}}
  - {id: no-http, timeout: 60s, check: {http: {url: "http://127.0.0.1:$banner/"}}}
  - {id: tls, timeout: 60s, check: {http: {url: "https://good.test/", connect_to: "127.0.0.1:$tls", ca: ca.pem, expect: {contains: good.test}}}}
  - {id: tls-unknown, timeout: 60s, check: {http: {url: "https://good.test/", connect_to: "127.0.0.1:$tls"}}}
  - {id: tls-expired, timeout: 60s, check: {http: {url: "https://good.test/", connect_to: "127.0.0.1:$expired", ca: ca.pem}}}
  - {id: tls-wrong, timeout: 60s, check: {http: {url: "https://good.test/", connect_to: "127.0.0.1:$wrong", ca: ca.pem}}}
  - {id: tls-plain, timeout: 60s, check: {http: {url: "https://good.test/", connect_to: "127.0.0.1:$http", ca: ca.pem}}}
  - {id: tls-hung, timeout: 4s, check: {http: {url: "https://good.test/", connect_to: "127.0.0.1:$hung", ca: ca.pem}}}
  - {id: api-hung, timeout: 9s, check: {kubernetes: {target: hung, readyz: true}}}
  - {id: tls-no-ca, timeout: 60s, check: {http: {url: "https://good.test/", connect_to: "127.0.0.1:$tls", ca: nosuch.pem}}}
  - {id: tcp, timeout: 60s, check: {tcp: {host: 127.0.0.1, port: $http}}}
  - {id: tcp-name, timeout: 60s, check: {tcp: {host: localhost, port: $http}}}
  - {id: tcp-closed, timeout: 60s, check: {tcp: {host: 127.0.0.1, port: $closed}}}
  - {id: tcp-fenced, timeout: 60s, check: {tcp: {host: 127.0.0.1, port: $closed, expect: {unreachable: true}}}}
  - {id: tcp-not-fenced, timeout: 60s, check: {tcp: {host: 127.0.0.1, port: $http, expect: {unreachable: true}}}}
  - {id: tcp-no-name, timeout: 20s, check: {tcp: {host: nosuch.invalid, port: 1}}}
  - {id: banner, timeout: 60s, check: {tcp: {host: 127.0.0.1, port: $banner, expect: {banner: SSH-2.0}}}}
  - {id: banner-not, timeout: 60s, check: {tcp: {host: 127.0.0.1, port: $banner, expect: {banner: SMTP}}}}
  - {id: banner-hung, timeout: 4s, check: {tcp: {host: 127.0.0.1, port: $hung, expect: {banner: SSH}}}}
  - {id: command, timeout: 60s, check: {command: [sh, -c, 'echo "{\\"a\\":1}"'], expect: {jq: .a == 1}}}
  - {id: command-exit, timeout: 60s, check: {command: [sh, -c, 'echo out; echo "lag 40k" >&2; exit 3']}}
  - {id: command-expected, timeout: 60s, check: {command: [sh, -c, 'exit 3'], expect: {exit: 3}}}
  - {id: command-none, timeout: 60s, check: {command: [no-such-command]}}
  - {id: command-127, timeout: 60s, check: {command: [sh, -c, no-such-command]}}
  - {id: command-late, timeout: 4s, check: {command: [sh, -c, 'sleep 123 & echo \$! >$here/sleeper; wait']}}
  - {id: command-signal, timeout: 60s, check: {command: [sh, -c, 'kill -9 \$\$']}}
  - {id: command-terminal, timeout: 60s, check: {command: [sh, -c, 'echo x >/dev/tty']}}
  - {id: command-stdin, timeout: 60s, check: {command: [sh, -c, 'read x || echo at the end'], expect: {contains: at the end}}}
  - {id: command-flood, timeout: 60s, check: {command: [sh, -c, 'head -c 3000000 /dev/zero; echo z'], expect: {contains: z}}}
  - {id: command-scope, timeout: 60s, check: {command: [echo, "\${env.RELIGHT_TEST_WORD}", "\$\${x}"], expect: {contains: 'from env \$\${x}'}}}
  - {id: command-file, timeout: 60s, check: {command: [sh, -c, 'echo "\$FROM_FILE \$OTHER"'], env: {OTHER: "\${input.word}"}, expect: {contains: of the file hello}}}
  - {id: command-folder, timeout: 60s, check: {command: [cat, www/marker], expect: {contains: here}}}
  - {id: command-masked, timeout: 60s, check: {command: [sh, -c, 'echo "it is \$TOKEN" >&2; exit 1']}}
  - {id: command-background, timeout: 60s, check: {command: [sh, -c, 'sleep 124 & echo \$! >$here/background']}}
  - {id: shell, timeout: 60s, check: {shell: 'test "\$RELIGHT_INPUT_WORD" = hello; echo fine'}}
  - {id: shell-e, timeout: 60s, check: {shell: 'false; echo not reached'}}
  - {id: shell-secret, timeout: 60s, check: {shell: 'echo "\$RELIGHT_INPUT_SECRET" >&2; exit 1'}}
  - {id: shell-unset, timeout: 60s, check: {shell: 'echo \$RELIGHT_INPUT_UNSET'}}
  - {id: unset, timeout: 60s, check: {http: {url: "http://127.0.0.1:$http/\${input.unset}"}}}
  - {id: manual, timeout: 60s, check: {manual: "is the bridge open?"}}
  - id: several
    timeout: 60s
    checks: [{tcp: {host: 127.0.0.1, port: $http}}, {http: {url: "http://127.0.0.1:$http/bad"}}, {tcp: {host: 127.0.0.1, port: $closed}}]
  - {id: progress, timeout: 60s, check: {command: [echo, '{"done":4,"total":10,"end":"2026-07-03T03:05:42Z"}'], expect: {jq: 'true', progress: '{done, total, unit: "GB"}', expires: .end}}}
  - {id: slow, timeout: 60s, every: 1s, check: {shell: 'sleep 0.5'}}
steps: [{id: a, manual: do it}]
END
echo here >"$here/www/marker"

# --- one round ---------------------------------------------------------------------------------------------------------

code=0
HOME="$here/home" RELIGHT_TEST_WORD="from env" "$RELIGHT" probe "$here/runbook.yaml" --once --input word=hello --input secret=tell-nobody-this \
	>"$here/out" 2>"$here/err" || code=$?
[ "$code" = 1 ] || fail "--once with unhealthy ones: exit $code, wanted 1"
[ ! -s "$here/err" ] || fail "stderr: $(cat "$here/err")"
[ "$(wc -l <"$here/out")" = "$(grep -c '{id: .* checks\{0,1\}:\|- id: ' "$here/runbook.yaml")" ] || fail "not one line for each dependency"
if command -v jq >/dev/null; then
	jq -es 'all(.[]; .type == "observation" and .asked <= .ts)' "$here/out" >/dev/null || fail "lines are not observations"
fi

is ok healthy "HTTP 200 in "
is bad degraded ": database down"
is as-expected healthy "HTTP 503"
is contains healthy "HTTP 200"
is contains-not degraded "does not contain: fancy"
is matches healthy "HTTP 200"
is jq healthy ": 3 cases"
is jq-false degraded "jq says false"
is jq-word progressing "jq says progressing"
is jq-text unknown "not JSON"
is jq-environment unknown "env is not available"
is jq-home unknown "leaked/0 is not defined"
is jq-endless unknown "took too long"
# Which of its limits it meets first is the machine's doing; that jq says so is test_world_jq's.
is jq-abort unknown ", jq: "
is large healthy "HTTP 200"
is huge unknown "too long"
is moved degraded "HTTP 301"
is moved degraded "redirects to http://elsewhere.test/"
is private degraded "HTTP 403"
is private-token unknown "credentials"
is within healthy "HTTP 200"
is connect-to healthy "HTTP 200"
is header healthy "HTTP 200"
is method healthy "HTTP 200"
is http-closed unknown "connection refused"
is http-hung unknown "timed out: connected, but no answer within 4s"
is http-fenced healthy "connection refused"
is http-not-fenced degraded "though nothing should"
is no-name unknown "cannot resolve nosuch.invalid"
is no-http unknown "does not speak HTTP"
is tls healthy "HTTP 200"
is tls-unknown unknown "unknown authority"
is tls-expired unknown "the certificate has expired"
is tls-wrong unknown "the certificate is not for good.test"
is tls-plain unknown "is it plain HTTP?"
is tls-hung unknown "no TLS handshake within 4s"
is api-hung unknown "no TLS handshake within 5s" # and not 9 s, which it had
is tls-no-ca unknown "nosuch.pem"
is tcp healthy "connected in "
is tcp-name healthy "connected in "
is tcp-closed unknown "connection refused"
is tcp-fenced healthy "connection refused"
is tcp-not-fenced degraded "though nothing should"
is tcp-no-name unknown "cannot resolve nosuch.invalid"
is banner healthy "connected in "
is banner-not degraded "it says: SSH-2.0-test"
is banner-hung unknown "timed out: connected"
is command healthy "exit 0"
is command-exit degraded "exit 3: lag 40k"
is command-expected healthy "exit 3"
is command-none unknown "no-such-command: no such file or directory"
is command-127 unknown "exit 127, it cannot be run"
is command-late unknown "timed out: it was ended after 4s"
is command-signal unknown "ended by signal 9"
is command-terminal degraded "/dev/tty"
is command-stdin healthy "exit 0"
is command-flood unknown "too long"
is command-scope healthy "exit 0"
is command-file healthy "exit 0"
is command-folder healthy "exit 0"
is command-masked degraded "it is [masked"
is command-background healthy "exit 0"
is shell healthy "exit 0"
is shell-e degraded "exit 1"
is shell-secret degraded "[masked"
is shell-unset unknown "needs input unset"
is unset unknown "needs input unset"
is manual unknown "is the bridge open?"
is several degraded "HTTP 503"
is several degraded '"check":"http"'
is progress healthy '"progress":{"done":4,"total":10,"unit":"GB"},"expires":"2026-07-03T03:05:42.000000Z"'
if grep -q "tell-nobody-this\|s3cret-token-value" "$here/out"; then fail "a secret is in the output"; fi
for left in sleeper background; do
	pid=$(cat "$here/$left")
	wait_for 60 has_ended "$pid" || fail "$left: process $pid was left behind"
done

code=0
"$RELIGHT" probe "$here/runbook.yaml" --once --only ok,tcp >"$here/out" 2>"$here/err" || code=$?
[ "$code" = 0 ] || fail "--once with healthy ones: exit $code, wanted 0"
[ "$(wc -l <"$here/out")" = 2 ] || fail "--only ok,tcp: $(wc -l <"$here/out") lines"
code=0
"$RELIGHT" probe "$here/runbook.yaml" --once --only contain >"$here/out" 2>"$here/err" || code=$?
[ "$code" = 2 ] && grep -q "did you mean 'contains'" "$here/err" || fail "--only contain: exit $code, $(cat "$here/err")"
sed 's/^steps:/  - {id: name, check: {dns: {name: a.test, type: A}}}\nsteps:/' "$here/runbook.yaml" >"$here/later.yaml"
code=0
"$RELIGHT" probe "$here/later.yaml" --once --only name,ok >"$here/out" 2>"$here/err" || code=$?
[ "$code" = 2 ] && grep -q "dns checks are not built yet" "$here/err" || fail "not built yet: exit $code, $(cat "$here/err")"
is name unknown "dns checks are not built yet"

# --- as the cockpit runs it --------------------------------------------------------------------------------------------

# hears PATTERN: until a line of "$here/out" matches.
hears() { wait_for 60 grep -q "$1" "$here/out"; }
mkfifo "$here/in"
"$RELIGHT" probe "$here/runbook.yaml" --configured --only slow,header,manual <"$here/in" >"$here/out" 2>"$here/err" &
sensor=$!
started="$started $sensor"
exec 3>"$here/in"
sleep 0.3
! grep -q observation "$here/out" || fail "it asked before it was configured"
echo '{"inputs":{},"env":{},"incident":"i"}' >&3
hears '"dependency":"header".*needs input word' || fail "an unset input is not asked for"
hears '"type":"heartbeat"' || fail "no heartbeat"
echo '{"inputs":{"word":"later"},"env":{},"incident":"i"}' >&3
hears '"dependency":"header".*"status":"healthy"' || fail "a later configuration does not count at once"
hears '"dependency":"slow"' || fail "no observation of slow"
# Two rechecks within one asking: the next asking answers the newest, and began after it.
echo '{"recheck":"slow","token":7}' >&3
sleep 0.15
before=$(date -u +%Y-%m-%dT%H:%M:%S.%6NZ)
echo '{"recheck":"slow","token":8}' >&3
hears '"dependency":"slow".*"token":8' || fail "token 8 is not answered"
asked=$(grep '"token":8' "$here/out" | head -n 1 | sed 's/.*"asked":"\([^"]*\)".*/\1/')
[ "$(printf '%s\n' "$before" "$asked" | sort | head -n 1)" = "$before" ] || fail "token 8: asked $asked, before the recheck at $before"
echo 'nonsense' >&3
echo '{"recheck":"manual","token":9}' >&3
hears '"dependency":"manual".*"token":9' || fail "token 9 is not answered"
exec 3>&-
code=0
wait "$sensor" || code=$?
[ "$code" = 0 ] || fail "end of stdin: exit $code, wanted 0"
grep -q "no request is ignored" "$here/err" || fail "nonsense on stdin is not complained about"

# A reader that stops reading: the sensor goes on, keeps the newest observation of each dependency, and forgets older ones.
{
	printf '%s\n' 'relight: 1' 'name: fast' 'dependencies:'
	for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39 40; do
		echo "  - {id: a-dependency-that-is-asked-very-often-$n, every: 40ms, check: {tcp: {host: 127.0.0.1, port: $closed}}}"
	done
	echo 'steps: [{id: a, manual: do it}]'
} >"$here/fast.yaml"
mkfifo "$here/pipe" "$here/open"
exec 7<>"$here/open"
"$RELIGHT" probe "$here/fast.yaml" >"$here/pipe" 2>"$here/err" <"$here/open" &
sensor=$!
started="$started $sensor"
# 1,000 lines of about 200 bytes a second; 64 KiB fit into the pipe and about as much into the sensor. Whoever comes back after
# three seconds and more reads no more old ones than that before the first that was seen since.
perl -MPOSIX=strftime -MTime::HiRes=sleep -e 'open $f, "<", $ARGV[0] or die; sleep 3.5; $back = strftime("%Y-%m-%dT%H:%M:%S", gmtime);
	while (<$f>) { last if ($ts) = /"ts":"([^"]*)"/ and $ts gt $back; $n++ }
	print "$n lines before the first one after $back, of $ts\n"; exit !($ts gt $back && $n < 1500)' "$here/pipe" >"$here/reader" ||
	fail "a reader that was away: $(cat "$here/reader")"
wait_for 60 has_ended "$sensor" || fail "it does not end when nobody reads any more"
exec 7<&-

# A stdin that can only end: what it asks for is answered and each dependency heard, and that is all. Closed, it is as empty.
cat >"$here/short.yaml" <<END
relight: 1
name: short
dependencies:
  - {id: quick, timeout: 60s, every: 60s, check: {tcp: {host: 127.0.0.1, port: $closed}}}
  - {id: late, every: 60s, timeout: 9s, check: {shell: "sleep 1"}}
steps: [{id: a, manual: do it}]
END
echo '{"recheck":"quick","token":41}' >"$here/asked"
for stdin in "</dev/null" "<&-" '<"$here/asked"'; do
	code=0
	eval "timeout 60 \"\$RELIGHT\" probe \"\$here/short.yaml\" >\"\$here/out\" 2>\"\$here/err\" $stdin" || code=$?
	[ "$code" = 0 ] && [ ! -s "$here/err" ] || fail "probe $stdin ended with $code: $(cat "$here/err")"
	for id in quick late; do
		grep -q "\"dependency\":\"$id\"" "$here/out" || fail "probe $stdin: $id was not heard"
	done
done
grep -q '"token":41' "$here/out" || fail "what a file asks for is not answered"

[ "$failed" = 0 ] && echo "probe: ok"
exit "$failed"
