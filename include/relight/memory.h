// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_MEMORY_H
#define RELIGHT_MEMORY_H

#include <stddef.h>

// Allocation that cannot fail. Running out of memory ends the process through memory_exhausted();
// that is safe at any moment, because what was acknowledged is on disk already (DESIGN.md, "Nothing
// acknowledged is ever lost").

// Uninitialised, `count * size` bytes, zeroed, or resized; never NULL. The caller frees with
// free().
void *memory_alloc(size_t size_bytes);
void *memory_zeroed(size_t count, size_t size_bytes);
void *memory_resize(void *old, size_t count, size_t size_bytes);
// A copy on the heap of `text`, or of its first `length` bytes, always terminated. NULL gives NULL.
char *memory_copy_text(const char *text);
char *memory_copy_bytes(const char *bytes, size_t length);
// Overwrites a text that may be secret, and frees it. NULL is safe.
void memory_wipe(char *text);

// Makes room for one more element: returns the (possibly moved) array, doubling *capacity when
// `count` has reached it.
void *memory_grow(void *array, size_t count, size_t *capacity, size_t size_bytes);

// What runs before the process ends for want of memory: first `restore` (the terminal), then `say`
// (one line to stderr, without allocating). Each may be NULL; replaces what was set before.
// memory_exhausted() then aborts.
void memory_on_exhausted(void (*restore)(void), void (*say)(void));
_Noreturn void memory_exhausted(void);

#endif
