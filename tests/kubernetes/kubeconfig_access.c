// SPDX-License-Identifier: Apache-2.0
// usage: kubeconfig_access [CONTEXT]
//
// Prints as JSON what relight makes of the kubeconfigs that $KUBECONFIG lists, in the words of a
// kubeconfig, to be compared with what kubectl makes of them; or why nothing, and then exits 1.
#include <cjson/cJSON.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relight/json.h"
#include "relight/kubeconfig_files.h"
#include "relight/memory.h"

static void add_source(cJSON *out, const char *key, const struct kubeconfig_source *source)
{
	char name[64];

	json_add_text(out, key, source->path);
	if (!source->inline_text)
		return;
	size_t length = strlen(source->inline_text);
	unsigned char *text = memory_alloc(length * 4 / 3 + 8);
	EVP_EncodeBlock(text, (const unsigned char *)source->inline_text, (int)length);
	snprintf(name, sizeof name, "%s-data", key);
	json_add_text(out, name, (const char *)text);
	free(text);
}

static void add_exec(cJSON *out, const struct kubeconfig_exec *exec)
{
	cJSON *env;

	if (!exec)
		return;
	json_add_text(out, "command", exec->command);
	json_add(out, "args", json_texts(exec->args));
	env = cJSON_AddArrayToObject(out, "env");
	for (size_t i = 0; i < exec->env_count; i++) {
		cJSON *pair = json_object();
		json_add_text(pair, "name", exec->env[i].name);
		json_add_text(pair, "value", exec->env[i].value);
		cJSON_AddItemToArray(env, pair);
	}
}

int main(int argc, char **argv)
{
	struct kubeconfig *kubeconfig = kubeconfig_new();
	struct kubeconfig_access access;
	struct buf paths = {0}, text = {0};
	struct err err = {0};
	cJSON *out = json_object();

	if (!kubeconfig_paths(NULL, &paths, &err) ||
		kubeconfig_read(kubeconfig, buf_str(&paths), &err) != STATUS_HEALTHY ||
		kubeconfig_look_up(kubeconfig, argc > 1 ? argv[1] : NULL, &access, &err) !=
			KUBECONFIG_FOUND) {
		printf("%s\n", err.message);
		return 1;
	}
	json_add_text(out, "context", access.context);
	json_add_text(out, "namespace", access.namespace);
	json_add_text(out, "server", access.server);
	json_add_text(out, "tls-server-name", access.tls_server_name);
	json_add_text(out, "proxy-url", access.proxy);
	if (access.is_insecure && strncmp(access.server, "https:", 6) == 0)
		json_add_bool(out, "insecure-skip-tls-verify", true);
	add_source(out, "certificate-authority", &access.ca);
	add_source(out, "client-certificate", &access.cert);
	add_source(out, "client-key", &access.key);
	json_add_text(out, "token", access.token);
	json_add_text(out, "tokenFile", access.token_file);
	json_add_text(out, "username", access.user);
	json_add_text(out, "password", access.password);
	for (size_t i = 0; i < access.as_count; i++)
		if (strcmp(access.as[i].name, "User") == 0)
			json_add_text(out, "as", access.as[i].value);
	add_exec(out, access.exec);
	json_write(&text, out);
	puts(buf_str(&text));
	cJSON_Delete(out);
	buf_fini(&text);
	buf_fini(&paths);
	kubeconfig_free(kubeconfig);
	return 0;
}
