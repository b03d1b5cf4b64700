// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_OUTLET_H
#define RELIGHT_OUTLET_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "relight/buf.h"

// Lines on their way to a descriptor whose reader may stand still: they gather in memory, and a
// thread writes them, so that whoever has the lines never waits.
struct outlet {
	int fd;
	pthread_t thread;
	bool has_thread;
	pthread_mutex_t lock; // of what follows
	pthread_cond_t changed;
	struct buf queued;
	bool is_closing;
};

// `fd` stays the caller's, and open until outlet_close().
void outlet_init(struct outlet *outlet, int fd);
// Takes the bytes; never blocks on the reader. The first ones start the thread. What the descriptor
// does not take because its reader is gone is dropped.
void outlet_add(struct outlet *outlet, const char *bytes, size_t length);
// Waits until everything is written, for as long as the reader takes.
void outlet_close(struct outlet *outlet);

#endif
