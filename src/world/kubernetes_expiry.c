// SPDX-License-Identifier: Apache-2.0
#include "kubernetes_client.h"

#include <string.h>

#include "relight/expiry.h"

// A token file is written anew by whoever rotates it before the token in it ends.
struct wall kubernetes_expiry(const struct kubernetes *kubernetes, bool *renews)
{
	const struct credentials *credentials =
		kubernetes->plugin ? credential_plugin_current(kubernetes->plugin) : NULL;
	struct buf text = {0};

	// A plugin is run again before they end; where that has given what is over already, it
	// helps no more.
	if (credentials && wall_known(credentials->expires)) {
		*renews = !credentials->came_expired;
		return credentials->expires;
	}
	const char *token = kubernetes_token(kubernetes, &text);
	struct wall of_token = expiry_of_token(token);
	struct wall of_certificate = expiry_of_certificate(
		kubernetes->cert.length > 0 ? buf_str(&kubernetes->cert) : NULL);
	bool is_token = wall_known(of_token) &&
			(!wall_known(of_certificate) || of_token.us < of_certificate.us);

	*renews = is_token && token == text.data;
	if (text.data)
		explicit_bzero(text.data, text.capacity);
	buf_fini(&text);
	return is_token ? of_token : of_certificate;
}
