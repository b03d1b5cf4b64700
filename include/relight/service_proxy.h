// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_SERVICE_PROXY_H
#define RELIGHT_SERVICE_PROXY_H

#include <stdbool.h>
#include <stddef.h>

#include "relight/buf.h"
#include "relight/err.h"

// A service asked through the API server (kubernetes.io: "Access Services Running on Clusters"):
// what the path is, and who it was that answered. Pure.

// Appends the path. `service` is a name, with "https:" before it where the service speaks TLS;
// `port` a number or the name of a port of the service; `path` what the service itself is asked
// for, with its query (NULL: "/"). False with `err` for what would lead elsewhere.
bool service_proxy_path(struct buf *out, const char *namespace, const char *service,
	const char *port, const char *path, struct err *err);

// The name in `service`, without the scheme before it.
const char *service_name(const char *service);

enum service_answerer {
	SERVICE_ANSWERED, // the service itself, whatever it said
	SERVICE_ABSENT, // the API server: there is no such service, or nobody made endpoints for it
	SERVICE_UNREACHABLE, // the API server: nobody answers behind the service
	SERVICE_REFUSED,     // the API server: it would not, or could not, ask
};
// Whose answer it is: the API server's own words are a Status about the service or about reaching
// it. What a service says itself may be a Status, too, where it is an API of its own. Appends why,
// in words, where it is not the service's. `body` may be anything; `service` as above.
enum service_answerer service_answerer(int http_status, const char *body, size_t length_bytes,
	const char *service, struct buf *words);

#endif
