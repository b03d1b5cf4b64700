// SPDX-License-Identifier: Apache-2.0
#include "outlet.h"

#include <signal.h>

#include "relight/file.h"

static void *write_all(void *argument)
{
	struct outlet *outlet = argument;
	struct buf lines = {0};
	pthread_mutex_lock(&outlet->lock);
	for (;;) {
		while (!outlet->queued.length && !outlet->is_closing)
			pthread_cond_wait(&outlet->changed, &outlet->lock);
		if (!outlet->queued.length)
			break;
		struct buf empty = lines;
		lines = outlet->queued;
		outlet->queued = empty;
		pthread_mutex_unlock(&outlet->lock);
		file_write(outlet->fd, lines.data, lines.length, NULL);
		buf_clear(&lines);
		pthread_mutex_lock(&outlet->lock);
	}
	pthread_mutex_unlock(&outlet->lock);
	buf_fini(&lines);
	return NULL;
}

void outlet_init(struct outlet *outlet, int fd)
{
	*outlet = (struct outlet){.fd = fd};
	pthread_mutex_init(&outlet->lock, NULL);
	pthread_cond_init(&outlet->changed, NULL);
}

// Signals are for the thread that has the loop.
static bool start(struct outlet *outlet)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	outlet->has_thread = pthread_create(&outlet->thread, NULL, write_all, outlet) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return outlet->has_thread;
}

void outlet_add(struct outlet *outlet, const char *bytes, size_t length)
{
	pthread_mutex_lock(&outlet->lock);
	buf_add(&outlet->queued, bytes, length);
	if (outlet->has_thread || start(outlet))
		pthread_cond_signal(&outlet->changed);
	pthread_mutex_unlock(&outlet->lock);
}

void outlet_close(struct outlet *outlet)
{
	pthread_mutex_lock(&outlet->lock);
	outlet->is_closing = true;
	pthread_cond_signal(&outlet->changed);
	pthread_mutex_unlock(&outlet->lock);
	if (outlet->has_thread)
		pthread_join(outlet->thread, NULL);
	else // none could be started
		write_all(outlet);
	pthread_cond_destroy(&outlet->changed);
	pthread_mutex_destroy(&outlet->lock);
	buf_fini(&outlet->queued);
}
