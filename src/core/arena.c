// SPDX-License-Identifier: Apache-2.0
#include "relight/arena.h"

#include <assert.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relight/memory.h"

#define BLOCK_BYTES 16384

struct block {
	struct block *next;
	size_t used, size; // bytes of `memory`
	alignas(max_align_t) char memory[];
};

struct arena {
	struct block *newest;
};

struct arena *arena_new(void)
{
	return memory_zeroed(1, sizeof(struct arena));
}

void arena_free(struct arena *arena)
{
	if (!arena)
		return;
	for (struct block *block = arena->newest, *next; block; block = next) {
		next = block->next;
		free(block);
	}
	free(arena);
}

static struct block *block_new(size_t size_bytes)
{
	struct block *block = memory_zeroed(1, sizeof *block + size_bytes);

	block->size = size_bytes;
	return block;
}

// A large piece gets a block of its own, placed behind the newest, whose room is still used.
static void *arena_alloc_large(struct arena *arena, size_t size_bytes)
{
	struct block *block = block_new(size_bytes);

	block->used = size_bytes;
	if (arena->newest) {
		block->next = arena->newest->next;
		arena->newest->next = block;
	} else {
		arena->newest = block;
	}
	return block->memory;
}

void *arena_alloc(struct arena *arena, size_t size_bytes)
{
	const size_t align = alignof(max_align_t);

	if (size_bytes > SIZE_MAX / 2)
		memory_exhausted();
	size_bytes = (size_bytes + align - 1) / align * align;
	if (size_bytes > BLOCK_BYTES / 4)
		return arena_alloc_large(arena, size_bytes);
	if (!arena->newest || arena->newest->size - arena->newest->used < size_bytes) {
		struct block *block = block_new(BLOCK_BYTES);

		block->next = arena->newest;
		arena->newest = block;
	}

	void *memory = arena->newest->memory + arena->newest->used;

	arena->newest->used += size_bytes;
	return memory;
}

void *arena_array(struct arena *arena, size_t count, size_t size_bytes)
{
	if (size_bytes && count > SIZE_MAX / 2 / size_bytes)
		memory_exhausted();
	return arena_alloc(arena, count * size_bytes);
}

char *arena_bytes(struct arena *arena, const char *bytes, size_t length)
{
	if (!bytes)
		return NULL;

	char *copy = arena_alloc(arena, length + 1);

	memcpy(copy, bytes, length);
	return copy;
}

char *arena_text(struct arena *arena, const char *text)
{
	return text ? arena_bytes(arena, text, strlen(text)) : NULL;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list arguments, again;

	va_start(arguments, format);
	va_copy(again, arguments);

	int length = vsnprintf(NULL, 0, format, arguments);

	assert(length >= 0);
	char *text = arena_alloc(arena, (size_t)length + 1);

	vsnprintf(text, (size_t)length + 1, format, again);
	va_end(again);
	va_end(arguments);
	return text;
}
