// SPDX-License-Identifier: Apache-2.0
#include "relight/buf.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relight/memory.h"

void buf_fini(struct buf *buf)
{
	free(buf->data);
	*buf = (struct buf){0};
}

void buf_wipe(struct buf *buf)
{
	if (buf->data)
		OPENSSL_cleanse(buf->data, buf->capacity);
	buf_fini(buf);
}

void buf_clear(struct buf *buf)
{
	buf->length = 0;
	if (buf->data)
		buf->data[0] = '\0';
}

void buf_reserve(struct buf *buf, size_t more_bytes)
{
	if (more_bytes > SIZE_MAX / 4 || buf->length > SIZE_MAX / 4)
		memory_exhausted();

	size_t needed = buf->length + more_bytes + 1;

	if (needed <= buf->capacity)
		return;

	size_t capacity = buf->capacity ? buf->capacity : 64;

	while (capacity < needed)
		capacity *= 2;
	buf->data = memory_resize(buf->data, capacity, 1);
	buf->data[buf->length] = '\0';
	buf->capacity = capacity;
}

void buf_add(struct buf *buf, const void *bytes, size_t length)
{
	buf_reserve(buf, length);
	if (length)
		memcpy(buf->data + buf->length, bytes, length);
	buf->length += length;
	buf->data[buf->length] = '\0';
}

void buf_text(struct buf *buf, const char *text)
{
	buf_add(buf, text, strlen(text));
}

void buf_byte(struct buf *buf, char byte)
{
	buf_add(buf, &byte, 1);
}

void buf_vprintf(struct buf *buf, const char *format, va_list arguments)
{
	va_list again;

	va_copy(again, arguments);

	int length = vsnprintf(NULL, 0, format, arguments);

	assert(length >= 0);
	buf_reserve(buf, (size_t)length);
	vsnprintf(buf->data + buf->length, (size_t)length + 1, format, again);
	va_end(again);
	buf->length += (size_t)length;
}

void buf_printf(struct buf *buf, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	buf_vprintf(buf, format, arguments);
	va_end(arguments);
}

void buf_drop(struct buf *buf, size_t length)
{
	assert(length <= buf->length);
	if (!length)
		return;
	buf->length -= length;
	memmove(buf->data, buf->data + length, buf->length + 1);
}

const char *buf_str(const struct buf *buf)
{
	return buf->data ? buf->data : "";
}

char *buf_take(struct buf *buf)
{
	char *data = buf->data ? buf->data : memory_copy_text("");

	*buf = (struct buf){0};
	return data;
}
