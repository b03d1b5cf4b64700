// SPDX-License-Identifier: Apache-2.0
#include "relight/memory.h"

#include <openssl/crypto.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void (*restore_hook)(void);
static void (*say_hook)(void);

void memory_on_exhausted(void (*restore)(void), void (*say)(void))
{
	restore_hook = restore;
	say_hook = say;
}

void memory_exhausted(void)
{
	void (*restore)(void) = restore_hook;
	void (*say)(void) = say_hook;

	// A hook that runs out of memory itself comes back here, and must not be called a second
	// time.
	memory_on_exhausted(NULL, NULL);
	if (restore)
		restore();
	if (say)
		say();
	abort();
}

void *memory_alloc(size_t size_bytes)
{
	void *memory = malloc(size_bytes ? size_bytes : 1);

	if (!memory)
		memory_exhausted();
	return memory;
}

void *memory_zeroed(size_t count, size_t size_bytes)
{
	void *memory = calloc(count ? count : 1, size_bytes ? size_bytes : 1);

	if (!memory)
		memory_exhausted();
	return memory;
}

void *memory_resize(void *old, size_t count, size_t size_bytes)
{
	if (size_bytes && count > SIZE_MAX / size_bytes)
		memory_exhausted();

	size_t total = count * size_bytes;
	void *memory = realloc(old, total ? total : 1);

	if (!memory)
		memory_exhausted();
	return memory;
}

char *memory_copy_bytes(const char *bytes, size_t length)
{
	if (!bytes)
		return NULL;
	if (length == SIZE_MAX)
		memory_exhausted();

	char *copy = memory_alloc(length + 1);

	memcpy(copy, bytes, length);
	copy[length] = '\0';
	return copy;
}

char *memory_copy_text(const char *text)
{
	return text ? memory_copy_bytes(text, strlen(text)) : NULL;
}

void *memory_grow(void *array, size_t count, size_t *capacity, size_t size_bytes)
{
	if (count < *capacity)
		return array;
	if (*capacity > SIZE_MAX / 2)
		memory_exhausted();
	*capacity = *capacity ? *capacity * 2 : 8;
	return memory_resize(array, *capacity, size_bytes);
}

void memory_wipe(char *text)
{
	if (text)
		OPENSSL_cleanse(text, strlen(text));
	free(text);
}
