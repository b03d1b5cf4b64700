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

static void repeat(int fd, const char *text, long bytes)
{
	char block[65536];
	size_t length = strlen(text), whole = sizeof block / length * length;
	for (size_t at = 0; at < whole; at++)
		block[at] = text[at % length];
	while (bytes > 0 && server_put(fd, block, whole))
		bytes -= (long)whole;
}

// --- the answers ---

// 100 MB in one object.
static void giants(int fd)
{
	server_begin(fd);
	server_say(fd, LIST_BEGIN "{\"metadata\":{\"name\":\"giant\"},\"data\":\"");
	repeat(fd, "x", 100 * MIB);
	server_say(fd, "\"}" LIST_END);
}

// 100 MB of good objects, of which no page was asked for.
static void crowds(int fd)
{
	char object[11000];
	server_begin(fd);
	server_say(fd, LIST_BEGIN);
	for (int i = 0; i < 10000; i++) {
		int length = snprintf(object, sizeof object,
			"%s{\"metadata\":{\"name\":\"c%d\"},\"data\":\"%0*d\"}", i ? "," : "", i,
			10000, i);
		if (!server_put(fd, object, (size_t)length))
			return;
	}
	server_say(fd, LIST_END);
}

static void deeps(int fd)
{
	server_begin(fd);
	server_say(fd, LIST_BEGIN "{\"metadata\":{\"name\":\"deep\"},\"data\":");
	repeat(fd, "[", 100000);
	repeat(fd, "]", 100000);
	server_say(fd, "}" LIST_END);
}

static void garbles(int fd)
{
	server_begin(fd);
	server_say(fd, LIST_BEGIN "{\"metadata\":{\"name\":\"g\xff\xc0\x80\"}}" LIST_END);
}

static void heads(int fd)
{
	server_say(fd, "HTTP/1.1 200 OK\r\n");
	repeat(fd, "X-Head: 0123456789\r\n", 100 * MIB);
}

static void liars(int fd)
{
	server_say(fd, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
		       "100000\r\n\r\n" LIST_BEGIN);
}

static void pages(int fd)
{
	server_begin(fd);
	server_say(fd, "<html><body>Please sign in");
	repeat(fd, "<p>", 100 * MIB);
}

// A good list, and a watch of one line without an end.
static void lines(int fd, bool is_watch)
{
	if (!is_watch) {
		server_begin(fd);
		server_say(fd, LIST_BEGIN "{\"metadata\":{\"name\":\"line\"}}" LIST_END);
		return;
	}
	server_say(fd, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: "
		       "chunked\r\n\r\n"
		       "7fffffff\r\n{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"");
	repeat(fd, "x", 1024L * MIB);
}

// A byte now and then.
static void drips(int fd)
{
	server_begin(fd);
	server_say(fd, LIST_BEGIN);
	for (int i = 0; i < 600 && server_say(fd, " "); i++)
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

static const char *plural(size_t number)
{
	return number < sizeof resources / sizeof *resources ? resources[number].plural : NULL;
}

static void answer(int fd, const char *path)
{
	int resource = server_resource(path, plural);
	server_introduce(fd, path, "hostile", plural);
	if (resource < 0)
		return;
	if (resources[resource].answer)
		resources[resource].answer(fd);
	else
		lines(fd, strstr(path, "watch=true") != NULL);
}

static void *serve(void *context)
{
	server_take(context, answer);
	return NULL;
}

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	server_run("hostile", (unsigned short)atoi(argc > 1 ? argv[1] : "0"), serve, LIFE_S);
}
