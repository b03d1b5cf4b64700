// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_NO_PROXY_H
#define RELIGHT_NO_PROXY_H

#include <stdbool.h>

// Which servers are asked without the proxy that the environment names, as the clients of
// Kubernetes understand it (golang.org/x/net/http/httpproxy, "Config.NoProxy"): that is not how
// curl does.

// Whether the server of `url` is asked directly: one of this machine (localhost, 127.0.0.0/8, ::1)
// always is, and one that an entry of `list` names. Entries are set apart by commas: "*"; an
// address or a network ("10.0.0.0/8"); a domain, with all below it ("example.com") or only what is
// below it
// (".example.com", "*.example.com"); each but a network may end in ":PORT". NULL is an empty list.
// Of a URL without a host it is true.
bool no_proxy_covers(const char *list, const char *url);

#endif
