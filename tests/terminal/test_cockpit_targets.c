// SPDX-License-Identifier: Apache-2.0
#include "cockpit.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

/* Targets that appear, become others, turn out to be the lost one, and whose credentials end. Who
 * answers there is nginx, which serves files in the place of an API server: what is tested is the
 * cockpit; tests/kubernetes asks real ones. */

static const char runbook[] =
	"relight: 1\n"
	"name: targets\n"
	"targets:\n"
	"  old: {role: source, kubernetes: {kubeconfig: old.yaml, context: old}}\n"
	"  recovery: {role: recovery, created_by: make, kubernetes: {kubeconfig: dr.yaml, context: "
	"dr}}\n"
	"dependencies:\n"
	"  - {id: api, check: {kubernetes: {target: recovery, readyz: true}}, every: 1s, timeout: "
	"5s, stable: 1s}\n"
	"steps:\n"
	"  - {id: make, run: {command: [cp, made.yaml, dr.yaml]}, restores: [api], again: safe, "
	"takes: 1s, timeout: 1m}\n"
	"  - {id: use, target: recovery, run: {command: [touch, used]}, takes: 1s, timeout: 1m}\n"
	"  - {id: clear, needs: [], run: {kubernetes: {target: recovery, delete: {resource: cm, "
	"namespace: shop, selector: app=x}}}, takes: 1s, timeout: 1m}\n"
	"  - {id: wipe, needs: [], destructive: true, run: {kubernetes: {target: recovery, delete: "
	"{resource: cm, name: old}}}, takes: 1s, timeout: 1m}\n"
	"  - {id: lay, needs: [], run: {kubernetes: {target: recovery, apply: case/}}, takes: 1s, "
	"timeout: 1m}\n";

/* --- a cluster ---------------------------------------------------------------------------------- */

static pid_t server;
static int port, kept = -1;

/* One that the kernel gives nobody else while `kept` is bound to it; the server may bind it as
 * well, as both allow that and nobody listens there yet. */
static int free_port(void)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof address;

	close(kept);
	kept = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(setsockopt(kept, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)), 0);
	assert_int_equal(bind(kept, (struct sockaddr *)&address, size), 0);
	assert_int_equal(getsockname(kept, (struct sockaddr *)&address, &size), 0);
	return ntohs(address.sin_port);
}

/* The clusters "old" and "dr", each in a folder of its name. */
static void cluster_is(struct cockpit *c, const char *name, const char *uid)
{
	char path[128], text[128];

	snprintf(path, sizeof path, "www/%s/api/v1/namespaces/kube-system", name);
	snprintf(
		text, sizeof text, "{\"metadata\":{\"name\":\"kube-system\",\"uid\":\"%s\"}}", uid);
	cockpit_write(c, path, text);
}

static void make_folder(const struct cockpit *c, const char *name)
{
	char path[256];

	snprintf(path, sizeof path, "%s/%s", c->folder, name);
	assert_int_equal(mkdir(path, 0755), 0);
}

static void make_cluster(struct cockpit *c, const char *name)
{
	static const char *const below[] = {"", "/api", "/api/v1", "/api/v1/namespaces", NULL};
	char path[128];

	for (size_t i = 0; below[i]; i++) {
		snprintf(path, sizeof path, "www/%s%s", name, below[i]);
		make_folder(c, path);
	}
	snprintf(path, sizeof path, "www/%s/readyz", name);
	cockpit_write(c, path, "ok");
}

static const char *bay = "bay"; /* the namespace of their contexts */

/* A kubeconfig by which `file` leads to that cluster; the token may be empty. */
static void kubeconfig(struct cockpit *c, const char *file, const char *cluster,
	const char *context, const char *token)
{
	char text[2048];

	snprintf(text, sizeof text,
		"{apiVersion: v1, kind: Config, current-context: %s, contexts: [{name: %s, "
		"context: "
		"{cluster: c, user: u, namespace: %s}}],\n clusters: [{name: c, cluster: {server: "
		"\"http://127.0.0.1:%d/%s\"}}], users: [{name: u, user: {token: \"%s\"}}]}\n",
		context, context, bay, port, cluster, token);
	cockpit_write(c, file, text);
}

