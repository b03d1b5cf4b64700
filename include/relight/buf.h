// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_BUF_H
#define RELIGHT_BUF_H

#include <stdarg.h>
#include <stddef.h>

// Bytes that grow. A zeroed struct is an empty buffer; `data` is NULL until something was added and
// is always terminated by a NUL that `length` does not count.
struct buf {
	char *data;
	size_t length;   // bytes
	size_t capacity; // bytes, the NUL included
};

void buf_fini(struct buf *buf);  // frees the bytes; the buffer is empty again
void buf_wipe(struct buf *buf);  // the same, and overwrites them first: they may be secret
void buf_clear(struct buf *buf); // empty, keeping the memory
// Makes room for so many more bytes (and the NUL) behind `length`, whoever writes them.
void buf_reserve(struct buf *buf, size_t more_bytes);
// These append. What they are given must not be the buffer's own bytes; out of memory ends the
// process.
void buf_add(struct buf *buf, const void *bytes, size_t length);
void buf_text(struct buf *buf, const char *text);
void buf_byte(struct buf *buf, char byte);
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *buf, const char *format, va_list arguments);
// Removes the first `length` bytes.
void buf_drop(struct buf *buf, size_t length);
// The text, never NULL: "" when nothing was added. Valid until the next change.
const char *buf_str(const struct buf *buf);
// Hands the bytes to the caller, who frees them; the buffer is empty afterwards. Never NULL.
char *buf_take(struct buf *buf);

#endif
