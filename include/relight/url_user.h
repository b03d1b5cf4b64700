// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_URL_USER_H
#define RELIGHT_URL_USER_H

#include <stdbool.h>

#include "relight/buf.h"

// The user and password that a URL may carry before its host (RFC 3986 §3.2.1). Of several @ the
// last one ends it, as people forget to encode those in a password.

// Appends the URL with all of that as "[masked]"; one that carries none as it is.
void url_mask_user(const char *url, struct buf *out);
// Appends the password, percent-encodings undone (all but %00). False: there is none.
bool url_password(const char *url, struct buf *out);

#endif
