// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_CORE_NAMES_H
#define RELIGHT_CORE_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "relight/arena.h"

// Which number a name stands for: an open-addressing hash table in an arena, so that looking an id
// up takes the same time in a runbook of ten steps and of ten thousand. Names are borrowed and must
// live as long as the table.

struct name_slot {
	const char *name; // NULL: free
	uint32_t hash;
	int value;
};

struct names {
	struct arena *arena;
	struct name_slot *slots;
	size_t count;
	size_t capacity; // a power of two, or 0; at most three quarters of it are used
};

// Zeroed but for the arena is empty.
void names_init(struct names *names, struct arena *arena);
// The value of a name, or -1; `name` may be NULL.
int names_find(const struct names *names, const char *name);
// Adds a name, or gives one that is there a new value. Returns its value before, or -1 where it is
// new.
int names_set(struct names *names, const char *name, int value);

#endif
