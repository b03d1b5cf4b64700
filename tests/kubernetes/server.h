// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_TESTS_KUBERNETES_SERVER_H
#define RELIGHT_TESTS_KUBERNETES_SERVER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

// What the programs here that are servers have in common: a port on loopback, and a thread for each
// connection. Whatever goes wrong ends the program.

static inline _Noreturn void server_fail(const char *program, const char *what)
{
	fprintf(stderr, "relight: %s: %s\n", program, what);
	exit(2);
}

// A connection to that port; below 0: there is none.
static inline int server_connect(unsigned short port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

// Gives each connection to `serve`, in a thread of its own, as a pointer to its descriptor on the
// heap, which it frees; its answer is ignored. Ends by a signal, or after so many seconds.
static inline _Noreturn void server_run(
	const char *program, unsigned short port, void *(*serve)(void *context), unsigned life_s)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
		listen(fd, 64) != 0)
		server_fail(program, "it cannot listen");
	alarm(life_s);
	for (;;) {
		pthread_t thread;
		int *client = malloc(sizeof *client);
		if (!client)
			server_fail(program, "out of memory");
		*client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
		if (*client < 0) {
			free(client);
		} else if (pthread_create(&thread, NULL, serve, client) != 0) {
			close(*client);
			free(client);
		} else {
			pthread_detach(thread);
		}
	}
}

// --- what only looks like an API server, and takes one request a connection ---

// False: the client has gone.
static inline bool server_put(int fd, const char *bytes, size_t length)
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

static inline bool server_say(int fd, const char *text)
{
	return server_put(fd, text, strlen(text));
}

// The head of an answer whose body goes on until the connection closes.
static inline void server_begin(int fd)
{
	server_say(fd, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
		       "Connection: close\r\n\r\n");
}

// The name of the resource of that number, NULL behind the last one.
typedef const char *server_plural(size_t number);

static inline void server_discover(int fd, server_plural *plural)
{
	char text[256];
	server_begin(fd);
	server_say(fd, "{\"kind\":\"APIResourceList\",\"groupVersion\":\"v1\",\"resources\":[");
	for (size_t i = 0; plural(i); i++) {
		snprintf(text, sizeof text,
			"%s{\"name\":\"%s\",\"singularName\":\"\",\"namespaced\":true,\"kind\":"
			"\"ConfigMap\",\"verbs\":[\"list\",\"watch\"]}",
			i ? "," : "", plural(i));
		server_say(fd, text);
	}
	server_say(fd, "]}");
}

// Says, where it is asked that, that it is ready, which cluster it is (`uid`, a word) and which
// resources it has.
static inline void server_introduce(
	int fd, const char *path, const char *uid, server_plural *plural)
{
	char text[256];
	if (strncmp(path, "/readyz", 7) == 0) {
		server_say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
			       "Connection: close\r\n\r\nok");
	} else if (strncmp(path, "/api/v1 ", 8) == 0) {
		server_discover(fd, plural);
	} else if (strncmp(path, "/api/v1/namespaces/kube-system ", 31) == 0) {
		server_begin(fd);
		snprintf(text, sizeof text, "{\"metadata\":{\"uid\":\"%s\"}}", uid);
		server_say(fd, text);
	}
}

// The number of the resource whose list or watch in the namespace "default" is asked for, -1: none.
static inline int server_resource(const char *path, server_plural *plural)
{
	char part[64];
	for (size_t i = 0; plural(i); i++) {
		snprintf(part, sizeof part, "/namespaces/default/%s?", plural(i));
		if (strstr(path, part))
			return (int)i;
	}
	return -1;
}

// For a `serve` of server_run: hands the path of the request, and what follows it, to `answer`, and
// ends the connection.
static inline void server_take(int *client, void (*answer)(int fd, const char *path))
{
	int fd = *client;
	char head[16384];
	free(client);
	ssize_t length = recv(fd, head, sizeof head - 1, 0); // one packet on loopback
	if (length > 4) {
		head[length] = '\0';
		answer(fd, head + 4);
	}
	shutdown(fd, SHUT_WR);
	close(fd);
}

#endif