static void start_server(struct cockpit *c)
{
	static const char *const temporary[] = {
		"client_body", "proxy", "fastcgi", "uwsgi", "scgi", NULL};
	char text[2048], path[128];
	int length;

	port = free_port();
	make_folder(c, "www");
	make_folder(c, "temp");
	length = snprintf(text, sizeof text,
		"daemon off; master_process off; pid %s/nginx.pid; error_log %s/nginx.log;\n"
		"events { worker_connections 64; }\nhttp { access_log off; default_type "
		"application/json;\n",
		c->folder, c->folder);
	for (size_t i = 0; temporary[i]; i++)
		length += snprintf(text + length, sizeof text - (size_t)length,
			"%s_temp_path %s/temp;\n", temporary[i], c->folder);
	snprintf(text + length, sizeof text - (size_t)length,
		"server { listen 127.0.0.1:%d; root %s/www; try_files $uri.json $uri =404; } }\n",
		port, c->folder);
	cockpit_write(c, "nginx.conf", text);
	snprintf(path, sizeof path, "%s/nginx.conf", c->folder);
	server = fork();
	assert_true(server >= 0);
	if (server == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM); /* a test that fails does not end it */
		const char *home = getenv("PATH");
		snprintf(text, sizeof text, "%s:/usr/sbin", home ? home : "/usr/bin");
		setenv("PATH", text, 1);
		execlp("nginx", "nginx", "-c", path, "-e", "/dev/null", (char *)NULL);
		_exit(127);
	}
}

/* The recovery cluster does not exist yet: there is no kubeconfig for it. */
static struct cockpit *with_clusters(void)
{
	struct cockpit *c = cockpit_new(runbook);

	start_server(c);
	make_cluster(c, "old");
	make_cluster(c, "dr");
	cluster_is(c, "old", "aaaa-1");
	cluster_is(c, "dr", "bbbb-1");
	kubeconfig(c, "old.yaml", "old", "old", "");
	kubeconfig(c, "made.yaml", "dr", "dr", "");
	return c;
}

static void end(struct cockpit *c)
{
	kill(server, SIGTERM);
	waitpid(server, NULL, 0);
	cockpit_free(c);
}

static void start(struct cockpit *c, const char *step)
{
	char title[64];

	snprintf(title, sizeof title, "start %s", step);
	cockpit_go(c, step);
	cockpit_press(c, "s");
	cockpit_answer(c, title, NULL, NULL);
}

/* --- it appears, and becomes another one --------------------------------------------------------- */

static void a_recovery_cluster_is_pinned_when_it_appears(void **unused)
{
	struct cockpit *c = with_clusters();

	(void)unused;
	cockpit_run_armed(c);
	cockpit_shows(c, "not there yet");
	cockpit_records(c, "\"dependency\":\"api\"", "is not there");
	start(c, "make");
	cockpit_shows(c, "#bbbb");
	cockpit_records(c, "\"kind\":\"step.verified\",\"step\":\"make\"", NULL);
	start(c, "use");
	cockpit_records(c, "\"kind\":\"step.result\",\"step\":\"use\"", "success");
	/* Another cluster behind the same endpoint: nothing acts on it until a person says why. */
	cluster_is(c, "dr", "cccc-2");
	cockpit_shows(c, "!! TARGET recovery IS ANOTHER ONE NOW: uid cccc-2");
	cockpit_shows(c, "ANOTHER ONE NOW  ");
	cockpit_shows(c, "It was pinned as uid bbbb-1 ");
	/* It is as healthy as the pinned one was; that proves nothing. */
	cockpit_records(c, "\"to\":\"unknown\"", "another cluster answers: re-pin target recovery");
	cockpit_go(c, "use");
	cockpit_press(c, "r");
	cockpit_shows(c, "target recovery is another one now");
	assert_int_equal(cockpit_recorded(c, "\"kind\":\"step.intent\",\"step\":\"use\"", NULL), 1);
	cockpit_press(c, "p");
	cockpit_answer(c, "re-pin recovery", "restored from the snapshot", NULL);
	cockpit_shows(c, "#cccc");
	cockpit_hides(c, "IS ANOTHER ONE NOW");
	cockpit_records(c, "\"kind\":\"target.repinned\"", "restored from the snapshot");
	cockpit_records(c, "\"from\":\"unknown\",\"to\":\"healthy\"", "\"expectation\":\"held\"");
	assert_string_equal(
		cockpit_value(c, "\"kind\":\"target.repinned\"", NULL, "uid"), "cccc-2");
	end(c);
}

