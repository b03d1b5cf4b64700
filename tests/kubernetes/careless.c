// SPDX-License-Identifier: Apache-2.0
// usage: careless PORT LOG [UID]
//
// Something on loopback that looks like a Kubernetes API server without TLS, whose resources are
// each served with another carelessness that servers have been seen with: they select nothing, or
// break off what they should keep up. LOG gets a line for each request, MILLISECONDS PATH. With UID
// it is another one, which has nothing of all that, and takes its time to say who it is. Ends by
// SIGTERM, or ten minutes after its start.
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "server.h"

#define LIFE_S 600
#define LIST(ITEM)                                                                                 \
	"{\"kind\":\"List\",\"apiVersion\":\"v1\",\"metadata\":{\"resourceVersion\":\"7\"},"       \
	"\"items\":[" ITEM "]}"
#define THE_ONE "{\"metadata\":{\"name\":\"one\",\"namespace\":\"default\",\"uid\":\"u\"}}"

// What a resource's list is (NULL: said to be elsewhere), and its watch (NULL: refused): each a
// text that is sent, and then the connection closed; a watch may be kept open in silence for so
// long before that.
static const struct resource {
	const char *plural, *list, *watch;
	int silence_s;
} resources[] = {
	{"goods", LIST(THE_ONE), "", 4}, // not careless
	{"strays", LIST("{\"metadata\":{\"name\":\"other\",\"namespace\":\"default\"}}"),
		"{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"another\",\"namespace\":"
		"\"default\"}}}",
		3},
	{"movers", LIST("{\"metadata\":{\"name\":\"one\",\"namespace\":\"elsewhere\"}}"), "", 3},
	{"mixtures", LIST("{\"kind\":\"Secret\",\"metadata\":{\"name\":\"one\"}}"), "", 3},
	{"errors", LIST(THE_ONE),
		"{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":500,\"message\":"
		"\"etcd is away\"}}",
		0},
	{"oldies", LIST(THE_ONE),
		"{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":410,\"message\":"
		"\"too old\"}}",
		0},
	{"sprints", LIST(THE_ONE), "", 0},
	{"refusals", LIST(THE_ONE), NULL, 0},
	{"sleepers", LIST(THE_ONE), "", 60},
	{"portals", NULL, NULL, 0},
	{"circles",
		"{\"metadata\":{\"resourceVersion\":\"7\",\"continue\":\"again\"},\"items\":"
		"[" THE_ONE "]}",
		"", 0},
};

#define IDENTITY_US 3000000 // that another one takes to say who it is

static FILE *record;
static const char *other; // its UID; NULL: it is the usual one

static void note(const char *path)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	fprintf(record, "%lld %.*s\n", (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000,
		(int)strcspn(path, " "), path);
	fflush(record);
}

// Until so many seconds have passed, or the client has gone.
static void keep_silent(int fd, int seconds)
{
	char byte;
	struct timeval patience = {.tv_sec = seconds};
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	if (seconds > 0)
		(void)!recv(fd, &byte, 1, 0);
}

static void serve_resource(int fd, const struct resource *resource, bool is_watch)
{
	if (!resource->list) {
		server_say(fd, "HTTP/1.1 302 Found\r\nLocation: "
			       "https://ana:hush-hush@elsewhere.example/"
			       "login?token=hush\r\nContent-Length: "
			       "0\r\nConnection: close\r\n\r\n");
		return;
	}
	if (is_watch && !resource->watch) {
		server_say(fd, "HTTP/1.1 500 Internal Server Error\r\nContent-Length: "
			       "2\r\nConnection: close\r\n\r\n{}");
		return;
	}
	server_begin(fd);
	if (other) {
		if (is_watch)
			keep_silent(fd, LIFE_S);
		else
			server_say(fd, LIST(""));
		return;
	}
	server_say(fd, is_watch ? resource->watch : resource->list);
	if (is_watch)
		keep_silent(fd, resource->silence_s);
}

static const char *plural(size_t number)
{
	return number < sizeof resources / sizeof *resources ? resources[number].plural : NULL;
}

// Who asks may do what is asked about on another one, and not here.
static void review(int fd)
{
	server_begin(fd);
	server_say(
		fd, other ? "{\"status\":{\"allowed\":true}}" : "{\"status\":{\"allowed\":false}}");
}

static void answer(int fd, const char *path)
{
	int resource = server_resource(path, plural);
	note(path);
	if (other && strncmp(path, "/api/v1/namespaces/kube-system ", 31) == 0)
		usleep(IDENTITY_US);
	server_introduce(fd, path, other ? other : "careless", plural);
	if (strstr(path, "/selfsubjectaccessreviews "))
		review(fd);
	if (resource >= 0)
		serve_resource(fd, &resources[resource], strstr(path, "watch=true") != NULL);
}

static void *serve(void *context)
{
	server_take(context, answer);
	return NULL;
}

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	record = argc > 2 ? fopen(argv[2], "we") : NULL;
	if (!record)
		server_fail("careless", "it needs a port and a file for its log");
	other = argv[3];
	server_run("careless", (unsigned short)atoi(argv[1]), serve, LIFE_S);
}
