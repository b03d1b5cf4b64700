// SPDX-License-Identifier: Apache-2.0
// usage: hostile PORT
//
// Something on loopback that looks like a Kubernetes API server without TLS, and answers for each
// of its resources in another way that no server should. Ends by SIGTERM, or ten minutes after its
// start.
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server.h"

#define LIFE_S 600
#define MIB    (1024 * 1024)
#define LIST_BEGIN                                                                                 \
	"{\"kind\":\"List\",\"apiVersion\":\"v1\",\"metadata\":{\"resourceVersion\":\"7\"},"       \
	"\"items\":["
#define LIST_END "]}"

static bool put(int fd, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
		if (sent <= 0)
			return false;
		bytes += sent;
		length -= (size_t)sent;
	}
	return true;
}

static bool say(int fd, const char *text)
{
	return put(fd, text, strlen(text));
}

// Until the connection closes.
static void begin(int fd)
{
	say(fd, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n");
}

static void repeat(int fd, const char *text, long bytes)
{
	char block[65536];
	size_t length = strlen(text), whole = sizeof block / length * length;
	for (size_t at = 0; at < whole; at++)
		block[at] = text[at % length];
	while (bytes > 0 && put(fd, block, whole))
		bytes -= (long)whole;
}

// --- the answers ---

// 100 MB in one object.
static void giants(int fd)
{
	begin(fd);
	say(fd, LIST_BEGIN "{\"metadata\":{\"name\":\"giant\"},\"data\":\"");
	repeat(fd, "x", 100 * MIB);
	say(fd, "\"}" LIST_END);
}

// 100 MB of good objects, of which no page was asked for.
static void crowds(int fd)
{
	char object[11000];
	begin(fd);
	say(fd, LIST_BEGIN);
	for (int i = 0; i < 10000; i++) {
		int length = snprintf(object, sizeof object,
			"%s{\"metadata\":{\"name\":\"c%d\"},\"data\":\"%0*d\"}", i ? "," : "", i,
			10000, i);
		if (!put(fd, object, (size_t)length))
			return;
	}
	say(fd, LIST_END);
}

static void deeps(int fd)
{
	begin(fd);
	say(fd, LIST_BEGIN "{\"metadata\":{\"name\":\"deep\"},\"data\":");
	repeat(fd, "[", 100000);
	repeat(fd, "]", 100000);
	say(fd, "}" LIST_END);
}

static void garbles(int fd)
{
	begin(fd);
	say(fd, LIST_BEGIN "{\"metadata\":{\"name\":\"g\xff\xc0\x80\"}}" LIST_END);
}

static void heads(int fd)
{
	say(fd, "HTTP/1.1 200 OK\r\n");
	repeat(fd, "X-Head: 0123456789\r\n", 100 * MIB);
}

static void liars(int fd)
{
	say(fd, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
		"100000\r\n\r\n" LIST_BEGIN);
}

static void pages(int fd)
{
	begin(fd);
	say(fd, "<html><body>Please sign in");
	repeat(fd, "<p>", 100 * MIB);
}

// A good list, and a watch of one line without an end.
static void lines(int fd, bool is_watch)
{
	if (!is_watch) {
		begin(fd);
		say(fd, LIST_BEGIN "{\"metadata\":{\"name\":\"line\"}}" LIST_END);
		return;
	}
	say(fd, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: "
		"chunked\r\n\r\n"
		"7fffffff\r\n{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"");
	repeat(fd, "x", 1024L * MIB);
}

// A byte now and then.
static void drips(int fd)
{
	begin(fd);
	say(fd, LIST_BEGIN);
	for (int i = 0; i < 600 && say(fd, " "); i++)
		usleep(200000);
}

static const struct {
	const char *plural;
	void (*answer)(int fd);
} resources[] = {
	{"giants", giants},
	{"crowds", crowds},
	{"deeps", deeps},
	{"garbles", garbles},
	{"heads", heads},
	{"liars", liars},
	{"pages", pages},
	{"drips", drips},
	{"lines", NULL},
};
#define RESOURCES (sizeof resources / sizeof *resources)

static void discover(int fd)
{
	char text[256];
	begin(fd);
	say(fd, "{\"kind\":\"APIResourceList\",\"groupVersion\":\"v1\",\"resources\":[");
	for (size_t i = 0; i < RESOURCES; i++) {
		snprintf(text, sizeof text,
			"%s{\"name\":\"%s\",\"singularName\":\"\",\"namespaced\":true,\"kind\":"
			"\"ConfigMap\","
			"\"verbs\":[\"list\",\"watch\"]}",
			i ? "," : "", resources[i].plural);
		say(fd, text);
	}
	say(fd, "]}");
}

static void answer(int fd, const char *path)
{
	char part[64];
	bool is_watch = strstr(path, "watch=true") != NULL;
	if (strncmp(path, "/readyz", 7) == 0) {
		say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
	} else if (strncmp(path, "/api/v1 ", 8) == 0) {
		discover(fd);
	} else if (strncmp(path, "/api/v1/namespaces/kube-system ", 31) == 0) {
		begin(fd);
		say(fd, "{\"metadata\":{\"uid\":\"hostile\"}}");
	}
	for (size_t i = 0; i < RESOURCES; i++) {
		snprintf(part, sizeof part, "/namespaces/default/%s?", resources[i].plural);
		if (!strstr(path, part))
			continue;
		if (resources[i].answer)
			resources[i].answer(fd);
		else
			lines(fd, is_watch);
	}
}

static void *serve(void *context)
{
	int fd = *(int *)context;
	char head[16384];
	free(context);
	ssize_t length = recv(fd, head, sizeof head - 1, 0); // one packet on loopback
	if (length > 4) {
		head[length] = '\0';
		answer(fd, head + 4);
	}
	shutdown(fd, SHUT_WR);
	close(fd);
	return NULL;
}

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	server_run("hostile", (unsigned short)atoi(argc > 1 ? argv[1] : "0"), serve, LIFE_S);
}
