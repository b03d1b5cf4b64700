// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_TESTS_KUBERNETES_SERVER_H
#define RELIGHT_TESTS_KUBERNETES_SERVER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
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

#endif
