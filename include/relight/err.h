// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_ERR_H
#define RELIGHT_ERR_H

#include <stdbool.h>

// Why something failed, for a person: "what: which: why; what next", without a trailing full stop
// or line feed.
struct err {
	char message[768];
	char place[256]; // "file:line:column" where there is one, else empty
};

// Sets the message (and clears the place). `err` may be NULL. Always returns false, so that a
// function can `return err_set(err, …)`. What does not fit is cut at the end.
bool err_set(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
// The same, ending in ": " and the words of strerror(errnum).
bool err_errno(struct err *err, int errnum, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
// Puts "prefix: " before a message that is already there.
bool err_prefix(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
// Names the place of an error that is already set.
void err_place(struct err *err, const char *file, int line, int column);

#endif
