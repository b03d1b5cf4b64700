// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_ARENA_H
#define RELIGHT_ARENA_H

#include <stddef.h>

// Memory that is freed all at once: a runbook lives in one and is immutable after loading.
struct arena;

// Empty; never NULL. The caller frees, and with it all that was allocated in it.
struct arena *arena_new(void);
void arena_free(struct arena *arena); // NULL is safe
// Zeroed, aligned for any object, never NULL, owned by the arena.
void *arena_alloc(struct arena *arena, size_t size_bytes);
// The same for so many objects of a size.
void *arena_array(struct arena *arena, size_t count, size_t size_bytes);
char *arena_text(struct arena *arena, const char *text); // NULL gives NULL
char *arena_bytes(struct arena *arena, const char *bytes, size_t length);
char *arena_printf(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
