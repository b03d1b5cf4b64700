// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

/* LD_PRELOAD: the $NOMEMORY_AT-th allocation of the first process finds no memory; those after it
 * do. With $NOMEMORY_COUNT set to a file, how many there were is written to it at the end. */

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);

static atomic_long calls;
static long at = -1;
static pid_t first;

static void learn(void)
{
	const char *text = getenv("NOMEMORY_AT");

	at = text ? atol(text) : 0;
	first = getpid();
	unsetenv("NOMEMORY_AT"); /* what it starts has memory */
	unsetenv("LD_PRELOAD");
}

static int fails(void)
{
	if (at < 0) {
		at = 0;
		learn();
	}
	if (getpid() != first || atomic_fetch_add(&calls, 1) + 1 != at)
		return 0;
	errno = ENOMEM;
	return 1;
}

void *malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
	return fails() ? NULL : __libc_realloc(old, size);
}

static void __attribute__((destructor)) tell(void)
{
	const char *path = getenv("NOMEMORY_COUNT");
	char text[32];
	long count = calls;
	size_t at_text = sizeof text;

	if (!path || getpid() != first)
		return;
	text[--at_text] = '\n';
	do
		text[--at_text] = (char)('0' + count % 10);
	while (count /= 10);

	int fd = creat(path, 0600);

	if (fd >= 0 && write(fd, text + at_text, sizeof text - at_text) > 0)
		close(fd);
}
