// SPDX-License-Identifier: Apache-2.0
#include "relight/url_user.h"

#include <stdlib.h>
#include <string.h>

#define SCHEME_END "://"

// The @ before the host, and where what stands before it begins. NULL: nothing does.
static const char *at_sign(const char *url, const char **user)
{
	const char *scheme = strstr(url, SCHEME_END);

	*user = scheme ? scheme + strlen(SCHEME_END) : url;
	return memrchr(*user, '@', strcspn(*user, "/?#"));
}

void url_mask_user(const char *url, struct buf *out)
{
	const char *user, *end = at_sign(url, &user);

	if (end) {
		buf_add(out, url, (size_t)(user - url));
		buf_text(out, "[masked]");
		url = end;
	}
	buf_text(out, url);
}

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char *digit = c ? strchr(digits, c) : NULL;

	return digit ? (int)(digit - digits) % 16 : -1;
}

bool url_password(const char *url, struct buf *out)
{
	const char *user, *end = at_sign(url, &user);
	const char *colon = end ? memchr(user, ':', (size_t)(end - user)) : NULL;

	if (!colon || colon + 1 == end)
		return false;
	for (const char *c = colon + 1; c < end; c++) {
		int high = *c == '%' ? hex_digit(c[1]) : -1;
		int low = high >= 0 ? hex_digit(c[2]) : -1;

		if (low >= 0 && high + low > 0) {
			buf_byte(out, (char)(high * 16 + low));
			c += 2;
		} else {
			buf_byte(out, *c);
		}
	}
	return true;
}
