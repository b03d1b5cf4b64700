// SPDX-License-Identifier: Apache-2.0
// usage: faulty PORT UPSTREAM-PORT CLUSTER RULES LOG
//
// A proxy in front of a Kubernetes API server, both on loopback, that does to single requests what
// RULES says. It keeps connections open as a server does, is the server by the certificates in
// CLUSTER (see cluster.sh), and asks as its administrator. Speaks HTTP/1.1 over TLS.
//
// RULES is read again whenever another file stands in its place. A line is METHOD PART WHAT COUNT:
// the next COUNT requests of that METHOD ("*": any) whose path and query hold PART, and which are
// no dry runs, or, for the METHOD "dry", which are. The first line that fits counts; others pass.
//   cut      the connection is closed, the request never gets there
//   stall    nothing happens, and the request never gets there
//   lose     the request is carried out, and the connection closed instead of an answer
//   hang     the request is carried out, and nothing more happens
//   half     the request is carried out, and the answer breaks off
//   429, 500, 503, 504                 refused; 429 with Retry-After: 1
//   late-500, late-503, late-504       carried out, and answered so
// LOG gets a line for each request before anything is done to it: METHOD, "dry" or "-", WHAT
// ("pass"), path and query; and one more once it was carried out: "done", METHOD, WHAT. Ends by
// SIGTERM, or an hour after its start.
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server.h"

#define HEAD_BYTES   16384
#define BODY_BYTES   (1 << 20)
#define ANSWER_BYTES (16 << 20)
#define RULES_MOST   32
#define LIFE_S       3600

struct rule {
	char method[16], part[128], what[16];
	int count; // that are left
};

