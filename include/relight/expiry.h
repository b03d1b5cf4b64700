// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_EXPIRY_H
#define RELIGHT_EXPIRY_H

#include "relight/moment.h"

// Until when a credential is good, as it says itself. Nothing is verified: whether it is accepted
// is for the server to say. WALL_NONE: it does not say.

// A bearer token that is a JSON Web Token (RFC 7519): its `exp`. NULL has none.
struct wall expiry_of_token(const char *token);
// The first certificate of a PEM text: its notAfter. NULL has none.
struct wall expiry_of_certificate(const char *pem);

#endif