/* A tool that writes a kubeconfig anew may remove it first. */
static void one_that_cannot_be_asked_is_not_missing(void **unused)
{
	struct cockpit *c = with_clusters();
	char path[256], away[256];

	(void)unused;
	snprintf(path, sizeof path, "%s/dr.yaml", c->folder);
	snprintf(away, sizeof away, "%s/away.yaml", c->folder);
	cockpit_run_armed(c);
	start(c, "make");
	cockpit_records(c, "\"kind\":\"step.verified\",\"step\":\"make\"", NULL);
	assert_int_equal(rename(path, away), 0);
	cockpit_records(c, "\"to\":\"unknown\"", "is not there");
	/* A sensor that has never seen it knows no better. */
	cockpit_quit(c);
	cockpit_start(c, 24, 80, (const char *const[]){"resume", "INCIDENT", NULL}, NULL);
	cockpit_records(c, "\"kind\":\"dependency.fresh\"", "\"status\":\"unknown\"");
	sleep(3);
	assert_int_equal(cockpit_recorded(c, "\"kind\":\"step.regressed\"", NULL), 0);
	assert_int_equal(rename(away, path), 0);
	cockpit_records(c, "\"from\":\"unknown\",\"to\":\"healthy\"", "\"expectation\":\"held\"");
	end(c);
}

static void one_that_is_back_says_so_everywhere(void **unused)
{
	struct cockpit *c = with_clusters();

	(void)unused;
	kubeconfig(c, "dr.yaml", "dr", "dr", "");
	cockpit_run_armed(c);
	cockpit_shows(c, "#bbbb");
	cluster_is(c, "dr", "cccc-2");
	cockpit_shows(c, "!! TARGET recovery IS ANOTHER ONE NOW: uid cccc-2");
	cluster_is(c, "dr", "bbbb-1");
	cockpit_shows(c, "!! TARGET recovery IS THE PINNED ONE AGAIN: uid bbbb-1");
	cockpit_shows(c, "BACK, RE-PIN IT");
	cockpit_hides(c, "ANOTHER ONE NOW");
	cockpit_press(c, "p");
	cockpit_shows(c, "the pinned one again: http://127.0.0.1:");
	cockpit_answer(c, "re-pin recovery", "a wrong file", NULL);
	cockpit_shows(c, "#bbbb");
	end(c);
}

static void one_that_was_made_anew_is_accepted_by_one_key(void **unused)
{
	struct cockpit *c = with_clusters();

	(void)unused;
	cockpit_run_armed(c);
	start(c, "make");
	cockpit_shows(c, "#bbbb");
	cockpit_records(c, "\"kind\":\"step.verified\",\"step\":\"make\"", NULL);
	cluster_is(c, "dr", "dddd-3");
	cockpit_go(c, "make");
	cockpit_press(c, "r");
	cockpit_answer(c, "run again make", NULL, NULL);
	cockpit_shows(c, "make has created it anew: p accepts it.");
	cockpit_press(c, "p");
	cockpit_shows(c, "#dddd");
	cockpit_records(c, "\"kind\":\"target.repinned\"", "make has created it anew");
	end(c);
}

/* --- it is the lost one, and what ends ------------------------------------------------------------ */

static void the_lost_cluster_is_not_taken_for_the_new_one(void **unused)
{
	struct cockpit *c = with_clusters();

	(void)unused;
	kubeconfig(c, "dr.yaml", "old", "dr", "");
	cockpit_run(c);
	cockpit_shows(c, "ARE THE SAME CLUSTER: uid aaaa-1");
	cockpit_shows(c, "IT IS THE SOURCE");
	assert_false(screen_has(c->screen, "A arms you"));
	cockpit_press(c, "A");
	cockpit_shows(c, "they are the same cluster");
	assert_int_equal(cockpit_recorded(c, "\"kind\":\"mode.armed\"", NULL), 0);
	end(c);
}

static void encode(const char *text, char *out)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	size_t length = strlen(text);

	for (size_t i = 0; i < length; i += 3) {
		unsigned bytes = (unsigned)(unsigned char)text[i] << 16;
		bytes |= i + 1 < length ? (unsigned)(unsigned char)text[i + 1] << 8 : 0;
		bytes |= i + 2 < length ? (unsigned)(unsigned char)text[i + 2] : 0;
		for (size_t k = 0; k < 4 && i + k <= length; k++)
			*out++ = digits[bytes >> (18 - 6 * k) & 63];
	}
	*out = '\0';
}