struct request {
	char head[HEAD_BYTES]; // with its empty line
	char *body;            // BODY_BYTES; terminated
	size_t body_length;
	char method[16];
	char target[2048];
	bool is_trial;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; // over the rules and the log
static struct rule rules[RULES_MOST];
static size_t rule_count;
static ino_t rules_are;
static const char *rules_path;
static FILE *record;
static SSL_CTX *as_server, *as_client;
static unsigned short upstream_port;

static _Noreturn void fail(const char *what)
{
	server_fail("faulty", what);
}

// --- rules ---

static void read_rules(void)
{
	struct stat info;
	FILE *file;
	if (stat(rules_path, &info) != 0 || info.st_ino == rules_are ||
		!(file = fopen(rules_path, "re")))
		return;
	rules_are = info.st_ino;
	for (rule_count = 0; rule_count < RULES_MOST; rule_count++) {
		struct rule *rule = &rules[rule_count];
		if (fscanf(file, "%15s %127s %15s %d", rule->method, rule->part, rule->what,
			    &rule->count) != 4)
			break;
	}
	fclose(file);
}

static bool fits(const struct rule *rule, const struct request *request)
{
	bool is_for_trials = strcmp(rule->method, "dry") == 0;
	bool is_method = is_for_trials || strcmp(rule->method, "*") == 0 ||
			 strcmp(rule->method, request->method) == 0;
	return rule->count > 0 && is_method && is_for_trials == request->is_trial &&
	       strstr(request->target, rule->part);
}

// What is to be done to it, into `what`; noted.
static void judge(const struct request *request, char what[16])
{
	pthread_mutex_lock(&mutex);
	read_rules();
	snprintf(what, 16, "pass");
	for (size_t i = 0; i < rule_count; i++) {
		if (!fits(&rules[i], request))
			continue;
		rules[i].count--;
		snprintf(what, 16, "%s", rules[i].what);
		break;
	}
	fprintf(record, "%s %s %s %s\n", request->method, request->is_trial ? "dry" : "-", what,
		request->target);
	fflush(record);
	pthread_mutex_unlock(&mutex);
}

static void note_done(const struct request *request, const char *what)
{
	pthread_mutex_lock(&mutex);
	fprintf(record, "done %s %s\n", request->method, what);
	fflush(record);
	pthread_mutex_unlock(&mutex);
}

// --- one request ---

static bool read_head(SSL *client, char head[HEAD_BYTES])
{
	size_t length = 0;
	// Byte by byte, so that what follows it stays where it is; TLS has it in memory.
	while (length + 1 < HEAD_BYTES) {
		if (SSL_read(client, head + length, 1) != 1)
			return false;
		head[++length] = '\0';
		if (length >= 4 && memcmp(head + length - 4, "\r\n\r\n", 4) == 0)
			return true;
	}
	return false;
}

static const char *header(const char *head, const char *name)
{
	const char *at = strcasestr(head, name);
	return at ? at + strlen(name) : NULL;
}

static bool read_request(SSL *client, struct request *request)
{
	if (!read_head(client, request->head) ||
		sscanf(request->head, "%15s %2047s", request->method, request->target) != 2)
		return false;
	const char *length = header(request->head, "\r\nContent-Length:");
	request->body_length = length ? strtoul(length, NULL, 10) : 0;
	if (request->body_length >= BODY_BYTES)
		return false;
	for (size_t got = 0; got < request->body_length;) {
		int more = SSL_read(client, request->body + got, (int)(request->body_length - got));
		if (more <= 0)
			return false;
		got += (size_t)more;
	}
	request->body[request->body_length] = '\0';
	request->is_trial =
		strstr(request->target, "dryRun=") || strstr(request->body, "\"dryRun\"");
	return true;
}

static void send_upstream(SSL *server, const struct request *request)
{
	char head[HEAD_BYTES + 32];
	int length = snprintf(head, sizeof head, "%.*s\r\nConnection: close\r\n\r\n",
		(int)(strlen(request->head) - 4), request->head);
	SSL_write(server, head, length);
	if (request->body_length > 0)
		SSL_write(server, request->body, (int)request->body_length);
}

// The connection to the client stays, so it must not be told the opposite.
static void keep_alive(char *answer, size_t *length)
{
	static const char close_it[] = "\r\nConnection: close";
	char *end = strstr(answer, "\r\n\r\n"), *at = strcasestr(answer, close_it);
	if (!end || !at || at > end)
		return;
	size_t size = sizeof close_it - 1;
	memmove(at, at + size, (size_t)(answer + *length - at) - size + 1);
	*length -= size;
}

// The whole answer, allocated; NULL: there is none.
static char *carry_out(const struct request *request, size_t *length)
{
	int fd = server_connect(upstream_port), more;
	char *answer = malloc(ANSWER_BYTES);
	SSL *server = SSL_new(as_client);
	*length = 0;
	if (fd >= 0 && answer && SSL_set_fd(server, fd) == 1 && SSL_connect(server) == 1) {
		send_upstream(server, request);
		while (*length + 1 < ANSWER_BYTES &&
			(more = SSL_read(
				 server, answer + *length, (int)(ANSWER_BYTES - 1 - *length))) > 0)
			*length += (size_t)more;
	}
	SSL_free(server);
	if (fd >= 0)
		close(fd);
	if (*length == 0) {
		free(answer);
		return NULL;
	}
	answer[*length] = '\0';
	keep_alive(answer, length);
	return answer;
}

static bool refuse(SSL *client, const char *status)
{
	// What an API server says with 500 when its storage did not answer it in time.
	static const char body[] =
		"{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\","
		"\"message\":\"etcdserver: request timed out\"}";
	char answer[512];
	int length = snprintf(answer, sizeof answer,
		"HTTP/1.1 %s Faulty\r\nContent-Type: application/json\r\n%sContent-Length: "
		"%zu\r\n\r\n%s",
		status, strcmp(status, "429") == 0 ? "Retry-After: 1\r\n" : "", strlen(body), body);
	return SSL_write(client, answer, length) > 0;
}

static void wait_until_it_goes(SSL *client)
{
	char byte;
	while (SSL_read(client, &byte, 1) > 0)
		;
}

// False: the connection is over.
static bool handle(SSL *client, const struct request *request)
{
	char what[16];
	size_t length;
	judge(request, what);
	if (strcmp(what, "cut") == 0)
		return false;
	if (strcmp(what, "stall") == 0)
		return wait_until_it_goes(client), false;
	if (what[0] >= '1' && what[0] <= '5')
		return refuse(client, what);
	char *answer = carry_out(request, &length);
	bool goes_on = answer != NULL;
	if (answer)
		note_done(request, what);
	if (strncmp(what, "late-", 5) == 0)
		goes_on = refuse(client, what + 5);
	else if (strcmp(what, "hang") == 0)
		wait_until_it_goes(client), goes_on = false;
	else if (strcmp(what, "half") == 0)
		SSL_write(client, answer ? answer : "", (int)length / 2), goes_on = false;
	else if (strcmp(what, "lose") == 0)
		goes_on = false;
	else if (answer)
		goes_on = SSL_write(client, answer, (int)length) > 0;
	free(answer);
	return goes_on;
}

static void *serve(void *context)
{
	int fd = *(int *)context;
	struct request *request = calloc(1, sizeof *request);
	SSL *client = SSL_new(as_server);
	free(context);
	if (!request || !(request->body = malloc(BODY_BYTES)))
		fail("out of memory");
	SSL_set_fd(client, fd);
	if (SSL_accept(client) == 1)
		while (read_request(client, request) && handle(client, request))
			;
	SSL_free(client);
	close(fd);
	free(request->body);
	free(request);
	return NULL;
}

// --- the proxy ---

static SSL_CTX *open_tls(const SSL_METHOD *method, const char *cluster, const char *name)
{
	char cert[4096], key[4096];
	SSL_CTX *tls = SSL_CTX_new(method);
	snprintf(cert, sizeof cert, "%s/%s.crt", cluster, name);
	snprintf(key, sizeof key, "%s/%s.key", cluster, name);
	if (SSL_CTX_use_certificate_file(tls, cert, SSL_FILETYPE_PEM) != 1 ||
		SSL_CTX_use_PrivateKey_file(tls, key, SSL_FILETYPE_PEM) != 1)
		fail("a certificate cannot be read");
	return tls;
}

int main(int argc, char **argv)
{
	if (argc != 6)
		fail("usage: faulty PORT UPSTREAM-PORT CLUSTER RULES LOG");
	signal(SIGPIPE, SIG_IGN);
	upstream_port = (unsigned short)atoi(argv[2]);
	as_server = open_tls(TLS_server_method(), argv[3], "server");
	as_client = open_tls(TLS_client_method(), argv[3], "admin");
	rules_path = argv[4];
	record = fopen(argv[5], "ae");
	if (!record)
		fail("its log cannot be written");
	server_run("faulty", (unsigned short)atoi(argv[1]), serve, LIFE_S);
}
