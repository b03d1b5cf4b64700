// SPDX-License-Identifier: Apache-2.0
#include "names.h"

#include <string.h>

#define FIRST_CAPACITY 16

// FNV-1a (Fowler, Noll, Vo): short names spread well, and nothing here must resist more than the
// 10,000 names that a document may have.
static uint32_t hash_of(const char *name)
{
	uint32_t hash = 2166136261u;

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 16777619u;
	return hash;
}

// The slot that holds `name`, or the free one where it would go. The table is never full.
static struct name_slot *slot_of(
	struct name_slot *slots, size_t capacity, const char *name, uint32_t hash)
{
	size_t i = hash & (capacity - 1);

	while (slots[i].name && (slots[i].hash != hash || strcmp(slots[i].name, name) != 0))
		i = (i + 1) & (capacity - 1);
	return &slots[i];
}

static void grow(struct names *names)
{
	size_t capacity = names->capacity ? names->capacity * 2 : FIRST_CAPACITY;
	struct name_slot *slots = arena_array(names->arena, capacity, sizeof *slots);

	for (size_t i = 0; i < names->capacity; i++) {
		const struct name_slot *old = &names->slots[i];
		if (old->name)
			*slot_of(slots, capacity, old->name, old->hash) = *old;
	}
	names->slots = slots;
	names->capacity = capacity;
}

void names_init(struct names *names, struct arena *arena)
{
	*names = (struct names){.arena = arena};
}

int names_find(const struct names *names, const char *name)
{
	if (!name || !names->count)
		return -1;
	const struct name_slot *slot = slot_of(names->slots, names->capacity, name, hash_of(name));
	return slot->name ? slot->value : -1;
}

int names_set(struct names *names, const char *name, int value)
{
	if (names->count * 4 >= names->capacity * 3)
		grow(names);
	uint32_t hash = hash_of(name);
	struct name_slot *slot = slot_of(names->slots, names->capacity, name, hash);
	int before = slot->name ? slot->value : -1;

	if (!slot->name)
		names->count++;
	*slot = (struct name_slot){name, hash, value};
	return before;
}