/* A token that ends in so many seconds. */
static const char *token(long seconds)
{
	static char text[512];
	char claims[64], encoded[128];

	snprintf(claims, sizeof claims, "{\"exp\":%lld}", (long long)time(NULL) + seconds);
	encode(claims, encoded);
	snprintf(text, sizeof text, "eyJhbGciOiJSUzI1NiJ9.%s.c2lnbmVk", encoded);
	return text;
}

static void credentials_that_end_are_warned_of(void **unused)
{
	struct cockpit *c = with_clusters();

	(void)unused;
	kubeconfig(c, "dr.yaml", "dr", "dr", token(100 * 60));
	cockpit_run_armed(c);
	cockpit_shows(c, "api 2h");
	assert_false(screen_has(c->screen, "The access to target"));
	kubeconfig(c, "dr.yaml", "dr", "dr", token(5 * 60 + 28));
	cockpit_shows(c, "!! The access to target recovery expires in 5m");
	cockpit_shows(c, "api 5m!!");
	cockpit_shows(c, "Sign in again in another terminal, into dr.yaml");
	/* Signed in again. */
	kubeconfig(c, "dr.yaml", "dr", "dr", token(100 * 60));
	cockpit_hides(c, "The access to target");
	kubeconfig(c, "dr.yaml", "dr", "dr", token(-60));
	cockpit_shows(c, "!! The access to target recovery EXPIRED 1m ago");
	cockpit_shows(c, "api EXPIRED");
	end(c);
}

/* --- what the server would say --------------------------------------------------------------------- */

/* The ConfigMaps of the namespace shop, as the cluster "dr" lists them. */
static void config_maps_are(struct cockpit *c, const char *items)
{
	char text[512];

	snprintf(text, sizeof text,
		"{\"kind\":\"ConfigMapList\",\"apiVersion\":\"v1\",\"metadata\":{},\"items\":[%s]}",
		items);
	cockpit_write(c, "www/dr/api/v1/namespaces/shop/configmaps.json", text);
}

static void a_dry_run_tells_what_a_step_would_do(void **unused)
{
	static const char kinds[] =
		"{\"kind\":\"APIResourceList\",\"groupVersion\":\"v1\",\"resources\":[{\"name\":"
		"\"configmaps\",\"singularName\":\"\",\"namespaced\":true,\"kind\":\"ConfigMap\","
		"\"verbs\":[\"get\",\"list\",\"delete\"],\"shortNames\":[\"cm\"]}]}";
	struct cockpit *c = with_clusters();

	(void)unused;
	kubeconfig(c, "dr.yaml", "dr", "dr", "");
	cockpit_write(c, "www/dr/api/v1.json", kinds);
	make_folder(c, "www/dr/api/v1/namespaces/shop");
	make_folder(c, "www/dr/api/v1/namespaces/shop/configmaps");
	cockpit_write(c, "www/dr/api/v1/namespaces/shop/configmaps/web.json", "{}");
	config_maps_are(c, "");
	cockpit_run(c);
	cockpit_shows(c, "#bbbb");
	/* Nobody is armed. */
	cockpit_go(c, "clear");
	cockpit_shows(c, "D dry run");
	cockpit_press(c, "D");
	cockpit_shows(c, "dry run  ACCEPTED ");
	cockpit_shows(c, "nothing to delete: no configmaps with app=x");
	/* A refusal, in the server's words. */
	config_maps_are(c, "{\"metadata\":{\"name\":\"web\",\"namespace\":\"shop\"}}");
	cockpit_press(c, "D");
	cockpit_shows(c, "dry run  WOULD FAIL, asked ");
	cockpit_shows(c, "HTTP 405");
	/* A server that is silent holds up nobody: keys are answered, and a second question waits.
	 */
	kill(server, SIGSTOP);
	cockpit_press(c, "D");
	cockpit_shows(c, "dry run  being asked for ");
	cockpit_press(c, "D");
	cockpit_shows(c, "dry run: clear is being asked already");
	cockpit_press(c, "t");
	cockpit_shows(c, "TIMELINE");
	cockpit_press(c, "t");
	kill(server, SIGCONT);
	cockpit_go(c, "clear");
	cockpit_press(c, "Enter");
	cockpit_shows(c, "dry run  WOULD FAIL, asked ");
	/* Nothing of it is an attempt, or on the record. */
	assert_int_equal(cockpit_recorded(c, "\"kind\":\"step.", NULL), 0);
	assert_false(cockpit_exists(c, "incident/attempts/clear"));
	cockpit_press(c, "Esc");
	cockpit_shows(c, "RESTORE ORDER");
	cockpit_go(c, "use");
	cockpit_press(c, "D");
	cockpit_shows(c, "dry run: use changes nothing in a cluster");
	/* What is under way is no reason to stay. */
	cockpit_go(c, "clear");
	kill(server, SIGSTOP);
	cockpit_press(c, "D");
	cockpit_shows(c, "dry run  being asked for ");
	cockpit_press(c, "Esc");
	cockpit_shows(c, "RESTORE ORDER");
	assert_int_equal(cockpit_quit(c), 1);
	kill(server, SIGCONT);
	end(c);
}

