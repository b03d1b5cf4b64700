// SPDX-License-Identifier: Apache-2.0
#include "resolve.h"

#include <stdlib.h>

#include "relight/memory.h"

#define STACK_BYTES (256u << 10) // the system's resolver needs about a quarter of it

struct resolve {
	uv_async_t async; // the thread's only word to the loop
	uv_thread_t thread;
	char *host, *port;
	int error; // of getaddrinfo
	struct addrinfo *addresses;
	resolve_done *done; // NULL: cancelled
	void *context;
};

static int live; // look-ups; of the loop's thread

static void run(void *context)
{
	struct resolve *resolve = context;
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	resolve->error = getaddrinfo(resolve->host, resolve->port, &hints, &resolve->addresses);
	uv_async_send(&resolve->async);
}

static void on_closed(uv_handle_t *handle)
{
	struct resolve *resolve = handle->data;
	free(resolve->host);
	free(resolve->port);
	free(resolve);
	live--;
}

static void on_finished(uv_async_t *async)
{
	struct resolve *resolve = async->data;
	uv_thread_join(&resolve->thread); // it has nothing left to do
	struct addrinfo *addresses = resolve->error == 0 ? resolve->addresses : NULL;
	if (resolve->done)
		resolve->done(resolve->context, addresses,
			addresses ? NULL : gai_strerror(resolve->error));
	else if (addresses)
		freeaddrinfo(addresses);
	uv_close((uv_handle_t *)async, on_closed);
}

struct resolve *resolve_start(
	uv_loop_t *loop, const char *host, const char *port, resolve_done *done, void *context)
{
	if (live >= RESOLVE_MAX)
		return NULL;
	struct resolve *resolve = memory_zeroed(1, sizeof *resolve);
	resolve->host = memory_copy_text(host);
	resolve->port = memory_copy_text(port);
	resolve->done = done;
	resolve->context = context;
	resolve->async.data = resolve;
	live++;
	uv_async_init(loop, &resolve->async, on_finished);
	uv_thread_options_t options = {
		.flags = UV_THREAD_HAS_STACK_SIZE, .stack_size = STACK_BYTES};
	if (uv_thread_create_ex(&resolve->thread, &options, run, resolve) == 0)
		return resolve;
	uv_close((uv_handle_t *)&resolve->async, on_closed);
	return NULL;
}

void resolve_cancel(struct resolve *resolve)
{
	resolve->done = NULL;
	uv_unref((uv_handle_t *)&resolve->async);
}
