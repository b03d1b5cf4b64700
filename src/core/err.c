// SPDX-License-Identifier: Apache-2.0
#include "relight/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void err_format(struct err *err, const char *format, va_list arguments)
{
	vsnprintf(err->message, sizeof err->message, format, arguments);
	err->place[0] = '\0';
}

bool err_set(struct err *err, const char *format, ...)
{
	va_list arguments;

	if (!err)
		return false;
	va_start(arguments, format);
	err_format(err, format, arguments);
	va_end(arguments);
	return false;
}

bool err_errno(struct err *err, int errnum, const char *format, ...)
{
	va_list arguments;

	if (!err)
		return false;
	va_start(arguments, format);
	err_format(err, format, arguments);
	va_end(arguments);

	size_t used = strlen(err->message);

	snprintf(err->message + used, sizeof err->message - used, ": %s", strerror(errnum));
	return false;
}

bool err_prefix(struct err *err, const char *format, ...)
{
	char rest[sizeof err->message];
	va_list arguments;

	if (!err)
		return false;
	memcpy(rest, err->message, sizeof rest);
	va_start(arguments, format);
	vsnprintf(err->message, sizeof err->message, format, arguments);
	va_end(arguments);

	// What does not fit is cut from the message, not from the prefix, which says what was being
	// done.
	size_t used = strlen(err->message);

	for (const char *from = ": "; *from && used < sizeof err->message - 1; from++)
		err->message[used++] = *from;
	for (const char *from = rest; *from && used < sizeof err->message - 1; from++)
		err->message[used++] = *from;
	err->message[used] = '\0';
	return false;
}

void err_place(struct err *err, const char *file, int line, int column)
{
	if (err)
		snprintf(err->place, sizeof err->place, "%s:%d:%d", file, line, column);
}