/* --- it is not seen any more ---------------------------------------------------------------------- */

static void a_cluster_that_falls_silent_is_said_to(void **unused)
{
	struct cockpit *c = with_clusters();

	(void)unused;
	kubeconfig(c, "dr.yaml", "dr", "dr", "");
	cockpit_run(c);
	cockpit_shows(c, "#bbbb");
	cockpit_records(c, "\"dependency\":\"api\"", "\"to\":\"healthy\"");
	assert_false(screen_has(c->screen, "NOT SEEN"));
	kill(server, SIGSTOP);
	cockpit_shows(c, "#bbbb  NOT SEEN ");
	cockpit_shows(c, "? Nothing known of dr for ");
	cockpit_press(c, "d");
	cockpit_shows(c, "known    not known for ");
	/* It is back by itself. */
	kill(server, SIGCONT);
	cockpit_hides(c, "NOT SEEN");
	cockpit_hides(c, "Nothing known");
	cockpit_shows(c, "known    seen ");
	end(c);
}

/* --- what is said before it is done ----------------------------------------------------------------- */

static void where_and_what_stands_in_the_dialog(void **unused)
{
	struct cockpit *c = with_clusters();
	char server_words[64];

	(void)unused;
	kubeconfig(c, "dr.yaml", "dr", "dr", "");
	make_folder(c, "case");
	cockpit_write(c, "case/a.yaml",
		"{apiVersion: v1, kind: ConfigMap, metadata: {name: one}}\n---\n"
		"{apiVersion: apps/v1, kind: Deployment, metadata: {name: api, namespace: "
		"edge}}\n");
	cockpit_run_armed(c);
	cockpit_shows(c, "#bbbb");
	cockpit_go(c, "wipe");
	cockpit_press(c, "s");
	cockpit_shows(c, "start wipe: DESTRUCTIVE");
	cockpit_shows(c, "run    kubernetes delete cm old -n bay on recovery");
	cockpit_shows(c, "in     namespace bay, the kubeconfig's");
	snprintf(server_words, sizeof server_words, "on     recovery (dr), http://127.0.0.1:%d/dr",
		port);
	cockpit_shows(c, server_words);
	cockpit_press(c, "Esc");
	cockpit_hides(c, "start wipe: DESTRUCTIVE");
	/* The kubeconfig is read anew. */
	bay = "dock";
	kubeconfig(c, "dr.yaml", "dr", "dr", "");
	bay = "bay";
	cockpit_press(c, "Enter");
	cockpit_shows(c, "delete cm old -n dock on recovery");
	cockpit_shows(c, "in       namespace dock, the kubeconfig's");
	cockpit_press(c, "Esc");
	cockpit_shows(c, "RESTORE ORDER");
	cockpit_go(c, "lay");
	cockpit_press(c, "s");
	cockpit_shows(c, "file   case/a.yaml: configmap/one, deployment.apps/api in edge");
	cockpit_shows(c, "in     namespace dock, the kubeconfig's, where an object names none");
	cockpit_press(c, "Esc");
	end(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_recovery_cluster_is_pinned_when_it_appears),
		cmocka_unit_test(one_that_cannot_be_asked_is_not_missing),
		cmocka_unit_test(one_that_is_back_says_so_everywhere),
		cmocka_unit_test(one_that_was_made_anew_is_accepted_by_one_key),
		cmocka_unit_test(the_lost_cluster_is_not_taken_for_the_new_one),
		cmocka_unit_test(credentials_that_end_are_warned_of),
		cmocka_unit_test(a_cluster_that_falls_silent_is_said_to),
		cmocka_unit_test(a_dry_run_tells_what_a_step_would_do),
		cmocka_unit_test(where_and_what_stands_in_the_dialog),
	};

	return cmocka_run_group_tests_name("test_cockpit_targets", tests, NULL, NULL);
}
