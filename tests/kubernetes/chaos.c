// SPDX-License-Identifier: Apache-2.0
// usage: chaos PORT UPSTREAM-PORT CERT KEY SEED SECONDS LOG
//
// A proxy between a client and a Kubernetes API server, both on loopback, that misbehaves for so
// many seconds and is honest afterwards: it cuts connections, stops forwarding without a word,
// breaks answers off, and refuses with 429 (and Retry-After), 500 and 503. Speaks HTTP/1.1 over
// TLS, one request a connection. Phases follow from SEED. LOG gets a line for each request, before
// anything is done to it: milliseconds from the start to the connection's, to the request's, what
// is done, the path, and its query; and one more, "gone", for each answer or watch in which the
// server itself said 410. Ends by SIGTERM, or an hour after its start.
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "server.h"

#define HEAD_BYTES 16384
#define HONEST     3600 // seconds

enum phase { PASS, CUT, STALL, BREAK_OFF, TOO_MANY, BROKEN, UNAVAILABLE, PHASES };
static const char *const words[PHASES] = {"pass", "cut", "stall", "break-off", "429", "500", "503"};
static const char gone[] = "\"code\":410";

static atomic_int phase;
static atomic_uint turn; // counts the phases: a new one begins
static SSL_CTX *as_server, *as_client;
static unsigned short upstream_port;
static FILE *record;
static struct timespec began;

static long now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - began.tv_sec) * 1000 + (now.tv_nsec - began.tv_nsec) / 1000000;
}

static _Noreturn void fail(const char *what)
{
	server_fail("chaos", what);
}

// --- phases ---

// One in three is honest, so that something gets through.
static void *play(void *context)
{
	unsigned *plan = context, seed = plan[0];
	while (now_ms() < (long)plan[1] * 1000) {
		int next = rand_r(&seed) % 3 == 0 ? PASS : rand_r(&seed) % PHASES;
		atomic_store(&phase, next);
		atomic_fetch_add(&turn, 1);
		usleep(500000 + (unsigned)rand_r(&seed) % 3000000);
	}
	atomic_store(&phase, PASS);
	atomic_fetch_add(&turn, 1);
	return NULL;
}

// --- one request ---

// The head of a request, up to and with its empty line. Clients of a test send no more than one,
// and no body.
static bool read_head(SSL *client, char head[HEAD_BYTES])
{
	size_t length = 0;
	while (length + 1 < HEAD_BYTES) {
		int got = SSL_read(client, head + length, (int)(HEAD_BYTES - 1 - length));
		if (got <= 0)
			return false;
		length += (size_t)got;
		head[length] = '\0';
		if (strstr(head, "\r\n\r\n"))
			return true;
	}
	return false;
}

static void note(long came_ms, const char *what, const char *head)
{
	const char *path = strchr(head, ' ');
	path = path ? path + 1 : "?";
	int length = (int)strcspn(path, " ?");
	const char *query = path[length] == '?' ? path + length + 1 : "";
	flockfile(record);
	fprintf(record, "%ld %ld %s %.*s %.*s\n", came_ms, now_ms(), what, length, path,
		(int)strcspn(query, " "), query);
	fflush(record);
	funlockfile(record);
}

static void refuse(SSL *client, enum phase what)
{
	char answer[512];
	const char *body = "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\","
			   "\"message\":\"chaos\"}";
	int length = snprintf(answer, sizeof answer,
		"HTTP/1.1 %s Chaos\r\nContent-Type: application/json\r\nConnection: close\r\n"
		"%sContent-Length: %zu\r\n\r\n%s",
		words[what], what == TOO_MANY ? "Retry-After: 2\r\n" : "", strlen(body), body);
	SSL_write(client, answer, length);
}

// Whether the server says 410 in what has come; a Status is small, and comes in one piece.
static bool says_gone(const char *bytes, int length)
{
	return memmem(bytes, (size_t)length, gone, strlen(gone)) != NULL;
}

