// SPDX-License-Identifier: Apache-2.0
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "relight/kubeconfig.h"

// Any bytes are a kubeconfig or are refused in words, beside another one or alone; what is found in
// it can be used as it is.

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static const char beside[] =
	"contexts: [{name: a, context: {cluster: c, user: u}}, {name: b, context: {cluster: d}}]\n"
	"clusters: [{name: c, cluster: {server: 'https://c'}}]\n";

static void check_source(const struct kubeconfig_source *source)
{
	if (source->path && source->inline_text)
		abort();
	if ((source->path && !*source->path) || (source->inline_text && !*source->inline_text))
		abort();
}

static void look_up(const struct kubeconfig *kubeconfig, const char *context)
{
	struct kubeconfig_access access;
	struct err err = {0};

	if (kubeconfig_look_up(kubeconfig, context, &access, &err) != KUBECONFIG_FOUND) {
		if (!err.message[0])
			abort();
		return;
	}
	bool is_tls = strncasecmp(access.server, "https://", 8) == 0;
	if ((!is_tls && (strncasecmp(access.server, "http://", 7) != 0 || !access.is_insecure)) ||
		!access.context || (access.exec && (!access.exec->command || access.token)) ||
		(context && strcmp(access.context, context) != 0))
		abort();
	check_source(&access.ca);
	check_source(&access.cert);
	check_source(&access.key);
	if (access.token_file && access.token_file[0] != '/')
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	for (int rounds = 0; rounds < 2; rounds++) {
		struct kubeconfig *kubeconfig = kubeconfig_new();
		struct err err = {0};

		if (rounds > 0 && !kubeconfig_add(kubeconfig, beside, sizeof beside - 1, "beside",
					  "/b", &err))
			abort();
		if (!kubeconfig_add(
			    kubeconfig, (const char *)bytes, length, "fuzz", "/folder", &err) &&
			!err.message[0])
			abort();
		look_up(kubeconfig, NULL);
		look_up(kubeconfig, "a");
		look_up(kubeconfig, "b");
		kubeconfig_free(kubeconfig);
	}
	return 0;
}