// Forwards the answer to the request of that head. False: the connection is to be broken off.
static bool relay(SSL *client, SSL *server, const char *head, unsigned since)
{
	char bytes[16384];
	struct pollfd fds[2] = {{.fd = SSL_get_fd(server), .events = POLLIN},
		{.fd = SSL_get_fd(client), .events = POLLIN}};
	for (;;) {
		bool is_turn = atomic_load(&turn) != since;
		int now = atomic_load(&phase);
		if (now == CUT && is_turn)
			return false;
		if (now == STALL) {
			usleep(20000);
			continue;
		}
		if (!SSL_pending(server) && poll(fds, 2, 20) >= 0 && !fds[0].revents) {
			if (fds[1].revents) // the client went away: it sends nothing more
				return false;
			continue;
		}
		int got = SSL_read(server, bytes, sizeof bytes);
		if (got <= 0)
			return true;
		if (says_gone(bytes, got))
			note(now_ms(), "gone", head);
		if (now == BREAK_OFF)
			got = got / 2 + 1;
		if (SSL_write(client, bytes, got) <= 0 || now == BREAK_OFF)
			return false;
	}
}

static void forward(SSL *client, char *head, unsigned since)
{
	int fd = server_connect(upstream_port);
	if (fd < 0)
		return;
	SSL *server = SSL_new(as_client);
	SSL_set_fd(server, fd);
	char *end = strstr(head, "\r\n\r\n");
	*end = '\0';
	if (SSL_connect(server) == 1) {
		char request[HEAD_BYTES + 64];
		int length =
			snprintf(request, sizeof request, "%s\r\nConnection: close\r\n\r\n", head);
		if (SSL_write(server, request, length) > 0 && relay(client, server, head, since))
			SSL_shutdown(client);
	}
	SSL_free(server);
	close(fd);
}

static void *serve(void *context)
{
	int fd = *(int *)context;
	char head[HEAD_BYTES];
	long came_ms = now_ms();
	free(context);
	SSL *client = SSL_new(as_server);
	SSL_set_fd(client, fd);
	if (SSL_accept(client) == 1 && read_head(client, head)) {
		unsigned since = atomic_load(&turn);
		enum phase now = (enum phase)atomic_load(&phase);
		note(came_ms, words[now], head);
		if (now == TOO_MANY || now == BROKEN || now == UNAVAILABLE) {
			refuse(client, now);
			SSL_shutdown(client);
		} else if (now != CUT) {
			forward(client, head, since);
		}
	}
	SSL_free(client);
	close(fd);
	return NULL;
}

// --- the proxy ---

static void open_tls(const char *cert, const char *key)
{
	as_server = SSL_CTX_new(TLS_server_method());
	as_client = SSL_CTX_new(TLS_client_method());
	if (SSL_CTX_use_certificate_file(as_server, cert, SSL_FILETYPE_PEM) != 1 ||
		SSL_CTX_use_PrivateKey_file(as_server, key, SSL_FILETYPE_PEM) != 1)
		fail("its certificate cannot be read");
}

int main(int argc, char **argv)
{
	static unsigned plan[2];
	pthread_t thread;
	if (argc != 8)
		fail("usage: chaos PORT UPSTREAM-PORT CERT KEY SEED SECONDS LOG");
	signal(SIGPIPE, SIG_IGN);
	clock_gettime(CLOCK_MONOTONIC, &began);
	upstream_port = (unsigned short)atoi(argv[2]);
	plan[0] = (unsigned)atoi(argv[5]);
	plan[1] = (unsigned)atoi(argv[6]);
	record = fopen(argv[7], "we");
	if (!record)
		fail("its log cannot be written");
	open_tls(argv[3], argv[4]);
	pthread_create(&thread, NULL, play, plan);
	server_run("chaos", (unsigned short)atoi(argv[1]), serve, HONEST);
}
